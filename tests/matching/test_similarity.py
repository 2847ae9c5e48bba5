"""Postings, rarity, lexical and keyword similarity, each beside a naive version of itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from rapidfuzz import fuzz

from matchmaker.domain import Capability, Term, Text
from matchmaker.matching.counting import Counts, count_terms, packed_grams, slices
from matchmaker.matching.keywords import Found, Hits, KeywordSimilarity, place
from matchmaker.matching.lexical import LexicalSimilarity
from matchmaker.matching.postings import WHOLE, Postings, Strings, compile_postings, strings_from, strings_to_array
from matchmaker.matching.profiles import Statement, statements
from matchmaker.matching.rarity import UNSEEN, Rarity, background, is_chinese
from matchmaker.matching.similarity import Profiles, read_chunk
from matchmaker.text import PreparedText, normalise, prepare, term_id
from worlds import table_of

FloatArray: TypeAlias = NDArray[np.float64]
INFERRED_WEIGHT = 0.8
TRADE_WEIGHT = 0.25
CLOSE = 3e-4
"""What whole numbers may change: weights of terms are in steps of one 32,768th."""
# the same phrases in Simplified and Traditional Chinese
SCRIPTS = {
    "供水管网漏损检测": "供水管網漏損檢測",
    "机器人检测": "機械人檢測",
    "焊接变形": "焊接變形",
    "表面缺陷识别": "表面缺陷識別",
    "无线传感器": "無線感應器",
    "数据治理": "數據治理",
    "塑料": "塑膠",
    "激光熔覆": "鐳射熔覆",
    "压力": "壓力",
}
ENGLISH = ["leak detection", "pipe network", "robot arm", "surface defects", "welding", "wireless sensor", "data"]
PHRASES = st.sampled_from([*SCRIPTS, *ENGLISH])
GAPS = st.sampled_from([" ", "，", "。", "\n", ". ", "的", ""])
PROBLEMS = st.lists(st.tuples(PHRASES, GAPS).map("".join), min_size=1, max_size=8).map("".join)
KEYWORDS = st.builds(
    lambda shown, inferred, facet: (
        Term(zh=shown, inferred=inferred, facet=facet)
        if shown in SCRIPTS
        else Term(en=shown, inferred=inferred, facet=facet)
    ),
    PHRASES | st.tuples(PHRASES, PHRASES).map("".join),
    st.booleans(),
    st.sampled_from([None, "method", "trade", "service"]),
)
CAPABILITIES = st.builds(
    Capability,
    id=st.just("c"),
    name=st.sampled_from([Text(zh="智能水务"), Text(zh="机器人", en="Robots"), Text(en="Welding of thin plates")]),
    summary=st.none() | st.just(Text(zh="用压力数据找出漏水点。", en="Finds leaks from pressure data.")),
    keywords=st.lists(KEYWORDS, max_size=6).map(tuple),
    industries=st.lists(KEYWORDS, max_size=2).map(tuple),
    inferred=st.booleans(),
    service=st.booleans(),
)
PROFILES = st.lists(CAPABILITIES, min_size=1, max_size=5)
Similarity = KeywordSimilarity | LexicalSimilarity
BOTH = pytest.mark.parametrize("kind", [KeywordSimilarity, LexicalSimilarity])


def built(kind: type[Similarity], capabilities: Sequence[Capability]) -> Similarity:
    said = [statements(capability) for capability in capabilities]
    return kind(kind.compile(Profiles(capabilities, said, INFERRED_WEIGHT, TRADE_WEIGHT)))


def found(kind: type[Similarity], capabilities: Sequence[Capability], *texts: str) -> FloatArray:
    problems = [prepare(text) for text in texts]
    return table_of(built(kind, capabilities).read(read_chunk(problems)), len(texts), len(capabilities))


def same_bits(one: FloatArray, other: FloatArray) -> bool:
    return one.shape == other.shape and one.tobytes() == other.tobytes()


# --- postings and rarity

VECTORS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, WHOLE).map(lambda n: n / WHOLE), max_size=8)


def sums(texts: Sequence[Mapping[str, float]], query: Mapping[str, float]) -> list[float]:
    """The sums of the terms of a query, each times its whole weight, in some texts."""
    postings, asked = Postings(compile_postings(texts)), sorted(query)
    rows = postings.rows(asked, np.zeros(0, np.uint64))
    weights = np.rint(np.array([query[term] for term in asked]) * WHOLE)
    found = postings.sums(rows[rows >= 0], weights[rows >= 0])
    assert found.dtype == np.float64
    return [float(one) for one in found / (WHOLE * WHOLE)]


@given(st.lists(VECTORS, max_size=6), VECTORS)
def test_products_are_those_of_the_naive_sum(texts: list[dict[str, float]], query: dict[str, float]) -> None:
    naive = [math.fsum(query[term] * text.get(term, 0.0) for term in query) for text in texts]
    assert sums(texts, query) == naive  # to the last bit: all are multiples of one part of WHOLE squared


@given(st.lists(VECTORS, min_size=1, max_size=6), VECTORS)
def test_a_text_gets_the_same_product_whatever_stands_beside_it(
    texts: list[dict[str, float]], query: dict[str, float]
) -> None:
    assert sums(texts, query) == [sums([text], query)[0] for text in texts]


def test_terms_of_very_many_texts_give_the_same_products() -> None:
    chance = np.random.default_rng(5)
    texts = [{term: chance.integers(WHOLE) / WHOLE for term in "ab" if chance.random() < 0.9} for _ in range(3000)]
    query = {"a": 0.25, "b": 0.375}
    assert sums(texts, query) == [query["a"] * text.get("a", 0.0) + query["b"] * text.get("b", 0.0) for text in texts]


@pytest.mark.parametrize("weights", [None, np.array([5.0, 3.0, 200.0])])
def test_terms_added_one_by_one_give_the_same_sums(weights: FloatArray | None, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(6)
    texts = [{term: float(chance.random()) for term in "abcdef" if chance.random() < 0.7} for _ in range(40)]
    postings = Postings(compile_postings(texts))
    picked = [np.array(rows) for rows in ([0, 1, 2], [3, 4, 5], [0, 2, 5], [5, 0, 1])]
    together = [postings.sums(rows, weights) for rows in picked]
    monkeypatch.setattr("matchmaker.matching.postings._LONG", 1)
    assert all(same_bits(postings.sums(rows, weights), found) for rows, found in zip(picked, together, strict=True))
    assert all(found.max() > 0 for found in together)


def test_postings_without_texts_or_terms() -> None:
    assert sums([], {"a": 1.0}) == []
    assert sums([{}, {}], {"a": 1.0}) == [0.0, 0.0]
    assert sums([{"a": 1.0}], {}) == [0.0]


def test_strings_are_found_by_their_numbers_in_any_order() -> None:
    strings = ["漏损检测", "", "a b", "é", ""]
    array = strings_to_array(strings)
    held = Strings(array)
    assert [held[number] for number in (4, 0, 3, 1, 2, 0)] == [strings[number] for number in (4, 0, 3, 1, 2, 0)]
    assert strings_from(array) == strings


def small_rarity() -> Rarity:
    known = {"leak": 3.0, "pipe": 2.0, "漏损": 5.5, "水": 0.0, "odd": 20.0}
    return Rarity(np.array([term_id(term) for term in known], dtype=np.uint64), np.array(list(known.values())))


def test_without_a_background_every_term_is_unseen() -> None:
    nothing = Rarity(np.zeros(0, np.uint64), np.zeros(0))
    assert nothing.of_numbers(np.array([1, 2], np.uint64)).tolist() == [UNSEEN, UNSEEN]


def test_rarity_of_known_unknown_and_paired_terms() -> None:
    rarity = small_rarity()
    assert [rarity.of(term) for term in ("leak", "漏损", "水", "unheard", "鼹")] == [3.0, 5.5, 0.0, UNSEEN, UNSEEN]
    assert rarity.of("odd") == UNSEEN  # never above what is unseen
    assert rarity.of("leak pipe") == pytest.approx(0.7 * (3.0 + 2.0) / 2)
    assert rarity.of("leak unheard") == pytest.approx(0.7 * (3.0 + UNSEEN) / 2)


def test_a_count_is_dampened_and_weighed_by_rarity() -> None:
    weights = small_rarity().weigh({"leak": 1, "pipe": 3, "漏损": 0.8, "水": 9})
    assert weights == pytest.approx({"leak": 3.0, "pipe": (1 + math.log(3)) * 2, "漏损": 0.8 * 5.5, "水": 0.0})


@given(st.text(max_size=3) | st.sampled_from([*SCRIPTS, *ENGLISH]))
def test_rarity_stays_in_its_range(text: str) -> None:
    for term in prepare(text).terms:
        assert 0 <= background().of(term) <= UNSEEN


def test_the_background_knows_common_from_rare() -> None:
    rarity = background()
    assert rarity.of("技术") < rarity.of("漏损") <= UNSEEN
    assert rarity.of("time") < rarity.of("ultrasonic") <= UNSEEN
    assert background() is rarity


# --- naive versions


def naive_unit(weights: Mapping[str, float]) -> dict[str, float]:
    length = sum(weight**2 for weight in weights.values()) ** 0.5
    return {term: weight / length for term, weight in weights.items() if weight}


def naive_lexical(capability: Capability, problem: PreparedText) -> float:
    """The better cosine of two languages; the title is added to the whole text, both of length one."""
    title, whole = (naive_unit(background().weigh(counts)) for counts in (problem.title, problem.terms))
    query = naive_unit({term: title.get(term, 0) + whole.get(term, 0) for term in whole | title})
    best = 0.0
    for language in ("zh", "en"):
        counts: dict[str, float] = {}
        for said in statements(capability):
            for term, count in said.terms.items() if said.language == language else ():
                counts[term] = counts.get(term, 0) + count * (INFERRED_WEIGHT if said.inferred else 1)
        profile = naive_unit(background().weigh(counts))
        best = max(best, sum(weight * profile.get(term, 0) for term, weight in query.items()))
    return best


def naive_keyword_weight(keyword: Statement, problem: PreparedText) -> float:
    """Squared share of the keyword's rarity that stands in the problem, times the keyword's rarity cubed.

    A keyword of a trade or a service counts a quarter, unless it is a service that the capability offers.
    """
    surprise = {term: background().of(term) for term in keyword.terms}
    share = sum(weight for term, weight in surprise.items() if term in problem.terms) / sum(surprise.values())
    if 0.3 <= share < 0.95 and 5 <= len(keyword.text) <= len(problem.said):
        ratio = fuzz.partial_ratio(keyword.text, problem.said) / 100
        share = max(share, 0.95 * ratio if ratio >= 0.8 else 0)
    if len(keyword.text) < 4 and share < 0.999:  # of a short word every character counts
        share = share if len(keyword.text) == 3 and share >= 0.5 else 0
    telling = [w for term, w in surprise.items() if (len(term) == 2 if is_chinese(term) else " " not in term)]
    rarity = float(np.mean(telling or list(surprise.values()))) / UNSEEN
    factor = (INFERRED_WEIGHT if keyword.inferred else 1) * (
        TRADE_WEIGHT if keyword.facet in ("trade", "service") else 1
    )
    return share**2 * rarity**3 * factor if share >= 0.25 else 0.0


def naive_keywords(capability: Capability, problem: PreparedText) -> float:
    """A noisy or over the eight weightiest keywords, each further one counting 0.85 of the one before."""
    keywords = [said for said in statements(capability) if said.is_keyword and said.terms]
    weights = sorted((naive_keyword_weight(keyword, problem) for keyword in keywords), reverse=True)[:8]
    return 1 - math.prod(1 - 0.4 * 0.85**rank * weight for rank, weight in enumerate(weights))


@given(PROFILES, PROBLEMS)
def test_lexical_similarity_is_that_of_the_naive_cosine(capabilities: list[Capability], text: str) -> None:
    naive = [naive_lexical(capability, prepare(text)) for capability in capabilities]
    assert found(LexicalSimilarity, capabilities, text)[0] == pytest.approx(naive, abs=CLOSE)


@given(PROFILES, PROBLEMS)
def test_keyword_similarity_is_that_of_the_naive_count(capabilities: list[Capability], text: str) -> None:
    naive = [naive_keywords(capability, prepare(text)) for capability in capabilities]
    assert found(KeywordSimilarity, capabilities, text)[0] == pytest.approx(naive, abs=CLOSE)


@pytest.mark.parametrize(
    ("keyword", "text", "is_found"),
    [
        ("漏水点", "水点有漏水", True),  # in two parts, which say half of it and more
        ("漏水点", "水点", False),
        ("漏水", "漏了水", False),
        ("漏水", "找漏水点", True),
    ],
)
def test_a_short_keyword_is_found_whole_or_one_of_three_characters_by_half(
    keyword: str, text: str, is_found: bool
) -> None:
    capability = Capability(id="c", name=Text(zh="数"), keywords=(Term(zh=keyword),))
    (similarity,) = found(KeywordSimilarity, [capability], text)[0]
    assert similarity == pytest.approx(naive_keywords(capability, prepare(text)), abs=CLOSE)
    assert (similarity > 0) == is_found


# --- properties of both


@BOTH
@given(capabilities=PROFILES, texts=st.lists(PROBLEMS, max_size=4))
def test_similarities_are_between_0_and_1(
    kind: type[Similarity], capabilities: list[Capability], texts: list[str]
) -> None:
    similarities = found(kind, capabilities, *texts)
    assert similarities.shape == (len(texts), len(capabilities))
    assert similarities.dtype == np.float64
    assert ((similarities >= 0) & (similarities <= 1)).all()


@BOTH
def test_a_profile_that_says_exactly_the_problem_is_similar(kind: type[Similarity]) -> None:
    same, other = Capability(id="c", name=Text(zh="供水管网漏损检测")), Capability(id="d", name=Text(zh="数据治理"))
    similarities = found(kind, [same, other], "供水管网漏损检测")[0]
    assert similarities[0] == pytest.approx(1.0) if kind is LexicalSimilarity else similarities[0] > 0.2
    assert similarities[1] < 0.05


@BOTH
@pytest.mark.parametrize("text", ["", "привет мир", "the of and", "？！…", "\U0001f600", "qwxzv", "\u200b"])
def test_a_text_without_a_known_term_is_similar_to_nothing(kind: type[Similarity], text: str) -> None:
    capability = Capability(id="c", name=Text(zh="机器人", en="Robots"), keywords=(Term(zh="焊接变形", en="welding"),))
    assert found(kind, [capability], text).tolist() == [[0.0]]


@BOTH
def test_there_may_be_no_problems_no_capabilities_and_no_terms(kind: type[Similarity]) -> None:
    wordless = Capability(id="c", name=Text(en="Привет"))
    assert found(kind, []).shape == (0, 0)
    assert found(kind, [], "leak").shape == (1, 0)
    assert found(kind, [wordless], "leak").tolist() == [[0.0]]
    assert found(kind, [wordless]).shape == (0, 1)


@BOTH
@given(capabilities=PROFILES, texts=st.lists(PROBLEMS, min_size=1, max_size=4))
def test_a_batch_is_bit_for_bit_its_problems_one_by_one(
    kind: type[Similarity], capabilities: list[Capability], texts: list[str]
) -> None:
    alone = np.vstack([found(kind, capabilities, text) for text in texts])
    assert same_bits(found(kind, capabilities, *texts), alone)


@BOTH
@given(data=st.data(), capabilities=PROFILES, text=PROBLEMS)
def test_the_order_of_capabilities_changes_no_bit(
    kind: type[Similarity], data: st.DataObject, capabilities: list[Capability], text: str
) -> None:
    order = data.draw(st.permutations(range(len(capabilities))))
    shuffled = found(kind, [capabilities[at] for at in order], text)
    assert same_bits(np.ascontiguousarray(found(kind, capabilities, text)[:, order]), shuffled)


@BOTH
@given(capabilities=PROFILES, text=PROBLEMS)
def test_a_capability_is_not_seen_by_its_neighbours(
    kind: type[Similarity], capabilities: list[Capability], text: str
) -> None:
    alone = np.hstack([found(kind, [capability], text) for capability in capabilities])
    assert same_bits(found(kind, capabilities, text), alone)


def traditional(text: str) -> str:
    for simplified, written in SCRIPTS.items():
        text = text.replace(simplified, written)
    return text


def full_width(text: str) -> str:
    return "".join(
        chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else "\u3000" if char == " " else char for char in text
    )


def marked_up(text: str) -> str:
    inner = text.replace(" ", "&nbsp;").replace("\n", "<br/>\n")
    return f'<div style="color: red">{inner}</div>'


DISGUISES: dict[str, Callable[[str], str]] = {
    "traditional": traditional,
    "full width": full_width,
    "upper case": str.upper,
    "zero width": "\u200b".join,
    "soft hyphens and marks": lambda text: "\ufeff" + "\u00ad".join(text),
    "html": marked_up,
    "wide gaps": lambda text: text.replace(" ", " \t\u00a0 "),
    "empty lines": lambda text: "\n\n" + text.replace("\n", "\n\n") + "\n",
    "said twice": lambda text: f"{text}\n{text}",
    "said three times": lambda text: f"{text}\n{text}\n{text}",
}


@BOTH
@pytest.mark.parametrize("disguise", DISGUISES)
@given(capabilities=PROFILES, text=PROBLEMS)
def test_how_a_problem_is_written_changes_no_bit(
    kind: type[Similarity], disguise: str, capabilities: list[Capability], text: str
) -> None:
    assert same_bits(found(kind, capabilities, text), found(kind, capabilities, DISGUISES[disguise](text)))


@BOTH
@given(keywords=st.lists(st.sampled_from(sorted(SCRIPTS)), min_size=1, max_size=4), text=PROBLEMS)
def test_a_profile_may_be_written_in_traditional_chinese(
    kind: type[Similarity], keywords: list[str], text: str
) -> None:
    def written(how: Sequence[str]) -> Capability:
        return Capability(id="c", name=Text(zh=how[0]), keywords=tuple(Term(zh=keyword) for keyword in how))

    other = written([traditional(keyword) for keyword in keywords])
    assert same_bits(found(kind, [written(keywords)], text), found(kind, [other], text))


def test_repeating_a_sentence_changes_no_fuzzy_match() -> None:
    """Said twice, ``detector leak`` holds ``leak detector`` across its two lines."""
    capability = Capability(id="c", name=Text(zh="数"), keywords=(Term(en="leak detector"),))
    once, twice = found(KeywordSimilarity, [capability], "detector leak", "detector leak\ndetector leak")[:, 0]
    assert once == twice


# --- keywords alone


@given(CAPABILITIES, KEYWORDS, PROBLEMS, st.integers(0, 6))
def test_a_further_keyword_never_lowers_the_similarity(
    capability: Capability, keyword: Term, text: str, at: int
) -> None:
    keywords = [*capability.keywords[:at], keyword, *capability.keywords[at:]]
    richer = capability.model_copy(update={"keywords": tuple(keywords)})
    poorer, more = found(KeywordSimilarity, [capability, richer], text)[0]
    assert more >= poorer


@given(CAPABILITIES.filter(lambda capability: len(capability.keywords) > 0), PROBLEMS, st.integers(0, 5))
def test_a_sourced_keyword_counts_at_least_as_much_as_an_inferred_one(
    capability: Capability, text: str, number: int
) -> None:
    at = number % len(capability.keywords)
    versions = []
    for inferred in (True, False):
        keywords = list(capability.keywords)
        keywords[at] = keywords[at].model_copy(update={"inferred": inferred})
        versions.append(capability.model_copy(update={"keywords": tuple(keywords)}))
    inferred_one, sourced = found(KeywordSimilarity, versions, text)[0]
    assert sourced >= inferred_one


def test_a_rare_keyword_counts_more_than_a_common_one() -> None:
    common, rare = (Capability(id="c", name=Text(zh="数"), keywords=(Term(zh=zh),)) for zh in ("技术", "熔覆"))
    similarities = found(KeywordSimilarity, [common, rare], "激光熔覆技术")[0]
    assert 0 < similarities[0] < similarities[1]


def hits_in(capabilities: Sequence[Capability], text: str) -> Hits:
    hits = built(KeywordSimilarity, capabilities).read(read_chunk([prepare(text)]))
    assert isinstance(hits, Hits)
    return hits


def find(capabilities: Sequence[Capability], text: str) -> dict[int, list[Found]]:
    """The keywords found in a problem, by capability; a capability without any is left out."""
    every = np.arange(len(capabilities))
    in_all = hits_in(capabilities, text).found(np.zeros_like(every), every)
    return {capability: hits for capability, hits in enumerate(in_all) if hits}


def test_a_short_problem_is_not_looked_for_in_a_long_keyword() -> None:
    """RapidFuzz's partial ratio swaps its texts when the keyword is the longer one, and would find it whole."""
    capability = Capability(id="c", name=Text(zh="数"), keywords=(Term(en="robot reliability"),))
    ((hit,),) = find([capability], "robot").values()
    assert hit.degree < 0.6


