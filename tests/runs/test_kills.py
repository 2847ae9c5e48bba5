"""Kills at random moments: no row that was reported as done is lost, and the end has the bytes of a run without them.

The short form runs with all tests. The long one, marked ``long``, has more than a thousand kills; ``make stress`` runs
it and counts them. What is random hangs on a seed, which a failure prints.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from ledger_writers import CHUNK, WRITERS, write_until_killed
from matchmaker.cli import app
from matchmaker.errors import LedgerError
from matchmaker.ledger.cases import list_cases
from matchmaker.ledger.checks import find_damage
from matchmaker.ledger.referrals import list_referrals
from matchmaker.ledger.store import open_ledger
from test_dask import Cluster, wait_for
from test_dask import started as on_cluster
from test_resume import WAITING, counts, profiles, table

pytestmark = [pytest.mark.kills, pytest.mark.skipif(os.name == "nt", reason="signals of Unix")]

LIMIT = 120.0  # seconds that one run may take; a usual one takes two
N_ROWS = 600
N_READ = sum(bool(row.strip(",")) for row in table(N_ROWS).splitlines()[1:])  # without blank ones
# Many marks, small chunks and small parts: moments at which something is half done are frequent so.
PROGRAM = """
import sys
if sys.argv[1] == "batch":
    from matchmaker.runs import journal, workers as batch
    batch._CHUNK, journal._INTERVAL, journal._LEAST_SHARE = 64, 0.003, 0
if "--dask" in sys.argv:
    batch._CHUNK = 16
if "out/parts/" in sys.argv:
    from matchmaker.writing import columns
    columns.PER_PART = 150
if sys.argv[1] == "cases":
    from matchmaker.ledger import importing
    importing.AT_ONCE = 25
from matchmaker.cli import main
main()
"""
FORMATS = ("csv", "jsonl", "json", "md", "xlsx", "html", "parquet", "parts")
VICTIMS = (("1", "main process"), ("2", "main process"), ("2", "worker"))
CASES = 400

Tally = Callable[[str, int], None]


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Iterator[Tally]:
    """Counts kills and rows; what is counted stands in the report that pytest writes."""
    found: Counter[str] = Counter()

    def add(what: str, n: int) -> None:
        found[what] += n

    yield add
    for what, n in found.items():
        record_property(what, n)


@contextmanager
def started(folder: Path, *args: str, waits_after: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """The command in a process of its own, ended in any case; what it tells goes to ``told``.

    A batch that waits after so many rows does so until the file ``waiting`` goes.
    """
    program = PROGRAM if waits_after is None else WAITING.format(stops=[waits_after]) + PROGRAM
    environment = {name: value for name, value in os.environ.items() if name != "MATCHMAKER_LEDGER"}
    with (folder / "told").open("wb") as told:
        process = subprocess.Popen(
            [sys.executable, "-c", program, *args],
            cwd=folder,
            # As the command sets it by itself: with threads there, workers are not forked.
            env={**environment, "COLUMNS": "100", "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=told,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(process: subprocess.Popen[bytes], is_so: Callable[[], bool], seconds: float = LIMIT) -> None:
    """Wait for something to be so, for the end of the process, or so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None and not is_so():
        time.sleep(0.001)


def told(folder: Path) -> str:
    return (folder / "told").read_text("utf-8")


