"""Opening a ledger and its transactions, with all errors of the database in plain words.

A writing transaction first locks the whole ledger (``BEGIN IMMEDIATE`` in SQLite, the only row of ``meta`` in
PostgreSQL), so that writers take turns and numbers are assigned once.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple
from uuid import uuid4

from pydantic import AfterValidator
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select, text, update
from sqlalchemy.exc import ArgumentError, DBAPIError

from matchmaker import log
from matchmaker.errors import Fault, LedgerError, MissingExtraError
from matchmaker.files import is_folder, path_exists
from matchmaker.ledger import default_path
from matchmaker.ledger.schema import LATEST, damage_error, meta, migrate, version_of
from matchmaker.messages import make_message, reason_of

if TYPE_CHECKING:
    import sqlite3

BUSY_SECONDS: Final = 20.0
"""How long a write waits for another one to end."""
_MIGRATION_LOCK: Final = 7_301_172
_SERVER: Final = re.compile(r"^postgres(ql)?(\+psycopg)?://", re.IGNORECASE)
_OTHER_SERVER: Final = re.compile(r"^[a-z0-9+]+://", re.IGNORECASE)


def utc_now() -> datetime:
    """The current time; nothing else in the ledger reads a clock."""
    return datetime.now(UTC)


def _check_time(at: str | None) -> str:
    """Accept a time as written by ``Ledger.stamp``; anything else is damage."""
    if at is None or len(at) != 20 or at[10] != "T" or at[-1] != "Z":
        raise ValueError("not a time")
    datetime.fromisoformat(at)
    return at


class Stamp(NamedTuple):
    """The time of an action, such as ``2026-11-22T20:23:29Z``, and its person; both are ``None`` for never."""

    at: Annotated[str | None, AfterValidator(_check_time)]
    by: str | None


class Ledger:
    """An open ledger; a context manager.

    Attributes:
        place: Its name in messages: the path, or the address without the password.
        path: The file; ``None`` for a server.
    """

    def __init__(self, engine: Engine, *, place: str, path: Path | None, now: Callable[[], datetime]) -> None:
        """See ``open_ledger``."""
        self._engine = engine
        self._now = now
        self.place = place
        self.path = path

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def stamp(self) -> str:
        """The current time, such as ``2026-11-22T20:23:29Z``. Order never depends on it, as clocks may be set back."""
        return self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees the ledger as it was when it began.

        Raises:
            LedgerError: The database fails.
        """
        level = {} if self.path else {"isolation_level": "REPEATABLE READ"}
        with (
            explained_errors(self.place),
            self._engine.connect().execution_options(**level) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """An exclusive writing transaction; committed when the block ends, rolled back when it raises.

        Raises:
            LedgerError: The database fails, or another program writes for longer than ``BUSY_SECONDS``.
        """
        with self._exclusive() as connection:
            result = connection.execute(update(meta).values(revision=meta.c.revision + 1))
            _check_single_row(result.rowcount)
            yield connection

    @contextmanager
    def _exclusive(self) -> Iterator[Connection]:
        with (
            explained_errors(self.place),
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def raw_file(self) -> Iterator[sqlite3.Connection]:
        """The underlying SQLite connection, outside of any transaction.

        Raises:
            ValueError: The ledger is on a server.
        """
        if self.path is None:
            raise ValueError("a ledger on a server is no file")
        with explained_errors(self.place), _raw_connection(self._engine) as raw:
            yield raw

    def identity(self) -> tuple[str, int, str]:
        """The random uuid of the ledger, its revision, which grows with every write, and its time of creation."""
        with self.reading() as connection:
            return identity_in(connection)

    def version(self) -> int:
        """The version of its tables; 0 for none.

        Raises:
            LedgerError: The database holds something else, or a ledger of a newer matchmaker.
        """
        with self.reading() as connection:
            return version_of(connection, self.place)

    def migrate(self) -> None:
        """Migrate to the latest version, in a transaction for each step; another process may do so at the same time."""
        while True:
            with self._exclusive() as connection:
                if self.path is None:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
                version = version_of(connection, self.place)
                if version == LATEST:
                    return
                migrate(connection, to=version + 1, uuid=uuid4().hex, at=self.stamp())


def identity_in(connection: Connection) -> tuple[str, int, str]:
    """As ``Ledger.identity``, within a transaction."""
    rows = connection.execute(select(meta.c.uuid, meta.c.revision, meta.c.created_at)).all()
    _check_single_row(len(rows))
    uuid, revision, created_at = rows[0]
    if not (isinstance(uuid, str) and isinstance(revision, int) and isinstance(created_at, str)):
        raise damage_error(make_message("is damaged in row {row} of {table}", row="1", table="meta"))
    return uuid, revision, created_at


def _check_single_row(n: int) -> None:
    if n != 1:
        raise damage_error(make_message("table meta has {n} rows instead of one", n=n))


def open_ledger(
    target: str | Path | None = None,
    *,
    create: bool = False,
    migrates: bool = True,
    now: Callable[[], datetime] = utc_now,
) -> Ledger:
    """Open a ledger; an older one is migrated to the latest version.

    Args:
        target: A file, or ``postgresql+psycopg://…``; by default ``default_path()``.
        create: Make a ledger if there is none.
        migrates: Whether an older one is migrated; without that, only its version can be queried.
        now: The clock.

    Raises:
        LedgerError: There is no ledger and none is to be made, the target is not a ledger or one of a newer version,
            or it cannot be opened.
        MissingExtraError: A server is named and its driver is not installed.
    """
    address = str(target) if target is not None else ""
    if _SERVER.match(address):
        ledger = _on_server(address, now)
    elif _OTHER_SERVER.match(address):
        finding, remedy = "no such kind of ledger", "give a file, or postgresql+psycopg://USER@HOST/DATABASE"
        raise LedgerError(Fault(address.partition("://")[0] + "://…", finding, remedy))
    else:
        ledger = _in_file(Path(target) if target is not None else default_path(), create, now)
    log.note("ledger %s", ledger.place)
    try:
        _bring_up_to_date(ledger, create=create, migrates=migrates)
    except BaseException:
        ledger.close()
        raise
    return ledger


def _bring_up_to_date(ledger: Ledger, *, create: bool, migrates: bool) -> None:
    version = ledger.version()
    if version == 0 and not create:
        raise LedgerError(_missing_fault(ledger.place))
    if version < LATEST and migrates:
        ledger.migrate()


def _missing_fault(place: str) -> Fault:
    return Fault(place, "no ledger there yet", "create one with: matchmaker cases import FILE, cases add or refer")


def _on_server(address: str, now: Callable[[], datetime]) -> Ledger:
    try:
        url = make_url(_SERVER.sub("postgresql+psycopg://", address))
    except (ArgumentError, ValueError) as error:
        remedy = "write postgresql+psycopg://USER@HOST/DATABASE"
        raise LedgerError(Fault("--ledger", "not an address of a database", remedy)) from error
    try:
        engine = create_engine(url, connect_args={"connect_timeout": 10})
    except ImportError as error:
        finding, remedy = "PostgreSQL needs psycopg", "pip install 'matchmaker-techtransfer[postgresql]'"
        raise MissingExtraError(Fault("--ledger", finding, remedy)) from error

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: object) -> None:
        connection.execute(f"SET lock_timeout = {round(BUSY_SECONDS * 1000)}")
        connection.commit()

    return Ledger(engine, place=url.render_as_string(hide_password=True), path=None, now=now)


def _in_file(path: Path, create: bool, now: Callable[[], datetime]) -> Ledger:
    place = str(path)
    if is_folder(path):
        raise LedgerError(Fault(place, "this is a folder, not a file", "name a file in it"))
    if not path_exists(path):
        if not create:
            raise LedgerError(_missing_fault(place))
        _make_private(path)
    elif not path.is_file():
        raise LedgerError(Fault(place, "this is a pipe or a device, not a ledger", "name a file"))
    url = URL.create("sqlite+pysqlite", database=str(path))
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_file)
    event.listen(engine, "begin", _begin)
    return Ledger(engine, place=place, path=path, now=now)


