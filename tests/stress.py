"""``python tests/stress.py``, or ``make stress``: all that takes long, and the report of it in ``docs/stress.md``.

Three runs of pytest side by side, as processes that are killed wait more than they work: kills of batches; of ledgers
and clusters, with whatever else is marked ``long``, then the properties of Hypothesis, which tries more examples than
usual, others each time; and the mutations of the fuzz targets. What was counted is read from the reports that pytest
writes; with ``--report`` the page is made anew of those that are there, and nothing is run.
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

from matchmaker.distribution import version

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "stress"
REPORT = ROOT / "docs" / "stress.md"
FUZZ = "tests/test_fuzz.py"
LIMIT = 3600  # seconds for each run of pytest
KINDS = ("batch", "ledger", "cluster")
NOT_RUN = -1

INTRODUCTION = """# Stress

Nothing is lost and nothing is torn, under load and for long. `make stress` runs what is told here from a fresh checkout
and writes this page (`tests/stress.py`); a short form of all of it is in `make check`.

* **Kills** (`tests/runs/test_kills.py`): SIGKILL at random moments, from the start of a process until finished files
  are in their places. A batch is continued with `--resume` after each: what its journal vouched for is never lost,
  what stands under a final name is whole, and the end has the bytes of a run that nothing killed, with no file left
  over. Of a ledger everything that was reported as written is there, chunks of cases are there as a whole or not at
  all, and `matchmaker ledger check` finds no damage.
* **Mutations** (`tests/test_fuzz.py`): files and texts, changed at random; nothing but our own errors comes out. Guided
  by coverage, and for hours: `make fuzz`, see [fuzzing](fuzzing.md).
* **Properties**: those of all modules with Hypothesis, with more and other examples than usual.
"""


@dataclass
class Part:
    """One run of pytest: what it is called, its arguments, and what came of it."""

    name: str
    args: Sequence[str]
    code: int = 0
    n_tests: int = 0
    n_skipped: int = 0
    failures: list[str] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def path(self) -> Path:
        return BUILD / f"{self.name.split()[0].strip(',')}.xml"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={self.path}", *self.args]

    def read(self) -> None:
        """Take in what pytest has written of its run."""
        root = ET.parse(self.path).getroot()  # noqa: S314 - pytest wrote it
        self.seconds = sum(float(suite.get("time", 0)) for suite in root.iter("testsuite"))
        for case in root.iter("testcase"):
            self.n_tests += 1
            self.n_skipped += case.find("skipped") is not None
            if case.find("failure") is not None or case.find("error") is not None:
                self.failures.append(f"{case.get('classname')}::{case.get('name')}")
            for one in case.iter("property"):
                self.counted[str(one.get("name"))] += int(str(one.get("value")))


def parts() -> tuple[list[Part], ...]:
    """What runs beside each other, each one after the other."""
    batches = Part("batches that are killed", ["-m", "long", "-k", "batch", "tests/runs/test_kills.py"])
    ledgers = Part(
        "ledgers, clusters, other long tests", ["-m", "long", "-k", "not batch", "tests", f"--ignore={FUZZ}"]
    )
    mutations = Part("mutations", ["-m", "long", "--timeout=1500", FUZZ])
    stress = ["-m", "hypothesis and not long", "--hypothesis-profile=stress", "--timeout=1500", "tests"]
    return [batches], [ledgers, Part("properties", stress)], [mutations]


def run(lanes: Iterable[Sequence[Part]]) -> None:
    """Run all lanes side by side, the parts of each in turn; what pytest says goes to files in ``build/stress``."""
    BUILD.mkdir(parents=True, exist_ok=True)
    left = [list(lane) for lane in lanes]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and not without ending what was started
    running: list[tuple[Part, subprocess.Popen[bytes], float, list[Part]]] = []
    try:
        while left or running:
            for lane in left:
                part = lane.pop(0)
                part.path.unlink(missing_ok=True)
                sys.stdout.write(f"{part.name}: see {part.path.with_suffix('.log').relative_to(ROOT)}\n")
                sys.stdout.flush()
                with part.path.with_suffix(".log").open("wb") as log:
                    process = subprocess.Popen(part.command(), cwd=ROOT, stdout=log, stderr=log, env=os.environ)
                running.append((part, process, time.monotonic(), lane))
            left = []
            time.sleep(0.5)
            for entry in list(running):
                part, process, began, lane = entry
                part.seconds = time.monotonic() - began
                if process.poll() is None and part.seconds > LIMIT:
                    process.terminate()
                if process.poll() is not None:
                    part.code = process.returncode
                    running.remove(entry)
                    left += [lane] if lane else []
    finally:
        for _, process, _, _ in running:
            process.terminate()
            process.wait()


def report(done: Sequence[Part], about: str) -> str:
    """The page."""
    counted = sum((part.counted for part in done), Counter[str]())
    kills = {name: n for name, n in sorted(counted.items()) if name.startswith(KINDS)}
    failures = [name for part in done for name in part.failures]
    lines = [INTRODUCTION, "## Last run", "", f"{about}.", ""]
    lines += ["| run | tests | skipped | failed | minutes |", "|---|---:|---:|---:|---:|"]
    for part in done:
        name = (
            part.name
            if part.code in {0, 1}
            else f"{part.name} ({'not run' if part.code == NOT_RUN else 'stopped early'})"
        )
        row = (name, f"{part.n_tests:,}", f"{part.n_skipped:,}", f"{len(part.failures):,}")
        lines.append(f"| {' | '.join(row)} | {part.seconds / 60:.1f} |")
    said = f"{sum(kills.values()):,} kills; {counted['rows']:,} rows compared or checked after them; "
    lines += ["", f"{said}{counted['inputs']:,} mutated inputs. Failures: {len(failures):,}.", ""]
    lines += [f"* `{name}`" for name in failures] + [""] * bool(failures)
    lines += ["| killed | kills |", "|---|---:|", *(f"| {name} | {n:,} |" for name, n in kills.items())]
    lines.append(f"| **all** | {sum(kills.values()):,} |")
    return "\n".join(lines) + "\n"


def _about() -> str:
    """When and on what: date, version, commit, platform."""
    at = _git("rev-parse", "--short=10", "HEAD") or "unknown"
    changes = " and changes on it" if _git("status", "--porcelain", "--untracked-files=no") else ""
    n_processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, matchmaker {version()}, commit {at}{changes}, "
        f"Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {n_processors} processors"
    )


def _git(*args: str) -> str:
    return subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def main() -> int:
    about, lanes = _about(), parts()
    done = [part for lane in lanes for part in lane]
    if sys.argv[1:] != ["--report"]:
        run(lanes)
    for part in done:
        if part.path.exists():
            part.read()
        else:
            part.code = part.code or NOT_RUN
    minutes = max(sum(part.seconds for part in lane) for lane in lanes) / 60
    text = report(done, f"{about}; {minutes:.0f} minutes")
    REPORT.write_text(text, "utf-8")
    sys.stdout.write(text.partition("## Last run\n\n")[2])
    return int(any(part.code or part.failures for part in done))


if __name__ == "__main__":
    sys.exit(main())
