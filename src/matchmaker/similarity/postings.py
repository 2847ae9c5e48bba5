"""An inverted index in NumPy arrays: which texts hold a term, and with what weight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray: TypeAlias = NDArray[np.float64]
    Arrays: TypeAlias = Mapping[str, NDArray[np.generic]]


def compile_postings(texts: Sequence[Mapping[str, float]]) -> Arrays:
    """The arrays of an index over D texts, each a mapping from term to weight."""
    places: dict[str, int] = {}
    rows = [places.setdefault(term, len(places)) for text in texts for term in text]
    by_row = np.argsort(rows, kind="stable") if rows else np.zeros(0, np.intp)
    owners = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    weights = np.fromiter((weight for text in texts for weight in text.values()), np.float64, len(rows))
    return {
        "n_texts": np.array(len(texts)),
        "terms": strings_to_array(places),
        "texts": owners[by_row].astype(np.int32),
        "weights": weights[by_row],
        "stops": np.cumsum(np.bincount(rows, minlength=len(places))) if rows else np.zeros(0, np.intp),
    }


def strings_to_array(strings: Iterable[str]) -> NDArray[np.uint8]:
    """Strings without NUL characters as one array of bytes."""
    return np.frombuffer("".join(f"{string}\0" for string in strings).encode(), dtype=np.uint8)


def strings_from(array: NDArray[np.generic]) -> list[str]:
    """The strings of ``strings_to_array``."""
    return array.tobytes().decode().split("\0")[:-1]


def prefixed(name: str, arrays: Arrays) -> Arrays:
    """The same arrays with ``name.`` before each key."""
    return {f"{name}.{key}": array for key, array in arrays.items()}


def under(name: str, arrays: Arrays) -> Arrays:
    """The arrays whose keys begin with ``name.``, without it."""
    return {key.removeprefix(f"{name}."): array for key, array in arrays.items() if key.startswith(f"{name}.")}


class Postings:
    """The weights of terms in D texts, held term by term.

    Sums run in order of the query's terms, so that a text gets the same number whatever stands beside it.

    Args:
        arrays: What ``compile_postings`` gives.
    """

    def __init__(self, arrays: Arrays) -> None:
        self.n_texts = int(arrays["n_texts"])
        self._rows = {term: row for row, term in enumerate(strings_from(arrays["terms"]))}
        self._texts = arrays["texts"].astype(np.intp, copy=False)
        self._weights = arrays["weights"].astype(np.float64, copy=False)
        self._stops = arrays["stops"].astype(np.intp, copy=False)

    def products(self, query: Mapping[str, float]) -> FloatArray:
        """The inner product of ``query`` with every text: shape (D,), float64. An empty query gives zeros."""
        held = [(self._rows[term], query[term]) for term in sorted(query) if term in self._rows]
        if not held:
            return np.zeros(self.n_texts)
        ranges = [(self._stops[row - 1] if row else 0, self._stops[row], weight) for row, weight in held]
        texts = np.concatenate([self._texts[start:stop] for start, stop, _ in ranges])
        weights = np.concatenate([self._weights[start:stop] * weight for start, stop, weight in ranges])
        return np.bincount(texts, weights=weights, minlength=self.n_texts).astype(np.float64, copy=False)
