"""One command under several source trees, by turns: what a change costs.

    python benchmarks/paired.py TREE TREE ... [--runs N] -- batch TABLE -o {out}/shortlists.csv

A TREE is a checkout, such as `git worktree add ../before main` gives; the interpreter and its packages are those that
run this script. Each run writes into an empty folder of its own, ``{out}``. For each tree: the least and the median of
the seconds elapsed and of the processor time of all processes, and the peak of the largest process in MB; then the
ratios to the first tree, of both least and median.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple


class Run(NamedTuple):
    """What one run took: seconds elapsed, seconds of processor time, MB."""

    elapsed: float
    processor: float
    peak: float


def timed(tree: Path, args: list[str]) -> Run:
    """Run the command of a tree to its end."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "matchmaker", *(arg.replace("{out}", out) for arg in args)]
        environment = {**os.environ, "PYTHONPATH": str(tree.resolve() / "src")}
        began = time.monotonic()
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        elapsed = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 3}:  # 3: some rows are rejected
        raise SystemExit(f"{tree}: exit code {process.returncode}")
    return Run(elapsed, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE")
    parser.add_argument("--runs", type=int, default=5, metavar="N")
    own, _, command = " ".join(sys.argv[1:]).partition(" -- ")
    args = parser.parse_args(own.split())
    runs: dict[Path, list[Run]] = {tree: [] for tree in args.trees}
    for turn in range(args.runs):
        for tree in args.trees if turn % 2 == 0 else reversed(args.trees):  # nobody is always the first
            runs[tree].append(timed(tree, command.split()))
            print(tree, runs[tree][-1], file=sys.stderr)
    print(f"{command}, {args.runs} runs each by turns")
    first: list[float] = []
    for tree, found in runs.items():
        times = [figure(one[at] for one in found) for at in (0, 1) for figure in (min, median)]
        first = first or times
        ratios = " ".join(f"{one / other:.3f}" for one, other in zip(times, first, strict=True))
        shown = "elapsed {:.2f} least {:.2f} median, processor {:.2f} least {:.2f} median".format(*times)
        print(f"{tree}: {shown}, {max(one.peak for one in found):.0f} MB; ratios {ratios}")


if __name__ == "__main__":
    main()
