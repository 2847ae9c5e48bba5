"""An inverted index in NumPy arrays: which texts hold a term, and with what weight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from matchmaker.text import is_gram, term_id

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray: TypeAlias = NDArray[np.float64]
    Arrays: TypeAlias = Mapping[str, NDArray[np.generic]]

WHOLE: Final = 1 << 15
"""Weights of terms from 0 to 1 are held as whole numbers of one part of this: their sums are exact in any order."""
_LONG = 1 << 9  # from so many texts a term on, on the average, they are copied term by term


def compile_postings(texts: Sequence[Mapping[str, float]]) -> Arrays:
    """The arrays of an index over D texts, each a mapping from term to weight in [0, 1].

    Terms stand in the order of strings.
    """
    held = {term: 0 for text in texts for term in text}
    words, grams = sorted(term for term in held if not is_gram(term)), sorted(filter(is_gram, held))
    held.update(zip([*words, *grams], range(len(held)), strict=True))
    rows = np.fromiter((held[term] for text in texts for term in text), np.intp)
    weights = np.fromiter((weight for text in texts for weight in text.values()), np.float64, len(rows))
    owners = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    by_row = np.argsort(rows, kind="stable")
    return {
        "n_texts": np.array(len(texts)),
        "words": strings_to_array(words),
        "grams": np.array([term_id(gram) for gram in grams], dtype=np.uint64),
        "texts": owners[by_row].astype(np.int32),
        "weights": np.rint(weights[by_row] * WHOLE).astype(np.uint16),
        "stops": np.cumsum(np.bincount(rows, minlength=len(held))) if len(rows) else np.zeros(0, np.intp),
    }


def strings_to_array(strings: Iterable[str]) -> NDArray[np.uint8]:
    """Strings without NUL characters as one array of bytes."""
    return np.frombuffer("".join(f"{string}\0" for string in strings).encode(), dtype=np.uint8)


def strings_from(array: NDArray[np.generic]) -> list[str]:
    """The strings of ``strings_to_array``."""
    return array.tobytes().decode().split("\0")[:-1]


class Strings(dict[int, str]):
    """The strings of ``strings_to_array`` by their numbers, each made when first asked for: a few of very many."""

    def __init__(self, array: NDArray[np.generic]) -> None:
        super().__init__()
        self._array = array
        self._stops = np.flatnonzero(array == 0)

    def __missing__(self, number: int) -> str:
        start = self._stops[number - 1] + 1 if number else 0
        self[number] = string = self._array[start : self._stops[number]].tobytes().decode()
        return string


def prefixed(name: str, arrays: Arrays) -> Arrays:
    """The same arrays with ``name.`` before each key."""
    return {f"{name}.{key}": array for key, array in arrays.items()}


def under(name: str, arrays: Arrays) -> Arrays:
    """The arrays whose keys begin with ``name.``, without it."""
    return {key.removeprefix(f"{name}."): array for key, array in arrays.items() if key.startswith(f"{name}.")}


def starts_of(owners: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where each owner begins in an array in which they stand in order."""
    is_first = np.ones(len(owners), np.bool_)
    np.not_equal(owners[1:], owners[:-1], out=is_first[1:])
    return is_first.nonzero()[0]


def ranges(starts: NDArray[np.intp], sizes: NDArray[np.intp]) -> NDArray[np.intp]:
    """``start:start + size`` for each start and size, one after the other."""
    stops = np.cumsum(sizes)
    numbers: NDArray[np.intp] = np.arange(stops[-1] if len(stops) else 0) + np.repeat(starts - (stops - sizes), sizes)
    return numbers


class Postings:
    """The weights of terms in D texts, held term by term.

    Weights are whole numbers, in steps of one part of ``WHOLE``.

    Args:
        arrays: What ``compile_postings`` gives.
    """

    def __init__(self, arrays: Arrays) -> None:
        self.n_texts = int(arrays["n_texts"])
        self._words = {word: row for row, word in enumerate(strings_from(arrays["words"]))}
        self._grams = arrays["grams"].astype(np.uint64, copy=False)
        self._stops = arrays["stops"].astype(np.intp, copy=False)
        self._sizes = np.diff(self._stops, prepend=0)
        self._texts = _Stretches(arrays["texts"], self._stops)
        self._weights = _Stretches(arrays["weights"], self._stops)
        self._kept: tuple[NDArray[np.intp], FloatArray] = np.empty(0, np.intp), np.empty(0)

    def rows(self, words: Sequence[str], grams: NDArray[np.uint64]) -> NDArray[np.intp]:
        """The row of each term, -1 for one that no text holds; grams by their numbers, in rising order."""
        found = np.full(len(words) + len(grams), -1)
        found[: len(words)] = [self._words.get(word, -1) for word in words]
        if len(self._grams):
            at = np.minimum(np.searchsorted(self._grams, grams), len(self._grams) - 1)
            found[len(words) :] = np.where(self._grams[at] == grams, at + len(self._words), -1)
        return found

    def sums(self, rows: NDArray[np.intp], weights: FloatArray | None = None) -> FloatArray:
        """The sum of some rows, each times its whole weight when weights are given: shape (D,), float64, exact."""
        if not len(rows):
            return np.zeros(self.n_texts)
        sizes = self._sizes[rows]
        size = int(sizes.sum())
        if size < _LONG * len(rows):
            places = ranges(self._stops[rows] - sizes, sizes)
            texts = self._texts.array.take(places, mode="clip")
            held = self._weights.array.take(places, mode="clip").astype(np.float64)
            if weights is not None:
                held *= weights.repeat(sizes)
        else:
            texts, held = self._room(size)
            numbers = rows.tolist()
            np.concatenate(list(map(self._texts.__getitem__, numbers)), out=texts)
            if weights is None:
                np.concatenate(list(map(self._weights.__getitem__, numbers)), out=held)
            else:
                stop = 0
                for number, weight in zip(numbers, weights.tolist(), strict=True):
                    start, stop = stop, stop + len(self._weights[number])
                    np.multiply(self._weights[number], weight, out=held[start:stop])
        return np.bincount(texts, held, self.n_texts).astype(np.float64, copy=False)

    def _room(self, size: int) -> tuple[NDArray[np.intp], FloatArray]:
        """Texts and weights to be filled, ``size`` of each, in memory that is kept: new memory costs more than this."""
        if len(self._kept[0]) < size:
            self._kept = np.empty(size + size // 2, np.intp), np.empty(size + size // 2)
        return self._kept[0][:size], self._kept[1][:size]


class _Stretches(dict[int, "NDArray[np.generic]"]):
    """The stretch of an array that belongs to each row, cut when first asked for: slicing is slower than looking up."""

    def __init__(self, array: NDArray[np.generic], stops: NDArray[np.intp]) -> None:
        super().__init__()
        self.array = np.asarray(array)
        self._stops = stops

    def __missing__(self, row: int) -> NDArray[np.generic]:
        self[row] = stretch = self.array[self._stops[row - 1] if row else 0 : self._stops[row]]
        return stretch
