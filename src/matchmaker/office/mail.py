"""Mails (.eml): the subject, the text without quoted mails and signature, and the attachments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.header import Header, decode_header
from email.message import Message
from typing import Final, TypeVar

from matchmaker.errors import EncodingError, Fault, ProblemError
from matchmaker.office.encodings import decode_labelled

MAX_PARTS: Final = 200
_MAX_DEPTH: Final = 20
_MIN_LETTERS: Final = 20
_REPLY_PREFIX: Final = re.compile(
    r"^\s*(?:(?:re|fw|fwd|aw|wg|sv|回复|答复|回覆|答覆|转发|轉發|轉寄|转|回)(?:\s*[\[(（]\d+[\])）])?\s*[:：]"
    r"|\[(?:external|spam)\])\s*",
    re.IGNORECASE,
)
_FORWARDED: Final = re.compile(r"^\s*(?:fw|fwd|wg|转发|轉發|轉寄|转)\s*[:：]", re.IGNORECASE)
_QUOTE_START: Final = re.compile(
    r"^\s*+(?:-{2,}\s*(?:original message|forwarded message|原始邮件|原始郵件|原邮件|转发邮件|轉寄郵件|回复的原邮件"
    r"|转发的邮件|转发邮件信息)\s*-{2,}|_{20,}|on .{5,200} wrote:|在.{5,200}写道[:：]"
    r"|.{5,200}(?:于|於).{5,100}[写寫]道[:：])\s*$",
    re.IGNORECASE,
)
_QUOTED_HEADER: Final = re.compile(
    r"^\s*+[*>]*+\s*+(?:发件人|寄件者|寄件人|收件人|收件者|抄送|副本|发送时间|寄件日期|傳送時間|日期|主题|主旨|主題|from|to|cc|sent|date|subject)"
    r"\s*\*?\s*[:：]",
    re.IGNORECASE,
)
_SENT_FROM: Final = re.compile(
    r"^\s*(?:发自我的|從我的|sent from (?:my|mail)|获取\s*outlook|get outlook).{0,80}$", re.IGNORECASE
)
_SEE_ATTACHMENT: Final = re.compile(
    r"(?:见|見|参见|查收|查看|请看|详见|詳見).{0,6}附件|附件.{0,10}(?:查收|查阅|所示)|see .{0,20}attach|attached", re.I
)
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file attached to a mail."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """The content of a mail.

    Attributes:
        subject: The subject without ``Re:``, ``转发：`` and the like.
        text: The plain text without quoted mails and signature; empty when there is none.
        page: The HTML when there is no plain text; else empty.
        attachments: The attached files, without pictures shown inside the text.
        unread: The names of parts that could not be read.
    """

    subject: str
    text: str
    page: str
    attachments: tuple[Attachment, ...]
    unread: tuple[str, ...] = ()

    @property
    def says_little(self) -> bool:
        """Whether the text does little more than point to an attachment."""
        text = self.text or re.sub(r"<[^<>]{0,1000}>", " ", self.page)
        n_letters = sum(map(str.isalnum, text))
        return n_letters < _MIN_LETTERS or (n_letters < 120 and bool(_SEE_ATTACHMENT.search(text)))


def read_mail(data: bytes, *, place: str) -> Mail:
    """Read a mail.

    Raises:
        ProblemError: It has more parts than any real mail, or its headers are damaged.
    """
    if data.lower().count(b"boundary=") > MAX_PARTS or data.lower().count(b"\ncontent-type:") > 5 * MAX_PARTS:
        raise ProblemError(Fault(place, "more parts than any real mail", "paste its text instead"))
    message = _result_or(lambda: message_from_bytes(data, policy=policy.compat32), default=None)
    if message is None:
        raise ProblemError(Fault(place, "the headers of this mail are damaged", "paste its text instead"))
    subject = header_text(message["Subject"])
    texts: dict[str, list[str]] = {"text/plain": [], "text/html": []}
    attachments: list[Attachment] = []
    unread: list[str] = []
    for part, is_attached in _leaves(message, 0, attached=False):
        kind, name = _result_or(part.get_content_type, default="text/plain"), _name(part)
        content = _content(part)
        if content is None:
            unread.append(name or kind)
        elif kind in texts and not name and not is_attached:
            try:
                texts[kind].append(decode_labelled(content, _charset(part), place=place))
            except EncodingError:
                unread.append(kind)
        elif not (not _is_attachment(part) and kind.startswith("image/") and part["Content-ID"]):
            attachments.append(Attachment(name or kind, content))
    plain = "\n\n".join(text.strip() for text in texts["text/plain"] if text.strip())
    is_forward = bool(_FORWARDED.match(subject))
    return Mail(
        bare_subject(subject),
        own_text(plain, keep_quoted=is_forward),
        "" if plain else "\n".join(texts["text/html"]),
        tuple(attachments),
        tuple(unread),
    )


def _leaves(message: Message, depth: int, *, attached: bool) -> Iterator[tuple[Message, bool]]:
    """The parts with content, and whether each is an attachment; all parts of a mail inside a mail are."""
    if depth > _MAX_DEPTH:
        return
    # This is asked first, as the text of a part with a nonsensical charset cannot be read.
    if message.is_multipart():
        inside = attached or _result_or(message.get_content_type, default="") == "message/rfc822"
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _leaves(part, depth + 1, attached=inside)
    else:
        yield message, attached or _is_attachment(message)


def _result_or(read: Callable[[], _Result], *, default: _Result) -> _Result:
    """The result of ``read``, or ``default`` for headers so damaged that Python's mail parser fails, in any way."""
    try:
        return read()
    except Exception:  # TypeError and ValueError have been seen
        return default


