"""The content of the page of one problem, for one audience.

Templates see nothing but these records, so content that an audience must not see is left out here, and only here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from matchmaker.domain import (
    Capability,
    Citation,
    Explanation,
    Institute,
    Language,
    Level,
    Match,
    NamedItem,
    Problem,
    Reason,
    Registry,
    Shortlist,
    Verdict,
)
from matchmaker.institutes import citation
from matchmaker.messages import Translatable, translate
from matchmaker.script import in_script
from matchmaker.writing import (
    COPY,
    FITTING,
    INFERRED,
    INFERRED_LONG,
    KIND_WORDS,
    LEVEL_STEPS,
    LEVELS_ONLY,
    VIA_PARENT,
    VIA_PARENT_LONG,
    Display,
    all_reasons,
    basis_text,
    bracketed,
    coverage_text,
    enumerated,
    left_out_sentence,
    level_word,
    outcome_text,
    question_text,
    readiness_text,
    record_sentence_for,
    removal_text,
    source_text,
    term_of,
    verdict_sentence,
)
from matchmaker.writing.explanations import closest_sentences
from matchmaker.writing.page.audience import Audience, NameFilter, name_filter_for
from matchmaker.writing.page.letters import Letter, letters, opening_paragraphs
from matchmaker.writing.page.marking import (
    TaggedText,
    TextBlock,
    html_language,
    marked_blocks,
    printable,
    tagged,
    tagged_in,
)

_ADDRESS: Final = re.compile(r"https?://[^\s<>\"'`\\]+")
_SHORT_TEXT: Final = 200  # code points of a description in a short view
_SHORT_REASONS: Final = 3


class ReasonView(NamedTuple):
    """A reason: its kind in words, the profile's term, the words found in the problem, and their similarity."""

    kind: str
    term: TaggedText | None
    found: TaggedText | None
    similarity: str
    is_inferred: bool


class EvidenceView(NamedTuple):
    """A piece of evidence; ``address`` is empty if nothing may be linked."""

    year: str
    claim: TaggedText
    notes: tuple[str, ...]
    source: TaggedText | None
    address: str


class ContactView(NamedTuple):
    """An institute that can be asked."""

    name: TaggedText
    website: str
    place: TaggedText | None


@dataclass(frozen=True, slots=True)
class MatchView:
    """One institute of a shortlist.

    ``score`` is empty and ``bar`` is ``None`` if scores are hidden. ``steps`` of four are full at its level. ``basis``
    and ``readiness`` are empty if they are not for the reader.
    """

    rank: int
    institute: str
    name: TaggedText
    level: Level
    level_word: str
    steps: int
    score: str
    bar: float | None
    capability: TaggedText
    capability_anchor: str
    notes: tuple[str, ...]
    website: str
    basis: str = ""
    readiness: str = ""
    reasons: tuple[ReasonView, ...] = ()
    evidence: tuple[EvidenceView, ...] = ()
    blocks: tuple[TextBlock, ...] = ()
    coverage: str = ""
    uncovered: tuple[TaggedText, ...] = ()
    is_detailed: bool = False


@dataclass(frozen=True, slots=True)
class ProblemView:
    """One problem and its shortlist. ``blocks`` are highlighted for the institute ``marked_for``.

    ``left_out`` says how many institutes are not listed, ``record`` how often the level of the first was right.
    """

    id: str
    title: TaggedText
    lang: str
    facts: tuple[tuple[str, TaggedText], ...]
    verdict: str
    kind: Verdict
    is_matched: bool
    questions: tuple[TaggedText, ...]
    matches: tuple[MatchView, ...]
    blocks: tuple[TextBlock, ...]
    marked_for: TaggedText | None
    fallback: ContactView | None
    left_out: str
    record: str
    removed: tuple[str, ...]
    opening: tuple[str, ...]
    letters: tuple[Letter, ...]

    @property
    def best(self) -> MatchView | None:
        return self.matches[0] if self.matches else None


