from __future__ import annotations

import json
import pickle
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import yaml

from matchmaker.domain import Capability, Institute, Registry, Term, Text
from matchmaker.errors import ProfileError
from matchmaker.institutes import LazyInstitutes, cite, find_institute, load_institutes, shipped_profiles
from matchmaker.intake import load_problem
from matchmaker.matching.matcher import Matcher, compile_profiles
from matchmaker.matching.settings import Settings
from worlds import small_registry

DATA = Path(__file__).parents[1] / "data"
ONE = "institutes:\n  - {id: a, name: 甲院, capabilities: [{id: c, name: 漏损检测}]}\n"
ANOTHER = ONE.replace("id: a", "id: b")


def faults_of(path: Path) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        load_institutes(path)
    return [str(fault) for fault in caught.value.faults]


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def entry(fields: str = "", *, capability: str = "") -> str:
    """A file with one institute, with further fields for it and its capability."""
    return f"institutes:\n  - {{id: a, name: x, capabilities: [{{id: c, name: y{capability}}}]{fields}}}\n"


# --- reading


def test_a_minimal_file_is_read(tmp_path: Path) -> None:
    registry = load_institutes(written(tmp_path / "one.yaml", ONE))
    made = Institute(id="a", name=Text(zh="甲院"), capabilities=(Capability(id="c", name=Text(zh="漏损检测")),))
    assert registry.institutes == (made,)
    assert registry.alliance is None
    assert registry.sources == {}


def test_plain_strings_and_both_languages_are_read(tmp_path: Path) -> None:
    keywords = ", keywords: [漏损, leak, {zh: 管网, en: pipes, inferred: true}]"
    registry = load_institutes(written(tmp_path / "one.yaml", entry(capability=keywords)))
    assert registry.institutes[0].capabilities[0].keywords == (
        Term(zh="漏损"),
        Term(en="leak"),
        Term(zh="管网", en="pipes", inferred=True),
    )


@pytest.mark.parametrize("text", ["\ufeff" + ONE, ONE.replace("\n", "\r\n"), "# a remark\n" + ONE, "schema: 1\n" + ONE])
def test_ways_to_write_the_same_file(tmp_path: Path, text: str) -> None:
    plain = load_institutes(written(tmp_path / "plain.yaml", ONE))
    assert load_institutes(written(tmp_path / "other.yaml", text)).institutes == plain.institutes


def test_jsonl_has_an_institute_a_line(tmp_path: Path) -> None:
    entries = [
        {"id": "b", "name": "second\u2028line\u0085end", "capabilities": [{"id": "c", "name": "y"}]},
        {"id": "a", "name": {"zh": "甲院"}, "capabilities": [{"id": "c", "name": {"zh": "水", "en": "water"}}]},
    ]
    lines = "\r\n\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    registry = load_institutes(written(tmp_path / "two.jsonl", lines))
    assert [institute.id for institute in registry.institutes] == ["a", "b"]
    assert registry.institutes[1].name == Text(en="second\u2028line\u0085end")


def test_a_folder_is_read_as_one_registry_in_order_of_id(tmp_path: Path) -> None:
    written(tmp_path / "1.yaml", ANOTHER)
    written(tmp_path / "2.YML", ONE.replace("name: 甲院", "name: 甲院, sources: [S]"))
    written(tmp_path / "3.jsonl", '{"id": "0", "name": "x", "capabilities": [{"id": "c", "name": "y"}]}')
    written(tmp_path / "4.yaml", "sources: {S: {title: t}}\n")
    written(tmp_path / "notes.txt", "not a profile")
    registry = load_institutes(tmp_path)
    assert [institute.id for institute in registry.institutes] == ["0", "a", "b"]
    assert set(registry.sources) == {"S"}


def test_the_fingerprint_is_that_of_the_bytes(tmp_path: Path) -> None:
    one = load_institutes(written(tmp_path / "one.yaml", ONE))
    assert one.fingerprint == load_institutes(written(tmp_path / "two.yaml", ONE)).fingerprint
    assert one.fingerprint != load_institutes(written(tmp_path / "two.yaml", ONE + "\n")).fingerprint
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", one.fingerprint)


