"""A session: institutes, settings and a ledger, and all that can be done with them. The command line calls this."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property, lru_cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, overload

from matchmaker import log
from matchmaker.domain import Explanation, Institute, Language, Problem, Registry, Shortlist
from matchmaker.errors import Fault
from matchmaker.runs.prepared import Encoder, Prepared

if TYPE_CHECKING:
    from matchmaker.intake import LoadedProblems, ProblemFolder, ProblemTable, Split
    from matchmaker.matching.matcher import FoundCapability
    from matchmaker.matching.settings import Settings
    from matchmaker.runs.workers import Summary
    from matchmaker.writing import Display

Need: TypeAlias = str | PathLike[str] | Problem
"""A text, a file, or a problem."""
_TAKEN = "a text (str), a file (pathlib.Path), a Problem, or an iterable of these"


class Session(Prepared):
    """Institutes, settings and a ledger. Nothing is read before it is needed, and then once.

    >>> with Session.open(institutes="all") as session:
    ...     shortlist = session.match("供水管网夜间漏水，找不到漏点")
    """

    @classmethod
    def open(
        cls,
        *,
        institutes: Registry | PathLike[str] | str | None = None,
        settings: Settings | PathLike[str] | str | None = None,
        encoder: Encoder | None = None,
        ledger: PathLike[str] | str | None = None,
        as_of: date | None = None,
        tell: Callable[[str], None] = log.note,
    ) -> Session:
        """A session for a ``with`` block; the arguments are those of the class."""
        return cls(institutes, settings, encoder, ledger, as_of, tell=tell)

    @cached_property
    def institutes(self) -> Institutes:
        """The institutes, to list, find and search."""
        return Institutes(self)

    @overload
    def match(self, need: Need, *, top: int | None = 5) -> Shortlist: ...  # type: ignore[overload-overlap]
    @overload
    def match(self, need: Iterable[Need], *, top: int | None = 5) -> list[Shortlist]: ...
    def match(self, need: Need | Iterable[Need], *, top: int | None = 5) -> Shortlist | list[Shortlist]:
        """The shortlist for a problem, or for each of many in their order.

        Args:
            need: A string is the text of a problem, never the name of a file; a file is a ``pathlib.Path``; or a
                ``Problem``. An iterable of these gives a list. A text or a document is one problem here; what
                ``problems`` gives of one that holds several can be matched: ``session.match(session.problems(path))``.
            top: How many matches a shortlist holds at most; all institutes when None.

        Raises:
            TypeError: It is something else.
            ProblemError: A text or a file says nothing, cannot be read or holds several problems, or a limit names an
                institute that is not in the registry.
        """
        if isinstance(need, str | PathLike | Problem):
            return self.matcher.match([self._problem(need)], top=top)[0]
        if isinstance(need, Mapping | bytes | bytearray) or not isinstance(need, Iterable):
            raise TypeError(f"match takes {_TAKEN}, not {type(need).__name__}")
        problems = [self._problem(one) for one in need]
        return self.matcher.match(problems, top=top)

    def problems(self, source: str | PathLike[str], *, split: Split = "auto") -> tuple[Problem, ...]:
        """The problems that a text (a string) or a document (a path) holds.

        Args:
            source: As for ``match``.
            split: ``never`` takes a text as one problem. Rows of a list and repeated forms are problems all the same.

        Raises:
            ProblemError: It says nothing, or cannot be read.
        """
        return self.read(source, split=split).problems

    def read(self, source: str | PathLike[str], *, split: Split = "auto") -> LoadedProblems:
        """As ``problems``, with what was understood of a form, what was split, and warnings."""
        from matchmaker.intake import load_problems, parse_problems

        if isinstance(source, str):
            return parse_problems(source, format="txt", place="text", default_id="text", split=split)
        return load_problems(Path(source), split=split)

    def explain(self, need: Need, institute: Institute | str) -> Explanation:
        """Why an institute has its score for a problem.

        Args:
            need: As for ``match``, one problem.
            institute: One of the registry, or its id, name or alias.

        Raises:
            TypeError: ``need`` is something else.
            ProblemError: As for ``match``.
            ProfileError: No institute is called so.
        """
        problem = self._problem(need)
        return self.matcher.explain(
            problem, self.institutes.find(institute) if isinstance(institute, str) else institute
        )

    def questions(self, need: Need) -> Shortlist:
        """The first institute for a problem, with the questions that it leaves open even where it is clear."""
        problem = self._problem(need)
        shortlist = self.match(problem, top=1)
        if shortlist.verdict == "unclear":
            return shortlist
        return shortlist.model_copy(update={"questions": self.matcher.ask(problem)})

    def rank(self, problems: Iterable[Problem], institute: Institute | str, *, top: int = 10) -> list[Shortlist]:
        """The problems that suit an institute best, each with its match for this institute alone.

        Args:
            problems: Read as needed; those whose limits rule the institute out are left out.
            institute: As for ``explain``.
            top: How many at most.

        Returns:
            Best first, ties in the order of the problems; the rank of a match is that of the problem.
        """
        import heapq

        from matchmaker.runs.workers import match_all

        wanted = self.institutes.find(institute) if isinstance(institute, str) else institute
        found = (
            (-match.score, at, shortlist.model_copy(update={"matches": (match,)}))
            for at, shortlist in enumerate(match_all(problems, self.matcher, top=None))
            if isinstance(shortlist, Shortlist)
            for match in shortlist.matches
            if match.institute == wanted.id
        )
        best = heapq.nsmallest(top, found, key=lambda item: item[:2])
        return [
            shortlist.model_copy(update={"matches": (shortlist.matches[0].model_copy(update={"rank": rank}),)})
            for rank, (_, _, shortlist) in enumerate(best, 1)
        ]

    def table(
        self,
        source: PathLike[str] | str,
        *,
        columns: Mapping[str, str] | None = None,
        sheets: Sequence[str] = (),
        encoding: str | None = None,
        split: Split | None = None,
    ) -> ProblemFolder | ProblemTable:
        """A table of problems, or a folder of tables and documents, whose rows are checked against the institutes.

        Args:
            source: The file or folder. Iterating reads its rows, each a problem or why it gives none.
            columns: Field to heading, over what is recognised.
            sheets: Names or numbers (from 1) of sheets; all that are not hidden when not given.
            encoding: Of a text; detected when not given.
            split: ``auto`` gives a problem for each need of a row or document, ``never`` one; when not given,
                documents of a folder are split and rows are not.

        Raises:
            TableError: It cannot be read as a table at all.
        """
        from matchmaker.files import is_folder
        from matchmaker.intake import ProblemFolder, ProblemTable

        path, columns, check = Path(source), columns or {}, self.matcher.limit_faults
        if is_folder(path):
            return ProblemFolder(path, columns, encoding, sheets, check, split=split)
        return ProblemTable(path, columns, encoding, sheets, check, split=split or "never")

    def write(
        self,
        shortlists: Shortlist | Sequence[Shortlist],
        target: PathLike[str] | str | None = None,
        *,
        format: str | None = None,
        language: Language | None = None,
        display: Display | None = None,
        source: Path | None = None,
    ) -> Sequence[Fault]:
        """Write shortlists of this session to a file, whole or not at all, or to standard output.

        Args:
            shortlists: One, or many; as JSON one is an object and many an array, but an array of one.
            target: Replaced when it exists; standard output when not given.
            format: As ``--format``; by the ending of the target when not given, and a table without a target.
            language: Of names and words; each problem's own when not given.
            display: What is shown beside institutes and levels.
            source: What was read, for outputs that name it.

        Returns:
            What the file holds less than it should, such as texts longer than a cell.

        Raises:
            InputError: It cannot be written, or the ending is that of no format.
        """
        from matchmaker.writing import Context, format_for, write

        output = None if target is None else Path(target)
        found = format_for("shortlists", output, format)
        context = Context(language, display or self.display(), self.matcher, self.registry, source)
        many = [shortlists] if isinstance(shortlists, Shortlist) else shortlists
        if len(many) == 1 and "shortlist" in found.writes:
            return write(many[0], "shortlist", found, output, context)
        return write(many, "shortlists", found, output, context)

    def display(self, *, scores: bool = False, everything: bool = False) -> Display:
        """What is shown beside institutes and levels, with the record that the settings know of the levels."""
        from matchmaker.writing import Display

        return Display(scores, everything, self.settings.record)

    def run(
        self,
        source: PathLike[str] | str,
        target: PathLike[str] | str | None,
        *,
        format: str | None = None,
        resume: bool = False,
        workers: int | None = None,
        dask: str | None = None,
        columns: Mapping[str, str] | None = None,
        sheets: Sequence[str] = (),
        encoding: str | None = None,
        split: Split | None = None,
        top: int = 5,
        language: Language | None = None,
        scores: bool = False,
        everything: bool = False,
        message_language: Language = "en",
        opened: Callable[[ProblemFolder | ProblemTable], None] | None = None,
        tell: Callable[[str], None] = log.note,
        progress: Callable[[int], None] | None = None,
    ) -> Summary:
        """Write a shortlist for every problem of a table or a folder, in its order, as ``matchmaker batch`` does.

        A row that is no problem never stops the run: it is counted, and written to ``TARGET.rejects.csv`` (in a
        workbook, to a sheet of its own). The target appears when all is done; a run that is interrupted can be
        continued and ends with the same bytes.

        Args:
            source: A file or folder; ``columns``, ``sheets``, ``encoding`` and ``split`` as for ``table``.
            target: A file, or a folder, with a slash at its end, for parts; standard output when None.
            format: As ``--format``; by the ending of the target when not given, else CSV.
            resume: Whether to continue what an earlier run has done.
            workers: How many processes match; one for each processor when not given. Changes nothing in the results.
            dask: The address of a Dask scheduler, whose workers match instead.
            columns: Field to heading, over what is recognised.
            sheets: Names or numbers (from 1) of sheets; all that are not hidden when not given.
            encoding: Of a text; detected when not given.
            split: Whether rows and documents with several needs are split.
            top: How many matches a shortlist holds at most.
            language: Of names and words; each problem's own when not given.
            scores: Whether people are shown scores, too; files of data always hold them.
            everything: Whether people are shown institutes at no match below a matched shortlist, too.
            message_language: Of the faults of rejected rows.
            opened: Told of the table before its rows are read: what was taken for what, and its notes.
            tell: Told what became of an earlier run, and what the output holds less than it should.
            progress: Told how many rows were read, row by row.

        Returns:
            The counts, the load of each institute, the first rejected rows, and the table that was read.

        Raises:
            InputError: The target cannot be written, is what is read, or its ending is that of no format.
            TableError: The source cannot be read as a table at all.
            MatchmakerError: As of matching; ``can_continue`` says whether what is done is kept.
            Interruption: A KeyboardInterrupt that says which signal ended the run; what is done is kept.
            ValueError: ``resume`` without a target that keeps a journal.
        """
        from matchmaker.runs.batches import Batch, day_before, header_of
        from matchmaker.runs.targets import check_target, target_from
        from matchmaker.writing import Context

        goal, path = target_from(target, format), Path(source)
        check_target(goal, path, *self._files(), ledger=self.ledger)
        if resume and not goal.can_continue:
            raise ValueError("only a run into a file, or a folder of parts, can be continued")
        day = (day_before(goal.path) if resume and self._as_of is None else None) or self.day
        experience = self._experience if day == self.day else self._experience_on(day)
        matcher = self.matcher if day == self.day else self._matcher_with(experience)
        table = self.table(path, columns=columns, sheets=sheets, encoding=encoding, split=split)
        if opened is not None:
            opened(table)
        display = self.display(scores=scores, everything=everything)
        context = Context(language, display, matcher, self.registry, path, table.headings)
        batch = Batch(table, matcher, goal, context, top, workers, dask, message_language, tell, progress)
        if not goal.can_continue:
            return batch.at_once()
        chosen: dict[str, object] = {"--format": goal.format.name + "/" * goal.in_parts, "--lang": language}
        chosen |= {"--top": top, "--scores": scores, "--all": everything}
        chosen |= {"--column": columns, "--sheet": sheets, "--encoding": encoding, "--split": split}
        header = header_of(path, matcher, (experience.digest, experience.day), chosen, message_language)
        return batch.journaled(header, resume=resume)

    def _problem(self, need: Need) -> Problem:
        if isinstance(need, Problem):
            return need
        if not isinstance(need, str | PathLike):
            raise TypeError(f"match takes {_TAKEN}; this holds {type(need).__name__}")
        from matchmaker.intake.documents import the_only

        return the_only(self.read(need), "text" if isinstance(need, str) else str(need))


@lru_cache(maxsize=1)
def _usual_session() -> Session:
    return Session()


@overload
def match(need: Need, *, top: int | None = 5) -> Shortlist: ...  # type: ignore[overload-overlap]
@overload
def match(need: Iterable[Need], *, top: int | None = 5) -> list[Shortlist]: ...
def match(need: Need | Iterable[Need], *, top: int | None = 5) -> Shortlist | list[Shortlist]:
    """As ``Session.match``, in a session with the defaults, which is opened by the first call."""
    return _usual_session().match(need, top=top)


class Institutes:
    """The institutes of a session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __iter__(self) -> Iterator[Institute]:
        """In the order of the registry."""
        return iter(self._session.registry.institutes)

    def __len__(self) -> int:
        return len(self._session.registry.institutes)

    def find(self, name: str) -> Institute:
        """The institute of this id, name or alias.

        Raises:
            ProfileError: There is none.
        """
        from matchmaker.institutes import find_institute

        return find_institute(self._session.registry, name)

    def search(self, text: str, *, top: int = 10) -> list[FoundCapability]:
        """The capabilities that fit a name, a keyword or a sentence, best first."""
        return self._session.matcher.search(text, top=top)
