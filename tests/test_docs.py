"""The documentation says what is true: its commands run, its outputs are real, its links lead somewhere.

A ``console`` block holds lines ``$ command`` and what each prints, on stdout and stderr, at a width of 80. A line ``…``
stands for any number of lines, ``…`` in a line for any text. ``$ echo $?`` prints the exit code of the command before,
which must be 0 where it is not asked for. The commands of one page run one after the other, in a folder that holds a
copy of ``data/`` and receives what they write.
"""

from __future__ import annotations

import ast
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/tutorial.md", "docs/report.md")
TEXTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "data/**/*.md", "benchmarks/**/*.md")
    for path in ROOT.glob(pattern)
)
_BLOCK = re.compile(r"^```(?P<kind>\S*)[^\n]*\n(?P<body>.*?)^```\s*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?://|mailto:|#)(?P<target>[^)#\s]+)[^)]*\)")
_CONTINUED = re.compile(r"<<'?(\w+)'?$")


class Shown(NamedTuple):
    """A command as a page shows it, and what it is said to print."""

    line: int
    command: str
    output: str


def blocks(page: str) -> Iterator[tuple[str, int, str]]:
    """The kind, first line and body of every fenced block of a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        yield found["kind"], text.count("\n", 0, found.start("body")) + 1, found["body"]


def shown(page: str) -> Iterator[Shown]:
    """The commands of a page's console blocks, in order."""
    for kind, first, body in blocks(page):
        if kind != "console":
            continue
        lines = body.splitlines()
        at = [number for number, line in enumerate(lines) if line.startswith("$ ")]
        for start, stop in zip(at, [*at[1:], len(lines)], strict=True):
            command, rest = [lines[start].removeprefix("$ ")], lines[start + 1 : stop]
            if mark := _CONTINUED.search(command[0]):  # a here-document
                end = rest.index(mark[1]) + 1
                command, rest = [*command, *rest[:end]], rest[end:]
            yield Shown(first + start, "\n".join(command), "\n".join(rest))


def run(command: str, folder: Path) -> tuple[int, str]:
    """Exit code, and what a command prints on a terminal of 80 columns."""
    if command == "make demo":  # what make prints first is the command it runs
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        recipe = re.search(r"^demo:.*\n\t\$\(BIN\)/(.+)$", makefile, re.MULTILINE)
        assert recipe
        code, output = run(recipe[1], folder)
        return code, f".venv/bin/{recipe[1]}\n{output}"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "80", "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    environment["XDG_CACHE_HOME"] = str(folder / ".cache")
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, done.stdout.decode().removeprefix("\ufeff")


def tidy(text: str) -> str:
    """Without what no reader sees: blanks at the ends of lines, empty lines at the end."""
    return "\n".join(line.rstrip() for line in text.splitlines()).rstrip("\n")


def pattern(output: str) -> str:
    """The regular expression for the output that a page shows."""
    lines = tidy(output).splitlines()
    parts = [r"(?:[^\n]*\n)*?" if line == "…" else re.escape(line).replace("…", r"[^\n]*") + "\n" for line in lines]
    return "".join(parts)


