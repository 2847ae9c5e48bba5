from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.domain import Problem, Requirements
from matchmaker.errors import Fault, ProblemError
from matchmaker.intake import TextFormat, load_problem, load_problems, parse_problem, problems_from_bytes
from matchmaker.office.kinds import OLE_SIGNATURE

FAULTY = Path(__file__).parents[1] / "data" / "faulty"
FULL = Problem(
    id="P-007",
    title="激光切割头国产化",
    description="进口切割头交期六个月。\n要求焦点稳定。",
    enterprise="某装备公司",
    industry="装备制造",
    region="广州南沙",
    targets=("焦点漂移 ±0.02 mm", "寿命 8000 h"),
    conditions=("功率 12 kW",),
    tried="换过两家喷嘴",
    cooperation=("委托研发", "联合开发"),
    budget_cny=500_000,
    deadline=date(2026, 3, 31),
    keywords=("激光", "NO"),
    exclude=("gzis",),
    require=Requirements(institutes=("giii", "fytri"), role="research_institute", own=True, place="广州"),
)
FULL_YAML = """\
id: P-007
title: 激光切割头国产化
description: |
  进口切割头交期六个月。
  要求焦点稳定。
enterprise: 某装备公司
industry: 装备制造
region: 广州南沙
targets: [焦点漂移 ±0.02 mm, 寿命 8000 h]
conditions:
  - 功率 12 kW
tried: 换过两家喷嘴
cooperation: [委托研发, 联合开发]
budget_cny: 500000
deadline: 2026-03-31
keywords: [激光, NO]
exclude: [gzis]
require: {institutes: [giii, fytri], role: research_institute, own: true, place: 广州}
"""

