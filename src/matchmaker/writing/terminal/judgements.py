"""Judging, judgements and the agreement of judges on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from matchmaker.domain import Language, Match, Problem, Registry
from matchmaker.evaluation import Estimate
from matchmaker.messages import translate, translate_counted
from matchmaker.writing import (
    GRADE_WORDS,
    bracketed,
    enumerated,
    in_series,
    labelled,
    level_word,
    problem_heading,
)
from matchmaker.writing.terminal.ledger import institute_name
from matchmaker.writing.terminal.lines import TerminalColumn, cell, print_rows, say

if TYPE_CHECKING:
    from matchmaker.evaluation.agreement import Agreement
    from matchmaker.ledger.judgements import Judgement

_MAX_CAPABILITIES = 8


def grade_word(grade: int, language: Language) -> str:
    """A grade with its word."""
    return f"{grade}{bracketed(translate(GRADE_WORDS[grade], language), language)}"


def print_task(console: Console, problem: Problem, n: int, language: Language, *, seed: int | None) -> None:
    """Print the problem, how many institutes are to be graded, and the grades."""
    say(console, problem_heading(problem), style="bold")
    if problem.description:
        say(console, problem.description)
    console.print()
    say(console, translate_counted(n, "{n} institute to grade:", "{n} institutes to grade:", language))
    grades = (f"{grade} {translate(GRADE_WORDS[grade], language)}" for grade in reversed(range(len(GRADE_WORDS))))
    say(console, translate("{grades}; s to skip, q to stop", language, grades=in_series(grades, language)))
    if seed is not None:
        say(console, labelled(translate("Seed", language), str(seed), language))


def print_candidate(
    console: Console, match: Match, registry: Registry, number: int, language: Language, *, blind: bool
) -> None:
    """Print an institute with its capabilities; unless ``blind``, also its score and best capability."""
    console.print()
    say(console, f"{number}. {match.name.in_language(language)}", style="bold")
    institute = next((one for one in registry.institutes if one.id == match.institute), None)
    if institute is not None and institute.summary:
        say(console, institute.summary.in_language(language), indent=3)
    names = [one.name.in_language(language) for one in institute.capabilities] if institute else []
    more = ["…"] if len(names) > _MAX_CAPABILITIES else []
    say(
        console,
        labelled(translate("Capability", language), enumerated(names[:_MAX_CAPABILITIES] + more, language), language),
        indent=3,
    )
    if not blind:
        score = f"{match.score:.2f}{bracketed(level_word(match.level, language), language)}"
        line = f"{match.capability.name.in_language(language)}: {score}"
        say(console, line, indent=3)


def print_judgements(console: Console, found: Sequence[Judgement], registry: Registry, language: Language) -> None:
    """Print a line for each judgement."""
    columns = (
        TerminalColumn(translate("Problem", language)),
        TerminalColumn(translate("Institute", language)),
        TerminalColumn(translate("Grade", language), is_short=True),
        TerminalColumn(translate("Judge", language)),
        TerminalColumn(translate("When", language), is_short=True),
        TerminalColumn(translate("Blind", language), is_short=True),
    )
    rows = [
        (
            cell(problem_heading(one.problem)),
            cell(institute_name(registry, one.institute, language)),
            cell(grade_word(one.grade, language)),
            cell(one.judge),
            cell(one.at),
            cell(translate("yes", language) if one.blind else ""),
        )
        for one in found
    ]
    if rows:
        print_rows(console, columns, rows, language)
    say(console, translate_counted(len(rows), "{n:,} judgement", "{n:,} judgements", language))


def print_agreement(console: Console, found: Agreement, judges: tuple[str, str], language: Language) -> None:
    """Print both kappas with their intervals and the numbers of pairs, or why they are undefined."""
    say(
        console,
        translate("Agreement of {first} and {second}", language, first=judges[0], second=judges[1]),
        style="bold",
    )
    if not found.n_pairs:
        say(console, translate("There is no pair that both have graded.", language))
        return
    counts = {"pairs": found.n_pairs, "problems": found.n_problems, "same": found.n_same}
    say(
        console,
        translate("Both graded {pairs} pairs (of {problems} problems), {same} of them alike.", language, **counts),
    )
    if found.kappa.value is None:
        say(
            console,
            translate(
                "Both gave one and the same grade to everything: by chance they would agree fully "
                "too, so that kappa is not defined.",
                language,
            ),
        )
        return
    columns = (
        TerminalColumn(translate("Measure", language)),
        TerminalColumn(translate("Value", language), is_short=True, is_number=True),
        TerminalColumn(translate("95 % interval", language), is_short=True, is_number=True),
    )
    rows = [
        (cell(name), cell(_three(estimate.value)), cell(_interval(estimate)))
        for name, estimate in (
            ("Cohen's kappa", found.kappa),
            (translate("kappa, quadratic weights", language), found.weighted),
        )
    ]
    print_rows(console, columns, rows, language)
    if found.n_problems == 1:
        say(console, translate("There is only one problem, so no interval can be estimated.", language))


def _three(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _interval(found: Estimate) -> str:
    return "" if found.low is None or found.high is None else f"{found.low:.3f} – {found.high:.3f}"
