"""The heading row of a table, which may follow title rows and may consist of two rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from matchmaker.intake.headings import FieldColumn, column_of, columns_of, position_of

N_ROWS = 20
"""The number of rows, blank ones left out, in which headings are searched for."""
_MAX_HEADING = 60
_SUBJECTS = frozenset({"title", "description"})


@dataclass(frozen=True, slots=True)
class Headings:
    """The headings of a table.

    Attributes:
        names: As written, without trailing blank ones.
        first: The index of their row; if ``n_rows`` is 2, the next row is a second row of headings.
        n_rows: 1, or 2 if groups of columns have a heading of their own above.
        fields: The fields that are recognised.
    """

    names: tuple[str, ...]
    first: int
    n_rows: int
    fields: frozenset[str]

    @property
    def is_usable(self) -> bool:
        """Whether they include a title or a description, without which no row is a problem."""
        return bool(_SUBJECTS & self.fields)


def find_headings(rows: Sequence[Sequence[str]], overrides: Mapping[str, str]) -> Headings:
    """The headings among the first rows of a table.

    The row wins that has a title or a description and the most fields, recognised or named by ``overrides``. Two
    consecutive rows count as one if that makes more fields recognised. Ties go to the first row. As a word of the data
    may happen to be a heading, a row below the first must have two such fields, or be among the first three and have
    nothing else. If no row qualifies, the first is returned.

    Args:
        rows: The first rows, without blank ones; at least one.
        overrides: Fields to the headings that name them, chosen by the user.
    """
    candidates = [_single(rows[0], 0, overrides)]
    for first, row in enumerate(rows[:N_ROWS]):
        single = _single(row, first, overrides)
        if _is_plausible(single):
            candidates.append(single)
        if first + 1 < len(rows):
            pair = _pair(row, rows[first + 1], first, overrides)
            if len(pair.fields) >= 2 and len(pair.fields) > len(single.fields):
                candidates.append(pair)
    return max(
        candidates,
        key=lambda candidate: (candidate.is_usable, len(candidate.fields), -candidate.n_rows, -candidate.first),
    )


def repeats_headings(cells: Sequence[str], columns: Collection[FieldColumn]) -> bool:
    """Whether a row repeats the headings, as at the top of every printed page, or under merged cells."""
    cells_and_headings = [
        (cells[column.position].strip(), column.heading) for column in columns if column.position < len(cells)
    ]
    filled = [(cell, heading) for cell, heading in cells_and_headings if cell]
    is_enough = len(filled) > 1 or len(columns) == 1
    return bool(filled) and is_enough and all(cell == heading for cell, heading in filled)


def _is_plausible(found: Headings) -> bool:
    n_filled = sum(bool(name) for name in found.names)
    return len(found.fields) >= 2 or (found.first < 3 and len(found.fields) == n_filled == 1)


def _single(row: Sequence[str], first: int, overrides: Mapping[str, str]) -> Headings:
    names = tuple(cell.strip() for cell in row)
    while names and not names[-1]:
        names = names[:-1]
    return Headings(names, first, 1, _fields(names, overrides))


def _pair(upper: Sequence[str], lower: Sequence[str], first: int, overrides: Mapping[str, str]) -> Headings:
    """The headings of two rows: the lower one of each column, or else the upper one."""
    width = max(len(upper), len(lower))
    above, below = ((*row, *("" for _ in range(width - len(row)))) for row in (upper, lower))
    joined = _single([under.strip() or over for over, under in zip(above, below, strict=True)], first, overrides)
    return Headings(joined.names, first, 2, joined.fields)


def _fields(names: Sequence[str], overrides: Mapping[str, str]) -> frozenset[str]:
    named = {field for field, heading in overrides.items() if position_of(heading, names) is not None}
    short = [name if len(name) <= _MAX_HEADING else "" for name in names]
    if not any(column_of(name, fuzzy=True) for name in short):
        return frozenset(named)
    return frozenset(named | columns_of(short, {})[0].keys())
