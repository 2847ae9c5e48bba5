from __future__ import annotations

import csv
import io
import json
import os
import sys
import tracemalloc
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.domain import Problem, Requirements
from matchmaker.errors import Fault, TableError
from matchmaker.intake import ProblemTable, RejectedRow, Row, read_problems
from matchmaker.intake.headings import column_of

FAULTY = Path(__file__).parents[1] / "data" / "faulty"

# Tables that cannot be read at all: what stands after the file's name in the message.
FAULTS = {
    "table_cell_beyond_all_columns.xlsx": (
        ": sheet '需求' has a cell at 'sheetDataA5'; open it in Excel or WPS and save it anew"
    ),
    "table_part_without_name.xlsx": ": an archive that is not a workbook; unpack it, or save the table as .xlsx or CSV",
    "table_without_workbook.xlsx": ": the file is damaged or incomplete; open it in Excel or WPS and save it anew",
    "table_sectors_too_large.xls": ": the file is damaged or incomplete; open it in Excel or WPS and save it as .xlsx",
    "table_array.jsonl": ": no JSON object with fields in the first lines; write one object on each line",
    "table_empty.csv": ": the first lines are empty; a table has a row of headings, then a row for each problem",
    "table_empty.jsonl": ": empty; write one object on each line",
    "table_no_headings.csv": (
        ": no column is recognised as title or description; the first row is: P-1, 供水管网漏损检测, 某水务公司; "
        "name one with --column title=HEADING; the first row must hold the headings"
    ),
    "table_no_object.jsonl": ": no JSON object with fields in the first lines; write one object on each line",
    "table_no_usable_column.csv": (
        ": no column is recognised as title or description; the first row is: 企业名称, 联系人; "
        "name one with --column title=HEADING; the first row must hold the headings"
    ),
    "table_only_blank_rows.csv": (
        ": the first lines are empty; a table has a row of headings, then a row for each problem"
    ),
    "table_open_quote_in_headings.csv": (
        ", line 1: a quote is opened and not closed properly; "
        'close each text in quotes, and write a quote inside it twice ("")'
    ),
    "table_unknown_encoding.csv": ": its encoding cannot be told: byte 0xce at position 0 is not UTF-8",
    "table_workbook.xlsx": ": the file is damaged or incomplete; request the file again",
    "table_zero_bytes.csv": ": this is a binary file (it has zero bytes), not a text; save it as plain text in UTF-8",
    "table_zip_named.csv": ": the file is damaged or incomplete; request the file again",
}
_QUOTES = 'close each text in quotes, and write a quote inside it twice ("")'
# Bad rows: what comes out of the table, a title for each problem and line and fault for each rejected row.
ROWS: Mapping[str, list[str | tuple[int, str]]] = {
    "rows_bad_bytes.csv": [
        *(f"供水管网漏损检测{n}" for n in range(20)),
        (22, ": byte 0xe4 is not utf-8; correct the row, or save the table as CSV UTF-8"),
        "切割头国产化",
    ],
    "rows_blank.csv": ["leak", "weld"],
    "rows_doubtful_budget_and_date.csv": ["漏损检测", "焊接变形"],
    "rows_not_json.jsonl": [
        "漏水",
        (2, ", column 15: not valid JSON: Expecting ',' delimiter; check commas, quotes and brackets there"),
        (4, ': expected an object; write for example {"title": "管网漏损检测"}'),
        "切割",
        (6, ", title: expected text, found a list; join the items into one text"),
        (7, ": duplicate field 'title'; keep one of them"),
    ],
    "rows_open_quote.csv": [(2, f": a quote is opened and not closed properly; {_QUOTES}"), "weld", "cut"],
    "rows_open_quote_to_the_end.csv": [
        "leak",
        (3, f": a quote is opened and not closed properly; {_QUOTES}"),
        "cut",
        "drill",
    ],
    "rows_same_ids.csv": ["leak", "weld", "cut", "drill", "mill"],
    "rows_text_after_quote.csv": [(2, f": the quotes do not match; {_QUOTES}"), "weld"],
    "rows_too_few_fields.csv": ["leak", "weld"],
    "rows_too_many_fields.csv": [
        (2, ": 3 fields, but the heading row has 2; put a text that holds the delimiter in quotes"),
        "weld",
    ],
    "rows_without_title.csv": [
        "漏损检测",
        (3, ": title and description are empty; give at least one of them"),
        (4, ": title and description are empty; give at least one of them"),
    ],
    "rows_wrong_limit.csv": [
        (2, ", 机构类型: unknown role: 'bank'; write research_institute or transfer_centre"),
        "weld",
    ],
}


