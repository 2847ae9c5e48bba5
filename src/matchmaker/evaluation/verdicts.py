"""Whether answers are right: the verdict, the level of the first institute, and every error."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

import numpy as np

from matchmaker.domain import LEVELS, Level, Reason, Shortlist, Verdict
from matchmaker.evaluation.trec import RELEVANT, Qrels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray: TypeAlias = NDArray[np.float64]

ErrorKind: TypeAlias = Literal["wrong_first", "nobody_fits", "missed"]
OF_VERDICTS: Final = ("precision", "recall", "F1")
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)
ERROR_KINDS: Final[tuple[ErrorKind, ...]] = get_args(ErrorKind)
_NORMAL_QUANTILE: Final = 1.959964  # 97.5 % of a normal distribution lie below this this this


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a problem: the verdict and the first institute.

    ``institute`` is ``None`` if the shortlist is empty; ``level`` is then none and ``score`` 0. ``title`` and
    ``reasons`` are for display only.
    """

    verdict: Verdict
    institute: str | None = None
    level: Level = "none"
    score: float = 0.0
    title: str = ""
    reasons: tuple[Reason, ...] = ()


Answers: TypeAlias = Mapping[str, Answer]
"""The answers by problem."""


@dataclass(frozen=True, slots=True)
class VerdictError:
    """A verdict that is wrong by the judgements.

    Attributes:
        problem: The id of the problem.
        kind: ``wrong_first``: matched, and somebody fits, but not the first institute. ``nobody_fits``: matched, but
            nobody fits. ``missed``: not matched, though somebody fits.
        answer: The answer given.
        grade: The grade of its institute; ``None`` if that is not judged.
        best: The institutes with the highest grade, in order of id; none if all grades are 0.
        best_grade: The highest grade.
    """

    problem: str
    kind: ErrorKind
    answer: Answer
    grade: int | None
    best: tuple[str, ...]
    best_grade: int


def answer_of(shortlist: Shortlist) -> Answer:
    """The answer in a shortlist."""
    title = shortlist.problem.title or shortlist.problem.description
    if not shortlist.matches:
        return Answer(shortlist.verdict, title=title)
    first = shortlist.matches[0]
    return Answer(shortlist.verdict, first.institute, first.level, first.score, title, first.reasons)


