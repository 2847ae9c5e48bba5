"""Packed office files (docx, xlsx, odt, ods): looked over before any library opens them.

Everything is judged from the list of parts and from the first bytes of each, so that a file made to exhaust the reader
costs nothing. What is never done: macros are not run, links are not followed, nothing is unpacked to disk.

A link to another file is normal in an office (a hyperlink, a template on the author's own disk) and is left alone; what
would be fetched and shown as a part of the text from another machine (template, frame, embedded object) is how such
files are made to attack, and is refused, as macros are.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO, Final, Literal, TypeAlias
from xml.etree import ElementTree as ET

from matchmaker.errors import Fault, InputError
from matchmaker.messages import said

Kind: TypeAlias = Literal["docx", "xlsx", "xlsb", "pptx", "odt", "ods", "odp", "ofd", "zip"]
"""What a packed file is by its parts; ``zip`` is any other. Templates and files with macros count as their kind."""

OleKind: TypeAlias = Literal["encrypted", "doc", "xls", "ppt", "ole"]

MAX_PARTS: Final = 5_000
MAX_DIRECTORY: Final = 2_000_000
MAX_RATIO: Final = 200
_RATIO_MATTERS_FROM: Final = 10_000_000
_SMALL_PART: Final = 4_000_000
_PROLOG: Final = 65_536
_CHUNK: Final = 1_000_000
_DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,  # what zipfile raises for a part behind a password
    ValueError,
    OverflowError,
    OSError,
)
_CONTENT_TYPES: Final[tuple[tuple[bytes, Kind], ...]] = (
    (b"wordprocessingml.document.main", "docx"),
    (b"wordprocessingml.template.main", "docx"),
    (b"ms-word.document.macroenabled.main", "docx"),
    (b"ms-word.template.macroenabledtemplate.main", "docx"),
    (b"ms-excel.sheet.binary.macroenabled.main", "xlsb"),
    (b"spreadsheetml.sheet.main", "xlsx"),
    (b"spreadsheetml.template.main", "xlsx"),
    (b"ms-excel.sheet.macroenabled.main", "xlsx"),
    (b"ms-excel.template.macroenabled.main", "xlsx"),
    (b"presentationml.", "pptx"),
    (b"ms-powerpoint.", "pptx"),
)
_OPEN_DOCUMENT: Final[tuple[tuple[bytes, Kind], ...]] = (
    (b"application/vnd.oasis.opendocument.text", "odt"),
    (b"application/vnd.oasis.opendocument.spreadsheet", "ods"),
    (b"application/vnd.oasis.opendocument.presentation", "odp"),
)
_MACRO_PARTS: Final = re.compile(r"(?:.*/)?vbaproject[^/]*\.bin|basic/.+|scripts/.+", re.IGNORECASE)
_NEVER_READ: Final = (".svg", ".htm", ".html", ".xhtml", ".mht", ".txt")
_ENCODING: Final = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_TRANSPARENT: Final = re.compile(
    rb"utf-?8|utf-?16(le|be)?|us-ascii|ascii|iso-8859-([1-9]|1[013-6])|windows-125[0-8]", re.I
)
_PASSED_OVER: Final = re.compile(rb"\s*(?:<\?.*?\?>|<!--.*?-->)", re.DOTALL)
_FROM_ELSEWHERE: Final = re.compile(
    r"(?:https?|ftps?|smb|webdav|mhtml|ms-\w+):|(?:file:)?[\\/]{2,}(?![\\/]*[A-Za-z]:)", re.I
)
_PULLED_IN: Final = frozenset(
    {"attachedtemplate", "oleobject", "frame", "subdocument", "afchunk", "package", "control"}
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How large, in bytes unpacked, the parts of a file may be: one of them, and all together."""

    part: int = 200_000_000
    total: int = 500_000_000


@dataclass(frozen=True, slots=True)
class Link:
    """A link to something outside the file: the kind of relation (``hyperlink``, ``oleObject``), and where to."""

    kind: str
    target: str

    @property
    def is_pulled_in(self) -> bool:
        """Whether an office program would fetch it from another machine and show it as a part of the document."""
        return self.kind.casefold() in _PULLED_IN and _FROM_ELSEWHERE.match(self.target.strip()) is not None


