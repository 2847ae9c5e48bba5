"""Cases as JSON Lines and CSV, which ``cases import`` reads back, and as Markdown; optionally without names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from matchmaker.csvcells import csv_text, escape_formulas
from matchmaker.domain import Case, Language, Problem
from matchmaker.intake.headings import simplify
from matchmaker.ledger.cases import StoredCase
from matchmaker.messages import Translatable, translate
from matchmaker.writing.plain import as_lines
from matchmaker.writing.words import escape_markdown, markdown_row, outcome_text

if TYPE_CHECKING:
    from matchmaker.writing.out import Context
_PROBLEM_COLUMNS: Final = tuple(Problem.model_fields)
_CASE_COLUMNS: Final = ("institutes", "capability", "outcome", "year", "benefit_cny", "source", "note", "referral")
CSV_COLUMNS: Final = ("case_id", *_PROBLEM_COLUMNS, *_CASE_COLUMNS)
_NUMBERS: Final = frozenset({"year", "benefit_cny", "budget_cny"})
_TEXTS: Final = ("id", "title", "description", "industry", "region", "tried")
_LISTS: Final = ("targets", "conditions", "cooperation", "keywords", "exclude")
_HEADINGS: Final[tuple[Translatable, ...]] = ("Case", "Year", "Institute", "Outcome", "Benefit (yuan)", "Source")
_PLACE: Final = re.compile(
    r"^(?:[\u4e00-\u9fff]{2,3}省)?(?:[\u4e00-\u9fff]{2,3}市|广东|广州|深圳|佛山|东莞|珠海|香港|澳门)?"
)
_LEGAL_FORM: Final = re.compile(
    r"(?:集团)?(?:股份)?(?:有限)?(?:责任)?公司$|集团$|[ ,]{0,9}(?:co\.?,? ?ltd\.?|limited|ltd\.?|inc\.?)$",
    re.IGNORECASE,
)
_IN_BRACKETS: Final = re.compile(r"（[^（）]*）|\([^()]*\)")
_MIN_CORE_LENGTH: Final = 4  # characters of a short name that is searched for in texts
_MIN_NAME_LENGTH: Final = 2  # characters of any name, as a single one would be found everywhere
_HIDDEN: Final = "（隐去 hidden）"


def case_object(case: Case) -> dict[str, object]:
    """A case as flat plain data with the names that ``cases import`` knows; empty values are left out."""
    problem = case.problem.model_dump(mode="json", exclude_defaults=True)
    own = case.model_dump(mode="json", exclude={"id", "problem"}, exclude_none=True)
    return {"case_id": case.id, **problem, **own}


def cases_as_lines(cases: Iterable[Case], context: Context) -> Iterator[str]:
    """Cases as JSON, each on a line."""
    return as_lines(map(case_object, cases), context)


def cases_as_csv(cases: Iterable[Case], context: Context) -> Iterator[str]:  # noqa: ARG001
    """Cases as CSV."""
    yield csv_text([CSV_COLUMNS])
    for case in cases:
        values = case_object(case)
        yield csv_text([[_cell(name, values.get(name)) for name in CSV_COLUMNS]])


def cases_as_markdown(cases: Iterable[Case], context: Context) -> Iterator[str]:
    """Cases as a table; in Chinese when no language is given."""
    language = context.language or "zh"
    yield markdown_row(translate(heading, language) for heading in _HEADINGS) + "\n"
    yield "| :-- | --: | :-- | :-- | --: | :-- |\n"
    for case in cases:
        yield markdown_row(_markdown_cells(case, language)) + "\n"


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if name in _NUMBERS:
        return plain_number(value)
    if isinstance(value, list):
        return escape_formulas("；".join(map(str, value)))
    if isinstance(value, dict):
        return escape_formulas(json.dumps(value, ensure_ascii=False))
    return escape_formulas(str(value))


def plain_number(value: object) -> str:
    """A number without trailing zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _markdown_cells(case: Case, language: Language) -> list[str]:
    return [
        escape_markdown(f"{case.id} {case.problem.title or case.problem.description[:60]}"),
        str(case.year or ""),
        escape_markdown(", ".join(case.institutes)),
        outcome_text(case.outcome, language),
        "" if case.benefit_cny is None else f"{case.benefit_cny:,.0f}",
        escape_markdown(case.source or ""),
    ]


