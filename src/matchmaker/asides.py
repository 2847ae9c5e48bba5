"""Asides: the parts of a problem's text that do not belong to the need.

These are greetings, thanks, contact data, signatures, company presentations, the labels and options of forms, dates,
budgets and ways to cooperate. Asides are whole clauses. A clause that says anything else besides still counts, and so
does everything in a text that holds nothing but asides.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from matchmaker.asidewords import CLAIMS, CONTACTS, COURTESIES, ENGLISH, ENGLISH_FACTS, FACTS, FORMS, LABELS, AsideKind

_LETTER_OR_DIGIT: Final = re.compile(r"[^\W_]")
_FILLER: Final = "。"
_SENTENCE: Final = re.compile(r"(?:[^。;!?\n.]|\.(?=\S))+")
_CLAUSE: Final = re.compile(r"(?:[^,。;!?\n.]|\.(?=\S))+")
_CLAUSE_END: Final = re.compile(r"[\n,。;!?.](?:(?<!\.)|(?=\s))")
_MAX_AFTER_SPACE: Final = 40
"""Characters between a cue and an earlier space that may separate the aside from a need."""


class _Finder(NamedTuple):
    """The patterns of one kind of asides: the cue is searched for first, then the whole clause is matched.

    Attributes:
        cue: What any aside of this kind contains.
        clause: Returns the pattern of a whole clause.
        is_loose: Whether an aside may also begin after a space, or with the clause before the cue.
    """

    cue: re.Pattern[str]
    clause: Callable[[], re.Pattern[str]]
    is_loose: bool


def _finder(kind: AsideKind) -> _Finder:
    """Patterns of clauses are compiled when a text first contains a cue: most runs never need them."""
    pattern = rf"[ \t]*+(?:{'|'.join(kind.clauses)})"
    return _Finder(re.compile(kind.cues), lru_cache(maxsize=1)(lambda: re.compile(pattern)), kind is COURTESIES)


# Searching for all cues at once takes a tenth of the time of normalising.
_CHINESE_CUE: Final = re.compile("|".join(kind.cues for kind in (COURTESIES, CONTACTS, FORMS, LABELS, FACTS)))
_ENGLISH_CUE: Final = re.compile(ENGLISH.cues)
_FINDERS: Final = tuple(_finder(kind) for kind in (COURTESIES, CONTACTS, FORMS, LABELS, ENGLISH))
_FACTS: Final = tuple(_finder(kind) for kind in (FACTS, ENGLISH_FACTS))


def asides(text: str) -> list[tuple[int, int]]:
    """The spans of a normalised text that do not belong to the need, in order, none touching another.

    A span includes the commas beside it. There are none if no letter or digit would be left without them.
    """
    lines = f"\n{text}\n"  # so that the first line and the last need no special treatment
    if not (_CHINESE_CUE.search(lines) or _ENGLISH_CUE.search(lines)):
        return []
    starts = [0, *(mark.end() for mark in _CLAUSE_END.finditer(lines))]
    facts = sorted(span for finder in _FACTS for span in _clauses(finder, lines, starts))
    spans = [span for finder in _FINDERS for span in _clauses(finder, lines, starts)] + facts
    if facts:
        spans += _claims(lines, facts)
    stretches = [(max(start - 1, 0), min(end - 1, len(text))) for start, end in _joined(lines, sorted(spans))]
    return stretches if _LETTER_OR_DIGIT.search(blanked(text, stretches)) else []


def blanked(text: str, stretches: Iterable[tuple[int, int]]) -> str:
    """The text with some spans replaced by sentence ends, one for each character."""
    parts: list[str] = []
    end = 0
    for start, stop in stretches:
        parts += [text[end:start], _FILLER * (stop - start)]
        end = stop
    return "".join((*parts, text[end:]))


def _clauses(finder: _Finder, text: str, starts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The asides of one kind among the clauses with a cue.

    A loose kind may also begin after a space in such a clause, or with the clause before it.
    """
    tried_starts: set[int] = set()
    end_of_last = 0
    for cue in finder.cue.finditer(text):
        position = cue.end() if len(cue.group()) > 1 else cue.start()
        clause_index = bisect_right(starts, position) - 1
        space = text.rfind(" ", max(starts[clause_index], position - _MAX_AFTER_SPACE), position) + 1
        for start in (
            (starts[max(clause_index - 1, 0)], starts[clause_index], space)
            if finder.is_loose
            else (starts[clause_index],)
        ):
            if start >= end_of_last and start not in tried_starts:
                tried_starts.add(start)
                aside = finder.clause().match(text, start)
                if aside is not None:
                    end_of_last = aside.end()
                    yield aside.span()


@lru_cache(maxsize=1)
def _claim_pattern() -> re.Pattern[str]:
    return re.compile(CLAIMS)


def _claims(text: str, facts: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The clauses about products and trade in sentences that only present the enterprise.

    Elsewhere such clauses count: an enterprise's need is often about what it makes.
    """
    for sentence in _SENTENCE.finditer(text):
        start, end = sentence.span()
        inside = facts[bisect_left(facts, (start, 0)) : bisect_left(facts, (end, 0))]
        if inside:
            starts = (clause.start() for clause in _CLAUSE.finditer(text, start, end))
            claims = [claim.span() for clause_start in starts if (claim := _claim_pattern().match(text, clause_start))]
            if not _says_more(text, start, end, sorted(inside + claims)):
                yield from claims


def _says_more(text: str, start: int, end: int, spans: Iterable[tuple[int, int]]) -> bool:
    """Whether ``text[start:end]`` has a letter or digit outside of ``spans``, which are in order."""
    for first, last in spans:
        if _LETTER_OR_DIGIT.search(text, start, max(start, first)):
            return True
        start = max(start, last)
    return bool(_LETTER_OR_DIGIT.search(text, start, end))


def _joined(text: str, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order of position, extended by the commas beside them; those that then touch are merged."""
    joined: list[tuple[int, int]] = []
    for first, last in spans:
        start, end = first, last
        while start > 0 and text[start - 1] in " ,":
            start -= 1
        while end < len(text) and text[end] in " ,":
            end += 1
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined
