"""Every command as the shell sees it: exit code, stdout, stderr."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner, Result

from matchmaker.cli import app
from matchmaker.distribution import DISTRIBUTION
from matchmaker.intake import load_problem
from worlds import small_registry

ROOT = Path(__file__).parents[2]
PROBLEMS = ROOT / "data" / "problems"
SUMMARY = re.compile(r"^(\d+) rows? read, (\d+) matched, (\d+) without a fitting institute, (\d+) rejected, ", re.M)
LEAK = "供水管网漏损检测"
OF_THE_LEDGER = {"cases", "refer", "referrals", "judge", "judgements", "stats", "ledger"}
TABLE = (
    "id,title,description,exclude\n"
    f"P-1,{LEAK},管道漏水找不到漏点,\n"
    "P-2,,,\n"
    "P-3,表面缺陷,机器视觉,\n"
    "P-4,奶茶广告,,nobody\n"
    "P-5,奶茶广告,,\n"
)
NEEDS_UNIX = pytest.mark.skipif(os.name == "nt", reason="pipes, devices and locales of Unix")


@pytest.fixture(autouse=True)
def _in_a_folder_with_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MATCHMAKER_LEDGER", "ledger.db")
    registry = small_registry().model_dump(mode="json", by_alias=True, exclude_none=True)
    registry.pop("fingerprint")
    Path("small.yaml").write_text(json.dumps({"schema": 1, **registry}, ensure_ascii=False), "utf-8")
    Path("table.csv").write_text(TABLE, "utf-8")
    Path("good.csv").write_text("".join(TABLE.splitlines(keepends=True)[at] for at in (0, 1, 3, 5)), "utf-8")
    Path("leak.txt").write_text(f"{LEAK}\n管道漏水找不到漏点。\n", "utf-8")


def run(*args: str, stdin: bytes = b"", columns: int = 100) -> Result:
    env = {"COLUMNS": str(columns), **dict.fromkeys(("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"))}
    result = CliRunner().invoke(app, args, input=stdin, env=env, prog_name="matchmaker")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def small(*args: str, stdin: bytes = b"", columns: int = 100) -> Result:
    return run(*args, "--institutes", "small.yaml", stdin=stdin, columns=columns)


def done(result: Result, *, stderr: str | None = "") -> str:
    """The stdout of a command that went well and said nothing else."""
    assert result.exit_code == 0, result.output
    assert stderr is None or result.stderr == stderr
    return result.stdout


def refused(result: Result, *parts: str, n_faults: int = 1) -> None:
    """Exit code 3, nothing on stdout, and on stderr one line a fault with all the parts."""
    assert result.exit_code == 3, result.output
    assert result.stdout == ""
    lines = [line for line in result.stderr.splitlines() if not line.startswith(("table.csv: ", "good.csv: "))]
    assert len(lines) == n_faults, result.stderr
    assert all(line.startswith("error: ") for line in lines)
    for part in parts:
        assert part in result.stderr


def misused(result: Result, *parts: str) -> None:
    """Exit code 2, nothing on stdout, usage and one line that says what is wrong on stderr."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("Usage: matchmaker")
    last = result.stderr.splitlines()[-1]
    assert last.startswith("Error: ")
    for part in parts:
        assert part in last


def shell(*args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """The program as a process of its own; warnings are errors there, too."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "PYTHON", "COLUMNS"))}
    command = [sys.executable, "-W", "error", "-m", "matchmaker", *args]
    return subprocess.run(command, input=stdin, capture_output=True, env={**kept, **(env or {})}, check=False)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def files() -> set[str]:
    return {path.name for path in Path().iterdir()}


# --- help and start ---------------------------------------------------------------------------------------------------


def commands(*, leaves: bool = False) -> list[str]:
    def below(command: object, name: str) -> Iterator[str]:
        if isinstance(command, TyperGroup):
            if not leaves:
                yield name
            for key, child in command.commands.items():
                yield from below(child, f"{name} {key}".strip())
        else:
            yield name

    return list(below(get_command(app), ""))


def help_of(name: str) -> str:
    return done(run(*name.split(), "--help"))


@pytest.mark.parametrize("name", commands())
def test_help_holds_an_example_that_runs(name: str) -> None:
    text = help_of(name)
    assert text.startswith(f"Usage: matchmaker {name}".strip())
    (example,) = re.findall(r"^  Example: matchmaker ((?:.+\n)(?:  .+\n)*)", text, re.M)
    shutil.copytree(ROOT / "data", "data")
    uses_ledger = name.partition(" ")[0] in OF_THE_LEDGER
    if uses_ledger:
        fill_ledger(name)
    result = run(*shlex.split(example))
    if name == "batch":  # the shipped table has two rows that are no problems, to show what happens then
        assert result.exit_code == 3
        assert {"shortlists.csv", "shortlists.csv.rejects.csv"} <= files()
    elif name == "report":
        assert (result.exit_code, result.stdout) == (0, "")
        assert "water-leak.html" in files()
    else:
        assert result.exit_code == (3 if re.search("^rejected: ", result.stderr, re.M) else 0), result.output
        assert result.output if uses_ledger else result.stdout
    assert "error" not in result.stderr.lower()


def test_short_help_and_no_argument_give_the_same_text() -> None:
    assert done(run("-h")) == help_of("")
    bare = run()
    assert (bare.exit_code, bare.stdout, bare.stderr) == (2, "", help_of(""))


def fill_ledger(name: str) -> None:
    """What the examples of the ledger's commands speak of: a case, a referral, and what two people think of a pair."""
    if name != "refer":
        done(run("refer", "data/problems/05-water-leak.yaml", "giii", "-q"))
    if name != "cases import":
        done(run("cases", "import", "data/cases/example.csv", "--any-institute", "-q"))
        done(run("cases", "add", "--title", LEAK, "--institute", "giii", "-q"))
        done(run("cases", "add", "--title", "一", "--institute", "giii", "-q"))
    if name == "cases restore":
        done(run("cases", "delete", "EX-01", "-q"))
    for judge in ("张三", "李四"):
        done(run("judge", "data/problems/05-water-leak.yaml", "--grades", "giii=3", "--judge", judge, "-q"))


def test_every_command_has_the_flags_that_all_share() -> None:
    for name in commands(leaves=True):
        if name.partition(" ")[0] in OF_THE_LEDGER | {"doctor"}:  # not all of them look at institutes
            assert {"--ledger", "--lang"} <= set(re.findall(r"--\w+", help_of(name))), name
            continue
        wanted = {"--institutes"} | (set() if name == "institutes validate" else {"--format", "--lang"})
        wanted -= {"--format"} if name in {"calibrate", "report"} else set()  # these write a settings file, a page
        if name in {"match", "batch", "problems"}:
            wanted |= {"--top", "--output", "--quiet"}
        assert wanted <= set(re.findall(r"--\w+", help_of(name))), name


def test_version() -> None:
    assert done(run("--version")) == f"matchmaker {metadata.version(DISTRIBUTION)}\n"


def test_help_starts_without_the_heavy_libraries() -> None:
    code = (
        "import sys\nfrom matchmaker.cli import main\nsys.argv = ['matchmaker', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'numpy', 'rich', 'pydantic', 'yaml', 'rapidfuzz', 'opencc'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.startswith("Usage: matchmaker")
    assert found.stdout.endswith("[]\n")


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (("--nope",), ("No such option", "--nope")),
        (("mtach",), ("No such command 'mtach'",)),
        (("match", "--nope"), ("No such option", "--nope")),
        (("match",), ("FILE", "--text")),
        (("match", "leak.txt", "--text", "x"), ("one of them",)),
        (("match", "leak.txt", "--top", "0"), ("--top",)),
        (("match", "leak.txt", "--format", "pdf"), ("--format", "pdf", "jsonl")),
        (("match", "leak.txt", "--lang", "fr"), ("--lang", "fr", "zh")),
        (("batch",), ("FILE",)),
        (("batch", "table.csv", "--column", "title"), ("FIELD=HEADING",)),
        (("problems", "table.csv"), ("--for",)),
        (("alliance", "--format", "csv"), ("'table', 'json'",)),
        (("institutes", "list", "--format", "md"), ("'table', 'json', 'jsonl'",)),
        (("institutes", "nope"), ("nope",)),
        (("institutes", "show"), ("ID",)),
        (("institutes", "search"), ("TEXT",)),
        (("institutes", "validate", "--nope"), ("--nope",)),
    ],
)
def test_wrong_use(args: Sequence[str], parts: Sequence[str]) -> None:
    misused(run(*args), *parts)


