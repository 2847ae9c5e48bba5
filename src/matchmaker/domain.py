"""The nouns of matchmaker as frozen records.

Every record refuses fields it does not know. Optional texts are ``None`` when nothing is known, lists are empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from matchmaker.errors import Fault, did_you_mean
from matchmaker.messages import as_message, foreign, listed, said

Language: TypeAlias = Literal["zh", "en"]
Level: TypeAlias = Literal["strong", "fair", "weak", "none"]
Role: TypeAlias = Literal["research_institute", "transfer_centre"]
Strength: TypeAlias = Literal["A", "B", "C"]
Verdict: TypeAlias = Literal["matched", "unclear", "none"]
Facet: TypeAlias = Literal["method", "object", "effect", "trade", "service"]
"""What a keyword names: a way of doing, a thing acted upon, a symptom or target, a trade or field, or a service."""
About: TypeAlias = Literal["object", "effect", "method"]
"""What a question asks for: the facets of keywords that tell who can solve a need."""
Outcome: TypeAlias = Literal["solved", "partly", "failed"]

LEVELS: tuple[Level, ...] = ("strong", "fair", "weak", "none")
_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufa6d\ufa70-\ufad9]+")
OUTCOMES: tuple[Outcome, ...] = ("solved", "partly", "failed")


class Record(BaseModel):
    """A frozen record that refuses unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, coerce_numbers_to_str=True)


AnyRecord = TypeVar("AnyRecord", bound=Record)


def check(record: type[AnyRecord], data: object, *, place: str) -> AnyRecord | list[Fault]:
    """A record made from plain data, or everything that is wrong with the data, in plain words.

    Args:
        record: The type to make.
        data: What a file held: mappings, lists, texts, numbers, dates.
        place: Where the data came from; the place of each fault starts with it.
    """
    try:
        return record.model_validate(data)
    except ValidationError as error:
        details = [dict(detail) for detail in error.errors(include_url=False)]
    # a list whose only entries are faulty counts as too short for pydantic: the faults of the entries say it better
    told = [detail for detail in details if detail["type"] != "too_short" or not detail["input"]]
    return [_fault(record, detail, place, n) for n, detail in enumerate(told)]


def _fault(record: type[Record], detail: Mapping[str, Any], place: str, n_before: int) -> Fault:
    path, model = _path(record, detail["loc"])
    kind, found, limits = detail["type"], detail["input"], detail.get("ctx", {})
    name = str(detail["loc"][-1]) if detail["loc"] else ""
    parent = path.removesuffix(name).rstrip(".")
    if kind == "extra_forbidden":
        hint = did_you_mean(str(name), _names(model), n_before=n_before)
        return Fault(_joined(place, parent), said("unknown field '{name}'{hint}", name=name, hint=hint))
    if kind == "missing":
        return Fault(_joined(place, parent), said("field '{name}' is missing", name=name))
    if kind == "value_error":
        return Fault(_joined(place, path), limits["error"].args[0])
    if kind in {"tuple_type", "list_type"}:
        finding = said("expected a list, found {value}", value=_shown(found))
        remedy = _FILL_IN if found is None else said("write {example}", example=f"[{_bare(found)}]")
        return Fault(_joined(place, path), finding, remedy)
    if kind in {"string_too_short", "too_short"}:
        return Fault(_joined(place, path), "is empty", _FILL_IN)
    expected = as_message(_EXPECTED[kind]) if kind in _EXPECTED else foreign(detail["msg"].lower())
    if kind == "literal_error":
        *some, last = (said("'{text}'", text=name) for name in re.findall("'([^']*)'", limits["expected"]))
        expected = said("{some} or {last}", some=listed(some), last=last) if some else last
    return Fault(
        _joined(place, path), said("expected {expected}, found {value}", expected=expected, value=_shown(found))
    )


def _joined(place: str, inner: str) -> str:
    return said("{place}, {inner}", place=place, inner=inner) if place and inner else place or inner


