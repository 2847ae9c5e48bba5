"""The kinds of files: what their names end in, how their bytes tell them, what they hold, and what reads them.

Bytes decide, as endings are wrong often enough; an ending decides between kinds of text alone. To add a kind of
document: a module beside this one whose function gives its blocks, and a line in ``KINDS``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from matchmaker.errors import Fault
    from matchmaker.office.blocks import Block, Opened

Holds: TypeAlias = Literal["document", "table", "workbook", "nothing"]

ZIP_SIGNATURE: Final = b"PK\x03\x04"
OLE_SIGNATURE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_IMAGES: Final = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
_MAILS: Final = (".eml", ".mht", ".mhtml")
_PAGES: Final = (".html", ".htm", ".xhtml")
_PAGE: Final = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:(?><!--.{0,2000}?-->)\s*+)*+<(?:!doctype\s+html|html|head|body|meta|table)\b",
    re.I | re.S,
)
_MAIL_HEADER: Final = re.compile(
    rb"(?:received|return-path|from|to|subject|date|mime-version|message-id|delivered-to|dkim-signature|content-type"
    rb"|x-[a-z-]+|reply-to|sender|cc)[ \t]*:[^\n]*",
    re.IGNORECASE,
)
_MAIL_ONLY_HEADER: Final = re.compile(
    rb"^(?:mime-version|message-id|return-path|received|content-type)[ \t]*:", re.I | re.M
)


class FileKind(NamedTuple):
    """One kind of file.

    Attributes:
        name: What it is called here.
        endings: Of its files, as far as an ending is its own.
        holds: A workbook is a table with sheets.
        within: ``packed`` and ``ole`` are told by what their parts say, ``text`` by its ending; any other by its first
            bytes.
        begins: The bytes it may begin with.
        test: Tells its first 4 KB, and its ending; where beginnings do not suffice.
        marks: Of which one stands in the list of parts.
        reader: The place below ``matchmaker.office`` of what takes an ``Opened`` and gives blocks and warnings:
            ``module:name``, imported when it is needed. Empty where others read it, and where nobody does.
        finding: What a person is told who gives it as a document, though it cannot be read as one.
        remedy: What to do then.
    """

    name: str
    endings: tuple[str, ...] = ()
    holds: Holds = "nothing"
    within: Literal["", "packed", "ole", "text"] = ""
    begins: tuple[bytes, ...] = ()
    test: Callable[[bytes, str], bool] | None = None
    marks: tuple[bytes, ...] = ()
    reader: str = ""
    finding: str = ""
    remedy: str = ""

    def is_told_by(self, start: bytes, suffix: str) -> bool:
        """Whether the first bytes say that it is this kind."""
        return self.test(start, suffix) if self.test else start.startswith(self.begins) if self.begins else False

    @property
    def can_be_told(self) -> bool:
        """Whether anything but a name tells it; of others the name alone is known, and nothing reads them."""
        return self.test is not None or bool(self.begins or self.marks or self.within)

    def blocks(self, opened: Opened) -> tuple[Sequence[Block], list[Fault]]:
        """What a document says, and warnings."""
        module, _, name = self.reader.partition(":")
        found: tuple[Sequence[Block], list[Fault]]
        found = getattr(import_module(f"matchmaker.office.{module}"), name)(opened)
        return found


def _is_pdf(start: bytes, suffix: str) -> bool:
    return b"%PDF-" in start[:1024] and (start.lstrip().startswith(b"%PDF-") or suffix == ".pdf")


def _is_image(start: bytes, suffix: str) -> bool:  # noqa: ARG001 - as all tests
    if start.startswith(b"RIFF"):
        return start[8:12] == b"WEBP"
    if start.startswith(b"BM"):  # a text may begin with these letters as well
        return start[6:10] == b"\x00\x00\x00\x00"
    return start.startswith(_IMAGES)


def _is_mail(start: bytes, suffix: str) -> bool:
    if suffix in _MAILS:
        return True
    first = start.split(b"\n", 1)[0]
    head = re.split(rb"\r?\n\r?\n", start, maxsplit=1)[0]
    return bool(_MAIL_HEADER.fullmatch(first.strip()) and _MAIL_ONLY_HEADER.search(head))


def _is_page(start: bytes, suffix: str) -> bool:
    plain = start[2:].replace(b"\x00", b"") if start.startswith((b"\xff\xfe", b"\xfe\xff")) else start
    return suffix in _PAGES or _PAGE.match(plain) is not None


_AS_DOCX: Final = "open it in Word or WPS and save it as .docx"
_AS_TEXT: Final = "put the problem into a text or a .docx file"
_OCR: Final = "recognise its text first (OCR, in WPS or Acrobat), or paste the text: matchmaker match -"
_UNPACK: Final = "unpack it and name one file in it"
_IS_WORKBOOK: Final = "a workbook holds many problems, this needs a document"
_BATCH: Final = "use: matchmaker batch"
_ARCHIVE: Final = "a packed archive, not a document"
_PRESENTATION: Final = "a presentation, which cannot be read"

KINDS: Final = (
    # What is told by its first bytes, in this order.
    FileKind("pdf", (".pdf",), "document", test=_is_pdf, reader="pdf:read_pdf"),
    FileKind("image", test=_is_image, finding="a picture, which holds no text", remedy=_OCR),
    FileKind("packed", begins=(ZIP_SIGNATURE, b"PK\x05\x06")),
    FileKind("ole", begins=(OLE_SIGNATURE[:4],), remedy=_AS_DOCX,
         finding="an old office file (.doc, .wps, .msg or the like), which cannot be read"),
    FileKind("rtf", (".rtf",), begins=(b"{\\rtf",), remedy=_AS_DOCX,
         finding="a rich text file (.rtf), which cannot be read"),
    FileKind("archive", begins=(b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\x1f\x8b"), finding=_ARCHIVE, remedy=_UNPACK),
    FileKind("parquet", (".parquet",), "table", begins=(b"PAR1",), remedy=_BATCH,
         finding="a Parquet table holds many problems, this needs a document"),
    FileKind("eml", _MAILS, "document", test=_is_mail),
    FileKind("html", _PAGES, "document", test=_is_page, reader="webpage:read_page"),
    # What is told by its parts.
    FileKind("docx", (".docx", ".doc", ".docm", ".dot", ".dotx", ".wps"), "document", "packed", reader="word:read_word",
         marks=(b"wordprocessingml.document.main", b"wordprocessingml.template.main",
                b"ms-word.document.macroenabled.main", b"ms-word.template.macroenabledtemplate.main")),
    FileKind("odt", (".odt",), "document", "packed", reader="opendocument:read_opendocument",
         marks=(b"application/vnd.oasis.opendocument.text",)),
    FileKind("xlsb", (".xlsb",), "workbook", "packed", marks=(b"ms-excel.sheet.binary.macroenabled.main",),
         finding="a binary workbook (.xlsb), which cannot be read",
         remedy="save it as .xlsx and use: matchmaker batch"),
    FileKind("xlsx", (".xlsx", ".xlsm", ".xltx", ".xltm"), "workbook", "packed", finding=_IS_WORKBOOK, remedy=_BATCH,
         marks=(b"spreadsheetml.sheet.main", b"spreadsheetml.template.main", b"ms-excel.sheet.macroenabled.main",
                b"ms-excel.template.macroenabled.main")),
    FileKind("ods", (".ods",), "workbook", "packed", finding=_IS_WORKBOOK, remedy=_BATCH,
         marks=(b"application/vnd.oasis.opendocument.spreadsheet",)),
    FileKind("pptx", within="packed", finding=_PRESENTATION, remedy=_AS_TEXT,
         marks=(b"presentationml.", b"ms-powerpoint.")),
    FileKind("odp", within="packed", finding=_PRESENTATION, remedy=_AS_TEXT,
         marks=(b"application/vnd.oasis.opendocument.presentation",)),
    FileKind("ofd", within="packed", marks=(b"OFD.xml",), finding="an OFD file, which cannot be read",
         remedy="open it in its reader and save it as PDF or .docx"),
    FileKind("zip", within="packed", finding=_ARCHIVE, remedy=_UNPACK),
    FileKind("encrypted", within="ole", marks=(b"EncryptedPackage",), finding="the file is protected by a password",
         remedy="open it with its password and save it without one"),
    FileKind("doc", within="ole", marks=(b"WordDocument",), remedy=_AS_DOCX,
         finding="an old Word or WPS file (.doc, .wps), which cannot be read"),
    FileKind("xls", (".xls", ".et"), "workbook", "ole", marks=(b"Workbook",), finding=_IS_WORKBOOK, remedy=_BATCH),
    FileKind("ppt", within="ole", marks=(b"PowerPoint Document",), remedy=_AS_TEXT,
         finding="an old PowerPoint file (.ppt), which cannot be read"),
    # What only its ending tells.
    FileKind("text", (".csv", ".tsv"), "table", "text"),
    FileKind("lines", (".jsonl", ".ndjson"), "table", "text"),
    FileKind("txt", (".txt",), "document", "text"),
    FileKind("md", (".md", ".markdown"), "document", "text"),
    FileKind("yaml", (".yaml", ".yml"), "document", "text"),
    FileKind("json", (".json",), "document", "text"),
    FileKind("numbers", (".numbers",), "workbook"),
    FileKind("program", (".key", ".pages")),
)  # fmt: skip
_NAMED: Final = {kind.name: kind for kind in KINDS}
_ENDINGS: Final = {ending: kind for kind in KINDS for ending in kind.endings}


def kind_named(name: str) -> FileKind:
    """The kind of this name."""
    return _NAMED[name]


def kind_by_ending(suffix: str) -> FileKind | None:
    """The kind whose files end so, in lower case; ``None`` where no ending is known."""
    return _ENDINGS.get(suffix)


def kind_of(data: bytes, suffix: str = "") -> str:
    """The name of the kind of a file, by its first bytes; ``packed`` and ``ole`` hold several, ``text`` is the rest.

    Args:
        data: The file.
        suffix: Its ending in lower case, which decides only between kinds of text.
    """
    start = data[:4096].removeprefix(b"\xef\xbb\xbf")
    told = next((kind.name for kind in KINDS if kind.is_told_by(start, suffix)), None)
    if told is not None:
        return told
    named = kind_by_ending(suffix)
    return named.name if named and named.within == "text" and named.reader else "text"


def packed_kind(parts: bytes) -> str:
    """The name of the kind of a packed file by what its list of parts says of them."""
    return next((kind.name for kind in KINDS if kind.within == "packed" and _has_mark(kind, parts)), "zip")


def ole_kind(data: bytes) -> str:
    """What an old office file (it begins with ``OLE_SIGNATURE``) is: ``encrypted`` is a new one behind a password."""
    kinds = (kind for kind in KINDS if kind.within == "ole")
    return next((kind.name for kind in kinds if kind.marks[0].decode().encode("utf-16-le") in data), "ole")


def is_table(path: Path) -> bool:
    """Whether a file holds many problems, by its ending."""
    kind = kind_by_ending(path.suffix.lower())
    return kind is not None and kind.holds in ("table", "workbook")


def is_workbook(path: Path) -> bool:
    """Whether a file has sheets, by its ending."""
    kind = kind_by_ending(path.suffix.lower())
    return kind is not None and kind.holds == "workbook"


def _has_mark(kind: FileKind, parts: bytes) -> bool:
    return any(mark in parts for mark in kind.marks)