# --- match ------------------------------------------------------------------------------------------------------------


def as_yaml() -> bytes:
    return f"id: leak\ntitle: {LEAK}\ndescription: 管道漏水找不到漏点。\n".encode()


def as_json() -> bytes:
    return json.dumps({"id": "leak", "title": LEAK, "description": "管道漏水找不到漏点。"}).encode()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("leak.yaml", as_yaml()),
        ("leak.yml", as_yaml()),
        ("leak.json", as_json()),
        ("leak.md", f"# {LEAK}\n\n管道漏水找不到漏点。\n".encode()),
        ("leak.txt", f"{LEAK}\n管道漏水找不到漏点。\n".encode()),
        ("leak.txt", f"{LEAK}\r\n管道漏水找不到漏点。\r\n".encode("gb18030")),
        ("leak.txt", f"{LEAK}\n管道漏水找不到漏点。\n".encode("utf-16")),
        ("leak", f"{LEAK}\n管道漏水找不到漏点。\n".encode()),
    ],
)
def test_a_problem_is_the_same_in_every_kind_of_file(name: str, data: bytes) -> None:
    expected = done(small("match", "leak.txt", "--format", "json"))
    Path(name).write_bytes(data)
    assert done(small("match", name, "--format", "json")) == expected
    found = json.loads(done(small("match", "-", "--format", "json", stdin=data)))
    assert found["matches"] == json.loads(expected)["matches"]


def test_stdin_and_text_name_the_problem_after_themselves() -> None:
    piped = json.loads(done(small("match", "-", "--format", "json", stdin=LEAK.encode())))
    typed = json.loads(done(small("match", "--text", LEAK, "--format", "json")))
    assert (piped["problem"]["id"], typed["problem"]["id"]) == ("stdin", "text")
    assert piped["matches"] == typed["matches"]
    assert typed["problem"]["title"] == LEAK


def test_a_shortlist_on_the_terminal_in_both_languages() -> None:
    chinese, english = done(small("match", "leak.txt")), done(small("match", "leak.txt", "--lang", "en"))
    assert "甲工业智能研究院" in chinese
    assert "Alpha Institute" not in chinese
    assert "Alpha Institute of Industrial Intelligence" in english
    assert "甲工业智能研究院" not in english
    assert "1,172" in chinese


def test_a_shortlist_in_every_format() -> None:
    found = json.loads(done(small("match", "leak.txt", "--format", "json")))
    assert [match["rank"] for match in found["matches"]] == [1, 2, 3]
    assert found["matches"][0]["institute"] == "alpha"
    line = done(small("match", "leak.txt", "--format", "jsonl"))
    assert line.count("\n") == 1
    assert json.loads(line) == found
    table = small("match", "leak.txt", "--format", "csv")
    assert table.stdout_bytes.startswith(b"\xef\xbb\xbfproblem_id,")
    assert [row["institute"] for row in rows_of(done(table))] == [match["institute"] for match in found["matches"]]
    assert done(small("match", "leak.txt", "--format", "md")).startswith(f"# leak {LEAK}\n")


def test_csv_on_stdout_has_a_mark_only_when_needed() -> None:
    Path("plain.yaml").write_text("institutes:\n- {id: a, name: {en: A}, capabilities: [{id: b, name: {en: Leaks}}]}\n")
    found = run("match", "--text", "Leaks", "--format", "csv", "--institutes", "plain.yaml")
    assert done(found).isascii()
    assert found.stdout.startswith("problem_id,")


def test_nobody_fits_is_a_result() -> None:
    text = done(small("match", "--text", "奶茶广告"))
    assert "没有机构适合这项需求；可请丙技术转移中心协助寻找专家。" in text
    assert json.loads(done(small("match", "--text", "奶茶广告", "--format", "json")))["verdict"] == "none"


