"""``matchmaker evaluate``: measures against judgements."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from matchmaker.cli import options
from matchmaker.cli.boundary import GATE_NOT_MET, tell
from matchmaker.cli.reading import end_with, read_table
from matchmaker.messages import join_messages, make_counted_message, make_message

if TYPE_CHECKING:
    from matchmaker.evaluation import Answers, Estimate, Qrels, Run, UnknownIds
    from matchmaker.writing import Format
    from matchmaker.writing.measures import Gate

_MOST_NAMED = 5  # ids in a note


ProblemsFile = Annotated[
    Optional[Path],  # noqa: UP045 - Typer reads the annotation
    typer.Option("--problems", metavar="FILE", help="A table of problems, as for batch.", show_default=False),
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
    qrels: options.QrelsFile,
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
    format: options.MeasuresFormat = None,
    lang: options.LanguageOption = None,
    output: options.Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Measure shortlists, or a TREC run, against judgements: ranking, calibration, verdicts, with 95 % intervals.

    Example: matchmaker evaluate --problems data/problems/requests.csv --qrels data/problems/requests.qrels.txt
    """
    from matchmaker.evaluation import Evaluation, load_qrels, load_run, measuring_package
    from matchmaker.writing import Context, check_output, write
    from matchmaker.writing.measures import Report

    measuring_package()  # asked for before minutes are spent on matching
    written = options.format_from("measures", format, output)
    errors_format = _errors_format(errors, errors_out, run)
    for path in (output, run_out, errors_out):
        check_output(path, qrels, problems, institutes, settings, run, compare)
    gates = [*gates_from(at_least, is_least=True), *gates_from(at_most, is_least=False)]
    judged, other = load_qrels(qrels), None if compare is None else load_run(compare)
    found = _measured(run, problems, institutes, (settings, encoder), judged if judged_only else None, quiet=quiet)
    ids = {"problems": found.problems, "institutes": found.institutes, "judged_only": judged_only}
    evaluation = Evaluation(judged, found.run, answers=found.answers, **ids)  # type: ignore[arg-type]
    compared = None if other is None else Evaluation(judged, other, **ids)  # type: ignore[arg-type]
    options.write_run(run_out, found.run)
    context = Context(options.message_language(lang))
    if errors_format is not None and evaluation.verdicts is not None:
        write(evaluation.verdicts.errors(), "verdicts", errors_format, errors_out, context)
    if not quiet:
        note_unknown(evaluation.unknown)
    report = Report(evaluation, compared, found.origin, judged_only, sweep, tuple(gates), errors)
    write(report, "measures", written, output, context)
    _judge(gates, evaluation.estimates)
    end_with(found.n_rejected)


def _errors_format(n: int, output: Path | None, run: Path | None) -> Format | None:
    """How wrong verdicts are written to a file; errors that nobody could tell are refused before anything is read."""
    if run is not None and (n or output is not None):
        raise typer.BadParameter("a --run holds scores and no verdicts; leave it out to see wrong verdicts")
    return None if output is None else options.format_from("verdicts", None, output)


def gates_from(given: list[str] | None, *, is_least: bool) -> list[Gate]:
    """The bounds that ``--at-least`` or ``--at-most`` set."""
    from matchmaker.errors import did_you_mean

    if not given:
        return []
    from matchmaker.evaluation import MEASURES, SMALLER_IS_BETTER
    from matchmaker.writing.measures import Gate

    names = {name.casefold(): name for name in MEASURES}
    gates = []
    for entry in given:
        name, _, number = entry.partition("=")
        measure = names.get(name.strip().casefold())
        if measure is None:
            hint = did_you_mean(name, MEASURES)
            known = join_messages(MEASURES)
            problem = make_message(
                "no measure is called '{name}'{hint}; known: {known}", name=name, hint=hint, known=known
            )
            raise typer.BadParameter(problem)
        if is_least is (measure in SMALLER_IS_BETTER):
            less = "of {measure} less is better: use --at-most {measure}=VALUE"
            more = "of {measure} more is better: use --at-least {measure}=VALUE"
            raise typer.BadParameter(make_message(less if is_least else more, measure=measure))
        gates.append(Gate(measure, _bound(number, entry), is_least))
    return gates


def note_unknown(unknown: UnknownIds) -> None:
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
        named = join_messages((*ids[:_MOST_NAMED], "…") if len(ids) > _MOST_NAMED else ids)
        tell(make_counted_message(len(ids), one, many, ids=named))


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
    from matchmaker.distribution import version
    from matchmaker.evaluation import collect_answers, load_run, score_run

    if run is None and problems is None:
        raise typer.BadParameter("give --problems to match them, or --run to measure scores that are there")
    if run is not None and any(numbers):
        raise typer.BadParameter("--settings and --encoder change nothing about a --run that is there")
    asked, n_rejected = (None, 0) if problems is None else read_table(problems, quiet=quiet)
    ids = None if asked is None else [problem.id for problem in asked]
    session = options.session_from(institutes, *numbers)
    known = [one.id for one in session.institutes] if run is None or institutes is not None else None
    if run is not None:
        return Measured(load_run(run), None, {"matchmaker": version(), "run": str(run)}, ids, known, n_rejected)
    assert asked is not None  # noqa: S101 - for the type checker: no run is given
    matcher = session.matcher
    origin = {
        "matchmaker": version(),
        "settings": matcher.settings.fingerprint,
        "institutes": session.registry.fingerprint,
    }
    answers = collect_answers(matcher, asked, only=only)
    return Measured(score_run(matcher, asked, only=only), answers, origin, ids, known, n_rejected)


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
        problem = make_message(
            "'{entry}' is not MEASURE=VALUE with a value from 0 to 1, such as nDCG@10=0.75", entry=entry
        )
        raise typer.BadParameter(problem)
    return value