def everything(folder: Path) -> Mapping[str, bytes]:
    """All files below a folder, hidden ones as well."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# --- batches


class Batch:
    """A batch of a table in a folder, whose outputs go to a folder in it."""

    def __init__(self, folder: Path, format: str) -> None:
        self.folder, self.format = folder, format
        self.outputs = folder / "out"
        self.outputs.mkdir(parents=True)
        (folder / "table.csv").write_text(table(N_ROWS), "utf-8")
        profiles(folder / "small.yaml")
        self.goal = "out/parts" if format == "parts" else f"out/shortlists.{format}"
        self.journal = folder / f"{self.goal}.journal"

    def args(self, workers: str) -> list[str]:
        output = [f"{self.goal}/", "--format", "jsonl"] if self.format == "parts" else [self.goal]
        fixed = ["--institutes", "small.yaml", "--ledger", "none", "--lang", "en", "--resume"]
        return ["batch", "table.csv", *fixed, "--workers", workers, "-o", *output]

    def marks(self) -> list[dict[str, object]]:
        """The whole lines of the journal after its first; a torn one is none."""
        try:
            lines = self.journal.read_bytes().split(b"\n")[1:-1]
        except FileNotFoundError:
            return []
        return [json.loads(line.partition(b" ")[2]) for line in lines]

    def n_done(self) -> int:
        """How many rows the journal vouches for."""
        marks = self.marks()
        return sum(marks[-1]["counts"]) if marks else 0  # type: ignore[call-overload]

    def n_lines(self) -> int:
        try:
            return self.journal.read_bytes().count(b"\n")
        except FileNotFoundError:
            return 0

    def is_complete(self) -> bool:
        """Whether all rows are noted as done."""
        try:
            *_, last, _ = self.journal.read_bytes().split(b"\n")
            return bool(sum(json.loads(last.partition(b" ")[2])["counts"]) == N_READ)
        except (FileNotFoundError, ValueError, KeyError):  # not there, or no line after the first
            return False

    def left(self) -> Mapping[str, bytes]:
        return everything(self.outputs)

    def clear(self) -> None:
        for path in sorted(self.outputs.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Mapping[str, bytes], str]]:
    """The files and the counts of a run that nothing kills, by format."""

    @cache
    def of(format: str) -> tuple[Mapping[str, bytes], str]:
        one = Batch(tmp_path_factory.mktemp("wanted") / format, format)
        with started(one.folder, *one.args("1")) as process:
            process.wait(LIMIT)
        assert process.returncode == 3
        return one.left(), counts(told(one.folder))

    return of


Wanted = Callable[[str], tuple[Mapping[str, bytes], str]]


def kill_somewhere(process: subprocess.Popen[bytes], one: Batch, victim: str, chance: random.Random) -> bool:
    """Kill a run or one of its workers: when it begins, in the middle, or while finished files come to their places."""
    moment = chance.choice(("begin", "middle", "middle", "end"))
    if moment == "begin":
        until(process, lambda: False, chance.uniform(0, 0.8))
    elif moment == "middle":
        goal = one.n_lines() + chance.randint(1, 40)
        until(process, lambda: one.n_lines() >= goal or one.is_complete())
        time.sleep(chance.uniform(0, 0.01))
    else:
        until(process, one.is_complete)
        time.sleep(chance.uniform(0, 0.2))
    target = process.pid
    if victim == "worker":
        until(process, lambda: bool(workers_of(process.pid)) or one.is_complete())
        time.sleep(0.05)  # until Python's own helper, which is started first, can be told from a worker by its name
        workers = workers_of(process.pid)
        if not workers:
            return False
        target = chance.choice(workers)
    with suppress(ProcessLookupError):
        os.kill(target, signal.SIGKILL)
        return True
    return False


def workers_of(process: int) -> list[int]:
    """The processes that match for another one."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        return [
            int(child) for child in children if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes()
        ]
    except OSError:
        return []


def kill_batches(
    one: Batch, wanted: Wanted, workers: str, victim: str, *, n_kills: int, seed: int, tally: Tally
) -> None:
    """Run one batch after the other to its end, until so many kills have hit."""
    n_hit = 0
    for attempt in count():
        assert attempt < 10 * n_kills, "they are over before a kill hits"
        print(f"seed {seed}, attempt {attempt}")  # noqa: T201 - pytest shows it with a failure
        chance = random.Random(f"{seed} {attempt}")  # noqa: S311 - nothing secret hangs on it
        n_hit += kill_to_the_end(one, wanted, workers, victim, min(4, n_kills - n_hit), chance)
        tally("rows", N_ROWS)
        if n_hit >= n_kills:
            break
    tally(f"batch: {victim}, {one.format}", n_hit)


