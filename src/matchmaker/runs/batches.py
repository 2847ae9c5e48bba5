"""One run over a table or a folder: matched, written as it goes, and kept so that it can be continued."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matchmaker import log
from matchmaker.distribution import version
from matchmaker.domain import Language, Problem, Shortlist
from matchmaker.errors import MatchmakerError
from matchmaker.files import atomic_writer, check_plain_file, is_folder
from matchmaker.intake import RejectedRow, files_digest
from matchmaker.intake.rejects import Rejects, counted_rows
from matchmaker.messages import as_message, join_messages, make_counted_message, make_message
from matchmaker.runs.journal import Counts, Journal, fingerprint_of, header_beside, open_journal
from matchmaker.runs.spool import from_spool, to_spool
from matchmaker.runs.targets import Target
from matchmaker.runs.workers import Summary, available_workers, match_all
from matchmaker.writing import Context, rejects_writer, write

if TYPE_CHECKING:
    from matchmaker.intake import ProblemFolder, ProblemTable
    from matchmaker.matching.matcher import Matcher

_NAMES: Final[Mapping[str, str]] = {
    "version": "the version of matchmaker",
    "input": "the input",
    "institutes": "the profiles",
    "settings": "the settings",
    "ledger": "the ledger",
    "partial": "what was written so far",
    "language": "the language of messages",
}
"""What of a journal's header has a name; the rest are options, and are called as such."""


@dataclass(frozen=True)
class Batch:
    """What a run works with.

    Attributes:
        table: What is read.
        matcher: Matches.
        target: Where the shortlists go.
        context: How they are written.
        top: How many matches a shortlist holds at most.
        workers: How many processes match; one for each processor when not given.
        cluster: The address of a Dask scheduler, whose workers match instead.
        message_language: Of the faults of rejected rows.
        tell: Told what a person should know of the run.
        progress: Told how many rows were read, row by row.
    """

    table: ProblemFolder | ProblemTable
    matcher: Matcher
    target: Target
    context: Context
    top: int = 5
    workers: int | None = None
    cluster: str | None = None
    message_language: Language = "en"
    tell: Callable[[str], None] = log.note
    progress: Callable[[int], None] | None = None

    def at_once(self) -> Summary:
        """Write to standard output, a device or a pipe: what is interrupted there is lost."""
        summary = Summary()
        with (
            kept_rejects(self.target.rejects, self.table.headings, self.message_language) as rejects,
            closing(self._matched(counted_rows(self.table, self.progress), summary)) as found,
        ):
            self._make(summary, rejects.seen(found))
        return self._done(summary, rejects)

    def journaled(self, header: Mapping[str, object], *, resume: bool) -> Summary:
        """Write to a file, which appears when all is done; what is interrupted can be continued.

        Raises:
            Interruption: A signal that ends the run came.
            MatchmakerError: As of matching and writing; what is done is kept where it says ``can_continue``.
        """
        output, kept = self.target.path, self.target.rejects
        if output is None:
            raise ValueError("standard output cannot be continued")
        is_spool = self.target.in_parts or not self.target.format.streams
        with open_journal(output, header) as journal:
            if kept is not None:
                check_plain_file(kept)
            journal.begin(resume=resume)
            self._tell_of(journal, resume=resume)
            with _kept():
                summary = Summary(*journal.counts, load=Counter(journal.load))
                with kept_rejects(kept, self.table.headings, self.message_language) as rejects:
                    rest = _unmatched(counted_rows(self.table, self.progress), journal.counts.n_rows, rejects.add)
                    with closing(self._matched(rest, summary)) as found:
                        self._note_answers(rejects.seen(found), journal, summary, is_spool=is_spool)
                if is_spool:
                    self._make(summary, from_spool(journal.texts()))
                else:
                    self._write_texts(journal, output)
                journal.end()
        return self._done(summary, rejects)

    def _done(self, summary: Summary, rejects: Rejects) -> Summary:
        summary.table, summary.rejects = self.table, rejects
        summary.rejected_in = self.target.path if self.target.format.holds_rejects else self.target.rejects
        return summary

    def _matched(
        self, rows: Iterable[Problem | RejectedRow], summary: Summary
    ) -> Generator[Shortlist | RejectedRow, None, None]:
        n_workers = self.workers or available_workers()
        return match_all(rows, self.matcher, top=self.top, summary=summary, workers=n_workers, cluster=self.cluster)

    def _note_answers(
        self, answers: Iterable[Shortlist | RejectedRow], journal: Journal, summary: Summary, *, is_spool: bool
    ) -> None:
        """Note what is left to be done in the journal: as the text to write, or as a spool."""
        pieces = None if is_spool else self.target.format.writer("shortlists")
        for answer in answers:
            text, first = "", None
            if pieces is None:
                text = to_spool(answer)
            elif isinstance(answer, Shortlist):
                text = pieces.piece(answer, self.context, journal.counts.n_answered == 0)
            if isinstance(answer, Shortlist) and answer.verdict == "matched":
                first = answer.matches[0].institute
            counts = Counts(summary.n_matched, summary.n_unclear, summary.n_none, summary.n_rejected)
            journal.add(text, counts, first)
        journal.complete()

    def _write_texts(self, journal: Journal, output: Path) -> None:
        """Write a file of the texts of a complete run; it appears whole or not at all."""
        pieces = self.target.format.writer("shortlists")
        with atomic_writer(output, bom=self.target.format.has_mark) as stream:
            stream.write(pieces.opening)
            stream.writelines(journal.texts())
            stream.write(pieces.closing(journal.counts.n_answered))

    def _make(self, summary: Summary, answers: Iterable[Shortlist | RejectedRow]) -> None:
        """Write all answers, in parts or at once."""
        output, written = self.target.path, self.target.format
        context = replace(self.context, n_rejected=lambda: summary.n_rejected)
        if self.target.in_parts and output is not None:
            from matchmaker.writing.columns import write_parts

            write_parts(answers, output, written, context)
            return
        shown = answers if written.holds_rejects else (one for one in answers if isinstance(one, Shortlist))
        for loss in write(shown, "shortlists", written, output, context):
            self.tell(make_message("warning: {fault}", fault=loss.message))

    def _tell_of(self, journal: Journal, *, resume: bool) -> None:
        """Tell what became of an earlier run."""
        if journal.n_before:
            one, many = "note: continued after {n} row", "note: continued after {n:,} rows"
            self.tell(make_counted_message(journal.n_before, one, many))
        elif journal.changed:
            names = join_messages(as_message(_NAMES.get(name, name)) for name in journal.changed)
            self.tell(
                make_message("note: {path} is void, changed since: {names}; begun anew", path=journal.path, names=names)
            )
        elif resume:
            self.tell(make_message("note: nothing to continue, begun anew"))
        elif journal.n_dropped:
            one = "note: an earlier run had done {n} row; begun anew, as --resume was not given"
            many = "note: an earlier run had done {n:,} rows; begun anew, as --resume was not given"
            self.tell(make_counted_message(journal.n_dropped, one, many))


