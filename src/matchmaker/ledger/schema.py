"""The tables of a ledger, and the migrations that lead to them from every earlier version.

A migration is never changed once it has been released; later changes are migrations of their own. The statements are
plain SQL that both SQLite and PostgreSQL accept.
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
from matchmaker.messages import make_message, writable

MAX_NUMBER: Final = 2**31 - 1
"""The highest integer that every database accepts."""
RowNumber: TypeAlias = Annotated[int, Field(ge=1, lt=MAX_NUMBER)]
"""The number of a row, in the order of writing; it is below the highest, so that another can follow."""
AnyRow = TypeVar("AnyRow")
AnyRecord = TypeVar("AnyRecord")
metadata: Final = MetaData()


class WritableText(TypeDecorator[str]):
    """A text column in which half a surrogate pair, which no database accepts, is spelt out."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: object) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        """The value as sent to the database."""
        return writable(value) if value else value


def _text_column(name: str, *, required: bool = True) -> Column[str]:
    return Column(name, WritableText, nullable=not required)


def _stamp_columns(*names: str, required: bool = True) -> list[Column[str]]:
    """Columns for time and person: ``created_at`` and ``created_by`` for ``created``."""
    return [_text_column(f"{name}_{part}", required=required) for name in names for part in ("at", "by")]


schema_version: Final = Table(
    "schema_version", metadata, Column("version", Integer, primary_key=True), _text_column("applied_at")
)
meta: Final = Table(
    "meta",
    metadata,
    Column("one", Integer, primary_key=True),
    _text_column("uuid"),
    Column("revision", Integer, nullable=False),
    _text_column("created_at"),
)
"""One row, with the identity of this ledger and a number that grows with every write."""
problems: Final = Table(
    "problems",
    metadata,
    Column("digest", Text, primary_key=True),
    _text_column("id"),
    _text_column("title"),
    _text_column("data"),
)
"""Every problem of any other row, once; a changed problem is a new one."""
cases: Final = Table(
    "cases",
    metadata,
    Column("seq", Integer, primary_key=True),
    _text_column("id"),
    Column("problem", Text, ForeignKey("problems.digest"), nullable=False),
    _text_column("capability", required=False),
    _text_column("outcome"),
    Column("year", Integer),
    Column("benefit_cny", Float(53)),
    _text_column("source", required=False),
    _text_column("note", required=False),
    _text_column("identity"),
    _text_column("content"),
    *_stamp_columns("created", "changed"),
    *_stamp_columns("deleted", required=False),
    Column("referral", Integer, ForeignKey("referrals.seq")),
)
case_institutes: Final = Table(
    "case_institutes",
    metadata,
    Column("case_seq", Integer, ForeignKey("cases.seq"), primary_key=True),
    Column("position", Integer, primary_key=True),
    _text_column("institute"),
)
referrals: Final = Table(
    "referrals",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("problem", Text, ForeignKey("problems.digest"), nullable=False),
    _text_column("institute"),
    _text_column("capability", required=False),
    _text_column("state"),
    _text_column("reason", required=False),
    Column("score", Float(53)),
    _text_column("level", required=False),
    _text_column("settings", required=False),
    _text_column("profiles", required=False),
    Column("version", Integer, nullable=False),
    *_stamp_columns("created", "changed"),
)
changes: Final = Table(
    "referral_changes",
    metadata,
    Column("referral_seq", Integer, ForeignKey("referrals.seq"), primary_key=True),
    Column("version", Integer, primary_key=True),
    _text_column("from_state", required=False),
    _text_column("state"),
    _text_column("reason", required=False),
    _text_column("note", required=False),
    _text_column("at"),
    _text_column("by"),
)
"""The steps of referrals, from their opening; rows are only ever added."""
judgements: Final = Table(
    "judgements",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("problem", Text, ForeignKey("problems.digest"), nullable=False),
    _text_column("institute"),
    Column("grade", Integer, nullable=False),
    _text_column("judge"),
    Column("blind", Integer, nullable=False),
    Column("seed", Integer),
    _text_column("at"),
)
"""Judgements; rows are only ever added, and the latest of a judge for a pair counts."""

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
"""The migrations to version 1, to version 2 …; each runs in a transaction of its own."""
LATEST: Final = len(MIGRATIONS)


_CREATE_TABLE: Final = re.compile(r"CREATE TABLE (\w+)")


def _tables_of(version: int) -> set[str]:
    return {
        match[1] for step in MIGRATIONS[:version] for statement in step if (match := _CREATE_TABLE.match(statement))
    }


def version_of(connection: Connection, place: str) -> int:
    """The version of the ledger in a database; 0 for an empty database.

    Raises:
        LedgerError: The database holds something else, a ledger of a newer matchmaker, or one without some table.
    """
    inspector = inspect(connection)
    tables = set(inspector.get_table_names())  # views do not count, as they could do anything, such as never end
    if not tables and not metadata.tables.keys() & set(inspector.get_view_names()):
        return 0
    if not {"schema_version", "meta"} <= tables:
        finding, remedy = "is a database but not a ledger", "give --ledger another name, or a database of its own"
        raise LedgerError(Fault(place, finding, remedy))
    versions = connection.scalars(select(schema_version.c.version)).all()
    if not versions or not all(isinstance(one, int) and one > 0 for one in versions):
        raise damage_error("is damaged: its version cannot be told", place)
    version = int(max(versions))
    if version > LATEST:
        finding = make_message(
            "is a ledger of version {found}; this matchmaker knows {known}", found=version, known=LATEST
        )
        raise LedgerError(Fault(place, finding, "install a newer matchmaker; nothing was changed"))
    for name in sorted(_tables_of(version) - tables):
        raise damage_error(make_message("is damaged: it has no table '{table}'", table=name), place)
    return version


def damage_error(finding: str, place: str = "") -> LedgerError:
    """The error for damaged content of a ledger; ``explained_errors`` adds a missing place."""
    return LedgerError(Fault(place, finding, "restore a backup"))


def make_record(kind: type[AnyRecord], table: str, row: object, **values: object) -> AnyRecord:
    """Make a record from the values of a row.

    Args:
        kind: A dataclass, whose annotations define valid values.
        table: The name of the table.
        row: The name of the row, for an error.
        values: The values by name of field.

    Raises:
        LedgerError: A value is one that a ledger never writes.
    """
    try:
        record: AnyRecord = _type_adapter(kind).validate_python(values)  # type: ignore[arg-type]
    except ValidationError as error:
        raise damage_error(make_message("is damaged in row {row} of {table}", row=str(row), table=table)) from error
    return record


@cache
def _type_adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def make_each(
    rows: Iterable[AnyRow], make: Callable[[AnyRow], AnyRecord], damage: list[str] | None = None
) -> Iterator[AnyRecord]:
    """Make a record from each row; the faults of damaged rows are added to ``damage``.

    Raises:
        LedgerError: A row is damaged, and ``damage`` is ``None``.
    """
    for row in rows:
        try:
            yield make(row)
        except LedgerError as error:
            if damage is None:
                raise
            damage += [fault.finding for fault in error.faults]


def migrate(connection: Connection, *, to: int, uuid: str, at: str) -> None:
    """Migrate the ledger to version ``to`` from the one before, within the caller's transaction."""
    for statement in MIGRATIONS[to - 1]:
        connection.exec_driver_sql(statement)
    if to == 1:
        connection.execute(insert(meta).values(one=1, uuid=uuid, revision=0, created_at=at))
    connection.execute(insert(schema_version).values(version=to, applied_at=at))
