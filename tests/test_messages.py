"""Every message there is can be said in Chinese: the sources are searched for messages, the commands are run."""

from __future__ import annotations

import ast
import locale
import pickle
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from string import Formatter
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from matchmaker.cli import app
from matchmaker.cli.boundary import system_language
from matchmaker.errors import Fault, did_you_mean
from matchmaker.messages import CHINESE, FOREIGN, as_message, counted, foreign, in_language, listed, said

SOURCES = Path(__file__).parents[1] / "src" / "matchmaker"
WORDED = ("finding", "remedy", "broken", "one", "many")
"""What parameters and fields are called through which a message passes as a plain text."""
FUNCTIONS_OF_TEMPLATES = {"said": (0,), "counted": (1, 2), "as_message": (0,), "BadParameter": (0,)}


class Site(NamedTuple):
    """A place in the sources where a message is written, and the expression that makes it."""

    file: str
    line: int
    made: ast.expr
    names: Mapping[str, list[ast.expr]]


@cache
def trees() -> dict[str, ast.Module]:
    return {
        path.relative_to(SOURCES).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(SOURCES.rglob("*.py"))
        if path.name != "messages.py"
    }


@cache
def worded_parameters() -> dict[str, dict[str, int]]:
    """By name of function or record, the position of each of its parameters that takes a message."""
    found: dict[str, dict[str, int]] = {name: {} for name in FUNCTIONS_OF_TEMPLATES}
    for tree in trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                names = [one.arg for one in (*node.args.posonlyargs, *node.args.args) if one.arg not in ("self", "cls")]
                names += [one.arg for one in node.args.kwonlyargs]
            elif isinstance(node, ast.ClassDef):
                names = [ast.unparse(one.target) for one in node.body if isinstance(one, ast.AnnAssign)]
            else:
                continue
            places = {name: at for at, name in enumerate(names) if name in WORDED}
            if places:
                found.setdefault(node.name, {}).update(places)
    return found


def assigned(scope: ast.AST) -> dict[str, list[ast.expr]]:
    """What is assigned to each name within a function or at the top of a module."""
    values: dict[str, list[ast.expr]] = {}
    nodes = scope.body if isinstance(scope, ast.Module) else ast.walk(scope)
    for node in nodes:
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


def sites() -> Iterator[Site]:
    """Every expression that is given as a finding, a remedy or a template."""
    for file, tree in trees().items():
        top = assigned(tree)
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        within = {id(node): function for function in functions for node in ast.walk(function)}  # the innermost
        for node in ast.walk(tree):
            names = {**top, **(assigned(within[id(node)]) if id(node) in within else {})}
            yield from (Site(file, made.lineno, made, names) for made in made_in(node))


def made_in(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and called(node.exc) == "ValueError":
        return  # misuse of the API, but for the validators of records: see records_faults
    if not isinstance(node, ast.Call) or isinstance(node.func, ast.Lambda):
        return
    name = called(node)
    places = worded_parameters().get(name, {})
    yield from (node.args[at] for at in FUNCTIONS_OF_TEMPLATES.get(name, ()) if at < len(node.args))
    yield from (node.args[at] for at in places.values() if at < len(node.args))
    yield from (one.value for one in node.keywords if one.arg in places)


def called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def literals(site: Site, made: ast.expr | None = None, depth: int = 0) -> Iterator[str | ast.expr]:
    """The plain texts an expression may be, and those parts of it that are made up at run time, which none may be."""
    made = made or site.made
    if isinstance(made, ast.Constant) and isinstance(made.value, str) and made.value:
        yield made.value
    elif isinstance(made, (ast.JoinedStr, ast.BinOp)) or (isinstance(made, ast.Call) and called(made) in MADE_UP):
        yield made
    else:
        for part in alternatives(site, made) if depth < 8 else ():
            yield from literals(site, part, depth + 1)


def alternatives(site: Site, made: ast.expr) -> Sequence[ast.expr]:
    """The expressions of which one is what an expression gives."""
    if isinstance(made, ast.IfExp):
        return (made.body, made.orelse)
    if isinstance(made, ast.Dict):
        return made.values
    if isinstance(made, ast.Name):
        return site.names.get(made.id, [])
    if isinstance(made, ast.Subscript):
        return (made.value,)
    if isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute) and made.func.attr == "get":
        return (made.func.value, *made.args[1:])
    return ()


