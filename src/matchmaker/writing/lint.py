"""The questions to ask back, as a message ready to send, as JSON and as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final, Literal, TypeAlias

from matchmaker.domain import Shortlist
from matchmaker.writing.shortlists import question_object
from matchmaker.writing.words import escaped, one_line, problem_heading, version, word

LintFormat: TypeAlias = Literal["table", "json", "md"]
_TITLE: Final = 60
"""So many characters of a description stand for a title that is not there."""


def format_questions(shortlists: Iterable[Shortlist], format: LintFormat) -> Iterator[str]:
    """The questions of each shortlist, clear or not, in the language of its problem, piece by piece.

    Args:
        shortlists: Read one at a time; one without questions says that nothing would change it.
        format: ``table`` is plain text, a block for each problem; JSON of one is an object, of several or none an
            array.
    """
    if format == "json":
        found = [_as_object(shortlist) for shortlist in shortlists]
        yield json.dumps(found[0] if len(found) == 1 else found, ensure_ascii=False, indent=2) + "\n"
        return
    for number, shortlist in enumerate(shortlists):
        yield ("\n" if number else "") + (_as_markdown(shortlist) if format == "md" else _as_message(shortlist))


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
    lines = [_opening(shortlist).format(title=title)]
    lines += [f"{number}. {question.text}" for number, question in enumerate(shortlist.questions, start=1)]
    return "\n".join(lines) + "\n"


def _as_markdown(shortlist: Shortlist) -> str:
    problem = shortlist.problem
    title = one_line(problem.title or problem.description[:_TITLE])
    lines = [f"# {escaped(problem_heading(problem))}", "", escaped(_opening(shortlist).format(title=title)), ""]
    lines += [f"{number}. {escaped(question.text)}" for number, question in enumerate(shortlist.questions, start=1)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _opening(shortlist: Shortlist) -> str:
    return word("ask_back" if shortlist.questions else "ask_nothing", shortlist.problem.language)
