"""Shortlists as a workbook (.xlsx): shortlists, rejected rows, a summary, and the problems as they were read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matchmaker.domain import LEVELS, Citation, Language, Level, Match, Problem, Registry, Shortlist, Text, language_of
from matchmaker.errors import Fault
from matchmaker.messages import said
from matchmaker.writing.levels import FITTING, level_word, record_sentence
from matchmaker.writing.sheets import MAX_TEXT, Book, Cell, Column, Link, Loss, Style, Styled, open_book
from matchmaker.writing.sheettables import Table
from matchmaker.writing.words import (
    ADDRESS,
    SIMILARITIES,
    capability_name,
    claim_text,
    labelled,
    reason_text,
    removal_text,
    version,
    word,
)

if TYPE_CHECKING:
    from matchmaker.intake import Rejected
    from matchmaker.matching.settings import Settings

PROBLEM_HEADINGS: Final[Mapping[str, tuple[str, str]]] = {
    "id": ("需求编号", "Id"),
    "title": ("需求名称", "Title"),
    "description": ("需求描述", "Description"),
    "enterprise": ("企业名称", "Enterprise"),
    "industry": ("所属行业", "Industry"),
    "region": ("所在地区", "Region"),
    "targets": ("技术指标", "Targets"),
    "conditions": ("约束条件", "Conditions"),
    "tried": ("已尝试方案", "Tried"),
    "cooperation": ("合作方式", "Cooperation"),
    "budget_cny": ("预算（元）", "Budget (yuan)"),
    "deadline": ("截止日期", "Deadline"),
    "keywords": ("关键词", "Keywords"),
    "exclude": ("排除机构", "Exclude"),
    "require.institutes": ("指定机构", "require.institutes"),
    "require.role": ("机构类型", "require.role"),
    "require.own": ("仅限自有能力", "require.own"),
    "require.place": ("机构所在地", "require.place"),
}
"""Field of a problem to its heading in Chinese and English; a table of problems with these headings is understood."""

_STYLES: Final[Mapping[str, Style]] = {"id": "code", "budget_cny": "money", "deadline": "day"}
_ROLES: Final = {
    "research_institute": ("研究机构", "research institute"),
    "transfer_centre": ("技术转移机构", "transfer centre"),
}
_N_PRINTED: Final = 11  # columns of the shortlists; the addresses and similarities behind them are for the screen
_N_SOURCES: Final = 3  # columns of links; further sources stand behind their claims


@dataclass(frozen=True)
class Origin:
    """What a workbook tells of how its shortlists came about.

    Attributes:
        file: What was read; only its name is told, not the folder.
        headings: The headings of the table that was read, for the sheet of rejected rows; without them there is none.
        registry: All institutes that could have been matched.
        settings: From which score a level begins.
    """

    file: Path | None = None
    headings: Sequence[str] | None = None
    registry: Registry | None = None
    settings: Settings | None = None


def write_workbook(
    answers: Iterable[Shortlist | Rejected],
    path: Path,
    language: Language | None = None,
    *,
    origin: Origin | None = None,
) -> list[Fault]:
    """Write a workbook as its rows come; it appears whole at the end or not at all. Same answers, same bytes.

    Args:
        answers: Read one at a time; memory does not grow with them.
        path: Replaced when it exists.
        language: Of all names and words; that of the first problem when not given.
        origin: What is told of where the answers come from.

    Returns:
        The cells that hold less than they should (a text longer than a cell, more links than a sheet may have): the
        first 20, then how many more.

    Raises:
        InputError: The file cannot be written.
        ValueError: An answer is a rejected row, and ``origin`` has no headings.
    """
    origin = origin or Origin()
    stream = iter(answers)
    first = next(stream, None)
    language = language or _language(first, origin)
    with open_book(path, cut_mark=word("cut", language)) as book:
        sheets = _Sheets(book, language, origin)
        for answer in chain([] if first is None else [first], stream):
            sheets.add(answer)
    return _losses(book, path)


def _language(first: Shortlist | Rejected | None, origin: Origin) -> Language:
    """The language of the first problem; when its row was rejected, that of the table."""
    if isinstance(first, Shortlist):
        return first.problem.language
    return language_of("".join((*(origin.headings or ()), *(first.cells if first else ()))))


def _losses(book: Book, path: Path) -> list[Fault]:
    faults = [_loss(loss, path) for loss in book.losses]
    if n_more := sum(book.n_losses.values()) - len(faults):
        faults.append(Fault(str(path), said("{n:,} more cells like these", n=n_more)))
    return faults


def _loss(loss: Loss, path: Path) -> Fault:
    place = said("{file}, sheet '{sheet}', {cell}", file=path, sheet=loss.sheet, cell=loss.cell)
    if loss.kind == "cut":
        finding = said("the text was cut to {n:,} characters, more do not fit into a cell", n=MAX_TEXT)
        return Fault(place, finding, "the whole text is in the input")
    return Fault(place, "the address is shown, not linked: it is too long, or the sheet has as many links as it may")


class _Sheets:
    """The sheets of one workbook, filled side by side."""

    def __init__(self, book: Book, language: Language, origin: Origin) -> None:
        self._language = language
        self._origin = origin
        self._n_matched = self._n_unclear = self._n_none = self._n_rejected = 0
        self._load: Counter[str] = Counter()
        self._names: dict[str, Text] = {}
        self._is_ranking = False  # of problems for one institute: nobody stands first
        self._prints = ("", "")
        self._shortlists = Table(
            book, word("sheet_shortlists", language), _shortlist_columns(language), n_printed=_N_PRINTED
        )
        self._rejects = None if origin.headings is None else self._rejects_table(book, origin.headings)
        self._summary = book.sheet(word("sheet_summary", language))
        self._problems = Table(book, word("sheet_problems", language), _problem_columns(language))
        book.at_end(self._sum_up)

    def _rejects_table(self, book: Book, headings: Sequence[str]) -> Table:
        language = self._language
        columns = [Column(word("row", language), "count", 10), Column(word("fault", language), "text", 50)]
        for n, heading in enumerate(headings, start=1):
            columns.append(Column(word("column_read", language).format(n=n, heading=heading), "text", 40))
        return Table(book, word("sheet_rejects", language), columns)

    def add(self, answer: Shortlist | Rejected) -> None:
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

    def _reject(self, row: Rejected) -> None:
        if self._rejects is None:
            raise ValueError("a rejected row needs the headings of its table")
        self._n_rejected += 1
        faults = ("；" if self._language == "zh" else "; ").join(one.in_language(self._language) for one in row.faults)
        if file := self._origin.file:
            faults = faults.replace(str(file), file.name)
        self._rejects.add([row.line, faults, *row.cells])

    def _sum_up(self) -> None:
        sheet, language, row = self._summary, self._language, 0
        sheet.widen(0, 44)
        sheet.widen(1, 76)
        counts = {"n_matched": self._n_matched, "n_unclear": self._n_unclear}
        counts |= {"n_none": self._n_none, "n_rejected": self._n_rejected}
        row = self._section(row, "counts", {"n_read": sum(counts.values()), **counts})
        if not self._is_ranking:
            row = self._put_load(row)
        self._put_title(row, "how_to_read")
        for at, level in enumerate(LEVELS, start=row + 1):
            sheet.put(at, 0, Styled(level_word(level, language), level))
            sheet.put(at, 1, _level_text(level, self._origin.settings, language))
        row += 1 + len(LEVELS)
        sheet.put(row, 0, word("score", language))
        sheet.put(row, 1, word("score_means", language))
        settings, institutes = self._prints
        told = {"input_file": self._origin.file.name if self._origin.file else "", "program": version()}
        self._section(row + 2, "origin", {**told, "settings_print": settings, "institutes_print": institutes})

    def _put_title(self, row: int, key: str) -> None:
        self._summary.begin_row(row, 2)
        self._summary.put(row, 0, word(key, self._language), "title")

    def _section(self, row: int, title: str, values: Mapping[str, str | int]) -> int:
        """Write a title and a line for each value; returns the row for what comes next, below a blank one."""
        self._put_title(row, title)
        given = {key: value for key, value in values.items() if value != ""}
        for at, (key, value) in enumerate(given.items(), start=row + 1):
            self._summary.put(at, 0, word(key, self._language))
            self._summary.put(at, 1, value, "bar" if isinstance(value, int) else "text")
        return row + len(given) + 2

    def _put_load(self, row: int) -> int:
        registry = self._origin.registry
        names = {known.id: known.name for known in registry.institutes} if registry else {}
        names |= self._names
        loads = sorted({**dict.fromkeys(names, 0), **self._load}.items(), key=lambda item: (-item[1], item[0]))
        self._put_title(row, "load")
        for at, (institute, n) in enumerate(loads, start=row + 1):
            self._summary.put(at, 0, names[institute].in_language(self._language))
            self._summary.put(at, 1, n, "bar")
        self._summary.put_bars(row + 1, 1, len(loads))
        return row + len(loads) + 2


def _level_text(level: Level, settings: Settings | None, language: Language) -> str:
    fitting = word("is_fitting" if level in FITTING else "is_near_miss", language)
    if settings is None:
        return fitting
    lows = {"strong": settings.bounds.strong, "fair": settings.bounds.fair, "weak": settings.bounds.weak}
    highs = dict(zip(LEVELS[1:], lows.values(), strict=True))
    key = "level_from" if level == "strong" else "level_below" if level == "none" else "level_between"
    values = {"low": f"{lows.get(level, 0):g}", "high": f"{highs.get(level, 1):g}"}
    told = [word(key, language).format(**values), fitting, record_sentence(settings.record, level, language)]
    return ("；" if language == "zh" else "; ").join(text for text in told if text)


def _shortlist_columns(language: Language) -> list[Column]:
    parts = (labelled(word("similarities", language), word(f"part_{one}", language), language) for one in SIMILARITIES)
    sources = (word("source_n", language).format(n=n + 1) for n in range(_N_SOURCES))
    return [
        Column(word("for_id", language), "code", 18),
        Column(word("for_title", language), "text", 30),
        Column(word("verdict", language), "text", 12),
        Column(word("rank", language), "count", 8),
        Column(word("institute", language), "text", 28),
        Column(word("score", language), "score", 9),
        Column(word("level", language), "text", 12),
        Column(word("capability", language), "text", 28),
        Column(word("reasons", language), "text", 44),
        Column(word("evidence", language), "text", 60),
        Column(word("note", language), "text", 30),
        # what is above is printed
        *(Column(source, "text", 36) for source in sources),
        *(Column(part, "score", 12) for part in parts),
        Column(word("institute_id", language), "code", 14),
    ]


def _shortlist_rows(shortlist: Shortlist, language: Language) -> Iterator[list[Cell]]:
    """A row for each match; one without rank where nothing could be matched. The note stands in the first."""
    problem = shortlist.problem
    asked: list[Cell] = [problem.id, problem.title or problem.description[:60]]
    asked.append(word(f"verdict_{shortlist.verdict}", language))
    note = _note(shortlist, language)
    for match in shortlist.matches:
        yield [*asked, *_match_cells(match, note, language)]
        note = ""
    if not shortlist.matches:
        yield [*asked, *[None] * (_N_PRINTED - len(asked) - 1), note]


def _match_cells(match: Match, note: str, language: Language) -> list[Cell]:
    known = (match.similarities.get(part) for part in SIMILARITIES)
    claims, sources = _evidence(match.evidence, language)
    return [
        match.rank,
        match.name.in_language(language),
        round(match.score, 6),
        Styled(level_word(match.level, language), match.level),
        capability_name(match, language),
        "\n".join(reason_text(reason, language) for reason in match.reasons),
        claims,
        note,
        *sources,
        *(None if value is None else round(value, 6) for value in known),
        match.institute,
    ]


def _evidence(evidence: Sequence[Citation], language: Language) -> tuple[str, list[Cell]]:
    """The claims, numbered, and the first sources in columns of their own; the address of a copy is never linked."""
    claims, sources = [], list[Cell]()
    for n, cited in enumerate(evidence, start=1):
        claim = f"{n}. {claim_text(cited, language)}"
        if n > _N_SOURCES:
            claim += f" {cited.source}"
        else:
            sources.append(
                Link(cited.source) if not cited.is_copy and ADDRESS.fullmatch(cited.source) else cited.source
            )
        claims.append(claim)
    return "\n".join(claims), [*sources, *[None] * (_N_SOURCES - len(sources))]


def _note(shortlist: Shortlist, language: Language) -> str:
    """What to ask back, whom to ask when none fits, and whom the problem's own limits removed."""
    notes = []
    if shortlist.verdict == "none":
        asked = shortlist.fallback
        key = "no_fit_ask" if asked else "no_fit"
        notes.append(word(key, language).format(name=asked.name.in_language(language) if asked else ""))
    notes += [f"{n}. {question.text}" for n, question in enumerate(shortlist.questions, start=1)]
    if shortlist.removed:
        removed = ("；" if language == "zh" else "; ").join(removal_text(one, language) for one in shortlist.removed)
        notes.append(labelled(word("removed", language), removed, language))
    return "\n".join(notes)


def _problem_columns(language: Language) -> list[Column]:
    widths = {"id": 20, "title": 36, "description": 70, "targets": 40, "conditions": 40, "tried": 40}
    return [
        Column(headings[language == "en"], _STYLES.get(field, "text"), widths.get(field, 24))
        for field, headings in PROBLEM_HEADINGS.items()
    ]


def _problem_cells(problem: Problem, language: Language) -> list[Cell]:
    """The fields in the order of ``PROBLEM_HEADINGS``; an item of a list has a line of its own."""
    require = problem.require
    lists = (problem.targets, problem.conditions, problem.cooperation, problem.keywords, problem.exclude)
    targets, conditions, cooperation, keywords, exclude = ("\n".join(items) for items in lists)
    return [
        *(problem.id, problem.title, problem.description, problem.enterprise, problem.industry, problem.region),
        *(targets, conditions, problem.tried, cooperation, problem.budget_cny, problem.deadline, keywords, exclude),
        "\n".join(require.institutes),
        _ROLES[require.role][language == "en"] if require.role else None,
        ("是", "yes")[language == "en"] if require.own else None,
        require.place,
    ]
