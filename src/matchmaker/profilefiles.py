"""Institute profiles from the bytes of YAML and JSONL files; all faults of all files are reported at once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Any

from matchmaker.domain import Alliance, Capability, Institute, Registry, SampleNeeds, Source
from matchmaker.errors import Fault, ProfileError, did_you_mean
from matchmaker.messages import Message, foreign, make_message
from matchmaker.records import parse_record
from matchmaker.yamlfile import MAX_DEPTH, YamlError, load_yaml

_FILE_FIELDS = ("schema", "sources", "alliance", "institutes", "sample_needs")
SAMPLES = "sample_needs"
"""The field of a file with sample needs, and the folder of such files beside the shipped profiles."""
_SCHEMA = 1
MAX_BYTES = 200_000_000
_MAX_ALIASES = 10_000


def parse_registry(files: Sequence[tuple[str, bytes]], faults: list[Fault]) -> Registry:
    """The registry of all institutes in some files, in order of id.

    Args:
        files: The name and the content of each file, in order.
        faults: The faults found so far.

    Raises:
        ProfileError: There is any fault, or no institute.
    """
    digest = sha256()
    reading = _ProfileReader(faults)
    for name, data in files:
        digest.update(data)
        reading.add(name, data)
    reading.add_samples()
    institutes = sorted((institute for _, institute in reading.institutes), key=lambda institute: institute.id)
    _check_ids(reading.institutes, faults)
    _check_sources(reading.institutes, reading.alliance, reading.sources, faults)
    if not institutes and not faults:
        faults.append(Fault(files[0][0], "contains no institutes", "add one under 'institutes:'"))
    if faults:
        raise ProfileError(faults)
    return Registry(
        institutes=tuple(institutes),
        sources=reading.sources,
        alliance=reading.alliance[1] if reading.alliance else None,
        fingerprint=f"sha256:{digest.hexdigest()}",
    )


class _ProfileReader:
    """The content of the files read so far; faults are added to the list it is given."""

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
            finding = make_message("is not UTF-8 (byte {position})", position=error.start)
            self._add_fault(name, finding, "save the file as UTF-8")
            return
        if len(data) > MAX_BYTES:
            self._add_fault(
                name, make_message("larger than {size} MB", size=MAX_BYTES // 1_000_000), "split it into several files"
            )
            return
        if name.lower().endswith(".jsonl"):
            for place, entry in self._json_lines(name, text):
                self._add_institute(place, entry)
            return
        try:
            content = load_yaml(text, typed=True, max_aliases=_MAX_ALIASES)
        except YamlError as error:
            self.faults.append(_yaml_fault(error, name))
            return
        self._add_file(name, content)

    def _json_lines(self, name: str, text: str) -> Iterator[tuple[str, object]]:
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                place = make_message("{place}, line {line}", place=name, line=number)
                duplicates: list[str] = []
                try:
                    entry = json.loads(line, object_pairs_hook=partial(_json_object, duplicates=duplicates))
                except (ValueError, RecursionError) as error:
                    finding = make_message("is not valid JSON ({problem})", problem=_json_problem(error))
                    self._add_fault(place, finding, "write one institute a line")
                    continue
                for field in duplicates:
                    self._add_fault(place, make_message("duplicate field '{name}'", name=field), "keep one of them")
                if not duplicates:
                    yield place, entry

    def _add_file(self, name: str, content: object) -> None:
        if content is None:
            self._add_fault(name, "is empty", "copy an institute from the shipped institutes.yaml and edit it")
            return
        if not isinstance(content, dict) or not isinstance(content.get("institutes", []), list):
            self._add_fault(name, "expected a mapping with a list under 'institutes:'", "see docs/profiles.md")
            return
        for field in content:
            if field not in _FILE_FIELDS:
                hint = did_you_mean(str(field), _FILE_FIELDS, n_before=len(self.faults))
                self._add_fault(name, make_message("unknown field '{name}'{hint}", name=field, hint=hint))
        if content.get("schema", _SCHEMA) != _SCHEMA:
            finding = make_message("schema {schema} is not known", schema=content["schema"])
            self._add_fault(name, finding, make_message("this version reads schema {schema}", schema=_SCHEMA))
        content = _with_unique_source_keys(content, name, set(self.sources))
        self._add_sources(name, content.get("sources") or {})
        if content.get("alliance") is not None:
            place = _inner_place(name, "alliance")
            alliance = parse_record(Alliance, content["alliance"], place=place)
            if not isinstance(alliance, Alliance):
                self.faults.extend(alliance)
            elif self.alliance:
                self._add_fault(
                    place, make_message("is already in {place}", place=self.alliance[0]), "keep one of the two"
                )
            else:
                self.alliance = (name, alliance)
        entries = content.get("institutes")
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            self._add_institute(_inner_place(name, f"institutes[{index}]"), entry)
        self._read_samples(_inner_place(name, SAMPLES), content.get(SAMPLES) or {})

    def _read_samples(self, place: str, content: object) -> None:
        """Read the sample needs of a file: a mapping from institute to capability to needs and near misses."""
        for institute, capabilities in self._entries(place, content):
            for capability, entry in self._entries(_field_place(place, institute), capabilities):
                place_of_entry = _field_place(place, f"{institute}.{capability}")
                samples = parse_record(SampleNeeds, entry, place=place_of_entry)
                if not isinstance(samples, SampleNeeds):
                    self.faults.extend(samples)
                elif (institute, capability) in self.samples:
                    earlier_place = self.samples[institute, capability][0]
                    self._add_fault(
                        place_of_entry,
                        make_message("is already in {place}", place=earlier_place),
                        "keep one of the two",
                    )
                else:
                    self.samples[institute, capability] = place_of_entry, samples

    def _entries(self, place: str, content: object) -> list[tuple[str, object]]:
        if isinstance(content, dict):
            return [(str(key), value) for key, value in content.items()]
        self._add_fault(place, "expected a mapping from institute to capability to needs", "see docs/profiles.md")
        return []

    def add_samples(self) -> None:
        """Add sample needs given apart from the profiles to their capabilities; an unknown capability is a fault."""
        unclaimed = dict(self.samples)
        for index, (place, institute) in enumerate(self.institutes):
            capabilities = [self._with_samples(institute.id, one, unclaimed) for one in institute.capabilities]
            self.institutes[index] = place, institute.model_copy(update={"capabilities": tuple(capabilities)})
        known = {institute.id: [one.id for one in institute.capabilities] for _, institute in self.institutes}
        for (id_, capability), (where, _) in unclaimed.items():
            names = known.get(id_, known)
            wanted = capability if id_ in known else id_
            hint = did_you_mean(wanted, names, n_before=len(self.faults))
            finding = make_message("no institute or capability has the id '{id}'{hint}", id=wanted, hint=hint)
            self._add_fault(where, finding, "give the ids of the profile")

    def _with_samples(
        self, institute: str, capability: Capability, unclaimed: dict[tuple[str, str], tuple[str, SampleNeeds]]
    ) -> Capability:
        samples = unclaimed.pop((institute, capability.id), None)
        if samples is None:
            return capability
        values = {name: (*getattr(capability, name), *getattr(samples[1], name)) for name in SampleNeeds.model_fields}
        return capability.model_copy(update=values)

    def _add_sources(self, name: str, sources: object) -> None:
        if not isinstance(sources, dict):
            self._add_fault(_inner_place(name, "sources"), "expected a mapping from key to source")
            return
        for key, entry in sources.items():
            source = parse_record(Source, entry, place=_inner_place(name, f"sources.{key}"))
            if isinstance(source, Source):
                self.sources[str(key)] = source
            else:
                self.faults.extend(source)

    def _add_institute(self, place: str, entry: object) -> None:
        institute = parse_record(Institute, entry, place=place)
        if isinstance(institute, Institute):
            self.institutes.append((place, institute))
        else:
            self.faults.extend(institute)

    def _add_fault(self, place: str, finding: str, remedy: str = "") -> None:
        self.faults.append(Fault(place, finding, remedy))


def _yaml_fault(error: YamlError, name: str) -> Fault:
    """The fault for a file of profiles that is not valid YAML, with its line if known."""
    place: str = name
    if error.line is not None:
        place = make_message("{place}, line {line}, column {column}", place=name, line=error.line, column=error.column)
    if error.kind == "tag":
        return Fault(place, "a YAML tag (!…) that is not read here", "write plain text or a list")
    if error.kind == "deep":
        return Fault(place, make_message("nested more than {n} levels deep", n=MAX_DEPTH), "see docs/profiles.md")
    if error.kind in {"aliases", "large"}:
        return Fault(place, "its aliases (*name) stand for too much", "write the texts out")
    problem: str = foreign(error.detail)
    if error.kind == "twice":
        problem = make_message("duplicate field '{name}'", name=error.detail)
    elif error.kind == "several":
        problem = make_message("expected a single document in the stream")
    return Fault(place, make_message("is not valid YAML ({problem})", problem=problem), "check the indents")


def _json_object(pairs: list[tuple[str, object]], *, duplicates: list[str]) -> dict[str, object]:
    """A JSON object; keys that occur twice in it are added to ``duplicates``."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        duplicates.extend(key for key, n in Counter(key for key, _ in pairs).items() if n > 1)
    return fields


