"""Semantic similarity: closeness of meaning across Chinese and English, by a shipped table of word vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from matchmaker.matching.asked import MOST_WORDS, Asked, Words, read
from matchmaker.matching.counting import distinct, slices
from matchmaker.matching.encoder import Bag, Encoder, encoder, lengths_of, unpacked, weighted
from matchmaker.matching.postings import ranges, starts_of
from matchmaker.matching.profiles import Statement
from matchmaker.text import Request

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.matching.encoder import FloatArray, Rows
    from matchmaker.matching.postings import Arrays

    Number = TypeVar("Number", np.float32, np.float64)

__all__ = ["Encoder", "SemanticSimilarity", "compile_semantic", "encoder", "unpacked"]

_ALIGNED = 0.6  # share of the alignment of words in the similarity, the rest is the texts' own cosine
_GATE_FROM, _GATE_TO = 0.05, 0.15  # text cosines between which the alignment comes to count fully
_LEAST_NEAR = 1 << 8  # words for which there is room in any case
_MOST_NEAR = 1 << 25  # numbers that are remembered of how close words are
_BLOCK = 1 << 10  # pairs that are compared together, so that arrays stay in the processor's cache
_BLOCK_BYTES = 1 << 18
_BLOCK_NUMBERS = 1 << 20
_SCATTERED = 8  # times as long a number takes to be fetched from anywhere as one of a stretch
_PADDED = 4  # numbers of words are rounded up to a multiple of this
_ROUGH = 1e-4  # no bound is nearer to what it bounds than float32 may be off


def compile_semantic(
    capabilities: Sequence[Sequence[Statement]], encoder: Encoder, *, inferred_weight: float
) -> Arrays:
    """The arrays of a semantic similarity.

    Args:
        capabilities: What is said of each of C capabilities.
        encoder: The table of words.
        inferred_weight: What a word that no source states counts, in [0, 1].
    """
    texts = [(at, bag) for at, bag in _said(capabilities, encoder, inferred_weight) if len(bag.rows)]
    weights = [encoder.telling(bag.rows) for _, bag in texts]
    rows = np.concatenate([np.zeros(0, np.intp), *[bag.rows for _, bag in texts]])
    held, places = np.unique(rows, return_inverse=True)
    directions = np.array([encoder.encode(bag) for _, bag in texts]).reshape(len(texts), encoder.n_dimensions)
    return {
        "n_capabilities": np.array(len(capabilities)),
        "owners": np.array([at for at, _ in texts], dtype=np.intp),
        "sizes": np.array([len(bag.rows) for _, bag in texts], dtype=np.intp),
        "weights": np.concatenate([np.zeros(0), *[w / w.sum() for w in weights]]),
        "texts": directions,
        "rough": directions.astype(np.float32),
        "places": places,
        "words": encoder.packed(held),
        "telling": encoder.telling(held),
    }


class SemanticSimilarity:
    """How close a problem and a capability are in meaning, from the meanings of their words.

    Two views, averaged. The cosine of the texts' directions (weighted sums of their words' directions, after Arora et
    al. 2017; the problem's title weighs as much as its whole text); and the alignment of their words: each word is
    matched with the closest one of the other text (squared cosine), the weighted means of both sides, geometric mean
    (a soft precision and recall as in BERTScore, Zhang et al. 2020). The alignment tells a text that shares the
    subject from one that shares the trade only; it comes to count with the texts' cosine, so that it need not be
    worked out for most pairs, and nothing depends on what else is loaded. Each language of a capability is a text of
    its own and the better one counts.

    Sums that decide a similarity run over one pair only and in a fixed order; products of whole matrices are used where
    they are exact, and for bounds.

    Args:
        arrays: What ``compile_semantic`` gives.
        encoder: The table of words.
    """

    def __init__(self, arrays: Arrays, encoder: Encoder) -> None:
        self._encoder = encoder
        self.n_capabilities = int(arrays["n_capabilities"])
        self.owners = arrays["owners"].astype(np.intp, copy=False)
        self._sizes = arrays["sizes"].astype(np.intp, copy=False)
        self._starts = (np.cumsum(self._sizes) - self._sizes).astype(np.intp)
        self._weights = np.asarray(arrays["weights"].astype(np.float64, copy=False))
        self._texts = np.asarray(arrays["texts"].astype(np.float64, copy=False))
        self._rough = np.asarray(arrays["rough"].astype(np.float32, copy=False))
        self._places = np.asarray(arrays["places"].astype(np.intp, copy=False))
        self._words = unpacked(np.asarray(arrays["words"]).astype(np.uint8, copy=False))
        self._telling = np.asarray(arrays["telling"].astype(np.float32, copy=False))
        self.n_words = len(self._words)
        self._lengths = lengths_of(self._words)
        self._near = _Near(self._words, self._lengths, encoder.n_words)
        self._stops = np.searchsorted(self.owners, np.arange(self.n_capabilities + 1))
        self._first = starts_of(self.owners)  # text of each capability that has any

    def similarities(self, problems: Sequence[Request]) -> FloatArray:
        """The similarity of each problem to each capability.

        Returns:
            Shape (P, C), float64, in [0, 1]. A row is all zero when its problem has no known word.
        """
        parts = [np.zeros((0, self.n_capabilities))]
        for part in slices(problems, len(self.owners)):
            asked = self.read(problems[part])
            n_problems, every = len(asked.problems), np.arange(self.n_capabilities)
            pairs = np.repeat(np.arange(n_problems), len(every)), np.tile(every, n_problems)
            parts.append(self.of_pairs(asked, *pairs).reshape(n_problems, len(every)))
        return np.concatenate(parts)

    def similarities_to(self, capability: int, problems: Sequence[Request]) -> FloatArray:
        """One column of ``similarities``: shape (P,), without working out the others."""
        asked = self.read(problems)
        return self.of_pairs(asked, np.arange(len(problems)), np.full(len(problems), capability))

    def read(self, problems: Sequence[Request]) -> Asked:
        """The words and the directions of problems; the methods below tell how close these are."""
        return read(problems, self._encoder)

    def of_pairs(self, asked: Asked, problems: Rows, capabilities: Rows) -> FloatArray:
        """The similarity of n pairs of a problem and a capability, problems in rising order: shape (n,), in [0, 1]."""
        found = np.zeros(len(problems))
        for at in range(0, len(problems), _BLOCK):
            part = slice(at, at + _BLOCK)
            pairs, texts = self._texts_of(capabilities[part])
            if len(pairs):
                first = starts_of(pairs)
                best = np.maximum.reduceat(self._closeness(asked, problems[part][pairs], texts), first)
                found[part][pairs[first]] = np.minimum(np.maximum(best, 0.0), 1.0)
        return found

    def _texts_of(self, capabilities: Rows) -> tuple[Rows, Rows]:
        """The texts of some capabilities, and for each text which of the capabilities given it belongs to."""
        start = self._stops[capabilities]
        sizes = self._stops[capabilities + 1] - start
        return np.repeat(np.arange(len(capabilities)), sizes), ranges(start, sizes)

    def _closeness(self, asked: Asked, problems: Rows, texts: Rows) -> FloatArray:
        """The similarity of n pairs of a problem and a text, problems in rising order: shape (n,)."""
        cosines = np.maximum((self._texts[texts] * asked.directions[problems]).sum(axis=1), 0.0)
        gates = _gate(cosines)
        near = np.flatnonzero(gates)
        aligned = np.zeros(len(cosines))
        if len(near):
            aligned[near] = gates[near] * self._alignment(asked, problems[near], texts[near])
        closeness: FloatArray = (1 - _ALIGNED) * cosines + _ALIGNED * aligned
        return closeness

    def _alignment(self, asked: Asked, problems: Rows, texts: Rows) -> FloatArray:
        """The soft precision and recall of the words of n pairs of a problem and a text, geometric mean: shape (n,)."""
        sizes = self._sizes[texts]
        starts = np.cumsum(sizes) - sizes
        members = ranges(self._starts[texts], sizes)
        places = self._places[members]
        recall, precision = np.zeros(len(members)), np.zeros(len(texts))
        ends = [*starts.tolist(), len(members)]
        for start, stop in pairwise([*starts_of(problems).tolist(), len(problems)]):
            kept = asked.kept[problems[start]]
            if len(kept.rows):
                span = slice(ends[start], ends[stop])
                closest = self._near.rows(asked, kept.rows, places[span])
                recall[span] = closest.max(axis=0)
                best = np.maximum.reduceat(closest, starts[start:stop] - span.start, axis=1)
                precision[start:stop] = (np.ascontiguousarray(best.T) * kept.weights).sum(axis=1)
        recall *= self._weights[members]
        aligned: FloatArray = np.sqrt(precision * np.add.reduceat(recall, starts))
        return aligned

    def bounds(self, asked: Asked) -> NDArray[np.float32]:
        """What the similarity of each problem to each capability does not exceed: shape (P, C), in [0, 1].

        A precision is at most the sum over the words of the text of what each gives; recall and cosine are taken as
        they are, to the digits of float32.
        """
        bounds = np.zeros((len(asked.problems), self.n_capabilities), np.float32)
        if not len(self.owners):
            return bounds
        n_problems = len(asked.problems)
        known = np.zeros((2 * n_problems, self.n_words + 1), np.float32)  # what each word gives, and how close it is
        self._near.learn(asked)
        for at, kept in enumerate(asked.kept):
            if len(kept.rows):
                near = self._near.rows(asked, kept.rows)
                np.matmul(kept.weights.astype(np.float32), near, out=known[at, :-1])
                near.max(axis=0, out=known[n_problems + at, :-1])
        known[n_problems:, :-1] *= self._telling
        sums = self._sums(np.ascontiguousarray(known.T))
        directions = np.ascontiguousarray(asked.directions.astype(np.float32).T)
        found = np.empty((len(self._first), n_problems), np.float32)
        step = max(1, _BLOCK_BYTES // directions[:1].nbytes)
        for at in range(0, len(found), step):  # in the processor's cache
            first = self._first[at : at + step]
            texts = slice(first[0], self._first[at + step] if at + step < len(found) else len(self.owners))
            cosines = self._rough[texts] @ directions
            cosines += np.float32(_ROUGH)
            np.maximum(cosines, np.float32(0), out=cosines)
            aligned = np.minimum(sums[texts, :n_problems], np.float32(1))
            aligned *= sums[texts, n_problems:]
            np.sqrt(aligned, out=aligned)
            aligned *= _gate(cosines)
            aligned *= np.float32(_ALIGNED)
            cosines *= np.float32(1 - _ALIGNED)
            cosines += aligned
            if len(first) == len(cosines):
                found[at : at + step] = cosines
            else:
                np.maximum.reduceat(cosines, first - texts.start, axis=0, out=found[at : at + step])
        found *= np.float32(1 + _ROUGH)
        found += np.float32(_ROUGH)
        bounds[:, self.owners[self._first]] = np.minimum(found, np.float32(1), out=found).T
        return bounds

    def _sums(self, known: NDArray[np.float32]) -> NDArray[np.float32]:
        """The sums over the words of each text; of the second half of the columns the mean, by how telling words are.

        Args:
            known: Shape (V + 1, 2 P), the second half of the columns times how telling each word is.

        Returns:
            Shape (texts, 2 P).
        """
        n_columns = known.shape[1]
        sums = np.empty((len(self.owners), n_columns), np.float32)
        step = max(1, _BLOCK_BYTES // known[:1].nbytes)
        buffer, total = np.empty((2, step, n_columns), np.float32)
        for texts, places, totals in self._by_size:
            for at in range(0, len(texts), step):
                block = slice(at, at + step)
                held, added = buffer[: len(texts[block])], total[: len(texts[block])]
                added[:] = 0
                for place in places[:, block]:
                    known.take(place, axis=0, out=held, mode="clip")
                    added += held
                added[:, n_columns // 2 :] /= totals[block, None]
                sums[texts[block]] = added
        return sums

    @cached_property
    def _by_size(self) -> list[tuple[Rows, Rows, NDArray[np.float32]]]:
        """Texts of about as many words: which they are, the places of their nth words, and how telling all are.

        What a text is short of is filled up with a word beyond all others that weighs nothing.
        """
        found = []
        padded = -(-self._sizes // _PADDED) * _PADDED
        telling = np.append(self._telling, np.float32(0))
        for size in distinct(padded)[0].tolist():
            texts = np.flatnonzero(padded == size)
            nth = np.arange(size)[:, None]
            is_there = nth < self._sizes[texts]
            places = np.where(is_there, self._places[np.where(is_there, self._starts[texts] + nth, 0)], self.n_words)
            found.append((texts, places, telling[places].sum(axis=0)))
        return found

    def of_sentences(self, asked: Asked, problems: Rows, capabilities: Rows) -> list[FloatArray]:
        """The similarity of each distinct sentence of a problem to a capability, for n pairs of these.

        Problems stand in rising order. Of each pair an array of shape (S,), in [0, 1], S being its problem's.
        """
        words = asked.words()
        pairs, texts = self._texts_of(capabilities)
        spans = np.searchsorted(words.sentences, words.first)
        aligned = np.searchsorted(words.kept, spans).tolist()
        of_texts = np.searchsorted(problems[pairs], np.arange(len(words.first))).tolist()
        found = [np.zeros(0)] * len(problems)
        bounds = [*starts_of(problems).tolist(), len(problems)] if len(problems) else []
        for start, stop in pairwise(bounds):
            at = int(problems[start])
            close = np.zeros((stop - start, int(words.first[at + 1] - words.first[at])))
            chosen, span = slice(of_texts[at], of_texts[at + 1]), slice(*spans[at : at + 2].tolist())
            if span.start < span.stop and chosen.start < chosen.stop:
                owners, held = pairs[chosen] - start, words.sentences[span]
                said, first = starts_of(held), starts_of(owners)
                kept = slice(aligned[at], aligned[at + 1])
                closeness = self._sentence_closeness(asked, words, span, said, kept, texts[chosen])
                best = np.maximum.reduceat(closeness, first, axis=1)
                close[owners[first][:, None], held[said] - words.first[at]] = best.T
            found[start:stop] = np.minimum(np.maximum(close, 0.0), 1.0)
        return found

    def _sentence_closeness(
        self, asked: Asked, words: Words, span: slice, said: Rows, kept: slice, texts: Rows
    ) -> FloatArray:
        """The similarity of the sentences of a problem that hold known words to some texts.

        Args:
            asked: The problems.
            words: The words of their sentences.
            span: Those of this problem.
            said: Where each of its sentences begins within these.
            kept: Which of the words that are aligned are its own.
            texts: Any number.

        Returns:
            Shape (sentences, texts).
        """
        vectors = weighted(asked.vectors.take(words.rows[span], axis=0), words.factors[span])
        directions = np.empty((len(said), vectors.shape[1]))
        for direction, (start, stop) in zip(directions, pairwise([*said.tolist(), len(vectors)]), strict=True):
            np.add.reduce(vectors[start:stop], axis=0, out=direction)
        lengths = np.sqrt((directions**2).sum(axis=1))[:, None]
        directions /= np.where(lengths > 0, lengths, 1.0)
        cosines = np.maximum((self._texts[texts] * directions[:, None]).sum(axis=2), 0.0)
        sizes = self._sizes[texts]
        starts = np.cumsum(sizes) - sizes
        members = ranges(self._starts[texts], sizes)
        own = words.kept[kept]
        first = starts_of(words.sentences[own])
        near = self._near.rows(asked, words.rows[own], self._places[members])
        recall = np.maximum.reduceat(near, first, axis=0).astype(np.float64) * self._weights[members]
        recall = np.add.reduceat(recall, starts, axis=1)
        best = np.maximum.reduceat(near, starts, axis=1).astype(np.float64)
        precision = np.add.reduceat(best * words.shares[kept, None], first, axis=0)
        closeness: FloatArray = (1 - _ALIGNED) * cosines + _ALIGNED * _gate(cosines) * np.sqrt(precision * recall)
        return closeness


class _Near:
    """How close words of problems are to the words of the profiles; what was worked out is remembered for a while."""

    def __init__(self, words: NDArray[np.float32], lengths: NDArray[np.float32], n_rows: int) -> None:
        self._words = words
        self._lengths = lengths
        self._most = max(_LEAST_NEAR, _MOST_NEAR // max(len(words), 1))
        self._slots = np.full(n_rows, -1)
        self._n_used = 0

    @cached_property
    def _table(self) -> NDArray[np.float32]:
        return np.empty((self._most, len(self._words)), dtype=np.float32)

    def learn(self, asked: Asked) -> None:
        """Work out the words of all problems at once, as far as they find room."""
        self._slots_of(asked, np.arange(min(len(asked.held), self._most)))

    def rows(self, asked: Asked, rows: Rows, places: Rows | None = None) -> NDArray[np.float32]:
        """Squared cosines, negative ones as 0, of words of a problem (rows) and of the profiles, or some of these.

        What is given for all of the profiles is good until the next call.
        """
        if places is not None and len(rows) > self._most:  # a very long problem
            return closeness_of(asked.vectors[rows], self._words[places], self._lengths[places])
        slots = self._slots_of(asked, rows)
        if places is not None and (len(rows) > MOST_WORDS or len(places) * _SCATTERED < len(self._words)):
            return self._table.ravel().take(slots[:, None] * len(self._words) + places, mode="clip")
        whole = self._table.take(slots, axis=0, out=self._buffer[: len(slots)], mode="clip")
        return whole if places is None else whole.take(places, axis=1, mode="clip")

    @cached_property
    def _buffer(self) -> NDArray[np.float32]:
        return np.empty((MOST_WORDS, len(self._words)), dtype=np.float32)  # a new one costs more than to fill it

    def _slots_of(self, asked: Asked, rows: Rows) -> Rows:
        slots = self._slots[asked.held[rows]]
        if slots.min(initial=0) < 0:
            missing = distinct(rows[slots < 0])[0]
            if self._n_used + len(missing) > self._most:
                self._slots[:], self._n_used = -1, 0
                missing = distinct(rows)[0]
            start, self._n_used = self._n_used, self._n_used + len(missing)
            self._slots[asked.held[missing]] = np.arange(start, self._n_used)
            closeness_of(asked.vectors[missing], self._words, self._lengths, out=self._table[start : self._n_used])
            slots = self._slots[asked.held[rows]]
        return slots


def joined_parts(parts: Sequence[tuple[Arrays, Rows]]) -> Arrays:
    """The arrays of some capabilities of several similarities, of each in rising order, one after another."""
    found: dict[str, list[NDArray[np.generic]]] = {
        name: [] for name in ("owners", "sizes", "weights", "texts", "places", "words", "telling")
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
        found["weights"].append(arrays["weights"][members])
        found["texts"].append(arrays["texts"][texts])
        found["places"].append(places + n_words)
        found["words"].append(arrays["words"][held])
        found["telling"].append(arrays["telling"][held])
        n_capabilities += len(chosen)
        n_words += len(held)
    joined: dict[str, NDArray[np.generic]] = {name: np.concatenate(held) for name, held in found.items()}
    return {**joined, "n_capabilities": np.array(n_capabilities), "rough": joined["texts"]}


def closeness_of(
    words: NDArray[np.float32],
    known: NDArray[np.float32],
    lengths: NDArray[np.float32],
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Squared cosines, negative ones as 0, of words of a problem (rows) and known words (columns)."""
    found = np.empty((len(words), len(known)), np.float32) if out is None else out
    own = lengths_of(words)[:, None]
    step = max(1, _BLOCK_NUMBERS // max(len(known), 1))
    for at in range(0, len(words), step):
        part = found[at : at + step]
        np.matmul(words[at : at + step], known.T, out=part)  # exact: sums of whole numbers below 2**24
        np.maximum(part, 0, out=part)
        part /= lengths * own[at : at + step]
        part *= part
    return found


def _gate(cosines: NDArray[Number]) -> NDArray[Number]:
    """To what share the alignment of words counts."""
    share = (cosines - cosines.dtype.type(_GATE_FROM)) / cosines.dtype.type(_GATE_TO - _GATE_FROM)
    np.maximum(share, 0, out=share)
    np.minimum(share, 1, out=share)
    return share


def _said(
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
