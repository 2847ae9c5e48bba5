from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from matchmaker.csvcells import escape_formulas
from matchmaker.domain import LEVELS, Basis, Citation, Language, Problem, Readiness, Reason, Removal, Shortlist, Text
from matchmaker.errors import InputError
from matchmaker.matching.settings import TrackRecord
from matchmaker.writing import (
    CSV_COLUMNS,
    LEVEL_WORDS,
    Context,
    Display,
    basis_text,
    format_for,
    format_named,
    level_bar,
    level_word,
    one_line,
    outcome_text,
    problem_heading,
    readiness_text,
    reason_text,
    record_sentence,
    rejects_writer,
    to_csv,
    to_json,
    to_jsonl,
    to_markdown,
    verdict_sentence,
    write,
)
from worlds import empty_example, match_example, shortlist_example, unmatched_example

ALL = (shortlist_example(), empty_example(), unmatched_example())
FORMATS = ("json", "jsonl", "csv", "md")
user_text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)


def titled(title: str, **more: str) -> Shortlist:
    return shortlist_example(Problem(title=title, description="x", **more))


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_files_can_be_written_without_the_terminal_or_numpy() -> None:
    code = "import sys, matchmaker.writing; print({'rich', 'numpy', 'yaml'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


# --- JSON -------------------------------------------------------------------------------------------------------------


def test_json_fields_and_their_order_are_pinned() -> None:
    answer = json.loads(to_json(shortlist_example()))
    assert list(answer) == [
        *("matchmaker", "settings", "institutes", "problem", "verdict", "questions", "matches", "fallback", "removed"),
    ]
    assert list(answer["problem"]) == ["id", "title", "language"]
    match = answer["matches"][0]
    assert list(match) == [
        *("rank", "institute", "name", "score", "level", "capability", "basis", "readiness"),
        *("similarities", "reasons", "evidence"),
    ]
    assert list(match["name"]) == ["zh", "en"]
    assert list(match["capability"]) == ["id", "name", "via_parent", "strength"]
    assert list(match["similarities"]) == ["keywords", "lexical", "semantic", "samples", "cases"]
    assert list(match["reasons"][0]) == ["kind", "term", "found", "similarity", "start", "end", "inferred"]
    assert list(match["evidence"][0]) == ["claim", "year", "source", "via_parent", "copy"]
    assert list(answer["fallback"]) == ["institute", "name"]
    assert list(answer["removed"][0]) == ["institute", "name", "limit"]


def test_json_holds_what_the_shortlist_holds() -> None:
    answer = json.loads(to_json(shortlist_example()))
    first, second = answer["matches"]
    assert answer["problem"] == {"id": "P-001", "title": "供水管网漏损严重", "language": "zh"}
    assert answer["settings"] == "sha256:5e77"
    assert answer["institutes"] == "sha256:feed"
    assert first["score"] == 0.871234
    assert first["similarities"] == {
        "keywords": 0.62,
        "lexical": 0.41,
        "semantic": 0.88,
        "samples": None,
        "cases": None,
    }
    assert first["basis"] == {"via_parent": False, "strength": "A", "year": 2024}
    assert second["basis"] == {"via_parent": True, "strength": "B", "year": None}
    assert first["readiness"] is None
    ready = match_example().model_copy(update={"readiness": Readiness(open_referrals=2)})
    known = json.loads(to_json(shortlist_example().model_copy(update={"matches": (ready,)})))["matches"][0]
    assert known["readiness"] == {"declined_recently": 0, "open_referrals": 2}
    assert first["reasons"][0] == {
        "kind": "keyword",
        "term": "漏损检测",
        "found": "漏损点",
        "similarity": 0.8,
        "start": 12,
        "end": 15,
        "inferred": False,
    }
    assert first["reasons"][1]["inferred"] is True
    assert second["capability"]["via_parent"] is True
    assert second["evidence"][0]["copy"] is True
    assert second["evidence"][0]["year"] is None
    assert answer["removed"] == [
        {
            "institute": "centre",
            "name": {"zh": "丙技术转移中心", "en": "Gamma Technology Transfer Centre"},
            "limit": "require.role: research_institute",
        },
    ]


