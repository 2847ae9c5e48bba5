"""What in a problem's text is no part of the need: greetings, thanks, contact data, signatures, company
presentations, the labels and options of forms, dates, budgets and ways to cooperate.

Asides are whole clauses. A clause that says anything else beside keeps counting, and so does everything in a text that
holds nothing but asides.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from matchmaker.asidewords import CLAIMS, CONTACTS, COURTESIES, ENGLISH, ENGLISH_FACTS, FACTS, FORMS, LABELS, Kind

_TELLING: Final = re.compile(r"[^\W_]")
_BLANK: Final = "。"
_SENTENCE: Final = re.compile(r"(?:[^。;!?\n.]|\.(?=\S))+")
_CLAUSE: Final = re.compile(r"(?:[^,。;!?\n.]|\.(?=\S))+")
_CLAUSE_END: Final = re.compile(r"[\n,。;!?.](?:(?<!\.)|(?=\s))")
_MOST_AFTER_SPACE: Final = 40  # characters of a clause in which a space may part an aside from a need


class _Finder(NamedTuple):
    """Finds asides of one kind: by cues first, then by whole clauses."""

    cue: re.Pattern[str]
    clause: Callable[[], re.Pattern[str]]
    is_loose: bool


def _finder(kind: Kind) -> _Finder:
    """Clauses are compiled when a text first holds a cue: most runs of the command never need them."""
    pattern = rf"[ \t]*+(?:{'|'.join(kind.clauses)})"
    return _Finder(re.compile(kind.cues), lru_cache(maxsize=1)(lambda: re.compile(pattern)), kind is COURTESIES)


# Looking for all cues at once takes a tenth of what normalising takes.
_CHINESE_CUE: Final = re.compile("|".join(kind.cues for kind in (COURTESIES, CONTACTS, FORMS, LABELS, FACTS)))
_ENGLISH_CUE: Final = re.compile(ENGLISH.cues)
_FINDERS: Final = tuple(_finder(kind) for kind in (COURTESIES, CONTACTS, FORMS, LABELS, ENGLISH))
_FACTS: Final = tuple(_finder(kind) for kind in (FACTS, ENGLISH_FACTS))


def asides(text: str) -> list[tuple[int, int]]:
    """The stretches of a normalised text that are no part of the need, in order, none touching another.

    A stretch takes the commas beside it along. There is none when without them no letter and no digit would be left.
    """
    lines = f"\n{text}\n"  # so that the first line and the last are like others
    if not (_CHINESE_CUE.search(lines) or _ENGLISH_CUE.search(lines)):
        return []
    starts = [0, *(mark.end() for mark in _CLAUSE_END.finditer(lines))]
    facts = sorted(span for finder in _FACTS for span in _clauses(finder, lines, starts))
    found = [span for finder in _FINDERS for span in _clauses(finder, lines, starts)] + facts
    if facts:
        found += _claims(lines, facts)
    stretches = [(max(start - 1, 0), min(end - 1, len(text))) for start, end in _joined(lines, sorted(found))]
    return stretches if _TELLING.search(blanked(text, stretches)) else []


def blanked(text: str, stretches: Iterable[tuple[int, int]]) -> str:
    """A text of the same length in which some stretches are marks that end a sentence."""
    parts: list[str] = []
    end = 0
    for start, stop in stretches:
        parts += [text[end:start], _BLANK * (stop - start)]
        end = stop
    return "".join((*parts, text[end:]))


def _clauses(finder: _Finder, text: str, starts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The clauses that are asides among those that hold a cue; of a loose kind also what follows a space in them, and
    the clauses before them.
    """
    tried: set[int] = set()
    done = 0
    for cue in finder.cue.finditer(text):
        at = cue.end() if len(cue.group()) > 1 else cue.start()
        nth = bisect_right(starts, at) - 1
        space = text.rfind(" ", max(starts[nth], at - _MOST_AFTER_SPACE), at) + 1
        for begin in (starts[max(nth - 1, 0)], starts[nth], space) if finder.is_loose else (starts[nth],):
            if begin >= done and begin not in tried:
                tried.add(begin)
                aside = finder.clause().match(text, begin)
                if aside is not None:
                    done = aside.end()
                    yield aside.span()


@lru_cache(maxsize=1)
def _claim() -> re.Pattern[str]:
    return re.compile(CLAIMS)


def _claims(text: str, facts: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The clauses about products and trade in sentences that present the enterprise and do nothing else.

    Elsewhere they count: what an enterprise makes is often what its need is about.
    """
    for sentence in _SENTENCE.finditer(text):
        start, end = sentence.span()
        inside = facts[bisect_left(facts, (start, 0)) : bisect_left(facts, (end, 0))]
        if inside:
            starts = (clause.start() for clause in _CLAUSE.finditer(text, start, end))
            claims = [claim.span() for at in starts if (claim := _claim().match(text, at))]
            if not _says_more(text, start, end, sorted(inside + claims)):
                yield from claims


def _says_more(text: str, start: int, end: int, spans: Iterable[tuple[int, int]]) -> bool:
    """Whether ``text[start:end]`` holds a letter or a digit outside some spans, which are given in order."""
    for first, last in spans:
        if _TELLING.search(text, start, max(start, first)):
            return True
        start = max(start, last)
    return bool(_TELLING.search(text, start, end))


def _joined(text: str, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order of place with the commas beside them; those that touch then are one."""
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
