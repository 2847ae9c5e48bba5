"""Explanations as JSON and Markdown, and the sentences that these and the terminal share.

What people read has two decimals and adds up as it is shown; JSON has every number as it was counted.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from matchmaker.domain import Explanation, Language, Reason, Registry
from matchmaker.files import atomic_writer, harmless
from matchmaker.writing.levels import basis_text, level_word, readiness_text, record_sentence
from matchmaker.writing.shortlists import match_object, reason_object, text_object
from matchmaker.writing.words import (
    WORDS,
    bracketed,
    claim_text,
    escaped,
    labelled,
    limit_text,
    one_line,
    problem_heading,
    reason_text,
    table_row,
    version,
    word,
)

if TYPE_CHECKING:
    from matchmaker.domain import Capability
    from matchmaker.matching.settings import TrackRecord

ExplanationFormat: TypeAlias = Literal["json", "md"]
Pair: TypeAlias = tuple[str, str]
Span: TypeAlias = tuple[int, int]

_MOST_SENTENCES = 3  # marked in the problem's text
_ADDRESS: Final = re.compile(r"https?://[^\s<>]+")
# The first ones that do not stand in the text itself are taken. The first four exist in GBK as well.
_PAIRS: Final[tuple[Pair, ...]] = (("【", "】"), ("〖", "〗"), ("〔", "〕"), ("『", "』"), ("⟦", "⟧"), ("⟪", "⟫"))
_ASCII_PAIRS: Final[tuple[Pair, ...]] = (("[", "]"), ("{", "}"), ("<", ">"))


class ShownPart(NamedTuple):
    """A part of a score as it is shown: ``base`` or the name of a similarity, in hundredths of a score point."""

    name: str
    hundredths: int

    def label(self, language: Language) -> str:
        """What people call it; a part without a word of its own keeps its name."""
        key = f"part_{self.name}"
        return word(key, language) if key in WORDS else self.name

    @property
    def number(self) -> str:
        """Two decimals, with a sign but for the base."""
        return f"{self.hundredths / 100:{'' if self.name == 'base' else '+'}.2f}"


class Marked(NamedTuple):
    """The problem's text with marks around what was found, and the marks."""

    text: str
    keyword: Pair
    sentence: Pair


class EvidenceLine(NamedTuple):
    """A piece of evidence as it is shown: the claim, its source with date, and the address if it may be linked."""

    claim: str
    source: str
    address: str


def shown_score(explanation: Explanation) -> str:
    """The score as a shortlist shows it."""
    return f"{explanation.match.score:.2f}"


def shown_parts(explanation: Explanation) -> list[ShownPart]:
    """The base and the parts in hundredths that add up to the score shown.

    Largest remainders: each is rounded down, and what is missing goes to those that lost most, ties to the first. So a
    part may differ by 0.01 from its own rounding, and nothing that is zero is shown as anything else.
    """
    exact = [("base", explanation.base), *((part.name, part.value) for part in explanation.parts)]
    lowered = [divmod(round(value * 1_000_000), 10_000) for _, value in exact]
    missing = round(float(shown_score(explanation)) * 100) - sum(whole for whole, _ in lowered)
    losers = sorted(range(len(lowered)), key=lambda at: -lowered[at][1])[: max(0, missing)]
    return [ShownPart(name, lowered[at][0] + (at in losers)) for at, (name, _) in enumerate(exact)]


def score_sentence(explanation: Explanation, language: Language) -> str:
    """Who has which score and level."""
    match = explanation.match
    name, level = one_line(match.name.in_language(language)), level_word(match.level, language)
    return word("has_score", language).format(name=name, score=shown_score(explanation), level=level)


def limit_sentence(explanation: Explanation, language: Language) -> str:
    """Which hard limit takes the institute off the shortlist; empty when none does."""
    limit = explanation.limit
    return word("limit_removes", language).format(limit=limit_text(limit, language)) if limit else ""


