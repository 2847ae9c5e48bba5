"""Packed office files (docx, xlsx, odt, ods), inspected before any library opens them.

The inspection needs only the list of parts and the first bytes of each, so a file made to exhaust its reader costs
nothing. Macros are never run, links are never followed, and nothing is unpacked to disk.

Links to other files are normal in an office (a hyperlink, a template on the author's own disk) and are left alone. But
parts that a program would fetch from another machine and show inside the text (a template, a frame, an embedded object)
are a way of attack, and are refused, as macros are.
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
from typing import BinaryIO, Final
from xml.etree import ElementTree as ET

from matchmaker.errors import Fault, InputError
from matchmaker.messages import make_message
from matchmaker.office.kinds import packed_kind

MAX_PARTS: Final = 5_000
MAX_DIRECTORY: Final = 2_000_000
MAX_RATIO: Final = 200
_MIN_SIZE_FOR_RATIO: Final = 10_000_000
_MAX_SMALL_PART: Final = 4_000_000
_PROLOG_SIZE: Final = 65_536
_CHUNK: Final = 1_000_000
_DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,  # raised by zipfile for a part that is protected by a password
    ValueError,
    OverflowError,
    OSError,
)
_MACRO_PARTS: Final = re.compile(r"(?:.*/)?vbaproject[^/]*\.bin|basic/.+|scripts/.+", re.IGNORECASE)
_NEVER_READ: Final = (".svg", ".htm", ".html", ".xhtml", ".mht", ".txt")
_ENCODING: Final = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_USUAL_ENCODING: Final = re.compile(
    rb"utf-?8|utf-?16(le|be)?|us-ascii|ascii|iso-8859-([1-9]|1[013-6])|windows-125[0-8]", re.I
)
_SKIPPED_MARKUP: Final = re.compile(rb"\s*(?:<\?.*?\?>|<!--.*?-->)", re.DOTALL)
_REMOTE_TARGET: Final = re.compile(
    r"(?:https?|ftps?|smb|webdav|mhtml|ms-\w+):|(?:file:)?[\\/]{2,}(?![\\/]*[A-Za-z]:)", re.I
)
_FETCHED_RELATIONS: Final = frozenset(
    {"attachedtemplate", "oleobject", "frame", "subdocument", "afchunk", "package", "control"}
)


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest size, in unpacked bytes, of one part of a file and of all its parts together."""

    part: int = 200_000_000
    total: int = 500_000_000


@dataclass(frozen=True, slots=True)
class ExternalLink:
    """A link to something outside the file: the kind of relation (``hyperlink``, ``oleObject``) and its target."""

    kind: str
    target: str

    @property
    def is_fetched(self) -> bool:
        """Whether an office program would fetch its target from another machine and show it inside the document."""
        return self.kind.casefold() in _FETCHED_RELATIONS and _REMOTE_TARGET.match(self.target.strip()) is not None


