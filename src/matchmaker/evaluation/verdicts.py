"""Whether what is said of a problem is right: the verdict, the level of the first institute, and every error."""

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
_NORMAL_QUANTILE: Final = 1.959964  # 97.5 % of a normal distribution lie below


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of a problem: the verdict, and the institute that stood first.

    ``institute`` is None where the shortlist was empty; ``level`` is then none and ``score`` 0. ``title`` and
    ``reasons`` are only shown.
    """

    verdict: Verdict
    institute: str | None = None
    level: Level = "none"
    score: float = 0.0
    title: str = ""
    reasons: tuple[Reason, ...] = ()


Answers: TypeAlias = Mapping[str, Answer]
"""What was said, by problem."""


@dataclass(frozen=True, slots=True)
class VerdictError:
    """A verdict that the judgements call wrong.

    ``wrong_first``: said to be matched, somebody fits, but not the institute that stands first. ``nobody_fits``: said
    to be matched, and nobody fits. ``missed``: not said to be matched, though somebody fits.

    ``grade`` is that of the institute said, None where it is not judged. ``best`` are the institutes of the highest
    grade, in order of id, and none where all grades are 0.
    """

    problem: str
    kind: ErrorKind
    answer: Answer
    grade: int | None
    best: tuple[str, ...]
    best_grade: int


def answer_of(shortlist: Shortlist) -> Answer:
    """What a shortlist says."""
    title = shortlist.problem.title or shortlist.problem.description
    if not shortlist.matches:
        return Answer(shortlist.verdict, title=title)
    first = shortlist.matches[0]
    return Answer(shortlist.verdict, first.institute, first.level, first.score, title, first.reasons)


class Verdicts:
    """Answers held against judgements. The verdict decides what counts as said to be matched, never the score.

    An institute that is not judged for a problem counts as not relevant. Problems that are not judged are left aside.

    Args:
        qrels: The judgements.
        answers: What was said; a judged problem may be missing, and then counts as not said to be matched.
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
        self._is_of = {
            level: np.array([answer is not None and answer.level == level for answer in self._answers])
            for level in LEVELS
        }

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """How many judged problems got each verdict."""
        said = [answer.verdict for answer in self._answers if answer is not None]
        return {verdict: said.count(verdict) for verdict in VERDICTS}

    @property
    def n_missing(self) -> int:
        """How many judged problems have no answer."""
        return self._answers.count(None)

    @property
    def n_hits(self) -> int:
        """How many problems are said to be matched with a relevant institute first."""
        return int(self._is_hit.sum())

    @property
    def n_problems(self) -> Mapping[str, int]:
        """How many problems each measure that ``resampled`` gives is taken over, by its name."""
        over = (self._is_matched, self._has_relevant, self._is_matched | self._has_relevant)
        found: dict[str, int] = {name: int(one.sum()) for name, one in zip(OF_VERDICTS, over, strict=True)}
        found |= {level: int(is_there.sum()) for level, is_there in self._is_of.items()}
        return found

    @property
    def by_level(self) -> Mapping[Level, tuple[int, int]]:
        """For each level, how many problems have a first institute of it, and how many of these are relevant."""
        return {
            level: (int(is_there.sum()), int((is_there & self._is_right).sum()))
            for level, is_there in self._is_of.items()
        }

    def resampled(self, counts: FloatArray) -> dict[str, FloatArray]:
        """Every measure on S samples, NaN where one is not defined.

        Args:
            counts: Shape (S, problems), how often each judged problem, in order of id, is in each sample.

        Returns:
            By name, shape (S,), in [0, 1]: those of ``OF_VERDICTS``, and for each level the share of first institutes
            that are relevant, under its name.
        """
        n_hits, n_matched, n_relevant = (counts @ one for one in (self._is_hit, self._is_matched, self._has_relevant))
        found = {
            "precision": _ratio(n_hits, n_matched),
            "recall": _ratio(n_hits, n_relevant),
            "F1": _ratio(2 * n_hits, n_matched + n_relevant),
        }
        for level, is_there in self._is_of.items():
            found[level] = _ratio(counts @ (is_there & self._is_right), counts @ is_there)
        return found

    def errors(self) -> list[VerdictError]:
        """Every wrong verdict, worst first.

        What was wrongly said to be matched comes first, the highest score before lower ones; then what was missed, the
        highest grade before lower ones, and of one grade the lowest score first. Ties stand in order of id.
        """
        return sorted(self._errors(), key=_badness)

    def _errors(self) -> Iterator[VerdictError]:
        for at, (problem, answer) in enumerate(zip(self._ids, self._answers, strict=True)):
            if answer is None or self._is_hit[at] or not (self._is_matched[at] or self._has_relevant[at]):
                continue
            kind: ErrorKind = "missed"
            if self._is_matched[at]:
                kind = "wrong_first" if self._has_relevant[at] else "nobody_fits"
            grades = self._qrels[problem]
            highest = max(grades.values())
            best = tuple(sorted(one for one, grade in grades.items() if grade == highest > 0))
            yield VerdictError(problem, kind, answer, self._grades[at], best, highest)


def worst_of_each(errors: Sequence[VerdictError], n: int) -> list[VerdictError]:
    """The first ``n`` errors of each kind, in the order given."""
    seen = dict.fromkeys(ERROR_KINDS, 0)
    kept = []
    for error in errors:
        seen[error.kind] += 1
        if seen[error.kind] <= n:
            kept.append(error)
    return kept


def wilson(n_found: int, n: int) -> tuple[float, float] | None:
    """The 95 % interval of a share, in [0, 1], that also holds for few and for extreme ones; None when ``n`` is 0.

    After E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
    Statistical Association 22 (1927) 209-212.
    """
    if not n:
        return None
    square = _NORMAL_QUANTILE**2
    centre = (n_found + square / 2) / (n + square)
    half = _NORMAL_QUANTILE / (n + square) * math.sqrt(n_found * (n - n_found) / n + square / 4)
    return (max(0.0, centre - half) if n_found else 0.0), (min(1.0, centre + half) if n_found < n else 1.0)


def _badness(error: VerdictError) -> tuple[bool, int, float, str]:
    if error.kind == "missed":
        return True, -error.best_grade, error.answer.score, error.problem
    return False, 0, -error.answer.score, error.problem


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.asarray(np.where(whole > 0, part / np.where(whole > 0, whole, 1), math.nan))
