from __future__ import annotations

import errno
import gc
import io
import os
import re
import shutil
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from typer.testing import CliRunner

from matchmaker import files
from matchmaker.cli import app
from matchmaker.csvcells import csv_text
from matchmaker.domain import (
    LEVELS,
    Citation,
    Explanation,
    Language,
    Problem,
    Reason,
    Requirements,
    ScorePart,
    Shortlist,
    Text,
)
from matchmaker.errors import Fault, InputError
from matchmaker.intake import RejectedRow, read_problems
from matchmaker.intake.headings import column_of, known_names
from matchmaker.matching.settings import Settings, TrackRecord
from matchmaker.messages import translate
from matchmaker.writing import (
    Context,
    Origin,
    explanation_to_markdown,
    level_word,
    rejects_writer,
    sheettables,
    to_csv,
    to_markdown,
    write,
    write_workbook,
)
from matchmaker.writing import sheets as sheets_module
from matchmaker.writing.sheets import SheetColumn, legible, open_book
from matchmaker.writing.sheettables import SheetTable, terminal_width
from matchmaker.writing.workbook import PROBLEM_HEADINGS
from worlds import (
    empty_example,
    match_example,
    shortlist_example,
    small_registry,
    unmatched_example,
)

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

pytestmark = pytest.mark.filterwarnings("ignore:.*xtension is not supported:UserWarning:openpyxl")

BOUNDS = Settings().bounds
ALL = (shortlist_example(), empty_example(), unmatched_example())
REJECTED = RejectedRow(3, ("P-9", "=1+1", "more"), (Fault("table.csv, line 3", "neither title nor description"),))
ORIGIN = Origin(Path("a/folder/table.csv"), ("id", "title"), small_registry(), Settings())
SOFFICE = shutil.which("soffice")
needs_office = pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (soffice) is not installed on this machine")

SIGNS = "=+-@＝＋－＠﹦−"
UNSEEN = " \t\r\n\u00a0\u00ad\u200b\u2060\u3000\u3164\ufeff\ufe0f\u2066\u180e"
ATTACKS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1,1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\ufeff=1+1",
    "\u200b=1+1",
    "＝1+1",
    "＠SUM(1,1)",
    "=cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example","x")',
    '=WEBSERVICE("http://evil.example")',
    '=DDE("cmd";"/C calc";"x")',
    "a;=1+1",
    "a\t=1+1",
    'a";=1+1;"',
    "a\n=1+1",
    "{=1+1}",
    "'=1+1",
    '"=1+1',
    "<r><t>x</t></r>",
    '<r></r></is></c><c r="Z1"><f>1+1</f><v>2</v></c><c r="AA1" t="inlineStr"><is><r></r>',
    "_x003D_1+1",
    "https://evil.example/a",
    "mailto:a@evil.example",
    "file:///etc/passwd",
    "\x00=1",
    "\ud800=1",
    "\uffff=1",
)
nasty_text = st.one_of(
    st.sampled_from(ATTACKS),
    st.builds(
        lambda lead, sign, rest: lead + sign + rest,
        st.text(st.sampled_from(UNSEEN), max_size=3),
        st.sampled_from(SIGNS),
        st.sampled_from(("1+1", "SUM(1,1)", "cmd|' /C calc'!A0", "A1", "1", "", "x;=1+1", 'a",=1')),
    ),
    st.text(st.sampled_from(SIGNS + UNSEEN + "1A,;'\"|!()水"), min_size=1, max_size=12),
)


def nasty_shortlist(text: str) -> Shortlist:
    """The text wherever a problem, a profile or a limit can have one."""
    name = Text.model_construct(zh=text, en=text)
    match = match_example(reasons=[Reason.model_construct(kind="keyword", term=text, found=text, similarity=1.0)])
    cited = Citation.model_construct(claim=name, year=None, source=text, via_parent=False, is_copy=False)
    capability = match.capability.model_copy(update={"name": name, "id": text})
    match = match.model_copy(
        update={"name": name, "institute": text, "capability": capability, "evidence": (cited,) * 4}
    )
    lists = dict.fromkeys(("targets", "conditions", "cooperation", "keywords", "exclude"), (text, text))
    texts = dict.fromkeys(("id", "title", "description", "enterprise", "industry", "region", "tried"), text)
    require = Requirements.model_construct(institutes=(text,), place=text)
    problem = Problem(title="x").model_copy(update={**lists, **texts, "require": require})
    return shortlist_example().model_copy(update={"problem": problem, "matches": (match,), "settings": text})


