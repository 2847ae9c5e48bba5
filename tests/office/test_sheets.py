"""Tables of offices: what must come out of each file, and what must not be let in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from struct import pack_into, unpack_from
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from matchmaker.domain import Problem
from matchmaker.errors import MissingExtraError, TableError
from matchmaker.intake import RejectedRow, read_problems
from matchmaker.intake.headingrows import find_headings
from matchmaker.office.sheets import value_text

FOLDER = Path(__file__).parents[1] / "data" / "office" / "tables"
EXPECTED: Mapping[str, Mapping[str, Any]] = {
    name: expected
    for name, expected in yaml.safe_load((FOLDER / "expected.yaml").read_text("utf-8")).items()
    if name != "_"
}


def workbook(path: Path, *rows: Sequence[object], name: str = "需求") -> Path:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = name
    for row in rows:
        sheet.append(list(row))
    book.save(path)
    return path


def titles(path: Path, **options: Any) -> list[str]:
    return [row.title for row in read_problems(path, **options) if isinstance(row, Problem)]


def test_every_file_has_an_expectation() -> None:
    assert {path.name for path in FOLDER.iterdir()} - {"README.md", "expected.yaml"} == set(EXPECTED)
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 500_000


@pytest.mark.parametrize("name", sorted(name for name in EXPECTED if "error" not in EXPECTED[name]))
def test_what_comes_out(name: str) -> None:
    expected = EXPECTED[name]
    table = read_problems(FOLDER / name)
    rows = list(table)
    problems = [row.model_dump(mode="json") for row in rows if isinstance(row, Problem)]
    assert len(problems) == len(expected["problems"])
    for problem, wanted in zip(problems, expected["problems"], strict=True):
        assert {field: problem[field] for field in wanted if field != "require"} == {
            field: value for field, value in wanted.items() if field != "require"
        }
        assert wanted.get("require", {}).items() <= problem["require"].items()
    rejected = [f"{row.sheet} {row.line}: {row.faults[0].finding}" for row in rows if isinstance(row, RejectedRow)]
    assert rejected == expected.get("rejected", [])
    assert [note.finding for note in table.notes] == expected.get("notes", [])
    assert [warning.finding for warning in table.warnings] == expected.get("warnings", [])
    assert list(table.unused) == expected.get("unused", [])
    for attribute in ("kind", "encoding", "delimiter"):
        assert attribute not in expected or getattr(table, attribute) == expected[attribute]
    assert list(table) == rows


@pytest.mark.parametrize("name", sorted(name for name in EXPECTED if "error" in EXPECTED[name]))
def test_what_is_refused(name: str) -> None:
    with pytest.raises(TableError) as caught:
        read_problems(FOLDER / name)
    assert str(caught.value).startswith(f"{FOLDER / name}: {EXPECTED[name]['error']}")


# --- sheets -----------------------------------------------------------------------------------------------------------


def test_sheets_by_name_and_number() -> None:
    path = FOLDER / "two_sheets.xlsx"
    assert titles(path, sheets=["番禺"]) == ["陶瓷釉面针孔"]
    assert titles(path, sheets=["2"]) == ["陶瓷釉面针孔"]
    assert titles(path, sheets=["2", "南沙"]) == ["供水管网漏损检测", "铝合金薄板焊接变形", "陶瓷釉面针孔"]
    assert titles(path, sheets=["字典"]) == ["示例"]
    with pytest.raises(TableError) as caught:
        read_problems(path, sheets=["南沙区"])
    assert str(caught.value) == (
        f"{path}: no sheet '南沙区' (did you mean '南沙'?); the sheets are: 1 南沙, 2 番禺, 3 填表说明, 4 字典"
    )
    with pytest.raises(TableError, match="it has no sheets; leave --sheet out"):
        read_problems(FOLDER / "tabs.tsv", sheets=["1"])


def test_what_was_taken_for_what_sheet_by_sheet() -> None:
    table = read_problems(FOLDER / "two_sheets.xlsx")
    assert [(taken.sheet, dict(taken.columns)) for taken in table.mappings] == [
        ("南沙", {"id": "需求编号", "title": "需求名称", "description": "需求描述", "enterprise": "企业名称"}),
        ("番禺", {"title": "难题名称", "description": "难题描述", "industry": "所属行业"}),
    ]
    (rejected,) = (row for row in table if isinstance(row, RejectedRow))
    assert dict(zip(table.headings, rejected.cells, strict=True))["所属行业"] == "纺织"
    assert str(rejected.faults[0]).startswith(
        f"{FOLDER / 'two_sheets.xlsx'}, sheet '番禺', row 3: title and description"
    )
    assert rejected.faults[0].in_language("zh").startswith(f"{FOLDER / 'two_sheets.xlsx'}，工作表“番禺”，第 3 行：")


def test_columns_named_for_one_sheet_of_several(tmp_path: Path) -> None:
    table = read_problems(FOLDER / "two_sheets.xlsx", columns={"keywords": "所属行业"})
    assert [row.keywords for row in table if isinstance(row, Problem)] == [(), (), ("建材",)]
    with pytest.raises(TableError, match="no heading '哪里'"):
        read_problems(FOLDER / "two_sheets.xlsx", columns={"keywords": "哪里"})
    with pytest.raises(
        TableError, match="sheet '需求': no column is recognised as title or description; the first row"
    ):
        read_problems(workbook(tmp_path / "t.xlsx", ("甲", "乙"), (1, 2)))
    with pytest.raises(TableError, match="all sheets are empty"):
        read_problems(workbook(tmp_path / "t.xlsx"))


@pytest.mark.parametrize(
    ("value", "is_percent", "text"),
    [
        (1.0, False, "1"),
        (1.5, False, "1.5"),
        (0.1 + 0.2, False, "0.3"),
        (-3.0, False, "-3"),
        (1e20, False, "1e+20"),
        (12345678901234.0, False, "12345678901234"),
        (0.07, True, "7%"),
        (True, False, "true"),
        (date(2026, 3, 1), False, "2026-03-01"),
        (timedelta(hours=30, minutes=5), False, "30:05"),
        (" x ", True, " x "),
    ],
)
def test_a_cell_as_a_person_sees_it(value: Any, is_percent: bool, text: str) -> None:
    assert value_text(value, is_percent) == text


# --- headings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "names", "first", "n_rows"),
    [
        ([["需求名称", "描述"], ["漏水", "x"]], ("需求名称", "描述"), 0, 1),
        ([["征集表"], ["需求名称", "描述"], ["漏水", "x"]], ("需求名称", "描述"), 1, 1),
        ([["征集表"], ["需求名称"], ["漏水"]], ("需求名称",), 1, 1),
        # A word of the data is no heading, even where the headings themselves are not understood.
        ([["甲", "乙"], ["1", "2"], ["1", "2"], ["技术需求", "x"]], ("甲", "乙"), 0, 1),
        ([["技术需求的名称", "类型"], ["漏水", "技术需求"]], ("技术需求的名称", "类型"), 0, 1),
        (
            [["序号", "企业信息", "", "需求名称"], ["", "企业名称", "联系人", ""], ["1", "甲", "乙", "漏水"]],
            ("序号", "企业名称", "联系人", "需求名称"),
            0,
            2,
        ),
        ([["需求名称", "描述"], ["描述", "需求名称"]], ("需求名称", "描述"), 0, 1),
    ],
)
def test_where_the_headings_are(rows: list[list[str]], names: tuple[str, ...], first: int, n_rows: int) -> None:
    found = find_headings(rows, {})
    assert (found.names, found.first, found.n_rows) == (names, first, n_rows)


@pytest.mark.parametrize(
    "text", ["备注：保密", "填表说明：见附件", "注1：同上", "Note: all invented", "合计", "Total:", "联系电话：无"]
)
def test_remarks_below_the_table_are_rejected(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"需求名称,描述,企业\n漏水,x,甲\n{text},,\n", "utf-8")
    problem, remark = read_problems(path)
    assert isinstance(problem, Problem)
    assert isinstance(remark, RejectedRow)
    assert remark.faults[0].finding == "a remark or a total below the table, not a problem"


@pytest.mark.parametrize(
    "row", ["备注栏印刷不清,,", "合计算法太慢,,", "说明书自动翻译,,", "备注：x,描述,", "注塑件翘曲,,甲"]
)
def test_problems_that_begin_like_remarks_are_problems(tmp_path: Path, row: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"需求名称,描述,企业\n{row}\n", "utf-8")
    assert len(titles(path)) == 1


# --- size -------------------------------------------------------------------------------------------------------------


def test_ten_thousand_rows_in_under_five_seconds(tmp_path: Path) -> None:
    rows = (
        (n, f"供水管网漏损检测{n}", "道路下的铸铁管找不到漏点。" * 8, f"示例公司{n}", n / 10, date(2026, 1, 1))
        for n in range(10_000)
    )
    headings = ("需求编号", "需求名称", "需求描述", "企业名称", "预算（万元）", "截止日期")
    path = workbook(tmp_path / "t.xlsx", headings, *rows)
    started = time.process_time()
    assert sum(isinstance(row, Problem) for row in read_problems(path)) == 10_000
    assert time.process_time() - started < 5


def test_cells_of_a_hundred_thousand_characters(tmp_path: Path) -> None:
    text = "漏" * 99_998 + '\n"'
    path = tmp_path / "t.csv"
    path.write_text('需求名称,描述\n漏水,"' + text.replace('"', '""') + '"\n', "utf-8")
    (row,) = read_problems(path)
    assert isinstance(row, Problem)
    assert row.description == text.strip()
    book = workbook(tmp_path / "t.xlsx", ("需求名称", "描述"), ("漏水", "漏" * 32_000))
    (row,) = read_problems(book)
    assert isinstance(row, Problem)
    assert len(row.description) == 32_000


# --- hostile files ----------------------------------------------------------------------------------------------------

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def rewritten(path: Path, parts: Mapping[str, bytes]) -> Path:
    """A workbook with parts replaced or added."""
    source = workbook(path.with_name("source.xlsx"), ("title", "description"), ("leak", "pump"))
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in dict.fromkeys((*old.namelist(), *parts)):
            new.writestr(name, parts[name] if name in parts else old.read(name))
    return path


def sheet_xml(rows: str, before: str = "") -> dict[str, bytes]:
    xml = f'<?xml version="1.0"?>{before}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    return {"xl/worksheets/sheet1.xml": xml.encode()}


HEADING = '<row r="1"><c r="A1" t="inlineStr"><is><t>title</t></is></c></row>'


def far_away(path: Path) -> None:
    rewritten(path, sheet_xml(HEADING + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'))


def far_away_without_rows(path: Path) -> None:
    rewritten(path, sheet_xml(HEADING + '<row><c r="XFD1048576"><v>1</v></c></row>'))


def row_beyond_all(path: Path) -> None:
    rewritten(path, sheet_xml(HEADING + '<row r="4000000000"><c><v>1</v></c></row>'))


def cell_beyond_all(path: Path) -> None:
    rewritten(path, sheet_xml(HEADING + '<row r="2"><c r="brrrrrrrr2"><v>1</v></c></row>'))


def texts_without_end(path: Path) -> None:
    rewritten(path, {"xl/sharedStrings.xml": f'<sst xmlns="{MAIN}" uniqueCount="9999999999"/>'.encode()})


def bomb(path: Path) -> None:
    rewritten(path, {"xl/sharedStrings.xml": b"<sst><si><t>" + b"a" * 150_000_000 + b"</t></si></sst>"})


def gigabyte(path: Path) -> None:
    """A part that declares a size of 1 GB and has a few bytes."""
    rewritten(path, {"xl/sharedStrings.xml": b"<sst/>"})
    declare(path, b"xl/sharedStrings.xml", 1_000_000_000, None)


def larger_than_declared(path: Path) -> None:
    """A part of 60 MB that declares itself, with the right checksum, to be its own beginning."""
    start = f'<sst xmlns="{MAIN}"><si><t>'.encode() + b"a" * 500
    rewritten(path, {"xl/sharedStrings.xml": start + os.urandom(2_000).hex().encode() * 15_000})
    declare(path, b"xl/sharedStrings.xml", len(start), zlib.crc32(start))


def declare(path: Path, name: bytes, size: int, checksum: int | None) -> None:
    data = bytearray(path.read_bytes())
    for mark, at_checksum, at_size, at_length, at_name in (
        (b"PK\x03\x04", 14, 22, 26, 30),
        (b"PK\x01\x02", 16, 24, 28, 46),
    ):
        at = -1
        while (at := data.find(mark, at + 1)) >= 0:
            length = unpack_from("<H", data, at + at_length)[0]
            if data[at + at_name : at + at_name + length] == name:
                pack_into("<I", data, at + at_size, size)
                if checksum is not None:
                    pack_into("<I", data, at + at_checksum, checksum)
    path.write_bytes(data)


def entities(path: Path) -> None:
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    rewritten(path, sheet_xml(HEADING, f'<!DOCTYPE worksheet [<!ENTITY e0 "lol">{lines}]>'))


def many_cells(path: Path) -> None:
    cells = "".join(f'<c r="A{n}"><v>{n}</v></c><c r="XFD{n}"><v/></c>' for n in range(2, 400))
    rewritten(path, sheet_xml(f"{HEADING}<row>{cells}</row>"))


def ods_with(path: Path, rows: str) -> None:
    with zipfile.ZipFile(FOLDER / "plain.ods") as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "content.xml":
                start, end = data.index(b"<table:table-row"), data.index(b"</table:table>")
                data = data[:start] + rows.encode() + data[end:]
            new.writestr(name, data)


CELL = '<table:table-cell office:value-type="string"{}><text:p>title</text:p></table:table-cell>'


def repeated_cells(path: Path) -> None:
    repeated = ' table:number-columns-repeated="16384"'
    ods_with(path, f'<table:table-row table:number-rows-repeated="1048576">{CELL.format(repeated)}</table:table-row>')


def repeated_blanks(path: Path, *, number: str = "900000000") -> None:
    blanks = CELL.format("").replace("title", f'x<text:s text:c="{number}"/>')
    ods_with(path, f"<table:table-row>{blanks}</table:table-row>")


def rows_beyond_all(path: Path) -> None:
    ods_with(path, f'<table:table-row table:number-rows-repeated="999999999999">{CELL.format("")}</table:table-row>')


def in_gbk(path: Path) -> None:
    with zipfile.ZipFile(FOLDER / "plain.ods") as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data.replace(b"UTF-8", b"GBK", 1) if name == "content.xml" else data)


def shared_text(path: Path, *, index: str = "0", names: Sequence[str] = ("xl/sharedStrings.xml",)) -> None:
    """One text of 100,000 characters in 3,000 cells; the reader makes a copy for each of them."""
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>{index}</v></c></row>' for n in range(2, 3_002))
    text = "".join(chr(0x4E00 + n * n % 9_973) for n in range(100_000))
    texts = f'<sst xmlns="{MAIN}" count="3000" uniqueCount="1"><si><t>{text}</t></si></sst>'.encode()
    rewritten(path, sheet_xml(HEADING + rows) | dict.fromkeys(names, texts))


def repeated_text(path: Path) -> None:
    text = "".join(chr(0x4E00 + n * n % 9_973) for n in range(100_000))
    cell = CELL.format("").replace("title", text)
    rows = f'<table:table-row table:number-rows-repeated="3000">{cell}</table:table-row>'
    ods_with(path, f"<table:table-row>{CELL.format('')}</table:table-row>{rows}")


def repeated_rows_of_blanks(path: Path) -> None:
    cell = CELL.format("").replace("title", 'x<text:s text:c="90000"/>')
    rows = f'<table:table-row table:number-rows-repeated="3000">{cell}</table:table-row>'
    ods_with(path, f"<table:table-row>{CELL.format('')}</table:table-row>{rows}")


def external_part(path: Path) -> None:
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relation = f'<Relationship Id="r" Type="{office}/oleObject" Target="http://example.org/x" TargetMode="External"/>'
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    rels = f'<Relationships xmlns="{package}">{relation}</Relationships>'
    rewritten(path, {"xl/worksheets/_rels/sheet1.xml.rels": rels.encode()})


def endless_line(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2 << 30)


def endless_second_line(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"title,description\nleak,pump\n")
        file.truncate(2 << 30)


def endless_letters(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(200):
            file.write(b"a" * 1_000_000)


def old_far_away(path: Path) -> None:
    """One cell of an old workbook moved to the last row and column."""
    data = bytearray((FOLDER / "plain.xls").read_bytes())
    at = data.rindex(b"\xfd\x00\x0a\x00")  # a cell with a shared text: record, length, then row and column
    pack_into("<HH", data, at + 4, 65_535, 255)
    path.write_bytes(data)


HOSTILE = {
    "far_away.xlsx": (far_away, "sheet '需求' reaches to row 1048576, column 16384, more than 4,000,000 cells; delete"),
    "far_away_without_rows.xlsx": (far_away_without_rows, "reaches to row 1048576, column 16384"),
    "row_beyond_all.xlsx": (row_beyond_all, "sheet '需求' has a cell at '4000000000'; open it in Excel or WPS"),
    "cell_beyond_all.xlsx": (cell_beyond_all, "sheet '需求' has a cell at 'brrrrrrrr2'; open it in Excel or WPS"),
    "texts_without_end.xlsx": (texts_without_end, "the file is damaged or incomplete; open it in Excel or WPS"),
    "bomb.xlsx": (bomb, "unpacked, it would be far larger than any office file"),
    "gigabyte.xlsx": (gigabyte, "unpacked, it would be far larger than any office file"),
    "larger_than_declared.xlsx": (larger_than_declared, "the file is damaged or incomplete|is too large"),
    "entities.xlsx": (entities, "it holds XML with a document type"),
    "many_cells.xlsx": (many_cells, "reaches to row 399, column 16384"),
    "repeated_cells.ods": (repeated_cells, "reaches to row 1048576, column 16384"),
    "repeated_blanks.ods": (repeated_blanks, "more than 100,000 blanks"),
    "repeated_blanks_of_ten_digits.ods": (
        lambda path: repeated_blanks(path, number="2000000000"),
        "more than 100,000 blanks",
    ),
    "repeated_blanks_with_a_sign.ods": (
        lambda path: repeated_blanks(path, number="+002000000000"),
        "more than 100,000 blanks",
    ),
    "rows_beyond_all.ods": (rows_beyond_all, "reaches to row 1000000000, column 1, more than 4,000,000 cells"),
    "in_gbk.ods": (in_gbk, "it holds XML with a document type or in an odd encoding"),
    "shared_text.xlsx": (shared_text, "more than 200,000,000 characters in its cells; delete"),
    "shared_text_oddly_named.xlsx": (
        lambda path: shared_text(path, index="+000000000000"),
        "more than 200,000,000 characters in its cells; delete",
    ),
    "two_parts_of_texts.xlsx": (
        lambda path: shared_text(path, names=("xl/sharedStrings.xml", "xl/a/SharedStrings.xml")),
        "the file is damaged or incomplete; open it in Excel or WPS",
    ),
    "repeated_text.ods": (repeated_text, "more than 200,000,000 characters in its cells; delete"),
    "repeated_rows_of_blanks.ods": (repeated_rows_of_blanks, "more than 200,000,000 characters in its cells"),
    "external_part.xlsx": (external_part, "the file fetches a part from another machine"),
    "endless_line.csv": (endless_line, "its first line has more than 1,000,000 characters"),
    "endless_second_line.csv": (endless_second_line, "this is a binary file"),
    "endless_letters.csv": (endless_letters, "its first line has more than 1,000,000 characters"),
    "old_far_away.xls": (old_far_away, "more than 4,000,000 cells in its sheets; delete"),
}
_PROGRAM = """
import pathlib, re, sys, time
from matchmaker.errors import TableError
from matchmaker.intake import read_problems
import matchmaker.office.sheets, python_calamine, olefile
started = time.process_time()
try:
    list(read_problems(sys.argv[1]))
    print("nothing")
