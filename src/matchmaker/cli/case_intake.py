"""Cases on their way into a ledger: from options, a file or a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from matchmaker.cli import batch, options
from matchmaker.cli.ledger import say
from matchmaker.errors import Fault, LedgerError
from matchmaker.messages import said

if TYPE_CHECKING:
    from matchmaker.domain import Case
    from matchmaker.intake import Rejected
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


def tell_one(answer: Added, lang: options.LanguageName | None, *, quiet: bool) -> None:
    if answer.fault is not None:
        raise LedgerError(answer.fault)
    options.write_data(f"{answer.id}\n")
    if quiet:
        return
    if answer.kind == "added":
        say(said("added case {id}", id=answer.id), lang)
    else:
        say(said("case {id} is there already", id=answer.id), lang)


class Import:
    """An import on its way: every chunk is a transaction, and told of when it is committed."""

    def __init__(self, store: Ledger, by: str, lang: options.LanguageName | None, *, quiet: bool) -> None:
        self._store = store
        self._by = by
        self._lang = lang
        self._quiet = quiet
        self._counts = dict.fromkeys(("added", "there", "differs", "deleted", "refused"), 0)
        self._n_told = 0
        self.rejects: list[Rejected] = []

    def take(self, table: CaseTable) -> None:
        from matchmaker.intake import Rejected

        chunk: list[ReadCase] = []
        for row in table:
            if isinstance(row, Rejected):
                self.rejects.append(row)
                continue
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
                self.rejects.append(Rejected(row.met.line, row.met.cells, (answer.fault,)))
            elif answer.fault and not self._quiet:
                self._tell(answer.fault)

    def _tell(self, fault: Fault) -> None:
        self._n_told += 1
        if self._n_told <= _MOST_SHOWN:
            say(said("note: {fault}", fault=fault.in_language(options.message_language(self._lang))), self._lang)

    def finish(self, table: CaseTable, rejects: Path | None, file: Path) -> None:
        """Say what was rejected, keep it, and say what was done."""
        from matchmaker.output import write_rejects

        path = rejects or file.with_name(f"{file.name}.rejects.csv")
        for warning in table.warnings[:_MOST_SHOWN] if not self._quiet else ():
            say(said("warning: {fault}", fault=warning.in_language(options.message_language(self._lang))), self._lang)
        batch.report_rows(table.table, self.rejects, path if self.rejects else None, quiet=self._quiet)
        if self.rejects:
            rows = ((row.line, row.cells, "; ".join(map(str, row.faults))) for row in self.rejects)
            write_rejects(path, table.table.headings, rows)
        elif rejects is None:  # left by an earlier import
            path.unlink(missing_ok=True)
        if not self._quiet:
            self._tell_counts()

    def _tell_counts(self) -> None:
        counts = {**self._counts, "rejected": len(self.rejects)}
        text = said(
            "cases added: {added}; there already: {there}, with other values: {differs}, deleted before: {deleted}; "
            "rows rejected: {rejected}",
            **{name: f"{n:,}" for name, n in counts.items()},
        )
        say(text, self._lang)


def tell_columns(file: Path, table: CaseTable, lang: options.LanguageName | None) -> None:
    taken = ", ".join(f"{field} <- {heading}" for field, heading in table.table.columns.items())
    typer.echo(f"{file}: {table.table.encoding}; {taken}", err=True)
    if table.table.unused:
        say(said("not used: {headings}", headings=", ".join(table.table.unused)), lang)
