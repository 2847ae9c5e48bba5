"""No network, no program started, nothing told that is secret or steers a terminal, nothing others may read.

Every command is run once by ``every_command.py``, in a process that has no network, with files made to do harm.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from every_command import MARK, STEERING, TITLE
from matchmaker.cli import app
from matchmaker.messages import steerless
from matchmaker.writing import write_data
from test_cli import commands, on_a_terminal

ROOT = Path(__file__).parents[1]
HERE = Path(__file__).parent
REQUIRED = os.environ.get("MATCHMAKER_REQUIRE_NAMESPACE") == "1"
DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
UNIX = pytest.mark.skipif(os.name == "nt", reason="modes and terminals of Unix")


def without_network() -> list[str]:
    """The words before a command that run it in a network namespace of its own, in which nothing is up."""
    for words in (["unshare", "-n"], ["unshare", "-rn"]):
        if (
            shutil.which("unshare")
            and subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0
        ):
            return words
    if REQUIRED:
        pytest.fail("MATCHMAKER_REQUIRE_NAMESPACE is set, and no network namespace can be made here")
    pytest.skip("no network namespace can be made here")


@contextmanager
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def run_all(folder: Path, words: Sequence[str], *flags: str) -> dict[str, Any]:
    """What every command answers, in a folder of its own and with a umask that hides nothing."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "MATCHMAKER_"))}
    folders = {"XDG_CACHE_HOME": str(folder / "cache"), "XDG_DATA_HOME": str(folder / "share"), "COLUMNS": "100"}
    own = {"MATCHMAKER_LEDGER": "new/ledger.db", "MATCHMAKER_USER": "tester", "PYTHONPATH": str(HERE)}
    command = [*words, sys.executable, str(HERE / "every_command.py"), str(ROOT), *flags]
    with open_umask():
        found = subprocess.run(command, capture_output=True, cwd=folder, env=kept | folders | own, check=False)
    assert found.returncode == 0, found.stderr.decode()
    answer: dict[str, Any] = json.loads(found.stdout)
    return answer


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Every command run where each attempt to use a socket fails and is written down."""
    folder = tmp_path_factory.mktemp("watched")
    return folder, run_all(folder, [], "--no-sockets")


def shown(command: Sequence[str]) -> str:
    return steerless(" ".join(command))


def wrong(run: dict[str, Any]) -> bool:
    """Whether a command line is there to fail."""
    line = " ".join(run["command"])
    fails = ("wrong.json", "wrong.toml", "no\x1b", "title=od", "show x", "batch table", "problems table")
    return any(part in line for part in fails)


def check_codes(answer: dict[str, Any]) -> None:
    for run in answer["runs"]:
        assert run["code"] == (3 if wrong(run) else 0), (shown(run["command"]), run["stderr"])


# --- no network -------------------------------------------------------------------------------------------------------


def test_every_command_there_is_is_run(watched: tuple[Path, dict[str, Any]]) -> None:
    lines = [" ".join(run["command"]) for run in watched[1]["runs"]]
    assert [name for name in commands(leaves=True) if not any(line.startswith(name) for line in lines)] == []
    check_codes(watched[1])


def test_no_command_uses_a_socket_or_unpickles_anything(watched: tuple[Path, dict[str, Any]]) -> None:
    """The only program that is ever started is our own reader of PDF files, and not through a shell."""
    seen = watched[1]["seen"]
    assert len(seen) == 1
    assert re.fullmatch(r"subprocess\.Popen \['[^']+', '-P', '[^']+/office/pdfpages\.py'\]", seen[0])


def test_the_watch_sees_what_it_is_there_for() -> None:
    code = (
        "import pickle, socket, subprocess, sys\nfrom every_command import watch\nseen = []\nwatch(seen)\n"
        "for attempt in (socket.socket, lambda: socket.getaddrinfo('localhost', 80),\n"
        "                lambda: pickle.loads(b'cos\\nsystem\\n.'), lambda: subprocess.run(['true'])):\n"
        "    try:\n        attempt()\n    except PermissionError:\n        pass\n"
        "print(*seen, sep='\\n')"
    )
    environment = os.environ | {"PYTHONPATH": str(HERE)}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    told = found.stdout.splitlines()
    assert [line.split()[0] for line in told] == [
        "socket.__new__",
        "socket.getaddrinfo",
        "pickle.find_class",
        "subprocess.Popen",
    ]


def test_every_command_runs_where_there_is_no_network(tmp_path: Path, watched: tuple[Path, dict[str, Any]]) -> None:
    answer = run_all(tmp_path, without_network())
    check_codes(answer)
    assert len(answer["runs"]) == len(watched[1]["runs"])


def test_there_is_no_network_in_the_namespace() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 2).close()"
        subprocess.run([sys.executable, "-c", code], check=True)
        found = subprocess.run(
            [*without_network(), sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
    assert "OSError: [Errno 101] Network is unreachable" in found.stderr


# --- nothing told that is secret --------------------------------------------------------------------------------------


def test_stderr_never_quotes_a_problem(watched: tuple[Path, dict[str, Any]]) -> None:
    """Faults name a field and quote its wrong value, such as a budget; titles and descriptions never."""
    assert [shown(run["command"]) for run in watched[1]["runs"] if MARK in run["stderr"]] == []
    assert sum(MARK in run["stdout"] for run in watched[1]["runs"]) > 10  # while results do show it


# --- nothing that steers a terminal -----------------------------------------------------------------------------------


def steering(text: str) -> set[str]:
    """The characters of a text that a terminal could take for orders, line ends apart."""
    kinds = {"Cc", "Zl", "Zp"}
    return {char for char in text.replace("\r\n", "\n") if unicodedata.category(char) in kinds} - {"\n"} | (
        set(text) & set(DIRECTIONS)
    )


def is_data(command: Sequence[str]) -> bool:
    return any(kind in command for kind in ("json", "jsonl", "csv"))


def test_no_command_steers_a_terminal(watched: tuple[Path, dict[str, Any]]) -> None:
    for run in watched[1]["runs"]:
        assert steering(run["stderr"]) == set(), shown(run["command"])
        if not is_data(run["command"]):
            assert steering(run["stdout"]) == set(), shown(run["command"])


def test_the_rule_finds_what_steers() -> None:
    assert steering(STEERING) == {"\x1b", "\x07", "\x9b", "\x85", "\u2028", "\u202e"}
    assert steering("a\r\nb\n") == set()
    assert steering("a\rb") == {"\r"}


@UNIX
@pytest.mark.parametrize("format", ["table", "json", "jsonl", "csv", "md"])
def test_data_on_a_terminal_steers_nothing(format: str, tmp_path: Path) -> None:
    """Elsewhere data stays as it is; the terminal is real, as programs behave otherwise on one."""
    name = f"no{STEERING}such.txt"
    commands = (["match", "--format", format, "--text", TITLE], ["match", name])
    start = "import sys\nfrom matchmaker.cli import main\nsys.argv[1:] = "
    lines = [f"{start}{command!r}\nmain()" for command in commands]
    data = b"".join(on_a_terminal([sys.executable, "-c", line], tmp_path) for line in lines)
    text = re.sub("\x1b\\[[0-9;]*m", "", data.decode()).replace("\r\n", "\n")  # colours are our own
    assert MARK in text
    assert "no\ufffd]0;x" in text
    assert steering(text) == set()


def test_data_for_a_program_stays_as_it_is(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write_data(f"a\t{TITLE}\r\n")
    assert capfdbinary.readouterr().out == f"a\t{TITLE}\r\n".encode()


# --- nothing others may read ------------------------------------------------------------------------------------------


@UNIX
def test_what_holds_a_ledger_or_a_cache_is_its_owner_s_alone(watched: tuple[Path, dict[str, Any]]) -> None:
    """Under a umask that takes nothing away. What a person has made, such as a shortlist, is as the umask says."""
    folder = watched[0]
    private = {"backup.db", "export.csv", "anonymous.csv", "qrels.txt", "judged.jsonl", "ledger.db"}
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}
    assert {name: modes[name] for name in private} == dict.fromkeys(private, 0o600)
    assert modes["batch.csv"] == 0o666
    kept = list((folder / "cache" / "matchmaker").iterdir())
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    folders = (folder / "new", folder / "cache" / "matchmaker")
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}


@UNIX
def test_a_ledger_s_own_files_are_its_owner_s_alone_while_it_is_open(tmp_path: Path) -> None:
    from matchmaker.ledger.store import open_ledger

    with open_umask(), open_ledger(tmp_path / "new" / "ledger.db", create=True) as ledger, ledger.writing():
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
    assert modes == dict.fromkeys(("ledger.db", "ledger.db-wal", "ledger.db-shm"), 0o600)


# --- pages and workbooks ----------------------------------------------------------------------------------------------


def test_the_page_holds_no_code_of_others(watched: tuple[Path, dict[str, Any]]) -> None:
    page = (watched[0] / "report.html").read_text("utf-8")
    assert 'http-equiv="Content-Security-Policy"' in page
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    assert "default-src &#39;none&#39;" in policy[1] or "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1].replace("style-src 'unsafe-inline'", "")
    assert all(re.match("https?://|#|mailto:", link) for link in re.findall(r'href="([^"]*)"', page))


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        'https://example.org/"onmouseover=alert(1)',
        "https://example.org/\x1b[2J",
    ],
)
def test_only_addresses_of_the_web_are_linked(address: str, tmp_path: Path) -> None:
    """Such an address is refused with its profile, or stands there as a text; it is never a link."""
    evidence = [{"claim": {"zh": "漏水"}, "year": 2024, "source": "S1"}]
    capability = {"id": "a-1", "name": {"zh": "供水管网漏水"}, "evidence": evidence}
    source = {"title": {"zh": "源"}, "date": "2024-01-01", "quality": "P", "url": address}
    institute = {"id": "a", "name": {"zh": "甲"}, "role": "research_institute", "capabilities": [capability]}
    file, page = tmp_path / "a.yaml", tmp_path / "a.html"
    file.write_text(json.dumps({"schema": 1, "sources": {"S1": source}, "institutes": [institute]}), "utf-8")
    command = ["match", "--text", "供水管网漏水", "--institutes", str(file), "-o", str(page), "--ledger", "none"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code in {0, 3}
    if result.exit_code == 0:
        links = re.findall(r'<a [^>]*href="([^"]*)"', page.read_text("utf-8"))
        assert all(re.match("https?://|#", link) for link in links)
        assert not re.search(r"<[^>]*\sonmouseover", page.read_text("utf-8"))


# --- what is locked ---------------------------------------------------------------------------------------------------


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def required(lines: Sequence[str]) -> dict[str, str]:
    """The names that requirements begin with, and what they ask for."""
    found = {}
    for line in lines:
        match = re.match(r"([\w.-]+)(?:\[[\w,]+\])?\s*([^;]*)", line)
        assert match
        found[normal(match[1])] = match[2].strip()
    return found


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "requirements-docs.lock"])
def test_everything_that_is_needed_is_locked_with_its_hashes(name: str) -> None:
    """pip checks them: with --require-hashes it installs nothing whose bytes are not these."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = {} if name == "requirements-docs.lock" else required(project["project"]["dependencies"])
    if group := re.search(r"-(\w+)\.lock$", name):
        wanted |= required(project["dependency-groups"][group[1]])
    entries = re.split(r"\n(?=\S)", (ROOT / name).read_text("utf-8").replace("\\\n", " ").strip())
    locked = {}
    for entry in entries:
        match = re.match(r"([\w.-]+)(?:\[[\w,]+\])?==(\S+)", entry)
        assert match, f"{entry[:60]}: not one version"
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), f"{match[1]}: no hash"
        assert "://" not in entry
        assert "@" not in entry.partition("--hash")[0]
        locked[normal(match[1])] = match[2]
    assert wanted.keys() - locked.keys() == set()
    for package, asked in wanted.items():
        for least in re.findall(r">=([\d.]+)", asked):
            assert version(locked[package]) >= version(least), package


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def test_the_hashes_are_asked_for_where_packages_are_installed() -> None:
    lines = [line for line in (ROOT / "Makefile").read_text("utf-8").splitlines() if ".lock\n" in f"{line}\n"]
    installs = [line for line in lines if "pip install" in line]
    assert len(installs) == 3
    assert all("--require-hashes" in line for line in installs)


