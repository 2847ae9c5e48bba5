"""Sheets of an .xlsx file, written row by row: texts stay texts, and the limits of Excel are observed.

Nothing here knows what the sheets are about. Rows go to disk at once, so memory does not grow with them.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, NamedTuple, TypeAlias

from matchmaker.csvcells import could_be_formula
from matchmaker.files import atomic_byte_writer, scratch_folder, write_faults

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

MAX_TEXT: Final = 32_767  # UTF-16 code units in a cell
MAX_LINKS: Final = 65_530  # links on a sheet
MAX_ADDRESS: Final = 2_079  # UTF-16 code units of a link

# fmt: off
Style: TypeAlias = Literal[
    "text", "code", "count", "score", "money", "day", "link", "heading", "title", "bar",
    "strong", "fair", "weak", "none",
]
# fmt: on

_FIRST_DAY: Final = date(1900, 3, 1)  # in Excel there is a 29 February 1900
_MAX_EXACT: Final = 10**15  # Excel keeps 15 digits of a number
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE_HEIGHT: Final = 15.5  # points
_MAX_ROW_HEIGHT: Final = 409.0  # points, Excel's limit of a row
# Dark to light in order of level, so that levels can be distinguished in grey and with any colour blindness.
_LEVELS: Final[Mapping[str, Mapping[str, object]]] = {
    "strong": {"bg_color": "#0B4F8A", "font_color": "#FFFFFF", "bold": True},
    "fair": {"bg_color": "#9CC9EA", "font_color": "#000000"},
    "weak": {"bg_color": "#FFF2C6", "font_color": "#000000"},
    "none": {"bg_color": "#EEEEEE", "font_color": "#444444"},
}
_BORDERS: Final = {"bottom": 1, "bottom_color": "#C8D2DC"}
_STYLES: Final[Mapping[str, Mapping[str, object]]] = {
    "text": {"text_wrap": True},
    "code": {"text_wrap": True, "num_format": "@"},  # text typed into the cell stays text, with leading zeros
    "count": {"num_format": "#,##0", "align": "center"},
    "score": {"num_format": "0.00", "align": "center"},
    "money": {"num_format": "#,##0"},
    "day": {"num_format": "yyyy-mm-dd", "align": "left"},
    "link": {"text_wrap": True, "font_color": "#0B4F8A", "underline": 1},
    "heading": {"text_wrap": True, "bold": True, "bg_color": "#DCE6EF", "bottom_color": "#0B4F8A", "valign": "vcenter"},
    "title": {"bold": True, "font_size": 13, "bottom": 0, "valign": "vcenter"},
    "bar": {"num_format": "#,##0", "align": "left"},
    **{level: {"text_wrap": True, **look} for level, look in _LEVELS.items()},
}


class CellLink(NamedTuple):
    """An address that a cell shows and links to."""

    address: str


class StyledValue(NamedTuple):
    """A value in a style other than that of its column."""

    value: str | int | float
    style: Style


Cell: TypeAlias = str | int | float | date | CellLink | StyledValue | None


class SheetColumn(NamedTuple):
    """A column: its heading, the style of its cells, and its greatest width, in cells of a terminal."""

    heading: str
    style: Style = "text"
    widest: int = 40


class CellLoss(NamedTuple):
    """A cell that holds less than it should: its text was cut, or its address is not linked."""

    sheet: str
    cell: str
    kind: Literal["cut", "unlinked"]


class Book:
    """An .xlsx file being written. The same calls produce the same bytes.

    Attributes:
        path: The file named in errors.
        cut_mark: The end of a text that was too long.
        losses: The first 20 cells that hold less than they should.
        n_losses: The number of such cells of each kind.
    """

    def __init__(self, stream: BinaryIO, folder: Path, path: Path, cut_mark: str) -> None:
        """Begin a file in ``stream``; ``folder`` is for temporary files, and errors name ``path``."""
        from xlsxwriter import Workbook

        self.path = path
        self.cut_mark = cut_mark
        self._formats: dict[tuple[str, bool], Format] = {}
        self._at_end: list[Callable[[], None]] = []
        self._stream = _DiscardableStream(stream)
        self._workbook: Workbook = Workbook(
            self._stream,
            {"constant_memory": True, "tmpdir": str(folder), "strings_to_formulas": False, "strings_to_urls": False},
        )
        self._workbook.use_zip64()
        self._workbook.set_properties({"created": datetime(1980, 1, 1)})  # noqa: DTZ001
        self.losses: list[CellLoss] = []
        self.n_losses = {"cut": 0, "unlinked": 0}

    def sheet(self, name: str) -> SheetWriter:
        """Add a sheet at the end."""
        with write_faults(self.path):
            return SheetWriter(self, self._workbook.add_worksheet(name), name)

    def call_at_end(self, close: Callable[[], None]) -> None:
        """Call a function before the file is assembled."""
        self._at_end.append(close)

    def format(self, style: Style, *, is_quoted: bool = False) -> Format:
        """The format of a style; with ``is_quoted``, a text stays text when its cell is edited."""
        key = (style, is_quoted)
        if key not in self._formats:
            look = {"valign": "top", **_BORDERS, **_STYLES[style], "quote_prefix": is_quoted}
            self._formats[key] = self._workbook.add_format(look)
        return self._formats[key]

    def add_loss(self, loss: CellLoss) -> None:
        """Count a cell that holds less than it should."""
        self.n_losses[loss.kind] += 1
        if len(self.losses) < 20:
            self.losses.append(loss)

    def close(self) -> None:
        """Assemble the file."""
        from xlsxwriter.exceptions import FileCreateError

        with write_faults(self.path):
            for close in self._at_end:
                close()
            try:
                self._workbook.close()
            except FileCreateError as error:
                raise (error.args[0] if isinstance(error.args[0], OSError) else error) from None

    def discard(self) -> None:
        """Release temporary files, which otherwise only ``close`` does."""
        self._stream.discard()
        for worksheet in self._workbook.worksheets():
            worksheet._opt_close()  # there is no public way to abandon a worksheet


class _DiscardableStream(io.RawIOBase):
    """A stream for a ``ZipFile`` that may be abandoned, although it will still write its end."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._is_discarded = False
        self._position = 0

    def discard(self) -> None:
        """Ignore everything that is written from now on."""
        self._is_discarded = True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._position = offset if self._is_discarded else self._stream.seek(offset, whence)
        return self._position

    def tell(self) -> int:
        return self._position

    def write(self, data: ReadableBuffer, /) -> int:
        n_written = memoryview(data).nbytes if self._is_discarded else self._stream.write(data)
        self._position += n_written
        return n_written


