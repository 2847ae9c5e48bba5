"""Sheets of an .xlsx file, written a row at a time: texts stay texts, and the limits of Excel are kept.

Nothing here knows what the sheets are about. Rows go to disk at once, so memory does not grow with them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, NamedTuple, TypeAlias

from matchmaker.files import atomic_bytes, could_be_formula, scratch_folder, write_faults

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

MAX_ROWS: Final = 1_048_576
MAX_COLUMNS: Final = 16_384
MAX_TEXT: Final = 32_767  # UTF-16 units in a cell
MAX_LINKS: Final = 65_530  # on a sheet
MAX_ADDRESS: Final = 2_079  # UTF-16 units of a link

# fmt: off
Style: TypeAlias = Literal[
    "text", "code", "count", "score", "money", "day", "link", "heading", "title", "bar",
    "strong", "fair", "weak", "none",
]
# fmt: on

_FIRST_DAY: Final = date(1900, 3, 1)  # Excel believes in a 29 February 1900
_EXACT: Final = 10**15  # Excel keeps 15 digits of a number
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_ROWS_MEASURED: Final = 200  # for the widths of columns
_HEADING_ROOM: Final = 3  # for the button of the filter
# Dark to light in order of level, so that they can be told apart in grey and with any kind of colour blindness.
_LEVELS: Final[Mapping[str, Mapping[str, object]]] = {
    "strong": {"bg_color": "#0B4F8A", "font_color": "#FFFFFF", "bold": True},
    "fair": {"bg_color": "#9CC9EA", "font_color": "#000000"},
    "weak": {"bg_color": "#FFF2C6", "font_color": "#000000"},
    "none": {"bg_color": "#EEEEEE", "font_color": "#444444"},
}
_STYLES: Final[Mapping[str, Mapping[str, object]]] = {
    "text": {"text_wrap": True},
    "code": {"text_wrap": True, "num_format": "@"},  # what is typed over it stays text, zeros in front included
    "count": {"num_format": "#,##0"},
    "score": {"num_format": "0.00"},
    "money": {"num_format": "#,##0"},
    "day": {"num_format": "yyyy-mm-dd", "align": "left"},
    "link": {"text_wrap": True, "font_color": "#0B4F8A", "underline": 1},
    "heading": {"text_wrap": True, "bold": True, "bg_color": "#DCE6EF", "bottom": 1, "valign": "vcenter"},
    "title": {"bold": True, "font_size": 13},
    "bar": {"num_format": "#,##0", "align": "left"},
    **{level: {"text_wrap": True, **look} for level, look in _LEVELS.items()},
}


class Link(NamedTuple):
    """An address that a cell shows and leads to."""

    address: str


class Styled(NamedTuple):
    """A value in another style than that of its column."""

    value: str | int | float
    style: Style


Cell: TypeAlias = str | int | float | date | Link | Styled | None


class Column(NamedTuple):
    """What stands over a column, how its cells look, and how wide it may become, in cells of a terminal."""

    heading: str
    style: Style = "text"
    widest: int = 40


class Loss(NamedTuple):
    """A cell that holds less than was meant for it: its text was cut, or its address is not linked."""

    sheet: str
    cell: str
    kind: Literal["cut", "unlinked"]


class Book:
    """An .xlsx file in the making. The same calls give the same bytes.

    Attributes:
        path: What errors name.
        cut_mark: What stands at the end of a text that was too long.
        losses: The first 20 cells that hold less than was meant for them.
        n_losses: How many there are of each kind.
    """

    def __init__(self, stream: BinaryIO, folder: Path, path: Path, cut_mark: str) -> None:
        """Begin a file in ``stream``; ``folder`` is for what is under way, errors name ``path``."""
        from xlsxwriter import Workbook

        self.path = path
        self.cut_mark = cut_mark
        self._formats: dict[tuple[str, bool], Format] = {}
        self._sheets: list[Sheet] = []
        self._workbook: Workbook = Workbook(
            stream,
            {"constant_memory": True, "tmpdir": str(folder), "strings_to_formulas": False, "strings_to_urls": False},
        )
        self._workbook.use_zip64()
        self._workbook.set_properties({"created": datetime(1980, 1, 1, tzinfo=UTC).replace(tzinfo=None)})
        self.losses: list[Loss] = []
        self.n_losses = {"cut": 0, "unlinked": 0}

    def sheet(self, name: str) -> Sheet:
        """A further sheet, at the end."""
        with write_faults(self.path):
            made = Sheet(self, self._workbook.add_worksheet(name), name)
        self._sheets.append(made)
        return made

    def format(self, style: Style, *, is_quoted: bool = False) -> Format:
        """The look of a style; ``is_quoted`` keeps a text a text when somebody edits its cell."""
        key = (style, is_quoted)
        if key not in self._formats:
            look = {"valign": "top", **_STYLES[style], "quote_prefix": is_quoted}
            self._formats[key] = self._workbook.add_format(look)
        return self._formats[key]

    def lose(self, loss: Loss) -> None:
        """Count a cell that holds less than was meant for it."""
        self.n_losses[loss.kind] += 1
        if len(self.losses) < 20:
            self.losses.append(loss)

    def close(self) -> None:
        """Put the file together."""
        from xlsxwriter.exceptions import FileCreateError

        for sheet in self._sheets:
            sheet.finish()
        with write_faults(self.path):
            try:
                self._workbook.close()
            except FileCreateError as error:
                raise (error.args[0] if isinstance(error.args[0], OSError) else error) from None

    def drop(self) -> None:
        """Let go of what is under way, which otherwise only ``close`` does."""
        for worksheet in self._workbook.worksheets():
            worksheet._opt_close()  # there is no public way to give up


@contextmanager
def open_book(path: Path, *, cut_mark: str = "…") -> Iterator[Book]:
    """An .xlsx file that appears at ``path`` when the block ends, and not at all when the block raises.

    Args:
        path: Replaced when it exists.
        cut_mark: What stands at the end of a text that was too long for its cell.

    Raises:
        InputError: The file cannot be written. Errors of the block itself pass unchanged.
    """
    with atomic_bytes(path) as stream, scratch_folder(path) as folder:
        book = Book(stream, folder, path, cut_mark)
        try:
            yield book
            book.close()
        finally:
            book.drop()


class Sheet:
    """One sheet: cells put in order of rows, headings that stay, a page set-up for A4."""

    def __init__(self, book: Book, worksheet: Worksheet, name: str) -> None:
        """Wrap a worksheet."""
        self.name = name
        self._book = book
        self._worksheet = worksheet
        self._widths: dict[int, int] = {}
        self._n_links = 0
        self._columns: Sequence[Column] = ()
        self._last_row = 0
        worksheet.set_landscape()
        worksheet.set_paper(9)  # A4
        worksheet.fit_to_pages(1, 0)
        worksheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        worksheet.set_footer("&L&A&R&P / &N")

    def put_headings(self, columns: Sequence[Column], *, n_fixed: int) -> None:
        """Write headings that stay in sight, with as many columns, are repeated on paper and have filters."""
        self._columns = columns
        for at, column in enumerate(columns):
            self.put(0, at, column.heading, "heading")
        self._worksheet.freeze_panes(1, n_fixed)
        self._worksheet.repeat_rows(0)

    def put(self, row: int, column: int, cell: Cell, style: Style = "text") -> None:
        """Write one cell; a row must not lie above one already written."""
        if cell is None or cell == "":
            return
        if isinstance(cell, Styled):
            style = cell.style
            cell = cell.value
        self._last_row = row
        if row < _ROWS_MEASURED:
            self._measure(column, cell, style)
        worksheet, look = self._worksheet, self._book.format(style)
        with write_faults(self._book.path):
            if isinstance(cell, Link):
                self._put_link(row, column, cell)
            elif isinstance(cell, str):
                self._put_text(row, column, cell, style)
            elif isinstance(cell, date):
                if cell < _FIRST_DAY:
                    self._put_text(row, column, cell.isoformat(), style)
                else:
                    worksheet.write_datetime(row, column, datetime(cell.year, cell.month, cell.day), look)  # noqa: DTZ001
            elif style == "money" and (cell != int(cell) or abs(cell) >= _EXACT):
                worksheet.write_number(row, column, cell, self._book.format("text"))
            else:
                worksheet.write_number(row, column, cell, look)

    def put_bars(self, row: int, column: int, n_rows: int) -> None:
        """Give counts below each other bars, each as long as its share of the greatest."""
        if n_rows:
            look = {"type": "data_bar", "data_bar_2010": True, "bar_solid": True, "bar_color": "#9CC9EA"}
            look |= {"min_type": "num", "min_value": 0, "bar_border_color": "#0B4F8A"}
            self._worksheet.conditional_format(row, column, row + n_rows - 1, column, look)

    def widen(self, column: int, width: float) -> None:
        """Set how wide a column is, in cells of a terminal."""
        self._worksheet.set_column(column, column, width)

    def finish(self) -> None:
        """Set what is known only at the end: widths and the range of the filters."""
        for at, column in enumerate(self._columns):
            fitting = max(self._widths.get(at, 0), _HEADING_ROOM + min(width_of(column.heading), 12)) + 1
            self.widen(at, min(fitting, column.widest))
            if column.style == "code":
                self._worksheet.ignore_errors(
                    {"number_stored_as_text": f"{cell_name(1, at)}:{cell_name(MAX_ROWS - 1, at)}"}
                )
        if self._columns:
            self._worksheet.autofilter(0, 0, self._last_row, len(self._columns) - 1)

    def _put_text(self, row: int, column: int, text: str, style: Style) -> None:
        shown = legible(text)
        if len(shown) > MAX_TEXT // 2 and (fitting := _fitting(shown, self._book.cut_mark)) != shown:
            self._book.lose(Loss(self.name, cell_name(row, column), "cut"))
            shown = fitting
        look = self._book.format(style, is_quoted=could_be_formula(shown))
        if shown.startswith("<r>"):
            # XlsxWriter takes such a text for marked-up XML of its own and would not escape it; pieces it does.
            plain = self._book.format("text")
            self._worksheet.write_rich_string(row, column, shown[0], plain, shown[1:], look)
        else:
            self._worksheet.write_string(row, column, shown, look)

    def _put_link(self, row: int, column: int, link: Link) -> None:
        address = link.address
        if _n_units(address) > MAX_ADDRESS or self._n_links >= MAX_LINKS or _NOT_XML.search(address):
            self._book.lose(Loss(self.name, cell_name(row, column), "unlinked"))
            self._put_text(row, column, address, "text")
            return
        self._n_links += 1
        self._worksheet.write_url(row, column, address, self._book.format("link"), string=address)

    def _measure(self, column: int, cell: Cell, style: Style) -> None:
        text = cell.address if isinstance(cell, Link) else "0000-00-00" if isinstance(cell, date) else str(cell)
        if style == "score":
            text = "0.00"
        width = max((width_of(line) for line in text[:2_000].splitlines()), default=0)
        self._widths[column] = max(self._widths.get(column, 0), width)


class Table:
    """Rows under headings; those that do not fit on one sheet go on in another."""

    def __init__(self, book: Book, name: str, columns: Sequence[Column], *, n_fixed: int = 1) -> None:
        """Begin with the headings; ``n_fixed`` columns stay in sight as well."""
        self._book = book
        self._name = name
        self._columns = columns
        self._n_fixed = n_fixed
        self._n_sheets = 0
        self._begin_sheet()

    def add(self, cells: Sequence[Cell]) -> None:
        """Add a row; cells beyond the headings are kept as far as a sheet goes."""
        if self._row == MAX_ROWS:
            self._begin_sheet()
        for at, cell in enumerate(cells[:MAX_COLUMNS]):
            style = self._columns[at].style if at < len(self._columns) else "text"
            self._sheet.put(self._row, at, cell, style)
        self._row += 1

    def _begin_sheet(self) -> None:
        self._n_sheets += 1
        self._sheet = self._book.sheet(self._name if self._n_sheets == 1 else f"{self._name} {self._n_sheets}")
        self._sheet.put_headings(self._columns, n_fixed=self._n_fixed)
        self._row = 1


def legible(text: str) -> str:
    """``text`` with line ends of one kind and U+FFFD for what XML cannot hold or nobody can see."""
    return _NOT_XML.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def width_of(line: str) -> int:
    """How many cells of a terminal a line takes; a Chinese character takes two."""
    return sum(1 + (unicodedata.east_asian_width(char) in "WF") for char in line)


def cell_name(row: int, column: int) -> str:
    """``B12`` for row 11 and column 1, which are counted from 0."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    return str(xl_rowcol_to_cell(row, column))


def _n_units(text: str) -> int:
    """How long Excel takes a text to be: characters beyond U+FFFF count twice."""
    return len(text) + sum(char > "\uffff" for char in text)


def _fitting(text: str, mark: str) -> str:
    """``text``, or as much of its start as fits into a cell together with ``mark``."""
    if _n_units(text) <= MAX_TEXT:
        return text
    kept = text.encode("utf-16-le")[: 2 * (MAX_TEXT - _n_units(mark))]
    return kept.decode("utf-16-le", errors="ignore") + mark
