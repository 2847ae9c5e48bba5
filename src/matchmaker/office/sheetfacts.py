"""What a look through a workbook finds before it is read, and the limits that every such look enforces.

The reader (calamine) makes room for the whole rectangle between the first and the last filled cell, and reports neither
hidden rows nor percentages nor errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from matchmaker.errors import Fault, TableError
from matchmaker.messages import make_message

MAX_AREA: Final = 4_000_000
"""Cells between the first and the last filled one of a sheet; calamine takes 64 bytes for each."""
MAX_POSITIONS: Final = 300_000
"""Merged cells, errors and percentages of a sheet that are remembered."""
_MAX_TEXT: Final = 200_000_000
"""Characters in all cells; the reader makes a copy of a text for each cell that shows it."""
_MAX_NUMBER: Final = 10**9
AS_CSV: Final = "delete the rows and columns beyond the table, or save the sheet as CSV UTF-8"
RESAVE: Final = "open it in Excel or WPS and save it anew"

Position = tuple[int, int]
"""The row and the column of a cell, from 0."""


@dataclass(slots=True)
class SheetFacts:
    """What the reader does not report about a sheet; rows and columns count from 0.

    Attributes:
        n_rows: Rows up to the last filled cell.
        n_columns: Columns up to the last filled cell.
        n_hidden_rows: Filled rows that are hidden.
        n_hidden_columns: Hidden columns up to the last filled one.
        percents: Cells whose number is shown as a percentage.
        errors: Cells that hold an error, such as ``#N/A``.
        merges: First and last cell of each merged range.
    """

    n_rows: int = 0
    n_columns: int = 0
    n_hidden_rows: int = 0
    n_hidden_columns: int = 0
    percents: set[Position] = field(default_factory=set)
    errors: dict[Position, str] = field(default_factory=dict)
    merges: list[tuple[Position, Position]] = field(default_factory=list)

    @property
    def area(self) -> int:
        """The number of cells that the reader makes room for."""
        return self.n_rows * self.n_columns

    @property
    def n_positions(self) -> int:
        """The number of positions remembered here."""
        return len(self.percents) + len(self.errors) + len(self.merges)

    def mark_filled(self, row: int, column: int) -> None:
        """Note a filled cell."""
        self.n_rows = max(self.n_rows, row + 1)
        self.n_columns = max(self.n_columns, column + 1)


class XmlScan:
    """A parser of the XML of a workbook, with what the scans of all formats share."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._text: list[str] = []

    def _feed(self, chunks: Iterator[bytes]) -> None:
        for chunk in chunks:
            self._parser.Parse(chunk, False)
        self._parser.Parse(b"", True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        raise NotImplementedError

    def _end(self, name: str) -> None:
        raise NotImplementedError

    def _start_text(self) -> None:
        self._text = []
        self._parser.CharacterDataHandler = self._text.append

    def _end_text(self) -> str:
        self._parser.CharacterDataHandler = None
        return "".join(self._text)

    def _refuse_doctype(self, *_: object) -> None:
        raise TableError(Fault(self._place, "it holds XML with a document type", RESAVE))

    def _check_text(self, n_chars: int) -> None:
        if n_chars > _MAX_TEXT:
            finding = make_message("more than {n:,} characters in its cells", n=_MAX_TEXT)
            raise TableError(Fault(self._place, finding, AS_CSV))

    def _check_facts(self, facts: SheetFacts, name: str) -> None:
        if facts.n_positions > MAX_POSITIONS:
            finding = make_message("sheet '{sheet}' has too many merged cells, errors or percentages", sheet=name)
            raise TableError(Fault(self._place, finding, AS_CSV))
        if facts.area > MAX_AREA:
            finding = make_message(
                "sheet '{sheet}' reaches to row {row}, column {column}, more than {n:,} cells",
                sheet=name,
                row=facts.n_rows,
                column=facts.n_columns,
                n=MAX_AREA,
            )
            raise TableError(Fault(self._place, finding, AS_CSV))


def parse_number(text: str | None, default: int) -> int:
    """A number as the reader understands it, capped at a value above every limit; ``default`` for anything else."""
    digits = (text or "").removeprefix("+")
    return min(int(digits.lstrip("0")[:20] or "0"), _MAX_NUMBER) if digits.isascii() and digits.isdigit() else default
