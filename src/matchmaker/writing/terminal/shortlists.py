"""Shortlists, rankings and the summary of a batch on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Console

from matchmaker.domain import Institute, Language, Match, Problem, Reason, Registry, Shortlist
from matchmaker.institutes import institute_ids, institute_names
from matchmaker.messages import Translatable, translate, translate_counted
from matchmaker.writing import (
    INFERRED,
    KIND_WORDS,
    LEVELS_ONLY,
    Display,
    basis_text,
    bracketed,
    capability_name,
    claim_text,
    in_series,
    labelled,
    left_out_sentence,
    level_word,
    outcome_text,
    problem_heading,
    question_text,
    readiness_text,
    record_sentence_for,
    removal_text,
    source_text,
    term_of,
    verdict_sentence,
)
from matchmaker.writing.terminal.lines import TerminalColumn, cell, level_cell, open_console, print_rows, say
from matchmaker.writing.terminal.registry import record_line

if TYPE_CHECKING:
    from matchmaker.writing.out import Context

_LEADS: Final[Translatable] = "These are leads only; match again with the answers:"
_NEAR_MISSES: Final[Translatable] = "The nearest, none of them worth a call on this alone:"
_MAX_SHOWN: Final = 3
"""Reasons and pieces of evidence of each match that are shown; the rest are counted."""
_MAX_LOADS: Final = 50
"""Institutes whose load is shown."""


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
        console: The console to print on.
        shortlist: The shortlist.
        registry: Provides the alliance's record, if it has one.
        language: The language of names and words; by default the problem's own.
        display: What is shown in addition to institutes and levels.
    """
    language = language or shortlist.problem.shown_in
    is_matched = shortlist.verdict == "matched"
    listed = display.visible_matches(shortlist)
    say(console, problem_heading(shortlist.problem), style="bold")
    say(console, verdict_sentence(shortlist, language), style="green" if is_matched else "bold yellow")
    for number, question in enumerate(shortlist.questions, start=1):
        say(console, question_text(question, language), mark=f"{number}.", indent=3)
    if listed and not is_matched:
        say(console, translate(_LEADS if shortlist.verdict == "unclear" else _NEAR_MISSES, language), style="dim")
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
        say(
            console,
            labelled(translate("Removed by a hard limit", language), removal_text(removal, language), language),
            style="dim",
        )
    if registry.alliance:
        console.print()
        say(console, record_line(registry.alliance, language), style="dim")


def show_shortlists(shortlists: Iterable[Shortlist], context: Context) -> None:
    """Print the answers as they come, with a blank line between them."""
    if context.registry is None:
        raise ValueError("the alliance's record stands in the registry; the context needs it")
    console = open_console()
    for number, shortlist in enumerate(shortlists):
        if number:
            console.print()
        language, display = context.language, context.display
        print_shortlist(console, shortlist, registry=context.registry, language=language, display=display)


def _notes(shortlist: Shortlist, n_listed: int, display: Display, language: Language) -> Iterator[str]:
    """The notes below the table: the number of institutes not listed, and how often the first level was right."""
    left_out = left_out_sentence(len(shortlist.matches) - n_listed, language)
    if left_out:
        yield left_out + bracketed(translate("--all lists them", language), language)
    record = record_sentence_for(shortlist, display, language)
    if record:
        yield record