def test_a_nearly_written_keyword_is_found_but_counts_less() -> None:
    capability = Capability(id="c", name=Text(zh="数"), keywords=(Term(en="ultrasonic flowmeter"),))
    degrees = [
        find([capability], text)[0][0].degree
        for text in ("an ultrasonic flowmeter", "an ultrasonic flow meter", "an ultrasonic bath")
    ]
    assert degrees[0] == pytest.approx(1.0)
    assert degrees[0] > degrees[1] > 0.9 > degrees[2]


@given(PROFILES, PROBLEMS)
def test_keywords_found_explain_the_similarity(capabilities: list[Capability], text: str) -> None:
    hits = find(capabilities, text)
    row = found(KeywordSimilarity, capabilities, text)[0]
    assert {at for at, value in enumerate(row) if value} == set(hits)
    for at, keywords in hits.items():
        own = {said.shown for said in statements(capabilities[at]) if said.is_keyword}
        assert all(0 < hit.degree <= 1 and 0 < hit.weight <= 1 for hit in keywords)
        assert {hit.keyword.shown for hit in keywords} <= own


@given(PHRASES, PROBLEMS.map(normalise).filter(bool))
def test_a_keyword_has_a_place_in_every_text(shown: str, text: str) -> None:
    keyword = normalise(shown)
    start, end = place(keyword, text)
    assert 0 <= start < end <= len(text)
    if keyword in text:
        assert text[start:end] == keyword


