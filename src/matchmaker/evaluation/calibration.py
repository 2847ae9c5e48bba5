"""Settings fitted to judgements: weights and intercept by cross-validated fits, the bounds of the levels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from matchmaker.domain import Capability, Institute, Problem, Registry, Term
from matchmaker.errors import EvaluationError, Fault
from matchmaker.evaluation.fitting import Model, Quality, fit_model, folds, quality
from matchmaker.evaluation.measures import Unknown
from matchmaker.evaluation.trec import DIGITS, RELEVANT, Qrels, Run
from matchmaker.matching.matcher import FEATURES, Matcher, compile_profiles
from matchmaker.matching.score import DISCOUNTS, SIMILARITIES
from matchmaker.matching.settings import Bounds, Discounts, Settings, Weights
from matchmaker.messages import said
from matchmaker.text import normalise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.matching.postings import Arrays

    FloatArray: TypeAlias = NDArray[np.float64]
    IntArray: TypeAlias = NDArray[np.intp]

Kind: TypeAlias = Literal["single", "groups", "both"]
"""Profiles as they were judged, pseudo-profiles pooled from several of them, or the two together."""

_ROUNDS = 3
_WEIGHT_DIGITS = 3  # of weights and intercept: what people can read, and far finer than any interval
_CHUNK = 64
_SHOWN = 2  # decimals of a score that decide its level
_STRONG_PRECISION, _FAIR_PRECISION = 0.8, 0.6  # of first institutes from these levels on, in cross-validation
_LEAST = 5  # so few first institutes decide nothing


@dataclass(frozen=True, slots=True)
class Judged:
    """The judged pairs, problem and institute, with their features, shape (N, K), grades, shape (N,), and texts."""

    pairs: tuple[tuple[str, str], ...]
    features: FloatArray
    grades: IntArray
    groups: tuple[str, ...]

    def joined(self, other: Judged) -> Judged:
        """These pairs, then the other ones."""
        return Judged(
            (*self.pairs, *other.pairs),
            np.concatenate([self.features, other.features]),
            np.concatenate([self.grades, other.grades]),
            (*self.groups, *other.groups),
        )


@dataclass(frozen=True, slots=True)
class Calibration:
    """Settings fitted to judgements, and how good they are on pairs they were not fitted to.

    Attributes:
        settings: The fitted ones.
        chosen: What they were fitted to.
        models: What each kind of profiles alone, and both together, give.
        out_of_fold: The score of each judged pair by the model of the other folds, as a run.
        qualities: By what a model was fitted to and what it was measured on, always on problems left out of the fit.
        n_problems: Problems with a judged pair.
        n_texts: Different texts among them, the groups of the cross-validation.
        n_rounds: How often similarities were pooled and weights fitted.
        unknown: Judged ids that are no problem or institute of these files; their pairs are not in the fit.
    """

    settings: Settings
    chosen: Kind
    models: Mapping[Kind, Model]
    out_of_fold: Run
    qualities: Mapping[tuple[Kind, Kind], Quality]
    n_problems: int
    n_texts: int
    n_rounds: int
    unknown: Unknown

    @property
    def quality(self) -> Quality:
        """How good the fitted score is on the profiles as they were judged."""
        return self.qualities[self.chosen, "single"]


def calibrate(
    registry: Registry,
    problems: Sequence[Problem],
    qrels: Qrels,
    *,
    settings: Settings | None = None,
    pool_groups: int | None = None,
) -> Calibration:
    """Fit weights, intercept and the bounds of the levels to judgements.

    Which capability of an institute counts most depends on the weights, so fitting and pooling take turns, 3 rounds at
    most; institutes with one capability need only one.

    Args:
        registry: The institutes that were judged.
        problems: The problems they were judged for, and perhaps others.
        qrels: The judgements. Pairs with an unknown id are named in the result and left out.
        settings: Where to start; what is not fitted (pooling, the weight of inferred terms) stays.
        pool_groups: Fit also to pseudo-institutes of about so many judged capabilities each, as ``grouped`` makes
            them. The fit to both is taken if its loss over both is lower than that of the fit to single profiles.

    Raises:
        EvaluationError: No judged pair is known, the pairs are all of one kind, or of one problem.
        ValueError: ``pool_groups`` is below 2.
    """
    if pool_groups is not None and pool_groups < 2:
        raise ValueError(f"a group must have 2 members or more, not {pool_groups}")
    found = settings or Settings()
    known, unknown = known_pairs(registry, problems, qrels)
    sources = {"single": _Source(registry, problems, known, found)}
    if pool_groups is not None:
        pseudo, grades = grouped(registry, known, pool_groups)
        sources["groups"] = _Source(pseudo, problems, grades, found)
    n_rounds = 1 if all(source.has_single_capabilities for source in sources.values()) else _ROUNDS
    for _ in range(n_rounds):
        sets: dict[Kind, Judged] = {"single": sources["single"].judged(found)}
        if "groups" in sources:
            sets["groups"] = sources["groups"].judged(found)
            sets["both"] = sets["single"].joined(sets["groups"])
        models, probabilities = _fitted(sets)
        qualities = {key: quality(made, _labels(sets[key[1]])) for key, made in probabilities.items()}
        # groups alone never decide: what a group is worth is our own construction, and so is how many of them hold
        chosen = min((kind for kind in sets if kind != "groups"), key=lambda kind: _loss(qualities, kind))
        single = sets["single"]
        bounds = bounds_for(probabilities[chosen, "single"], single.grades, [problem for problem, _ in single.pairs])
        found = _with(found, models[chosen], bounds)
    run = _run(sets["single"], probabilities[chosen, "single"])
    n_texts = len(set(sets["single"].groups))
    return Calibration(found, chosen, models, run, qualities, len(known), n_texts, n_rounds, unknown)


def known_pairs(registry: Registry, problems: Iterable[Problem], qrels: Qrels) -> tuple[Qrels, Unknown]:
    """The judgements of pairs whose problem and institute are there, and the ids that are not.

    Raises:
        EvaluationError: There is no such pair.
    """
    ids = {institute.id for institute in registry.institutes}
    asked = {problem.id for problem in problems}
    kept = {
        problem: known
        for problem, grades in qrels.items()
        if problem in asked and (known := {one: grade for one, grade in grades.items() if one in ids})
    }
    if not kept:
        finding = "no judged pair has both its problem and its institute in the files given"
        raise EvaluationError(Fault(said("judgements"), finding, "check that all three use the same ids"))
    named = {institute for grades in qrels.values() for institute in grades}
    unknown = Unknown(
        judged_problems=tuple(sorted(set(qrels) - asked)),
        judged_institutes=tuple(sorted(named - ids)),
        n_missing_pairs=sum(map(len, qrels.values())) - sum(map(len, kept.values())),
    )
    return kept, unknown


def judged_pairs(matcher: Matcher, problems: Sequence[Problem], qrels: Qrels) -> Judged:
    """The features of all judged pairs, problems in their order, institutes in order of id."""
    place = {institute.id: at for at, institute in enumerate(matcher.registry.institutes)}
    asked = [problem for problem in problems if problem.id in qrels]
    pairs, features, grades, groups = [], [], [], []
    for chunk in (asked[start : start + _CHUNK] for start in range(0, len(asked), _CHUNK)):
        for problem, pooled in zip(chunk, matcher.pooled(chunk), strict=True):
            judged = sorted(qrels[problem.id].items())
            features.append(pooled[[place[institute] for institute, _ in judged]])
            pairs += [(problem.id, institute) for institute, _ in judged]
            grades += [grade for _, grade in judged]
            groups += [" ".join(normalise(problem.text).split())] * len(judged)
    return Judged(tuple(pairs), np.concatenate(features), np.array(grades, dtype=np.intp), tuple(groups))


def grouped(registry: Registry, qrels: Qrels, size: int) -> tuple[Registry, Qrels]:
    """Pseudo-institutes that imitate long profiles: judged institutes of one problem that are all fair, or all below.

    Each has one capability, called like the first member, with the names of the members' further capabilities and
    keywords as its keywords. Members are taken in order of the digest of their ids, in groups as even as can be;
    nobody is left out. A group counts as fair (2) or none (0).

    Args:
        registry: The institutes that were judged; each is known.
        qrels: The judgements.
        size: About how many members a group has.
    """
    by_id = {institute.id: institute for institute in registry.institutes}
    institutes: list[Institute] = []
    grades: dict[str, dict[str, int]] = {}
    for problem, judged in qrels.items():
        for grade, is_fair in ((RELEVANT, True), (0, False)):
            members = sorted((one for one in judged if (judged[one] >= RELEVANT) is is_fair), key=_digest)
            for nth, group in enumerate(_even(members, size)):
                name = f"{problem}/{grade}/{nth}"
                institutes.append(_pseudo_institute(name, [by_id[one] for one in group]))
                grades.setdefault(problem, {})[name] = grade
    in_order = tuple(sorted(institutes, key=lambda institute: institute.id))
    return Registry(institutes=in_order, fingerprint=f"{registry.fingerprint}/{size}"), grades


def bounds_for(scores: FloatArray, grades: IntArray, problems: Sequence[str]) -> Bounds:
    """The bounds of the levels, by how often the first institute of a problem is relevant.

    Strong begins at the lowest score from which on at least 0.8 of the first institutes are relevant, fair at the
    lowest from which on at least 0.6 of all are, weak at a third of fair. Rounded to 2 decimals, at least 0.01 apart;
    where no score is good enough strong begins at 0.99 and fair at half of strong.

    Args:
        scores: Shape (N,), of pairs that the model has not seen.
        grades: Shape (N,), 0 to 3.
        problems: The problem of each pair.
    """
    shown = np.round(scores, _SHOWN)
    first: dict[str, int] = {}
    for at, problem in enumerate(problems):
        best = first.setdefault(problem, at)
        if scores[at] > scores[best]:
            first[problem] = at
    places = np.array(list(first.values()), dtype=np.intp)
    tops, is_right = shown[places], grades[places] >= RELEVANT
    strong = _lowest(tops, is_right, _STRONG_PRECISION) or 0.99
    fair = _lowest(tops, is_right, _FAIR_PRECISION) or round(strong / 2, _SHOWN)
    strong, fair = max(strong, 0.03), min(max(fair, 0.02), max(strong, 0.03) - 0.01)
    return Bounds(strong=round(strong, 2), fair=round(fair, 2), weak=round(min(max(fair / 3, 0.01), fair - 0.01), 2))


def _lowest(scores: FloatArray, is_right: NDArray[np.bool_], precision: float) -> float | None:
    """The lowest score from which on so large a share is right, ``_LEAST`` at least; None where there is none."""
    for score in np.unique(scores).tolist():
        chosen = is_right[scores >= score]
        if len(chosen) >= _LEAST and chosen.mean() >= precision:
            return float(score)
    return None


class _Source:
    """Judged profiles, compiled once for all rounds."""

    def __init__(self, registry: Registry, problems: Sequence[Problem], qrels: Qrels, settings: Settings) -> None:
        self._registry = registry
        self._problems = problems
        self._qrels = qrels
        self._compiled: Arrays = compile_profiles(registry, settings)
        self.has_single_capabilities = all(len(institute.capabilities) == 1 for institute in registry.institutes)

    def judged(self, settings: Settings) -> Judged:
        """The pairs with features pooled by these settings."""
        matcher = Matcher(self._registry, settings, compiled=self._compiled)
        return judged_pairs(matcher, self._problems, self._qrels)


def _fitted(
    sets: Mapping[Kind, Judged],
) -> tuple[dict[Kind, Model], dict[tuple[Kind, Kind], FloatArray]]:
    """A model of each set, and what the models of the other folds say of the pairs of each set."""
    whole = sets.get("both", sets["single"])
    if len(set(whole.groups)) < 2:
        remedy = "a cross-validated fit needs two at least, better 50"
        raise EvaluationError(Fault(said("judgements"), "only one problem is judged", remedy))
    # one list of groups for all sets, so that a text is in the same fold in each of them
    fold_of = dict(zip(whole.groups, folds(whole.groups).tolist(), strict=True))
    placed = {kind: np.array([fold_of[group] for group in judged.groups]) for kind, judged in sets.items()}
    models = {kind: fit_model(judged.features, _labels(judged)) for kind, judged in sets.items()}
    probabilities: dict[tuple[Kind, Kind], FloatArray] = {
        (kind, on): np.empty(len(sets[on].grades)) for kind in sets for on in sets if on != "both"
    }
    for fold in sorted(set(fold_of.values())):
        for kind, judged in sets.items():
            outside = placed[kind] != fold
            model = fit_model(judged.features[outside], _labels(judged)[outside])
            for on in (on for on in sets if on != "both"):
                inside = placed[on] == fold
                probabilities[kind, on][inside] = model.probabilities(sets[on].features[inside])
    return models, probabilities


def _run(judged: Judged, scores: FloatArray) -> Run:
    run: dict[str, dict[str, float]] = {}
    for (problem, institute), score in zip(judged.pairs, np.round(scores, DIGITS).tolist(), strict=True):
        run.setdefault(problem, {})[institute] = score
    return run


def _labels(judged: Judged) -> NDArray[np.bool_]:
    return np.asarray(judged.grades >= RELEVANT)


def _loss(qualities: Mapping[tuple[Kind, Kind], Quality], kind: Kind) -> float:
    """The log loss of a model over the kinds of profiles, each counting the same."""
    return sum(quality.log_loss for (fitted_to, _), quality in qualities.items() if fitted_to == kind)


def _with(settings: Settings, model: Model, bounds: Bounds) -> Settings:
    found = dict(zip(FEATURES, (round(weight, _WEIGHT_DIGITS) for weight in model.weights), strict=True))
    update = {
        "weights": Weights(**{name: found[name] for name in SIMILARITIES}),
        "discounts": Discounts(**{name: found[name] for name in DISCOUNTS}),
        "intercept": round(model.intercept, _WEIGHT_DIGITS),
        "bounds": bounds,
        "record": None,  # it was measured with other numbers
    }
    return Settings(**{**{name: getattr(settings, name) for name in Settings.model_fields}, **update})


def _digest(name: str) -> tuple[bytes, str]:
    return blake2b(name.encode(), digest_size=16).digest(), name


def _even(members: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Groups of about ``size`` members that differ by one at most; a few members make one group."""
    n_groups = min(len(members), max(1, round(len(members) / size)))
    for nth in range(n_groups):
        yield members[nth * len(members) // n_groups : (nth + 1) * len(members) // n_groups]


def _pseudo_institute(name: str, members: Sequence[Institute]) -> Institute:
    held = [capability for member in members for capability in member.capabilities]
    further = [Term(zh=capability.name.zh, en=capability.name.en) for capability in held[1:]]
    keywords = (*further, *(term for capability in held for term in capability.keywords))
    capability = Capability(id=f"{name}/all", name=held[0].name, keywords=keywords)
    return Institute(id=name, name=held[0].name, capabilities=(capability,))
