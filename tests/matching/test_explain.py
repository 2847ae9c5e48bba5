"""The explanation of one score: the same as in a shortlist, a sum that adds up, marks where the words stand."""

from __future__ import annotations

import io
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner, Result

from matchmaker.cli import app
from matchmaker.domain import (
    Explanation,
    Language,
    Match,
    Problem,
    Reason,
    Registry,
    Requirements,
    ScoreGap,
    ScorePart,
    Text,
)
from matchmaker.institutes import find_institute, load_institutes
from matchmaker.intake import load_problem
from matchmaker.matching.matcher import Matcher
from matchmaker.matching.score import Numbers
from matchmaker.matching.settings import Settings, Weights
from matchmaker.matching.similarities import NAMES
from matchmaker.writing import (
    Context,
    MarkedText,
    all_reasons,
    basis_sentence,
    evidence_lines,
    explanation_to_json,
    explanation_to_markdown,
    marked_text,
    next_sentence,
    shown_parts,
    shown_score,
    write,
)
from matchmaker.writing.terminal import open_console, print_explanation
from worlds import CENTRE, small_registry

PROBLEMS = sorted((Path(__file__).parents[2] / "data" / "problems").glob("[0-9]*"))
LANGUAGES: tuple[Language, ...] = ("zh", "en")
REGISTRY = small_registry()
LEAK = Problem(
    id="P-1",
    title="供水管网漏损检测",
    description="产销差高，管道漏水找不到漏点。希望年底前完成。奶茶广告也要拍。",
    targets=("漏损检测准确率95%",),
)
WORDS_OF_PROBLEMS = st.sampled_from(
    ["漏损检测", "管道漏水", "表面缺陷", "数据治理", "leak detection", "奶茶广告", "管网", "，", "。", "\n", "x"]
)
TEXTS = st.lists(WORDS_OF_PROBLEMS, min_size=1, max_size=10).map("".join).filter(lambda text: re.search(r"\w", text))
WEIGHT = st.floats(0, 12)


@cache
def shipped() -> Matcher:
    return Matcher(load_institutes())


@cache
def small() -> Matcher:
    return Matcher(REGISTRY)


def explained(problem: Problem = LEAK, name: str = "alpha", matcher: Matcher | None = None) -> Explanation:
    matcher = matcher or small()
    return matcher.explain(problem, find_institute(matcher.registry, name))


def shown(
    explanation: Explanation, language: Language = "en", width: int = 80, *, registry: Registry = REGISTRY
) -> str:
    stream = io.StringIO()
    print_explanation(open_console(stream, width=width), explanation, registry=registry, language=language)
    return stream.getvalue()


def joined(text: str) -> str:
    return re.sub(r"\s", "", text)


def unmarked(marked: MarkedText) -> str:
    return re.sub("|".join(map(re.escape, marked.keyword + marked.sentence)), "", marked.text)


# --- two views of one score agree -------------------------------------------------------------------------------------


def without_rank(match: Match) -> Match:
    return match.model_copy(update={"rank": 1})


@pytest.mark.parametrize("path", PROBLEMS, ids=lambda path: path.name)
def test_match_and_explain_agree_on_every_shipped_problem(path: Path) -> None:
    problem = load_problem(path)
    shortlist = shipped().match([problem], top=None)[0]
    matches = {match.institute: match for match in shortlist.matches}
    removed = {removal.institute: removal.limit for removal in shortlist.removed}
    for institute in shipped().registry.institutes:
        explanation = shipped().explain(problem, institute)
        assert explanation.limit == removed.get(institute.id)
        if institute.id in matches:  # the rank leaves limits aside, all else is the same to the last bit
            assert without_rank(explanation.match) == without_rank(matches[institute.id])
        assert set(explanation.match.reasons) <= set(explanation.marks)
        assert set(explanation.match.reasons) <= set(all_reasons(explanation))
        adds_up(explanation)
        points_into_the_text(explanation)


def adds_up(explanation: Explanation) -> None:
    assert round(explanation.base + sum(part.value for part in explanation.parts), 6) == explanation.match.score
    parts = shown_parts(explanation)
    assert sum(part.hundredths for part in parts) == round(float(shown_score(explanation)) * 100)
    for part, exact in zip(parts, [explanation.base, *(part.value for part in explanation.parts)], strict=True):
        assert abs(part.hundredths - exact * 100) < 1


