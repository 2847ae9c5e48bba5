"""What was worked out before, kept by content in the user's cache folder; safe to delete at any time.

An entry is found only by everything it was made from: the key holds the data, the settings and this program's own code,
and an entry that was given another's name is told by its digest. An entry that cannot be read, is damaged or cannot be
written is as good as none; so is one that is another user's or that others can write, or that lies in such a folder:
digests tell damage, but whoever can write an entry can write its digest. Nothing here is ever unpickled.

Entries that were not used for long are deleted when another is kept, and so are the oldest when all are too large.
"""

from __future__ import annotations

import errno
import json
import mmap
import os
import re
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from zlib import crc32

from matchmaker import log

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[np.generic]]

_DIGEST = 32
_DAY = 86_400  # seconds
_LONGEST_UNUSED = 60 * _DAY
_MOST_BYTES = 4 << 30
_ENTRY = re.compile(r"\.?[a-z]+-[0-9a-f]{32}(\..*)?")


def remembered(kind: str, key: bytes, make: Callable[[], bytes]) -> bytes:
    """What ``make`` gives, from the cache where it was made before from the same ``kind``, ``key`` and code."""
    path = _path(kind, key)
    if path is not None:
        with suppress(OSError), _opened(path) as file:
            digest, kept = file.read(_DIGEST), file.read()
            if _digest(path, kept) == digest:
                log.note("cache: %s taken from %s", kind, path)
                return kept
    with log.timed("cache: %s made", kind):
        made = make()
    if path is not None:
        with suppress(OSError):
            _keep(path, made)
    return made


def remembered_arrays(kind: str, key: bytes, make: Callable[[], Arrays], *, checked: bool = True) -> Arrays:
    """As ``remembered``, for arrays of numbers; those of a kept file are read-only and come from the disk as needed.

    The contents of a file beyond 64 MB, or of any if not ``checked``, are not checked again, only its length and its
    table of contents.
    """
    path = _path(kind, key)
    if path is not None:
        with suppress(OSError, ValueError, KeyError, TypeError):
            arrays = _mapped(path, checked=checked)
            log.note("cache: %s taken from %s", kind, path)
            return arrays
    with log.timed("cache: %s made", kind):
        made = make()
    if path is not None:
        with suppress(OSError):
            _write_whole(path, _pieces(path, made))
    return made


def cache_folder() -> Path | None:
    """Where entries are kept, whether it is there or not; ``None`` where no home folder is known."""
    from platformdirs import user_cache_path

    with suppress(OSError, RuntimeError):
        folder = user_cache_path("matchmaker", appauthor=False)
        return folder if folder.is_absolute() else None  # without a home folder it would be one called ~
    return None


