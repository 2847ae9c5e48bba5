"""The tables of a ledger, and the steps that lead to them from every earlier version.

A step is never changed once it has been released: what comes later is a step of its own. The statements are plain SQL
that SQLite and PostgreSQL read alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import (
    Column,
    Connection,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    insert,
    inspect,
    select,
)

from matchmaker.errors import Fault, LedgerError
from matchmaker.messages import said, writable

HIGHEST: Final = 2**31 - 1
"""The highest whole number that every database takes."""
Number: TypeAlias = Annotated[int, Field(ge=1, lt=HIGHEST)]
"""Of a row, in the order of writing: what is counted never comes so far that no other can follow."""
AnyRow = TypeVar("AnyRow")
AnyRecord = TypeVar("AnyRecord")
metadata: Final = MetaData()


class Written(TypeDecorator[str]):
    """A text as it is written and asked for: half a character, which no database takes, is spelt out."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: object) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        """What the database gets."""
        return writable(value) if value else value


def _text(name: str, *, needed: bool = True) -> Column[str]:
    return Column(name, Written, nullable=not needed)


def _stamps(*names: str, needed: bool = True) -> list[Column[str]]:
    """When and by whom: ``created_at`` and ``created_by`` for ``created``."""
    return [_text(f"{name}_{part}", needed=needed) for name in names for part in ("at", "by")]


schema_version: Final = Table(
    "schema_version", metadata, Column("version", Integer, primary_key=True), _text("applied_at")
)
meta: Final = Table(
    "meta",
    metadata,
    Column("one", Integer, primary_key=True),
    _text("uuid"),
    Column("revision", Integer, nullable=False),
    _text("created_at"),
)
"""One row: what tells this ledger from others, and a number that grows with every write."""
problems: Final = Table(
    "problems", metadata, Column("digest", Text, primary_key=True), _text("id"), _text("title"), _text("data")
)
"""Every problem that anything is said of, once; a changed one is another."""
cases: Final = Table(
    "cases",
    metadata,
    Column("seq", Integer, primary_key=True),
    _text("id"),
    Column("problem", Text, ForeignKey("problems.digest"), nullable=False),
    _text("capability", needed=False),
    _text("outcome"),
    Column("year", Integer),
    Column("benefit_cny", Float(53)),
    _text("source", needed=False),
    _text("note", needed=False),
    _text("identity"),
    _text("content"),
    *_stamps("created", "changed"),
    *_stamps("deleted", needed=False),
    Column("referral", Integer, ForeignKey("referrals.seq")),
)
case_institutes: Final = Table(
    "case_institutes",
    metadata,
    Column("case_seq", Integer, ForeignKey("cases.seq"), primary_key=True),
    Column("position", Integer, primary_key=True),
    _text("institute"),
)
referrals: Final = Table(
    "referrals",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("problem", Text, ForeignKey("problems.digest"), nullable=False),
    _text("institute"),
    _text("capability", needed=False),
    _text("state"),
    _text("reason", needed=False),
    Column("score", Float(53)),
    _text("level", needed=False),
    _text("settings", needed=False),
    _text("profiles", needed=False),
    Column("version", Integer, nullable=False),
    *_stamps("created", "changed"),
)
changes: Final = Table(
    "referral_changes",
    metadata,
    Column("referral_seq", Integer, ForeignKey("referrals.seq"), primary_key=True),
    Column("version", Integer, primary_key=True),
    _text("from_state", needed=False),
    _text("state"),
    _text("reason", needed=False),
    _text("note", needed=False),
    _text("at"),
    _text("by"),
)
"""What happened to a referral, its opening first; rows are only ever added."""
judgements: Final = Table(
    "judgements",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("problem", Text, ForeignKey("problems.digest"), nullable=False),
    _text("institute"),
    Column("grade", Integer, nullable=False),
    _text("judge"),
    Column("blind", Integer, nullable=False),
    Column("seed", Integer),
    _text("at"),
)
"""Rows are only ever added: the latest of a judge for a pair counts."""

_CASES = (
    "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL)",
    "CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), uuid TEXT NOT NULL, revision INTEGER NOT NULL,"
    " created_at TEXT NOT NULL)",
    "CREATE TABLE problems (digest TEXT PRIMARY KEY, id TEXT NOT NULL, title TEXT NOT NULL, data TEXT NOT NULL)",
    "CREATE TABLE cases (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " problem TEXT NOT NULL REFERENCES problems (digest), capability TEXT,"
    " outcome TEXT NOT NULL CHECK (outcome IN ('solved', 'partly', 'failed')), year INTEGER,"
    " benefit_cny DOUBLE PRECISION CHECK (benefit_cny >= 0), source TEXT, note TEXT,"
    " identity TEXT NOT NULL, content TEXT NOT NULL,"
    " created_at TEXT NOT NULL, created_by TEXT NOT NULL, changed_at TEXT NOT NULL, changed_by TEXT NOT NULL,"
    " deleted_at TEXT, deleted_by TEXT)",
    "CREATE UNIQUE INDEX cases_identity ON cases (identity) WHERE deleted_at IS NULL",
    "CREATE INDEX cases_content ON cases (content)",
    "CREATE TABLE case_institutes (case_seq INTEGER NOT NULL REFERENCES cases (seq), position INTEGER NOT NULL,"
    " institute TEXT NOT NULL, PRIMARY KEY (case_seq, position), UNIQUE (case_seq, institute))",
    "CREATE INDEX case_institutes_institute ON case_institutes (institute)",
)
_REFERRALS = (
    "CREATE TABLE referrals (seq INTEGER PRIMARY KEY, problem TEXT NOT NULL REFERENCES problems (digest),"
    " institute TEXT NOT NULL, capability TEXT,"
    " state TEXT NOT NULL CHECK (state IN ('proposed', 'contacted', 'visited', 'signed', 'solved', 'declined')),"
    " reason TEXT, score DOUBLE PRECISION, level TEXT, settings TEXT, profiles TEXT, version INTEGER NOT NULL,"
    " created_at TEXT NOT NULL, created_by TEXT NOT NULL, changed_at TEXT NOT NULL, changed_by TEXT NOT NULL,"
    " CHECK ((reason IS NOT NULL) = (state = 'declined')))",
    "CREATE UNIQUE INDEX referrals_open ON referrals (problem, institute) WHERE state NOT IN ('solved', 'declined')",
    "CREATE TABLE referral_changes (referral_seq INTEGER NOT NULL REFERENCES referrals (seq),"
    " version INTEGER NOT NULL, from_state TEXT, state TEXT NOT NULL, reason TEXT, note TEXT,"
    " at TEXT NOT NULL, by TEXT NOT NULL, PRIMARY KEY (referral_seq, version))",
    "ALTER TABLE cases ADD COLUMN referral INTEGER REFERENCES referrals (seq)",
    "CREATE UNIQUE INDEX cases_referral ON cases (referral)",
)
_JUDGEMENTS = (
    "CREATE TABLE judgements (seq INTEGER PRIMARY KEY, problem TEXT NOT NULL REFERENCES problems (digest),"
    " institute TEXT NOT NULL, grade INTEGER NOT NULL CHECK (grade BETWEEN 0 AND 3), judge TEXT NOT NULL,"
    " blind INTEGER NOT NULL CHECK (blind IN (0, 1)), seed INTEGER, at TEXT NOT NULL)",
    "CREATE INDEX judgements_pair ON judgements (problem, institute)",
)
MIGRATIONS: Final = (_CASES, _REFERRALS, _JUDGEMENTS)
"""The step to version 1, to version 2 …; each runs in a transaction of its own."""
LATEST: Final = len(MIGRATIONS)


_MAKES: Final = re.compile(r"CREATE TABLE (\w+)")


def _tables_of(version: int) -> set[str]:
    return {made[1] for step in MIGRATIONS[:version] for statement in step if (made := _MAKES.match(statement))}


def version_of(connection: Connection, place: str) -> int:
    """The version of the ledger behind a connection; 0 when there is nothing at all.

    Raises:
        LedgerError: The database holds something else, a ledger of a newer matchmaker, or one that lacks a table.
    """
    found = inspect(connection)
    tables = set(found.get_table_names())  # views are none: they could do anything, such as never end
    if not tables and not metadata.tables.keys() & set(found.get_view_names()):
        return 0
    if not {"schema_version", "meta"} <= tables:
        finding, remedy = "is a database, but no ledger", "give --ledger another name, or a database of its own"
        raise LedgerError(Fault(place, finding, remedy))
    versions = connection.scalars(select(schema_version.c.version)).all()
    if not versions or not all(isinstance(one, int) and one > 0 for one in versions):
        raise damaged("is damaged: its version cannot be told", place)
    version = int(max(versions))
    if version > LATEST:
        finding = said("is a ledger of version {found}; this matchmaker knows {known}", found=version, known=LATEST)
        raise LedgerError(Fault(place, finding, "install a newer matchmaker; nothing was changed"))
    for name in sorted(_tables_of(version) - tables):
        raise damaged(said("is damaged: it has no table '{table}'", table=name), place)
    return version


def damaged(finding: str, place: str = "") -> LedgerError:
    """What is wrong with the content of a ledger; the block in which it is read adds the place."""
    return LedgerError(Fault(place, finding, "restore a backup"))


def record_of(kind: type[AnyRecord], table: str, row: object, **values: object) -> AnyRecord:
    """The record that a row was made of.

    Args:
        kind: A dataclass; its annotations say what may stand in it.
        table: Where the row is.
        row: What it is called there.
        values: By name of field.

    Raises:
        LedgerError: It holds what a ledger never writes.
    """
    try:
        record: AnyRecord = _reader(kind).validate_python(values)  # type: ignore[arg-type]
    except ValidationError as error:
        raise damaged(said("is damaged in row {row} of {table}", row=str(row), table=table)) from error
    return record


@cache
def _reader(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def each(
    rows: Iterable[AnyRow], make: Callable[[AnyRow], AnyRecord], damage: list[str] | None = None
) -> Iterator[AnyRecord]:
    """What ``make`` makes of each row; with a list for ``damage``, what is wrong with the others goes there.

    Raises:
        LedgerError: A row is damaged, and there is no list for that.
    """
    for row in rows:
        try:
            yield make(row)
        except LedgerError as error:
            if damage is None:
                raise
            damage += [fault.finding for fault in error.faults]


def migrate(connection: Connection, *, to: int, uuid: str, at: str) -> None:
    """Take the ledger one step further, to version ``to``; the caller's transaction makes it whole or nothing."""
    for statement in MIGRATIONS[to - 1]:
        connection.exec_driver_sql(statement)
    if to == 1:
        connection.execute(insert(meta).values(one=1, uuid=uuid, revision=0, created_at=at))
    connection.execute(insert(schema_version).values(version=to, applied_at=at))