class Package:
    """A packed file that was looked over and may be read.

    Attributes:
        kind: What it is by its parts, whatever its name says.
        names: Its parts, in their order.
        links: Where it links to outside itself, in order; none of them is ever followed.
    """

    def __init__(self, archive: zipfile.ZipFile, place: str, error: type[InputError]) -> None:
        self._archive = archive
        self._place = place
        self._error = error
        self.names = tuple(info.filename for info in archive.infolist() if not _is_folder(info))
        self.kind: Kind = "zip"
        self.links: tuple[Link, ...] = ()

    def read(self, name: str, limit: int) -> bytes:
        """One part, unpacked.

        Raises:
            InputError: It is not there, has more than ``limit`` bytes whatever its declared size, or is damaged.
        """
        with self._reading(), self._archive.open(name) as part:
            data = part.read(limit + 1)
            if len(data) <= limit:  # the checksum is compared at the end, which is reached only now
                data += part.read(1)
        if len(data) > limit:
            raise self._error(Fault(self._place, said("its part {name} is too large", name=name), _TOO_LARGE))
        return data

    def read_xml(self, name: str, limit: int) -> bytes:
        """As ``read``, of a part that is XML: it has no document type, so no entities either.

        Raises:
            InputError: As for ``read``, or it is XML as no office program writes it.
        """
        data = self.read(name, limit)
        self._check_prolog(name, data)
        return data

    def refused(self, finding: str) -> InputError:
        """The error for a part that cannot be read for another reason."""
        return self._error(Fault(self._place, finding, _RESAVE))

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (KeyError, *_DAMAGED) as caught:
            raise self._error(Fault(self._place, "the file is damaged or incomplete", _DAMAGED_REMEDY)) from caught

    def _look_over(self, limits: Limits) -> None:
        infos = self._archive.infolist()
        self._check_sizes(infos, limits)
        self._check_names(infos)
        for info in infos:
            if not _is_folder(info):
                with self._reading(), self._archive.open(info) as part:
                    start = part.read(_PROLOG)
                self._check_prolog(info.filename, start, is_start=info.file_size > len(start))
        self.kind = self._find_kind()
        self._check_protection()
        if any(_MACRO_PARTS.fullmatch(name) for name in self.names):
            raise self._error(Fault(self._place, "the file holds macros, which are not accepted", _MACROS_REMEDY))
        self.links = tuple(self._find_links())
        pulled = next((link for link in self.links if link.is_pulled_in), None)
        if pulled:
            finding = said(
                "the file pulls in a part from another machine ({kind}: {target})",
                kind=pulled.kind,
                target=pulled.target[:100],
            )
            raise self._error(Fault(self._place, finding, _LINK_REMEDY))

    def _check_sizes(self, infos: list[zipfile.ZipInfo], limits: Limits) -> None:
        if any(info.flag_bits & 0x1 for info in infos):
            raise self._error(Fault(self._place, "the file is protected by a password", _UNLOCK))
        is_bomb = (
            len(infos) > MAX_PARTS
            or any(info.file_size > limits.part for info in infos)
            or sum(info.file_size for info in infos) > limits.total
            or any(info.file_size > max(_RATIO_MATTERS_FROM, MAX_RATIO * info.compress_size) for info in infos)
            or _overlap(infos)
        )
        if is_bomb:
            finding = "unpacked it would be far larger than any office file"
            raise self._error(Fault(self._place, finding, _TOO_LARGE))

    def _check_names(self, infos: list[zipfile.ZipInfo]) -> None:
        names = [info.filename.replace("\\", "/") for info in infos]
        if len(set(names)) < len(names) or any(
            name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in name.split("/") for name in names
        ):
            finding = "its parts have names that no office program gives"
            raise self._error(Fault(self._place, finding, _RESAVE))

    def _check_prolog(self, name: str, data: bytes, *, is_start: bool = False) -> None:
        """Refuse XML with a document type: entities, the only way XML grows when it is read, need one."""
        if name.lower().endswith(_NEVER_READ):
            return
        start = _ascii_of(data[:_PROLOG]).lstrip()
        is_cut = is_start or len(data) > _PROLOG
        if start and not start.startswith(b"<"):
            if name.lower().endswith((".xml", ".rels")):
                raise self._error(Fault(self._place, "the file is damaged or incomplete", _DAMAGED_REMEDY))
            return
        declared = _ENCODING.match(start)
        at = 0
        while match := _PASSED_OVER.match(start, at):
            at = match.end()
        rest = start[at:].lstrip()
        is_odd = declared is not None and not _TRANSPARENT.fullmatch(declared[1])
        if is_odd or rest.startswith((b"<!", b"<?")) or (not rest and is_cut):
            finding = "it holds XML with a document type or in an odd encoding, which no office program writes"
            raise self._error(Fault(self._place, finding, _RESAVE))

    def _find_kind(self) -> Kind:
        if "[Content_Types].xml" in self.names:
            types = self.read("[Content_Types].xml", _SMALL_PART).replace(b"\x00", b"").lower()
            return next((kind for mark, kind in _CONTENT_TYPES if mark in types), "zip")
        if "mimetype" in self.names:
            named = self.read("mimetype", _SMALL_PART).strip()
            return next((kind for mark, kind in _OPEN_DOCUMENT if named.startswith(mark)), "zip")
        return "ofd" if "OFD.xml" in self.names else "zip"

    def _check_protection(self) -> None:
        manifest = "META-INF/manifest.xml"
        if manifest in self.names and b"encryption-data" in self.read(manifest, _SMALL_PART):
            raise self._error(Fault(self._place, "the file is protected by a password", _UNLOCK))

    def _find_links(self) -> Iterator[Link]:
        for name in self.names:
            if not name.endswith(".rels"):
                continue
            with self._reading():
                data = self.read_xml(name, _SMALL_PART)
                try:
                    root = ET.fromstring(data)  # noqa: S314 - without a document type there is nothing to expand
                except ET.ParseError as caught:
                    raise zipfile.BadZipFile(str(caught)) from caught
            for relation in root.iter():
                if relation.get("TargetMode", "").casefold() == "external":
                    yield Link(relation.get("Type", "").rpartition("/")[2], relation.get("Target", ""))


