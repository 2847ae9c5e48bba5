"""``matchmaker match``: the shortlist for one problem."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from matchmaker.cli import options

if TYPE_CHECKING:
    from matchmaker.domain import Language, Problem, Registry, Shortlist
    from matchmaker.output import Format

File = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Argument(metavar="FILE", help="A .yaml, .json, .md or .txt file; - reads stdin.", show_default=False),
]
GivenText = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--text", help="The problem itself; the first line is the title.", show_default=False),
]


def match(
    file: File = None,
    text: GivenText = None,
    institutes: options.Institutes = None,
    settings: options.Settings = None,
    encoder: options.Encoder = None,
    format: options.FormatOption = None,
    lang: options.LanguageOption = None,
    top: options.Top = 5,
    output: options.Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Print the shortlist of institutes for one problem, with reasons and evidence.

    Example: matchmaker match --text "供水管网漏水找不到漏点"
    """
    written = options.format_from(format, output)
    options.check_output(output, file, institutes, settings)
    problem = problem_from(file, text)

    registry = options.registry_from(institutes)
    matcher = options.matcher_for(registry, settings, encoder)
    shortlist = matcher.match([problem], top=top)[0]
    if written == "html":
        from matchmaker.report import Page

        source = str(file.name if file else "--text")
        options.write_page(
            Page(matcher, language=options.language_from(lang), source=source).of_problem(shortlist), output
        )
    elif output is not None:
        from matchmaker.output import write_shortlist

        write_shortlist(shortlist, output, written, options.language_from(lang))
    else:
        show(shortlist, registry, written, options.language_from(lang))
    if output is not None and not quiet:
        typer.echo(f"wrote {output}", err=True)


def problem_from(file: Path | None, text: str | None) -> Problem:
    """The one problem a command is given: a file, stdin or a text."""
    from matchmaker.intake import load_problem, parse_problem, problem_from_bytes

    if (file is None) == (text is None):
        raise typer.BadParameter("give a FILE, - for stdin, or --text, one of them")
    if text is not None:
        return parse_problem(text, format="txt", place="--text", default_id="text")
    if str(file) == "-":
        return problem_from_bytes(sys.stdin.buffer.read(), place="stdin", default_id="stdin")
    assert file is not None  # noqa: S101 - for the type checker: exactly one is given
    return load_problem(file)


def show(shortlist: Shortlist, registry: Registry, format: Format, language: Language | None) -> None:
    """Write one shortlist to stdout."""
    if format == "table":
        from matchmaker.render import open_console, print_shortlist

        print_shortlist(open_console(), shortlist, registry=registry, language=language)
    elif format == "json":
        from matchmaker.output import to_json

        options.write_data(to_json(shortlist) + "\n")
    else:
        options.write_to_stdout([shortlist], format, language)
