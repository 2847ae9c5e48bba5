"""Lines and tables on a terminal of any width; widths are counted in terminal cells.

Every text is shown literally: it goes to rich as ``Text``, never as markup, on one line, without control characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple, TextIO, TypeVar

from rich import box
from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.table import Table
from rich.text import Text

from matchmaker.domain import Language, Level
from matchmaker.writing import labelled, level_bar, level_word, one_line

Row = TypeVar("Row")

LEVEL_STYLES: Final[Mapping[Level, str]] = {"strong": "bold green", "fair": "green", "weak": "yellow", "none": "dim"}

_NARROW: Final = 60
_WIDEST_PROSE: Final = 120
# A line may end after a Chinese or full-width character, or at a space; never between a text and the brackets, quotes
# and punctuation around it.
_CHINESE: Final = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_OPENING: Final = "“‘（《【〖〔"
_CLOSING: Final = "，。；：、）】》〗〕！？”’"
_TOKEN: Final = re.compile(
    rf"\s+|[{_OPENING}]{{0,8}}+(?:[{_CHINESE}]|[^\s{_CHINESE}{_OPENING}{_CLOSING}]+)[{_CLOSING}]*|\S"
)


class Column(NamedTuple):
    """A column of a table; a short one is never wrapped."""

    heading: str
    is_short: bool = False
    is_number: bool = False


def open_console(stream: TextIO | None = None, *, width: int | None = None) -> Console:
    """A console on ``stream`` (standard output when not given) that takes every text literally."""
    return Console(file=stream, width=width, markup=False, emoji=False, highlight=False)


@contextmanager
def row_counter(stream: TextIO, rows: Iterable[Row]) -> Iterator[Iterable[Row]]:
    """The same rows, counted on ``stream`` while they are read; the counter is gone at the end."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # kept out of start-up

    columns = (SpinnerColumn(), TextColumn("{task.completed:,}"), TimeElapsedColumn())
    with Progress(*columns, console=open_console(stream), transient=True) as bar:
        yield bar.track(rows, total=None)


def cell(text: str, style: str = "") -> Text:
    """A literal text for a table."""
    return Text(one_line(text), style=style, overflow="fold")


def level_text(console: Console, level: Level, language: Language) -> str:
    """A level as a bar and in words."""
    return f"{level_bar(level, ascii_only=console.options.ascii_only)} {level_word(level, language)}"


def level_cell(console: Console, level: Level, language: Language) -> Text:
    """A level as a bar, in words and in colour."""
    return cell(level_text(console, level, language), LEVEL_STYLES[level])


def say(console: Console, text: str, *, indent: int = 0, mark: str = "", style: str = "") -> None:
    """Print a text over as many lines as it needs; ``mark`` hangs in front of the first, ``indent`` before them all."""
    lead = " " * indent + (f"{mark} " if mark else "")
    width = max(10, prose_width(console) - cell_len(lead))
    for number, line in enumerate(wrapped(one_line(text), width)):
        front = lead if number == 0 else " " * cell_len(lead)
        print_line(console, Text(f"{front}{line}", style=style))


def prose_width(console: Console) -> int:
    """The cells that a line of running text may take."""
    return min(console.width, _WIDEST_PROSE)


def print_line(console: Console, line: Text) -> None:
    """Print one line as it is."""
    console.print(line, no_wrap=True, overflow="ignore", crop=False)


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


def print_rows(console: Console, columns: Sequence[Column], rows: Sequence[Sequence[Text]], language: Language) -> None:
    """Print a table; on a narrow terminal, where columns would be too thin, each row becomes labelled lines."""
    if console.width < _NARROW:
        for row in rows:
            filled = [(column, text) for column, text in zip(columns, row, strict=True) if text.plain]
            for number, (column, text) in enumerate(filled):
                line = labelled(column.heading, text.plain, language) if column.heading else text.plain
                say(console, line, indent=2 if number else 0, style=str(text.style))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(
            cell(column.heading),
            justify="right" if column.is_number else "left",
            no_wrap=column.is_short,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*row)
    console.print(table)
