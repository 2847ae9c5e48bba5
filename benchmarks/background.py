"""Build the background table: in what share of technical texts each term stands.

    python benchmarks/background.py FOLDER     writes src/matchmaker/data/background.npz

FOLDER holds labelled data in the form of `capabilities.jsonl` and `problems.jsonl`. Only counts of terms that stand in
two texts or more are kept; no text can be put together again from them. English comes from wordfreq's frequency list
(needs `pip install wordfreq`, a build-time dependency only).
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import wordfreq

from matchmaker.text import normalise, term_id, terms

TABLE = Path(__file__).parents[1] / "src" / "matchmaker" / "data" / "background.npz"
PROBLEM_WEIGHT = 10  # a problem's words are those of requests: each text counts as ten titles
WORDS_IN_TEXT = 80  # length of the text in which an English word's chance to stand is reckoned
ENGLISH_WORDS = 30_000
LEAST_TEXTS = 2


def shares(folder: Path) -> dict[str, float]:
    """The share of texts, in (0, 1], in which each term stands."""
    capabilities = [json.loads(line) for line in (folder / "capabilities.jsonl").open(encoding="utf-8")]
    problems = [json.loads(line) for line in (folder / "problems.jsonl").open(encoding="utf-8")]
    titles, requests = Counter[str](), Counter[str]()
    for capability in capabilities:
        titles.update(terms(normalise(capability["name"]["zh"])).keys())
    for problem in problems:
        requests.update(terms(normalise(f"{problem['title']}\n{problem.get('description', '')}")).keys())
    total = len(capabilities) + PROBLEM_WEIGHT * len(problems)
    found = {
        term: (titles[term] + PROBLEM_WEIGHT * requests[term]) / total
        for term in titles | requests
        if titles[term] + requests[term] >= LEAST_TEXTS
    }
    english = Counter[str]()
    for word in wordfreq.top_n_list("en", ENGLISH_WORDS):
        for stem in terms(normalise(word)):
            english[stem] += wordfreq.word_frequency(word, "en")
    for stem, frequency in english.items():
        found[stem] = max(found.get(stem, 0.0), 1 - (1 - frequency) ** WORDS_IN_TEXT)
    return found


def main() -> None:
    found = shares(Path(sys.argv[1]))
    numbers = sorted((term_id(term), share) for term, share in found.items())
    surprise = np.round(-1000 * np.log([share for _, share in numbers])).astype(np.uint16)
    np.savez(TABLE, terms=np.array([number for number, _ in numbers], dtype=np.uint64), surprise=surprise)
    print(f"{TABLE.name}: {len(numbers):,} terms, {TABLE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
