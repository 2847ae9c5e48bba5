"""Cases, referrals and judgements in a ledger: the same tests in SQLite and in PostgreSQL."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from matchmaker.domain import Case, Problem, Requirements
from matchmaker.errors import LedgerError
from matchmaker.ledger.cases import (
    add_cases,
    all_cases,
    delete_case,
    find_case,
    list_cases,
    restore_case,
    search_cases,
)
from matchmaker.ledger.judgements import (
    add_judgement,
    default_seed,
    list_judgements,
    lower_median,
    merge_judgements,
    pairs_of,
    shuffle_candidates,
)
from matchmaker.ledger.referrals import (
    NEXT,
    OPEN,
    REASONS,
    STATES,
    Grounds,
    Referral,
    Solution,
    State,
    change_state,
    due_referrals,
    find_referral,
    list_changes,
    list_referrals,
    open_referral,
)
from matchmaker.ledger.stats import MIN_FOR_SHARE, compute_stats, stats_object, stats_rows
from matchmaker.ledger.store import Ledger, Stamp, open_ledger

START = datetime(2026, 3, 1, 8, 0, 0, tzinfo=UTC)
LEAK = Problem(id="P-1", title="供水管网漏损", description="找不到漏点。", enterprise="示例水务有限公司")
VISION = Problem(id="P-2", title="Surface defects", description="Found too late.", industry="electronics")
WHOLE = Problem(
    id="P-3",
    title="轴承异响",
    description="高速时。\n低速时没有。",
    enterprise="示例机械厂",
    industry="机械",
    region="南沙",
    targets=("噪声≤60 dB", "寿命 2 年"),
    conditions=("不停机",),
    tried="换过油",
    cooperation=("委托开发",),
    budget_cny=500_000.5,
    deadline=date(2027, 1, 31),
    keywords=("轴承", "bearing"),
    exclude=("beta",),
    require=Requirements(own=True, place="广州"),
)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(target: str, clock: Clock) -> Iterator[Ledger]:
    with open_ledger(target, create=True, now=clock) as opened:
        yield opened


def case_of(problem: Problem = LEAK, *institutes: str, **fields: object) -> Case:
    return Case.model_validate({"problem": problem, "institutes": institutes or ("alpha",), "year": 2024, **fields})


def refusal(error: pytest.ExceptionInfo[LedgerError]) -> str:
    return str(error.value)


# --- cases ------------------------------------------------------------------------------------------------------------


def test_a_case_comes_back_as_it_was_added(ledger: Ledger) -> None:
    full = case_of(
        WHOLE,
        "beta",
        "alpha",
        capability="beta-data",
        outcome="partly",
        benefit_cny=1_234_567.89,
        source="https://example.org/case",
        note="夜间试验",
    )
    answers = add_cases(ledger, [full, case_of(LEAK)], by="张三")
    assert [(one.kind, one.id, one.fault) for one in answers] == [("added", "C-1", None), ("added", "C-2", None)]
    kept = find_case(ledger, "C-1")
    assert kept.case == full.model_copy(update={"id": "C-1"})
    assert kept.created == kept.changed == Stamp("2026-03-01T08:00:00Z", "张三")
    assert kept.deleted is None
    assert [one.case.id for one in list_cases(ledger)] == ["C-1", "C-2"]


def test_adding_the_same_again_adds_nothing(ledger: Ledger) -> None:
    add_cases(ledger, [case_of(LEAK), case_of(VISION)], by="a")
    traditional = LEAK.model_copy(update={"id": "other", "title": "供水管網 漏損", "description": " 找不到漏点。 "})
    answers = add_cases(ledger, [case_of(traditional), case_of(VISION), case_of(VISION)], by="b")
    assert [(one.kind, one.id) for one in answers] == [("there", "C-1"), ("there", "C-2"), ("there", "C-2")]
    assert len(list_cases(ledger)) == 2


def test_the_same_twice_in_one_go_is_one(ledger: Ledger) -> None:
    answers = add_cases(ledger, [case_of(LEAK), case_of(LEAK)], by="a")
    assert [(one.kind, one.id) for one in answers] == [("added", "C-1"), ("there", "C-1")]


def test_other_institutes_or_another_year_make_another_case(ledger: Ledger) -> None:
    others = [case_of(LEAK), case_of(LEAK, "beta"), case_of(LEAK, year=2025), case_of(LEAK, "alpha", "beta")]
    assert [one.kind for one in add_cases(ledger, others, by="a")] == ["added"] * 4
    assert add_cases(ledger, [case_of(LEAK, "beta", "alpha")], by="a")[0].kind == "differs"  # who leads is a difference


def test_other_values_leave_the_case_as_it_was_and_are_told(ledger: Ledger) -> None:
    add_cases(ledger, [case_of(LEAK, benefit_cny=1.0)], by="a")
    answer = add_cases(ledger, [case_of(LEAK, benefit_cny=2.0)], by="a", places=["file.csv, line 3"])[0]
    assert (answer.kind, answer.id) == ("differs", "C-1")
    assert str(answer.fault).startswith("file.csv, line 3: case C-1 already exists with other values")
    assert find_case(ledger, "C-1").case.benefit_cny == 1.0


def test_an_id_of_its_own_is_kept_and_never_given_twice(ledger: Ledger) -> None:
    first = [case_of(LEAK, id="C-2"), case_of(VISION), case_of(WHOLE, id="案例 7")]
    assert [one.id for one in add_cases(ledger, first, by="a")] == ["C-2", "C-2-2", "案例 7"]
    answer = add_cases(ledger, [case_of(LEAK, year=1999, id="案例 7")], by="a")[0]
    assert (answer.kind, answer.id) == ("refused", "案例 7")
    assert "another case has the id '案例 7'" in str(answer.fault)
    assert len(list_cases(ledger)) == 3


def test_deleting_marks_and_restoring_takes_the_mark_away(ledger: Ledger, clock: Clock) -> None:
    add_cases(ledger, [case_of(LEAK), case_of(VISION)], by="a")
    clock.move(days=1)
    assert delete_case(ledger, "C-1", by="b").deleted == Stamp("2026-03-02T08:00:00Z", "b")
    assert [one.case.id for one in list_cases(ledger)] == ["C-2"]
    assert [one.case.id for one in list_cases(ledger, deleted=True)] == ["C-1"]
    assert [one.case.id for one in all_cases(ledger)] == ["C-1", "C-2"]
    with pytest.raises(LedgerError, match="case C-1 is deleted already"):
        delete_case(ledger, "C-1", by="b")
    kept = restore_case(ledger, "C-1", by="c")
    assert (kept.deleted, kept.changed.by, kept.created.by) == (None, "c", "a")
    with pytest.raises(LedgerError, match="case C-1 is not deleted"):
        restore_case(ledger, "C-1", by="c")


def test_what_was_deleted_does_not_come_back_with_the_same_file(ledger: Ledger) -> None:
    add_cases(ledger, [case_of(LEAK)], by="a")
    delete_case(ledger, "C-1", by="a")
    answer = add_cases(ledger, [case_of(LEAK)], by="a")[0]
    assert (answer.kind, answer.id) == ("deleted", "C-1")
    assert "cases restore C-1" in str(answer.fault)
    assert add_cases(ledger, [case_of(LEAK, note="corrected")], by="a")[0].kind == "added"
    with pytest.raises(LedgerError, match="case C-1 was added again as C-2; delete C-2 first"):
        restore_case(ledger, "C-1", by="a")


@pytest.mark.parametrize("change", [delete_case, restore_case])
def test_an_unknown_id_is_told(ledger: Ledger, change: object) -> None:
    with pytest.raises(LedgerError, match="no case has the id 'C-9'; see: matchmaker cases list"):
        change(ledger, "C-9", by="a")  # type: ignore[operator]
    with pytest.raises(LedgerError, match="no case has the id"):
        find_case(ledger, "C-9")


def test_cases_are_listed_by_institute_outcome_and_year(ledger: Ledger) -> None:
    cases = [
        case_of(LEAK, "alpha", "beta"),
        case_of(VISION, "beta", outcome="failed"),
        case_of(WHOLE, "gone", year=None),
    ]
    add_cases(ledger, cases, by="a")
    assert [one.case.id for one in list_cases(ledger, institute="beta")] == ["C-1", "C-2"]
    assert [one.case.id for one in list_cases(ledger, outcome="failed")] == ["C-2"]
    assert [one.case.id for one in list_cases(ledger, year=2024, institute="alpha")] == ["C-1"]
    assert [one.case.id for one in list_cases(ledger, institute="gone")] == ["C-3"]
    assert list_cases(ledger, institute="nobody") == []


def test_search_finds_all_words_in_any_script(ledger: Ledger) -> None:
    add_cases(ledger, [case_of(LEAK), case_of(VISION, note="ＡＢＣ 项目"), case_of(WHOLE)], by="a")
    assert [one.case.id for one in search_cases(ledger, "管網 漏點")] == ["C-1"]
    assert [one.case.id for one in search_cases(ledger, "SURFACE abc")] == ["C-2"]
    assert [one.case.id for one in search_cases(ledger, "示例")] == ["C-1", "C-3"]
    assert search_cases(ledger, "管网 defects") == []


def test_many_cases_in_one_go(ledger: Ledger) -> None:
    many = [case_of(LEAK.model_copy(update={"title": f"难题 {n}"})) for n in range(1_200)]
    assert {one.kind for one in add_cases(ledger, many, by="a")} == {"added"}
    assert {one.kind for one in add_cases(ledger, many, by="a")} == {"there"}
    assert [one.case.id for one in list_cases(ledger)] == [f"C-{n + 1}" for n in range(1_200)]


def test_nothing_to_add_is_no_write(ledger: Ledger) -> None:
    before = ledger.identity()
    assert add_cases(ledger, [], by="a") == []
    assert ledger.identity() == before


def test_the_revision_grows_with_every_write_and_with_no_read(ledger: Ledger) -> None:
    uuid, start, _ = ledger.identity()
    add_cases(ledger, [case_of(LEAK)], by="a")
    open_referral(ledger, LEAK, "alpha", by="a")
    add_judgement(ledger, LEAK, "alpha", 3, judge="a")
    list_cases(ledger)
    assert ledger.identity()[:2] == (uuid, start + 3)


# --- referrals --------------------------------------------------------------------------------------------------------


def brought_to(ledger: Ledger, state: State, problem: Problem = LEAK) -> Referral:
    """A referral in a state, by the shortest way."""
    referral = open_referral(ledger, problem, "alpha", by="a")
    if state == "declined":
        return change_state(ledger, referral, "declined", by="a", reason="price")
    while referral.state != state:
        referral = change_state(ledger, referral, NEXT[referral.state][0], by="a")
    return referral


def test_a_referral_keeps_who_changed_what_when(ledger: Ledger, clock: Clock) -> None:
    grounds = Grounds("alpha-water", 0.83, "strong", "sha256:1", "sha256:2")
    referral = open_referral(ledger, LEAK, "alpha", by="张三", note="电话", grounds=grounds)
    assert (referral.id, referral.state, referral.version, referral.grounds) == ("R-1", "proposed", 1, grounds)
    assert referral.problem == LEAK
    for state in ("contacted", "visited", "signed", "solved"):
        clock.move(days=2)
        referral = change_state(ledger, referral, state, by="李四", note=state)
    steps = list_changes(ledger, referral)
    assert [step.state for step in steps] == ["proposed", "contacted", "visited", "signed", "solved"]
    assert [step.before for step in steps] == [None, "proposed", "contacted", "visited", "signed"]
    assert [step.note for step in steps] == ["电话", "contacted", "visited", "signed", "solved"]
    assert steps[0].stamp == Stamp("2026-03-01T08:00:00Z", "张三")
    assert steps[4].stamp == referral.changed == Stamp("2026-03-09T08:00:00Z", "李四")


@pytest.mark.parametrize("wanted", STATES)
@pytest.mark.parametrize("state", STATES)
def test_every_change_that_is_not_allowed_is_refused_and_the_allowed_ones_named(
    ledger: Ledger, state: State, wanted: State
) -> None:
    referral = brought_to(ledger, state)
    reason = "ip" if wanted == "declined" else None
    if wanted in NEXT[state]:
        assert change_state(ledger, referral, wanted, by="a", reason=reason).state == wanted  # type: ignore[arg-type]
        return
    with pytest.raises(LedgerError) as error:
        change_state(ledger, referral, wanted, by="a", reason=reason)  # type: ignore[arg-type]
    assert f"{referral.id}: is {state} and cannot become {wanted}" in refusal(error)
    expected = f"it may become: {', '.join(NEXT[state])}" if NEXT[state] else "it is closed"
    assert expected in refusal(error)
    assert find_referral(ledger, "1") == referral


def test_only_declined_takes_a_reason_and_it_must(ledger: Ledger) -> None:
    referral = open_referral(ledger, LEAK, "alpha", by="a")
    with pytest.raises(LedgerError, match="declined needs a reason; the reasons are: too-early, no-capacity"):
        change_state(ledger, referral, "declined", by="a")
    with pytest.raises(LedgerError, match="only declined takes a reason"):
        change_state(ledger, referral, "contacted", by="a", reason="price")
    with pytest.raises(LedgerError, match="only solved takes a benefit"):
        change_state(ledger, referral, "contacted", by="a", solution=Solution(benefit_cny=1.0))
    for number, reason in enumerate(REASONS, 1):
        one = open_referral(ledger, LEAK.model_copy(update={"id": str(number)}), "alpha", by="a")
        assert change_state(ledger, one, "declined", by="a", reason=reason).reason == reason


def test_of_two_who_change_a_referral_at_once_one_is_told(ledger: Ledger) -> None:
    mine = theirs = open_referral(ledger, LEAK, "alpha", by="a")
    change_state(ledger, theirs, "declined", by="李四", reason="price", note="太贵")
    with pytest.raises(LedgerError) as error:
        change_state(ledger, mine, "contacted", by="张三")
    assert "R-1: was changed meanwhile: 李四 made it declined at 2026-03-01T08:00:00Z; nothing was written" in refusal(
        error
    )
    assert [step.state for step in list_changes(ledger, mine)] == ["proposed", "declined"]


def test_a_problem_is_referred_to_an_institute_once_at_a_time(ledger: Ledger) -> None:
    first = open_referral(ledger, LEAK, "alpha", by="a")
    with pytest.raises(LedgerError, match="R-1 already refers this problem to 'alpha'"):
        open_referral(ledger, LEAK, "alpha", by="a")
    assert open_referral(ledger, LEAK, "beta", by="a").id == "R-2"
    change_state(ledger, first, "declined", by="a", reason="too-early")
    assert open_referral(ledger, LEAK, "alpha", by="a").id == "R-3"


def test_solved_writes_a_case(ledger: Ledger) -> None:
    referral = brought_to(ledger, "signed", WHOLE)
    solved = change_state(ledger, referral, "solved", by="b", solution=Solution(2025, 3e6, "年报"), note="验收")
    assert solved.case == "C-1"
    case = find_case(ledger, "C-1").case
    assert case == Case(
        id="C-1",
        problem=WHOLE,
        institutes=("alpha",),
        outcome="solved",
        year=2025,
        benefit_cny=3e6,
        source="年报",
        note="验收",
        referral="R-1",
    )


def test_solved_takes_the_case_that_is_there_already(ledger: Ledger) -> None:
    add_cases(ledger, [case_of(LEAK, year=2026, source="by hand")], by="a")
    solved = brought_to(ledger, "solved", LEAK)
    assert solved.case == "C-1"
    case = find_case(ledger, "C-1").case
    assert (case.source, case.referral) == ("by hand", "R-1")
    again = brought_to(ledger, "solved", LEAK)
    assert (again.id, again.case) == ("R-2", "C-2")


def test_the_year_of_a_case_is_that_of_the_clock(ledger: Ledger) -> None:
    solved = brought_to(ledger, "solved")
    assert find_case(ledger, str(solved.case)).case.year == 2026


def test_referrals_are_found_by_id_state_and_institute(ledger: Ledger) -> None:
    brought_to(ledger, "visited")
    open_referral(ledger, VISION, "beta", by="a")
    assert [one.id for one in list_referrals(ledger)] == ["R-1", "R-2"]
    assert [one.id for one in list_referrals(ledger, states=("visited",))] == ["R-1"]
    assert [one.id for one in list_referrals(ledger, states=OPEN, institute="beta")] == ["R-2"]
    assert find_referral(ledger, "r-2").institute == "beta"
    for wrong in ("R-3", "x", "", "-1", "²", "99999999999999"):
        with pytest.raises(LedgerError, match="no referral has the id"):
            find_referral(ledger, wrong)


def test_due_lists_what_has_not_moved_the_longest_first(ledger: Ledger, clock: Clock) -> None:
    open_referral(ledger, LEAK, "alpha", by="a")
    clock.move(days=10)
    open_referral(ledger, LEAK, "beta", by="a")
    brought_to(ledger, "declined", VISION)
    clock.move(days=20, hours=-1)
    assert [(one.id, days) for one, days in due_referrals(ledger, 0)] == [("R-1", 29), ("R-2", 19)]
    assert [one.id for one, _ in due_referrals(ledger, 29)] == ["R-1"]
    assert due_referrals(ledger, 30) == []


def test_a_clock_set_back_breaks_no_order(ledger: Ledger, clock: Clock) -> None:
    referral = open_referral(ledger, LEAK, "alpha", by="a")
    add_cases(ledger, [case_of(LEAK)], by="a")
    clock.move(days=-400)
    referral = change_state(ledger, referral, "contacted", by="a")
    referral = change_state(ledger, referral, "visited", by="a")
    open_referral(ledger, VISION, "alpha", by="a")
    add_cases(ledger, [case_of(VISION)], by="a")
    assert [step.state for step in list_changes(ledger, referral)] == ["proposed", "contacted", "visited"]
    assert [one.id for one in list_referrals(ledger)] == ["R-1", "R-2"]
    assert [one.case.id for one in list_cases(ledger)] == ["C-1", "C-2"]
    clock.move(days=-1)  # both were changed in what is now the future
    assert [days for _, days in due_referrals(ledger, 0)] == [0, 0]


# --- judgements -------------------------------------------------------------------------------------------------------


def test_the_latest_judgement_of_a_judge_counts(ledger: Ledger) -> None:
    add_judgement(ledger, LEAK, "alpha", 1, judge="a")
    add_judgement(ledger, LEAK, "alpha", 0, judge="b", blind=True, seed=7)
    add_judgement(ledger, LEAK, "alpha", 3, judge="a")
    counting = list_judgements(ledger)
    assert [(one.judge, one.grade, one.blind, one.seed) for one in counting] == [
        ("b", 0, True, 7),
        ("a", 3, False, None),
    ]
    assert [one.grade for one in list_judgements(ledger, counting=False)] == [1, 0, 3]
    assert [one.grade for one in list_judgements(ledger, judge="a")] == [3]
    assert counting[0].problem == LEAK


def test_a_grade_is_0_to_3(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="a grade is 0, 1, 2 or 3, not 4"):
        add_judgement(ledger, LEAK, "alpha", 4, judge="a")


def test_several_judges_give_the_lower_median(ledger: Ledger) -> None:
    for judge, grade in (("a", 3), ("b", 1), ("c", 2)):
        add_judgement(ledger, LEAK, "alpha", grade, judge=judge)
    add_judgement(ledger, LEAK, "beta", 2, judge="a")
    add_judgement(ledger, LEAK, "beta", 3, judge="b")
    together = merge_judgements(list_judgements(ledger))
    assert together.qrels == {"P-1": {"alpha": 2, "beta": 2}}
    assert together.problems == (LEAK,)
    assert [lower_median(grades) for grades in ([0], [0, 3], [1, 2, 3, 3], [3, 0, 1])] == [0, 0, 2, 1]


def test_problems_that_share_an_id_are_told_apart(ledger: Ledger) -> None:
    other = LEAK.model_copy(update={"title": "另一个"})
    spaced = VISION.model_copy(update={"id": "a b"})
    for problem in (LEAK, other, spaced, WHOLE):
        add_judgement(ledger, problem, "alpha", 2, judge="a")
    together = merge_judgements(list_judgements(ledger))
    ids = list(together.qrels)
    assert len(set(ids)) == 4
    assert ids == [problem.id for problem in together.problems]
    assert ids[0].startswith("P-1-")
    assert ids[2].startswith("a-b-")
    assert ids[3] == "P-3"


def test_pairs_are_those_that_both_judges_graded(ledger: Ledger) -> None:
    for judge, problem, institute, grade in (
        ("a", LEAK, "alpha", 3),
        ("b", LEAK, "alpha", 2),
        ("a", LEAK, "beta", 0),
        ("b", VISION, "beta", 1),
        ("a", VISION, "beta", 1),
        ("a", VISION, "beta", 2),
    ):
        add_judgement(ledger, problem, institute, grade, judge=judge)
    assert [pair[1:] for pair in pairs_of(list_judgements(ledger), "a", "b")] == [(3, 2), (2, 1)]


def test_the_blind_order_hangs_on_the_seed_alone() -> None:
    best, others = ["a", "b", "c"], ["d", "e", "f", "g"]
    found = shuffle_candidates(best, others, 2, seed=5)
    assert sorted(found)[:3] == best
    assert len(found) == 5
    assert found == shuffle_candidates(best[::-1], others[::-1], 2, seed=5)
    assert len({tuple(shuffle_candidates(best, others, 2, seed=seed)) for seed in range(50)}) > 25
    assert len(shuffle_candidates(best, others, 9, seed=1)) == 7
    assert default_seed(LEAK, "a") == default_seed(LEAK, "a") != default_seed(LEAK, "b")


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_numbers_of_an_empty_ledger(ledger: Ledger) -> None:
    found = compute_stats(ledger)
    assert (found.total.n, found.by_institute, found.by_year, found.reasons) == (0, (), (), ())
    assert [(step.n, step.of, step.share) for step in found.funnel] == [(0, 0, None)] * 5
    assert (found.days_to_signed, found.n_open, found.n_declined) == (None, 0, 0)


def test_cases_by_institute_and_year(ledger: Ledger) -> None:
    cases = [
        case_of(LEAK, "alpha", "beta", benefit_cny=10.5),
        case_of(VISION, "beta", outcome="failed", year=None),
        case_of(WHOLE, "beta", outcome="partly", year=2023, benefit_cny=5.0),
        case_of(LEAK.model_copy(update={"title": "deleted"}), "alpha", benefit_cny=99.0),
    ]
    add_cases(ledger, cases, by="a")
    delete_case(ledger, "C-4", by="a")
    found = compute_stats(ledger)
    assert (found.total.n, found.total.benefit_cny, found.total.n_with_benefit) == (3, 15.5, 2)
    assert found.total.outcomes == {"solved": 1, "partly": 1, "failed": 1}
    assert [(one.key, one.n, one.benefit_cny) for one in found.by_institute] == [("beta", 3, 15.5), ("alpha", 1, 10.5)]
    assert [(one.key, one.n) for one in found.by_year] == [("2023", 1), ("2024", 1), (None, 1)]
    assert compute_stats(ledger, year=2023).total.n == 1
    assert compute_stats(ledger, institute="alpha").total.n == 1


def test_sums_of_benefits_stay_finite(ledger: Ledger) -> None:
    add_cases(ledger, [case_of(LEAK, benefit_cny=1e308), case_of(VISION, benefit_cny=1e308)], by="a")
    found = compute_stats(ledger)
    assert math.isfinite(found.total.benefit_cny)
    assert json.loads(json.dumps(stats_object(found), allow_nan=False))["cases"]["with_benefit"] == 2


def test_texts_with_half_a_character_are_kept_and_asked_for(ledger: Ledger) -> None:
    half = "李\udcff"
    add_cases(ledger, [case_of(LEAK)], by=half)
    assert find_case(ledger, "C-1").created.by == "李\\udcff"
    assert list_cases(ledger, institute=half) == []
    referral = open_referral(ledger, VISION, half, by=half, note=half)
    assert change_state(ledger, referral, "declined", by=half, reason="price", note=half).changed.by == "李\\udcff"
    assert len(list_referrals(ledger, institute=half)) == 1
    add_judgement(ledger, VISION, half, 3, judge=half)
    assert len(list_judgements(ledger, judge=half)) == 1
    with pytest.raises(LedgerError, match="no case has the id"):
        find_case(ledger, half)


def test_the_funnel_counts_what_was_reached_whatever_came_later(ledger: Ledger, clock: Clock) -> None:
    problems = [LEAK.model_copy(update={"id": f"P-{n}"}) for n in range(MIN_FOR_SHARE)]
    for problem, days in zip(problems[:3], (4, 10, 6), strict=True):
        referral = brought_to(ledger, "visited", problem)
        clock.move(days=days)
        change_state(ledger, referral, "signed", by="a")
    for number, problem in enumerate(problems[3:]):
        referral = brought_to(ledger, "contacted", problem)
        if number:
            change_state(ledger, referral, "declined", by="a", reason="no-answer")
    change_state(ledger, find_referral(ledger, "R-1"), "declined", by="a", reason="price")
    found = compute_stats(ledger)
    assert [(step.state, step.n, step.share) for step in found.funnel] == [
        ("proposed", 5, 1.0),
        ("contacted", 5, 1.0),
        ("visited", 3, 0.6),
        ("signed", 3, 0.6),
        ("solved", 0, 0.0),
    ]
    assert (found.n_open, found.n_declined) == (3, 2)
    assert found.reasons == (("no-answer", 1), ("price", 1))
    assert (found.days_to_signed, found.n_signed, found.n_backwards) == (6.0, 3, 0)


def test_no_share_of_fewer_than_five(ledger: Ledger) -> None:
    brought_to(ledger, "contacted")
    assert {step.share for step in compute_stats(ledger).funnel} == {None}
    assert [(step.n, step.of) for step in compute_stats(ledger).funnel][:3] == [(1, 1), (1, 1), (0, 1)]


def test_a_time_that_ran_backwards_is_not_counted(ledger: Ledger, clock: Clock) -> None:
    first = brought_to(ledger, "visited")
    second = brought_to(ledger, "visited", VISION)
    clock.move(days=3)
    change_state(ledger, first, "signed", by="a")
    clock.move(days=-30)
    change_state(ledger, second, "signed", by="a")
    found = compute_stats(ledger)
    assert (found.days_to_signed, found.n_signed, found.n_backwards) == (3.0, 1, 1)


def test_numbers_as_data_and_as_rows_say_the_same(ledger: Ledger) -> None:
    add_cases(ledger, [case_of(LEAK, benefit_cny=1e4)], by="a")
    brought_to(ledger, "declined", VISION)
    found = compute_stats(ledger)
    data = stats_object(found)
    assert data["cases"] == {"n": 1, "solved": 1, "partly": 0, "failed": 0, "benefit_cny": 1e4, "with_benefit": 1}
    assert data["by_year"] == [{"year": 2024, **data["cases"]}]
    rows = stats_rows(found)
    assert ("institute", "alpha", "benefit_cny", "10000") in rows
    assert ("declined", "price", "n", "1") in rows
    assert ("funnel", "proposed", "of", "1") in rows
