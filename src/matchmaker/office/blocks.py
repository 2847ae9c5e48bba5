"""What a document says, whatever program wrote it: paragraphs and tables, in order. Each reader gives this much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; ``level`` is 0 for ordinary text, 1 and more for headings. Line breaks in it are line ends.

    ``is_item`` says that it is an item of a list whose bullet or number is not part of the text.
    """

    text: str
    level: int = 0
    is_item: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell and what stands in it. Of merged cells there is one, which says how many rows and columns it covers."""

    blocks: tuple[Block, ...] = ()
    n_rows: int = 1
    n_columns: int = 1

    @property
    def text(self) -> str:
        """All text in it, a line for each paragraph and for each row of a table within."""
        return plain_text(self.blocks)


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a table. A row has no cell for what a merged cell above covers."""

    rows: tuple[tuple[Cell, ...], ...]


Block: TypeAlias = Paragraph | Table


def plain_text(blocks: tuple[Block, ...]) -> str:
    """The text of blocks: a line for each paragraph and for each row of a table, its cells separated by `` | ``."""
    lines: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph):
            lines.append(block.text.strip())
        else:
            lines += [row_text(row) for row in block.rows]
    return "\n".join(line for line in lines if line)


def row_text(row: tuple[Cell, ...]) -> str:
    """A row on one line."""
    return " | ".join(text for cell in row if (text := " ".join(cell.text.split())))
