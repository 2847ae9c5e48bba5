"""Cases and referrals of a ledger on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Console

from matchmaker.domain import Language, Registry
from matchmaker.messages import Translatable, in_context, translate, translate_counted
from matchmaker.writing import (
    REASON_WORDS,
    bracketed,
    enumerated,
    labelled,
    level_word,
    one_line,
    outcome_text,
    problem_heading,
)
from matchmaker.writing.terminal.lines import TerminalColumn, cell, print_rows, say

if TYPE_CHECKING:
    from matchmaker.ledger.cases import StoredCase
    from matchmaker.ledger.referrals import Change, Grounds, Referral
    from matchmaker.ledger.store import Stamp

STATE_WORDS: Final[Mapping[str, Translatable]] = {
    "proposed": "proposed",
    "contacted": "contacted",
    "visited": "visited",
    "signed": "signed",
    "solved": "solved",
    "declined": "declined",
}
_INFO: Final[Mapping[str, Translatable]] = {
    "place": in_context("ledger", "Place"),
    "engine": "Database",
    "version": "Version",
    "uuid": "Identity",
    "revision": "Revision",
    "created": "Added",
    "bytes": "Size (bytes)",
    "cases": "Cases",
    "cases_deleted": "Cases deleted",
    "referrals": "Referrals",
    "referrals_open": "Referrals open",
    "judgements": "Judgements",
    "problems": "Problems",
}
"""What ``ledger info`` finds."""


def institute_name(registry: Registry, id_: str, language: Language) -> str:
    """The name of an institute; if it has left the registry, its id with a note."""
    for institute in registry.institutes:
        if institute.id == id_:
            return institute.name.in_language(language)
    return id_ + bracketed(translate("not in the registry", language), language)


def stamped(stamp: Stamp, language: Language) -> str:
    """The time and person of a stamp in words."""
    return translate("{at} by {by}", language, at=stamp.at, by=one_line(stamp.by or ""))


def print_cases(console: Console, kept: Sequence[StoredCase], registry: Registry, language: Language) -> None:
    """Print a line for each case, and how many there are."""
    columns = (
        TerminalColumn(translate("Id", language), is_short=True),
        TerminalColumn(translate("Year", language), is_short=True),
        TerminalColumn(translate("Problem", language)),
        TerminalColumn(translate("Institutes", language)),
        TerminalColumn(translate("Outcome", language), is_short=True),
        TerminalColumn(translate("Benefit (yuan)", language), is_short=True, is_number=True),
    )
    rows = [
        (
            cell(one.case.id),
            cell(str(one.case.year or "")),
            cell(one.case.problem.title or one.case.problem.description[:60]),
            cell(enumerated([institute_name(registry, id_, language) for id_ in one.case.institutes], language)),
            cell(outcome_text(one.case.outcome, language)),
            cell(_yuan(one.case.benefit_cny)),
        )
        for one in kept
    ]
    if rows:
        print_rows(console, columns, rows, language)
    say(console, translate_counted(len(rows), "{n:,} case", "{n:,} cases", language))


def _yuan(amount: float | None) -> str:
    return "" if amount is None else f"{amount:,.2f}".removesuffix(".00")


def print_case(console: Console, kept: StoredCase, registry: Registry, language: Language) -> None:
    """Print a case with all its fields and stamps."""
    case = kept.case
    say(console, f"{case.id} {problem_heading(case.problem)}", style="bold")
    if case.problem.description:
        say(console, case.problem.description)
    lines: dict[Translatable, str | None] = {
        "Enterprise": case.problem.enterprise,
        "Institutes": enumerated([institute_name(registry, id_, language) for id_ in case.institutes], language),
        "Capability": case.capability,
        "Outcome": outcome_text(case.outcome, language),
        "Year": str(case.year or ""),
        "Benefit (yuan)": _yuan(case.benefit_cny),
        "Source": case.source,
        "Note": case.note,
        "Referral": case.referral,
        "Added": stamped(kept.created, language),
        "Changed": stamped(kept.changed, language) if kept.changed != kept.created else None,
        "Deleted": stamped(kept.deleted, language) if kept.deleted else None,
    }
    print_lines(console, lines, language)


def print_lines(console: Console, lines: Mapping[Translatable, str | None], language: Language) -> None:
    """Print labelled lines; those without a text are left out."""
    for key, text in lines.items():
        if text:
            say(console, labelled(translate(key, language), text, language))


def print_referrals(
    console: Console, found: Sequence[tuple[Referral, int | None]], registry: Registry, language: Language
) -> None:
    """Print a line for each referral, with the days it has waited if they are given."""
    with_days = any(days is not None for _, days in found)
    columns = (
        TerminalColumn(translate("Id", language), is_short=True),
        TerminalColumn(translate("Problem", language)),
        TerminalColumn(translate("Institute", language)),
        TerminalColumn(translate("State", language), is_short=True),
        TerminalColumn(translate("Changed", language)),
        *([TerminalColumn(translate("Days", language), is_short=True, is_number=True)] if with_days else []),
    )
    rows = [
        (
            cell(one.id),
            cell(problem_heading(one.problem)),
            cell(institute_name(registry, one.institute, language)),
            cell(_state(one, language)),
            cell(stamped(one.changed, language)),
            *([cell(str(days))] if with_days else []),
        )
        for one, days in found
    ]
    if rows:
        print_rows(console, columns, rows, language)
    say(console, translate_counted(len(rows), "{n:,} referral", "{n:,} referrals", language))


def _state(referral: Referral, language: Language) -> str:
    reason = bracketed(translate(REASON_WORDS[referral.reason], language), language) if referral.reason else ""
    return translate(STATE_WORDS[referral.state], language) + reason


def print_referral(
    console: Console, referral: Referral, steps: Sequence[Change], registry: Registry, language: Language
) -> None:
    """Print a referral and all its steps."""
    say(console, f"{referral.id} {problem_heading(referral.problem)}", style="bold")
    grounds = referral.grounds
    lines: dict[Translatable, str | None] = {
        "Enterprise": referral.problem.enterprise,
        "Institute": institute_name(registry, referral.institute, language),
        "Capability": grounds.capability if grounds else None,
        "State": _state(referral, language),
        "Score at the time": _score(grounds, language) if grounds else None,
        "Case": referral.case,
    }
    print_lines(console, lines, language)
    say(console, translate("History", language), style="bold")
    for step in steps:
        reason = bracketed(translate(REASON_WORDS[step.reason], language), language) if step.reason else ""
        text = labelled(stamped(step.stamp, language), translate(STATE_WORDS[step.state], language) + reason, language)
        say(console, text if not step.note else f"{text} {step.note}", mark="-", indent=2)


def _score(grounds: Grounds, language: Language) -> str:
    return f"{grounds.score:.2f}{bracketed(level_word(grounds.level, language), language)}"


def print_info(console: Console, found: Mapping[str, object], language: Language) -> None:
    """Print the description of a ledger."""
    for key, value in found.items():
        if value is not None:
            text = f"{value:,}" if isinstance(value, int) else str(value)
            say(console, labelled(translate(_INFO[key], language), text, language))
