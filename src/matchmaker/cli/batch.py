"""``matchmaker batch``: shortlists for a whole table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional, TypeVar

import typer

from matchmaker.cli import options
from matchmaker.cli.boundary import BAD_INPUT

if TYPE_CHECKING:
    from matchmaker.batch import Summary
    from matchmaker.domain import Language, Problem, Registry, Shortlist
    from matchmaker.intake import ProblemTable, Rejected
    from matchmaker.matcher import Matcher
    from matchmaker.output import Format

_MOST_SHOWN = 20
Answer = TypeVar("Answer")

Table = Annotated[Path, typer.Argument(metavar="FILE", help="A .csv, .tsv or .jsonl table of problems.")]
BatchFormat = Annotated[
    Optional[options.FormatName],  # noqa: UP045
    typer.Option("--format", help="How to write. Default: by the ending of --output, else csv.", show_default=False),
]
Encoding = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--encoding", help="How the table is encoded. Default: detected.", show_default=False),
]


def batch(
    file: Table,
    institutes: options.Institutes = None,
    settings: options.Settings = None,
    encoder: options.Encoder = None,
    column: options.Columns = None,
    encoding: Encoding = None,
    format: BatchFormat = None,
    lang: options.LanguageOption = None,
    top: options.Top = 5,
    output: options.Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Write a shortlist for every problem of a table, in its order; without -o as CSV to stdout.

    A row that is no problem never stops the run: it is named, counted, written to OUT.rejects.csv (in a workbook, to a
    sheet of its own), and makes the exit code 3.

    Example: matchmaker batch data/problems/requests.csv -o shortlists.csv
    """
    written = options.format_from(format, output, default="csv")
    kept = rejects_path(output, written)
    for path in (output, kept):
        options.check_output(path, file, institutes, settings)
    from matchmaker.batch import Summary, match_all
    from matchmaker.output import Origin

    registry = options.registry_from(institutes)
    matcher = options.matcher_for(registry, settings, encoder)
    table = open_table(file, column, encoding, matcher, quiet=quiet)
    summary = Summary()
    shown = not quiet and output is not None
    with progress(table, shown=shown) as rows, kept_rejects(kept, table) as rejects:
        answers = rejects.seen(match_all(rows, matcher, top=top, summary=summary))
        if written == "xlsx":
            origin = Origin(file, table.headings, registry, matcher.settings)
            options.write_book(answers, output, options.language_from(lang), origin=origin, quiet=quiet)
        else:
            _write(good(answers), output, written, options.language_from(lang), registry)
    report_rows(table, rejects, output if written == "xlsx" else kept, quiet=quiet)
    if not quiet:
        _print_summary(summary, registry, options.language_from(lang))
    if rejects.n:
        raise typer.Exit(BAD_INPUT)


@dataclass
class Rejects:
    """The rejected rows of a run: counted, the first ones kept to be shown, each passed on as it comes."""

    keep: Callable[[int, Sequence[str], str], None] | None = None
    first: list[Rejected] = field(default_factory=list)
    n: int = 0

    def seen(self, answers: Iterable[Answer]) -> Iterator[Answer]:
        """All answers, noting those that are rejected rows."""
        from matchmaker.intake import Rejected

        for answer in answers:
            if isinstance(answer, Rejected):
                self.n += 1
                if len(self.first) < _MOST_SHOWN:
                    self.first.append(answer)
                if self.keep is not None:
                    self.keep(answer.line, answer.cells, "; ".join(map(str, answer.faults)))
            yield answer


@contextmanager
def kept_rejects(path: Path | None, table: ProblemTable) -> Iterator[Rejects]:
    """Where rejected rows go: to a file that appears at the end, or nowhere but into the count."""
    from matchmaker.output import rejects_writer

    if path is None:
        yield Rejects()
        return
    with rejects_writer(path, table.headings) as keep:
        yield Rejects(keep)


def open_table(
    file: Path, columns: list[str] | None, encoding: str | None, matcher: Matcher, *, quiet: bool
) -> ProblemTable:
    """A table whose rows are checked against the institutes; says on stderr which column was taken for what."""
    from matchmaker.intake import read_problems

    table = read_problems(file, columns=options.columns_from(columns), encoding=encoding, check=matcher.limit_faults)
    if not quiet:
        taken = ", ".join(f"{field} <- {heading}" for field, heading in table.columns.items())
        typer.echo(f"{file}: {table.encoding}; {taken}", err=True)
        if table.unused:
            typer.echo(f"not used: {', '.join(table.unused)}", err=True)
    return table


@contextmanager
def progress(table: ProblemTable, *, shown: bool) -> Iterator[Iterable[Problem | Rejected]]:
    """The rows of a table, with a counter on stderr while they are read, if that is a terminal."""
    if not (shown and sys.stderr.isatty()):
        yield table
        return
    from matchmaker.render import row_counter

    with row_counter(sys.stderr, table) as rows:
        yield rows


def report_rows(table: ProblemTable, rejects: Rejects, kept: Path | None, *, quiet: bool) -> None:
    """Say on stderr which rows were rejected, and unless quiet what was left out of others."""
    if not quiet:
        for warning in table.warnings[:_MOST_SHOWN]:
            typer.echo(f"warning: {warning}", err=True)
        if table.n_warnings > _MOST_SHOWN:
            typer.echo(f"warning: {table.n_warnings - _MOST_SHOWN:,} more like these", err=True)
        if table.n_blank:
            rows = "1 blank row" if table.n_blank == 1 else f"{table.n_blank:,} blank rows"
            typer.echo(f"note: {rows} passed over", err=True)
    for rejected in rejects.first:
        for fault in rejected.faults:
            typer.echo(f"rejected: {fault}", err=True)
    if rejects.n > len(rejects.first):
        typer.echo(f"rejected: {rejects.n - len(rejects.first):,} more rows", err=True)
    if rejects.n and kept is not None and not quiet:
        typer.echo(f"the rejected rows are in {kept}", err=True)


def good(answers: Iterable[Shortlist | Rejected]) -> Iterator[Shortlist]:
    """The shortlists among the answers."""
    from matchmaker.intake import Rejected

    return (answer for answer in answers if not isinstance(answer, Rejected))


def _write(
    shortlists: Iterator[Shortlist], output: Path | None, written: Format, lang: Language | None, registry: Registry
) -> None:
    if output is not None:
        from matchmaker.output import write_shortlists

        write_shortlists(shortlists, output, written, lang)
    elif written == "table":
        from matchmaker.render import open_console, print_shortlist

        console = open_console()
        for shortlist in shortlists:
            print_shortlist(console, shortlist, registry=registry, language=lang)
            console.print()
    else:
        options.write_to_stdout(shortlists, written, lang)


def rejects_path(output: Path | None, written: Format) -> Path | None:
    """Where the rejected rows are kept: beside the output, nowhere when that is stdout, a device, or keeps them."""
    if output is None or written == "xlsx" or (output.exists() and not output.is_file()):
        return None
    return output.with_name(f"{output.name}.rejects.csv")


def _print_summary(summary: Summary, registry: Registry, lang: Language | None) -> None:
    from matchmaker.render import open_console, print_summary

    print_summary(
        open_console(sys.stderr),
        n_read=summary.n_read,
        n_matched=summary.n_matched,
        n_none=summary.n_none,
        n_rejected=summary.n_rejected,
        seconds=summary.seconds,
        load=summary.load,
        registry=registry,
        language=lang or "zh",
    )
