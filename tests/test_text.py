from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.text import (
    REGIONAL,
    STOP_WORDS,
    normalise,
    normalise_with_origin,
    prepare,
    sentences,
    stem,
    term_id,
    terms,
)

CHINESE = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)
CHINESE_WORDS = ["管网", "漏损", "检测", "机器人", "激光焊接", "振动", "水"]
ENGLISH_WORDS = ["leak", "pipes", "welding", "the", "of", "robot", "3d", "vision", "5g"]
PIECES = [*CHINESE_WORDS, *ENGLISH_WORDS, " ", " ", "，", "。", "\n", ". ", "; "]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=20).map("".join)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]) | CHINESE, max_size=60)


def looks_like_markup(text: str) -> bool:
    return bool(set("<>&") & set(unicodedata.normalize("NFKD", text)))


@pytest.mark.parametrize(
    ("raw", "normalised"),
    [
        ("", ""),
        (" \n \t ", ""),
        ("漏損檢測", "漏损检测"),
        ("機械人與感應器", "机器人与传感器"),
        ("鐳射、塑膠、矽", "激光、塑料、硅"),
        ("ＡＢＣ１２３（５Ｇ）", "abc123(5g)"),
        ("Leak DETECTION", "leak detection"),
        ("Müller café", "muller cafe"),
        ("50㎡ ①", "50m2 1"),
        ("漏\u200b损\ufeff检\u00ad测", "漏损检测"),
        ("漏损\U0001f600检测", "漏损检测"),
        ("☑漏损 ☐检测 □☒", "□漏损 □检测 □□"),
        ("a\u00a0\t b\u3000c", "a b c"),
        ("one\r\ntwo\n\n\nthree", "one \ntwo\nthree"),
        ("<p>漏损</p><br/>检测&nbsp;准", "漏损 检测 准"),
        ('<a href="https://example.org/a?b" class=x>leak</a>', "leak"),
        ("CO<sub>2</sub>与漏<b>损</b>检<wbr>测", "co2与漏损检测"),
        ("&#28431;&#25439;&#x68C0;&#X6D4B; R&amp;D &lt;5m&sup2;", "漏损检测 r&d <5m2"),
        ("a&nosuch;b&#0;c&#xD800;d&#1114112;e", "a b" + "cde"),
        ("\x00\x07a\x1b", "a"),
    ],
)
def test_a_text_gets_one_form(raw: str, normalised: str) -> None:
    assert normalise(raw) == normalised


@pytest.mark.parametrize("condition", ["p<Pmax, flow q>Q0", "a<b and c>d", "温度T<Tmax，流量q>Q0", "R&D; AT&T"])
def test_conditions_are_no_markup(condition: str) -> None:
    folded = unicodedata.normalize("NFKD", condition).casefold()
    assert normalise(condition) == folded


@given(ANY_TEXT.filter(lambda text: not looks_like_markup(text) and "薴" not in text))
def test_normalising_twice_changes_nothing(text: str) -> None:
    """OpenCC makes 苧 of 薴 and 苎 of 苧: the only character it converts twice."""
    once = normalise(text)
    assert normalise(once) == once


@given(ANY_TEXT)
def test_every_character_knows_where_it_came_from(text: str) -> None:
    normalised = normalise_with_origin(text)
    origin = normalised.origin
    assert len(origin) == len(normalised.text)
    assert list(origin) == sorted(origin)
    assert all(0 <= position < len(text) for position in origin)
    if origin:
        start, end = normalised.span(0, len(origin))
        assert (start, end) == (origin[0], origin[-1] + 1)


@given(ANY_TEXT, st.sampled_from([("漏損", "漏损"), ("ＡＢＣ", "abc"), ("5\u200bG", "5g"), ("鐳射", "激光")]), ANY_TEXT)
def test_a_span_leads_back_to_the_words_as_written(before: str, written_and_read: tuple[str, str], after: str) -> None:
    written, read = written_and_read
    before, after = before.translate(NO_ANGLES), after.translate(NO_ANGLES)
    text = f"{before}\n{written}\n{after}"
    normalised = normalise_with_origin(text)
    lines = normalised.text.split("\n")
    at = sum(len(line) + 1 for line in lines[: lines.index(read)])
    start, end = normalised.span(at, at + len(read))
    assert normalise(text[start:end]) == read
    if text.count(written) == 1 and lines.count(read) == 1:
        assert text[start:end] == written


NO_ANGLES = dict.fromkeys(map(ord, "<>&"), " ")


