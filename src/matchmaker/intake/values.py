"""Values as people write them, read into the types of a problem: texts, lists, yuan, dates, yes and no."""

from __future__ import annotations

import calendar
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal, TypeAlias

from matchmaker.errors import Fault
from matchmaker.messages import Translatable, make_message, shortened, writable

ValueStyle: TypeAlias = Literal["yaml", "json", "cell"]
"""The source of values. It decides how a remedy is written; and a cell of a table holds a list as one text."""

_CONTROL_CHARACTERS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)  # Excel leaves such characters in cells; they say nothing
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_ITEM_SEPARATORS: Final = r"[;；、|\n]"
_WORD_SEPARATORS: Final = r"[;；、|\n,，]"
_BLANK_MARKS = frozenset({"", "-", "--", "—", "——", "/", "\\", "无", "無", "暂无", "暫無", "n/a", "na", "none", "null"})
_TRUE = frozenset({"true", "yes", "y", "1", "是", "对", "√"})
_FALSE = frozenset({"false", "no", "n", "0", "否", "不", "×"})
_YUAN: Final = (
    r"(?:约|大约|人民币|人民幣|不超过|不超過|rmb|cny|[¥<≤])*"
    r"(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?|\d{1,3}(?:,\d{3})+(?:\.\d+)?)"
    r"(?P<unit>千万|千萬|百万|百萬|亿|億|万|萬|千|million|thousand)?"
    r"(?P<yuan>元|圆|圓|cny|rmb|yuan)?(?:人民币|人民幣)?(?:整|以内|以內|以下|左右)?"
)
_UNITS = {
    **dict.fromkeys(("千", "thousand"), 1_000),
    **dict.fromkeys(("万", "萬"), 10_000),
    **dict.fromkeys(("百万", "百萬", "million"), 1_000_000),
    **dict.fromkeys(("千万", "千萬"), 10_000_000),
    **dict.fromkeys(("亿", "億"), 100_000_000),
}
MAX_YUAN: Final = 10**15
"""More than the world produces in a year: a larger amount is a typing error."""
_DAYS: Final = (
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T].*)?",
    r"(\d{4})/(\d{1,2})/(\d{1,2})(?: .*)?",
    r"(\d{4})\.(\d{1,2})\.(\d{1,2})\.?",
    r"(\d{4}) ?年 ?(\d{1,2}) ?月 ?(\d{1,2}) ?[日号號]?(?:前|之前|止)?",
    r"(\d{4})(\d{2})(\d{2})",
    r"(\d{4})[-/.](\d{1,2})",
    r"(\d{4}) ?年 ?(\d{1,2}) ?月(?:份|底|前|之前)?",
)


@dataclass(frozen=True, slots=True)
class NamedValue:
    """A value as written, with its name (a key or a heading), and the factor of numbers in it."""

    name: str
    value: object
    factor: int = 1


