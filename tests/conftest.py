"""Hypothesis tries the same examples on every machine, and a slow one is no failure."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("matchmaker", deadline=None, derandomize=True)
settings.load_profile("matchmaker")
