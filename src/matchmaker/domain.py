"""The nouns of matchmaker as frozen records.

Every record refuses fields it does not know. Optional texts are ``None`` when nothing is known, lists are empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from matchmaker.frames import frame_of, html_of
from matchmaker.messages import Language as Language  # noqa: PLC0414 - handed on
from matchmaker.records import StrictModel
from matchmaker.script import in_script, is_traditional

if TYPE_CHECKING:
    from pandas import DataFrame

Level: TypeAlias = Literal["strong", "fair", "weak", "none"]
Role: TypeAlias = Literal["research_institute", "transfer_centre"]
Strength: TypeAlias = Literal["A", "B", "C"]
Verdict: TypeAlias = Literal["matched", "unclear", "none"]
Facet: TypeAlias = Literal["method", "object", "effect", "trade", "service"]
"""What a keyword names: a way of working, a thing worked on, a symptom or target, a trade or field, or a service."""
QuestionTopic: TypeAlias = Literal["object", "effect", "method"]
"""What a question asks about: the facets of keywords that decide who can solve a need."""
Outcome: TypeAlias = Literal["solved", "partly", "failed"]

LEVELS: tuple[Level, ...] = ("strong", "fair", "weak", "none")
_CHINESE_RUN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufa6d\ufa70-\ufad9]+")
OUTCOMES: tuple[Outcome, ...] = ("solved", "partly", "failed")


def language_of(text: str) -> Language:
    """``zh`` if at least a tenth of the letters of ``text`` are Chinese characters, else ``en``.

    Chinese technical texts are full of Latin units and product names, so a small share decides. An empty text is
    ``en``.
    """
    n_letters = sum(map(str.isalpha, text))
    n_chinese = len(text) - len(_CHINESE_RUN.sub("", text))
    return "zh" if n_letters and n_chinese * 10 >= n_letters else "en"


class Text(StrictModel):
    """A text in Chinese, English or both."""

    zh: str | None = Field(default=None, min_length=1)
    en: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _has_a_language(self) -> Text:
        if self.zh is None and self.en is None:
            raise ValueError("needs zh, en or both")
        return self

    def in_language(self, language: Language) -> str:
        """The text in this language, or in the other if this one is missing."""
        first, second = (self.en, self.zh) if language == "en" else (self.zh, self.en)
        return in_script(first if first is not None else second or "", language)

    def both(self) -> tuple[str, ...]:
        """The text in every language it has, Chinese first."""
        return tuple(text for text in (self.zh, self.en) if text is not None)


def _as_local_text(value: Any) -> Any:
    return {language_of(value): value} if isinstance(value, str) and value.strip() else value


LocalText: TypeAlias = Annotated[Text, BeforeValidator(_as_local_text)]
"""A ``Text``; a plain string counts as text in the language it is written in."""


class Term(Text):
    """A keyword or an industry; ``inferred`` if no source states it. Keywords that name a trade make no match alone."""

    inferred: bool = False
    facet: Facet | None = None


LocalTerm: TypeAlias = Annotated[Term, BeforeValidator(_as_local_text)]


class Source(StrictModel):
    """The place where a statement was published. A copy is cited as its original, and its address is never linked."""

    title: LocalText
    publisher: LocalText | None = None
    date: str = Field(default="not shown", min_length=1)
    url: str | None = Field(default=None, pattern=r"^https?://\S+$")
    quality: Literal["P", "R", "M", "D"] | None = None
    is_copy: bool = Field(default=False, alias="copy")
    copy_url: str | None = Field(default=None, pattern=r"^https?://\S+$")

    @model_validator(mode="after")
    def _copies_are_marked(self) -> Source:
        if (self.quality == "M" or self.copy_url) and not self.is_copy:
            raise ValueError("a copy (quality M or copy_url) must be marked copy: true")
        if self.is_copy and self.url:
            raise ValueError("a copy is cited as its original; put the address of the copy under copy_url")
        return self


class Evidence(StrictModel):
    """A sourced fact that backs a capability. ``source`` is a key of the file's sources, or an address."""

    claim: LocalText
    year: int | None = Field(default=None, ge=1900, le=2100)
    source: str = Field(min_length=1)
    inferred: bool = False