def _make_private(path: Path) -> None:
    """Make an empty file, and its folder, that only the owner may read; SQLite gives its other files the same mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        finding = make_message("cannot be made ({reason})", reason=reason_of(error))
        raise LedgerError(Fault(str(path), finding, "choose another place with --ledger")) from error


def _prepare_file(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # _begin begins transactions: Python's driver does so late, in the wrong mode
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA trusted_schema = OFF")  # a file from elsewhere may contain views and triggers
    connection.execute("PRAGMA synchronous = FULL")  # what was reported as written survives a power cut
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        _enable_write_ahead_log(connection)


def _enable_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Enable the write-ahead log of a new file, retrying, as SQLite does not wait for another process that does so.

    Raises:
        sqlite3.OperationalError: It fails, or others write for longer than ``BUSY_SECONDS``.
    """
    import sqlite3

    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: Connection) -> None:
    # A transaction that reads before it writes would fail at once if another one writes in between.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _raw_connection(engine: Engine) -> Iterator[sqlite3.Connection]:
    connection = engine.raw_connection()
    try:
        yield connection.driver_connection  # type: ignore[misc]
    finally:
        connection.close()


@contextmanager
def explained_errors(place: str) -> Iterator[None]:
    """Turn errors of the database into a ``LedgerError``, and add the place to errors without one.

    A violated constraint is a bug and passes unchanged.

    Raises:
        LedgerError: The database cannot be reached, read or written.
    """
    import sqlite3

    try:
        yield
    except LedgerError as error:
        if all(fault.place for fault in error.faults):
            raise
        raise LedgerError([fault if fault.place else replace(fault, place=place) for fault in error.faults]) from error
    except DBAPIError as error:
        fault = _fault(place, error.orig)
        if fault is None:
            raise
        raise LedgerError(fault) from error
    except sqlite3.Error as error:
        fault = _fault(place, error)
        if fault is None:
            raise
        raise LedgerError(fault) from error