_TOO_LARGE: Final = "do not open it unless you know who made it; paste its text instead"
_DAMAGED_REMEDY: Final = "ask for the file again, or open it in Office or WPS and save it anew"
_UNLOCK: Final = "open it with its password and save it without one"
_MACROS_REMEDY: Final = "open it with macros switched off and save it as .docx or .xlsx without macros"
_LINK_REMEDY: Final = "do not open it unless you know who made it; paste its text instead"
_RESAVE: Final = "if you trust it, open it in Office or WPS and save it anew"


def open_package(file: BinaryIO, *, place: str, error: type[InputError], limits: Limits | None = None) -> Package:
    """Look a packed file over, by its list of parts and the first bytes of each.

    Args:
        file: The file, open for reading, which stays open as long as the package is used.
        place: What to call it in an error.
        error: What to raise.
        limits: How large it may be.

    Raises:
        error: It is damaged, protected by a password, holds macros, pulls in parts from another machine, or is made to
            exhaust or mislead its reader: too many or too large parts, parts that share their bytes, two parts of one
            name, paths that lead out of the file, XML with a document type.
    """
    try:
        archive = zipfile.ZipFile(_Bounded(file))
    except _DAMAGED as caught:
        raise error(Fault(place, "the file is damaged or incomplete", _DAMAGED_REMEDY)) from caught
    package = Package(archive, place, error)
    package._look_over(limits or Limits())
    return package


def ole_kind(data: bytes) -> OleKind:
    """What an old office file (it begins with ``OLE_SIGNATURE``) is: ``encrypted`` is a new one behind a password."""
    names: tuple[tuple[str, OleKind], ...] = (
        ("EncryptedPackage", "encrypted"),
        ("WordDocument", "doc"),
        ("Workbook", "xls"),
        ("PowerPoint Document", "ppt"),
    )
    return next((kind for name, kind in names if name.encode("utf-16-le") in data), "ole")


class _Bounded:
    """A file whose list of parts is never longer than ``MAX_DIRECTORY`` bytes; zipfile reads it in one piece."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        # Only the list of parts is asked for in pieces as large as this; the parts are unpacked in small ones.
        if size > MAX_DIRECTORY:
            raise zipfile.BadZipFile("a list of parts as long as this is no office file's")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True


def _is_folder(info: zipfile.ZipInfo) -> bool:
    """As ``ZipInfo.is_dir``, which fails on an empty name."""
    return info.filename.endswith("/")


def _overlap(infos: list[zipfile.ZipInfo]) -> bool:
    """Whether two parts share bytes of the file, which makes a small file unpack to any size."""
    ordered = sorted(infos, key=lambda info: info.header_offset)
    return any(
        this.header_offset + 30 + this.compress_size > following.header_offset for this, following in pairwise(ordered)
    )


def _ascii_of(data: bytes) -> bytes:
    """The start of a part without its byte order mark, UTF-16 as ASCII with question marks for what is none."""
    for mark, name in (
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
        (b"<\x00", "utf-16-le"),
        (b"\x00<", "utf-16-be"),
    ):
        if data.startswith(mark):  # decoded, as a character such as U+2D2D would else look like the end of a comment
            return data.decode(name, "replace").lstrip("\ufeff").encode("ascii", "replace")
    return data.removeprefix(b"\xef\xbb\xbf")