def test_two_files_may_use_the_same_key_for_their_own_sources(tmp_path: Path) -> None:
    for name in ("a", "b"):
        text = entry(capability=", evidence: [{claim: z, source: S}]").replace("id: a", f"id: {name}")
        written(tmp_path / f"{name}.yaml", f"sources: {{S: {{title: paper of {name}, date: '2020'}}}}\n{text}")
    registry = load_institutes(tmp_path)
    assert [institute.id for institute in registry.institutes] == ["a", "b"]
    for institute in registry.institutes:
        evidence = institute.capabilities[0].evidence[0]
        shown = cite(registry, evidence, "en", via_parent=False).source
        assert shown == f"paper of {institute.id}, 2020"


def test_what_was_read_before_is_the_same_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    fresh = load_institutes(Path("all"))
    first = load_institutes(Path("all"), use_cache=True)
    entries = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert entries
    assert load_institutes(Path("all"), use_cache=True) == first == fresh
    for path in entries:
        path.write_bytes(path.read_bytes()[:-9])  # a damaged entry is as good as none
    assert load_institutes(Path("all"), use_cache=True) == fresh


def test_a_changed_or_faulty_file_is_never_taken_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    path = written(tmp_path / "f.yaml", ONE)
    assert [one.id for one in load_institutes(path, use_cache=True).institutes] == ["a"]
    written(path, ANOTHER)
    assert [one.id for one in load_institutes(path, use_cache=True).institutes] == ["b"]
    written(path, "")
    for _ in range(2):
        with pytest.raises(ProfileError, match="is empty"):
            load_institutes(path, use_cache=True)


# --- faults


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", ["is empty; copy an institute from the shipped institutes.yaml and edit it"]),
        ("# nothing but a remark", ["is empty; copy an institute from the shipped institutes.yaml and edit it"]),
        ("- a", ["expected a mapping with a list under 'institutes:'; see docs/profiles.md"]),
        ("institutes:", ["expected a mapping with a list under 'institutes:'; see docs/profiles.md"]),
        ("schema: 2\n" + ONE, ["schema 2 is not known; this version reads schema 1"]),
        ("institute: []\n" + ONE, ["unknown field 'institute' (did you mean 'institutes'?)"]),
        ("sources: [a]\n" + ONE, [", sources: expected a mapping from key to source"]),
        ("sources: {S: {titel: t}}\n" + ONE, [
            ", sources.S: field 'title' is missing", ", sources.S: unknown field 'titel' (did you mean 'title'?)"]),
        ("sources: {S: {title: t, quality: M}}\n" + ONE, [
            ", sources.S: a copy (quality M or copy_url) must be marked copy: true"]),
        ("alliance: {name: x}\n" + ONE, [f", alliance: field '{field}' is missing"
                                         for field in ("note", "reported", "period", "source", "figures")]),
        (entry(", capabilites: []"), [
            ", institutes[0]: unknown field 'capabilites' (did you mean 'capabilities'?)"]),
        ("institutes: [{id: a, capabilities: [{id: c, name: y}]}]", [", institutes[0]: field 'name' is missing"]),
        (entry(capability=", keywords: 激光"), [
            ", institutes[0], capabilities[0].keywords: expected a list, found '激光'; write [激光]"]),
        (entry(capability=", keywords: null"), [
            ", institutes[0], capabilities[0].keywords: expected a list, found nothing; "
            "fill it in or leave the field out"]),
        (entry(capability="}, {id: c, name: z"), [
            ", institutes[0].capabilities[1]: duplicate id 'c' within this institute"]),
        ("sources: {NEWS24: {title: t}}\n" + entry(", sources: [NEWS42]"), [
            ", institutes[0].sources: unknown source 'NEWS42' (did you mean 'NEWS24'?); "
            "add it under 'sources:' or give an address"]),
        (entry(capability=", evidence: [{claim: z, source: https://example.org}, {claim: z, source: NEWS}]"), [
            ", institutes[0].capabilities[0].evidence[1]: unknown source 'NEWS'; "
            "add it under 'sources:' or give an address"]),
        ("institutes:\n  - id: a\n   name: x\n", [
            ", line 3, column 4: is not valid YAML (did not find expected '-' indicator); check the indents"]),
        ("institutes:\n\t- id: a\n", [
            ", line 2, column 1: is not valid YAML (found character that cannot start any token); check the indents"]),
        (entry(", verified: 2026-13-45"), ["is not valid YAML (month must be in 1..12); check the indents"]),
        (ONE + ANOTHER, [", line 3, column 1: is not valid YAML (duplicate field 'institutes'); "
                         "check the indents"]),
        (entry(capability=", keywords: [a], keywords: [b]"), [
            ", line 2, column 69: is not valid YAML (duplicate field 'keywords'); check the indents"]),
        ("institutes: []", ["contains no institutes; add one under 'institutes:'"]),
        (ONE.encode("utf-16"), ["is not UTF-8 (byte 0); save the file as UTF-8"]),
        (ONE.encode("gb18030"), ["is not UTF-8 (byte 30); save the file as UTF-8"]),
    ],
)  # fmt: skip
def test_each_fault_gives_place_finding_and_remedy(tmp_path: Path, text: str | bytes, faults: list[str]) -> None:
    path = written(tmp_path / "f.yaml", text)
    assert faults_of(path) == [f"f.yaml{'' if fault.startswith(',') else ': '}{fault}" for fault in faults]


