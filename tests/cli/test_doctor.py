"""What doctor says where all is well and where it is not, and what is told of a bug: never a word of a problem."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import matchmaker
from matchmaker import log
from matchmaker.cli import app, bugs
from matchmaker.cli.doctor import NAMES
from matchmaker.distribution import DISTRIBUTION
from matchmaker.domain import Case, Problem
from matchmaker.ledger.store import open_ledger
from matchmaker.runs import support

ROOT = Path(__file__).parents[2]
PACKAGE = Path(matchmaker.__file__).parent
MARKED = "机密MARKER供水管网漏水"
UNIX = pytest.mark.skipif(os.name == "nt", reason="owners, modes and users of Unix")
DATA_FILES = {
    "background.npz",
    "e5_delta.npz",
    "encoder/grams.npy",
    "encoder/vectors.npy",
    "encoder/weights.npy",
    "encoder/words.txt",
    "institutes.yaml",
    "institutes_gba.yaml",
    *(f"samples/{name}.npy" for name in ("covered", "digests", "metric-e5", "prototypes-e5", "words")),
    "samples/distilled.npz",
    *(f"sample_needs/{path.name}" for path in (ROOT / "data" / "sample_needs").glob("*.yaml")),
}


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))


def run(*args: str) -> Result:
    result = CliRunner().invoke(app, args, prog_name="matchmaker", env={"COLUMNS": "100"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def doctor(*args: str, exit_code: int = 0) -> dict[str, Any]:
    result = run("doctor", "--format", "json", *args)
    assert (result.exit_code, result.stderr) == (exit_code, "")
    found: dict[str, Any] = json.loads(result.stdout)
    assert bool(found["errors"]) == (exit_code == 4)
    return found


def process(
    *command: str, env: Mapping[str, str] | None = None, without: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in without} | dict(env or {})
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False)


# --- all is well ------------------------------------------------------------------------------------------------------


def test_the_list_of_sums_is_that_of_the_data_files() -> None:
    """Written anew by: make golden."""
    sums = {name: support.sum_of(support.data_file(name)) for name in sorted(DATA_FILES)}
    text = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
    manifest = PACKAGE / "data" / "SHA256SUMS"
    if os.environ.get("MATCHMAKER_GOLDEN") == "1":
        manifest.write_text(text, encoding="utf-8", newline="")
    assert support.shipped_sums() == sums, "a data file has changed; if that is meant: make golden"
    held = {path.relative_to(PACKAGE / "data").as_posix() for path in (PACKAGE / "data").rglob("*") if path.is_file()}
    held |= {path.name for path in (ROOT / "data").glob("*.yaml")}
    held |= {f"sample_needs/{path.name}" for path in (ROOT / "data" / "sample_needs").glob("*.yaml")}
    assert held - {"SHA256SUMS"} == DATA_FILES


def test_where_all_is_well(tmp_path: Path) -> None:
    run("match", "--text", MARKED)  # fills the cache
    found = doctor()
    assert found["notes"] == []
    assert found["program"]["matchmaker"] == metadata.version(DISTRIBUTION)
    assert found["dependencies"]["numpy"] == metadata.version("numpy")
    assert found["dependencies"].keys() >= {"lxml", "pydantic", "pyyaml", "sqlalchemy", "typer"}
    assert "pyarrow" not in found["dependencies"]
    assert found["extras"]["dask"] == {"distributed": metadata.version("distributed")}
    assert found["extras"].keys() == {"dask", "evaluate", "frame", "parquet", "postgresql"}
    assert {name: facts["state"] for name, facts in found["data"].items()} == dict.fromkeys(DATA_FILES, "as_shipped")
    assert (found["cache"]["state"], found["cache"]["entries"]) == ("used", len(list((tmp_path / "cache").glob("*/*"))))
    assert found["ledger"] | {"place": ""} == {"named_by": "default", "place": "", "state": "not_there"}
    shown = json.loads(run("match", "--text", support._PROBLEM, "--format", "json").stdout)
    assert found["fingerprints"]["settings_auto"] == shown["settings"]
    assert found["fingerprints"]["institutes"] == shown["institutes"]
    assert found["sample"]["score"] == shown["matches"][0]["score"]


def test_in_both_languages() -> None:
    english, chinese = run("doctor", "--lang", "en").stdout, run("doctor", "--lang", "zh").stdout
    assert english.startswith(f"program\n  matchmaker: {metadata.version(DISTRIBUTION)}\n")
    assert english.endswith("\nall is well\n")
    assert chinese.startswith(f"程序\n  matchmaker：{metadata.version(DISTRIBUTION)}\n")
    assert chinese.endswith("\n一切正常\n")
    assert len(english.splitlines()) == len(chinese.splitlines())


def test_every_name_can_be_translated(tmp_path: Path) -> None:
    ledger = ledger_with_a_secret(tmp_path / "ledger.db")
    names: set[str] = set()

    def collect(facts: Mapping[str, Any]) -> None:
        for name, value in facts.items():
            names.add(name)
            if isinstance(value, dict):
                collect(value)

    found = doctor("--ledger", str(ledger))
    named_by_others = {*found["dependencies"], *found["data"], *found["extras"], *support._VARIABLES, "sha256"}
    named_by_others |= {name for packages in found["extras"].values() for name in packages}
    collect(found)
    assert names - named_by_others - {"python", "matchmaker", "errors", "notes"} <= NAMES.keys()


# --- what is broken ---------------------------------------------------------------------------------------------------


@pytest.fixture
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the data files as they lie in an installed package, for doctor to look at."""
    folder = tmp_path / "data"
    shutil.copytree(PACKAGE / "data", folder)
    for path in (ROOT / "data").glob("*.yaml"):
        shutil.copy(path, folder)
    shutil.copytree(ROOT / "data" / "sample_needs", folder / "sample_needs")
    monkeypatch.setattr(support, "DATA", folder)
    return folder


