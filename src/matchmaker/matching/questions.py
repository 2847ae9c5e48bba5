"""What to ask back: the questions whose answers would change a shortlist most."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np

from matchmaker.domain import Capability, Facet, Language, Problem, Question, QuestionTopic
from matchmaker.matching.encoder import encoder
from matchmaker.messages import Translatable, in_context, translate
from matchmaker.text import normalise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray: TypeAlias = NDArray[np.float64]

N_LEADING: Final = 5
"""So many institutes of a shortlist are looked at."""
_MOST_CHOICES: Final = 4
LEAST_GAIN: Final = 0.001
"""What is expected to change a shortlist less is not asked, where the need is clear."""
_LEAST_SHARE: Final = 0.1
"""An institute whose score is a smaller share of the best one is not supposed to be the answer."""
_LEAST_CLOSE: Final = 0.15
"""A keyword that is less close to the need in meaning is supposed, but not offered as a choice."""
_DIGITS: Final = 6
_DISCOUNTS: Final = 1 / np.log2(np.arange(2, 2 + N_LEADING))

_TEXTS: Final[dict[QuestionTopic, tuple[Translatable, Translatable]]] = {
    "object": (
        "Which product, equipment or material is it about? For example {choices}, or something else?",
        "Which product, equipment or material is it about?",
    ),
    "effect": (
        "What goes wrong now, or what should be reached? For example {choices}, or something else?",
        "What goes wrong now, or what should be reached?",
    ),
    "method": (
        "What kind of work is wanted, is there a method in mind? For example {choices}, or something else?",
        "What kind of work is wanted, is there a method in mind?",
    ),
}
"""With words to choose from, and without."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An institute that leads a shortlist.

    ``capability`` is the one that counts most, ``said`` the facets of its keywords that the need already holds.
    """

    score: float
    capability: Capability
    said: frozenset[Facet]


class _Answer(NamedTuple):
    """A word that may be the answer, how close it is to the need in meaning, and what it weighs."""

    about: QuestionTopic
    word: str
    closeness: float
    weight: float


def ask(
    problem: Problem,
    candidates: Sequence[Candidate],
    score: Callable[[Sequence[Problem]], FloatArray],
    *,
    least_gain: float = LEAST_GAIN,
) -> tuple[Question, ...]:
    """The questions whose answers would change a shortlist most, at most one for each facet.

    For each facet that the need lacks, the answer is supposed to be the keyword of each candidate in turn that is
    closest to the need. The gain of a question is the mean, weighted by the candidates' scores, of what the first five
    places would lose if their order stayed as it is: 1 less the normalised discounted cumulative gain (Järvelin and
    Kekäläinen 2002) of the old order under the new scores.

    Args:
        problem: The need.
        candidates: Those that lead its shortlist, best first.
        score: Gives the score of every institute for each of some problems: shape (P, I), in [0, 1].
        least_gain: What gains less is not asked; with 0, every facet that the need lacks is.

    Returns:
        The one with the largest gain first, ties in the order object, effect, method; none without candidates.
    """
    least = _LEAST_SHARE * max((candidate.score for candidate in candidates), default=0.0)
    leading = [candidate for candidate in candidates if candidate.score >= least]
    said = frozenset[Facet]().union(*(candidate.said for candidate in leading))
    lacking: list[QuestionTopic] = [about for about in _TEXTS if about not in said]
    answers = [answer for about in lacking for answer in _answers(problem, leading, about)]
    scores = score([problem, *(_answered(problem, answer.word) for answer in answers)]) if answers else np.zeros((1, 0))
    losses = [_loss(scores[0], after) for after in scores[1:]]
    asked = []
    for about in lacking:
        supposed = [(one, loss) for one, loss in zip(answers, losses, strict=True) if one.about == about]
        total = sum(one.weight for one, _ in supposed)
        gain = sum(one.weight * loss for one, loss in supposed) / total if total else 0.0
        if candidates and gain >= least_gain:
            close = dict.fromkeys(one.word for one, _ in supposed if one.closeness >= _LEAST_CLOSE)
            asked.append(_question(about, tuple(close)[:_MOST_CHOICES], gain, problem.language))
    return tuple(sorted(asked, key=lambda question: -question.gain))


def _answers(problem: Problem, candidates: Sequence[Candidate], about: QuestionTopic) -> Iterator[_Answer]:
    """For each candidate the keyword of a facet that is closest to the need in meaning, in the need's language."""
    text = normalise(problem.text)
    direction = _direction(text)
    for candidate in candidates:
        words = [
            word
            for keyword in candidate.capability.keywords
            if keyword.facet == about and (word := getattr(keyword, problem.language)) and normalise(word) not in text
        ]
        closeness = [round(float(direction @ _direction(normalise(word))), _DIGITS) for word in words]
        if words:
            best = int(np.argmax(closeness))
            yield _Answer(about, words[best], closeness[best], candidate.score)


def _direction(text: str) -> FloatArray:
    table = encoder()
    return table.encode(table.bag(text))


def _answered(problem: Problem, word: str) -> Problem:
    """The problem as it would read with the answer put to it."""
    return problem.model_copy(update={"description": "\n".join(filter(None, (problem.description, word)))})


def _loss(before: FloatArray, after: FloatArray) -> float:
    """What share of their new scores the first places would lose if the old order stayed; 0 where nobody scores."""
    old, new = (np.lexsort((np.arange(len(one)), -one))[:N_LEADING] for one in (before, after))
    discounts = _DISCOUNTS[: len(old)]
    best = float((after[new] * discounts).sum())
    return 1 - float((after[old] * discounts).sum()) / best if best else 0.0


def _question(about: QuestionTopic, choices: tuple[str, ...], gain: float, language: Language) -> Question:
    joined = translate(in_context("names", ", "), language).join(choices)
    text = translate(_TEXTS[about][not choices], language, choices=joined)
    return Question(about=about, text=text, choices=choices, gain=round(gain, _DIGITS))
