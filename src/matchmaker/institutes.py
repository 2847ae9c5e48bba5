"""Institute profiles from YAML files, a folder of them, or JSONL; all faults of all files are reported at once."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, overload

from matchmaker import log
from matchmaker.cache import remembered
from matchmaker.domain import (
    Alliance,
    Capability,
    Citation,
    Evidence,
    Institute,
    Language,
    Registry,
    SampleNeeds,
    Source,
    check,
)
from matchmaker.errors import Fault, ProfileError, did_you_mean
from matchmaker.messages import Message, foreign, listed, said
from matchmaker.yamlfile import MAX_DEPTH, YamlError, load_yaml

_FILE_FIELDS = ("schema", "sources", "alliance", "institutes", "sample_needs")
_SAMPLES = "sample_needs"
"""A field of files, and the folder beside the shipped profiles that holds such files, one an institute."""
_SCHEMA = 1
_MAX_BYTES = 200_000_000
_MAX_ALIASES = 10_000
_MANY = 500  # institutes; of so many most are never looked at


def shipped_profiles() -> Path:
    """The profiles of the five organisations that come with the package, or with the source tree it runs from."""
    here = Path(__file__).parent
    installed = here / "data" / "institutes.yaml"
    return installed if installed.exists() else here.parents[1] / "data" / "institutes.yaml"


def load_institutes(path: Path | None = None, *, use_cache: bool = False) -> Registry:
    """Read profiles: one YAML or JSONL file, or every such file of a folder in order of name.

    Args:
        path: The shipped profiles of the five organisations when not given; ``gba`` names the shipped profiles of
            further institutes, ``all`` both.
        use_cache: Keep what was read in the user's cache folder, and take it from there when the files are the same.

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
                files.append((file.name, stream.read(_MAX_BYTES + 1)))  # one more than allowed shows that there is more
        except OSError as error:
            faults.append(Fault(str(file), _unreadable(error), "check its permissions"))
    if not use_cache or faults:
        return _registry(files, faults)
    key = b"".join(name.encode("utf-8", "surrogateescape") + sha256(data).digest() for name, data in files)
    return _from_lines(remembered("profiles", key, lambda: _as_lines(_registry(files, faults))))


def _as_lines(registry: Registry) -> bytes:
    """A registry as JSON: a line without the institutes, a line of their ids, and a line for each of them."""
    ids = json.dumps([institute.id for institute in registry.institutes])
    lines = [registry.model_copy(update={"institutes": ()}).model_dump_json(by_alias=True), ids]
    lines += [institute.model_dump_json(by_alias=True) for institute in registry.institutes]
    return "\n".join(lines).encode()


def _from_lines(kept: bytes) -> Registry:
    """What ``_as_lines`` was given; of many institutes each is read when it is first asked for."""
    head, ids, *lines = kept.split(b"\n")
    institutes = KeptInstitutes(json.loads(ids), lines)
    held = institutes if len(lines) > _MANY else tuple(institutes)
    return Registry.model_validate_json(head).model_copy(update={"institutes": held})


class KeptInstitutes(Sequence[Institute]):
    """Institutes in order of id, each read from its line of JSON when it is first asked for.

    Args:
        ids: In order.
        lines: Of the same length.
    """

    def __init__(self, ids: Sequence[str], lines: Sequence[bytes]) -> None:
        self.ids = ids
        self._lines = lines
        self._read: dict[int, Institute] = {}

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, at: int) -> Institute: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Institute]: ...
    def __getitem__(self, at: int | slice) -> Institute | Sequence[Institute]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        place = range(len(self._lines))[at]
        institute = self._read.get(place)
        if institute is None:
            institute = self._read[place] = Institute.model_validate_json(self._lines[place])
        return institute

    def __reduce__(self) -> tuple[object, ...]:
        """Sent to worker processes without what was read."""
        return KeptInstitutes, (self.ids, self._lines)


