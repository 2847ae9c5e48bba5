from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from matchmaker.domain import Institute, Problem, Source, Term, Text, language_of
from matchmaker.errors import Fault
from matchmaker.records import StrictModel, parse_record

CAPABILITY: dict[str, object] = {"id": "c", "name": "漏损检测"}
INSTITUTE: dict[str, object] = {"id": "a", "name": "甲院", "capabilities": [CAPABILITY]}


def with_capability(**fields: object) -> dict[str, object]:
    return {**INSTITUTE, "capabilities": [{**CAPABILITY, **fields}]}


def faults(record: type[StrictModel], data: object, place: str = "f.yaml") -> list[str]:
    found = parse_record(record, data, place=place)
    assert isinstance(found, list)
    assert all(isinstance(fault, Fault) for fault in found)
    return [str(fault) for fault in found]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "en"),
        ("123 5.0 %", "en"),
        ("Leak detection", "en"),
        ("供水管网漏损", "zh"),
        ("天臺戶外設備箱", "zh"),
        ("abcdefghi漏", "zh"),  # a tenth of the letters
        ("abcdefghij漏", "en"),  # less
        ("abcdefghij漏1234", "en"),  # digits are no letters
        ("EtherCAT 与 PROFINET 网关", "zh"),
        ("\uf900\uf901", "zh"),  # compatibility ideographs
        ("привет", "en"),
    ],
)
def test_the_language_of_a_text(text: str, language: str) -> None:
    assert language_of(text) == language


@given(st.text(st.sampled_from("ab漏損 1。é")))
def test_a_tenth_of_the_letters_decides(text: str) -> None:
    letters = [char for char in text if char in "ab漏損é"]
    chinese = [char for char in letters if char in "漏損"]
    assert language_of(text) == ("zh" if letters and len(chinese) / len(letters) >= 0.1 else "en")


def test_a_good_record_is_made() -> None:
    made = parse_record(Institute, {**INSTITUTE, "verified": date(2026, 11, 22), "id": 7}, place="f.yaml")
    assert isinstance(made, Institute)
    assert made.id == "7"
    assert made.name == Text(zh="甲院")
    assert made.capabilities[0].keywords == ()


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ({**INSTITUTE, "capabilites": []}, "f.yaml: unknown field 'capabilites' (did you mean 'capabilities'?)"),
        ({**INSTITUTE, "a.b": 1}, "f.yaml: unknown field 'a.b'"),
        ({"id": "a", "capabilities": [CAPABILITY]}, "f.yaml: field 'name' is missing"),
        ({**INSTITUTE, "capabilities": []}, "f.yaml, capabilities: is empty; fill it in or leave the field out"),
        ({**INSTITUTE, "aliases": None}, "f.yaml, aliases: expected a list, found nothing; "
         "fill it in or leave the field out"),
        ({**INSTITUTE, "aliases": "AIII"}, "f.yaml, aliases: expected a list, found 'AIII'; write [AIII]"),
        ({**INSTITUTE, "role": "school"}, "f.yaml, role: expected 'research_institute' or 'transfer_centre', "
         "found 'school'"),
        ({**INSTITUTE, "website": "www.example.org"}, "f.yaml, website: expected an address that starts with http:// "
         "or https://, found 'www.example.org'"),
        ({**INSTITUTE, "verified": "soon"}, "f.yaml, verified: expected a date such as 2026-11-22, found 'soon'"),
        ({**INSTITUTE, "name": {}}, "f.yaml, name: needs zh, en or both"),
        ({**INSTITUTE, "name": {"zh": ""}}, "f.yaml, name.zh: is empty; fill it in or leave the field out"),
        ({**INSTITUTE, "name": 5}, "f.yaml, name: expected a mapping of fields, found '5'"),
        ({**INSTITUTE, "id": True}, "f.yaml, id: expected a text, found 'True'"),
        ({**INSTITUTE, "id": "\ud800"}, "f.yaml, id: expected a text without broken characters, found '\\ud800'"),
        (with_capability(keywords="激光"), "f.yaml, capabilities[0].keywords: expected a list, found '激光'; "
         "write [激光]"),
        (with_capability(keywords=["激光", {"zh": "焊接", "infered": True}]), "f.yaml, capabilities[0].keywords[1]: "
         "unknown field 'infered' (did you mean 'inferred'?)"),
        (with_capability(strength="D"), "f.yaml, capabilities[0].strength: expected 'A', 'B' or 'C', found 'D'"),
        (with_capability(via_parent="perhaps"), "f.yaml, capabilities[0].via_parent: expected true or false, "
         "found 'perhaps'"),
        (with_capability(evidence=[{"claim": "x", "source": "S", "year": 1800}]), "f.yaml, "
         "capabilities[0].evidence[0].year: expected a larger number, found '1800'"),
        (with_capability(evidence=[{"claim": "x"}]), "f.yaml, capabilities[0].evidence[0]: "
         "field 'source' is missing"),
        (None, "f.yaml: expected a mapping of fields, found nothing"),
        (["a"], "f.yaml: expected a mapping of fields, found '['a']'"),
    ],
)  # fmt: skip
def test_one_slip_is_one_fault(data: object, fault: str) -> None:
    assert faults(Institute, data) == [fault]