@pytest.mark.parametrize("bounds", [(0, 0), (2, 1), (-1, 2), (0, 5)])
def test_a_range_outside_the_text_has_no_span(bounds: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no such range in a text of 4 characters"):
        normalise_with_origin("漏损检测").span(*bounds)


def test_regional_words_keep_their_length_and_are_never_made_twice() -> None:
    for regional, common in REGIONAL.items():
        assert len(regional) == len(common)
        assert normalise(regional) == common
        assert normalise(common) == common


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("。。！\n", []),
        ("漏损高。找不到漏点！怎么办？", ["漏损高", "找不到漏点", "怎么办"]),
        ("pipe is 1.5 m long. it leaks.", ["pipe is 1.5 m long", "it leaks"]),
        ("one; two\n  three  ", ["one", "two", "three"]),
        ("v2.0.1 fails", ["v2.0.1 fails"]),
    ],
)
def test_sentences(text: str, parts: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == parts


@given(TEXTS)
def test_sentences_leave_out_nothing_but_marks_and_space(text: str) -> None:
    ranges = list(sentences(text))
    assert all(start < end for start, end in ranges)
    assert all(one[1] <= other[0] for one, other in pairwise(ranges))
    kept = "".join(text[start:end] for start, end in ranges)
    assert re.sub(r"[\s。.;]", "", kept) == re.sub(r"[\s。.;]", "", text)


@pytest.mark.parametrize(
    ("words", "stemmed"),
    [
        ("weld welds welded welding", "weld"),
        ("pipe pipes", "pipe"),
        ("machine machines machining machined", "machin"),
        ("stopped stopping stop stops", "stop"),
        ("rolled rolling roll", "roll"),
        ("battery batteries", "battery"),
        ("string strings", "string"),
        ("loss", "loss"),
        ("process processes processing", "process"),
        ("car cars", "car"),
        ("virus", "virus"),
        ("analysis", "analysis"),
        ("5g", "5g"),
        ("c++", "c++"),
    ],
)
def test_forms_of_a_word_share_a_stem(words: str, stemmed: str) -> None:
    assert {stem(word) for word in words.split()} == {stemmed}


@given(st.text("abcdeginsy", min_size=1, max_size=12))
def test_a_stem_is_the_beginning_of_its_word(word: str) -> None:
    found = stem(word)
    assert len(found) >= min(len(word), 3)
    assert word.startswith(found) or (word.endswith("ies") and found == word[:-3] + "y")


def naive_terms(text: str) -> Counter[str]:
    """Every stretch of up to three Chinese characters; every word and every two words next to each other."""
    found: Counter[str] = Counter()
    kept: list[str] = []
    for piece in re.findall(r"[\u4e00-\u9fff]+|[a-z0-9]+|[。\n.;]", text):
        if piece[0] >= "\u4e00":
            found.update(piece[i:j] for i in range(len(piece)) for j in range(i + 1, min(i + 3, len(piece)) + 1))
        kept.append("" if not piece.isascii() or piece in {*".;\n", *STOP_WORDS} else stem(piece))
    found.update(word for word in kept if word)
    found.update(f"{one} {two}" for one, two in pairwise(kept) if one and two)
    return found


@given(TEXTS)
def test_terms_are_those_of_the_naive_count(text: str) -> None:
    assert terms(text) == naive_terms(text)


@pytest.mark.parametrize("text", ["", "。，！", "the of and", "привет мир", "\U0001f600"])
def test_what_carries_no_subject_has_no_terms(text: str) -> None:
    assert terms(normalise(text)) == Counter()


def test_terms_of_both_languages() -> None:
    assert terms("漏损检") == Counter(["漏", "损", "检", "漏损", "损检", "漏损检"])
    assert terms("leaking pipes of the robot") == Counter(["leak", "pipe", "robot", "leak pipe"])
    assert terms("5g基站 wi-fi") == Counter(["5g", "基", "站", "基站", "wi-fi"])


@given(st.text(CHINESE, min_size=1, max_size=3), st.text(CHINESE, min_size=1, max_size=3))
def test_no_two_chinese_terms_share_a_number(one: str, other: str) -> None:
    assert (term_id(one) == term_id(other)) == (one == other)
    assert 0 < term_id(one) < 2**63


@given(st.text("abcdefghij ", min_size=1).map(str.strip).filter(bool))
def test_words_never_take_the_number_of_a_chinese_term(word: str) -> None:
    assert 2**63 <= term_id(word) < 2**64


def test_numbers_are_the_same_on_every_machine() -> None:
    assert term_id("漏损") == (0x6F0F << 42) + (0x635F << 21)
    assert term_id("leak detection") == 0xE881F1120576C831


def test_a_request_has_a_title_and_says_everything_once() -> None:
    made = prepare("漏損\n找不到漏点。找不到漏点。\nPipe leaks. Pipe leaks.")
    assert made.normalised.text.startswith("漏损\n")
    assert made.title == terms("漏损")
    assert made.said == "漏损\n找不到漏点\npipe leaks"
    assert made.terms == terms(made.said)


@given(TEXTS, st.integers(2, 4))
def test_saying_it_again_changes_no_request(text: str, times: int) -> None:
    once, again = prepare(text), prepare("\n".join([text] * times))
    assert (once.title, once.said, once.terms) == (again.title, again.said, again.terms)


def test_an_empty_request_is_empty() -> None:
    made = prepare("")
    assert (made.normalised.text, made.said, made.title, made.terms) == ("", "", {}, {})
