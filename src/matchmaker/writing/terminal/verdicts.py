"""Right and wrong verdicts as tables, as plain data and as files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matchmaker.csvcells import csv_text, escape_formulas
from matchmaker.domain import Language
from matchmaker.errors import Fault
from matchmaker.evaluation import Estimate, Evaluation, LevelPrecision, VerdictError, Verdicts
from matchmaker.messages import Translatable, in_context, translate
from matchmaker.writing import enumerated, labelled, level_word, one_after_another, one_line, reason_text
from matchmaker.writing.sheets import Cell, SheetColumn, StyledValue, open_book
from matchmaker.writing.sheettables import SheetTable
from matchmaker.writing.shortlists import reason_object
from matchmaker.writing.terminal.evaluation import TitledTable, tables_to_markdown
from matchmaker.writing.terminal.lines import TerminalColumn

if TYPE_CHECKING:
    from matchmaker.writing.out import Context

ERROR_COLUMNS: Final = (
    *("problem_id", "problem_title", "kind", "verdict", "institute", "level", "score"),
    *("grade", "best", "best_grade", "reasons"),
)
"""The columns of a CSV of wrong verdicts."""

_VERDICTS: Final[Mapping[str, Translatable]] = {
    "matched": "matched",
    "unclear": "unclear",
    "none": "none fits",
}
_KINDS: Final[Mapping[str, Translatable]] = {
    "wrong_first": "wrong first",
    "nobody_fits": "nobody fits",
    "missed": "missed",
}
"""How a verdict can be wrong."""
_HEADINGS: Final[Mapping[str, Translatable]] = {
    "problem_id": in_context("column", "Problem id"),
    "problem_title": in_context("column", "Title"),
    "kind": "Kind",
    "verdict": "Verdict",
    "institute": "First institute",
    "level": "Level",
    "score": "Score",
    "grade": "Its grade",
    "best": "Best by the judges",
    "best_grade": "Best grade",
    "reasons": "Reasons",
}
"""The columns of a workbook."""
_WIDEST: Final = {"problem_title": 50, "reasons": 70}  # columns of a workbook, in cells of a terminal
_CODES: Final = ("problem_id", "institute")


def verdicts_note(verdicts: Verdicts, language: Language) -> str:
    """The number of problems with each verdict, and of right ones, in one sentence."""
    counts = {name: f"{n:,}" for name, n in verdicts.counts.items()}
    return translate(
        "Answers: {matched} matched, {right} of them with a relevant institute first; {unclear} unclear; {none} none.",
        language,
        **counts,
        right=f"{verdicts.n_hits:,}",
    )


def levels_table(levels: Sequence[LevelPrecision], language: Language) -> TitledTable:
    """How often the first institute is relevant, by its level."""
    numbers: tuple[Translatable, ...] = (
        in_context("column", "Problems"),
        in_context("column", "Relevant"),
        "Share",
        "95 % interval (Wilson)",
    )
    columns = (
        TerminalColumn(translate("Level", language), is_short=True),
        *(TerminalColumn(translate(heading, language), is_short=True, is_number=True) for heading in numbers),
    )
    rows = [
        (
            level_word(one.level, language),
            f"{one.n:,}",
            f"{one.n_relevant:,}",
            "-" if one.share.value is None else f"{one.share.value:.3f}",
            "-" if one.wilson is None else "{:.3f} … {:.3f}".format(*one.wilson),
        )
        for one in levels
    ]
    return TitledTable(translate("The first institute, by its level", language), columns, rows)


def errors_table(errors: Sequence[VerdictError], language: Language) -> TitledTable:
    """Wrong verdicts as a table: the problem, the kind of error, the answer, the judgements, and the reasons."""
    headings: tuple[Translatable, ...] = ("Problem", "Kind", "Said", "Judges", "Reasons")
    rows = [
        (
            " ".join(dict.fromkeys((error.problem, one_line(error.answer.title)))),
            translate(_KINDS[error.kind], language),
            _answer_text(error, language),
            _judges_text(error, language),
            _reasons_text(error, language),
        )
        for error in errors
    ]
    columns = tuple(TerminalColumn(translate(heading, language)) for heading in headings)
    return TitledTable(translate("Wrong verdicts, worst first", language), columns, rows, has_foreign_texts=True)


def errors_as_csv(errors: Sequence[VerdictError], context: Context) -> Iterator[str]:
    """Wrong verdicts as CSV in the order given; its columns and codes are the same in both languages."""
    yield csv_text([ERROR_COLUMNS, *(_csv_row(error, context.language or "en") for error in errors)])


def errors_as_markdown(errors: Sequence[VerdictError], context: Context) -> Iterator[str]:
    """Wrong verdicts as a table."""
    yield tables_to_markdown([], [errors_table(errors, context.language or "en")])


def errors_as_workbook(errors: Sequence[VerdictError], path: Path, context: Context) -> Sequence[Fault]:
    """Write wrong verdicts as a workbook; nothing is lost.

    Raises:
        InputError: The file cannot be written.
    """
    _write_workbook(errors, path, context.language or "en")
    return ()


def verdicts_object(evaluation: Evaluation) -> dict[str, object] | None:
    """The counts of verdicts and the precision of levels as plain data; ``None`` without answers."""
    if evaluation.verdicts is None:
        return None
    verdicts = evaluation.verdicts
    return {
        **{str(verdict): n for verdict, n in verdicts.counts.items()},
        "missing": verdicts.n_missing,
        "right": verdicts.n_hits,
        "by_level": [
            {
                "level": one.level,
                "n": one.n,
                "n_relevant": one.n_relevant,
                **_share_object(one.share),
                "wilson": None if one.wilson is None else [round(bound, 6) for bound in one.wilson],
            }
            for one in evaluation.by_level()
        ],
    }


def error_object(error: VerdictError) -> dict[str, object]:
    """A wrong verdict as plain data."""
    answer = error.answer
    return {
        "problem": error.problem,
        "title": answer.title,
        "kind": error.kind,
        "verdict": answer.verdict,
        "institute": answer.institute,
        "level": answer.level,
        "score": round(answer.score, 6),
        "grade": error.grade,
        "best": list(error.best),
        "best_grade": error.best_grade,
        "reasons": [reason_object(reason) for reason in answer.reasons],
    }


def _share_object(share: Estimate) -> dict[str, float | None]:
    bounds = {"share": share.value, "low": share.low, "high": share.high}
    return {name: None if value is None else round(value, 6) for name, value in bounds.items()}


def _csv_row(error: VerdictError, language: Language) -> tuple[str, ...]:
    answer = error.answer
    return (
        escape_formulas(error.problem),
        escape_formulas(answer.title),
        error.kind,
        answer.verdict,
        escape_formulas(answer.institute or ""),
        answer.level,
        f"{answer.score:.6f}",
        "" if error.grade is None else str(error.grade),
        escape_formulas(enumerated(error.best, language)),
        str(error.best_grade),
        escape_formulas(_reasons_text(error, language)),
    )


def _write_workbook(errors: Sequence[VerdictError], path: Path, language: Language) -> None:
    columns = [
        SheetColumn(
            translate(_HEADINGS[key], language),
            "code" if key in _CODES else "score" if key == "score" else "count" if key.endswith("grade") else "text",
            _WIDEST.get(key, 30),
        )
        for key in ERROR_COLUMNS
    ]
    with open_book(path) as book:
        table = SheetTable(book, translate("Wrong verdicts", language), columns)
        for error in errors:
            table.add(_workbook_row(error, language))


def _workbook_row(error: VerdictError, language: Language) -> Sequence[Cell]:
    answer = error.answer
    return (
        error.problem,
        answer.title,
        translate(_KINDS[error.kind], language),
        translate(_VERDICTS[answer.verdict], language),
        answer.institute,
        StyledValue(level_word(answer.level, language), answer.level),
        answer.score,
        error.grade,
        enumerated(error.best, language),
        error.best_grade,
        _reasons_text(error, language),
    )


def _answer_text(error: VerdictError, language: Language) -> str:
    answer = error.answer
    said = translate(_VERDICTS[answer.verdict], language)
    if answer.institute is None:
        return said
    first = f"{answer.institute} {level_word(answer.level, language)} {answer.score:.2f}"
    return labelled(said, first, language)


def _judges_text(error: VerdictError, language: Language) -> str:
    """The best institutes with their grade, then the institute of the answer with its grade, if it is another."""
    if not error.best:
        return "0"
    best = f"{enumerated(error.best, language)} {error.best_grade}"
    answer = error.answer
    if answer.institute is None or answer.institute in error.best:
        return best
    return enumerated((best, f"{answer.institute} {'-' if error.grade is None else error.grade}"), language)


def _reasons_text(error: VerdictError, language: Language) -> str:
    return one_after_another((reason_text(reason, language) for reason in error.answer.reasons), language)
