"""Right and wrong verdicts against naive references, by hand, and what must always hold."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.domain import LEVELS, Level, Problem, Reason, Requirements, Verdict
from matchmaker.evaluation import Answer, Answers, Evaluation, Qrels, Verdicts, collect_answers, worst_of_each
from matchmaker.evaluation.verdicts import ERROR_KINDS, OF_VERDICTS, VERDICTS, VerdictError, wilson
from matchmaker.matching.matcher import Matcher
from matchmaker.writing import Context, write
from matchmaker.writing.terminal.verdicts import ERROR_COLUMNS, errors_table
from worlds import small_registry

IDS = ["a", "b", "c", "d", "e"]
INSTITUTES = ["x", "y", "z"]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Qrels, Answers]:
    """Judgements, and answers to at least one of the judged problems and to others."""
    grades = st.dictionaries(st.sampled_from(INSTITUTES), st.integers(0, 3), min_size=1)
    qrels = draw(st.dictionaries(st.sampled_from(IDS), grades, min_size=1))
    said = st.builds(
        Answer,
        verdict=st.sampled_from(VERDICTS),
        institute=st.sampled_from([*INSTITUTES, None]),
        level=st.sampled_from(LEVELS),
        score=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    )
    answers = draw(st.dictionaries(st.sampled_from([*IDS, "f"]), said))
    return qrels, answers | {min(qrels): draw(said)}


def evaluated(qrels: Qrels, answers: Answers, groups: Mapping[str, str] | None = None) -> Evaluation:
    run = {problem: {answer.institute or "x": answer.score} for problem, answer in answers.items()}
    return Evaluation(qrels, run, answers=answers, groups=groups)


# --- the naive references ---------------------------------------------------------------------------------------------


def naive_is_right(qrels: Qrels, problem: str, answer: Answer | None) -> bool:
    return answer is not None and answer.institute is not None and qrels[problem].get(answer.institute, 0) >= 2


def naive_measures(qrels: Qrels, answers: Answers, problems: Sequence[str]) -> dict[str, float]:
    """Of problems that may stand there more than once, as in a bootstrap sample."""
    matched = [one for one in problems if one in answers and answers[one].verdict == "matched"]
    solvable = [one for one in problems if max(qrels[one].values()) >= 2]
    precision = share([naive_is_right(qrels, one, answers[one]) for one in matched])
    recall = share([one in matched and naive_is_right(qrels, one, answers[one]) for one in solvable])
    return {"precision": precision, "recall": recall, "F1": naive_f1(precision, recall)}


def naive_f1(precision: float, recall: float) -> float:
    if math.isnan(precision) and math.isnan(recall):
        return math.nan
    if not (precision > 0 and recall > 0):
        return 0.0
    return 2 / (1 / precision + 1 / recall)


def share(found: Sequence[bool]) -> float:
    return sum(found) / len(found) if found else math.nan


def naive_kind(qrels: Qrels, problem: str, answer: Answer) -> str | None:
    is_solvable = max(qrels[problem].values()) >= 2
    if answer.verdict == "matched":
        if naive_is_right(qrels, problem, answer):
            return None
        return "wrong_first" if is_solvable else "nobody_fits"
    return "missed" if is_solvable else None


def same(one: float | None, other: float) -> bool:
    return math.isnan(other) if one is None else math.isclose(one, other, abs_tol=1e-9)


# --- measures ---------------------------------------------------------------------------------------------------------


@given(worlds())
def test_measures_of_verdicts_are_the_naive_ones(world: tuple[Qrels, Answers]) -> None:
    qrels, answers = world
    found = evaluated(qrels, answers).estimates
    for name, value in naive_measures(qrels, answers, sorted(qrels)).items():
        assert same(found[name].value, value), name
    matched = [one for one in qrels if one in answers and answers[one].verdict == "matched"]
    solvable = [one for one in qrels if max(qrels[one].values()) >= 2]
    assert [found[name].n for name in OF_VERDICTS] == [len(matched), len(solvable), len({*matched, *solvable})]


@given(worlds())
def test_measures_of_verdicts_and_their_intervals_are_shares(world: tuple[Qrels, Answers]) -> None:
    evaluation = evaluated(*world)
    shares = [evaluation.estimates[name] for name in OF_VERDICTS] + [one.share for one in evaluation.by_level()]
    for estimate in shares:
        if estimate.value is not None:
            assert estimate.low is not None
            assert estimate.high is not None
            assert 0 <= estimate.low <= estimate.high <= 1
            assert 0 <= estimate.value <= 1


@given(worlds())
def test_counts_add_up(world: tuple[Qrels, Answers]) -> None:
    qrels, answers = world
    evaluation = evaluated(qrels, answers)
    verdicts = evaluation.verdicts
    assert verdicts is not None
    assert sum(verdicts.counts.values()) + verdicts.n_missing == len(qrels)
    levels = evaluation.by_level()
    assert [one.level for one in levels] == list(LEVELS)
    assert sum(one.n for one in levels) + verdicts.n_missing == len(qrels)
    assert sum(one.n_relevant for one in levels) == sum(naive_is_right(qrels, one, answers.get(one)) for one in qrels)
    kinds = [error.kind for error in verdicts.errors()]
    assert kinds.count("wrong_first") + kinds.count("nobody_fits") == verdicts.counts["matched"] - verdicts.n_hits


@given(worlds())
def test_levels_are_the_naive_ones(world: tuple[Qrels, Answers]) -> None:
    qrels, answers = world
    for found in evaluated(qrels, answers).by_level():
        right = [
            naive_is_right(qrels, one, answers[one])
            for one in qrels
            if one in answers and answers[one].level == found.level
        ]
        assert (found.n, found.n_relevant, found.share.n) == (len(right), sum(right), len(right))
        assert same(found.share.value, share(right))
        assert found.wilson == wilson(sum(right), len(right))


@given(worlds())
def test_the_order_of_problems_changes_nothing(world: tuple[Qrels, Answers]) -> None:
    qrels, answers = world
    turned = evaluated(dict(list(qrels.items())[::-1]), dict(list(answers.items())[::-1]))
    found = evaluated(qrels, answers)
    assert found.estimates == turned.estimates
    assert found.by_level() == turned.by_level()
    assert found.verdicts is not None
    assert turned.verdicts is not None
    assert found.verdicts.errors() == turned.verdicts.errors()


@given(worlds())
def test_what_is_not_said_to_be_matched_is_not_matched_whatever_the_score(world: tuple[Qrels, Answers]) -> None:
    """``unclear`` counts as ``none`` does, and neither level nor score decides."""
    qrels, answers = world
    others = {
        problem: Answer("none" if one.verdict == "unclear" else one.verdict, one.institute, "strong", 1.0)
        for problem, one in answers.items()
    }
    found, other = evaluated(qrels, answers).estimates, evaluated(qrels, others).estimates
    assert all(found[name] == other[name] for name in OF_VERDICTS)


QRELS: Qrels = {
    "film": {"x": 1, "y": 0},
    "leak": {"x": 3, "y": 0},
    "noise": {"x": 0, "y": 2, "z": 2},
    "tea": {"x": 0, "y": 3},
    "vague": {"x": 2, "y": 0},
    "void": {"x": 0, "y": 0},
    "gone": {"x": 2},
}
ANSWERS: Answers = {
    "film": Answer("matched", "x", "fair", 0.4),
    "leak": Answer("matched", "x", "strong", 0.9),
    "noise": Answer("matched", "x", "strong", 0.8),
    "tea": Answer("none", "y", "weak", 0.1),
    "vague": Answer("unclear", "x", "fair", 0.5),
    "void": Answer("none", None),
    "other": Answer("matched", "x", "strong", 1.0),  # not judged
}


def test_an_example_by_hand() -> None:
    evaluation = evaluated(QRELS, ANSWERS)
    found, verdicts = evaluation.estimates, evaluation.verdicts
    assert verdicts is not None
    assert found["precision"].value == pytest.approx(1 / 3)  # leak, of film, leak and noise
    assert found["recall"].value == pytest.approx(1 / 5)  # leak, of that and noise, tea, vague and gone
    assert found["F1"].value == pytest.approx(2 / 8)
    assert verdicts.counts == {"matched": 3, "unclear": 1, "none": 2}
    assert (verdicts.n_missing, verdicts.n_hits) == (1, 1)
    assert {one.level: (one.n, one.n_relevant) for one in evaluation.by_level()} == {
        "strong": (2, 1), "fair": (2, 1), "weak": (1, 1), "none": (1, 0),
    }  # fmt: skip
    errors = [(error.problem, error.kind, error.grade, error.best, error.best_grade) for error in verdicts.errors()]
    assert errors == [
        ("noise", "wrong_first", 0, ("y", "z"), 2),
        ("film", "nobody_fits", 1, ("x",), 1),
        ("tea", "missed", 3, ("y",), 3),
        ("vague", "missed", 2, ("x",), 2),
    ]


def test_without_answers_no_verdict_is_measured() -> None:
    evaluation = Evaluation(QRELS, {"leak": {"x": 0.9}})
    assert (evaluation.verdicts, evaluation.by_level()) == (None, [])
    assert {evaluation.estimates[name].value for name in OF_VERDICTS} == {None}
    assert {evaluation.estimates[name].n for name in OF_VERDICTS} == {0}


def test_an_institute_that_is_not_judged_is_not_relevant() -> None:
    answers = {"leak": Answer("matched", "z", "strong", 0.9)}
    evaluation = evaluated({"leak": QRELS["leak"]}, answers)
    assert evaluation.estimates["precision"].value == 0
    assert evaluation.verdicts is not None
    assert [(error.kind, error.grade, error.best) for error in evaluation.verdicts.errors()] == [
        ("wrong_first", None, ("x",))
    ]


def test_intervals_are_those_of_the_plain_bootstrap() -> None:
    random = np.random.default_rng(2)
    problems = [f"p{n:02}" for n in range(30)]
    qrels = {one: {"x": int(random.integers(0, 4)), "y": int(random.integers(0, 4))} for one in problems}
    answers = {
        one: Answer(VERDICTS[int(random.integers(3))], "xy"[int(random.integers(2))], LEVELS[int(random.integers(4))])
        for one in problems
    }
    evaluation = evaluated(qrels, answers)
    drawn = np.random.default_rng(0).integers(0, 30, (2000, 30))
    samples = [naive_measures(qrels, answers, [problems[at] for at in sample]) for sample in drawn.tolist()]
    for name in OF_VERDICTS:
        low, high = np.nanquantile([sample[name] for sample in samples], [0.025, 0.975])
        assert (evaluation.estimates[name].low, evaluation.estimates[name].high) == pytest.approx((low, high))
    for found in evaluation.by_level():
        there = np.array([answers[one].level == found.level for one in problems])
        right = np.array([there[at] and naive_is_right(qrels, one, answers[one]) for at, one in enumerate(problems)])
        defined = drawn[there[drawn].any(axis=1)]
        low, high = np.quantile(right[defined].sum(axis=1) / there[defined].sum(axis=1), [0.025, 0.975])
        assert (found.share.low, found.share.high) == pytest.approx((low, high))


def test_a_group_is_drawn_together_or_not_at_all() -> None:
    """Every problem twice: grouped, the interval is that of each once; apart, it is narrower."""
    problems = [f"p{n:02}" for n in range(20)]
    qrels = {one: {"x": 3 * (n % 2)} for n, one in enumerate(problems)}
    answers = {one: Answer("matched", "x", "strong", 0.9) for one in problems}
    once = evaluated(qrels, answers)
    twice = {f"{one}{copy}": grades for one, grades in qrels.items() for copy in "ab"}
    said = {f"{one}{copy}": answer for one, answer in answers.items() for copy in "ab"}
    grouped = evaluated(twice, said, {one: one[:-1] for one in twice})
    apart = evaluated(twice, said)
    for name in ("precision", "recall", "ECE", "AUC", "abstention", "P@1"):
        found, expected = grouped.estimates[name], once.estimates[name]
        assert (found.value, found.low, found.high) == pytest.approx((expected.value, expected.low, expected.high))
        assert found.n == 2 * expected.n
    widths = [
        float(one.high) - float(one.low)
        for one in (apart.estimates["precision"], grouped.estimates["precision"])
        if one.high is not None and one.low is not None
    ]
    assert widths[0] < 0.8 * widths[1]
    comparison = grouped.compare(evaluated(twice, said | {"p01a": Answer("none", "x", "none", 0.0)}))
    assert comparison["P@1"].value == 0


# --- Wilson -----------------------------------------------------------------------------------------------------------


def test_wilson_by_hand() -> None:
    # the bounds p solve |found / n - p| = 1.96 * sqrt(p (1 - p) / n)
    assert wilson(31, 57) == pytest.approx((0.4163, 0.6661), abs=5e-4)
    assert wilson(0, 14) == pytest.approx((0.0, 0.2153), abs=5e-4)
    assert wilson(5, 5) == pytest.approx((0.5655, 1.0), abs=5e-4)
    assert wilson(0, 0) is None


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_bounds_are_where_the_share_is_a_quantile_away(counts: tuple[int, int]) -> None:
    n_found, n = counts
    bounds = wilson(n_found, n)
    assert bounds is not None
    assert 0 <= bounds[0] <= n_found / n <= bounds[1] <= 1
    for bound in bounds:
        assert (n_found / n - bound) ** 2 == pytest.approx(1.959964**2 * bound * (1 - bound) / n, abs=1e-9)


# --- errors -----------------------------------------------------------------------------------------------------------


@given(worlds())
def test_errors_are_the_naive_ones(world: tuple[Qrels, Answers]) -> None:
    qrels, answers = world
    errors = Verdicts(qrels, answers).errors()
    expected = {one: naive_kind(qrels, one, answers[one]) for one in qrels if one in answers}
    assert {error.problem: error.kind for error in errors} == {one: kind for one, kind in expected.items() if kind}
    assert len({error.problem for error in errors}) == len(errors)
    for error in errors:
        assert error.best_grade == max(qrels[error.problem].values())
        assert all(qrels[error.problem][one] == error.best_grade for one in error.best)
        assert bool(error.best) == (error.best_grade > 0)


@given(worlds())
def test_the_worst_errors_stand_first(world: tuple[Qrels, Answers]) -> None:
    errors = Verdicts(*world).errors()
    is_missed = [error.kind == "missed" for error in errors]
    assert is_missed == sorted(is_missed)
    said = [error for error in errors if error.kind != "missed"]
    assert [error.answer.score for error in said] == sorted((error.answer.score for error in said), reverse=True)
    missed = [(-error.best_grade, error.answer.score, error.problem) for error in errors if error.kind == "missed"]
    assert missed == sorted(missed)


@given(worlds(), st.integers(0, 3))
def test_so_many_errors_of_each_kind_are_kept(world: tuple[Qrels, Answers], n: int) -> None:
    errors = Verdicts(*world).errors()
    kept = worst_of_each(errors, n)
    for kind in ERROR_KINDS:
        assert [one for one in kept if one.kind == kind] == [one for one in errors if one.kind == kind][:n]
    assert kept == [one for one in errors if one in kept]


REASONS = (
    Reason(kind="keyword", term="漏损检测", found="漏损点", similarity=0.8, start=0, end=3),
    Reason(kind="sentence", term="供水", found="=管网夜间漏水", similarity=0.4, start=0, end=7),
)


def an_error(title: str = "=1+1|管网", *, level: Level = "strong", verdict: Verdict = "matched") -> VerdictError:
    answer = Answer(verdict, "x", level, 0.75, title, REASONS)
    return VerdictError("007", "wrong_first", answer, 1, ("y", "z"), 3)


def test_a_sheet_of_errors() -> None:
    sheet = errors_table([an_error()], "en")
    assert sheet.rows == [
        (
            "007 =1+1|管网",
            "wrong first",
            "matched: x Recommend 0.75",
            "y, z 3, x 1",
            "漏损检测 <- 漏损点 (0.80); 供水 <- =管网夜间漏水 (0.40)",
        )
    ]
    (chinese,) = errors_table([an_error()], "zh").rows
    assert chinese[1:4] == ("首位有误", "有合适机构：x 建议对接 0.75", "y、z 3、x 1")
    nobody = VerdictError("void", "missed", Answer("unclear"), None, (), 0)
    assert errors_table([nobody], "en").rows == [("void ", "missed", "unclear", "0", "")]


def test_errors_as_csv_hold_no_formula(tmp_path: Path) -> None:
    path = tmp_path / "errors.csv"
    write([an_error()], "verdicts", "csv", path, Context("en"))
    text = path.read_text("utf-8")
    assert text.startswith("\ufeff")
    (row,) = csv.DictReader(io.StringIO(text[1:]))
    assert list(row) == list(ERROR_COLUMNS)
    assert row["problem_title"] == "'=1+1|管网"
    assert (row["kind"], row["verdict"], row["institute"], row["level"]) == ("wrong_first", "matched", "x", "strong")
    assert (row["score"], row["grade"], row["best"], row["best_grade"]) == ("0.750000", "1", "y, z", "3")
    assert "漏损检测 <- 漏损点" in row["reasons"]


def test_errors_as_markdown_show_texts_literally(tmp_path: Path) -> None:
    path = tmp_path / "errors.md"
    write([an_error("a|<b>*c*")], "verdicts", "md", path, Context("en"))
    lines = path.read_text("utf-8").splitlines()
    assert lines[0] == "## Wrong verdicts, worst first"
    assert lines[4].startswith(r"| 007 a&#124;&lt;b&gt;\*c\* | wrong first | matched: x Recommend 0.75 | y, z 3, x 1 |")


def test_errors_as_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "errors.xlsx"
    found = [an_error(), an_error("b", level="fair", verdict="unclear")]
    write(found, "verdicts", "xlsx", path, Context("zh"))
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["判断有误"]
    headings, first, second = book.worksheets[0].iter_rows(values_only=True)
    assert headings[:3] == ("需求编号", "需求名称", "错误类型")
    assert first[:10] == ("007", "=1+1|管网", "首位有误", "有合适机构", "x", "建议对接", 0.75, 1, "y、z", 3)
    assert (second[3], second[5]) == ("信息不足", "可先咨询")
    book.close()


# --- the answers of a matcher -----------------------------------------------------------------------------------------


def test_answers_are_what_shortlists_say() -> None:
    matcher = Matcher(small_registry())
    titles = ["水管漏水", "漏损检测", "nothing of the kind"]
    problems = [Problem(id=f"p{n:03}", title=titles[n % 3]) for n in range(130, 0, -1)]
    found = collect_answers(matcher, problems)
    assert list(found) == [problem.id for problem in problems]
    for shortlist in matcher.match(problems[:3]):
        answer, first = found[shortlist.problem.id], shortlist.matches[0]
        assert (answer.verdict, answer.title) == (shortlist.verdict, shortlist.problem.title)
        assert (answer.institute, answer.level, answer.score) == (first.institute, first.level, first.score)
        assert answer.reasons == first.reasons


def test_limits_of_problems_are_left_aside_in_answers() -> None:
    matcher = Matcher(small_registry())
    plain = Problem(id="p", title="漏损检测")
    limited = Problem(id="p", title="漏损检测", exclude=("alpha", "nobody"), require=Requirements(institutes=("beta",)))
    assert collect_answers(matcher, [limited]) == collect_answers(matcher, [plain])
    assert collect_answers(matcher, [plain])["p"].institute == "alpha"


def test_answers_among_judged_institutes_alone() -> None:
    matcher = Matcher(small_registry())
    problems = [Problem(id=one, title="漏损检测") for one in ("p", "q", "r")]
    found = collect_answers(matcher, problems, only={"p": {"beta": 3, "gone": 1}, "q": {"alpha": 0, "beta": 0}})
    assert found["p"].institute == "beta"
    assert found["q"].institute == "alpha"
    assert (found["r"].institute, found["r"].verdict, found["r"].level, found["r"].score) == (None, "none", "none", 0.0)
    scores = dict(zip([one.id for one in matcher.registry.institutes], matcher.scores(problems)[0], strict=True))
    assert (found["p"].score, found["q"].score) == (scores["beta"], scores["alpha"])


def test_a_problem_without_a_title_is_called_by_its_description() -> None:
    (answer,) = collect_answers(Matcher(small_registry()), [Problem(id="p", description="水管漏水")]).values()
    assert answer.title == "水管漏水"
