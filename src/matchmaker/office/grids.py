"""The tables of a printed page, reconstructed from the rules (thin lines) drawn on it; all lengths are in points."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from matchmaker.office.blocks import Cell, Paragraph

_TOLERANCE = 3.0
"""Edges closer together than this are one edge."""
_MAX_LINES = 150
"""Upright or level edges of a page; a page with more holds a drawing, not a table."""
_MIN_HEIGHT = 7.0
_INSET = 8.0
"""The largest distance between text and the rules of its cell."""
_CJK = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]"
_ENDS_CJK = re.compile(rf"{_CJK}$")
_STARTS_CJK = re.compile(rf"^{_CJK}")
_FIRST_WORD = re.compile(rf"(?:{_CJK}|[^\s\u2e80-\u9fff]+)[，。、；：！？）”’%]*")
_NEXT_ITEM = re.compile(r"\s*(?:[(（]?\d{1,2}[)）、.．](?!\d)|[①-⑳●•·▪◆■►➢☑☐□])\s*\S")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text on one line, and its position in points from the lower left corner of the page."""

    left: float
    bottom: float
    right: float
    top: float
    text: str

    @property
    def height(self) -> float:
        """The height of its characters."""
        return self.top - self.bottom


@dataclass(frozen=True, slots=True)
class Rule:
    """A thin line, upright or level."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def is_level(self) -> bool:
        """Whether the line is level."""
        return self.right - self.left >= self.top - self.bottom


@dataclass(slots=True)
class Box:
    """A cell of a ruled table, with the text inside it."""

    left: float
    bottom: float
    right: float
    top: float
    pieces: list[Piece] = field(default_factory=list)

    def holds(self, piece: Piece) -> bool:
        """Whether the middle of a piece lies inside the cell."""
        x, y = (piece.left + piece.right) / 2, (piece.bottom + piece.top) / 2
        return self.left <= x <= self.right and self.bottom <= y <= self.top

    @property
    def text(self) -> str:
        """Its lines, from top to bottom; a line that reaches the right edge is joined to the next."""
        lines: list[list[Piece]] = []
        for piece in self.pieces:
            if lines and min(lines[-1][-1].top, piece.top) - max(lines[-1][-1].bottom, piece.bottom) > piece.height / 2:
                lines[-1].append(piece)
            else:
                lines.append([piece])
        paragraphs: list[list[str]] = []
        room = 0.0
        for line in lines:
            text = " ".join(piece.text for piece in line)
            if paragraphs and not _NEXT_ITEM.match(text) and room < first_word_width(text, line[0].height) + _INSET:
                paragraphs[-1].append(text)
            else:
                paragraphs.append([text])
            room = self.right - line[-1].right
        return "\n".join(join_lines(lines) for lines in paragraphs)


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of a page that are high enough for text, and the pieces placed in them."""

    boxes: tuple[Box, ...] = ()
    placed: frozenset[Piece] = frozenset()


def grid_of(pieces: Sequence[Piece], rules: Sequence[Rule]) -> Grid:
    """The cells enclosed by rules on all sides; empty for a page on which fewer than two cells hold text."""
    xs = _positions([(rule.left + rule.right) / 2 for rule in rules if not rule.is_level])
    ys = _positions([(rule.bottom + rule.top) / 2 for rule in rules if rule.is_level])
    if not (1 < len(xs) <= _MAX_LINES and 1 < len(ys) <= _MAX_LINES):
        return Grid()
    boxes = [box for box in _Walls(xs, ys, rules).boxes() if box.top - box.bottom >= _MIN_HEIGHT]
    placed: set[Piece] = set()
    for piece in pieces:
        for box in boxes:
            if box.holds(piece):
                box.pieces.append(piece)
                placed.add(piece)
                break
    if sum(bool(box.pieces) for box in boxes) < 2:
        return Grid()
    return Grid(tuple(boxes), frozenset(placed))