# One file for each fault: what stands after the file's name in the message.
FAULTS = {
    "problem_broken_character.json": [r", title: has a broken character (\ud83d); retype the text"],
    "problem_control_characters.txt": [": this is a binary file, not a text; save it as plain text in UTF-8"],
    "problem_damaged_utf8.txt": [
        ": its encoding cannot be told: byte 0xe6 at position 15 is not UTF-8, and the text makes no clear sense as "
        "GB18030, Big5 or Windows-1252; save it as UTF-8 (in Excel: CSV UTF-8) and try again"
    ],
    "problem_null_in_charset.eml": [": no problem is described in it; give at least a title or a description"],
    "problem_document.docx": [
        ": the file is damaged or incomplete; request the file again, or open it in Office or WPS and save it again"
    ],
    "problem_empty.txt": [": empty; write the problem's title on the first line, then its description"],
    "problem_field_twice.json": [": duplicate field 'title'; keep one of them"],
    "problem_field_twice.yaml": [", line 3, column 1: duplicate field 'title'; keep one of them"],
    "problem_limit_is_text.yaml": [", require: expected fields, found '广州'; write for example {place: 广州}"],
    "problem_list.json": [
        ": a list of 3 problems, this needs one problem; "
        "give one file for each, or put them in a table (.csv, .jsonl) for: matchmaker batch"
    ],
    "problem_list.yaml": [
        ": a list of 2 problems, this needs one problem; "
        "give one file for each, or put them in a table (.csv, .jsonl) for: matchmaker batch"
    ],
    "problem_list_for_text.yaml": [", title: expected text, found a list; join the items into one text"],
    "problem_long_id.json": [", id: the id has 201 characters; use at most 200"],
    "problem_many_aliases.yaml": [": more than 100 aliases (*name); write the texts out"],
    "problem_merge_keys.yaml": [": unknown field '<<'; known fields: id, title"],
    "problem_much_too_deep.json": [": nested more than 50 levels deep; a problem is a flat list of fields"],
    "problem_negative_budget.yaml": [
        ", budget_cny: expected an amount of yuan, found '-5'; write a number such as 500000 or 50万"
    ],
    "problem_no_letters.txt": [": title and description are empty; give at least one of them"],
    "problem_only_text.yaml": [": expected fields, found '供水管网漏损检测'; write for example title: 管网漏损检测"],
    "problem_only_white_space.txt": [": empty; write the problem's title on the first line, then its description"],
    "problem_pdf_named.txt": [
        ": the file is damaged or incomplete; request the file again, or open it in Office or WPS and save it again"
    ],
    "problem_python_object.yaml": [
        ", line 1, column 8: a YAML tag (!…) that is not read here; write plain text or a list"
    ],
    "problem_says_nothing.yaml": [": title and description are empty; give at least one of them"],
    "problem_several_documents.yaml": [
        ", line 2, column 1: several YAML documents (---), this needs one problem; give one file for each"
    ],
    "problem_several_faults.yaml": [
        ": unknown field 'titel' (did you mean 'title'?)",
        ", keywords: expected a list, found '激光'; write [激光]",
        ", budget_cny: expected an amount of yuan, found '面议'; write a number such as 500000 or 50万",
        ", deadline: expected a date, found '2026-02-30'; write it as 2026-03-31",
        ", require: unknown field 'ownn' (did you mean 'own'?)",
        ", require.role: unknown role: 'bank'; write research_institute or transfer_centre",
    ],
    "problem_syntax.json": [", line 2, column 20: not valid JSON: "],
    "problem_syntax.yaml": [", line 3, column 12: not valid YAML: "],
    "problem_text_for_list.json": [", targets: expected a list, found '±0.02 mm'; write [\"±0.02 mm\"]"],
    "problem_text_for_list.yaml": [", keywords: expected a list, found '激光'; write [激光]"],
    "problem_too_deep.json": [": nested more than 50 levels deep; a problem is a flat list of fields"],
    "problem_too_deep.yaml": [": nested more than 50 levels deep; a problem is a flat list of fields"],
    "problem_true_for_text.yaml": [', title: expected text, found true; write "true" in quotes'],
    "problem_two_names_of_one_field.yaml": [": '标题' and 'title' name the same field; keep one of them"],
    "problem_unknown_chinese_field.yaml": [": unknown field '需求名' (did you mean "],
    "problem_unknown_encoding.txt": [": its encoding cannot be told: byte 0xce at position 0 is not UTF-8"],
    "problem_unknown_field.yaml": [": unknown field 'titel' (did you mean 'title'?)"],
    "problem_unknown_front_matter.md": [": unknown field 'layout'"],
    "problem_wrong_date.yaml": [", deadline: expected a date, found '明年'; write it as 2026-03-31"],
    "problem_wrong_flag.yaml": [", require.own: expected true or false, found 'maybe'; write true or false"],
    "problem_zero_bytes.txt": [
        ": this is a binary file (it has zero bytes), not a text; save it as plain text in UTF-8"
    ],
}


def parse(text: str, format: TextFormat) -> Problem:
    return parse_problem(text, format=format, place="x", default_id="d")


def faults_of(path: Path) -> list[str]:
    with pytest.raises(ProblemError) as caught:
        load_problem(path)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_fault(name: str) -> None:
    path = FAULTY / name
    found = faults_of(path)
    expected = [f"{path}{message}" for message in FAULTS[name]]
    assert len(found) == len(expected)
    for message, start in zip(found, expected, strict=True):
        assert message.startswith(start)
        assert "Input should be" not in message


def test_every_faulty_file_is_tried() -> None:
    assert {path.name for path in FAULTY.glob("problem_*")} == set(FAULTS)


