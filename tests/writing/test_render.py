from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import partial
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from matchmaker.domain import Citation, Language, Level, Problem, Readiness, Reason, Role, Strength, Text
from matchmaker.matching.settings import TrackRecord
from matchmaker.writing import KIND_WORDS, ROLE_WORDS, STRENGTH_WORDS, Display, level_bar, level_word
from matchmaker.writing.terminal import (
    LEVEL_STYLES,
    open_console,
    print_alliance,
    print_institute,
    print_institutes,
    print_ranking,
    print_shortlist,
    print_summary,
)
from matchmaker.writing.terminal.wrapping import wrapped
from worlds import empty_example, match_example, shortlist_example, small_registry, unmatched_example

REGISTRY = small_registry()
LANGUAGES: tuple[Language, ...] = ("zh", "en")
Printing = Callable[[Console, Language], None]


def shown(printing: Printing, language: Language = "en", width: int = 80) -> str:
    stream = io.StringIO()
    printing(open_console(stream, width=width), language)
    return stream.getvalue()


def joined(text: str) -> str:
    """Without line breaks and spaces: what a wrapped name can be found in."""
    return re.sub(r"\s", "", text)


def _shortlist(console: Console, language: Language) -> None:
    print_shortlist(console, shortlist_example(), registry=REGISTRY, language=language)


def _unmatched(console: Console, language: Language) -> None:
    print_shortlist(console, unmatched_example(), registry=REGISTRY, language=language)


def _empty(console: Console, language: Language) -> None:
    print_shortlist(console, empty_example(), registry=REGISTRY, language=language)


def _alliance(console: Console, language: Language) -> None:
    assert REGISTRY.alliance
    print_alliance(console, REGISTRY.alliance, REGISTRY.sources, language)


def _institutes(console: Console, language: Language) -> None:
    print_institutes(console, REGISTRY, language)


def _alpha(console: Console, language: Language) -> None:
    print_institute(console, REGISTRY, REGISTRY.institutes[0], language)


def _beta(console: Console, language: Language) -> None:
    print_institute(console, REGISTRY, REGISTRY.institutes[1], language)


def _ranking(console: Console, language: Language, *, scores: bool = False) -> None:
    rows = [(shortlist_example().problem, match_example()), (unmatched_example().problem, match_example(score=0.5))]
    print_ranking(console, rows, institute=REGISTRY.institutes[0], language=language, scores=scores)


def _summary(console: Console, language: Language) -> None:
    print_summary(
        console,
        n_read=1200,
        n_matched=1,
        n_unclear=0,
        n_none=1198,
        n_rejected=1,
        seconds=12.34,
        load={"alpha": 7, "beta": 1, "stranger": 2},
        registry=REGISTRY,
        language=language,
    )


PRINTINGS = [_shortlist, _unmatched, _empty, _alliance, _institutes, _alpha, _beta, _ranking, _summary]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("printing", PRINTINGS)
def test_no_line_is_wider_than_the_terminal(printing: Printing, language: Language, width: int) -> None:
    text = shown(printing, language, width)
    assert text.strip()
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "\x1b" not in text  # no colour where there is no terminal
    assert "…" not in text  # nothing is cut off


