"""Files opened for reading, with what can go wrong said in plain words."""

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
from matchmaker.messages import reason_of, said

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

FIRST_BAD_BYTE = "\udc00"
LAST_BAD_BYTE = "\udcff"
_MARKING = "matchmaker.marked"
_SAMPLE = 1_000_000
_MOST_SAMPLES = 200
# A codec that reads everything the named one does, and more that files going under that name hold.
_WIDER = {
    "ascii": "utf-8-sig",
    "utf-8": "utf-8-sig",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
}


def open_bytes(path: Path, error: type[InputError]) -> BinaryIO:
    """Open a file for reading bytes; what goes wrong while it is read is told in the same way.

    Raises:
        error: There is no such file, it is a folder, or it may not be read.
    """
    place = str(path)
    try:
        if path.is_dir():
            raise error(Fault(place, "this is a folder, not a file", "name one file in it"))
        log.note("reading %s", path)
        return io.BufferedReader(_File(path, error))
    except FileNotFoundError as caught:
        raise error(Fault(place, said("no such file{hint}", hint=_nearby(path)), "check the path")) from caught
    except PermissionError as caught:
        raise error(Fault(place, "no permission to read it", "ask its owner for it, or use a copy")) from caught
    except OSError as caught:
        raise error(_unreadable(place, caught)) from caught


def _unreadable(place: str, error: OSError) -> Fault:
    return Fault(place, said("cannot be read ({reason})", reason=reason_of(error)), "check the path and the disk")


@contextmanager
def read_faults(place: str, error: type[InputError]) -> Iterator[None]:
    """Errors of the operating system in the block become an ``error`` that names ``place``."""
    try:
        yield
    except OSError as caught:
        raise error(_unreadable(place, caught)) from caught


class _File(io.FileIO):
    """A file whose read errors name it."""

    def __init__(self, path: Path, error: type[InputError]) -> None:
        super().__init__(path)
        self._place, self._error = str(path), error

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        with read_faults(self._place, self._error):
            return super().readinto(buffer)

    def readall(self) -> bytes:
        with read_faults(self._place, self._error):
            return super().readall()


def state_of(path: Path) -> tuple[int, ...]:
    """What differs when a regular file is written to or replaced; nothing of what is none, or is not there."""
    with suppress(OSError):
        found = path.stat()
        if stat.S_ISREG(found.st_mode):
            return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
    return ()


def open_text(path: Path, encoding: str) -> TextIO:
    """Open a table for reading text, line ends as they are.

    Bytes that are not in the encoding become U+DC00 plus the byte, a character no text has, so that the row they stand
    in can be told and the next one is read.
    """
    return _wrapped(open_bytes(path, TableError), encoding)


def sample_of(file: BinaryIO) -> bytes:
    """The part of a file that tells its encoding: the first 1 MB, or where the first bytes beyond ASCII are.

    Those that come after 200 MB are not looked for; they cost the rows they stand in unless they are UTF-8.
    """
    sample = chunk = file.read(_SAMPLE)
    n_chunks = 1
    while chunk.isascii() and b"\x00" not in chunk:
        chunk = file.read(_SAMPLE)
        n_chunks += 1
        if not chunk or n_chunks > _MOST_SAMPLES:
            return sample
    # The chunk may end in its only character beyond ASCII, so a little more is read.
    return sample if chunk is sample else chunk + file.read(_SAMPLE // 10)


def codec_named(name: str, place: str) -> str:
    """The Python codec for the name of an encoding, the widest of its kind.

    Raises:
        TableError: There is no such text encoding.
    """
    try:
        found = codecs.lookup(name).name
        _wrapped(io.BytesIO("a\n".encode(found)), found).read()  # codecs not for text, such as base64, fail here
    except (LookupError, ValueError) as caught:
        finding = said("no such encoding: '{name}'", name=name)
        remedy = "use utf-8, utf-16, gb18030 or big5, or none to detect it"
        raise TableError(Fault(place, finding, remedy)) from caught
    return _WIDER.get(found, found)


def _wrapped(file: BinaryIO, encoding: str) -> TextIO:
    codecs.register_error(_MARKING, _mark)  # the same function each time: registering again changes nothing
    return io.TextIOWrapper(file, encoding=encoding, errors=_MARKING, newline="")


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(ord(FIRST_BAD_BYTE) + byte) for byte in error.object[error.start : error.end]), error.end


def _nearby(path: Path) -> str:
    """Which file of the folder was perhaps meant."""
    try:
        names = [file.name for file in path.parent.iterdir() if file.is_file()]
    except OSError:
        return ""
    return did_you_mean(path.name, names)
