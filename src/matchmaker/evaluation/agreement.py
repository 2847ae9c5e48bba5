"""The agreement of two judges beyond chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from matchmaker.evaluation.measures import Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

_N_GRADES: Final = 4
_N_SAMPLES: Final = 2_000
_SEED: Final = 20_261_122


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreement of two judges on the pairs that both graded.

    Attributes:
        n_pairs: The number of these pairs.
        n_problems: The number of their problems.
        n_same: Pairs with the same grade from both judges.
        counts: Shape 4 x 4: pairs by the grade of the first judge, then of the second, from 0 to 3.
        kappa: Cohen's kappa: 1 for full agreement, 0 for chance, negative for less; its value may be undefined.
        weighted: The same with quadratic weights: a difference of two grades counts as much as four of one.
    """

    n_pairs: int
    n_problems: int
    n_same: int
    counts: tuple[tuple[int, ...], ...]
    kappa: Estimate
    weighted: Estimate


def measure_agreement(pairs: Sequence[tuple[str, int, int]]) -> Agreement:
    """Kappa and weighted kappa of two judges, with 95 % intervals.

    Kappa is after J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement
    20 (1960) 37-46; weighted kappa after J. Cohen, "Weighted kappa", Psychological Bulletin 70 (1968) 213-220, with the
    squared distance of the grades as the weight of a disagreement. Both are
    ``1 - sum(weight * observed) / sum(weight * expected)``. If both judges give the same grade to everything, no
    disagreement is expected and neither is defined. The intervals are percentiles of 2,000 bootstrap samples of
    problems, as the pairs of one problem are not independent; samples without a defined value are left out.

    Args:
        pairs: The problem, the grade of the first judge and that of the second, 0 to 3, for every pair both graded.

    Returns:
        The agreement; without pairs, the values of both kappas are ``None``.
    """
    index_of = {problem: index for index, problem in enumerate(dict.fromkeys(problem for problem, _, _ in pairs))}
    tables = np.zeros((len(index_of), _N_GRADES, _N_GRADES))
    for problem, first, second in pairs:
        tables[index_of[problem], first, second] += 1
    all_pairs = tables.sum(axis=0)
    nominal = 1.0 - np.eye(_N_GRADES)
    quadratic = np.subtract.outer(np.arange(_N_GRADES), np.arange(_N_GRADES)).astype(np.float64) ** 2
    return Agreement(
        n_pairs=len(pairs),
        n_problems=len(index_of),
        n_same=int(np.trace(all_pairs)),
        counts=tuple(tuple(int(n) for n in row) for row in all_pairs),
        kappa=_estimate(tables, nominal, len(pairs)),
        weighted=_estimate(tables, quadratic, len(pairs)),
    )


def _estimate(tables: FloatArray, weights: FloatArray, n: int) -> Estimate:
    if not n:
        return Estimate(None, None, None, 0)
    value = float(_kappas(tables.sum(axis=0)[None], weights)[0])
    n_problems = len(tables)
    drawn = np.random.default_rng(_SEED).multinomial(n_problems, np.full(n_problems, 1 / n_problems), _N_SAMPLES)
    samples = _kappas(np.tensordot(drawn.astype(np.float64), tables, axes=1), weights)
    defined = samples[~np.isnan(samples)]
    if np.isnan(value):
        return Estimate(None, None, None, n)
    if n_problems == 1 or not len(defined):  # one problem cannot be resampled
        return Estimate(value, None, None, n)
    low, high = np.quantile(defined, [0.025, 0.975])
    return Estimate(value, float(low), float(high), n)


def _kappas(tables: FloatArray, weights: FloatArray) -> FloatArray:
    """Kappa of each of S tables, shape (S, 4, 4); NaN where no disagreement is expected."""
    totals = tables.sum(axis=(1, 2))
    expected = tables.sum(axis=2)[:, :, None] * tables.sum(axis=1)[:, None, :] / totals[:, None, None]
    observed, by_chance = (tables * weights).sum(axis=(1, 2)), (expected * weights).sum(axis=(1, 2))
    with np.errstate(invalid="ignore"):
        kappas: FloatArray = np.where(by_chance > 0, 1 - observed / np.where(by_chance > 0, by_chance, 1), np.nan)
    return kappas
