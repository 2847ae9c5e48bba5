"""The measures of one ranking, by ir-measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from matchmaker.errors import Fault, MissingExtraError
from matchmaker.evaluation.trec import GRADES, RELEVANT, Qrels, Run, ranking
from matchmaker.messages import said

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray: TypeAlias = NDArray[np.float64]


def rank_measures(qrels: Qrels, run: Run, problems: Sequence[str]) -> dict[str, FloatArray]:
    """nDCG@10 with gains 2^grade - 1, reciprocal rank, precision at 1 and recall at 3 of each problem.

    Args:
        qrels: Grades; an institute without one counts as grade 0.
        run: What is ranked, by score, ties in order of id.
        problems: Their ids.

    Returns:
        By name, shape (problems,), 0 for a problem that is not in the run or has no relevant institute.

    Raises:
        MissingExtraError: The extra ``evaluate`` is not installed.
    """
    try:
        import ir_measures
    except ModuleNotFoundError as error:
        finding = said("measures need the package '{name}'", name=error.name)
        remedy = said("{command}", command="pip install 'matchmaker[evaluate]'")
        raise MissingExtraError(Fault("evaluate", finding, remedy)) from error
    gains = {grade: 2**grade - 1 for grade in GRADES}
    measures = {
        ir_measures.nDCG(gains=gains) @ 10: "nDCG@10",
        ir_measures.RR(rel=RELEVANT): "MRR",
        ir_measures.P(rel=RELEVANT) @ 1: "P@1",
        ir_measures.R(rel=RELEVANT) @ 3: "recall@3",
    }
    place = {problem: at for at, problem in enumerate(problems)}
    values = {name: np.zeros(len(problems)) for name in measures.values()}
    asked = {problem: dict(qrels[problem]) for problem in problems if run.get(problem)}
    if asked:
        ranked = {problem: _descending(run[problem]) for problem in asked}
        for found in ir_measures.iter_calc(list(measures), asked, ranked):
            values[measures[found.measure]][place[found.query_id]] = found.value
    return values


def _descending(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores that say nothing but the rank: trec_eval compares in float32 and puts ties in falling order of id."""
    return {institute: float(-rank) for rank, institute in enumerate(ranking(scores))}