@pytest.mark.parametrize(
    ("command", "format"),
    [
        *(("match leak.txt", written) for written in ("table", "md", "html")),
        *(("batch good.csv", written) for written in ("md", "html")),
    ],
)
def test_numbers_and_institutes_at_no_match_are_shown_on_request(command: str, format: str) -> None:
    Path("good.csv").write_text("title\n管道漏水找不到漏点\n", "utf-8")
    name, file = command.split()

    def shown(*flags: str) -> str:
        page = done(small(name, file, "--format", format, "--lang", "zh", *flags), stderr=None)
        return re.sub(r"<style>.*?</style>|<script>.*?</script>|<\w[^>]*>", "", page, flags=re.DOTALL)

    score = json.loads(done(small("match", "leak.txt", "--format", "json")))["matches"][0]["score"]
    assert "未列出" in shown()
    assert "未列出" not in shown("--all")
    number = re.compile(r"(?<![\d.])0\.\d\d(?![\d.])")
    assert not number.search(shown())
    assert f"{score:.2f}" in shown("--scores") if name == "match" else number.search(shown("--scores"))


def test_a_page_for_an_enterprise_takes_no_scores() -> None:
    result = small("report", "leak.txt", "--for", "enterprise", "--scores")
    assert result.exit_code == 2
    assert "shows no scores" in result.stderr


@pytest.mark.parametrize("top", [1, 2, 9])
def test_top(top: int) -> None:
    found = json.loads(done(small("match", "leak.txt", "--format", "json", "--top", str(top))))
    assert len(found["matches"]) == min(top, 3)


@pytest.mark.parametrize("format", ["json", "jsonl", "csv", "md"])
def test_output_by_its_ending_is_what_stdout_gets(format: str) -> None:
    expected = small("match", "leak.txt", "--format", format).stdout_bytes
    assert done(small("match", "leak.txt", "-o", f"out.{format}"), stderr=f"wrote out.{format}\n") == ""
    assert Path(f"out.{format}").read_bytes() == expected
    assert done(small("match", "leak.txt", "--output", "out.txt", "--format", format, "--quiet")) == ""
    assert Path("out.txt").read_bytes() == expected


def test_the_shipped_institutes_answer_without_any_flag() -> None:
    found = json.loads(done(run("match", str(PROBLEMS / "05-water-leak.yaml"), "--format", "json")))
    assert found["verdict"] == "matched"
    assert found["matches"][0]["institute"] == "giii"


def test_forty_columns_are_enough() -> None:
    for args in (("match", "leak.txt"), ("institutes", "list"), ("alliance",), ("institutes", "show", "alpha")):
        lines = done(small(*args, columns=40)).splitlines()
        assert all(cell_len(line) <= 40 or "https://" in line for line in lines), args


# --- what match refuses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "parts"),
    [
        ("empty.txt", b"", ("empty.txt: empty; write the problem's title",)),
        ("blank.txt", b" \n\n", ("blank.txt: empty; write",)),
        ("binary.txt", bytes(range(256)) * 8, ("binary.txt: this is a binary file", "; save it as plain text")),
        ("a.pdf", b"%PDF-1.7\n", ("a.pdf: the file is damaged or incomplete; request the file again",)),
        ("slip.yaml", b"titel: x\n", ("slip.yaml: unknown field 'titel' (did you mean 'title'?)",)),
        ("wrong.yaml", b"title: [x\n", ("wrong.yaml, line 2, column 1: not valid YAML", "; put texts")),
        ("wrong.json", b'{"title": }', ("wrong.json, line 1, column 11: not valid JSON", "; check commas")),
        ("day.yaml", b"title: x\ndeadline: soon\n", ("day.yaml, deadline: expected a date, found 'soon'; write it",)),
        ("odd.txt", b"\x81\xff\x8d\xfe\x90\xfd" * 9, ("odd.txt: its encoding cannot be told", "; save it as UTF-8")),
        ("says-nothing.yaml", b"id: x\n", ("title and description are empty; give at least one",)),
        (
            "limit.yaml",
            b"title: x\nexclude: [nobody]\n",
            ("'limit', exclude: no institute is named 'nobody'", "alpha"),
        ),
        ("many.csv", b"title\nx\n", ("many.csv: a .csv file holds many problems", "; use: matchmaker batch")),
    ],
)
def test_a_wrong_problem(name: str, data: bytes, parts: Sequence[str]) -> None:
    Path(name).write_bytes(data)
    before = files()
    refused(small("match", name, "-o", "out.json"), *parts)
    assert files() == before
    assert Path(name).read_bytes() == data


def test_all_faults_of_a_problem_at_once() -> None:
    Path("two.yaml").write_text("titel: x\ntitle: x\ndeadline: soon\n", "utf-8")
    refused(small("match", "two.yaml"), "unknown field 'titel'", "expected a date", n_faults=2)


def test_a_missing_file_a_folder_and_nothing() -> None:
    refused(small("match", "lek.txt"), "lek.txt: no such file", "(did you mean 'leak.txt'?)")
    refused(small("match", "."), ".: this is a folder, not a file; name one file in it")
    refused(small("match", "-"), "stdin: empty; ")
    refused(small("match", "--text", " "), "--text: empty; ")
    refused(small("match", "--text", "a\udcff"), "--text, title: has a broken character (\\udcff); retype")


@pytest.mark.parametrize(
    ("output", "parts"),
    [
        ("nowhere/out.json", ("nowhere/out.json: cannot be written (no such file or directory); make its folder",)),
        ("out.doc", ("out.doc: unknown file ending '.doc'; use one of .json .jsonl .csv .md",)),
        ("out", ("out: no file ending, so the format is unknown; use one of",)),
        ("folder.json", ("folder.json: cannot be written (is a folder); give the name of a file",)),
    ],
)
@pytest.mark.parametrize(
    "command", [("match", "leak.txt"), ("batch", "table.csv"), ("problems", "good.csv", "--for=alpha")]
)
def test_a_wrong_output(command: Sequence[str], output: str, parts: Sequence[str]) -> None:
    Path("folder.json").mkdir()
    before = files()
    refused(small(*command, "-q", "-o", output), *parts)
    assert files() == before


def test_a_table_cannot_go_into_a_file() -> None:
    refused(small("match", "leak.txt", "--format", "table", "-o", "out.md"), "out.md: a table is for the terminal; use")
    assert not Path("out.md").exists()