class Verdicts:
    """Answers compared with judgements. The verdict decides whether a problem counts as matched, never the score.

    An institute that is not judged for a problem counts as not relevant. Problems that are not judged are ignored.

    Args:
        qrels: The judgements.
        answers: The answers; a judged problem without one counts as not matched.
    """

    def __init__(self, qrels: Qrels, answers: Answers) -> None:
        self._qrels = qrels
        self._ids = sorted(qrels)
        self._answers = [answers.get(problem) for problem in self._ids]
        pairs = list(zip(self._ids, self._answers, strict=True))
        self._grades = [
            None if answer is None or answer.institute is None else qrels[problem].get(answer.institute)
            for problem, answer in pairs
        ]
        self._is_matched = np.array([answer is not None and answer.verdict == "matched" for answer in self._answers])
        self._is_right = np.array([grade is not None and grade >= RELEVANT for grade in self._grades])
        self._has_relevant = np.array([max(qrels[problem].values()) >= RELEVANT for problem in self._ids])
        self._is_hit = self._is_matched & self._is_right
        self._has_level = {
            level: np.array([answer is not None and answer.level == level for answer in self._answers])
            for level in LEVELS
        }

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """The number of judged problems with each verdict."""
        verdicts = [answer.verdict for answer in self._answers if answer is not None]
        return {verdict: verdicts.count(verdict) for verdict in VERDICTS}

    @property
    def n_missing(self) -> int:
        """The number of judged problems without an answer."""
        return self._answers.count(None)

    @property
    def n_hits(self) -> int:
        """The number of problems that are matched with a relevant institute first."""
        return int(self._is_hit.sum())

    @property
    def n_problems(self) -> Mapping[str, int]:
        """The number of problems that each measure of ``resampled`` is taken over, by its name."""
        masks = (self._is_matched, self._has_relevant, self._is_matched | self._has_relevant)
        n_of: dict[str, int] = {name: int(mask.sum()) for name, mask in zip(OF_VERDICTS, masks, strict=True)}
        n_of |= {level: int(has_level.sum()) for level, has_level in self._has_level.items()}
        return n_of

    @property
    def by_level(self) -> Mapping[Level, tuple[int, int]]:
        """For each level, the number of problems whose first institute has it, and of those where it is relevant."""
        return {
            level: (int(has_level.sum()), int((has_level & self._is_right).sum()))
            for level, has_level in self._has_level.items()
        }

    def resampled(self, counts: FloatArray) -> dict[str, FloatArray]:
        """Every measure on S samples, NaN where one is undefined.

        Args:
            counts: Shape (S, problems), how often each judged problem, in order of id, is drawn in each sample.

        Returns:
            By name, shape (S,), in [0, 1]: those of ``OF_VERDICTS``, and for each level the share of first institutes
            that are relevant, under its name.
        """
        n_hits, n_matched, n_relevant = (counts @ mask for mask in (self._is_hit, self._is_matched, self._has_relevant))
        measures = {
            "precision": _ratio(n_hits, n_matched),
            "recall": _ratio(n_hits, n_relevant),
            "F1": _ratio(2 * n_hits, n_matched + n_relevant),
        }
        for level, has_level in self._has_level.items():
            measures[level] = _ratio(counts @ (has_level & self._is_right), counts @ has_level)
        return measures

    def errors(self) -> list[VerdictError]:
        """Every wrong verdict, worst first.

        Problems that were wrongly matched come first, by descending score; then missed ones, by descending grade and
        ascending score. Ties are in order of id.
        """
        return sorted(self._errors(), key=_sort_key)

    def _errors(self) -> Iterator[VerdictError]:
        for index, (problem, answer) in enumerate(zip(self._ids, self._answers, strict=True)):
            if answer is None or self._is_hit[index] or not (self._is_matched[index] or self._has_relevant[index]):
                continue
            kind: ErrorKind = "missed"
            if self._is_matched[index]:
                kind = "wrong_first" if self._has_relevant[index] else "nobody_fits"
            grades = self._qrels[problem]
            highest = max(grades.values())
            best = tuple(sorted(one for one, grade in grades.items() if grade == highest > 0))
            yield VerdictError(problem, kind, answer, self._grades[index], best, highest)


def worst_of_each(errors: Sequence[VerdictError], n: int) -> list[VerdictError]:
    """The first ``n`` errors of each kind, in the order given."""
    n_of = dict.fromkeys(ERROR_KINDS, 0)
    kept = []
    for error in errors:
        n_of[error.kind] += 1
        if n_of[error.kind] <= n:
            kept.append(error)
    return kept


def wilson(n_found: int, n: int) -> tuple[float, float] | None:
    """The 95 % interval of a share, in [0, 1], also valid for few items and extreme shares; ``None`` if ``n`` is 0.

    After E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
    Statistical Association 22 (1927) 209-212.
    """
    if not n:
        return None
    square = _NORMAL_QUANTILE**2
    centre = (n_found + square / 2) / (n + square)
    half_width = _NORMAL_QUANTILE / (n + square) * math.sqrt(n_found * (n - n_found) / n + square / 4)
    return (max(0.0, centre - half_width) if n_found else 0.0), (min(1.0, centre + half_width) if n_found < n else 1.0)


def _sort_key(error: VerdictError) -> tuple[bool, int, float, str]:
    if error.kind == "missed":
        return True, -error.best_grade, error.answer.score, error.problem
    return False, 0, -error.answer.score, error.problem


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.asarray(np.where(whole > 0, part / np.where(whole > 0, whole, 1), math.nan))