def test_yaml_may_share_entries(tmp_path: Path) -> None:
    """A merge key brings fields that the entry may say again; that is no field twice."""
    text = "institutes:\n  - &x {id: a, name: x, capabilities: [{id: c, name: y}]}\n  - {<<: *x, id: b}\n"
    registry = load_institutes(written(tmp_path / "f.yaml", text))
    assert [institute.id for institute in registry.institutes] == ["a", "b"]


def test_faults_of_jsonl_name_the_line(tmp_path: Path) -> None:
    good = '{"id": "a", "name": "x", "capabilities": [{"id": "c", "name": "y"}]}'
    found = faults_of(written(tmp_path / "f.jsonl", f"{good}\n\n5\n{{\n{good}\n"))
    assert found[0] == "f.jsonl, line 3: expected a mapping of fields, found '5'"
    assert found[1].startswith("f.jsonl, line 4: is not valid JSON (")
    assert found[1].endswith("; write one institute a line")
    assert (
        found[2]
        == "f.jsonl, line 5: duplicate id 'a', first used at f.jsonl, line 1; give each institute an id of its own"
    )
    assert len(found) == 3


def test_a_field_twice_in_jsonl_is_a_fault(tmp_path: Path) -> None:
    line = '{"id": "a", "id": "b", "name": "x", "capabilities": [{"id": "c", "name": "y", "name": "z"}]}'
    assert faults_of(written(tmp_path / "f.jsonl", line)) == [
        "f.jsonl, line 1: duplicate field 'name'; keep one of them",
        "f.jsonl, line 1: duplicate field 'id'; keep one of them",
    ]


def test_every_fault_of_every_file_is_reported_at_once(tmp_path: Path) -> None:
    written(tmp_path / "1.yaml", entry(", rol: x", capability=", strength: D, keywords: 激光"))
    written(tmp_path / "2.yaml", "")
    written(tmp_path / "3.yaml", ONE)
    written(tmp_path / "4.yaml", ONE)
    written(tmp_path / "5.yaml", b"\xff")
    assert [fault.partition(": ")[0] for fault in faults_of(tmp_path)] == [
        "1.yaml, institutes[0], capabilities[0].strength",
        "1.yaml, institutes[0], capabilities[0].keywords",
        "1.yaml, institutes[0]",
        "2.yaml",
        "5.yaml",
        "4.yaml, institutes[0]",
    ]


def test_an_id_is_given_once_in_a_folder(tmp_path: Path) -> None:
    written(tmp_path / "1.yaml", ANOTHER)
    written(tmp_path / "2.yaml", ONE)
    written(tmp_path / "3.yaml", ONE)
    assert faults_of(tmp_path) == [
        "3.yaml, institutes[0]: duplicate id 'a', first used at 2.yaml, institutes[0]; "
        "give each institute an id of its own"
    ]


def test_a_second_alliance_is_a_fault(tmp_path: Path) -> None:
    figures = "reported: '2025', period: '2024', source: https://example.org, figures: []"
    alliance = f"alliance: {{name: x, note: y, {figures}}}\n"
    written(tmp_path / "1.yaml", alliance + ONE)
    written(tmp_path / "2.yaml", alliance + ANOTHER)
    assert faults_of(tmp_path) == ["2.yaml, alliance: is already in 1.yaml; keep one of the two"]


def test_a_missing_path_is_a_fault(tmp_path: Path) -> None:
    written(tmp_path / "institutes.yaml", ONE)
    wrong = tmp_path / "institute.yaml"
    assert faults_of(wrong) == [
        f"{wrong}: no such file or folder (did you mean 'institutes.yaml'?); check the path after --institutes"
    ]
    lost = tmp_path / "no" / "such.yaml"
    assert faults_of(lost) == [f"{lost}: no such file or folder; check the path after --institutes"]


