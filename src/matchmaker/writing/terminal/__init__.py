"""Records to the terminal, in the language asked for; nothing else imports rich.

Texts of users and profiles are shown literally. No level is shown by colour alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matchmaker.exports import imported_on_use

if TYPE_CHECKING:
    from matchmaker.writing.terminal.explanation import print_explanation
    from matchmaker.writing.terminal.lines import LEVEL_STYLES, open_console, row_counter
    from matchmaker.writing.terminal.registry import print_alliance, print_found, print_institute, print_institutes
    from matchmaker.writing.terminal.rows import print_rows_read
    from matchmaker.writing.terminal.shortlists import print_ranking, print_shortlist, print_summary
else:
    __getattr__ = imported_on_use(__name__, "lines", "registry", "shortlists", "explanation", "rows")

__all__ = [
    "LEVEL_STYLES",
    "open_console",
    "print_alliance",
    "print_explanation",
    "print_found",
    "print_institute",
    "print_institutes",
    "print_ranking",
    "print_rows_read",
    "print_shortlist",
    "print_summary",
    "row_counter",
]
