"""Shortlists, rankings and the summary of a batch on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.console import Console

from matchmaker.domain import Institute, Language, Match, Problem, Reason, Registry, Shortlist
from matchmaker.institutes import ids_of, names_of
from matchmaker.writing import (
    LEVELS_ONLY,
    Display,
    basis_text,
    bracketed,
    capability_name,
    claim_text,
    labelled,
    left_out_sentence,
    level_word,
    outcome_text,
    problem_heading,
    readiness_text,
    record_of,
    removal_text,
    verdict_sentence,
)
from matchmaker.writing.terminal.lines import Column, cell, level_cell, print_rows, say
from matchmaker.writing.terminal.phrases import phrase
from matchmaker.writing.terminal.registry import record_line

_SHOWN: Final = 3
_MOST_LOADS: Final = 50
"""So many reasons and pieces of evidence are shown of each match; how many more there are is said."""


def print_shortlist(
    console: Console,
    shortlist: Shortlist,
    *,
    registry: Registry,
    language: Language | None = None,
    display: Display = LEVELS_ONLY,
) -> None:
    """Print the answer to one problem: verdict, table, reasons and evidence, limits, the alliance's record.

    Args:
        console: Where to print.
        shortlist: What to print.
        registry: Gives the alliance's record, which is left out when it has none.
        language: The language of names and words; the problem's own when not given.
        display: What is shown beside institutes and levels.
    """
    language = language or shortlist.problem.language
    is_matched = shortlist.verdict == "matched"
    listed = display.listed(shortlist)
    say(console, problem_heading(shortlist.problem), style="bold")
    say(console, verdict_sentence(shortlist, language), style="green" if is_matched else "bold yellow")
    for number, question in enumerate(shortlist.questions, start=1):
        say(console, question.text, mark=f"{number}.", indent=3)
    if listed and not is_matched:
        say(console, phrase("leads" if shortlist.verdict == "unclear" else "near_misses", language), style="dim")
    if listed:
        _print_matches(console, listed, language, scores=display.scores)
    for note in _notes(shortlist, len(listed), display, language):
        say(console, note, style="dim")
    for match in listed:
        if match.level != "none" and shortlist.verdict != "unclear":
            _print_grounds(console, match, language, scores=display.scores)
    if shortlist.removed:
        console.print()
    for removal in shortlist.removed:
        say(console, labelled(phrase("removed", language), removal_text(removal, language), language), style="dim")
    if registry.alliance:
        console.print()
        say(console, record_line(registry.alliance, language), style="dim")


def _notes(shortlist: Shortlist, n_listed: int, display: Display, language: Language) -> Iterator[str]:
    """What stands below the table: how many institutes are not listed, and the record of the first one's level."""
    left_out = left_out_sentence(len(shortlist.matches) - n_listed, language)
    if left_out:
        yield left_out + bracketed(phrase("list_all", language), language)
    record = record_of(shortlist, display, language)
    if record:
        yield record


def _print_matches(console: Console, matches: Sequence[Match], language: Language, *, scores: bool) -> None:
    columns = (
        Column(phrase("rank", language), is_short=True, is_number=True),
        Column(phrase("institute", language)),
        Column(phrase("level", language), is_short=True),
        *_score_column(language, shown=scores),
        Column(phrase("capability", language)),
    )
    rows = [
        (
            cell(str(match.rank), _dimmed(match)),
            cell(match.name.in_language(language), _dimmed(match)),
            level_cell(console, match.level, language),
            *([cell(f"{match.score:.2f}", _dimmed(match))] if scores else ()),
            cell(capability_name(match, language), _dimmed(match)),
        )
        for match in matches
    ]
    print_rows(console, columns, rows, language)


def _score_column(language: Language, *, shown: bool) -> tuple[Column, ...]:
    return (Column(phrase("score", language), is_short=True, is_number=True),) if shown else ()


def _dimmed(match: Match) -> str:
    return "dim" if match.level in {"weak", "none"} else ""


def _print_grounds(console: Console, match: Match, language: Language, *, scores: bool) -> None:
    style = _dimmed(match)
    name = f"{match.rank}. {match.name.in_language(language)}"
    console.print()
    say(console, name + bracketed(level_word(match.level, language), language), style=style or "bold")
    basis = labelled(phrase("basis", language), basis_text(match.basis, language), language)
    say(console, basis, mark="-", indent=3, style="magenta" if match.basis.via_parent else style)
    if ready := readiness_text(match.readiness, language):
        say(console, labelled(phrase("readiness", language), ready, language), mark="-", indent=3, style="yellow")
    for reason in match.reasons[:_SHOWN]:
        say(console, reason_line(reason, language, scores=scores), mark="-", indent=3, style=style)
    _say_left_out(console, len(match.reasons), language)
    for evidence in match.evidence[:_SHOWN]:
        claim = labelled(phrase("evidence", language), claim_text(evidence, language), language)
        say(console, claim, mark="-", indent=3, style=style)
        say(console, evidence.source, indent=5, style="dim")
    _say_left_out(console, len(match.evidence), language)


