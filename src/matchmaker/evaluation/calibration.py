"""Settings fitted to judgements: weights and intercept by cross-validated fits, and the bounds of the levels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from matchmaker.domain import Capability, Institute, Problem, Registry, Term
from matchmaker.errors import EvaluationError, Fault
from matchmaker.evaluation.fitting import LogisticModel, Quality, fit_model, folds, quality
from matchmaker.evaluation.measures import UnknownIds
from matchmaker.evaluation.trec import DIGITS, RELEVANT, Qrels, Run
from matchmaker.matching.matcher import FEATURES, Matcher, compile_profiles
from matchmaker.matching.score import DISCOUNTS
from matchmaker.matching.settings import Bounds, Discounts, Settings, Weights
from matchmaker.matching.similarities import NAMES
from matchmaker.messages import make_message
from matchmaker.text import normalise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.matching.postings import Arrays

    FloatArray: TypeAlias = NDArray[np.float64]
    IntArray: TypeAlias = NDArray[np.intp]

ProfileKind: TypeAlias = Literal["single", "groups", "both"]
"""Profiles as they were judged, pseudo-profiles pooled from several of them, or both together."""

_MAX_ROUNDS = 3
_WEIGHT_DIGITS = 3
"""Decimals of weights and intercept: readable, and far finer than any interval."""
_CHUNK = 64
_SCORE_DIGITS = 2
"""Decimals of a score that decide its level."""
_STRONG_PRECISION, _FAIR_PRECISION = 0.8, 0.6
"""The share of first institutes at these levels or above that must be relevant, in cross-validation."""
_MIN_FIRST = 5
"""The least number of first institutes from which a share is taken."""


@dataclass(frozen=True, slots=True)
class JudgedPairs:
    """Judged pairs.

    Attributes:
        pairs: The problem and the institute of each of N pairs.
        features: Shape (N, K).
        grades: Shape (N,), from 0 to 3.
        groups: The text of the problem of each pair, so that equal texts are in one group.
    """

    pairs: tuple[tuple[str, str], ...]
    features: FloatArray
    grades: IntArray
    groups: tuple[str, ...]

    def joined(self, other: JudgedPairs) -> JudgedPairs:
        """These pairs, followed by the others."""
        return JudgedPairs(
            (*self.pairs, *other.pairs),
            np.concatenate([self.features, other.features]),
            np.concatenate([self.grades, other.grades]),
            (*self.groups, *other.groups),
        )


@dataclass(frozen=True, slots=True)
class Calibration:
    """Settings fitted to judgements, and their quality on pairs they were not fitted to.

    Attributes:
        settings: The fitted settings.
        chosen: The kind of profiles they were fitted to.
        models: The model fitted to each kind of profiles.
        out_of_fold: The score of each judged pair by the model of the other folds, as a run.
        qualities: The quality by the kind fitted to and the kind measured on, always on problems left out of the fit.
        n_problems: Problems with a judged pair.
        n_texts: Different texts among them, which are the groups of the cross-validation.
        n_rounds: How often similarities were pooled and weights fitted.
        unknown: Judged ids without a problem or an institute in these files; their pairs are not in the fit.
    """

    settings: Settings
    chosen: ProfileKind
    models: Mapping[ProfileKind, LogisticModel]
    out_of_fold: Run
    qualities: Mapping[tuple[ProfileKind, ProfileKind], Quality]
    n_problems: int
    n_texts: int
    n_rounds: int
    unknown: UnknownIds

    @property
    def quality(self) -> Quality:
        """The quality of the fitted scores on the profiles as they were judged."""
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

    Which capability of an institute counts most depends on the weights, so fitting and pooling alternate, for 3 rounds
    at most; institutes with one capability need only one round.

    Args:
        registry: The institutes that were judged.
        problems: The problems they were judged for, and perhaps others.
        qrels: The judgements. Pairs with an unknown id are named in the result and left out.
        settings: The initial settings; values that are not fitted (pooling, the weight of inferred terms) are kept.
        pool_groups: Fit also to pseudo-institutes of about this many judged capabilities each, made by
            ``group_institutes``. The fit to both is chosen if its loss over both is lower than that of the fit to
            single profiles.

    Raises:
        EvaluationError: No judged pair is known, or all pairs are relevant, irrelevant or of one problem.
        ValueError: ``pool_groups`` is below 2.
    """
    if pool_groups is not None and pool_groups < 2:
        raise ValueError(f"a group must have 2 members or more, not {pool_groups}")
    fitted = settings or Settings()
    known_qrels, unknown = known_pairs(registry, problems, qrels)
    sources = {"single": _ProfileSet(registry, problems, known_qrels, fitted)}
    if pool_groups is not None:
        pseudo, grades = group_institutes(registry, known_qrels, pool_groups)
        sources["groups"] = _ProfileSet(pseudo, problems, grades, fitted)
    n_rounds = 1 if all(source.has_single_capabilities for source in sources.values()) else _MAX_ROUNDS
    for _ in range(n_rounds):
        sets: dict[ProfileKind, JudgedPairs] = {"single": sources["single"].judged(fitted)}
        if "groups" in sources:
            sets["groups"] = sources["groups"].judged(fitted)
            sets["both"] = sets["single"].joined(sets["groups"])
        models, probabilities = _fit_all(sets)
        qualities = {key: quality(out_of_fold, _labels(sets[key[1]])) for key, out_of_fold in probabilities.items()}
        # Groups alone are never chosen: they are our own construction, and so is the share of relevant ones.
        chosen = min((kind for kind in sets if kind != "groups"), key=lambda kind: _loss(qualities, kind))
        single = sets["single"]
        bounds = bounds_for(probabilities[chosen, "single"], single.grades, [problem for problem, _ in single.pairs])
        fitted = _updated_settings(fitted, models[chosen], bounds)
    run = _run(sets["single"], probabilities[chosen, "single"])
    n_texts = len(set(sets["single"].groups))
    return Calibration(fitted, chosen, models, run, qualities, len(known_qrels), n_texts, n_rounds, unknown)


