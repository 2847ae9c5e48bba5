"""Shortlists as Parquet, with the columns of CSV and their types; and as parts, for tables too long for one file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matchmaker.domain import Language, Shortlist
from matchmaker.errors import Fault, MissingExtraError
from matchmaker.files import atomic_byte_writer, check_plain_file, write_faults
from matchmaker.writing.formats import Format
from matchmaker.writing.out import Context, write
from matchmaker.writing.shortlists import CSV_COLUMNS, table_rows

if TYPE_CHECKING:
    import pyarrow as pa

    from matchmaker.intake import RejectedRow

ROWS_PER_PART: Final = 100_000
"""Rows of the input in one part, including rejected ones."""
_ROWS_PER_GROUP: Final = 10_000
"""Rows held in memory."""
_PART: Final = re.compile(r"part-\d{5,}\.(?:jsonl|parquet)")


def check_parquet() -> None:
    """Check that Parquet can be written here, before any work is done.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        fault = Fault(
            "--format parquet",
            "writing Parquet needs pyarrow",
            "pip install 'matchmaker-techtransfer[parquet]', or choose another format",
        )
        raise MissingExtraError(fault) from error


def write_parquet(shortlists: Iterable[Shortlist], path: Path, language: Language | None = None) -> None:
    """Write a row for each problem and rank, or one without rank if there is no match; whole or not at all.

    Args:
        shortlists: Read as needed.
        path: The file to make or to replace.
        language: The language of names and reasons; by default each problem's own.

    Raises:
        MissingExtraError: pyarrow is not installed.
        InputError: The file cannot be written.
    """
    check_parquet()
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    types = {"rank": pa.int32(), "score": pa.float64()}
    schema = pa.schema([(name, types.get(name, pa.string())) for name in CSV_COLUMNS])
    rows = chain.from_iterable(table_rows(one, language or one.problem.language) for one in shortlists)
    with atomic_byte_writer(path) as stream, ParquetWriter(stream, schema) as writer:
        for group in _groups(rows, schema):
            writer.write_table(group)


def write_columns(shortlists: Iterable[Shortlist], path: Path, context: Context) -> Sequence[Fault]:
    """As ``write_parquet``; nothing is lost."""
    write_parquet(shortlists, path, context.language)
    return ()


def _groups(rows: Iterator[tuple[str | int | float | None, ...]], schema: pa.Schema) -> Iterator[pa.Table]:
    import pyarrow as pa

    while group := list(islice(rows, _ROWS_PER_GROUP)):
        columns = zip(*group, strict=True)
        yield pa.table([pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema)


def write_parts(answers: Iterable[Shortlist | RejectedRow], folder: Path, format: Format, context: Context) -> None:
    """Write ``part-00000.jsonl`` and so on, each whole or not at all; parts of an earlier run that are left over go.

    Args:
        answers: In the order of the input; of a rejected row only its place counts.
        folder: Made if it is not there.
        format: Of each part.
        context: For the writer of the format.

    Raises:
        InputError: A part cannot be written.
    """
    with write_faults(folder):
        folder.mkdir(exist_ok=True)
    stream, written = iter(answers), set[str]()
    while (some := list(islice(stream, 1))) or not written:
        part = folder / f"part-{len(written):05}.{format.name}"
        check_plain_file(part)
        shortlists = (one for one in chain(some, islice(stream, ROWS_PER_PART - 1)) if isinstance(one, Shortlist))
        write(shortlists, "shortlists", format, part, context)
        written.add(part.name)
    for path in sorted(folder.iterdir()):
        if _PART.fullmatch(path.name) and path.name not in written:
            with write_faults(path):
                path.unlink()
