"""PDF files: lines joined to paragraphs, and ruled tables, without page numbers and running heads."""

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
from matchmaker.messages import make_message
from matchmaker.office.blocks import Block, Opened, Paragraph, Table
from matchmaker.office.grids import Grid, Piece, Rule, first_word_width, grid_of, join_lines, tables_of

_TIMEOUT: Final = 20
_MIN_LETTERS: Final = 15
_MAX_STRANGE_SHARE: Final = 0.3
_MARGIN_SHARE: Final = 0.09
_MIN_MARGIN: Final = 62.0
_OCR_REMEDY: Final = "recognise its text first (OCR, in WPS or Acrobat), or paste the text: matchmaker match -"
_PAGE_NUMBER: Final = re.compile(
    r"[-–—·\s]*(?:第?\s*\d{1,4}\s*页?|page\s*\d{1,4})(?:\s*[/／,，]?\s*(?:of|共)?\s*\d{1,4}\s*页?)?[-–—·\s]*",
    re.IGNORECASE,
)
_BROWSER_FOOTER: Final = re.compile(
    r"(?:file|https?)://\S+(?:\s+\d+\s*/\s*\d+)?|\d{1,4}/\d{1,2}/\d{1,4}[,，]?\s+(?:[上下]午\s*)?\d{1,2}:\d{2}(?:\s*[AP]M)?\b.*",
    re.I,
)
_SENTENCE_END: Final = re.compile(r"[。！？!?：:；;]\s*$")
_BULLET: Final = re.compile(r"\s*(?:[(（]?\d{1,2}[)）、.．](?!\d)|[①-⑳●•·▪◆■►➢☑☐□-])\s*\S")


@dataclass(frozen=True, slots=True)
class _PdfPage:
    number: int
    height: float
    pieces: tuple[Piece, ...]
    rules: tuple[Rule, ...]
    n_images: int


@dataclass(frozen=True, slots=True)
class _PdfLine:
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


def read_pdf(opened: Opened) -> tuple[Sequence[Block], list[Fault]]:
    """As ``pdf_blocks``, of an opened file."""
    return pdf_blocks(opened.data, place=opened.place, starts_block=opened.begins)


def pdf_blocks(data: bytes, *, place: str, starts_block: Callable[[str], bool]) -> tuple[list[Block], list[Fault]]:
    """The blocks of a PDF file with a text layer, in order, and warnings about pages that could not be read.

    Lines are joined to paragraphs again, and cells between drawn rules become tables. Page numbers are left out, and so
    are lines that are repeated at the same edge of most pages.

    Args:
        data: The bytes of the file.
        place: What to call it in messages.
        starts_block: Whether a line starts a new paragraph, whatever precedes it.

    Raises:
        ProblemError: It is scanned, protected by a password, damaged, or made to exhaust its reader.
    """
    return blocks_from_answer(_run_reader(data, place), place=place, starts_block=starts_block)


def blocks_from_answer(
    answer: Mapping[str, Any], *, place: str, starts_block: Callable[[str], bool]
) -> tuple[list[Block], list[Fault]]:
    """As ``pdf_blocks``, from the answer of ``pdfpages.read_pages``."""
    if answer.get("problem") == "password":
        fault = Fault(place, "the file is protected by a password", "open it with its password and save it without one")
        raise ProblemError(fault)
    if not answer.get("pages"):
        fault = Fault(
            place,
            "the file is damaged or incomplete",
            "request the file again, or open it in Office or WPS and save it again",
        )
        raise ProblemError(fault)
    pages = [_page_from(page) for page in answer["pages"]]
    _check_text(pages, place)
    n_read, n_pages = pages[-1].number, int(answer["n_pages"])
    warnings: list[Fault] = []
    if n_read < n_pages:
        finding = make_message("only the first {n} of {n_pages:,} pages were read", n=n_read, n_pages=n_pages)
        warnings.append(Fault(place, finding))
    picture_pages = [str(page.number) for page in pages if page.n_images and not page.pieces]
    if picture_pages:
        numbers = ", ".join(picture_pages[:20])
        warnings.append(
            Fault(place, make_message("pages that are pictures without text: {numbers}", numbers=numbers), _OCR_REMEDY)
        )
    return _blocks(pages, starts_block), warnings


