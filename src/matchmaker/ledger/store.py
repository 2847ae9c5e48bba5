"""Opening a ledger and its transactions; every fault of the database in plain words.

A transaction that writes takes the lock of the whole ledger first (``BEGIN IMMEDIATE`` in SQLite, the one row of
``meta`` in PostgreSQL), so that writers stand in a line and numbers are given out once.
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
from matchmaker.files import is_folder, is_there
from matchmaker.ledger import default_path
from matchmaker.ledger.schema import LATEST, damaged, meta, migrate, version_of
from matchmaker.messages import reason_of, said

if TYPE_CHECKING:
    import sqlite3

BUSY_SECONDS: Final = 20.0
"""So long a write waits for another one to end."""
_MIGRATION_LOCK: Final = 7_301_172
_SERVER: Final = re.compile(r"^postgres(ql)?(\+psycopg)?://", re.IGNORECASE)
_OTHER_SERVER: Final = re.compile(r"^[a-z0-9+]+://", re.IGNORECASE)


def utc_now() -> datetime:
    """The time; the only place where the ledger looks at a clock."""
    return datetime.now(UTC)


def _time(at: str | None) -> str:
    """A time as ``Ledger.stamp`` writes it; anything else is damage."""
    if at is None or len(at) != 20 or at[10] != "T" or at[-1] != "Z":
        raise ValueError("not a time")
    datetime.fromisoformat(at)
    return at


class Stamp(NamedTuple):
    """When something was done, ``2026-11-22T20:23:29Z``, and by whom; both ``None`` for never."""

    at: Annotated[str | None, AfterValidator(_time)]
    by: str | None


class Ledger:
    """An open ledger; a context manager.

    Attributes:
        place: What it is called in messages: the path, or the address without its password.
        path: The file, ``None`` for a server.
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
        """Give up all connections."""
        self._engine.dispose()

    def stamp(self) -> str:
        """The time as it is kept: ``2026-11-22T20:23:29Z``. Order never rests on it, a clock may be set back."""
        return self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees the ledger as it is at its beginning.

        Raises:
            LedgerError: The database fails.
        """
        level = {} if self.path else {"isolation_level": "REPEATABLE READ"}
        with (
            faults_told(self.place),
            self._engine.connect().execution_options(**level) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that nobody else writes beside; committed when the block ends, undone when it raises.

        Raises:
            LedgerError: The database fails, or another program writes for longer than ``BUSY_SECONDS``.
        """
        with self._alone() as connection:
            found = connection.execute(update(meta).values(revision=meta.c.revision + 1))
            _check_one(found.rowcount)
            yield connection

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        with (
            faults_told(self.place),
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def raw_file(self) -> Iterator[sqlite3.Connection]:
        """The SQLite connection beneath, outside any transaction.

        Raises:
            ValueError: The ledger is on a server.
        """
        if self.path is None:
            raise ValueError("a ledger on a server is no file")
        with faults_told(self.place), _lent(self._engine) as raw:
            yield raw

    def identity(self) -> tuple[str, int, str]:
        """Its random uuid, its revision, which every write raises, and when it was made."""
        with self.reading() as connection:
            return identity_in(connection)

    def version(self) -> int:
        """The version of its tables, 0 for none.

        Raises:
            LedgerError: The database holds something else, or a ledger of a newer matchmaker.
        """
        with self.reading() as connection:
            return version_of(connection, self.place)

    def migrate(self) -> None:
        """Bring the tables to the latest version, a transaction for each step; another process may do the same."""
        while True:
            with self._alone() as connection:
                if self.path is None:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
                version = version_of(connection, self.place)
                if version == LATEST:
                    return
                migrate(connection, to=version + 1, uuid=uuid4().hex, at=self.stamp())


def identity_in(connection: Connection) -> tuple[str, int, str]:
    """See ``Ledger.identity``."""
    rows = connection.execute(select(meta.c.uuid, meta.c.revision, meta.c.created_at)).all()
    _check_one(len(rows))
    uuid, revision, created_at = rows[0]
    if not (isinstance(uuid, str) and isinstance(revision, int) and isinstance(created_at, str)):
        raise damaged(said("is damaged in row {row} of {table}", row="1", table="meta"))
    return uuid, revision, created_at


def _check_one(n: int) -> None:
    if n != 1:
        raise damaged(said("has {n} rows of what it is, not one", n=n))


def open_ledger(
    target: str | Path | None = None,
    *,
    create: bool = False,
    migrates: bool = True,
    now: Callable[[], datetime] = utc_now,
) -> Ledger:
    """Open a ledger; an older one is brought up to date.

    Args:
        target: A file, or ``postgresql+psycopg://…``; ``default_path()`` when not given.
        create: Make a ledger where there is none.
        migrates: Whether an older one is brought up to date; as it is, only its version can be asked.
        now: The clock.

    Raises:
        LedgerError: There is no ledger and none is to be made, it is none, it is of a newer version, or it cannot be
            opened.
        MissingExtraError: A server is named and its driver is not installed.
    """
    named = str(target) if target is not None else ""
    if _SERVER.match(named):
        ledger = _on_server(named, now)
    elif _OTHER_SERVER.match(named):
        finding, remedy = "no such kind of ledger", "give a file, or postgresql+psycopg://USER@HOST/DATABASE"
        raise LedgerError(Fault(named.partition("://")[0] + "://…", finding, remedy))
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
        raise LedgerError(_none_there(ledger.place))
    if version < LATEST and migrates:
        ledger.migrate()


def _none_there(place: str) -> Fault:
    return Fault(place, "no ledger is there", "begin one with: matchmaker cases import FILE, cases add or refer")


def _on_server(address: str, now: Callable[[], datetime]) -> Ledger:
    try:
        url = make_url(_SERVER.sub("postgresql+psycopg://", address))
    except (ArgumentError, ValueError) as error:
        remedy = "write postgresql+psycopg://USER@HOST/DATABASE"
        raise LedgerError(Fault("--ledger", "not an address of a database", remedy)) from error
    try:
        engine = create_engine(url, connect_args={"connect_timeout": 10})
    except ImportError as error:
        finding, remedy = "PostgreSQL needs psycopg", "pip install 'matchmaker[postgresql]'"
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
    if not is_there(path):
        if not create:
            raise LedgerError(_none_there(place))
        _make_private(path)
    elif not path.is_file():
        raise LedgerError(Fault(place, "this is a pipe or a device, no ledger", "name a file"))
    url = URL.create("sqlite+pysqlite", database=str(path))
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_file)
    event.listen(engine, "begin", _begin)
    return Ledger(engine, place=place, path=path, now=now)