def known_pairs(registry: Registry, problems: Iterable[Problem], qrels: Qrels) -> tuple[Qrels, UnknownIds]:
    """The judgements of pairs whose problem and institute are known, and the ids that are not.

    Raises:
        EvaluationError: There is no such pair.
    """
    ids = {institute.id for institute in registry.institutes}
    problem_ids = {problem.id for problem in problems}
    known_qrels = {
        problem: known
        for problem, grades in qrels.items()
        if problem in problem_ids and (known := {id_: grade for id_, grade in grades.items() if id_ in ids})
    }
    if not known_qrels:
        finding = "no judged pair has both its problem and its institute in the files given"
        raise EvaluationError(Fault(make_message("judgements"), finding, "check that all three use the same ids"))
    judged_ids = {institute for grades in qrels.values() for institute in grades}
    unknown = UnknownIds(
        judged_problems=tuple(sorted(set(qrels) - problem_ids)),
        judged_institutes=tuple(sorted(judged_ids - ids)),
        n_missing_pairs=sum(map(len, qrels.values())) - sum(map(len, known_qrels.values())),
    )
    return known_qrels, unknown


def judged_pairs(matcher: Matcher, problems: Sequence[Problem], qrels: Qrels) -> JudgedPairs:
    """The features of all judged pairs, problems in the order given, institutes in order of id."""
    position_of = {institute.id: index for index, institute in enumerate(matcher.registry.institutes)}
    judged_problems = [problem for problem in problems if problem.id in qrels]
    pairs, features, grades, groups = [], [], [], []
    for chunk in (judged_problems[start : start + _CHUNK] for start in range(0, len(judged_problems), _CHUNK)):
        for problem, pooled in zip(chunk, matcher.pooled(chunk), strict=True):
            judged = sorted(qrels[problem.id].items())
            features.append(pooled[[position_of[institute] for institute, _ in judged]])
            pairs += [(problem.id, institute) for institute, _ in judged]
            grades += [grade for _, grade in judged]
            groups += [" ".join(normalise(problem.text).split())] * len(judged)
    return JudgedPairs(tuple(pairs), np.concatenate(features), np.array(grades, dtype=np.intp), tuple(groups))


