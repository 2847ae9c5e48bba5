"""Explanations as JSON and Markdown, and the sentences that these and the terminal share.

Numbers for people have two decimals and add up as shown; JSON has the exact numbers.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from matchmaker.csvcells import escape_formulas
from matchmaker.distribution import version
from matchmaker.domain import Explanation, Language, Reason, Registry
from matchmaker.messages import Translatable, translate
from matchmaker.writing.levels import basis_text, level_word, readiness_text, record_sentence
from matchmaker.writing.shortlists import match_object, reason_object, text_object
from matchmaker.writing.words import (
    INFERRED,
    KIND_WORDS,
    bracketed,
    claim_text,
    escape_markdown,
    in_series,
    labelled,
    limit_text,
    markdown_row,
    one_line,
    part_label,
    problem_heading,
    reason_text,
    source_text,
)

if TYPE_CHECKING:
    from matchmaker.domain import Capability
    from matchmaker.matching.settings import TrackRecord
    from matchmaker.writing.out import Context

Pair: TypeAlias = tuple[str, str]
Span: TypeAlias = tuple[int, int]

_MAX_SENTENCES = 3  # marked in the problem's text
_ADDRESS: Final = re.compile(r"https?://[^\s<>]+")
# The first pairs that do not occur in the text itself are used. The first four also exist in GBK.
_PAIRS: Final[tuple[Pair, ...]] = (("【", "】"), ("〖", "〗"), ("〔", "〕"), ("『", "』"), ("⟦", "⟧"), ("⟪", "⟫"))
_ASCII_PAIRS: Final[tuple[Pair, ...]] = (("[", "]"), ("{", "}"), ("<", ">"))


class ShownPart(NamedTuple):
    """A part of a score as shown: ``base`` or the name of a similarity, in hundredths of a score point."""

    name: str
    hundredths: int

    def label(self, language: Language) -> str:
        """Its label; a part without a word of its own keeps its name."""
        return part_label(self.name, language)

    @property
    def number(self) -> str:
        """The value with two decimals, and with a sign unless it is the base."""
        return f"{self.hundredths / 100:{'' if self.name == 'base' else '+'}.2f}"


class MarkedText(NamedTuple):
    """The problem's text with marks around keywords and sentences, and the pairs of marks used."""

    text: str
    keyword: Pair
    sentence: Pair


class EvidenceLine(NamedTuple):
    """A piece of evidence as shown: the claim, its source with date, and the address if it may be linked."""

    claim: str
    source: str
    address: str


def shown_score(explanation: Explanation) -> str:
    """The score as shown in a shortlist."""
    return f"{explanation.match.score:.2f}"


def shown_parts(explanation: Explanation) -> list[ShownPart]:
    """The base and the parts, in hundredths that add up to the score shown.

    By the method of largest remainders, each is rounded down, and the missing hundredths go to those that lost most,
    ties to the first. So a part may differ by 0.01 from its own rounding, but zero is never shown as anything else.
    """
    exact = [("base", explanation.base), *((part.name, part.value) for part in explanation.parts)]
    lowered = [divmod(round(value * 1_000_000), 10_000) for _, value in exact]
    missing = round(float(shown_score(explanation)) * 100) - sum(whole for whole, _ in lowered)
    losers = sorted(range(len(lowered)), key=lambda index: -lowered[index][1])[: max(0, missing)]
    return [ShownPart(name, lowered[index][0] + (index in losers)) for index, (name, _) in enumerate(exact)]


def score_sentence(explanation: Explanation, language: Language) -> str:
    """A sentence with the name, score and level of the institute."""
    match = explanation.match
    name, level = one_line(match.name.in_language(language)), level_word(match.level, language)
    return translate(
        "{name}: {level} (score {score})", language, name=name, score=shown_score(explanation), level=level
    )


def limit_sentence(explanation: Explanation, language: Language) -> str:
    """The hard limit that removes the institute from the shortlist; empty if none does."""
    if not explanation.limit:
        return ""
    limit = limit_text(explanation.limit, language)
    return translate("A hard limit takes it off the shortlist: {limit}.", language, limit=limit)


def next_sentence(explanation: Explanation, language: Language) -> str:
    """The distance to the next institute, in the numbers shown; empty if there is no other."""
    other = explanation.next
    if other is None:
        return ""
    score = f"{other.score:.2f}"
    distance = float(score) - float(shown_score(explanation))
    sentence: Translatable = "One above: {name}, score {score}, {points} higher"
    if not round(distance * 100):
        sentence = "Nearest: {name}, score {score}, less than 0.01 apart"
    elif distance < 0:
        sentence = "Next: {name}, score {score}, {points} lower"
    name = one_line(other.name.in_language(language))
    return translate(sentence, language, name=name, score=score, points=f"{abs(distance):.2f}")


