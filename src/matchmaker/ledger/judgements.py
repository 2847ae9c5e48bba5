"""Judgements: grades from 0 to 3 that people give to pairs of a problem and an institute."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import Connection, Row, insert

from matchmaker.domain import Problem
from matchmaker.ledger.cases import next_number
from matchmaker.ledger.problems import problem_digest, problem_from, store_problems, with_problems
from matchmaker.ledger.schema import RowNumber, make_each, make_record
from matchmaker.ledger.schema import judgements as table
from matchmaker.ledger.store import Ledger

GRADES: Final = (3, 2, 1, 0)
_N_SEEDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Judgement:
    """A grade given by a judge. ``digest`` identifies the problem; ``seed`` is the seed of a blind shuffle."""

    seq: RowNumber
    digest: str
    problem: Problem
    institute: str
    grade: int
    judge: str
    blind: bool
    seed: int | None
    at: str


@dataclass(frozen=True, slots=True)
class MergedJudgements:
    """The merged grades of all judges by problem and institute, and the problems with the ids used there."""

    qrels: Mapping[str, Mapping[str, int]]
    problems: tuple[Problem, ...]


def add_judgement(
    ledger: Ledger,
    problem: Problem,
    institute: str,
    grade: int,
    *,
    judge: str,
    blind: bool = False,
    seed: int | None = None,
) -> None:
    """Add a grade; an earlier one by the same judge for the same pair stays in the ledger but no longer counts.

    Raises:
        LedgerError: The database fails.
        ValueError: The grade is not 0 to 3.
    """
    if grade not in GRADES:
        raise ValueError(f"a grade is 0, 1, 2 or 3, not {grade}")
    with ledger.writing() as connection:
        store_problems(connection, [problem])
        values = {
            "seq": next_number(connection, table.c.seq),
            "problem": problem_digest(problem),
            "institute": institute,
        }
        values |= {"grade": grade, "judge": judge, "blind": int(blind), "seed": seed, "at": ledger.stamp()}
        connection.execute(insert(table).values(values))


def list_judgements(ledger: Ledger, *, judge: str | None = None, counting: bool = True) -> list[Judgement]:
    """The judgements, in the order they were given.

    Args:
        ledger: The ledger to read.
        judge: Only judgements of this judge.
        counting: Only the latest of each judge for each pair.
    """
    conditions: list[Any] = [] if judge is None else [table.c.judge == judge]
    with ledger.reading() as connection:
        judgements = read_judgements(connection, *conditions)
    if not counting:
        return judgements
    latest = {(judgement.judge, judgement.digest, judgement.institute): judgement for judgement in judgements}
    return sorted(latest.values(), key=lambda judgement: judgement.seq)


def read_judgements(connection: Connection, *conditions: Any, damage: list[str] | None = None) -> list[Judgement]:
    """The judgements that meet some conditions, in order of time; faults of damaged ones are added to ``damage``.

    Raises:
        LedgerError: One is damaged, and ``damage`` is ``None``.
    """
    return list(make_each(connection.execute(with_problems(table, *conditions)), _judgement, damage))


def _judgement(row: Row[Any]) -> Judgement:
    names = ("seq", "institute", "grade", "judge", "blind", "seed", "at")
    values = {name: getattr(row, name) for name in names}
    problem = problem_from(row.data, row.problem)
    return make_record(Judgement, table.name, row.seq, digest=row.problem, problem=problem, **values)


def merge_judgements(judgements: Sequence[Judgement]) -> MergedJudgements:
    """Merge judgements to one grade for each pair: the median of its judges, or the lower of two middle grades.

    A problem is named by its id; if two problems share one, or it contains white space, part of its digest is added.
    Problems and institutes are in the order of their first judgement.
    """
    grades: dict[str, dict[str, list[int]]] = {}
    problems: dict[str, Problem] = {}
    for judgement in judgements:
        problems.setdefault(judgement.digest, judgement.problem)
        grades.setdefault(judgement.digest, {}).setdefault(judgement.institute, []).append(judgement.grade)
    ids = _export_ids(problems)
    qrels = {
        ids[digest]: {institute: lower_median(pair_grades) for institute, pair_grades in by_institute.items()}
        for digest, by_institute in grades.items()
    }
    renamed = tuple(problem.model_copy(update={"id": ids[digest]}) for digest, problem in problems.items())
    return MergedJudgements(qrels, renamed)


def lower_median(grades: Sequence[int]) -> int:
    """The median grade, or the lower of two middle grades, so that no pair is graded better than by any judge."""
    return sorted(grades)[(len(grades) - 1) // 2]


def _export_ids(problems_by_digest: Mapping[str, Problem]) -> dict[str, str]:
    uses = Counter(problem.id for problem in problems_by_digest.values())
    ids = {}
    for digest, problem in problems_by_digest.items():
        is_usable = problem.id and not any(map(str.isspace, problem.id)) and uses[problem.id] == 1
        stem = "-".join(problem.id.split())[:150] or "problem"
        ids[digest] = problem.id if is_usable else f"{stem}-{digest[:8]}"
    return ids


def pairs_of(judgements: Sequence[Judgement], first: str, second: str) -> list[tuple[str, int, int]]:
    """The digest of the problem and both grades of every pair that both judges graded, in order of time."""
    first_grades = {
        (judgement.digest, judgement.institute): judgement.grade for judgement in judgements if judgement.judge == first
    }
    second_grades = {
        (judgement.digest, judgement.institute): judgement.grade
        for judgement in judgements
        if judgement.judge == second
    }
    return [(pair[0], grade, second_grades[pair]) for pair, grade in first_grades.items() if pair in second_grades]


def default_seed(problem: Problem, judge: str) -> int:
    """The default seed of a blind shuffle: different for each problem and judge, and the same every time."""
    digest = blake2b(f"{problem_digest(problem)}\0{judge}".encode(errors="backslashreplace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % _N_SEEDS


def shuffle_candidates(best: Sequence[str], others: Sequence[str], n_others: int, *, seed: int) -> list[str]:
    """The best institutes and some others drawn at random, in a random order.

    Args:
        best: The institutes of a shortlist.
        others: All that are not on it.
        n_others: The number of others to mix in; if there are fewer, all of them.
        seed: The same seed gives the same order, whatever the order of the arguments.
    """
    generator = random.Random(seed)  # noqa: S311 - nothing secret depends on it
    drawn = generator.sample(sorted(others), min(n_others, len(others)))
    mixed = sorted(set(best)) + drawn
    generator.shuffle(mixed)
    return mixed
