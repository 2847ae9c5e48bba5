"""The flags that every command shares, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Optional, TypeAlias

import typer

from matchmaker.cli.boundary import tell
from matchmaker.cli.misuse import LANGUAGES
from matchmaker.errors import Fault, InputError
from matchmaker.messages import make_message
from matchmaker.writing.formats import FORMATS, Format, Result, format_for, formats_for

if TYPE_CHECKING:
    from matchmaker.domain import Language
    from matchmaker.evaluation import Run
    from matchmaker.runs.session import Session


class EncoderName(StrEnum):
    """Where closeness of meaning comes from."""

    auto = "auto"
    words = "words"
    e5 = "e5"


class SplitName(StrEnum):
    """Whether a text with several needs is split."""

    auto = "auto"
    never = "never"


class LanguageName(StrEnum):
    """The language of names and words."""

    zh = "zh"
    zh_hant = "zh-Hant"
    en = "en"

    @property
    def language(self) -> Language:
        """As the records name it."""
        return LANGUAGES[self.value.lower()]


def _keep_language(ctx: typer.Context, asked: LanguageName | None) -> LanguageName | None:
    """Kept at the root, where the boundary finds it when something goes wrong, and what stands before the command."""
    root = ctx.find_root()
    if asked:
        root.obj = asked.language
    return LanguageName(root.obj) if root.obj else None


def _address_of_a_cluster(address: str | None) -> str | None:
    """Checked before anything is read."""
    if address is not None:
        from matchmaker.runs.cluster import check_address

        check_address(address)
    return address


def _ledger_that_is_there(ctx: typer.Context, named: str | None) -> str | None:
    """A ledger that the environment names need not be there yet: there are no cases then."""
    from matchmaker.files import path_exists

    source = ctx.get_parameter_source("ledger")
    is_from_environment = source is not None and source.name == "ENVIRONMENT"
    is_missing = bool(named) and "://" not in str(named) and not path_exists(Path(str(named)))
    return "none" if is_from_environment and is_missing else named


Institutes = Annotated[
    Optional[Path],  # noqa: UP045 - Typer reads the annotation
    typer.Option(
        "--institutes",
        metavar="PATH",
        help="Profiles: a YAML or JSONL file, a folder of them, or 'gba' (further institutes of the Bay Area, shipped) "
        "or 'all'. Default: the five organisations of the alliance.",
        show_default=False,
    ),
]


def _format_of(kind: Result, help: str = "How to write. Default: by the ending of --output, else table.") -> Any:
    """``--format`` of a command that writes a kind of result: it offers what writes that, by its name."""
    names: Any = StrEnum("FormatName", [(one.name, one.name) for one in formats_for(kind)])  # type: ignore[misc]
    return Annotated[names | None, typer.Option("--format", help=help, show_default=False)]


if TYPE_CHECKING:  # a name by its text; the types below have Typer refuse any other
    ShortlistsFormat: TypeAlias = str | None
    BatchFormat: TypeAlias = str | None
    RankingFormat: TypeAlias = str | None
    ExplanationFormat: TypeAlias = str | None
    QuestionsFormat: TypeAlias = str | None
    RowsFormat: TypeAlias = str | None
    RecordFormat: TypeAlias = str | None
    FactsFormat: TypeAlias = str | None
    NumbersFormat: TypeAlias = str | None
    MeasuresFormat: TypeAlias = str | None
    CasesFormat: TypeAlias = str | None
else:
    _PRINTED = "How to print. Default: table."
    ShortlistsFormat = _format_of("shortlists")
    BatchFormat = _format_of(
        "shortlists",
        "How to write; parquet needs the extra [parquet]. Default: by the ending of --output, else csv.",
    )
    RankingFormat = _format_of("ranking")
    ExplanationFormat = _format_of("explanation")
    QuestionsFormat = _format_of(
        "questions",
        "table: plain text, ready to send. Default: by the ending of --output (.txt, .json, .md), else table.",
    )
    RowsFormat = _format_of("rows", _PRINTED)
    RecordFormat = _format_of("record", _PRINTED)
    FactsFormat = _format_of("facts", _PRINTED)
    NumbersFormat = _format_of("numbers")
    MeasuresFormat = _format_of("measures")
    CasesFormat = _format_of("cases", "How to write. Default: by the ending of --output, else jsonl.")
LanguageOption = Annotated[
    Optional[LanguageName],  # noqa: UP045
    typer.Option(
        "--lang",
        help="Language of names, words and messages; zh-Hant is Traditional Chinese. Default: the problem's; where "
        "there is no one problem, and of messages, the system's.",
        show_default=False,
        is_eager=True,
        callback=_keep_language,
    ),
]
Encoder = Annotated[
    Optional[EncoderName],  # noqa: UP045
    typer.Option(
        "--encoder",
        help="words: word vectors, quick. e5: the full encoder, more accurate; own profiles are encoded once, which "
        "takes a minute or so. auto: e5 for the needs that words leave open. Default: auto where all profiles are "
        "shipped ones, else words.",
        show_default=False,
    ),
]
SplitOption = Annotated[
    SplitName,
    typer.Option(
        "--split",
        help="auto: several needs in one text get a shortlist each. never: a text is one problem. Rows of a list and "
        "repeated forms are problems of their own all the same.",
    ),
]
Top = Annotated[int, typer.Option("--top", min=1, help="How many institutes a shortlist holds at most.")]
Scores = Annotated[
    bool, typer.Option("--scores", help="Show scores and similarities as numbers, too; files of data always hold them.")
]
Everything = Annotated[
    bool,
    typer.Option("--all", help="List institutes at no match below a matched shortlist, too; data always hold all."),
]
Output = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--output", "-o", metavar="FILE", help="Write here instead of to stdout.", show_default=False),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary, no notes on stderr.")]
Settings = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--settings",
        metavar="FILE",
        help="Weights and levels, a TOML file as 'calibrate' writes it. Default: the shipped ones.",
        show_default=False,
    ),
]
Dask = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--dask",
        metavar="ADDRESS",
        callback=_address_of_a_cluster,
        help="Match on the workers of a Dask cluster, such as tcp://host:8786, instead of here; needs the extra "
        "[dask]. Changes nothing in the results.",
        show_default=False,
    ),
]
Experience = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--ledger",
        envvar="MATCHMAKER_LEDGER",
        metavar="FILE|ADDRESS|none",
        help="The ledger whose cases, and referrals declined as not the field, count in the score; others tell how "
        "ready an institute is. Default: ledger.db in the user's folder for data, if there is one; none: without.",
        show_default=False,
        callback=_ledger_that_is_there,
    ),
]
AsOf = Annotated[
    Optional[datetime],  # noqa: UP045
    typer.Option(
        "--as-of",
        formats=["%Y-%m-%d"],
        help="The day from which the age of declined referrals is counted. Default: today.",
        show_default=False,
    ),
]
Columns = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--column",
        metavar="FIELD=HEADING",
        help="Say which column holds a field, such as title=需求名称. May be repeated.",
        show_default=False,
    ),
]


File = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Argument(
        metavar="FILE",
        help="A .docx, .pdf, .odt, .html, .eml, .txt, .md, .yaml or .json file; - reads stdin.",
        show_default=False,
    ),
]
FileOrTable = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Argument(
        metavar="FILE",
        help="A problem, as for match, or a table of problems, as for batch; - reads stdin.",
        show_default=False,
    ),
]
GivenText = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--text", help="The problem itself; the first line is the title.", show_default=False),
]
Chosen = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--problem",
        metavar="ID|NUMBER",
        help="Which problem of a file or text that holds several: its id, or its number from 1.",
        show_default=False,
    ),
]
Table = Annotated[
    Path,
    typer.Argument(
        metavar="FILE|FOLDER",
        help="Problems: .csv, .tsv, .xlsx, .ods, .xls, .jsonl or .parquet table, or a folder of tables and documents.",
    ),
]
Encoding = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--encoding", help="How the table is encoded. Default: detected.", show_default=False),
]
Sheets = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--sheet",
        metavar="SHEET",
        help="A sheet of a workbook, by name or number. May be repeated. Default: all that are not hidden.",
        show_default=False,
    ),
]
QrelsFile = Annotated[
    Path, typer.Option("--qrels", metavar="FILE", help="Judgements: lines 'problem 0 institute grade', grades 0 to 3.")
]


def session_from(
    institutes: Path | None = None,
    settings: Path | None = None,
    encoder: EncoderName | None = None,
    ledger: str | None = "none",
    as_of: datetime | None = None,
) -> Session:
    """The session that the flags of these names describe, without a ledger unless one is asked for."""
    from matchmaker.runs.session import Session

    found: Any = encoder.value if encoder else None
    return Session.open(institutes=institutes, settings=settings, encoder=found, ledger=ledger, as_of=as_of, tell=tell)


_MISUSE: Final = ("measures", "verdicts", "cases")
"""Of these kinds a wrong name of an output is exit code 2, of others 3."""
_ENDINGS: Final = frozenset(ending for one in FORMATS for ending in one.endings)


def format_from(kind: Result, name: str | None, output: Path | None, *, default: str = "table") -> Format:
    """The format asked for: ``--format`` first, then the ending of ``--output``, then the default.

    An ending that other results can have, but not an explanation or the numbers of a ledger, is wrong use as well.
    """
    try:
        return format_for(kind, output, name, default=default)
    except InputError as error:
        is_of_others = output is not None and name is None and output.suffix.lower() in _ENDINGS
        if not (kind in _MISUSE or (is_of_others and kind in ("explanation", "numbers"))):
            raise
        raise typer.BadParameter(error.faults[0].message) from error


def message_language(name: LanguageName | None) -> Language:
    """The language of messages, and of tables that are about no one problem: the one asked for, else the system's."""
    from matchmaker.cli.boundary import system_language

    return name.language if name else system_language()


