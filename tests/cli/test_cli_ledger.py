"""The commands that use a ledger: what they print, in both languages, and their exit codes."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from matchmaker.cli import app
from matchmaker.ledger import schema
from matchmaker.ledger.referrals import REASONS, STATES
from matchmaker.writing import REASON_WORDS
from matchmaker.writing.terminal.ledger import STATE_WORDS
from worlds import small_registry

TABLE = (
    "需求编号,需求名称,需求描述,企业名称,承担单位,年份,效益（万元）,来源,解决情况\n"
    "1,管网漏损检测,找不到漏点,示例水务有限公司,甲工业智能研究院,2024,120,https://example.org,已解决\n"
    "2,表面缺陷,示例水务也有,示例电子有限公司,beta、AIII,2023,,年报,部分解决\n"
)
BAD = "3,什么,什么事,示例厂,谁也不是,2023,1,年报,\n"
WITHOUT_COLOUR = dict.fromkeys(("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "LANG", "LC_ALL"))


@pytest.fixture(autouse=True)
def _in_a_folder_with_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MATCHMAKER_USER", "张三")
    registry = small_registry().model_dump(mode="json", by_alias=True, exclude_none=True)
    registry.pop("fingerprint")
    Path("small.yaml").write_text(json.dumps({"schema": 1, **registry}, ensure_ascii=False), "utf-8")
    Path("cases.csv").write_text(TABLE, "utf-8")
    Path("leak.txt").write_text("供水管网漏损检测\n管道漏水找不到漏点。\n", "utf-8")


def run(*args: str, stdin: str = "", ledger: str = "l.db", **env: str) -> Result:
    given = {"COLUMNS": "100", "MATCHMAKER_LEDGER": ledger, **WITHOUT_COLOUR, **env}
    result = CliRunner().invoke(app, args, input=stdin.encode(), env=given, prog_name="matchmaker")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def small(*args: str, **more: str) -> Result:
    return run(*args, "--institutes", "small.yaml", **more)


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(result: Result, *parts: str) -> None:
    assert result.exit_code == 3, result.output
    assert result.stdout == ""
    for part in parts:
        assert part in result.stderr


def data(*args: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(done(small(*args, "--format", "json")))
    return found


# --- cases ------------------------------------------------------------------------------------------------------------


def test_importing_twice_adds_nothing() -> None:
    first = small("cases", "import", "cases.csv")
    assert first.exit_code == 0
    assert first.stdout == ""
    assert "institutes <- 承担单位" in first.stderr
    assert "cases added: 2; there already: 0, with other values: 0, deleted before: 0; rows rejected: 0" in first.stderr
    again = small("cases", "import", "cases.csv", "--lang", "zh")
    assert "新增案例 0 个；已有 2 个，内容不同 0 个，此前已删除 0 个；拒收 0 行" in again.stderr
    assert [case["case_id"] for case in data("cases", "list")] == ["C-1", "C-2"]


def test_rejected_rows_are_kept_in_a_file_that_goes_when_all_is_well() -> None:
    Path("cases.csv").write_text(TABLE + BAD, "utf-8")
    result = small("cases", "import", "cases.csv")
    assert result.exit_code == 3
    assert "rejected: cases.csv, line 4, 承担单位: no institute is named '谁也不是'" in result.stderr
    kept = Path("cases.csv.rejects.csv").read_text("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(kept))
    assert (row["line"], row["需求名称"], row["承担单位"]) == ("4", "什么", "谁也不是")
    assert len(data("cases", "list")) == 2
    Path("cases.csv").write_text(TABLE, "utf-8")
    done(small("cases", "import", "cases.csv"))
    assert not Path("cases.csv.rejects.csv").exists()


def test_an_import_says_what_stays_as_it_was() -> None:
    done(small("cases", "import", "cases.csv", "-q"))
    done(run("cases", "delete", "C-2", "-q"))
    Path("cases.csv").write_text(TABLE.replace(",120,", ",121,"), "utf-8")
    result = small("cases", "import", "cases.csv")
    assert "note: cases.csv, line 2: case C-1 already exists with other values; it was not changed" in result.stderr
    assert "note: cases.csv, line 3: case C-2 says the same and was deleted; to have it back:" in result.stderr
    assert "with other values: 1, deleted before: 1" in result.stderr


def test_an_institute_that_has_left_is_shown_by_its_id_and_marked() -> None:
    Path("cases.csv").write_text(TABLE + BAD, "utf-8")
    done(small("cases", "import", "cases.csv", "--any-institute"))
    assert "谁也不是（已不在名录中）" in done(small("cases", "list"))
    assert "谁也不是 (not in the registry)" in done(small("cases", "list", "--lang", "en"))
    assert "谁也不是（已不在名录中）" in done(small("stats"))
    done(small("refer", "leak.txt", "alpha"))
    assert "alpha（已不在名录中）" in done(
        run("referrals", "list", "--lang", "zh")
    )  # the shipped registry has no alpha
    assert "alpha (not in the registry)" in done(run("referrals", "show", "R-1", "--lang", "en"))


def test_add_from_options_prints_the_id() -> None:
    args = ("cases", "add", "--title", "轴承异响", "--institute", "AIII", "--institute", "beta", "--year", "2023")
    result = small(*args, "--benefit", "3.5万", "--outcome", "partly", "--source", "年报", "--enterprise", "示例厂")
    assert (done(result), result.stderr) == ("C-1\n", "added case C-1\n")
    (case,) = data("cases", "list")
    assert {key: case[key] for key in ("title", "institutes", "year", "benefit_cny", "outcome", "enterprise")} == {
        "title": "轴承异响",
        "institutes": ["alpha", "beta"],
        "year": 2023,
        "benefit_cny": 35_000.0,
        "outcome": "partly",
        "enterprise": "示例厂",
    }
    assert case["created"]["by"] == "张三"  # type: ignore[index]
    again = small(*args, "--benefit", "3.5万", "--outcome", "partly", "--source", "年报", "--enterprise", "示例厂")
    assert (done(again), again.stderr) == ("C-1\n", "case C-1 is there already\n")
    refused(small(*args, "--enterprise", "示例厂"), "case C-1 already exists with other values")


def test_add_from_a_file_and_options_over_it() -> None:
    Path("case.yaml").write_text("title: 轴承异响\n机构: beta\n年份: 2020\n效益: 5万\n", "utf-8")
    done(small("cases", "add", "case.yaml", "--year", "2021", "--enterprise", "示例厂"))
    done(small("cases", "add", "leak.txt", "--institute", "alpha"))
    first, second = data("cases", "list")
    assert (first["year"], first["benefit_cny"], first["enterprise"]) == (2021, 50_000.0, "示例厂")
    assert second["title"] == "供水管网漏损检测"
    refused(small("cases", "add", "--title", "A"), "cases add: no institute given")
    refused(small("cases", "add", "--title", "A", "--institute", "nobody"), "no institute is named 'nobody'")
    assert small("cases", "add", "--institute", "alpha").exit_code == 2
    refused(small("cases", "add", "--title", "bad\udcff", "--institute", "alpha"), "has a broken character")


def test_doubtful_values_are_warned_of_in_both_languages() -> None:
    Path("cases.csv").write_text(TABLE.replace(",2024,", ",去年,"), "utf-8")
    assert "warning: cases.csv, line 2, 年份: expected a year, found '去年'; write it as 2026" in (
        small("cases", "import", "cases.csv").stderr
    )
    assert "警告：cases.csv" in small("cases", "import", "cases.csv", "--lang", "zh").stderr


def test_list_search_and_show_in_both_languages() -> None:
    done(small("cases", "import", "cases.csv", "-q"))
    assert "共 2 个案例" in done(small("cases", "list"))
    english = done(small("cases", "list", "--lang", "en", "--institute", "AIII", "--outcome", "solved"))
    assert "1 case\n" in english
    assert "Alpha Institute" in english
    assert "共 1 个案例" in done(small("cases", "search", "漏損"))
    assert "共 0 个案例" in done(small("cases", "list", "--year", "1999"))
    shown = done(small("cases", "show", "C-1"))
    for part in ("管网漏损检测", "企业：示例水务有限公司", "效益（元）：1,200,000", "，张三"):
        assert part in shown
    assert "Benefit (yuan): 1,200,000" in done(small("cases", "show", "C-1", "--lang", "en"))
    assert json.loads(done(small("cases", "show", "C-2", "--format", "json")))["institutes"] == ["beta", "alpha"]
    assert len(done(small("cases", "list", "--format", "jsonl")).splitlines()) == 2
    refused(small("cases", "show", "C-9"), "no case has the id 'C-9'; see: matchmaker cases list")
    refused(small("cases", "show", "C-9", "--lang", "zh"), "错误：", "没有编号为“C-9”的案例")
    assert small("cases", "list", "--format", "csv").exit_code == 2


def test_delete_and_restore() -> None:
    done(small("cases", "import", "cases.csv", "-q"))
    assert "deleted case C-1; to have it back: matchmaker cases restore C-1" in run("cases", "delete", "C-1").stderr
    assert [case["case_id"] for case in data("cases", "list")] == ["C-2"]
    assert [case["case_id"] for case in data("cases", "list", "--deleted")] == ["C-1"]
    assert "删除：" in done(small("cases", "show", "C-1"))
    refused(run("cases", "delete", "C-1"), "case C-1 is deleted already")
    assert "已恢复案例 C-1" in run("cases", "restore", "C-1", "--lang", "zh").stderr
    refused(run("cases", "restore", "C-1"), "case C-1 is not deleted")


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_an_export_goes_into_another_ledger_as_it_is(ending: str) -> None:
    done(small("cases", "import", "cases.csv", "-q"))
    assert f"wrote out.{ending}" in run("cases", "export", "-o", f"out.{ending}").stderr
    done(small("cases", "import", f"out.{ending}", "-q", ledger="other.db"))
    first, second = run("cases", "export"), run("cases", "export", ledger="other.db")
    assert done(first) == done(second) != ""
    same = small("cases", "import", f"out.{ending}")
    assert "there already: 2" in same.stderr


def test_an_export_to_stdout_has_a_mark_only_as_csv() -> None:
    done(small("cases", "import", "cases.csv", "-q"))
    assert done(run("cases", "export", "--format", "csv")).startswith("\ufeffcase_id,")
    assert done(run("cases", "export")).startswith('{"case_id": "C-1"')
    assert done(run("cases", "export", "--format", "md", "--lang", "en")).startswith("| Case |")
    assert run("cases", "export", "-o", "x.pdf").exit_code == 2


def test_anonymise_shows_no_name() -> None:
    done(small("cases", "import", "cases.csv", "-q"))
    result = run("cases", "anonymise")
    assert "示例水务" not in done(result)
    assert "企业-001也有" in result.stdout
    assert "read it before you pass it on" in result.stderr
    assert "请通读" in run("cases", "anonymise", "--lang", "zh").stderr


# --- referrals --------------------------------------------------------------------------------------------------------


def test_a_referral_from_proposed_to_solved() -> None:
    result = small("refer", "leak.txt", "AIII", "--note", "电话")
    assert (done(result), result.stderr) == ("R-1\n", "opened referral R-1 to alpha\n")
    (referral,) = data("referrals", "list", "--open")
    assert referral["state"] == "proposed"
    assert 0 < referral["score"] <= 1  # type: ignore[operator]
    assert str(referral["settings"]).startswith("sha256:")
    for state in ("contacted", "visited", "signed"):
        assert f"R-1 is {state}" in run("referrals", "set", "R-1", state).stderr
    last = run(
        "referrals", "set", "1", "solved", "--benefit", "20万", "--note", "验收", "--year", "2025", "--lang", "zh"
    )
    assert last.stderr == "R-1 现为 solved\n已写入案例 C-1\n"
    assert data("referrals", "list", "--open") == []
    (case,) = data("cases", "list")
    assert (case["year"], case["benefit_cny"], case["referral"], case["note"]) == (2025, 200_000.0, "R-1", "验收")
    shown = done(small("referrals", "show", "R-1"))
    for part in ("已推荐 电话", "已联系", "已走访", "已签约", "已解决 验收", "案例：C-1", "，张三"):
        assert part in shown
    history = json.loads(done(small("referrals", "show", "R-1", "--format", "json")))["history"]
    assert [step["to"] for step in history] == list(STATES[:5])


def test_what_is_not_allowed_is_refused_in_both_languages() -> None:
    done(small("refer", "leak.txt", "alpha", "-q"))
    refused(
        run("referrals", "set", "R-1", "signed"),
        "error: R-1: is proposed and cannot become signed; it may become: contacted, declined",
    )
    refused(
        run("referrals", "set", "R-1", "signed", "--lang", "zh"),
        "错误：R-1：现为 proposed，不能改为 signed；可改为：contacted, declined",
    )
    refused(run("referrals", "set", "R-1", "declined"), "declined needs a reason; the reasons are: too-early")
    done(run("referrals", "set", "R-1", "declined", "--reason", "no-answer", "--note", "三次未回", "--by", "李四"))
    assert "未成（没有回音）" in done(small("referrals", "list"))
    assert "declined (no answer)" in done(small("referrals", "list", "--lang", "en"))
    refused(run("referrals", "set", "R-1", "contacted"), "it is closed; open a new referral if needed")
    refused(run("referrals", "set", "R-9", "contacted"), "no referral has the id 'R-9'")
    assert run("referrals", "set", "R-1", "lost").exit_code == 2
    assert run("referrals", "set", "R-1", "declined", "--reason", "bored").exit_code == 2
    refused(small("refer", "leak.txt", "nobody"), "no institute is named 'nobody'")


def test_the_same_problem_is_not_referred_twice() -> None:
    done(small("refer", "leak.txt", "alpha"))
    refused(small("refer", "leak.txt", "alpha"), "R-1 already refers this problem to 'alpha'")


def test_due_lists_what_waits() -> None:
    done(small("refer", "leak.txt", "alpha"))
    assert "共 1 条推荐" in done(small("referrals", "due", "--days", "0"))
    assert [one["days"] for one in data("referrals", "due", "--days", "0")] == [0]
    assert data("referrals", "due") == []


def test_every_state_and_reason_has_words() -> None:
    assert set(STATES) == set(STATE_WORDS)
    assert set(REASONS) == set(REASON_WORDS)


# --- judgements -------------------------------------------------------------------------------------------------------


def test_judging_without_being_asked() -> None:
    result = small("judge", "leak.txt", "--grades", "alpha=3, 乙软件应用技术研究院=0")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "kept 2 judgements of 张三\n")
    found = data("judgements", "list")
    assert [(one["institute"], one["grade"], one["judge"], one["blind"]) for one in found] == [
        ("alpha", 3, "张三", False),
        ("beta", 0, "张三", False),
    ]
    for wrong in ("alpha", "alpha=4", "alpha=", "alpha=1,AIII=2"):
        assert small("judge", "leak.txt", "--grades", wrong).exit_code == 2
    refused(small("judge", "leak.txt", "--grades", "nobody=1"), "no institute is named 'nobody'")


def test_judging_by_answers() -> None:
    result = small("judge", "leak.txt", "--top", "2", stdin="x\n３\n0\n", LANG="en")
    assert result.exit_code == 0
    assert "write 0, 1, 2, 3, s or q" in result.stderr or "请输入 0、1、2、3、s 或 q" in result.stderr
    assert [one["grade"] for one in data("judgements", "list")] == [3, 0]
    assert "（建议对接）" in result.stdout  # not blind: with scores
    assert "3 强相关，2 较强相关，1 弱相关，0 无相关；s 跳过" in result.stdout


def test_stopping_and_the_end_of_input_keep_what_was_given() -> None:
    done(small("judge", "leak.txt", stdin="s\n2\nq\n1\n"))
    assert [one["grade"] for one in data("judgements", "list")] == [2]
    done(small("judge", "leak.txt", "--judge", "李四", stdin="1\n"))
    assert [one["judge"] for one in data("judgements", "list")] == ["张三", "李四"]


def test_blind_judging_shows_no_score_and_no_order() -> None:
    result = small(
        "judge", "leak.txt", "--blind", "--top", "1", "--random-others", "2", "--seed", "4", stdin="1\n2\n3\n"
    )
    shown = done(result)
    assert "随机种子：4" in shown
    assert "0." not in shown
    assert "建议对接" not in shown
    found = data("judgements", "list")
    assert {one["institute"] for one in found} == {"alpha", "beta", "centre"}
    assert {(one["blind"], one["seed"]) for one in found} == {(True, 4)}
    orders = {
        done(small("judge", "leak.txt", "--blind", "--seed", str(seed), stdin="q\n")).split("\n\n", 1)[1]
        for seed in range(8)
    }
    assert len(orders) > 1
    assert small("judge", "leak.txt", "--random-others", "1").exit_code == 2


def test_exported_judgements_are_what_evaluate_reads() -> None:
    done(small("judge", "leak.txt", "--grades", "alpha=3,beta=0,centre=0"))
    done(small("judge", "leak.txt", "--grades", "alpha=1", "--judge", "李四"))
    Path("vision.md").write_text("# 表面缺陷检测\n\n漏检多。\n", "utf-8")
    done(small("judge", "vision.md", "--grades", "beta=2,alpha=0"))
    result = run("judgements", "export", "-o", "q.txt", "--problems", "p.jsonl")
    assert result.stderr == "wrote q.txt\nwrote p.jsonl\n"
    assert Path("q.txt").read_text().splitlines() == [
        "leak 0 alpha 1",
        "leak 0 beta 0",
        "leak 0 centre 0",
        "vision 0 beta 2",
        "vision 0 alpha 0",
    ]
    assert done(run("judgements", "export", "--judge", "李四")) == "leak 0 alpha 1\n"
    measured = small("evaluate", "--problems", "p.jsonl", "--qrels", "q.txt", "--format", "json")
    found = json.loads(done(measured))
    assert found["problems"] == {"read": 2, "judged": 2, "without_relevant": 1}
    assert not any(value for name, value in found["unknown"].items() if name != "n_unjudged_pairs")
    refused(run("judgements", "export", "--judge", "nobody"), "holds no such judgement")


def test_agreement_of_two_judges() -> None:
    for name, grades in (("甲", "alpha=3,beta=0"), ("乙", "alpha=2,beta=0")):
        done(small("judge", "leak.txt", "--grades", grades, "--judge", name))
    chinese, english = done(run("judgements", "agreement")), done(run("judgements", "agreement", "--lang", "en"))
    assert "甲 与 乙 的一致性" in chinese
    assert "两人都评判的有 2 对（1 个需求），其中 1 对等级相同。" in chinese
    assert "只有一个需求，无法估计区间。" in chinese
    assert "Both graded 2 pairs (of 1 problems), 1 of them alike." in english
    found = json.loads(done(run("judgements", "agreement", "甲", "乙", "--format", "json")))
    assert (found["judges"], found["n_pairs"], found["n_same"]) == (["甲", "乙"], 2, 1)
    refused(run("judgements", "agreement", "甲"), "name two judges; the judges are: 甲, 乙")
    refused(run("judgements", "agreement", "甲", "丙"), "'丙' has judged nothing; the judges are: 甲, 乙")


def test_agreement_that_nothing_defines_is_said_plainly() -> None:
    for name, grades in (("甲", "alpha=3,beta=3"), ("乙", "alpha=3,beta=3"), ("丙", "centre=1")):
        done(small("judge", "leak.txt", "--grades", grades, "--judge", name))
    assert "kappa 没有定义" in done(run("judgements", "agreement", "甲", "乙"))
    assert "kappa is not defined" in " ".join(done(run("judgements", "agreement", "甲", "乙", "--lang", "en")).split())
    assert "两人没有共同评判的需求与机构。" in done(run("judgements", "agreement", "甲", "丙"))


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_the_alliances_record_stands_beside_and_is_never_added() -> None:
    done(small("cases", "import", "cases.csv", "-q"))
    chinese, english = done(small("stats")), done(small("stats", "--lang", "en"))
    assert "1,172 项" in chinese
    assert "示例日报，2024-05-06" in chinese
    assert "不相加" in chinese
    assert "1,172 problems" in english
    assert "never added" in english
    found = json.loads(done(small("stats", "--format", "json")))
    assert found["ledger"]["cases"]["n"] == 2
    assert [figure["value"] for figure in found["reported"]["figures"]] == [30, 1172, 3_600_000_000]
    assert found["reported"]["sources"]["NEWS"]["date"] == "2024-05-06"
    for text in (chinese, english, json.dumps(found)):
        assert "1,174" not in text
        assert "1174" not in text


@pytest.mark.parametrize("command", [("cases", "list"), ("stats",)])
@pytest.mark.parametrize("year", ["9999999999999999999999999", "-1", "20245"])
def test_what_is_no_year_is_refused(command: tuple[str, ...], year: str) -> None:
    done(small("cases", "import", "cases.csv", "-q"))
    result = small(*command, "--year", year)
    assert result.exit_code == 2
    assert "--year" in result.stderr


def test_half_a_character_in_an_option_finds_nothing() -> None:
    done(small("cases", "import", "cases.csv", "-q"))
    for args in (("cases", "list"), ("referrals", "list"), ("stats",)):
        done(small(*args, "--institute", "\udcff"))
    refused(run("cases", "show", "\udcff"), "no case has the id")
    refused(run("cases", "delete", "\udcff"), "no case has the id")
    refused(run("judgements", "export", "--judge", "\udcff"), "holds no such judgement")


@pytest.mark.parametrize("name", ["李\udcff", "李\x1b[31m\x07"])
def test_any_name_is_taken_and_found_again(name: str) -> None:
    add = ("cases", "add", "--title", "漏损", "--institute", "alpha")
    done(small(*add, MATCHMAKER_USER=name))
    done(run("cases", "delete", "C-1", "--by", name))
    done(small("refer", "leak.txt", "alpha", "--by", name, "--note", name))
    done(run("referrals", "set", "R-1", "contacted", "--by", name, "--note", name))
    done(small("judge", "leak.txt", "--grades", "alpha=3,beta=1", "--judge", name))
    done(small("judge", "leak.txt", "--grades", "alpha=3,beta=0", "--judge", "王五"))
    assert len(data("judgements", "list", "--judge", name)) == 2
    assert "alpha 3" in done(run("judgements", "export", "--judge", name))
    done(run("judgements", "agreement", name, "王五"))
    assert "nothing is damaged" in run("ledger", "check").stderr


@pytest.mark.parametrize(
    "args",
    [
        ("cases", "export", "--format", "csv", "-o", "l.db"),
        ("cases", "anonymise", "--format", "csv", "-o", "l.db"),
        ("cases", "import", "cases.csv", "--rejects", "l.db"),
        ("stats", "--format", "json", "-o", "l.db"),
        ("judgements", "export", "-o", "l.db"),
        ("judgements", "export", "--problems", "l.db"),
        ("match", "leak.txt", "--format", "json", "-o", "l.db"),
        ("explain", "leak.txt", "alpha", "--format", "json", "-o", "l.db"),
        ("report", "leak.txt", "-o", "l.db"),
        ("batch", "cases.csv", "--format", "csv", "-o", "l.db"),
        ("problems", "cases.csv", "--for", "alpha", "--format", "csv", "-o", "l.db"),
    ],
)
def test_no_output_goes_over_the_ledger(args: tuple[str, ...]) -> None:
    done(small("cases", "import", "cases.csv", "-q"))
    done(small("judge", "leak.txt", "--grades", "alpha=3", "-q"))
    result = run(*args, "--lang", "en")
    assert result.exit_code == 3
    assert "l.db: would be written over the input; give --output another name" in result.stderr
    assert "nothing is damaged" in run("ledger", "check").stderr


def test_a_seed_that_no_database_takes_is_refused() -> None:
    result = small("judge", "leak.txt", "--grades", "alpha=3", "--blind", "--seed", str(2**31))
    assert result.exit_code == 2
    assert "--seed" in result.stderr


@pytest.mark.parametrize("amount", ["1e308", "1000000000000001", "10000001亿"])
def test_a_benefit_beyond_all_reason_is_refused(amount: str) -> None:
    finding, remedy = "amount too large", "write one of at most 1,000,000,000,000,000"
    add = ("cases", "add", "--title", "漏损", "--institute", "alpha")
    refused(small(*add, "--benefit", amount), finding, remedy)
    done(small("refer", "leak.txt", "alpha", "-q"))
    refused(run("referrals", "set", "R-1", "solved", "--benefit", amount), finding)
    Path("cases.csv").write_text(f"title,institute,benefit\n漏损,alpha,{amount}\n", "utf-8")
    assert finding in small("cases", "import", "cases.csv").stderr  # the case is taken without it
    assert "benefit_cny" not in data("cases", "list")[0]


def test_the_numbers_as_csv_and_markdown() -> None:
    done(small("cases", "import", "cases.csv", "-q"))
    rows = list(csv.reader(io.StringIO(done(small("stats", "--format", "csv")))))
    assert rows[0] == ["part", "key", "counted", "value"]
    assert ["reported", "problems_solved", "problems", "1172"] in rows
    assert ["institute", "alpha", "n", "2"] in rows
    markdown = done(small("stats", "--format", "md", "--lang", "en"))
    assert "## What the alliance has reported" in markdown
    assert "| 1,172 problems | 2024 |" in markdown
    assert "Example Daily, 2024-05-06" in markdown
    assert "| Alpha Institute of Industrial Intelligence | 2 |" in markdown
    done(small("stats", "-o", "stats.json", "-q"))
    assert json.loads(Path("stats.json").read_text("utf-8"))["ledger"]["cases"]["n"] == 2
    assert small("stats", "--format", "jsonl").exit_code == 2


def test_few_referrals_get_no_share_and_five_do() -> None:
    for number in range(5):
        Path("p.txt").write_text(f"难题 {number}\n说明\n", "utf-8")
        done(small("refer", "p.txt", "alpha", "-q"))
        if number == 3:
            few = done(small("stats"))
            assert "不足 5 条时不给比例" in few
            assert "%" not in few.split("台账中的记录")[1]
    done(run("referrals", "set", "R-1", "declined", "--reason", "price", "-q"))
    many = done(small("stats"))
    assert "5 / 5   100%   ████" in many
    assert "价格不合" in many
    assert "尚无签约。" in many


# --- the store --------------------------------------------------------------------------------------------------------


def test_check_info_and_backup() -> None:
    done(small("cases", "import", "cases.csv", "-q"))
    assert run("ledger", "check").stderr == "l.db: nothing is damaged\n"
    assert "案例：2" in done(run("ledger", "info", "--lang", "zh"))
    assert "Cases: 2" in done(run("ledger", "info", "--lang", "en"))
    found = json.loads(done(run("ledger", "info", "--format", "json")))
    assert (found["place"], found["version"], found["cases"]) == ("l.db", schema.LATEST, 2)
    assert run("ledger", "backup", "copy.db").stderr == "wrote copy.db\n"
    assert len(json.loads(done(small("cases", "list", "--format", "json", ledger="copy.db")))) == 2
    refused(run("ledger", "backup", "l.db"), "is the ledger itself")
    with sqlite3.connect("l.db") as raw:
        raw.execute("DELETE FROM case_institutes")
    raw.close()
    refused(run("ledger", "check"), "l.db: case C-1 has no institute; restore a backup", "case C-2 has no institute")
    refused(run("ledger", "check", "--lang", "zh"), "案例 C-1 没有机构", "请恢复备份")


def test_without_a_ledger_commands_say_how_to_begin() -> None:
    for command in (("cases", "list"), ("referrals", "list"), ("judgements", "list"), ("stats",), ("ledger", "info")):
        refused(
            run(*command),
            "l.db: no ledger there yet; create one with: matchmaker cases import FILE, cases add or refer",
        )
    refused(run("stats", "--lang", "zh"), "没有台账")
    refused(run("cases", "list", "--ledger", "none"), "--ledger none: this command needs a ledger")
    assert not Path("l.db").exists()


def test_the_option_goes_before_the_environment() -> None:
    done(small("cases", "import", "cases.csv", "-q", "--ledger", "option.db"))
    assert Path("option.db").exists()
    assert not Path("l.db").exists()


def test_a_server_serves_the_commands_as_a_file_does(empty_postgresql: str) -> None:
    def on_server(*args: str) -> str:
        return done(small(*args, ledger=empty_postgresql))

    on_server("cases", "import", "cases.csv", "-q")
    on_server("refer", "leak.txt", "alpha", "-q")
    on_server("judge", "leak.txt", "--grades", "alpha=3")
    assert "共 2 个案例" in on_server("cases", "list")
    assert "1,172 项" in on_server("stats")
    assert "PostgreSQL" in done(run("ledger", "info", ledger=empty_postgresql))
    assert "nothing is damaged" in run("ledger", "check", ledger=empty_postgresql).stderr
    refused(run("ledger", "backup", "copy.db", ledger=empty_postgresql), "pg_dump")


def test_what_the_ledger_holds_counts_in_the_score_and_is_named() -> None:
    Path("leak.txt").write_text("找不到漏点\n老小区的管网夜里漏水。\n", "utf-8")  # not all that can be said for it
    small("cases", "import", "cases.csv")
    with_cases = json.loads(done(small("match", "leak.txt", "--format", "json", "--as-of", "2026-11-22")))
    without = json.loads(done(small("match", "leak.txt", "--format", "json", "--ledger", "none")))
    assert re.fullmatch(r"sha256:[0-9a-f]{64} as of 2026-11-22", with_cases["ledger"])
    assert "ledger" not in without
    first, before = with_cases["matches"][0], without["matches"][0]
    assert (first["institute"], before["similarities"]["cases"]) == ("alpha", None)
    assert first["score"] > before["score"]
    assert first["reasons"][0]["kind"] == "case"
    assert first["reasons"][0]["outcome"] == "solved"
    assert "管网漏损检测（已解决）" in done(small("match", "leak.txt", "--lang", "zh"))
    assert "(solved)" in done(small("match", "leak.txt", "--lang", "en", "--format", "md"))
    assert "案例" in done(small("explain", "leak.txt", "alpha"))


def test_a_deleted_case_counts_no_more_and_an_empty_ledger_nothing() -> None:
    small("cases", "import", "cases.csv")
    for id_ in ("C-1", "C-2"):
        done(run("cases", "delete", id_))
    empty = done(small("match", "leak.txt", "--format", "json"))
    assert empty == done(small("match", "leak.txt", "--format", "json", "--ledger", "none"))


def test_a_declined_referral_lowers_the_score_and_says_why() -> None:
    done(small("refer", "leak.txt", "alpha"))
    done(run("referrals", "set", "R-1", "declined", "--reason", "wrong-field"))
    lowered = json.loads(done(small("match", "leak.txt", "--format", "json")))["matches"][0]
    before = json.loads(done(small("match", "leak.txt", "--format", "json", "--ledger", "none")))["matches"][0]
    assert lowered["score"] < before["score"]
    assert "（曾谢绝：方向不符）" in done(small("match", "leak.txt", "--lang", "zh"))
    assert "(declined: wrong field)" in done(small("match", "leak.txt", "--lang", "en"))
    assert lowered["readiness"] == {"declined_recently": 0, "open_referrals": 0}


def test_readiness_is_told_beside_a_score_that_it_does_not_change() -> None:
    before = json.loads(done(small("match", "leak.txt", "--format", "json")))
    assert "ledger" not in before
    done(small("refer", "leak.txt", "alpha"))
    under_way = json.loads(done(small("match", "leak.txt", "--format", "json")))
    assert re.fullmatch(r"sha256:[0-9a-f]{64} as of \d{4}-\d\d-\d\d", under_way["ledger"])
    assert under_way["matches"][0]["readiness"] == {"declined_recently": 0, "open_referrals": 1}
    assert under_way["matches"][1]["readiness"] == {"declined_recently": 0, "open_referrals": 0}
    assert before["matches"][0]["readiness"] is None
    done(run("referrals", "set", "R-1", "declined", "--reason", "no-capacity"))
    declined = json.loads(done(small("match", "leak.txt", "--format", "json")))
    assert declined["matches"][0]["readiness"] == {"declined_recently": 1, "open_referrals": 0}
    assert {one["matches"][0]["score"] for one in (before, under_way, declined)} == {before["matches"][0]["score"]}
    assert declined["ledger"] != under_way["ledger"]
    shown = done(small("match", "leak.txt", "--lang", "zh"))
    assert shown.count("近况：近一年谢绝 1 次") == 1
    assert "（曾谢绝：人手不足）" in shown
    assert "近况：近一年谢绝 1 次" in done(small("explain", "leak.txt", "alpha", "--lang", "zh"))
    later = json.loads(done(small("match", "leak.txt", "--format", "json", "--as-of", "2099-01-01")))
    assert later["matches"][0]["readiness"] == {"declined_recently": 0, "open_referrals": 0}


def test_readiness_is_for_the_broker_alone() -> None:
    done(small("refer", "leak.txt", "alpha"))
    assert "在办推荐 1 件" in done(small("report", "leak.txt", "--lang", "zh"))
    for who in ("enterprise", "alpha"):
        assert "在办推荐" not in done(small("report", "leak.txt", "--lang", "zh", "--for", who))


def test_a_ledger_that_is_named_must_be_there() -> None:
    refused(small("match", "leak.txt", "--ledger", "nowhere.db"), "nowhere.db")
    assert done(small("match", "leak.txt", ledger="nowhere.db")) == done(small("match", "leak.txt", "--ledger", "none"))


def test_what_another_enterprise_asked_is_only_for_the_broker() -> None:
    small("cases", "import", "cases.csv")
    assert "管网漏损检测（已解决）" in done(small("report", "leak.txt", "--lang", "zh"))
    for who in ("enterprise", "alpha"):
        assert "已解决" not in done(small("report", "leak.txt", "--lang", "zh", "--for", who))
