"""Measures of the scores of pairs: their order, their separation of relevant pairs, their calibration."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from matchmaker.evaluation.trec import DIGITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray: TypeAlias = NDArray[np.float64]
    BoolArray: TypeAlias = NDArray[np.bool_]
    IntArray: TypeAlias = NDArray[np.intp]

N_BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """The pairs with scores in ``[low, high)``, or up to 1 in the last bin.

    Attributes:
        low: The lower bound.
        high: The upper bound.
        n: The number of pairs.
        score: Their mean score.
        share: The share of them that is relevant.
    """

    low: float
    high: float
    n: int
    score: float
    share: float


def pairwise_accuracy(scores: FloatArray, grades: IntArray) -> float:
    """The share of pairs of different grade that are in the right order by score, ties counting half; NaN without any.

    Args:
        scores: Shape (N,).
        grades: Shape (N,).
    """
    right = total = 0.0
    for grade in np.unique(grades)[1:]:
        low = np.sort(scores[grades < grade])
        high = scores[grades == grade]
        right += float(np.searchsorted(low, high).sum() + np.searchsorted(low, high, side="right").sum()) / 2
        total += len(low) * len(high)
    return right / total if total else math.nan


def weighted_auc(scores: FloatArray, labels: BoolArray, weights: FloatArray) -> FloatArray:
    """The area under the ROC curve, ties counting half, for S weightings of the same N items (Mann and Whitney 1947).

    Args:
        scores: Shape (N,).
        labels: Shape (N,).
        weights: Shape (S, N), 0 or more.

    Returns:
        Shape (S,), in [0, 1]; NaN if one class has no weight.
    """
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], np.diff(scores[order]) > 0]))
    sorted_weights, is_positive = weights[:, order], labels[order]
    positive = np.add.reduceat(sorted_weights * is_positive, starts, axis=1)
    negative = np.add.reduceat(sorted_weights * ~is_positive, starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative / 2
    total = positive.sum(axis=1) * negative.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(total > 0, (positive * below).sum(axis=1) / total, math.nan))


def auc(scores: FloatArray, labels: BoolArray) -> float:
    """The area under the ROC curve, ties counting half; NaN if one class is missing."""
    return float(weighted_auc(scores, labels, np.ones((1, len(scores))))[0]) if len(scores) else math.nan


def bin_of_each(scores: FloatArray) -> IntArray:
    """The bin of each score in [0, 1], 0 to 9; a score on a bound belongs to the higher bin, 1 to the last."""
    # Whole millionths decide, as 0.3 * 10 is 3.0000000000000004 and 0.29 * 100 is 28.999999999999996.
    millionths = np.round(np.asarray(scores) * 10**DIGITS).astype(np.intp)
    return np.clip(millionths * N_BINS // 10**DIGITS, 0, N_BINS - 1)


def reliability(scores: FloatArray, labels: BoolArray) -> list[Bin]:
    """How often pairs are relevant, by score, in 10 bins of equal width; empty bins are left out."""
    bin_indices = bin_of_each(scores)
    return [
        Bin(
            index / N_BINS,
            (index + 1) / N_BINS,
            int(is_inside.sum()),
            float(scores[is_inside].mean()),
            float(labels[is_inside].mean()),
        )
        for index in range(N_BINS)
        if (is_inside := bin_indices == index).any()
    ]


def calibration_error(scores: FloatArray, labels: BoolArray) -> float:
    """The expected calibration error: the mean gap between score and share over 10 bins, weighted by their pairs.

    After C. Guo et al., "On Calibration of Modern Neural Networks" (2017).
    """
    return sum(score_bin.n * abs(score_bin.score - score_bin.share) for score_bin in reliability(scores, labels)) / max(
        len(scores), 1
    )
