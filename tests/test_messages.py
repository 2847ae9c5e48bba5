"""Every message there is can be said in Chinese: Babel searches the sources for messages, the commands are run."""

from __future__ import annotations

import ast
import json
import locale
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from zipfile import ZipFile

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from hatch_build import CATALOGUE
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from extraction import called, extracted, literals, sites, trees
from matchmaker.cli import app
from matchmaker.cli.boundary import system_language
from matchmaker.domain import Problem
from matchmaker.errors import Fault, did_you_mean
from matchmaker.messages import (
    as_message,
    foreign,
    in_context,
    in_language,
    join_messages,
    make_counted_message,
    make_message,
    translate,
)
from matchmaker.script import is_traditional

Key = tuple[str, str, str]
"""Context, text, and the text for many."""


def key_of(message: Message) -> Key:
    one, many = (message.id, "") if isinstance(message.id, str) else message.id
    return message.context or "", one, many


def entries(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


WRITTEN = {key_of(message): message for message in entries(extracted())}
with CATALOGUE.open("rb") as _source:
    _READ = read_po(_source, locale="zh_Hans")
TRANSLATED = {key_of(message): message for message in entries(_READ)}


def chinese_of(message: Message) -> str:
    return message.string if isinstance(message.string, str) else (message.string or ("",))[0]


def fields(template: str) -> list[str]:
    """The names of the fields of a template; a brace alone is none, as texts without values are no templates."""
    return sorted(set(re.findall(r"\{([^{}:]+)[^{}]*\}", template)))


def test_the_search_finds_messages() -> None:
    assert {
        ("", "no such file{hint}", ""),  # said
        ("", "check the path", ""),  # a remedy
        ("", "{n} institute", "{n} institutes"),  # counted
        ("", "{n:,} institute", "{n:,} institutes"),  # translate_counted
        ("", "needs a title or a description", ""),  # a validator
        ("", "choose a shorter name", ""),  # a table of remedies
        ("", "the quotes do not match", ""),  # by way of a name, either of two
        ("", "contains no judgements", ""),  # by way of a function of the module
        ("", "permission denied", ""),  # a constant of what others say
        ("heading", "Title", ""),  # in a context
        ("", "write one text", ""),  # what a function gives
        ("", "Skip to content", ""),  # a template
        ("", "problem", "problems"),  # a template that counts
        ("", "Show one institute: what it can do, on what evidence, from which source.", ""),  # help of a command
        ("", "How many institutes a shortlist holds at most.", ""),  # help of an option
        ("", "Show this message and exit.", ""),  # help of Typer's own
    } <= WRITTEN.keys()
    assert len(WRITTEN) > 1_300


def test_the_catalogue_has_no_holes() -> None:
    """What is missing: ``make messages``, then fill in the Chinese."""
    assert WRITTEN.keys() - TRANSLATED.keys() == set()
    assert [key for key, message in TRANSLATED.items() if not chinese_of(message)] == []


def test_nothing_is_left_over_or_guessed() -> None:
    assert TRANSLATED.keys() - WRITTEN.keys() == set()
    assert _READ.obsolete == {}
    assert [key for key, message in TRANSLATED.items() if message.fuzzy] == []


@pytest.mark.parametrize("key", TRANSLATED)
def test_both_say_the_same(key: Key) -> None:
    context, english, many = key
    chinese = chinese_of(TRANSLATED[key])
    assert fields(chinese) == fields(many or english)
    assert fields(english) == fields(many) or not many
    words = re.sub(r"\{[^{}]*\}|\[[^]]*\]", "", english)
    if re.search("[a-z]{2}", words) and english not in KEPT:
        assert re.search("[\u4e00-\u9fff]", chinese)
    bare = re.sub(r"“[^”]*”|\{[^{}]*\}|\.rejects\.csv", "X", chinese)  # data, code and quotations keep their own
    assert not re.search(r"[\u4e00-\u9fff] ?[,;:!?()]|[,;:!?()] ?[\u4e00-\u9fff]", bare)
    assert not re.search("[\u4e00-\u9fff]'|'[\u4e00-\u9fff]", bare)
    assert context != "type" or chinese.startswith("<")


KEPT = {"[ARGS]...", "AUC", "ECE", "{at} by {by}", "{n:,} of {of:,}"}
"""What Chinese says without a character of its own."""


def test_no_message_is_made_up_at_run_time() -> None:
    """An f-string has no Chinese: it is ``make_message("… {field} …", field=value)``."""
    made_up = [
        f"{site.file}:{site.line}: {ast.unparse(part)}"
        for site in sites()
        for part in literals(site)
        if isinstance(part, ast.expr)
    ]
    assert made_up == []


def test_a_place_in_words_is_a_message() -> None:
    """A place is mostly a path, which is never looked up, so a literal one is an option or made by ``make_message``."""
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
    commands = r"--[a-z].*|evaluate|cases add|judgements agreement|Shortlist\.to_frame"
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


@given(st.text(), st.text())
def test_what_stands_in_a_message_is_never_taken_for_one(name: str, other: str) -> None:
    """A field of a user that is called like a message, or holds braces, stays as it is."""
    assert in_language(make_message("no such file{hint}", hint=name), "zh") == f"没有这个文件{name}"
    assert in_language(join_messages([name, other]), "zh") == f"{name}、{other}"
    assert in_language(make_message("known: {names}", names="empty"), "zh") == "已有的机构：empty"


def test_a_message_within_a_message_is_said_in_the_same_language() -> None:
    place = make_message(
        "{place}, {inner}", place=make_message("{place}, line {line}", place="a.csv", line=3), inner="budget"
    )
    fault = Fault(
        place, make_message("expected a list, found {value}", value=make_message("nothing")), "check the path"
    )
    assert str(fault) == "a.csv, line 3, budget: expected a list, found nothing; check the path"
    assert fault.in_language("en") == str(fault)
    assert fault.in_language("zh") == "a.csv，第 3 行，budget：应为列表，实为空值；请检查路径"


def test_a_place_is_no_message_unless_it_says_so() -> None:
    assert Fault("empty", "empty").in_language("zh") == "empty：没有内容"
    assert Fault("", "empty").in_language("zh") == "没有内容"


def test_an_unknown_text_stays_as_it_is() -> None:
    assert in_language("some {odd} text", "zh") == "some {odd} text"
    assert in_language(make_message("some {odd} text", odd=1), "zh") == "some 1 text"
    assert as_message("some text") == "some text"


def test_messages_travel_between_processes() -> None:
    fault = Fault(
        make_message("{place}, line {line}", place="a", line=1),
        make_message("known: {names}", names=join_messages("abc")),
    )
    copy = pickle.loads(pickle.dumps(fault))  # noqa: S301 - made a moment ago
    assert copy == fault
    assert copy.in_language("zh") == "a，第 1 行：已有的机构：a、b、c"


def test_one_and_many() -> None:
    assert make_counted_message(1, "{n} institute", "{n} institutes") == "1 institute"
    assert make_counted_message(2, "{n} institute", "{n} institutes") == "2 institutes"
    assert in_language(make_counted_message(0, "{n} institute", "{n} institutes"), "zh") == "0 家机构"


def test_names_are_listed_with_the_commas_of_the_language() -> None:
    assert (join_messages([]), join_messages(["a"]), join_messages("abc")) == ("", "a", "a, b, c")
    many = [str(n) for n in range(5_000)]
    assert join_messages(many) == ", ".join(many)
    assert in_language(join_messages(many), "zh") == "、".join(many)


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
    assert run("match", "none.yaml").stderr.startswith("錯誤：none.yaml")
    assert run("match", "none.yaml", "--lang", "en").stderr.startswith("error: none.yaml")
    assert run("match", "none.yaml").stderr.startswith("錯誤：none.yaml")  # nothing is kept from run to run


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
        ({"LANG": "yue_HK.UTF-8"}, "zh-Hant"),
        ({"LANG": "zh_HK.UTF-8"}, "zh-Hant"),
        ({"LANG": "zh_MO"}, "zh-Hant"),
        ({"LANG": "zh_Hant_MY"}, "zh-Hant"),
        ({"LANG": "zh_SG.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_TW.UTF-8"}, "zh-Hant"),
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
    [
        ("zh_CN", "zh"),
        ("Chinese (Simplified)_China", "zh"),
        ("Chinese (Traditional)_Taiwan", "zh-Hant"),
        ("Chinese (Traditional)_Hong Kong SAR", "zh-Hant"),
        ("English_United States", "en"),
        (None, "en"),
    ],
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


# --- help and usage ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args",
    [("--help", "--lang", "zh"), ("--lang", "zh", "--help"), ("--help", "--lang=zh")],
    ids=" ".join,
)
def test_help_is_in_the_language_asked_for(args: tuple[str, ...]) -> None:
    assert run(*args).stdout.startswith("用法：matchmaker [选项] 命令 [参数]...\n")
    assert run("match", *args).stdout.startswith("用法：matchmaker match [选项] [FILE]\n")


