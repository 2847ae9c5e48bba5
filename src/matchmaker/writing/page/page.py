"""The page itself: one self-contained HTML file."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from hashlib import sha256
from importlib.resources import files
from itertools import chain
from typing import TYPE_CHECKING, Final

from matchmaker.distribution import version
from matchmaker.domain import Explanation, Language, Shortlist
from matchmaker.errors import Fault, InputError
from matchmaker.matching.matcher import Matcher
from matchmaker.messages import Translatable, in_context, make_message, translate, translate_counted
from matchmaker.writing import (
    LEVEL_WORDS,
    LEVELS_ONLY,
    N_STEPS,
    Display,
    level_names,
    level_word,
    record_sentence,
)
from matchmaker.writing.page.audience import BROKER, Audience, AudienceKind
from matchmaker.writing.page.listing import MAX_DETAILED, Listing, collect
from matchmaker.writing.page.marking import html_language, printable
from matchmaker.writing.page.views import ProblemView, Viewer

if TYPE_CHECKING:
    from jinja2 import Environment

    from matchmaker.writing.out import Context

_KICKERS: Final[Mapping[AudienceKind, Translatable]] = {
    "broker": "Matching report",
    "enterprise": "Candidate institutes, for your consideration",
    "institute": "An enterprise's technical problem, for your review",
}


@dataclass(frozen=True, slots=True)
class Page:
    """A page for one audience.

    Attributes:
        matcher: The matcher of the shortlists, which explains them.
        audience: The reader of the page.
        language: The language of the page; by default that of the (first) problem.
        source: The name of the input; shown to the broker only.
        display: What is shown in addition to institutes and levels.
    """

    matcher: Matcher
    audience: Audience = BROKER
    language: Language | None = None
    source: str = ""
    display: Display = LEVELS_ONLY

    def for_first(self, shortlist: Shortlist) -> Page:
        """The same page for the first institute of a shortlist.

        Raises:
            InputError: The shortlist is empty.
        """
        institutes = {institute.id: institute for institute in self.matcher.registry.institutes}
        if not shortlist.matches:
            finding = "the shortlist is empty, its limits remove every institute"
            raise InputError(Fault(self.source, finding, "make the page for the broker"))
        audience = replace(self.audience, kind="institute", institute=institutes[shortlist.matches[0].institute])
        return replace(self, audience=audience)

    def of_problem(self, shortlist: Shortlist) -> Iterator[str]:
        """The page of one problem, in pieces.

        Args:
            shortlist: For an institute, it must contain the match of that institute.

        Raises:
            InputError: The page is for an institute that is not on the shortlist.
        """
        institute = self.audience.institute
        if institute is not None and not any(match.institute == institute.id for match in shortlist.matches):
            limits = [removal.limit for removal in shortlist.removed if removal.institute == institute.id]
            finding = make_message("'{institute}' is not on the shortlist ({why})", institute=institute.id,
                              why=", ".join(limits) or "--top")  # fmt: skip
            raise InputError(Fault(self.source, finding, "make the page for an institute that is"))
        language = self.language or shortlist.problem.shown_in
        viewer = Viewer(self.matcher.registry, self.audience, language, self.display)
        view = viewer.problem(shortlist, self._explanations(shortlist))
        title = translate("{title} · Matching report", language, title=view.title.text)
        yield from self._rendered("problem.html.jinja", language, title, problem=view, listing=None)

    def of_problems(
        self, shortlists: Iterable[Shortlist], *, n_rejected: Callable[[], int] = lambda: 0
    ) -> Iterator[str]:
        """The page of many problems, in pieces.

        Args:
            shortlists: Read one at a time. For an institute, only those that it fits are shown.
            n_rejected: Returns the number of rejected rows; called when all shortlists have been read.

        Raises:
            InputError: The page is for an enterprise, and the problems are of several.
        """
        stream = iter(shortlists)
        first = next(stream, None)
        language = self.language or (first.problem.shown_in if first else "zh")
        viewer = Viewer(self.matcher.registry, self.audience, language, self.display)
        every = chain([first] if first else [], stream)
        listing = collect(every, viewer, self._explanations, self.source, n_rejected)
        title = _listing_title(self.audience.kind, listing.n, language)
        yield from self._rendered("listing.html.jinja", language, title, problem=None, listing=listing)

    def _explanations(self, shortlist: Shortlist) -> list[Explanation]:
        """The explanations of the matches shown in detail: the first, and those not at level none."""
        institutes = {institute.id: institute for institute in self.matcher.registry.institutes}
        own = self.audience.institute
        shown = [match for match in shortlist.matches if own is None or match.institute == own.id]
        explained = [match for match in shown if match.level != "none" or match is shown[0]]
        return [self.matcher.explain(shortlist.problem, institutes[match.institute]) for match in explained]

    def _rendered(
        self, template: str, language: Language, title: str, *, problem: ProblemView | None, listing: Listing | None
    ) -> Iterator[str]:
        bounds, kind = self.matcher.settings.bounds, self.audience.kind
        record = self.display.record if kind != "institute" and listing else None
        values = {
            "title": printable(title),
            "lang": html_language(language),
            "kind": kind,
            "kicker": translate(_KICKERS[kind], language),
            "say": partial(_translated, language, level_names(language)),
            "say_counted": partial(_translated_count, language),
            "bounds": bounds.model_dump(),
            "levels": {level: level_word(level, language) for level in LEVEL_WORDS},
            "records": [told for level in LEVEL_WORDS if (told := record_sentence(record, level, language))],
            "n_steps": N_STEPS,
            "has_scores": self.display.scores and kind != "enterprise",
            "most_detailed": MAX_DETAILED,
            "made": self._made(language),
            "problem": problem,
            "listing": listing,
        }
        yield from _environment().get_template(template).generate(values)

    def _made(self, language: Language) -> list[tuple[str, str]]:
        """How the page was made; only the broker sees the name of the file, which often reveals the enterprise."""
        registry, settings = self.matcher.registry, self.matcher.settings
        made = [
            (translate("Program", language), f"matchmaker {version()}"),
            (translate("Settings", language), settings.fingerprint),
            (translate("Profiles", language), registry.fingerprint),
        ]
        if self.audience.kind == "broker":
            made.append((translate("Institutes compared", language), f"{len(registry.institutes):,}"))
            made += [(translate("Input", language), printable(self.source))] if self.source else []
        return made


def page_of_problem(shortlist: Shortlist, context: Context) -> Iterator[str]:
    """The broker's page of one problem."""
    return _page(context).of_problem(shortlist)