def next_sentence(explanation: Explanation, language: Language) -> str:
    """How far the next institute is, in the numbers shown; empty when there is no other."""
    other = explanation.next
    if other is None:
        return ""
    score = f"{other.score:.2f}"
    distance = float(score) - float(shown_score(explanation))
    key = "next_close" if not round(distance * 100) else "next_lower" if distance < 0 else "next_higher"
    name = one_line(other.name.in_language(language))
    return word(key, language).format(name=name, score=score, points=f"{abs(distance):.2f}")


def standing(explanation: Explanation, registry: Registry, language: Language) -> str:
    """Whose the capability that counts most is, whether it is inferred, how strong its record is, and how new."""
    held = _capability(explanation, registry)
    return basis_text(explanation.match.basis, language, inferred=held is not None and held.inferred)


def standing_lines(explanation: Explanation, record: TrackRecord | None, language: Language) -> list[str]:
    """What stands beside the level: how often it was right so far, and how ready the institute is, where known."""
    ready = readiness_text(explanation.match.readiness, language)
    told = [record_sentence(record, explanation.match.level, language)]
    told += [labelled(word("readiness", language), ready, language)] if ready else []
    return [line for line in told if line]


def similarities_text(explanation: Explanation, language: Language) -> str:
    """The similarities of the capability that counts most, those that are known."""
    known = {name: value for name, value in explanation.match.similarities.items() if value is not None}
    said = (f"{ShownPart(name, 0).label(language)} {value:.2f}" for name, value in known.items())
    return labelled(word("similarities", language), ("，" if language == "zh" else ", ").join(said), language)


def evidence_lines(explanation: Explanation, registry: Registry, language: Language) -> list[EvidenceLine]:
    """The evidence behind the capability; the address of a copy is never shown."""
    from matchmaker.institutes import citation

    held = _capability(explanation, registry)
    backing = held.evidence if held else ()
    lines = []
    for at, cited in enumerate(explanation.match.evidence):
        evidence = backing[at] if at < len(backing) else None
        source = registry.source(evidence.source) if evidence else None
        claim = claim_text(cited, language)
        if evidence and evidence.inferred:
            claim += bracketed(word("inferred", language), language)
        address = cited.source if not cited.is_copy and _ADDRESS.fullmatch(cited.source) else ""
        text = citation(source, language) if source else "" if address else cited.source
        lines.append(EvidenceLine(claim, one_line(text), address))
    return lines


def _capability(explanation: Explanation, registry: Registry) -> Capability | None:
    """The profile's own entry of the capability that counts most; ``None`` in a registry without it."""
    match = explanation.match
    held = (one for known in registry.institutes if known.id == match.institute for one in known.capabilities)
    return next((one for one in held if one.id == match.capability.id), None)


def closest_sentences(explanation: Explanation) -> list[Reason]:
    """The sentence that is a reason of the match, and up to two more that are covered and at least half as close.

    In order of closeness, ties in order of place; a sentence that is not close at all is not among them.
    """
    uncovered = {(mark.start, mark.end) for mark in explanation.uncovered}
    found = [mark for mark in explanation.marks if mark.kind == "sentence" and mark.similarity > 0]
    found.sort(key=lambda mark: (mark not in explanation.match.reasons, -mark.similarity, mark.start or 0))
    least = found[0].similarity / 2 if found else 0.0
    more = [mark for mark in found[1:] if mark.similarity >= least and (mark.start, mark.end) not in uncovered]
    return found[:1] + more[: _MOST_SENTENCES - 1]


def grounds(explanation: Explanation) -> list[Reason]:
    """What speaks for the match: its reasons first, then the other keywords found and the other closest sentences."""
    shown = list(explanation.match.reasons)
    keywords = [mark for mark in explanation.marks if mark.kind == "keyword"]
    keywords.sort(key=lambda mark: (-mark.similarity, mark.start or 0))
    return list(dict.fromkeys([*shown, *keywords, *closest_sentences(explanation)]))


