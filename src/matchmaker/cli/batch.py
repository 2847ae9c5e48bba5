"""``matchmaker batch``: shortlists for a whole table."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from matchmaker import log
from matchmaker.cli import options
from matchmaker.cli.boundary import report_error, spoken, tell
from matchmaker.cli.dryrun import show_rows
from matchmaker.cli.reading import end_with, progress, tell_of_rows, tell_of_table
from matchmaker.errors import MatchmakerError
from matchmaker.messages import make_message

if TYPE_CHECKING:
    from matchmaker.domain import Registry
    from matchmaker.runs.workers import Summary

Workers = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(
        "--workers",
        min=1,
        help="How many processes match; changes nothing in the results. Default: one for each processor.",
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
Output = Annotated[
    Optional[str],  # noqa: UP045 - a path would lose the mark of a folder at its end
    typer.Option(
        "--output",
        "-o",
        metavar="FILE|FOLDER/",
        help="Write here instead of to stdout; to a folder in parts of 100,000 rows of the table, as jsonl or parquet.",
        show_default=False,
    ),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Continue a run that was interrupted; needs the same input and options, and -o."),
]


def batch(
    file: options.Table,
    institutes: options.Institutes = None,
    settings: options.Settings = None,
    encoder: options.Encoder = None,
    ledger: options.Experience = None,
    as_of: options.AsOf = None,
    column: options.Columns = None,
    sheet: options.Sheets = None,
    encoding: options.Encoding = None,
    split: SplitRows = None,
    dry_run: DryRun = False,
    format: options.BatchFormat = None,
    lang: options.LanguageOption = None,
    top: options.Top = 5,
    scores: options.Scores = False,
    everything: options.Everything = False,
    output: Output = None,
    workers: Workers = None,
    dask: options.Dask = None,
    resume: Resume = False,
    quiet: options.Quiet = False,
) -> None:
    """Write a shortlist for every problem of a table, in its order; without -o as CSV to stdout.

    A row that is no problem never stops the run: it is named, counted, written to OUT.rejects.csv (in a workbook, to a
    sheet of its own), and makes the exit code 3. A run into a file that was interrupted, by Ctrl-C, a full disk or a
    power cut, continues with --resume and ends with the same bytes.

    Example: matchmaker batch data/problems/requests.csv -o shortlists.csv
    """
    from matchmaker.runs.targets import target_from

    if resume and not target_from(output, format).can_continue:
        raise typer.BadParameter("--resume needs -o FILE, a regular file")
    read: Any = {"columns": options.columns_from(column), "sheets": sheet or (), "encoding": encoding}
    read["split"] = split.value if split else None
    opened = partial(tell_of_table, file, quiet=quiet)
    with options.session_from(institutes, settings, encoder, ledger, as_of) as session:
        if dry_run:
            show_rows(session.table(file, **read), format, opened, quiet=quiet)
            return
        shown: Any = {"language": options.language_from(lang), "scores": scores, "everything": everything}
        noted: Any = {"opened": opened, "tell": log.note if quiet else tell, "message_language": spoken()}
        with progress(shown=not quiet and output is not None) as count, _told_how_to_continue():
            how: Any = {"top": top, "workers": workers, "dask": dask, "resume": resume, "progress": count}
            summary = session.run(file, output, format=format, **read, **shown, **noted, **how)
        if summary.table is not None:
            tell_of_rows(summary.table, summary.rejects, summary.rejected_in, quiet=quiet)
        if not quiet:
            _print_summary(summary, session.registry)
    end_with(summary.n_rejected)


@contextmanager
def _told_how_to_continue() -> Iterator[None]:
    """When a run ends before its time and what it did is kept, the command that continues it is told.

    Raises:
        Exit: The run was interrupted (130 for Ctrl-C, 143 for SIGTERM), or an error was told.
    """
    from matchmaker.runs.journal import Interruption

    try:
        yield
    except Interruption as caught:
        tell(make_message("stopped; to continue: {command}", command=_command()))
        raise typer.Exit(caught.exit_code) from None
    except MatchmakerError as error:
        if not error.can_continue:
            raise
        ending = report_error(error)
        tell(make_message("what is done is kept; to continue: {command}", command=_command()))
        raise ending from None


def _command() -> str:
    """This command again, with ``--resume``, as a shell takes it."""
    program, *args = sys.argv
    words = [program]
    if Path(program).name == "__main__.py":
        words = [sys.executable, "-m", "matchmaker"]
    elif (found := shutil.which(Path(program).name)) and Path(found).resolve() == Path(program).resolve():
        words = [Path(program).name]
    if "--resume" not in args:
        at = args.index("batch") + 1 if "batch" in args else len(args)
        args.insert(at, "--resume")
    return subprocess.list2cmdline([*words, *args]) if os.name == "nt" else shlex.join([*words, *args])


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
