"""What the profiles say, statement by statement, normalised and counted once for all similarities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matchmaker.domain import Capability, Facet, Language, Text
from matchmaker.text import normalise, terms


@dataclass(frozen=True, slots=True)
class Statement:
    """One text of a profile in one language. ``is_keyword`` holds for keywords and for the capability's name."""

    shown: str
    text: str
    terms: Mapping[str, int]
    language: Language
    is_keyword: bool
    inferred: bool
    facet: Facet | None = None


def statements(capability: Capability) -> list[Statement]:
    """Everything a profile says of a capability: name, summary, keywords, industries, in each language there is."""
    made: list[Statement] = []
    parts: list[tuple[Text | None, bool]] = [(capability.name, True), (capability.summary, False)]
    parts += [(keyword, True) for keyword in capability.keywords]
    parts += [(industry, False) for industry in capability.industries]
    for part, is_keyword in parts:
        inferred = capability.inferred or bool(getattr(part, "inferred", False))
        for language in ("zh", "en"):
            shown = getattr(part, language, None)
            if shown:
                text = normalise(shown)
                facet = None if capability.service else getattr(part, "facet", None)
                made.append(Statement(shown, text, terms(text), language, is_keyword, inferred, facet))
    return made
