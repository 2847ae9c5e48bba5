"""What is written can be read back and holds the same values: by our own readers, and by those of others.

Workbooks and tables of problems are in ``test_workbook.py`` and ``test_tables.py``.
"""

from __future__ import annotations

import csv
import io
import json
import math
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from lxml import html
from markdown_it import MarkdownIt

from matchmaker.csvcells import unescape_formulas
from matchmaker.domain import Capability, Case, Evidence, Institute, Problem, Requirements, Term, Text
from matchmaker.evaluation.trec import format_qrels, format_run, parse_qrels, parse_run
from matchmaker.institutes import load_institutes
from matchmaker.intake.documents import parse_problem
from matchmaker.intake.tables import read_problems
from matchmaker.ledger.reading import CaseRow, CaseTable, resolver
from matchmaker.matching.matcher import Matcher
from matchmaker.matching.settings import Bounds, Cases, Settings, Weights, dump_settings, load_settings
from matchmaker.writing import Context, format_named, shortlist_object, to_csv, to_json, to_jsonl, to_markdown
from matchmaker.writing.page import BROKER, Page
from worlds import match_example, shortlist_example, small_registry

LETTERS = st.sampled_from("水質检测漏abc XYZ019=+-@'\"`*_|<>&#[](){}!\\/.,:;。（）「」\u00e9\u2014\U0001f600")
LINE = st.text(LETTERS, min_size=1, max_size=20).map(str.strip).filter(lambda text: any(map(str.isalnum, text)))
PARAGRAPHS = st.lists(LINE, min_size=1, max_size=3).map("\n".join)
LINES = st.lists(LINE, max_size=3).map(tuple)
WORD = st.text("水abcXYZ019-_.:", min_size=1, max_size=8)
PROBLEMS = st.builds(
    Problem,
    id=WORD,
    title=LINE,
    description=st.just("") | PARAGRAPHS,
    enterprise=st.none() | LINE,
    industry=st.none() | LINE,
    region=st.none() | LINE,
    targets=LINES,
    conditions=LINES,
    tried=st.none() | LINE,
    cooperation=LINES,
    budget_cny=st.none() | st.integers(0, 10**12).map(float) | st.integers(0, 10**8).map(lambda cents: cents / 100),
    deadline=st.none() | st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    keywords=LINES,
    exclude=LINES,
    require=st.builds(
        Requirements,
        institutes=LINES,
        role=st.sampled_from([None, "research_institute", "transfer_centre"]),
        own=st.booleans(),
        place=st.none() | LINE,
    ),
)
in_a_folder = hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=40,
    phases=[Phase.explicit, Phase.generate],
)


def plain(problem: Problem) -> dict[str, object]:
    fields: dict[str, object] = problem.model_dump(mode="json", exclude_defaults=True)
    return fields


# --- problems, profiles, settings


@given(PROBLEMS)
def test_a_problem_comes_back_from_json(problem: Problem) -> None:
    assert parse_problem(problem.model_dump_json(), format="json", place="x", default_id="d") == problem


@given(PROBLEMS, st.booleans())
def test_a_problem_comes_back_from_the_yaml_of_others(problem: Problem, flow: bool) -> None:
    text = yaml.safe_dump(plain(problem), allow_unicode=True, default_flow_style=flow, sort_keys=False)
    assert parse_problem(text, format="yaml", place="x", default_id="d") == problem


@in_a_folder
@given(st.lists(PROBLEMS, min_size=1, max_size=4, unique_by=lambda problem: problem.id))
def test_problems_come_back_from_json_lines(tmp_path: Path, problems: list[Problem]) -> None:
    path = tmp_path / "problems.jsonl"
    path.write_text("".join(json.dumps(plain(one), ensure_ascii=False) + "\n" for one in problems), "utf-8")
    assert list(read_problems(path)) == problems


