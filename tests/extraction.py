"""The messages of the sources, extracted by Babel: ``python tests/extraction.py`` brings the catalogue up to date.

A message is a literal that goes to a parameter, a field or a constant of type ``Translatable``, or to a parameter
called ``finding`` or ``remedy``; so the places where it arises need no mark. What Typer shows as help is asked of the
commands themselves.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import typer
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from hatch_build import CATALOGUE
from jinja2 import Environment, nodes

from matchmaker.cli import app
from matchmaker.cli.helptext import example_in, paragraphs

SOURCES = Path(__file__).parents[1] / "src" / "matchmaker"
MARK = "Translatable"
WORDED = ("finding", "remedy", "broken")
"""What parameters and fields are called through which a message passes as a plain text."""
PAIR = ("one", "many")
"""The same where there are both, for one and for many."""
KEYWORDS = {"gettext": (1,), "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
_MADE_UP = {"str", "format", "join"}

Extracted = tuple[int, str, tuple[str, ...], list[str]]
"""As Babel takes it: line, function of gettext, its arguments, comments."""


class Written(NamedTuple):
    """A message as it is written in the sources."""

    text: str
    context: str = ""
    many: str = ""


class Site(NamedTuple):
    """A place in the sources where a message is written, and the expression that makes it."""

    file: str
    line: int
    made: ast.expr
    names: Mapping[str, list[ast.expr]]
    many: ast.expr | None = None


@cache
def trees() -> dict[str, ast.Module]:
    return {
        path.relative_to(SOURCES).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(SOURCES.rglob("*.py"))
    }


@cache
def worded_parameters() -> dict[str, dict[str, int]]:
    """By name of function or record, the position of each of its parameters that takes a message.

    What begins with ``_`` is known in its own file only, as ``file:_name``.
    """
    found: dict[str, dict[str, int]] = {"BadParameter": {"message": 0}}
    for file, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                given = [one for one in (*node.args.posonlyargs, *node.args.args) if one.arg not in ("self", "cls")]
                fields = [(one.arg, one.annotation) for one in (*given, *node.args.kwonlyargs)]
            elif isinstance(node, ast.ClassDef):
                fields = [
                    (ast.unparse(one.target), one.annotation) for one in node.body if isinstance(one, ast.AnnAssign)
                ]
            else:
                continue
            worded = (*WORDED, *PAIR) if {name for name, _ in fields} >= {*PAIR} else WORDED
            places = {name: at for at, (name, kind) in enumerate(fields) if name in worded or is_marked(kind)}
            if places:
                found.setdefault(f"{file}:{node.name}" if node.name[0] == "_" else node.name, {}).update(places)
    return found


def is_marked(annotation: ast.expr | None) -> bool:
    return annotation is not None and ast.unparse(annotation) in {MARK, f"Sequence[{MARK}]"}


def assigned(scope: ast.AST) -> dict[str, list[ast.expr]]:
    """What is assigned to each name within a function or at the top of a module."""
    values: dict[str, list[ast.expr]] = {}
    for node in scope.body if isinstance(scope, ast.Module) else ast.walk(scope):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign)) and node.value:
            targets = [node.target]
        else:
            continue
        assert node.value
        for target in targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = zip(target.elts, node.value.elts, strict=True)
            else:
                pairs = zip([target], [node.value], strict=True)
            for name, value in pairs:
                if isinstance(name, ast.Name):
                    values.setdefault(name.id, []).append(value)
    return values


@cache
def sites() -> tuple[Site, ...]:
    """Every expression that is given as a message or a part of one."""
    return tuple(site for file, tree in trees().items() for site in _sites_in(file, tree))


def _sites_in(file: str, tree: ast.Module) -> Iterator[Site]:
    top = assigned(tree)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    names = {id(node): {**top, **own} for own, node in _with_assigned(functions)}  # those of the innermost
    for node in ast.walk(tree):
        for made, many in _made_in(file, node):
            yield Site(file, made.lineno, made, names.get(id(node), top), many)


def _with_assigned(functions: Sequence[ast.FunctionDef]) -> Iterator[tuple[dict[str, list[ast.expr]], ast.AST]]:
    for function in functions:
        own = assigned(function)
        yield from ((own, node) for node in ast.walk(function))


def _made_in(file: str, node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        yield from ((made, None) for made in _constants(node.annotation, node.value))
    if isinstance(node, ast.FunctionDef) and is_marked(node.returns):
        returns = (part for part in ast.walk(node) if isinstance(part, ast.Return))
        yield from ((part.value, None) for part in returns if part.value is not None)
    if not isinstance(node, ast.Call) or isinstance(node.func, ast.Lambda):
        return
    name = called(node)
    places = worded_parameters().get(f"{file}:{name}" if name.startswith("_") else name, {})
    given = {name: node.args[at] for name, at in places.items() if at < len(node.args)}
    given |= {one.arg: one.value for one in node.keywords if one.arg in places}
    if "one" in given and "many" in given:
        yield given.pop("one"), given.pop("many")
    yield from ((made, None) for made in given.values())


def _constants(annotation: ast.expr, value: ast.expr) -> Iterator[ast.expr]:
    """The parts of a constant that are messages, as far as its type says so."""
    if not any(isinstance(part, ast.Name) and part.id == MARK for part in ast.walk(annotation)):
        return
    if isinstance(value, ast.Dict):
        of_keys, of_values = next(
            part.elts for part in ast.walk(annotation) if isinstance(part, ast.Tuple) and len(part.elts) == 2
        )
        for key, held in zip(value.keys, value.values, strict=True):
            yield from _constants(of_keys, key) if key is not None else ()
            yield from _constants(of_values, held)
        return
    parts = _parts(value)
    kinds = _kinds_of_tuple(annotation)
    for part, kind in zip(parts, kinds if len(kinds) == len(parts) else [annotation] * len(parts), strict=True):
        yield from _constants(kind, part)
    if not parts:
        yield value


def _kinds_of_tuple(annotation: ast.expr) -> Sequence[ast.expr]:
    """The types of the innermost tuple that an annotation tells of."""
    kinds: Sequence[ast.expr] = ()
    for part in ast.walk(annotation):
        if isinstance(part, ast.Subscript) and ast.unparse(part.value) == "tuple" and isinstance(part.slice, ast.Tuple):
            kinds = part.slice.elts if "..." not in ast.unparse(part.slice) else ()
    return kinds


def _parts(value: ast.expr) -> Sequence[ast.expr]:
    """What a collection holds; nothing when it is none."""
    if isinstance(value, (ast.Tuple, ast.List, ast.Set)):
        return value.elts
    if isinstance(value, ast.Starred):
        return (value.value,)
    if isinstance(value, ast.GeneratorExp):
        return (value.elt,)
    return value.args if isinstance(value, ast.Call) and called(value) == "frozenset" else ()


def called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def literals(site: Site, made: ast.expr | None = None, depth: int = 0) -> Iterator[Written | ast.expr]:
    """The messages an expression may be, and those parts of it that are made up at run time, which none may be."""
    made = made or site.made
    if isinstance(made, ast.Constant) and isinstance(made.value, str) and made.value:
        yield Written(made.value)
    elif isinstance(made, ast.Call) and called(made) == "in_context":
        context, text = (str(one.value) for one in made.args if isinstance(one, ast.Constant))
        yield Written(text, context)
    elif isinstance(made, (ast.JoinedStr, ast.BinOp)) or (isinstance(made, ast.Call) and called(made) in _MADE_UP):
        yield made
    else:
        for part in alternatives(site, made) if depth < 8 else ():
            yield from literals(site, part, depth + 1)


def alternatives(site: Site, made: ast.expr) -> Sequence[ast.expr]:
    """The expressions of which one is what an expression gives."""
    if isinstance(made, ast.IfExp):
        return (made.body, made.orelse)
    if isinstance(made, (ast.Dict, ast.Tuple, ast.List)):
        return made.values if isinstance(made, ast.Dict) else made.elts
    if isinstance(made, ast.Name):
        return site.names.get(made.id, [])
    if isinstance(made, ast.Subscript):
        return (made.value,)
    if isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute) and made.func.attr == "get":
        return (made.func.value, *made.args[1:])
    return ()


def messages_of(site: Site) -> Iterator[Written]:
    """The messages of a site; singular and plural stand in the same order where there are several."""
    first = [one for one in literals(site) if isinstance(one, Written)]
    if site.many is None:
        yield from first
        return
    others = [one.text for one in literals(site, site.many) if isinstance(one, Written)]
    yield from (one._replace(many=many) for one, many in zip(first, others, strict=True))


def records_faults(tree: ast.Module) -> Iterator[tuple[int, Written]]:
    """What the validators of records say."""
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        if any(isinstance(one, ast.Call) and called(one) == "model_validator" for one in function.decorator_list):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and called(node) == "ValueError":
                    (said_so,) = node.args
                    assert isinstance(said_so, ast.Constant)
                    yield node.lineno, Written(str(said_so.value))


def extract_python(stream: Any, *_: object, **__: object) -> Iterator[Extracted]:
    """Babel's method for Python."""
    file = Path(stream.name).relative_to(SOURCES).as_posix()
    for site in sites():
        if site.file == file:
            yield from (_extracted(site.line, message) for message in messages_of(site))
    yield from (_extracted(line, message) for line, message in records_faults(trees()[file]))


