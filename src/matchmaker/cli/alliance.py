"""``matchmaker alliance``: the alliance's reported record."""

from __future__ import annotations

from matchmaker.cli import options
from matchmaker.errors import Fault, InputError


def alliance(
    institutes: options.Institutes = None,
    format: options.FactsFormat = None,
    lang: options.LanguageOption = None,
) -> None:
    """Print what the alliance has reported of itself, with source and date.

    Example: matchmaker alliance --lang en
    """
    registry = options.session_from(institutes).registry
    record = registry.alliance
    if record is None:
        raise InputError(Fault(str(institutes), "holds no alliance: block", "leave --institutes out"))
    used = {record.source, *(figure.source for figure in record.figures)}
    sources = {
        key: source.model_dump(mode="json", by_alias=True, exclude_none=True)
        for key, source in registry.sources.items()
        if key in used
    }

    def show() -> None:
        from matchmaker.writing.terminal import open_console, print_alliance

        print_alliance(open_console(), record, registry.sources, options.message_language(lang))

    options.put({**record.model_dump(mode="json"), "sources": sources}, "facts", format, show)
