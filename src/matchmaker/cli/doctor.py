"""``matchmaker doctor``: what a bug report needs, without a word of anybody's problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import typer

from matchmaker.cli import options
from matchmaker.cli.boundary import MISSING_HERE
from matchmaker.cli.ledgers import LedgerOption
from matchmaker.messages import Translatable, in_context, translate

if TYPE_CHECKING:
    from matchmaker.domain import Language
    from matchmaker.runs.support import Examination, Origin

_SHORT_SUM: Final = 16
NAMES: Final[Mapping[str, Translatable]] = {
    "program": in_context("doctor", "program"),
    "system": in_context("doctor", "system"),
    "locale": in_context("doctor", "locale"),
    "dependencies": in_context("doctor", "dependencies"),
    "extras": in_context("doctor", "extras"),
    "data": in_context("doctor", "data"),
    "cache": in_context("doctor", "cache"),
    "ledger": in_context("doctor", "ledger"),
    "fingerprints": in_context("doctor", "fingerprints"),
    "sample": in_context("doctor", "sample"),
    "errors": in_context("doctor", "errors"),
    "notes": in_context("doctor", "notes"),
    "installed_as": in_context("doctor", "installed as"),
    "virtual_environment": in_context("doctor", "virtual environment"),
    "platform": in_context("doctor", "platform"),
    "processors": in_context("doctor", "processors"),
    "memory_mb": in_context("doctor", "memory mb"),
    "preferred_encoding": in_context("doctor", "preferred encoding"),
    "file_names": in_context("doctor", "file names"),
    "utf8_mode": in_context("doctor", "utf8 mode"),
    "stdin": in_context("doctor", "stdin"),
    "stdout": in_context("doctor", "stdout"),
    "stderr": in_context("doctor", "stderr"),
    "encoding": in_context("doctor", "encoding"),
    "terminal": in_context("doctor", "terminal"),
    "terminal_size": in_context("doctor", "terminal size"),
    "bytes": in_context("doctor", "bytes"),
    "state": in_context("doctor", "state"),
    "place": in_context("doctor", "place"),
    "entries": in_context("doctor", "entries"),
    "mode": in_context("doctor", "mode"),
    "own": in_context("doctor", "own"),
    "named_by": in_context("doctor", "named by"),
    "engine": in_context("doctor", "engine"),
    "version": in_context("doctor", "version"),
    "revision": in_context("doctor", "revision"),
    "cases": in_context("doctor", "cases"),
    "cases_deleted": in_context("doctor", "cases deleted"),
    "referrals": in_context("doctor", "referrals"),
    "referrals_open": in_context("doctor", "referrals open"),
    "judgements": in_context("doctor", "judgements"),
    "problems": in_context("doctor", "problems"),
    "settings_words": in_context("doctor", "settings words"),
    "settings_e5": in_context("doctor", "settings e5"),
    "settings_auto": in_context("doctor", "settings auto"),
    "institutes": in_context("doctor", "institutes"),
    "encoder": in_context("doctor", "encoder"),
    "words": in_context("doctor", "words"),
    "dimensions": in_context("doctor", "dimensions"),
    "first": in_context("doctor", "first"),
    "score": in_context("doctor", "score"),
    "wheel": in_context("doctor", "wheel"),
    "source": in_context("doctor", "source"),
    "as_shipped": in_context("doctor", "as shipped"),
    "changed": in_context("doctor", "changed"),
    "missing": in_context("doctor", "missing"),
    "unreadable": in_context("doctor", "unreadable"),
    "not_there": in_context("doctor", "not there"),
    "used": in_context("doctor", "used"),
    "not_used": in_context("doctor", "not used"),
    "flag": in_context("doctor", "flag"),
    "environment": in_context("doctor", "environment"),
    "default": in_context("doctor", "default"),
    "none": in_context("doctor", "none"),
    "older": in_context("doctor", "older"),
    "ok": in_context("doctor", "ok"),
    "broken": in_context("doctor", "broken"),
    "all_is_well": in_context("doctor", "all is well"),
}
"""What the names in the JSON are called; others stay as they are."""


def doctor(
    ctx: typer.Context,
    ledger: LedgerOption = None,
    format: options.FactsFormat = None,
    lang: options.LanguageOption = None,
) -> None:
    """Say what a bug report needs: versions, data files, cache, ledger, locale; no problem's text, no user's name.

    Exit code 4 when something that is needed is missing or broken on this machine.

    Example: matchmaker doctor
    """
    from matchmaker.runs.support import examine

    language = options.message_language(lang)
    found = examine(ledger, _origin(ctx))
    told = {kind: _told(found, kind, language) for kind in ("errors", "notes")}
    options.put({**found.facts, **told}, "facts", format, lambda: typer.echo("\n".join(_lines(found, language))))
    if found.errors:
        raise typer.Exit(MISSING_HERE)


def _origin(ctx: typer.Context) -> Origin:
    source = ctx.get_parameter_source("ledger")
    name = source.name if source is not None else ""
    return "flag" if name == "COMMANDLINE" else "environment" if name == "ENVIRONMENT" else "default"


def _told(found: Examination, kind: str, language: Language) -> list[str]:
    return [fault.in_language(language) for fault in getattr(found, kind)]


def _lines(found: Examination, language: Language) -> Iterator[str]:
    """The findings as text that stays readable in a mail: a line each, parts apart."""
    for part, facts in found.facts.items():
        yield _word(part, language)
        yield from (f"  {_labelled(key, value, language)}" for key, value in facts.items())
    for kind in ("errors", "notes"):
        if told := _told(found, kind, language):
            yield _word(kind, language)
            yield from (f"  {line}" for line in told)
    if not found.errors:
        yield _word("all_is_well", language)


def _labelled(key: str, value: object, language: Language) -> str:
    from matchmaker.writing import labelled

    return labelled(_word(key, language), _shown(key, value, language), language)


def _shown(key: str, value: object, language: Language) -> str:
    if isinstance(value, Mapping):
        from matchmaker.writing import one_after_another

        return one_after_another((_labelled(*pair, language) for pair in value.items()), language)
    if value is None:
        return "–"
    if isinstance(value, bool):
        return translate("yes" if value else "no", language)
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)[:_SHORT_SUM] if key == "sha256" else _word(str(value), language)


def _word(name: str, language: Language) -> str:
    return translate(NAMES[name], language) if name in NAMES else name
