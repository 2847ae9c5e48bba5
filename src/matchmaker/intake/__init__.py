"""Problems read from documents (one or a few) and from tables (many)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matchmaker.exports import imported_on_use

if TYPE_CHECKING:
    from matchmaker.intake.documents import (
        TextFormat,
        load_problem,
        load_problems,
        parse_problem,
        parse_problems,
        problems_from_bytes,
    )
    from matchmaker.intake.fields import LoadedProblems
    from matchmaker.intake.folder import ProblemFolder, files_digest
    from matchmaker.intake.splitting import Split, split_needs
    from matchmaker.intake.tables import ColumnMapping, ProblemTable, RejectedRow, Row, read_problems
else:
    __getattr__ = imported_on_use(__name__, "fields", "documents", "tables", "folder", "splitting")

__all__ = [
    "ColumnMapping",
    "LoadedProblems",
    "ProblemFolder",
    "ProblemTable",
    "RejectedRow",
    "Row",
    "Split",
    "TextFormat",
    "files_digest",
    "load_problem",
    "load_problems",
    "parse_problem",
    "parse_problems",
    "problems_from_bytes",
    "read_problems",
    "split_needs",
]
