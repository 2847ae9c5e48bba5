"""The rows of a CSV file with their line numbers; one bad quote costs one line and not the rest of the file."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

from matchmaker.messages import said

DELIMITERS = (",", ";", "\t", "|")
MAX_FIELD = 10_000_000
MAX_LINE = 20_000_000
MAX_SKIPPED = 100_000_000
_PIECE = 1_000_000
_HEADING = 60
_N_ROWS = 20
_SEPARATOR_LINE = re.compile(r'"?sep=(?P<delimiter>.)"?\s*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Record:
    """A row as it stands in the file. ``broken`` says what is wrong with its quotes or size, or is empty."""

    line: int
    cells: tuple[str, ...]
    broken: str = ""
    remedy: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands in the row."""
        return not self.broken and not any(cell.strip() for cell in self.cells)


def read_records(file: TextIO, delimiter: str) -> Iterator[Record]:
    """The rows of a file, in order, each with the number of the line it begins on.

    A row whose quoting never ends, or goes wrong, gives its first line as a broken record; reading goes on with the
    next line. A field has at most 10 MB, a line at most 20 MB.
    """
    csv.field_size_limit(MAX_FIELD)  # for the whole process: csv knows no other way
    lines = Lines(file)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        lines.begin_row()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _broken(lines, str(error))
        else:
            yield _overlong(lines) if lines.is_overlong else Record(lines.start, tuple(cells))


def read_lines(file: TextIO) -> Iterator[Record]:
    """The lines of a file, each as a row of one cell without its line end."""
    lines = Lines(file)
    while True:
        lines.begin_row()
        line = next(lines, None)
        if line is None:
            return
        yield _overlong(lines) if lines.is_overlong else Record(lines.start, (line.rstrip("\r\n"),))


def separator_of(line: str) -> str | None:
    """The delimiter that a first line such as ``sep=;`` names, or ``None``."""
    match = _SEPARATOR_LINE.fullmatch(line)
    return match["delimiter"] if match else None


def detect_delimiter(lines: Sequence[str], is_heading: Callable[[str], bool]) -> str:
    """The delimiter under which the first lines make most sense; a comma when they have none.

    Most cells of one row that ``is_heading`` knows, then most rows as wide as this one, then most columns; ties in
    the order ``, ; tab |``.
    """
    return max(DELIMITERS, key=lambda delimiter: _sense(lines, delimiter, is_heading))


def _sense(lines: Sequence[str], delimiter: str, is_heading: Callable[[str], bool]) -> tuple[int, float, int]:
    try:
        read = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        rows = [row for row in read if any(cell.strip() for cell in row)]
    except csv.Error:
        rows = []
    if not rows:
        return (0, 0.0, 0)
    known = [sum(is_heading(cell.strip()) for cell in row if len(cell) <= _HEADING) for row in rows[:_N_ROWS]]
    n_known = max(known)
    width = len(rows[known.index(n_known)])
    share = sum(len(row) == width for row in rows) / len(rows) if width > 1 else 0.0
    return (n_known, share, width)


def _overlong(lines: Lines) -> Record:
    if lines.is_given_up:
        finding = said("a line of more than {n:,} characters; nothing after it is read", n=MAX_SKIPPED)
        return Record(lines.start, (), finding, "split or shorten it")
    return Record(lines.start, (), said("a line of more than {n:,} characters", n=MAX_LINE), "split or shorten it")


def _broken(lines: Lines, message: str) -> Record:
    taken = lines.taken
    lines.take_back()
    if "field limit" in message and len(taken) == 1:
        return Record(lines.start, (), said("a field of more than {n:,} characters", n=MAX_FIELD), "shorten it")
    finding = "the quotes do not match" if len(taken) == 1 else "a quote is opened and not closed properly"
    return Record(
        lines.start,
        (taken[0].rstrip("\r\n"),),
        finding,
        'close each text in quotes, and write a quote inside it twice ("")',
    )


class Lines:
    """The lines of a file, counted, of which those of the present row can be given back.

    Attributes:
        taken: The lines of the present row so far.
        start: The number of its first line, from 1.
        is_overlong: Whether one of them was too long to be kept.
        is_given_up: Whether it was so long that its end was not looked for; it counts as the last line.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._given_back: deque[str] = deque()
        self._n_read = 0
        self.taken: list[str] = []
        self.start = 1
        self.is_overlong = False
        self.is_given_up = False

    def __iter__(self) -> Lines:
        """Itself: lines can be taken once."""
        return self

    def __next__(self) -> str:
        """The next line with its line end."""
        line = self._given_back.popleft() if self._given_back else self._read()
        if not line:
            raise StopIteration
        self._n_read += 1
        self.taken.append(line)
        return line

    def begin_row(self) -> None:
        """What is taken from now on belongs to the next row."""
        self.taken = []
        self.start = self._n_read + 1
        self.is_overlong = False

    def take_back(self) -> None:
        """All lines of this row but the first are to be read again."""
        self._given_back.extendleft(reversed(self.taken[1:]))
        self._n_read -= len(self.taken) - 1

    def _read(self) -> str:
        line = "" if self.is_given_up else self._file.readline(MAX_LINE + 1)
        if len(line) <= MAX_LINE:
            return line
        self.is_overlong = True
        n_skipped = len(line)
        while line and not line.endswith(("\n", "\r")) and not self.is_given_up:
            line = self._file.readline(_PIECE)
            n_skipped += len(line)
            self.is_given_up = n_skipped > MAX_SKIPPED
        return "\n"  # stands for the line, so that the count stays right
