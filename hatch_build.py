"""Compiles the catalogue of messages when a wheel is built or the package is installed to be edited."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CATALOGUE = Path(__file__).parent / "src/matchmaker/locale/zh_Hans/LC_MESSAGES/matchmaker.po"


class CatalogueHook(BuildHookInterface[Any]):
    """Puts ``matchmaker.mo`` beside ``matchmaker.po``, from where the wheel takes it."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Compile before the files are collected."""
        compile_catalogue()


def compile_catalogue() -> None:
    """Write the catalogue as gettext reads it, unless that is newer than its source; whole or not at all."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = CATALOGUE.with_suffix(".mo")
    if compiled.exists() and compiled.stat().st_mtime_ns >= CATALOGUE.stat().st_mtime_ns:
        return
    with CATALOGUE.open("rb") as source:
        catalogue = read_po(source, locale="zh_Hans")
    begun = compiled.with_suffix(f".mo.{os.getpid()}")
    with begun.open("wb") as target:
        write_mo(target, catalogue)
    begun.replace(compiled)
