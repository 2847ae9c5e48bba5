"""Faults as a user meets them, in processes of the command itself, over the commands that write.

``FAULTS`` names each and where it is tested; what is not tested elsewhere is tested here. After a fault: the exit code
of the contract, one message with place, finding and remedy, in both languages; nothing under the final name but what
stood there before, no file that was only for the time being, and the parts of a batch only where it says how to
continue.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from every_command import commands, make_files
from matchmaker.cli import app
from matchmaker.errors import InputError
from matchmaker.intake.seenids import SeenIds
from matchmaker.ledger.cases import list_cases
from matchmaker.ledger.checks import find_damage
from matchmaker.ledger.referrals import find_referral, list_changes
from matchmaker.ledger.store import open_ledger
from test_resume import profiles, table

FAULTS: Mapping[str, Sequence[str]] = {
    "disk full": (
        "test_faults.test_a_full_disk",
        "test_faults.test_a_ledger_on_a_full_disk",
        "test_faults.test_no_room_for_temporary_files",
        "test_resume.test_a_full_disk_loses_nothing",
        "test_resume.test_a_file_system_that_is_really_full",
        "test_cli.test_a_full_disk_is_told",
    ),
    "read-only folder": (
        "test_faults.test_a_folder_that_may_not_be_written",
        "test_faults.test_a_good_table_in_a_folder_that_may_not_be_written",
        "test_files.test_no_permission_is_a_fault",
    ),
    "output is a folder": ("test_faults.test_an_output_that_is_a_folder", "test_cli.test_a_wrong_output"),
    "broken pipe": (
        "test_faults.test_a_reader_that_has_had_enough",
        "test_cli.test_a_reader_that_has_had_enough_is_no_error",
        "test_cli.test_head_gets_its_line",
    ),
    "input changes while it is read": (
        "test_faults.test_an_input_that_changes",
        "test_faults.test_an_input_that_is_only_saved_again",
    ),
    "a worker dies": (
        "test_faults.test_a_worker_that_dies",
        "test_batch.test_a_process_that_dies_is_an_error_and_no_wait",
        "test_dask.test_a_worker_killed_in_the_middle_changes_nothing",
        "test_kills.test_a_batch_that_is_killed",
    ),
    "SIGTERM": (
        "test_faults.test_sigterm_leaves_nothing_half",
        "test_faults.test_sigterm_in_the_middle_of_an_import",
        "test_resume.test_what_is_stopped_tells_the_command_that_continues",
    ),
    "no home": (
        "test_faults.test_no_home",
        "test_cache.test_without_a_home_folder_nothing_is_kept",
        "test_doctor.test_without_a_home_folder",
    ),
    "no locale": ("test_faults.test_no_locale", "test_cli.test_any_locale_will_do"),
    "a clock that jumps": ("test_faults.test_a_clock_that_jumps", "test_faults.test_a_ledger_whose_clock_is_set_back"),
    "a terminal of 40 columns": ("test_faults.test_forty_columns", "test_cli.test_forty_columns_are_enough"),
    "no terminal at all": ("test_faults.test_no_streams_at_all", "test_cli.test_closed_streams"),
    "killed": ("test_kills.test_a_batch_that_is_killed_often", "test_kills.test_a_writer_killed_often"),
}

pytestmark = [pytest.mark.kills, pytest.mark.skipif(os.name == "nt", reason="mounts, signals and pipes of Unix")]

HERE = Path(__file__).parents[1]
LIMIT = 120.0
N_ROWS = 400
SMALL = ("--institutes", "small.yaml", "--ledger", "none")
JUDGED = ("--problems", "asked.csv", "--qrels", "qrels.txt", "--institutes", "institutes.jsonl")
WRITERS: Mapping[str, tuple[str, ...]] = {
    "out.csv": ("batch", "table.csv", *SMALL, "-q", "-o"),
    "out.jsonl": ("batch", "table.csv", *SMALL, "-q", "-o"),
    "out.xlsx": ("batch", "table.csv", *SMALL, "-q", "-o"),
    "out.html": ("batch", "table.csv", *SMALL, "-q", "-o"),
    "out.parquet": ("batch", "table.csv", *SMALL, "-q", "-o"),
    "parts/": ("batch", "table.csv", *SMALL, "-q", "--format", "jsonl", "-o"),
    "report.html": ("report", "good.csv", *SMALL, "-q", "-o"),
    "measures.md": ("evaluate", *JUDGED, "-q", "-o"),
    "run.txt": ("evaluate", *JUDGED, "-q", "--run-out"),
    "wrong.csv": ("evaluate", *JUDGED, "-q", "--errors-out"),
    "settings.toml": ("calibrate", *JUDGED, "-q", "-o"),
    "cases.csv": ("cases", "export", "--ledger", "full.db", "-q", "-o"),
    "backup.db": ("ledger", "backup", "--ledger", "full.db", "-q"),
}
"""What each command that writes a file is given, but for the name of the file."""


def test_every_fault_is_tested() -> None:
    for names in FAULTS.values():
        for name in names:
            module, _, function = name.partition(".")
            tree = ast.parse(next(HERE.rglob(f"{module}.py")).read_text("utf-8"))
            found = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
            assert function in found, name


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what all commands read; none of them writes there."""
    folder = tmp_path_factory.mktemp("given")
    (folder / "table.csv").write_text(table(N_ROWS), "utf-8")
    rows = (f"P-{n},供水管网漏损检测 {n},找不到漏点\n" for n in range(N_ROWS))
    (folder / "good.csv").write_text("id,title,description\n" + "".join(rows), "utf-8")
    profiles(folder / "small.yaml")
    for name, copy in (("problems.csv", "asked.csv"), ("qrels.txt", "qrels.txt"), ("institutes.jsonl",) * 2):
        shutil.copy(HERE / "data" / "evaluation" / name, folder / copy)
    rows = (f"管网漏损检测 {n},找不到漏点,giii,已解决,年报\n" for n in range(N_ROWS))
    (folder / "known.csv").write_text("需求名称,需求描述,承担单位,解决情况,来源\n" + "".join(rows), "utf-8")
    done = command("cases", "import", "known.csv", "--any-institute", "--by", "a", "--ledger", "full.db", at=folder)
    assert done.returncode == 0, done.stderr
    return folder


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    fixed = {"COLUMNS": "100", "MATCHMAKER_LEDGER": "none", "OPENBLAS_NUM_THREADS": "1"}  # as the command sets it
    return {**kept, **fixed, **more}


