"""What the accurate mode reaches on requirements that its delta has not seen.

    python benchmarks/accurate.py FOLDER

FOLDER is as in `quality.py`. The deltas of three folds (`e5_folds/`, trained by `encoder_delta.py --folds 3`) each
score the requirements they were not trained on; requirements with one title are in one fold. The other parts of the
score and its weights are the shipped ones. Takes some minutes: about 12,000 titles are encoded.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from quality import Benchmark, Floats, interval, read_lines

from matchmaker import Matcher, Problem
from matchmaker.settings import ACCURATE
from matchmaker.similarity.e5 import E5Similarity, compile_e5, load_encoder
from matchmaker.similarity.profiles import statements
from matchmaker.text import normalise, request

FOLDS = Path(__file__).parent / "e5_folds"
N_FOLDS = 3
SEED = 20191117  # of the folds, as in encoder_delta.py


def folds_of(titles: list[str]) -> list[int]:
    """The fold of each requirement, as it was when the deltas were trained."""
    groups = sorted({normalise(title) for title in titles})
    order = np.random.default_rng(SEED).permutation(len(groups))
    fold = {groups[at]: nth % N_FOLDS for nth, at in enumerate(order)}
    return [fold[normalise(title)] for title in titles]


def unseen(data: Benchmark, versions: list[list[Problem]]) -> list[Floats]:
    """For each version of the problems the similarity by the encoder, every row by a delta that has not seen it."""
    said = [statements(item) for institute in data.registry.institutes for item in institute.capabilities]
    folds = np.array(folds_of(data.titles))
    found = [np.zeros((len(data.problems), len(said))) for _ in versions]
    for fold in range(N_FOLDS):
        encoder = load_encoder(FOLDS / f"fold{fold}.npz")
        similarity = E5Similarity(compile_e5(said, encoder, inferred_weight=1.0), encoder)
        for scores, problems in zip(found, versions, strict=True):
            for at in np.flatnonzero(folds == fold).tolist():
                scores[at] = similarity.similarities([request(problems[at].text)])[0]
    return found


def main() -> None:
    data = Benchmark(Path(sys.argv[1]))
    english = {problem["id"]: problem for problem in read_lines(data.folder / "problems_en.jsonl")}
    versions = {
        "Chinese": [Problem(**problem) for problem in data.problems],
        "English": [Problem(**english[problem["id"]]) for problem in data.problems],
    }
    matcher = Matcher(data.registry)
    weights = ACCURATE.weights
    print(f"{'':<44} nDCG@10  95 % interval     AUC")
    for (name, problems), encoded in zip(versions.items(), unseen(data, list(versions.values())), strict=True):
        keywords, lexical, words = np.moveaxis(matcher.pooled(problems), 2, 0)
        both = weights.semantic * (words + encoded) / 2
        whole = weights.keywords * keywords + weights.lexical * lexical + both
        for method, scores in (("encoder alone", encoded), ("accurate mode", whole)):
            values = data.ndcg(scores)
            low, high = interval(values)
            label = f"{name} problems, {method}"
            print(f"{label:<44} {values.mean():.4f}   [{low:.3f}, {high:.3f}]  {data.auc(scores):.4f}", flush=True)


if __name__ == "__main__":
    main()
