from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from matchmaker import cache
from matchmaker.cache import cached_arrays, cached_bytes

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
    assert cached_arrays("kind", b"key", lambda: MADE) is MADE
    found = cached_arrays("kind", b"key", never)
    assert same(found, MADE)
    assert not any(array.flags.writeable for array in found.values() if array.size)
    assert same(cached_arrays("kind", b"other", lambda: {"a": np.ones(1)}), {"a": np.ones(1)})


def aged(path: Path, days: float) -> Path:
    at = time.time() - days * 86_400
    os.utime(path, (at, at))
    return path


def test_what_was_not_used_for_long_goes_when_something_new_is_kept(own_cache: Path) -> None:
    cached_arrays("kind", b"old", lambda: MADE)
    old = aged(kept(own_cache), 61)
    used = old.with_name("kind-" + "0" * 32)
    half, fresh = (old.with_name(f".kind-{'1' * 32}.{name}") for name in ("half", "fresh"))
    other, nothing = old.with_name("mine.txt"), old.with_name("kind-mine")
    for path, days in ((used, 59), (half, 2), (fresh, 0.5), (other, 900), (nothing, 900)):
        path.touch()
        aged(path, days)
    cached_arrays("new", b"", lambda: MADE)
    left = set(old.parent.iterdir())
    assert {old, half} & left == set()
    assert {used, fresh, other, nothing} < left
    assert len(left) == 5


def test_a_use_is_noted_to_the_day(own_cache: Path) -> None:
    cached_bytes("kind", b"key", lambda: b"made")
    before = aged(kept(own_cache), 0.9).stat().st_mtime
    cached_bytes("kind", b"key", lambda: b"again")
    assert kept(own_cache).stat().st_mtime == before
    aged(kept(own_cache), 61)
    assert cached_bytes("kind", b"key", lambda: b"again") == b"made"
    cached_bytes("new", b"", lambda: b"")
    assert kept(own_cache).stat().st_mtime >= before


