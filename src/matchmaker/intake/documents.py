"""Problems from a document: a text or any office file, from a file or from standard input."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from matchmaker.domain import Problem
from matchmaker.errors import EncodingError, Fault, ProblemError
from matchmaker.intake.fields import LoadedProblems, build_problem, named_values
from matchmaker.intake.syntax import read_json, read_yaml
from matchmaker.intake.values import NamedValue, ValueStyle, id_from_path, quoted_value
from matchmaker.messages import join_messages, make_counted_message, make_message, shortened
from matchmaker.office.encodings import decode
from matchmaker.office.kinds import FileKind, kind_by_ending, kind_of
from matchmaker.office.reading import open_bytes

if TYPE_CHECKING:
    from matchmaker.intake.splitting import Split

TextFormat: TypeAlias = Literal["yaml", "json", "md", "txt", "auto"]
"""The format of a text with a problem; ``auto`` detects it from the text itself, as for standard input."""

MAX_BYTES = 10_000_000
MAX_DOCUMENT = 50_000_000
_FORMAT_BY_ENDING: Final[Sequence[TextFormat]] = ("yaml", "json", "md")
_AS_TEXT = "save it as text (.txt), or paste the text: matchmaker match -"
_STDIN = make_message("standard input")
_FIELD_LINE: Final = r"\s*[\w\"' .-]{1,40}[:：]"


def load_problem(path: Path | str) -> Problem:
    """Read the only problem of a file, as ``load_problems`` does; a text is not split.

    Raises:
        ProblemError: As for ``load_problems``, or it holds several problems.
    """
    return the_only(load_problems(path, split="never"), str(path))


def load_problems(path: Path | str, *, split: Split = "auto") -> LoadedProblems:
    """Read the problems of a document.

    ``.yaml .yml .json .md .markdown`` are read as such. Word and LibreOffice documents, PDF files, web pages and mails
    are recognised by their content, whatever their ending. Any other text file is plain text: its first line is the
    title and the rest the description, unless it is a form with labels (``需求名称：…``) or holds several needs
    (``split_needs``). A file with fields (YAML, JSON, front matter) is one problem. The id is the file name without its
    ending, unless the file gives one; several problems get ``-1``, ``-2`` … after it.

    Args:
        path: The file. The encoding of a text is detected (UTF-8, UTF-16, GB18030, Big5, Windows-1252).
        split: ``never`` takes a text as one problem. Rows of a list and repeated forms are separate problems even so.

    Raises:
        ProblemError: There is no such file, it cannot be read, it holds no problem, or fields are wrong; all faults at
            once.
    """
    path = Path(path)
    with open_bytes(path, ProblemError) as file:
        data = file.read(MAX_DOCUMENT + 1)  # one byte more shows that the file is too large
    return _load(data, None, str(path), id_from_path(path), path.suffix.lower(), split)


def problems_from_bytes(
    data: bytes, *, format: TextFormat = "auto", place: str = _STDIN, default_id: str = "stdin", split: Split = "auto"
) -> LoadedProblems:
    """Read problems from bytes of an unknown kind, such as those of standard input.

    Args:
        data: At most 50 MB, or 10 MB of text.
        format: The format of a text.
        place: What to call the bytes in an error.
        default_id: The id of a problem that gives none.
        split: As for ``load_problems``.

    Raises:
        ProblemError: As for ``load_problems``.
    """
    return _load(data, format, place, default_id, "", split)


def parse_problems(
    text: str, *, format: TextFormat, place: str, default_id: str, split: Split = "auto"
) -> LoadedProblems:
    """Read problems from text, as ``parse_problem`` does, except that a plain text may be a form or hold several."""
    text = text.removeprefix("\ufeff")
    text_format = _format_of(text, place) if format == "auto" and text.strip() else format
    is_free = text_format in ("txt", "md") and not text.lstrip().startswith("---")
    if is_free:
        from matchmaker.intake.drafts import form_from_text  # kept out of start-up, as all that few documents need
        from matchmaker.office.markdown import markdown_text

        plain = text if text_format == "txt" else markdown_text(text)
        form = form_from_text(plain, place=place, default_id=default_id, split=split)
        if form is not None:
            return form
    problem = parse_problem(text, format=text_format, place=place, default_id=default_id)
    parts = _split_text(problem, text, text_format) if is_free and split == "auto" else (problem,)
    return LoadedProblems(parts, split=tuple(part.title for part in parts) if len(parts) > 1 else ())


def _split_text(problem: Problem, text: str, text_format: TextFormat) -> tuple[Problem, ...]:
    """The needs of a free text; they are found by its lines with their list marks, the title first."""
    from matchmaker.intake.lists import Line, text_lines
    from matchmaker.intake.splitting import split_lines
    from matchmaker.office.markdown import split_markdown

    if text_format != "md":
        return split_lines(problem, text_lines(text.strip()))
    document = split_markdown(text, front_matter=False)
    return split_lines(problem, [Line(document.title), *text_lines(document.marked)])


def the_only(loaded: LoadedProblems, place: str) -> Problem:
    """The one problem of what was read.

    Raises:
        ProblemError: There are several.
    """
    if len(loaded.problems) == 1:
        return loaded.problems[0]
    names = join_messages(shortened(problem.title or problem.id) for problem in loaded.problems[:5])
    finding = make_message("contains {n} problems: {names}", n=len(loaded.problems), names=names)
    raise ProblemError(Fault(place, finding, "this needs one problem; choose one of them"))


def _load(
    data: bytes, format: TextFormat | None, place: str, default_id: str, suffix: str, split: Split
) -> LoadedProblems:
    kind, named = kind_of(data, suffix), kind_by_ending(suffix)
    if named and not named.can_be_told:
        raise ProblemError(Fault(place, make_message("{suffix} files cannot be read", suffix=suffix), _AS_TEXT))
    if named and named.holds in ("table", "workbook") and "text" in (kind, named.within):
        finding = make_message("a {suffix} file holds many problems, this needs one", suffix=suffix)
        raise ProblemError(Fault(place, finding, make_message("use: matchmaker batch {path}", path=place)))
    max_bytes, size = (MAX_BYTES, "10 MB") if kind == "text" else (MAX_DOCUMENT, "50 MB")
    if len(data) > max_bytes:
        finding = make_message("larger than {size}", size=size)
        raise ProblemError(Fault(place, finding, "a problem is a few pages of text; cut it down"))
    if kind == "text":
        loaded = _load_text(data, format or _text_format(named), place, default_id, split)
    else:
        from matchmaker.intake.readers import read_document

        loaded = read_document(data, kind, place=place, default_id=default_id, split=split)
    if named is None or named.holds in ("table", "workbook") or kind in (named.name, named.within):
        return loaded
    finding = make_message("its ending is {suffix}, but it is not such a file; read as what it is", suffix=suffix)
    return replace(loaded, warnings=(Fault(place, finding), *loaded.warnings))


def _text_format(named: FileKind | None) -> TextFormat:
    """How a text is written whose file ends as one of this kind does."""
    return next((known for known in _FORMAT_BY_ENDING if named and named.name == known), "txt")


def _load_text(data: bytes, format: TextFormat, place: str, default_id: str, split: Split) -> LoadedProblems:
    try:
        text, _ = decode(data, place=place)
    except EncodingError as error:
        raise ProblemError(error.faults) from error
    return parse_problems(text, format=format, place=place, default_id=default_id, split=split)


def parse_problem(text: str, *, format: TextFormat, place: str, default_id: str) -> Problem:
    """Read one problem from text.

    Args:
        text: The text.
        format: ``txt`` takes the first line that is not empty as the title and the rest as the description; ``md`` does
            the same without markup, and reads fields from front matter; ``yaml`` and ``json`` hold fields, named in
            English or Chinese; ``auto`` is what the text looks like, ``txt`` in doubt.
        place: What to call the text in an error.
        default_id: The id of a problem that gives none.

    Raises:
        ProblemError: The text is empty or meaningless, or its syntax or fields are wrong; all faults at once.
    """
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise ProblemError(Fault(place, "empty", "write the problem's title on the first line, then its description"))
    text_format = _format_of(text, place) if format == "auto" else format
    if text_format == "yaml":
        return _from_fields(read_yaml(text, place=place), place=place, default_id=default_id, style="yaml")
    if text_format == "json":
        return _from_fields(read_json(text, place=place), place=place, default_id=default_id, style="json")
    if text_format == "md":
        return _from_markdown(text, place=place, default_id=default_id)
    return _from_text(text, place=place, default_id=default_id)


def _format_of(text: str, place: str) -> TextFormat:
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
    values = {"title": NamedValue("title", heading_text(title)), "description": NamedValue("description", description)}
    return _build_or_raise(values, place=place, default_id=default_id, style="yaml")


def _from_markdown(text: str, *, place: str, default_id: str) -> Problem:
    from matchmaker.office.markdown import split_markdown

    document = split_markdown(text)
    values: dict[str, NamedValue] = {}
    faults: list[Fault] = []
    if document.front is not None:
        front = read_yaml(document.front, place=place)
        if not isinstance(front, Mapping):  # not fields, but two rules around a paragraph
            document = split_markdown(text, front_matter=False)
        else:
            values, faults = named_values(front, place=place)
    if faults:
        raise ProblemError(faults)
    title, body = document.title, document.body
    if "title" in values:
        body = body if values["title"].value == title else f"{title}\n\n{body}"
    else:
        values["title"] = NamedValue("title", title)
    description = values.get("description")
    if description is None or not description.value:
        values["description"] = NamedValue("description", body)
    elif isinstance(description.value, str):
        values["description"] = NamedValue(description.name, f"{description.value.strip()}\n\n{body}")
    return _build_or_raise(values, place=place, default_id=default_id, style="yaml")


def _from_fields(data: object, *, place: str, default_id: str, style: ValueStyle) -> Problem:
    problem_list = next(_lists_of_problems(data), None)
    if problem_list is not None:
        one, many = "a list of {n} problem, this needs one problem", "a list of {n} problems, this needs one problem"
        remedy = "give one file for each, or put them in a table (.csv, .jsonl) for: matchmaker batch"
        raise ProblemError(Fault(place, make_counted_message(len(problem_list), one, many), remedy))
    if not isinstance(data, Mapping):
        example = "title: 管网漏损检测" if style == "yaml" else '{"title": "管网漏损检测"}'
        finding = make_message("expected fields, found {value}", value=quoted_value(data))
        raise ProblemError(Fault(place, finding, make_message("write for example {example}", example=example)))
    values, faults = named_values(data, place=place)
    if faults:  # the known fields may be wrong as well, and all faults are reported at once
        known_part = build_problem(values, place=place, default_id=default_id, style=style)
        raise ProblemError([*faults, *(fault for fault in known_part.faults if fault.place != place)])
    return _build_or_raise(values, place=place, default_id=default_id, style=style)


def _lists_of_problems(data: object) -> Iterator[list[object]]:
    if isinstance(data, list):
        yield data
    if isinstance(data, Mapping) and len(data) == 1:
        yield from (value for key, value in data.items() if key == "problems" and isinstance(value, list))


def _build_or_raise(values: Mapping[str, NamedValue], *, place: str, default_id: str, style: ValueStyle) -> Problem:
    result = build_problem(values, place=place, default_id=default_id, style=style)
    if result.problem is None:
        raise ProblemError(result.faults)
    return result.problem