def table(tmp_path: Path, text: str, name: str = "t.csv", encoding: str = "utf-8") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def problems(found: ProblemTable) -> list[Problem]:
    rows = list(found)
    assert [row for row in rows if isinstance(row, RejectedRow)] == []
    return [row for row in rows if isinstance(row, Problem)]


def error_of(path: Path, **options: Mapping[str, str]) -> str:
    with pytest.raises(TableError) as caught:
        read_problems(path, **options)  # type: ignore[arg-type]
    return str(caught.value)


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_table_that_cannot_be_read(name: str) -> None:
    assert error_of(FAULTY / name).startswith(f"{FAULTY / name}{FAULTS[name]}")


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_bad_row_costs_only_itself(name: str) -> None:
    found = [
        row.title if isinstance(row, Problem) else (row.line, "\n".join(map(str, row.faults)))
        for row in read_problems(FAULTY / name)
    ]
    place = FAULTY / name
    assert found == [row if isinstance(row, str) else (row[0], f"{place}, line {row[0]}{row[1]}") for row in ROWS[name]]


def test_every_faulty_file_is_tried() -> None:
    assert {path.name for path in FAULTY.glob("table_*")} == set(FAULTS)
    assert {path.name for path in FAULTY.glob("rows_*")} == set(ROWS)


def test_cells_of_rejected_rows_are_as_in_the_file() -> None:
    rows = read_problems(FAULTY / "rows_without_title.csv")
    assert rows.headings == ("需求编号", "需求名称", "需求描述", "企业名称")
    assert [row.cells for row in rows if isinstance(row, RejectedRow)] == [
        ("P-2", "", "", "乙"),
        ("P-3", "—", "", "丙"),
    ]
    broken = [row.cells for row in read_problems(FAULTY / "rows_open_quote.csv") if isinstance(row, RejectedRow)]
    assert broken == [('leak,"pump',)]
    lines = read_problems(FAULTY / "rows_not_json.jsonl")
    assert lines.headings == ("json",)
    assert [row.cells for row in lines if isinstance(row, RejectedRow)][:2] == [('{"title": "焊接"',), ("[1]",)]
    bad_bytes = [row.cells for row in read_problems(FAULTY / "rows_bad_bytes.csv") if isinstance(row, RejectedRow)]
    assert bad_bytes == [("焊接变形", "\ufffd\ufffd", "")]


def test_a_doubtful_budget_or_date_is_left_out_with_a_warning() -> None:
    found = read_problems(FAULTY / "rows_doubtful_budget_and_date.csv")
    first, second = problems(found)
    assert (first.budget_cny, first.deadline) == (None, None)
    assert (second.budget_cny, second.deadline) == (500_000, date(2026, 6, 30))
    place = f"{FAULTY / 'rows_doubtful_budget_and_date.csv'}, line 2"
    assert found.warnings == [
        Fault(
            f"{place}, 预算（万元）",
            "expected an amount of yuan, found '面议'",
            "write a number such as 500000 or 50万",
        ),
        Fault(f"{place}, 截止日期", "expected a date, found '明年'", "write it as 2026-03-31"),
    ]
    assert found.n_warnings == 2


