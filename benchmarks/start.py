"""How long a whole process takes, and where the time of a ``match`` goes: the least processor time of several runs.

Run as ``python benchmarks/start.py [RUNS]``, on a quiet machine; what is kept in the user's cache is used.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parents[1]
PROBLEM = str(HERE / "data" / "problems" / "05-water-leak.yaml")
COMMANDS = (("--help",), ("--version",), ("match", PROBLEM), ("match", PROBLEM, "--format", "json"))
PARTS = (
    ("Typer", "import typer"),
    ("the command line", "from matchmaker.cli import app; program = typer.main.get_command(app)"),
    ("pydantic", "import typer._adapters, pydantic.main, pydantic.plugin._loader"),
    (
        "the command and its options",
        "root = program.make_context('matchmaker', ['match', PROBLEM])\n"
        "program.get_command(root, 'match').make_context('match', [PROBLEM], parent=root)",
    ),
    ("records as pydantic models", "import matchmaker.domain, matchmaker.matching.settings"),
    ("PyYAML", "import yaml"),
    (
        "reading the problem",
        "from pathlib import Path; from matchmaker.intake import load_problems; read = load_problems(Path(PROBLEM))",
    ),
    (
        "the registry from the cache",
        "from matchmaker.runs.session import Session; session = Session(); session.registry",
    ),
    ("NumPy", "import numpy"),
    ("RapidFuzz and OpenCC", "import rapidfuzz, opencc"),
    ("the modules that match", "import matchmaker.matching.matcher"),
    ("compiled profiles and word vectors", "matcher = session.matcher"),
    ("matching", "shortlists = matcher.match(read.problems)"),
    ("Rich", "import rich.console, rich.table"),
    (
        "printing",
        "session.write(shortlists); sys.stdout.flush()",
    ),
)
_BEFORE = """
import time
start = time.process_time()
import gc, os, sys
gc.set_threshold(100_000)
os.environ.update(PYDANTIC_DISABLE_PLUGINS="__all__", OPENBLAS_NUM_THREADS="1")
"""
_AFTER = "spent, start = time.process_time() - start, time.process_time(); print(spent, file=sys.stderr)\n"


def spent(command: list[str]) -> tuple[float, str]:
    """The processor time of a process with its end, in seconds, and what it wrote to stderr."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True, cwd=HERE)  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stderr.decode()


def main() -> None:
    """Print two tables."""
    n_runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    code = _BEFORE + f"PROBLEM = {PROBLEM!r}\n" + "".join(f"{part}\n{_AFTER}" for _, part in PARTS)
    print("| whole process | ms |\n| :-- | --: |")
    for words in COMMANDS:
        command = [sys.executable, "-m", "matchmaker", *words]
        shown = " ".join(Path(word).name if word == PROBLEM else word for word in words)
        print(f"| `matchmaker {shown}` | {1000 * min(spent(command)[0] for _ in range(n_runs)):.0f} |")
    bare = min(spent([sys.executable, "-c", ""])[0] for _ in range(n_runs))
    runs = [[float(line) for line in spent([sys.executable, "-c", code])[1].split()] for _ in range(n_runs)]
    least = [min(times) for times in zip(*runs, strict=True)]
    print("\n| part of a match | ms |\n| :-- | --: |")
    for name, seconds in (
        ("Python itself", bare),
        *((name, time) for (name, _), time in zip(PARTS, least, strict=True)),
    ):
        print(f"| {name} | {1000 * seconds:.0f} |")
    print(f"| together | {1000 * (bare + sum(least)):.0f} |")


if __name__ == "__main__":
    main()
