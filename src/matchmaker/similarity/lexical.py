"""Lexical similarity: shared character n-grams (Chinese) and words (English), weighted by rarity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from matchmaker.similarity.postings import Postings, compile_postings, prefixed, under
from matchmaker.similarity.profiles import Statement
from matchmaker.similarity.rarity import Rarity
from matchmaker.text import Request

if TYPE_CHECKING:
    from matchmaker.similarity.postings import Arrays, FloatArray


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


class LexicalSimilarity:
    """Cosine of rarity-weighted terms between a problem and all that a profile says of a capability.

    Each language of a capability is a text of its own and the better one counts, so that a profile in two languages
    is not diluted. The problem's title weighs as much as its whole text. Term weight is (1 + ln count) times surprise
    (Salton and Buckley 1988, with a fixed background in place of the collection).

    Args:
        arrays: What ``compile_lexical`` gives.
        rarity: The background.
    """

    def __init__(self, arrays: Arrays, rarity: Rarity) -> None:
        self._rarity = rarity
        self._owners = arrays["owners"].astype(np.intp, copy=False)
        self._postings = Postings(under("postings", arrays))
        self._n_capabilities = int(arrays["n_capabilities"])

    def similarities(self, problems: Sequence[Request]) -> FloatArray:
        """The similarity of each problem to each capability.

        Returns:
            Shape (P, C), float64, in [0, 1]. A row is all zero when its problem shares no term with any profile.
        """
        found = np.zeros((len(problems), self._n_capabilities))
        for row, problem in zip(found, problems, strict=True):
            np.maximum.at(row, self._owners, self._postings.products(self.query(problem)))
        return np.clip(found, 0.0, 1.0)

    def query(self, problem: Request) -> dict[str, float]:
        """The unit vector of a problem: the sum of its title's and its whole text's unit vectors."""
        total: dict[str, float] = {}
        for part in (problem.title, problem.terms):
            for term, weight in _unit(self._rarity.weigh(part)).items():
                total[term] = total.get(term, 0.0) + weight
        return _unit(total)


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