def test_ids_are_made_unique_with_a_warning() -> None:
    found = read_problems(FAULTY / "rows_same_ids.csv")
    assert [problem.id for problem in problems(found)] == ["A", "A#2", "A#2#2", "A#3", "row-6"]
    assert [warning.finding for warning in found.warnings] == [
        "duplicate id 'A'",
        "duplicate id 'A#2'",
        "duplicate id 'A'",
    ]


def test_a_given_id_may_look_like_a_missing_one(tmp_path: Path) -> None:
    path = table(tmp_path, "id,title\nrow-3,leak\n,weld\n")
    assert [problem.id for problem in problems(read_problems(path))] == ["row-3", "row-3#2"]


def test_an_id_that_is_too_long_is_replaced(tmp_path: Path) -> None:
    found = read_problems(table(tmp_path, f"id,title\n{'x' * 201},leak\n{'y' * 200},a\n{'y' * 200},b\n"))
    ids = [problem.id for problem in problems(found)]
    assert ids == ["row-2", "y" * 200, "y" * 188 + "#2"]
    assert found.n_warnings == 2


def test_blank_rows_are_counted() -> None:
    found = read_problems(FAULTY / "rows_blank.csv")
    assert len(problems(found)) == 2
    assert found.n_blank == 3


def test_each_iteration_begins_anew() -> None:
    found = read_problems(FAULTY / "rows_same_ids.csv")
    assert list(found) == list(found)
    assert found.n_warnings == 3
    next(iter(found))


@pytest.mark.parametrize(
    ("heading", "field", "factor"),
    [
        ("需求名称", "title", 1),
        ("技术需求", "title", 1),
        ("技术需求描述", "description", 1),
        ("企业名称", "enterprise", 1),
        ("企業名稱", "enterprise", 1),
        ("技術需求名稱", "title", 1),
        ("*需求名称（必填）", "title", 1),
        (" 需 求 名 称 ：", "title", 1),
        ("ＴＩＴＬＥ", "title", 1),
        ("Need Title", "title", 1),
        ("No.", "id", 1),
        ("序号", "id", 1),
        ("所属行业", "industry", 1),
        ("所在地", "region", 1),
        ("主要技术指标", "targets", 1),
        ("约束条件", "conditions", 1),
        ("已尝试的方案", "tried", 1),
        ("合作方式", "cooperation", 1),
        ("budget_cny", "budget_cny", 1),
        ("预算", "budget_cny", 1),
        ("预算（元）", "budget_cny", 1),
        ("預算（萬元）", "budget_cny", 10_000),
        ("投入资金(万元)", "budget_cny", 10_000),
        ("预算（单位：万元）", "budget_cny", 10_000),
        ("预算万元", "budget_cny", 10_000),
        ("预算【亿元】", "budget_cny", 100_000_000),
        ("Budget (million yuan)", "budget_cny", 1_000_000),
        ("Budget (10k CNY)", "budget_cny", 10_000),
        ("截止日期", "deadline", 1),
        ("关键词", "keywords", 1),
        ("排除机构", "exclude", 1),
        ("指定机构", "require.institutes", 1),
    ],
)
def test_headings_in_the_list(heading: str, field: str, factor: int) -> None:
    column = column_of(heading, fuzzy=False)
    assert column is not None
    assert (column.field, column.factor, column.heading) == (field, factor, heading)


@pytest.mark.parametrize(
    "heading",
    [
        "",
        "联系人",
        "联系电话",
        "备注",
        "预算（万美元）",
        "Budget (USD)",
        "需求类型",
        "解决方案",
        "email",
        "企业规模",
        "（）",
    ],
)
def test_headings_that_mean_nothing_here(heading: str) -> None:
    assert column_of(heading, fuzzy=True) is None


def test_a_heading_nearly_in_the_list() -> None:
    column = column_of("技术需求的名称", fuzzy=True)
    assert column is not None
    assert column.field == "title"
    assert column_of("技术需求的名称", fuzzy=False) is None
    assert column_of("descripton", fuzzy=True) is not None


