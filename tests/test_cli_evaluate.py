"""``evaluate``, ``calibrate`` and ``--settings`` as the shell sees them, on a tiny world."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from matchmaker.cli import app
from matchmaker.evaluation import load_run
from matchmaker.settings import Settings, load_settings

WORLD = Path(__file__).parent / "data" / "evaluation"
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
    for name in ("nDCG@10", "MRR", "P@1", "recall@3", "pairwise", "AUC", "ECE", "judged", "abstention"):
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
    assert read["measures"] == matched["measures"]
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


def test_markdown() -> None:
    result = evaluate(*FILES, "--format", "md", "--sweep", "--lang", "en")
    assert (
        "## Measures\n\n| Measure | Value | 95 % interval | Over | Meaning |\n| --- | --: | --: | --: | --- |\n"
        in result.stdout
    )
    assert "## Least scores" in result.stdout


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
    assert result.stderr.startswith("error: qrels.txt, line 1: '9' is no grade; ")


def test_a_rejected_row_is_exit_code_3_after_the_report() -> None:
    with Path("problems.csv").open("a", encoding="utf-8") as file:
        file.write("bad,,\n")
    result = evaluate(*FILES)
    assert result.exit_code == 3
    assert "rejected: problems.csv, line 8" in result.stderr
    assert "nDCG@10" in result.stdout


def test_an_output_never_replaces_an_input() -> None:
    result = evaluate(*FILES, "--run-out", "qrels.txt")
    assert result.exit_code == 3
    assert "would be written over the input" in result.stderr
    assert Path("qrels.txt").read_text("utf-8").startswith("leak 0 leaks 3")


def test_without_the_extra_the_message_says_what_to_install() -> None:
    """In a process of its own, where the package cannot be found."""
    code = "import sys; sys.modules['ir_measures'] = None; from matchmaker.cli import main; main()"
    args = ["evaluate", "--qrels", "qrels.txt", *FILES]
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (4, b"")
    assert b"pip install 'matchmaker[evaluate]'" in done.stderr


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
    assert set(tomllib.loads(text)) == set(Settings.model_fields)
    fitted = load_settings(Path("settings.toml"))
    assert fitted != Settings()
    assert report(*FILES, "--settings", "settings.toml")["settings"] == fitted.fingerprint


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
