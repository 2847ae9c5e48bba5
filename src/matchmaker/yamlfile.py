"""YAML read with care: depth, aliases and their expansion are limited, duplicate keys and tags are errors."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from yaml import AliasEvent, MappingNode, SafeLoader, ScalarNode

YamlFaultKind: TypeAlias = Literal["syntax", "characters", "twice", "several", "tag", "deep", "aliases", "large"]

MAX_DEPTH: Final = 50
MAX_SIZE: Final = 2_000_000
"""Entries of a document with its aliases expanded."""
# A tag makes the parser build what it names, or fail in strange ways: !!int without digits is an IndexError.
_PLAIN_TAGS: Final = (None, "!", *(f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq")))
_MERGE: Final = "tag:yaml.org,2002:merge"
_DUPLICATE_KEY: Final = "a field twice"
_MERGED_TOO_MUCH: Final = "too many fields merged"
_MAX_NUMBER: Final = 300
"""Characters of a number; in base 2, 16 or 60, a longer one is parsed quickly but takes for ever to print."""


class YamlError(ValueError):
    """An invalid document; the caller puts the error into words.

    Attributes:
        kind: The kind of error.
        detail: The parser's message for ``syntax`` and ``characters``, the key for ``twice``, else empty.
        line: The line, from 1, or ``None``.
        column: The column, from 1, or ``None``.
    """

    def __init__(self, kind: YamlFaultKind, detail: str, mark: object = None) -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail
        self.line: int | None = getattr(mark, "line", -1) + 1 or None
        self.column: int | None = getattr(mark, "column", -1) + 1 or None


def load_yaml(text: str, *, typed: bool, max_aliases: int) -> object:
    """The one YAML document in ``text``.

    Args:
        text: The document.
        typed: Read numbers and dates as such, as in YAML 1.1, and follow merge keys (``<<``). Otherwise everything but
            true, false and null is text, and a merge key is an ordinary key.
        max_aliases: The number of aliases (``*name``) allowed in it.

    Raises:
        YamlError: Wrong syntax, a duplicate key, several documents, tags, or more than the limits allow.
    """
    import yaml  # kept out of start-up

    try:
        _check_events(text, typed, max_aliases)
        return yaml.load(text, Loader=_loader(typed))  # noqa: S506 - a subclass of the safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if error.context == _DUPLICATE_KEY:
            raise YamlError("twice", error.problem or "", mark) from error
        if error.context == "expected a single document in the stream":
            raise YamlError("several", "", mark) from error
        raise YamlError(
            "large" if error.problem == _MERGED_TOO_MUCH else "syntax", error.problem or "", mark
        ) from error
    except YamlError:
        raise
    except (yaml.YAMLError, ValueError) as error:  # characters that YAML forbids; a date that does not exist
        raise YamlError("characters", " ".join(str(error).split())[:200]) from error


def _check_events(text: str, typed: bool, max_aliases: int) -> None:
    """Check limits before anything is built: nested aliases grow without bound, deep nesting exhausts the stack."""
    import yaml

    sizes = _Sizes(allows_recursion=not typed)
    for event in yaml.parse(text, Loader=_loader(typed)):
        if getattr(event, "tag", None) not in _PLAIN_TAGS:
            raise YamlError("tag", "", event.start_mark)
        if isinstance(event, yaml.CollectionStartEvent):
            sizes.open(event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            sizes.close()
        elif isinstance(event, yaml.AliasEvent):
            sizes.add_alias(event)
        elif isinstance(event, yaml.ScalarEvent):
            sizes.add(1, event.anchor)
        if sizes.n_aliases > max_aliases:
            raise YamlError("aliases", "")


class _Sizes:
    """The number of entries of a document with its aliases expanded, counted while it is read."""

    def __init__(self, *, allows_recursion: bool) -> None:
        self.n_aliases = 0
        self._allows_recursion = allows_recursion
        self._known: dict[str, int] = {}
        self._open: list[tuple[str | None, int]] = [(None, 0)]  # anchor and size so far of each open collection

    def open(self, anchor: str | None) -> None:
        """Begin a list or a mapping."""
        self._open.append((anchor, 0))
        if len(self._open) > MAX_DEPTH + 1:
            raise YamlError("deep", "")

    def close(self) -> None:
        """End the innermost list or mapping."""
        anchor, size = self._open.pop()
        self.add(size + 1, anchor)

    def add_alias(self, event: AliasEvent) -> None:
        """Count the content of an anchor once more."""
        self.n_aliases += 1
        if not self._allows_recursion and any(anchor == event.anchor for anchor, _ in self._open):
            raise YamlError("syntax", "found an alias within what it stands for", event.start_mark)
        self.add(self._known.get(event.anchor or "", 1), None)

    def add(self, size: int, anchor: str | None) -> None:
        """Count an entry of this size, with its anchor if it has one."""
        if anchor:
            self._known[anchor] = size
        around, total = self._open[-1]
        self._open[-1] = (around, total + size)
        if total + size > MAX_SIZE:
            raise YamlError("large", "")


def _check_number(node: ScalarNode) -> ScalarNode:
    import yaml

    if len(node.value) > _MAX_NUMBER:
        raise yaml.constructor.ConstructorError(None, None, "found a number that is too long", node.start_mark)
    return node


@lru_cache(maxsize=2)
def _loader(typed: bool) -> type[SafeLoader]:
    import yaml

    fast: type[SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one where it was compiled

    class CarefulLoader(fast):  # type: ignore[valid-type, misc]
        """The safe loader, for which a duplicate key is an error."""

        def construct_yaml_map(self, node: MappingNode) -> object:
            seen: set[str] = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and not (typed and key.tag == _MERGE):
                    if key.value in seen:
                        raise yaml.constructor.ConstructorError(_DUPLICATE_KEY, None, key.value, key.start_mark)
                    seen.add(key.value)
            return super().construct_yaml_map(node)

        def flatten_mapping(self, node: MappingNode) -> None:
            """Follow merge keys within limits: a few of them can stand for millions of fields."""
            if typed:
                super().flatten_mapping(node)
                if len(node.value) > MAX_SIZE // 100:
                    raise yaml.constructor.ConstructorError(None, None, _MERGED_TOO_MUCH, node.start_mark)

        def construct_yaml_int(self, node: ScalarNode) -> int:
            return int(super().construct_yaml_int(_check_number(node)))

        def construct_yaml_float(self, node: ScalarNode) -> float:
            return float(super().construct_yaml_float(_check_number(node)))

    class PlainLoader(CarefulLoader):
        """The careful loader, with null, true and false as its only special words."""

        yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}

    PlainLoader.add_implicit_resolver(
        "tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]
    )
    PlainLoader.add_implicit_resolver(
        "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
    )
    chosen: type[SafeLoader] = CarefulLoader if typed else PlainLoader
    chosen.add_constructor("tag:yaml.org,2002:int", CarefulLoader.construct_yaml_int)
    chosen.add_constructor("tag:yaml.org,2002:float", CarefulLoader.construct_yaml_float)
    chosen.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, CarefulLoader.construct_yaml_map)
    return chosen
