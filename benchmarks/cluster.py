"""What a Dask cluster on this machine gives: `python benchmarks/cluster.py`, with the extra [dask] installed.

2,560 problems, the shipped requests over and over, against the institutes of the Bay Area: in this process, then on
clusters of one and two workers with their caches warm; then 300 chunks of nothing, which is what a chunk costs.
"""

from __future__ import annotations

import json
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
            processes += [start("worker", "--no-nanny", "--nthreads", "1") for _ in range(n_workers)]
            address: str = json.loads(where.read_text())["address"]
            with Client(address, set_as_default=False) as client:
                client.wait_for_workers(n_workers, timeout=60)
            yield address
        finally:
            for process in reversed(processes):
                process.kill()
                process.wait()


def timed(name: str, work: Callable[[], object]) -> None:
    """Print how long it took, and how much this process computed meanwhile."""
    start, computed = time.perf_counter(), time.process_time()
    work()
    print(f"{name:34}{time.perf_counter() - start:8.2f} s{time.process_time() - computed:8.2f} s here")


def main() -> None:
    """Measure and print."""
    matcher = Matcher(load_institutes(Path("all")))
    rows = list(islice(cycle(row for row in read_problems(REQUESTS) if isinstance(row, Problem)), 2560))
    timed("this process", lambda: list(match_all(rows, matcher)))
    for n_workers in (1, 2):
        with running(n_workers) as at:
            nothing = (((), list[Problem]()) for _ in range(300))
            list(match_all(rows[: 256 * 3 * n_workers], matcher, cluster=at))
            timed(f"{n_workers} worker(s)", lambda at=at: list(match_all(rows, matcher, cluster=at)))  # type: ignore[misc]
            timed(
                f"{n_workers} worker(s), 300 chunks of nothing",
                lambda at=at, no=nothing: list(match_on_cluster(no, matcher, top=5, address=at)),  # type: ignore[misc]
            )


if __name__ == "__main__":
    main()
