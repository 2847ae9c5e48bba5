"""The measures of a ranking, computed by ir-measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from matchmaker.errors import Fault, MissingExtraError
from matchmaker.evaluation.trec import GRADES, RELEVANT, Qrels, Run, ranking
from matchmaker.messages import make_message

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    FloatArray: TypeAlias = NDArray[np.float64]


def measuring_package() -> ModuleType:
    """``ir_measures``, which is loaded only where something is measured.

    Raises:
        MissingExtraError: The extra ``evaluate`` is not installed.
    """
    try:
        import ir_measures
    except ModuleNotFoundError as error:
        finding = make_message("measures need the package '{name}'", name=error.name)
        remedy = make_message("{command}", command="pip install 'matchmaker-techtransfer[evaluate]'")
        raise MissingExtraError(Fault("evaluate", finding, remedy)) from error
    return ir_measures


def rank_measures(qrels: Qrels, run: Run, problems: Sequence[str]) -> dict[str, FloatArray]:
    """nDCG@10 with gains 2^grade - 1, reciprocal rank, precision at 1 and recall at 3 of each problem.

    Args:
        qrels: The grades; an institute without one counts as grade 0.
        run: The scores to rank by, ties in order of id.
        problems: The ids of the problems.

    Returns:
        Each measure by name, shape (problems,); 0 for a problem that is not in the run or has no relevant institute.

    Raises:
        MissingExtraError: The extra ``evaluate`` is not installed.
    """
    ir_measures = measuring_package()
    gains = {grade: 2**grade - 1 for grade in GRADES}
    measures = {
        ir_measures.nDCG(gains=gains) @ 10: "nDCG@10",
        ir_measures.RR(rel=RELEVANT): "MRR",
        ir_measures.P(rel=RELEVANT) @ 1: "P@1",
        ir_measures.R(rel=RELEVANT) @ 3: "recall@3",
    }
    position_of = {problem: index for index, problem in enumerate(problems)}
    values = {name: np.zeros(len(problems)) for name in measures.values()}
    scored_qrels = {problem: dict(qrels[problem]) for problem in problems if run.get(problem)}
    if scored_qrels:
        ranked = {problem: _descending(run[problem]) for problem in scored_qrels}
        for result in ir_measures.iter_calc(list(measures), scored_qrels, ranked):
            values[measures[result.measure]][position_of[result.query_id]] = result.value
    return values


def _descending(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores that express only the rank, as trec_eval compares in float32 and puts ties in descending order of id."""
    return {institute: float(-rank) for rank, institute in enumerate(ranking(scores))}
