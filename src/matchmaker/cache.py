"""Earlier results, stored by content in the user's cache folder, which may be deleted at any time.

The key of an entry covers everything it was made from: the data, the settings and the code of this program. A digest
reveals an entry that was moved to the name of another. An entry that cannot be read, is damaged or cannot be written is
treated as missing. So is an entry that belongs to another user, that others can write, or that lies in such a folder:
a digest reveals damage, but whoever can write an entry can write its digest. Nothing here is ever unpickled.

When an entry is written, those that have long been unused are deleted, and the oldest if all together are too large.
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
_MAX_UNUSED = 60 * _DAY
_MAX_BYTES = 4 << 30
_ENTRY = re.compile(r"\.?[a-z]+-[0-9a-f]{32}(\..*)?")


def cached_bytes(kind: str, key: bytes, make: Callable[[], bytes]) -> bytes:
    """The result of ``make``, from the cache if the same code made it before for the same ``kind`` and ``key``."""
    path = _entry_path(kind, key)
    if path is not None:
        with suppress(OSError), _open_entry(path) as file:
            digest, contents = file.read(_DIGEST), file.read()
            if _digest(path, contents) == digest:
                log.note("cache: %s taken from %s", kind, path)
                return contents
    with log.timed("cache: %s made", kind):
        made = make()
    if path is not None:
        with suppress(OSError):
            _write_entry(path, made)
    return made


def cached_arrays(kind: str, key: bytes, make: Callable[[], Arrays], *, checked: bool = True) -> Arrays:
    """As ``cached_bytes``, for arrays of numbers; those from the cache are read-only, and read from the disk as needed.

    If a file is larger than 64 MB, or ``checked`` is false, only its length and table of contents are verified.
    """
    path = _entry_path(kind, key)
    if path is not None:
        with suppress(OSError, ValueError, KeyError, TypeError):
            arrays = _map_arrays(path, checked=checked)
            log.note("cache: %s taken from %s", kind, path)
            return arrays
    with log.timed("cache: %s made", kind):
        made = make()
    if path is not None:
        with suppress(OSError):
            _write_whole(path, _array_chunks(path, made))
    return made


def cache_folder() -> Path | None:
    """The folder of all entries, which need not exist; ``None`` if no home folder is known."""
    from platformdirs import user_cache_path

    with suppress(OSError, RuntimeError):
        folder = user_cache_path("matchmaker", appauthor=False)
        return folder if folder.is_absolute() else None  # without a home folder it would be a folder named ~
    return None


def is_private(state: os.stat_result) -> bool:
    """Whether a file or folder belongs to this user and nobody else may write it; assumed of all on Windows."""
    return os.name == "nt" or (state.st_uid == os.geteuid() and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


_MAGIC = b"matchmaker arrays 1\n"
_ALIGNMENT = 64
_MAX_CHECKED = 1 << 26


def _array_chunks(path: Path, arrays: Arrays) -> Iterator[bytes | memoryview]:
    """The chunks of a file: magic, length and digest of the table of contents, the table as JSON, aligned arrays."""
    import numpy as np

    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    offset, layout, checksum = 0, {}, 0
    for name, array in contiguous.items():
        layout[name] = (array.dtype.str, np.shape(arrays[name]), offset)
        offset += array.nbytes + -array.nbytes % _ALIGNMENT
        checksum = crc32(array.tobytes() + bytes(-array.nbytes % _ALIGNMENT), checksum) if offset <= _MAX_CHECKED else 0
    contents = json.dumps({"size": offset, "check": checksum, "arrays": layout}).encode()
    contents += b" " * (-(len(_MAGIC) + 8 + _DIGEST + len(contents)) % _ALIGNMENT)
    yield _MAGIC + len(contents).to_bytes(8, "little") + _digest(path, contents) + contents
    for array in contiguous.values():
        yield array.tobytes() + bytes(-array.nbytes % _ALIGNMENT)


def _map_arrays(path: Path, *, checked: bool) -> Arrays:
    """The arrays of a file.

    Raises:
        OSError: There is none.
        ValueError: It is damaged.
    """
    import numpy as np

    with _open_entry(path) as file:
        start = len(_MAGIC) + 8 + _DIGEST
        head = file.read(start)
        length = int.from_bytes(head[len(_MAGIC) : len(_MAGIC) + 8], "little")
        contents = file.read(length) if head.startswith(_MAGIC) and length < _MAX_CHECKED else b""
        if _digest(path, contents) != head[-_DIGEST:]:
            raise ValueError("no file of arrays, or a damaged one")
        layout = json.loads(contents)
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    body = memoryview(data)[start + length :]
    if len(body) != layout["size"] or (checked and len(body) <= _MAX_CHECKED and crc32(body) != layout["check"]):
        raise ValueError("a damaged file of arrays")
    return {
        name: np.frombuffer(body, dtype, int(np.prod(shape)), offset).reshape(shape)
        for name, (dtype, shape, offset) in layout["arrays"].items()
    }


def _write_entry(path: Path, contents: bytes) -> None:
    _write_whole(path, [_digest(path, contents) + contents])


def _digest(path: Path, contents: bytes) -> bytes:
    """A digest of the contents and the name of an entry, so that one moved to another name counts as damaged."""
    digest = blake2b(path.name.encode() + b"\0", digest_size=_DIGEST)
    digest.update(contents)
    return digest.digest()


def _open_entry(path: Path) -> BinaryIO:
    """Open an entry for reading.

    Raises:
        OSError: There is none, or others could have written it.
    """
    file = path.open("rb")
    state = os.fstat(file.fileno())
    if not is_private(state):
        file.close()
        raise PermissionError(errno.EPERM, "others could have written this", str(path))
    if time.time() - state.st_mtime > _DAY:
        with suppress(OSError):  # the disk may be read-only
            os.utime(path)  # notes the last use, to the day
    return file


def _write_whole(path: Path, chunks: Iterable[bytes | memoryview]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    _prune(path)


def _prune(newest: Path) -> None:
    """Delete entries beside the newest that are long unused, partial, or the oldest when all are too large."""
    now, bytes_left = time.time(), _MAX_BYTES
    states = []
    for path in filter(lambda path: _ENTRY.fullmatch(path.name), newest.parent.iterdir()):
        with suppress(OSError):  # another process has deleted it
            states.append((path.stat().st_mtime, path.stat().st_size, path))
    for last_used, size, path in sorted(states, reverse=True):
        is_partial = path.name.startswith(".")
        bytes_left -= 0 if path == newest else size
        if path != newest and (bytes_left < 0 or now - last_used > (_DAY if is_partial else _MAX_UNUSED)):
            with suppress(OSError):
                path.unlink()
                log.note("cache: %s deleted", path)


def _entry_path(kind: str, key: bytes) -> Path | None:
    folder = cache_folder()
    if folder is None:
        return None
    try:
        if not is_private(folder.stat()):
            return None
    except FileNotFoundError:
        pass  # the folder is made with the first entry
    except OSError:
        return None
    return folder / f"{kind}-{blake2b(key + _code_digest(), digest_size=16).hexdigest()}"


@lru_cache(maxsize=1)
def _code_digest() -> bytes:
    """A digest of this package's files, so that no entry outlives the code that made it."""
    digest = blake2b()
    for file in sorted(Path(__file__).parent.rglob("*")):
        if file.suffix in {".py", ".npz", ".npy"} and not {"cli", "writing", "intake"} & set(file.parts[-3:]):
            state = file.stat()
            digest.update(f"{file.name} {state.st_size} {state.st_mtime_ns}".encode())
    return digest.digest()
