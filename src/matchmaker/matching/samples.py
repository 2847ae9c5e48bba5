"""Similarity to sample needs, which a capability can solve, and to near misses, which it cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from matchmaker.domain import Capability
from matchmaker.matching.distilled import STEPS, distilled, on_sphere
from matchmaker.matching.encoder import Encoder, encoder, lengths_of, unpacked
from matchmaker.matching.problemwords import SHARES, ProblemWords, read_words
from matchmaker.matching.similarity import Chunk, Profiles, Reading, Similarity, TableReading
from matchmaker.messages import Translatable
from matchmaker.text import PreparedText, prepare

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.matching.encoder import FloatArray, Rows
    from matchmaker.matching.postings import Arrays
    from matchmaker.matching.similarity import Numbers, Places

_SHIPPED = Path(__file__).parents[1] / "data" / "samples"
_COVERED = 0.5  # share of coverage in the similarity, the rest is closeness
_UNSAID = 8.0  # weight of words that a need is taken to leave unsaid: one of a word or two is never wholly covered
_AGAINST = 0.5  # what the mean of the near misses counts against that of the sample needs
_WHOLLY = 255  # how much of a word is covered, in steps
_BLOCK = 128  # words that are compared together, so that arrays stay in the processor's cache
_DIGEST = 16
_MOST_KNOWN = 1 << 15  # words of which it is remembered how close they are
_CLOSELY = 0.3  # share of the full encoder, where it is asked, in the similarity
_EXPECTED = (0.15, 0.8)  # similarity where there are no sample needs: so much, and so much a unit of semantic,
_MOST_EXPECTED = 2.0  # but at most so many times semantic: what shares no meaning with a need gets nothing


@dataclass(frozen=True, slots=True)
class Covered:
    """How much of many words the shipped sample needs cover, worked out by ``make samples`` to save doing it again.

    Attributes:
        rows: The words, in rising order, shape (W,).
        digests: The digest of each capability's sample needs, shape (T,).
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


def digest_of_samples(capability: Capability) -> bytes:
    """Stands for the sample needs and near misses of a capability."""
    texts = "\0".join(("\1".join(capability.sample_needs), "\1".join(capability.near_misses)))
    return blake2b(texts.encode(), digest_size=_DIGEST).digest()


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
    learned = [_learned(capabilities[at].sample_needs, capabilities[at].near_misses, encoder) for at in with_samples]
    directions, members = [direction for direction, _ in learned], [rows for _, rows in learned]
    held, places = np.unique(np.concatenate([np.zeros(0, np.intp), *members]), return_inverse=True)
    known = {digest: column for column, digest in enumerate(covered().digests)}
    return {
        "n_capabilities": np.array(len(capabilities)),
        "owners": np.array(with_samples, dtype=np.intp),
        "prototypes": np.array(directions, dtype=np.int16).reshape(len(directions), distilled().n_dimensions),
        "columns": np.array([known.get(digest_of_samples(capabilities[at]), -1) for at in with_samples], dtype=np.intp),
        "sizes": np.array([len(rows) for rows in members], dtype=np.intp),
        "places": places.astype(np.int32),
        "words": encoder.packed(held.astype(np.intp)),
    }


@lru_cache(maxsize=1024)  # registries of one process mostly share capabilities, and this is most of compiling them
def _learned(sample_needs: tuple[str, ...], near_misses: tuple[str, ...], encoder: Encoder) -> tuple[FloatArray, Rows]:
    """The direction of a capability's sample needs, and their known words."""
    needs, misses = ([prepare(text) for text in texts] for texts in (sample_needs, near_misses))
    mapped = distilled().directions(read_words([*needs, *misses], encoder))
    return prototype(mapped[: len(needs)], mapped[len(needs) :]), words_of(needs, encoder)


def are_shipped(arrays: Arrays) -> bool:
    """Whether every capability has the sample needs that ship with the package.

    Args:
        arrays: What ``compile_samples`` gives.
    """
    return len(arrays["owners"]) == int(arrays["n_capabilities"]) and -1 not in arrays["columns"].tolist()


def words_of(needs: Sequence[PreparedText], encoder: Encoder) -> Rows:
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


