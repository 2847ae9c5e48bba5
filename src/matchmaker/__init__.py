"""Which research institute can solve an enterprise's technical problem, how sure, why, and on what evidence.

>>> from matchmaker import Matcher, Problem, load_institutes
>>> matcher = Matcher(load_institutes())
>>> shortlist = matcher.match([Problem(title="供水管网漏水找不到漏点")])[0]
>>> shortlist.matches[0].institute
'giii'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matchmaker.domain import Problem, Registry, Shortlist
    from matchmaker.errors import InputError, MatchmakerError
    from matchmaker.institutes import load_institutes
    from matchmaker.intake import load_problem, read_problems
    from matchmaker.matcher import Matcher
    from matchmaker.settings import Settings

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
_MODULES = ("domain", "errors", "institutes", "intake", "matcher", "settings")


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that importing the package costs nothing."""
    if name in __all__:
        for module in _MODULES:
            found = getattr(import_module(f"matchmaker.{module}"), name, None)
            if found is not None:
                return found
    raise AttributeError(f"module 'matchmaker' has no attribute '{name}'")
