"""Rows of a table as read, for a person to check before a long run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console

from matchmaker.domain import Language, Problem
from matchmaker.intake import RejectedRow, Row
from matchmaker.messages import Translatable, translate, translate_counted
from matchmaker.writing import labelled
from matchmaker.writing.terminal.lines import TerminalColumn, cell, print_rows, say

_N_DESCRIPTION: Final = 60
_N_OTHER: Final = 40
_COLUMNS: Final[tuple[Translatable, ...]] = ("Id", "Title", "Enterprise", "Description", "Other fields")
_TEXTS: Final[Mapping[str, Translatable]] = {"industry": "Industry", "region": "Region", "tried": "Tried"}
_LISTS: Final[Mapping[str, Translatable]] = {
    "targets": "Targets",
    "conditions": "Conditions",
    "cooperation": "Cooperation",
    "keywords": "Keywords",
    "exclude": "Exclude",
}


def print_rows_read(console: Console, rows: Sequence[Row], *, n_good: int, n_rejected: int, language: Language) -> None:
    """Print problems as a table, then rejected rows with their faults, then the counts of all rows."""
    problems = [row for row in rows if isinstance(row, Problem)]
    if problems:
        columns = [TerminalColumn(translate(name, language), is_short=name == "Id") for name in _COLUMNS]
        print_rows(console, columns, [[cell(text) for text in _texts(one, language)] for one in problems], language)
        console.print()
    for row in rows:
        if isinstance(row, RejectedRow):
            for fault in row.faults:
                say(console, labelled(translate("rejected", language), fault.in_language(language), language))
    say(
        console,
        translate_counted(
            n_good + n_rejected,
            "{n:,} row: {good:,} problems, {rejected:,} rejected; above the first {shown:,}, nothing matched",
            "{n:,} rows: {good:,} problems, {rejected:,} rejected; above the first {shown:,}, nothing matched",
            language,
            good=n_good,
            rejected=n_rejected,
            shown=len(rows),
        ),
    )


def _texts(problem: Problem, language: Language) -> tuple[str, ...]:
    others = "; ".join(labelled(translate(name, language), text, language) for name, text in _others(problem))
    described = _shorten(problem.description, _N_DESCRIPTION)
    return (problem.id, problem.title, problem.enterprise or "", described, others)


def _others(problem: Problem) -> list[tuple[Translatable, str]]:
    found = [(name, getattr(problem, field)) for field, name in _TEXTS.items() if getattr(problem, field)]
    found += [(name, "；".join(getattr(problem, field))) for field, name in _LISTS.items() if getattr(problem, field)]
    limits = problem.require.model_dump(exclude_defaults=True)
    more: dict[Translatable, str] = {
        "Budget (yuan)": "" if problem.budget_cny is None else f"{problem.budget_cny:,.0f}",
        "Deadline": "" if problem.deadline is None else problem.deadline.isoformat(),
        "Required": ", ".join(str(value) for value in limits.values()),
    }
    return [(name, _shorten(text, _N_OTHER)) for name, text in (*found, *more.items()) if text]


def _shorten(text: str, n: int) -> str:
    return text if len(text) <= n else f"{text[: n - 1]}…"