def kill_to_the_end(one: Batch, wanted: Wanted, workers: str, victim: str, most: int, chance: random.Random) -> int:
    """One batch, continued after each kill; how many of them hit."""
    files, said_so = wanted(one.format)
    one.clear()
    n_hit = n_reported = 0
    while True:
        is_hit = False
        with started(one.folder, *one.args(workers)) as process:
            if n_hit < most:
                is_hit = kill_somewhere(process, one, victim, chance)
            process.wait(LIMIT)
        n_hit += is_hit and (victim == "worker" or process.returncode == -signal.SIGKILL)
        if n_reported:
            assert f"note: continued after {n_reported:,} row" in told(one.folder) or process.returncode < 0
        if is_done(process.returncode, told(one.folder)):
            break
        if not one.journal.exists():  # the last thing that goes
            assert process.returncode == -signal.SIGKILL
            assert one.left() in ({}, files)
            n_reported = 0
            continue
        assert one.n_done() >= n_reported, "what was reported as done is lost"
        n_reported = one.n_done()
        assert_nothing_half(one, files)
    assert one.left() == files
    assert counts(told(one.folder)) == said_so
    return n_hit


def is_done(code: int, said: str) -> bool:
    """Whether a run came to its end: with rejected rows its exit code is that of an error."""
    if code == -signal.SIGKILL:
        return False
    assert code == 3, said
    assert "Traceback" not in said
    if " rows read, " in said:
        return True
    *_, error, hint = said.splitlines()
    assert error.startswith("error: worker processes: one of them ended before its work was done; "), said
    assert hint.startswith("what is done is kept; to continue: "), said
    return False


def assert_nothing_half(one: Batch, files: Mapping[str, bytes]) -> None:
    """What is there under a final name is whole."""
    found = one.left()
    assert {name: found[name] for name in files if name in found} == {
        name: files[name] for name in files if name in found
    }
    for name in set(found) - set(files):
        assert name.endswith(".journal") or ".tmp-" in name


SHORT = [
    ("csv", "2", "worker"),
    ("jsonl", "1", "main process"),
    ("xlsx", "1", "main process"),
    ("parts", "2", "main process"),
]


@pytest.mark.parametrize(("format", "workers", "victim"), SHORT)
def test_a_batch_that_is_killed(
    format: str, workers: str, victim: str, tmp_path: Path, wanted: Wanted, tally: Tally
) -> None:
    """Twice in the middle, for certain; at random moments in the long form."""
    one, n_done = Batch(tmp_path / "b", format), 0
    waiting = one.folder / "waiting"
    files, said_so = wanted(format)
    for row in (100, 400):
        with started(one.folder, *one.args(workers), waits_after=row) as process:
            until(process, waiting.exists)
            os.kill(process.pid if victim == "main process" else workers_of(process.pid)[0], signal.SIGKILL)
            waiting.unlink()
            process.wait(LIMIT)
        assert not is_done(process.returncode, told(one.folder))
        assert n_done < one.n_done() < N_ROWS
        n_done = one.n_done()
        assert_nothing_half(one, files)
    with started(one.folder, *one.args(workers)) as process:
        process.wait(LIMIT)
    assert f"note: continued after {n_done:,} rows" in told(one.folder)
    assert is_done(process.returncode, told(one.folder))
    assert one.left() == files
    assert counts(told(one.folder)) == said_so
    tally("rows", N_ROWS)
    tally(f"batch: {victim}, {format}", 2)


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("workers", "victim"), VICTIMS)
@pytest.mark.parametrize("format", FORMATS)
def test_a_batch_that_is_killed_often(
    format: str, workers: str, victim: str, tmp_path: Path, wanted: Wanted, tally: Tally
) -> None:
    kill_batches(Batch(tmp_path / "b", format), wanted, workers, victim, n_kills=12, seed=1, tally=tally)


# --- clusters