@dataclass(frozen=True, slots=True)
class Viewer:
    """Makes views for one audience in one language."""

    registry: Registry
    audience: Audience
    language: Language
    display: Display = LEVELS_ONLY

    @property
    def has_scores(self) -> bool:
        """Whether numbers are shown; an enterprise never sees any."""
        return self.display.scores and self.audience.kind != "enterprise"

    def problem(
        self, shortlist: Shortlist, explanations: Sequence[Explanation] = (), *, has_letters: bool = True
    ) -> ProblemView:
        """The view of one problem.

        Args:
            shortlist: The answer to it; for an institute it must contain the match of that institute.
            explanations: For the matches to be shown with highlights and uncovered sentences.
            has_letters: Whether the broker gets texts to forward.
        """
        problem, kind = shortlist.problem, self.audience.kind
        name_filter = name_filter_for(problem, self.audience, self.registry, self.language)
        shown = self._shown(shortlist)
        explained = {explanation.match.institute: explanation for explanation in explanations}
        views = tuple(self._match(match, explained.get(match.institute), problem, name_filter) for match in shown)
        is_matched = shortlist.verdict == "matched"
        if kind == "institute":
            is_matched = shortlist.verdict != "unclear" and shown[0].level in FITTING
        n_left_out = len(shortlist.matches) - len(shown) if kind == "broker" else 0
        veiled = shortlist.model_copy(update={"problem": _without_names(problem, name_filter), "matches": shown})
        return ProblemView(
            id=problem_id(problem, name_filter),
            title=tagged(name_filter.clean(_title(problem))),
            lang=tagged(problem.title + problem.description).lang,
            facts=tuple(self._facts(problem, name_filter)),
            verdict=self._verdict(veiled),
            kind=shortlist.verdict,
            is_matched=is_matched,
            questions=tuple(tagged(question_text(one, self.language)) for one in shortlist.questions)
            if kind != "institute"
            else (),
            matches=views,
            blocks=views[0].blocks if views and views[0].blocks else tuple(marked_blocks(problem, (), (), name_filter)),
            marked_for=views[0].name if views and views[0].blocks else None,
            fallback=self._fallback(shortlist.fallback) if kind != "institute" else None,
            left_out=left_out_sentence(n_left_out, self.language),
            record=record_sentence_for(veiled, self.display, self.language) if kind != "institute" else "",
            removed=tuple(removal_text(one, self.language) for one in shortlist.removed) if kind == "broker" else (),
            opening=tuple(opening_paragraphs(veiled, self.audience, self.language)),
            letters=tuple(letters(shortlist, self.registry, self.language)) if has_letters and kind == "broker" else (),
        )

    def short(self, shortlist: Shortlist) -> ProblemView:
        """A short view: the start of the text, the best match and those that fit, with their first reasons."""
        problem = shortlist.problem
        start = problem.description[:_SHORT_TEXT]
        cut = f"{start}…" if start != problem.description else start
        shortened = problem.model_copy(update={"description": cut, "targets": (), "conditions": (), "keywords": ()})
        kept = [match for match in shortlist.matches if match.rank == 1 or match.level in FITTING]
        shortened_matches = tuple(
            match.model_copy(update={"reasons": match.reasons[:_SHORT_REASONS]}) for match in kept
        )
        view = self.problem(
            shortlist.model_copy(update={"problem": shortened, "matches": shortened_matches}), has_letters=False
        )
        title = tuple(block for block in view.blocks if block.label)  # the list shows it already
        return replace(view, facts=(), blocks=title, opening=())

    def _shown(self, shortlist: Shortlist) -> tuple[Match, ...]:
        """The matches that the audience sees: an institute its own, an enterprise those that fit, a broker all listed.

        An enterprise sees none while its need is unclear.
        """
        if self.audience.institute is not None:
            own = self.audience.institute.id
            return tuple(match for match in shortlist.matches if match.institute == own)
        if self.audience.kind == "enterprise":
            fitting = shortlist.matches if shortlist.verdict != "unclear" else ()
            return tuple(match for match in fitting if match.level in FITTING)
        return self.display.visible_matches(shortlist)

    def _verdict(self, shortlist: Shortlist) -> str:
        if self.audience.kind != "institute":
            return verdict_sentence(shortlist, self.language)
        best = shortlist.matches[0]
        level = level_word(best.level, self.language)
        if not self.has_scores:
            return translate("Judged by public records: {level}", self.language, level=level)
        score = f"{best.score:.2f}"
        return translate("Judged by public records: {level} (score {score})", self.language, level=level, score=score)

    def _facts(self, problem: Problem, name_filter: NameFilter) -> Iterable[tuple[str, TaggedText]]:
        """The fields of the problem besides its text. An institute does not see budget, region and what was tried."""
        language, is_institute = self.language, self.audience.kind == "institute"
        is_named = not is_institute or self.audience.names_enterprise
        deadline = problem.deadline.isoformat() if problem.deadline else None
        ours, theirs = (
            html_language(language),
            tagged,
        )  # the language of what is written here, of what the enterprise wrote
        known: dict[Translatable, TaggedText | None] = {
            "Id": TaggedText(problem_id(problem, name_filter), ours),
            "Enterprise": theirs(problem.enterprise or "") if is_named else None,
            "Region": None if is_institute else theirs(problem.region or ""),
            "Budget": None if is_institute else TaggedText(money(problem.budget_cny, language), ours),
            "Deadline": TaggedText(deadline or "", ours),
            "Cooperation": theirs(name_filter.clean(enumerated(problem.cooperation, language))),
            "Tried so far": None if is_institute else theirs(problem.tried or ""),
        }
        return [(translate(key, language), value) for key, value in known.items() if value and value.text]

    def _fallback(self, fallback: NamedItem | None) -> ContactView | None:
        if fallback is None:
            return None
        institute = _institute(self.registry, fallback.id)
        place = tagged_in(institute.place, self.language) if institute and institute.place else None
        website = institute.website if institute and institute.website and _ADDRESS.fullmatch(institute.website) else ""
        return ContactView(tagged_in(fallback.name, self.language), website or "", place)

    def _match(
        self, match: Match, explanation: Explanation | None, problem: Problem, name_filter: NameFilter
    ) -> MatchView:
        language, institute = self.language, _institute(self.registry, match.institute)
        capability = _capability(institute, match)
        kind, has_scores = self.audience.kind, self.has_scores
        inferred = capability is not None and capability.inferred
        marks = explanation.marks if explanation else ()
        keywords = [mark for mark in marks if mark.kind == "keyword"]
        sentences = closest_sentences(explanation) if explanation else []
        blocks = marked_blocks(problem, keywords, sentences, name_filter) if explanation else []
        website = institute.website if institute and institute.website and _ADDRESS.fullmatch(institute.website) else ""
        return MatchView(
            rank=match.rank if kind != "institute" else 1,
            institute=match.institute,
            name=tagged_in(match.name, language),
            level=match.level,
            level_word=level_word(match.level, language),
            steps=LEVEL_STEPS[match.level],
            score=f"{match.score:.2f}" if has_scores else "",
            bar=match.score if has_scores else None,
            capability=tagged_in(match.capability.name, language),
            capability_anchor=anchor(match.institute, match.capability.id),
            notes=tuple(notes(match.capability.via_parent, capability, language)),
            website=website or "",
            basis=basis_text(match.basis, language, inferred=inferred) if kind != "institute" else "",
            readiness=readiness_text(match.readiness, language) if kind == "broker" else "",
            reasons=tuple(self._reasons(all_reasons(explanation) if explanation else match.reasons, name_filter)),
            evidence=tuple(self.evidence(match, capability)),
            blocks=tuple(blocks),
            coverage=coverage_text(explanation, language) if explanation else "",
            uncovered=tuple(tagged(name_filter.clean(mark.found)) for mark in explanation.uncovered)
            if explanation
            else (),
            is_detailed=explanation is not None,
        )

    def _reasons(self, reasons: Iterable[Reason], name_filter: NameFilter) -> Iterable[ReasonView]:
        """Reasons with the profile's term; a sentence has only the problem's words, as its term is the capability."""
        for reason in reasons:
            if reason.kind == "case" and self.audience.kind != "broker":
                continue  # the problem of another enterprise is confidential
            is_sentence = reason.kind == "sentence"
            found = (
                None if reason.found in {"", reason.term} else tagged(" ".join(name_filter.clean(reason.found).split()))
            )
            yield ReasonView(
                kind=translate(
                    "Sentence closest in meaning" if is_sentence else KIND_WORDS[reason.kind], self.language
                ),
                term=None if is_sentence else tagged(_named(reason, self.language)),
                found=found,
                similarity=f"{reason.similarity:.2f}" if self.has_scores else "",
                is_inferred=reason.inferred,
            )

    def evidence(self, match: Match, capability: Capability | None) -> Iterable[EvidenceView]:
        """The evidence of a match, with sources and addresses from the registry if it has the capability."""
        backing = capability.evidence if capability else ()
        for index, cited in enumerate(match.evidence):
            evidence = backing[index] if index < len(backing) else None
            source = self.registry.source(evidence.source) if evidence else None
            marks: dict[Translatable, bool] = {
                VIA_PARENT: cited.via_parent,
                COPY: cited.is_copy,
                INFERRED: evidence is not None and evidence.inferred,
            }
            address = _address(cited)
            text = citation(source, self.language) if source else "" if address else source_text(cited, self.language)
            yield EvidenceView(
                year="" if cited.year is None else str(cited.year),
                claim=tagged_in(cited.claim, self.language),
                notes=tuple(translate(mark, self.language) for mark, holds in marks.items() if holds),
                source=tagged(text) if text else None,
                address=address,
            )

    def capability(self, match: Match) -> Capability | None:
        """The capability of a match, from its profile; ``None`` if the registry lacks it."""
        return _capability(_institute(self.registry, match.institute), match)


