"""Cases on their way into a ledger: from options, a file or a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from matchmaker.cli import batch, options
from matchmaker.cli.boundary import tell
from matchmaker.errors import Fault, LedgerError
from matchmaker.messages import said

if TYPE_CHECKING:
    from matchmaker.domain import Case
    from matchmaker.intake.values import Given
    from matchmaker.ledger.cases import Added
    from matchmaker.ledger.reading import CaseTable, ReadCase, Resolve
    from matchmaker.ledger.store import Ledger

_AT_ONCE = 10_000
_MOST_SHOWN = 20


def case_from(file: Path | None, asked: dict[str, str | None], own: dict[str, object], resolve: Resolve) -> Case:
    """The case that options and file describe."""
    from matchmaker.intake import load_problem
    from matchmaker.intake.fields import build_problem
    from matchmaker.ledger.reading import case_from_values, load_case

    given = given_values(own)
    if file is None:
        built = build_problem(given_values(asked), place="cases add", default_id="", style="yaml")
        if not any(asked.values()):
            raise typer.BadParameter("give a FILE, or --title or --description")
        if built.problem is None:
            raise LedgerError(built.faults)
        return case_from_values(built.problem, given, resolve, place="cases add")
    if file.suffix.lower() in {".yaml", ".yml", ".json"}:
        case = load_case(file, given, resolve)
    else:
        case = case_from_values(load_problem(file), given, resolve, place=str(file))
    said_instead = {name: text for name, text in asked.items() if text is not None}
    return case.model_copy(update={"problem": case.problem.model_copy(update=said_instead)})


def given_values(values: dict[str, object] | dict[str, str | None]) -> dict[str, Given]:
    from matchmaker.intake.values import Given

    texts = {name: str(value) if isinstance(value, int) else value for name, value in values.items() if value}
    return {name: Given(f"--{name.removesuffix('_cny').removesuffix('s')}", value) for name, value in texts.items()}


def tell_one(answer: Added, *, quiet: bool) -> None:
    if answer.fault is not None:
        raise LedgerError(answer.fault)
    options.write_data(f"{answer.id}\n")
    if quiet:
        return
    if answer.kind == "added":
        tell(said("added case {id}", id=answer.id))
    else:
        tell(said("case {id} is there already", id=answer.id))


class Import:
    """An import on its way: every chunk is a transaction, and told of when it is committed."""

    def __init__(self, store: Ledger, by: str, rejects: batch.Rejects, *, quiet: bool) -> None:
        self._store = store
        self._by = by
        self._rejects = rejects
        self._quiet = quiet
        self._counts = dict.fromkeys(("added", "there", "differs", "deleted", "refused"), 0)
        self._n_told = 0

    def take(self, table: CaseTable) -> None:
        from matchmaker.ledger.reading import ReadCase

        chunk: list[ReadCase] = []
        for row in self._rejects.seen(table):
            if isinstance(row, ReadCase):
                chunk.append(row)
            if len(chunk) == _AT_ONCE:
                self._write(chunk)
                chunk = []
        self._write(chunk)

    def _write(self, chunk: Sequence[ReadCase]) -> None:
        from matchmaker.intake import Rejected
        from matchmaker.ledger.cases import add_cases

        places = [row.met.place for row in chunk]
        answers = add_cases(self._store, [row.case for row in chunk], by=self._by, places=places)
        for row, answer in zip(chunk, answers, strict=True):
            self._counts[answer.kind] += 1
            if answer.kind == "refused" and answer.fault:
                self._rejects.add(Rejected(row.met.line, row.met.cells, (answer.fault,)))
            elif answer.fault and not self._quiet:
                self._tell(answer.fault)

    def _tell(self, fault: Fault) -> None:
        self._n_told += 1
        if self._n_told <= _MOST_SHOWN:
            tell(said("note: {fault}", fault=fault.message))

    def finish(self, table: CaseTable, kept: Path) -> None:
        """Say what was rejected, where it is kept, and what was done."""
        for warning in table.warnings[:_MOST_SHOWN] if not self._quiet else ():
            tell(said("warning: {fault}", fault=warning.message))
        batch.report_rows(table.table, self._rejects, kept, quiet=self._quiet)
        if not self._quiet:
            self._tell_counts()

    def _tell_counts(self) -> None:
        counts = {**self._counts, "rejected": self._rejects.n}
        text = said(
            "cases added: {added}; there already: {there}, with other values: {differs}, deleted before: {deleted}; "
            "rows rejected: {rejected}",
            **{name: f"{n:,}" for name, n in counts.items()},
        )
        tell(text)


def tell_columns(file: Path, table: CaseTable) -> None:
    batch.report_columns(file, table.table)
    batch.report_notes(table.table)