@pytest.mark.parametrize(
    ("keyword", "text", "span"),
    [
        ("ai", "rail defects found by ai", (22, 24)),
        ("ip", "equipment, ip rights", (11, 13)),
        ("robot", "many robots", (5, 10)),
        ("漏损", "管网漏损，漏损", (2, 4)),
        ("3d", "ai3d and 3d", (9, 11)),
        ("leak", "leaks and a leak.", (12, 16)),
        ("leak", "leaky, leaking", (0, 4)),
    ],
)
def test_a_keyword_stands_as_a_word_before_it_stands_in_one(keyword: str, text: str, span: tuple[int, int]) -> None:
    assert place(keyword, text) == span


@pytest.mark.parametrize(
    ("keyword", "text", "stretch"),
    [
        ("abcdefgh", ", xabcdefgz b", "xabcdefgz"),
        ("abcdefgh", "b, xxabcdefgzz, b", "xxabcdefgzz"),
        ("表面缺陷识别", "有的，面缺陷识，", "面缺陷识"),
        ("表面缺陷识别", "。，面缺陷识。，", "面缺陷识"),
        ("表面缺陷识别", "表，面缺陷识。", "表，面缺陷识"),
    ],
)
def test_an_alike_keyword_stands_in_whole_words_and_without_marks_around_it(
    keyword: str, text: str, stretch: str
) -> None:
    start, end = place(keyword, text)
    assert text[start:end] == stretch


