"""How good a run is against judgements: measures with intervals, paired comparison, thresholds."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from matchmaker.domain import LEVELS, Level
from matchmaker.errors import EvaluationError, Fault
from matchmaker.evaluation.pairs import N_BINS, Bin, bins, pairwise_accuracy, reliability, weighted_auc
from matchmaker.evaluation.ranking import rank_measures
from matchmaker.evaluation.trec import DIGITS, RELEVANT, Qrels, Run
from matchmaker.evaluation.verdicts import OF_VERDICTS, Answers, Verdicts, wilson
from matchmaker.messages import said

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
_CHUNK = 2_000_000  # numbers of one array of resampled pairs


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure with its 95 % bootstrap interval; all three are None where nothing defines it.

    ``n`` is how many problems it is taken over; for ``AUC`` and ``ECE``, how many pairs.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int


_NOT_DEFINED: Final = Estimate(None, None, None, 0)


@dataclass(frozen=True, slots=True)
class OfLevel:
    """The problems whose first institute has a level: how many, and which share of these institutes is relevant.

    ``share`` has the bootstrap interval over problems, ``wilson`` is the interval after Wilson, which also holds where
    there are few problems or the share is 0 or 1; None without any problem.
    """

    level: Level
    n: int
    n_relevant: int
    share: Estimate
    wilson: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """What a least score leaves: pairs above it, how many of them are relevant, which share of the relevant they are.

    ``precision`` is None when no pair is left, ``recall`` when there is no relevant one; ``n_problems`` have a match.
    """

    threshold: float
    n_pairs: int
    precision: float | None
    recall: float | None
    n_problems: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure of this run minus that of another, over the problems both are judged on."""

    value: float
    low: float
    high: float
    n_wins: int
    n_ties: int
    n_losses: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """Ids that have no counterpart, in order of id: none of them is dropped without being named."""

    judged_problems: tuple[str, ...] = ()
    judged_institutes: tuple[str, ...] = ()
    run_problems: tuple[str, ...] = ()
    run_institutes: tuple[str, ...] = ()
    missing_problems: tuple[str, ...] = ()
    n_missing_pairs: int = 0
    n_unjudged_pairs: int = 0


