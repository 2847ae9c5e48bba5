"""The levels as people read them: what to do, in words and as a bar, and how often that was right so far.

What stands beside a level, what a match rests on and how ready its institute is, is put into words here as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from matchmaker.domain import Basis, Language, Level, Match, Readiness, Shortlist
from matchmaker.messages import one_line
from matchmaker.writing.words import word

if TYPE_CHECKING:
    from matchmaker.matching.settings import TrackRecord

LEVEL_WORDS: Final[Mapping[Level, tuple[str, str]]] = {
    "strong": ("建议对接", "Recommend"),
    "fair": ("可先咨询", "Ask first"),
    "weak": ("仅供线索", "Lead only"),
    "none": ("不匹配", "No match"),
}
LEVEL_STEPS: Final[Mapping[Level, int]] = {"strong": 4, "fair": 3, "weak": 1, "none": 0}
"""How many of four steps are full: three or more are worth a call, one or none is not."""
N_STEPS: Final = 4
FITTING: Final[frozenset[Level]] = frozenset(("strong", "fair"))
"""The levels that are worth a call."""


@dataclass(frozen=True, slots=True)
class Display:
    """What is shown to people beside institutes and levels; files of data hold everything.

    Attributes:
        scores: Scores and similarities as numbers, too.
        everything: Institutes at no match below a matched shortlist, too.
        record: How often each level was right; nothing is said about it without one.
    """

    scores: bool = False
    everything: bool = False
    record: TrackRecord | None = None

    def listed(self, shortlist: Shortlist) -> tuple[Match, ...]:
        """The matches that are shown; where nothing fits, all of them are, as the nearest."""
        if self.everything or shortlist.verdict != "matched":
            return shortlist.matches
        return tuple(match for match in shortlist.matches if match.level != "none")


LEVELS_ONLY: Final = Display()
"""What is shown unless more is asked for."""


def level_word(level: Level, language: Language) -> str:
    """The name of a level: what to do."""
    return LEVEL_WORDS[level][language == "en"]


def level_bar(level: Level, *, ascii_only: bool = False) -> str:
    """A level as a bar of four steps."""
    full, empty = "#-" if ascii_only else "▰▱"
    n = LEVEL_STEPS[level]
    return full * n + empty * (N_STEPS - n)


def level_names(language: Language) -> dict[str, str]:
    """The names of the levels for sentences that mention them, as ``level_strong`` and so on."""
    return {f"level_{level}": level_word(level, language) for level in LEVEL_WORDS}


def record_sentence(record: TrackRecord | None, level: Level, language: Language) -> str:
    """How often the first institute was worth a call when it stood at this level; empty where nothing is known."""
    counts: tuple[int, int] | None = getattr(record, level) if record else None
    if record is None or counts is None:
        return ""
    return word("track_record", language).format(
        level=level_word(level, language),
        judged=counts[0],
        worth=counts[1],
        by=one_line(record.by.in_language(language)),
        date=one_line(record.date),
    )


def record_of(shortlist: Shortlist, display: Display, language: Language) -> str:
    """The record of the level at which the first institute stands."""
    return record_sentence(display.record, shortlist.matches[0].level, language) if shortlist.matches else ""


def left_out_sentence(n: int, language: Language) -> str:
    """How many institutes at no match are not listed; empty where all are."""
    return word("left_out", language).format(n=n, level=level_word("none", language)) if n else ""


def basis_text(basis: Basis, language: Language, *, inferred: bool = False) -> str:
    """Whose record a match rests on, how strong it is, and how new.

    Args:
        basis: What is known of it.
        language: Of the words.
        inferred: No source states the capability at all.
    """
    whose = "inferred_long" if inferred else "via_parent_long" if basis.via_parent else "own_record"
    parts = [word(whose, language)]
    if basis.strength:
        parts.append(word(f"strength_{basis.strength}", language))
    if basis.year is not None:
        parts.append(word("newest", language).format(year=basis.year))
    return ("；" if language == "zh" else "; ").join(parts)


def readiness_text(readiness: Readiness | None, language: Language) -> str:
    """What the ledger says of an institute's readiness; empty where there is nothing to tell."""
    if readiness is None:
        return ""
    counts = {"open_referrals": readiness.open_referrals, "declined_recently": readiness.declined_recently}
    told = [word(name, language).format(n=n) for name, n in counts.items() if n]
    return ("；" if language == "zh" else "; ").join(told)
