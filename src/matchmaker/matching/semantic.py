"""Semantic similarity: closeness of meaning across Chinese and English, by a shipped table of word vectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, TypeVar

import numpy as np

from matchmaker.matching.counting import distinct
from matchmaker.matching.encoder import Bag, Encoder, encoder, lengths_of, unpacked
from matchmaker.matching.postings import ranges, starts_of
from matchmaker.matching.problemwords import MOST_WORDS, SHARES, STEPS, ProblemWords, shares_of, whole_directions
from matchmaker.matching.profiles import Statement
from matchmaker.matching.similarity import Chunk, Profiles, Reading, Similarity
from matchmaker.messages import Translatable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.matching.encoder import FloatArray, Rows
    from matchmaker.matching.postings import Arrays
    from matchmaker.matching.similarity import Numbers, Places

    Number = TypeVar("Number", np.float32, np.float64)

_ALIGNED = 0.6  # share of the alignment of words in the similarity, the rest is the texts' own cosine
_GATE_FROM, _GATE_TO = 0.05, 0.15  # text cosines between which the alignment comes to count fully
_CLOSE = 255  # how close two words are, in steps
_WHOLE = _CLOSE * SHARES  # what the words of a text come to that all have their like in the other
_MOST_NEAR = 1 << 27  # numbers that are remembered of how close words are
_LEAST_NEAR = 1 << 8  # words for which there is room in any case
_NEW_WORDS = 8  # that a problem adds to those of a few hundred others, about: how close they are is remembered
_BLOCK_BYTES = 1 << 18  # of arrays that stay in the processor's cache
_BLOCK_NUMBERS = 1 << 20
_SCATTERED = 8  # times as long a number takes to be fetched from anywhere as one of a stretch
_PADDED = 4  # numbers of words are rounded up to a multiple of this


def compile_semantic(
    capabilities: Sequence[Sequence[Statement]], encoder: Encoder, *, inferred_weight: float
) -> Arrays:
    """The arrays of a semantic similarity.

    Args:
        capabilities: What is said of each of C capabilities.
        encoder: The table of words.
        inferred_weight: What a word that no source states counts, in [0, 1].
    """
    texts = [(at, bag) for at, bag in _bags(capabilities, encoder, inferred_weight) if len(bag.rows)]
    rows = np.concatenate([np.zeros(0, np.intp), *[bag.rows for _, bag in texts]])
    held, places = np.unique(rows, return_inverse=True)
    directions = np.array([encoder.encode(bag) for _, bag in texts]).reshape(len(texts), encoder.n_dimensions)
    telling = [encoder.telling(bag.rows) for _, bag in texts]
    shares = [shares_of(weights, weights.sum()) for weights in telling]
    return {
        "n_capabilities": np.array(len(capabilities)),
        "owners": np.array([at for at, _ in texts], dtype=np.intp),
        "sizes": np.array([len(bag.rows) for _, bag in texts], dtype=np.intp),
        "shares": np.concatenate([np.zeros(0), *shares]).astype(np.uint16),
        "texts": whole_directions(directions).astype(np.int16),
        "places": places.astype(np.int32),
        "words": encoder.packed(held),
    }


class SemanticSimilarity(Similarity):
    """How close a problem and a capability are in meaning, from the meanings of their words.

    Two views, averaged. The cosine of the texts' directions (weighted sums of their words' directions, after Arora et
    al. 2017; the problem's title weighs as much as its whole text); and the alignment of their words: each word is
    matched with the closest one of the other text (squared cosine), the weighted means of both sides, geometric mean
    (a soft precision and recall as in BERTScore, Zhang et al. 2020). The alignment tells a text that shares the
    subject from one that shares the trade only; it comes to count with the texts' cosine, so that it need not be
    worked out for most pairs, and nothing depends on what else is loaded. Each language of a capability is a text of
    its own and the better one counts.

    Directions, shares and the closeness of words are whole numbers, so small that sums of their products are exact in
    float32, in any order.
    """

    name = "semantic"
    label: ClassVar[Translatable] = "meaning"

    def __init__(self, arrays: Arrays) -> None:
        self.n_capabilities = int(arrays["n_capabilities"])
        self.has_basis = np.ones(self.n_capabilities, np.bool_)
        self.owners = arrays["owners"].astype(np.intp, copy=False)
        self.sizes = arrays["sizes"].astype(np.intp, copy=False)
        self.starts = (np.cumsum(self.sizes) - self.sizes).astype(np.intp)
        self.shares = np.asarray(arrays["shares"].astype(np.float32, copy=False))
        self.texts = np.asarray(arrays["texts"].astype(np.float32, copy=False))
        self.places = np.asarray(arrays["places"].astype(np.intp, copy=False))
        words = unpacked(np.asarray(arrays["words"]).astype(np.uint8, copy=False))
        self.near = _Near(words)
        self.stops = np.searchsorted(self.owners, np.arange(self.n_capabilities + 1))

    @staticmethod
    def compile(profiles: Profiles) -> Arrays:
        return compile_semantic(profiles.statements, encoder(), inferred_weight=profiles.inferred_weight)

    @property
    def width(self) -> int:
        return max(self.n_capabilities, _NEW_WORDS * self.near.n_words)

    def read(self, chunk: Chunk) -> SemanticReading:
        return self.read_words(chunk.words)

    def read_words(self, words: ProblemWords) -> SemanticReading:
        """As ``read``, of problems whose words are known."""
        return SemanticReading(self, words)

    @cached_property
    def by_size(self) -> list[tuple[Rows, Rows, NDArray[np.float32]]]:
        """Texts of about as many words: which they are, and the places and shares of their nth words.

        What a text is short of is filled up with a word beyond all others, of no share.
        """
        found = []
        padded = -(-self.sizes // _PADDED) * _PADDED
        for size in distinct(padded)[0].tolist():
            texts = np.flatnonzero(padded == size)
            nth = np.arange(size)[:, None]
            is_there = nth < self.sizes[texts]
            members = np.where(is_there, self.starts[texts] + nth, 0)
            places = np.where(is_there, self.places[members], self.near.n_words)
            found.append((texts, places, np.where(is_there, self.shares[members], np.float32(0))))
        return found


class SemanticReading(Reading):
    """How close P problems are in meaning to capabilities.

    Args:
        similarity: Knows the capabilities.
        words: Those of the problems.
    """

    def __init__(self, similarity: SemanticSimilarity, words: ProblemWords) -> None:
        self._of = similarity
        self._words = words

    @cached_property
    def _cosines(self) -> NDArray[np.float32]:
        """Of each problem with each text, negative ones as 0: shape (P, texts)."""
        products = self._words.directions @ self._of.texts.T  # exact: sums of whole numbers below 2**24
        products /= np.float32(STEPS * STEPS)
        cosines: NDArray[np.float32] = np.maximum(products, np.float32(0), out=products)
        return cosines

    def of_pairs(self, problems: Places, capabilities: Places, known: Mapping[str, Numbers]) -> FloatArray:  # noqa: ARG002
        start = self._of.stops[capabilities]
        sizes = self._of.stops[capabilities + 1] - start
        pairs, texts = np.repeat(np.arange(len(capabilities)), sizes), ranges(start, sizes)
        found = np.zeros(len(problems))
        if len(pairs):
            first = starts_of(pairs)
            best = np.maximum.reduceat(self._closeness(problems[pairs], texts), first)
            found[pairs[first]] = np.minimum(best, 1.0)
        return found

    def _closeness(self, problems: Rows, texts: Rows) -> FloatArray:
        """The similarity of n pairs of a problem and a text, problems in rising order: shape (n,)."""
        cosines = self._cosines[problems, texts].astype(np.float64)
        gates = _gate(cosines)
        near = np.flatnonzero(gates)
        aligned = np.zeros(len(cosines))
        if len(near):
            aligned[near] = gates[near] * self._alignment(problems[near], texts[near])
        closeness: FloatArray = (1 - _ALIGNED) * cosines + _ALIGNED * aligned
        return closeness

    def _alignment(self, problems: Rows, texts: Rows) -> FloatArray:
        """The soft precision and recall of the words of n pairs of a problem and a text, geometric mean: shape (n,)."""
        sizes = self._of.sizes[texts]
        starts = np.cumsum(sizes) - sizes
        members = ranges(self._of.starts[texts], sizes)
        places = self._of.places[members]
        closest, precision = np.zeros(len(members), np.float32), np.zeros(len(texts), np.float32)
        ends = [*starts.tolist(), len(members)]
        for start, stop in pairwise([*starts_of(problems).tolist(), len(problems)]):
            aligned = self._words.aligned[problems[start]]
            if len(aligned.rows):
                span = slice(ends[start], ends[stop])
                near = self._of.near.rows(self._words, aligned.rows, places[span])
                closest[span] = near.max(axis=0)
                best = np.maximum.reduceat(near, starts[start:stop] - span.start, axis=1)
                precision[start:stop] = aligned.shares @ best.astype(np.float32)
        closest *= self._of.shares[members]
        return _mean(precision.astype(np.float64), np.add.reduceat(closest, starts).astype(np.float64))

    def bounds(self, known: Mapping[str, Numbers]) -> NDArray[np.float32]:  # noqa: ARG002
        """A precision is at most the sum over the words of the text of what each gives; all else is as it is."""
        similarity, n_problems = self._of, len(self._words.aligned)
        bounds = np.zeros((n_problems, similarity.n_capabilities), np.float32)
        if not len(similarity.owners):
            return bounds
        gives, closest = np.zeros((2, similarity.near.n_words + 1, n_problems), np.float32)
        similarity.near.learn(self._words)
        for at, aligned in enumerate(self._words.aligned):
            if len(aligned.rows):
                near = similarity.near.rows(self._words, aligned.rows)
                gives[:-1, at] = aligned.shares @ near.astype(np.float32)
                closest[:-1, at] = near.max(axis=0)
        found = np.empty((len(similarity.owners), n_problems), np.float32)
        for texts, places, shares in similarity.by_size:
            step = max(1, _BLOCK_BYTES // gives[:1].nbytes)
            for at in range(0, len(texts), step):
                block = texts[at : at + step]
                precision, recall = np.zeros((2, len(block), n_problems), np.float32)
                for place, share in zip(places[:, at : at + step], shares[:, at : at + step, None], strict=True):
                    precision += gives.take(place, axis=0, mode="clip")
                    recall += closest.take(place, axis=0, mode="clip") * share
                cosines = self._cosines.T[block]
                found[block] = (1 - _ALIGNED) * cosines + _ALIGNED * _gate(cosines) * _mean(precision, recall)
        first = starts_of(similarity.owners)
        bounds[:, similarity.owners[first]] = np.minimum(np.maximum.reduceat(found, first, axis=0), np.float32(1)).T
        return bounds


class _Near:
    """How close words of problems are to the words of the profiles; what was worked out is remembered for a while.

    Args:
        words: The vectors of the words of the profiles, whole numbers: shape (V, n_dimensions).
    """

    def __init__(self, words: NDArray[np.float32]) -> None:
        self._words = words
        self._lengths = lengths_of(words)
        self.n_words = len(words)
        self._most = max(_LEAST_NEAR, _MOST_NEAR // max(len(words), 1))
        self._slots = np.zeros(0, np.intp)
        self._n_used = 0

    @cached_property
    def _table(self) -> NDArray[np.uint8]:
        return np.empty((self._most, self.n_words), np.uint8)

    def learn(self, words: ProblemWords) -> None:
        """Work out the words of all problems at once, as far as they find room."""
        self._slots_of(words, np.arange(min(len(words.held), self._most)))

    def rows(self, words: ProblemWords, rows: Rows, places: Rows | None = None) -> NDArray[np.uint8]:
        """How close some words of problems (rows) are to all words of the profiles, or to some: from 0 to ``_CLOSE``.

        What is given for all of the profiles is good until the next call.
        """
        slots = self._slots_of(words, rows)
        if places is not None and len(places) * _SCATTERED < self.n_words:
            return self._table.ravel().take(slots[:, None] * self.n_words + places, mode="clip")
        whole = self._table.take(slots, axis=0, out=self._buffer[: len(slots)], mode="clip")
        return whole if places is None else whole.take(places, axis=1, mode="clip")

    @cached_property
    def _buffer(self) -> NDArray[np.uint8]:
        return np.empty((MOST_WORDS, self.n_words), np.uint8)  # a new one costs more than to fill it

    def _slots_of(self, words: ProblemWords, rows: Rows) -> Rows:
        if not len(self._slots):
            self._slots = np.full(words.encoder.n_words, -1)
        slots = self._slots[words.held[rows]]
        if slots.min(initial=0) < 0:
            missing = distinct(rows[slots < 0])[0]
            if self._n_used + len(missing) > self._most:
                self._slots[:], self._n_used = -1, 0
                missing = distinct(rows)[0]
            start, self._n_used = self._n_used, self._n_used + len(missing)
            self._slots[words.held[missing]] = np.arange(start, self._n_used)
            self._work_out(words.vectors[missing], self._table[start : self._n_used])
            slots = self._slots[words.held[rows]]
        return slots

    def _work_out(self, vectors: NDArray[np.float32], out: NDArray[np.uint8]) -> None:
        """Squared cosines, negative ones as 0, in steps."""
        own = lengths_of(vectors)[:, None]
        step = max(1, _BLOCK_NUMBERS // max(self.n_words, 1))
        for at in range(0, len(vectors), step):
            cosines = vectors[at : at + step] @ self._words.T  # exact: sums of whole numbers below 2**24
            np.maximum(cosines, 0, out=cosines)
            cosines /= self._lengths * own[at : at + step]
            cosines *= cosines
            cosines *= _CLOSE
            out[at : at + step] = np.rint(cosines, out=cosines)


def joined_parts(parts: Sequence[tuple[Arrays, Rows]]) -> Arrays:
    """The arrays of some capabilities of several similarities, of each in rising order, one after another."""
    found: dict[str, list[NDArray[np.generic]]] = {
        name: [] for name in ("owners", "sizes", "shares", "texts", "places", "words")
    }
    n_capabilities = n_words = 0
    for arrays, chosen in parts:
        start, stop = (np.searchsorted(arrays["owners"], chosen, side=side) for side in ("left", "right"))
        texts = ranges(start, stop - start)
        sizes = arrays["sizes"].astype(np.intp, copy=False)
        members = ranges((np.cumsum(sizes) - sizes)[texts], sizes[texts])
        held, places = np.unique(arrays["places"][members], return_inverse=True)
        found["owners"].append(np.searchsorted(chosen, arrays["owners"][texts]) + n_capabilities)
        found["sizes"].append(sizes[texts])
        found["shares"].append(arrays["shares"][members])
        found["texts"].append(arrays["texts"][texts])
        found["places"].append(places + n_words)
        found["words"].append(arrays["words"][held])
        n_capabilities += len(chosen)
        n_words += len(held)
    joined: dict[str, NDArray[np.generic]] = {name: np.concatenate(held) for name, held in found.items()}
    return {**joined, "n_capabilities": np.array(n_capabilities)}


def _mean(precision: NDArray[Number], recall: NDArray[Number]) -> NDArray[Number]:
    """The geometric mean of both, each in steps of one part of ``_WHOLE``, in [0, 1]."""
    aligned: NDArray[Number] = np.sqrt(np.minimum(precision, _WHOLE) * np.minimum(recall, _WHOLE)) / _WHOLE
    return aligned


def _gate(cosines: NDArray[Number]) -> NDArray[Number]:
    """To what share the alignment of words counts."""
    share: NDArray[Number] = np.clip((cosines - _GATE_FROM) / (_GATE_TO - _GATE_FROM), 0, 1)
    return share


def _bags(
    capabilities: Sequence[Sequence[Statement]], encoder: Encoder, inferred_weight: float
) -> Iterator[tuple[int, Bag]]:
    """The words of all that is said of each capability in each language."""
    owners = [(at, language) for at in range(len(capabilities)) for language in ("zh", "en")]
    texts = [
        "\n".join(s.text for s in capabilities[at] if s.language == language and s.inferred is inferred)
        for at, language in owners
        for inferred in (False, True)
    ]
    bags = encoder.bags(texts)
    for nth, (at, _) in enumerate(owners):
        stated, inferred = bags[2 * nth : 2 * nth + 2]
        rows = np.union1d(stated.rows, inferred.rows)
        weights = np.zeros(len(rows))
        weights[np.searchsorted(rows, stated.rows)] = stated.weights
        weights[np.searchsorted(rows, inferred.rows)] += inferred_weight * inferred.weights
        yield at, Bag(rows[weights > 0], weights[weights > 0])
