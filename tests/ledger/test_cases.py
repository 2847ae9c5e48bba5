"""What earlier problems say of institutes: closeness, weights, age, and the score with and without them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from math import exp
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.domain import Capability, Institute, Precedent, Problem, Registry, Shortlist, Text
from matchmaker.matching.cases import CaseSimilarity, compile_cases
from matchmaker.matching.encoder import encoder
from matchmaker.matching.lexical import LexicalSimilarity, compile_lexical
from matchmaker.matching.matcher import Matcher
from matchmaker.matching.postings import strings_from
from matchmaker.matching.profiles import Statement
from matchmaker.matching.rarity import background
from matchmaker.matching.semantic import SemanticSimilarity, compile_semantic
from matchmaker.matching.settings import Cases, Discounts, Settings, Weights
from matchmaker.matching.similarity import read_chunk
from matchmaker.runs.workers import match_all
from matchmaker.text import normalise, prepare, terms
from worlds import small_registry, table_of

LEAK = "供水管网漏损检测\n夜间流量大，铸铁管老旧，找不到漏水点。"
DEFECT = "电池极片表面缺陷检测\n人工目检漏判多，要机器视觉在线检出划痕。"
PIGLET = "断奶仔猪腹泻\n停用抗生素后死淘率升高。"
TODAY = date(2026, 11, 22)
LATER = Problem(id="q", title="自来水管道漏水点定位", description="管网夜间流量偏大，找不到漏水点。")


def precedent(id_: str, text: str, *institutes: str, outcome: str = "solved", day: date | None = None) -> Precedent:
    title = text.partition("\n")[0]
    return Precedent(id=id_, title=title, text=text, institutes=institutes, outcome=outcome, day=day)


def similarity(
    *blocks: Sequence[Precedent],
    institutes: Sequence[str] = ("alpha", "beta", "centre"),
    settings: Settings | None = None,
    as_of: date = TODAY,
) -> CaseSimilarity:
    compiled = [compile_cases(block, background(), encoder()) for block in blocks]
    return CaseSimilarity(
        compiled,
        institutes,
        settings or Settings(),
        as_of=as_of,
        name="test",
    )


def matcher(*precedents: Precedent, as_of: date = TODAY, settings: Settings | None = None) -> Matcher:
    return Matcher(small_registry(), settings, cases=similarity(precedents, as_of=as_of, settings=settings))


def of(shortlist: Shortlist, institute: str) -> float:
    return next(match.score for match in shortlist.matches if match.institute == institute)


def reference(problem: Problem, text: str) -> float:
    """The closeness of two problems, by the similarities themselves."""
    normalised = normalise(text)
    said = [[Statement(text, normalised, terms(normalised), "zh", is_keyword=False, inferred=False)]]
    chunk = read_chunk([prepare(problem.text)])
    lexical = LexicalSimilarity(compile_lexical(said, background(), inferred_weight=1.0)).read(chunk)
    semantic = SemanticSimilarity(compile_semantic(said, encoder(), inferred_weight=1.0)).read(chunk)
    odds = -3.714 + 2.223 * float(table_of(lexical, 1, 1)[0, 0]) ** 0.5
    odds += 6.577 * float(table_of(semantic, 1, 1)[0, 0])
    return 1 / (1 + exp(-odds))


def test_closeness_is_the_score_of_the_earlier_text() -> None:
    found = matcher(precedent("C-1", LEAK, "alpha"), precedent("C-2", DEFECT, "beta")).match([LATER])[0]
    alpha = next(match for match in found.matches if match.institute == "alpha")
    (reason,) = [reason for reason in alpha.reasons if reason.kind == "case"]
    assert reason.similarity == pytest.approx(reference(LATER, LEAK), abs=1e-5)
    assert (reason.term, reason.outcome) == ("C-1 供水管网漏损检测", "solved")
    assert alpha.similarities["cases"] == reason.similarity


def test_a_solved_problem_raises_and_a_declined_one_lowers() -> None:
    settings = Settings(weights=Weights(samples=0))  # far from 1, where six decimals of a score say little of its odds
    known = [
        precedent("C-1", LEAK, "alpha"),
        precedent("C-1", LEAK, "alpha", outcome="partly"),
        precedent("R-1", LEAK, "alpha", outcome="wrong-field", day=TODAY),
    ]
    without = Matcher(small_registry(), settings).match([LATER])[0]
    solved, partly, declined = (matcher(one, settings=settings).match([LATER])[0] for one in known)
    assert of(declined, "alpha") < of(without, "alpha") < of(partly, "alpha") < of(solved, "alpha")
    closeness = reference(LATER, LEAK)
    odds = [np.log(of(one, "alpha") / (1 - of(one, "alpha"))) for one in (declined, without, partly, solved)]
    assert np.diff(odds) == pytest.approx([0.5 * closeness, 0.25 * closeness, 0.25 * closeness], abs=1e-4)


@pytest.mark.parametrize("reason", ["too-early", "no-capacity", "price", "ip", "no-answer", "conflict", "other", "new"])
def test_what_says_nothing_of_the_field_is_named_and_lowers_nothing(reason: str) -> None:
    without = Matcher(small_registry()).match([LATER])[0]
    known = [precedent("R-1", LEAK, "alpha", outcome=reason, day=TODAY), precedent("C-1", DEFECT, "alpha")]
    found = matcher(*known).match([LATER])[0]
    assert of(found, "alpha") == of(without, "alpha")
    alpha = next(match for match in found.matches if match.institute == "alpha")
    assert [(one.term[:3], one.outcome) for one in alpha.reasons if one.kind == "case"] == [("R-1", reason)]
    assert alpha.similarities["cases"] == 0.0


def test_solved_against_and_not_counted_are_named_side_by_side() -> None:
    known = [
        precedent("R-1", LEAK, "alpha", outcome="no-capacity", day=TODAY),
        precedent("R-2", LEAK, "alpha", outcome="wrong-field", day=TODAY),
        precedent("C-1", LEAK, "alpha"),
        precedent("C-2", LEAK, "alpha", outcome="failed"),
    ]
    found = matcher(*known).match([LATER])[0]
    alpha = next(match for match in found.matches if match.institute == "alpha")
    assert [one.term[:3] for one in alpha.reasons if one.kind == "case"] == ["C-1", "R-2", "R-1"]


def test_an_institute_without_cases_loses_nothing() -> None:
    without = Matcher(small_registry()).match([LATER])[0]
    found = matcher(precedent("C-1", LEAK, "alpha")).match([LATER])[0]
    beta = next(match for match in found.matches if match.institute == "beta")
    assert beta.similarities["cases"] is None
    assert of(found, "beta") == of(without, "beta")


def test_cases_that_are_not_close_count_nothing() -> None:
    found = matcher(precedent("C-1", PIGLET, "alpha")).match([LATER])[0]
    alpha = next(match for match in found.matches if match.institute == "alpha")
    assert alpha.similarities["cases"] == 0.0
    assert alpha.score == of(Matcher(small_registry()).match([LATER])[0], "alpha")
    assert not [reason for reason in alpha.reasons if reason.kind == "case"]


def test_a_declined_referral_counts_half_after_two_years_and_a_case_stays() -> None:
    chunk = read_chunk([prepare(LATER.text)])
    lowered = [
        similarity([precedent("R-1", LEAK, "alpha", outcome="wrong-field", day=day)])
        .compare(chunk.counts, chunk.words)[0]
        .added[0]
        for day in (TODAY, date(2024, 11, 22), date(2022, 11, 22), date(2027, 5, 1))
    ]
    assert lowered[0] < 0
    assert lowered[1] / lowered[0] == pytest.approx(0.5, abs=1e-3)
    assert lowered[2] / lowered[0] == pytest.approx(0.25, abs=1e-3)
    assert lowered[3] == lowered[0]  # the clock was set back: not in the future, but now
    old = matcher(precedent("C-1", LEAK, "alpha", day=date(2001, 12, 31))).match([LATER])[0]
    new = matcher(precedent("C-1", LEAK, "alpha", day=TODAY)).match([LATER])[0]
    assert of(old, "alpha") == of(new, "alpha")


def test_of_two_that_are_as_close_the_first_one_is_named() -> None:
    first, second = precedent("C-1", LEAK, "alpha"), precedent("C-2", LEAK, "alpha")
    for known in ((first, second), (second, first)):
        found = matcher(*known).match([LATER])[0]
        alpha = next(match for match in found.matches if match.institute == "alpha")
        assert [reason.term[:3] for reason in alpha.reasons if reason.kind == "case"] == [known[0].id]


def test_the_arrays_of_earlier_problems_are_narrow_and_their_titles_whole() -> None:
    compiled = compile_cases(
        [precedent("C-1", LEAK, "alpha"), precedent("C-2", "a\0b", "beta")], background(), encoder()
    )
    assert [str(compiled[f"semantic.{name}"].dtype) for name in ("texts", "shares")] == ["int16", "uint16"]
    assert compiled["semantic.places"].dtype == np.int32
    assert strings_from(compiled["titles"]) == ["供水管网漏损检测", "a b"]


def test_an_institute_that_left_the_registry_is_passed_over() -> None:
    found = matcher(precedent("C-1", LEAK, "gone", "beta")).match([LATER])[0]
    assert of(found, "alpha") == of(Matcher(small_registry()).match([LATER])[0], "alpha")
    assert next(match for match in found.matches if match.institute == "beta").similarities["cases"] is not None


def test_blocks_and_batches_change_nothing() -> None:
    known = [
        precedent("C-1", LEAK, "alpha"),
        precedent("C-2", DEFECT, "beta"),
        precedent("R-1", LEAK, "beta", outcome="wrong-field", day=date(2025, 1, 1)),
        precedent("C-3", PIGLET, "alpha"),
    ]
    problems = [LATER, Problem(title="电池极片划痕检测"), Problem(title="???a"), Problem(title="仔猪腹泻")]
    whole = Matcher(small_registry(), cases=similarity(known)).match(problems)
    for blocks in ([known[:1], known[1:]], [known[2:], known[:2]], [[one] for one in reversed(known)]):
        cut = Matcher(small_registry(), cases=similarity(*blocks))
        assert cut.match(problems) == whole
        assert [cut.match([problem])[0] for problem in problems] == whole


def test_processes_change_nothing() -> None:
    matching = matcher(precedent("C-1", LEAK, "alpha"), precedent("R-1", DEFECT, "beta", outcome="ip", day=TODAY))
    rows = [Problem(id=str(n), title=("漏水点定位", "极片缺陷检测")[n % 2] + str(n)) for n in range(300)]
    assert list(match_all(rows, matching, workers=2)) == list(match_all(rows, matching))


def test_what_stays_off_the_shortlist_is_what_a_whole_ranking_leaves_off() -> None:
    """The best are sought with bounds; what cases add must be in them."""
    names = ["漏损检测", "压力监测", "机器视觉", "水质分析", "电池检测", "焊接机器人", "数据治理", "无人船"]
    registry = Registry(
        institutes=tuple(
            Institute(
                id=f"i{n:02}",
                name=Text(zh=f"第{n}研究院"),
                capabilities=(Capability(id=f"c{n}", name=Text(zh=names[n % 8] + "与" + names[(n * 3 + 1) % 8])),),
            )
            for n in range(40)
        ),
        fingerprint="sha256:feed",
    )
    ids = [institute.id for institute in registry.institutes]
    known = [precedent("C-1", LEAK, "i38"), precedent("R-1", LEAK, "i00", outcome="price", day=TODAY)]
    matching = Matcher(registry, cases=similarity(known, institutes=ids))
    whole, few = matching.match([LATER], top=None)[0], matching.match([LATER], top=3)[0]
    assert few.matches == whole.matches[:3]


def test_a_case_lifts_an_institute_that_would_not_be_looked_at_without_it() -> None:
    names = ["供水管网漏损检测"] * 12 + ["无人船", "焊接机器人"] * 4
    institutes = [
        Institute(
            id=f"i{n:02}",
            name=Text(zh=f"第{n}研究院"),
            capabilities=(Capability(id=f"c{n}", name=Text(zh=name)),),
        )
        for n, name in enumerate(names)
    ]
    registry = Registry(institutes=tuple(institutes), fingerprint="sha256:feed")
    settings = Settings(weights=Weights(samples=0), cases=Cases(solved=10))
    ids = [institute.id for institute in institutes]
    cases = similarity([precedent("C-1", LATER.text, "i19")], institutes=ids, settings=settings)
    assert Matcher(registry, settings).match([LATER], top=1)[0].matches[0].institute == "i00"
    assert Matcher(registry, settings, cases=cases).match([LATER], top=1)[0].matches[0].institute == "i19"


@pytest.mark.parametrize("outcome", ["solved", "wrong-field"])
def test_the_parts_of_an_explanation_add_up(outcome: str) -> None:
    registry = small_registry()
    explained = matcher(precedent("C-1", LEAK, "alpha", outcome=outcome, day=TODAY)).explain(
        LATER, registry.institutes[0]
    )
    parts = {part.name: part.value for part in explained.parts}
    assert round(explained.base + sum(parts.values()), 6) == explained.match.score
    assert parts["cases"] > 0 if outcome == "solved" else parts["cases"] < 0
    assert explained.ledger == "test"


@given(st.lists(st.text(alphabet="漏水检测管网 leak1\n", max_size=40), max_size=6), st.integers(0, 4))
def test_any_texts_give_similarities_in_range(texts: list[str], cut: int) -> None:
    outcomes = ("solved", "wrong-field", "ip")
    known = [precedent(str(n), text, "alpha", outcome=outcomes[n % 3]) for n, text in enumerate(texts)]
    found = Matcher(small_registry(), cases=similarity(known[:cut], known[cut:])).match([LATER])[0]
    for match in found.matches:
        assert 0 <= match.score <= 1
        assert match.similarities["cases"] is None or 0 <= match.similarities["cases"] <= 1


def test_weights_of_nothing_leave_the_score_alone() -> None:
    settings = Settings(cases=Cases(solved=0, declined=0))
    cases = similarity([precedent("C-1", LEAK, "alpha")], settings=settings)
    found = Matcher(small_registry(), settings, cases=cases).match([LATER])[0]
    assert of(found, "alpha") == of(Matcher(small_registry(), settings).match([LATER])[0], "alpha")


def extremes() -> Iterator[dict[str, Any]]:
    """The least and the largest number of each setting, and all of the least and all of the largest at once."""
    tiny = 5e-324
    of_cases = {"solved": (0, 10), "declined": (0, 10), "half_life": (0.001, 100), "least": (tiny, 1)}
    fields: list[tuple[str, str, tuple[float, float]]] = [
        *(("weights", name, (0, 1e6)) for name in Weights.model_fields),
        *(("discounts", name, (0, 1e6)) for name in Discounts.model_fields),
        *(("cases", name, ends) for name, ends in of_cases.items()),
        ("", "intercept", (-100, 100)),
        ("", "inferred_weight", (0, 1)),
        ("", "trade_weight", (0, 1)),
    ]
    both: list[dict[str, Any]] = [{"pooling": [1e-6, 0, 0]}, {"pooling": [1e6] * 50}]
    yield from both
    for table, name, ends in fields:
        for at, end in enumerate(ends):
            yield {table: {name: end}} if table else {name: end}
            (both[at].setdefault(table, {}) if table else both[at])[name] = end
    yield from both
    yield {"bounds": {"strong": 2e-323, "fair": 1e-323, "weak": tiny}}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("given", list(extremes()), ids=str)
def test_every_number_that_is_accepted_makes_scores(given: dict[str, Any]) -> None:
    settings = Settings.model_validate(given)
    blocks = [
        precedent("1", LEAK, "alpha", day=date(1950, 1, 1)),
        precedent("2", LEAK, "beta", outcome="wrong-field", day=date(1950, 1, 1)),
        precedent("3", DEFECT, "beta", day=TODAY),
    ]
    found = Matcher(small_registry(), settings, cases=similarity(blocks, settings=settings)).match([LATER])
    assert found[0].matches
    assert all(0 <= match.score <= 1 for match in found[0].matches)