def letters(text: str) -> list[str]:
    return sorted(re.sub(r"[\s─━]", "", text))


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("printing", [one for one in PRINTINGS if one is not _summary])  # bars grow with the width
def test_a_table_says_the_same_at_every_width(printing: Printing, language: Language, width: int) -> None:
    assert letters(shown(printing, language, width)) == letters(shown(printing, language, 200))


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_shortlist_says_all_it_knows(language: Language, width: int) -> None:
    text = joined(shown(_shortlist, language, width))
    expected = {
        "zh": (
            *(
                "甲工业智能研究院",
                "供水管网漏损检测",
                "▰▰▰▰ 建议对接",
                "▰▱▱▱ 仅供线索",
                "关键词：漏损检测←“漏损点”",
                "(推断)",
            ),
            *("经上级单位可及，非本机构自身记录", "转载", "1家机构值得联系", "因硬性条件排除：丙技术转移中心"),
            "示例联盟：解决企业技术难题1,172项（2025年报道的2024年情况，原文为“目前”）",
        ),
        "en": (
            *(
                "Leak detection in water",
                "▰▰▰▰ Recommend",
                "▰▱▱▱ Lead only",
                "keyword: 漏损检测 ← “漏损点”",
                "(inferred)",
            ),
            *("reachable via the parent body, not the institute's own record", "copy", "1 institute is worth a call"),
            "Removed by a hard limit: Gamma Technology Transfer Centre",
            "Example Alliance: 1,172 enterprise technical problems solved (as reported in 2025 for 2024, “so far”)",
        ),
    }
    for part in (*expected[language], "P-001", "2024", "https://example.org/water/2024"):
        assert joined(part) in text, part


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_fit_is_said_in_one_line_with_whom_to_ask(language: Language) -> None:
    lines = shown(_unmatched, language, 100).splitlines()
    assert {
        "zh": "没有机构适合这项需求；可请丙技术转移中心协助寻找专家。",
        "en": "No institute fits this need; Gamma Technology Transfer Centre can help to find an expert.",
    }[language] in lines
    assert not any(line.startswith("1. ") for line in lines)  # a match of level none has no grounds to show


def test_the_language_of_the_problem_is_taken_unless_told() -> None:
    def printing(console: Console, _: Language) -> None:
        print_shortlist(console, shortlist_example(), registry=REGISTRY)

    assert "建议对接" in shown(printing)


def test_a_registry_without_an_alliance_has_no_record_line() -> None:
    bare = REGISTRY.model_copy(update={"alliance": None})
    text = shown(lambda console, _: print_shortlist(console, shortlist_example(), registry=bare))
    assert "1,172" not in text


@pytest.mark.parametrize("nasty", ["[red]x[/red]", "[/]x", "[link=http://e]x[/link]", ":smile:", r"\[x]", "a\x1b[31mb"])
@pytest.mark.parametrize("width", [40, 80])
def test_markup_in_a_text_is_shown_literally(nasty: str, width: int) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=width)  # even where the console would take markup
    name = Text(zh=nasty)
    match = match_example(reasons=[Reason(kind="sentence", term=nasty, found=nasty, similarity=1)])
    citation = Citation(claim=name, year=None, source=nasty, via_parent=False)
    match = match.model_copy(update={"name": name, "evidence": (citation,)})
    shortlist = shortlist_example(Problem(id=nasty, title=nasty)).model_copy(update={"matches": (match,)})
    print_shortlist(console, shortlist, registry=REGISTRY, language="zh")
    print_ranking(console, [(shortlist.problem, match)], institute=REGISTRY.institutes[0], language="zh")
    literal = nasty.replace("\x1b", "\ufffd")
    text = stream.getvalue()
    assert "\x1b" not in text
    assert joined(text).count(joined(literal)) >= 9


def test_a_console_of_ours_takes_no_markup() -> None:
    stream = io.StringIO()
    open_console(stream, width=40).print("[red]x[/red] :smile:")
    assert stream.getvalue() == "[red]x[/red] :smile:\n"


@pytest.mark.parametrize("level", get_args(Level))
def test_a_level_has_a_word_beside_its_colour(level: Level) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=80, force_terminal=True, color_system="standard", legacy_windows=False)
    shortlist = shortlist_example().model_copy(update={"matches": (match_example(level=level),)})
    print_shortlist(console, shortlist, registry=REGISTRY, language="en", display=Display(everything=True))
    assert re.search(rf"\x1b\[[\d;]+m{level_bar(level)} {level_word(level, 'en')}", stream.getvalue())
    assert LEVEL_STYLES[level]