def test_a_data_file_that_is_missing(own_data: Path) -> None:
    (own_data / "encoder" / "weights.npy").unlink()
    found = doctor(exit_code=4)
    assert found["errors"] == ["encoder/weights.npy: is missing; install matchmaker again"]
    assert found["data"]["encoder/weights.npy"] == {"state": "missing"}


def test_a_data_file_that_is_damaged(own_data: Path) -> None:
    path = own_data / "background.npz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    found = doctor(exit_code=4)
    assert found["errors"] == ["background.npz: is not as it was shipped; install matchmaker again"]
    assert found["data"]["background.npz"]["state"] == "changed"
    assert doctor("--lang", "zh", exit_code=4)["errors"] == ["background.npz：与发布时不一致；请重新安装 matchmaker"]


def test_a_data_file_that_is_a_folder(own_data: Path) -> None:
    (own_data / "institutes_gba.yaml").unlink()
    (own_data / "institutes_gba.yaml").mkdir()
    (error,) = doctor(exit_code=4)["errors"]
    assert error.startswith("institutes_gba.yaml: cannot be read (")


def test_a_list_of_sums_that_is_missing(own_data: Path) -> None:
    (own_data / "SHA256SUMS").unlink()
    assert doctor(exit_code=4)["errors"] == ["SHA256SUMS: is missing or damaged; install matchmaker again"]


def test_a_match_that_fails_is_told_without_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ValueError(MARKED)

    monkeypatch.setattr("matchmaker.matching.matcher.Matcher.match", fails)
    found = doctor(exit_code=4)
    assert found["errors"] == ["sample: cannot be looked at (ValueError); install matchmaker again"]


def test_a_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    requires = [*(metadata.requires(DISTRIBUTION) or ()), "not-there-at-all>=2", "not-here; platform_machine == 'x'"]
    monkeypatch.setattr(metadata, "requires", lambda _: requires)
    found = doctor(exit_code=4)
    assert found["errors"] == ["not-there-at-all: is not installed; install matchmaker again"]
    assert found["dependencies"]["not-here"] is None  # not needed on every machine


