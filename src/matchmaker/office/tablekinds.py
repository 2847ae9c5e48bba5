"""What kind of table a file is, told by its content: the ending of a name is often wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal, TypeAlias

from matchmaker.errors import Fault, TableError
from matchmaker.messages import said
from matchmaker.office.kinds import OLE_SIGNATURE, ZIP_SIGNATURE
from matchmaker.office.packed import Limits, Package, ole_kind, open_package

Kind: TypeAlias = Literal["text", "lines", "xlsx", "ods", "xls", "parquet"]
"""``text`` has a delimiter between cells, ``lines`` is JSONL."""

MAX_WORKBOOK: Final = 100_000_000
MAX_FIRST_LINE: Final = 1_000_000
_START: Final = 65_536
_PARQUET: Final = b"PAR1"
_JSON_LINES: Final = frozenset({".jsonl", ".ndjson"})
_DOCUMENTS: Final = frozenset(
    {".yaml", ".yml", ".json", ".md", ".markdown", ".eml", ".html", ".htm", ".docx", ".doc", ".wps", ".pdf"}
)
_ENDINGS: Final[dict[str, Kind]] = {".xlsx": "xlsx", ".ods": "ods", ".xls": "xls", ".et": "xls", ".parquet": "parquet"}
_AS_TEXT: Final = "this is a text with delimiters (CSV), and is read as one"
_NOTES: Final[dict[Kind, str]] = {
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
_OLD_XML: Final = b"urn:schemas-microsoft-com:office:spreadsheet"
_SAVE_AS_XLSX: Final = "open it in Excel or WPS and save it as .xlsx"


@dataclass(frozen=True, slots=True)
class Recognised:
    """The kind of a file; the package of a packed one; and a note where its name says something else."""

    kind: Kind
    package: Package | None = None
    note: Fault | None = None


def recognise(path: Path, file: BinaryIO) -> Recognised:
    """Tell what kind of table a file is.

    Args:
        path: Its name, for messages and for its ending, which decides only among texts.
        file: The file, at its start; a package that is found reads from it.

    Raises:
        TableError: It is no table, or one that cannot be read here; the remedy says what to do.
    """
    place, suffix = str(path), path.suffix.lower()
    start = file.read(_START)
    if start.startswith((ZIP_SIGNATURE, OLE_SIGNATURE)):
        _check_size(file, place)
    if start.startswith(ZIP_SIGNATURE):
        package = open_package(file, place=place, error=TableError, limits=Limits(200_000_000, 300_000_000))
        return Recognised(
            _packed_kind(package, path), package, _named_otherwise(place, suffix, _packed_kind(package, path))
        )
    if start.startswith(OLE_SIGNATURE):
        _check_old(start + file.read(), path)
        return Recognised("xls", None, _named_otherwise(place, suffix, "xls"))
    if start.startswith(_PARQUET):
        return Recognised("parquet", None, _named_otherwise(place, suffix, "parquet"))
    _check_text(start, path)
    if not suffix.startswith((".json", ".nd")):
        _check_first_line(start, file, place)
    kind: Kind = "lines" if suffix in _JSON_LINES else "text"
    return Recognised(
        kind, None, _named_otherwise(place, suffix, kind) if suffix in _ENDINGS or suffix == ".xlsm" else None
    )


def _check_size(file: BinaryIO, place: str) -> None:
    if file.seek(0, 2) > MAX_WORKBOOK:
        raise TableError(Fault(place, "a workbook larger than 100 MB", _AS_CSV))
    file.seek(_START)


_AS_CSV: Final = "save its sheets as CSV UTF-8, which is read row by row"


def _packed_kind(package: Package, path: Path) -> Kind:
    if package.kind in ("xlsx", "ods"):
        return "ods" if package.kind == "ods" else "xlsx"
    place = str(path)
    if package.kind in ("docx", "odt"):
        raise TableError(_is_document(path))
    if package.kind == "xlsb":
        raise TableError(Fault(place, "a binary workbook (.xlsb), which is not read here", _SAVE_AS_XLSX))
    finding = "a packed file that is no workbook"
    raise TableError(Fault(place, finding, "unpack it, or save the table as .xlsx or CSV UTF-8"))


def _check_old(data: bytes, path: Path) -> None:
    place, kind = str(path), ole_kind(data)
    if kind == "encrypted":
        finding = "the file is protected by a password"
        raise TableError(Fault(place, finding, "open it with its password and save it without one"))
    if kind == "doc":
        raise TableError(_is_document(path))
    if kind != "xls":
        raise TableError(Fault(place, "an old office file that is no workbook", _SAVE_AS_XLSX))


def _check_text(start: bytes, path: Path) -> None:
    place, suffix = str(path), path.suffix.lower()
    if suffix in _DOCUMENTS:
        raise TableError(_is_document(path))
    plain = start.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").replace(b"\x00", b"")
    if _WEB_PAGE.match(plain):
        raise TableError(Fault(place, "a web page under the name of a table", _SAVE_AS_XLSX))
    if _OLD_XML in plain[:4_096]:
        raise TableError(Fault(place, "an Excel workbook in XML of 2003, which is not read here", _SAVE_AS_XLSX))
    if suffix == ".txt" and not _is_table_by_look(plain):
        raise TableError(_is_document(path))


def _is_table_by_look(start: bytes) -> bool:
    """Whether a text is what Excel calls "Unicode text": its first line has several cells, with tabs between."""
    return b"\t" in start.partition(b"\n")[0].strip(b"\t\r ")


def _check_first_line(start: bytes, file: BinaryIO, place: str) -> None:
    """Refuse what has no line end for long: all of it would be read before anything is known."""
    n_read = len(start)
    while start and b"\n" not in start and b"\r" not in start:
        if n_read > MAX_FIRST_LINE:
            finding = said("its first line has more than {n:,} characters", n=MAX_FIRST_LINE)
            raise TableError(Fault(place, finding, "a table has a row of headings, then a row for each problem"))
        start = file.read(_START)
        n_read += len(start)


def _is_document(path: Path) -> Fault:
    suffix = path.suffix.lower()
    ending = suffix if suffix in _DOCUMENTS | {".txt"} else ".docx"
    finding = said("a {suffix} file holds one problem, this needs a table", suffix=ending)
    remedy = said("use: matchmaker match {path} (or, if it is a table, give it the ending .csv)", path=path)
    return Fault(str(path), finding, remedy)


def _named_otherwise(place: str, suffix: str, kind: Kind) -> Fault | None:
    is_as_named = _ENDINGS.get(suffix, "text") == kind or (suffix in (".xlsm", ".xltx", ".xltm") and kind == "xlsx")
    return None if is_as_named else Fault(place, _NOTES[kind])
