"""What a PDF file says: lines joined to paragraphs, ruled tables, without page numbers and running heads."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Final

from matchmaker.errors import Fault, ProblemError
from matchmaker.messages import said
from matchmaker.office.blocks import Block, Paragraph, Table
from matchmaker.office.grids import Grid, Piece, Rule, first_width, grid_of, joined_text, rows_of

_SECONDS: Final = 20
_MIN_LETTERS: Final = 15
_MAX_STRANGE: Final = 0.3
_BAND: Final = 0.09
_LEAST_BAND: Final = 62.0
_OCR: Final = "recognise its text first (OCR, in WPS or Acrobat), or paste the text: matchmaker match -"
_PAGE_NUMBER: Final = re.compile(
    r"[-–—·\s]*(?:第?\s*\d{1,4}\s*页?|page\s*\d{1,4})(?:\s*[/／,，]?\s*(?:of|共)?\s*\d{1,4}\s*页?)?[-–—·\s]*",
    re.IGNORECASE,
)
_PRINTED: Final = re.compile(
    r"(?:file|https?)://\S+(?:\s+\d+\s*/\s*\d+)?|\d{1,4}/\d{1,2}/\d{1,4}[,，]?\s+(?:[上下]午\s*)?\d{1,2}:\d{2}(?:\s*[AP]M)?\b.*",
    re.I,
)
_ENDS: Final = re.compile(r"[。！？!?：:；;]\s*$")
_BULLET: Final = re.compile(r"\s*(?:[(（]?\d{1,2}[)）、.．](?!\d)|[①-⑳●•·▪◆■►➢☑☐□-])\s*\S")


@dataclass(frozen=True, slots=True)
class _Page:
    number: int
    height: float
    pieces: tuple[Piece, ...]
    rules: tuple[Rule, ...]
    n_images: int


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a page; ``page`` counts from 0."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    page: int

    @property
    def height(self) -> float:
        return self.top - self.bottom


def pdf_blocks(data: bytes, *, place: str, begins: Callable[[str], bool]) -> tuple[list[Block], list[Fault]]:
    """The blocks of a PDF file with a text layer, in order, and warnings about pages that could not be read.

    Lines become paragraphs again, cells between drawn rules become tables. Page numbers, and lines that stand at the
    same edge of most pages, are left out.

    Args:
        data: The file.
        place: Stands for it in messages.
        begins: Whether a line begins something of its own, whatever stands before it.

    Raises:
        ProblemError: It is scanned, protected by a password, damaged, or made to exhaust its reader.
    """
    return blocks_of_answer(_answer(data, place), place=place, begins=begins)


def blocks_of_answer(
    answer: Mapping[str, Any], *, place: str, begins: Callable[[str], bool]
) -> tuple[list[Block], list[Fault]]:
    """As ``pdf_blocks``, from what ``pdfpages.read`` says of the file."""
    if answer.get("problem") == "password":
        fault = Fault(place, "the file is protected by a password", "open it with its password and save it without one")
        raise ProblemError(fault)
    if not answer.get("pages"):
        fault = Fault(
            place,
            "the file is damaged or incomplete",
            "ask for the file again, or open it in Office or WPS and save it anew",
        )
        raise ProblemError(fault)
    pages = [_page(page) for page in answer["pages"]]
    _check_text(pages, place)
    n_read, n_pages = pages[-1].number, int(answer["n_pages"])
    warnings: list[Fault] = []
    if n_read < n_pages:
        finding = said("only the first {n} of {n_pages:,} pages were read", n=n_read, n_pages=n_pages)
        warnings.append(Fault(place, finding))
    pictures = [str(page.number) for page in pages if page.n_images and not page.pieces]
    if pictures:
        numbers = ", ".join(pictures[:20])
        warnings.append(Fault(place, said("pages that are pictures without text: {numbers}", numbers=numbers), _OCR))
    return _blocks(pages, begins), warnings


def _answer(data: bytes, place: str) -> Mapping[str, Any]:
    """What the reader, a process of its own, says of the file."""
    reader = Path(__file__).with_name("pdfpages.py")
    try:
        done = subprocess.run(  # noqa: S603 - our own program, without a shell
            [sys.executable, "-P", str(reader)], input=data, capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode != 0 or not done.stdout:
        if done is not None and b"pypdfium2" in done.stderr and b"Error" in done.stderr:
            raise RuntimeError(done.stderr.decode(errors="replace"))
        finding = "damaged, or it takes more memory or time to read than any document"
        raise ProblemError(Fault(place, finding, "save it as .docx, or paste the text: matchmaker match -"))
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _page(page: Mapping[str, Any]) -> _Page:
    return _Page(
        page["number"],
        page["size"][1],
        tuple(Piece(*piece) for piece in page["pieces"]),
        tuple(Rule(*rule) for rule in page["rules"]),
        page["images"],
    )


def _check_text(pages: Sequence[_Page], place: str) -> None:
    text = "".join(piece.text for page in pages for piece in page.pieces)
    n_letters = sum(map(str.isalnum, text))
    n_strange = sum(char == "\ufffd" or "\ue000" <= char <= "\uf8ff" for char in text)
    if n_strange > _MAX_STRANGE * max(len(text), 1):
        raise ProblemError(Fault(place, "its fonts do not say which characters they show", _OCR))
    if n_letters < _MIN_LETTERS and any(page.n_images for page in pages):
        raise ProblemError(Fault(place, "a scanned file: its pages are pictures without text", _OCR))
    if not n_letters:
        raise ProblemError(Fault(place, "it holds no text", _OCR))


def _blocks(pages: Sequence[_Page], begins: Callable[[str], bool]) -> list[Block]:
    """Paragraphs and tables in order; a table that goes on over a page is one."""
    running = _running_heads(pages)
    blocks: list[Block] = []
    lines: list[_Line] = []
    for at, page in enumerate(pages):
        grid = grid_of(page.pieces, page.rules)
        for item in _in_order(page, at, grid, running):
            if isinstance(item, _Line):
                lines.append(item)
                continue
            blocks += _paragraphs(lines, begins)
            lines = []
            if blocks and isinstance(above := blocks[-1], Table) and above.rows:
                blocks[-1] = Table((*above.rows, *item.rows))
            else:
                blocks.append(item)
    return [*blocks, *_paragraphs(lines, begins)]


def _in_order(page: _Page, at: int, grid: Grid, running: set[tuple[bool, str]]) -> Iterator[_Line | Table]:
    """The lines and the tables of a page from top to bottom, lines in the order of the file."""
    tables = [(top, Table(rows)) for top, rows in rows_of(grid)]
    for line in _lines([piece for piece in page.pieces if piece not in grid.taken], at):
        if _is_furniture(line, page, running):
            continue
        while tables and tables[0][0] > line.top:
            yield tables.pop(0)[1]
        yield line
    for _, table in tables:
        yield table


def _lines(pieces: Sequence[Piece], page: int) -> Iterator[_Line]:
    """Pieces that stand side by side as one line."""
    group: list[Piece] = []
    for piece in pieces:
        if group and _is_beside(group[-1], piece):
            group.append(piece)
            continue
        if group:
            yield _line(group, page)
        group = [piece]
    if group:
        yield _line(group, page)


def _is_beside(before: Piece, piece: Piece) -> bool:
    overlap = min(before.top, piece.top) - max(before.bottom, piece.bottom)
    return overlap > 0.5 * min(before.height, piece.height) and piece.left >= before.right - 1


def _line(group: Sequence[Piece], page: int) -> _Line:
    text = group[0].text
    for before, piece in pairwise(group):
        gap = piece.left - before.right
        text += ("\t" if gap > 1.5 * piece.height else " " if gap > 0.2 * piece.height else "") + piece.text
    return _Line(
        text,
        group[0].left,
        min(piece.bottom for piece in group),
        group[-1].right,
        max(piece.top for piece in group),
        page,
    )


def _running_heads(pages: Sequence[_Page]) -> set[tuple[bool, str]]:
    """What stands at the top (``True``) or the bottom of most pages, apart from numbers in it."""
    counts: Counter[tuple[bool, str]] = Counter()
    for at, page in enumerate(pages):
        counts.update({key for line in _lines(page.pieces, at) if (key := _edge(line, page))})
    return {key for key, count in counts.items() if count > 1 and 2 * count > len(pages)}


def _edge(line: _Line, page: _Page) -> tuple[bool, str] | None:
    band = max(_BAND * page.height, _LEAST_BAND)
    is_top, is_bottom = line.bottom > page.height - band, line.top < band
    return (is_top, re.sub(r"\d+", "0", line.text)) if is_top or is_bottom else None


def _is_furniture(line: _Line, page: _Page, running: set[tuple[bool, str]]) -> bool:
    key = _edge(line, page)
    if key is None:
        return False
    text = line.text.strip()
    return key in running or (len(text) < 200 and bool(_PAGE_NUMBER.fullmatch(text) or _PRINTED.fullmatch(text)))


def _paragraphs(lines: Sequence[_Line], begins: Callable[[str], bool]) -> Iterator[Paragraph]:
    """Lines that were one paragraph before they were set: a full line is followed by more of it."""
    if not lines:
        return
    usual = median(line.height for line in lines)
    right = _right_edge(lines)
    group: list[_Line] = []
    for line in lines:
        if group and (begins(line.text) or not _goes_on(group[-1], line, right)):
            yield _paragraph(group, usual)
            group = []
        group.append(line)
    yield _paragraph(group, usual)


def _right_edge(lines: Sequence[_Line]) -> float:
    """Where full lines end: the right edge that most lines share, of those at the far right."""
    edges = sorted(line.right for line in lines)
    return edges[int(0.9 * (len(edges) - 1))]


def _goes_on(before: _Line, line: _Line, right: float) -> bool:
    size = max(before.height, line.height)
    if abs(before.height - line.height) > 0.2 * size or _BULLET.match(line.text):
        return False
    if before.page == line.page and before.bottom - line.top > 1.3 * size:
        return False
    is_full = before.right + first_width(line.text, size) > right - 0.4 * size
    is_indented = line.left > before.left + 1.2 * size
    return is_full and not (is_indented and _ENDS.search(before.text)) and not is_indented


def _paragraph(lines: Sequence[_Line], usual: float) -> Paragraph:
    text = joined_text([line.text for line in lines])
    is_heading = lines[0].height > 1.2 * usual and len(text) <= 80
    return Paragraph(text, int(is_heading))
