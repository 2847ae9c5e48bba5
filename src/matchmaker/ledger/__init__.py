"""The ledger: cases, referrals and judgements, in one SQLite file or in PostgreSQL.

Its modules load SQLAlchemy, but for this one and ``precedents.py``; whoever only matches must not.
"""

from __future__ import annotations

from pathlib import Path

from matchmaker.errors import Fault, LedgerError


def default_path() -> Path:
    """Where the ledger is when nobody says: in the user's folder for data.

    Raises:
        LedgerError: No home folder is known.
    """
    from platformdirs import user_data_path

    try:
        return user_data_path("matchmaker", appauthor=False) / "ledger.db"
    except RuntimeError as error:
        remedy = "name the ledger with --ledger FILE"
        raise LedgerError(Fault("--ledger", "no home folder is known", remedy)) from error


def is_there_by_default() -> bool:
    """Whether there is a ledger where ``default_path`` has it."""
    from matchmaker.files import is_there

    try:
        return is_there(default_path())
    except LedgerError:
        return False
