"""Measures and calibrations as tables, on the terminal and as Markdown, and the reliability diagram as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from rich.console import Console

from matchmaker.domain import Language
from matchmaker.evaluation import (
    AtThreshold,
    Bin,
    Calibration,
    Difference,
    Estimate,
    Evaluation,
    Quality,
)
from matchmaker.files import harmless
from matchmaker.matching.matcher import FEATURES
from matchmaker.writing.terminal.lines import Column, cell, print_rows, say
from matchmaker.writing.words import escaped

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "measures": ("评测结果", "Measures"),
    "measure": ("指标", "Measure"),
    "value": ("数值", "Value"),
    "interval": ("95% 区间", "95 % interval"),
    "over": ("样本数", "Over"),
    "meaning": ("含义", "Meaning"),
    "comparison": ("与另一结果逐题比较", "Compared with the other run, problem by problem"),
    "difference": ("差值", "Difference"),
    "wins": ("胜", "Wins"),
    "ties": ("平", "Ties"),
    "losses": ("负", "Losses"),
    "sweep": ("评分门槛", "Least scores"),
    "threshold": ("门槛", "Least score"),
    "pairs": ("对数", "Pairs"),
    "precision": ("精确率", "Precision"),
    "recall": ("召回率", "Recall"),
    "with_match": ("有匹配的问题", "Problems with a match"),
    "fits": ("拟合（交叉验证）", "Fits (cross-validated)"),
    "fitted_to": ("拟合于", "Fitted to"),
    "measured_on": ("测于", "Measured on"),
    "relevant": ("相关", "Relevant"),
    "log_loss": ("对数损失", "Log loss"),
    "single": ("单项成果", "single profiles"),
    "groups": ("成组成果", "groups"),
    "both": ("两者", "both"),
    "chosen": ("采用", "taken"),
    "weights": ("权重", "Weights"),
    "intercept": ("截距", "Intercept"),
    "part": ("部分", "Part"),
    "reliability": (
        "可靠性：评分与“至少较强相关”的实际比例",
        "Reliability: score, and how many pairs are at least fair",
    ),
    "score": ("评分", "Score"),
    "mean": ("平均分", "Mean"),
    "share": ("比例", "Share"),
    "bar": ("█ 比例，┃ 平均分", "█ share, ┃ mean score"),
    "counts": (
        "{problems} 个问题，{judged} 个已评判，其中 {without} 个无相关机构；{pairs} 对评判，{relevant} 对相关。",
        "{problems} problems, {judged} judged, {without} of them without a relevant institute; {pairs} judged pairs, "
        "{relevant} at least fair.",
    ),
}
_MEANINGS: Final[Mapping[str, tuple[str, str]]] = {
    "nDCG@10": ("前十名的排序质量（增益 2^等级-1）", "order of the first ten, gains 2^grade - 1"),
    "MRR": ("首个相关机构名次的倒数", "1 / rank of the first relevant institute"),
    "P@1": ("首位机构相关的比例", "the first institute is relevant"),
    "recall@3": ("前三名找到的相关机构比例", "relevant institutes among the first three"),
    "pairwise": ("两两次序正确的比例", "pairs of different grade in the right order"),
    "AUC": ("全部问题合并后区分相关与否", "telling relevant pairs of all problems from others"),
    "ECE": ("评分与实际比例之差（越小越好）", "gap between score and share, less is better"),
    "judged": ("已评判问题的比例", "share of the problems that are judged"),
    "abstention": ("最高分区分有无相关机构", "the top score tells whether anybody fits"),
    "precision": ("判为有匹配者中首位相关的比例", "of what is said to be matched, a relevant institute first"),
    "recall": ("有相关机构者中判对的比例", "of what somebody fits, matched with a relevant one first"),
    "F1": ("精确率与召回率的调和平均", "harmonic mean of precision and recall"),
}
"""What each measure says."""
_BAR_WIDTH: Final = 30
_SIDE, _LEFT, _TOP = 400, 60, 46  # of the square of the diagram, in pixels
_COLOURS: Final = ("#1f5fa8", "#c2571a", "#3a7d34")


class Sheet(NamedTuple):
    """A table with a title; short texts, all of them ours unless it says that others wrote some."""

    title: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[str, ...]]
    has_foreign_texts: bool = False


def word(key: str, language: Language) -> str:
    """The entry ``key`` of this module's words in one language."""
    return _WORDS[key][language == "en"]


