"""The rows of a Parquet file, in batches; needs the extra ``[parquet]``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from matchmaker.errors import Fault, MissingExtraError, TableError
from matchmaker.messages import foreign, make_message, shortened
from matchmaker.office.csvrows import MAX_FIELD, Record
from matchmaker.office.sheets import number_text, value_text

if TYPE_CHECKING:
    from pyarrow import Array, Scalar
    from pyarrow.parquet import ParquetFile

_MAX_BATCH_ROWS: Final = 1_024
_MAX_GROUP_BYTES: Final = 256_000_000
_SMALL_GROUP_BYTES: Final = 64_000_000
_MAX_BATCH_BYTES: Final = 512_000_000
_MAX_VALUE_BYTES: Final = 4 * MAX_FIELD
_DAMAGED: Final = "ask for the file again, or for CSV UTF-8"


class UnreadableCell(NamedTuple):
    """Why a cell cannot be shown as text, and what to do about it."""

    finding: str
    remedy: str


_TOO_LONG: Final = UnreadableCell(make_message("a field of more than {n:,} characters", n=MAX_FIELD), "shorten it")
_CONVERSION_ERRORS: Final = (NotImplementedError, ValueError, OverflowError, LookupError, OSError)
"""Errors raised for values that Python or Arrow cannot represent: times after the year 9999, unknown time zones."""


def parquet_headings(path: Path) -> tuple[str, ...]:
    """The names of its columns.

    Raises:
        MissingExtraError: pyarrow is not installed.
        TableError: The file is damaged.
    """
    with _open_parquet(path) as file:
        return tuple(file.schema_arrow.names)


def parquet_records(path: Path, positions: Sequence[int]) -> Iterator[Record]:
    """The rows of a file, numbered from 1, each cell as text.

    Only the columns at ``positions`` are read; the cells of all others stay empty. A cell that cannot be shown as text
    makes its row unusable, not the file.

    Raises:
        TableError: The file is damaged, or a group of its rows would take too much memory.
    """
    with _open_parquet(path) as file:
        largest = _check_groups(file, str(path))
        leaves = [file.schema.column(n) for n in range(len(file.schema))]
        widest = max((leaf.length for leaf in leaves), default=0)
        # In a small group each text is held in memory once, however many rows contain it. A large group would take
        # several times its size that way; it is read in batches so short that each row could contain all its texts.
        texts = (
            [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]
            if largest <= _SMALL_GROUP_BYTES
            else []
        )
        n_rows = max(1, min(_MAX_BATCH_ROWS, _MAX_BATCH_BYTES // max(4 * widest, 0 if texts else largest, 1)))
    with _open_parquet(path, texts) as file:
        names = file.schema_arrow.names
        wanted = [names[position] for position in positions]
        line = 0
        for batch in file.iter_batches(batch_size=n_rows, columns=wanted):
            columns = [cell_texts(batch.column(batch.schema.names.index(name)), name) for name in wanted]
            for row_texts in zip(*columns, strict=True):
                line += 1
                cells = [""] * len(names)
                unreadable = None
                for position, cell in zip(positions, row_texts, strict=True):
                    if isinstance(cell, str):
                        cells[position] = cell
                    else:
                        unreadable = unreadable or cell
                yield Record(line, tuple(cells), *(unreadable or ()))


def cell_texts(column: Array, name: str) -> Iterator[str | UnreadableCell]:
    """The values of a column as text; a value that occurs in many rows is converted once."""
    import pyarrow as pa

    column = _to_microseconds(column)
    try:
        values = None if pa.types.is_nested(column.type) else _values(column)
    except _CONVERSION_ERRORS:
        values = None
    if values is None:
        yield from (_cell_text(value, name) for value in column)
    else:
        yield from (text if len(text) <= MAX_FIELD else _TOO_LONG for text in map(_value_text, values))


def _values(column: Array) -> list[object]:
    import pyarrow as pa

    if not isinstance(column, pa.DictionaryArray):
        values: list[object] = column.to_pylist()
        return values
    encoded = column.indices.dictionary_encode()
    used = [*column.dictionary.take(encoded.dictionary).to_pylist(), None]
    return [used[-1 if place is None else place] for place in encoded.indices.to_pylist()]


def _cell_text(value: Scalar, name: str) -> str | UnreadableCell:
    try:
        text = _scalar_text(value) if _n_bytes(value) <= _MAX_VALUE_BYTES else None
    except _CONVERSION_ERRORS as error:
        reason = foreign(shortened(str(error)))
        finding = make_message("'{name}' cannot be read ({reason})", name=shortened(name), reason=reason)
        return UnreadableCell(finding, "write it as text")
    return _TOO_LONG if text is None or len(text) > MAX_FIELD else text


def _to_microseconds(column: Array) -> Array:
    """The column with times to the nanosecond, as pandas writes them, cut to the microseconds that Python can hold."""
    import pyarrow as pa

    kind = column.type
    if getattr(kind, "unit", "") != "ns":
        return column
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", kind.tz), safe=False)
    return column.cast(pa.duration("us") if pa.types.is_duration(kind) else pa.time64("us"), safe=False)


def _scalar_text(value: Scalar) -> str:
    """A value of any type as text; a value that Python has no type for, such as the year -5, is formatted by Arrow."""
    try:
        return _value_text(value.as_py())
    except _CONVERSION_ERRORS:
        return _arrow_text(value)


def _n_bytes(value: Scalar) -> int:
    """The bytes of a text; for a list or the like, the bytes of all its texts, plus 1 for each other item."""
    import pyarrow as pa

    if isinstance(value, (pa.DictionaryScalar, pa.ExtensionScalar)):
        value = value.value
    if value is None or not value.is_valid:
        return 1
    if isinstance(value, pa.BinaryScalar):
        return int(value.as_buffer().size)
    if isinstance(value, pa.ListScalar):
        return len(value) if len(value) > _MAX_VALUE_BYTES else sum(map(_n_bytes, value.values))
    if isinstance(value, pa.StructScalar):
        return sum(_n_bytes(value[n]) for n in range(len(value)))
    return 1


def _value_text(value: object) -> str:
    """A value as text; the items of a list are joined with ``；``."""
    if value is None:
        return ""
    if isinstance(value, (str, bool, int, float, datetime, date, time, timedelta)):
        return value_text(value)
    if isinstance(value, Decimal):
        return number_text(float(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (list, tuple)):
        return "；".join(filter(None, map(_value_text, value)))
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict) else str(value)


def _arrow_text(value: Scalar) -> str:
    """A value that Python cannot hold, as text; bytes that are not UTF-8 become what ``open_text`` makes of them."""
    import pyarrow as pa

    if isinstance(value, pa.DictionaryScalar):
        return _arrow_text(value.value)
    if isinstance(value, pa.StringScalar):
        return str(value.as_buffer().to_pybytes(), "utf-8", "surrogateescape")
    if isinstance(value, pa.ListScalar) and not isinstance(value, pa.MapScalar):
        return "；".join(filter(None, map(_scalar_text, _to_microseconds(value.values))))
    if isinstance(value, pa.TimestampScalar) and value.type.tz:  # its time zone is unknown
        return _scalar_text(value.cast(pa.timestamp(value.type.unit)))
    return str(value.cast(pa.string()).as_py())


@contextmanager
def _open_parquet(path: Path, texts: Sequence[str] = ()) -> Iterator[ParquetFile]:
    """Open a file; each text in the columns ``texts`` is held in memory once, however many rows contain it."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        remedy = "pip install 'matchmaker-techtransfer[parquet]', or save the table as CSV UTF-8"
        raise MissingExtraError(Fault(str(path), "reading Parquet needs pyarrow", remedy)) from error
    try:
        with ParquetFile(path, read_dictionary=texts) as file:
            yield file
    except (ArrowException, OSError, ValueError, OverflowError) as error:
        raise TableError(Fault(str(path), "the file is damaged or incomplete", _DAMAGED)) from error


def _check_groups(file: ParquetFile, place: str) -> int:
    """The unpacked size, in bytes, of the largest group of rows; a group larger than ``_MAX_GROUP_BYTES`` is refused.

    The size is the one that the file states, in which a text that occurs in many rows counts once. Its columns are not
    queried one by one, as that crashes the whole process if the file is damaged.
    """
    groups = map(file.metadata.row_group, range(file.metadata.num_row_groups))
    largest = max((group.total_byte_size for group in groups), default=0)
    if largest > _MAX_GROUP_BYTES:
        finding = make_message("{n:,} MB in one group of its rows", n=largest // 1_000_000)
        raise TableError(Fault(place, finding, "write it with smaller row groups, or as CSV UTF-8"))
    return int(largest)
