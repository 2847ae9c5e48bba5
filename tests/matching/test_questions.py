"""The verdict unclear, and what is asked back."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from typer.testing import CliRunner, Result

from matchmaker import Matcher, Problem, Settings, load_institutes
from matchmaker.cli import app
from matchmaker.domain import Capability, Facet, Requirements, Shortlist, Term, Text, language_of
from matchmaker.matching.questions import Candidate, ask
from matchmaker.matching.settings import Bounds
from matchmaker.runs.workers import Summary, match_all
from matchmaker.text import normalise
from matchmaker.writing import to_markdown, verdict_sentence, write_workbook
from matchmaker.writing.page import BROKER, ENTERPRISE, Page
from matchmaker.writing.shortlists import shortlist_object, table_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray: TypeAlias = NDArray[np.float64]

FOLDER = Path(__file__).parents[1] / "data" / "questions"
WORKED: dict[str, list[str]] = yaml.safe_load((FOLDER / "worked.yaml").read_text(encoding="utf-8"))
FRESH: dict[str, list[str]] = yaml.safe_load((FOLDER / "fresh.yaml").read_text(encoding="utf-8"))
WRONG = {"we want robots that pick mushrooms"}  # robots are no idea, and pick is a word of every kind of text
VAGUE, CLEAR = "老板说要上AI", "供水管网漏水找不到漏点"
NEVER_STRONG = Settings(bounds=Bounds(strong=1.0, fair=0.99999, weak=0.5))
ALWAYS_STRONG = Settings(intercept=50.0)


@cache
def matcher(settings: Settings | None = None) -> Matcher:
    """Over the shipped institutes, where a single idea is never enough unless told otherwise."""
    return Matcher(load_institutes(), settings or NEVER_STRONG)


def shortlist(text: str, settings: Settings | None = None) -> Shortlist:
    """The answer to a need of one line."""
    (found,) = matcher(settings).match([Problem(title=text)])
    return found


def candidate(score: float, *keywords: Term, said: Sequence[Facet] = ()) -> Candidate:
    """One whose best capability has these keywords."""
    capability = Capability(id="c", name=Text(zh="能力", en="capability"), keywords=keywords)
    return Candidate(score, capability, frozenset(said))


def scoring(*changed: tuple[str, Sequence[float]], plain: Sequence[float]) -> Callable[[Sequence[Problem]], FloatArray]:
    """Scores that are told by the words of a need."""

    def score(problems: Sequence[Problem]) -> FloatArray:
        told = [next((row for word, row in changed if word in one.text), plain) for one in problems]
        return np.array(told, dtype=np.float64)

    return score


# --- the verdict


@pytest.mark.parametrize("text", WORKED["vague"])
def test_a_vague_need_is_unclear(text: str) -> None:
    found = shortlist(text)
    assert found.verdict == "unclear"
    assert found.matches
    assert found.fallback is not None


@pytest.mark.parametrize("text", WORKED["clear"])
def test_a_short_but_specific_need_is_clear(text: str) -> None:
    found = shortlist(text)
    assert found.verdict != "unclear"
    assert found.questions == ()


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in FRESH.items() for text in texts])
def test_needs_written_before_the_rules(kind: str, text: str) -> None:
    assert (shortlist(text).verdict == "unclear") == (kind == "vague") or text in WRONG
    assert (shortlist(text).verdict == "unclear") != (kind == "vague") or text not in WRONG


@pytest.mark.parametrize("text", ["轴承", "水泵", "valves"])
def test_one_idea_is_enough_for_a_strong_match_alone(text: str) -> None:
    assert shortlist(text, NEVER_STRONG).verdict == "unclear"
    assert shortlist(text, ALWAYS_STRONG).verdict == "matched"


@pytest.mark.parametrize("text", [VAGUE, "需要数字化转型", "we need a robot"])
def test_no_idea_is_never_enough(text: str) -> None:
    assert shortlist(text, ALWAYS_STRONG).verdict == "unclear"


@pytest.mark.parametrize("text", ["想买专利", "需要融资", "we need funding"])
def test_to_ask_for_a_service_is_clear(text: str) -> None:
    assert shortlist(text).verdict != "unclear"


def test_trades_of_the_profiles_are_no_ideas() -> None:
    assert shortlist("想做北极考察").verdict == "unclear"
    registry = load_institutes()
    bare = [
        one.model_copy(update={"capabilities": tuple(c.model_copy(update={"keywords": ()}) for c in one.capabilities)})
        for one in registry.institutes
    ]
    known = Matcher(registry.model_copy(update={"institutes": bare, "fingerprint": "sha256:bare"}), NEVER_STRONG)
    assert known.match([Problem(title="想做北极考察")])[0].verdict != "unclear"


def test_a_word_that_the_table_does_not_know_is_an_idea() -> None:
    assert shortlist("zyqqx").verdict == "unclear"
    assert shortlist("zyqqx valves").verdict != "unclear"


def test_a_long_need_says_something() -> None:
    assert shortlist("，".join(["需要数字化转型"] * 2)).verdict == "unclear"
    assert shortlist("，".join(["需要数字化转型"] * 30)).verdict != "unclear"


def test_with_nobody_to_choose_from_nothing_is_asked() -> None:
    nobody = Problem(title=VAGUE, require=Requirements(place="Atlantis"))
    (found,) = matcher().match([nobody])
    assert (found.verdict, found.questions, matcher().ask(nobody)) == ("none", (), ())


# --- the questions


def naive_gain(plain: Sequence[float], answers: Sequence[tuple[float, Sequence[float]]]) -> float:
    """The mean, weighted by the first number, of what the first five would lose in their old order."""
    old = sorted(range(len(plain)), key=lambda at: (-plain[at], at))[:5]
    losses = []
    for _, after in answers:
        new = sorted(range(len(after)), key=lambda at: (-after[at], at))[:5]
        kept, best = (sum(after[at] / np.log2(2 + n) for n, at in enumerate(order)) for order in (old, new))
        losses.append(1 - kept / best if best else 0.0)
    total = sum(weight for weight, _ in answers)
    return sum(weight * loss for (weight, _), loss in zip(answers, losses, strict=True)) / total


SCORES = st.lists(st.integers(0, 1000).map(lambda n: n / 1000), min_size=6, max_size=6)


@given(SCORES, SCORES, SCORES)
def test_gains_are_the_naive_ones(plain: list[float], first: list[float], second: list[float]) -> None:
    leading = [
        candidate(0.5, Term(en="alpha", facet="object")),
        candidate(0.25, Term(en="beta", facet="object")),
    ]
    asked = ask(Problem(title="need"), leading, scoring(("alpha", first), ("beta", second), plain=plain))
    expected = naive_gain(plain, [(0.5, first), (0.25, second)])
    if expected >= 0.001 + 1e-9:
        assert [question.gain for question in asked] == [pytest.approx(expected, abs=1e-6)]
    elif expected < 0.001 - 1e-9:
        assert asked == ()


def test_what_changes_most_is_asked_first_and_what_is_said_is_not_asked() -> None:
    keywords = (
        Term(en="alpha", facet="object"),
        Term(en="beta", facet="method"),
        Term(en="gamma", facet="effect"),
        Term(en="delta", facet="trade"),
    )
    score = scoring(("alpha", [0.5, 0.6]), ("beta", [0.1, 0.9]), ("gamma", [0.1, 0.9]), plain=[0.5, 0.4])
    asked = ask(Problem(title="need"), [candidate(0.5, *keywords)], score)
    assert [question.about for question in asked] == ["effect", "method", "object"]  # ties in a fixed order
    fewer = ask(Problem(title="need"), [candidate(0.5, *keywords, said=["method"])], score)
    assert [question.about for question in fewer] == ["effect", "object"]


def test_an_institute_far_behind_is_not_supposed() -> None:
    leading = [candidate(0.9, Term(en="alpha", facet="object")), candidate(0.08, Term(en="beta", facet="method"))]
    score = scoring(("alpha", [0.1, 0.9]), ("beta", [0.1, 0.9]), plain=[0.9, 0.08])
    assert [question.about for question in ask(Problem(title="need"), leading, score)] == ["object"]


def test_a_word_without_the_language_of_the_need_or_in_it_already_is_not_supposed() -> None:
    other, inside = Term(zh="泵", facet="object"), Term(en="need", facet="object")
    score = scoring(("泵", [0.1, 0.9]), plain=[0.9, 0.1])
    assert ask(Problem(title="need"), [candidate(0.9, other, inside)], score) == ()


def test_nothing_to_ask_without_candidates_or_scores() -> None:
    assert ask(Problem(title="need"), [], scoring(plain=[0.0])) == ()
    nothing = candidate(0.0, Term(en="alpha", facet="object"))
    assert ask(Problem(title="need"), [nothing], scoring(plain=[0.0, 0.0])) == ()
    assert ask(Problem(title="need"), [], scoring(plain=[0.0]), least_gain=0.0) == ()


def test_of_a_vague_need_everything_is_asked_even_where_the_profiles_have_no_words() -> None:
    asked = ask(Problem(title="need"), [candidate(0.9)], scoring(plain=[0.9]), least_gain=0.0)
    assert [(one.about, one.choices, one.gain) for one in asked] == [
        (about, (), 0.0) for about in ("object", "effect", "method")
    ]
    assert not any("For example" in one.text for one in asked)


@pytest.mark.parametrize("text", [*WORKED["vague"][:6], *WORKED["vague"][-6:-1]])
def test_questions_are_in_the_language_of_the_need_with_words_of_the_profiles(text: str) -> None:
    keywords = {
        (keyword.facet, word)
        for institute in load_institutes().institutes
        for capability in institute.capabilities
        for keyword in capability.keywords
        for word in keyword.both()
    }
    asked = shortlist(text).questions
    assert asked
    assert len({question.about for question in asked}) == len(asked) <= 3
    assert [question.gain for question in asked] == sorted((question.gain for question in asked), reverse=True)
    for question in asked:
        assert language_of(question.text) == language_of(text)
        assert len(set(question.choices)) == len(question.choices) <= 4
        for choice in question.choices:
            assert choice in question.text
            assert (question.about, choice) in keywords
            assert normalise(choice) not in normalise(text)


@pytest.mark.slow
def test_the_order_of_institutes_changes_nothing() -> None:
    registry = load_institutes()
    turned = registry.model_copy(update={"institutes": tuple(reversed(registry.institutes))})
    for text in (VAGUE, "we need a robot", CLEAR):
        assert Matcher(turned, NEVER_STRONG).ask(Problem(title=text)) == matcher().ask(Problem(title=text))


def test_neither_top_nor_the_other_problems_change_the_questions() -> None:
    texts = [VAGUE, CLEAR, "we need a robot"]
    together = matcher().match([Problem(title=text) for text in texts], top=1)
    assert [one.questions for one in together] == [shortlist(text).questions for text in texts]
    assert together[0].questions == matcher().ask(Problem(title=VAGUE))


def test_what_a_need_excludes_is_not_asked_about() -> None:
    free = matcher().ask(Problem(title="想找做机器人的"))
    everybody = [institute.id for institute in load_institutes().institutes]
    (alone,) = matcher().match([Problem(title="想找做机器人的", exclude=tuple(everybody[1:]))])
    assert free[0].gain > 0
    assert [question.gain for question in alone.questions] == [0] * 3  # with one institute left the order stays
    own = {word for one in load_institutes().institutes[0].capabilities for k in one.keywords for word in k.both()}
    assert all(set(question.choices) <= own for question in alone.questions)


# --- what people see


def test_it_is_said_plainly_everywhere(tmp_path: Path) -> None:
    found = shortlist(VAGUE)
    assert verdict_sentence(found, "zh").startswith(f"说得太少，先问 {len(found.questions)} 句")
    assert verdict_sentence(found, "en").startswith(
        f"It says too little to tell: ask back first ({len(found.questions)} below)"
    )
    markdown, data = to_markdown(found), shortlist_object(found)
    assert all(question.text in markdown for question in found.questions)
    assert data["verdict"] == "unclear"
    assert data["questions"] == [
        {"about": one.about, "text": one.text, "choices": list(one.choices), "gain": one.gain}
        for one in found.questions
    ]
    assert {row[2] for row in table_rows(found, "zh")} == {"unclear"}
    write_workbook([found], tmp_path / "out.xlsx", "zh")
    rows = list(load_workbook(tmp_path / "out.xlsx")["候选名单"].iter_rows(values_only=True))
    assert rows[1][2] == "说得太少，先问"
    assert all(any(question.text in str(cell) for cell in rows[1]) for question in found.questions)
    summary = list(load_workbook(tmp_path / "out.xlsx")["汇总"].iter_rows(values_only=True, max_col=2))
    assert ("说得太少、要先问的需求", 1) in summary


def test_no_question_and_nobody_to_ask() -> None:
    found = shortlist(VAGUE).model_copy(update={"questions": ()})
    assert verdict_sentence(found, "en") == "Too vague to match: first ask what is needed."
    one = shortlist(VAGUE).model_copy(update={"fallback": None, "questions": shortlist(VAGUE).questions[:1]})
    assert verdict_sentence(one, "en") == "Too vague to match: first ask the questions below (1)."


def test_pages_ask_and_name_no_institute_to_the_enterprise() -> None:
    found = shortlist(VAGUE)
    for audience in (BROKER, ENTERPRISE):
        page = "".join(Page(matcher(), audience, "zh", "x").of_problem(found))
        assert all(question.text in page for question in found.questions)
        assert "没有合适的研究机构" not in page
        assert ("目前的线索" in page) == (audience is BROKER)
    listing = "".join(Page(matcher(), BROKER, "zh", "x").of_problems([found, shortlist(CLEAR)]))
    assert "说得太少、要先问" in listing


def test_a_batch_counts_them() -> None:
    summary = Summary()
    answers = list(match_all([Problem(title=VAGUE), Problem(title=CLEAR)], matcher(), summary=summary))
    assert (len(answers), summary.n_unclear, summary.n_matched + summary.n_none) == (2, 1, 1)
    assert (summary.n_read, summary.load.total()) == (2, summary.n_matched)


# --- lint


def lint(*args: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["lint", *args], input=stdin)


def test_lint_is_a_message_ready_to_send() -> None:
    result = lint("--text", VAGUE)
    assert (result.exit_code, result.stderr) == (0, "")
    first, *questions = result.stdout.splitlines()
    assert first == f"关于“{VAGUE}”，想请您补充以下几点，以便推荐合适的机构："
    assert questions
    assert [line[:3] for line in questions] == [f"{number}. " for number in range(1, len(questions) + 1)]
    assert lint("-", stdin=VAGUE).stdout == result.stdout


def test_lint_says_that_nothing_would_change(tmp_path: Path) -> None:
    one = tmp_path / "one.yaml"
    one.write_text(
        "schema: 1\ninstitutes:\n  - id: solo\n    name: Solo\n    capabilities: [{id: s, name: pumps}]\nsources: {}\n",
        encoding="utf-8",
    )
    result = lint("--text", "pipe leak detection", "--institutes", str(one))
    assert result.exit_code == 0
    assert (
        result.stdout
        == "About “pipe leak detection”: no answer would change the shortlist; it can be matched as it is.\n"
    )


def test_lint_as_json_and_markdown(tmp_path: Path) -> None:
    data = json.loads(lint("--text", "we need a robot", "--format", "json").stdout)
    assert list(data) == ["matchmaker", "settings", "institutes", "problem", "verdict", "questions"]
    assert (data["problem"]["language"], data["verdict"]) == ("en", "unclear")
    assert {"about", "text", "choices", "gain"} == set(data["questions"][0])
    result = lint("--text", VAGUE, "-o", str(tmp_path / "out.md"))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("wrote ") or "已写入" in result.stderr
    assert (tmp_path / "out.md").read_text(encoding="utf-8").startswith("# text ")


def test_lint_of_a_table_and_its_bad_rows(tmp_path: Path) -> None:
    table = tmp_path / "needs.csv"
    table.write_text(f"title\n{VAGUE}\n{CLEAR}\n", encoding="utf-8")
    result = lint(str(table), "--format", "json", "--quiet")
    assert result.exit_code == 0
    assert [one["verdict"] == "unclear" for one in json.loads(result.stdout)] == [True, False]
    blocks = lint(str(table), "-q").stdout.split("\n\n")
    assert [VAGUE in blocks[0], CLEAR in blocks[1]] == [True, True]
    table.write_text(f"title,enterprise\n{VAGUE},\n,soon\n", encoding="utf-8")
    bad = lint(str(table), "-q")
    assert bad.exit_code == 3
    assert VAGUE in bad.stdout
    assert bad.stderr


def test_lint_refuses_an_ending_that_it_does_not_write(tmp_path: Path) -> None:
    result = lint("--text", VAGUE, "-o", str(tmp_path / "out.docx"), "--lang", "en")
    assert result.exit_code == 3
    assert "out.docx: unknown file ending '.docx'; use one of .txt .json .md, or give the format" in result.stderr
    assert lint().exit_code == 2
