"""The problem's text in labelled blocks, with highlighted keywords and sentences."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Final, Literal, NamedTuple, TypeAlias

from matchmaker.domain import Language, Problem, Reason, Text, language_of
from matchmaker.messages import Translatable
from matchmaker.script import converter
from matchmaker.writing import one_line
from matchmaker.writing.page.audience import HiddenSpan, NameFilter

Span: TypeAlias = tuple[int, int]
HighlightKind: TypeAlias = Literal["", "keyword", "sentence"]

_LISTS: Final = ("Targets", "Conditions")  # fields that hold items
_TAGS: Final = {"zh": "zh-Hans", "zh-Hant": "zh-Hant", "en": "en"}


class TaggedText(NamedTuple):
    """A text with its language tag in HTML: ``zh-Hans``, ``zh-Hant`` or ``en``."""

    text: str
    lang: str


class Segment(NamedTuple):
    """A piece of a line, and its highlight."""

    text: str
    mark: HighlightKind


class TextBlock(NamedTuple):
    """Lines of the problem's text under the name of their field; the title has none. Items of a list may be marked."""

    label: Translatable
    lines: tuple[tuple[Segment, ...], ...]
    is_list: bool


def html_language(language: Language) -> str:
    """How HTML names a language of ours."""
    return _TAGS[language]


def tagged_in(text: Text, language: Language) -> TaggedText:
    """A text of a profile in this language, or in the other if this one is missing."""
    own = text.en if language == "en" else text.zh
    held = language if own is not None else language_of(text.zh or text.en or "")
    return TaggedText(printable(text.in_language(language)), html_language(held))


def tagged(text: str) -> TaggedText:
    """A text of the problem, with its detected language."""
    return TaggedText(printable(text), detect_html_language(text))


def detect_html_language(text: str) -> str:
    """The language tag of a text; Traditional Chinese if OpenCC would change it."""
    if language_of(text) == "en":
        return "en"
    return "zh-Hans" if converter("t2s").convert(text) == text else "zh-Hant"


def printable(text: str) -> str:
    """``text`` with U+FFFD for control and direction-changing characters; line ends stay."""
    return "".join(map(_printable_char, text))


@lru_cache(maxsize=4096)
def _printable_char(char: str) -> str:
    return one_line(char) or ("\n" if char == "\n" else " ")


def marked_blocks(
    problem: Problem, keywords: Iterable[Reason], sentences: Iterable[Reason], name_filter: NameFilter
) -> list[TextBlock]:
    """The problem's text, field by field, with keywords and sentences highlighted; keywords take precedence."""
    text = problem.text
    places: dict[HighlightKind, list[Span]] = {"keyword": _spans(text, keywords), "sentence": _spans(text, sentences)}
    hidden_spans = name_filter.spans(text)
    blocks = []
    for label, fields in groupby(_fields(problem), key=lambda field: field[0]):
        lines = [line for _, start, end in fields for line in _lines(text, start, end)]
        pieces = [tuple(_segments(text, line, places, hidden_spans)) for line in lines]
        shown = tuple(line for line in pieces if any(piece.text.strip() for piece in line))
        blocks.append(TextBlock(label, shown, is_list=len(shown) > 1 and label in _LISTS))
    return [block for block in blocks if block.lines]


def _fields(problem: Problem) -> Iterator[tuple[Translatable, int, int]]:
    """Name, start and end of each part of ``problem.text``."""
    parts: list[tuple[Translatable, str]] = [
        ("", problem.title),
        ("Keywords", "，".join(problem.keywords)),
        ("Description", problem.description),
        *(("Targets", target) for target in problem.targets),
        *(("Conditions", condition) for condition in problem.conditions),
        ("Industry", problem.industry or ""),
    ]
    position = 0
    for label, part in parts:
        if part:
            yield label, position, position + len(part)
            position += len(part) + 1  # the line end between two parts


def _lines(text: str, start: int, end: int) -> Iterator[Span]:
    for line in text[start:end].split("\n"):
        yield start, start + len(line)
        start += len(line) + 1


def _spans(text: str, marks: Iterable[Reason]) -> list[Span]:
    """The spans of marks; an accent stays with its letter."""
    places = ((mark.start, mark.end) for mark in marks)
    return [(start, _with_accents(text, end)) for start, end in places if start is not None and end is not None]


def _with_accents(text: str, end: int) -> int:
    while end < len(text) and unicodedata.category(text[end]) in {"Mn", "Me", "Cf"}:
        end += 1
    return end


def _segments(
    text: str, line: Span, places: Mapping[HighlightKind, Sequence[Span]], hidden_spans: Sequence[HiddenSpan]
) -> Iterator[Segment]:
    """The pieces of one line; a hidden name is replaced, without a highlight."""
    spans = [*(span for found in places.values() for span in found), *((name.start, name.end) for name in hidden_spans)]
    edges = {edge for span in spans for edge in span if line[0] < edge < line[1]}
    for start, end in pairwise(sorted({*line, *edges})):
        hidden = next((name for name in hidden_spans if name.start <= start < name.end), None)
        if hidden is None:
            yield Segment(printable(text[start:end]), _mark_at(start, places))
        elif start in {hidden.start, line[0]}:
            yield Segment(hidden.stand_in, "")


def _mark_at(place: int, places: Mapping[HighlightKind, Sequence[Span]]) -> HighlightKind:
    return next((kind for kind, spans in places.items() if any(start <= place < end for start, end in spans)), "")
