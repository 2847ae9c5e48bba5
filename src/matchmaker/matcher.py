"""From problems to shortlists: similarities, score, rank, reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from matchmaker.domain import (
    Capability,
    Citation,
    Distance,
    Explanation,
    Institute,
    Language,
    Match,
    MatchedCapability,
    Named,
    Part,
    Problem,
    Registry,
    Removal,
    Require,
    Shortlist,
    Strength,
)
from matchmaker.errors import Fault, ProblemError, did_you_mean
from matchmaker.institutes import cite
from matchmaker.reasons import Because
from matchmaker.settings import Settings
from matchmaker.similarity.asked import Asked
from matchmaker.similarity.counting import count_terms, slices
from matchmaker.similarity.keywords import Hits, KeywordSimilarity, compile_keywords
from matchmaker.similarity.lexical import LexicalSimilarity, compile_lexical
from matchmaker.similarity.postings import prefixed, ranges, under
from matchmaker.similarity.profiles import statements
from matchmaker.similarity.rarity import background
from matchmaker.similarity.semantic import SemanticSimilarity, compile_semantic, encoder
from matchmaker.text import request

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.similarity.e5 import E5Similarity
    from matchmaker.similarity.postings import Arrays

    FloatArray: TypeAlias = NDArray[np.float64]


FEATURES = ("keywords", "lexical", "semantic")
"""The parts of a score; keywords and lexical enter as their square roots."""
_DIGITS = 6  # every similarity and score is rounded to this before it is ranked
_MARGIN = 1e-5  # what a bound is above all that rounding may add
_AHEAD = 6  # so many institutes more than are asked for are scored first
_NEAR = 0.2  # a capability whose bound is so near to that of one that is pooled may well be pooled in its place
_NO_LIMITS = Require()
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
    """The similarities of one problem to n capabilities, each of shape (n,)."""

    capabilities: NDArray[np.intp]
    keywords: FloatArray
    lexical: FloatArray
    semantic: FloatArray

    @property
    def features(self) -> FloatArray:
        """What the weights are multiplied with: shape (K, n), in the order of ``FEATURES``."""
        return np.stack([np.sqrt(self.keywords), np.sqrt(self.lexical), self.semantic])


@dataclass(frozen=True, slots=True)
class _Pooled:
    """The scores of n institutes, shape (n,), the best capability of each, and their features, shape (K, n).

    ``best`` are places in ``row``.
    """

    institutes: NDArray[np.intp]
    scores: FloatArray
    best: NDArray[np.intp]
    features: FloatArray
    row: _Row

    def joined(self, other: _Pooled) -> _Pooled:
        """These and other institutes."""
        columns = ((getattr(self.row, name), getattr(other.row, name)) for name in _Row.__slots__)
        return _Pooled(
            institutes=np.concatenate([self.institutes, other.institutes]),
            scores=np.concatenate([self.scores, other.scores]),
            best=np.concatenate([self.best, other.best + len(self.row.capabilities)]),
            features=np.concatenate([self.features, other.features], axis=1),
            row=_Row(*(np.concatenate(pair) for pair in columns)),
        )


@dataclass(frozen=True, slots=True)
class _Shown:
    """How a capability is shown in one language."""

    capability: MatchedCapability
    name: str
    evidence: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class _Compared:
    """Some problems and what is known of all capabilities for them.

    ``accurate`` is what the encoder of the accurate mode says, if it is asked.
    """

    problems: Sequence[Problem]
    hits: Hits
    lexical: FloatArray
    asked: Asked
    accurate: FloatArray | None


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
        self._sizes = np.bincount(self._owners, minlength=len(in_order))
        self._via_parent = np.array([item.via_parent for item in self._capabilities], dtype=np.bool_)
        self._tie_rank = _tie_ranks(self._capabilities)
        self._fingerprint = self.settings.fingerprint
        self._weights = np.array([getattr(self.settings.weights, name) for name in FEATURES], dtype=np.float64)
        compiled = compile_profiles(self.registry, self.settings) if compiled is None else compiled
        self._compiled = compiled
        inferred_weight = self.settings.inferred_weight
        self._keywords = KeywordSimilarity(under("keywords", compiled), inferred_weight=inferred_weight)
        self._lexical = LexicalSimilarity(under("lexical", compiled), background())
        self._semantic = SemanticSimilarity(under("semantic", compiled), encoder())
        self._e5 = self._accurate() if self.settings.encoder == "e5" else None
        self._known: dict[tuple[int, Language], _Shown] = {}
        self._centres = [
            (at, Named(id=institute.id, name=institute.name))
            for at, institute in enumerate(in_order)
            if institute.role == "transfer_centre"
        ]

    def __reduce__(self) -> tuple[object, ...]:
        """Sent to worker processes as what it is built from."""
        return _rebuilt, (self.registry, self.settings, dict(self._compiled))

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
        return [
            self._shortlist(compared, at, bounds, top)
            for compared in self._compare(asked)
            for at, bounds in enumerate([None] * len(compared.problems) if top is None else self._bounds(compared))
        ]

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
        everybody = np.arange(len(self._starts))
        return [
            self._pool(self._rows(compared, at, everybody), everybody, None)
            for compared in self._compare(list(problems))
            for at in range(len(compared.problems))
        ]

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
        compared = next(self._compare([problem]))
        everybody = np.arange(len(self._starts))
        pooled = self._pool(self._rows(compared, 0, everybody), everybody, self._counted(problem))
        limits = self._limits(problem) or [None] * len(everybody)
        order = self._ranked(pooled, [one for one, limit in enumerate(limits) if one == at or not limit])
        because = self._because(compared, 0)
        score, best = float(pooled.scores[at]), int(pooled.best[at])
        base = (
            round(1 / (1 + float(np.exp(-self.settings.intercept))), _DIGITS) if self._has_counted(problem)[at] else 0.0
        )
        return Explanation(
            problem=problem,
            match=self._match(order.index(at) + 1, at, pooled, because),
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
        compared = next(self._compare([Problem.model_construct(title=text)]))
        strengths = self._strengths(self._rows(compared, 0, np.arange(len(self._starts))).features)
        scores = np.round(1 / (1 + np.exp(-(self.settings.intercept + strengths))), _DIGITS)
        called = np.array([institute.is_called(text) for institute in self.registry.institutes])[self._owners]
        scores = np.where(called, 1.0, np.where(strengths > 0, scores, 0.0))
        ranked = np.lexsort((self._owners, self._tie_rank, -scores))
        return [
            FoundCapability(self.registry.institutes[self._owners[at]], self._capabilities[at], float(scores[at]))
            for at in ranked[:top].tolist()
            if scores[at] > 0
        ]

    def _compare(self, problems: Sequence[Problem]) -> Iterator[_Compared]:
        """All that is worked out for many problems together, for as many at a time as there is room for."""
        texts = [request(problem.text) for problem in problems]
        for part in slices(texts, len(self._capabilities)):
            counts = count_terms(texts[part])
            yield _Compared(
                problems=problems[part],
                hits=self._keywords.hits(counts, texts[part]),
                lexical=np.round(self._lexical.of_counts(counts), _DIGITS),
                asked=self._semantic.read(texts[part]),
                accurate=None if self._e5 is None else self._e5.similarities(texts[part]),
            )

    def _rows(self, compared: _Compared, at: int, institutes: NDArray[np.intp]) -> _Row:
        """The similarities of one problem to all capabilities of some institutes."""
        return self._row(compared, at, ranges(self._starts[institutes], self._sizes[institutes]))

    def _row(self, compared: _Compared, at: int, chosen: NDArray[np.intp]) -> _Row:
        """The similarities of one problem to some capabilities, given in rising order."""
        meaning = self._semantic.to_capabilities(compared.asked, at, chosen)
        if (
            compared.accurate is not None
        ):  # each sees what the other misses; alone the encoder is worse on long profiles
            meaning = (meaning + compared.accurate[at, chosen]) / 2
        keywords = self._keywords.to_capabilities(compared.hits, at, chosen)
        return _Row(chosen, keywords.round(_DIGITS), compared.lexical[at, chosen], meaning.round(_DIGITS))

    def _bounds(self, compared: _Compared) -> FloatArray:
        """What the strength of each capability for each problem does not exceed: shape (P, C)."""
        meaning = self._semantic.bounds(compared.asked)
        if compared.accurate is not None:
            meaning = (meaning + compared.accurate) / 2
        keywords = np.sqrt(self._keywords.joined(compared.hits))
        bounds = self._weights[0] * keywords + self._weights[1] * np.sqrt(compared.lexical)
        added: FloatArray = bounds + self._weights[2] * meaning + _MARGIN
        return added

    def _chances(self, bounds: FloatArray, sizes: NDArray[np.intp]) -> FloatArray:
        """What the score of each institute does not exceed, given as much of its capabilities: shape (I,).

        All capabilities but the best are taken to be as good as the second.
        """
        best = np.maximum.reduceat(bounds, self._starts)
        is_best = bounds == best[self._owners]
        others = np.maximum.reduceat(np.where(is_best, -np.inf, bounds), self._starts)
        second = np.where(np.add.reduceat(is_best, self._starts, dtype=np.intp) > 1, best, others)
        pooling = np.array(self.settings.pooling)
        first_share = (pooling[0] / np.cumsum(pooling))[np.minimum(sizes, len(pooling)) - 1]
        best = np.where(sizes > 1, first_share * best + (1 - first_share) * np.where(sizes > 1, second, 0.0), best)
        return np.round(1 / (1 + np.exp(-(self.settings.intercept + best))), _DIGITS)

    def _strengths(self, features: FloatArray) -> FloatArray:
        """What the similarities of capabilities add to the log odds: shape (n,), 0 or more."""
        return self._weighed(features).round(_DIGITS)

    def _weighed(self, features: FloatArray) -> FloatArray:
        """Features of shape (K, n) times weights: shape (n,); summed one by one, so that no sum sees its neighbours."""
        keywords, lexical, semantic = (
            weight * feature for weight, feature in zip(self._weights, features, strict=True)
        )
        added: FloatArray = keywords + lexical + semantic
        return added

    def limit_faults(self, problem: Problem) -> list[Fault]:
        """Names in ``exclude`` and ``require.institutes`` that no institute of the registry bears."""
        limits = [("exclude", name) for name in problem.exclude]
        limits += [("require.institutes", name) for name in problem.require.institutes]
        faults = []
        for field, name in limits:
            if not self._called(name):
                ids = [institute.id for institute in self.registry.institutes]
                known = did_you_mean(name, [*ids, *(n for i in self.registry.institutes for n in i.name.both())])
                place = f"problem '{problem.id or problem.title}', {field}"
                remedy = f"known: {', '.join(ids[:20])}"
                faults.append(Fault(place, f"no institute is called '{name}'{known}", remedy))
        return faults

    @cached_property
    def _names(self) -> Mapping[str, set[int]]:
        """The institutes that bear each name, as ``Institute.is_called`` takes it."""
        names: dict[str, set[int]] = {}
        for at, institute in enumerate(self.registry.institutes):
            for name in (institute.id, *institute.name.both(), *institute.aliases):
                names.setdefault(name.casefold(), set()).add(at)
        return names

    def _called(self, *names: str) -> set[int]:
        """The institutes that bear one of some names."""
        return set().union(*(self._names.get(name.strip().casefold(), set()) for name in names))

    def _shortlist(self, compared: _Compared, at: int, bounds: FloatArray | None, top: int | None) -> Shortlist:
        problem = compared.problems[at]
        limits = self._limits(problem)
        removed = [
            Removal(institute=institute.id, name=institute.name, limit=limit)
            for institute, limit in zip(self.registry.institutes, limits, strict=False)
            if limit
        ]
        free = np.flatnonzero([not limit for limit in limits]) if limits else np.arange(len(self._starts))
        counted = self._counted(problem)
        pooled = self._best(compared, at, free, bounds, counted, top)
        kept = self._ranked(pooled, range(len(pooled.institutes)))[:top]
        because = self._because(compared, at)
        levels = [self.settings.level(float(pooled.scores[place])) for place in kept]
        best = pooled.row.capabilities[pooled.best].tolist()
        because.compare_sentences(
            [
                best[place]
                for rank, (place, level) in enumerate(zip(kept, levels, strict=True))
                if not rank or level != "none"
            ]
        )
        return Shortlist(
            problem=problem,
            verdict="matched" if levels and levels[0] in ("strong", "fair") else "none",
            matches=tuple(self._match(rank, place, pooled, because) for rank, place in enumerate(kept, 1)),
            fallback=self._fallback(problem),
            removed=tuple(removed),
            settings=self._fingerprint,
            institutes=self.registry.fingerprint,
        )

    def _because(self, compared: _Compared, at: int) -> Because:
        return Because(
            compared.problems[at],
            compared.hits,
            compared.asked,
            at,
            keywords=self._keywords,
            semantic=self._semantic,
        )

    def _best(
        self,
        compared: _Compared,
        at: int,
        institutes: NDArray[np.intp],
        bounds: FloatArray | None,
        counted: NDArray[np.bool_] | None,
        top: int | None,
    ) -> _Pooled:
        """The scores of some institutes, without those that cannot be among the ``top`` best.

        The most promising ones are scored first. Whatever cannot reach the worst of these that is kept stays out; its
        score would change nothing.
        """
        if top is None or bounds is None or len(institutes) <= top:
            return self._pool(self._rows(compared, at, institutes), institutes, counted)
        sizes = self._sizes
        if counted is not None:
            bounds = np.where(counted, bounds, -np.inf)
            sizes = np.bincount(self._owners, weights=counted, minlength=len(sizes)).astype(np.intp)
        chances = self._chances(bounds, sizes)[institutes]
        order = np.argsort(-chances, kind="stable")
        tried = self._pool_best(compared, at, institutes[order[: top + _AHEAD]], bounds, counted)
        least = np.sort(tried.scores)[-top]
        left = order[top + _AHEAD :]
        left = left[chances[left] >= least]
        if not len(left):
            return tried
        return tried.joined(self._pool_best(compared, at, institutes[left], bounds, counted))

    def _pool_best(
        self,
        compared: _Compared,
        at: int,
        institutes: NDArray[np.intp],
        bounds: FloatArray,
        counted: NDArray[np.bool_] | None,
    ) -> _Pooled:
        """As ``_pool``, of the capabilities that can be among an institute's best: no others are pooled."""
        institutes = np.sort(institutes)
        chosen = ranges(self._starts[institutes], self._sizes[institutes])
        owners = self._owners[chosen]
        order = np.lexsort((-bounds[chosen], owners))
        ranked = bounds[chosen][order]
        first = np.searchsorted(owners, institutes)
        nth = np.minimum(first + len(self.settings.pooling), np.append(first[1:], len(chosen))) - 1  # the worst pooled
        sizes = self._sizes[institutes]
        is_near = ranked >= np.repeat(ranked[nth], sizes) - _NEAR
        row = self._row(compared, at, np.sort(chosen[order[is_near]]))
        strengths = self._strengths(row.features)
        left = chosen[order[~is_near]]
        if len(left):  # capabilities that may be better than the worst of those that were compared
            found = np.searchsorted(institutes, self._owners[row.capabilities])
            by_strength = np.lexsort((-strengths, found))
            starts = np.searchsorted(found, np.arange(len(institutes)))
            worst = strengths[by_strength[np.minimum(starts + len(self.settings.pooling) - 1, len(strengths) - 1)]]
            left = left[bounds[left] >= worst[np.searchsorted(institutes, self._owners[left])]]
        if len(left):
            row = self._row(compared, at, np.sort(np.concatenate([row.capabilities, left])))
        return self._pool(row, institutes, counted)

    def _limits(self, problem: Problem) -> Sequence[str | None]:
        """For each institute the hard limit of the problem that removes it, if any; nothing if there is no limit."""
        require = problem.require
        if not problem.exclude and require == _NO_LIMITS:
            return []
        excluded, named = self._called(*problem.exclude), self._called(*require.institutes)
        has_counted = self._has_counted(problem)
        return [
            "exclude"
            if at in excluded
            else "require.institutes"
            if require.institutes and at not in named
            else _limit(problem, institute, has_counted=bool(has_counted[at]))
            for at, institute in enumerate(self.registry.institutes)
        ]

    def _ranked(self, pooled: _Pooled, places: Iterable[int]) -> list[int]:
        """Some places in ``pooled``, best first; ties own capability before the parent's, then by strength and id."""
        ties = (self._tie_rank[pooled.row.capabilities[pooled.best]] // max(len(self._capabilities), 1)).tolist()
        scores, numbers = pooled.scores.tolist(), pooled.institutes.tolist()
        return sorted(places, key=lambda at: (-scores[at], ties[at], numbers[at]))

    def _counted(self, problem: Problem) -> NDArray[np.bool_] | None:
        """Which capabilities count for a problem: the institutes' own where it requires that, else all (None)."""
        return ~self._via_parent if problem.require.own else None

    def _has_counted(self, problem: Problem) -> NDArray[np.bool_]:
        """Which institutes have a capability that counts."""
        counted = self._counted(problem)
        if counted is None:
            return np.ones(len(self._starts), dtype=np.bool_)
        return np.bincount(self._owners, weights=counted, minlength=len(self._starts)) > 0

    def _pool(self, row: _Row, institutes: NDArray[np.intp], counted: NDArray[np.bool_] | None) -> _Pooled:
        """The score of some institutes, given in rising order, over their capabilities that count.

        Capabilities are pooled by falling weights, scaled to sum to one over those there are: a further capability
        never raises the score above what the best one alone would give. An institute without a capability that counts
        scores 0.
        """
        owners = np.searchsorted(institutes, self._owners[row.capabilities])
        sizes = np.bincount(owners, minlength=len(institutes))
        starts = np.cumsum(sizes) - sizes
        features = row.features
        strengths, n_counted = self._strengths(features), sizes
        if counted is not None:
            strengths = np.where(counted[row.capabilities], strengths, -np.inf)
            n_counted = np.bincount(owners, weights=counted[row.capabilities], minlength=len(institutes))
        order = np.lexsort((self._tie_rank[row.capabilities], -strengths, owners))
        pooled, total = np.zeros((len(FEATURES), len(institutes))), np.zeros(len(institutes))
        for nth, weight in enumerate(self.settings.pooling):
            there = n_counted > nth
            at = order[np.where(there, starts + nth, starts)]
            pooled += np.where(there, weight * features[:, at], 0.0)
            total += np.where(there, weight, 0.0)
        pooled /= np.where(total > 0, total, 1.0)
        odds = self.settings.intercept + self._weighed(pooled)
        scores: FloatArray = np.where(total > 0, 1 / (1 + np.exp(-odds)), 0.0).round(_DIGITS)
        return _Pooled(institutes, scores, order[starts], pooled, row)

    def _fallback(self, problem: Problem) -> Named | None:
        """Whom to ask when nobody fits: the first transfer centre by id that the problem does not exclude."""
        excluded = self._called(*problem.exclude) if problem.exclude else set()
        return next((named for at, named in self._centres if at not in excluded), None)

    def _match(self, rank: int, place: int, pooled: _Pooled, because: Because) -> Match:
        institute, best = int(pooled.institutes[place]), int(pooled.best[place])
        number, row = int(pooled.row.capabilities[best]), pooled.row
        score, language = float(pooled.scores[place]), because.language
        level = self.settings.level(score)
        shown = self._shown(number, language)
        return Match(
            rank=rank,
            institute=self.registry.institutes[institute].id,
            name=self.registry.institutes[institute].name,
            score=score,
            level=level,
            capability=shown.capability,
            similarities={
                "keywords": float(row.keywords[best]),
                "lexical": float(row.lexical[best]),
                "semantic": float(row.semantic[best]),
                "cases": None,
            },
            reasons=because.reasons(number, shown.name, with_sentence=rank == 1 or level != "none"),
            evidence=shown.evidence,
        )

    def _shown(self, number: int, language: Language) -> _Shown:
        """How a capability is shown in a language; the same for every problem."""
        shown = self._known.get((number, language))
        if shown is None:
            capability = self._capabilities[number]
            cited = [
                cite(self.registry, evidence, language, via_parent=capability.via_parent)
                for evidence in capability.evidence[:_MOST_EVIDENCE]
            ]
            matched = MatchedCapability(
                id=capability.id,
                name=capability.name,
                via_parent=capability.via_parent,
                strength=capability.strength,
            )
            shown = _Shown(matched, capability.name.in_language(language), tuple(cited))
            self._known[number, language] = shown
        return shown


def _rebuilt(registry: Registry, settings: Settings, compiled: Arrays) -> Matcher:
    return Matcher(registry, settings, compiled=compiled)


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
    """The hard limit of a problem, other than by name, that removes an institute, if any."""
    require = problem.require
    if require.role and institute.role != require.role:
        return f"require.role: {require.role}"
    if require.place and not _lies_in(institute, require.place):
        return f"require.place: {require.place}"
    return None if has_counted else "require.own"


def _lies_in(institute: Institute, place: str) -> bool:
    known = institute.place.both() if institute.place else ()
    return any(place.casefold() in text.casefold() for text in known)
