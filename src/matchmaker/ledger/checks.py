"""The ledger itself: what is damaged, a copy of it, what it holds."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, func, select

from matchmaker.errors import Fault, InputError, LedgerError
from matchmaker.files import place_of, put_in_place, scratch_folder, write_faults
from matchmaker.ledger import schema
from matchmaker.ledger.cases import read_cases
from matchmaker.ledger.judgements import read_judgements
from matchmaker.ledger.problems import digest_of, problem_from
from matchmaker.ledger.referrals import NEXT, OPEN, Referral, change_from, lost_history, read_referrals
from matchmaker.ledger.store import Ledger, faults_told, identity_in
from matchmaker.messages import said

_MOST_NAMED: Final = 20


def find_damage(ledger: Ledger) -> list[Fault]:
    """Everything that is wrong with a ledger; nothing when all is well.

    SQLite's own checks of the file and of references, then what only the ledger knows: its one row of ``meta``, every
    problem under the digest of what it says, rows that hold what a ledger writes, every case with an institute, every
    referral where its history leads, and its case where it is solved.

    Raises:
        LedgerError: The database cannot be read at all.
    """
    faults = list(_file_damage(ledger)) if ledger.path is not None else []
    if not faults:
        with ledger.reading() as connection:
            cases, judgements = partial(_damaged_rows, read_cases), partial(_damaged_rows, read_judgements)
            parts = (_meta, _problems, cases, _referrals, judgements)
            found = dict.fromkeys(text for part in parts for text in part(connection))
        faults = [Fault(ledger.place, text, "restore a backup") for text in found]
    return faults[:_MOST_NAMED]


def is_whole(ledger: Ledger) -> bool:
    """Whether a ledger in a file passes SQLite's quick check; one on a server does.

    Raises:
        LedgerError: The database cannot be read at all.
    """
    if ledger.path is None:
        return True
    with ledger.raw_file() as raw:
        return [text for (text,) in raw.execute("PRAGMA quick_check(1)")] == ["ok"]


def _file_damage(ledger: Ledger) -> Iterator[Fault]:
    with ledger.raw_file() as raw:
        for (text,) in raw.execute(f"PRAGMA integrity_check({_MOST_NAMED})"):
            if text != "ok":
                finding = said("SQLite finds it damaged: {text}", text=" ".join(str(text).split()))
                yield Fault(ledger.place, finding, "restore a backup")
        for table, row, parent, _ in raw.execute("PRAGMA foreign_key_check"):
            finding = said("row {row} of {table} refers to nothing in {parent}", row=row, table=table, parent=parent)
            yield Fault(ledger.place, finding, "restore a backup")


def _meta(connection: Connection) -> Iterator[str]:
    damage: list[str] = []
    list(schema.each([connection], identity_in, damage))
    yield from damage
    versions = sorted(connection.scalars(select(schema.schema_version.c.version)))
    if versions != list(range(1, schema.LATEST + 1)):
        yield said("went through the versions {versions}", versions=", ".join(map(str, versions)))


def _problems(connection: Connection) -> Iterator[str]:
    for row in connection.execute(select(schema.problems.c.digest, schema.problems.c.data)):
        try:
            is_whole = digest_of(problem_from(row.data, row.digest)) == row.digest
        except LedgerError:
            is_whole = False
        if not is_whole:
            yield said("problem {digest} does not say what was kept", digest=str(row.digest))


def _damaged_rows(read: Callable[..., object], connection: Connection) -> list[str]:
    """What is wrong with the rows that a reader of them meets."""
    damage: list[str] = []
    read(connection, damage=damage)
    return damage


def _referrals(connection: Connection) -> Iterator[str]:
    damage: list[str] = []
    steps: dict[int, list[Any]] = {}
    order = (schema.changes.c.referral_seq, schema.changes.c.version)
    rows = connection.execute(select(schema.changes).order_by(*order)).all()
    for row in rows:
        steps.setdefault(row.referral_seq, []).append(row)
    list(schema.each(rows, change_from, damage))
    with_case = set(connection.scalars(select(schema.cases.c.referral).where(schema.cases.c.referral.is_not(None))))
    for one in read_referrals(connection, damage=damage):
        if not _leads_to(steps.get(one.seq, []), one):
            yield lost_history(one)
        if (one.state == "solved") != (one.seq in with_case):
            yield said("{id} is solved without a case, or has one without being solved", id=one.id)
    yield from damage


def _leads_to(history: list[Any], referral: Referral) -> bool:
    """Whether the steps are numbered without a gap, each allowed after the one before, and end where it stands."""
    versions = [step.version for step in history]
    if not history or versions != [*range(1, len(history) + 1)] or versions[-1] != referral.version:
        return False
    states = [step.state for step in history]
    before = [step.from_state for step in history]
    allowed = all(later in NEXT.get(earlier, ()) for earlier, later in pairwise(states))
    is_chain = before == [None, *states[:-1]] and states[0] == "proposed"
    last = history[-1]
    return allowed and is_chain and (last.state, last.reason) == (referral.state, referral.reason)


def back_up(ledger: Ledger, target: Path) -> None:
    """Copy a ledger in a file, consistently, while others may write to it; the copy appears whole or not at all.

    Raises:
        LedgerError: The ledger is on a server, ``target`` is in use as a ledger, or the copy is damaged.
        InputError: ``target`` cannot be written.
    """
    if ledger.path is None:
        remedy = "ask for it by PostgreSQL's own tool: pg_dump"
        raise LedgerError(Fault(ledger.place, "a ledger on a server is not copied from here", remedy))
    with write_faults(target):
        _check_target(ledger.path, target)
    with scratch_folder(target) as folder:
        copy = folder / "ledger.db"
        _copy(ledger, copy, target)
        put_in_place(copy, target, private=True)


def _check_target(ledger: Path, target: Path) -> None:
    goal, _ = place_of(target)  # where links lead
    original = Path(os.path.realpath(ledger))
    for end in ("", "-wal", "-shm"):
        own = original.with_name(f"{original.name}{end}")
        if goal.exists() and own.exists() and goal.samefile(own):
            finding = "is a part of the ledger" if end else "is the ledger itself"
            raise InputError(Fault(str(target), finding, "give the copy another name"))
    if goal.with_name(f"{goal.name}-wal").exists():
        raise InputError(Fault(str(target), "is in use as a ledger", "give the copy another name"))


def _copy(ledger: Ledger, path: Path, target: Path) -> None:
    with write_faults(target):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with ledger.raw_file() as raw, faults_told(str(target)), closing(sqlite3.connect(path)) as copy:
        raw.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # so that the copy is one file
        if [text for (text,) in copy.execute("PRAGMA integrity_check(1)")] != ["ok"]:
            raise LedgerError(Fault(ledger.place, "is damaged", "see: matchmaker ledger check"))
    with write_faults(target), path.open("rb") as file:
        os.fsync(file.fileno())


def describe(ledger: Ledger) -> dict[str, object]:
    """Where a ledger is, what it is, and how much it holds."""
    uuid, revision, created_at = ledger.identity()
    with ledger.reading() as connection:
        counts = {
            "cases": _count(connection, schema.cases, schema.cases.c.deleted_at.is_(None)),
            "cases_deleted": _count(connection, schema.cases, schema.cases.c.deleted_at.is_not(None)),
            "referrals": _count(connection, schema.referrals),
            "referrals_open": _count(connection, schema.referrals, schema.referrals.c.state.in_(OPEN)),
            "judgements": _count(connection, schema.judgements),
            "problems": _count(connection, schema.problems),
        }
    return {
        "place": ledger.place,
        "engine": "SQLite" if ledger.path else "PostgreSQL",
        "version": ledger.version(),
        "uuid": uuid,
        "revision": revision,
        "created": created_at,
        "bytes": ledger.path.stat().st_size if ledger.path else None,
        **counts,
    }


def _count(connection: Connection, table: Any, *wanted: Any) -> int:
    return connection.scalar(select(func.count()).select_from(table).where(*wanted)) or 0