class Evaluation:
    """A run held against judgements.

    A pair is relevant from grade 2 (fair) on. A judged problem that the run does not hold counts 0 in every measure of
    problems, and its pairs, like any judged pair that the run lacks, have score 0. nDCG is taken over the problems
    with some grade above 0, the other ranking measures over those with a relevant institute, pairwise accuracy over
    those with two different grades. The measures of verdicts are taken over what was said, and are not defined without.

    Args:
        qrels: The judgements.
        run: The scores.
        judged_only: Rank only institutes that are judged for the problem, else all of the run.
        problems: Ids of all problems there are; those of the judgements when not given.
        institutes: Ids of all institutes there are; not checked when not given.
        answers: What was said of each problem, as a run holds no verdicts.
        groups: Problems of one group, such as those with equal texts, are in a bootstrap sample together, or not at
            all; each problem is a group of its own when not given.

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
            finding = "no judged problem is among those that were scored"
            raise EvaluationError(Fault(said("judgements"), finding, "check that both use the same ids"))
        self._ids = sorted(qrels)
        self._n_problems = len(set(qrels) if problems is None else set(problems))
        self.unknown = _unknown(qrels, run, problems, institutes)
        known = set(qrels if problems is None else problems)
        self._n_judged = sum(problem in known for problem in qrels)
        rows = [
            (at, run.get(problem, {}).get(institute, 0.0), grade)
            for at, problem in enumerate(self._ids)
            for institute, grade in sorted(qrels[problem].items())
        ]
        self._owners: IntArray = np.array([at for at, _, _ in rows], dtype=np.intp)
        self._scores: FloatArray = np.array([round(score, DIGITS) for _, score, _ in rows], dtype=np.float64)
        self._grades: IntArray = np.array([grade for _, _, grade in rows], dtype=np.intp)
        ranked = {
            problem: {one: score for one, score in run[problem].items() if not judged_only or one in qrels[problem]}
            for problem in self._ids
            if problem in run
        }
        tops = [max(ranked.get(one, {}).values(), default=0.0) for one in self._ids]
        self._top: FloatArray = np.array(tops, dtype=np.float64)
        self._ranked = ranked
        self._qrels = qrels
        self.verdicts = None if answers is None else Verdicts(qrels, answers)
        named = self._ids if groups is None else [groups[problem] for problem in self._ids]
        self._groups: IntArray = np.unique(named, return_inverse=True)[1]

    @property
    def n_problems(self) -> int:
        """How many problems there are, judged or not."""
        return self._n_problems

    @property
    def n_judged(self) -> int:
        """How many problems are judged, unknown ones included."""
        return len(self._ids)

    @property
    def n_pairs(self) -> int:
        """How many pairs are judged."""
        return len(self._grades)

    @property
    def n_relevant(self) -> int:
        """How many judged pairs are at least fair."""
        return int(self._labels.sum())

    @property
    def n_without_relevant(self) -> int:
        """How many judged problems have no institute that is at least fair."""
        return int((~self._has_relevant).sum())

    @cached_property
    def values(self) -> Mapping[str, FloatArray]:
        """Each measure of ``PER_PROBLEM`` for every judged problem in order of id; NaN where it is not defined."""
        values = rank_measures(self._qrels, self._ranked, self._ids)
        values["pairwise"] = np.array([
            pairwise_accuracy(self._scores[self._owners == at], self._grades[self._owners == at])
            for at in range(len(self._ids))
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
        """Each judged problem with its measures, None where one is not defined."""
        for at, problem in enumerate(self._ids):
            yield problem, {name: _or_none(self.values[name][at]) for name in PER_PROBLEM}

    @cached_property
    def estimates(self) -> Mapping[str, Estimate]:
        """Every measure of ``MEASURES`` with its interval, from 2,000 samples of the judged problems, seed 0."""
        estimates = {**self._estimated, "judged": _share(self._n_judged, self._n_problems)}
        return {name: estimates.get(name, _NOT_DEFINED) for name in MEASURES}

    def by_level(self) -> list[OfLevel]:
        """How often the first institute is relevant, by its level, best level first; empty where nothing was said."""
        if self.verdicts is None:
            return []
        counts = self.verdicts.by_level
        return [OfLevel(one, *counts[one], self._estimated[one], wilson(*counts[one][::-1])) for one in LEVELS]

    def reliability(self) -> list[Bin]:
        """How often a judged pair is at least fair, by score, in 10 bins of equal width; empty bins are left out."""
        return reliability(self._scores, self._labels)

    def sweep(self) -> list[AtThreshold]:
        """What each least score from 0.05 to 0.95 leaves of the judged pairs."""
        return [self._at(round(0.05 * step, 2)) for step in range(1, 20)]

    def compare(self, other: Evaluation) -> Mapping[str, Difference]:
        """Each measure of ``PER_PROBLEM``, this run's minus the other's on the same problems, with its interval.

        A tie is a difference of less than a millionth. A measure that no problem defines is left out.

        Raises:
            ValueError: The other is held against other judgements.
        """
        if other._qrels != self._qrels:
            raise ValueError("runs are compared on the same judgements")
        counts = np.concatenate(list(self._samples(len(self._ids))))
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
        found = {name: value[0] for name, value in self._resampled(whole).items()}
        chunks = [self._resampled(counts) for counts in self._samples(self.n_pairs)]
        samples = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in found}
        n: dict[str, int] = {name: int((~np.isnan(self.values[name])).sum()) for name in PER_PROBLEM}
        n |= {"AUC": self.n_pairs, "ECE": self.n_pairs, "abstention": len(self._ids)}
        if self.verdicts is not None:
            n |= self.verdicts.n_problems
        return {name: _estimate(found[name], samples[name], n[name]) for name in found}

    def _samples(self, width: int) -> Iterator[FloatArray]:
        """Samples of the judged problems, those of a group together."""
        n_groups = int(self._groups.max()) + 1
        return (drawn[:, self._groups] for drawn in _samples(n_groups, max(width, len(self._ids))))

    @cached_property
    def _labels(self) -> BoolArray:
        return np.asarray(self._grades >= RELEVANT)

    @cached_property
    def _has_relevant(self) -> BoolArray:
        return np.bincount(self._owners, weights=self._labels, minlength=len(self._ids)) > 0

    def _resampled(self, counts: FloatArray) -> dict[str, FloatArray]:
        """Every measure of ``_estimated`` on S samples, ``counts`` of shape (S, problems): how often each is in."""
        found = {name: _means(counts, self.values[name]) for name in PER_PROBLEM}
        found["AUC"] = weighted_auc(self._scores, self._labels, counts[:, self._owners])
        found["ECE"] = self._ece(counts)
        found["abstention"] = weighted_auc(self._top, self._has_relevant, counts)
        return found if self.verdicts is None else found | self.verdicts.resampled(counts)

    def _ece(self, counts: FloatArray) -> FloatArray:
        gaps = np.zeros((len(self._ids), N_BINS))
        np.add.at(gaps, (self._owners, bins(self._scores)), self._scores - self._labels)
        n_pairs = counts @ np.bincount(self._owners, minlength=len(self._ids))
        return np.asarray(np.abs(counts @ gaps).sum(axis=1) / n_pairs)

    def _at(self, threshold: float) -> AtThreshold:
        above = self._scores >= threshold
        n_found = int((above & self._labels).sum())
        return AtThreshold(
            threshold,
            int(above.sum()),
            n_found / int(above.sum()) if above.any() else None,
            n_found / self.n_relevant if self.n_relevant else None,
            int((self._top >= threshold).sum()),
        )


def _samples(n: int, width: int) -> Iterator[FloatArray]:
    """2,000 samples of ``n`` problems with replacement, in chunks: how often each problem is in, shape (S, n)."""
    random = np.random.default_rng(_SEED)
    size = max(1, min(_N_SAMPLES, _CHUNK // max(n, width, 1)))
    for start in range(0, _N_SAMPLES, size):
        drawn = random.integers(0, n, (min(size, _N_SAMPLES - start), n))
        counts = np.zeros((len(drawn), n))
        np.add.at(counts, (np.arange(len(drawn))[:, None], drawn), 1.0)
        yield counts


def _means(counts: FloatArray, values: FloatArray) -> FloatArray:
    """Weighted means over the problems that define a measure; NaN for a sample without any."""
    defined = ~np.isnan(values)
    n = counts @ defined
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(n > 0, counts @ np.where(defined, values, 0.0) / np.where(n > 0, n, 1), math.nan))


def _estimate(value: float, samples: FloatArray, n: int) -> Estimate:
    kept = samples[~np.isnan(samples)]
    if math.isnan(value) or not len(kept):
        return Estimate(None, None, None, n)
    low, high = np.quantile(kept, [0.025, 0.975])
    return Estimate(float(value), float(low), float(high), n)


def _share(n_judged: int, n: int) -> Estimate:
    """The share of problems judged; its bootstrap distribution is the binomial one, so no problem need be drawn."""
    if not n:
        return Estimate(None, None, None, 0)
    return _estimate(n_judged / n, np.random.default_rng(_SEED).binomial(n, n_judged / n, _N_SAMPLES) / n, n)


def _difference(values: FloatArray, counts: FloatArray) -> Difference:
    found = _estimate(float(np.nanmean(values)), _means(counts, values), len(values))
    assert found.value is not None and found.low is not None and found.high is not None  # noqa: S101, PT018 - for mypy
    tie = 10.0**-DIGITS
    return Difference(
        found.value,
        found.low,
        found.high,
        n_wins=int((values >= tie).sum()),
        n_ties=int((np.abs(values) < tie).sum()),
        n_losses=int((values <= -tie).sum()),
    )


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _unknown(qrels: Qrels, run: Run, problems: Sequence[str] | None, institutes: Sequence[str] | None) -> Unknown:
    """Ids without a counterpart. Without a list of problems or institutes, those ids cannot be checked."""
    named = {institute for grades in qrels.values() for institute in grades}
    scored = {institute for scores in run.values() for institute in scores}
    known_problems = None if problems is None else set(problems)
    known = None if institutes is None else set(institutes)
    pairs = [(problem, institute) for problem, grades in qrels.items() for institute in grades]
    return Unknown(
        judged_problems=_beyond(qrels, known_problems),
        judged_institutes=_beyond(named, known),
        run_problems=_beyond(run, known_problems),
        run_institutes=_beyond(scored, known),
        missing_problems=tuple(sorted(problem for problem in qrels if problem not in run)),
        n_missing_pairs=sum(institute not in run.get(problem, {}) for problem, institute in pairs),
        n_unjudged_pairs=sum(
            institute not in qrels.get(problem, {}) for problem, scores in run.items() for institute in scores
        ),
    )


def _beyond(ids: Collection[str], known: set[str] | None) -> tuple[str, ...]:
    return () if known is None else tuple(sorted(one for one in ids if one not in known))
