"""``matchmaker explain``: why one institute has its score for one problem."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from matchmaker.cli import options
from matchmaker.cli.reading import chosen_problem, problems_from

Name = Annotated[
    Optional[str],  # noqa: UP045 - missing where --text stands for the file
    typer.Argument(metavar="INSTITUTE", help="An institute's id, name or alias.", show_default=False),
]


def explain(
    file: options.File = None,
    name: Name = None,
    text: options.GivenText = None,
    chosen: options.Chosen = None,
    institutes: options.Institutes = None,
    settings: options.Settings = None,
    encoder: options.Encoder = None,
    ledger: options.Experience = None,
    as_of: options.AsOf = None,
    split: options.SplitOption = options.SplitName.auto,
    format: options.ExplanationFormat = None,
    lang: options.LanguageOption = None,
    output: options.Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Explain one score: its parts, what was found in the problem's text, the evidence, and what nothing covers.

    With --text, INSTITUTE is the only argument.

    Example: matchmaker explain data/problems/05-water-leak.yaml giii
    """
    from matchmaker.writing import Context, check_output, write

    file, name = _arguments(file, name, text)
    written = options.format_from("explanation", format, output)
    check_output(output, file, institutes, settings, ledger=ledger)
    problems = problems_from(file, text, split, quiet=quiet)
    problem = chosen_problem(problems, chosen, place=str(file) if text is None else "--text")
    with options.session_from(institutes, settings, encoder, ledger, as_of) as session:
        explanation = session.explain(problem, name)
        context = Context(options.language_from(lang), session.display(), session.matcher, session.matcher.registry)
        write(explanation, "explanation", written, output, context)
    options.tell_written(output, quiet=quiet)


def _arguments(file: Path | None, name: str | None, text: str | None) -> tuple[Path | None, str]:
    """The file and the institute; beside ``--text`` the one argument is the institute."""
    if text is not None and name is None:
        file, name = None, None if file is None else str(file)
    if name is None:
        raise typer.BadParameter("give an INSTITUTE, after the FILE or with --text")
    return file, name
