"""A logistic model with non-negative weights, fitted to judged pairs and checked by grouped cross-validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from matchmaker.errors import EvaluationError, Fault
from matchmaker.evaluation.pairs import Bin, auc, calibration_error, reliability
from matchmaker.messages import counted, said

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray: TypeAlias = NDArray[np.float64]
    BoolArray: TypeAlias = NDArray[np.bool_]
    IntArray: TypeAlias = NDArray[np.intp]

N_FOLDS = 5
RIDGE = 0.1
_MOST_STEPS = 100
_TOLERANCE = 1e-9
_SUFFICIENT = 1e-4  # share of the promised decrease that a step must bring (Armijo)
_SMALLEST = 1e-12  # of a probability, so that its logarithm is finite


@dataclass(frozen=True, slots=True)
class Model:
    """Log odds = intercept + sum of weight times feature; ``weights`` are 0 or more, in the order of the features."""

    intercept: float
    weights: tuple[float, ...]

    def probabilities(self, features: FloatArray) -> FloatArray:
        """Shape (N,), in [0, 1], for features of shape (N, K)."""
        return _logistic(self.intercept + np.asarray(features) @ np.array(self.weights))


@dataclass(frozen=True, slots=True)
class Quality:
    """How good probabilities are: area under the ROC curve, calibration error, mean negative log likelihood."""

    n_pairs: int
    n_relevant: int
    auc: float
    ece: float
    log_loss: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """A model of all pairs, and the probability of each pair by a model that has not seen its group."""

    model: Model
    out_of_fold: FloatArray
    quality: Quality


def fit(features: FloatArray, labels: BoolArray, groups: Sequence[str], *, ridge: float = RIDGE) -> Fit:
    """Fit the model to all pairs, and cross-validate it in 5 folds of whole groups.

    Args:
        features: Shape (N, K), float64.
        labels: Shape (N,), whether each pair is relevant.
        groups: N names; pairs of one group are never on both sides of a fold.
        ridge: Half of it times the squared weights is added to the negative log likelihood of all pairs.

    Raises:
        EvaluationError: All pairs have the same label, all but a fold's have, or there is only one group.
    """
    _check(features, labels, groups)
    fold_of = folds(groups)
    out_of_fold = cross_validated(features, labels, fold_of, ridge=ridge)
    return Fit(fit_model(features, labels, ridge=ridge), out_of_fold, quality(out_of_fold, labels))


def cross_validated(features: FloatArray, labels: BoolArray, fold_of: IntArray, *, ridge: float = RIDGE) -> FloatArray:
    """The probability of each pair by the model of the other folds: shape (N,)."""
    found = np.empty(len(labels))
    for fold in np.unique(fold_of):
        inside = fold_of == fold
        found[inside] = fit_model(features[~inside], labels[~inside], ridge=ridge).probabilities(features[inside])
    return found


def folds(groups: Sequence[str]) -> IntArray:
    """The fold of each pair: groups in order of their BLAKE2b digest take turns; the order of pairs does not matter.

    Returns:
        Shape (N,), 0 to 4, or fewer when there are fewer groups.
    """
    in_order = sorted(set(groups), key=lambda group: (blake2b(group.encode(), digest_size=16).digest(), group))
    fold = {group: at % N_FOLDS for at, group in enumerate(in_order)}
    return np.array([fold[group] for group in groups], dtype=np.intp)


def fit_model(features: FloatArray, labels: BoolArray, *, ridge: float = RIDGE) -> Model:
    """The weights of 0 or more that make the labels likeliest, by projected Newton steps (Bertsekas 1982).

    Args:
        features: Shape (N, K).
        labels: Shape (N,); both classes must be there.
        ridge: As in ``fit``.

    Raises:
        EvaluationError: All labels are the same.
    """
    if labels.all() or not labels.any():
        finding = "all judged pairs are at least fair" if labels.all() else "no judged pair is at least fair"
        raise EvaluationError(
            Fault(said("judgements"), finding, "a fit needs pairs of both kinds in every part of them")
        )
    design = np.column_stack([np.ones(len(labels)), features]).astype(np.float64)
    penalty = np.concatenate([[0.0], np.full(features.shape[1], ridge)])
    share = float(labels.mean())
    found = np.concatenate([[np.log(share / (1 - share))], np.zeros(features.shape[1])])
    for _ in range(_MOST_STEPS):
        moved = _step(design, labels, penalty, found)
        if np.abs(moved - found).max() < _TOLERANCE:
            break
        found = moved
    return Model(float(found[0]), tuple(float(weight) for weight in found[1:]))


def quality(probabilities: FloatArray, labels: BoolArray) -> Quality:
    """How good probabilities are, each of shape (N,)."""
    likelihood = np.where(labels, probabilities, 1 - probabilities)
    return Quality(
        len(labels),
        int(labels.sum()),
        auc(probabilities, labels),
        calibration_error(probabilities, labels),
        float(-np.log(np.maximum(likelihood, _SMALLEST)).mean()),
        tuple(reliability(probabilities, labels)),
    )


def _step(design: FloatArray, labels: BoolArray, penalty: FloatArray, at: FloatArray) -> FloatArray:
    """One Newton step over the weights that are free to move, shortened until the loss falls."""
    probability = _logistic(design @ at)
    gradient = design.T @ (probability - labels) + penalty * at
    free = (at > 0) | (gradient < 0)
    free[0] = True
    curved = design[:, free] * (probability * (1 - probability))[:, None]
    hessian = curved.T @ design[:, free] + np.diag(penalty[free] + _SMALLEST)
    direction = np.zeros(len(at))
    direction[free] = -np.linalg.lstsq(hessian, gradient[free], rcond=None)[0]  # features may depend on each other
    loss, length = _loss(design, labels, penalty, at), 1.0
    while length > _SMALLEST:
        moved = at + length * direction
        moved[1:] = np.maximum(moved[1:], 0.0)
        promised = float(gradient @ (at - moved))
        if _loss(design, labels, penalty, moved) <= loss - _SUFFICIENT * promised:
            return moved
        length /= 2
    return at


def _loss(design: FloatArray, labels: BoolArray, penalty: FloatArray, at: FloatArray) -> float:
    odds = design @ at
    return float(np.logaddexp(0.0, np.where(labels, -odds, odds)).sum() + (penalty * at**2).sum() / 2)


def _logistic(odds: FloatArray) -> FloatArray:
    small = np.exp(-np.abs(odds))  # never overflows
    return np.asarray(np.where(odds >= 0, 1.0, small) / (1.0 + small))


def _check(features: FloatArray, labels: BoolArray, groups: Sequence[str]) -> None:
    if features.ndim != 2 or not len(features) == len(labels) == len(groups):
        raise ValueError("features must have shape (N, K), labels and groups N entries")
    if len(set(groups)) < 2:
        one, many = "{n} different problem is judged", "{n} different problems are judged"
        finding = counted(len(set(groups)), one, many)
        raise EvaluationError(Fault(said("judgements"), finding, "a cross-validated fit needs two at least, better 50"))
