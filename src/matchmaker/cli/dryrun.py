"""``--dry-run``: the rows of a table as they are read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import typer

from matchmaker.cli import options

if TYPE_CHECKING:
    from matchmaker.domain import Language
    from matchmaker.intake import Row
    from matchmaker.writing import Format

_N_SHOWN: Final = 10


def read_rows(rows: Iterable[Row]) -> tuple[list[Row], int]:
    """The first ten rows, and how many of all are problems."""
    from matchmaker.intake import Rejected

    first: list[Row] = []
    n_good = 0
    for row in rows:
        if len(first) < _N_SHOWN:
            first.append(row)
        n_good += not isinstance(row, Rejected)
    return first, n_good


def write_rows(rows: Sequence[Row], n_good: int, n_rejected: int, format: Format, language: Language) -> None:
    """Write rows to stdout: a table for people, or objects for programs."""
    if format == "table":
        from matchmaker.writing.terminal import open_console, print_rows_read

        print_rows_read(open_console(), rows, n_good=n_good, n_rejected=n_rejected, language=language)
    elif format == "jsonl":
        options.write_data("".join(json.dumps(as_object(row), ensure_ascii=False) + "\n" for row in rows))
    elif format == "json":
        found = {"read": n_good + n_rejected, "rejected": n_rejected, "rows": [as_object(row) for row in rows]}
        options.write_data(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    else:
        raise typer.BadParameter("with --dry-run, --format is table, json or jsonl")


def as_object(row: Row) -> dict[str, object]:
    """A problem with the fields it gives, or a rejected row with its faults."""
    from matchmaker.intake import Rejected

    if not isinstance(row, Rejected):
        return row.model_dump(mode="json", exclude_defaults=True)
    place = {"sheet": row.sheet, "row": row.line} if row.sheet else {"line": row.line}
    return {"rejected": {**place, "cells": list(row.cells), "faults": [str(fault) for fault in row.faults]}}
