"""``evaluate``, ``calibrate`` and ``--settings`` as the shell sees them, on a tiny world."""

from __future__ import annotations

import csv
import json
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from matchmaker.cli import app
from matchmaker.evaluation import MEASURES, load_run
from matchmaker.evaluation.verdicts import OF_VERDICTS
from matchmaker.matching.settings import Settings, load_settings

WORLD = Path(__file__).parents[1] / "data" / "evaluation"
FILES = ("--problems", "problems.csv", "--institutes", "institutes.jsonl")


@pytest.fixture(autouse=True)
def _in_a_folder_with_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(WORLD, tmp_path, dirs_exist_ok=True)


def run(*args: str, columns: int = 100) -> Result:
    env = {"COLUMNS": str(columns), **dict.fromkeys(("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"))}
    result = CliRunner().invoke(app, args, env=env, prog_name="matchmaker")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def evaluate(*args: str, columns: int = 100) -> Result:
    return run("evaluate", "--qrels", "qrels.txt", *args, columns=columns)


def report(*args: str) -> dict[str, Any]:
    result = evaluate(*args, "--format", "json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


# --- evaluate ---------------------------------------------------------------------------------------------------------


def test_measures_are_printed_with_intervals() -> None:
    result = evaluate(*FILES, "--judged-only", "--lang", "en")
    assert (result.exit_code, result.stderr) == (0, "")
    first, *lines = result.stdout.splitlines()
    assert first.startswith("6 problems, 5 judged, 1 of them without a relevant institute; 14 judged pairs, 4 at least")
    for name in MEASURES:
        (line,) = [line for line in lines if line.startswith(f"{name} ")]
        assert " … " in line


def test_headings_are_in_the_language_of_the_system_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "评测结果" in evaluate(*FILES, "--lang", "zh").stdout
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "评测结果" in evaluate(*FILES).stdout
    assert "Measures" in evaluate(*FILES, "--lang", "en").stdout


def test_the_report_as_json() -> None:
    found = report(*FILES, "--judged-only", "--sweep")
    assert found["settings"] == Settings().fingerprint
    assert found["problems"] == {"read": 6, "judged": 5, "without_relevant": 1}
    assert found["pairs"] == {"judged": 14, "relevant": 4}
    assert found["measures"]["judged"]["value"] == round(5 / 6, 6)
    assert found["measures"]["MRR"]["n"] == 4
    assert found["measures"]["nDCG@10"]["value"] == 1.0  # a world this easy
    assert set(found["by_problem"]) == {"leak", "noise", "scratch", "film", "tea"}
    assert found["by_problem"]["film"]["MRR"] is None
    assert len(found["sweep"]) == 19
    assert sum(one["n"] for one in found["reliability"]) == 14


def test_a_run_that_is_written_measures_the_same_when_it_is_read() -> None:
    matched = report(*FILES, "--run-out", "run.txt")
    assert set(load_run(Path("run.txt"))) == {"leak", "noise", "scratch", "film", "tea", "more"}
    read = report("--run", "run.txt", *FILES)
    assert {name: read["measures"][name] for name in MEASURES if name not in OF_VERDICTS} == {
        name: matched["measures"][name] for name in MEASURES if name not in OF_VERDICTS
    }
    nothing = {"value": None, "low": None, "high": None, "n": 0}
    assert [read["measures"][name] for name in OF_VERDICTS] == [nothing] * 3  # a run holds no verdicts
    assert read["verdicts"] is None
    assert read["run"] == "run.txt"
    assert "settings" not in read
    alone = report("--run", "run.txt")
    assert alone["measures"]["judged"]["value"] == 1  # without the table, nobody knows of the sixth problem
    assert alone["by_problem"] == matched["by_problem"]


def test_a_run_of_judged_pairs_alone() -> None:
    report(*FILES, "--judged-only", "--run-out", "run.txt")
    assert {problem: len(scores) for problem, scores in load_run(Path("run.txt")).items()} == {
        "leak": 3, "noise": 3, "scratch": 3, "film": 2, "tea": 3,
    }  # fmt: skip


def test_comparison_with_another_run() -> None:
    Path("other.txt").write_text("leak Q0 fans 1 0.9 x\nleak Q0 leaks 2 0.5 x\nnoise Q0 fans 1 0.8 x\n", "utf-8")
    found = report(*FILES, "--judged-only", "--compare", "other.txt")["comparison"]
    assert (found["MRR"]["n_wins"], found["MRR"]["n_ties"], found["MRR"]["n_losses"]) == (3, 1, 0)
    assert found["MRR"]["value"] == (0.5 + 0 + 1 + 1) / 4
    printed = evaluate(*FILES, "--judged-only", "--compare", "other.txt", "--lang", "en").stdout
    assert "Compared with the other run" in printed
    assert "+0.625" in printed


EVERYBODY = ("--settings", "everybody.toml")
NOBODY = ("--settings", "nobody.toml")


def write_bounds() -> None:
    """Settings that call any score fair, and settings that call none even weak; all scores are from 0.5 to 0.9."""
    weights = "intercept = 0\n[weights]\nkeywords = 0.1\nlexical = 0.1\nsemantic = 1\nsamples = 0.1\n"
    Path("everybody.toml").write_text(f"{weights}[bounds]\nstrong = 1.0\nfair = 0.02\nweak = 0.01\n", "utf-8")
    Path("nobody.toml").write_text(f"{weights}[bounds]\nstrong = 1.0\nfair = 0.99\nweak = 0.98\n", "utf-8")


def test_verdicts_are_measured() -> None:
    write_bounds()
    found = report(*FILES, *EVERYBODY)
    assert found["errors"] is None  # not asked for
    verdicts = found["verdicts"]
    # "film" is said to be matched, and nobody fits
    assert {name: n for name, n in verdicts.items() if name != "by_level"} == {
        "matched": 5, "unclear": 0, "none": 0, "missing": 0, "right": 4,
    }  # fmt: skip
    assert found["measures"]["precision"]["value"] == 0.8
    assert found["measures"]["recall"]["value"] == 1.0
    assert found["measures"]["F1"]["value"] == round(8 / 9, 6)
    fair = verdicts["by_level"][1]
    assert (fair["level"], fair["n"], fair["n_relevant"], fair["share"]) == ("fair", 5, 4, 0.8)
    assert fair["wilson"] == pytest.approx([0.3755, 0.9638], abs=1e-4)
    assert fair["low"] < 0.8 < fair["high"]
    for empty in (one for one in verdicts["by_level"] if one is not fair):
        assert {empty[name] for name in ("share", "low", "high", "wilson")} == {None}
        assert (empty["n"], empty["n_relevant"]) == (0, 0)


def test_where_nothing_is_said_to_be_matched_all_is_missed() -> None:
    write_bounds()
    found = report(*FILES, *NOBODY, "--errors", "9")
    assert found["measures"]["precision"] == {"value": None, "low": None, "high": None, "n": 0}
    assert (found["measures"]["recall"]["value"], found["measures"]["F1"]["value"]) == (0, 0)
    assert [one["kind"] for one in found["errors"]] == ["missed"] * 4
    assert [one["n"] for one in found["verdicts"]["by_level"]] == [0, 0, 0, 5]


def test_among_judged_institutes_alone_the_first_of_them_is_said() -> None:
    write_bounds()
    Path("qrels.txt").write_text("leak 0 fans 3\n", "utf-8")
    everybody = report(*FILES, *EVERYBODY, "--errors", "9")
    assert [(one["problem"], one["institute"], one["grade"]) for one in everybody["errors"]] == [
        ("leak", "leaks", None)
    ]
    judged = report(*FILES, *EVERYBODY, "--errors", "9", "--judged-only")
    assert (judged["errors"], judged["verdicts"]["right"]) == ([], 1)


def test_verdicts_are_those_of_a_batch() -> None:
    """A report counts what the user was told."""
    told = run("batch", "problems.csv", *FILES[2:], "--format", "jsonl", "-q", "--top", "1").stdout.splitlines()
    answers = [json.loads(line) for line in told]
    found = report(*FILES)["verdicts"]
    judged = [answer for answer in answers if answer["problem"]["id"] != "more"]
    for verdict in ("matched", "unclear", "none"):
        assert found[verdict] == sum(answer["verdict"] == verdict for answer in judged)
    for one in found["by_level"]:
        assert one["n"] == sum(answer["matches"][0]["level"] == one["level"] for answer in judged)


def test_verdicts_and_levels_are_printed() -> None:
    write_bounds()
    printed = evaluate(*FILES, *EVERYBODY, "--lang", "en").stdout
    assert "Answers: 5 matched, 4 of them with a relevant institute first; 0 unclear; 0 none." in printed
    assert "The first institute, by its level" in printed
    (line,) = [line for line in printed.splitlines() if line.startswith("Ask first ")]
    assert line.split() == ["Ask", "first", "5", "4", "0.800", "0.376", "…", "0.964"]
    (line,) = [line for line in printed.splitlines() if line.startswith("No match ")]
    assert line.split() == ["No", "match", "0", "0", "-", "-"]
    Path("run.txt").write_text("leak Q0 leaks 1 0.9 x\n", "utf-8")
    of_run = evaluate("--run", "run.txt", "--lang", "en", "-q").stdout
    assert "Said:" not in of_run
    assert "by its level" not in of_run
    assert "首位机构的等级与评判" in evaluate(*FILES, "--lang", "zh").stdout


def test_a_judged_problem_that_was_not_answered_is_counted() -> None:
    write_bounds()
    with Path("qrels.txt").open("a", encoding="utf-8") as file:
        file.write("gone 0 fans 3\n")
    found = report(*FILES, *EVERYBODY, "-q", "--errors", "9")
    assert (found["verdicts"]["missing"], found["measures"]["recall"]["value"]) == (1, 0.8)
    assert [one["problem"] for one in found["errors"]] == ["film"]


def test_errors_are_shown_with_what_led_there() -> None:
    write_bounds()
    found = report(*FILES, *EVERYBODY, "--errors", "5", "--judged-only")["errors"]
    (error,) = found
    assert (error["problem"], error["title"], error["kind"]) == ("film", "茶饮品牌宣传片", "nobody_fits")
    assert (error["verdict"], error["institute"], error["level"]) == ("matched", "teas", "fair")
    assert (error["grade"], error["best"], error["best_grade"]) == (1, ["teas"], 1)
    (reason,) = error["reasons"]
    assert (reason["kind"], reason["term"], reason["found"]) == ("sentence", "茶叶发酵工艺", "茶饮品牌宣传片")
    asked = (*FILES, *EVERYBODY, "--errors", "5", "--lang", "en")
    printed = evaluate(*asked).stdout
    assert "Wrong verdicts, worst first" in printed
    assert "茶饮品牌宣传片" in printed
    page = evaluate(*asked, "--format", "md").stdout
    assert "| film 茶饮品牌宣传片 | nobody fits | matched: teas Ask first 0." in page
    assert "Wrong verdicts" not in evaluate(*FILES, *EVERYBODY, "--lang", "en").stdout


def test_all_errors_go_to_a_file_whatever_is_shown() -> None:
    write_bounds()
    Path("qrels.txt").write_text("leak 0 fans 3\nnoise 0 leaks 2\ntea 0 teas 0\nscratch 0 vision 0\n", "utf-8")
    result = evaluate(*FILES, *EVERYBODY, "--errors", "1", "--errors-out", "errors.csv", "--format", "json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert [one["kind"] for one in json.loads(result.stdout)["errors"]].count("wrong_first") == 1
    with Path("errors.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted((row["problem_id"], row["kind"]) for row in rows) == [
        ("leak", "wrong_first"), ("noise", "wrong_first"), ("scratch", "nobody_fits"), ("tea", "nobody_fits"),
    ]  # fmt: skip
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    for name in ("errors.md", "errors.XLSX"):
        assert evaluate(*FILES, *EVERYBODY, "--errors-out", name).exit_code == 0
    assert Path("errors.md").read_text("utf-8").count("\n| ") == 4 + 2  # and the headings
    assert Path("errors.XLSX").read_bytes().startswith(b"PK")


def test_gates_on_verdicts() -> None:
    write_bounds()
    assert evaluate(*FILES, *EVERYBODY, "--at-least", "precision=0.8", "--at-least", "f1=0.8").exit_code == 0
    result = evaluate(*FILES, *EVERYBODY, "--at-least", "precision=0.9")
    assert (result.exit_code, result.stderr) == (5, "gate: precision is 0.800000, asked for at least 0.9\n")
    Path("run.txt").write_text("leak Q0 leaks 1 0.9 x\n", "utf-8")
    result = evaluate("--run", "run.txt", "-q", "--at-least", "recall=0")
    assert (result.exit_code, result.stderr) == (5, "gate: recall is not defined, asked for at least 0\n")


def test_markdown() -> None:
    result = evaluate(*FILES, "--format", "md", "--sweep", "--lang", "en")
    assert (
        "## Measures\n\n| Measure | Value | 95 % interval | Over | Meaning |\n| --- | --: | --: | --: | --- |\n"
        in result.stdout
    )
    assert "## Score thresholds" in result.stdout


def test_the_ending_of_the_output_gives_the_format() -> None:
    assert evaluate(*FILES, "-o", "report.json").stdout == ""
    assert json.loads(Path("report.json").read_text("utf-8"))["pairs"]["judged"] == 14
    assert evaluate(*FILES, "-o", "report.md").exit_code == 0
    assert Path("report.md").read_text("utf-8").startswith("6 problems")
    assert evaluate(*FILES, "-o", "report.csv").exit_code == 2


def test_gates_that_hold() -> None:
    result = evaluate(
        *FILES, "--judged-only", "--at-least", "ndcg@10=0.75", "--at-most", "ECE=1", "--at-least", "MRR=1"
    )
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_gate_that_is_not_met_is_exit_code_5_after_the_report() -> None:
    Path("other.txt").write_text("leak Q0 fans 1 0.9 x\nleak Q0 leaks 2 0.5 x\n", "utf-8")
    result = evaluate("--run", "other.txt", "-q", "--at-least", "MRR=0.5", "--at-least", "judged=0.5")
    assert result.exit_code == 5
    assert result.stderr == "gate: MRR is 0.125000, asked for at least 0.5\n"
    assert "nDCG@10" in result.stdout


def test_a_measure_that_nothing_defines_meets_no_gate() -> None:
    Path("qrels.txt").write_text("leak 0 fans 0\n", "utf-8")
    result = evaluate(*FILES, "--at-least", "MRR=0")
    assert result.exit_code == 5
    assert "MRR is not defined" in result.stderr


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--at-least", "nDGC@10=0.7"], "no measure is called 'nDGC@10' (did you mean 'nDCG@10'?)"),
        (["--at-least", "MRR"], "'MRR' is not MEASURE=VALUE"),
        (["--at-least", "MRR=75"], "'MRR=75' is not MEASURE=VALUE with a value from 0 to 1"),
        (["--at-least", "ECE=0.05"], "of ECE less is better: use --at-most ECE=VALUE"),
        (["--at-most", "MRR=0.5"], "of MRR more is better"),
        (["--run", "qrels.txt", "--settings", "x.toml"], "--settings and --encoder change nothing"),
        (["-o", "x.json", "--format", "table"], "a table is for the terminal"),
        (["--errors-out", "x.json"], "x.json: unknown file ending '.json'; use one of .csv .md .xlsx"),
        (["--run", "qrels.txt", "--errors", "3"], "a --run holds scores and no verdicts"),
        (["--run", "qrels.txt", "--errors-out", "x.csv"], "a --run holds scores and no verdicts"),
        (["--errors", "-1"], "Invalid value for '--errors': give 0 or more"),
    ],
)
def test_misuse(args: list[str], told: str) -> None:
    result = evaluate(*FILES, *args, columns=200)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