def _json_problem(error: ValueError | RecursionError) -> Message:
    if isinstance(error, json.JSONDecodeError):
        where = {"line": error.lineno, "column": error.colno, "position": error.pos}
        return make_message(
            "{problem}: line {line} column {column} (char {position})", problem=foreign(error.msg), **where
        )
    return foreign(str(error))


def _inner_place(name: str, inner: str) -> Message:
    return make_message("{place}, {inner}", place=name, inner=inner)


def _field_place(place: str, inner: str) -> Message:
    return make_message("{place}.{inner}", place=place, inner=inner)


def _with_unique_source_keys(content: dict[str, object], name: str, known_keys: set[str]) -> dict[str, object]:
    """The content of a file, with source keys renamed that an earlier file uses as well."""
    sources = content.get("sources")
    clashing = known_keys.intersection(sources) if isinstance(sources, dict) else set()
    if not clashing or not isinstance(sources, dict):
        return content
    renamed = {key: f"{name}#{key}" for key in clashing}
    changed = {part: _rename_sources(value, renamed) for part, value in content.items() if part != "sources"}
    return {**changed, "sources": {renamed.get(key, key): source for key, source in sources.items()}}


def _rename_sources(value: Any, keys: Mapping[str, str]) -> Any:
    """The same data with the keys of sources replaced wherever a source is cited."""
    if isinstance(value, list):
        return [_rename_sources(item, keys) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {field: _rename_sources(item, keys) for field, item in value.items()}
    if isinstance(value.get("source"), str):
        changed["source"] = keys.get(value["source"], value["source"])
    if isinstance(value.get("sources"), list):
        changed["sources"] = [keys.get(key, key) if isinstance(key, str) else key for key in value["sources"]]
    return changed


def _check_ids(institutes: Iterable[tuple[str, Institute]], faults: list[Fault]) -> None:
    places: dict[str, str] = {}
    for place, institute in institutes:
        if institute.id in places:
            finding = make_message(
                "duplicate id '{id}', first used at {place}", id=institute.id, place=places[institute.id]
            )
            faults.append(Fault(place, finding, "give each institute an id of its own"))
        places.setdefault(institute.id, place)
        seen: set[str] = set()
        for index, capability in enumerate(institute.capabilities):
            if capability.id in seen:
                finding = make_message("duplicate id '{id}' within this institute", id=capability.id)
                faults.append(Fault(_field_place(place, f"capabilities[{index}]"), finding))
            seen.add(capability.id)


def _check_sources(
    institutes: Iterable[tuple[str, Institute]],
    alliance: tuple[str, Alliance] | None,
    sources: dict[str, Source],
    faults: list[Fault],
) -> None:
    """Add a fault for every cited source that is neither a key of ``sources`` nor an address."""
    cited = [(_field_place(place, "sources"), key) for place, institute in institutes for key in institute.sources]
    for place, institute in institutes:
        for index, capability in enumerate(institute.capabilities):
            where = f"capabilities[{index}].evidence"
            cited += [
                (_field_place(place, f"{where}[{item_index}]"), item.source)
                for item_index, item in enumerate(capability.evidence)
            ]
    if alliance:
        keys = (alliance[1].source, *(figure.source for figure in alliance[1].figures))
        cited += [(_inner_place(alliance[0], "alliance"), key) for key in keys if key]
    for place, key in cited:
        if key not in sources and not key.startswith(("http://", "https://")):
            finding = make_message(
                "unknown source '{name}'{hint}", name=key, hint=did_you_mean(key, sources, n_before=len(faults))
            )
            faults.append(Fault(place, finding, "add it under 'sources:' or give an address"))
