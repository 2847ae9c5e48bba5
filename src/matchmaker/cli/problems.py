"""``matchmaker problems``: which problems of a table suit one institute."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matchmaker.cli import batch, options
from matchmaker.cli.boundary import BAD_INPUT

if TYPE_CHECKING:
    from matchmaker.domain import Institute, Shortlist
    from matchmaker.writing import Display, Format

Name = Annotated[str, typer.Option("--for", metavar="INSTITUTE", help="An institute's id, name or alias.")]


def problems(
    file: batch.Table,
    name: Name,
    institutes: options.Institutes = None,
    settings: options.Settings = None,
    encoder: options.Encoder = None,
    ledger: options.Experience = None,
    as_of: options.AsOf = None,
    column: options.Columns = None,
    sheet: batch.Sheets = None,
    encoding: batch.Encoding = None,
    format: options.FormatOption = None,
    lang: options.LanguageOption = None,
    top: options.Top = 10,
    scores: options.Scores = False,
    output: options.Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Rank the problems of a table by how well they suit one institute; problems whose limits rule it out are left out.

    Example: matchmaker problems data/problems/requests.csv --for giii
    """
    written = options.format_from(format, output)
    if written == "html":
        raise typer.BadParameter("for a page use: matchmaker report FILE --for INSTITUTE")
    options.check_output(output, file, institutes, settings, ledger=ledger)
    from matchmaker.institutes import find_institute
    from matchmaker.runs.workers import match_all

    registry = options.registry_from(institutes)
    institute = find_institute(registry, name)
    matcher = options.matcher_for(registry, settings, encoder, ledger=ledger, as_of=as_of)
    table = batch.open_table(file, column, encoding, matcher, sheets=sheet, quiet=quiet)
    rejects = batch.Rejects()
    with batch.progress(table, shown=not quiet) as rows:
        ranked = _ranked(batch.good(rejects.seen(match_all(rows, matcher, top=None))), institute, top)
    display = options.display_from(matcher, scores=scores, everything=True)
    _write(ranked, institute, output, written, lang, display)
    batch.report_rows(table, rejects, None, quiet=quiet)
    if rejects.n:
        raise typer.Exit(BAD_INPUT)


def _ranked(shortlists: Iterable[Shortlist], institute: Institute, top: int) -> list[Shortlist]:
    """The best problems for an institute, each with its match for this institute alone; ties in order of the table."""
    import heapq

    found = (
        (-match.score, at, shortlist.model_copy(update={"matches": (match,)}))
        for at, shortlist in enumerate(shortlists)
        for match in shortlist.matches
        if match.institute == institute.id
    )
    best = heapq.nsmallest(top, found, key=lambda item: item[:2])
    return [
        shortlist.model_copy(update={"matches": (shortlist.matches[0].model_copy(update={"rank": rank}),)})
        for rank, (_, _, shortlist) in enumerate(best, 1)
    ]


def _write(
    ranked: Sequence[Shortlist],
    institute: Institute,
    output: Path | None,
    written: Format,
    lang: options.LanguageName | None,
    display: Display,
) -> None:
    if written == "table":
        from matchmaker.writing.terminal import open_console, print_ranking

        rows = [(shortlist.problem, shortlist.matches[0]) for shortlist in ranked]
        language = options.message_language(lang)
        print_ranking(open_console(), rows, institute=institute, language=language, scores=display.scores)
    elif written == "xlsx":
        options.write_book(ranked, output, options.language_from(lang))
    elif output is not None:
        from matchmaker.writing import write_shortlists

        write_shortlists(ranked, output, written, options.language_from(lang), display)
    else:
        options.write_to_stdout(ranked, written, options.language_from(lang), display)