def _make_private(path: Path) -> None:
    """An empty file that only its owner may read, in a folder of the same kind; SQLite gives its others that mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        finding = said("cannot be made ({reason})", reason=reason_of(error))
        raise LedgerError(Fault(str(path), finding, "choose another place with --ledger")) from error


def _prepare_file(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # Python's driver begins transactions late and of the wrong kind; _begin does it
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA trusted_schema = OFF")  # a file from elsewhere may hold views and triggers of its own
    connection.execute("PRAGMA synchronous = FULL")  # what was reported as written outlives a power cut
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        _write_ahead(connection)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Have a new file keep a log. Where another process does so too, SQLite gives up at once and does not wait.

    Raises:
        sqlite3.OperationalError: It cannot be done, or others write for longer than ``BUSY_SECONDS``.
    """
    import sqlite3

    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes then could meet another's write between the two and fail at once.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _lent(engine: Engine) -> Iterator[sqlite3.Connection]:
    lent = engine.raw_connection()
    try:
        yield lent.driver_connection  # type: ignore[misc]
    finally:
        lent.close()


@contextmanager
def faults_told(place: str) -> Iterator[None]:
    """Errors of the database as ``LedgerError``, and the place of those that have none; a broken constraint is a bug.

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
        "", "is no ledger, or is damaged at its start", "give --ledger another name, or restore a backup"
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
_LACKS: Final = re.compile(
    "^(no such (table|column)|table .* (has no column|already exists)|Could not decode to UTF-8)"
)
_NO_ENTRY: Final = re.compile('password authentication failed|role "[^"]*" does not exist|no password supplied|pg_hba')


def _fault(place: str, error: BaseException | None) -> Fault | None:
    name = getattr(error, "sqlite_errorname", None)
    if type(error).__module__ == "sqlite3" and _LACKS.match(str(error)):
        return _at(place, _FILE_FAULTS["SQLITE_CORRUPT"])
    if name is not None:
        # Beside a ledger SQLite needs a little room even to read.
        kind = "SQLITE_FULL" if name == "SQLITE_IOERR_SHMSIZE" else "_".join(name.split("_")[:2])
        return _at(place, _FILE_FAULTS.get(name) or _FILE_FAULTS.get(kind))
    if type(error).__name__ != "OperationalError" and not hasattr(error, "sqlstate"):
        return None
    state = (getattr(error, "sqlstate", None) or "")[:2]
    if not state:  # before the server can give a code, psycopg has only words
        words = str(error)
        state = "3D" if _NO_DATABASE.search(words) else "28" if _NO_ENTRY.search(words) else "08"
    return _at(place, _SERVER_FAULTS.get(state))


def _at(place: str, fault: Fault | None) -> Fault | None:
    return replace(fault, place=place) if fault else None