def language_from(name: LanguageName | None) -> Language | None:
    """The language asked for, None for each problem's own."""
    return name.language if name else None


def columns_from(given: list[str] | None) -> dict[str, str]:
    """The fields and headings of ``--column``."""
    pairs = [pair.partition("=") for pair in given or []]
    for field, mark, heading in pairs:
        if not (mark and field.strip() and heading.strip()):
            entry = f"{field}{mark}{heading}"
            raise typer.BadParameter(
                make_message("'{entry}' is not FIELD=HEADING, such as title=需求名称", entry=entry)
            )
    return {field.strip(): heading.strip() for field, _, heading in pairs}


def put(data: object, kind: Result, format: str | None, show: Callable[[], None]) -> None:
    """Print plain data, or by ``show`` a table of it, which is the default."""
    from matchmaker.writing import write

    if format in (None, "table"):
        show()
    else:
        write(data, kind, str(format))


def put_text(text: str, output: Path | None, *, private: bool = False) -> None:
    """Write a text to a file, whole or not at all, or to stdout; a new file, if private, for its owner alone."""
    from matchmaker.writing import write_text

    write_text([text], output, private=private)


def write_run(path: Path | None, run: Run) -> None:
    """Write a run to a file, if one is named."""
    from matchmaker.evaluation import format_run
    from matchmaker.writing import write_text

    if path is not None:
        write_text(format_run(run), path)


def tell_written(output: Path | None, losses: Sequence[Fault] = (), *, quiet: bool) -> None:
    """Say on stderr what a file holds less than it should, and that it is written."""
    if quiet:
        return
    for loss in losses:
        tell(make_message("warning: {fault}", fault=loss.message))
    if output is not None:
        tell(make_message("wrote {path}", path=output))
