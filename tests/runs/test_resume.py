"""A batch that is stopped in every way there is, and ends with the bytes of one that was not.

Kills at random moments: ``test_kills.py``.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from matchmaker.cli import app
from matchmaker.domain import Problem, Shortlist
from matchmaker.errors import Fault, InputError
from matchmaker.intake import RejectedRow, read_problems
from matchmaker.matching.matcher import Matcher
from matchmaker.messages import make_message
from matchmaker.runs.batches import Batch
from matchmaker.runs.journal import Counts, Interruption, Journal, Signals, open_journal
from matchmaker.runs.spool import from_spool, to_spool
from worlds import small_registry

pytestmark = [pytest.mark.kills, pytest.mark.skipif(os.name == "nt", reason="signals of Unix")]

N_ROWS = 600
STARTED: list[subprocess.Popen[str]] = []
TITLES = ("供水管网漏损检测", "表面缺陷", "leak detection in water networks", "奶茶广告", "数据治理", "=1+1")
# Marks as often as can be: at the usual pace a table that is quick to match would have none to be stopped after.
WAITING = """
import time
from pathlib import Path
from matchmaker.runs import journal
add, left = journal.Journal.add, {stops!r}
def add_and_wait(self, text, counts, first=None):
    add(self, text, counts, first)
    if left and counts.n_rows >= left[0]:
        left.clear()
        Path("waiting").touch()
        while Path("waiting").exists():
            time.sleep(0.01)
