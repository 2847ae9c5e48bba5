"""Reads the pages of a PDF file in a process of its own: ``python pdfpages.py < FILE``, JSON on stdout.

A PDF file can be made to fill any memory, and a parser written in C can crash: both then end this process and not
matchmaker. So nothing of matchmaker is imported, and memory and time are limited before the file is read.
"""

from __future__ import annotations

import ctypes
import json
import sys
from typing import Any

MAX_MEMORY = 260_000_000
MAX_SECONDS = 2
MAX_PAGES = 200
MAX_CHARS = 300_000
MAX_RULES = 4_000
_MAX_THICKNESS = 3.0
_TOLERANCE = 2.0


def limit_resources() -> None:
    """Limit the memory and processor time of this process; on Windows, only the parent's timeout limits it."""
    try:
        import resource
    except ImportError:
        return
    for kind, most in ((resource.RLIMIT_AS, MAX_MEMORY), (resource.RLIMIT_CPU, MAX_SECONDS), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def read_pages(data: bytes) -> dict[str, Any]:
    """The answer for the parent process.

    Returns:
        ``problem`` (``password`` or ``damaged``), or else ``pages`` and ``n_pages``, the pages of the file. A page has
        its ``number``, ``size`` (width, height), ``pieces`` (left, bottom, right, top and text of each run on one
        line), ``rules`` (left, bottom, right and top of thin lines) and the number of its ``images``. Lengths are in
        points.
    """
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        return {"problem": "password" if "assword" in str(error) else "damaged"}
    n_pages, n_chars, pages = len(document), 0, []
    for number in range(min(n_pages, MAX_PAGES)):
        try:
            page = read_page(document[number])
        except pdfium.PdfiumError:
            continue
        n_chars += sum(len(piece[4]) for piece in page["pieces"])
        pages.append({"number": number + 1, **page})
        if n_chars > MAX_CHARS:
            break
    return {"pages": pages, "n_pages": n_pages}


def read_page(page: Any) -> dict[str, Any]:
    """One page as plain data."""
    from pypdfium2 import raw

    raw.FPDFPage_Flatten(page.raw, raw.FLAT_NORMALDISPLAY)  # makes the values of form fields text of the page
    rules: list[tuple[float, float, float, float]] = []
    n_images = 0
    for item in page.get_objects(filter=(raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_IMAGE), max_depth=3):
        if item.type == raw.FPDF_PAGEOBJ_IMAGE:
            n_images += 1
        elif len(rules) < MAX_RULES:
            rules += rules_of(*item.get_bounds())
    uprights = [rule for rule in rules if rule[2] - rule[0] < _MAX_THICKNESS]
    width, height = page.get_size()
    return {
        "size": (round(width), round(height)),
        "pieces": pieces_of(page.get_textpage(), uprights),
        "rules": [tuple(round(edge, 1) for edge in rule) for rule in rules],
        "images": n_images,
    }


def rules_of(left: float, bottom: float, right: float, top: float) -> list[tuple[float, float, float, float]]:
    """The thin lines in a drawn path: the path itself, or the sides of a frame; none in any other."""
    width, height = right - left, top - bottom
    if (height < _MAX_THICKNESS and width > 8) or (width < _MAX_THICKNESS and height > 5):
        return [(left, bottom, right, top)]
    if width > 15 and height > 9:
        sides = ((left, bottom, right, bottom), (left, top, right, top), (left, bottom, left, top))
        return [*sides, (right, bottom, right, top)]
    return []


def pieces_of(textpage: Any, uprights: list[tuple[float, float, float, float]]) -> list[tuple[float | str, ...]]:
    """The characters joined to runs on one line that do not cross an upright rule."""
    from pypdfium2 import raw

    box = raw.FS_RECTF()
    pointer = ctypes.byref(box)
    pieces: list[tuple[float | str, ...]] = []
    chars: list[tuple[float, str]] = []  # with left edges, as a character of another font may come out of order
    edges = [0.0, 0.0, 0.0, 0.0]

    def end_piece() -> None:
        if text := "".join(char for _, char in sorted(chars, key=lambda entry: entry[0])).strip():
            pieces.append((*(round(edge, 1) for edge in edges), text))
        chars.clear()

    for index in range(min(textpage.count_chars(), MAX_CHARS)):
        code = raw.FPDFText_GetUnicode(textpage.raw, index)
        if code in (10, 13):
            end_piece()
            continue
        char = chr(code) if 31 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "-" if code == 2 else "\ufffd"
        if not raw.FPDFText_GetLooseCharBox(textpage.raw, index, pointer) or box.right <= box.left:
            if chars:
                chars.append((chars[-1][0], char))
            continue
        if chars and (crosses_rule(edges, box, uprights) or is_apart(edges, box)):
            end_piece()
        if not chars:
            if char.isspace():
                continue
            edges = [box.left, box.bottom, box.right, box.top]
        else:
            edges = [
                min(edges[0], box.left), min(edges[1], box.bottom), max(edges[2], box.right), max(edges[3], box.top)
            ]  # fmt: skip
        chars.append((box.left, char))
    end_piece()
    return pieces


def crosses_rule(edges: list[float], box: Any, uprights: list[tuple[float, float, float, float]]) -> bool:
    """Whether an upright rule stands between a piece and the next character."""
    middle = (box.bottom + box.top) / 2
    return any(
        edges[2] - _TOLERANCE <= left and right <= box.left + _TOLERANCE and bottom <= middle <= top
        for left, bottom, right, top in uprights
    )


def is_apart(edges: list[float], box: Any) -> bool:
    """Whether the next character is on another line, or far away on this one."""
    height = box.top - box.bottom
    is_elsewhere = box.top < edges[1] + 0.2 * height or box.bottom > edges[3] - 0.2 * height
    return bool(is_elsewhere or box.left > edges[2] + 2.5 * height or box.right < edges[0] - height)


def main() -> None:
    """Read a PDF file from stdin and write the answer to stdout."""
    limit_resources()
    answer = read_pages(sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(answer).encode())


if __name__ == "__main__":
    main()
