"""What matching learns from the ledger: cases, declined referrals and workload, reduced to what it needs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matchmaker.domain import Precedent, Problem, Readiness
from matchmaker.records import StrictModel

if TYPE_CHECKING:
    from matchmaker.ledger.store import Ledger

_TABLES_READ: Final = frozenset({"meta", "problems", "cases", "case_institutes", "referrals"})
READINESS_REASONS: Final = frozenset(("too-early", "no-capacity", "price", "ip", "no-answer"))
"""Reasons for declining that concern the readiness of an institute, not its field."""
_RECENT_DAYS: Final = 365
_TABLE_NAMES: Final = "SELECT name FROM sqlite_master WHERE type = 'table'"


def revision_of(path: Path) -> str | None:
    """A text that identifies the current state of a ledger in a file; ``None`` if it cannot be determined.

    This is cheap, unlike opening the ledger.
    """
    try:
        if not path.is_file():  # reading a pipe would block
            return None
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            if not _TABLES_READ.issubset(name for (name,) in connection.execute(_TABLE_NAMES)):
                return None
            uuid, revision = connection.execute("SELECT uuid, revision FROM meta").fetchone()
    except (sqlite3.Error, OSError, TypeError):  # opening the ledger will report what is wrong
        return None
    return f"{uuid} {revision}"


def read_precedents(ledger: Ledger) -> list[Precedent]:
    """The cases that are not deleted, then the declined referrals, each in the order of adding.

    Raises:
        LedgerError: The database fails.
    """
    from matchmaker.ledger.cases import list_cases
    from matchmaker.ledger.referrals import list_referrals

    cases = [
        _precedent(
            stored.case.id, stored.case.problem, stored.case.institutes, stored.case.outcome, _end_of(stored.case.year)
        )
        for stored in list_cases(ledger)
    ]
    declined = [
        _precedent(
            referral.id, referral.problem, (referral.institute,), referral.reason or "other", _day(referral.changed.at)
        )
        for referral in list_referrals(ledger, states=("declined",))
    ]
    return [*cases, *declined]


class ReferralSummary(StrictModel):
    """A referral as far as readiness is concerned: open, or declined on a day for lack of readiness."""

    institute: str
    declined: date | None = None


def read_referral_summaries(ledger: Ledger) -> list[ReferralSummary]:
    """The open referrals, then those declined for lack of readiness, each in the order of adding.

    Raises:
        LedgerError: The database fails.
    """
    from matchmaker.ledger.referrals import OPEN, list_referrals

    open_referrals = [ReferralSummary(institute=referral.institute) for referral in list_referrals(ledger, states=OPEN)]
    declined = [
        ReferralSummary(institute=referral.institute, declined=_day(referral.changed.at))
        for referral in list_referrals(ledger, states=("declined",))
        if referral.reason in READINESS_REASONS
    ]
    return [*open_referrals, *declined]


def readiness_from(summaries: Iterable[ReferralSummary], as_of: date) -> dict[str, Readiness]:
    """The readiness of all institutes with a referral, by id; declined ones count for a year before ``as_of``.

    A day in the future, possible after a clock was set back, counts as today.
    """
    counts: dict[str, list[int]] = {}
    for summary in summaries:
        n_declined_and_open = counts.setdefault(summary.institute, [0, 0])
        if summary.declined is None:
            n_declined_and_open[1] += 1
        elif (as_of - summary.declined).days < _RECENT_DAYS:
            n_declined_and_open[0] += 1
    return {
        institute: Readiness(declined_recently=n_declined, open_referrals=n_open)
        for institute, (n_declined, n_open) in counts.items()
    }


def _precedent(id_: str, problem: Problem, institutes: tuple[str, ...], outcome: str, day: date | None) -> Precedent:
    title = problem.title or problem.description[:60]
    return Precedent(id=id_, title=title, text=problem.text, institutes=institutes, outcome=outcome, day=day)


def _end_of(year: int | None) -> date | None:
    return date(year, 12, 31) if year else None


def _day(stamp: str | None) -> date | None:
    return date.fromisoformat(stamp[:10]) if stamp else None
