"""``matchmaker evaluate``: measures against judgements."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from matchmaker.cli import batch, options
from matchmaker.cli.boundary import BAD_INPUT, GATE_NOT_MET, tell
from matchmaker.messages import Message, counted, listed, said

if TYPE_CHECKING:
    from matchmaker.domain import Language, Problem
    from matchmaker.evaluation import Answers, Estimate, Evaluation, Qrels, Run, Unknown, VerdictError
    from matchmaker.writing.terminal.evaluation import Sheet

_MOST_NAMED = 5  # ids in a note
_ERROR_FILES = (".csv", ".md", ".xlsx")


class ReportFormat(StrEnum):
    """How measures are written."""

    table = "table"
    json = "json"
    md = "md"


ProblemsFile = Annotated[
    Optional[Path],  # noqa: UP045 - Typer reads the annotation
    typer.Option("--problems", metavar="FILE", help="A table of problems, as for batch.", show_default=False),
]
QrelsFile = Annotated[
    Path, typer.Option("--qrels", metavar="FILE", help="Judgements: lines 'problem 0 institute grade', grades 0 to 3.")
]
JudgedOnly = Annotated[bool, typer.Option("--judged-only", help="Rank only institutes judged for the problem.")]
RunOut = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--run-out", metavar="FILE", help="Write the scores as a TREC run.", show_default=False),
]
RunFile = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--run", metavar="RUN", help="Measure this TREC run instead of matching.", show_default=False),
]
OtherRun = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--compare", metavar="RUN", help="Compare with this TREC run problem by problem.", show_default=False),
]
AtLeast = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--at-least",
        metavar="MEASURE=VALUE",
        help="Exit code 5 if a measure is below, such as nDCG@10=0.75. May be repeated.",
        show_default=False,
    ),
]
AtMost = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--at-most",
        metavar="MEASURE=VALUE",
        help="Exit code 5 if a measure is above, such as ECE=0.05. May be repeated.",
        show_default=False,
    ),
]
Sweep = Annotated[bool, typer.Option("--sweep", help="Show what least scores from 0.05 to 0.95 leave.")]
Errors = Annotated[
    int,
    typer.Option(
        "--errors",
        metavar="N",
        min=0,
        help="Show the N worst wrong verdicts of each kind, and why.",
        show_default=False,
    ),
]
ErrorsOut = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--errors-out",
        metavar="FILE",
        help="Write all wrong verdicts, worst first: .csv, .md or .xlsx.",
        show_default=False,
    ),
]
Format = Annotated[
    Optional[ReportFormat],  # noqa: UP045
    typer.Option("--format", help="How to write. Default: by the ending of --output, else table.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class Gate:
    """A bound that a measure must keep."""

    measure: str
    bound: float
    is_least: bool

    def holds(self, estimate: Estimate) -> bool:
        """Whether it is kept; a measure that nothing defines keeps none."""
        if estimate.value is None:
            return False
        return estimate.value >= self.bound if self.is_least else estimate.value <= self.bound

    def told(self, estimate: Estimate) -> Message:
        """One line of what was found and what was asked."""
        found = said("not defined") if estimate.value is None else f"{estimate.value:.6f}"
        asked = "asked for at least {bound:g}" if self.is_least else "asked for at most {bound:g}"
        bound = said(asked, bound=self.bound)
        return said("gate: {measure} is {found}, {asked}", measure=self.measure, found=found, asked=bound)


@dataclass(frozen=True, slots=True)
class Measured:
    """What is measured: scores, what was said, where both come from, and the ids that were there to be scored."""

    run: Run
    answers: Answers | None
    origin: dict[str, str]
    problems: Sequence[str] | None
    institutes: Sequence[str] | None
    n_rejected: int


def evaluate(
    qrels: QrelsFile,
    problems: ProblemsFile = None,
    institutes: options.Institutes = None,
    settings: options.Settings = None,
    encoder: options.Encoder = None,
    judged_only: JudgedOnly = False,
    run: RunFile = None,
    compare: OtherRun = None,
    run_out: RunOut = None,
    at_least: AtLeast = None,
    at_most: AtMost = None,
    sweep: Sweep = False,
    errors: Errors = 0,
    errors_out: ErrorsOut = None,
    format: Format = None,
    lang: options.LanguageOption = None,
    output: options.Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Measure shortlists, or a TREC run, against judgements: ranking, calibration, verdicts, with 95 % intervals.

    Example: matchmaker evaluate --problems data/problems/requests.csv --qrels data/problems/requests.qrels.txt
    """
    written = report_format(format, output)
    _check_errors(errors, errors_out, run)
    for path in (output, run_out, errors_out):
        options.check_output(path, qrels, problems, institutes, settings, run, compare)
    gates = [*gates_from(at_least, is_least=True), *gates_from(at_most, is_least=False)]
    from matchmaker.evaluation import Evaluation, load_qrels, load_run

    judged, other = load_qrels(qrels), None if compare is None else load_run(compare)
    found = _measured(run, problems, institutes, (settings, encoder), judged if judged_only else None, quiet=quiet)
    ids = {"problems": found.problems, "institutes": found.institutes, "judged_only": judged_only}
    evaluation = Evaluation(judged, found.run, answers=found.answers, **ids)  # type: ignore[arg-type]
    compared = None if other is None else Evaluation(judged, other, **ids)  # type: ignore[arg-type]
    write_run(run_out, found.run)
    _write_errors(evaluation, errors_out, options.message_language(lang))
    if not quiet:
        note_unknown(evaluation.unknown)
    report = Report(evaluation, compared, found.origin, judged_only, sweep, tuple(gates), errors)
    report.write(written, output, options.message_language(lang))
    _judge(gates, evaluation.estimates)
    if found.n_rejected:
        raise typer.Exit(BAD_INPUT)


