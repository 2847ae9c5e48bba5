"""A logistic model with non-negative weights fitted to judged pairs, and the folds for its cross-validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from matchmaker.errors import EvaluationError, Fault
from matchmaker.evaluation.pairs import Bin, auc, calibration_error, reliability
from matchmaker.messages import make_message

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray: TypeAlias = NDArray[np.float64]
    BoolArray: TypeAlias = NDArray[np.bool_]
    IntArray: TypeAlias = NDArray[np.intp]

N_FOLDS = 5
RIDGE = 0.1
_MAX_STEPS = 100
_TOLERANCE = 1e-9
_SUFFICIENT_DECREASE = 1e-4
"""The share of the expected decrease that a step must achieve (Armijo's rule)."""
_EPSILON = 1e-12
"""The least probability, so that its logarithm is finite; also the shortest step."""


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """Log odds = intercept + sum of weight times feature; ``weights`` are not negative, in the order of features."""

    intercept: float
    weights: tuple[float, ...]

    def probabilities(self, features: FloatArray) -> FloatArray:
        """Shape (N,), in [0, 1], for features of shape (N, K)."""
        return _logistic(self.intercept + np.asarray(features) @ np.array(self.weights))


@dataclass(frozen=True, slots=True)
class Quality:
    """The quality of probabilities.

    Attributes:
        n_pairs: The number of pairs.
        n_relevant: The number of relevant pairs.
        auc: The area under the ROC curve.
        ece: The expected calibration error.
        log_loss: The mean negative log likelihood.
        bins: The pairs in 10 bins of their probabilities.
    """

    n_pairs: int
    n_relevant: int
    auc: float
    ece: float
    log_loss: float
    bins: tuple[Bin, ...]


def folds(groups: Sequence[str]) -> IntArray:
    """The fold of each pair; groups take turns in order of their BLAKE2b digest, so the order of pairs does not matter.

    Returns:
        Shape (N,), from 0 to 4, or to fewer if there are fewer groups.
    """
    sorted_groups = sorted(set(groups), key=lambda group: (blake2b(group.encode(), digest_size=16).digest(), group))
    fold = {group: index % N_FOLDS for index, group in enumerate(sorted_groups)}
    return np.array([fold[group] for group in groups], dtype=np.intp)


def fit_model(features: FloatArray, labels: BoolArray, *, ridge: float = RIDGE) -> LogisticModel:
    """The model with non-negative weights that maximises the likelihood, by projected Newton steps (Bertsekas 1982).

    Args:
        features: Shape (N, K).
        labels: Shape (N,); both classes must occur.
        ridge: Half of it times the sum of squared weights is added to the negative log likelihood of all pairs.

    Raises:
        EvaluationError: All labels are the same.
    """
    if labels.all() or not labels.any():
        finding = "all judged pairs are at least fair" if labels.all() else "no judged pair is at least fair"
        raise EvaluationError(
            Fault(make_message("judgements"), finding, "a fit needs pairs of both kinds in every part of them")
        )
    design = np.column_stack([np.ones(len(labels)), features]).astype(np.float64)
    penalty = np.concatenate([[0.0], np.full(features.shape[1], ridge)])
    share = float(labels.mean())
    parameters = np.concatenate([[np.log(share / (1 - share))], np.zeros(features.shape[1])])
    for _ in range(_MAX_STEPS):
        next_parameters = _step(design, labels, penalty, parameters)
        if np.abs(next_parameters - parameters).max() < _TOLERANCE:
            break
        parameters = next_parameters
    return LogisticModel(float(parameters[0]), tuple(float(weight) for weight in parameters[1:]))


def quality(probabilities: FloatArray, labels: BoolArray) -> Quality:
    """The quality of probabilities; both arguments have shape (N,)."""
    likelihood = np.where(labels, probabilities, 1 - probabilities)
    return Quality(
        len(labels),
        int(labels.sum()),
        auc(probabilities, labels),
        calibration_error(probabilities, labels),
        float(-np.log(np.maximum(likelihood, _EPSILON)).mean()),
        tuple(reliability(probabilities, labels)),
    )


def _step(design: FloatArray, labels: BoolArray, penalty: FloatArray, parameters: FloatArray) -> FloatArray:
    """One Newton step over the weights that may change, shortened until the loss decreases."""
    probability = _logistic(design @ parameters)
    gradient = design.T @ (probability - labels) + penalty * parameters
    free = (parameters > 0) | (gradient < 0)
    free[0] = True
    weighted_design = design[:, free] * (probability * (1 - probability))[:, None]
    hessian = weighted_design.T @ design[:, free] + np.diag(penalty[free] + _EPSILON)
    direction = np.zeros(len(parameters))
    direction[free] = -np.linalg.lstsq(hessian, gradient[free], rcond=None)[0]  # features may depend on each other
    loss, length = _loss(design, labels, penalty, parameters), 1.0
    while length > _EPSILON:
        candidate = parameters + length * direction
        candidate[1:] = np.maximum(candidate[1:], 0.0)
        expected_decrease = float(gradient @ (parameters - candidate))
        if _loss(design, labels, penalty, candidate) <= loss - _SUFFICIENT_DECREASE * expected_decrease:
            return candidate
        length /= 2
    return parameters


def _loss(design: FloatArray, labels: BoolArray, penalty: FloatArray, parameters: FloatArray) -> float:
    odds = design @ parameters
    return float(np.logaddexp(0.0, np.where(labels, -odds, odds)).sum() + (penalty * parameters**2).sum() / 2)


def _logistic(odds: FloatArray) -> FloatArray:
    exponential = np.exp(-np.abs(odds))  # never overflows
    return np.asarray(np.where(odds >= 0, 1.0, exponential) / (1.0 + exponential))
