"""What a long batch costs: memory over rows, and the journal that lets it be continued.

    python benchmarks/rows.py [--rows N ...] [--workers N ...] [--journal-rows N]

The work: CSV tables of requests of a line each, drawn deterministically from the shipped list of words, against one
institute, as memory is what is looked for and not speed. Peaks are resident memory as Linux counts it (VmHWM), of the
main process and of the largest worker; pages that processes share count in each. The journal's price is the processor
time of all processes with it (-o FILE) over that without (the same format to stdout), least of several runs in turn.
It needs /proc.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

ROWS = (10_000, 100_000, 1_000_000)
JOURNAL_ROWS, N_TURNS = 10_000, 5
_POLL = 0.2  # seconds


class Peaks(NamedTuple):
    """Of one run: seconds, and peaks of resident memory in MB; ``worker`` is 0 without any."""

    seconds: float
    main: float
    worker: float


def write_table(path: Path, n_rows: int) -> None:
    """Ids and titles; every hundredth row repeats an id, every thousandth says nothing and is rejected."""
    import matchmaker

    table = Path(matchmaker.__file__).parent / "data" / "encoder" / "words.txt"
    words = [word for word in table.read_text(encoding="utf-8").split("\n") if not word.isascii()]
    chance = random.Random(7)  # noqa: S311 - no secret
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "title"])
        for at in range(n_rows):
            title = "" if at % 1000 == 500 else "".join(chance.choices(words, k=6))
            writer.writerow([f"R-{at - (at % 100 == 99)}", title])


INSTITUTE = """schema: 1
institutes:
- id: one
  name: {zh: 示例院, en: Illustrative Institute}
  capabilities:
  - {id: one-a, name: {zh: 供水管网漏损检测, en: leak detection in water networks}}
"""


def command(table: Path, *options: str) -> list[str]:
    profile = table.with_name("one.yaml")
    profile.write_text(INSTITUTE, encoding="utf-8")
    given = ["--institutes", str(profile), "--ledger", "none", "-q"]
    return [sys.executable, "-m", "matchmaker", "batch", str(table), *given, *options]


def peaks_of(table: Path, workers: int) -> Peaks:
    """Run a batch to its end, watching its processes."""
    output = table.with_suffix(".out.csv")
    given = command(table, "-o", str(output), "--workers", str(workers))
    start = time.perf_counter()
    main, worker = 0.0, 0.0
    with subprocess.Popen(given, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        while process.poll() is None:
            main = max(main, peak(process.pid))
            worker = max([worker, *map(peak, children(process.pid))])
            time.sleep(_POLL)
    seconds = time.perf_counter() - start
    if not output.is_file():
        raise SystemExit(f"{table}: no output; exit code {process.returncode}")
    output.unlink()
    return Peaks(seconds, main, worker)


def peak(process: int) -> float:
    """The most memory that a process has had, in MB; 0 when it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def children(process: int) -> Iterator[int]:
    with suppress(OSError):
        yield from map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())


def processor_time(options: list[str], output: Path) -> float:
    """Seconds that a batch takes of the processor, its workers included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with output.open("wb") as stdout:
        subprocess.run(options, stdout=stdout, stderr=subprocess.DEVNULL, check=False)  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def price_of_journal(folder: Path, n_rows: int) -> tuple[float, float]:
    """Processor time with the journal and without."""
    table = folder / "table.csv"
    write_table(table, n_rows)
    with_it, without = [], []
    for _ in range(N_TURNS):
        out = folder / "out.jsonl"
        without.append(processor_time(command(table, "--workers", "1", "--format", "jsonl"), out))
        plain = out.read_bytes()
        with_it.append(processor_time(command(table, "--workers", "1", "-o", str(out)), folder / "nothing"))
        if out.read_bytes() != plain:
            raise SystemExit("the outputs differ")
    return min(with_it), min(without)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*", default=ROWS)
    parser.add_argument("--workers", type=int, nargs="*", default=(1, 2))
    parser.add_argument("--journal-rows", type=int, default=JOURNAL_ROWS, help="0: leave the journal's price out")
    given = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.journal_rows:
            with_it, without = price_of_journal(folder, given.journal_rows)
            print(f"journal, {given.journal_rows:,} rows, processor time of one process, least of {N_TURNS} runs each:")
            print(f"with {with_it:.2f} s, without {without:.2f} s, ratio {with_it / without:.3f}\n", flush=True)
        print(f"{'rows':>11}{'workers':>9}{'seconds':>9}{'rows/s':>8}{'main, MB':>10}{'a worker, MB':>14}")
        for n_rows, workers in itertools.product(given.rows, given.workers):
            table = folder / "table.csv"
            write_table(table, n_rows)
            found = peaks_of(table, workers)
            shown = f"{found.worker:.0f}" if workers > 1 else "–"
            print(
                f"{n_rows:>11,}{workers:>9}{found.seconds:>9.0f}{n_rows / found.seconds:>8,.0f}"
                f"{found.main:>10.0f}{shown:>14}",
                flush=True,
            )


if __name__ == "__main__":
    main()
