"""The ledger as a whole: its damage, a backup copy, a description."""

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
from matchmaker.files import replace_with, resolve_target, scratch_folder, write_faults
from matchmaker.ledger import schema
from matchmaker.ledger.cases import read_cases
from matchmaker.ledger.judgements import read_judgements
from matchmaker.ledger.problems import problem_digest, problem_from
from matchmaker.ledger.referrals import NEXT, OPEN, Referral, change_from, history_finding, read_referrals
from matchmaker.ledger.store import Ledger, explained_errors, identity_in
from matchmaker.messages import make_message

_MAX_FAULTS: Final = 20


def find_damage(ledger: Ledger) -> list[Fault]:
    """The damage in a ledger, at most ``_MAX_FAULTS`` faults; empty for an intact one.

    SQLite checks the file and its references. Then the ledger checks its own rules: ``meta`` has one row; every problem
    matches its digest; rows hold what a ledger writes; every case has an institute; every referral is in the state its
    history leads to, and has a case if and only if it is solved.

    Raises:
        LedgerError: The database cannot be read at all.
    """
    faults = list(_file_damage(ledger)) if ledger.path is not None else []
    if not faults:
        with ledger.reading() as connection:
            cases, judgements = partial(_damaged_rows, read_cases), partial(_damaged_rows, read_judgements)
            parts = (_meta_damage, _problem_damage, cases, _referral_damage, judgements)
            findings = dict.fromkeys(text for part in parts for text in part(connection))
        faults = [Fault(ledger.place, text, "restore a backup") for text in findings]
    return faults[:_MAX_FAULTS]


def is_intact(ledger: Ledger) -> bool:
    """Whether a ledger in a file passes SQLite's quick check; a ledger on a server always does.

    Raises:
        LedgerError: The database cannot be read at all.
    """
    if ledger.path is None:
        return True
    with ledger.raw_file() as raw:
        return [text for (text,) in raw.execute("PRAGMA quick_check(1)")] == ["ok"]


def _file_damage(ledger: Ledger) -> Iterator[Fault]:
    with ledger.raw_file() as raw:
        for (text,) in raw.execute(f"PRAGMA integrity_check({_MAX_FAULTS})"):
            if text != "ok":
                finding = make_message("SQLite reports damage: {text}", text=" ".join(str(text).split()))
                yield Fault(ledger.place, finding, "restore a backup")
        for table, row, parent, _ in raw.execute("PRAGMA foreign_key_check"):
            finding = make_message(
                "row {row} of {table} refers to nothing in {parent}", row=row, table=table, parent=parent
            )
            yield Fault(ledger.place, finding, "restore a backup")


def _meta_damage(connection: Connection) -> Iterator[str]:
    damage: list[str] = []
    list(schema.make_each([connection], identity_in, damage))
    yield from damage
    versions = sorted(connection.scalars(select(schema.schema_version.c.version)))
    if versions != list(range(1, schema.LATEST + 1)):
        yield make_message("has the version history {versions}", versions=", ".join(map(str, versions)))


def _problem_damage(connection: Connection) -> Iterator[str]:
    for row in connection.execute(select(schema.problems.c.digest, schema.problems.c.data)):
        try:
            is_intact = problem_digest(problem_from(row.data, row.digest)) == row.digest
        except LedgerError:
            is_intact = False
        if not is_intact:
            yield make_message("problem {digest} does not match its digest", digest=str(row.digest))


def _damaged_rows(read: Callable[..., object], connection: Connection) -> list[str]:
    """The faults of the damaged rows that are found by a function that reads them."""
    damage: list[str] = []
    read(connection, damage=damage)
    return damage


def _referral_damage(connection: Connection) -> Iterator[str]:
    damage: list[str] = []
    steps: dict[int, list[Any]] = {}
    order = (schema.changes.c.referral_seq, schema.changes.c.version)
    rows = connection.execute(select(schema.changes).order_by(*order)).all()
    for row in rows:
        steps.setdefault(row.referral_seq, []).append(row)
    list(schema.make_each(rows, change_from, damage))
    with_case = set(connection.scalars(select(schema.cases.c.referral).where(schema.cases.c.referral.is_not(None))))
    for referral in read_referrals(connection, damage=damage):
        if not _is_consistent(steps.get(referral.seq, []), referral):
            yield history_finding(referral)
        if (referral.state == "solved") != (referral.seq in with_case):
            yield make_message("{id} is solved without a case, or has one without being solved", id=referral.id)
    yield from damage


def _is_consistent(history: list[Any], referral: Referral) -> bool:
    """Whether steps are numbered without gaps, each is allowed after the one before, and they end in the state."""
    versions = [step.version for step in history]
    if not history or versions != [*range(1, len(history) + 1)] or versions[-1] != referral.version:
        return False
    states = [step.state for step in history]
    from_states = [step.from_state for step in history]
    allowed = all(later in NEXT.get(earlier, ()) for earlier, later in pairwise(states))
    is_chain = from_states == [None, *states[:-1]] and states[0] == "proposed"
    last = history[-1]
    return allowed and is_chain and (last.state, last.reason) == (referral.state, referral.reason)


def back_up(ledger: Ledger, target: Path) -> None:
    """Make a consistent copy of a ledger in a file while others may write to it; it appears whole or not at all.

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
        replace_with(copy, target, private=True)


def _check_target(ledger: Path, target: Path) -> None:
    goal, _ = resolve_target(target)  # links are followed
    original = Path(os.path.realpath(ledger))
    for ending in ("", "-wal", "-shm"):
        part = original.with_name(f"{original.name}{ending}")
        if goal.exists() and part.exists() and goal.samefile(part):
            finding = "is part of the ledger" if ending else "is the ledger itself"
            raise InputError(Fault(str(target), finding, "give the copy another name"))
    if goal.with_name(f"{goal.name}-wal").exists():
        raise InputError(Fault(str(target), "is in use as a ledger", "give the copy another name"))


def _copy(ledger: Ledger, path: Path, target: Path) -> None:
    with write_faults(target):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with ledger.raw_file() as raw, explained_errors(str(target)), closing(sqlite3.connect(path)) as copy:
        raw.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # makes the copy a single file
        if [text for (text,) in copy.execute("PRAGMA integrity_check(1)")] != ["ok"]:
            raise LedgerError(Fault(ledger.place, "is damaged", "see: matchmaker ledger check"))
    with write_faults(target), path.open("rb") as file:
        os.fsync(file.fileno())


def describe(ledger: Ledger) -> dict[str, object]:
    """The location, the kind and the counts of a ledger, by name."""
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


def _count(connection: Connection, table: Any, *conditions: Any) -> int:
    return connection.scalar(select(func.count()).select_from(table).where(*conditions)) or 0
