"""The ledger: cases, referrals and judgements, in one SQLite file or in PostgreSQL.

Its modules load SQLAlchemy, but for this one and ``precedents.py``; whoever only matches must not.
"""

from __future__ import annotations

from pathlib import Path


def default_path() -> Path:
    """Where the ledger is when nobody says: in the user's folder for data."""
    from platformdirs import user_data_path

    return user_data_path("matchmaker", appauthor=False) / "ledger.db"