def test_institutes_at_no_match_are_counted_below_a_matched_shortlist_and_listed_on_request() -> None:
    more = (match_example(3, "centre", level="none"), match_example(4, "centre", level="none"))
    shortlist = shortlist_example().model_copy(update={"matches": (*shortlist_example().matches, *more)})

    def printed(display: Display) -> str:
        printing = partial(print_shortlist, shortlist=shortlist, registry=REGISTRY, display=display)
        return shown(lambda console, language: printing(console, language=language), "zh")

    assert "另有 2 家“不匹配”，未列出（加 --all 列出）\n" in printed(Display())
    assert "▱▱▱▱" not in printed(Display())
    assert printed(Display(everything=True)).count("▱▱▱▱ 不匹配") == 2
    assert "--all" not in printed(Display(everything=True))
    assert "--all" not in shown(_unmatched, "zh")  # nothing fits: the nearest stay
    assert "▱▱▱▱ 不匹配" in shown(_unmatched, "zh")


def test_scores_and_the_record_are_shown_when_there_are_any() -> None:
    record = TrackRecord(strong=(40, 33), date="2026-11", by=Text(en="language-model assessors"))
    ready = match_example().model_copy(update={"readiness": Readiness(declined_recently=1)})
    shortlist = shortlist_example().model_copy(update={"matches": (ready, shortlist_example().matches[1])})

    def printed(display: Display) -> str:
        printing = partial(print_shortlist, shortlist=shortlist, registry=REGISTRY, display=display)
        return shown(lambda console, language: printing(console, language=language), "en", 120)

    numbered = printed(Display(scores=True, record=record))
    assert re.search(r"▰▰▰▰ Recommend +0\.87 ", numbered)
    assert "“漏损点” 0.80" in numbered
    assert numbered.count("of 40 judged needs at this level, 33 first institutes were worth a call") == 1
    plain = printed(Display())
    assert not re.search(r"0\.\d\d|worth a call \(", plain)
    assert "   - Basis: own record; projects, products or figures; newest evidence 2024\n" in plain
    assert plain.count("   - Readiness: declined within a year: 1\n") == 1  # nothing is told of the other


def test_a_terminal_without_unicode_shows_bars_in_ascii() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="gbk", errors="replace")
    _shortlist(open_console(stream, width=80), "zh")
    stream.flush()
    assert "#### 建议对接" in raw.getvalue().decode("gbk")
    assert "#--- 仅供线索" in raw.getvalue().decode("gbk")


def test_more_than_three_reasons_are_counted() -> None:
    reasons = [Reason(kind="keyword", term=f"term{n}", found="", similarity=0.5) for n in range(5)]
    shortlist = shortlist_example().model_copy(update={"matches": (match_example(reasons=reasons),)})
    text = shown(lambda console, language: print_shortlist(console, shortlist, registry=REGISTRY, language=language))
    assert "term2\n" in text
    assert "term3" not in text
    assert "- 2 more" in text


def test_the_alliance_shows_its_figures_with_year_and_source() -> None:
    text = shown(_alliance, "en")
    assert re.search(r"Matchmaking events +more than 30 events +2024 +\[1\]", text)
    assert re.search(r"Economic and social benefit +more than 3\.6 billion yuan +2023 +\[2\]", text)
    assert "[1] Leak detection accepted, Example Daily, 2024-05-06\n    https://example.org/water/2024\n" in text
    assert "超过 36 亿元" in shown(_alliance, "zh")
    assert "The source says so far" in text


def test_a_reported_number_is_never_rounded() -> None:
    assert REGISTRY.alliance
    figure = REGISTRY.alliance.figures[2].model_copy(update={"value": 3_612_345_678, "at_least": False})
    alliance = REGISTRY.alliance.model_copy(update={"figures": (figure,)})
    text = shown(lambda console, language: print_alliance(console, alliance, REGISTRY.sources, language))
    assert "3,612,345,678 yuan" in text


def test_institutes_are_listed_with_own_and_parents_capabilities() -> None:
    text = shown(_institutes, "en", 200)
    assert re.search(r"alpha +Alpha Institute of Industrial Intelligence +research institute +1 +0 +not verified", text)
    assert re.search(r"beta +Beta .* +1 +1 +not verified", text)
    assert "3 institutes" in text
    one = REGISTRY.model_copy(update={"institutes": REGISTRY.institutes[:1]})
    assert "1 institute\n" in shown(lambda console, language: print_institutes(console, one, language))