@pytest.mark.parametrize(
    ("command", "precious"),
    [
        (("match", "leak.json", "-o", "leak.json"), "leak.json"),
        (("batch", "good.csv", "-o", "good.csv"), "good.csv"),
        (("batch", "out.csv.rejects.csv", "-o", "out.csv"), "out.csv.rejects.csv"),
        (("problems", "good.csv", "--for", "alpha", "-o", "./good.csv"), "good.csv"),
        (("match", "leak.txt", "--format", "json", "-o", "small.yaml"), "small.yaml"),
    ],
)
def test_the_input_is_never_written_over(command: Sequence[str], precious: str) -> None:
    Path("leak.json").write_bytes(as_json())
    Path("out.csv.rejects.csv").write_bytes(Path("good.csv").read_bytes())
    before, content = files(), Path(precious).read_bytes()
    refused(small(*command), precious, "would be written over the input; give --output another name")
    assert files() == before
    assert Path(precious).read_bytes() == content


def test_an_existing_output_survives_a_run_that_fails() -> None:
    Path("out.json").write_text("precious", "utf-8")
    refused(small("match", "lek.txt", "-o", "out.json"), "no such file")
    refused(small("problems", "good.csv", "--for", "nobody", "-o", "out.json"), "nobody")
    assert Path("out.json").read_text("utf-8") == "precious"


# --- profiles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "parts"),
    [
        ("empty.yaml", "", ("empty.yaml: is empty; copy an institute",)),
        (
            "slip.yaml",
            "institutes:\n- {id: a, name: A, capabilites: []}\n",
            ("slip.yaml, institutes[0]: ", "capabilities"),
        ),
        ("wrong.yaml", "institutes: [\n", ("wrong.yaml, line 2, column 1: is not valid YAML", "; check the indents")),
        ("none.yaml", "institutes: []\n", ("none.yaml: contains no institutes; add one under 'institutes:'",)),
        ("lines.jsonl", "{\n", ("lines.jsonl, line 1: is not valid JSON", "; write one institute a line")),
    ],
)
@pytest.mark.parametrize("command", [("institutes", "validate"), ("match", "leak.txt"), ("batch", "good.csv")])
def test_wrong_profiles(command: Sequence[str], name: str, text: str, parts: Sequence[str]) -> None:
    Path(name).write_text(text, "utf-8")
    result = run(*command, "--institutes", name)
    refused(result, *parts, n_faults=result.stderr.count("error: "))


def test_a_duplicate_id_is_told_with_both_places() -> None:
    one = "institutes:\n- {id: a, name: {en: A}, capabilities: [{id: a-1, name: {en: Leaks}}]}\n"
    Path("folder").mkdir()
    Path("folder/1.yaml").write_text(one, "utf-8")
    Path("folder/2.yaml").write_text(one, "utf-8")
    remedy = "give each institute an id of its own"
    expected = f"2.yaml, institutes[0]: duplicate id 'a', first used at 1.yaml, institutes[0]; {remedy}"
    refused(run("institutes", "validate", "--institutes", "folder"), expected)


def test_missing_profiles() -> None:
    refused(run("institutes", "list", "--institutes", "smal.yaml"), "smal.yaml: no such file or folder (did you mean")
    Path("hollow").mkdir()
    refused(run("institutes", "list", "--institutes", "hollow"), "hollow: holds no .yaml, .yml or .jsonl file")


# --- institutes and alliance ------------------------------------------------------------------------------------------


def test_institutes_list() -> None:
    text = done(small("institutes", "list", "--lang", "zh"))
    assert "甲工业智能研究院" in text
    assert "共 3 家机构" in text
    assert "3 institutes" in done(small("institutes", "list", "--lang", "en"))
    found = json.loads(done(small("institutes", "list", "--format", "json")))
    assert [(row["id"], row["own"], row["via_parent"]) for row in found] == [
        ("alpha", 1, 0),
        ("beta", 1, 1),
        ("centre", 1, 0),
    ]
    lines = done(small("institutes", "list", "--format", "jsonl")).splitlines()
    assert [json.loads(line) for line in lines] == found


def test_the_shipped_institutes() -> None:
    five = [row["id"] for row in json.loads(done(run("institutes", "list", "--format", "json")))]
    more = [row["id"] for row in json.loads(done(run("institutes", "list", "--format", "json", "--institutes", "gba")))]
    both = [row["id"] for row in json.loads(done(run("institutes", "list", "--format", "json", "--institutes", "all")))]
    assert five == ["fytri", "giii", "giius", "gzis", "scttc"]
    assert both == sorted([*five, *more])


@pytest.mark.parametrize("name", ["alpha", "ALPHA", "AIII", "甲工业智能研究院"])
def test_institutes_show_by_id_name_or_alias(name: str) -> None:
    text = done(small("institutes", "show", name, "--lang", "en"))
    assert "Leak detection in water networks" in text
    assert "https://example.org/water/2024" in text
    found = json.loads(done(small("institutes", "show", name, "--format", "json")))
    assert found["id"] == "alpha"
    assert list(found["sources_cited"]) == ["NEWS"]


def test_an_institute_nobody_knows() -> None:
    refused(small("institutes", "show", "alhpa"), "no institute is named 'alhpa' (did you mean 'alpha'?); known: alpha")
    refused(small("problems", "good.csv", "--for", "alhpa"), "no institute is named 'alhpa' (did you mean 'alpha'?)")


def test_institutes_validate() -> None:
    result = small("institutes", "validate")
    assert done(result, stderr=None) == "valid: 3 institutes, 4 capabilities\n"
    assert "hint: beta, beta-data: no evidence; a match cannot be backed\n" in result.stderr
    assert all(line.startswith("hint: ") for line in result.stderr.splitlines())
    assert done(small("institutes", "validate", "--quiet")) == ""


def test_institutes_search() -> None:
    assert "漏损检测" in done(small("institutes", "search", "管网漏水"))
    found = json.loads(done(small("institutes", "search", "leak detection", "--format", "json", "--top", "1")))
    assert [(hit["institute"], hit["capability"]) for hit in found] == [("alpha", "alpha-water")]
    assert json.loads(done(small("institutes", "search", "zzzz", "--format", "json"))) == []
    assert json.loads(done(small("institutes", "search", "", "--format", "json"))) == []
    assert "0 capabilities" in done(small("institutes", "search", "zzzz"))