_FILL_IN = "fill it in or leave the field out"
_EXPECTED = {
    "string_type": "a text",
    "string_unicode": "a text without broken characters",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "greater_than": "a larger number",
    "greater_than_equal": "a larger number",
    "less_than": "a smaller number",
    "less_than_equal": "a smaller number",
    "dict_type": "a mapping",
    "model_type": "a mapping of fields",
    "date_type": "a date such as 2026-11-22",
    "date_parsing": "a date such as 2026-11-22",
    "date_from_datetime_parsing": "a date such as 2026-11-22",
    "date_from_datetime_inexact": "a date without a time, such as 2026-11-22",
    "string_pattern_mismatch": "an address that starts with http:// or https://",
    "string_too_long": "a shorter text",
}


def _bare(value: object) -> str:
    text = str(value).encode(errors="backslashreplace").decode()  # a lone surrogate cannot be printed
    return text if len(text) <= 40 else text[:37] + "..."


def _shown(value: object) -> str:
    return said("nothing") if value is None else said("'{text}'", text=_bare(value))


def _names(model: type[Record] | None) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _path(record: type[Record], location: tuple[str | int, ...]) -> tuple[str, type[Record] | None]:
    """``capabilities[0].keywords`` for a pydantic location, and the record in which its last name stands."""
    path, model, inner = "", record, record
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
            continue
        path += f".{step}" if path else step
        model = inner
        for name, field in model.model_fields.items() if model else ():
            if step in (name, field.alias):
                inner = _record_in(field.annotation)
    return path, model


def _record_in(annotation: object) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return annotation
    return next((found for part in get_args(annotation) if (found := _record_in(part))), None)


def language_of(text: str) -> Language:
    """``zh`` when at least a tenth of the letters of ``text`` are Chinese characters, else ``en``.

    Chinese technical text is full of Latin units and product names, so a small share decides. An empty text is ``en``.
    """
    n_letters = sum(map(str.isalpha, text))
    n_chinese = len(text) - len(_CHINESE.sub("", text))
    return "zh" if n_letters and n_chinese * 10 >= n_letters else "en"


class Text(Record):
    """A text in Chinese, English or both."""

    zh: str | None = Field(default=None, min_length=1)
    en: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _has_a_language(self) -> Text:
        if self.zh is None and self.en is None:
            raise ValueError("needs zh, en or both")
        return self

    def in_language(self, language: Language) -> str:
        """The text in this language, in the other one where this one is missing."""
        first, second = (self.zh, self.en) if language == "zh" else (self.en, self.zh)
        return first if first is not None else second or ""

    def both(self) -> tuple[str, ...]:
        """Every language there is, Chinese first."""
        return tuple(text for text in (self.zh, self.en) if text is not None)


def _text_from(value: Any) -> Any:
    return {language_of(value): value} if isinstance(value, str) and value.strip() else value


LocalText: TypeAlias = Annotated[Text, BeforeValidator(_text_from)]
"""A ``Text``; a plain string is taken as the language it is written in."""


class Term(Text):
    """A keyword or an industry; ``inferred`` when no source states it. A keyword of a trade alone makes no match."""

    inferred: bool = False
    facet: Facet | None = None


LocalTerm: TypeAlias = Annotated[Term, BeforeValidator(_text_from)]


class Source(Record):
    """Where a statement was published. A copy is cited as its original and never linked to."""

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


class Evidence(Record):
    """A sourced fact behind a capability. ``source`` is a key of the file's sources, or an address."""

    claim: LocalText
    year: int | None = Field(default=None, ge=1900, le=2100)
    source: str = Field(min_length=1)
    inferred: bool = False


def _texts_from(value: Any) -> Any:
    """A list whose entries are texts or mappings ``{zh: …, en: …}``, as the texts alone."""
    if not isinstance(value, (list, tuple)):
        return value
    return [text for entry in value for text in (entry.values() if isinstance(entry, dict) else [entry])]


