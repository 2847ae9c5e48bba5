"""Cases in the ledger: problems that were solved or not, added once and never lost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from sqlalchemy import Column, Connection, Row, func, insert, select, update

from matchmaker.domain import Case, Outcome, Problem
from matchmaker.errors import Fault, LedgerError
from matchmaker.ledger.problems import fold_text, problem_digest, problem_from, store_problems, with_problems
from matchmaker.ledger.schema import MAX_NUMBER, RowNumber, case_institutes, damage_error, make_each, make_record
from matchmaker.ledger.schema import cases as table
from matchmaker.ledger.store import Ledger, Stamp
from matchmaker.messages import make_message

AddStatus: TypeAlias = Literal["added", "there", "differs", "deleted", "refused"]
_BATCH_SIZE: Final = 500  # values in one query
_LIST_SEPARATORS: Final = re.compile(r"[;；、|\n,，]")  # a list in a cell may be split differently from one in YAML
_OWN_FIELDS: Final = ("capability", "outcome", "year", "benefit_cny", "source", "note")


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case in the ledger. ``seq`` is its position in the order of adding, from 1."""

    seq: RowNumber
    case: Case
    created: Stamp
    changed: Stamp
    deleted: Stamp | None


class AddResult(NamedTuple):
    """The result of adding a case.

    Attributes:
        kind: ``added``; ``there``: the same case is in the ledger; ``differs``: it is, with other values, and was not
            changed; ``deleted``: it was deleted, and stays deleted; ``refused``: another case has its id.
        id: The id of the case in the ledger.
        fault: What to do, if anything is to be done.
    """

    kind: AddStatus
    id: str
    fault: Fault | None = None


class _StoredKeys(NamedTuple):
    """The stored cases with which a batch may collide, including the cases of the batch added so far."""

    live: dict[str, tuple[str, str]]  # identity to id and content
    deleted: dict[str, str]  # content to id
    ids: set[str]


def identity_of(case: Case) -> str:
    """A digest equal for two entries of the same case: same title, description, enterprise, institutes and year.

    Script, width, case and white space do not matter.
    """
    problem = case.problem
    parts = (problem.title, problem.description, problem.enterprise, *sorted(case.institutes), case.year)
    return _digest(map(_comparable, parts))


def content_of(case: Case) -> str:
    """A digest of everything in a case except ids, ignoring script, width, case and white space."""
    problem = case.problem
    parts = [f"{name}={_comparable(getattr(problem, name))}" for name in Problem.model_fields if name != "id"]
    parts += [f"{name}={_comparable(getattr(case, name))}" for name in _OWN_FIELDS]
    return _digest([*parts, *case.institutes])


def add_cases(ledger: Ledger, cases: Sequence[Case], *, by: str, places: Sequence[str] = ()) -> list[AddResult]:
    """Add cases in one transaction: all that are new, or none if anything fails.

    Args:
        ledger: The ledger to add to.
        cases: The cases; one without an id is numbered ``C-1``, ``C-2`` …
        by: The person who adds them.
        places: The source of each, for its fault; by default its number.

    Returns:
        A result for each case, in order.

    Raises:
        LedgerError: The database fails; nothing was added.
    """
    if not cases:
        return []
    keys = [(identity_of(case), content_of(case)) for case in cases]
    answers = []
    with ledger.writing() as connection:
        next_seq = next_number(connection, table.c.seq)
        batch = _Batch(_stored_keys(connection, cases, keys, next_seq), next_seq, {case.id for case in cases})
        for index, (case, key) in enumerate(zip(cases, keys, strict=True)):
            answers.append(
                batch.add(case, *key, place=places[index] if places else make_message("case {n}", n=index + 1))
            )
        write_cases(connection, batch.rows, Stamp(ledger.stamp(), by))
    return answers


class NewCase(NamedTuple):
    """A case to be written, with its number, id and digests, and the referral that led to it."""

    seq: int
    case: Case
    identity: str
    content: str
    referral: int | None = None