def test_the_bound_of_a_single_keyword_is_its_similarity() -> None:
    water, both = (
        Capability(id="c", name=Text(zh="漏损检测"), keywords=keywords) for keywords in ((), (Term(zh="焊接变形"),))
    )
    (bounds,) = hits_in([water, both], "漏损检测，焊接变形").bounds({})
    similarities = found(KeywordSimilarity, [water, both], "漏损检测，焊接变形")[0]
    assert bounds[0] == pytest.approx(similarities[0])
    assert similarities[1] <= bounds[1] < similarities[1] + 0.05


def test_found_keywords_are_kept_apart_by_capability() -> None:
    water, weld = (Capability(id="c", name=Text(zh=zh)) for zh in ("漏损检测", "焊接变形"))
    hits = find([water, weld], "焊接变形大，塑料")
    assert [(at, [hit.keyword.shown for hit in held]) for at, held in hits.items()] == [(1, ["焊接变形"])]
    assert find([water, weld], "数据治理") == {}


# --- lexical alone


def test_a_second_language_does_not_dilute_a_profile() -> None:
    one = Capability(id="c", name=Text(zh="供水管网漏损检测"))
    both = Capability(id="c", name=Text(zh="供水管网漏损检测", en="Leak detection in water networks"))
    alone, bilingual = found(LexicalSimilarity, [one, both], "管网漏损找不到")[0]
    assert alone == bilingual > 0


