"""Judgements: how well a person thinks an institute suits a problem, from 0 to 3, and who thinks so."""

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
from matchmaker.ledger.problems import digest_of, keep_problems, problem_from, with_problems
from matchmaker.ledger.schema import Number, each, record_of
from matchmaker.ledger.schema import judgements as table
from matchmaker.ledger.store import Ledger

GRADES: Final = (3, 2, 1, 0)
_SEEDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Judgement:
    """One grade as it was given. ``digest`` tells problems apart; ``seed`` is that of a blind shuffle."""

    seq: Number
    digest: str
    problem: Problem
    institute: str
    grade: int
    judge: str
    blind: bool
    seed: int | None
    at: str


@dataclass(frozen=True, slots=True)
class Agreed:
    """What judges say together: grades by problem and institute, and the problems under the ids used there."""

    qrels: Mapping[str, Mapping[str, int]]
    problems: tuple[Problem, ...]


def keep_judgement(
    ledger: Ledger,
    problem: Problem,
    institute: str,
    grade: int,
    *,
    judge: str,
    blind: bool = False,
    seed: int | None = None,
) -> None:
    """Keep a grade; an earlier one of the same judge for the same pair stays in the ledger and no longer counts.

    Raises:
        LedgerError: The database fails.
        ValueError: The grade is none of 0 to 3.
    """
    if grade not in GRADES:
        raise ValueError(f"a grade is 0, 1, 2 or 3, not {grade}")
    with ledger.writing() as connection:
        keep_problems(connection, [problem])
        values = {"seq": next_number(connection, table.c.seq), "problem": digest_of(problem), "institute": institute}
        values |= {"grade": grade, "judge": judge, "blind": int(blind), "seed": seed, "at": ledger.stamp()}
        connection.execute(insert(table).values(values))


def list_judgements(ledger: Ledger, *, judge: str | None = None, counting: bool = True) -> list[Judgement]:
    """The judgements, in the order they were given.

    Args:
        ledger: Where from.
        judge: Of this judge alone.
        counting: Only the latest of each judge for each pair.
    """
    wanted: list[Any] = [] if judge is None else [table.c.judge == judge]
    with ledger.reading() as connection:
        given = read_judgements(connection, *wanted)
    if not counting:
        return given
    latest = {(one.judge, one.digest, one.institute): one for one in given}
    return sorted(latest.values(), key=lambda one: one.seq)


def read_judgements(connection: Connection, *wanted: Any, damage: list[str] | None = None) -> list[Judgement]:
    """The judgements that fulfil some conditions, in order of time; what is wrong with others goes to ``damage``.

    Raises:
        LedgerError: One is damaged, and there is no list for that.
    """
    return list(each(connection.execute(with_problems(table, *wanted)), _judgement, damage))


def _judgement(row: Row[Any]) -> Judgement:
    names = ("seq", "institute", "grade", "judge", "blind", "seed", "at")
    values = {name: getattr(row, name) for name in names}
    problem = problem_from(row.data, row.problem)
    return record_of(Judgement, table.name, row.seq, digest=row.problem, problem=problem, **values)


def agreed(judgements: Sequence[Judgement]) -> Agreed:
    """One grade for each pair: the median of its judges, of two grades in the middle the lower one.

    A problem goes by its id; where two problems share one, or it has white space in it, part of its digest is added.
    Problems and institutes stand in the order of their first judgement.
    """
    grades: dict[str, dict[str, list[int]]] = {}
    found: dict[str, Problem] = {}
    for one in judgements:
        found.setdefault(one.digest, one.problem)
        grades.setdefault(one.digest, {}).setdefault(one.institute, []).append(one.grade)
    ids = _export_ids(found)
    qrels = {
        ids[digest]: {institute: lower_median(given) for institute, given in of_problem.items()}
        for digest, of_problem in grades.items()
    }
    renamed = tuple(problem.model_copy(update={"id": ids[digest]}) for digest, problem in found.items())
    return Agreed(qrels, renamed)


def lower_median(grades: Sequence[int]) -> int:
    """The middle grade; of two in the middle the lower, so that nothing is called better than a judge called it."""
    return sorted(grades)[(len(grades) - 1) // 2]


def _export_ids(problems_by_digest: Mapping[str, Problem]) -> dict[str, str]:
    uses = Counter(problem.id for problem in problems_by_digest.values())
    ids = {}
    for digest, problem in problems_by_digest.items():
        is_good = problem.id and not any(map(str.isspace, problem.id)) and uses[problem.id] == 1
        stem = "-".join(problem.id.split())[:150] or "problem"
        ids[digest] = problem.id if is_good else f"{stem}-{digest[:8]}"
    return ids


def pairs_of(judgements: Sequence[Judgement], first: str, second: str) -> list[tuple[str, int, int]]:
    """For every pair that both judges graded: the digest of its problem, and the grade of each; in order of time."""
    of_first = {(one.digest, one.institute): one.grade for one in judgements if one.judge == first}
    of_second = {(one.digest, one.institute): one.grade for one in judgements if one.judge == second}
    return [(pair[0], grade, of_second[pair]) for pair, grade in of_first.items() if pair in of_second]


def usual_seed(problem: Problem, judge: str) -> int:
    """The seed of a blind shuffle when none is given: another for each problem and judge, the same every time."""
    digest = blake2b(f"{digest_of(problem)}\0{judge}".encode(errors="backslashreplace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % _SEEDS


def shuffled(best: Sequence[str], others: Sequence[str], n_others: int, *, seed: int) -> list[str]:
    """The best institutes and some others drawn at random, in an order that says nothing.

    Args:
        best: Those of a shortlist.
        others: All that are not on it; so many as there are when they are fewer than asked for.
        n_others: How many of them to mix in.
        seed: The same seed gives the same order, whatever the order of the arguments.
    """
    chance = random.Random(seed)  # noqa: S311 - nothing secret hangs on it
    drawn = chance.sample(sorted(others), min(n_others, len(others)))
    mixed = sorted(set(best)) + drawn
    chance.shuffle(mixed)
    return mixed