def tables_of(grid: Grid) -> list[tuple[float, tuple[tuple[Cell, ...], ...]]]:
    """The tables of a page from top to bottom: the upper edge and the rows of each."""
    boxes = sorted(grid.boxes, key=lambda box: (-box.top, box.left))
    tops: list[float] = []
    for box in boxes:
        if not tops or tops[-1] - box.top > _TOLERANCE:
            tops.append(box.top)
    rows: list[list[Box]] = [[box for box in boxes if abs(box.top - top) <= _TOLERANCE] for top in tops]
    tables: list[tuple[float, list[tuple[Cell, ...]]]] = []
    lowest = 0.0
    for top, row in zip(tops, rows, strict=True):
        if not tables or top < lowest - 2 * _TOLERANCE:
            tables.append((top, []))
            lowest = top
        tables[-1][1].append(tuple(_cell(box, tops) for box in sorted(row, key=lambda box: box.left)))
        lowest = min([lowest, *(box.bottom for box in row)])
    return [(top, tuple(table_rows)) for top, table_rows in tables]


def join_lines(lines: Sequence[str]) -> str:
    """Join lines into one: Chinese without a space in between, hyphenated words made whole."""
    text = ""
    for line in (line.strip() for line in lines):
        if not text:
            text = line
        elif re.search(r"[a-z]-$", text) and re.match(r"[a-z]", line):
            text = text[:-1] + line
        elif _ENDS_CJK.search(text) or _STARTS_CJK.match(line):
            text += line
        else:
            text += f" {line}"
    return text


def first_word_width(text: str, height: float) -> float:
    """The width of the first word of a line, in points; a line above with less room left was wrapped because of it."""
    word = _FIRST_WORD.match(text)
    return sum(0.85 if char > "\u2e7f" else 0.5 for char in (word[0] if word else text[:1])) * height


def _cell(box: Box, tops: Sequence[float]) -> Cell:
    n_rows = sum(box.bottom + _TOLERANCE < top <= box.top + _TOLERANCE for top in tops)
    return Cell(tuple(Paragraph(line) for line in box.text.split("\n") if line), max(1, n_rows))


def _positions(values: Sequence[float]) -> list[float]:
    """The values in ascending order, with those close together merged into one."""
    positions: list[float] = []
    for value in sorted(values):
        if not positions or value - positions[-1] > _TOLERANCE:
            positions.append(value)
    return positions


class _Walls:
    """The spaces into which the edges of all rules divide a page, and the rules that separate them."""

    def __init__(self, xs: Sequence[float], ys: Sequence[float], rules: Sequence[Rule]) -> None:
        self._xs, self._ys = xs, ys
        self._upright: set[tuple[int, int]] = set()  # (x, space in y)
        self._level: set[tuple[int, int]] = set()  # (y, space in x)
        for rule in rules:
            along, across = (xs, ys) if rule.is_level else (ys, xs)
            start, end = (rule.left, rule.right) if rule.is_level else (rule.bottom, rule.top)
            offset = (rule.bottom + rule.top) / 2 if rule.is_level else (rule.left + rule.right) / 2
            line = min(range(len(across)), key=lambda n: abs(across[n] - offset))
            walls = self._level if rule.is_level else self._upright
            walls.update((line, n) for n, (low, high) in enumerate(pairwise(along)) if start <= (low + high) / 2 <= end)

    def boxes(self) -> Iterator[Box]:
        """The enclosed areas; spaces without a rule between them are one area."""
        seen: set[tuple[int, int]] = set()
        for y in range(len(self._ys) - 1):
            for x in range(len(self._xs) - 1):
                if (x, y) in seen:
                    continue
                area, is_closed = self._area(x, y)
                seen |= area
                if is_closed:
                    columns, levels = [x for x, _ in area], [y for _, y in area]
                    yield Box(
                        self._xs[min(columns)],
                        self._ys[min(levels)],
                        self._xs[max(columns) + 1],
                        self._ys[max(levels) + 1],
                    )

    def _area(self, x: int, y: int) -> tuple[set[tuple[int, int]], bool]:
        """The spaces that can be reached from this one without crossing a rule, and whether they are enclosed."""
        area, open_ends, is_closed = {(x, y)}, [(x, y)], True
        while open_ends:
            x, y = open_ends.pop()
            for wall, walls, beyond in (
                ((x, y), self._upright, (x - 1, y)),
                ((x + 1, y), self._upright, (x + 1, y)),
                ((y, x), self._level, (x, y - 1)),
                ((y + 1, x), self._level, (x, y + 1)),
            ):
                if wall in walls or beyond in area:
                    continue
                if 0 <= beyond[0] < len(self._xs) - 1 and 0 <= beyond[1] < len(self._ys) - 1:
                    area.add(beyond)
                    open_ends.append(beyond)
                else:
                    is_closed = False
        return area, is_closed