def test_neither_problems_nor_a_run() -> None:
    assert evaluate().exit_code == 2


def test_unknown_ids_are_named() -> None:
    Path("qrels.txt").write_text("leak 0 leaks 3\nleak 0 nobody 0\ngone 0 fans 2\nelse 0 fans 2\n", "utf-8")
    result = evaluate(*FILES)
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "note: 2 judged problems not among the problems; they count 0: else, gone",
        "note: 1 judged institute not among the institutes; they score 0: nobody",
    ]
    assert evaluate(*FILES, "-q").stderr == ""


def test_faulty_files_are_exit_code_3() -> None:
    Path("qrels.txt").write_text("leak 0 leaks 9\nleak leaks\n", "utf-8")
    result = evaluate(*FILES)
    assert (result.exit_code, result.stdout) == (3, "")
    assert len(result.stderr.splitlines()) == 2
    assert result.stderr.startswith("error: qrels.txt, line 1: '9' is not a grade; ")


def test_a_rejected_row_is_exit_code_3_after_the_report() -> None:
    with Path("problems.csv").open("a", encoding="utf-8") as file:
        file.write("bad,,\n")
    result = evaluate(*FILES)
    assert result.exit_code == 3
    assert "rejected: problems.csv, line 8" in result.stderr
    assert "nDCG@10" in result.stdout


