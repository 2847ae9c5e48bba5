"""Kappa and weighted kappa of two judges."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.evaluation.agreement import measure_agreement

Pairs = list[tuple[str, int, int]]
GRADE = st.integers(0, 3)
PAIRS = st.lists(st.tuples(st.sampled_from("pqrs"), GRADE, GRADE), min_size=1, max_size=30)


def naive_kappa(pairs: Pairs, *, quadratic: bool) -> float:
    """Cohen's formula, pair by pair."""
    n = len(pairs)
    weigh = (lambda a, b: (a - b) ** 2) if quadratic else (lambda a, b: float(a != b))
    firsts, seconds = Counter(a for _, a, _ in pairs), Counter(b for _, _, b in pairs)
    observed = sum(weigh(a, b) for _, a, b in pairs) / n
    expected = sum(weigh(a, b) * firsts[a] * seconds[b] for a in firsts for b in seconds) / n**2
    return 1 - observed / expected if expected else math.nan


@given(PAIRS)
def test_as_the_naive_formula_says(pairs: Pairs) -> None:
    found = measure_agreement(pairs)
    for estimate, quadratic in ((found.kappa, False), (found.weighted, True)):
        expected = naive_kappa(pairs, quadratic=quadratic)
        if math.isnan(expected):
            assert estimate.value is None
        else:
            assert estimate.value == pytest.approx(expected, abs=1e-12)
            assert -1 - 1e-9 <= expected <= 1


def test_as_scikit_learn_says() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    chance = random.Random(7)  # noqa: S311 - nothing secret hangs on it
    pairs = [(str(n % 12), grade := chance.randrange(4), min(3, grade + chance.randrange(2))) for n in range(80)]
    first, second = [a for _, a, _ in pairs], [b for _, _, b in pairs]
    found = measure_agreement(pairs)
    assert found.kappa.value == pytest.approx(metrics.cohen_kappa_score(first, second))
    assert found.weighted.value == pytest.approx(metrics.cohen_kappa_score(first, second, weights="quadratic"))


def test_worked_by_hand() -> None:
    """Alike in 35 of 50; by chance 25/50 * 30/50 + 25/50 * 20/50 = 0.5 of them: (0.7 - 0.5) / (1 - 0.5) = 0.4."""
    pairs = [("p", 1, 1)] * 20 + [("p", 1, 0)] * 5 + [("p", 0, 1)] * 10 + [("p", 0, 0)] * 15
    assert measure_agreement(pairs).kappa.value == pytest.approx(0.4)


def test_who_agrees_in_everything_has_one() -> None:
    found = measure_agreement([("p", 3, 3), ("p", 0, 0), ("q", 2, 2)])
    assert (found.kappa.value, found.weighted.value, found.n_same, found.n_pairs, found.n_problems) == (1, 1, 3, 3, 2)
    assert (found.kappa.n, found.weighted.n) == (3, 3)


def test_one_grade_for_everything_defines_nothing() -> None:
    found = measure_agreement([("p", 2, 2), ("q", 2, 2)])
    assert (found.kappa.value, found.weighted.value, found.kappa.low, found.kappa.n) == (None, None, None, 2)


def test_nothing_judged_by_both_defines_nothing() -> None:
    found = measure_agreement([])
    assert (found.kappa.value, found.weighted.value, found.n_pairs) == (None, None, 0)


def test_one_problem_has_no_interval() -> None:
    found = measure_agreement([("p", 2, 2), ("p", 1, 0)])
    assert found.kappa.value is not None
    assert (found.kappa.low, found.kappa.high) == (None, None)


def test_the_interval_holds_the_value_and_is_always_the_same() -> None:
    chance = random.Random(3)  # noqa: S311 - nothing secret hangs on it
    pairs = [(str(n % 15), grade := chance.randrange(4), grade if chance.random() < 0.7 else 0) for n in range(60)]
    found = measure_agreement(pairs)
    assert found == measure_agreement(pairs)
    for estimate in (found.kappa, found.weighted):
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.value is not None
        assert estimate.low < estimate.value < estimate.high


def test_the_counts_are_by_first_and_second_judge() -> None:
    found = measure_agreement([("p", 3, 1), ("p", 3, 1), ("q", 0, 2)])
    assert found.counts[3][1] == 2
    assert found.counts[0][2] == 1
    assert sum(map(sum, found.counts)) == 3
