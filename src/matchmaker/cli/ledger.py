"""``matchmaker ledger``: the store itself; and what all commands that use it share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from matchmaker.cli import options
from matchmaker.cli.boundary import BAD_INPUT, Boundary, tell
from matchmaker.errors import Fault, LedgerError
from matchmaker.messages import said

if TYPE_CHECKING:
    from matchmaker.ledger.store import Ledger

app = typer.Typer(
    cls=Boundary,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Check, back up and describe the ledger.\n\nExample: matchmaker ledger info",
)
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
BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes; replaced when it exists.")]


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

    for output in outputs:
        options.check_output(output, ledger=target)
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
    from matchmaker.intake.values import cleaned
    from matchmaker.messages import writable

    return (cleaned(writable(text)) or None) if text is not None else None


def put_json(data: object) -> None:
    """Plain data to stdout as JSON."""
    options.write_data(json.dumps(data, ensure_ascii=False, indent=2) + "\n")


@app.command()
def check(ledger: LedgerOption = None, lang: options.LanguageOption = None, quiet: options.Quiet = False) -> None:
    """Look for damage: the database's own checks, and that everything in the ledger fits together; exit code 3 if not.

    Example: matchmaker ledger check
    """
    from matchmaker.ledger.checks import find_damage

    with opened(ledger) as store:
        damage = find_damage(store)
    if damage:
        raise LedgerError(damage)
    if not quiet:
        tell(said("{place}: nothing is damaged", place=store.place))


@app.command()
def backup(
    file: BackupFile,
    ledger: LedgerOption = None,
    lang: options.LanguageOption = None,
    quiet: options.Quiet = False,
) -> None:
    """Copy the ledger as it is at this moment, also while others write to it; the copy is a ledger.

    Example: matchmaker ledger backup copy.db
    """
    from matchmaker.ledger.checks import back_up

    with opened(ledger) as store:
        back_up(store, file)
    if not quiet:
        tell(said("wrote {file}", file=file))


@app.command()
def info(
    ledger: LedgerOption = None,
    format: options.FormatOption = None,
    lang: options.LanguageOption = None,
) -> None:
    """Say where the ledger is, of which version, and how much it holds.

    Example: matchmaker ledger info
    """
    from matchmaker.ledger.checks import describe

    if format not in (None, options.FormatName.table, options.FormatName.json):
        raise typer.BadParameter("the ledger is described as table or json")
    with opened(ledger) as store:
        found = describe(store)
    if format is options.FormatName.json:
        put_json(found)
        return
    from matchmaker.writing.terminal import open_console
    from matchmaker.writing.terminal.ledger import print_info

    print_info(open_console(), found, options.language_from(lang) or "zh")


def reject_exit(n_rejected: int) -> None:
    """Exit code 3 when rows were rejected."""
    if n_rejected:
        raise typer.Exit(BAD_INPUT)
