"""What is told of a command that is written wrongly."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import typer

from matchmaker.messages import Language, Message, Translatable, as_message, foreign, is_ours, make_message

UsageError: Final[Any] = typer.BadParameter.__base__
"""What Typer raises, which does not export it."""
LANGUAGES: Final[Mapping[str, Language]] = {"zh": "zh", "zh-hant": "zh-Hant", "en": "en"}
"""What ``--lang`` takes, in small letters."""
_WHOLE: Final[Translatable] = "give a whole number"
_NUMBER: Final[Translatable] = "give a number"
_LEAST: Final[Translatable] = "give {least} or more"
_MOST: Final[Translatable] = "give {most} or less"
_KNOWN: Final[Mapping[str, Translatable]] = {
    "Missing argument {name}.": "Missing argument {name}.",
    "Missing option {name}.": "Missing option {name}.",
    "Missing command.": "Missing command.",
    "No such option: {name} (Possible options: {known})": "No such option: {name} (Possible options: {known})",
    "No such option: {name} Did you mean {known}?": "No such option: {name} (Possible options: {known})",
    "No such option: {name}": "No such option: {name}",
    "No such command {name}. Did you mean {known}?": "No such command {name} (Possible commands: {known})",
    "No such command {name}.": "No such command {name}.",
    "Got unexpected extra argument(s) ({names})": "Got unexpected extra argument(s) ({names})",
    "Got unexpected extra argument ({names})": "Got unexpected extra argument(s) ({names})",
    "Got unexpected extra arguments ({names})": "Got unexpected extra argument(s) ({names})",
    "Option {name} requires an argument.": "Option {name} requires an argument.",
    "Option {name} does not take a value.": "Option {name} does not take a value.",
    "{value} is not one of {known}.": "{value} is not one of {known}.",
    "{value} does not match the formats {known}.": "{value} does not match the format {known}.",
    "{value} does not match the format {known}.": "{value} does not match the format {known}.",
    "Input should be greater than or equal to {least}": _LEAST,
    "{value} is not in the range x>={least}.": _LEAST,
    "Input should be less than or equal to {most}": _MOST,
    "{value} is not in the range {least}<=x<={most}.": "give {least} to {most}",
    "Input should be a valid integer, unable to parse string as an integer": _WHOLE,
    "{value} is not a valid integer.": _WHOLE,
    "{value} is not a valid int.": _WHOLE,
    "Input should be a valid number, unable to parse string as a number": _NUMBER,
    "{value} is not a valid float.": _NUMBER,
}
"""What Typer and Click say, in their versions, to what is told."""


def language_in(args: Sequence[str]) -> Language | None:
    """The language that ``--lang`` asks for, also where the arguments cannot be read."""
    options = list(args[: args.index("--")] if "--" in args else args)
    for option, after in zip(options, [*options[1:], ""], strict=False):
        value = after if option == "--lang" else option.removeprefix("--lang=")
        if option.startswith("--lang") and (language := LANGUAGES.get(value.lower())):
            return language
    return None


def lines_of(error: Any) -> list[str]:
    """What to print, line by line: how the command is used, where help is, what is wrong."""
    lines: list[str] = []
    if error.ctx is not None:
        lines += error.ctx.get_usage().splitlines()
        if error.ctx.command.get_help_option(error.ctx) is not None:
            command = f"{error.ctx.command_path} {error.ctx.help_option_names[0]}"
            lines.append(make_message("Try '{command}' for help.", command=command))
        lines.append("")
    return [*lines, make_message("Error: {problem}", problem=_problem(error))]


def _problem(error: Any) -> Message:
    if not isinstance(error, typer.BadParameter) or type(error).__name__ == "MissingParameter":
        return _as_told(error.format_message())
    is_own = isinstance(error.message, Message) or is_ours(error.message)
    problem = as_message(error.message) if is_own else _as_told(error.message.removeprefix("Value error, "))
    whole = error.format_message()
    if whole.startswith("Invalid value for ") and whole.endswith(f": {error.message}"):
        name = whole.removeprefix("Invalid value for ").removesuffix(f": {error.message}")
        return make_message("Invalid value for {name}: {problem}", name=name, problem=problem)
    return make_message("Invalid value: {problem}", problem=problem)


def _as_told(text: str) -> Message:
    for known in _KNOWN:
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(known))
        if found := re.fullmatch(pattern, text, re.DOTALL):
            return make_message(_KNOWN[known], **found.groupdict())
    return foreign(text)
