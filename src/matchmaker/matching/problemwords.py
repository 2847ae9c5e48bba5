"""The known words of problems, made ready for comparing meanings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from matchmaker.matching.counting import distinct
from matchmaker.matching.encoder import Encoder, directions_of, units
from matchmaker.text import PreparedText

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.matching.encoder import FloatArray, Rows


MOST_WORDS: Final = 64
"""Of a problem, so many words are aligned, the weightiest."""
STEPS: Final = 1 << 11
"""The length of a direction: whole numbers of this length have products below 2**24, which are exact in float32."""
SHARES: Final = 1 << 14
"""The shares of the words of one text are whole numbers that add up to about this."""


@dataclass(frozen=True, slots=True)
class AlignedWords:
    """The words of a problem that are aligned.

    Attributes:
        rows: Which words, as places in ``ProblemWords.held``, rising: shape (n,).
        shares: The share of each in the weight of all, whole numbers of about ``SHARES`` together: shape (n,).
    """

    rows: Rows
    shares: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ProblemWords:
    """The known words of P problems.

    Attributes:
        encoder: The table of words.
        held: The rows in the table of the words that the problems hold, each once, rising: shape (W,).
        vectors: Of these words, whole numbers: shape (W, n_dimensions).
        aligned: The words of each problem that are aligned.
        totals: What these weigh together: shape (P,).
        directions: Of each problem, whole numbers of length ``STEPS``, or zeros: shape (P, n_dimensions).
    """

    encoder: Encoder
    held: Rows
    vectors: NDArray[np.float32]
    aligned: Sequence[AlignedWords]
    totals: FloatArray
    directions: NDArray[np.float32]

    def one(self, problem: int) -> ProblemWords:
        """The words of one problem."""
        part = slice(problem, problem + 1)
        return replace(self, aligned=self.aligned[part], totals=self.totals[part], directions=self.directions[part])


def read_words(problems: Sequence[PreparedText], encoder: Encoder) -> ProblemWords:
    """Find the known words of problems, and work out their directions."""
    owners, places, rows, is_title = _words(problems, encoder)
    held = distinct(rows)[0]
    vectors, n_problems = encoder.vectors(held), len(problems)
    of_title, in_title, title_weights = encoder.weighed(owners[is_title], rows[is_title])
    owners, rows, weights = encoder.weighed(owners[places >= 0], rows[places >= 0])
    local = np.searchsorted(held, rows)
    directions = directions_of(owners, local, weights, vectors, n_problems)
    directions += directions_of(of_title, np.searchsorted(held, in_title), title_weights, vectors, n_problems)
    weights *= 1 + _are_in(owners << 32 | rows, of_title << 32 | in_title)
    kept = _weightiest(owners, weights, n_problems)
    owners, local, weights = owners[kept], local[kept], weights[kept]
    totals = np.bincount(owners, weights, n_problems).astype(np.float64, copy=False)
    shares = shares_of(weights, totals[owners])
    stops = np.searchsorted(owners, np.arange(n_problems + 1)).tolist()
    aligned = [AlignedWords(local[start:stop], shares[start:stop]) for start, stop in pairwise(stops)]
    return ProblemWords(encoder, held, vectors, aligned, totals, whole_directions(units(directions)))


def shares_of(weights: FloatArray, totals: FloatArray) -> NDArray[np.float32]:
    """The share of each of some positive weights in a sum, in whole steps of one part of ``SHARES``."""
    return np.rint(weights * (SHARES / totals)).astype(np.float32)


def whole_directions(directions: FloatArray) -> NDArray[np.float32]:
    """Unit vectors in whole numbers of length ``STEPS``."""
    return np.rint(directions * STEPS).astype(np.float32)


def _are_in(rows: Rows, others: Rows) -> NDArray[np.bool_]:
    """Which of some rows stand among others, both in rising order; as ``np.isin``, which imports a lot."""
    if not len(others):
        return np.zeros(len(rows), np.bool_)
    found: NDArray[np.bool_] = others[np.minimum(np.searchsorted(others, rows), len(others) - 1)] == rows
    return found


def _weightiest(owners: Rows, weights: FloatArray, n_owners: int) -> Rows:
    """The places of the words that are aligned, in rising order: of equal ones, the first."""
    if np.bincount(owners, minlength=1).max() <= MOST_WORDS:
        return np.arange(len(owners))
    order = np.lexsort((-weights, owners))
    ranks = np.arange(len(owners)) - np.searchsorted(owners, np.arange(n_owners))[owners[order]]
    return np.sort(order[ranks < MOST_WORDS])


def _words(problems: Sequence[PreparedText], encoder: Encoder) -> tuple[Rows, Rows, Rows, NDArray[np.bool_]]:
    """The known words of problems: owner, place in what is said, row, and whether the title holds it.

    The words of a title that repeats a sentence stand apart, with a place below 0: what is said holds them once only.
    """
    title_ends = [_title_end(problem) for problem in problems]
    apart = [at for at, end in enumerate(title_ends) if end is None]
    texts = [problem.said for problem in problems] + [problems[at].first_line for at in apart]
    found = encoder.lexicon.cut(texts)
    is_apart = found.owners >= len(problems)
    owners = np.array([*range(len(problems)), *apart], dtype=np.intp)[found.owners]
    ends = np.array([end or 0 for end in title_ends], dtype=np.intp)
    is_title = is_apart | (found.places < ends[owners])
    return owners, np.where(is_apart, -1, found.places), found.rows, is_title


def _title_end(problem: PreparedText) -> int | None:
    n_parts = problem.n_title_parts
    return None if n_parts is None else sum(len(part) + 1 for part in problem.parts[:n_parts])
