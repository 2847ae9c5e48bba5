"""What was worked out before, kept by content in the user's cache folder; safe to delete at any time.

An entry is found only by everything it was made from: the key holds the data, the settings and this program's own code.
An entry that cannot be read, is damaged or cannot be written is as good as none.
"""

from __future__ import annotations

import json
import mmap
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[np.generic]]

_DIGEST = 32


def remembered(kind: str, key: bytes, make: Callable[[], bytes]) -> bytes:
    """What ``make`` gives, from the cache where it was made before from the same ``kind``, ``key`` and code."""
    path = _path(kind, key)
    if path is not None:
        with suppress(OSError):
            kept = path.read_bytes()
            if blake2b(kept[_DIGEST:], digest_size=_DIGEST).digest() == kept[:_DIGEST]:
                return kept[_DIGEST:]
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
        with suppress(OSError, ValueError):
            return _mapped(path, checked=checked)
    made = make()
    if path is not None:
        with suppress(OSError):
            _write_whole(path, _pieces(made))
    return made


_MAGIC = b"matchmaker arrays 1\n"
_ALIGNED = 64
_MOST_CHECKED = 1 << 26


def _pieces(arrays: Arrays) -> Iterator[bytes | memoryview]:
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
    yield _MAGIC + len(contents).to_bytes(8, "little") + blake2b(contents, digest_size=_DIGEST).digest() + contents
    for array in held.values():
        yield array.tobytes() + bytes(-array.nbytes % _ALIGNED)


def _mapped(path: Path, *, checked: bool) -> Arrays:
    """The arrays of a file.

    Raises:
        OSError: There is none.
        ValueError: It is damaged.
    """
    import numpy as np

    with path.open("rb") as file:
        start = len(_MAGIC) + 8 + _DIGEST
        head = file.read(start)
        length = int.from_bytes(head[len(_MAGIC) : len(_MAGIC) + 8], "little")
        contents = file.read(length) if head.startswith(_MAGIC) and length < _MOST_CHECKED else b""
        if blake2b(contents, digest_size=_DIGEST).digest() != head[-_DIGEST:]:
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
    _write_whole(path, [blake2b(made, digest_size=_DIGEST).digest() + made])


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


def _path(kind: str, key: bytes) -> Path | None:
    from platformdirs import user_cache_path

    name = blake2b(key + _code(), digest_size=16).hexdigest()
    with suppress(OSError, RuntimeError):  # no home folder
        return user_cache_path("matchmaker", appauthor=False) / f"{kind}-{name}"
    return None


@lru_cache(maxsize=1)
def _code() -> bytes:
    """A digest of this package's own files, so that no entry outlives the code that made it."""
    digest = blake2b()
    for file in sorted(Path(__file__).parent.rglob("*")):
        if file.suffix in {".py", ".npz", ".npy"} and not {"cli", "render", "intake"} & set(file.parts[-3:]):
            state = file.stat()
            digest.update(f"{file.name} {state.st_size} {state.st_mtime_ns}".encode())
    return digest.digest()
