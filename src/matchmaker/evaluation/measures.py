"""The quality of a run against judgements: measures with intervals, paired comparison, thresholds."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from matchmaker.domain import LEVELS, Level
from matchmaker.errors import EvaluationError, Fault
from matchmaker.evaluation.pairs import N_BINS, Bin, bin_of_each, pairwise_accuracy, reliability, weighted_auc
from matchmaker.evaluation.ranking import rank_measures
from matchmaker.evaluation.trec import DIGITS, RELEVANT, Qrels, Run
from matchmaker.evaluation.verdicts import OF_VERDICTS, Answers, Verdicts, wilson
from matchmaker.messages import make_message

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray: TypeAlias = NDArray[np.float64]
    BoolArray: TypeAlias = NDArray[np.bool_]
    IntArray: TypeAlias = NDArray[np.intp]

PER_PROBLEM: Final = ("nDCG@10", "MRR", "P@1", "recall@3", "pairwise")
POOLED: Final = ("AUC", "ECE", "judged", "abstention")
MEASURES: Final = (*PER_PROBLEM, *POOLED, *OF_VERDICTS)
SMALLER_IS_BETTER: Final = frozenset({"ECE"})
_N_SAMPLES = 2_000
_SEED = 0
_CHUNK = 2_000_000
"""The size of an array of resampled pairs."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure with its 95 % bootstrap interval; all three are ``None`` if it is not defined.

    ``n`` is the number of problems it is taken over; for ``AUC`` and ``ECE``, the number of pairs.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int


_NOT_DEFINED: Final = Estimate(None, None, None, 0)


