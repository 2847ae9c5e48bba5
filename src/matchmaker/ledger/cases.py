"""Cases: what was solved and what was not, added once and never lost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from sqlalchemy import Column, Connection, Row, func, insert, select, update

from matchmaker.domain import Case, Outcome, Problem
from matchmaker.errors import Fault, LedgerError
from matchmaker.ledger.problems import digest_of, evened, keep_problems, problem_from, with_problems
from matchmaker.ledger.schema import HIGHEST, Number, case_institutes, damaged, each, record_of
from matchmaker.ledger.schema import cases as table
from matchmaker.ledger.store import Ledger, Stamp
from matchmaker.messages import said

Answer: TypeAlias = Literal["added", "there", "differs", "deleted", "refused"]
_AT_ONCE: Final = 500  # names in one question to the database
_BETWEEN: Final = re.compile(r"[;；、|\n,，]")  # a list from a cell and one from YAML may be cut differently
_OWN_FIELDS: Final = ("capability", "outcome", "year", "benefit_cny", "source", "note")


@dataclass(frozen=True, slots=True)
class KeptCase:
    """A case as it stands in the ledger. ``seq`` is its place in the order of adding."""

    seq: Number
    case: Case
    created: Stamp
    changed: Stamp
    deleted: Stamp | None


class Added(NamedTuple):
    """What became of a case that was to be added.

    ``kind``: ``added``; ``there``, the same case is in the ledger; ``differs``, it is, with other values, and was left
    alone; ``deleted``, it was deleted, and stays so; ``refused``, its id is another's. ``id`` is that of the case in
    the ledger. ``fault`` says what to do where something is to be done.
    """

    kind: Answer
    id: str
    fault: Fault | None = None


class _Kept(NamedTuple):
    """What the ledger holds that a batch of cases may meet; the batch adds itself as it goes."""

    live: dict[str, tuple[str, str]]  # identity to id and content
    deleted: dict[str, str]  # content to id
    ids: set[str]


def identity_of(case: Case) -> str:
    """What makes two entries the same case: title, description, enterprise, institutes and year, however written."""
    problem = case.problem
    parts = (problem.title, problem.description, problem.enterprise, *sorted(case.institutes), case.year)
    return _digest(map(_compared, parts))


def content_of(case: Case) -> str:
    """Everything a case says but ids, however written."""
    problem = case.problem
    parts = [f"{name}={_compared(getattr(problem, name))}" for name in Problem.model_fields if name != "id"]
    parts += [f"{name}={_compared(getattr(case, name))}" for name in _OWN_FIELDS]
    return _digest([*parts, *case.institutes])


def add_cases(ledger: Ledger, cases: Sequence[Case], *, by: str, places: Sequence[str] = ()) -> list[Added]:
    """Add cases in one transaction: all that are new, or none if anything fails.

    Args:
        ledger: Where to.
        cases: One that bears an id keeps it, others are numbered ``C-1``, ``C-2`` …
        by: Who adds them.
        places: Where each came from, for its fault; its number when not given.

    Returns:
        An answer for each case, in order.

    Raises:
        LedgerError: The database fails; nothing was added.
    """
    if not cases:
        return []
    keys = [(identity_of(case), content_of(case)) for case in cases]
    answers = []
    with ledger.writing() as connection:
        next_seq = next_number(connection, table.c.seq)
        batch = _Batch(_kept(connection, cases, keys, next_seq), next_seq, {case.id for case in cases})
        for at, (case, key) in enumerate(zip(cases, keys, strict=True)):
            answers.append(batch.answer(case, *key, place=places[at] if places else said("case {n}", n=at + 1)))
        write_cases(connection, batch.rows, Stamp(ledger.stamp(), by))
    return answers


class NewCase(NamedTuple):
    """A case as it is written: numbered and named, with its keys, and the referral that led to it."""

    seq: int
    case: Case
    identity: str
    content: str
    referral: int | None = None


class _Batch:
    """Cases on their way into the ledger."""

    def __init__(self, kept: _Kept, next_seq: int, wanted: set[str]) -> None:
        self._kept = kept
        self._next = next_seq
        self._wanted = wanted
        self.rows: list[NewCase] = []

    def answer(self, case: Case, identity: str, content: str, *, place: str) -> Added:
        if identity in self._kept.live:
            id_, other = self._kept.live[identity]
            if other == content:
                return Added("there", id_)
            finding = said("case {id} is there with other values; it was left as it is", id=id_)
            return Added("differs", id_, Fault(place, finding, "delete that case first if this one is right"))
        if content in self._kept.deleted:
            id_ = self._kept.deleted[content]
            remedy = said("to have it back: matchmaker cases restore {id}", id=id_)
            return Added("deleted", id_, Fault(place, said("case {id} says the same and was deleted", id=id_), remedy))
        if case.id in self._kept.ids:
            finding = said("the id '{id}' is another case's", id=case.id)
            return Added("refused", case.id, Fault(place, finding, "leave the id out, or choose another"))
        named = case if case.id else case.model_copy(update={"id": self._free_id()})
        self._kept.live[identity] = (named.id, content)
        self._kept.ids.add(named.id)
        self.rows.append(NewCase(self._next, named, identity, content))
        self._next += 1
        return Added("added", named.id)

    def _free_id(self) -> str:
        id_, n = f"C-{self._next}", 1
        while id_ in self._kept.ids or id_ in self._wanted:
            n += 1
            id_ = f"C-{self._next}-{n}"
        return id_


def _kept(connection: Connection, cases: Sequence[Case], keys: Sequence[tuple[str, str]], next_seq: int) -> _Kept:
    ids = [*(case.id for case in cases if case.id), *(f"C-{next_seq + at}" for at in range(len(cases)))]
    columns = (table.c.identity, table.c.id, table.c.content)
    live = _rows_with(connection, columns, table.c.identity, [key for key, _ in keys], table.c.deleted_at.is_(None))
    gone = _rows_with(connection, columns, table.c.content, [key for _, key in keys], table.c.deleted_at.is_not(None))
    return _Kept(
        {row.identity: (row.id, row.content) for row in live},
        {row.content: row.id for row in gone},
        {row.id for row in _rows_with(connection, (table.c.id,), table.c.id, ids)},
    )


def _rows_with(
    connection: Connection, columns: Iterable[Any], column: Column[str], values: Sequence[str], *more: Any
) -> list[Row[Any]]:
    rows: list[Row[Any]] = []
    for start in range(0, len(values), _AT_ONCE):
        wanted = column.in_(values[start : start + _AT_ONCE])
        rows += connection.execute(select(*columns).where(wanted, *more).order_by(table.c.seq))
    return rows


def next_number(connection: Connection, column: Column[int]) -> int:
    """The number after the highest one; safe because nobody else writes at the same time.

    Raises:
        LedgerError: The highest one is damaged.
    """
    highest = connection.scalar(select(func.max(column))) or 0
    if not isinstance(highest, int) or highest >= HIGHEST:
        raise damaged(said("is damaged in row {row} of {table}", row=str(highest), table=column.table.name))
    return highest + 1


def write_cases(connection: Connection, new: Sequence[NewCase], stamp: Stamp) -> None:
    """Write cases that were found to be new."""
    if not new:
        return
    keep_problems(connection, [row.case.problem for row in new])
    connection.execute(insert(table), [_values(row, stamp) for row in new])
    held = [
        {"case_seq": row.seq, "position": at, "institute": institute}
        for row in new
        for at, institute in enumerate(row.case.institutes)
    ]
    connection.execute(insert(case_institutes), held)


def _values(row: NewCase, stamp: Stamp) -> dict[str, object]:
    return {
        "seq": row.seq,
        "id": row.case.id,
        "problem": digest_of(row.case.problem),
        **{name: getattr(row.case, name) for name in _OWN_FIELDS},
        "identity": row.identity,
        "content": row.content,
        "created_at": stamp.at,
        "created_by": stamp.by,
        "changed_at": stamp.at,
        "changed_by": stamp.by,
        "referral": row.referral,
    }


def solved_by_referral(connection: Connection, case: Case, referral: int, stamp: Stamp) -> str:
    """Write the case of a referral that was solved, or link the same one where it is there already; its id.

    A second referral that ends in the very same case gets a case of its own.
    """
    identity, content = identity_of(case), content_of(case)
    same = select(table.c.seq, table.c.id, table.c.referral).where(table.c.identity == identity)
    found = connection.execute(same.where(table.c.deleted_at.is_(None))).one_or_none()
    if found is not None and found.referral is None:
        values = {"referral": referral, "changed_at": stamp.at, "changed_by": stamp.by}
        connection.execute(update(table).where(table.c.seq == found.seq).values(values))
        return str(found.id)
    if found is not None:
        identity = _digest([identity, str(referral)])
    seq = next_number(connection, table.c.seq)
    kept = _kept(connection, [case], [], seq)
    named = case.model_copy(update={"id": f"C-{seq}" if f"C-{seq}" not in kept.ids else f"C-{seq}-R{referral}"})
    write_cases(connection, [NewCase(seq, named, identity, content, referral)], stamp)
    return named.id


def list_cases(
    ledger: Ledger,
    *,
    institute: str | None = None,
    outcome: Outcome | None = None,
    year: int | None = None,
    deleted: bool = False,
) -> list[KeptCase]:
    """The cases of a ledger, in the order of adding.

    Args:
        ledger: Where from.
        institute: Only those it had a part in; an id.
        outcome: Only those that came out so.
        year: Only those of this year.
        deleted: The deleted ones instead of those that are not.
    """
    wanted: list[Any] = [table.c.deleted_at.is_not(None) if deleted else table.c.deleted_at.is_(None)]
    if institute is not None:
        theirs = select(case_institutes.c.case_seq).where(case_institutes.c.institute == institute)
        wanted.append(table.c.seq.in_(theirs))
    if outcome is not None:
        wanted.append(table.c.outcome == outcome)
    if year is not None:
        wanted.append(table.c.year == year)
    with ledger.reading() as connection:
        return read_cases(connection, *wanted)


def all_cases(ledger: Ledger) -> list[KeptCase]:
    """Every case, the deleted ones as well."""
    with ledger.reading() as connection:
        return read_cases(connection)


def find_case(ledger: Ledger, id_: str) -> KeptCase:
    """The case with this id, deleted or not.

    Raises:
        LedgerError: There is none.
    """
    with ledger.reading() as connection:
        found = read_cases(connection, table.c.id == id_.strip())
    if not found:
        finding = said("no case has the id '{id}'", id=id_)
        raise LedgerError(Fault(ledger.place, finding, "see: matchmaker cases list"))
    return found[0]


def search_cases(ledger: Ledger, text: str) -> list[KeptCase]:
    """The cases in which every word of ``text`` stands, in the order of adding.

    Script, width, case and spaces do not matter; looked through are problem, enterprise, institutes, source and note.
    """
    words = [evened(word) for word in text.split()]
    return [kept for kept in list_cases(ledger) if all(word in _searched(kept.case) for word in words)]


def _searched(case: Case) -> str:
    problem = case.problem
    parts = (case.id, problem.id, problem.text, problem.enterprise, *case.institutes, case.source, case.note)
    return evened("\n".join(part for part in parts if part))


def delete_case(ledger: Ledger, id_: str, *, by: str) -> KeptCase:
    """Mark a case as deleted: it is kept, and no list or export shows it.

    Raises:
        LedgerError: There is no such case, or it is deleted already.
    """
    return _mark(ledger, id_, by=by, deleted=True)


def restore_case(ledger: Ledger, id_: str, *, by: str) -> KeptCase:
    """Take the mark of ``delete_case`` away.

    Raises:
        LedgerError: There is no such case, it is not deleted, or the same case was added again since.
    """
    return _mark(ledger, id_, by=by, deleted=False)


def _mark(ledger: Ledger, id_: str, *, by: str, deleted: bool) -> KeptCase:
    with ledger.writing() as connection:
        found = read_cases(connection, table.c.id == id_.strip())
        if not found:
            finding = said("no case has the id '{id}'", id=id_)
            raise LedgerError(Fault(ledger.place, finding, "see: matchmaker cases list"))
        kept = found[0]
        if deleted and kept.deleted is not None:
            raise LedgerError(Fault(ledger.place, said("case {id} is deleted already", id=kept.case.id)))
        if not deleted and kept.deleted is None:
            raise LedgerError(Fault(ledger.place, said("case {id} is not deleted", id=kept.case.id)))
        if not deleted:
            _check_restorable(connection, ledger.place, kept)
        stamp = Stamp(ledger.stamp(), by)
        gone = stamp if deleted else Stamp(None, None)
        values = {"changed_at": stamp.at, "changed_by": by, "deleted_at": gone.at, "deleted_by": gone.by}
        connection.execute(update(table).where(table.c.seq == kept.seq).values(values))
        return read_cases(connection, table.c.seq == kept.seq)[0]


def _check_restorable(connection: Connection, place: str, kept: KeptCase) -> None:
    identity = select(table.c.identity).where(table.c.seq == kept.seq).scalar_subquery()
    same = select(table.c.id).where(table.c.identity == identity, table.c.deleted_at.is_(None))
    other = connection.scalar(same)
    if other is not None:
        finding = said("case {id} was added again as {other}", id=kept.case.id, other=other)
        raise LedgerError(Fault(place, finding, said("delete {other} first", other=other)))


def read_cases(connection: Connection, *wanted: Any, damage: list[str] | None = None) -> list[KeptCase]:
    """The cases that fulfil some conditions, in the order of adding; what is wrong with others goes to ``damage``.

    Raises:
        LedgerError: One is damaged, and there is no list for that.
    """
    rows = connection.execute(with_problems(table, *wanted)).all()
    chosen = select(table.c.seq).where(*wanted)
    held: dict[int, list[str]] = {}
    for row in connection.execute(
        select(case_institutes.c.case_seq, case_institutes.c.institute)
        .where(case_institutes.c.case_seq.in_(chosen))
        .order_by(case_institutes.c.case_seq, case_institutes.c.position)
    ):
        held.setdefault(row.case_seq, []).append(row.institute)
    return list(each(rows, lambda row: _kept_case(row, held.get(row.seq, ())), damage))


def _kept_case(row: Row[Any], institutes: Sequence[str]) -> KeptCase:
    if not institutes:
        raise damaged(said("case {id} has no institute", id=str(row.id)))
    case = {
        "id": row.id,
        "problem": problem_from(row.data, row.problem),
        "institutes": tuple(institutes),
        "referral": None if row.referral is None else f"R-{row.referral}",
        **{name: getattr(row, name) for name in _OWN_FIELDS},
    }
    return record_of(
        KeptCase,
        "cases",
        row.id,
        seq=row.seq,
        case=case,
        created=Stamp(row.created_at, row.created_by),
        changed=Stamp(row.changed_at, row.changed_by),
        deleted=Stamp(row.deleted_at, row.deleted_by) if row.deleted_at else None,
    )


def _compared(value: object) -> str:
    """A value so that two ways to write it are the same text."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, tuple):
        return "\n".join(evened(part) for part in _BETWEEN.split("\n".join(value)) if part.strip())
    return evened(str(value))


def _digest(parts: Iterable[str]) -> str:
    return blake2b("\0".join(parts).encode(errors="backslashreplace"), digest_size=16).hexdigest()
