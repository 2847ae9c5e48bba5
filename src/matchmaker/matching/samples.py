"""Similarity to sample needs, which a capability can solve, and to near misses, which it cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from matchmaker.domain import Capability
from matchmaker.matching.asked import Asked, read
from matchmaker.matching.distilled import STEPS, distilled, on_sphere
from matchmaker.matching.encoder import Encoder, lengths_of, unpacked
from matchmaker.text import Request, request

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.matching.encoder import FloatArray, Rows
    from matchmaker.matching.postings import Arrays

_SHIPPED = Path(__file__).parents[1] / "data" / "samples"
_COVERED = 0.5  # share of coverage in the similarity, the rest is closeness
_UNSAID = 8.0  # weight of words that a need is taken to leave unsaid: one of a word or two is never wholly covered
_AGAINST = 0.5  # what the mean of the near misses counts against that of the sample needs
_WHOLLY = 255  # how much of a word is covered, in steps
_BLOCK = 128  # words that are compared together, so that arrays stay in the processor's cache
_DIGEST = 16
_MOST_KNOWN = 1 << 15  # words of which it is remembered how close they are


@dataclass(frozen=True, slots=True)
class Covered:
    """How much of many words the shipped sample needs cover, worked out by ``make samples`` to save doing it again.

    Attributes:
        rows: The words, in rising order, shape (W,).
        digests: The digest of the words of each capability's sample needs, shape (T,).
        shares: In steps of one ``_WHOLLY``th, shape (W, T).
    """

    rows: NDArray[np.int32]
    digests: Sequence[bytes]
    shares: NDArray[np.uint8]


@lru_cache(maxsize=1)
def covered() -> Covered:
    """The table that ships with the package."""
    shares = np.load(_SHIPPED / "covered.npy", mmap_mode="r")
    return Covered(np.load(_SHIPPED / "words.npy"), np.load(_SHIPPED / "digests.npy").tolist(), shares)


def digest_of(rows: Rows) -> bytes:
    """Stands for the words of a capability's sample needs."""
    return blake2b(rows.astype("<i4").tobytes(), digest_size=_DIGEST).digest()


def prototype(needs: FloatArray, misses: FloatArray) -> FloatArray:
    """The direction of a capability from those of its sample needs and near misses (whole numbers): shape (n,).

    The mean of the needs less a part of the mean of the near misses.
    """
    mean = needs.mean(axis=0) - (_AGAINST * misses.mean(axis=0) if len(misses) else 0.0)
    direction: FloatArray = on_sphere(np.rint(mean)[None])[0]
    return direction


def compile_samples(capabilities: Sequence[Capability], encoder: Encoder) -> Arrays:
    """The arrays of a similarity to sample needs; capabilities without any have none.

    Args:
        capabilities: C of them.
        encoder: The table of words.
    """
    with_samples = [at for at, capability in enumerate(capabilities) if capability.sample_needs]
    directions, members = [], []
    for at in with_samples:
        needs = [request(text) for text in capabilities[at].sample_needs]
        misses = [request(text) for text in capabilities[at].near_misses]
        mapped = distilled().directions(read([*needs, *misses], encoder))
        directions.append(prototype(mapped[: len(needs)], mapped[len(needs) :]))
        members.append(words_of(needs, encoder))
    held, places = np.unique(np.concatenate([np.zeros(0, np.intp), *members]), return_inverse=True)
    known = {digest: column for column, digest in enumerate(covered().digests)}
    return {
        "n_capabilities": np.array(len(capabilities)),
        "owners": np.array(with_samples, dtype=np.intp),
        "prototypes": np.array(directions, dtype=np.int16).reshape(len(directions), distilled().n_dimensions),
        "columns": np.array([known.get(digest_of(rows), -1) for rows in members], dtype=np.intp),
        "sizes": np.array([len(rows) for rows in members], dtype=np.intp),
        "places": places.astype(np.int32),
        "words": encoder.packed(held.astype(np.intp)),
    }


def are_shipped(arrays: Arrays) -> bool:
    """Whether every capability has the sample needs that ship with the package.

    Args:
        arrays: What ``compile_samples`` gives.
    """
    return len(arrays["owners"]) == int(arrays["n_capabilities"]) and -1 not in arrays["columns"].tolist()


def words_of(needs: Sequence[Request], encoder: Encoder) -> Rows:
    """The known words of some sample needs, each once, in order."""
    rows: Rows = np.unique(np.concatenate([encoder.bag(need.told).rows for need in needs])).astype(np.intp)
    return rows


