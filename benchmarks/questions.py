"""Whether `lint` asks for what is missing, and what the answer is worth, against questions at random.

    python benchmarks/questions.py

Needs: the invented problems of data/problems that an institute can solve, and sample needs of the five shipped
institutes (of at least 30 Chinese characters or 12 English words; 300 drawn with seed 0), the institute that they were
written for being the right answer. From each need, all words are deleted in which keywords of one facet (object,
method, effect; drawn with seed 0 among those that are found) of the right institute stand. Then the first question is
asked, or up to three are, and the words are put back where one is about them. Random: as many different ones of the
three facets, seed 1. Intervals are 95 % bootstrap intervals over needs (2,000 samples, seed 0). About a minute.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from matchmaker import Matcher, Problem, Registry, Settings, load_institutes, load_problem
from matchmaker.domain import Institute, QuestionTopic
from matchmaker.matching.counting import count_terms
from matchmaker.matching.keywords import KeywordSimilarity, compile_keywords, place
from matchmaker.matching.profiles import statements
from matchmaker.matching.rarity import background
from matchmaker.text import prepare

DATA: Final = Path(__file__).parents[1] / "data"
SOLVED_BY: Final = {
    **dict.fromkeys(("01", "02", "03", "04"), "fytri"),
    **dict.fromkeys(("05", "06", "07", "08"), "giii"),
    **dict.fromkeys(("09", "10", "11", "12"), "gzis"),
    **dict.fromkeys(("13", "14", "15", "16"), "giius"),
    **dict.fromkeys(("17", "18"), "scttc"),
}
ABOUT: Final[tuple[QuestionTopic, ...]] = ("object", "effect", "method")
N_SAMPLES: Final = 300
LEAST_FOUND: Final = 0.5  # to this degree a keyword must stand in a need to be deleted
LEAST_LEFT: Final = 4  # characters, else nothing is left to ask about
NOTE: Final = """\
The sample needs are also what the similarity `samples` compares with: with the shipped weights the answer is known
to it, and without that weight it is not. The profile whose keywords are deleted is the right institute's own, and the
same profile gives the question its choices. Needs, profiles and samples were written by language models.
"""


@dataclass(frozen=True)
class Gap:
    """A need, its right institute, and the need without the words of one facet."""

    whole: Problem
    institute: str
    about: QuestionTopic
    lacking: Problem
    deleted: str

    @property
    def answered(self) -> Problem:
        """The need with the deleted words put to its end."""
        return self.lacking.model_copy(update={"description": f"{self.lacking.description}\n{self.deleted}"})


def invented() -> Iterator[tuple[Problem, str]]:
    """The invented problems that an institute can solve, as one text each."""
    for path in sorted((DATA / "problems").iterdir()):
        if path.name[:2] in SOLVED_BY:
            yield Problem(id=path.stem, title="", description=load_problem(path).text), SOLVED_BY[path.name[:2]]


def samples(registry: Registry) -> Iterator[tuple[Problem, str]]:
    """Sample needs of one or two sentences, drawn at random."""
    found: list[tuple[Problem, str]] = []
    for institute in registry.institutes:
        for capability in institute.capabilities:
            for number, need in enumerate(capability.sample_needs):
                is_long = len(need) >= 30 if Problem(title=need).language == "zh" else len(need.split()) >= 12
                if is_long:
                    found.append((Problem(id=f"{capability.id}-{number}", description=need), institute.id))
    drawn = np.random.default_rng(0).choice(len(found), size=min(N_SAMPLES, len(found)), replace=False)
    return (found[at] for at in sorted(drawn.tolist()))


class Eraser:
    """Deletes the words in which keywords of an institute stand."""

    def __init__(self, institute: Institute) -> None:
        said = [statements(capability) for capability in institute.capabilities]
        arrays = compile_keywords(said, background())
        self._keywords = KeywordSimilarity(arrays)
        self._facets: Mapping[str, str] = {
            word: keyword.facet or ""
            for capability in institute.capabilities
            for keyword in capability.keywords
            for word in keyword.both()
        }

    def spans(self, problem: Problem) -> dict[str, list[tuple[int, int]]]:
        """Where keywords of each facet stand in the text of a problem."""
        text, found = prepare(problem.text), dict[str, list[tuple[int, int]]]()
        every = np.arange(self._keywords.n_capabilities)
        for hits in self._keywords.hits(count_terms([text]), [text]).found(np.zeros_like(every), every):
            for hit in hits:
                facet = self._facets.get(hit.keyword.shown, "")
                if hit.degree >= LEAST_FOUND and facet in ABOUT:
                    span = text.normalised.span(*place(hit.keyword.text, text.normalised.text))
                    found.setdefault(facet, []).append(span)
        return found

    def gap(self, problem: Problem, institute: str, drawn: np.random.Generator) -> Gap | None:
        """The need without the words of one of its facets; None where nothing is found or next to nothing is left."""
        spans = self.spans(problem)
        if not spans:
            return None
        about = ABOUT[int(drawn.choice([at for at, one in enumerate(ABOUT) if one in spans]))]
        is_deleted = np.zeros(len(problem.text), np.bool_)
        for start, end in spans[about]:
            is_deleted[start:end] = True
        left = "".join(char for char, gone in zip(problem.text, is_deleted.tolist(), strict=True) if not gone)
        if sum(map(str.isalnum, left)) < LEAST_LEFT:
            return None
        words = "".join(char if gone else " " for char, gone in zip(problem.text, is_deleted.tolist(), strict=True))
        lacking = problem.model_copy(update={"description": left})
        return Gap(problem, institute, about, lacking, " ".join(words.split()))


@dataclass(frozen=True)
class Result:
    """Of each need: whether it was asked for, and the rank of the right institute, asked and not."""

    first: np.ndarray
    among: np.ndarray
    at_random: np.ndarray
    many_at_random: np.ndarray
    ranks: Mapping[str, np.ndarray]
    n_asked: np.ndarray


def measured(gaps: Sequence[Gap], matcher: Matcher) -> Result:
    """Ask about every need."""
    drawn = np.random.default_rng(1)
    asked = [[question.about for question in matcher.ask(gap.lacking)] for gap in gaps]
    first = np.array([bool(one) and one[0] == gap.about for one, gap in zip(asked, gaps, strict=True)])
    among = np.array([gap.about in one for one, gap in zip(asked, gaps, strict=True)])
    at_random = np.array([ABOUT[int(drawn.integers(3))] == gap.about for gap in gaps])
    orders = [drawn.permutation(3).tolist() for _ in gaps]
    many_at_random = np.array(
        [
            gap.about in [ABOUT[at] for at in order[: len(one)]]
            for one, order, gap in zip(asked, orders, gaps, strict=True)
        ]
    )
    ids = [institute.id for institute in matcher.registry.institutes]
    right = np.array([ids.index(gap.institute) for gap in gaps])
    lacking, answered, whole = (
        ranks(matcher, [getattr(gap, name) for gap in gaps], right) for name in ("lacking", "answered", "whole")
    )
    return Result(
        first,
        among,
        at_random,
        many_at_random,
        {
            "whole need": whole,
            "words deleted": lacking,
            "first question answered": np.where(first, answered, lacking),
            "up to three answered": np.where(among, answered, lacking),
            "random question answered": np.where(at_random, answered, lacking),
            "as many at random answered": np.where(many_at_random, answered, lacking),
            "always put back": answered,
        },
        np.array([len(one) for one in asked]),
    )


def ranks(matcher: Matcher, problems: Sequence[Problem], right: np.ndarray) -> np.ndarray:
    """The rank of the right institute, ties in order of id."""
    scores = matcher.scores(problems)
    own = scores[np.arange(len(problems)), right][:, None]
    before = np.arange(scores.shape[1])[None] < right[:, None]
    result: np.ndarray = 1 + (scores > own).sum(axis=1) + ((scores == own) & before).sum(axis=1)
    return result


def interval(values: np.ndarray) -> str:
    """The mean with its bootstrap interval."""
    drawn = np.random.default_rng(0).integers(len(values), size=(2000, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return f"{values.mean():6.3f} [{low:6.3f}, {high:6.3f}]"


def report(name: str, gaps: Sequence[Gap], matcher: Matcher) -> None:
    """Print what is measured of some needs."""
    result = measured(gaps, matcher)
    counts = ", ".join(f"{about} {sum(gap.about == about for gap in gaps)}" for about in ABOUT)
    print(f"{name}: {len(gaps)} needs; deleted: {counts}; questions a need: {result.n_asked.mean():.2f}")
    print(f"  {'asks for what was deleted, first':<34}{interval(result.first)}")
    print(f"  {'... among up to three':<34}{interval(result.among)}")
    print(f"  {'... a random question':<34}{interval(result.at_random)}")
    print(f"  {'... as many random questions':<34}{interval(result.many_at_random)}")
    print(f"  {'... first less random':<34}{interval(result.first.astype(float) - result.at_random)}")
    print(f"  {'':<34}{'reciprocal rank':<24} P@1")
    for label, one in result.ranks.items():
        print(f"  {label:<34}{interval(1 / one)}  {interval((one == 1).astype(float))}")
    for label, one_name, other_name in (
        ("first less random", "first question answered", "random question answered"),
        ("up to three less as many random", "up to three answered", "as many at random answered"),
    ):
        asked, at_random = result.ranks[one_name], result.ranks[other_name]
        reciprocal, is_first = 1 / asked - 1 / at_random, (asked == 1).astype(float) - (at_random == 1)
        print(f"  {label:<34}{interval(reciprocal)}  {interval(is_first)}")
    print()
    sys.stdout.flush()


def main() -> None:
    """Print all tables."""
    registry = load_institutes()
    erasers = {institute.id: Eraser(institute) for institute in registry.institutes}
    print(NOTE)
    made: dict[str, list[Gap]] = {}
    for name, needs in (("invented problems", invented()), ("sample needs", samples(registry))):
        drawn = np.random.default_rng(0)
        found = [erasers[institute].gap(problem, institute, drawn) for problem, institute in needs]
        made[name] = [gap for gap in found if gap is not None]
        print(f"{name}: {len(found)}, with something to delete {len(made[name])}")
    print()
    shipped = Settings()
    without = shipped.model_copy(update={"weights": shipped.weights.model_copy(update={"samples": 0.0})})
    for title, settings in (("shipped weights", shipped), ("without samples", without)):
        matcher = Matcher(registry, settings)
        for name, gaps in made.items():
            report(f"{title}, {name}", gaps, matcher)


if __name__ == "__main__":
    main()