def test_all_fields_from_yaml(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(FULL_YAML, encoding="utf-8")
    assert load_problem(path) == FULL


def test_all_fields_from_json(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(FULL.model_dump_json(), encoding="utf-8")
    assert load_problem(path) == FULL


def test_chinese_names_of_fields() -> None:
    text = "需求名称: 漏损检测\n需求描述: 找漏水点\n企業名稱: 某水务公司\n预算（万元）: 50\n技术指标: [漏损率 8%]\n"
    problem = parse(f"{text}限定地区: 广州\n", "yaml")
    assert (problem.title, problem.description, problem.enterprise) == ("漏损检测", "找漏水点", "某水务公司")
    assert problem.budget_cny == 500_000
    assert problem.targets == ("漏损率 8%",)
    assert problem.require.place == "广州"
    assert parse('{"标题": "漏损检测"}', "json").title == "漏损检测"


def test_numbers_are_taken_as_they_are_written() -> None:
    assert parse("id: 007\ntitle: 123\ndescription: 1.50\n", "yaml") == Problem(
        id="007", title="123", description="1.50"
    )
    assert parse('{"id": 7, "title": 1.50, "keywords": [3]}', "json") == Problem(id="7", title="1.50", keywords=("3",))
    assert parse(f"title: {'9' * 5000}", "yaml").title == "9" * 5000


def test_line_ends_inside_json_texts_are_allowed() -> None:
    assert parse('{"title": "a", "description": "b\nc\td"}', "json").description == "b\nc\td"


def test_words_that_yaml_takes_for_others_stay_words() -> None:
    assert parse("title: 烟气脱硝\nkeywords: [NO, on, 1_000, 0x1F, 12:30:45]\n", "yaml").keywords == (
        "NO",
        "on",
        "1_000",
        "0x1F",
        "12:30:45",
    )


def test_empty_fields_are_not_given() -> None:
    text = "title: 漏水\nregion:\nenterprise: ~\nkeywords:\nbudget_cny: null\nrequire:\ndeadline: ''\n"
    assert parse(text, "yaml") == Problem(id="d", title="漏水")
    assert parse('{"title": "漏水", "region": null, "targets": null, "require": {"own": false}}', "json") == Problem(
        id="d", title="漏水"
    )


@pytest.mark.parametrize(
    ("written", "yuan"),
    [
        ("500000", 500_000),
        ("500,000.50", 500_000.5),
        ("50万", 500_000),
        ("约 50 万元", 500_000),
        ("¥1.2亿", 120_000_000),
        ("人民币３００萬圓", 3_000_000),
        ("RMB 2 million", 2_000_000),
        ("0", 0),
        ("1e6", 1_000_000),
        ("不超过80万元", 800_000),
    ],
)
def test_amounts_of_money(written: str, yuan: float) -> None:
    assert parse(f"title: a\nbudget_cny: '{written}'", "yaml").budget_cny == yuan


@pytest.mark.parametrize(
    "written", ["面议", "50-100万", "50万美元", "USD 5000", "1,5", "NaN", "inf", "1e999", "５０％", "-1"]
)
def test_what_is_no_amount_in_yuan_is_a_fault(written: str) -> None:
    with pytest.raises(ProblemError, match="x, budget_cny: "):
        parse(f"title: a\nbudget_cny: '{written}'", "yaml")


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-03-05", date(2026, 3, 5)),
        ("2026-3-5 00:00:00", date(2026, 3, 5)),
        ("2026/3/5", date(2026, 3, 5)),
        ("2026.03.05", date(2026, 3, 5)),
        ("2026年3月5日", date(2026, 3, 5)),
        ("２０２６年３月５日前", date(2026, 3, 5)),
        ("20260305", date(2026, 3, 5)),
        ("2024-02", date(2024, 2, 29)),
        ("2026年12月底", date(2026, 12, 31)),
    ],
)
def test_dates(written: str, day: date) -> None:
    assert parse(f"title: a\ndeadline: {written}", "yaml").deadline == day


@pytest.mark.parametrize("written", ["2026-02-30", "2026-13", "03/04/2026", "明年", "2026", "0000-01-01"])
def test_what_is_no_date_is_a_fault(written: str) -> None:
    with pytest.raises(ProblemError, match="x, deadline: expected a date"):
        parse(f"title: a\ndeadline: {written}", "yaml")


def test_the_first_line_of_a_text_is_the_title() -> None:
    problem = parse("\n\n  供水管网漏损检测 \r\n\r\n在道路下查找漏水点。\r\n不停水。\r\n", "txt")
    assert problem == Problem(id="d", title="供水管网漏损检测", description="在道路下查找漏水点。\n不停水。")
    assert parse("## 漏水 ##\n找漏点", "txt").title == "漏水"
    assert parse("长" * 300, "txt").title == "长" * 300
    assert parse("a # b\nc", "txt").title == "a # b"
    assert parse("title: a\nunknown: b", "txt").title == "title: a"