def test_help_is_in_the_language_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert run("institutes", "show", "--help").stdout.startswith("用法：matchmaker institutes show [选项] {ID}\n")
    assert run("institutes").output.startswith("用法：matchmaker institutes [选项] 命令")  # which prints help as well
    assert run("match", "--help", "--lang", "en").stdout.startswith("Usage: matchmaker match [OPTIONS] [FILE]\n")
    monkeypatch.setenv("LANG", "zh_TW.UTF-8")
    assert run("match", "--help").stdout.startswith("用法：matchmaker match [選項] [FILE]\n")


def test_usage_errors_are_in_the_language_asked_for() -> None:
    assert run("match", "a", "b", "--lang", "zh").stderr == (
        "用法：matchmaker match [选项] [FILE]\n用“matchmaker match -h”查看帮助。\n\n错误：多出了参数（b）\n"
    )
    stderr = run("match", "--top", "0", "--lang", "zh-Hant").stderr
    assert stderr.endswith("錯誤：'--top' 的值有誤：請填寫不小於 1 的數\n")


def test_no_line_of_chinese_help_is_too_wide() -> None:
    result = CliRunner().invoke(app, ["batch", "--help", "--lang", "zh"], env={"COLUMNS": "80"})
    assert max(map(cell_len, result.stdout.splitlines())) <= 80