_FILE_FAULTS: Final = {
    "SQLITE_BUSY": Fault("", "another program is writing to it", "try again when it has ended"),
    "SQLITE_LOCKED": Fault("", "another program is writing to it", "try again when it has ended"),
    "SQLITE_READONLY": Fault("", "may not be written", "allow writing to the file and its folder, or use a copy"),
    "SQLITE_CANTOPEN": Fault("", "cannot be opened", "check the path, and that its folder may be written"),
    "SQLITE_PERM": Fault("", "cannot be opened", "check the path, and that its folder may be written"),
    "SQLITE_FULL": Fault("", "the disk is full; nothing was written", "free some space, then try again"),
    "SQLITE_NOTADB": Fault(
        "", "is not a ledger, or is damaged at its start", "give --ledger another name, or restore a backup"
    ),
    "SQLITE_CONSTRAINT_TRIGGER": Fault("", "has a trigger that forbids this; nothing was written", "restore a backup"),
    "SQLITE_CORRUPT": Fault("", "is damaged", "restore a backup, made by: matchmaker ledger backup"),
    "SQLITE_IOERR": Fault("", "the disk fails to read or write it", "check the disk, then: matchmaker ledger check"),
}
_SERVER_FAULTS: Final = {
    "08": Fault("", "the server cannot be reached", "check the address and that it runs"),
    "28": Fault("", "the server refuses this user or password", "check the address; a password may stand in ~/.pgpass"),
    "3D": Fault("", "the server has no such database", "make it with: createdb"),
    "53": Fault("", "the server's disk or memory is full; nothing was written", "ask whoever runs the server"),
    "25": Fault("", "may not be written", "ask whoever runs the server"),
    "42": Fault("", "this user may not do that there, or it is no ledger", "ask whoever runs the server"),
    "55": Fault("", "another program is writing to it", "try again when it has ended"),
    "40": Fault("", "another program was writing to it at the same moment", "try again"),
    "57": Fault("", "the server is stopping or starting", "try again later"),
}
_NO_DATABASE: Final = re.compile('database "[^"]*" does not exist')
_MISSING_TABLE: Final = re.compile(
    "^(no such (table|column)|table .* (has no column|already exists)|Could not decode to UTF-8)"
)
_LOGIN_FAILED: Final = re.compile(
    'password authentication failed|role "[^"]*" does not exist|no password supplied|pg_hba'
)


def _fault(place: str, error: BaseException | None) -> Fault | None:
    name = getattr(error, "sqlite_errorname", None)
    if type(error).__module__ == "sqlite3" and _MISSING_TABLE.match(str(error)):
        return _with_place(place, _FILE_FAULTS["SQLITE_CORRUPT"])
    if name is not None:
        # Even to read, SQLite needs a little space beside the ledger.
        kind = "SQLITE_FULL" if name == "SQLITE_IOERR_SHMSIZE" else "_".join(name.split("_")[:2])
        return _with_place(place, _FILE_FAULTS.get(name) or _FILE_FAULTS.get(kind))
    if type(error).__name__ != "OperationalError" and not hasattr(error, "sqlstate"):
        return None
    state = (getattr(error, "sqlstate", None) or "")[:2]
    if not state:  # before the server can send a code, psycopg has only a message
        words = str(error)
        state = "3D" if _NO_DATABASE.search(words) else "28" if _LOGIN_FAILED.search(words) else "08"
    return _with_place(place, _SERVER_FAULTS.get(state))


def _with_place(place: str, fault: Fault | None) -> Fault | None:
    return replace(fault, place=place) if fault else None
