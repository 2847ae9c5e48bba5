"""``matchmaker batch``: shortlists for a whole table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional, TypeVar

import typer

from matchmaker.cli import options, resuming, targets
from matchmaker.cli.boundary import BAD_INPUT, spoken, tell
from matchmaker.cli.precedents import what_counts
from matchmaker.messages import counted, in_language, listed, said

if TYPE_CHECKING:
    from matchmaker.domain import Language, Problem, Registry, Shortlist
    from matchmaker.intake import ProblemFolder, ProblemTable, Rejected, Taken
    from matchmaker.matching.matcher import Matcher
    from matchmaker.runs.workers import Summary
    from matchmaker.writing import Display, Format

_MOST_SHOWN = 20
Answer = TypeVar("Answer")

Table = Annotated[
    Path,
    typer.Argument(
        metavar="FILE|FOLDER",
        help="Problems: .csv, .tsv, .xlsx, .ods, .xls, .jsonl or .parquet table, or a folder of tables and documents.",
    ),
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

Sheets = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--sheet",
        metavar="SHEET",
        help="A sheet of a workbook, by name or number. May be repeated. Default: all that are not hidden.",
        show_default=False,
    ),
]
SplitRows = Annotated[
    Optional[options.SplitName],  # noqa: UP045
    typer.Option(
        "--split",
        help="auto: rows and documents with several needs give a problem for each. never: each gives one. Default: "
        "documents of a folder are split, rows are not.",
        show_default=False,
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show the first ten rows as they are read, count all, and match nothing.")
]


def batch(
    file: Table,
    institutes: options.Institutes = None,
    settings: options.Settings = None,
    encoder: options.Encoder = None,
    ledger: options.Experience = None,
    as_of: options.AsOf = None,
    column: options.Columns = None,
    sheet: Sheets = None,
    encoding: Encoding = None,
    split: SplitRows = None,
    dry_run: DryRun = False,
    format: targets.BatchFormat = None,
    lang: options.LanguageOption = None,
    top: options.Top = 5,
    scores: options.Scores = False,
    everything: options.Everything = False,
    output: targets.Output = None,
    workers: Workers = None,
    dask: options.Dask = None,
    resume: resuming.Resume = False,
    quiet: options.Quiet = False,
) -> None:
    """Write a shortlist for every problem of a table, in its order; without -o as CSV to stdout.

    A row that is no problem never stops the run: it is named, counted, written to OUT.rejects.csv (in a workbook, to a
    sheet of its own), and makes the exit code 3. A run into a file that was interrupted, by Ctrl-C, a full disk or a
    power cut, continues with --resume and ends with the same bytes.

    Example: matchmaker batch data/problems/requests.csv -o shortlists.csv
    """
    target = targets.target_from(output, format)
    for path in (target.path, target.rejects):
        options.check_output(path, file, institutes, settings, ledger=ledger)
    targets.check_outside(target.path, file)
    if resume and not target.can_continue:
        raise typer.BadParameter("--resume needs -o FILE, a regular file")
    if resume and as_of is None:
        as_of = resuming.day_before(target.path)
    matcher = options.matcher_for(options.registry_from(institutes), settings, encoder, ledger=ledger, as_of=as_of)
    table = open_table(file, column, encoding, matcher, sheets=sheet, split=split, quiet=quiet)
    if dry_run:
        show_rows(table, format, quiet=quiet)
        return
    display = options.display_from(matcher, scores=scores, everything=everything)
    run = _Run(file, table, matcher, top, workers, dask, target, options.language_from(lang), display, quiet)
    if target.can_continue:
        chosen: dict[str, object] = {"--format": target.format + "/" * target.in_parts, "--lang": lang, "--top": top}
        chosen |= {"--scores": scores, "--all": everything}
        chosen |= {"--column": column, "--sheet": sheet, "--encoding": encoding, "--split": split}
        header = resuming.header_of(file, matcher, what_counts(ledger, as_of), chosen, spoken())
        rejects, summary = run.journaled(header, resume=resume)
    else:
        rejects, summary = run.at_once()
    report_rows(table, rejects, target.path if target.format == "xlsx" else target.rejects, quiet=quiet)
    if not quiet:
        _print_summary(summary, matcher.registry)
    if rejects.n:
        raise typer.Exit(BAD_INPUT)


@dataclass(frozen=True, slots=True)
class _Run:
    """What a batch works with. Both ways to run it give the rejected rows and the summary."""

    file: Path
    table: ProblemFolder | ProblemTable
    matcher: Matcher
    top: int
    workers: int | None
    cluster: str | None
    target: targets.Target
    lang: Language | None
    display: Display
    quiet: bool

    def at_once(self) -> tuple[Rejects, Summary]:
        """To stdout, a device or a pipe: what is interrupted there is lost."""
        from matchmaker.runs.workers import Summary

        summary, output, written = Summary(), self.target.path, self.target.format
        shown = not self.quiet and output is not None
        with (
            progress(self.table, shown=shown) as rows,
            kept_rejects(self.target.rejects, self.table) as rejects,
            closing(self._matched(rows, summary)) as found,
        ):
            answers = rejects.seen(found)
            if written in targets.MADE_WHOLE:
                self._make(answers, summary)
            else:
                _write(good(answers), output, written, self.lang, self.matcher.registry, self.display)
        return rejects, summary

    def journaled(self, header: Mapping[str, object], *, resume: bool) -> tuple[Rejects, Summary]:
        """To a file, which appears when all is done; what is interrupted can be continued."""
        output, kept, written = self.target.path, self.target.rejects, self.target.format
        if output is None:
            raise ValueError("stdout cannot be continued")
        rejects, is_spool = Rejects(), self.target.in_parts or written in targets.MADE_WHOLE
        with (
            resuming.journaled(output, kept, header, resume=resume, quiet=self.quiet) as journal,
            progress(self.table, shown=not self.quiet) as rows,
        ):
            summary = resuming.summary_of(journal)
            rest = resuming.unmatched(rows, journal.counts.n_rows, rejects.note)
            rejects.keep = resuming.keep_rejects(journal, self.table.headings) if kept is not None else None
            with closing(self._matched(rest, summary)) as found:
                answers = rejects.seen(found)
                shape = None if is_spool else written
                resuming.write_answers(answers, journal, summary, shape, self.lang, self.display)
            make = partial(self._from_spool, summary) if is_spool else None
            resuming.deliver(journal, output, kept, make=make, bom=written == "csv")
        return rejects, summary

    def _matched(
        self, rows: Iterable[Problem | Rejected], summary: Summary
    ) -> Generator[Shortlist | Rejected, None, None]:
        from matchmaker.runs.workers import available_workers, match_all

        n_workers = self.workers or available_workers()
        return match_all(rows, self.matcher, top=self.top, summary=summary, workers=n_workers, cluster=self.cluster)

    def _from_spool(self, summary: Summary, spool: Path) -> None:
        from matchmaker.runs.spool import from_spool

        with closing(from_spool(spool)) as answers:
            self._make(answers, summary)

    def _make(self, answers: Iterable[Shortlist | Rejected], summary: Summary) -> None:
        """What can only be written when all is known, or in other files than one."""
        output = self.target.path
        if self.target.in_parts and output is not None:
            from matchmaker.writing.columns import write_parts

            write_parts(answers, output, "parquet" if self.target.format == "parquet" else "jsonl", self.lang)
        elif self.target.format == "xlsx":
            from matchmaker.writing import Origin

            origin = Origin(self.file, self.table.headings, self.matcher.registry, self.matcher.settings)
            options.write_book(answers, output, self.lang, origin=origin, quiet=self.quiet)
        elif self.target.format == "parquet":
            targets.write_columns(good(answers), output, self.lang)
        else:
            from matchmaker.writing.page import Page

            page = Page(self.matcher, language=self.lang, source=self.file.name, display=self.display)
            options.write_page(page.of_problems(good(answers), n_rejected=lambda: summary.n_rejected), output)


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
                self.add(answer)
            yield answer

    def note(self, rejected: Rejected) -> None:
        """Count one more, and keep it to be shown if it is among the first."""
        self.n += 1
        if len(self.first) < _MOST_SHOWN:
            self.first.append(rejected)

    def add(self, rejected: Rejected) -> None:
        """Note one more, and pass it on."""
        self.note(rejected)
        if self.keep is not None:
            self.keep(rejected.line, rejected.cells, in_language(_joined(rejected), spoken()))


@contextmanager
def kept_rejects(path: Path | None, table: ProblemFolder | ProblemTable) -> Iterator[Rejects]:
    """Where rejected rows go: to a file that appears at the end, or nowhere but into the count."""
    from matchmaker.writing import rejects_writer

    if path is None:
        yield Rejects()
        return
    with rejects_writer(path, table.headings) as keep:
        yield Rejects(keep)


def open_table(
    file: Path,
    columns: list[str] | None,
    encoding: str | None,
    matcher: Matcher,
    *,
    sheets: list[str] | None = None,
    split: options.SplitName | None = None,
    quiet: bool,
) -> ProblemFolder | ProblemTable:
    """A table whose rows are checked against the institutes; says on stderr which column was taken for what."""
    from matchmaker.files import is_folder
    from matchmaker.intake import ProblemFolder, ProblemTable

    read = (file, options.columns_from(columns), encoding, sheets or (), matcher.limit_faults)
    table: ProblemFolder | ProblemTable
    if is_folder(file):
        table = ProblemFolder(*read, split=split.value if split else None)
    else:
        table = ProblemTable(*read, split=split.value if split else "never")
    if not quiet:
        report_columns(file, table)
        report_notes(table)
    return table


def report_columns(file: Path, table: ProblemFolder | ProblemTable) -> None:
    """Say on stderr which column was taken for what: once, or for each sheet where they differ."""
    from matchmaker.intake import ProblemFolder

    if isinstance(table, ProblemFolder):
        n_documents = len(table.files) - table.n_tables
        tell(said("{path}: tables {tables:,}, documents {n:,}", path=file, tables=table.n_tables, n=n_documents))
    for taken, sheets in _alike(table):
        columns = listed(f"{field} <- {heading}" for field, heading in taken.columns.items())
        place = said("{place}, sheet '{sheet}'", place=file, sheet="', '".join(sheets)) if taken.sheet else str(file)
        read_as = table.encoding or table.kind
        tell(said("{path}: {encoding}; {columns}", path=place, encoding=read_as, columns=columns))
        if taken.unused:
            more = ["…"] if len(taken.unused) > _MOST_SHOWN else []
            tell(said("not used: {headings}", headings=listed([*taken.unused[:_MOST_SHOWN], *more])))


def _alike(table: ProblemFolder | ProblemTable) -> list[tuple[Taken, list[str]]]:
    """Sheets in which the same was taken for the same, together."""
    alike: list[tuple[Taken, list[str]]] = []
    for taken in table.taken:
        same = next((names for one, names in alike if (one.columns, one.unused) == (taken.columns, taken.unused)), None)
        if same is None:
            alike.append((taken, [taken.sheet]))
        else:
            same.append(taken.sheet)
    return alike


def report_notes(table: ProblemFolder | ProblemTable) -> None:
    """Say on stderr what a person should know before the rows are read."""
    for note in table.notes:
        tell(said("note: {fault}", fault=note.message))


@contextmanager
def progress(table: ProblemFolder | ProblemTable, *, shown: bool) -> Iterator[Iterable[Problem | Rejected]]:
    """The rows of a table, with a counter on stderr while they are read, if that is a terminal."""
    if not (shown and sys.stderr.isatty()):
        yield table
        return
    from matchmaker.writing.terminal import row_counter

    with row_counter(sys.stderr, table) as rows:
        yield rows


def report_rows(table: ProblemFolder | ProblemTable, rejects: Rejects, kept: Path | None, *, quiet: bool) -> None:
    """Say on stderr which rows were rejected, and unless quiet what was left out of others."""
    if not quiet:
        for warning in table.warnings[:_MOST_SHOWN]:
            tell(said("warning: {fault}", fault=warning.message))
        if table.n_warnings > _MOST_SHOWN:
            tell(said("warning: {n:,} more like these", n=table.n_warnings - _MOST_SHOWN))
        if table.n_blank:
            one, many = "note: {n} blank row passed over", "note: {n:,} blank rows passed over"
            tell(counted(table.n_blank, one, many))
        if table.n_repeated:
            tell(said("note: rows that repeat the headings passed over: {n:,}", n=table.n_repeated))
    for rejected in rejects.first:
        for fault in rejected.faults:
            tell(said("rejected: {fault}", fault=fault.message))
    if rejects.n > len(rejects.first):
        tell(said("rejected: {n:,} more rows", n=rejects.n - len(rejects.first)))
    if rejects.n and kept is not None and not quiet:
        tell(said("the rejected rows are in {path}", path=kept))


def good(answers: Iterable[Answer | Rejected]) -> Iterator[Answer]:
    """The answers, or the problems, without the rejected rows among them."""
    from matchmaker.intake import Rejected

    return (answer for answer in answers if not isinstance(answer, Rejected))


def show_rows(table: ProblemFolder | ProblemTable, format: targets.BatchFormatName | None, *, quiet: bool) -> None:
    """Write the first ten rows to stdout as they are read, without matching; exit code 3 if any row is rejected."""
    from matchmaker.cli.dryrun import read_rows, write_rows

    rejects = Rejects()
    first, n_good = read_rows(rejects.seen(table))
    write_rows(first, n_good, rejects.n, format.value if format else "table", spoken())
    report_rows(table, rejects, None, quiet=quiet)
    if rejects.n:
        raise typer.Exit(BAD_INPUT)


def _write(
    shortlists: Iterator[Shortlist],
    output: Path | None,
    written: Format,
    lang: Language | None,
    registry: Registry,
    display: Display,
) -> None:
    if output is not None:
        from matchmaker.writing import write_shortlists

        write_shortlists(shortlists, output, written, lang, display)
    elif written == "table":
        from matchmaker.writing.terminal import open_console, print_shortlist

        console = open_console()
        for shortlist in shortlists:
            print_shortlist(console, shortlist, registry=registry, language=lang, display=display)
            console.print()
    else:
        options.write_to_stdout(shortlists, written, lang, display)


def _joined(rejected: Rejected) -> str:
    """All faults of a row in one text."""
    return reduce(lambda some, more: said("{some}; {more}", some=some, more=more), (f.message for f in rejected.faults))


def _print_summary(summary: Summary, registry: Registry) -> None:
    from matchmaker.writing.terminal import open_console, print_summary

    print_summary(
        open_console(sys.stderr),
        n_read=summary.n_read,
        n_matched=summary.n_matched,
        n_unclear=summary.n_unclear,
        n_none=summary.n_none,
        n_rejected=summary.n_rejected,
        seconds=summary.seconds,
        load=summary.load,
        registry=registry,
        language=spoken(),
    )
