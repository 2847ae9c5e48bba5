"""The shipped table of words: what directions of meaning they have, and how telling they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from matchmaker.matching.counting import dampened, distinct
from matchmaker.matching.cutting import Lexicon

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray: TypeAlias = NDArray[np.float64]
    Rows: TypeAlias = NDArray[np.intp]

_SHARES = 1 << 20  # of the words of a text, which are whole: times 7 they stay below 2**24, and exact in float32
_MOST_SHARES = 1 << 22  # that are held at once
_TABLE = Path(__file__).parents[1] / "data" / "encoder"


@dataclass(frozen=True, slots=True)
class Bag:
    """The known words of a text: their rows in the table in rising order, and what each counts."""

    rows: Rows
    weights: FloatArray


class Encoder:
    """A table of words: a direction of meaning in 4 bits a number, and a weight, the higher the more telling.

    Args:
        words: The words, or which row each has.
        packed: Shape (words, dimensions / 2), two numbers a byte, each from -7 to 7 plus 8.
        weights: Shape (words,).
    """

    def __init__(self, words: Sequence[str] | Lexicon, packed: NDArray[np.uint8], weights: NDArray[np.float16]) -> None:
        self.lexicon = words if isinstance(words, Lexicon) else Lexicon.of(words)
        self._packed = packed
        self._weights = weights.astype(np.float64)
        self.n_words, self.n_dimensions = len(packed), 2 * packed.shape[1]

    def bag(self, text: str) -> Bag:
        """The known words of a normalised text, repeated words dampened (1 + ln count)."""
        return self.bags([text])[0]

    def bags(self, texts: Sequence[str]) -> list[Bag]:
        """The bag of each text."""
        found = self.lexicon.cut(texts)
        return self.bags_of(found.owners, found.rows, len(texts))

    def bags_of(self, owners: Rows, rows: Rows, n_texts: int) -> list[Bag]:
        """The bags of texts whose words are given, each with the number of its text."""
        owners, rows, weights = self.weighed(owners, rows)
        stops = np.searchsorted(owners, np.arange(n_texts + 1)).tolist()
        return [Bag(rows[start:stop], weights[start:stop]) for start, stop in pairwise(stops)]

    def weighed(self, owners: Rows, rows: Rows) -> tuple[Rows, Rows, FloatArray]:
        """Words of texts, each once a text in order of text and row, and what it counts there."""
        told = self._weights[rows] > 0
        pairs, counts = distinct(owners[told] << 32 | rows[told])
        held = pairs & 0xFFFFFFFF
        return pairs >> 32, held, dampened(counts) * self._weights[held]

    def words(self, text: str) -> list[int]:
        """The rows of a text's words, in no order. Chinese is cut from the right, the longest known word first."""
        return [int(row) for row in self.lexicon.cut([text]).rows.tolist()]

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
        vectors, places = self.vectors(bag.rows), np.arange(len(bag.rows))
        direction: FloatArray = directions_of(np.zeros_like(places), places, bag.weights, vectors, 1)[0]
        return direction


@lru_cache(maxsize=1)
def encoder() -> Encoder:
    """The table that ships with the package (built by ``make encoder``), its vectors memory-mapped.

    Its words stand in order, English ones first, so that the row of a Chinese one is told by its place in
    ``grams.npy``, and English ones are read only when they are looked for.
    """
    grams, weights = np.load(_TABLE / "grams.npy"), np.load(_TABLE / "weights.npy")
    rows = np.arange(len(weights) - len(grams), len(weights))
    packed = np.asarray(np.load(_TABLE / "vectors.npy", mmap_mode="r"))
    return Encoder(Lexicon(grams, rows, lambda: _english(len(weights) - len(grams))), packed, weights)


def _english(n_words: int) -> dict[str, int]:
    with (_TABLE / "words.txt").open(encoding="utf-8") as file:
        return {line.rstrip("\n"): row for row, line in enumerate(islice(file, n_words))}


def unpacked(packed: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Whole numbers from -7 to 7 out of two a byte, the first half of a row from the high bits."""
    return np.concatenate([packed >> 4, packed & 15], axis=1).astype(np.float32) - 8


def directions_of(
    owners: Rows, places: Rows, weights: FloatArray, vectors: NDArray[np.float32], n_owners: int
) -> FloatArray:
    """The directions of texts: weighted sums of the unit vectors of their words, scaled to length one; zeros of none.

    Weights become whole shares of those of one text, so that sums are exact, whatever other texts there are.

    Args:
        owners: The text of each of n words, rising: shape (n,).
        places: Where in ``vectors`` each stands, once a text: shape (n,).
        weights: What it counts: shape (n,).
        vectors: Whole numbers: shape (W, dimensions).
        n_owners: How many texts there are.
    """
    factors = weights / exact_lengths_of(vectors)[places]
    totals = np.bincount(owners, factors, n_owners)
    shares = np.rint(factors * (_SHARES / totals[owners]))
    sums = np.zeros((n_owners, vectors.shape[1]))
    step = max(1, _MOST_SHARES // max(len(vectors), 1))
    for at in range(0, n_owners, step):
        start, stop = np.searchsorted(owners, [at, at + step])
        table = np.zeros((min(step, n_owners - at), len(vectors)), np.float32)
        table[owners[start:stop] - at, places[start:stop]] = shares[start:stop]
        sums[at : at + step] = table @ vectors
    return units(sums)


def units(vectors: FloatArray) -> FloatArray:
    """Vectors scaled to length one, shape (n, dimensions); zeros stay."""
    lengths = np.sqrt((vectors * vectors).sum(axis=1, keepdims=True))
    scaled: FloatArray = vectors / np.where(lengths > 0, lengths, 1.0)
    return scaled


def exact_lengths_of(vectors: NDArray[np.float32]) -> FloatArray:
    """As ``lengths_of``, to the digits of float64: sums of squares of whole numbers are exact until then."""
    lengths: FloatArray = np.sqrt((vectors * vectors).sum(axis=1).astype(np.float64))
    return lengths


def lengths_of(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The length of each row."""
    lengths: NDArray[np.float32] = np.sqrt((vectors * vectors).sum(axis=1))
    return lengths