def test_a_folder_without_profiles_is_a_fault(tmp_path: Path) -> None:
    written(tmp_path / "notes.txt", "x")
    assert faults_of(tmp_path) == [f"{tmp_path}: holds no .yaml, .yml or .jsonl file"]


def test_what_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    written(tmp_path / "good.yaml", ONE)
    (fault,) = faults_of(tmp_path)
    assert fault.startswith(f"{tmp_path / 'folder.yaml'}: cannot be read (")
    (fault,) = faults_of(tmp_path / ("x" * 300))
    assert "cannot be read (File name too long)" in fault


# --- sample needs that stand apart

APART = (
    "sample_needs: {a: {c: {sample_needs: [找不到漏点, {zh: 水压低, en: Low pressure}], near_misses: [想买水表]}}}\n"
)
SHAPE = "expected a mapping from institute to capability to needs; see docs/profiles.md"
IDS = "; give the ids of the profile"


def samples_of(registry: Registry) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(one.sample_needs, one.near_misses) for made in registry.institutes for one in made.capabilities]


def test_sample_needs_are_read_in_each_language_they_are_given_in(tmp_path: Path) -> None:
    registry = load_institutes(written(tmp_path / "f.yaml", ONE + APART))
    assert samples_of(registry) == [(("找不到漏点", "水压低", "Low pressure"), ("想买水表",))]


@pytest.mark.parametrize("order", [("1.yaml", "2.yaml"), ("2.yaml", "1.yaml")])
def test_sample_needs_may_stand_in_any_file_of_the_folder(tmp_path: Path, order: tuple[str, str]) -> None:
    written(tmp_path / order[0], ONE)
    written(tmp_path / order[1], APART)
    written(tmp_path / "3.yaml", ANOTHER)
    registry = load_institutes(tmp_path)
    assert samples_of(registry) == [(("找不到漏点", "水压低", "Low pressure"), ("想买水表",)), ((), ())]
    assert registry.fingerprint != load_institutes(written(tmp_path / order[0], ONE)).fingerprint


def test_sample_needs_apart_are_added_to_those_of_the_profile(tmp_path: Path) -> None:
    profile = entry(capability=", sample_needs: [管子爆了], near_misses: [想买管子]")
    registry = load_institutes(written(tmp_path / "f.yaml", profile + APART))
    assert samples_of(registry) == [(("管子爆了", "找不到漏点", "水压低", "Low pressure"), ("想买管子", "想买水表"))]


def test_sample_needs_are_the_same_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "profiles").mkdir()
    written(tmp_path / "profiles" / "1.yaml", ONE)
    path = written(tmp_path / "profiles" / "2.yaml", APART)
    read, kept = (load_institutes(tmp_path / "profiles", use_cache=True) for _ in range(2))
    assert read == kept == load_institutes(tmp_path / "profiles")
    written(path, APART.replace("想买水表", "想卖水表"))
    assert samples_of(load_institutes(tmp_path / "profiles", use_cache=True))[0][1] == ("想卖水表",)


@pytest.mark.parametrize(
    ("samples", "faults"),
    [
        ("{aa: {c: {sample_needs: [x]}}}", [
            ".aa.c: no institute or capability has the id 'aa' (did you mean 'a'?)" + IDS]),
        ("{quite-another: {c: {sample_needs: [x]}}}", [
            ".quite-another.c: no institute or capability has the id 'quite-another'" + IDS]),
        ("{a: {cc: {sample_needs: [x]}, c: {sample_needs: [y]}}}", [
            ".a.cc: no institute or capability has the id 'cc' (did you mean 'c'?)" + IDS]),
        ("[x]", [f": {SHAPE}"]),
        ("x", [f": {SHAPE}"]),
        ("{a: [x]}", [f".a: {SHAPE}"]),
        ("{a: }", [f".a: {SHAPE}"]),
        ("{a: {c: [x]}}", [".a.c: expected a mapping of fields, found '['x']'"]),
        ("{a: {c: {sample_need: [x]}}}", [
            ".a.c: unknown field 'sample_need' (did you mean 'sample_needs'?)"]),
    ],
)  # fmt: skip
def test_each_fault_of_sample_needs_gives_its_place(tmp_path: Path, samples: str, faults: list[str]) -> None:
    path = written(tmp_path / "f.yaml", f"{ONE}sample_needs: {samples}\n")
    assert faults_of(path) == [f"f.yaml, sample_needs{fault}" for fault in faults]