TEXTS = st.builds(Text, zh=LINE, en=st.none() | LINE)
TERMS = st.lists(st.builds(Term, zh=LINE, en=st.none() | LINE, inferred=st.booleans()), max_size=3).map(tuple)
CAPABILITIES = st.builds(
    Capability,
    id=WORD,
    name=TEXTS,
    summary=st.none() | TEXTS,
    strength=st.sampled_from([None, "A", "B", "C"]),
    via_parent=st.booleans(),
    inferred=st.booleans(),
    keywords=TERMS,
    industries=TERMS,
    evidence=st.lists(
        st.builds(Evidence, claim=TEXTS, year=st.none() | st.integers(1900, 2100), source=st.just("https://x.org/a")),
        max_size=2,
    ).map(tuple),
)
INSTITUTES = st.builds(
    Institute,
    id=WORD,
    name=TEXTS,
    role=st.sampled_from(["research_institute", "transfer_centre"]),
    place=st.none() | TEXTS,
    verified=st.none() | st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    capabilities=st.lists(CAPABILITIES, min_size=1, max_size=3, unique_by=lambda one: one.id).map(tuple),
)


@in_a_folder
@given(INSTITUTES, st.sampled_from(["yaml", "jsonl"]))
def test_an_institute_comes_back_from_its_profile(tmp_path: Path, institute: Institute, ending: str) -> None:
    fields = institute.model_dump(mode="json", by_alias=True, exclude_none=True)
    text = yaml.safe_dump({"schema": 1, "institutes": [fields]}, allow_unicode=True)
    path = tmp_path / f"profiles.{ending}"
    path.write_text(text if ending == "yaml" else json.dumps(fields) + "\n", "utf-8")
    assert load_institutes(path).institutes == (institute,)


SHARES = st.floats(0.001, 1)
SETTINGS = st.builds(
    Settings,
    encoder=st.sampled_from(["words", "e5"]),
    weights=st.builds(Weights, keywords=st.floats(0, 100), lexical=st.floats(0, 1e6), semantic=st.floats(0, 1e-9)),
    intercept=st.floats(-100, 100),
    pooling=st.lists(SHARES, min_size=1, max_size=4).map(lambda shares: tuple(sorted(shares, reverse=True))),
    inferred_weight=st.floats(0, 1),
    bounds=st.lists(SHARES, min_size=3, max_size=3, unique=True)
    .map(lambda found: sorted(found, reverse=True))
    .map(lambda found: Bounds(strong=found[0], fair=found[1], weak=found[2])),
    cases=st.builds(Cases, solved=st.floats(0, 10), half_life=st.floats(0.1, 100), least=SHARES),
)


@in_a_folder
@given(SETTINGS, st.text(max_size=20))
def test_settings_come_back_number_by_number(tmp_path: Path, settings: Settings, comment: str) -> None:
    comment = "".join(char if char.isprintable() else " " for char in comment)
    text = dump_settings(settings, {"": comment, "bounds.fair": comment})
    path = tmp_path / "settings.toml"
    path.write_text(text, "utf-8")
    found = load_settings(path)
    assert found == settings
    assert found.fingerprint == settings.fingerprint
    assert tomllib.loads(text)["intercept"] == settings.intercept


# --- judgements, runs, cases


@given(st.dictionaries(WORD, st.dictionaries(WORD, st.integers(0, 3), min_size=1, max_size=4), min_size=1, max_size=4))
def test_judgements_come_back(qrels: dict[str, dict[str, int]]) -> None:
    assert parse_qrels(format_qrels(qrels), place="x") == qrels


@given(st.dictionaries(WORD, st.dictionaries(WORD, st.floats(0, 1), min_size=1, max_size=4), min_size=1, max_size=4))
def test_runs_come_back_to_six_decimals(run: dict[str, dict[str, float]]) -> None:
    found = parse_run(format_run(run), place="x")
    assert found.keys() == run.keys()
    for problem, scores in run.items():
        assert found[problem].keys() == scores.keys()
        assert all(math.isclose(found[problem][name], score, abs_tol=5.1e-7) for name, score in scores.items())


MARKS = dict.fromkeys(map(ord, ",;|、，；"), ".")


@in_a_folder
@given(
    PROBLEMS,
    st.sampled_from(["jsonl", "csv"]),
    st.sampled_from(["solved", "partly", "failed"]),
    st.none() | st.integers(1950, 2026),
    st.none() | LINE,
)
def test_a_case_comes_back_from_its_export(
    tmp_path: Path, problem: Problem, format: str, outcome: str, year: int | None, note: str | None
) -> None:
    """What a CSV cell lists stands between marks: a text with one of them becomes two."""
    kept = problem.model_copy(update={"require": Requirements(), "exclude": ()})
    if format == "csv":
        lists = ("targets", "conditions", "cooperation", "keywords")
        kept = kept.model_copy(
            update={name: tuple(one.translate(MARKS) for one in getattr(kept, name)) for name in lists}
        )
    case = Case.model_validate(
        {"id": "C-1", "problem": kept, "institutes": ("beta", "alpha"), "outcome": outcome, "year": year, "note": note}
    )
    path = tmp_path / f"cases.{format}"
    path.write_bytes("".join(format_named(format).writer("cases")([case], Context())).encode())
    (row,) = CaseTable(path, resolver(small_registry()))
    assert isinstance(row, CaseRow), row
    assert row.case.model_copy(update={"id": "C-1"}) == case


