"""What the page of one problem shows, worked out for one audience.

The templates see nothing but these records, so what an audience must not see is left out here, and only here.
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
    Named,
    Problem,
    Reason,
    Registry,
    Shortlist,
    Verdict,
)
from matchmaker.institutes import citation
from matchmaker.writing import (
    FITTING,
    LEVEL_STEPS,
    LEVELS_ONLY,
    Display,
    basis_text,
    bracketed,
    coverage_text,
    grounds,
    left_out_sentence,
    level_word,
    outcome_text,
    readiness_text,
    record_of,
    removal_text,
    verdict_sentence,
)
from matchmaker.writing.explanations import closest_sentences
from matchmaker.writing.page.audience import Audience, Veil, veil_for
from matchmaker.writing.page.letters import Letter, letters, opening
from matchmaker.writing.page.marking import Block, Said, marked_blocks, plain, said_in, spoken, tag
from matchmaker.writing.page.words import say

_ADDRESS: Final = re.compile(r"https?://[^\s<>\"'`\\]+")
_SHORT_TEXT: Final = 200  # code points of a description, where the details are short
_SHORT_REASONS: Final = 3


class Because(NamedTuple):
    """A reason: its kind in words, the profile's term, the words found in the problem, how close they are."""

    kind: str
    term: Said | None
    found: Said | None
    similarity: str
    is_inferred: bool


class Backing(NamedTuple):
    """A piece of evidence; ``address`` is empty where nothing may be linked."""

    year: str
    claim: Said
    notes: tuple[str, ...]
    source: Said | None
    address: str


class Contact(NamedTuple):
    """An institute that can be asked."""

    name: Said
    website: str
    place: Said | None


@dataclass(frozen=True, slots=True)
class MatchView:
    """One institute of a shortlist. ``score`` is empty and ``bar`` is None where scores are hidden.

    ``steps`` of four are full at its level. ``basis`` and ``readiness`` are empty where they are not for the reader.
    """

    rank: int
    institute: str
    name: Said
    level: Level
    level_word: str
    steps: int
    score: str
    bar: float | None
    capability: Said
    capability_anchor: str
    notes: tuple[str, ...]
    website: str
    basis: str = ""
    readiness: str = ""
    reasons: tuple[Because, ...] = ()
    evidence: tuple[Backing, ...] = ()
    blocks: tuple[Block, ...] = ()
    coverage: str = ""
    uncovered: tuple[Said, ...] = ()
    is_detailed: bool = False