def test_sample_needs_of_a_capability_stand_in_one_place(tmp_path: Path) -> None:
    written(tmp_path / "1.yaml", ONE + APART)
    written(tmp_path / "2.yaml", APART)
    assert faults_of(tmp_path) == [
        "2.yaml, sample_needs.a.c: is already in 1.yaml, sample_needs.a.c; keep one of the two"
    ]


def test_sample_needs_without_their_profile_are_a_fault(tmp_path: Path) -> None:
    assert faults_of(written(tmp_path / "f.yaml", APART)) == [
        "f.yaml, sample_needs.a.c: no institute or capability has the id 'a'" + IDS
    ]


# --- finding and citing


def test_an_institute_is_found_by_id_name_or_alias() -> None:
    registry = small_registry()
    for name in ("alpha", "ALPHA", "AIII", "甲工业智能研究院"):
        assert find_institute(registry, name).id == "alpha"
    with pytest.raises(ProfileError) as caught:
        find_institute(registry, "alpa")
    assert str(caught.value) == "no institute is named 'alpa' (did you mean 'alpha'?); known: alpha, beta, centre"


def test_evidence_is_cited_with_its_address_or_as_its_original() -> None:
    registry = small_registry()
    news, copy = (institute.capabilities[-1].evidence[0] for institute in registry.institutes[:2])
    assert cite(registry, news, "en", via_parent=False).source == "https://example.org/water/2024"
    cited = cite(registry, copy, "en", via_parent=True)
    assert (cited.source, cited.is_copy, cited.via_parent) == ("Inspection goes live, no date shown", True, True)
    assert cite(registry, copy, "zh", via_parent=True).source == "视觉质检上线，日期不详"
    address = news.model_copy(update={"source": "https://example.org/else"})
    assert cite(registry, address, "zh", via_parent=False).source == "https://example.org/else"


# --- the shipped profiles


@cache
def shipped() -> Registry:
    return load_institutes()


@cache
def everything() -> Registry:
    return load_institutes(Path("all"))


CAPABILITIES = [(institute.id, at) for institute in shipped().institutes for at in range(len(institute.capabilities))]


def test_the_five_organisations_are_there_and_the_centre_is_one() -> None:
    roles = {institute.id: institute.role for institute in shipped().institutes}
    assert roles == {**dict.fromkeys(("fytri", "giii", "giius", "gzis"), "research_institute"),
                     "scttc": "transfer_centre"}  # fmt: skip


def test_further_institutes_are_read_only_when_asked_for() -> None:
    further = {institute.id for institute in load_institutes(Path("gba")).institutes}
    five = {institute.id for institute in shipped().institutes}
    assert further
    assert not further & five
    assert {institute.id for institute in everything().institutes} == further | five
    assert everything().fingerprint != shipped().fingerprint


def test_the_alliance_reports_its_five_figures() -> None:
    alliance = shipped().alliance
    assert alliance is not None
    assert (alliance.reported, alliance.period) == ("2025", "2024")
    figures = {figure.key: (figure.value, figure.at_least) for figure in alliance.figures}
    assert {key: figures[key] for key in ("members", "events", "problems_solved", "benefit_cny")} == {
        "members": (188, False),
        "events": (30, True),
        "problems_solved": (1172, False),
        "benefit_cny": (3_600_000_000, True),
    }
    assert len(figures) == 5
    sources = {alliance.source, *(figure.source for figure in alliance.figures if figure.source)}
    assert all(shipped().sources[key].date != "not shown" for key in sources)


@pytest.mark.parametrize(("institute", "at"), CAPABILITIES)
def test_every_capability_is_told_in_both_languages(institute: str, at: int) -> None:
    capability = find_institute(shipped(), institute).capabilities[at]
    assert capability.summary is not None
    for text in (capability.name, capability.summary):
        assert text.zh
        assert text.en
    for keywords in ([term.zh for term in capability.keywords], [term.en for term in capability.keywords]):
        assert len({keyword for keyword in keywords if keyword}) >= 8
    assert capability.strength is not None
    assert capability.id.startswith(f"{institute}-")


