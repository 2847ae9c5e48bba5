"""Judgements (qrels) and runs as TREC files: the grades that experts gave to pairs, and the scores of a method."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from matchmaker.errors import EvaluationError, Fault
from matchmaker.messages import make_counted_message, make_message
from matchmaker.office.reading import open_bytes

Qrels: TypeAlias = Mapping[str, Mapping[str, int]]
"""Grades from 0 (none) to 3 (strong) by problem and institute."""
Run: TypeAlias = Mapping[str, Mapping[str, float]]
"""Scores by problem and institute, rounded to 6 decimals."""

GRADES: Final = range(4)
RELEVANT: Final = 2
"""The lowest grade, fair, of a relevant pair."""
DIGITS: Final = 6
MAX_LINE: Final = 100_000
"""Bytes of a line."""
_MAX_FAULTS = 20
_Value = TypeVar("_Value")


def load_qrels(path: Path) -> Qrels:
    """Read judgements; see ``parse_qrels``.

    Raises:
        EvaluationError: The file cannot be read, or lines of it are wrong.
    """
    return parse_qrels(_lines_of(path), place=str(path))


def load_run(path: Path) -> Run:
    """Read a run; see ``parse_run``.

    Raises:
        EvaluationError: The file cannot be read, or lines of it are wrong.
    """
    return parse_run(_lines_of(path), place=str(path))


def parse_qrels(lines: Iterable[str], *, place: str) -> Qrels:
    """Judgements from lines ``problem 0 institute grade``; blank lines are skipped.

    Args:
        lines: All lines of a file.
        place: Where they come from, for faults.

    Raises:
        EvaluationError: A line does not have four parts, a grade is not 0 to 3, a pair is judged twice with different
            grades, or there is no judgement. The first 20 faults are listed.
    """
    qrels: dict[str, dict[str, int]] = {}
    faults = _FaultList()
    for number, parts in _parts(lines):
        line_place = make_message("{place}, line {line}", place=place, line=number)
        if len(parts) != 4:
            faults.add(_part_count_fault(line_place, parts, "problem 0 institute grade"))
            continue
        problem, _, institute, grade = parts
        if grade not in {str(known) for known in GRADES}:
            finding = make_message("'{grade}' is not a grade", grade=grade[:60])
            faults.add(Fault(line_place, finding, "grades are 0 (none), 1 (weak), 2 (fair), 3 (strong)"))
            continue
        earlier = qrels.setdefault(problem, {}).setdefault(institute, int(grade))
        if earlier != int(grade):
            judged = {"institute": institute, "grade": grade, "problem": problem, "earlier": earlier}
            finding = make_message(
                "'{institute}' is judged {grade} for '{problem}', and {earlier} further up", **judged
            )
            faults.add(Fault(line_place, finding, "keep one of the two"))
    return _raise_or_return(qrels, faults, place, "contains no judgements")


def parse_run(lines: Iterable[str], *, place: str) -> Run:
    """Scores from lines ``problem Q0 institute rank score tag``; the rank is ignored, as it follows from the scores.

    Args:
        lines: All lines of a file.
        place: Where they come from, for faults.

    Raises:
        EvaluationError: A line does not have six parts, a score is not a finite number, a pair occurs twice, or there
            is no score. The first 20 faults are listed.
    """
    run: dict[str, dict[str, float]] = {}
    faults = _FaultList()
    for number, parts in _parts(lines):
        line_place = make_message("{place}, line {line}", place=place, line=number)
        if len(parts) != 6:
            faults.add(_part_count_fault(line_place, parts, "problem Q0 institute rank score tag"))
            continue
        problem, _, institute, _, score, _ = parts
        value = _number(score)
        if value is None:
            faults.add(
                Fault(
                    line_place,
                    make_message("'{score}' is not a score", score=score[:60]),
                    "write a number such as 0.871234",
                )
            )
        elif institute in run.setdefault(problem, {}):
            finding = make_message(
                "duplicate pair of '{problem}' and '{institute}'", institute=institute, problem=problem
            )
            faults.add(Fault(line_place, finding, "keep one of the two"))
        else:
            run[problem][institute] = round(value, DIGITS)
    return _raise_or_return(run, faults, place, "contains no scores")


def format_qrels(qrels: Qrels) -> Iterator[str]:
    """The lines of a file of judgements, in the order given."""
    for problem, grades in qrels.items():
        for institute, grade in grades.items():
            yield f"{_one_word(problem)} 0 {_one_word(institute)} {grade}\n"


def format_run(run: Run, *, tag: str = "matchmaker") -> Iterator[str]:
    """The lines of a run file: problems in the order given, institutes best first, ties in order of id.

    Raises:
        EvaluationError: An id contains white space, which a TREC file cannot hold.
    """
    for problem, scores in run.items():
        for rank, institute in enumerate(ranking(scores), 1):
            score = f"{scores[institute]:.{DIGITS}f}"
            yield f"{_one_word(problem)} Q0 {_one_word(institute)} {rank} {score} {tag}\n"


def ranking(scores: Mapping[str, float]) -> list[str]:
    """Institutes by score rounded to 6 decimals, best first; ties in order of id."""
    return sorted(scores, key=lambda institute: (-round(scores[institute], DIGITS), institute))


def _lines_of(path: Path) -> Iterator[str]:
    """The lines of a file of any length; the length of a line is limited."""
    with open_bytes(path, EvaluationError) as file:
        for number in count(1):
            line = file.readline(MAX_LINE + 1)
            if not line:
                return
            if len(line) > MAX_LINE:
                place = make_message("{place}, line {line}", place=path, line=number)
                finding = make_message("a line of more than {n:,} bytes", n=MAX_LINE)
                raise EvaluationError(Fault(place, finding, "name a TREC file, which has a line for each pair"))
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                place = make_message("{place}, line {line}", place=path, line=number)
                raise EvaluationError(Fault(place, "is not UTF-8 text", "save it as UTF-8")) from error


def _parts(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    return ((number, parts) for number, line in enumerate(lines, 1) if (parts := line.split()))


class _FaultList:
    """The first faults, and the number of all."""

    def __init__(self) -> None:
        self.first: list[Fault] = []
        self.n = 0

    def add(self, fault: Fault) -> None:
        self.n += 1
        if self.n <= _MAX_FAULTS:
            self.first.append(fault)


def _part_count_fault(place: str, parts: list[str], form: str) -> Fault:
    one, many = "{n} part where {expected} are expected", "{n} parts where {expected} are expected"
    finding = make_counted_message(len(parts), one, many, expected=len(form.split()))
    return Fault(place, finding, make_message("write: {form}", form=form))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _raise_or_return(
    read: dict[str, dict[str, _Value]], faults: _FaultList, place: str, finding: str
) -> dict[str, dict[str, _Value]]:
    if faults.n > _MAX_FAULTS:
        faults.first.append(Fault(place, make_message("{n:,} more lines are wrong", n=faults.n - _MAX_FAULTS)))
    if faults.n:
        raise EvaluationError(faults.first)
    if not read:
        raise EvaluationError(Fault(place, finding, "name another file"))
    return read


def _one_word(name: str) -> str:
    if not name or any(char.isspace() for char in name):
        finding = make_message("the id '{id}' cannot stand in it", id=name)
        raise EvaluationError(Fault(make_message("TREC file"), finding, "use ids without white space"))
    return name
