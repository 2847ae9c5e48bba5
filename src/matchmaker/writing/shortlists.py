"""Shortlists as JSON, JSONL, CSV and Markdown; and files of rejected rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from matchmaker.csvcells import csv_text, escape_formulas
from matchmaker.distribution import version
from matchmaker.domain import Citation, Language, Level, Match, Question, Reason, Shortlist, Text
from matchmaker.files import atomic_writer, remove_existing
from matchmaker.messages import Translatable, translate, translate_counted
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
    record_sentence_for,
)
from matchmaker.writing.plain import one_line_of
from matchmaker.writing.words import (
    ADDRESS,
    KIND_WORDS,
    capability_name,
    claim_text,
    enumerated,
    escape_markdown,
    labelled,
    markdown_row,
    one_after_another,
    one_line,
    problem_heading,
    question_text,
    reason_text,
    removal_text,
    similarity_names,
    source_text,
)

if TYPE_CHECKING:
    from matchmaker.writing.out import Context

CSV_COLUMNS: Final = (
    *("problem_id", "problem_title", "verdict", "rank", "institute", "institute_name"),
    *("score", "level", "capability", "reasons"),
)

_TABLE_COLUMNS: Final[Mapping[Translatable, str]] = {
    "Rank": "--:",
    "Institute": ":--",
    "Level": ":--",
    "Score": "--:",
    "Capability": ":--",
}
"""The headings of a Markdown table, and on which side its columns stand."""
_MAX_NAMED: Final = 3
"""Institutes of one level that are named in a sentence."""


def verdict_sentence(shortlist: Shortlist, language: Language) -> str:
    """One sentence: who is worth a call, with levels; or that more must be asked first; or that nobody fits."""
    if shortlist.verdict == "unclear":
        return _unclear_sentence(shortlist, language)
    fitting = [match for match in shortlist.matches if match.level in FITTING]
    if shortlist.verdict == "matched" and fitting:
        levels = [level for level in LEVEL_WORDS if any(match.level == level for match in fitting)]
        of_levels = (_names_at(level, fitting, language) for level in levels)
        return translate_counted(
            len(fitting),
            "{n} institute is worth a call: {names}.",
            "{n} institutes are worth a call: {names}.",
            language,
            names=one_after_another(of_levels, language),
        )
    if shortlist.fallback is None:
        return translate("No institute fits this need.", language)
    return translate(
        "No institute fits this need; {name} can help to find an expert.",
        language,
        name=one_line(shortlist.fallback.name.in_language(language)),
    )


def _names_at(level: Level, fitting: Sequence[Match], language: Language) -> str:
    """The institutes at a level, the first ones by name."""
    names = [one_line(match.name.in_language(language)) for match in fitting if match.level == level]
    shown = enumerated(names[:_MAX_NAMED], language)
    if len(names) > _MAX_NAMED:
        shown += translate(" and others, {n} in all", language, n=len(names))
    return translate("{names} ({level})", language, level=level_word(level, language).lower(), names=shown)


def _unclear_sentence(shortlist: Shortlist, language: Language) -> str:
    n, fallback = len(shortlist.questions), shortlist.fallback
    if not n:
        return translate("Too vague to match: first ask what is needed.", language)
    if fallback is None:
        return translate("Too vague to match: first ask the questions below ({n}).", language, n=n)
    name = one_line(fallback.name.in_language(language))
    return translate(
        "It says too little to tell: ask back first ({n} below), or have {name} ask.", language, n=n, name=name
    )


def shortlist_object(shortlist: Shortlist) -> dict[str, object]:
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
    capability, parts, names = match.capability, match.similarities, similarity_names()
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
        "similarities": {name: None if (one := parts.get(name)) is None else round(one, 6) for name in names},
        "reasons": [reason_object(reason) for reason in match.reasons],
        "evidence": [_citation_object(citation) for citation in match.evidence],
    }


def reason_object(reason: Reason) -> dict[str, object]:
    """A reason as plain data; with its outcome only if it is a case."""
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


def to_json(shortlist: Shortlist) -> str:
    """One JSON object, without a newline at its end."""
    return json.dumps(shortlist_object(shortlist), ensure_ascii=False, indent=2)


def to_jsonl(shortlist: Shortlist) -> str:
    """One JSON object on one line, without a newline at its end."""
    return one_line_of(shortlist_object(shortlist))


def table_rows(shortlist: Shortlist, language: Language) -> Iterator[tuple[str | int | float | None, ...]]:
    """The rows under ``CSV_COLUMNS``: one for each match, or one without rank if there is none."""
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
            one_after_another((reason_text(reason, language) for reason in match.reasons), language),
        )
    if not shortlist.matches:
        limits = one_after_another((removal_text(removal, language) for removal in shortlist.removed), language)
        yield (
            *problem,
            *[None] * 6,
            labelled(translate("Removed by a hard limit", language), limits, language) if limits else "",
        )


def _csv_rows(shortlist: Shortlist, language: Language) -> Iterator[tuple[str, ...]]:
    return (tuple(map(_csv_cell, row)) for row in table_rows(shortlist, language))


def _csv_cell(value: str | float | None) -> str:
    if isinstance(value, float):
        return f"{value:.6f}"
    return escape_formulas(value) if isinstance(value, str) else "" if value is None else str(value)


def to_csv(shortlists: Iterable[Shortlist], *, language: Language | None = None) -> str:
    """A complete CSV with headings: one row per problem and rank, or one without rank if there is no match.

    It begins with a BOM if it contains non-ASCII characters, as Excel would show garbled Chinese otherwise.
    """
    from matchmaker.writing.out import Context

    text = "".join(CSV(shortlists, Context(language)))
    return text if text.isascii() else f"\ufeff{text}"


def to_markdown(shortlist: Shortlist, language: Language | None = None, display: Display = LEVELS_ONLY) -> str:
    """A section with title, verdict, table, and the reasons and evidence of each match; ends with a newline.

    Args:
        shortlist: The shortlist.
        language: The language of the words; by default the problem's own.
        display: What is shown in addition to institutes and levels.
    """
    language = language or shortlist.problem.shown_in
    listed = display.visible_matches(shortlist)
    lines = [
        f"# {escape_markdown(problem_heading(shortlist.problem))}",
        "",
        escape_markdown(verdict_sentence(shortlist, language)),
    ]
    if shortlist.questions:
        lines += [
            "",
            *(
                f"{n}. {escape_markdown(question_text(one, language))}"
                for n, one in enumerate(shortlist.questions, start=1)
            ),
        ]
    if listed:
        columns = {key: side for key, side in _TABLE_COLUMNS.items() if key != "Score" or display.scores}
        lines += ["", markdown_row(translate(key, language) for key in columns), markdown_row(columns.values())]
        lines += [markdown_row(_match_cells(match, language, scores=display.scores)) for match in listed]
    n_left_out = len(shortlist.matches) - len(listed)
    for note in (left_out_sentence(n_left_out, language), record_sentence_for(shortlist, display, language)):
        lines += ["", escape_markdown(note)] if note else []
    for match in listed:
        lines += _match_section(match, language, scores=display.scores)
    if shortlist.removed:
        lines += ["", f"## {translate('Removed by a hard limit', language)}", ""]
        lines += [f"- {escape_markdown(removal_text(removal, language))}" for removal in shortlist.removed]
    return "\n".join(lines) + "\n"


def _match_cells(match: Match, language: Language, *, scores: bool) -> list[str]:
    # harmless: a table that is copied from a page into a spreadsheet has cells like any other
    name, capability = (
        escape_markdown(escape_formulas(one))
        for one in (match.name.in_language(language), capability_name(match, language))
    )
    level = f"{level_bar(match.level)} {level_word(match.level, language)}"
    return [str(match.rank), name, level, *([f"{match.score:.2f}"] if scores else []), capability]


def _match_section(match: Match, language: Language, *, scores: bool) -> Iterator[str]:
    if not (match.reasons or match.evidence):
        return
    yield from ("", f"## {match.rank}. {escape_markdown(match.name.in_language(language))}", "")
    yield f"- {labelled(translate('Basis', language), basis_text(match.basis, language), language)}"
    if ready := readiness_text(match.readiness, language):
        yield f"- {labelled(translate('Readiness', language), ready, language)}"
    for reason in match.reasons:
        told = reason_text(reason, language, scores=scores)
        yield f"- {labelled(translate(KIND_WORDS[reason.kind], language), escape_markdown(told), language)}"
    for citation in match.evidence:
        yield f"- {labelled(translate('Evidence', language), _citation_text(citation, language), language)}"


def _citation_text(citation: Citation, language: Language) -> str:
    is_link = not citation.is_copy and ADDRESS.fullmatch(citation.source)
    source = f"<{citation.source}>" if is_link else escape_markdown(source_text(citation, language))
    return f"{escape_markdown(claim_text(citation, language))} {source}"


@dataclass(frozen=True, slots=True)
class Pieces:
    """A text of many shortlists that grows with each of them.

    Attributes:
        piece: One shortlist, with what parts it from the one before; told whether it is the first.
        opening: What stands before the first.
        closing: What stands after the last; told how many there are.
    """

    piece: Callable[[Shortlist, Context, bool], str]
    opening: str = ""
    closing: Callable[[int], str] = lambda n: ""  # noqa: ARG005

    def __call__(self, shortlists: Iterable[Shortlist], context: Context) -> Iterator[str]:
        """The whole text, piece by piece."""
        if self.opening:
            yield self.opening
        n_written = 0
        for shortlist in shortlists:
            yield self.piece(shortlist, context, n_written == 0)
            n_written += 1
        if end := self.closing(n_written):
            yield end


def _json_piece(shortlist: Shortlist, context: Context, is_first: bool) -> str:  # noqa: ARG001
    return ("[\n  " if is_first else ",\n  ") + to_json(shortlist).replace("\n", "\n  ")


def _jsonl_piece(shortlist: Shortlist, context: Context, is_first: bool) -> str:  # noqa: ARG001
    return to_jsonl(shortlist) + "\n"


def _csv_piece(shortlist: Shortlist, context: Context, is_first: bool) -> str:  # noqa: ARG001
    return csv_text(_csv_rows(shortlist, context.language or shortlist.problem.language))


def _markdown_piece(shortlist: Shortlist, context: Context, is_first: bool) -> str:
    return ("" if is_first else "\n") + to_markdown(shortlist, context.language, context.display)


JSON: Final = Pieces(_json_piece, closing=lambda n: "\n]\n" if n else "[]\n")
"""An array, also of one shortlist or none."""
JSONL: Final = Pieces(_jsonl_piece)
CSV: Final = Pieces(_csv_piece, opening=csv_text([CSV_COLUMNS]))
MARKDOWN: Final = Pieces(_markdown_piece)


def shortlist_as_json(shortlist: Shortlist, context: Context) -> Iterator[str]:  # noqa: ARG001
    """The object itself, not an array."""
    yield to_json(shortlist) + "\n"


@contextmanager
def rejects_writer(path: Path, headings: Sequence[str]) -> Iterator[Callable[[int, Sequence[str], str], None]]:
    """Write the rejected rows of a table as CSV, as they come.

    The file appears when the block ends, and not at all when the block raises. Without rows there is no file, and that
    of an earlier run is removed; a device or a pipe is left alone.

    Args:
        path: The file to make or to replace.
        headings: The headings of the table.

    Yields:
        A function that takes line, cells and fault of a row. Rows keep their own length.

    Raises:
        InputError: The file cannot be written.
    """
    with ExitStack() as opened:
        stream: TextIO | None = None

        def write(line: int, cells: Sequence[str], fault: str) -> None:
            nonlocal stream
            if stream is None:
                stream = opened.enter_context(atomic_writer(path, bom=True))
                stream.write(csv_text([["line", "fault", *map(escape_formulas, headings)]]))
            stream.write(csv_text([[str(line), *map(escape_formulas, (fault, *cells))]]))

        yield write
        if stream is None:
            remove_existing(path)