class Package:
    """A packed file that has passed inspection and may be read.

    Attributes:
        kind: Its kind by its parts, whatever its name says.
        names: The names of its parts, in the order of the file.
        links: Its links to other files, in order; none of them is ever followed.
    """

    def __init__(self, archive: zipfile.ZipFile, place: str, error: type[InputError]) -> None:
        self._archive = archive
        self._place = place
        self._error = error
        self.names = tuple(info.filename for info in archive.infolist() if not _is_folder(info))
        self.kind = "zip"
        self.links: tuple[ExternalLink, ...] = ()

    def read(self, name: str, limit: int) -> bytes:
        """One part, unpacked.

        Raises:
            InputError: It is missing, is damaged, or has more than ``limit`` bytes, whatever its declared size.
        """
        with self._read_errors(), self._archive.open(name) as part:
            data = part.read(limit + 1)
            if len(data) <= limit:  # the checksum is compared when the end is reached, which is only now
                data += part.read(1)
        if len(data) > limit:
            raise self._error(
                Fault(self._place, make_message("its part {name} is too large", name=name), _TOO_LARGE_REMEDY)
            )
        return data

    def read_xml(self, name: str, limit: int) -> bytes:
        """Read a part that is XML, without a document type and hence without entities.

        Raises:
            InputError: As for ``read``, or no office program writes such XML.
        """
        data = self.read(name, limit)
        self._check_prolog(name, data)
        return data

    def error_for(self, finding: str) -> InputError:
        """The error to raise for a part that cannot be read, with ``finding`` as the reason."""
        return self._error(Fault(self._place, finding, _RESAVE_REMEDY))

    @contextmanager
    def _read_errors(self) -> Iterator[None]:
        try:
            yield
        except (KeyError, *_DAMAGED) as caught:
            raise self._error(Fault(self._place, "the file is damaged or incomplete", _DAMAGED_REMEDY)) from caught

    def _inspect(self, limits: Limits) -> None:
        infos = self._archive.infolist()
        self._check_sizes(infos, limits)
        self._check_names(infos)
        for info in infos:
            if not _is_folder(info):
                with self._read_errors(), self._archive.open(info) as part:
                    start = part.read(_PROLOG_SIZE)
                self._check_prolog(info.filename, start, is_start=info.file_size > len(start))
        self.kind = self._find_kind()
        self._check_protection()
        if any(_MACRO_PARTS.fullmatch(name) for name in self.names):
            raise self._error(Fault(self._place, "the file holds macros, which are not accepted", _MACROS_REMEDY))
        self.links = tuple(self._find_links())
        fetched = next((link for link in self.links if link.is_fetched), None)
        if fetched:
            finding = make_message(
                "the file fetches a part from another machine ({kind}: {target})",
                kind=fetched.kind,
                target=fetched.target[:100],
            )
            raise self._error(Fault(self._place, finding, _LINK_REMEDY))

    def _check_sizes(self, infos: list[zipfile.ZipInfo], limits: Limits) -> None:
        if any(info.flag_bits & 0x1 for info in infos):
            raise self._error(Fault(self._place, "the file is protected by a password", _UNLOCK_REMEDY))
        is_bomb = (
            len(infos) > MAX_PARTS
            or any(info.file_size > limits.part for info in infos)
            or sum(info.file_size for info in infos) > limits.total
            or any(info.file_size > max(_MIN_SIZE_FOR_RATIO, MAX_RATIO * info.compress_size) for info in infos)
            or _overlap(infos)
        )
        if is_bomb:
            finding = "unpacked, it would be far larger than any office file"
            raise self._error(Fault(self._place, finding, _TOO_LARGE_REMEDY))

    def _check_names(self, infos: list[zipfile.ZipInfo]) -> None:
        names = [info.filename.replace("\\", "/") for info in infos]
        if len(set(names)) < len(names) or any(
            name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in name.split("/") for name in names
        ):
            finding = "its parts have names that no office program gives"
            raise self._error(Fault(self._place, finding, _RESAVE_REMEDY))

    def _check_prolog(self, name: str, data: bytes, *, is_start: bool = False) -> None:
        """Refuse XML with a document type: entities, the only way in which XML grows while it is read, need one."""
        if name.lower().endswith(_NEVER_READ):
            return
        start = _as_ascii(data[:_PROLOG_SIZE]).lstrip()
        is_cut = is_start or len(data) > _PROLOG_SIZE
        if start and not start.startswith(b"<"):
            if name.lower().endswith((".xml", ".rels")):
                raise self._error(Fault(self._place, "the file is damaged or incomplete", _DAMAGED_REMEDY))
            return
        declared = _ENCODING.match(start)
        position = 0
        while match := _SKIPPED_MARKUP.match(start, position):
            position = match.end()
        rest = start[position:].lstrip()
        is_odd = declared is not None and not _USUAL_ENCODING.fullmatch(declared[1])
        if is_odd or rest.startswith((b"<!", b"<?")) or (not rest and is_cut):
            finding = "it holds XML with a document type or in an odd encoding, which no office program writes"
            raise self._error(Fault(self._place, finding, _RESAVE_REMEDY))

    def _find_kind(self) -> str:
        if "[Content_Types].xml" in self.names:
            return packed_kind(self.read("[Content_Types].xml", _MAX_SMALL_PART).replace(b"\x00", b"").lower())
        if "mimetype" in self.names:
            return packed_kind(self.read("mimetype", _MAX_SMALL_PART).strip())
        return packed_kind("\n".join(self.names).encode("utf-8", "replace"))

    def _check_protection(self) -> None:
        manifest = "META-INF/manifest.xml"
        if manifest in self.names and b"encryption-data" in self.read(manifest, _MAX_SMALL_PART):
            raise self._error(Fault(self._place, "the file is protected by a password", _UNLOCK_REMEDY))

    def _find_links(self) -> Iterator[ExternalLink]:
        for name in self.names:
            if not name.endswith(".rels"):
                continue
            with self._read_errors():
                data = self.read_xml(name, _MAX_SMALL_PART)
                try:
                    root = ET.fromstring(data)  # noqa: S314 - without a document type there is nothing to expand
                except ET.ParseError as caught:
                    raise zipfile.BadZipFile(str(caught)) from caught
            for relation in root.iter():
                if relation.get("TargetMode", "").casefold() == "external":
                    yield ExternalLink(relation.get("Type", "").rpartition("/")[2], relation.get("Target", ""))