class SampleSimilarity(Similarity):
    """How close a problem is to the sample needs of a capability.

    Two views, averaged. *Closeness*: the cosine of the problem's direction with that of the sample needs, less that of
    the near misses, in directions learned from the full encoder (``DistilledWords``). *Coverage*: the weighted share of
    the problem's words that the words of the sample needs cover, each by the squared cosine of the closest one; of a
    problem of few or common words some more are taken to be unsaid, and not covered. Where the full encoder reads a
    problem, too, its closeness counts beside these: each sees what the other misses. A capability without sample needs
    gets what closeness of meaning lets expect, so that it loses nothing.

    Sums are of whole numbers, and exact in any order.
    """

    name = "samples"
    label: ClassVar[Translatable] = "samples"

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self._owners = arrays["owners"].astype(np.intp, copy=False)
        self._prototypes = np.asarray(arrays["prototypes"]).astype(np.float64).T
        self._columns = arrays["columns"].astype(np.intp, copy=False)
        self._known: dict[int, NDArray[np.uint8]] = {}
        self.n_capabilities = int(arrays["n_capabilities"])
        self.has_basis = np.zeros(self.n_capabilities, np.bool_)
        self.has_basis[self._owners] = True

    @staticmethod
    def compile(profiles: Profiles) -> Arrays:
        return compile_samples(profiles.capabilities, encoder())

    def read(self, chunk: Chunk) -> Reading:
        return SampleReading(self.of_words(chunk.words), self.has_basis)

    @cached_property
    def _words(self) -> NDArray[np.float32]:
        return unpacked(np.asarray(self._arrays["words"]).astype(np.uint8, copy=False))

    def of_words(self, words: ProblemWords) -> FloatArray:
        """The similarity of problems to all capabilities: shape (P, C), in [0, 1]; 0 for one without sample needs."""
        found = np.zeros((len(words.aligned), self.n_capabilities))
        if len(self._owners):
            close = np.maximum(self.closeness(words), 0.0)
            found[:, self._owners] = np.minimum(_COVERED * self._coverage(words) + (1 - _COVERED) * close, 1.0)
        return found

    def closeness(self, words: ProblemWords) -> FloatArray:
        """The cosine of each problem with each capability that has samples: shape (P, T), in [-1, 1]; exact."""
        return (distilled().directions(words) @ self._prototypes) / float(STEPS * STEPS)

    def _coverage(self, words: ProblemWords) -> FloatArray:
        """The weighted share of each problem's words that each capability's sample words cover: shape (P, T)."""
        self._learn(words.held)
        shares = np.zeros((len(words.aligned), len(self._owners)))
        for at, aligned in enumerate(words.aligned):
            if len(aligned.rows):
                covered = np.array([self._known[row] for row in words.held[aligned.rows].tolist()], dtype=np.float32)
                shares[at] = aligned.shares @ covered
        said = words.totals / (words.totals + _UNSAID)
        found: FloatArray = np.minimum(shares / (_WHOLLY * SHARES), 1.0) * said[:, None]
        return found

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
        return coverage(rows, self._words, sizes[capabilities], places, encoder())


class SampleReading(TableReading):
    """Similarities to sample needs, shape (P, C).

    Args:
        table: By word vectors.
        has_basis: Which capabilities have sample needs: shape (C,).
        closely: As ``refined`` takes it, where the full encoder has read.
    """

    def __init__(self, table: FloatArray, has_basis: NDArray[np.bool_], closely: FloatArray | None = None) -> None:
        super().__init__(table)
        self._has_basis = has_basis
        self._closely = closely

    def of_pairs(self, problems: Places, capabilities: Places, known: Mapping[str, Numbers]) -> FloatArray:
        samples = self.table[problems, capabilities]
        has_basis = self._has_basis[capabilities]
        if not has_basis.all():
            samples = np.where(has_basis, samples, expected(known["semantic"]))
        return samples if self._closely is None else blended(samples, self._closely[problems, capabilities])

    def bounds(self, known: Mapping[str, Numbers]) -> Numbers:
        samples: Numbers = self.table
        if not self._has_basis.all():
            samples = np.where(self._has_basis, samples, expected(known["semantic"]))
        return samples if self._closely is None else blended(samples, self._closely)

    def refined(self, closeness: FloatArray) -> SampleReading:
        return SampleReading(self.table, self._has_basis, closeness)


def expected(semantic: Numbers) -> FloatArray:
    """What the similarity to sample needs would be expected to be, by closeness of meaning."""
    stand_in: FloatArray = np.minimum(_EXPECTED[0] + _EXPECTED[1] * semantic, _MOST_EXPECTED * semantic)
    return stand_in


def blended(samples: Numbers, closely: FloatArray) -> FloatArray:
    """The similarity where the full encoder has read a problem, too; where it has not, as it was."""
    both = (1 - _CLOSELY) * samples + _CLOSELY * np.maximum(closely, 0.0)
    return np.where(np.isnan(closely), samples, both)
