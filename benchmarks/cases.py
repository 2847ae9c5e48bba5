"""What cases add: nDCG@10 with and without them, on labelled data.

    python benchmarks/cases.py FOLDER > benchmarks/cases.txt

FOLDER holds requirements, achievements and judgements, as for `quality.py`. Each achievement there belongs to nobody,
so institutes are made: achievements near the same one of some seeds (by direction of meaning) are one institute, as
real ones have subjects. Half of the pairs graded 2 or 3 (chosen by a digest of their ids) are cases: this institute has
solved that requirement. For each requirement the cases of all others are given; "new" leaves out those whose text is
the very same under another id, which is what a new request is like. Judged institutes only, ties by id, intervals by
bootstrap over requirements.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from matchmaker.domain import Capability, Institute, Precedent, Problem, Registry, Text
from matchmaker.matching.cases import CaseSimilarity, compile_cases
from matchmaker.matching.encoder import encoder
from matchmaker.matching.matcher import Matcher, compile_profiles
from matchmaker.matching.postings import strings_to_array, under
from matchmaker.matching.rarity import background
from matchmaker.matching.settings import Cases, Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray


N_INSTITUTES = (26, 100, 188, 400)
WEIGHTS = (0.5, 1.0)
N_RESAMPLES = 2000


def digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def grouped(achievements: Sequence[Mapping[str, object]], n: int) -> dict[str, str]:
    """The institute of each achievement: that of the nearest of n seeds, which are the first by digest of their id."""
    capabilities = tuple(
        Institute.model_validate({key: one[key] for key in ("id", "name", "capabilities")}) for one in achievements
    )
    registry = Registry(institutes=capabilities, fingerprint="sha256:0")
    arrays = under("semantic", compile_profiles(registry, Settings()))
    ids = sorted(str(one["id"]) for one in achievements)
    vectors = np.zeros((len(ids), arrays["texts"].shape[1]))
    vectors[arrays["owners"].astype(np.intp)] = arrays["texts"]
    seeds = sorted(range(len(ids)), key=lambda at: digest(ids[at]))[:n]
    nearest = np.argmax((vectors @ vectors[seeds].T).round(6), axis=1)
    return {id_: f"i{group:03}" for id_, group in zip(ids, nearest.tolist(), strict=True)}


def registry_of(achievements: Sequence[Mapping[str, object]], group: Mapping[str, str]) -> Registry:
    held: dict[str, list[Capability]] = {}
    for one in achievements:
        name = Text.model_validate(one["name"])
        held.setdefault(group[str(one["id"])], []).append(Capability(id=str(one["id"]), name=name))
    institutes = [
        Institute(id=id_, name=Text(zh=id_), capabilities=tuple(capabilities))
        for id_, capabilities in sorted(held.items())
    ]
    return Registry(institutes=tuple(institutes), fingerprint="sha256:0")


def ndcg(scores: Sequence[float], grades: Sequence[int]) -> float:
    """nDCG@10 with gains 2^grade - 1 (Burges et al. 2005); equal scores stand as given."""
    order = sorted(range(len(scores)), key=lambda at: (-scores[at], at))[:10]
    best = sorted(grades, reverse=True)[:10]
    gained = sum((2 ** grades[at] - 1) / np.log2(rank + 2) for rank, at in enumerate(order))
    return float(gained / sum((2**grade - 1) / np.log2(rank + 2) for rank, grade in enumerate(best)))


def interval(differences: NDArray[np.float64]) -> tuple[float, float]:
    random = np.random.default_rng(0)
    means = [differences[random.integers(0, len(differences), len(differences))].mean() for _ in range(N_RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


class Work:
    """Requirements, their judged institutes, and the cases that each requirement gives."""

    def __init__(self, folder: Path, n: int) -> None:
        achievements = [json.loads(line) for line in (folder / "capabilities.jsonl").read_text("utf-8").splitlines()]
        problems = [json.loads(line) for line in (folder / "problems.jsonl").read_text("utf-8").splitlines()]
        self.problems = [Problem(id=p["id"], title=p["title"], description=p["description"]) for p in problems]
        group = grouped(achievements, n)
        self.registry = registry_of(achievements, group)
        self.compiled = compile_profiles(self.registry, Settings())
        self.grades: dict[str, dict[str, int]] = {}
        solved: dict[str, set[str]] = {}
        for line in (folder / "qrels.txt").read_text("utf-8").splitlines():
            problem, _, achievement, grade = line.split()
            judged = self.grades.setdefault(problem, {})
            institute = group[achievement]
            judged[institute] = max(judged.get(institute, 0), int(grade))
            if int(grade) >= 2 and digest(f"half {problem} {achievement}") % 2 == 0:
                solved.setdefault(problem, set()).add(institute)
        self.known = [problem for problem in self.problems if problem.id in solved]
        self.theirs = [sorted(solved[problem.id]) for problem in self.known]
        self.block = compile_cases([self._precedent(problem) for problem in self.known], background(), encoder())

    @staticmethod
    def _precedent(problem: Problem) -> Precedent:
        return Precedent(id=problem.id, title=problem.title, text=problem.text, institutes=(), outcome="solved")

    def cases(self, problem: Problem, settings: Settings, *, new: bool) -> CaseSimilarity:
        """The cases of all other requirements; those left out are nobody's."""
        left_out = [one.id == problem.id or (new and one.text == problem.text) for one in self.known]
        owners = ["" if left else "\n".join(ids) for left, ids in zip(left_out, self.theirs, strict=True)]
        block = {**self.block, "institutes": strings_to_array(owners)}
        ids = [institute.id for institute in self.registry.institutes]
        day = date(2026, 1, 1)
        return CaseSimilarity([block], ids, settings, as_of=day)

    def quality(self, settings: Settings | None, *, new: bool) -> NDArray[np.float64]:
        """nDCG@10 of each requirement with some relevant institute; without cases when there are no settings."""
        ids = [institute.id for institute in self.registry.institutes]
        found = []
        for problem in self.problems:
            grades = self.grades[problem.id]
            if not any(grades.values()):
                continue
            cases = None if settings is None else self.cases(problem, settings, new=new)
            matcher = Matcher(self.registry, settings, compiled=self.compiled, cases=cases)
            scores = dict(zip(ids, matcher.scores([problem])[0].tolist(), strict=True))
            judged = sorted(grades)
            found.append(ndcg([scores[one] for one in judged], [grades[one] for one in judged]))
        return np.array(found)


def main() -> None:
    folder = Path(sys.argv[1])
    print("nDCG@10, judged institutes only, with cases minus without; mean, 95 % interval, requirements that change")
    print(f"{'institutes':>10} {'weight':>6} {'cases':>6} {'without':>8} {'gain':>8}  interval             changed")
    for n in N_INSTITUTES:
        work = Work(folder, n)
        without = work.quality(None, new=False)
        for weight in WEIGHTS:
            for new in (False, True):
                settings = Settings(cases=Cases(solved=weight))
                gains = work.quality(settings, new=new) - without
                low, high = interval(gains)
                changed = int(np.count_nonzero(gains))
                print(
                    f"{n:>10} {weight:>6} {'new' if new else 'all':>6} {without.mean():>8.4f} {gains.mean():>+8.4f}"
                    f"  [{low:+.4f}, {high:+.4f}]  {changed} of {len(gains)}"
                )


if __name__ == "__main__":
    main()