def nasty_explanation(text: str) -> Explanation:
    shortlist = nasty_shortlist(text)
    part = ScorePart.model_construct(name=text, value=0.5)
    explanation = Explanation(
        problem=ALL[0].problem,
        match=match_example(),
        base=0.1,
        parts=(),
        marks=(),
        uncovered=(),
        settings="",
        institutes="",
    )
    return explanation.model_copy(
        update={"match": shortlist.matches[0], "problem": shortlist.problem, "parts": (part,)}
    )


def rejected(*cells: str) -> RejectedRow:
    return RejectedRow(2, cells, tuple(Fault(cell, cell, cell) for cell in cells))


def written(
    path: Path, answers: Iterable[Shortlist | RejectedRow] = ALL, language: str | None = "en", origin: Origin = ORIGIN
) -> openpyxl.Workbook:
    write_workbook(answers, path, language, origin=origin)  # type: ignore[arg-type]
    return openpyxl.load_workbook(path)


def cells_of(sheet: Worksheet) -> list[dict[str, object]]:
    headings, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, headings), row, strict=True)) for row in rows]


def parts_of(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode("utf-8") for name in archive.namelist()}


# --- What stands where ------------------------------------------------------------------------------------------------


def test_sheets_headings_and_rows(tmp_path: Path) -> None:
    book = written(tmp_path / "out.xlsx", [ALL[0], REJECTED, *ALL[1:]])
    assert book.sheetnames == ["Shortlists", "Rejected rows", "Summary", "Problems"]
    first, second, empty, unmatched = cells_of(book["Shortlists"])
    assert (first["Problem id"], first["What is asked"], first["Verdict"]) == ("P-001", "供水管网漏损严重", "matched")
    assert (first["Rank"], first["Institute id"]) == (1, "alpha")
    assert first["Institute"] == "Alpha Institute of Industrial Intelligence"
    assert (first["Score"], first["Level"]) == (0.871234, "Recommend")
    assert first["Reasons"] == "漏损检测 <- 漏损点 (0.80)\n管道漏水 (inferred) (1.00)"
    parts = [first[f"Similarities: {part}"] for part in ("keywords", "words", "meaning", "cases")]
    assert parts == [0.62, 0.41, 0.88, None]
    assert first["Evidence"] == "1. 2024 Used in two cities"
    assert first["Source 1"] == "https://example.org/water/2024"
    removed = "Gamma Technology Transfer Centre (not a research institute)"
    assert first["Note"] == f"Removed by a hard limit: {removed}"
    assert second["Capability"] == "Machine-vision inspection (via the parent body)"
    assert second["Note"] is None
    assert (empty["Problem id"], empty["Rank"], empty["Score"]) == ("P-003", None, None)
    assert str(empty["Note"]).startswith("No institute fits this need.\nRemoved by a hard limit: Alpha Institute")
    whom = "Gamma Technology Transfer Centre can help to find an expert."
    assert unmatched["Note"] == f"No institute fits this need; {whom}"
    assert cells_of(book["Rejected rows"]) == [
        {"Row": 3, "Why it was rejected": "table.csv, line 3: neither title nor description"}
        | {"Column 1 as read: id": "P-9", "Column 2 as read: title": "=1+1", "None": "more"}
    ]


def test_the_language_is_that_asked_for_else_that_of_the_first_problem(tmp_path: Path) -> None:
    chinese = written(tmp_path / "zh.xlsx", language=None)
    assert chinese.sheetnames == ["候选名单", "未读入的行", "汇总", "需求"]
    assert cells_of(chinese["候选名单"])[0]["等级"] == "建议对接"
    assert cells_of(chinese["候选名单"])[3]["等级"] == "不匹配"  # of a problem in English: one language in one file
    assert written(tmp_path / "en.xlsx", ALL[::-1], None).sheetnames[0] == "Shortlists"
    assert written(tmp_path / "r.xlsx", [REJECTED, *ALL], None).sheetnames[0] == "Shortlists"
    only_chinese = Origin(None, ("需求名称",))
    assert written(tmp_path / "r.xlsx", [rejected("水")], None, only_chinese).sheetnames[0] == "候选名单"