MADE_UP = {"str", "format", "join"}


def records_faults() -> Iterator[str]:
    """What the validators of records say."""
    for tree in trees().values():
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            if any(isinstance(one, ast.Call) and called(one) == "model_validator" for one in function.decorator_list):
                for node in ast.walk(function):
                    if isinstance(node, ast.Call) and called(node) == "ValueError":
                        (said_so,) = node.args
                        assert isinstance(said_so, ast.Constant)
                        yield str(said_so.value)


@cache
def templates() -> dict[str, str]:
    """Every English template or literal, and where it stands."""
    found = dict.fromkeys(records_faults(), "records")
    for site in sites():
        for text in literals(site):
            if isinstance(text, str):
                found.setdefault(text, f"{site.file}:{site.line}")
    return found


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_the_search_finds_messages() -> None:
    assert {
        "no such file{hint}",  # said
        "check the path",  # a remedy
        "{n} institute",  # counted
        "needs a title or a description",  # a validator
        "choose a shorter name",  # a table of remedies
        "the quotes do not match",  # by way of a name, either of two
        "no judgement in it",  # by way of a function of the module
    } <= templates().keys()
    assert len(templates()) > 150


def test_every_message_has_its_chinese() -> None:
    assert {text: place for text, place in templates().items() if text not in CHINESE} == {}


def test_no_chinese_is_left_over() -> None:
    constants = {
        node.value
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    own = {"{some}, {more}", "{original}"}  # of messages.py itself
    assert set(CHINESE) - templates().keys() - constants - own == set()


def test_no_message_is_made_up_at_run_time() -> None:
    """An f-string has no Chinese: it is ``said("… {field} …", field=value)``."""
    made_up = [
        f"{site.file}:{site.line}: {ast.unparse(part)}"
        for site in sites()
        for part in literals(site)
        if isinstance(part, ast.expr)
    ]
    assert made_up == []


def test_a_place_in_words_is_a_message() -> None:
    """A place is mostly a path, which is never looked up, so a literal one is an option or made by ``said``."""
    places = [
        (file, node.args[0])
        for file, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called(node) == "Fault" and node.args
    ]
    assert len(places) > 80
    made_up = [(file, place.lineno) for file, place in places if isinstance(place, ast.JoinedStr)]
    words = [str(place.value) for _, place in places if isinstance(place, ast.Constant) and place.value]
    assert made_up == []
    commands = r"--[a-z].*|evaluate|cases add|judgements agreement"
    assert [text for text in words if not re.fullmatch(commands, text)] == []


def test_all_that_is_echoed_is_told() -> None:
    """``typer.echo`` knows no language; only ``boundary.tell``, ``--version``, the questions of ``judge``, what is told
    of a bug, and ``doctor``, which has its own words, may."""
    files = [
        file
        for file, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"typer.echo", "typer.secho", "print"}
    ]
    assert sorted(set(files)) == [
        "cli/__init__.py",
        "cli/boundary.py",
        "cli/bugs.py",
        "cli/doctor.py",
        "cli/judgements.py",
    ]


@pytest.mark.parametrize("english", [*CHINESE, *FOREIGN])
def test_both_say_the_same(english: str) -> None:
    chinese = CHINESE.get(english) or FOREIGN[english]
    assert fields(chinese) == fields(english)
    words = re.sub(r"\{[^{}]*\}", "", english)
    if re.search("[a-z]{2}", words):
        assert re.search("[\u4e00-\u9fff]", chinese)
    bare = re.sub(r"“[^”]*”|\{[^{}]*\}", "X", chinese)  # data, code and quotations keep their own
    assert not re.search(r"[\u4e00-\u9fff] ?[,;:!?()]|[,;:!?()] ?[\u4e00-\u9fff]", bare)
    assert not re.search("[\u4e00-\u9fff]'|'[\u4e00-\u9fff]", bare)


@given(st.text(), st.text())
def test_what_stands_in_a_message_is_never_taken_for_one(name: str, other: str) -> None:
    """A field of a user that is called like a message, or holds braces, stays as it is."""
    assert in_language(said("no such file{hint}", hint=name), "zh") == f"没有这个文件{name}"
    assert in_language(listed([name, other]), "zh") == f"{name}、{other}"
    assert in_language(said("known: {names}", names="empty"), "zh") == "已有的机构：empty"


