"""Many problems from a table: text with delimiters, JSON objects on lines, a workbook or Parquet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeAlias

from matchmaker.domain import Problem
from matchmaker.errors import EncodingError, Fault, TableError, did_you_mean
from matchmaker.intake.fields import build_problem
from matchmaker.intake.headingrows import Headings
from matchmaker.intake.headings import FIELDS, position_of
from matchmaker.intake.seenids import SeenIds
from matchmaker.intake.sources import (
    BAD_BYTES,
    JsonLinesSource,
    RowSource,
    list_headings,
    open_delimited,
    open_parquet,
    open_sheet,
)
from matchmaker.intake.splitting import NEVER_SPLIT, Split, split_finding, split_needs
from matchmaker.intake.values import NamedValue
from matchmaker.messages import make_message, writable
from matchmaker.office.csvrows import Record
from matchmaker.office.encodings import detect
from matchmaker.office.reading import FIRST_BAD_BYTE, encoding_sample, file_state, find_codec, open_bytes
from matchmaker.office.sheets import Sheet, choose_sheets, read_sheets
from matchmaker.office.tablekinds import RecognisedTable, TableKind, recognise

MAX_WARNINGS = 1_000
"""Warnings and unused keys that are kept; ``n_warnings`` counts all warnings."""
_MAX_ERRORS_NAMED = 3
_NO_ROWS = "a table has a row of headings, then a row for each problem"


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that is not a problem.

    Attributes:
        line: The number of its first line, or of its row in a sheet.
        cells: Its cells as in the file; if sheets have different headings, under the headings of the whole table.
        faults: Why it is rejected.
        sheet: The name of its sheet; empty if the file has none.
    """

    line: int
    cells: tuple[str, ...]
    faults: tuple[Fault, ...]
    sheet: str = ""


class RawRow(NamedTuple):
    """A row as read: its values by field, including further fields, and its place, line and cells."""

    values: Mapping[str, NamedValue]
    place: str
    line: int
    cells: tuple[str, ...]


Row: TypeAlias = Problem | RejectedRow
Check: TypeAlias = Callable[[Problem], Sequence[Fault]]


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """The headings by field and the unused headings of one sheet; ``sheet`` is empty if the file has no sheets."""

    sheet: str
    columns: Mapping[str, str]
    unused: tuple[str, ...]


def read_problems(
    path: Path | str,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    sheets: Sequence[str] = (),
    check: Check | None = None,
    more: Mapping[str, str] | None = None,
    split: Split = "never",
) -> ProblemTable:
    """Open a table of problems: text with delimiters (CSV, TSV), JSON lines (JSONL), xlsx, ods, xls or Parquet.

    The kind is recognised by the content. The headings may follow title rows.

    Args:
        path: The file; a regular one, as it is read more than once.
        columns: Fields to headings; these take precedence over what is recognised.
        encoding: The encoding of a text; detected by default.
        sheets: Names or numbers (from 1) of the sheets to read; by default all that are not hidden.
        check: Returns faults of a problem beyond its fields, such as ``Matcher.limit_faults``; its row is rejected.
        more: Further fields and their names, as in ``columns_of``; their values are in ``ProblemTable.last_row``.
        split: ``auto`` yields a problem for each need of a row, by ``split_needs``.

    Returns:
        The table. Iterating over it reads the rows; only those of a workbook are held in memory.

    Raises:
        TableError: The file cannot be read as a table, no heading is recognised as title or description, or
            ``columns`` or ``sheets`` name something that does not exist.
        MissingExtraError: It is Parquet, and pyarrow is not installed.
    """
    return ProblemTable(Path(path), columns or {}, encoding, sheets, check, more, split=split)


