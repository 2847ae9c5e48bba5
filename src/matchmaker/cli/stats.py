"""``matchmaker stats``: the alliance's record, and beside it what the ledger holds."""

from __future__ import annotations

from matchmaker.cli import options
from matchmaker.cli.ledgers import LedgerOption, OneSolver, OnlyYear, known_id, opened


def stats(
    institute: OneSolver = None,
    year: OnlyYear = None,
    institutes: options.Institutes = None,
    ledger: LedgerOption = None,
    format: options.NumbersFormat = None,
    lang: options.LanguageOption = None,
    output: options.Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Print what the alliance has reported and, apart from it, what the ledger holds: cases, funnel, times, reasons.

    The two are never added up: they count other things in other ways. Shares are given from five on.

    Example: matchmaker stats --lang en
    """
    from matchmaker.ledger.stats import compute_stats
    from matchmaker.writing import Context, write

    written = options.format_from("numbers", format, output)
    registry = options.session_from(institutes).registry
    with opened(ledger, output) as store:
        found = compute_stats(store, institute=known_id(registry, institute), year=year)
    write(found, "numbers", written, output, Context(options.language_from(lang), registry=registry))
    options.tell_written(output, quiet=quiet)
