"""The page itself: one HTML file that needs nothing else."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from hashlib import sha256
from importlib.resources import files
from itertools import chain
from typing import TYPE_CHECKING

from matchmaker.domain import Explanation, Language, Shortlist
from matchmaker.errors import Fault, InputError
from matchmaker.matching.matcher import Matcher
from matchmaker.messages import said
from matchmaker.writing import LEVEL_WORDS, LEVELS_ONLY, N_STEPS, Display, level_word, record_sentence, version
from matchmaker.writing.page.audience import BROKER, Audience
from matchmaker.writing.page.listing import MOST_DETAILED, Listing, collect
from matchmaker.writing.page.marking import plain, tag
from matchmaker.writing.page.views import ProblemView, Viewer
from matchmaker.writing.page.words import say

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True, slots=True)
class Page:
    """What a page is made from.

    Attributes:
        matcher: Made the shortlists; explains them here.
        audience: Who reads the page.
        language: The language of the page; the (first) problem's own when not given.
        source: What the input is called; only the broker is shown it.
        display: What is shown beside institutes and levels.
    """

    matcher: Matcher
    audience: Audience = BROKER
    language: Language | None = None
    source: str = ""
    display: Display = LEVELS_ONLY

    def for_first(self, shortlist: Shortlist) -> Page:
        """The same page for the institute that stands first.

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
        """The page of one problem, piece by piece.

        Args:
            shortlist: For an institute, the match of that institute must be on it.

        Raises:
            InputError: The page is for an institute that a limit of the problem removes, or that is not listed.
        """
        institute = self.audience.institute
        if institute is not None and not any(match.institute == institute.id for match in shortlist.matches):
            limits = [removal.limit for removal in shortlist.removed if removal.institute == institute.id]
            finding = said("'{institute}' is not on the shortlist ({why})", institute=institute.id,
                              why=", ".join(limits) or "--top")  # fmt: skip
            raise InputError(Fault(self.source, finding, "make the page for an institute that is"))
        language = self.language or shortlist.problem.language
        viewer = Viewer(self.matcher.registry, self.audience, language, self.display)
        view = viewer.problem(shortlist, self._explanations(shortlist))
        title = say("page_title", language, title=view.title.text)
        yield from self._rendered("problem.html.jinja", language, title, problem=view, listing=None)

    def of_problems(
        self, shortlists: Iterable[Shortlist], *, n_rejected: Callable[[], int] = lambda: 0
    ) -> Iterator[str]:
        """The page of many problems, piece by piece.

        Args:
            shortlists: Read one at a time. For an institute, only those that it fits are shown.
            n_rejected: How many rows were no problems; asked when all shortlists are read.

        Raises:
            InputError: The page is for an enterprise, and the problems are of several.
        """
        stream = iter(shortlists)
        first = next(stream, None)
        language = self.language or (first.problem.language if first else "zh")
        viewer = Viewer(self.matcher.registry, self.audience, language, self.display)
        every = chain([first] if first else [], stream)
        listing = collect(every, viewer, self._explanations, self.source, n_rejected)
        title = say(f"listing_title_{self.audience.kind}", language, n=listing.n)
        yield from self._rendered("listing.html.jinja", language, title, problem=None, listing=listing)

    def _explanations(self, shortlist: Shortlist) -> list[Explanation]:
        """Of the matches that a reader looks into: the first, and those that are not altogether unrelated."""
        institutes = {institute.id: institute for institute in self.matcher.registry.institutes}
        own = self.audience.institute
        shown = [match for match in shortlist.matches if own is None or match.institute == own.id]
        looked_into = [match for match in shown if match.level != "none" or match is shown[0]]
        return [self.matcher.explain(shortlist.problem, institutes[match.institute]) for match in looked_into]

    def _rendered(
        self, template: str, language: Language, title: str, *, problem: ProblemView | None, listing: Listing | None
    ) -> Iterator[str]:
        bounds, kind = self.matcher.settings.bounds, self.audience.kind
        record = self.display.record if kind != "institute" and listing else None
        values = {
            "title": plain(title),
            "lang": tag(language),
            "kind": kind,
            "kicker": say("kicker" if kind == "broker" else f"kicker_{kind}", language),
            "say": partial(_said, language),
            "bounds": bounds.model_dump(),
            "levels": {level: level_word(level, language) for level in LEVEL_WORDS},
            "records": [told for level in LEVEL_WORDS if (told := record_sentence(record, level, language))],
            "n_steps": N_STEPS,
            "has_scores": self.display.scores and kind != "enterprise",
            "most_detailed": MOST_DETAILED,
            "made": self._made(language),
            "problem": problem,
            "listing": listing,
        }
        yield from _environment().get_template(template).generate(values)

    def _made(self, language: Language) -> list[tuple[str, str]]:
        """How the page was made. Others than the broker are not told the name of the file: it often says who asks."""
        registry, settings = self.matcher.registry, self.matcher.settings
        made = [
            ("made_by", f"matchmaker {version()}"),
            ("made_settings", settings.fingerprint),
            ("made_profiles", registry.fingerprint),
        ]
        if self.audience.kind == "broker":
            made.append(("made_institutes", f"{len(registry.institutes):,}"))
            made += [("made_source", plain(self.source))] if self.source else []
        return [(say(key, language), value) for key, value in made]


def _said(language: Language, key: str, /, **values: object) -> str:
    return say(key, language, **values)


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
    for name in ("style.css", "script.js"):
        text = files("matchmaker.writing.page").joinpath("assets", name).read_text(encoding="utf-8")
        key = name.partition(".")[0]
        environment.globals[key] = Markup(text)  # noqa: S704 - a file of ours
        environment.globals[f"{key}_hash"] = f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
    return environment
