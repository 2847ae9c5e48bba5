"""Usage and help in the language spoken: everything that Typer lays out passes through here, and is translated here.

English is left to Typer, which counts characters; Chinese is laid out in cells of a terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import typer

from matchmaker.messages import Language, Translatable, in_context, one_line, translate

_USAGE: Final[Mapping[str, Translatable]] = {"[OPTIONS]": "[OPTIONS]", "COMMAND": "COMMAND", "[ARGS]...": "[ARGS]..."}
_HEADINGS: Final[Mapping[str, Translatable]] = {
    "Arguments": "Arguments",
    "Options": "Options",
    "Commands": "Commands",
}
_TYPES: Final[Mapping[str, Translatable]] = {
    "<str>": in_context("type", "<str>"),
    "<path>": in_context("type", "<path>"),
    "<int>": in_context("type", "<int>"),
    "<int range>": in_context("type", "<int range>"),
    "<float>": in_context("type", "<float>"),
    "<float range>": in_context("type", "<float range>"),
}
_EXAMPLE: Final[Translatable] = "Example: {command}"
_WIDEST_TERM: Final = 30
_GAP: Final = 2  # between a term and what is said of it
_LEAST_TEXT: Final = 10
_MORE: Final = "……"


def formatter_for(language: Language, plain: Any) -> Any:
    """What lays out help in this language; ``plain`` is Typer's own."""
    return plain if language == "en" else _Translating(language, plain.width)


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a help text, each on one line, as they are looked up."""
    return [one_line(part) for part in re.split(r"\n\s*\n", text) if part.strip()]


def example_in(paragraph: str) -> str:
    """The command that a paragraph gives as an example; empty when it says something else."""
    before, _, command = paragraph.partition("Example: ")
    return "" if before else command


class _Translating(typer.Context.formatter_class):  # type: ignore[misc, valid-type] # which Typer does not export
    """Typer's formatter, with every text translated before it is laid out."""

    def __init__(self, language: Language, width: int) -> None:
        super().__init__(width=width)
        self._language = language

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:  # noqa: ARG002
        """Write how a command is called."""
        pieces = (translate(_USAGE[piece], self._language) if piece in _USAGE else piece for piece in args.split())
        lead = f"{translate('Usage: ', self._language)}{prog} "
        self._write_block(lead, " " * _cells(lead), " ".join(pieces))

    def write_heading(self, heading: str) -> None:
        """Write the name of a section."""
        name = translate(_HEADINGS[heading], self._language) if heading in _HEADINGS else heading
        text = translate("{label}: {text}", self._language, label=name, text="").rstrip()
        self.write(f"{' ' * self.current_indent}{text}\n")

    def write_text(self, text: str) -> None:
        """Write the help of a command, paragraph by paragraph."""
        indent = " " * self.current_indent
        for number, paragraph in enumerate(paragraphs(text)):
            if number:
                self.write("\n")
            self._write_block(indent, indent, self._paragraph(paragraph))

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = _WIDEST_TERM, col_spacing: int = _GAP) -> None:
        """Write arguments, options or commands, each with what is said of it."""
        told = [(self._term(term), self._description(text)) for term, text in rows]
        self._write_rows(told, col_max, col_spacing)

    def write_commands(self, helps: Iterable[tuple[str, str]]) -> None:
        """Write the section of commands, each with as much of its help as a line holds."""
        firsts = [(name, self._paragraph(paragraphs(text)[0])) for name, text in helps]
        room = self.width - 2 - _GAP - max(_cells(name) for name, _ in firsts)
        with self.section("Commands"):
            self._write_rows([(name, _begun(text, room)) for name, text in firsts], _WIDEST_TERM, _GAP)

    def _paragraph(self, paragraph: str) -> str:
        if command := example_in(paragraph):
            return translate(_EXAMPLE, self._language, command=command)
        return translate(paragraph, self._language)

    def _term(self, term: str) -> str:
        return re.sub(r"<[a-z ]+>", lambda found: self._type(found[0]), term)

    def _type(self, name: str) -> str:
        return translate(_TYPES[name], self._language) if name in _TYPES else name

    def _description(self, text: str) -> str:
        """What is said of a term, and in brackets behind it its default and the like."""
        help_, gap, extra = text.rpartition("  [")
        if not gap:
            help_, extra = ("", text[1:]) if text.startswith("[") else (text, "")
        told = translate(one_line(help_), self._language)
        if not extra:
            return told
        parts = translate("; ", self._language).join(map(self._extra, extra.removesuffix("]").split("; ")))
        return told + translate(" ({text})", self._language, text=parts)

    def _extra(self, part: str) -> str:
        name, colon, value = part.partition(": ")
        if name == "default" and colon:
            return translate("default: {value}", self._language, value=value)
        if name == "env var" and colon:
            return translate("env var: {name}", self._language, name=value)
        return translate("required", self._language) if part == "required" else part

    def _write_rows(self, rows: Sequence[tuple[str, str]], widest: int, gap: int) -> None:
        indent = " " * self.current_indent
        column = min(max(_cells(term) for term, _ in rows), widest) + gap
        rest = indent + " " * column
        for term, text in rows:
            lead = indent + term
            if _cells(term) > column - gap:
                self.write(f"{lead}\n")
                lead = rest
            self._write_block(lead + " " * (len(indent) + column - _cells(lead)), rest, text)

    def _write_block(self, lead: str, rest: str, text: str) -> None:
        from matchmaker.writing.terminal.wrapping import wrapped

        lines = wrapped(text, max(self.width - _cells(rest), _LEAST_TEXT))
        for number, line in enumerate(lines):
            self.write(f"{rest if number else lead}{line}".rstrip() + "\n")


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _begun(text: str, room: int) -> str:
    """The text as far as there is room; it ends at a comma or the like where there is one."""
    text = text.rstrip("。")
    if _cells(text) <= room:
        return text
    ends = [found.start() for found in re.finditer("[，；：、。（]", text) if _cells(text[: found.start()]) <= room - 4]
    if ends and _cells(text[: ends[-1]]) * 2 > room:
        return text[: ends[-1]] + _MORE
    kept = text
    while _cells(kept) > room - 4:
        kept = kept[:-1]
    return kept + _MORE
