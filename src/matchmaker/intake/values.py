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
from matchmaker.messages import said, shortened, writable

Style: TypeAlias = Literal["yaml", "json", "cell"]
"""Where values come from: it decides how a remedy is spelt, and cells of a table hold lists as one text."""

_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # Excel leaves such characters in cells; they say nothing
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_BETWEEN_ITEMS: Final = r"[;；、|\n]"
_BETWEEN_WORDS: Final = r"[;；、|\n,，]"
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
MOST_YUAN: Final = 10**15
"""More than the whole world produces in a year: a larger amount is a slip."""
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
class Given:
    """One value as it was given: the name it stood under, and what a number in it is multiplied by."""

    name: str
    value: object
    factor: int = 1


@dataclass(slots=True)
class ValueReader:
    """Reads values and gathers what is wrong with them; a value that cannot be read is as good as not given.

    ``faults`` make the problem unusable. ``warnings`` do not: in a table, where a budget or a date that nobody can read
    must not cost the whole row.
    """

    place: str
    style: Style
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)

    def text(self, given: Given) -> str | None:
        """A text without blanks around it; ``None`` when there is none."""
        if given.value is None:
            return None
        if not isinstance(given.value, str):
            self._wrong(
                given, said("expected text, found {value}", value=shown(given.value)), self._text_remedy(given.value)
            )
            return None
        if half := _HALF_CHARACTER.search(given.value):
            finding = said("has a broken character (\\u{code:04x})", code=ord(half[0]))
            self._wrong(given, finding, "write the text anew")
            return None
        return cleaned(given.value) or None

    def texts(self, given: Given, *, commas: bool) -> tuple[str, ...]:
        """A list of texts. A cell is split at ``; ； 、 |`` and line ends, with ``commas`` at ``, ，`` as well."""
        if given.value is None:
            return ()
        if isinstance(given.value, str):
            text = self.text(given)
            if text is None:
                return ()
            if self.style == "cell":
                parts = re.split(_BETWEEN_WORDS if commas else _BETWEEN_ITEMS, text)
                return tuple(part.strip() for part in parts if part.strip())
            inside = f"[{text}]" if self.style == "yaml" else json.dumps([text], ensure_ascii=False)
            self._wrong(
                given,
                said("expected a list, found {value}", value=shown(text)),
                said("write {example}", example=shortened(inside)),
            )
            return ()
        if not isinstance(given.value, list):
            self._wrong(
                given,
                said("expected a list, found {value}", value=shown(given.value)),
                "write one item a line, each after '- '",
            )
            return ()
        items = (self.text(Given(f"{given.name}[{n}]", item)) for n, item in enumerate(given.value))
        return tuple(item for item in items if item)

    def yuan(self, given: Given) -> float | None:
        """An amount in yuan, from 0 to ``MOST_YUAN``: ``500000``, ``500,000``, ``50万元``. A unit in it counts."""
        text = self.text(given)
        if text is None or text.casefold() in _BLANK_MARKS:
            return None
        match = re.fullmatch(_YUAN, "".join(unicodedata.normalize("NFKC", text).casefold().split()))
        if match is None:
            self._doubtful(
                given,
                said("expected an amount of yuan, found {value}", value=shown(text)),
                "write a number such as 500000 or 50万",
            )
            return None
        has_unit = bool(match["unit"] or match["yuan"])
        factor = _UNITS.get(match["unit"] or "", 1) if has_unit else given.factor
        amount = float(Decimal(match["number"].replace(",", "")) * factor)
        if amount > MOST_YUAN:
            self._doubtful(
                given,
                said("no amount of yuan is as large as {value}", value=shown(text)),
                said("write one of at most {most:,}", most=MOST_YUAN),
            )
            return None
        return amount

    def day(self, given: Given) -> date | None:
        """A day: ``2026-03-31``, ``2026/3/31``, ``2026年3月31日``, ``20260331``. A month alone is its last day."""
        text = self.text(given)
        if text is None or text.casefold() in _BLANK_MARKS:
            return None
        found = _day(unicodedata.normalize("NFKC", text))
        if found is None:
            self._doubtful(given, said("expected a date, found {value}", value=shown(text)), "write it as 2026-03-31")
        return found

    def flag(self, given: Given) -> bool:
        """Yes or no; nothing is no."""
        if isinstance(given.value, bool):
            return given.value
        word = (self.text(given) or "no").casefold()
        if word not in _TRUE | _FALSE:
            self._wrong(given, said("expected true or false, found {value}", value=shown(word)), "write true or false")
        return word in _TRUE

    def _wrong(self, given: Given, finding: str, remedy: str) -> None:
        self.faults.append(Fault(self.at(given), finding, remedy))

    def _doubtful(self, given: Given, finding: str, remedy: str) -> None:
        (self.warnings if self.style == "cell" else self.faults).append(Fault(self.at(given), finding, remedy))

    def at(self, given: Given) -> str:
        """The place of a value in a fault."""
        return said("{place}, {inner}", place=self.place, inner=shortened(given.name))

    def _text_remedy(self, value: object) -> str:
        if isinstance(value, bool):
            return said('write "{word}" in quotes', word="true" if value else "false")
        return "join the items into one text" if isinstance(value, list) else "write one text"


def cleaned(text: str) -> str:
    """The text without blanks around it, line ends of one kind, characters that are no text as spaces."""
    return _NO_TEXT.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")).strip().strip("\ufeff\u200b").strip()


def shown(value: object) -> str:
    """A value as an error shows it: never long, whatever it is."""
    if isinstance(value, str):
        return said("'{text}'", text=shortened(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return said("nothing")
    if isinstance(value, list):
        return said("a list")
    return said("a group of fields") if isinstance(value, Mapping) else shortened(str(value))


def id_from(path: Path) -> str:
    """The id of a problem that gives none: the name of its file, as far as that is text."""
    return cleaned(writable(path.stem)) or "problem"


def _day(text: str) -> date | None:
    for pattern in _DAYS:
        if match := re.fullmatch(pattern, text.strip()):
            year, month, *days = (int(part) for part in match.groups())
            try:
                return date(year, month, days[0] if days else calendar.monthrange(year, month)[1])
            except ValueError:  # IllegalMonthError is one too
                return None
    return None