@dataclass(slots=True)
class ValueReader:
    """A reader of values that collects faults; a value that cannot be read is treated as missing.

    ``faults`` make the problem unusable. ``warnings`` do not: in a table, an unreadable budget or date must not cost
    the whole row.
    """

    place: str
    style: ValueStyle
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)

    def text(self, named: NamedValue) -> str | None:
        """A text without surrounding blanks; ``None`` if there is none."""
        if named.value is None:
            return None
        if not isinstance(named.value, str):
            self._add_fault(
                named,
                make_message("expected text, found {value}", value=quoted_value(named.value)),
                self._text_remedy(named.value),
            )
            return None
        if half := _HALF_CHARACTER.search(named.value):
            finding = make_message("has a broken character (\\u{code:04x})", code=ord(half[0]))
            self._add_fault(named, finding, "retype the text")
            return None
        return clean_text(named.value) or None

    def texts(self, named: NamedValue, *, commas: bool) -> tuple[str, ...]:
        """A list of texts. A cell is split at ``; ； 、 |`` and line ends; with ``commas``, at ``, ，`` as well."""
        if named.value is None:
            return ()
        if isinstance(named.value, str):
            text = self.text(named)
            if text is None:
                return ()
            if self.style == "cell":
                parts = re.split(_WORD_SEPARATORS if commas else _ITEM_SEPARATORS, text)
                return tuple(part.strip() for part in parts if part.strip())
            example = f"[{text}]" if self.style == "yaml" else json.dumps([text], ensure_ascii=False)
            self._add_fault(
                named,
                make_message("expected a list, found {value}", value=quoted_value(text)),
                make_message("write {example}", example=shortened(example)),
            )
            return ()
        if not isinstance(named.value, list):
            self._add_fault(
                named,
                make_message("expected a list, found {value}", value=quoted_value(named.value)),
                "write one item a line, each after '- '",
            )
            return ()
        items = (self.text(NamedValue(f"{named.name}[{n}]", item)) for n, item in enumerate(named.value))
        return tuple(item for item in items if item)

    def yuan(self, named: NamedValue) -> float | None:
        """An amount in yuan, from 0 to ``MAX_YUAN``: ``500000``, ``500,000``, ``50万元``.

        A unit in the text takes precedence over the factor of the heading.
        """
        text = self.text(named)
        if text is None or text.casefold() in _BLANK_MARKS:
            return None
        match = re.fullmatch(_YUAN, "".join(unicodedata.normalize("NFKC", text).casefold().split()))
        if match is None:
            self._add_doubt(
                named,
                make_message("expected an amount of yuan, found {value}", value=quoted_value(text)),
                "write a number such as 500000 or 50万",
            )
            return None
        has_unit = bool(match["unit"] or match["yuan"])
        factor = _UNITS.get(match["unit"] or "", 1) if has_unit else named.factor
        amount = float(Decimal(match["number"].replace(",", "")) * factor)
        if amount > MAX_YUAN:
            self._add_doubt(
                named,
                make_message("amount too large: {value} yuan", value=quoted_value(text)),
                make_message("write one of at most {most:,}", most=MAX_YUAN),
            )
            return None
        return amount

    def day(self, named: NamedValue) -> date | None:
        """A day: ``2026-03-31``, ``2026/3/31``, ``2026年3月31日``, ``20260331``. A month means its last day."""
        text = self.text(named)
        if text is None or text.casefold() in _BLANK_MARKS:
            return None
        day = _day(unicodedata.normalize("NFKC", text))
        if day is None:
            self._add_doubt(
                named,
                make_message("expected a date, found {value}", value=quoted_value(text)),
                "write it as 2026-03-31",
            )
        return day

    def boolean(self, named: NamedValue) -> bool:
        """Yes or no; an empty value means no."""
        if isinstance(named.value, bool):
            return named.value
        word = (self.text(named) or "no").casefold()
        if word not in _TRUE | _FALSE:
            self._add_fault(
                named,
                make_message("expected true or false, found {value}", value=quoted_value(word)),
                "write true or false",
            )
        return word in _TRUE

    def _add_fault(self, named: NamedValue, finding: str, remedy: str) -> None:
        self.faults.append(Fault(self.place_of(named), finding, remedy))

    def _add_doubt(self, named: NamedValue, finding: str, remedy: str) -> None:
        (self.warnings if self.style == "cell" else self.faults).append(Fault(self.place_of(named), finding, remedy))

    def place_of(self, named: NamedValue) -> str:
        """The place of a value in a fault."""
        return make_message("{place}, {inner}", place=self.place, inner=shortened(named.name))

    def _text_remedy(self, value: object) -> Translatable:
        if isinstance(value, bool):
            return make_message('write "{word}" in quotes', word="true" if value else "false")
        return "join the items into one text" if isinstance(value, list) else "write one text"


def clean_text(text: str) -> str:
    """The text without surrounding blanks, with uniform line ends, and with spaces for control characters."""
    return (
        _CONTROL_CHARACTERS.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
        .strip()
        .strip("\ufeff\u200b")
        .strip()
    )


def quoted_value(value: object) -> str:
    """A value as shown in a message, shortened if it is long."""
    if isinstance(value, str):
        return make_message("'{text}'", text=shortened(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return make_message("nothing")
    if isinstance(value, list):
        return make_message("a list")
    return make_message("a group of fields") if isinstance(value, Mapping) else shortened(str(value))


def id_from_path(path: Path) -> str:
    """The id of a problem that gives none: the name of its file, as far as it can be written as text."""
    return clean_text(writable(path.stem)) or "problem"


def _day(text: str) -> date | None:
    for pattern in _DAYS:
        if match := re.fullmatch(pattern, text.strip()):
            year, month, *days = (int(part) for part in match.groups())
            try:
                return date(year, month, days[0] if days else calendar.monthrange(year, month)[1])
            except ValueError:  # includes calendar.IllegalMonthError
                return None
    return None
