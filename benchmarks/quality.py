"""How well methods rank judged achievements for real requirements.

    python benchmarks/quality.py FOLDER

FOLDER holds `problems.jsonl`, `capabilities.jsonl` and `qrels.txt`. Only judged candidates are ranked; nDCG@10 has
gains 2^grade - 1 and is the mean over requirements with some grade above 0, with a 95 % bootstrap interval over
requirements (2,000 samples, seed 0).
"""

from __future__ import annotations

import json
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from matchmaker import Matcher, Problem
from matchmaker.institutes import load_institutes

Qrels = Mapping[str, Mapping[str, int]]
Scores = Mapping[str, float]


def read_qrels(path: Path) -> Qrels:
    """Grades by problem and candidate from a TREC file."""
    grades: dict[str, dict[str, int]] = defaultdict(dict)
    for line in path.read_text(encoding="utf-8").splitlines():
        problem, _, candidate, grade = line.split()
        grades[problem][candidate] = int(grade)
    return grades


def ndcg(scores: Scores, grades: Mapping[str, int], depth: int = 10) -> float:
    """Normalised discounted cumulative gain with gains 2^grade - 1; ties stand in order of id."""
    ranked = sorted(grades, key=lambda candidate: (-round(scores[candidate], 6), candidate))[:depth]
    best = sorted(grades.values(), reverse=True)[:depth]
    gain = sum((2 ** grades[candidate] - 1) / math.log2(place + 2) for place, candidate in enumerate(ranked))
    return float(gain / sum((2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(best)))


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """The 95 % bootstrap interval of a mean."""
    random = np.random.default_rng(0)
    means = values[random.integers(0, len(values), (2000, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def chance(grades: Mapping[str, int]) -> float:
    """The mean nDCG@10 of 200 random orders."""
    random = np.random.default_rng(0)
    values = [ndcg(dict(zip(grades, random.random(len(grades)), strict=True)), grades) for _ in range(200)]
    return float(np.mean(values))


def report(name: str, values: list[float]) -> None:
    """One line of the table."""
    low, high = interval(np.array(values))
    print(f"{name:<44} {np.mean(values):.3f}  [{low:.3f}, {high:.3f}]")


def main() -> None:
    folder = Path(sys.argv[1])
    qrels = read_qrels(folder / "qrels.txt")
    problems = [json.loads(line) for line in (folder / "problems.jsonl").open(encoding="utf-8")]
    registry = load_institutes(folder / "capabilities.jsonl")
    names = {institute.id: institute.name.in_language("zh") for institute in registry.institutes}
    scores = Matcher(registry).scores([Problem(**problem) for problem in problems])
    ids = [institute.id for institute in registry.institutes]
    ours = {problem["id"]: dict(zip(ids, row, strict=True)) for problem, row in zip(problems, scores, strict=True)}
    judged = [problem for problem in problems if any(qrels[problem["id"]].values())]
    titles = {problem["id"]: problem["title"] for problem in problems}

    def fuzzy(ratio: Callable[[str, str], float]) -> list[float]:
        values = []
        for problem in judged:
            grades = qrels[problem["id"]]
            values.append(ndcg({c: ratio(titles[problem["id"]], names[c]) for c in grades}, grades))
        return values

    print(f"{len(judged)} requirements, {sum(map(len, qrels.values())):,} judged pairs; nDCG@10 [95 % interval]\n")
    report("chance", [chance(qrels[problem["id"]]) for problem in judged])
    report("RapidFuzz token_set_ratio, titles", fuzzy(fuzz.token_set_ratio))
    report("RapidFuzz partial_ratio, titles", fuzzy(fuzz.partial_ratio))
    report("matchmaker, default settings", [ndcg(ours[problem["id"]], qrels[problem["id"]]) for problem in judged])


if __name__ == "__main__":
    main()
