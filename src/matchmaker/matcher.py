"""From problems to shortlists: similarities, score, rank, reasons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from matchmaker.domain import (
    Capability,
    Institute,
    Match,
    MatchedCapability,
    Named,
    Problem,
    Reason,
    Registry,
    Removal,
    Shortlist,
    Strength,
)
from matchmaker.errors import Fault, ProblemError, did_you_mean
from matchmaker.institutes import cite
from matchmaker.settings import Settings
from matchmaker.similarity.keywords import Found, KeywordSimilarity, compile_keywords, place
from matchmaker.similarity.lexical import LexicalSimilarity, compile_lexical
from matchmaker.similarity.postings import prefixed, under
from matchmaker.similarity.profiles import statements
from matchmaker.similarity.rarity import background
from matchmaker.text import Request, request, sentences

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.similarity.postings import Arrays

    FloatArray: TypeAlias = NDArray[np.float64]


_DIGITS = 6  # every similarity and score is rounded to this before it is ranked
_MOST_KEYWORDS = 4  # reasons of kind keyword in a match
_LEAST_FOUND = 0.5  # a keyword found less than this is no reason to show
_MOST_EVIDENCE = 5
_MOST_MATCHES = 5
_STRENGTHS: dict[Strength | None, int] = {"A": 0, "B": 1, "C": 2, None: 3}


@dataclass(frozen=True, slots=True)
class FoundCapability:
    """A capability found by ``Matcher.search``; the score is in [0, 1]."""

    institute: Institute
    capability: Capability
    score: float


@dataclass(frozen=True, slots=True)
class _Row:
    """The similarities of one problem to C capabilities, each of shape (C,)."""

    keywords: FloatArray
    lexical: FloatArray


def compile_profiles(registry: Registry, settings: Settings) -> Arrays:
    """What the similarities need to know of the profiles, worked out; the institutes are taken in order of id."""
    in_order = sorted(registry.institutes, key=lambda institute: institute.id)
    said = [statements(capability) for institute in in_order for capability in institute.capabilities]
    return {
        **prefixed("keywords", compile_keywords(said, background())),
        **prefixed("lexical", compile_lexical(said, background(), inferred_weight=settings.inferred_weight)),
    }


class Matcher:
    """Scores problems against the institutes of a registry.

    Built once; the same problem always gets the same shortlist, whatever else is matched with it.

    Args:
        registry: The institutes.
        settings: Weights and bounds; the shipped ones when not given.
        compiled: What ``compile_profiles`` gives for this registry and these settings, where it is at hand.
    """

    def __init__(self, registry: Registry, settings: Settings | None = None, *, compiled: Arrays | None = None) -> None:
        in_order = sorted(registry.institutes, key=lambda institute: institute.id)
        self.registry = registry.model_copy(update={"institutes": tuple(in_order)})
        self.settings = settings or Settings()
        owned = [(at, item) for at, institute in enumerate(in_order) for item in institute.capabilities]
        self._capabilities = [item for _, item in owned]
        self._owners = np.array([at for at, _ in owned], dtype=np.intp)
        self._starts = np.searchsorted(self._owners, np.arange(len(in_order)))
        self._via_parent = np.array([item.via_parent for item in self._capabilities], dtype=np.bool_)
        self._tie_rank = _tie_ranks(self._capabilities)
        compiled = compile_profiles(self.registry, self.settings) if compiled is None else compiled
        inferred_weight = self.settings.inferred_weight
        self._keywords = KeywordSimilarity(under("keywords", compiled), inferred_weight=inferred_weight)
        self._lexical = LexicalSimilarity(under("lexical", compiled), background())

    def match(self, problems: Iterable[Problem], *, top: int | None = _MOST_MATCHES) -> list[Shortlist]:
        """A shortlist for each problem, in their order.

        Args:
            problems: Any number of them; none gives an empty list.
            top: How many matches a shortlist holds at most; all institutes when None.

        Returns:
            Shortlists; matches stand by score rounded to 6 decimals, then the institute's own capability before one
            of its parent, then by strength of evidence, then by id.

        Raises:
            ProblemError: A limit of a problem names an institute that is not in the registry.
            ValueError: ``top`` is below 1.
        """
        if top is not None and top < 1:
            raise ValueError(f"top must be 1 or more, not {top}")
        asked = list(problems)
        faults = [fault for problem in asked for fault in self.limit_faults(problem)]
        if faults:
            raise ProblemError(faults)
        texts = [request(problem.text) for problem in asked]
        return [self._shortlist(*row, top) for row in zip(asked, texts, self._similarities(texts), strict=True)]

    def scores(self, problems: Iterable[Problem]) -> FloatArray:
        """The score of every institute for every problem, limits of problems left aside.

        Returns:
            Shape (P, I), float64, in [0, 1], rounded to 6 decimals; institutes in the order of the registry.
        """
        rows = self._similarities([request(problem.text) for problem in problems])
        everything = np.ones(len(self._capabilities), dtype=np.bool_)
        return np.array([self._pool(row, everything)[0] for row in rows]).reshape(len(rows), len(self._starts))

    def search(self, text: str, *, top: int = 10) -> list[FoundCapability]:
        """The capabilities closest to a text, an institute's name included, best first.

        Args:
            text: A name, a keyword or a sentence.
            top: How many at most.

        Returns:
            Capabilities with a similarity above zero; ties own before parent, then by strength and id. A text that is
            called like an institute gives all capabilities of that institute, with score 1.
        """
        row = self._similarities([request(text)])[0]
        strengths = self._strengths(row)
        scores = np.round(1 / (1 + np.exp(-(self.settings.intercept + strengths))), _DIGITS)
        called = np.array([institute.is_called(text) for institute in self.registry.institutes])[self._owners]
        scores = np.where(called, 1.0, np.where(strengths > 0, scores, 0.0))
        ranked = np.lexsort((self._owners, self._tie_rank, -scores))
        return [
            FoundCapability(self.registry.institutes[self._owners[at]], self._capabilities[at], float(scores[at]))
            for at in ranked[:top].tolist()
            if scores[at] > 0
        ]

    def _strengths(self, row: _Row) -> FloatArray:
        """What the similarities of each capability add to the log odds: shape (C,), 0 or more."""
        weights = self.settings.weights
        added = weights.keywords * np.sqrt(row.keywords) + weights.lexical * np.sqrt(row.lexical)
        return np.asarray(np.round(added, _DIGITS), dtype=np.float64)

    def _similarities(self, texts: Sequence[Request]) -> list[_Row]:
        keywords = np.round(self._keywords.similarities(texts), _DIGITS)
        lexical = np.round(self._lexical.similarities(texts), _DIGITS)
        return [_Row(*row) for row in zip(keywords, lexical, strict=True)]

    def limit_faults(self, problem: Problem) -> list[Fault]:
        """Names in ``exclude`` and ``require.institutes`` that no institute of the registry bears."""
        limits = [("exclude", name) for name in problem.exclude]
        limits += [("require.institutes", name) for name in problem.require.institutes]
        faults = []
        for field, name in limits:
            if not any(institute.is_called(name) for institute in self.registry.institutes):
                ids = [institute.id for institute in self.registry.institutes]
                known = did_you_mean(name, [*ids, *(n for i in self.registry.institutes for n in i.name.both())])
                place = f"problem '{problem.id or problem.title}', {field}"
                remedy = f"known: {', '.join(ids[:20])}"
                faults.append(Fault(place, f"no institute is called '{name}'{known}", remedy))
        return faults

    def _shortlist(self, problem: Problem, text: Request, row: _Row, top: int | None) -> Shortlist:
        counted = ~self._via_parent if problem.require.own else np.ones(len(self._capabilities), dtype=np.bool_)
        scores, best = self._pool(row, counted)
        removed, kept = [], []
        for at, institute in enumerate(self.registry.institutes):
            limit = _limit(problem, institute, has_counted=bool(counted[best[at]]))
            if limit:
                removed.append(Removal(institute=institute.id, name=institute.name, limit=limit))
            else:
                kept.append(at)
        kept.sort(key=lambda at: (-scores[at], self._tie_rank[best[at]] // len(self._capabilities), at))
        best_level = self.settings.level(scores[kept[0]]) if kept else "none"
        because = _Because(self._keywords, self._lexical, problem, text)
        matches = [
            self._match(rank, at, int(best[at]), float(scores[at]), because, row)
            for rank, at in enumerate(kept[:top], 1)
        ]
        return Shortlist(
            problem=problem,
            verdict="matched" if best_level in ("strong", "fair") else "none",
            matches=tuple(matches),
            fallback=self._fallback(problem),
            removed=tuple(removed),
            settings=self.settings.fingerprint,
            institutes=self.registry.fingerprint,
        )

    def _pool(self, row: _Row, counted: NDArray[np.bool_]) -> tuple[FloatArray, NDArray[np.intp]]:
        """The score of each institute over the capabilities that count, and its best one.

        Capabilities are pooled by falling weights, scaled to sum to one over those there are: a further capability
        never raises the score above what the best one alone would give.

        Returns:
            Scores of shape (I,), rounded to 6 decimals; capability numbers of shape (I,). An institute without a
            capability that counts scores 0.
        """
        strengths = np.where(counted, self._strengths(row), -np.inf)
        order = np.lexsort((self._tie_rank, -strengths, self._owners))
        n_counted = np.bincount(self._owners, weights=counted, minlength=len(self._starts))
        pooled, total = np.zeros(len(self._starts)), np.zeros(len(self._starts))
        for nth, weight in enumerate(self.settings.pooling):
            there = n_counted > nth
            at = order[np.where(there, self._starts + nth, self._starts)]
            pooled += np.where(there, weight * np.where(there, strengths[at], 0.0), 0.0)
            total += np.where(there, weight, 0.0)
        odds = self.settings.intercept + pooled / np.where(total > 0, total, 1.0)
        scores: FloatArray = np.where(total > 0, 1 / (1 + np.exp(-odds)), 0.0).round(_DIGITS)
        return scores, order[self._starts]

    def _fallback(self, problem: Problem) -> Named | None:
        """Whom to ask when nobody fits: the first transfer centre by id that the problem does not exclude."""
        for institute in self.registry.institutes:
            excluded = any(institute.is_called(name) for name in problem.exclude)
            if institute.role == "transfer_centre" and not excluded:
                return Named(id=institute.id, name=institute.name)
        return None

    def _match(self, rank: int, at: int, best: int, score: float, because: _Because, row: _Row) -> Match:
        institute = self.registry.institutes[at]
        capability = self._capabilities[best]
        language = because.problem.language
        cited = [
            cite(self.registry, evidence, language, via_parent=capability.via_parent)
            for evidence in capability.evidence[:_MOST_EVIDENCE]
        ]
        return Match(
            rank=rank,
            institute=institute.id,
            name=institute.name,
            score=score,
            level=self.settings.level(score),
            capability=MatchedCapability(
                id=capability.id,
                name=capability.name,
                via_parent=capability.via_parent,
                strength=capability.strength,
            ),
            similarities={
                "keywords": float(row.keywords[best]),
                "lexical": float(row.lexical[best]),
                "semantic": None,
                "cases": None,
            },
            reasons=because.reasons(best, capability.name.in_language(language)),
            evidence=tuple(cited),
        )


class _Because:
    """What explains the matches of one problem; what all of them need is worked out once, when first needed."""

    def __init__(
        self, keywords: KeywordSimilarity, lexical: LexicalSimilarity, problem: Problem, text: Request
    ) -> None:
        self.problem = problem
        self._keywords = keywords
        self._lexical = lexical
        self._text = text

    @cached_property
    def _found(self) -> dict[int, list[Found]]:
        return self._keywords.find(self._text)

    @cached_property
    def _sentences(self) -> tuple[list[tuple[int, int]], FloatArray]:
        """The ranges of S sentences, and their lexical similarity to each capability, shape (S, C)."""
        ranges = list(sentences(self._text.normalised.text))
        parts = [request(self._text.normalised.text[start:end]) for start, end in ranges]
        return ranges, np.round(self._lexical.similarities(parts), _DIGITS)

    def reasons(self, capability: int, name: str) -> tuple[Reason, ...]:
        """The keywords found, weightiest first and none on the words of another, then the closest sentence."""
        reasons: list[Reason] = []
        found = sorted(self._found.get(capability, []), key=lambda hit: (-hit.weight, hit.keyword.shown))
        for hit in (hit for hit in found if hit.degree >= _LEAST_FOUND):
            if len(reasons) == _MOST_KEYWORDS:
                break
            start, end = place(hit.keyword.text, self._text.normalised.text)
            reason = self._reason("keyword", hit.keyword.shown, (start, end), hit.degree, inferred=hit.keyword.inferred)
            if not any(_overlap(reason, shown) for shown in reasons):
                reasons.append(reason)
        ranges, similarities = self._sentences
        best = int(similarities[:, capability].argmax()) if ranges else 0
        if ranges and similarities[best, capability]:
            reasons.append(self._reason("sentence", name, ranges[best], float(similarities[best, capability])))
        return tuple(reasons)

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


def _tie_ranks(capabilities: Sequence[Capability]) -> NDArray[np.intp]:
    """The order of capabilities whose strengths are equal: own before parent, A before C, then by id.

    Returns:
        Shape (C,). The rank by own and strength alone is the value divided by C, whole.
    """
    by_id = sorted(range(len(capabilities)), key=lambda at: (capabilities[at].id, at))
    ranks = np.empty(len(capabilities), dtype=np.intp)
    for nth, at in enumerate(by_id):
        capability = capabilities[at]
        ranks[at] = (4 * capability.via_parent + _STRENGTHS[capability.strength]) * len(capabilities) + nth
    return ranks


def _overlap(one: Reason, other: Reason) -> bool:
    return (
        one.start is not None
        and other.end is not None
        and one.start < other.end
        and (other.start or 0) < (one.end or 0)
    )


def _limit(problem: Problem, institute: Institute, *, has_counted: bool) -> str | None:
    """The hard limit of a problem that removes an institute, if any."""
    require = problem.require
    if any(institute.is_called(name) for name in problem.exclude):
        return "exclude"
    if require.institutes and not any(institute.is_called(name) for name in require.institutes):
        return "require.institutes"
    if require.role and institute.role != require.role:
        return f"require.role: {require.role}"
    if require.place and not _lies_in(institute, require.place):
        return f"require.place: {require.place}"
    return None if has_counted else "require.own"


def _lies_in(institute: Institute, place: str) -> bool:
    known = institute.place.both() if institute.place else ()
    return any(place.casefold() in text.casefold() for text in known)
