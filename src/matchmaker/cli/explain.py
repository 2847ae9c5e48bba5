"""``matchmaker explain``: why one institute has its score for one problem."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from matchmaker.cli import match, options
from matchmaker.cli.boundary import tell
from matchmaker.errors import Fault, ProblemError
from matchmaker.messages import said

if TYPE_CHECKING:
    from matchmaker.domain import Explanation, Language, Problem
    from matchmaker.matching.matcher import Matcher
    from matchmaker.writing import ExplanationFormat, Format

Name = Annotated[
    Optional[str],  # noqa: UP045 - missing where --text stands for the file
    typer.Argument(metavar="INSTITUTE", help="An institute's id, name or alias.", show_default=False),
]
Chosen = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--problem",
        metavar="ID|NUMBER",
        help="Which problem of a file or text that holds several: its id, or its number from 1.",
        show_default=False,
    ),
]


def explain(
    file: match.File = None,
    name: Name = None,
    text: match.GivenText = None,
    chosen: Chosen = None,
    institutes: options.Institutes = None,
    settings: options.Settings = None,
    encoder: options.Encoder = None,
    ledger: options.Experience = None,
    as_of: options.AsOf = None,
    split: options.SplitOption = options.SplitName.auto,
    format: options.FormatOption = None,
    lang: options.LanguageOption = None,
    output: options.Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Explain one score: its parts, what was found in the problem's text, the evidence, and what nothing covers.

    With --text, INSTITUTE is the only argument.

    Example: matchmaker explain data/problems/05-water-leak.yaml giii
    """
    file, name = _arguments(file, name, text)
    written = options.format_from(format, output)
    if written not in ("table", "json", "md"):
        raise typer.BadParameter("an explanation is printed as table, json or md, and written as json or md")
    options.check_output(output, file, institutes, settings, ledger=ledger)
    problems = match.problems_from(file, text, split, quiet=quiet)
    problem = chosen_problem(problems, chosen, place=str(file) if text is None else "--text")
    from matchmaker.institutes import find_institute

    registry = options.registry_from(institutes)
    institute = find_institute(registry, name)
    matcher = options.matcher_for(registry, settings, encoder, ledger=ledger, as_of=as_of)
    explanation = matcher.explain(problem, institute)
    _write(explanation, matcher, output, written, options.language_from(lang), quiet=quiet)


def chosen_problem(problems: Sequence[Problem], chosen: str | None, *, place: str) -> Problem:
    """The problem of this id or, if no id is such, of this number from 1.

    Raises:
        ProblemError: There is no such problem, or there are several and none is chosen.
    """
    if chosen is None and len(problems) == 1:
        return problems[0]
    wanted = (chosen or "").strip()
    found = [problem for problem in problems if problem.id == wanted]
    if not found and wanted.isdecimal() and 0 < int(wanted) <= len(problems):
        found = [problems[int(wanted) - 1]]
    if found:
        return found[0]
    finding = said("no such problem: {name}", name=wanted) if wanted else said("holds {n} problems", n=len(problems))
    known = ", ".join(problem.id for problem in problems[:10])
    raise ProblemError(Fault(place, finding, said("choose one with --problem: {known}", known=known)))


def _arguments(file: Path | None, name: str | None, text: str | None) -> tuple[Path | None, str]:
    """The file and the institute; beside ``--text`` the one argument is the institute."""
    if text is not None and name is None:
        file, name = None, None if file is None else str(file)
    if name is None:
        raise typer.BadParameter("give an INSTITUTE, after the FILE or with --text")
    return file, name


def _write(
    explanation: Explanation,
    matcher: Matcher,
    output: Path | None,
    written: Format,
    language: Language | None,
    *,
    quiet: bool,
) -> None:
    registry, record = matcher.registry, matcher.settings.record
    if written == "table":
        from matchmaker.writing.terminal import open_console, print_explanation

        print_explanation(open_console(), explanation, registry=registry, language=language, record=record)
        return
    from matchmaker.writing import explanation_to_json, explanation_to_markdown, write_explanation

    file_format: ExplanationFormat = "json" if written == "json" else "md"
    if output is not None:
        write_explanation(explanation, output, file_format, registry=registry, language=language, record=record)
        if not quiet:
            tell(said("wrote {path}", path=output))
    elif file_format == "json":
        options.write_data(explanation_to_json(explanation) + "\n")
    else:
        options.write_data(explanation_to_markdown(explanation, registry, language, record=record))
