"""Directions of needs from the words they hold, learned from what the full encoder says of the same needs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from matchmaker.matching.encoder import exact_lengths_of, unpacked
from matchmaker.matching.problemwords import ProblemWords

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.matching.encoder import Encoder, FloatArray, Rows

_TABLE = Path(__file__).parents[1] / "data" / "samples" / "distilled.npz"
STEPS = 1 << 12
"""Numbers of a direction are multiples of one part of this."""
UNIT = 1 << 16
"""Numbers of a learned vector are multiples of one part of this."""


@dataclass(frozen=True, slots=True)
class DistilledWords:
    """A vector for each word, so that the weighted sum over a need's words points where the full encoder points.

    The teacher's directions (knowledge distillation, Hinton et al. 2015) are learned by ridge regression on the bags of
    words of sample needs, near misses and profiles; ``make samples`` does it. All numbers are whole, so that sums are
    exact in any order.

    Attributes:
        rows: The words that have a learned vector, as rows of the table of words, rising: shape (W,).
        packed: Their vectors, two numbers of -7 to 7 a byte: shape (W, n / 2).
        scales: What the numbers of each are multiplied with: shape (W,).
        origin: What is added to the sum of words, shape (n,).
        matrix: Takes the unit vector of any other word of the table to its place: shape (dimensions of the table, n).
    """

    rows: NDArray[np.int32]
    packed: NDArray[np.uint8]
    scales: NDArray[np.uint16]
    origin: NDArray[np.int16]
    matrix: NDArray[np.int16]

    @property
    def n_dimensions(self) -> int:
        """How many numbers a direction has."""
        return len(self.origin)

    def directions(self, words: ProblemWords) -> FloatArray:
        """The direction of each problem, whole numbers of length ``STEPS``: shape (P, n); zeros without known words."""
        vectors = self._vectors(words.held, words.encoder)
        found = np.zeros((len(words.aligned), self.n_dimensions))
        for at, aligned in enumerate(words.aligned):
            if len(aligned.rows):
                shares = aligned.shares.astype(np.float64)
                shares = np.rint(shares * (STEPS / np.sqrt(np.square(shares).sum())))
                found[at] = shares @ vectors[aligned.rows] + STEPS * self.origin.astype(np.float64)
        return on_sphere(np.rint(found / STEPS))

    def _vectors(self, rows: Rows, encoder: Encoder) -> FloatArray:
        """The vectors of some words of the table: shape (n, n_dimensions)."""
        places = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        is_learned = self.rows[places] == rows
        found = np.zeros((len(rows), self.n_dimensions))
        learned = places[is_learned]
        found[is_learned] = unpacked(self.packed[learned]).astype(np.float64) * self.scales[learned, None]
        others = encoder.vectors(rows[~is_learned])
        mapped = others.astype(np.float64) @ self.matrix.astype(np.float64)
        found[~is_learned] = np.rint(mapped / np.maximum(exact_lengths_of(others), 1.0)[:, None])
        return found


@lru_cache(maxsize=1)
def distilled() -> DistilledWords:
    """The table that ships with the package."""
    with np.load(_TABLE, allow_pickle=False) as held:
        return DistilledWords(**{name: held[name] for name in DistilledWords.__slots__})


def on_sphere(vectors: FloatArray) -> FloatArray:
    """Vectors of whole numbers scaled to the length ``STEPS``, in whole numbers again; zeros stay zeros."""
    lengths = np.sqrt((vectors * vectors).sum(axis=1, keepdims=True))
    scaled: FloatArray = np.rint(vectors * (STEPS / np.where(lengths > 0, lengths, 1.0)))
    return scaled
