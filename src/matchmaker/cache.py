"""What was worked out before, kept by content in the user's cache folder; safe to delete at any time.

An entry is found only by everything it was made from: the key holds the data, the settings and this program's own code.
An entry that cannot be read, is damaged or cannot be written is as good as none.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

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


def pack(arrays: Arrays) -> bytes:
    """Arrays of numbers as bytes; ``unpack`` gives them back. Nothing in them is ever executed."""
    import numpy as np

    stream = BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


def unpack(data: bytes) -> dict[str, NDArray[np.generic]]:
    """The arrays of ``pack``."""
    import numpy as np

    with np.load(BytesIO(data), allow_pickle=False) as held:
        return dict(held)


def _keep(path: Path, made: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(blake2b(made, digest_size=_DIGEST).digest() + made)
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