def test_markdown_without_its_markup() -> None:
    text = (
        "# **供水管网**漏损检测\n\n## 背景\n- 管龄 [30 年](https://example.com)，`DN300`\n* 漏损率 *15%*\n"
        "1. 不停水\n> 引用\n\n---\n\n| 指标 | 值 |\n|---|---|\n| a_b | 5*3*2 |\n![图](x.png)\n<!-- 备注 -->结束\n"
    )
    problem = parse(text, "md")
    assert problem.title == "供水管网漏损检测"
    assert problem.description == (
        "背景\n管龄 30 年，DN300\n漏损率 15%\n1. 不停水\n引用\n\n| 指标 | 值 |\n| a_b | 5*3*2 |\n图\n结束"
    )


def test_the_title_of_markdown() -> None:
    assert parse("引言一段。\n\n# 漏损检测\n正文", "md") == Problem(
        id="d", title="漏损检测", description="引言一段。\n\n正文"
    )
    assert parse("漏损检测\n====\n\n正文", "md") == Problem(id="d", title="漏损检测", description="正文")
    assert parse("漏损检测\n\n## 小节\n正文", "md").title == "漏损检测"
    assert parse("漏损检测\n```\n# 注释\n```\n", "md").title == "漏损检测"


def test_front_matter_fills_fields() -> None:
    text = "---\nid: P-1\nkeywords: [漏损]\n预算（万元）: 3\n---\n# 漏损检测\n\n找漏水点\n"
    problem = parse(text, "md")
    assert problem == Problem(id="P-1", title="漏损检测", description="找漏水点", keywords=("漏损",), budget_cny=30_000)
    both = parse("---\ntitle: 漏损检测\ndescription: 摘要\n---\n# 漏损检测\n正文\n", "md")
    assert both == Problem(id="d", title="漏损检测", description="摘要\n\n正文")
    other = parse("---\ntitle: 漏损检测\n---\n# 背景\n正文\n", "md")
    assert other == Problem(id="d", title="漏损检测", description="背景\n\n正文")


def test_front_matter_faults_have_the_line_of_the_file() -> None:
    with pytest.raises(ProblemError, match="x, line 3, column 10: not valid YAML"):
        parse("---\ntitle: a\nregion: b: c\n---\nd", "md")


def test_rules_around_a_paragraph_are_no_front_matter() -> None:
    assert parse("---\n漏损检测\n---\n正文", "md") == Problem(id="d", title="漏损检测", description="正文")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ('{"title": "漏水"}', "漏水"),
        ("title: 漏水\nregion: 广州", "漏水"),
        ("标题: 漏水\n描述: 找漏点", "漏水"),
        ("标题：漏水\n描述：找漏点", "标题：漏水"),
        ("title: 漏水\nother: x", "title: 漏水"),
        ("title: [漏水\nregion: x", "title: [漏水"),
        ("---\ntitle: 漏水\n---\n正文", "漏水"),
        ("# 漏水\n正文", "漏水"),
        ("{x | x > 0} 的求解", "{x | x > 0} 的求解"),
        ("漏水: 怎么办", "漏水: 怎么办"),
    ],
)
def test_standard_input_by_the_look_of_it(text: str, title: str) -> None:
    (problem,) = problems_from_bytes(text.encode(), split="never").problems
    assert (problem.id, problem.title) == ("stdin", title)


def test_standard_input_that_looks_like_json_must_be_json() -> None:
    with pytest.raises(ProblemError, match="standard input, line 1, column 10: not valid JSON"):
        problems_from_bytes(b'{"title" "leak"}')


