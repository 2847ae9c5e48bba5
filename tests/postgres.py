"""A PostgreSQL server of its own for the tests, in a temporary folder, reached through a socket in it and no port."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

REQUIRED = os.environ.get("MATCHMAKER_REQUIRE_POSTGRESQL") == "1"
_USERS = ("postgres", "nobody")  # PostgreSQL refuses to run as root


class NotHereError(Exception):
    """PostgreSQL cannot be started on this machine."""


@contextmanager
def running_server() -> Iterator[str]:
    """Start a server; its address for SQLAlchemy, valid until the block ends.

    Raises:
        NotHereError: It is not installed, or does not start.
    """
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="mmpg"))
    user = _other_user() if os.geteuid() == 0 else None
    data, log = folder / "data", folder / "log"
    try:
        if user:
            shutil.chown(folder, user)
        _run(user, [programs / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"])
        settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        _run(user, [programs / "pg_ctl", "-D", data, "-l", log, "-w", "-t", "60", "-o", settings, "start"])
        try:
            yield f"postgresql+psycopg://tester@/postgres?host={folder}"
        finally:
            _run(user, [programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4].split(".")[0]))
    if not debian:
        raise NotHereError("initdb is not installed; on Debian: apt-get install postgresql")
    return debian[-1].parent


def _other_user() -> str:
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in _USERS:
        if name in known:
            return name
    raise NotHereError("no user but root to run it as")


def _run(user: str | None, command: Sequence[object]) -> None:
    words = [*(["runuser", "-u", user, "--"] if user else []), *map(str, command)]
    # stdout and stderr go to a file: a server that is started keeps a pipe open, and one would wait for its end
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/", check=False)
        if done.returncode:
            said.seek(0)
            raise NotHereError(f"{words}: {said.read().decode(errors='replace')}")
