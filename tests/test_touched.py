"""How many files a change touches: in a copy of the package a format, a kind of document and a command are added.

Each touches two files, its own and the one that lists it, and then works from end to end.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEAK = "供水管网漏损检测，夜间找不到漏点"
FORMAT = '''
"""Shortlists as lines of names."""

from matchmaker.writing.shortlists import Pieces


def _piece(shortlist, context, is_first):
    return " ".join([shortlist.problem.title, *(match.institute for match in shortlist.matches)]) + "\\n"


NAMES = Pieces(_piece, opening="names\\n", closing=lambda n: f"{n} in all\\n")
'''
FORMAT_LINE = """
    Format("names", (".names",), writes={"shortlists": "names:NAMES"}, streams=True),"""
DOCUMENT = '''
"""Documents of an old program: a line of dots, then paragraphs between bars."""

from matchmaker.office.blocks import Paragraph


def read_bars(opened):
    text = opened.data.decode().removeprefix("....")
    return [Paragraph(part.strip()) for part in text.split("|") if part.strip()], []
'''
DOCUMENT_LINE = """
    FileKind("bars", (".bars",), "document", begins=(b"....",), reader="bars:read_bars"),"""
COMMAND = '''
"""``matchmaker count``: how many institutes there are."""

from matchmaker.cli import options


def count(institutes: options.Institutes = None, lang: options.LanguageOption = None) -> None:
    """Say how many institutes there are.

    Example: matchmaker count
    """
    options.put_text(f"{len(options.session_from(institutes).institutes)}\\n", None)
'''
COMMAND_LINE = """
        "count": "count:count","""


class Copy:
    """A copy of the package in a folder, and the files in it that were touched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / "src" / "matchmaker"
        shutil.copytree(ROOT / "src" / "matchmaker", self.package, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "data").symlink_to(ROOT / "data")

    def add(self, own: str, text: str, listed_in: str, after: str, line: str) -> None:
        """Add a file, and a line to the one that lists it."""
        (self.package / own).write_text(text, "utf-8")
        path = self.package / listed_in
        before = path.read_text("utf-8")
        assert before.count(after) == 1
        path.write_text(before.replace(after, after + line), "utf-8")

    def run(self, *args: str) -> str:
        """What a command of the copy prints."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.package.parent),
            "COLUMNS": "200",
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }
        command = [sys.executable, "-m", "matchmaker", *args]
        found = subprocess.run(
            command, capture_output=True, text=True, check=True, encoding="utf-8", env=environment, cwd=self.folder
        )
        return found.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def test_an_output_format_touches_two_files(copy: Copy) -> None:
    copy.add("writing/names.py", FORMAT, "writing/formats.py", "FORMATS: Final = (", FORMAT_LINE)
    for command in ("match", "batch"):
        assert "--format <names|table|" in copy.run(command, "--help")
    assert "--format <table|json|md>" in copy.run("explain", "--help")  # which it cannot write
    assert copy.run("match", "--text", LEAK, "--top", "1", "--encoder", "words", "--format", "names") == (
        f"names\n{LEAK} giii\n1 in all\n"
    )
    (copy.folder / "table.csv").write_text(f"title\n{LEAK}\n{LEAK}\n", "utf-8")
    copy.run("batch", "table.csv", "-o", "out.names", "--top", "1", "--encoder", "words", "-q")
    assert (copy.folder / "out.names").read_text("utf-8") == f"names\n{LEAK} giii\n{LEAK} giii\n2 in all\n"


def test_a_kind_of_document_touches_two_files(copy: Copy) -> None:
    copy.add("office/bars.py", DOCUMENT, "office/kinds.py", "KINDS: Final = (", DOCUMENT_LINE)
    (copy.folder / "need.bars").write_text(f"....|{LEAK}|我们每年损失很多水|", "utf-8")
    found = json.loads(copy.run("match", "need.bars", "--encoder", "words", "--format", "json"))
    assert (found["problem"]["id"], found["problem"]["title"]) == ("need", LEAK)
    assert found["matches"][0]["institute"] == "giii"
    (copy.folder / "needs").mkdir()
    shutil.copy(copy.folder / "need.bars", copy.folder / "needs" / "one.bars")
    lines = copy.run("batch", "needs", "--encoder", "words", "--format", "jsonl", "-q").splitlines()
    assert [json.loads(line)["problem"]["id"] for line in lines] == ["one"]


def test_a_command_touches_two_files(copy: Copy) -> None:
    copy.add("cli/count.py", COMMAND, "cli/__init__.py", '"doctor": "doctor:doctor",', COMMAND_LINE)
    assert "Say how many institutes there are." in copy.run("--help")
    assert copy.run("count") == "5\n"
    assert copy.run("count", "--institutes", "all") == "26\n"


SIMILARITY = '''
"""Whether a problem and a capability both speak of leaks."""

import numpy as np

from matchmaker.matching.similarity import Similarity, TableReading


class LeakSimilarity(Similarity):
    name = "leaks"

    def __init__(self, arrays):
        self._leaks = arrays["leaks"]
        self.has_basis = np.ones(len(self._leaks), np.bool_)

    @staticmethod
    def compile(profiles):
        return {"leaks": np.array([any("漏" in one.text for one in held) for held in profiles.statements])}

    def read(self, chunk):
        asks = np.array(["漏" in problem.said for problem in chunk.problems])
        return TableReading((asks[:, None] & self._leaks).astype(np.float64))
'''
SIMILARITY_LINE = """
    LeakSimilarity,"""
SIMILARITY_IMPORT = """
from matchmaker.matching.leaks import LeakSimilarity"""


def test_a_similarity_touches_two_files(copy: Copy) -> None:
    """Weights, files of settings, JSON and explanations follow; it counts nothing until it has a weight."""
    question = ("match", "--text", LEAK, "--encoder", "words", "--format", "json")
    before = json.loads(copy.run(*question))
    listed_in = "matching/similarities.py"
    copy.add(
        "matching/leaks.py",
        SIMILARITY,
        listed_in,
        "SIMILARITIES: Final[tuple[type[Similarity], ...]] = (",
        SIMILARITY_LINE,
    )
    path = copy.package / listed_in
    path.write_text(
        path.read_text("utf-8").replace(
            "from typing import Final\n", "from typing import Final\n" + SIMILARITY_IMPORT, 1
        ),
        "utf-8",
    )
    found = json.loads(copy.run(*question))
    assert [match["score"] for match in found["matches"]] == [match["score"] for match in before["matches"]]
    assert found["matches"][0]["similarities"]["leaks"] == 1.0
    (copy.folder / "settings.toml").write_text("[weights]\nleaks = 2.5\n", "utf-8")
    weighed = json.loads(copy.run(*question[:3], "--settings", "settings.toml", "--format", "json"))
    assert weighed["matches"][0]["score"] > found["matches"][0]["score"]
    explained = json.loads(
        copy.run("explain", "--text", LEAK, "giii", "--settings", "settings.toml", "--format", "json")
    )
    assert "leaks" in {part["name"] for part in explained["parts"] if part["value"] > 0}
    shown = copy.run("explain", "--text", LEAK, "giii", "--settings", "settings.toml", "--lang", "en")
    assert "leaks" in shown