@pytest.mark.parametrize("suffix", ["", ".txt", ".text", ".log", ".TXT"])
def test_any_other_text_file_is_plain_text(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"P-1{suffix}"
    path.write_bytes("漏水检测\n找漏水点".encode("gb18030"))
    assert load_problem(str(path)) == Problem(id="P-1", title="漏水检测", description="找漏水点")


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_a_table_is_for_batch(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"p{suffix}"
    path.write_text("title\nleak\n")
    assert faults_of(path) == [
        f"{path}: a {suffix} file holds many problems, this needs one; use: matchmaker batch {path}"
    ]


@pytest.mark.parametrize("suffix", [".xlsx", ".XLS", ".ods"])
def test_a_text_named_like_a_workbook_is_for_batch(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"p{suffix}"
    path.write_text("leak")
    assert faults_of(path) == [
        f"{path}: a {suffix.lower()} file holds many problems, this needs one; use: matchmaker batch {path}"
    ]


@pytest.mark.parametrize("suffix", [".txt", ".parquet", ".xls"])
@pytest.mark.parametrize(
    ("data", "finding"),
    [
        (b"PAR1\x15\x04", "a Parquet table holds many problems, this needs a document"),
        (OLE_SIGNATURE + "Workbook".encode("utf-16-le"), "a workbook holds many problems, this needs a document"),
        (b"\x1f\x8b\x08", "a packed archive, not a document"),
    ],
)
def test_a_table_is_told_by_its_content(tmp_path: Path, suffix: str, data: bytes, finding: str) -> None:
    path = tmp_path / f"p{suffix}"
    path.write_bytes(data)
    remedy = "unpack it and name one file in it" if "archive" in finding else "use: matchmaker batch"
    assert faults_of(path) == [f"{path}: {finding}; {remedy}"]


@pytest.mark.parametrize("data", [b"RIFF\x24\x00\x00\x00WEBPVP8 ", b"BM\x46\x00\x00\x00\x00\x00\x00\x00", b"GIF89a"])
def test_a_picture_is_told_by_its_content(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "p.txt"
    path.write_bytes(data)
    (fault,) = faults_of(path)
    assert fault.startswith(f"{path}: a picture, which holds no text; recognise its text first (OCR, ")


@pytest.mark.parametrize("text", ["RIFF files cannot be played", "BMS 电池管理系统的均衡"])
def test_a_text_that_begins_like_a_picture_is_a_text(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.txt"
    path.write_text(text, "utf-8")
    assert load_problem(path).title == text


@pytest.mark.parametrize("suffix", [".pdf", ".DOCX", ".rtf", ".eml", ".html"])
def test_a_text_with_another_ending_is_read_as_text(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"p{suffix}"
    path.write_text("leak")
    loaded = load_problems(path)
    assert [problem.title for problem in loaded.problems] == ["leak"]
    named = [str(warning) for warning in loaded.warnings]
    odd = f"{path}: its ending is {suffix.lower()}, but it is not such a file; read as what it is"
    assert named == ([odd] if suffix not in (".eml", ".html") else [])


def test_a_missing_file_with_its_nearest_neighbour(tmp_path: Path) -> None:
    (tmp_path / "leak.yaml").write_text("title: a")
    assert faults_of(tmp_path / "leek.yaml") == [
        f"{tmp_path / 'leek.yaml'}: no such file (did you mean 'leak.yaml'?); check the path"
    ]
    assert "no such file; check the path" in faults_of(tmp_path / "no" / "where.txt")[0]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert faults_of(tmp_path) == [f"{tmp_path}: this is a folder, not a file; name one file in it"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_one_may_not_read(tmp_path: Path) -> None:
    path = tmp_path / "p.txt"
    path.write_text("leak")
    path.chmod(0)
    assert "no permission to read it" in faults_of(path)[0]


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "p.txt"
    path.write_bytes(b"a" * 10_000_001)
    assert faults_of(path) == [f"{path}: larger than 10 MB; a problem is a few pages of text; cut it down"]
    path.write_bytes(b"a" * 10_000_000)
    assert load_problem(path).title == "a" * 10_000_000


def test_a_hundred_aliases_are_allowed() -> None:
    text = f"title: &t 漏水\nkeywords: [{', '.join(['*t'] * 100)}]\n"
    assert parse(text, "yaml").keywords == ("漏水",) * 100


def test_aliases_of_aliases_cost_nothing() -> None:
    levels = "".join(f"l{n + 1}: &l{n + 1} [{', '.join([f'*l{n}'] * 9)}]\n" for n in range(1, 10))
    with pytest.raises(ProblemError) as caught:
        parse(f"title: a\nl1: &l1 [x, x]\n{levels}", "yaml")
    assert len(str(caught.value)) < 5000


@pytest.mark.parametrize("value", ["!!int", "!!int x", "!!binary '#'", "!!set {a}", "!!timestamp 1", "!mine x"])
def test_tags_are_not_read(value: str) -> None:
    with pytest.raises(ProblemError, match=r"x, line 2, column 11: a YAML tag \(!…\) that is not read here"):
        parse(f"title: a\nindustry: {value}", "yaml")
    assert parse("title: !!str 5", "yaml").title == "5"


def test_of_very_many_unknown_fields_the_first_are_told() -> None:
    unknown = {f"k{n}": 1 for n in range(50_000)}
    for asked in ({"title": "a", **unknown}, {"title": "a", "require": unknown}):
        with pytest.raises(ProblemError) as caught:
            parse(json.dumps(asked), "json")
        first, *more, last = caught.value.faults
        assert first.finding == "unknown field 'k0'"
        assert len(more) == 19
        assert last.finding == "49,980 more unknown fields"


def test_a_document_has_no_more_problems_than_a_table_is_for(tmp_path: Path) -> None:
    one, path = "需求名称：漏损\n需求描述：管网漏水\n", tmp_path / "x.txt"
    path.write_text(one * 1_000, "utf-8")
    assert len(load_problems(path).problems) == 1_000
    path.write_text(one * 1_001, "utf-8")
    with pytest.raises(ProblemError, match=r"x.txt: more than 1,000 problems in one document; save them as a table"):
        load_problems(path)


def test_half_a_character_in_a_name_can_be_printed() -> None:
    with pytest.raises(ProblemError) as caught:
        parse('{"title": "a", "\\ud83d": 1, "titel\\ud83d": 2}', "json")
    assert str(caught.value).encode().startswith(rb"x: unknown field '\ud83d'")


def test_marks_without_end_cost_little() -> None:
    for text in ("**a " * 10_000, "[" * 200_000, "<!-- " * 20_000, "# a" + " " * 200_000 + "b", "- " * 100_000 + "x"):
        assert parse(text + "漏水", "md").title
        assert parse(text + "漏水", "txt").title


def test_a_list_that_holds_itself_is_a_fault() -> None:
    with pytest.raises(ProblemError, match=r"keywords\[0\]: expected text, found a list"):
        parse("title: a\nkeywords: &k [*k]", "yaml")


def test_characters_that_are_no_text_become_spaces() -> None:
    assert parse(json.dumps({"title": "leak\x0bin\x00pipe\r\n"}), "json").title == "leak in pipe"


def test_a_long_file_name_still_gives_an_id(tmp_path: Path) -> None:
    path = tmp_path / f"{'p' * 230}.txt"
    path.write_text("leak")
    assert load_problem(path).id == "p" * 200


TEXTS = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20)


@given(
    st.builds(
        Problem,
        id=TEXTS.map(lambda text: f"P{text}"),
        title=TEXTS.map(lambda text: f"{text}水"),
        description=TEXTS,
        enterprise=st.none() | TEXTS.map(lambda text: f"E{text}"),
        keywords=st.lists(TEXTS.map(lambda text: f"{text}k"), max_size=3).map(tuple),
        budget_cny=st.none() | st.floats(0, 1e12),
        deadline=st.none() | st.dates(date(1900, 1, 1)),
    )
)
def test_json_round_trip(problem: Problem) -> None:
    assert parse(problem.model_dump_json(), "json") == problem


@given(st.text(max_size=100), st.sampled_from(["yaml", "json", "md", "txt", "auto"]))
def test_any_text_is_a_problem_or_a_problem_error(text: str, format: TextFormat) -> None:
    faults: Sequence[Fault] = ()
    problem = None
    try:
        problem = parse(text, format)
    except ProblemError as error:
        faults = error.faults
    assert all(fault.place.startswith("x") for fault in faults)
    assert problem is None or any(char.isalnum() for char in problem.title + problem.description)