def marked_text(explanation: Explanation, *, ascii_only: bool = False) -> Marked:
    """The problem's text with marks around the keywords found and the closest sentences.

    The marks do not stand in the text itself, as far as there are such. Keywords on the words of others are marked
    together, and marks are nested: one that would cross the end of a sentence is closed and opened again.
    """
    text = explanation.problem.text
    keyword, sentence = _free_pairs(text, _ASCII_PAIRS if ascii_only else _PAIRS)
    sentences = _united(text, closest_sentences(explanation))
    keywords = _united(text, [mark for mark in explanation.marks if mark.kind == "keyword"])
    inserted: dict[int, list[str]] = {}  # what stands before a position: both closings, then both openings
    for start, end in _cut(keywords, {edge for span in sentences for edge in span}):
        inserted.setdefault(end, [""] * 4)[0] = keyword[1]
        inserted.setdefault(start, [""] * 4)[3] = keyword[0]
    for start, end in sentences:
        inserted.setdefault(end, [""] * 4)[1] = sentence[1]
        inserted.setdefault(start, [""] * 4)[2] = sentence[0]
    pieces, last = [], 0
    for place in sorted(inserted):
        pieces += [text[last:place], *inserted[place]]
        last = place
    return Marked("".join([*pieces, text[last:]]), keyword, sentence)


def _free_pairs(text: str, pairs: tuple[Pair, ...]) -> tuple[Pair, Pair]:
    free = [pair for pair in pairs if pair[0] not in text and pair[1] not in text]
    first, second, *_ = [*free, *(pair for pair in pairs if pair not in free)]
    return first, second


def _united(text: str, marks: Iterable[Reason]) -> list[Span]:
    """The places of some marks in order, those that overlap made one; an accent stays with its letter."""
    spans: list[Span] = []
    for start, end in sorted((mark.start, mark.end) for mark in marks if mark.start is not None and mark.end):
        while end < len(text) and unicodedata.category(text[end]) in {"Mn", "Me", "Cf"}:
            end += 1  # noqa: PLW2901
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def _cut(spans: Iterable[Span], edges: set[int]) -> Iterator[Span]:
    for start, end in spans:
        stops = [start, *sorted(edge for edge in edges if start < edge < end), end]
        yield from pairwise(stops)


def legend(marked: Marked, language: Language) -> str:
    """What the marks stand for."""
    values = {"keyword": "".join(marked.keyword), "sentence": "".join(marked.sentence)}
    return word("legend", language).format(**values)


def coverage_text(explanation: Explanation, language: Language) -> str:
    """How many of the problem's sentences the profile covers."""
    n_all = sum(mark.kind == "sentence" for mark in explanation.marks)
    return word("coverage", language).format(n=n_all - len(explanation.uncovered), n_all=n_all)


def explanation_object(explanation: Explanation) -> dict[str, object]:
    """The fields of an explanation in JSON, in this order; ``None`` is unknown. They are a promise, as a shortlist's.

    ``matchmaker`` (version), ``settings``, ``institutes`` (fingerprints); ``problem``: ``id, title, language, text``;
    ``match``: as in a shortlist; ``base`` and ``parts`` (``name, value``), which add up to ``match.score``; ``marks``
    and ``uncovered``: as reasons, ``start`` and ``end`` in code points of ``problem.text``; ``limit``; ``next``:
    ``institute, name, score, difference``. Numbers have 6 decimals at most.
    """
    problem, other = explanation.problem, explanation.next
    return {
        "matchmaker": version(),
        "settings": explanation.settings,
        "institutes": explanation.institutes,
        **({} if explanation.ledger is None else {"ledger": explanation.ledger}),
        "problem": {
            "id": problem.id,
            "title": problem.title,
            "language": problem.language,
            "text": problem.text,
        },
        "match": match_object(explanation.match),
        "base": round(explanation.base, 6),
        "parts": [{"name": part.name, "value": round(part.value, 6)} for part in explanation.parts],
        "marks": [reason_object(mark) for mark in explanation.marks],
        "uncovered": [reason_object(mark) for mark in explanation.uncovered],
        "limit": explanation.limit,
        "next": None
        if other is None
        else {
            "institute": other.institute,
            "name": text_object(other.name),
            "score": round(other.score, 6),
            "difference": round(other.difference, 6),
        },
    }