def command(
    *args: str, at: Path, program: str = "", limit: int | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, within some seconds in any case; ``program`` is run before it.

    Args:
        args: Its arguments.
        at: The folder in which it runs.
        program: Python that runs first, to make a fault happen.
        limit: How large a file may become.
        env: All variables of its environment.
    """

    def limited() -> None:
        import resource

        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{program}\nfrom matchmaker.cli import main\nmain()", *args],
        cwd=at,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=LIMIT,
        env=env or environment(),
        preexec_fn=limited,
        check=False,
    )


def in_chinese(*args: str, at: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the command says on stderr in Chinese, run in this process, which is quick."""
    monkeypatch.chdir(at)
    result = CliRunner().invoke(app, [*args, "--lang", "zh"], env={"COLUMNS": "100"}, prog_name="matchmaker")
    assert result.exit_code == 3, result.output
    return result.stderr


def listing(folder: Path) -> Mapping[str, bytes]:
    """Everything below a folder, hidden files as well; folders with a stroke at the end."""
    return {
        f"{path.relative_to(folder)}{'/' * path.is_dir()}": b"" if path.is_dir() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
    }


def fill(folder: Path) -> None:
    """Use up all room of a disk."""
    with (folder / "filler").open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


# --- the disk


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk(name: str, given: Path, disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = disk / name
    if not name.endswith("/"):
        output.write_text("old")
    fill(disk)
    before = listing(disk)
    done = command(*WRITERS[name], f"{disk}/{name}", "--lang", "en", at=given)
    assert (done.returncode, done.stdout) == (3, "")
    told = [line for line in done.stderr.splitlines() if not line.startswith("rejected: ")]
    if name == "backup.db":
        assert told[0] == f"error: {output}: the disk is full; nothing was written; free some space, then try again"
    else:
        place = str(output).removesuffix("/")
        finding = "cannot be written (no space left on device)"
        assert told[0] == f"error: {place}: {finding}; free some space, or choose another disk"
    left = {path: content for path, content in listing(disk).items() if content != before.get(path, "-")}
    if len(told) == 1:
        assert left == {}
        said = in_chinese(*WRITERS[name], f"{disk}/{name}", at=given, monkeypatch=monkeypatch)
        expected = (
            "磁盘已满，未写入任何内容；请腾出空间后再试" if name == "backup.db" else "无法写入（磁盘空间不足）；请清理"
        )
        assert f"错误：{place if name != 'backup.db' else output}：{expected}" in said
        return
    assert told[1].startswith("what is done is kept; to continue: ")
    assert set(left) <= {f"{name.rstrip('/')}.journal"}
    (disk / "filler").unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
    again = command(*WRITERS[name], f"{disk}/{name}", "--lang", "en", "--resume", at=given)
    assert again.returncode == 3
    assert "error:" not in again.stderr
    elsewhere = command(*WRITERS[name], f"{tmp_path}/there/{name}", "--lang", "en", at=made(given, tmp_path / "there"))
    assert elsewhere.returncode == 3
    assert listing(disk) == listing(tmp_path / "there")


def made(given: Path, folder: Path) -> Path:
    """``given``, with a folder made on the way."""
    folder.mkdir(parents=True)
    return given


def test_a_ledger_on_a_full_disk(given: Path, disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
    shutil.copy(given / "full.db", disk / "l.db")
    fill(disk)
    writes = (
        ("cases", "add", "--title", "振动", "--institute", "alpha", "--institutes", "small.yaml"),
        ("refer", "leak.txt", "alpha", "--institutes", "small.yaml"),
    )
    (disk.parent / "leak.txt").write_text("供水管网漏损检测\n找不到漏点", "utf-8")
    shutil.copy(given / "small.yaml", disk.parent)
    for args in writes:
        done = command(*args, "--by", "a", "--ledger", "disk/l.db", "--lang", "en", at=disk.parent)
        assert (done.returncode, done.stdout) == (3, "")
        assert (
            done.stderr == "error: disk/l.db: the disk is full; nothing was written; free some space, then try again\n"
        )
    said = in_chinese(*writes[0], "--by", "a", "--ledger", "disk/l.db", at=disk.parent, monkeypatch=monkeypatch)
    assert said == "错误：disk/l.db：磁盘已满，未写入任何内容；请腾出空间后再试\n"
    new = command(*writes[0], "--by", "a", "--ledger", "disk/new.db", at=disk.parent)
    assert new.returncode == 3
    (disk / "filler").unlink()
    for name, n_before in (("l.db", N_ROWS), ("new.db", 0)):
        done = command(*writes[0], "--by", "a", "--ledger", f"disk/{name}", "-q", at=disk.parent)
        assert done.returncode == 0, done.stderr
        with open_ledger(disk / name) as opened:
            assert find_damage(opened) == []
            assert len(list_cases(opened)) == n_before + 1


@pytest.mark.parametrize("format", ["csv", "xlsx", "parquet"])
def test_no_room_for_temporary_files(format: str, given: Path) -> None:
    args = ("batch", "good.csv", *SMALL, "-q", "--format", format)
    done = command(*args, "--lang", "en", at=given, limit=0)
    remedy = "free some space, or set TMPDIR to a folder on a disk that has some"
    assert done.stderr == f"error: temporary files: no temporary files can be created; {remedy}\n"
    assert (done.returncode, done.stdout) == (3, "")
    done = command(*args, "--lang", "zh", at=given, limit=0)
    assert done.stderr.startswith("错误：临时文件：没有可用的位置或空间；请清理磁盘空间，或将 TMPDIR ")


def test_no_room_for_the_ids_of_a_long_table() -> None:
    with SeenIds() as seen:
        seen._database.execute("PRAGMA max_page_count = 3")
        with pytest.raises(InputError, match="temporary files: no temporary files can be created"):
            all(map(seen.unique, map(str, range(10_000))))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can mount")
@pytest.mark.parametrize("name", WRITERS)
def test_a_folder_that_may_not_be_written(name: str, given: Path, disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    done = command(*WRITERS[name], f"{disk}/{name}", "--lang", "en", at=given)
    assert (done.returncode, done.stdout) == (3, "")
    *_, told = done.stderr.splitlines()
    place, finding = f"{disk}/{name}".rstrip("/"), "cannot be written (read-only file system)"
    remedy = "allow writing there, close the file where it is open, or choose another place"
    assert told == f"error: {place}: {finding}; {remedy}"
    said = in_chinese(*WRITERS[name], f"{disk}/{name}", at=given, monkeypatch=monkeypatch)
    assert said.splitlines()[-1].startswith(f"错误：{place}：无法写入（磁盘只读）；请开放写入权限")
    assert listing(disk) == {}


def test_a_ledger_that_may_not_be_written(given: Path, disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
    shutil.copy(given / "full.db", disk / "l.db")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    before = listing(disk)
    args = ("cases", "add", "--title", "x", "--institute", "alpha", "--institutes", "small.yaml", "--by", "a")
    done = command(*args, "--ledger", f"{disk}/l.db", "--lang", "en", at=given)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"error: {disk}/l.db: cannot be opened; check the path, and that its folder may be written\n"
    said = in_chinese(*args, "--ledger", f"{disk}/new.db", at=given, monkeypatch=monkeypatch)
    assert said == f"错误：{disk}/new.db：无法新建（磁盘只读）；请用 --ledger 另选位置\n"
    assert listing(disk) == before


def test_a_good_table_in_a_folder_that_may_not_be_written(given: Path, disk: Path, tmp_path: Path) -> None:
    shutil.copy(given / "known.csv", disk)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    args = ("cases", "import", "disk/known.csv", "--any-institute", "--by", "a", "--ledger", "l.db", "-q")
    done = command(*args, at=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", WRITERS)
def test_an_output_that_is_a_folder(name: str, given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "out" / name.replace("parts/", "parts.csv")
    output.mkdir(parents=True)
    args = [word for word in WRITERS[name] if word not in ("--format", "jsonl")]
    done = command(*args, str(output), "--lang", "en", at=given)
    assert (done.returncode, done.stdout) == (3, "")
    *_, told = done.stderr.splitlines()
    assert told.startswith(f"error: {output}: cannot be written (")
    assert told.endswith("a folder); give the name of a file in that folder") or "is a directory" in told
    said = in_chinese(*args, str(output), at=given, monkeypatch=monkeypatch)
    assert said.splitlines()[-1] == f"错误：{output}：无法写入（这是文件夹）；请写明该文件夹中的文件名"
    assert list(listing(tmp_path / "out")) == [f"{output.name}/"]


# --- pipes and streams


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "args",
    [
        ("batch", "good.csv", *SMALL, "-q", "--format", "xlsx"),
        ("batch", "good.csv", *SMALL, "-q", "--format", "table"),
        ("report", "good.csv", *SMALL),
        ("evaluate", *WRITERS["measures.md"][1:-1], "--format", "json"),
        ("cases", "export", "--ledger", "full.db"),
        ("cases", "list", "--ledger", "full.db"),
    ],
)
def test_a_reader_that_has_had_enough(args: Sequence[str], unbuffered: str, given: Path) -> None:
    program = shlex.join([sys.executable, "-W", "error", "-m", "matchmaker", *args])
    done = subprocess.run(
        ["sh", "-c", f"{{ {program}; echo $? >&2; }} | head -c 5"],
        cwd=given,
        capture_output=True,
        timeout=LIMIT,
        env=environment(PYTHONUNBUFFERED=unbuffered),
        check=False,
    )
    assert len(done.stdout) == 5
    *told, code = done.stderr.decode().splitlines()
    assert [line for line in told if "table.csv" not in line and "good.csv" not in line] == []
    assert code in {"0", str(128 + signal.SIGPIPE)}


def test_no_streams_at_all(given: Path, tmp_path: Path) -> None:
    """As a program that is started by another one without a terminal, with all streams closed."""
    for name in ("out.csv", "out.xlsx", "report.html", "cases.csv"):
        whole, closed = tmp_path / f"1-{name}", tmp_path / f"2-{name}"
        code = command(*WRITERS[name], str(whole), at=given).returncode
        program = shlex.join([sys.executable, "-W", "error", "-m", "matchmaker", *WRITERS[name], str(closed)])
        done = subprocess.run(
            ["setsid", "-w", "sh", "-c", f"{program} <&- >&- 2>&-"],
            cwd=given,
            timeout=LIMIT,
            env=environment(),
            check=False,
        )
        assert done.returncode == code, name
        assert closed.read_bytes() == whole.read_bytes()


PROGRAM_OF_ALL = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import every_command
from matchmaker.cli import main
for line in every_command.commands(Path({root!r})):
    print("\\n$", *map(repr, line), flush=True)
    sys.argv = ["matchmaker", *line]
    try:
        main()
    except SystemExit:
        pass
    sys.stdout.flush()
"""


def test_forty_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command there is on a real terminal of 40 columns: tables fit, but for addresses, which stay whole."""
    import fcntl
    import pty
    import struct
    import termios

    monkeypatch.chdir(tmp_path)
    make_files()
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 40, 0, 0))
    env = {**environment(TERM="xterm", MATCHMAKER_LEDGER="l.db", HOME=str(tmp_path)), "XDG_CACHE_HOME": str(tmp_path)}
    env.pop("COLUMNS")
    program = PROGRAM_OF_ALL.format(tests=str(HERE), root=str(HERE.parent))
    data = b""
    with (
        Path("told").open("wb") as told,
        subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.DEVNULL, stdout=slave, stderr=told, env=env
        ) as process,
    ):
        os.close(slave)
        try:
            while piece := os.read(master, 65536):
                data += piece
        except OSError:  # as Linux says that nobody writes any more
            pass
        finally:
            os.close(master)
            process.kill()
    assert b"Traceback" not in Path("told").read_bytes()
    shown = data.decode().replace("\r\n", "\n")
    assert shown.count("\n$ ") == len(commands(HERE.parent))
    wide = too_wide(shown)
    assert wide == []


DATA = ("json", "jsonl", "csv", "md", "html")


def too_wide(shown: str) -> list[str]:
    """Lines beyond 40 cells but for those with an address, and the output of commands that write data."""
    found, name = [], ""
    for line in re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines():
        name = line if line.startswith("$ ") else name
        is_data = any(f"'{word}'" in name for word in DATA) or name.startswith(WITHOUT_TABLES)
        is_data = is_data and "--dry-run" not in name
        if cell_len(line) > 40 and line != name and not is_data and "http" not in line:
            found.append(f"{name}: {line}")
    return found


WITHOUT_TABLES = ("$ 'batch'", "$ 'lint'", "$ 'doctor'", "$ 'cases' 'export'", "$ 'cases' 'anonymise'")


# --- an input that changes

CHANGING = """
import os
from matchmaker.intake import tables
row, n = tables.ProblemTable._row, 0
def row_and_change(*args):
    global n
    n += 1
    if n == 50:
        change()
    return row(*args)
tables.ProblemTable._row = row_and_change
def change():
    """
CHANGES = {
    "grows": "with open({name!r}, 'ab') as file: file.write('P-x,供水管网漏损检测,new\\n'.encode())",
    "shrinks": "os.truncate({name!r}, os.stat({name!r}).st_size // 2)",
    "is replaced": "os.replace('other.csv', {name!r})",
    "is written over": "open({name!r}, 'wb').write(open('other.csv', 'rb').read())",
}


@pytest.fixture
def inputs(given: Path, tmp_path: Path) -> Path:
    """A folder of one's own with the inputs, which may be harmed."""
    folder = tmp_path / "inputs"
    shutil.copytree(given, folder)
    rows = (f"Q-{n},表面缺陷检测 {n},机器视觉\n" for n in range(N_ROWS))
    (folder / "other.csv").write_text("id,title,description\n" + "".join(rows), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("args", "name", "change"),
    [
        *(
            (("batch", "good.csv", *SMALL, "--workers", "2", "-o", "out/o.csv"), "good.csv", change)
            for change in CHANGES
        ),
        (("batch", "good.csv", *SMALL), "good.csv", "shrinks"),
        (("batch", "good.xlsx", *SMALL, "-o", "out/o.xlsx"), "good.xlsx", "shrinks"),
        (("batch", "good.jsonl", *SMALL, "-o", "out/o.jsonl"), "good.jsonl", "shrinks"),
        (("batch", "good.parquet", *SMALL, "-o", "out/o.jsonl"), "good.parquet", "is replaced"),
        (("report", "good.csv", *SMALL, "-o", "out/o.html"), "good.csv", "grows"),
        (("cases", "import", "known.csv", "--any-institute", "--by", "a", "--ledger", "l.db"), "known.csv", "shrinks"),
    ],
)
def test_an_input_that_changes(args: Sequence[str], name: str, change: str, inputs: Path) -> None:
    (inputs / "out").mkdir()
    convert(inputs / "good.csv", inputs / name)
    done = command(*args, "--lang", "en", at=inputs, program=CHANGING + CHANGES[change].format(name=name))
    error = f"error: {name}: changed while it was being read; run again when nothing writes to it"
    assert done.returncode == 3
    assert error in done.stderr.splitlines()
    left = {path for path in listing(inputs / "out") if not path.endswith(".journal")}
    assert left == set()
    if "what is done is kept; to continue: " in done.stderr:
        again = command(*args, "--lang", "en", "--resume", at=inputs)
        is_torn = name.endswith(".xlsx")  # a workbook of which a part is gone
        finding = "the file is damaged or incomplete" if is_torn else "is void, changed since: the input; begun anew"
        assert finding in again.stderr
    else:
        assert listing(inputs / "out") == {}


def convert(table: Path, path: Path) -> None:
    """The same table as another kind of file."""
    import csv

    import openpyxl
    import pyarrow as pa
    from pyarrow import parquet

    if path.exists():
        return
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if path.suffix == ".jsonl":
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    elif path.suffix == ".parquet":
        parquet.write_table(pa.Table.from_pylist(rows), path)
    else:
        book = openpyxl.Workbook()
        sheet = book.create_sheet("rows", 0)
        for row in (list(rows[0]), *(list(row.values()) for row in rows)):
            sheet.append(row)
        book.save(path)


def test_an_input_that_is_only_saved_again(inputs: Path) -> None:
    """The same bytes under another date: it cannot be known while it is read, but nothing is done twice."""
    args = ("batch", "good.csv", *SMALL, "--workers", "1", "--lang", "en", "-o")
    program = (
        "from matchmaker.runs import journal\njournal._INTERVAL = 0.0\n" + CHANGING + "os.utime('good.csv', (1, 1))"
    )
    done = command(*args, "out.csv", at=inputs, program=program)
    assert done.returncode == 3
    again = command(*args, "out.csv", "--resume", at=inputs)
    assert again.returncode == 0
    assert "note: continued after " in again.stderr
    assert command(*args, "whole.csv", at=inputs).returncode == 0
    assert (inputs / "out.csv").read_bytes() == (inputs / "whole.csv").read_bytes()


# --- processes that end

DYING = """
import os, signal
from matchmaker.matching.matcher import Matcher
from matchmaker.runs import workers as batch
batch._CHUNK = 32
match = Matcher.match
def die_once(*args, **options):
    try:
        os.close(os.open("died", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return match(*args, **options)
    os.kill(os.getpid(), signal.SIGKILL)
Matcher.match = die_once
"""


@pytest.mark.parametrize("output", [("-o", "out.csv"), ("-o", "out.xlsx"), ()])
def test_a_worker_that_dies(output: Sequence[str], inputs: Path) -> None:
    args = ("batch", "good.csv", *SMALL, "--workers", "2", "--lang", "en", *output)
    done = command(*args, at=inputs, program=DYING)
    assert done.returncode == 3
    finding = "one of them ended before its work was done; there may be too little memory for so many"
    _, error, *hint = done.stderr.splitlines()
    assert error == f"error: worker processes: {finding}; run again with --workers 1"
    if not output:
        assert (done.stdout, hint) == ("", [])
        return
    (continuing,) = hint
    assert continuing.startswith("what is done is kept; to continue: ")
    assert not (inputs / output[1]).exists()
    assert command(*args, "--resume", at=inputs).returncode == 0
    assert command(*args[:-1], f"whole-{output[1]}", at=inputs).returncode == 0
    assert (inputs / output[1]).read_bytes() == (inputs / f"whole-{output[1]}").read_bytes()
    assert not [path for path in listing(inputs) if path.endswith(".journal") or ".tmp-" in path]


# A command that waits where a file is whole but not yet in its place.
WAITING = """
import os, time
fsync = os.fsync
def fsync_and_wait(file):
    fsync(file)
    open("is here", "w").close()
    time.sleep(120)
os.fsync = fsync_and_wait
"""
WAITING_IMPORT = """
import time
from matchmaker.ledger import importing
from matchmaker.ledger import cases
importing.AT_ONCE = 25
n = 0
add_cases = cases.add_cases
def add_and_wait(*args, **more):
    global n
    n += 1
    if n == 3:
        open("is here", "w").close()
        time.sleep(120)
    return add_cases(*args, **more)
cases.add_cases = add_and_wait
"""


@contextmanager
def waiting(*args: str, at: Path, program: str) -> Iterator[subprocess.Popen[str]]:
    """A command that waits at a set place; ended in any case."""
    program = f"{program}\nfrom matchmaker.cli import main\nmain()"
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", program, *args], cwd=at, stdout=pipe, stderr=pipe, text=True, env=environment()
    ) as process:
        try:
            end = time.monotonic() + LIMIT
            while not (at / "is here").exists():
                assert process.poll() is None
                assert time.monotonic() < end
                time.sleep(0.01)
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("name", ["report.html", "measures.md", "cases.csv", "backup.db"])
def test_sigterm_leaves_nothing_half(name: str, number: int, code: int, inputs: Path) -> None:
    (inputs / name).write_text("old")
    before = listing(inputs)
    with waiting(*WRITERS[name], name, at=inputs, program=WAITING) as process:
        assert set(listing(inputs)) > {*before, "is here"}  # the file on its way
        process.send_signal(number)
        _, told = process.communicate(timeout=LIMIT)
    assert process.returncode == code
    assert "Traceback" not in told
    (inputs / "is here").unlink()
    assert listing(inputs) == before


def test_sigterm_in_the_middle_of_an_import(inputs: Path) -> None:
    args = ("cases", "import", "known.csv", "--any-institute", "--by", "a", "--ledger", "l.db")
    with waiting(*args, at=inputs, program=WAITING_IMPORT) as process:
        process.terminate()
        _, told = process.communicate(timeout=LIMIT)
    assert process.returncode == 143
    assert "Traceback" not in told
    assert not [path for path in listing(inputs) if path.startswith(("l.db-", "known.csv.rejects", "."))]
    with open_ledger(inputs / "l.db") as opened:
        assert find_damage(opened) == []
        assert len(list_cases(opened)) == 50
    assert command(*args, at=inputs).returncode == 0
    with open_ledger(inputs / "l.db") as opened:
        assert len(list_cases(opened)) == N_ROWS


# --- surroundings


def without_home() -> dict[str, str]:
    names = ("HOME", "USER", "LOGNAME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "MATCHMAKER_LEDGER")
    return {name: value for name, value in environment().items() if name not in names}


# A user whom the system does not know, as in many containers: no name, no folder.
UNKNOWN = """
import os, pwd
def unknown(*_):
    raise KeyError("no such user")
pwd.getpwuid = pwd.getpwnam = unknown
"""


@pytest.mark.parametrize("name", ["out.csv", "report.html"])
def test_no_home(name: str, given: Path, tmp_path: Path) -> None:
    here = command(*WRITERS[name], str(tmp_path / name), at=given)
    args = [word for word in WRITERS[name] if word not in ("--ledger", "none")]
    there = command(*args, str(tmp_path / f"no-{name}"), at=given, program=UNKNOWN, env=without_home())
    assert (there.returncode, there.stderr) == (here.returncode, here.stderr)
    assert (tmp_path / name).read_bytes() == (tmp_path / f"no-{name}").read_bytes()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_home_for_a_ledger(lang: str, inputs: Path) -> None:
    before = listing(inputs)
    args = ("cases", "import", "known.csv", "--any-institute", "--lang", lang, "-q")
    done = command(*args, "--by", "a", at=inputs, program=UNKNOWN, env=without_home())
    assert (done.returncode, done.stdout) == (3, "")
    assert "Traceback" not in done.stderr
    assert "--ledger" in done.stderr
    nobody = command(*args, "--ledger", "l.db", at=inputs, program=UNKNOWN, env=without_home())
    assert nobody.returncode == 3
    assert "--by" in nobody.stderr
    (inputs / "l.db").unlink(missing_ok=True)
    assert listing(inputs) == before


@pytest.mark.parametrize("env", [{"LANG": "C"}, {"LC_ALL": "POSIX"}])
def test_no_locale(env: dict[str, str], inputs: Path) -> None:
    """Names of files in Chinese as well."""
    shutil.copy(inputs / "table.csv", inputs / "表.csv")
    shutil.copytree(inputs, inputs.parent / "c")
    for at, variables in ((inputs, {"LC_ALL": "C.UTF-8"}), (inputs.parent / "c", env)):
        for name in ("果.csv", "果.html", "果.xlsx", "果.jsonl"):
            done = command("batch", "表.csv", *SMALL, "-q", "-o", name, at=at, env=environment(**variables))
            assert done.returncode == 3
            assert "Traceback" not in done.stderr
        done = command("report", "表.csv", *SMALL, "-q", "-o", "页.html", at=at, env=environment(**variables))
        assert done.returncode == 3
        done = command(
            "cases", "export", "--ledger", "full.db", "-q", "-o", "例.csv", at=at, env=environment(**variables)
        )
        assert done.returncode == 0
    assert listing(inputs) == listing(inputs.parent / "c")


# A clock that is years ahead or behind whenever it is looked at.
JUMPING = """
import itertools, time
from datetime import datetime, timedelta
real, jumps = time.time, itertools.cycle((0, 10 ** 9, -10 ** 9))
time.time = lambda: real() + next(jumps)
from matchmaker.ledger import store
class Jumping(datetime):
    @classmethod
    def now(cls, zone=None):
        return datetime.now(zone) + timedelta(days=next(jumps) / 86400)
store.datetime = Jumping
"""


def test_a_clock_that_jumps(given: Path, tmp_path: Path) -> None:
    for name in ("out.csv", "report.html"):
        assert command(*WRITERS[name], str(tmp_path / name), at=given).returncode in {0, 3}
        done = command(*WRITERS[name], str(tmp_path / f"j-{name}"), at=given, program=JUMPING)
        assert done.returncode in {0, 3}
        assert (tmp_path / name).read_bytes() == (tmp_path / f"j-{name}").read_bytes()
    done = command(
        "batch", "good.csv", *SMALL, "-o", str(tmp_path / "o.csv"), "--lang", "en", at=given, program=JUMPING
    )
    (counted,) = [line for line in done.stderr.splitlines() if " rows read, " in line]
    assert 0 <= float(counted.rpartition(", ")[2].removesuffix(" s").replace(",", "")) < LIMIT


def test_a_ledger_whose_clock_is_set_back(inputs: Path) -> None:
    """Order rests on numbers, never on stamps; what happened in the future counts as of today."""
    (inputs / "leak.txt").write_text("供水管网漏损检测\n找不到漏点", "utf-8")
    small = ("--institutes", "small.yaml")
    steps: list[tuple[str, ...]] = [
        ("refer", "leak.txt", "alpha", *small, "--by", "a"),
        ("referrals", "set", "R-1", "contacted", "--by", "a"),
        ("referrals", "set", "R-1", "visited", "--by", "a"),
        ("referrals", "set", "R-1", "declined", "--reason", "no-capacity", "--by", "a"),
        ("cases", "add", "--title", "振动", "--institute", "alpha", *small, "--by", "a"),
        ("referrals", "show", "R-1"),
        ("referrals", "list"),
        ("referrals", "due"),
        ("stats", *small),
        ("ledger", "check"),
        ("match", "leak.txt", *small),
    ]
    for year, args in zip((2040, 1999, 2026, 2050, 1990, 2026, 1999, 2040, 2026, 1999, 2026), steps, strict=True):
        program = (
            "from datetime import UTC, datetime\nfrom matchmaker.ledger import store\n"
            "class Set(datetime):\n    @classmethod\n"
            f"    def now(cls, zone=None): return datetime({year}, 3, 1, tzinfo=UTC)\n"
            "store.datetime = Set"
        )
        env = environment(MATCHMAKER_LEDGER="l.db")
        done = command(*args, "--lang", "en", at=inputs, program=program, env=env)
        assert done.returncode == 0, (args, done.stderr)
    with open_ledger(inputs / "l.db") as opened:
        assert find_damage(opened) == []
        kept = list_changes(opened, find_referral(opened, "R-1"))
    assert [step.state for step in kept] == ["proposed", "contacted", "visited", "declined"]
    assert [str(step.stamp.at)[:4] for step in kept] == ["2040", "1999", "2026", "2050"]
