"""Problems made ready for comparing their meaning: known words, directions, and the words of each sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from matchmaker.matching.counting import distinct
from matchmaker.matching.encoder import Bag, Encoder, direction_of, exact_lengths_of, unit
from matchmaker.matching.postings import starts_of
from matchmaker.text import Request

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.matching.encoder import FloatArray, Rows


_TITLE = 1.0  # what the title's vector counts beside the whole text's
MOST_WORDS = 64  # of a problem that are aligned, the weightiest


class Words(NamedTuple):
    """The known words of the distinct sentences of P problems, each once a sentence, sentence by sentence.

    Attributes:
        rows: Which words, shape (N,).
        factors: What the vector of each counts in the direction of its sentence, shape (N,).
        sentences: The sentence of each, counted over all problems, shape (N,).
        kept: Which of them are aligned: the weightiest of each sentence, shape (K,).
        shares: The share of each of these in the weight of those of its sentence, shape (K,).
        first: The first sentence of each problem, and the number of all: shape (P + 1,).
    """

    rows: Rows
    factors: FloatArray
    sentences: Rows
    kept: Rows
    shares: FloatArray
    first: Rows


@dataclass(frozen=True, slots=True)
class Asked:
    """Some problems and their known words.

    Attributes:
        problems: P of them.
        encoder: The table of words.
        held: The rows of the words they hold in the table, each once, shape (W,). All other rows count within these.
        vectors: Shape (W, n_dimensions), whole numbers.
        lengths: Of the vectors, shape (W,).
        kept: The words of each problem that are aligned, and the share of each in their weight.
        totals: What the words of each problem that are aligned weigh together, shape (P,).
        directions: Of each problem, shape (P, n_dimensions), of unit length or zero.
    """

    problems: Sequence[Request]
    encoder: Encoder
    held: Rows
    vectors: NDArray[np.float32]
    lengths: FloatArray
    kept: Sequence[Bag]
    totals: FloatArray
    directions: FloatArray
    _places: Rows
    _rows: Rows
    _stops: Rows

    def words(self) -> Words:
        """The words of the distinct sentences of the problems."""
        parts = [part for problem in self.problems for part in problem.parts]
        first = np.cumsum([0, *(len(problem.parts) for problem in self.problems)])
        ends = np.cumsum([0, *(len(part) + 1 for part in parts)])
        places = self._places + np.repeat(ends[first[:-1]], self._stops[1:] - self._stops[:-1])
        sentences, rows, weights = self.encoder.weighed(np.searchsorted(ends, places, side="right") - 1, self._rows)
        starts = np.searchsorted(sentences, np.arange(len(parts) + 1))
        is_kept = np.ones(len(rows), np.bool_)
        for start, stop in pairwise(starts.tolist()):
            if stop - start > MOST_WORDS:
                is_kept[start:stop] = False
                is_kept[start + weightiest(weights[start:stop])] = True
        kept = np.flatnonzero(is_kept)
        first_kept = starts_of(sentences[kept])
        totals = np.add.reduceat(weights[kept], first_kept)
        shares = weights[kept] / totals.repeat(np.diff(first_kept, append=len(kept)))
        held = np.searchsorted(self.held, rows)
        return Words(held, weights / self.lengths[held], sentences, kept, shares, first)


def read(problems: Sequence[Request], encoder: Encoder) -> Asked:
    """Find the known words of problems and work out their directions."""
    owners, places, rows, is_title = _words(problems, encoder)
    held = distinct(rows)[0]
    vectors = encoder.vectors(held)
    wholes = encoder.bags_of(owners[places >= 0], rows[places >= 0], len(problems))
    titles = encoder.bags_of(owners[is_title], rows[is_title], len(problems))
    lengths = exact_lengths_of(vectors)
    directions, totals = np.zeros((len(problems), encoder.n_dimensions)), np.zeros(len(problems))
    kept = []
    for at, (title, whole) in enumerate(zip(titles, wholes, strict=True)):
        total = np.zeros(encoder.n_dimensions)
        for part, bag in ((_TITLE, title), (1.0, whole)):
            local = np.searchsorted(held, bag.rows)
            total += part * direction_of(vectors[local], bag.weights / lengths[local])
        directions[at] = unit(total)
        weights = whole.weights * (1 + _are_in(whole.rows, title.rows))
        aligned = weightiest(weights)
        totals[at] = weights[aligned].sum()
        shares = weights[aligned] / totals[at] if len(aligned) else weights
        kept.append(Bag(np.searchsorted(held, whole.rows[aligned]), shares))
    inside = places >= 0
    order = np.argsort(owners[inside], kind="stable")
    stops = np.searchsorted(owners[inside][order], np.arange(len(problems) + 1))
    places, rows = places[inside][order], rows[inside][order]
    return Asked(problems, encoder, held, vectors, lengths, kept, totals, directions, places, rows, stops)


def _are_in(rows: Rows, others: Rows) -> NDArray[np.bool_]:
    """Which of some rows stand among others, both in rising order; as ``np.isin``, which imports a lot."""
    if not len(others):
        return np.zeros(len(rows), np.bool_)
    found: NDArray[np.bool_] = others[np.minimum(np.searchsorted(others, rows), len(others) - 1)] == rows
    return found


def weightiest(weights: FloatArray) -> Rows:
    """The places of the words that are aligned, in rising order."""
    if len(weights) <= MOST_WORDS:
        return np.arange(len(weights))
    return np.sort(np.argsort(-weights, kind="stable")[:MOST_WORDS])


def _words(problems: Sequence[Request], encoder: Encoder) -> tuple[Rows, Rows, Rows, NDArray[np.bool_]]:
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


def _title_end(problem: Request) -> int | None:
    n_parts = problem.n_title_parts
    return None if n_parts is None else sum(len(part) + 1 for part in problem.parts[:n_parts])
