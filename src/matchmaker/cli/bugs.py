"""What is told of a bug and, where it was asked for, of everything that goes on."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterator
from typing import Final

import typer

from matchmaker import log
from matchmaker.cli.boundary import tell, tell_of_bug
from matchmaker.messages import make_message

BUG: Final = 1
_TRACKER: Final = re.compile(r"(?:issue|bug|ticket)s?(?: tracker)?|tracker", re.IGNORECASE)
_OF_WORKER: Final = re.compile(r'^  File "([^"\n]+)", line (\d+), in ([\w<>.]+)$', re.MULTILINE)
_WITHOUT_DATA: Final = (AttributeError, ImportError, MemoryError, NameError, RecursionError, ZeroDivisionError)
"""What Python itself raises with names of the program's own; any other message may quote what the user gave."""


def start_debugging(ctx: typer.Context) -> None:
    """Print on stderr what the package tells, until the command ends; first of all that this may be confidential."""
    import logging

    tell("debug: what follows may show texts of problems; look it through before you pass it on")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("debug: %(relativeCreated)7.0f ms  %(message)s"))
    logger = logging.getLogger(log.LOGGER_NAME)
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)

    def stop() -> None:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)

    ctx.call_on_close(stop)
    log.note("%s", " ".join(map(repr, sys.argv[1:])))


def report_bug(error: BaseException, *, debugging: bool) -> None:
    """Print on stderr where a bug is, where to report it and what to attach.

    The messages of exceptions are left out unless they cannot hold what the user gave: a problem may be confidential.
    Values of variables are never shown.
    """
    from matchmaker.runs.support import discreet

    if debugging:
        traceback.print_exception(error)
    else:
        for number, one in enumerate(_chain(error)):
            typer.echo("\nwhich led to:\n" if number else "", nl=bool(number), err=True)
            typer.echo("Traceback (most recent call last):", err=True)
            frames = [(discreet(file), line, name, text) for file, line, name, text in _frames(one)]
            typer.echo("".join(traceback.StackSummary.from_list(frames).format()), nl=False, err=True)
            typer.echo(_named(one), err=True)
    tell_of_bug("this is a bug in matchmaker, not a mistake of yours")
    if not debugging:
        tell_of_bug("messages that may quote a problem are left out above; matchmaker --debug COMMAND shows them")
    tell_of_bug(
        make_message(
            "report it {where}, with the lines above and what this prints: matchmaker doctor; neither holds text of a "
            "problem, and please send none",
            where=_tracker(),
        )
    )


def _chain(error: BaseException) -> list[BaseException]:
    """The exceptions that led to one, the first one first."""
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in found:
        found.append(one)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return found[::-1]


def _frames(error: BaseException) -> Iterator[tuple[str, int, str, str | None]]:
    for note in getattr(error, "__notes__", ()):  # the traceback of a worker process is one, messages and all
        yield from ((file, int(line), name, "") for file, line, name in _OF_WORKER.findall(note))
    for frame in traceback.extract_tb(error.__traceback__):
        yield frame.filename, frame.lineno or 0, frame.name, frame.line


def _named(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"{name}: {error}" if kind in _WITHOUT_DATA or kind is ModuleNotFoundError else name


def _tracker() -> str:
    """Where bugs are reported: the address that the package names for it, if it names one."""
    from importlib import metadata

    from matchmaker.distribution import DISTRIBUTION

    try:
        urls = metadata.metadata(DISTRIBUTION).get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        urls = []
    for label, _, url in (str(entry).partition(", ") for entry in urls):
        if _TRACKER.fullmatch(label.strip()):
            return make_message("at {url}", url=url)
    return make_message("to whoever you have matchmaker from")