def test_alliance() -> None:
    chinese, english = done(small("alliance", "--lang", "zh")), done(small("alliance"))
    assert "1,172 项" in chinese
    assert "36 亿元" in chinese
    assert "1,172 problems" in english
    found = json.loads(done(small("alliance", "--format", "json")))
    assert {figure["key"]: figure["value"] for figure in found["figures"]}["problems_solved"] == 1172
    assert set(found["sources"]) == {"NEWS", "COPY"}
    shipped = json.loads(done(run("alliance", "--format", "json")))
    used = {shipped["source"], *(figure["source"] for figure in shipped["figures"] if figure["source"])}
    assert set(shipped["sources"]) == used
    refused(run("alliance", "--institutes", "gba"), "gba: holds no alliance: block; leave --institutes out")


# --- batch ------------------------------------------------------------------------------------------------------------


def counts(result: Result) -> list[int]:
    (found,) = SUMMARY.findall(result.stderr)
    return [int(n) for n in found]


def test_a_batch_with_rejects() -> None:
    result = small("batch", "table.csv", "-o", "out.jsonl", "--lang", "en")
    assert (result.exit_code, result.stdout) == (3, "")
    ids = [json.loads(line)["problem"]["id"] for line in Path("out.jsonl").read_text("utf-8").splitlines()]
    assert ids == ["P-1", "P-3", "P-5"]
    assert rows_of(Path("out.jsonl.rejects.csv").read_text("utf-8-sig")) == [
        {
            "line": "3",
            "fault": "table.csv, line 3: title and description are empty; give at least one of them",
            **dict.fromkeys(("title", "description", "exclude"), ""),
            "id": "P-2",
        },
        {
            "line": "5",
            "fault": "table.csv, line 5: no institute is named 'nobody'; known: alpha, beta, centre",
            "id": "P-4",
            "title": "奶茶广告",
            "description": "",
            "exclude": "nobody",
        },
    ]
    first = "table.csv: utf-8; id <- id, title <- title, description <- description, exclude <- exclude\n"
    assert result.stderr.startswith(first)
    assert "rejected: table.csv, line 3: title and description are empty" in result.stderr
    assert "rejected: table.csv, line 5: no institute is named 'nobody'" in result.stderr
    assert "the rejected rows are in out.jsonl.rejects.csv\n" in result.stderr
    n_read, n_matched, n_none, n_rejected = counts(result)
    assert (n_read, n_rejected, n_matched + n_none) == (5, 2, 3)


def test_quiet_still_names_what_is_rejected() -> None:
    result = small("batch", "table.csv", "-o", "out.csv", "-q")
    assert result.exit_code == 3
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == ["rejected", "rejected"]
    assert done(small("batch", "good.csv", "-o", "out.csv", "-q")) == ""


def test_rejects_of_an_earlier_run_do_not_stay() -> None:
    small("batch", "table.csv", "-o", "out.csv")
    assert "out.csv.rejects.csv" in files()
    assert counts(small("batch", "good.csv", "-o", "out.csv", "--lang", "en"))[3] == 0
    assert "out.csv.rejects.csv" not in files()


@pytest.mark.parametrize("format", ["csv", "jsonl", "json", "md"])
def test_a_batch_in_every_format_to_a_file_and_to_stdout(format: str) -> None:
    assert done(small("batch", "good.csv", "-o", f"out.{format}"), stderr=None) == ""
    piped = small("batch", "good.csv", "--format", format)
    assert piped.exit_code == 0
    assert piped.stdout_bytes == Path(f"out.{format}").read_bytes()
    text = piped.stdout
    ids: dict[str, Callable[[], list[str]]] = {
        "csv": lambda: list(dict.fromkeys(row["problem_id"] for row in rows_of(text))),
        "jsonl": lambda: [json.loads(line)["problem"]["id"] for line in text.splitlines()],
        "json": lambda: [found["problem"]["id"] for found in json.loads(text)],
        "md": lambda: re.findall(r"^# (P-\d)", text, re.M),
    }
    assert ids[format]() == ["P-1", "P-3", "P-5"]


def test_a_batch_is_csv_on_stdout_unless_said_otherwise() -> None:
    assert small("batch", "good.csv").stdout_bytes == small("batch", "good.csv", "--format", "csv").stdout_bytes
    table = done(small("batch", "good.csv", "--format", "table"), stderr=None)
    assert table.index("P-1") < table.index("P-3") < table.index("P-5")


def test_top_and_language_of_a_batch() -> None:
    rows = rows_of(small("batch", "good.csv", "--top", "1", "--lang", "en").stdout)
    assert [row["rank"] for row in rows] == ["1", "1", "1"]
    assert rows[0]["institute_name"] == "Alpha Institute of Industrial Intelligence"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_encodings_are_detected_or_given(encoding: str) -> None:
    expected = small("batch", "good.csv").stdout_bytes
    text = Path("good.csv").read_text("utf-8")
    Path("good.csv").write_bytes(text.encode(encoding))
    detected, given = small("batch", "good.csv"), small("batch", "good.csv", "--encoding", encoding)
    assert detected.exit_code == given.exit_code == 0
    assert detected.stdout_bytes == given.stdout_bytes == expected
    assert detected.stderr.startswith(f"good.csv: {encoding}; ")


def test_columns_may_be_named() -> None:
    Path("odd.csv").write_text(f"Sache,title\n{LEAK},nothing\n", "utf-8")
    result = small("batch", "odd.csv", "--column", "title=Sache", "--format", "jsonl")
    assert json.loads(done(result, stderr=None))["problem"]["title"] == LEAK
    assert "odd.csv: utf-8; title <- Sache\nnot used: title\n" in result.stderr


def test_a_line_of_json_each() -> None:
    Path("rows.jsonl").write_bytes(as_json() + b'\n{"id": "x"}\n')
    result = small("batch", "rows.jsonl", "--format", "jsonl")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["problem"]["id"] == "leak"
    assert "rejected: rows.jsonl, line 2: title and description are empty" in result.stderr


