"""How large each wing is, and how far a ``match --text`` walks through the house.

Run as ``python benchmarks/house.py [FOLDER]``; the folder holds the package: ``src`` of this checkout, or of another.
Functions, and with them the bodies of classes, and their modules are counted where a frame of the package begins;
bodies of modules, lambdas and comprehensions are not. The module changes with each call from one directly into another.
So counted, version 0.1.0 entered 48 modules and 348 functions and changed module 383 times once its cache was filled.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import FrameType

HERE = Path(__file__).parents[1]
COMMAND = ["matchmaker", "match", "--text", "供水管网夜间漏水，找不到漏点"]


class Walk:
    """What a profiler sees of one package."""

    def __init__(self, package: Path) -> None:
        self._package = f"{package}{os.sep}"
        self._functions: set[object] = set()
        self._modules: set[str] = set()
        self._n_changes = 0

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(self._package) or code.co_name.startswith("<"):
            return
        self._functions.add(code)
        self._modules.add(code.co_filename)
        caller = frame.f_back.f_code.co_filename if frame.f_back else ""
        self._n_changes += caller.startswith(self._package) and caller != code.co_filename

    def __str__(self) -> str:
        return f"{len(self._modules):>7,} {len(self._functions):>9,} {self._n_changes:>14,}"


def lines_of(package: Path) -> Counter[str]:
    """Lines of Python by wing; what stands above the wings is the ground floor."""
    lines: Counter[str] = Counter()
    for path in package.rglob("*.py"):
        wing, *inner = path.relative_to(package).parts
        lines[f"{wing}/" if inner else "ground floor"] += len(path.read_text(encoding="utf-8").splitlines())
    return lines


def files_of(package: Path) -> Counter[str]:
    """Files of Python by wing."""
    parts = (path.relative_to(package).parts for path in package.rglob("*.py"))
    return Counter(f"{wing}/" if inner else "ground floor" for wing, *inner in parts)


def walk() -> None:
    """Run the command in this process and print what it entered to stderr."""
    import matchmaker
    from matchmaker.cli import main

    assert matchmaker.__file__
    seen = Walk(Path(matchmaker.__file__).parent)
    sys.argv = COMMAND
    sys.setprofile(seen)
    try:
        main()
    except SystemExit as ended:
        sys.setprofile(None)
        print(seen, file=sys.stderr)
        raise ended from None


def main(folder: Path) -> None:
    """Print the tables."""
    package = folder / "matchmaker"
    lines, files = lines_of(package), files_of(package)
    print(f"{'wing':<14}{'files':>6}{'lines':>8}")
    for wing, n_lines in lines.most_common():
        print(f"{wing:<14}{files[wing]:>6,}{n_lines:>8,}")
    print(f"{'in all':<14}{files.total():>6,}{lines.total():>8,}\n")
    print(f"{'match --text':<14}{'modules':>7} {'functions':>9} {'module changes':>14}")
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "PYTHONPATH": str(folder), "XDG_CACHE_HOME": cache, "LANG": "C.UTF-8"}
        for state in ("cold", "warm"):  # profiles worked out, then taken from the cache
            command = [sys.executable, __file__, "--walk"]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)  # noqa: S603
            print(f"{state:<14}{done.stderr.rstrip()}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--walk"]:
        walk()
    else:
        main(Path(sys.argv[1] if sys.argv[1:] else HERE / "src").resolve())