def test_a_workbook_without_a_table_has_no_sheet_of_rejects(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    write(iter(ALL), "shortlists", "xlsx", path, Context("en"))
    assert openpyxl.load_workbook(path).sheetnames == ["Shortlists", "Summary", "Problems"]
    with pytest.raises(ValueError, match="headings"):
        write_workbook([REJECTED], path)
    write_workbook([], path)
    assert openpyxl.load_workbook(path).sheetnames == ["Shortlists", "Summary", "Problems"]


def test_the_summary_counts_explains_and_says_where_it_comes_from(tmp_path: Path) -> None:
    sheet = written(tmp_path / "out.xlsx", [ALL[0], REJECTED, *ALL[1:]])["Summary"]
    said = {str(key): value for key, value, *_ in sheet.iter_rows(values_only=True) if key}
    assert (said["Rows read"], said["Rows rejected"]) == (4, 1)
    assert said["Problems with an institute that fits"] == 1
    assert said["Problems that no institute fits"] == 2
    assert said["Alpha Institute of Industrial Intelligence"] == 1
    assert said["Beta Institute of Software Application Technology"] == 0
    assert said["Recommend"] == f"score {BOUNDS.strong:g} or more; worth a call"
    assert str(said["No match"]).startswith(f"score below {BOUNDS.weak:g}; not enough for a call")
    assert said["Input file"] == "table.csv"
    assert said["Fingerprint of the settings"] == "sha256:5e77"
    assert said["Fingerprint of the profiles"] == "sha256:feed"
    assert {"Counts", "How often each institute stands first", "How to read levels and scores"} <= said.keys()
    assert "Where this comes from" in said
    bars = parts_of(tmp_path / "out.xlsx")["xl/worksheets/sheet3.xml"]
    assert "dataBar" in bars


def test_the_summary_says_how_often_a_level_was_right_where_it_is_known(tmp_path: Path) -> None:
    record = TrackRecord(fair=(30, 18), date="2026-11", by=Text(en="assessors"))
    origin = Origin(settings=Settings(record=record))
    sheet = written(tmp_path / "out.xlsx", ALL, "en", origin)["Summary"]
    said = {str(key): value for key, value, *_ in sheet.iter_rows(values_only=True) if key}
    assert str(said["Ask first"]).endswith(
        "Ask first: of 30 judged needs at this level, 18 first institutes were worth a call (assessors, 2026-11)"
    )
    assert said["Recommend"] == f"score {BOUNDS.strong:g} or more; worth a call"


def test_a_ranking_for_one_institute_has_no_first_places(tmp_path: Path) -> None:
    ranking = [ALL[0].model_copy(update={"matches": (match_example(rank),)}) for rank in (1, 2)]
    sheet = written(tmp_path / "out.xlsx", ranking)["Summary"]
    assert "How often each institute stands first" not in [row[0] for row in sheet.iter_rows(values_only=True)]


def test_headings_stay_filters_cover_all_and_paper_is_a4(tmp_path: Path) -> None:
    book = written(tmp_path / "out.xlsx")
    sheet = book["Shortlists"]
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == f"A1:{sheet.cell(5, sheet.max_column).coordinate}"
    assert sheet.print_title_rows == "$1:$1"
    for one in book:
        assert (one.page_setup.orientation, one.page_setup.paperSize) == ("landscape", 9)
        assert one.page_setup.fitToHeight == 0
        assert one.sheet_properties.pageSetUpPr is not None
        assert one.sheet_properties.pageSetUpPr.fitToPage
    widths = [sheet.column_dimensions[letter].width for letter in "AE"]
    assert 9 <= widths[0] <= 14
    assert 24 <= widths[1] <= 29


def test_what_is_printed_and_which_numbers_may_be_text(tmp_path: Path) -> None:
    book = written(tmp_path / "out.xlsx")
    assert book["Shortlists"].print_area == "'Shortlists'!$A$1:$K$5"
    assert not book["Problems"].print_area
    sheet = parts_of(tmp_path / "out.xlsx")["xl/worksheets/sheet1.xml"]
    assert '<ignoredError sqref="A2:A5 T2:T5" numberStoredAsText="1"/>' in sheet


def test_money_has_no_fractions_unless_there_are_some(tmp_path: Path) -> None:
    with open_book(tmp_path / "out.xlsx") as book:
        sheet = book.sheet("x")
        for row, amount in enumerate((1_234_567, 0.5, 10**14, 10**15)):
            sheet.put(row, 0, amount, "money")
    (cells,) = openpyxl.load_workbook(tmp_path / "out.xlsx")["x"].iter_cols()
    assert [cell.number_format for cell in cells] == ["#,##0", "General", "#,##0", "General"]


def test_claims_and_capabilities_are_in_the_language_asked_for(tmp_path: Path) -> None:
    rows = cells_of(written(tmp_path / "out.xlsx", language="zh")["候选名单"])
    assert rows[0]["依据"] == "1. 2024 在两个城市应用"
    assert rows[1]["能力"] == "机器视觉质检（经上级单位）"


def test_a_chinese_character_is_two_cells_wide() -> None:
    assert (terminal_width("水water"), terminal_width("（"), terminal_width("é")) == (7, 2, 1)


def test_levels_have_colours_and_words_and_their_contrast_is_enough(tmp_path: Path) -> None:
    shortlists = [
        ALL[0].model_copy(update={"matches": tuple(match_example(n, level=level) for n, level in enumerate(LEVELS, 1))})
    ]
    sheet = written(tmp_path / "out.xlsx", shortlists)["Shortlists"]
    level = [cell.value for cell in sheet[1]].index("Level") + 1
    seen = []
    for row in range(2, 6):
        cell = sheet.cell(row, level)
        paper, ink = cell.fill.fgColor.rgb, cell.font.color.rgb
        assert contrast(str(paper), str(ink)) >= 4.5
        seen.append(luminance(str(paper)))
    assert [sheet.cell(row, level).value for row in range(2, 6)] == [level_word(level, "en") for level in LEVELS]
    assert len({round(one, 2) for one in seen}) == 4  # told apart in grey


def luminance(argb: str) -> float:
    parts = [int(argb[at : at + 2], 16) / 255 for at in (2, 4, 6)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def cited(source: str, *, is_copy: bool = False) -> Shortlist:
    citation = Citation(claim=Text(en="x"), year=None, source=source, via_parent=False, copy=is_copy)
    return ALL[0].model_copy(update={"matches": (match_example().model_copy(update={"evidence": (citation,)}),)})


@pytest.mark.parametrize(
    ("source", "is_copy", "is_linked"),
    [
        ("https://example.org/a?b=c&d=%20e#f", False, True),
        ("http://example.org/水", False, True),
        ("https://example.org/copied", True, False),
        ("javascript:alert(1)", False, False),
        ("file:///etc/passwd", False, False),
        ("https://example.org/a b", False, False),
        ("Example Daily, 2024-05-06", False, False),
        ("https://example.org/" + "x" * 2_100, False, False),
    ],
)
def test_only_addresses_that_may_be_linked_are_links(
    tmp_path: Path, source: str, is_copy: bool, is_linked: bool
) -> None:
    sheet = written(tmp_path / "out.xlsx", [cited(source, is_copy=is_copy)])["Shortlists"]
    cell = sheet.cell(2, [one.value for one in sheet[1]].index("Source 1") + 1)
    assert cell.value == source
    assert bool(cell.hyperlink) is is_linked
    if cell.hyperlink:
        target = f"{cell.hyperlink.target}#{cell.hyperlink.location}".removesuffix("#None")
        assert target == source


# --- Limits -----------------------------------------------------------------------------------------------------------


def test_a_text_longer_than_a_cell_is_cut_marked_and_named(tmp_path: Path) -> None:
    long = Problem(id="P-1", title="水", description="💧" * 20_000)
    losses = write_workbook([shortlist_example(long)] * 30, tmp_path / "out.xlsx", "zh")
    (text, *_) = [row["需求描述"] for row in cells_of(openpyxl.load_workbook(tmp_path / "out.xlsx")["需求"])]
    assert str(text).endswith("💧……（过长，已截断）")
    assert 32_760 <= len(str(text).encode("utf-16-le")) / 2 <= 32_767
    place = f"{tmp_path / 'out.xlsx'}, sheet '需求', C2"
    assert str(losses[0]).startswith(f"{place}: text cut to 32,767 characters")
    assert "被截断" in losses[0].in_language("zh")
    assert len(losses) == 21
    assert "10 more cells" in str(losses[-1])


def test_a_day_before_the_first_one_of_spreadsheets_is_text(tmp_path: Path) -> None:
    days = [date(1899, 12, 31), date(1850, 1, 2), date(2026, 3, 4)]
    asked = [shortlist_example(Problem(title="leak", deadline=day)) for day in days]
    rows = list(written(tmp_path / "out.xlsx", asked, language="en")["Problems"].iter_rows(values_only=True))
    at = rows[0].index("Deadline")
    assert [row[at] for row in rows[1:3]] == ["1899-12-31", "1850-01-02"]
    assert rows[3][at] == datetime(2026, 3, 4)  # noqa: DTZ001 - a day of a spreadsheet has no zone


def test_a_text_as_long_as_a_cell_is_whole(tmp_path: Path) -> None:
    fits = Problem(id="P-1", title="水", description="x" * 32_767)
    assert write_workbook([shortlist_example(fits)], tmp_path / "out.xlsx") == []


def test_more_links_than_a_sheet_may_have_are_shown_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets_module, "MAX_LINKS", 2)
    losses = write_workbook([cited("https://example.org/a")] * 5, tmp_path / "out.xlsx", "en")
    assert len(losses) == 3
    finding = "address shown but not linked: too long, or the sheet has reached its limit of links"
    assert str(losses[0]) == f"{tmp_path / 'out.xlsx'}, sheet 'Shortlists', L4: {finding}"
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["Shortlists"]
    column = [one.value for one in sheet[1]].index("Source 1") + 1
    assert [bool(sheet.cell(row, column).hyperlink) for row in range(2, 7)] == [True, True, False, False, False]
    assert sheet.cell(6, column).value == "https://example.org/a"


@pytest.mark.parametrize("n_held", [2, 200])
def test_rows_that_do_not_fit_on_a_sheet_go_on_in_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_held: int
) -> None:
    monkeypatch.setattr(sheettables, "MAX_ROWS", 5)
    monkeypatch.setattr(sheettables, "_ROWS_MEASURED", n_held)
    book = written(tmp_path / "out.xlsx", [ALL[2]] * 10)
    assert book.sheetnames[:4] == ["Shortlists", "Rejected rows", "Summary", "Problems"]
    assert sorted(book.sheetnames[4:]) == ["Problems 2", "Problems 3", "Shortlists 2", "Shortlists 3"]
    assert [len(cells_of(book[name])) for name in ("Shortlists", "Shortlists 2", "Shortlists 3")] == [4, 4, 2]
    assert book["Shortlists 3"].freeze_panes == "B2"
    assert book["Shortlists 2"].auto_filter.ref.startswith("A1:")


