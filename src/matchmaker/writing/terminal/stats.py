"""The numbers of a ledger beside the alliance's record, on the terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from matchmaker.domain import OUTCOMES, Language, Registry
from matchmaker.writing import bracketed
from matchmaker.writing.terminal.evaluation import Sheet
from matchmaker.writing.terminal.ledger import institute_name, word
from matchmaker.writing.terminal.lines import Column, cell, print_rows, say
from matchmaker.writing.terminal.phrases import phrase
from matchmaker.writing.terminal.registry import print_alliance, record_rows
from matchmaker.writing.words import escaped

if TYPE_CHECKING:
    from matchmaker.ledger.stats import Group, Stats

_BAR_WIDTH = 24


def print_stats(console: Console, found: Stats, registry: Registry, language: Language) -> None:
    """Print the alliance's record with its source, then the ledger's own numbers, the funnel and reasons as bars."""
    say(console, word("reported", language), style="bold underline")
    if registry.alliance is None:
        say(console, word("not_reported", language))
    else:
        print_alliance(console, registry.alliance, registry.sources, language)
    console.print()
    say(console, word("in_ledger", language), style="bold underline")
    for sheet in _sheets(found, registry, language):
        console.print()
        say(console, sheet.title, style="bold")
        print_rows(console, sheet.columns, [tuple(map(cell, row)) for row in sheet.rows], language)
    for note in _notes(found, language):
        say(console, note)


def stats_to_markdown(found: Stats, registry: Registry, language: Language) -> str:
    """The same as Markdown, without bars."""
    record = registry.alliance
    told = escaped(record.note.in_language(language)) if record else word("not_reported", language)
    parts = [f"## {word('reported', language)}\n\n{told}\n"]
    if record:
        columns = tuple(Column(phrase(key, language)) for key in ("figure", "value", "year", "source"))
        title = record.name.in_language(language)
        parts.append(_table(Sheet(title, columns, record_rows(record, registry.sources, language))))
    parts.append(f"## {word('in_ledger', language)}\n")
    parts += [_table(sheet) for sheet in _sheets(found, registry, language)]
    return "\n".join([*parts, "".join(f"{escaped(note)}\n" for note in _notes(found, language))])


def _table(sheet: Sheet) -> str:
    """A sheet as Markdown; columns without a heading, the bars, are left out."""
    kept = [at for at, column in enumerate(sheet.columns) if column.heading]
    lines = [[sheet.columns[at].heading for at in kept]]
    lines.append(["--:" if sheet.columns[at].is_number else ":--" for at in kept])
    lines += [[escaped(row[at]) for at in kept] for row in sheet.rows]
    return f"### {escaped(sheet.title)}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _sheets(found: Stats, registry: Registry, language: Language) -> Iterator[Sheet]:
    yield _groups(found, registry, language)
    if found.by_year:
        yield Sheet(word("by_year", language), _group_columns("year", language), _year_rows(found, language))
    if found.funnel[0].of:
        yield _funnel(found, language)
    if found.reasons:
        yield _reasons(found, language)


def _group_columns(key: str, language: Language) -> tuple[Column, ...]:
    return (
        Column(word(key, language)),
        Column(word("number", language), is_short=True, is_number=True),
        *(Column(word(outcome, language), is_short=True, is_number=True) for outcome in OUTCOMES),
        Column(word("benefit", language), is_number=True),
    )


def _group_row(name: str, group: Group, language: Language) -> tuple[str, ...]:
    benefit = ""
    if group.n_with_benefit:
        partial = word("with_benefit", language, n=group.n_with_benefit) if group.n_with_benefit < group.n else ""
        benefit = f"{group.benefit_cny:,.0f}" + (bracketed(partial, language) if partial else "")
    return (name, f"{group.n:,}", *(f"{group.outcomes[outcome]:,}" for outcome in OUTCOMES), benefit)


def _groups(found: Stats, registry: Registry, language: Language) -> Sheet:
    rows = [_group_row(word("total", language), found.total, language)]
    rows += [_group_row(institute_name(registry, str(one.key), language), one, language) for one in found.by_institute]
    title = f"{word('cases', language)}{bracketed(word('by_institute', language), language)}"
    return Sheet(title, _group_columns("institute", language), rows)


def _year_rows(found: Stats, language: Language) -> Sequence[tuple[str, ...]]:
    return [_group_row(one.key or word("no_year", language), one, language) for one in found.by_year]


def _funnel(found: Stats, language: Language) -> Sheet:
    columns = (
        Column(word("state", language), is_short=True),
        Column(word("reached", language), is_short=True, is_number=True),
        Column(word("share", language), is_short=True, is_number=True),
        Column("", is_short=True),
    )
    rows = [
        (
            word(step.state, language),
            word("n_of", language, n=step.n, of=step.of),
            "" if step.share is None else f"{step.share:.0%}",
            _bar(step.n, step.of),
        )
        for step in found.funnel
    ]
    return Sheet(word("funnel", language), columns, rows)


def _reasons(found: Stats, language: Language) -> Sheet:
    columns = (
        Column(word("reason", language)),
        Column(word("number", language), is_short=True, is_number=True),
        Column("", is_short=True),
    )
    rows = [
        (
            word(reason, language),
            word("n_of", language, n=n, of=found.n_declined),
            _bar(n, found.n_declined),
        )
        for reason, n in found.reasons
    ]
    return Sheet(word("why_declined", language), columns, rows)


def _bar(n: int, of: int) -> str:
    return "█" * round(_BAR_WIDTH * n / of) if of else ""


def _notes(found: Stats, language: Language) -> Iterator[str]:
    from matchmaker.ledger.stats import LEAST_FOR_SHARE

    opened = found.funnel[0].of
    if not opened:
        return
    yield word("still_open", language, open=found.n_open, declined=found.n_declined)
    if opened < LEAST_FOR_SHARE:
        yield word("few", language, least=LEAST_FOR_SHARE)
    if found.days_to_signed is None:
        yield word("none_signed", language)
    else:
        yield word("days_to_signed", language, days=found.days_to_signed, n=found.n_signed)
    if found.n_backwards:
        yield word("backwards", language, n=found.n_backwards)
