"""Right and wrong verdicts: as tables, as plain data, and as files to learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from matchmaker.domain import Language
from matchmaker.evaluation import Estimate, Evaluation, OfLevel, VerdictError, Verdicts
from matchmaker.files import atomic_writer, csv_text, harmless
from matchmaker.writing import level_word, one_line, reason_text
from matchmaker.writing.sheets import Cell, Styled, open_book
from matchmaker.writing.sheets import Column as SheetColumn
from matchmaker.writing.sheettables import Table
from matchmaker.writing.shortlists import reason_object
from matchmaker.writing.terminal.evaluation import Sheet, sheets_to_markdown
from matchmaker.writing.terminal.lines import Column

ERROR_COLUMNS: Final = (
    *("problem_id", "problem_title", "kind", "verdict", "institute", "level", "score"),
    *("grade", "best", "best_grade", "reasons"),
)
"""The columns of a CSV of wrong verdicts."""

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "levels": ("首位机构的等级与评判", "The first institute, by its level"),
    "level": ("等级", "Level"),
    "problems": ("需求数", "Problems"),
    "relevant": ("其中相关", "Relevant"),
    "share": ("比例", "Share"),
    "wilson": ("95% 区间（Wilson）", "95 % interval (Wilson)"),
    "said": (
        "结论：{matched} 个有合适机构，其中 {right} 个的首位机构相关；{unclear} 个信息不足；{none} 个无合适机构。",
        "Said: {matched} matched, {right} of them with a relevant institute first; {unclear} unclear; {none} none.",
    ),
    "errors": ("判断有误的需求，最严重的在前", "Wrong verdicts, worst first"),
    "sheet": ("判断有误", "Wrong verdicts"),
    "problem": ("需求", "Problem"),
    "problem_id": ("需求编号", "Problem id"),
    "problem_title": ("需求名称", "Title"),
    "kind": ("错误类型", "Kind"),
    "wrong_first": ("首位有误", "wrong first"),
    "nobody_fits": ("实无合适机构", "nobody fits"),
    "missed": ("漏判", "missed"),
    "answer": ("系统结论", "Said"),
    "verdict": ("结论", "Verdict"),
    "matched": ("有合适机构", "matched"),
    "unclear": ("信息不足", "unclear"),
    "none": ("无合适机构", "none fits"),
    "institute": ("首位机构", "First institute"),
    "score": ("评分", "Score"),
    "grade": ("其等次", "Its grade"),
    "judges": ("评判", "Judges"),
    "best": ("评判最佳", "Best by the judges"),
    "best_grade": ("最佳等次", "Best grade"),
    "reasons": ("判断依据", "Because of"),
}
_WIDEST: Final = {"problem_title": 50, "reasons": 70}  # columns of a workbook, in cells of a terminal
_CODES: Final = ("problem_id", "institute")


def verdicts_note(verdicts: Verdicts, language: Language) -> str:
    """How many problems got each verdict, and how many rightly so, in one sentence."""
    counts = {name: f"{n:,}" for name, n in verdicts.counts.items()}
    return _word("said", language).format(**counts, right=f"{verdicts.n_hits:,}")


def levels_sheet(levels: Sequence[OfLevel], language: Language) -> Sheet:
    """How often the first institute is relevant, by its level."""
    numbers = ("problems", "relevant", "share", "wilson")
    columns = (
        Column(_word("level", language), is_short=True),
        *(Column(_word(key, language), is_short=True, is_number=True) for key in numbers),
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
    return Sheet(_word("levels", language), columns, rows)


def errors_sheet(errors: Sequence[VerdictError], language: Language) -> Sheet:
    """Wrong verdicts for the eye: what was asked, what was said, what the judges say, and the words that led there."""
    keys = ("problem", "kind", "answer", "judges", "reasons")
    rows = [
        (
            " ".join(dict.fromkeys((error.problem, one_line(error.answer.title)))),
            _word(error.kind, language),
            _answer_text(error, language),
            _judges_text(error, language),
            _reasons_text(error, language),
        )
        for error in errors
    ]
    columns = tuple(Column(_word(key, language)) for key in keys)
    return Sheet(_word("errors", language), columns, rows, has_foreign_texts=True)


def write_errors(errors: Sequence[VerdictError], path: Path, language: Language) -> None:
    """Write wrong verdicts in the order given; the file appears whole at the end or not at all.

    Args:
        errors: What to write.
        path: Replaced when it exists; its ending, ``.csv``, ``.md`` or ``.xlsx``, gives the format.
        language: Of headings and words; the columns and codes of a CSV are the same in both.

    Raises:
        InputError: The file cannot be written.
    """
    ending = path.suffix.lower()
    if ending == ".xlsx":
        _write_workbook(errors, path, language)
        return
    with atomic_writer(path, bom=ending == ".csv") as stream:
        if ending == ".csv":
            rows = [_csv_row(error, language) for error in errors]
            stream.write(csv_text([ERROR_COLUMNS, *rows]))
        else:
            stream.write(sheets_to_markdown([], [errors_sheet(errors, language)]))


def verdicts_object(evaluation: Evaluation) -> dict[str, object] | None:
    """How many problems got each verdict, and how right levels are, as plain data; None where nothing was said."""
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
        harmless(error.problem),
        harmless(answer.title),
        error.kind,
        answer.verdict,
        harmless(answer.institute or ""),
        answer.level,
        f"{answer.score:.6f}",
        "" if error.grade is None else str(error.grade),
        harmless(_joined(error.best, language)),
        str(error.best_grade),
        harmless(_reasons_text(error, language)),
    )


def _write_workbook(errors: Sequence[VerdictError], path: Path, language: Language) -> None:
    columns = [
        SheetColumn(
            _word(key, language),
            "code" if key in _CODES else "score" if key == "score" else "count" if key.endswith("grade") else "text",
            _WIDEST.get(key, 30),
        )
        for key in ERROR_COLUMNS
    ]
    with open_book(path) as book:
        table = Table(book, _word("sheet", language), columns)
        for error in errors:
            table.add(_workbook_row(error, language))


def _workbook_row(error: VerdictError, language: Language) -> Sequence[Cell]:
    answer = error.answer
    return (
        error.problem,
        answer.title,
        _word(error.kind, language),
        _word(answer.verdict, language),
        answer.institute,
        Styled(level_word(answer.level, language), answer.level),
        answer.score,
        error.grade,
        _joined(error.best, language),
        error.best_grade,
        _reasons_text(error, language),
    )


def _answer_text(error: VerdictError, language: Language) -> str:
    answer = error.answer
    said = _word(answer.verdict, language)
    if answer.institute is None:
        return said
    separator = "：" if language == "zh" else ": "
    return f"{said}{separator}{answer.institute} {level_word(answer.level, language)} {answer.score:.2f}"


def _judges_text(error: VerdictError, language: Language) -> str:
    """The best institutes with their grade, then, if it is another, the grade of the one said."""
    if not error.best:
        return "0"
    best = f"{_joined(error.best, language)} {error.best_grade}"
    answer = error.answer
    if answer.institute is None or answer.institute in error.best:
        return best
    return _joined((best, f"{answer.institute} {'-' if error.grade is None else error.grade}"), language)


def _reasons_text(error: VerdictError, language: Language) -> str:
    separator = "；" if language == "zh" else "; "
    return separator.join(reason_text(reason, language) for reason in error.answer.reasons)


def _joined(names: Sequence[str], language: Language) -> str:
    return ("、" if language == "zh" else ", ").join(names)


def _word(key: str, language: Language) -> str:
    return _WORDS[key][language == "en"]
