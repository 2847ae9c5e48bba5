"""From problems to shortlists: similarities, score, rank, reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from matchmaker.domain import (
    Basis,
    Capability,
    Citation,
    Explanation,
    Institute,
    Language,
    Match,
    MatchedCapability,
    NamedItem,
    Problem,
    Question,
    Readiness,
    Registry,
    Removal,
    Requirements,
    ScoreGap,
    ScorePart,
    Shortlist,
    Verdict,
)
from matchmaker.errors import Fault, ProblemError, did_you_mean
from matchmaker.institutes import cite, sorted_institutes
from matchmaker.matching.cases import CaseSimilarity
from matchmaker.matching.ideas import are_too_few
from matchmaker.matching.keywords import KeywordSimilarity
from matchmaker.matching.postings import starts_of, strings_from
from matchmaker.matching.questions import LEAST_GAIN, N_LEADING, Candidate, ask
from matchmaker.matching.reasons import ReasonFinder, case_reasons, clear
from matchmaker.matching.score import (
    BETWEEN_NAMES,
    DIGITS,
    FEATURES,
    InstituteScores,
    ReadProblems,
    Scorer,
    compile_profiles,
)
from matchmaker.matching.semantic import SemanticSimilarity
from matchmaker.matching.settings import Settings, is_left_open, shipped_settings
from matchmaker.matching.shortcut import WORTH_IT_FROM, best_scores
from matchmaker.matching.similarities import NAMES
from matchmaker.messages import join_messages, make_message

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.matching.keywords import Hits
    from matchmaker.matching.postings import Arrays, FloatArray

__all__ = ["FEATURES", "FoundCapability", "Matcher", "Workload", "compile_profiles"]

_NO_LIMITS = Requirements()
_READY = Readiness()
_MOST_EVIDENCE = 5
_MOST_MATCHES = 5
_FINDING = ("keywords", "lexical", "semantic")  # similarities of which one above zero finds a capability


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
    encoder reads it only where they leave open what to say, and then the numbers of the settings hold for it.

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
        institutes = sorted_institutes(registry)
        self.registry = registry.model_copy(update={"institutes": institutes})
        self.settings = settings or shipped_settings()
        self._fingerprint = self.settings.fingerprint
        self._compiled = compile_profiles(self.registry, self.settings) if compiled is None else compiled
        self._scorer = Scorer(institutes, self.settings, self._compiled, cases)
        self._known: dict[tuple[int, Language], _Shown] = {}
        self._centres = [
            (at, NamedItem(id=institutes[at].id, name=institutes[at].name))
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
            TypeError: Something else than problems is given, such as a text, or a problem by itself.
            ValueError: ``top`` is below 1.
        """
        if top is not None and top < 1:
            raise ValueError(f"top must be 1 or more, not {top}")
        given = _checked(problems)
        faults = [fault for problem in given for fault in self.limit_faults(problem)]
        if faults:
            raise ProblemError(faults)
        shortlists = [shortlist for read in self._scorer.read(given) for shortlist in self._shortlists(read, top)]
        return [
            one if one.verdict != "unclear" else one.model_copy(update={"questions": self.ask(one.problem)})
            for one in shortlists
        ]

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

        read = self._read_for_good(problem)
        (shortlist,) = self._shortlists(read, N_LEADING)
        candidates = [self._candidate(read, match) for match in shortlist.matches]
        return ask(problem, candidates, score, least_gain=0.0 if shortlist.verdict == "unclear" else LEAST_GAIN)

    def _candidate(self, read: ReadProblems, match: Match) -> Candidate:
        """An institute of a shortlist, and which facets of its best capability the only problem read holds."""
        scorer = self._scorer
        index = [known.id for known in self.registry.institutes].index(match.institute)
        numbers = np.flatnonzero(scorer.owners == index).tolist()
        best = next(number for number in numbers if scorer.capability(number).id == match.capability.id)
        capability = scorer.capability(best)
        (hits,) = self._reasons(read).keywords(np.array([0]), np.array([best]))
        found = {hit.keyword.shown for hit in clear(hits)}
        held = {keyword.facet for keyword in capability.keywords if keyword.facet and found & set(keyword.both())}
        return Candidate(match.score, capability, frozenset(held))

    def scores(self, problems: Iterable[Problem]) -> FloatArray:
        """The score of every institute for every problem, limits of problems left aside.

        Returns:
            Shape (P, I), float64, in [0, 1], rounded to 6 decimals; institutes in the order of the registry.
        """
        parts = [np.zeros((0, len(self.registry.institutes)))]
        for read in self._scorer.read(list(problems)):
            scores = self._all_scores(read)
            if self.settings.encoder == "auto":
                is_open = np.array([is_left_open(best) for best in scores.max(axis=1, initial=0.0).tolist()])
                chosen = np.flatnonzero(is_open)
                if len(chosen):
                    scores[chosen] = self._all_scores(self._scorer.read_closely(read, chosen), chosen)
            parts.append(scores)
        return np.concatenate(parts)

    def pooled(self, problems: Iterable[Problem]) -> FloatArray:
        """What the score of every institute for every problem is made of, limits of problems left aside.

        With ``encoder = "auto"``, what it is made of where the full encoder reads.

        Returns:
            Shape (P, I, K), float64, in [0, 1], K in the order of ``FEATURES``: the score is the logistic function of
            the intercept plus the sum of weight times feature.
        """
        n_institutes, n_features = len(self.registry.institutes), len(FEATURES)
        parts = [np.zeros((0, n_institutes, n_features))]
        for read in self._scorer.read(list(problems)):
            every = np.arange(len(read.problems))
            closely = self._scorer.read_closely(read, every) if self.settings.encoder == "auto" else read
            found = self._scorer.all_scores(closely, [None] * len(every))
            parts += [one.features.T.reshape(-1, n_institutes, n_features) for one in found]
        return np.concatenate(parts)

    def _all_scores(self, read: ReadProblems, chosen: NDArray[np.intp] | None = None) -> FloatArray:
        """The scores of all institutes for problems, or some of them, limits left aside: shape (P, I)."""
        found = self._scorer.all_scores(read, [None] * len(read.problems), chosen)
        return np.concatenate([np.zeros(0), *(one.scores for one in found)]).reshape(-1, len(self.registry.institutes))

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
        index = [known.id for known in self.registry.institutes].index(institute.id)
        scorer, counted, read = self._scorer, self._scorer.counted(problem), self._read_for_good(problem)
        scores = next(scorer.all_scores(read, [counted]))
        limits = self._limits(problem)
        order = [at for at in scorer.ranked(scores).tolist() if at == index or not (limits and limits[at])]
        reasons = self._reasons(read)
        best = int(scores.pairs.capabilities[scores.best[index]])
        is_counted = counted is None or counted[best]
        base = _probability(read.numbers.intercept) if is_counted else 0.0
        (match,) = self._matches(read, scores, np.array([index]), [order.index(index) + 1])
        return Explanation(
            problem=problem,
            match=match,
            base=base,
            parts=self._parts(read, scores, index, base),
            marks=reasons.marks(0, best, self._shown(best, problem.language).name),
            uncovered=reasons.uncovered(0, np.flatnonzero(scorer.owners == index)),
            limit=limits[index] if limits else None,
            next=self._next(order, index, scores.scores),
            settings=self._fingerprint,
            institutes=self.registry.fingerprint,
            ledger=self._ledger,
        )

    def _read_for_good(self, problem: Problem) -> ReadProblems:
        """A problem read as its shortlist is made: by the full encoder, too, where word vectors leave it open."""
        read = next(self._scorer.read([problem]))
        if self.settings.encoder != "auto":
            return read
        scores, ranked = self._best(read, 1, np.array([0]), [self._limits(problem)])
        is_open = self._is_open(scores, ranked, 1)
        return self._scorer.read_closely(read, np.array([0])) if is_open[0] else read

    def _parts(self, read: ReadProblems, scores: InstituteScores, index: int, base: float) -> tuple[ScorePart, ...]:
        """What raises a score above its base, split by what each similarity adds to the log odds, and what lowers it.

        Discounts take what they take from the score without them; what earlier problems add or take is the difference
        to the score without them. The sums are exact in 6 decimals: what rounding leaves goes to the largest part.
        """
        n_similar = len(NAMES)
        intercept, score = read.numbers.intercept, float(scores.scores[index])
        added = read.numbers.weights * scores.features[:, index]
        total = float(added[:n_similar].sum())
        raised = round((_probability(intercept + total) if score else 0.0) - base, DIGITS)
        values = [round(raised * float(part) / total, DIGITS) if total else 0.0 for part in added[:n_similar]]
        largest = int(added[:n_similar].argmax())
        values[largest] = round(values[largest] + raised - sum(values), DIGITS)
        parts = [ScorePart(name=name, value=value) for name, value in zip(NAMES, values, strict=True)]
        alone = score  # what holds a score down is a discount, too
        if self._cases is not None and score:
            plain = np.array([_probability(intercept + float(added.sum()))])
            alone = float(self._scorer.held_down(read, np.array([0]), np.array([index]), plain)[0])
        parts.append(ScorePart(name="discounts", value=round(alone - base - raised, DIGITS)))
        if self._cases is not None:
            parts.append(ScorePart(name="cases", value=round(score - alone, DIGITS)))
        return tuple(parts)

    def _next(self, order: Sequence[int], at: int, scores: FloatArray) -> ScoreGap | None:
        if len(order) == 1:
            return None
        rank = order.index(at)
        other = order[rank + 1] if rank + 1 < len(order) else order[rank - 1]
        institute = self.registry.institutes[other]
        difference = round(float(scores[other] - scores[at]), DIGITS)
        return ScoreGap(institute=institute.id, name=institute.name, score=float(scores[other]), difference=difference)

    def search(self, text: str, *, top: int = 10) -> list[FoundCapability]:
        """The capabilities closest to a text, an institute's name included, best first.

        Args:
            text: A name, a keyword or a sentence.
            top: How many at most.

        Returns:
            Capabilities with a similarity above zero; ties own before parent, then by strength and id. A text that is
            called like an institute gives all capabilities of that institute, with score 1.
        """
        scorer = self._scorer
        read = next(scorer.read([Problem.model_construct(title=text)]))
        every = np.arange(scorer.n_capabilities)
        pairs = scorer.pairs(read, np.zeros_like(every), every)
        strengths = read.numbers.strengths(pairs.features).round(DIGITS)
        is_found = pairs.similarities[[NAMES.index(name) for name in _FINDING]].any(axis=0)
        scores = np.round(1 / (1 + np.exp(-(read.numbers.intercept + strengths))), DIGITS)
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
        remedy = make_message("known: {names}", names=join_messages(institute.id for institute in institutes[:20]))
        faults: list[Fault] = []
        for field, name in unknown:
            hint = did_you_mean(name, known, n_before=len(faults))
            place = make_message("problem '{name}', {field}", name=problem.id or problem.title, field=field)
            faults.append(
                Fault(place, make_message("no institute is named '{name}'{hint}", name=name, hint=hint), remedy)
            )
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

    def _shortlists(self, read: ReadProblems, top: int | None) -> list[Shortlist]:
        """The shortlists of problems, without questions; word vectors leave some to the full encoder, if settings say.

        What the full encoder has read already it does not read again.
        """
        every = np.arange(len(read.problems))
        limits = [self._limits(problem) for problem in read.problems]
        scores, ranked = self._best(read, top, every, limits)
        is_open = self._is_open(scores, ranked, len(every))
        matches: dict[int, list[Match]] = {}
        if self.settings.encoder == "auto" and read.numbers is self._scorer.numbers and is_open.any():
            chosen = np.flatnonzero(is_open)
            again = self._scorer.read_closely(read, chosen)
            matches = self._by_problem(again, *self._best(again, top, chosen, limits), top)
            ranked = ranked[~is_open[scores.problems[ranked]]]
        matches |= self._by_problem(read, scores, ranked, top)
        return [self._shortlist(read, at, tuple(matches.get(at, ())), limits[at]) for at in every.tolist()]

    def _is_open(self, scores: InstituteScores, ranked: NDArray[np.intp], n_problems: int) -> NDArray[np.bool_]:
        """Whether word vectors, which these scores were made with, leave open what to say of each problem."""
        is_open = np.zeros(n_problems, np.bool_)
        first = starts_of(scores.problems[ranked])
        best = scores.scores[ranked[first]].tolist()
        is_open[scores.problems[ranked[first]]] = [is_left_open(score) for score in best]
        return is_open

    def _shortlist(
        self, read: ReadProblems, index: int, matches: tuple[Match, ...], limits: Sequence[str | None]
    ) -> Shortlist:
        problem = read.problems[index]
        asks_service = bool(read.asks_service[index])
        return Shortlist(
            problem=problem,
            verdict=_verdict(matches, int(read.n_ideas[index]), asks_service=asks_service),
            matches=matches,
            fallback=self._fallback(problem),
            removed=tuple(self._removed(limits)),
            settings=self._fingerprint,
            institutes=self.registry.fingerprint,
            ledger=self._ledger,
        )

    def _by_problem(
        self, read: ReadProblems, scores: InstituteScores, ranked: NDArray[np.intp], top: int | None
    ) -> dict[int, list[Match]]:
        """The matches at ranked places in ``scores``, ``top`` of a problem at most, by the number of the problem."""
        problems = scores.problems[ranked]
        ranks = np.arange(1, len(ranked) + 1) - np.searchsorted(problems, problems)
        if top is not None:
            problems, ranked, ranks = problems[ranks <= top], ranked[ranks <= top], ranks[ranks <= top]
        found: dict[int, list[Match]] = {}
        for problem, match in zip(problems.tolist(), self._matches(read, scores, ranked, ranks.tolist()), strict=True):
            found.setdefault(problem, []).append(match)
        return found

    def _best(
        self,
        read: ReadProblems,
        top: int | None,
        chosen: NDArray[np.intp],
        limits: Sequence[Sequence[str | None]],
    ) -> tuple[InstituteScores, NDArray[np.intp]]:
        """The scores of the institutes that no limit removes for some problems, ``top`` of them at least, and ranks."""
        scorer, n_institutes = self._scorer, len(self.registry.institutes)
        counted = [scorer.counted(problem) for problem in read.problems]
        free = np.zeros((len(read.problems), n_institutes), np.bool_)
        for index in chosen.tolist():
            free[index] = [not limit for limit in limits[index]] if limits[index] else True
        if top is not None and top < n_institutes and scorer.n_capabilities >= WORTH_IT_FROM:
            scores = best_scores(scorer, read, free, counted, top)
        else:
            scores = InstituteScores.joined(list(scorer.all_scores(read, counted, chosen)))
        ranked = scorer.ranked(scores)
        return scores, ranked[free[scores.problems[ranked], scores.institutes[ranked]]]

    def _removed(self, limits: Sequence[str | None]) -> Iterator[Removal]:
        for at, limit in enumerate(limits):
            if limit:
                institute = self.registry.institutes[at]
                yield Removal(institute=institute.id, name=institute.name, limit=limit)

    def _reasons(self, read: ReadProblems) -> ReasonFinder:
        hits = cast("Hits", read.readings[KeywordSimilarity.name])
        semantic = cast("SemanticSimilarity", self._scorer.similarities[SemanticSimilarity.name])
        return ReasonFinder(read.problems, read.chunk.problems, hits, semantic)

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

    def _fallback(self, problem: Problem) -> NamedItem | None:
        """Whom to ask when nobody fits: the first transfer centre by id that the problem does not exclude."""
        excluded = self._called(*problem.exclude) if problem.exclude else set()
        return next((named for at, named in self._centres if at not in excluded), None)

    def _matches(
        self, read: ReadProblems, scores: InstituteScores, kept: NDArray[np.intp], ranks: Sequence[int]
    ) -> list[Match]:
        """The matches at some places in ``scores``, problems in rising order, with their reasons."""
        best = scores.best[kept]
        problems, institutes = scores.problems[kept], scores.institutes[kept].tolist()
        capabilities = scores.pairs.capabilities[best]
        values: list[float] = scores.scores[kept].tolist()
        levels = [self.settings.level(score) for score in values]
        owners = problems.tolist()
        languages = [problem.language for problem in read.problems]
        shown = [self._shown(one, languages[at]) for at, one in zip(owners, capabilities.tolist(), strict=True)]
        is_told = np.array([rank == 1 or level != "none" for rank, level in zip(ranks, levels, strict=True)], np.bool_)
        reasons = self._reasons(read).reasons(problems, capabilities, [one.name for one in shown], is_told)
        similarities = self._similarities(scores.pairs.similarities[:, best], capabilities)
        experience = [None if read.experience is None else read.experience[at] for at in owners]
        return [
            Match(
                rank=ranks[nth],
                institute=self.registry.institutes[institute].id,
                name=self.registry.institutes[institute].name,
                score=values[nth],
                level=levels[nth],
                capability=shown[nth].capability,
                similarities={
                    **similarities[nth],
                    "cases": None if known is None else known.similarity_of(institute),
                },
                basis=shown[nth].basis,
                readiness=self._readiness_of(institute),
                reasons=(*(() if known is None else case_reasons(known, institute)), *reasons[nth]),
                evidence=shown[nth].evidence,
            )
            for nth, (institute, known) in enumerate(zip(institutes, experience, strict=True))
        ]

    def _similarities(self, values: FloatArray, capabilities: NDArray[np.intp]) -> list[dict[str, float | None]]:
        """Similarities, shape (S, n), by name, of n capabilities; ``None`` where one has nothing to go by."""
        columns = [
            [
                value if has else None
                for value, has in zip(row.tolist(), one.has_basis[capabilities].tolist(), strict=True)
            ]
            for row, one in zip(values, self._scorer.similarities.values(), strict=True)
        ]
        return [dict(zip(NAMES, row, strict=True)) for row in zip(*columns, strict=True)]

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


def _checked(problems: Iterable[Problem]) -> list[Problem]:
    """The problems as a list."""
    given = [] if isinstance(problems, str | Problem) else list(problems)
    other = problems if isinstance(problems, str | Problem) else _other(given)
    if other is None:
        return given
    taken = "Matcher.match takes an iterable of Problem; Session.match also takes a text, a path or one Problem"
    raise TypeError(f"{taken}; this is {type(other).__name__}")


def _other(given: Sequence[object]) -> object:
    return next((one for one in given if not isinstance(one, Problem)), None)


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