Needs: TypeAlias = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_texts_from)]
"""Needs in a customer's words, each in one language; in a file a need may be ``{zh: …, en: …}``."""


class SampleNeeds(Record):
    """Needs that a capability can solve, and near misses that it cannot, where a file holds them apart."""

    sample_needs: Needs = ()
    near_misses: Needs = ()


class Capability(Record):
    """One thing an institute can do.

    ``general``: it names a broad field, a unit or a plan, so that no method or object can be told; it counts less.
    ``service``: what it offers is a service (incubation, patents, talent, testing, a park), for needs that ask for one.
    ``sample_needs`` are needs that it can solve, ``near_misses`` needs of the same trade that it cannot; both are
    written for matching and never shown as evidence.
    """

    id: str = Field(min_length=1)
    name: LocalText
    summary: LocalText | None = None
    strength: Strength | None = None
    via_parent: bool = False
    inferred: bool = False
    general: bool = False
    service: bool = False
    sample_needs: Needs = ()
    near_misses: Needs = ()
    keywords: tuple[LocalTerm, ...] = ()
    industries: tuple[LocalTerm, ...] = ()
    evidence: tuple[Evidence, ...] = ()


class Institute(Record):
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
        """Whether ``name`` is this institute's id, name or alias, in any case of letters."""
        return name.strip().casefold() in {known.casefold() for known in (self.id, *self.name.both(), *self.aliases)}


class Figure(Record):
    """One reported number of the alliance; ``source`` and ``year`` default to those of the block."""

    key: str
    value: int
    at_least: bool = False
    unit: LocalText
    label: LocalText
    source: str | None = None
    year: int | None = None


class Alliance(Record):
    """The alliance's own reported record. It is never added to what a ledger holds."""

    name: LocalText
    note: LocalText
    reported: str
    period: str
    source: str
    figures: tuple[Figure, ...]


class Registry(Record):
    """The institutes of one run, their sources, and the fingerprint of the files they came from."""

    institutes: Sequence[Institute]
    sources: dict[str, Source] = {}
    alliance: Alliance | None = None
    fingerprint: str

    def source(self, key: str) -> Source | None:
        """The source behind ``key``; ``None`` when ``key`` is itself an address."""
        return self.sources.get(key)


class Require(Record):
    """What an institute must be. Every condition given must hold."""

    institutes: tuple[str, ...] = ()
    role: Role | None = None
    own: bool = False
    place: str | None = Field(default=None, min_length=1)


class Problem(Record):
    """What an enterprise asks. A title or a description is required, all else makes it better.

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
    require: Require = Require()

    @model_validator(mode="after")
    def _says_something(self) -> Problem:
        if not any(char.isalnum() for char in self.title + self.description):
            raise ValueError("needs a title or a description")
        return self

    @property  # not cached: model_copy(update=...) would carry the old text along
    def text(self) -> str:
        """What is compared with the profiles: title, keywords, description, targets, conditions, industry, a line each.

        Positions in reasons count code points of this text. What was tried in vain, who asks, where and for how much
        is left out: it says nothing about what is needed.
        """
        parts = (self.title, "，".join(self.keywords), self.description, *self.targets, *self.conditions, self.industry)
        return "\n".join(part for part in parts if part)

    @property
    def language(self) -> Language:
        """The language of the title and description."""
        return language_of(self.title + self.description)


class Case(Record):
    """A problem that institutes took on, and what came of it. ``benefit_cny`` is in yuan.

    ``id`` is empty until a ledger gives one. ``institutes`` are ids, the leading one first; one may have left the
    registry since. ``referral`` is the id of the referral that led to the case, where one did.
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


class Precedent(Record):
    """An earlier problem and what became of it at institutes, as far as matching needs to know.

    ``text`` is what was asked. ``outcome`` is that of a case, or the reason why a referral was declined. ``day`` is
    when that was, as far as it is known.
    """

    id: str
    title: str
    text: str
    institutes: tuple[str, ...]
    outcome: str
    day: date | None = None


