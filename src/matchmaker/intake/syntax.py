"""YAML and JSON read without surprises: limits on size, depth and aliases, no key twice, numbers kept as written.

Numbers and dates stay text: ``id: 007`` is not 7, ``deadline: 2026-02-30`` is a wrong date and no crash, and the
keyword ``NO`` (nitric oxide) is not ``false``. What a text means is decided field by field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from matchmaker.errors import Fault, ProblemError
from matchmaker.intake.values import shown

if TYPE_CHECKING:
    from yaml import MarkedYAMLError, SafeLoader

# A tag makes YAML build what it names, or fail in ways of its own: !!int without digits is an IndexError.
_PLAIN_TAGS = (None, "!", *(f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq")))
_TWICE = "a field twice"
MAX_DEPTH = 50
MAX_ALIASES = 100


def read_yaml(text: str, *, place: str) -> object:
    """The one YAML document in ``text``: dictionaries, lists, texts, true, false and None.

    Raises:
        ProblemError: Wrong syntax (with line and column), a field twice, several documents, too deep, too many aliases.
    """
    import yaml  # kept out of start-up

    try:
        _check_events(text, place)
        return yaml.load(text, Loader=_loader())  # noqa: S506 - a subclass of the safe loader
    except yaml.MarkedYAMLError as error:
        raise ProblemError(_yaml_fault(error, place)) from error
    except (yaml.YAMLError, ValueError) as error:  # characters YAML forbids; an explicit tag on a wrong value
        finding = " ".join(str(error).split())[:200]
        raise ProblemError(Fault(place, f"not valid YAML: {finding}", "save it anew as plain UTF-8 text")) from error


def _yaml_fault(error: MarkedYAMLError, place: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    where = _at(place, mark.line, mark.column) if mark else place
    if error.context == _TWICE:
        return Fault(where, error.problem or _TWICE, "keep one of them")
    if error.context == "expected a single document in the stream":
        return Fault(where, "several YAML documents (---), this needs one problem", "give one file for each")
    remedy = "put texts that hold : # or quotes in quotes, and indent alike"
    return Fault(where, f"not valid YAML: {error.problem}", remedy)


def read_json(text: str, *, place: str, is_line: bool = False) -> object:
    """The JSON value in ``text``: dictionaries, lists, texts, true, false and None; numbers as texts.

    With ``is_line``, ``place`` tells the line already.

    Raises:
        ProblemError: Wrong syntax (with line and column), a field twice, too deep.
    """
    twice: list[str] = []

    def object_of(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            twice.extend(key for key in found if keys.count(key) > 1)
        return found

    try:
        value = json.loads(
            text, object_pairs_hook=object_of, parse_int=str, parse_float=str, parse_constant=str, strict=False
        )
    except json.JSONDecodeError as error:
        where = f"{place}, column {error.colno}" if is_line else f"{place}, line {error.lineno}, column {error.colno}"
        remedy = "check commas, quotes and brackets there"
        raise ProblemError(Fault(where, f"not valid JSON: {error.msg}", remedy)) from error
    except RecursionError as error:
        raise ProblemError(_too_deep(place)) from error
    if twice:
        raise ProblemError([Fault(place, f"field {shown(key)} is there twice", "keep one of them") for key in twice])
    if _is_deeper(value, MAX_DEPTH):
        raise ProblemError(_too_deep(place))
    return value


def _at(place: str, line: int, column: int) -> str:
    """The place in words; YAML counts from 0."""
    return f"{place}, line {line + 1}, column {column + 1}"


def _check_events(text: str, place: str) -> None:
    """Limits before anything is built: aliases of aliases grow without bound, and deep nesting exhausts the stack."""
    import yaml

    n_aliases = depth = 0
    for event in yaml.parse(text, Loader=_loader()):
        if isinstance(event, yaml.AliasEvent):
            n_aliases += 1
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if getattr(event, "tag", None) not in _PLAIN_TAGS:
            mark = event.start_mark
            where = _at(place, mark.line, mark.column) if mark else place
            raise ProblemError(Fault(where, "a YAML tag (!…) that is not read here", "write plain text or a list"))
        if depth > MAX_DEPTH:
            raise ProblemError(_too_deep(place))
        if n_aliases > MAX_ALIASES:
            raise ProblemError(Fault(place, f"more than {MAX_ALIASES} aliases (*name)", "write the texts out"))


def _too_deep(place: str) -> Fault:
    return Fault(place, f"nested more than {MAX_DEPTH} levels deep", "a problem is a flat list of fields")


def _is_deeper(value: object, depth: int) -> bool:
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


@lru_cache(maxsize=1)
def _loader() -> type[SafeLoader]:
    import yaml

    fast: type[SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one where it was compiled

    class PlainLoader(fast):  # type: ignore[valid-type, misc]
        """The safe loader, with null, true and false as its only special words, and no key twice."""

        yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}

        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            """Merge keys are not followed: a few of them can stand for millions of fields."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
            seen: set[object] = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        _TWICE, None, f"field {shown(key.value)} is there twice", key.start_mark
                    )
                seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)
            found: dict[Hashable, object] = super().construct_mapping(node, deep)
            return found

    PlainLoader.add_implicit_resolver(
        "tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]
    )
    PlainLoader.add_implicit_resolver(
        "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
    )
    return PlainLoader
