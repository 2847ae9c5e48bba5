"""YAML and JSON read without surprises: limits on size, depth and aliases, no duplicate keys, numbers as written.

Numbers and dates stay text: ``id: 007`` is not 7, ``deadline: 2026-02-30`` is an invalid date rather than a crash, and
the keyword ``NO`` (nitric oxide) is not ``false``. The meaning of a text is decided field by field.
"""

from __future__ import annotations

import json
from collections import Counter

from matchmaker.errors import Fault, ProblemError
from matchmaker.intake.values import quoted_value
from matchmaker.messages import foreign, make_message
from matchmaker.yamlfile import MAX_DEPTH, YamlError, load_yaml

MAX_ALIASES = 100


def read_yaml(text: str, *, place: str) -> object:
    """The one YAML document in ``text``: dictionaries, lists, texts, true, false and None.

    Raises:
        ProblemError: Wrong syntax (with line and column), a duplicate field, several documents, too deep, too many
            aliases.
    """
    try:
        return load_yaml(text, typed=False, max_aliases=MAX_ALIASES)
    except YamlError as error:
        raise ProblemError(_yaml_fault(error, place)) from error


def _yaml_fault(error: YamlError, place: str) -> Fault:
    where = place
    if error.line is not None:
        where = make_message("{place}, line {line}, column {column}", place=place, line=error.line, column=error.column)
    if error.kind == "twice":
        return Fault(where, make_message("duplicate field {name}", name=quoted_value(error.detail)), "keep one of them")
    if error.kind == "several":
        return Fault(where, "several YAML documents (---), this needs one problem", "give one file for each")
    if error.kind == "tag":
        return Fault(where, "a YAML tag (!…) that is not read here", "write plain text or a list")
    if error.kind == "deep":
        return _too_deep(place)
    if error.kind in {"aliases", "large"}:
        return Fault(place, make_message("more than {n} aliases (*name)", n=MAX_ALIASES), "write the texts out")
    remedy = "put texts that hold : # or quotes in quotes, and indent alike"
    if error.kind == "characters":
        remedy = "save it anew as plain UTF-8 text"
    return Fault(where, make_message("not valid YAML: {problem}", problem=foreign(error.detail)), remedy)


def read_json(text: str, *, place: str, is_line: bool = False) -> object:
    """The JSON value in ``text``: dictionaries, lists, texts, true, false and None; numbers as texts.

    With ``is_line``, ``place`` already includes the line.

    Raises:
        ProblemError: Wrong syntax (with line and column), a duplicate field, too deep.
    """
    duplicates: list[str] = []

    def collect_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            duplicates.extend(key for key, n in Counter(key for key, _ in pairs).items() if n > 1)
        return fields

    try:
        value = json.loads(
            text, object_pairs_hook=collect_object, parse_int=str, parse_float=str, parse_constant=str, strict=False
        )
    except json.JSONDecodeError as error:
        where = make_message("{place}, column {column}", place=place, column=error.colno)
        if not is_line:
            where = make_message(
                "{place}, line {line}, column {column}", place=place, line=error.lineno, column=error.colno
            )
        finding = make_message("not valid JSON: {problem}", problem=foreign(error.msg))
        raise ProblemError(Fault(where, finding, "check commas, quotes and brackets there")) from error
    except RecursionError as error:
        raise ProblemError(_too_deep(place)) from error
    if duplicates:
        findings = [make_message("duplicate field {name}", name=quoted_value(key)) for key in duplicates]
        raise ProblemError([Fault(place, finding, "keep one of them") for finding in findings])
    if _is_nested_deeper(value, MAX_DEPTH):
        raise ProblemError(_too_deep(place))
    return value


def _too_deep(place: str) -> Fault:
    return Fault(
        place, make_message("nested more than {n} levels deep", n=MAX_DEPTH), "a problem is a flat list of fields"
    )


def _is_nested_deeper(value: object, depth: int) -> bool:
    level = [value]
    for _ in range(depth + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return any(isinstance(value, (dict, list)) for value in level)