def test_the_first_heading_in_the_list_wins_over_a_near_one(tmp_path: Path) -> None:
    path = table(tmp_path, "技术需求的名称,需求名称,项目名称,备注,,描述\n近,真,后,x,y,详\n")
    found = read_problems(path)
    assert found.columns == {"title": "需求名称", "description": "描述"}
    assert found.unused == ("技术需求的名称", "项目名称", "备注", "column 5")
    assert problems(found)[0].title == "真"


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = table(tmp_path, "问题是什么,标题,金额（万元）\n漏水,甲,3\n")
    found = read_problems(path, columns={"title": "问题是什么", "budget_cny": " 金额 （万元） "})
    assert found.columns == {"title": "问题是什么", "budget_cny": "金额（万元）"}
    assert found.unused == ("标题",)
    (problem,) = problems(found)
    assert (problem.title, problem.budget_cny) == ("漏水", 30_000)


def test_naming_what_is_not_there(tmp_path: Path) -> None:
    path = table(tmp_path, "需求名称,企业名称\n漏水,甲\n")
    message = error_of(path, columns={"title": "需求名", "titel": "需求名称", "region": "哪里"})
    assert message.splitlines() == [
        f"{path}: no heading '需求名' (did you mean '需求名称'?); the headings are: 需求名称, 企业名称",
        "--column: no such field: 'titel' (did you mean 'title'?); the fields are: id, title, description, enterprise, "
        "industry, region, targets, conditions, tried, cooperation, budget_cny, deadline, keywords, exclude, "
        "require.institutes, require.role, require.own, require.place",
        f"{path}: no heading '哪里'; the headings are: 需求名称, 企业名称",
    ]


def test_all_fields_of_a_row(tmp_path: Path) -> None:
    text = (
        "需求编号,需求名称,需求描述,企业名称,所属行业,所在地,技术指标,约束条件,已尝试方案,合作方式,预算（万元）,截止日期,"
        "关键词,排除机构,指定机构,机构类型,仅限自有能力,限定地区\n"
        'P-1,切割头,"进口的\n太慢",甲,装备,南沙,±0.02 mm；8000 h,12 kW|5 ℃,换过喷嘴,委托研发、联合开发,50,'
        '2026年3月31日,"激光,切割，焦点",gzis,"giii,fytri",科研机构,是,广州\n'
    )
    assert problems(read_problems(table(tmp_path, text))) == [
        Problem(
            id="P-1",
            title="切割头",
            description="进口的\n太慢",
            enterprise="甲",
            industry="装备",
            region="南沙",
            targets=("±0.02 mm", "8000 h"),
            conditions=("12 kW", "5 ℃"),
            tried="换过喷嘴",
            cooperation=("委托研发", "联合开发"),
            budget_cny=500_000,
            deadline=date(2026, 3, 31),
            keywords=("激光", "切割", "焦点"),
            exclude=("gzis",),
            require=Requirements(institutes=("giii", "fytri"), role="research_institute", own=True, place="广州"),
        )
    ]


def test_limits_in_one_cell(tmp_path: Path) -> None:
    text = 'title;require\nleak;"{""place"": ""广州"", ""own"": true}"\nweld;广州\n'
    good, bad = read_problems(table(tmp_path, text))
    assert isinstance(good, Problem)
    assert good.require == Requirements(place="广州", own=True)
    assert isinstance(bad, RejectedRow)
    assert bad.faults[0].finding == "expected fields, found '广州'"


