"""The kind of a table, recognised by its content: file name endings are often wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal, TypeAlias

from matchmaker.errors import Fault, TableError
from matchmaker.messages import make_message
from matchmaker.office.kinds import OLE_SIGNATURE, ZIP_SIGNATURE, kind_by_ending, kind_named, ole_kind
from matchmaker.office.packed import Limits, Package, open_package

TableKind: TypeAlias = Literal["text", "lines", "xlsx", "ods", "xls", "parquet"]
"""``text`` is text with delimiters between cells, ``lines`` is JSONL."""

MAX_WORKBOOK: Final = 100_000_000
MAX_FIRST_LINE: Final = 1_000_000
_START_SIZE: Final = 65_536
_AS_TEXT: Final = "this is a text with delimiters (CSV), and is read as one"
_NOTES: Final[dict[TableKind, str]] = {
    "xlsx": "this is an Excel workbook (.xlsx), and is read as one",
    "ods": "this is an OpenDocument spreadsheet (.ods), and is read as one",
    "xls": "this is an old Excel workbook (.xls), and is read as one",
    "parquet": "this is a Parquet file, and is read as one",
    "text": _AS_TEXT,
    "lines": _AS_TEXT,
}
_WEB_PAGE: Final = re.compile(
    rb"\s*(?:(?><!--.*?-->)\s*+)*+<(?:!doctype\s+html|html|head|body|table|meta)\b", re.I | re.DOTALL
)
_EXCEL_2003_XML: Final = b"urn:schemas-microsoft-com:office:spreadsheet"
_SAVE_AS_XLSX: Final = "open it in Excel or WPS and save it as .xlsx"


@dataclass(frozen=True, slots=True)
class RecognisedTable:
    """A table file.

    Attributes:
        kind: Its kind by its content.
        package: The package of a packed file; ``None`` for any other.
        note: A note if its name suggests another kind.
    """

    kind: TableKind
    package: Package | None = None
    note: Fault | None = None


def recognise(path: Path, file: BinaryIO) -> RecognisedTable:
    """Recognise the kind of a table file.

    Args:
        path: Its name, for messages and for its ending, which decides only between kinds of text.
        file: The file, at its start; the package in the result reads from it.

    Raises:
        TableError: It is not a table, or one that cannot be read here; the remedy says what to do.
    """
    place, suffix = str(path), path.suffix.lower()
    start = file.read(_START_SIZE)
    if start.startswith((ZIP_SIGNATURE, OLE_SIGNATURE)):
        _check_size(file, place)
    if start.startswith(ZIP_SIGNATURE):
        package = open_package(file, place=place, error=TableError, limits=Limits(200_000_000, 300_000_000))
        return RecognisedTable(
            _packed_kind(package, path), package, _ending_note(place, suffix, _packed_kind(package, path))
        )
    if start.startswith(OLE_SIGNATURE):
        _check_old(start + file.read(), path)
        return RecognisedTable("xls", None, _ending_note(place, suffix, "xls"))
    if kind_named("parquet").is_told_by(start, suffix):
        return RecognisedTable("parquet", None, _ending_note(place, suffix, "parquet"))
    _check_text(start, path)
    if not suffix.startswith((".json", ".nd")):
        _check_first_line(start, file, place)
    named = kind_by_ending(suffix)
    kind: TableKind = "lines" if named and named.name == "lines" else "text"
    return RecognisedTable(kind, None, _ending_note(place, suffix, kind) if named and named.within != "text" else None)


def _check_size(file: BinaryIO, place: str) -> None:
    if file.seek(0, 2) > MAX_WORKBOOK:
        raise TableError(Fault(place, "a workbook larger than 100 MB", _AS_CSV))
    file.seek(_START_SIZE)


_AS_CSV: Final = "save its sheets as CSV UTF-8, which is read row by row"


def _packed_kind(package: Package, path: Path) -> TableKind:
    if package.kind in ("xlsx", "ods"):
        return "ods" if package.kind == "ods" else "xlsx"
    place = str(path)
    if package.kind in ("docx", "odt"):
        raise TableError(_document_fault(path))
    if package.kind == "xlsb":
        raise TableError(Fault(place, "a binary workbook (.xlsb), which is not read here", _SAVE_AS_XLSX))
    finding = "an archive that is not a workbook"
    raise TableError(Fault(place, finding, "unpack it, or save the table as .xlsx or CSV UTF-8"))


def _check_old(data: bytes, path: Path) -> None:
    place, kind = str(path), ole_kind(data)
    if kind == "encrypted":
        finding = "the file is protected by a password"
        raise TableError(Fault(place, finding, "open it with its password and save it without one"))
    if kind == "doc":
        raise TableError(_document_fault(path))
    if kind != "xls":
        raise TableError(Fault(place, "an old office file that is not a workbook", _SAVE_AS_XLSX))


def _check_text(start: bytes, path: Path) -> None:
    place, suffix = str(path), path.suffix.lower()
    if suffix != ".txt" and _is_of_document(suffix):
        raise TableError(_document_fault(path))
    plain = start.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").replace(b"\x00", b"")
    if _WEB_PAGE.match(plain):
        raise TableError(Fault(place, "a web page under the name of a table", _SAVE_AS_XLSX))
    if _EXCEL_2003_XML in plain[:4_096]:
        raise TableError(Fault(place, "an Excel workbook in XML of 2003, which is not read here", _SAVE_AS_XLSX))
    if suffix == ".txt" and not _is_table_by_look(plain):
        raise TableError(_document_fault(path))


def _is_table_by_look(start: bytes) -> bool:
    """Whether a text looks like Excel's "Unicode text": its first line has several cells, separated by tabs."""
    return b"\t" in start.partition(b"\n")[0].strip(b"\t\r ")


def _check_first_line(start: bytes, file: BinaryIO, place: str) -> None:
    """Refuse a file with an overlong first line: all of it would be read before anything is known."""
    n_read = len(start)
    while start and b"\n" not in start and b"\r" not in start:
        if n_read > MAX_FIRST_LINE:
            finding = make_message("its first line has more than {n:,} characters", n=MAX_FIRST_LINE)
            raise TableError(Fault(place, finding, "a table has a row of headings, then a row for each problem"))
        start = file.read(_START_SIZE)
        n_read += len(start)


def _document_fault(path: Path) -> Fault:
    suffix = path.suffix.lower()
    ending = suffix if _is_of_document(suffix) else ".docx"
    finding = make_message("a {suffix} file holds one problem, this needs a table", suffix=ending)
    remedy = make_message("use: matchmaker match {path} (or, if it is a table, give it the ending .csv)", path=path)
    return Fault(str(path), finding, remedy)


def _is_of_document(suffix: str) -> bool:
    named = kind_by_ending(suffix)
    return named is not None and named.holds == "document"


def _ending_note(place: str, suffix: str, kind: TableKind) -> Fault | None:
    """A note where an ending is that of another kind of table; whatever is not, is one of a text."""
    named = kind_by_ending(suffix)
    is_of_table = named is not None and named.within != "text" and named.holds in ("table", "workbook")
    is_as_named = (named.name if named and is_of_table else "text") == kind
    return None if is_as_named else Fault(place, _NOTES[kind])