def test_json_names_the_ledger_that_counted() -> None:
    assert "ledger" not in json.loads(to_json(shortlist_example()))
    known = shortlist_example().model_copy(update={"ledger": "sqlite:12"})
    assert json.loads(to_json(known))["ledger"] == "sqlite:12"


def test_json_of_nothing_found_keeps_its_fields() -> None:
    answer = json.loads(to_json(empty_example()))
    assert (answer["verdict"], answer["matches"], answer["fallback"]) == ("none", [], None)
    assert json.loads(to_json(unmatched_example()))["removed"] == []


def test_json_shows_chinese_as_it_is_and_a_missing_language_as_null() -> None:
    one = match_example().model_copy(update={"name": Text(zh="甲")})
    text = to_jsonl(shortlist_example().model_copy(update={"matches": (one,)}))
    assert '"name": {"zh": "甲", "en": null}' in text


@given(user_text)
@example("a\u2028b\x85c\u2029d\ne")
def test_jsonl_is_one_line_for_any_reader(title: str) -> None:
    shortlist = titled(title)
    line = to_jsonl(shortlist)
    assert len(line.splitlines()) == 1
    assert json.loads(line) == json.loads(to_json(shortlist))
    assert json.loads(line)["problem"]["title"] == shortlist.problem.title


# --- CSV --------------------------------------------------------------------------------------------------------------


def test_csv_has_a_row_per_problem_and_rank() -> None:
    rows = read_csv(to_csv(ALL, language="en"))
    assert [(row["problem_id"], row["verdict"], row["rank"]) for row in rows] == [
        ("P-001", "matched", "1"),
        ("P-001", "matched", "2"),
        ("P-003", "none", ""),
        ("P-002", "none", "1"),
    ]
    assert tuple(rows[0]) == tuple(CSV_COLUMNS) == (
        *("problem_id", "problem_title", "verdict", "rank", "institute", "institute_name"),
        *("score", "level", "capability", "reasons"),
    )  # fmt: skip
    first, second, empty, _ = rows
    assert first["score"] == "0.871234"
    assert first["institute_name"] == "Alpha Institute of Industrial Intelligence"
    assert first["level"] == "strong"
    assert second["capability"] == "Machine-vision inspection (via the parent body)"
    assert empty["institute"] == empty["score"] == ""
    assert empty["reasons"] == (
        "Removed by a hard limit: Alpha Institute of Industrial Intelligence (not among the institutes asked for)"
    )
    nothing = empty_example().model_copy(update={"removed": ()})
    assert read_csv(to_csv([nothing], language="en"))[0]["reasons"] == ""


def test_csv_reasons_are_in_the_language_of_the_problem_unless_told() -> None:
    assert read_csv(to_csv(ALL[:1]))[0]["reasons"] == "漏损检测←漏损点 (0.80)；管道漏水（推断） (1.00)"
    told = read_csv(to_csv(ALL[:1], language="en"))[0]["reasons"]
    assert told == "漏损检测 <- 漏损点 (0.80); 管道漏水 (inferred) (1.00)"


