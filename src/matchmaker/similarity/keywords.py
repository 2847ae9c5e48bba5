"""Keyword similarity: a profile's keywords found in the problem, fuzzily, weighted by how rare they are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz import fuzz

from matchmaker.similarity.postings import Postings, compile_postings, prefixed, strings_from, strings_to_array, under
from matchmaker.similarity.profiles import Statement
from matchmaker.similarity.rarity import UNSEEN, Rarity, is_chinese
from matchmaker.text import Request

if TYPE_CHECKING:
    from matchmaker.similarity.postings import Arrays, FloatArray


_SHORT = 4  # a keyword of three characters must be found to this share,
_SHORT_SHARE = 0.5
_WHOLE = 0.999  # a shorter one whole
_LEAST_SHARE = 0.25  # below this share of a keyword's weight it does not count as found
_FUZZY_FROM = 0.3  # RapidFuzz looks only at keywords of which this share is found,
_FUZZY_LENGTH = 5  # that are this long,
_FUZZY_RATIO = 0.8  # and believes what is at least so alike
_FUZZY_TRUST = 0.95  # an alike keyword never counts as much as the keyword itself
_STEP = 0.4  # what the best keyword contributes at most,
_DECAY = 0.85  # each further one this part of the one before
_MOST_KEYWORDS = 8


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword of a profile as written, normalised, and how telling it is, in [0, 1]."""

    shown: str
    text: str
    importance: float
    inferred: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A keyword found in a problem, the degree to which it is, and what it contributes, both in (0, 1]."""

    keyword: Keyword
    degree: float
    weight: float


def compile_keywords(capabilities: Sequence[Sequence[Statement]], rarity: Rarity) -> Arrays:
    """The arrays of a keyword similarity over what is said of each of C capabilities."""
    owners: list[int] = []
    keywords: list[Keyword] = []
    shares: list[dict[str, float]] = []
    for at, said in enumerate(capabilities):
        for statement in said:
            weights = {term: rarity.of(term) for term in statement.terms} if statement.is_keyword else {}
            total = sum(weights.values())
            if total:
                owners.append(at)
                keywords.append(Keyword(statement.shown, statement.text, _importance(weights), statement.inferred))
                shares.append({term: weight / total for term, weight in weights.items()})
    return {
        "owners": np.array(owners, dtype=np.intp),
        "shown": strings_to_array(keyword.shown.replace("\0", " ") for keyword in keywords),
        "texts": strings_to_array(keyword.text for keyword in keywords),
        "importance": np.array([keyword.importance for keyword in keywords], dtype=np.float64),
        "inferred": np.array([keyword.inferred for keyword in keywords], dtype=np.bool_),
        "n_capabilities": np.array(len(capabilities)),
        **prefixed("postings", compile_postings(shares)),
    }


class KeywordSimilarity:
    """How much of a capability's keywords a problem holds.

    A keyword is found to the degree that its rarity-weighted terms stand in the problem, or, where that leaves it
    open, to which RapidFuzz's partial ratio finds it. Its weight is degree squared times importance cubed, importance
    being the mean surprise of its terms.
    Keywords of a capability are joined by a noisy or with falling steps, so that more keywords can only help, and
    many faint ones cannot outweigh a clear one. The capability's name counts as a keyword.

    Args:
        arrays: What ``compile_keywords`` gives.
        inferred_weight: What a keyword that no source states counts, in [0, 1].
    """

    def __init__(self, arrays: Arrays, *, inferred_weight: float) -> None:
        self._inferred_weight = inferred_weight
        shown, texts = strings_from(arrays["shown"]), strings_from(arrays["texts"])
        importance, inferred = arrays["importance"].tolist(), arrays["inferred"].tolist()
        self._keywords = list(map(Keyword, shown, texts, importance, inferred))
        self._owners = arrays["owners"].astype(np.intp, copy=False)
        self._postings = Postings(under("postings", arrays))
        self._n_capabilities = int(arrays["n_capabilities"])

    def similarities(self, problems: Sequence[Request]) -> FloatArray:
        """The similarity of each problem to each capability.

        Returns:
            Shape (P, C), float64, in [0, 1). A capability none of whose keywords is found gets 0.
        """
        found = np.zeros((len(problems), self._n_capabilities))
        for row, problem in zip(found, problems, strict=True):
            for capability, keywords in self.find(problem).items():
                row[capability] = _joined([keyword.weight for keyword in keywords])
        return found

    def find(self, problem: Request) -> dict[int, list[Found]]:
        """The keywords found in a problem, by capability; a capability without any is left out."""
        shares = self._postings.products(dict.fromkeys(problem.terms, 1.0))
        found: dict[int, list[Found]] = {}
        for number in np.flatnonzero(shares >= _LEAST_SHARE).tolist():
            keyword = self._keywords[number]
            degree = self._degree(keyword.text, min(1.0, float(shares[number])), problem)
            if not degree:
                continue
            weight = degree**2 * keyword.importance**3 * (self._inferred_weight if keyword.inferred else 1.0)
            found.setdefault(int(self._owners[number]), []).append(Found(keyword, degree, weight))
        return found

    @staticmethod
    def _degree(keyword: str, share: float, problem: Request) -> float:
        if len(keyword) < _SHORT and share < _WHOLE:  # of a short word every character counts
            return share if len(keyword) == _SHORT - 1 and share >= _SHORT_SHARE else 0.0
        if share < _FUZZY_FROM or share >= _FUZZY_TRUST or len(keyword) < _FUZZY_LENGTH:
            return share
        if len(problem.said) < len(keyword):  # RapidFuzz would look for the problem in the keyword instead
            return share
        ratio = fuzz.partial_ratio(keyword, problem.said, score_cutoff=100 * _FUZZY_RATIO) / 100
        return max(share, _FUZZY_TRUST * ratio)


def place(keyword: str, text: str) -> tuple[int, int]:
    """Where a keyword stands in a text: first as a word of its own, else in a word, else the stretch most like it."""
    word = re.search(rf"(?<![a-z0-9]){re.escape(keyword)}(?![a-z0-9])", text)
    start = word.start() if word else text.find(keyword)
    if start >= 0:
        return start, start + len(keyword)
    aligned = fuzz.partial_ratio_alignment(keyword, text)
    if aligned is None or aligned.dest_start >= aligned.dest_end:
        return 0, len(text)
    start, end = aligned.dest_start, aligned.dest_end
    while end - start > 1 and not text[end - 1].isalnum():
        end -= 1
    while end - start > 1 and not text[start].isalnum():
        start += 1
    return _whole_words(text, start, end)


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The same stretch, widened so that it begins and ends with whole English words."""
    while start > 0 and _in_word(text[start - 1]) and _in_word(text[start]):
        start -= 1
    while end < len(text) and _in_word(text[end - 1]) and _in_word(text[end]):
        end += 1
    return start, end


def _in_word(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _importance(weights: Mapping[str, float]) -> float:
    """Mean surprise of a keyword's Chinese pairs and English words, as a share of the highest, in [0, 1]."""
    telling = [w for term, w in weights.items() if (len(term) == 2 if is_chinese(term) else " " not in term)]
    telling = telling or list(weights.values())
    return sum(telling) / len(telling) / UNSEEN


def _joined(weights: list[float]) -> float:
    rest = 1.0
    for rank, weight in enumerate(sorted(weights, reverse=True)[:_MOST_KEYWORDS]):
        rest *= 1 - _STEP * _DECAY**rank * weight
    return 1 - rest
