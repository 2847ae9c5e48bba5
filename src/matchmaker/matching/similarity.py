"""What every similarity is: something that reads some problems, and tells how similar they are to capabilities."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from matchmaker.domain import Capability
from matchmaker.matching.counting import Counts, count_terms
from matchmaker.matching.encoder import encoder
from matchmaker.matching.problemwords import ProblemWords, read_words
from matchmaker.matching.profiles import Statement
from matchmaker.messages import Translatable
from matchmaker.text import PreparedText

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from matchmaker.matching.postings import Arrays, FloatArray

    Numbers: TypeAlias = NDArray[np.floating]
    Places: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Chunk:
    """P problems that are compared together: their texts, their terms and their known words, read once for all."""

    problems: Sequence[PreparedText]
    counts: Counts
    words: ProblemWords


def read_chunk(problems: Sequence[PreparedText]) -> Chunk:
    """Read some problems; not more at once than ``counting.slices`` gives."""
    return Chunk(problems, count_terms(problems), read_words(problems, encoder()))


@dataclass(frozen=True, slots=True)
class Profiles:
    """What the profiles say of C capabilities.

    Attributes:
        capabilities: All of them, institute by institute.
        statements: What is said of each.
        inferred_weight: What a statement counts that no source states, in [0, 1].
        trade_weight: What a keyword counts that names a trade or a service, in [0, 1].
    """

    capabilities: Sequence[Capability]
    statements: Sequence[Sequence[Statement]]
    inferred_weight: float
    trade_weight: float


class Reading(ABC):
    """What a similarity found in a chunk of P problems.

    A number in ``known`` is what a similarity gave that stands before this one among those that make a score, for the
    same pairs, by its name.
    """

    @abstractmethod
    def of_pairs(self, problems: Places, capabilities: Places, known: Mapping[str, Numbers]) -> FloatArray:
        """The similarity of n pairs of a problem and a capability, problems in rising order: shape (n,), in [0, 1]."""

    @abstractmethod
    def bounds(self, known: Mapping[str, Numbers]) -> Numbers:
        """What no similarity exceeds by more than rounding: shape (P, C), in [0, 1]."""

    def refined(self, closeness: FloatArray) -> Reading:  # noqa: ARG002
        """The same where the full encoder has read, too, if that serves this similarity.

        Args:
            closeness: What it says of each problem and capability, ``nan`` where it has not read: shape (P, C).
        """
        return self


class Similarity(ABC):
    """One part of a score: how similar problems and capabilities are in one respect.

    A subclass stands in a file of its own and takes part in the score once it is named in ``similarities.py``.

    Args:
        arrays: What ``compile`` gives.

    Attributes:
        name: What it is called, in files of settings and of data, too.
        label: What people call it, if that is another word.
        enters_as_root: Whether its square root enters the score.
        has_basis: Which capabilities give it something to go by: shape (C,). Of others its number is what would be
            expected, and is not shown.
    """

    name: ClassVar[str]
    label: ClassVar[Translatable] = ""
    enters_as_root: ClassVar[bool] = False
    has_basis: NDArray[np.bool_]

    @staticmethod
    @abstractmethod
    def compile(profiles: Profiles) -> Arrays:
        """What it needs to know of the profiles, worked out once and kept."""

    @abstractmethod
    def __init__(self, arrays: Arrays) -> None: ...

    @property
    def width(self) -> int:
        """How many numbers are held for each problem that is read, about."""
        return len(self.has_basis)

    @abstractmethod
    def read(self, chunk: Chunk) -> Reading:
        """Look at some problems; the same problem gives the same numbers whatever stands beside it."""


class TableReading(Reading):
    """The similarities of problems to all capabilities, worked out at once: shape (P, C)."""

    def __init__(self, table: FloatArray) -> None:
        self.table = table

    def of_pairs(self, problems: Places, capabilities: Places, known: Mapping[str, Numbers]) -> FloatArray:  # noqa: ARG002
        return self.table[problems, capabilities]

    def bounds(self, known: Mapping[str, Numbers]) -> Numbers:  # noqa: ARG002
        return self.table