def coverage(rows: Rows, words: NDArray[np.float32], sizes: Rows, places: Rows, encoder: Encoder) -> NDArray[np.uint8]:
    """How much of some words the words of each capability's sample needs cover: shape (n, T), from 0 to ``_WHOLLY``.

    A word is covered by the squared cosine of the closest one.

    Args:
        rows: The words, n of them.
        words: The vectors of all words of sample needs, whole numbers, shape (V, dimensions).
        sizes: How many words the sample needs of each capability hold, shape (T,).
        places: Which of ``words`` these are, capability by capability.
        encoder: The table of words.
    """
    found = np.zeros((len(rows), len(sizes)), np.uint8)
    has_words = np.flatnonzero(sizes)
    if not len(has_words):
        return found
    members = np.split(places, np.cumsum(sizes[has_words])[:-1])
    lengths = lengths_of(words)[:, None]
    for at in range(0, len(rows), _BLOCK):
        vectors = encoder.vectors(rows[at : at + _BLOCK])
        near = words @ vectors.T  # exact, whatever its shape: whole numbers
        near /= lengths
        best = np.array([near.take(held, axis=0).max(axis=0) for held in members])  # faster than reduceat
        best /= np.maximum(lengths_of(vectors), np.float32(1))
        found[at : at + _BLOCK, has_words] = np.rint(_WHOLLY * np.square(np.clip(best, 0.0, 1.0))).astype(np.uint8).T
    return found


class SampleSimilarity:
    """How close a problem is to the sample needs of a capability.

    Two views, averaged. *Closeness*: the cosine of the problem's direction with that of the sample needs, less that of
    the near misses, in directions learned from the full encoder (``DistilledWords``). *Coverage*: the weighted share of
    the problem's words that the words of the sample needs cover, each by the squared cosine of the closest one; of a
    problem of few or common words some more are taken to be unsaid, and not covered. Both are sums of whole numbers or
    run over one problem only, so that nothing depends on what else is compared.

    Args:
        arrays: What ``compile_samples`` gives.
        encoder: The table of words.
    """

    def __init__(self, arrays: Arrays, encoder: Encoder) -> None:
        self._arrays = arrays
        self._owners = arrays["owners"].astype(np.intp, copy=False)
        self._prototypes = np.asarray(arrays["prototypes"]).astype(np.float64).T
        self._columns = arrays["columns"].astype(np.intp, copy=False)
        self._encoder = encoder
        self._known: dict[int, NDArray[np.uint8]] = {}
        self.n_capabilities = int(arrays["n_capabilities"])
        self.has_samples = np.zeros(self.n_capabilities, np.bool_)
        self.has_samples[self._owners] = True

    @cached_property
    def _words(self) -> NDArray[np.float32]:
        return unpacked(np.asarray(self._arrays["words"]).astype(np.uint8, copy=False))

    def of_asked(self, asked: Asked) -> FloatArray:
        """The similarity of each problem to each capability.

        Returns:
            Shape (P, C), float64, in [0, 1]; 0 for a capability without sample needs.
        """
        found = np.zeros((len(asked.problems), self.n_capabilities))
        if len(self._owners):
            close = np.maximum(self.closeness(asked), 0.0)
            found[:, self._owners] = np.minimum(_COVERED * self._coverage(asked) + (1 - _COVERED) * close, 1.0)
        return found

    def closeness(self, asked: Asked) -> FloatArray:
        """The cosine of each problem with each capability that has samples: shape (P, T), in [-1, 1]; exact."""
        return (distilled().directions(asked) @ self._prototypes) / float(STEPS * STEPS)

    def _coverage(self, asked: Asked) -> FloatArray:
        """The weighted share of each problem's words that each capability's sample words cover: shape (P, T)."""
        self._learn(asked.held)
        shares = np.zeros((len(asked.problems), len(self._owners)))
        for at, kept in enumerate(asked.kept):
            if len(kept.rows):
                rows = np.array([self._known[row] for row in asked.held[kept.rows].tolist()], dtype=np.float64)
                rows *= kept.weights[:, None]
                # one column alone would be summed pairwise, several are row by row
                added = rows.sum(axis=0) if rows.shape[1] > 1 else np.add.accumulate(rows, axis=0)[-1]
                shares[at] = added / _WHOLLY * (asked.totals[at] / (asked.totals[at] + _UNSAID))
        return shares

    def _learn(self, rows: Rows) -> None:
        """Find out how much of some words is covered: from the shipped table, or worked out where it holds them not."""
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        new = np.array([row for row in rows.tolist() if row not in self._known], dtype=np.intp)
        if not len(new):
            return
        shipped, is_shipped = covered(), self._columns >= 0
        found, is_held = np.zeros((len(new), len(self._owners)), np.uint8), np.zeros(len(new), np.bool_)
        if is_shipped.any():
            place = np.minimum(np.searchsorted(shipped.rows, new), len(shipped.rows) - 1)
            is_held = shipped.rows[place] == new
            found[:, is_shipped] = shipped.shares[place][:, self._columns[is_shipped]]
        for words, capabilities in ((~is_held, is_shipped), (np.ones(len(new), np.bool_), ~is_shipped)):
            if words.any() and capabilities.any():
                found[np.ix_(words, capabilities)] = self._worked_out(new[words], capabilities)
        self._known.update(zip(new.tolist(), found, strict=True))

    def _worked_out(self, rows: Rows, capabilities: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """As ``coverage``, for some of the capabilities."""
        sizes = self._arrays["sizes"].astype(np.intp, copy=False)
        places = self._arrays["places"].astype(np.intp, copy=False)[np.repeat(capabilities, sizes)]
        return coverage(rows, self._words, sizes[capabilities], places, self._encoder)