class _Batch:
    """A batch of cases to be added; ``rows`` are the new ones."""

    def __init__(self, stored: _StoredKeys, next_seq: int, wanted: set[str]) -> None:
        self._stored = stored
        self._next = next_seq
        self._wanted = wanted
        self.rows: list[NewCase] = []

    def add(self, case: Case, identity: str, content: str, *, place: str) -> AddResult:
        if identity in self._stored.live:
            id_, other = self._stored.live[identity]
            if other == content:
                return AddResult("there", id_)
            finding = make_message("case {id} already exists with other values; it was not changed", id=id_)
            return AddResult("differs", id_, Fault(place, finding, "delete that case first if this one is right"))
        if content in self._stored.deleted:
            id_ = self._stored.deleted[content]
            remedy = make_message("to have it back: matchmaker cases restore {id}", id=id_)
            return AddResult(
                "deleted", id_, Fault(place, make_message("case {id} says the same and was deleted", id=id_), remedy)
            )
        if case.id in self._stored.ids:
            finding = make_message("another case has the id '{id}'", id=case.id)
            return AddResult("refused", case.id, Fault(place, finding, "leave the id out, or choose another"))
        named = case if case.id else case.model_copy(update={"id": self._free_id()})
        self._stored.live[identity] = (named.id, content)
        self._stored.ids.add(named.id)
        self.rows.append(NewCase(self._next, named, identity, content))
        self._next += 1
        return AddResult("added", named.id)

    def _free_id(self) -> str:
        id_, n = f"C-{self._next}", 1
        while id_ in self._stored.ids or id_ in self._wanted:
            n += 1
            id_ = f"C-{self._next}-{n}"
        return id_


def _stored_keys(
    connection: Connection, cases: Sequence[Case], keys: Sequence[tuple[str, str]], next_seq: int
) -> _StoredKeys:
    ids = [*(case.id for case in cases if case.id), *(f"C-{next_seq + offset}" for offset in range(len(cases)))]
    columns = (table.c.identity, table.c.id, table.c.content)
    live = _rows_with(connection, columns, table.c.identity, [key for key, _ in keys], table.c.deleted_at.is_(None))
    deleted = _rows_with(
        connection, columns, table.c.content, [key for _, key in keys], table.c.deleted_at.is_not(None)
    )
    return _StoredKeys(
        {row.identity: (row.id, row.content) for row in live},
        {row.content: row.id for row in deleted},
        {row.id for row in _rows_with(connection, (table.c.id,), table.c.id, ids)},
    )


def _rows_with(
    connection: Connection, columns: Iterable[Any], column: Column[str], values: Sequence[str], *conditions: Any
) -> list[Row[Any]]:
    rows: list[Row[Any]] = []
    for start in range(0, len(values), _BATCH_SIZE):
        condition = column.in_(values[start : start + _BATCH_SIZE])
        rows += connection.execute(select(*columns).where(condition, *conditions).order_by(table.c.seq))
    return rows


def next_number(connection: Connection, column: Column[int]) -> int:
    """The number after the highest one; this is safe, as nobody else writes at the same time.

    Raises:
        LedgerError: The highest one is damaged.
    """
    highest = connection.scalar(select(func.max(column))) or 0
    if not isinstance(highest, int) or highest >= MAX_NUMBER:
        raise damage_error(
            make_message("is damaged in row {row} of {table}", row=str(highest), table=column.table.name)
        )
    return highest + 1


def write_cases(connection: Connection, new: Sequence[NewCase], stamp: Stamp) -> None:
    """Write new cases."""
    if not new:
        return
    store_problems(connection, [row.case.problem for row in new])
    connection.execute(insert(table), [_values(row, stamp) for row in new])
    institute_rows = [
        {"case_seq": row.seq, "position": position, "institute": institute}
        for row in new
        for position, institute in enumerate(row.case.institutes)
    ]
    connection.execute(insert(case_institutes), institute_rows)