def anonymise_cases(stored_cases: Sequence[StoredCase]) -> list[Case]:
    """The cases that are not deleted, with every enterprise's name replaced by ``企业-001`` and so on.

    The number of an enterprise never changes: numbers are assigned in the order of adding, over deleted cases as well.
    A name is replaced wherever it occurs in any case: in full, without its legal form, and without place and legal form
    if at least four characters remain. A source with a name in its address is hidden altogether. Not found are other
    short forms, brands, people, addresses, and anything that identifies an enterprise without naming it.

    Args:
        stored_cases: All cases of the ledger.
    """
    pseudonyms: dict[str, str] = {}
    for stored in stored_cases:
        name = stored.case.problem.enterprise
        if name and _key(name) not in pseudonyms:
            pseudonyms[_key(name)] = f"企业-{len(pseudonyms) + 1:03d}"
    anonymiser = _Anonymiser(pseudonyms)
    return [anonymiser.case(stored.case) for stored in stored_cases if stored.deleted is None]


class _Anonymiser:
    """Replaces names in texts; the longest first, as one may be part of another."""

    def __init__(self, pseudonyms: Mapping[str, str]) -> None:
        self._pseudonyms = pseudonyms
        self._by_form: dict[str, str] = {}
        for name, pseudonym in pseudonyms.items():
            for form in _forms(name):
                self._by_form.setdefault(form, pseudonym)
        forms = sorted(self._by_form, key=lambda form: (-len(form), form))
        self._name_pattern = re.compile("|".join(map(_pattern, forms))) if forms else None

    def case(self, case: Case) -> Case:
        problem = case.problem
        changed: dict[str, object] = {name: self._text(getattr(problem, name)) for name in _TEXTS}
        changed |= {name: tuple(map(self._text, getattr(problem, name))) for name in _LISTS}
        changed["enterprise"] = self._pseudonyms.get(_key(problem.enterprise or ""))
        source = case.source and (_HIDDEN if self._is_in_address(case.source) else self._text(case.source))
        own = {"id": self._text(case.id), "source": source, "note": self._text(case.note)}
        return case.model_copy(update={"problem": problem.model_copy(update=changed), **own})

    def _text(self, text: str | None) -> str | None:
        if not text or self._name_pattern is None:
            return text
        folded = _fold(text)
        # Where positions do not hold, the folded text is returned rather than one in which a name is left.
        if len(folded) != len(text):
            text = folded
        pieces, end = [], 0
        for match in self._name_pattern.finditer(folded):
            form = "".join(match[0].split())
            pieces += [text[end : match.start()], self._by_form[form]]
            end = match.end()
        return "".join([*pieces, text[end:]])

    def _is_in_address(self, source: str) -> bool:
        return (
            "://" in source
            and self._name_pattern is not None
            and bool(self._name_pattern.search(_fold(unquote(source))))
        )


def _fold(text: str) -> str:
    """The text in simplified characters and lower case; of the same length, except for rare letters."""
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in simplify(text))


def _key(name: str) -> str:
    return "".join(_fold(name).split())


def _forms(name: str) -> list[str]:
    """The forms of a name that are searched for: in full, without legal form, without place and legal form."""
    bare = _LEGAL_FORM.sub("", _IN_BRACKETS.sub("", name))
    core = _PLACE.sub("", bare)
    shorter = [form for form in (bare, core) if len(form) >= _MIN_CORE_LENGTH]
    return [form for form in dict.fromkeys([name, *shorter]) if len(form) >= _MIN_NAME_LENGTH]


def _pattern(form: str) -> str:
    """A pattern for a form with white space anywhere; Latin letters and digits match whole words only."""
    start = r"(?<![a-z0-9])" if form[0].isascii() and form[0].isalnum() else ""
    end = r"(?![a-z0-9])" if form[-1].isascii() and form[-1].isalnum() else ""
    return start + r"\s*".join(map(re.escape, form)) + end