@dataclass(frozen=True, slots=True)
class LevelPrecision:
    """The share of first institutes at a level that are relevant.

    Attributes:
        level: The level.
        n: The problems whose first institute has it.
        n_relevant: Those of them whose first institute is relevant.
        share: ``n_relevant / n`` with its bootstrap interval over problems.
        wilson: Wilson's interval, which is also valid for few problems and for shares of 0 or 1; ``None`` without any
            problem.
    """

    level: Level
    n: int
    n_relevant: int
    share: Estimate
    wilson: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """The judged pairs with at least a threshold of a score.

    Attributes:
        threshold: The threshold.
        n_pairs: The number of these pairs.
        precision: The share of them that is relevant; ``None`` without any.
        recall: The share of all relevant pairs that is among them; ``None`` without any.
        n_problems: The problems with any institute at or above the threshold.
    """

    threshold: float
    n_pairs: int
    precision: float | None
    recall: float | None
    n_problems: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A measure of this run minus that of another, over the problems on which both are judged."""

    value: float
    low: float
    high: float
    n_wins: int
    n_ties: int
    n_losses: int


@dataclass(frozen=True, slots=True)
class UnknownIds:
    """Ids without a counterpart, in order of id, so that none is dropped without being named."""

    judged_problems: tuple[str, ...] = ()
    judged_institutes: tuple[str, ...] = ()
    run_problems: tuple[str, ...] = ()
    run_institutes: tuple[str, ...] = ()
    missing_problems: tuple[str, ...] = ()
    n_missing_pairs: int = 0
    n_unjudged_pairs: int = 0


class Evaluation:
    """A run compared with judgements.

    A pair is relevant if its grade is 2 (fair) or more. A judged problem that is missing from the run counts 0 in every
    measure of problems, and its pairs, like any judged pair missing from the run, have score 0. nDCG is taken over the
    problems with a grade above 0, the other ranking measures over those with a relevant institute, and pairwise
    accuracy over those with two different grades. The measures of verdicts need answers, and are undefined without.

    Args:
        qrels: The judgements.
        run: The scores.
        judged_only: Rank only institutes that are judged for the problem, rather than all of the run.
        problems: The ids of all problems; by default those of the judgements.
        institutes: The ids of all institutes; not checked by default.
        answers: The answer to each problem, as a run holds no verdicts.
        groups: Problems of one group, such as those with equal texts, enter a bootstrap sample together; by default
            each problem is a group of its own.

    Raises:
        EvaluationError: None of the judged problems is in the run, or there is none.
    """

    def __init__(
        self,
        qrels: Qrels,
        run: Run,
        *,
        judged_only: bool = False,
        problems: Sequence[str] | None = None,
        institutes: Sequence[str] | None = None,
        answers: Answers | None = None,
        groups: Mapping[str, str] | None = None,
    ) -> None:
        if not any(problem in run for problem in qrels):
            finding = "none of the judged problems was scored"
            raise EvaluationError(Fault(make_message("judgements"), finding, "check that both use the same ids"))
        self._ids = sorted(qrels)
        self._n_problems = len(set(qrels) if problems is None else set(problems))
        self.unknown = _unknown_ids(qrels, run, problems, institutes)
        known = set(qrels if problems is None else problems)
        self._n_judged = sum(problem in known for problem in qrels)
        rows = [
            (index, run.get(problem, {}).get(institute, 0.0), grade)
            for index, problem in enumerate(self._ids)
            for institute, grade in sorted(qrels[problem].items())
        ]
        self._owners: IntArray = np.array([index for index, _, _ in rows], dtype=np.intp)
        self._scores: FloatArray = np.array([round(score, DIGITS) for _, score, _ in rows], dtype=np.float64)
        self._grades: IntArray = np.array([grade for _, _, grade in rows], dtype=np.intp)
        ranked = {
            problem: {id_: score for id_, score in run[problem].items() if not judged_only or id_ in qrels[problem]}
            for problem in self._ids
            if problem in run
        }
        tops = [max(ranked.get(id_, {}).values(), default=0.0) for id_ in self._ids]
        self._top: FloatArray = np.array(tops, dtype=np.float64)
        self._ranked = ranked
        self._qrels = qrels
        self.verdicts = None if answers is None else Verdicts(qrels, answers)
        group_names = self._ids if groups is None else [groups[problem] for problem in self._ids]
        self._groups: IntArray = np.unique(group_names, return_inverse=True)[1]

    @property
    def n_problems(self) -> int:
        """The number of problems, judged or not."""
        return self._n_problems

    @property
    def n_judged(self) -> int:
        """The number of judged problems, including unknown ones."""
        return len(self._ids)

    @property
    def n_pairs(self) -> int:
        """The number of judged pairs."""
        return len(self._grades)

    @property
    def n_relevant(self) -> int:
        """The number of judged pairs that are at least fair."""
        return int(self._labels.sum())

    @property
    def n_without_relevant(self) -> int:
        """The number of judged problems without an institute that is at least fair."""
        return int((~self._has_relevant).sum())

    @cached_property
    def values(self) -> Mapping[str, FloatArray]:
        """Each measure of ``PER_PROBLEM`` for every judged problem in order of id; NaN where it is undefined."""
        values = rank_measures(self._qrels, self._ranked, self._ids)
        values["pairwise"] = np.array([
            pairwise_accuracy(self._scores[self._owners == index], self._grades[self._owners == index])
            for index in range(len(self._ids))
        ])  # fmt: skip
        missing = np.array([problem not in self._ranked for problem in self._ids])
        best = np.array([max(self._qrels[problem].values()) for problem in self._ids])
        defined = {
            "nDCG@10": best > 0,
            "pairwise": ~np.isnan(values["pairwise"]),
            **dict.fromkeys(("MRR", "P@1", "recall@3"), self._has_relevant),
        }
        return {name: np.where(defined[name], np.where(missing, 0.0, values[name]), math.nan) for name in PER_PROBLEM}

    def by_problem(self) -> Iterator[tuple[str, Mapping[str, float | None]]]:
        """Each judged problem with its measures, ``None`` where one is undefined."""
        for index, problem in enumerate(self._ids):
            yield problem, {name: _or_none(self.values[name][index]) for name in PER_PROBLEM}

    @cached_property
    def estimates(self) -> Mapping[str, Estimate]:
        """Every measure of ``MEASURES`` with its interval, from 2,000 samples of the judged problems, seed 0."""
        estimates = {**self._estimated, "judged": _share(self._n_judged, self._n_problems)}
        return {name: estimates.get(name, _NOT_DEFINED) for name in MEASURES}

    def by_level(self) -> list[LevelPrecision]:
        """How often the first institute is relevant, by its level, best level first; empty without answers."""
        if self.verdicts is None:
            return []
        counts = self.verdicts.by_level
        return [LevelPrecision(one, *counts[one], self._estimated[one], wilson(*counts[one][::-1])) for one in LEVELS]

    def reliability(self) -> list[Bin]:
        """How often a judged pair is at least fair, by score, in 10 bins of equal width; empty bins are left out."""
        return reliability(self._scores, self._labels)

    def sweep(self) -> list[ThresholdResult]:
        """The judged pairs at or above each threshold from 0.05 to 0.95."""
        return [self._at_threshold(round(0.05 * step, 2)) for step in range(1, 20)]

    def compare(self, other: Evaluation) -> Mapping[str, Difference]:
        """Each measure of ``PER_PROBLEM`` of this run minus that of the other on the same problems, with its interval.

        A tie is a difference of less than a millionth. A measure that is undefined for all problems is left out.

        Raises:
            ValueError: The other run was compared with other judgements.
        """
        if other._qrels != self._qrels:
            raise ValueError("runs are compared on the same judgements")
        counts = np.concatenate(list(self._drawn_counts(len(self._ids))))
        differences = {}
        for name in PER_PROBLEM:
            values = self.values[name] - other.values[name]
            if not np.isnan(values).all():
                differences[name] = _difference(values, counts)
        return differences

    @cached_property
    def _estimated(self) -> Mapping[str, Estimate]:
        """Every measure but ``judged``, and the shares by level, under their names."""
        whole = np.ones((1, len(self._ids)))
        values = {name: value[0] for name, value in self._resampled(whole).items()}
        chunks = [self._resampled(counts) for counts in self._drawn_counts(self.n_pairs)]
        samples = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in values}
        n_by_name: dict[str, int] = {name: int((~np.isnan(self.values[name])).sum()) for name in PER_PROBLEM}
        n_by_name |= {"AUC": self.n_pairs, "ECE": self.n_pairs, "abstention": len(self._ids)}
        if self.verdicts is not None:
            n_by_name |= self.verdicts.n_problems
        return {name: _estimate(values[name], samples[name], n_by_name[name]) for name in values}

    def _drawn_counts(self, width: int) -> Iterator[FloatArray]:
        """Samples of the judged problems, with those of a group together."""
        n_groups = int(self._groups.max()) + 1
        return (drawn[:, self._groups] for drawn in _samples(n_groups, max(width, len(self._ids))))

    @cached_property
    def _labels(self) -> BoolArray:
        return np.asarray(self._grades >= RELEVANT)

    @cached_property
    def _has_relevant(self) -> BoolArray:
        return np.bincount(self._owners, weights=self._labels, minlength=len(self._ids)) > 0

    def _resampled(self, counts: FloatArray) -> dict[str, FloatArray]:
        """Every measure of ``_estimated`` on S samples; ``counts`` has shape (S, problems): how often each is drawn."""
        measures = {name: _means(counts, self.values[name]) for name in PER_PROBLEM}
        measures["AUC"] = weighted_auc(self._scores, self._labels, counts[:, self._owners])
        measures["ECE"] = self._ece(counts)
        measures["abstention"] = weighted_auc(self._top, self._has_relevant, counts)
        return measures if self.verdicts is None else measures | self.verdicts.resampled(counts)

    def _ece(self, counts: FloatArray) -> FloatArray:
        gaps = np.zeros((len(self._ids), N_BINS))
        np.add.at(gaps, (self._owners, bin_of_each(self._scores)), self._scores - self._labels)
        n_pairs = counts @ np.bincount(self._owners, minlength=len(self._ids))
        return np.asarray(np.abs(counts @ gaps).sum(axis=1) / n_pairs)

    def _at_threshold(self, threshold: float) -> ThresholdResult:
        above = self._scores >= threshold
        n_relevant_above = int((above & self._labels).sum())
        return ThresholdResult(
            threshold,
            int(above.sum()),
            n_relevant_above / int(above.sum()) if above.any() else None,
            n_relevant_above / self.n_relevant if self.n_relevant else None,
            int((self._top >= threshold).sum()),
        )


def _samples(n: int, width: int) -> Iterator[FloatArray]:
    """2,000 samples of ``n`` problems with replacement, in chunks of shape (S, n): how often each problem is drawn."""
    random = np.random.default_rng(_SEED)
    size = max(1, min(_N_SAMPLES, _CHUNK // max(n, width, 1)))
    for start in range(0, _N_SAMPLES, size):
        drawn = random.integers(0, n, (min(size, _N_SAMPLES - start), n))
        counts = np.zeros((len(drawn), n))
        np.add.at(counts, (np.arange(len(drawn))[:, None], drawn), 1.0)
        yield counts


def _means(counts: FloatArray, values: FloatArray) -> FloatArray:
    """Weighted means over the problems for which a measure is defined; NaN for a sample without any."""
    defined = ~np.isnan(values)
    n = counts @ defined
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(n > 0, counts @ np.where(defined, values, 0.0) / np.where(n > 0, n, 1), math.nan))


def _estimate(value: float, samples: FloatArray, n: int) -> Estimate:
    defined = samples[~np.isnan(samples)]
    if math.isnan(value) or not len(defined):
        return Estimate(None, None, None, n)
    low, high = np.quantile(defined, [0.025, 0.975])
    return Estimate(float(value), float(low), float(high), n)


def _share(n_judged: int, n: int) -> Estimate:
    """The share of judged problems; its bootstrap distribution is binomial, so no problem needs to be drawn."""
    if not n:
        return Estimate(None, None, None, 0)
    return _estimate(n_judged / n, np.random.default_rng(_SEED).binomial(n, n_judged / n, _N_SAMPLES) / n, n)


def _difference(values: FloatArray, counts: FloatArray) -> Difference:
    estimate = _estimate(float(np.nanmean(values)), _means(counts, values), len(values))
    assert estimate.value is not None and estimate.low is not None and estimate.high is not None  # noqa: S101, PT018 - for mypy
    tie = 10.0**-DIGITS
    return Difference(
        estimate.value,
        estimate.low,
        estimate.high,
        n_wins=int((values >= tie).sum()),
        n_ties=int((np.abs(values) < tie).sum()),
        n_losses=int((values <= -tie).sum()),
    )


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _unknown_ids(
    qrels: Qrels, run: Run, problems: Sequence[str] | None, institutes: Sequence[str] | None
) -> UnknownIds:
    """Ids without a counterpart. Ids of problems or institutes cannot be checked without a list of them."""
    judged_institutes = {institute for grades in qrels.values() for institute in grades}
    scored = {institute for scores in run.values() for institute in scores}
    known_problems = None if problems is None else set(problems)
    known = None if institutes is None else set(institutes)
    pairs = [(problem, institute) for problem, grades in qrels.items() for institute in grades]
    return UnknownIds(
        judged_problems=_missing_from(qrels, known_problems),
        judged_institutes=_missing_from(judged_institutes, known),
        run_problems=_missing_from(run, known_problems),
        run_institutes=_missing_from(scored, known),
        missing_problems=tuple(sorted(problem for problem in qrels if problem not in run)),
        n_missing_pairs=sum(institute not in run.get(problem, {}) for problem, institute in pairs),
        n_unjudged_pairs=sum(
            institute not in qrels.get(problem, {}) for problem, scores in run.items() for institute in scores
        ),
    )


def _missing_from(ids: Collection[str], known: set[str] | None) -> tuple[str, ...]:
    return () if known is None else tuple(sorted(one for one in ids if one not in known))
