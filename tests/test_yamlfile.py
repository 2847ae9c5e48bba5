"""YAML read with care: typed for profiles, plain for problems; nothing grows without bound."""

from __future__ import annotations

import time
from datetime import date

import pytest

from matchmaker.yamlfile import MAX_DEPTH, YamlError, load_yaml


def typed(text: str) -> object:
    return load_yaml(text, typed=True, max_aliases=10_000)


def plain(text: str) -> object:
    return load_yaml(text, typed=False, max_aliases=100)


def fault(text: str, *, is_typed: bool) -> YamlError:
    with pytest.raises(YamlError) as caught:
        load_yaml(text, typed=is_typed, max_aliases=10_000 if is_typed else 100)
    return caught.value


def test_typed_values_and_plain_ones() -> None:
    text = "a: 007\nb: 2026-11-22\nc: NO\nd: true\ne: ~\nf: [1.5, '2']\n"
    assert typed(text) == {"a": 7, "b": date(2026, 11, 22), "c": False, "d": True, "e": None, "f": [1.5, "2"]}
    assert plain(text) == {"a": "007", "b": "2026-11-22", "c": "NO", "d": True, "e": None, "f": ["1.5", "2"]}


def test_merge_keys_are_followed_for_typed_values_only() -> None:
    text = "x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\n"
    assert typed(text) == {"x": {"a": 1, "b": 2}, "y": {"a": 1, "b": 3}}
    assert plain(text) == {"x": {"a": "1", "b": "2"}, "y": {"<<": {"a": "1", "b": "2"}, "b": "3"}}


@pytest.mark.parametrize("is_typed", [True, False])
@pytest.mark.parametrize(
    ("text", "kind", "line", "column"),
    [
        ("a: [1", "syntax", 2, 1),
        ("a: 1\nb: 2\na: 3\n", "twice", 3, 1),
        ("a:\n  - {b: 1, b: 2}\n", "twice", 2, 12),
        ("a: 1\n---\nb: 2\n", "several", 2, 1),
        ("a: !!python/object:os.system x\n", "tag", 1, 4),
        ("a: !!int ''\n", "tag", 1, 4),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "deep", None, None),
        ("[" * 100_000, "deep", None, None),
        ("a: \x01", "characters", None, None),
    ],
)
def test_what_is_refused(text: str, kind: str, line: int | None, column: int | None, is_typed: bool) -> None:
    error = fault(text, is_typed=is_typed)
    assert (error.kind, error.line, error.column) == (kind, line, column)


def test_the_limits_themselves_are_allowed() -> None:
    assert typed("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    shared = "a: &a 1\nb: [" + ", ".join(["*a"] * 100) + "]\n"
    assert plain(shared) == {"a": "1", "b": ["1"] * 100}
    assert fault(shared.replace("]", ", *a]"), is_typed=False).kind == "aliases"


@pytest.mark.parametrize("is_typed", [True, False])
def test_aliases_of_aliases_end_at_once(is_typed: bool) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    began = time.monotonic()
    assert fault("\n".join(lines), is_typed=is_typed).kind in {"large", "aliases"}
    assert time.monotonic() - began < 2


def test_merges_of_merges_end_at_once() -> None:
    lines = ["a0: &a0 {k: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]
    began = time.monotonic()
    assert fault("\n".join(lines), is_typed=True).kind == "large"
    assert time.monotonic() - began < 2


def test_what_holds_itself_is_refused_where_it_is_walked_through() -> None:
    assert fault("a: &a [*a]", is_typed=True).kind == "syntax"
    assert fault("a: &a {<<: *a}", is_typed=True).kind == "syntax"
    assert isinstance(plain("a: &a [*a]"), dict)
