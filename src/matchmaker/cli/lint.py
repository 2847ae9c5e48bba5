"""``matchmaker lint``: what a need leaves open."""

from __future__ import annotations

from matchmaker.cli import options
from matchmaker.cli.reading import end_with, problems_from, tell_of_rows, tell_of_table


def lint(
    file: options.FileOrTable = None,
    text: options.GivenText = None,
    institutes: options.Institutes = None,
    settings: options.Settings = None,
    encoder: options.Encoder = None,
    ledger: options.Experience = None,
    as_of: options.AsOf = None,
    column: options.Columns = None,
    sheet: options.Sheets = None,
    encoding: options.Encoding = None,
    split: options.SplitOption = options.SplitName.auto,
    format: options.QuestionsFormat = None,
    lang: options.LanguageOption = None,
    output: options.Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Print what a need leaves open: the questions whose answers would change the shortlist most, ready to send back.

    The questions are in the language of the need, three at most. Rows of a table that are no problems are named on
    stderr and make the exit code 3.

    Example: matchmaker lint --text "我们想做智能检测"
    """
    from matchmaker.intake.rejects import Rejects
    from matchmaker.office.kinds import is_table
    from matchmaker.writing import check_output, write

    written = options.format_from("questions", format, output)
    check_output(output, file, institutes, settings, ledger=ledger)
    rejects = Rejects()
    with options.session_from(institutes, settings, encoder, ledger, as_of) as session:
        if text is None and file is not None and is_table(file):
            columns = options.columns_from(column)
            table = session.table(file, columns=columns, sheets=sheet or (), encoding=encoding)
            tell_of_table(file, table, quiet=quiet)
            write(map(session.questions, rejects.good(table)), "questions", written, output)
            tell_of_rows(table, rejects, quiet=quiet)
        else:
            problems = problems_from(file, text, split, quiet=quiet)
            write(map(session.questions, problems), "questions", written, output)
    options.tell_written(output, quiet=quiet)
    end_with(rejects.n)
