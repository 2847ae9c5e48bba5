"""The rows of a run that give no problem: counted, the first ones kept to be shown, each passed on as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Final, TypeVar

from matchmaker.intake.tables import RejectedRow
from matchmaker.messages import Language, in_language, make_message

MOST_SHOWN: Final = 20
"""So many rejected rows are kept to be shown."""
Answer = TypeVar("Answer")


@dataclass
class Rejects:
    """The rejected rows of a run.

    Attributes:
        keep: Takes line, cells and fault of each; where they are kept at all.
        language: Of the faults that ``keep`` is told.
        first: The first 20.
        n: How many there are.
    """

    keep: Callable[[int, Sequence[str], str], None] | None = None
    language: Language = "en"
    first: list[RejectedRow] = field(default_factory=list)
    n: int = 0

    def good(self, answers: Iterable[Answer | RejectedRow]) -> Iterator[Answer]:
        """The answers, or the problems, without the rejected rows among them, which are noted."""
        return (answer for answer in self.seen(answers) if not isinstance(answer, RejectedRow))

    def seen(self, answers: Iterable[Answer]) -> Iterator[Answer]:
        """All answers, noting those that are rejected rows."""
        for answer in answers:
            if isinstance(answer, RejectedRow):
                self.add(answer)
            yield answer

    def note(self, rejected: RejectedRow) -> None:
        """Count one more, and keep it to be shown if it is among the first."""
        self.n += 1
        if len(self.first) < MOST_SHOWN:
            self.first.append(rejected)

    def add(self, rejected: RejectedRow) -> None:
        """Note one more, and pass it on."""
        self.note(rejected)
        if self.keep is not None:
            faults = (fault.message for fault in rejected.faults)
            joined = reduce(lambda some, more: make_message("{some}; {more}", some=some, more=more), faults)
            self.keep(rejected.line, rejected.cells, in_language(joined, self.language))


def counted_rows(rows: Iterable[Answer], progress: Callable[[int], None] | None) -> Iterator[Answer]:
    """The same rows; ``progress`` is told how many were read, row by row."""
    for n_read, row in enumerate(rows, 1):
        yield row
        if progress is not None:
            progress(n_read)
