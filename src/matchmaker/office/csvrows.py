"""The rows of a CSV file with their line numbers; one bad quote costs one line and not the rest of the file."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

from matchmaker.messages import make_message

DELIMITERS = (",", ";", "\t", "|")
MAX_FIELD = 10_000_000
"""Characters of one field."""
MAX_LINE = 20_000_000
"""Characters of one line; a longer line is skipped."""
MAX_SKIPPED = 100_000_000
"""Characters skipped in search of the end of a line; after that, reading stops."""
_SKIP_CHUNK = 1_000_000
_MAX_HEADING = 60
_N_SAMPLE_ROWS = 20
_SEPARATOR_LINE = re.compile(r'"?sep=(?P<delimiter>.)"?\s*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Record:
    """A row as it stands in the file.

    Attributes:
        line: The number of the line on which it begins, from 1.
        cells: Its cells as text.
        finding: What is wrong with its quotes or its size; empty for a sound row.
        remedy: What to do about that.
    """

    line: int
    cells: tuple[str, ...]
    finding: str = ""
    remedy: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether the row is sound and all its cells are empty."""
        return not self.finding and not any(cell.strip() for cell in self.cells)


def read_records(file: TextIO, delimiter: str) -> Iterator[Record]:
    """The rows of a file, in order, each with the number of the line on which it begins.

    A row whose quoting is wrong or never ends yields its first line as a record with a finding, and reading continues
    with the next line. A field has at most 10 million characters, a line at most 20 million.
    """
    # This limit holds for the whole process: the csv module offers no other.
    csv.field_size_limit(MAX_FIELD)
    lines = LineReader(file)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        lines.begin_row()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _broken_row(lines, str(error))
        else:
            yield _overlong_row(lines) if lines.is_overlong else Record(lines.start, tuple(cells))


def read_lines(file: TextIO) -> Iterator[Record]:
    """The lines of a file, each as a row of one cell without its line end."""
    lines = LineReader(file)
    while True:
        lines.begin_row()
        line = next(lines, None)
        if line is None:
            return
        yield _overlong_row(lines) if lines.is_overlong else Record(lines.start, (line.rstrip("\r\n"),))


def separator_of(line: str) -> str | None:
    """The delimiter named by a first line such as ``sep=;``, or ``None``."""
    match = _SEPARATOR_LINE.fullmatch(line)
    return match["delimiter"] if match else None


def detect_delimiter(lines: Sequence[str], is_heading: Callable[[str], bool]) -> str:
    """The delimiter that makes most sense of the first lines; a comma when they contain none.

    The delimiter wins that gives one row the most headings by ``is_heading``; then the one under which most rows are as
    wide as that row; then the one with most columns. Ties are broken in the order ``, ; tab |``.
    """
    return max(DELIMITERS, key=lambda delimiter: _delimiter_score(lines, delimiter, is_heading))


def _delimiter_score(lines: Sequence[str], delimiter: str, is_heading: Callable[[str], bool]) -> tuple[int, float, int]:
    try:
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error:
        rows = []
    if not rows:
        return (0, 0.0, 0)
    n_headings = [
        sum(is_heading(cell.strip()) for cell in row if len(cell) <= _MAX_HEADING) for row in rows[:_N_SAMPLE_ROWS]
    ]
    most_headings = max(n_headings)
    width = len(rows[n_headings.index(most_headings)])
    share = sum(len(row) == width for row in rows) / len(rows) if width > 1 else 0.0
    return (most_headings, share, width)


def _overlong_row(lines: LineReader) -> Record:
    if lines.is_abandoned:
        finding = make_message("a line of more than {n:,} characters; nothing after it is read", n=MAX_SKIPPED)
        return Record(lines.start, (), finding, "split or shorten it")
    return Record(
        lines.start, (), make_message("a line of more than {n:,} characters", n=MAX_LINE), "split or shorten it"
    )


def _broken_row(lines: LineReader, message: str) -> Record:
    row_lines = lines.row_lines
    lines.push_back()
    if "field limit" in message and len(row_lines) == 1:
        return Record(lines.start, (), make_message("a field of more than {n:,} characters", n=MAX_FIELD), "shorten it")
    finding = "the quotes do not match" if len(row_lines) == 1 else "a quote is opened and not closed properly"
    return Record(
        lines.start,
        (row_lines[0].rstrip("\r\n"),),
        finding,
        'close each text in quotes, and write a quote inside it twice ("")',
    )


class LineReader:
    """An iterator over the lines of a file that counts them and can take back those of the current row.

    Attributes:
        row_lines: The lines of the current row so far.
        start: The number of its first line, from 1.
        is_overlong: Whether one of its lines was too long to keep.
        is_abandoned: Whether a line was so long that the search for its end was given up; it counts as the last line.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._pushed_back: deque[str] = deque()
        self._n_read = 0
        self.row_lines: list[str] = []
        self.start = 1
        self.is_overlong = False
        self.is_abandoned = False

    def __iter__(self) -> LineReader:
        """Itself: the lines can be read once."""
        return self

    def __next__(self) -> str:
        """The next line with its line end."""
        line = self._pushed_back.popleft() if self._pushed_back else self._read()
        if not line:
            raise StopIteration
        self._n_read += 1
        self.row_lines.append(line)
        return line

    def begin_row(self) -> None:
        """Start a new row: the lines read from now on belong to it."""
        self.row_lines = []
        self.start = self._n_read + 1
        self.is_overlong = False

    def push_back(self) -> None:
        """Put back all lines of this row but the first, to be read again."""
        self._pushed_back.extendleft(reversed(self.row_lines[1:]))
        self._n_read -= len(self.row_lines) - 1

    def _read(self) -> str:
        line = "" if self.is_abandoned else self._file.readline(MAX_LINE + 1)
        if len(line) <= MAX_LINE:
            return line
        self.is_overlong = True
        n_skipped = len(line)
        while line and not line.endswith(("\n", "\r")) and not self.is_abandoned:
            line = self._file.readline(_SKIP_CHUNK)
            n_skipped += len(line)
            self.is_abandoned = n_skipped > MAX_SKIPPED
        return "\n"  # in place of the line, so that the count stays right
