"""The lists of a text: which lines begin an item, which items make a list, and what stands before and after them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

from matchmaker.intake.headings import simplified
from matchmaker.intake.labels import marker, number_of

Kind: TypeAlias = tuple[str, int]
"""How an item is marked, and how deep it stands: the level of a heading, the blanks before a bullet, else 0."""

_CHINESE: Final = "[一二三四五六七八九十]{1,3}"
_ORDINALS: Final = {
    "first": 1,
    "firstly": 1,
    "second": 2,
    "secondly": 2,
    "third": 3,
    "thirdly": 3,
    "fourth": 4,
    "fifth": 5,
}
_WORDED: Final = "(?i:" + "|".join(sorted(_ORDINALS, key=len, reverse=True)) + ")"
_NUMBERED: Final = {
    "1.": r"(?P<number>\d{1,2})[ ]?(?:[、．:：]|\.(?!\d))",
    "1)": r"(?P<number>\d{1,2})[ ]?[)）]\s*[、.]?",
    "(1)": r"[(（](?P<number>\d{1,2})[)）]\s*[、.]?",
    "(a)": r"[(（](?P<number>[A-Ha-h])[)）]\s*",
    "a)": r"(?P<number>[A-Ha-h])[)）]\s*",
    "①": r"(?P<number>[①-⑳])\s*[、.]?",
    "一、": rf"(?P<number>{_CHINESE})\s*[、．.]",
    "(一)": rf"[(（](?P<number>{_CHINESE})[)）]\s*[、.]?",
    "第一": rf"第(?P<number>{_CHINESE})(?=[、，,:：\s是])[、，,:：\s]*是?",
    "一是": rf"(?:其(?P<number>{_CHINESE})(?:[、，,:：]|是)|(?P<other>{_CHINESE})(?:是|来|则)(?=\S))[、，,:：\s]*",
    "first": rf"(?P<number>{_WORDED})(?:[,:]|\s+(?=(?i:we|our|the|a|an|is)\b))",
    "1 |": r"(?P<number>\d{1,2})\s*\|",
    "需求一": rf"(?:技术)?(?:需求|难题)\s*(?P<number>{_CHINESE}|\d{{1,2}})\s*[:：、]",
}
_BULLET: Final = r"[-–—*•·●▪◆■►➢]\s+|[•●▪◆■►➢]"
_HEADING: Final = r" {0,3}(?P<level>#{1,6})[ \t]+"
# Inside a line an item begins after the end of what stands before it.
_BEFORE: Final = r"(?<=[:：;；。，,.!！?？])\s*|(?<=\s)"
_INSIDE: Final = ("需求一", "1.", "1)", "(1)", "(a)", "①", "第一", "一是", "first")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text; ``level`` is more than 0 for a heading, ``is_item`` says that a bullet stood before it."""

    text: str
    level: int = 0
    is_item: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands on it."""
        return not self.text.strip()


@dataclass(frozen=True, slots=True)
class Mark:
    """What begins an item; ``number`` is 0 where items are not numbered, ``rest`` is the line without the mark."""

    kind: Kind
    number: int
    rest: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list: where its items begin, and the line after its last one."""

    kind: Kind
    starts: tuple[int, ...]
    end: int

    def spans(self) -> Iterator[tuple[int, int]]:
        """The lines of each item, from the one that begins it to the one after it."""
        return pairwise((*self.starts, self.end))


def lines_of(text: str) -> list[Line]:
    """The lines of a text, with the marks of Markdown, which plain texts use as well."""
    return [_line(line) for line in text.splitlines()]


def _line(text: str) -> Line:
    heading = re.match(_HEADING, text)
    return Line(text[heading.end() :].strip(), len(heading["level"])) if heading else Line(text.rstrip())


def cut(lines: Sequence[Line]) -> list[Line]:
    """The lines, those with a list in them cut before each item: ``需求如下：（1）…；（2）…``."""
    return [piece for line in lines for piece in _pieces(line)]


def _pieces(line: Line) -> Iterator[Line]:
    for kind in _INSIDE:
        places = list(_inside(line.text, kind))
        if places:
            bounds = [0, *places, len(line.text)]
            first, *others = (line.text[start:end].strip() for start, end in pairwise(bounds))
            yield Line(first, line.level, line.is_item)
            yield from map(Line, others)
            return
    yield line


