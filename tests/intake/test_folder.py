"""Problems from a folder: documents and tables mixed, in the order of their names."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from matchmaker.cli import app
from matchmaker.domain import Problem
from matchmaker.errors import TableError
from matchmaker.intake import LoadedProblems, ProblemFolder, RejectedRow, Split, files_digest, load_problems
from worlds import small_registry


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    registry = small_registry().model_dump(mode="json", by_alias=True, exclude_none=True)
    registry.pop("fingerprint")
    Path("small.yaml").write_text(json.dumps({"schema": 1, **registry}, ensure_ascii=False), "utf-8")
    folder = Path("in")
    folder.mkdir()
    (folder / "b.csv").write_text("id,title,exclude\nP-1,表面缺陷,\nP-2,,\nP-3,数据治理,nobody\n", "utf-8")
    (folder / "a.txt").write_text("供水管网漏损检测\n管网老化。\n", "utf-8")
    (folder / "c.jsonl").write_text('{"id": "P-1", "title": "leak detection"}\n{"title": "数据治理"}\n', "utf-8")
    (folder / "d.pdf").write_bytes(b"%PDF-1.7 torn")
    (folder / "e.csv").write_text("x,y\n1,2\n", "utf-8")
    (folder / ".hidden.csv").write_text("title\nx\n")
    (folder / "~$f.docx").write_bytes(b"lock")
    (folder / "inside").mkdir()


def batch(*args: str) -> Result:
    command = ["batch", "in", "--institutes", "small.yaml", "--ledger", "none", "--lang", "en", *args]
    result = CliRunner().invoke(app, command, env={"COLUMNS": "100"}, prog_name="matchmaker")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_all_files_in_the_order_of_their_names() -> None:
    folder = ProblemFolder(Path("in"))
    rows = list(folder)
    assert [row.id for row in rows if isinstance(row, Problem)] == ["a", "P-1", "P-3", "P-1#2", "c-row-2"]
    assert [(row.line, row.cells) for row in rows if isinstance(row, RejectedRow)] == [
        (3, ("b.csv", "P-2,,")),
        (0, ("d.pdf", "")),
        (0, ("e.csv", "")),
    ]
    assert [str(warning).rpartition(os.sep)[2] for warning in folder.warnings] == [
        "c.jsonl: duplicate id 'P-1'; this problem gets the id 'P-1#2'"
    ]
    assert list(folder) == rows
    assert folder.n_warnings == 1


def test_a_batch_names_and_counts_what_cannot_be_read() -> None:
    result = batch("-o", "out.csv", "--workers", "1")
    assert result.exit_code == 3
    assert "in: tables 3, documents 2\n" in result.stderr
    assert "note: in: subfolders are skipped: 1; pass each of them separately\n" in result.stderr
    assert "8 rows read" in result.stderr
    shortlists = list(csv.DictReader(io.StringIO(Path("out.csv").read_text("utf-8-sig"))))
    assert list(dict.fromkeys(row["problem_id"] for row in shortlists)) == ["a", "P-1", "P-1#2", "c-row-2"]
    rejects = list(csv.DictReader(io.StringIO(Path("out.csv.rejects.csv").read_text("utf-8-sig"))))
    assert [(row["line"], row["file"], row["row"]) for row in rejects] == [
        ("3", "b.csv", "P-2,,"),
        ("4", "b.csv", "P-3,数据治理,nobody"),
        ("0", "d.pdf", ""),
        ("0", "e.csv", ""),
    ]
    assert all(row["fault"] for row in rejects)


def test_a_mistake_of_the_program_costs_one_file_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(path: Path, *, split: Split) -> LoadedProblems:
        if path.suffix == ".pdf":
            raise TypeError("text of a problem")
        return load_problems(path, split=split)

    monkeypatch.setattr("matchmaker.intake.folder.load_problems", fails)
    result = batch("-o", "out.csv")
    assert result.exit_code == 3
    assert (
        f"{Path('in', 'd.pdf')}: cannot be read because of a bug in matchmaker (TypeError); report it" in result.stderr
    )
    assert "text of a problem" not in result.output
    assert {row["problem_id"] for row in csv.DictReader(io.StringIO(Path("out.csv").read_text("utf-8-sig")))} == {
        *("a", "P-1", "P-1#2", "c-row-2")
    }


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_in_a_folder_is_rejected() -> None:
    os.mkfifo("in/a0.txt")
    result = batch("-o", "out.csv")
    assert result.exit_code == 3
    assert f"{Path('in', 'a0.txt')}: this is a pipe or a device, not a file; take it out of the folder" in result.stderr
    assert "9 rows read" in result.stderr


@pytest.mark.parametrize("name", ["out.xlsx", "out.html", "out.jsonl"])
def test_every_format_takes_a_folder(name: str) -> None:
    assert batch("-o", name).exit_code == 3
    assert Path(name).stat().st_size > 0


def test_a_dry_run_shows_the_rows_of_a_folder() -> None:
    result = batch("--dry-run", "--format", "json")
    assert (json.loads(result.stdout)["read"], json.loads(result.stdout)["rejected"]) == (8, 4)


def test_output_is_not_written_among_the_input() -> None:
    result = batch("-o", "in/out.csv")
    assert result.exit_code == 3
    assert result.stderr == (
        f"error: {Path('in/out.csv')}: would be read as input by the next run; write it to another folder\n"
    )


def test_the_digest_is_that_of_names_and_bytes() -> None:
    found = {files_digest(Path("in"))}
    os.utime("in/a.txt", (1, 1))
    assert files_digest(Path("in")) in found
    Path("in/a.txt").rename("in/aa.txt")
    found.add(files_digest(Path("in")))
    Path("in/aa.txt").write_text("别的", "utf-8")
    found.add(files_digest(Path("in")))
    assert len(found) == 3


def test_a_folder_without_files() -> None:
    with pytest.raises(TableError, match="there is no file in this folder"):
        ProblemFolder(Path("in/inside"))
