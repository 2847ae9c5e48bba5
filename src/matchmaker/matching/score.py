"""From similarities to scores of institutes: every similarity reads the problems, weights make a score of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from matchmaker.domain import Capability, Institute, Problem, Registry, Strength
from matchmaker.institutes import sorted_institutes
from matchmaker.matching.cases import CaseSimilarity, Experience
from matchmaker.matching.counting import slices
from matchmaker.matching.encoder import encoder
from matchmaker.matching.ideas import Ideas, compile_trades
from matchmaker.matching.postings import prefixed, strings_from, strings_to_array, under
from matchmaker.matching.profiles import statements
from matchmaker.matching.services import asks_for_service
from matchmaker.matching.settings import Settings, shipped_settings
from matchmaker.matching.similarities import NAMES, SIMILARITIES
from matchmaker.matching.similarity import Chunk, Profiles, Reading, read_chunk
from matchmaker.text import prepare

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.matching.e5 import E5Similarity
    from matchmaker.matching.postings import Arrays, FloatArray
    from matchmaker.matching.similarity import Places

    Mask: TypeAlias = NDArray[np.bool_]


DISCOUNTS = ("general", "thin", "service")
"""What lowers the score of a capability; each enters as 0 or -1."""
FEATURES = NAMES + DISCOUNTS
"""What the score of a capability is made of: similarities, some of them as their square root, and discounts."""
DIGITS = 6
"""Every similarity and score is rounded to so many decimals before it is ranked."""
BETWEEN_NAMES = "\x1e"
_MOST_PAIRS = 1 << 17  # that are compared together
_STRENGTHS: dict[Strength | None, int] = {"A": 0, "B": 1, "C": 2, None: 3}


@dataclass(frozen=True, slots=True)
class Numbers:
    """What similarities count: the weights of all features, in their order, intercept and pooling."""

    weights: FloatArray
    intercept: float
    pooling: tuple[float, ...]

    @classmethod
    def of(cls, settings: Settings) -> Numbers:
        """Those of some settings."""
        weights = [*settings.weights.model_dump().values()]
        discounts = [getattr(settings.discounts, name) for name in DISCOUNTS]
        return cls(np.array([*weights, *discounts], dtype=np.float64), settings.intercept, settings.pooling)

    def strengths(self, features: FloatArray) -> FloatArray:
        """What features of shape (K, n) add to the log odds: shape (n,); added up one by one, in their order."""
        total: FloatArray = np.zeros(features.shape[1])
        for weight, feature in zip(self.weights, features, strict=True):
            total = total + weight * feature
        return total


@dataclass(frozen=True, slots=True)
class Pairs:
    """n pairs of a problem and a capability, in rising order, and what their scores are made of.

    Attributes:
        problems: Shape (n,).
        capabilities: Shape (n,).
        similarities: In the order of ``SIMILARITIES``, rounded: shape (S, n).
        features: In the order of ``FEATURES``: shape (K, n).
    """

    problems: Places
    capabilities: Places
    similarities: FloatArray
    features: FloatArray

    @classmethod
    def joined(cls, parts: Sequence[Pairs]) -> Pairs:
        """All of one or more parts, in no order."""
        return cls(*(np.concatenate([getattr(one, name) for one in parts], axis=-1) for name in Pairs.__slots__))


@dataclass(frozen=True, slots=True)
class InstituteScores:
    """The scores of n pairs of a problem and an institute.

    Attributes:
        problems: Shape (n,).
        institutes: Shape (n,).
        scores: In [0, 1], rounded: shape (n,).
        best: Where in ``pairs`` the capability stands that counts most: shape (n,).
        features: What the scores are made of, in the order of ``FEATURES``: shape (K, n).
        pairs: The capabilities behind them.
    """

    problems: Places
    institutes: Places
    scores: FloatArray
    best: Places
    features: FloatArray
    pairs: Pairs

    @classmethod
    def joined(cls, parts: Sequence[InstituteScores]) -> InstituteScores:
        """All of one or more parts, one after another."""
        if len(parts) == 1:
            return parts[0]
        starts = np.cumsum([0, *(len(one.pairs.problems) for one in parts)]).tolist()
        return cls(
            problems=np.concatenate([one.problems for one in parts]),
            institutes=np.concatenate([one.institutes for one in parts]),
            scores=np.concatenate([one.scores for one in parts]),
            best=np.concatenate([start + one.best for start, one in zip(starts, parts, strict=False)]),
            features=np.concatenate([one.features for one in parts], axis=1),
            pairs=Pairs.joined([one.pairs for one in parts]),
        )


@dataclass(frozen=True, slots=True)
class ReadProblems:
    """P problems as all similarities read them, and what else the score asks of them.

    Attributes:
        problems: What they are.
        chunk: Their terms and words.
        readings: What each similarity found, by its name.
        numbers: What similarities count for them.
        n_ideas: How many specific ideas each names, as far as that matters (``Ideas.count``): shape (P,).
        asks_service: Whether each asks for a service: shape (P,).
        experience: What earlier problems say of the institutes, where there are any.
        added: What these add to the log odds of the institutes: shape (P, I).
    """

    problems: Sequence[Problem]
    chunk: Chunk
    readings: Mapping[str, Reading]
    numbers: Numbers
    n_ideas: Places
    asks_service: Mask
    experience: Sequence[Experience] | None
    added: FloatArray | None


def compile_profiles(registry: Registry, settings: Settings) -> Arrays:
    """What scoring needs to know of the profiles, worked out; the institutes are taken in order of id."""
    institutes = sorted_institutes(registry)
    capabilities = [capability for institute in institutes for capability in institute.capabilities]
    stated = [statements(capability) for capability in capabilities]
    profiles = Profiles(capabilities, stated, settings.inferred_weight, settings.trade_weight)
    found = {
        "sizes": np.array([len(institute.capabilities) for institute in institutes], dtype=np.intp),
        "via_parent": np.array([capability.via_parent for capability in capabilities], dtype=np.bool_),
        "general": np.array([capability.general for capability in capabilities], dtype=np.bool_),
        "thin": np.array([capability.strength == "C" for capability in capabilities], dtype=np.bool_),
        "service": np.array([capability.service for capability in capabilities], dtype=np.bool_),
        "tie_rank": _tie_ranks(capabilities),
        "roles": strings_to_array(one.role for one in institutes),
        "places": strings_to_array(_in_one(one.place.both() if one.place else ()) for one in institutes),
        "names": strings_to_array(_in_one((one.id, *one.name.both(), *one.aliases)) for one in institutes),
        **compile_trades(stated),
    }
    for similarity in SIMILARITIES:
        found |= prefixed(similarity.name, similarity.compile(profiles))
    return found


def compiled_from(registry: Registry, settings: Settings) -> bytes:
    """Stands for all that ``compile_profiles`` makes its arrays of."""
    return f"{registry.fingerprint} {settings.inferred_weight} {settings.trade_weight}".encode()


class Scorer:
    """Scores problems against the institutes of a registry.

    Args:
        institutes: In order of id.
        settings: Weights and pooling.
        compiled: What ``compile_profiles`` gives for them.
        cases: Earlier problems, which raise or lower the institutes that met them.

    Attributes:
        owners: The institute of each capability: shape (C,).
        starts: The first capability of each institute: shape (I,).
        sizes: How many capabilities each institute has: shape (I,).
        discounts: Of each capability, 0 or -1, in the order of ``DISCOUNTS``: shape (3, C).
        tie_rank: The order of capabilities of equal strength: shape (C,).
        similarities: By name.
        numbers: What similarities count for a problem that the full encoder has not read, or need not.
    """

    def __init__(
        self, institutes: Sequence[Institute], settings: Settings, compiled: Arrays, cases: CaseSimilarity | None
    ) -> None:
        self._cases = cases
        self._institutes = institutes
        self._settings = settings
        self._closely = Numbers.of(settings)
        self.numbers = Numbers.of(shipped_settings("words")) if settings.encoder == "auto" else self._closely
        self.sizes = compiled["sizes"].astype(np.intp, copy=False)
        self.starts = (np.cumsum(self.sizes) - self.sizes).astype(np.intp)
        self.owners = np.repeat(np.arange(len(institutes)), self.sizes)
        self.tie_rank = compiled["tie_rank"].astype(np.intp, copy=False)
        self.discounts = -np.array([compiled[name] for name in DISCOUNTS], dtype=np.float64)
        self._via_parent = compiled["via_parent"].astype(np.bool_, copy=False)
        self._is_centre = np.array([role == "transfer_centre" for role in strings_from(compiled["roles"])], np.bool_)
        self.similarities = {one.name: one(under(one.name, compiled)) for one in SIMILARITIES}
        self._ideas = Ideas(compiled, encoder())
        if settings.encoder == "e5":
            self._e5  # noqa: B018 - before processes are forked, which share it then

    @property
    def n_institutes(self) -> int:
        """How many institutes there are."""
        return len(self.sizes)

    @property
    def n_capabilities(self) -> int:
        """How many capabilities all of them have."""
        return len(self.owners)

    def capability(self, number: int) -> Capability:
        """One of all capabilities, institute by institute."""
        owner = int(self.owners[number])
        return self._institutes[owner].capabilities[number - int(self.starts[owner])]

    def read(self, problems: Sequence[Problem]) -> Iterator[ReadProblems]:
        """Read problems, as many at a time as there is room for; by the full encoder where settings name it alone."""
        texts = [prepare(problem.text) for problem in problems]
        width = max(similarity.width for similarity in self.similarities.values())
        for part in slices(texts, width + (self._cases.n_problems if self._cases else 0)):
            chunk = read_chunk(texts[part])
            experience = None if self._cases is None else self._cases.compare(chunk.counts, chunk.words)
            read = ReadProblems(
                problems=problems[part],
                chunk=chunk,
                readings={name: similarity.read(chunk) for name, similarity in self.similarities.items()},
                numbers=self.numbers,
                n_ideas=np.array([self._ideas.count(text) for text in texts[part]], dtype=np.intp),
                asks_service=np.array([asks_for_service(text) for text in texts[part]], dtype=np.bool_),
                experience=experience,
                added=None if experience is None else np.array([one.added for one in experience]),
            )
            is_closely = self._settings.encoder == "e5"
            yield self.read_closely(read, np.arange(len(read.problems))) if is_closely else read

    def read_closely(self, read: ReadProblems, chosen: Places) -> ReadProblems:
        """The same problems with some of them read by the full encoder, and the numbers that hold for these."""
        closeness = np.full((len(read.problems), self.n_capabilities), np.nan)
        closeness[chosen] = self._e5.similarities([read.chunk.problems[at] for at in chosen.tolist()])
        readings = {name: reading.refined(closeness) for name, reading in read.readings.items()}
        return replace(read, readings=readings, numbers=self._closely)

    @cached_property
    def _e5(self) -> E5Similarity:
        from matchmaker.matching import e5

        capabilities = [capability for institute in self._institutes for capability in institute.capabilities]
        loaded = e5.encoder()
        return e5.E5Similarity(e5.compile_e5(capabilities, loaded), loaded)

    def pairs(self, read: ReadProblems, problems: Places, capabilities: Places) -> Pairs:
        """The similarities of n pairs of a problem and a capability, in rising order."""
        known: dict[str, FloatArray] = {}
        features = []
        for name, reading in read.readings.items():
            known[name] = reading.of_pairs(problems, capabilities, known).round(DIGITS)
            features.append(np.sqrt(known[name]) if self.similarities[name].enters_as_root else known[name])
        discounts = self.discounts[:, capabilities]
        discounts[-1] *= ~read.asks_service[problems]
        similarities = np.array(list(known.values()))
        return Pairs(problems, capabilities, similarities, np.concatenate([np.array(features), discounts]))

    def all_scores(
        self, read: ReadProblems, counted: Sequence[Mask | None], chosen: Places | None = None
    ) -> Iterator[InstituteScores]:
        """The scores of all institutes for problems, as many problems at a time as there is room for.

        Args:
            read: The problems.
            counted: For each which capabilities count, all when None.
            chosen: Which problems are scored, in rising order; all when None.
        """
        step = max(1, _MOST_PAIRS // max(self.n_capabilities, 1))
        chosen = np.arange(len(read.problems)) if chosen is None else chosen
        for at in range(0, len(chosen), step):
            part = chosen[at : at + step]
            capabilities = np.tile(np.arange(self.n_capabilities), len(part))
            pairs = self.pairs(read, np.repeat(part, self.n_capabilities), capabilities)
            institutes = np.tile(np.arange(self.n_institutes), len(part))
            yield self.pool(read, np.repeat(part, self.n_institutes), institutes, pairs, counted)

    def pool(
        self,
        read: ReadProblems,
        problems: Places,
        institutes: Places,
        pairs: Pairs,
        counted: Sequence[Mask | None],
    ) -> InstituteScores:
        """The score of some institutes for some problems, over the capabilities that count.

        Capabilities are pooled by falling weights, scaled to sum to one over those there are: a further capability
        never raises the score above what the best one alone would give. An institute without a capability that counts
        scores 0.

        Args:
            read: The problems.
            problems: Of n pairs of a problem and an institute, in rising order: shape (n,).
            institutes: Of the same: shape (n,).
            pairs: The similarities to capabilities of each, in the same order.
            counted: For each problem which capabilities count, all when None.
        """
        wanted = problems * self.n_institutes + institutes
        owners = np.searchsorted(wanted, pairs.problems * self.n_institutes + self.owners[pairs.capabilities])
        sizes = np.bincount(owners, minlength=len(wanted))
        starts = np.cumsum(sizes) - sizes
        strengths, n_counted = read.numbers.strengths(pairs.features).round(DIGITS), sizes
        if any(capabilities is not None for capabilities in counted):
            everything = np.ones(self.n_capabilities, np.bool_)
            table = np.array([everything if capabilities is None else capabilities for capabilities in counted])
            counts = table[pairs.problems, pairs.capabilities]
            strengths = np.where(counts, strengths, -np.inf)
            n_counted = np.bincount(owners, weights=counts, minlength=len(wanted))
        order = np.lexsort((self.tie_rank[pairs.capabilities], -strengths, owners))
        pooled, total = np.zeros((len(FEATURES), len(wanted))), np.zeros(len(wanted))
        for nth, weight in enumerate(read.numbers.pooling):
            is_there = n_counted > nth
            places = order[np.where(is_there, starts + nth, starts)]
            pooled += np.where(is_there, weight * pairs.features[:, places], 0.0)
            total += np.where(is_there, weight, 0.0)
        pooled /= np.where(total > 0, total, 1.0)
        odds = read.numbers.intercept + read.numbers.strengths(pooled)
        odds = odds if read.added is None else odds + read.added[problems, institutes]
        scores: FloatArray = np.where(total > 0, 1 / (1 + np.exp(-odds)), 0.0).round(DIGITS)
        scores = self.held_down(read, problems, institutes, scores)
        return InstituteScores(problems, institutes, scores, order[starts], pooled, pairs)

    def held_down(self, read: ReadProblems, problems: Places, institutes: Places, scores: FloatArray) -> FloatArray:
        """Scores of pairs, all of shape (n,), but below fair where no score says more.

        So it is for a problem of words of trades alone, and for a transfer centre that is not asked for a service.
        """
        below_fair = self._settings.below_fair
        scores = np.where(read.n_ideas[problems] > 0, scores, (scores * below_fair).round(DIGITS))
        is_fallback = self._is_centre[institutes] & ~read.asks_service[problems]
        return np.where(is_fallback, np.minimum(scores, below_fair), scores)

    def ranked(self, scores: InstituteScores) -> Places:
        """Places in ``scores``, problem by problem and best first.

        Ties: the institute's own capability before the parent's, then by strength and id.
        """
        ties = self.tie_rank[scores.pairs.capabilities[scores.best]] // max(self.n_capabilities, 1)
        return np.lexsort((scores.institutes, ties, -scores.scores, scores.problems))

    def counted(self, problem: Problem) -> Mask | None:
        """Which capabilities count for a problem: the institutes' own where it requires that, else all (None)."""
        return ~self._via_parent if problem.require.own else None

    def has_counted(self, problem: Problem) -> Mask:
        """Which institutes have a capability that counts."""
        counted = self.counted(problem)
        if counted is None:
            return np.ones(self.n_institutes, dtype=np.bool_)
        return np.bincount(self.owners, weights=counted, minlength=self.n_institutes) > 0


def _in_one(names: Iterable[str]) -> str:
    """Names as they are compared, in one string."""
    return BETWEEN_NAMES.join(name.casefold().replace("\0", " ") for name in names)


def _tie_ranks(capabilities: Sequence[Capability]) -> Places:
    """The order of capabilities whose strengths are equal: own before parent, A before C, then by id.

    Returns:
        Shape (C,). The rank by own and strength alone is the value divided by C, whole.
    """
    by_id = sorted(range(len(capabilities)), key=lambda at: (capabilities[at].id, at))
    ranks = np.empty(len(capabilities), dtype=np.intp)
    for nth, at in enumerate(by_id):
        capability = capabilities[at]
        ranks[at] = (4 * capability.via_parent + _STRENGTHS[capability.strength]) * len(capabilities) + nth
    return ranks
