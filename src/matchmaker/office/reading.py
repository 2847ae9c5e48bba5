"""Files opened for reading, with errors in plain words."""

from __future__ import annotations

import codecs
import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

from matchmaker import log
from matchmaker.errors import Fault, InputError, TableError, did_you_mean
from matchmaker.messages import make_message, reason_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

FIRST_BAD_BYTE = "\udc00"
LAST_BAD_BYTE = "\udcff"
_ERROR_HANDLER = "matchmaker.marked"
_SAMPLE_SIZE = 1_000_000
_MAX_SAMPLES = 200
# A codec that reads everything the named one does, and more that files going under that name hold.
_WIDER_CODECS = {
    "ascii": "utf-8-sig",
    "utf-8": "utf-8-sig",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
}


def open_bytes(path: Path, error: type[InputError]) -> BinaryIO:
    """Open a file for reading bytes; errors while it is read raise ``error`` as well.

    Raises:
        error: There is no such file, it is a folder, or it may not be read.
    """
    place = str(path)
    try:
        if path.is_dir():
            raise error(Fault(place, "this is a folder, not a file", "name one file in it"))
        log.note("reading %s", path)
        return io.BufferedReader(_NamedFile(path, error))
    except FileNotFoundError as caught:
        raise error(
            Fault(place, make_message("no such file{hint}", hint=_similar_name_hint(path)), "check the path")
        ) from caught
    except PermissionError as caught:
        raise error(Fault(place, "no permission to read it", "ask its owner for it, or use a copy")) from caught
    except OSError as caught:
        raise error(_unreadable(place, caught)) from caught


def _unreadable(place: str, error: OSError) -> Fault:
    return Fault(
        place, make_message("cannot be read ({reason})", reason=reason_of(error)), "check the path and the disk"
    )


@contextmanager
def read_faults(place: str, error: type[InputError]) -> Iterator[None]:
    """Turn errors of the operating system in the block into an ``error`` that names ``place``."""
    try:
        yield
    except OSError as caught:
        raise error(_unreadable(place, caught)) from caught


class _NamedFile(io.FileIO):
    """A file whose read errors name the file."""

    def __init__(self, path: Path, error: type[InputError]) -> None:
        super().__init__(path)
        self._place, self._error = str(path), error

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        with read_faults(self._place, self._error):
            return super().readinto(buffer)

    def readall(self) -> bytes:
        with read_faults(self._place, self._error):
            return super().readall()


def file_state(path: Path) -> tuple[int, ...]:
    """A value that changes when a regular file is written to or replaced; empty for anything else, or nothing."""
    with suppress(OSError):
        status = path.stat()
        if stat.S_ISREG(status.st_mode):
            return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
    return ()


def open_text(path: Path, encoding: str) -> TextIO:
    """Open a table for reading text, with line ends as they are.

    A byte that is invalid in the encoding becomes the character U+DC00 plus the byte, which no text contains, so that
    its row can be reported and reading continues with the next.
    """
    return _text_wrapper(open_bytes(path, TableError), encoding)


def encoding_sample(file: BinaryIO) -> bytes:
    """The part of a file that reveals its encoding: the first 1 MB, or the place of the first bytes beyond ASCII.

    Bytes beyond ASCII after the first 200 MB are not looked for; unless they are UTF-8, their rows are rejected.
    """
    sample = chunk = file.read(_SAMPLE_SIZE)
    n_chunks = 1
    while chunk.isascii() and b"\x00" not in chunk:
        chunk = file.read(_SAMPLE_SIZE)
        n_chunks += 1
        if not chunk or n_chunks > _MAX_SAMPLES:
            return sample
    # The chunk may end in its only character beyond ASCII, so a little more is read.
    return sample if chunk is sample else chunk + file.read(_SAMPLE_SIZE // 10)


def find_codec(name: str, place: str) -> str:
    """The Python codec for the name of an encoding; the widest of its kind.

    Raises:
        TableError: There is no such text encoding.
    """
    try:
        codec = codecs.lookup(name).name
        _text_wrapper(io.BytesIO("a\n".encode(codec)), codec).read()  # fails for codecs not for text, such as base64
    except (LookupError, ValueError) as caught:
        finding = make_message("unknown encoding '{name}'", name=name)
        remedy = "use utf-8, utf-16, gb18030 or big5, or leave it out to detect the encoding"
        raise TableError(Fault(place, finding, remedy)) from caught
    return _WIDER_CODECS.get(codec, codec)


def _text_wrapper(file: BinaryIO, encoding: str) -> TextIO:
    codecs.register_error(_ERROR_HANDLER, _mark_bad_bytes)  # registering the same function again changes nothing
    return io.TextIOWrapper(file, encoding=encoding, errors=_ERROR_HANDLER, newline="")


def _mark_bad_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(ord(FIRST_BAD_BYTE) + byte) for byte in error.object[error.start : error.end]), error.end


def _similar_name_hint(path: Path) -> str:
    """A hint at the file in the same folder that was perhaps meant, or an empty text."""
    try:
        names = [file.name for file in path.parent.iterdir() if file.is_file()]
    except OSError:
        return ""
    return did_you_mean(path.name, names)
