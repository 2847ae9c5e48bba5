"""Tables on the sheets of an .xlsx file, with headings, suitable widths and heights, and further sheets if needed."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Final

from matchmaker.files import write_faults
from matchmaker.writing.sheets import MAX_TEXT, Book, Cell, CellLink, SheetColumn, SheetWriter, StyledValue

MAX_ROWS: Final = 1_048_576  # rows of a sheet
MAX_COLUMNS: Final = 16_384  # columns of a sheet
_ROWS_MEASURED: Final = 200  # rows that determine the widths of columns
_FILTER_BUTTON: Final = 3  # width in cells of a terminal


class SheetTable:
    """Rows under headings, with filters; rows that do not fit on one sheet continue on another.

    The first rows are buffered until the widths of columns are known; the others go to disk as they come.
    """

    def __init__(
        self, book: Book, name: str, columns: Sequence[SheetColumn], *, n_fixed: int = 1, n_printed: int | None = None
    ) -> None:
        """Begin a sheet.

        Args:
            book: The file, which also closes the table.
            name: The name of the first sheet; further ones get a number.
            columns: The columns, whose headings stay in sight.
            n_fixed: The number of columns that stay in sight as well.
            n_printed: The number of columns that are printed; by default all.
        """
        self._book = book
        self._name = name
        self._columns = columns
        self._n_fixed = n_fixed
        self._n_printed = n_printed
        self._n_sheets = 0
        self._buffered: list[Sequence[Cell]] | None = []
        self._widths = [_FILTER_BUTTON + min(terminal_width(column.heading), 12) for column in columns]
        self._sheet = self._add_sheet()
        book.call_at_end(self._close)

    def add(self, cells: Sequence[Cell]) -> None:
        """Add a row; cells beyond the headings are kept, up to the width of a sheet."""
        with write_faults(self._book.path):
            if self._buffered is None:
                self._put(cells)
                return
            self._buffered.append(cells)
            if len(self._buffered) == _ROWS_MEASURED:
                self._flush()

    def _flush(self) -> None:
        """Set the widths, and write the buffered rows."""
        rows, self._buffered = self._buffered or [], None
        for cells in rows:
            for index, cell in enumerate(cells[: len(self._columns)]):
                longest = max(map(terminal_width, _lines(cell)), default=0)
                self._widths[index] = max(self._widths[index], longest + 1)
        self._widths = [min(*both) for both in zip(self._widths, (one.widest for one in self._columns), strict=True)]
        self._begin()
        for cells in rows:
            self._put(cells)

    def _put(self, cells: Sequence[Cell]) -> None:
        if self._row == MAX_ROWS:
            self._sheet.close_table(self._columns, self._n_printed)
            self._sheet = self._add_sheet()
            self._begin()
        self._sheet.begin_row(self._row, max(map(_n_lines, map(_cell_text, cells), self._widths), default=1))
        for index, cell in enumerate(cells[:MAX_COLUMNS]):
            if cell in {None, ""} and index >= (self._n_printed or len(self._columns)):
                continue
            style = self._columns[index].style if index < len(self._columns) else "text"
            self._sheet.put(self._row, index, cell, style)
        self._row += 1

    def _add_sheet(self) -> SheetWriter:
        self._n_sheets += 1
        return self._book.sheet(self._name if self._n_sheets == 1 else f"{self._name} {self._n_sheets}")

    def _begin(self) -> None:
        for index, width in enumerate(self._widths):
            self._sheet.widen(index, width)
        headings = zip((column.heading for column in self._columns), self._widths, strict=True)
        self._sheet.begin_row(0, max(_n_lines(text, width) for text, width in headings))
        self._sheet.put_headings(self._columns, n_fixed=self._n_fixed)
        self._row = 1

    def _close(self) -> None:
        if self._buffered is not None:
            self._flush()
        self._sheet.close_table(self._columns, self._n_printed)


def _cell_text(cell: Cell) -> str:
    """A text with about the size of the cell."""
    value = cell.value if isinstance(cell, StyledValue) else cell
    if isinstance(value, str):
        return value
    if isinstance(value, CellLink):
        return value.address
    return "" if value is None else "0000-00-00" if isinstance(value, date) else f"{value:.0f}"


def _lines(cell: Cell) -> list[str]:
    return _cell_text(cell)[:2_000].splitlines()


@lru_cache(maxsize=512)  # the same claims occur in many rows
def _n_lines(text: str, width: int) -> int:
    """The number of lines of a text in a column; slightly overestimated, as words are not broken."""
    return sum(1 + int(terminal_width(line) / (0.95 * width)) for line in text[:MAX_TEXT].splitlines()) or 1


def terminal_width(line: str) -> int:
    """The width of a line in cells of a terminal; a Chinese character takes two."""
    return sum(1 + (unicodedata.east_asian_width(char) in "WF") for char in line)