def group_institutes(registry: Registry, qrels: Qrels, size: int) -> tuple[Registry, Qrels]:
    """Pseudo-institutes that imitate long profiles, and their grades.

    Each is a group of institutes judged for one problem, either all fair or better, or all below. It has one
    capability, named like that of the first member; the names of the other members' capabilities, and all keywords, are
    its keywords. Members are grouped in order of the digest of their ids, as evenly as possible, and none is left out.
    A group has grade 2 (fair) or 0 (none).

    Args:
        registry: The institutes that were judged, all of them.
        qrels: The judgements.
        size: The approximate number of members of a group, 2 or more.
    """
    by_id = {institute.id: institute for institute in registry.institutes}
    institutes: list[Institute] = []
    grades: dict[str, dict[str, int]] = {}
    for problem, judged in qrels.items():
        for grade, is_fair in ((RELEVANT, True), (0, False)):
            members = sorted((id_ for id_ in judged if (judged[id_] >= RELEVANT) is is_fair), key=_digest)
            for number, group in enumerate(_even_groups(members, size)):
                name = f"{problem}/{grade}/{number}"
                institutes.append(_pseudo_institute(name, [by_id[id_] for id_ in group]))
                grades.setdefault(problem, {})[name] = grade
    sorted_institutes = tuple(sorted(institutes, key=lambda institute: institute.id))
    return Registry(institutes=sorted_institutes, fingerprint=f"{registry.fingerprint}/{size}"), grades


def bounds_for(scores: FloatArray, grades: IntArray, problems: Sequence[str]) -> Bounds:
    """The bounds of the levels, by how often the first institute of a problem is relevant.

    Strong begins at the lowest score from which at least 0.8 of the first institutes are relevant, fair at the lowest
    from which at least 0.6 are, and weak at a third of fair. Bounds are rounded to 2 decimals and at least 0.01 apart.
    If no score qualifies, strong begins at 0.99 and fair at half of strong.

    Args:
        scores: Shape (N,), of pairs that the model has not seen.
        grades: Shape (N,), 0 to 3.
        problems: The problem of each pair.
    """
    rounded = np.round(scores, _SCORE_DIGITS)
    first: dict[str, int] = {}
    for index, problem in enumerate(problems):
        best = first.setdefault(problem, index)
        if scores[index] > scores[best]:
            first[problem] = index
    first_indices = np.array(list(first.values()), dtype=np.intp)
    tops, is_right = rounded[first_indices], grades[first_indices] >= RELEVANT
    strong = _lowest(tops, is_right, _STRONG_PRECISION) or 0.99
    fair = _lowest(tops, is_right, _FAIR_PRECISION) or round(strong / 2, _SCORE_DIGITS)
    strong, fair = max(strong, 0.03), min(max(fair, 0.02), max(strong, 0.03) - 0.01)
    return Bounds(strong=round(strong, 2), fair=round(fair, 2), weak=round(min(max(fair / 3, 0.01), fair - 0.01), 2))


def _lowest(scores: FloatArray, is_right: NDArray[np.bool_], precision: float) -> float | None:
    """The lowest score from which this share of at least ``_MIN_FIRST`` is right; ``None`` if there is none."""
    for score in np.unique(scores).tolist():
        chosen = is_right[scores >= score]
        if len(chosen) >= _MIN_FIRST and chosen.mean() >= precision:
            return float(score)
    return None


class _ProfileSet:
    """A set of judged profiles, compiled once for all rounds."""

    def __init__(self, registry: Registry, problems: Sequence[Problem], qrels: Qrels, settings: Settings) -> None:
        self._registry = registry
        self._problems = problems
        self._qrels = qrels
        self._compiled: Arrays = compile_profiles(registry, settings)
        self.has_single_capabilities = all(len(institute.capabilities) == 1 for institute in registry.institutes)

    def judged(self, settings: Settings) -> JudgedPairs:
        """The judged pairs, with features pooled by these settings."""
        matcher = Matcher(self._registry, settings, compiled=self._compiled)
        return judged_pairs(matcher, self._problems, self._qrels)