def points_into_the_text(explanation: Explanation) -> None:
    text = explanation.problem.text
    for mark in (*explanation.marks, *explanation.uncovered):
        assert mark.start is not None
        assert mark.end is not None
        assert 0 <= mark.start < mark.end <= len(text)
        assert mark.found == text[mark.start : mark.end]
    sentences = {(mark.start, mark.end) for mark in explanation.marks if mark.kind == "sentence"}
    assert {(mark.start, mark.end) for mark in explanation.uncovered} <= sentences
    keywords = [mark for mark in explanation.marks if mark.kind == "keyword"]
    for sentence in explanation.uncovered:
        for keyword in keywords:
            assert (keyword.start or 0) >= (sentence.end or 0) or (keyword.end or 0) <= (sentence.start or 0)


@given(TEXTS, st.builds(Weights, keywords=WEIGHT, lexical=WEIGHT, semantic=WEIGHT), st.floats(-9, 3), st.booleans())
def test_base_and_parts_add_up_to_the_score(text: str, weights: Weights, intercept: float, own: bool) -> None:
    matcher = Matcher(REGISTRY, Settings(weights=weights, intercept=intercept))
    problem = Problem(title=text, require=Requirements(own=own))
    for institute in REGISTRY.institutes:
        explanation = matcher.explain(problem, institute)
        adds_up(explanation)
        points_into_the_text(explanation)
        raising = [part.value for part in explanation.parts if part.name != "discounts"]
        assert all(value >= -2e-6 for value in raising)  # no weight is negative; what rounding leaves is


@given(st.lists(st.integers(-400_000, 400_000), min_size=1, max_size=5), st.integers(0, 1_000_000))
def test_what_is_shown_adds_up_whatever_the_signs(values: list[int], score: int) -> None:
    base = (score - sum(values)) / 1_000_000
    parts = tuple(ScorePart(name=f"p{at}", value=value / 1_000_000) for at, value in enumerate(values))
    match = explained().match.model_copy(update={"score": score / 1_000_000})
    explanation = explained().model_copy(update={"match": match, "base": base, "parts": parts})
    adds_up(explanation)
    for part, exact in zip(shown_parts(explanation)[1:], values, strict=True):
        assert part.hundredths == 0 or exact
        assert part.number[0] in "+-"


def test_an_unrelated_sentence_is_not_covered_and_a_keyword_covers_its_own() -> None:
    found = [mark.found for mark in explained().uncovered]
    assert "奶茶广告也要拍" in found
    assert not any("漏损检测" in text for text in found)


def test_a_limit_and_own_capabilities_are_said() -> None:
    problem = LEAK.model_copy(update={"exclude": ("alpha",)})
    assert explained(problem).limit == "exclude"
    assert explained(problem).match.score == explained().match.score
    assert "A hard limit takes it off the shortlist: excluded by the problem." in shown(explained(problem))
    assert "按硬性条件排除（需求方已排除）" in shown(explained(problem), "zh")
    only_parents = REGISTRY.institutes[1].model_copy(update={"capabilities": REGISTRY.institutes[1].capabilities[1:]})
    registry = REGISTRY.model_copy(update={"institutes": (REGISTRY.institutes[0], only_parents)})
    own = LEAK.model_copy(update={"require": Requirements(own=True)})
    explanation = explained(own, "beta", Matcher(registry))
    assert (explanation.limit, explanation.match.score, explanation.base) == ("require.own", 0.0, 0.0)
    assert "No match (score 0.00)" in shown(explanation, registry=registry)


# --- the terminal -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["alpha", "beta", "centre"])
def test_bars_and_numbers_add_up_at_every_width(name: str, language: Language, width: int) -> None:
    text = shown(explained(name=name), language, width)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "\x1b" not in text
    assert "…" not in text
    rows = re.findall(r"^  (\S+) +([+-]?\d\.\d\d)( *)(█*)$", text, re.M)
    *parts, total = [(float(number), len(gap) - 2, len(bar)) for _, number, gap, bar in rows]
    assert len(parts) in {5, 6}  # with discounts where there are any
    assert round(sum(number for number, _, _ in parts), 2) == total[0]
    assert f"{total[0]:.2f}" == shown_score(explained(name=name))
    end = 0
    for _, start, length in parts:
        if length:
            assert start == end
        end += length
    assert total[1:] == (0, end) or (end == 0 and not total[2])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [40, 200])