journal.Journal.add = add_and_wait
"""  # a batch waits after a row, if one is given, until "waiting" goes: what is stopped then is not over by chance
PROGRAM = """
import sys
from matchmaker.cli import main
journal._INTERVAL, journal._LEAST_SHARE, sys.argv[0] = 0.0, {share}, {program!r}
main()
"""


def table(n_rows: int, changed: str = "") -> str:
    """Rows of which some are no problems, some share an id, and some are blank."""
    rows = ["id,title,exclude"]
    for n in range(n_rows):
        title = "" if n % 13 == 5 else f"{TITLES[n % len(TITLES)]}{changed} {n % 7}"
        rows.append(f"{f'P-{n % 300}' if n % 4 else ''},{title},{'nobody' if n % 29 == 7 else ''}")
        if n % 50 == 3:
            rows.append(",,")
    return "\n".join(rows) + "\n"


def profiles(path: Path, n_institutes: int = 3) -> None:
    registry = small_registry().model_dump(mode="json", by_alias=True, exclude_none=True)
    registry.pop("fingerprint")
    registry["institutes"] = registry["institutes"][:n_institutes]
    path.write_text(json.dumps({"schema": 1, **registry}, ensure_ascii=False), "utf-8")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_text(table(N_ROWS), "utf-8")
    profiles(Path("small.yaml"))
    yield
    while STARTED:
        with STARTED.pop() as process:  # closes its pipes
            process.kill()


def batch(*args: str, output: str = "out.csv") -> list[str]:
    return ["batch", "table.csv", "--institutes", "small.yaml", "--lang", "en", "-o", output, *args]


def run(*args: str, output: str = "out.csv") -> Result:
    result = CliRunner().invoke(app, batch(*args, output=output), env={"COLUMNS": "100"}, prog_name="matchmaker")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def started(
    *args: str, output: str = "out.csv", share: float = 0.0, limit: int | None = None, waits_after: int | None = None
) -> subprocess.Popen[str]:
    """A run in a process of its own; one that waits after so many rows has come there."""

    def limited() -> None:
        import resource

        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    stops = [] if waits_after is None else [waits_after]
    command = str(Path(sys.executable).with_name("matchmaker"))
    program = WAITING.format(stops=stops) + PROGRAM.format(share=share, program=command)
    process = subprocess.Popen(
        [sys.executable, "-c", program, *batch(*args, output=output)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "100"},
        preexec_fn=limited,  # noqa: PLW1509 - no threads here
    )
    STARTED.append(process)
    while stops and not Path("waiting").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)
    return process


def n_lines(output: str = "out.csv") -> int:
    path = Path(f"{output}.journal")
    return path.read_bytes().count(b"\n") if path.exists() else 0


def stopped(number: int, *args: str, output: str = "out.csv", n_marks: int = 4) -> str:
    """Start a run, stop it by a signal after some marks; its stderr."""
    process = started(*args, output=output, waits_after=n_marks)
    assert n_lines(output) > 2
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode in {-number, 128 + number}
    assert not Path(output).exists()
    return told


def counts(stderr: str) -> str:
    """The line of the summary that counts, without its time."""
    (line,) = [line for line in stderr.splitlines() if " rows read, " in line]
    return line.rpartition(", ")[0]


def found() -> dict[str, bytes]:
    """Everything a run left beside its input."""
    given = {"table.csv", "small.yaml", "settings.toml", "waiting"}
    return {path.name: path.read_bytes() for path in Path().iterdir() if path.is_file() and path.name not in given}


@cache
def _of_one_run(format: str, text: str) -> tuple[dict[str, bytes], str]:
    del text  # of the table: another one gives another result
    name = f"out.{format}"
    result = run(output=name)
    assert result.exit_code == 3, result.output
    left = found()
    for path in left:
        Path(path).unlink()
    return left, counts(result.stderr)


def uninterrupted(format: str = "csv") -> tuple[dict[str, bytes], str]:
    """The files and the counts of a run that nothing stops."""
    return _of_one_run(format, Path("table.csv").read_text("utf-8"))


# --- runs that are stopped, and go on


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_is_stopped_tells_the_command_that_continues(number: int, code: int, workers: str) -> None:
    wanted, said_so = uninterrupted()
    process = started("--workers", workers, "--column", "title=title", waits_after=4)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == code
    *_, last = told.splitlines()
    assert "Traceback" not in told
    assert last.startswith("stopped; to continue: ")
    command = last.removeprefix("stopped; to continue: ")
    assert shlex.split(command)[1:4] == ["batch", "--resume", "table.csv"]
    again = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, env={**os.environ, "COLUMNS": "100"}, check=False
    )
    assert again.returncode == 3
    assert "note: continued after " in again.stderr
    assert found() == wanted
    assert counts(again.stderr) == said_so


def test_what_is_stopped_by_hand_is_done_to_the_last_row_written() -> None:
    process = started(share=1e9, waits_after=41)  # a mark after the first row, then none
    assert n_lines() == 2
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    *_, last = Path("out.csv.journal").read_bytes().splitlines()
    assert n_lines() == 3
    assert sum(json.loads(last.partition(b" ")[2])["counts"]) == 41


def test_a_name_that_a_shell_would_take_apart_is_quoted() -> None:
    Path("表 (1)").mkdir()
    told = stopped(signal.SIGINT, output="表 (1)/it's.csv")
    command = told.splitlines()[-1].removeprefix("stopped; to continue: ")
    assert subprocess.run(["sh", "-c", command], capture_output=True, check=False).returncode == 3
    assert Path("表 (1)/it's.csv").exists()


def test_the_rejected_rows_are_told_again() -> None:
    shown = [line for line in run().stderr.splitlines() if line.startswith(("rejected:", "warning:", "note:"))]
    shown = [line for line in shown if "an earlier run" not in line]
    Path("out.csv").unlink()
    stopped(signal.SIGKILL)
    again = run("--resume").stderr.splitlines()
    assert [
        line for line in again if line.startswith(("rejected:", "warning:", "note: ")) and "contin" not in line
    ] == (shown)


def test_workers_do_not_outlive_a_killed_run() -> None:
    if not Path(f"/proc/self/task/{os.getpid()}/children").exists():
        pytest.skip("no /proc here")
    process = started("--workers", "2", waits_after=3)
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(workers) == 2
    process.kill()
    process.communicate(timeout=60)
    for _ in range(100):
        if not any(_is_alive(worker) for worker in workers):
            return
        time.sleep(0.1)
    raise AssertionError("a worker is still there")


def _is_alive(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# --- the disk


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_a_full_disk_loses_nothing(format: str) -> None:
    wanted, said_so = uninterrupted(format)
    name = f"out.{format}"
    size = len(wanted["out.csv"]) // 2 if format == "csv" else 300_000
    process = started(output=name, share=5.0, limit=size)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 3
    *_, error, last = told.splitlines()
    assert error.startswith(f"error: {name}: cannot be written (file too large); free some space")
    assert last.startswith("what is done is kept; to continue: ")
    assert not Path(name).exists()
    again = run("--resume", output=name)
    assert again.exit_code == 3
    assert "note: continued after " in again.stderr
    assert found() == wanted
    assert counts(again.stderr) == said_so


def test_a_file_system_that_is_really_full(tmp_path: Path) -> None:
    wanted, _ = uninterrupted("jsonl")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        process = started(output="disk/out.jsonl", share=5.0)
        _, told = process.communicate(timeout=60)
        assert process.returncode == 3
        assert "cannot be written (no space left on device)" in told
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert run("--resume", output="disk/out.jsonl").exit_code == 3
        assert {path.name: path.read_bytes() for path in disk.iterdir()} == wanted
    finally:
        subprocess.run(["umount", str(disk)], check=True)


# --- the journal


@pytest.fixture
def torn() -> Path:
    """The journal of a killed run."""
    for name, content in _left_by_a_killed_run(Path("table.csv").read_text("utf-8")).items():
        Path(name).write_bytes(content)
    return Path("out.csv.journal")


@cache
def _left_by_a_killed_run(text: str) -> dict[str, bytes]:
    del text
    stopped(signal.SIGKILL, n_marks=40)
    left = found()
    for path in left:
        Path(path).unlink()
    return left


@pytest.mark.parametrize(
    "tear",
    [
        lambda text: text[:-1],
        lambda text: text[:-9],
        lambda text: text + text.splitlines(keepends=True)[-1][:30],
        lambda text: text + bytes(4096),
        lambda text: text[:-20] + bytes(20),
        lambda text: text + b"garbage\n" + text.splitlines(keepends=True)[-1],
        lambda text: b"".join(text.splitlines(keepends=True)[:2]),
    ],
)
def test_a_torn_line_does_not_count(torn: Path, tear: Callable[[bytes], bytes]) -> None:
    torn.write_bytes(tear(torn.read_bytes()))
    again = run("--resume")
    assert "note: continued after " in again.stderr
    assert (found(), counts(again.stderr)) == uninterrupted()


@pytest.mark.parametrize("n_kept", [0, 1, 40])
def test_a_journal_without_a_mark_begins_anew(torn: Path, n_kept: int) -> None:
    header = torn.read_bytes().splitlines(keepends=True)[0]
    torn.write_bytes(header if n_kept == 1 else header[:n_kept])
    again = run("--resume")
    assert "note: nothing to continue, begun anew\n" in again.stderr
    assert (found(), counts(again.stderr)) == uninterrupted()


def _change_version() -> None:
    path = Path("out.csv.journal")
    with open_journal(Path("other.csv"), {}) as other:
        header, *marks = path.read_bytes().splitlines(keepends=True)
        old = {**json.loads(header.partition(b" ")[2]), "version": "0.0.1"}
        other.path.write_bytes(b"")
        other._lines.append(old)
        path.write_bytes(other.path.read_bytes() + b"".join(marks))
    Path("other.csv.journal").unlink()


@pytest.mark.parametrize(
    ("change", "args", "name"),
    [
        (_change_version, (), "the version of matchmaker"),
        (lambda: Path("table.csv").write_text(table(N_ROWS, changed="x"), "utf-8"), (), "the input"),
        (lambda: profiles(Path("small.yaml"), 2), (), "the profiles"),
        (None, ("--settings", "settings.toml"), "the settings"),
        (None, ("--top", "2"), "--top"),
        (None, ("--format", "jsonl"), "--format"),
        (None, ("--lang", "zh"), "--lang"),
        (None, ("--column", "title=title"), "--column"),
        (None, ("--encoding", "utf-8"), "--encoding"),
    ],
)
@pytest.mark.usefixtures("torn")
def test_a_journal_is_void_when_anything_changed(
    change: Callable[[], None] | None, args: tuple[str, ...], name: str
) -> None:
    Path("settings.toml").write_text("intercept = -9.5\n", "utf-8")
    if change is not None:
        change()
    again = run("--resume", *args)
    assert again.exit_code == 3
    if "zh" in args:
        assert "out.csv.journal 已失效，此后有变动：提示信息的语言、--lang；已从头开始" in again.stderr
    else:
        note = f"out.csv.journal is void, changed since: {name}; begun anew"
        assert next(line for line in again.stderr.splitlines() if "is void" in line).endswith(note)
    resumed = found()
    assert set(resumed) == {"out.csv", "out.csv.rejects.csv"}
    assert run(*args).exit_code == 3
    assert found() == resumed


def test_a_journal_goes_by_what_the_ledger_says_and_by_its_day() -> None:
    def add_case(title: str) -> None:
        args = ["cases", "add", "--ledger", "led.db", "--institutes", "small.yaml", "--title", title]
        result = CliRunner().invoke(app, [*args, "--institute", "beta"])
        assert result.exit_code == 0, result.stderr

    without, _ = uninterrupted()
    add_case("表面缺陷检测")
    wanted = run("--ledger", "led.db", "--as-of", "2026-01-02", output="other.csv")
    Path("other.csv.rejects.csv").unlink()
    stopped(signal.SIGKILL, "--ledger", "led.db", "--as-of", "2026-01-02")
    kept = {name: content for name, content in found().items() if name.startswith("out")}
    again = run("--resume", "--ledger", "led.db")  # of the day of the run that it continues
    assert "note: continued after " in again.stderr
    assert counts(again.stderr) == counts(wanted.stderr)
    assert Path("out.csv").read_bytes() == Path("other.csv").read_bytes() != without["out.csv"]
    for args, name in (
        (["--ledger", "led.db", "--as-of", "2026-01-03"], "--as-of"),
        (["--ledger", "none"], "the ledger, --as-of"),
        (["--ledger", "led.db"], "the ledger"),
    ):
        for path, content in kept.items():
            Path(path).write_bytes(content)
        if name == "the ledger":
            add_case("供水管网漏损")
        assert f"is void, changed since: {name}; begun anew" in run("--resume", *args).stderr


def _harm_text(line: bytes) -> bytes:
    return line[:-200] + bytes([line[-200] ^ 1]) + line[-199:]


@pytest.mark.parametrize(
    "harm",
    [
        lambda lines: [*lines[:20], _harm_text(lines[20]), *lines[21:]],
        lambda lines: [*lines[:20], lines[20][:-200] + b"\n", *lines[21:]],
        lambda lines: [*lines[:20], *lines[21:]],
        lambda lines: [*lines[:20], lines[19], *lines[20:]],
        lambda lines: [*lines[:20], lines[21], lines[20], *lines[22:]],
    ],
    ids=["changed", "shortened", "gone", "doubled", "in another order"],
)
def test_a_journal_counts_up_to_the_line_that_was_harmed(
    torn: Path, harm: Callable[[list[bytes]], list[bytes]]
) -> None:
    lines = torn.read_bytes().splitlines(keepends=True)
    assert len(lines) > 30
    n_done = sum(json.loads(lines[19].partition(b" ")[2])["counts"])
    torn.write_bytes(b"".join(harm(lines)))
    again = run("--resume")
    assert f"note: continued after {n_done} rows\n" in again.stderr
    assert (found(), counts(again.stderr)) == uninterrupted()


def signed(*texts: str) -> bytes:
    """Lines of a journal, with digests that are right."""
    digest, lines = blake2b(digest_size=8), []
    for text in texts:
        digest.update(text.encode())
        lines.append(f"{digest.hexdigest()} {text}\n")
    return "".join(lines).encode()


@pytest.mark.parametrize(
    "line", ["[1]", "1", "null", "{", "[" * 100_000, '{"--as-of": "zzz"}', '{"--as-of": 1, "input": []}', "{}"]
)
def test_a_journal_whose_first_line_is_odd_is_void(line: str) -> None:
    Path("out.csv.journal").write_bytes(signed(line))
    done = run("--resume")
    assert done.exit_code == 3  # some rows are rejected
    assert "begun anew" in done.stderr
    assert found() == uninterrupted()[0]


ODD_MARKS: Mapping[str, Sequence[object]] = {
    "counts": [[1, 2], [1, 2, 3, -4], [1, 2, 3, 10**30], [1, 2, 3, "4"], [1, 2, 3, 0.5], {"n": 1}, None],
    "output": [0, [], ["text"], None],
    "load": [[], {"a": "b"}, {"a": -1}, None],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, odd in ODD_MARKS.items() for value in odd])
def test_a_journal_with_an_odd_mark_is_void(torn: Path, field: str, value: object) -> None:
    header = torn.read_bytes().splitlines()[0].partition(b" ")[2].decode()
    mark = {"counts": [1, 0, 0, 0], "load": {}, "output": ""}
    for args in (("--resume",), ()):
        torn.write_bytes(signed(header, json.dumps(mark), json.dumps({**mark, field: value})))
        done = run(*args)
        assert done.exit_code == 3
        assert ("is void, changed since: what was written so far; begun anew" in done.stderr) == bool(args)
        assert found() == uninterrupted()[0]


@pytest.mark.parametrize(
    "given",
    [
        *(batch("--format", "jsonl", "-q", output=f"closed/{name}") for name in ("out.csv", "out.jsonl", "")),
        ["match", "problem.txt", "-o", "closed/out.json"],
        ["report", "problem.txt", "-o", "closed/out.html"],
    ],
    ids=" ".join,
)
def test_a_folder_that_may_not_be_entered_takes_no_output(given: list[str]) -> None:
    Path("closed").mkdir(mode=0o600)
    Path("problem.txt").write_text(TITLES[0], "utf-8")
    command = [sys.executable, "-m", "matchmaker", *given]
    if os.geteuid() == 0:  # whom no mode stops
        if (setpriv := shutil.which("setpriv")) is None:
            pytest.skip("setpriv is not installed")
        command = [setpriv, "--bounding-set=-dac_override,-dac_read_search", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "cannot be written (permission denied)" in done.stderr) == (3, True), done.stderr


OURS = ("out.csv.journal", "out.csv.rejects.csv")


def put(kind: str, path: Path) -> None:
    """Put something at a path that is no plain file."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("precious" if kind == "link" else "nothing")


