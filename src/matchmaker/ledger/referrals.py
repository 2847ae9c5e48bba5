"""Referrals: problems passed to institutes, and their progress step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import Field
from sqlalchemy import Connection, Row, insert, select, update

from matchmaker.domain import Case, Level, Problem
from matchmaker.errors import Fault, LedgerError
from matchmaker.ledger.cases import next_number, write_solved_case
from matchmaker.ledger.problems import problem_digest, problem_from, store_problems, with_problems
from matchmaker.ledger.schema import RowNumber, cases, changes, damage_error, make_each, make_record
from matchmaker.ledger.schema import referrals as table
from matchmaker.ledger.store import Ledger, Stamp
from matchmaker.messages import make_message

State: TypeAlias = Literal["proposed", "contacted", "visited", "signed", "solved", "declined"]
ReasonCode: TypeAlias = Literal[
    "too-early", "no-capacity", "wrong-field", "price", "ip", "no-answer", "conflict", "other"
]
STATES: Final[tuple[State, ...]] = get_args(State)
REASONS: Final[tuple[ReasonCode, ...]] = get_args(ReasonCode)
NEXT: Final[Mapping[State, tuple[State, ...]]] = {
    "proposed": ("contacted", "declined"),
    "contacted": ("visited", "declined"),
    "visited": ("signed", "declined"),
    "signed": ("solved", "declined"),
    "solved": (),
    "declined": (),
}
"""The states that may follow each state."""
OPEN: Final = tuple(state for state in STATES if NEXT[state])


@dataclass(frozen=True, slots=True)
class Grounds:
    """The result of matching a pair when it was referred, with the fingerprints of settings and profiles."""

    capability: str
    score: Annotated[float, Field(ge=0, le=1)]
    level: Level
    settings: str
    profiles: str


@dataclass(frozen=True, slots=True)
class Change:
    """A step of a referral; ``before`` is ``None`` for its opening."""

    before: State | None
    state: State
    reason: ReasonCode | None
    note: str | None
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Referral:
    """A referral in its current state. ``version`` counts its steps; ``case`` is the id of the case it led to."""

    seq: RowNumber
    problem: Problem
    institute: str
    state: State
    reason: ReasonCode | None
    version: int
    created: Stamp
    changed: Stamp
    grounds: Grounds | None
    case: str | None

    @property
    def id(self) -> str:
        return f"R-{self.seq}"


@dataclass(frozen=True, slots=True)
class Solution:
    """The values of the case of a solved referral that are not in the referral itself."""

    year: int | None = None
    benefit_cny: float | None = None
    source: str | None = None


def open_referral(
    ledger: Ledger,
    problem: Problem,
    institute: str,
    *,
    by: str,
    note: str | None = None,
    grounds: Grounds | None = None,
) -> Referral:
    """Open a referral in the state ``proposed``.

    Raises:
        LedgerError: A referral of the same problem to the same institute is already open.
    """
    digest = problem_digest(problem)
    with ledger.writing() as connection:
        already_open = read_referrals(
            connection, table.c.problem == digest, table.c.institute == institute, table.c.state.in_(OPEN)
        )
        if already_open:
            finding = make_message("{id} already refers this problem to '{to}'", id=already_open[0].id, to=institute)
            remedy = make_message("see: matchmaker referrals show {id}", id=already_open[0].id)
            raise LedgerError(Fault(ledger.place, finding, remedy))
        stamp = Stamp(ledger.stamp(), by)
        store_problems(connection, [problem])
        seq = next_number(connection, table.c.seq)
        connection.execute(insert(table).values(_opening_values(seq, digest, institute, grounds, stamp)))
        _write_change(connection, seq, 1, Change(None, "proposed", None, note, stamp))
        return read_referrals(connection, table.c.seq == seq)[0]


def _opening_values(seq: int, digest: str, institute: str, grounds: Grounds | None, stamp: Stamp) -> dict[str, object]:
    return {
        "seq": seq,
        "problem": digest,
        "institute": institute,
        "capability": grounds and grounds.capability,
        "score": grounds and grounds.score,
        "level": grounds and grounds.level,
        "settings": grounds and grounds.settings,
        "profiles": grounds and grounds.profiles,
        "state": "proposed",
        "version": 1,
        "created_at": stamp.at,
        "created_by": stamp.by,
        "changed_at": stamp.at,
        "changed_by": stamp.by,
    }


def change_state(
    ledger: Ledger,
    referral: Referral,
    state: State,
    *,
    by: str,
    reason: ReasonCode | None = None,
    note: str | None = None,
    solution: Solution | None = None,
) -> Referral:
    """Move a referral to another state; ``solved`` writes its case in the same transaction.

    Args:
        ledger: The ledger that holds it.
        referral: The referral as it was read; if somebody has changed it since, nothing is written.
        state: One of ``NEXT[referral.state]``.
        by: The person who changes it.
        reason: Required for ``declined``, and only allowed there.
        note: Anything to remember.
        solution: Only for ``solved``.

    Returns:
        The referral in its new state.

    Raises:
        LedgerError: The change is not allowed, or somebody else has changed the referral first.
    """
    _check_step(referral, state, reason, solution)
    with ledger.writing() as connection:
        stamp = Stamp(ledger.stamp(), by)
        values: dict[str, object] = {"state": state, "reason": reason, "version": referral.version + 1}
        values |= {"changed_at": stamp.at, "changed_by": stamp.by}
        unchanged = (table.c.seq == referral.seq, table.c.version == referral.version)
        if connection.execute(update(table).where(*unchanged).values(values)).rowcount != 1:
            raise LedgerError(_conflict_fault(connection, referral))
        _write_change(
            connection, referral.seq, referral.version + 1, Change(referral.state, state, reason, note, stamp)
        )
        if state == "solved":
            write_solved_case(connection, _case(referral, solution or Solution(), note, stamp), referral.seq, stamp)
        return read_referrals(connection, table.c.seq == referral.seq)[0]


def _check_step(referral: Referral, state: State, reason: ReasonCode | None, solution: Solution | None) -> None:
    allowed = NEXT[referral.state]
    if state not in allowed:
        finding = make_message("is {state} and cannot become {wanted}", state=referral.state, wanted=state)
        if not allowed:
            raise LedgerError(Fault(referral.id, finding, "it is closed; open a new referral if needed"))
        raise LedgerError(Fault(referral.id, finding, make_message("it may become: {names}", names=", ".join(allowed))))
    if (state == "declined") != (reason is not None):
        reasons = make_message("the reasons are: {names}", names=", ".join(REASONS))
        if reason is None:
            raise LedgerError(Fault(referral.id, "declined needs a reason", reasons))
        raise LedgerError(Fault(referral.id, "only declined takes a reason", "put it in --note"))
    if state != "solved" and solution is not None:
        raise LedgerError(Fault(referral.id, "only solved takes a benefit, a year and a source", "put it in --note"))


def _conflict_fault(connection: Connection, referral: Referral) -> Fault:
    referrals = read_referrals(connection, table.c.seq == referral.seq)
    if not referrals:
        return Fault(referral.id, "is not in this ledger", "see: matchmaker referrals list")
    current = referrals[0]
    finding = make_message(
        "was changed meanwhile: {by} made it {state} at {at}; nothing was written",
        by=current.changed.by,
        state=current.state,
        at=current.changed.at,
    )
    return Fault(referral.id, finding, make_message("look at it again: matchmaker referrals show {id}", id=referral.id))


def _case(referral: Referral, solution: Solution, note: str | None, stamp: Stamp) -> Case:
    return Case(
        problem=referral.problem,
        institutes=(referral.institute,),
        capability=referral.grounds.capability if referral.grounds else None,
        outcome="solved",
        year=solution.year or int(str(stamp.at)[:4]),
        benefit_cny=solution.benefit_cny,
        source=solution.source,
        note=note,
    )


def _write_change(connection: Connection, seq: int, version: int, change: Change) -> None:
    values: dict[str, object] = {"referral_seq": seq, "version": version, "from_state": change.before}
    values |= {
        "state": change.state,
        "reason": change.reason,
        "note": change.note,
        "at": change.stamp.at,
        "by": change.stamp.by,
    }
    connection.execute(insert(changes).values(values))


def find_referral(ledger: Ledger, id_: str) -> Referral:
    """The referral with this id, ``R-7`` or ``7``.

    Raises:
        LedgerError: There is none.
    """
    number = id_.strip().upper().removeprefix("R-")
    with ledger.reading() as connection:
        is_number = number.isascii() and number.isdigit() and len(number) < 10
        referrals = read_referrals(connection, table.c.seq == int(number)) if is_number else []
    if not referrals:
        finding = make_message("no referral has the id '{id}'", id=id_)
        raise LedgerError(Fault(ledger.place, finding, "see: matchmaker referrals list"))
    return referrals[0]


def list_changes(ledger: Ledger, referral: Referral) -> list[Change]:
    """All steps of a referral, its opening first."""
    with ledger.reading() as connection:
        rows = connection.execute(
            select(changes).where(changes.c.referral_seq == referral.seq).order_by(changes.c.version)
        )
        steps = list(make_each(rows, change_from))
        if not steps:
            raise damage_error(history_finding(referral))
    return steps


def history_finding(referral: Referral) -> str:
    """The finding if the steps of a referral are incomplete."""
    return make_message("the history of {id} does not match its state", id=referral.id)


def change_from(row: Row[Any]) -> Change:
    """The step in a row of the history.

    Raises:
        LedgerError: It is damaged.
    """
    values = {"before": row.from_state, "state": row.state, "reason": row.reason, "note": row.note}
    name = f"{row.referral_seq}, {row.version}"
    return make_record(Change, changes.name, name, **values, stamp=Stamp(row.at, row.by))


def all_changes(ledger: Ledger) -> dict[int, list[Change]]:
    """All steps of every referral, by its ``seq``."""
    histories: dict[int, list[Change]] = {}
    with ledger.reading() as connection:
        for row in connection.execute(select(changes).order_by(changes.c.referral_seq, changes.c.version)):
            histories.setdefault(row.referral_seq, []).append(change_from(row))
    return histories


def list_referrals(ledger: Ledger, *, states: Sequence[State] = STATES, institute: str | None = None) -> list[Referral]:
    """The referrals in some states, optionally of one institute only, in the order of opening."""
    conditions: list[Any] = [table.c.state.in_(states)]
    if institute is not None:
        conditions.append(table.c.institute == institute)
    with ledger.reading() as connection:
        return read_referrals(connection, *conditions)


def due_referrals(ledger: Ledger, days: int) -> list[tuple[Referral, int]]:
    """Open referrals unchanged for ``days`` days or more, with that number of days; longest first, ties by number.

    A change in the future, possible after a clock was set back, counts as 0 days ago.
    """
    now = datetime.fromisoformat(ledger.stamp())
    waiting = [(referral, days_between(referral.changed, now)) for referral in list_referrals(ledger, states=OPEN)]
    return sorted((item for item in waiting if item[1] >= days), key=lambda item: (-item[1], item[0].seq))


def days_between(stamp: Stamp, now: datetime) -> int:
    """Whole days from a stamp until now; 0 if the stamp is in the future."""
    then = datetime.fromisoformat(str(stamp.at)).astimezone(UTC)
    return max(0, (now - then).days)


def read_referrals(connection: Connection, *conditions: Any, damage: list[str] | None = None) -> list[Referral]:
    """The referrals that meet some conditions, in the order of opening; faults of damaged ones go to ``damage``.

    Raises:
        LedgerError: One is damaged, and ``damage`` is ``None``.
    """
    with_cases = with_problems(table, *conditions).outerjoin(cases, cases.c.referral == table.c.seq)
    rows = connection.execute(with_cases.add_columns(cases.c.id.label("case_id")))
    return list(make_each(rows, _referral, damage))


def _referral(row: Row[Any]) -> Referral:
    grounds = None
    if row.score is not None:
        names = ("capability", "score", "level", "settings", "profiles")
        grounds = {name: getattr(row, name) for name in names}
    return make_record(
        Referral,
        table.name,
        f"R-{row.seq}",
        seq=row.seq,
        problem=problem_from(row.data, row.problem),
        institute=row.institute,
        state=row.state,
        reason=row.reason,
        version=row.version,
        created=Stamp(row.created_at, row.created_by),
        changed=Stamp(row.changed_at, row.changed_by),
        grounds=grounds,
        case=row.case_id,
    )
