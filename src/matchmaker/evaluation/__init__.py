"""How good scores are against judgements, and settings fitted to judgements."""

from __future__ import annotations

from matchmaker.evaluation.calibration import Calibration, calibrate
from matchmaker.evaluation.fitting import Fit, Model, Quality, fit
from matchmaker.evaluation.measures import (
    MEASURES,
    PER_PROBLEM,
    SMALLER_IS_BETTER,
    AtThreshold,
    Difference,
    Estimate,
    Evaluation,
    OfLevel,
    Unknown,
)
from matchmaker.evaluation.pairs import Bin
from matchmaker.evaluation.runs import answers_of, run_of
from matchmaker.evaluation.trec import Qrels, Run, format_qrels, format_run, load_qrels, load_run
from matchmaker.evaluation.verdicts import Answer, Answers, VerdictError, Verdicts, worst_of_each

__all__ = [
    "MEASURES",
    "PER_PROBLEM",
    "SMALLER_IS_BETTER",
    "Answer",
    "Answers",
    "AtThreshold",
    "Bin",
    "Calibration",
    "Difference",
    "Estimate",
    "Evaluation",
    "Fit",
    "Model",
    "OfLevel",
    "Qrels",
    "Quality",
    "Run",
    "Unknown",
    "VerdictError",
    "Verdicts",
    "answers_of",
    "calibrate",
    "fit",
    "format_qrels",
    "format_run",
    "load_qrels",
    "load_run",
    "run_of",
    "worst_of_each",
]
