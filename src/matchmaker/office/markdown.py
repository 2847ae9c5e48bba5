"""Markdown documents without their markup. They are only read for matching, so a light touch is enough."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FRONT_MATTER = re.compile(r"\s*---[ \t]*\n(?P<front>.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_HEADING = re.compile(r"^ {0,3}(?P<level>#{1,6})[ \t]+(?P<text>.*)")
_CLOSING_MARKS = re.compile(r"[ \t]#+$")
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)")
_RULE = re.compile(
    r"^ {0,3}(?:=++|(?:-[ \t]*+){3,}+|(?:\*[ \t]*+){3,}+|(?:_[ \t]*+){3,}+|\|?[ \t]*+:?-{2,}+[-:| \t]*+)[ \t]*+$"
)
_BULLET = re.compile(r"^([ \t]*)(?:[-*+][ \t]+(?:\[[ xX]\][ \t]+)?|(?:>[ \t]?)+)")
# No pattern looks beyond the next mark of its kind, so that a page of opening marks costs no more than any other.
_INLINE = (
    (re.compile(r"!?\[([^\[\]\n]*)\]\([^()\n]*\)"), r"\1"),
    (re.compile(r"(\*\*|__)(?=\S)((?:(?!\1).)+?)(?<=\S)\1"), r"\2"),
    # A single star or underscore is markup only where it cannot be a product (5*3) or part of a name (max_flow).
    (re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=[^\s*])\*(?![\w*])", re.ASCII), r"\1"),
    (re.compile(r"(?<!\w)_(?=[^\s_])([^_\n]+?)(?<=[^\s_])_(?!\w)"), r"\1"),
    (re.compile(r"(?<!`)(`++)([^`\n]+)\1"), r"\2"),
)


@dataclass(frozen=True, slots=True)
class Document:
    """The parts of a Markdown document.

    Attributes:
        front: The front matter as YAML, or ``None``.
        title: The title.
        body: Everything else, without markup.
        marked: The body with the marks of headings and lists left in.
    """

    front: str | None
    title: str
    body: str
    marked: str = ""


def split_markdown(text: str, *, front_matter: bool = True) -> Document:
    """Split a document into front matter, title and body.

    The title is the first line when that is a heading, else the first heading of the highest level 1, else the first
    line. The body is all the rest in order, without emphasis, list marks, link targets and rules.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    match = _FRONT_MATTER.match(text) if front_matter else None
    front = None
    if match:
        # Line ends in front keep YAML's line numbers those of the file.
        front = "\n" * text[: match.start("front")].count("\n") + match["front"]
        text = text[match.end() :]
    text = re.sub(r"\n{3,}", "\n\n", _without_comments(text))
    for pattern, plain in _INLINE:
        text = pattern.sub(plain, text)
    lines = text.split("\n")
    title_index = _title_line(lines)
    title = "" if title_index is None else _without_marks(lines[title_index])
    rest = [line for n, line in enumerate(lines) if n != title_index and not _RULE.match(line)]
    body = "\n".join(map(_without_marks, rest))
    return Document(front, title, re.sub(r"\n{3,}", "\n\n", body).strip(), "\n".join(rest).strip())


def _without_comments(text: str) -> str:
    pieces, position = [], 0
    while (start := text.find("<!--", position)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        pieces.append(text[position:start])
        position = end + 3
    return "".join([*pieces, text[position:]])


def markdown_text(text: str) -> str:
    """The text of a document without front matter, a line for each of its lines."""
    document = split_markdown(text, front_matter=False)
    return f"{document.title}\n{document.body}"


def heading_text(line: str) -> str:
    """A line without the ``#`` marks of a heading; any other line is only stripped of surrounding blanks."""
    heading = _HEADING.match(line)
    return _CLOSING_MARKS.sub("", heading["text"].rstrip()).strip() if heading else line.strip()


def _title_line(lines: list[str]) -> int | None:
    filled = [n for n, line in enumerate(lines) if line.strip() and not _RULE.match(line)]
    if not filled or _HEADING.match(lines[filled[0]]):
        return filled[0] if filled else None
    fenced = False
    for n in filled:
        heading = _HEADING.match(lines[n])
        fenced ^= _FENCE.match(lines[n]) is not None
        if heading and not fenced and heading["level"] == "#":
            return n
    return filled[0]


def _without_marks(line: str) -> str:
    if _FENCE.match(line):
        return ""
    return heading_text(line) if _HEADING.match(line) else _BULLET.sub(r"\1", line).rstrip()