@contextmanager
def open_book(path: Path, *, cut_mark: str = "…") -> Iterator[Book]:
    """An .xlsx file that appears at ``path`` when the block ends, and not at all when the block raises.

    Args:
        path: The file to make or to replace.
        cut_mark: The end of a text that was too long for its cell.

    Raises:
        InputError: The file cannot be written. Errors of the block itself pass unchanged.
    """
    with atomic_byte_writer(path) as stream, scratch_folder(path) as folder:
        book = Book(stream, folder, path, cut_mark)
        try:
            yield book
            book.close()
        finally:
            book.discard()


class SheetWriter:
    """A sheet with a page set-up for A4; cells are written in order of rows."""

    def __init__(self, book: Book, worksheet: Worksheet, name: str) -> None:
        """Wrap a worksheet."""
        self.name = name
        self._book = book
        self._worksheet = worksheet
        self._n_links = 0
        self._last_row = 0
        worksheet.set_landscape()
        worksheet.set_paper(9)  # A4
        worksheet.fit_to_pages(1, 0)
        worksheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        worksheet.set_footer("&L&A&R&P / &N")

    def widen(self, column: int, width: float) -> None:
        """Set the width of a column, in cells of a terminal."""
        self._worksheet.set_column(column, column, width)

    def begin_row(self, row: int, n_lines: int) -> None:
        """Set the number of lines that the next row shows, which not every program works out for itself."""
        self._worksheet.set_row(row, min(_MAX_ROW_HEIGHT, 1 + _LINE_HEIGHT * n_lines))
        # XlsxWriter needs the data of a row until the next one begins; kept for all rows, memory would grow.
        self._worksheet.row_info.pop(row - 2, None)
        self._worksheet.row_sizes.pop(row - 2, None)

    def put(self, row: int, column: int, cell: Cell, style: Style = "text") -> None:
        """Write a cell; its row must not be above one already written."""
        if cell is None or cell == "":
            self._worksheet.write_blank(row, column, None, self._book.format(style))
            return
        if isinstance(cell, StyledValue):
            style = cell.style
            cell = cell.value
        self._last_row = row
        if isinstance(cell, str):
            self._put_text(row, column, cell, style)
        elif isinstance(cell, CellLink):
            self._put_link(row, column, cell)
        elif isinstance(cell, date):
            self._put_day(row, column, cell, style)
        else:
            is_long = style == "money" and (cell != int(cell) or abs(cell) >= _MAX_EXACT)
            self._worksheet.write_number(row, column, cell, self._book.format("text" if is_long else style))

    def put_headings(self, columns: Sequence[SheetColumn], *, n_fixed: int) -> None:
        """Write headings that stay in sight, like ``n_fixed`` columns, and are repeated on every printed page."""
        for index, column in enumerate(columns):
            self.put(0, index, column.heading, "heading")
        self._worksheet.freeze_panes(1, n_fixed)
        self._worksheet.repeat_rows(0)

    def close_table(self, columns: Sequence[SheetColumn], n_printed: int | None) -> None:
        """Add filters to all columns, print the first ones, and suppress warnings about numbers stored as text."""
        self._worksheet.autofilter(0, 0, self._last_row, len(columns) - 1)
        if n_printed:
            self._worksheet.print_area(0, 0, self._last_row, n_printed - 1)
        codes = [index for index, column in enumerate(columns) if column.style == "code"]
        if codes and self._last_row:
            ranges = (f"{cell_name(1, index)}:{cell_name(self._last_row, index)}" for index in codes)
            self._worksheet.ignore_errors({"number_stored_as_text": " ".join(ranges)})

    def put_bars(self, row: int, column: int, n_rows: int) -> None:
        """Add bars to a column of counts, each as long as its share of the greatest."""
        if n_rows:
            look = {"type": "data_bar", "data_bar_2010": True, "bar_solid": True, "bar_color": "#9CC9EA"}
            look |= {"min_type": "num", "min_value": 0, "bar_border_color": "#0B4F8A"}
            self._worksheet.conditional_format(row, column, row + n_rows - 1, column, look)

    def _put_text(self, row: int, column: int, text: str, style: Style) -> None:
        text_to_write = legible(text)
        if (
            len(text_to_write) > MAX_TEXT // 2
            and (fitting := _fit_text(text_to_write, self._book.cut_mark)) != text_to_write
        ):
            self._book.add_loss(CellLoss(self.name, cell_name(row, column), "cut"))
            text_to_write = fitting
        look = self._book.format(style, is_quoted=could_be_formula(text_to_write))
        if text_to_write.startswith("<r>"):
            # XlsxWriter takes such a text for its own XML and does not escape it, but it escapes the pieces of one.
            plain = self._book.format("text")
            self._worksheet.write_rich_string(row, column, text_to_write[0], plain, text_to_write[1:], look)
        else:
            self._worksheet.write_string(row, column, text_to_write, look)

    def _put_link(self, row: int, column: int, link: CellLink) -> None:
        address = link.address
        if _n_units(address) > MAX_ADDRESS or self._n_links >= MAX_LINKS or _NOT_XML.search(address):
            self._book.add_loss(CellLoss(self.name, cell_name(row, column), "unlinked"))
            self._put_text(row, column, address, "text")
            return
        self._n_links += 1
        self._worksheet.write_url(row, column, address, self._book.format("link"), string=address)

    def _put_day(self, row: int, column: int, day: date, style: Style) -> None:
        if day < _FIRST_DAY:
            self._put_text(row, column, day.isoformat(), style)
            return
        at_midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a day has no zone
        self._worksheet.write_datetime(row, column, at_midnight, self._book.format(style))


def legible(text: str) -> str:
    """``text`` with uniform line ends, and U+FFFD for characters that are invisible or not allowed in XML."""
    return _NOT_XML.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def cell_name(row: int, column: int) -> str:
    """The name of a cell, such as ``B12`` for row 11 and column 1, counted from 0."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    return str(xl_rowcol_to_cell(row, column))


def _n_units(text: str) -> int:
    """The length of a text by Excel's count, in UTF-16 code units."""
    return len(text) + sum(char > "\uffff" for char in text)


def _fit_text(text: str, mark: str) -> str:
    """``text``, or as much of its beginning as fits into a cell together with ``mark``."""
    if _n_units(text) <= MAX_TEXT:
        return text
    encoded = text.encode("utf-16-le")[: 2 * (MAX_TEXT - _n_units(mark))]
    return encoded.decode("utf-16-le", errors="ignore") + mark