def test_csv_has_a_bom_only_when_it_is_not_ascii(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    plain = unmatched_example()
    cases: list[tuple[Sequence[Shortlist], Language, bool]] = [([plain], "en", False), (ALL, "zh", True)]
    for shortlists, language, has_bom in cases:
        write(shortlists, "shortlists", "csv", path, Context(language))
        assert path.read_bytes().startswith(b"\xef\xbb\xbf") is has_bom
        assert path.read_bytes().decode("utf-8") == to_csv(shortlists, language=language)


@given(st.text(st.sampled_from("=+-@＝＋－＠ \t\r\n\u3000,;'\"a水"), min_size=1, max_size=8))
def test_no_cell_of_a_csv_starts_a_formula(text: str) -> None:
    reason = Reason(kind="keyword", term=text, found=text, similarity=1)
    matches = (match_example(reasons=[reason]).model_copy(update={"name": Text.model_construct(zh=text)}),)
    problem = Problem.model_construct(id=text, title=text, description="水")
    (row,) = read_csv(to_csv([shortlist_example().model_copy(update={"problem": problem, "matches": matches})]))
    for name in ("problem_id", "problem_title", "institute_name", "reasons"):
        assert not re.match(r"[\s\u3000]*[=+\-@＝＋－＠]|[\t\r]", row[name]), name
        assert not re.search(r"[;\t][\s\u3000]*[=+\-@＝＋－＠]", row[name]), name
    assert row["problem_title"].replace("'", "") == text.replace("'", "")


# --- Markdown ---------------------------------------------------------------------------------------------------------


def to_html(markdown: str) -> str:
    return str(MarkdownIt("commonmark").enable("table").render(markdown))


def test_markdown_says_verdict_table_reasons_and_links() -> None:
    html = to_html(to_markdown(shortlist_example(), "en"))
    assert "<h1>P-001 供水管网漏损严重</h1>" in html
    assert "1 institute is worth a call: Alpha Institute of Industrial Intelligence (recommend)." in html
    assert "▰▰▰▰ Recommend" in html
    assert "▰▱▱▱ Lead only" in html
    assert "Basis: own record; projects, products or figures; newest evidence 2024" in html
    assert html.count("<tr>") == 3
    lines = to_markdown(shortlist_example(), "en").splitlines()
    assert {lines[at + 1] for at, line in enumerate(lines) if line.startswith("#")} == {""}
    assert '<a href="https://example.org/water/2024">' in html
    assert "reachable via the parent body, not the institute's own record" in html
    assert html.count("<a ") == 1  # a copy is never linked to
    assert "via the parent body, copy" in html
    assert "not a research institute" in html


@pytest.mark.parametrize(
    "nasty",
    [
        "a | b | c",
        "<script>alert(1)</script>",
        "[x](http://evil.example)",
        "![x](http://evil.example/i.png)",
        "**bold** _it_ `code` ~~s~~",
        "&lt;b&gt;",
        "1. one",
        "- two",
        "# three",
        r"back\slash \| pipe",
        "<https://evil.example>",
    ],
)
def test_markdown_shows_user_text_literally(nasty: str) -> None:
    reason = Reason(kind="sentence", term=nasty, found="x", similarity=1)
    name = Text(zh=nasty)
    citation = Citation(claim=name, year=None, source=nasty, via_parent=False)
    match = match_example(reasons=[reason]).model_copy(update={"name": name, "evidence": (citation,)})
    removal = Removal(institute="x", name=name, limit="limit")
    shortlist = titled(f"x\n{nasty}").model_copy(update={"matches": (match,), "removed": (removal,)})
    html = to_html(to_markdown(shortlist, "en"))
    literal = nasty.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert f"<h1>x {literal}</h1>" in html
    assert f'<td style="text-align:left">{escape_formulas(literal)}</td>' in html
    assert f"<li>sentence: {literal} &lt;- x</li>" in html
    assert f"Evidence: {literal} {literal}</li>" in html
    assert f"<li>{literal} (limit)</li>" in html
    assert not re.search(r"<(script|a|img|strong|em|code|ol)\b", html)


def test_markdown_never_links_to_a_copy() -> None:
    citation = Citation(claim=Text(zh="x"), year=None, source="https://example.org/copied", via_parent=False, copy=True)
    match = match_example().model_copy(update={"evidence": (citation,)})
    assert "<a " not in to_html(to_markdown(shortlist_example().model_copy(update={"matches": (match,)})))


# --- Sentences --------------------------------------------------------------------------------------------------------


def test_verdicts_in_words() -> None:
    assert verdict_sentence(shortlist_example(), "zh") == "1 家机构值得联系：建议对接甲工业智能研究院。"
    two = shortlist_example().model_copy(update={"matches": (match_example(), match_example(2, "beta", level="fair"))})
    assert verdict_sentence(two, "zh") == ("2 家机构值得联系：建议对接甲工业智能研究院；可先咨询乙软件应用技术研究院。")
    assert verdict_sentence(two, "en") == (
        "2 institutes are worth a call: Alpha Institute of Industrial Intelligence (recommend); "
        "Beta Institute of Software Application Technology (ask first)."
    )
    assert verdict_sentence(unmatched_example(), "zh") == "没有机构适合这项需求；可请丙技术转移中心协助寻找专家。"
    assert verdict_sentence(unmatched_example(), "en") == (
        "No institute fits this need; Gamma Technology Transfer Centre can help to find an expert."
    )
    assert verdict_sentence(empty_example(), "en") == "No institute fits this need."


def test_of_many_that_fit_the_first_three_of_a_level_are_named() -> None:
    names = "甲乙丙丁戊"
    matches = tuple(
        match_example(rank, level="fair").model_copy(update={"name": Text(zh=name, en=f"I{rank}")})
        for rank, name in enumerate(names, 1)
    )
    many = shortlist_example().model_copy(update={"matches": matches})
    assert verdict_sentence(many, "zh") == "5 家机构值得联系：可先咨询甲、乙、丙等 5 家。"
    assert verdict_sentence(many, "en") == "5 institutes are worth a call: I1, I2, I3 and others, 5 in all (ask first)."


def test_a_level_is_a_bar_of_four_steps() -> None:
    assert [level_bar(level) for level in LEVELS] == ["▰▰▰▰", "▰▰▰▱", "▰▱▱▱", "▱▱▱▱"]
    assert [level_bar(level, ascii_only=True) for level in LEVELS] == ["####", "###-", "#---", "----"]


ASSESSORS = Text(zh="语言模型", en="language-model\nassessors")
RECORD = TrackRecord(strong=(40, 33), none=(1200, 3), date="2026-11", by=ASSESSORS)


def test_the_record_of_a_level_is_said_in_words_where_it_is_known() -> None:
    assert record_sentence(RECORD, "strong", "en") == (
        "Recommend: of 40 judged needs at this level, 33 first institutes were worth a call "
        "(language-model assessors, 2026-11)"
    )
    assert record_sentence(RECORD, "none", "zh") == (
        "不匹配：已评判的 1,200 项需求中，有 3 项的首位机构值得联系（语言模型，2026-11）"
    )
    assert record_sentence(RECORD, "fair", "zh") == record_sentence(None, "strong", "zh") == ""


def test_markdown_leaves_institutes_at_no_match_out_and_says_how_many() -> None:
    none = match_example(3, "centre", score=0.01, level="none")
    shortlist = shortlist_example().model_copy(update={"matches": (*shortlist_example().matches, none)})
    assert "Gamma" not in to_markdown(shortlist, "en").partition("## Removed")[0]
    assert "Not listed: 1 more at “No match”" in to_markdown(shortlist, "en")
    everything = to_markdown(shortlist, "en", Display(everything=True))
    assert "| 3 | Gamma Technology Transfer Centre | ▱▱▱▱ No match |" in everything
    assert "Not listed" not in everything
    assert "▱▱▱▱ No match" in to_markdown(unmatched_example(), "en")  # the nearest, where nothing fits
    assert [match["institute"] for match in json.loads(to_json(shortlist))["matches"]] == ["alpha", "beta", "centre"]
    assert to_csv([shortlist]).count("\n") == 4


def test_markdown_has_numbers_and_the_record_when_asked_for() -> None:
    plain, numbers = (to_markdown(shortlist_example(), "en", Display(scores=scores)) for scores in (False, True))
    assert not re.search(r"0\.\d\d", plain)
    assert "| Rank | Institute | Level | Score | Capability |" in numbers
    assert "| ▰▰▰▰ Recommend | 0.87 |" in numbers
    assert "漏损点 (0.80)" in numbers
    assert to_markdown(shortlist_example(), "en", Display(record=RECORD)).count("33 first institutes") == 1
    assert "first institutes" not in plain


def test_basis_and_readiness_in_words() -> None:
    assert basis_text(Basis(strength="C", year=2013), "zh") == "自身记录；仅有零星记载；最新依据 2013 年"
    assert basis_text(Basis(via_parent=True, strength="B"), "en") == (
        "reachable via the parent body, not the institute's own record; a laboratory or topic"
    )
    assert basis_text(Basis(), "en", inferred=True) == "inferred, no source states it"
    assert readiness_text(None, "zh") == readiness_text(Readiness(), "zh") == ""
    both = Readiness(declined_recently=1, open_referrals=3)
    assert readiness_text(both, "zh") == "在办推荐 3 件；近一年谢绝 1 次"
    assert readiness_text(both, "en") == "open referrals: 3; declined within a year: 1"
    assert readiness_text(Readiness(declined_recently=2), "en") == "declined within a year: 2"
    ready = match_example().model_copy(update={"readiness": both})
    text = to_markdown(shortlist_example().model_copy(update={"matches": (ready,)}), "zh")
    assert "- 近况：在办推荐 3 件；近一年谢绝 1 次" in text


def test_every_level_has_a_word_in_both_languages() -> None:
    assert tuple(LEVEL_WORDS) == LEVELS
    assert all(level_word(level, "zh") != level_word(level, "en") for level in LEVELS)


@pytest.mark.parametrize(
    ("outcome", "chinese", "english"),
    [
        ("solved", "已解决", "solved"),
        ("partly", "部分解决", "partly solved"),
        ("failed", "未解决", "not solved"),
        ("price", "曾谢绝：价格不合", "declined: price"),
        ("no-answer", "曾谢绝：没有回音", "declined: no answer"),
        ("too\nbusy", "曾谢绝：too busy", "declined: too busy"),
    ],
)
def test_what_became_of_a_problem_is_said_in_words(outcome: str, chinese: str, english: str) -> None:
    assert (outcome_text(outcome, "zh"), outcome_text(outcome, "en")) == (chinese, english)
    reason = Reason(kind="case", term="C-1 leak\n", found="", similarity=0.876, outcome=outcome)
    assert reason_text(reason, "zh") == f"C-1 leak（{chinese}） (0.88)"
    assert reason_text(reason, "en") == f"C-1 leak ({english}) (0.88)"


def test_a_problem_is_headed_by_its_id_and_title_or_how_it_begins() -> None:
    assert problem_heading(Problem(id="P-1", title="leak\n")) == "P-1 leak"
    assert problem_heading(Problem(title="leak", description="x")) == "leak"
    assert problem_heading(Problem(description="x" * 100)) == "x" * 60


def test_one_line_disarms_what_steers_a_terminal() -> None:
    assert one_line("a\n b\x1b[31mc\u202ed") == "a b\ufffd[31mc\ufffdd"


# --- Files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "known"),
    [("a.json", "json"), ("a.JSONL", "jsonl"), ("b.csv", "csv"), ("d.xlsx", "xlsx"), ("e.htm", "html")],
)
def test_the_ending_names_the_format(name: str, known: str) -> None:
    assert format_for("shortlists", Path(name)).name == known


