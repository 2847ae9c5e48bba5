"""A problem made from named values, with every fault in plain words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from matchmaker.domain import Problem
from matchmaker.errors import Fault, did_you_mean
from matchmaker.intake.headings import FIELDS, column_of, known_names
from matchmaker.intake.values import NamedValue, ValueReader, ValueStyle, quoted_value
from matchmaker.messages import join_messages, make_message
from matchmaker.records import parse_record

MAX_ID_LENGTH = 200
_MAX_UNKNOWN_NAMED = 20
"""Unknown fields that are reported one by one; the rest are counted."""
_TEXTS = ("title", "description", "enterprise", "industry", "region", "tried")
_LISTS = {"targets": False, "conditions": False, "cooperation": False, "keywords": True, "exclude": True}
_REQUIRE = "require."
_ROLES = {
    **dict.fromkeys(
        ("research_institute", "research institute", "institute", "研究机构", "科研机构", "研究院", "研究所"),
        "research_institute",
    ),
    **dict.fromkeys(
        ("transfer_centre", "transfer_center", "transfer centre", "技术转移机构", "技术转移中心"), "transfer_centre"
    ),
}


@dataclass(frozen=True, slots=True)
class BuildResult:
    """A problem or the faults that prevent it, and warnings about what had to be left out."""

    problem: Problem | None
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadedProblems:
    """The problems of a document, in order.

    Attributes:
        problems: One or more.
        warnings: What had to be left out or could not be read.
        recognised: The fields and labels of a form, such as ``title`` and ``需求名称``, each pair once.
        unused: Labels whose values are in no problem, such as 联系人.
        split: The titles of the problems that are parts of one text.
    """

    problems: tuple[Problem, ...]
    warnings: tuple[Fault, ...] = ()
    recognised: tuple[tuple[str, str], ...] = ()
    unused: tuple[str, ...] = ()
    split: tuple[str, ...] = ()


def named_values(mapping: Mapping[object, object], *, place: str) -> tuple[dict[str, NamedValue], list[Fault]]:
    """The values of a YAML or JSON object by field, and a fault for every unknown key and second name of a field."""
    values: dict[str, NamedValue] = {}
    faults: list[Fault] = []
    unknown: list[str] = []
    for key, value in mapping.items():
        name = key if isinstance(key, str) else quoted_value(key)
        column = column_of(name, fuzzy=False) if isinstance(key, str) else None
        if column is None:
            unknown.append(name)
        elif column.field in values:
            other = values[column.field].name
            finding = make_message("'{name}' and '{other}' name the same field", name=name, other=other)
            faults.append(Fault(place, finding, "keep one of them"))
        else:
            values[column.field] = NamedValue(name, value, column.factor)
    return values, [*_unknown(unknown, place), *faults]


def build_problem(values: Mapping[str, NamedValue], *, place: str, default_id: str, style: ValueStyle) -> BuildResult:
    """Make a problem from values by field.

    Args:
        values: The values by field (``require.role`` and the like for limits).
        place: Where the values come from, for faults.
        default_id: The id of a problem that gives none.
        style: How the values are written.
    """
    reader = ValueReader(place, style)
    fields: dict[str, object] = {name: reader.text(values[name]) for name in _TEXTS if name in values}
    for name in ("title", "description"):
        fields[name] = fields.get(name) or ""
    for name, commas in _LISTS.items():
        if name in values:
            fields[name] = reader.texts(values[name], commas=commas)
    if "budget_cny" in values:
        fields["budget_cny"] = reader.yuan(values["budget_cny"])
    if "deadline" in values:
        fields["deadline"] = reader.day(values["deadline"])
    fields["id"] = _id(values.get("id"), default_id, reader)
    fields["require"] = _require(values, reader)
    if not reader.faults and not any(char.isalnum() for char in f"{fields['title']}{fields['description']}"):
        reader.faults.append(Fault(place, "title and description are empty", "give at least one of them"))
    if reader.faults:
        return BuildResult(None, tuple(reader.faults), tuple(reader.warnings))
    return _checked(fields, reader)


def _checked(fields: Mapping[str, object], reader: ValueReader) -> BuildResult:
    checked = parse_record(Problem, fields, place=reader.place)
    if isinstance(checked, Problem):
        return BuildResult(checked, (), tuple(reader.warnings))
    return BuildResult(None, tuple(checked), tuple(reader.warnings))


def _id(named: NamedValue | None, default_id: str, reader: ValueReader) -> str:
    text = reader.text(named) if named else None
    if named and text and len(text) > MAX_ID_LENGTH:
        finding = make_message("the id has {n} characters", n=len(text))
        fault = Fault(reader.place_of(named), finding, make_message("use at most {n}", n=MAX_ID_LENGTH))
        (reader.warnings if reader.style == "cell" else reader.faults).append(fault)
        text = None
    return text or default_id[:MAX_ID_LENGTH]


def _require(values: Mapping[str, NamedValue], reader: ValueReader) -> dict[str, object]:
    """The hard limits. An unreadable one is a fault even in a table: without it the shortlist would be wrong."""
    limits = {name.removeprefix(_REQUIRE): named for name, named in values.items() if name.startswith(_REQUIRE)}
    if "require" in values:
        limits |= _nested(values["require"], reader)
    fields: dict[str, object] = {}
    if "institutes" in limits:
        fields["institutes"] = reader.texts(limits["institutes"], commas=True)
    if "place" in limits:
        fields["place"] = reader.text(limits["place"])
    if "own" in limits:
        fields["own"] = reader.boolean(limits["own"])
    if "role" in limits:
        role = reader.text(limits["role"])
        fields["role"] = _ROLES.get(role.casefold()) if role else None
        if role and fields["role"] is None:
            place = make_message("{place}, {inner}", place=reader.place, inner=limits["role"].name)
            finding = make_message("unknown role: {value}", value=quoted_value(role))
            reader.faults.append(Fault(place, finding, "write research_institute or transfer_centre"))
    return fields


def _nested(named: NamedValue, reader: ValueReader) -> dict[str, NamedValue]:
    value = named.value
    if value is None or value == "":
        return {}
    if isinstance(value, str) and reader.style == "cell":
        value = _json_object(value)
    if not isinstance(value, Mapping):
        finding = make_message("expected fields, found {value}", value=quoted_value(named.value))
        example = "{place: 广州}" if reader.style == "yaml" else '{"place": "广州"}'
        remedy = make_message("write for example {example}", example=example)
        reader.faults.append(Fault(reader.place_of(named), finding, remedy))
        return {}
    limits: dict[str, NamedValue] = {}
    unknown: list[str] = []
    for key, inner in value.items():
        column = column_of(f"{_REQUIRE}{key}", fuzzy=False) or column_of(str(key), fuzzy=False)
        if column is None or not column.field.startswith(_REQUIRE):
            unknown.append(str(key))
        else:
            limits[column.field.removeprefix(_REQUIRE)] = NamedValue(f"{named.name}.{key}", inner)
    reader.faults += _unknown(unknown, reader.place_of(named), ("institutes", "role", "own", "place"))
    return limits


def _json_object(text: str) -> object:
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None


def _unknown(names: list[str], place: str, known: tuple[str, ...] | None = None) -> Iterator[Fault]:
    for name in names[:_MAX_UNKNOWN_NAMED]:
        hint = did_you_mean(name, known or (FIELDS if name.isascii() else known_names()))
        remedy = "" if hint else make_message("known fields: {names}", names=join_messages(known or FIELDS))
        yield Fault(place, make_message("unknown field {name}{hint}", name=quoted_value(name), hint=hint), remedy)
    if len(names) > _MAX_UNKNOWN_NAMED:
        yield Fault(place, make_message("{n:,} more unknown fields", n=len(names) - _MAX_UNKNOWN_NAMED))
