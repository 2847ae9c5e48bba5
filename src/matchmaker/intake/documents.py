"""Problems from a document: a text or any file an office writes, from a file or from standard input."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from matchmaker.domain import Problem
from matchmaker.errors import EncodingError, Fault, ProblemError
from matchmaker.intake.fields import Loaded, build_problem, named_values
from matchmaker.intake.syntax import read_json, read_yaml
from matchmaker.intake.values import Given, Style, id_from, shown
from matchmaker.messages import counted, listed, said, shortened
from matchmaker.office.encodings import decode
from matchmaker.office.kinds import kind_of
from matchmaker.office.reading import open_bytes

if TYPE_CHECKING:
    from matchmaker.intake.splitting import Split

Format: TypeAlias = Literal["yaml", "json", "md", "txt", "auto"]
"""How a problem is written; ``auto`` looks at the text itself, as for standard input."""

MAX_BYTES = 10_000_000
MAX_DOCUMENT = 50_000_000
_FORMATS: Mapping[str, Format] = {
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".md": "md",
    ".markdown": "md",
}
_TABLES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson"})
_WORKBOOKS = frozenset({".et", ".ods", ".parquet", ".xls", ".xlsb", ".xlsm", ".xlsx"})
_PROGRAMS = frozenset({".key", ".numbers", ".pages"})
_ENDINGS: Mapping[str, str] = {
    **dict.fromkeys((".doc", ".docx", ".docm", ".dot", ".dotx", ".odt", ".wps"), "packed"),
    ".pdf": "pdf",
    ".html": "html",
    ".htm": "html",
    ".eml": "eml",
    ".rtf": "rtf",
    **dict.fromkeys((".txt", ".md", ".yaml", ".yml", ".json"), "text"),
}
_AS_TEXT = "save it as text (.txt), or paste the text: matchmaker match -"
_STDIN = said("standard input")
_FIELD_LINE: Final = r"\s*[\w\"' .-]{1,40}[:：]"


def load_problem(path: Path | str) -> Problem:
    """Read the one problem a file holds: as ``load_problems``, of which there must be one; a text is not split.

    Raises:
        ProblemError: As for ``load_problems``, or it holds several problems.
    """
    return _the_only(load_problems(path, split="never"), str(path))


def load_problems(path: Path | str, *, split: Split = "auto") -> Loaded:
    """Read the problems a document holds.

    ``.yaml .yml .json .md .markdown`` are read as such. Word and LibreOffice documents, PDF files, web pages and mails
    are told by their content, whatever their ending. Any other file that is a text is plain text: its first line is the
    title, the rest the description, unless it is a form of labels (``需求名称：…``) or holds several needs
    (``split_needs``). The id is the file's name without its ending, unless the file gives one; several get ``-1``,
    ``-2`` … after it. What has fields (YAML, JSON, front matter) is one problem.

    Args:
        path: The file. The encoding of a text is detected (UTF-8, UTF-16, GB18030, Big5, Windows-1252).
        split: ``never`` takes a text as one problem. Rows of a list and repeated forms are problems all the same.

    Raises:
        ProblemError: There is no such file, it cannot be read, it holds no problem, or fields are wrong; all faults at
            once.
    """
    path = Path(path)
    with open_bytes(path, ProblemError) as file:
        data = file.read(MAX_DOCUMENT + 1)  # one more than allowed shows that there is more
    return _loaded(data, None, str(path), id_from(path), path.suffix.lower(), split)


def problems_from_bytes(
    data: bytes, *, format: Format = "auto", place: str = _STDIN, default_id: str = "stdin", split: Split = "auto"
) -> Loaded:
    """Read problems from bytes of an unknown kind, such as those of standard input.

    Args:
        data: At most 50 MB, 10 MB of text.
        format: How a text is written.
        place: What to call the bytes in an error.
        default_id: The id if the problem gives none.
        split: As for ``load_problems``.

    Raises:
        ProblemError: As for ``load_problems``.
    """
    return _loaded(data, format, place, default_id, "", split)


def problem_from_bytes(
    data: bytes, *, format: Format = "auto", place: str = _STDIN, default_id: str = "stdin"
) -> Problem:
    """Read one problem from bytes: as ``problems_from_bytes``, of which there must be one; a text is not split."""
    loaded = problems_from_bytes(data, format=format, place=place, default_id=default_id, split="never")
    return _the_only(loaded, place)


def parse_problems(text: str, *, format: Format, place: str, default_id: str, split: Split = "auto") -> Loaded:
    """Read problems from text: as ``parse_problem``, but a plain text may be a form or hold several needs."""
    text = text.removeprefix("\ufeff")
    written_as = _format_of(text, place) if format == "auto" and text.strip() else format
    is_free = written_as in ("txt", "md") and not text.lstrip().startswith("---")
    if is_free:
        from matchmaker.intake.drafts import form_from_text  # kept out of start-up, as all that few documents need
        from matchmaker.office.markdown import markdown_text

        plain = text if written_as == "txt" else markdown_text(text)
        form = form_from_text(plain, place=place, default_id=default_id, split=split)
        if form is not None:
            return form
    problem = parse_problem(text, format=written_as, place=place, default_id=default_id)
    parts = _needs(problem, text, written_as) if is_free and split == "auto" else (problem,)
    return Loaded(parts, split=tuple(part.title for part in parts) if len(parts) > 1 else ())


def _needs(problem: Problem, text: str, written_as: Format) -> tuple[Problem, ...]:
    """The needs of a free text, by its lines with their marks, the title first."""
    from matchmaker.intake.lists import Line, lines_of
    from matchmaker.intake.splitting import split_lines
    from matchmaker.office.markdown import split_markdown

    if written_as != "md":
        return split_lines(problem, lines_of(text.strip()))
    document = split_markdown(text, front_matter=False)
    return split_lines(problem, [Line(document.title), *lines_of(document.marked)])


def _the_only(loaded: Loaded, place: str) -> Problem:
    if len(loaded.problems) == 1:
        return loaded.problems[0]
    names = listed(shortened(problem.title or problem.id) for problem in loaded.problems[:5])
    finding = said("holds {n} problems: {names}", n=len(loaded.problems), names=names)
    raise ProblemError(Fault(place, finding, "this needs one problem; choose one of them"))


def _loaded(data: bytes, format: Format | None, place: str, default_id: str, suffix: str, split: Split) -> Loaded:
    kind = kind_of(data, suffix)
    if suffix in _PROGRAMS:
        raise ProblemError(Fault(place, said("{suffix} files cannot be read", suffix=suffix), _AS_TEXT))
    if suffix in _TABLES or (suffix in _WORKBOOKS and kind == "text"):
        finding = said("a {suffix} file holds many problems, this needs one", suffix=suffix)
        raise ProblemError(Fault(place, finding, said("use: matchmaker batch {path}", path=place)))
    most, size = (MAX_BYTES, "10 MB") if kind == "text" else (MAX_DOCUMENT, "50 MB")
    if len(data) > most:
        finding = said("larger than {size}", size=size)
        raise ProblemError(Fault(place, finding, "a problem is a few pages of text; cut it down"))
    if kind == "text":
        loaded = _from_bytes(data, format or _FORMATS.get(suffix, "txt"), place, default_id, split)
    else:
        from matchmaker.intake.readers import read_document

        loaded = read_document(data, kind, place=place, default_id=default_id, split=split)
    if _ENDINGS.get(suffix, kind) == kind:
        return loaded
    finding = said("its ending is {suffix}, but it is not such a file; read as what it is", suffix=suffix)
    return replace(loaded, warnings=(Fault(place, finding), *loaded.warnings))


def _from_bytes(data: bytes, format: Format, place: str, default_id: str, split: Split) -> Loaded:
    try:
        text, _ = decode(data, place=place)
    except EncodingError as error:
        raise ProblemError(error.faults) from error
    return parse_problems(text, format=format, place=place, default_id=default_id, split=split)


def parse_problem(text: str, *, format: Format, place: str, default_id: str) -> Problem:
    """Read one problem from text.

    Args:
        text: The text.
        format: ``txt`` takes the first line that is not empty as the title and the rest as the description; ``md`` does
            the same without markup, and reads fields from front matter; ``yaml`` and ``json`` hold fields, named in
            English or Chinese; ``auto`` is one of these by the look of the text, ``txt`` in doubt.
        place: What to call the text in an error.
        default_id: The id if the problem gives none.

    Raises:
        ProblemError: The text is empty or says nothing, its syntax is wrong, or fields are; all faults at once.
    """
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise ProblemError(Fault(place, "empty", "write the problem's title on the first line, then its description"))
    written_as = _format_of(text, place) if format == "auto" else format
    if written_as == "yaml":
        return _from_fields(read_yaml(text, place=place), place=place, default_id=default_id, style="yaml")
    if written_as == "json":
        return _from_fields(read_json(text, place=place), place=place, default_id=default_id, style="json")
    if written_as == "md":
        return _from_markdown(text, place=place, default_id=default_id)
    return _from_text(text, place=place, default_id=default_id)


def _format_of(text: str, place: str) -> Format:
    start = text.lstrip()
    if re.match(r'\{\s*["}]', start):
        return "json"
    if start.startswith("---"):
        return "md"
    if re.match(_FIELD_LINE, start) and _has_only_known_fields(start, place):
        return "yaml"
    return "txt"


def _has_only_known_fields(text: str, place: str) -> bool:
    try:
        mapping = read_yaml(text, place=place)
    except ProblemError:
        return False
    return isinstance(mapping, Mapping) and not named_values(mapping, place=place)[1]


def _from_text(text: str, *, place: str, default_id: str) -> Problem:
    from matchmaker.office.markdown import heading_text

    title, _, description = text.strip().partition("\n")
    values = {"title": Given("title", heading_text(title)), "description": Given("description", description)}
    return _built(values, place=place, default_id=default_id, style="yaml")


def _from_markdown(text: str, *, place: str, default_id: str) -> Problem:
    from matchmaker.office.markdown import split_markdown

    document = split_markdown(text)
    values: dict[str, Given] = {}
    faults: list[Fault] = []
    if document.front is not None:
        front = read_yaml(document.front, place=place)
        if not isinstance(front, Mapping):  # two rules around a paragraph, no fields
            document = split_markdown(text, front_matter=False)
        else:
            values, faults = named_values(front, place=place)
    if faults:
        raise ProblemError(faults)
    title, body = document.title, document.body
    if "title" in values:
        body = body if values["title"].value == title else f"{title}\n\n{body}"
    else:
        values["title"] = Given("title", title)
    described = values.get("description")
    if described is None or not described.value:
        values["description"] = Given("description", body)
    elif isinstance(described.value, str):
        values["description"] = Given(described.name, f"{described.value.strip()}\n\n{body}")
    return _built(values, place=place, default_id=default_id, style="yaml")


def _from_fields(data: object, *, place: str, default_id: str, style: Style) -> Problem:
    several = next(_lists_of_problems(data), None)
    if several is not None:
        one, many = "a list of {n} problem, this needs one problem", "a list of {n} problems, this needs one problem"
        remedy = "give one file for each, or put them in a table (.csv, .jsonl) for: matchmaker batch"
        raise ProblemError(Fault(place, counted(len(several), one, many), remedy))
    if not isinstance(data, Mapping):
        example = "title: 管网漏损检测" if style == "yaml" else '{"title": "管网漏损检测"}'
        finding = said("expected fields, found {value}", value=shown(data))
        raise ProblemError(Fault(place, finding, said("write for example {example}", example=example)))
    values, faults = named_values(data, place=place)
    if faults:  # the known fields may be wrong as well, and all is to be reported at once
        known = build_problem(values, place=place, default_id=default_id, style=style)
        raise ProblemError([*faults, *(fault for fault in known.faults if fault.place != place)])
    return _built(values, place=place, default_id=default_id, style=style)


def _lists_of_problems(data: object) -> Iterator[list[object]]:
    if isinstance(data, list):
        yield data
    if isinstance(data, Mapping) and len(data) == 1:
        yield from (value for key, value in data.items() if key == "problems" and isinstance(value, list))


def _built(values: Mapping[str, Given], *, place: str, default_id: str, style: Style) -> Problem:
    built = build_problem(values, place=place, default_id=default_id, style=style)
    if built.problem is None:
        raise ProblemError(built.faults)
    return built.problem