@pytest.mark.parametrize("name", ["a.xls", "a", ".json"])
def test_an_unknown_ending_lists_the_known_ones(name: str) -> None:
    with pytest.raises(InputError, match=r"\.json \.jsonl \.csv \.md"):
        format_for("shortlists", Path(name))


@pytest.mark.parametrize("kind", FORMATS)
def test_files_hold_what_the_texts_say(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "out"
    write(iter(ALL), "shortlists", kind, path)
    text = path.read_bytes().decode("utf-8")
    expected = {
        "json": lambda: json.dumps([json.loads(to_json(one)) for one in ALL], ensure_ascii=False, indent=2) + "\n",
        "jsonl": lambda: "".join(to_jsonl(one) + "\n" for one in ALL),
        "csv": lambda: to_csv(ALL),
        "md": lambda: "\n".join(to_markdown(one) for one in ALL),
    }
    assert text == expected[kind]()


def test_one_shortlist_is_an_object_many_are_an_array(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    write(ALL[0], "shortlist", "json", path)
    assert path.read_text(encoding="utf-8") == to_json(ALL[0]) + "\n"
    write(ALL[:1], "shortlists", "json", path)
    assert json.loads(path.read_text(encoding="utf-8")) == [json.loads(to_json(ALL[0]))]
    write([], "shortlists", "json", path)
    assert json.loads(path.read_text(encoding="utf-8")) == []


def test_what_a_format_cannot_write_is_refused() -> None:
    with pytest.raises(InputError, match="a table is for the terminal; use --format with one of: json, jsonl, csv"):
        format_for("shortlists", Path("out.txt"), "table")
    with pytest.raises(InputError, match=r"unknown file ending '.csv'; use one of .json .md, or give the format"):
        format_for("explanation", Path("out.csv"))
    with pytest.raises(ValueError, match="explanation are written as table, json, md, not as csv"):
        format_for("explanation", None, "csv")
    with pytest.raises(ValueError, match="no format is called 'yaml'; known: table, json"):
        format_for("shortlists", None, "yaml")


def test_shortlists_are_streamed() -> None:
    seen: list[int] = []

    def shortlists() -> Iterator[Shortlist]:
        for number in range(3):
            seen.append(number)
            yield ALL[0]

    pieces = format_named("jsonl").writer("shortlists")(shortlists(), Context())
    next(pieces)
    assert seen == [0]


@pytest.mark.parametrize("kind", FORMATS)
def test_an_exception_leaves_the_old_file_and_no_other(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "out"
    path.write_text("old", encoding="utf-8")

    def failing() -> Iterator[Shortlist]:
        yield ALL[0]
        raise OSError("the input broke")

    with pytest.raises(OSError, match="the input broke"):  # not taken for a fault of the output
        write(failing(), "shortlists", kind, path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["out"]


# --- Rejects ----------------------------------------------------------------------------------------------------------


def write_rejects(path: Path, headings: Sequence[str], rows: Iterable[tuple[int, Sequence[str], str]]) -> None:
    with rejects_writer(path, headings) as write:
        for line, cells, fault in rows:
            write(line, cells, fault)


def test_rejects_keep_line_fault_and_cells(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    write_rejects(path, ["需求名称", "=x"], [(3, ["", "a"], "no title"), (7, ["=1", "b\r\nc", "more"], "too long")])
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))) == [
        ["line", "fault", "需求名称", "'=x"],
        ["3", "no title", "", "a"],
        ["7", "too long", "'=1", "b\r\nc", "more"],
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(st.lists(st.text(max_size=5), max_size=4), min_size=1, max_size=4))
def test_rejects_round_trip(tmp_path: Path, rows: Sequence[Sequence[str]]) -> None:
    path = tmp_path / "rejects.csv"
    write_rejects(path, ["a"], ((number, cells, "bad") for number, cells in enumerate(rows)))
    _, *found = csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))
    assert found == [[str(number), "bad", *map(escape_formulas, cells)] for number, cells in enumerate(rows)]


