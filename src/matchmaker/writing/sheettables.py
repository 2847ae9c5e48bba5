"""Tables on the sheets of an .xlsx file: headings, widths and heights that suit the texts, further sheets."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Final

from matchmaker.files import write_faults
from matchmaker.writing.sheets import MAX_TEXT, Book, Cell, Column, Link, Sheet, Styled

MAX_ROWS: Final = 1_048_576  # of a sheet
MAX_COLUMNS: Final = 16_384
_ROWS_MEASURED: Final = 200  # for the widths of columns
_FILTER_BUTTON: Final = 3  # cells of a terminal


class Table:
    """Rows under headings, with filters; those that do not fit on one sheet go on in another.

    The first rows are held back until the widths of the columns are known, the others go to disk as they come.
    """

    def __init__(
        self, book: Book, name: str, columns: Sequence[Column], *, n_fixed: int = 1, n_printed: int | None = None
    ) -> None:
        """Begin a sheet.

        Args:
            book: Gets the sheets, and closes the table.
            name: Of the first sheet; a further one has a number behind it.
            columns: Their headings stay in sight.
            n_fixed: So many columns stay in sight as well.
            n_printed: So many columns are printed; all when not given.
        """
        self._book = book
        self._name = name
        self._columns = columns
        self._n_fixed = n_fixed
        self._n_printed = n_printed
        self._n_sheets = 0
        self._held: list[Sequence[Cell]] | None = []
        self._widths = [_FILTER_BUTTON + min(width_of(column.heading), 12) for column in columns]
        self._sheet = self._further_sheet()
        book.at_end(self._close)

    def add(self, cells: Sequence[Cell]) -> None:
        """Add a row; cells beyond the headings are kept as far as a sheet goes."""
        with write_faults(self._book.path):
            if self._held is None:
                self._put(cells)
                return
            self._held.append(cells)
            if len(self._held) == _ROWS_MEASURED:
                self._release()

    def _release(self) -> None:
        """Settle the widths, and write what was held back."""
        rows, self._held = self._held or [], None
        for cells in rows:
            for at, cell in enumerate(cells[: len(self._columns)]):
                longest = max(map(width_of, _lines(cell)), default=0)
                self._widths[at] = max(self._widths[at], longest + 1)
        self._widths = [min(*both) for both in zip(self._widths, (one.widest for one in self._columns), strict=True)]
        self._begin()
        for cells in rows:
            self._put(cells)

    def _put(self, cells: Sequence[Cell]) -> None:
        if self._row == MAX_ROWS:
            self._sheet.close_table(self._columns, self._n_printed)
            self._sheet = self._further_sheet()
            self._begin()
        self._sheet.begin_row(self._row, max(map(_n_lines, map(_shown, cells), self._widths), default=1))
        for at, cell in enumerate(cells[:MAX_COLUMNS]):
            if cell in {None, ""} and at >= (self._n_printed or len(self._columns)):
                continue
            style = self._columns[at].style if at < len(self._columns) else "text"
            self._sheet.put(self._row, at, cell, style)
        self._row += 1

    def _further_sheet(self) -> Sheet:
        self._n_sheets += 1
        return self._book.sheet(self._name if self._n_sheets == 1 else f"{self._name} {self._n_sheets}")

    def _begin(self) -> None:
        for at, width in enumerate(self._widths):
            self._sheet.widen(at, width)
        headings = zip((column.heading for column in self._columns), self._widths, strict=True)
        self._sheet.begin_row(0, max(_n_lines(text, width) for text, width in headings))
        self._sheet.put_headings(self._columns, n_fixed=self._n_fixed)
        self._row = 1

    def _close(self) -> None:
        if self._held is not None:
            self._release()
        self._sheet.close_table(self._columns, self._n_printed)


def _shown(cell: Cell) -> str:
    """The text of a cell as far as its size goes."""
    value = cell.value if isinstance(cell, Styled) else cell
    if isinstance(value, str):
        return value
    if isinstance(value, Link):
        return value.address
    return "" if value is None else "0000-00-00" if isinstance(value, date) else f"{value:.0f}"


def _lines(cell: Cell) -> list[str]:
    return _shown(cell)[:2_000].splitlines()


@lru_cache(maxsize=512)  # the same claims stand in many rows
def _n_lines(text: str, width: int) -> int:
    """How many lines a text takes in a column; a little more than it holds, as words are not broken."""
    return sum(1 + int(width_of(line) / (0.95 * width)) for line in text[:MAX_TEXT].splitlines()) or 1


def width_of(line: str) -> int:
    """How many cells of a terminal a line takes; a Chinese character takes two."""
    return sum(1 + (unicodedata.east_asian_width(char) in "WF") for char in line)
