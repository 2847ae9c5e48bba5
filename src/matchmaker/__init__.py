"""Which research institute can solve an enterprise's technical problem, how sure, why, and on what evidence.

>>> from matchmaker import Session
>>> with Session.open() as session:
...     shortlist = session.match("供水管网漏水找不到漏点")
>>> shortlist.matches[0].institute
'giii'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matchmaker.exports import imported_on_use

if TYPE_CHECKING:
    from matchmaker.distribution import __version__
    from matchmaker.domain import Explanation, Institute, Match, Problem, Registry, Shortlist
    from matchmaker.errors import InputError, MatchmakerError
    from matchmaker.institutes import load_institutes
    from matchmaker.intake import load_problem, read_problems
    from matchmaker.matching.matcher import Matcher
    from matchmaker.matching.settings import Settings
    from matchmaker.runs.session import Session, match
else:
    __getattr__ = imported_on_use(
        __name__,
        *("distribution", "errors", "domain", "institutes", "intake", "runs.session"),
        *("matching.settings", "matching.matcher"),
    )

__all__ = [
    "Explanation",
    "InputError",
    "Institute",
    "Match",
    "Matcher",
    "MatchmakerError",
    "Problem",
    "Registry",
    "Session",
    "Settings",
    "Shortlist",
    "__version__",
    "load_institutes",
    "load_problem",
    "match",
    "read_problems",
]
