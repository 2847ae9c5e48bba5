"""A look through an old Excel workbook (.xls) before it is read, as ``sheetscan`` has it for new ones.

The workbook is one stream of records: a number, a length, and so many bytes ([MS-XLS], section 2.1.4).
"""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

from matchmaker.errors import Fault, TableError
from matchmaker.messages import said
from matchmaker.office.sheetscan import AS_CSV, MAX_AREA, SheetFacts

_MAX_STREAM: Final = 100_000_000
_SECTORS: Final = frozenset({(9, 6), (12, 6)})  # 512 or 4,096 bytes, and 64 ([MS-CFB], section 2.2)
_END_OF_SHEET, _BOUND_SHEET, _PASSWORD, _ROW = 0x0A, 0x85, 0x2F, 0x208
# Number, label, shared label, RK number, formula, boolean or error, rich text, several RK numbers in a row.
_FILLED: Final = frozenset({0x203, 0x204, 0xFD, 0x27E, 0x06, 0x205, 0xD6, 0xBD})
_ERROR_OR_FLAG, _FORMULA, _RK_NUMBERS, _DIMENSIONS = 0x205, 0x06, 0xBD, 0x200
_MOST_ROWS: Final = 65_536
_MOST_COLUMNS: Final = 256
_SHARED_TEXTS: Final = 0xFC
_SHORTEST_TEXT: Final = 3
_ERRORS: Final = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!"}
_REMEDY: Final = "open it in Excel or WPS and save it as .xlsx"


def look_through_old(file: BinaryIO, place: str) -> list[SheetFacts]:
    """The facts of each sheet, in order, charts and macro sheets among them.

    Raises:
        TableError: It would take too much memory, is protected by a password, or is damaged.
    """
    data = _stream(file, place)
    try:
        return _all_facts(data, place)
    except (struct.error, IndexError) as error:
        raise TableError(Fault(place, "the file is damaged or incomplete", _REMEDY)) from error


def _stream(file: BinaryIO, place: str) -> bytes:
    import olefile  # kept out of start-up: only old workbooks need it

    try:
        _check_sectors(file)
        file.seek(0)
        with olefile.OleFileIO(file) as container:
            name = next((name for name in ("Workbook", "Book") if container.exists(name)), "")
            if not name or container.get_size(name) > _MAX_STREAM:
                raise TableError(Fault(place, "an old office file that is no workbook", _REMEDY))
            data: bytes = container.openstream(name).read()
    except (OSError, ValueError, TypeError, IndexError, OverflowError, AttributeError, struct.error) as error:
        raise TableError(Fault(place, "the file is damaged or incomplete", _REMEDY)) from error
    return data


def _check_sectors(file: BinaryIO) -> None:
    """Refuse sectors of a size that no file has: olefile and calamine would make room for one of any size."""
    file.seek(30)
    if struct.unpack("<HH", file.read(4)) not in _SECTORS:
        raise ValueError


def _all_facts(data: bytes, place: str) -> list[SheetFacts]:
    starts: list[int] = []
    at = 0
    while at + 4 <= len(data):
        kind, length = struct.unpack_from("<HH", data, at)
        if kind == _PASSWORD:
            finding = "the file is protected by a password"
            raise TableError(Fault(place, finding, "open it with its password and save it without one"))
        if kind == _SHARED_TEXTS and struct.unpack_from("<I", data, at + 8)[0] > len(data) // _SHORTEST_TEXT:
            raise IndexError("more texts than there is room for")
        if kind == _BOUND_SHEET:
            starts.append(struct.unpack_from("<I", data, at + 4)[0])
        at += 4 + length
        if kind == _END_OF_SHEET:
            break
    found = [_facts(data, start) for start in starts]
    if sum(facts.area for facts in found) > MAX_AREA or len(found) > 1_000:  # all sheets are read at once
        raise TableError(Fault(place, said("more than {n:,} cells in its sheets", n=MAX_AREA), AS_CSV))
    return found


def _facts(data: bytes, at: int) -> SheetFacts:
    facts = SheetFacts()
    hidden: set[int] = set()
    filled: set[int] = set()
    depth = 0
    while at + 4 <= len(data):
        kind, length = struct.unpack_from("<HH", data, at)
        at += 4
        if kind in (0x809, 0x409, 0x209, 0x009):  # a sheet may hold a chart, which begins and ends like one
            depth += 1
        elif kind == _END_OF_SHEET:
            depth -= 1
            if depth <= 0:
                break
        elif kind in _FILLED:
            row, column = struct.unpack_from("<HH", data, at)
            if column >= _MOST_COLUMNS:
                raise IndexError("a column that no sheet has")
            facts.fill(row, column + (max(0, length // 6 - 2) if kind == _RK_NUMBERS else 0))
            filled.add(row)
            if error := _error_in(kind, data[at : at + length]):
                facts.errors[row, column] = error
        elif kind == _ROW and struct.unpack_from("<H", data, at + 12)[0] & 0x20:
            hidden.add(struct.unpack_from("<H", data, at)[0])
        elif kind == _DIMENSIONS:
            _check_dimensions(data[at : at + length])
        at += length
    facts.n_hidden_rows = len(hidden & filled)
    return facts


def _check_dimensions(body: bytes) -> None:
    """Refuse a size that no sheet has: room is made for it before any cell is read."""
    first_row, last_row, first_column, last_column = struct.unpack_from("<IIHH" if len(body) >= 12 else "<HHHH", body)
    if not (first_row <= last_row <= _MOST_ROWS and first_column <= last_column <= _MOST_COLUMNS):
        raise IndexError("a sheet as large as none is")


def _error_in(kind: int, body: bytes) -> str:
    """The error that a cell holds, or a formula resulted in."""
    if kind == _ERROR_OR_FLAG and body[7]:
        return _ERRORS.get(body[6], "#N/A")
    if kind == _FORMULA and body[6] == 2 and body[12:14] == b"\xff\xff":
        return _ERRORS.get(body[8], "#N/A")
    return ""
