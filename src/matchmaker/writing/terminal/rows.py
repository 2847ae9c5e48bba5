"""Rows of a table as they are read, for a person to check before a long run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console

from matchmaker.domain import Language, Problem
from matchmaker.intake import Rejected, Row
from matchmaker.writing import labelled
from matchmaker.writing.terminal.lines import Column, cell, print_rows, say
from matchmaker.writing.terminal.phrases import phrase

_N_DESCRIPTION: Final = 60
_N_OTHER: Final = 40
_COLUMNS: Final = ("id", "title", "enterprise", "description", "other_fields")
_LISTS: Final = ("targets", "conditions", "cooperation", "keywords", "exclude")


def print_rows_read(console: Console, rows: Sequence[Row], *, n_good: int, n_rejected: int, language: Language) -> None:
    """Print problems as a table, then the rejected rows among them with the reasons, then the counts of all rows."""
    problems = [row for row in rows if isinstance(row, Problem)]
    if problems:
        columns = [Column(phrase(name, language), is_short=name == "id") for name in _COLUMNS]
        print_rows(console, columns, [[cell(text) for text in _texts(one, language)] for one in problems], language)
        console.print()
    for row in rows:
        if isinstance(row, Rejected):
            for fault in row.faults:
                say(console, labelled(phrase("rejected_row", language), fault.in_language(language), language))
    say(
        console, phrase("rows_read", language, n=n_good + n_rejected, good=n_good, rejected=n_rejected, shown=len(rows))
    )


def _texts(problem: Problem, language: Language) -> tuple[str, ...]:
    others = "; ".join(labelled(phrase(name, language), text, language) for name, text in _others(problem))
    described = _begun(problem.description, _N_DESCRIPTION)
    return (problem.id, problem.title, problem.enterprise or "", described, others)


def _others(problem: Problem) -> list[tuple[str, str]]:
    found = [(name, getattr(problem, name)) for name in ("industry", "region", "tried") if getattr(problem, name)]
    found += [(name, "；".join(getattr(problem, name))) for name in _LISTS if getattr(problem, name)]
    if problem.budget_cny is not None:
        found.append(("budget_cny", f"{problem.budget_cny:,.0f}"))
    if problem.deadline is not None:
        found.append(("deadline", problem.deadline.isoformat()))
    limits = problem.require.model_dump(exclude_defaults=True)
    if limits:
        found.append(("require", ", ".join(str(value) for value in limits.values())))
    return [(name, _begun(text, _N_OTHER)) for name, text in found]


def _begun(text: str, n: int) -> str:
    return text if len(text) <= n else f"{text[: n - 1]}…"
