"""Which research institute can solve an enterprise's technical problem, how sure, why, and on what evidence.

>>> from matchmaker import Matcher, Problem, load_institutes
>>> matcher = Matcher(load_institutes())
>>> shortlist = matcher.match([Problem(title="供水管网漏水找不到漏点")])[0]
>>> shortlist.matches[0].institute
'giii'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matchmaker.exports import imported_on_use

if TYPE_CHECKING:
    from matchmaker.domain import Problem, Registry, Shortlist
    from matchmaker.errors import InputError, MatchmakerError
    from matchmaker.institutes import load_institutes
    from matchmaker.intake import load_problem, read_problems
    from matchmaker.matching.matcher import Matcher
    from matchmaker.matching.settings import Settings
else:
    __getattr__ = imported_on_use(
        __name__, "domain", "errors", "institutes", "intake", "matching.matcher", "matching.settings"
    )

__all__ = [
    "InputError",
    "Matcher",
    "MatchmakerError",
    "Problem",
    "Registry",
    "Settings",
    "Shortlist",
    "load_institutes",
    "load_problem",
    "read_problems",
]
