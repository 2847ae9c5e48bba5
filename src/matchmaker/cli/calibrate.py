"""``matchmaker calibrate``: fits weights and levels to judgements."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from matchmaker.cli import options
from matchmaker.cli.boundary import tell
from matchmaker.cli.reading import end_with, read_table
from matchmaker.messages import join_messages, make_message

if TYPE_CHECKING:
    from matchmaker.domain import Language
    from matchmaker.evaluation import Calibration

ProblemsFile = Annotated[
    Path, typer.Option("--problems", metavar="FILE", help="A .csv, .tsv or .jsonl table of problems.")
]
SettingsOut = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The settings file to write, .toml.")]
PoolGroups = Annotated[
    Optional[int],  # noqa: UP045 - Typer reads the annotation
    typer.Option(
        "--pool-groups",
        metavar="N",
        min=2,
        help="Fit also to pseudo-institutes of about N judged institutes of one problem, to imitate long profiles.",
        show_default=False,
    ),
]
Svg = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--svg", metavar="FILE", help="Write the reliability diagram as SVG.", show_default=False),
]
RunOut = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--run-out",
        metavar="FILE",
        help="Write the cross-validated scores of the judged pairs as a TREC run, for 'evaluate --run'.",
        show_default=False,
    ),
]


def calibrate(
    problems: ProblemsFile,
    qrels: options.QrelsFile,
    output: SettingsOut,
    institutes: options.Institutes = None,
    settings: options.Settings = None,
    pool_groups: PoolGroups = None,
    svg: Svg = None,
    run_out: RunOut = None,
    lang: options.LanguageOption = None,
    quiet: options.Quiet = False,
) -> None:
    """Fit weights and levels to judgements, so that a score is the share of such pairs that are at least fair.

    Cross-validated over whole problem texts; --settings is where to start. The file written is short and can be edited.

    Example: matchmaker calibrate --problems data/problems/requests.csv --qrels data/problems/requests.qrels.txt
    -o settings.toml
    """
    from matchmaker.evaluation import calibrate as fitted
    from matchmaker.evaluation import load_qrels
    from matchmaker.matching.settings import dump_settings, load_settings
    from matchmaker.writing import check_output

    for path in (output, svg, run_out):
        check_output(path, qrels, problems, institutes)
    judged = load_qrels(qrels)
    asked, n_rejected = read_table(problems, quiet=quiet)
    start = None if settings is None else load_settings(settings)
    found = fitted(options.session_from(institutes).registry, asked, judged, settings=start, pool_groups=pool_groups)
    options.put_text(dump_settings(found.settings, _comments(found)), output)
    options.write_run(run_out, found.out_of_fold)
    _draw(found, svg, options.message_language(lang))
    if not quiet:
        _note_left_out(found)
    options.tell_written(output, quiet=quiet)
    end_with(n_rejected)


def _draw(found: Calibration, svg: Path | None, language: Language) -> None:
    """The fits and the reliability on the terminal, and as SVG where asked for."""
    from matchmaker.writing.terminal import evaluation as render
    from matchmaker.writing.terminal import open_console

    render.print_tables(open_console(), (), render.calibration_tables(found, language), language)
    if svg is not None:
        series = render.calibration_series(found, "en")
        options.put_text(render.reliability_svg(series, title="Reliability, cross-validated"), svg)


def _note_left_out(found: Calibration) -> None:
    unknown = found.unknown
    if unknown.n_missing_pairs:
        message = make_message(
            "note: {pairs:,} judged pairs left out; unknown: {problems:,} problems, {institutes:,} institutes "
            "({ids}, …)",
            pairs=unknown.n_missing_pairs,
            problems=len(unknown.judged_problems),
            institutes=len(unknown.judged_institutes),
            ids=join_messages((*unknown.judged_problems, *unknown.judged_institutes)[:5]),
        )
        tell(message)


def _comments(found: Calibration) -> dict[str, str]:
    """What stands above the numbers of the settings file."""
    measured = found.quality
    head = (
        "Settings of matchmaker, fitted by 'matchmaker calibrate'. May be edited; a field left out is as shipped.\n"
        f"{measured.n_pairs:,} judged pairs of {found.n_problems:,} problems, {measured.n_relevant:,} at least fair; "
        f"fitted to: {found.chosen}.\n"
        f"Cross-validated over {found.n_texts:,} different texts: AUC {measured.auc:.3f}, "
        f"expected calibration error {measured.ece:.3f}."
    )
    return {
        "": head,
        "intercept": "\nLog odds of a match when no similarity speaks for it.",
        "pooling": "How an institute's best capabilities count, in falling order. Not fitted.",
        "inferred_weight": "What a term that no source states counts beside a sourced one. Not fitted.",
        "trade_weight": "What a keyword of a trade or a service counts beside others. Not fitted.",
        "weights": "What each similarity adds to the log odds at most, 0 or more.",
        "discounts": "What is taken off: of general statements, of strength C, of services when none is asked for.",
        "bounds": (
            "The least score of each level. From strong on at least 0.8 of the first institutes were relevant, from\n"
            "fair on 0.6, in cross-validation. Raise 'fair' for fewer and surer matches: it also decides between a\n"
            "match and 'none'."
        ),
    }