def _flatten_texts(value: Any) -> Any:
    """The texts of a list whose entries are texts or mappings ``{zh: …, en: …}``; any other value as it is."""
    if not isinstance(value, (list, tuple)):
        return value
    return [text for entry in value for text in (entry.values() if isinstance(entry, dict) else [entry])]


NeedTexts: TypeAlias = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_flatten_texts)]
"""Needs in a customer's words, each in one language; a file may give a need as ``{zh: …, en: …}``."""


class SampleNeeds(StrictModel):
    """Needs that a capability can solve and near misses that it cannot, given apart from the profile."""

    sample_needs: NeedTexts = ()
    near_misses: NeedTexts = ()


class Capability(StrictModel):
    """One thing an institute can do.

    Attributes:
        general: It names a broad field, a unit or a plan, without a recognisable method or object; it counts less.
        service: It offers a service (incubation, patents, talent, testing, a park), for needs that ask for one.
        sample_needs: Needs that it can solve, written for matching and never shown as evidence.
        near_misses: Needs of the same trade that it cannot solve, for the same use.
    """

    id: str = Field(min_length=1)
    name: LocalText
    summary: LocalText | None = None
    strength: Strength | None = None
    via_parent: bool = False
    inferred: bool = False
    general: bool = False
    service: bool = False
    sample_needs: NeedTexts = ()
    near_misses: NeedTexts = ()
    keywords: tuple[LocalTerm, ...] = ()
    industries: tuple[LocalTerm, ...] = ()
    evidence: tuple[Evidence, ...] = ()


class Institute(StrictModel):
    """An organisation and what it can do."""

    id: str = Field(min_length=1)
    name: LocalText
    aliases: tuple[str, ...] = ()
    role: Role = "research_institute"
    parent: LocalText | None = None
    place: LocalText | None = None
    website: str | None = Field(default=None, pattern=r"^https?://\S+$")
    summary: LocalText | None = None
    sources: tuple[str, ...] = ()
    verified: date | None = None
    capabilities: tuple[Capability, ...] = Field(min_length=1)

    def is_called(self, name: str) -> bool:
        """Whether ``name`` is this institute's id, name or alias, ignoring case."""
        return name.strip().casefold() in {
            own_name.casefold() for own_name in (self.id, *self.name.both(), *self.aliases)
        }


class Figure(StrictModel):
    """One reported number of the alliance; ``source`` and ``year`` default to those of the whole record."""

    key: str
    value: int
    at_least: bool = False
    unit: LocalText
    label: LocalText
    source: str | None = None
    year: int | None = None


class Alliance(StrictModel):
    """The alliance's own reported record. It is never added to what a ledger holds."""

    name: LocalText
    note: LocalText
    reported: str
    period: str
    source: str
    figures: tuple[Figure, ...]


class Registry(StrictModel):
    """The institutes of one run, their sources, and the fingerprint of the files they came from."""

    institutes: Sequence[Institute]
    sources: dict[str, Source] = Field(default_factory=dict)
    alliance: Alliance | None = None
    fingerprint: str

    def source(self, key: str) -> Source | None:
        """The source behind ``key``; ``None`` when ``key`` is itself an address."""
        return self.sources.get(key)


class Requirements(StrictModel):
    """Hard limits on the institutes of a shortlist; each one that is given must hold."""

    institutes: tuple[str, ...] = ()
    role: Role | None = None
    own: bool = False
    place: str | None = Field(default=None, min_length=1)


