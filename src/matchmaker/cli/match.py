"""``matchmaker match``: the shortlist for the problem of a document, or for each of its problems."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from matchmaker.cli import options
from matchmaker.cli.boundary import tell
from matchmaker.messages import listed, said

if TYPE_CHECKING:
    from matchmaker.domain import Language, Problem, Registry, Shortlist
    from matchmaker.errors import Fault
    from matchmaker.intake import Loaded, Split
    from matchmaker.matching.matcher import Matcher
    from matchmaker.writing import Display, Format

File = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Argument(
        metavar="FILE",
        help="A .docx, .pdf, .odt, .html, .eml, .txt, .md, .yaml or .json file; - reads stdin.",
        show_default=False,
    ),
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
    ledger: options.Experience = None,
    as_of: options.AsOf = None,
    format: options.FormatOption = None,
    lang: options.LanguageOption = None,
    split: options.SplitOption = options.SplitName.auto,
    top: options.Top = 5,
    scores: options.Scores = False,
    everything: options.Everything = False,
    output: options.Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Print the shortlist of institutes for a problem, with reasons and evidence; a text may hold several problems.

    Example: matchmaker match --text "供水管网漏水找不到漏点"
    """
    written = options.format_from(format, output)
    options.check_output(output, file, institutes, settings, ledger=ledger)
    problems = problems_from(file, text, split, quiet=quiet)

    registry = options.registry_from(institutes)
    matcher = options.matcher_for(registry, settings, encoder, ledger=ledger, as_of=as_of)
    shortlists, language = matcher.match(problems, top=top), options.language_from(lang)
    display = options.display_from(matcher, scores=scores, everything=everything)
    if written in ("xlsx", "html"):
        _write_file(shortlists, matcher, file, output, written, language, display, quiet=quiet)
    elif output is not None:
        _write(shortlists, output, written, language, display)
    else:
        show(shortlists, registry, written, language, display)
    if output is not None and not quiet:
        tell(said("wrote {path}", path=output))


def problems_from(file: Path | None, text: str | None, split: options.SplitName, *, quiet: bool) -> tuple[Problem, ...]:
    """The problems a command is given: a file, stdin or a text. Says on stderr what was split, and what a form gave."""
    loaded = _loaded(file, text, split.value)
    place = "--text" if text is not None else said("stdin") if str(file) == "-" else str(file)
    if not quiet:
        for line in _notes(loaded, place):
            tell(line.message)
        for warning in loaded.warnings:
            tell(said("warning: {fault}", fault=warning.message))
    return loaded.problems


def _loaded(file: Path | None, text: str | None, split: Split) -> Loaded:
    from matchmaker.intake import load_problems, parse_problems, problems_from_bytes

    if (file is None) == (text is None):
        raise typer.BadParameter("give a FILE, - for stdin, or --text, one of them")
    if text is not None:
        return parse_problems(text, format="txt", place="--text", default_id="text", split=split)
    if str(file) == "-":
        return problems_from_bytes(_stdin(), place=said("stdin"), default_id="stdin", split=split)
    assert file is not None  # noqa: S101 - for the type checker: exactly one is given
    return load_problems(file, split=split)


def _stdin() -> bytes:
    from matchmaker.errors import ProblemError
    from matchmaker.intake.documents import MAX_DOCUMENT
    from matchmaker.office.reading import read_faults

    with read_faults(said("stdin"), ProblemError):
        return sys.stdin.buffer.read(MAX_DOCUMENT + 1)  # one more than allowed shows that there is more


def _notes(loaded: Loaded, place: str) -> Iterator[Fault]:
    """What a form was read as, and how many problems there are if not one."""
    from matchmaker.errors import Fault

    if loaded.recognised:
        taken = listed(f"{field} <- {label}" for field, label in loaded.recognised)
        unused = said("not used: {headings}", headings=listed(loaded.unused)) if loaded.unused else ""
        yield Fault(place, taken, unused)
    if loaded.split:
        from matchmaker.intake.splitting import NEVER, split_finding

        yield Fault(place, split_finding(loaded.split), NEVER)
    elif len(loaded.problems) > 1:
        yield Fault(place, said("{n} problems", n=len(loaded.problems)))


def _write_file(
    shortlists: Sequence[Shortlist],
    matcher: Matcher,
    file: Path | None,
    output: Path | None,
    written: Format,
    language: Language | None,
    display: Display,
    *,
    quiet: bool,
) -> None:
    """Write a workbook or a page."""
    if written == "xlsx":
        from matchmaker.writing import Origin

        origin = Origin(file=file, registry=matcher.registry, settings=matcher.settings)
        options.write_book(shortlists, output, language, origin=origin, quiet=quiet)
        return
    from matchmaker.writing.page import Page

    page = Page(matcher, language=language, source=str(file.name if file else "--text"), display=display)
    pieces = page.of_problem(shortlists[0]) if len(shortlists) == 1 else page.of_problems(shortlists)
    options.write_page(pieces, output)


def _write(
    shortlists: Sequence[Shortlist], output: Path, written: Format, language: Language | None, display: Display
) -> None:
    from matchmaker.writing import write_shortlist, write_shortlists

    if len(shortlists) == 1:
        write_shortlist(shortlists[0], output, written, language, display)
    else:
        write_shortlists(shortlists, output, written, language, display)


def show(
    shortlists: Sequence[Shortlist], registry: Registry, format: Format, language: Language | None, display: Display
) -> None:
    """Write shortlists to stdout; as JSON one is an object, several are an array."""
    if format == "table":
        from matchmaker.writing.terminal import open_console, print_shortlist

        console = open_console()
        for number, shortlist in enumerate(shortlists):
            if number:
                console.print()
            print_shortlist(console, shortlist, registry=registry, language=language, display=display)
    elif format == "json" and len(shortlists) == 1:
        from matchmaker.writing import to_json

        options.write_data(to_json(shortlists[0]) + "\n")
    else:
        options.write_to_stdout(shortlists, format, language, display)
