"""The run and the answers of a matcher, to be evaluated."""

from __future__ import annotations

from collections.abc import Sequence

from matchmaker.domain import Problem, Requirements
from matchmaker.evaluation.trec import Qrels, Run
from matchmaker.evaluation.verdicts import Answer, answer_of
from matchmaker.matching.matcher import Matcher

_CHUNK = 64


def score_run(matcher: Matcher, problems: Sequence[Problem], *, only: Qrels | None = None) -> Run:
    """The score of every institute for every problem, ignoring the limits of problems.

    Args:
        matcher: The matcher.
        problems: Their ids are the keys of the run, in this order.
        only: Keep only pairs that are judged here.
    """
    ids = [institute.id for institute in matcher.registry.institutes]
    run: dict[str, dict[str, float]] = {}
    for start in range(0, len(problems), _CHUNK):
        chunk = problems[start : start + _CHUNK]
        for problem, row in zip(chunk, matcher.scores(chunk).tolist(), strict=True):
            judged = None if only is None else only.get(problem.id, {})
            run[problem.id] = {
                one: score for one, score in zip(ids, row, strict=True) if judged is None or one in judged
            }
    return run


def collect_answers(matcher: Matcher, problems: Sequence[Problem], *, only: Qrels | None = None) -> dict[str, Answer]:
    """The answer to every problem, as given by ``Matcher.match``, but ignoring the limits of problems.

    Args:
        matcher: The matcher.
        problems: Their ids are the keys of the answers, in this order.
        only: Choose only among institutes that are judged here for the problem.
    """
    known = {institute.id for institute in matcher.registry.institutes}
    answers: dict[str, Answer] = {}
    for start in range(0, len(problems), _CHUNK):
        chunk = [
            problem.model_copy(
                update={
                    "require": Requirements(),
                    "exclude": () if only is None else tuple(sorted(known - only.get(problem.id, {}).keys())),
                }
            )
            for problem in problems[start : start + _CHUNK]
        ]
        answers |= {shortlist.problem.id: answer_of(shortlist) for shortlist in matcher.match(chunk, top=1)}
    return answers
