"""Many problems: matched in chunks, by one process or many, in the order of the input."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from matchmaker.domain import Problem, Shortlist
from matchmaker.errors import Fault, MatchmakerError
from matchmaker.files import temporary_folder
from matchmaker.intake import Rejected
from matchmaker.matching.matcher import Matcher
from matchmaker.messages import said

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing.context import BaseContext

_CHUNK = 256
_GLANCE = 2  # seconds between two looks at whether processes are still there
_GRACE = 2  # seconds in which a worker that was told to stop may end by itself


@dataclass
class Summary:
    """What a batch has done so far. ``n_read`` is the sum of matched, unclear, none and rejected.

    ``load`` counts first places by id of institute, over the problems that were matched.
    """

    n_matched: int = 0
    n_unclear: int = 0
    n_none: int = 0
    n_rejected: int = 0
    load: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=time.monotonic)

    @property
    def n_read(self) -> int:
        return self.n_matched + self.n_unclear + self.n_none + self.n_rejected

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self.started

    def count(self, answer: Shortlist | Rejected) -> None:
        """Add one row."""
        if isinstance(answer, Rejected):
            self.n_rejected += 1
        elif answer.verdict == "matched":
            self.n_matched += 1
            self.load[answer.matches[0].institute] += 1
        elif answer.verdict == "unclear":
            self.n_unclear += 1
        else:
            self.n_none += 1


def match_all(
    rows: Iterable[Problem | Rejected],
    matcher: Matcher,
    *,
    top: int | None = 5,
    summary: Summary | None = None,
    workers: int = 1,
    cluster: str | None = None,
) -> Generator[Shortlist | Rejected, None, None]:
    """A shortlist for each problem, in the order of the rows; rejected rows pass through in their place.

    Chunks bound the memory; neither their size nor the number of processes changes anything in the results.

    Args:
        rows: Read as needed.
        matcher: Built once.
        top: As in ``Matcher.match``.
        summary: Counts along when given.
        workers: How many processes match. More than one are started only when there are more rows than one chunk.
        cluster: The address of a Dask scheduler; its workers match instead, see ``cluster.match_on_cluster``.

    Raises:
        ProblemError: A limit of a problem names an institute that is not in the registry; have the table check its
            rows by ``Matcher.limit_faults`` to get them rejected instead.
        MatchmakerError: A worker process ended before its work was done, or a cluster cannot do it.
    """
    stream = iter(rows)
    first = list(islice(stream, _CHUNK)) if cluster is None else []
    if cluster is not None:
        from matchmaker.runs.cluster import match_on_cluster

        sent = ((chunk, _problems(chunk)) for chunk in _chunks(stream, _CHUNK))
        answered = match_on_cluster(sent, matcher, top=top, address=cluster)
    elif workers > 1 and len(first) == _CHUNK:
        chunks = _chunks(chain(first, stream), _CHUNK // 2)
        answered = _by_processes(chunks, matcher, top, workers)
    else:
        chunks = chain([first] if first else [], _chunks(stream, _CHUNK))
        answered = ((chunk, matcher.match(_problems(chunk), top=top)) for chunk in chunks)
    for chunk, found in answered:
        shortlists = iter(found)
        for row in chunk:
            answer = row if isinstance(row, Rejected) else next(shortlists)
            if summary is not None:
                summary.count(answer)
            yield answer


def available_workers() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_Chunk: TypeAlias = "list[Problem | Rejected]"


def _chunks(rows: Iterator[Problem | Rejected], size: int) -> Iterator[_Chunk]:
    while chunk := list(islice(rows, size)):
        yield chunk


def _problems(chunk: _Chunk) -> list[Problem]:
    return [row for row in chunk if isinstance(row, Problem)]


def _by_processes(
    chunks: Iterator[_Chunk], matcher: Matcher, top: int | None, workers: int
) -> Iterator[tuple[_Chunk, list[Shortlist]]]:
    """Chunks and their shortlists, in order; so many are under way that no worker waits, and no more."""
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    context = _context(matcher)
    handed = ExitStack()
    try:
        pool = ProcessPoolExecutor(workers, context, _begin, (handed.enter_context(_handed(matcher, context)), top))
    except BrokenPipeError:
        handed.close()
        raise _ended_early() from None
    under_way: deque[tuple[_Chunk, Future[list[Shortlist]]]] = deque()
    is_done = False
    try:
        for chunk in chunks:
            under_way.append((chunk, _begun_by(pool, chunk)))
            if len(under_way) > 2 * workers:
                oldest, answer = under_way.popleft()
                yield oldest, _waited_for(answer, pool)
        while under_way:
            oldest, answer = under_way.popleft()
            yield oldest, _waited_for(answer, pool)
        is_done = True
    except (BrokenProcessPool, BrokenPipeError, _StoppedError):
        raise _ended_early() from None
    finally:
        if not is_done and pool._result_queue is not None:  # interrupted: nobody wants what is under way
            # Half an answer may be all that a worker leaves; while this end is open, its reader waits for the rest.
            pool._result_queue._writer.close()  # type: ignore[attr-defined]
        # When all is done as well: one that was killed while it waited for more would keep the others waiting for ever.
        for process in list((pool._processes or {}).values()):
            process.terminate()
        # Waits for the pool's thread as well: left alone it may fail at exit, and write so to stderr.
        pool.shutdown(cancel_futures=True)
        handed.close()


def _ended_early() -> MatchmakerError:
    finding = "one of them ended before its work was done; there may be too little memory for so many"
    return MatchmakerError(Fault(said("worker processes"), finding, "run again with --workers 1"))


def _begun_by(pool: ProcessPoolExecutor, chunk: _Chunk) -> Future[list[Shortlist]]:
    """What a process will answer.

    Raises:
        BrokenProcessPool: A process has ended.
    """
    from concurrent.futures.process import BrokenProcessPool

    try:
        return pool.submit(_match, _problems(chunk))
    except (OSError, ValueError):  # while one was started another ended: the pool has closed what the new one needs
        if not pool._broken:
            raise
        raise BrokenProcessPool from None


def _waited_for(answer: Future[list[Shortlist]], pool: ProcessPoolExecutor) -> list[Shortlist]:
    """An answer; the pool itself waits for ever where a process was killed while it wrote one.

    Raises:
        BrokenProcessPool: A process has ended.
    """
    from concurrent.futures.process import BrokenProcessPool

    has_ended = False
    while True:
        try:
            return answer.result(timeout=_GLANCE)
        except TimeoutError:
            if has_ended:  # and a whole glance ago: the pool has not noticed
                raise BrokenProcessPool from None
            has_ended = not all(process.is_alive() for process in list((pool._processes or {}).values()))


def _context(matcher: Matcher) -> BaseContext:
    """How processes are started: forked where nothing else runs in this one, which is quick; else anew."""
    import multiprocessing

    tasks = Path("/proc/self/task")
    is_alone = tasks.is_dir() and len(list(tasks.iterdir())) == 1
    return multiprocessing.get_context("fork" if is_alone and matcher.settings.encoder == "words" else "spawn")


@contextmanager
def _handed(matcher: Matcher, context: BaseContext) -> Iterator[Matcher | Path]:
    """What a worker is given to begin with: a forked one the matcher, one that is started anew a file that holds it.

    Through multiprocessing's own pipe, which holds little, this process would wait for ever to hand it to a worker that
    was killed early.
    """
    if context.get_start_method() == "fork":
        yield matcher
    elif hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        with os.fdopen(os.memfd_create("matcher"), "wb") as file:
            file.write(pickle.dumps(matcher))
            file.flush()
            yield Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")
    else:
        with temporary_folder() as folder:  # this user's alone
            path = folder / "matcher"
            path.write_bytes(pickle.dumps(matcher))
            yield path


_begun: list[_Duty] = []  # in a worker process: what it does


class _StoppedError(Exception):
    """A worker was told to stop before its work was done."""


class _Duty:
    """What a worker process does until it is told to stop.

    It stops in the middle of its work but never in the middle of an answer: who reads half of one waits for ever.
    """

    def __init__(self, matcher: Matcher, top: int | None) -> None:
        self._matcher = matcher
        self._top = top
        self._is_busy = self._is_stopped = False

    def match(self, problems: list[Problem]) -> list[Shortlist]:
        try:
            self._is_busy = True
            if self._is_stopped:
                raise _StoppedError
            return self._matcher.match(problems, top=self._top)
        finally:
            self._is_busy = False

    def stop(self, *_: object) -> None:
        """Take SIGTERM."""
        self._is_stopped = True
        if hasattr(signal, "alarm"):  # a worker that was killed with the lock of the queue would keep this one for ever
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(_GRACE)
        if self._is_busy:
            raise _StoppedError


def _begin(handed: Matcher | Path, top: int | None) -> None:
    matcher = pickle.loads(handed.read_bytes()) if isinstance(handed, Path) else handed  # noqa: S301 - made by _handed
    threading.Thread(target=_end_with_parent, daemon=True).start()
    duty = _Duty(matcher, top)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the main process ends the others
    signal.signal(signal.SIGTERM, duty.stop)
    _begun[:] = [duty]


def _end_with_parent() -> None:
    """Where the main process is killed, nobody tells its workers: they would wait for work for ever."""
    import multiprocessing
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _match(problems: list[Problem]) -> list[Shortlist]:
    (duty,) = _begun
    return duty.match(problems)