def test_the_language_may_stand_before_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    command = ("institutes", "show", "giii")
    assert run("--lang", "zh", *command).stdout == run(*command, "--lang", "zh").stdout
    assert run("--lang", "zh", *command, "--lang", "en").stdout == run(*command, "--lang", "en").stdout


# --- Traditional Chinese ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("供水管網漏水，找不到漏點", True),
        ("供水管网漏水，找不到漏点", False),
        ("天台上的水", False),  # neither
        ("", False),
        ("our 機器人 arm", True),
        ("某某實業有限公司的供水管网漏水，找不到漏点，压力传感器很多", False),  # a name among Simplified
    ],
)
def test_the_script_of_a_text(text: str, is_so: bool) -> None:
    assert is_traditional(text) is is_so


def test_a_problem_is_answered_in_its_script() -> None:
    problem = Problem(title="供水管網漏水，找不到漏點")
    assert (problem.language, problem.shown_in) == ("zh", "zh-Hant")
    assert Problem(title="供水管网漏水").shown_in == "zh"
    assert Problem(title="a pipe leaks").shown_in == "en"


def test_messages_in_traditional_characters_leave_what_they_quote() -> None:
    assert (
        in_language(make_message("known: {names}", names=join_messages(["软件", "b"])), "zh-Hant")
        == "已有的機構：软件、b"
    )
    assert in_language(make_counted_message(2, "{n} institute", "{n} institutes"), "zh-Hant") == "2 家機構"
    assert translate("some text", "zh-Hant") == "some text"
    assert in_language("软件", "zh-Hant") == "软件"  # no message of ours


def test_quotations_stay_as_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    shown = run("match", "--text", "供水管网漏水找不到漏点", "--top", "1", "--lang", "zh-Hant").stdout
    assert "廣州工業智能研究院" in shown
    assert "“供水管网漏水找不到漏点”" in shown
    assert "建議對接" in shown
    data = json.loads(run("match", "--text", "供水管網漏水找不到漏點", "--format", "json").stdout)
    assert data["problem"]["language"] == "zh"
    assert data["matches"][0]["name"]["zh"] == "广州工业智能研究院"


def test_pages_and_workbooks_in_traditional_characters(tmp_path: Path) -> None:
    page = run("match", "--text", "供水管網漏水找不到漏點", "--format", "html").stdout
    assert page.startswith('<!DOCTYPE html>\n<html lang="zh-Hant">')
    assert "為什麼匹配" in page
    assert run("match", "--text", "供水管網漏水找不到漏點", "-o", str(tmp_path / "a.xlsx")).exit_code == 0
    with ZipFile(tmp_path / "a.xlsx") as parts:
        sheets = parts.read("xl/workbook.xml").decode()
    assert re.findall('<sheet name="([^"]+)"', sheets) == ["候選名單", "彙總", "需求"]


# --- contexts, and the compiled catalogue -----------------------------------------------------------------------------


def test_a_text_in_a_context_has_its_own_chinese() -> None:
    assert translate(in_context("heading", "Title"), "zh") == "需求名称"
    assert translate("Title", "zh") == "题目"
    assert translate(in_context("heading", "Title"), "en") == "Title"
    assert translate(in_context("nowhere", "Title"), "zh") == "Title"


def test_what_git_knows_has_no_compiled_catalogue() -> None:
    """A stale one would hide what is missing; it is made when the package is installed or built."""
    ignored = subprocess.run(["git", "check-ignore", str(CATALOGUE.with_suffix(".mo"))], cwd=ROOT, check=False)
    assert ignored.returncode == 0


def test_english_reads_no_catalogue_and_no_converter() -> None:
    code = (
        "import sys\nfrom matchmaker.cli import main\nsys.argv = ['matchmaker', 'match', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"opencc", "numpy", "rich"} & set(done.stderr.split())
    chinese = {**os.environ, "LANG": "zh_CN.UTF-8"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=chinese)
    assert done.stdout.startswith("用法：")
    assert not {"opencc", "numpy", "rich.table"} & set(done.stderr.split())