def _run_reader(data: bytes, place: str) -> Mapping[str, Any]:
    """The answer of the reader, which is a separate process."""
    reader = Path(__file__).with_name("pdfpages.py")
    try:
        process = subprocess.run(  # noqa: S603 - our own program, without a shell
            [sys.executable, "-P", str(reader)], input=data, capture_output=True, timeout=_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        process = None
    if process is None or process.returncode != 0 or not process.stdout:
        if process is not None and b"pypdfium2" in process.stderr and b"Error" in process.stderr:
            raise RuntimeError(process.stderr.decode(errors="replace"))
        finding = "damaged, or it takes more memory or time to read than any document"
        raise ProblemError(Fault(place, finding, "save it as .docx, or paste the text: matchmaker match -"))
    answer: dict[str, Any] = json.loads(process.stdout)
    return answer


def _page_from(page: Mapping[str, Any]) -> _PdfPage:
    return _PdfPage(
        page["number"],
        page["size"][1],
        tuple(Piece(*piece) for piece in page["pieces"]),
        tuple(Rule(*rule) for rule in page["rules"]),
        page["images"],
    )


def _check_text(pages: Sequence[_PdfPage], place: str) -> None:
    text = "".join(piece.text for page in pages for piece in page.pieces)
    n_letters = sum(map(str.isalnum, text))
    n_strange = sum(char == "\ufffd" or "\ue000" <= char <= "\uf8ff" for char in text)
    if n_strange > _MAX_STRANGE_SHARE * max(len(text), 1):
        raise ProblemError(Fault(place, "its fonts do not say which characters they show", _OCR_REMEDY))
    if n_letters < _MIN_LETTERS and any(page.n_images for page in pages):
        raise ProblemError(Fault(place, "a scanned file: its pages are pictures without text", _OCR_REMEDY))
    if not n_letters:
        raise ProblemError(Fault(place, "it holds no text", _OCR_REMEDY))


def _blocks(pages: Sequence[_PdfPage], starts_block: Callable[[str], bool]) -> list[Block]:
    """Paragraphs and tables in order; a table that continues on the next page stays one table."""
    running = _running_heads(pages)
    blocks: list[Block] = []
    lines: list[_PdfLine] = []
    for page_index, page in enumerate(pages):
        grid = grid_of(page.pieces, page.rules)
        for item in _in_order(page, page_index, grid, running):
            if isinstance(item, _PdfLine):
                lines.append(item)
                continue
            blocks += _paragraphs(lines, starts_block)
            lines = []
            if blocks and isinstance(above := blocks[-1], Table) and above.rows:
                blocks[-1] = Table((*above.rows, *item.rows))
            else:
                blocks.append(item)
    return [*blocks, *_paragraphs(lines, starts_block)]


def _in_order(
    page: _PdfPage, page_index: int, grid: Grid, running: set[tuple[bool, str]]
) -> Iterator[_PdfLine | Table]:
    """The lines and tables of a page from top to bottom; lines keep the order of the file."""
    tables = [(top, Table(rows)) for top, rows in tables_of(grid)]
    for line in _lines([piece for piece in page.pieces if piece not in grid.placed], page_index):
        if _is_header_or_footer(line, page, running):
            continue
        while tables and tables[0][0] > line.top:
            yield tables.pop(0)[1]
        yield line
    for _, table in tables:
        yield table


def _lines(pieces: Sequence[Piece], page: int) -> Iterator[_PdfLine]:
    """Lines, each joined from the pieces that stand side by side."""
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


def _line(group: Sequence[Piece], page: int) -> _PdfLine:
    text = group[0].text
    for before, piece in pairwise(group):
        gap = piece.left - before.right
        text += ("\t" if gap > 1.5 * piece.height else " " if gap > 0.2 * piece.height else "") + piece.text
    return _PdfLine(
        text,
        group[0].left,
        min(piece.bottom for piece in group),
        group[-1].right,
        max(piece.top for piece in group),
        page,
    )


def _running_heads(pages: Sequence[_PdfPage]) -> set[tuple[bool, str]]:
    """The texts at the top (``True``) or the bottom (``False``) of most pages, with all numbers replaced by 0."""
    counts: Counter[tuple[bool, str]] = Counter()
    for page_index, page in enumerate(pages):
        counts.update({key for line in _lines(page.pieces, page_index) if (key := _margin_key(line, page))})
    return {key for key, count in counts.items() if count > 1 and 2 * count > len(pages)}


def _margin_key(line: _PdfLine, page: _PdfPage) -> tuple[bool, str] | None:
    margin = max(_MARGIN_SHARE * page.height, _MIN_MARGIN)
    is_top, is_bottom = line.bottom > page.height - margin, line.top < margin
    return (is_top, re.sub(r"\d+", "0", line.text)) if is_top or is_bottom else None


def _is_header_or_footer(line: _PdfLine, page: _PdfPage, running: set[tuple[bool, str]]) -> bool:
    key = _margin_key(line, page)
    if key is None:
        return False
    text = line.text.strip()
    return key in running or (len(text) < 200 and bool(_PAGE_NUMBER.fullmatch(text) or _BROWSER_FOOTER.fullmatch(text)))


def _paragraphs(lines: Sequence[_PdfLine], starts_block: Callable[[str], bool]) -> Iterator[Paragraph]:
    """Paragraphs put together from typeset lines: a full line is continued by the next."""
    if not lines:
        return
    usual_height = median(line.height for line in lines)
    right = _right_edge(lines)
    group: list[_PdfLine] = []
    for line in lines:
        if group and (starts_block(line.text) or not _continues(group[-1], line, right)):
            yield _paragraph(group, usual_height)
            group = []
        group.append(line)
    yield _paragraph(group, usual_height)


def _right_edge(lines: Sequence[_PdfLine]) -> float:
    """The position at which full lines end: the right edge shared by most of the long lines."""
    edges = sorted(line.right for line in lines)
    return edges[int(0.9 * (len(edges) - 1))]


def _continues(before: _PdfLine, line: _PdfLine, right: float) -> bool:
    size = max(before.height, line.height)
    if abs(before.height - line.height) > 0.2 * size or _BULLET.match(line.text):
        return False
    if before.page == line.page and before.bottom - line.top > 1.3 * size:
        return False
    is_full = before.right + first_word_width(line.text, size) > right - 0.4 * size
    is_indented = line.left > before.left + 1.2 * size
    return is_full and not (is_indented and _SENTENCE_END.search(before.text)) and not is_indented


def _paragraph(lines: Sequence[_PdfLine], usual_height: float) -> Paragraph:
    text = join_lines([line.text for line in lines])
    is_heading = lines[0].height > 1.2 * usual_height and len(text) <= 80
    return Paragraph(text, int(is_heading))