@pytest.mark.parametrize("args", [(), ("--resume",)])
@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe", "folder"])
@pytest.mark.parametrize("name", OURS)
def test_nothing_is_written_through_a_link_beside_the_output(name: str, kind: str, args: tuple[str, ...]) -> None:
    Path("precious").write_text("precious", "utf-8")
    put(kind, Path(name))
    done = run(*args)
    finding = "a link, a folder, a pipe or a device, where a plain file is to be written"
    assert done.exit_code == 3
    assert f"{name}: {finding}; remove it, or choose another name for the output\n" in done.stderr
    assert Path("precious").read_text("utf-8") == "precious"
    assert not Path("nothing").exists()
    assert not Path("out.csv").exists()


@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe"])
@pytest.mark.parametrize("name", ["parts.journal", "parts/part-00000.jsonl"])
def test_nothing_is_written_through_a_link_beside_parts_or_among_them(name: str, kind: str) -> None:
    Path("precious").write_text("precious", "utf-8")
    Path("parts").mkdir()
    put(kind, Path(name))
    done = run("--format", "jsonl", output="parts/")
    assert done.exit_code == 3
    assert f"{name}: a link, a folder, a pipe or a device" in done.stderr
    assert Path("precious").read_text("utf-8") == "precious"
    assert not Path("nothing").exists()


