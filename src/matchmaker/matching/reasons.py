"""Why a problem and a capability match: keywords found, sentences close in meaning, what nothing covers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from matchmaker.domain import Problem, Reason
from matchmaker.matching.cases import Experience
from matchmaker.matching.encoder import encoder
from matchmaker.matching.keywords import Found, Hits, place
from matchmaker.matching.postings import ranges, starts_of
from matchmaker.matching.problemwords import read_words
from matchmaker.matching.semantic import SemanticSimilarity
from matchmaker.text import PreparedText, prepare

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.matching.postings import FloatArray

_DIGITS = 6
_MOST_KEYWORDS = 4  # reasons of kind keyword in a match
_LEAST_FOUND = 0.5  # a keyword found less than this is no reason to show
_LEAST_CLOSE = 0.1  # a sentence less close in meaning is not covered; most unrelated pairs stay below


class ReasonFinder:
    """Finds what explains the matches of some problems; positions in reasons are positions in a problem's text.

    Args:
        problems: What they are.
        requests: The same as they were read.
        hits: The keywords of the profiles that stand in them.
        semantic: Tells how close sentences are to a capability.
    """

    def __init__(
        self, problems: Sequence[Problem], requests: Sequence[PreparedText], hits: Hits, semantic: SemanticSimilarity
    ) -> None:
        self._originals = [problem.text for problem in problems]
        self._texts = requests
        self._hits = hits
        self._semantic = semantic

    def closeness(self, problems: NDArray[np.intp], capabilities: NDArray[np.intp]) -> list[FloatArray]:
        """The semantic similarity of each sentence of a problem to a capability, for n pairs of these.

        Sentences are read as problems of their own. Problems stand in rising order. Of each pair an array of shape
        (S,), rounded to 6 decimals, S being its problem's.
        """
        if not len(problems):
            return []
        starts = starts_of(problems)
        texts = [self._texts[problem] for problem in problems[starts].tolist()]
        n_pairs = np.diff(starts, append=len(problems))
        n_sentences = np.array([len(text.spans) for text in texts], dtype=np.intp)
        sentences = [prepare(text.counted[start:end]) for text in texts for start, end in text.spans]
        owners = np.repeat(np.arange(len(texts)), n_sentences)  # of each sentence
        asked = np.repeat(np.arange(len(sentences)), n_pairs[owners])
        wanted = capabilities[ranges(starts[owners], n_pairs[owners])]
        reading = self._semantic.read_words(read_words(sentences, encoder()))
        found = reading.of_pairs(asked, wanted, {}).round(_DIGITS)
        blocks = np.split(found, np.cumsum(n_pairs * n_sentences)[:-1])
        return [row for block, n in zip(blocks, n_pairs.tolist(), strict=True) for row in block.reshape(-1, n).T]

    def keywords(self, problems: NDArray[np.intp], capabilities: NDArray[np.intp]) -> list[list[Found]]:
        """The keywords found, for n pairs of a problem and a capability, in the order of the profile."""
        return self._hits.found(problems, capabilities)

    def reasons(
        self,
        problems: NDArray[np.intp],
        capabilities: NDArray[np.intp],
        names: Sequence[str],
        with_sentence: NDArray[np.bool_],
    ) -> list[tuple[Reason, ...]]:
        """Why n pairs of a problem and a capability match, problems in rising order.

        Of each pair the keywords found, weightiest first and none on the words of another, then, where asked for, the
        sentence that is closest to what the capability is called by ``names``.
        """
        found = self._hits.found(problems, capabilities)
        close = iter(self.closeness(problems[with_sentence], capabilities[with_sentence]))
        return [
            (*self._weightiest(at, hits), *(self._closest(at, name, next(close)) if with_it else ()))
            for at, hits, name, with_it in zip(problems.tolist(), found, names, with_sentence.tolist(), strict=True)
        ]

    def _weightiest(self, at: int, hits: Sequence[Found]) -> list[Reason]:
        reasons: list[Reason] = []
        for hit in sorted(clear(hits), key=lambda hit: (-hit.weight, hit.keyword.shown)):
            if len(reasons) == _MOST_KEYWORDS:
                break
            reason = self._keyword(at, hit)
            if not any(_overlap(reason, shown) for shown in reasons):
                reasons.append(reason)
        return reasons

    def _closest(self, at: int, name: str, closeness: FloatArray) -> tuple[Reason, ...]:
        best = int(closeness.argmax()) if len(closeness) else 0
        if not (len(closeness) and closeness[best]):
            return ()
        return (self._reason(at, "sentence", name, self._texts[at].spans[best], float(closeness[best])),)

    def marks(self, at: int, capability: int, name: str) -> tuple[Reason, ...]:
        """Every keyword found clearly and every sentence with its closeness, in order of place."""
        pair = np.array([at]), np.array([capability])
        marks = [
            self._reason(at, "sentence", name, span, float(similarity))
            for span, similarity in zip(self._texts[at].spans, *self.closeness(*pair), strict=True)
        ]
        marks += [self._keyword(at, hit) for hits in self._hits.found(*pair) for hit in clear(hits)]
        return tuple(sorted(marks, key=lambda mark: (mark.start or 0, mark.kind, mark.term)))

    def uncovered(self, at: int, capabilities: NDArray[np.intp]) -> tuple[Reason, ...]:
        """The sentences that none of some capabilities covers: none is close in meaning, no keyword stands in them."""
        pairs = np.full(len(capabilities), at), capabilities
        found = [self._span(at, hit) for hits in self._hits.found(*pairs) for hit in clear(hits)]
        closeness = np.max(self.closeness(*pairs), axis=0, initial=0.0)
        return tuple(
            self._reason(at, "sentence", "", span, float(similarity))
            for span, similarity in zip(self._texts[at].spans, closeness, strict=True)
            if similarity < _LEAST_CLOSE and not any(start < span[1] and span[0] < end for start, end in found)
        )

    def _span(self, at: int, hit: Found) -> tuple[int, int]:
        return place(hit.keyword.text, self._texts[at].counted)

    def _keyword(self, at: int, hit: Found) -> Reason:
        keyword = hit.keyword
        return self._reason(at, "keyword", keyword.shown, self._span(at, hit), hit.degree, inferred=keyword.inferred)

    def _reason(
        self,
        at: int,
        kind: Literal["keyword", "sentence"],
        term: str,
        span: tuple[int, int],
        similarity: float,
        *,
        inferred: bool = False,
    ) -> Reason:
        start, end = self._texts[at].normalised.span(*span)
        return Reason(
            kind=kind,
            term=term,
            found=self._originals[at][start:end],
            similarity=round(similarity, _DIGITS),
            start=start,
            end=end,
            inferred=inferred,
        )


def clear(hits: Iterable[Found]) -> list[Found]:
    """The keywords that are found clearly enough to be shown."""
    return [hit for hit in hits if hit.degree >= _LEAST_FOUND]


def _overlap(one: Reason, other: Reason) -> bool:
    return (
        one.start is not None
        and other.end is not None
        and one.start < other.end
        and (other.start or 0) < (one.end or 0)
    )


def case_reasons(experience: Experience, institute: int) -> tuple[Reason, ...]:
    """The earlier problems that raise or lower an institute."""
    return tuple(
        Reason(kind="case", term=f"{near.id} {near.title}", found="", similarity=near.closeness, outcome=near.outcome)
        for near in experience.nearest.get(institute, ())
    )