def test_a_message_within_a_message_is_said_in_the_same_language() -> None:
    place = said("{place}, {inner}", place=said("{place}, line {line}", place="a.csv", line=3), inner="budget")
    fault = Fault(place, said("expected a list, found {value}", value=said("nothing")), "check the path")
    assert str(fault) == "a.csv, line 3, budget: expected a list, found nothing; check the path"
    assert fault.in_language("en") == str(fault)
    assert fault.in_language("zh") == "a.csv，第 3 行，budget：应为列表，实为空值；请检查路径"


def test_a_place_is_no_message_unless_it_says_so() -> None:
    assert Fault("empty", "empty").in_language("zh") == "empty：没有内容"
    assert Fault("", "empty").in_language("zh") == "没有内容"


def test_an_unknown_text_stays_as_it_is() -> None:
    assert in_language("some {odd} text", "zh") == "some {odd} text"
    assert in_language(said("some {odd} text", odd=1), "zh") == "some 1 text"
    assert as_message("some text") == "some text"


def test_messages_travel_between_processes() -> None:
    fault = Fault(said("{place}, line {line}", place="a", line=1), said("known: {names}", names=listed("abc")))
    copy = pickle.loads(pickle.dumps(fault))  # noqa: S301 - made a moment ago
    assert copy == fault
    assert copy.in_language("zh") == "a，第 1 行：已有的机构：a、b、c"


def test_one_and_many() -> None:
    assert counted(1, "{n} institute", "{n} institutes") == "1 institute"
    assert counted(2, "{n} institute", "{n} institutes") == "2 institutes"
    assert in_language(counted(0, "{n} institute", "{n} institutes"), "zh") == "0 家机构"


def test_names_are_listed_with_the_commas_of_the_language() -> None:
    assert (listed([]), listed(["a"]), listed("abc")) == ("", "a", "a, b, c")
    many = [str(n) for n in range(5_000)]
    assert listed(many) == ", ".join(many)
    assert in_language(listed(many), "zh") == "、".join(many)


def test_what_the_system_says() -> None:
    assert foreign("Permission denied") == "Permission denied"
    assert in_language(foreign("Permission denied"), "zh") == "权限不足"
    assert in_language(foreign("did not find expected ',' or '}'"), "zh") == "此处缺少逗号或 }"
    assert foreign("the {disk} is on fire") == "the {disk} is on fire"
    assert in_language(foreign("the {disk} is on fire"), "zh") == "系统原文“the {disk} is on fire”"


def test_hints_do_not_mind_capitals() -> None:
    assert did_you_mean("NAME", ["name", "summary"]) == " (did you mean 'name'?)"
    assert did_you_mean("giii", ["GIII", "x"]) == " (did you mean 'GIII'?)"
    assert in_language(did_you_mean("NAME", ["name"]), "zh") == "（是否应为“name”？）"


# --- the commands -----------------------------------------------------------------------------------------------------

FAULTY = Path(__file__).parent / "data" / "faulty"
ROOT = Path(__file__).parents[1]
CODE = re.compile(r"“[^”]*”|\{[^{}]*\}|\S*[/\\.]\S*|matchmaker \w+|CSV UTF-8|--\w+ \S+|\w+ <- \w+")
"""What stays English in a Chinese message: quotations, examples, paths, commands, names of formats and fields."""