def test_every_fault_of_a_record_is_found_in_order() -> None:
    data = {**with_capability(keywords="激光", strengh="A"), "website": "x", "alias": []}
    assert [fault.partition(": ")[0] for fault in faults(Institute, data)] == [
        "f.yaml, website",
        "f.yaml, capabilities[0].keywords",
        "f.yaml, capabilities[0]",
        "f.yaml",
    ]


def test_faults_need_no_place_and_can_always_be_printed() -> None:
    assert faults(Institute, {**INSTITUTE, "role": "x" * 100}, place="")[0].endswith(f"found '{'x' * 37}...'")
    assert faults(Institute, {**INSTITUTE, "id": "\ud800"})[0].encode("utf-8")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ({}, "f.yaml: needs a title or a description"),
        ({"title": " …… "}, "f.yaml: needs a title or a description"),
        ({"title": "x", "budget_cny": "60万"}, "f.yaml, budget_cny: expected a number, found '60万'"),
        ({"title": "x", "budget_cny": -1}, "f.yaml, budget_cny: expected a larger number, found '-1'"),
        ({"title": "x", "budget_cny": float("nan")}, "f.yaml, budget_cny: expected a finite number, found 'nan'"),
        ({"title": "x", "require": {"plce": "广州"}}, "f.yaml, require: unknown field 'plce' (did you mean 'place'?)"),
        ({"title": "x", "exclude": "giii"}, "f.yaml, exclude: expected a list, found 'giii'; write [giii]"),
    ],
)
def test_faults_of_a_problem(data: object, fault: str) -> None:
    assert faults(Problem, data) == [fault]


def test_a_problem_is_compared_by_what_it_needs() -> None:
    problem = Problem(
        title=" 漏损 ",
        keywords=("管网", "泵"),
        description="产销差高",
        targets=("低于 8%",),
        conditions=("不停水",),
        industry="供水",
        tried="听漏棒",
        enterprise="某公司",
        region="广州",
    )
    assert problem.text == "漏损\n管网，泵\n产销差高\n低于 8%\n不停水\n供水"
    assert Problem(description="leak").text == "leak"
    assert (problem.language, Problem(title="leak").language) == ("zh", "en")


def test_a_changed_copy_has_its_own_text() -> None:
    problem = Problem(title="漏损")
    assert problem.text == "漏损"
    assert problem.model_copy(update={"title": "振动"}).text == "振动"


def test_a_text_falls_back_to_its_other_language() -> None:
    both, chinese, english = Text(zh="水", en="water"), Text(zh="水"), Text(en="water")
    assert [text.in_language("zh") for text in (both, chinese, english)] == ["水", "水", "water"]
    assert [text.in_language("en") for text in (both, chinese, english)] == ["water", "水", "water"]
    assert both.both() == ("水", "water")
    assert english.both() == ("water",)


def test_a_plain_string_is_the_language_it_is_written_in() -> None:
    made = parse_record(
        Institute, with_capability(keywords=["管网", "pipes", {"en": "leak", "inferred": True}]), place=""
    )
    assert isinstance(made, Institute)
    assert made.capabilities[0].keywords == (Term(zh="管网"), Term(en="pipes"), Term(en="leak", inferred=True))


def test_an_institute_is_called_by_id_name_or_alias() -> None:
    institute = Institute.model_validate({**INSTITUTE, "name": {"zh": "甲院", "en": "Alpha"}, "aliases": ["AIII"]})
    assert all(institute.is_called(name) for name in ("a", "A", "甲院", " alpha ", "aiii"))
    assert not any(institute.is_called(name) for name in ("", "甲", "alph", "beta"))


@pytest.mark.parametrize(
    ("fields", "finding"),
    [
        ({"quality": "M"}, "must be marked copy: true"),
        ({"copy_url": "https://example.org/copy"}, "must be marked copy: true"),
        ({"copy": True, "url": "https://example.org/copy"}, "put the address of the copy under copy_url"),
    ],
)
def test_a_copy_is_marked_and_has_no_address_of_its_own(fields: dict[str, object], finding: str) -> None:
    (fault,) = faults(Source, {"title": "x", **fields})
    assert finding in fault


def test_records_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Problem(title="x").title = "y"  # type: ignore[misc]
