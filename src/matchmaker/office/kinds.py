"""What kind of file bytes are, by what they say themselves: endings are wrong often enough."""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["packed", "ole", "pdf", "rtf", "image", "archive", "parquet", "html", "eml", "text"]

ZIP_SIGNATURE: Final = b"PK\x03\x04"
OLE_SIGNATURE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_IMAGES: Final = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
_SIGNATURES: Final[tuple[tuple[tuple[bytes, ...], Kind], ...]] = (
    ((ZIP_SIGNATURE, b"PK\x05\x06"), "packed"),
    ((OLE_SIGNATURE[:4],), "ole"),
    ((b"{\\rtf",), "rtf"),
    ((b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\x1f\x8b"), "archive"),
    ((b"PAR1",), "parquet"),
)
_PAGE: Final = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:(?><!--.{0,2000}?-->)\s*+)*+<(?:!doctype\s+html|html|head|body|meta|table)\b",
    re.I | re.S,
)
_MAIL_HEADER: Final = re.compile(
    rb"(?:received|return-path|from|to|subject|date|mime-version|message-id|delivered-to|dkim-signature|content-type"
    rb"|x-[a-z-]+|reply-to|sender|cc)[ \t]*:[^\n]*",
    re.IGNORECASE,
)
_FROM_A_MAIL: Final = re.compile(rb"^(?:mime-version|message-id|return-path|received|content-type)[ \t]*:", re.I | re.M)


def kind_of(data: bytes, suffix: str = "") -> Kind:
    """The kind of a file; its ending ``suffix`` decides only between kinds of text."""
    start = data[:4096].removeprefix(b"\xef\xbb\xbf")
    if b"%PDF-" in start[:1024] and (start.lstrip().startswith(b"%PDF-") or suffix == ".pdf"):
        return "pdf"
    if _is_image(start):
        return "image"
    signed = next((kind for signatures, kind in _SIGNATURES if start.startswith(signatures)), None)
    if signed:
        return signed
    if suffix in (".eml", ".mht", ".mhtml") or _is_mail(start):
        return "eml"
    plain = start[2:].replace(b"\x00", b"") if start.startswith((b"\xff\xfe", b"\xfe\xff")) else start
    return "html" if suffix in (".html", ".htm", ".xhtml") or _PAGE.match(plain) else "text"


def _is_image(start: bytes) -> bool:
    if start.startswith(b"RIFF"):
        return start[8:12] == b"WEBP"
    if start.startswith(b"BM"):  # which texts begin with as well
        return start[6:10] == b"\x00\x00\x00\x00"
    return start.startswith(_IMAGES)


def _is_mail(start: bytes) -> bool:
    first = start.split(b"\n", 1)[0]
    head = re.split(rb"\r?\n\r?\n", start, maxsplit=1)[0]
    return bool(_MAIL_HEADER.fullmatch(first.strip()) and _FROM_A_MAIL.search(head))
