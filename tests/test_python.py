"""The page on Python and its notebook run as they stand, and hold the same code."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


def blocks_of_page() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", (DOCS / "python.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)


def cells_of_notebook() -> list[str]:
    notebook = json.loads((DOCS / "python.ipynb").read_text("utf-8"))
    assert notebook["nbformat"] == 4
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.fixture(autouse=True)
def _beside_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(DOCS.parent / "data" / "problems", tmp_path / "data" / "problems")
    monkeypatch.chdir(tmp_path)


def test_the_notebook_runs_cell_by_cell_in_one_world() -> None:
    world: dict[str, object] = {}
    for number, cell in enumerate(cells_of_notebook(), 1):
        exec(compile(cell, f"cell {number}", "exec"), world)  # noqa: S102 - what the page says is what is tried
    assert Path("shortlists.csv").exists()


def test_page_and_notebook_hold_the_same_code() -> None:
    assert [block.rstrip("\n") for block in blocks_of_page()] == cells_of_notebook()


def test_the_example_of_the_conventions_runs_as_written() -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["需求名称"])  # type: ignore[union-attr]
    book.active.append(["供水管网漏水"])  # type: ignore[union-attr]
    book.save("requests.xlsx")
    from matchmaker import Session

    with Session.open(institutes="all") as session:
        shortlist = session.match("供水管网夜间漏水，找不到漏点")
        session.run("requests.xlsx", "shortlists.xlsx", resume=True)
    assert shortlist.verdict == "matched"
    assert openpyxl.load_workbook("shortlists.xlsx", read_only=True).sheetnames[0] == "候选名单"
