"""Files made to cost their reader hours, or to end it: each is read, or refused in words, within moments.

The texts are long runs of what a pattern looks for without what would end it; before they were found here some of them
took minutes, and twenty comments without a page after them took for ever.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from matchmaker.domain import Problem
from matchmaker.errors import MatchmakerError, ProblemError, ProfileError, SettingsError
from matchmaker.institutes import load_institutes
from matchmaker.intake import read_problems
from matchmaker.intake.documents import load_problems
from matchmaker.ledger.judgements import _export_ids
from matchmaker.matching.matcher import Matcher
from matchmaker.matching.settings import load_settings
from matchmaker.office.markdown import markdown_text
from matchmaker.office.webpage import html_blocks
from matchmaker.yamlfile import YamlError, load_yaml

N = 100_000
PATIENCE = 20.0
"""Seconds; each takes well under one on an idle machine, and those that were wrong took minutes."""
UNITS = (
    *(
        "`",
        "<!--",
        "<!---->",
        "**a ",
        "**",
        "__a",
        "*a",
        "![",
        "[a](",
        "- - ",
        "---",
        "|-",
        "> ",
        "# ",
        "~~~\n",
        "```\n",
    ),
    *(
        "tel",
        "电话",
        "联系",
        "需求：",
        "需求1：a\n",
        "a：\n",
        "1、",
        "（1）",
        "(",
        "（",
        "“",
        "'",
        '"',
        "\u3000",
        " ",
        "\t",
    ),
    *("\n", "  \n", "\r\n", "<p>", "<td>", "<", "&#", "&lt;", "a@", "x-", "re:", "=?utf-8?q?", "on ", "在", "9", "1,"),
    *("有限公司", "公司 ", "\u0301", "ﷺ", "\u200b", "一项", "{", "[", "\\", "%", "¥"),
)


def moments(work: Callable[[], object]) -> None:
    """Do it; being refused is as good as being read, being slow is not."""
    began = time.monotonic()
    try:
        work()
    except MatchmakerError as error:
        assert len(str(error)) < 2_000  # noqa: PT017 - it may be refused, but in a few words
    assert time.monotonic() - began < PATIENCE


def as_markdown(text: str) -> str:
    return text


def as_page(text: str) -> str:
    return f"<html><body><p>标题</p><p>{text}</p></body></html>"


def as_mail(text: str) -> str:
    subject = " ".join(text[:5_000].split())
    return f"From: a@b.c\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{text}"


@pytest.mark.slow
@pytest.mark.parametrize("place", ["from the start", "within a line"])
@pytest.mark.parametrize(("ending", "wrapped"), [("md", as_markdown), ("html", as_page), ("eml", as_mail)])
def test_long_runs_cost_no_more_than_other_texts(
    ending: str, wrapped: Callable[[str], str], place: str, tmp_path: Path
) -> None:
    for unit in UNITS:
        run = (unit * (N // len(unit) + 1))[:N]
        text = run if place == "from the start" else f"标题\n正文\n前{run}后\n末行"
        path = tmp_path / f"run.{ending}"
        path.write_text(wrapped(text), "utf-8", newline="")
        moments(lambda path=path: load_problems(path))  # type: ignore[misc]


def test_long_runs_in_the_cells_of_a_table(tmp_path: Path) -> None:
    cells = [(unit * (N // len(unit) + 1))[: N // 10] for unit in UNITS]
    fields = ("description", "budget_cny", "deadline", "keywords", "cooperation", "require", "exclude")
    rows = [{"title": "标题", **dict.fromkeys(fields, cell)} for cell in cells]
    path = tmp_path / "runs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    moments(lambda: list(read_problems(path)))


@pytest.mark.parametrize("name", ["comments.txt", "comments.csv", "comments.xls"])
def test_comments_without_a_page_after_them(name: str, tmp_path: Path) -> None:
    """Each comment could also be read as a part of the one before: two to the power of their number ways."""
    path = tmp_path / name
    path.write_text("<!---->" * 60 + "title\n漏水\n", "utf-8")
    reader: Callable[[Path], object] = load_problems if name.endswith("txt") else lambda path: list(read_problems(path))
    moments(lambda: reader(path))


def test_markup_is_still_taken_away() -> None:
    text = "a **b** __c__ ***d*** ``e`` <!-- x\n --> f 5**3 `i` **g\n<!-- open"
    assert markdown_text(text) == "a b c d e  f 5**3 i **g\n<!-- open"
    assert markdown_text("t\n<!--" + "x" * 20_000 + "-->y") == "t\ny"  # of any length


def test_lines_of_chinese_broken_in_the_source_are_still_joined() -> None:
    page = "<p>供水\n  管网\u3000\n漏水 a\nb 中\n c 末\n</p>"
    assert [str(block.text) for block in html_blocks(page, place="p")] == ["供水管网漏水 a b 中 c 末"]  # type: ignore[union-attr]


# --- YAML, JSON, TOML -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("number", ["9" * 400, "0x" + "f" * N, "0b" + "1" * N, "1:" * 500 + "1", "1:" * 500 + "1.5"])
def test_numbers_that_are_too_long(number: str, typed: bool) -> None:
    """Those of base 2, 16 and 60 were made, and ended the program when they were to be shown."""
    text = f"schema: {number}\n"
    if not typed:
        assert load_yaml(text, typed=False, max_aliases=0) == {"schema": number}
        return
    with pytest.raises(YamlError, match="found a number that is too long") as caught:
        load_yaml(text, typed=True, max_aliases=0)
    assert (caught.value.kind, caught.value.line, caught.value.column) == ("syntax", 1, 9)


def test_numbers_that_are_long_enough() -> None:
    assert load_yaml(f"a: {'9' * 300}\nb: 0x1F\nc: 1.5\nd: 190:20:30\n", typed=True, max_aliases=0) == {
        "a": int("9" * 300),
        "b": 31,
        "c": 1.5,
        "d": 685_230,
    }


@pytest.mark.parametrize(
    "text",
    [
        "schema: 0x" + "f" * N,
        "schema: 1e400",
        "? [a, b]\n: 1",
        "? {a: b}\n: 1",
        "schema: 2026-11-22T99:99:99Z",
        "\n".join(f"k{n}: 1" for n in range(N)),
        f"{'k' * N}: 1",
        "a: " + "[" * N,
    ],
    ids=lambda text: text[:12],
)
def test_profiles_that_are_refused_in_words(text: str, tmp_path: Path) -> None:
    path = tmp_path / "institutes.yaml"
    path.write_text(text + "\n", "utf-8")
    with pytest.raises(ProfileError):
        load_institutes(path)


@pytest.mark.parametrize("text", ['{"id": ' + "[" * N + "]" * N + "}", '{"id": ' + "9" * N + "}"], ids=["deep", "long"])
def test_lines_of_profiles_that_are_refused_in_words(text: str, tmp_path: Path) -> None:
    path = tmp_path / "institutes.jsonl"
    path.write_text(text + "\n", "utf-8")
    with pytest.raises(ProfileError, match="line 1"):
        load_institutes(path)


def test_many_fields_and_one_of_them_twice(tmp_path: Path) -> None:
    path = tmp_path / "problem.json"
    path.write_text("{" + "".join(f'"k{n}": 1, ' for n in range(2 * N)) + '"k1": 2}', "utf-8")
    began = time.monotonic()
    with pytest.raises(ProblemError, match="duplicate field 'k1'"):
        load_problems(path)
    assert time.monotonic() - began < PATIENCE


def test_many_fields_of_a_profile_and_one_of_them_twice(tmp_path: Path) -> None:
    path = tmp_path / "institutes.jsonl"
    path.write_text("{" + "".join(f'"k{n}": 1, ' for n in range(N)) + '"k1": 2}', "utf-8")
    began = time.monotonic()
    with pytest.raises(ProfileError, match="duplicate field 'k1'"):
        load_institutes(path)
    assert time.monotonic() - began < PATIENCE


def many_slips(kind: str, folder: Path, n: int) -> Callable[[], object]:
    """Makes a file with ``n`` slips, and reads it."""
    one = {"id": "a", "name": "甲", "capabilities": [{"id": "c", "name": "能力"}]}
    path = folder / "institutes.yaml"
    held: dict[str, Any] = {"institutes": [one]}
    if kind == "sources":
        held |= {"sources": {f"source{at}": {"title": "T"} for at in range(n)}}
        evidence = [{"claim": "x", "source": f"surce{at}"} for at in range(n)]
        held["institutes"] = [one | {"capabilities": [{"id": "c", "name": "能力", "evidence": evidence}]}]
    elif kind == "fields":
        held |= {f"surces{at}": 1 for at in range(n)}
    elif kind == "of an institute":
        held["institutes"] = [one | {f"capability{at}": 1 for at in range(n)}]
    elif kind == "limits":
        matcher = Matcher(load_institutes())
        problem = Problem(title="漏水", exclude=tuple(f"giii{at}" for at in range(n)))
        return lambda: (_ for _ in ()).throw(ProblemError(matcher.limit_faults(problem)))
    path.write_text(json.dumps(held), "utf-8")
    return lambda: load_institutes(path)


@pytest.mark.parametrize("kind", ["sources", "fields", "of an institute", "limits"])
def test_of_many_slips_all_are_told_and_the_first_get_hints(kind: str, tmp_path: Path) -> None:
    with pytest.raises(MatchmakerError) as caught:
        many_slips(kind, tmp_path, 300)()
    assert len(caught.value.faults) == 300
    assert ["did you mean" in str(fault) for fault in caught.value.faults] == [True] * 100 + [False] * 200


def test_many_judged_problems_get_ids() -> None:
    problems = {f"{n:08x}": Problem.model_construct(id=f"id-{n}") for n in range(N)}
    began = time.monotonic()
    assert set(_export_ids(problems).values()) == {problem.id for problem in problems.values()}
    assert time.monotonic() - began < PATIENCE


@pytest.mark.parametrize(
    "text",
    [
        "pooling = " + "[" * 9_000,
        "pooling = " + "[" * 9_000 + "]" * 9_000,
        "intercept = " + "9" * 9_000,
        "a." * 40_000 + "b = 1",
        "".join(f"[{'.'.join(['a'] * n)}]\n" for n in range(1, 1_000)),
        "# " + "x" * 20_000,
    ],
    ids=["open", "deep", "long", "dotted", "tables", "large"],
)
def test_settings_that_are_refused_in_words(text: str, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text, "utf-8")
    began = time.monotonic()
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert time.monotonic() - began < PATIENCE
    assert len(str(caught.value)) < 500
