"""The ids of the problems read so far, so that each problem gets its own."""

from __future__ import annotations

import sqlite3
from hashlib import blake2b
from types import TracebackType

from matchmaker.errors import InputError
from matchmaker.files import temporary_files_fault
from matchmaker.intake.fields import MAX_ID_LENGTH


class SeenIds:
    """The ids seen so far, kept in a temporary database, as a set in memory would grow with the rows."""

    def __enter__(self) -> SeenIds:
        # An empty name stands for a temporary file of SQLite. The rows may be read in another thread.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("CREATE TABLE seen (digest BLOB PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID")
        self._database.execute("BEGIN")  # never committed: a single transaction avoids a write for each row
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def unique(self, wanted: str) -> str:
        """``wanted`` itself, or ``wanted#2``, ``wanted#3`` … if it was used before.

        Raises:
            InputError: There is no room for temporary files.
        """
        try:
            return self._unique(wanted)
        except sqlite3.OperationalError as error:
            raise InputError(temporary_files_fault(error)) from error

    def _unique(self, wanted: str) -> str:
        unique, n = wanted, 1
        while not self._add(unique):
            n = self._next_number(wanted) if n == 1 else n + 1
            unique = f"{wanted[: MAX_ID_LENGTH - 12]}#{n}"
        if n > 1:
            self._database.execute("UPDATE seen SET n = ? WHERE digest = ?", (n, _digest(wanted)))
        return unique

    def _add(self, id_: str) -> bool:
        return self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, 1)", (_digest(id_),)).rowcount == 1

    def _next_number(self, id_: str) -> int:
        row: tuple[int] = self._database.execute("SELECT n FROM seen WHERE digest = ?", (_digest(id_),)).fetchone()
        return row[0] + 1


def _digest(id_: str) -> bytes:
    return blake2b(id_.encode(), digest_size=16).digest()
