"""The shortcut to the best institutes: what cannot be among them is not compared to the end.

It gives the very scores that comparing everything would give (``Scorer.all_scores``), and pays where an alliance has
very many capabilities. Nothing else depends on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from matchmaker.matching.postings import ranges
from matchmaker.matching.score import DIGITS, FEATURES, InstituteScores, Pairs, ReadProblems, Scorer
from matchmaker.matching.similarities import NAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.matching.postings import FloatArray
    from matchmaker.matching.score import Mask
    from matchmaker.matching.similarity import Places

WORTH_IT_FROM: Final = 1_000
"""Of fewer capabilities all are compared more quickly than told apart."""
_MARGIN = 1e-5  # what a bound is above all that rounding may add, float32 included, for each unit of weight
_AHEAD = 6  # so many institutes more than are asked for are scored first
_NEAR = 0.2  # a capability whose bound is so near to that of one that is pooled may well be pooled in its place


def best_scores(
    scorer: Scorer,
    read: ReadProblems,
    free: Mask,
    counted: Sequence[Mask | None],
    top: int,
) -> InstituteScores:
    """The scores of institutes for problems, without those that cannot be among the ``top`` best of a problem.

    The most promising ones are scored first. Whatever cannot reach the worst of these that is kept stays out; its score
    would change nothing.

    Args:
        scorer: Scores them.
        read: The problems.
        free: For each which institutes are scored: shape (P, I).
        counted: For each which capabilities count, all when None: shape (C,).
        top: 1 or more.
    """
    bounds = _bounds(scorer, read)
    for at, capabilities in enumerate(counted):
        if capabilities is not None:
            bounds[at, ~capabilities] = -np.inf
    chances = _chances(scorer, read, bounds, counted)
    chances[~free] = -1.0
    n_first = min(top + _AHEAD, scorer.n_institutes)
    first = np.zeros(chances.shape, np.bool_)
    most = np.argpartition(-chances, n_first - 1, axis=1)[:, :n_first]
    first[np.arange(len(first))[:, None], most] = True
    tried = _scores_of(scorer, read, np.nonzero(first & (chances >= 0)), bounds, counted)
    reached = np.full((len(chances), n_first), -1.0)
    starts = np.searchsorted(tried.problems, np.arange(len(chances)))
    reached[tried.problems, np.arange(len(tried.scores)) - starts[tried.problems]] = tried.scores
    least = np.sort(reached, axis=1)[:, -min(top, n_first), None] if n_first else np.zeros((len(chances), 1))
    left = np.nonzero(~first & (chances >= np.maximum(least, 0.0)))
    parts = [tried, *([_scores_of(scorer, read, left, bounds, counted)] if len(left[0]) else [])]
    return InstituteScores.joined(parts)


def _scores_of(
    scorer: Scorer,
    read: ReadProblems,
    wanted: tuple[Places, ...],
    bounds: NDArray[np.float32],
    counted: Sequence[Mask | None],
) -> InstituteScores:
    """As ``Scorer.pool``, of the capabilities that can be among an institute's best: no others are compared.

    ``wanted`` are the problems and the institutes, in rising order.
    """
    problems, institutes = wanted
    n_pooled, sizes = len(read.numbers.pooling), scorer.sizes[institutes]
    owners = np.repeat(np.arange(len(institutes)), sizes)
    capabilities = ranges(scorer.starts[institutes], sizes)
    of_problem = problems[owners]
    promise = bounds[of_problem, capabilities]
    order = np.lexsort((-promise, owners))
    starts = np.cumsum(sizes) - sizes
    nth = promise[order][starts + np.minimum(n_pooled, sizes) - 1]  # the worst that would be pooled
    is_near = promise >= nth[owners] - _NEAR
    pairs = scorer.pairs(read, of_problem[is_near], capabilities[is_near])
    if not is_near.all():  # some may be better than the worst of those that were compared
        strengths, found = read.numbers.strengths(pairs.features).round(DIGITS), owners[is_near]
        by_strength = np.lexsort((-strengths, found))
        first = np.searchsorted(found, np.arange(len(institutes)))
        worst = strengths[by_strength[np.minimum(first + n_pooled - 1, len(strengths) - 1)]]
        left = ~is_near & (promise >= worst[owners])
        if left.any():
            pairs = Pairs.joined([pairs, scorer.pairs(read, of_problem[left], capabilities[left])])
    return scorer.pool(read, problems, institutes, pairs, counted)


def _bounds(scorer: Scorer, read: ReadProblems) -> NDArray[np.float32]:
    """What the strength of each capability for each problem does not exceed: shape (P, C)."""
    weights = dict(zip(FEATURES, read.numbers.weights.tolist(), strict=True))
    bounds = np.full((len(read.problems), scorer.n_capabilities), _MARGIN * (1 + sum(weights.values())), np.float32)
    known: dict[str, NDArray[np.floating]] = {}
    for name, reading in read.readings.items():
        known[name] = reading.bounds(known)
        entering = np.sqrt(known[name]) if scorer.similarities[name].enters_as_root else known[name]
        bounds += np.float32(weights[name]) * entering.astype(np.float32)
    lowered = read.numbers.weights[len(NAMES) :, None] * scorer.discounts
    bounds += lowered[:-1].sum(axis=0, dtype=np.float32)
    bounds += np.where(read.asks_service[:, None], np.float32(0), lowered[-1].astype(np.float32))
    return bounds


def _chances(
    scorer: Scorer, read: ReadProblems, bounds: NDArray[np.float32], counted: Sequence[Mask | None]
) -> FloatArray:
    """What the score of each institute for each problem does not exceed, given as much of its capabilities.

    All capabilities but the best are taken to be as good as the second.

    Returns:
        Shape (P, I).
    """
    sizes = np.tile(scorer.sizes, (len(bounds), 1))
    for at, capabilities in enumerate(counted):
        if capabilities is not None:
            sizes[at] = np.bincount(scorer.owners, weights=capabilities, minlength=scorer.n_institutes)
    best = np.maximum.reduceat(bounds, scorer.starts, axis=1).astype(np.float64)
    pooling = np.array(read.numbers.pooling)
    if len(pooling) > 1:
        is_best = bounds == best[:, scorer.owners]
        second = np.maximum.reduceat(np.where(is_best, -np.inf, bounds), scorer.starts, axis=1)
        n_best = np.add.reduceat(is_best, scorer.starts, axis=1, dtype=np.intp)
        second = np.where(n_best > 1, best, second)
        first_share = (pooling[0] / np.cumsum(pooling))[np.minimum(sizes, len(pooling)) - 1]
        best = np.where(sizes > 1, first_share * best + (1 - first_share) * np.where(sizes > 1, second, 0.0), best)
    best = best if read.added is None else best + read.added
    chances: FloatArray = np.round(1 / (1 + np.exp(-(read.numbers.intercept + best))), DIGITS)
    return chances
