"""Many problems: matched in chunks, by one process or many, in the order of the input."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias

from matchmaker.domain import Problem, Shortlist
from matchmaker.errors import Fault, MatchmakerError
from matchmaker.intake import RejectedRow
from matchmaker.intake.rejects import Rejects
from matchmaker.matching.matcher import Matcher
from matchmaker.messages import make_message

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext

    from matchmaker.intake import ProblemFolder, ProblemTable

_CHUNK = 256


@dataclass
class Summary:
    """What a batch has done so far. ``n_read`` is the sum of matched, unclear, none and rejected.

    ``load`` counts first places by id of institute, over the problems that were matched. ``rejects`` holds the first
    rejected rows, ``rejected_in`` says where all of them are kept, if anywhere; ``table`` is what was read.
    """

    n_matched: int = 0
    n_unclear: int = 0
    n_none: int = 0
    n_rejected: int = 0
    load: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=time.monotonic)
    rejects: Rejects = field(default_factory=Rejects)
    rejected_in: Path | None = None
    table: ProblemFolder | ProblemTable | None = None

    @property
    def n_read(self) -> int:
        return self.n_matched + self.n_unclear + self.n_none + self.n_rejected

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self.started

    def count(self, answer: Shortlist | RejectedRow) -> None:
        """Add one row."""
        if isinstance(answer, RejectedRow):
            self.n_rejected += 1
        elif answer.verdict == "matched":
            self.n_matched += 1
            self.load[answer.matches[0].institute] += 1
        elif answer.verdict == "unclear":
            self.n_unclear += 1
        else:
            self.n_none += 1


def match_all(
    rows: Iterable[Problem | RejectedRow],
    matcher: Matcher,
    *,
    top: int | None = 5,
    summary: Summary | None = None,
    workers: int = 1,
    cluster: str | None = None,
) -> Generator[Shortlist | RejectedRow, None, None]:
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
            answer = row if isinstance(row, RejectedRow) else next(shortlists)
            if summary is not None:
                summary.count(answer)
            yield answer


def available_workers() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_Chunk: TypeAlias = "list[Problem | RejectedRow]"


def _chunks(rows: Iterator[Problem | RejectedRow], size: int) -> Iterator[_Chunk]:
    while chunk := list(islice(rows, size)):
        yield chunk


def _problems(chunk: _Chunk) -> list[Problem]:
    return [row for row in chunk if isinstance(row, Problem)]


def _by_processes(
    chunks: Iterator[_Chunk], matcher: Matcher, top: int | None, n_workers: int
) -> Iterator[tuple[_Chunk, list[Shortlist]]]:
    """Chunks and their shortlists, in order; so many are under way that no worker waits, and no more."""
    context = _context(matcher)
    is_forked = context.get_start_method() == "fork"
    workers: list[_Worker] = []
    under_way: deque[_Task] = deque()
    try:
        given = matcher if is_forked else None
        workers.extend(_Worker(context, given, top) for _ in range(n_workers))  # those that start, if one does not
        for worker in () if is_forked else workers:
            worker.send(matcher)
        for chunk in chunks:
            task = _Task(chunk)
            under_way.append(task)
            min(workers, key=lambda worker: len(worker.tasks)).begin(task)
            if len(under_way) > 2 * n_workers:
                yield _answered(under_way.popleft(), workers)
        while under_way:
            yield _answered(under_way.popleft(), workers)
    finally:
        for worker in workers:
            worker.end()


@dataclass(eq=False)
class _Task:
    """A chunk, and what a worker answered."""

    chunk: _Chunk
    answer: list[Shortlist] | Exception | None = None


class _Worker:
    """A process that matches, as the main process sees it.

    Each has a pipe of its own: when it is killed, even in the middle of an answer, that ends, and nobody waits.
    """

    def __init__(self, context: BaseContext, matcher: Matcher | None, top: int | None) -> None:
        """Without a matcher, that must be sent first."""
        self.tasks: deque[_Task] = deque()
        self.pipe, its_end = context.Pipe()
        self._process = context.Process(target=_work, args=(its_end, matcher, top), daemon=True)  # type: ignore[attr-defined]
        with _ends_told(), its_end:
            self._process.start()

    def send(self, data: object) -> None:
        """Send what it takes at once, whatever it does meanwhile."""
        with _ends_told():
            self.pipe.send(data)

    def begin(self, task: _Task) -> None:
        """Give it a task, which it does after those that it has."""
        self.tasks.append(task)
        self.send(_problems(task.chunk))

    def receive(self) -> None:
        """Wait for the answer to its oldest task."""
        with _ends_told():
            self.tasks.popleft().answer = self.pipe.recv()

    def end(self) -> None:
        """End the process in the middle of whatever it does: it holds nothing that anybody needs."""
        self._process.kill()
        self._process.join()
        self.pipe.close()


@contextmanager
def _ends_told() -> Iterator[None]:
    """What a pipe says of a process that has ended becomes an error of ours."""
    try:
        yield
    except (EOFError, OSError):
        finding = "one of them ended before its work was done; there may be too little memory for so many"
        raise MatchmakerError(Fault(make_message("worker processes"), finding, "run again with --workers 1")) from None


def _answered(task: _Task, workers: Sequence[_Worker]) -> tuple[_Chunk, list[Shortlist]]:
    """A chunk and its shortlists; answers to others that come meanwhile are kept with them.

    Raises:
        MatchmakerError: A process has ended.
        Exception: What a worker raised.
    """
    from multiprocessing.connection import wait

    while task.answer is None:
        pipes = [worker.pipe for worker in workers if worker.tasks]
        ready = wait(pipes)
        for worker in workers:
            if worker.pipe in ready:
                worker.receive()
    if isinstance(task.answer, Exception):
        raise task.answer
    return task.chunk, task.answer


def _context(matcher: Matcher) -> BaseContext:
    """How processes are started: forked where nothing else runs in this one, which is quick; else anew."""
    import multiprocessing

    tasks = Path("/proc/self/task")
    is_alone = tasks.is_dir() and len(list(tasks.iterdir())) == 1
    return multiprocessing.get_context("fork" if is_alone and matcher.settings.encoder == "words" else "spawn")


def _work(pipe: Connection, matcher: Matcher | None, top: int | None) -> None:
    """What a worker process does until it is ended. The matcher comes first through the pipe if it is not given."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the main process ends the others
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    waiting: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_receive, args=(pipe, waiting), daemon=True).start()
    if matcher is None:
        matcher = waiting.get()
    while True:
        answer: list[Shortlist] | Exception
        try:
            answer = matcher.match(waiting.get(), top=top)
        except Exception as error:  # raised in the main process, where its traceback would be lost
            error.add_note(traceback.format_exc())
            answer = error
        pipe.send(answer)


def _receive(pipe: Connection, waiting: SimpleQueue[Any]) -> None:
    """Take what the main process sends, so that it never waits for a busy worker; end with the main process."""
    import multiprocessing
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    while parent is not None and pipe in wait([pipe, parent.sentinel]):
        try:
            waiting.put(pipe.recv())
        except (EOFError, OSError):
            break
    os._exit(1)
