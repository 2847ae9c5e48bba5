"""Whom a page is for, and the names that it must not show."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

from matchmaker.domain import Institute, Language, Problem, Registry
from matchmaker.writing.page.words import say

Kind: TypeAlias = Literal["broker", "enterprise", "institute"]

_LEGAL_FORM: Final = re.compile(
    r"(?:股份有限公司|有限责任公司|有限公司|集团公司|集团|公司|[\s,，.]{1,9}(?:co\.?,?\s*ltd\.?|ltd\.?|limited|inc\.?|llc))+$",
    re.IGNORECASE,
)
_PLACE: Final = re.compile(
    r"^(?:(?:北京|上海|天津|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|广西|海南|四川"
    r"|贵州|云南|陕西|甘肃|青海|内蒙古|西藏|宁夏|新疆|香港|澳门|台湾|广州|深圳|珠海|汕头|佛山|韶关|湛江|肇庆|江门|茂名|惠州"
    r"|梅州|汕尾|河源|阳江|清远|东莞|中山|潮州|揭阳|云浮|南沙|顺德|杭州|南京|苏州|武汉|成都|长沙|厦门|宁波|青岛)[省市区县]?)+"
)
_LEAST_SHORTENED: Final = 4  # a shorter rest, such as 星河, is also an ordinary word


@dataclass(frozen=True, slots=True)
class Audience:
    """Who reads the page.

    Attributes:
        kind: The broker sees everything; ``docs/report.md`` says what the others see.
        institute: For ``institute``, which one.
        names_enterprise: Whether an institute is told who has the problem.

    Raises:
        ValueError: An institute is missing, or given for another audience.
    """

    kind: Kind = "broker"
    institute: Institute | None = None
    names_enterprise: bool = False

    def __post_init__(self) -> None:
        if (self.kind == "institute") != (self.institute is not None):
            raise ValueError("an institute is given for the audience 'institute', and only for it")


BROKER: Final = Audience()
ENTERPRISE: Final = Audience("enterprise")


class Hidden(NamedTuple):
    """Where a name stands in a text, and what is to stand there instead."""

    start: int
    end: int
    stand_in: str


@dataclass(frozen=True, slots=True)
class Veil:
    """Groups of names, and what stands in their place. Case, full-width forms and spaces make no difference."""

    groups: tuple[tuple[tuple[str, ...], str], ...] = ()

    def spans(self, text: str) -> list[Hidden]:
        """The names in ``text``, in order; where two overlap, the one that begins first."""
        found = [
            Hidden(hit.start(), hit.end(), stand_in)
            for names, stand_in in self.groups
            for hit in _pattern(names).finditer(text)
        ]
        clear: list[Hidden] = []
        for name in sorted(found, key=lambda name: (name.start, -name.end)):
            if not clear or name.start >= clear[-1].end:
                clear.append(name)
            elif name.end > clear[-1].end:  # what sticks out is part of a name as well
                clear[-1] = clear[-1]._replace(end=name.end)
        return clear

    def clean(self, text: str) -> str:
        """``text`` without the names."""
        pieces, last = [], 0
        for start, end, stand_in in self.spans(text):
            pieces += [text[last:start], stand_in]
            last = end
        return "".join([*pieces, text[last:]])


def veil_for(problem: Problem, audience: Audience, registry: Registry, language: Language) -> Veil:
    """The names that this audience must not see in this problem.

    For an institute: the enterprise, also without its legal form (…有限公司, … Ltd.) and the place at its beginning,
    unless it may be named; and every other institute of the registry, by all its names. Names that are part of the
    reader's own name stay.
    """
    institute = audience.institute
    if institute is None:
        return Veil()
    own = " ".join(map(_folded, _names(institute)))
    others = (name for other in registry.institutes if other.id != institute.id for name in _names(other))
    groups = [(tuple(name for name in others if _folded(name) not in own), say("other_institute", language))]
    if problem.enterprise and not audience.names_enterprise:
        groups.append((_with_short_form(problem.enterprise), say("some_enterprise", language)))
    return Veil(tuple((names, stand_in) for names, stand_in in groups if any(map(_folded, names))))


def _names(institute: Institute) -> tuple[str, ...]:
    return (*institute.name.both(), *institute.aliases)


def _with_short_form(name: str) -> tuple[str, ...]:
    short = _LEGAL_FORM.sub("", name)
    forms = (name, short, _PLACE.sub("", short))
    return tuple(form for form in dict.fromkeys(forms) if form == name or len(_folded(form)) >= _LEAST_SHORTENED)


def _folded(text: str) -> str:
    """``text`` without what a veil does not look at."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


@lru_cache(maxsize=1024)  # the names of the institutes are the same for every problem
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the names, the longest that fits."""
    forms = sorted({_folded(name) for name in names} - {""}, key=lambda form: (-len(form), form))
    return re.compile("|".join(map(_loosely, forms)), re.IGNORECASE)


def _loosely(form: str) -> str:
    """A pattern for a folded name in any case and width, with or without spaces; a Latin one as a word of its own."""
    both = (f"[{re.escape(char)}{chr(ord(char) + 0xFEE0)}]" if "!" <= char <= "~" else re.escape(char) for char in form)
    pattern = r"\s*".join(both)
    before = r"(?<![A-Za-z0-9])" if form[0].isascii() and form[0].isalnum() else ""
    after = r"(?![A-Za-z0-9])" if form[-1].isascii() and form[-1].isalnum() else ""
    return f"{before}{pattern}{after}"