class Problem(StrictModel):
    """The technical problem of an enterprise. A title or a description is required; everything else improves the match.

    ``exclude`` and ``require`` are hard limits. ``budget_cny`` is in yuan.
    """

    id: str = Field(default="", max_length=200)
    title: str = ""
    description: str = ""
    enterprise: str | None = None
    industry: str | None = None
    region: str | None = None
    targets: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    tried: str | None = None
    cooperation: tuple[str, ...] = ()
    budget_cny: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    deadline: date | None = None
    keywords: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    require: Requirements = Requirements()

    @model_validator(mode="after")
    def _says_something(self) -> Problem:
        if not any(char.isalnum() for char in self.title + self.description):
            raise ValueError("needs a title or a description")
        return self

    @property  # not cached, as model_copy(update=...) would keep the old text
    def text(self) -> str:
        """The text compared with profiles: title, keywords, description, targets, conditions, industry, a line each.

        Positions in reasons count code points of this text. What was tried in vain, who asks, where and with what
        budget is left out: it says nothing about what is needed.
        """
        parts = (self.title, "，".join(self.keywords), self.description, *self.targets, *self.conditions, self.industry)
        return "\n".join(part for part in parts if part)

    @property
    def language(self) -> Language:
        """The language of the title and description, ``zh`` or ``en``: whatever the script, Chinese is ``zh``."""
        return language_of(self.title + self.description)

    @property
    def shown_in(self) -> Language:
        """The language in which people read the answer: ``zh-Hant`` where the problem is in Traditional Chinese."""
        return "zh-Hant" if self.language == "zh" and is_traditional(self.title + self.description) else self.language


class Case(StrictModel):
    """A problem that institutes took on, and the outcome.

    Attributes:
        id: Empty until a ledger assigns one.
        institutes: Their ids, the leading one first; some may have left the registry since.
        benefit_cny: In yuan.
        referral: The id of the referral that led to the case, if one did.
    """

    id: str = Field(default="", max_length=200)
    problem: Problem
    institutes: tuple[str, ...] = Field(min_length=1)
    capability: str | None = None
    outcome: Outcome = "solved"
    year: int | None = Field(default=None, ge=1900, le=2100)
    benefit_cny: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    source: str | None = None
    note: str | None = None
    referral: str | None = None


class Precedent(StrictModel):
    """An earlier problem and its outcome at some institutes, as far as matching needs to know.

    Attributes:
        text: The text of the problem.
        outcome: The outcome of a case, or the reason why a referral was declined.
        day: The day of the outcome, if known.
    """

    id: str
    title: str
    text: str
    institutes: tuple[str, ...]
    outcome: str
    day: date | None = None


class Reason(StrictModel):
    """An explanation of a match.

    Attributes:
        term: The keyword, capability or earlier problem that explains it.
        found: The words of the problem.
        similarity: How close the two are, in [0, 1].
        start: Where the words begin, in code points of ``Problem.text``.
        end: Where they end, exclusive.
        inferred: No source states the keyword.
        outcome: The outcome of a case (solved, partly, failed), or why it was declined; ``None`` for other kinds.
    """

    kind: Literal["keyword", "sentence", "capability", "case"]
    term: str
    found: str
    similarity: float = Field(ge=0, le=1)
    start: int | None = None
    end: int | None = None
    inferred: bool = False
    outcome: str | None = None


class Citation(StrictModel):
    """Evidence as it is shown; ``source`` is an address, or a citation if no address may be linked."""

    claim: Text
    year: int | None
    source: str
    via_parent: bool
    is_copy: bool = Field(default=False, alias="copy", serialization_alias="copy")


class NamedItem(StrictModel):
    """An id and a name."""

    id: str
    name: Text


class MatchedCapability(NamedItem):
    """The capability that counts most in a match."""

    via_parent: bool = False
    strength: Strength | None = None


class Basis(StrictModel):
    """The basis of a match: whose record it is, how strong, and the year of its newest evidence, as far as known."""

    via_parent: bool = False
    strength: Strength | None = None
    year: int | None = None


class Readiness(StrictModel):
    """The readiness of an institute according to a ledger, which is independent of its field.

    Attributes:
        declined_recently: Referrals of the past year that it declined for lack of people, time or money or over
            rights, or did not answer.
        open_referrals: Referrals that are open now.
    """

    declined_recently: int = Field(default=0, ge=0)
    open_referrals: int = Field(default=0, ge=0)


