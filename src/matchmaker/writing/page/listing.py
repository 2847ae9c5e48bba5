"""The content of a page with many problems: the summary, the load of each institute, the list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from matchmaker.domain import Explanation, Match, Shortlist
from matchmaker.errors import Fault, InputError
from matchmaker.messages import make_message
from matchmaker.writing import FITTING
from matchmaker.writing.page.marking import TaggedText, tagged_in
from matchmaker.writing.page.views import EvidenceView, ProblemView, Viewer, anchor, notes

MAX_DETAILED: Final = 100
"""Up to this number, problems are shown with marked texts and uncovered sentences; more are shown in short."""
MAX_LISTED: Final = 10_000
"""Problems that are listed; further ones only count in the summary."""

Explain = Callable[[Shortlist], list[Explanation]]


class InstituteLoad(NamedTuple):
    """The number of problems that an institute fits as the first, and those at level strong.

    ``share`` and ``share_strong`` are these numbers as shares of the highest load.
    """

    name: TaggedText
    n: int
    n_strong: int
    share: float
    share_strong: float


class CitedCapability(NamedTuple):
    """A capability cited in the list, with its evidence."""

    anchor: str
    institute: TaggedText
    name: TaggedText
    notes: tuple[str, ...]
    evidence: tuple[EvidenceView, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Many problems. ``load`` is empty if others must not be seen; ``n_left_out`` problems are not in ``rows``."""

    n_matched: int
    n_unclear: int
    n_none: int
    n_rejected: int
    n_left_out: int
    load: tuple[InstituteLoad, ...]
    n_nobody: int
    rows: tuple[ProblemView, ...]
    is_short: bool
    profiles: tuple[CitedCapability, ...]

    @property
    def n(self) -> int:
        return self.n_matched + self.n_unclear + self.n_none


class Collector:
    """A collector of shortlists that keeps only what the page shows.

    Args:
        viewer: Makes the views.
        explain: Returns the explanations for the full view of a shortlist.
        place: What to call the input in an error.
    """

    def __init__(self, viewer: Viewer, explain: Explain, place: str) -> None:
        self._viewer, self._explain, self._place = viewer, explain, place
        self._first: list[Shortlist] = []  # kept whole, as they are shown whole if there are few
        self._rows: list[ProblemView] = []
        self._cited: dict[tuple[str, str], Match] = {}
        self._enterprise: str | None = None
        self._n: Counter[str] = Counter()
        self._load: Counter[str] = Counter()
        self._strong: Counter[str] = Counter()

    def add(self, shortlist: Shortlist) -> None:
        """Add a shortlist.

        Raises:
            InputError: The page is for an enterprise, and this problem is from another one.
        """
        if not self._concerns(shortlist):
            return
        self._n[shortlist.verdict] += 1
        if shortlist.verdict == "matched":
            best = shortlist.matches[0]
            self._load[best.institute] += 1
            self._strong[best.institute] += best.level == "strong"
        if self._n.total() > MAX_LISTED:
            return
        if len(self._first) <= MAX_DETAILED:
            self._first.append(shortlist)
        view = self._viewer.short(shortlist)
        shown = {match.institute for match in view.matches}
        for match in shortlist.matches:
            if match.institute in shown:
                self._cited.setdefault((match.institute, match.capability.id), match)
        self._rows.append(self._without_evidence(view))

    def listing(self, n_rejected: int) -> Listing:
        """All shortlists added, in order."""
        is_short = self._n.total() > MAX_DETAILED
        rows = self._rows
        if not is_short:
            rows = [
                self._without_evidence(self._viewer.problem(one, self._explain(one), has_letters=False))
                for one in self._first
            ]
            self._cited = {
                (match.institute, match.capability.id): match
                for one, row in zip(self._first, rows, strict=True)
                for match in one.matches
                if match.institute in {shown.institute for shown in row.matches}
            }
        is_broker = self._viewer.audience.kind == "broker"
        return Listing(
            n_matched=self._n["matched"],
            n_unclear=self._n["unclear"],
            n_none=self._n["none"],
            n_rejected=n_rejected if is_broker else 0,
            n_left_out=self._n.total() - len(rows),
            load=self._loads() if is_broker else (),
            n_nobody=self._n["none"],
            rows=tuple(rows),
            is_short=is_short,
            profiles=self._profiles(),
        )

    def _concerns(self, shortlist: Shortlist) -> bool:
        """Whether the audience sees this problem: an institute sees clear problems that it fits.

        Raises:
            InputError: The page is for an enterprise, and there are several.
        """
        audience = self._viewer.audience
        if audience.institute is not None:
            own = [match for match in shortlist.matches if match.institute == audience.institute.id]
            return shortlist.verdict != "unclear" and any(match.level in FITTING for match in own)
        enterprise = shortlist.problem.enterprise
        if audience.kind == "enterprise" and enterprise:
            if self._enterprise not in {None, enterprise}:
                finding = make_message("holds problems of several enterprises, '{one}' and '{other}'",
                                  one=self._enterprise, other=enterprise)  # fmt: skip
                raise InputError(Fault(self._place, finding, "make one table per enterprise"))
            self._enterprise = enterprise
        return True

    def _without_evidence(self, view: ProblemView) -> ProblemView:
        """The view without evidence, which is shown once at the end of the page for all problems."""
        matches = tuple(replace(match, evidence=()) for match in view.matches)
        return replace(view, matches=matches, opening=())

    def _loads(self) -> tuple[InstituteLoad, ...]:
        """The load of every institute of the registry, highest first, ties in order of id."""
        highest = max([self._n["none"], *self._load.values(), 1])
        loads = [
            InstituteLoad(
                tagged_in(institute.name, self._viewer.language),
                n := self._load[institute.id],
                strong := self._strong[institute.id],
                n / highest,
                strong / highest,
            )
            for institute in self._viewer.registry.institutes
        ]
        return tuple(sorted(loads, key=lambda load: -load.n))

    def _profiles(self) -> tuple[CitedCapability, ...]:
        viewer, language = self._viewer, self._viewer.language
        profiles = []
        for (institute, capability), match in sorted(self._cited.items()):
            capability_entry = viewer.capability(match)
            profiles.append(
                CitedCapability(
                    anchor=anchor(institute, capability),
                    institute=tagged_in(match.name, language),
                    name=tagged_in(match.capability.name, language),
                    notes=tuple(notes(match.capability.via_parent, capability_entry, language)),
                    evidence=tuple(viewer.evidence(match, capability_entry)),
                )
            )
        return tuple(profiles)


def collect(
    shortlists: Iterable[Shortlist], viewer: Viewer, explain: Explain, place: str, n_rejected: Callable[[], int]
) -> Listing:
    """The listing of many shortlists, read one at a time; ``n_rejected`` is called when all have been read."""
    collector = Collector(viewer, explain, place)
    for shortlist in shortlists:
        collector.add(shortlist)
    return collector.listing(n_rejected())