def _values(row: NewCase, stamp: Stamp) -> dict[str, object]:
    return {
        "seq": row.seq,
        "id": row.case.id,
        "problem": problem_digest(row.case.problem),
        **{name: getattr(row.case, name) for name in _OWN_FIELDS},
        "identity": row.identity,
        "content": row.content,
        "created_at": stamp.at,
        "created_by": stamp.by,
        "changed_at": stamp.at,
        "changed_by": stamp.by,
        "referral": row.referral,
    }


def write_solved_case(connection: Connection, case: Case, referral: int, stamp: Stamp) -> str:
    """Write the case of a solved referral, or link an existing one that is the same, and return its id.

    A second referral that ends in the same case gets a case of its own.
    """
    identity, content = identity_of(case), content_of(case)
    same = select(table.c.seq, table.c.id, table.c.referral).where(table.c.identity == identity)
    existing = connection.execute(same.where(table.c.deleted_at.is_(None))).one_or_none()
    if existing is not None and existing.referral is None:
        values = {"referral": referral, "changed_at": stamp.at, "changed_by": stamp.by}
        connection.execute(update(table).where(table.c.seq == existing.seq).values(values))
        return str(existing.id)
    if existing is not None:
        identity = _digest([identity, str(referral)])
    seq = next_number(connection, table.c.seq)
    stored = _stored_keys(connection, [case], [], seq)
    named = case.model_copy(update={"id": f"C-{seq}" if f"C-{seq}" not in stored.ids else f"C-{seq}-R{referral}"})
    write_cases(connection, [NewCase(seq, named, identity, content, referral)], stamp)
    return named.id


def list_cases(
    ledger: Ledger,
    *,
    institute: str | None = None,
    outcome: Outcome | None = None,
    year: int | None = None,
    deleted: bool = False,
) -> list[StoredCase]:
    """The cases of a ledger, in the order of adding.

    Args:
        ledger: The ledger to read.
        institute: Only cases with this institute; an id.
        outcome: Only cases with this outcome.
        year: Only cases of this year.
        deleted: The deleted cases instead of the others.
    """
    conditions: list[Any] = [table.c.deleted_at.is_not(None) if deleted else table.c.deleted_at.is_(None)]
    if institute is not None:
        theirs = select(case_institutes.c.case_seq).where(case_institutes.c.institute == institute)
        conditions.append(table.c.seq.in_(theirs))
    if outcome is not None:
        conditions.append(table.c.outcome == outcome)
    if year is not None:
        conditions.append(table.c.year == year)
    with ledger.reading() as connection:
        return read_cases(connection, *conditions)


def all_cases(ledger: Ledger) -> list[StoredCase]:
    """All cases, including deleted ones, in the order of adding."""
    with ledger.reading() as connection:
        return read_cases(connection)


def find_case(ledger: Ledger, id_: str) -> StoredCase:
    """The case with this id, deleted or not.

    Raises:
        LedgerError: There is none.
    """
    with ledger.reading() as connection:
        cases = read_cases(connection, table.c.id == id_.strip())
    if not cases:
        finding = make_message("no case has the id '{id}'", id=id_)
        raise LedgerError(Fault(ledger.place, finding, "see: matchmaker cases list"))
    return cases[0]


def search_cases(ledger: Ledger, text: str) -> list[StoredCase]:
    """The cases that contain every word of ``text``, in the order of adding.

    Script, width, case and spaces do not matter; problem, enterprise, institutes, source and note are searched.
    """
    words = [fold_text(word) for word in text.split()]
    return [stored for stored in list_cases(ledger) if all(word in _searchable_text(stored.case) for word in words)]


def _searchable_text(case: Case) -> str:
    problem = case.problem
    parts = (case.id, problem.id, problem.text, problem.enterprise, *case.institutes, case.source, case.note)
    return fold_text("\n".join(part for part in parts if part))


def delete_case(ledger: Ledger, id_: str, *, by: str) -> StoredCase:
    """Mark a case as deleted: it is kept, but no list or export shows it.

    Raises:
        LedgerError: There is no such case, or it is deleted already.
    """
    return _mark(ledger, id_, by=by, deleted=True)


