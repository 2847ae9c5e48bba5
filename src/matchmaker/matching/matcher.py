"""From problems to shortlists: similarities, score, rank, reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from matchmaker.domain import (
    Basis,
    Capability,
    Citation,
    Distance,
    Explanation,
    Institute,
    Language,
    Match,
    MatchedCapability,
    Named,
    Part,
    Problem,
    Question,
    Readiness,
    Registry,
    Removal,
    Require,
    Shortlist,
    Verdict,
)
from matchmaker.errors import Fault, ProblemError, did_you_mean
from matchmaker.institutes import cite, in_order
from matchmaker.matching.cases import CaseSimilarity
from matchmaker.matching.ideas import are_too_few
from matchmaker.matching.postings import strings_from
from matchmaker.matching.questions import LEAST_GAIN, N_LEADING, Candidate, ask
from matchmaker.matching.reasons import Because, case_reasons, clear
from matchmaker.matching.score import (
    BETWEEN_NAMES,
    DIGITS,
    FEATURES,
    SIMILARITIES,
    Compared,
    Pooled,
    Scorer,
    compile_profiles,
)
from matchmaker.matching.settings import Settings, is_left_open, shipped_settings
from matchmaker.messages import listed, said

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.matching.postings import Arrays

    FloatArray: TypeAlias = NDArray[np.float64]

__all__ = ["FEATURES", "FoundCapability", "Matcher", "Workload", "compile_profiles"]

_NO_LIMITS = Require()
_READY = Readiness()
_MOST_EVIDENCE = 5
_MOST_MATCHES = 5
_N_SHARED = 3  # similarities of which one above zero finds a capability: keywords, lexical, semantic


@dataclass(frozen=True, slots=True)
class FoundCapability:
    """A capability found by ``Matcher.search``; the score is in [0, 1]."""

    institute: Institute
    capability: Capability
    score: float


@dataclass(frozen=True, slots=True)
class Workload:
    """What a ledger says of the readiness of institutes, by id, and what outputs call that ledger."""

    name: str
    readiness: Mapping[str, Readiness]


@dataclass(frozen=True, slots=True)
class _Shown:
    """How a capability is shown in one language."""

    capability: MatchedCapability
    name: str
    basis: Basis
    evidence: tuple[Citation, ...]


class Matcher:
    """Scores problems against the institutes of a registry.

    Built once; the same problem always gets the same shortlist, whatever else is matched with it.

    With ``encoder = "auto"`` a need is matched by word vectors first, with the numbers that ship for them; the full
    encoder reads it only where they leave open what to say, and then its scores alone count.

    Args:
        registry: The institutes.
        settings: Weights and bounds; the shipped ones for word vectors when not given.
        compiled: What ``compile_profiles`` gives for this registry and these settings, where it is at hand.
        cases: Earlier problems, which raise or lower the institutes that met them.
        workload: How ready institutes are, which changes no score.
    """

    def __init__(
        self,
        registry: Registry,
        settings: Settings | None = None,
        *,
        compiled: Arrays | None = None,
        cases: CaseSimilarity | None = None,
        workload: Workload | None = None,
    ) -> None:
        self._cases = cases
        self._workload = workload
        self._ledger = cases.name if cases else workload.name if workload else None
        institutes = in_order(registry)
        self.registry = registry.model_copy(update={"institutes": institutes})
        self.settings = settings or shipped_settings()
        self._fingerprint = self.settings.fingerprint
        self._compiled = compile_profiles(self.registry, self.settings) if compiled is None else compiled
        self._first: Matcher | None = None
        if self.settings.encoder == "auto":
            same = {name: getattr(self.settings, name) for name in ("bounds", "inferred_weight", "trade_weight")}
            words = shipped_settings("words").model_copy(update=same)
            self._first = Matcher(self.registry, words, compiled=self._compiled, cases=cases, workload=workload)
            self._first._fingerprint = self._fingerprint
        else:
            self._scorer  # noqa: B018 - before processes are forked, which share it then
        self._known: dict[tuple[int, Language], _Shown] = {}
        self._centres = [
            (at, Named(id=institutes[at].id, name=institutes[at].name))
            for at, role in enumerate(self._roles)
            if role == "transfer_centre"
        ]

    def __reduce__(self) -> tuple[object, ...]:
        """Sent to worker processes as what it is built from."""
        return _rebuilt, (self.registry, self.settings, dict(self._compiled), self._cases, self._workload)

    def match(self, problems: Iterable[Problem], *, top: int | None = _MOST_MATCHES) -> list[Shortlist]:
        """A shortlist for each problem, in their order.

        Args:
            problems: Any number of them; none gives an empty list.
            top: How many matches a shortlist holds at most; all institutes when None.

        Returns:
            Shortlists; matches stand by score rounded to 6 decimals, then the institute's own capability before one
            of its parent, then by strength of evidence, then by id.

        Raises:
            ProblemError: A limit of a problem names an institute that is not in the registry.
            ValueError: ``top`` is below 1.
        """
        if top is not None and top < 1:
            raise ValueError(f"top must be 1 or more, not {top}")
        asked = list(problems)
        faults = [fault for problem in asked for fault in self.limit_faults(problem)]
        if faults:
            raise ProblemError(faults)
        found = list((self._first or self)._shortlists(asked, top))
        if self._first is not None:
            left = [at for at, one in enumerate(found) if _is_open(one)]
            for at, shortlist in zip(left, self._shortlists([asked[at] for at in left], top), strict=True):
                found[at] = shortlist
        return [
            one if one.verdict != "unclear" else one.model_copy(update={"questions": self.ask(one.problem)})
            for one in found
        ]

    def _decider(self, problem: Problem) -> Matcher:
        """The matcher whose scores count for a problem: that with the word vectors, or this one."""
        if self._first is None:
            return self
        (shortlist,) = self._first._shortlists([problem], 1)
        return self if _is_open(shortlist) else self._first

    @cached_property
    def _scorer(self) -> Scorer:
        return Scorer(self.registry.institutes, self.settings, self._compiled, self._cases)

    def ask(self, problem: Problem) -> tuple[Question, ...]:
        """What to ask back: the questions whose answers would change the shortlist most, whether it is clear or not.

        Args:
            problem: As in ``match``.

        Returns:
            Three at most, the most telling first, in the language of the problem; none where it is clear and no answer
            would change the shortlist.

        Raises:
            ProblemError: A limit of the problem names an institute that is not in the registry.
        """
        faults = self.limit_faults(problem)
        if faults:
            raise ProblemError(faults)
        limits = self._limits(problem)
        is_free = np.array([not limit for limit in limits]) if limits else np.True_

        def score(problems: Sequence[Problem]) -> FloatArray:
            return np.where(is_free, self.scores(problems), 0.0)

        decider = self._decider(problem)
        compared = next(decider._scorer.compare([problem]))
        (shortlist,) = decider._shortlists_of(compared, N_LEADING)
        candidates = [decider._candidate(compared, match) for match in shortlist.matches]
        return ask(problem, candidates, score, least_gain=0.0 if shortlist.verdict == "unclear" else LEAST_GAIN)

    def _candidate(self, compared: Compared, match: Match) -> Candidate:
        """An institute of a shortlist, and which facets of its best capability the only problem compared holds."""
        scorer = self._scorer
        at = [known.id for known in self.registry.institutes].index(match.institute)
        numbers = np.flatnonzero(scorer.owners == at).tolist()
        best = next(number for number in numbers if scorer.capability(number).id == match.capability.id)
        capability = scorer.capability(best)
        (hits,) = scorer.keywords.found(compared.hits, np.array([0]), np.array([best]))
        found = {hit.keyword.shown for hit in clear(hits)}
        said = {keyword.facet for keyword in capability.keywords if keyword.facet and found & set(keyword.both())}
        return Candidate(match.score, capability, frozenset(said))

    def scores(self, problems: Iterable[Problem]) -> FloatArray:
        """The score of every institute for every problem, limits of problems left aside.

        Returns:
            Shape (P, I), float64, in [0, 1], rounded to 6 decimals; institutes in the order of the registry.
        """
        asked = list(problems)
        if self._first is not None:
            scores = self._first.scores(asked)
            left = [at for at, best in enumerate(scores.max(axis=1)) if is_left_open(float(best))]
            scores[left] = self._scores([asked[at] for at in left])
            return scores
        return self._scores(asked)

    def _scores(self, problems: Sequence[Problem]) -> FloatArray:
        parts = [pooled.scores for pooled in self._pool_all(problems)] if problems else []
        return np.concatenate([np.zeros(0), *parts]).reshape(-1, len(self.registry.institutes))

    def pooled(self, problems: Iterable[Problem]) -> FloatArray:
        """What the score of every institute for every problem is made of, limits of problems left aside.

        With ``encoder = "auto"``, what it is made of where the full encoder reads.

        Returns:
            Shape (P, I, K), float64, in [0, 1], K in the order of ``FEATURES``: the score is the logistic function of
            the intercept plus the sum of weight times feature.
        """
        parts = [pooled.features.T for pooled in self._pool_all(problems)]
        shape = (-1, len(self.registry.institutes), len(FEATURES))
        return np.concatenate([np.zeros((0, len(FEATURES))), *parts]).reshape(shape)

    def _pool_all(self, problems: Iterable[Problem]) -> Iterator[Pooled]:
        for compared in self._scorer.compare(list(problems)):
            yield from self._scorer.everybody_pooled(compared, [None] * len(compared.problems))

    def explain(self, problem: Problem, institute: Institute) -> Explanation:
        """Why an institute has its score for a problem, whatever its rank and even where a limit removes it.

        Args:
            problem: As in ``match``.
            institute: One of the registry.

        Raises:
            ProblemError: A limit of the problem names an institute that is not in the registry.
            ValueError: The institute is not in the registry.
        """
        faults = self.limit_faults(problem)
        if faults:
            raise ProblemError(faults)
        at = [known.id for known in self.registry.institutes].index(institute.id)
        return self._decider(problem)._explained(problem, at)

    def _explained(self, problem: Problem, at: int) -> Explanation:
        scorer, counted = self._scorer, self._scorer.counted(problem)
        compared = next(scorer.compare([problem]))
        pooled = next(scorer.everybody_pooled(compared, [counted]))
        limits = self._limits(problem)
        left = np.array([one == at or not limit for one, limit in enumerate(limits)]) if limits else None
        order = scorer.ranked(pooled, left).tolist()
        because = self._because(compared)
        best = int(pooled.pairs.capabilities[pooled.best[at]])
        is_counted = counted is None or counted[best]
        base = _probability(self.settings.intercept) if is_counted else 0.0
        (match,) = self._matches(compared, pooled, np.array([at]), [order.index(at) + 1])
        return Explanation(
            problem=problem,
            match=match,
            base=base,
            parts=self._parts(compared, pooled, at, base),
            marks=because.marks(0, best, self._shown(best, problem.language).name),
            uncovered=because.uncovered(0, np.flatnonzero(scorer.owners == at)),
            limit=limits[at] if limits else None,
            next=self._next(order, at, pooled.scores),
            settings=self._fingerprint,
            institutes=self.registry.fingerprint,
            ledger=self._ledger,
        )

    def _parts(self, compared: Compared, pooled: Pooled, at: int, base: float) -> tuple[Part, ...]:
        """What raises a score above its base, split by what each similarity adds to the log odds, and what lowers it.

        Discounts take what they take from the score without them; what earlier problems add or take is the difference
        to the score without them. The sums are exact in 6 decimals: what rounding leaves goes to the largest part.
        """
        n_similar = len(SIMILARITIES)
        intercept, score = self.settings.intercept, float(pooled.scores[at])
        added = self._scorer.weights * pooled.features[:, at]
        total = float(added[:n_similar].sum())
        raised = round((_probability(intercept + total) if score else 0.0) - base, DIGITS)
        values = [round(raised * float(part) / total, DIGITS) if total else 0.0 for part in added[:n_similar]]
        largest = int(added[:n_similar].argmax())
        values[largest] = round(values[largest] + raised - sum(values), DIGITS)
        parts = [Part(name=name, value=value) for name, value in zip(SIMILARITIES, values, strict=True)]
        alone = score  # what holds a score down is a discount, too
        if self._cases is not None and score:
            plain = np.array([_probability(intercept + float(added.sum()))])
            alone = float(self._scorer.held_down(compared, np.array([0]), np.array([at]), plain)[0])
        parts.append(Part(name="discounts", value=round(alone - base - raised, DIGITS)))
        if self._cases is not None:
            parts.append(Part(name="cases", value=round(score - alone, DIGITS)))
        return tuple(parts)

    def _next(self, order: Sequence[int], at: int, scores: FloatArray) -> Distance | None:
        if len(order) == 1:
            return None
        rank = order.index(at)
        other = order[rank + 1] if rank + 1 < len(order) else order[rank - 1]
        institute = self.registry.institutes[other]
        difference = round(float(scores[other] - scores[at]), DIGITS)
        return Distance(institute=institute.id, name=institute.name, score=float(scores[other]), difference=difference)

    def search(self, text: str, *, top: int = 10) -> list[FoundCapability]:
        """The capabilities closest to a text, an institute's name included, best first.

        Args:
            text: A name, a keyword or a sentence.
            top: How many at most.

        Returns:
            Capabilities with a similarity above zero; ties own before parent, then by strength and id. A text that is
            called like an institute gives all capabilities of that institute, with score 1.
        """
        if self._first is not None:
            return self._first.search(text, top=top)
        scorer = self._scorer
        compared = next(scorer.compare([Problem.model_construct(title=text)]))
        features = next(scorer.every(compared, np.array([0]))).features
        strengths, is_found = scorer.strengths(features), features[:_N_SHARED].any(axis=0)
        scores = np.round(1 / (1 + np.exp(-(self.settings.intercept + strengths))), DIGITS)
        called = np.array([institute.is_called(text) for institute in self.registry.institutes])[scorer.owners]
        scores = np.where(called, 1.0, np.where(is_found, scores, 0.0))
        ranked = np.lexsort((scorer.owners, scorer.tie_rank, -scores))
        return [
            FoundCapability(self.registry.institutes[scorer.owners[at]], scorer.capability(at), float(scores[at]))
            for at in ranked[:top].tolist()
            if scores[at] > 0
        ]

    def limit_faults(self, problem: Problem) -> list[Fault]:
        """Names in ``exclude`` and ``require.institutes`` that no institute of the registry bears."""
        limits = [("exclude", name) for name in problem.exclude]
        limits += [("require.institutes", name) for name in problem.require.institutes]
        unknown = [(field, name) for field, name in limits if not self._called(name)]
        if not unknown:
            return []
        institutes = self.registry.institutes
        known = [name for institute in institutes for name in (institute.id, *institute.name.both())]
        remedy = said("known: {names}", names=listed(institute.id for institute in institutes[:20]))
        faults: list[Fault] = []
        for field, name in unknown:
            hint = did_you_mean(name, known, n_before=len(faults))
            place = said("problem '{name}', {field}", name=problem.id or problem.title, field=field)
            faults.append(Fault(place, said("no institute is called '{name}'{hint}", name=name, hint=hint), remedy))
        return faults

    @cached_property
    def _names(self) -> Mapping[str, set[int]]:
        """The institutes that bear each name, as ``Institute.is_called`` takes it."""
        names: dict[str, set[int]] = {}
        for at, listed_names in enumerate(strings_from(self._compiled["names"])):
            for name in listed_names.split(BETWEEN_NAMES):
                names.setdefault(name, set()).add(at)
        return names

    @cached_property
    def _roles(self) -> Sequence[str]:
        return strings_from(self._compiled["roles"])

    @cached_property
    def _places(self) -> Sequence[Sequence[str]]:
        """Where each institute lies, in both languages, as it is compared."""
        return [places.split(BETWEEN_NAMES) for places in strings_from(self._compiled["places"])]

    def _called(self, *names: str) -> set[int]:
        """The institutes that bear one of some names."""
        return set().union(*(self._names.get(name.strip().casefold(), set()) for name in names))

    def _shortlists(self, problems: Sequence[Problem], top: int | None) -> Iterator[Shortlist]:
        """The shortlists of problems, without questions, by this matcher's own scores."""
        if problems:
            for compared in self._scorer.compare(problems):
                yield from self._shortlists_of(compared, top)

    def _shortlists_of(self, compared: Compared, top: int | None) -> Iterator[Shortlist]:
        """The shortlists of problems that were compared with the profiles."""
        scorer, problems = self._scorer, compared.problems
        limits = [self._limits(problem) for problem in problems]
        free = [np.array([not limit for limit in found]) if found else None for found in limits]
        pooled = scorer.best(compared, free, [scorer.counted(one) for one in problems], top or len(scorer.everybody))
        kept = scorer.ranked(pooled)
        starts = np.searchsorted(pooled.problems[kept], np.arange(len(problems)))
        ranks = np.arange(1, len(kept) + 1) - starts[pooled.problems[kept]]
        if top is not None:
            kept, ranks = kept[ranks <= top], ranks[ranks <= top]
        stops = np.searchsorted(pooled.problems[kept], np.arange(len(problems) + 1)).tolist()
        matches = self._matches(compared, pooled, kept, ranks.tolist())
        for nth, (problem, found, (start, stop)) in enumerate(zip(problems, limits, pairwise(stops), strict=True)):
            shown = tuple(matches[start:stop])
            yield Shortlist(
                problem=problem,
                verdict=_verdict(shown, int(compared.n_ideas[nth]), asks_service=bool(compared.asks_service[nth])),
                matches=shown,
                fallback=self._fallback(problem),
                removed=tuple(self._removed(found)),
                settings=self._fingerprint,
                institutes=self.registry.fingerprint,
                ledger=self._ledger,
            )

    def _removed(self, limits: Sequence[str | None]) -> Iterator[Removal]:
        for at, limit in enumerate(limits):
            if limit:
                institute = self.registry.institutes[at]
                yield Removal(institute=institute.id, name=institute.name, limit=limit)

    def _because(self, compared: Compared) -> Because:
        return Because(
            compared.problems,
            compared.hits,
            compared.asked,
            keywords=self._scorer.keywords,
            semantic=self._scorer.semantic,
        )

    def _limits(self, problem: Problem) -> Sequence[str | None]:
        """For each institute the hard limit of the problem that removes it, if any; nothing if there is no limit."""
        require = problem.require
        if not problem.exclude and require == _NO_LIMITS:
            return []
        excluded, named = self._called(*problem.exclude), self._called(*require.institutes)
        has_counted = self._scorer.has_counted(problem)
        place = require.place.casefold() if require.place else ""
        return [
            "exclude"
            if at in excluded
            else "require.institutes"
            if require.institutes and at not in named
            else f"require.role: {require.role}"
            if require.role and self._roles[at] != require.role
            else f"require.place: {require.place}"
            if place and not any(place in known for known in self._places[at])
            else None
            if has_counted[at]
            else "require.own"
            for at in range(len(self.registry.institutes))
        ]

    def _fallback(self, problem: Problem) -> Named | None:
        """Whom to ask when nobody fits: the first transfer centre by id that the problem does not exclude."""
        excluded = self._called(*problem.exclude) if problem.exclude else set()
        return next((named for at, named in self._centres if at not in excluded), None)

    def _matches(self, compared: Compared, pooled: Pooled, kept: NDArray[np.intp], ranks: Sequence[int]) -> list[Match]:
        """The matches at some places in ``pooled``, problems in rising order, with their reasons."""
        pairs, best = pooled.pairs, pooled.best[kept]
        problems, institutes = pooled.problems[kept], pooled.institutes[kept].tolist()
        scores: list[float] = pooled.scores[kept].tolist()
        levels = [self.settings.level(score) for score in scores]
        owners, numbers = problems.tolist(), pairs.capabilities[best].tolist()
        languages = [problem.language for problem in compared.problems]
        shown = [self._shown(number, languages[at]) for at, number in zip(owners, numbers, strict=True)]
        is_told = np.array([rank == 1 or level != "none" for rank, level in zip(ranks, levels, strict=True)], np.bool_)
        names = [one.name for one in shown]
        reasons = self._because(compared).reasons(problems, pairs.capabilities[best], names, is_told)
        found = {name: getattr(pairs, name)[best].tolist() for name in SIMILARITIES}
        has_samples = self._scorer.samples.has_samples[pairs.capabilities[best]].tolist()
        experience = [None if compared.experience is None else compared.experience[at] for at in owners]
        return [
            Match(
                rank=ranks[nth],
                institute=self.registry.institutes[institute].id,
                name=self.registry.institutes[institute].name,
                score=scores[nth],
                level=levels[nth],
                capability=shown[nth].capability,
                similarities={
                    **{name: column[nth] for name, column in found.items()},
                    **({} if has_samples[nth] else {"samples": None}),
                    "cases": None if known is None else known.similarity_of(institute),
                },
                basis=shown[nth].basis,
                readiness=self._readiness_of(institute),
                reasons=(*(() if known is None else case_reasons(known, institute)), *reasons[nth]),
                evidence=shown[nth].evidence,
            )
            for nth, (institute, known) in enumerate(zip(institutes, experience, strict=True))
        ]

    def _readiness_of(self, institute: int) -> Readiness | None:
        """What the ledger says of an institute's readiness: nothing known against it where it says nothing."""
        if self._workload is None:
            return None
        return self._workload.readiness.get(self.registry.institutes[institute].id, _READY)

    def _shown(self, number: int, language: Language) -> _Shown:
        """How a capability is shown in a language; the same for every problem."""
        shown = self._known.get((number, language))
        if shown is None:
            capability = self._scorer.capability(number)
            cited = [
                cite(self.registry, evidence, language, via_parent=capability.via_parent)
                for evidence in capability.evidence[:_MOST_EVIDENCE]
            ]
            matched = MatchedCapability(
                id=capability.id,
                name=capability.name,
                via_parent=capability.via_parent,
                strength=capability.strength,
            )
            newest = max((one.year for one in capability.evidence if one.year is not None), default=None)
            basis = Basis(via_parent=capability.via_parent, strength=capability.strength, year=newest)
            shown = _Shown(matched, capability.name.in_language(language), basis, tuple(cited))
            self._known[number, language] = shown
        return shown


def _is_open(shortlist: Shortlist) -> bool:
    """Whether word vectors, which this shortlist was made with, leave open what to say of its problem."""
    return bool(shortlist.matches) and is_left_open(shortlist.matches[0].score)


def _verdict(matches: Sequence[Match], n_ideas: int, *, asks_service: bool) -> Verdict:
    """What is said of a problem whose best matches are these; nobody to choose from is none."""
    best = matches[0].level if matches else "none"
    if matches and are_too_few(n_ideas, is_strong=best == "strong", asks_service=asks_service):
        return "unclear"
    return "matched" if best in ("strong", "fair") else "none"


def _probability(odds: float) -> float:
    """The score of log odds."""
    return round(1 / (1 + float(np.exp(-odds))), DIGITS)


def _rebuilt(
    registry: Registry, settings: Settings, compiled: Arrays, cases: CaseSimilarity | None, workload: Workload | None
) -> Matcher:
    return Matcher(registry, settings, compiled=compiled, cases=cases, workload=workload)
