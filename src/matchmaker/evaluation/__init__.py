"""The quality of scores measured against judgements, and settings fitted to judgements."""

from __future__ import annotations

from matchmaker.evaluation.calibration import Calibration, calibrate
from matchmaker.evaluation.fitting import LogisticModel, Quality
from matchmaker.evaluation.measures import (
    MEASURES,
    PER_PROBLEM,
    SMALLER_IS_BETTER,
    Difference,
    Estimate,
    Evaluation,
    LevelPrecision,
    ThresholdResult,
    UnknownIds,
)
from matchmaker.evaluation.pairs import Bin
from matchmaker.evaluation.ranking import measuring_package
from matchmaker.evaluation.runs import collect_answers, score_run
from matchmaker.evaluation.trec import Qrels, Run, format_qrels, format_run, load_qrels, load_run
from matchmaker.evaluation.verdicts import Answer, Answers, VerdictError, Verdicts, worst_of_each

__all__ = [
    "MEASURES",
    "PER_PROBLEM",
    "SMALLER_IS_BETTER",
    "Answer",
    "Answers",
    "Bin",
    "Calibration",
    "Difference",
    "Estimate",
    "Evaluation",
    "LevelPrecision",
    "LogisticModel",
    "Qrels",
    "Quality",
    "Run",
    "ThresholdResult",
    "UnknownIds",
    "VerdictError",
    "Verdicts",
    "calibrate",
    "collect_answers",
    "format_qrels",
    "format_run",
    "load_qrels",
    "load_run",
    "measuring_package",
    "score_run",
    "worst_of_each",
]