def kill_on_cluster(one: Batch, two: Cluster, wanted: Wanted, victims: list[str], chance: random.Random) -> list[str]:
    """One batch on two workers, continued after each kill of its client; which kills hit."""
    files, said_so = wanted(one.format)
    one.clear()
    hit: list[str] = []
    while True:
        with started(one.folder, *one.args("1"), "--dask", two.address) as process:
            while victims:
                goal = one.n_lines() + chance.randint(1, 12)
                until(process, partial(_has_lines, one, goal))
                if process.poll() is not None or one.is_complete():
                    victims = []
                    break
                hit.append(victims.pop())
                if hit[-1] == "client":
                    process.kill()
                    break
                two.kill()
                wait_for(lambda: two.n_workers() == 1)
                two.add()  # the other one goes on meanwhile
            process.wait(LIMIT)
        if process.returncode != -signal.SIGKILL:
            break
        assert_nothing_half(one, files)
    assert process.returncode == 3, told(one.folder)
    assert one.left() == files
    assert counts(told(one.folder)) == said_so
    return hit


def _has_lines(one: Batch, n: int) -> bool:
    return one.n_lines() >= n or one.is_complete()


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_cluster_of_which_something_is_killed_often(tmp_path: Path, wanted: Wanted, tally: Tally) -> None:
    one, n_hit = Batch(tmp_path / "b", "csv"), 0
    with on_cluster(tmp_path) as two:
        two.add(2)
        for attempt in range(60):
            print(f"attempt {attempt}")  # noqa: T201 - pytest shows it with a failure
            chance = random.Random(attempt)  # noqa: S311 - nothing secret hangs on it
            victims = chance.choices(("client", "worker"), k=3)
            for victim in kill_on_cluster(one, two, wanted, victims, chance):
                tally(f"cluster: {victim}", 1)
                n_hit += 1
            tally("rows", N_ROWS)
            if n_hit >= 15:
                return
    raise AssertionError("they are over before a kill hits")


# --- ledgers


def emptied(target: str, folder: Path, name: str) -> str:
    """Where a new ledger may be: a new file, or the server without any table."""
    if "://" not in target:
        return str(folder / f"{name}.db")
    engine = create_engine(target)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return target


def kind_of(target: str) -> str:
    return "PostgreSQL" if "://" in target else "SQLite"


def kill_writers(target: str, *, n_kills: int, seed: int, tally: Tally) -> None:
    """Kill one writer after the other; whatever they told of is there, and nothing half."""
    print(f"seed {seed}")  # noqa: T201 - pytest shows it with a failure
    open_ledger(target, create=True).close()
    chance = random.Random(seed)  # noqa: S311 - nothing secret hangs on it
    versions: dict[str, int] = {}
    reported: set[str] = set()
    for number in range(n_kills):
        seconds = chance.uniform(0, 0.25) if number else None
        for kind, id_, value in _killed_writer(target, number * 100_000, seconds):
            if kind == "cases":
                reported |= {f"难题 {value + n}" for n in range(CHUNK)}
            elif kind == "referral":
                versions[id_] = value
        with open_ledger(target) as opened:
            assert find_damage(opened) == []
            kept = list_cases(opened)
            titles = {one.case.problem.title for one in kept if one.case.referral is None}
            assert reported <= titles
            assert len(titles) % CHUNK == 0  # a chunk is there as a whole or not at all
            now = {one.id: one.version for one in list_referrals(opened)}
            assert all(now[known] >= version for known, version in versions.items())
    assert reported
    assert versions
    tally(f"ledger: writer, {kind_of(target)}", n_kills)
    tally("rows", len(titles))


def _killed_writer(target: str, start: int, seconds: float | None) -> list[tuple[str, str, int]]:
    """What a writer told before it was killed, some time after it was ready, or after it had told of a referral."""
    heard, told = WRITERS.Pipe(duplex=False)
    writer = WRITERS.Process(target=write_until_killed, args=(target, start, told))
    writer.start()
    try:
        told.close()
        assert heard.poll(LIMIT)
        said = [heard.recv()]
        if seconds is None:
            while said[-1][0] != "referral":
                assert heard.poll(LIMIT)
                said.append(heard.recv())
        else:
            time.sleep(seconds)
    finally:
        writer.kill()
        writer.join()
    assert writer.exitcode == -signal.SIGKILL
    with suppress(EOFError):
        while True:
            said.append(heard.recv())
    heard.close()
    return said