def test_a_unit_in_the_cell_counts_more_than_the_heading(tmp_path: Path) -> None:
    path = table(tmp_path, "title,预算（万元）\na,50\nb,50万元\nc,500000元\nd,0.5亿\ne,/\nf,\ng,无\n")
    found = read_problems(path)
    assert [row.budget_cny for row in problems(found)] == [500_000, 500_000, 500_000, 50_000_000, None, None, None]
    assert found.n_warnings == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "big5hkscs"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_detected(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = [
        ["需求編號", "需求名稱", "需求描述"],
        ["P-1", "水管漏水", f'舊屋邨"甲"{delimiter}漏點難找\n請介紹專家'],
        ["P-2", "焊接", ""],
    ]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    found = read_problems(table(tmp_path, text.getvalue(), encoding=encoding))
    assert found.encoding == encoding
    assert found.delimiter == delimiter
    assert problems(found) == [
        Problem(id="P-1", title="水管漏水", description=f'舊屋邨"甲"{delimiter}漏點難找\n請介紹專家'),
        Problem(id="P-2", title="焊接"),
    ]


def test_the_encoding_can_be_named(tmp_path: Path) -> None:
    path = table(tmp_path, "需求名称\n鹅绒\n", encoding="gbk")
    found = read_problems(path, encoding="GBK")
    assert found.encoding == "gb18030"
    assert problems(found)[0].title == "鹅绒"
    for wrong in ("utf-9", "base64"):
        with pytest.raises(TableError, match=f"unknown encoding '{wrong}'; use utf-8, utf-16, gb18030 or big5"):
            read_problems(path, encoding=wrong)
    wrongly = list(read_problems(table(tmp_path, "title\n鹅绒\nleak\n", encoding="gbk"), encoding="utf-8"))
    assert [type(row) for row in wrongly] == [RejectedRow, Problem]


def test_encoding_shows_late_in_a_file_that_begins_in_english(tmp_path: Path) -> None:
    text = "title,description\n" + f"leak,{'pump ' * 200}\n" * 1_100 + "供水管网漏损检测,在道路下查找漏水点\n"
    path = table(tmp_path, text, encoding="gb18030")
    found = read_problems(path)
    assert found.encoding == "gb18030"
    assert problems(found)[-1].title == "供水管网漏损检测"


def test_utf_16_with_half_a_character_costs_one_row(tmp_path: Path) -> None:
    good = "title,需求描述\n" + "供水管网,漏损检测\n" * 60
    path = tmp_path / "t.csv"
    path.write_bytes((good + "坏").encode("utf-16") + b"\x00\xd8" + "行,x\n焊接,y\n".encode("utf-16-le"))
    rows = list(read_problems(path))
    assert [row.line for row in rows if isinstance(row, RejectedRow)] == [62]
    assert isinstance(rows[-1], Problem)


def test_the_delimiter_can_be_stated(tmp_path: Path) -> None:
    for first in ("sep=;", '"SEP=;"'):
        found = read_problems(table(tmp_path, f"{first}\r\ntitle;a,b,c,d\r\nleak;x\r\n"))
        assert (found.delimiter, found.headings) == (";", ("title", "a,b,c,d"))
        assert [(problem.id, problem.title) for problem in problems(found)] == [("row-3", "leak")]


def test_line_numbers_are_those_of_the_file(tmp_path: Path) -> None:
    path = table(tmp_path, '\n需求名称,描述\n"a\n\nb",x\n,\n,y\n---,\r\nlast,"1\r\n2"\n')
    rows = list(read_problems(path))
    assert [row.id if isinstance(row, Problem) else row.line for row in rows] == ["row-3", "row-7", 8, "row-9"]


def test_one_column_and_no_delimiter(tmp_path: Path) -> None:
    assert [row.title for row in problems(read_problems(table(tmp_path, "title\nleak\nweld")))] == ["leak", "weld"]


def test_headings_alone_are_an_empty_table(tmp_path: Path) -> None:
    assert list(read_problems(table(tmp_path, "title,description\n"))) == []


def test_text_after_a_space_may_be_quoted(tmp_path: Path) -> None:
    path = table(tmp_path, 'title, description\nleak, "pump, seal"\n5" pipe, x\n')
    found = problems(read_problems(path))
    assert [(row.title, row.description) for row in found] == [("leak", "pump, seal"), ('5" pipe', "x")]


def test_every_open_quote_costs_its_own_line(tmp_path: Path) -> None:
    lines = ['"bad,x' if n % 3 == 0 else f"row {n},x" for n in range(30)]
    rows = list(read_problems(table(tmp_path, "title,description\n" + "\n".join(lines))))
    assert [row.line for row in rows if isinstance(row, RejectedRow)] == [n + 2 for n in range(30) if n % 3 == 0]
    assert [row.title for row in rows if isinstance(row, Problem)] == [f"row {n}" for n in range(30) if n % 3]


def test_a_field_that_is_too_long_is_rejected(tmp_path: Path) -> None:
    path = table(tmp_path, f'title,description\nleak,{"x" * 10_000_001}\nweld,"{"y" * 10_000_001}"\ncut,z\n')
    first, second, third = read_problems(path)
    assert isinstance(first, RejectedRow)
    assert isinstance(second, RejectedRow)
    assert first.faults[0].finding == "a field of more than 10,000,000 characters"
    assert (first.line, second.line) == (2, 3)
    assert isinstance(third, Problem)
    assert third.id == "row-4"


def test_a_line_that_is_too_long_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    with path.open("w", encoding="utf-8") as file:
        file.write('{"title": "leak"}\n{"title": "')
        for _ in range(21):
            file.write("x" * 1_000_000)
        file.write('"}\n{"title": "weld"}\n')
    first, second, third = read_problems(path)
    assert isinstance(first, Problem)
    assert isinstance(second, RejectedRow)
    assert second.faults[0].finding == "a line of more than 20,000,000 characters"
    assert isinstance(third, Problem)
    assert third.id == "row-3"


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    def peak(n_rows: int) -> int:
        # Long values, as pydantic keeps up to 16,384 short ones for use again.
        rows = "".join(f"{n:0100},供水管网漏损检测{n:0100},面议\n" for n in range(n_rows))
        found = read_problems(table(tmp_path, "编号,需求名称,预算\n" + rows))
        tracemalloc.start()
        for _ in found:
            pass
        largest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert found.n_warnings == n_rows
        assert len(found.warnings) == 1_000
        return largest

    assert peak(6_000) < peak(1_500) * 1.2


def test_objects_on_lines(tmp_path: Path) -> None:
    lines: Sequence[Mapping[str, object]] = (
        {"id": 7, "title": "漏水", "keywords": ["a", "b"], "budget_cny": 5e5, "require": {"own": True}},
        {"需求名称": "焊接", "关键词": "c；d", "预算（万元）": "3", "备注": "x"},
        {"title": "切割", "budget_cny": "面议", "标题": "第二个"},
    )
    path = table(tmp_path, "\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n\n", "t.jsonl")
    found = read_problems(path)
    assert found.delimiter is None
    assert problems(found) == [
        Problem(id="7", title="漏水", keywords=("a", "b"), budget_cny=500_000, require=Requirements(own=True)),
        Problem(id="row-2", title="焊接", keywords=("c", "d"), budget_cny=30_000),
        Problem(id="row-3", title="切割"),
    ]
    assert found.unused == ("备注", "标题")
    assert (found.n_blank, found.n_warnings) == (1, 1)
    assert [row.title for row in problems(read_problems(path, columns={"keywords": "关键词"}))] == [
        "漏水",
        "焊接",
        "切割",
    ]


def test_rows_can_be_checked_by_the_caller(tmp_path: Path) -> None:
    def check(problem: Problem) -> list[Fault]:
        return [Fault("exclude", f"no institute is named '{name}'", "known: a") for name in problem.exclude]

    path = table(tmp_path, "id,title,exclude\nA,leak,nobody\nA,weld,\n")
    rejected, good = read_problems(path, check=check)
    assert isinstance(rejected, RejectedRow)
    (fault,) = rejected.faults
    assert fault.place.startswith(f"{path}, line 2")
    assert (fault.finding, fault.remedy) == ("no institute is named 'nobody'", "known: a")
    assert isinstance(good, Problem)
    assert good.id == "A"


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".json", ".txt", ".md", ".DOCX", ".pdf"])
def test_a_document_is_for_match(tmp_path: Path, suffix: str) -> None:
    path = table(tmp_path, "title: leak", f"p{suffix}")
    assert error_of(path).startswith(
        f"{path}: a {suffix.lower()} file holds one problem, this needs a table; use: matchmaker match {path} (or, if"
    )


