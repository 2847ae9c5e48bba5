"""Cases out: JSON Lines and CSV that ``cases import`` reads back, Markdown to read, and all of it without names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote

from matchmaker.domain import Case, Language, Outcome, Problem
from matchmaker.files import csv_text, harmless
from matchmaker.intake.headings import simplified
from matchmaker.ledger.cases import KeptCase
from matchmaker.writing.words import escaped, table_row

ExportFormat: TypeAlias = Literal["jsonl", "csv", "md"]
OUTCOME_WORDS: Final[Mapping[Outcome, tuple[str, str]]] = {
    "solved": ("已解决", "solved"),
    "partly": ("部分解决", "partly solved"),
    "failed": ("未解决", "not solved"),
}
_PROBLEM_COLUMNS: Final = tuple(Problem.model_fields)
_CASE_COLUMNS: Final = ("institutes", "capability", "outcome", "year", "benefit_cny", "source", "note", "referral")
CSV_COLUMNS: Final = ("case_id", *_PROBLEM_COLUMNS, *_CASE_COLUMNS)
_NUMBERS: Final = frozenset({"year", "benefit_cny", "budget_cny"})
_TEXTS: Final = ("id", "title", "description", "industry", "region", "tried")
_LISTS: Final = ("targets", "conditions", "cooperation", "keywords", "exclude")
_HEADINGS: Final[Mapping[str, tuple[str, str]]] = {
    "case": ("案例", "Case"),
    "year": ("年份", "Year"),
    "institute": ("机构", "Institute"),
    "outcome": ("结果", "Outcome"),
    "benefit": ("效益（元）", "Benefit (yuan)"),
    "source": ("来源", "Source"),
}
_PLACE: Final = re.compile(
    r"^(?:[\u4e00-\u9fff]{2,3}省)?(?:[\u4e00-\u9fff]{2,3}市|广东|广州|深圳|佛山|东莞|珠海|香港|澳门)?"
)
_LEGAL_FORM: Final = re.compile(
    r"(?:集团)?(?:股份)?(?:有限)?(?:责任)?公司$|集团$|[ ,]{0,9}(?:co\.?,? ?ltd\.?|limited|ltd\.?|inc\.?)$",
    re.IGNORECASE,
)
_IN_BRACKETS: Final = re.compile(r"（[^（）]*）|\([^()]*\)")
_LEAST_CORE: Final = 4  # characters of a short name that is looked for in texts
_LEAST_NAME: Final = 2  # of any name: one character alone would be found everywhere
_HIDDEN: Final = "（隐去 hidden）"


def case_object(case: Case) -> dict[str, object]:
    """A case as plain data, flat; the names are those that ``cases import`` knows, what is empty is left out."""
    problem = case.problem.model_dump(mode="json", exclude_defaults=True)
    own = case.model_dump(mode="json", exclude={"id", "problem"}, exclude_none=True)
    return {"case_id": case.id, **problem, **own}


def export_cases(cases: Iterable[Case], format: ExportFormat, language: Language = "zh") -> Iterator[str]:
    """The text of cases, piece by piece and without a byte order mark."""
    if format == "jsonl":
        for case in cases:
            line = json.dumps(case_object(case), ensure_ascii=False)
            yield line.replace("\x85", "\\u0085").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029") + "\n"
    elif format == "csv":
        yield csv_text([CSV_COLUMNS])
        for case in cases:
            values = case_object(case)
            yield csv_text([[_cell(name, values.get(name)) for name in CSV_COLUMNS]])
    else:
        yield table_row(words[language == "en"] for words in _HEADINGS.values()) + "\n"
        yield "| :-- | --: | :-- | :-- | --: | :-- |\n"
        for case in cases:
            yield table_row(_markdown_cells(case, language)) + "\n"


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if name in _NUMBERS:
        return plain_number(value)
    if isinstance(value, list):
        return harmless("；".join(map(str, value)))
    if isinstance(value, dict):
        return harmless(json.dumps(value, ensure_ascii=False))
    return harmless(str(value))


def plain_number(value: object) -> str:
    """A number without needless zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _markdown_cells(case: Case, language: Language) -> list[str]:
    return [
        escaped(f"{case.id} {case.problem.title or case.problem.description[:60]}"),
        str(case.year or ""),
        escaped(", ".join(case.institutes)),
        OUTCOME_WORDS[case.outcome][language == "en"],
        "" if case.benefit_cny is None else f"{case.benefit_cny:,.0f}",
        escaped(case.source or ""),
    ]


