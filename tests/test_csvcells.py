from __future__ import annotations

import csv
import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.csvcells import csv_text, escape_formulas, unescape_formulas

DANGERS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "＝1",
    "－1",
    "＋1",
    "＠1",
    "  =1",
    "\u3000=1",
    "\ufeff=1",
    "=cmd|' /C calc'!A0",
    "\u00ad=1",
    "\u2066=1",
    "\u3164=1",
    "\ufe0f=1",
    "\U000e0041=1",
    "﹦1",
    "\tx",
]


@pytest.mark.parametrize("cell", [*DANGERS, "\u200b=1", "\xa0@x"])
def test_what_a_spreadsheet_could_run_gets_an_apostrophe(cell: str) -> None:
    assert escape_formulas(cell) == f"'{cell}"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("\t=1", "'\t'=1"),
        ("\n=1", "'\n'=1"),
        ("a;=1", "a;'=1"),
        ("a; \u200b+1", "a;' \u200b+1"),
        ("a\t@x\r\n=2", "a\t'@x\r\n'=2"),
        ("a\n-2+3", "a\n'-2+3"),
    ],
)
def test_a_cell_that_other_separators_would_cut_is_harmless_in_all_its_parts(cell: str, shown: str) -> None:
    assert escape_formulas(cell) == shown


@pytest.mark.parametrize("cell", ["", "漏损", "a=b", "1-2", "'1", "0.87", "a\n- b\n－　c", "a; b", "x；-20"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert escape_formulas(cell) == cell


@given(st.lists(st.lists(st.text(max_size=5), min_size=1, max_size=4), max_size=4))
def test_csv_text_round_trips(rows: list[list[str]]) -> None:
    assert list(csv.reader(io.StringIO(csv_text(rows), newline=""))) == rows


def test_every_text_comes_back_from_its_cell() -> None:
    for size in range(6):
        for chars in itertools.product("'=;\n -a\t", repeat=size):
            text = "".join(chars)
            assert unescape_formulas(escape_formulas(text)) == text


@pytest.mark.parametrize(
    ("text", "cell"), [("'=1", "''=1"), ("=0;'", "'=0;'"), ("a\n'- b", "a\n''- b"), ("'a", "'a"), ("'\t", "''\t")]
)
def test_an_apostrophe_before_a_sign_is_kept_apart_from_one_that_guards(text: str, cell: str) -> None:
    assert escape_formulas(text) == cell