@pytest.mark.parametrize(
    ("name", "data", "parts"),
    [
        ("empty.csv", b"", ("empty.csv: ", "; a table has a row of headings")),
        ("useless.csv", b"a,b\n1,2\n", ("useless.csv: no column is recognised as title or description", "--column")),
        ("binary.csv", bytes(range(256)) * 8, ("binary.csv: this is a binary file", "; save it as")),
        ("odd.csv", b"title\n" + b"\x81\xff\x8d\xfe\x90\xfd" * 9, ("odd.csv: its encoding cannot be told", "UTF-8")),
        ("book.xlsx", b"PK\x03\x04", ("book.xlsx: the file is damaged or incomplete",)),
        ("one.yaml", b"title: x\n", ("one.yaml: a .yaml file holds one problem", "use: matchmaker match one.yaml")),
    ],
)
@pytest.mark.parametrize("command", [("batch",), ("problems", "--for", "alpha")])
def test_a_wrong_table(command: Sequence[str], name: str, data: bytes, parts: Sequence[str]) -> None:
    Path(name).write_bytes(data)
    before = files()
    refused(small(*command, name, "-o", "out.csv"), *parts)
    assert files() == before


def test_a_missing_table_an_empty_folder_and_wrong_flags() -> None:
    Path("nothing").mkdir()
    refused(small("batch", "tabel.csv"), "tabel.csv: no such file", "(did you mean 'table.csv'?)")
    refused(small("batch", "nothing"), "nothing: there is no file in this folder; name another folder, or a file")
    refused(small("batch", "good.csv", "--encoding", "klingon"), "unknown encoding 'klingon'; use utf-8")
    refused(small("batch", "good.csv", "--column", "titel=title"), "--column: no such field: 'titel'", "did you mean")
    refused(small("batch", "good.csv", "--column", "title=Sache"), "good.csv: no heading 'Sache'", "title, description")


def test_many_warnings_and_rejects_are_cut_short_and_counted() -> None:
    rows = "".join(f"P,{LEAK},一大笔\n" for _ in range(30)) + "P,,\n" * 30 + ",,\n"
    Path("many.csv").write_text(f"id,title,budget\n{rows}", "utf-8")
    result = small("batch", "many.csv", "-o", "out.csv", "--lang", "en")
    lines = result.stderr.splitlines()
    assert sum(line.startswith("warning: many.csv") for line in lines) == 20
    assert "warning: 39 more like these" in lines
    assert sum(line.startswith("rejected: many.csv") for line in lines) == 20
    assert "rejected: 10 more rows" in lines
    assert "note: 1 blank row passed over" in lines
    assert counts(result)[0] == 60
    assert len(rows_of(Path("out.csv.rejects.csv").read_text("utf-8-sig"))) == 30


# --- problems ---------------------------------------------------------------------------------------------------------


def test_problems_for_an_institute() -> None:
    result = small("problems", "good.csv", "--for", "甲工业智能研究院", "--format", "jsonl", "-q")
    found = [json.loads(line) for line in done(result).splitlines()]
    assert found[0]["problem"]["id"] == "P-1"
    assert [one["matches"][0]["rank"] for one in found] == [1, 2, 3]
    assert {match["institute"] for one in found for match in one["matches"]} == {"alpha"}
    scores = [one["matches"][0]["score"] for one in found]
    assert scores == sorted(scores, reverse=True)
    best = done(small("problems", "good.csv", "--for", "alpha", "--top", "1", "--format", "jsonl", "-q"))
    assert best.splitlines() == result.stdout.splitlines()[:1]
    assert done(small("problems", "good.csv", "--for", "alpha", "-o", "out.jsonl", "-q")) == ""
    assert Path("out.jsonl").read_text("utf-8") == result.stdout


def test_problems_leaves_out_what_limits_rule_out_and_names_rejects() -> None:
    Path("limits.csv").write_text(f"id,title,exclude\nA,{LEAK},alpha\nB,{LEAK},\nC,{LEAK},nobody\n", "utf-8")
    result = small("problems", "limits.csv", "--for", "alpha", "--lang", "en")
    assert result.exit_code == 3
    assert result.stdout.startswith("1 problem for Alpha Institute of Industrial Intelligence\n")
    assert "rejected: limits.csv, line 4: no institute is named 'nobody'; known: alpha, beta, centre" in result.stderr
    assert not [name for name in files() if "rejects" in name]


# --- the same bytes ---------------------------------------------------------------------------------------------------


def test_a_batch_equals_single_matches_bit_for_bit() -> None:
    singly = b""
    with Path("rows.jsonl").open("w", encoding="utf-8") as table:
        for path in sorted(PROBLEMS.glob("0[1-8]-*")):
            given = load_problem(path).model_dump(mode="json", exclude_defaults=True)
            single = Path(f"{given['id']}.json")
            single.write_text(json.dumps(given), "utf-8")
            table.write(json.dumps(given) + "\n")
            singly += run("match", str(single), "--format", "jsonl").stdout_bytes
    result = run("batch", "rows.jsonl", "--format", "jsonl", "-q")
    assert done(result)
    assert result.stdout_bytes == singly


def test_the_same_input_gives_the_same_bytes_in_every_process() -> None:
    args = ("batch", "good.csv", "--format", "json", "--institutes", "small.yaml", "-q")
    first, second = (shell(*args, env={"PYTHONHASHSEED": seed, "LANG": "C"}) for seed in "12")
    assert (first.returncode, first.stderr) == (0, b"")
    assert first.stdout == second.stdout != b""


# --- a process of its own ---------------------------------------------------------------------------------------------


def test_a_process_says_what_the_runner_says() -> None:
    found = shell("match", "leak.txt", "--institutes", "small.yaml", "--format", "md")
    assert (found.returncode, found.stderr) == (0, b"")
    assert found.stdout == small("match", "leak.txt", "--format", "md").stdout_bytes
    refusal = shell("match", "lek.txt")
    assert (refusal.returncode, refusal.stdout) == (3, b"")
    assert refusal.stderr.decode().startswith("error: lek.txt: no such file (did you mean 'leak.txt'?)")
    assert shell("match", "--nope").returncode == 2
    assert shell("match", "-", "--institutes", "small.yaml", stdin=LEAK.encode()).returncode == 0


