"""The problems of cases, referrals and judgements, each stored once under a digest of its content."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Select, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from matchmaker.domain import Problem
from matchmaker.intake.headings import simplify
from matchmaker.ledger import schema
from matchmaker.messages import make_message

_BATCH_SIZE = 1_000


def problem_digest(problem: Problem) -> str:
    """The key of a problem: a digest of its whole content, including its id, as 32 hexadecimal digits."""
    return blake2b(_data(problem).encode(), digest_size=16).hexdigest()


def store_problems(connection: Connection, problems: Iterable[Problem]) -> None:
    """Store problems; those that exist already are left as they are."""
    rows = [
        {"digest": problem_digest(problem), "id": problem.id, "title": problem.title, "data": _data(problem)}
        for problem in problems
    ]
    # Both dialects support the clause, but SQLAlchemy's generic insert does not.
    dialect_insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = dialect_insert(schema.problems).on_conflict_do_nothing()
    for start in range(0, len(rows), _BATCH_SIZE):
        connection.execute(statement, rows[start : start + _BATCH_SIZE])


def with_problems(table: Table, *conditions: Any) -> Select[Any]:
    """A query for the rows of a table that meet some conditions, in the order of writing, with their problems."""
    data = select(table, schema.problems.c.data).join(schema.problems, schema.problems.c.digest == table.c.problem)
    return data.where(*conditions).order_by(table.c.seq)


def problem_from(data: str, digest: str) -> Problem:
    """The problem that was stored as ``data`` under ``digest``.

    Raises:
        LedgerError: It is damaged.
    """
    try:
        return Problem.model_validate_json(data)
    except ValidationError as error:
        raise schema.damage_error(
            make_message("problem {digest} does not match its digest", digest=str(digest))
        ) from error


def fold_text(text: str) -> str:
    """A text folded for comparison: simplified characters, one width, one case, and no white space."""
    return "".join(simplify(unicodedata.normalize("NFKC", text)).casefold().split())


def _data(problem: Problem) -> str:
    return problem.model_dump_json(exclude_defaults=True)
