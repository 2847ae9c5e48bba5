"""Shortlists and rejected rows as JSON, JSONL, CSV, Markdown and workbooks, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Literal, TextIO, TypeAlias

from matchmaker.domain import Citation, Language, Level, Match, Question, Reason, Shortlist, Text
from matchmaker.errors import Fault, InputError
from matchmaker.files import atomic_writer, csv_text, drop_earlier, harmless
from matchmaker.messages import said
from matchmaker.writing.levels import (
    FITTING,
    LEVEL_WORDS,
    LEVELS_ONLY,
    Display,
    basis_text,
    left_out_sentence,
    level_bar,
    level_word,
    readiness_text,
    record_of,
)
from matchmaker.writing.words import (
    ADDRESS,
    SIMILARITIES,
    capability_name,
    claim_text,
    escaped,
    labelled,
    one_line,
    problem_heading,
    reason_text,
    removal_text,
    table_row,
    version,
    word,
)

Format: TypeAlias = Literal["table", "json", "jsonl", "csv", "md", "xlsx", "html", "parquet"]

FORMATS_BY_ENDING: Final[Mapping[str, Format]] = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".csv": "csv",
    ".md": "md",
    ".xlsx": "xlsx",
    ".html": "html",
    ".htm": "html",
}
CSV_COLUMNS: Final = (
    *("problem_id", "problem_title", "verdict", "rank", "institute", "institute_name"),
    *("score", "level", "capability", "reasons"),
)

_TABLE_COLUMNS: Final = {"rank": "--:", "institute": ":--", "level": ":--", "score": "--:", "capability": ":--"}
"""The columns of a Markdown table, and on which side they stand."""
_MOST_NAMED: Final = 3
"""So many institutes of a level are named in a sentence."""


def verdict_sentence(shortlist: Shortlist, language: Language) -> str:
    """One sentence: who is worth a call and what to do with each, that more must be asked, or that nobody fits."""
    if shortlist.verdict == "unclear":
        return _unclear_sentence(shortlist, language)
    fitting = [match for match in shortlist.matches if match.level in FITTING]
    if shortlist.verdict == "matched" and fitting:
        levels = [level for level in LEVEL_WORDS if any(match.level == level for match in fitting)]
        of_levels = (_names_at(level, fitting, language) for level in levels)
        return word("fits", language).format(
            n=len(fitting),
            fit="1 institute is" if len(fitting) == 1 else f"{len(fitting)} institutes are",
            names=("；" if language == "zh" else "; ").join(of_levels),
        )
    if shortlist.fallback is None:
        return word("no_fit", language)
    return word("no_fit_ask", language).format(name=one_line(shortlist.fallback.name.in_language(language)))


def _names_at(level: Level, fitting: Sequence[Match], language: Language) -> str:
    """Who stands at a level, the first ones by name."""
    names = [one_line(match.name.in_language(language)) for match in fitting if match.level == level]
    shown = ("、" if language == "zh" else ", ").join(names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        shown += word("and_more", language).format(n=len(names))
    verb = level_word(level, language)
    return word("fits_level", language).format(level=verb if language == "zh" else verb.lower(), names=shown)


def _unclear_sentence(shortlist: Shortlist, language: Language) -> str:
    n, fallback = len(shortlist.questions), shortlist.fallback
    if not n:
        return word("unclear_bare", language)
    if fallback is None:
        return word("unclear", language).format(n=n)
    name = one_line(fallback.name.in_language(language))
    return word("unclear_or_ask", language).format(n=n, name=name)


def as_object(shortlist: Shortlist) -> dict[str, object]:
    """The fields of DESIGN.md section 5, in that order, numbers rounded to 6 decimals; ``None`` is unknown."""
    problem, fallback = shortlist.problem, shortlist.fallback
    return {
        "matchmaker": version(),
        "settings": shortlist.settings,
        "institutes": shortlist.institutes,
        **({} if shortlist.ledger is None else {"ledger": shortlist.ledger}),
        "problem": {"id": problem.id, "title": problem.title, "language": problem.language},
        "verdict": shortlist.verdict,
        "questions": [question_object(question) for question in shortlist.questions],
        "matches": [match_object(match) for match in shortlist.matches],
        "fallback": None if fallback is None else {"institute": fallback.id, "name": text_object(fallback.name)},
        "removed": [
            {"institute": removal.institute, "name": text_object(removal.name), "limit": removal.limit}
            for removal in shortlist.removed
        ],
    }


def question_object(question: Question) -> dict[str, object]:
    return {**question.model_dump(mode="json"), "gain": round(question.gain, 6)}


def match_object(match: Match) -> dict[str, object]:
    capability, parts = match.capability, match.similarities
    return {
        "rank": match.rank,
        "institute": match.institute,
        "name": text_object(match.name),
        "score": round(match.score, 6),
        "level": match.level,
        "capability": {
            "id": capability.id,
            "name": text_object(capability.name),
            "via_parent": capability.via_parent,
            "strength": capability.strength,
        },
        "basis": match.basis.model_dump(),
        "readiness": None if match.readiness is None else match.readiness.model_dump(),
        "similarities": {part: None if (one := parts.get(part)) is None else round(one, 6) for part in SIMILARITIES},
        "reasons": [reason_object(reason) for reason in match.reasons],
        "evidence": [_citation_object(citation) for citation in match.evidence],
    }


def reason_object(reason: Reason) -> dict[str, object]:
    """A reason; its outcome only where it is a case."""
    fields = {**reason.model_dump(), "similarity": round(reason.similarity, 6)}
    if reason.outcome is None:
        del fields["outcome"]
    return fields


def _citation_object(citation: Citation) -> dict[str, object]:
    return {
        "claim": text_object(citation.claim),
        "year": citation.year,
        "source": citation.source,
        "via_parent": citation.via_parent,
        "copy": citation.is_copy,
    }


def text_object(text: Text) -> dict[str, str | None]:
    return {"zh": text.zh, "en": text.en}


def to_json(shortlist: Shortlist, *, indent: int | None = 2) -> str:
    """One JSON object, without a newline at its end."""
    return json.dumps(as_object(shortlist), ensure_ascii=False, indent=indent)


def to_jsonl(shortlist: Shortlist) -> str:
    """One JSON object on one line, without a newline at its end."""
    line = to_json(shortlist, indent=None)
    # JSON leaves these three as they are, but many readers (str.splitlines among them) end a line there.
    return line.replace("\x85", "\\u0085").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def table_rows(shortlist: Shortlist, language: Language) -> Iterator[tuple[str | int | float | None, ...]]:
    """What stands under ``CSV_COLUMNS``: a row for each match, one without rank where nothing matched."""
    separator = "；" if language == "zh" else "; "
    problem = (shortlist.problem.id, shortlist.problem.title, shortlist.verdict)
    for match in shortlist.matches:
        yield (
            *problem,
            match.rank,
            match.institute,
            match.name.in_language(language),
            round(match.score, 6),
            match.level,
            capability_name(match, language),
            separator.join(reason_text(reason, language) for reason in match.reasons),
        )
    if not shortlist.matches:
        limits = separator.join(removal_text(removal, language) for removal in shortlist.removed)
        yield (*problem, *[None] * 6, labelled(word("removed", language), limits, language) if limits else "")


def _csv_rows(shortlist: Shortlist, language: Language) -> Iterator[tuple[str, ...]]:
    return (tuple(map(_csv_cell, row)) for row in table_rows(shortlist, language))


def _csv_cell(value: str | float | None) -> str:
    if isinstance(value, float):
        return f"{value:.6f}"
    return harmless(value) if isinstance(value, str) else "" if value is None else str(value)


def to_csv(shortlists: Iterable[Shortlist], *, language: Language | None = None) -> str:
    """A whole CSV with its headings: one row per problem and rank, a row without rank where nothing matched.

    It begins with a BOM when it holds any non-ASCII character, else Excel would show Chinese as rubbish.
    """
    text = "".join(format_shortlists(shortlists, "csv", language))
    return text if text.isascii() else f"\ufeff{text}"


def to_markdown(shortlist: Shortlist, language: Language | None = None, display: Display = LEVELS_ONLY) -> str:
    """A section with title, verdict, table, and the reasons and evidence of each match; ends with a newline.

    Args:
        shortlist: What to write.
        language: The language of the words; the problem's own when not given.
        display: What is shown beside institutes and levels.
    """
    language = language or shortlist.problem.language
    listed = display.listed(shortlist)
    lines = [f"# {escaped(problem_heading(shortlist.problem))}", "", escaped(verdict_sentence(shortlist, language))]
    if shortlist.questions:
        lines += ["", *(f"{n}. {escaped(one.text)}" for n, one in enumerate(shortlist.questions, start=1))]
    if listed:
        columns = {key: side for key, side in _TABLE_COLUMNS.items() if key != "score" or display.scores}
        lines += ["", table_row(word(key, language) for key in columns), table_row(columns.values())]
        lines += [table_row(_match_cells(match, language, scores=display.scores)) for match in listed]
    n_left_out = len(shortlist.matches) - len(listed)
    for note in (left_out_sentence(n_left_out, language), record_of(shortlist, display, language)):
        lines += ["", escaped(note)] if note else []
    for match in listed:
        lines += _match_section(match, language, scores=display.scores)
    if shortlist.removed:
        lines += ["", f"## {word('removed', language)}", ""]
        lines += [f"- {escaped(removal_text(removal, language))}" for removal in shortlist.removed]
    return "\n".join(lines) + "\n"


def _match_cells(match: Match, language: Language, *, scores: bool) -> list[str]:
    # harmless: a table that is copied from a page into a spreadsheet has cells like any other
    name, capability = (
        escaped(harmless(one)) for one in (match.name.in_language(language), capability_name(match, language))
    )
    level = f"{level_bar(match.level)} {level_word(match.level, language)}"
    return [str(match.rank), name, level, *([f"{match.score:.2f}"] if scores else []), capability]


def _match_section(match: Match, language: Language, *, scores: bool) -> Iterator[str]:
    if not (match.reasons or match.evidence):
        return
    yield from ("", f"## {match.rank}. {escaped(match.name.in_language(language))}", "")
    signs = {"basis": basis_text(match.basis, language), "readiness": readiness_text(match.readiness, language)}
    for sign, told in signs.items():
        if told:
            yield f"- {labelled(word(sign, language), told, language)}"
    for reason in match.reasons:
        told = reason_text(reason, language, scores=scores)
        yield f"- {labelled(word(reason.kind, language), escaped(told), language)}"
    for citation in match.evidence:
        yield f"- {labelled(word('evidence', language), _citation_text(citation, language), language)}"


def _citation_text(citation: Citation, language: Language) -> str:
    is_link = not citation.is_copy and ADDRESS.fullmatch(citation.source)
    source = f"<{citation.source}>" if is_link else escaped(citation.source)
    return f"{escaped(claim_text(citation, language))} {source}"


def format_for(path: Path) -> Format:
    """The format that the ending of ``path`` names.

    Raises:
        InputError: The ending names no format.
    """
    known = FORMATS_BY_ENDING.get(path.suffix.lower())
    if known is None:
        finding = "no ending that names a format"
        if path.suffix:
            finding = said("unknown ending '{ending}'", ending=path.suffix)
        remedy = said("use one of {endings}, or give the format", endings=" ".join(FORMATS_BY_ENDING))
        raise InputError(Fault(str(path), finding, remedy))
    return known


def format_shortlists(
    shortlists: Iterable[Shortlist],
    format: Format,
    language: Language | None = None,
    display: Display = LEVELS_ONLY,
) -> Iterator[str]:
    """The text of many shortlists, piece by piece and without a BOM; JSON is an array, the others concatenate.

    Args:
        shortlists: Read one at a time.
        format: Any format but ``table``, which is for the terminal, ``xlsx``, which is no text, and ``html``, which
            ``matchmaker.writing.page`` writes.
        language: The language of names and words in CSV and Markdown; each problem's own when not given.
        display: What Markdown shows beside institutes and levels; the others hold everything.
    """
    if format in {"table", "xlsx", "html", "parquet"}:
        raise ValueError("a table is for the terminal, a workbook and a page are written whole; use another format")
    if format == "csv":
        yield opening(format)
    n_written = 0
    for shortlist in shortlists:
        yield piece_of(shortlist, format, language, is_first=n_written == 0, display=display)
        n_written += 1
    if format == "json":
        yield closing(format, n_written)


def opening(format: Format) -> str:
    """What stands before the first shortlist."""
    return csv_text([CSV_COLUMNS]) if format == "csv" else ""


def piece_of(
    shortlist: Shortlist,
    format: Format,
    language: Language | None,
    *,
    is_first: bool,
    display: Display = LEVELS_ONLY,
) -> str:
    """One shortlist of many, with what parts it from the one before."""
    if format == "json":
        return ("[\n  " if is_first else ",\n  ") + to_json(shortlist).replace("\n", "\n  ")
    if format == "jsonl":
        return to_jsonl(shortlist) + "\n"
    if format == "csv":
        return csv_text(_csv_rows(shortlist, language or shortlist.problem.language))
    return ("" if is_first else "\n") + to_markdown(shortlist, language, display)


def closing(format: Format, n_written: int) -> str:
    """What stands after the last shortlist."""
    if format != "json":
        return ""
    return "\n]\n" if n_written else "[]\n"


def write_shortlists(
    shortlists: Iterable[Shortlist],
    path: Path,
    format: Format,
    language: Language | None = None,
    display: Display = LEVELS_ONLY,
) -> None:
    """Write many shortlists as they come; the file appears whole at the end or not at all.

    Args:
        shortlists: Read one at a time.
        path: Replaced when it exists.
        format: Any format but ``table``. JSON is an array, also of one shortlist or none.
        language: The language of names and words in CSV and Markdown, each problem's own when not given; in a
            workbook, that of the first problem when not given.
        display: What Markdown shows beside institutes and levels; the others hold everything.

    Raises:
        InputError: The file cannot be written.
    """
    if format == "xlsx":
        from matchmaker.writing.workbook import write_workbook

        write_workbook(shortlists, path, language)
        return
    with atomic_writer(path, bom=format == "csv") as stream:
        for piece in format_shortlists(shortlists, format, language, display):
            stream.write(piece)


def write_shortlist(
    shortlist: Shortlist,
    path: Path,
    format: Format,
    language: Language | None = None,
    display: Display = LEVELS_ONLY,
) -> None:
    """Write one shortlist: as ``write_shortlists``, but JSON is the object itself, not an array."""
    if format != "json":
        write_shortlists([shortlist], path, format, language, display)
        return
    with atomic_writer(path) as stream:
        stream.write(to_json(shortlist) + "\n")


def rejects_opening(headings: Sequence[str]) -> str:
    """The first row of a file of rejected rows."""
    return csv_text([["line", "fault", *map(harmless, headings)]])


def reject_row(line: int, cells: Sequence[str], fault: str) -> str:
    """One rejected row, as it stands in a file of them."""
    return csv_text([[str(line), *map(harmless, (fault, *cells))]])


@contextmanager
def rejects_writer(path: Path, headings: Sequence[str]) -> Iterator[Callable[[int, Sequence[str], str], None]]:
    """Write the rows of a table that could not be read as problems, as CSV and as they come.

    The file appears when the block ends, and not at all when the block raises. Without a row there is none, and one of
    an earlier run goes; a device or a pipe stays.

    Args:
        path: Replaced when it exists.
        headings: The headings of the table.

    Yields:
        Takes line, cells and fault of a row. A row longer or shorter than the headings keeps its own length.

    Raises:
        InputError: The file cannot be written.
    """
    with ExitStack() as opened:
        stream: TextIO | None = None

        def write(line: int, cells: Sequence[str], fault: str) -> None:
            nonlocal stream
            if stream is None:
                stream = opened.enter_context(atomic_writer(path, bom=True))
                stream.write(rejects_opening(headings))
            stream.write(reject_row(line, cells, fault))

        yield write
        if stream is None:
            drop_earlier(path)
