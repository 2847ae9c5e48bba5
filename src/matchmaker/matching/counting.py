"""The terms of many problems, counted together in NumPy arrays, and the Chinese characters of many texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import TYPE_CHECKING

import numpy as np

from matchmaker.matching.rarity import Rarity
from matchmaker.text import PreparedText, word_terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.matching.postings import FloatArray

_FIRST, _LAST = 0x3400, 0x9FFF  # the Chinese characters
BITS = 15  # hold one of them, counted from one; 0 stands for none
_OWNER_BITS = 64 - 3 * BITS
_MOST_CHARACTERS = 1 << 17  # of problems that are counted together, so that arrays stay in the processor's cache
_MOST_NUMBERS = 1 << 22  # held at once for problems and texts of profiles
ALPHANUMERIC = re.compile("[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each term stands in some problems, as a sparse matrix.

    Row by row, terms in the order of their strings: ``terms[starts[p]:starts[p + 1]]`` are those of problem ``p``.

    Attributes:
        words: The distinct terms that are not Chinese, in order; numbered first.
        grams: The numbers (``term_id``) of the distinct Chinese ones, in order; numbered after the words.
        starts: Shape (P + 1,).
        terms: The number of each term, shape (N,).
        problems: The problem of each, shape (N,).
        in_title: How often it stands in the first line, shape (N,).
        in_all: How often it stands in the whole text, repeated sentences counted once, shape (N,).
    """

    words: Sequence[str]
    grams: NDArray[np.uint64]
    starts: NDArray[np.intp]
    terms: NDArray[np.intp]
    problems: NDArray[np.intp]
    in_title: NDArray[np.intp]
    in_all: NDArray[np.intp]

    @property
    def n_problems(self) -> int:
        return len(self.starts) - 1

    def stops(self, kept: NDArray[np.bool_]) -> list[int]:
        """``starts`` of what is left when only some of the N terms are kept."""
        before = np.concatenate([[0], np.cumsum(kept)])
        return [int(at) for at in before[self.starts].tolist()]

    def surprise(self, rarity: Rarity) -> FloatArray:
        """How rare each distinct term is."""
        return np.concatenate([np.array([rarity.of(word) for word in self.words]), rarity.of_numbers(self.grams)])


