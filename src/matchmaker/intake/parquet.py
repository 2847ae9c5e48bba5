"""The rows of a Parquet file, some at a time; needs the extra ``[parquet]``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

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
        wanted = [names[position] for position in positions]
        _check_groups(file, str(path))
        line = 0
        for batch in file.iter_batches(batch_size=_BATCH, columns=wanted):
            columns = [batch.column(batch.schema.names.index(name)).to_pylist() for name in wanted]
            for values in zip(*columns, strict=True):
                line += 1
                cells = [""] * len(names)
                for position, value in zip(positions, values, strict=True):
                    cells[position] = shown_cell(value)
                yield Record(line, tuple(cells))


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


@contextmanager
def _opened(path: Path) -> Iterator[ParquetFile]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        remedy = "pip install 'matchmaker[parquet]', or save the table as CSV UTF-8"
        raise MissingExtraError(Fault(str(path), "reading Parquet needs pyarrow", remedy)) from error
    try:
        with ParquetFile(path) as file:
            yield file
    except (ArrowException, OSError, ValueError, OverflowError) as error:
        raise TableError(Fault(str(path), "the file is damaged or incomplete", _DAMAGED)) from error


def _check_groups(file: ParquetFile, place: str) -> None:
    """Refuse a group of rows that unpacks to more than memory should hold; it says so itself.

    Its columns are not asked one by one: in a damaged file that ends the whole process.
    """
    for number in range(file.metadata.num_row_groups):
        size = file.metadata.row_group(number).total_byte_size
        if size > _MAX_GROUP:
            finding = said("{n:,} MB in one group of its rows", n=size // 1_000_000)
            raise TableError(Fault(place, finding, "write it with smaller row groups, or as CSV UTF-8"))