def explanation_to_json(explanation: Explanation, *, indent: int | None = 2) -> str:
    """One JSON object with the fields of ``explanation_object``, without a newline at its end."""
    return json.dumps(explanation_object(explanation), ensure_ascii=False, indent=indent)


def explanation_to_markdown(
    explanation: Explanation,
    registry: Registry,
    language: Language | None = None,
    *,
    record: TrackRecord | None = None,
) -> str:
    """A page with score, parts, capability, evidence, the marked problem and what is not covered; ends with a newline.

    Args:
        explanation: What to write.
        registry: Gives the sources of the evidence.
        language: The language of the words; the problem's own when not given.
        record: How often each level was right.
    """
    language = language or explanation.problem.language
    lines = [f"# {escaped(problem_heading(explanation.problem))}", "", escaped(score_sentence(explanation, language))]
    beside = standing_lines(explanation, record, language)
    for sentence in (*beside, limit_sentence(explanation, language), next_sentence(explanation, language)):
        lines += ["", escaped(sentence)] if sentence else []
    lines += ["", f"## {word('score_made', language)}", ""]
    lines += [table_row([word("part", language), word("score", language)]), "| :-- | --: |"]
    lines += [table_row([escaped(harmless(part.label(language))), part.number]) for part in shown_parts(explanation)]
    lines.append(table_row([f"**{word('score', language)}**", f"**{shown_score(explanation)}**"]))
    lines += _capability_section(explanation, registry, language)
    marked = marked_text(explanation)
    lines += ["", f"## {word('problem', language)}", "", escaped(legend(marked, language))]
    for line in marked.text.split("\n"):
        lines += ["", f"> {escaped(line)}"] if line.strip() else []
    lines += ["", escaped(coverage_text(explanation, language))]
    if explanation.uncovered:
        lines += ["", f"## {word('not_covered', language)}", ""]
        lines += [f"- {escaped(mark.found)}" for mark in explanation.uncovered]
    return "\n".join(lines) + "\n"


def _capability_section(explanation: Explanation, registry: Registry, language: Language) -> Iterator[str]:
    name = escaped(explanation.match.capability.name.in_language(language))
    yield from ("", f"## {labelled(word('counts_most', language), name, language)}", "")
    yield from (escaped(standing(explanation, registry, language)), "")
    yield from (escaped(similarities_text(explanation, language)), "")
    for reason in grounds(explanation):
        yield f"- {labelled(word(reason.kind, language), escaped(reason_text(reason, language)), language)}"
    for evidence in evidence_lines(explanation, registry, language):
        shown = (escaped(evidence.claim), escaped(evidence.source), evidence.address and f"<{evidence.address}>")
        text = " ".join(part for part in shown if part)
        yield f"- {labelled(word('evidence', language), text, language)}"


def write_explanation(
    explanation: Explanation,
    path: Path,
    format: ExplanationFormat,
    *,
    registry: Registry,
    language: Language | None = None,
    record: TrackRecord | None = None,
) -> None:
    """Write an explanation; the file appears whole at the end or not at all.

    Raises:
        InputError: The file cannot be written.
    """
    with atomic_writer(path) as stream:
        if format == "json":
            stream.write(explanation_to_json(explanation) + "\n")
        else:
            stream.write(explanation_to_markdown(explanation, registry, language, record=record))