@pytest.mark.usefixtures("torn")
def test_a_run_without_resume_says_what_it_leaves() -> None:
    again = run()
    assert "note: an earlier run had done " in again.stderr
    assert "as --resume was not given\n" in again.stderr
    assert (found(), counts(again.stderr)) == uninterrupted()


@pytest.mark.usefixtures("torn")
def test_the_same_input_saved_again_is_the_same_and_workers_do_not_matter() -> None:
    os.utime("table.csv", (1, 1))
    again = run("--resume", "--workers", "1")
    assert "note: continued after " in again.stderr
    assert found() == uninterrupted()[0]


def test_nothing_to_continue() -> None:
    wanted, _ = uninterrupted()
    again = run("--resume")
    assert "note: nothing to continue, begun anew\n" in again.stderr
    assert found() == wanted


@pytest.mark.parametrize("args", [(), ("-o", "/dev/null", "--format", "csv")])
def test_what_keeps_no_journal_cannot_be_continued(args: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, ["batch", "table.csv", "--institutes", "small.yaml", "--resume", *args])
    assert result.exit_code == 2
    assert "--resume needs -o FILE" in result.stderr


def test_two_runs_at_once() -> None:
    wanted, _ = uninterrupted()
    process = started(waits_after=2)
    for args in ((), ("--resume",)):
        second = run(*args)
        assert second.exit_code == 3
        assert second.stderr.splitlines()[-1] == (
            "error: out.csv: another run is writing it; wait for its end, or choose another name"
        )
    Path("waiting").unlink()
    process.communicate(timeout=120)
    assert process.returncode == 3
    assert found() == wanted