def print_sheets(console: Console, notes: Iterable[str], sheets: Iterable[Sheet], language: Language) -> None:
    """Print notes, then tables, each under its title."""
    for note in notes:
        say(console, note)
    for sheet in sheets:
        console.print()
        say(console, sheet.title, style="bold")
        print_rows(console, sheet.columns, [tuple(map(cell, row)) for row in sheet.rows], language)


def sheets_to_markdown(notes: Iterable[str], sheets: Iterable[Sheet]) -> str:
    """Notes and tables as Markdown."""
    parts = [f"{note}\n" for note in notes]
    for sheet in sheets:
        lines = [[column.heading for column in sheet.columns]]
        lines.append(["--:" if column.is_number else "---" for column in sheet.columns])
        lines += [list(map(_foreign, row)) if sheet.has_foreign_texts else list(row) for row in sheet.rows]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        parts.append(f"## {sheet.title}\n\n{table}\n")
    return "\n".join(parts)


def _foreign(text: str) -> str:
    # harmless: a table that is copied from a page into a spreadsheet has cells like any other
    return escaped(harmless(text))


def counts_note(evaluation: Evaluation, language: Language) -> str:
    """How many problems and pairs an evaluation rests on, in one sentence."""
    return word("counts", language).format(
        problems=f"{evaluation.n_problems:,}",
        judged=f"{evaluation.n_judged:,}",
        without=f"{evaluation.n_without_relevant:,}",
        pairs=f"{evaluation.n_pairs:,}",
        relevant=f"{evaluation.n_relevant:,}",
    )


def measures_sheet(estimates: Mapping[str, Estimate], language: Language) -> Sheet:
    """Every measure with its interval and what it means."""
    columns = (
        Column(word("measure", language), is_short=True),
        *_numbers(("value", "interval", "over"), language),
        Column(word("meaning", language)),
    )
    rows = [
        (name, _three(found.value), _interval(found.low, found.high), f"{found.n:,}", _MEANINGS[name][language == "en"])
        for name, found in estimates.items()
    ]
    return Sheet(word("measures", language), columns, rows)


def comparison_sheet(differences: Mapping[str, Difference], language: Language) -> Sheet:
    """This run minus another, measure by measure."""
    columns = (
        Column(word("measure", language), is_short=True),
        *_numbers(("difference", "interval", "wins", "ties", "losses"), language),
    )
    rows = [
        (
            name,
            f"{found.value:+.3f}",
            f"{found.low:+.3f} … {found.high:+.3f}",
            *(f"{n:,}" for n in (found.n_wins, found.n_ties, found.n_losses)),
        )
        for name, found in differences.items()
    ]
    return Sheet(word("comparison", language), columns, rows)


def sweep_sheet(sweep: Sequence[AtThreshold], language: Language) -> Sheet:
    """What each least score leaves."""
    columns = _numbers(("threshold", "pairs", "precision", "recall", "with_match"), language)
    rows = [
        (
            f"{at.threshold:.2f}",
            f"{at.n_pairs:,}",
            _three(at.precision),
            _three(at.recall),
            f"{at.n_problems:,}",
        )
        for at in sweep
    ]
    return Sheet(word("sweep", language), columns, rows)