def page_of_problems(shortlists: Iterable[Shortlist], context: Context) -> Iterator[str]:
    """The broker's page of many problems."""
    return _page(context).of_problems(shortlists, n_rejected=context.n_rejected)


def _page(context: Context) -> Page:
    if context.matcher is None:
        raise ValueError("a page explains its shortlists; the context needs the matcher")
    source = context.file.name if context.file else "--text"
    return Page(context.matcher, language=context.language, source=source, display=context.display)


def _listing_title(kind: AudienceKind, n: int, language: Language) -> str:
    if kind == "broker":
        return translate_counted(n, "Matching report: {n:,} problem", "Matching report: {n:,} problems", language)
    if kind == "enterprise":
        one, many = "Candidate institutes for {n:,} problem", "Candidate institutes for {n:,} problems"
        return translate_counted(n, one, many, language)
    one, many = "{n:,} technical problem for your institute", "{n:,} technical problems for your institute"
    return translate_counted(n, one, many, language)


def _translated(language: Language, names: Mapping[str, str], english: Translatable, /, **values: object) -> str:
    return translate(english, language, **names, **values)


def _translated_count(language: Language, n: int, one: Translatable, many: Translatable, /) -> str:
    return translate_counted(n, one, many, language)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    """Templates that escape everything and refuse unknown names, with the style and the script of the page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("matchmaker.writing.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["in_context"] = in_context
    for name in ("style.css", "script.js"):
        text = files("matchmaker.writing.page").joinpath("assets", name).read_text(encoding="utf-8")
        key = name.partition(".")[0]
        environment.globals[key] = Markup(text)  # noqa: S704 - a file of ours
        environment.globals[f"{key}_hash"] = f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
    return environment