class Match(StrictModel):
    """One line of a shortlist.

    Relevance (``score``, ``level``), ``basis`` and ``readiness`` are three separate signs, never merged into one
    number.

    Attributes:
        rank: From 1.
        score: In [0, 1].
        similarities: Each by name, in [0, 1]; ``None`` where there is none.
        readiness: ``None`` without a ledger.
    """

    rank: int = Field(ge=1)
    institute: str
    name: Text
    score: float = Field(ge=0, le=1)
    level: Level
    capability: MatchedCapability
    similarities: Mapping[str, float | None]
    basis: Basis = Basis()
    readiness: Readiness | None = None
    reasons: tuple[Reason, ...] = ()
    evidence: tuple[Citation, ...] = ()


class ScorePart(StrictModel):
    """The contribution of one similarity to a score, in score points; all parts and ``base`` add up to the score."""

    name: str
    value: float


class ScoreGap(StrictModel):
    """The score of another institute; ``difference`` is its score minus the explained one."""

    institute: str
    name: Text
    score: float
    difference: float


class Explanation(StrictModel):
    """The reasons for the score of a pair of problem and institute.

    Attributes:
        base: The score without any similarity.
        parts: What each similarity adds; with ``base`` they add up to ``match.score`` to the last decimal.
        marks: All keywords found and, for each sentence, how close it is to the capability that counts most, in order
            of position.
        uncovered: The sentences that nothing in the profile covers.
        limit: The hard limit of the problem that removes the institute from the shortlist, if one does.
        next: The institute one rank lower, or one rank higher for the last; ``None`` if there is no other.
    """

    problem: Problem
    match: Match
    base: float
    parts: tuple[ScorePart, ...]
    marks: tuple[Reason, ...]
    uncovered: tuple[Reason, ...]
    limit: str | None = None
    next: ScoreGap | None = None
    settings: str
    institutes: str
    ledger: str | None = None


class Removal(StrictModel):
    """An institute that a hard limit of the problem removed from the shortlist, and that limit."""

    institute: str
    name: Text
    limit: str


class Question(StrictModel):
    """A question to ask back, in the language of the problem and ready to send.

    Attributes:
        choices: The words of the profiles that its text offers.
        gain: How much the answer is expected to change the shortlist, in [0, 1].
    """

    about: QuestionTopic
    text: str
    choices: tuple[str, ...] = ()
    gain: float = Field(ge=0, le=1)


_FRAME_COLUMNS = ("problem", "rank", "institute", "name", "level", "score", "capability")


class Shortlist(StrictModel):
    """The answer to one problem. ``matches`` stands best first, ties in order of id.

    Attributes:
        matches: Best first, ties in order of id.
        questions: To ask back; none unless the verdict is ``unclear``.
    """

    problem: Problem
    verdict: Verdict
    matches: tuple[Match, ...]
    fallback: NamedItem | None = None
    removed: tuple[Removal, ...] = ()
    questions: tuple[Question, ...] = ()
    settings: str
    institutes: str
    ledger: str | None = None

    def to_frame(self) -> DataFrame:
        """A pandas frame: a row for each match, best first, with a column for each similarity; names as the problem's.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        names = dict.fromkeys(name for match in self.matches for name in match.similarities)
        rows = [{**row, **match.similarities} for row, match in zip(self._rows(), self.matches, strict=True)]
        return frame_of(rows, [*_FRAME_COLUMNS, *names])

    def _repr_html_(self) -> str:
        """What a notebook shows: who is listed, at which level and score."""
        title = self.problem.title or self.problem.description[:60]
        rows = [{**row, "score": f"{row['score']:.2f}"} for row in self._rows()]
        columns = [name for name in _FRAME_COLUMNS if name not in ("problem", "institute")]
        return html_of(title, self.verdict, rows, columns)

    def _rows(self) -> list[dict[str, Any]]:
        language = self.problem.language
        return [
            {
                "problem": self.problem.id,
                "rank": match.rank,
                "institute": match.institute,
                "name": match.name.in_language(language),
                "level": match.level,
                "score": match.score,
                "capability": match.capability.name.in_language(language),
            }
            for match in self.matches
        ]
