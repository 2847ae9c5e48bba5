"""Where a batch writes and how: a file, stdout, or a folder of parts."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple, Optional

import typer

from matchmaker.cli import options
from matchmaker.errors import Fault, InputError
from matchmaker.messages import said

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matchmaker.domain import Language, Shortlist
    from matchmaker.writing import Format


class BatchFormatName(StrEnum):
    """How the results of a batch are written."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"
    md = "md"
    xlsx = "xlsx"
    html = "html"
    parquet = "parquet"


BatchFormat = Annotated[
    Optional[BatchFormatName],  # noqa: UP045 - Typer reads the annotation
    typer.Option(
        "--format",
        help="How to write; parquet needs the extra [parquet]. Default: by the ending of --output, else csv.",
        show_default=False,
    ),
]
Output = Annotated[
    Optional[str],  # noqa: UP045 - a path would lose the mark of a folder at its end
    typer.Option(
        "--output",
        "-o",
        metavar="FILE|FOLDER/",
        help="Write here instead of to stdout; to a folder in parts of 100,000 rows of the table, as jsonl or parquet.",
        show_default=False,
    ),
]


MADE_WHOLE: Final = frozenset({"xlsx", "html", "parquet"})
"""Formats that are made at the end, of answers that were kept until then."""


class Target(NamedTuple):
    """Where results go: ``path`` is ``None`` for stdout; ``in_parts`` when it is a folder."""

    path: Path | None
    format: Format
    in_parts: bool

    @property
    def rejects(self) -> Path | None:
        """Where the rejected rows are kept: beside the output, nowhere if that is stdout, a device, or keeps them."""
        if self.path is None or self.format == "xlsx" or not self.can_continue:
            return None
        return self.path.with_name(f"{self.path.name}.rejects.csv")

    @property
    def can_continue(self) -> bool:
        """Whether a run that writes there keeps a journal: stdout, a device or a pipe take nothing back."""
        from matchmaker.files import is_file, is_there

        return self.path is not None and (self.in_parts or is_file(self.path) or not is_there(self.path))


def target_from(output: str | None, name: BatchFormatName | None) -> Target:
    """What ``--output`` and ``--format`` say.

    Raises:
        InputError: They do not go together.
        MissingExtraError: Parquet is asked for, and pyarrow is not installed.
    """
    from matchmaker.files import is_folder

    path = Path(output) if output is not None else None
    takes_parts = name in {BatchFormatName.jsonl, BatchFormatName.parquet}
    in_parts = (path is not None and is_folder(path) and takes_parts) or (
        output is not None and output.endswith(("/", os.sep))
    )
    is_parquet = name is BatchFormatName.parquet
    if name is None and path is not None and not in_parts:
        is_parquet = path.suffix.lower() == ".parquet"
    if is_parquet:
        from matchmaker.writing.columns import check_parquet

        check_parquet()
        return Target(path, "parquet", in_parts)
    if in_parts and name is not BatchFormatName.jsonl:
        fault = Fault(str(output), "a folder gets parts in jsonl or parquet", "use --format jsonl or --format parquet")
        raise InputError(fault)
    written = options.format_from(options.FormatName(name.value) if name else None, path, default="csv")
    return Target(path, written, in_parts)


def check_outside(output: Path | None, file: Path) -> None:
    """Refuse to write into the folder that is read.

    Raises:
        InputError: ``output`` would stand in ``file``, which is a folder.
    """
    from matchmaker.files import is_folder

    if is_folder(file) and output and Path(os.path.realpath(output)).parent == Path(os.path.realpath(file)):
        raise InputError(Fault(str(output), "would be read as input by the next run", "write it to another folder"))


def write_columns(shortlists: Iterable[Shortlist], output: Path | None, language: Language | None) -> None:
    """Write Parquet to a file or to stdout.

    Raises:
        InputError: It cannot be written, or stdout is a terminal.
    """
    import shutil
    import sys

    from matchmaker.files import temporary_folder
    from matchmaker.writing.columns import write_parquet

    if output is not None:
        write_parquet(shortlists, output, language)
        return
    if sys.stdout.isatty():
        finding = "Parquet cannot be shown in a terminal"
        raise InputError(Fault(said("standard output"), finding, "name a file with -o out.parquet"))
    with temporary_folder() as folder:
        path = folder / "out.parquet"
        write_parquet(shortlists, path, language)
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