def is_only_ours(state: os.stat_result) -> bool:
    """Whether a file or a folder is this user's, and nobody else may write it. On Windows folders are a user's own."""
    return os.name == "nt" or (state.st_uid == os.geteuid() and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


_MAGIC = b"matchmaker arrays 1\n"
_ALIGNED = 64
_MOST_CHECKED = 1 << 26


def _pieces(path: Path, arrays: Arrays) -> Iterator[bytes | memoryview]:
    """A file: magic, length and digest of the contents, the contents as JSON, and the arrays, each aligned."""
    import numpy as np

    held = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    at, places, check = 0, {}, 0
    for name, array in held.items():
        places[name] = (array.dtype.str, np.shape(arrays[name]), at)
        at += array.nbytes + -array.nbytes % _ALIGNED
        check = crc32(array.tobytes() + bytes(-array.nbytes % _ALIGNED), check) if at <= _MOST_CHECKED else 0
    contents = json.dumps({"size": at, "check": check, "arrays": places}).encode()
    contents += b" " * (-(len(_MAGIC) + 8 + _DIGEST + len(contents)) % _ALIGNED)
    yield _MAGIC + len(contents).to_bytes(8, "little") + _digest(path, contents) + contents
    for array in held.values():
        yield array.tobytes() + bytes(-array.nbytes % _ALIGNED)


def _mapped(path: Path, *, checked: bool) -> Arrays:
    """The arrays of a file.

    Raises:
        OSError: There is none.
        ValueError: It is damaged.
    """
    import numpy as np

    with _opened(path) as file:
        start = len(_MAGIC) + 8 + _DIGEST
        head = file.read(start)
        length = int.from_bytes(head[len(_MAGIC) : len(_MAGIC) + 8], "little")
        contents = file.read(length) if head.startswith(_MAGIC) and length < _MOST_CHECKED else b""
        if _digest(path, contents) != head[-_DIGEST:]:
            raise ValueError("no file of arrays, or a damaged one")
        found = json.loads(contents)
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    held = memoryview(data)[start + length :]
    if len(held) != found["size"] or (checked and len(held) <= _MOST_CHECKED and crc32(held) != found["check"]):
        raise ValueError("a damaged file of arrays")
    return {
        name: np.frombuffer(held, dtype, int(np.prod(shape)), at).reshape(shape)
        for name, (dtype, shape, at) in found["arrays"].items()
    }


def _keep(path: Path, made: bytes) -> None:
    _write_whole(path, [_digest(path, made) + made])


def _digest(path: Path, contents: bytes) -> bytes:
    """Of the contents under this name: an entry moved to the place of another is a damaged one."""
    digest = blake2b(path.name.encode() + b"\0", digest_size=_DIGEST)
    digest.update(contents)
    return digest.digest()


def _opened(path: Path) -> BinaryIO:
    """An entry for reading.

    Raises:
        OSError: There is none, or others could have written it.
    """
    file = path.open("rb")
    state = os.fstat(file.fileno())
    if not is_only_ours(state):
        file.close()
        raise PermissionError(errno.EPERM, "others could have written this", str(path))
    if time.time() - state.st_mtime > _DAY:
        with suppress(OSError):  # a read-only disk
            os.utime(path)  # the last use, to the day
    return file


def _write_whole(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces:
                file.write(piece)
        Path(beside).replace(path)
    except OSError:
        Path(beside).unlink(missing_ok=True)
        raise
    _prune(path)


def _prune(kept: Path) -> None:
    """Delete what was not used for long beside a new entry, what a killed process left half written, and the oldest."""
    now, room = time.time(), _MOST_BYTES
    states = []
    for path in filter(lambda path: _ENTRY.fullmatch(path.name), kept.parent.iterdir()):
        with suppress(OSError):  # another process was quicker
            states.append((path.stat().st_mtime, path.stat().st_size, path))
    for last_used, size, path in sorted(states, reverse=True):
        is_half = path.name.startswith(".")
        room -= 0 if path == kept else size
        if path != kept and (room < 0 or now - last_used > (_DAY if is_half else _LONGEST_UNUSED)):
            with suppress(OSError):
                path.unlink()
                log.note("cache: %s deleted", path)


def _path(kind: str, key: bytes) -> Path | None:
    folder = cache_folder()
    if folder is None:
        return None
    try:
        if not is_only_ours(folder.stat()):
            return None
    except FileNotFoundError:
        pass  # it is made with the first entry
    except OSError:
        return None
    return folder / f"{kind}-{blake2b(key + _code(), digest_size=16).hexdigest()}"


@lru_cache(maxsize=1)
def _code() -> bytes:
    """A digest of this package's own files, so that no entry outlives the code that made it."""
    digest = blake2b()
    for file in sorted(Path(__file__).parent.rglob("*")):
        if file.suffix in {".py", ".npz", ".npy"} and not {"cli", "render", "intake"} & set(file.parts[-3:]):
            state = file.stat()
            digest.update(f"{file.name} {state.st_size} {state.st_mtime_ns}".encode())
    return digest.digest()
