"""The statistics of a ledger beside the alliance's record, on the terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from matchmaker.domain import OUTCOMES, Language, Registry
from matchmaker.messages import Translatable, translate
from matchmaker.writing import REASON_WORDS, bracketed, outcome_text
from matchmaker.writing.terminal.evaluation import TitledTable
from matchmaker.writing.terminal.ledger import STATE_WORDS, institute_name
from matchmaker.writing.terminal.lines import TerminalColumn, cell, open_console, print_rows, say
from matchmaker.writing.terminal.registry import FIGURE_COLUMNS, print_alliance, record_rows
from matchmaker.writing.words import escape_markdown

if TYPE_CHECKING:
    from matchmaker.ledger.stats import CaseGroup, Stats
    from matchmaker.writing.out import Context

_BAR_WIDTH = 24


def print_stats(console: Console, found: Stats, registry: Registry, language: Language) -> None:
    """Print the alliance's record with its source, then the ledger's own numbers, the funnel and reasons as bars."""
    say(console, translate("What the alliance has reported", language), style="bold underline")
    if registry.alliance is None:
        say(console, translate("The registry holds no record of the alliance.", language))
    else:
        print_alliance(console, registry.alliance, registry.sources, language)
    console.print()
    say(console, translate("Records in the ledger (never added to the above)", language), style="bold underline")
    for table in _sheets(found, registry, language):
        console.print()
        say(console, table.title, style="bold")
        print_rows(console, table.columns, [tuple(map(cell, row)) for row in table.rows], language)
    for note in _notes(found, language):
        say(console, note)


def show_numbers(found: Stats, context: Context) -> None:
    """Print the numbers on standard output; in Chinese when no language is given."""
    if context.registry is None:
        raise ValueError("the alliance's record stands in the registry; the context needs it")
    print_stats(open_console(), found, context.registry, context.language or "zh")


def stats_to_markdown(found: Stats, registry: Registry, language: Language) -> str:
    """The same as Markdown, without bars."""
    record = registry.alliance
    told = (
        escape_markdown(record.note.in_language(language))
        if record
        else translate("The registry holds no record of the alliance.", language)
    )
    parts = [f"## {translate('What the alliance has reported', language)}\n\n{told}\n"]
    if record:
        columns = tuple(TerminalColumn(translate(heading, language)) for heading in FIGURE_COLUMNS)
        title = record.name.in_language(language)
        parts.append(_table(TitledTable(title, columns, record_rows(record, registry.sources, language))))
    parts.append(f"## {translate('Records in the ledger (never added to the above)', language)}\n")
    parts += [_table(table) for table in _sheets(found, registry, language)]
    return "\n".join([*parts, "".join(f"{escape_markdown(note)}\n" for note in _notes(found, language))])


def _table(table: TitledTable) -> str:
    """A table as Markdown; columns without a heading, which are bars, are left out."""
    with_heading = [index for index, column in enumerate(table.columns) if column.heading]
    lines = [[table.columns[index].heading for index in with_heading]]
    lines.append(["--:" if table.columns[index].is_number else ":--" for index in with_heading])
    lines += [[escape_markdown(row[index]) for index in with_heading] for row in table.rows]
    return f"### {escape_markdown(table.title)}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _sheets(found: Stats, registry: Registry, language: Language) -> Iterator[TitledTable]:
    yield _groups(found, registry, language)
    if found.by_year:
        yield TitledTable(translate("By year", language), _group_columns("Year", language), _year_rows(found, language))
    if found.funnel[0].of:
        yield _funnel(found, language)
    if found.reasons:
        yield _reasons(found, language)


def _group_columns(heading: Translatable, language: Language) -> tuple[TerminalColumn, ...]:
    return (
        TerminalColumn(translate(heading, language)),
        TerminalColumn(translate("Number", language), is_short=True, is_number=True),
        *(TerminalColumn(outcome_text(outcome, language), is_short=True, is_number=True) for outcome in OUTCOMES),
        TerminalColumn(translate("Benefit (yuan)", language), is_number=True),
    )


def _group_row(name: str, group: CaseGroup, language: Language) -> tuple[str, ...]:
    benefit = ""
    if group.n_with_benefit:
        partial = translate("given for {n}", language, n=group.n_with_benefit) if group.n_with_benefit < group.n else ""
        benefit = f"{group.benefit_cny:,.0f}" + (bracketed(partial, language) if partial else "")
    return (name, f"{group.n:,}", *(f"{group.outcomes[outcome]:,}" for outcome in OUTCOMES), benefit)


def _groups(found: Stats, registry: Registry, language: Language) -> TitledTable:
    rows = [_group_row(translate("All", language), found.total, language)]
    rows += [_group_row(institute_name(registry, str(one.key), language), one, language) for one in found.by_institute]
    title = f"{translate('Cases', language)}{bracketed(translate('By institute', language), language)}"
    return TitledTable(title, _group_columns("Institute", language), rows)


def _year_rows(found: Stats, language: Language) -> Sequence[tuple[str, ...]]:
    return [_group_row(one.key or translate("not given", language), one, language) for one in found.by_year]


def _funnel(found: Stats, language: Language) -> TitledTable:
    columns = (
        TerminalColumn(translate("State", language), is_short=True),
        TerminalColumn(translate("Reached", language), is_short=True, is_number=True),
        TerminalColumn(translate("Share", language), is_short=True, is_number=True),
        TerminalColumn("", is_short=True),
    )
    rows = [
        (
            translate(STATE_WORDS[step.state], language),
            translate("{n:,} of {of:,}", language, n=step.n, of=step.of),
            "" if step.share is None else f"{step.share:.0%}",
            _bar(step.n, step.of),
        )
        for step in found.funnel
    ]
    return TitledTable(translate("Progress of referrals", language), columns, rows)


def _reasons(found: Stats, language: Language) -> TitledTable:
    columns = (
        TerminalColumn(translate("Reason", language)),
        TerminalColumn(translate("Number", language), is_short=True, is_number=True),
        TerminalColumn("", is_short=True),
    )
    rows = [
        (
            translate(REASON_WORDS[reason], language),
            translate("{n:,} of {of:,}", language, n=n, of=found.n_declined),
            _bar(n, found.n_declined),
        )
        for reason, n in found.reasons
    ]
    return TitledTable(translate("Why referrals were declined", language), columns, rows)


def _bar(n: int, of: int) -> str:
    return "█" * round(_BAR_WIDTH * n / of) if of else ""


def _notes(found: Stats, language: Language) -> Iterator[str]:
    from matchmaker.ledger.stats import MIN_FOR_SHARE

    opened = found.funnel[0].of
    if not opened:
        return
    yield translate("{open:,} open, {declined:,} declined.", language, open=found.n_open, declined=found.n_declined)
    if opened < MIN_FOR_SHARE:
        yield translate(
            "No shares are given of fewer than {least}: a single one would change them a lot.",
            language,
            least=MIN_FOR_SHARE,
        )
    if found.days_to_signed is None:
        yield translate("None signed so far.", language)
    else:
        yield translate(
            "From proposed to signed: median {days:.1f} days (over {n})",
            language,
            days=found.days_to_signed,
            n=found.n_signed,
        )
    if found.n_backwards:
        yield translate(
            "The duration of {n} more is unknown, as the clock was set back.", language, n=found.n_backwards
        )
