"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import io
import os
import platform
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, TextIO
from zlib import crc32

from matchmaker import log
from matchmaker.errors import Fault, InputError
from matchmaker.messages import make_message, reason_of

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_BOM: Final = "\ufeff"
_CHUNK: Final = 1 << 20

_ALLOW_WRITING: Final = "allow writing there, close the file where it is open, or choose another place"
_FREE_SPACE: Final = "free some space, or choose another disk"
_FREE_TEMPORARY_SPACE: Final = "free some space, or set TMPDIR to a folder on a disk that has some"
_REMEDIES: Final[Mapping[int, str]] = {
    errno.ENOENT: "make its folder first, or choose another one",
    errno.ENOTDIR: "choose a folder, not a file, to put it in",
    errno.EISDIR: "give the name of a file in that folder",
    errno.EACCES: _ALLOW_WRITING,
    errno.EPERM: _ALLOW_WRITING,
    errno.EROFS: _ALLOW_WRITING,
    errno.ENOSPC: _FREE_SPACE,
    errno.EDQUOT: _FREE_SPACE,
    errno.EFBIG: _FREE_SPACE,
    errno.ENAMETOOLONG: "choose a shorter name",
}


@contextmanager
def atomic_writer(path: Path, *, bom: bool = False, private: bool = False) -> Iterator[TextIO]:
    """A UTF-8 text stream whose content replaces ``path`` when the block ends, and is dropped when the block raises.

    The content is collected in a hidden file beside the target, so the disk must have room for both. An existing file
    keeps its mode, and a symbolic link its target; a device or a pipe receives everything at the end. Line ends are
    written as given.

    Args:
        path: The file to make or to replace.
        bom: Begin with a byte order mark if any character is not ASCII.
        private: Let only the owner read a new file, whatever the umask.

    Raises:
        InputError: The file cannot be written. Errors of the block itself pass unchanged.
    """
    with _open_collector(path, private=private) as raw:
        stream = io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", errors="backslashreplace", newline="")
        with _always_closed(stream):
            stream.write(_BOM if bom else "")
            yield stream
            stream.flush()
            with write_faults(path):
                if bom:
                    _drop_needless_bom(raw)
                os.fsync(raw.fileno())


@contextmanager
def atomic_byte_writer(path: Path) -> Iterator[BinaryIO]:
    """As ``atomic_writer``, for bytes; the stream can also be read and sought while it is written."""
    with _open_collector(path) as raw:
        stream = io.BufferedRandom(raw)
        with _always_closed(stream):
            yield stream
            stream.flush()
            with write_faults(path):
                os.fsync(raw.fileno())


def resolve_target(path: Path) -> tuple[Path, int]:
    """The file that ``path`` leads to, and the mode that a file written there will have.

    Raises:
        InputError: It may not be written, or is a folder.
    """
    with write_faults(path):
        plan = _plan(path)
    return plan.goal, 0o666 if plan.old_mode is None else plan.old_mode


def check_plain_file(path: Path) -> None:
    """Refuse a path at which there is anything but a plain file or nothing.

    This is for paths that the user has not named, such as those beside an output: writing through a link that somebody
    put there would destroy its target, and writing to a pipe would never end.

    Raises:
        InputError: There is a link, a folder, a pipe or a device.
    """
    try:
        is_plain = stat.S_ISREG(path.lstat().st_mode)
    except OSError:  # there is nothing, or it cannot be examined: writing will report it
        return
    if not is_plain:
        finding = "a link, a folder, a pipe or a device, where a plain file is to be written"
        raise InputError(Fault(str(path), finding, "remove it, or choose another name for the output"))


def replace_with(part: Path, path: Path, *, private: bool = False) -> None:
    """Have ``part``, a whole file beside ``path``, replace it; a device or a pipe gets all that is in it.

    Args:
        part: Is gone afterwards.
        path: A file, or none yet; keeps its mode and its links.
        private: The mode of ``part`` is kept, rather than that of the file it replaces.

    Raises:
        InputError: It cannot be written.
    """
    with write_faults(path):
        plan = _plan(path)
        _deliver(plan._replace(collector=part, old_mode=None if private else plan.old_mode))


def remove_existing(path: Path) -> None:
    """Remove the file that ``path`` leads to, if there is one; a device or a pipe is left alone.

    Raises:
        InputError: It may not be removed, or is a folder.
    """
    if os.path.lexists(path):  # otherwise the folder need not be writable
        with write_faults(path):
            plan = _plan(path)
            if plan.is_replaced:
                plan.goal.unlink(missing_ok=True)


@contextmanager
def scratch_folder(path: Path) -> Iterator[Path]:
    """A hidden folder beside ``path``, on the same disk, that is removed when the block ends.

    Raises:
        InputError: It cannot be made. Errors of the block itself pass unchanged.
    """
    with write_faults(path):
        folder = _plan(path).collector
        remove_strays(path)
        folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder in the system's place for temporary files, removed when the block ends.

    Raises:
        InputError: It cannot be made, for example because all disks are full.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="matchmaker-")
    except OSError as error:
        raise InputError(temporary_files_fault(error)) from error
    with folder as path:
        yield Path(path)


