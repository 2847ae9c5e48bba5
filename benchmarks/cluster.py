"""What a Dask cluster on this machine gives: `make benchmark-cluster`.

The shipped requests over and over, against the institutes of the Bay Area: in this process, in two, and on clusters of
one and two workers; then a run without any chunk and one of empty chunks, which is what a chunk costs.
"""

from __future__ import annotations

import json
import pickle
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from distributed import Client

from matchmaker.domain import Problem
from matchmaker.institutes import load_institutes
from matchmaker.intake import read_problems
from matchmaker.matching.matcher import Matcher
from matchmaker.runs.cluster import match_on_cluster
from matchmaker.runs.workers import match_all

N_ROWS = 1024
N_EMPTY = 100
REQUESTS = Path(__file__).parents[1] / "data" / "problems" / "requests.csv"


@contextmanager
def running(n_workers: int) -> Iterator[str]:
    """The address of a cluster that is ended afterwards."""
    with TemporaryDirectory() as folder:
        where = Path(folder, "scheduler.json")

        def start(what: str, *args: str) -> subprocess.Popen[bytes]:
            command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *args, "--no-dashboard"]
            command += ["--scheduler-file", str(where)]
            return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603

        processes = [start("scheduler", "--host", "127.0.0.1", "--port", "0")]
        try:
            while not (where.exists() and where.stat().st_size):
                time.sleep(0.1)
            args = ("--no-nanny", "--nthreads", "1", "--death-timeout", "60 s")
            processes += [start("worker", *args) for _ in range(n_workers)]
            address: str = json.loads(where.read_text())["address"]
            with Client(address, set_as_default=False) as client:
                client.wait_for_workers(n_workers, timeout=60)
            yield address
        finally:
            for process in reversed(processes):
                process.kill()
                process.wait()


def processor_seconds(address: str | None = None) -> float:
    """What this process, those it started and the workers of a cluster have computed, whatever else runs."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    there = 0.0
    if address is not None:
        with Client(address, set_as_default=False) as client:
            there = sum(client.run(time.process_time).values())
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime + there


class Took(NamedTuple):
    """Seconds by the clock, computed by this process, and computed by all."""

    clock: float
    here: float
    everywhere: float


def timed(work: Callable[[], object], address: str | None) -> Took:
    """What some work takes."""
    before, start, computed = processor_seconds(address), time.perf_counter(), time.process_time()
    work()
    clock, here = time.perf_counter() - start, time.process_time() - computed
    return Took(clock, here, processor_seconds(address) - before)


def main() -> None:
    """Measure and print: the least of three rounds, in which everything takes its turn."""
    matcher = Matcher(load_institutes(Path("all")))
    rows = list(islice(cycle(row for row in read_problems(REQUESTS) if isinstance(row, Problem)), N_ROWS))
    nothing = [((), list[Problem]())] * N_EMPTY
    with running(1) as one, running(2) as two:
        works: list[tuple[str, str | None, Callable[[], object]]] = [
            ("this process", None, lambda: list(match_all(rows, matcher))),
            ("this machine, --workers 2", None, lambda: list(match_all(rows, matcher, workers=2))),
            ("one worker", one, lambda: list(match_all(rows, matcher, cluster=one))),
            ("two workers", two, lambda: list(match_all(rows, matcher, cluster=two))),
            ("no chunk", two, lambda: list(match_on_cluster((), matcher, top=5, address=two))),
            ("empty chunks", two, lambda: list(match_on_cluster(nothing, matcher, top=5, address=two))),
        ]
        for address in (one, two):  # each has the matcher
            list(match_all(rows, matcher, cluster=address))
        found: dict[str, list[Took]] = {name: [] for name, _, _ in works}
        for name, at, work in works * 3:
            found[name].append(timed(work, at))
    print(f"{len(rows):,} problems, {len(matcher.registry.institutes)} institutes, sent: {size(matcher):.1f} MB")
    print("                             clock          computed here     computed in all")
    least = {name: Took(*map(min, zip(*times, strict=True))) for name, times in found.items()}
    base = least["this process"]
    for name, took in least.items():
        parts = [f"{own:8.2f} s {own / first:5.2f}" for own, first in zip(took, base, strict=True)]
        print(f"{name:26}{'   '.join(parts)}")
    parts = []
    for what, start, end in zip(Took._fields, least["no chunk"], least["empty chunks"], strict=True):
        parts.append(f"{what} {1000 * (end - start) / N_EMPTY:.1f} ms")
    print(f"an empty chunk: {', '.join(parts)}; a chunk of 256: {1000 * base.here * 256 / N_ROWS:.0f} ms computed")


def size(matcher: Matcher) -> float:
    """Megabytes that a worker is sent."""
    return len(pickle.dumps(matcher)) / 1e6


if __name__ == "__main__":
    main()
