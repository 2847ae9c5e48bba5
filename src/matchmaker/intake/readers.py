"""Problems from office files: Word, LibreOffice, PDF, web pages and mails; others are refused."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from matchmaker.errors import EncodingError, Fault, ProblemError
from matchmaker.intake.drafts import problems_from_blocks
from matchmaker.intake.fields import LoadedProblems
from matchmaker.intake.labels import labelled_line, numbered_heading, problem_marker
from matchmaker.intake.splitting import Split
from matchmaker.messages import Message, as_message, make_message
from matchmaker.office.blocks import Block, Opened, Paragraph
from matchmaker.office.encodings import decode
from matchmaker.office.kinds import kind_named, kind_of, ole_kind
from matchmaker.office.packed import Limits, Package, open_package

MAX_TEXT: Final = 500_000
"""Characters of a document; about as many as a book has."""
_LIMITS: Final = Limits(part=100_000_000, total=300_000_000)


def read_document(data: bytes, kind: str, *, place: str, default_id: str, split: Split = "auto") -> LoadedProblems:
    """The problems of an office file.

    Args:
        data: The file.
        kind: The name of what it is, by ``kind_of``.
        place: What to call it in an error.
        default_id: The id of a problem that gives none.
        split: As for ``load_problems``.

    Raises:
        ProblemError: It cannot be read; the remedy says in which format to save it.
    """
    if kind == "eml":
        return _from_mail(data, place=place, default_id=default_id, split=split)
    blocks, warnings = _blocks(data, kind, place)
    _check_length(blocks, place)
    loaded = problems_from_blocks(blocks, place=place, default_id=default_id, split=split)
    return _with_warnings(loaded, warnings)


def _starts_block(line: str) -> bool:
    """Whether a line of a page begins a form entry, a numbered problem or a section."""
    return bool(labelled_line(line) or problem_marker(line) or numbered_heading(line))


def _blocks(data: bytes, kind: str, place: str) -> tuple[Sequence[Block], list[Fault]]:
    package = None
    if kind == "packed":
        package = open_package(io.BytesIO(data), place=place, error=ProblemError, limits=_LIMITS)
    found = kind_named(package.kind if package else ole_kind(data) if kind == "ole" else kind)
    if not found.reader:
        raise ProblemError(Fault(place, found.finding, found.remedy))
    blocks, warnings = found.blocks(Opened(data, place, _starts_block, package))
    return blocks, [*(_link_warnings(package, place) if package else ()), *warnings]


def _link_warnings(package: Package, place: str) -> Iterator[Fault]:
    for kind, target in dict.fromkeys((link.kind, link.target[:100]) for link in package.links):
        if kind not in ("hyperlink", "attachedTemplate", "image"):
            yield Fault(
                place,
                make_message("its link to another file is not followed ({kind}: {target})", kind=kind, target=target),
            )


def _check_length(blocks: Sequence[Block], place: str) -> None:
    from matchmaker.office.blocks import plain_text

    if len(plain_text(tuple(blocks))) > MAX_TEXT:
        finding = make_message("more than {n:,} characters of text", n=MAX_TEXT)
        raise ProblemError(Fault(place, finding, "a problem is a few pages of text; cut it down"))


def _with_warnings(loaded: LoadedProblems, warnings: Sequence[Fault]) -> LoadedProblems:
    return replace(loaded, warnings=(*warnings, *loaded.warnings))


def _from_mail(data: bytes, *, place: str, default_id: str, split: Split) -> LoadedProblems:
    """The problems of a mail: those of attached forms, else those of its text, else those of attached documents."""
    from matchmaker.office.mail import Attachment, read_mail
    from matchmaker.office.webpage import html_blocks

    mail = read_mail(data, place=place)
    blocks: Sequence[Block] = [Paragraph(line) for line in mail.text.split("\n") if line.strip()]
    if mail.page and not blocks:
        blocks = html_blocks(mail.page, place=place)
    attached: list[tuple[Attachment, LoadedProblems]] = []
    warnings = [
        Fault(place, make_message("a part in an unknown encoding was not read ({kind})", kind=kind))
        for kind in mail.unread
    ]
    for attachment in mail.attachments:
        try:
            attached.append((attachment, _read_attachment(attachment.name, attachment.data, place, default_id, split)))
        except ProblemError as error:
            warnings += [_unread_attachment(attachment.name, place, fault) for fault in error.faults]
    forms = [loaded for _, loaded in attached if loaded.recognised or len(loaded.problems) > 1]
    if forms or (mail.says_little and attached):
        used_attachments = forms or [loaded for _, loaded in attached]
        if not mail.says_little:
            finding = "an attached form was read; the text of the mail is not part of the problem"
            warnings.append(Fault(place, finding))
        warnings += [
            _unread_attachment(attachment.name, place)
            for attachment, loaded in attached
            if loaded not in used_attachments
        ]
        return _with_warnings(_join_attachments(used_attachments, default_id), warnings)
    warnings += [_unread_attachment(attachment.name, place) for attachment, _ in attached]
    _check_length(blocks, place)
    loaded = problems_from_blocks(blocks, place=place, default_id=default_id, title=mail.subject, split=split)
    return _with_warnings(loaded, warnings)


def _read_attachment(name: str, data: bytes, place: str, default_id: str, split: Split) -> LoadedProblems:
    """The problems of an attachment. A mail within a mail is not read."""
    inner: str | Message = make_message("{place}, attachment {name}", place=place, name=name)
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


def _unread_attachment(name: str, place: str, why: Fault | None = None) -> Fault:
    finding = make_message("attachment {name} was not read", name=name)
    if why is None:
        return Fault(place, finding)
    return Fault(
        place,
        finding,
        make_message("{finding}; {remedy}", finding=as_message(why.finding), remedy=as_message(why.remedy))
        if why.remedy
        else why.finding,
    )


def _join_attachments(parts: Sequence[LoadedProblems], default_id: str) -> LoadedProblems:
    """The problems of several attachments, numbered consecutively."""
    problems = [problem for part in parts for problem in part.problems]
    if len(parts) > 1:
        problems = [
            problem.model_copy(update={"id": f"{default_id}-{number}"})
            if problem.id.startswith(default_id)
            else problem
            for number, problem in enumerate(problems, 1)
        ]
    return LoadedProblems(
        tuple(problems),
        tuple(warning for part in parts for warning in part.warnings),
        tuple(dict.fromkeys(pair for part in parts for pair in part.recognised)),
        tuple(dict.fromkeys(label for part in parts for label in part.unused)),
        tuple(title for part in parts for title in part.split),
    )
