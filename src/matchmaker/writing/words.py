"""The words and small pieces of text that files and terminal share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from matchmaker.domain import Citation, Language, Match, Problem, Question, Reason, Removal, Role
from matchmaker.messages import Translatable, in_context, translate
from matchmaker.messages import one_line as one_line  # noqa: PLC0414 - handed on
from matchmaker.script import in_script

ADDRESS: Final = re.compile(r"https?://[^\s<>]+")
"""An address that may be linked."""

GRADE_WORDS: Final[tuple[Translatable, ...]] = ("none", "weak", "fair", "strong")
"""The meaning of the grades 0 to 3 of a judge: how relevant a pair is, not what to do."""
OUTCOME_WORDS: Final[Mapping[str, Translatable]] = {
    "solved": "solved",
    "partly": "partly solved",
    "failed": "not solved",
}
REASON_WORDS: Final[Mapping[str, Translatable]] = {
    "too-early": "too early",
    "no-capacity": "no capacity",
    "wrong-field": "wrong field",
    "price": "price",
    "ip": "IP",
    "no-answer": "no answer",
    "conflict": "conflict of interest",
    "other": "other",
}
"""The reason why a referral was declined, by its code."""
ROLE_WORDS: Final[Mapping[Role, Translatable]] = {
    "research_institute": "research institute",
    "transfer_centre": "technology transfer centre",
}
STRENGTH_WORDS: Final[Mapping[str, Translatable]] = {
    "A": "projects, products or figures",
    "B": "a laboratory or topic",
    "C": "scattered mentions only",
}
"""How well a capability is known."""
KIND_WORDS: Final[Mapping[str, Translatable]] = {
    "keyword": "keyword",
    "sentence": "sentence",
    "capability": "Capability",
    "case": "case",
}
PART_WORDS: Final[Mapping[str, Translatable]] = {
    "base": "base",
    "cases": "cases",
    "discounts": "discounts",
}
"""The parts of a score beside the similarities, which have labels of their own."""
OWN_RECORD: Final[Translatable] = "own record"
VIA_PARENT: Final[Translatable] = "via the parent body"
VIA_PARENT_LONG: Final[Translatable] = "reachable via the parent body, not the institute's own record"
INFERRED: Final[Translatable] = "inferred"
INFERRED_LONG: Final[Translatable] = "inferred, no source states it"
COPY: Final[Translatable] = "copy"
_LIMIT_WORDS: Final[Mapping[str, Translatable]] = {
    "exclude": "excluded by the problem",
    "require.institutes": "not among the institutes asked for",
    "require.role": "not a {value}",
    "require.place": "not in {value}",
    "require.own": "no capability on its own record",
}


def limit_text(limit: str, language: Language) -> str:
    """A hard limit such as ``require.place: 广州`` in words; an unknown one as it is."""
    name, _, value = one_line(limit).partition(": ")
    if name not in _LIMIT_WORDS:
        return one_line(limit)
    role = next((ROLE_WORDS[known] for known in ROLE_WORDS if known == value), None)
    return translate(_LIMIT_WORDS[name], language, value=translate(role, language) if role else value)


def bracketed(text: str, language: Language) -> str:
    """``text`` in the brackets of this language, to be appended to another text."""
    return translate(" ({text})", language, text=text)


def labelled(label: str, text: str, language: Language) -> str:
    """``text`` after a label and the colon of this language."""
    return translate("{label}: {text}", language, label=label, text=text)


def enumerated(names: Iterable[str], language: Language) -> str:
    """Names one after the other, with the commas of this language."""
    return translate(in_context("names", ", "), language).join(names)


def in_series(parts: Iterable[str], language: Language) -> str:
    """Parts of one sentence, with the commas of this language."""
    return translate(in_context("parts of a sentence", ", "), language).join(parts)


def one_after_another(sentences: Iterable[str], language: Language) -> str:
    """What could be sentences of their own, with the semicolons of this language."""
    return translate("; ", language).join(sentences)


def capability_name(match: Match, language: Language) -> str:
    """The matched capability, marked when only the parent body is known to have it."""
    name = match.capability.name.in_language(language)
    return name + bracketed(translate(VIA_PARENT, language), language) if match.capability.via_parent else name


@cache
def similarity_names() -> tuple[str, ...]:
    """The names of the similarities, in the order of all outputs."""
    from matchmaker.matching.similarities import NAMES

    return (*NAMES, "cases")


def part_label(name: str, language: Language) -> str:
    """What people call a part of a score."""
    from matchmaker.matching.similarities import SIMILARITIES

    labels = {**PART_WORDS, **{one.name: one.label for one in SIMILARITIES}}
    return translate(labels[name], language) if labels.get(name) else name


def problem_heading(problem: Problem) -> str:
    """The id and title of the problem on one line; without a title, the start of its description."""
    title = one_line(problem.title) or one_line(problem.description)[:60]
    return f"{one_line(problem.id)} {title}" if problem.id else title


def reason_text(reason: Reason, language: Language, *, scores: bool = True) -> str:
    """A reason in a few words: the profile's term, the problem's words and, optionally, their similarity."""
    number = f" ({reason.similarity:.2f})" if scores else ""
    if reason.outcome is not None:
        became = bracketed(outcome_text(reason.outcome, language), language)
        return f"{one_line(reason.term)}{became}{number}"
    term = term_of(reason, language)
    words = term if reason.found in {"", reason.term} else term + translate(" <- ", language) + reason.found
    mark = bracketed(translate(INFERRED, language), language) if reason.inferred else ""
    return f"{one_line(words)}{mark}{number}"


def term_of(reason: Reason, language: Language) -> str:
    """What the profile says; of a case what its enterprise asked, as it stands there."""
    return reason.term if reason.kind == "case" else in_script(reason.term, language)


def question_text(question: Question, language: Language) -> str:
    """A question in the language of its need, in the script of this one."""
    return in_script(question.text, language)


def outcome_text(outcome: str, language: Language) -> str:
    """The outcome of an earlier problem in words: solved, partly, failed, or why it was declined."""
    if outcome in OUTCOME_WORDS:
        return translate(OUTCOME_WORDS[outcome], language)
    reason = translate(REASON_WORDS[outcome], language) if outcome in REASON_WORDS else one_line(outcome)
    return translate("declined: {reason}", language, reason=reason)


def source_text(citation: Citation, language: Language) -> str:
    """Where a piece of evidence stands: its address as it is, else the source in words."""
    return citation.source if ADDRESS.fullmatch(citation.source) else in_script(citation.source, language)


def claim_text(citation: Citation, language: Language) -> str:
    """The year and the claim of a piece of evidence, with its marks; without its source."""
    marks: dict[Translatable, bool] = {VIA_PARENT: citation.via_parent, COPY: citation.is_copy}
    shown = in_series((translate(mark, language) for mark, holds in marks.items() if holds), language)
    claim = one_line(citation.claim.in_language(language)) + (bracketed(shown, language) if shown else "")
    return claim if citation.year is None else f"{citation.year} {claim}"


_MARKDOWN_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}
_MARKDOWN_SPECIAL = re.compile(r"[\\`*_\[\]~$#&<>|]")
_MARKDOWN_LIST_START = re.compile(r"^(\d*)([-+.)])")


def escape_markdown(text: str) -> str:
    """``text`` as Markdown that shows it literally, without HTML, links, table cells or lists."""
    literal = _MARKDOWN_SPECIAL.sub(lambda found: _MARKDOWN_ENTITIES.get(found[0], f"\\{found[0]}"), one_line(text))
    return _MARKDOWN_LIST_START.sub(r"\1\\\2", literal)


def markdown_row(cells: Iterable[str]) -> str:
    """A row of a Markdown table; the cells are Markdown already."""
    return f"| {' | '.join(cells)} |"


def removal_text(removal: Removal, language: Language) -> str:
    """The institute that was removed, and the limit that removed it."""
    return one_line(removal.name.in_language(language) + bracketed(limit_text(removal.limit, language), language))