class Reason(Record):
    """What explains a match. ``start`` and ``end`` are code points of ``Problem.text``; ``similarity`` is in [0, 1].

    ``outcome`` is what became of a case: solved, partly or failed, or why it was declined.
    """

    kind: Literal["keyword", "sentence", "capability", "case"]
    term: str
    found: str
    similarity: float = Field(ge=0, le=1)
    start: int | None = None
    end: int | None = None
    inferred: bool = False
    outcome: str | None = None


class Citation(Record):
    """Evidence as it is shown: ``source`` is an address, or a citation where none may be linked."""

    claim: Text
    year: int | None
    source: str
    via_parent: bool
    is_copy: bool = Field(default=False, alias="copy", serialization_alias="copy")


class Named(Record):
    """An id and a name."""

    id: str
    name: Text


class MatchedCapability(Named):
    """The capability that counts most in a match."""

    via_parent: bool = False
    strength: Strength | None = None


class Basis(Record):
    """What a match rests on: whose record, how strong it is, and the year of its newest evidence, as far as known."""

    via_parent: bool = False
    strength: Strength | None = None
    year: int | None = None


class Readiness(Record):
    """What a ledger says of an institute's readiness, which says nothing about its field.

    ``declined_recently`` counts what it declined within a year for want of people, time or money or over rights, or
    left without an answer; ``open_referrals`` what it is asked at present.
    """

    declined_recently: int = Field(default=0, ge=0)
    open_referrals: int = Field(default=0, ge=0)


class Match(Record):
    """One line of a shortlist. ``similarities`` maps each part to a number in [0, 1], to ``None`` without one.

    Relevance (``score``, ``level``), ``basis`` and ``readiness`` are three signs and never become one number;
    ``readiness`` is ``None`` where no ledger was asked.
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


class Part(Record):
    """What one similarity adds to a score, in score points; the parts and ``base`` add up to the score."""

    name: str
    value: float


class Distance(Record):
    """How far another institute's score is: its score minus the one explained."""

    institute: str
    name: Text
    score: float
    difference: float


class Explanation(Record):
    """Why a pair of problem and institute has its score.

    ``base`` is the score without any similarity; it and the ``parts`` add up to ``match.score`` to the last decimal.
    ``marks`` are all keywords found and, for each sentence, how close it is to the capability that counts most, in
    order of place. ``uncovered`` are the sentences that nothing in the profile covers. ``limit`` names the hard limit
    of the problem that takes the institute off the shortlist, if one does. ``next`` is the institute one place lower,
    for the last one the place above; ``None`` when there is no other.
    """

    problem: Problem
    match: Match
    base: float
    parts: tuple[Part, ...]
    marks: tuple[Reason, ...]
    uncovered: tuple[Reason, ...]
    limit: str | None = None
    next: Distance | None = None
    settings: str
    institutes: str
    ledger: str | None = None


class Removal(Record):
    """An institute that a hard limit of the problem took off the shortlist, and which limit."""

    institute: str
    name: Text
    limit: str


class Question(Record):
    """What to ask back, in the need's language and ready to send.

    ``choices`` are words of the profiles that the text offers. ``gain``, in [0, 1], is how much the answer is expected
    to change the shortlist.
    """

    about: About
    text: str
    choices: tuple[str, ...] = ()
    gain: float = Field(ge=0, le=1)


class Shortlist(Record):
    """The answer to one problem. ``matches`` stands best first, ties in order of id.

    ``questions`` are to be asked back; there are none unless the verdict is ``unclear``.
    """

    problem: Problem
    verdict: Verdict
    matches: tuple[Match, ...]
    fallback: Named | None = None
    removed: tuple[Removal, ...] = ()
    questions: tuple[Question, ...] = ()
    settings: str
    institutes: str
    ledger: str | None = None
