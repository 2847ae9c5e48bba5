"""Measures against naive ones that anybody can check, hand-computed examples, and what must always hold."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from matchmaker.domain import Problem
from matchmaker.errors import EvaluationError, MissingExtraError
from matchmaker.evaluation import Evaluation, Qrels, Run, format_qrels, format_run, load_qrels, load_run, score_run
from matchmaker.evaluation.measures import Estimate
from matchmaker.evaluation.pairs import auc, bin_of_each, calibration_error, pairwise_accuracy, reliability
from matchmaker.evaluation.ranking import rank_measures
from matchmaker.evaluation.trec import MAX_LINE, parse_qrels, parse_run
from matchmaker.matching.matcher import Matcher
from worlds import small_registry

FloatArray = NDArray[np.float64]

INSTITUTES = [f"i{n}" for n in range(8)]
SCORES = st.integers(0, 10**6).map(lambda millionths: millionths / 10**6)
COARSE = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000001, 0.9, 1.0])
GRADES = st.integers(0, 3)


def judgements() -> st.SearchStrategy[Qrels]:
    grades = st.dictionaries(st.sampled_from(INSTITUTES), GRADES, min_size=1)
    return st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), grades, min_size=1)


def runs() -> st.SearchStrategy[Run]:
    scores = st.dictionaries(st.sampled_from(INSTITUTES), COARSE)
    return st.dictionaries(st.sampled_from(["a", "b", "c", "d", "e"]), scores)


# --- the naive references ---------------------------------------------------------------------------------------------


def ranked(scores: Mapping[str, float], only: Mapping[str, int] | None = None) -> list[str]:
    kept = [one for one in scores if only is None or one in only]
    return sorted(kept, key=lambda one: (-round(scores[one], 6), one))


def naive_ndcg(order: Sequence[str], grades: Mapping[str, int]) -> float:
    def gain(found: Sequence[int]) -> float:
        return math.fsum((2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(found[:10]))

    return gain([grades.get(one, 0) for one in order]) / gain(sorted(grades.values(), reverse=True))


def naive_rank_measures(order: Sequence[str], grades: Mapping[str, int]) -> dict[str, float]:
    hits = [grades.get(one, 0) >= 2 for one in order]
    n_relevant = sum(grade >= 2 for grade in grades.values())
    return {
        "MRR": 1 / (1 + hits.index(True)) if True in hits else 0.0,
        "P@1": float(hits[:1] == [True]),
        "recall@3": sum(hits[:3]) / n_relevant,
    }


def naive_auc(scores: Sequence[float], labels: Sequence[bool]) -> float:
    good = [score for score, label in zip(scores, labels, strict=True) if label]
    pairs = list(product(good, (score for score, label in zip(scores, labels, strict=True) if not label)))
    return sum((high > low) + (high == low) / 2 for high, low in pairs) / len(pairs) if pairs else math.nan


def naive_pairwise(scores: Sequence[float], grades: Sequence[int]) -> float:
    right = [
        0.5 if scores[a] == scores[b] else float((scores[a] > scores[b]) == (grades[a] > grades[b]))
        for a, b in combinations(range(len(scores)), 2)
        if grades[a] != grades[b]
    ]
    return sum(right) / len(right) if right else math.nan


def naive_ece(scores: Sequence[float], labels: Sequence[bool]) -> float:
    total = 0.0
    for at in range(10):
        inside = [n for n, score in enumerate(scores) if min(int(round(score * 10**6) // 10**5), 9) == at]
        if inside:
            gap = sum(scores[n] for n in inside) / len(inside) - sum(labels[n] for n in inside) / len(inside)
            total += len(inside) / len(scores) * abs(gap)
    return total


def same(one: float | None, other: float) -> bool:
    return math.isnan(other) if one is None else math.isclose(one, other, abs_tol=1e-9)


# --- measures ---------------------------------------------------------------------------------------------------------


@given(judgements(), runs(), st.booleans())
def test_ranking_measures_are_the_naive_ones(qrels: Qrels, run: Run, judged_only: bool) -> None:
    if not set(qrels) & set(run):
        return
    evaluation = Evaluation(qrels, run, judged_only=judged_only)
    for problem, values in evaluation.by_problem():
        grades = qrels[problem]
        order = ranked(run.get(problem, {}), grades if judged_only else None)
        assert same(values["nDCG@10"], naive_ndcg(order, grades) if max(grades.values()) else math.nan)
        is_defined = max(grades.values()) >= 2
        expected = (
            naive_rank_measures(order, grades) if is_defined else dict.fromkeys(("MRR", "P@1", "recall@3"), math.nan)
        )
        assert all(same(values[name], value) for name, value in expected.items())


@given(judgements(), runs())
def test_measures_of_all_pairs_are_the_naive_ones(qrels: Qrels, run: Run) -> None:
    if not set(qrels) & set(run):
        return
    evaluation = Evaluation(qrels, run, judged_only=True)
    found = evaluation.estimates
    pairs = [(run.get(p, {}).get(i, 0.0), grade) for p, grades in qrels.items() for i, grade in grades.items()]
    scores, labels = [round(score, 6) for score, _ in pairs], [grade >= 2 for _, grade in pairs]
    assert same(found["AUC"].value, naive_auc(scores, labels))
    assert same(found["ECE"].value, naive_ece(scores, labels))
    tops = [max((s for i, s in run.get(p, {}).items() if i in qrels[p]), default=0.0) for p in qrels]
    assert same(found["abstention"].value, naive_auc(tops, [max(qrels[p].values()) >= 2 for p in qrels]))
    assert found["AUC"].n == evaluation.n_pairs == len(pairs)
    for name, estimate in found.items():
        if estimate.value is not None:
            assert estimate.low is not None, name
            assert estimate.high is not None, name
            assert 0 <= estimate.low <= estimate.high <= 1


@given(st.lists(st.tuples(COARSE, GRADES), min_size=1))
def test_pairwise_accuracy_is_the_naive_one(pairs: list[tuple[float, int]]) -> None:
    scores, grades = zip(*pairs, strict=True)
    found = pairwise_accuracy(np.array(scores), np.array(grades, dtype=np.intp))
    expected = naive_pairwise(scores, grades)
    assert math.isnan(found) if math.isnan(expected) else math.isclose(found, expected)


@given(st.lists(st.tuples(SCORES, st.booleans()), min_size=1, max_size=40))
def test_auc_and_calibration_error_are_the_naive_ones(pairs: list[tuple[float, bool]]) -> None:
    scores, labels = zip(*pairs, strict=True)
    found, expected = auc(np.array(scores), np.array(labels)), naive_auc(scores, labels)
    assert math.isnan(found) if math.isnan(expected) else math.isclose(found, expected)
    assert math.isclose(calibration_error(np.array(scores), np.array(labels)), naive_ece(scores, labels), abs_tol=1e-9)


def test_every_tenth_opens_the_bin_above_it() -> None:
    assert bin_of_each(np.array([n / 10 for n in range(11)])).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9]
    assert bin_of_each(np.array([0.099999, 0.299999, 0.999999])).tolist() == [0, 2, 9]


def test_reliability_by_hand() -> None:
    found = reliability(np.array([0.1, 0.1, 0.9, 1.0]), np.array([False, True, True, True]))
    assert [(one.low, one.high, one.n) for one in found] == [(0.1, 0.2, 2), (0.9, 1.0, 2)]
    assert [one.share for one in found] == [0.5, 1.0]
    assert [one.score for one in found] == pytest.approx([0.1, 0.95])


QRELS: Qrels = {"p": {"x": 3, "y": 1, "z": 0}, "q": {"x": 0, "y": 0}, "r": {"x": 2, "z": 0}, "s": {"y": 1, "z": 0}}
RUN: Run = {"p": {"y": 0.9, "x": 0.6, "w": 0.95}, "q": {"x": 0.2, "y": 0.1}, "s": {"y": 0.3, "z": 0.4}}


def test_an_example_by_hand() -> None:
    found = Evaluation(QRELS, RUN, judged_only=True, problems=["p", "q", "r", "s", "t"])
    values = dict(found.by_problem())
    # p is ranked y, x: gains 1, 7 against 7, 1
    assert values["p"]["nDCG@10"] == pytest.approx((1 + 7 / math.log2(3)) / (7 + 1 / math.log2(3)))
    assert values["p"]["MRR"] == 0.5
    assert values["p"]["P@1"] == 0
    assert values["p"]["recall@3"] == 1
    assert values["p"]["pairwise"] == pytest.approx(2 / 3)  # only y before x is wrong
    assert set(values["q"].values()) == {None}  # all of one grade
    assert set(values["r"].values()) == {0}  # judged, and not in the run
    assert values["s"] == {
        "nDCG@10": pytest.approx(1 / math.log2(3)),
        "MRR": None,
        "P@1": None,
        "recall@3": None,
        "pairwise": 0,
    }
    estimates = found.estimates
    assert (estimates["nDCG@10"].n, estimates["MRR"].n, estimates["pairwise"].n) == (3, 2, 3)
    assert estimates["MRR"].value == 0.25
    assert (found.n_problems, found.n_judged, found.n_without_relevant, found.n_relevant) == (5, 4, 2, 2)
    assert estimates["judged"].value == 0.8
    assert estimates["abstention"].value == 0.5  # 0.9 and 0 against 0.2 and 0.4


def test_unjudged_institutes_take_places_unless_only_judged_ones_are_ranked() -> None:
    everything = dict(Evaluation(QRELS, RUN).by_problem())
    assert everything["p"]["MRR"] == pytest.approx(1 / 3)


def test_ties_stand_in_order_of_id_whatever_the_order_given() -> None:
    scores = {"c": 0.5, "a": 0.5000004, "b": 0.4999996}
    assert dict(Evaluation({"p": {"a": 2, "b": 0, "c": 0}}, {"p": scores}).by_problem())["p"]["MRR"] == 1
    assert dict(Evaluation({"p": {"a": 0, "b": 0, "c": 2}}, {"p": scores}).by_problem())["p"]["MRR"] == pytest.approx(
        1 / 3
    )


def test_many_scores_closer_than_float32_can_tell_keep_their_order() -> None:
    scores = {f"i{n:03}": 0.9 + n / 10**6 for n in range(200)}
    assert dict(Evaluation({"p": {"i199": 3, "i000": 0}}, {"p": scores}).by_problem())["p"]["P@1"] == 1


def test_ten_places_count_for_gains_and_three_for_recall() -> None:
    names = [f"i{n:02}" for n in range(12)]
    scores = {name: 1 - n / 100 for n, name in enumerate(names)}
    for relevant in (["i02"], ["i03"], ["i09"], ["i10"], ["i01", "i09", "i10"], ["i00", "i02", "i03", "i11"]):
        grades = {name: 3 * (name in relevant) for name in names}
        (found,) = Evaluation({"p": grades}, {"p": scores}).by_problem()
        expected = {"nDCG@10": naive_ndcg(names, grades), **naive_rank_measures(names, grades)}
        assert {name: found[1][name] for name in expected} == pytest.approx(expected)
    assert found[1]["recall@3"] == 0.5
    (last,) = Evaluation({"p": {"i10": 3, "i11": 0}}, {"p": scores}).by_problem()
    assert last[1]["nDCG@10"] == 0


def test_the_missing_package_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    with pytest.raises(MissingExtraError) as caught:
        rank_measures(QRELS, RUN, ["p"])
    remedy = "pip install 'matchmaker-techtransfer[evaluate]'"
    assert str(caught.value) == f"evaluate: measures need the package 'ir_measures'; {remedy}"


# --- the run of a matcher ---------------------------------------------------------------------------------------------


def test_a_run_holds_every_institute_for_every_problem_in_their_order() -> None:
    titles = ["水管漏水", "inspection of parts by camera", "nothing of the kind", "leak detection"]
    problems = [Problem(id=f"p{n:03}", title=titles[n % 4]) for n in range(130, 0, -1)]
    matcher = Matcher(small_registry())
    ids = [institute.id for institute in matcher.registry.institutes]
    found = score_run(matcher, problems)
    assert list(found) == [problem.id for problem in problems]
    assert found == {
        problem.id: dict(zip(ids, matcher.scores([problem])[0].tolist(), strict=True)) for problem in problems
    }


def test_a_run_of_judged_pairs_leaves_the_others_out() -> None:
    problems = [Problem(id="a", title="水管漏水"), Problem(id="b", title="leak detection")]
    matcher = Matcher(small_registry())
    whole = score_run(matcher, problems)
    assert score_run(matcher, problems, only={"a": {"beta": 0, "other": 3}}) == {
        "a": {"beta": whole["a"]["beta"]},
        "b": {},
    }


@given(judgements(), runs())
def test_the_order_of_files_changes_nothing(qrels: Qrels, run: Run) -> None:
    if not set(qrels) & set(run):
        return
    turned = {p: dict(list(grades.items())[::-1]) for p, grades in list(qrels.items())[::-1]}
    other = {p: dict(list(scores.items())[::-1]) for p, scores in list(run.items())[::-1]}
    assert Evaluation(qrels, run).estimates == Evaluation(turned, other).estimates


def test_unknown_ids_are_named_and_counted() -> None:
    found = Evaluation(QRELS, RUN, problems=["p", "q", "t"], institutes=["x", "y", "v"]).unknown
    assert found.judged_problems == ("r", "s")
    assert found.judged_institutes == ("z",)
    assert found.run_problems == ("s",)
    assert found.run_institutes == ("w", "z")
    assert found.missing_problems == ("r",)
    assert found.n_missing_pairs == 3  # p-z, r-x, r-z
    assert found.n_unjudged_pairs == 1  # p-w


def test_only_problems_that_are_there_count_as_judged() -> None:
    assert Evaluation(QRELS, RUN, problems=["p", "t"]).estimates["judged"].value == 0.5
    assert Evaluation(QRELS, RUN, problems=["p"]).estimates["judged"] == Estimate(1.0, 1.0, 1.0, 1)
    assert Evaluation(QRELS, RUN, problems=[]).estimates["judged"] == Estimate(None, None, None, 0)


def test_no_common_problem_is_an_error() -> None:
    with pytest.raises(EvaluationError) as caught:
        Evaluation(QRELS, {"other": {"x": 1.0}})
    finding = "none of the judged problems was scored"
    assert str(caught.value) == f"judgements: {finding}; check that both use the same ids"


def test_intervals_are_those_of_the_plain_bootstrap() -> None:
    random = np.random.default_rng(1)
    qrels = {f"p{n:02}": {"a": 2, "b": 0, "c": 1} for n in range(30)}
    run = {p: dict(zip("abc", random.random(3).tolist(), strict=True)) for p in qrels}
    found = Evaluation(qrels, run)
    values = found.values["nDCG@10"]
    drawn = np.random.default_rng(0).integers(0, 30, (2000, 30))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    assert (found.estimates["nDCG@10"].low, found.estimates["nDCG@10"].high) == pytest.approx((low, high))
    aucs = []
    for sample in drawn[:200]:
        pairs = [(run[f"p{n:02}"][one], qrels[f"p{n:02}"][one] >= 2) for n in sample for one in "abc"]
        aucs.append(naive_auc([score for score, _ in pairs], [label for _, label in pairs]))
    samples = found._resampled(
        np.array([np.bincount(sample, minlength=30) for sample in drawn[:200]], dtype=np.float64)
    )
    assert samples["AUC"] == pytest.approx(aucs)


def test_a_run_compared_with_itself_ties_everywhere() -> None:
    found = Evaluation(QRELS, RUN)
    for difference in found.compare(Evaluation(QRELS, RUN)).values():
        assert (difference.value, difference.low, difference.high) == (0, 0, 0)
        assert (difference.n_wins, difference.n_losses) == (0, 0)


def test_comparison_by_hand() -> None:
    better: Run = {**RUN, "p": {"x": 1.0, "y": 0.5}, "r": {"x": 0.4, "z": 0.6}}
    found = Evaluation(QRELS, better, judged_only=True).compare(Evaluation(QRELS, RUN, judged_only=True))
    assert (found["MRR"].n_wins, found["MRR"].n_ties, found["MRR"].n_losses) == (2, 0, 0)
    assert found["MRR"].value == pytest.approx((0.5 + 0.5) / 2)
    assert (found["pairwise"].n_wins, found["pairwise"].n_ties, found["pairwise"].n_losses) == (1, 2, 0)
    turned = Evaluation(QRELS, RUN, judged_only=True).compare(Evaluation(QRELS, better, judged_only=True))
    assert turned["MRR"].value == pytest.approx(-0.5)
    assert turned["MRR"].n_losses == 2


def test_runs_on_different_judgements_are_not_compared() -> None:
    with pytest.raises(ValueError, match="same judgements"):
        Evaluation(QRELS, RUN).compare(Evaluation({"p": {"x": 1}}, RUN))


def test_sweep_by_hand() -> None:
    sweep = {at.threshold: at for at in Evaluation(QRELS, RUN, judged_only=True).sweep()}
    assert list(sweep) == [round(n * 0.05, 2) for n in range(1, 20)]
    assert (sweep[0.3].n_pairs, sweep[0.3].precision, sweep[0.3].recall, sweep[0.3].n_problems) == (4, 0.25, 0.5, 2)
    assert (sweep[0.9].n_pairs, sweep[0.9].precision, sweep[0.9].recall) == (1, 0, 0)
    assert (sweep[0.95].n_pairs, sweep[0.95].precision, sweep[0.95].n_problems) == (0, None, 0)
    nobody = Evaluation({"p": {"x": 1, "y": 0}}, RUN).sweep()
    assert {at.recall for at in nobody} == {None}
    assert {at.precision for at in nobody} == {0, None}


def test_without_pairs_nothing_is_told_apart() -> None:
    nothing = np.zeros(0)
    assert math.isnan(auc(nothing, nothing.astype(np.bool_)))
    assert (calibration_error(nothing, nothing.astype(np.bool_)), reliability(nothing, nothing.astype(np.bool_))) == (
        0,
        [],
    )


# --- files ------------------------------------------------------------------------------------------------------------

IDS = st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="\ufeff"), min_size=1, max_size=8)


@given(st.dictionaries(IDS, st.dictionaries(IDS, GRADES, min_size=1), min_size=1))
def test_qrels_round_trip(qrels: Qrels) -> None:
    assert parse_qrels(format_qrels(qrels), place="here") == qrels


@given(st.dictionaries(IDS, st.dictionaries(IDS, SCORES, min_size=1), min_size=1))
def test_runs_round_trip(run: Run) -> None:
    assert parse_run(format_run(run), place="here") == run


def test_a_run_file_stands_best_first() -> None:
    lines = list(format_run({"p": {"b": 0.5, "c": 0.7, "a": 0.5}}))
    assert lines == [
        "p Q0 c 1 0.700000 matchmaker\n",
        "p Q0 a 2 0.500000 matchmaker\n",
        "p Q0 b 3 0.500000 matchmaker\n",
    ]


def test_an_id_with_a_space_cannot_stand_in_a_run() -> None:
    told = "^TREC file: the id 'a b' cannot stand in it; use ids without white space$"
    with pytest.raises(EvaluationError, match=told):
        list(format_run({"p": {"a b": 0.5}}))
    with pytest.raises(EvaluationError, match=told):
        list(format_qrels({"a b": {"p": 1}}))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("p 0 x\n", "here, line 1: 3 parts where 4 are expected; write: problem 0 institute grade"),
        ("\np 0 x 4\n", "here, line 2: '4' is not a grade; grades are 0 (none), 1 (weak), 2 (fair), 3 (strong)"),
        (f"p 0 x {'9' * 70}\n", f"here, line 1: '{'9' * 60}' is not a grade"),
        ("p 0 x -1\n", "'-1' is not a grade"),
        ("p 0 x 1.0\n", "'1.0' is not a grade"),
        ("p 0 x 1\np 0 x 2\n", "here, line 2: 'x' is judged 2 for 'p', and 1 further up"),
        ("\n \n", "here: contains no judgements"),
    ],
)
def test_faulty_qrels(text: str, fault: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        parse_qrels(text.split("\n"), place="here")
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("p 0 x 2\n", "here, line 1: 4 parts where 6 are expected"),
        ("p Q0 x 1 high me\n", "here, line 1: 'high' is not a score"),
        ("p Q0 x 1 nan me\n", "'nan' is not a score; write a number such as 0.871234"),
        (f"p Q0 x 1 {'x' * 70} me\n", f"here, line 1: '{'x' * 60}' is not a score"),
        ("p Q0 x 1 inf me\n", "'inf' is not a score"),
        ("p Q0 x 1 0.5 me\np Q0 x 2 0.4 me\n", "here, line 2: duplicate pair of 'p' and 'x'"),
        ("", "here: contains no scores"),
    ],
)
def test_faulty_runs(text: str, fault: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        parse_run(text.split("\n"), place="here")
    assert fault in str(caught.value)


def test_all_faults_are_told_up_to_twenty() -> None:
    with pytest.raises(EvaluationError) as caught:
        parse_qrels(["p 0 x 7"] * 25, place="here")
    assert len(caught.value.faults) == 21
    assert str(caught.value.faults[-1]) == "here: 5 more lines are wrong"


def test_the_same_judgement_twice_is_no_fault() -> None:
    assert parse_qrels(["p 0 x 1\n", "p\t0\tx\t1\r\n"], place="here") == {"p": {"x": 1}}


def test_files_are_read_with_a_byte_order_mark_and_faults_name_them(tmp_path: Path) -> None:
    path = tmp_path / "qrels.txt"
    path.write_bytes("\ufeffp 0 甲 2\n".encode())
    assert load_qrels(path) == {"p": {"甲": 2}}
    path.write_bytes(b"p 0 x 2\np 0 \xff 1\n")
    with pytest.raises(EvaluationError, match=r"qrels\.txt, line 2: is not UTF-8 text"):
        load_qrels(path)
    path.write_bytes(b"p 0 x 2\np 0 " + b"x" * MAX_LINE)
    with pytest.raises(EvaluationError) as caught:
        load_qrels(path)
    finding = "a line of more than 100,000 bytes; name a TREC file, which has a line for each pair"
    assert str(caught.value) == f"{path}, line 2: {finding}"
    with pytest.raises(EvaluationError, match=r"run\.txt: no such file"):
        load_run(tmp_path / "run.txt")
