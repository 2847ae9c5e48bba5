"""What the ledger teaches matching: cases, declined referrals and workload, without what matching need not know."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matchmaker.domain import Precedent, Problem, Readiness, Record

if TYPE_CHECKING:
    from matchmaker.ledger.store import Ledger

_READ: Final = frozenset({"meta", "problems", "cases", "case_institutes", "referrals"})
UNREADY: Final = frozenset(("too-early", "no-capacity", "price", "ip", "no-answer"))
"""Reasons for declining that tell of an institute's readiness, not of its field."""
_RECENT_DAYS: Final = 365
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


class Referred(Record):
    """A referral as far as readiness goes: open, or declined on a day for want of readiness."""

    institute: str
    declined: date | None = None


def read_referred(ledger: Ledger) -> list[Referred]:
    """The open referrals, and those declined for want of readiness, each in the order in which they were added.

    Raises:
        LedgerError: The database fails.
    """
    from matchmaker.ledger.referrals import OPEN, list_referrals

    under_way = [Referred(institute=one.institute) for one in list_referrals(ledger, states=OPEN)]
    declined = [
        Referred(institute=one.institute, declined=_day(one.changed.at))
        for one in list_referrals(ledger, states=("declined",))
        if one.reason in UNREADY
    ]
    return [*under_way, *declined]


def readiness_from(referred: Iterable[Referred], as_of: date) -> dict[str, Readiness]:
    """The readiness of the institutes that were referred to, by id; declined counts within a year before ``as_of``.

    A day that lies ahead, as a clock may have been set back, counts as today.
    """
    counts: dict[str, list[int]] = {}
    for one in referred:
        count = counts.setdefault(one.institute, [0, 0])
        if one.declined is None:
            count[1] += 1
        elif (as_of - one.declined).days < _RECENT_DAYS:
            count[0] += 1
    return {
        institute: Readiness(declined_recently=declined, open_referrals=under_way)
        for institute, (declined, under_way) in counts.items()
    }


def _precedent(id_: str, problem: Problem, institutes: tuple[str, ...], outcome: str, day: date | None) -> Precedent:
    title = problem.title or problem.description[:60]
    return Precedent(id=id_, title=title, text=problem.text, institutes=institutes, outcome=outcome, day=day)


def _end_of(year: int | None) -> date | None:
    return date(year, 12, 31) if year else None


def _day(stamp: str | None) -> date | None:
    return date.fromisoformat(stamp[:10]) if stamp else None