def rewrite(page: str, old: str, printed: str) -> None:
    """Put what a command prints now in the place of what the page shows, left out where the page leaves out.

    As many lines as stand before the first and after the last ``…`` are kept; a line with ``…`` in it stays as it is
    where it still fits.
    """
    shown_lines, lines = tidy(old).splitlines(), tidy(printed).splitlines()
    gaps = [number for number, line in enumerate(shown_lines) if line == "…"]
    if len(gaps) > 1:
        raise AssertionError(f"{page}: change by hand what is left out in several places:\n{old}")
    if gaps:
        tail = len(shown_lines) - gaps[-1] - 1
        lines = [*lines[: gaps[0]], "…", *(lines[-tail:] if tail else [])]
    vague = [line for line in shown_lines if "…" in line and line != "…"]
    for number, line in enumerate(lines):
        lines[number] = next((kept for kept in vague if re.fullmatch(pattern(kept), f"{line}\n")), line)
    path = ROOT / page
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{page}: an output stands twice; change it by hand:\n{old}"
    path.write_text(text.replace(old, "\n".join(lines) + "\n" * (len(old) - len(old.rstrip("\n")))), encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_print_what_it_shows(page: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "data", tmp_path / "data")
    code, asked = 0, True
    for line, command, output in shown(page):
        place = f"{page}, line {line}: $ {command}"
        if command == "make test":  # this is make test
            continue
        if command == "echo $?":
            assert output.strip() == str(code), place
            asked = True
            continue
        assert asked or code == 0, f"{place}: the command before ended with {code}"
        code, printed = run(command, tmp_path)
        asked = False
        expected = pattern(output)
        printed = tidy(printed)
        printed = f"{printed}\n" if printed else ""
        if os.environ.get("MATCHMAKER_GOLDEN") and not re.fullmatch(expected, printed):
            rewrite(page, output, printed)
            continue
        assert re.fullmatch(expected, printed), f"{place}\nshown:\n{output}\nprinted:\n{printed}"
    assert asked or code == 0, f"{page}: the last command ended with {code}"


@pytest.mark.parametrize("page", PAGES)
def test_commands_stand_in_console_blocks_only(page: str) -> None:
    loose = [
        line
        for kind, _, body in blocks(page)
        if kind != "console"
        for line in body.splitlines()
        if re.match(r"(\$ )?(.*\| *)?matchmaker ", line)
    ]
    assert not loose


def test_the_readme_starts_with_two_commands() -> None:
    commands = [item.command for item in shown("README.md")]
    assert commands[:2] == ["make demo", "make test"]


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 200


def test_the_command_line_reference_is_up_to_date() -> None:
    reference: str = runpy.run_path(str(ROOT / "docs" / "cli_reference.py"))["reference"]()
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == reference, "run: make docs"


@pytest.mark.parametrize("text", TEXTS)
def test_links_lead_to_files(text: str) -> None:
    page = ROOT / text
    body = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    missing = [found["target"] for found in _LINK.finditer(body) if not (page.parent / found["target"]).exists()]
    assert not missing


@cache
def names() -> frozenset[str]:
    """Every name that a source, a script or a setting of the project defines or uses."""
    found = set(re.findall(r"\w+", (ROOT / "pyproject.toml").read_text(encoding="utf-8")))
    for path in (path for folder in ("src", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found |= {getattr(node, name, None) for name in ("id", "attr", "name", "arg")} - {None}
            found |= {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()
    return frozenset(found)


def is_there(code: str) -> bool:
    """Whether what a page shows as code, if it is a path or a name, is one of this project."""
    if re.fullmatch(r"[\w/.*-]*\w(?:\.(?:py|md|txt|toml|yaml)|/)", code):
        folders = (ROOT, ROOT / "src" / "matchmaker", *(ROOT / "src" / "matchmaker").glob("**/"))
        return "NAME" in code or any(any(folder.glob(code.rstrip("/"))) for folder in folders)
    if re.fullmatch(r"[A-Za-z_][\w.]*(?:\(.*\))?", code) and not re.fullmatch("[a-z]+", code):
        return set(re.findall(r"\w+", code.partition("(")[0])) <= names()
    return True


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md", "docs/glossary.md"])
def test_the_files_and_names_that_a_page_shows_are_there(page: str) -> None:
    shown_code = re.findall(r"`([^`\n]+)`", _BLOCK.sub("", (ROOT / page).read_text(encoding="utf-8")))
    assert [code for code in shown_code if not is_there(code)] == []


def test_a_name_that_is_gone_is_noticed() -> None:
    there = ("Matcher.match", "load_institutes()", "matching/score.py", "score.py", "cli/", "docs/decisions/", "1 + n")
    gone = ("Matcher.no_such_method", "no_such_function()", "matching/no_such_file.py", "no_such_wing/")
    assert [is_there(code) for code in (*there, *gone)] == [True] * len(there) + [False] * len(gone)


def test_a_wrong_output_is_noticed() -> None:
    output = pattern("one\n…\nthree … 3\n")
    assert re.fullmatch(output, "one\ntwo\ntwo again\nthree and 3\n")
    assert re.fullmatch(output, "one\nthree and 3\n")
    assert not re.fullmatch(output, "one\ntwo\nthree and 4\n")
    assert not re.fullmatch(pattern(""), "something\n")
