"""The rows of a Parquet file, some at a time; needs the extra ``[parquet]``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from matchmaker.errors import Fault, MissingExtraError, TableError
from matchmaker.messages import foreign, said, shortened
from matchmaker.office.csvrows import MAX_FIELD, Record
from matchmaker.office.sheets import shown_number, shown_value

if TYPE_CHECKING:
    from pyarrow import Array, Scalar
    from pyarrow.parquet import ParquetFile

_BATCH: Final = 1_024
_MAX_GROUP: Final = 256_000_000
_SMALL_GROUP: Final = 64_000_000
_MAX_UNPACKED: Final = 512_000_000
_MAX_BYTES: Final = 4 * MAX_FIELD
_DAMAGED: Final = "ask for the file again, or for CSV UTF-8"


class Unread(NamedTuple):
    """Why a cell has no text, and what helps."""

    finding: str
    remedy: str


_TOO_LONG: Final = Unread(said("a field of more than {n:,} characters", n=MAX_FIELD), "shorten it")
_ODD: Final = (NotImplementedError, ValueError, OverflowError, LookupError, OSError)
"""What a value that Python or Arrow cannot take may raise: times beyond the year 9999, zones nobody knows."""


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

    A cell that cannot be shown as text costs its row, not the file.

    Raises:
        TableError: The file is damaged, or a group of its rows would take too much memory.
    """
    with _opened(path) as file:
        largest = _check_groups(file, str(path))
        leaves = [file.schema.column(n) for n in range(len(file.schema))]
        widest = max((leaf.length for leaf in leaves), default=0)
        # Of a small group each text is held once, in however many rows it stands. A large one would take several times
        # its size that way; it is read in batches so short that all of it could stand in each row.
        texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"] if largest <= _SMALL_GROUP else []
        n_rows = max(1, min(_BATCH, _MAX_UNPACKED // max(4 * widest, 0 if texts else largest, 1)))
    with _opened(path, texts) as file:
        names = file.schema_arrow.names
        wanted = [names[position] for position in positions]
        line = 0
        for batch in file.iter_batches(batch_size=n_rows, columns=wanted):
            columns = [shown_cells(batch.column(batch.schema.names.index(name)), name) for name in wanted]
            for shown in zip(*columns, strict=True):
                line += 1
                cells = [""] * len(names)
                unread = None
                for position, cell in zip(positions, shown, strict=True):
                    if isinstance(cell, str):
                        cells[position] = cell
                    else:
                        unread = unread or cell
                yield Record(line, tuple(cells), *(unread or ()))


def shown_cells(column: Array, name: str) -> Iterator[str | Unread]:
    """The values of a column as text; one that stands in many rows is held once."""
    import pyarrow as pa

    column = _to_microseconds(column)
    try:
        values = None if pa.types.is_nested(column.type) else _values(column)
    except _ODD:
        values = None
    if values is None:
        yield from (_shown_alone(value, name) for value in column)
    else:
        yield from (text if len(text) <= MAX_FIELD else _TOO_LONG for text in map(_text_of, values))


def _values(column: Array) -> list[object]:
    import pyarrow as pa

    if not isinstance(column, pa.DictionaryArray):
        values: list[object] = column.to_pylist()
        return values
    places = column.indices.dictionary_encode()
    used = [*column.dictionary.take(places.dictionary).to_pylist(), None]
    return [used[-1 if place is None else place] for place in places.indices.to_pylist()]


def _shown_alone(value: Scalar, name: str) -> str | Unread:
    try:
        text = _shown(value) if _n_bytes(value) <= _MAX_BYTES else None
    except _ODD as error:
        reason = foreign(shortened(str(error)))
        finding = said("'{name}' cannot be read ({reason})", name=shortened(name), reason=reason)
        return Unread(finding, "write it as text")
    return _TOO_LONG if text is None or len(text) > MAX_FIELD else text


def _to_microseconds(column: Array) -> Array:
    """Times to the nanosecond, as pandas writes them, without the digits that Python has no place for."""
    import pyarrow as pa

    kind = column.type
    if getattr(kind, "unit", "") != "ns":
        return column
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", kind.tz), safe=False)
    return column.cast(pa.duration("us") if pa.types.is_duration(kind) else pa.time64("us"), safe=False)


def _shown(value: Scalar) -> str:
    """A value of any type as text; what Python has no type for, such as the year -5, is written as Arrow writes it."""
    try:
        return _text_of(value.as_py())
    except _ODD:
        return _written(value)


def _n_bytes(value: Scalar) -> int:
    """The bytes of a text; of a list or the like those of all its texts, and 1 for each item that is none."""
    import pyarrow as pa

    if isinstance(value, (pa.DictionaryScalar, pa.ExtensionScalar)):
        value = value.value
    if value is None or not value.is_valid:
        return 1
    if isinstance(value, pa.BinaryScalar):
        return int(value.as_buffer().size)
    if isinstance(value, pa.ListScalar):
        return len(value) if len(value) > _MAX_BYTES else sum(map(_n_bytes, value.values))
    if isinstance(value, pa.StructScalar):
        return sum(_n_bytes(value[n]) for n in range(len(value)))
    return 1


def _text_of(value: object) -> str:
    """A value as text; items of a list with ``；`` between."""
    if value is None:
        return ""
    if isinstance(value, (str, bool, int, float, datetime, date, time, timedelta)):
        return shown_value(value)
    if isinstance(value, Decimal):
        return shown_number(float(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (list, tuple)):
        return "；".join(filter(None, map(_text_of, value)))
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict) else str(value)


def _written(value: Scalar) -> str:
    """A value that Python cannot take, as text: bytes that are not UTF-8 as ``open_text`` gives them."""
    import pyarrow as pa

    if isinstance(value, pa.DictionaryScalar):
        return _written(value.value)
    if isinstance(value, pa.StringScalar):
        return str(value.as_buffer().to_pybytes(), "utf-8", "surrogateescape")
    if isinstance(value, pa.ListScalar) and not isinstance(value, pa.MapScalar):
        return "；".join(filter(None, map(_shown, _to_microseconds(value.values))))
    if isinstance(value, pa.TimestampScalar) and value.type.tz:  # a zone nobody knows
        return _shown(value.cast(pa.timestamp(value.type.unit)))
    return str(value.cast(pa.string()).as_py())


@contextmanager
def _opened(path: Path, texts: Sequence[str] = ()) -> Iterator[ParquetFile]:
    """The file; of the columns in ``texts`` each text is held once, in however many rows it stands."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        remedy = "pip install 'matchmaker[parquet]', or save the table as CSV UTF-8"
        raise MissingExtraError(Fault(str(path), "reading Parquet needs pyarrow", remedy)) from error
    try:
        with ParquetFile(path, read_dictionary=texts) as file:
            yield file
    except (ArrowException, OSError, ValueError, OverflowError) as error:
        raise TableError(Fault(str(path), "the file is damaged or incomplete", _DAMAGED)) from error


def _check_groups(file: ParquetFile, place: str) -> int:
    """The size of the largest group of rows, unpacked; one larger than memory should hold is refused.

    It says so itself, and counts a text once that stands in many rows.

    Its columns are not asked one by one: in a damaged file that ends the whole process.
    """
    groups = map(file.metadata.row_group, range(file.metadata.num_row_groups))
    largest = max((group.total_byte_size for group in groups), default=0)
    if largest > _MAX_GROUP:
        finding = said("{n:,} MB in one group of its rows", n=largest // 1_000_000)
        raise TableError(Fault(place, finding, "write it with smaller row groups, or as CSV UTF-8"))
    return int(largest)
