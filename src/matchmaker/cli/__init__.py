"""The command line: parse, call, render. Commands import what they need when they run, so that --help is quick."""

from __future__ import annotations

import gc
import os
import sys

import typer

from matchmaker.cli import (
    alliance,
    batch,
    calibrate,
    cases,
    doctor,
    evaluate,
    explain,
    institutes,
    judgements,
    ledger,
    match,
    problems,
    referrals,
    report,
    stats,
)
from matchmaker.cli.boundary import Boundary, ready_streams

app = typer.Typer(
    name="matchmaker",
    cls=Boundary,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Says which research institute can solve an enterprise's technical problem, how sure it is, and why.\n\n"
    "Example: matchmaker match data/problems/05-water-leak.yaml",
)
app.command("match")(match.match)
app.command("explain")(explain.explain)
app.command("batch")(batch.batch)
app.command("report")(report.report)
app.command("problems")(problems.problems)
app.command("alliance")(alliance.alliance)
app.command("evaluate")(evaluate.evaluate)
app.command("calibrate")(calibrate.calibrate)
app.add_typer(institutes.app, name="institutes")
app.add_typer(cases.app, name="cases")
app.command("refer")(referrals.refer)
app.add_typer(referrals.app, name="referrals")
app.command("judge")(judgements.judge)
app.add_typer(judgements.app, name="judgements")
app.command("stats")(stats.stats)
app.add_typer(ledger.app, name="ledger")
app.command("doctor")(doctor.doctor)


def _print_version(asked: bool) -> None:
    if asked:
        from matchmaker.output import version

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
) -> None:
    """Options of the program as a whole."""


def main() -> None:
    """Run the command line; what ``matchmaker`` and ``python -m matchmaker`` call."""
    ready_streams()
    gc.set_threshold(100_000)  # start-up makes many objects that stay
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for some takes longer than a match
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the products are small: more threads only get in the way
    try:
        app(prog_name="matchmaker")
    except Exception as error:
        from matchmaker.cli.bugs import BUG, report_bug

        report_bug(error, debugging="--debug" in sys.argv[1:2])
        sys.exit(BUG)
