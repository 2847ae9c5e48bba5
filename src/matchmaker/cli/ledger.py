"""``matchmaker ledger``: the store itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from matchmaker.cli import options
from matchmaker.cli.boundary import Boundary, tell
from matchmaker.cli.ledgers import LedgerOption, opened
from matchmaker.errors import LedgerError
from matchmaker.messages import make_message

app = typer.Typer(
    cls=Boundary,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Check, back up and describe the ledger.\n\nExample: matchmaker ledger info",
)
BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes; replaced when it exists.")]


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
        tell(make_message("{place}: nothing is damaged", place=store.place))


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
    options.tell_written(file, quiet=quiet)


@app.command()
def info(
    ledger: LedgerOption = None,
    format: options.FactsFormat = None,
    lang: options.LanguageOption = None,
) -> None:
    """Say where the ledger is, of which version, and how much it holds.

    Example: matchmaker ledger info
    """
    from matchmaker.ledger.checks import describe

    with opened(ledger) as store:
        found = describe(store)
    from matchmaker.writing.terminal import open_console
    from matchmaker.writing.terminal.ledger import print_info

    language = options.language_from(lang) or "zh"
    options.put(found, "facts", format, lambda: print_info(open_console(), found, language))
