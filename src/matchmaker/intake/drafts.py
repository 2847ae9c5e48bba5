"""From the content of a document to its problems: which lines belong to which problem and to which field."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from matchmaker.domain import Problem
from matchmaker.errors import Fault, ProblemError
from matchmaker.intake.fields import LoadedProblems, build_problem
from matchmaker.intake.forms import Event, FormEntry, ProblemStart, TextLine, events_of, line_events
from matchmaker.intake.headings import FieldColumn, simplify
from matchmaker.intake.labels import (
    column_for,
    is_blank_value,
    is_form_name,
    is_unused_label,
    label_text,
    numbered_heading,
    problem_marker,
    problem_starts,
    ticked_options,
    without_numbering,
    without_rules,
)
from matchmaker.intake.lists import Line
from matchmaker.intake.needwords import only_leads
from matchmaker.intake.splitting import Split, closing_start, split_lines
from matchmaker.intake.values import NamedValue
from matchmaker.messages import make_message, shortened
from matchmaker.office.blocks import Block

_MAX_PROBLEMS: Final = 1_000
_MAX_TITLE: Final = 60
_LONG_TITLE: Final = 100
_LISTS: Final = frozenset({"targets", "conditions"})
_LONG_TEXTS: Final = frozenset({"description", "targets", "conditions", "tried"})
_SECTION_FIELDS: Final = _LONG_TEXTS | {"cooperation", "budget_cny", "deadline", "keywords"}
_SHARED: Final = frozenset({"enterprise", "industry", "region"})
_SENTENCE_END: Final = r"[。！？；!?;]$|\.$"
_INSTRUCTION: Final = (
    r"(填表|填写|填报)(说明|须知|要求)|请.{0,20}(填写|填报|勾选|打[√✓勾])|(此|本)(表|页).{0,20}(填|用|为)|^注[:：]"
)
_CONTACT_LINE: Final = (
    r"(?i)(联系|電話|电话|手机|微信|邮箱|聯絡|e-?mail|tel|contact).{0,30}?"
    r"(1[3-9]\d{9}|\d{3,4}[- ]?\d{7,8}|[\w.+-]+@[\w-]+\.)"
)


def problems_from_blocks(
    blocks: Sequence[Block], *, place: str, default_id: str, title: str = "", split: Split = "auto"
) -> LoadedProblems:
    """The problems of a document.

    A form fills fields; other text is the description. The title of a free text is its first heading, or else its first
    line if that is short enough. A new problem begins in a form wherever its label for a problem (需求名称) recurs, in
    a list of problems with every row, and in free text according to ``problem_starts`` and ``split_needs``.

    Args:
        blocks: The content of the document.
        place: What to call it in an error.
        default_id: The id of a problem that gives none; several get ``-1``, ``-2`` … after it.
        title: The title of a text that has none, such as the subject of a mail.
        split: ``never`` takes a free text as one problem.

    Raises:
        ProblemError: The document is empty, says too little for a problem, or has too many problems.
    """
    events = events_of(tuple(blocks))
    return problems_from_events(events, place=place, default_id=default_id, title=title, split=split)


def form_from_text(text: str, *, place: str, default_id: str, split: Split = "auto") -> LoadedProblems | None:
    """The problems of a plain text that is a form or a numbered list of problems; ``None`` for any other text.

    A form has lines ``label：value`` for at least two fields, and one of the labels mentions a problem or a need
    (需求名称).
    """
    events = [event for line in text.splitlines() for event in line_events(line)]
    entries = [event for event in events if isinstance(event, FormEntry) and event.field]
    is_form = len({entry.field for entry in entries}) > 1 and any(entry.names_a_problem for entry in entries)
    is_list = len(_form_starts(events) or _numbered_starts(events, split)) > 1
    if not (is_form or is_list):
        return None
    return problems_from_events(events, place=place, default_id=default_id, split=split)


def problems_from_events(
    events: list[Event], *, place: str, default_id: str, title: str = "", split: Split = "auto"
) -> LoadedProblems:
    """As ``problems_from_blocks``, from the events of the blocks."""
    starts = _form_starts(events)
    numbered = [] if starts else _numbered_starts(events, split)
    starts = starts or numbered
    if len(starts) > _MAX_PROBLEMS:
        finding = make_message("more than {n:,} problems in one document", n=_MAX_PROBLEMS)
        raise ProblemError(Fault(place, finding, "save them as a table, a problem in each row, and use batch"))
    drafts: list[_Draft] = []
    preamble = _Draft()
    bounds = [*starts, len(events)] if starts else [0, len(events)]
    if starts:
        preamble.read_events(events[: bounds[0]])
    for start, end in pairwise(bounds):
        draft = _Draft(
            is_one_of_many=len(bounds) > 2,
            is_titled=bool(title),
            shared=preamble.shared() | (drafts[-1].shared() if drafts else {}),
        )
        draft.read_events(events[start:end])
        drafts.append(draft)
    drafts = [draft for draft in drafts if draft.says_something()] or drafts[:1]
    if numbered:
        _share_common_lines(drafts, preamble)
    loaded = _build_all(drafts, preamble, place=place, default_id=default_id, title=title)
    if numbered:
        return replace(loaded, split=tuple(problem.title for problem in loaded.problems))
    return _split_draft(loaded, drafts[0]) if split == "auto" and len(loaded.problems) == 1 else loaded


def _share_common_lines(drafts: Sequence[_Draft], preamble: _Draft) -> None:
    """Add the text before the first of several needs, and the closing lines after the last, to all of them."""
    common = preamble.take_common_lines()
    closing = drafts[-1].take_closing_lines()
    for draft in drafts:
        draft.add([*common, *closing])


def _split_draft(loaded: LoadedProblems, draft: _Draft) -> LoadedProblems:
    parts = split_lines(loaded.problems[0], draft.lines_read(loaded.problems[0].title))
    return replace(loaded, problems=parts, split=tuple(part.title for part in parts)) if len(parts) > 1 else loaded


def _build_all(drafts: list[_Draft], preamble: _Draft, *, place: str, default_id: str, title: str) -> LoadedProblems:
    problems: list[Problem] = []
    faults: list[Fault] = []
    warnings: list[Fault] = []
    if text := preamble.free_text():
        finding = make_message("text before the first problem belongs to none: '{text}'", text=shortened(text))
        warnings.append(Fault(place, finding))
    for number, draft in enumerate(drafts, 1):
        are_many = len(drafts) > 1
        problem_place = make_message("{place}, problem {number}", place=place, number=number) if are_many else place
        values = draft.values("" if are_many else title, default_id)
        result = build_problem(
            values, place=problem_place, default_id=f"{default_id}-{number}" if are_many else default_id, style="cell"
        )
        warnings += result.warnings
        faults += result.faults
        if result.problem:
            problems.append(result.problem)
    if faults or not problems:
        empty = Fault(place, "no problem is described in it", "give at least a title or a description")
        raise ProblemError(faults if faults and not _are_all_empty(drafts) else [empty])
    parts = (preamble, *drafts)
    return LoadedProblems(
        _with_unique_ids(problems, default_id),
        tuple(warnings),
        tuple(dict.fromkeys(pair for part in parts for pair in part.recognised)),
        tuple(dict.fromkeys(label for part in parts for label in part.unused)),
    )


def _are_all_empty(drafts: list[_Draft]) -> bool:
    return not any(draft.says_something() for draft in drafts)


def _with_unique_ids(problems: list[Problem], default_id: str) -> tuple[Problem, ...]:
    counts = Counter(problem.id for problem in problems)
    return tuple(
        problem if counts[problem.id] == 1 else problem.model_copy(update={"id": f"{default_id}-{number}"})
        for number, problem in enumerate(problems, 1)
    )


def _form_starts(events: Sequence[Event]) -> list[int]:
    """The indices at which rows of a list and repeated forms begin; none for a single form or free text."""
    rows = [index for index, event in enumerate(events) if isinstance(event, ProblemStart)]
    if rows:
        return rows
    repeated = _repeated_label(events)
    return [_with_heading(events, index) for index in repeated]


def _numbered_starts(events: Sequence[Event], split: Split) -> list[int]:
    """The indices at which the numbered problems of a free text begin; none if there are fewer than two."""
    if split == "never":
        return []
    texts = [(index, event) for index, event in enumerate(events) if isinstance(event, TextLine)]
    found = problem_starts([event.text for _, event in texts])
    return [texts[n][0] for n in found] if len(found) > 1 else []


def _repeated_label(events: Sequence[Event]) -> list[int]:
    """The indices at which a form that is filled in several times begins.

    It begins at its first label if that occurs as often as the label of the title; else at the table of the title.
    """
    entries = [(index, event) for index, event in enumerate(events) if isinstance(event, FormEntry)]
    for field in ("title", "description"):
        label_entries = [
            (index, event) for index, event in entries if event.field == field and event.names_a_problem and event.value
        ]
        if not label_entries:
            continue
        label = label_entries[0][1].label
        indices = [index for index, event in label_entries if event.label == label]
        if len(indices) > 1:
            first = [index for index, event in entries if event.label == entries[0][1].label]
            alternate = len(first) == len(indices) and all(a <= b for a, b in zip(first, indices, strict=True))
            return first if alternate else [_table_start(events, indices, n) for n in range(len(indices))]
        return []
    return []


def _table_start(events: Sequence[Event], indices: list[int], n: int) -> int:
    """The start of the table with the n-th label, unless another of these labels precedes it in the same table."""
    index = indices[n]
    entry = events[index]
    assert isinstance(entry, FormEntry)  # noqa: S101 - for the type checker
    lowest = indices[n - 1] + 1 if n else 0
    same = [
        other
        for other in range(lowest, index)
        if isinstance(event := events[other], FormEntry) and entry.table and event.table == entry.table
    ]
    shared_table = n and isinstance(previous := events[indices[n - 1]], FormEntry) and previous.table == entry.table
    return index if shared_table or not same else same[0]


def _with_heading(events: Sequence[Event], index: int) -> int:
    """The index of the first of the heading lines right above a form, which belong to it."""
    while index > 0 and isinstance(above := events[index - 1], TextLine) and (above.level or _is_head(above.text)):
        index -= 1
    return index


def _is_head(text: str) -> bool:
    return problem_marker(text) is not None or is_form_name(text)


class _Draft:
    """The content collected for one problem."""

    def __init__(
        self, *, is_one_of_many: bool = False, is_titled: bool = False, shared: Mapping[str, NamedValue] | None = None
    ) -> None:
        self.is_one_of_many = is_one_of_many
        self._is_titled = is_titled
        self.shared_values = shared or {}
        self.recognised: list[tuple[str, str]] = []
        self.unused: list[str] = []
        self._field_values: dict[str, NamedValue] = {}
        self._lists: dict[str, list[str]] = {}
        self._lines: list[Line] = []
        self._heading = ""
        self._heading_line: Line | None = None  # as written, with its number
        self._has_form = False

    def read_events(self, events: Sequence[Event]) -> None:
        """Read events; a line of text may continue the value of the label in the line before it."""
        self._has_form = any(isinstance(event, FormEntry) and event.field for event in events)
        open_entry: FormEntry | None = None
        for index, event in enumerate(events):
            if isinstance(event, FormEntry):
                open_entry = event if not event.table else None
                self._entry(event)
            elif isinstance(event, TextLine):
                open_entry = self._text(event, open_entry, is_first=index == 0)

    def _text(self, text: TextLine, open_entry: FormEntry | None, *, is_first: bool) -> FormEntry | None:
        """Read a line, and return the entry that the next line may continue."""
        if is_first and self.is_one_of_many and (match := problem_marker(text.text) or numbered_heading(text.text)):
            self._heading = match[-1]
            return None
        heading = self._heading_entry(text)
        if heading is not None:
            return heading
        if open_entry and not text.level and self._continues(open_entry):
            self._entry(FormEntry(open_entry.label, open_entry.column, text.text))
            return open_entry
        if len(text.text) <= 80 and re.search(_CONTACT_LINE, text.text):
            self._note_unused(text.text)
        elif self._has_form and is_form_name(text.text):
            return None
        elif self._has_form and re.search(_INSTRUCTION, text.text):
            self._note_unused(text.text)
        elif not self._heading and not self._lines and self._can_be_title(text):
            self._heading = without_numbering(text.text)
            self._heading_line = Line(text.text, text.level, text.is_item)
        else:
            self._lines.append(Line(text.text, text.level, text.is_item))
        return None

    def _can_be_title(self, text: TextLine) -> bool:
        if self._is_titled and not self.is_one_of_many:
            return False
        if self._has_form:
            return text.level > 0
        return text.level > 0 or (len(text.text) <= _MAX_TITLE and not re.search(_SENTENCE_END, text.text))

    def _heading_entry(self, text: TextLine) -> FormEntry | None:
        """The entry for a section heading that is a label, with the following lines as its value; else ``None``."""
        if not (text.level or numbered_heading(text.text)) or (
            not self._heading and not self._lines and not self._field_values
        ):
            return None
        label = label_text(text.text)
        if is_unused_label(label):
            self._note_unused(label)
            return FormEntry(label, None, "")
        column = column_for(label, fuzzy=False)
        if column and column.field in _SECTION_FIELDS:
            return FormEntry(label, column, "")
        return None

    def _continues(self, entry: FormEntry) -> bool:
        return entry.field in _LONG_TEXTS or is_unused_label(entry.label) or not entry.value

    def _entry(self, entry: FormEntry) -> None:
        value = (
            ticked_options(without_rules(entry.value)) if entry.field != "description" else without_rules(entry.value)
        )
        if entry.column is None and is_unused_label(entry.label):
            self._note_unused(entry.label)
        elif is_blank_value(value):
            return
        elif entry.column is None:
            self._lines.append(Line(f"{entry.label}：{value}"))
        else:
            self._field(entry.column, entry.label, value)

    def _field(self, column: FieldColumn, label: str, value: str) -> None:
        name = column.field
        if name == "title" and (len(value) > _LONG_TITLE or "\n" in value):
            name = "description"  # 技术需求 is the label of the title in some forms, of the whole text in others
        if name in _LISTS:
            self._lists.setdefault(name, []).extend(_items(value))
            self._field_values.setdefault(name, NamedValue(label, self._lists[name]))
        elif name == "description":
            self._lines += map(Line, value.splitlines())
        elif name not in self._field_values:
            self._field_values[name] = NamedValue(label, value, column.factor)
        elif self._field_values[name].value != value:
            self._lines.append(Line(f"{label}：{value}"))
            return
        if (name, label) not in self.recognised:
            self.recognised.append((name, label))

    def _note_unused(self, label: str) -> None:
        self.unused.append(shortened(label))

    def says_something(self) -> bool:
        """Whether it has a title or a text."""
        return bool(self._lines or self._heading or "title" in self._field_values)

    def shared(self) -> dict[str, NamedValue]:
        """The fields about the enterprise, which hold for the following problems as well."""
        return {**self.shared_values, **{name: value for name, value in self._field_values.items() if name in _SHARED}}

    def free_text(self) -> str:
        """The lines that belong to no field, joined."""
        return " ".join(line.text for line in self._lines)

    def lines_read(self, title: str) -> list[Line]:
        """The title as written, then the lines of the description."""
        lines = self._lines[1:] if self._is_first_line_title(title) else self._lines
        return [self._heading_line or Line(title), *lines]

    def _is_first_line_title(self, title: str) -> bool:
        return self._heading_line is None and bool(self._lines) and self._lines[0].text == title

    def take_common_lines(self) -> list[Line]:
        """Take away the heading and the lines that belong to no field, except those that only announce needs."""
        lines = [*([self._heading_line] if self._heading_line else []), *self._lines]
        self._lines = [line for line in self._lines if only_leads(simplify(line.text))]
        return [line for line in lines if not only_leads(simplify(line.text))]

    def take_closing_lines(self) -> list[Line]:
        """Take away the lines at the end that hold for all needs of a text."""
        end = closing_start([Line(self._heading), *self._lines]) - 1
        closing, self._lines = self._lines[end:], self._lines[:end]
        return closing

    def add(self, lines: Iterable[Line]) -> None:
        """Add lines to the description."""
        self._lines += lines

    def values(self, title: str, default_title: str) -> dict[str, NamedValue]:
        """The collected values by field."""
        values = {**self.shared_values, **self._field_values}
        lines = [line.text for line in self._lines]
        if "title" in values:
            if self._heading and not self._has_form:
                lines.insert(0, self._heading)
        elif self._heading or title:
            values["title"] = NamedValue("title", self._heading or title)
        elif lines and self.is_one_of_many and len(lines[0]) <= _MAX_TITLE and not re.search(_SENTENCE_END, lines[0]):
            values["title"] = NamedValue("title", lines.pop(0))
        elif lines and not self._has_form:
            values["title"] = NamedValue("title", default_title)
        values["description"] = NamedValue("description", "\n".join(lines))
        return values


def _items(value: str) -> Iterable[str]:
    """The items of a list, one a line or separated by semicolons, without their numbers."""
    for line in re.split(r"[\n；;]", value):
        if item := without_numbering(line):
            yield item
