"""``matchmaker match``: the shortlist for the problem of a document, or for each of its problems."""

from __future__ import annotations

from matchmaker.cli import options
from matchmaker.cli.reading import problems_from


def match(
    file: options.File = None,
    text: options.GivenText = None,
    institutes: options.Institutes = None,
    settings: options.Settings = None,
    encoder: options.Encoder = None,
    ledger: options.Experience = None,
    as_of: options.AsOf = None,
    format: options.ShortlistsFormat = None,
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
    from matchmaker.writing import check_output

    written = options.format_from("shortlists", format, output)
    check_output(output, file, institutes, settings, ledger=ledger)
    problems = problems_from(file, text, split, quiet=quiet)
    with options.session_from(institutes, settings, encoder, ledger, as_of) as session:
        shortlists = session.match(problems, top=top)
        display = session.display(scores=scores, everything=everything)
        language = options.language_from(lang)
        losses = session.write(shortlists, output, format=written.name, language=language, display=display, source=file)
    options.tell_written(output, losses, quiet=quiet)
