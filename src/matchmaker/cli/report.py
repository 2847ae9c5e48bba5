"""``matchmaker report``: a page that people open in a browser, print or forward."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from matchmaker.cli import batch as many
from matchmaker.cli import match as one
from matchmaker.cli import options
from matchmaker.cli.boundary import BAD_INPUT, tell
from matchmaker.messages import said

if TYPE_CHECKING:
    from matchmaker.domain import Problem
    from matchmaker.intake import ProblemFolder, ProblemTable
    from matchmaker.matching.matcher import Matcher
    from matchmaker.writing.page import Audience, Page

TABLES = frozenset(
    (*(".csv", ".tsv", ".jsonl", ".ndjson", ".parquet"), *(".xlsx", ".xlsm", ".xls", ".ods", ".et", ".numbers"))
)

File = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Argument(
        metavar="FILE",
        help="A problem, as for match, or a table of problems, as for batch; - reads stdin.",
        show_default=False,
    ),
]
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
    file: File = None,
    text: one.GivenText = None,
    who: For = "broker",
    name_enterprise: NameEnterprise = False,
    institutes: options.Institutes = None,
    settings: options.Settings = None,
    encoder: options.Encoder = None,
    ledger: options.Experience = None,
    as_of: options.AsOf = None,
    column: options.Columns = None,
    sheet: many.Sheets = None,
    split: options.SplitOption = options.SplitName.auto,
    encoding: many.Encoding = None,
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
    options.check_output(output, file, institutes, settings, ledger=ledger)
    is_table = text is None and file is not None and file.suffix.lower() in TABLES
    if is_table and who == "institute":
        raise typer.BadParameter("for a table, say which institute: --for ID")
    if scores and who == "enterprise":
        raise typer.BadParameter("the page for an enterprise shows no scores: leave --scores out")
    from matchmaker.writing.page import Page

    matcher = options.matcher_for(options.registry_from(institutes), settings, encoder, ledger=ledger, as_of=as_of)
    audience = _audience(who, matcher, named=name_enterprise)
    display = options.display_from(matcher, scores=scores, everything=everything)
    page = Page(matcher, audience, options.language_from(lang), _name(file), display)
    if is_table and file is not None:
        table = many.open_table(file, column, encoding, matcher, sheets=sheet, quiet=quiet)
        n_rejected = _report_table(page, table, _top(who, top), output, quiet=quiet)
    else:
        n_rejected = 0
        problems = one.problems_from(file, text, split, quiet=quiet)
        _report_problems(page, problems, _top(who, top), output, first=who == "institute")
    if output is not None and not quiet:
        tell(said("wrote {path}", path=output))
    if n_rejected:
        raise typer.Exit(BAD_INPUT)


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


def _report_problems(
    page: Page, problems: Sequence[Problem], top: int | None, output: Path | None, *, first: bool
) -> None:
    if first and len(problems) > 1:
        raise typer.BadParameter("for several problems, say which institute: --for ID")
    shortlists = page.matcher.match(problems, top=top)
    if first:
        page = page.for_first(shortlists[0])
    pieces = page.of_problem(shortlists[0]) if len(shortlists) == 1 else page.of_problems(shortlists)
    options.write_page(pieces, output)


def _report_table(
    page: Page, table: ProblemFolder | ProblemTable, top: int | None, output: Path | None, *, quiet: bool
) -> int:
    from matchmaker.runs.workers import match_all

    rejects = many.Rejects()
    with many.progress(table, shown=not quiet and output is not None) as rows:
        shortlists = many.good(rejects.seen(match_all(rows, page.matcher, top=top)))
        options.write_page(page.of_problems(shortlists, n_rejected=lambda: rejects.n), output)
    many.report_rows(table, rejects, None, quiet=quiet)
    return rejects.n
