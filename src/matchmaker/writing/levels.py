"""The levels as people read them: what to do, in words and as a bar, and how often that was right so far.

The basis of a match and the readiness of its institute, shown beside the level, are put into words here as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from matchmaker.domain import Basis, Language, Level, Match, Readiness, Shortlist
from matchmaker.messages import Translatable, one_line, translate
from matchmaker.writing.words import INFERRED_LONG, OWN_RECORD, STRENGTH_WORDS, VIA_PARENT_LONG, one_after_another

if TYPE_CHECKING:
    from matchmaker.matching.settings import TrackRecord

LEVEL_WORDS: Final[Mapping[Level, Translatable]] = {
    "strong": "Recommend",
    "fair": "Ask first",
    "weak": "Lead only",
    "none": "No match",
}
LEVEL_STEPS: Final[Mapping[Level, int]] = {"strong": 4, "fair": 3, "weak": 1, "none": 0}
"""The full steps of four: three or more mean worth a call, one or none not."""
N_STEPS: Final = 4
FITTING: Final[frozenset[Level]] = frozenset(("strong", "fair"))
"""The levels that are worth a call."""


@dataclass(frozen=True, slots=True)
class Display:
    """What is shown to people in addition to institutes and levels; data files always hold everything.

    Attributes:
        scores: Show scores and similarities as numbers.
        everything: Show institutes at level none below a matched shortlist.
        record: How often each level was right; not shown without one.
    """

    scores: bool = False
    everything: bool = False
    record: TrackRecord | None = None

    def visible_matches(self, shortlist: Shortlist) -> tuple[Match, ...]:
        """The matches to show; all of them if nothing fits, as the nearest ones."""
        if self.everything or shortlist.verdict != "matched":
            return shortlist.matches
        return tuple(match for match in shortlist.matches if match.level != "none")


LEVELS_ONLY: Final = Display()
"""The default display."""


def level_word(level: Level, language: Language) -> str:
    """The name of a level, which says what to do."""
    return translate(LEVEL_WORDS[level], language)


def level_bar(level: Level, *, ascii_only: bool = False) -> str:
    """A level as a bar of four steps."""
    full, empty = "#-" if ascii_only else "▰▱"
    n = LEVEL_STEPS[level]
    return full * n + empty * (N_STEPS - n)


def level_names(language: Language) -> dict[str, str]:
    """The names of the levels for sentences that mention them, as ``level_strong`` and so on."""
    return {f"level_{level}": level_word(level, language) for level in LEVEL_WORDS}


def record_sentence(record: TrackRecord | None, level: Level, language: Language) -> str:
    """How often a first institute at this level was worth a call; empty if unknown."""
    counts: tuple[int, int] | None = getattr(record, level) if record else None
    if record is None or counts is None:
        return ""
    return translate(
        "{level}: of {judged:,} judged needs at this level, {worth:,} first institutes were "
        "worth a call ({by}, {date})",
        language,
        level=level_word(level, language),
        judged=counts[0],
        worth=counts[1],
        by=one_line(record.by.in_language(language)),
        date=one_line(record.date),
    )


def record_sentence_for(shortlist: Shortlist, display: Display, language: Language) -> str:
    """How often the level of the first institute was right; empty if unknown or without any match."""
    return record_sentence(display.record, shortlist.matches[0].level, language) if shortlist.matches else ""


def left_out_sentence(n: int, language: Language) -> str:
    """The number of institutes at level none that are not listed; empty if all are."""
    return (
        translate("Not listed: {n} more at “{level}”", language, n=n, level=level_word("none", language)) if n else ""
    )


def basis_text(basis: Basis, language: Language, *, inferred: bool = False) -> str:
    """The basis of a match in words: whose record it is, how strong, and how new.

    Args:
        basis: The basis.
        language: The language of the words.
        inferred: No source states the capability.
    """
    whose = INFERRED_LONG if inferred else VIA_PARENT_LONG if basis.via_parent else OWN_RECORD
    parts = [translate(whose, language)]
    if basis.strength:
        parts.append(translate(STRENGTH_WORDS[basis.strength], language))
    if basis.year is not None:
        parts.append(translate("newest evidence {year}", language, year=basis.year))
    return one_after_another(parts, language)


def readiness_text(readiness: Readiness | None, language: Language) -> str:
    """The readiness of an institute in words; empty if there is nothing to say."""
    if readiness is None:
        return ""
    told = []
    if n := readiness.open_referrals:
        told.append(translate("open referrals: {n:,}", language, n=n))
    if n := readiness.declined_recently:
        told.append(translate("declined within a year: {n:,}", language, n=n))
    return one_after_another(told, language)
