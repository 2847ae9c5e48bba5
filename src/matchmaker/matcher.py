"""From problems to shortlists: similarities, score, rank, reasons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from matchmaker.domain import (
    Capability,
    Distance,
    Explanation,
    Institute,
    Match,
    MatchedCapability,
    Named,
    Part,
    Problem,
    Registry,
    Removal,
    Shortlist,
    Strength,
)
from matchmaker.errors import Fault, ProblemError, did_you_mean
from matchmaker.institutes import cite
from matchmaker.messages import listed, said
from matchmaker.reasons import Because
from matchmaker.settings import Settings
from matchmaker.similarity.keywords import KeywordSimilarity, compile_keywords
from matchmaker.similarity.lexical import LexicalSimilarity, compile_lexical
from matchmaker.similarity.postings import prefixed, under
from matchmaker.similarity.profiles import statements
from matchmaker.similarity.rarity import background
from matchmaker.similarity.semantic import SemanticSimilarity, compile_semantic, encoder
from matchmaker.text import Request, request

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.similarity.e5 import E5Similarity
    from matchmaker.similarity.postings import Arrays

    FloatArray: TypeAlias = NDArray[np.float64]


FEATURES = ("keywords", "lexical", "semantic")
"""The parts of a score; keywords and lexical enter as their square roots."""
_DIGITS = 6  # every similarity and score is rounded to this before it is ranked
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
    semantic: FloatArray

    @property
    def features(self) -> FloatArray:
        """What the weights are multiplied with: shape (K, C), in the order of ``FEATURES``."""
        return np.stack([np.sqrt(self.keywords), np.sqrt(self.lexical), self.semantic])


@dataclass(frozen=True, slots=True)
class _Pooled:
    """The scores of I institutes, shape (I,), the best capability of each, and their features, shape (K, I)."""

    scores: FloatArray
    best: NDArray[np.intp]
    features: FloatArray


def compile_profiles(registry: Registry, settings: Settings) -> Arrays:
    """What the similarities need to know of the profiles, worked out; the institutes are taken in order of id."""
    in_order = sorted(registry.institutes, key=lambda institute: institute.id)
    said = [statements(capability) for institute in in_order for capability in institute.capabilities]
    return {
        **prefixed("keywords", compile_keywords(said, background())),
        **prefixed("lexical", compile_lexical(said, background(), inferred_weight=settings.inferred_weight)),
        **prefixed("semantic", compile_semantic(said, encoder(), inferred_weight=settings.inferred_weight)),
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
        self._fingerprint = self.settings.fingerprint
        self._weights = np.array([getattr(self.settings.weights, name) for name in FEATURES], dtype=np.float64)
        compiled = compile_profiles(self.registry, self.settings) if compiled is None else compiled
        inferred_weight = self.settings.inferred_weight
        self._keywords = KeywordSimilarity(under("keywords", compiled), inferred_weight=inferred_weight)
        self._lexical = LexicalSimilarity(under("lexical", compiled), background())
        self._semantic = SemanticSimilarity(under("semantic", compiled), encoder())
        self._e5 = self._accurate() if self.settings.encoder == "e5" else None

    def _accurate(self) -> E5Similarity:
        from matchmaker.similarity import e5

        said = [statements(capability) for capability in self._capabilities]
        loaded = e5.encoder()
        compiled = e5.compile_e5(said, loaded, inferred_weight=self.settings.inferred_weight)
        return e5.E5Similarity(compiled, loaded)

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
        pooled = self._pool_all(problems)
        return np.array([one.scores for one in pooled]).reshape(len(pooled), len(self._starts))

    def pooled(self, problems: Iterable[Problem]) -> FloatArray:
        """What the score of every institute for every problem is made of, limits of problems left aside.

        Returns:
            Shape (P, I, K), float64, in [0, 1], K in the order of ``FEATURES``: the score is the logistic function of
            the intercept plus the sum of weight times feature.
        """
        pooled = self._pool_all(problems)
        shape = (len(pooled), len(self._starts), len(FEATURES))
        return np.array([one.features.T for one in pooled]).reshape(shape)

    def _pool_all(self, problems: Iterable[Problem]) -> list[_Pooled]:
        rows = self._similarities([request(problem.text) for problem in problems])
        everything = np.ones(len(self._capabilities), dtype=np.bool_)
        return [self._pool(row, everything) for row in rows]

    def explain(self, problem: Problem, institute: Institute) -> Explanation:
        """Why an institute has its score for a problem, whatever its rank and even where a limit removes it.

        Args:
            problem: As in ``match``.
            institute: One of the registry.

        Raises:
            ProblemError: A limit of the problem names an institute that is not in the registry.
            ValueError: The institute is not in the registry.
        """
        faults = self.limit_faults(problem)
        if faults:
            raise ProblemError(faults)
        at = [known.id for known in self.registry.institutes].index(institute.id)
        text = request(problem.text)
        row = self._similarities([text])[0]
        counted = self._counted(problem)
        pooled = self._pool(row, counted)
        limits = self._limits(problem, pooled, counted)
        order = self._ranked(pooled, [one for one, limit in enumerate(limits) if one == at or not limit])
        because = Because(problem, text, self._keywords, self._semantic)
        score, best = float(pooled.scores[at]), int(pooled.best[at])
        base = round(1 / (1 + float(np.exp(-self.settings.intercept))), _DIGITS) if counted[best] else 0.0
        return Explanation(
            problem=problem,
            match=self._match(order.index(at) + 1, at, best, score, because, row),
            base=base,
            parts=self._parts(pooled.features[:, at], score - base),
            marks=because.marks(best, self._capabilities[best].name.in_language(problem.language)),
            uncovered=because.uncovered(np.flatnonzero(self._owners == at)),
            limit=limits[at],
            next=self._next(order, at, pooled.scores),
            settings=self._fingerprint,
            institutes=self.registry.fingerprint,
        )

    def _parts(self, features: FloatArray, raised: float) -> tuple[Part, ...]:
        """What raises a score above its base, split by what each similarity adds to the log odds.

        The sums are exact in 6 decimals: what rounding leaves goes to the largest part.
        """
        added = self._weights * features
        total = float(added.sum())
        values = [round(raised * float(part) / total, _DIGITS) if total else 0.0 for part in added]
        largest = int(added.argmax())
        values[largest] = round(values[largest] + round(raised, _DIGITS) - sum(values), _DIGITS)
        return tuple(Part(name=name, value=value) for name, value in zip(FEATURES, values, strict=True))

    def _next(self, order: Sequence[int], at: int, scores: FloatArray) -> Distance | None:
        if len(order) == 1:
            return None
        rank = order.index(at)
        other = order[rank + 1] if rank + 1 < len(order) else order[rank - 1]
        institute = self.registry.institutes[other]
        difference = round(float(scores[other] - scores[at]), _DIGITS)
        return Distance(institute=institute.id, name=institute.name, score=float(scores[other]), difference=difference)

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
        added = self._weights @ row.features
        return np.asarray(np.round(added, _DIGITS), dtype=np.float64)

    def _similarities(self, texts: Sequence[Request]) -> list[_Row]:
        keywords = np.round(self._keywords.similarities(texts), _DIGITS)
        lexical = np.round(self._lexical.similarities(texts), _DIGITS)
        meaning = self._semantic.similarities(texts)
        if self._e5 is not None:  # each sees what the other misses; alone the encoder is worse on long profiles
            meaning = (meaning + self._e5.similarities(texts)) / 2
        semantic = np.round(meaning, _DIGITS)
        return [_Row(*row) for row in zip(keywords, lexical, semantic, strict=True)]

    def limit_faults(self, problem: Problem) -> list[Fault]:
        """Names in ``exclude`` and ``require.institutes`` that no institute of the registry bears."""
        limits = [("exclude", name) for name in problem.exclude]
        limits += [("require.institutes", name) for name in problem.require.institutes]
        faults = []
        for field, name in limits:
            if not any(institute.is_called(name) for institute in self.registry.institutes):
                ids = [institute.id for institute in self.registry.institutes]
                known = did_you_mean(name, [*ids, *(n for i in self.registry.institutes for n in i.name.both())])
                place = said("problem '{name}', {field}", name=problem.id or problem.title, field=field)
                finding = said("no institute is called '{name}'{hint}", name=name, hint=known)
                faults.append(Fault(place, finding, said("known: {names}", names=listed(ids[:20]))))
        return faults

    def _shortlist(self, problem: Problem, text: Request, row: _Row, top: int | None) -> Shortlist:
        counted = self._counted(problem)
        pooled = self._pool(row, counted)
        scores, best = pooled.scores, pooled.best
        limits = self._limits(problem, pooled, counted)
        removed = [
            Removal(institute=institute.id, name=institute.name, limit=limit)
            for institute, limit in zip(self.registry.institutes, limits, strict=True)
            if limit
        ]
        kept = self._ranked(pooled, [at for at, limit in enumerate(limits) if not limit])
        best_level = self.settings.level(scores[kept[0]]) if kept else "none"
        because = Because(problem, text, self._keywords, self._semantic)
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
            settings=self._fingerprint,
            institutes=self.registry.fingerprint,
        )

    def _limits(self, problem: Problem, pooled: _Pooled, counted: NDArray[np.bool_]) -> list[str | None]:
        """For each institute the hard limit of the problem that removes it, if any."""
        return [
            _limit(problem, institute, has_counted=bool(counted[best]))
            for institute, best in zip(self.registry.institutes, pooled.best.tolist(), strict=True)
        ]

    def _ranked(self, pooled: _Pooled, institutes: Iterable[int]) -> list[int]:
        """Some institutes, best first; ties own capability before one of the parent, then by strength, then by id."""
        ties = self._tie_rank[pooled.best] // len(self._capabilities)
        return sorted(institutes, key=lambda at: (-pooled.scores[at], ties[at], at))

    def _counted(self, problem: Problem) -> NDArray[np.bool_]:
        """Which capabilities count for a problem: all, or the institutes' own where it requires that."""
        return ~self._via_parent if problem.require.own else np.ones(len(self._capabilities), dtype=np.bool_)

    def _pool(self, row: _Row, counted: NDArray[np.bool_]) -> _Pooled:
        """The score of each institute over the capabilities that count.

        Capabilities are pooled by falling weights, scaled to sum to one over those there are: a further capability
        never raises the score above what the best one alone would give. An institute without a capability that counts
        scores 0.
        """
        strengths = np.where(counted, self._strengths(row), -np.inf)
        order = np.lexsort((self._tie_rank, -strengths, self._owners))
        n_counted = np.bincount(self._owners, weights=counted, minlength=len(self._starts))
        features = row.features
        pooled, total = np.zeros((len(FEATURES), len(self._starts))), np.zeros(len(self._starts))
        for nth, weight in enumerate(self.settings.pooling):
            there = n_counted > nth
            at = order[np.where(there, self._starts + nth, self._starts)]
            pooled += np.where(there, weight * features[:, at], 0.0)
            total += np.where(there, weight, 0.0)
        pooled /= np.where(total > 0, total, 1.0)
        odds = self.settings.intercept + self._weights @ pooled
        scores: FloatArray = np.where(total > 0, 1 / (1 + np.exp(-odds)), 0.0).round(_DIGITS)
        return _Pooled(scores, order[self._starts], pooled)

    def _fallback(self, problem: Problem) -> Named | None:
        """Whom to ask when nobody fits: the first transfer centre by id that the problem does not exclude."""
        for institute in self.registry.institutes:
            excluded = any(institute.is_called(name) for name in problem.exclude)
            if institute.role == "transfer_centre" and not excluded:
                return Named(id=institute.id, name=institute.name)
        return None

    def _match(self, rank: int, at: int, best: int, score: float, because: Because, row: _Row) -> Match:
        institute = self.registry.institutes[at]
        capability = self._capabilities[best]
        language = because.problem.language
        level = self.settings.level(score)
        cited = [
            cite(self.registry, evidence, language, via_parent=capability.via_parent)
            for evidence in capability.evidence[:_MOST_EVIDENCE]
        ]
        return Match(
            rank=rank,
            institute=institute.id,
            name=institute.name,
            score=score,
            level=level,
            capability=MatchedCapability(
                id=capability.id,
                name=capability.name,
                via_parent=capability.via_parent,
                strength=capability.strength,
            ),
            similarities={
                "keywords": float(row.keywords[best]),
                "lexical": float(row.lexical[best]),
                "semantic": float(row.semantic[best]),
                "cases": None,
            },
            reasons=because.reasons(
                best, capability.name.in_language(language), with_sentence=rank == 1 or level != "none"
            ),
            evidence=tuple(cited),
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
