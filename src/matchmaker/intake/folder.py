"""Many problems from a folder of files: documents and tables mixed, in the order of their names."""

from __future__ import annotations

import io
import traceback
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

from matchmaker import log
from matchmaker.domain import Problem
from matchmaker.errors import Fault, MatchmakerError, TableError
from matchmaker.files import csv_text, is_file, is_there
from matchmaker.intake.documents import load_problems
from matchmaker.intake.splitting import NEVER, Split, split_finding
from matchmaker.intake.tables import MAX_WARNINGS, Check, ProblemTable, Rejected, Row, SeenIds, Taken
from matchmaker.intake.values import id_from
from matchmaker.messages import said

_TABLES: Final = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".xlsx", ".xlsm", ".ods", ".xls", ".et", ".parquet"})
_WORKBOOKS: Final = frozenset({".xlsx", ".xlsm", ".ods", ".xls", ".et"})
_N_FIRST: Final = 5


class ProblemFolder:
    """The problems of all files of a folder. Every iteration reads them anew; it is used as a ``ProblemTable`` is.

    A file that cannot be read gives one rejected row, and the next file follows. Hidden files, those that Office keeps
    while one is open (``~$…``) and folders inside are passed over; of the latter a note tells.

    Attributes:
        kind: Always ``folder``.
        headings: What the cells of a rejected row are called: its file, and the row as it would stand in CSV.
        taken: Nothing: what is taken for what differs from file to file.
        encoding: Nothing, for the same reason.
        notes: What a person should know before the files are read.
        n_blank: Blank rows met by the latest iteration.
        n_repeated: Rows met that say the headings again.
        warnings: What the latest iteration had to leave out or to change; the first 1,000.
        n_warnings: How many there were.
    """

    kind: Final = "folder"
    encoding: Final = ""
    headings: tuple[str, ...] = ("file", "row")
    taken: tuple[Taken, ...] = ()

    def __init__(
        self,
        path: Path,
        columns: Mapping[str, str] | None = None,
        encoding: str | None = None,
        sheets: Sequence[str] = (),
        check: Check | None = None,
        *,
        split: Split | None = None,
    ) -> None:
        """Look at the names; ``columns``, ``encoding`` and ``sheets`` are for the tables, as in ``read_problems``.

        Texts of documents are split and rows of tables are not, unless ``split`` says it for both.

        Raises:
            TableError: The folder cannot be read, or has no file.
        """
        self._columns, self._encoding, self._sheets, self._check = columns, encoding, sheets, check
        self._split = split
        self.files, n_folders = _files_of(path)
        self.n_tables = sum(_is_table(file) for file in self.files)
        finding = said("folders inside are passed over: {n}", n=n_folders)
        self.notes: tuple[Fault, ...] = (Fault(str(path), finding, "give each by itself"),) if n_folders else ()
        self._reset()

    def __iter__(self) -> Iterator[Row]:
        """The rows file by file, each a problem or why it gives none."""
        self._reset()
        with SeenIds() as seen:
            for file in self.files:
                for row in self._rows(file):
                    yield self._with_own_id(row, file, seen) if isinstance(row, Problem) else row

    def _rows(self, file: Path) -> Iterator[Row]:
        try:
            yield from self._of_file(file)
        except MatchmakerError as error:
            yield Rejected(0, (file.name, ""), tuple(error.faults))
        except Exception as error:  # a mistake of the program's own must not cost the other files
            log.note("%s: %s", file, "".join(traceback.format_exception(error)))
            finding = said("cannot be read because of a bug in matchmaker ({kind})", kind=type(error).__name__)
            command = "batch" if _is_table(file) else "match"
            remedy = said("report it, with what this prints: matchmaker {command} {path}", command=command, path=file)
            yield Rejected(0, (file.name, ""), (Fault(str(file), finding, remedy),))

    def _of_file(self, file: Path) -> Iterator[Row]:
        if _is_stream(file):
            raise TableError(Fault(str(file), "this is a pipe or a device, not a file", "take it out of the folder"))
        return self._of_table(file) if _is_table(file) else self._of_document(file)

    def _of_table(self, file: Path) -> Iterator[Row]:
        sheets = self._sheets if file.suffix.lower() in _WORKBOOKS else ()
        prefix, split = f"{id_from(file)}-", self._split or "never"
        table = ProblemTable(file, self._columns or {}, self._encoding, sheets, self._check, prefix=prefix, split=split)
        for note in table.notes:
            self._warn(note)
        try:
            for row in table:
                if isinstance(row, Rejected):
                    cells = csv_text([row.cells]).removesuffix("\r\n")
                    yield Rejected(row.line, (file.name, cells), row.faults, row.sheet)
                else:
                    yield row
        finally:
            self.n_blank += table.n_blank
            self.n_repeated += table.n_repeated
            for warning in table.warnings:
                self._warn(warning)
            self.n_warnings += table.n_warnings - len(table.warnings)

    def _of_document(self, file: Path) -> Iterator[Row]:
        loaded = load_problems(file, split=self._split or "auto")
        if loaded.split:
            self._warn(Fault(str(file), split_finding(loaded.split), NEVER))
        for warning in loaded.warnings:
            self._warn(warning)
        for problem in loaded.problems:
            faults = tuple(self._check(problem)) if self._check else ()
            yield Rejected(0, (file.name, problem.title), faults) if faults else problem

    def _with_own_id(self, problem: Problem, file: Path, seen: SeenIds) -> Problem:
        own_id = seen.own(problem.id)
        if own_id == problem.id:
            return problem
        finding = said("the id '{id}' is there already", id=problem.id)
        self._warn(Fault(str(file), finding, said("this problem is called '{id}'", id=own_id)))
        return problem.model_copy(update={"id": own_id})

    def _reset(self) -> None:
        self.n_blank = self.n_repeated = self.n_warnings = 0
        self.warnings: list[Fault] = []

    def _warn(self, warning: Fault) -> None:
        self.n_warnings += 1
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(warning)


def files_digest(path: Path) -> str:
    """A digest of the names and bytes of all files that are read of a folder."""
    digest = blake2b(digest_size=16)
    for file in _files_of(path)[0]:
        of_file = blake2b(digest_size=16)
        try:
            with io.BytesIO() if _is_stream(file) else file.open("rb") as stream:
                while chunk := stream.read(1 << 20):
                    of_file.update(chunk)
        except OSError as error:  # it will be a rejected row, which is part of the output
            of_file.update(str(error.errno).encode())
        digest.update(file.name.encode("utf-8", "surrogateescape") + b"\0" + of_file.digest())
    return f"blake2b:{digest.hexdigest()}"


def _files_of(path: Path) -> tuple[list[Path], int]:
    """The files in the order of their names, and how many folders are beside them."""
    try:
        entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith((".", "~$")))
    except OSError as error:
        raise TableError(Fault(str(path), "the folder cannot be read", "allow reading it")) from error
    files = [entry for entry in entries if not entry.is_dir()]
    if not files:
        raise TableError(Fault(str(path), "there is no file in this folder", "name another folder, or a file"))
    return files, len(entries) - len(files)


def _is_stream(file: Path) -> bool:
    """Whether opening it could wait for ever, or reading it never end."""
    return is_there(file) and not is_file(file)


def _is_table(file: Path) -> bool:
    return file.suffix.lower() in _TABLES
