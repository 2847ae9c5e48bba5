"""Tables at the command line: sheets, what was taken for what, ``--dry-run``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from matchmaker.cli import app

FOLDER = Path(__file__).parents[1] / "data" / "office" / "tables"


def run(*args: str, columns: int = 160) -> Result:
    env = {"COLUMNS": str(columns), "LC_ALL": "C.UTF-8", "FORCE_COLOR": None, "NO_COLOR": None}
    result = CliRunner().invoke(app, args, env=env, prog_name="matchmaker")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)


@pytest.mark.parametrize(
    "name", ["plain.xlsx", "plain.ods", "plain.xls", "wps.et", "gb18030_sep.csv", "unicode_text.txt"]
)
def test_a_batch_of_each_kind(name: str) -> None:
    result = run("batch", name, "--format", "jsonl", "--lang", "en")
    assert result.exit_code == 0
    ids = [json.loads(line)["problem"]["id"] for line in result.stdout.splitlines()]
    assert ids[:2] == ["X-01", "X-02"]


def test_what_was_taken_for_what_is_said_once_for_sheets_alike_and_apart_for_others() -> None:
    result = run("batch", "two_sheets.xlsx", "--dry-run", "--lang", "en")
    assert result.exit_code == 3
    assert result.stderr == (
        "two_sheets.xlsx, sheet '南沙': xlsx; id <- 需求编号, title <- 需求名称, description <- 需求描述, "
        "enterprise <- 企业名称\n"
        "two_sheets.xlsx, sheet '番禺': xlsx; title <- 难题名称, description <- 难题描述, industry <- 所属行业\n"
        "note: two_sheets.xlsx, sheet '填表说明': skipped: only one of its headings is recognised; "
        "to read it: --sheet 3\n"
        "note: two_sheets.xlsx, sheet '字典': hidden, so it is skipped; to read it: --sheet 4\n"
        "rejected: two_sheets.xlsx, sheet '番禺', row 3: title and description are empty; "
        "give at least one of them\n"
    )
    assert run("problems", "two_sheets.xlsx", "--for", "giii", "--sheet", "2", "-q").exit_code == 3
    chinese = run("batch", "two_sheets.xlsx", "--dry-run", "--lang", "zh").stderr
    assert "提示：two_sheets.xlsx，工作表“字典”：已隐藏，未读取；如需读取：--sheet 4\n" in chinese


def test_a_sheet_that_is_not_there() -> None:
    result = run("batch", "two_sheets.xlsx", "--sheet", "5", "--lang", "en")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        "error: two_sheets.xlsx: no sheet '5'; the sheets are: 1 南沙, 2 番禺, 3 填表说明, 4 字典\n"
    )


@pytest.mark.parametrize(
    ("lang", "heading", "counts"), [("en", "Enterprise", "4 rows: 3 problems, 1 rejected"), ("zh", "企业", "共 4 行")]
)
def test_a_dry_run_shows_rows_and_matches_nothing(lang: str, heading: str, counts: str) -> None:
    result = run("batch", "two_sheets.xlsx", "--dry-run", "--lang", lang)
    assert heading in result.stdout.splitlines()[0]
    assert "番禺-row-2" in result.stdout
    assert counts in result.stdout.splitlines()[-1]
    narrow = run("batch", "two_sheets.xlsx", "--dry-run", "--lang", lang, columns=50)
    assert "陶瓷釉面针孔" in narrow.stdout


def test_a_dry_run_for_programs() -> None:
    lines = [
        json.loads(line)
        for line in run("batch", "two_sheets.xlsx", "--dry-run", "--format", "jsonl").stdout.splitlines()
    ]
    assert lines[2] == {"id": "番禺-row-2", "title": "陶瓷釉面针孔", "description": "针孔多", "industry": "建材"}
    assert lines[3]["rejected"]["sheet"] == "番禺"
    found = json.loads(run("batch", "two_sheets.xlsx", "--dry-run", "--format", "json").stdout)
    assert (found["read"], found["rejected"], len(found["rows"])) == (4, 1, 4)
    assert run("batch", "plain.xlsx", "--dry-run", "--format", "csv").exit_code == 2


def test_a_dry_run_writes_no_file(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert run("batch", "plain.xlsx", "--dry-run", "-o", str(out)).exit_code == 0
    assert not list(tmp_path.iterdir())


def test_rejected_rows_are_kept_with_their_sheet(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert run("batch", "two_sheets.xlsx", "-o", str(out), "--lang", "en").exit_code == 3
    kept = (tmp_path / "out.csv.rejects.csv").read_text("utf-8-sig").splitlines()
    assert kept[0] == "line,fault,需求编号,需求名称,需求描述,企业名称,难题名称,难题描述,所属行业"
    assert kept[1].startswith("3,\"two_sheets.xlsx, sheet '番禺', row 3: title and description are empty")


def test_a_document_is_not_for_batch(tmp_path: Path) -> None:
    (tmp_path / "form.docx").write_bytes(b"x")
    result = run("batch", str(tmp_path / "form.docx"), "--lang", "en")
    assert result.exit_code == 3
    assert f"use: matchmaker match {tmp_path / 'form.docx'}" in result.stderr
