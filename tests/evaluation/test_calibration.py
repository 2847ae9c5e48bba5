"""Fits against a plain one, their cross-validation, and settings fitted to a small world."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from matchmaker.domain import Problem, Registry
from matchmaker.errors import EvaluationError
from matchmaker.evaluation import Qrels, calibrate, load_qrels, score_run
from matchmaker.evaluation.calibration import bounds_for, group_institutes, judged_pairs, known_pairs
from matchmaker.evaluation.fitting import fit_model, folds, quality
from matchmaker.institutes import load_institutes
from matchmaker.intake import RejectedRow, read_problems
from matchmaker.matching.matcher import FEATURES, Matcher
from matchmaker.matching.score import Numbers
from matchmaker.matching.settings import Settings

WORLD = Path(__file__).parents[1] / "data" / "evaluation"
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def drawn(n: int = 3000, *, seed: int = 0) -> tuple[FloatArray, BoolArray]:
    """Features and labels of a model that is known: -2 + 4 x + 0 y - 3 z."""
    random = np.random.default_rng(seed)
    features = random.random((n, 3))
    odds = -2 + features @ np.array([4.0, 0.0, -3.0])
    return features, random.random(n) < 1 / (1 + np.exp(-odds))


def plain_descent(features: FloatArray, labels: BoolArray, ridge: float) -> FloatArray:
    """Projected gradient descent, small steps, many of them."""
    design = np.column_stack([np.ones(len(labels)), features])
    found = np.zeros(design.shape[1])
    for _ in range(20_000):
        gradient = design.T @ (1 / (1 + np.exp(-design @ found)) - labels)
        gradient[1:] += ridge * found[1:]
        found -= gradient / len(labels)
        found[1:] = np.maximum(found[1:], 0)
    return found


def out_of_fold(features: FloatArray, labels: BoolArray, groups: Sequence[str]) -> FloatArray:
    """The probability of each pair by a model of the other folds."""
    fold_of, found = folds(groups), np.empty(len(labels))
    for fold in set(fold_of.tolist()):
        inside = fold_of == fold
        found[inside] = fit_model(features[~inside], labels[~inside]).probabilities(features[inside])
    return found


# --- the fit ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ridge", [0.0, 0.1, 10.0])
def test_the_fit_is_that_of_plain_descent(ridge: float) -> None:
    features, labels = drawn(300)
    model = fit_model(features, labels, ridge=ridge)
    assert [model.intercept, *model.weights] == pytest.approx(plain_descent(features, labels, ridge), abs=1e-3)


def test_a_known_model_is_found_and_no_weight_is_negative() -> None:
    features, labels = drawn(50_000)
    model = fit_model(features[:, :2], labels)
    assert model.weights[0] == pytest.approx(3.6, abs=0.3)  # less than 4, as the third is not seen
    whole = fit_model(features, labels)
    assert whole.weights[2] == 0
    assert min(whole.weights) >= 0


@given(st.integers(0, 10**6), st.integers(5, 60))
def test_weights_are_never_negative_and_probabilities_in_range(seed: int, n: int) -> None:
    random = np.random.default_rng(seed)
    features, labels = random.random((n, 3)), random.random(n) < 0.4
    labels[:2] = (True, False)
    model = fit_model(features, labels)
    assert min(model.weights) >= 0
    probabilities = model.probabilities(features)
    assert probabilities.min() >= 0
    assert probabilities.max() <= 1
    assert probabilities.mean() == pytest.approx(labels.mean(), abs=1e-4)  # the intercept is free


def test_pairs_that_can_be_told_apart_completely_still_give_finite_weights() -> None:
    features = np.linspace(0, 1, 40)[:, None]
    model = fit_model(features, features[:, 0] > 0.5)
    assert math.isfinite(model.intercept)
    assert 0 < model.weights[0] < 1000


def test_features_that_say_the_same_or_nothing_do_no_harm() -> None:
    features, labels = drawn()
    doubled = np.column_stack([features[:, 0], features[:, 0], np.zeros(len(labels))])
    model = fit_model(doubled, labels)
    alone = fit_model(features[:, :1], labels, ridge=0.05)
    assert model.weights[0] + model.weights[1] == pytest.approx(alone.weights[0], abs=1e-6)
    assert model.weights[2] == 0


@pytest.mark.parametrize(("label", "told"), [(True, "all judged pairs are"), (False, "no judged pair is")])
def test_labels_of_one_kind_are_an_error(label: bool, told: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        fit_model(np.ones((4, 1)), np.full(4, label))
    remedy = "a fit needs pairs of both kinds in every part of them"
    assert str(caught.value) == f"judgements: {told} at least fair; {remedy}"


# --- cross-validation -------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from("abcdefghijkl"), min_size=1))
def test_a_group_is_in_one_fold_whatever_the_order(groups: list[str]) -> None:
    found = dict(zip(groups, folds(groups).tolist(), strict=True))
    assert folds(groups).tolist() == [found[group] for group in groups]
    assert folds(groups[::-1]).tolist() == folds(groups).tolist()[::-1]
    sizes = [list(found.values()).count(fold) for fold in range(5)]
    assert max(sizes) - min(sizes) <= 1


def test_the_fit_of_a_known_model_is_calibrated() -> None:
    features, labels = drawn(20_000)
    found = quality(out_of_fold(features[:, :2], labels, [f"g{n % 500}" for n in range(20_000)]), labels)
    assert found.ece < 0.02
    assert found.n_relevant == labels.sum()


# --- settings ---------------------------------------------------------------------------------------------------------


@cache
def world() -> tuple[Registry, tuple[Problem, ...], Qrels]:
    problems = [row for row in read_problems(WORLD / "problems.csv") if not isinstance(row, RejectedRow)]
    return load_institutes(WORLD / "institutes.jsonl"), tuple(problems), load_qrels(WORLD / "qrels.txt")


def test_quality_by_hand() -> None:
    found = quality(np.array([0.9, 0.25, 0.6, 0.7]), np.array([True, False, True, False]))
    assert (found.n_pairs, found.n_relevant) == (4, 2)
    assert found.auc == 0.75  # 0.6 stands below 0.7
    assert found.log_loss == pytest.approx(-math.log(0.9 * 0.75 * 0.6 * 0.3) / 4)
    assert found.ece == pytest.approx((0.1 + 0.25 + 0.4 + 0.7) / 4)
    assert [one.n for one in found.bins] == [1, 1, 1, 1]
    certain = quality(np.array([1.0, 0.0]), np.array([False, False]))
    assert certain.log_loss == pytest.approx(-math.log(1e-12) / 2)


def test_bounds_are_set_by_how_often_the_first_institute_is_relevant() -> None:
    scores = np.arange(99, -1, -1) / 100  # one institute for each of 100 problems
    grades = np.zeros(100, np.intp)
    grades[:20] = 3  # all of the first 20 are right, then one in four
    grades[20::4] = 2
    bounds = bounds_for(scores, grades, [str(at) for at in range(100)])
    right = grades >= 2
    assert right[scores >= bounds.strong].mean() >= 0.8 > right[scores >= bounds.strong - 0.01].mean()
    assert right[scores >= bounds.fair].mean() >= 0.6 > right[scores >= bounds.fair - 0.01].mean()
    assert bounds.weak == round(bounds.fair / 3, 2)


def test_only_the_first_institute_of_a_problem_counts_for_bounds() -> None:
    scores = np.repeat(np.arange(10, 0, -1) / 10, 2) - np.tile([0.0, 0.05], 10)
    grades = np.tile([2, 0], 10)
    bounds = bounds_for(scores, grades, [str(at // 2) for at in range(20)])
    assert (bounds.strong, bounds.fair) == (0.1, 0.09)


def test_without_enough_right_ones_nothing_is_strong() -> None:
    bounds = bounds_for(np.array([0.9, 0.6, 0.3]), np.array([0, 2, 0]), ["a", "b", "c"])
    assert (bounds.strong, bounds.fair) == (0.99, round(0.99 / 2, 2))


@given(st.lists(st.tuples(st.integers(0, 1000).map(lambda n: n / 1000), st.integers(0, 3)), min_size=1))
def test_bounds_always_fall(pairs: list[tuple[float, int]]) -> None:
    scores, grades = (np.array(values) for values in zip(*[*pairs, (0.5, 2)], strict=True))
    names = [str(at // 2) for at in range(len(scores))]
    bounds = bounds_for(scores, grades.astype(np.intp), names)  # which checks that they fall
    assert 0 < bounds.weak < bounds.fair < bounds.strong <= 1


def test_judged_pairs_have_the_features_that_make_their_score() -> None:
    registry, problems, qrels = world()
    matcher = Matcher(registry)
    pairs = judged_pairs(matcher, problems, qrels)
    weights = Numbers.of(matcher.settings).weights
    expected = [
        score_run(matcher, problems)[problem.id][one]
        for problem in problems
        if problem.id in qrels
        for one in sorted(qrels[problem.id])
    ]
    scores = 1 / (1 + np.exp(-(matcher.settings.intercept + pairs.features @ weights)))
    assert scores == pytest.approx(expected, abs=2e-6)
    assert len(set(pairs.groups)) == len(qrels)


def test_calibration_of_a_small_world() -> None:
    registry, problems, qrels = world()
    start = Settings(pooling=(0.9, 0.1), inferred_weight=0.5)
    found = calibrate(registry, problems, qrels, settings=start)
    assert found.chosen == "single"
    assert (found.settings.pooling, found.settings.inferred_weight) == ((0.9, 0.1), 0.5)
    assert found.settings != start
    assert (found.n_problems, found.n_texts, found.n_rounds) == (5, 5, 3)
    assert found.quality.n_pairs == 14
    assert found.settings == calibrate(registry, problems, qrels, settings=start).settings
    assert {problem: set(scores) for problem, scores in found.out_of_fold.items()} == {
        problem: set(grades) for problem, grades in qrels.items()
    }
    weights = found.settings.weights.model_dump()
    numbers = {**weights, **found.settings.discounts.model_dump()}
    assert [numbers[name] for name in FEATURES] == [round(one, 3) for one in found.models["single"].weights]
    intercept = found.models["single"].intercept
    assert found.settings.intercept == round(intercept, 3) != round(intercept)
    scores = score_run(Matcher(registry, found.settings), problems)
    assert scores["leak"]["leaks"] > scores["leak"]["fans"]


def test_calibration_with_groups_measures_every_fit_on_both() -> None:
    registry, problems, qrels = world()
    found = calibrate(registry, problems, qrels, pool_groups=2)
    assert set(found.models) == {"single", "groups", "both"}
    assert set(found.qualities) == {(to, on) for to in ("single", "groups", "both") for on in ("single", "groups")}
    assert found.chosen in {"single", "both"}
    loss = {to: sum(found.qualities[to, on].log_loss for on in ("single", "groups")) for to in ("single", "both")}
    assert loss[found.chosen] == min(loss.values())


def test_a_group_needs_two_members() -> None:
    with pytest.raises(ValueError, match="2 members"):
        calibrate(*world(), pool_groups=1)


def test_groups_hold_everybody_once_and_never_mix_what_fits_with_what_does_not() -> None:
    registry, _, _ = world()
    qrels: Qrels = {"p": {"fans": 3, "leaks": 2, "teas": 1, "vision": 0}, "q": {"fans": 2}}
    pseudo, grades = group_institutes(registry, qrels, 2)
    assert {problem: sorted(judged.values()) for problem, judged in grades.items()} == {"p": [0, 2], "q": [2]}
    capabilities = {one.id: one.capabilities[0] for one in pseudo.institutes}
    said = {
        name: {capability.name.zh, *(term.zh for term in capability.keywords)}
        for name, capability in capabilities.items()
    }
    names = {one.id: {held.name.zh for held in one.capabilities} for one in registry.institutes}
    assert said["p/2/0"] == names["fans"] | names["leaks"]
    assert said["p/0/0"] == names["teas"] | names["vision"]
    assert said["q/2/0"] == names["fans"]


@pytest.mark.parametrize(("n", "sizes"), [(1, [1]), (4, [4]), (7, [7]), (8, [4, 4]), (13, [4, 4, 5]), (15, [5, 5, 5])])
def test_groups_are_even(n: int, sizes: list[int]) -> None:
    registry, _, _ = world()
    many = [registry.institutes[3].model_copy(update={"id": f"i{at}"}) for at in range(n)]
    pseudo, _ = group_institutes(
        registry.model_copy(update={"institutes": tuple(many)}), {"p": {one.id: 2 for one in many}}, 5
    )
    assert sorted(1 + len(one.capabilities[0].keywords) for one in pseudo.institutes) == sizes


def test_pairs_that_are_not_there_are_named_and_left_out() -> None:
    registry, problems, qrels = world()
    more = {**qrels, "leak": {**qrels["leak"], "nobody": 3}, "gone": {"fans": 1}}
    known, unknown = known_pairs(registry, problems, more)
    assert known == qrels
    assert (unknown.judged_problems, unknown.judged_institutes) == (("gone",), ("nobody",))
    assert unknown.n_missing_pairs == 2
    assert calibrate(registry, problems, more).settings == calibrate(registry, problems, qrels).settings
    with pytest.raises(EvaluationError, match="no judged pair has both"):
        known_pairs(registry, problems, {"gone": {"fans": 1}})


def test_the_figures_of_a_calibration_are_those_of_the_cross_validated_fit() -> None:
    registry, problems, qrels = world()
    alone = [one.model_copy(update={"capabilities": one.capabilities[:1]}) for one in registry.institutes]
    registry = registry.model_copy(update={"institutes": tuple(alone)})
    found = calibrate(registry, problems, qrels, pool_groups=2)
    assert found.n_rounds == 1
    pairs = judged_pairs(Matcher(registry), problems, qrels)
    labels = pairs.grades >= 2
    expected = out_of_fold(pairs.features, labels, pairs.groups)
    assert found.qualities["single", "single"] == quality(expected, labels)
    assert found.models["single"] == fit_model(pairs.features, labels)
    chosen = calibrate(registry, problems, qrels)
    scores = [chosen.out_of_fold[problem][institute] for problem, institute in pairs.pairs]
    assert scores == pytest.approx(expected, abs=1e-6)


def test_one_problem_alone_cannot_be_cross_validated() -> None:
    registry, problems, qrels = world()
    with pytest.raises(EvaluationError) as caught:
        calibrate(registry, problems, {next(iter(qrels)): next(iter(qrels.values()))})
    remedy = "cross-validation needs at least two, preferably 50"
    assert str(caught.value) == f"judgements: only one problem has judgements; {remedy}"
