"""Semantic similarity: closeness of meaning across Chinese and English, by a shipped table of word vectors."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from matchmaker.similarity.profiles import Statement
from matchmaker.text import CHINESE_RUN, WORD, Request, stem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.similarity.postings import Arrays

    FloatArray: TypeAlias = NDArray[np.float64]
    Rows: TypeAlias = NDArray[np.intp]

_TABLE = Path(__file__).parents[1] / "data" / "encoder"
_LONGEST = 3  # characters of a Chinese word
_SHORTEST_PIECE = 4  # letters of a piece of an unknown English word
_TITLE = 1.0  # what the title's vector counts beside the whole text's
_ALIGNED = 0.6  # share of the alignment of words in the similarity, the rest is the texts' own cosine
_MOST_WORDS = 64  # of a problem that are aligned, the weightiest
_GATE_FROM, _GATE_TO = 0.05, 0.15  # text cosines between which the alignment comes to count fully


@dataclass(frozen=True, slots=True)
class Bag:
    """The known words of a text: their rows in the table in rising order, and what each counts."""

    rows: Rows
    weights: FloatArray


class Encoder:
    """A table of words: a direction of meaning in 4 bits a number, and a weight, the higher the more telling.

    Args:
        words: The words.
        packed: Shape (words, dimensions / 2), two numbers a byte, each from -7 to 7 plus 8.
        weights: Shape (words,).
    """

    def __init__(self, words: Sequence[str], packed: NDArray[np.uint8], weights: NDArray[np.float16]) -> None:
        self._row = dict(zip(words, range(len(words)), strict=True))
        self._packed = packed
        self._weights = weights.astype(np.float64)
        self.n_dimensions = 2 * packed.shape[1]

    def bag(self, text: str) -> Bag:
        """The known words of a normalised text, repeated words dampened (1 + ln count)."""
        counts = Counter(self.words(text))
        rows = np.array(sorted(row for row in counts if self._weights[row] > 0), dtype=np.intp)
        damped = np.array([1 + math.log(counts[row]) for row in rows.tolist()])
        return Bag(rows, damped * self._weights[rows])

    def words(self, text: str) -> Iterable[int]:
        """The rows of a text's words, in no order. Chinese is cut from the right, the longest known word first."""
        for run in CHINESE_RUN.findall(text):
            end = len(run)
            while end:
                for start in range(max(0, end - _LONGEST), end):
                    row = self._row.get(run[start:end])
                    if row is not None:
                        yield row
                        break
                end = start
        for word in WORD.findall(text):
            yield from self._english(word)

    def _english(self, word: str) -> list[int]:
        """The row of a word, else of its stem, else of its parts between hyphens, else of its longest known pieces."""
        for form in (word, stem(word), stem(word) + "e"):
            if form in self._row:
                return [self._row[form]]
        parts = [part for part in word.replace("'", "-").replace(".", "-").split("-") if part]
        if len(parts) > 1:
            return [row for part in parts for row in self._english(part)]
        return self._pieces(word) if word.isalpha() else []

    def _pieces(self, word: str) -> list[int]:
        found: list[int] = []
        start = 0
        while len(word) - start >= _SHORTEST_PIECE:
            for end in range(len(word), start + _SHORTEST_PIECE - 1, -1):
                if word[start:end] in self._row:
                    found.append(self._row[word[start:end]])
                    break
            else:
                return []
            start = end
        return found if start == len(word) else []

    def telling(self, rows: Rows) -> FloatArray:
        """What the words count, each once."""
        return self._weights[rows]

    def vectors(self, rows: Rows) -> NDArray[np.float32]:
        """Whole numbers from -7 to 7, one row of ``n_dimensions`` a word; float32 sums of their products are exact."""
        return unpacked(self.packed(rows))

    def packed(self, rows: Rows) -> NDArray[np.uint8]:
        """The rows as the table holds them, two numbers a byte."""
        return self._packed[rows]

    def encode(self, bag: Bag) -> FloatArray:
        """The direction of a text, of unit length; zeros for an empty bag."""
        vectors = self.vectors(bag.rows).astype(np.float64)
        factors = bag.weights / np.sqrt((vectors**2).sum(axis=1))
        return _unit((vectors * factors[:, None]).sum(axis=0))