def _content(part: Message) -> bytes | None:
    content = _result_or(lambda: part.get_payload(decode=True), default=None)
    return content if isinstance(content, bytes) else None


def _charset(part: Message) -> str:
    return _result_or(part.get_content_charset, default=None) or ""


def _is_attachment(part: Message) -> bool:
    return _result_or(part.get_content_disposition, default=None) == "attachment"


def _name(part: Message) -> str:
    """The file name of a part, however it is encoded; empty when it has none or it cannot be read."""
    raw = _result_or(part.get_filename, default=None)
    if raw is None:
        raw = _result_or(lambda: _name_in_unknown_charset(part), default=None)
    if raw is None:
        return ""
    with suppress(UnicodeError):  # UTF-8 bytes that were taken for Latin letters
        raw = raw.encode("latin-1").decode("utf-8")
    return header_text(raw).replace("\\", "/").rpartition("/")[2]


def _name_in_unknown_charset(part: Message) -> str | None:
    """The undecoded file name of a part whose name is in a character set that does not exist."""
    named = part.get_param("filename", header="content-disposition"), part.get_param("name")
    return next((value[2] for value in named if isinstance(value, tuple)), None)


def header_text(value: str | Header | None) -> str:
    """A header as text: encoded words decoded, even with wrong labels; raw bytes in the encoding they look like."""
    if value is None:
        return ""
    pieces = _result_or(lambda: decode_header(value), default=None)
    if pieces is None:
        return str(value)
    text = ""
    for piece, charset in pieces:
        if isinstance(piece, str):
            text += piece
            continue
        try:
            text += decode_labelled(piece, charset or "", place="")
        except EncodingError:
            text += piece.decode("utf-8", "replace")
    return " ".join(text.split())


def bare_subject(subject: str) -> str:
    """A subject without the prefixes of replies and forwarded mails."""
    while (shorter := _REPLY_PREFIX.sub("", subject)) != subject:
        subject = shorter
    return subject.strip()


def own_text(text: str, *, keep_quoted: bool) -> str:
    """The text of a mail without its signature and, unless ``keep_quoted``, without the mails it quotes.

    If hardly anything would remain, the quoted mails are the point of the text, and only their headers are removed.
    """
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if not _SENT_FROM.match(line)]
    own = _own_lines(lines)
    if keep_quoted or sum(map(str.isalnum, "".join(own))) < _MIN_LETTERS:
        quoted = (re.sub(r"^\s*(?:>\s?)+", "", line) for line in lines)
        own = [line for line in quoted if not (_QUOTE_START.match(line) or _QUOTED_HEADER.match(line))]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(own)).strip()


def _own_lines(lines: list[str]) -> list[str]:
    own: list[str] = []
    for index, line in enumerate(lines):
        is_head = (
            bool(_QUOTED_HEADER.match(line)) and index + 1 < len(lines) and bool(_QUOTED_HEADER.match(lines[index + 1]))
        )
        if line.rstrip("\r") in ("-- ", "--") or _QUOTE_START.match(line) or is_head:
            break
        if not line.lstrip().startswith(">"):
            own.append(line)
    return own
