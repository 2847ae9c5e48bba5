"""Case similarity: how close a problem is to earlier ones, of which it is known what became of them at an institute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import isnan
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from matchmaker.domain import Precedent, language_of
from matchmaker.matching.counting import Counts
from matchmaker.matching.encoder import Encoder
from matchmaker.matching.lexical import LexicalSimilarity, compile_lexical
from matchmaker.matching.postings import prefixed, strings_from, strings_to_array, under
from matchmaker.matching.problemwords import STEPS, ProblemWords
from matchmaker.matching.profiles import Statement
from matchmaker.matching.rarity import Rarity
from matchmaker.matching.semantic import SemanticSimilarity, compile_semantic, joined_parts
from matchmaker.matching.settings import Settings
from matchmaker.text import prepare, terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matchmaker.matching.postings import Arrays, FloatArray

INTERCEPT, LEXICAL, SEMANTIC = -3.714, 2.223, 6.577
"""The log odds that two texts are about the same, and what their similarities add, lexical as square root.

Fitted to experts' judgements of 4,064 pairs of a requirement and an achievement, for version 0.1.0.
"""
_DIGITS: Final = 6
_MOST_PROMISING: Final = 64  # are compared word by word
_SHARES: Final = {"solved": 1.0, "partly": 0.5, "failed": -1.0, "wrong-field": -1.0}
"""What an outcome counts beside a solved case, below 0 against the institute.

