"""Where a run writes and how: a file, standard output, or a folder of parts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from matchmaker.errors import Fault, InputError
from matchmaker.files import is_file, is_folder, path_exists
from matchmaker.writing import check_output
from matchmaker.writing.formats import Format, format_for, format_named

PARTS = ("jsonl", "parquet")
"""The formats of parts, which must be such that parts can be put together again."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where results go.

    Attributes:
        path: ``None`` for standard output.
        format: How they are written.
        in_parts: Whether ``path`` is a folder, which gets them in parts.
    """

    path: Path | None
    format: Format
    in_parts: bool = False

    @property
    def rejects(self) -> Path | None:
        """Where the rejected rows are kept: beside the output, nowhere if that is stdout, a device, or keeps them."""
        if self.path is None or self.format.holds_rejects or not self.can_continue:
            return None
        return self.path.with_name(f"{self.path.name}.rejects.csv")

    @property
    def can_continue(self) -> bool:
        """Whether a run that writes there keeps a journal: stdout, a device or a pipe take nothing back."""
        return self.path is not None and (self.in_parts or is_file(self.path) or not path_exists(self.path))


def target_from(output: os.PathLike[str] | str | None, name: str | None = None) -> Target:
    """What an output and the name of a format say.

    Args:
        output: A file, or a folder where it is one or ends in a slash; standard output when not given.
        name: Of a format; by the ending of the output when not given, else CSV.

    Raises:
        InputError: They do not go together.
        MissingExtraError: The extra of the format is not installed.
        ValueError: No format is called so.
    """
    path = Path(output) if output is not None else None
    ends_as_folder = isinstance(output, str) and output.endswith(("/", os.sep))
    if path is not None and (ends_as_folder or (is_folder(path) and name in PARTS)):
        if name not in PARTS:
            remedy = "use --format jsonl or --format parquet"
            raise InputError(Fault(str(output), "a folder gets parts in jsonl or parquet", remedy))
        written = format_named(name)
        written.check_installed()
        return Target(path, written, in_parts=True)
    return Target(path, format_for("shortlists", path, name, default="csv"))


def check_target(target: Target, source: Path, *given: Path, ledger: str | None) -> None:
    """Refuse to write over what is read, or into the folder that is read.

    Args:
        target: Where results go.
        source: The table or folder that is read.
        given: Further files that are read.
        ledger: As ``--ledger``.

    Raises:
        InputError: The output, or the file of rejected rows, is one of them, or would stand in ``source``.
    """
    for output in (target.path, target.rejects):
        check_output(output, source, *given, ledger=ledger)
    output = target.path
    if is_folder(source) and output and Path(os.path.realpath(output)).parent == Path(os.path.realpath(source)):
        raise InputError(Fault(str(output), "would be read as input by the next run", "write it to another folder"))
