"""The problems that cases, referrals and judgements speak of, each kept once under a digest of what it says."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Select, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from matchmaker.domain import Problem
from matchmaker.intake.headings import simplified
from matchmaker.ledger import schema
from matchmaker.messages import said

_AT_ONCE = 1_000


def digest_of(problem: Problem) -> str:
    """The key of a problem: 32 hexadecimal digits of everything it says, its id included."""
    return blake2b(_data(problem).encode(), digest_size=16).hexdigest()


def keep_problems(connection: Connection, problems: Iterable[Problem]) -> None:
    """Put problems into the ledger; those that are there already stay as they are."""
    rows = [
        {"digest": digest_of(problem), "id": problem.id, "title": problem.title, "data": _data(problem)}
        for problem in problems
    ]
    # both dialects know the clause, but SQLAlchemy's common insert does not
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(schema.problems).on_conflict_do_nothing()
    for start in range(0, len(rows), _AT_ONCE):
        connection.execute(statement, rows[start : start + _AT_ONCE])


def with_problems(table: Table, *wanted: Any) -> Select[Any]:
    """The rows of a table that fulfil some conditions, in the order of writing, each with the data of its problem."""
    data = select(table, schema.problems.c.data).join(schema.problems, schema.problems.c.digest == table.c.problem)
    return data.where(*wanted).order_by(table.c.seq)


def problem_from(data: str, digest: str) -> Problem:
    """The problem that was kept as ``data`` under ``digest``.

    Raises:
        LedgerError: It is damaged.
    """
    try:
        return Problem.model_validate_json(data)
    except ValidationError as error:
        raise schema.damaged(said("problem {digest} does not say what was kept", digest=str(digest))) from error


def evened(text: str) -> str:
    """A text as it is compared: simplified characters, one width, one case, and no white space."""
    return "".join(simplified(unicodedata.normalize("NFKC", text)).casefold().split())


def _data(problem: Problem) -> str:
    return problem.model_dump_json(exclude_defaults=True)
