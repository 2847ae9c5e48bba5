"""Hypothesis tries the same examples on every machine, a slow one is no failure, and messages are English.

``make stress`` has it try others, and more of them, by ``--hypothesis-profile=stress``.

Tests of the ledger run against SQLite and against a PostgreSQL server.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hatch_build import compile_catalogue
from hypothesis import settings
from sqlalchemy import create_engine, text

from postgres import REQUIRED, NotHereError, running_server

compile_catalogue()  # where its source is newer than what was installed

settings.register_profile("matchmaker", deadline=None, derandomize=True)
settings.register_profile("stress", deadline=None, max_examples=500, print_blob=True, database=None)
settings.load_profile("matchmaker")

# In the background of a script SIGINT arrives ignored, and whatever a test starts would inherit that, while a signal
# with a handler is back at its default in a new program.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

for _name in ("LC_ALL", "LC_MESSAGES", "LANG", "MATCHMAKER_LEDGER", "MATCHMAKER_USER"):
    os.environ.pop(_name, None)
os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="matchmaker-tests-")  # where no ledger of somebody's lies
atexit.register(shutil.rmtree, os.environ["XDG_DATA_HOME"], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a test uses beside Python says of which kind it is."""
    for item in items:
        for kind in {"browser", "postgresql"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(kind)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server, started once; tests that need it are skipped where it is not installed."""
    with ExitStack() as stack:
        try:
            address = stack.enter_context(running_server())
        except NotHereError as error:
            if REQUIRED:
                pytest.fail(f"MATCHMAKER_REQUIRE_POSTGRESQL is set, and PostgreSQL does not run here: {error}")
            pytest.skip(f"PostgreSQL does not run here: {error}")
        yield address


@pytest.fixture
def empty_postgresql(postgresql: str) -> str:
    """The same server without any table."""
    engine = create_engine(postgresql)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return postgresql


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What ``--ledger`` names: a file that is not there yet, then a database without tables."""
    if request.param == "sqlite":
        return str(tmp_path / "ledger.db")
    address: str = request.getfixturevalue("empty_postgresql")
    return address