@lru_cache(maxsize=1)
def encoder() -> Encoder:
    """The table that ships with the package (built by ``make encoder``), its vectors memory-mapped."""
    words = (_TABLE / "words.txt").read_text(encoding="utf-8").split("\n")
    return Encoder(words, np.load(_TABLE / "vectors.npy", mmap_mode="r"), np.load(_TABLE / "weights.npy"))


def compile_semantic(
    capabilities: Sequence[Sequence[Statement]], encoder: Encoder, *, inferred_weight: float
) -> Arrays:
    """The arrays of a semantic similarity.

    Args:
        capabilities: What is said of each of C capabilities.
        encoder: The table of words.
        inferred_weight: What a word that no source states counts, in [0, 1].
    """
    texts = [
        (at, bag)
        for at, said in enumerate(capabilities)
        for language in ("zh", "en")
        if len((bag := _said(said, language, encoder, inferred_weight)).rows)
    ]
    weights = [encoder.telling(bag.rows) for _, bag in texts]
    rows = np.concatenate([np.zeros(0, np.intp), *[bag.rows for _, bag in texts]])
    held, places = np.unique(rows, return_inverse=True)
    empty = np.zeros((0, encoder.n_dimensions))
    return {
        "n_capabilities": np.array(len(capabilities)),
        "owners": np.array([at for at, _ in texts], dtype=np.intp),
        "sizes": np.array([len(bag.rows) for _, bag in texts], dtype=np.intp),
        "weights": np.concatenate([np.zeros(0), *[w / w.sum() for w in weights]]),
        "texts": np.concatenate([empty, *[encoder.encode(bag)[None] for _, bag in texts]]),
        "places": places,
        "words": encoder.packed(held),
    }


