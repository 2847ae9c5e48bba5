"""The tables of a document interpreted as their authors meant them: forms, lists of problems, plain tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from matchmaker.intake.headings import FieldColumn
from matchmaker.intake.labels import LabelledLine, column_for, is_label, is_unused_label, label_text, labelled_line
from matchmaker.office.blocks import Block, Cell, Paragraph, Table, row_text

_SPEAKS_OF_NEEDS: Final = r"(?i)需求|難題|难题|問題|问题|課題|课题|problem|need|requirement|challenge"
_LABEL_GAP: Final = r"(?:\t|(?<![ \u3000])[ \u3000]++)(?=[^\s:：]{2,12}\s?[:：])"
_SHORT_LABEL: Final = 10


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of free text; ``level`` and ``is_item`` as in ``Paragraph``."""

    text: str
    level: int = 0
    is_item: bool = False


@dataclass(frozen=True, slots=True)
class FormEntry:
    """A label and its value.

    Attributes:
        label: The label as written, without number and colon.
        column: The field it stands for; ``None`` for any other label.
        value: The value, which may be empty.
        table: The number of its table, from 1; 0 for a line of text, which following lines may continue.
    """

    label: str
    column: FieldColumn | None
    value: str
    table: int = 0

    @property
    def field(self) -> str | None:
        """The field it stands for, or ``None``."""
        return self.column.field if self.column else None

    @property
    def names_a_problem(self) -> bool:
        """Whether the label announces a problem, so that two of them are two problems."""
        return self.field in ("title", "description") and bool(re.search(_SPEAKS_OF_NEEDS, self.label))


@dataclass(frozen=True, slots=True)
class ProblemStart:
    """The start of a new problem: a row in a list of problems."""


Event: TypeAlias = TextLine | FormEntry | ProblemStart


def events_of(blocks: tuple[Block, ...]) -> list[Event]:
    """The content of the blocks, in order: lines of text, labels with values, starts of problems."""
    return list(_BlockWalk().events(blocks))


def line_events(text: str, level: int = 0, *, is_item: bool = False) -> Iterator[Event]:
    """The events of a paragraph: one or several labels with values on a line, else text."""
    parts = [labelled_line(part) for part in re.split(_LABEL_GAP, text.strip())]
    if len(parts) > 1 and all(parts):
        yield from (_entry(part) for part in parts if part)
    elif labelled := labelled_line(text):
        yield _entry(labelled)
    elif text.strip():
        yield TextLine(text.strip(), level, is_item)


def _entry(labelled: LabelledLine, table: int = 0) -> FormEntry:
    return FormEntry(labelled.label, labelled.column, labelled.value, table)


@dataclass(slots=True)
class _BlockWalk:
    """A walk through blocks that counts the tables it passes."""

    n_tables: int = 0
    open_label: str | None = None  # a label of a form whose value is in the next row

    def events(self, blocks: tuple[Block, ...]) -> Iterator[Event]:
        for block in blocks:
            if isinstance(block, Paragraph):
                yield from self._paragraph(block)
                continue
            self.n_tables += 1
            if (heading := _list_heading(block)) is not None:
                yield from self._list(block, heading)
            elif _is_form(block):
                yield from self._form(block)
            else:
                yield from self._plain(block)

    def _paragraph(self, paragraph: Paragraph) -> Iterator[Event]:
        if labelled_line(paragraph.text):
            lines = paragraph.text.split("\n")
            if all(labelled_line(line) for line in lines if line.strip()):
                for line in lines:
                    yield from line_events(line)
            else:
                yield from line_events(paragraph.text)
            return
        for number, line in enumerate(paragraph.text.split("\n")):
            yield from line_events(line, paragraph.level, is_item=paragraph.is_item and number == 0)

    def _plain(self, table: Table) -> Iterator[Event]:
        """A table that is not a form: its rows as text; a cell that holds everything is only a frame."""
        for row in table.rows:
            if len(row) == 1 or any(isinstance(block, Table) for cell in row for block in cell.blocks):
                for cell in row:
                    yield from self.events(cell.blocks)
            elif text := row_text(row):
                yield TextLine(text)

    def _list(self, table: Table, heading: int) -> Iterator[Event]:
        """A list of problems: a row of headings, then a problem in each row."""
        number = self.n_tables
        yield from (TextLine(text, 1) for row in table.rows[:heading] if (text := row_text(row)))
        labels = [label_text(cell.text) for cell in table.rows[heading]]
        columns = [column_for(cell.text) for cell in table.rows[heading]]
        for row in table.rows[heading + 1 :]:
            if not any(cell.text.strip() for cell in row):
                continue
            if len(row) == 1:
                yield TextLine(row[0].text)
                continue
            yield ProblemStart()
            for label, column, cell in zip(labels, columns, row, strict=False):
                if label not in ("序号", "序號", "No.", "No"):
                    yield FormEntry(label, column, cell.text, number)

    def _form(self, table: Table) -> Iterator[Event]:
        number, section, rows_left = self.n_tables, None, 0
        self.open_label = None
        for row in table.rows:
            rows_left -= 1
            if rows_left <= 0:
                section = None
            cells = list(row)
            if not any(cell.text.strip() for cell in cells):
                continue
            if len(cells) > 1 and _is_section(cells):
                section, rows_left = cells[0], cells[0].n_rows
                cells = cells[1:]
            elif len(cells) == 2 and cells[0].n_rows > 1:
                section, rows_left = cells[0], cells[0].n_rows
            if len(cells) == 1:
                yield from self._single(cells[0], section, number)
                continue
            self.open_label = None
            yield from _pairs(cells, section, number)

    def _single(self, cell: Cell, section: Cell | None, number: int) -> Iterator[Event]:
        """A row with one cell: a label above its value, a label with its value, the rest of a section, or text."""
        text = cell.text
        first, _, rest = text.partition("\n")
        label, self.open_label = self.open_label, None
        if any(isinstance(block, Table) for block in cell.blocks):
            yield from self.events(cell.blocks)
        elif section is not None:
            yield _entry_from(section.text, text, number)
        elif label is not None and labelled_line(text) is None and not _is_known(text):
            yield _entry_from(label, text, number)
        elif _is_known(first) and rest.strip():
            yield _entry_from(first, rest, number)
        elif _is_known(text):
            self.open_label = text
        elif labelled := labelled_line(text):
            yield _entry(labelled, number)
        else:
            yield from self.events(cell.blocks)