def test_the_same_is_said_at_every_width(language: Language, width: int) -> None:
    def letters(text: str) -> list[str]:
        return sorted(re.sub(r"[\s█]", "", text))

    assert letters(shown(explained(), language, width)) == letters(shown(explained(), language, 80))


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_is_known_is_said(language: Language) -> None:
    text = joined(shown(explained(), language))
    expected = {
        "zh": (
            *("▰▰▰▰ 甲工业智能研究院：建议对接（评分", "最主要的能力：供水管网漏损检测"),
            "自身记录；有项目、产品或数据；最新依据 2024 年",
            *("关键词：管道漏水 (推断) ← “管道漏水” 1.00", "（【】 关键词，〖〗 最接近的语句）"),
            *("依据：2024 在两个城市应用", "漏损检测项目验收，示例日报，2024-05-06"),
            *("未覆盖：奶茶广告也要拍", "下一名："),
        ),
        "en": (
            *("Alpha Institute of Industrial Intelligence: Recommend (score", "own record; projects, products"),
            *("(inferred)", "(【】 keyword, 〖〗 closest sentence)", "Evidence: 2024 Used in two cities"),
            *("Leak detection accepted, Example Daily, 2024-05-06", "not covered: 奶茶广告也要拍", "Next:"),
        ),
    }
    for part in (
        *expected[language],
        "P-1",
        "https://example.org/water/2024",
        "【管道漏水】",
        "〖【供水管网漏损检测】〗",
    ):
        assert joined(part) in text, part


def test_own_parents_and_inferred_are_told_apart() -> None:
    surface = Problem(title="表面缺陷", description="机器视觉质检")
    parents = explained(surface, "beta")
    assert basis_sentence(parents, REGISTRY, "en").startswith(
        "reachable via the parent body, not the institute's own record"
    )
    assert "reachable via the parent body" in shown(parents)
    (line,) = evidence_lines(parents, REGISTRY, "zh")
    assert (line.claim, line.source, line.address) == (
        "2021 上级单位的产线（经上级单位，转载）",
        "视觉质检上线，日期不详",
        "",
    )
    inferred = explained(Problem(title="数据治理", require=Requirements(own=True)), "beta")
    assert basis_sentence(inferred, REGISTRY, "en") == "inferred, no source states it"
    assert basis_sentence(explained(), REGISTRY, "zh") == "自身记录；有项目、产品或数据；最新依据 2024 年"


def test_a_copy_is_never_linked_to() -> None:
    cited = explained().match.evidence[0].model_copy(update={"is_copy": True})
    match = explained().match.model_copy(update={"evidence": (cited,)})
    (line,) = evidence_lines(explained().model_copy(update={"match": match}), REGISTRY, "en")
    assert cited.source == "https://example.org/water/2024"
    assert line.address == ""


def test_marks_are_styled_as_well_and_stay_without_colour() -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=80, force_terminal=True, color_system="standard", legacy_windows=False)
    print_explanation(console, explained(), registry=REGISTRY, language="zh")
    text = stream.getvalue()
    assert re.search(r"\x1b\[4m产销差高，\x1b\[0m", text)  # underlined: a closest sentence
    assert re.search(r"\x1b\[1;4;36m管道漏水\x1b\[0m", text)  # bold and cyan: a keyword
    assert re.sub(r"\x1b\[[\d;]*m", "", text) == shown(explained(), "zh")


def test_an_ascii_terminal_gets_ascii_marks_and_bars() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), "ascii", errors="backslashreplace")
    problem = Problem(title="leak detection", description="a leaking pipe. advertise milk tea.")
    print_explanation(open_console(stream, width=80), explained(problem), registry=REGISTRY)
    stream.seek(0)
    text = stream.read()
    assert "###" in text
    assert "[leak detection]" in text
    assert "\\u" not in re.sub(r".*http.*|.*(keyword|sentence): .*", "", text)


