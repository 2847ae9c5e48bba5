"""Several needs in one text: which texts are split, and what each part holds."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import yaml
from docx import Document
from typer.testing import CliRunner, Result

from matchmaker.cli import app
from matchmaker.domain import Problem, Requirements
from matchmaker.intake import load_problem, load_problems, parse_problems, read_problems, split_needs

FOLDER = Path(__file__).parents[1] / "data" / "split"
WORKED: list[dict[str, Any]] = yaml.safe_load((FOLDER / "worked.yaml").read_text(encoding="utf-8"))
FRESH: list[dict[str, Any]] = yaml.safe_load((FOLDER / "fresh.yaml").read_text(encoding="utf-8"))
BOM = "\ufeff"
HARD: list[dict[str, Any]] = yaml.safe_load((FOLDER / "hard.yaml").read_text(encoding="utf-8"))
FAILING: Mapping[str, str] = {
    "no-lead-no-trouble-words": "names alone, with nothing said before them, may be parts of one need",
    "title-names-a-line": "a title that names one thing keeps a text whole",
    "same-method-other-objects": "视觉 is not a general word, and stands in all items",
    "paragraphs-without-marks": "nothing marks the second paragraph as a need of its own",
    "one-two-in-a-sentence": "一是 begins no item after a word, but only after the end of a clause",
    "english-hard-wrapped": "a list that begins within a line is not followed into the next",
}


def written(case: Mapping[str, Any], folder: Path) -> Path:
    """The text of a case as a file of its format."""
    path = folder / f"needs.{case['format']}"
    if case["format"] == "docx":
        write_docx(case["text"], path)
    elif case["format"] == "eml":
        mail = EmailMessage()
        mail["Subject"], mail["From"] = "", "a@example.invalid"
        mail.set_content(case["text"])
        path.write_bytes(bytes(mail))
    else:
        path.write_text(case["text"], encoding="utf-8")
    return path


def write_docx(text: str, path: Path) -> None:
    """Headings, bullets and rows of a table are made of lines that begin with ``#``, ``-`` and ``|``."""
    document = Document()
    table = None
    for line in text.splitlines():
        mark, _, rest = line.partition(" ")
        if mark.startswith("#"):
            document.add_heading(rest, level=len(mark))
        elif mark == "-":
            document.add_paragraph(rest, style="List Bullet")
        elif mark == "|":
            cells = [cell.strip() for cell in line.strip("| ").split("|")]
            table = table or document.add_table(rows=0, cols=len(cells))
            for cell, value in zip(table.add_row().cells, cells, strict=True):
                cell.text = value
        else:
            document.add_paragraph(line)
    document.save(str(path))


def problems_of(case: Mapping[str, Any], folder: Path) -> tuple[Problem, ...]:
    if case["format"] == "text":
        return parse_problems(case["text"], format="txt", place="--text", default_id="needs").problems
    return load_problems(written(case, folder)).problems


def check(case: Mapping[str, Any], folder: Path) -> None:
    problems = problems_of(case, folder)
    parts: list[list[str]] = case.get("parts", [[]])
    assert len(problems) == len(parts), [problem.title for problem in problems]
    for at, words in enumerate(parts):
        for word in words:
            assert [word in problem.text for problem in problems] == [n == at for n in range(len(parts))], word
    for word in case.get("all", []):
        assert all(word in problem.description for problem in problems), word
    ids = [problem.id for problem in problems]
    assert ids == (["needs"] if len(parts) == 1 else [f"needs-{n}" for n in range(1, len(parts) + 1)])


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in WORKED])
def test_the_needs_of_a_text(case: dict[str, Any], tmp_path: Path) -> None:
    check(case, tmp_path)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case,
            id=case["name"],
            marks=[pytest.mark.xfail(reason=FAILING[case["name"]])] if case["name"] in FAILING else [],
        )
        for case in (*FRESH, *HARD)
    ],
)
def test_the_needs_of_texts_written_before_any_was_split(case: dict[str, Any], tmp_path: Path) -> None:
    check(case, tmp_path)


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in (*WORKED, *FRESH)])
def test_no_text_is_split_when_it_must_not_be(case: dict[str, Any], tmp_path: Path) -> None:
    if case["format"] == "text":
        loaded = parse_problems(case["text"], format="txt", place="--text", default_id="needs", split="never")
        assert len(loaded.problems) == 1
    else:
        path = written(case, tmp_path)
        loaded = load_problems(path, split="never")
        assert loaded.problems == (load_problem(path),)
    assert loaded.split == ()