def test_an_output_never_replaces_an_input() -> None:
    for args in (("--run-out", "qrels.txt"), ("--errors-out", "problems.csv")):
        result = evaluate(*FILES, *args)
        assert result.exit_code == 3
        assert "would be written over the input" in result.stderr
    assert Path("qrels.txt").read_text("utf-8").startswith("leak 0 leaks 3")


def test_without_the_extra_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """At once: the row that cannot be read is not told any more."""
    with Path("problems.csv").open("a", encoding="utf-8") as file:
        file.write("bad,,\n")
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    install = "pip install 'matchmaker-techtransfer[evaluate]'"
    english, chinese = evaluate(*FILES, "--lang", "en"), evaluate(*FILES, "--lang", "zh")
    assert (english.exit_code, english.stdout) == (chinese.exit_code, chinese.stdout) == (4, "")
    assert english.stderr == f"error: evaluate: measures need the package 'ir_measures'; {install}\n"
    assert chinese.stderr == f"错误：evaluate：计算指标需要软件包“ir_measures”；{install}\n"


def test_calibrate_needs_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    result = calibrate()
    assert (result.exit_code, result.stderr) == (0, "wrote settings.toml\n")


# --- calibrate and --settings -----------------------------------------------------------------------------------------


def calibrate(*args: str) -> Result:
    return run("calibrate", "--qrels", "qrels.txt", *FILES, "-o", "settings.toml", *args)