def test_every_evidence_has_a_dated_source() -> None:
    registry = everything()
    for institute in registry.institutes:
        for capability in institute.capabilities:
            assert capability.evidence, capability.id
            for evidence in capability.evidence:
                source = registry.source(evidence.source)
                assert source is not None, (capability.id, evidence.source)
                assert re.fullmatch(r"(19|20)\d\d(-\d\d(-\d\d)?)?|not shown", source.date), source.date


def test_copies_are_never_linked() -> None:
    registry = everything()
    addresses = {source.copy_url for source in registry.sources.values() if source.copy_url}
    assert addresses
    n_copies = 0
    for institute in registry.institutes:
        for capability in institute.capabilities:
            for evidence in capability.evidence:
                source = registry.source(evidence.source)
                cited = cite(registry, evidence, "zh", via_parent=capability.via_parent)
                assert source is not None
                assert cited.is_copy == source.is_copy
                n_copies += cited.is_copy
                assert not (cited.is_copy and "://" in cited.source)
                assert not any(address in cited.model_dump_json() for address in addresses)
    assert n_copies


@pytest.mark.parametrize("path", sorted(DATA.glob("*.yaml")), ids=lambda path: path.name)
def test_no_one_can_be_rung_up_or_written_to_from_the_data(path: Path) -> None:
    text = re.sub(r"https?://\S+", "", path.read_text(encoding="utf-8"))
    assert not re.findall(r"[\w.+-]+@[\w-]+\.\w+", text)
    mobile = r"(?<!\d)1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"
    landline = r"(?<!\d)0\d{2,3}[)）\s-]{1,2}\d{7,8}(?!\d)"
    hotline = r"(?<!\d)[48]00[ -]?\d{3}[ -]?\d{4}(?!\d)"
    abroad = r"\+\d{1,3}[ -]?\d[\d -]{6,}"
    hong_kong = r"(?<![\d-])(?:[3-9]\d|2[1-9])\d\d[ -]\d{4}(?![\d-])"  # 2019-2022 is no number
    assert not re.findall("|".join((mobile, landline, hotline, abroad, hong_kong)), text)


def test_the_data_has_no_field_for_people() -> None:
    paths = sorted(DATA.glob("*.yaml"))
    assert [path.name for path in paths] == ["institutes.yaml", "institutes_gba.yaml"]
    for path in paths:
        fields = {key for _, key in _fields(yaml.safe_load(path.read_text(encoding="utf-8")))}
        assert {"name", "capabilities", "evidence"} <= fields
        assert not fields & {"contact", "phone", "mobile", "email", "wechat", "person", "people"}


def _fields(value: object, depth: int = 0) -> list[tuple[int, str]]:
    if isinstance(value, dict):
        return [(depth, str(key)) for key in value] + [pair for v in value.values() for pair in _fields(v, depth + 1)]
    return [pair for item in value for pair in _fields(item, depth + 1)] if isinstance(value, list) else []


def test_the_shipped_profiles_stand_beside_the_source_tree_or_in_the_package() -> None:
    assert shipped_profiles().read_bytes() == (DATA / "institutes.yaml").read_bytes()


@pytest.mark.slow
def test_many_institutes_are_read_one_by_one_and_match_as_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    problem = load_problem(DATA / "problems" / "05-water-leak.yaml")
    whole = load_institutes(Path("all"), use_cache=True)
    expected = Matcher(whole).match([problem])
    monkeypatch.setattr("matchmaker.institutes._LAZY_ABOVE", 3)
    kept = load_institutes(Path("all"), use_cache=True).institutes
    assert isinstance(kept, LazyInstitutes)
    read: list[bytes] = []
    monkeypatch.setattr("matchmaker.institutes.Institute.model_validate_json", _noting(read))
    matcher = Matcher(whole.model_copy(update={"institutes": kept}), compiled=compile_profiles(whole, Settings()))
    assert matcher.match([problem]) == expected
    assert 0 < len(read) < len(kept) / 2
    assert pickle.loads(pickle.dumps(kept))[-1] == kept[-1] == whole.institutes[-1]  # noqa: S301
    assert tuple(kept) == whole.institutes
    assert list(kept[1:3]) == list(whole.institutes[1:3])
    with pytest.raises(IndexError):
        kept[len(kept)]


def _noting(read: list[bytes]) -> Callable[[bytes], Institute]:
    validate = Institute.model_validate_json

    def noting(line: bytes) -> Institute:
        read.append(line)
        return validate(line)

    return noting