def test_a_link_keeps_pointing_where_it_does_and_a_file_keeps_its_mode() -> None:
    Path("there").mkdir()
    target = Path("there/real.csv")
    target.write_text("old")
    target.chmod(0o600)
    Path("out.csv").symlink_to(target)
    process = started(waits_after=3)
    process.kill()
    process.communicate(timeout=60)
    assert target.read_text() == "old"
    assert Path("there/real.csv.journal").stat().st_mode & 0o777 == 0o600
    assert "continued after" in run("--resume").stderr
    assert Path("out.csv").is_symlink()
    assert target.stat().st_mode & 0o777 == 0o600
    assert target.read_bytes() == uninterrupted()[0]["out.csv"] if not target.is_symlink() else True
    assert [path.name for path in Path("there").iterdir()] == ["real.csv"]


# --- the moments at the end


@pytest.mark.parametrize(
    ("moment", "there"),
    [
        ("matchmaker.runs.batches.Batch._note_answers", set()),
        ("matchmaker.runs.batches.Batch._write_texts", {"out.csv.rejects.csv"}),
        ("matchmaker.runs.journal.Journal.end", {"out.csv.rejects.csv", "out.csv"}),
    ],
)
def test_cut_off_between_the_files_of_the_end(moment: str, there: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows are done; what the moment is named after is the last thing done, or is not."""
    wanted, said_so = uninterrupted()
    monkeypatch.setattr("matchmaker.runs.journal._INTERVAL", 0.0)
    note_answers = Batch._note_answers

    def killed(*args: Any, **how: Any) -> None:
        if moment.endswith("note_answers"):
            note_answers(*args, **how)
        raise InputError(Fault("here", "the power goes"))

    with monkeypatch.context() as patched:
        patched.setattr(moment, killed)
        assert run().exit_code == 3
    assert set(found()) == {"out.csv.journal", *there}
    again = run("--resume")
    assert f"note: continued after {said_so.partition(' ')[0]} rows\n" in again.stderr
    assert (found(), counts(again.stderr)) == (wanted, said_so)


# --- in the small


def test_a_journal_marks_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matchmaker.runs.journal._INTERVAL", 0.0)
    monkeypatch.setattr("matchmaker.runs.journal._LEAST_SHARE", 0.0)
    output, header = tmp_path / "o", {"a": 1}

    def opened(journal: Journal) -> Journal:
        journal.begin(resume=True)
        return journal

    with pytest.raises(RuntimeError), open_journal(output, header) as journal:  # noqa: PT012 - the block is the run
        opened(journal).add("one", Counts(1, 0, 0), "x")
        raise RuntimeError
    with open_journal(output, header) as journal:
        opened(journal)
        assert (journal.counts, journal.load, journal.n_before) == (Counts(1, 0, 0), {"x": 1}, 1)
        journal.add("two\udc80", Counts(2, 0, 0), "x")
        journal.complete()
    with open_journal(output, header) as journal:
        opened(journal)
        assert (journal.counts.n_rows, journal.load) == (2, {"x": 2})
        assert "".join(journal.texts()) == "onetwo\udc80"
        assert "".join(journal.texts()) == "onetwo\udc80"
        journal.path.write_bytes(journal.path.read_bytes()[:-1])
        with pytest.raises(InputError, match="damaged or incomplete"):
            list(journal.texts())
        journal.end()
    assert not list(tmp_path.glob("o*"))


def test_what_must_not_be_torn_is_ended_first() -> None:
    done = []
    with Signals() as signals, pytest.raises(Interruption) as caught:  # noqa: PT012 - it comes at the end of held
        with signals.held():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append(1)
        done.append(2)
    assert (done, caught.value.exit_code) == ([1], 143)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_answers_come_back_from_the_spool_as_they_were() -> None:
    matcher = Matcher(small_registry())
    rows = list(read_problems(Path("table.csv"), check=matcher.limit_faults))[:200]
    problems = [row for row in rows if isinstance(row, Problem)]
    rejected = [row for row in rows if isinstance(row, RejectedRow)]
    odd = Fault(
        make_message("{place}, line {line}", place=Path("a"), line=3),
        make_message("more than {n} aliases (*name)", n=7),
        "x",
    )
    answers: list[Shortlist | RejectedRow] = [
        *matcher.match(problems),
        *rejected,
        RejectedRow(3, ("\u2028", "a\nb"), (odd,), "s"),
    ]
    lines = list(map(to_spool, answers))
    back = list(from_spool(["".join(lines[:50]), "".join(lines[50:])]))
    assert back == answers
    for one, other in zip(back, answers, strict=True):
        if isinstance(one, RejectedRow) and isinstance(other, RejectedRow):
            assert [fault.in_language("zh") for fault in one.faults] == [
                fault.in_language("zh") for fault in other.faults
            ]
