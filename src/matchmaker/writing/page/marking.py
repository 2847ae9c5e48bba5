"""The problem's text in labelled blocks, with marks on what was found."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Final, Literal, NamedTuple, TypeAlias

from matchmaker.domain import Language, Problem, Reason, Text, language_of
from matchmaker.writing import one_line
from matchmaker.writing.page.audience import Hidden, Veil

Span: TypeAlias = tuple[int, int]
Kind: TypeAlias = Literal["", "keyword", "sentence"]

_TAGS: Final = {"zh": "zh-Hans", "en": "en"}


class Said(NamedTuple):
    """A text and its language as HTML names it: ``zh-Hans``, ``zh-Hant`` or ``en``."""

    text: str
    lang: str


class Segment(NamedTuple):
    """A piece of a line, and how it is marked."""

    text: str
    mark: Kind


class Block(NamedTuple):
    """Lines of the problem's text under the name of their field, a key of ``REPORT_WORDS``; the title has none."""

    label: str
    lines: tuple[tuple[Segment, ...], ...]


def tag(language: Language) -> str:
    """How HTML names a language of ours; our own Chinese is Simplified."""
    return _TAGS[language]


def said_in(text: Text, language: Language) -> Said:
    """A text of the profiles in this language, in the other one where this one is missing."""
    held = language if (text.zh if language == "zh" else text.en) is not None else language_of(text.zh or text.en or "")
    return Said(plain(text.in_language(language)), tag(held))


def spoken(text: str) -> Said:
    """A text of the problem, whose language is seen from itself."""
    return Said(plain(text), tag_of(text))


def tag_of(text: str) -> str:
    """The language of a text; Traditional Chinese when OpenCC would change it."""
    if language_of(text) == "en":
        return "en"
    return "zh-Hans" if _converter().convert(text) == text else "zh-Hant"


@lru_cache(maxsize=1)
def _converter():  # type: ignore[no-untyped-def] # noqa: ANN202 - the package has no types
    from opencc import OpenCC

    return OpenCC("t2s")


def plain(text: str) -> str:
    """``text`` as it is, but with U+FFFD for control and direction-changing characters; line ends stay."""
    return "".join(map(_plain, text))


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    return one_line(char) or ("\n" if char == "\n" else " ")


def marked_blocks(problem: Problem, keywords: Iterable[Reason], sentences: Iterable[Reason], veil: Veil) -> list[Block]:
    """The problem's text, field by field, with the keywords and the sentences marked; a keyword prevails."""
    text = problem.text
    places: dict[Kind, list[Span]] = {"keyword": _spans(text, keywords), "sentence": _spans(text, sentences)}
    veiled = veil.spans(text)
    blocks = []
    for label, fields in groupby(_fields(problem), key=lambda field: field[0]):
        lines = [line for _, start, end in fields for line in _lines(text, start, end)]
        pieces = [tuple(_segments(text, line, places, veiled)) for line in lines]
        blocks.append(Block(label, tuple(line for line in pieces if any(piece.text.strip() for piece in line))))
    return [block for block in blocks if block.lines]


def _fields(problem: Problem) -> Iterator[tuple[str, int, int]]:
    """Name, start and end of each part of ``problem.text``."""
    parts = [("", problem.title), ("field_keywords", "，".join(problem.keywords))]
    parts.append(("field_description", problem.description))
    parts += [("field_targets", target) for target in problem.targets]
    parts += [("field_conditions", condition) for condition in problem.conditions]
    parts.append(("field_industry", problem.industry or ""))
    at = 0
    for label, part in parts:
        if part:
            yield label, at, at + len(part)
            at += len(part) + 1  # the line end between two parts


def _lines(text: str, start: int, end: int) -> Iterator[Span]:
    for line in text[start:end].split("\n"):
        yield start, start + len(line)
        start += len(line) + 1


def _spans(text: str, marks: Iterable[Reason]) -> list[Span]:
    """The places of marks; an accent stays with its letter."""
    places = ((mark.start, mark.end) for mark in marks)
    return [(start, _with_accents(text, end)) for start, end in places if start is not None and end is not None]


def _with_accents(text: str, end: int) -> int:
    while end < len(text) and unicodedata.category(text[end]) in {"Mn", "Me", "Cf"}:
        end += 1
    return end


def _segments(
    text: str, line: Span, places: Mapping[Kind, Sequence[Span]], veiled: Sequence[Hidden]
) -> Iterator[Segment]:
    """The pieces of one line; of a veiled name only the stand-in is left, without a mark."""
    spans = [*(span for found in places.values() for span in found), *((name.start, name.end) for name in veiled)]
    edges = {edge for span in spans for edge in span if line[0] < edge < line[1]}
    for start, end in pairwise(sorted({*line, *edges})):
        hidden = next((name for name in veiled if name.start <= start < name.end), None)
        if hidden is None:
            yield Segment(plain(text[start:end]), _mark_at(start, places))
        elif start in {hidden.start, line[0]}:
            yield Segment(hidden.stand_in, "")


def _mark_at(place: int, places: Mapping[Kind, Sequence[Span]]) -> Kind:
    return next((kind for kind, spans in places.items() if any(start <= place < end for start, end in spans)), "")
