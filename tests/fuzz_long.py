"""The long form of fuzzing: ``python tests/fuzz_long.py [--hours H] [--share S] [TARGET ...]``, or ``make fuzz``.

Each target runs in a process of its own under atheris, guided by coverage, in rounds, until all have had their share of
10 million inputs or the time is over. What was found interesting, what failed and how far each target came is kept in
``build/fuzz``, so that a later run goes on from there. The last line of every target's round goes to the table in
``docs/fuzzing.md``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import resource
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "fuzz"
REPORT = ROOT / "docs" / "fuzzing.md"
MOST_SECONDS = 2.0  # of the processor that an input may take; coverage costs two to five times what a run costs
MOST_MEMORY = 300_000  # KB that an input may add
ROUND = 120  # seconds a target runs before the next one has its turn
TABLE = re.compile(r"^\| target \|.*?(?=\n\n|\Z)", re.DOTALL | re.MULTILINE)


def fuzz_one(name: str, arguments: list[str]) -> None:
    """Run one target in this process; never returns."""
    import atheris

    with atheris.instrument_imports(include=["matchmaker"]):
        import fuzz_targets

    target = fuzz_targets.TARGETS[name]
    folder = BUILD / "findings" / name.replace(" ", "-")

    def test_one(data: bytes) -> None:
        started, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            target.run(data)
        except Exception as error:
            keep(folder, data, _where(error), traceback.format_exc())
        if time.process_time() - started > MOST_SECONDS:
            keep(folder, data, "slow", f"{time.process_time() - started:.1f} s")
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory > MOST_MEMORY:
            keep(folder, data, "large", "memory")

    atheris.Setup([sys.argv[0], *arguments], test_one)
    atheris.Fuzz()


def _where(error: Exception) -> str:
    """The kind of an error and the last line of our own code it passed."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/matchmaker/" in frame.filename] or list(frames)
    return f"{type(error).__name__}-{Path(own[-1].filename).stem}-{own[-1].lineno}"


def keep(folder: Path, data: bytes, kind: str, why: str) -> None:
    """Keep the shortest input of each kind of failure."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / kind
    if not path.exists() or len(data) < path.stat().st_size:
        path.write_bytes(data)
        path.with_suffix(".txt").write_text(why, encoding="utf-8")


def run_round(name: str, seconds: int, n_inputs: int) -> dict[str, int]:
    """A round of one target: inputs run, edges covered, and 1 if the process ended by itself."""
    import fuzz_targets

    target = fuzz_targets.TARGETS[name]
    folder = BUILD / "corpus" / name.replace(" ", "-")
    if not folder.exists():
        folder.mkdir(parents=True)
        for content in target.contents():
            (folder / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content[: 4 * target.largest])
    dictionary = BUILD / f"{name.replace(' ', '-')}.dict"
    dictionary.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words), encoding="ascii")
    artifacts = BUILD / "findings" / name.replace(" ", "-") / "process-"
    artifacts.parent.mkdir(parents=True, exist_ok=True)
    command = [
        *(sys.executable, __file__, "--target", name, str(folder)),
        *(f"-max_total_time={seconds}", f"-runs={n_inputs}", f"-max_len={target.largest}", f"-dict={dictionary}"),
        *("-rss_limit_mb=1500", "-timeout=60", f"-artifact_prefix={artifacts}", "-print_final_stats=1"),
    ]
    environment = {**os.environ, "RUST_BACKTRACE": "0", "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, env=environment)
    covered = [int(found) for found in re.findall(r"cov: (\d+)", done.stderr)]
    n_run = [int(found) for found in re.findall(r"number_of_executed_units: (\d+)", done.stderr)]
    n_run = n_run or [int(found) for found in re.findall(r"^#(\d+)", done.stderr, re.MULTILINE)]
    if done.returncode:
        log = BUILD / f"{name.replace(' ', '-')}.log"
        log.write_text(done.stderr[-20000:], encoding="utf-8")
    return {"inputs": max(n_run, default=0), "edges": max(covered, default=0), "ended": int(bool(done.returncode))}


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--hours", type=float, default=8.0)
    parser.add_argument("--share", type=float, default=1.0, help="of the 10 million inputs")
    parser.add_argument("--round", type=int, default=ROUND, help="seconds a target runs before the next has its turn")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="targets that run at the same time")
    options = parser.parse_args()
    import fuzz_targets

    state_path = BUILD / "state.json"
    BUILD.mkdir(parents=True, exist_ok=True)
    state: dict[str, dict[str, Any]] = json.loads(state_path.read_text()) if state_path.exists() else {}
    wanted = {name: int(1000 * one.inputs * options.share) for name, one in fuzz_targets.TARGETS.items()}
    names = options.targets or list(wanted)
    end = time.monotonic() + 3600 * options.hours

    def a_round(name: str, known: Mapping[str, float]) -> dict[str, float]:
        started = time.monotonic()
        seconds = int(min(options.round, end - started))
        n_left = wanted[name] - int(known.get("inputs", 0))
        found = run_round(name, seconds, n_left) if seconds >= 5 else {}
        return {"inputs": 0, "seconds": time.monotonic() - started, "edges": 0, "ended": 0, **found}

    while time.monotonic() < end - 5:
        left = [name for name in names if state.get(name, {}).get("inputs", 0) < wanted[name]]
        if not left:
            break
        with ThreadPoolExecutor(options.jobs) as rounds:
            for name, found in rounds.map(lambda name: (name, a_round(name, state.get(name, {}))), left):
                known = state.setdefault(name, dict.fromkeys(found, 0))
                state[name] = {
                    key: max(known[key], n) if key == "edges" else known[key] + n for key, n in found.items()
                }
                state_path.write_text(json.dumps(state, indent=1))
                report(state)


def report(state: Mapping[str, Mapping[str, Any]]) -> None:
    """Put the table into the page, in place of the last one."""
    lines = ["| target | inputs | inputs/s | edges | findings |", "|---|---:|---:|---:|---|"]
    for name, known in state.items():
        folder = BUILD / "findings" / name.replace(" ", "-")
        kinds = sorted(path.name for path in folder.glob("*") if path.suffix != ".txt") if folder.is_dir() else []
        speed = known["inputs"] / known["seconds"] if known["seconds"] else 0
        lines.append(
            f"| {name} | {known['inputs']:,} | {speed:,.0f} | {known['edges']:,} | {', '.join(kinds) or '-'} |"
        )
    total, seconds = (sum(known[key] for known in state.values()) for key in ("inputs", "seconds"))
    lines.append(f"| **all** | {total:,} | {total / max(seconds, 1):,.0f} | | |")
    table = "\n".join(lines)
    sys.stdout.write(table + "\n\n")
    page = REPORT.read_text(encoding="utf-8") if REPORT.exists() else ""
    REPORT.write_text(
        TABLE.sub(lambda _: table, page) if TABLE.search(page) else f"{page}\n{table}\n", encoding="utf-8"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--target"]:
        fuzz_one(sys.argv[2], sys.argv[3:])
    else:
        main()
