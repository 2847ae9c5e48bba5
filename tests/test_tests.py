"""Every test can fail: it asserts, expects an error or warning, or calls one of our functions that does."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
EXPECT = {"raises", "warns", "fail"}


@cache
def trees() -> dict[str, ast.Module]:
    return {path.name: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(HERE.rglob("*.py"))}


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
    others = {name: one for tree in trees().values() for name, one in functions(tree).items() if name in imported}
    known = functions(trees()[file])
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