@pytest.mark.parametrize("suffix", [".xlsx", ".xls", ".et", ".ods", ".parquet"])
def test_a_text_under_the_name_of_a_workbook_is_read_as_text(tmp_path: Path, suffix: str) -> None:
    found = read_problems(table(tmp_path, "title,description\nleak,pump\n", f"t{suffix}"))
    assert [row.title for row in problems(found)] == ["leak"]
    assert [note.finding for note in found.notes] == ["this is a text with delimiters (CSV), and is read as one"]


def test_missing_files_and_folders(tmp_path: Path) -> None:
    table(tmp_path, "title\nleak")
    assert error_of(tmp_path / "s.csv") == f"{tmp_path / 's.csv'}: no such file (did you mean 't.csv'?); check the path"
    assert error_of(tmp_path) == f"{tmp_path}: this is a folder, not a file; name one file in it"


@pytest.mark.skipif(sys.platform == "win32", reason="no such pipes there")
def test_a_pipe_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    keep = os.open(path, os.O_RDWR)
    try:
        assert "this is a pipe" in error_of(path)
    finally:
        os.close(keep)


WORDS = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=";；、|,，"), min_size=1, max_size=12)
TEXTS = WORDS.map(lambda text: f"{text}水")
LINES = st.lists(TEXTS, min_size=1, max_size=3).map("\n".join)
LISTS = st.lists(WORDS, max_size=3).map(tuple)
PROBLEMS = st.builds(
    Problem,
    title=TEXTS,
    description=st.just("") | LINES,
    enterprise=st.none() | TEXTS,
    targets=LISTS,
    keywords=LISTS,
    budget_cny=st.none() | st.integers(0, 10**12).map(float) | st.floats(0, 1e12),
    deadline=st.none() | st.dates(date(1900, 1, 1)),
    require=st.builds(Requirements, place=st.none() | TEXTS, own=st.booleans(), institutes=LISTS),
)


