"""The exceptions of matchmaker.

    MatchmakerError                 anything a user can put right; the command line prints it, never a traceback
    +-- InputError                  the input is wrong (exit code 3)
    |   +-- EncodingError           bytes that are not text, or in an encoding that cannot be determined
    |   +-- ProfileError            institute profiles
    |   +-- ProblemError            one problem
    |   +-- TableError              a table of problems as a whole
    |   +-- SettingsError           weights and thresholds
    |   +-- EvaluationError         judgements and runs
    +-- LedgerError                 the store of cases, referrals and judgements (exit code 3)
    +-- MissingExtraError           an optional part is not installed here (exit code 4)
    +-- ClusterError                a Dask cluster does not answer or cannot be used (exit code 4)

Wrong use of the Python API raises ValueError or TypeError instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from matchmaker.messages import Language, Message, Translatable, as_message, in_language, make_message


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where it is, what was found, and what to do about it.

    ``place`` is a path or a name and stays as it is unless made by ``make_message``. ``finding`` and ``remedy`` are
    English, literals or made by ``make_message``. ``remedy`` may be empty where the finding already says it.
    """

    place: str
    finding: Translatable
    remedy: Translatable = ""

    def __str__(self) -> str:
        return str(self.message)

    @property
    def message(self) -> Message:
        """Place, finding and remedy in one line."""
        text = as_message(self.finding)
        if self.remedy:
            text = make_message("{finding}; {remedy}", finding=text, remedy=as_message(self.remedy))
        return (
            make_message("{place}: {finding}", place=self.place, finding=text)
            if self.place
            else make_message("{fault}", fault=text)
        )

    def in_language(self, language: Language) -> str:
        """Place, finding and remedy in one line of this language."""
        return in_language(self.message, language)


class MatchmakerError(Exception):
    """Something a user can put right.

    Attributes:
        faults: One or more, in order of place.
        can_continue: Whether a run that it ended has kept what is done, so that it can go on from there.
    """

    can_continue = False

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults: Sequence[Fault] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        if not self.faults:
            raise ValueError("an error needs at least one fault")
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class InputError(MatchmakerError):
    """The input is wrong."""


class EncodingError(InputError):
    """The bytes are not text, or their encoding cannot be determined."""


class ProfileError(InputError):
    """Institute profiles are wrong; all faults of all files are listed."""


class ProblemError(InputError):
    """A problem cannot be read, or is empty."""


class TableError(InputError):
    """A table of problems cannot be read at all; a bad row is not an error, it is rejected."""


class SettingsError(InputError):
    """Weights or thresholds are out of range."""


class EvaluationError(InputError):
    """Judgements or runs cannot be read, or are too few for what is asked."""


class LedgerError(MatchmakerError):
    """The ledger cannot be opened, read or written, or refuses what is asked."""


class MissingExtraError(MatchmakerError):
    """An optional part is not installed on this machine."""


class ClusterError(MatchmakerError):
    """A Dask cluster cannot be reached, has no workers, or has workers with another matchmaker."""


MAX_HINTS: Final = 100


def did_you_mean(word: str, known: Iterable[str], *, n_before: int = 0) -> str:
    """`` (did you mean 'x'?)`` for the known word most similar to ``word``, or an empty string.

    Args:
        word: The unknown word.
        known: The words it may stand for.
        n_before: The number of faults found so far. After ``MAX_HINTS`` of them there are no more hints: nobody reads
            so many, and a file may hold thousands of typing errors beside thousands of known words.

    Returns:
        The hint. Similarity is RapidFuzz's WRatio (which counts a part of a name, too), ignoring case, and must be 0.7
        or more. Ties go to the first word in alphabetical order.
    """
    if n_before >= MAX_HINTS:
        return ""
    from rapidfuzz import process  # kept out of start-up: only an error needs it

    match = process.extractOne(word, sorted(known), processor=str.casefold, score_cutoff=70)
    return make_message(" (did you mean '{word}'?)", word=match[0]) if match else ""
