"""The rows of a Parquet file, some at a time; needs the extra ``[parquet]``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from matchmaker.errors import Fault, MissingExtraError, TableError
from matchmaker.intake.csvrows import Record
from matchmaker.intake.sheets import shown_number, shown_value
from matchmaker.messages import said

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

_BATCH: Final = 256
_MAX_GROUP: Final = 256_000_000
_DAMAGED: Final = "ask for the file again, or for CSV UTF-8"


def parquet_headings(path: Path) -> tuple[str, ...]:
    """The names of its columns.

    Raises:
        MissingExtraError: pyarrow is not installed.
        TableError: The file is damaged.
    """
    with _opened(path) as file:
        return tuple(file.schema_arrow.names)


def parquet_records(path: Path, positions: Sequence[int]) -> Iterator[Record]:
    """Its rows, from 1, each cell as text; columns at other ``positions`` are not read and stay blank.

    Raises:
        TableError: The file is damaged, or a group of its rows would take too much memory.
    """
    with _opened(path) as file:
        names = file.schema_arrow.names
        _check_groups(file, str(path), {names[position] for position in positions})
        line = 0
        try:
            for batch in file.iter_batches(batch_size=_BATCH, columns=[names[position] for position in positions]):
                for values in zip(*(batch.column(n).to_pylist() for n in range(batch.num_columns)), strict=True):
                    line += 1
                    cells = [""] * len(names)
                    for position, value in zip(positions, values, strict=True):
                        cells[position] = shown_cell(value)
                    yield Record(line, tuple(cells))
        except (OSError, ValueError) as error:  # what pyarrow raises for wrong data are these
            raise TableError(Fault(str(path), said("damaged after row {row}", row=line), _DAMAGED)) from error


def shown_cell(value: object) -> str:
    """A value of any type as text; items of a list with ``；`` between."""
    if value is None:
        return ""
    if isinstance(value, (str, bool, int, float, datetime, date, time, timedelta)):
        return shown_value(value)
    if isinstance(value, Decimal):
        return shown_number(float(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (list, tuple)):
        return "；".join(filter(None, map(shown_cell, value)))
    return json.dumps(value, ensure_ascii=False, default=str)


def _opened(path: Path) -> Any:
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        remedy = "pip install 'matchmaker[parquet]', or save the table as CSV UTF-8"
        raise MissingExtraError(Fault(str(path), "reading Parquet needs pyarrow", remedy)) from error
    try:
        return ParquetFile(path, memory_map=False)
    except (OSError, ValueError) as error:
        raise TableError(Fault(str(path), "the file is damaged or incomplete", _DAMAGED)) from error


def _check_groups(file: ParquetFile, place: str, wanted: set[str]) -> None:
    """Refuse a group of rows that unpacks to more than memory should hold; it says so itself."""
    for number in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(number)
        columns = (group.column(n) for n in range(group.num_columns))
        size = sum(one.total_uncompressed_size for one in columns if one.path_in_schema.partition(".")[0] in wanted)
        if size > _MAX_GROUP:
            finding = said("{n:,} MB in one group of its rows", n=size // 1_000_000)
            raise TableError(Fault(place, finding, "write it with smaller row groups, or as CSV UTF-8"))