@given(
    st.lists(PROBLEMS, max_size=5),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8-sig", "utf-16", "gb18030"]),
)
def test_csv_round_trip(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Problem], delimiter: str, line_end: str, encoding: str
) -> None:
    numbered = [problem.model_copy(update={"id": f"P{n}"}) for n, problem in enumerate(rows)]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end)
    writer.writerow(
        [
            "编号",
            "需求名称",
            "描述",
            "企业名称",
            "技术指标",
            "关键词",
            "预算（元）",
            "截止日期",
            "限定地区",
            "自有能力",
            "指定机构",
        ]
    )
    for problem in numbered:
        lists = ("；".join(items) for items in (problem.targets, problem.keywords))
        budget = "" if problem.budget_cny is None else repr(problem.budget_cny)
        limits = (problem.require.place, problem.require.own, ";".join(problem.require.institutes))
        head = (problem.id, problem.title, problem.description, problem.enterprise)
        writer.writerow([*head, *lists, budget, problem.deadline, *limits])
    path = tmp_path_factory.mktemp("round") / "t.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    found = read_problems(path, encoding="gb18030" if encoding == "gb18030" else None)
    assert problems(found) == numbered
    assert (found.delimiter, found.n_warnings, found.unused) == (delimiter, 0, ())


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_a_table_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "t.csv"
    path.write_bytes(b"title,description\n" + data)
    rows: Sequence[Row] = ()
    faults: Sequence[Fault] = ()
    try:
        rows = list(read_problems(path))
    except TableError as error:
        faults = error.faults
    assert all(fault.place.startswith(str(path)) for fault in faults)
    starts = [int(row.id.removeprefix("row-")) if isinstance(row, Problem) else row.line for row in rows]
    assert all(first < second for first, second in pairwise(starts))
