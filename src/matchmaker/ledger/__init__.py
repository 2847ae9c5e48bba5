"""The ledger: cases, referrals and judgements, in one SQLite file or in PostgreSQL.

Its modules load SQLAlchemy, except this one and ``precedents.py``, as matching alone must not load it.
"""

from __future__ import annotations

from pathlib import Path

from matchmaker.errors import Fault, LedgerError


def default_path() -> Path:
    """The path of the ledger if none is named: in the user's folder for data.

    Raises:
        LedgerError: No home folder is known.
    """
    from platformdirs import user_data_path

    try:
        return user_data_path("matchmaker", appauthor=False) / "ledger.db"
    except RuntimeError as error:
        remedy = "name the ledger with --ledger FILE"
        raise LedgerError(Fault("--ledger", "no home folder is known", remedy)) from error


def default_exists() -> bool:
    """Whether there is a ledger at ``default_path()``."""
    from matchmaker.files import path_exists

    try:
        return path_exists(default_path())
    except LedgerError:
        return False