def in_order(registry: Registry) -> Sequence[Institute]:
    """The institutes of a registry in order of id."""
    if isinstance(registry.institutes, KeptInstitutes):
        return registry.institutes
    return tuple(sorted(registry.institutes, key=lambda institute: institute.id))


def ids_of(registry: Registry) -> Sequence[str]:
    """The ids of the institutes of a registry, in order."""
    institutes = in_order(registry)
    return institutes.ids if isinstance(institutes, KeptInstitutes) else [institute.id for institute in institutes]


def names_of(registry: Registry, ids: Collection[str], language: Language) -> dict[str, str]:
    """What the institutes with these ids are called, those that are not in the registry left out."""
    if isinstance(registry.institutes, KeptInstitutes):
        chosen = [registry.institutes[at] for at, id_ in enumerate(registry.institutes.ids) if id_ in ids]
    else:
        chosen = [institute for institute in registry.institutes if institute.id in ids]
    return {institute.id: institute.name.in_language(language) for institute in chosen}


def _registry(files: Sequence[tuple[str, bytes]], faults: list[Fault]) -> Registry:
    digest = sha256()
    reading = _Reading(faults)
    for name, data in files:
        digest.update(data)
        reading.add(name, data)
    reading.add_samples()
    institutes = sorted((institute for _, institute in reading.institutes), key=lambda institute: institute.id)
    _check_ids(reading.institutes, faults)
    _check_sources(reading.institutes, reading.alliance, reading.sources, faults)
    if not institutes and not faults:
        faults.append(Fault(files[0][0], "holds no institute", "add one under 'institutes:'"))
    if faults:
        raise ProfileError(faults)
    return Registry(
        institutes=tuple(institutes),
        sources=reading.sources,
        alliance=reading.alliance[1] if reading.alliance else None,
        fingerprint=f"sha256:{digest.hexdigest()}",
    )


def cite(registry: Registry, evidence: Evidence, language: Language, *, via_parent: bool) -> Citation:
    """The evidence with its source as it may be shown: the address, or title, publisher and date.

    A copy is cited as its original and marked; its own address is never shown as the source.
    """
    source = registry.source(evidence.source)
    shown = evidence.source if source is None else source.url or citation(source, language)
    return Citation(
        claim=evidence.claim,
        year=evidence.year,
        source=shown,
        via_parent=via_parent,
        copy=bool(source and source.is_copy),
    )


def citation(source: Source, language: Language) -> str:
    """Title, publisher and date of a source in one line."""
    publisher = source.publisher.in_language(language) if source.publisher else None
    undated = "日期不详" if language == "zh" else "no date shown"
    date = undated if source.date == "not shown" else source.date
    joint = "，" if language == "zh" else ", "
    return joint.join(part for part in (source.title.in_language(language), publisher, date) if part)


def find_institute(registry: Registry, name: str) -> Institute:
    """The institute with this id, name or alias.

    Raises:
        ProfileError: No institute is called so.
    """
    for institute in registry.institutes:
        if institute.is_called(name):
            return institute
    known = [called for institute in registry.institutes for called in (institute.id, *institute.name.both())]
    finding = said("no institute is called '{name}'{hint}", name=name, hint=did_you_mean(name, known))
    ids = listed(institute.id for institute in registry.institutes[:20])
    raise ProfileError(Fault("", finding, said("known: {names}", names=ids)))


