"""Cases on their way into a ledger: from values, a file or a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matchmaker.domain import Case
from matchmaker.errors import Fault, LedgerError
from matchmaker.intake import load_problem
from matchmaker.intake.fields import build_problem
from matchmaker.intake.rejects import Rejects
from matchmaker.intake.tables import RejectedRow
from matchmaker.intake.values import NamedValue
from matchmaker.ledger import cases
from matchmaker.ledger.reading import CaseRow, CaseTable, Resolve, case_from_values, load_case

if TYPE_CHECKING:
    from matchmaker.ledger.store import Ledger

AT_ONCE: Final = 10_000
"""So many cases are one transaction."""


def case_from(
    file: Path | None, problem: Mapping[str, str | None], own: Mapping[str, object], resolve: Resolve
) -> Case:
    """The case that values and a file describe; a value stands over the file.

    Args:
        file: A YAML or JSON file with the fields of a case, or any document with the problem alone.
        problem: Fields of a problem.
        own: Fields that only a case has.
        resolve: Finds institutes.

    Raises:
        ProblemError: The file cannot be read.
        LedgerError: Fields are wrong; all faults at once.
    """
    given = _given(own)
    if file is None:
        built = build_problem(_given(problem), place="cases add", default_id="", style="yaml")
        if built.problem is None:
            raise LedgerError(built.faults)
        return case_from_values(built.problem, given, resolve, place="cases add")
    if file.suffix.lower() in {".yaml", ".yml", ".json"}:
        case = load_case(file, given, resolve)
    else:
        case = case_from_values(load_problem(file), given, resolve, place=str(file))
    instead = {name: text for name, text in problem.items() if text is not None}
    return case.model_copy(update={"problem": case.problem.model_copy(update=instead)})


def _given(values: Mapping[str, object]) -> dict[str, NamedValue]:
    texts = {name: str(value) if isinstance(value, int) else value for name, value in values.items() if value}
    return {
        name: NamedValue(f"--{name.removesuffix('_cny').removesuffix('s')}", value) for name, value in texts.items()
    }


def import_cases(
    store: Ledger, table: CaseTable, rejects: Rejects, *, by: str, note: Callable[[Fault], None]
) -> Counter[str]:
    """Add the cases of a table; every 10,000 are a transaction. What is there already is not added again.

    Args:
        store: The ledger.
        table: Of cases.
        rejects: Takes the rows that are no case, and the cases that the ledger refuses.
        by: Who does it.
        note: Told of each case that is there already with other values, or was deleted, when its transaction is done.

    Returns:
        How many were ``added``, are ``there``, which of them ``differs`` or was ``deleted``, and how many ``refused``.
    """
    counts: Counter[str] = Counter()
    read: Iterator[CaseRow] = (row for row in rejects.seen(table) if isinstance(row, CaseRow))
    while chunk := list(islice(read, AT_ONCE)):
        _add(store, chunk, rejects, counts, by=by, note=note)
    return counts


def _add(
    store: Ledger,
    chunk: Sequence[CaseRow],
    rejects: Rejects,
    counts: Counter[str],
    *,
    by: str,
    note: Callable[[Fault], None],
) -> None:
    answers = cases.add_cases(store, [row.case for row in chunk], by=by, places=[row.source.place for row in chunk])
    for row, answer in zip(chunk, answers, strict=True):
        counts[answer.kind] += 1
        if answer.kind == "refused" and answer.fault:
            rejects.add(RejectedRow(row.source.line, row.source.cells, (answer.fault,)))
        elif answer.fault:
            note(answer.fault)
