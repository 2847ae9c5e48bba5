"""Problems in: from documents (one problem each) and from tables (many)."""

from __future__ import annotations

from matchmaker.intake.documents import Format, load_problem, parse_problem, problem_from_bytes
from matchmaker.intake.encodings import decode
from matchmaker.intake.tables import ProblemTable, Rejected, Row, Taken, read_problems

__all__ = [
    "Format",
    "ProblemTable",
    "Rejected",
    "Row",
    "Taken",
    "decode",
    "load_problem",
    "parse_problem",
    "problem_from_bytes",
    "read_problems",
]