def test_what_xml_cannot_hold_is_shown_as_such(tmp_path: Path) -> None:
    text = "a\x00b\x0bc\x1fd\ud800e\uffff\r\nf\rg\th\x85"
    assert legible(text) == "a\ufffdb\ufffdc\ufffdd\ufffde\ufffd\nf\ng\th\ufffd"
    with open_book(tmp_path / "out.xlsx") as book:
        SheetTable(book, "x", [SheetColumn("=1")]).add([text])
    assert openpyxl.load_workbook(tmp_path / "out.xlsx")["x"]["A2"].value == legible(text)


@pytest.mark.parametrize("text", [" a ", "_x0041_", "<r><t>x</t></r>", "<r>", "a\n\nb", "001", "1e5", "&amp;", "TRUE"])
def test_texts_stay_as_they_are(tmp_path: Path, text: str) -> None:
    with open_book(tmp_path / "out.xlsx") as book:
        table = SheetTable(book, "x", [SheetColumn("a"), SheetColumn("b", "code")])
        table.add([text, text])
    cell, code = openpyxl.load_workbook(tmp_path / "out.xlsx")["x"][2]
    # unlike Excel and LibreOffice, openpyxl leaves it to the caller to undo the escape of _x0041_
    assert (unescape(str(cell.value)), cell.data_type) == (text, "s")
    assert (unescape(str(code.value)), code.number_format) == (text, "@")


