"""The lists in a text: the lines that begin an item, and the items that form a list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

from matchmaker.intake.headings import simplify
from matchmaker.intake.labels import parse_item_number, problem_marker

MarkKind: TypeAlias = tuple[str, int]
"""The mark of an item and its depth: the level of a heading, the spaces before a bullet, or 0."""

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
_ORDINAL_WORDS: Final = "(?i:" + "|".join(sorted(_ORDINALS, key=len, reverse=True)) + ")"
_NUMBER_PATTERNS: Final = {
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
    "first": rf"(?P<number>{_ORDINAL_WORDS})(?:[,:]|\s+(?=(?i:we|our|the|a|an|is)\b))",
    "1 |": r"(?P<number>\d{1,2})\s*\|",
    "需求一": rf"(?:技术)?(?:需求|难题)\s*(?P<number>{_CHINESE}|\d{{1,2}})\s*[:：、]",
}
_BULLET: Final = r"[-–—*•·●▪◆■►➢]\s+|[•●▪◆■►➢]"
_HEADING: Final = r" {0,3}(?P<level>#{1,6})[ \t]+"
# Inside a line, an item begins only after punctuation or white space.
_AFTER_PUNCTUATION: Final = r"(?<=[:：;；。，,.!！?？])\s*|(?<=\s)"
_INLINE_MARKS: Final = ("需求一", "1.", "1)", "(1)", "(a)", "①", "第一", "一是", "first")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text; ``level`` is more than 0 for a heading, ``is_item`` means that it had a bullet."""

    text: str
    level: int = 0
    is_item: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether the line is blank."""
        return not self.text.strip()


@dataclass(frozen=True, slots=True)
class Mark:
    """The mark that begins an item; ``number`` is 0 without a number, ``rest`` is the line without the mark."""

    kind: MarkKind
    number: int
    rest: str


@dataclass(frozen=True, slots=True)
class ItemList:
    """A list: the indices of the lines at which its items begin, and of the line after the last one."""

    kind: MarkKind
    starts: tuple[int, ...]
    end: int

    def spans(self) -> Iterator[tuple[int, int]]:
        """The half-open range of lines of each item."""
        return pairwise((*self.starts, self.end))


def text_lines(text: str) -> list[Line]:
    """The lines of a text, with Markdown headings recognised, as plain texts use them as well."""
    return [_line(line) for line in text.splitlines()]


def _line(text: str) -> Line:
    heading = re.match(_HEADING, text)
    return Line(text[heading.end() :].strip(), len(heading["level"])) if heading else Line(text.rstrip())


def cut_before_items(lines: Sequence[Line]) -> list[Line]:
    """The lines, with those that contain a list cut before each item: ``需求如下：（1）…；（2）…``."""
    return [piece for line in lines for piece in _pieces(line)]


def _pieces(line: Line) -> Iterator[Line]:
    for kind in _INLINE_MARKS:
        places = list(_item_starts(line.text, kind))
        if places:
            bounds = [0, *places, len(line.text)]
            first, *others = (line.text[start:end].strip() for start, end in pairwise(bounds))
            yield Line(first, line.level, line.is_item)
            yield from map(Line, others)
            return
    yield line


def _item_starts(text: str, kind: str) -> Iterator[int]:
    """The positions of items inside a line, whose numbers continue from the start of the line, or from 1."""
    first_match = re.match(rf"\s*{_NUMBER_PATTERNS[kind]}", text)
    number = _number(first_match) if first_match else 0
    matches = []
    for match in re.finditer(rf"(?:{_AFTER_PUNCTUATION}){_NUMBER_PATTERNS[kind]}", text):
        if _number(match) == number + 1 and match.start() > 0:
            number += 1
            matches.append(match)
    after_colon = len(matches) == 1 and text[: matches[0].start()].rstrip().endswith((":", "："))
    if len(matches) > 1 or (matches and (first_match or after_colon)):
        yield from (match.start() for match in matches)


def _number(match: re.Match[str]) -> int:
    text = match["number"] or match.groupdict().get("other") or ""
    if text.casefold() in _ORDINALS:
        return _ORDINALS[text.casefold()]
    if len(text) == 1 and text.isascii() and text.isalpha():
        return ord(text.casefold()) - ord("a") + 1
    return ord(text) - 0x245F if "①" <= text <= "⑳" else parse_item_number(text)


def mark_of(line: Line) -> Mark | None:
    """The mark of a line that is an item or a heading; ``None`` for any other line."""
    text = line.text.strip()
    if need_marker := problem_marker(simplify(text)):
        kind, number, title = need_marker
        return Mark((f"need {kind}", 0), number, text[len(text) - len(title) :] if title else "")
    for name, pattern in _NUMBER_PATTERNS.items():
        if match := re.match(pattern, text):
            return Mark((name, 0), _number(match), text[match.end() :].strip())
    bullet = re.match(_BULLET, text)
    if bullet or line.is_item:
        n_blanks = len(line.text) - len(line.text.lstrip())
        return Mark(("-", n_blanks), 0, text[bullet.end() :].strip() if bullet else text)
    return Mark(("#", line.level), 0, text) if line.level else None


def lists_in(lines: Sequence[Line]) -> list[ItemList]:
    """The lists of a text, in the order of their first items; each has two items or more with consecutive numbers."""
    marks = {index: mark for index, line in enumerate(lines) if (mark := mark_of(line))}
    lists: list[ItemList] = []
    for kind in dict.fromkeys(mark.kind for mark in marks.values()):
        open_run: list[int] = []
        for index, mark in marks.items():
            if mark.kind == kind and _continues_run(lines, marks, open_run, index):
                open_run.append(index)
            elif mark.kind == kind:
                lists += _closed_list(lines, marks, open_run)
                open_run = [index] if mark.number <= 1 else []
        lists += _closed_list(lines, marks, open_run)
    return sorted(lists, key=lambda items: items.starts)


def _continues_run(lines: Sequence[Line], marks: dict[int, Mark], run: Sequence[int], index: int) -> bool:
    if not run:
        return False
    last, mark = marks[run[-1]], marks[index]
    if last.number:
        return mark.number == last.number + 1
    between = range(run[-1] + 1, index)
    if mark.kind[0] == "#":
        return not any(0 < lines[n].level < mark.kind[1] for n in between)
    return not any(_ends_bullets(lines, marks, n) for n in between)


def _ends_bullets(lines: Sequence[Line], marks: dict[int, Mark], index: int) -> bool:
    """Whether a line ends a list of bullets: it is neither marked nor indented."""
    line = lines[index]
    return not line.is_blank and index not in marks and not line.text.startswith((" ", "\t", "\u3000"))


def _closed_list(lines: Sequence[Line], marks: dict[int, Mark], run: Sequence[int]) -> list[ItemList]:
    if len(run) < 2:
        return []
    return [ItemList(marks[run[0]].kind, tuple(run), _list_end(lines, marks, run))]


def _list_end(lines: Sequence[Line], marks: dict[int, Mark], run: Sequence[int]) -> int:
    """The index of the line after the last item.

    The item ends where an outer list continues; at a blank line, unless other items contain one; and after its first
    line, if no other item has more than one.
    """
    kind = marks[run[0]].kind
    outer = {mark.kind for index, mark in marks.items() if index < run[0]}
    inside = [n for start, end in pairwise(run) for n in range(start + 1, end)]
    has_gaps = any(lines[n].is_blank and not _precedes_item(lines, n, run) for n in inside)
    has_more = any(not lines[n].is_blank for n in inside)
    for index in range(run[-1] + 1, len(lines)):
        mark = marks.get(index)
        is_outside = mark is not None and (mark.kind in outer or mark.kind == kind)
        is_above = kind[0] == "#" and 0 < lines[index].level < kind[1]
        is_after = mark is None and not lines[index].is_blank and not has_more and kind[0] != "#"
        if is_outside or is_above or is_after or (lines[index].is_blank and not has_gaps and kind[0] != "#"):
            return index
    return len(lines)


def _precedes_item(lines: Sequence[Line], index: int, run: Sequence[int]) -> bool:
    """Whether only blank lines separate this line from the next item."""
    while index < len(lines) and lines[index].is_blank:
        index += 1
    return index in run