def reliability_sheet(bins: Sequence[Bin], language: Language, *, title: str = "") -> Sheet:
    """The reliability diagram in characters: a bar for the share of pairs that hold, a line at the mean score."""
    heading = word("reliability", language) + (f" ({title})" if title else "")
    columns = (*_numbers(("score", "pairs", "mean", "share"), language), Column(word("bar", language), is_short=True))
    rows = [(f"{at.low:.1f}-{at.high:.1f}", f"{at.n:,}", _three(at.score), _three(at.share), _bar(at)) for at in bins]
    return Sheet(heading, columns, rows)


def calibration_sheets(calibration: Calibration, language: Language) -> Iterator[Sheet]:
    """What was fitted to what, how good each fit is on each kind of profiles, and the reliability of the one taken."""
    columns = (
        Column(word("fitted_to", language)),
        Column(word("measured_on", language)),
        *_numbers(("pairs", "relevant", "AUC", "ECE", "log_loss"), language),
    )
    rows = [
        (_named(fitted_to, calibration, language), word(on, language), *_figures(quality))
        for (fitted_to, on), quality in calibration.qualities.items()
    ]
    yield Sheet(word("fits", language), columns, rows)
    fitted = [(model.intercept, *model.weights) for model in calibration.models.values()]
    yield Sheet(
        word("weights", language),
        (
            Column(word("part", language), is_short=True),
            *(Column(_named(kind, calibration, language), is_number=True) for kind in calibration.models),
        ),
        [
            (name, *(f"{number:.3f}" for number in numbers))
            for name, *numbers in zip((word("intercept", language), *FEATURES), *fitted, strict=True)
        ],
    )
    for name, quality in calibration_series(calibration, language).items():
        yield reliability_sheet(quality.bins, language, title=name)


def calibration_series(calibration: Calibration, language: Language) -> dict[str, Quality]:
    """The quality of the fit taken on each kind of profiles, by the name of the kind."""
    return {
        word(on, language): quality
        for (fitted_to, on), quality in calibration.qualities.items()
        if fitted_to == calibration.chosen
    }


def reliability_svg(series: Mapping[str, Quality], *, title: str) -> str:
    """A reliability diagram: mean score against share that holds, a disc a bin, its area as the number of pairs.

    Args:
        series: Up to three, by name.
        title: Above the diagram.
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
        most = max((at.n for at in quality.bins), default=1)
        points = " ".join(f"{_x(at.score):.1f},{_y(at.share):.1f}" for at in quality.bins)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-opacity="0.6"/>')
        parts += [
            f'<circle cx="{_x(at.score):.1f}" cy="{_y(at.share):.1f}" r="{3 + 11 * (at.n / most) ** 0.5:.1f}" '
            f'fill="{colour}" fill-opacity="0.5"><title>{at.n:,}: {at.score:.3f}, {at.share:.3f}</title></circle>'
            for at in quality.bins
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


def _bar(at: Bin) -> str:
    """A bar of 30 characters for the share, with a line where the mean score is; equal lengths mean they agree."""
    filled, mark = round(at.share * _BAR_WIDTH), min(_BAR_WIDTH - 1, round(at.score * _BAR_WIDTH))
    return "".join("┃" if place == mark else "█" if place < filled else "·" for place in range(_BAR_WIDTH))


def _named(kind: str, calibration: Calibration, language: Language) -> str:
    name = word(kind, language)
    is_chosen = kind == calibration.chosen and len(calibration.models) > 1
    return f"{name} ({word('chosen', language)})" if is_chosen else name


def _figures(quality: Quality) -> tuple[str, ...]:
    numbers = (quality.auc, quality.ece, quality.log_loss)
    return f"{quality.n_pairs:,}", f"{quality.n_relevant:,}", *(f"{number:.3f}" for number in numbers)


def _numbers(keys: Sequence[str], language: Language) -> tuple[Column, ...]:
    """Columns of numbers; a measure is called by its name."""
    names = [key if key in ("AUC", "ECE") else word(key, language) for key in keys]
    return tuple(Column(name, is_short=True, is_number=True) for name in names)


def _three(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"{low:.3f} … {high:.3f}"
