"""Files that appear whole or not at all, and cells that a spreadsheet never takes for formulas."""

from __future__ import annotations

import csv
import errno
import io
import os
import platform
import re
import secrets
import shutil
import stat
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, TextIO
from zlib import crc32

from matchmaker import log
from matchmaker.errors import Fault, InputError
from matchmaker.messages import reason_of, said

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_BOM: Final = "\ufeff"
_CHUNK: Final = 1 << 20

_ALLOW: Final = "allow writing there, close the file where it is open, or choose another place"
_FREE: Final = "free some space, or choose another disk"
_TEMPORARY: Final = "free some space, or set TMPDIR to a folder on a disk that has some"
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
def atomic_writer(path: Path, *, bom: bool = False, private: bool = False) -> Iterator[TextIO]:
    """A UTF-8 text stream whose content replaces ``path`` when the block ends, and is dropped when the block raises.

    The content is collected in a hidden file beside the target, so the disk must have room for both. An existing file
    keeps its mode, a symbolic link keeps pointing where it does; a device or a pipe gets everything at the end. Line
    ends are written as given.

    Args:
        path: The file to make or to replace.
        bom: Begin with a byte order mark if any character is not ASCII.
        private: A new file is its owner's alone to read, whatever the umask.

    Raises:
        InputError: The file cannot be written. Errors of the block itself pass unchanged.
    """
    with _collected(path, private=private) as raw:
        stream = io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", errors="backslashreplace", newline="")
        with _closed_in_any_case(stream):
            stream.write(_BOM if bom else "")
            yield stream
            stream.flush()
            with write_faults(path):
                if bom:
                    _drop_needless_bom(raw)
                os.fsync(raw.fileno())


@contextmanager
def atomic_bytes(path: Path) -> Iterator[BinaryIO]:
    """As ``atomic_writer``, for bytes; the stream can be read and searched while it is written."""
    with _collected(path) as raw:
        stream = io.BufferedRandom(raw)
        with _closed_in_any_case(stream):
            yield stream
            stream.flush()
            with write_faults(path):
                os.fsync(raw.fileno())


def place_of(path: Path) -> tuple[Path, int]:
    """The file that ``path`` leads to, and the mode of what will replace it or be it.

    Raises:
        InputError: It may not be written, or is a folder.
    """
    with write_faults(path):
        plan = _plan(path)
    return plan.goal, 0o666 if plan.old_mode is None else plan.old_mode


def check_plain(path: Path) -> None:
    """Refuse a name at which something else stands than a plain file, or nothing.

    For names that nobody gave, such as those beside an output: a link that somebody put there would have what it leads
    to destroyed, and a pipe would never take an end.

    Raises:
        InputError: A link, a folder, a pipe or a device stands there.
    """
    try:
        is_plain = stat.S_ISREG(path.lstat().st_mode)
    except OSError:  # nothing there, or nothing that can be asked: writing will say it
        return
    if not is_plain:
        finding = "a link, a folder, a pipe or a device, where a plain file is to be written"
        raise InputError(Fault(str(path), finding, "remove it, or choose another name for the output"))


def put_in_place(part: Path, path: Path, *, bom: bool = False, private: bool = False) -> None:
    """Have ``part``, a whole file beside ``path``, replace it; a device or a pipe gets all that is in it.

    Args:
        part: Is gone afterwards, or left as it was.
        path: A file, or none yet; keeps its mode and its links.
        bom: ``part`` begins with a byte order mark; if all of it is ASCII, that is left out, and ``part`` stays.
        private: The mode of ``part`` is kept, rather than that of the file it replaces.

    Raises:
        InputError: It cannot be written.
    """
    if bom and _is_ascii_after_bom(part):
        with part.open("rb") as source, atomic_bytes(path) as target:
            source.seek(len(_BOM.encode()))
            shutil.copyfileobj(source, target)
        return
    with write_faults(path):
        plan = _plan(path)
        _deliver(plan._replace(collector=part, old_mode=None if private else plan.old_mode))


def drop_earlier(path: Path) -> None:
    """Remove the file that ``path`` leads to, if there is one; a device or a pipe stays.

    Raises:
        InputError: It may not be removed, or is a folder.
    """
    if os.path.lexists(path):  # asked first: what is not there needs no folder that is writable
        with write_faults(path):
            plan = _plan(path)
            if plan.is_replaced:
                plan.goal.unlink(missing_ok=True)


def _is_ascii_after_bom(part: Path) -> bool:
    with part.open("rb") as file:
        file.seek(len(_BOM.encode()))
        return all(chunk.isascii() for chunk in iter(lambda: file.read(_CHUNK), b""))


@contextmanager
def scratch_folder(path: Path) -> Iterator[Path]:
    """A hidden folder beside ``path`` (which must have room for it) that is gone when the block ends.

    Raises:
        InputError: It cannot be made. Errors of the block itself pass unchanged.
    """
    with write_faults(path):
        folder = _plan(path).collector
        drop_strays(path)
        folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder in the system's place for such, gone when the block ends.

    Raises:
        InputError: There is no place for it, as where all disks are full.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="matchmaker-")
    except OSError as error:
        raise InputError(no_temporary_files(error)) from error
    with folder as path:
        yield Path(path)


