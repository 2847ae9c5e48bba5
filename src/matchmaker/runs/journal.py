"""What a long run has done so far, kept beside its output, so that it can be continued after any interruption.

A run writes into parts (``OUT.partial``, ``OUT.rejects.partial``), and from time to time notes in ``OUT.journal`` how
far they are good. The order makes it safe: first the bytes of the parts reach the disk, then the line that vouches for
them. What a part holds beyond its last mark is cut off when the run goes on; a line that was not written to its end, as
after a power cut, does not count.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO, Final, Literal, NamedTuple, TypeAlias, get_args
from zlib import crc32

from matchmaker.errors import Fault, InputError
from matchmaker.files import check_plain, is_folder, is_there, place_of, write_faults

Stage: TypeAlias = Literal["running", "complete", "delivered"]

_ENDING: Final = ".journal"
_INTERVAL = 1.0  # seconds between marks
_LEAST_SHARE: Final = 50  # a mark that took long, as on a slow disk, is followed by a pause of so many times as long
_HELD: Final = 1 << 20
_MOST: Final = 1 << 60  # rows and bytes
_DIGEST: Final = 8


class Interruption(KeyboardInterrupt):
    """The run was told to stop, by Ctrl-C or by SIGTERM."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


class Extent(NamedTuple):
    """How much of a part is good, and the checksum of that much."""

    size: int = 0
    check: int = 0


class Counts(NamedTuple):
    """The rows that are done, by what became of them."""

    n_matched: int = 0
    n_unclear: int = 0
    n_none: int = 0
    n_rejected: int = 0

    @property
    def n_rows(self) -> int:
        return sum(self)

    @property
    def n_answered(self) -> int:
        return self.n_matched + self.n_unclear + self.n_none