def test_the_title_weighs_as_much_as_the_whole_text() -> None:
    water, robot = (Capability(id="c", name=Text(zh=zh)) for zh in ("漏损检测", "焊接变形"))
    similarities = found(LexicalSimilarity, [water, robot], "漏损检测\n焊接变形", "焊接变形\n漏损检测")
    assert similarities[0, 0] > similarities[0, 1]
    assert similarities[1, 1] > similarities[1, 0]


def test_statements_are_everything_said_in_each_language() -> None:
    capability = Capability(
        id="c",
        name=Text(zh="漏损檢測", en="Leak Detection"),
        summary=Text(en="Finds leaks."),
        keywords=(Term(zh="管网", inferred=True),),
        industries=(Term(en="water"),),
    )
    said = [(one.shown, one.text, one.language, one.is_keyword, one.inferred) for one in statements(capability)]
    assert said == [
        ("漏损檢測", "漏损检测", "zh", True, False),
        ("Leak Detection", "leak detection", "en", True, False),
        ("Finds leaks.", "finds leaks.", "en", False, False),
        ("管网", "管网", "zh", True, True),
        ("water", "water", "en", False, False),
    ]
    assert all(one.inferred for one in statements(capability.model_copy(update={"inferred": True})))


# --- many problems at a time

WRITTEN = (
    PROBLEMS | st.text(max_size=40) | st.sampled_from(["", "a b. a b\nb", "㐀龥鿿", "leak。leak", "3d 3d", "x漏y漏"])
)


