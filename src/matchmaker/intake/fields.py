"""From named values to a problem, with every fault in plain words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from matchmaker.domain import Problem, check
from matchmaker.errors import Fault, did_you_mean
from matchmaker.intake.headings import FIELDS, column_of, known_names
from matchmaker.intake.values import Given, Style, ValueReader, shown
from matchmaker.messages import listed, said

MAX_ID_LENGTH = 200
_MOST_UNKNOWN = 20  # fields that are told one by one
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
class Built:
    """A problem, or the faults that stand against it, and what had to be left out of it."""

    problem: Problem | None
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """The problems of a document, in order.

    Attributes:
        problems: One or more.
        warnings: What had to be left out or could not be read.
        recognised: Field and label of a form, as ``title`` and ``需求名称``, each once.
        unused: Labels whose values are in no problem, such as 联系人.
        split: The titles of those problems that are parts of one text.
    """

    problems: tuple[Problem, ...]
    warnings: tuple[Fault, ...] = ()
    recognised: tuple[tuple[str, str], ...] = ()
    unused: tuple[str, ...] = ()
    split: tuple[str, ...] = ()


def named_values(mapping: Mapping[object, object], *, place: str) -> tuple[dict[str, Given], list[Fault]]:
    """The values of a YAML or JSON object by field, and a fault for every key that is no field or names one twice."""
    values: dict[str, Given] = {}
    faults: list[Fault] = []
    unknown: list[str] = []
    for key, value in mapping.items():
        name = key if isinstance(key, str) else shown(key)
        column = column_of(name, fuzzy=False) if isinstance(key, str) else None
        if column is None:
            unknown.append(name)
        elif column.field in values:
            other = values[column.field].name
            finding = said("'{name}' and '{other}' are names of one field", name=name, other=other)
            faults.append(Fault(place, finding, "keep one of them"))
        else:
            values[column.field] = Given(name, value, column.factor)
    return values, [*_unknown(unknown, place), *faults]


def build_problem(values: Mapping[str, Given], *, place: str, default_id: str, style: Style) -> Built:
    """A problem from its values by field.

    Args:
        values: Field (``require.role`` and the like for limits) to the value given.
        place: Where the values stand, for the faults.
        default_id: The id of a problem that gives none.
        style: How the values are written.
    """
    reader = ValueReader(place, style)
    read: dict[str, object] = {name: reader.text(values[name]) for name in _TEXTS if name in values}
    for name in ("title", "description"):
        read[name] = read.get(name) or ""
    for name, commas in _LISTS.items():
        if name in values:
            read[name] = reader.texts(values[name], commas=commas)
    if "budget_cny" in values:
        read["budget_cny"] = reader.yuan(values["budget_cny"])
    if "deadline" in values:
        read["deadline"] = reader.day(values["deadline"])
    read["id"] = _id(values.get("id"), default_id, reader)
    read["require"] = _require(values, reader)
    if not reader.faults and not any(char.isalnum() for char in f"{read['title']}{read['description']}"):
        reader.faults.append(Fault(place, "neither title nor description says anything", "give at least one of them"))
    if reader.faults:
        return Built(None, tuple(reader.faults), tuple(reader.warnings))
    return _checked(read, reader)


def _checked(read: Mapping[str, object], reader: ValueReader) -> Built:
    checked = check(Problem, read, place=reader.place)
    if isinstance(checked, Problem):
        return Built(checked, (), tuple(reader.warnings))
    return Built(None, tuple(checked), tuple(reader.warnings))


def _id(given: Given | None, default_id: str, reader: ValueReader) -> str:
    text = reader.text(given) if given else None
    if given and text and len(text) > MAX_ID_LENGTH:
        finding = said("the id has {n} characters", n=len(text))
        fault = Fault(reader.at(given), finding, said("use at most {n}", n=MAX_ID_LENGTH))
        (reader.warnings if reader.style == "cell" else reader.faults).append(fault)
        text = None
    return text or default_id[:MAX_ID_LENGTH]


def _require(values: Mapping[str, Given], reader: ValueReader) -> dict[str, object]:
    """The hard limits. One that cannot be read is a fault even in a table: without it the shortlist would be wrong."""
    limits = {name.removeprefix(_REQUIRE): given for name, given in values.items() if name.startswith(_REQUIRE)}
    if "require" in values:
        limits |= _nested(values["require"], reader)
    read: dict[str, object] = {}
    if "institutes" in limits:
        read["institutes"] = reader.texts(limits["institutes"], commas=True)
    if "place" in limits:
        read["place"] = reader.text(limits["place"])
    if "own" in limits:
        read["own"] = reader.flag(limits["own"])
    if "role" in limits:
        role = reader.text(limits["role"])
        read["role"] = _ROLES.get(role.casefold()) if role else None
        if role and read["role"] is None:
            at = said("{place}, {inner}", place=reader.place, inner=limits["role"].name)
            finding = said("no such role: {value}", value=shown(role))
            reader.faults.append(Fault(at, finding, "write research_institute or transfer_centre"))
    return read


def _nested(given: Given, reader: ValueReader) -> dict[str, Given]:
    value = given.value
    if value is None or value == "":
        return {}
    if isinstance(value, str) and reader.style == "cell":
        value = _json_object(value)
    if not isinstance(value, Mapping):
        finding = said("expected fields, found {value}", value=shown(given.value))
        example = "{place: 广州}" if reader.style == "yaml" else '{"place": "广州"}'
        remedy = said("write for example {example}", example=example)
        reader.faults.append(Fault(reader.at(given), finding, remedy))
        return {}
    limits: dict[str, Given] = {}
    unknown: list[str] = []
    for key, inner in value.items():
        column = column_of(f"{_REQUIRE}{key}", fuzzy=False) or column_of(str(key), fuzzy=False)
        if column is None or not column.field.startswith(_REQUIRE):
            unknown.append(str(key))
        else:
            limits[column.field.removeprefix(_REQUIRE)] = Given(f"{given.name}.{key}", inner)
    reader.faults += _unknown(unknown, reader.at(given), ("institutes", "role", "own", "place"))
    return limits


def _json_object(text: str) -> object:
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None


def _unknown(names: list[str], place: str, known: tuple[str, ...] | None = None) -> Iterator[Fault]:
    for name in names[:_MOST_UNKNOWN]:
        hint = did_you_mean(name, known or (FIELDS if name.isascii() else known_names()))
        remedy = "" if hint else said("known fields: {names}", names=listed(known or FIELDS))
        yield Fault(place, said("unknown field {name}{hint}", name=shown(name), hint=hint), remedy)
    if len(names) > _MOST_UNKNOWN:
        yield Fault(place, said("{n:,} more unknown fields", n=len(names) - _MOST_UNKNOWN))
