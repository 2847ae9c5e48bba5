"""A batch that can be continued: its journal, what a person is told of it, and the finished files."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from matchmaker.cli.boundary import tell, told
from matchmaker.errors import MatchmakerError
from matchmaker.messages import as_message, counted, listed, said

if TYPE_CHECKING:
    from matchmaker.domain import Language, Problem, Shortlist
    from matchmaker.intake import Rejected
    from matchmaker.matching.matcher import Matcher
    from matchmaker.runs.journal import Journal
    from matchmaker.runs.workers import Summary
    from matchmaker.writing import Display, Format

Resume = Annotated[
    bool,
    typer.Option("--resume", help="Continue a run that was interrupted; needs the same input and options, and -o."),
]

_NAMES: Final[Mapping[str, str]] = {
    "version": "the version of matchmaker",
    "input": "the input",
    "institutes": "the profiles",
    "settings": "the settings",
    "ledger": "the ledger",
    "partial": "what was written so far",
    "language": "the language of messages",
}
"""What of a journal's header has a name; the rest are options, and are called as such."""


def header_of(
    file: Path, matcher: Matcher, counts: tuple[str, str], options: Mapping[str, object], language: Language
) -> dict[str, object]:
    """All that shapes the output. The input is known by what is in it; neither its date nor workers count.

    ``counts`` is what ``precedents.what_counts`` says.
    """
    from matchmaker.files import is_folder
    from matchmaker.intake import files_digest
    from matchmaker.runs.journal import fingerprint_of
    from matchmaker.writing import version

    ledger, day = counts
    return {
        "version": version(),
        "input": f"{file} {files_digest(file) if is_folder(file) else fingerprint_of(file)}",
        "institutes": matcher.registry.fingerprint,
        "settings": matcher.settings.fingerprint,
        "ledger": ledger,
        "--as-of": day,
        "language": language,
        **{name: "" if value is None else value for name, value in options.items()},
    }


def day_before(output: Path | None) -> datetime | None:
    """The day from which the run to be continued counts ages, so that one of yesterday goes on as it began."""
    from matchmaker.runs.journal import header_beside

    day = header_beside(output).get("--as-of") if output is not None else None
    with suppress(ValueError):  # a journal that somebody else wrote is void anyhow
        return datetime.fromisoformat(day) if day else None
    return None


@contextmanager
def journaled(
    output: Path, rejects: Path | None, header: Mapping[str, object], *, resume: bool, quiet: bool
) -> Iterator[Journal]:
    """The journal of a run; when the run ends before its time, the command that continues it is told.

    Raises:
        Exit: The run was interrupted (130 for Ctrl-C, 143 for SIGTERM), or an error was told.
        InputError: The output cannot be written, or another run is writing it.
    """
    from matchmaker.runs.journal import Interruption, open_journal

    try:
        with open_journal(output, header) as journal:
            journal.begin(resume=resume, finished=(output, rejects or output))
            if not quiet:
                _report(journal, resume=resume)
            with _errors_told():
                yield journal
    except Interruption as caught:
        tell(said("stopped; to continue: {command}", command=_command()))
        raise typer.Exit(caught.exit_code) from None


@contextmanager
def _errors_told() -> Iterator[None]:
    try:
        yield
    except MatchmakerError as error:
        closing = told(error)
        tell(said("what is done is kept; to continue: {command}", command=_command()))
        raise closing from None


def _report(journal: Journal, *, resume: bool) -> None:
    """Say on stderr what became of an earlier run."""
    if journal.n_before:
        one, many = "note: continued after {n} row", "note: continued after {n:,} rows"
        tell(counted(journal.n_before, one, many))
    elif journal.changed:
        names = listed(as_message(_NAMES.get(name, name)) for name in journal.changed)
        tell(said("note: {path} is void, changed since: {names}; begun anew", path=journal.path, names=names))
    elif resume:
        tell(said("note: nothing to continue, begun anew"))
    elif journal.n_dropped:
        one = "note: an earlier run had done {n} row; begun anew, as --resume was not given"
        many = "note: an earlier run had done {n:,} rows; begun anew, as --resume was not given"
        tell(counted(journal.n_dropped, one, many))


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


def unmatched(
    rows: Iterable[Problem | Rejected], n_done: int, again: Callable[[Rejected], None]
) -> Iterator[Problem | Rejected]:
    """The rows after those that are done; these are read once more, as ids depend on them, and rejected ones told."""
    from matchmaker.intake import Rejected

    stream = iter(rows)
    for row in islice(stream, n_done):
        if isinstance(row, Rejected):
            again(row)
    yield from stream


def summary_of(journal: Journal) -> Summary:
    """A summary that goes on where the journal is."""
    from matchmaker.runs.workers import Summary

    return Summary(*journal.counts, load=Counter(journal.load))


def keep_rejects(journal: Journal, headings: Sequence[str]) -> Callable[[int, Sequence[str], str], None]:
    """Takes line, cells and fault of a rejected row."""
    from matchmaker.writing import reject_row, rejects_opening

    def keep(line: int, cells: Sequence[str], fault: str) -> None:
        first = "" if journal.rejects.size else "\ufeff" + rejects_opening(headings)
        journal.reject(first + reject_row(line, cells, fault))

    return keep


def write_answers(
    answers: Iterable[Shortlist | Rejected],
    journal: Journal,
    summary: Summary,
    format: Format | None,
    language: Language | None,
    display: Display,
) -> None:
    """Write what is left to be done to the partial output: as text, or without ``format`` as a spool."""
    from matchmaker.domain import Shortlist
    from matchmaker.runs.journal import Counts
    from matchmaker.runs.spool import to_spool
    from matchmaker.writing import closing, opening, piece_of

    if format is not None and not journal.output.size:
        journal.open_with(("\ufeff" if format == "csv" else "") + opening(format))
    for answer in answers:
        piece, first = "", None
        if format is None:
            piece = to_spool(answer)
        elif isinstance(answer, Shortlist):
            is_first = journal.counts.n_answered == 0
            piece = piece_of(answer, format, language, is_first=is_first, display=display)
        if isinstance(answer, Shortlist) and answer.verdict == "matched":
            first = answer.matches[0].institute
        counts = Counts(summary.n_matched, summary.n_unclear, summary.n_none, summary.n_rejected)
        journal.add(piece, counts, first)
    journal.complete("" if format is None else closing(format, journal.counts.n_answered))


def deliver(
    journal: Journal, output: Path, rejects: Path | None, *, make: Callable[[Path], None] | None, bom: bool
) -> None:
    """Put the finished files in their places, the rejected rows first.

    Args:
        journal: Of a complete run.
        output: Where the output goes.
        rejects: Where the rejected rows go, if they have a file; without any, one of an earlier run goes.
        make: Makes the output of the partial file, where that is a spool.
        bom: Whether the partial file begins with a byte order mark that all-ASCII output does not need.
    """
    from matchmaker.files import drop_earlier, is_there, put_in_place

    if rejects is not None:
        if is_there(journal.rejects.path) and journal.rejects.size:
            put_in_place(journal.rejects.path, rejects, bom=True)
        elif not journal.rejects.size:
            drop_earlier(rejects)
    if make is not None and journal.stage != "delivered":
        make(journal.output.path)
    elif make is None and is_there(journal.output.path):
        put_in_place(journal.output.path, output, bom=bom)
    journal.end()
