"""``matchmaker stats``: the alliance's record, and beside it what the ledger holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from matchmaker.cli import cases, options
from matchmaker.cli.boundary import tell
from matchmaker.cli.ledger import LedgerOption, opened
from matchmaker.messages import said

if TYPE_CHECKING:
    from matchmaker.domain import Registry
    from matchmaker.ledger.stats import Stats


def stats(
    institute: cases.OneSolver = None,
    year: cases.OnlyYear = None,
    institutes: options.Institutes = None,
    ledger: LedgerOption = None,
    format: options.FormatOption = None,
    lang: options.LanguageOption = None,
    output: options.Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Print what the alliance has reported and, apart from it, what the ledger holds: cases, funnel, times, reasons.

    The two are never added up: they count other things in other ways. Shares are given from five on.

    Example: matchmaker stats --lang en
    """
    from matchmaker.ledger.stats import work_out

    written = options.format_from(format, output)
    registry = options.registry_from(institutes)
    with opened(ledger, output) as store:
        found = work_out(store, institute=cases.known_id(registry, institute), year=year)
    language = options.language_from(lang) or "zh"
    if written == "table":
        from matchmaker.writing.terminal import open_console
        from matchmaker.writing.terminal.stats import print_stats

        print_stats(open_console(), found, registry, language)
        return
    from matchmaker.cli.evaluate import put

    put(_text(found, registry, written, lang), output)
    if output is not None and not quiet:
        tell(said("wrote {file}", file=output))


def _text(found: Stats, registry: Registry, written: str, lang: options.LanguageName | None) -> str:
    import json

    from matchmaker.ledger.stats import as_object

    if written == "json":
        data = {"reported": _reported(registry), "ledger": as_object(found)}
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    if written == "csv":
        return _csv(found, registry)
    if written == "md":
        from matchmaker.writing.terminal.stats import stats_to_markdown

        return stats_to_markdown(found, registry, options.language_from(lang) or "zh")
    raise typer.BadParameter("numbers are written as table, json, csv or md")


def _reported(registry: Registry) -> dict[str, object] | None:
    """The alliance's record as plain data, with what it goes back to; ``None`` where the registry has none."""
    record = registry.alliance
    if record is None:
        return None
    keys = {record.source, *(figure.source for figure in record.figures if figure.source)}
    sources = {
        key: source.model_dump(mode="json", by_alias=True, exclude_none=True)
        for key in sorted(keys)
        if (source := registry.source(key))
    }
    return {**record.model_dump(mode="json", exclude_none=True), "sources": sources}


def _csv(found: Stats, registry: Registry) -> str:
    from matchmaker.files import csv_text, harmless
    from matchmaker.ledger.stats import as_rows

    record = registry.alliance
    reported = [
        ("reported", figure.key, figure.unit.in_language("en"), str(figure.value))
        for figure in (record.figures if record else ())
    ]
    rows = [("part", "key", "counted", "value"), *reported, *as_rows(found)]
    text = csv_text([[harmless(cell) for cell in row] for row in rows])
    return text if text.isascii() else f"\ufeff{text}"
