"""``matchmaker batch``: shortlists for a whole table."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

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

Table = Annotated[Path, typer.Argument(metavar="FILE", help="A .csv, .tsv or .jsonl table of problems.")]
BatchFormat = Annotated[
    Optional[options.FormatName],  # noqa: UP045
    typer.Option("--format", help="How to write. Default: by the ending of --output, else csv.", show_default=False),
]
Workers = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(
        "--workers",
        min=1,
        help="How many processes match; changes nothing in the results. Default: one for each processor.",
        show_default=False,
    ),
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
    workers: Workers = None,
    quiet: options.Quiet = False,
) -> None:
    """Write a shortlist for every problem of a table, in its order; without -o as CSV to stdout.

    A row that is no problem never stops the run: it is named, counted, written to OUT.rejects.csv, and makes the exit
    code 3.

    Example: matchmaker batch data/problems/requests.csv -o shortlists.csv
    """
    written = options.format_from(format, output, default="csv")
    for path in (output, rejects_path(output)):
        options.check_output(path, file, institutes, settings)
    from matchmaker.batch import Summary, available_workers, match_all

    registry = options.registry_from(institutes)
    matcher = options.matcher_for(registry, settings, encoder)
    table = open_table(file, column, encoding, matcher, quiet=quiet)
    summary = Summary()
    rejects: list[Rejected] = []
    with progress(table, shown=not quiet and output is not None) as rows:
        answers = match_all(rows, matcher, top=top, summary=summary, workers=workers or available_workers())
        shortlists = good(answers, rejects)
        _write(shortlists, output, written, options.language_from(lang), registry)
    report_rows(table, rejects, _write_rejects(table, rejects, output), quiet=quiet)
    if not quiet:
        _print_summary(summary, registry, options.language_from(lang))
    if rejects:
        raise typer.Exit(BAD_INPUT)


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


def report_rows(table: ProblemTable, rejects: Sequence[Rejected], kept: Path | None, *, quiet: bool) -> None:
    """Say on stderr which rows were rejected, and unless quiet what was left out of others."""
    if not quiet:
        for warning in table.warnings[:_MOST_SHOWN]:
            typer.echo(f"warning: {warning}", err=True)
        if table.n_warnings > _MOST_SHOWN:
            typer.echo(f"warning: {table.n_warnings - _MOST_SHOWN:,} more like these", err=True)
        if table.n_blank:
            rows = "1 blank row" if table.n_blank == 1 else f"{table.n_blank:,} blank rows"
            typer.echo(f"note: {rows} passed over", err=True)
    for rejected in rejects[:_MOST_SHOWN]:
        for fault in rejected.faults:
            typer.echo(f"rejected: {fault}", err=True)
    if len(rejects) > _MOST_SHOWN:
        typer.echo(f"rejected: {len(rejects) - _MOST_SHOWN:,} more rows", err=True)
    if kept is not None and not quiet:
        typer.echo(f"the rejected rows are in {kept}", err=True)


def good(answers: Iterable[Shortlist | Rejected], rejects: list[Rejected]) -> Iterator[Shortlist]:
    """The shortlists among the answers; the rejected rows are put aside."""
    from matchmaker.intake import Rejected

    for answer in answers:
        if isinstance(answer, Rejected):
            rejects.append(answer)
        else:
            yield answer


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


def rejects_path(output: Path | None) -> Path | None:
    """Where the rejected rows are kept: beside the output, nowhere when that is stdout or a device."""
    if output is None or (output.exists() and not output.is_file()):
        return None
    return output.with_name(f"{output.name}.rejects.csv")


def _write_rejects(table: ProblemTable, rejects: Sequence[Rejected], output: Path | None) -> Path | None:
    """Keep the rejected rows beside the output; a file of an earlier run goes when there are none."""
    path = rejects_path(output)
    if path is None:
        return None
    if not rejects:
        path.unlink(missing_ok=True)
        return None
    from matchmaker.output import write_rejects

    rows = ((row.line, row.cells, "; ".join(map(str, row.faults))) for row in rejects)
    write_rejects(path, table.headings, rows)
    return path


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