@dataclass(frozen=True, slots=True)
class Report:
    """An evaluation as it is written."""

    evaluation: Evaluation
    compared: Evaluation | None
    origin: Mapping[str, str]
    judged_only: bool
    sweep: bool
    gates: tuple[Gate, ...]
    n_errors: int

    def write(self, written: ReportFormat, output: Path | None, language: Language) -> None:
        """Write to the terminal, stdout or a file."""
        from matchmaker.writing.terminal import evaluation as render
        from matchmaker.writing.terminal.verdicts import verdicts_note

        found = self.evaluation
        if written is ReportFormat.json:
            put(json.dumps(self.plain(), ensure_ascii=False, indent=2) + "\n", output)
            return
        notes, sheets = [render.counts_note(found, language)], self._sheets(language)
        if found.verdicts is not None:
            notes.append(verdicts_note(found.verdicts, language))
        if written is ReportFormat.md:
            put(render.sheets_to_markdown(notes, sheets), output)
        else:
            from matchmaker.writing.terminal import open_console

            render.print_sheets(open_console(), notes, sheets, language)

    def _sheets(self, language: Language) -> list[Sheet]:
        from matchmaker.writing.terminal import evaluation as render
        from matchmaker.writing.terminal.verdicts import errors_sheet, levels_sheet

        found = self.evaluation
        sheets = [render.measures_sheet(found.estimates, language)]
        if found.verdicts is not None:
            sheets.append(levels_sheet(found.by_level(), language))
        if self.compared is not None:
            sheets.append(render.comparison_sheet(found.compare(self.compared), language))
        if self.sweep:
            sheets.append(render.sweep_sheet(found.sweep(), language))
        if self.n_errors:
            sheets.append(errors_sheet(self._errors(), language))
        return sheets

    def _errors(self) -> list[VerdictError]:
        from matchmaker.evaluation import worst_of_each

        verdicts = self.evaluation.verdicts
        return [] if verdicts is None else worst_of_each(verdicts.errors(), self.n_errors)

    def plain(self) -> dict[str, object]:
        """Everything as plain data."""
        from matchmaker.writing.terminal.verdicts import error_object, verdicts_object

        found = self.evaluation
        return {
            **self.origin,
            "judged_only": self.judged_only,
            "problems": {
                "read": found.n_problems,
                "judged": found.n_judged,
                "without_relevant": found.n_without_relevant,
            },
            "pairs": {"judged": found.n_pairs, "relevant": found.n_relevant},
            "unknown": asdict(found.unknown),
            "measures": {name: _rounded(asdict(one)) for name, one in found.estimates.items()},
            "verdicts": verdicts_object(found),
            "errors": [error_object(one) for one in self._errors()] if self.n_errors else None,
            "gates": [{**asdict(gate), "met": gate.holds(found.estimates[gate.measure])} for gate in self.gates],
            "comparison": None
            if self.compared is None
            else {name: _rounded(asdict(one)) for name, one in found.compare(self.compared).items()},
            "sweep": [_rounded(asdict(one)) for one in found.sweep()] if self.sweep else None,
            "reliability": [_rounded(asdict(one)) for one in found.reliability()],
            "by_problem": {problem: _rounded(values) for problem, values in found.by_problem()},
        }


