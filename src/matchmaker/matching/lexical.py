"""Lexical similarity: shared character n-grams (Chinese) and words (English), weighted by rarity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from matchmaker.matching.counting import Counts, dampened
from matchmaker.matching.postings import WHOLE, Postings, compile_postings, prefixed, starts_of, under
from matchmaker.matching.profiles import Statement
from matchmaker.matching.rarity import Rarity, background
from matchmaker.matching.similarity import Chunk, Profiles, Similarity, TableReading
from matchmaker.messages import Translatable

if TYPE_CHECKING:
    from matchmaker.matching.postings import Arrays, FloatArray


def compile_lexical(capabilities: Sequence[Sequence[Statement]], rarity: Rarity, *, inferred_weight: float) -> Arrays:
    """The arrays of a lexical similarity.

    Args:
        capabilities: What is said of each of C capabilities.
        rarity: The background.
        inferred_weight: What a term that no source states counts, in [0, 1].
    """
    texts = [
        (at, _unit(rarity.weigh(counts)))
        for at, said in enumerate(capabilities)
        for language in ("zh", "en")
        if (counts := _counts(said, language, inferred_weight))
    ]
    return {
        "owners": np.array([at for at, _ in texts], dtype=np.intp),
        "n_capabilities": np.array(len(capabilities)),
        **prefixed("postings", compile_postings([text for _, text in texts])),
    }


class LexicalSimilarity(Similarity):
    """Cosine of rarity-weighted terms between a problem and all that a profile says of a capability.

    Each language of a capability is a text of its own and the better one counts, so that a profile in two languages
    is not diluted. The problem's title weighs as much as its whole text. Term weight is (1 + ln count) times surprise
    (Salton and Buckley 1988, with a fixed background in place of the collection). Weights are whole numbers, so that
    sums are exact in any order.
    """

    name = "lexical"
    label: ClassVar[Translatable] = "words"
    enters_as_root = True

    def __init__(self, arrays: Arrays) -> None:
        self._owners = arrays["owners"].astype(np.intp, copy=False)
        self._postings = Postings(under("postings", arrays))
        self._n_capabilities = int(arrays["n_capabilities"])
        self.has_basis = np.ones(self._n_capabilities, np.bool_)

    @staticmethod
    def compile(profiles: Profiles) -> Arrays:
        return compile_lexical(profiles.statements, background(), inferred_weight=profiles.inferred_weight)

    def read(self, chunk: Chunk) -> TableReading:
        return TableReading(self.of_counts(chunk.counts))

    def of_counts(self, counts: Counts) -> FloatArray:
        """The similarity of problems whose terms are counted to all capabilities: shape (P, C), in [0, 1].

        A row is all zero when its problem shares no term with any profile.
        """
        found = np.zeros((counts.n_problems, self._n_capabilities))
        if not len(self._owners):
            return found
        rows = self._postings.rows(counts.words, counts.grams)[counts.terms]
        weights = np.rint(self._queries(counts) * WHOLE)
        stops, weights, rows = counts.stops(rows >= 0), weights[rows >= 0], rows[rows >= 0]
        first = starts_of(self._owners)
        for at, (start, stop) in enumerate(pairwise(stops)):  # one by one, in the processor's cache
            best = np.maximum.reduceat(self._postings.sums(rows[start:stop], weights[start:stop]), first)
            found[at, self._owners[first]] = np.minimum(best / (WHOLE * WHOLE), 1.0)
        return found

    def _queries(self, counts: Counts) -> FloatArray:
        """The unit vectors of problems: the sum of the title's and the whole text's unit vectors, scaled to one."""
        surprise = counts.surprise(background())[counts.terms]
        title, whole = (dampened(times) * surprise for times in (counts.in_title, counts.in_all))
        return _units(_units(title, counts) + _units(whole, counts), counts)


def _units(weights: FloatArray, counts: Counts) -> FloatArray:
    """Sparse vectors scaled to length one, row by row; an empty one stays."""
    squares = np.bincount(counts.problems, weights * weights, counts.n_problems)
    return weights / np.where(squares > 0, np.sqrt(squares), 1.0)[counts.problems]


def _counts(said: Sequence[Statement], language: str, inferred_weight: float) -> dict[str, float]:
    """How often each term stands in what is said in one language."""
    counts: dict[str, float] = {}
    for statement in said:
        if statement.language == language:
            weight = inferred_weight if statement.inferred else 1.0
            for term, count in statement.terms.items():
                counts[term] = counts.get(term, 0.0) + weight * count
    return counts


def _unit(vector: Mapping[str, float]) -> dict[str, float]:
    length = math.sqrt(math.fsum(weight * weight for weight in vector.values()))
    return {term: weight / length for term, weight in vector.items()} if length else {}
