"""The formats that results are written in. What ``--format`` offers, what is refused and what writes comes from here.

To add a format: a module beside this one with a function for each kind of result it can write, and a line in
``FORMATS``.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from matchmaker.errors import Fault, InputError
from matchmaker.messages import join_messages, make_message

Result: TypeAlias = Literal[
    "shortlist",  # of one problem, where it is not written as one of many
    "shortlists",
    "ranking",  # shortlists of one match each, for one institute
    "explanation",
    "questions",
    "rows",  # a list of plain objects
    "record",  # one plain object, which may stand on a line
    "facts",  # one plain object
    "numbers",  # of a ledger
    "measures",
    "verdicts",  # that are wrong
    "cases",
]
"""The kinds of result that commands write."""


class Format(NamedTuple):
    """One way to write results.

    Attributes:
        name: What ``--format`` calls it.
        endings: Of the files that are written so.
        writes: Kind of result to the place of its writer below ``matchmaker.writing``: ``module:name``, imported when
            it is needed. A writer takes the result and a ``Context``, and gives the text in pieces; of a binary format
            it takes the result, a path and the ``Context``, and gives the losses to tell of.
        shows: Kind of result to the place of what prints it on the terminal; empty where the command itself does.
        streams: Whether many shortlists can be written one by one, so that a run may be interrupted in between. The
            writer is a ``Pieces`` then. What does not stream is made when all shortlists are known.
        is_binary: Whether it is no text.
        has_mark: Whether a text that is not all ASCII begins with a byte order mark.
        holds_rejects: Whether it has a place for the rows of a table that gave no problem.
        needs: The place of what raises ``MissingExtraError`` where the format cannot be written.
    """

    name: str
    endings: tuple[str, ...] = ()
    writes: Mapping[Result, str] = MappingProxyType({})
    shows: Mapping[Result, str] = MappingProxyType({})
    streams: bool = False
    is_binary: bool = False
    has_mark: bool = False
    holds_rejects: bool = False
    needs: str = ""

    def writer(self, kind: Result) -> Any:
        """What writes a kind of result."""
        return _found(self.writes[kind])

    def printer(self, kind: Result) -> Any:
        """What prints a kind of result on the terminal."""
        return _found(self.shows[kind])

    def check_installed(self) -> None:
        """Refuse a format that cannot be written here, before any work is done.

        Raises:
            MissingExtraError: Its extra is not installed.
        """
        if self.needs:
            _found(self.needs)()


FORMATS: Final = (
    Format(
        "table",
        (".txt",),
        writes={"questions": "lint:questions_as_message"},
        shows={
            "shortlists": "terminal.shortlists:show_shortlists",
            "ranking": "",
            "explanation": "terminal.explanation:show_explanation",
            "numbers": "terminal.stats:show_numbers",
            "measures": "measures:show_measures",
            **dict.fromkeys(("rows", "record", "facts"), ""),
        },
    ),
    Format(
        "json",
        (".json",),
        writes={
            "shortlist": "shortlists:shortlist_as_json",
            **dict.fromkeys(("shortlists", "ranking"), "shortlists:JSON"),
            "explanation": "explanations:explanation_as_json",
            "questions": "lint:questions_as_json",
            "measures": "measures:measures_as_json",
            "numbers": "numbers:numbers_as_json",
            "rows": "plain:as_array",
            **dict.fromkeys(("record", "facts"), "plain:as_json"),
        },
        streams=True,
    ),
    Format(
        "jsonl",
        (".jsonl",),
        writes={
            **dict.fromkeys(("shortlists", "ranking"), "shortlists:JSONL"),
            "rows": "plain:as_lines",
            "record": "plain:as_line",
            "cases": "ledgerfiles:cases_as_lines",
        },
        streams=True,
    ),
    Format(
        "csv",
        (".csv",),
        writes={
            **dict.fromkeys(("shortlists", "ranking"), "shortlists:CSV"),
            "numbers": "numbers:numbers_as_csv",
            "verdicts": "terminal.verdicts:errors_as_csv",
            "cases": "ledgerfiles:cases_as_csv",
        },
        streams=True,
        has_mark=True,
    ),
    Format(
        "md",
        (".md",),
        writes={
            **dict.fromkeys(("shortlists", "ranking"), "shortlists:MARKDOWN"),
            "explanation": "explanations:explanation_as_markdown",
            "questions": "lint:questions_as_markdown",
            "measures": "measures:measures_as_markdown",
            "numbers": "numbers:numbers_as_markdown",
            "verdicts": "terminal.verdicts:errors_as_markdown",
            "cases": "ledgerfiles:cases_as_markdown",
        },
        streams=True,
    ),
    Format(
        "xlsx",
        (".xlsx",),
        writes={
            **dict.fromkeys(("shortlists", "ranking"), "workbook:write_book"),
            "verdicts": "terminal.verdicts:errors_as_workbook",
        },
        is_binary=True,
        holds_rejects=True,
    ),
    Format(
        "html",
        (".html", ".htm"),
        writes={"shortlist": "page.page:page_of_problem", "shortlists": "page.page:page_of_problems"},
    ),
    Format(
        "parquet",
        (".parquet",),
        writes=dict.fromkeys(("shortlists", "ranking"), "columns:write_columns"),
        is_binary=True,
        needs="columns:check_parquet",
    ),
)
"""In the order in which help names them."""


def formats_for(kind: Result) -> tuple[Format, ...]:
    """The formats in which a kind of result is printed or written."""
    return tuple(one for one in FORMATS if kind in one.writes or kind in one.shows)


def format_named(name: str) -> Format:
    """The format of this name.

    Raises:
        ValueError: There is none.
    """
    for one in FORMATS:
        if one.name == name:
            return one
    raise ValueError(f"no format is called '{name}'; known: {', '.join(one.name for one in FORMATS)}")


def format_for(kind: Result, output: Path | None, name: str | None = None, *, default: str = "table") -> Format:
    """The format asked for: by name, else by the ending of the output, else the default.

    Args:
        kind: What is to be written.
        output: ``None`` for standard output.
        name: Of a format.
        default: The name of the format without name and output.

    Raises:
        InputError: It does not write this kind of result into a file, or the ending is that of no format that does.
        MissingExtraError: Its extra is not installed.
        ValueError: No format is called so, or it does not write this kind of result at all.
    """
    if name is not None or output is None:
        found = format_named(name or default)
        if found not in formats_for(kind):
            raise ValueError(f"{kind} are written as {', '.join(one.name for one in formats_for(kind))}, not as {name}")
        if output is not None and kind not in found.writes:
            names = join_messages(one.name for one in formats_for(kind) if kind in one.writes)
            raise InputError(
                Fault(
                    str(output),
                    "a table is for the terminal",
                    make_message("use --format with one of: {names}", names=names),
                )
            )
    else:
        found = _by_ending(kind, output)
    found.check_installed()
    return found


def _by_ending(kind: Result, output: Path) -> Format:
    known = {ending: one for one in formats_for(kind) if kind in one.writes for ending in one.endings}
    found = known.get(output.suffix.lower())
    if found is None:
        finding = "no file ending, so the format is unknown"
        if output.suffix:
            finding = make_message("unknown file ending '{ending}'", ending=output.suffix)
        remedy = make_message("use one of {endings}, or give the format", endings=" ".join(known))
        raise InputError(Fault(str(output), finding, remedy))
    return found


def _found(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(f"matchmaker.writing.{module}"), name)
