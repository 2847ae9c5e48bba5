"""Every test can fail: it asserts, expects an error or warning, or calls one of our functions that does."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
EXPECT = {"raises", "warns", "fail"}


@cache
def trees() -> dict[str, ast.Module]:
    return {path.name: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(HERE.rglob("*.py"))}


@cache
def functions_of(file: str) -> dict[str, ast.FunctionDef]:
    return functions(trees()[file])


def functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def called(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def asserting(known: dict[str, ast.FunctionDef]) -> set[str]:
    """The functions that assert, and those that call one of these."""
    found = {
        name
        for name, function in known.items()
        if EXPECT & set(called(function)) or any(isinstance(node, ast.Assert) for node in ast.walk(function))
    }
    while more := {name for name, function in known.items() if name not in found and found & set(called(function))}:
        found |= more
    return found


def empty(condition: ast.expr) -> bool:
    """Whether a condition says nothing: a tuple, a bare generator, a constant, or something compared with itself."""
    if isinstance(condition, ast.Compare) and len(condition.ops) == 1:
        sides = ast.dump(condition.left), ast.dump(condition.comparators[0])
        return sides[0] == sides[1] and not any(isinstance(node, ast.Call) for node in ast.walk(condition))
    return isinstance(condition, ast.Tuple | ast.GeneratorExp | ast.Lambda | ast.Constant | ast.JoinedStr)


@pytest.mark.parametrize("file", [name for name in trees() if name.startswith("test_")])
def test_every_test_asserts(file: str) -> None:
    imported = {
        alias.name
        for node in ast.walk(trees()[file])
        if isinstance(node, ast.ImportFrom) and f"{node.module}.py" in trees()
        for alias in node.names
    }
    others = {name: one for other in trees() for name, one in functions_of(other).items() if name in imported}
    known = functions_of(file)
    silent = set(known) - asserting(others | known)
    assert [name for name in sorted(silent) if name.startswith("test_")] == []


def test_no_assertion_is_true_in_any_case() -> None:
    asserts = [
        (file, node) for file, tree in trees().items() for node in ast.walk(tree) if isinstance(node, ast.Assert)
    ]
    assert len(asserts) > 1000
    assert [f"{file}:{node.lineno}" for file, node in asserts if empty(node.test)] == []


def test_a_test_that_cannot_fail_is_found() -> None:
    known = functions(ast.parse("def check(): assert ok\ndef test_a(): check()\ndef test_b(): run()\n"))
    assert asserting(known) == {"check", "test_a"}
    conditions = [ast.parse(text, mode="eval").body for text in ("(a, 'b')", "a == a", "1", "(x for x in y)")]
    assert [empty(one) for one in conditions] == [True] * 4
    assert [empty(ast.parse(text, mode="eval").body) for text in ("a == b", "f() == f()", "all(a)")] == [False] * 3


# --- which tests run --------------------------------------------------------------------------------------------------


def test_make_test_leaves_out_the_long_kinds_and_make_check_only_one() -> None:
    root = HERE.parent
    pytest_settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"][
        "ini_options"
    ]
    kinds = [marker.partition(":")[0] for marker in pytest_settings["markers"]]
    targets = dict(
        re.findall(r"^(\w+): .*\n((?:\t.*\n)+)", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    quick = re.search(r"^QUICK = not \((.*)\)$", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert quick
    assert quick[1].split(" or ") == kinds
    assert '-m "$(QUICK)"' in targets["test"]
    assert "\t$(PYTEST)\n" in targets["check"]
    assert "-m 'not long'" in pytest_settings["addopts"]


# --- what tests start -------------------------------------------------------------------------------------------------

UNIX = pytest.mark.skipif(os.name == "nt", reason="signals of Unix")


@UNIX
def test_what_a_test_starts_can_be_interrupted() -> None:
    code = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "True\n"


@UNIX
def test_it_can_be_where_a_script_runs_the_tests_in_the_background() -> None:
    """There the tests themselves begin with SIGINT ignored."""
    test = f"{__file__}::{test_what_a_test_starts_can_be_interrupted.__name__}"
    command = [
        "sh",
        "-c",
        'trap "" INT; exec "$@"',
        "sh",
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        test,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
