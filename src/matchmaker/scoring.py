"""From similarities to scores of institutes: bounds first, then whatever can reach the shortlist to the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from matchmaker.domain import Capability, Institute, Problem, Registry, Strength
from matchmaker.settings import Settings
from matchmaker.similarity.asked import Asked
from matchmaker.similarity.cases import CaseSimilarity, Experience
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
DIGITS = 6
"""Every similarity and score is rounded to so many decimals before it is ranked."""
_MARGIN = 1e-5  # what a bound is above all that rounding may add
_NEW_WORDS = 8  # that a problem adds to a few hundred others, about; what they are close to is remembered
_AHEAD = 6  # so many institutes more than are asked for are scored first
_NEAR = 0.2  # a capability whose bound is so near to that of one that is pooled may well be pooled in its place
_STRENGTHS: dict[Strength | None, int] = {"A": 0, "B": 1, "C": 2, None: 3}


@dataclass(frozen=True, slots=True)
class Row:
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
class Pooled:
    """The scores of n institutes, shape (n,), the best capability of each, and their features, shape (K, n).

    ``best`` are places in ``row``.
    """

    institutes: NDArray[np.intp]
    scores: FloatArray
    best: NDArray[np.intp]
    features: FloatArray
    row: Row

    def joined(self, other: Pooled) -> Pooled:
        """These and other institutes."""
        columns = ((getattr(self.row, name), getattr(other.row, name)) for name in Row.__slots__)
        return Pooled(
            institutes=np.concatenate([self.institutes, other.institutes]),
            scores=np.concatenate([self.scores, other.scores]),
            best=np.concatenate([self.best, other.best + len(self.row.capabilities)]),
            features=np.concatenate([self.features, other.features], axis=1),
            row=Row(*(np.concatenate(pair) for pair in columns)),
        )


@dataclass(frozen=True, slots=True)
class Compared:
    """Some problems and what is known of all capabilities for them.

    ``accurate`` is what the encoder of the accurate mode says, if it is asked; ``experience`` what earlier problems say
    of the institutes, where there are any.
    """

    problems: Sequence[Problem]
    hits: Hits
    lexical: FloatArray
    asked: Asked
    accurate: FloatArray | None
    experience: Sequence[Experience] | None

    def added(self, at: int) -> FloatArray | None:
        """What earlier problems add to the log odds of each institute for one problem: shape (I,)."""
        return None if self.experience is None else self.experience[at].added


def compile_profiles(registry: Registry, settings: Settings) -> Arrays:
    """What the similarities need to know of the profiles, worked out; the institutes are taken in order of id."""
    in_order = sorted(registry.institutes, key=lambda institute: institute.id)
    said = [statements(capability) for institute in in_order for capability in institute.capabilities]
    return {
        **prefixed("keywords", compile_keywords(said, background())),
        **prefixed("lexical", compile_lexical(said, background(), inferred_weight=settings.inferred_weight)),
        **prefixed("semantic", compile_semantic(said, encoder(), inferred_weight=settings.inferred_weight)),
    }


class Scorer:
    """Scores problems against the institutes of a registry, which stand in order of id.

    Args:
        institutes: In order of id.
        settings: Weights and pooling.
        compiled: What ``compile_profiles`` gives for them.
        cases: Earlier problems, which raise or lower the institutes that met them.
    """

    def __init__(
        self, institutes: Sequence[Institute], settings: Settings, compiled: Arrays, cases: CaseSimilarity | None
    ) -> None:
        self._cases = cases
        owned = [(at, item) for at, institute in enumerate(institutes) for item in institute.capabilities]
        self.capabilities = [item for _, item in owned]
        self.owners = np.array([at for at, _ in owned], dtype=np.intp)
        self.everybody = np.arange(len(institutes))
        self._settings = settings
        self._starts = np.searchsorted(self.owners, self.everybody)
        self._sizes = np.bincount(self.owners, minlength=len(institutes))
        self._via_parent = np.array([item.via_parent for item in self.capabilities], dtype=np.bool_)
        self.tie_rank = _tie_ranks(self.capabilities)
        self.weights = np.array([getattr(settings.weights, name) for name in FEATURES], dtype=np.float64)
        self.keywords = KeywordSimilarity(under("keywords", compiled), inferred_weight=settings.inferred_weight)
        self.semantic = SemanticSimilarity(under("semantic", compiled), encoder())
        self._lexical = LexicalSimilarity(under("lexical", compiled), background())
        self._e5 = self._accurate() if settings.encoder == "e5" else None

    def compare(self, problems: Sequence[Problem]) -> Iterator[Compared]:
        """All that is worked out for many problems together, for as many at a time as there is room for."""
        texts = [request(problem.text) for problem in problems]
        n_texts = len(self.capabilities) + (self._cases.n_problems if self._cases else 0)
        width = max(n_texts, _NEW_WORDS * self.semantic.n_words)
        for part in slices(texts, width):
            counts = count_terms(texts[part])
            asked = self.semantic.read(texts[part])
            yield Compared(
                problems=problems[part],
                hits=self.keywords.hits(counts, texts[part]),
                lexical=np.round(self._lexical.of_counts(counts), DIGITS),
                asked=asked,
                accurate=None if self._e5 is None else self._e5.similarities(texts[part]),
                experience=None if self._cases is None else self._cases.compare(counts, asked),
            )

    def rows(self, compared: Compared, at: int, institutes: NDArray[np.intp]) -> Row:
        """The similarities of one problem to all capabilities of some institutes."""
        return self._row(compared, at, ranges(self._starts[institutes], self._sizes[institutes]))

    def _row(self, compared: Compared, at: int, chosen: NDArray[np.intp]) -> Row:
        """The similarities of one problem to some capabilities, given in rising order."""
        meaning = self.semantic.to_capabilities(compared.asked, at, chosen)
        if compared.accurate is not None:  # each sees what the other misses; alone the encoder is worse
            meaning = (meaning + compared.accurate[at, chosen]) / 2
        keywords = self.keywords.to_capabilities(compared.hits, at, chosen)
        return Row(chosen, keywords.round(DIGITS), compared.lexical[at, chosen], meaning.round(DIGITS))

    def best(
        self,
        compared: Compared,
        at: int,
        institutes: NDArray[np.intp],
        bounds: FloatArray | None,
        counted: NDArray[np.bool_] | None,
        top: int | None,
    ) -> Pooled:
        """The scores of some institutes, without those that cannot be among the ``top`` best.

        The most promising ones are scored first. Whatever cannot reach the worst of these that is kept stays out; its
        score would change nothing.
        """
        if top is None or bounds is None or len(institutes) <= top:
            return self.pool(self.rows(compared, at, institutes), institutes, counted, compared.added(at))
        sizes = self._sizes
        if counted is not None:
            bounds = np.where(counted, bounds, -np.inf)
            sizes = np.bincount(self.owners, weights=counted, minlength=len(sizes)).astype(np.intp)
        chances = self._chances(bounds, sizes, compared.added(at))[institutes]
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
        compared: Compared,
        at: int,
        institutes: NDArray[np.intp],
        bounds: FloatArray,
        counted: NDArray[np.bool_] | None,
    ) -> Pooled:
        """As ``_pool``, of the capabilities that can be among an institute's best: no others are pooled."""
        institutes = np.sort(institutes)
        chosen = ranges(self._starts[institutes], self._sizes[institutes])
        owners = self.owners[chosen]
        order = np.lexsort((-bounds[chosen], owners))
        ranked = bounds[chosen][order]
        first = np.searchsorted(owners, institutes)
        nth = np.minimum(first + len(self._settings.pooling), np.append(first[1:], len(chosen))) - 1  # the worst pooled
        sizes = self._sizes[institutes]
        is_near = ranked >= np.repeat(ranked[nth], sizes) - _NEAR
        row = self._row(compared, at, np.sort(chosen[order[is_near]]))
        strengths = self.strengths(row.features)
        left = chosen[order[~is_near]]
        if len(left):  # capabilities that may be better than the worst of those that were compared
            found = np.searchsorted(institutes, self.owners[row.capabilities])
            by_strength = np.lexsort((-strengths, found))
            starts = np.searchsorted(found, np.arange(len(institutes)))
            worst = strengths[by_strength[np.minimum(starts + len(self._settings.pooling) - 1, len(strengths) - 1)]]
            left = left[bounds[left] >= worst[np.searchsorted(institutes, self.owners[left])]]
        if len(left):
            row = self._row(compared, at, np.sort(np.concatenate([row.capabilities, left])))
        return self.pool(row, institutes, counted, compared.added(at))

    def bounds(self, compared: Compared) -> FloatArray:
        """What the strength of each capability for each problem does not exceed: shape (P, C)."""
        meaning = self.semantic.bounds(compared.asked)
        if compared.accurate is not None:
            meaning = (meaning + compared.accurate) / 2
        keywords = np.sqrt(self.keywords.joined(compared.hits))
        bounds = self.weights[0] * keywords + self.weights[1] * np.sqrt(compared.lexical)
        added: FloatArray = bounds + self.weights[2] * meaning + _MARGIN
        return added

    def _chances(self, bounds: FloatArray, sizes: NDArray[np.intp], extra: FloatArray | None) -> FloatArray:
        """What the score of each institute does not exceed, given as much of its capabilities: shape (I,).

        ``extra`` is what earlier problems add.

        All capabilities but the best are taken to be as good as the second.
        """
        best = np.maximum.reduceat(bounds, self._starts)
        is_best = bounds == best[self.owners]
        others = np.maximum.reduceat(np.where(is_best, -np.inf, bounds), self._starts)
        second = np.where(np.add.reduceat(is_best, self._starts, dtype=np.intp) > 1, best, others)
        pooling = np.array(self._settings.pooling)
        first_share = (pooling[0] / np.cumsum(pooling))[np.minimum(sizes, len(pooling)) - 1]
        best = np.where(sizes > 1, first_share * best + (1 - first_share) * np.where(sizes > 1, second, 0.0), best)
        best = best if extra is None else best + extra
        return np.round(1 / (1 + np.exp(-(self._settings.intercept + best))), DIGITS)

    def pool(
        self, row: Row, institutes: NDArray[np.intp], counted: NDArray[np.bool_] | None, extra: FloatArray | None
    ) -> Pooled:
        """The score of some institutes, given in rising order, over their capabilities that count.

        Capabilities are pooled by falling weights, scaled to sum to one over those there are: a further capability
        never raises the score above what the best one alone would give. An institute without a capability that counts
        scores 0. ``extra`` is what earlier problems add to the log odds of each institute of the registry.
        """
        owners = np.searchsorted(institutes, self.owners[row.capabilities])
        sizes = np.bincount(owners, minlength=len(institutes))
        starts = np.cumsum(sizes) - sizes
        features = row.features
        strengths, n_counted = self.strengths(features), sizes
        if counted is not None:
            strengths = np.where(counted[row.capabilities], strengths, -np.inf)
            n_counted = np.bincount(owners, weights=counted[row.capabilities], minlength=len(institutes))
        order = np.lexsort((self.tie_rank[row.capabilities], -strengths, owners))
        pooled, total = np.zeros((len(FEATURES), len(institutes))), np.zeros(len(institutes))
        for nth, weight in enumerate(self._settings.pooling):
            there = n_counted > nth
            at = order[np.where(there, starts + nth, starts)]
            pooled += np.where(there, weight * features[:, at], 0.0)
            total += np.where(there, weight, 0.0)
        pooled /= np.where(total > 0, total, 1.0)
        odds = self._settings.intercept + self._weighed(pooled)
        odds = odds if extra is None else odds + extra[institutes]
        scores: FloatArray = np.where(total > 0, 1 / (1 + np.exp(-odds)), 0.0).round(DIGITS)
        return Pooled(institutes, scores, order[starts], pooled, row)

    def score_alone(self, features: FloatArray) -> float:
        """The score of pooled features, shape (K,), without what earlier problems add."""
        odds = self._settings.intercept + float(self._weighed(features[:, None])[0])
        return round(1 / (1 + float(np.exp(-odds))), DIGITS)

    def ranked(self, pooled: Pooled, places: Iterable[int]) -> list[int]:
        """Some places in ``pooled``, best first; ties own capability before the parent's, then by strength and id."""
        ties = (self.tie_rank[pooled.row.capabilities[pooled.best]] // max(len(self.capabilities), 1)).tolist()
        scores, numbers = pooled.scores.tolist(), pooled.institutes.tolist()
        return sorted(places, key=lambda at: (-scores[at], ties[at], numbers[at]))

    def counted(self, problem: Problem) -> NDArray[np.bool_] | None:
        """Which capabilities count for a problem: the institutes' own where it requires that, else all (None)."""
        return ~self._via_parent if problem.require.own else None

    def has_counted(self, problem: Problem) -> NDArray[np.bool_]:
        """Which institutes have a capability that counts."""
        counted = self.counted(problem)
        if counted is None:
            return np.ones(len(self._starts), dtype=np.bool_)
        return np.bincount(self.owners, weights=counted, minlength=len(self._starts)) > 0

    def strengths(self, features: FloatArray) -> FloatArray:
        """What the similarities of capabilities add to the log odds: shape (n,), 0 or more."""
        return self._weighed(features).round(DIGITS)

    def _weighed(self, features: FloatArray) -> FloatArray:
        """Features of shape (K, n) times weights: shape (n,); summed one by one, so that no sum sees its neighbours."""
        keywords, lexical, semantic = (weight * feature for weight, feature in zip(self.weights, features, strict=True))
        added: FloatArray = keywords + lexical + semantic
        return added

    def _accurate(self) -> E5Similarity:
        from matchmaker.similarity import e5

        said = [statements(capability) for capability in self.capabilities]
        loaded = e5.encoder()
        compiled = e5.compile_e5(said, loaded, inferred_weight=self._settings.inferred_weight)
        return e5.E5Similarity(compiled, loaded)


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