@pytest.mark.parametrize("nasty", ["[red]x[/red]", "[/]x", ":smile:", "a\x1b[31mb", "x\u202ey"])
@pytest.mark.parametrize("width", [40, 80])
def test_texts_are_shown_literally(nasty: str, width: int) -> None:
    problem = Problem(id=nasty, title=f"{nasty} 漏损检测", description=nasty)
    match = explained().match.model_copy(update={"name": Text(zh=nasty)})
    explanation = explained(problem).model_copy(update={"match": match})
    stream = io.StringIO()
    print_explanation(Console(file=stream, width=width), explanation, registry=REGISTRY, language="zh")
    text = stream.getvalue()
    assert not {"\x1b", "\u202e"} & set(text)
    assert joined(text).count(joined(re.sub("[\x1b\u202e]", "\ufffd", nasty))) >= 4


def test_many_uncovered_sentences_are_counted() -> None:
    problem = Problem(title="漏损检测", description="\n".join(f"奶茶广告第{n}集" for n in range(30)))
    explanation = explained(problem)
    assert len(explanation.uncovered) == 30
    text = shown(explanation)
    assert text.count("not covered: 奶茶") == 12
    assert "not covered: 18 more" in text
    assert "1 of 31 sentences covered" in text


def test_the_distance_is_that_of_the_scores_shown() -> None:
    match = explained().match.model_copy(update={"score": 0.734})

    def said(score: float, language: Language = "en") -> str:
        other = ScoreGap(institute="centre", name=CENTRE, score=score, difference=round(score - 0.734, 6))
        return next_sentence(explained().model_copy(update={"match": match, "next": other}), language)

    assert said(0.05) == "Next: Gamma Technology Transfer Centre, score 0.05, 0.68 lower"
    assert said(0.9) == "One above: Gamma Technology Transfer Centre, score 0.90, 0.17 higher"
    assert said(0.7349) == "Nearest: Gamma Technology Transfer Centre, score 0.73, less than 0.01 apart"
    assert said(0.05, "zh") == "下一名：丙技术转移中心，评分 0.05，低 0.68"
    alone = REGISTRY.model_copy(update={"institutes": REGISTRY.institutes[:1]})
    assert next_sentence(explained(matcher=Matcher(alone)), "en") == ""


def test_the_next_one_is_as_far_as_the_scores_say() -> None:
    scores = dict(zip(("alpha", "beta", "centre"), small().scores([LEAK])[0].tolist(), strict=True))
    ranked = sorted(scores, key=lambda name: -scores[name])
    for name, expected in zip(ranked, [ranked[1], ranked[2], ranked[1]], strict=True):
        other = explained(name=name).next
        assert other is not None
        assert (other.institute, other.score) == (expected, scores[expected])
        assert other.difference == round(scores[expected] - scores[name], 6) != 0


def test_the_parts_of_a_score_are_as_what_each_similarity_adds() -> None:
    explanation = explained()
    added = (small().pooled([LEAK])[0, 0] * Numbers.of(small().settings).weights)[: len(NAMES)]
    raised = explanation.match.score - explanation.base
    values = [part.value for part in explanation.parts]
    assert [part.name for part in explanation.parts] == [*NAMES, "discounts"]
    assert values == pytest.approx([*(raised * added / added.sum()).tolist(), 0.0], abs=3e-6)
    assert min(values[:-1]) > 0.01


def test_evidence_that_is_inferred_is_called_so() -> None:
    alpha = REGISTRY.institutes[0]
    held = alpha.capabilities[0]
    evidence = held.evidence[0].model_copy(update={"inferred": True})
    capability = held.model_copy(update={"evidence": (evidence,)})
    institute = alpha.model_copy(update={"capabilities": (capability, *alpha.capabilities[1:])})
    registry = REGISTRY.model_copy(update={"institutes": (institute, *REGISTRY.institutes[1:])})
    for language, claim in (("en", "2024 Used in two cities (inferred)"), ("zh", "2024 在两个城市应用（推断）")):
        assert evidence_lines(explained(), registry, language)[0].claim == claim  # type: ignore[arg-type]
        assert evidence_lines(explained(), REGISTRY, language)[0].claim in claim[:-3]  # type: ignore[arg-type]


def test_the_ledger_that_counted_is_named_in_json() -> None:
    assert "ledger" not in json.loads(explanation_to_json(explained()))
    known = explained().model_copy(update={"ledger": "sqlite:12"})
    assert json.loads(explanation_to_json(known))["ledger"] == "sqlite:12"