def test_calibrate_writes_settings_that_can_be_used() -> None:
    result = calibrate("--lang", "en")
    assert result.exit_code == 0, result.output
    assert result.stderr == "wrote settings.toml\n"
    assert "Fits (cross-validated)" in result.stdout
    assert "█ share, ┃ mean score" in result.stdout
    text = Path("settings.toml").read_text("utf-8")
    assert text.startswith("# Settings of matchmaker, fitted by")
    assert "14 judged pairs of 5 problems, 4 at least fair" in text
    assert set(tomllib.loads(text)) == set(Settings.model_fields) - {"record"}
    fitted = load_settings(Path("settings.toml"))
    assert fitted != Settings()
    assert report(*FILES, "--settings", "settings.toml")["settings"] == fitted.fingerprint


def test_a_record_of_other_numbers_is_not_kept() -> None:
    Path("start.toml").write_text('[record]\nfair = [30, 18]\ndate = "2026-11"\nby = "assessors"\n')
    assert calibrate("--settings", "start.toml").exit_code == 0
    assert load_settings(Path("settings.toml")).record is None


def test_calibrate_is_the_same_each_time() -> None:
    calibrate()
    first = Path("settings.toml").read_bytes()
    calibrate()
    assert Path("settings.toml").read_bytes() == first


