"""What a long run has done so far, kept beside its output, so that it can be continued after any interruption.

All of it is in one file, ``OUT.journal``, which only grows at its end: a line that says what shapes the output, then a
line for every stretch of rows, with what these gave. Each line begins with a digest of everything up to its end: a line
that is not whole, as after a power cut, does not count, nor does what follows it. The finished files are made of the
journal when all rows are done.
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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple

from matchmaker.errors import Fault, InputError
from matchmaker.files import check_plain_file, is_folder, resolve_target, write_faults

_ENDING: Final = ".journal"
_INTERVAL = 1.0  # seconds between marks
_LEAST_SHARE: Final = 50  # a mark that took long, as on a slow disk, is followed by a pause of so many times as long
_HELD: Final = 1 << 20
_MOST: Final = 1 << 60  # rows
_DIGEST: Final = 8


class Interruption(KeyboardInterrupt):
    """The run was told to stop, by Ctrl-C or by SIGTERM."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


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


class _Lines:
    """A locked file of JSON objects, one on a line, each after a digest of everything up to its end."""

    def __init__(self, path: Path, place: Path, mode: int) -> None:
        """Nothing is read yet; faults name ``place``."""
        self._place = place
        self._descriptor = _locked(path, place, mode)
        self._hash = blake2b(digest_size=_DIGEST)
        self._size = 0

    def read(self) -> Iterator[dict[str, Any]]:
        """The good lines, to the first that is torn or damaged; what is added later comes after the last one read."""
        self._hash, self._size = blake2b(digest_size=_DIGEST), 0
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        with os.fdopen(self._descriptor, "rb", closefd=False) as file:
            for line in file:
                grown = self._hash.copy()
                if (entry := _entry(line, grown)) is None:
                    break
                self._hash, self._size = grown, self._size + len(line)
                yield entry

    def append(self, entry: Mapping[str, object]) -> None:
        """Hand a line to the system. After a failure it can be tried again, and nothing is there twice.

        Raises:
            InputError: It cannot be written.
        """
        text = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
        grown = self._hash.copy()
        grown.update(text)
        line = memoryview(grown.hexdigest().encode() + b" " + text + b"\n")
        with write_faults(self._place):
            os.lseek(self._descriptor, self._size, os.SEEK_SET)
            n_written = 0
            while n_written < len(line):
                n_written += os.write(self._descriptor, line[n_written:])
        self._hash, self._size = grown, self._size + len(line)

    def cut(self) -> None:
        """Drop what stands after the good lines."""
        with write_faults(self._place):
            os.ftruncate(self._descriptor, self._size)

    def restart(self) -> None:
        """Drop everything."""
        self._hash, self._size = blake2b(digest_size=_DIGEST), 0
        self.cut()

    def sync(self) -> None:
        """See to it that everything is on the disk."""
        with write_faults(self._place):
            os.fsync(self._descriptor)

    def is_empty(self) -> bool:
        return os.fstat(self._descriptor).st_size == 0

    def close(self) -> None:
        """Close the file; the lock goes with it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class Journal:
    """The journal of one run, open and locked.

    Attributes:
        counts: What is done. At the beginning: what an earlier run did.
        load: First places by institute, over the rows that are done.
        n_before: How many rows an earlier run did that this one continues.
        changed: What of an earlier run differs from this one, so that it could not be continued.
        n_dropped: How many rows of an earlier run were done that nobody asked to continue.
    """

    def __init__(self, output: Path, header: Mapping[str, object], signals: Signals) -> None:
        in_parts = is_folder(output)  # of parts: the journal stands beside it
        goal, mode = (Path(os.path.realpath(output)), 0o666) if in_parts else resolve_target(output)
        self.path = goal.with_name(goal.name + _ENDING)
        self.n_before = 0
        self.changed: tuple[str, ...] = ()
        self.n_dropped = 0
        self._header = {name: str(value) for name, value in header.items()}
        self._signals = signals
        self._lines = _Lines(self.path, output, mode)  # as open to others as the output is
        self._forget()

    def _forget(self) -> None:
        self.counts = Counts()
        self.load: Counter[str] = Counter()
        self._held: list[str] = []  # what the rows since the last line gave
        self._n_held = 0
        self._unsaid: Counter[str] = Counter()  # their first places
        self._n_lines = 0  # after the header
        self._next = time.monotonic() + _INTERVAL

    def begin(self, *, resume: bool) -> None:
        """Continue what is there if ``resume`` says so, or begin anew."""
        lines = self._lines.read()
        header = next(lines, {})
        if header == self._header:
            is_sound = all(map(self._take_up, lines))
            n_rows = self.counts.n_rows
            if resume and is_sound and self._n_lines:
                self._lines.cut()
                self.n_before = n_rows
                return
            if resume and not is_sound:
                self.changed = ("partial",)
            elif is_sound:
                self.n_dropped = n_rows
        elif header and resume:
            names = dict.fromkeys((*self._header, *header))
            self.changed = tuple(name for name in names if header.get(name) != self._header.get(name))
        self._forget()
        self._lines.restart()
        self._lines.append(self._header)

    def add(self, text: str, counts: Counts, first: str | None = None) -> None:
        """Add what the next row gives; ``counts`` includes it, ``first`` is the institute in its first place."""
        self._signals.hold()  # and not ``held``: this is done for every row
        try:
            self._held.append(text)
            self._n_held += len(text)
            if first is not None:
                self._unsaid[first] += 1
            self.counts = counts
            # Only now can anything fail, and what is held and the counts say the same.
            if time.monotonic() >= self._next:
                self._mark()
            elif self._n_held >= _HELD:
                self._append()
        finally:
            self._signals.release()

    def complete(self) -> None:
        """All rows are added; from now on only the finished files are missing."""
        with self._signals.held():
            # A run so short that nothing was noted yet spares the disk: if it is cut off now, it begins anew.
            self._mark() if self._n_lines else self._append()

    def texts(self) -> Iterator[str]:
        """What was added and written, in its order: of many rows at once.

        Raises:
            InputError: The disk does not give back what was written.
        """
        n_lines = 0
        for entry in islice(self._lines.read(), 1, None):
            n_lines += 1
            yield entry["output"]
        if n_lines < self._n_lines:
            raise InputError(
                Fault(str(self.path), "the file is damaged or incomplete", "run again when nothing writes to it")
            )

    def end(self) -> None:
        """The finished files are in place: the journal goes."""
        with self._signals.held():
            if os.name == "nt":  # where an open file cannot go
                self.close()
            with suppress(OSError):
                self.path.unlink()

    def interrupted(self) -> None:
        """Note what is done, so that little is done again; a disk that is full keeps what was noted before."""
        with suppress(InputError), self._signals.held():
            if self.counts.n_rows:
                self._mark()

    def close(self) -> None:
        """Close the file; the lock goes with it. A journal that holds nothing, as on a full disk, goes as well."""
        if self._lines.is_empty():
            with suppress(OSError):
                self.path.unlink()
        self._lines.close()

    def _take_up(self, entry: Mapping[str, Any]) -> bool:
        """Take what a line says for done; whether it says what such a line does."""
        counts, load = entry.get("counts"), entry.get("load")
        if not (isinstance(counts, list) and len(counts) == len(Counts._fields) and isinstance(load, dict)):
            return False
        if not all(type(number) is int and 0 <= number < _MOST for number in (*counts, *load.values())):
            return False
        self.counts = Counts(*counts)
        self.load.update(load)
        self._n_lines += 1
        return isinstance(entry.get("output"), str)

    def _append(self) -> None:
        if not self._held:
            return
        load = dict(sorted(self._unsaid.items()))
        self._lines.append({"counts": self.counts, "load": load, "output": "".join(self._held)})
        self.load.update(self._unsaid)
        self._held, self._n_held, self._unsaid = [], 0, Counter()
        self._n_lines += 1

    def _mark(self) -> None:
        began = time.monotonic()
        self._append()
        self._lines.sync()
        now = time.monotonic()
        self._next = now + max(_INTERVAL, _LEAST_SHARE * (now - began))


def fingerprint_of(path: Path) -> str:
    """A digest of all bytes of a file: what it is called and when it was saved do not matter."""
    digest = blake2b(digest_size=16)
    with path.open("rb") as file:
        while chunk := file.read(_HELD):
            digest.update(chunk)
    return f"blake2b:{digest.hexdigest()}"


def header_beside(output: Path) -> dict[str, str]:
    """What the journal beside an output says of its run; empty without a journal."""
    goal = Path(os.path.realpath(output))
    path = goal.with_name(goal.name + _ENDING)
    try:
        check_plain_file(path)
        with path.open("rb") as file:
            header = _entry(file.readline(), blake2b(digest_size=_DIGEST)) or {}
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


def _entry(line: bytes, so_far: blake2b) -> dict[str, Any] | None:
    """What a line says; ``None`` when it is torn or damaged. ``so_far`` is the hash of the lines before, and grows."""
    digest, _, text = line.removesuffix(b"\n").partition(b" ")
    so_far.update(text)
    if not line.endswith(b"\n") or digest != so_far.hexdigest().encode():
        return None
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):  # the digest is no secret: anybody may write such a line
        return None
    return entry if isinstance(entry, dict) else None


def _opened(path: Path, place: Path, mode: int) -> int:
    """A descriptor of a plain file, made if need be, for reading and writing.

    Raises:
        InputError: Something else stands there, or it cannot be opened.
    """
    check_plain_file(path)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # somebody may have put a link there meanwhile
    with write_faults(place):
        return os.open(path, flags, mode)


def _locked(path: Path, place: Path, mode: int) -> int:
    """A descriptor that holds the lock of the journal, which is made if need be.

    Raises:
        InputError: Another process holds it.
    """
    while True:
        descriptor = _opened(path, place, mode)
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
