"""Text files that appear whole or not at all, and CSV that a spreadsheet opens without harm."""

from __future__ import annotations

import csv
import errno
import io
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TextIO

from matchmaker.errors import Fault, InputError
from matchmaker.messages import reason_of, said

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_BOM: Final = "\ufeff"
_CHUNK: Final = 1 << 20

_ALLOW: Final = "allow writing there, close the file where it is open, or choose another place"
_FREE: Final = "free some space, or choose another disk"
_REMEDIES: Final[Mapping[int, str]] = {
    errno.ENOENT: "make its folder first, or choose another one",
    errno.ENOTDIR: "choose a folder, not a file, to put it in",
    errno.EISDIR: "give the name of a file in that folder",
    errno.EACCES: _ALLOW,
    errno.EPERM: _ALLOW,
    errno.EROFS: _ALLOW,
    errno.ENOSPC: _FREE,
    errno.EDQUOT: _FREE,
    errno.EFBIG: _FREE,
    errno.ENAMETOOLONG: "choose a shorter name",
}


@contextmanager
def atomic_writer(path: Path, *, bom: bool = False) -> Iterator[TextIO]:
    """A UTF-8 text stream whose content replaces ``path`` when the block ends, and is dropped when the block raises.

    The content is collected in a hidden file beside the target, so the disk must have room for both. An existing file
    keeps its mode, a symbolic link keeps pointing where it does; a device or a pipe gets everything at the end. Line
    ends are written as given.

    Args:
        path: The file to make or to replace.
        bom: Begin with a byte order mark if any character is not ASCII.

    Raises:
        InputError: The file cannot be written. Errors of the block itself pass unchanged.
    """
    with _write_faults(path):
        plan = _plan(path)
        mode = 0o666 if plan.old_mode is None else plan.old_mode
        raw = _Collector(os.open(plan.collector, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode), path)
    stream = io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", errors="backslashreplace", newline="")
    try:
        with _closed_in_any_case(stream):
            stream.write(_BOM if bom else "")
            yield stream
            stream.flush()
            with _write_faults(path):
                if bom:
                    _drop_needless_bom(raw)
                os.fsync(raw.fileno())
        with _write_faults(path):
            _deliver(plan)
    finally:
        plan.collector.unlink(missing_ok=True)


class _Plan(NamedTuple):
    """Where the content is collected and where it goes in the end; ``old_mode`` is that of the file to replace."""

    collector: Path
    goal: Path
    old_mode: int | None
    is_replaced: bool


def _plan(path: Path) -> _Plan:
    suffix = f".tmp-{os.getpid()}-{secrets.token_hex(4)}"
    goal = Path(os.path.realpath(path))
    # 40 characters are at most 160 bytes, so that a long name which fits does not fail for its suffix.
    collector = goal.with_name(f".{goal.name[:40]}{suffix}")
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return _Plan(collector, goal, None, is_replaced=True)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    if not os.access(path, os.W_OK):  # replacing a file would get round its protection
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    if stat.S_ISREG(mode):
        return _Plan(collector, goal, stat.S_IMODE(mode), is_replaced=True)
    # Replacing would put a plain file in the place of /dev/null or a pipe.
    return _Plan(Path(tempfile.gettempdir(), f".matchmaker{suffix}"), path, 0o600, is_replaced=False)


def _deliver(plan: _Plan) -> None:
    if plan.is_replaced:
        if plan.old_mode is not None:
            plan.collector.chmod(plan.old_mode)  # the umask may have taken bits that the old file had
        plan.collector.replace(plan.goal)
        return
    with plan.collector.open("rb") as source, plan.goal.open("wb") as target:
        shutil.copyfileobj(source, target)


class _Collector(io.FileIO):
    """A file whose write errors name the target: they differ so from errors of whoever makes the content."""

    def __init__(self, descriptor: int, target: Path) -> None:
        super().__init__(descriptor, "r+")
        self._target = target

    def write(self, data: ReadableBuffer, /) -> int:
        with _write_faults(self._target):
            return super().write(data)


@contextmanager
def _closed_in_any_case(stream: TextIO) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(InputError):  # closing writes what is left, to a file that goes away anyhow
            stream.close()
        raise
    stream.close()


def _drop_needless_bom(file: _Collector) -> None:
    """Move the content of ``file`` over the byte order mark at its start if all of it is ASCII."""
    position = width = len(_BOM.encode())
    file.seek(position)
    while chunk := file.read(_CHUNK):
        if not chunk.isascii():
            return
    while True:
        file.seek(position)
        if not (chunk := file.read(_CHUNK)):
            break
        file.seek(position - width)
        position += file.write(chunk)
    file.truncate(position - width)


@contextmanager
def _write_faults(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        finding = said("cannot be written ({reason})", reason=reason_of(error))
        remedy = _REMEDIES.get(error.errno or 0, "choose another place")
        raise InputError(Fault(str(path), finding, remedy)) from error


_FORMULA_STARTS: Final = frozenset("=+-@＝＋－＠")
_INVISIBLE: Final = (
    "".join(map(chr, (*range(0x21), 0x7F, 0x85, 0xA0, 0x1680, *range(0x2000, 0x2010), 0x2028, 0x2029, 0x202F, 0x205F)))
    + "\u2060\u3000\ufeff"
)


def harmless(cell: str) -> str:
    """``cell`` with a leading apostrophe when a spreadsheet could take it for a formula.

    Spaces, control and zero-width characters before the sign do not hide it; a cell that starts with a tab or a line
    end is treated alike.
    """
    risky = cell[:1] in {"\t", "\r", "\n"} or cell.lstrip(_INVISIBLE)[:1] in _FORMULA_STARTS
    return f"'{cell}" if cell and risky else cell


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV. What others wrote must have gone through ``harmless``; numbers of ours must not."""
    # \r\n is what RFC 4180 says and Excel itself writes; besides, Python 3.11 quotes a cell with a lone \r only then.
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()
