"""The labels of requirement forms, ticked boxes, and the lines that begin a problem."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from matchmaker.intake.headings import FieldColumn, column_of, simplify

_MAX_LABEL = 24
# These patterns are compiled on first use: most problems need only a few, and all of them would slow every start.
_REMARK: Final = r"[(（\[【〔][^)）\]】〕]*[)）\]】〕]?"
_NUMBERING: Final = (
    r"^\s*(?:[(（]?(?:\d{1,2}|[一二三四五六七八九十]{1,3})[)）、.．]\s*|[①-⑳]\s*|[*★●•·▪◆■►➢-]\s+|[*★])(?![\d%])"
)
_LABELLED: Final = r"(?s)(?P<label>[^:：\n]{2,30}?)\s*[:：](?!//)\s*(?P<value>.*)"
_IN_BRACKETS: Final = r"(?s)[【\[](?P<label>[^】\]\n]{2,20})[】\]]\s*[:：]?\s*(?P<value>.*)"
_CONTACT: Final = (
    r".*(联系|联络|电邮|电话|手机|座机|传真|邮箱|邮件|邮编|邮政编码|微信|wechat|email|e-mail|\bqq|phone|mobile|\bfax|contact).*"
    r"|(项目|技术|企业|单位)?负责人.*|(姓名|职务|职称|职位|部门|所在部门|法人|法人代表|法定代表人|填表人|填报人|经办人|审核人|对接人)"
    r"|(填表|填报|申报|登记|提交|受理|发布|提出)?(日期|时间)|(单位|企业)?(公章|盖章|签字|签章|签名).*"
)
_REGISTER: Final = (
    r"统一社会信用代码|组织机构代码|信用代码|税号|纳税人识别号|开户行|银行账号|账号|注册资本|注册资金|注册时间|成立时间|成立日期"
    r"|(员工|职工|从业|研发|技术)(总)?人(员)?(数|总数|数量)|人员规模|企业规模|企业性质|企业类型|单位性质|单位类型|登记注册类型"
    r"|(上?年度?|去年|近三年)?(营业收入|营业额|销售额|销售收入|产值|利润|纳税额?|研发投入|主营业务收入).*"
    r"|填表说明|填写说明|填报说明|是否(同意)?(公开|保密|发布).*|信息来源|推荐单位|推荐人"
)
_FORM_NAME: Final = (
    r"(?i)"
    r".{0,40}(征集|登记|调查|调研|申报|申请|汇总|信息|反馈|需求|采集|填报|统计|对接)(登记|信息|调查)?(表|单|清单|书)(格)?([(（].{0,20}[)）])?"
    r"|(企业)?技术(合作)?(需求|难题)|表\s*[一二三四五六七八九十\d]{1,3}"
    r"|附件\s*[一二三四五六七八九十\d]*[:：]?|(technical\s+)?(requirement|problem|need)s?\s+(collection\s+)?(form|sheet)"
)
_BLANKS: Final = frozenset(
    ("", "-", "--", "—", "——", "/", "\\", "无", "無", "暂无", "暫無", "n/a", "na", "none", "nil", "…", "待定", "不详")
)

_TICKED_BOXES = "☑☒✓✔√■●▣◉🗹"
_EMPTY_BOXES = "□☐○◯◻▢"
_BOX: Final = (
    rf"[\[（(]\s*[xX×√✓✔]\s*[\]）)]|[\[（(]\s{{1,4}}[\]）)]|[{_EMPTY_BOXES}]\s*[√✓✔](?=\S)"
    rf"|[{_TICKED_BOXES}{_EMPTY_BOXES}]"
)
_IS_TICKED: Final = rf"[xX×{_TICKED_BOXES}]"
_RULED: Final = r"_{2,}|＿{2,}"

_CHINESE_DIGITS = {char: n for n, char in enumerate("零一二三四五六七八九")}
_NUMBER = r"(?P<number>\d{1,2}|[一二三四五六七八九十]{1,3})"
_NEED_WORDS = r"(?:企业|技术)?(?:技术)?(?:需求|难题|问题|课题)"
_TITLE_AFTER_MARKER = r"(?:\s*[:：、.．)）\]】—–-]+\s*|\s+|$)(?P<title>.*)"
_MARKERS: Final = (
    rf"(?is)[\[【(（]?(?P<kind>{_NEED_WORDS}(?:名称|项目|编号)?)\s*[(（#]?{_NUMBER}[)）\]】]?{_TITLE_AFTER_MARKER}",
    rf"(?is)[\[【(（]?第\s*{_NUMBER}\s*(?P<kind>(?:个|项|条)?{_NEED_WORDS})[)）\]】]?{_TITLE_AFTER_MARKER}",
    rf"(?is)[\[(]?(?P<kind>(?:technical )?(?:problem|need|requirement|challenge|request))\s*(?:no\.?\s*)?"
    rf"#?{_NUMBER}[\])]?{_TITLE_AFTER_MARKER}",
)
_CHINESE_HEADING: Final = r"(?s)(?P<number>[一二三四五六七八九十]{1,3})\s*[、.．]\s*(?P<title>\S.*)"
_NEED: Final = r"需求|需要|难题|难点|瓶颈|急需|求购|寻求|征集"
_SECTION: Final = (
    r"(?s)"
    r".{0,8}(简介|介绍|概况|概述|背景|现状|基础|内容|描述|说明|要求|指标|目标|条件|方式|预算|经费|资金|计划|进度|安排|周期|成果|效益|前景"
    r"|意义|联系|信息|情况|附件|备注|其他|其它|建议|分析|总结|思路|路线|方案|清单|汇总)([和与及、].{0,12})?([(（].*)?"
    r"|.{0,6}(技术|企业|主要|具体|核心|关键|存在)的?(需求|难题|问题|难点|瓶颈)([和与及、].{0,12})?([(（].*)?|(需求|问题|难题)(和|与|及).*"
)
_COLLECTION: Final = (
    r"需求(清单|汇总|一览|目录|集|列表|如下)|(难题|问题)(清单|汇总|如下)"
    r"|(若干|多|几|两|[二三四五六七八九十\d])(项|个|条)(技术)?(需求|难题|问题)"
)


@dataclass(frozen=True, slots=True)
class LabelledLine:
    """A line ``label：value``; ``column`` is the column of the label, or ``None`` if the value is not to be used."""

    label: str
    column: FieldColumn | None
    value: str


def label_text(text: str) -> str:
    """A label without its number, its colon and the spaces that stretch it (``企 业 名 称``)."""
    line = re.sub(_NUMBERING, "", " ".join(text.split())).strip().rstrip(":：").strip().strip("*＊★").strip()
    spaceless = "".join(line.split())
    return spaceless if not spaceless.isascii() else line


def is_label(text: str) -> bool:
    """Whether a cell could be a label: short, a single phrase, with letters."""
    label = label_text(re.sub(_REMARK, "", text))
    return 0 < len(label) <= _MAX_LABEL and any(map(str.isalpha, label)) and not re.search(r"[。；;！？!?]", label)


def column_for(text: str, *, fuzzy: bool = True) -> FieldColumn | None:
    """The column of a label of a form; ``None`` for unknown labels and contact data."""
    label = label_text(text)
    if not label or len(re.sub(_REMARK, "", label)) > _MAX_LABEL or is_unused_label(label):
        return None
    column = column_of(label, fuzzy=fuzzy)
    if column and column.field == "id" and label.casefold() in ("序号", "序號", "no", "no.", "number", "num", "名次"):
        return None  # the number of a row or a form does not identify a problem
    return column


@lru_cache(maxsize=4096)
def is_unused_label(text: str) -> bool:
    """Whether the value of a label says nothing about a problem: persons, contact data, company registration."""
    bare = simplify(unicodedata.normalize("NFKC", re.sub(_REMARK, "", label_text(text))).casefold())
    return any(re.fullmatch(pattern, bare) for pattern in (_CONTACT, _REGISTER)) and "合作" not in bare


def is_form_name(text: str) -> bool:
    """Whether a line is the name of a form, such as 企业技术需求征集表, rather than of a problem."""
    line = text.strip().strip("【】[]《》")
    return bool(re.fullmatch(_FORM_NAME, simplify(line if line.isascii() else "".join(line.split()))))


def is_blank_value(text: str) -> bool:
    """Whether a value means that there is none."""
    return text.strip().strip("。.").casefold() in _BLANKS


def labelled_line(text: str) -> LabelledLine | None:
    """The label and value of a line such as ``需求名称：管网漏损检测``; ``None`` for any other line."""
    line = re.sub(_NUMBERING, "", text.strip())
    for pattern in (_IN_BRACKETS, _LABELLED):
        match = re.fullmatch(pattern, line)
        if match is None:
            continue
        label = label_text(match["label"])
        column = column_for(label, fuzzy=False)
        if column is not None or is_unused_label(label):
            return LabelledLine(label, column, match["value"].strip())
    return None


def ticked_options(text: str) -> str:
    """The ticked options of a list (``☑联合研发 □技术转让``), separated by ``；``; any other text unchanged.

    Boxes precede their options, or follow them if the text begins with a word.
    """
    marks = list(re.finditer(_BOX, text))
    has_empty = any(not re.search(_IS_TICKED, mark[0]) for mark in marks)
    if not marks or not (has_empty or text.lstrip().startswith(marks[0][0])):
        return text
    lead = text[: marks[0].start()].strip()
    if not lead or lead.endswith((":", "：")):
        ends = [mark.start() for mark in marks[1:]] + [len(text)]
        words = [text[mark.end() : end] for mark, end in zip(marks, ends, strict=True)]
    else:
        starts = [0] + [mark.end() for mark in marks[:-1]]
        words = [text[start : mark.start()] for start, mark in zip(starts, marks, strict=True)]
    chosen = (word for word, mark in zip(words, marks, strict=True) if re.search(_IS_TICKED, mark[0]))
    return "；".join(tidy for word in chosen if (tidy := re.sub(_RULED, "", word).strip(" \t\n\u3000,，;；、/|:：")))


def without_numbering(text: str) -> str:
    """A line without its number or bullet."""
    return re.sub(_NUMBERING, "", text.strip()).strip()


def numbered_heading(text: str) -> tuple[int, str] | None:
    """The number and text of a line such as ``二、技术指标``; ``None`` for any other line."""
    match = re.fullmatch(_CHINESE_HEADING, text.strip())
    return (parse_item_number(match["number"]), match["title"].strip()) if match and len(text) <= 80 else None


def without_rules(text: str) -> str:
    """The text without the ruled lines of a form."""
    return re.sub(_RULED, "", text).strip()


def problem_marker(text: str) -> tuple[str, int, str] | None:
    """The kind, number and title of a line that begins a numbered problem (``需求二：除湿``); else ``None``."""
    line = text.strip()
    if len(line) > 300:
        return None
    for pattern in _MARKERS:
        if match := re.fullmatch(pattern, line):
            return (match["kind"].casefold(), parse_item_number(match["number"]), match["title"].strip())
    return None


def problem_starts(lines: Sequence[str]) -> dict[int, str]:
    """The indices of lines that begin a new problem, with the titles of the problems, which may be empty.

    There are two rules; in doubt, a document is one problem:

    1. Lines 需求一, 技术需求2, 第三项难题, ``Problem 4:`` begin problems if there are two or more of one kind and their
       numbers run 1, 2, 3 ….
    2. Headings 一、 二、 begin problems only if their numbers run 1, 2, 3 …, none is an ordinary section (企业简介,
       技术需求, 技术指标, 合作方式 …), each has six characters or more, and either each mentions a need (需求, 难题,
       瓶颈 …) or the text before the first announces a list (需求清单, 三项需求).
    """
    markers = [(index, *parts) for index, line in enumerate(lines) if (parts := problem_marker(line))]
    for kind in dict.fromkeys(kind for _, kind, _, _ in markers):
        run = [(index, number, title) for index, other, number, title in markers if other == kind]
        if len(run) > 1 and [number for _, number, _ in run] == list(range(1, len(run) + 1)):
            return {index: title for index, _, title in run}
    headings = [(index, *heading) for index, line in enumerate(lines) if (heading := numbered_heading(line))]
    if len(headings) < 2 or [number for _, number, _ in headings] != list(range(1, len(headings) + 1)):
        return {}
    titles = {index: title for index, _, title in headings}
    before = "".join(lines[: headings[0][0]])
    if any(len(title) < 6 or is_section(title) for title in titles.values()):
        return {}
    is_list = re.search(_COLLECTION, simplify(before))
    return titles if is_list or all(re.search(_NEED, simplify(title)) for title in titles.values()) else {}


def is_section(title: str) -> bool:
    """Whether a heading belongs to an ordinary section of a form (企业简介, 技术指标), not to a problem."""
    return column_for(title) is not None or is_unused_label(title) or bool(re.fullmatch(_SECTION, simplify(title)))


def parse_item_number(text: str) -> int:
    """The number written in digits or in Chinese characters, up to 99."""
    if text.isdecimal():
        return int(text)
    tens, mark, ones = text.rpartition("十")
    return (_CHINESE_DIGITS.get(tens, 1) * 10 if mark else 0) + _CHINESE_DIGITS.get(ones, 0)
