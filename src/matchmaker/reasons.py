"""Why a problem and a capability match: keywords found, sentences close in meaning, what nothing covers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from matchmaker.domain import Problem, Reason
from matchmaker.similarity.asked import Asked
from matchmaker.similarity.cases import Experience
from matchmaker.similarity.keywords import Found, Hits, KeywordSimilarity, place
from matchmaker.similarity.semantic import SemanticSimilarity
from matchmaker.text import is_stable, request

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.similarity.postings import FloatArray

_DIGITS = 6
_MOST_KEYWORDS = 4  # reasons of kind keyword in a match
_LEAST_FOUND = 0.5  # a keyword found less than this is no reason to show
_LEAST_CLOSE = 0.1  # a sentence less close in meaning is not covered; most unrelated pairs stay below


class Because:
    """What explains the matches of one problem; what all of them need is worked out once, when first needed.

    Args:
        problem: What was asked; positions in reasons are positions in its text.
        hits: The keywords of the profiles that stand in some problems.
        asked: The words of the same problems.
        at: Which of them this is.
        keywords: Looks for keywords.
        semantic: Tells how close sentences are to a capability.
    """

    def __init__(
        self,
        problem: Problem,
        hits: Hits,
        asked: Asked,
        at: int,
        *,
        keywords: KeywordSimilarity,
        semantic: SemanticSimilarity,
    ) -> None:
        self.problem = problem
        self.language = problem.language
        self._text = asked.problems[at]
        self._hits = hits
        self._asked = asked
        self._at = at
        self._keywords = keywords
        self._semantic = semantic
        self._closeness: dict[int, FloatArray] = {}

    def compare_sentences(self, capabilities: Sequence[int]) -> None:
        """Work out ``closeness`` for several capabilities at once."""
        closeness = self._of_sentences(np.array(capabilities, dtype=np.intp))
        self._closeness.update(zip(capabilities, closeness.T, strict=True))

    def closeness(self, capability: int) -> FloatArray:
        """The semantic similarity of each of S sentences to a capability: shape (S,), rounded to 6 decimals."""
        if capability not in self._closeness:
            self.compare_sentences([capability])
        return self._closeness[capability]

    def _of_sentences(self, capabilities: NDArray[np.intp]) -> FloatArray:
        """Shape (S, capabilities)."""
        normalised, spans = self._text.normalised, self._text.spans
        shown = [normalised.text[start:end] for start, end in spans]
        if is_stable(normalised.text):
            numbers = {part: number for number, part in enumerate(self._text.parts)}
            found = self._semantic.of_sentences(self._asked, self._at, capabilities)
            return found[[numbers[part] for part in shown]].round(_DIGITS)
        asked = self._semantic.read([request(part) for part in shown])  # as problems of their own they read differently
        order = np.argsort(capabilities, kind="stable")
        found = np.zeros((len(shown), len(capabilities)))
        for at, row in enumerate(found):
            row[order] = self._semantic.to_capabilities(asked, at, capabilities[order])
        return found.round(_DIGITS)

    def reasons(self, capability: int, name: str, *, with_sentence: bool) -> tuple[Reason, ...]:
        """The keywords found, weightiest first and none on the words of another, then the closest sentence."""
        reasons: list[Reason] = []
        for hit in sorted(self._clear(capability), key=lambda hit: (-hit.weight, hit.keyword.shown)):
            if len(reasons) == _MOST_KEYWORDS:
                break
            reason = self._keyword(hit)
            if not any(_overlap(reason, shown) for shown in reasons):
                reasons.append(reason)
        if not with_sentence:
            return tuple(reasons)
        closeness = self.closeness(capability)
        best = int(closeness.argmax()) if len(closeness) else 0
        if len(closeness) and closeness[best]:
            reasons.append(self._reason("sentence", name, self._text.spans[best], float(closeness[best])))
        return tuple(reasons)

    def marks(self, capability: int, name: str) -> tuple[Reason, ...]:
        """Every keyword found clearly and every sentence with its closeness, in order of place."""
        marks = [
            self._reason("sentence", name, span, float(similarity))
            for span, similarity in zip(self._text.spans, self.closeness(capability), strict=True)
        ]
        marks += [self._keyword(hit) for hit in self._clear(capability)]
        return tuple(sorted(marks, key=lambda mark: (mark.start or 0, mark.kind, mark.term)))

    def uncovered(self, capabilities: NDArray[np.intp]) -> tuple[Reason, ...]:
        """The sentences that none of some capabilities covers: none is close in meaning, no keyword stands in them."""
        found = [self._span(hit) for capability in capabilities.tolist() for hit in self._clear(capability)]
        closeness = self._of_sentences(capabilities).max(axis=1, initial=0.0)
        return tuple(
            self._reason("sentence", "", span, float(similarity))
            for span, similarity in zip(self._text.spans, closeness, strict=True)
            if similarity < _LEAST_CLOSE and not any(start < span[1] and span[0] < end for start, end in found)
        )

    def _clear(self, capability: int) -> list[Found]:
        """The keywords of a capability that are found clearly enough to be shown."""
        found = self._keywords.found(self._hits, self._at, capability)
        return [hit for hit in found.get(capability, []) if hit.degree >= _LEAST_FOUND]

    def _span(self, hit: Found) -> tuple[int, int]:
        return place(hit.keyword.text, self._text.normalised.text)

    def _keyword(self, hit: Found) -> Reason:
        keyword = hit.keyword
        return self._reason("keyword", keyword.shown, self._span(hit), hit.degree, inferred=keyword.inferred)

    def _reason(
        self,
        kind: Literal["keyword", "sentence"],
        term: str,
        span: tuple[int, int],
        similarity: float,
        *,
        inferred: bool = False,
    ) -> Reason:
        start, end = self._text.normalised.span(*span)
        return Reason(
            kind=kind,
            term=term,
            found=self.problem.text[start:end],
            similarity=round(similarity, _DIGITS),
            start=start,
            end=end,
            inferred=inferred,
        )


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
