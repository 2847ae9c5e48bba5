"""The base of all records, and their making from plain data, with every fault in plain words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from matchmaker.errors import Fault, did_you_mean
from matchmaker.messages import as_message, foreign, join_messages, make_message

_FILL_IN = "fill it in or leave the field out"
_EXPECTED_KINDS = {
    "string_type": "a text",
    "string_unicode": "a text without broken characters",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "greater_than": "a larger number",
    "greater_than_equal": "a larger number",
    "less_than": "a smaller number",
    "less_than_equal": "a smaller number",
    "dict_type": "a mapping",
    "model_type": "a mapping of fields",
    "date_type": "a date such as 2026-11-22",
    "date_parsing": "a date such as 2026-11-22",
    "date_from_datetime_parsing": "a date such as 2026-11-22",
    "date_from_datetime_inexact": "a date without a time, such as 2026-11-22",
    "string_pattern_mismatch": "an address that starts with http:// or https://",
    "string_too_long": "a shorter text",
}


class StrictModel(BaseModel):
    """A frozen record that refuses unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, coerce_numbers_to_str=True)


AnyModel = TypeVar("AnyModel", bound=StrictModel)


def parse_record(record: type[AnyModel], data: object, *, place: str) -> AnyModel | list[Fault]:
    """Make a record from plain data, or say in plain words everything that is wrong with the data.

    Args:
        record: The type to make.
        data: The content of a file: mappings, lists, texts, numbers, dates.
        place: Where the data came from; the place of each fault starts with it.

    Returns:
        The record, or its faults, at least one, in pydantic's order.
    """
    try:
        return record.model_validate(data)
    except ValidationError as error:
        details = [dict(detail) for detail in error.errors(include_url=False)]
    # To pydantic, a list with nothing but faulty entries is also too short; the faults of the entries are enough.
    relevant = [detail for detail in details if detail["type"] != "too_short" or not detail["input"]]
    return [_fault(record, detail, place, n) for n, detail in enumerate(relevant)]


def _fault(record: type[StrictModel], detail: Mapping[str, Any], place: str, n_before: int) -> Fault:
    path, model = _field_path(record, detail["loc"])
    kind, value, limits = detail["type"], detail["input"], detail.get("ctx", {})
    name = str(detail["loc"][-1]) if detail["loc"] else ""
    parent = path.removesuffix(name).rstrip(".")
    if kind == "extra_forbidden":
        hint = did_you_mean(str(name), _field_names(model), n_before=n_before)
        return Fault(_join_places(place, parent), make_message("unknown field '{name}'{hint}", name=name, hint=hint))
    if kind == "missing":
        return Fault(_join_places(place, parent), make_message("field '{name}' is missing", name=name))
    if kind == "value_error":
        return Fault(_join_places(place, path), limits["error"].args[0])
    if kind in {"tuple_type", "list_type"}:
        finding = make_message("expected a list, found {value}", value=_quoted(value))
        remedy = _FILL_IN if value is None else make_message("write {example}", example=f"[{_shortened_value(value)}]")
        return Fault(_join_places(place, path), finding, remedy)
    if kind in {"string_too_short", "too_short"}:
        return Fault(_join_places(place, path), "is empty", _FILL_IN)
    expected = as_message(_EXPECTED_KINDS[kind]) if kind in _EXPECTED_KINDS else foreign(detail["msg"].lower())
    if kind == "literal_error":
        *some, last = (make_message("'{text}'", text=name) for name in re.findall("'([^']*)'", limits["expected"]))
        expected = make_message("{some} or {last}", some=join_messages(some), last=last) if some else last
    return Fault(
        _join_places(place, path),
        make_message("expected {expected}, found {value}", expected=expected, value=_quoted(value)),
    )


def _join_places(place: str, inner: str) -> str:
    return make_message("{place}, {inner}", place=place, inner=inner) if place and inner else place or inner


def _shortened_value(value: object) -> str:
    text = str(value).encode(errors="backslashreplace").decode()  # a lone surrogate cannot be printed
    return text if len(text) <= 40 else text[:37] + "..."


def _quoted(value: object) -> str:
    return make_message("nothing") if value is None else make_message("'{text}'", text=_shortened_value(value))


def _field_names(model: type[StrictModel] | None) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _field_path(record: type[StrictModel], location: tuple[str | int, ...]) -> tuple[str, type[StrictModel] | None]:
    """``capabilities[0].keywords`` for a pydantic location, and the type of the record with the last of its names."""
    path, model, next_model = "", record, record
    for name_or_index in location:
        if isinstance(name_or_index, int):
            path += f"[{name_or_index}]"
            continue
        path += f".{name_or_index}" if path else name_or_index
        model = next_model
        for name, field in model.model_fields.items() if model else ():
            if name_or_index in (name, field.alias):
                next_model = _model_in(field.annotation)
    return path, model


def _model_in(annotation: object) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, StrictModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part))), None)
