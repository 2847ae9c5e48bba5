"""The institutes of a registry: found in files, loaded, looked up and cited."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from hashlib import sha256
from pathlib import Path
from typing import overload

from matchmaker import log
from matchmaker.cache import cached_bytes
from matchmaker.domain import (
    Citation,
    Evidence,
    Institute,
    Language,
    Registry,
    Source,
)
from matchmaker.errors import Fault, ProfileError, did_you_mean
from matchmaker.messages import Message, foreign, in_context, join_messages, make_message, translate
from matchmaker.profilefiles import MAX_BYTES, SAMPLES, parse_registry

_LAZY_ABOVE = 500
"""Above this number of cached institutes most are never looked at, so each is parsed when it is first used."""


def shipped_profiles() -> Path:
    """The profiles of the five organisations that come with the package, or with the source tree it runs from."""
    here = Path(__file__).parent
    installed = here / "data" / "institutes.yaml"
    return installed if installed.exists() else here.parents[1] / "data" / "institutes.yaml"


def load_institutes(path: Path | None = None, *, use_cache: bool = False) -> Registry:
    """Read profiles: one YAML or JSONL file, or every such file of a folder in order of name.

    Args:
        path: By default the shipped profiles of the five organisations; ``gba`` stands for the shipped profiles of
            further institutes, ``all`` for both.
        use_cache: Keep the result in the user's cache folder, and take it from there if the files are unchanged.

    Returns:
        The registry, institutes in order of id. Its fingerprint is ``sha256:`` of the files' bytes in order of name.

    Raises:
        ProfileError: Something is missing or wrong; every fault is listed, in order of file and place.
    """
    faults: list[Fault] = []
    files: list[tuple[str, bytes]] = []
    for file in _files(path or shipped_profiles()):
        log.note("profiles %s", file)
        try:
            with file.open("rb") as stream:
                files.append((file.name, stream.read(MAX_BYTES + 1)))  # one byte more shows that the file is too large
        except OSError as error:
            faults.append(Fault(str(file), _unreadable_finding(error), "check its permissions"))
    if not use_cache or faults:
        return parse_registry(files, faults)
    key = b"".join(name.encode("utf-8", "surrogateescape") + sha256(data).digest() for name, data in files)
    return _from_json_lines(cached_bytes("profiles", key, lambda: _to_json_lines(parse_registry(files, faults))))


def _to_json_lines(registry: Registry) -> bytes:
    """A registry as JSON: a line without the institutes, a line of their ids, and a line for each of them."""
    ids = json.dumps([institute.id for institute in registry.institutes])
    lines = [registry.model_copy(update={"institutes": ()}).model_dump_json(by_alias=True), ids]
    lines += [institute.model_dump_json(by_alias=True) for institute in registry.institutes]
    return "\n".join(lines).encode()


def _from_json_lines(data: bytes) -> Registry:
    """The registry given to ``_to_json_lines``; many institutes are parsed lazily."""
    head, ids, *lines = data.split(b"\n")
    institutes = LazyInstitutes(json.loads(ids), lines)
    loaded = institutes if len(lines) > _LAZY_ABOVE else tuple(institutes)
    return Registry.model_validate_json(head).model_copy(update={"institutes": loaded})


class LazyInstitutes(Sequence[Institute]):
    """Institutes in order of id, each parsed from its line of JSON when it is first used.

    Args:
        ids: The ids, in order.
        lines: The JSON of each institute, in the same order.
    """

    def __init__(self, ids: Sequence[str], lines: Sequence[bytes]) -> None:
        self.ids = ids
        self._json_lines = lines
        self._read: dict[int, Institute] = {}

    def __len__(self) -> int:
        return len(self._json_lines)

    @overload
    def __getitem__(self, at: int) -> Institute: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Institute]: ...
    def __getitem__(self, at: int | slice) -> Institute | Sequence[Institute]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        place = range(len(self._json_lines))[at]
        institute = self._read.get(place)
        if institute is None:
            institute = self._read[place] = Institute.model_validate_json(self._json_lines[place])
        return institute

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled for worker processes without the institutes parsed so far."""
        return LazyInstitutes, (self.ids, self._json_lines)


