"""The field that a heading or a key stands for, in Chinese (Simplified or Traditional) and English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from matchmaker.domain import Problem
from matchmaker.messages import make_message

if TYPE_CHECKING:
    from opencc import OpenCC

_HEADINGS: Mapping[str, str] = {
    "id": "id 编号 序号 需求编号 技术需求编号 项目编号 难题编号 问题编号 no number num key serial problem_id need_id",
    "title": (
        "title 标题 名称 需求名称 需求标题 技术需求 技术需求名称 技术需求标题 技术难题 技术难题名称 难题 难题名称 "
        "难题标题 问题名称 问题标题 项目名称 需求项目名称 课题 课题名称 主题 题目 需求 name problem problem_title "
        "need need_title request requirement requirement_title technical_requirement subject topic 技术需求题目 "
        "需求题目 榜单名称 揭榜项目名称 揭榜挂帅项目名称 项目需求名称 拟解决技术难题 技术攻关需求 技术瓶颈 "
        "技术难点 攻关项目名称 需求事项 challenge challenge_title need_name request_title"
    ),
    "description": (
        "description 描述 详细描述 需求描述 需求内容 需求详情 需求说明 需求简介 需求概述 具体需求 技术需求描述 "
        "技术需求内容 技术需求详情 技术需求说明 技术需求简介 问题描述 问题详情 问题说明 难题描述 技术难题描述 "
        "技术问题描述 内容 详情 说明 简介 概述 内容描述 主要内容 项目描述 项目简介 项目内容 desc details detail "
        "content summary abstract problem_description need_description requirement_description text 需求详细描述 "
        "技术需求详细描述 详细内容 具体内容 需求具体内容 详细说明 需求背景 需求背景描述 拟解决的关键技术问题 "
        "需解决的技术问题 拟解决的技术难题 主要技术难题 主要研究内容 研究内容 problem_statement "
        "challenge_description"
    ),
    "enterprise": (
        "enterprise 企业 企业名称 单位 单位名称 公司 公司名称 需求单位 需求单位名称 需求方 需求企业 需求企业名称 "
        "企业全称 单位全称 发布单位 提出单位 company company_name enterprise_name organisation organization "
        "organisation_name organization_name client customer firm 申报单位 填报单位 填报企业 申报企业 发榜单位 "
        "发榜方 需求主体 提出企业 所属企业 委托方 委托单位 需求方名称"
    ),
    "industry": (
        "industry 行业 所属行业 行业领域 所属行业领域 行业类别 行业分类 领域 技术领域 所属领域 所属技术领域 产业 "
        "产业领域 所属产业 sector field domain industry_sector 所属产业领域 产业方向 技术方向 学科领域 专业领域 "
        "需求领域 技术类别 需求所属领域 所属产业链 行业类型 战略性新兴产业"
    ),
    "region": (
        "region 地区 区域 所在地 所在地区 所在区域 所属地区 所属区域 企业所在地 单位所在地 地址 企业地址 城市 "
        "location area city place 所属区 所在区 所属市 所在市 区县 所属区县 所属园区 所属镇街 地市 district"
    ),
    "targets": (
        "targets target 指标 技术指标 主要技术指标 关键技术指标 技术指标要求 技术要求 考核指标 性能指标 目标 "
        "预期目标 技术目标 预期指标 期望目标 拟达到的技术指标 goals goal indicators kpi specifications "
        "technical_targets 技术指标及要求 预期技术指标 主要指标 主要技术经济指标 技术参数 主要技术参数 需求指标 "
        "考核要求 预期效果 预期成果 requirements_spec"
    ),
    "conditions": (
        "conditions condition 条件 约束条件 限制条件 现有条件 应用条件 使用条件 前提条件 工况 工况条件 约束 限制 "
        "constraints constraint"
    ),
    "tried": (
        "tried 已尝试 已尝试方案 已尝试的方案 已尝试方法 已尝试的方法 已试方法 尝试过的方法 已采取措施 "
        "已采取的措施 前期工作 前期基础 已有基础 现有基础 已开展工作 attempts attempted tried_before"
    ),
    "cooperation": (
        "cooperation 合作方式 合作形式 合作模式 拟合作方式 期望合作方式 意向合作方式 对接方式 cooperation_mode "
        "cooperation_type collaboration collaboration_mode 拟合作模式 合作意向 产学研合作方式 合作需求 "
        "意向合作模式 拟采取的合作方式"
    ),
    "budget_cny": (
        "budget_cny budget 预算 经费 经费预算 项目预算 资金预算 投入预算 预算金额 投入资金 拟投入资金 计划投入资金 "
        "计划投资 投资预算 研发预算 意向投入 拟投入 拟投入经费 意向金额 悬赏金额 funding budget_amount 拟投入金额 "
        "研发投入 计划投入 榜单金额 揭榜金额 拟投入研发经费 项目总投入 计划投入经费 拟投资金额 需求金额"
    ),
    "deadline": (
        "deadline 截止日期 截止时间 截至日期 截至时间 完成时间 完成日期 要求完成时间 期望完成时间 期限 完成期限 "
        "需求截止日期 需求截止时间 有效期 due due_date end_date needed_by 揭榜截止时间 需求有效期 希望完成时间 "
        "有效期至 解决时限 期望解决时间 要求完成时限"
    ),
    "keywords": "keywords keyword 关键词 关键字 技术关键词 需求关键词 标签 tags tag key_words",
    "exclude": "exclude 排除 排除机构 排除单位 排除院所 排除对象 不考虑机构 不考虑的机构 excluded exclude_institutes",
    "require": "require 硬性要求 必要条件 required requires",
    "require.institutes": "require.institutes 指定机构 指定院所 指定单位 限定机构 限定院所 意向机构 意向院所",
    "require.role": "require.role 机构类型 限定机构类型 机构性质",
    "require.own": "require.own 仅限自有能力 只要自有能力 自有能力",
    "require.place": "require.place 限定地区 限定区域 机构所在地 机构地区 指定地区",
}
FIELDS: tuple[str, ...] = tuple(Problem.model_fields)
"""The fields of a problem as YAML and JSON name them."""

_BRACKETED: Final = r"[(\[{<【〔《「『][^)\]}>】〕》」』]*[)\]}>】〕》」』]?"
_NOT_WORD = re.compile(r"[\W_]+")
_YUAN: Final = r"(单位)?(人民币)?(亿元|千万元|百万元|万元|千元|元|亿|万|rmb|cny|yuan)$"
_FOREIGN_MONEY: Final = r"美元|美金|港元|港币|港纸|欧元|日元|英镑|澳门元|台币|usd|hkd|eur|jpy|gbp|mop|twd|\$|€|£"
# Longer units come first: 千万 ends in 万.
_FACTORS: Final = (
    ("亿", 100_000_000),
    ("千万", 10_000_000),
    ("百万|million|mn", 1_000_000),
    ("万|10k|10000|10,000|tenthousand", 10_000),
    ("千|thousand|1000|1,000", 1_000),
)
_MIN_RATIO = 85


@dataclass(frozen=True, slots=True)
class FieldColumn:
    """A recognised column: its field, its heading as written, the factor of its numbers, and its position from 0."""

    field: str
    heading: str
    factor: int = 1
    position: int = 0


def column_of(heading: str, *, fuzzy: bool) -> FieldColumn | None:
    """The column of a heading, or ``None`` if it stands for no field.

    Case, spaces, punctuation, width, script and remarks in brackets do not matter. With ``fuzzy``, an unknown heading
    stands for the only field with a name of similarity 0.85 or more (RapidFuzz ratio), and for none if there are two.
    """
    field_and_factor = _field_and_factor(heading, fuzzy)
    return FieldColumn(field_and_factor[0], heading, field_and_factor[1]) if field_and_factor else None


def columns_of(
    headings: Sequence[str], overrides: Mapping[str, str], more: Mapping[str, str] | None = None
) -> tuple[dict[str, FieldColumn], tuple[str, ...]]:
    """The columns of a heading row, one for each field, and the headings that are not used.

    A field gets its column by its override, else by its names in ``more``, else by the first heading that is known,
    else by the first that is similar to a known one.

    Args:
        headings: The heading row.
        overrides: Fields to headings, which must be present.
        more: Further fields, which no problem has, to their names, separated by spaces.
    """
    columns: dict[str, FieldColumn] = {}
    used: set[int] = set()
    for field, wanted in overrides.items():
        position = position_of(wanted, headings)
        if position is not None:
            known = column_of(headings[position], fuzzy=False)
            factor = known.factor if known and known.field == field else factor_of(headings[position])
            columns[field] = FieldColumn(field, headings[position], factor if field.endswith("_cny") else 1, position)
            used.add(position)
    for position, heading in enumerate(headings) if more else ():
        further = None if position in used else _named_in(more or {}, heading)
        if further and further not in columns:
            factor = factor_of(heading) if further.endswith("_cny") else 1
            columns[further] = FieldColumn(further, heading, factor, position)
            used.add(position)
    for fuzzy in (False, True):
        for position, heading in enumerate(headings):
            column = None if position in used else column_of(heading, fuzzy=fuzzy)
            if column and column.field not in columns:
                columns[column.field] = FieldColumn(column.field, heading, column.factor, position)
                used.add(position)
    unused = (heading or make_message("column {n}", n=n + 1) for n, heading in enumerate(headings) if n not in used)
    return columns, tuple(unused)


def _named_in(fields: Mapping[str, str], heading: str) -> str | None:
    """The field that a heading names, ignoring script, remarks in brackets and units of money; else ``None``."""
    folded_heading = simplify(_fold(heading))
    remark_less = _letters_only(re.sub(_BRACKETED, "", folded_heading))
    heading_names = {_letters_only(folded_heading), remark_less, re.sub(_YUAN, "", remark_less)}
    return next(
        (field for field, names in fields.items() if heading_names & {_letters_only(name) for name in names.split()}),
        None,
    )


def position_of(wanted: str, headings: Sequence[str]) -> int | None:
    """The position of a heading as written, else ignoring case, width and spaces; ``None`` if it is missing."""
    for same in (str.strip, _fold):
        for position, heading in enumerate(headings):
            if same(heading) == same(wanted):
                return position
    return None


def factor_of(heading: str) -> int:
    """The factor that turns the numbers under a heading into yuan: 10,000 for ``预算（万元）``."""
    folded = simplify(_fold(heading))
    return next((factor for pattern, factor in _FACTORS if re.search(pattern, folded)), 1)


def known_names() -> tuple[str, ...]:
    """Every name of every field, for "did you mean"."""
    return (*FIELDS, *_names())


@lru_cache(maxsize=4096)
def _field_and_factor(heading: str, fuzzy: bool) -> tuple[str, int] | None:
    folded = _fold(heading)
    field = _field_in_list(folded)
    if field is None and not folded.isascii():
        folded = simplify(folded)
        field = _field_in_list(folded)
    if field is None and fuzzy:
        field = _similar_field(_letters_only(folded))
    if field != "budget_cny":
        return (field, 1) if field else None
    return None if re.search(_FOREIGN_MONEY, folded) else (field, factor_of(folded))


def _field_in_list(folded: str) -> str | None:
    names = _names()
    whole, remark_less = _letters_only(folded), _letters_only(re.sub(_BRACKETED, "", folded))
    field = names.get(whole) or names.get(remark_less)
    if field is None and names.get(re.sub(_YUAN, "", remark_less)) == "budget_cny":
        field = "budget_cny"
    return field


def _similar_field(bare: str) -> str | None:
    from rapidfuzz import fuzz, process  # kept out of start-up: most headings are in the list

    if len(bare) < 3:
        return None
    hits = process.extract(bare, list(_names()), scorer=fuzz.ratio, limit=None, score_cutoff=_MIN_RATIO)
    fields = {_names()[name] for name, _, _ in hits}
    return fields.pop() if len(fields) == 1 else None


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    return {_letters_only(_fold(name)): field for field, names in _HEADINGS.items() for name in names.split()}


def _fold(heading: str) -> str:
    """The heading with width and case folded and without spaces."""
    return "".join(unicodedata.normalize("NFKC", heading).casefold().split())


def _letters_only(folded: str) -> str:
    return _NOT_WORD.sub("", folded)


def simplify(text: str) -> str:
    """The text in Simplified characters (OpenCC ``t2s``)."""
    # OpenCC does not accept half a surrogate pair, which JSON can contain.
    return text if text.isascii() else str(_converter().convert(text.encode(errors="replace").decode()))


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    from opencc import OpenCC  # kept out of start-up: only traditional headings need it

    return OpenCC("t2s")
