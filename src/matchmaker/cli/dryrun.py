"""``--dry-run``: the rows of a table as they are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import typer

from matchmaker.cli.boundary import spoken
from matchmaker.cli.reading import end_with, tell_of_rows

if TYPE_CHECKING:
    from matchmaker.intake import ProblemFolder, ProblemTable, Row

_N_SHOWN: Final = 10


def show_rows(
    table: ProblemFolder | ProblemTable,
    format: str | None,
    opened: Callable[[ProblemFolder | ProblemTable], None],
    *,
    quiet: bool,
) -> None:
    """Write the first ten rows to stdout as they are read, without matching; exit code 3 if any row is rejected."""
    from matchmaker.intake.rejects import Rejects

    opened(table)
    rejects, n_read = Rejects(), 0
    first: list[Row] = []
    for row in rejects.seen(table):
        n_read += 1
        if len(first) < _N_SHOWN:
            first.append(row)
    _print_rows(first, n_read, rejects.n, format or "table")
    tell_of_rows(table, rejects, quiet=quiet)
    end_with(rejects.n)


def _print_rows(rows: list[Row], n_read: int, n_rejected: int, format: str) -> None:
    """Write rows to stdout: a table for people, or objects for programs."""
    from matchmaker.writing import write
    from matchmaker.writing.terminal import open_console, print_rows_read

    if format == "table":
        n_good = n_read - n_rejected
        print_rows_read(open_console(), rows, n_good=n_good, n_rejected=n_rejected, language=spoken())
    elif format == "jsonl":
        write(map(_as_object, rows), "rows", format)
    elif format == "json":
        found = {"read": n_read, "rejected": n_rejected, "rows": [_as_object(row) for row in rows]}
        write(found, "facts", format)
    else:
        raise typer.BadParameter("with --dry-run, --format is table, json or jsonl")


def _as_object(row: Row) -> dict[str, object]:
    """A problem with the fields it gives, or a rejected row with its faults."""
    from matchmaker.intake import RejectedRow

    if not isinstance(row, RejectedRow):
        return row.model_dump(mode="json", exclude_defaults=True)
    place = {"sheet": row.sheet, "row": row.line} if row.sheet else {"line": row.line}
    return {"rejected": {**place, "cells": list(row.cells), "faults": [str(fault) for fault in row.faults]}}