class ProblemTable:
    """The problems of one file, in its order. Every iteration reads the rows anew.

    Attributes:
        kind: The kind of table.
        columns: The heading of each field, from the first sheet that has it.
        unused: Headings that are not read. For JSONL, keys of later lines are added while iterating.
        headings: The names of the cells of a rejected row.
        mappings: ``columns`` and ``unused`` sheet by sheet.
        encoding: The Python codec the file is read with; empty when it is no text.
        delimiter: The delimiter of cells; ``None`` if there is none.
        notes: What a person should know before the rows are read: sheets left out, hidden rows, a wrong ending.
        n_blank: Blank rows seen by the latest iteration.
        n_repeated: Rows seen that repeat the headings.
        warnings: What the latest iteration had to leave out of a problem or to change; the first 1,000.
        n_warnings: The number of warnings.
        last_row: The row read last.
    """

    def __init__(
        self,
        path: Path,
        overrides: Mapping[str, str],
        encoding: str | None = None,
        sheets: Sequence[str] = (),
        check: Check | None = None,
        more: Mapping[str, str] | None = None,
        prefix: str = "",
        split: Split = "never",
    ) -> None:
        """Read the start of the file; see ``read_problems``. ``prefix`` begins the ids of rows without one."""
        self._path = path
        self._place = str(path)
        self._overrides = dict(overrides)
        self._check = check
        self._more = more or {}
        self._prefix = prefix
        self._split = split
        self.last_row = RawRow({}, self._place, 0, ())
        self._reset()
        self._state = file_state(path)
        self.encoding = ""
        self.delimiter: str | None = None
        self.notes: tuple[Fault, ...] = ()
        with open_bytes(path, TableError) as file:
            if not file.seekable():
                finding = "this is a pipe, and a table is read more than once"
                raise TableError(Fault(self._place, finding, "save it to a file"))
            recognised = recognise(path, file)
            self.kind: TableKind = recognised.kind
            self._note(recognised.note)
            self._sources = self._open_sources(file, recognised, encoding, sheets)
        self.headings = tuple(dict.fromkeys(name for source in self._sources for name in source.headings))
        if len(self._sources) == 1:
            self.headings = self._sources[0].headings

    @property
    def columns(self) -> Mapping[str, str]:
        """The heading of each field."""
        return {field: heading for mapping in reversed(self.mappings) for field, heading in mapping.columns.items()}

    @property
    def unused(self) -> tuple[str, ...]:
        """Headings that are not read in any sheet."""
        return tuple(dict.fromkeys(name for source in self._sources for name in source.unused))[:MAX_WARNINGS]

    @property
    def mappings(self) -> tuple[ColumnMapping, ...]:
        """The recognised columns, sheet by sheet."""
        return tuple(
            ColumnMapping(
                source.sheet,
                {field: writable(column.heading) for field, column in source.columns.items()},
                source.unused,
            )
            for source in self._sources
        )

    def __iter__(self) -> Iterator[Row]:
        """The rows in the order of the file, each a problem or a rejected row; blank ones are only counted.

        Raises:
            TableError: The file has changed since it was opened, so rows of both versions may have been read.
        """
        self._reset()
        with SeenIds() as seen:
            for source in self._sources:
                for record in source.records():
                    if record.is_blank:
                        self.n_blank += 1
                    elif source.is_repetition(record):
                        self.n_repeated += 1
                    else:
                        yield from self._needs(self._row(source, record, seen), seen)
        if file_state(self._path) != self._state:
            fault = Fault(str(self._path), "changed while it was being read", "run again when nothing writes to it")
            raise TableError(fault)

    def _needs(self, row: Row, seen: SeenIds) -> Iterator[Row]:
        """The row, or its needs if rows are split."""
        parts = () if isinstance(row, RejectedRow) or self._split == "never" else split_needs(row)
        if len(parts) < 2:
            yield row
            return
        self._warn(Fault(self.last_row.place, split_finding([part.title for part in parts]), NEVER_SPLIT))
        for part in parts:
            yield part.model_copy(update={"id": seen.unique(part.id)})

    def _row(self, source: RowSource, record: Record, seen: SeenIds) -> Row:
        place = source.place(record)
        values, fault = self._values(source, record, place)
        self.last_row = RawRow(values, place, record.line, record.cells)
        if fault:
            return self._rejected(source, record, (fault,))
        sheet = f"{source.sheet}-" if len(self._sources) > 1 else ""
        default_id = f"{self._prefix}{sheet}row-{record.line}"
        result = build_problem(values, place=place, default_id=default_id, style="cell")
        if result.problem is None:
            return self._rejected(source, record, result.faults)
        faults = self._check(result.problem) if self._check else ()
        if faults:
            faults_in_place = tuple(Fault(place, fault.finding, fault.remedy) for fault in faults)
            return self._rejected(source, record, faults_in_place)
        for warning in result.warnings:
            self._warn(warning)
        own_id = seen.unique(result.problem.id)
        if own_id == result.problem.id:
            return result.problem
        finding = make_message("duplicate id '{id}'", id=result.problem.id)
        self._warn(Fault(place, finding, make_message("this row gets the id '{id}'", id=own_id)))
        return result.problem.model_copy(update={"id": own_id})

    def _values(self, source: RowSource, record: Record, place: str) -> tuple[dict[str, NamedValue], Fault | None]:
        if record.finding:
            return {}, Fault(place, record.finding, record.remedy)
        if bad := BAD_BYTES.search("".join(record.cells)):
            byte = ord(bad[0]) - ord(FIRST_BAD_BYTE)
            finding = make_message("byte 0x{byte:02x} is not {encoding}", byte=byte, encoding=self.encoding or "utf-8")
            return {}, Fault(place, finding, "correct the row, or save the table as CSV UTF-8")
        return source.values(record, place)

    def _rejected(self, source: RowSource, record: Record, faults: tuple[Fault, ...]) -> RejectedRow:
        cells = tuple(BAD_BYTES.sub("\ufffd", cell) for cell in record.cells)
        if self.headings != source.headings:
            by_name = dict(zip(source.headings, cells, strict=False))
            cells = tuple(by_name.get(name, "") for name in self.headings)
        return RejectedRow(record.line, cells, faults, source.sheet)

    def _open_sources(
        self, file: BinaryIO, recognised: RecognisedTable, encoding: str | None, sheets: Sequence[str]
    ) -> Sequence[RowSource]:
        if recognised.kind in ("xlsx", "ods", "xls"):
            return self._usable_sheets(read_sheets(file, recognised, self._place), sheets)
        if sheets:
            raise TableError(Fault(self._place, "it has no sheets", "leave --sheet out"))
        source: RowSource
        if recognised.kind == "parquet":
            source = open_parquet(self._path, self._overrides, self._more)
            names = source.headings
        else:
            file.seek(0)
            self.encoding = _encoding_of(file, self._place, encoding)
            if recognised.kind == "lines":
                source = lines = JsonLinesSource(self._path, self.encoding, self._overrides, self._more)
                names = lines.names
            else:
                source, self.delimiter, note = open_delimited(self._path, self.encoding, self._overrides, self._more)
                names = source.headings
                self._note(note)
        _check_overrides(self._overrides, names, self._place, self._more)
        _check_usable(source, names, self._place)
        return [source]

    def _usable_sheets(self, sheets: Sequence[Sheet], wanted: Sequence[str]) -> Sequence[RowSource]:
        chosen = choose_sheets(sheets, wanted, self._place)
        opened = [
            (sheet, cells) for sheet in chosen if (cells := open_sheet(self._path, sheet, self._overrides, self._more))
        ]
        if not opened:
            raise TableError(Fault(self._place, "all sheets are empty", _NO_ROWS))
        names = [name for _, (source, _, _) in opened for name in source.headings]
        _check_overrides(self._overrides, names, self._place, self._more)
        # Beside a table, a sheet with a single recognised word is most likely an explanation or a list of words.
        min_fields = (
            2
            if any(len(headings.fields) > 1 and headings.is_usable for _, (_, headings, _) in opened) and not wanted
            else 1
        )
        sources: list[RowSource] = []
        for sheet, (source, headings, note) in opened:
            if not headings.is_usable or len(headings.fields) < min_fields:
                self._note_unusable(sheet, headings)
                continue
            sources.append(source)
            self._note(note)
            self._note_facts(sheet)
        for sheet in sheets:
            if sheet not in chosen:
                self._note_left_out(sheet, wanted)
        if not sources:
            raise TableError([_unusable(self._sheet_place(one.sheet), one.headings) for _, (one, _, _) in opened])
        return sources

    def _note_unusable(self, sheet: Sheet, headings: Headings) -> None:
        place = self._sheet_place(sheet.name)
        if headings.is_usable:
            finding = "skipped: only one of its headings is recognised"
            self._note(Fault(place, finding, make_message("to read it: --sheet {n}", n=sheet.number)))
        else:
            self._note(Fault(place, "skipped: no column is recognised as title or description"))

    def _note_left_out(self, sheet: Sheet, wanted: Sequence[str]) -> None:
        if sheet.is_hidden and not wanted:
            finding = "hidden, so it is skipped"
            self._note(
                Fault(self._sheet_place(sheet.name), finding, make_message("to read it: --sheet {n}", n=sheet.number))
            )

    def _note_facts(self, sheet: Sheet) -> None:
        place = self._sheet_place(sheet.name)
        if sheet.facts.n_hidden_rows:
            self._note(Fault(place, make_message("hidden rows are read too: {n}", n=sheet.facts.n_hidden_rows)))
        if sheet.facts.n_hidden_columns:
            self._note(Fault(place, make_message("hidden columns are read too: {n}", n=sheet.facts.n_hidden_columns)))
        if sheet.facts.errors:
            named_errors = [f"{_cell_name(at)} {text}".strip() for at, text in sorted(sheet.facts.errors.items())]
            shown = ", ".join(named_errors[:_MAX_ERRORS_NAMED]) + (
                " …" if len(named_errors) > _MAX_ERRORS_NAMED else ""
            )
            finding = make_message(
                "errors and formulas without a result are read as blank: {n} ({cells})",
                n=len(named_errors),
                cells=shown,
            )
            self._note(Fault(place, finding, "correct them in Excel or WPS if they matter"))

    def _sheet_place(self, sheet: str) -> str:
        return make_message("{place}, sheet '{sheet}'", place=self._place, sheet=sheet)

    def _note(self, note: Fault | None) -> None:
        if note is not None:
            self.notes = (*self.notes, note)

    def _reset(self) -> None:
        self.n_blank = 0
        self.n_repeated = 0
        self.n_warnings = 0
        self.warnings: list[Fault] = []

    def _warn(self, warning: Fault) -> None:
        self.n_warnings += 1
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(warning)