def report_format(format: ReportFormat | None, output: Path | None) -> ReportFormat:
    """The format asked for, by the ending of the output where none is."""
    if format is None and output is not None:
        known = {".json": ReportFormat.json, ".md": ReportFormat.md}
        if output.suffix.lower() not in known:
            problem = said("measures are written as .json or .md, not as '{name}'; give --format", name=output.name)
            raise typer.BadParameter(problem)
        return known[output.suffix.lower()]
    if format is ReportFormat.table and output is not None:
        raise typer.BadParameter("a table is for the terminal; use --format json or md")
    return format or ReportFormat.table


def _check_errors(n: int, output: Path | None, run: Path | None) -> None:
    """Refuse errors that nobody could tell or write, before anything is read."""
    if run is not None and (n or output is not None):
        raise typer.BadParameter("a --run holds scores and no verdicts; leave it out to see wrong verdicts")
    if output is not None and output.suffix.lower() not in _ERROR_FILES:
        raise typer.BadParameter(
            said("wrong verdicts are written as .csv, .md or .xlsx, not as '{name}'", name=output.name)
        )


def _write_errors(evaluation: Evaluation, output: Path | None, language: Language) -> None:
    """Write all wrong verdicts to a file, if one is named."""
    if output is not None and evaluation.verdicts is not None:
        from matchmaker.writing.terminal.verdicts import write_errors

        write_errors(evaluation.verdicts.errors(), output, language)


def put(text: str, output: Path | None, *, private: bool = False) -> None:
    """Write a text to a file, whole or not at all, or to stdout; a new one, if private, for its owner alone."""
    if output is None:
        options.write_data(text)
        return
    from matchmaker.files import atomic_writer

    with atomic_writer(output, private=private) as stream:
        stream.write(text)


def gates_from(given: list[str] | None, *, is_least: bool) -> list[Gate]:
    """The bounds that ``--at-least`` or ``--at-most`` set."""
    from matchmaker.errors import did_you_mean

    if not given:
        return []
    from matchmaker.evaluation import MEASURES, SMALLER_IS_BETTER

    names = {name.casefold(): name for name in MEASURES}
    gates = []
    for entry in given:
        name, _, number = entry.partition("=")
        measure = names.get(name.strip().casefold())
        if measure is None:
            hint = did_you_mean(name, MEASURES)
            known = listed(MEASURES)
            problem = said("no measure is called '{name}'{hint}; known: {known}", name=name, hint=hint, known=known)
            raise typer.BadParameter(problem)
        if is_least is (measure in SMALLER_IS_BETTER):
            less = "of {measure} less is better: use --at-most {measure}=VALUE"
            more = "of {measure} more is better: use --at-least {measure}=VALUE"
            raise typer.BadParameter(said(less if is_least else more, measure=measure))
        gates.append(Gate(measure, _bound(number, entry), is_least))
    return gates


def read_table(path: Path, *, quiet: bool) -> tuple[list[Problem], int]:
    """All problems of a table, and how many rows were rejected; those are named on stderr."""
    from matchmaker.domain import Problem
    from matchmaker.intake import read_problems

    table = read_problems(path)
    if not quiet:
        batch.report_notes(table)
    rejects = batch.Rejects()
    problems = [row for row in rejects.seen(table) if isinstance(row, Problem)]
    batch.report_rows(table, rejects, None, quiet=quiet)
    return problems, rejects.n


