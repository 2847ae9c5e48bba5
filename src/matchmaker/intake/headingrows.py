"""Where the headings of a table stand: below title rows, over one row or two."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from matchmaker.intake.headings import Column, column_of, columns_of, position_of

N_ROWS = 20
"""Headings are looked for in so many rows that are not blank."""
_MAX_HEADING = 60
_SUBJECTS = frozenset({"title", "description"})


@dataclass(frozen=True, slots=True)
class Headings:
    """The headings of a table.

    Attributes:
        names: As written, without the blank ones at the end.
        first: Which of the rows given holds them, from 0; a second row of headings follows it when ``n_rows`` is 2.
        n_rows: 1, or 2 where groups of columns have a heading of their own above.
        fields: The fields that are understood.
    """

    names: tuple[str, ...]
    first: int
    n_rows: int
    fields: frozenset[str]

    @property
    def is_usable(self) -> bool:
        """Whether a title or a description is among them, without which no row is a problem."""
        return bool(_SUBJECTS & self.fields)


def find_headings(rows: Sequence[Sequence[str]], overrides: Mapping[str, str]) -> Headings:
    """The headings among the first rows of a table, blank rows left out; there is at least one row.

    The row with most fields understood (or named by ``overrides``) that has a title or a description; two rows under
    one another count as one where that makes more understood. Of equals the first. A row below the first must have two
    such fields, or be one of the first three and have nothing else, as a word of the data may happen to be a heading.
    When no row will do, it is the first one.
    """
    found = [_single(rows[0], 0, overrides)]
    for first, row in enumerate(rows[:N_ROWS]):
        single = _single(row, first, overrides)
        if _is_plausible(single):
            found.append(single)
        if first + 1 < len(rows):
            pair = _pair(row, rows[first + 1], first, overrides)
            if len(pair.fields) >= 2 and len(pair.fields) > len(single.fields):
                found.append(pair)
    return max(found, key=lambda one: (one.is_usable, len(one.fields), -one.n_rows, -one.first))


def repeats(cells: Sequence[str], columns: Collection[Column]) -> bool:
    """Whether a row says the headings again, as it does at the top of every printed page, or under merged cells."""
    said = [(cells[column.position].strip(), column.heading) for column in columns if column.position < len(cells)]
    filled = [(cell, heading) for cell, heading in said if cell]
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
    """Two rows as one: the lower heading where there is one, else the upper."""
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
