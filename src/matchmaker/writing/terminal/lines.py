"""Lines and tables on a terminal of any width; widths are counted in terminal cells.

Every text is shown literally: it goes to rich as ``Text``, never as markup, on one line, without control characters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple, TextIO

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from matchmaker.domain import Language, Level
from matchmaker.writing import labelled, level_bar, level_word, one_line
from matchmaker.writing.terminal.wrapping import wrapped

LEVEL_STYLES: Final[Mapping[Level, str]] = {"strong": "bold green", "fair": "green", "weak": "yellow", "none": "dim"}

_NARROW: Final = 60
_WIDEST_PROSE: Final = 120


class TerminalColumn(NamedTuple):
    """A column of a table on the terminal; a short one is never wrapped."""

    heading: str
    is_short: bool = False
    is_number: bool = False


def open_console(stream: TextIO | None = None, *, width: int | None = None) -> Console:
    """A console on ``stream`` (standard output when not given) that takes every text literally."""
    return Console(file=stream, width=width, markup=False, emoji=False, highlight=False)


@contextmanager
def row_counter(stream: TextIO) -> Iterator[Callable[[int], None]]:
    """A counter on ``stream``, told how many rows were read; it appears with the first and is gone at the end."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # kept out of start-up

    columns = (SpinnerColumn(), TextColumn("{task.completed:,}"), TimeElapsedColumn())
    bar = Progress(*columns, console=open_console(stream), transient=True)
    task = bar.add_task("", total=None)

    def count(n_read: int) -> None:
        bar.start()
        bar.update(task, completed=n_read)

    try:
        yield count
    finally:
        bar.stop()


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
    """Print a text, wrapped; ``indent`` spaces precede all lines, and ``mark`` hangs in front of the first."""
    lead = " " * indent + (f"{mark} " if mark else "")
    width = max(10, prose_width(console) - cell_len(lead))
    for number, line in enumerate(wrapped(one_line(text), width)):
        front = lead if number == 0 else " " * cell_len(lead)
        print_line(console, Text(f"{front}{line}", style=style))


def prose_width(console: Console) -> int:
    """The greatest width of a line of running text, in cells."""
    return min(console.width, _WIDEST_PROSE)


def print_line(console: Console, line: Text) -> None:
    """Print one line as it is."""
    console.print(line, no_wrap=True, overflow="ignore", crop=False)


def print_rows(
    console: Console, columns: Sequence[TerminalColumn], rows: Sequence[Sequence[Text]], language: Language
) -> None:
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