# --- marks in the text ------------------------------------------------------------------------------------------------


@given(
    TEXTS
    | st.text("ab漏损检测【】〖〗。\n[]{}<>e\u0301", min_size=2, max_size=30).filter(lambda t: re.search(r"\w", t))
)
def test_marks_are_nested_and_nothing_else_is_changed(text: str) -> None:
    explanation = explained(Problem(title=text))
    for ascii_only in (False, True):
        marked = marked_text(explanation, ascii_only=ascii_only)
        if set(text) & set("".join(marked.keyword + marked.sentence)):  # all pairs stand in the text
            assert ascii_only
            continue
        assert unmarked(marked) == explanation.problem.text
        opened: list[str] = []
        closing = dict([marked.keyword, marked.sentence])
        for mark in re.findall("|".join(map(re.escape, marked.keyword + marked.sentence)), marked.text):
            if mark in closing:
                assert closing[mark] not in opened
                opened.append(closing[mark])
            else:
                assert opened.pop() == mark
        assert not opened


def marked_at(text: str, *places: tuple[str, int, int, float]) -> str:
    """A text with keywords and sentences in these places, the first sentence the reason of the match."""
    marks = [
        Reason.model_validate(
            {"kind": kind, "term": "t", "found": "f", "similarity": degree, "start": start, "end": end}
        )
        for kind, start, end, degree in places
    ]
    reasons = tuple(mark for mark in marks if mark.kind == "sentence")[:1]
    changed = {
        "problem": Problem(title=text),
        "marks": tuple(marks),
        "uncovered": (),
        "match": explained().match.model_copy(update={"reasons": reasons}),
    }
    return marked_text(explained().model_copy(update=changed)).text


def test_overlapping_keywords_are_one_mark_and_none_crosses_a_sentence() -> None:
    keywords = [("keyword", start, end, 1.0) for start, end in ((1, 4), (3, 6), (6, 7), (8, 9))]
    sentences = [("sentence", 0, 5, 0.8), ("sentence", 5, 10, 0.3)]  # the second is not half as close
    assert marked_at("abcdefghij", *keywords, *sentences) == "〖a【bcde】〗【f】【g】h【i】j"


def test_an_accent_stays_with_its_letter() -> None:
    assert marked_at("cafe\u0301 x", ("keyword", 0, 4, 1.0)) == "【cafe\u0301】 x"


def test_marks_that_stand_in_the_text_are_not_used() -> None:
    marked = marked_text(explained(Problem(title="【急】漏损检测")))
    assert (marked.keyword, marked.sentence) == (("〖", "〗"), ("〔", "〕"))
    assert "〖漏损检测〗" in marked.text


# --- JSON and Markdown ------------------------------------------------------------------------------------------------

FIELDS = ["matchmaker", "settings", "institutes", "problem", "match", "base", "parts", "marks", "uncovered", "limit"]


def from_json(text: str, problem: Problem) -> Explanation:
    """The record that a JSON object tells of."""
    data = json.loads(text)

    def local(name: dict[str, str | None]) -> Text:
        return Text(zh=name["zh"], en=name["en"])

    match = data["match"]
    for cited in match["evidence"]:
        cited["claim"] = local(cited["claim"])
    match.update(
        name=local(match["name"]), capability={**match["capability"], "name": local(match["capability"]["name"])}
    )
    other = data["next"]
    return Explanation(
        problem=problem,
        match=Match.model_validate(match),
        base=data["base"],
        parts=tuple(ScorePart(**part) for part in data["parts"]),
        marks=tuple(Reason(**mark) for mark in data["marks"]),
        uncovered=tuple(Reason(**mark) for mark in data["uncovered"]),
        limit=data["limit"],
        next=other and ScoreGap(**{**other, "name": local(other["name"])}),
        settings=data["settings"],
        institutes=data["institutes"],
    )


@given(TEXTS, st.sampled_from(["alpha", "beta", "centre"]), st.sampled_from([(), ("alpha",)]))
def test_json_holds_the_whole_record(text: str, name: str, exclude: tuple[str, ...]) -> None:
    problem = Problem(title=text, exclude=exclude)
    explanation = explained(problem, name)
    assert from_json(explanation_to_json(explanation), problem) == explanation


