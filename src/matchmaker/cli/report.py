"""``matchmaker report``: a page that people open in a browser, print or forward."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matchmaker.cli import options
from matchmaker.cli.reading import end_with, problems_from, progress, tell_of_rows, tell_of_table

if TYPE_CHECKING:
    from matchmaker.domain import Problem
    from matchmaker.intake import ProblemFolder, ProblemTable
    from matchmaker.intake.rejects import Rejects
    from matchmaker.matching.matcher import Matcher
    from matchmaker.writing.page import Audience, Page

For = Annotated[
    str,
    typer.Option(
        "--for",
        metavar="WHO",
        help="broker: everything. enterprise: who fits, without scores. The id or name of an institute: its own match "
        "alone, the enterprise not named; 'institute': the first on the shortlist.",
    ),
]
NameEnterprise = Annotated[
    bool, typer.Option("--name-enterprise", help="Tell the institute which enterprise has the problem.")
]


def report(
    file: options.FileOrTable = None,
    text: options.GivenText = None,
    who: For = "broker",
    name_enterprise: NameEnterprise = False,
    institutes: options.Institutes = None,
    settings: options.Settings = None,
    encoder: options.Encoder = None,
    ledger: options.Experience = None,
    as_of: options.AsOf = None,
    column: options.Columns = None,
    sheet: options.Sheets = None,
    split: options.SplitOption = options.SplitName.auto,
    encoding: options.Encoding = None,
    lang: options.LanguageOption = None,
    top: options.Top = 5,
    scores: options.Scores = False,
    everything: options.Everything = False,
    output: options.Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Write one HTML page of a shortlist or of a whole table: for any browser, for A4, without a network.

    What the page for an enterprise or an institute leaves out: docs/report.md. Rows of a table that are no problems
    are named on stderr, counted on the page, and make the exit code 3.

    Example: matchmaker report data/problems/05-water-leak.yaml -o water-leak.html
    """
    from matchmaker.intake.rejects import Rejects
    from matchmaker.office.kinds import is_table
    from matchmaker.writing import check_output, write_text
    from matchmaker.writing.page import Page

    check_output(output, file, institutes, settings, ledger=ledger)
    is_of_table = text is None and file is not None and is_table(file)
    _check_audience(who, is_of_table=is_of_table, scores=scores)
    rejects = Rejects()
    with options.session_from(institutes, settings, encoder, ledger, as_of) as session:
        audience = _audience(who, session.matcher, named=name_enterprise)
        display = session.display(scores=scores, everything=everything)
        page = Page(session.matcher, audience, options.language_from(lang), _name(file), display)
        if is_of_table and file is not None:
            columns = options.columns_from(column)
            table = session.table(file, columns=columns, sheets=sheet or (), encoding=encoding)
            tell_of_table(file, table, quiet=quiet)
            with progress(shown=not quiet and output is not None) as count:
                write_text(_table_pieces(page, table, _top(who, top), rejects, count), output)
            tell_of_rows(table, rejects, quiet=quiet)
        else:
            problems = problems_from(file, text, split, quiet=quiet)
            write_text(_problem_pieces(page, problems, _top(who, top), is_first=who == "institute"), output)
    options.tell_written(output, quiet=quiet)
    end_with(rejects.n)


def _check_audience(who: str, *, is_of_table: bool, scores: bool) -> None:
    """Refuse what nobody could be shown, before anything is read."""
    if is_of_table and who == "institute":
        raise typer.BadParameter("for a table, say which institute: --for ID")
    if scores and who == "enterprise":
        raise typer.BadParameter("the page for an enterprise shows no scores: leave --scores out")


def _name(file: Path | None) -> str:
    return "--text" if file is None else "stdin" if str(file) == "-" else file.name


def _top(who: str, top: int) -> int | None:
    """How many matches to look at; for one institute all, as it may stand far down."""
    return top if who in {"broker", "enterprise", "institute"} else None


def _audience(who: str, matcher: Matcher, *, named: bool) -> Audience:
    """Who is to read the page; an unnamed institute is only known once there is a shortlist."""
    from matchmaker.institutes import find_institute
    from matchmaker.writing.page import BROKER, ENTERPRISE, Audience

    if named and who in {"broker", "enterprise"}:
        raise typer.BadParameter("--name-enterprise goes with --for an institute")
    if who in {"broker", "enterprise"}:
        return BROKER if who == "broker" else ENTERPRISE
    if who == "institute":
        return Audience(names_enterprise=named)
    return Audience("institute", find_institute(matcher.registry, who), named)


def _problem_pieces(page: Page, problems: Sequence[Problem], top: int | None, *, is_first: bool) -> Iterator[str]:
    """The page of one problem, or of several; for whoever stands first, if the page is for that institute."""
    if is_first and len(problems) > 1:
        raise typer.BadParameter("for several problems, say which institute: --for ID")
    shortlists = page.matcher.match(problems, top=top)
    if is_first:
        page = page.for_first(shortlists[0])
    return page.of_problem(shortlists[0]) if len(shortlists) == 1 else page.of_problems(shortlists)


def _table_pieces(
    page: Page,
    table: ProblemFolder | ProblemTable,
    top: int | None,
    rejects: Rejects,
    count: Callable[[int], None] | None,
) -> Iterator[str]:
    """The page of a whole table."""
    from matchmaker.intake.rejects import counted_rows
    from matchmaker.runs.workers import match_all

    shortlists = rejects.good(match_all(counted_rows(table, count), page.matcher, top=top))
    return page.of_problems(shortlists, n_rejected=lambda: rejects.n)
