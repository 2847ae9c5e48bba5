"""YAML read with care: limits on depth, aliases and what they stand for, no key twice, nothing built by tags."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from yaml import MappingNode, SafeLoader

Kind: TypeAlias = Literal["syntax", "characters", "twice", "several", "tag", "deep", "aliases", "large"]

MAX_DEPTH: Final = 50
MAX_SIZE: Final = 2_000_000
"""So many entries may a document hold when its aliases are written out."""
# A tag makes YAML build what it names, or fail in ways of its own: !!int without digits is an IndexError.
_PLAIN_TAGS: Final = (None, "!", *(f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq")))
_MERGE: Final = "tag:yaml.org,2002:merge"
_TWICE: Final = "a field twice"
_LARGE: Final = "too many fields merged"


class YamlFault(ValueError):
    """What is wrong with a document, for a reader to say in words of its own.

    Attributes:
        kind: What it is.
        detail: The parser's words for ``syntax`` and ``characters``, the key for ``twice``.
        line: The line, from 1, or ``None``.
        column: The column, from 1, or ``None``.
    """

    def __init__(self, kind: Kind, detail: str, mark: object = None) -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail
        self.line: int | None = getattr(mark, "line", -1) + 1 or None
        self.column: int | None = getattr(mark, "column", -1) + 1 or None


def load_yaml(text: str, *, typed: bool, max_aliases: int) -> object:
    """The one YAML document in ``text``.

    Args:
        text: The document.
        typed: Numbers and dates are read as such, as YAML 1.1 has it, and merge keys (``<<``) are followed; else only
            true, false and null are anything but texts, and a merge key is a key like any other.
        max_aliases: How many aliases (``*name``) may stand in it.

    Raises:
        YamlFault: Wrong syntax, a key twice, several documents, tags, or more than the limits allow.
    """
    import yaml  # kept out of start-up

    try:
        _check_events(text, typed, max_aliases)
        return yaml.load(text, Loader=_loader(typed))  # noqa: S506 - a subclass of the safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if error.context == _TWICE:
            raise YamlFault("twice", error.problem or "", mark) from error
        if error.context == "expected a single document in the stream":
            raise YamlFault("several", "", mark) from error
        raise YamlFault("large" if error.problem == _LARGE else "syntax", error.problem or "", mark) from error
    except YamlFault:
        raise
    except (yaml.YAMLError, ValueError) as error:  # characters YAML forbids; a date that is none
        raise YamlFault("characters", " ".join(str(error).split())[:200]) from error


def _check_events(text: str, typed: bool, max_aliases: int) -> None:
    """Limits before anything is built: aliases of aliases grow without bound, and deep nesting exhausts the stack."""
    import yaml

    n_aliases = 0
    sizes: dict[str, int] = {}  # of what stands behind an anchor, its aliases written out
    open_ones: list[tuple[str | None, int]] = [(None, 0)]  # anchor and size so far of each collection around
    for event in yaml.parse(text, Loader=_loader(typed)):
        if getattr(event, "tag", None) not in _PLAIN_TAGS:
            raise YamlFault("tag", "", event.start_mark)
        anchor, size = getattr(event, "anchor", None), 1
        if isinstance(event, yaml.CollectionStartEvent):
            open_ones.append((anchor, 0))
            if len(open_ones) > MAX_DEPTH + 1:
                raise YamlFault("deep", "")
            continue
        if isinstance(event, yaml.AliasEvent):
            n_aliases += 1
            size = sizes.get(anchor or "", 1)
            if typed and any(around == anchor for around, _ in open_ones):
                raise YamlFault("syntax", "found an alias within what it stands for", event.start_mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size = open_ones.pop()
        elif not isinstance(event, yaml.ScalarEvent):
            continue
        if anchor and not isinstance(event, yaml.AliasEvent):
            sizes[anchor] = size
        around, total = open_ones[-1]
        open_ones[-1] = (around, total + size)
        if n_aliases > max_aliases:
            raise YamlFault("aliases", "")
        if total + size > MAX_SIZE:
            raise YamlFault("large", "")


@lru_cache(maxsize=2)
def _loader(typed: bool) -> type[SafeLoader]:
    import yaml

    fast: type[SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one where it was compiled

    class CarefulLoader(fast):  # type: ignore[valid-type, misc]
        """The safe loader, for which a key written twice is an error."""

        def construct_yaml_map(self, node: MappingNode) -> object:
            seen: set[str] = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and not (typed and key.tag == _MERGE):
                    if key.value in seen:
                        raise yaml.constructor.ConstructorError(_TWICE, None, key.value, key.start_mark)
                    seen.add(key.value)
            return super().construct_yaml_map(node)

        def flatten_mapping(self, node: MappingNode) -> None:
            """A few merge keys can stand for millions of fields."""
            if typed:
                super().flatten_mapping(node)
                if len(node.value) > MAX_SIZE // 100:
                    raise yaml.constructor.ConstructorError(None, None, _LARGE, node.start_mark)

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
    chosen.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, CarefulLoader.construct_yaml_map)
    return chosen