def test_no_colour_no_counter_and_eighty_columns_without_a_terminal() -> None:
    found = shell("batch", "good.csv", "--institutes", "small.yaml", "--format", "table")
    assert found.returncode == 0
    assert b"\x1b" not in found.stdout + found.stderr
    assert b"\r" not in found.stdout + found.stderr
    assert all(cell_len(line) <= 80 or "https://" in line for line in found.stdout.decode().splitlines())


@NEEDS_UNIX
@pytest.mark.parametrize(
    "env",
    [
        {"LANG": "C", "COLUMNS": "40"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "gbk"},
    ],
)
def test_any_locale_will_do(env: dict[str, str]) -> None:
    flags = ("--institutes", "small.yaml")
    table = shell("match", "leak.txt", *flags, env=env)
    assert (table.returncode, table.stderr) == (0, b"")
    assert table.stdout
    data = shell("match", "leak.txt", *flags, "--format", "json", env=env)
    assert data.stdout == small("match", "leak.txt", "--format", "json").stdout_bytes
    assert shell("match", "--help", env=env).returncode == 0


@NEEDS_UNIX
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "args",
    [("batch", "good.csv", "--format", "json"), ("batch", "table.csv"), ("match", "leak.txt"), ("institutes", "list")],
)
def test_a_reader_that_has_had_enough_is_no_error(args: Sequence[str], unbuffered: str) -> None:
    env = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-W", "error", "-m", "matchmaker", *args, "--institutes", "small.yaml"]
    with os.fdopen(writing, "wb") as pipe:
        found = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, env=env, check=False)
    assert found.returncode in {0, -signal.SIGPIPE}
    assert b"Traceback" not in found.stderr
    assert b"BrokenPipe" not in found.stderr


@NEEDS_UNIX
def test_head_gets_its_line() -> None:
    program = f"{shlex.quote(sys.executable)} -W error -m matchmaker"
    found = subprocess.run(
        ["sh", "-c", f"{program} batch good.csv --institutes small.yaml -q | head -1"], capture_output=True, check=True
    )
    assert found.stdout.startswith(b"\xef\xbb\xbfproblem_id,")
    assert found.stdout.count(b"\n") == 1
    assert found.stderr == b""


@NEEDS_UNIX
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("format", ["table", "json", "csv"])
def test_a_full_disk_is_told(format: str) -> None:
    command = [
        sys.executable,
        "-m",
        "matchmaker",
        "match",
        "leak.txt",
        "--institutes",
        "small.yaml",
        "--format",
        format,
    ]
    with Path("/dev/full").open("wb") as full:
        found = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert found.returncode == 3
    assert found.stderr.startswith("error: standard output: cannot be written (no space left on device); free")
    assert found.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize(
    ("given", "code"),
    [
        *(("--help >/dev/full", 3), ("--version >/dev/full", 3), ("match --help >/dev/full", 3)),
        *(("--help 2>/dev/full", 0), ("match nofile 2>/dev/full", 3), ("match --top 0 2>/dev/full", 2)),
        *(("--help >/dev/full 2>&1", 3), ("match nofile >/dev/full 2>&1", 3), ("cases 2>/dev/full", 2)),
    ],
)
def test_what_cannot_be_told_changes_no_exit_code(given: str, code: int) -> None:
    program = f"{shlex.quote(sys.executable)} -W error -m matchmaker"
    found = subprocess.run(["sh", "-c", f"{program} {given}"], capture_output=True, text=True, check=False)
    assert found.returncode == code, found.stderr
    assert "Traceback" not in found.stderr


