"""The run of a matcher: its scores by problem and institute."""

from __future__ import annotations

from collections.abc import Sequence

from matchmaker.domain import Problem
from matchmaker.evaluation.trec import Qrels, Run
from matchmaker.matcher import Matcher

_CHUNK = 64


def run_of(matcher: Matcher, problems: Sequence[Problem], *, only: Qrels | None = None) -> Run:
    """The score of every institute for every problem, limits of problems left aside.

    Args:
        matcher: Built once.
        problems: Their ids are the keys of the run, in this order.
        only: Keep only pairs that are judged here.
    """
    ids = [institute.id for institute in matcher.registry.institutes]
    run: dict[str, dict[str, float]] = {}
    for start in range(0, len(problems), _CHUNK):
        chunk = problems[start : start + _CHUNK]
        for problem, row in zip(chunk, matcher.scores(chunk).tolist(), strict=True):
            kept = None if only is None else only.get(problem.id, {})
            run[problem.id] = {one: score for one, score in zip(ids, row, strict=True) if kept is None or one in kept}
    return run
