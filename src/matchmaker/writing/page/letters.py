"""Short texts for a broker to forward, and the opening words of the pages for other audiences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from matchmaker.domain import Language, Match, Registry, Shortlist
from matchmaker.messages import translate, translate_counted
from matchmaker.writing import FITTING, level_word, problem_heading, question_text
from matchmaker.writing.page.audience import Audience, name_filter_for
from matchmaker.writing.page.marking import printable


class Letter(NamedTuple):
    """A letter: the addressee and the paragraphs."""

    to: str
    paragraphs: tuple[str, ...]


def letters(shortlist: Shortlist, registry: Registry, language: Language) -> Iterator[Letter]:
    """The letter to the enterprise, and one to each institute that fits."""
    yield Letter(translate("To the enterprise", language), tuple(_to_enterprise(shortlist, language)))
    for institute in registry.institutes:
        own = [match for match in _fitting(shortlist) if match.institute == institute.id]
        for match in own:
            audience = Audience("institute", institute)
            name_filter = name_filter_for(shortlist.problem, audience, registry, language)
            title = name_filter.clean(_title(shortlist))
            name = printable(institute.name.in_language(language))
            text = tuple(_to_institute(match, title, None, language))
            yield Letter(translate("To {name}", language, name=name), text)


def opening_paragraphs(shortlist: Shortlist, audience: Audience, language: Language) -> Iterator[str]:
    """The first paragraphs of a page for one problem; a broker's page has none.

    Args:
        shortlist: Its title must be free of names that the audience must not see, and its matches only those it sees.
        audience: The reader of the page.
        language: The language of the page.
    """
    if audience.kind == "enterprise":
        paragraphs = list(_to_enterprise(shortlist, language))
        yield from (paragraphs[0], paragraphs[-1])  # the lines in between are in the page itself
    elif audience.kind == "institute":
        enterprise = shortlist.problem.enterprise if audience.names_enterprise else None
        yield from _to_institute(shortlist.matches[0], _title(shortlist), enterprise, language)


def _to_enterprise(shortlist: Shortlist, language: Language) -> Iterator[str]:
    title, fitting = _title(shortlist), _fitting(shortlist)
    if shortlist.verdict == "unclear":
        yield translate(
            "Thank you for telling us about your problem “{title}”. To recommend the right "
            "institute we need to know more:",
            language,
            title=title,
        )
        yield from (
            f"{number}. {question_text(question, language)}"
            for number, question in enumerate(shortlist.questions, start=1)
        )
        yield translate("With more technical detail we will gladly look again.", language)
        return
    if not fitting:
        yield translate(
            "Thank you for telling us about your problem “{title}”. At present we have found no institute that fits.",
            language,
            title=title,
        )
        fallback = shortlist.fallback
        if fallback is None:
            yield translate("With more technical detail we will gladly look again.", language)
        else:
            yield translate(
                "We suggest asking {name}, which can help to find an expert. With more technical "
                "detail we will gladly look again.",
                language,
                name=printable(fallback.name.in_language(language)),
            )
        return
    yield translate_counted(
        len(fitting),
        "Thank you for telling us about your problem “{title}”. From public records we have "
        "picked {n} institute that may be able to help.",
        "Thank you for telling us about your problem “{title}”. From public records we have "
        "picked {n} institutes that may be able to help.",
        language,
        title=title,
    )
    for rank, match in enumerate(fitting, 1):
        name, capability = match.name.in_language(language), match.capability.name.in_language(language)
        level = level_word(match.level, language)
        yield translate(
            "{rank}. {name} ({level}): {capability}",
            language,
            rank=rank,
            name=printable(name),
            level=level,
            capability=printable(capability),
        )
    yield translate(
        "None of this has been confirmed by the institutes yet. If you would like to talk to "
        "one of them, please let us know and we will help to make contact.",
        language,
    )


def _to_institute(match: Match, title: str, enterprise: str | None, language: Language) -> Iterator[str]:
    yield translate(
        "We have received an enterprise's technical problem, “{title}”. It may concern your "
        "capability “{capability}”; the problem and our reasons are set out here for your "
        "review.",
        language,
        title=title,
        capability=printable(match.capability.name.in_language(language)),
    )
    if enterprise:
        yield translate(
            "The problem comes from {name}; if you are interested, please let us know and we "
            "will help to make contact.",
            language,
            name=printable(enterprise),
        )
    else:
        yield translate(
            "The enterprise is not named for now; if you are interested, please let us know and "
            "we will help to make contact.",
            language,
        )


def _fitting(shortlist: Shortlist) -> list[Match]:
    fitting = shortlist.matches if shortlist.verdict != "unclear" else ()
    return [match for match in fitting if match.level in FITTING]


def _title(shortlist: Shortlist) -> str:
    return problem_heading(shortlist.problem.model_copy(update={"id": ""}))
