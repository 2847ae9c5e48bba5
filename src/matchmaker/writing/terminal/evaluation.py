"""Measures and calibrations as tables, on the terminal and as Markdown, and the reliability diagram as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from rich.console import Console

from matchmaker.csvcells import escape_formulas
from matchmaker.domain import Language
from matchmaker.evaluation import (
    Bin,
    Calibration,
    Difference,
    Estimate,
    Evaluation,
    Quality,
    ThresholdResult,
)
from matchmaker.matching.matcher import FEATURES
from matchmaker.messages import Translatable, translate
from matchmaker.writing.terminal.lines import TerminalColumn, cell, print_rows, say
from matchmaker.writing.words import escape_markdown

_KINDS: Final[Mapping[str, Translatable]] = {"single": "single profiles", "groups": "groups", "both": "both"}
"""What a fit is fitted to or measured on."""
_MEANINGS: Final[Mapping[str, Translatable]] = {
    "nDCG@10": "order of the first ten, gains 2^grade - 1",
    "MRR": "1 / rank of the first relevant institute",
    "P@1": "the first institute is relevant",
    "recall@3": "relevant institutes among the first three",
    "pairwise": "pairs of different grade in the right order",
    "AUC": "separating relevant pairs from others, all problems pooled",
    "ECE": "gap between score and share; lower is better",
    "judged": "share of the problems that are judged",
    "abstention": "the top score separates problems that somebody fits",
    "precision": "share of matched problems with a relevant institute first",
    "recall": "share of solvable problems matched with a relevant institute first",
    "F1": "harmonic mean of precision and recall",
}
"""The meaning of each measure."""
_BAR_WIDTH: Final = 30
_SIDE, _LEFT, _TOP = 400, 60, 46  # side and position of the square of the diagram, in pixels
_COLOURS: Final = ("#1f5fa8", "#c2571a", "#3a7d34")


class TitledTable(NamedTuple):
    """A table with a title. ``has_foreign_texts`` if some of its texts were written by others, and need escaping."""

    title: str
    columns: tuple[TerminalColumn, ...]
    rows: Sequence[tuple[str, ...]]
    has_foreign_texts: bool = False


def print_tables(console: Console, notes: Iterable[str], tables: Iterable[TitledTable], language: Language) -> None:
    """Print notes, then tables, each under its title."""
    for note in notes:
        say(console, note)
    for table in tables:
        console.print()
        say(console, table.title, style="bold")
        print_rows(console, table.columns, [tuple(map(cell, row)) for row in table.rows], language)


def tables_to_markdown(notes: Iterable[str], tables: Iterable[TitledTable]) -> str:
    """Notes and tables as Markdown."""
    parts = [f"{note}\n" for note in notes]
    for table in tables:
        lines = [[column.heading for column in table.columns]]
        lines.append(["--:" if column.is_number else "---" for column in table.columns])
        lines += [list(map(_foreign, row)) if table.has_foreign_texts else list(row) for row in table.rows]
        markdown = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        parts.append(f"## {table.title}\n\n{markdown}\n")
    return "\n".join(parts)


def _foreign(text: str) -> str:
    # harmless: a table that is copied from a page into a spreadsheet has cells like any other
    return escape_markdown(escape_formulas(text))


def counts_note(evaluation: Evaluation, language: Language) -> str:
    """The numbers of problems and pairs of an evaluation, in one sentence."""
    return translate(
        "{problems} problems, {judged} judged, {without} of them without a relevant "
        "institute; {pairs} judged pairs, {relevant} at least fair.",
        language,
        problems=f"{evaluation.n_problems:,}",
        judged=f"{evaluation.n_judged:,}",
        without=f"{evaluation.n_without_relevant:,}",
        pairs=f"{evaluation.n_pairs:,}",
        relevant=f"{evaluation.n_relevant:,}",
    )


def measures_table(estimates: Mapping[str, Estimate], language: Language) -> TitledTable:
    """Every measure with its interval and meaning."""
    columns = (
        TerminalColumn(translate("Measure", language), is_short=True),
        *_numbers(("Value", "95 % interval", "Over"), language),
        TerminalColumn(translate("Meaning", language)),
    )
    rows = [
        (
            name,
            _three(found.value),
            _interval(found.low, found.high),
            f"{found.n:,}",
            translate(_MEANINGS[name], language),
        )
        for name, found in estimates.items()
    ]
    return TitledTable(translate("Measures", language), columns, rows)


def comparison_table(differences: Mapping[str, Difference], language: Language) -> TitledTable:
    """This run minus another, measure by measure."""
    columns = (
        TerminalColumn(translate("Measure", language), is_short=True),
        *_numbers(("Difference", "95 % interval", "Wins", "Ties", "Losses"), language),
    )
    rows = [
        (
            name,
            f"{difference.value:+.3f}",
            f"{difference.low:+.3f} … {difference.high:+.3f}",
            *(f"{n:,}" for n in (difference.n_wins, difference.n_ties, difference.n_losses)),
        )
        for name, difference in differences.items()
    ]
    return TitledTable(translate("Compared with the other run, problem by problem", language), columns, rows)


def sweep_table(sweep: Sequence[ThresholdResult], language: Language) -> TitledTable:
    """The pairs at or above each threshold."""
    columns = _numbers(("Threshold", "Pairs", "Precision", "Recall", "Problems with a match"), language)
    rows = [
        (
            f"{result.threshold:.2f}",
            f"{result.n_pairs:,}",
            _three(result.precision),
            _three(result.recall),
            f"{result.n_problems:,}",
        )
        for result in sweep
    ]
    return TitledTable(translate("Score thresholds", language), columns, rows)


def reliability_table(bins: Sequence[Bin], language: Language, *, title: str = "") -> TitledTable:
    """The reliability diagram in characters: a bar for the share of relevant pairs, a line at the mean score."""
    heading = translate("Reliability: score, and how many pairs are at least fair", language) + (
        f" ({title})" if title else ""
    )
    columns = (
        *_numbers(("Score", "Pairs", "Mean", "Share"), language),
        TerminalColumn(translate("█ share, ┃ mean score", language), is_short=True),
    )
    rows = [(f"{at.low:.1f}-{at.high:.1f}", f"{at.n:,}", _three(at.score), _three(at.share), _bar(at)) for at in bins]
    return TitledTable(heading, columns, rows)


def calibration_tables(calibration: Calibration, language: Language) -> Iterator[TitledTable]:
    """The fits with their quality on each kind of profiles, their weights, and the reliability of the chosen one."""
    columns = (
        TerminalColumn(translate("Fitted to", language)),
        TerminalColumn(translate("Measured on", language)),
        *_numbers(("Pairs", "Relevant", "AUC", "ECE", "Log loss"), language),
    )
    rows = [
        (_named(fitted_to, calibration, language), translate(_KINDS[on], language), *_figures(quality))
        for (fitted_to, on), quality in calibration.qualities.items()
    ]
    yield TitledTable(translate("Fits (cross-validated)", language), columns, rows)
    fitted = [(model.intercept, *model.weights) for model in calibration.models.values()]
    yield TitledTable(
        translate("Weights", language),
        (
            TerminalColumn(translate("Part", language), is_short=True),
            *(TerminalColumn(_named(kind, calibration, language), is_number=True) for kind in calibration.models),
        ),
        [
            (name, *(f"{number:.3f}" for number in numbers))
            for name, *numbers in zip((translate("Intercept", language), *FEATURES), *fitted, strict=True)
        ],
    )
    for name, quality in calibration_series(calibration, language).items():
        yield reliability_table(quality.bins, language, title=name)


def calibration_series(calibration: Calibration, language: Language) -> dict[str, Quality]:
    """The quality of the chosen fit on each kind of profiles, by the name of the kind."""
    return {
        translate(_KINDS[on], language): quality
        for (fitted_to, on), quality in calibration.qualities.items()
        if fitted_to == calibration.chosen
    }


def reliability_svg(series: Mapping[str, Quality], *, title: str) -> str:
    """A reliability diagram: mean score against relevant share, a disc per bin, whose area is the number of pairs.

    Args:
        series: Up to three series, by name.
        title: The title above the diagram.
    """
    height = _TOP + _SIDE + 56 + 18 * len(series)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _SIDE + 30} {height}" '
        'font-family="sans-serif" font-size="12" fill="#222222">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="22" font-size="15">{escape(title)}</text>',
        *_axes(),
    ]
    for quality, colour in zip(series.values(), _COLOURS, strict=False):
        most = max((point.n for point in quality.bins), default=1)
        points = " ".join(f"{_x(point.score):.1f},{_y(point.share):.1f}" for point in quality.bins)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-opacity="0.6"/>')
        parts += [
            f'<circle cx="{_x(point.score):.1f}" cy="{_y(point.share):.1f}" r="{3 + 11 * (point.n / most) ** 0.5:.1f}" '
            f'fill="{colour}" fill-opacity="0.5">'
            f"<title>{point.n:,}: {point.score:.3f}, {point.share:.3f}</title></circle>"
            for point in quality.bins
        ]
    for nth, ((name, quality), colour) in enumerate(zip(series.items(), _COLOURS, strict=False)):
        line = _TOP + _SIDE + 58 + 18 * nth
        text = f"{name}: n = {quality.n_pairs:,}, ECE = {quality.ece:.3f}, AUC = {quality.auc:.3f}"
        parts.append(f'<circle cx="{_LEFT + 6}" cy="{line - 4}" r="5" fill="{colour}" fill-opacity="0.7"/>')
        parts.append(f'<text x="{_LEFT + 18}" y="{line}">{escape(text)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _axes() -> Iterator[str]:
    yield f'<rect x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#999999"/>'
    yield (
        f'<line x1="{_x(0):.0f}" y1="{_y(0):.0f}" x2="{_x(1):.0f}" y2="{_y(1):.0f}" stroke="#999999" '
        'stroke-dasharray="4 4"/>'
    )
    for tenth in range(0, 11, 2):
        share = tenth / 10
        yield f'<text x="{_x(share):.0f}" y="{_TOP + _SIDE + 18}" text-anchor="middle">{share:.1f}</text>'
        yield f'<text x="{_LEFT - 8}" y="{_y(share) + 4:.0f}" text-anchor="end">{share:.1f}</text>'
    yield f'<text x="{_x(0.5):.0f}" y="{_TOP + _SIDE + 36}" text-anchor="middle">score</text>'
    middle = _y(0.5)
    yield (
        f'<text x="18" y="{middle:.0f}" text-anchor="middle" transform="rotate(-90 18 {middle:.0f})">'
        "share of pairs at least fair</text>"
    )


def _x(share: float) -> float:
    return _LEFT + share * _SIDE


def _y(share: float) -> float:
    return _TOP + (1 - share) * _SIDE


def _bar(score_bin: Bin) -> str:
    """A bar of 30 characters for the share, with a line at the mean score, which ends the bar if they agree."""
    filled, mark = round(score_bin.share * _BAR_WIDTH), min(_BAR_WIDTH - 1, round(score_bin.score * _BAR_WIDTH))
    return "".join("┃" if position == mark else "█" if position < filled else "·" for position in range(_BAR_WIDTH))


def _named(kind: str, calibration: Calibration, language: Language) -> str:
    name = translate(_KINDS[kind], language)
    is_chosen = kind == calibration.chosen and len(calibration.models) > 1
    return f"{name} ({translate('taken', language)})" if is_chosen else name


def _figures(quality: Quality) -> tuple[str, ...]:
    numbers = (quality.auc, quality.ece, quality.log_loss)
    return f"{quality.n_pairs:,}", f"{quality.n_relevant:,}", *(f"{number:.3f}" for number in numbers)


def _numbers(headings: Sequence[Translatable], language: Language) -> tuple[TerminalColumn, ...]:
    """Columns of numbers."""
    return tuple(TerminalColumn(translate(heading, language), is_short=True, is_number=True) for heading in headings)


def _three(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"{low:.3f} … {high:.3f}"
