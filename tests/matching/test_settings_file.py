"""Settings as a TOML file: written for people, read back exactly, faults in plain words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.domain import Text
from matchmaker.errors import SettingsError
from matchmaker.matching.settings import (
    ACCURATE,
    Bounds,
    Encoder,
    Settings,
    TrackRecord,
    Weights,
    dump_settings,
    load_settings,
    shipped_settings,
)

NUMBERS = st.floats(0, 50, allow_nan=False)


def loaded(folder: Path, text: str) -> Settings:
    path = folder / "settings.toml"
    path.write_text(text, "utf-8")
    return load_settings(path)


@given(
    weight=NUMBERS,
    intercept=st.floats(-100, 100),
    pooling=st.lists(st.floats(1e-6, 9), min_size=1, max_size=4),
    fair=st.floats(0.3, 0.6),
)
def test_what_is_written_is_read_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, weight: float, intercept: float, pooling: list[float], fair: float
) -> None:
    settings = Settings(
        weights=Weights(keywords=weight),
        intercept=intercept,
        pooling=tuple(sorted(pooling, reverse=True)),
        bounds=Bounds(strong=0.7, fair=fair, weak=0.1),
    )
    text = dump_settings(settings, {"": "head", "bounds.fair": "two\nlines", "weights": "and more"})
    found = loaded(tmp_path_factory.mktemp("settings"), text)
    assert found == settings
    assert found.fingerprint == settings.fingerprint


def test_the_record_of_the_levels_is_read_back_and_changes_no_level(tmp_path: Path) -> None:
    record = TrackRecord(strong=(40, 33), weak=(0, 0), date="2026-11", by=Text(zh="评判者", en="assessors"))
    text = dump_settings(Settings(record=record))
    assert '\n[record]\nstrong = [40, 33]\nweak = [0, 0]\ndate = "2026-11"\n\n[record.by]\n' in text
    assert loaded(tmp_path, text) == Settings(record=record)
    plain = loaded(tmp_path, '[record]\nfair = [30, 18]\ndate = "2026-11"\nby = "assessors"\n')
    assert plain.record
    assert (plain.record.fair, plain.record.by.en) == ((30, 18), "assessors")
    assert Settings().record is None
    assert ACCURATE.record is not None
    assert "record" not in dump_settings(Settings())


@pytest.mark.parametrize("counts", ["[10, 11]", "[-1, -2]", "[10]", "[10, 5.5]", '"many"'])
def test_a_record_that_is_no_share_is_refused(tmp_path: Path, counts: str) -> None:
    with pytest.raises(SettingsError, match=r"record"):
        loaded(tmp_path, f'[record]\nfair = {counts}\ndate = "2026-11"\nby = "assessors"\n')


def test_the_file_is_short_and_commented() -> None:
    text = dump_settings(Settings(intercept=-3.5), {"": "Fitted.", "intercept": "Log odds.", "bounds.fair": "Matched."})
    assert text.startswith('# Fitted.\nencoder = "words"\n# Log odds.\nintercept = -3.5\npooling = [')
    assert "\n\n[weights]\nkeywords = " in text
    assert "\n# Matched.\nfair = " in text
    assert text.endswith("\n")
    assert len(text.splitlines()) < 35


def test_what_a_file_leaves_out_is_as_shipped(tmp_path: Path) -> None:
    assert loaded(tmp_path, "") == Settings()
    changed = loaded(tmp_path, "intercept = -4\n[bounds]\nstrong = 0.9\n")
    assert changed == Settings(intercept=-4.0, bounds=Bounds(strong=0.9))


def test_what_a_file_leaves_out_is_as_shipped_for_its_encoder(tmp_path: Path) -> None:
    assert loaded(tmp_path, 'encoder = "e5"\n') == ACCURATE.model_copy(update={"record": None})
    assert loaded(tmp_path, 'encoder = "words"\n') == Settings()
    changed = loaded(tmp_path, 'encoder = "e5"\n[weights]\nlexical = 3\n[bounds]\nstrong = 0.9\n')
    assert changed.weights == ACCURATE.weights.model_copy(update={"lexical": 3.0})
    assert changed.bounds == ACCURATE.bounds.model_copy(update={"strong": 0.9})
    assert (changed.intercept, changed.pooling) == (ACCURATE.intercept, ACCURATE.pooling)


@pytest.mark.parametrize("encoder", ["words", "e5"])
def test_a_whole_file_does_not_depend_on_what_is_shipped(tmp_path: Path, encoder: Encoder) -> None:
    settings = Settings(encoder=encoder, intercept=-1.5, weights=Weights(semantic=1.0))
    assert loaded(tmp_path, dump_settings(settings)) == settings


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert loaded(tmp_path, "\ufeffintercept = -4\n") == Settings(intercept=-4)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("intercpt = 1", "unknown field 'intercpt' (did you mean 'intercept'?)"),
        ("[weights]\nkeyword = 1", "settings.toml, weights: unknown field 'keyword' (did you mean 'keywords'?)"),
        ("[weights]\nlexical = -1", "settings.toml, weights.lexical: expected a larger number, found '-1'"),
        ("[weights]\nlexical = inf", "weights.lexical: expected a finite number"),
        ("[weights]\nlexical = 'much'", "weights.lexical: expected a number, found 'much'"),
        ("[bounds]\nfair = 0.99", "bounds: the bounds must fall from strong over fair to weak"),
        ("pooling = 1", "pooling: expected a list, found '1'"),
        ("intercept =", "settings.toml: is not TOML ("),
        ("weights = 1", "weights: expected a mapping of fields, found '1'"),
        ("encoder = 'e6'", "encoder: expected 'auto', 'words' or 'e5', found 'e6'"),
        ("[bounds]\nstrong = 0", "bounds.strong: expected a larger number, found '0'"),
        ("[weights]\nsemantic = 1.7e308", "weights.semantic: expected a smaller number, found '1.7e+308'"),
        ("[cases]\nhalf_life = 5e-324", "cases.half_life: expected a larger number, found '5e-324'"),
        ("pooling = [1e308, 1e308]", "the first pooling weight must be from 0.000001 to 1,000,000"),
        ("pooling = [5e-324]", "the first pooling weight must be from 0.000001 to 1,000,000"),
        ("pooling = [0.0]", "the first pooling weight must be from 0.000001 to 1,000,000"),
        ("pooling = [nan]", "the pooling weights must be positive and fall"),
    ],
)
def test_faulty_files(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, text)
    assert fault in str(caught.value)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, "a = 1\nb = 2\n[weights]\nlexical = -1\n")
    assert len(caught.value.faults) == 3


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml: no such file"):
        load_settings(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="is not UTF-8 text"):
        load_settings(tmp_path / "bytes.toml")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions of Unix, which root need not keep")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("")
    path.chmod(0)
    with pytest.raises(SettingsError, match="permission denied"):
        load_settings(path)


@pytest.mark.parametrize("encoder", ["words", "e5"])
def test_the_shipped_numbers_are_those_that_were_fitted(encoder: Encoder) -> None:
    fitted = load_settings(Path(__file__).parents[2] / "benchmarks" / f"settings-{encoder}.toml")
    shipped = shipped_settings(encoder)
    assert shipped.record is not None
    assert shipped.model_copy(update={"record": None}) == fitted
    assert shipped.fingerprint == fitted.fingerprint


def test_faults_in_chinese(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, "intercpt = 1\nencoder = 'e6'\n[weights]\nlexical = -1\n")
    assert [fault.in_language("zh").partition("settings.toml")[2] for fault in caught.value.faults] == [
        "，encoder：应为“auto”、“words”或“e5”，实为“e6”",
        "，weights.lexical：应为更大的数字，实为“-1”",
        "：未知字段“intercpt”（是否应为“intercept”？）",
    ]
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, "intercept = \n# more")
    (fault,) = caught.value.faults
    assert "不是有效的 TOML（第 1 行第 13 列：值有误）；请按“intercept = -3.6”的形式逐行填写" in fault.in_language("zh")
