"""Shortlists and rejected rows as JSON, JSONL, CSV and Markdown, written whole or not at all.

Nothing here knows about the terminal; the words that files and terminal share (``WORDS``) stand here.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

from matchmaker.domain import Citation, Language, Level, Match, Reason, Removal, Shortlist, Text
from matchmaker.errors import Fault, InputError
from matchmaker.files import atomic_writer, csv_text, harmless

Format: TypeAlias = Literal["table", "json", "jsonl", "csv", "md"]

FORMATS_BY_ENDING: Final[Mapping[str, Format]] = {".json": "json", ".jsonl": "jsonl", ".csv": "csv", ".md": "md"}
_DIRECTIONS: Final = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))
SIMILARITIES: Final = ("keywords", "lexical", "semantic", "cases")
CSV_COLUMNS: Final = (
    *("problem_id", "problem_title", "verdict", "rank", "institute", "institute_name"),
    *("score", "level", "capability", "reasons"),
)

LEVEL_WORDS: Final[Mapping[Level, tuple[str, str]]] = {
    "strong": ("强相关", "strong"),
    "fair": ("较强相关", "fair"),
    "weak": ("弱相关", "weak"),
    "none": ("无相关", "none"),
}

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "fits": ("{n} 家机构合适，首选{name}（{level}，评分 {score}）。", "{fit}; the best is {name} ({level}, {score})."),
    "no_fit": ("没有合适的研究机构。", "No institute fits."),
    "no_fit_ask": ("没有合适的研究机构，请联系{name}。", "No institute fits; ask {name}."),
    "rank": ("名次", "Rank"),
    "institute": ("机构", "Institute"),
    "level": ("等级", "Level"),
    "score": ("评分", "Score"),
    "capability": ("能力", "Capability"),
    "evidence": ("依据", "Evidence"),
    "via_parent": ("经上级单位", "via the parent body"),
    "via_parent_long": (
        "经上级单位可及，非本机构自身记录",
        "reachable via the parent body, not the institute's own record",
    ),
    "inferred": ("推断", "inferred"),
    "copy": ("转载", "copy"),
    "removed": ("因硬性条件排除", "Removed by a hard limit"),
    "keyword": ("关键词", "keyword"),
    "sentence": ("语句", "sentence"),
    "case": ("案例", "case"),
}
"""Chinese and English of what is shown both in files and in the terminal."""


def word(key: str, language: Language) -> str:
    """The entry ``key`` of ``WORDS`` in this language."""
    return WORDS[key][language == "en"]


def level_word(level: Level, language: Language) -> str:
    """The name of a level as people read it."""
    return LEVEL_WORDS[level][language == "en"]


def bracketed(text: str, language: Language) -> str:
    """``text`` in the brackets of this language, to be put behind another text."""
    return f"（{text}）" if language == "zh" else f" ({text})"


def labelled(label: str, text: str, language: Language) -> str:
    """``text`` behind a label and the colon of this language."""
    return f"{label}：{text}" if language == "zh" else f"{label}: {text}"


def capability_name(match: Match, language: Language) -> str:
    """The matched capability, marked when only the parent body is known to have it."""
    name = match.capability.name.in_language(language)
    return name + bracketed(word("via_parent", language), language) if match.capability.via_parent else name


def one_line(text: str) -> str:
    """``text`` on one line; control and direction-changing characters become U+FFFD, as they could steer a terminal."""
    return "".join("\ufffd" if _steers(char) else char for char in " ".join(text.split()))


def _steers(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cs"} or unicodedata.bidirectional(char) in _DIRECTIONS


def problem_heading(shortlist: Shortlist) -> str:
    """The id and title of the problem on one line; without a title, the start of its description."""
    problem = shortlist.problem
    title = one_line(problem.title) or one_line(problem.description)[:60]
    return f"{one_line(problem.id)} {title}" if problem.id else title


def verdict_sentence(shortlist: Shortlist, language: Language) -> str:
    """One sentence: how many institutes fit and which fits best, or that none fits and whom to ask."""
    fitting = [match for match in shortlist.matches if match.level in {"strong", "fair"}]
    if shortlist.verdict == "matched" and fitting:
        best = fitting[0]
        return word("fits", language).format(
            n=len(fitting),
            fit="1 institute fits" if len(fitting) == 1 else f"{len(fitting)} institutes fit",
            name=one_line(best.name.in_language(language)),
            level=level_word(best.level, language),
            score=f"{best.score:.2f}",
        )
    if shortlist.fallback is None:
        return word("no_fit", language)
    return word("no_fit_ask", language).format(name=one_line(shortlist.fallback.name.in_language(language)))


@cache
def version() -> str:
    """The version of matchmaker that is installed, ``0+unknown`` when it runs from a folder of sources."""
    from importlib import metadata

    try:
        return metadata.version("matchmaker")
    except metadata.PackageNotFoundError:
        return "0+unknown"


def as_object(shortlist: Shortlist) -> dict[str, object]:
    """The fields of DESIGN.md section 5, in that order, numbers rounded to 6 decimals; ``None`` is unknown."""
    problem, fallback = shortlist.problem, shortlist.fallback
    return {
        "matchmaker": version(),
        "settings": shortlist.settings,
        "institutes": shortlist.institutes,
        "problem": {"id": problem.id, "title": problem.title, "language": problem.language},
        "verdict": shortlist.verdict,
        "matches": [_match_object(match) for match in shortlist.matches],
        "fallback": None if fallback is None else {"institute": fallback.id, "name": _text_object(fallback.name)},
        "removed": [
            {"institute": removal.institute, "name": _text_object(removal.name), "limit": removal.limit}
            for removal in shortlist.removed
        ],
    }


def _match_object(match: Match) -> dict[str, object]:
    capability, parts = match.capability, match.similarities
    return {
        "rank": match.rank,
        "institute": match.institute,
        "name": _text_object(match.name),
        "score": round(match.score, 6),
        "level": match.level,
        "capability": {
            "id": capability.id,
            "name": _text_object(capability.name),
            "via_parent": capability.via_parent,
            "strength": capability.strength,
        },
        "similarities": {part: None if (one := parts.get(part)) is None else round(one, 6) for part in SIMILARITIES},
        "reasons": [_reason_object(reason) for reason in match.reasons],
        "evidence": [_citation_object(citation) for citation in match.evidence],
    }


def _reason_object(reason: Reason) -> dict[str, object]:
    return {**reason.model_dump(), "similarity": round(reason.similarity, 6)}


def _citation_object(citation: Citation) -> dict[str, object]:
    return {
        "claim": _text_object(citation.claim),
        "year": citation.year,
        "source": citation.source,
        "via_parent": citation.via_parent,
        "copy": citation.is_copy,
    }


def _text_object(text: Text) -> dict[str, str | None]:
    return {"zh": text.zh, "en": text.en}


def to_json(shortlist: Shortlist, *, indent: int | None = 2) -> str:
    """One JSON object, without a newline at its end."""
    return json.dumps(as_object(shortlist), ensure_ascii=False, indent=indent)


def to_jsonl(shortlist: Shortlist) -> str:
    """One JSON object on one line, without a newline at its end."""
    line = to_json(shortlist, indent=None)
    # JSON leaves these three as they are, but many readers (str.splitlines among them) end a line there.
    return line.replace("\x85", "\\u0085").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def reason_text(reason: Reason, language: Language) -> str:
    """A reason in a few words: what the profile says, what the problem says, how close the two are."""
    arrow = "←" if language == "zh" else " <- "
    words = reason.term if reason.found in {"", reason.term} else f"{reason.term}{arrow}{reason.found}"
    mark = bracketed(word("inferred", language), language) if reason.inferred else ""
    return f"{one_line(words)}{mark} ({reason.similarity:.2f})"


def removal_text(removal: Removal, language: Language) -> str:
    """The institute that was taken off, and the limit that did it."""
    return one_line(removal.name.in_language(language) + bracketed(removal.limit, language))


def _csv_rows(shortlist: Shortlist, language: Language) -> Iterator[tuple[str, ...]]:
    separator = "；" if language == "zh" else "; "
    problem = (harmless(shortlist.problem.id), harmless(shortlist.problem.title), shortlist.verdict)
    for match in shortlist.matches:
        yield (
            *problem,
            str(match.rank),
            harmless(match.institute),
            harmless(match.name.in_language(language)),
            f"{match.score:.6f}",
            match.level,
            harmless(capability_name(match, language)),
            harmless(separator.join(reason_text(reason, language) for reason in match.reasons)),
        )
    if not shortlist.matches:
        limits = separator.join(removal_text(removal, language) for removal in shortlist.removed)
        yield (*problem, *[""] * 6, labelled(word("removed", language), limits, language) if limits else "")


def to_csv(shortlists: Iterable[Shortlist], *, language: Language | None = None) -> str:
    """A whole CSV with its headings: one row per problem and rank, a row without rank where nothing matched.

    It begins with a BOM when it holds any non-ASCII character, else Excel would show Chinese as rubbish.
    """
    text = "".join(format_shortlists(shortlists, "csv", language))
    return text if text.isascii() else f"\ufeff{text}"


_MARKDOWN_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}
_MARKDOWN_SPECIAL = re.compile(r"[\\`*_\[\]~$#&<>|]")
_MARKDOWN_LIST_START = re.compile(r"^(\d*)([-+.)])")
_ADDRESS = re.compile(r"https?://[^\s<>]+")


def _escaped(text: str) -> str:
    """``text`` as Markdown that shows it literally: no HTML, no link, no table cell, no list of its own."""
    literal = _MARKDOWN_SPECIAL.sub(lambda found: _MARKDOWN_ENTITIES.get(found[0], f"\\{found[0]}"), one_line(text))
    return _MARKDOWN_LIST_START.sub(r"\1\\\2", literal)


def to_markdown(shortlist: Shortlist, language: Language | None = None) -> str:
    """A section with title, verdict, table, and the reasons and evidence of each match; ends with a newline.

    Args:
        shortlist: What to write.
        language: The language of the words; the problem's own when not given.
    """
    language = language or shortlist.problem.language
    lines = [f"# {_escaped(problem_heading(shortlist))}", "", _escaped(verdict_sentence(shortlist, language))]
    if shortlist.matches:
        headings = [word(key, language) for key in ("rank", "institute", "level", "score", "capability")]
        lines += ["", _table_row(headings), "| --: | :-- | :-- | --: | :-- |"]
        lines += [_table_row(_match_cells(match, language)) for match in shortlist.matches]
    for match in shortlist.matches:
        lines += _match_section(match, language)
    if shortlist.removed:
        lines += ["", f"## {word('removed', language)}", ""]
        lines += [f"- {_escaped(removal_text(removal, language))}" for removal in shortlist.removed]
    return "\n".join(lines) + "\n"


def _table_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _match_cells(match: Match, language: Language) -> list[str]:
    name, capability = _escaped(match.name.in_language(language)), _escaped(capability_name(match, language))
    return [str(match.rank), name, level_word(match.level, language), f"{match.score:.2f}", capability]


def _match_section(match: Match, language: Language) -> Iterator[str]:
    if not (match.reasons or match.evidence):
        return
    yield from ("", f"## {match.rank}. {_escaped(match.name.in_language(language))}", "")
    if match.capability.via_parent:
        yield from (word("via_parent_long", language), "")
    for reason in match.reasons:
        yield f"- {labelled(word(reason.kind, language), _escaped(reason_text(reason, language)), language)}"
    for citation in match.evidence:
        yield f"- {labelled(word('evidence', language), _citation_text(citation, language), language)}"


def claim_text(citation: Citation, language: Language) -> str:
    """The year and the claim of a piece of evidence, with its marks; without its source."""
    marks = {"via_parent": citation.via_parent, "copy": citation.is_copy}
    shown = ("，" if language == "zh" else ", ").join(word(mark, language) for mark, holds in marks.items() if holds)
    claim = one_line(citation.claim.in_language(language)) + (bracketed(shown, language) if shown else "")
    return claim if citation.year is None else f"{citation.year} {claim}"


def _citation_text(citation: Citation, language: Language) -> str:
    is_link = not citation.is_copy and _ADDRESS.fullmatch(citation.source)
    source = f"<{citation.source}>" if is_link else _escaped(citation.source)
    return f"{_escaped(claim_text(citation, language))} {source}"


def format_for(path: Path) -> Format:
    """The format that the ending of ``path`` names.

    Raises:
        InputError: The ending names no format.
    """
    known = FORMATS_BY_ENDING.get(path.suffix.lower())
    if known is None:
        finding = f"unknown ending '{path.suffix}'" if path.suffix else "no ending that names a format"
        raise InputError(Fault(str(path), finding, f"use one of {' '.join(FORMATS_BY_ENDING)}, or give the format"))
    return known


def format_shortlists(
    shortlists: Iterable[Shortlist],
    format: Format,
    language: Language | None = None,
) -> Iterator[str]:
    """The text of many shortlists, piece by piece and without a BOM; JSON is an array, the others concatenate.

    Args:
        shortlists: Read one at a time.
        format: Any format but ``table``, which is for the terminal.
        language: The language of names and words in CSV and Markdown; each problem's own when not given.
    """
    if format == "table":
        raise ValueError("a table is for the terminal; write json, jsonl, csv or md")
    if format == "csv":
        yield csv_text([CSV_COLUMNS])
    n_written = 0
    for shortlist in shortlists:
        if format == "json":
            yield ("[\n  " if n_written == 0 else ",\n  ") + to_json(shortlist).replace("\n", "\n  ")
        elif format == "jsonl":
            yield to_jsonl(shortlist) + "\n"
        elif format == "csv":
            yield csv_text(_csv_rows(shortlist, language or shortlist.problem.language))
        else:
            yield ("\n" if n_written else "") + to_markdown(shortlist, language)
        n_written += 1
    if format == "json":
        yield "\n]\n" if n_written else "[]\n"


def write_shortlists(
    shortlists: Iterable[Shortlist],
    path: Path,
    format: Format,
    language: Language | None = None,
) -> None:
    """Write many shortlists as they come; the file appears whole at the end or not at all.

    Args:
        shortlists: Read one at a time.
        path: Replaced when it exists.
        format: Any format but ``table``. JSON is an array, also of one shortlist or none.
        language: The language of names and words in CSV and Markdown; each problem's own when not given.

    Raises:
        InputError: The file cannot be written.
    """
    with atomic_writer(path, bom=format == "csv") as stream:
        for piece in format_shortlists(shortlists, format, language):
            stream.write(piece)


def write_shortlist(
    shortlist: Shortlist,
    path: Path,
    format: Format,
    language: Language | None = None,
) -> None:
    """Write one shortlist: as ``write_shortlists``, but JSON is the object itself, not an array."""
    if format != "json":
        write_shortlists([shortlist], path, format, language)
        return
    with atomic_writer(path) as stream:
        stream.write(to_json(shortlist) + "\n")


def write_rejects(path: Path, headings: Sequence[str], rejects: Iterable[tuple[int, Sequence[str], str]]) -> None:
    """Write the rows of a table that could not be read as problems, as CSV.

    Args:
        path: Replaced when it exists.
        headings: The headings of the table.
        rejects: Line, cells and fault of each row. A row longer or shorter than the headings keeps its own length.

    Raises:
        InputError: The file cannot be written.
    """
    with atomic_writer(path, bom=True) as stream:
        stream.write(csv_text([["line", "fault", *map(harmless, headings)]]))
        for line, cells, fault in rejects:
            stream.write(csv_text([[str(line), *map(harmless, (fault, *cells))]]))