class Part:
    """A file that grows at its end. It is made with the first byte."""

    def __init__(self, path: Path, place: Path, mode: int = 0o666, descriptor: int = -1) -> None:
        """Nothing is opened yet, unless ``descriptor`` is; faults name ``place``."""
        self.path = path
        self._place = place
        self._mode = mode
        self._descriptor = descriptor
        self._held: list[bytes] = []
        self._n_held = 0
        self._flushed = Extent()

    @property
    def size(self) -> int:
        """How many bytes were written, those that stay in memory among them."""
        return self._flushed.size + self._n_held

    @property
    def extent(self) -> Extent:
        """The same, with their checksum."""
        return Extent(self.size, crc32(b"".join(self._held), self._flushed.check))

    @property
    def is_heavy(self) -> bool:
        """Whether so much stays in memory that it should be flushed."""
        return self._n_held >= _HELD

    def is_empty(self) -> bool:
        """Whether the file is open and there is nothing in it."""
        return self._descriptor >= 0 and os.fstat(self._descriptor).st_size == 0

    def write(self, data: bytes) -> None:
        """Add ``data``, which stays in memory until it is flushed: nothing can go wrong here."""
        self._held.append(data)
        self._n_held += len(data)

    def flush(self) -> None:
        """Hand everything to the system. After a failure it can be tried again, and nothing is there twice."""
        if not self._held:
            return
        self._open()
        with write_faults(self._place):
            extent, data = self.extent, memoryview(b"".join(self._held))
            os.lseek(self._descriptor, self._flushed.size, os.SEEK_SET)
            while data:
                data = data[os.write(self._descriptor, data) :]
        self.assume(extent)

    def sync(self) -> None:
        """See to it that everything is on the disk."""
        self.flush()
        if self._descriptor >= 0:
            with write_faults(self._place):
                os.fsync(self._descriptor)

    def cut(self, extent: Extent) -> bool:
        """Go on after ``extent``; whether that much is there, unharmed. Afterwards the part is as long as that."""
        if self._descriptor < 0 and not os.path.lexists(self.path):
            return not extent.size
        self._open()
        if extent.size and extent_of(self._descriptor, extent.size) != extent:
            return False
        with write_faults(self._place):
            os.ftruncate(self._descriptor, extent.size)
        self.assume(extent)
        return True

    def assume(self, extent: Extent) -> None:
        """Take it that so much is in the file, and drop what stays in memory."""
        self._flushed, self._held, self._n_held = extent, [], 0

    def checked_lines(self) -> tuple[list[dict[str, Any]], Extent]:
        """The good lines of a journal, and how far they go: to the first that is torn or damaged."""
        found: list[dict[str, Any]] = []
        extent = Extent()
        with _reader(self._descriptor) as file:
            for line in file:
                if (entry := _entry(line)) is None:
                    break
                found.append(entry)
                extent = Extent(extent.size + len(line), crc32(line, extent.check))
        return found, extent

    def close(self) -> None:
        """Drop what is held, and close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> None:
        if self._descriptor < 0:
            self._descriptor = _opened(self.path, self._place, self._mode)


def extent_of(path: Path | int, size: int) -> Extent | None:
    """The checksum of the first ``size`` bytes of a file or an open descriptor; ``None`` when it has fewer."""
    check, left = 0, size
    try:
        with _reader(path) as file:
            while left and (chunk := file.read(min(left, _HELD))):
                check, left = crc32(chunk, check), left - len(chunk)
    except OSError:
        return None
    return None if left else Extent(size, check)


def _reader(path: Path | int) -> BinaryIO:
    if isinstance(path, Path):
        return path.open("rb")
    os.lseek(path, 0, os.SEEK_SET)
    return os.fdopen(path, "rb", closefd=False)


def fingerprint_of(path: Path) -> str:
    """A digest of all bytes of a file: what it is called and when it was saved do not matter."""
    digest = blake2b(digest_size=16)
    with path.open("rb") as file:
        while chunk := file.read(_HELD):
            digest.update(chunk)
    return f"blake2b:{digest.hexdigest()}"


class Journal:
    """The journal of one run, open and locked.

    Attributes:
        output: What the run has made so far; under another name than the finished file.
        rejects: The rejected rows so far.
        counts: What is done. At the beginning: what an earlier run did.
        load: First places by institute, over the rows that are done.
        stage: ``complete`` when all rows are done, ``delivered`` when the finished files are in place as well.
        n_before: How many rows an earlier run did that this one continues.
        is_found: Whether there was a journal.
        changed: What of an earlier run differs from this one, so that it could not be continued.
        n_dropped: How many rows of an earlier run were done that nobody asked to continue.
    """

    def __init__(self, output: Path, header: Mapping[str, object], signals: Signals) -> None:
        in_parts = is_folder(output)  # of parts: the journal stands beside it
        goal, mode = (Path(os.path.realpath(output)), 0o666) if in_parts else place_of(output)
        self.path = goal.with_name(goal.name + _ENDING)
        self.output = Part(goal.with_name(f"{goal.name}.partial"), output, mode)
        self.rejects = Part(goal.with_name(f"{goal.name}.rejects.partial"), output, mode)
        self.counts = Counts()
        self.load: Counter[str] = Counter()
        self.stage: Stage = "running"
        self.n_before = 0
        self.is_found = False
        self.changed: tuple[str, ...] = ()
        self.n_dropped = 0
        self._header = {name: str(value) for name, value in header.items()}
        self._signals = signals
        self._lines = Part(self.path, output, descriptor=_locked(self.path, output))
        self._pending: tuple[list[bytes], list[bytes]] = ([], [])  # of output and rejects, until the next row is added
        self._unsaid: Counter[str] = Counter()  # first places since the last mark
        self._n_marks = 0
        self._next = time.monotonic() + _INTERVAL

    def begin(self, *, resume: bool, finished: Sequence[Path]) -> None:
        """Continue what is there, or begin anew.

        Args:
            resume: Whether to continue.
            finished: Where output and rejected rows go in the end.
        """
        for path in finished[1:]:
            if path != finished[0]:  # a link that was given as output is followed
                check_plain(path)
        kept, end = self._lines.checked_lines()
        header, marks = kept[:1], kept[1:]
        self.is_found = bool(header)
        if header == [self._header]:
            is_sound = all(map(_is_mark, marks))
            if resume and is_sound and self._taken_up(marks, finished):
                self._lines.cut(end)
                self._n_marks = len(marks)
                self.n_before = self.counts.n_rows
                return
            if marks and resume:
                self.changed = ("partial",)
            elif marks and is_sound:
                self.n_dropped = sum(marks[-1]["counts"])
        elif header and resume:
            names = dict.fromkeys((*self._header, *header[0]))
            self.changed = tuple(name for name in names if header[0].get(name) != self._header.get(name))
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.stage = "running"
        for part in (self._lines, self.output, self.rejects):
            part.cut(Extent())
        self._write(self._header)
        self._lines.flush()

    def open_with(self, text: str) -> None:
        """Begin the output with ``text``; it is written with the row that is added next, or with the end."""
        self._pending[0].append(_encoded(text))

    def reject(self, text: str) -> None:
        """Add to the rejected rows; it is written with the row that is added next."""
        self._pending[1].append(_encoded(text))

    def add(self, text: str, counts: Counts, first: str | None = None) -> None:
        """Add what the next row gives; ``counts`` includes it, ``first`` is the institute in its first place."""
        data = _encoded(text)
        self._signals.hold()  # and not ``held``: this is done for every row
        try:
            self._write_pending()
            self.output.write(data)
            if first is not None:
                self._unsaid[first] += 1
            self.counts = counts
            # Only now can anything fail, and the parts and the counts say the same.
            if time.monotonic() >= self._next:
                self._mark()
            elif self.output.is_heavy or self.rejects.is_heavy:
                self.output.flush()
                self.rejects.flush()
        finally:
            self._signals.release()

    def complete(self, text: str) -> None:
        """Add the end of the output; from now on only the finished files are missing."""
        with self._signals.held():
            if self.stage == "running":
                self._write_pending()
                self.output.write(_encoded(text))
                self.stage = "complete"
                # A run so short that nothing was noted yet spares the disk: if it is cut off now, it begins anew.
                if self._n_marks:
                    self._mark()
            self.output.sync()
            self.rejects.sync()

    def end(self) -> None:
        """The finished files are in place: the journal and what is left of the parts go."""
        with self._signals.held():
            self.stage = "delivered"
            if self._n_marks:
                self._mark()
            paths = (self.output.path, self.rejects.path, self.path)
            if os.name == "nt":  # where an open file cannot go
                self.close()
            for path in paths:
                with suppress(OSError):
                    path.unlink()

    def interrupted(self) -> None:
        """Note what is done, so that little is done again; a disk that is full keeps the mark before."""
        with suppress(InputError), self._signals.held():
            if self.stage != "delivered" and self.counts.n_rows:
                self._mark()

    def close(self) -> None:
        """Close all files; the lock goes with them. A journal that holds nothing, as on a full disk, goes as well."""
        if self._lines.is_empty():
            for path in (self.output.path, self.rejects.path, self.path):
                with suppress(OSError):
                    path.unlink()
        for part in (self.output, self.rejects, self._lines):
            part.close()

    def _taken_up(self, marks: Sequence[Mapping[str, Any]], finished: Sequence[Path]) -> bool:
        """Whether the parts hold what the last mark says; then that is where the run goes on."""
        if not marks:
            return False
        last = marks[-1]
        self.stage = last["stage"]
        extents = Extent(*last["output"]), Extent(*last["rejects"])
        for part, extent, path in zip((self.output, self.rejects), extents, finished, strict=True):
            is_moved = self.stage == "complete" and not is_there(part.path) and extent_of(path, extent.size) == extent
            if self.stage == "delivered" or is_moved:
                part.assume(extent)
            elif not part.cut(extent):
                return False
        self.counts = Counts(*last["counts"])
        self.load = sum((Counter(mark["load"]) for mark in marks), Counter())
        return True

    def _write_pending(self) -> None:
        for part, pending in zip((self.output, self.rejects), self._pending, strict=True):
            if pending:
                part.write(b"".join(pending))
                pending.clear()

    def _mark(self) -> None:
        began = time.monotonic()
        self.output.sync()
        self.rejects.sync()
        mark = {"counts": self.counts, "output": self.output.extent, "rejects": self.rejects.extent}
        kept = self._lines.extent
        try:
            self._write({**mark, "load": dict(sorted(self._unsaid.items())), "stage": self.stage})
            self._lines.sync()
        except InputError:
            with suppress(InputError):
                self._lines.cut(kept)
            raise
        self.load.update(self._unsaid)
        self._unsaid.clear()
        self._n_marks += 1
        now = time.monotonic()
        self._next = now + max(_INTERVAL, _LEAST_SHARE * (now - began))

    def _write(self, entry: Mapping[str, object]) -> None:
        text = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
        self._lines.write(_digest(text) + b" " + text + b"\n")


def header_beside(output: Path) -> dict[str, str]:
    """What the journal beside an output says of its run; empty without a journal."""
    goal = Path(os.path.realpath(output))
    path = goal.with_name(goal.name + _ENDING)
    try:
        check_plain(path)
        with path.open("rb") as file:
            header = _entry(file.readline()) or {}
    except (OSError, InputError):  # opening the journal says what is wrong
        return {}
    return {name: value for name, value in header.items() if isinstance(value, str)}


@contextmanager
def open_journal(output: Path, header: Mapping[str, object]) -> Iterator[Journal]:
    """A journal for the run of the block, which must call ``begin`` first.

    In the block Ctrl-C and SIGTERM raise ``Interruption``, never in the middle of a row. When the block raises, what is
    done is noted.

    Args:
        output: A regular file, or none yet.
        header: All that shapes the output; a journal with another header is void.

    Raises:
        InputError: The output cannot be written, or another run is writing it.
    """
    with Signals() as signals:
        journal = Journal(output, header, signals)
        try:
            yield journal
        except BaseException:
            journal.interrupted()
            raise
        finally:
            journal.close()


class Signals:
    """Signals that end the run raise ``Interruption``: at once, or when what must not be torn is done."""

    def __enter__(self) -> Signals:
        self._process = os.getpid()
        self._is_held = False
        self._came: int | None = None
        self._before: dict[int, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:  # as in the background of a shell
                    self._before[number] = signal.signal(number, self._on)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nothing interrupts the block; what comes meanwhile interrupts after it."""
        self.hold()
        try:
            yield
        finally:
            self.release()

    def hold(self) -> None:
        """Nothing interrupts from here on."""
        self._is_held = True

    def release(self) -> None:
        """Interrupt now if a signal came since ``hold``."""
        self._is_held = False
        if self._came is not None:
            came, self._came = self._came, None
            raise Interruption(came)

    def _on(self, number: int, frame: FrameType | None) -> None:
        del frame
        if os.getpid() != self._process:  # a worker that was forked from here
            os._exit(128 + number)
        if self._is_held:
            self._came = number
        else:
            raise Interruption(number)