@NEEDS_UNIX
@pytest.mark.parametrize(
    ("closing", "code", "said"),
    [
        ("match - <&-", 3, "error: stdin: empty; write the problem's title on the first line, then its description\n"),
        ("match leak.txt >&-", 0, ""),
        ("match leak.txt --format csv >&-", 0, ""),
        ("match lek.txt 2>&-", 3, ""),
    ],
)
def test_closed_streams(closing: str, code: int, said: str) -> None:
    program = f"{shlex.quote(sys.executable)} -W error -m matchmaker"
    found = subprocess.run(
        ["sh", "-c", f"{program} {closing} --institutes small.yaml"], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout, found.stderr) == (code, "", said)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no such file elsewhere")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("match - </dev/zero", "stdin: larger than 10 MB"),
        ("explain - alpha </dev/zero", "stdin: larger than 10 MB"),
        (
            "judge leak.txt --ledger new.db </dev/zero",
            "stdin: a line of more than 1,000 characters; answer with a grade",
        ),
        ("evaluate --problems good.csv --qrels /dev/zero", "/dev/zero, line 1: a line of more than 100,000 bytes"),
        ("cases add endless.yaml --ledger new.db", "endless.yaml: larger than 10 MB"),
        ("match /proc/self/mem", "/proc/self/mem: cannot be read (input/output error); check the path and the disk"),
        ("batch /proc/self/mem", "/proc/self/mem: cannot be read (input/output error); check the path and the disk"),
    ],
)
def test_what_has_no_end_or_cannot_be_read_is_refused(given: str, said: str) -> None:
    Path("endless.yaml").symlink_to("/dev/zero")
    program = f"ulimit -v 3000000; {shlex.quote(sys.executable)} -W error -m matchmaker"
    command = ["sh", "-c", f"{program} {given} --institutes small.yaml --lang en"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 3, found.stderr
    assert f"error: {said}" in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize(
    ("given", "english", "chinese"),
    [
        ("match --top 0", "Invalid value for '--top': give 1 or more", "'--top' 的值有误：请填写不小于 1 的数"),
        ("match --top x", "Invalid value for '--top': give a whole number", "'--top' 的值有误：请填写整数"),
        ("stats --year 2101", "Invalid value for '--year': give 2100 or less", "请填写不大于 2100 的数"),
        ("match", "Invalid value: give a FILE, - for stdin, or --text", "用法有误：请给出 FILE、-（标准输入）或"),
        ("match a b", "Got unexpected extra argument", "多出了参数（b）"),
        ("match --nope", "No such option: --nope", "没有选项 --nope"),
        ("match --format x", "Invalid value for '--format': 'x' is not one of 'table', ", "'x' 不在可选值之内，可选："),
        ("batch", "Missing argument 'FILE|FOLDER'.", "缺少参数 'FILE|FOLDER'"),
        ("batch good.csv --resume", "Invalid value: --resume needs -o FILE", "用法有误：--resume 需要 -o FILE"),
        ("batch good.csv --column foo", "'foo' is not FIELD=HEADING", "“foo”应写成“字段=表头”"),
        ("calibrate --problems x --qrels y", "Missing option '--output'", "缺少选项 '--output'"),
    ],
)
def test_misuse_is_told_in_the_language_asked_for(given: str, english: str, chinese: str) -> None:
    misused(run(*given.split(), "--lang", "en"), english)
    command, *others = given.split()
    for lang in (["--lang", "zh"], ["--lang=zh"]):
        result = run(command, *lang, *others)
        assert result.exit_code == 2
        usage, *_, last = result.stderr.splitlines()
        assert usage.startswith(f"用法：matchmaker {command} ")
        assert last.startswith("错误：")
        assert chinese in last


def test_a_command_that_is_none_is_told_in_the_language_of_the_system() -> None:
    misused(run("nope"), "No such command 'nope'.")
    found = shell("cases", "nope", env={"LC_ALL": "zh_CN.UTF-8", "PYTHONUTF8": "1"})
    assert found.returncode == 2
    assert found.stderr.decode().splitlines()[-1] == "错误：没有命令 'nope'"
    misused(run("mach"), "No such command 'mach' (Possible commands: 'match'")
    found = shell("mach", env={"LC_ALL": "zh_CN.UTF-8", "PYTHONUTF8": "1"})
    assert found.stderr.decode().splitlines()[-1].startswith("错误：没有命令 'mach'（您是否指 'match'")


TOO_LONG = "n" * 300


@pytest.mark.parametrize("name", [TOO_LONG, f"{TOO_LONG}/x"])
@pytest.mark.parametrize(
    "given",
    [
        *("batch {}", "report {}.csv", "problems {} --for alpha", "match leak.txt --institutes {}"),
        *("batch good.csv -o {}.csv", "batch good.csv --format jsonl -o {}/", "match leak.txt -o {}.json"),
        *("match leak.txt --ledger {}", "ledger info --ledger {}", "cases import good.csv --ledger {}"),
    ],
)
def test_a_name_that_is_too_long_is_refused(given: str, name: str) -> None:
    result = run(*given.format(name).split(), "--lang", "en")
    assert result.exit_code == 3, result.output
    assert result.stderr.splitlines()[-1].startswith("error: ")


def test_places_with_names_that_are_too_long_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(Path(TOO_LONG).absolute()))
    done(small("match", "leak.txt"))
    monkeypatch.setenv("MATCHMAKER_LEDGER", TOO_LONG)
    done(small("match", "leak.txt"))


@NEEDS_UNIX
def test_output_through_a_loop_of_links_is_refused() -> None:
    Path("in").mkdir()
    Path("in", "good.csv").write_bytes(Path("good.csv").read_bytes())
    Path("loop.csv").symlink_to("loop.csv")
    result = small("batch", "in", "-o", "loop.csv")
    assert result.exit_code == 3
    assert "error: loop.csv: cannot be written (" in result.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems take no such name")
def test_profiles_whose_name_is_not_utf8_are_read() -> None:
    odd = os.fsdecode(b"\xff.yaml")
    Path(odd).write_bytes(Path("small.yaml").read_bytes())
    done(run("match", "leak.txt", "--institutes", odd))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems take no such name")
def test_a_file_whose_name_is_no_text_is_read() -> None:
    name = os.fsdecode(b"\xff\x1b[31m")
    Path("odd").mkdir()
    Path("odd", f"{name}.txt").write_text(LEAK, "utf-8")
    Path("odd", f"{name}.csv").write_bytes(b"title\nleak\n")
    (found,) = json.loads(f"[{done(small('match', f'odd/{name}.txt', '--format', 'json'))}]")
    assert found["problem"]["id"] == "\\udcff [31m"
    done(small("batch", "odd", "-o", "out.jsonl", "-q"))
    ids = [json.loads(line)["problem"]["id"] for line in Path("out.jsonl").read_text("utf-8").splitlines()]
    assert ids == ["\\udcff [31m-row-2", "\\udcff [31m"]


def test_an_answer_that_is_no_text_is_no_grade() -> None:
    found = shell(*("judge", "leak.txt", "--institutes", "small.yaml", "--ledger", "new.db"), stdin=b"\xff\n2\nq\n")
    assert found.returncode == 0, found.stderr
    assert b"kept 1 judgements" in found.stderr


@NEEDS_UNIX
def test_a_device_as_output_gets_no_rejects_beside_it() -> None:
    link = Path("null.csv")
    link.symlink_to("/dev/null")
    result = small("batch", "table.csv", "-o", "null.csv", "-q")
    assert result.exit_code == 3
    assert link.is_symlink()
    assert not [name for name in files() if "rejects" in name]


def on_a_terminal(command: Sequence[str], folder: Path, *, stdout: int | None = None) -> bytes:
    """What a command writes to a terminal; read while it runs, as a terminal takes only so much unread."""
    pty = pytest.importorskip("pty")
    master, slave = pty.openpty()
    data, environment = b"", {**os.environ, "TERM": "xterm"}
    out = slave if stdout is None else stdout
    with subprocess.Popen(command, stdout=out, stderr=slave, stdin=slave, cwd=folder, env=environment):
        os.close(slave)
        with suppress(OSError):  # as Linux says that nobody writes any more
            while piece := os.read(master, 65536):
                data += piece
    os.close(master)
    return data


@NEEDS_UNIX
def test_a_counter_on_a_terminal_only_and_gone_at_the_end() -> None:
    command = [sys.executable, "-m", "matchmaker", "batch", "good.csv", "-o", "out.csv", "--institutes", "small.yaml"]
    with Path("stdout").open("wb") as stdout:
        shown = on_a_terminal(command, Path.cwd(), stdout=stdout.fileno()).decode()
    assert Path("stdout").read_bytes() == b""
    assert Path("out.csv").exists()
    assert "\x1b[2K" in shown
    assert "First places" in shown