def no_temporary_files(error: Exception) -> Fault:
    """What is told where the system's place for temporary files takes none."""
    log.note("temporary files: %s", error)
    return Fault(said("temporary files"), "there is no place or no room for them", _TEMPORARY)


@contextmanager
def _collected(path: Path, *, private: bool = False) -> Iterator[_Collector]:
    """The hidden file that takes the place of ``path`` at the end; whoever gets it closes it."""
    with write_faults(path):
        plan = _plan(path)
        drop_strays(plan.goal)
        new = 0o600 if private else 0o666
        mode = new if plan.old_mode is None else plan.old_mode
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        raw = _Collector(os.open(plan.collector, flags, mode), path)
    try:
        yield raw
        with write_faults(path):
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
    suffix = hidden_suffix()
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


def is_there(path: Path) -> bool:
    """Whether there is something at ``path``; a name that the system does not take is of nothing."""
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises for a name that is too long


def is_folder(path: Path) -> bool:
    """Whether there is a folder at ``path``."""
    return os.path.isdir(path)  # noqa: PTH112 - as above


def is_file(path: Path) -> bool:
    """Whether there is a regular file at ``path``."""
    return os.path.isfile(path)  # noqa: PTH113 - as above


def hidden_suffix() -> str:
    """How the name of a file ends while it is made: which machine and process make it, and a random part."""
    return f".tmp-{_machine()}-{os.getpid()}-{secrets.token_hex(4)}"


def _machine() -> str:
    return f"{crc32(platform.node().encode()):08x}"


def drop_strays(path: Path) -> None:
    """Remove what commands that were killed while they made ``path`` left beside it; nobody else would ever do so.

    What belongs to a process that runs stays, or to another machine that shares the folder, and what cannot be removed.
    """
    if os.name == "nt":  # where asking for a process ends it
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
    except OSError:  # it is somebody else's
        return True
    return True


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
        with write_faults(self._target):
            return super().write(data)


@contextmanager
def _closed_in_any_case(stream: TextIO | BinaryIO) -> Iterator[None]:
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
def write_faults(path: Path) -> Iterator[None]:
    """Errors of the operating system in the block become an ``InputError`` that names ``path`` and a remedy."""
    try:
        yield
    except OSError as error:
        finding = said("cannot be written ({reason})", reason=reason_of(error))
        remedy = _REMEDIES.get(error.errno or 0, "choose another place")
        raise InputError(Fault(str(path), finding, remedy)) from error


_FORMULA_STARTS: Final = frozenset("=+-@＝＋－＠﹢﹣﹦﹫−")
_FILLERS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters by category, blanks to the eye
_OTHER_ENDS: Final = re.compile(r"([;\t\r\n])")
_PLAIN: Final = re.compile(r"[0-9A-Za-z一-鿿][^;\t\r\n]*")  # most cells
_LIST_MARK: Final = re.compile(r"[-+－＋][ \u3000]")


def could_be_formula(cell: str) -> bool:
    """Whether a spreadsheet could take ``cell`` for a formula when it reads or edits it.

    Spaces, control and zero-width characters before the sign do not hide it; a cell that starts with a tab or a line
    end is risky whatever follows.
    """
    return cell[:1] in {"\t", "\r", "\n"} or _has_sign_first(cell)


def _has_sign_first(text: str) -> bool:
    if "一" <= text[:1] <= "鿿" or "0" <= text[:1] <= "9":  # quick: most texts begin so
        return False
    return next((char for char in text if not _is_unseen(char)), "") in _FORMULA_STARTS


def _is_unseen(char: str) -> bool:
    return char in _FILLERS or unicodedata.category(char)[0] in "ZCM"


def harmless(cell: str) -> str:
    """``cell`` as text for a file without types: with a leading apostrophe where it could be a formula.

    What follows a semicolon, a tab or a line end inside it gets one too, as not every program takes commas for the
    ends of cells; but "- " and "+ " at the start of a line are list marks and stay. What would get one but for the
    apostrophes it has gets a further one, so that no two cells become the same.
    """
    if _PLAIN.fullmatch(cell):
        return cell
    first, *rest = _OTHER_ENDS.split(cell)
    for end, text in zip(rest[::2], rest[1::2], strict=True):
        first += f"{end}'{text}" if _is_guarded(end, text) else end + text
    return f"'{first}" if could_be_formula(cell.lstrip("'")) else first


def as_written(cell: str) -> str:
    """What ``harmless`` was given to make ``cell``; a cell that it cannot have made stays as it is."""
    first, *rest = _OTHER_ENDS.split(cell)
    for end, text in zip(rest[::2], rest[1::2], strict=True):
        first += end + (text[1:] if text.startswith("'") and _is_guarded(end, text[1:]) else text)
    text = first[1:] if first.startswith("'") and could_be_formula(first[1:].lstrip("'")) else first
    return text if harmless(text) == cell else cell


def _is_guarded(end: str, text: str) -> bool:
    """Whether what follows a mark that may end a cell gets an apostrophe."""
    is_list_mark = end in "\r\n" and _LIST_MARK.match(text)
    return _has_sign_first(text.lstrip("'")) and not is_list_mark


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV. What others wrote must have gone through ``harmless``; numbers of ours must not."""
    # \r\n is what RFC 4180 says and Excel itself writes; besides, Python 3.11 quotes a cell with a lone \r only then.
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()
