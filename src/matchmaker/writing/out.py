"""The one way out: every result goes to its file, whole or not at all, or to standard output from here."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from matchmaker.errors import Fault, InputError
from matchmaker.files import atomic_writer, path_exists, temporary_folder
from matchmaker.messages import make_message, steerless
from matchmaker.writing.formats import Format, Result, format_named
from matchmaker.writing.levels import LEVELS_ONLY, Display

if TYPE_CHECKING:
    from matchmaker.domain import Language, Registry
    from matchmaker.matching.matcher import Matcher


@dataclass(frozen=True, slots=True)
class Context:
    """What a writer may know beside the result.

    Attributes:
        language: Of names and words; each problem's own when not given.
        display: What is shown beside institutes and levels.
        matcher: Made the result; a page has it explain.
        registry: The institutes.
        file: What was read, ``None`` for a text; only its name is told, not the folder.
        headings: Of the table that was read; without them rejected rows have no sheet of their own.
        n_rejected: How many rows gave no problem; asked when all shortlists are known.
        private: Whether a new file is its owner's alone to read.
    """

    language: Language | None = None
    display: Display = LEVELS_ONLY
    matcher: Matcher | None = None
    registry: Registry | None = None
    file: Path | None = None
    headings: Sequence[str] | None = None
    n_rejected: Callable[[], int] = lambda: 0
    private: bool = False


def write(
    result: object, kind: Result, format: Format | str, output: Path | None = None, context: Context | None = None
) -> Sequence[Fault]:
    """Write a result to a file, or print it.

    Args:
        result: What is to be written; of many shortlists an iterable, read one at a time.
        kind: Of result.
        format: One that writes this kind; or its name.
        output: Replaced when it exists; standard output when not given.
        context: What the writer may know besides.

    Returns:
        What the file holds less than it should, such as texts longer than a cell.

    Raises:
        InputError: The file cannot be written, or standard output is a terminal and the format is binary.
    """
    found, known = format_named(format) if isinstance(format, str) else format, context or Context()
    if kind not in found.writes:
        found.printer(kind)(result, known)
        return ()
    writer = found.writer(kind)
    if found.is_binary:
        return _write_bytes(lambda path: writer(result, path, known), found, output)
    write_text(writer(result, known), output, mark=found.has_mark, private=known.private)
    return ()


def write_text(pieces: Iterable[str], output: Path | None = None, *, mark: bool = False, private: bool = False) -> None:
    """Write a text to a file, whole or not at all, or as it comes to standard output.

    Args:
        pieces: Of the text.
        output: Replaced when it exists; standard output when not given.
        mark: Begin with a byte order mark if any character is not ASCII; never on a terminal.
        private: A new file is its owner's alone to read.

    Raises:
        InputError: The file cannot be written.
    """
    if output is not None:
        with atomic_writer(output, bom=mark, private=private) as stream:
            stream.writelines(pieces)
    elif mark and not sys.stdout.isatty():
        with temporary_folder() as folder:
            write_text(pieces, folder / "out", mark=True)
            _copy(folder / "out")
    else:
        for piece in pieces:
            write_data(piece)


def write_data(text: str) -> None:
    """Write to standard output as to a file, in UTF-8 and with line ends as they are, whatever its encoding is.

    Only for eyes, on a terminal, what could steer it becomes U+FFFD.
    """
    if sys.stdout.isatty():
        text = re.sub(r"[^\t\r\n]+|\r(?!\n)", lambda found: steerless(found[0]), text)
    sys.stdout.buffer.write(text.encode())


def check_output(output: Path | None, *given: Path | None, ledger: str | None = "none") -> None:
    """Refuse to write over a file that is read.

    Args:
        output: Nothing is refused when not given.
        given: The files that are read.
        ledger: As ``--ledger``, by default none.

    Raises:
        InputError: ``output`` is one of the files given, or the ledger.
    """
    if output is None:
        return
    from matchmaker.ledger.experience import ledger_file

    for path in (*given, ledger_file(ledger)):
        if path and path_exists(output) and path_exists(path) and output.samefile(path):
            raise InputError(Fault(str(output), "would be written over the input", "give --output another name"))


def _write_bytes(make: Callable[[Path], Sequence[Fault]], format: Format, output: Path | None) -> Sequence[Fault]:
    if output is not None:
        return make(output)
    if sys.stdout.isatty():
        finding = make_message("{name} cannot be shown in a terminal", name=format.name)
        remedy = make_message("name a file with -o out{ending}", ending=format.endings[0])
        raise InputError(Fault(make_message("standard output"), finding, remedy))
    with temporary_folder() as folder:
        losses = make(folder / f"out{format.endings[0]}")
        _copy(folder / f"out{format.endings[0]}")
    return losses


def _copy(path: Path) -> None:
    with path.open("rb") as file:
        shutil.copyfileobj(file, sys.stdout.buffer)
