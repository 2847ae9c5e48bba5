"""Short texts that a broker can forward, and the opening words of the pages for others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from matchmaker.domain import Language, Match, Registry, Shortlist
from matchmaker.writing import FITTING, level_word, problem_heading
from matchmaker.writing.page.audience import Audience, veil_for
from matchmaker.writing.page.marking import plain
from matchmaker.writing.page.words import say


class Letter(NamedTuple):
    """To whom, and the paragraphs."""

    to: str
    paragraphs: tuple[str, ...]


def letters(shortlist: Shortlist, registry: Registry, language: Language) -> Iterator[Letter]:
    """The text for the enterprise, and one for each institute that fits."""
    yield Letter(say("letter_enterprise", language), tuple(_to_enterprise(shortlist, language)))
    for institute in registry.institutes:
        own = [match for match in _fitting(shortlist) if match.institute == institute.id]
        for match in own:
            audience = Audience("institute", institute)
            veil = veil_for(shortlist.problem, audience, registry, language)
            title = veil.clean(_title(shortlist))
            name = plain(institute.name.in_language(language))
            text = tuple(_to_institute(match, title, None, language))
            yield Letter(say("letter_institute", language, name=name), text)


def opening(shortlist: Shortlist, audience: Audience, language: Language) -> Iterator[str]:
    """The first paragraphs of a page for one problem; a broker's page has none.

    Args:
        shortlist: Its title without what the audience must not see, and only the matches that it sees.
        audience: Who reads the page.
        language: The language of the page.
    """
    if audience.kind == "enterprise":
        paragraphs = list(_to_enterprise(shortlist, language))
        yield from (paragraphs[0], paragraphs[-1])  # the lines between stand in the page itself
    elif audience.kind == "institute":
        enterprise = shortlist.problem.enterprise if audience.names_enterprise else None
        yield from _to_institute(shortlist.matches[0], _title(shortlist), enterprise, language)


def _to_enterprise(shortlist: Shortlist, language: Language) -> Iterator[str]:
    title, fitting = _title(shortlist), _fitting(shortlist)
    if shortlist.verdict == "unclear":
        yield say("dear_enterprise_unclear", language, title=title)
        yield from (f"{number}. {question.text}" for number, question in enumerate(shortlist.questions, start=1))
        yield say("dear_enterprise_more", language)
        return
    if not fitting:
        yield say("dear_enterprise_none", language, title=title)
        fallback = shortlist.fallback
        if fallback is None:
            yield say("dear_enterprise_more", language)
        else:
            yield say("dear_enterprise_ask", language, name=plain(fallback.name.in_language(language)))
        return
    yield say("dear_enterprise", language, title=title, n=len(fitting))
    for rank, match in enumerate(fitting, 1):
        name, capability = match.name.in_language(language), match.capability.name.in_language(language)
        level = level_word(match.level, language)
        yield say("letter_line", language, rank=rank, name=plain(name), level=level, capability=plain(capability))
    yield say("dear_enterprise_end", language)


def _to_institute(match: Match, title: str, enterprise: str | None, language: Language) -> Iterator[str]:
    yield say("dear_institute", language, title=title, capability=plain(match.capability.name.in_language(language)))
    if enterprise:
        yield say("enterprise_named", language, name=plain(enterprise))
    else:
        yield say("enterprise_unnamed", language)


def _fitting(shortlist: Shortlist) -> list[Match]:
    fitting = shortlist.matches if shortlist.verdict != "unclear" else ()
    return [match for match in fitting if match.level in FITTING]


def _title(shortlist: Shortlist) -> str:
    return problem_heading(shortlist.problem.model_copy(update={"id": ""}))