@pytest.mark.parametrize("format", ["jsonl", "csv"])
def test_an_apostrophe_of_a_case_is_no_guard_of_its_export(tmp_path: Path, format: str) -> None:
    problem = Problem(id="P-1", title="'=1", description="a;\n'+c", targets=("'-x",))
    case = Case(id="C-1", problem=problem, institutes=("alpha",), source="'@s", note="'=n;'")
    path = tmp_path / f"cases.{format}"
    path.write_bytes("".join(format_named(format).writer("cases")([case], Context())).encode())
    (row,) = CaseTable(path, resolver(small_registry()))
    assert isinstance(row, CaseRow), row
    assert row.case.model_copy(update={"id": "C-1"}) == case


# --- shortlists: what others read


@given(PROBLEMS, LINE)
def test_json_and_json_lines_hold_the_same_object(problem: Problem, name: str) -> None:
    shortlist = shortlist_example(problem).model_copy(
        update={"matches": (match_example().model_copy(update={"name": Text(zh=name)}),)}
    )
    expected = json.loads(json.dumps(shortlist_object(shortlist)))
    assert json.loads(to_json(shortlist)) == json.loads(to_jsonl(shortlist)) == expected
    assert expected["matches"][0]["name"] == {"zh": name, "en": None}
    assert expected["problem"]["title"] == problem.title


@given(PROBLEMS, LINE)
def test_csv_holds_the_same_texts(problem: Problem, name: str) -> None:
    match = match_example().model_copy(update={"name": Text(zh=name)})
    text = to_csv([shortlist_example(problem).model_copy(update={"matches": (match,)})], language="zh")
    (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    assert unescape_formulas(row["problem_title"]) == problem.title
    assert unescape_formulas(row["institute_name"]) == name
    assert float(row["score"]) == round(match.score, 6)


def blocks(markdown: str) -> html.HtmlElement:
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    return html.fromstring(f"<div>{rendered}</div>")


@given(PROBLEMS, LINE)
def test_markdown_shows_the_same_texts(problem: Problem, name: str) -> None:
    match = match_example().model_copy(update={"name": Text(zh=name)})
    page = blocks(to_markdown(shortlist_example(problem).model_copy(update={"matches": (match,)}), "zh"))
    (heading,) = page.iter("h1")
    assert squeezed(heading.text_content()) == squeezed(f"{problem.id} {problem.title}")
    assert squeezed(name) in [squeezed(unescape_formulas(cell.text_content())) for cell in page.iter("td")]
    assert {element.tag for element in page.iter()} <= MARKDOWN_TAGS


MARKDOWN_TAGS = set("div h1 h2 h3 p table thead tbody tr th td ul ol li a strong em br hr".split())


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def of_problem() -> Callable[[Problem], str]:
    matcher = Matcher(small_registry())
    return lambda problem: "".join(Page(matcher, BROKER).of_problem(matcher.match([problem], top=None)[0]))


@hypothesis_settings(max_examples=30)
@given(problem=PROBLEMS)
def test_a_page_shows_the_same_texts_and_no_tag_of_theirs(
    of_problem: Callable[[Problem], str], problem: Problem
) -> None:
    problem = problem.model_copy(update={"require": Requirements(), "exclude": ()})
    page = html.document_fromstring(of_problem(problem))
    usual = html.document_fromstring(of_problem(Problem(id="x", title="水", description="水")))
    shown = squeezed("".join(map(str, page.itertext())))
    assert squeezed(problem.title) in shown
    for line in (*problem.targets, *problem.conditions):
        assert squeezed(line) in shown
    scripts = [[one.text for one in tree.iter("script")] for tree in (page, usual)]
    assert scripts[0] == scripts[1]
