"""``matchmaker cases``: what was solved, and what was not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from matchmaker.cli import options
from matchmaker.cli.boundary import Boundary, spoken, tell
from matchmaker.cli.ledgers import (
    Benefit,
    By,
    CaseSource,
    LedgerOption,
    Note,
    OneSolver,
    OnlyYear,
    Year,
    known_id,
    opened,
    person,
)
from matchmaker.cli.reading import MOST_SHOWN, end_with, tell_of_rows, tell_of_table
from matchmaker.errors import LedgerError
from matchmaker.messages import make_message

if TYPE_CHECKING:
    from collections import Counter

    from matchmaker.domain import Registry
    from matchmaker.errors import Fault
    from matchmaker.intake.rejects import Rejects
    from matchmaker.ledger.cases import AddResult, StoredCase
    from matchmaker.ledger.reading import CaseTable

app = typer.Typer(
    cls=Boundary,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Solved problems and others: add, import, list, show, search, export, delete.\n\n"
    "Example: matchmaker cases list",
)


class OutcomeName(StrEnum):
    """What came of a problem."""

    solved = "solved"
    partly = "partly"
    failed = "failed"


Id = Annotated[str, typer.Argument(metavar="ID", help="A case's id, such as C-7.")]
CaseFile = Annotated[
    Optional[Path],  # noqa: UP045 - Typer reads the annotation
    typer.Argument(
        metavar="FILE",
        help="A .yaml or .json file with the fields of a case, or any document with the problem alone.",
        show_default=False,
    ),
]
CasesFile = Annotated[Path, typer.Argument(metavar="FILE", help="A table of cases, such as .csv, .tsv or .jsonl.")]
Solvers = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--institute",
        metavar="INSTITUTE",
        help="Who took it on: id, name or alias. May be repeated.",
        show_default=False,
    ),
]
OutcomeOption = Annotated[
    Optional[OutcomeName],  # noqa: UP045
    typer.Option("--outcome", help="What came of it. Default: solved.", show_default=False),
]
OnlyOutcome = Annotated[
    Optional[OutcomeName],  # noqa: UP045
    typer.Option("--outcome", help="Only cases that came out so.", show_default=False),
]
Title = Annotated[Optional[str], typer.Option("--title", help="The problem's title.", show_default=False)]  # noqa: UP045
Description = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--description", help="The problem's description.", show_default=False),
]
Enterprise = Annotated[Optional[str], typer.Option("--enterprise", help="Whose problem.", show_default=False)]  # noqa: UP045
Industry = Annotated[Optional[str], typer.Option("--industry", help="Its industry.", show_default=False)]  # noqa: UP045
CapabilityId = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--capability", metavar="ID", help="The capability that was used.", show_default=False),
]
Loose = Annotated[
    bool,
    typer.Option("--any-institute", help="Take institutes that the registry does not have, as they are written."),
]
Deleted = Annotated[bool, typer.Option("--deleted", help="The deleted cases instead of the others.")]
Words = Annotated[str, typer.Argument(metavar="WORDS", help="Words that must all stand in a case.")]


@app.command()
def add(
    file: CaseFile = None,
    title: Title = None,
    description: Description = None,
    enterprise: Enterprise = None,
    industry: Industry = None,
    institute: Solvers = None,
    capability: CapabilityId = None,
    outcome: OutcomeOption = None,
    year: Year = None,
    benefit: Benefit = None,
    source: CaseSource = None,
    note: Note = None,
    any_institute: Loose = False,
    institutes: options.Institutes = None,
    ledger: LedgerOption = None,
    by: By = None,
    lang: options.LanguageOption = None,
    quiet: options.Quiet = False,
) -> None:
    """Add one case, from options, a file, or both: an option stands over the file.

    Example: matchmaker cases add --title 管网漏损 --institute giii --outcome partly
    """
    from matchmaker.ledger.cases import add_cases
    from matchmaker.ledger.importing import case_from
    from matchmaker.ledger.reading import resolver

    own = {"institutes": institute, "capability": capability, "outcome": outcome, "year": year, "benefit_cny": benefit}
    asked = {"title": title, "description": description, "enterprise": enterprise, "industry": industry}
    if file is None and not any(asked.values()):
        raise typer.BadParameter("give a FILE, or --title or --description")
    resolve = resolver(options.session_from(institutes).registry, strict=not any_institute)
    case = case_from(file, asked, {**own, "source": source, "note": note}, resolve)
    with opened(ledger, create=True) as store:
        answer = add_cases(store, [case], by=person(by), places=[str(file or "cases add")])[0]
    _tell_of(answer, quiet=quiet)


def _tell_of(answer: AddResult, *, quiet: bool) -> None:
    """Print the id of a case, and say whether it is new."""
    if answer.fault is not None:
        raise LedgerError(answer.fault)
    options.put_text(f"{answer.id}\n", None)
    if quiet:
        return
    if answer.kind == "added":
        tell(make_message("added case {id}", id=answer.id))
    else:
        tell(make_message("case {id} is there already", id=answer.id))


@app.command("import")
def import_cases(
    file: CasesFile,
    column: options.Columns = None,
    sheet: options.Sheets = None,
    encoding: options.Encoding = None,
    any_institute: Loose = False,
    rejects: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--rejects", metavar="FILE", help="Where rejected rows go. Default: FILE.rejects.csv."),
    ] = None,
    institutes: options.Institutes = None,
    ledger: LedgerOption = None,
    by: By = None,
    lang: options.LanguageOption = None,
    quiet: options.Quiet = False,
) -> None:
    """Add the cases of a table. What is there already is not added again, so that the same file may come twice.

    A row that is no case never stops the import: it is named, counted, written to the rejects file, and makes the exit
    code 3.

    Example: matchmaker cases import data/cases/example.csv --any-institute
    """
    from matchmaker.ledger.importing import import_cases as add_all
    from matchmaker.ledger.reading import CaseTable, resolver
    from matchmaker.runs.batches import kept_rejects
    from matchmaker.writing import check_output

    check_output(rejects, file, institutes)
    resolve = resolver(options.session_from(institutes).registry, strict=not any_institute)
    named = options.columns_from(column)
    table = CaseTable(file, resolve, columns=named, encoding=encoding, sheets=sheet or ())
    tell_of_table(file, table.table, quiet=quiet)
    kept = rejects or file.with_name(f"{file.name}.rejects.csv")
    with (
        opened(ledger, kept, create=True) as store,
        kept_rejects(kept, table.table.headings, spoken()) as rejected,
    ):
        counts = add_all(store, table, rejected, by=person(by), note=_first_notes(quiet=quiet))
    _tell_counts(table, rejected, counts, kept, quiet=quiet)
    end_with(rejected.n)


def _first_notes(*, quiet: bool) -> Callable[[Fault], None]:
    """What tells the first notes of an import, unless quiet."""
    left = iter(range(0 if quiet else MOST_SHOWN))

    def note(fault: Fault) -> None:
        if next(left, None) is not None:
            tell(make_message("note: {fault}", fault=fault.message))

    return note


def _tell_counts(table: CaseTable, rejects: Rejects, counts: Counter[str], kept: Path, *, quiet: bool) -> None:
    """Say what was rejected, where it is kept, and what was done."""
    for warning in table.warnings[:MOST_SHOWN] if not quiet else ():
        tell(make_message("warning: {fault}", fault=warning.message))
    tell_of_rows(table.table, rejects, kept, quiet=quiet)
    if quiet:
        return
    kinds = ("added", "there", "differs", "deleted", "refused")
    shown = {name: f"{n:,}" for name, n in {**{kind: counts[kind] for kind in kinds}, "rejected": rejects.n}.items()}
    text = make_message(
        "cases added: {added}; there already: {there}, with other values: {differs}, deleted before: {deleted}; "
        "rows rejected: {rejected}",
        **shown,
    )
    tell(text)


@app.command("list")
def list_cases(
    institute: OneSolver = None,
    outcome: OnlyOutcome = None,
    year: OnlyYear = None,
    deleted: Deleted = False,
    institutes: options.Institutes = None,
    ledger: LedgerOption = None,
    format: options.RowsFormat = None,
    lang: options.LanguageOption = None,
) -> None:
    """List the cases, in the order in which they were added.

    Example: matchmaker cases list --institute giii
    """
    from matchmaker.ledger.cases import list_cases as listed

    registry = options.session_from(institutes).registry
    with opened(ledger) as store:
        kept = listed(
            store,
            institute=known_id(registry, institute),
            outcome=outcome.value if outcome else None,
            year=year,
            deleted=deleted,
        )
    _show_cases(kept, registry, format, lang)


@app.command()
def search(
    words: Words,
    institutes: options.Institutes = None,
    ledger: LedgerOption = None,
    format: options.RowsFormat = None,
    lang: options.LanguageOption = None,
) -> None:
    """Find the cases in which all of some words stand; script, case and spaces do not matter.

    Example: matchmaker cases search 漏损
    """
    from matchmaker.ledger.cases import search_cases

    with opened(ledger) as store:
        kept = search_cases(store, words)
    _show_cases(kept, options.session_from(institutes).registry, format, lang)


@app.command()
def show(
    id_: Id,
    institutes: options.Institutes = None,
    ledger: LedgerOption = None,
    format: options.RecordFormat = None,
    lang: options.LanguageOption = None,
) -> None:
    """Show one case, deleted or not: what it says, who added it, and when.

    Example: matchmaker cases show EX-01
    """
    from matchmaker.ledger.cases import find_case

    registry = options.session_from(institutes).registry
    with opened(ledger) as store:
        kept = find_case(store, id_)
    from matchmaker.writing.terminal import open_console
    from matchmaker.writing.terminal.ledger import print_case

    language = options.language_from(lang) or kept.case.problem.shown_in
    options.put(_object(kept), "record", format, lambda: print_case(open_console(), kept, registry, language))


@app.command()
def export(
    format: options.CasesFormat = None,
    output: options.Output = None,
    ledger: LedgerOption = None,
    lang: options.LanguageOption = None,
    quiet: options.Quiet = False,
) -> None:
    """Write the cases that are not deleted; csv and jsonl can be imported again.

    Example: matchmaker cases export --format csv
    """
    from matchmaker.ledger.cases import list_cases as listed
    from matchmaker.writing import Context, write

    written = options.format_from("cases", format, output, default="jsonl")
    with opened(ledger, output) as store:
        cases = [kept.case for kept in listed(store)]
    write(cases, "cases", written, output, Context(options.language_from(lang), private=True))
    options.tell_written(output, quiet=quiet)


@app.command()
def anonymise(
    format: options.CasesFormat = None,
    output: options.Output = None,
    ledger: LedgerOption = None,
    lang: options.LanguageOption = None,
    quiet: options.Quiet = False,
) -> None:
    """Write the cases as 'export' does, with 企业-001 and so on for the enterprises' names, also inside of texts.

    Found are full names, and those without place and legal form. Other short forms, brands, people, addresses, and what
    gives an enterprise away without its name stay: read the result before you pass it on.

    Example: matchmaker cases anonymise --format csv
    """
    from matchmaker.ledger.cases import all_cases
    from matchmaker.writing import Context, write
    from matchmaker.writing.ledgerfiles import anonymise_cases

    written = options.format_from("cases", format, output, default="jsonl")
    with opened(ledger, output) as store:
        cases = anonymise_cases(all_cases(store))
    write(cases, "cases", written, output, Context(options.language_from(lang), private=True))
    options.tell_written(output, quiet=quiet)
    if not quiet:
        tell("read it before you pass it on: only names that the ledger knows were replaced")


@app.command()
def delete(
    id_: Id,
    ledger: LedgerOption = None,
    by: By = None,
    lang: options.LanguageOption = None,
    quiet: options.Quiet = False,
) -> None:
    """Mark a case as deleted; it stays in the ledger, and 'restore' takes the mark away.

    Example: matchmaker cases delete EX-01
    """
    from matchmaker.ledger.cases import delete_case

    with opened(ledger) as store:
        kept = delete_case(store, id_, by=person(by))
    if not quiet:
        tell(make_message("deleted case {id}; to have it back: matchmaker cases restore {id}", id=kept.case.id))


@app.command()
def restore(
    id_: Id,
    ledger: LedgerOption = None,
    by: By = None,
    lang: options.LanguageOption = None,
    quiet: options.Quiet = False,
) -> None:
    """Take back the deletion of a case.

    Example: matchmaker cases restore EX-01
    """
    from matchmaker.ledger.cases import restore_case

    with opened(ledger) as store:
        kept = restore_case(store, id_, by=person(by))
    if not quiet:
        tell(make_message("restored case {id}", id=kept.case.id))


def _show_cases(
    kept: Sequence[StoredCase], registry: Registry, format: str | None, lang: options.LanguageName | None
) -> None:
    from matchmaker.writing.terminal import open_console
    from matchmaker.writing.terminal.ledger import print_cases

    language = options.language_from(lang) or "zh"
    options.put(map(_object, kept), "rows", format, lambda: print_cases(open_console(), kept, registry, language))


def _object(kept: StoredCase) -> dict[str, object]:
    from matchmaker.writing.ledgerfiles import case_object

    stamps = {"created": kept.created, "changed": kept.changed, "deleted": kept.deleted}
    return {**case_object(kept.case), **{name: stamp and stamp._asdict() for name, stamp in stamps.items()}}