def test_a_card_tells_own_parents_and_inferred_apart() -> None:
    own, parents = shown(_alpha, "en"), shown(_beta, "en")
    assert "own record; projects, products or figures" in own
    assert "Keywords: leak detection\n" in own
    assert "Keywords (inferred): leaking pipe\n" in own
    assert "- 2024 Used in two cities\n" in own
    assert "    Leak detection accepted, Example Daily, 2024-05-06\n    https://example.org/water/2024\n" in own
    assert "1 capability\n" in own
    assert "2 capabilities\n" in parents
    assert "Data governance [beta-data]\n  inferred\n" in parents
    whose = "reachable via the parent body, not the institute's own record; a laboratory or topic"
    assert joined(whose) in joined(parents)
    assert "Inspection goes live, no date shown (copy)" in parents
    assert "example.org/copied" not in parents  # a copy is never linked to


def test_a_ranking_lists_problems_in_order() -> None:
    text = shown(_ranking, "en", 200)
    assert "2 problems for Alpha Institute of Industrial Intelligence" in text
    assert re.search(r"1 +P-001 +供水管网漏损严重 +▰▰▰▰ Recommend +Leak detection", text)
    assert re.search(r"2 +P-002 +Marketing film for a tea brand +▰▰▰▰ Recommend", text)
    numbered = shown(partial(_ranking, scores=True), "en", 200)
    assert re.search(r"2 +P-002 +Marketing film for a tea brand +▰▰▰▰ Recommend +0\.50", numbered)


def test_of_many_institutes_a_summary_shows_the_busiest() -> None:
    names = [f"institute {at:03}" for at in range(60)]
    many = [small_registry().institutes[0].model_copy(update={"id": name, "name": Text(en=name)}) for name in names]
    registry = small_registry().model_copy(update={"institutes": tuple(many)})
    load = {name: 1 + (name > "institute 008") for name in names[:55]}
    stream, counts = io.StringIO(), {"n_read": 101, "n_matched": 101, "n_unclear": 0, "n_none": 0, "n_rejected": 0}
    console = open_console(stream, width=100)
    print_summary(console, **counts, seconds=1.0, load=load, registry=registry, language="en")
    text = stream.getvalue()
    assert "institute 054" in text
    assert "institute 003" in text
    assert "institute 004" not in text  # the fiftieth is the last
    assert "institute 059" not in text


def test_a_summary_counts_rows_and_shows_the_load_of_every_institute() -> None:
    text = shown(_summary, "en", 100)
    assert "1,200 rows read, 1 matched, 1,198 without a fitting institute, 1 rejected, 12.3 s" in text
    bars = {line.split()[0]: line.count("█") for line in text.splitlines() if re.search(r" \d+ ", line)}
    assert bars["Alpha"] == 25
    assert bars["stranger"] == 8
    assert bars["Beta"] == 4
    assert re.search(r"Gamma Technology Transfer Centre +0 *\n", text)
    assert "读取 1,200 行，1 个已匹配" in shown(_summary, "zh")


def test_every_role_kind_and_strength_has_its_word() -> None:
    assert set(ROLE_WORDS) == set(get_args(Role))
    assert set(KIND_WORDS) == set(get_args(Reason.model_fields["kind"].annotation))
    assert set(STRENGTH_WORDS) == set(get_args(Strength))


@given(st.text(st.sampled_from("ab 水，（）“”x.-😀e\u0301"), max_size=60), st.integers(4, 30))
def test_wrapping_keeps_every_character_and_the_width(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)


def test_lines_do_not_begin_with_closing_marks_or_end_with_opening_ones() -> None:
    assert wrapped("好（require）", 11) == ["好", "（require）"]
    assert wrapped("漏损点，检测", 6) == ["漏损", "点，检", "测"]
    assert wrapped("漏损（检测）", 6) == ["漏损", "（检", "测）"]
