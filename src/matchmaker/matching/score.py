"""From similarities to scores of institutes: bounds first, then whatever can reach the shortlist to the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from matchmaker.domain import Capability, Institute, Problem, Registry, Strength
from matchmaker.institutes import in_order
from matchmaker.matching.asked import Asked
from matchmaker.matching.cases import CaseSimilarity, Experience
from matchmaker.matching.counting import count_terms, slices
from matchmaker.matching.ideas import Ideas, compile_trades
from matchmaker.matching.keywords import Hits, KeywordSimilarity, compile_keywords
from matchmaker.matching.lexical import LexicalSimilarity, compile_lexical
from matchmaker.matching.postings import prefixed, ranges, strings_from, strings_to_array, under
from matchmaker.matching.profiles import statements
from matchmaker.matching.rarity import background
from matchmaker.matching.samples import SampleSimilarity, compile_samples
from matchmaker.matching.semantic import SemanticSimilarity, compile_semantic, encoder
from matchmaker.matching.services import asks_for_service
from matchmaker.matching.settings import Settings
from matchmaker.text import request

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.matching.e5 import E5Similarity
    from matchmaker.matching.postings import Arrays

    FloatArray: TypeAlias = NDArray[np.float64]


SIMILARITIES = ("keywords", "lexical", "semantic", "samples")
"""What raises a score; keywords and lexical enter as their square roots."""
DISCOUNTS = ("general", "thin", "service")
"""What lowers the score of a capability; each enters as 0 or -1."""
FEATURES = SIMILARITIES + DISCOUNTS
DIGITS = 6
"""Every similarity and score is rounded to so many decimals before it is ranked."""
BETWEEN_NAMES = "\x1e"
_MARGIN = 1e-5  # what a bound is above all that rounding may add, float32 included, for each unit of weight
_NEW_WORDS = 8  # that a problem adds to a few hundred others, about; what they are close to is remembered
_MOST_PAIRS = 1 << 17  # that are compared together
_BLOCK = 1 << 16  # pairs whose bounds are worked out together
_AHEAD = 6  # so many institutes more than are asked for are scored first
_NEAR = 0.2  # a capability whose bound is so near to that of one that is pooled may well be pooled in its place
_ACCURATE = 0.3  # share of the accurate encoder, where it is asked, in the similarity to samples
_EXPECTED = (0.15, 0.8)  # similarity to samples where there are none: so much, and so much a unit of semantic,
_MOST_EXPECTED = 2.0  # but at most so many times semantic: what shares no meaning with a need gets nothing
_STRENGTHS: dict[Strength | None, int] = {"A": 0, "B": 1, "C": 2, None: 3}


@dataclass(frozen=True, slots=True)
class Pairs:
    """The similarities of n pairs of a problem and a capability, each of shape (n,), and discounts, shape (3, n).

    ``samples`` of a capability without sample needs is what it would be expected to be.
    """

    problems: NDArray[np.intp]
    capabilities: NDArray[np.intp]
    keywords: FloatArray
    lexical: FloatArray
    semantic: FloatArray
    samples: FloatArray
    discounts: FloatArray

    @property
    def features(self) -> FloatArray:
        """What the weights are multiplied with: shape (K, n), in the order of ``FEATURES``."""
        similar = [np.sqrt(self.keywords), np.sqrt(self.lexical), self.semantic, self.samples]
        return np.concatenate([np.stack(similar), self.discounts])

    def joined(self, other: Pairs) -> Pairs:
        """These and others, in no order."""
        both = ((getattr(self, name), getattr(other, name)) for name in Pairs.__slots__)
        return Pairs(*(np.concatenate(columns, axis=-1) for columns in both))


@dataclass(frozen=True, slots=True)
class Pooled:
    """The scores of n pairs of a problem and an institute, and the features they are made of, shape (K, n).

    ``best`` are the places in ``pairs`` of the capabilities that count most.
    """

    problems: NDArray[np.intp]
    institutes: NDArray[np.intp]
    scores: FloatArray
    best: NDArray[np.intp]
    features: FloatArray
    pairs: Pairs

    def joined(self, other: Pooled) -> Pooled:
        """These and others."""
        return Pooled(
            problems=np.concatenate([self.problems, other.problems]),
            institutes=np.concatenate([self.institutes, other.institutes]),
            scores=np.concatenate([self.scores, other.scores]),
            best=np.concatenate([self.best, other.best + len(self.pairs.problems)]),
            features=np.concatenate([self.features, other.features], axis=1),
            pairs=self.pairs.joined(other.pairs),
        )


@dataclass(frozen=True, slots=True)
class Compared:
    """Some problems and what is known of all capabilities for them.

    ``n_ideas`` is how many specific ideas each names, as far as that matters (``Ideas.count``), shape (P,).
    ``accurate`` is what the encoder of the accurate mode says, if it is asked; ``experience`` what earlier problems say
    of the institutes, where there are any, and ``added`` what they add to the log odds: shape (P, I).
    """

    problems: Sequence[Problem]
    hits: Hits
    lexical: FloatArray
    asked: Asked
    samples: FloatArray
    asks_service: NDArray[np.bool_]
    n_ideas: NDArray[np.intp]
    accurate: FloatArray | None
    experience: Sequence[Experience] | None
    added: FloatArray | None


def compile_profiles(registry: Registry, settings: Settings) -> Arrays:
    """What scoring needs to know of the profiles, worked out; the institutes are taken in order of id."""
    institutes = in_order(registry)
    capabilities = [capability for institute in institutes for capability in institute.capabilities]
    said = [statements(capability) for capability in capabilities]
    return {
        "sizes": np.array([len(institute.capabilities) for institute in institutes], dtype=np.intp),
        "via_parent": np.array([capability.via_parent for capability in capabilities], dtype=np.bool_),
        "general": np.array([capability.general for capability in capabilities], dtype=np.bool_),
        "thin": np.array([capability.strength == "C" for capability in capabilities], dtype=np.bool_),
        "service": np.array([capability.service for capability in capabilities], dtype=np.bool_),
        "tie_rank": _tie_ranks(capabilities),
        "roles": strings_to_array(one.role for one in institutes),
        "places": strings_to_array(_listed(one.place.both() if one.place else ()) for one in institutes),
        "names": strings_to_array(_listed((one.id, *one.name.both(), *one.aliases)) for one in institutes),
        **prefixed("keywords", compile_keywords(said, background())),
        **prefixed("lexical", compile_lexical(said, background(), inferred_weight=settings.inferred_weight)),
        **prefixed("semantic", compile_semantic(said, encoder(), inferred_weight=settings.inferred_weight)),
        **prefixed("samples", compile_samples(capabilities, encoder())),
        **compile_trades(said),
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
        self._institutes = institutes
        self._settings = settings
        self._sizes = compiled["sizes"].astype(np.intp, copy=False)
        self._starts = (np.cumsum(self._sizes) - self._sizes).astype(np.intp)
        self.n_capabilities = int(self._sizes.sum())
        self.everybody = np.arange(len(institutes))
        self.owners = np.repeat(self.everybody, self._sizes)
        self._via_parent = compiled["via_parent"].astype(np.bool_, copy=False)
        self.tie_rank = compiled["tie_rank"].astype(np.intp, copy=False)
        self.weights = weights_of(settings)
        self._margin = _MARGIN * (1 + float(self.weights.sum()))
        self._discounts = -np.array([compiled[name] for name in DISCOUNTS], dtype=np.float64)
        self._is_centre = np.array([role == "transfer_centre" for role in strings_from(compiled["roles"])], np.bool_)
        self.keywords = KeywordSimilarity(
            under("keywords", compiled),
            inferred_weight=settings.inferred_weight,
            trade_weight=settings.trade_weight,
        )
        self.semantic = SemanticSimilarity(under("semantic", compiled), encoder())
        self.samples = SampleSimilarity(under("samples", compiled), encoder())
        self._ideas = Ideas(compiled, encoder())
        self._lexical = LexicalSimilarity(under("lexical", compiled), background())
        self._e5 = None if settings.encoder == "words" else self._accurate()

    def capability(self, number: int) -> Capability:
        """One of all capabilities, institute by institute."""
        owner = int(self.owners[number])
        return self._institutes[owner].capabilities[number - int(self._starts[owner])]

    def compare(self, problems: Sequence[Problem]) -> Iterator[Compared]:
        """All that is worked out for many problems together, for as many at a time as there is room for."""
        texts = [request(problem.text) for problem in problems]
        n_texts = self.n_capabilities + (self._cases.n_problems if self._cases else 0)
        width = max(n_texts, _NEW_WORDS * self.semantic.n_words)
        for part in slices(texts, width):
            counts = count_terms(texts[part])
            asked = self.semantic.read(texts[part])
            experience = None if self._cases is None else self._cases.compare(counts, asked)
            lexical = self._lexical.of_counts(counts)
            samples = self.samples.of_asked(asked)
            yield Compared(
                problems=problems[part],
                samples=np.round(samples, DIGITS, out=samples),
                n_ideas=np.array([self._ideas.count(text) for text in texts[part]], dtype=np.intp),
                asks_service=np.array([asks_for_service(text) for text in texts[part]], dtype=np.bool_),
                hits=self.keywords.hits(counts, texts[part]),
                lexical=np.round(lexical, DIGITS, out=lexical),
                asked=asked,
                accurate=None if self._e5 is None else self._e5.similarities(texts[part]),
                experience=experience,
                added=None if experience is None else np.array([one.added for one in experience]),
            )

    def every(self, compared: Compared, problems: NDArray[np.intp]) -> Iterator[Pairs]:
        """The similarities of some problems to all capabilities, as many problems at a time as there is room for."""
        step = max(1, _MOST_PAIRS // max(self.n_capabilities, 1))
        for at in range(0, len(problems), step):
            part = problems[at : at + step]
            chosen = np.tile(np.arange(self.n_capabilities), len(part))
            yield self._pairs(compared, np.repeat(part, self.n_capabilities), chosen)

    def _pairs(self, compared: Compared, problems: NDArray[np.intp], chosen: NDArray[np.intp]) -> Pairs:
        """The similarities of some pairs of a problem and a capability, given in rising order."""
        meaning = self.semantic.of_pairs(compared.asked, problems, chosen)
        keywords = self.keywords.of_pairs(compared.hits, problems, chosen)
        lexical, meaning = compared.lexical[problems, chosen], meaning.round(DIGITS)
        samples = np.where(self.samples.has_samples[chosen], compared.samples[problems, chosen], expected(meaning))
        if compared.accurate is not None:
            samples = blended(samples, compared.accurate[problems, chosen])
        discounts = self._discounts[:, chosen]
        discounts[-1] *= ~compared.asks_service[problems]
        return Pairs(problems, chosen, keywords.round(DIGITS), lexical, meaning, samples.round(DIGITS), discounts)

    def everybody_pooled(self, compared: Compared, counted: Sequence[NDArray[np.bool_] | None]) -> Iterator[Pooled]:
        """The scores of all institutes for all problems, for as many problems at a time as there is room for.

        Args:
            compared: The problems.
            counted: For each which capabilities count, all when None.
        """
        for pairs in self.every(compared, np.arange(len(compared.problems))):
            problems = pairs.problems[:: self.n_capabilities]
            institutes = np.tile(self.everybody, len(problems))
            yield self.pool(compared, np.repeat(problems, len(self.everybody)), institutes, pairs, counted)

    def best(
        self,
        compared: Compared,
        free: Sequence[NDArray[np.bool_] | None],
        counted: Sequence[NDArray[np.bool_] | None],
        top: int,
    ) -> Pooled:
        """The scores of institutes for problems, without those that cannot be among the ``top`` best of a problem.

        The most promising ones are scored first. Whatever cannot reach the worst of these that is kept stays out; its
        score would change nothing.

        Args:
            compared: The problems.
            free: For each which institutes no limit removes, all when None: shape (I,).
            counted: For each which capabilities count, all when None: shape (C,).
            top: 1 or more.
        """
        bounds = self._bounds(compared)
        for at, capabilities in enumerate(counted):
            if capabilities is not None:
                bounds[at, ~capabilities] = -np.inf
        chances = self._chances(bounds, counted, compared)
        for at, institutes in enumerate(free):
            if institutes is not None:
                chances[at, ~institutes] = -1.0
        n_first = min(top + _AHEAD, len(self.everybody))
        first = np.zeros(chances.shape, np.bool_)
        most = np.argpartition(-chances, n_first - 1, axis=1)[:, :n_first]
        first[np.arange(len(first))[:, None], most] = True
        tried = self._pool_best(compared, np.nonzero(first & (chances >= 0)), bounds, counted)
        reached = np.full((len(chances), n_first), -1.0)
        starts = np.searchsorted(tried.problems, np.arange(len(chances)))
        reached[tried.problems, np.arange(len(tried.scores)) - starts[tried.problems]] = tried.scores
        least = np.sort(reached, axis=1)[:, -min(top, n_first), None] if n_first else np.zeros((len(chances), 1))
        left = np.nonzero(~first & (chances >= np.maximum(least, 0.0)))
        return tried.joined(self._pool_best(compared, left, bounds, counted)) if len(left[0]) else tried

    def _pool_best(
        self,
        compared: Compared,
        asked: tuple[NDArray[np.intp], ...],
        bounds: NDArray[np.float32],
        counted: Sequence[NDArray[np.bool_] | None],
    ) -> Pooled:
        """As ``pool``, of the capabilities that can be among an institute's best: no others are compared.

        ``asked`` are the problems and the institutes, in rising order.
        """
        problems, institutes = asked
        n_pooled, sizes = len(self._settings.pooling), self._sizes[institutes]
        owners = np.repeat(np.arange(len(institutes)), sizes)
        chosen = ranges(self._starts[institutes], sizes)
        of_problem = problems[owners]
        promise = bounds[of_problem, chosen]
        order = np.lexsort((-promise, owners))
        starts = np.cumsum(sizes) - sizes
        nth = promise[order][starts + np.minimum(n_pooled, sizes) - 1]  # the worst that would be pooled
        is_near = promise >= nth[owners] - _NEAR
        pairs = self._pairs(compared, of_problem[is_near], chosen[is_near])
        if not is_near.all():  # some may be better than the worst of those that were compared
            strengths, found = self.strengths(pairs.features), owners[is_near]
            by_strength = np.lexsort((-strengths, found))
            first = np.searchsorted(found, np.arange(len(institutes)))
            worst = strengths[by_strength[np.minimum(first + n_pooled - 1, len(strengths) - 1)]]
            left = ~is_near & (promise >= worst[owners])
            if left.any():
                pairs = pairs.joined(self._pairs(compared, of_problem[left], chosen[left]))
        return self.pool(compared, problems, institutes, pairs, counted)

    def _bounds(self, compared: Compared) -> NDArray[np.float32]:
        """What the strength of each capability for each problem does not exceed: shape (P, C)."""
        bounds = self.semantic.bounds(compared.asked)
        for rows in self._blocks(len(bounds)):
            part = bounds[rows]
            samples = compared.samples[rows]
            if not self.samples.has_samples.all():
                samples = np.where(self.samples.has_samples, samples, expected(part.astype(np.float64)))
            if compared.accurate is not None:
                samples = blended(samples, compared.accurate[rows])
            part *= self.weights[2]
            part += self.weights[3] * samples
            part += np.tensordot(self.weights[len(SIMILARITIES) :], self._discounts_of(compared, rows), axes=1)
            lexical = np.sqrt(compared.lexical[rows], dtype=np.float32)
            lexical *= np.float32(self.weights[1])
            part += lexical
            part += self._margin
        pairs, keywords = self.keywords.bounds(compared.hits)
        bounds.reshape(-1)[pairs] += self.weights[0] * np.sqrt(keywords)
        return bounds

    def _discounts_of(self, compared: Compared, rows: slice) -> FloatArray:
        """The discounts of all capabilities for some problems: shape (3, P, C)."""
        asks = compared.asks_service[rows]
        discounts = np.repeat(self._discounts[:, None, :], len(asks), axis=1)
        discounts[-1, asks] = 0.0
        return discounts

    def _blocks(self, n_problems: int) -> Iterator[slice]:
        """A few problems at a time, so that arrays of all capabilities for them stay in the processor's cache."""
        step = max(1, _BLOCK // max(self.n_capabilities, 1))
        return (slice(at, at + step) for at in range(0, n_problems, step))

    def _chances(
        self, bounds: NDArray[np.float32], counted: Sequence[NDArray[np.bool_] | None], compared: Compared
    ) -> FloatArray:
        """What the score of each institute for each problem does not exceed, given as much of its capabilities.

        All capabilities but the best are taken to be as good as the second.

        Returns:
            Shape (P, I).
        """
        sizes = np.tile(self._sizes, (len(bounds), 1))
        for at, capabilities in enumerate(counted):
            if capabilities is not None:
                sizes[at] = np.bincount(self.owners, weights=capabilities, minlength=len(self._sizes))
        best, second = np.empty((2, *sizes.shape))
        for rows in self._blocks(len(bounds)):
            part = bounds[rows]
            most = np.maximum.reduceat(part, self._starts, axis=1)
            is_best = part == most[:, self.owners]
            others = np.maximum.reduceat(np.where(is_best, np.float32(-np.inf), part), self._starts, axis=1)
            if np.count_nonzero(is_best) > most.size:  # several are best
                n_best = np.add.reduceat(is_best, self._starts, axis=1, dtype=np.intp)
                others = np.where(n_best > 1, most, others)
            best[rows], second[rows] = most, others
        pooling = np.array(self._settings.pooling)
        first_share = (pooling[0] / np.cumsum(pooling))[np.minimum(sizes, len(pooling)) - 1]
        several = sizes > 1
        best = np.where(several, first_share * best + (1 - first_share) * np.where(several, second, 0.0), best)
        best = best if compared.added is None else best + compared.added
        chances: FloatArray = np.round(1 / (1 + np.exp(-(self._settings.intercept + best))), DIGITS)
        return chances

    def pool(
        self,
        compared: Compared,
        problems: NDArray[np.intp],
        institutes: NDArray[np.intp],
        pairs: Pairs,
        counted: Sequence[NDArray[np.bool_] | None],
    ) -> Pooled:
        """The score of some institutes for some problems, over the capabilities that count.

        Capabilities are pooled by falling weights, scaled to sum to one over those there are: a further capability
        never raises the score above what the best one alone would give. An institute without a capability that counts
        scores 0.

        Args:
            compared: The problems.
            problems: Of n pairs of a problem and an institute, in rising order: shape (n,).
            institutes: Of the same: shape (n,).
            pairs: The similarities to capabilities of each, in the same order.
            counted: For each problem which capabilities count, all when None.
        """
        n_institutes = len(self.everybody)
        wanted = problems * n_institutes + institutes
        owners = np.searchsorted(wanted, pairs.problems * n_institutes + self.owners[pairs.capabilities])
        sizes = np.bincount(owners, minlength=len(wanted))
        starts = np.cumsum(sizes) - sizes
        features = pairs.features
        strengths, n_counted = self.strengths(features), sizes
        if any(capabilities is not None for capabilities in counted):
            everything = np.ones(self.n_capabilities, np.bool_)
            table = np.array([everything if capabilities is None else capabilities for capabilities in counted])
            counts = table[pairs.problems, pairs.capabilities]
            strengths = np.where(counts, strengths, -np.inf)
            n_counted = np.bincount(owners, weights=counts, minlength=len(wanted))
        order = np.lexsort((self.tie_rank[pairs.capabilities], -strengths, owners))
        pooled, total = np.zeros((len(FEATURES), len(wanted))), np.zeros(len(wanted))
        for nth, weight in enumerate(self._settings.pooling):
            there = n_counted > nth
            at = order[np.where(there, starts + nth, starts)]
            pooled += np.where(there, weight * features[:, at], 0.0)
            total += np.where(there, weight, 0.0)
        pooled /= np.where(total > 0, total, 1.0)
        odds = self._settings.intercept + self._weighed(pooled)
        odds = odds if compared.added is None else odds + compared.added[problems, institutes]
        scores: FloatArray = np.where(total > 0, 1 / (1 + np.exp(-odds)), 0.0).round(DIGITS)
        scores = self.held_down(compared, problems, institutes, scores)
        return Pooled(problems, institutes, scores, order[starts], pooled, pairs)

    def held_down(
        self, compared: Compared, problems: NDArray[np.intp], institutes: NDArray[np.intp], scores: FloatArray
    ) -> FloatArray:
        """Scores of pairs, all of shape (n,), but below fair where no score says more.

        So it is for a problem of words of trades alone, and for a transfer centre that is not asked for a service.
        """
        below_fair = self._settings.below_fair
        scores = np.where(compared.n_ideas[problems] > 0, scores, (scores * below_fair).round(DIGITS))
        is_fallback = self._is_centre[institutes] & ~compared.asks_service[problems]
        return np.where(is_fallback, np.minimum(scores, below_fair), scores)

    def ranked(self, pooled: Pooled, left: NDArray[np.bool_] | None = None) -> NDArray[np.intp]:
        """Places in ``pooled``, problem by problem and best first, of all or of those left.

        Ties: the institute's own capability before the parent's, then by strength and id.
        """
        ties = self.tie_rank[pooled.pairs.capabilities[pooled.best]] // max(self.n_capabilities, 1)
        order = np.lexsort((pooled.institutes, ties, -pooled.scores, pooled.problems))
        return order if left is None else order[left[order]]

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
        """What the similarities of capabilities add to the log odds, less their discounts: shape (n,)."""
        return self._weighed(features).round(DIGITS)

    def _weighed(self, features: FloatArray) -> FloatArray:
        """Features of shape (K, n) times weights: shape (n,); summed one by one, so that no sum sees its neighbours."""
        added: FloatArray = np.zeros(features.shape[1])
        for weight, feature in zip(self.weights, features, strict=True):
            added = added + weight * feature
        return added

    def _accurate(self) -> E5Similarity:
        from matchmaker.matching import e5

        capabilities = [capability for institute in self._institutes for capability in institute.capabilities]
        loaded = e5.encoder()
        return e5.E5Similarity(e5.compile_e5(capabilities, loaded), loaded)


def weights_of(settings: Settings) -> FloatArray:
    """The weights of all features, in the order of ``FEATURES``."""
    weights = [getattr(settings.weights, name) for name in SIMILARITIES]
    return np.array([*weights, *(getattr(settings.discounts, name) for name in DISCOUNTS)], dtype=np.float64)


def expected(semantic: FloatArray) -> FloatArray:
    """What the similarity to samples would be expected to be: so a capability without any loses nothing."""
    stand_in: FloatArray = np.minimum(_EXPECTED[0] + _EXPECTED[1] * semantic, _MOST_EXPECTED * semantic)
    return stand_in


def blended(samples: FloatArray, accurate: FloatArray) -> FloatArray:
    """The similarity to samples where the accurate encoder is asked, too: each sees what the other misses."""
    both: FloatArray = (1 - _ACCURATE) * samples + _ACCURATE * np.maximum(accurate, 0.0)
    return both


def _listed(names: Iterable[str]) -> str:
    """Names as they are compared, in one string."""
    return BETWEEN_NAMES.join(name.casefold().replace("\0", " ") for name in names)


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
