"""What all commands that use the ledger share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from matchmaker.errors import Fault, LedgerError

if TYPE_CHECKING:
    from matchmaker.domain import Registry
    from matchmaker.ledger.store import Ledger

LedgerOption = Annotated[
    Optional[str],  # noqa: UP045 - Typer reads the annotation
    typer.Option(
        "--ledger",
        envvar="MATCHMAKER_LEDGER",
        metavar="FILE|ADDRESS",
        help="The ledger: a file, or postgresql+psycopg://USER@HOST/DATABASE. Default: ledger.db in the user's folder "
        "for data.",
        show_default=False,
    ),
]
By = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--by",
        envvar="MATCHMAKER_USER",
        metavar="NAME",
        help="Who does this. Default: the name of the system's user.",
        show_default=False,
    ),
]
OneSolver = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--institute", metavar="INSTITUTE", help="Only cases it took part in.", show_default=False),
]
Year = Annotated[Optional[int], typer.Option("--year", help="The year of the outcome.", show_default=False)]  # noqa: UP045
OnlyYear = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option("--year", min=1900, max=2100, help="Only cases of this year.", show_default=False),
]
Benefit = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--benefit", metavar="YUAN", help="Benefit in yuan, such as 1200000 or 120万.", show_default=False),
]
CaseSource = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--source", help="Where this is known from: a text or an address.", show_default=False),
]
Note = Annotated[Optional[str], typer.Option("--note", help="Anything else to remember.", show_default=False)]  # noqa: UP045
ProblemFile = Annotated[Path, typer.Argument(metavar="FILE", help="A document with one problem; - reads stdin.")]


def opened(target: str | None, *outputs: Path | None, create: bool = False) -> Ledger:
    """The ledger that ``--ledger`` names.

    Args:
        target: As ``--ledger``.
        outputs: The files that will be written.
        create: Make it where there is none.

    Raises:
        LedgerError: It is ``none``, or cannot be opened.
        InputError: An output would be written over it.
    """
    if target is not None and target.strip().casefold() == "none":
        raise LedgerError(Fault("--ledger none", "this command needs a ledger", "leave it out, or name a file"))
    from matchmaker.ledger.store import open_ledger
    from matchmaker.writing import check_output

    for output in outputs:
        check_output(output, ledger=target)
    return open_ledger(target or None, create=create)


def person(by: str | None) -> str:
    """Who does it: the name given, else the system's user.

    Raises:
        LedgerError: Nobody knows.
    """
    import getpass

    try:
        return name_from(by) or str(name_from(getpass.getuser()))
    except (KeyError, OSError, ImportError):
        raise LedgerError(Fault("--by", "nobody knows who is doing this", "say it with --by NAME")) from None


def name_from(given: str | None) -> str | None:
    """A person's name as it is kept: on one line, without what no file can hold."""
    from matchmaker.writing import one_line

    return None if given is None else one_line(given).encode(errors="replace").decode()


def clean(text: str | None) -> str | None:
    """A text of an option without what no file can hold; ``None`` where it says nothing."""
    from matchmaker.intake.values import clean_text
    from matchmaker.messages import writable

    return (clean_text(writable(text)) or None) if text is not None else None


def known_id(registry: Registry, name: str | None) -> str | None:
    """The id of an institute; a name that the registry does not have stays as it is: it may have left."""
    from matchmaker.ledger.reading import resolver

    return None if name is None else resolver(registry, strict=False)(name)