def header_of(
    source: Path, matcher: Matcher, counts: tuple[str, str], options: Mapping[str, object], language: Language
) -> dict[str, object]:
    """All that shapes the output. The input is known by what is in it; neither its date nor workers count.

    Args:
        source: What is read.
        matcher: Matches.
        counts: The digest of what a ledger teaches, and the day from which ages are counted.
        options: What was chosen besides, by name.
        language: Of messages.
    """
    ledger, day = counts
    return {
        "version": version(),
        "input": f"{source} {files_digest(source) if is_folder(source) else fingerprint_of(source)}",
        "institutes": matcher.registry.fingerprint,
        "settings": matcher.settings.fingerprint,
        "ledger": ledger,
        "--as-of": day,
        "language": language,
        **{name: "" if value is None else value for name, value in options.items()},
    }


def day_before(output: Path | None) -> date | None:
    """The day from which the run to be continued counts ages, so that one of yesterday goes on as it began."""
    day = header_beside(output).get("--as-of") if output is not None else None
    with suppress(ValueError):  # a journal that somebody else wrote is void anyhow
        return date.fromisoformat(day) if day else None
    return None


@contextmanager
def kept_rejects(path: Path | None, headings: Sequence[str], language: Language) -> Iterator[Rejects]:
    """Where rejected rows go: to a file that appears at the end, or nowhere but into the count."""
    if path is None:
        yield Rejects(language=language)
        return
    with rejects_writer(path, headings) as keep:
        yield Rejects(keep, language)


@contextmanager
def _kept() -> Iterator[None]:
    """What ends the block leaves what is done in the journal, and says so."""
    try:
        yield
    except MatchmakerError as error:
        error.can_continue = True
        raise


def _unmatched(
    rows: Iterable[Problem | RejectedRow], n_done: int, again: Callable[[RejectedRow], None]
) -> Iterator[Problem | RejectedRow]:
    """The rows after those that are done; these are read once more, as ids depend on them, and rejected ones told."""
    stream = iter(rows)
    for row in islice(stream, n_done):
        if isinstance(row, RejectedRow):
            again(row)
    yield from stream
