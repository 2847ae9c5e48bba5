"""From what a document says to its problems: which lines belong to which problem, and to which of its fields."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from matchmaker.domain import Problem
from matchmaker.errors import Fault, ProblemError
from matchmaker.intake.fields import Loaded, build_problem
from matchmaker.intake.forms import Begin, Entry, Event, Text, events_of, line_events
from matchmaker.intake.headings import Column, simplified
from matchmaker.intake.labels import (
    column_for,
    is_blank,
    is_form_name,
    is_unused,
    label_text,
    marker,
    numbered_heading,
    problem_starts,
    ticked,
    unruled,
    without_numbering,
)
from matchmaker.intake.lists import Line
from matchmaker.intake.needwords import only_leads
from matchmaker.intake.splitting import Split, closing_start, split_lines
from matchmaker.intake.values import Given
from matchmaker.messages import said, shortened
from matchmaker.office.blocks import Block

_MAX_PROBLEMS: Final = 1_000
_MAX_TITLE: Final = 60
_LONG_TITLE: Final = 100
_LISTS: Final = frozenset({"targets", "conditions"})
_LONG_TEXTS: Final = frozenset({"description", "targets", "conditions", "tried"})
_HEADED: Final = _LONG_TEXTS | {"cooperation", "budget_cny", "deadline", "keywords"}
_SHARED: Final = frozenset({"enterprise", "industry", "region"})
_ENDS: Final = r"[。！？；!?;]$|\.$"
_FILL_IN: Final = (
    r"(填表|填写|填报)(说明|须知|要求)|请.{0,20}(填写|填报|勾选|打[√✓勾])|(此|本)(表|页).{0,20}(填|用|为)|^注[:：]"
)
_CONTACT_LINE: Final = (
    r"(?i)(联系|電話|电话|手机|微信|邮箱|聯絡|e-?mail|tel|contact).{0,30}?"
    r"(1[3-9]\d{9}|\d{3,4}[- ]?\d{7,8}|[\w.+-]+@[\w-]+\.)"
)


def problems_from_blocks(
    blocks: Sequence[Block], *, place: str, default_id: str, title: str = "", split: Split = "auto"
) -> Loaded:
    """The problems of a document.

    A form fills the fields; other text is the description. Of free text the first heading, or else a first line that
    is short enough, is the title. A form begins a new problem wherever its label for a problem (需求名称) is met again,
    a list of problems at every row, and free text as ``problem_starts`` and ``split_needs`` say.

    Args:
        blocks: What the document says.
        place: What to call it in an error.
        default_id: The id of a problem that gives none; several get ``-1``, ``-2`` … after it.
        title: The title of a text that has none, such as the subject of a mail.
        split: ``never`` takes a free text as one problem.

    Raises:
        ProblemError: It says nothing, or not enough for a problem, or has more problems than a document may.
    """
    events = events_of(tuple(blocks))
    return problems_from_events(events, place=place, default_id=default_id, title=title, split=split)


def form_from_text(text: str, *, place: str, default_id: str, split: Split = "auto") -> Loaded | None:
    """The problems of a plain text that is a form or a numbered list of problems; ``None`` for any other text.

    A form has lines ``label：value`` for two fields or more, one of which is called a problem or a need (需求名称).
    """
    events = [event for line in text.splitlines() for event in line_events(line)]
    entries = [event for event in events if isinstance(event, Entry) and event.field]
    is_form = len({entry.field for entry in entries}) > 1 and any(entry.names_a_problem for entry in entries)
    is_list = len(_starts(events) or _numbered(events, split)) > 1
    if not (is_form or is_list):
        return None
    return problems_from_events(events, place=place, default_id=default_id, split=split)


def problems_from_events(
    events: list[Event], *, place: str, default_id: str, title: str = "", split: Split = "auto"
) -> Loaded:
    """As ``problems_from_blocks``, from what the blocks say."""
    starts = _starts(events)
    numbered = [] if starts else _numbered(events, split)
    starts = starts or numbered
    if len(starts) > _MAX_PROBLEMS:
        finding = said("more than {n:,} problems in one document", n=_MAX_PROBLEMS)
        raise ProblemError(Fault(place, finding, "save them as a table, a problem in each row, and use batch"))
    drafts: list[_Draft] = []
    before = _Draft()
    bounds = [*starts, len(events)] if starts else [0, len(events)]
    if starts:
        before.take(events[: bounds[0]])
    for start, end in pairwise(bounds):
        draft = _Draft(
            several=len(bounds) > 2,
            titled=bool(title),
            shared=before.shared() | (drafts[-1].shared() if drafts else {}),
        )
        draft.take(events[start:end])
        drafts.append(draft)
    drafts = [draft for draft in drafts if draft.says_something()] or drafts[:1]
    if numbered:
        _share(drafts, before)
    loaded = _built(drafts, before, place=place, default_id=default_id, title=title)
    if numbered:
        return replace(loaded, split=tuple(problem.title for problem in loaded.problems))
    return _split(loaded, drafts[0]) if split == "auto" and len(loaded.problems) == 1 else loaded


def _share(drafts: Sequence[_Draft], before: _Draft) -> None:
    """What stands before the first of several needs of a text, and in closing after the last, goes to all."""
    common = before.give_up()
    closing = drafts[-1].give_up_closing()
    for draft in drafts:
        draft.add([*common, *closing])


def _split(loaded: Loaded, draft: _Draft) -> Loaded:
    parts = split_lines(loaded.problems[0], draft.lines_read(loaded.problems[0].title))
    return replace(loaded, problems=parts, split=tuple(part.title for part in parts)) if len(parts) > 1 else loaded


def _built(drafts: list[_Draft], before: _Draft, *, place: str, default_id: str, title: str) -> Loaded:
    problems: list[Problem] = []
    faults: list[Fault] = []
    warnings: list[Fault] = []
    if text := before.free_text():
        finding = said("text before the first problem belongs to none: '{text}'", text=shortened(text))
        warnings.append(Fault(place, finding))
    for number, draft in enumerate(drafts, 1):
        several = len(drafts) > 1
        at = said("{place}, problem {number}", place=place, number=number) if several else place
        values = draft.values("" if several else title, default_id)
        built = build_problem(
            values, place=at, default_id=f"{default_id}-{number}" if several else default_id, style="cell"
        )
        warnings += built.warnings
        faults += built.faults
        if built.problem:
            problems.append(built.problem)
    if faults or not problems:
        empty = Fault(place, "no problem is described in it", "give at least a title or a description")
        raise ProblemError(faults if faults and not _only_says_nothing(drafts) else [empty])
    parts = (before, *drafts)
    return Loaded(
        _with_ids_of_their_own(problems, default_id),
        tuple(warnings),
        tuple(dict.fromkeys(pair for part in parts for pair in part.recognised)),
        tuple(dict.fromkeys(label for part in parts for label in part.unused)),
    )


def _only_says_nothing(drafts: list[_Draft]) -> bool:
    return not any(draft.says_something() for draft in drafts)


def _with_ids_of_their_own(problems: list[Problem], default_id: str) -> tuple[Problem, ...]:
    counts = Counter(problem.id for problem in problems)
    return tuple(
        problem if counts[problem.id] == 1 else problem.model_copy(update={"id": f"{default_id}-{number}"})
        for number, problem in enumerate(problems, 1)
    )


def _starts(events: Sequence[Event]) -> list[int]:
    """Where the rows of a list and repeated forms begin; none where there is one form, or free text."""
    rows = [at for at, event in enumerate(events) if isinstance(event, Begin)]
    if rows:
        return rows
    repeated = _repeated_label(events)
    return [_with_heading(events, at) for at in repeated]


def _numbered(events: Sequence[Event], split: Split) -> list[int]:
    """Where the numbered problems of a free text begin; none where there are fewer than two."""
    if split == "never":
        return []
    texts = [(at, event) for at, event in enumerate(events) if isinstance(event, Text)]
    found = problem_starts([event.text for _, event in texts])
    return [texts[n][0] for n in found] if len(found) > 1 else []


def _repeated_label(events: Sequence[Event]) -> list[int]:
    """Where a form that is filled in several times begins: at its first label, if that is met as often as the title."""
    entries = [(at, event) for at, event in enumerate(events) if isinstance(event, Entry)]
    for wanted in ("title", "description"):
        named = [
            (at, event) for at, event in entries if event.field == wanted and event.names_a_problem and event.value
        ]
        if not named:
            continue
        label = named[0][1].label
        places = [at for at, event in named if event.label == label]
        if len(places) > 1:
            first = [at for at, event in entries if event.label == entries[0][1].label]
            alternate = len(first) == len(places) and all(a <= b for a, b in zip(first, places, strict=True))
            return first if alternate else [_in_table(events, places, n) for n in range(len(places))]
        return []
    return []


def _in_table(events: Sequence[Event], places: list[int], n: int) -> int:
    """The start of the table in which the n-th label stands, if no other of them stands there before it."""
    at = places[n]
    entry = events[at]
    assert isinstance(entry, Entry)  # noqa: S101 - for the type checker
    lowest = places[n - 1] + 1 if n else 0
    same = [
        other
        for other in range(lowest, at)
        if isinstance(event := events[other], Entry) and entry.table and event.table == entry.table
    ]
    shared_table = n and isinstance(before := events[places[n - 1]], Entry) and before.table == entry.table
    return at if shared_table or not same else same[0]


def _with_heading(events: Sequence[Event], at: int) -> int:
    """The heading lines right above a form belong to it."""
    while at > 0 and isinstance(above := events[at - 1], Text) and (above.level or _is_head(above.text)):
        at -= 1
    return at


def _is_head(text: str) -> bool:
    return marker(text) is not None or is_form_name(text)


class _Draft:
    """What is gathered for one problem."""

    def __init__(
        self, *, several: bool = False, titled: bool = False, shared: Mapping[str, Given] | None = None
    ) -> None:
        self.several = several
        self._is_titled = titled
        self.shared_values = shared or {}
        self.recognised: list[tuple[str, str]] = []
        self.unused: list[str] = []
        self._given: dict[str, Given] = {}
        self._lists: dict[str, list[str]] = {}
        self._lines: list[Line] = []
        self._heading = ""
        self._heading_line: Line | None = None  # as it was written, with its number
        self._has_form = False

    def take(self, events: Sequence[Event]) -> None:
        """Read events, of which lines continue the value of a label in a line before them."""
        self._has_form = any(isinstance(event, Entry) and event.field for event in events)
        open_entry: Entry | None = None
        for at, event in enumerate(events):
            if isinstance(event, Entry):
                open_entry = event if not event.table else None
                self._entry(event)
            elif isinstance(event, Text):
                open_entry = self._text(event, open_entry, is_first=at == 0)

    def _text(self, text: Text, open_entry: Entry | None, *, is_first: bool) -> Entry | None:
        """Read a line; returns the label that the next line may continue."""
        if is_first and self.several and (found := marker(text.text) or numbered_heading(text.text)):
            self._heading = found[-1]
            return None
        heading = self._heading_entry(text)
        if heading is not None:
            return heading
        if open_entry and not text.level and self._continues(open_entry):
            self._entry(Entry(open_entry.label, open_entry.column, text.text))
            return open_entry
        if len(text.text) <= 80 and re.search(_CONTACT_LINE, text.text):
            self._not_used(text.text)
        elif self._has_form and is_form_name(text.text):
            return None
        elif self._has_form and re.search(_FILL_IN, text.text):
            self._not_used(text.text)
        elif not self._heading and not self._lines and self._can_be_title(text):
            self._heading = without_numbering(text.text)
            self._heading_line = Line(text.text, text.level, text.is_item)
        else:
            self._lines.append(Line(text.text, text.level, text.is_item))
        return None

    def _can_be_title(self, text: Text) -> bool:
        if self._is_titled and not self.several:
            return False
        if self._has_form:
            return text.level > 0
        return text.level > 0 or (len(text.text) <= _MAX_TITLE and not re.search(_ENDS, text.text))

    def _heading_entry(self, text: Text) -> Entry | None:
        """A section heading that is a label: what follows is its value. That of a title is a description."""
        if not (text.level or numbered_heading(text.text)) or (
            not self._heading and not self._lines and not self._given
        ):
            return None
        label = label_text(text.text)
        if is_unused(label):
            self._not_used(label)
            return Entry(label, None, "")
        column = column_for(label, fuzzy=False)
        if column and column.field in _HEADED:
            return Entry(label, column, "")
        return None

    def _continues(self, entry: Entry) -> bool:
        return entry.field in _LONG_TEXTS or is_unused(entry.label) or not entry.value

    def _entry(self, entry: Entry) -> None:
        value = ticked(unruled(entry.value)) if entry.field != "description" else unruled(entry.value)
        if entry.column is None and is_unused(entry.label):
            self._not_used(entry.label)
        elif is_blank(value):
            return
        elif entry.column is None:
            self._lines.append(Line(f"{entry.label}：{value}"))
        else:
            self._field(entry.column, entry.label, value)

    def _field(self, column: Column, label: str, value: str) -> None:
        name = column.field
        if name == "title" and (len(value) > _LONG_TITLE or "\n" in value):
            name = "description"  # 技术需求 heads a name in some forms, the whole text in others
        if name in _LISTS:
            self._lists.setdefault(name, []).extend(_items(value))
            self._given.setdefault(name, Given(label, self._lists[name]))
        elif name == "description":
            self._lines += map(Line, value.splitlines())
        elif name not in self._given:
            self._given[name] = Given(label, value, column.factor)
        elif self._given[name].value != value:
            self._lines.append(Line(f"{label}：{value}"))
            return
        if (name, label) not in self.recognised:
            self.recognised.append((name, label))

    def _not_used(self, label: str) -> None:
        self.unused.append(shortened(label))

    def says_something(self) -> bool:
        """Whether there is a title or a text."""
        return bool(self._lines or self._heading or "title" in self._given)

    def shared(self) -> dict[str, Given]:
        """Who asks, which holds for the problems that follow as well."""
        return {**self.shared_values, **{name: given for name, given in self._given.items() if name in _SHARED}}

    def free_text(self) -> str:
        """The lines that are in no field."""
        return " ".join(line.text for line in self._lines)

    def lines_read(self, title: str) -> list[Line]:
        """The title as it was written, then the lines that make the description."""
        lines = self._lines[1:] if self._is_first_line_title(title) else self._lines
        return [self._heading_line or Line(title), *lines]

    def _is_first_line_title(self, title: str) -> bool:
        return self._heading_line is None and bool(self._lines) and self._lines[0].text == title

    def give_up(self) -> list[Line]:
        """The heading and the lines that are in no field, no longer kept; but those that only say that needs follow."""
        lines = [*([self._heading_line] if self._heading_line else []), *self._lines]
        self._lines = [line for line in self._lines if only_leads(simplified(line.text))]
        return [line for line in lines if not only_leads(simplified(line.text))]

    def give_up_closing(self) -> list[Line]:
        """The lines at the end that hold for all needs of a text; they are no longer kept."""
        end = closing_start([Line(self._heading), *self._lines]) - 1
        closing, self._lines = self._lines[end:], self._lines[:end]
        return closing

    def add(self, lines: Iterable[Line]) -> None:
        """More lines for the description."""
        self._lines += lines

    def values(self, title: str, default_title: str) -> dict[str, Given]:
        """What was gathered, by field."""
        values = {**self.shared_values, **self._given}
        lines = [line.text for line in self._lines]
        if "title" in values:
            if self._heading and not self._has_form:
                lines.insert(0, self._heading)
        elif self._heading or title:
            values["title"] = Given("title", self._heading or title)
        elif lines and self.several and len(lines[0]) <= _MAX_TITLE and not re.search(_ENDS, lines[0]):
            values["title"] = Given("title", lines.pop(0))
        elif lines and not self._has_form:
            values["title"] = Given("title", default_title)
        values["description"] = Given("description", "\n".join(lines))
        return values


def _items(value: str) -> Iterable[str]:
    """The items of a list: a line each, or separated by semicolons; without their numbering."""
    for line in re.split(r"[\n；;]", value):
        if item := without_numbering(line):
            yield item
