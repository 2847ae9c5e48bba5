"""``matchmaker lint``: what a need leaves open."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from matchmaker.cli import batch as many
from matchmaker.cli import match as one
from matchmaker.cli import options
from matchmaker.cli.boundary import BAD_INPUT, tell
from matchmaker.cli.report import TABLES
from matchmaker.errors import Fault, InputError
from matchmaker.messages import said

if TYPE_CHECKING:
    from matchmaker.domain import Problem, Shortlist
    from matchmaker.matching.matcher import Matcher
    from matchmaker.writing.lint import LintFormat


class LintFormatName(StrEnum):
    """How questions are written."""

    table = "table"
    json = "json"
    md = "md"


File = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Argument(
        metavar="FILE",
        help="A problem, as for match, or a table of problems, as for batch; - reads stdin.",
        show_default=False,
    ),
]
LintFormatOption = Annotated[
    Optional[LintFormatName],  # noqa: UP045
    typer.Option(
        "--format",
        help="table: plain text, ready to send. Default: by the ending of --output (.txt, .json, .md), else table.",
        show_default=False,
    ),
]
_FORMATS: dict[str, LintFormat] = {".txt": "table", ".json": "json", ".md": "md"}


def lint(
    file: File = None,
    text: one.GivenText = None,
    institutes: options.Institutes = None,
    settings: options.Settings = None,
    encoder: options.Encoder = None,
    ledger: options.Experience = None,
    as_of: options.AsOf = None,
    column: options.Columns = None,
    sheet: many.Sheets = None,
    encoding: many.Encoding = None,
    split: options.SplitOption = options.SplitName.auto,
    format: LintFormatOption = None,
    lang: options.LanguageOption = None,
    output: options.Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Print what a need leaves open: the questions whose answers would change the shortlist most, ready to send back.

    The questions are in the language of the need, three at most. Rows of a table that are no problems are named on
    stderr and make the exit code 3.

    Example: matchmaker lint --text "我们想做智能检测"
    """
    written = _format_from(format, output)
    options.check_output(output, file, institutes, settings, ledger=ledger)
    matcher = options.matcher_for(options.registry_from(institutes), settings, encoder, ledger=ledger, as_of=as_of)
    if text is None and file is not None and file.suffix.lower() in TABLES:
        table = many.open_table(file, column, encoding, matcher, sheets=sheet, quiet=quiet)
        rejects = many.Rejects()
        _write(many.good(rejects.seen(table)), matcher, written, output)
        many.report_rows(table, rejects, None, quiet=quiet)
        if rejects.n:
            raise typer.Exit(BAD_INPUT)
    else:
        _write(one.problems_from(file, text, split, quiet=quiet), matcher, written, output)
    if output is not None and not quiet:
        tell(said("wrote {path}", path=output))


def _format_from(name: LintFormatName | None, output: Path | None) -> LintFormat:
    if name is not None or output is None:
        return name.value if name else "table"
    if output.suffix.lower() not in _FORMATS:
        finding = said("questions are written as .txt, .json or .md, not as '{name}'", name=output.name)
        raise InputError(Fault(str(output), finding, "give --output another ending"))
    return _FORMATS[output.suffix.lower()]


def _write(problems: Iterable[Problem], matcher: Matcher, format: LintFormat, output: Path | None) -> None:
    """Write the questions of problems to a file, whole or not at all, or to stdout."""
    from matchmaker.files import atomic_writer
    from matchmaker.writing.lint import format_questions

    pieces = format_questions((_asked(problem, matcher) for problem in problems), format)
    if output is None:
        for piece in pieces:
            options.write_data(piece)
        return
    with atomic_writer(output) as stream:
        stream.writelines(pieces)


def _asked(problem: Problem, matcher: Matcher) -> Shortlist:
    """The answer to a problem, with the questions that it leaves open even where it is clear."""
    (shortlist,) = matcher.match([problem], top=1)
    if shortlist.verdict == "unclear":
        return shortlist
    return shortlist.model_copy(update={"questions": matcher.ask(problem)})
