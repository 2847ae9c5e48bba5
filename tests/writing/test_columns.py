"""Shortlists as Parquet, and in parts."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from pyarrow import parquet
from typer.testing import CliRunner, Result

from matchmaker.cli import app
from matchmaker.csvcells import unescape_formulas
from matchmaker.domain import Language
from matchmaker.writing import Context, columns, format_named, to_jsonl
from worlds import shortlist_example, small_registry, unmatched_example

N_ROWS = 60


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    registry = small_registry().model_dump(mode="json", by_alias=True, exclude_none=True)
    registry.pop("fingerprint")
    Path("small.yaml").write_text(json.dumps({"schema": 1, **registry}, ensure_ascii=False), "utf-8")
    titles = ("供水管网漏损检测", "奶茶广告", "", "=1+1")
    rows = "".join(f"P-{n},{titles[n % 4]}\n" for n in range(N_ROWS))
    Path("table.csv").write_text(f"id,title\n{rows}", "utf-8")


def batch(*args: str) -> Result:
    given = ["table.csv", "--institutes", "small.yaml", "--ledger", "none", "--lang", "en", "-q"]
    result = CliRunner().invoke(app, ["batch", *given, *args], env={"COLUMNS": "100"}, prog_name="matchmaker")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def parts() -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(Path("out").iterdir())}


def test_parquet_holds_what_csv_holds() -> None:
    assert batch("-o", "out.csv").exit_code == 3
    assert batch("-o", "out.parquet").exit_code == 3
    table = parquet.read_table("out.parquet")
    assert {field.name: str(field.type) for field in table.schema if str(field.type) != "string"} == {
        "rank": "int32",
        "score": "double",
    }
    wanted = [
        {name: unescape_formulas(cell) for name, cell in row.items()}
        for row in csv.DictReader(io.StringIO(Path("out.csv").read_text("utf-8-sig"), newline=""))
    ]
    found = [
        {name: "" if cell is None else f"{cell:.6f}" if name == "score" else str(cell) for name, cell in row.items()}
        for row in table.to_pylist()
    ]
    assert found == wanted
    assert Path("out.parquet.rejects.csv").read_bytes() == Path("out.csv.rejects.csv").read_bytes()
    assert batch("-o", "again.parquet", "--workers", "1").exit_code == 3
    assert Path("again.parquet").read_bytes() == Path("out.parquet").read_bytes()
    assert batch("--format", "parquet").stdout_bytes == Path("out.parquet").read_bytes()


def test_rows_in_several_groups_are_all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    batch("-o", "one.parquet")
    monkeypatch.setattr(columns, "_ROWS_PER_GROUP", 7)
    batch("-o", "many.parquet")
    with parquet.ParquetFile("many.parquet") as file:
        assert file.num_row_groups > 1
        assert file.read().equals(parquet.read_table("one.parquet"))


def test_parts_are_cut_by_rows_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "ROWS_PER_PART", 25)
    Path("out").mkdir()
    for name in ("part-00007.jsonl", "part-00001.parquet", "mine.txt"):
        Path("out", name).touch()
    assert batch("-o", "out/", "--format", "jsonl").exit_code == 3
    assert list(parts()) == ["mine.txt", "part-00000.jsonl", "part-00001.jsonl", "part-00002.jsonl"]
    ids = [[json.loads(line)["problem"]["id"] for line in part.splitlines()] for part in list(parts().values())[1:]]
    good = [n for n in range(N_ROWS) if n % 4 != 2]
    assert ids == [[f"P-{n}" for n in good if n // 25 == at] for at in range(3)]
    batch("-o", "whole.jsonl")
    assert b"".join(list(parts().values())[1:]) == Path("whole.jsonl").read_bytes()
    assert Path("out.rejects.csv").read_bytes() == Path("whole.jsonl.rejects.csv").read_bytes()
    assert not Path("out.journal").exists()
    assert batch("-o", "out", "--format", "parquet").exit_code == 3
    assert list(parts()) == ["mine.txt", "part-00000.parquet", "part-00001.parquet", "part-00002.parquet"]
    assert sum(len(parquet.read_table(path)) for path in Path("out").glob("*.parquet")) >= len(good)


@pytest.mark.parametrize("language", ["zh", "en", None])
def test_parts_are_in_the_language_asked_for(language: Language | None) -> None:
    shortlists = [shortlist_example(), unmatched_example()]
    columns.write_parts(iter(shortlists), Path("parquet-out"), format_named("parquet"), Context(language))
    columns.write_parts(iter(shortlists), Path("jsonl-out"), format_named("jsonl"), Context(language))
    columns.write_parquet(shortlists, Path("one.parquet"), language)
    found = parquet.read_table("parquet-out/part-00000.parquet")
    assert found.equals(parquet.read_table("one.parquet"))
    names = {"zh": "甲工业智能研究院", "en": "Alpha Institute of Industrial Intelligence"}
    assert found["institute_name"][0].as_py() == names[language or "zh"]
    assert found["score"].to_pylist() == [0.871234, 0.3, 0.04]
    lines = "".join(f"{to_jsonl(one)}\n" for one in shortlists)
    assert Path("jsonl-out/part-00000.jsonl").read_text("utf-8") == lines


def test_a_table_without_rows_gives_one_part() -> None:
    Path("table.csv").write_text("id,title\n")
    assert batch("-o", "out/", "--format", "jsonl").exit_code == 0
    assert parts() == {"part-00000.jsonl": b""}


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_parts_of_a_killed_run_that_goes_on() -> None:
    assert batch("-o", "out/", "--format", "parquet").exit_code == 3
    wanted = parts()
    for path in Path("out").iterdir():
        path.unlink()
    program = (
        "import os, sys; from matchmaker.runs import journal; journal._INTERVAL = 0.0; journal._LEAST_SHARE = 0.0\n"
        "mark = journal.Journal._mark\n"
        "def killed(self):\n    mark(self)\n    self.counts.n_rows < 30 or os.kill(os.getpid(), 9)\n"
        "journal.Journal._mark = killed\n"
        "from matchmaker.cli import main; main()"
    )
    given = ["table.csv", "--institutes", "small.yaml", "--ledger", "none", "--lang", "en", "-q"]
    args = ["batch", *given, "-o", "out/", "--format", "parquet"]
    killed = subprocess.run([sys.executable, "-c", program, *args], capture_output=True, check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert parts() == {}
    assert Path("out.journal").exists()
    result = batch("-o", "out/", "--format", "parquet", "--resume")
    assert result.exit_code == 3
    assert parts() == wanted
    assert sorted(path.name for path in Path().iterdir()) == ["out", "out.rejects.csv", "small.yaml", "table.csv"]


@pytest.mark.parametrize("args", [(), ("--format", "csv"), ("--format", "xlsx")])
def test_a_folder_takes_only_what_has_lines_or_columns(args: tuple[str, ...]) -> None:
    result = batch("-o", "out/", *args)
    assert result.exit_code == 3
    remedy = "use --format jsonl or --format parquet"
    assert result.stderr == f"error: out/: a folder gets parts in jsonl or parquet; {remedy}\n"
    assert not Path("out").exists()


def test_without_pyarrow_nothing_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    result = batch("-o", "out.parquet")
    assert result.exit_code == 4
    remedy = "pip install 'matchmaker-techtransfer[parquet]', or choose another format"
    assert result.stderr == f"error: --format parquet: writing Parquet needs pyarrow; {remedy}\n"
    assert not Path("out.parquet").exists()
