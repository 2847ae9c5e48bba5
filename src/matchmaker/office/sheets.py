"""The sheets of a workbook (.xlsx, .ods, .xls), row by row, each cell as the text that a person sees in it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, BinaryIO, Final, TypeAlias

from matchmaker.errors import Fault, TableError, did_you_mean
from matchmaker.messages import said
from matchmaker.office.csvrows import Record
from matchmaker.office.sheetscan import PackedSheets, SheetFacts
from matchmaker.office.tablekinds import Recognised

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, SheetMetadata

Value: TypeAlias = int | float | str | bool | time | date | datetime | timedelta
_DAMAGED: Final = "open it in Excel or WPS and save it anew"
_EXACT_INTEGERS: Final = 1e15


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that was read.

    Attributes:
        name: As on its tab.
        number: Its place among the sheets of the file, from 1.
        is_hidden: Whether its tab is hidden.
        facts: What its cells alone do not tell.
    """

    name: str
    number: int
    is_hidden: bool
    facts: SheetFacts
    _cells: CalamineSheet = field(repr=False)

    def records(self) -> Iterator[Record]:
        """Its rows in order, blank ones too; a cell merged over several rows stands in each that has more than it."""
        down = _merged_down(self.facts)
        carried: dict[int, tuple[int, str]] = {}
        start = self._cells.start
        n_before = start[1] if start else 0
        for number, values in enumerate(self._cells.iter_rows()):
            percents = [(number, n_before + n) in self.facts.percents for n in range(len(values))]
            texts = [*("" for _ in range(n_before)), *map(shown_value, values, percents)]
            if any(text.strip() for text in texts):
                for column, (last, text) in carried.items():
                    if number <= last and not texts[column].strip():
                        texts[column] = text
            for column, last in down.get(number, ()):
                if column < len(texts):
                    carried[column] = (last, texts[column])
            yield Record(number + 1, tuple(texts))


def read_sheets(file: BinaryIO, found: Recognised, place: str) -> list[Sheet]:
    """All sheets of a workbook that hold cells; charts are none.

    Raises:
        TableError: It is damaged, protected by a password, or made to take too much memory.
    """
    facts = _look_through(file, found, place)
    file.seek(0)
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    sheets: list[Sheet] = []
    try:
        book = CalamineWorkbook.from_object(io.BytesIO(file.read()))
        for number, meta in enumerate(book.sheets_metadata, 1):
            known = _facts_of(facts, meta, number)
            if meta.typ is SheetTypeEnum.WorkSheet and known is not None:  # none but what was looked through
                cells = book.get_sheet_by_index(number - 1)
                if found.kind == "xls":
                    known.merges.extend(cells.merged_cell_ranges or ())
                sheets.append(Sheet(meta.name, number, meta.visible is not SheetVisibleEnum.Visible, known, cells))
    except CalamineError as error:
        raise TableError(Fault(place, "the file is damaged or incomplete", _DAMAGED)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what Rust raises; it is no Exception, and cannot be imported
            raise
        raise TableError(Fault(place, "the file is damaged or incomplete", _DAMAGED)) from error
    return sheets


def chosen_sheets(sheets: Sequence[Sheet], wanted: Sequence[str], place: str) -> list[Sheet]:
    """The sheets asked for by name or number, in the order of the file; without any, those that are not hidden.

    Raises:
        TableError: There is no such sheet.
    """
    if not wanted:
        return [sheet for sheet in sheets if not sheet.is_hidden] or list(sheets)
    names = [sheet.name for sheet in sheets]
    chosen: set[int] = set()
    for one in wanted:
        hits = [sheet.number for sheet in sheets if sheet.name.strip().casefold() == one.strip().casefold()]
        hits = hits or [sheet.number for sheet in sheets if str(sheet.number) == one.strip()]
        if not hits:
            finding = said("no sheet '{name}'{hint}", name=one, hint=did_you_mean(one, names))
            listed = ", ".join(f"{sheet.number} {sheet.name}" for sheet in sheets[:30])
            raise TableError(Fault(place, finding, said("the sheets are: {names}", names=listed)))
        chosen.add(hits[0])
    return [sheet for sheet in sheets if sheet.number in chosen]


def shown_value(value: Value, is_percent: bool = False) -> str:
    """A cell as a person sees it: ``1``, not ``1.0``; days as ``2026-03-31``; no time of day at midnight."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"{shown_number(value * 100)}%" if is_percent else shown_number(value)
    return _shown_time(value)


def _shown_time(value: time | date | timedelta) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, timedelta):
        hours, seconds = divmod(int(value.total_seconds()), 3600)
        return f"{hours}:{seconds // 60:02}"
    return value.isoformat()


def shown_number(value: float) -> str:
    """A number with the 15 digits that a spreadsheet keeps."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < _EXACT_INTEGERS):
        return str(int(value))
    return f"{value:.15g}"


def _look_through(file: BinaryIO, found: Recognised, place: str) -> dict[str, SheetFacts] | list[SheetFacts]:
    if found.package is None:
        from matchmaker.office.oldsheets import look_through_old

        return look_through_old(file, place)
    with zipfile.ZipFile(file) as archive:
        return PackedSheets(found.package, archive, place).look_through()


def _facts_of(facts: dict[str, SheetFacts] | list[SheetFacts], meta: SheetMetadata, number: int) -> SheetFacts | None:
    if isinstance(facts, dict):
        return facts.get(meta.name)
    return facts[number - 1] if number <= len(facts) else None


def _merged_down(facts: SheetFacts) -> dict[int, list[tuple[int, int]]]:
    """First row of what is merged over several rows, to its first column and last row."""
    down: dict[int, list[tuple[int, int]]] = {}
    for (row, column), (last, _) in facts.merges:
        if last > row:
            down.setdefault(row, []).append((column, last))
    return down
