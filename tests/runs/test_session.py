"""A session does in Python what the command line does, with the same bytes."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import matchmaker
from matchmaker import Problem, Session, Shortlist
from matchmaker.cli import app
from matchmaker.errors import InputError, MissingExtraError, ProblemError, ProfileError, SettingsError
from matchmaker.writing import to_json
from worlds import shortlist_example, small_registry, unmatched_example

LEAK = "供水管网漏损检测\n夜间找不到漏点"
TWO_NEEDS = "我们有两个需求：\n1. 供水管网漏损检测，夜间找不到漏点\n2. 产品表面缺陷的机器视觉质检"
TABLE = "id,title\nP-1,供水管网漏损检测\nP-2,\nP-3,表面缺陷的机器视觉质检\nP-4,管道漏水\n"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    profiles = small_registry().model_dump(mode="json", by_alias=True, exclude_none=True)
    profiles.pop("fingerprint")
    Path("small.yaml").write_text(json.dumps({"schema": 1, **profiles}, ensure_ascii=False), "utf-8")
    Path("leak.txt").write_text(LEAK, "utf-8")
    Path("table.csv").write_text(TABLE, "utf-8")


@pytest.fixture
def session() -> Iterator[Session]:
    with Session.open(institutes="small.yaml", encoder="words", ledger="none") as opened:
        yield opened


def cli(*args: str) -> str:
    given = [*args, "--institutes", "small.yaml", "--encoder", "words", "--ledger", "none"]
    result = CliRunner().invoke(app, given)
    assert result.exit_code in {0, 3}, result.output
    return result.stdout


def test_a_text_a_file_and_a_problem_are_taken_alone_and_as_many(session: Session) -> None:
    problem = Problem(id="text", title="供水管网漏损检测", description="夜间找不到漏点")
    of_text, of_file, of_problem = session.match(LEAK), session.match(Path("leak.txt")), session.match(problem)
    assert isinstance(of_text, Shortlist)
    assert of_text == of_problem
    assert (of_file.problem.id, of_file.matches) == ("leak", of_text.matches)
    assert session.match([LEAK, Path("leak.txt"), problem]) == [of_text, of_file, of_problem]
    assert session.match(iter(())) == []
    assert len(session.match(LEAK, top=1).matches) == 1
    assert to_json(of_file) == cli("match", "leak.txt", "--format", "json").rstrip("\n")


@pytest.mark.parametrize("other", [1, None, b"text", {"title": "x"}, [1], [("title", "x")]])
def test_anything_else_is_a_type_error_that_says_what_is_taken(session: Session, other: Any) -> None:
    with pytest.raises(TypeError, match=r"match takes a text \(str\), a file \(pathlib.Path\), a Problem, or an iter"):
        session.match(other)


@pytest.mark.parametrize("other", [LEAK, Problem(title="x"), [LEAK], [("title", "x")]])
def test_a_matcher_says_what_it_takes(session: Session, other: Any) -> None:
    with pytest.raises(TypeError, match=r"takes an iterable of Problem; .* this is (str|Problem|tuple)"):
        session.matcher.match(other)


def test_what_holds_several_needs_is_asked_for_its_problems(session: Session) -> None:
    with pytest.raises(ProblemError, match=r"text: contains 2 problems: .*; this needs one problem"):
        session.match(TWO_NEEDS)
    assert len(session.match(session.problems(TWO_NEEDS))) == 2
    assert len(session.problems(TWO_NEEDS, split="never")) == 1


def test_an_explanation_by_name(session: Session) -> None:
    by_name, by_record = session.explain(LEAK, "AIII"), session.explain(LEAK, session.institutes.find("alpha"))
    assert by_name == by_record
    assert by_name.match == session.match(LEAK).matches[0]
    with pytest.raises(ProfileError, match="no institute is named 'nobody'"):
        session.explain(LEAK, "nobody")


def test_the_institutes_can_be_listed_found_and_searched(session: Session) -> None:
    assert [one.id for one in session.institutes] == ["alpha", "beta", "centre"]
    assert len(session.institutes) == 3
    assert session.institutes.search("漏损检测", top=1)[0].institute.id == "alpha"


@pytest.mark.parametrize("format", ["csv", "jsonl", "json", "md", "xlsx", "html", "parquet"])
def test_a_run_writes_the_bytes_of_the_command(session: Session, format: str) -> None:
    summary = session.run("table.csv", f"python.{format}", workers=1)
    cli("batch", "table.csv", "-o", f"command.{format}", "--workers", "1", "-q")
    assert Path(f"python.{format}").read_bytes() == Path(f"command.{format}").read_bytes()
    assert (summary.n_read, summary.n_rejected, summary.rejects.n) == (4, 1, 1)
    assert summary.rejects.first[0].line == 3
    if format == "xlsx":
        assert summary.rejected_in == Path("python.xlsx")
    else:
        assert summary.rejected_in == Path(f"python.{format}.rejects.csv")
        assert summary.rejected_in.read_bytes() == Path(f"command.{format}.rejects.csv").read_bytes()


def test_a_run_tells_what_goes_on_and_prints_nothing(session: Session, capfd: pytest.CaptureFixture[str]) -> None:
    told, rows, tables = list[str](), list[int](), list[object]()
    summary = session.run(
        "table.csv", "out.jsonl", resume=True, opened=tables.append, tell=told.append, progress=rows.append
    )
    assert told == ["note: nothing to continue, begun anew"]
    assert rows == [1, 2, 3, 4]
    assert tables == [summary.table]
    assert capfd.readouterr() == ("", "")
    assert not logging.getLogger("matchmaker").handlers


def test_a_run_that_cannot_be(session: Session) -> None:
    with pytest.raises(InputError, match=r"out.doc: unknown file ending '.doc'"):
        session.run("table.csv", "out.doc")
    with pytest.raises(InputError, match="would be written over the input"):
        session.run("table.csv", "table.csv")
    with pytest.raises(InputError, match=r"small\.yaml: would be written over the input"):
        session.run("table.csv", "small.yaml", format="json")
    with pytest.raises(ValueError, match="only a run into a file"):
        session.run("table.csv", None, resume=True)
    with pytest.raises(ValueError, match="no format is called 'yaml'"):
        session.run("table.csv", "out.csv", format="yaml")
    assert sorted(path.name for path in Path().iterdir()) == ["leak.txt", "small.yaml", "table.csv"]


def test_one_is_written_as_an_object_many_as_an_array(session: Session) -> None:
    one = session.match(LEAK)
    session.write(one, "one.json")
    session.write([one, one], "two.json")
    assert json.loads(Path("one.json").read_text("utf-8"))["verdict"] == one.verdict
    assert len(json.loads(Path("two.json").read_text("utf-8"))) == 2
    with pytest.raises(InputError, match="a table is for the terminal"):
        session.write(one, "x.txt", format="table")


def test_settings_for_another_encoder_are_refused(session: Session) -> None:
    with pytest.raises(SettingsError, match="is for the encoder 'words', not 'e5'"):
        Session("small.yaml", session.settings, "e5").match(LEAK)


def test_a_ledger_is_asked_for_its_cases_from_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATCHMAKER_LEDGER", "ledger.db")
    assert Session("small.yaml", encoder="words").match(LEAK).ledger is None  # it is not there yet
    given = ("--title", "供水管网漏损检测", "--institute", "alpha", "--institutes", "small.yaml")
    assert CliRunner().invoke(app, ["cases", "add", *given]).exit_code == 0
    found = Session("small.yaml", encoder="words", as_of=date(2026, 5, 6)).match(LEAK)
    assert found.ledger is not None
    assert found.ledger.endswith("as of 2026-05-06")
    assert found.matches[0].similarities["cases"]
    assert Session("small.yaml", encoder="words", ledger="none").match(LEAK).ledger is None


def test_a_session_forgets_when_it_is_closed_and_reads_anew(session: Session) -> None:
    first = session.match(LEAK)
    with session:
        held = session.matcher
    assert session.matcher is not held
    assert session.match(LEAK) == first


def test_the_usual_session_is_one_line() -> None:
    found = matchmaker.match("供水管网漏水找不到漏点")
    assert found.matches[0].institute == "giii"
    assert matchmaker.match(["供水管网漏水找不到漏点"]) == [found]
    assert matchmaker.__version__


def test_a_shortlist_is_a_frame() -> None:
    pandas = pytest.importorskip("pandas")
    frame = shortlist_example().to_frame()
    assert list(frame["institute"]) == ["alpha", "beta"]
    assert list(frame.columns)[:4] == ["problem", "rank", "institute", "name"]
    assert frame["keywords"].tolist() == [0.62, 0.62]
    empty = unmatched_example().model_copy(update={"matches": ()}).to_frame()
    assert (len(empty), next(iter(empty.columns))) == (0, "problem")
    assert isinstance(pandas.concat([frame, empty]), pandas.DataFrame)


def test_without_pandas_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        MissingExtraError,
        match=r"Shortlist.to_frame: needs pandas; run: pip install 'matchmaker-techtransfer\[frame\]'",
    ):
        shortlist_example().to_frame()


def test_a_notebook_shows_a_table_and_every_text_literally() -> None:
    shown = shortlist_example(Problem(title="<script>alert(1)</script> & 漏水"))._repr_html_()
    assert "<script" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; 漏水" in shown
    assert "<td>甲工业智能研究院</td><td>strong</td><td>0.87</td>" in shown