# --- Problems come back -----------------------------------------------------------------------------------------------


def read_back(book: openpyxl.Workbook, name: str, folder: Path) -> list[Problem]:
    """The problems of a sheet, by way of the text of its cells."""

    def text(value: object) -> str:
        if isinstance(value, datetime):
            return value.date().isoformat()
        return "" if value is None else str(value)

    path = folder / "problems.csv"
    rows = [[text(value) for value in row] for row in book[name].iter_rows(values_only=True)]
    path.write_text(csv_text(rows), encoding="utf-8")
    found = list(read_problems(path))
    assert not [row for row in found if isinstance(row, RejectedRow)]
    return [row for row in found if isinstance(row, Problem)]


line = (
    st.text(st.sampled_from("水质检测abc XYZ019=+-@'\"。（）"), min_size=1, max_size=20)
    .map(str.strip)
    .filter(lambda text: any(char.isalnum() for char in text))
)
items = st.lists(line, max_size=3).map(tuple)
problems = st.builds(
    Problem,
    title=line,
    description=st.one_of(st.just(""), st.lists(line, min_size=1, max_size=4).map("\n".join)),
    enterprise=st.none() | line,
    industry=st.none() | line,
    region=st.none() | line,
    targets=items,
    conditions=items,
    tried=st.none() | line,
    cooperation=items,
    budget_cny=st.none() | st.integers(0, 10**12).map(float) | st.integers(0, 10**8).map(lambda cents: cents / 100),
    deadline=st.none() | st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    keywords=items,
    exclude=items,
    require=st.builds(
        Requirements,
        institutes=items,
        role=st.sampled_from([None, "research_institute", "transfer_centre"]),
        own=st.booleans(),
        place=st.none() | line,
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(problems, min_size=1, max_size=4), st.sampled_from(["zh", "en"]))
def test_problems_come_back_field_by_field(tmp_path: Path, given: Sequence[Problem], language: str) -> None:
    asked = [problem.model_copy(update={"id": f"P-{n}"}) for n, problem in enumerate(given)]
    book = written(tmp_path / "out.xlsx", [shortlist_example(one) for one in asked], language)
    again = read_back(book, book.sheetnames[-1], tmp_path)
    assert again == asked
    second = written(tmp_path / "again.xlsx", [shortlist_example(one) for one in again], language)
    assert (tmp_path / "again.xlsx").read_bytes() == (tmp_path / "out.xlsx").read_bytes()
    assert read_back(second, second.sheetnames[-1], tmp_path) == asked


def test_every_field_has_a_heading_that_is_understood() -> None:
    names = {name for name in Problem.model_fields if name != "require"}
    assert set(PROBLEM_HEADINGS) == names | {f"require.{name}" for name in Requirements.model_fields}
    for field, heading in PROBLEM_HEADINGS.items():
        for language in get_args(Language):
            column = column_of(translate(heading, language), fuzzy=False)
            assert column is not None
            assert (column.field, column.factor) == (field, 1)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_only_the_sheet_of_problems_is_taken_for_problems(tmp_path: Path, language: str) -> None:
    origin = Origin(headings=known_names(), registry=small_registry(), settings=Settings())
    shortlists, rejects, summary, _ = written(tmp_path / "out.xlsx", language=language, origin=origin)
    for row in (next(shortlists.values), next(rejects.values), *summary.values):
        found = [column_of(str(value), fuzzy=True) for value in row if value is not None]
        assert not {"title", "description"} & {one.field for one in found if one}, row


# --- Bytes, and all or nothing ----------------------------------------------------------------------------------------


def test_same_answers_same_bytes(tmp_path: Path) -> None:
    answers: list[Shortlist | RejectedRow] = [*ALL, REJECTED]
    answers.append(shortlist_example(Problem(id="=1", title="=cmd", deadline=date(2026, 3, 4))))
    first, second = tmp_path / "first.xlsx", tmp_path / "second.xlsx"
    for path in (first, second):
        write_workbook(answers, path, origin=ORIGIN)
    assert first.read_bytes() == second.read_bytes()


def test_bytes_do_not_hang_on_hash_seeds_places_or_zones(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from worlds import *; from matchmaker.writing import *\n"
        "write_workbook([shortlist_example(), empty_example(), unmatched_example()], Path(sys.argv[1]),"
        " origin=Origin(registry=small_registry()))"
    )
    seen = set()
    for seed, zone, folder in (("1", "UTC", "a"), ("2", "Asia/Shanghai", "b"), ("3", "America/New_York", "c")):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / f"{folder}.xlsx"
        env = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(Path(__file__).parents[1])}
        subprocess.run([sys.executable, "-c", code, str(path)], check=True, env=env)
        seen.add(path.read_bytes())
    assert len(seen) == 1