def _inside(text: str, kind: str) -> Iterator[int]:
    """Where items begin within a line, whose numbers run on from the one at its start, or from 1."""
    begun = re.match(rf"\s*{_NUMBERED[kind]}", text)
    number = _number(begun) if begun else 0
    found = []
    for match in re.finditer(rf"(?:{_BEFORE}){_NUMBERED[kind]}", text):
        if _number(match) == number + 1 and match.start() > 0:
            number += 1
            found.append(match)
    after_colon = len(found) == 1 and text[: found[0].start()].rstrip().endswith((":", "："))
    if len(found) > 1 or (found and (begun or after_colon)):
        yield from (match.start() for match in found)


def _number(match: re.Match[str]) -> int:
    text = match["number"] or match.groupdict().get("other") or ""
    if text.casefold() in _ORDINALS:
        return _ORDINALS[text.casefold()]
    if len(text) == 1 and text.isascii() and text.isalpha():
        return ord(text.casefold()) - ord("a") + 1
    return ord(text) - 0x245F if "①" <= text <= "⑳" else number_of(text)


def mark_of(line: Line) -> Mark | None:
    """What marks the line as an item or a heading; ``None`` for any other line."""
    text = line.text.strip()
    if found := marker(simplified(text)):
        kind, number, title = found
        return Mark((f"need {kind}", 0), number, text[len(text) - len(title) :] if title else "")
    for name, pattern in _NUMBERED.items():
        if match := re.match(pattern, text):
            return Mark((name, 0), _number(match), text[match.end() :].strip())
    bullet = re.match(_BULLET, text)
    if bullet or line.is_item:
        n_blanks = len(line.text) - len(line.text.lstrip())
        return Mark(("-", n_blanks), 0, text[bullet.end() :].strip() if bullet else text)
    return Mark(("#", line.level), 0, text) if line.level else None


def lists_in(lines: Sequence[Line]) -> list[Items]:
    """The lists of a text, in the order of their first items; each has two items or more, and their numbers run."""
    marks = {at: mark for at, line in enumerate(lines) if (mark := mark_of(line))}
    found: list[Items] = []
    for kind in dict.fromkeys(mark.kind for mark in marks.values()):
        open_run: list[int] = []
        for at, mark in marks.items():
            if mark.kind == kind and _goes_on(lines, marks, open_run, at):
                open_run.append(at)
            elif mark.kind == kind:
                found += _closed(lines, marks, open_run)
                open_run = [at] if mark.number <= 1 else []
        found += _closed(lines, marks, open_run)
    return sorted(found, key=lambda items: items.starts)


def _goes_on(lines: Sequence[Line], marks: dict[int, Mark], run: Sequence[int], at: int) -> bool:
    if not run:
        return False
    last, mark = marks[run[-1]], marks[at]
    if last.number:
        return mark.number == last.number + 1
    between = range(run[-1] + 1, at)
    if mark.kind[0] == "#":
        return not any(0 < lines[n].level < mark.kind[1] for n in between)
    return not any(_ends_bullets(lines, marks, n) for n in between)


def _ends_bullets(lines: Sequence[Line], marks: dict[int, Mark], at: int) -> bool:
    """Whether a line stands outside the bullets: not marked, and not indented."""
    line = lines[at]
    return not line.is_blank and at not in marks and not line.text.startswith((" ", "\t", "\u3000"))


def _closed(lines: Sequence[Line], marks: dict[int, Mark], run: Sequence[int]) -> list[Items]:
    if len(run) < 2:
        return []
    return [Items(marks[run[0]].kind, tuple(run), _end(lines, marks, run))]


def _end(lines: Sequence[Line], marks: dict[int, Mark], run: Sequence[int]) -> int:
    """The line after the last item.

    It ends where the list around it goes on; where a blank line stands, unless other items have such in them; and
    after its first line when all other items have no more than one.
    """
    kind = marks[run[0]].kind
    outer = {mark.kind for at, mark in marks.items() if at < run[0]}
    inside = [n for start, end in pairwise(run) for n in range(start + 1, end)]
    has_gaps = any(lines[n].is_blank and not _before_item(lines, n, run) for n in inside)
    has_more = any(not lines[n].is_blank for n in inside)
    for at in range(run[-1] + 1, len(lines)):
        mark = marks.get(at)
        is_outside = mark is not None and (mark.kind in outer or mark.kind == kind)
        is_above = kind[0] == "#" and 0 < lines[at].level < kind[1]
        is_after = mark is None and not lines[at].is_blank and not has_more and kind[0] != "#"
        if is_outside or is_above or is_after or (lines[at].is_blank and not has_gaps and kind[0] != "#"):
            return at
    return len(lines)


def _before_item(lines: Sequence[Line], at: int, run: Sequence[int]) -> bool:
    """Whether only blank lines stand between this one and the next item."""
    while at < len(lines) and lines[at].is_blank:
        at += 1
    return at in run