def note_unknown(unknown: Unknown) -> None:
    """Say on stderr which ids have no counterpart."""
    missing = [problem for problem in unknown.missing_problems if problem not in unknown.judged_problems]
    _note(
        unknown.judged_problems,
        one="note: {n:,} judged problem not among the problems; they count 0: {ids}",
        many="note: {n:,} judged problems not among the problems; they count 0: {ids}",
    )
    _note(
        unknown.judged_institutes,
        one="note: {n:,} judged institute not among the institutes; they score 0: {ids}",
        many="note: {n:,} judged institutes not among the institutes; they score 0: {ids}",
    )
    _note(
        unknown.run_problems,
        one="note: {n:,} problem of the run not among the problems: {ids}",
        many="note: {n:,} problems of the run not among the problems: {ids}",
    )
    _note(
        unknown.run_institutes,
        one="note: {n:,} institute of the run not among the institutes: {ids}",
        many="note: {n:,} institutes of the run not among the institutes: {ids}",
    )
    _note(
        missing,
        one="note: {n:,} judged problem without any score; they count 0: {ids}",
        many="note: {n:,} judged problems without any score; they count 0: {ids}",
    )


def _note(ids: Sequence[str], *, one: str, many: str) -> None:
    if ids:
        named = listed((*ids[:_MOST_NAMED], "…") if len(ids) > _MOST_NAMED else ids)
        tell(counted(len(ids), one, many, ids=named))


def _measured(
    run: Path | None,
    problems: Path | None,
    institutes: Path | None,
    numbers: tuple[Path | None, options.EncoderName | None],
    only: Qrels | None,
    *,
    quiet: bool,
) -> Measured:
    """A run that is read, or made by matching."""
    from matchmaker.evaluation import answers_of, load_run, run_of
    from matchmaker.writing import version

    if run is None and problems is None:
        raise typer.BadParameter("give --problems to match them, or --run to measure scores that are there")
    if run is not None and any(numbers):
        raise typer.BadParameter("--settings and --encoder change nothing about a --run that is there")
    asked, n_rejected = (None, 0) if problems is None else read_table(problems, quiet=quiet)
    ids = None if asked is None else [problem.id for problem in asked]
    registry = options.registry_from(institutes) if run is None or institutes is not None else None
    known = None if registry is None else [institute.id for institute in registry.institutes]
    if run is not None:
        return Measured(load_run(run), None, {"matchmaker": version(), "run": str(run)}, ids, known, n_rejected)
    assert registry is not None and asked is not None  # noqa: S101, PT018 - for the type checker: no run is given
    matcher = options.matcher_for(registry, *numbers)
    origin = {
        "matchmaker": version(),
        "settings": matcher.settings.fingerprint,
        "institutes": registry.fingerprint,
    }
    answers = answers_of(matcher, asked, only=only)
    return Measured(run_of(matcher, asked, only=only), answers, origin, ids, known, n_rejected)


def write_run(path: Path | None, run: Run) -> None:
    """Write a run to a file, if one is named."""
    if path is not None:
        from matchmaker.evaluation import format_run
        from matchmaker.files import atomic_writer

        with atomic_writer(path) as stream:
            stream.writelines(format_run(run))


def _judge(gates: Iterable[Gate], estimates: Mapping[str, Estimate]) -> None:
    """Exit code 5 if a gate is not met; each that is not is named on stderr."""
    failed = [gate for gate in gates if not gate.holds(estimates[gate.measure])]
    for gate in failed:
        tell(gate.told(estimates[gate.measure]))
    if failed:
        raise typer.Exit(GATE_NOT_MET)


def _bound(text: str, entry: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        problem = said("'{entry}' is not MEASURE=VALUE with a value from 0 to 1, such as nDCG@10=0.75", entry=entry)
        raise typer.BadParameter(problem)
    return value


def _rounded(values: Mapping[str, object]) -> dict[str, object]:
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in values.items()}
