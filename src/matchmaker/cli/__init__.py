"""The command line: parse, call, render. Commands import what they need when they run, so that they are quick."""

from __future__ import annotations

import gc
import os
import signal
import sys

import typer

from matchmaker.cli.boundary import Terminated, ready_streams
from matchmaker.cli.commands import CommandsOnUse
from matchmaker.cli.options import LanguageOption


class Program(CommandsOnUse):
    """All commands in the order of ``--help``."""

    places = {  # noqa: RUF012 - a constant of the class
        "match": "match:match",
        "lint": "lint:lint",
        "explain": "explain:explain",
        "batch": "batch:batch",
        "report": "report:report",
        "problems": "problems:problems",
        "alliance": "alliance:alliance",
        "evaluate": "evaluate:evaluate",
        "calibrate": "calibrate:calibrate",
        "refer": "referrals:refer",
        "judge": "judgements:judge",
        "stats": "stats:stats",
        "doctor": "doctor:doctor",
        "institutes": "institutes:app",
        "cases": "cases:app",
        "referrals": "referrals:app",
        "judgements": "judgements:app",
        "ledger": "ledger:app",
    }


app = typer.Typer(
    name="matchmaker",
    cls=Program,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Says which research institute can solve an enterprise's technical problem, how sure it is, and why.\n\n"
    "Example: matchmaker match data/problems/05-water-leak.yaml",
)


def _print_version(asked: bool) -> None:
    if asked:
        from matchmaker.distribution import version

        typer.echo(f"matchmaker {version()}")
        raise typer.Exit


def _debug(ctx: typer.Context, asked: bool) -> bool:
    if asked:
        from matchmaker.cli.bugs import start_debugging

        start_debugging(ctx)
    return asked


@app.callback()
def program(
    debug: bool = typer.Option(
        False,
        "--debug",
        callback=_debug,
        help="Say on stderr what is read, what is kept and how long it takes; texts of problems may show there.",
    ),
    show_version: bool = typer.Option(
        False, "--version", is_eager=True, callback=_print_version, help="Print the version and stop."
    ),
    lang: LanguageOption = None,
) -> None:
    """Options of the program as a whole."""


_process = os.getpid()


def _terminate(number: int, _: object) -> None:
    if os.getpid() != _process:  # a worker that was forked from here
        os._exit(128 + number)
    raise Terminated


def main() -> None:
    """Run the command line; what ``matchmaker`` and ``python -m matchmaker`` call."""
    ready_streams()
    gc.set_threshold(100_000)  # start-up makes many objects that stay
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for some takes longer than a match
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the products are small: more threads only get in the way
    before = signal.getsignal(signal.SIGTERM)
    try:
        if before is signal.SIG_DFL:  # and not where whoever started this has it ignored
            signal.signal(signal.SIGTERM, _terminate)
        app(prog_name="matchmaker")
    except Terminated:
        sys.exit(128 + signal.SIGTERM)
    except Exception as error:
        from matchmaker.cli.bugs import BUG, report_bug

        report_bug(error, debugging="--debug" in sys.argv[1:2])
        sys.exit(BUG)
    finally:
        signal.signal(signal.SIGTERM, before)
        gc.freeze()  # Python's last collections would look at everything once more, and all of it goes
