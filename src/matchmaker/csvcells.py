"""Cells of CSV files, which a spreadsheet must never take for formulas."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

_FORMULA_STARTS: Final = frozenset("=+-@＝＋－＠﹢﹣﹦﹫−")
_BLANK_LETTERS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters by category that look blank
_OTHER_SEPARATORS: Final = re.compile(r"([;\t\r\n])")
_PLAIN_CELL: Final = re.compile(r"[0-9A-Za-z一-鿿][^;\t\r\n]*")  # matches most cells
_LIST_MARK: Final = re.compile(r"[-+－＋][ \u3000]")


def could_be_formula(cell: str) -> bool:
    """Whether a spreadsheet could take ``cell`` for a formula when it is read or edited.

    Spaces, control and zero-width characters before the sign do not hide it; a cell that starts with a tab or a line
    end is risky whatever follows.
    """
    return cell[:1] in {"\t", "\r", "\n"} or _starts_with_sign(cell)


def _starts_with_sign(text: str) -> bool:
    if "一" <= text[:1] <= "鿿" or "0" <= text[:1] <= "9":  # a shortcut for most texts
        return False
    return next((char for char in text if not _is_unseen(char)), "") in _FORMULA_STARTS


def _is_unseen(char: str) -> bool:
    return char in _BLANK_LETTERS or unicodedata.category(char)[0] in "ZCM"


def escape_formulas(cell: str) -> str:
    """``cell`` for a file without types, with an apostrophe in front if it could be taken for a formula.

    Text after a semicolon, a tab or a line end inside the cell is escaped as well, as some programs separate cells by
    these; but "- " and "+ " at the start of a line are list marks and stay. A text that would be escaped but for its
    leading apostrophes gets one more, so that different cells never become equal.
    """
    if _PLAIN_CELL.fullmatch(cell):
        return cell
    first, *rest = _OTHER_SEPARATORS.split(cell)
    for end, text in zip(rest[::2], rest[1::2], strict=True):
        first += f"{end}'{text}" if _needs_apostrophe(end, text) else end + text
    return f"'{first}" if could_be_formula(cell.lstrip("'")) else first


def unescape_formulas(cell: str) -> str:
    """The inverse of ``escape_formulas``; a cell that it cannot have produced is returned as it is."""
    first, *rest = _OTHER_SEPARATORS.split(cell)
    for end, text in zip(rest[::2], rest[1::2], strict=True):
        first += end + (text[1:] if text.startswith("'") and _needs_apostrophe(end, text[1:]) else text)
    text = first[1:] if first.startswith("'") and could_be_formula(first[1:].lstrip("'")) else first
    return text if escape_formulas(text) == cell else cell


def _needs_apostrophe(end: str, text: str) -> bool:
    """Whether the text after a separator gets an apostrophe."""
    is_list_mark = end in "\r\n" and _LIST_MARK.match(text)
    return _starts_with_sign(text.lstrip("'")) and not is_list_mark


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV. Texts from others must be escaped by ``escape_formulas`` first; our own numbers must not."""
    # RFC 4180 asks for \r\n and Excel writes it; besides, only then does Python 3.11 quote a cell with a lone \r.
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()