def _say_left_out(console: Console, n_all: int, language: Language) -> None:
    if n_all > _SHOWN:
        say(console, phrase("not_shown", language, n=n_all - _SHOWN), mark="-", indent=3, style="dim")


def reason_line(reason: Reason, language: Language, *, scores: bool = True) -> str:
    """What the profile says and where the problem says it, with its kind and, as a number, its similarity."""
    found = f" ← “{reason.found}”" if reason.found else ""
    mark = f" ({phrase('inferred', language)})" if reason.inferred else ""
    mark = bracketed(outcome_text(reason.outcome, language), language) if reason.outcome else mark
    number = f" {reason.similarity:.2f}" if scores else ""
    return labelled(phrase(reason.kind, language), f"{reason.term}{mark}{found}{number}", language)


def print_ranking(
    console: Console,
    rows: Sequence[tuple[Problem, Match]],
    *,
    institute: Institute,
    language: Language,
    scores: bool = False,
) -> None:
    """Print which problems suit one institute.

    Args:
        console: Where to print.
        rows: Each problem with its match for this institute, best first; the rank is the place in this list.
        institute: Whom the matches are for.
        language: The language of names and words.
        scores: Whether scores are shown beside levels.
    """
    name = institute.name.in_language(language)
    say(console, phrase("ranking", language, n=len(rows), name=name), style="bold")
    columns = (
        Column(phrase("rank", language), is_short=True, is_number=True),
        Column(phrase("id", language)),
        Column(phrase("title", language)),
        Column(phrase("level", language), is_short=True),
        *_score_column(language, shown=scores),
        Column(phrase("capability", language)),
    )
    cells = [
        (
            cell(str(rank)),
            cell(problem.id),
            cell(problem.title or problem.description[:60]),
            level_cell(console, match.level, language),
            *([cell(f"{match.score:.2f}")] if scores else ()),
            cell(capability_name(match, language)),
        )
        for rank, (problem, match) in enumerate(rows, start=1)
    ]
    print_rows(console, columns, cells, language)


def print_summary(
    console: Console,
    *,
    n_read: int,
    n_matched: int,
    n_unclear: int,
    n_none: int,
    n_rejected: int,
    seconds: float,
    load: Mapping[str, int],
    registry: Registry,
    language: Language,
) -> None:
    """Print how a batch went, and how often each institute stood first.

    Args:
        console: Where to print.
        n_read: Rows read, the sum of the next four.
        n_matched: Problems that at least one institute fits.
        n_unclear: Problems that say too little to tell; left out where there are none.
        n_none: Problems that none fits.
        n_rejected: Rows that are no problems.
        seconds: How long it took.
        load: First places by id of institute; institutes of the registry that it lacks count 0. Of many institutes
            only those with most first places are shown.
        registry: Gives the names.
        language: The language of names and words.
    """
    counts = {"n_read": n_read, "n_matched": n_matched, "n_unclear": n_unclear, "n_none": n_none}
    counts["n_rejected"] = n_rejected
    said = [phrase(key, language, n=n) for key, n in counts.items() if n or key != "n_unclear"]
    said.append(phrase("seconds", language, seconds=seconds))
    say(console, ("，" if language == "zh" else ", ").join(said), style="bold")
    everybody = ids_of(registry) if len(registry.institutes) <= _MOST_LOADS else ()
    loads = {**dict.fromkeys(everybody, 0), **load}
    shown = sorted(loads, key=lambda key: (-loads[key], key))[:_MOST_LOADS]
    names = names_of(registry, set(shown), language)
    _print_load(console, names, {key: loads[key] for key in shown}, language)


def _print_load(console: Console, names: Mapping[str, str], loads: Mapping[str, int], language: Language) -> None:
    highest = max(loads.values(), default=0)
    longest = max(8, min(30, console.width // 4))
    block = "#" if console.options.ascii_only else "█"
    columns = (
        Column(phrase("institute", language)),
        Column(phrase("load", language), is_short=True, is_number=True),
        Column("", is_short=True),
    )
    rows = [
        (cell(names.get(key, key)), cell(f"{n:,}"), cell(block * -(-n * longest // highest) if n else "", "green"))
        for key, n in sorted(loads.items(), key=lambda item: (-item[1], item[0]))
    ]
    print_rows(console, columns, rows, language)
