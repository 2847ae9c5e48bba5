"""Whom a page is for, and the names that it must not show."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal, NamedTuple, TypeAlias

from matchmaker.domain import Institute, Language, Problem, Registry
from matchmaker.report.words import say

Kind: TypeAlias = Literal["broker", "enterprise", "institute"]

_LEGAL_FORM: Final = re.compile(
    r"(?:股份有限公司|有限责任公司|有限公司|集团公司|集团|公司|[\s,，.]+(?:co\.?,?\s*ltd\.?|ltd\.?|limited|inc\.?|llc))+$",
    re.IGNORECASE,
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


@dataclass(frozen=True)
class Veil:
    """Names, and what stands in their place. Upper and lower case, full-width forms and spaces make no difference."""

    names: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        forms = sorted(filter(None, map(_folded, self.names)), key=len, reverse=True)
        return re.compile("|".join(map(_loosely, forms)), re.IGNORECASE) if forms else None

    @cached_property
    def _stand_ins(self) -> dict[str, str]:
        return {_folded(name): stand_in for name, stand_in in self.names.items()}

    def spans(self, text: str) -> list[Hidden]:
        """The names in ``text``, in order."""
        if self._pattern is None:
            return []
        found = self._pattern.finditer(text)
        return [Hidden(hit.start(), hit.end(), self._stand_ins.get(_folded(hit[0]), "…")) for hit in found]

    def clean(self, text: str) -> str:
        """``text`` without the names."""
        pieces, last = [], 0
        for start, end, stand_in in self.spans(text):
            pieces += [text[last:start], stand_in]
            last = end
        return "".join([*pieces, text[last:]])


def veil_for(problem: Problem, audience: Audience, registry: Registry, language: Language) -> Veil:
    """The names that this audience must not see in this problem.

    For an institute: the enterprise, also without its legal form (…有限公司, … Ltd.), unless it may be named; and every
    other institute of the registry, by all its names. Names that are part of the reader's own name stay.
    """
    institute = audience.institute
    if institute is None:
        return Veil()
    names: dict[str, str] = {}
    own = " ".join(map(_folded, _names(institute)))
    for other in registry.institutes:
        if other.id != institute.id:
            hidden = (name for name in _names(other) if _folded(name) not in own)
            names.update(dict.fromkeys(hidden, say("other_institute", language)))
    if problem.enterprise and not audience.names_enterprise:
        names.update(dict.fromkeys(_with_short_form(problem.enterprise), say("some_enterprise", language)))
    return Veil(names)


def _names(institute: Institute) -> tuple[str, ...]:
    return (*institute.name.both(), *institute.aliases)


def _with_short_form(name: str) -> Iterable[str]:
    short = _LEGAL_FORM.sub("", name)
    return (name, short) if len(_folded(short)) >= _LEAST_SHORTENED else (name,)


def _folded(text: str) -> str:
    """``text`` without what a veil does not look at."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def _loosely(form: str) -> str:
    """A pattern for a folded name in any case and width, with or without spaces; a Latin one as a word of its own."""
    both = (f"[{re.escape(char)}{chr(ord(char) + 0xFEE0)}]" if "!" <= char <= "~" else re.escape(char) for char in form)
    pattern = r"\s*".join(both)
    before = r"(?<![A-Za-z0-9])" if form[0].isascii() and form[0].isalnum() else ""
    after = r"(?![A-Za-z0-9])" if form[-1].isascii() and form[-1].isalnum() else ""
    return f"{before}{pattern}{after}"