_TOO_LARGE_REMEDY: Final = "do not open it unless you know who made it; paste its text instead"
_DAMAGED_REMEDY: Final = "request the file again, or open it in Office or WPS and save it again"
_UNLOCK_REMEDY: Final = "open it with its password and save it without one"
_MACROS_REMEDY: Final = "open it with macros switched off and save it as .docx or .xlsx without macros"
_LINK_REMEDY: Final = "do not open it unless you know who made it; paste its text instead"
_RESAVE_REMEDY: Final = "if you trust it, open it in Office or WPS and save it anew"


def open_package(file: BinaryIO, *, place: str, error: type[InputError], limits: Limits | None = None) -> Package:
    """Open a packed file after inspecting its list of parts and the first bytes of each.

    Args:
        file: The file, open for reading; it must stay open as long as the package is used.
        place: What to call it in an error.
        error: The exception to raise.
        limits: How large its parts may be.

    Raises:
        error: It is damaged, is protected by a password, contains macros, fetches parts from another machine, or is
            made to exhaust or mislead its reader: too many or too large parts, parts that share bytes, two parts of
            one name, paths that lead out of the file, XML with a document type.
    """
    try:
        archive = zipfile.ZipFile(_BoundedFile(file))
    except _DAMAGED as caught:
        raise error(Fault(place, "the file is damaged or incomplete", _DAMAGED_REMEDY)) from caught
    package = Package(archive, place, error)
    package._inspect(limits or Limits())
    return package


class _BoundedFile:
    """A file that refuses to read a list of parts longer than ``MAX_DIRECTORY`` bytes, as zipfile reads it at once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        # Only the list of parts is read in chunks as large as this; the parts are unpacked in small ones.
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
    """Whether a part is a folder; unlike ``ZipInfo.is_dir``, this accepts an empty name."""
    return info.filename.endswith("/")


def _overlap(infos: list[zipfile.ZipInfo]) -> bool:
    """Whether two parts share bytes of the file, which lets a small file unpack to any size."""
    ordered = sorted(infos, key=lambda info: info.header_offset)
    return any(
        this.header_offset + 30 + this.compress_size > following.header_offset for this, following in pairwise(ordered)
    )


def _as_ascii(data: bytes) -> bytes:
    """The start of a part without its byte order mark; UTF-16 as ASCII, with question marks for other characters."""
    for mark, name in (
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
        (b"<\x00", "utf-16-le"),
        (b"\x00<", "utf-16-be"),
    ):
        # Undecoded, a character such as U+2D2D would look like the end of a comment.
        if data.startswith(mark):
            return data.decode(name, "replace").lstrip("\ufeff").encode("ascii", "replace")
    return data.removeprefix(b"\xef\xbb\xbf")
