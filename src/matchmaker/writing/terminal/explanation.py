"""An explanation on the terminal: the score as a sum, and the problem with keywords and sentences marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from matchmaker.domain import Explanation, Language, Registry
from matchmaker.matching.settings import TrackRecord
from matchmaker.messages import translate
from matchmaker.writing import (
    MarkedText,
    all_reasons,
    basis_sentence,
    bracketed,
    coverage_text,
    evidence_lines,
    labelled,
    legend,
    level_bar,
    level_notes,
    limit_sentence,
    marked_text,
    next_sentence,
    one_line,
    problem_heading,
    score_sentence,
    shown_parts,
    shown_score,
    similarities_text,
)
from matchmaker.writing.terminal.lines import LEVEL_STYLES, open_console, print_line, prose_width, say
from matchmaker.writing.terminal.shortlists import reason_line
from matchmaker.writing.terminal.wrapping import wrapped

if TYPE_CHECKING:
    from matchmaker.writing.out import Context

_MAX_BAR: Final = 60
_MAX_UNCOVERED: Final = 12
"""Uncovered sentences that are shown; the rest are counted."""


def print_explanation(
    console: Console,
    explanation: Explanation,
    *,
    registry: Registry,
    language: Language | None = None,
    record: TrackRecord | None = None,
) -> None:
    """Print an explanation: the sum, the capability and its evidence, the marked problem, what is not covered.

    Args:
        console: The console to print on.
        explanation: The explanation.
        registry: Provides the sources of the evidence.
        language: The language of names and words; by default the problem's own.
        record: How often each level was right.
    """
    language = language or explanation.problem.shown_in
    say(console, problem_heading(explanation.problem), style="bold")
    bar = level_bar(explanation.match.level, ascii_only=console.options.ascii_only)
    say(console, f"{bar} {score_sentence(explanation, language)}", style=LEVEL_STYLES[explanation.match.level])
    for line in level_notes(explanation, record, language):
        say(console, line, style="dim")
    if explanation.limit:
        say(console, limit_sentence(explanation, language), style="bold yellow")
    _print_sum(console, explanation, language)
    _print_capability(console, explanation, registry, language)
    _print_problem(console, explanation, language)
    _print_uncovered(console, explanation, language)
    if explanation.next:
        console.print()
        say(console, next_sentence(explanation, language))


def show_explanation(explanation: Explanation, context: Context) -> None:
    """Print an explanation on standard output."""
    if context.registry is None:
        raise ValueError("the sources of the evidence stand in the registry; the context needs it")
    language, record = context.language, context.display.record
    print_explanation(open_console(), explanation, registry=context.registry, language=language, record=record)


def _print_sum(console: Console, explanation: Explanation, language: Language) -> None:
    """Print each part as a bar that begins where the one before ends, on a line that represents a score of 1."""
    parts, total = shown_parts(explanation), translate("Score", language)
    longest = max(cell_len(label) for label in (total, *(part.label(language) for part in parts)))
    length = max(8, min(_MAX_BAR, console.width - longest - 10))
    edges = [round(length * hundredths / 100) for hundredths in accumulate(part.hundredths for part in parts)]
    rows = [
        (part.label(language), part.number, min(start, end), abs(end - start), "red" if part.hundredths < 0 else "cyan")
        for part, start, end in zip(parts, [0, *edges], edges, strict=False)
    ]
    rows.append((total, shown_score(explanation), 0, edges[-1], LEVEL_STYLES[explanation.match.level]))
    block = "#" if console.options.ascii_only else "█"
    console.print()
    say(
        console,
        translate("How the score is made", language) + bracketed(translate("a whole line is 1.00", language), language),
        style="bold",
    )
    for label, number, start, size, style in rows:
        front = f"  {label}{' ' * (longest - cell_len(label))} {number:>5}  "
        print_line(console, Text.assemble(front, " " * start, (block * size, style)))


def _print_capability(console: Console, explanation: Explanation, registry: Registry, language: Language) -> None:
    console.print()
    name = explanation.match.capability.name.in_language(language)
    say(console, labelled(translate("Capability that counts most", language), name, language), style="bold")
    is_own = not explanation.match.capability.via_parent
    say(console, basis_sentence(explanation, registry, language), indent=2, style="" if is_own else "magenta")
    say(console, similarities_text(explanation, language), indent=2)
    for reason in all_reasons(explanation):
        say(console, reason_line(reason, language), mark="-", indent=2)
    for evidence in evidence_lines(explanation, registry, language):
        say(console, labelled(translate("Evidence", language), evidence.claim, language), mark="-", indent=2)
        for text in (evidence.source, evidence.address):
            if text:
                say(console, text, indent=4, style="dim")


def _print_problem(console: Console, explanation: Explanation, language: Language) -> None:
    marked = marked_text(explanation, ascii_only=console.options.ascii_only)
    console.print()
    say(console, translate("The problem", language) + bracketed(legend(marked, language), language), style="bold")
    lines = (one_line(paragraph) for paragraph in marked.text.split("\n"))
    cut = [line for paragraph in lines for line in wrapped(paragraph, prose_width(console) - 2)]
    for line in _styled(cut, marked):
        print_line(console, Text("  ").append_text(line))


def _styled(lines: Iterable[str], marked: MarkedText) -> Iterator[Text]:
    """Lines in the styles of their marks; a mark opened on one line may be closed on a later one."""
    styles = {**dict.fromkeys(marked.keyword, "bold cyan"), **dict.fromkeys(marked.sentence, "underline")}
    marks = re.compile(f"({'|'.join(map(re.escape, styles))})")
    opened: list[str] = []
    for line in lines:
        text = Text()
        for piece in marks.split(line):
            if piece in (marked.keyword[0], marked.sentence[0]):
                opened.append(styles[piece])
            text.append(piece, " ".join(opened))
            if piece in (marked.keyword[1], marked.sentence[1]) and opened:
                opened.pop()
        yield text


def _print_uncovered(console: Console, explanation: Explanation, language: Language) -> None:
    console.print()
    say(console, coverage_text(explanation, language))
    for mark in explanation.uncovered[:_MAX_UNCOVERED]:
        say(console, labelled(translate("not covered", language), mark.found, language), style="yellow")
    left_out = len(explanation.uncovered) - _MAX_UNCOVERED
    if left_out > 0:
        say(
            console,
            labelled(translate("not covered", language), translate("{n:,} more", language, n=left_out), language),
        )
