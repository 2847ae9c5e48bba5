"""What the ledger teaches matching: its cases and its declined referrals, without what matching need not know."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matchmaker.domain import Precedent, Problem

if TYPE_CHECKING:
    from matchmaker.ledger.store import Ledger

_READ: Final = frozenset({"meta", "problems", "cases", "case_institutes", "referrals"})
_TABLES: Final = "SELECT name FROM sqlite_master WHERE type = 'table'"


def revision_of(path: Path) -> str | None:
    """What tells this state of a ledger in a file from every other; ``None`` where that cannot be told.

    It costs next to nothing, unlike opening the ledger.
    """
    try:
        if not path.is_file():  # a pipe would keep us waiting
            return None
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            if not _READ.issubset(name for (name,) in connection.execute(_TABLES)):
                return None
            uuid, revision = connection.execute("SELECT uuid, revision FROM meta").fetchone()
    except (sqlite3.Error, OSError, TypeError):  # whoever opens it says what is wrong
        return None
    return f"{uuid} {revision}"


def read_precedents(ledger: Ledger) -> list[Precedent]:
    """The cases that are not deleted, and the declined referrals, each in the order in which they were added.

    Raises:
        LedgerError: The database fails.
    """
    from matchmaker.ledger.cases import list_cases
    from matchmaker.ledger.referrals import list_referrals

    cases = [
        _precedent(kept.case.id, kept.case.problem, kept.case.institutes, kept.case.outcome, _end_of(kept.case.year))
        for kept in list_cases(ledger)
    ]
    declined = [
        _precedent(one.id, one.problem, (one.institute,), one.reason or "other", _day(one.changed.at))
        for one in list_referrals(ledger, states=("declined",))
    ]
    return [*cases, *declined]


def _precedent(id_: str, problem: Problem, institutes: tuple[str, ...], outcome: str, day: date | None) -> Precedent:
    title = problem.title or problem.description[:60]
    return Precedent(id=id_, title=title, text=problem.text, institutes=institutes, outcome=outcome, day=day)


def _end_of(year: int | None) -> date | None:
    return date(year, 12, 31) if year else None


def _day(stamp: str | None) -> date | None:
    return date.fromisoformat(stamp[:10]) if stamp else None
