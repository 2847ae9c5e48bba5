"""The numbers of a ledger beside the alliance's record, never added to it: as JSON, CSV and Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from matchmaker.csvcells import csv_text, escape_formulas
from matchmaker.ledger.stats import Stats, stats_object, stats_rows
from matchmaker.writing.plain import as_json

if TYPE_CHECKING:
    from matchmaker.domain import Registry
    from matchmaker.writing.out import Context


def numbers_as_json(found: Stats, context: Context) -> Iterator[str]:
    """Two objects side by side: what is reported, and what the ledger holds."""
    return as_json({"reported": _reported(_registry(context)), "ledger": stats_object(found)}, context)


def numbers_as_csv(found: Stats, context: Context) -> Iterator[str]:
    """A row for each number; the first column says which of the two it belongs to."""
    record = _registry(context).alliance
    reported = [
        ("reported", figure.key, figure.unit.in_language("en"), str(figure.value))
        for figure in (record.figures if record else ())
    ]
    rows = [("part", "key", "counted", "value"), *reported, *stats_rows(found)]
    yield csv_text([[escape_formulas(cell) for cell in row] for row in rows])


def numbers_as_markdown(found: Stats, context: Context) -> Iterator[str]:
    """Two sections; in Chinese when no language is given."""
    from matchmaker.writing.terminal.stats import stats_to_markdown

    yield stats_to_markdown(found, _registry(context), context.language or "zh")


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


def _registry(context: Context) -> Registry:
    if context.registry is None:
        raise ValueError("the alliance's record stands in the registry; the context needs it")
    return context.registry
