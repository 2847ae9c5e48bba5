"""``matchmaker cases``: what was solved, and what was not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from matchmaker.cli import batch, options
from matchmaker.cli.boundary import Boundary, tell
from matchmaker.cli.case_intake import Import, case_from, tell_columns, tell_one
from matchmaker.cli.ledger import By, LedgerOption, opened, person, put_json, reject_exit
from matchmaker.messages import said

if TYPE_CHECKING:
    from matchmaker.domain import Case, Registry
    from matchmaker.ledger.cases import KeptCase

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


class ExportName(StrEnum):
    """How cases are exported."""

    csv = "csv"
    jsonl = "jsonl"
    md = "md"


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
OneSolver = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--institute", metavar="INSTITUTE", help="Only cases it took part in.", show_default=False),
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
Loose = Annotated[
    bool,
    typer.Option("--any-institute", help="Take institutes that the registry does not have, as they are written."),
]
Deleted = Annotated[bool, typer.Option("--deleted", help="The deleted cases instead of the others.")]
Words = Annotated[str, typer.Argument(metavar="WORDS", help="Words that must all stand in a case.")]
ExportFormatOption = Annotated[
    Optional[ExportName],  # noqa: UP045
    typer.Option("--format", help="How to write. Default: by the ending of --output, else jsonl.", show_default=False),
]


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
    from matchmaker.ledger.reading import resolver

    own = {"institutes": institute, "capability": capability, "outcome": outcome, "year": year, "benefit_cny": benefit}
    asked = {"title": title, "description": description, "enterprise": enterprise, "industry": industry}
    resolve = resolver(options.registry_from(institutes), strict=not any_institute)
    case = case_from(file, asked, {**own, "source": source, "note": note}, resolve)
    with opened(ledger, create=True) as store:
        answer = add_cases(store, [case], by=person(by), places=[str(file or "cases add")])[0]
    tell_one(answer, quiet=quiet)


@app.command("import")
def import_cases(
    file: CasesFile,
    column: options.Columns = None,
    sheet: batch.Sheets = None,
    encoding: batch.Encoding = None,
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
    from matchmaker.ledger.reading import CaseTable, resolver

    options.check_output(rejects, file, institutes)
    resolve = resolver(options.registry_from(institutes), strict=not any_institute)
    named = options.columns_from(column)
    table = CaseTable(file, resolve, columns=named, encoding=encoding, sheets=sheet or ())
    if not quiet:
        tell_columns(file, table)
    kept = rejects or file.with_name(f"{file.name}.rejects.csv")
    with opened(ledger, kept, create=True) as store, batch.kept_rejects(kept, table.table) as rejected:
        done = Import(store, person(by), rejected, quiet=quiet)
        done.take(table)
    done.finish(table, kept)
    reject_exit(rejected.n)


@app.command("list")
def list_cases(
    institute: OneSolver = None,
    outcome: OnlyOutcome = None,
    year: OnlyYear = None,
    deleted: Deleted = False,
    institutes: options.Institutes = None,
    ledger: LedgerOption = None,
    format: options.FormatOption = None,
    lang: options.LanguageOption = None,
) -> None:
    """List the cases, in the order in which they were added.

    Example: matchmaker cases list --institute giii
    """
    from matchmaker.ledger.cases import list_cases as listed

    registry = options.registry_from(institutes)
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
    format: options.FormatOption = None,
    lang: options.LanguageOption = None,
) -> None:
    """Find the cases in which all of some words stand; script, case and spaces do not matter.

    Example: matchmaker cases search 漏损
    """
    from matchmaker.ledger.cases import search_cases

    with opened(ledger) as store:
        kept = search_cases(store, words)
    _show_cases(kept, options.registry_from(institutes), format, lang)


@app.command()
def show(
    id_: Id,
    institutes: options.Institutes = None,
    ledger: LedgerOption = None,
    format: options.FormatOption = None,
    lang: options.LanguageOption = None,
) -> None:
    """Show one case, deleted or not: what it says, who added it, and when.

    Example: matchmaker cases show EX-01
    """
    from matchmaker.ledger.cases import find_case

    registry = options.registry_from(institutes)
    with opened(ledger) as store:
        kept = find_case(store, id_)
    if is_table(format):
        from matchmaker.writing.terminal import open_console
        from matchmaker.writing.terminal.ledger import print_case

        print_case(open_console(), kept, registry, options.language_from(lang) or kept.case.problem.language)
    else:
        put_json(_object(kept))


@app.command()
def export(
    format: ExportFormatOption = None,
    output: options.Output = None,
    ledger: LedgerOption = None,
    lang: options.LanguageOption = None,
    quiet: options.Quiet = False,
) -> None:
    """Write the cases that are not deleted; csv and jsonl can be imported again.

    Example: matchmaker cases export --format csv
    """
    from matchmaker.ledger.cases import list_cases as listed

    with opened(ledger, output) as store:
        cases = [kept.case for kept in listed(store)]
    _write(cases, format, output, lang, quiet=quiet)


@app.command()
def anonymise(
    format: ExportFormatOption = None,
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
    from matchmaker.writing.ledgerfiles import anonymised

    with opened(ledger, output) as store:
        cases = anonymised(all_cases(store))
    _write(cases, format, output, lang, quiet=quiet)
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
        tell(said("deleted case {id}; to have it back: matchmaker cases restore {id}", id=kept.case.id))


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
        tell(said("restored case {id}", id=kept.case.id))


def known_id(registry: Registry, name: str | None) -> str | None:
    """The id of an institute; a name that the registry does not have stays as it is: it may have left."""
    from matchmaker.ledger.reading import resolver

    return None if name is None else resolver(registry, strict=False)(name)


def is_table(format: options.FormatName | None) -> bool:
    """Whether a table is asked for; else it is json or jsonl."""
    if format not in (None, options.FormatName.table, options.FormatName.json, options.FormatName.jsonl):
        raise typer.BadParameter("this is printed as table, json or jsonl")
    return format in (None, options.FormatName.table)


def put_rows(rows: Iterable[object], format: options.FormatName | None) -> None:
    """Plain data to stdout, a list or one a line."""
    import json

    if format is options.FormatName.jsonl:
        for row in rows:
            options.write_data(json.dumps(row, ensure_ascii=False) + "\n")
    else:
        put_json(list(rows))


def _show_cases(
    kept: Sequence[KeptCase],
    registry: Registry,
    format: options.FormatName | None,
    lang: options.LanguageName | None,
) -> None:
    if is_table(format):
        from matchmaker.writing.terminal import open_console
        from matchmaker.writing.terminal.ledger import print_cases

        print_cases(open_console(), kept, registry, options.language_from(lang) or "zh")
    else:
        put_rows(map(_object, kept), format)


def _object(kept: KeptCase) -> dict[str, object]:
    from matchmaker.writing.ledgerfiles import case_object

    stamps = {"created": kept.created, "changed": kept.changed, "deleted": kept.deleted}
    return {**case_object(kept.case), **{name: stamp and stamp._asdict() for name, stamp in stamps.items()}}


def _write(
    cases: Sequence[Case],
    format: ExportName | None,
    output: Path | None,
    lang: options.LanguageName | None,
    *,
    quiet: bool,
) -> None:
    from matchmaker.files import atomic_writer
    from matchmaker.writing.ledgerfiles import export_cases

    written = format or _by_ending(output)
    text = "".join(export_cases(cases, written.value, options.language_from(lang) or "zh"))
    if output is None:
        options.write_data(text if written is not ExportName.csv or text.isascii() else f"\ufeff{text}")
        return
    with atomic_writer(output, bom=written is ExportName.csv, private=True) as stream:
        stream.write(text)
    if not quiet:
        tell(said("wrote {file}", file=output))


def _by_ending(output: Path | None) -> ExportName:
    if output is None:
        return ExportName.jsonl
    ending = output.suffix.lower().removeprefix(".")
    if ending not in set(ExportName):
        problem = said("cases are written as .csv, .jsonl or .md, not as '{name}'; give --format", name=output.name)
        raise typer.BadParameter(problem)
    return ExportName(ending)