def temporary_files_fault(error: Exception) -> Fault:
    """The fault to report when no temporary file can be made."""
    log.note("temporary files: %s", error)
    return Fault(make_message("temporary files"), "no temporary files can be created", _FREE_TEMPORARY_SPACE)


@contextmanager
def _open_collector(path: Path, *, private: bool = False) -> Iterator[_CollectorFile]:
    """The hidden file that replaces ``path`` when the block ends; the block must close it."""
    with write_faults(path):
        plan = _plan(path)
        remove_strays(plan.goal)
        new = 0o600 if private else 0o666
        mode = new if plan.old_mode is None else plan.old_mode
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        raw = _CollectorFile(os.open(plan.collector, flags, mode), path)
    try:
        yield raw
        with write_faults(path):
            _deliver(plan)
    finally:
        plan.collector.unlink(missing_ok=True)


class _Plan(NamedTuple):
    """The file in which content is collected and the file it goes to; ``old_mode`` is the mode of an existing file."""

    collector: Path
    goal: Path
    old_mode: int | None
    is_replaced: bool


def _plan(path: Path) -> _Plan:
    suffix = hidden_suffix()
    goal = Path(os.path.realpath(path))
    # 40 characters are at most 160 bytes, so a long name that is valid does not become invalid with the suffix.
    collector = goal.with_name(f".{goal.name[:40]}{suffix}")
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return _Plan(collector, goal, None, is_replaced=True)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "is a folder")
    if not os.access(path, os.W_OK):  # replacing the file would bypass its protection
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    if stat.S_ISREG(mode):
        return _Plan(collector, goal, stat.S_IMODE(mode), is_replaced=True)
    # Replacing would put a plain file in the place of /dev/null or a pipe.
    return _Plan(Path(tempfile.gettempdir(), f".matchmaker{suffix}"), path, 0o600, is_replaced=False)


def path_exists(path: Path) -> bool:
    """Whether there is anything at ``path``; a name that is invalid on this system names nothing."""
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises for a name that is too long


def is_folder(path: Path) -> bool:
    """Whether there is a folder at ``path``."""
    return os.path.isdir(path)  # noqa: PTH112 - as above


def is_file(path: Path) -> bool:
    """Whether there is a regular file at ``path``."""
    return os.path.isfile(path)  # noqa: PTH113 - as above


def hidden_suffix() -> str:
    """The ending of the name of an unfinished file: the machine and process that make it, and a random part."""
    return f".tmp-{_machine()}-{os.getpid()}-{secrets.token_hex(4)}"


def _machine() -> str:
    return f"{crc32(platform.node().encode()):08x}"


def remove_strays(path: Path) -> None:
    """Remove files left beside ``path`` by commands that were killed while making it; nothing else ever would.

    Files of running processes and of other machines that share the folder stay, and so do files that cannot be removed.
    """
    if os.name == "nt":  # os.kill would end the process it asks about
        return
    goal = Path(os.path.realpath(path))
    is_stray = re.compile(rf"\.{re.escape(goal.name[:40])}\.tmp-{_machine()}-(\d{{1,9}})-[0-9a-f]{{8}}").fullmatch
    with suppress(OSError):
        for stray in list(goal.parent.iterdir()):
            found = is_stray(stray.name)
            if found and not _is_running(int(found[1])):
                shutil.rmtree(stray, ignore_errors=True) if stray.is_dir() else stray.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # the process belongs to another user
        return True
    return True


def _deliver(plan: _Plan) -> None:
    if plan.is_replaced:
        if plan.old_mode is not None:
            plan.collector.chmod(plan.old_mode)  # the umask may have cleared bits that the old file had
        plan.collector.replace(plan.goal)
        return
    with plan.collector.open("rb") as source, plan.goal.open("wb") as target:
        shutil.copyfileobj(source, target)


class _CollectorFile(io.FileIO):
    """A file whose write errors name the target, unlike errors of the code that produces the content."""

    def __init__(self, descriptor: int, target: Path) -> None:
        super().__init__(descriptor, "r+")
        self._target = target

    def write(self, data: ReadableBuffer, /) -> int:
        with write_faults(self._target):
            return super().write(data)


@contextmanager
def _always_closed(stream: TextIO | BinaryIO) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(InputError):  # closing flushes to a file that is deleted anyway
            stream.close()
        raise
    stream.close()


def _drop_needless_bom(file: _CollectorFile) -> None:
    """Remove the byte order mark at the start of ``file`` if the rest is ASCII."""
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
def write_faults(path: Path) -> Iterator[None]:
    """Turn errors of the operating system in the block into an ``InputError`` with ``path`` and a remedy."""
    try:
        yield
    except OSError as error:
        finding = make_message("cannot be written ({reason})", reason=reason_of(error))
        remedy = _REMEDIES.get(error.errno or 0, "choose another place")
        raise InputError(Fault(str(path), finding, remedy)) from error