def anonymised(kept: Sequence[KeptCase]) -> list[Case]:
    """The cases that are not deleted, with every enterprise's name replaced by ``企业-001`` and so on.

    An enterprise keeps its number for good: they are given out in the order of adding, over deleted cases as well. A
    name is replaced wherever it stands in any case, in full, without its legal form, and without place and legal form
    if four characters remain; a source that holds one in its address is hidden altogether. What is not found: other
    short forms and brands, people, addresses, and what gives an enterprise away without naming it.

    Args:
        kept: All cases of the ledger.
    """
    pseudonyms: dict[str, str] = {}
    for one in kept:
        name = one.case.problem.enterprise
        if name and _key(name) not in pseudonyms:
            pseudonyms[_key(name)] = f"企业-{len(pseudonyms) + 1:03d}"
    hide = _Hider(pseudonyms)
    return [hide.case(one.case) for one in kept if one.deleted is None]


class _Hider:
    """Replaces names in texts; the longest first, as one may be part of another."""

    def __init__(self, pseudonyms: Mapping[str, str]) -> None:
        self._pseudonyms = pseudonyms
        self._by_form: dict[str, str] = {}
        for name, pseudonym in pseudonyms.items():
            for form in _forms(name):
                self._by_form.setdefault(form, pseudonym)
        forms = sorted(self._by_form, key=lambda form: (-len(form), form))
        self._found = re.compile("|".join(map(_pattern, forms))) if forms else None

    def case(self, case: Case) -> Case:
        problem = case.problem
        changed: dict[str, object] = {name: self._text(getattr(problem, name)) for name in _TEXTS}
        changed |= {name: tuple(map(self._text, getattr(problem, name))) for name in _LISTS}
        changed["enterprise"] = self._pseudonyms.get(_key(problem.enterprise or ""))
        source = case.source and (_HIDDEN if self._is_in_address(case.source) else self._text(case.source))
        own = {"id": self._text(case.id), "source": source, "note": self._text(case.note)}
        return case.model_copy(update={"problem": problem.model_copy(update=changed), **own})

    def _text(self, text: str | None) -> str | None:
        if not text or self._found is None:
            return text
        evened = _evened(text)
        if len(evened) != len(text):  # positions would not hold: better the simplified text than a name left standing
            text = evened
        pieces, end = [], 0
        for found in self._found.finditer(evened):
            form = "".join(found[0].split())
            pieces += [text[end : found.start()], self._by_form[form]]
            end = found.end()
        return "".join([*pieces, text[end:]])

    def _is_in_address(self, source: str) -> bool:
        return "://" in source and self._found is not None and bool(self._found.search(_evened(unquote(source))))


def _evened(text: str) -> str:
    """Simplified characters in lower case; as long as the text, but for rare letters."""
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in simplified(text))


def _key(name: str) -> str:
    return "".join(_evened(name).split())


def _forms(name: str) -> list[str]:
    """The ways a name is looked for: in full, without its legal form, without place and legal form."""
    bare = _LEGAL_FORM.sub("", _IN_BRACKETS.sub("", name))
    core = _PLACE.sub("", bare)
    shorter = [form for form in (bare, core) if len(form) >= _LEAST_CORE]
    return [form for form in dict.fromkeys([name, *shorter]) if len(form) >= _LEAST_NAME]


def _pattern(form: str) -> str:
    """A form with any white space in it; Latin letters and digits are never cut out of a longer word."""
    start = r"(?<![a-z0-9])" if form[0].isascii() and form[0].isalnum() else ""
    end = r"(?![a-z0-9])" if form[-1].isascii() and form[-1].isalnum() else ""
    return start + r"\s*".join(map(re.escape, form)) + end