def _entry_from(label: str, value: str, number: int) -> FormEntry:
    return FormEntry(label_text(label), column_for(label), value, number)


def _pairs(cells: list[Cell], section: Cell | None, number: int) -> Iterator[Event]:
    """Labels and values side by side. A cell that is not a label belongs to the value before it."""
    if not is_label(cells[0].text):
        yield TextLine(row_text(tuple(cells)))
        return
    pairs: list[tuple[str, list[str]]] = []
    for index, cell in enumerate(cells):
        text = cell.text
        is_next = index > 0 and index + 1 < len(cells) and bool(pairs[-1][1]) and _begins_a_pair(text)
        if index == 0 or is_next:
            pairs.append((text, []))
        else:
            pairs[-1][1].append(text)
    for label, values in pairs:
        value = "\n".join(value for value in values if value.strip())
        column = column_for(label)
        section_column = column_for(section.text) if section is not None and column is None else None
        if section is not None and section_column is not None and label != section.text and not is_unused_label(label):
            yield FormEntry(
                label_text(section.text), section_column, f"{label_text(label)}：{value}" if value else "", number
            )
        else:
            yield FormEntry(label_text(label), column, value, number)


def _begins_a_pair(text: str) -> bool:
    return is_label(text) and (_is_known(text) or len(label_text(text)) <= _SHORT_LABEL)


def _is_section(cells: list[Cell]) -> bool:
    """Whether the first cell of a row spans several rows with labels of their own."""
    first, second = cells[0], cells[1]
    return (
        first.n_rows > 1
        and len(cells) > 2
        and is_label(first.text)
        and is_label(second.text)
        and (_is_known(second.text) or len(cells) % 2 == 1)
    )


def _is_known(text: str) -> bool:
    return column_for(text) is not None or is_unused_label(text)


def _is_form(table: Table) -> bool:
    """Whether a table has two known labels, or one and every cell in the place of a label looks like one."""
    first_cells = [cell.text for row in table.rows for cell in row[:-1] if is_label(cell.text)]
    single_cells = [row[0].text.partition("\n")[0] for row in table.rows if len(row) == 1]
    known = {label_text(text) for text in (*first_cells, *single_cells) if _is_known(text) or labelled_line(text)}
    if len(known) > 1:
        return True
    wide_rows = [row for row in table.rows if len(row) > 1]
    return len(known) == 1 and bool(wide_rows) and all(len(row) == 2 and is_label(row[0].text) for row in wide_rows)


def _list_heading(table: Table) -> int | None:
    """The index of the heading row of a list of problems, or ``None``.

    All its cells are labels, more than half and at least two are known, and one of them mentions a need.
    """
    for index, row in enumerate(table.rows[:4]):
        if len(row) == 1:  # a title above the headings
            continue
        texts = [cell.text for cell in row if cell.text.strip()]
        columns = [column_for(text) for text in texts]
        known = [column for column in columns if column]
        n_understood = sum(map(_is_known, texts))
        named = any(
            column.field in ("title", "description") and re.search(_SPEAKS_OF_NEEDS, column.heading) for column in known
        )
        fits = len(known) > 1 and named and all(map(is_label, texts)) and 2 * n_understood > len(texts)
        is_followed = index + 1 < len(table.rows) and len(table.rows[index + 1]) == len(row)
        return index if fits and is_followed else None
    return None