def _print_matches(console: Console, matches: Sequence[Match], language: Language, *, scores: bool) -> None:
    columns = (
        TerminalColumn(translate("Rank", language), is_short=True, is_number=True),
        TerminalColumn(translate("Institute", language)),
        TerminalColumn(translate("Level", language), is_short=True),
        *_score_column(language, shown=scores),
        TerminalColumn(translate("Capability", language)),
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


def _score_column(language: Language, *, shown: bool) -> tuple[TerminalColumn, ...]:
    return (TerminalColumn(translate("Score", language), is_short=True, is_number=True),) if shown else ()


def _dimmed(match: Match) -> str:
    return "dim" if match.level in {"weak", "none"} else ""


def _print_grounds(console: Console, match: Match, language: Language, *, scores: bool) -> None:
    style = _dimmed(match)
    name = f"{match.rank}. {match.name.in_language(language)}"
    console.print()
    say(console, name + bracketed(level_word(match.level, language), language), style=style or "bold")
    basis = labelled(translate("Basis", language), basis_text(match.basis, language), language)
    say(console, basis, mark="-", indent=3, style="magenta" if match.basis.via_parent else style)
    if ready := readiness_text(match.readiness, language):
        say(console, labelled(translate("Readiness", language), ready, language), mark="-", indent=3, style="yellow")
    for reason in match.reasons[:_MAX_SHOWN]:
        say(console, reason_line(reason, language, scores=scores), mark="-", indent=3, style=style)
    _say_left_out(console, len(match.reasons), language)
    for evidence in match.evidence[:_MAX_SHOWN]:
        claim = labelled(translate("Evidence", language), claim_text(evidence, language), language)
        say(console, claim, mark="-", indent=3, style=style)
        say(console, source_text(evidence, language), indent=5, style="dim")
    _say_left_out(console, len(match.evidence), language)


def _say_left_out(console: Console, n_all: int, language: Language) -> None:
    if n_all > _MAX_SHOWN:
        say(console, translate("{n:,} more", language, n=n_all - _MAX_SHOWN), mark="-", indent=3, style="dim")


def reason_line(reason: Reason, language: Language, *, scores: bool = True) -> str:
    """A reason: its kind, the profile's term, the problem's words, and optionally the similarity."""
    found = f" ← “{reason.found}”" if reason.found else ""
    mark = f" ({translate(INFERRED, language)})" if reason.inferred else ""
    mark = bracketed(outcome_text(reason.outcome, language), language) if reason.outcome else mark
    number = f" {reason.similarity:.2f}" if scores else ""
    return labelled(
        translate(KIND_WORDS[reason.kind], language), f"{term_of(reason, language)}{mark}{found}{number}", language
    )


def print_ranking(
    console: Console,
    rows: Sequence[tuple[Problem, Match]],
    *,
    institute: Institute,
    language: Language,
    scores: bool = False,
) -> None:
    """Print the problems that suit one institute.

    Args:
        console: The console to print on.
        rows: Each problem with its match for this institute, best first; the rank is the position in this list.
        institute: The institute.
        language: The language of names and words.
        scores: Whether scores are shown beside levels.
    """
    name = institute.name.in_language(language)
    say(
        console,
        translate_counted(len(rows), "{n:,} problem for {name}", "{n:,} problems for {name}", language, name=name),
        style="bold",
    )
    columns = (
        TerminalColumn(translate("Rank", language), is_short=True, is_number=True),
        TerminalColumn(translate("Id", language)),
        TerminalColumn(translate("Title", language)),
        TerminalColumn(translate("Level", language), is_short=True),
        *_score_column(language, shown=scores),
        TerminalColumn(translate("Capability", language)),
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
    """Print the summary of a batch, and how often each institute ranked first.

    Args:
        console: The console to print on.
        n_read: Rows read; the sum of the next four.
        n_matched: Problems that at least one institute fits.
        n_unclear: Problems that say too little; not shown if there are none.
        n_none: Problems that no institute fits.
        n_rejected: Rows that are not problems.
        seconds: The duration.
        load: First places by id of institute; missing institutes of the registry count 0. Of many institutes only
            those with most first places are shown.
        registry: Provides the names.
        language: The language of names and words.
    """
    said = [
        translate_counted(n_read, "{n:,} row read", "{n:,} rows read", language),
        translate("{n:,} matched", language, n=n_matched),
        *([translate("{n:,} too vague, ask for details", language, n=n_unclear)] if n_unclear else []),
        translate("{n:,} without a fitting institute", language, n=n_none),
        translate("{n:,} rejected", language, n=n_rejected),
    ]
    said.append(translate("{seconds:.1f} s", language, seconds=seconds))
    say(console, in_series(said, language), style="bold")
    everybody = institute_ids(registry) if len(registry.institutes) <= _MAX_LOADS else ()
    loads = {**dict.fromkeys(everybody, 0), **load}
    shown = sorted(loads, key=lambda key: (-loads[key], key))[:_MAX_LOADS]
    names = institute_names(registry, set(shown), language)
    _print_load(console, names, {key: loads[key] for key in shown}, language)


def _print_load(console: Console, names: Mapping[str, str], loads: Mapping[str, int], language: Language) -> None:
    highest = max(loads.values(), default=0)
    longest = max(8, min(30, console.width // 4))
    block = "#" if console.options.ascii_only else "█"
    columns = (
        TerminalColumn(translate("Institute", language)),
        TerminalColumn(translate("First places", language), is_short=True, is_number=True),
        TerminalColumn("", is_short=True),
    )
    rows = [
        (cell(names.get(key, key)), cell(f"{n:,}"), cell(block * -(-n * longest // highest) if n else "", "green"))
        for key, n in sorted(loads.items(), key=lambda item: (-item[1], item[0]))
    ]
    print_rows(console, columns, rows, language)