def restore_case(ledger: Ledger, id_: str, *, by: str) -> StoredCase:
    """Undo ``delete_case``.

    Raises:
        LedgerError: There is no such case, it is not deleted, or the same case has been added again.
    """
    return _mark(ledger, id_, by=by, deleted=False)


def _mark(ledger: Ledger, id_: str, *, by: str, deleted: bool) -> StoredCase:
    with ledger.writing() as connection:
        cases = read_cases(connection, table.c.id == id_.strip())
        if not cases:
            finding = make_message("no case has the id '{id}'", id=id_)
            raise LedgerError(Fault(ledger.place, finding, "see: matchmaker cases list"))
        stored = cases[0]
        if deleted and stored.deleted is not None:
            raise LedgerError(Fault(ledger.place, make_message("case {id} is deleted already", id=stored.case.id)))
        if not deleted and stored.deleted is None:
            raise LedgerError(Fault(ledger.place, make_message("case {id} is not deleted", id=stored.case.id)))
        if not deleted:
            _check_restorable(connection, ledger.place, stored)
        stamp = Stamp(ledger.stamp(), by)
        deletion = stamp if deleted else Stamp(None, None)
        values = {"changed_at": stamp.at, "changed_by": by, "deleted_at": deletion.at, "deleted_by": deletion.by}
        connection.execute(update(table).where(table.c.seq == stored.seq).values(values))
        return read_cases(connection, table.c.seq == stored.seq)[0]


def _check_restorable(connection: Connection, place: str, stored: StoredCase) -> None:
    identity = select(table.c.identity).where(table.c.seq == stored.seq).scalar_subquery()
    same = select(table.c.id).where(table.c.identity == identity, table.c.deleted_at.is_(None))
    other = connection.scalar(same)
    if other is not None:
        finding = make_message("case {id} was added again as {other}", id=stored.case.id, other=other)
        raise LedgerError(Fault(place, finding, make_message("delete {other} first", other=other)))


def read_cases(connection: Connection, *conditions: Any, damage: list[str] | None = None) -> list[StoredCase]:
    """The cases that meet some conditions, in the order of adding; faults of damaged ones are added to ``damage``.

    Raises:
        LedgerError: One is damaged, and ``damage`` is ``None``.
    """
    rows = connection.execute(with_problems(table, *conditions)).all()
    chosen = select(table.c.seq).where(*conditions)
    institutes_of: dict[int, list[str]] = {}
    for row in connection.execute(
        select(case_institutes.c.case_seq, case_institutes.c.institute)
        .where(case_institutes.c.case_seq.in_(chosen))
        .order_by(case_institutes.c.case_seq, case_institutes.c.position)
    ):
        institutes_of.setdefault(row.case_seq, []).append(row.institute)
    return list(make_each(rows, lambda row: _stored_case(row, institutes_of.get(row.seq, ())), damage))


def _stored_case(row: Row[Any], institutes: Sequence[str]) -> StoredCase:
    if not institutes:
        raise damage_error(make_message("case {id} has no institute", id=str(row.id)))
    case = {
        "id": row.id,
        "problem": problem_from(row.data, row.problem),
        "institutes": tuple(institutes),
        "referral": None if row.referral is None else f"R-{row.referral}",
        **{name: getattr(row, name) for name in _OWN_FIELDS},
    }
    return make_record(
        StoredCase,
        "cases",
        row.id,
        seq=row.seq,
        case=case,
        created=Stamp(row.created_at, row.created_by),
        changed=Stamp(row.changed_at, row.changed_by),
        deleted=Stamp(row.deleted_at, row.deleted_by) if row.deleted_at else None,
    )


def _comparable(value: object) -> str:
    """A value as text, equal for different ways of writing it."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, tuple):
        return "\n".join(fold_text(part) for part in _LIST_SEPARATORS.split("\n".join(value)) if part.strip())
    return fold_text(str(value))


def _digest(parts: Iterable[str]) -> str:
    return blake2b("\0".join(parts).encode(errors="backslashreplace"), digest_size=16).hexdigest()
