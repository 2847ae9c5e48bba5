"""What a mail (.eml) says: its subject, its text without quoted mails and signature, and what is attached."""

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
from matchmaker.office.encodings import decoded_as

MAX_PARTS: Final = 200
_MAX_DEPTH: Final = 20
_MIN_USABLE: Final = 20
_PREFIX: Final = re.compile(
    r"^\s*(?:(?:re|fw|fwd|aw|wg|sv|回复|答复|回覆|答覆|转发|轉發|轉寄|转|回)(?:\s*[\[(（]\d+[\])）])?\s*[:：]"
    r"|\[(?:external|spam)\])\s*",
    re.IGNORECASE,
)
_FORWARDED: Final = re.compile(r"^\s*(?:fw|fwd|wg|转发|轉發|轉寄|转)\s*[:：]", re.IGNORECASE)
_QUOTE_BEGINS: Final = re.compile(
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
_SAYS_LITTLE: Final = re.compile(
    r"(?:见|見|参见|查收|查看|请看|详见|詳見).{0,6}附件|附件.{0,10}(?:查收|查阅|所示)|see .{0,20}attach|attached", re.I
)
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, read.

    Attributes:
        subject: Without Re:, 转发： and the like.
        text: Its plain text, trimmed; empty when it has none.
        page: Its HTML, when it has no plain text.
        attachments: What is attached, pictures within the text apart.
        unread: The names of parts that are broken.
    """

    subject: str
    text: str
    page: str
    attachments: tuple[Attachment, ...]
    unread: tuple[str, ...] = ()

    @property
    def says_little(self) -> bool:
        """Whether the text is no more than a word that something is attached."""
        text = self.text or re.sub(r"<[^<>]{0,1000}>", " ", self.page)
        n_letters = sum(map(str.isalnum, text))
        return n_letters < _MIN_USABLE or (n_letters < 120 and bool(_SAYS_LITTLE.search(text)))


def read_mail(data: bytes, *, place: str) -> Mail:
    """Read a mail.

    Raises:
        ProblemError: It has more parts than any mail, or its parts cannot be told.
    """
    if data.lower().count(b"boundary=") > MAX_PARTS or data.lower().count(b"\ncontent-type:") > 5 * MAX_PARTS:
        raise ProblemError(Fault(place, "more parts than any mail has", "paste its text instead"))
    message = _asked(lambda: message_from_bytes(data, policy=policy.compat32), damaged=None)
    if message is None:
        raise ProblemError(Fault(place, "the headers of this mail are damaged", "paste its text instead"))
    subject = header_text(message["Subject"])
    texts: dict[str, list[str]] = {"text/plain": [], "text/html": []}
    attachments: list[Attachment] = []
    unread: list[str] = []
    for part, is_attached in _leaves(message, 0, attached=False):
        kind, name = _asked(part.get_content_type, damaged="text/plain"), _name(part)
        content = _content(part)
        if content is None:
            unread.append(name or kind)
        elif kind in texts and not name and not is_attached:
            try:
                texts[kind].append(decoded_as(content, _charset(part), place=place))
            except EncodingError:
                unread.append(kind)
        elif not (not _is_attachment(part) and kind.startswith("image/") and part["Content-ID"]):
            attachments.append(Attachment(name or kind, content))
    plain = "\n\n".join(text.strip() for text in texts["text/plain"] if text.strip())
    is_forward = bool(_FORWARDED.match(subject))
    return Mail(
        bare_subject(subject),
        trimmed(plain, keep_quoted=is_forward),
        "" if plain else "\n".join(texts["text/html"]),
        tuple(attachments),
        tuple(unread),
    )


def _leaves(message: Message, depth: int, *, attached: bool) -> Iterator[tuple[Message, bool]]:
    """The parts that hold something, and whether they are attached; those of a mail within a mail are."""
    if depth > _MAX_DEPTH:
        return
    if message.is_multipart():  # asked first: the text of a part whose charset is nonsense cannot be got
        inside = attached or _asked(message.get_content_type, damaged="") == "message/rfc822"
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _leaves(part, depth + 1, attached=inside)
    else:
        yield message, attached or _is_attachment(message)


def _asked(question: Callable[[], _Answer], *, damaged: _Answer) -> _Answer:
    """What Python's reader of mails answers; ``damaged`` for headers at which it fails, in ways that nothing limits."""
    try:
        return question()
    except Exception:  # TypeError and ValueError were met
        return damaged


def _content(part: Message) -> bytes | None:
    content = _asked(lambda: part.get_payload(decode=True), damaged=None)
    return content if isinstance(content, bytes) else None


def _charset(part: Message) -> str:
    return _asked(part.get_content_charset, damaged=None) or ""


def _is_attachment(part: Message) -> bool:
    return _asked(part.get_content_disposition, damaged=None) == "attachment"


def _name(part: Message) -> str:
    """The file name of a part, however it is written; empty when it has none that can be read."""
    raw = _asked(part.get_filename, damaged=None)
    if raw is None:
        raw = _asked(lambda: _name_in_unknown_characters(part), damaged=None)
    if raw is None:
        return ""
    with suppress(UnicodeError):  # bytes of UTF-8 that went by as Latin letters
        raw = raw.encode("latin-1").decode("utf-8")
    return header_text(raw).replace("\\", "/").rpartition("/")[2]


def _name_in_unknown_characters(part: Message) -> str | None:
    """The file name as it stands there, when the character set that it names is none."""
    named = part.get_param("filename", header="content-disposition"), part.get_param("name")
    return next((value[2] for value in named if isinstance(value, tuple)), None)


def header_text(value: str | Header | None) -> str:
    """A header as text: encoded words decoded, also with wrong labels, and bytes as they came by their look."""
    if value is None:
        return ""
    pieces = _asked(lambda: decode_header(value), damaged=None)
    if pieces is None:
        return str(value)
    text = ""
    for piece, charset in pieces:
        if isinstance(piece, str):
            text += piece
            continue
        try:
            text += decoded_as(piece, charset or "", place="")
        except EncodingError:
            text += piece.decode("utf-8", "replace")
    return " ".join(text.split())


def bare_subject(subject: str) -> str:
    """A subject without what replying and forwarding put before it."""
    while (shorter := _PREFIX.sub("", subject)) != subject:
        subject = shorter
    return subject.strip()


def trimmed(text: str, *, keep_quoted: bool) -> str:
    """A text without signature and, unless it was forwarded for the sake of them, without the mails it quotes.

    If hardly anything would be left, the quoted mails are what the text is about, and only their heads are taken away.
    """
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if not _SENT_FROM.match(line)]
    own = _own_lines(lines)
    if keep_quoted or sum(map(str.isalnum, "".join(own))) < _MIN_USABLE:
        quoted = (re.sub(r"^\s*(?:>\s?)+", "", line) for line in lines)
        own = [line for line in quoted if not (_QUOTE_BEGINS.match(line) or _QUOTED_HEADER.match(line))]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(own)).strip()


def _own_lines(lines: list[str]) -> list[str]:
    own: list[str] = []
    for at, line in enumerate(lines):
        is_head = bool(_QUOTED_HEADER.match(line)) and at + 1 < len(lines) and bool(_QUOTED_HEADER.match(lines[at + 1]))
        if line.rstrip("\r") in ("-- ", "--") or _QUOTE_BEGINS.match(line) or is_head:
            break
        if not line.lstrip().startswith(">"):
            own.append(line)
    return own