class _Reading:
    """What the files read so far hold; faults are added to the list given."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        self.institutes: list[tuple[str, Institute]] = []
        self.sources: dict[str, Source] = {}
        self.alliance: tuple[str, Alliance] | None = None
        self.samples: dict[tuple[str, str], tuple[str, SampleNeeds]] = {}

    def add(self, name: str, data: bytes) -> None:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            finding = said("is not UTF-8 (byte {position})", position=error.start)
            self._fault(name, finding, "save the file as UTF-8")
            return
        if len(data) > _MAX_BYTES:
            self._fault(
                name, said("larger than {size} MB", size=_MAX_BYTES // 1_000_000), "split it into several files"
            )
            return
        if name.lower().endswith(".jsonl"):
            for place, entry in self._lines(name, text):
                self._add_institute(place, entry)
            return
        try:
            content = load_yaml(text, typed=True, max_aliases=_MAX_ALIASES)
        except YamlError as error:
            self.faults.append(_yaml_fault(error, name))
            return
        self._add_file(name, content)

    def _lines(self, name: str, text: str) -> Iterator[tuple[str, object]]:
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                place = said("{place}, line {line}", place=name, line=number)
                twice: list[str] = []
                try:
                    entry = json.loads(line, object_pairs_hook=partial(_object, twice=twice))
                except (ValueError, RecursionError) as error:
                    finding = said("is not valid JSON ({problem})", problem=_json_problem(error))
                    self._fault(place, finding, "write one institute a line")
                    continue
                for field in twice:
                    self._fault(place, said("the field '{name}' stands twice", name=field), "keep one of them")
                if not twice:
                    yield place, entry

    def _add_file(self, name: str, content: object) -> None:
        if content is None:
            self._fault(name, "is empty", "copy an institute from the shipped institutes.yaml and edit it")
            return
        if not isinstance(content, dict) or not isinstance(content.get("institutes", []), list):
            self._fault(name, "expected a mapping with a list under 'institutes:'", "see docs/profiles.md")
            return
        for field in content:
            if field not in _FILE_FIELDS:
                hint = did_you_mean(str(field), _FILE_FIELDS, n_before=len(self.faults))
                self._fault(name, said("unknown field '{name}'{hint}", name=field, hint=hint))
        if content.get("schema", _SCHEMA) != _SCHEMA:
            finding = said("schema {schema} is not known", schema=content["schema"])
            self._fault(name, finding, said("this version reads schema {schema}", schema=_SCHEMA))
        content = _with_keys_of_its_own(content, name, set(self.sources))
        self._add_sources(name, content.get("sources") or {})
        if content.get("alliance") is not None:
            place = _within(name, "alliance")
            alliance = check(Alliance, content["alliance"], place=place)
            if not isinstance(alliance, Alliance):
                self.faults.extend(alliance)
            elif self.alliance:
                self._fault(place, said("is already in {place}", place=self.alliance[0]), "keep one of the two")
            else:
                self.alliance = (name, alliance)
        entries = content.get("institutes")
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            self._add_institute(_within(name, f"institutes[{index}]"), entry)
        self._read_samples(_within(name, _SAMPLES), content.get(_SAMPLES) or {})

    def _read_samples(self, place: str, content: object) -> None:
        """Note the sample needs of a file: a mapping from institute to capability to needs and near misses."""
        for institute, capabilities in self._entries(place, content):
            for capability, entry in self._entries(_below(place, institute), capabilities):
                where = _below(place, f"{institute}.{capability}")
                samples = check(SampleNeeds, entry, place=where)
                if not isinstance(samples, SampleNeeds):
                    self.faults.extend(samples)
                elif (institute, capability) in self.samples:
                    before = self.samples[institute, capability][0]
                    self._fault(where, said("is already in {place}", place=before), "keep one of the two")
                else:
                    self.samples[institute, capability] = where, samples

    def _entries(self, place: str, content: object) -> list[tuple[str, object]]:
        if isinstance(content, dict):
            return [(str(key), value) for key, value in content.items()]
        self._fault(place, "expected a mapping from institute to capability to needs", "see docs/profiles.md")
        return []

    def add_samples(self) -> None:
        """Give the capabilities the sample needs that files hold apart; whose capability is not there is a fault."""
        left = dict(self.samples)
        for at, (place, institute) in enumerate(self.institutes):
            capabilities = [self._with_samples(institute.id, one, left) for one in institute.capabilities]
            self.institutes[at] = place, institute.model_copy(update={"capabilities": tuple(capabilities)})
        known = {institute.id: [one.id for one in institute.capabilities] for _, institute in self.institutes}
        for (id_, capability), (where, _) in left.items():
            names = known.get(id_, known)
            wanted = capability if id_ in known else id_
            hint = did_you_mean(wanted, names, n_before=len(self.faults))
            finding = said("no institute or capability has the id '{id}'{hint}", id=wanted, hint=hint)
            self._fault(where, finding, "give the ids of the profile")

    def _with_samples(
        self, institute: str, capability: Capability, left: dict[tuple[str, str], tuple[str, SampleNeeds]]
    ) -> Capability:
        found = left.pop((institute, capability.id), None)
        if found is None:
            return capability
        added = {name: (*getattr(capability, name), *getattr(found[1], name)) for name in SampleNeeds.model_fields}
        return capability.model_copy(update=added)

    def _add_sources(self, name: str, sources: object) -> None:
        if not isinstance(sources, dict):
            self._fault(_within(name, "sources"), "expected a mapping from key to source")
            return
        for key, entry in sources.items():
            source = check(Source, entry, place=_within(name, f"sources.{key}"))
            if isinstance(source, Source):
                self.sources[str(key)] = source
            else:
                self.faults.extend(source)

    def _add_institute(self, place: str, entry: object) -> None:
        institute = check(Institute, entry, place=place)
        if isinstance(institute, Institute):
            self.institutes.append((place, institute))
        else:
            self.faults.extend(institute)

    def _fault(self, place: str, finding: str, remedy: str = "") -> None:
        self.faults.append(Fault(place, finding, remedy))


def _yaml_fault(error: YamlError, name: str) -> Fault:
    """What is wrong with a file of profiles, with its line."""
    place: str = name
    if error.line is not None:
        place = said("{place}, line {line}, column {column}", place=name, line=error.line, column=error.column)
    if error.kind == "tag":
        return Fault(place, "a YAML tag (!…) that is not read here", "write plain text or a list")
    if error.kind == "deep":
        return Fault(place, said("nested more than {n} levels deep", n=MAX_DEPTH), "see docs/profiles.md")
    if error.kind in {"aliases", "large"}:
        return Fault(place, "its aliases (*name) stand for too much", "write the texts out")
    problem: str = foreign(error.detail)
    if error.kind == "twice":
        problem = said("the field '{name}' stands twice", name=error.detail)
    elif error.kind == "several":
        problem = said("expected a single document in the stream")
    return Fault(place, said("is not valid YAML ({problem})", problem=problem), "check the indents")


def _object(pairs: list[tuple[str, object]], *, twice: list[str]) -> dict[str, object]:
    """A JSON object; keys that stand twice in it are added to ``twice``."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice.extend(key for key, n in Counter(key for key, _ in pairs).items() if n > 1)
    return found


