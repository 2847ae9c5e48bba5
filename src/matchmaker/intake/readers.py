"""The files an office sends, each through its reader: Word, LibreOffice, PDF, web page, mail; others are refused."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from matchmaker.errors import EncodingError, Fault, ProblemError
from matchmaker.intake.drafts import problems_from_blocks
from matchmaker.intake.fields import Loaded
from matchmaker.intake.labels import labelled_line, marker, numbered_heading
from matchmaker.intake.splitting import Split
from matchmaker.messages import Message, as_message, said
from matchmaker.office.blocks import Block, Paragraph
from matchmaker.office.encodings import decode
from matchmaker.office.kinds import Kind, kind_of
from matchmaker.office.packed import Limits, OleKind, Package, ole_kind, open_package

MAX_TEXT: Final = 500_000
"""Characters of a document; a book has about as many."""
_LIMITS: Final = Limits(part=100_000_000, total=300_000_000)
_AS_DOCX: Final = "open it in Word or WPS and save it as .docx"
_OCR: Final = "recognise its text first (OCR, in WPS or Acrobat), or paste the text: matchmaker match -"
_WORKBOOK: Final = ("a workbook holds many problems, this needs a document", "use: matchmaker batch")
_OLD: Final[Mapping[OleKind, tuple[str, str]]] = {
    "encrypted": ("the file is protected by a password", "open it with its password and save it without one"),
    "doc": ("an old Word or WPS file (.doc, .wps), which cannot be read", _AS_DOCX),
    "xls": _WORKBOOK,
    "ppt": ("an old PowerPoint file (.ppt), which cannot be read", "put the problem into a text or a .docx file"),
    "ole": ("an old office file (.doc, .wps, .msg or the like), which cannot be read", _AS_DOCX),
}
_OTHERS: Final[Mapping[str, tuple[str, str]]] = {
    "rtf": ("a rich text file (.rtf), which cannot be read", _AS_DOCX),
    "image": ("a picture, which holds no text", _OCR),
    "archive": ("a packed archive, not a document", "unpack it and name one file in it"),
    "zip": ("a packed archive, not a document", "unpack it and name one file in it"),
    "parquet": ("a Parquet table holds many problems, this needs a document", "use: matchmaker batch"),
    "xlsx": _WORKBOOK,
    "ods": _WORKBOOK,
    "xlsb": ("a binary workbook (.xlsb), which cannot be read", "save it as .xlsx and use: matchmaker batch"),
    "pptx": ("a presentation, which cannot be read", "put the problem into a text or a .docx file"),
    "odp": ("a presentation, which cannot be read", "put the problem into a text or a .docx file"),
    "ofd": ("an OFD file, which cannot be read", "open it in its reader and save it as PDF or .docx"),
}


def read_document(data: bytes, kind: Kind, *, place: str, default_id: str, split: Split = "auto") -> Loaded:
    """The problems of an office file.

    Args:
        data: The file.
        kind: What it is, by ``kind_of``.
        place: What to call it in an error.
        default_id: The id of a problem that gives none.
        split: As for ``load_problems``.

    Raises:
        ProblemError: It cannot be read; the remedy says what to save it as.
    """
    if kind == "eml":
        return _from_mail(data, place=place, default_id=default_id, split=split)
    blocks, warnings = _blocks(data, kind, place)
    _check_length(blocks, place)
    loaded = problems_from_blocks(blocks, place=place, default_id=default_id, split=split)
    return _with_warnings(loaded, warnings)


def _begins(line: str) -> bool:
    """Whether a line of a page begins an entry of a form, an item or a section."""
    return bool(labelled_line(line) or marker(line) or numbered_heading(line))


def _blocks(data: bytes, kind: Kind, place: str) -> tuple[Sequence[Block], list[Fault]]:
    if kind == "packed":
        return _from_package(open_package(io.BytesIO(data), place=place, error=ProblemError, limits=_LIMITS), place)
    if kind == "pdf":
        from matchmaker.office.pdf import pdf_blocks

        return pdf_blocks(data, place=place, begins=_begins)
    if kind == "html":
        from matchmaker.office.webpage import decoded_page, html_blocks

        return html_blocks(decoded_page(data, place=place), place=place), []
    finding, remedy = _OLD[ole_kind(data)] if kind == "ole" else _OTHERS[kind]
    raise ProblemError(Fault(place, finding, remedy))


def _from_package(package: Package, place: str) -> tuple[Sequence[Block], list[Fault]]:
    if package.kind not in ("docx", "odt"):
        finding, remedy = _OTHERS[package.kind]
        raise ProblemError(Fault(place, finding, remedy))
    warnings = [
        Fault(place, said("its link to another file is not followed ({kind}: {target})", kind=kind, target=target))
        for kind, target in dict.fromkeys((link.kind, link.target[:100]) for link in package.links)
        if kind not in ("hyperlink", "attachedTemplate", "image")
    ]
    if package.kind == "odt":
        from matchmaker.office.opendocument import opendocument_blocks

        return opendocument_blocks(package), warnings
    from matchmaker.office.word import word_blocks

    return word_blocks(package), warnings


def _check_length(blocks: Sequence[Block], place: str) -> None:
    from matchmaker.office.blocks import plain_text

    if len(plain_text(tuple(blocks))) > MAX_TEXT:
        finding = said("more than {n:,} characters of text", n=MAX_TEXT)
        raise ProblemError(Fault(place, finding, "a problem is a few pages of text; cut it down"))


def _with_warnings(loaded: Loaded, warnings: Sequence[Fault]) -> Loaded:
    return replace(loaded, warnings=(*warnings, *loaded.warnings))


def _from_mail(data: bytes, *, place: str, default_id: str, split: Split) -> Loaded:
    """The problems of a mail: those of attached forms; else of its text; else of attached documents."""
    from matchmaker.office.mail import Attachment, read_mail
    from matchmaker.office.webpage import html_blocks

    mail = read_mail(data, place=place)
    blocks: Sequence[Block] = [Paragraph(line) for line in mail.text.split("\n") if line.strip()]
    if mail.page and not blocks:
        blocks = html_blocks(mail.page, place=place)
    read: list[tuple[Attachment, Loaded]] = []
    warnings = [
        Fault(place, said("a part in an unknown encoding was not read ({kind})", kind=kind)) for kind in mail.unread
    ]
    for attachment in mail.attachments:
        try:
            read.append((attachment, _attached(attachment.name, attachment.data, place, default_id, split)))
        except ProblemError as error:
            warnings += [_unread(attachment.name, place, fault) for fault in error.faults]
    forms = [loaded for _, loaded in read if loaded.recognised or len(loaded.problems) > 1]
    if forms or (mail.says_little and read):
        used = forms or [loaded for _, loaded in read]
        if not mail.says_little:
            finding = "an attached form was read; the text of the mail is not part of the problem"
            warnings.append(Fault(place, finding))
        warnings += [_unread(attachment.name, place) for attachment, loaded in read if loaded not in used]
        return _with_warnings(_joined(used, default_id), warnings)
    warnings += [_unread(attachment.name, place) for attachment, _ in read]
    _check_length(blocks, place)
    loaded = problems_from_blocks(blocks, place=place, default_id=default_id, title=mail.subject, split=split)
    return _with_warnings(loaded, warnings)


def _attached(name: str, data: bytes, place: str, default_id: str, split: Split) -> Loaded:
    """The problems of an attachment. A mail within a mail is not read."""
    inner: str | Message = said("{place}, attachment {name}", place=place, name=name)
    suffix = f".{name.rpartition('.')[2].casefold()}"
    kind = kind_of(data, suffix)
    if kind == "text":
        if suffix not in (".txt", ".text", ".md"):
            raise ProblemError(Fault(inner, "not a kind of file that is read from a mail"))
        try:
            text, _ = decode(data, place=inner)
        except EncodingError as error:
            raise ProblemError(error.faults) from error
        lines = [Paragraph(line) for line in text.splitlines() if line.strip()]
        return problems_from_blocks(lines, place=inner, default_id=default_id, split=split)
    if kind == "eml":
        raise ProblemError(Fault(inner, "not a kind of file that is read from a mail"))
    return read_document(data, kind, place=inner, default_id=default_id, split=split)


def _unread(name: str, place: str, why: Fault | None = None) -> Fault:
    finding = said("the attachment {name} was not read", name=name)
    if why is None:
        return Fault(place, finding)
    return Fault(
        place,
        finding,
        said("{finding}; {remedy}", finding=as_message(why.finding), remedy=as_message(why.remedy))
        if why.remedy
        else why.finding,
    )


def _joined(parts: Sequence[Loaded], default_id: str) -> Loaded:
    """The problems of several attachments, numbered through."""
    problems = [problem for part in parts for problem in part.problems]
    if len(parts) > 1:
        problems = [
            problem.model_copy(update={"id": f"{default_id}-{number}"})
            if problem.id.startswith(default_id)
            else problem
            for number, problem in enumerate(problems, 1)
        ]
    return Loaded(
        tuple(problems),
        tuple(warning for part in parts for warning in part.warnings),
        tuple(dict.fromkeys(pair for part in parts for pair in part.recognised)),
        tuple(dict.fromkeys(label for part in parts for label in part.unused)),
        tuple(title for part in parts for title in part.split),
    )