def test_a_writer_killed_at_any_moment_leaves_all_it_reported_and_nothing_half(target: str, tally: Tally) -> None:
    kill_writers(target, n_kills=8, seed=20_261_122, tally=tally)


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(9))
def test_a_writer_killed_often(target: str, seed: int, tally: Tally) -> None:
    kill_writers(target, n_kills=40, seed=seed, tally=tally)


def cases_table(path: Path) -> None:
    rows = [f"管网漏损检测 {n},找不到漏点 {n % 7},giii,已解决,年报" for n in range(CASES)]
    path.write_text("\n".join(["需求名称,需求描述,承担单位,解决情况,来源", *rows]) + "\n", "utf-8")


def exported(target: str) -> str:
    result = CliRunner().invoke(app, ["cases", "export", "--format", "csv", "--ledger", target])
    assert result.exit_code == 0, result.output
    return result.stdout


def kill_imports(target: str, folder: Path, *, n_kills: int, seed: int, tally: Tally) -> None:
    """Kill the command that imports cases, and give it again until it is done."""
    cases_table(folder / "cases.csv")
    args = ["cases", "import", "cases.csv", "--any-institute", "--by", "a", "--lang", "en", "--ledger"]
    wanted, n_hit, seconds = "", 0, LIMIT
    for attempt in count():
        assert attempt < 10 * n_kills, "they are over before a kill hits"
        print(f"seed {seed}, attempt {attempt}")  # noqa: T201 - pytest shows it with a failure
        chance = random.Random(f"{seed} {attempt}")  # noqa: S311 - nothing secret hangs on it
        ledger, n_before, n_hit_before = emptied(target, folder, f"l{attempt}"), 0, n_hit
        while True:
            began = time.monotonic()
            with started(folder, *args, ledger) as process:
                if wanted and n_hit < n_kills:
                    until(process, lambda: False, chance.uniform(0.2, seconds))
                    process.kill()
                process.wait(LIMIT)
            if process.returncode != -signal.SIGKILL:
                break
            n_hit += 1
            n_before = assert_whole_chunks(ledger, n_before)
        assert process.returncode == 0, told(folder)
        assert f"there already: {n_before:,}," in told(folder)
        wanted = wanted or exported(ledger)
        assert exported(ledger) == wanted
        tally("rows", CASES)
        if not attempt:  # nothing was killed: so long does it take
            seconds = _seconds_of(folder, [*args, emptied(target, folder, "timed")])
        elif n_hit >= n_kills:
            break
        elif n_hit == n_hit_before:  # it takes less time than was thought
            seconds = max(0.3, min(seconds, time.monotonic() - began))
    tally(f"ledger: cases import, {kind_of(target)}", n_hit)


def _seconds_of(folder: Path, args: Sequence[str]) -> float:
    began = time.monotonic()
    with started(folder, *args) as process:
        process.wait(LIMIT)
    return time.monotonic() - began


def assert_whole_chunks(ledger: str, n_before: int) -> int:
    """How many cases are there: no fewer than before, and of a chunk all or none."""
    try:
        with open_ledger(ledger) as opened:
            assert find_damage(opened) == []
            n_kept = len(list_cases(opened))
    except LedgerError as error:  # it was killed before it had made a whole one
        if "no ledger there yet" not in str(error):
            raise
        n_kept = 0
    assert n_kept >= n_before
    assert n_kept % 25 == 0
    return n_kept


def test_an_import_that_is_killed(tmp_path: Path, tally: Tally) -> None:
    kill_imports(str(tmp_path / "l.db"), tmp_path, n_kills=1, seed=3, tally=tally)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_an_import_that_is_killed_often(target: str, tmp_path: Path, tally: Tally) -> None:
    kill_imports(target, tmp_path, n_kills=40, seed=4, tally=tally)