def test_no_time_stands_in_the_file(tmp_path: Path) -> None:
    written(tmp_path / "out.xlsx")
    with zipfile.ZipFile(tmp_path / "out.xlsx") as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        assert re.findall(rb"\d{4}-\d\d-\d\dT", archive.read("docProps/core.xml")) == [b"1980-01-01T"] * 2


def test_an_error_on_the_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    path.write_text("old", encoding="utf-8")

    def failing() -> Iterator[Shortlist]:
        yield from ALL * 200
        raise OSError("the input broke")

    with pytest.raises(OSError, match="the input broke"):
        write_workbook(failing(), path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["out.xlsx"]


def test_while_it_is_written_nothing_is_to_be_seen(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"

    def watching() -> Iterator[Shortlist]:
        for shortlist in ALL * 100:
            assert not [found for found in tmp_path.iterdir() if not found.name.startswith(".")]
            yield shortlist

    write_workbook(watching(), path)
    assert [found.name for found in tmp_path.iterdir()] == ["out.xlsx"]


def test_a_full_disk_is_a_fault_with_a_remedy(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = tmp_path / "out.xlsx"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(InputError, match="free some space"):
            write_workbook(ALL * 500, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_when_the_file_is_put_together_is_a_fault_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_in = files._CollectorFile.write

    def full(self: files._CollectorFile, data: bytes) -> int:
        if self.tell() > 10_000:
            with files.write_faults(tmp_path / "out.xlsx"):
                raise OSError(errno.ENOSPC, "No space left on device")
        return taken_in(self, data)

    monkeypatch.setattr(files._CollectorFile, "write", full)
    with pytest.raises(InputError, match="free some space"):
        write_workbook(ALL * 500, tmp_path / "out.xlsx")
    gc.collect()  # what is left of the zip file must not complain
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="make its folder first"):
        write_workbook(ALL, tmp_path / "missing" / "out.xlsx")


@pytest.mark.slow
def test_memory_does_not_grow_with_rows(tmp_path: Path) -> None:
    answer = cited("not linked")  # links are kept to the end, 65,530 of them at most

    def peak(n_rows: int) -> int:
        answers = (rejected("x" * 100) if n % 3 else answer for n in range(n_rows))
        tracemalloc.start()
        write_workbook(answers, tmp_path / "out.xlsx", "en", origin=ORIGIN)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(1_500)  # imports, and what is remembered up to a bound
    few, many = peak(1_500), peak(6_000)
    assert many < 1.05 * few


# --- No cell becomes a formula ----------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(nasty_text)
@example('<r></r></is></c><c r="Z1"><f>1+1</f></c>')
def test_no_text_becomes_anything_but_text_in_a_workbook(tmp_path: Path, text: str) -> None:
    origin = Origin(Path(f"/{text}"), (text, "title"), None, None)
    write_workbook([nasty_shortlist(text), rejected(text, text)], tmp_path / "out.xlsx", origin=origin)
    parts = parts_of(tmp_path / "out.xlsx")
    is_address = bool(re.fullmatch(r"https?://[^\s<>]+", text))
    for name, xml in parts.items():
        assert "<f>" not in xml.replace("<f>1</f>", ""), name
        assert "<f " not in xml, name
        assert "externalLink" not in name
        assert "ddeLink" not in xml
        assert is_address or "hyperlink" not in xml, name
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    for cell in (cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None):
        assert cell.data_type in {"s", "n"}
    problem = book.worksheets[-1]["B2"]
    assert unescape(str(problem.value)) == legible(text)
    starts = re.match(rf"[{UNSEEN}]*[{re.escape(SIGNS)}]", legible(text))
    assert bool(problem.quotePrefix) or not starts


def converted(folder: Path, files: Sequence[Path], ending: str, *options: str) -> dict[str, bytes]:
    """What the real LibreOffice makes of files."""
    assert SOFFICE is not None
    profile, goal = folder / "profile", folder / f"as_{ending}"
    command = [SOFFICE, "--headless", f"-env:UserInstallation={profile.as_uri()}", *options]
    command += ["--convert-to", ending, "--outdir", str(goal), *map(str, files)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    return {path.stem: path.read_bytes() for path in goal.iterdir()}


def formulas_in(xlsx: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(xlsx)) as archive:
        parts = {name: archive.read(name).decode("utf-8") for name in archive.namelist()}
    sheets = [xml for name, xml in parts.items() if "worksheets/" in name]
    found = [formula for xml in sheets for formula in re.findall("<f[ >].*?</f>|<f/>|Target=[^ ]*://[^ ]*", xml)]
    return found + [name for name in parts if "externalLink" in name]


def exported_csvs(folder: Path, texts: Sequence[str]) -> list[Path]:
    shortlists, rejects = folder / "shortlists.csv", folder / "rejects.csv"
    shortlists.write_text(to_csv([nasty_shortlist(text) for text in texts]), "utf-8", errors="backslashreplace")
    with rejects_writer(rejects, ["title", "=1+1"]) as write:
        for text in texts:
            write(1, [text, f"{text}{text}"], text)
    return [shortlists, rejects]


# LibreOffice's own numbers: separators, quote, UTF-8, from line 1, …, formulas are evaluated. Fields that are cut at
# semicolons or tabs as well are what its dialogue offers, and what Excel does in half of Europe.
SEPARATORS = {"comma": "44", "all": "44/59/9", "semicolon": "59", "tab": "9"}


@pytest.mark.office_suite
@needs_office
@pytest.mark.parametrize("separator", SEPARATORS)
def test_no_cell_of_a_csv_becomes_a_formula_in_libreoffice(tmp_path: Path, separator: str) -> None:
    texts = [*ATTACKS, *nasty_examples(200)]
    (tmp_path / "control.csv").write_text("a,b\n=1+1,=SUM(1;1)\n".replace(",", chr(int(SEPARATORS[separator][:2]))))
    files = [*exported_csvs(tmp_path, texts), tmp_path / "control.csv"]
    filtered = f"--infilter=CSV:{SEPARATORS[separator]},34,76,1,,0,false,true,false,false,false,-1,true"
    found = {name: formulas_in(data) for name, data in converted(tmp_path, files, "xlsx", filtered).items()}
    assert found.pop("control")  # else this test would see nothing
    assert found == {name: [] for name in ("shortlists", "rejects")}


@pytest.mark.office_suite
@needs_office
def test_no_cell_of_a_workbook_becomes_a_formula_in_libreoffice(tmp_path: Path) -> None:
    texts = [text for text in [*ATTACKS, *nasty_examples(200)] if not text.startswith("http")]
    answers: list[Shortlist | RejectedRow] = [nasty_shortlist(text) for text in texts]
    answers += [rejected(text, text) for text in texts]
    write_workbook(answers, tmp_path / "book.xlsx", origin=Origin(Path("x"), ("=1+1", "title")))
    control = openpyxl.Workbook()
    control.worksheets[0]["A1"] = "=1+1"
    control.save(tmp_path / "control.xlsx")
    files = [tmp_path / "book.xlsx", tmp_path / "control.xlsx"]
    found = {name: formulas_in(data) for name, data in converted(tmp_path, files, "xlsx").items()}
    assert found.pop("control")
    assert found == {"book": []}


@pytest.mark.office_suite
@needs_office
def test_no_cell_of_a_markdown_table_becomes_a_formula_when_its_page_is_opened_in_libreoffice(tmp_path: Path) -> None:
    from markdown_it import MarkdownIt

    texts = [*ATTACKS, *nasty_examples(100)]
    pages = {
        "page": "\n".join(to_markdown(nasty_shortlist(text)) for text in texts),
        "explanation": "\n".join(explanation_to_markdown(nasty_explanation(text), small_registry()) for text in texts),
        "control": "| a |\n| :-- |\n| =1+1 |\n",
    }
    for name, markdown in pages.items():
        html = MarkdownIt("commonmark").enable("table").render(markdown)
        tables = "".join(re.findall("<table>.*?</table>", html, re.S))
        text = f"<html><meta charset='utf-8'>{tables}</html>"
        (tmp_path / f"{name}.html").write_text(text, "utf-8", errors="replace")
    files = [tmp_path / f"{name}.html" for name in pages]
    options = ("--infilter=HTML (StarCalc)",)
    found = {name: formulas_in(data) for name, data in converted(tmp_path, files, "xlsx", *options).items()}
    assert found.pop("control")
    assert found == {"page": [], "explanation": []}


def nasty_examples(n: int) -> list[str]:
    """So many texts as Hypothesis makes them, always the same."""
    found: list[str] = []

    @settings(max_examples=n, database=None, derandomize=True)
    @given(nasty_text)
    def collect(text: str) -> None:
        found.append(text)

    collect()
    return found


# --- The command line -------------------------------------------------------------------------------------------------


def run(*args: str) -> tuple[int, bytes, str]:
    result = CliRunner().invoke(app, args, env={"COLUMNS": "100"}, prog_name="matchmaker")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout_bytes, result.stderr


@pytest.fixture
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    table = "id,title,description\nP-1,供水管网漏损检测,管道漏水\nP-2,,\n=1,表面缺陷,机器视觉\n"
    Path("table.csv").write_text(table, "utf-8")


@pytest.mark.usefixtures("_in_a_folder")
def test_batch_writes_a_workbook_with_its_rejects() -> None:
    code, stdout, stderr = run("batch", "table.csv", "-o", "out.xlsx", "--lang", "en")
    assert (code, stdout) == (3, b"")
    assert "the rejected rows are in out.xlsx\n" in stderr
    assert sorted(path.name for path in Path().iterdir()) == ["out.xlsx", "table.csv"]
    book = openpyxl.load_workbook("out.xlsx")
    assert [row["Id"] for row in cells_of(book["Problems"])] == ["P-1", "=1"]
    assert [row["Row"] for row in cells_of(book["Rejected rows"])] == [3]
    before = Path("out.xlsx").read_bytes()
    run("batch", "table.csv", "-o", "out.xlsx", "--lang", "en")
    assert Path("out.xlsx").read_bytes() == before


@pytest.mark.usefixtures("_in_a_folder")
def test_match_writes_a_workbook_to_a_file_or_to_stdout() -> None:
    code, _, stderr = run("match", "--text", "供水管网漏损检测", "-o", "out.xlsx")
    assert (code, stderr) == (0, "wrote out.xlsx\n")
    assert openpyxl.load_workbook("out.xlsx").sheetnames == ["候选名单", "汇总", "需求"]
    code, stdout, _ = run("match", "--text", "供水管网漏损检测", "--format", "xlsx")
    assert (code, stdout) == (0, Path("out.xlsx").read_bytes())
    code, stdout, _ = run("problems", "table.csv", "--for", "giii", "--format", "xlsx", "-q")
    assert code == 3
    assert openpyxl.load_workbook(io.BytesIO(stdout)).sheetnames == ["候选名单", "汇总", "需求"]


@pytest.mark.usefixtures("_in_a_folder")
def test_what_a_cell_cannot_hold_is_said() -> None:
    Path("table.csv").write_text(f"id,title,description\nP-1,供水管网漏损检测,{'水' * 40_000}\n", "utf-8")
    code, _, stderr = run("batch", "table.csv", "-o", "out.xlsx")
    assert code == 0
    assert "warning: out.xlsx, sheet '需求', C2: text cut to 32,767 characters" in stderr
    assert "warning" not in run("batch", "table.csv", "-o", "out.xlsx", "-q")[2]


def test_a_spreadsheet_is_not_sent_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    with pytest.raises(InputError, match="name a file with -o"):
        write(ALL, "shortlists", "xlsx")