def _json_problem(error: ValueError | RecursionError) -> Message:
    if isinstance(error, json.JSONDecodeError):
        where = {"line": error.lineno, "column": error.colno, "position": error.pos}
        return said("{problem}: line {line} column {column} (char {position})", problem=foreign(error.msg), **where)
    return foreign(str(error))


def _within(name: str, inner: str) -> Message:
    return said("{place}, {inner}", place=name, inner=inner)


def _below(place: str, inner: str) -> Message:
    return said("{place}.{inner}", place=place, inner=inner)


def _with_keys_of_its_own(content: dict[str, object], name: str, taken: set[str]) -> dict[str, object]:
    """The content of a file whose source keys are renamed where an earlier file uses the same ones."""
    sources = content.get("sources")
    clashing = taken.intersection(sources) if isinstance(sources, dict) else set()
    if not clashing or not isinstance(sources, dict):
        return content
    renamed = {key: f"{name}#{key}" for key in clashing}
    changed = {part: _renamed(value, renamed) for part, value in content.items() if part != "sources"}
    return {**changed, "sources": {renamed.get(key, key): source for key, source in sources.items()}}


def _renamed(value: Any, keys: Mapping[str, str]) -> Any:
    """The same data with the keys of sources replaced wherever a source is named."""
    if isinstance(value, list):
        return [_renamed(item, keys) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {field: _renamed(item, keys) for field, item in value.items()}
    if isinstance(value.get("source"), str):
        changed["source"] = keys.get(value["source"], value["source"])
    if isinstance(value.get("sources"), list):
        changed["sources"] = [keys.get(key, key) if isinstance(key, str) else key for key in value["sources"]]
    return changed


_SHIPPED = {"gba": ("institutes_gba.yaml",), "all": ("institutes.yaml", "institutes_gba.yaml")}
_NAMED = re.compile(rb"^  - id: ([\w-]+)", re.MULTILINE)


def _files(path: Path) -> list[Path]:
    try:
        return _files_at(path)
    except OSError as error:
        raise ProfileError(Fault(str(path), _unreadable(error), "check the name and its permissions")) from None


def _unreadable(error: OSError) -> Message:
    return said("cannot be read ({reason})", reason=foreign(error.strerror or str(error)))


def _files_at(path: Path) -> list[Path]:
    if str(path) in _SHIPPED and not path.exists():
        shipped = [shipped_profiles().with_name(name) for name in _SHIPPED[str(path)]]
        return [*shipped, *_shipped_samples(shipped)]
    if path == shipped_profiles():
        return [path, *_shipped_samples([path])]
    if not path.exists():
        here = did_you_mean(path.name, (near.name for near in path.parent.glob("*"))) if path.parent.is_dir() else ""
        finding = said("no such file or folder{hint}", hint=here)
        raise ProfileError(Fault(str(path), finding, "check the path after --institutes"))
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in {".yaml", ".yml", ".jsonl"})
    if not files:
        raise ProfileError(Fault(str(path), "holds no .yaml, .yml or .jsonl file"))
    return files


