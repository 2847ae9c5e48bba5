"""What commands read, and what a person is told of it on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from matchmaker.cli.boundary import BAD_INPUT, tell
from matchmaker.messages import join_messages, make_counted_message, make_message

if TYPE_CHECKING:
    from matchmaker.cli.options import SplitName
    from matchmaker.domain import Problem
    from matchmaker.errors import Fault
    from matchmaker.intake import ColumnMapping, LoadedProblems, ProblemFolder, ProblemTable, Split
    from matchmaker.intake.rejects import Rejects

MOST_SHOWN = 20


def problems_from(file: Path | None, text: str | None, split: SplitName, *, quiet: bool) -> tuple[Problem, ...]:
    """The problems a command is given: a file, stdin or a text. Says on stderr what was split, and what a form gave."""
    loaded = _loaded(file, text, split.value)
    place = "--text" if text is not None else make_message("stdin") if str(file) == "-" else str(file)
    if not quiet:
        for line in _notes(loaded, place):
            tell(line.message)
        for warning in loaded.warnings:
            tell(make_message("warning: {fault}", fault=warning.message))
    return loaded.problems


def chosen_problem(problems: Sequence[Problem], chosen: str | None, *, place: str) -> Problem:
    """The problem of this id or, if no id is such, of this number from 1.

    Raises:
        ProblemError: There is no such problem, or there are several and none is chosen.
    """
    from matchmaker.errors import Fault, ProblemError

    if chosen is None and len(problems) == 1:
        return problems[0]
    wanted = (chosen or "").strip()
    found = [problem for problem in problems if problem.id == wanted]
    if not found and wanted.isdecimal() and 0 < int(wanted) <= len(problems):
        found = [problems[int(wanted) - 1]]
    if found:
        return found[0]
    finding = (
        make_message("no such problem: {name}", name=wanted)
        if wanted
        else make_message("holds {n} problems", n=len(problems))
    )
    known = ", ".join(problem.id for problem in problems[:10])
    raise ProblemError(Fault(place, finding, make_message("choose one with --problem: {known}", known=known)))


def _loaded(file: Path | None, text: str | None, split: Split) -> LoadedProblems:
    from matchmaker.intake import load_problems, parse_problems, problems_from_bytes

    if (file is None) == (text is None):
        raise typer.BadParameter("give a FILE, - for stdin, or --text, one of them")
    if text is not None:
        return parse_problems(text, format="txt", place="--text", default_id="text", split=split)
    if str(file) == "-":
        return problems_from_bytes(_stdin(), place=make_message("stdin"), default_id="stdin", split=split)
    assert file is not None  # noqa: S101 - for the type checker: exactly one is given
    return load_problems(file, split=split)


def _stdin() -> bytes:
    from matchmaker.errors import ProblemError
    from matchmaker.intake.documents import MAX_DOCUMENT
    from matchmaker.office.reading import read_faults

    with read_faults(make_message("stdin"), ProblemError):
        return sys.stdin.buffer.read(MAX_DOCUMENT + 1)  # one more than allowed shows that there is more


def _notes(loaded: LoadedProblems, place: str) -> Iterator[Fault]:
    """What a form was read as, and how many problems there are if not one."""
    from matchmaker.errors import Fault

    if loaded.recognised:
        taken = join_messages(f"{field} <- {label}" for field, label in loaded.recognised)
        unused = make_message("not used: {headings}", headings=join_messages(loaded.unused)) if loaded.unused else ""
        yield Fault(place, taken, unused)
    if loaded.split:
        from matchmaker.intake.splitting import NEVER_SPLIT, split_finding

        yield Fault(place, split_finding(loaded.split), NEVER_SPLIT)
    elif len(loaded.problems) > 1:
        yield Fault(place, make_message("{n} problems", n=len(loaded.problems)))


def tell_of_table(file: Path, table: ProblemFolder | ProblemTable, *, quiet: bool) -> None:
    """Say on stderr, unless quiet, which column was taken for what, and what to know before the rows are read."""
    if quiet:
        return
    from matchmaker.intake import ProblemFolder

    if isinstance(table, ProblemFolder):
        n_documents = len(table.files) - table.n_tables
        tell(
            make_message("{path}: tables {tables:,}, documents {n:,}", path=file, tables=table.n_tables, n=n_documents)
        )
    for taken, sheets in _alike(table):
        columns = join_messages(f"{field} <- {heading}" for field, heading in taken.columns.items())
        place = (
            make_message("{place}, sheet '{sheet}'", place=file, sheet="', '".join(sheets))
            if taken.sheet
            else str(file)
        )
        read_as = table.encoding or table.kind
        tell(make_message("{path}: {encoding}; {columns}", path=place, encoding=read_as, columns=columns))
        if taken.unused:
            more = ["…"] if len(taken.unused) > MOST_SHOWN else []
            tell(make_message("not used: {headings}", headings=join_messages([*taken.unused[:MOST_SHOWN], *more])))
    tell_notes(table)


def _alike(table: ProblemFolder | ProblemTable) -> list[tuple[ColumnMapping, list[str]]]:
    """Sheets in which the same was taken for the same, together."""
    alike: list[tuple[ColumnMapping, list[str]]] = []
    for taken in table.mappings:
        same = next((names for one, names in alike if (one.columns, one.unused) == (taken.columns, taken.unused)), None)
        if same is None:
            alike.append((taken, [taken.sheet]))
        else:
            same.append(taken.sheet)
    return alike


def tell_notes(table: ProblemFolder | ProblemTable) -> None:
    """Say on stderr what a person should know before the rows are read."""
    for note in table.notes:
        tell(make_message("note: {fault}", fault=note.message))


@contextmanager
def progress(*, shown: bool) -> Iterator[Callable[[int], None] | None]:
    """What counts rows on stderr while they are read, if that is a terminal."""
    if not (shown and sys.stderr.isatty()):
        yield None
        return
    from matchmaker.writing.terminal import row_counter

    with row_counter(sys.stderr) as count:
        yield count


def tell_of_rows(
    table: ProblemFolder | ProblemTable, rejects: Rejects, kept: Path | None = None, *, quiet: bool
) -> None:
    """Say on stderr which rows were rejected, and unless quiet what was left out of others."""
    if not quiet:
        for warning in table.warnings[:MOST_SHOWN]:
            tell(make_message("warning: {fault}", fault=warning.message))
        if table.n_warnings > MOST_SHOWN:
            tell(make_message("warning: {n:,} more like these", n=table.n_warnings - MOST_SHOWN))
        if table.n_blank:
            one, many = "note: {n} blank row passed over", "note: {n:,} blank rows passed over"
            tell(make_counted_message(table.n_blank, one, many))
        if table.n_repeated:
            tell(make_message("note: rows that repeat the headings passed over: {n:,}", n=table.n_repeated))
    for rejected in rejects.first:
        for fault in rejected.faults:
            tell(make_message("rejected: {fault}", fault=fault.message))
    if rejects.n > len(rejects.first):
        tell(make_message("rejected: {n:,} more rows", n=rejects.n - len(rejects.first)))
    if rejects.n and kept is not None and not quiet:
        tell(make_message("the rejected rows are in {path}", path=kept))


def end_with(n_rejected: int) -> None:
    """Exit code 3 when rows were rejected."""
    if n_rejected:
        raise typer.Exit(BAD_INPUT)


def read_table(path: Path, *, quiet: bool) -> tuple[list[Problem], int]:
    """All problems of a table, and how many rows were rejected; those are named on stderr."""
    from matchmaker.intake import read_problems
    from matchmaker.intake.rejects import Rejects

    table, rejects = read_problems(path), Rejects()
    if not quiet:
        tell_notes(table)
    problems = list(rejects.good(table))
    tell_of_rows(table, rejects, quiet=quiet)
    return problems, rejects.n