class SemanticSimilarity:
    """How close a problem and a capability are in meaning, from the meanings of their words.

    Two views, averaged. The cosine of the texts' directions (weighted sums of their words' directions, after Arora et
    al. 2017; the problem's title weighs as much as its whole text); and the alignment of their words: each word is
    matched with the closest one of the other text (squared cosine), the weighted means of both sides, geometric mean
    (a soft precision and recall as in BERTScore, Zhang et al. 2020). The alignment tells a text that shares the
    subject from one that shares the trade only; it comes to count with the texts' cosine, so that it need not be
    worked out for most pairs, and nothing depends on what else is loaded. Each language of a capability is a text of
    its own and the better one counts.

    Args:
        arrays: What ``compile_semantic`` gives.
        encoder: The table of words.
    """

    def __init__(self, arrays: Arrays, encoder: Encoder) -> None:
        self._encoder = encoder
        self._n_capabilities = int(arrays["n_capabilities"])
        self._owners = arrays["owners"].astype(np.intp, copy=False)
        self._sizes = arrays["sizes"].astype(np.intp, copy=False)
        self._starts = (np.cumsum(self._sizes) - self._sizes).astype(np.intp)
        self._weights = arrays["weights"].astype(np.float64, copy=False)
        self._texts = arrays["texts"].astype(np.float64, copy=False)
        self._places = arrays["places"].astype(np.intp, copy=False)
        self._words = unpacked(arrays["words"].astype(np.uint8, copy=False))
        self._lengths = _lengths(self._words)

    def similarities(self, problems: Sequence[Request]) -> FloatArray:
        """The similarity of each problem to each capability.

        Returns:
            Shape (P, C), float64, in [0, 1]. A row is all zero when its problem has no known word.
        """
        found = np.zeros((len(problems), self._n_capabilities))
        for row, problem in zip(found, problems, strict=True):
            title, whole = self._bags(problem)
            if len(whole.rows) and len(self._owners):
                np.maximum.at(row, self._owners, self._closeness(title, whole, np.arange(len(self._owners))))
        return np.clip(found, 0.0, 1.0)

    def similarities_to(self, capability: int, problems: Sequence[Request]) -> FloatArray:
        """One column of ``similarities``: shape (P,), without working out the others."""
        texts = np.flatnonzero(self._owners == capability)
        found = np.zeros(len(problems))
        for at, problem in enumerate(problems):
            title, whole = self._bags(problem)
            if len(whole.rows) and len(texts):
                found[at] = self._closeness(title, whole, texts).max()
        return np.clip(found, 0.0, 1.0)

    def _bags(self, problem: Request) -> tuple[Bag, Bag]:
        """The words of the title and of the whole text, repeated sentences counted once."""
        title = problem.normalised.text.partition("\n")[0]
        return self._encoder.bag(title), self._encoder.bag(problem.said)

    def _closeness(self, title: Bag, whole: Bag, texts: Rows) -> FloatArray:
        """The similarity of one problem to each of these texts."""
        direction = _unit(_TITLE * self._encoder.encode(title) + self._encoder.encode(whole))
        cosines = np.maximum(self._texts[texts] @ direction, 0.0)
        gate = np.clip((cosines - _GATE_FROM) / (_GATE_TO - _GATE_FROM), 0.0, 1.0)
        near = np.flatnonzero(gate)
        aligned = np.zeros(len(cosines))
        if len(near):
            aligned[near] = gate[near] * self._alignment(title, whole, texts[near])
        return (1 - _ALIGNED) * cosines + _ALIGNED * aligned

    def _alignment(self, title: Bag, whole: Bag, texts: Rows) -> FloatArray:
        """The soft precision and recall of the words of some texts, geometric mean."""
        sizes = self._sizes[texts]
        stops = np.cumsum(sizes)
        starts = stops - sizes
        members = np.arange(stops[-1]) + np.repeat(self._starts[texts] - starts, sizes)
        places = self._places[members]
        needed, places = np.unique(places, return_inverse=True)
        weights = whole.weights * (1 + np.isin(whole.rows, title.rows))
        kept = np.sort(np.argsort(-weights, kind="stable")[:_MOST_WORDS])
        weights = weights[kept]
        closest = self._word_closeness(needed, whole.rows[kept])
        recall = np.add.reduceat(closest.max(axis=1)[places].astype(np.float64) * self._weights[members], starts)
        best = np.maximum.reduceat(closest[places], starts, axis=0).astype(np.float64)
        precision = (best * (weights / weights.sum())).sum(axis=1)
        aligned: FloatArray = np.sqrt(precision * recall)
        return aligned

    def _word_closeness(self, held: Rows, rows: Rows) -> NDArray[np.float32]:
        """Squared cosines, negative ones as 0, of words of the profiles (rows) and words of a problem (columns)."""
        words = self._encoder.vectors(rows)
        known, lengths = self._words, self._lengths
        if len(held) < len(known):
            known, lengths = known[held], lengths[held]
        cosines = known @ words.T  # exact: sums of whole numbers below 2**24
        np.maximum(cosines, 0, out=cosines)
        cosines /= lengths[:, None] * _lengths(words)
        cosines *= cosines
        return cosines


def _said(said: Sequence[Statement], language: str, encoder: Encoder, inferred_weight: float) -> Bag:
    """The words of all that is said in one language."""
    counts: dict[int, float] = {}
    for stated in (True, False):
        texts = [s.text for s in said if s.language == language and s.inferred is not stated]
        bag = encoder.bag("\n".join(texts))
        for row, weight in zip(bag.rows.tolist(), bag.weights.tolist(), strict=True):
            counts[row] = counts.get(row, 0.0) + (weight if stated else inferred_weight * weight)
    rows = sorted(row for row, weight in counts.items() if weight > 0)
    return Bag(np.array(rows, dtype=np.intp), np.array([counts[row] for row in rows]))


def unpacked(packed: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Whole numbers from -7 to 7 out of two a byte, the first half of a row from the high bits."""
    return np.concatenate([packed >> 4, packed & 15], axis=1).astype(np.float32) - 8


def _unit(vector: FloatArray) -> FloatArray:
    length = math.sqrt(float((vector**2).sum()))
    return vector / length if length else vector


def _lengths(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths: NDArray[np.float32] = np.sqrt((vectors * vectors).sum(axis=1))
    return lengths