def basis_sentence(explanation: Explanation, registry: Registry, language: Language) -> str:
    """The basis of the capability that counts most: whose it is, whether it is inferred, how strong and how new."""
    capability = _capability(explanation, registry)
    return basis_text(explanation.match.basis, language, inferred=capability is not None and capability.inferred)


def level_notes(explanation: Explanation, record: TrackRecord | None, language: Language) -> list[str]:
    """Notes on the level: how often it was right so far, and the readiness of the institute, where known."""
    ready = readiness_text(explanation.match.readiness, language)
    told = [record_sentence(record, explanation.match.level, language)]
    told += [labelled(translate("Readiness", language), ready, language)] if ready else []
    return [line for line in told if line]


def similarities_text(explanation: Explanation, language: Language) -> str:
    """The known similarities of the capability that counts most."""
    known = {name: value for name, value in explanation.match.similarities.items() if value is not None}
    said = (f"{ShownPart(name, 0).label(language)} {value:.2f}" for name, value in known.items())
    return labelled(translate("Similarities", language), in_series(said, language), language)


def evidence_lines(explanation: Explanation, registry: Registry, language: Language) -> list[EvidenceLine]:
    """The evidence behind the capability; the address of a copy is never shown."""
    from matchmaker.institutes import citation

    capability = _capability(explanation, registry)
    backing = capability.evidence if capability else ()
    lines = []
    for index, cited in enumerate(explanation.match.evidence):
        evidence = backing[index] if index < len(backing) else None
        source = registry.source(evidence.source) if evidence else None
        claim = claim_text(cited, language)
        if evidence and evidence.inferred:
            claim += bracketed(translate(INFERRED, language), language)
        address = cited.source if not cited.is_copy and _ADDRESS.fullmatch(cited.source) else ""
        text = citation(source, language) if source else "" if address else source_text(cited, language)
        lines.append(EvidenceLine(claim, one_line(text), address))
    return lines


def _capability(explanation: Explanation, registry: Registry) -> Capability | None:
    """The capability that counts most, from its profile; ``None`` if the registry lacks it."""
    match = explanation.match
    capabilities = (one for known in registry.institutes if known.id == match.institute for one in known.capabilities)
    return next((one for one in capabilities if one.id == match.capability.id), None)


def closest_sentences(explanation: Explanation) -> list[Reason]:
    """The sentence that is a reason of the match, and up to two more that are covered and at least half as close.

    They are in order of closeness, ties in order of position; a sentence with similarity 0 is never among them.
    """
    uncovered = {(mark.start, mark.end) for mark in explanation.uncovered}
    sentences = [mark for mark in explanation.marks if mark.kind == "sentence" and mark.similarity > 0]
    sentences.sort(key=lambda mark: (mark not in explanation.match.reasons, -mark.similarity, mark.start or 0))
    min_similarity = sentences[0].similarity / 2 if sentences else 0.0
    more = [
        mark for mark in sentences[1:] if mark.similarity >= min_similarity and (mark.start, mark.end) not in uncovered
    ]
    return sentences[:1] + more[: _MAX_SENTENCES - 1]


def all_reasons(explanation: Explanation) -> list[Reason]:
    """All reasons for the match: its own reasons first, then other keywords found and other closest sentences."""
    reasons = list(explanation.match.reasons)
    keywords = [mark for mark in explanation.marks if mark.kind == "keyword"]
    keywords.sort(key=lambda mark: (-mark.similarity, mark.start or 0))
    return list(dict.fromkeys([*reasons, *keywords, *closest_sentences(explanation)]))


def marked_text(explanation: Explanation, *, ascii_only: bool = False) -> MarkedText:
    """The problem's text with marks around the keywords found and the closest sentences.

    If possible, the marks do not occur in the text itself. Overlapping keywords are marked together, and marks are
    nested: one that would cross the end of a sentence is closed and opened again.
    """
    text = explanation.problem.text
    keyword, sentence = _free_pairs(text, _ASCII_PAIRS if ascii_only else _PAIRS)
    sentences = _merge_spans(text, closest_sentences(explanation))
    keywords = _merge_spans(text, [mark for mark in explanation.marks if mark.kind == "keyword"])
    inserted: dict[int, list[str]] = {}  # marks before a position: both closing ones, then both opening ones
    for start, end in _cut_at(keywords, {edge for span in sentences for edge in span}):
        inserted.setdefault(end, [""] * 4)[0] = keyword[1]
        inserted.setdefault(start, [""] * 4)[3] = keyword[0]
    for start, end in sentences:
        inserted.setdefault(end, [""] * 4)[1] = sentence[1]
        inserted.setdefault(start, [""] * 4)[2] = sentence[0]
    pieces, last = [], 0
    for position in sorted(inserted):
        pieces += [text[last:position], *inserted[position]]
        last = position
    return MarkedText("".join([*pieces, text[last:]]), keyword, sentence)