def _address(cited: Citation) -> str:
    return cited.source if not cited.is_copy and _ADDRESS.fullmatch(cited.source) else ""


def notes(via_parent: bool, capability: Capability | None, language: Language) -> Iterable[str]:
    """Notes on a capability that is not the institute's own record."""
    if via_parent:
        yield translate(VIA_PARENT_LONG, language)
    if capability is not None and capability.inferred:
        yield translate(INFERRED_LONG, language)


def anchor(institute: str, capability: str) -> str:
    """The HTML id of a capability's section; ids of profiles may contain any character."""
    return "c-" + "-".join(
        "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}" for c in one) for one in (institute, capability)
    )


def problem_id(problem: Problem, name_filter: NameFilter) -> str:
    """The id of a problem as this audience may see it; it is often the name of a file."""
    return printable(" ".join(name_filter.clean(problem.id).split()))


def money(amount: float | None, language: Language) -> str:
    """An amount in yuan as people write it; empty if unknown."""
    if amount is None:
        return ""
    if language != "en" and amount >= 10_000:
        return in_script(f"{amount / 10_000:,.4f}".rstrip("0").rstrip(".") + " 万元", language)
    return translate("CNY {amount}", language, amount=f"{amount:,.0f}")


def _title(problem: Problem) -> str:
    return " ".join(problem.title.split()) or " ".join(problem.description.split())[:60]


def _without_names(problem: Problem, name_filter: NameFilter) -> Problem:
    """The problem with its title and id free of hidden names."""
    return problem.model_copy(update={"title": name_filter.clean(_title(problem)), "id": name_filter.clean(problem.id)})


def _institute(registry: Registry, key: str) -> Institute | None:
    return next((institute for institute in registry.institutes if institute.id == key), None)


def _capability(institute: Institute | None, match: Match) -> Capability | None:
    capabilities = institute.capabilities if institute else ()
    return next((one for one in capabilities if one.id == match.capability.id), None)


def _named(reason: Reason, language: Language) -> str:
    outcome = bracketed(outcome_text(reason.outcome, language), language) if reason.outcome else ""
    return f"{term_of(reason, language)}{outcome}"
