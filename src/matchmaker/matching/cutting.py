"""Cutting texts into the known words of a table, many texts at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from matchmaker.matching.counting import ALPHANUMERIC, BITS, characters, packed_grams
from matchmaker.text import WORD, is_gram, stem

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHORTEST_PIECE = 4  # letters of a piece of an unknown English word


class Cut(NamedTuple):
    """The words found in some texts, in no order: the text, the place of a character of the word, the word's row."""

    owners: NDArray[np.intp]
    places: NDArray[np.intp]
    rows: NDArray[np.intp]


class Lexicon:
    """The words of a table: which row each has.

    Args:
        grams: Chinese words of one to three characters, packed as ``packed_grams`` does, in rising order.
        rows: The row of each.
        english: Gives the other words and their rows; called when the first one is looked up.
    """

    def __init__(
        self, grams: NDArray[np.uint64], rows: NDArray[np.intp], english: Callable[[], Mapping[str, int]]
    ) -> None:
        self._grams = grams
        self._rows = rows
        self._load = english
        self._met: dict[str, list[int]] = {}

    @classmethod
    def of(cls, words: Sequence[str]) -> Lexicon:
        """The lexicon in which each word has its place in ``words`` as its row."""
        chinese = {word: row for row, word in enumerate(words) if is_gram(word)}
        grams, rows = packed_grams(list(chinese)), np.array(list(chinese.values()), dtype=np.intp)
        order = np.argsort(grams)
        return cls(grams[order], rows[order], lambda: {word: row for row, word in enumerate(words)})

    @cached_property
    def _english(self) -> Mapping[str, int]:
        return self._load()

    @cached_property
    def _longest(self) -> int:
        """Characters of the longest English word."""
        return max(map(len, self._english), default=0)

    def cut(self, texts: Sequence[str]) -> Cut:
        """The words of normalised texts. Chinese is cut from the right, the longest known word first."""
        found = [(owner, *hit) for owner, text in enumerate(texts) for hit in self._english_words(text)]
        english = np.array(found, dtype=np.intp).reshape(-1, 3)
        chinese = self._chinese_words(texts)
        return Cut(*(np.concatenate([one, other]) for one, other in zip(english.T, chinese, strict=True)))

    def _chinese_words(self, texts: Sequence[str]) -> Cut:
        chars, owners = characters(texts)
        last = np.flatnonzero(chars)
        before, first = chars[last - 1], chars[last - 2]  # what texts begin with follows a line end
        steps, rows = np.ones(len(chars), np.intp), np.full(len(chars), -1)
        shift = np.uint64(BITS)
        for size, key, is_there in (
            (1, chars[last] << shift + shift, np.ones(len(last), np.bool_)),
            (2, (before << shift | chars[last]) << shift, before > 0),
            (3, (first << shift | before) << shift | chars[last], (before > 0) & (first > 0)),
        ):
            at, row = last[is_there], self._look_up(key[is_there])
            steps[at[row >= 0]], rows[at[row >= 0]] = size, row[row >= 0]
        ends: list[int] = []
        jumps, end = steps.tolist(), len(chars) - 1
        while end >= 0:
            ends.append(end)
            end -= jumps[end]
        used = np.array(ends, dtype=np.intp)
        used = used[rows[used] >= 0]
        starts = np.cumsum([0, *(len(text) + 1 for text in texts)])
        return Cut(owners[used], used - starts[owners[used]], rows[used])

    def _look_up(self, grams: NDArray[np.uint64]) -> NDArray[np.intp]:
        if not len(self._grams):
            return np.full(len(grams), -1)
        at = np.minimum(np.searchsorted(self._grams, grams), len(self._grams) - 1)
        return np.where(self._grams[at] == grams, self._rows[at], -1)

    def _english_words(self, text: str) -> list[tuple[int, int]]:
        if not ALPHANUMERIC.search(text):
            return []
        return [(word.start(), row) for word in WORD.finditer(text) for row in self._of_word(word.group())]

    def _of_word(self, word: str) -> list[int]:
        known = self._met.get(word)
        if known is None:
            known = self._met[word] = self._look_up_word(word)
        return known

    def _look_up_word(self, word: str) -> list[int]:
        """The row of a word, else of its stem, else of its parts between hyphens, else of its longest known pieces."""
        for form in (word, stem(word), stem(word) + "e"):
            if form in self._english:
                return [self._english[form]]
        parts = [part for part in word.replace("'", "-").replace(".", "-").split("-") if part]
        if len(parts) > 1:
            return [row for part in parts for row in self._of_word(part)]
        return self._pieces(word) if word.isalpha() else []

    def _pieces(self, word: str) -> list[int]:
        found: list[int] = []
        start = 0
        while len(word) - start >= _SHORTEST_PIECE:
            for end in range(min(len(word), start + self._longest), start + _SHORTEST_PIECE - 1, -1):
                if word[start:end] in self._english:
                    found.append(self._english[word[start:end]])
                    break
            else:
                return []
            start = end
        return found if start == len(word) else []
