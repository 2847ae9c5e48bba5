"""The sheets of a workbook (.xlsx, .ods, .xls), row by row, each cell as the text that a person sees in it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, BinaryIO, Final, TypeAlias

from matchmaker.errors import Fault, TableError, did_you_mean
from matchmaker.messages import make_message
from matchmaker.office.csvrows import Record
from matchmaker.office.sheetfacts import SheetFacts
from matchmaker.office.sheetscan import PackedSheets
from matchmaker.office.tablekinds import RecognisedTable

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, SheetMetadata

Value: TypeAlias = int | float | str | bool | time | date | datetime | timedelta
_DAMAGED: Final = "open it in Excel or WPS and save it anew"
_MAX_EXACT_INTEGER: Final = 1e15


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of a workbook.

    Attributes:
        name: The name on its tab.
        number: Its place among the sheets of the file, from 1.
        is_hidden: Whether its tab is hidden.
        facts: What its cells alone do not show.
    """

    name: str
    number: int
    is_hidden: bool
    facts: SheetFacts
    _cells: CalamineSheet = field(repr=False)

    def records(self) -> Iterator[Record]:
        """Its rows in order, including blank ones; a cell merged over several rows is repeated in each of them.

        It is not repeated in rows that are otherwise blank.
        """
        merges = _vertical_merges(self.facts)
        carried: dict[int, tuple[int, str]] = {}
        start = self._cells.start
        n_before = start[1] if start else 0
        for number, values in enumerate(self._cells.iter_rows()):
            percents = [(number, n_before + n) in self.facts.percents for n in range(len(values))]
            texts = [*("" for _ in range(n_before)), *map(value_text, values, percents)]
            if any(text.strip() for text in texts):
                for column, (last, text) in carried.items():
                    if number <= last and not texts[column].strip():
                        texts[column] = text
            for column, last in merges.get(number, ()):
                if column < len(texts):
                    carried[column] = (last, texts[column])
            yield Record(number + 1, tuple(texts))


def read_sheets(file: BinaryIO, recognised: RecognisedTable, place: str) -> list[Sheet]:
    """All sheets of a workbook that hold cells; charts are left out.

    Raises:
        TableError: It is damaged, protected by a password, or made to take too much memory.
    """
    facts = _scan(file, recognised, place)
    file.seek(0)
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    sheets: list[Sheet] = []
    try:
        book = CalamineWorkbook.from_object(io.BytesIO(file.read()))
        for number, meta in enumerate(book.sheets_metadata, 1):
            sheet_facts = _facts_of(facts, meta, number)
            if meta.typ is SheetTypeEnum.WorkSheet and sheet_facts is not None:  # only sheets that have been scanned
                cells = book.get_sheet_by_index(number - 1)
                if recognised.kind == "xls":
                    sheet_facts.merges.extend(cells.merged_cell_ranges or ())
                sheets.append(
                    Sheet(meta.name, number, meta.visible is not SheetVisibleEnum.Visible, sheet_facts, cells)
                )
    except CalamineError as error:
        raise TableError(Fault(place, "the file is damaged or incomplete", _DAMAGED)) from error
    except BaseException as error:
        # Rust code raises this exception, which is no subclass of Exception and cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise TableError(Fault(place, "the file is damaged or incomplete", _DAMAGED)) from error
    return sheets


def choose_sheets(sheets: Sequence[Sheet], wanted: Sequence[str], place: str) -> list[Sheet]:
    """The sheets wanted by name or number, in the order of the file; those that are not hidden if none are wanted.

    Raises:
        TableError: There is no such sheet.
    """
    if not wanted:
        return [sheet for sheet in sheets if not sheet.is_hidden] or list(sheets)
    names = [sheet.name for sheet in sheets]
    chosen: set[int] = set()
    for name in wanted:
        hits = [sheet.number for sheet in sheets if sheet.name.strip().casefold() == name.strip().casefold()]
        hits = hits or [sheet.number for sheet in sheets if str(sheet.number) == name.strip()]
        if not hits:
            finding = make_message("no sheet '{name}'{hint}", name=name, hint=did_you_mean(name, names))
            sheet_names = ", ".join(f"{sheet.number} {sheet.name}" for sheet in sheets[:30])
            raise TableError(Fault(place, finding, make_message("the sheets are: {names}", names=sheet_names)))
        chosen.add(hits[0])
    return [sheet for sheet in sheets if sheet.number in chosen]


def value_text(value: Value, is_percent: bool = False) -> str:
    """The text of a cell as a person sees it: ``1``, not ``1.0``; ``2026-03-31`` for a day; no time at midnight."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"{number_text(value * 100)}%" if is_percent else number_text(value)
    return _time_text(value)


def _time_text(value: time | date | timedelta) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, timedelta):
        hours, seconds = divmod(int(value.total_seconds()), 3600)
        return f"{hours}:{seconds // 60:02}"
    return value.isoformat()


def number_text(value: float) -> str:
    """The text of a number, with the 15 digits that a spreadsheet keeps."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < _MAX_EXACT_INTEGER):
        return str(int(value))
    return f"{value:.15g}"


def _scan(file: BinaryIO, recognised: RecognisedTable, place: str) -> dict[str, SheetFacts] | list[SheetFacts]:
    if recognised.package is None:
        from matchmaker.office.oldsheets import scan_old_workbook

        return scan_old_workbook(file, place)
    with zipfile.ZipFile(file) as archive:
        return PackedSheets(recognised.package, archive, place).scan()


def _facts_of(facts: dict[str, SheetFacts] | list[SheetFacts], meta: SheetMetadata, number: int) -> SheetFacts | None:
    if isinstance(facts, dict):
        return facts.get(meta.name)
    return facts[number - 1] if number <= len(facts) else None


def _vertical_merges(facts: SheetFacts) -> dict[int, list[tuple[int, int]]]:
    """Cells merged over several rows: first row to a list of (first column, last row)."""
    down: dict[int, list[tuple[int, int]]] = {}
    for (row, column), (last, _) in facts.merges:
        if last > row:
            down.setdefault(row, []).append((column, last))
    return down
