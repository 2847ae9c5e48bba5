"""Commands that are imported when they are called or listed, not before: a match need not know how to calibrate."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, ClassVar

import typer

from matchmaker.cli.boundary import Boundary
from matchmaker.cli.options import LanguageOption


class CommandsOnUse(Boundary):
    """A group of commands.

    Attributes:
        places: The name of each command, in order, to the module and the name there of its function or of its own
            group of commands: ``match:match``.
    """

    places: ClassVar[Mapping[str, str]]

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = _Commands(self.places)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """The names alone, for which no command is made."""
        return list(self.commands)


class _Commands(UserDict[str, Any]):
    """Commands by name; to ask for one imports its module and makes its parameters."""

    def __getitem__(self, name: str) -> Any:
        return _command(name, self.data[name])


def _group(lang: LanguageOption = None) -> None:
    """Options of a group of commands."""


@cache
def _command(name: str, place: str) -> Any:
    module, _, attribute = place.partition(":")
    found = getattr(import_module(f"matchmaker.cli.{module}"), attribute)
    around = typer.Typer(rich_markup_mode=None)
    if isinstance(found, typer.Typer):
        around.add_typer(found, name=name, callback=_group)
    else:
        around.command(name)(found)
    return typer.main.get_group(around).commands[name]
