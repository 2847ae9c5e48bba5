"""Shortlists as a workbook (.xlsx): shortlists, rejected rows, a summary, and the problems as read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matchmaker.distribution import version
from matchmaker.domain import (
    LEVELS,
    Citation,
    Language,
    Level,
    Match,
    Problem,
    Registry,
    Role,
    Shortlist,
    Text,
    Verdict,
    language_of,
)
from matchmaker.errors import Fault
from matchmaker.messages import Translatable, in_context, make_message, translate
from matchmaker.writing.levels import FITTING, level_word, record_sentence
from matchmaker.writing.sheets import (
    MAX_TEXT,
    Book,
    Cell,
    CellLink,
    CellLoss,
    SheetColumn,
    Style,
    StyledValue,
    open_book,
)
from matchmaker.writing.sheettables import SheetTable
from matchmaker.writing.shortlists import verdict_sentence
from matchmaker.writing.words import (
    ADDRESS,
    capability_name,
    claim_text,
    labelled,
    one_after_another,
    part_label,
    question_text,
    reason_text,
    removal_text,
    similarity_names,
    source_text,
)

if TYPE_CHECKING:
    from matchmaker.intake import RejectedRow
    from matchmaker.matching.settings import Settings
    from matchmaker.writing.out import Context

PROBLEM_HEADINGS: Final[Mapping[str, Translatable]] = {
    "id": in_context("heading", "Id"),
    "title": in_context("heading", "Title"),
    "description": in_context("heading", "Description"),
    "enterprise": in_context("heading", "Enterprise"),
    "industry": in_context("heading", "Industry"),
    "region": in_context("heading", "Region"),
    "targets": in_context("heading", "Targets"),
    "conditions": in_context("heading", "Conditions"),
    "tried": in_context("heading", "Tried"),
    "cooperation": in_context("heading", "Cooperation"),
    "budget_cny": in_context("heading", "Budget (yuan)"),
    "deadline": in_context("heading", "Deadline"),
    "keywords": in_context("heading", "Keywords"),
    "exclude": in_context("heading", "Exclude"),
    "require.institutes": in_context("heading", "require.institutes"),
    "require.role": in_context("heading", "require.role"),
    "require.own": in_context("heading", "require.own"),
    "require.place": in_context("heading", "require.place"),
}
"""Field of a problem to its heading; a table of problems with these headings is understood."""

_STYLES: Final[Mapping[str, Style]] = {"id": "code", "budget_cny": "money", "deadline": "day"}
_ROLES: Final[Mapping[Role, Translatable]] = {
    "research_institute": "research institute",
    "transfer_centre": "transfer centre",
}
_VERDICTS: Final[Mapping[Verdict, Translatable]] = {
    "matched": "matched",
    "unclear": "too vague, ask back",
    "none": "none fits",
}
_N_PRINTED: Final = 11  # columns of shortlists; the addresses and similarities after them are for the screen
_N_SOURCES: Final = 3  # columns of links; further sources follow their claims


@dataclass(frozen=True)
class Origin:
    """The origin of the shortlists of a workbook.

    Attributes:
        file: The input; only its name is shown, not its folder.
        headings: The headings of the input table, for the sheet of rejected rows; without them there is no such sheet.
        registry: All institutes that could have been matched.
        settings: The settings, for the scores at which levels begin.
    """

    file: Path | None = None
    headings: Sequence[str] | None = None
    registry: Registry | None = None
    settings: Settings | None = None


def write_workbook(
    answers: Iterable[Shortlist | RejectedRow],
    path: Path,
    language: Language | None = None,
    *,
    origin: Origin | None = None,
) -> list[Fault]:
    """Write a workbook as its rows come; it appears whole at the end or not at all. Same answers, same bytes.

    Args:
        answers: Read one at a time; memory does not grow with them.
        path: The file to make or to replace.
        language: The language of all names and words; by default that of the first problem.
        origin: The origin of the answers.

    Returns:
        The cells that hold less than they should (a text longer than a cell, more links than a sheet may have): the
        first 20, then the number of the others.

    Raises:
        InputError: The file cannot be written.
        ValueError: An answer is a rejected row, and ``origin`` has no headings.
    """
    origin = origin or Origin()
    stream = iter(answers)
    first = next(stream, None)
    language = language or _language(first, origin)
    with open_book(path, cut_mark=translate("… (too long, cut)", language)) as book:
        sheets = _WorkbookSheets(book, language, origin)
        for answer in chain([] if first is None else [first], stream):
            sheets.add(answer)
    return _losses(book, path)


def write_book(answers: Iterable[Shortlist | RejectedRow], path: Path, context: Context) -> list[Fault]:
    """As ``write_workbook``, told of the origin by the context."""
    settings = None if context.matcher is None else context.matcher.settings
    origin = Origin(context.file, context.headings, context.registry, settings)
    return write_workbook(answers, path, context.language, origin=origin)


def _language(first: Shortlist | RejectedRow | None, origin: Origin) -> Language:
    """The language of the first problem; if its row was rejected, that of the table."""
    if isinstance(first, Shortlist):
        return first.problem.shown_in
    return language_of("".join((*(origin.headings or ()), *(first.cells if first else ()))))


def _losses(book: Book, path: Path) -> list[Fault]:
    faults = [_loss(loss, path) for loss in book.losses]
    if n_more := sum(book.n_losses.values()) - len(faults):
        faults.append(Fault(str(path), make_message("{n:,} more cells like these", n=n_more)))
    return faults


def _loss(loss: CellLoss, path: Path) -> Fault:
    place = make_message("{file}, sheet '{sheet}', {cell}", file=path, sheet=loss.sheet, cell=loss.cell)
    if loss.kind == "cut":
        finding = make_message("text cut to {n:,} characters, the limit of a cell", n=MAX_TEXT)
        return Fault(place, finding, "the whole text is in the input")
    return Fault(place, "address shown but not linked: too long, or the sheet has reached its limit of links")


class _WorkbookSheets:
    """The sheets of one workbook, filled side by side."""

    def __init__(self, book: Book, language: Language, origin: Origin) -> None:
        self._language = language
        self._origin = origin
        self._n_matched = self._n_unclear = self._n_none = self._n_rejected = 0
        self._load: Counter[str] = Counter()
        self._names: dict[str, Text] = {}
        self._is_ranking = False  # a ranking of problems for one institute has no first institutes
        self._prints = ("", "")
        self._shortlists = SheetTable(
            book, translate("Shortlists", language), _shortlist_columns(language), n_printed=_N_PRINTED
        )
        self._rejects = None if origin.headings is None else self._rejects_table(book, origin.headings)
        self._summary = book.sheet(translate(in_context("sheet", "Summary"), language))
        self._problems = SheetTable(book, translate("Problems", language), _problem_columns(language))
        book.call_at_end(self._write_summary)

    def _rejects_table(self, book: Book, headings: Sequence[str]) -> SheetTable:
        language = self._language
        columns = [
            SheetColumn(translate("Row", language), "count", 10),
            SheetColumn(translate("Why it was rejected", language), "text", 50),
        ]
        for n, heading in enumerate(headings, start=1):
            columns.append(
                SheetColumn(translate("Column {n} as read: {heading}", language, n=n, heading=heading), "text", 40)
            )
        return SheetTable(book, translate("Rejected rows", language), columns)

    def add(self, answer: Shortlist | RejectedRow) -> None:
        if isinstance(answer, Shortlist):
            self._add_shortlist(answer)
        else:
            self._reject(answer)

    def _add_shortlist(self, shortlist: Shortlist) -> None:
        self._prints = (shortlist.settings, shortlist.institutes)
        if shortlist.verdict == "matched":
            self._n_matched += 1
            best = shortlist.matches[0]
            self._load[best.institute] += 1
            self._names[best.institute] = best.name
            self._is_ranking = self._is_ranking or best.rank > 1
        elif shortlist.verdict == "unclear":
            self._n_unclear += 1
        else:
            self._n_none += 1
        for cells in _shortlist_rows(shortlist, self._language):
            self._shortlists.add(cells)
        self._problems.add(_problem_cells(shortlist.problem, self._language))

    def _reject(self, row: RejectedRow) -> None:
        if self._rejects is None:
            raise ValueError("a rejected row needs the headings of its table")
        self._n_rejected += 1
        faults = one_after_another((one.in_language(self._language) for one in row.faults), self._language)
        if file := self._origin.file:
            faults = faults.replace(str(file), file.name)
        self._rejects.add([row.line, faults, *row.cells])

    def _write_summary(self) -> None:
        sheet, language, row = self._summary, self._language, 0
        sheet.widen(0, 44)
        sheet.widen(1, 76)
        counts: dict[Translatable, str | int] = {
            "Rows read": self._n_matched + self._n_unclear + self._n_none + self._n_rejected,
            "Problems with an institute that fits": self._n_matched,
            "Problems that say too little, to be asked back": self._n_unclear,
            "Problems that no institute fits": self._n_none,
            "Rows rejected": self._n_rejected,
        }
        row = self._section(row, "Counts", counts)
        if not self._is_ranking:
            row = self._put_load(row)
        self._put_title(row, "How to read levels and scores")
        for at, level in enumerate(LEVELS, start=row + 1):
            sheet.put(at, 0, StyledValue(level_word(level, language), level))
            sheet.put(at, 1, _level_text(level, self._origin.settings, language))
        row += 1 + len(LEVELS)
        sheet.put(row, 0, translate("Score", language))
        sheet.put(
            row,
            1,
            translate(
                "The score is a calibrated share from 0 to 1: of such pairs of a need and an "
                "institute, how many assessors find worth a call.",
                language,
            ),
        )
        settings, institutes = self._prints
        origin: dict[Translatable, str | int] = {
            "Input file": self._origin.file.name if self._origin.file else "",
            "Version of matchmaker": version(),
            "Fingerprint of the settings": settings,
            "Fingerprint of the profiles": institutes,
        }
        self._section(row + 2, "Where this comes from", origin)

    def _put_title(self, row: int, title: Translatable) -> None:
        self._summary.begin_row(row, 2)
        self._summary.put(row, 0, translate(title, self._language), "title")

    def _section(self, row: int, title: Translatable, values: Mapping[Translatable, str | int]) -> int:
        """Write a title and a line for each value, and return the next row, below a blank one."""
        self._put_title(row, title)
        given = {key: value for key, value in values.items() if value != ""}
        for at, (key, value) in enumerate(given.items(), start=row + 1):
            self._summary.put(at, 0, translate(key, self._language))
            self._summary.put(at, 1, value, "bar" if isinstance(value, int) else "text")
        return row + len(given) + 2

    def _put_load(self, row: int) -> int:
        registry = self._origin.registry
        names = {known.id: known.name for known in registry.institutes} if registry else {}
        names |= self._names
        loads = sorted({**dict.fromkeys(names, 0), **self._load}.items(), key=lambda item: (-item[1], item[0]))
        self._put_title(row, "How often each institute stands first")
        for at, (institute, n) in enumerate(loads, start=row + 1):
            self._summary.put(at, 0, names[institute].in_language(self._language))
            self._summary.put(at, 1, n, "bar")
        self._summary.put_bars(row + 1, 1, len(loads))
        return row + len(loads) + 2


def _level_text(level: Level, settings: Settings | None, language: Language) -> str:
    fitting = translate("worth a call" if level in FITTING else "not enough for a call", language)
    if settings is None:
        return fitting
    lows = {"strong": settings.bounds.strong, "fair": settings.bounds.fair, "weak": settings.bounds.weak}
    highs = dict(zip(LEVELS[1:], lows.values(), strict=True))
    bounds: Translatable = "score from {low} up to {high}"
    if level == "strong":
        bounds = "score {low} or more"
    elif level == "none":
        bounds = "score below {high}"
    span = translate(bounds, language, low=f"{lows.get(level, 0):g}", high=f"{highs.get(level, 1):g}")
    told = [span, fitting, record_sentence(settings.record, level, language)]
    return one_after_another((text for text in told if text), language)


def _shortlist_columns(language: Language) -> list[SheetColumn]:
    parts = (
        labelled(translate("Similarities", language), part_label(one, language), language) for one in similarity_names()
    )
    sources = (translate("Source {n}", language, n=n + 1) for n in range(_N_SOURCES))
    return [
        SheetColumn(translate("Problem id", language), "code", 18),
        SheetColumn(translate("What is asked", language), "text", 30),
        SheetColumn(translate("Verdict", language), "text", 12),
        SheetColumn(translate("Rank", language), "count", 8),
        SheetColumn(translate("Institute", language), "text", 28),
        SheetColumn(translate("Score", language), "score", 9),
        SheetColumn(translate("Level", language), "text", 12),
        SheetColumn(translate("Capability", language), "text", 28),
        SheetColumn(translate("Reasons", language), "text", 44),
        SheetColumn(translate("Evidence", language), "text", 60),
        SheetColumn(translate("Note", language), "text", 30),
        # The columns above are printed.
        *(SheetColumn(source, "text", 36) for source in sources),
        *(SheetColumn(part, "score", 12) for part in parts),
        SheetColumn(translate("Institute id", language), "code", 14),
    ]


def _shortlist_rows(shortlist: Shortlist, language: Language) -> Iterator[list[Cell]]:
    """A row for each match, or one without rank if there is none; the note is in the first row."""
    problem = shortlist.problem
    problem_cells: list[Cell] = [problem.id, problem.title or problem.description[:60]]
    problem_cells.append(translate(_VERDICTS[shortlist.verdict], language))
    note = _note(shortlist, language)
    for match in shortlist.matches:
        yield [*problem_cells, *_match_cells(match, note, language)]
        note = ""
    if not shortlist.matches:
        yield [*problem_cells, *[None] * (_N_PRINTED - len(problem_cells) - 1), note]


def _match_cells(match: Match, note: str, language: Language) -> list[Cell]:
    known = (match.similarities.get(part) for part in similarity_names())
    claims, sources = _evidence(match.evidence, language)
    return [
        match.rank,
        match.name.in_language(language),
        round(match.score, 6),
        StyledValue(level_word(match.level, language), match.level),
        capability_name(match, language),
        "\n".join(reason_text(reason, language) for reason in match.reasons),
        claims,
        note,
        *sources,
        *(None if value is None else round(value, 6) for value in known),
        match.institute,
    ]


def _evidence(evidence: Sequence[Citation], language: Language) -> tuple[str, list[Cell]]:
    """The numbered claims, and the first sources in columns of their own; the address of a copy is never linked."""
    claims, sources = [], list[Cell]()
    for n, cited in enumerate(evidence, start=1):
        claim = f"{n}. {claim_text(cited, language)}"
        if n > _N_SOURCES:
            claim += f" {source_text(cited, language)}"
        else:
            is_link = not cited.is_copy and ADDRESS.fullmatch(cited.source)
            sources.append(CellLink(cited.source) if is_link else source_text(cited, language))
        claims.append(claim)
    return "\n".join(claims), [*sources, *[None] * (_N_SOURCES - len(sources))]


def _note(shortlist: Shortlist, language: Language) -> str:
    """The questions to ask back, whom to ask if none fits, and the institutes removed by limits of the problem."""
    notes = []
    if shortlist.verdict == "none":
        notes.append(verdict_sentence(shortlist, language))
    notes += [f"{n}. {question_text(question, language)}" for n, question in enumerate(shortlist.questions, start=1)]
    if shortlist.removed:
        removed = one_after_another((removal_text(one, language) for one in shortlist.removed), language)
        notes.append(labelled(translate("Removed by a hard limit", language), removed, language))
    return "\n".join(notes)


def _problem_columns(language: Language) -> list[SheetColumn]:
    widths = {"id": 20, "title": 36, "description": 70, "targets": 40, "conditions": 40, "tried": 40}
    return [
        SheetColumn(translate(heading, language), _STYLES.get(field, "text"), widths.get(field, 24))
        for field, heading in PROBLEM_HEADINGS.items()
    ]


def _problem_cells(problem: Problem, language: Language) -> list[Cell]:
    """The fields in the order of ``PROBLEM_HEADINGS``; each item of a list is on a line of its own."""
    require = problem.require
    lists = (problem.targets, problem.conditions, problem.cooperation, problem.keywords, problem.exclude)
    targets, conditions, cooperation, keywords, exclude = ("\n".join(items) for items in lists)
    return [
        *(problem.id, problem.title, problem.description, problem.enterprise, problem.industry, problem.region),
        *(targets, conditions, problem.tried, cooperation, problem.budget_cny, problem.deadline, keywords, exclude),
        "\n".join(require.institutes),
        translate(_ROLES[require.role], language) if require.role else None,
        translate("yes", language) if require.own else None,
        require.place,
    ]
