"""Hypothesis tries the same examples on every machine, a slow one is no failure, and messages are English."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("matchmaker", deadline=None, derandomize=True)
settings.load_profile("matchmaker")

for _name in ("LC_ALL", "LC_MESSAGES", "LANG"):
    os.environ.pop(_name, None)
