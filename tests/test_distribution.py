"""The package is called in the sources what it is called in ``pyproject.toml``, and so in hints on what to install."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from matchmaker.distribution import DISTRIBUTION, version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
INSTALL = re.compile(r"pip install '([\w.-]*)\[([\w,]+)\]'")


def test_name_and_version_are_those_of_the_project() -> None:
    assert (DISTRIBUTION, version()) == (PROJECT["name"], PROJECT["version"])


@pytest.mark.parametrize("pattern", ["src/**/*.py", "docs/**/*.md"])
def test_a_hint_names_the_distribution_and_extras_that_there_are(pattern: str) -> None:
    hints = {found for path in ROOT.glob(pattern) for found in INSTALL.findall(path.read_text(encoding="utf-8"))}
    assert hints
    assert {name for name, _ in hints} <= {DISTRIBUTION, "."}
    assert {extra for _, extras in hints for extra in extras.split(",")} <= PROJECT["optional-dependencies"].keys()


def test_the_changelog_has_a_section_for_the_version() -> None:
    sections = re.findall(r"^## \[(.*?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sections[:2] == ["Unreleased", PROJECT["version"]]
