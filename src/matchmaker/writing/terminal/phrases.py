"""The words of the terminal in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from matchmaker.domain import Language
from matchmaker.writing import WORDS

PHRASES: Final[Mapping[str, tuple[str, str]]] = {
    **WORDS,
    "leads": ("以下机构仅是线索，问清后再看：", "These are leads only; match again with the answers:"),
    "near_misses": ("以下最接近，但不建议据此联系：", "The nearest, none of them worth a call on this alone:"),
    "list_all": ("加 --all 列出", "--all lists them"),
    "not_shown": ("另有 {n:,} 条", "{n:,} more"),
    "record": ("{name}：{figure}（{reported} 年报道的 {period} 年情况{so_far}）",
               "{name}: {figure} (as reported in {reported} for {period}{so_far})"),
    "so_far": ("，原文为“目前”", ", “so far”"),
    "more_than": ("超过 {amount}", "more than {amount}"),
    "figure": ("数据", "Figure"),
    "value": ("数值", "Value"),
    "year": ("年份", "Year"),
    "source": ("来源", "Source"),
    "n_institutes": ("共 {n:,} 家机构", "{n:,} institute|{n:,} institutes"),
    "id": ("编号", "Id"),
    "name": ("名称", "Name"),
    "role": ("类型", "Role"),
    "own": ("自身能力", "Own"),
    "n_via_parent": ("经上级单位", "Via parent"),
    "verified": ("核实日期", "Verified"),
    "unverified": ("未核实", "not verified"),
    "aliases": ("别名", "Also called"),
    "parent": ("上级单位", "Parent body"),
    "place": ("地点", "Place"),
    "website": ("网址", "Website"),
    "sources": ("来源", "Sources"),
    "n_capabilities": ("{n:,} 项能力", "{n:,} capability|{n:,} capabilities"),
    "keywords": ("关键词", "Keywords"),
    "keywords_inferred": ("关键词（推断）", "Keywords (inferred)"),
    "industries": ("行业", "Industries"),
    "industries_inferred": ("行业（推断）", "Industries (inferred)"),
    "n_read": ("读取 {n:,} 行", "{n:,} row read|{n:,} rows read"),
    "n_matched": ("{n:,} 个已匹配", "{n:,} matched"),
    "n_unclear": ("{n:,} 个说得太少、要先问", "{n:,} too vague, to be asked back"),
    "n_none": ("{n:,} 个没有合适的机构", "{n:,} without a fitting institute"),
    "n_rejected": ("{n:,} 行被拒收", "{n:,} rejected"),
    "seconds": ("用时 {seconds:.1f} 秒", "{seconds:.1f} s"),
    "load": ("首选次数", "First places"),
    "ranking": ("适合{name}的需求：{n:,} 个", "{n:,} problem for {name}|{n:,} problems for {name}"),
    "title": ("题目", "Title"),
    "enterprise": ("企业", "Enterprise"),
    "description": ("描述", "Description"),
    "other_fields": ("其他", "Other fields"),
    "industry": ("行业", "Industry"),
    "region": ("地区", "Region"),
    "tried": ("已尝试", "Tried"),
    "targets": ("指标", "Targets"),
    "conditions": ("条件", "Conditions"),
    "cooperation": ("合作方式", "Cooperation"),
    "exclude": ("排除", "Exclude"),
    "budget_cny": ("预算（元）", "Budget (yuan)"),
    "deadline": ("截止日期", "Deadline"),
    "require": ("硬性要求", "Required"),
    "rejected_row": ("被拒收", "rejected"),
    "rows_read": ("共 {n:,} 行：{good:,} 个需求，{rejected:,} 行被拒收；以上为前 {shown:,} 行，未做匹配",
                  "{n:,} row: {good:,} problems, {rejected:,} rejected; above the first {shown:,}, nothing matched|"
                  "{n:,} rows: {good:,} problems, {rejected:,} rejected; above the first {shown:,}, nothing matched"),
}  # fmt: skip
"""Chinese and English of everything printed; an English entry with ``|`` is singular | plural, by ``n``."""


def phrase(key: str, language: Language, **values: object) -> str:
    """The entry ``key`` of ``PHRASES`` in this language, filled in, in the number of ``n``."""
    one, _, many = PHRASES[key][language == "en"].partition("|")
    return (many if many and values.get("n") != 1 else one).format(**values)


def listed(names: Iterable[str], language: Language) -> str:
    """Names one after the other, with the commas of this language."""
    return ("、" if language == "zh" else ", ").join(names)
