"""The audience of a page, and the names that it must not show."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

from matchmaker.domain import Institute, Language, Problem, Registry
from matchmaker.messages import translate

AudienceKind: TypeAlias = Literal["broker", "enterprise", "institute"]

_LEGAL_FORM: Final = re.compile(
    r"(?:股份有限公司|有限责任公司|有限公司|集团公司|集团|公司|[\s,，.]{1,9}(?:co\.?,?\s*ltd\.?|ltd\.?|limited|inc\.?|llc))+$",
    re.IGNORECASE,
)
_PLACE: Final = re.compile(
    r"^(?:(?:北京|上海|天津|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|广西|海南|四川"
    r"|贵州|云南|陕西|甘肃|青海|内蒙古|西藏|宁夏|新疆|香港|澳门|台湾|广州|深圳|珠海|汕头|佛山|韶关|湛江|肇庆|江门|茂名|惠州"
    r"|梅州|汕尾|河源|阳江|清远|东莞|中山|潮州|揭阳|云浮|南沙|顺德|杭州|南京|苏州|武汉|成都|长沙|厦门|宁波|青岛)[省市区县]?)+"
)
_MIN_SHORT_NAME: Final = 4  # a shorter rest, such as 星河, is also an ordinary word


@dataclass(frozen=True, slots=True)
class Audience:
    """The reader of a page.

    Attributes:
        kind: The broker sees everything; ``docs/report.md`` describes what the others see.
        institute: The institute, if ``kind`` is ``institute``.
        names_enterprise: Whether an institute sees who has the problem.

    Raises:
        ValueError: An institute is missing, or given for another audience.
    """

    kind: AudienceKind = "broker"
    institute: Institute | None = None
    names_enterprise: bool = False

    def __post_init__(self) -> None:
        if (self.kind == "institute") != (self.institute is not None):
            raise ValueError("an institute is given for the audience 'institute', and only for it")


BROKER: Final = Audience()
ENTERPRISE: Final = Audience("enterprise")


class HiddenSpan(NamedTuple):
    """The position of a name in a text, and its replacement."""

    start: int
    end: int
    stand_in: str


@dataclass(frozen=True, slots=True)
class NameFilter:
    """Groups of names to hide, with their replacements. Case, full-width forms and spaces do not matter."""

    groups: tuple[tuple[tuple[str, ...], str], ...] = ()

    def spans(self, text: str) -> list[HiddenSpan]:
        """The names in ``text``, in order; overlapping ones are merged, with the replacement of the first."""
        all_spans = [
            HiddenSpan(match.start(), match.end(), stand_in)
            for names, stand_in in self.groups
            for match in _pattern(names).finditer(text)
        ]
        spans: list[HiddenSpan] = []
        for name in sorted(all_spans, key=lambda name: (name.start, -name.end)):
            if not spans or name.start >= spans[-1].end:
                spans.append(name)
            elif name.end > spans[-1].end:  # the rest is part of a name as well
                spans[-1] = spans[-1]._replace(end=name.end)
        return spans

    def clean(self, text: str) -> str:
        """``text`` with the names replaced."""
        pieces, last = [], 0
        for start, end, stand_in in self.spans(text):
            pieces += [text[last:start], stand_in]
            last = end
        return "".join([*pieces, text[last:]])


def name_filter_for(problem: Problem, audience: Audience, registry: Registry, language: Language) -> NameFilter:
    """The names that this audience must not see in this problem.

    An institute must not see the enterprise, also without its legal form (…有限公司, … Ltd.) and the place at its
    beginning, unless it may be named; nor any other institute of the registry, by any of its names. Names that are part
    of the reader's own name stay.
    """
    institute = audience.institute
    if institute is None:
        return NameFilter()
    own_names = " ".join(map(_folded, _names(institute)))
    others = (name for other in registry.institutes if other.id != institute.id for name in _names(other))
    groups = [
        (tuple(name for name in others if _folded(name) not in own_names), translate("another institute", language))
    ]
    if problem.enterprise and not audience.names_enterprise:
        groups.append((_with_short_form(problem.enterprise), translate("an enterprise", language)))
    return NameFilter(tuple((names, stand_in) for names, stand_in in groups if any(map(_folded, names))))


def _names(institute: Institute) -> tuple[str, ...]:
    return (*institute.name.both(), *institute.aliases)


def _with_short_form(name: str) -> tuple[str, ...]:
    short = _LEGAL_FORM.sub("", name)
    forms = (name, short, _PLACE.sub("", short))
    return tuple(form for form in dict.fromkeys(forms) if form == name or len(_folded(form)) >= _MIN_SHORT_NAME)


def _folded(text: str) -> str:
    """``text`` without the differences that a filter ignores."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


@lru_cache(maxsize=1024)  # the institutes are the same for every problem
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern that matches any of the names, the longest possible."""
    forms = sorted({_folded(name) for name in names} - {""}, key=lambda form: (-len(form), form))
    return re.compile("|".join(map(_loose_pattern, forms)), re.IGNORECASE)


def _loose_pattern(form: str) -> str:
    """A pattern for a folded name in any case and width, with or without spaces; Latin names match whole words only."""
    chars = (
        f"[{re.escape(char)}{chr(ord(char) + 0xFEE0)}]" if "!" <= char <= "~" else re.escape(char) for char in form
    )
    pattern = r"\s*".join(chars)
    before = r"(?<![A-Za-z0-9])" if form[0].isascii() and form[0].isalnum() else ""
    after = r"(?![A-Za-z0-9])" if form[-1].isascii() and form[-1].isalnum() else ""
    return f"{before}{pattern}{after}"