def test_calibrate_with_groups_and_a_diagram() -> None:
    result = calibrate("--pool-groups", "2", "--svg", "diagram.svg", "--lang", "en")
    assert result.exit_code == 0, result.output
    assert "(taken)" in result.stdout
    root = ElementTree.parse("diagram.svg").getroot()  # noqa: S314 - our own file
    texts = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert any(text.startswith("single profiles: n = 14, ECE = ") for text in texts)
    assert any(text.startswith("groups: n = ") for text in texts)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}circle"))) > 2


def test_the_cross_validated_scores_can_be_measured() -> None:
    assert calibrate("--run-out", "run.txt").exit_code == 0
    found = report("--run", "run.txt", "--judged-only")
    assert found["pairs"]["judged"] == 14
    assert found["unknown"]["n_missing_pairs"] == found["unknown"]["n_unjudged_pairs"] == 0
    assert found["measures"]["ECE"]["value"] != report(*FILES, "--judged-only")["measures"]["ECE"]["value"]


def test_calibrate_needs_judgements_of_both_kinds() -> None:
    Path("qrels.txt").write_text("leak 0 leaks 0\nnoise 0 fans 1\n", "utf-8")
    result = calibrate()
    assert (result.exit_code, result.stdout) == (3, "")
    assert "no judged pair is at least fair" in result.stderr
    assert not Path("settings.toml").exists()


def test_calibrate_says_what_is_left_out() -> None:
    with Path("qrels.txt").open("a", encoding="utf-8") as file:
        file.write("gone 0 fans 3\n")
    result = calibrate()
    assert result.exit_code == 0
    assert "note: 1 judged pairs left out; unknown: 1 problems, 0 institutes (gone" in result.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("match", "--text", "供水管网漏水", "--format", "json"),
        ("problems", "problems.csv", "--for", "leaks", "--format", "json", "-q"),
        ("batch", "problems.csv", "--format", "jsonl", "-q"),
        ("institutes", "search", "漏损检测", "--format", "json"),
    ],
)
def test_settings_change_what_commands_say(command: tuple[str, ...]) -> None:
    Path("settings.toml").write_text("intercept = -9.5\n", "utf-8")
    files = ("--institutes", "institutes.jsonl")
    shipped, changed = run(*command, *files), run(*command, *files, "--settings", "settings.toml")
    assert (shipped.exit_code, changed.exit_code) == (0, 0)
    assert shipped.stdout != changed.stdout
    Path("settings.toml").write_text("intercpt = -9.5\n", "utf-8")
    faulty = run(*command, *files, "--settings", "settings.toml")
    assert (faulty.exit_code, faulty.stdout) == (3, "")
    assert "unknown field 'intercpt' (did you mean 'intercept'?)" in faulty.stderr