def _shipped_samples(files: Sequence[Path]) -> list[Path]:
    """The sample needs of the institutes in some of the shipped files."""
    held = {id_.decode() for file in files for id_ in _NAMED.findall(file.read_bytes())}
    return sorted(file for file in files[0].with_name(_SAMPLES).glob("*.yaml") if file.stem in held)


def _check_ids(institutes: Iterable[tuple[str, Institute]], faults: list[Fault]) -> None:
    places: dict[str, str] = {}
    for place, institute in institutes:
        if institute.id in places:
            finding = said("the id '{id}' is already at {place}", id=institute.id, place=places[institute.id])
            faults.append(Fault(place, finding, "give each institute its own"))
        places.setdefault(institute.id, place)
        seen: set[str] = set()
        for index, capability in enumerate(institute.capabilities):
            if capability.id in seen:
                finding = said("the id '{id}' stands twice in this institute", id=capability.id)
                faults.append(Fault(_below(place, f"capabilities[{index}]"), finding))
            seen.add(capability.id)


def _check_sources(
    institutes: Iterable[tuple[str, Institute]],
    alliance: tuple[str, Alliance] | None,
    sources: dict[str, Source],
    faults: list[Fault],
) -> None:
    """A source is a key of ``sources`` or an address; anything else is a slip."""
    cited = [(_below(place, "sources"), key) for place, institute in institutes for key in institute.sources]
    for place, institute in institutes:
        for at, capability in enumerate(institute.capabilities):
            where = f"capabilities[{at}].evidence"
            cited += [(_below(place, f"{where}[{nth}]"), item.source) for nth, item in enumerate(capability.evidence)]
    if alliance:
        keys = (alliance[1].source, *(figure.source for figure in alliance[1].figures))
        cited += [(_within(alliance[0], "alliance"), key) for key in keys if key]
    for place, key in cited:
        if key not in sources and not key.startswith(("http://", "https://")):
            finding = said(
                "unknown source '{name}'{hint}", name=key, hint=did_you_mean(key, sources, n_before=len(faults))
            )
            faults.append(Fault(place, finding, "add it under 'sources:' or give an address"))
