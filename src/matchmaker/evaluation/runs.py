"""What a matcher scores and says: its run, and its answers."""

from __future__ import annotations

from collections.abc import Sequence

from matchmaker.domain import Problem, Require
from matchmaker.evaluation.trec import Qrels, Run
from matchmaker.evaluation.verdicts import Answer, answer_of
from matchmaker.matching.matcher import Matcher

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


def answers_of(matcher: Matcher, problems: Sequence[Problem], *, only: Qrels | None = None) -> dict[str, Answer]:
    """What is said of every problem: as ``Matcher.match``, but with limits of problems left aside, as in ``run_of``.

    Args:
        matcher: Built once.
        problems: Their ids are the keys of the answers, in this order.
        only: Choose only among institutes that are judged here for the problem.
    """
    known = {institute.id for institute in matcher.registry.institutes}
    answers: dict[str, Answer] = {}
    for start in range(0, len(problems), _CHUNK):
        chunk = [
            problem.model_copy(
                update={
                    "require": Require(),
                    "exclude": () if only is None else tuple(sorted(known - only.get(problem.id, {}).keys())),
                }
            )
            for problem in problems[start : start + _CHUNK]
        ]
        answers |= {found.problem.id: answer_of(found) for found in matcher.match(chunk, top=1)}
    return answers