Every other one, such as declined for want of people or money, tells nothing of the field: it is named and counts 0.
"""
_DAYS_OF_YEAR: Final = 365.25


class Nearest(NamedTuple):
    """An earlier problem that is named beside an institute, its outcome, and how close it is, in [0, 1]."""

    id: str
    title: str
    outcome: str
    closeness: float


@dataclass(frozen=True, slots=True)
class Experience:
    """What earlier problems say of each of I institutes for one problem.

    Attributes:
        added: What they add to the log odds, below 0 where more speaks against: shape (I,).
        similarity: Closeness to the problems each has solved, in [0, 1]: shape (I,); ``nan`` where it has no case.
        nearest: By institute the problems to name: the one it solved, the one against it, the one that counts 0.
    """

    added: FloatArray
    similarity: FloatArray
    nearest: dict[int, list[Nearest]]

    def similarity_of(self, institute: int) -> float | None:
        """The similarity of one institute; ``None`` where it has no case."""
        similarity = float(self.similarity[institute])
        return None if isnan(similarity) else similarity


def compile_cases(precedents: Sequence[Precedent], rarity: Rarity, encoder: Encoder) -> Arrays:
    """The arrays of some earlier problems; their texts are not kept."""
    said = [_statements(precedent.text) for precedent in precedents]
    return {
        "ids": strings_to_array(precedent.id for precedent in precedents),
        "titles": strings_to_array(precedent.title.replace("\0", " ") for precedent in precedents),
        "institutes": strings_to_array("\n".join(precedent.institutes) for precedent in precedents),
        "outcomes": strings_to_array(precedent.outcome for precedent in precedents),
        "days": np.array([one.day.toordinal() if one.day else 0 for one in precedents], dtype=np.int64),
        **prefixed("lexical", compile_lexical(said, rarity, inferred_weight=1.0)),
        **prefixed("semantic", compile_semantic(said, encoder, inferred_weight=1.0)),
    }


def _statements(text: str) -> list[Statement]:
    told = prepare(text).told
    return [Statement(text, told, terms(told), language_of(text), is_keyword=False, inferred=False)]


class CaseSimilarity:
    """How close problems are to earlier ones, and what that says of the institutes that met those.

    The closeness of two problems is the share of pairs of texts as similar as these that experts called relevant to
    each other; below ``settings.cases.least`` it counts as none. The closest solved one raises an institute; the
    closest one that failed or was declined as not its field lowers it, half as much with every ``half_life`` years
    since. One that was declined for any other reason is named and changes nothing. Only the 64 earlier problems that
    are most promising by shared terms and direction of meaning are compared word by word.

    Args:
        blocks: What ``compile_cases`` gives, for as many earlier problems as each block holds; the order of blocks and
            the borders between them decide nothing but which of two equally close ones is named.
        institutes: The ids of the registry, in its order. Others in the blocks are passed over.
        settings: What cases count.
        as_of: The day from which ages are counted.
        name: What outputs call the ledger that the earlier problems come from.
    """

    def __init__(
        self,
        blocks: Sequence[Arrays],
        institutes: Sequence[str],
        settings: Settings,
        *,
        as_of: date,
        name: str = "",
    ) -> None:
        self.name = name
        self._made_of = (blocks, institutes, settings, as_of, name)
        self._numbers = settings.cases
        self._n_institutes = len(institutes)
        place = {id_: at for at, id_ in enumerate(institutes)}
        self._blocks = [_Block(block, place, self._numbers.half_life, as_of) for block in blocks]
        self._has_cases = np.zeros(self._n_institutes, dtype=np.bool_)
        for block in self._blocks:
            self._has_cases[block.owners[block.shares[block.members] > 0]] = True

    def __reduce__(self) -> tuple[object, ...]:
        """Sent to worker processes as what it is built from."""
        blocks, institutes, settings, as_of, name = self._made_of
        return _rebuilt, ([dict(block) for block in blocks], institutes, settings, as_of, name)

    @property
    def n_problems(self) -> int:
        """How many earlier problems there are."""
        return sum(len(block.shares) for block in self._blocks)

    def compare(self, counts: Counts, words: ProblemWords) -> list[Experience]:
        """What earlier problems say of the institutes, for each of some problems.

        Args:
            counts: The terms of the problems.
            words: Those of the same problems.
        """
        lexical = [block.lexical.of_counts(counts) for block in self._blocks]
        n_problems = counts.n_problems
        return [self._experience(words.one(at), [found[at] for found in lexical]) for at in range(n_problems)]

    def _experience(self, words: ProblemWords, lexical: Sequence[FloatArray]) -> Experience:
        solved, against, told = (np.zeros(self._n_institutes) for _ in range(3))
        behind: tuple[dict[int, Nearest], ...] = ({}, {}, {})
        for block, case, closeness in self._near(words, lexical):
            share = float(block.shares[case])
            counted, kept = list(zip((solved, against, told), behind, strict=True))[_side(share)]
            worth = round((abs(share) or 1.0) * closeness, _DIGITS)
            for institute in block.institutes_of(case):
                if worth > counted[institute]:
                    counted[institute] = worth
                    kept[institute] = block.nearest(case, closeness)
        known = sorted(set().union(*behind))
        return Experience(
            added=(self._numbers.solved * solved - self._numbers.declined * against).round(_DIGITS),
            similarity=np.where(self._has_cases, solved, np.nan),
            nearest={at: [kept[at] for kept in behind if at in kept] for at in known},
        )

    def _near(self, words: ProblemWords, lexical: Sequence[FloatArray]) -> list[tuple[_Block, int, float]]:
        """The earlier problems that are close enough to count, in their order, and how close each is."""
        shared = [LEXICAL * np.sqrt(found) for found in lexical]
        promise = np.concatenate(
            [
                part + SEMANTIC * block.cosines(words.directions[0])
                for block, part in zip(self._blocks, shared, strict=True)
            ]
        )
        best = np.sort(np.argsort(-promise, kind="stable")[:_MOST_PROMISING])
        starts = np.cumsum([0, *(len(block.shares) for block in self._blocks)])
        chosen = [best[(best >= start) & (best < stop)] - start for start, stop in pairwise(starts)]
        parts = [(block.semantic, cases) for block, cases in zip(self._blocks, chosen, strict=True)]
        reading = SemanticSimilarity(joined_parts(parts)).read_words(words)
        meaning = reading.of_pairs(np.zeros(len(best), np.intp), np.arange(len(best)), {})
        odds = INTERCEPT + np.concatenate(shared)[best] + SEMANTIC * meaning
        closeness = (1 / (1 + np.exp(-odds))).round(_DIGITS).tolist()
        places = [(block, case) for block, cases in zip(self._blocks, chosen, strict=True) for case in cases.tolist()]
        return [
            (block, case, close)
            for (block, case), close in zip(places, closeness, strict=True)
            if close >= self._numbers.least
        ]


def _side(share: float) -> int:
    """Whether a share counts for an institute (0), against it (1) or not at all (2)."""
    return 0 if share > 0 else 1 if share < 0 else 2


def _rebuilt(
    blocks: Sequence[Arrays], institutes: Sequence[str], settings: Settings, as_of: date, name: str
) -> CaseSimilarity:
    return CaseSimilarity(blocks, institutes, settings, as_of=as_of, name=name)


class _Block:
    """Some earlier problems.

    Attributes:
        shares: What each counts, below 0 against the institute: shape (C,).
        members: The problem of each of its institutes that are in the registry, in order: shape (N,).
        owners: Those institutes: shape (N,).
    """

    def __init__(self, arrays: Arrays, place: dict[str, int], half_life: float, as_of: date) -> None:
        self.lexical = LexicalSimilarity(under("lexical", arrays))
        self.semantic = under("semantic", arrays)
        self._texts = self.semantic["texts"].astype(np.float32, copy=False)
        self._ids, self._titles = strings_from(arrays["ids"]), strings_from(arrays["titles"])
        self._outcomes = strings_from(arrays["outcomes"])
        days = arrays["days"].astype(np.int64)
        ages = np.where(days > 0, np.maximum(as_of.toordinal() - days, 0), 0) / _DAYS_OF_YEAR  # a clock may be set back
        signs = np.array([_SHARES.get(outcome, 0.0) for outcome in self._outcomes])
        self.shares = np.where(signs > 0, signs, signs * 0.5 ** (ages / half_life))
        pairs = [
            (case, place[id_])
            for case, ids in enumerate(strings_from(arrays["institutes"]))
            for id_ in ids.split("\n")
            if id_ in place
        ]
        self.members: NDArray[np.intp] = np.array([case for case, _ in pairs], dtype=np.intp)
        self.owners: NDArray[np.intp] = np.array([institute for _, institute in pairs], dtype=np.intp)

    def cosines(self, direction: NDArray[np.float32]) -> FloatArray:
        """How near a direction is to that of each problem, 0 where nothing is known: shape (C,), in [0, 1]; exact."""
        found = np.zeros(len(self.shares))
        found[self.semantic["owners"].astype(np.intp)] = np.maximum(self._texts @ direction, 0) / (STEPS * STEPS)
        return found

    def institutes_of(self, case: int) -> list[int]:
        """The institutes that met a problem."""
        start, stop = np.searchsorted(self.members, [case, case + 1])
        found: list[int] = self.owners[start:stop].tolist()
        return found

    def nearest(self, case: int, closeness: float) -> Nearest:
        """A problem as it is named."""
        return Nearest(self._ids[case], self._titles[case], self._outcomes[case], closeness)
