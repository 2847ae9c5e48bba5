"""``matchmaker institutes``: the registry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from matchmaker.cli import options
from matchmaker.cli.boundary import Boundary, tell
from matchmaker.messages import Message, make_counted_message, make_message

if TYPE_CHECKING:
    from pydantic import BaseModel

    from matchmaker.domain import Institute, Registry

_GOOD_NUMBER = 8  # of keywords

app = typer.Typer(
    cls=Boundary,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List, show, check and search the institutes.\n\nExample: matchmaker institutes list",
)
Id = Annotated[str, typer.Argument(metavar="ID", help="An institute's id, name or alias.")]
Words = Annotated[str, typer.Argument(metavar="TEXT", help="A name, a keyword or a sentence.")]


@app.command("list")
def list_institutes(
    institutes: options.Institutes = None,
    format: options.RowsFormat = None,
    lang: options.LanguageOption = None,
) -> None:
    """List the institutes with the number of their own capabilities and of those reached through a parent body.

    Example: matchmaker institutes list --institutes all
    """
    registry = options.session_from(institutes).registry

    def show_table() -> None:
        from matchmaker.writing.terminal import open_console, print_institutes

        print_institutes(open_console(), registry, options.message_language(lang))

    options.put([_line(institute) for institute in registry.institutes], "rows", format, show_table)


@app.command()
def show(
    name: Id,
    institutes: options.Institutes = None,
    format: options.RecordFormat = None,
    lang: options.LanguageOption = None,
) -> None:
    """Show one institute: what it can do, on what evidence, from which source.

    Example: matchmaker institutes show giii --lang en
    """
    session = options.session_from(institutes)
    registry, institute = session.registry, session.institutes.find(name)

    def show_table() -> None:
        from matchmaker.writing.terminal import open_console, print_institute

        print_institute(open_console(), registry, institute, options.message_language(lang))

    cited = [*institute.sources, *(item.source for held in institute.capabilities for item in held.evidence)]
    sources = {key: _plain(source) for key in cited if (source := registry.source(key))}
    options.put({**_plain(institute), "sources_cited": sources}, "record", format, show_table)


@app.command()
def validate(
    institutes: options.Institutes = None,
    lang: options.LanguageOption = None,
    quiet: options.Quiet = False,
) -> None:
    """Check profiles and list every fault of every file at once; exit code 3 if there is any.

    Example: matchmaker institutes validate --institutes data/institutes.yaml
    """
    registry = options.session_from(institutes).registry
    if quiet:
        return
    n, n_held = len(registry.institutes), sum(len(institute.capabilities) for institute in registry.institutes)
    institutes_there = make_counted_message(n, "{n} institute", "{n} institutes")
    held = make_counted_message(n_held, "{n} capability", "{n} capabilities")
    tell(make_message("valid: {institutes}, {capabilities}", institutes=institutes_there, capabilities=held), err=False)
    for hint in _hints(registry):
        tell(make_message("hint: {hint}", hint=hint))


@app.command()
def search(
    text: Words,
    institutes: options.Institutes = None,
    settings: options.Settings = None,
    encoder: options.Encoder = None,
    format: options.RowsFormat = None,
    lang: options.LanguageOption = None,
    top: options.Top = 10,
) -> None:
    """Find capabilities by a name, a keyword or a sentence, best first.

    Example: matchmaker institutes search 水下机器人
    """
    from matchmaker.domain import language_of

    found = options.session_from(institutes, settings, encoder).institutes.search(text, top=top)

    def show_table() -> None:
        from matchmaker.writing.terminal import open_console, print_found

        print_found(open_console(), found, options.language_from(lang) or language_of(text))

    rows: list[dict[str, object]] = [
        {
            "institute": hit.institute.id,
            "capability": hit.capability.id,
            "name": _plain(hit.capability.name),
            "via_parent": hit.capability.via_parent,
            "score": hit.score,
        }
        for hit in found
    ]
    options.put(rows, "rows", format, show_table)


def _line(institute: Institute) -> dict[str, object]:
    n_own = sum(not capability.via_parent for capability in institute.capabilities)
    return {
        "id": institute.id,
        "name": _plain(institute.name),
        "role": institute.role,
        "own": n_own,
        "via_parent": len(institute.capabilities) - n_own,
        "verified": institute.verified.isoformat() if institute.verified else None,
    }


def _plain(record: BaseModel) -> dict[str, object]:
    return record.model_dump(mode="json", by_alias=True, exclude_none=True)


def _hints(registry: Registry) -> Iterator[Message]:
    """What would make profiles better, though nothing is wrong."""
    for institute in registry.institutes:
        for capability in institute.capabilities:
            place = make_message("{place}, {inner}", place=institute.id, inner=capability.id)
            n = len(capability.keywords)
            if n < _GOOD_NUMBER:
                yield make_message(
                    "{place}: {n} keywords; {enough} or more find better", place=place, n=n, enough=_GOOD_NUMBER
                )
            if not capability.evidence:
                yield make_message("{place}: no evidence; a match cannot be backed", place=place)
        if institute.verified is None:
            yield make_message("{place}: no 'verified:' date", place=institute.id)