def sorted_institutes(registry: Registry) -> Sequence[Institute]:
    """The institutes of a registry in order of id."""
    if isinstance(registry.institutes, LazyInstitutes):
        return registry.institutes
    return tuple(sorted(registry.institutes, key=lambda institute: institute.id))


def institute_ids(registry: Registry) -> Sequence[str]:
    """The ids of the institutes of a registry, in order."""
    institutes = sorted_institutes(registry)
    return institutes.ids if isinstance(institutes, LazyInstitutes) else [institute.id for institute in institutes]


def institute_names(registry: Registry, ids: Collection[str], language: Language) -> dict[str, str]:
    """The names of the institutes with these ids, by id; ids that are not in the registry are left out."""
    if isinstance(registry.institutes, LazyInstitutes):
        chosen = [registry.institutes[index] for index, id_ in enumerate(registry.institutes.ids) if id_ in ids]
    else:
        chosen = [institute for institute in registry.institutes if institute.id in ids]
    return {institute.id: institute.name.in_language(language) for institute in chosen}


def cite(registry: Registry, evidence: Evidence, language: Language, *, via_parent: bool) -> Citation:
    """The evidence with its source as it may be shown: the address, or title, publisher and date.

    A copy is marked and cited as its original; its own address is never shown.
    """
    source = registry.source(evidence.source)
    source_text = evidence.source if source is None else source.url or citation(source, language)
    return Citation(
        claim=evidence.claim,
        year=evidence.year,
        source=source_text,
        via_parent=via_parent,
        copy=bool(source and source.is_copy),
    )


def citation(source: Source, language: Language) -> str:
    """Title, publisher and date of a source in one line."""
    publisher = source.publisher.in_language(language) if source.publisher else None
    date = translate("no date shown", language) if source.date == "not shown" else source.date
    joint = translate(in_context("parts of a sentence", ", "), language)
    return joint.join(part for part in (source.title.in_language(language), publisher, date) if part)


def find_institute(registry: Registry, name: str) -> Institute:
    """The institute with this id, name or alias.

    Raises:
        ProfileError: No institute has this name.
    """
    for institute in registry.institutes:
        if institute.is_called(name):
            return institute
    known = [name_or_id for institute in registry.institutes for name_or_id in (institute.id, *institute.name.both())]
    finding = make_message("no institute is named '{name}'{hint}", name=name, hint=did_you_mean(name, known))
    ids = join_messages(institute.id for institute in registry.institutes[:20])
    raise ProfileError(Fault("", finding, make_message("known: {names}", names=ids)))


_SHIPPED = {"gba": ("institutes_gba.yaml",), "all": ("institutes.yaml", "institutes_gba.yaml")}
_SHIPPED_ID = re.compile(rb"^  - id: ([\w-]+)", re.MULTILINE)


def _files(path: Path) -> list[Path]:
    try:
        return _files_at(path)
    except OSError as error:
        raise ProfileError(Fault(str(path), _unreadable_finding(error), "check the name and its permissions")) from None


def _unreadable_finding(error: OSError) -> Message:
    return make_message("cannot be read ({reason})", reason=foreign(error.strerror or str(error)))


def _files_at(path: Path) -> list[Path]:
    if str(path) in _SHIPPED and not path.exists():
        shipped = [shipped_profiles().with_name(name) for name in _SHIPPED[str(path)]]
        return [*shipped, *_shipped_samples(shipped)]
    if path == shipped_profiles():
        return [path, *_shipped_samples([path])]
    if not path.exists():
        hint = (
            did_you_mean(path.name, (neighbour.name for neighbour in path.parent.glob("*")))
            if path.parent.is_dir()
            else ""
        )
        finding = make_message("no such file or folder{hint}", hint=hint)
        raise ProfileError(Fault(str(path), finding, "check the path after --institutes"))
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in {".yaml", ".yml", ".jsonl"})
    if not files:
        raise ProfileError(Fault(str(path), "holds no .yaml, .yml or .jsonl file"))
    return files


def _shipped_samples(files: Sequence[Path]) -> list[Path]:
    """The files with the sample needs of the institutes in some of the shipped files."""
    shipped_ids = {id_.decode() for file in files for id_ in _SHIPPED_ID.findall(file.read_bytes())}
    return sorted(file for file in files[0].with_name(SAMPLES).glob("*.yaml") if file.stem in shipped_ids)
