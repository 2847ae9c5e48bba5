"""Judging, judgements and how far judges agree, on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from matchmaker.domain import Language, Match, Problem, Registry
from matchmaker.evaluation import Estimate
from matchmaker.writing import GRADE_WORDS, bracketed, labelled, level_word, problem_heading
from matchmaker.writing.terminal.ledger import institute_name, word
from matchmaker.writing.terminal.lines import Column, cell, print_rows, say
from matchmaker.writing.terminal.phrases import listed

if TYPE_CHECKING:
    from matchmaker.evaluation.agreement import Agreement
    from matchmaker.ledger.judgements import Judgement

_MOST_CAPABILITIES = 8


def grade_word(grade: int, language: Language) -> str:
    """A grade with its word."""
    return f"{grade}{bracketed(GRADE_WORDS[grade][language == 'en'], language)}"


def print_task(console: Console, problem: Problem, n: int, language: Language, *, seed: int | None) -> None:
    """Print the problem, how many institutes are to be graded, and the grades."""
    say(console, problem_heading(problem), style="bold")
    if problem.description:
        say(console, problem.description)
    console.print()
    say(console, word("n_candidates", language, n=n))
    grades = (f"{grade} {GRADE_WORDS[grade][language == 'en']}" for grade in reversed(range(len(GRADE_WORDS))))
    say(console, word("scale", language, grades=("，" if language == "zh" else ", ").join(grades)))
    if seed is not None:
        say(console, labelled(word("seed", language), str(seed), language))


def print_candidate(
    console: Console, match: Match, registry: Registry, number: int, language: Language, *, blind: bool
) -> None:
    """Print one institute with what it can do; unless ``blind`` with its score and the reasons for it."""
    console.print()
    say(console, f"{number}. {match.name.in_language(language)}", style="bold")
    institute = next((one for one in registry.institutes if one.id == match.institute), None)
    if institute is not None and institute.summary:
        say(console, institute.summary.in_language(language), indent=3)
    names = [one.name.in_language(language) for one in institute.capabilities] if institute else []
    more = ["…"] if len(names) > _MOST_CAPABILITIES else []
    say(
        console,
        labelled(word("capability", language), listed(names[:_MOST_CAPABILITIES] + more, language), language),
        indent=3,
    )
    if not blind:
        score = f"{match.score:.2f}{bracketed(level_word(match.level, language), language)}"
        said = f"{match.capability.name.in_language(language)}: {score}"
        say(console, said, indent=3)


def print_judgements(console: Console, found: Sequence[Judgement], registry: Registry, language: Language) -> None:
    """Print a line for each judgement."""
    columns = (
        Column(word("problem", language)),
        Column(word("institute", language)),
        Column(word("grade", language), is_short=True),
        Column(word("judge", language)),
        Column(word("when", language), is_short=True),
        Column(word("blind", language), is_short=True),
    )
    rows = [
        (
            cell(problem_heading(one.problem)),
            cell(institute_name(registry, one.institute, language)),
            cell(grade_word(one.grade, language)),
            cell(one.judge),
            cell(one.at),
            cell(word("yes", language) if one.blind else ""),
        )
        for one in found
    ]
    if rows:
        print_rows(console, columns, rows, language)
    say(console, word("n_judgements", language, n=len(rows)))


def print_agreement(console: Console, found: Agreement, judges: tuple[str, str], language: Language) -> None:
    """Print both kappas with their intervals, and what they rest on; where nothing defines them, why."""
    say(console, word("agreement", language, first=judges[0], second=judges[1]), style="bold")
    if not found.n_pairs:
        say(console, word("no_pairs", language))
        return
    counts = {"pairs": found.n_pairs, "problems": found.n_problems, "same": found.n_same}
    say(console, word("both", language, **counts))
    if found.kappa.value is None:
        say(console, word("undefined", language))
        return
    columns = (
        Column(word("measure", language)),
        Column(word("value", language), is_short=True, is_number=True),
        Column(word("interval", language), is_short=True, is_number=True),
    )
    rows = [
        (cell(word(name, language)), cell(_three(estimate.value)), cell(_interval(estimate)))
        for name, estimate in (("kappa", found.kappa), ("weighted", found.weighted))
    ]
    print_rows(console, columns, rows, language)
    if found.n_problems == 1:
        say(console, word("one_problem", language))


def _three(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _interval(found: Estimate) -> str:
    return "" if found.low is None or found.high is None else f"{found.low:.3f} – {found.high:.3f}"