def slices(problems: Sequence[PreparedText], width: int = 1) -> Iterator[slice]:
    """Stretches of problems that are short enough to be worked on together, of one problem at least.

    Args:
        problems: Any number.
        width: How many numbers will be held for each of them.
    """
    most = max(1, min(1 << (_OWNER_BITS - 3), _MOST_NUMBERS // max(width, 1)))
    most = -(-len(problems) // max(1, -(-len(problems) // most)))  # none much shorter than the others
    start = size = 0
    for at, problem in enumerate(problems):
        if at > start and (size > _MOST_CHARACTERS or at - start == most):
            yield slice(start, at)
            start, size = at, 0
        size += len(problem.said)
    if problems:
        yield slice(start, len(problems))


def count_terms(problems: Sequence[PreparedText]) -> Counts:
    """Count the terms of problems as ``Request.title`` and ``Request.terms`` would; at most 2**16 problems."""
    texts = [text for problem in problems for text in (problem.first_line, problem.said)]
    words, word_pairs, word_counts = _words(texts)
    pairs = np.concatenate([word_pairs, _grams(texts)])
    pairs.sort()
    new = np.flatnonzero(np.diff(pairs, prepend=~pairs[:1])) if len(pairs) else np.zeros(0, np.intp)
    times = np.diff(new, append=len(pairs))
    pairs = pairs[new]
    times[: len(word_counts)] = word_counts  # words come first, in the same order
    keys, owners = pairs >> np.uint64(_OWNER_BITS), (pairs & np.uint64((1 << _OWNER_BITS) - 1)).astype(np.intp)
    problem = owners >> 1
    differs = np.diff(keys, prepend=~keys[:1]) != 0
    cells = np.cumsum(differs | (np.diff(problem, prepend=-1) != 0)) - 1  # title and whole text share a cell
    n_cells = int(cells[-1]) + 1 if len(cells) else 0
    in_title, in_all = np.zeros(n_cells, np.intp), np.zeros(n_cells, np.intp)
    is_whole = (owners & 1).astype(np.bool_)
    in_title[cells[~is_whole]] = times[~is_whole]
    in_all[cells[is_whole]] = times[is_whole]
    of_cell, term_of_cell = np.zeros(n_cells, np.intp), np.zeros(n_cells, np.intp)
    of_cell[cells], term_of_cell[cells] = problem, np.cumsum(differs) - 1
    order = np.argsort(of_cell.astype(np.uint16), kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(of_cell, minlength=len(problems)))])
    grams = _numbers(keys[differs][len(words) :])
    return Counts(words, grams, starts, term_of_cell[order], of_cell[order], in_title[order], in_all[order])


@lru_cache(maxsize=1)
def _dampened(most: int) -> FloatArray:
    return np.array([1 + log(count) if count > 1 else count for count in range(most + 1)])


def dampened(counts: NDArray[np.intp]) -> FloatArray:
    """Each count as ``Rarity.weigh`` takes it: one plus its logarithm above one."""
    most = int(counts.max(initial=0))
    return _dampened((1 << most.bit_length()) - 1)[counts]


def distinct(values: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The distinct values in rising order, and how often each stands there; as ``np.unique``, which imports a lot."""
    ordered = np.sort(values)
    first = np.flatnonzero(np.diff(ordered, prepend=~ordered[:1]))
    return ordered[first], np.diff(first, append=len(ordered))


def characters(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.intp]]:
    """The Chinese characters of texts, counted from one, 0 for any other, and the number of the text of each.

    A line end follows each text, and there are two more at the end.
    """
    points = np.frombuffer("\n".join([*texts, "\n"]).encode("utf-32-le"), dtype="<u4")
    owners = np.repeat(np.arange(len(texts) + 1), [*(len(text) + 1 for text in texts), 1])
    chars = np.where((points >= _FIRST) & (points <= _LAST), points - (_FIRST - 1), 0).astype(np.uint64)
    return chars, owners


def packed_grams(grams: Sequence[str]) -> NDArray[np.uint64]:
    """Grams of one to three Chinese characters as numbers in their order, ``BITS`` bits a character."""
    chars, owners = characters(grams)
    chars = chars[: np.searchsorted(owners, len(grams))]
    owners = owners[: len(chars)]
    place = np.arange(len(chars)) - np.searchsorted(owners, owners)
    shifted = chars << (BITS * np.array([2, 1, 0, 0])[place]).astype(np.uint64)  # a line end is 0 and adds nothing
    return np.bitwise_or.reduceat(shifted, np.flatnonzero(place == 0)) if len(grams) else np.zeros(0, np.uint64)


def _grams(texts: Sequence[str]) -> NDArray[np.uint64]:
    """The Chinese 1-, 2- and 3-grams of texts: three characters in the upper bits, the number of the text below."""
    chars, owners = characters(texts)
    one = np.flatnonzero(chars)
    two = one[chars[one + 1] > 0]
    three = two[chars[two + 2] > 0]
    first, second, third = (chars << np.uint64(_OWNER_BITS + BITS * place) for place in (2, 1, 0))
    first |= owners.astype(np.uint64)
    return np.concatenate(
        [first[one], first[two] | second[two + 1], first[three] | second[three + 1] | third[three + 2]]
    )


def _numbers(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """What ``term_id`` gives for packed grams, which stand in the same order."""
    numbers = np.zeros(len(keys), np.uint64)
    for place in (2, 1, 0):
        char = (keys >> np.uint64(BITS * place)) & np.uint64((1 << BITS) - 1)
        numbers |= np.where(char > 0, char + np.uint64(_FIRST - 1), np.uint64(0)) << np.uint64(21 * place)
    return numbers


def _words(texts: Sequence[str]) -> tuple[list[str], NDArray[np.uint64], NDArray[np.intp]]:
    """The distinct terms that are not Chinese, in order, and by term and text how often they stand there."""
    found: list[tuple[str, int, int]] = []
    for owner, text in enumerate(texts):
        if ALPHANUMERIC.search(text):
            found += [(term, owner, count) for term, count in word_terms(text).items()]
    found.sort()
    words = sorted({term for term, _, _ in found})
    number = {word: at for at, word in enumerate(words)}
    pairs = np.array([number[term] << _OWNER_BITS | owner for term, owner, _ in found], dtype=np.uint64)
    return words, pairs, np.array([count for _, _, count in found], dtype=np.intp)