def _free_pairs(text: str, pairs: tuple[Pair, ...]) -> tuple[Pair, Pair]:
    free = [pair for pair in pairs if pair[0] not in text and pair[1] not in text]
    first, second, *_ = [*free, *(pair for pair in pairs if pair not in free)]
    return first, second


def _merge_spans(text: str, marks: Iterable[Reason]) -> list[Span]:
    """The spans of some marks in order, overlapping ones merged; an accent stays with its letter."""
    spans: list[Span] = []
    for start, end in sorted((mark.start, mark.end) for mark in marks if mark.start is not None and mark.end):
        while end < len(text) and unicodedata.category(text[end]) in {"Mn", "Me", "Cf"}:
            end += 1  # noqa: PLW2901
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def _cut_at(spans: Iterable[Span], edges: set[int]) -> Iterator[Span]:
    for start, end in spans:
        stops = [start, *sorted(edge for edge in edges if start < edge < end), end]
        yield from pairwise(stops)


def legend(marked: MarkedText, language: Language) -> str:
    """The meaning of the marks."""
    values = {"keyword": "".join(marked.keyword), "sentence": "".join(marked.sentence)}
    return translate("{keyword} keyword, {sentence} closest sentence", language, **values)


def coverage_text(explanation: Explanation, language: Language) -> str:
    """The number of the problem's sentences that the profile covers."""
    n_all = sum(mark.kind == "sentence" for mark in explanation.marks)
    return translate("{n} of {n_all} sentences covered", language, n=n_all - len(explanation.uncovered), n_all=n_all)


def explanation_object(explanation: Explanation) -> dict[str, object]:
    """The fields of an explanation in JSON, in this order; ``None`` is unknown. Like a shortlist's, they are a promise.

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
        explanation: The explanation.
        registry: Provides the sources of the evidence.
        language: The language of the words; by default the problem's own.
        record: How often each level was right.
    """
    language = language or explanation.problem.shown_in
    lines = [
        f"# {escape_markdown(problem_heading(explanation.problem))}",
        "",
        escape_markdown(score_sentence(explanation, language)),
    ]
    beside = level_notes(explanation, record, language)
    for sentence in (*beside, limit_sentence(explanation, language), next_sentence(explanation, language)):
        lines += ["", escape_markdown(sentence)] if sentence else []
    lines += ["", f"## {translate('How the score is made', language)}", ""]
    lines += [markdown_row([translate("Part", language), translate("Score", language)]), "| :-- | --: |"]
    lines += [
        markdown_row([escape_markdown(escape_formulas(part.label(language))), part.number])
        for part in shown_parts(explanation)
    ]
    lines.append(markdown_row([f"**{translate('Score', language)}**", f"**{shown_score(explanation)}**"]))
    lines += _capability_section(explanation, registry, language)
    marked = marked_text(explanation)
    lines += ["", f"## {translate('The problem', language)}", "", escape_markdown(legend(marked, language))]
    for line in marked.text.split("\n"):
        lines += ["", f"> {escape_markdown(line)}"] if line.strip() else []
    lines += ["", escape_markdown(coverage_text(explanation, language))]
    if explanation.uncovered:
        lines += ["", f"## {translate('not covered', language)}", ""]
        lines += [f"- {escape_markdown(mark.found)}" for mark in explanation.uncovered]
    return "\n".join(lines) + "\n"


def _capability_section(explanation: Explanation, registry: Registry, language: Language) -> Iterator[str]:
    name = escape_markdown(explanation.match.capability.name.in_language(language))
    yield from ("", f"## {labelled(translate('Capability that counts most', language), name, language)}", "")
    yield from (escape_markdown(basis_sentence(explanation, registry, language)), "")
    yield from (escape_markdown(similarities_text(explanation, language)), "")
    for reason in all_reasons(explanation):
        kind = translate(KIND_WORDS[reason.kind], language)
        yield f"- {labelled(kind, escape_markdown(reason_text(reason, language)), language)}"
    for evidence in evidence_lines(explanation, registry, language):
        shown = (
            escape_markdown(evidence.claim),
            escape_markdown(evidence.source),
            evidence.address and f"<{evidence.address}>",
        )
        text = " ".join(part for part in shown if part)
        yield f"- {labelled(translate('Evidence', language), text, language)}"


def explanation_as_json(explanation: Explanation, context: Context) -> Iterator[str]:  # noqa: ARG001
    """The text of one JSON object."""
    yield explanation_to_json(explanation) + "\n"


def explanation_as_markdown(explanation: Explanation, context: Context) -> Iterator[str]:
    """The text of one page."""
    if context.registry is None:
        raise ValueError("the sources of the evidence stand in the registry; the context needs it")
    record = context.display.record
    yield explanation_to_markdown(explanation, context.registry, context.language, record=record)
