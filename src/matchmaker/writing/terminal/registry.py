"""The alliance's reported record and the institutes on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console

from matchmaker.domain import Alliance, Capability, Evidence, Figure, Institute, Language, Registry, Source
from matchmaker.institutes import citation
from matchmaker.matching.matcher import FoundCapability
from matchmaker.messages import Translatable, translate, translate_counted
from matchmaker.script import in_script
from matchmaker.writing import (
    COPY,
    INFERRED,
    OWN_RECORD,
    ROLE_WORDS,
    STRENGTH_WORDS,
    VIA_PARENT,
    VIA_PARENT_LONG,
    bracketed,
    enumerated,
    labelled,
    one_after_another,
)
from matchmaker.writing.terminal.lines import TerminalColumn, cell, print_rows, say

FIGURE_COLUMNS: Final[tuple[Translatable, ...]] = ("Figure", "Value", "Year", "Source")
_BILLION: Final = 10**9
_HUNDRED_MILLION: Final = 10**8  # what Chinese counts large numbers in


def print_alliance(console: Console, alliance: Alliance, sources: Mapping[str, Source], language: Language) -> None:
    """Print the alliance's reported record: each figure with its year and source, and the note on their meaning."""
    say(console, alliance.name.in_language(language), style="bold")
    say(console, alliance.note.in_language(language))
    keys = dict.fromkeys(figure.source or alliance.source for figure in alliance.figures)
    numbers = {key: number for number, key in enumerate(keys, start=1)}
    figure, value, year, source = (translate(heading, language) for heading in FIGURE_COLUMNS)
    columns = (
        TerminalColumn(figure),
        TerminalColumn(value),
        TerminalColumn(year, is_short=True),
        TerminalColumn(source, is_short=True),
    )
    rows = [
        (
            cell(figure.label.in_language(language)),
            cell(_amount_and_unit(figure, language)),
            cell(alliance.period if figure.year is None else str(figure.year)),
            cell(f"[{numbers[figure.source or alliance.source]}]"),
        )
        for figure in alliance.figures
    ]
    print_rows(console, columns, rows, language)
    for key, number in numbers.items():
        _print_source(console, key, sources, language, mark=f"[{number}]")


def _amount(figure: Figure, language: Language) -> str:
    amount = f"{figure.value:,}"
    if _is_round(figure, language):
        size = _BILLION if language == "en" else _HUNDRED_MILLION
        shown = f"{figure.value / size:,.2f}".rstrip("0").rstrip(".")
        amount = f"{shown} billion" if language == "en" else in_script(f"{shown} 亿", language)
    return translate("more than {amount}", language, amount=amount) if figure.at_least else amount


def _is_round(figure: Figure, language: Language) -> bool:
    """Whether the number is told in large units; a reported number is never rounded here."""
    size = _BILLION if language == "en" else _HUNDRED_MILLION
    return figure.value >= size and figure.value * 100 % size == 0


def record_rows(alliance: Alliance, sources: Mapping[str, Source], language: Language) -> list[tuple[str, ...]]:
    """Every reported figure as texts: its label, amount and unit, year, and source."""
    rows: list[tuple[str, ...]] = []
    for figure in alliance.figures:
        key = figure.source or alliance.source
        source = sources.get(key)
        rows.append((
            figure.label.in_language(language),
            _amount_and_unit(figure, language),
            alliance.period if figure.year is None else str(figure.year),
            citation(source, language) if source else key,
        ))  # fmt: skip
    return rows


def record_line(alliance: Alliance, language: Language) -> str:
    """The number of problems solved as reported by the alliance, in one line; by default its first figure."""
    solved = [figure for figure in alliance.figures if figure.key == "problems_solved"] or alliance.figures[:1]
    says_so_far = "目前" in (alliance.note.zh or "") or "so far" in (alliance.note.en or "")
    return translate(
        "{name}: {figure} (as reported in {reported} for {period}{so_far})",
        language,
        name=alliance.name.in_language(language),
        figure=_figure_text(solved[0], language) if solved else "-",
        reported=alliance.reported,
        period=alliance.period,
        so_far=translate(", “so far”", language) if says_so_far else "",
    )


def _amount_and_unit(figure: Figure, language: Language) -> str:
    amount, unit = _amount(figure, language), figure.unit.in_language(language)
    return f"{amount}{unit}" if language != "en" and _is_round(figure, language) else f"{amount} {unit}"


def _figure_text(figure: Figure, language: Language) -> str:
    label = figure.label.in_language(language)
    if language != "en":
        return f"{label} {_amount_and_unit(figure, language)}"
    is_word = label[1:2].islower()  # an abbreviation keeps its capitals
    return f"{_amount(figure, language)} {label[:1].lower() + label[1:] if is_word else label}"