SEVERAL = """我们厂在肇庆做铸件，有两个难题：
1. 砂芯排气不畅，铸件总有气孔
2. 清理打磨的粉尘收不干净
两项都想今年解决。"""
MORE = Problem(
    id="P-7",
    title=SEVERAL.partition("\n")[0],
    description=SEVERAL.partition("\n")[2],
    enterprise="某铸造厂",
    budget_cny=500_000,
    require=Requirements(place="广东"),
)


def test_parts_take_over_all_other_fields() -> None:
    first, second = split_needs(MORE)
    assert (first.id, second.id) == ("P-7-1", "P-7-2")
    assert (first.title, second.title) == ("砂芯排气不畅，铸件总有气孔", "清理打磨的粉尘收不干净")
    assert first.description == second.description == "我们厂在肇庆做铸件，有两个难题：\n两项都想今年解决。"
    assert {(part.enterprise, part.budget_cny, part.require.place) for part in (first, second)} == {
        ("某铸造厂", 500_000, "广东")
    }


def test_a_part_is_not_split_again() -> None:
    for part in split_needs(MORE):
        assert split_needs(part) == (part,)


def test_one_need_is_the_same_object() -> None:
    problem = Problem(id="P-8", title="供水管网漏水找不到漏点", description="要求：\n1. 不停水\n2. 定位到一米")
    assert split_needs(problem)[0] is problem


def test_a_long_first_line_is_cut_at_a_clause_and_nothing_is_lost() -> None:
    long = "铝型材挤压模具寿命短，" + "每换一次模具都要停机半天，重新对中加热，" * 4 + "想找表面强化的办法"
    problem = Problem(id="P", title="我们有两个问题：", description=f"1. {long}\n2. 冷却塔风机噪声扰民，想降噪")
    first, second = split_needs(problem)
    assert first.title == "铝型材挤压模具寿命短"
    assert f"{first.title}，{first.description.splitlines()[0]}" == long
    assert second.title == "冷却塔风机噪声扰民，想降噪"


def test_what_only_greets_and_leads_goes_to_no_part() -> None:
    text = "各位老师好：\n我们的难题如下：\n1. 砂芯排气不畅\n2. 打磨粉尘收不干净\n谢谢！"
    assert [problem.description for problem in parse(text)] == ["", ""]


def parse(text: str) -> tuple[Problem, ...]:
    return parse_problems(text, format="txt", place="--text", default_id="text").problems


def test_fields_of_numbered_needs_are_read_and_the_background_goes_to_all() -> None:
    text = "公司名称：某灯饰厂\n我们做灯饰出口。\n需求一：喷涂流挂\n预算：30万元\n需求二：老化房电费高\n以上可面谈。"
    first, second = parse(text)
    assert (first.budget_cny, second.budget_cny) == (300_000, None)
    assert first.enterprise == second.enterprise == "某灯饰厂"
    assert first.description.splitlines() == second.description.splitlines() == ["我们做灯饰出口。", "以上可面谈。"]


def test_records_with_fields_are_never_split(tmp_path: Path) -> None:
    fields = {"title": SEVERAL.partition("\n")[0], "description": SEVERAL.partition("\n")[2]}
    (tmp_path / "one.json").write_text(json.dumps(fields), encoding="utf-8")
    (tmp_path / "one.md").write_text(f"---\nid: A\n---\n{SEVERAL}", encoding="utf-8")
    assert len(load_problems(tmp_path / "one.json").problems) == len(load_problems(tmp_path / "one.md").problems) == 1


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"需求{n}：泵漏油\n" for n in range(1, 60)),
        "- 甲\n" * 100_000,
        "\n" * 400_000 + "1.",
        "另外，泵漏油了，想找办法。\n" * 1_900,
    ],
    ids=["more needs than a message has", "many lines", "blank lines", "many paragraphs"],
)
def test_a_text_that_is_no_message_is_left_whole_in_time(text: str) -> None:
    started = time.perf_counter()
    problem = Problem(id="P", title="x", description=text)
    assert split_needs(problem) == (problem,)
    assert time.perf_counter() - started < 5