def extract_jinja(stream: Any, *_: object, **__: object) -> Iterator[Extracted]:
    """Babel's method for the templates of the page, where ``say`` and ``say_counted`` translate."""
    for call in Environment(autoescape=True).parse(stream.read().decode()).find_all(nodes.Call):
        name = call.node.name if isinstance(call.node, nodes.Name) else ""
        if name == "say":
            yield from (_extracted(call.lineno, message) for message in _said_in(call.args[0]))
        elif name == "say_counted":
            (one,), (many,) = map(_said_in, call.args[1:3])
            yield _extracted(call.lineno, one._replace(many=many.text))


def _said_in(made: nodes.Expr) -> list[Written]:
    if isinstance(made, nodes.CondExpr) and made.expr2 is not None:
        return [*_said_in(made.expr1), *_said_in(made.expr2)]
    if isinstance(made, nodes.Call):
        context, text = (str(one.as_const()) for one in made.args)
        return [Written(text, context)]
    if isinstance(made, nodes.Getattr):  # a field of a record, whose type says that it is a message
        return []
    assert isinstance(made, nodes.Const), f"line {made.lineno}: not a literal"
    return [Written(str(made.value))]


def _extracted(line: int, message: Written) -> Extracted:
    if message.context:
        return line, "pgettext", (message.context, message.text), []
    if message.many:
        return line, "ngettext", (message.text, message.many), []
    return line, "gettext", (message.text,), []