# --- how the sources are written --------------------------------------------------------------------------------------

NEVER = re.compile(
    r"\b(?:pickle|marshal|shelve|dill)\b|\beval\(|\bexec\(|shell\s*=\s*True|os\.(?:system|popen)"
    r"|yaml\.(?:unsafe_|full_)?load\(|allow_pickle\s*=\s*True|verify\s*=\s*False"
    r"|(?:import|from) (?:socket|urllib\.request|urllib3?\b(?!\.parse)|http|requests|httpx|aiohttp|ftplib|smtplib)\b"
)


def test_the_sources_do_nothing_of_the_kind() -> None:
    """Three exceptions: the loader of YAML, a subclass of the safe one, worker processes, and ``--dask``.

    Worker processes talk through pipes of ``multiprocessing`` that have no name. A cluster runs what it is sent and is
    believed what it answers (docs/scale.md); nothing else imports that module.
    """
    found = [
        f"{path.relative_to(ROOT / 'src' / 'matchmaker').as_posix()}: {line.strip()}"
        for path in sorted((ROOT / "src").rglob("*.py"))
        for line in path.read_text("utf-8").splitlines()
        if path.name != "cluster.py" and NEVER.search(line)
    ]
    assert found == [
        "yamlfile.py: return yaml.load(text, Loader=_loader(typed))  # noqa: S506 - a subclass of the safe loader",
    ]


def test_the_rules_of_security_are_on_and_each_exception_says_why() -> None:
    import tomllib

    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["lint"]
    assert "S" in ruff["select"]
    ignored = [
        *ruff["ignore"],
        *(rule for path, rules in ruff["per-file-ignores"].items() if "src" in path for rule in rules),
    ]
    assert [rule for rule in ignored if re.fullmatch(r"S\d*", rule)] == []
    for path in sorted((ROOT / "src").rglob("*.py")):
        for line in path.read_text("utf-8").splitlines():
            if re.search(r"# noqa: (?:\w+, )*S\d", line):
                assert re.search(r"# noqa: [\w, ]+ - \w", line), f"{path.name}: {line.strip()}"
