"""Cases from tables and documents, and out again, with and without names."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from matchmaker.domain import Case, Language, Problem
from matchmaker.errors import InputError, LedgerError, TableError
from matchmaker.intake import RejectedRow
from matchmaker.intake.values import NamedValue
from matchmaker.ledger.cases import StoredCase, content_of, identity_of
from matchmaker.ledger.reading import CASE_FIELDS, CaseRow, CaseTable, case_from_values, load_case, resolver
from matchmaker.ledger.store import Stamp
from matchmaker.writing import Context, format_named
from matchmaker.writing.ledgerfiles import CSV_COLUMNS, anonymise_cases, case_object
from test_ledger import LEAK, VISION, WHOLE, case_of
from worlds import small_registry

RESOLVE = resolver(small_registry())
FULL = case_of(
    WHOLE,
    "beta",
    "alpha",
    capability="beta-data",
    outcome="partly",
    benefit_cny=1_234_567.89,
    source="https://example.org/case",
    note="夜间试验",
)
FORMULA = case_of(
    LEAK.model_copy(update={"title": "-40℃电池", "description": "=1+1 的写法\n@第二行"}), source="+86", note="@备注"
)


def exported(cases: Iterable[Case], format: str, language: Language = "zh") -> str:
    return "".join(format_named(format).writer("cases")(cases, Context(language)))


def read(path: Path, text: str, **columns: str) -> tuple[list[Case], list[str], list[str]]:
    """The cases of a table, the faults of its rejected rows, and its warnings."""
    path.write_text(text, "utf-8")
    table = CaseTable(path, RESOLVE, columns=columns)
    rows = list(table)
    faults = [str(fault) for row in rows if isinstance(row, RejectedRow) for fault in row.faults]
    return [row.case for row in rows if isinstance(row, CaseRow)], faults, [str(one) for one in table.warnings]


# --- tables in --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headings",
    [
        "需求名称,企业名称,承担单位,年份,成效（万元）,来源,解决情况,备注",
        "技術需求名稱,企業名稱,解決機構,解決年份,經濟效益(萬元),資料來源,解決情況,備註",
        "title,company,institute,year,benefit (10k yuan),source,outcome,note",
        "名称,单位,研究机构,年度,效益（万）,出处,结果,说明备注",
    ],
)
def test_columns_are_recognised_in_many_words(tmp_path: Path, headings: str) -> None:
    cases, faults, warnings = read(
        tmp_path / "cases.csv", f"{headings}\n管网漏损,示例水务,甲工业智能研究院,2024年,12.5,年报,部分解决,夜间\n"
    )
    assert (faults, warnings) == ([], [])
    assert cases == [
        Case(
            problem=Problem(title="管网漏损", enterprise="示例水务"),
            institutes=("alpha",),
            outcome="partly",
            year=2024,
            benefit_cny=125_000,
            source="年报",
            note="夜间",
        )
    ]


def test_no_name_of_a_field_stands_for_two() -> None:
    names = [name for listed in CASE_FIELDS.values() for name in listed.split()]
    assert len(names) == len(set(names))


def test_institutes_go_by_id_name_or_alias_and_several_may_stand_in_a_cell(tmp_path: Path) -> None:
    text = "title,institutes\nA,AIII\nB,alpha；乙软件应用技术研究院\nC,ALPHA、alpha\n"
    cases, faults, _ = read(tmp_path / "cases.csv", text)
    assert faults == []
    assert [case.institutes for case in cases] == [("alpha",), ("alpha", "beta"), ("alpha",)]


def test_a_row_that_is_no_case_is_rejected_with_its_cells(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    text = "title,institute,outcome\nA,nobody,solved\nB,,solved\nC,alpha,maybe\n,alpha,solved\nD,alpha,\n"
    cases, faults, _ = read(path, text)
    assert [case.problem.title for case in cases] == ["D"]
    assert cases[0].outcome == "solved"
    assert faults[0].startswith(f"{path}, line 2, institute: no institute is named 'nobody'")
    assert faults[1].startswith(f"{path}, line 3: no institute given")
    assert faults[2].startswith(f"{path}, line 4, outcome: unknown outcome: 'maybe'; write solved, partly or failed")
    assert "line 5" in faults[3]
    rejected = [row for row in CaseTable(path, RESOLVE) if isinstance(row, RejectedRow)]
    assert rejected[0].cells == ("A", "nobody", "solved")
    assert [row.line for row in rejected] == [2, 3, 4, 5]


def test_words_under_benefit_become_the_note_and_doubtful_numbers_a_warning(tmp_path: Path) -> None:
    text = "title,institute,成效,year\nA,alpha,节约人工一半,去年\nB,alpha,约20万元,2024-05-06\nC,alpha,20到30万,2024\n"
    cases, faults, warnings = read(tmp_path / "cases.csv", text)
    assert faults == []
    assert [(case.benefit_cny, case.note, case.year) for case in cases] == [
        (None, "节约人工一半", None),
        (200_000.0, None, 2024),
        (None, None, 2024),
    ]
    assert "expected a year, found '去年'" in warnings[0]
    assert "expected an amount of yuan, found '20到30万'" in warnings[1]


def test_a_table_without_institutes_is_refused_and_a_column_can_be_named(tmp_path: Path) -> None:
    text = "title,谁做的\nA,alpha\n"
    with pytest.raises(LedgerError, match="no column names the institutes; name one with --column institutes="):
        read(tmp_path / "cases.csv", text)
    assert read(tmp_path / "cases.csv", text, institutes="谁做的")[0][0].institutes == ("alpha",)
    with pytest.raises(TableError, match="no such field: 'institut'"):
        read(tmp_path / "cases.csv", text, institut="谁做的")


def test_unknown_institutes_can_be_taken_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text("title,institute\nA,示例研究院\nB,AIII\n", "utf-8")
    table = CaseTable(path, resolver(small_registry(), strict=False))
    assert [row.case.institutes for row in table if isinstance(row, CaseRow)] == [("示例研究院",), ("alpha",)]


def test_json_lines_hold_lists_and_numbers(tmp_path: Path) -> None:
    line = {
        "title": "A",
        "institutes": ["alpha", "AIII", "beta"],
        "year": 2024,
        "benefit_cny": 5.5,
        "targets": ["x、y"],
    }
    cases, faults, _ = read(tmp_path / "cases.jsonl", json.dumps(line) + "\n")
    assert faults == []
    assert cases[0].institutes == ("alpha", "beta")
    assert (cases[0].year, cases[0].benefit_cny, cases[0].problem.targets) == (2024, 5.5, ("x、y",))


# --- one case ---------------------------------------------------------------------------------------------------------


def test_a_case_from_a_yaml_file_and_options(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(
        "title: 管网漏损\n承担单位: [AIII, beta]\n年份: 2023\n效益（万元）: 12\nkeywords: [漏损]\n", "utf-8"
    )
    case = load_case(path, {}, RESOLVE)
    assert (case.institutes, case.year, case.benefit_cny) == (("alpha", "beta"), 2023, 120_000.0)
    assert case.problem == Problem(id="case", title="管网漏损", keywords=("漏损",))
    assert load_case(path, {"year": NamedValue("--year", "2020")}, RESOLVE).year == 2020


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("title: A\ninstitute: alpha\nyaer: 2020\n", "unknown field 'yaer'"),
        ("title: A\ninstitute: nobody\n", "no institute is named 'nobody'"),
        ("title: A\n", "no institute given"),
        ("institute: alpha\n", "title and description are empty"),
        ("title: A\ninstitute: alpha\nyear: soon\n", "expected a year, found 'soon'"),
        ("title: A\ninstitute: alpha\nyear: 1066\n", "expected a year, found '1066'"),
        ("title: A\ninstitute: alpha\nbenefit: much\n", "expected an amount of yuan"),
        ("- A\n", "expected the fields of a case, found a list"),
        ("title: [\n", "not valid YAML"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(tmp_path: Path, text: str, finding: str) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises((LedgerError, InputError)) as error:
        load_case(path, {}, RESOLVE)
    assert finding in str(error.value)
    assert "case.yaml" in str(error.value)


def test_a_case_from_options() -> None:
    given = {"institutes": NamedValue("--institute", ["AIII"]), "outcome": NamedValue("--outcome", "failed")}
    case = case_from_values(LEAK, given, RESOLVE, place="cases add")
    assert case == Case(problem=LEAK, institutes=("alpha",), outcome="failed")
    with pytest.raises(LedgerError, match="cases add: no institute given"):
        case_from_values(LEAK, {}, RESOLVE, place="cases add")


# --- out again --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_an_export_can_be_imported_again_without_loss(tmp_path: Path, format: str) -> None:
    cases = [one.model_copy(update={"id": f"C-{n}"}) for n, one in enumerate((FULL, FORMULA, case_of(VISION)), 1)]
    text = exported(cases, format)
    again, faults, warnings = read(tmp_path / f"cases.{format}", text)
    assert (faults, warnings) == ([], [])
    assert again == cases
    assert [identity_of(one) for one in again] == [identity_of(one) for one in cases]


def test_a_list_cut_otherwise_is_the_same_content() -> None:
    cut = WHOLE.model_copy(update={"targets": ("噪声≤60 dB；寿命 2 年",), "keywords": ("轴承，bearing",)})
    assert content_of(case_of(cut)) == content_of(case_of(WHOLE))
    assert content_of(case_of(WHOLE, note="x")) != content_of(case_of(WHOLE))


def test_a_csv_is_harmless_and_has_every_column() -> None:
    rows = list(csv.reader(io.StringIO(exported([FORMULA], "csv"), newline="")))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert {"'-40℃电池", "'=1+1 的写法\n'@第二行", "'+86", "'@备注"} <= set(rows[1])
    assert set(case_object(FULL.model_copy(update={"id": "C-1"}))) <= set(CSV_COLUMNS)


def test_markdown_shows_texts_literally_in_both_languages() -> None:
    odd = case_of(LEAK.model_copy(update={"title": "a|b <i>*"}), id="C-1", source="[x](y)")
    chinese, english = (exported([odd], "md", language) for language in ("zh", "en"))
    assert "| 案例 | 年份 |" in chinese
    assert "| Case | Year |" in english
    assert r"a&#124;b &lt;i&gt;\*" in chinese
    assert len(chinese.splitlines()) == 3


# --- without names ----------------------------------------------------------------------------------------------------


def kept(*cases: Case, deleted: tuple[int, ...] = ()) -> list[StoredCase]:
    stamp = Stamp("2026-01-01T00:00:00Z", "a")
    return [StoredCase(n, one, stamp, stamp, stamp if n in deleted else None) for n, one in enumerate(cases)]


def of(enterprise: str | None, **fields: object) -> Case:
    problem = {"title": "需求", "enterprise": enterprise}
    own = {name: fields.pop(name) for name in ("source", "note") if name in fields}
    return case_of(Problem.model_validate({**problem, **fields}), **own)


def test_names_are_replaced_also_inside_of_other_cases() -> None:
    cases = kept(
        of("广州精工示例机械有限公司", description="广州精工示例机械有限公司的线，精工示例机械停了。"),
        of("Example Cold Chain Co., Ltd.", description="example cold chain is near 廣州精工示例機械."),
        of(None, note="广州 精工 示例机械 有限公司 验收", targets=("精工示例机械满意",)),
    )
    first, second, third = anonymise_cases(cases)
    assert first.problem.enterprise == "企业-001"
    assert first.problem.description == "企业-001的线，企业-001停了。"
    assert second.problem.enterprise == "企业-002"
    assert second.problem.description == "企业-002 is near 企业-001."
    assert third.problem.enterprise is None
    assert (third.note, third.problem.targets) == ("企业-001 验收", ("企业-001满意",))


def test_a_pseudonym_stays_whatever_is_deleted_or_written_otherwise() -> None:
    cases = [of("甲示例有限公司"), of("乙示例有限公司"), of("甲示例有限 公司"), of("丙示例有限公司")]
    names = [one.problem.enterprise for one in anonymise_cases(kept(*cases, deleted=(1,)))]
    assert names == ["企业-001", "企业-001", "企业-003"]


def test_the_longer_name_goes_first() -> None:
    cases = kept(of("示例科技"), of("示例科技材料", description="示例科技材料和示例科技"))
    assert anonymise_cases(cases)[1].problem.description == "企业-002和企业-001"


def test_a_name_is_not_cut_out_of_a_word_nor_looked_for_when_it_is_one_character() -> None:
    cases = kept(of("Ace Ltd.", title="surface", description="Ace's place, ace ltd."), of("甲", title="甲板漏水"))
    first, second = anonymise_cases(cases)
    assert (first.problem.title, first.problem.description) == ("surface", "Ace's place, 企业-001")
    assert (second.problem.title, second.problem.enterprise) == ("甲板漏水", "企业-002")


def test_sources_with_a_name_are_hidden() -> None:
    address = "https://example.org/%E7%A4%BA%E4%BE%8B%E7%A7%91%E6%8A%80/1"
    cases = kept(
        of("示例科技", source="示例科技年报"),
        of("示例科技", source=address, title="二"),
        of("示例科技", source="https://example.org/2", title="三"),
    )
    assert [one.source for one in anonymise_cases(cases)] == [
        "企业-001年报",
        "（隐去 hidden）",
        "https://example.org/2",
    ]


def test_without_any_name_nothing_changes() -> None:
    cases = [of(None), of(None, description="x")]
    assert anonymise_cases(kept(*cases)) == cases
    assert anonymise_cases([]) == []