def run(*args: str) -> Result:
    result = CliRunner().invoke(app, args, prog_name="matchmaker", env={"COLUMNS": "200"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def english_left(text: str) -> list[str]:
    return re.findall(r"[A-Za-z]{2,} [A-Za-z]{2,}", CODE.sub("·", text))


@pytest.mark.parametrize("way", ["flag", "system"])
@pytest.mark.parametrize("path", sorted(FAULTY.iterdir()), ids=lambda path: str(path.name))
def test_no_english_is_left_over(path: Path, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["match", str(path)]
    if not path.name.startswith("problem_"):
        command = ["batch", str(path), "-o", str(tmp_path / "out.jsonl")]
    monkeypatch.setenv("LANG", "zh_CN.UTF-8" if way == "system" else "en_US.UTF-8")
    result = run(*command, *(("--lang", "zh") if way == "flag" else ()))
    told = [line for line in result.stderr.splitlines() if str(path.parent) in line]
    assert told
    assert all(re.match("(错误|警告|拒收|提示)：|" + re.escape(str(path)), line) for line in told)
    assert english_left(result.stderr) == []
    rejects = tmp_path / "out.jsonl.rejects.csv"
    if rejects.exists():
        faults = [line for line in rejects.read_text("utf-8-sig").splitlines() if str(path.parent) in line]
        assert faults
        assert all("：" in line for line in faults)
        assert not any(word in line for line in faults for word in ("expected", "found", ", line"))


def test_the_rule_for_english_finds_some() -> None:
    assert english_left("错误：没有 such file") == ["such file"]
    assert english_left("错误：a b.txt，“such file”，{not this}；请用：matchmaker match x") == []


def test_some_messages_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert run("match", "data/problems/05-water-leek.yaml", "--lang", "zh").stderr == (
        "错误：data/problems/05-water-leek.yaml：没有这个文件（是否应为“05-water-leak.yaml”？）；请检查路径\n"
    )
    assert run("match", "data/problems/requests.csv", "--lang", "zh").stderr == (
        "错误：data/problems/requests.csv：.csv 文件含多条需求，这里只要一条；"
        "请用：matchmaker batch data/problems/requests.csv\n"
    )
    assert run("institutes", "show", "GII", "--lang", "zh").stderr == (
        "错误：没有名为“GII”的机构（是否应为“giius”？）；已有的机构：fytri、giii、giius、gzis、scttc\n"
    )
    assert run("institutes", "validate", "--lang", "zh").stdout.startswith("资料有效：5 家机构，")


def test_the_flag_wins_over_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_HK.UTF-8")
    assert run("match", "none.yaml").stderr.startswith("错误：none.yaml")
    assert run("match", "none.yaml", "--lang", "en").stderr.startswith("error: none.yaml")
    assert run("match", "none.yaml").stderr.startswith("错误：none.yaml")  # nothing is kept from run to run


def test_tables_about_no_one_problem_follow_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    commands = (
        ("institutes", "list"),
        ("institutes", "show", "giii"),
        ("alliance",),
        ("problems", "data/problems/requests.csv", "--for", "giii", "-q"),
    )
    english = [run(*command).stdout for command in commands]
    assert english == [run(*command, "--lang", "en").stdout for command in commands]
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    chinese = [run(*command).stdout for command in commands]
    assert chinese == [run(*command, "--lang", "zh").stdout for command in commands]
    assert all(one != other for one, other in zip(english, chinese, strict=True))


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh"}, "zh"),
        ({"LANG": "yue_HK.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_TW.UTF-8"}, "zh"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.GB18030"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
    ],
)
def test_the_language_of_the_system(
    variables: Mapping[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert system_language() == language


@pytest.mark.parametrize(
    ("name", "language"),
    [("zh_CN", "zh"), ("Chinese (Simplified)_China", "zh"), ("English_United States", "en"), (None, "en")],
)
def test_the_language_where_no_variable_says_it(
    name: str | None, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, whose names these are."""
    monkeypatch.setattr(locale, "getlocale", lambda: (name, "cp936"))
    assert system_language() == language


def test_limits_in_words(tmp_path: Path) -> None:
    path = tmp_path / "limits.yaml"
    path.write_text("title: 管网漏水\nexclude: [giii]\nrequire: {role: research_institute, place: 东莞}\n", "utf-8")
    chinese = {kind: run("match", str(path), "--lang", "zh", "--format", kind).stdout for kind in FORMATS}
    english = {kind: run("match", str(path), "--lang", "en", "--format", kind).stdout for kind in FORMATS}
    for words in ("需求方已排除", "类型不是研究机构", "不在东莞"):
        assert all(words in text for text in chinese.values())
    for words in ("excluded by the problem", "not a research institute", "not in 东莞"):
        assert all(words in text for text in english.values())
    assert '"limit": "require.role: research_institute"' in run("match", str(path), "--format", "json").stdout


FORMATS = ("table", "csv", "md")
