"""The alliance's reported record and the institutes on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console

from matchmaker.domain import Alliance, Capability, Evidence, Figure, Institute, Language, Registry, Source, Term
from matchmaker.institutes import citation
from matchmaker.matching.matcher import FoundCapability
from matchmaker.writing import bracketed, labelled
from matchmaker.writing.terminal.lines import Column, cell, print_rows, say
from matchmaker.writing.terminal.phrases import listed, phrase


def print_alliance(console: Console, alliance: Alliance, sources: Mapping[str, Source], language: Language) -> None:
    """Print the alliance's reported record: each figure with its year and source, and the note on what they mean."""
    say(console, alliance.name.in_language(language), style="bold")
    say(console, alliance.note.in_language(language))
    keys = dict.fromkeys(figure.source or alliance.source for figure in alliance.figures)
    numbers = {key: number for number, key in enumerate(keys, start=1)}
    columns = (
        Column(phrase("figure", language)),
        Column(phrase("value", language)),
        Column(phrase("year", language), is_short=True),
        Column(phrase("source", language), is_short=True),
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
    size, name = (10**8, " 亿") if language == "zh" else (10**9, " billion")
    is_round = figure.value >= size and figure.value * 100 % size == 0  # a reported number is never rounded here
    amount = f"{figure.value / size:,.2f}".rstrip("0").rstrip(".") + name if is_round else f"{figure.value:,}"
    return phrase("more_than", language, amount=amount) if figure.at_least else amount


def record_rows(alliance: Alliance, sources: Mapping[str, Source], language: Language) -> list[tuple[str, ...]]:
    """Every reported figure as plain texts: what it counts, amount and unit, year, and the source it stands in."""
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
    """The problems solved, as the alliance reports them, in one line; its first figure when it reports no such."""
    solved = [figure for figure in alliance.figures if figure.key == "problems_solved"] or alliance.figures[:1]
    says_so_far = "目前" in (alliance.note.zh or "") or "so far" in (alliance.note.en or "")
    return phrase(
        "record",
        language,
        name=alliance.name.in_language(language),
        figure=_figure_text(solved[0], language) if solved else "-",
        reported=alliance.reported,
        period=alliance.period,
        so_far=phrase("so_far", language) if says_so_far else "",
    )


def _amount_and_unit(figure: Figure, language: Language) -> str:
    amount, unit = _amount(figure, language), figure.unit.in_language(language)
    return f"{amount}{unit}" if amount.endswith("亿") else f"{amount} {unit}"


def _figure_text(figure: Figure, language: Language) -> str:
    label = figure.label.in_language(language)
    if language == "zh":
        return f"{label} {_amount_and_unit(figure, language)}"
    is_word = label[1:2].islower()  # an abbreviation keeps its capitals
    return f"{_amount(figure, language)} {label[:1].lower() + label[1:] if is_word else label}"


def print_institutes(console: Console, registry: Registry, language: Language) -> None:
    """Print one line per institute: how many capabilities are its own and how many are via the parent body."""
    columns = (
        Column(phrase("id", language), is_short=True),
        Column(phrase("name", language)),
        Column(phrase("role", language)),
        Column(phrase("own", language), is_short=True, is_number=True),
        Column(phrase("n_via_parent", language), is_short=True, is_number=True),
        Column(phrase("verified", language), is_short=True),
    )
    rows = []
    for institute in registry.institutes:
        n_via_parent = sum(capability.via_parent for capability in institute.capabilities)
        rows.append((
            cell(institute.id),
            cell(institute.name.in_language(language)),
            cell(phrase(institute.role, language)),
            cell(str(len(institute.capabilities) - n_via_parent)),
            cell(str(n_via_parent)),
            cell(str(institute.verified or phrase("unverified", language))),
        ))  # fmt: skip
    print_rows(console, columns, rows, language)
    say(console, phrase("n_institutes", language, n=len(rows)))


def print_found(console: Console, found: Sequence[FoundCapability], language: Language) -> None:
    """Print capabilities found by a text, best first, with the institute and whether the parent body holds them."""
    say(console, phrase("n_capabilities", language, n=len(found)), style="bold")
    columns = (
        Column(phrase("score", language), is_short=True, is_number=True),
        Column(phrase("institute", language)),
        Column(phrase("capability", language)),
        Column(phrase("id", language)),
    )
    rows = [
        (
            cell(f"{hit.score:.2f}"),
            cell(hit.institute.name.in_language(language)),
            cell(
                hit.capability.name.in_language(language)
                + (bracketed(phrase("via_parent", language), language) if hit.capability.via_parent else "")
            ),
            cell(hit.capability.id),
        )
        for hit in found
    ]
    print_rows(console, columns, rows, language)


def print_institute(console: Console, registry: Registry, institute: Institute, language: Language) -> None:
    """Print all that is known about one institute, every statement with its source."""
    say(console, " / ".join(institute.name.both()), style="bold")
    header = {
        "id": institute.id,
        "aliases": listed(institute.aliases, language),
        "role": phrase(institute.role, language),
        "parent": institute.parent.in_language(language) if institute.parent else "",
        "place": institute.place.in_language(language) if institute.place else "",
        "website": institute.website or "",
        "verified": str(institute.verified or phrase("unverified", language)),
    }
    for key, value in header.items():
        if value:
            say(console, labelled(phrase(key, language), value, language))
    if institute.summary:
        say(console, institute.summary.in_language(language))
    for key in institute.sources:
        _print_source(console, key, registry.sources, language, mark="-")
    console.print()
    say(console, phrase("n_capabilities", language, n=len(institute.capabilities)), style="bold")
    for capability in institute.capabilities:
        _print_capability(console, registry, capability, language)


def _print_capability(console: Console, registry: Registry, capability: Capability, language: Language) -> None:
    marks = [phrase("via_parent_long", language)] if capability.via_parent else []
    marks += [phrase("inferred", language)] if capability.inferred else []
    marks = marks or [phrase("own_record", language)]
    marks += [phrase(f"strength_{capability.strength}", language)] if capability.strength else []
    console.print()
    say(console, f"{capability.name.in_language(language)} [{capability.id}]", style="bold")
    say(
        console,
        ("；" if language == "zh" else "; ").join(marks),
        indent=2,
        style="magenta" if capability.via_parent else "dim",
    )
    if capability.summary:
        say(console, capability.summary.in_language(language), indent=2)
    for key, terms in (("keywords", capability.keywords), ("industries", capability.industries)):
        for label, names in _told_apart(key, terms, language):
            say(console, labelled(label, listed(names, language), language), indent=2)
    for evidence in capability.evidence:
        say(console, _evidence_line(evidence, language), mark="-", indent=2)
        _print_source(console, evidence.source, registry.sources, language, indent=4)


def _told_apart(key: str, terms: Sequence[Term], language: Language) -> Iterator[tuple[str, list[str]]]:
    for is_inferred, label in ((False, key), (True, f"{key}_inferred")):
        names = [term.in_language(language) for term in terms if term.inferred == is_inferred]
        if names:
            yield phrase(label, language), names


def _evidence_line(evidence: Evidence, language: Language) -> str:
    year = "" if evidence.year is None else f"{evidence.year} "
    mark = bracketed(phrase("inferred", language), language) if evidence.inferred else ""
    return f"{year}{evidence.claim.in_language(language)}{mark}"


def _print_source(
    console: Console, key: str, sources: Mapping[str, Source], language: Language, *, mark: str = "", indent: int = 0
) -> None:
    """Title, publisher and date, and the address; a copy is marked as such and its address never shown."""
    source = sources.get(key)
    if source is None:  # the key is itself an address
        say(console, key, mark=mark, indent=indent, style="dim")
        return
    if source.is_copy:
        text = citation(source, language) + bracketed(phrase("copy", language), language)
    else:
        text = " ".join((citation(source, language), *([source.url] if source.url else [])))
    say(console, text, mark=mark, indent=indent, style="dim")