def _encoding_of(file: BinaryIO, place: str, named: str | None) -> str:
    if named:
        return find_codec(named, place)
    try:
        return detect(encoding_sample(file), place=place, is_start=True)
    except EncodingError as error:
        raise TableError(error.faults) from error


def _known_fields() -> tuple[str, ...]:
    limits = ("require.institutes", "require.role", "require.own", "require.place")
    return (*(field for field in FIELDS if field != "require"), *limits)


def _check_overrides(
    overrides: Mapping[str, str], names: Sequence[str], place: str, more: Collection[str] = ()
) -> None:
    faults: list[Fault] = []
    known = (*_known_fields(), *more)
    for field, heading in overrides.items():
        if field not in (*known, "require"):
            finding = make_message("no such field: '{name}'{hint}", name=field, hint=did_you_mean(field, known))
            faults.append(Fault("--column", finding, make_message("the fields are: {names}", names=", ".join(known))))
        elif position_of(heading, names) is None:
            finding = make_message("no heading '{heading}'{hint}", heading=heading, hint=did_you_mean(heading, names))
            faults.append(Fault(place, finding, make_message("the headings are: {names}", names=list_headings(names))))
    if faults:
        raise TableError(faults)


def _check_usable(source: RowSource, names: Sequence[str], place: str) -> None:
    if "title" not in source.columns and "description" not in source.columns:
        raise TableError(_unusable(place, names))


def _unusable(place: str, names: Sequence[str]) -> Fault:
    finding = make_message(
        "no column is recognised as title or description; the first row is: {names}", names=list_headings(names)
    )
    remedy = "name one with --column title=HEADING; the first row must hold the headings"
    return Fault(place, finding, remedy)


def _cell_name(position: tuple[int, int]) -> str:
    """The name of a cell in a spreadsheet, such as ``B12``."""
    row, column = position
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row + 1}"
