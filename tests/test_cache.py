from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from matchmaker.cache import remembered_arrays

if TYPE_CHECKING:
    from matchmaker.cache import Arrays

MADE: Arrays = {
    "numbers": np.arange(7.0),
    "small": np.array(3),
    "none": np.zeros((0, 4), np.float32),
    "table": np.arange(12, dtype=np.uint8).reshape(3, 4),
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def kept(folder: Path) -> Path:
    (path,) = folder.glob("matchmaker/kind-*")
    return path


def same(one: Arrays, other: Arrays) -> bool:
    return one.keys() == other.keys() and all(
        array.dtype == other[name].dtype and array.shape == other[name].shape and (array == other[name]).all()
        for name, array in one.items()
    )


def never() -> Arrays:
    raise AssertionError("made again")


def test_arrays_come_back_as_they_were() -> None:
    assert remembered_arrays("kind", b"key", lambda: MADE) is MADE
    found = remembered_arrays("kind", b"key", never)
    assert same(found, MADE)
    assert not any(array.flags.writeable for array in found.values() if array.size)
    assert same(remembered_arrays("kind", b"other", lambda: {"a": np.ones(1)}), {"a": np.ones(1)})


@pytest.mark.parametrize("damage", ["empty", "short", "head", "contents", "data", "long", "other"])
def test_damaged_arrays_are_made_again(own_cache: Path, damage: str) -> None:
    remembered_arrays("kind", b"key", lambda: MADE)
    path = kept(own_cache)
    data = bytearray(path.read_bytes())
    if damage in {"head", "contents", "data"}:
        data[{"head": 3, "contents": 80, "data": len(data) - 60}[damage]] ^= 1
    changed = {"empty": b"", "short": data[:-64], "long": data + bytes(64), "other": b"\x93NUMPY"}.get(damage, data)
    path.write_bytes(bytes(changed))
    assert remembered_arrays("kind", b"key", lambda: MADE) is MADE
    assert same(remembered_arrays("kind", b"key", never), MADE)