def helps() -> Iterator[tuple[str, str]]:
    """What the help of every command says, and the file of the command."""

    def below(command: Any) -> Iterator[Any]:
        yield command
        for child in getattr(command, "commands", {}).values():
            yield from below(child)

    for command in below(typer.main.get_command(app)):
        module = getattr(command.callback, "__module__", "matchmaker.cli.__init__")
        file = f"{module.removeprefix('matchmaker.').replace('.', '/')}.py".replace("cli.py", "cli/__init__.py")
        texts = paragraphs(command.help or "")
        params = command.get_params(typer.Context(command, help_option_names=["-h", "--help"]))
        texts += [" ".join((param.help or "").split()) for param in params]
        yield from ((text, file) for text in texts if text and not example_in(text))


def extracted() -> Catalog:
    """All messages of the sources."""
    catalogue = Catalog(project="matchmaker", charset="utf-8")
    methods: list[tuple[str, Callable[..., Any]]] = [("**.py", extract_python), ("**.jinja", extract_jinja)]
    for file, _, message, _, context in extract_from_dir(SOURCES, methods, keywords=KEYWORDS):  # type: ignore[arg-type]
        _add(catalogue, message, file, context)
    for text, file in helps():
        _add(catalogue, text, file, None)
    return catalogue


def _add(catalogue: Catalog, message: str | tuple[str, ...], file: str, context: str | None) -> None:
    texts = message if isinstance(message, tuple) else (message,)
    flags = {"python-brace-format"} if any("{" in text for text in texts) else set()
    catalogue.add(message, locations=[(f"src/matchmaker/{file}", 0)], flags=flags, context=context)


def update() -> None:
    """Write the catalogue anew: what is new is empty or guessed and marked as fuzzy, what is gone goes."""
    with CATALOGUE.open("rb") as source:
        catalogue = read_po(source, locale="zh_Hans")
    catalogue.update(extracted(), update_creation_date=False)
    save(catalogue)


def save(catalogue: Catalog) -> None:
    with CATALOGUE.open("wb") as target:
        write_po(target, catalogue, width=110, sort_by_file=True, ignore_obsolete=True, include_lineno=False)


if __name__ == "__main__":
    update()
