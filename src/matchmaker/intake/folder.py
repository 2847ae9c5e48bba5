"""Many problems from a folder with documents and tables, in the order of their file names."""

from __future__ import annotations

import io
import traceback
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

from matchmaker import log
from matchmaker.csvcells import csv_text
from matchmaker.domain import Problem
from matchmaker.errors import Fault, MatchmakerError, TableError
from matchmaker.files import is_file, path_exists
from matchmaker.intake.documents import load_problems
from matchmaker.intake.seenids import SeenIds
from matchmaker.intake.splitting import NEVER_SPLIT, Split, split_finding
from matchmaker.intake.tables import MAX_WARNINGS, Check, ColumnMapping, ProblemTable, RejectedRow, Row
from matchmaker.intake.values import id_from_path
from matchmaker.messages import make_message
from matchmaker.office.kinds import is_table, is_workbook


class ProblemFolder:
    """The problems of all files of a folder, used like a ``ProblemTable``. Every iteration reads them anew.

    A file that cannot be read yields one rejected row. Hidden files, lock files of Office (``~$…``) and subfolders are
    skipped; a note reports the latter.

    Attributes:
        kind: Always ``folder``.
        headings: The names of the cells of a rejected row: its file, and the row as CSV.
        mappings: Empty, as columns differ from file to file.
        encoding: Empty, for the same reason.
        notes: What a person should know before the files are read.
        n_blank: Blank rows seen by the latest iteration.
        n_repeated: Rows seen that repeat the headings.
        warnings: What the latest iteration had to leave out or to change; the first 1,000.
        n_warnings: The number of warnings.
    """

    kind: Final = "folder"
    encoding: Final = ""
    headings: tuple[str, ...] = ("file", "row")
    mappings: tuple[ColumnMapping, ...] = ()

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
        """List the files; ``columns``, ``encoding`` and ``sheets`` are for tables, as in ``read_problems``.

        Texts of documents are split and rows of tables are not, unless ``split`` decides for both.

        Raises:
            TableError: The folder cannot be read, or has no file.
        """
        self._columns, self._encoding, self._sheets, self._check = columns, encoding, sheets, check
        self._split = split
        self.files, n_folders = _list_files(path)
        self.n_tables = sum(is_table(file) for file in self.files)
        finding = make_message("subfolders are skipped: {n}", n=n_folders)
        self.notes: tuple[Fault, ...] = (
            (Fault(str(path), finding, "pass each of them separately"),) if n_folders else ()
        )
        self._reset()

    def __iter__(self) -> Iterator[Row]:
        """The rows file by file, each a problem or a rejected row."""
        self._reset()
        with SeenIds() as seen:
            for file in self.files:
                for row in self._rows_or_fault(file):
                    yield self._with_unique_id(row, file, seen) if isinstance(row, Problem) else row

    def _rows_or_fault(self, file: Path) -> Iterator[Row]:
        try:
            yield from self._rows_of_file(file)
        except MatchmakerError as error:
            yield RejectedRow(0, (file.name, ""), tuple(error.faults))
        except Exception as error:  # a bug in the program must not cost the other files
            log.note("%s: %s", file, "".join(traceback.format_exception(error)))
            finding = make_message("cannot be read because of a bug in matchmaker ({kind})", kind=type(error).__name__)
            command = "batch" if is_table(file) else "match"
            remedy = make_message(
                "report it, with what this prints: matchmaker {command} {path}", command=command, path=file
            )
            yield RejectedRow(0, (file.name, ""), (Fault(str(file), finding, remedy),))

    def _rows_of_file(self, file: Path) -> Iterator[Row]:
        if _is_stream(file):
            raise TableError(Fault(str(file), "this is a pipe or a device, not a file", "take it out of the folder"))
        return self._rows_of_table(file) if is_table(file) else self._rows_of_document(file)

    def _rows_of_table(self, file: Path) -> Iterator[Row]:
        sheets = self._sheets if is_workbook(file) else ()
        prefix, split = f"{id_from_path(file)}-", self._split or "never"
        table = ProblemTable(file, self._columns or {}, self._encoding, sheets, self._check, prefix=prefix, split=split)
        for note in table.notes:
            self._warn(note)
        try:
            for row in table:
                if isinstance(row, RejectedRow):
                    cells = csv_text([row.cells]).removesuffix("\r\n")
                    yield RejectedRow(row.line, (file.name, cells), row.faults, row.sheet)
                else:
                    yield row
        finally:
            self.n_blank += table.n_blank
            self.n_repeated += table.n_repeated
            for warning in table.warnings:
                self._warn(warning)
            self.n_warnings += table.n_warnings - len(table.warnings)

    def _rows_of_document(self, file: Path) -> Iterator[Row]:
        loaded = load_problems(file, split=self._split or "auto")
        if loaded.split:
            self._warn(Fault(str(file), split_finding(loaded.split), NEVER_SPLIT))
        for warning in loaded.warnings:
            self._warn(warning)
        for problem in loaded.problems:
            faults = tuple(self._check(problem)) if self._check else ()
            yield RejectedRow(0, (file.name, problem.title), faults) if faults else problem

    def _with_unique_id(self, problem: Problem, file: Path, seen: SeenIds) -> Problem:
        own_id = seen.unique(problem.id)
        if own_id == problem.id:
            return problem
        finding = make_message("duplicate id '{id}'", id=problem.id)
        self._warn(Fault(str(file), finding, make_message("this problem gets the id '{id}'", id=own_id)))
        return problem.model_copy(update={"id": own_id})

    def _reset(self) -> None:
        self.n_blank = self.n_repeated = self.n_warnings = 0
        self.warnings: list[Fault] = []

    def _warn(self, warning: Fault) -> None:
        self.n_warnings += 1
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(warning)


def files_digest(path: Path) -> str:
    """A digest of the names and contents of all files that are read from a folder."""
    digest = blake2b(digest_size=16)
    for file in _list_files(path)[0]:
        file_digest = blake2b(digest_size=16)
        try:
            with io.BytesIO() if _is_stream(file) else file.open("rb") as stream:
                while chunk := stream.read(1 << 20):
                    file_digest.update(chunk)
        except OSError as error:  # the file will be a rejected row, which is part of the output
            file_digest.update(str(error.errno).encode())
        digest.update(file.name.encode("utf-8", "surrogateescape") + b"\0" + file_digest.digest())
    return f"blake2b:{digest.hexdigest()}"


def _list_files(path: Path) -> tuple[list[Path], int]:
    """The files in the order of their names, and the number of subfolders."""
    try:
        entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith((".", "~$")))
    except OSError as error:
        raise TableError(Fault(str(path), "the folder cannot be read", "allow reading it")) from error
    files = [entry for entry in entries if not entry.is_dir()]
    if not files:
        raise TableError(Fault(str(path), "there is no file in this folder", "name another folder, or a file"))
    return files, len(entries) - len(files)


def _is_stream(file: Path) -> bool:
    """Whether a file is a pipe or a device, which might never open or end."""
    return path_exists(file) and not is_file(file)
