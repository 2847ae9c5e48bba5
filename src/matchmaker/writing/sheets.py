"""Sheets of an .xlsx file, written a row at a time: texts stay texts, and the limits of Excel are kept.

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

from matchmaker.files import atomic_bytes, could_be_formula, scratch_folder, write_faults

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

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
_LINE: Final = 15.5  # points
_HIGHEST: Final = 409.0  # points, Excel's limit of a row
# Dark to light in order of level, so that they can be told apart in grey and with any kind of colour blindness.
_LEVELS: Final[Mapping[str, Mapping[str, object]]] = {
    "strong": {"bg_color": "#0B4F8A", "font_color": "#FFFFFF", "bold": True},
    "fair": {"bg_color": "#9CC9EA", "font_color": "#000000"},
    "weak": {"bg_color": "#FFF2C6", "font_color": "#000000"},
    "none": {"bg_color": "#EEEEEE", "font_color": "#444444"},
}
_LINES: Final = {"bottom": 1, "bottom_color": "#C8D2DC"}
_STYLES: Final[Mapping[str, Mapping[str, object]]] = {
    "text": {"text_wrap": True},
    "code": {"text_wrap": True, "num_format": "@"},  # what is typed over it stays text, zeros in front included
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
        self._at_end: list[Callable[[], None]] = []
        self._stream = _Droppable(stream)
        self._workbook: Workbook = Workbook(
            self._stream,
            {"constant_memory": True, "tmpdir": str(folder), "strings_to_formulas": False, "strings_to_urls": False},
        )
        self._workbook.use_zip64()
        self._workbook.set_properties({"created": datetime(1980, 1, 1)})  # noqa: DTZ001
        self.losses: list[Loss] = []
        self.n_losses = {"cut": 0, "unlinked": 0}

    def sheet(self, name: str) -> Sheet:
        """A further sheet, at the end."""
        with write_faults(self.path):
            return Sheet(self, self._workbook.add_worksheet(name), name)

    def at_end(self, close: Callable[[], None]) -> None:
        """Have something done before the file is put together."""
        self._at_end.append(close)

    def format(self, style: Style, *, is_quoted: bool = False) -> Format:
        """The look of a style; ``is_quoted`` keeps a text a text when somebody edits its cell."""
        key = (style, is_quoted)
        if key not in self._formats:
            look = {"valign": "top", **_LINES, **_STYLES[style], "quote_prefix": is_quoted}
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

        with write_faults(self.path):
            for close in self._at_end:
                close()
            try:
                self._workbook.close()
            except FileCreateError as error:
                raise (error.args[0] if isinstance(error.args[0], OSError) else error) from None

    def drop(self) -> None:
        """Let go of what is under way, which otherwise only ``close`` does."""
        self._stream.drop()
        for worksheet in self._workbook.worksheets():
            worksheet._opt_close()  # there is no public way to give up


class _Droppable(io.RawIOBase):
    """A stream for a ``ZipFile`` that may be given up: even then it will want to write its end."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._is_dropped = False
        self._position = 0

    def drop(self) -> None:
        """Take in whatever comes from now on, and do nothing with it."""
        self._is_dropped = True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._position = offset if self._is_dropped else self._stream.seek(offset, whence)
        return self._position

    def tell(self) -> int:
        return self._position

    def write(self, data: ReadableBuffer, /) -> int:
        n_written = memoryview(data).nbytes if self._is_dropped else self._stream.write(data)
        self._position += n_written
        return n_written


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
    """One sheet: cells put in order of rows, a page set-up for A4."""

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
        """Set how wide a column is, in cells of a terminal."""
        self._worksheet.set_column(column, column, width)

    def begin_row(self, row: int, n_lines: int) -> None:
        """Set how many lines the cells of the next row show; not every program works that out for itself."""
        self._worksheet.set_row(row, min(_HIGHEST, 1 + _LINE * n_lines))
        # What is known of a row is needed until the next one begins; kept for all, memory would grow with them.
        self._worksheet.row_info.pop(row - 2, None)
        self._worksheet.row_sizes.pop(row - 2, None)

    def put(self, row: int, column: int, cell: Cell, style: Style = "text") -> None:
        """Write one cell; a row must not lie above one already written."""
        if cell is None or cell == "":
            self._worksheet.write_blank(row, column, None, self._book.format(style))
            return
        if isinstance(cell, Styled):
            style = cell.style
            cell = cell.value
        self._last_row = row
        if isinstance(cell, str):
            self._put_text(row, column, cell, style)
        elif isinstance(cell, Link):
            self._put_link(row, column, cell)
        elif isinstance(cell, date):
            self._put_day(row, column, cell, style)
        else:
            is_long = style == "money" and (cell != int(cell) or abs(cell) >= _EXACT)
            self._worksheet.write_number(row, column, cell, self._book.format("text" if is_long else style))

    def put_headings(self, columns: Sequence[Column], *, n_fixed: int) -> None:
        """Write headings that stay in sight, with as many columns, and are repeated on paper."""
        for at, column in enumerate(columns):
            self.put(0, at, column.heading, "heading")
        self._worksheet.freeze_panes(1, n_fixed)
        self._worksheet.repeat_rows(0)

    def close_table(self, columns: Sequence[Column], n_printed: int | None) -> None:
        """Filter all columns, print the first ones, and leave numbers kept as text in peace."""
        self._worksheet.autofilter(0, 0, self._last_row, len(columns) - 1)
        if n_printed:
            self._worksheet.print_area(0, 0, self._last_row, n_printed - 1)
        codes = [at for at, column in enumerate(columns) if column.style == "code"]
        if codes and self._last_row:
            ranges = (f"{cell_name(1, at)}:{cell_name(self._last_row, at)}" for at in codes)
            self._worksheet.ignore_errors({"number_stored_as_text": " ".join(ranges)})

    def put_bars(self, row: int, column: int, n_rows: int) -> None:
        """Give counts below each other bars, each as long as its share of the greatest."""
        if n_rows:
            look = {"type": "data_bar", "data_bar_2010": True, "bar_solid": True, "bar_color": "#9CC9EA"}
            look |= {"min_type": "num", "min_value": 0, "bar_border_color": "#0B4F8A"}
            self._worksheet.conditional_format(row, column, row + n_rows - 1, column, look)

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

    def _put_day(self, row: int, column: int, day: date, style: Style) -> None:
        if day < _FIRST_DAY:
            self._put_text(row, column, day.isoformat(), style)
            return
        at_midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a day has no zone
        self._worksheet.write_datetime(row, column, at_midnight, self._book.format(style))


def legible(text: str) -> str:
    """``text`` with line ends of one kind and U+FFFD for what XML cannot hold or nobody can see."""
    return _NOT_XML.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


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