def print_institutes(console: Console, registry: Registry, language: Language) -> None:
    """Print one line per institute, with the numbers of its own capabilities and of those via the parent body."""
    columns = (
        TerminalColumn(translate("Id", language), is_short=True),
        TerminalColumn(translate("Name", language)),
        TerminalColumn(translate("Role", language)),
        TerminalColumn(translate("Own", language), is_short=True, is_number=True),
        TerminalColumn(translate("Via parent", language), is_short=True, is_number=True),
        TerminalColumn(translate("Verified", language), is_short=True),
    )
    rows = []
    for institute in registry.institutes:
        n_via_parent = sum(capability.via_parent for capability in institute.capabilities)
        rows.append((
            cell(institute.id),
            cell(institute.name.in_language(language)),
            cell(translate(ROLE_WORDS[institute.role], language)),
            cell(str(len(institute.capabilities) - n_via_parent)),
            cell(str(n_via_parent)),
            cell(str(institute.verified or translate("not verified", language))),
        ))  # fmt: skip
    print_rows(console, columns, rows, language)
    say(console, translate_counted(len(rows), "{n:,} institute", "{n:,} institutes", language))


def print_found(console: Console, found: Sequence[FoundCapability], language: Language) -> None:
    """Print capabilities found by a text, best first, with the institute and a mark if they are via the parent body."""
    say(console, translate_counted(len(found), "{n:,} capability", "{n:,} capabilities", language), style="bold")
    columns = (
        TerminalColumn(translate("Score", language), is_short=True, is_number=True),
        TerminalColumn(translate("Institute", language)),
        TerminalColumn(translate("Capability", language)),
        TerminalColumn(translate("Id", language)),
    )
    rows = [
        (
            cell(f"{hit.score:.2f}"),
            cell(hit.institute.name.in_language(language)),
            cell(
                hit.capability.name.in_language(language)
                + (bracketed(translate(VIA_PARENT, language), language) if hit.capability.via_parent else "")
            ),
            cell(hit.capability.id),
        )
        for hit in found
    ]
    print_rows(console, columns, rows, language)


def print_institute(console: Console, registry: Registry, institute: Institute, language: Language) -> None:
    """Print all that is known about one institute, every statement with its source."""
    say(console, in_script(" / ".join(institute.name.both()), language), style="bold")
    header: dict[Translatable, str] = {
        "Id": institute.id,
        "Also called": in_script(enumerated(institute.aliases, language), language),
        "Role": translate(ROLE_WORDS[institute.role], language),
        "Parent body": institute.parent.in_language(language) if institute.parent else "",
        "Place": institute.place.in_language(language) if institute.place else "",
        "Website": institute.website or "",
        "Verified": str(institute.verified or translate("not verified", language)),
    }
    for key, value in header.items():
        if value:
            say(console, labelled(translate(key, language), value, language))
    if institute.summary:
        say(console, institute.summary.in_language(language))
    for key in institute.sources:
        _print_source(console, key, registry.sources, language, mark="-")
    console.print()
    say(
        console,
        translate_counted(len(institute.capabilities), "{n:,} capability", "{n:,} capabilities", language),
        style="bold",
    )
    for capability in institute.capabilities:
        _print_capability(console, registry, capability, language)


def _print_capability(console: Console, registry: Registry, capability: Capability, language: Language) -> None:
    marks = [translate(VIA_PARENT_LONG, language)] if capability.via_parent else []
    marks += [translate(INFERRED, language)] if capability.inferred else []
    marks = marks or [translate(OWN_RECORD, language)]
    marks += [translate(STRENGTH_WORDS[capability.strength], language)] if capability.strength else []
    console.print()
    say(console, f"{capability.name.in_language(language)} [{capability.id}]", style="bold")
    say(
        console,
        one_after_another(marks, language),
        indent=2,
        style="magenta" if capability.via_parent else "dim",
    )
    if capability.summary:
        say(console, capability.summary.in_language(language), indent=2)
    for own, inferred, terms in (
        (translate("Keywords", language), translate("Keywords (inferred)", language), capability.keywords),
        (translate("Industries", language), translate("Industries (inferred)", language), capability.industries),
    ):
        for label, is_inferred in ((own, False), (inferred, True)):
            names = [term.in_language(language) for term in terms if term.inferred == is_inferred]
            if names:
                say(console, labelled(label, enumerated(names, language), language), indent=2)
    for evidence in capability.evidence:
        say(console, _evidence_line(evidence, language), mark="-", indent=2)
        _print_source(console, evidence.source, registry.sources, language, indent=4)


def _evidence_line(evidence: Evidence, language: Language) -> str:
    year = "" if evidence.year is None else f"{evidence.year} "
    mark = bracketed(translate(INFERRED, language), language) if evidence.inferred else ""
    return f"{year}{evidence.claim.in_language(language)}{mark}"


def _print_source(
    console: Console, key: str, sources: Mapping[str, Source], language: Language, *, mark: str = "", indent: int = 0
) -> None:
    """Print title, publisher, date and address of a source; a copy is marked, and its address never shown."""
    source = sources.get(key)
    if source is None:  # the key is itself an address
        say(console, key, mark=mark, indent=indent, style="dim")
        return
    if source.is_copy:
        text = citation(source, language) + bracketed(translate(COPY, language), language)
    else:
        text = " ".join((citation(source, language), *([source.url] if source.url else [])))
    say(console, text, mark=mark, indent=indent, style="dim")