def test_the_oldest_go_when_all_are_too_large(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_MAX_BYTES", 3000)
    for at in range(5):
        cached_bytes("kind", bytes([at]), lambda: bytes(968))
        for path in own_cache.glob("matchmaker/*"):
            aged(path, (time.time() - path.stat().st_mtime) / 86_400 + 1)
    assert len(list(own_cache.glob("matchmaker/*"))) == 4  # and the new one, whatever its size
    for at in (4, 3, 2, 1):
        assert cached_bytes("kind", bytes([at]), lambda: b"again") != b"again"
    cached_bytes("kind", b"large", lambda: bytes(9000))
    assert cached_bytes("kind", b"large", lambda: b"again") == bytes(9000)


@pytest.mark.parametrize("damage", ["empty", "short", "head", "contents", "data", "long", "other"])
def test_damaged_arrays_are_made_again(own_cache: Path, damage: str) -> None:
    cached_arrays("kind", b"key", lambda: MADE)
    path = kept(own_cache)
    data = bytearray(path.read_bytes())
    if damage in {"head", "contents", "data"}:
        data[{"head": 3, "contents": 80, "data": len(data) - 60}[damage]] ^= 1
    changed = {"empty": b"", "short": data[:-64], "long": data + bytes(64), "other": b"\x93NUMPY"}.get(damage, data)
    path.write_bytes(bytes(changed))
    assert cached_arrays("kind", b"key", lambda: MADE) is MADE
    assert same(cached_arrays("kind", b"key", never), MADE)


# --- whose entries are taken ------------------------------------------------------------------------------------------

UNIX = pytest.mark.skipif(os.name == "nt", reason="owners and modes of Unix")


def both() -> tuple[bytes, Arrays]:
    """An entry of each kind, made if it is not taken from the cache."""
    return cached_bytes("text", b"key", lambda: b"made"), cached_arrays("kind", b"key", lambda: MADE)


def taken() -> bool:
    """Whether both kinds of entries are taken from the cache."""
    made = []

    def make() -> bytes:
        made.append(1)
        return b"made"

    def make_arrays() -> Arrays:
        made.append(1)
        return MADE

    assert cached_bytes("text", b"key", make) == b"made"
    assert same(cached_arrays("kind", b"key", make_arrays), MADE)
    return not made


@UNIX
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_entries_are_the_owner_s_alone_whatever_the_umask(own_cache: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        both()
    finally:
        os.umask(before)
    folder = own_cache / "matchmaker"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()] == [0o600, 0o600]
    assert taken()


@UNIX
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_an_entry_that_others_can_write_is_made_again(own_cache: Path, mode: int) -> None:
    both()
    for path in (own_cache / "matchmaker").iterdir():
        path.chmod(mode)
    assert not taken()
    assert taken()  # for now they are the owner's alone again


@UNIX
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_a_folder_that_others_can_write_is_not_used(own_cache: Path, mode: int) -> None:
    both()
    folder = own_cache / "matchmaker"
    folder.chmod(mode)
    kept_before = sorted(path.name for path in folder.iterdir())
    assert not taken()
    cached_bytes("text", b"other", lambda: b"made")
    assert sorted(path.name for path in folder.iterdir()) == kept_before  # nothing is put there either
    folder.chmod(0o700)
    assert taken()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("what", ["folder", "entries"])
def test_what_belongs_to_another_user_is_not_taken(own_cache: Path, what: str) -> None:
    both()
    folder = own_cache / "matchmaker"
    for path in [folder] if what == "folder" else list(folder.iterdir()):
        os.chown(path, 12345, 12345)
    assert not taken()


def test_an_entry_under_another_s_name_is_made_again(own_cache: Path) -> None:
    """Whoever can rename files need not be able to write them."""
    cached_bytes("text", b"other", lambda: b"another")
    cached_arrays("kind", b"other", lambda: {"a": np.ones(1)})
    others = {path.name.partition("-")[0]: path.read_bytes() for path in (own_cache / "matchmaker").iterdir()}
    for path in (own_cache / "matchmaker").iterdir():
        path.unlink()
    both()
    for path in (own_cache / "matchmaker").iterdir():
        path.write_bytes(others[path.name.partition("-")[0]])
    assert not taken()


def test_nothing_of_an_entry_is_ever_unpickled(own_cache: Path) -> None:
    """An entry that is right in every other way, but says that its numbers are Python's own objects."""
    cached_arrays("kind", b"key", lambda: MADE)
    path = kept(own_cache)
    pieces = b"".join(cache._array_chunks(path, MADE)).replace(b'"<f8"', b'"|O" ')
    start = len(cache._MAGIC) + 8
    length = int.from_bytes(pieces[start - 8 : start], "little")
    contents = pieces[start + cache._DIGEST : start + cache._DIGEST + length]
    digest = cache._digest(path, contents)
    path.write_bytes(pieces[:start] + digest + contents + pieces[start + cache._DIGEST + length :])
    with pytest.raises(ValueError, match="OBJECT"):
        cache._map_arrays(path, checked=True)
    assert cached_arrays("kind", b"key", lambda: MADE) is MADE


@UNIX
def test_without_a_home_folder_nothing_is_kept(tmp_path: Path) -> None:
    """There is no user 12345, so no home folder either; none called ~ is made where the program runs."""
    code = (
        "import os, pwd, platformdirs\nfrom matchmaker.cache import cache_folder, cached_bytes\n"
        "if os.geteuid() == 0: os.setuid(12345)\n"
        "else: os.environ['HOME'] = '~'\n"
        "cached_bytes('a', b'b', bytes)\nprint(cache_folder())"
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    tmp_path.chmod(0o777)
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=True)
    assert found.stdout == "None\n"
    assert list(tmp_path.iterdir()) == []
