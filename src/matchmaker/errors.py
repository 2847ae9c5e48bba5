"""The exceptions of matchmaker.

    MatchmakerError                 anything a user can put right; the command line prints it, never a traceback
    +-- InputError                  what was given is wrong (exit code 3)
    |   +-- EncodingError           bytes that are no text, or whose encoding cannot be told
    |   +-- ProfileError            institute profiles
    |   +-- ProblemError            one problem
    |   +-- TableError              a table of problems as a whole
    |   +-- SettingsError           weights and thresholds
    |   +-- EvaluationError         judgements and runs
    +-- LedgerError                 the store of cases, referrals and judgements (exit code 3)
    +-- MissingExtraError           an optional part is not installed here (exit code 4)
    +-- ClusterError                a Dask cluster does not answer or does not do (exit code 4)

Wrong use of the Python API raises ValueError or TypeError instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from matchmaker.messages import Message, as_message, in_language, said


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where, what was found, what to do about it.

    ``place`` is a path or a name and stays as it is unless made by ``said``. ``finding`` and ``remedy`` are English;
    those made by ``said``, and those without values that ``messages.CHINESE`` knows, can be said in Chinese as well.
    ``remedy`` may be empty where the finding already says it.
    """

    place: str
    finding: str
    remedy: str = ""

    def __str__(self) -> str:
        return str(self.message)

    @property
    def message(self) -> Message:
        """Place, finding and remedy in one line."""
        text = as_message(self.finding)
        if self.remedy:
            text = said("{finding}; {remedy}", finding=text, remedy=as_message(self.remedy))
        return said("{place}: {finding}", place=self.place, finding=text) if self.place else said("{fault}", fault=text)

    def in_language(self, language: Literal["zh", "en"]) -> str:
        """Place, finding and remedy in one line of this language."""
        return in_language(self.message, language)


class MatchmakerError(Exception):
    """Something a user can put right. ``faults`` holds at least one fault, in order of place."""

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults: Sequence[Fault] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        if not self.faults:
            raise ValueError("an error needs at least one fault")
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class InputError(MatchmakerError):
    """What was given is wrong."""


class EncodingError(InputError):
    """Bytes are no text, or their encoding cannot be told."""


class ProfileError(InputError):
    """Institute profiles are wrong; every fault of every file is listed."""


class ProblemError(InputError):
    """A problem cannot be read, or says nothing."""


class TableError(InputError):
    """A table of problems cannot be read at all (a bad row is no error, it is rejected)."""


class SettingsError(InputError):
    """Weights or thresholds are out of range."""


class EvaluationError(InputError):
    """Judgements or runs cannot be read, or do not suffice for what is asked."""


class LedgerError(MatchmakerError):
    """The ledger cannot be opened, read or written, or refuses what is asked."""


class MissingExtraError(MatchmakerError):
    """An optional part is not installed on this machine."""


class ClusterError(MatchmakerError):
    """A Dask cluster cannot be reached, has no workers, or has workers with another matchmaker."""


MOST_HINTS: Final = 100


def did_you_mean(word: str, known: Iterable[str], *, n_before: int = 0) -> str:
    """`` (did you mean 'x'?)`` for the known word nearest to ``word``, or an empty string.

    Nearness is RapidFuzz's WRatio (a part of a name counts too, upper and lower case are alike), 0.7 or more; ties go
    to the word that stands first in order. Whoever has met ``n_before`` faults gets none after ``MOST_HINTS``: nobody
    reads so many, and a file may hold thousands of slips beside thousands of known words.
    """
    if n_before >= MOST_HINTS:
        return ""
    from rapidfuzz import process  # kept out of start-up: only an error needs it

    found = process.extractOne(word, sorted(known), processor=str.casefold, score_cutoff=70)
    return said(" (did you mean '{word}'?)", word=found[0]) if found else ""