def test_the_fields_of_json_are_pinned() -> None:
    data = json.loads(explanation_to_json(explained()))
    assert list(data) == [*FIELDS, "next"]
    assert list(data["problem"]) == ["id", "title", "language", "text"]
    assert data["problem"]["text"] == LEAK.text
    assert [list(part) for part in data["parts"]] == [["name", "value"]] * 5
    assert [part["name"] for part in data["parts"]] == [*NAMES, "discounts"]
    assert list(data["next"]) == ["institute", "name", "score", "difference"]
    assert list(data["marks"][0]) == ["kind", "term", "found", "similarity", "start", "end", "inferred"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_markdown_says_what_the_terminal_says(language: Language) -> None:
    page = MarkdownIt("commonmark").enable("table").render(explanation_to_markdown(explained(), REGISTRY, language))
    text = re.sub(r"<[^>]+>|\s", "", page)
    terminal = joined(shown(explained(), language, 200))
    for sentence in ("【管道漏水】", "〖【供水管网漏损检测】〗", "奶茶广告也要拍", "https://example.org/water/2024"):
        assert sentence in text
        assert sentence in terminal
    numbers = re.findall(r"<tr>\n<td[^>]*>.*?</td>\n<td[^>]*>(?:<strong>)?([+-]?\d\.\d\d)", page)
    assert round(sum(map(float, numbers[:-1])), 2) == float(numbers[-1]) == float(shown_score(explained()))
    assert page.count("<h1>") == 1
    lines = explanation_to_markdown(explained(), REGISTRY, language).splitlines()
    headings = [at for at, line in enumerate(lines) if line.startswith("#")]
    assert len(headings) > 2
    assert {lines[at + 1] for at in headings} | {lines[at - 1] for at in headings[1:]} == {""}


@given(st.text(max_size=30), st.text(max_size=30))
def test_markdown_shows_texts_literally(title: str, found: str) -> None:
    problem = Problem(title=f"漏损检测 {title}", description=f"{found}\n===\n- x\n# y\n<b>z</b>")
    tokens = MarkdownIt("commonmark").enable("table").parse(explanation_to_markdown(explained(problem), REGISTRY, "zh"))
    kinds = {token.type for token in tokens} | {child.type for token in tokens for child in token.children or []}
    assert not kinds & {"html_block", "html_inline", "code_inline", "code_block", "fence", "image", "em_open", "hr"}
    assert sum(token.type == "heading_open" and token.tag == "h1" for token in tokens) == 1
    links = [child for token in tokens for child in token.children or [] if child.type == "link_open"]
    assert {link.attrs["href"] for link in links} <= {"https://example.org/water/2024"}


def test_files_are_written_whole(tmp_path: Path) -> None:
    write(explained(), "explanation", "json", tmp_path / "x.json")
    assert (tmp_path / "x.json").read_text("utf-8") == explanation_to_json(explained()) + "\n"
    write(explained(), "explanation", "md", tmp_path / "x.md", Context("en", registry=REGISTRY))
    assert (tmp_path / "x.md").read_text("utf-8") == explanation_to_markdown(explained(), REGISTRY, "en")


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    registry: dict[str, Any] = REGISTRY.model_dump(mode="json", by_alias=True, exclude_none=True)
    registry.pop("fingerprint")
    Path("small.yaml").write_text(json.dumps({"schema": 1, **registry}, ensure_ascii=False), "utf-8")
    Path("leak.txt").write_text("供水管网漏损检测\n管道漏水找不到漏点。\n", "utf-8")
    Path("wrong.yaml").write_text("titel: x\n", "utf-8")
    Path("limits.yaml").write_text("title: 漏损\nexclude: [nobody]\n", "utf-8")
    Path("settings.toml").write_text("intercept = -1.0\n", "utf-8")


def run(*args: str, stdin: bytes = b"", bare: bool = False) -> Result:
    flags = () if bare else ("--institutes", "small.yaml")
    env = {"COLUMNS": "80", **dict.fromkeys(("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"))}
    result = CliRunner().invoke(app, [*args, *flags], input=stdin, env=env, prog_name="matchmaker")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def done(result: Result) -> str:
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


@pytest.mark.usefixtures("_folder")
def test_the_command_says_what_match_says() -> None:
    matched = json.loads(done(run("match", "leak.txt", "--format", "json")))
    for at, name in enumerate(("alpha", "beta", "centre")):
        found = json.loads(done(run("explain", "leak.txt", name, "--format", "json")))
        same = next(match for match in matched["matches"] if match["institute"] == name)
        assert {**found["match"], "rank": 0} == {**same, "rank": 0}, at
        assert {key: found[key] for key in FIELDS[:3]} == {key: matched[key] for key in FIELDS[:3]}
        table = done(run("explain", "leak.txt", name))
        assert f"评分 {same['score']:.2f}" in table
        assert f"{same['score']:.2f}" in done(run("explain", "leak.txt", name, "--format", "md", "--lang", "en"))


@pytest.mark.usefixtures("_folder")
def test_a_problem_comes_from_a_file_a_text_or_stdin() -> None:
    text = Path("leak.txt").read_text("utf-8")
    file = done(run("explain", "leak.txt", "alpha", "--format", "md"))
    given_text = done(run("explain", "--text", text, "甲工业智能研究院", "--format", "md"))
    from_stdin = done(run("explain", "-", "AIII", "--format", "md", stdin=text.encode()))
    assert file.startswith("# leak 供水")
    assert file.replace("# leak", "# text", 1) == given_text
    assert file.replace("# leak", "# stdin", 1) == from_stdin


@pytest.mark.usefixtures("_folder")
def test_output_goes_to_a_file() -> None:
    result = run("explain", "leak.txt", "alpha", "-o", "why.json")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "wrote why.json\n")
    assert Path("why.json").read_text("utf-8") == done(run("explain", "leak.txt", "alpha", "--format", "json"))
    assert done(run("explain", "leak.txt", "alpha", "-o", "why.md", "--quiet", "--lang", "en")) == ""
    assert Path("why.md").read_text("utf-8") == done(
        run("explain", "leak.txt", "alpha", "--format", "md", "--lang", "en")
    )


