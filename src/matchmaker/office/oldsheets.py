"""A scan of an old Excel workbook (.xls) before it is read, as ``sheetscan`` does for new ones.

The workbook is one stream of records, each with a number, a length and that many bytes ([MS-XLS], section 2.1.4).
"""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

from matchmaker.errors import Fault, TableError
from matchmaker.messages import make_message
from matchmaker.office.sheetfacts import AS_CSV, MAX_AREA, SheetFacts

_MAX_STREAM: Final = 100_000_000
_SECTORS: Final = frozenset({(9, 6), (12, 6)})
"""Binary logarithms of the sizes of sectors: 512 or 4,096 bytes, and 64 for small ones ([MS-CFB], section 2.2)."""
_END_OF_SHEET, _BOUND_SHEET, _PASSWORD, _ROW = 0x0A, 0x85, 0x2F, 0x208
# The records of cells: number, label, shared label, RK number, formula, boolean or error, rich text, several RK
# numbers in a row.
_CELL_RECORDS: Final = frozenset({0x203, 0x204, 0xFD, 0x27E, 0x06, 0x205, 0xD6, 0xBD})
_ERROR_OR_FLAG, _FORMULA, _RK_NUMBERS, _DIMENSIONS = 0x205, 0x06, 0xBD, 0x200
_MAX_ROWS: Final = 65_536
_MAX_COLUMNS: Final = 256
_SHARED_TEXTS: Final = 0xFC
_MIN_TEXT_BYTES: Final = 3
_ERRORS: Final = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!"}
_REMEDY: Final = "open it in Excel or WPS and save it as .xlsx"


def scan_old_workbook(file: BinaryIO, place: str) -> list[SheetFacts]:
    """The facts about each sheet, in order, including charts and macro sheets.

    Raises:
        TableError: The workbook would take too much memory, is protected by a password, or is damaged.
    """
    data = _workbook_stream(file, place)
    try:
        return _scan_sheets(data, place)
    except (struct.error, IndexError) as error:
        raise TableError(Fault(place, "the file is damaged or incomplete", _REMEDY)) from error


def _workbook_stream(file: BinaryIO, place: str) -> bytes:
    import olefile  # kept out of start-up: only old workbooks need it

    try:
        _check_sectors(file)
        file.seek(0)
        with olefile.OleFileIO(file) as container:
            name = next((name for name in ("Workbook", "Book") if container.exists(name)), "")
            if not name or container.get_size(name) > _MAX_STREAM:
                raise TableError(Fault(place, "an old office file that is not a workbook", _REMEDY))
            data: bytes = container.openstream(name).read()
    except (OSError, ValueError, TypeError, IndexError, OverflowError, AttributeError, struct.error) as error:
        raise TableError(Fault(place, "the file is damaged or incomplete", _REMEDY)) from error
    return data


def _check_sectors(file: BinaryIO) -> None:
    """Refuse sectors of a size that no real file has: olefile and calamine would allocate one of any size."""
    file.seek(30)
    if struct.unpack("<HH", file.read(4)) not in _SECTORS:
        raise ValueError


def _scan_sheets(data: bytes, place: str) -> list[SheetFacts]:
    starts: list[int] = []
    offset = 0
    while offset + 4 <= len(data):
        kind, length = struct.unpack_from("<HH", data, offset)
        if kind == _PASSWORD:
            finding = "the file is protected by a password"
            raise TableError(Fault(place, finding, "open it with its password and save it without one"))
        if kind == _SHARED_TEXTS and struct.unpack_from("<I", data, offset + 8)[0] > len(data) // _MIN_TEXT_BYTES:
            raise IndexError("more texts than there is room for")
        if kind == _BOUND_SHEET:
            starts.append(struct.unpack_from("<I", data, offset + 4)[0])
        offset += 4 + length
        if kind == _END_OF_SHEET:
            break
    all_facts = [_scan_sheet(data, start) for start in starts]
    if sum(facts.area for facts in all_facts) > MAX_AREA or len(all_facts) > 1_000:  # all sheets are read at once
        raise TableError(Fault(place, make_message("more than {n:,} cells in its sheets", n=MAX_AREA), AS_CSV))
    return all_facts


def _scan_sheet(data: bytes, offset: int) -> SheetFacts:
    facts = SheetFacts()
    hidden: set[int] = set()
    filled: set[int] = set()
    depth = 0
    while offset + 4 <= len(data):
        kind, length = struct.unpack_from("<HH", data, offset)
        offset += 4
        if kind in (0x809, 0x409, 0x209, 0x009):  # a sheet may contain a chart, which begins and ends like a sheet
            depth += 1
        elif kind == _END_OF_SHEET:
            depth -= 1
            if depth <= 0:
                break
        elif kind in _CELL_RECORDS:
            row, column = struct.unpack_from("<HH", data, offset)
            if column >= _MAX_COLUMNS:
                raise IndexError("a column that no sheet has")
            facts.mark_filled(row, column + (max(0, length // 6 - 2) if kind == _RK_NUMBERS else 0))
            filled.add(row)
            if error := _error_in(kind, data[offset : offset + length]):
                facts.errors[row, column] = error
        elif kind == _ROW and struct.unpack_from("<H", data, offset + 12)[0] & 0x20:
            hidden.add(struct.unpack_from("<H", data, offset)[0])
        elif kind == _DIMENSIONS:
            _check_dimensions(data[offset : offset + length])
        offset += length
    facts.n_hidden_rows = len(hidden & filled)
    return facts


def _check_dimensions(body: bytes) -> None:
    """Refuse dimensions that no sheet has: the reader allocates them before any cell is read."""
    first_row, last_row, first_column, last_column = struct.unpack_from("<IIHH" if len(body) >= 12 else "<HHHH", body)
    if not (first_row <= last_row <= _MAX_ROWS and first_column <= last_column <= _MAX_COLUMNS):
        raise IndexError("a sheet as large as none is")


def _error_in(kind: int, body: bytes) -> str:
    """The error in a cell, or that of its formula; empty when there is none."""
    if kind == _ERROR_OR_FLAG and body[7]:
        return _ERRORS.get(body[6], "#N/A")
    if kind == _FORMULA and body[6] == 2 and body[12:14] == b"\xff\xff":
        return _ERRORS.get(body[8], "#N/A")
    return ""