@dataclass(frozen=True, slots=True)
class ProblemView:
    """One problem and its shortlist. ``blocks`` are marked for ``marked_for``.

    ``left_out`` says how many institutes are not listed, ``record`` how often the level of the first was right.
    """

    id: str
    title: Said
    lang: str
    facts: tuple[tuple[str, Said], ...]
    verdict: str
    kind: Verdict
    is_matched: bool
    questions: tuple[Said, ...]
    matches: tuple[MatchView, ...]
    blocks: tuple[Block, ...]
    marked_for: Said | None
    fallback: Contact | None
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
            shortlist: Its answer; for an institute it must hold a match of that institute.
            explanations: Of those matches that are to be shown with marks and with what is not covered.
            has_letters: Whether the broker gets texts to forward.
        """
        problem, kind = shortlist.problem, self.audience.kind
        veil = veil_for(problem, self.audience, self.registry, self.language)
        shown = self._shown(shortlist)
        explained = {explanation.match.institute: explanation for explanation in explanations}
        views = tuple(self._match(match, explained.get(match.institute), problem, veil) for match in shown)
        is_matched = shortlist.verdict == "matched"
        if kind == "institute":
            is_matched = shortlist.verdict != "unclear" and shown[0].level in FITTING
        n_left_out = len(shortlist.matches) - len(shown) if kind == "broker" else 0
        veiled = shortlist.model_copy(update={"problem": _veiled(problem, veil), "matches": shown})
        return ProblemView(
            id=problem_id(problem, veil),
            title=spoken(veil.clean(_title(problem))),
            lang=spoken(problem.title + problem.description).lang,
            facts=tuple(self._facts(problem, veil)),
            verdict=self._verdict(veiled),
            kind=shortlist.verdict,
            is_matched=is_matched,
            questions=tuple(spoken(question.text) for question in shortlist.questions) if kind != "institute" else (),
            matches=views,
            blocks=views[0].blocks if views and views[0].blocks else tuple(marked_blocks(problem, (), (), veil)),
            marked_for=views[0].name if views and views[0].blocks else None,
            fallback=self._fallback(shortlist.fallback) if kind != "institute" else None,
            left_out=left_out_sentence(n_left_out, self.language),
            record=record_of(veiled, self.display, self.language) if kind != "institute" else "",
            removed=tuple(removal_text(one, self.language) for one in shortlist.removed) if kind == "broker" else (),
            opening=tuple(opening(veiled, self.audience, self.language)),
            letters=tuple(letters(shortlist, self.registry, self.language)) if has_letters and kind == "broker" else (),
        )

    def short(self, shortlist: Shortlist) -> ProblemView:
        """The same in few words: the start of the text, the best match and those that fit, the first reasons."""
        problem = shortlist.problem
        start = problem.description[:_SHORT_TEXT]
        cut = f"{start}…" if start != problem.description else start
        shortened = problem.model_copy(update={"description": cut, "targets": (), "conditions": (), "keywords": ()})
        kept = [match for match in shortlist.matches if match.rank == 1 or match.level in FITTING]
        few = tuple(match.model_copy(update={"reasons": match.reasons[:_SHORT_REASONS]}) for match in kept)
        view = self.problem(shortlist.model_copy(update={"problem": shortened, "matches": few}), has_letters=False)
        title = tuple(block for block in view.blocks if block.label)  # the list shows it already
        return replace(view, facts=(), blocks=title, opening=())

    def _shown(self, shortlist: Shortlist) -> tuple[Match, ...]:
        """An enterprise sees who fits, nobody while its need is unclear; an institute itself; a broker all listed."""
        if self.audience.institute is not None:
            own = self.audience.institute.id
            return tuple(match for match in shortlist.matches if match.institute == own)
        if self.audience.kind == "enterprise":
            fitting = shortlist.matches if shortlist.verdict != "unclear" else ()
            return tuple(match for match in fitting if match.level in FITTING)
        return self.display.listed(shortlist)

    def _verdict(self, shortlist: Shortlist) -> str:
        if self.audience.kind != "institute":
            return verdict_sentence(shortlist, self.language)
        best = shortlist.matches[0]
        key = "fits_institute_score" if self.has_scores else "fits_institute"
        return say(key, self.language, level=level_word(best.level, self.language), score=f"{best.score:.2f}")

    def _facts(self, problem: Problem, veil: Veil) -> Iterable[tuple[str, Said]]:
        """What is known of the problem beside its text. An institute sees neither budget, region nor what was tried."""
        language, is_institute = self.language, self.audience.kind == "institute"
        is_named = not is_institute or self.audience.names_enterprise
        deadline = problem.deadline.isoformat() if problem.deadline else None
        ours, theirs = tag(language), spoken  # the language of what is written here, of what the enterprise wrote
        known = {
            "field_id": Said(problem_id(problem, veil), ours),
            "field_enterprise": theirs(problem.enterprise or "") if is_named else None,
            "field_region": None if is_institute else theirs(problem.region or ""),
            "field_budget": None if is_institute else Said(money(problem.budget_cny, language), ours),
            "field_deadline": Said(deadline or "", ours),
            "field_cooperation": theirs(veil.clean(("、" if language == "zh" else ", ").join(problem.cooperation))),
            "field_tried": None if is_institute else theirs(problem.tried or ""),
        }
        return [(say(key, language), value) for key, value in known.items() if value and value.text]

    def _fallback(self, fallback: Named | None) -> Contact | None:
        if fallback is None:
            return None
        held = _institute(self.registry, fallback.id)
        place = said_in(held.place, self.language) if held and held.place else None
        website = held.website if held and held.website and _ADDRESS.fullmatch(held.website) else ""
        return Contact(said_in(fallback.name, self.language), website or "", place)

    def _match(self, match: Match, explanation: Explanation | None, problem: Problem, veil: Veil) -> MatchView:
        language, held = self.language, _institute(self.registry, match.institute)
        capability = _capability(held, match)
        kind, has_scores = self.audience.kind, self.has_scores
        inferred = capability is not None and capability.inferred
        marks = explanation.marks if explanation else ()
        keywords = [mark for mark in marks if mark.kind == "keyword"]
        sentences = closest_sentences(explanation) if explanation else []
        blocks = marked_blocks(problem, keywords, sentences, veil) if explanation else []
        website = held.website if held and held.website and _ADDRESS.fullmatch(held.website) else ""
        return MatchView(
            rank=match.rank if kind != "institute" else 1,
            institute=match.institute,
            name=said_in(match.name, language),
            level=match.level,
            level_word=level_word(match.level, language),
            steps=LEVEL_STEPS[match.level],
            score=f"{match.score:.2f}" if has_scores else "",
            bar=match.score if has_scores else None,
            capability=said_in(match.capability.name, language),
            capability_anchor=anchor(match.institute, match.capability.id),
            notes=tuple(notes(match.capability.via_parent, capability, language)),
            website=website or "",
            basis=basis_text(match.basis, language, inferred=inferred) if kind != "institute" else "",
            readiness=readiness_text(match.readiness, language) if kind == "broker" else "",
            reasons=tuple(self._reasons(grounds(explanation) if explanation else match.reasons, veil)),
            evidence=tuple(self.evidence(match, capability)),
            blocks=tuple(blocks),
            coverage=coverage_text(explanation, language) if explanation else "",
            uncovered=tuple(spoken(veil.clean(mark.found)) for mark in explanation.uncovered) if explanation else (),
            is_detailed=explanation is not None,
        )

    def _reasons(self, reasons: Iterable[Reason], veil: Veil) -> Iterable[Because]:
        """Keywords with the profile's term; of a sentence the problem's words alone: its term is the capability."""
        for reason in reasons:
            if reason.kind == "case" and self.audience.kind != "broker":
                continue  # what another enterprise asked is not for others to read
            is_sentence = reason.kind == "sentence"
            found = None if reason.found in {"", reason.term} else spoken(" ".join(veil.clean(reason.found).split()))
            yield Because(
                kind=say("reason_sentence" if is_sentence else reason.kind, self.language),
                term=None if is_sentence else spoken(_named(reason, self.language)),
                found=found,
                similarity=f"{reason.similarity:.2f}" if self.has_scores else "",
                is_inferred=reason.inferred,
            )

    def evidence(self, match: Match, capability: Capability | None) -> Iterable[Backing]:
        """The evidence of a match with sources and addresses from the registry, as far as it holds the capability."""
        backing = capability.evidence if capability else ()
        for at, cited in enumerate(match.evidence):
            evidence = backing[at] if at < len(backing) else None
            source = self.registry.source(evidence.source) if evidence else None
            marks = {
                "via_parent": cited.via_parent,
                "copy": cited.is_copy,
                "inferred": evidence is not None and evidence.inferred,
            }
            address = _address(cited)
            text = citation(source, self.language) if source else "" if address else cited.source
            yield Backing(
                year="" if cited.year is None else str(cited.year),
                claim=said_in(cited.claim, self.language),
                notes=tuple(say(mark, self.language) for mark, holds in marks.items() if holds),
                source=spoken(text) if text else None,
                address=address,
            )

    def capability(self, match: Match) -> Capability | None:
        """The profile's own entry of the capability of a match; ``None`` in a registry without it."""
        return _capability(_institute(self.registry, match.institute), match)