def run(*args: str, language: str = "en", stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, [*args, "--lang", language], input=stdin)


def test_match_gives_a_shortlist_for_each_and_says_so() -> None:
    done = run("match", "--text", SEVERAL, "--format", "json")
    assert done.exit_code == 0
    assert done.stderr == (
        "--text: split into 2 needs: 砂芯排气不畅，铸件总有气孔; 清理打磨的粉尘收不干净; --split never keeps it whole\n"
    )
    found = json.loads(done.stdout)
    assert [one["problem"]["id"] for one in found] == ["text-1", "text-2"]
    assert [one["problem"]["title"] for one in found] == ["砂芯排气不畅，铸件总有气孔", "清理打磨的粉尘收不干净"]
    assert run("match", "--text", SEVERAL, "--quiet").stderr == ""


def test_match_says_it_in_chinese() -> None:
    done = run("match", "-", language="zh", stdin=SEVERAL)
    assert done.exit_code == 0
    assert (
        "拆分为 2 个需求：砂芯排气不畅，铸件总有气孔; 清理打磨的粉尘收不干净；加 --split never 则不拆分" in done.stderr
    )


def test_split_never_keeps_a_text_whole() -> None:
    done = run("match", "--text", SEVERAL, "--split", "never", "--format", "json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout)["problem"] == {"id": "text", "title": MORE.title, "language": "zh"}


def test_explain_takes_one_of_the_needs(tmp_path: Path) -> None:
    path = tmp_path / "foundry.txt"
    path.write_text(SEVERAL, encoding="utf-8")
    refused = run("explain", str(path), "giii")
    assert refused.exit_code == 3
    assert "holds 2 problems; choose one with --problem: foundry-1, foundry-2" in refused.stderr
    for more in (("--problem", "2"), ("--problem", "foundry-2")):
        done = run("explain", str(path), "giii", *more, "--format", "json")
        assert done.exit_code == 0
        assert json.loads(done.stdout)["problem"]["id"] == "foundry-2"
    whole = run("explain", str(path), "giii", "--split", "never", "--format", "json")
    assert json.loads(whole.stdout)["problem"]["id"] == "foundry"


def table_of(folder: Path) -> Path:
    path = folder / "needs.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [["id", "title", "description"], ["A", MORE.title, MORE.description], ["A-1", "漏水", ""]]
        )
    return path


def test_rows_of_a_table_are_split_only_when_asked(tmp_path: Path) -> None:
    path = table_of(tmp_path)
    assert [row.id for row in read_problems(path) if isinstance(row, Problem)] == ["A", "A-1"]
    ids = [row.id for row in read_problems(path, split="auto") if isinstance(row, Problem)]
    assert ids == ["A-1", "A-2", "A-1#2"]


def test_batch_splits_rows_only_when_asked(tmp_path: Path) -> None:
    path = table_of(tmp_path)
    whole, parts = (run("batch", str(path), "--top", "1", *more) for more in ((), ("--split", "auto")))
    assert (whole.exit_code, parts.exit_code) == (0, 0)
    ids = [
        [row["problem_id"] for row in csv.DictReader(io.StringIO(done.stdout.lstrip(BOM)))] for done in (whole, parts)
    ]
    assert ids == [["A", "A-1"], ["A-1", "A-2", "A-1#2"]]
    assert "split into" not in whole.stderr
    assert f"{path}, line 2: split into 2 needs: 砂芯排气不畅" in parts.stderr


def test_documents_of_a_folder_are_split_unless_forbidden(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SEVERAL, encoding="utf-8")
    for more, expected in (((), {"a-1", "a-2"}), (("--split", "never"), {"a"})):
        done = run("batch", str(tmp_path), *more)
        assert {row["problem_id"] for row in csv.DictReader(io.StringIO(done.stdout.lstrip(BOM)))} == expected
        assert ("split into 2 needs" in done.stderr) == (not more)
