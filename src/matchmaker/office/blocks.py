"""The content of a document, whatever program wrote it: paragraphs and tables, in order. Every reader returns these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from matchmaker.office.packed import Package


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, with its line breaks as line ends.

    Attributes:
        text: The text, without the bullet or number of a list.
        level: 0 for ordinary text, 1 or more for a heading.
        is_item: Whether it is an item of a list.
    """

    text: str
    level: int = 0
    is_item: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell and its content. Merged cells are one cell, which covers ``n_rows`` rows and ``n_columns`` columns."""

    blocks: tuple[Block, ...] = ()
    n_rows: int = 1
    n_columns: int = 1

    @property
    def text(self) -> str:
        """All its text, a line for each paragraph and for each row of a table inside it."""
        return plain_text(self.blocks)


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a table. A row has no cell where a merged cell from above covers it."""

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
    """The texts of a row's cells on one line, separated by `` | ``; empty cells are left out."""
    return " | ".join(text for cell in row if (text := " ".join(cell.text.split())))


class Opened(NamedTuple):
    """A document that is to be read.

    Attributes:
        data: All of it.
        place: What to call it in a fault.
        begins: Whether a line begins an entry of a form, an item or a section, for what has lines but no paragraphs.
        package: A packed one, looked over.
    """

    data: bytes
    place: str
    begins: Callable[[str], bool]
    package: Package | None = None