def test_rejects_go_to_disk_as_they_come_and_are_seen_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    with rejects_writer(path, ["a"]) as write:
        assert list(tmp_path.iterdir()) == []
        for number in range(2_000):
            write(number, ["x" * 50], "bad")
        assert not path.exists()
        (beside,) = tmp_path.iterdir()
        assert beside.stat().st_size > 50_000
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2_001


def test_without_rejects_there_is_no_file_and_an_error_keeps_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"

    def fail_halfway() -> None:
        with rejects_writer(path, ["a"]) as write:
            write(1, ["new"], "bad")
            raise OSError("the input broke")

    path.write_text("old", encoding="utf-8")
    with pytest.raises(OSError, match="the input broke"):
        fail_halfway()
    assert path.read_text(encoding="utf-8") == "old"
    write_rejects(path, ["a"], [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="pipes and links of Unix")
def test_without_rejects_a_pipe_and_a_link_stay(tmp_path: Path) -> None:
    pipe, link, earlier = tmp_path / "pipe", tmp_path / "link", tmp_path / "earlier"
    os.mkfifo(pipe)
    earlier.touch()
    link.symlink_to(earlier)
    for path in (pipe, link):
        write_rejects(path, ["a"], [])
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert link.is_symlink()
    assert not earlier.exists()
