"""What a Dask cluster on this machine gives: `make benchmark-cluster`.

The shipped requests over and over, against the institutes of the Bay Area: in this process, in two, and on clusters of
one and two workers; then a run without any chunk and one of empty chunks, which is what a chunk costs.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from distributed import Client

from matchmaker.batch import match_all
from matchmaker.cluster import match_on_cluster
from matchmaker.domain import Problem
from matchmaker.institutes import load_institutes
from matchmaker.intake import read_problems
from matchmaker.matcher import Matcher

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
            processes += [
                start("worker", "--no-nanny", "--nthreads", "1", "--death-timeout", "60 s") for _ in range(n_workers)
            ]
            address: str = json.loads(where.read_text())["address"]
            with Client(address, set_as_default=False) as client:
                client.wait_for_workers(n_workers, timeout=60)
            yield address
        finally:
            for process in reversed(processes):
                process.kill()
                process.wait()


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds that it took, and seconds that this process computed meanwhile."""
    start, computed = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - computed


def main() -> None:
    """Measure and print: the least of three rounds, in which everything takes its turn."""
    matcher = Matcher(load_institutes(Path("all")))
    rows = list(islice(cycle(row for row in read_problems(REQUESTS) if isinstance(row, Problem)), N_ROWS))
    nothing = [((), list[Problem]())] * N_EMPTY
    with running(1) as one, running(2) as two:
        works: dict[str, Callable[[], object]] = {
            "this process": lambda: list(match_all(rows, matcher)),
            "this machine, --workers 2": lambda: list(match_all(rows, matcher, workers=2)),
            "one worker": lambda: list(match_all(rows, matcher, cluster=one)),
            "two workers": lambda: list(match_all(rows, matcher, cluster=two)),
            "two workers, nothing to do": lambda: list(match_on_cluster((), matcher, top=5, address=two)),
            f"two workers, {N_EMPTY} empty chunks": lambda: list(
                match_on_cluster(nothing, matcher, top=5, address=two)
            ),
        }
        for address in (one, two):  # their caches warm
            list(match_all(rows, matcher, cluster=address))
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
        for name, work in [*works.items()] * 3:
            found[name].append(timed(work))
    print(f"{len(rows):,} problems, {len(matcher.registry.institutes)} institutes, sent: {size(matcher):.1f} MB")
    print(f"{'':32}{'seconds':>8}{'ratio':>7}{'seconds computed here':>23}")
    least = {name: (min(took for took, _ in times), min(used for _, used in times)) for name, times in found.items()}
    base, _ = least["this process"]
    for name, (took, used) in least.items():
        print(f"{name:32}{took:8.2f}{took / base:7.2f}{used:23.2f}")
    start, _ = least["two workers, nothing to do"]
    empty, _ = least[f"two workers, {N_EMPTY} empty chunks"]
    chunk, idle = base / (N_ROWS / 256), (empty - start) / N_EMPTY
    print(f"a chunk of 256: {1000 * chunk:.0f} ms of matching, {1000 * idle:.1f} ms of sending ({idle / chunk:.1%})")


def size(matcher: Matcher) -> float:
    """Megabytes that a worker is sent."""
    return len(pickle.dumps(matcher)) / 1e6


if __name__ == "__main__":
    main()