def _fit_all(
    sets: Mapping[ProfileKind, JudgedPairs],
) -> tuple[dict[ProfileKind, LogisticModel], dict[tuple[ProfileKind, ProfileKind], FloatArray]]:
    """A model for each set, and the probabilities of the pairs of each set by the models of the other folds."""
    whole = sets.get("both", sets["single"])
    if len(set(whole.groups)) < 2:
        remedy = "cross-validation needs at least two, preferably 50"
        raise EvaluationError(Fault(make_message("judgements"), "only one problem has judgements", remedy))
    # All sets share one list of groups, so that a text is in the same fold in each of them.
    fold_of = dict(zip(whole.groups, folds(whole.groups).tolist(), strict=True))
    folds_of = {kind: np.array([fold_of[group] for group in judged.groups]) for kind, judged in sets.items()}
    models = {kind: fit_model(judged.features, _labels(judged)) for kind, judged in sets.items()}
    probabilities: dict[tuple[ProfileKind, ProfileKind], FloatArray] = {
        (kind, on): np.empty(len(sets[on].grades)) for kind in sets for on in sets if on != "both"
    }
    for fold in sorted(set(fold_of.values())):
        for kind, judged in sets.items():
            outside = folds_of[kind] != fold
            model = fit_model(judged.features[outside], _labels(judged)[outside])
            for on in (on for on in sets if on != "both"):
                inside = folds_of[on] == fold
                probabilities[kind, on][inside] = model.probabilities(sets[on].features[inside])
    return models, probabilities


def _run(judged: JudgedPairs, scores: FloatArray) -> Run:
    run: dict[str, dict[str, float]] = {}
    for (problem, institute), score in zip(judged.pairs, np.round(scores, DIGITS).tolist(), strict=True):
        run.setdefault(problem, {})[institute] = score
    return run


def _labels(judged: JudgedPairs) -> NDArray[np.bool_]:
    return np.asarray(judged.grades >= RELEVANT)


def _loss(qualities: Mapping[tuple[ProfileKind, ProfileKind], Quality], kind: ProfileKind) -> float:
    """The log loss of a model over the kinds of profiles, which have equal weight."""
    return sum(quality.log_loss for (fitted_to, _), quality in qualities.items() if fitted_to == kind)


def _updated_settings(settings: Settings, model: LogisticModel, bounds: Bounds) -> Settings:
    weight_of = dict(zip(FEATURES, (round(weight, _WEIGHT_DIGITS) for weight in model.weights), strict=True))
    update = {
        "weights": Weights(**{name: weight_of[name] for name in NAMES}),
        "discounts": Discounts(**{name: weight_of[name] for name in DISCOUNTS}),
        "intercept": round(model.intercept, _WEIGHT_DIGITS),
        "bounds": bounds,
        "record": None,  # the old one was measured with other numbers
    }
    return Settings(**{**{name: getattr(settings, name) for name in Settings.model_fields}, **update})


def _digest(name: str) -> tuple[bytes, str]:
    return blake2b(name.encode(), digest_size=16).digest(), name


def _even_groups(members: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Groups of about ``size`` members whose sizes differ by at most one; a few members make one group."""
    n_groups = min(len(members), max(1, round(len(members) / size)))
    for number in range(n_groups):
        yield members[number * len(members) // n_groups : (number + 1) * len(members) // n_groups]


def _pseudo_institute(name: str, members: Sequence[Institute]) -> Institute:
    capabilities = [capability for member in members for capability in member.capabilities]
    names = [Term(zh=capability.name.zh, en=capability.name.en) for capability in capabilities[1:]]
    keywords = (*names, *(term for capability in capabilities for term in capability.keywords))
    capability = Capability(id=f"{name}/all", name=capabilities[0].name, keywords=keywords)
    return Institute(id=name, name=capabilities[0].name, capabilities=(capability,))