def named(counts: Counts) -> list[str]:
    grams = ["".join(chr(int(gram) >> 21 * at & 0x1FFFFF) for at in (2, 1, 0)) for gram in counts.grams]
    return [*counts.words, *(gram.rstrip("\0") for gram in grams)]


@given(st.lists(WRITTEN, max_size=5))
def test_terms_counted_together_are_those_counted_one_by_one(texts: list[str]) -> None:
    problems = [prepare(text) for text in texts]
    counts = count_terms(problems)
    names = named(counts)
    assert names == sorted(set(names))
    assert counts.surprise(background()).tolist() == [background().of(name) for name in names]
    for at, problem in enumerate(problems):
        own = slice(counts.starts[at], counts.starts[at + 1])
        found = [names[term] for term in counts.terms[own].tolist()]
        assert found == sorted({*problem.terms, *problem.title})
        assert dict(zip(found, counts.in_title[own].tolist(), strict=True)) == {
            t: problem.title.get(t, 0) for t in found
        }
        assert dict(zip(found, counts.in_all[own].tolist(), strict=True)) == {t: problem.terms.get(t, 0) for t in found}


@given(st.lists(WRITTEN, max_size=12), st.sampled_from([1, 1 << 19, 1 << 20, 1 << 21, 1 << 30]))
def test_slices_take_every_problem_once(texts: list[str], width: int) -> None:
    problems = [prepare(text) for text in texts]
    parts = list(slices(problems, width))
    assert [problem for part in parts for problem in problems[part]] == problems
    assert all(part.stop > part.start for part in parts)
    sizes = [part.stop - part.start for part in parts]
    assert all(size <= max(1, (1 << 22) // width) for size in sizes)
    assert max(sizes, default=0) - min(sizes, default=0) < max(len(sizes), 1)  # none much shorter than the others


@given(st.lists(st.text("一丁七漏龥", min_size=1, max_size=3), unique=True, max_size=8))
def test_packed_grams_stand_in_the_order_of_strings(grams: list[str]) -> None:
    packed = packed_grams(grams).tolist()
    assert [gram for _, gram in sorted(zip(packed, grams, strict=True))] == sorted(grams)
    assert len(set(packed)) == len(grams)


@BOTH
@given(capabilities=PROFILES, texts=st.lists(PROBLEMS, min_size=1, max_size=3))
def test_no_similarity_exceeds_its_bound(
    kind: type[Similarity], capabilities: list[Capability], texts: list[str]
) -> None:
    bounds = built(kind, capabilities).read(read_chunk([prepare(text) for text in texts])).bounds({})
    assert bounds.shape == (len(texts), len(capabilities))
    assert (bounds + 1e-6 >= found(kind, capabilities, *texts)).all()