@pytest.mark.usefixtures("_folder")
def test_other_settings_give_another_score() -> None:
    plain = json.loads(done(run("explain", "leak.txt", "alpha", "--format", "json")))
    other = json.loads(done(run("explain", "leak.txt", "alpha", "--format", "json", "--settings", "settings.toml")))
    assert other["base"] == pytest.approx(0.268941)
    assert other["base"] != plain["base"]
    assert other["settings"] != plain["settings"]


@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (("leek.txt", "alpha"), ("leek.txt: no such file (did you mean 'leak.txt'?)",)),
        (("leak.txt", "alph"), ("no institute is named 'alph' (did you mean 'alpha'?)", "alpha, beta, centre")),
        (("wrong.yaml", "alpha"), ("titel", "did you mean 'title'")),
        (("limits.yaml", "alpha"), ("no institute is named 'nobody'",)),
        (("leak.txt", "alpha", "-o", "leak.txt", "--format", "md"), ("would be written over the input",)),
        (("leak.txt", "alpha", "-o", "why.doc"), ("unknown file ending '.doc'",)),
        (("leak.txt", "alpha", "-o", "why.md", "--format", "table"), ("a table is for the terminal",)),
        (("leak.txt", "alpha", "-o", "no/why.md"), ("no/why.md", "make its folder first")),
        (("leak.txt", "alpha", "--settings", "none.toml"), ("none.toml",)),
    ],
)
def test_wrong_input(args: tuple[str, ...], parts: tuple[str, ...]) -> None:
    result = run("explain", *args)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    for part in parts:
        assert part in result.stderr


@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize(
    ("args", "part"),
    [
        ((), "INSTITUTE"),
        (("leak.txt",), "INSTITUTE"),
        (("--text", "x"), "INSTITUTE"),
        (("--text", "x", "leak.txt", "alpha"), "one of them"),
        (("leak.txt", "alpha", "--format", "csv"), "'table', 'json', 'md'"),
        (("leak.txt", "alpha", "-o", "why.csv"), "unknown file ending '.csv'; use one of .json .md"),
        (("leak.txt", "alpha", "--format", "jsonl"), "'table', 'json', 'md'"),
        (("leak.txt", "alpha", "beta"), "beta"),
    ],
)
def test_wrong_use(args: tuple[str, ...], part: str) -> None:
    result = run("explain", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert part in result.stderr.splitlines()[-1]
