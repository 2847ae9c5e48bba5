"""The words and the small pieces of text that files and terminal share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final, get_args

from matchmaker.domain import Citation, Language, Match, Problem, Reason, Removal, Role
from matchmaker.messages import one_line as one_line  # noqa: PLC0414 - handed on

SIMILARITIES: Final = ("keywords", "lexical", "semantic", "samples", "cases")
"""The parts of a score, by name, as outputs list them."""
ADDRESS: Final = re.compile(r"https?://[^\s<>]+")
"""What may be linked to."""

GRADE_WORDS: Final = (("无相关", "none"), ("弱相关", "weak"), ("较强相关", "fair"), ("强相关", "strong"))
"""What a judge says by a grade from 0 to 3: how relevant, not what to do."""

OUTCOME_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "solved": ("已解决", "solved"),
    "partly": ("部分解决", "partly solved"),
    "failed": ("未解决", "not solved"),
}
REASON_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "too-early": ("时机未到", "too early"),
    "no-capacity": ("人手不足", "no capacity"),
    "wrong-field": ("方向不符", "wrong field"),
    "price": ("价格不合", "price"),
    "ip": ("知识产权", "IP"),
    "no-answer": ("没有回音", "no answer"),
    "conflict": ("利益冲突", "conflict of interest"),
    "other": ("其他", "other"),
}
"""Why a referral was declined, by its code."""

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "declined_for": ("曾谢绝：{reason}", "declined: {reason}"),
    "fits": ("{n} 家机构值得联系：{names}。", "{fit} worth a call: {names}."),
    "fits_level": ("{level}{names}", "{names} ({level})"),
    "and_more": ("等 {n} 家", " and others, {n} in all"),
    "no_fit": ("没有机构适合这项需求。", "No institute fits this need."),
    "no_fit_ask": (
        "没有机构适合这项需求；可请{name}协助寻找专家。",
        "No institute fits this need; {name} can help to find an expert.",
    ),
    "left_out": ("另有 {n} 家“{level}”，未列出", "Not listed: {n} more at “{level}”"),
    "track_record": (
        "{level}：已评判的 {judged:,} 项需求中，有 {worth:,} 项的首位机构值得联系（{by}，{date}）",
        "{level}: of {judged:,} judged needs at this level, {worth:,} first institutes were worth a call "
        "({by}, {date})",
    ),
    "basis": ("基础", "Basis"),
    "readiness": ("近况", "Readiness"),
    "open_referrals": ("在办推荐 {n:,} 件", "open referrals: {n:,}"),
    "declined_recently": ("近一年谢绝 {n:,} 次", "declined within a year: {n:,}"),
    "unclear": ("说得太少，先问 {n} 句。", "It says too little to tell: ask back first ({n} below)."),
    "unclear_or_ask": (
        "说得太少，先问 {n} 句；也可请{name}帮忙问清。",
        "It says too little to tell: ask back first ({n} below), or have {name} ask.",
    ),
    "unclear_bare": (
        "说得太少，还不能判断；请先问清要做什么。",
        "It says too little to tell: ask first what is wanted.",
    ),
    "ask_back": (
        "关于“{title}”，想请您补充以下几点，以便推荐合适的机构：",
        "About “{title}”: to recommend the right institute we would like to ask",
    ),
    "ask_nothing": (
        "关于“{title}”：再补充什么，候选名单也不会变，可以直接匹配。",
        "About “{title}”: no answer would change the shortlist; it can be matched as it is.",
    ),
    "rank": ("名次", "Rank"),
    "institute": ("机构", "Institute"),
    "level": ("等级", "Level"),
    "score": ("评分", "Score"),
    "capability": ("能力", "Capability"),
    "evidence": ("依据", "Evidence"),
    "via_parent": ("经上级单位", "via the parent body"),
    "via_parent_long": (
        "经上级单位可及，非本机构自身记录",
        "reachable via the parent body, not the institute's own record",
    ),
    "inferred": ("推断", "inferred"),
    "copy": ("转载", "copy"),
    "removed": ("因硬性条件排除", "Removed by a hard limit"),
    "keyword": ("关键词", "keyword"),
    "sentence": ("语句", "sentence"),
    "case": ("案例", "case"),
    "own_record": ("自身记录", "own record"),
    "inferred_long": ("推断，无来源载明", "inferred, no source states it"),
    "strength_A": ("有项目、产品或数据", "projects, products or figures"),
    "strength_B": ("有实验室或方向", "a laboratory or topic"),
    "strength_C": ("仅有零星记载", "scattered mentions only"),
    "newest": ("最新依据 {year} 年", "newest evidence {year}"),
    "has_score": ("{name}：{level}（评分 {score}）", "{name}: {level} (score {score})"),
    "limit_removes": (
        "按硬性条件排除（{limit}），不会出现在候选名单中。",
        "A hard limit takes it off the shortlist: {limit}.",
    ),
    "limit_exclude": ("需求方已排除", "excluded by the problem"),
    "limit_require.institutes": ("不在指定机构之列", "not among the institutes asked for"),
    "limit_require.role": ("类型不是{value}", "not a {value}"),
    "limit_require.place": ("不在{value}", "not in {value}"),
    "limit_require.own": ("没有自身记录的能力", "no capability on its own record"),
    "research_institute": ("研究机构", "research institute"),
    "transfer_centre": ("技术转移机构", "technology transfer centre"),
    "next_lower": ("下一名：{name}，评分 {score}，低 {points}", "Next: {name}, score {score}, {points} lower"),
    "next_higher": ("上一名：{name}，评分 {score}，高 {points}", "One above: {name}, score {score}, {points} higher"),
    "next_close": (
        "最接近：{name}，评分 {score}，相差不到 0.01",
        "Nearest: {name}, score {score}, less than 0.01 apart",
    ),
    "score_made": ("评分由来", "How the score is made"),
    "bar_scale": ("整行为 1.00", "a whole line is 1.00"),
    "part": ("部分", "Part"),
    "part_base": ("起点", "base"),
    "part_keywords": ("关键词", "keywords"),
    "part_lexical": ("字词", "words"),
    "part_semantic": ("语义", "meaning"),
    "part_samples": ("样例", "samples"),
    "part_discounts": ("折减", "discounts"),
    "part_cases": ("案例", "cases"),
    "similarities": ("相似度", "Similarities"),
    "counts_most": ("最主要的能力", "Capability that counts most"),
    "problem": ("企业需求", "The problem"),
    "legend": ("{keyword} 关键词，{sentence} 最接近的语句", "{keyword} keyword, {sentence} closest sentence"),
    "coverage": ("{n_all} 句中覆盖 {n} 句", "{n} of {n_all} sentences covered"),
    "not_covered": ("未覆盖", "not covered"),
    # the workbook; only the sheet of problems has headings that a table of problems would have
    "sheet_shortlists": ("候选名单", "Shortlists"),
    "sheet_rejects": ("未读入的行", "Rejected rows"),
    "sheet_summary": ("汇总", "Summary"),
    "sheet_problems": ("需求", "Problems"),
    "for_id": ("对应编号", "Problem id"),
    "for_title": ("对应的需求", "What is asked"),
    "verdict": ("结论", "Verdict"),
    "verdict_matched": ("有合适机构", "matched"),
    "verdict_unclear": ("说得太少，先问", "too vague, ask back"),
    "verdict_none": ("无合适机构", "none fits"),
    "institute_id": ("机构代码", "Institute id"),
    "reasons": ("匹配理由", "Reasons"),
    "source_n": ("来源 {n}", "Source {n}"),
    "note": ("备注", "Note"),
    "row": ("行号", "Row"),
    "column_read": ("原表第 {n} 列，读到的是：{heading}", "Column {n} as read: {heading}"),
    "fault": ("未读入原因", "Why it was rejected"),
    "cut": ("……（过长，已截断）", "… (too long, cut)"),
    "counts": ("统计", "Counts"),
    "n_read": ("读取行数", "Rows read"),
    "n_matched": ("有合适机构的需求", "Problems with an institute that fits"),
    "n_unclear": ("说得太少、要先问的需求", "Problems that say too little, to be asked back"),
    "n_none": ("无合适机构的需求", "Problems that no institute fits"),
    "n_rejected": ("未读入的行数", "Rows rejected"),
    "load": ("各机构位列第一的次数", "How often each institute stands first"),
    "how_to_read": ("如何看等级与评分", "How to read levels and scores"),
    "score_means": (
        "评分为校准后的比例，从 0 到 1：这样的需求与机构中，评判者认为值得联系的占多少。",
        "The score is a calibrated share from 0 to 1: of such pairs of a need and an institute, how many assessors "
        "find worth a call.",
    ),
    "level_from": ("评分 {low} 及以上", "score {low} or more"),
    "level_between": ("评分 {low} 至 {high}", "score from {low} up to {high}"),
    "level_below": ("评分低于 {high}", "score below {high}"),
    "is_fitting": ("值得联系", "worth a call"),
    "is_near_miss": ("不建议据此联系", "not worth a call on this alone"),
    "origin": ("出处", "Where this comes from"),
    "input_file": ("输入文件", "Input file"),
    "program": ("程序版本", "Version of matchmaker"),
    "settings_print": ("设置指纹", "Fingerprint of the settings"),
    "institutes_print": ("机构资料指纹", "Fingerprint of the profiles"),
}
"""Chinese and English of what is shown both in files and in the terminal."""


def word(key: str, language: Language) -> str:
    """The entry ``key`` of ``WORDS`` in this language."""
    return WORDS[key][language == "en"]


def limit_text(limit: str, language: Language) -> str:
    """A hard limit as records hold it, such as ``require.place: 广州``, in words; an unknown one as it is."""
    name, _, value = one_line(limit).partition(": ")
    if f"limit_{name}" not in WORDS:
        return one_line(limit)
    shown = word(value, language) if value in get_args(Role) else value
    return word(f"limit_{name}", language).format(value=shown)


def bracketed(text: str, language: Language) -> str:
    """``text`` in the brackets of this language, to be put behind another text."""
    return f"（{text}）" if language == "zh" else f" ({text})"


def labelled(label: str, text: str, language: Language) -> str:
    """``text`` behind a label and the colon of this language."""
    return f"{label}：{text}" if language == "zh" else f"{label}: {text}"


def capability_name(match: Match, language: Language) -> str:
    """The matched capability, marked when only the parent body is known to have it."""
    name = match.capability.name.in_language(language)
    return name + bracketed(word("via_parent", language), language) if match.capability.via_parent else name


def problem_heading(problem: Problem) -> str:
    """The id and title of the problem on one line; without a title, the start of its description."""
    title = one_line(problem.title) or one_line(problem.description)[:60]
    return f"{one_line(problem.id)} {title}" if problem.id else title


@cache
def version() -> str:
    """The version of matchmaker that is installed, ``0+unknown`` when it runs from a folder of sources."""
    from importlib import metadata

    try:
        return metadata.version("matchmaker")
    except metadata.PackageNotFoundError:
        return "0+unknown"


def reason_text(reason: Reason, language: Language, *, scores: bool = True) -> str:
    """A reason in a few words: what the profile says, what the problem says and, as a number, how close they are."""
    number = f" ({reason.similarity:.2f})" if scores else ""
    if reason.outcome is not None:
        became = bracketed(outcome_text(reason.outcome, language), language)
        return f"{one_line(reason.term)}{became}{number}"
    arrow = "←" if language == "zh" else " <- "
    words = reason.term if reason.found in {"", reason.term} else f"{reason.term}{arrow}{reason.found}"
    mark = bracketed(word("inferred", language), language) if reason.inferred else ""
    return f"{one_line(words)}{mark}{number}"


def outcome_text(outcome: str, language: Language) -> str:
    """What became of an earlier problem: solved, partly or failed, or why it was declined."""
    if outcome in OUTCOME_WORDS:
        return OUTCOME_WORDS[outcome][language == "en"]
    reason = REASON_WORDS[outcome][language == "en"] if outcome in REASON_WORDS else one_line(outcome)
    return word("declined_for", language).format(reason=reason)


def claim_text(citation: Citation, language: Language) -> str:
    """The year and the claim of a piece of evidence, with its marks; without its source."""
    marks = {"via_parent": citation.via_parent, "copy": citation.is_copy}
    shown = ("，" if language == "zh" else ", ").join(word(mark, language) for mark, holds in marks.items() if holds)
    claim = one_line(citation.claim.in_language(language)) + (bracketed(shown, language) if shown else "")
    return claim if citation.year is None else f"{citation.year} {claim}"


_MARKDOWN_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}
_MARKDOWN_SPECIAL = re.compile(r"[\\`*_\[\]~$#&<>|]")
_MARKDOWN_LIST_START = re.compile(r"^(\d*)([-+.)])")


def escaped(text: str) -> str:
    """``text`` as Markdown that shows it literally: no HTML, no link, no table cell, no list of its own."""
    literal = _MARKDOWN_SPECIAL.sub(lambda found: _MARKDOWN_ENTITIES.get(found[0], f"\\{found[0]}"), one_line(text))
    return _MARKDOWN_LIST_START.sub(r"\1\\\2", literal)


def table_row(cells: Iterable[str]) -> str:
    """A row of a Markdown table; the cells are Markdown already."""
    return f"| {' | '.join(cells)} |"


def removal_text(removal: Removal, language: Language) -> str:
    """The institute that was taken off, and the limit that did it."""
    return one_line(removal.name.in_language(language) + bracketed(limit_text(removal.limit, language), language))