def test_where_a_library_cannot_be_loaded_the_rest_is_told(tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("raise ImportError('broken')\n")
    found = process(sys.executable, "-m", "matchmaker", "doctor", env={"PYTHONPATH": str(tmp_path), "LANG": "C"})
    assert (found.returncode, found.stderr) == (4, "")
    assert "sample: cannot be looked at (ImportError)" in found.stdout
    assert "background.npz: bytes: " in found.stdout


@UNIX
def test_a_cache_that_others_can_write() -> None:
    run("match", "--text", MARKED)
    cache = Path(os.environ["XDG_CACHE_HOME"]) / "matchmaker"
    cache.chmod(0o777)
    found = doctor()  # nothing that is needed
    assert (found["cache"]["state"], found["cache"]["mode"]) == ("not_used", "0777")
    (note,) = found["notes"]
    assert note.startswith("cache: others can write there")


def test_a_cache_that_is_no_folder() -> None:
    Path(os.environ["XDG_CACHE_HOME"]).mkdir()
    (Path(os.environ["XDG_CACHE_HOME"]) / "matchmaker").write_text("")
    found = doctor()
    assert found["cache"]["state"] == "unreadable"
    assert found["notes"][0].startswith("cache: cannot be read (")


@UNIX
def test_without_a_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a user without an entry in the list of users."""
    monkeypatch.chdir(tmp_path)
    code = "import pwd, matchmaker.cli\npwd.getpwuid = pwd.getpwnam = lambda _: {}['nobody']\nmatchmaker.cli.main()"
    without = ("XDG_CACHE_HOME", "XDG_DATA_HOME", "HOME", "USER", "LOGNAME", "USERNAME")
    found = process(sys.executable, "-c", code, "doctor", without=without)
    assert (found.returncode, found.stderr) == (0, ""), found.stdout
    assert "cache: no home folder is known, so nothing is kept" in found.stdout
    assert "  place: –\n" in found.stdout
    assert list(tmp_path.iterdir()) == []
    matched = process(sys.executable, "-c", code, "match", "--text", "供水管网漏水", without=without)
    assert (matched.returncode, matched.stderr) == (0, "")
    added = process(sys.executable, "-c", code, "cases", "list", "--lang", "en", without=without)
    assert (added.returncode, added.stdout) == (3, "")
    assert added.stderr == "error: --ledger: no home folder is known; name the ledger with --ledger FILE\n"
    assert list(tmp_path.iterdir()) == []


def test_without_a_locale_and_without_streams() -> None:
    code = "import os, sys; os.close(0); os.execv(sys.executable, [sys.executable, '-m', 'matchmaker', 'doctor'])"
    found = process(sys.executable, "-c", code, env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
    assert (found.returncode, found.stderr) == (0, "")
    assert "  LC_ALL: C\n" in found.stdout


# --- the ledger -------------------------------------------------------------------------------------------------------


def ledger_with_a_secret(path: Path) -> Path:
    from matchmaker.ledger.cases import add_cases

    case = Case(problem=Problem(title=MARKED, enterprise=MARKED), institutes=("giii",), outcome="solved")
    with open_ledger(path, create=True) as ledger:
        add_cases(ledger, [case], by=MARKED)
    return path


def test_a_ledger_is_counted_and_never_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ledger_with_a_secret(tmp_path / f"{MARKED}.db")
    for args in (("--ledger", str(path)), ()):
        if not args:
            monkeypatch.setenv("MATCHMAKER_LEDGER", str(path))
        found = doctor(*args)["ledger"]
        assert (found["state"], found["cases"], found["problems"], found["engine"]) == ("ok", 1, 1, "SQLite")
        assert found["named_by"] == ("flag" if args else "environment")
        text = run("doctor", *args).output
        assert "MARKER" not in text
        assert str(tmp_path) not in text.replace(str(tmp_path / "cache"), "")


def test_the_ledger_that_nobody_names(tmp_path: Path) -> None:
    (tmp_path / "share" / "matchmaker").mkdir(parents=True)
    ledger_with_a_secret(tmp_path / "share" / "matchmaker" / "ledger.db")
    assert doctor()["ledger"]["named_by"] == "default"
    assert doctor()["ledger"]["cases"] == 1


@pytest.mark.parametrize("damage", ["start", "middle", "other", "folder"])
def test_a_ledger_that_is_broken(tmp_path: Path, damage: str) -> None:
    path = ledger_with_a_secret(tmp_path / "ledger.db")
    data = bytearray(path.read_bytes())
    if damage == "start":
        data[:16] = b"x" * 16
    elif damage == "middle":
        data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data if damage != "other" else b"PK\x03\x04" * 100)
    if damage == "folder":
        path.unlink()
        path.mkdir()
    found = doctor("--ledger", str(path), exit_code=4)
    assert found["ledger"]["state"] == "broken"
    assert found["errors"]
    assert all(error.startswith("ledger: ") and str(tmp_path) not in error for error in found["errors"])
    assert found["sample"]["first"]


def test_a_ledger_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor("--ledger", str(tmp_path / "none.db"), exit_code=4)["ledger"]["state"] == "broken"
    assert doctor("--ledger", "none")["ledger"]["state"] == "none"
    monkeypatch.setenv("MATCHMAKER_LEDGER", str(tmp_path / "none.db"))
    assert doctor()["ledger"]["state"] == "not_there"


def test_looking_at_an_older_ledger_leaves_it_as_it_is(tmp_path: Path) -> None:
    import sqlite3

    from matchmaker.ledger.schema import MIGRATIONS

    path = tmp_path / "old.db"
    with sqlite3.connect(path) as connection:
        for statement in MIGRATIONS[0]:
            connection.execute(statement)
        connection.execute("INSERT INTO meta VALUES (1, 'u', 0, '2026-01-01T00:00:00Z')")
        connection.execute("INSERT INTO schema_version VALUES (1, '2026-01-01T00:00:00Z')")
    connection.close()
    for _ in range(2):
        found = doctor("--ledger", str(path))["ledger"]
        assert (found["state"], found["version"]) == ("older", 1)


def test_no_password_of_a_server_is_shown() -> None:
    address = "postgresql+psycopg://broker:hunter2@127.0.0.1:1/clients"
    found = doctor("--ledger", address, exit_code=4)
    assert found["ledger"]["state"] == "broken"
    text = run("doctor", "--ledger", address).output
    assert not any(word in text for word in ("hunter2", "broker", "clients", "127.0.0.1"))


# --- no name of a user ------------------------------------------------------------------------------------------------


@UNIX
def test_neither_home_folder_nor_user_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home" / "alice"
    home.mkdir(parents=True)
    names = {"HOME": str(home), "USER": "alice", "LOGNAME": "alice", "USERNAME": "alice"}
    for cache, shown in ((None, "~/.cache/matchmaker"), (tmp_path / "x" / "alice" / "y", "/x/<user>/y/matchmaker")):
        env = names | ({"XDG_CACHE_HOME": str(cache)} if cache else {})
        found = process(sys.executable, "-m", "matchmaker", "doctor", env=env, without=("XDG_CACHE_HOME",))
        assert found.returncode == 0
        assert "alice" not in found.stdout
        assert shown in found.stdout


def test_names_are_whole_parts_of_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "ann")
    monkeypatch.setenv("HOME", "/home/ann")
    assert support.discreet("/home/ann/.cache") == "~/.cache"
    assert support.discreet("/home/anna/ann/annual") == "/home/anna/<user>/annual"
    assert support.discreet("/srv/\x1b]0;x\x07") == "/srv/?]0;x?"


# --- a bug ------------------------------------------------------------------------------------------------------------

FORCED = """
import sys
import matchmaker.matching.matcher
from matchmaker.domain import Problem

def broken(self, problems, **_):
    held = problems[0].title
    try:
        Problem(title=[held], id=7)
    except Exception as error:
        raise KeyError(held) from error

matchmaker.matching.matcher.Matcher.match = broken
from matchmaker.cli import main
main()
"""


def with_a_bug(*args: str, code: str = FORCED, **env: str) -> subprocess.CompletedProcess[str]:
    return process(sys.executable, "-c", code, *args, env={"LC_ALL": "C.UTF-8", **env})


def test_a_bug_is_told_without_a_word_of_the_problem() -> None:
    found = with_a_bug("match", "--text", MARKED)
    assert (found.returncode, found.stdout) == (1, "")
    assert "MARKER" not in found.stderr
    assert found.stderr.startswith("Traceback (most recent call last):\n")
    assert "ValidationError\n\nwhich led to:\n" in found.stderr
    assert ", in broken\n" in found.stderr
    told = found.stderr[found.stderr.index("\nKeyError\n") :].splitlines()[2:]
    assert len(told) == 3
    assert "bug in matchmaker" in told[0]
    assert "--debug" in told[1]
    assert re.search(r"report it to .*matchmaker doctor", told[2])


def test_a_bug_is_told_in_chinese() -> None:
    told = with_a_bug("match", "--text", MARKED, "--lang", "zh").stderr.splitlines()[-3:]
    assert told[0] == "这是 matchmaker 的程序错误，不是您的操作有误"
    assert told[2].startswith("请向提供 matchmaker 的人报告，并附上以上内容和 matchmaker doctor 的输出")
    assert with_a_bug("match", "--text", MARKED, LC_ALL="zh_CN.UTF-8").stderr.splitlines()[-3:] == told


def test_a_bug_with_debug_shows_all() -> None:
    found = with_a_bug("--debug", "match", "--text", MARKED)
    assert found.returncode == 1
    first, *rest = found.stderr.splitlines()
    assert first.startswith("debug: what follows may show texts of problems")
    assert f"KeyError: '{MARKED}'" in rest


def test_a_bug_in_a_worker_process_is_found_in_the_traceback(tmp_path: Path) -> None:
    rows = "".join(f"{MARKED}{at},漏水\n" for at in range(600))
    (tmp_path / "many.csv").write_text(f"title,description\n{rows}", "utf-8")
    out = tmp_path / "out.csv"
    # Every process runs this first, also those that are not forked.
    (tmp_path / "sitecustomize.py").write_text(FORCED.replace("from matchmaker.cli import main\nmain()\n", ""), "utf-8")
    command = (
        sys.executable,
        "-m",
        "matchmaker",
        "batch",
        str(tmp_path / "many.csv"),
        "-o",
        str(out),
        "--workers",
        "2",
    )
    found = process(*command, env={"PYTHONPATH": str(tmp_path)})
    assert found.returncode == 1
    assert "MARKER" not in found.stderr
    assert ", in broken\n" in found.stderr
    assert not out.exists()


@UNIX
def test_a_traceback_does_not_name_the_user() -> None:
    home = str(Path(sys.prefix).parent)
    found = with_a_bug("match", "--text", MARKED, HOME=home)
    assert home not in found.stderr
    assert 'File "~/' in found.stderr


def test_messages_that_cannot_quote_a_problem_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    for error in (AttributeError("'X' object has no attribute 'y'"), NameError("name 'x' is not defined")):
        bugs.report_bug(error, debugging=False)
        assert f"{type(error).__name__}: {error}\n" in capsys.readouterr().err

    class OwnError(AttributeError):
        pass

    may_quote: list[Exception] = [ValueError(MARKED), OSError(2, "x", MARKED), OwnError(MARKED)]
    for one in [*may_quote, UnicodeEncodeError("x", MARKED, 0, 1, MARKED)]:
        one.add_note(MARKED)
        bugs.report_bug(one, debugging=False)
        assert "MARKER" not in capsys.readouterr().err


def test_errors_that_led_to_each_other_in_a_ring_end(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = ValueError(1), TypeError(2)
    first.__cause__, second.__cause__ = second, first
    bugs.report_bug(first, debugging=False)
    assert capsys.readouterr().err.count("which led to") == 1


@pytest.mark.parametrize(
    ("urls", "where"),
    [
        ([], "to whoever you have matchmaker from"),
        (["Homepage, https://example.org"], "to whoever you have matchmaker from"),
        (["Homepage, https://example.org", "Issues, https://example.org/issues"], "at https://example.org/issues"),
        (["Bug Tracker, https://example.org/bugs"], "at https://example.org/bugs"),
    ],
)
def test_where_to_report(urls: list[str], where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Known:
        def get_all(self, name: str) -> list[str] | None:
            assert name == "Project-URL"
            return urls or None

    monkeypatch.setattr(metadata, "metadata", lambda _: Known())
    assert bugs._tracker() == where


# --- --debug ----------------------------------------------------------------------------------------------------------


def test_debug_says_first_that_it_may_be_confidential(tmp_path: Path) -> None:
    path = tmp_path / "problem.txt"
    path.write_text("供水管网漏水", "utf-8")
    first, second = (run("--debug", "match", str(path)).stderr.splitlines() for _ in range(2))
    for told in (first, second):  # each line once, also the second time within a process
        assert told[0] == "debug: what follows may show texts of problems; look it through before you pass it on"
        assert sum(f"reading {path}" in line for line in told) == 1
        assert all(re.match(r"debug: +\d+ ms  ", line) for line in told[1:])
    assert any("cache: compiled made" in line for line in first)
    assert any("cache: compiled taken from" in line for line in second)
    assert run("--debug", "match", str(path), "--lang", "zh").stderr.startswith("调试：")


def test_without_debug_nothing_is_loaded_or_told() -> None:
    code = "import sys; from matchmaker import log; log.note('x'); print('logging' in sys.modules)"
    assert process(sys.executable, "-c", code).stdout == "False\n"
    assert log.LOGGER_NAME == "matchmaker"


def test_the_help_of_the_program_names_it() -> None:
    assert "--debug" in run("--help").stdout
    assert stat.S_ISREG((PACKAGE / "data" / "SHA256SUMS").stat().st_mode)
