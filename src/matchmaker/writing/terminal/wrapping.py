"""Where a line of text may end, Chinese or English; widths are counted in terminal cells."""

from __future__ import annotations

import re
from typing import Final

from rich.cells import cell_len, chop_cells

# A line may end after a Chinese or full-width character, or at a space; never between a text and the brackets, quotes
# and punctuation around it.
_CHINESE: Final = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_OPENING: Final = "“‘（《【〖〔"
_CLOSING: Final = "，。；：、）】》〗〕！？”’"
_TOKEN: Final = re.compile(
    rf"\s+|[{_OPENING}]{{0,8}}+(?:[{_CHINESE}]|[^\s{_CHINESE}{_OPENING}{_CLOSING}]+)[{_CLOSING}]*|\S"
)


def wrapped(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` cells; what has no place to break is cut at the edge."""
    lines, line = [], ""
    for token in _TOKEN.findall(text):
        if line and cell_len(line + token.rstrip()) > width:
            lines.append(line.rstrip())
            line = token.lstrip()
        else:
            line += token
        if cell_len(line.rstrip()) > width:
            *full, line = chop_cells(line, width)
            lines += full
    return [*lines, line.rstrip()] if line.strip() or not lines else lines
