"""Many problems: matched in chunks, in the order of the input."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from matchmaker.domain import Problem, Shortlist
from matchmaker.intake import Rejected
from matchmaker.matcher import Matcher

_CHUNK = 256


@dataclass
class Summary:
    """What a batch has done so far. ``n_read`` is the sum of matched, none and rejected.

    ``load`` counts first places by id of institute, over the problems that were matched.
    """

    n_matched: int = 0
    n_none: int = 0
    n_rejected: int = 0
    load: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=time.monotonic)

    @property
    def n_read(self) -> int:
        return self.n_matched + self.n_none + self.n_rejected

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self.started

    def count(self, answer: Shortlist | Rejected) -> None:
        """Add one row."""
        if isinstance(answer, Rejected):
            self.n_rejected += 1
        elif answer.verdict == "matched":
            self.n_matched += 1
            self.load[answer.matches[0].institute] += 1
        else:
            self.n_none += 1


def match_all(
    rows: Iterable[Problem | Rejected], matcher: Matcher, *, top: int | None = 5, summary: Summary | None = None
) -> Iterator[Shortlist | Rejected]:
    """A shortlist for each problem, in the order of the rows; rejected rows pass through in their place.

    Chunks bound the memory; their size changes nothing in the results.

    Args:
        rows: Read as needed.
        matcher: Built once.
        top: As in ``Matcher.match``.
        summary: Counts along when given.

    Raises:
        ProblemError: A limit of a problem names an institute that is not in the registry; have the table check its
            rows by ``Matcher.limit_faults`` to get them rejected instead.
    """
    stream = iter(rows)
    while chunk := list(islice(stream, _CHUNK)):
        shortlists = iter(matcher.match([row for row in chunk if isinstance(row, Problem)], top=top))
        for row in chunk:
            answer = row if isinstance(row, Rejected) else next(shortlists)
            if summary is not None:
                summary.count(answer)
            yield answer
