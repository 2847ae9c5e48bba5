"""Keyword similarity: a profile's keywords found in the problem, fuzzily, weighted by how rare they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from rapidfuzz import fuzz

from matchmaker.matching.counting import Counts
from matchmaker.matching.postings import (
    WHOLE,
    Postings,
    Strings,
    compile_postings,
    prefixed,
    ranges,
    starts_of,
    strings_to_array,
    under,
)
from matchmaker.matching.profiles import Statement
from matchmaker.matching.rarity import UNSEEN, Rarity, background, is_chinese
from matchmaker.matching.similarity import Chunk, Profiles, Reading, Similarity
from matchmaker.messages import Translatable
from matchmaker.text import PreparedText

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.matching.postings import Arrays, FloatArray
    from matchmaker.matching.similarity import Numbers, Places


_SHORT = 4  # a keyword of three characters must be found to this share,
_SHORT_SHARE = 0.5
_WHOLE = 0.999  # a shorter one whole
_LEAST_SHARE = 0.25  # below this share of a keyword's weight it does not count as found
_FUZZY_FROM = 0.3  # RapidFuzz looks only at keywords of which this share is found,
_FUZZY_LENGTH = 5  # that are this long,
_FUZZY_RATIO = 0.8  # and believes what is at least so alike
_FUZZY_TRUST = 0.95  # an alike keyword never counts as much as the keyword itself
_STEP = 0.4  # what the best keyword contributes at most,
_DECAY = 0.85  # each further one this part of the one before
_MOST_KEYWORDS = 8
_CLAUSE_END = re.compile(r"[\n。;:!?、()\"“”《》【】…—]|[,.](?!\d)|(?<!\d)[,.]")  # "0.5" and "10,000" are whole
_TRADE = frozenset({"trade", "service"})  # facets of keywords that make no match by themselves
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_STEPS = np.array([_STEP * _DECAY**rank for rank in range(_MOST_KEYWORDS)] + [0.0])


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword of a profile as written and normalised."""

    shown: str
    text: str
    inferred: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A keyword found in a problem, the degree to which it is, and what it contributes, both in (0, 1]."""

    keyword: Keyword
    degree: float
    weight: float


def compile_keywords(
    capabilities: Sequence[Sequence[Statement]],
    rarity: Rarity,
    *,
    inferred_weight: float = 1.0,
    trade_weight: float = 1.0,
) -> Arrays:
    """The arrays of a keyword similarity over what is said of each of C capabilities; each text is indexed once.

    Args:
        capabilities: What is said of each.
        rarity: The background.
        inferred_weight: What a keyword that no source states counts, in [0, 1].
        trade_weight: What a keyword of a trade or a service counts, in [0, 1].
    """
    owners: list[int] = []
    keywords: list[Statement] = []
    texts: list[int] = []
    numbers: dict[str, int] = {}
    importance: list[float] = []
    shares: list[dict[str, float]] = []
    for at, said in enumerate(capabilities):
        for statement in said:
            if not (statement.is_keyword and statement.terms):
                continue
            number = numbers.get(statement.text)
            if number is None:
                weights = {term: rarity.of(term) for term in statement.terms}
                total = sum(weights.values())
                if not total:
                    continue
                number = numbers[statement.text] = len(numbers)
                importance.append(_importance(weights) ** 3)
                shares.append(_shares(weights, total))
            owners.append(at)
            keywords.append(statement)
            texts.append(number)
    factors = [
        importance[text] * (inferred_weight if said.inferred else 1.0) * (trade_weight if said.facet in _TRADE else 1.0)
        for text, said in zip(texts, keywords, strict=True)
    ]
    return {
        "owners": np.array(owners, dtype=np.intp),
        "shown": strings_to_array(keyword.shown.replace("\0", " ") for keyword in keywords),
        "inferred": np.array([keyword.inferred for keyword in keywords], dtype=np.bool_),
        "factors": np.array(factors, dtype=np.float64),
        "numbers": np.array(texts, dtype=np.int32),
        "by_text": np.argsort(np.array(texts, dtype=np.intp), kind="stable").astype(np.int32),
        "texts": strings_to_array(numbers),
        "lengths": np.array([len(text) for text in numbers], dtype=np.intp),
        "n_capabilities": np.array(len(capabilities)),
        **prefixed("postings", compile_postings(shares)),
    }


class KeywordSimilarity(Similarity):
    """How much of a capability's keywords a problem holds.

    A keyword is found to the degree that its rarity-weighted terms stand in the problem, or, where that leaves it
    open, to which RapidFuzz's partial ratio finds it. Its weight is degree squared times importance cubed, importance
    being the mean surprise of its terms.
    Keywords of a capability are joined by a noisy or with falling steps, so that more keywords can only help, and
    many faint ones cannot outweigh a clear one. The capability's name counts as a keyword.
    """

    name = "keywords"
    label: ClassVar[Translatable] = "keywords"
    enters_as_root = True

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self._numbers = arrays["numbers"].astype(np.intp, copy=False)
        self._by_text = arrays["by_text"].astype(np.int32, copy=False)
        self._sizes = np.bincount(self._numbers, minlength=len(arrays["lengths"]))  # keywords of each text
        self._starts = (np.cumsum(self._sizes) - self._sizes).astype(np.intp)
        self._factors = arrays["factors"].astype(np.float64, copy=False)
        self._lengths = arrays["lengths"].astype(np.intp, copy=False)
        self._owners = arrays["owners"].astype(np.intp, copy=False)
        self._postings = Postings(under("postings", arrays))
        self.n_capabilities = int(arrays["n_capabilities"])
        self.has_basis = np.ones(self.n_capabilities, np.bool_)

    @staticmethod
    def compile(profiles: Profiles) -> Arrays:
        weights = {"inferred_weight": profiles.inferred_weight, "trade_weight": profiles.trade_weight}
        return compile_keywords(profiles.statements, background(), **weights)

    @cached_property
    def _shown(self) -> Strings:
        return Strings(self._arrays["shown"])

    @cached_property
    def _texts(self) -> Strings:
        return Strings(self._arrays["texts"])

    def keyword(self, number: int) -> Keyword:
        """A keyword by its number."""
        text = self._texts[int(self._numbers[number])]
        return Keyword(self._shown[number], text, bool(self._arrays["inferred"][number]))

    def read(self, chunk: Chunk) -> Hits:
        return self.hits(chunk.counts, chunk.problems)

    def hits(self, counts: Counts, problems: Sequence[PreparedText]) -> Hits:
        """The keywords that stand in problems, to a degree that is open where RapidFuzz may find them more clearly."""
        rows = self._postings.rows(counts.words, counts.grams)[counts.terms]
        stops, rows = counts.stops((rows >= 0) & (counts.in_all > 0)), rows[(rows >= 0) & (counts.in_all > 0)]
        parts, parts_shares = [np.zeros(0, np.intp)], [np.zeros(0)]
        for start, stop in pairwise(stops):
            share = self._postings.sums(rows[start:stop]) / WHOLE
            parts.append(np.flatnonzero(share >= _LEAST_SHARE))
            parts_shares.append(share[parts[-1]])
        ends = np.cumsum([len(part) for part in parts]).tolist()
        text, share = np.concatenate(parts), np.minimum(np.concatenate(parts_shares), 1.0)
        length = self._lengths[text]
        at_least_as_long = np.repeat([len(one.said) for one in problems], np.diff(ends)) >= length
        kept = np.where(length == _SHORT - 1, share >= _SHORT_SHARE, share >= _WHOLE) | (length >= _SHORT)
        is_open = (share >= _FUZZY_FROM) & (share < _FUZZY_TRUST) & (length >= _FUZZY_LENGTH) & at_least_as_long
        degree = np.where(kept, share, 0.0)
        place = np.zeros(self._postings.n_texts, np.intp)  # of each text among those found
        numbers, places = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)]
        for start, stop in pairwise(ends):
            found = text[start:stop]
            place[found] = np.arange(start, stop)
            is_held = np.zeros(len(self._numbers), np.bool_)  # marked and read off, which is faster than to sort
            is_held[self._by_text[ranges(self._starts[found], self._sizes[found])]] = True
            numbers.append(np.flatnonzero(is_held))
            places.append(place[self._numbers[numbers[-1]]])
        number, of_text = np.concatenate(numbers), np.concatenate(places)
        owner = np.repeat(np.arange(len(problems)), [len(held) for held in numbers[1:]])
        pairs = owner * self.n_capabilities + self._owners[number]
        return Hits(self, problems, pairs, number, degree[of_text], is_open[of_text])

    def weights(self, hits: Hits, places: NDArray[np.intp] | slice) -> FloatArray:
        degrees = np.where(hits.is_open[places], _FUZZY_TRUST, hits.degrees[places])
        weights: FloatArray = degrees * degrees * self._factors[hits.numbers[places]]
        return weights

    def fuzzy(self, number: int, problem: PreparedText) -> float:
        """To what degree RapidFuzz finds a keyword; 0 where it is not found clearly."""
        keyword = self._texts[int(self._numbers[number])]
        return _FUZZY_TRUST * (fuzz.partial_ratio(keyword, problem.said, score_cutoff=100 * _FUZZY_RATIO) / 100)


@dataclass(slots=True)
class Hits(Reading):
    """The N keywords found in P problems, problem by problem and in the order of the profiles.

    Attributes:
        pairs: The pair of each: the number of its problem times C, plus that of its capability; shape (N,), rising.
        numbers: Which keyword, shape (N,).
        degrees: To what degree it is found as far as its terms say, shape (N,).
        is_open: Where RapidFuzz has still to look, shape (N,).
    """

    similarity: KeywordSimilarity
    problems: Sequence[PreparedText]
    pairs: NDArray[np.intp]
    numbers: NDArray[np.intp]
    degrees: FloatArray
    is_open: NDArray[np.bool_]

    def of_pairs(self, problems: Places, capabilities: Places, known: Mapping[str, Numbers]) -> FloatArray:  # noqa: ARG002
        start, sizes = self.spans(problems, capabilities)
        places = ranges(start, sizes)
        self.settle(places)
        return _joined(np.repeat(np.arange(len(sizes)), sizes), self.similarity.weights(self, places), len(sizes))

    def bounds(self, known: Mapping[str, Numbers]) -> Numbers:  # noqa: ARG002
        """Open keywords count all they may, and those after the best one as if each were the second."""
        table = np.zeros((len(self.problems), self.similarity.n_capabilities), np.float32)
        first = starts_of(self.pairs)
        if len(first):
            weights = self.similarity.weights(self, slice(None))
            best = np.maximum.reduceat(weights, first)
            others = np.minimum(_STEPS[1] * (np.add.reduceat(weights, first) - best), 1.0)
            table.reshape(-1)[self.pairs[first]] = 1 - (1 - _STEP * best) * (1 - others)
        return table

    def found(self, problems: Places, capabilities: Places) -> list[list[Found]]:
        """The keywords found, for n pairs of a problem and a capability, in the order of the profile."""
        start, sizes = self.spans(problems, capabilities)
        places = ranges(start, sizes)
        self.settle(places)
        columns = self.numbers[places], self.degrees[places], self.similarity.weights(self, places)
        all_found = [
            Found(self.similarity.keyword(number), degree, weight)
            for number, degree, weight in zip(*(column.tolist() for column in columns), strict=True)
        ]
        stops = np.cumsum([0, *sizes.tolist()]).tolist()
        return [[hit for hit in all_found[start:stop] if hit.degree] for start, stop in pairwise(stops)]

    def spans(self, problems: Places, capabilities: Places) -> tuple[Places, Places]:
        """Where the hits of n pairs of a problem and a capability begin, and how many there are."""
        wanted = problems * self.similarity.n_capabilities + capabilities
        start: NDArray[np.intp] = np.searchsorted(self.pairs, wanted)
        return start, np.searchsorted(self.pairs, wanted, side="right") - start

    def settle(self, places: NDArray[np.intp]) -> None:
        """Let RapidFuzz look for the open ones among some hits."""
        places = places[self.is_open[places]]
        if len(places):
            owners = self.pairs[places] // self.similarity.n_capabilities
            ratios = [
                self.similarity.fuzzy(number, self.problems[owner])
                for number, owner in zip(self.numbers[places].tolist(), owners.tolist(), strict=True)
            ]
            self.degrees[places] = np.maximum(self.degrees[places], ratios)
            self.is_open[places] = False


def _joined(owners: NDArray[np.intp], weights: FloatArray, n_owners: int) -> FloatArray:
    """The noisy or of the weights of each owner; weights stand owner by owner."""
    order = np.lexsort((-weights, owners))
    owners, weights = owners[order], weights[order]
    first = starts_of(owners)
    ranks = np.arange(len(owners)) - np.repeat(first, np.diff(first, append=len(owners)))
    rest = 1 - _STEPS[np.minimum(ranks, _MOST_KEYWORDS)] * weights
    joined = np.zeros(n_owners)
    if len(first):
        joined[owners[first]] = 1 - np.multiply.reduceat(rest, first)
    return joined


def place(keyword: str, text: str) -> tuple[int, int]:
    """Where a keyword stands in a text: first as a word of its own, else in a word, else the stretch most like it.

    A stretch that is only like it lies within one clause; of two alike the first counts.
    """
    start = at = text.find(keyword)
    while at >= 0:
        end = at + len(keyword)
        if text[max(at - 1, 0) : at] not in _LETTERS and text[end : end + 1] not in _LETTERS:
            return at, end
        at = text.find(keyword, at + 1)
    if start >= 0:
        return start, start + len(keyword)
    places = [_aligned(keyword, text, *clause) for clause in _clauses(text)]
    start, end = max(places, key=lambda place: fuzz.ratio(keyword, text[slice(*place)]), default=(0, len(text)))
    return _whole_words(text, start, end)


def _clauses(text: str) -> Iterator[tuple[int, int]]:
    """The ranges of the clauses of a text that hold a letter or a digit."""
    start = 0
    for mark in [*_CLAUSE_END.finditer(text), None]:
        end = mark.start() if mark else len(text)
        if any(map(str.isalnum, text[start:end])):
            yield start, end
        start = mark.end() if mark else end


def _aligned(keyword: str, text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch of ``text[start:end]`` that is most like a keyword, from one of its characters to another."""
    aligned = fuzz.partial_ratio_alignment(keyword, text[start:end])
    if aligned is not None and aligned.dest_start < aligned.dest_end:
        start, end = start + aligned.dest_start, start + aligned.dest_end
    held = {char for char in keyword if char.isalnum()}
    while end - start > 1 and text[end - 1] not in held:
        end -= 1
    while end - start > 1 and text[start] not in held:
        start += 1
    return start, end


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The same stretch, widened so that it begins and ends with whole English words."""
    while start > 0 and _in_word(text[start - 1]) and _in_word(text[start]):
        start -= 1
    while end < len(text) and _in_word(text[end - 1]) and _in_word(text[end]):
        end += 1
    return start, end


def _in_word(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _shares(weights: Mapping[str, float], total: float) -> dict[str, float]:
    """The share of each term in a total, in steps of one part of ``WHOLE``: all together are 1, exactly."""
    steps = {term: round(weight / total * WHOLE) for term, weight in weights.items()}
    largest = max(steps, key=lambda term: steps[term])
    steps[largest] += WHOLE - sum(steps.values())
    return {term: n / WHOLE for term, n in steps.items()}


def _importance(weights: Mapping[str, float]) -> float:
    """Mean surprise of a keyword's Chinese pairs and English words, as a share of the highest, in [0, 1]."""
    telling = [w for term, w in weights.items() if (len(term) == 2 if is_chinese(term) else " " not in term)]
    telling = telling or list(weights.values())
    return sum(telling) / len(telling) / UNSEEN