except TableError as error:
    print(error)
peak = re.search(r"VmHWM:\\s*(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1]
print(time.process_time() - started, int(peak) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux does")
@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_files_are_refused_quickly_and_in_little_memory(tmp_path: Path, name: str) -> None:
    make, message = HOSTILE[name]
    make(tmp_path / name)
    done = subprocess.run([sys.executable, "-c", _PROGRAM, tmp_path / name], capture_output=True, text=True, check=True)
    said, _, figures = done.stdout.strip().rpartition("\n")
    seconds, megabytes = figures.split()
    assert any(part in said for part in message.split("|")), said
    assert float(seconds) < 2
    assert int(megabytes) < 300


def with_huge_numbers(source: Path, folder: Path) -> int:
    """Copies of a workbook, in each of them one number of its XML replaced by one that takes memory without end."""
    with zipfile.ZipFile(source) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    n_copies = 0
    for name, data in parts.items():
        for value in re.finditer(rb'="([^"]*[0-9][^"]*)"', data) if re.search("sheet|Strings|content", name) else ():
            for huge in (b"9999999999", b"b4294967295", b"ZZZZZZZ9"):
                n_copies += 1
                with zipfile.ZipFile(folder / f"{n_copies:04}{source.suffix}", "w") as copy:
                    changed = {**parts, name: data[: value.start(1)] + huge + data[value.end(1) :]}
                    for part, content in changed.items():
                        copy.writestr(part, content)
    return n_copies


_LIMITED = """
import pathlib, resource, sys
from matchmaker.errors import TableError
from matchmaker.intake import read_problems
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    print(path.name, flush=True)
    try:
        list(read_problems(path))
    except TableError:
        pass
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as Linux does")
@pytest.mark.parametrize("name", ["formulas_with_results.xlsx", "merged_cells.xlsx", "merged_cells.ods"])
def test_no_number_in_a_workbook_takes_memory_without_end(tmp_path: Path, name: str) -> None:
    n_copies = with_huge_numbers(FOLDER / name, tmp_path)
    done = subprocess.run([sys.executable, "-c", _LIMITED, tmp_path], capture_output=True, text=True, check=False)
    assert n_copies > 50
    assert (done.returncode, len(done.stdout.split())) == (0, n_copies), done.stderr  # the last one named is at fault


def test_a_line_that_never_ends_ends_the_table(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with path.open("wb") as file:
        file.write("需求名称,描述\n漏水,x\n".encode())
        for _ in range(110):
            file.write(b"a" * 1_000_000)
        file.write(b"\nweld,x\n")
    problem, rejected = read_problems(path)
    assert isinstance(problem, Problem)
    assert isinstance(rejected, RejectedRow)
    assert str(rejected.faults[0]) == (
        f"{path}, line 3: a line of more than 100,000,000 characters; nothing after it is read; split or shorten it"
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["plain.xls", "plain.xlsx", "plain.ods", "rows.parquet", "prefixed.xlsx"]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4)), min_size=1, max_size=6),
)
def test_damaged_files_are_read_or_refused(tmp_path: Path, name: str, changes: Sequence[tuple[float, bytes]]) -> None:
    data = bytearray((FOLDER / name).read_bytes())
    for where, put in changes:
        at = int(where * len(data))
        data[at : at + len(put)] = put
    path = tmp_path / name
    path.write_bytes(data)
    try:
        rows = list(read_problems(path))
    except TableError as error:
        rows, faults = [], error.faults
        assert all(fault.place.startswith(str(path)) for fault in faults)
    assert all(isinstance(row, (Problem, RejectedRow)) for row in rows)


def parquet_of(folder: Path, columns: Mapping[str, object], **options: Any) -> Path:
    import pyarrow as pa
    from pyarrow import parquet

    path = folder / "t.parquet"
    parquet.write_table(pa.table(dict(columns)), path, **options)
    return path


_MEMORY = """
import sys
from matchmaker.intake import read_problems
print(*(len(row.description) for row in read_problems(sys.argv[1])))
with open("/proc/self/status") as file:
    (peak,) = [line for line in file if line.startswith("VmHWM")]
print(int(peak.split()[1]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is told as Linux does")
@pytest.mark.parametrize("wrap", [1, 3])
def test_a_text_in_many_rows_of_parquet_is_held_once(tmp_path: Path, wrap: int) -> None:
    import pyarrow as pa

    one = pa.array(["漏" * 2_000_000]).dictionary_encode().take(pa.array([0] * 60))
    texts = one if wrap == 1 else pa.ListArray.from_arrays(list(range(0, 61, wrap)), one)
    columns = {"title": ["漏水"] * len(texts), "description": texts}
    path = parquet_of(tmp_path, columns, compression="zstd", dictionary_pagesize_limit=1 << 30)
    assert path.stat().st_size < 5_000
    done = subprocess.run([sys.executable, "-c", _MEMORY, path], capture_output=True, text=True, check=True)
    lengths, peak = done.stdout.splitlines()
    assert set(lengths.split()) == {str(2_000_000 * wrap + wrap - 1)}
    assert int(peak) < 350_000  # KB; all of them together have 360 MB


@pytest.mark.parametrize("n", [1, 3])
def test_a_text_of_parquet_that_is_too_long_costs_its_row(tmp_path: Path, n: int) -> None:
    import pyarrow as pa

    long = "x" * (10_000_000 // n) + "x"
    texts = pa.array([long, "水"]) if n == 1 else pa.array([[long] * 5, ["水"]])
    path = parquet_of(tmp_path, {"title": texts})
    rejected, good = read_problems(path)
    assert isinstance(rejected, RejectedRow)
    assert str(rejected.faults[0]) == f"{path}, line 1: a field of more than 10,000,000 characters; shorten it"
    assert isinstance(good, Problem)


def test_a_group_of_parquet_that_is_not_small_is_read_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matchmaker.office.parquet._SMALL_GROUP_BYTES", 0)
    monkeypatch.setattr("matchmaker.office.parquet._MAX_BATCH_BYTES", 100_000)
    path = parquet_of(tmp_path, {"title": [f"漏水{n}" for n in range(3_000)]})
    assert titles(path) == [f"漏水{n}" for n in range(3_000)]


def odd_values() -> Mapping[str, tuple[object, Sequence[str]]]:
    """Columns of two values that Python has no type for, or cannot read, and what is shown of them."""
    import pyarrow as pa

    ns = (1_767_225_600_000_000_001, 1_774_951_200_000_000_999)
    zones = ("Foo/Bar", "../../etc/passwd", "+99:99")
    bad = pa.array([b"\xff", "水".encode()], pa.binary()).view(pa.string())
    days = pa.array([-800_000, 2**31 - 1], pa.date32())
    return {
        "nanoseconds": (pa.array(ns, pa.timestamp("ns")), ["2026-01-01", "2026-03-31 10:00"]),
        "with a zone": (pa.array(ns, pa.timestamp("ns", "Asia/Shanghai")), ["2026-01-01 08:00", "2026-03-31 18:00"]),
        "days": (days, ["-0221-09-04", "<value out of range: 2147483647>"]),
        "times": (pa.array([1, 86_399_999_999_999], pa.time64("ns")), ["00:00", "23:59"]),
        "durations": (pa.array([3_600_000_000_001, 2**62], pa.duration("ns")), ["1:00", "1281023:53"]),
        "long durations": (pa.array([3_600, 2**62], pa.duration("s")), ["1:00", str(2**62)]),
        "list": (
            pa.array([[ns[0], ns[1]], []], pa.list_(pa.timestamp("ns"))),
            ["2026-01-01；2026-03-31 10:00", ""],
        ),
        "list of texts": (pa.ListArray.from_arrays([0, 1, 2], bad), ["", "水"]),
        "texts": (bad, ["", "水"]),
        **{
            zone: (pa.array([0, 10**15], pa.timestamp("us", zone)), ["1970-01-01", "2001-09-09 01:46"])
            for zone in zones
        },
    }


@pytest.mark.parametrize("name", sorted(odd_values()))
def test_an_odd_value_of_parquet_costs_its_row_at_most(tmp_path: Path, name: str) -> None:
    values, expected = odd_values()[name]
    path = parquet_of(tmp_path, {"title": ["漏水", "焊接"], "description": values})
    for row, text in zip(read_problems(path), expected, strict=True):
        if "texts" in name and not text:
            assert isinstance(row, RejectedRow)
            assert row.cells == ("漏水", "\ufffd")
            assert row.faults[0].finding == "byte 0xff is not utf-8"
        else:
            assert isinstance(row, Problem)
            assert row.description == text


def test_a_value_of_parquet_that_cannot_be_read_costs_its_row(tmp_path: Path) -> None:
    import pyarrow as pa

    twice = pa.StructArray.from_arrays(
        [pa.array(["x", None]), pa.array(["y", None])], ["u", "u"], mask=pa.array([False, True])
    )
    path = parquet_of(tmp_path, {"title": ["漏水", "焊接"], "description": twice})
    rejected, good = read_problems(path)
    assert isinstance(rejected, RejectedRow)
    assert rejected.cells == ("漏水", "")
    (fault,) = rejected.faults
    assert (fault.place, fault.remedy) == (f"{path}, line 1", "write it as text")
    assert re.fullmatch(r"'description' cannot be read \(.+\)", fault.finding)
    assert isinstance(good, Problem)


def test_ids_of_parquet_may_be_uuids(tmp_path: Path) -> None:
    import pyarrow as pa

    ids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16], pa.binary(16)))
    (problem,) = read_problems(parquet_of(tmp_path, {"id": ids, "title": ["漏水"]}))
    assert isinstance(problem, Problem)
    assert problem.id == "30303030-3030-3030-3030-303030303030"


def test_parquet_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'matchmaker-techtransfer\[parquet\]'"):
        read_problems(FOLDER / "rows.parquet")