def _address(cited: Citation) -> str:
    return cited.source if not cited.is_copy and _ADDRESS.fullmatch(cited.source) else ""


def notes(via_parent: bool, capability: Capability | None, language: Language) -> Iterable[str]:
    """What must be said of a capability that is not the institute's own record."""
    if via_parent:
        yield say("via_parent_long", language)
    if capability is not None and capability.inferred:
        yield say("inferred_long", language)


def anchor(institute: str, capability: str) -> str:
    """The id of a capability's section in the page; ids of profiles may hold anything."""
    return "c-" + "-".join(
        "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}" for c in one) for one in (institute, capability)
    )


def problem_id(problem: Problem, veil: Veil) -> str:
    """The id of a problem as this audience may see it: it is often the name of a file."""
    return plain(" ".join(veil.clean(problem.id).split()))


def money(amount: float | None, language: Language) -> str:
    """An amount in yuan as people write it; empty when none is known."""
    if amount is None:
        return ""
    if language == "zh" and amount >= 10_000:
        return f"{amount / 10_000:,.4f}".rstrip("0").rstrip(".") + " 万元"
    return say("yuan", language, amount=f"{amount:,.0f}")


def _title(problem: Problem) -> str:
    return " ".join(problem.title.split()) or " ".join(problem.description.split())[:60]


def _veiled(problem: Problem, veil: Veil) -> Problem:
    """The problem as far as sentences about it need it."""
    return problem.model_copy(update={"title": veil.clean(_title(problem)), "id": veil.clean(problem.id)})


def _institute(registry: Registry, key: str) -> Institute | None:
    return next((institute for institute in registry.institutes if institute.id == key), None)


def _capability(institute: Institute | None, match: Match) -> Capability | None:
    held = institute.capabilities if institute else ()
    return next((one for one in held if one.id == match.capability.id), None)


def _named(reason: Reason, language: Language) -> str:
    outcome = bracketed(outcome_text(reason.outcome, language), language) if reason.outcome else ""
    return f"{reason.term}{outcome}"
