"""The questions to ask back, as a message ready to send, as JSON and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from matchmaker.distribution import version
from matchmaker.domain import Shortlist
from matchmaker.messages import Translatable, translate
from matchmaker.writing.plain import as_json
from matchmaker.writing.shortlists import question_object
from matchmaker.writing.words import escape_markdown, one_line, problem_heading, question_text

if TYPE_CHECKING:
    from matchmaker.writing.out import Context

_TITLE: Final = 60
"""Characters of the description that replace a missing title."""


def questions_as_message(shortlists: Iterable[Shortlist], context: Context) -> Iterator[str]:  # noqa: ARG001
    """The questions of each shortlist as a message, a block for each problem.

    Args:
        shortlists: Read one at a time; of one without questions it is said that nothing would change it.
        context: Not asked: the questions are in the language of the problem.
    """
    for number, shortlist in enumerate(shortlists):
        yield ("\n" if number else "") + _as_message(shortlist)


def questions_as_json(shortlists: Iterable[Shortlist], context: Context) -> Iterator[str]:
    """The questions of one problem as an object, of several or none as an array."""
    found = [_as_object(shortlist) for shortlist in shortlists]
    yield from as_json(found[0] if len(found) == 1 else found, context)


def questions_as_markdown(shortlists: Iterable[Shortlist], context: Context) -> Iterator[str]:  # noqa: ARG001
    """The questions of each shortlist below a heading."""
    for number, shortlist in enumerate(shortlists):
        yield ("\n" if number else "") + _as_markdown(shortlist)


def _as_object(shortlist: Shortlist) -> dict[str, object]:
    problem = shortlist.problem
    return {
        "matchmaker": version(),
        "settings": shortlist.settings,
        "institutes": shortlist.institutes,
        "problem": {"id": problem.id, "title": problem.title, "language": problem.language},
        "verdict": shortlist.verdict,
        "questions": [question_object(question) for question in shortlist.questions],
    }


def _as_message(shortlist: Shortlist) -> str:
    problem = shortlist.problem
    title = one_line(problem.title or problem.description[:_TITLE])
    lines = [_opening(shortlist, title)]
    lines += [f"{n}. {text}" for n, text in enumerate(_questions(shortlist), start=1)]
    return "\n".join(lines) + "\n"


def _as_markdown(shortlist: Shortlist) -> str:
    problem = shortlist.problem
    title = one_line(problem.title or problem.description[:_TITLE])
    lines = [f"# {escape_markdown(problem_heading(problem))}", "", escape_markdown(_opening(shortlist, title)), ""]
    lines += [f"{n}. {escape_markdown(text)}" for n, text in enumerate(_questions(shortlist), start=1)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _opening(shortlist: Shortlist, title: str) -> str:
    language = shortlist.problem.shown_in
    if shortlist.questions:
        ask: Translatable = "About “{title}”: to recommend the right institute we would like to ask"
        return translate(ask, language, title=title)
    nothing: Translatable = "About “{title}”: no answer would change the shortlist; it can be matched as it is."
    return translate(nothing, language, title=title)


def _questions(shortlist: Shortlist) -> list[str]:
    return [question_text(one, shortlist.problem.shown_in) for one in shortlist.questions]
