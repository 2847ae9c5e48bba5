"""An evaluation as tables, as JSON and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from matchmaker.messages import Message, make_message
from matchmaker.writing.plain import as_json

if TYPE_CHECKING:
    from matchmaker.domain import Language
    from matchmaker.evaluation import Estimate, Evaluation, VerdictError
    from matchmaker.writing.out import Context
    from matchmaker.writing.terminal.evaluation import TitledTable


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
        found = make_message("not defined") if estimate.value is None else f"{estimate.value:.6f}"
        asked = "asked for at least {bound:g}" if self.is_least else "asked for at most {bound:g}"
        bound = make_message(asked, bound=self.bound)
        return make_message("gate: {measure} is {found}, {asked}", measure=self.measure, found=found, asked=bound)


@dataclass(frozen=True, slots=True)
class Report:
    """An evaluation as it is written.

    Attributes:
        evaluation: The measures.
        compared: Those of another run.
        origin: What was measured: versions and fingerprints, or the name of a run.
        judged_only: Whether only judged institutes were ranked.
        has_sweep: Whether to tell what least scores leave.
        gates: The bounds that were set.
        n_errors: So many wrong verdicts of each kind are shown.
    """

    evaluation: Evaluation
    compared: Evaluation | None
    origin: Mapping[str, str]
    judged_only: bool
    has_sweep: bool
    gates: tuple[Gate, ...]
    n_errors: int

    def notes(self, language: Language) -> list[str]:
        """What stands above the tables."""
        from matchmaker.writing.terminal.evaluation import counts_note
        from matchmaker.writing.terminal.verdicts import verdicts_note

        verdicts = self.evaluation.verdicts
        notes = [counts_note(self.evaluation, language)]
        return notes if verdicts is None else [*notes, verdicts_note(verdicts, language)]

    def sheets(self, language: Language) -> list[TitledTable]:
        """The tables."""
        from matchmaker.writing.terminal import evaluation as render
        from matchmaker.writing.terminal.verdicts import errors_table, levels_table

        found = self.evaluation
        sheets = [render.measures_table(found.estimates, language)]
        if found.verdicts is not None:
            sheets.append(levels_table(found.by_level(), language))
        if self.compared is not None:
            sheets.append(render.comparison_table(found.compare(self.compared), language))
        if self.has_sweep:
            sheets.append(render.sweep_table(found.sweep(), language))
        if self.n_errors:
            sheets.append(errors_table(self._errors(), language))
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
            "sweep": [_rounded(asdict(one)) for one in found.sweep()] if self.has_sweep else None,
            "reliability": [_rounded(asdict(one)) for one in found.reliability()],
            "by_problem": {problem: _rounded(values) for problem, values in found.by_problem()},
        }


def show_measures(report: Report, context: Context) -> None:
    """Print notes and tables on standard output; in English when no language is given."""
    from matchmaker.writing.terminal import open_console
    from matchmaker.writing.terminal.evaluation import print_tables

    language = context.language or "en"
    print_tables(open_console(), report.notes(language), report.sheets(language), language)


def measures_as_json(report: Report, context: Context) -> Iterator[str]:
    """Everything as one object."""
    return as_json(report.plain(), context)


def measures_as_markdown(report: Report, context: Context) -> Iterator[str]:
    """Notes and tables; in English when no language is given."""
    from matchmaker.writing.terminal.evaluation import tables_to_markdown

    language = context.language or "en"
    yield tables_to_markdown(report.notes(language), report.sheets(language))


def _rounded(values: Mapping[str, object]) -> dict[str, object]:
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in values.items()}
