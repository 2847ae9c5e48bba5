"""Statistics of a ledger: cases by institute and year, the progress and duration of referrals, reasons for declining.

They are never added to the alliance's own record, which counts different things in a different way.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Final

from matchmaker.domain import OUTCOMES, Case, Outcome
from matchmaker.ledger.cases import list_cases
from matchmaker.ledger.referrals import Change, Referral, State, all_changes, history_finding, list_referrals
from matchmaker.ledger.schema import damage_error
from matchmaker.ledger.store import Ledger

MIN_FOR_SHARE: Final = 5
"""The least number of referrals of which a share is given. Of fewer, one more or less moves it by 20 points or more,
which would suggest more than is known. ``n of N`` is always given."""
_STEPS: Final[tuple[State, ...]] = ("proposed", "contacted", "visited", "signed", "solved")


@dataclass(frozen=True, slots=True)
class CaseGroup:
    """The cases of one institute or year, by outcome, and their total benefit in yuan.

    ``key`` is ``None`` for all cases, and for those without a year. A case of several institutes counts for each of
    them; ``n_with_benefit`` cases state a benefit.
    """

    key: str | None
    outcomes: Mapping[Outcome, int]
    benefit_cny: float
    n_with_benefit: int

    @property
    def n(self) -> int:
        return sum(self.outcomes.values())


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """The ``n`` referrals that reached a state, whatever happened later, out of ``of`` that were opened."""

    state: State
    n: int
    of: int

    @property
    def share(self) -> float | None:
        """``n / of``; ``None`` if ``of`` is below ``MIN_FOR_SHARE``."""
        return self.n / self.of if self.of >= MIN_FOR_SHARE else None


@dataclass(frozen=True, slots=True)
class Stats:
    """Statistics of a ledger.

    Attributes:
        total: All cases that are not deleted.
        by_institute: The institute with most cases first, ties in order of id.
        by_year: In order of year, with cases without a year last.
        funnel: From proposed to solved.
        n_open: Referrals that are neither solved nor declined.
        n_declined: Referrals that were declined.
        reasons: The reasons for declining, most frequent first, ties in order of code.
        days_to_signed: The median number of days from proposed to signed; ``None`` without any.
        n_signed: The number of referrals in that median: those signed whose clock did not run backwards.
        n_backwards: Signed ones whose clock did, so that their duration is unknown.
    """

    total: CaseGroup
    by_institute: tuple[CaseGroup, ...]
    by_year: tuple[CaseGroup, ...]
    funnel: tuple[FunnelStep, ...]
    n_open: int
    n_declined: int
    reasons: tuple[tuple[str, int], ...]
    days_to_signed: float | None
    n_signed: int
    n_backwards: int


def compute_stats(ledger: Ledger, *, institute: str | None = None, year: int | None = None) -> Stats:
    """The statistics of a ledger, optionally of one institute or one year only.

    Args:
        ledger: The ledger to read.
        institute: Only its cases and referrals; an id.
        year: Only cases of this year and referrals opened in it (in UTC).

    Raises:
        LedgerError: The database fails, or a referral has no history.
    """
    cases = [stored.case for stored in list_cases(ledger, institute=institute, year=year)]
    all_referrals = list_referrals(ledger, institute=institute)
    histories = all_changes(ledger)  # read last, so that they include the steps of all referrals in the list
    for referral in all_referrals:
        if referral.seq not in histories:
            raise damage_error(history_finding(referral), ledger.place)
    referrals = [
        referral for referral in all_referrals if year is None or str(referral.created.at).startswith(f"{year:04d}-")
    ]
    return stats_of(cases, referrals, histories)


def stats_of(cases: Sequence[Case], referrals: Sequence[Referral], histories: Mapping[int, Sequence[Change]]) -> Stats:
    """The statistics of some cases and referrals.

    Args:
        cases: The cases.
        referrals: The referrals in their current states.
        histories: The steps of each referral, by ``seq``.
    """
    institutes: dict[str, list[Case]] = {}
    years: dict[int | None, list[Case]] = {}
    for case in cases:
        years.setdefault(case.year, []).append(case)
        for id_ in case.institutes:
            institutes.setdefault(id_, []).append(case)
    sorted_years = sorted(years, key=lambda year: (year is None, year or 0))
    reached = Counter(state for one in referrals for state in {step.state for step in histories[one.seq]})
    days_to_signed = [_days(histories[one.seq]) for one in referrals if _was_signed(histories[one.seq])]
    known_days = [days for days in days_to_signed if days >= 0]
    reasons = Counter(one.reason for one in referrals if one.reason)
    n_declined = sum(one.state == "declined" for one in referrals)
    return Stats(
        total=_group(None, cases),
        by_institute=tuple(
            sorted((_group(id_, theirs) for id_, theirs in institutes.items()), key=lambda one: (-one.n, str(one.key)))
        ),
        by_year=tuple(_group(None if year is None else str(year), years[year]) for year in sorted_years),
        funnel=tuple(FunnelStep(state, reached[state], len(referrals)) for state in _STEPS),
        n_open=len(referrals) - n_declined - sum(one.state == "solved" for one in referrals),
        n_declined=n_declined,
        reasons=tuple(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        days_to_signed=median(known_days) if known_days else None,
        n_signed=len(known_days),
        n_backwards=len(days_to_signed) - len(known_days),
    )


def _group(key: str | None, cases: Sequence[Case]) -> CaseGroup:
    outcomes = Counter(case.outcome for case in cases)
    benefits = [case.benefit_cny for case in cases if case.benefit_cny is not None]
    total = min(sum(benefits), sys.float_info.max)  # JSON has no infinity
    return CaseGroup(key, {outcome: outcomes[outcome] for outcome in OUTCOMES}, total, len(benefits))


def _was_signed(steps: Sequence[Change]) -> bool:
    return any(step.state == "signed" for step in steps)


def _days(steps: Sequence[Change]) -> float:
    """The days from the first step to ``signed``, with fractions."""
    signed = next(step for step in steps if step.state == "signed")
    first, last = (datetime.fromisoformat(str(step.stamp.at)) for step in (steps[0], signed))
    return (last - first).total_seconds() / 86_400


def stats_object(stats: Stats) -> dict[str, object]:
    """The statistics as plain data."""
    return {
        "cases": _group_object(stats.total),
        "by_institute": [{"institute": one.key, **_group_object(one)} for one in stats.by_institute],
        "by_year": [{"year": None if one.key is None else int(one.key), **_group_object(one)} for one in stats.by_year],
        "referrals": {
            "opened": stats.funnel[0].of,
            "open": stats.n_open,
            "declined": stats.n_declined,
            "funnel": [{"state": step.state, "n": step.n, "of": step.of, "share": step.share} for step in stats.funnel],
            "declined_because": dict(stats.reasons),
            "days_to_signed": {
                "median": stats.days_to_signed,
                "n": stats.n_signed,
                "clock_ran_backwards": stats.n_backwards,
            },
        },
    }


def _group_object(group: CaseGroup) -> dict[str, object]:
    return {
        "n": group.n,
        **{outcome: group.outcomes[outcome] for outcome in OUTCOMES},
        "benefit_cny": round(group.benefit_cny, 2),
        "with_benefit": group.n_with_benefit,
    }


def stats_rows(stats: Stats) -> list[tuple[str, str, str, str]]:
    """The statistics as rows of a table: part, key, name of the count, value."""
    rows = [("cases", "", name, _format_number(value)) for name, value in _group_object(stats.total).items()]
    for part, groups in (("institute", stats.by_institute), ("year", stats.by_year)):
        for group in groups:
            rows += [
                (part, group.key or "", name, _format_number(value)) for name, value in _group_object(group).items()
            ]
    for step in stats.funnel:
        rows += [("funnel", step.state, "n", str(step.n)), ("funnel", step.state, "of", str(step.of))]
    rows += [("referrals", "", "open", str(stats.n_open)), ("referrals", "", "declined", str(stats.n_declined))]
    rows += [("declined", reason, "n", str(n)) for reason, n in stats.reasons]
    days = "" if stats.days_to_signed is None else _format_number(stats.days_to_signed)
    return [*rows, ("days_to_signed", "", "median", days), ("days_to_signed", "", "n", str(stats.n_signed))]


def _format_number(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