def _entry(line: bytes) -> dict[str, Any] | None:
    """What a line of a journal says; ``None`` when it is torn or damaged."""
    digest, _, text = line.removesuffix(b"\n").partition(b" ")
    if not line.endswith(b"\n") or digest != _digest(text):
        return None
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):  # the digest is no secret: anybody may write such a line
        return None
    return entry if isinstance(entry, dict) else None


def _is_mark(entry: Mapping[str, Any]) -> bool:
    """Whether a line says what a mark does."""
    load, stage = entry.get("load"), entry.get("stage")
    if not isinstance(load, dict) or stage not in get_args(Stage):
        return False
    numbers = [*load.values()]
    for name, kind in (("counts", Counts), ("output", Extent), ("rejects", Extent)):
        found = entry.get(name)
        if not isinstance(found, list) or len(found) != len(kind._fields):
            return False
        numbers += found
    return all(type(number) is int and 0 <= number < _MOST for number in numbers)


def _digest(text: bytes) -> bytes:
    return blake2b(text, digest_size=_DIGEST).hexdigest().encode()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _opened(path: Path, place: Path, mode: int) -> int:
    """A descriptor of a plain file, made if need be, for reading and writing.

    Raises:
        InputError: Something else stands there, or it cannot be opened.
    """
    check_plain(path)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # somebody may have put a link there meanwhile
    with write_faults(place):
        return os.open(path, flags, mode)


def _locked(path: Path, place: Path) -> int:
    """A descriptor that holds the lock of the journal, which is made if need be.

    Raises:
        InputError: Another process holds it.
    """
    while True:
        descriptor = _opened(path, place, 0o666)
        try:
            _lock(descriptor)
        except OSError as error:
            if error.errno not in {errno.EACCES, errno.EAGAIN, errno.EDEADLK}:
                return descriptor  # a file system without locks
            os.close(descriptor)
            finding = "another run is writing it"
            raise InputError(Fault(str(place), finding, "wait for its end, or choose another name")) from None
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.lstat()):
                return descriptor
        os.close(descriptor)  # the run that held it has ended meanwhile, and its journal is gone


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, 1 << 40, os.SEEK_SET)  # beyond all that is read: a lock forbids reading here
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        # Of this process: with flock, workers would hold it too, and for a moment after this process was killed.
        # It ends when any descriptor of the file is closed, so that there may be only one.
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
