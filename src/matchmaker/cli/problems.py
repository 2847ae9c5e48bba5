"""``matchmaker problems``: which problems of a table suit one institute."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matchmaker.cli import options
from matchmaker.cli.reading import end_with, progress, tell_of_rows, tell_of_table

if TYPE_CHECKING:
    from matchmaker.domain import Institute, Language, Shortlist

Name = Annotated[str, typer.Option("--for", metavar="INSTITUTE", help="An institute's id, name or alias.")]


def problems(
    file: options.Table,
    name: Name,
    institutes: options.Institutes = None,
    settings: options.Settings = None,
    encoder: options.Encoder = None,
    ledger: options.Experience = None,
    as_of: options.AsOf = None,
    column: options.Columns = None,
    sheet: options.Sheets = None,
    encoding: options.Encoding = None,
    format: options.RankingFormat = None,
    lang: options.LanguageOption = None,
    top: options.Top = 10,
    scores: options.Scores = False,
    output: options.Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Rank the problems of a table by how well they suit one institute; problems whose limits rule it out are left out.

    Example: matchmaker problems data/problems/requests.csv --for giii
    """
    from matchmaker.intake.rejects import Rejects, counted_rows
    from matchmaker.writing import Context, check_output, write

    _refuse_page(output)
    written = options.format_from("ranking", format, output)
    check_output(output, file, institutes, settings, ledger=ledger)
    rejects = Rejects()
    with options.session_from(institutes, settings, encoder, ledger, as_of) as session:
        institute = session.institutes.find(name)
        columns = options.columns_from(column)
        table = session.table(file, columns=columns, sheets=sheet or (), encoding=encoding)
        tell_of_table(file, table, quiet=quiet)
        with progress(shown=not quiet) as count:
            ranked = session.rank(rejects.good(counted_rows(table, count)), institute, top=top)
        display = session.display(scores=scores, everything=True)
    if written.name == "table":
        _print(ranked, institute, options.message_language(lang), scores=scores)
    else:
        write(ranked, "ranking", written, output, Context(options.language_from(lang), display))
    tell_of_rows(table, rejects, quiet=quiet)
    end_with(rejects.n)


def _refuse_page(output: Path | None) -> None:
    """Say which command writes the page that an output asks for."""
    from matchmaker.writing import format_named

    if output is not None and output.suffix.lower() in format_named("html").endings:
        raise typer.BadParameter("for a page use: matchmaker report FILE --for INSTITUTE")


def _print(ranked: Sequence[Shortlist], institute: Institute, language: Language, *, scores: bool) -> None:
    from matchmaker.writing.terminal import open_console, print_ranking

    rows = [(shortlist.problem, shortlist.matches[0]) for shortlist in ranked]
    print_ranking(open_console(), rows, institute=institute, language=language, scores=scores)
