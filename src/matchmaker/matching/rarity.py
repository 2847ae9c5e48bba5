"""How rare a term is in technical texts at large, so that a score never depends on which institutes are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import log
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from matchmaker.text import CHINESE_RUN, term_id

if TYPE_CHECKING:
    from numpy.typing import NDArray


_TABLE = Path(__file__).parents[1] / "data" / "background.npz"
UNSEEN = 8.6  # the surprise of a term that stands in no background text: about one text in 5,400
_MOST_REMEMBERED = 1 << 20
_PAIR_SHARE = 0.7  # a pair of words counts this part of the mean of its words, which count themselves too


class Rarity:
    """The surprise of terms: minus the natural logarithm of the share of texts they stand in.

    After Sparck Jones (1972), from a fixed background instead of the texts compared.
    """

    def __init__(self, terms: NDArray[np.uint64], surprise: NDArray[np.float64]) -> None:
        order = np.argsort(terms, kind="stable")  # of the shipped table nothing moves
        self._terms = terms[order]
        self._surprise = np.minimum(surprise[order], UNSEEN)
        self._asked: dict[str, float] = {}

    def of(self, term: str) -> float:
        """The surprise of one term, in [0, ``UNSEEN``]; of a pair a part of its words' mean."""
        known = self._asked.get(term)
        if known is None:
            if len(self._asked) > _MOST_REMEMBERED:
                self._asked.clear()
            known = self._asked[term] = self._look_up(term)
        return known

    def _look_up(self, term: str) -> float:
        if " " in term:
            first, second = term.split(" ", 1)
            return _PAIR_SHARE * (self.of(first) + self.of(second)) / 2
        return float(self.of_numbers(np.array([term_id(term)], dtype=np.uint64))[0])

    def of_numbers(self, numbers: NDArray[np.uint64]) -> NDArray[np.float64]:
        """The surprise of Chinese grams and single words, by the numbers ``term_id`` gives them."""
        if not len(self._terms):
            return np.full(len(numbers), UNSEEN)
        at = np.minimum(np.searchsorted(self._terms, numbers), len(self._terms) - 1)
        return np.where(self._terms[at] == numbers, self._surprise[at], UNSEEN)

    def weigh(self, counts: Mapping[str, float]) -> dict[str, float]:
        """Each term's count, dampened (one plus its logarithm above one), times its surprise."""
        return {term: (1 + log(count) if count > 1 else count) * self.of(term) for term, count in counts.items()}


@lru_cache(maxsize=1)
def background() -> Rarity:
    """The table that ships with the package (built by ``make background``)."""
    with np.load(_TABLE) as table:
        return Rarity(table["terms"], table["surprise"].astype(np.float64) / 1000)


def is_chinese(term: str) -> bool:
    """Whether a term is a Chinese gram."""
    return CHINESE_RUN.match(term) is not None
