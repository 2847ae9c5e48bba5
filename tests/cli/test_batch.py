from __future__ import annotations

import multiprocessing
import multiprocessing.resource_tracker
import multiprocessing.util
import os
import signal
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from functools import cache

import pytest

from matchmaker.domain import Problem, Shortlist
from matchmaker.errors import Fault, MatchmakerError, ProblemError
from matchmaker.intake import RejectedRow
from matchmaker.matching.matcher import Matcher
from matchmaker.runs.workers import Summary, match_all
from worlds import small_registry

CHUNK = 256
TITLES = ("供水管网漏损检测", "表面缺陷", "leak detection in water networks", "奶茶广告", "数据治理", "知识产权")


@cache
def matcher() -> Matcher:
    return Matcher(small_registry())


def problem(number: int, **fields: object) -> Problem:
    return Problem.model_validate({"id": f"P-{number}", "title": TITLES[number % len(TITLES)], **fields})


def rejected(line: int) -> RejectedRow:
    return RejectedRow(line, ("",), (Fault(f"line {line}", "nothing"),))


def mixed(n_rows: int) -> list[Problem | RejectedRow]:
    """Rows of which every seventh is rejected."""
    return [rejected(n) if n % 7 == 3 else problem(n) for n in range(n_rows)]


def names(answers: Iterable[Shortlist | RejectedRow]) -> list[str]:
    return [f"line {one.line}" if isinstance(one, RejectedRow) else one.problem.id for one in answers]


class Counted:
    """Rows that count how many of them were taken."""

    def __init__(self, rows: Iterable[Problem | RejectedRow]) -> None:
        self._rows = iter(rows)
        self.n_taken = 0

    def __iter__(self) -> Iterator[Problem | RejectedRow]:
        return self

    def __next__(self) -> Problem | RejectedRow:
        row = next(self._rows)
        self.n_taken += 1
        return row


@pytest.mark.parametrize("n_rows", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7])
def test_every_row_is_answered_in_its_place_whatever_the_chunks(n_rows: int) -> None:
    rows = mixed(n_rows)
    wanted = [f"line {row.line}" if isinstance(row, RejectedRow) else row.id for row in rows]
    assert names(match_all(rows, matcher())) == wanted


def test_a_batch_gives_what_single_matches_give() -> None:
    rows = [problem(n) for n in range(CHUNK + 20)]
    singly = {title: matcher().match([Problem(title=title)])[0] for title in TITLES}
    for answer in match_all(rows, matcher()):
        assert isinstance(answer, Shortlist)
        assert answer == singly[answer.problem.title].model_copy(update={"problem": answer.problem})


def test_rejected_rows_pass_through_untouched() -> None:
    bad = rejected(9)
    assert list(match_all([bad], matcher())) == [bad]


def test_a_chunk_of_rejected_rows_alone_ends_nothing() -> None:
    rows: list[Problem | RejectedRow] = [*map(rejected, range(CHUNK + 1)), problem(1)]
    assert names(match_all(rows, matcher()))[-1] == "P-1"


def test_the_summary_counts_every_row_once() -> None:
    summary = Summary()
    answers = list(match_all(mixed(CHUNK + 44), matcher(), summary=summary))
    shortlists = [answer for answer in answers if isinstance(answer, Shortlist)]
    matched = [answer for answer in shortlists if answer.verdict == "matched"]
    assert summary.n_read == CHUNK + 44
    assert summary.n_rejected == CHUNK + 44 - len(shortlists)
    assert summary.n_matched == len(matched) > 0
    assert summary.n_none == len(shortlists) - len(matched) > 0
    first = [answer.matches[0].institute for answer in matched]
    assert dict(summary.load) == {institute: first.count(institute) for institute in set(first)}
    assert summary.load.total() == summary.n_matched
    assert summary.seconds >= 0


def test_the_summary_is_up_to_date_while_answers_come() -> None:
    summary = Summary()
    for n_answers, _ in enumerate(match_all(mixed(20), matcher(), summary=summary), 1):
        assert summary.n_read == n_answers
    assert summary.n_read == 20


def test_an_empty_summary() -> None:
    summary = Summary()
    assert list(match_all([], matcher(), summary=summary)) == []
    assert (summary.n_read, summary.n_matched, summary.n_none, summary.n_rejected) == (0, 0, 0, 0)
    assert not summary.load


def test_nothing_is_read_before_the_first_answer_is_wanted() -> None:
    rows = Counted(mixed(10))
    answers = match_all(rows, matcher())
    assert rows.n_taken == 0
    next(answers)
    assert rows.n_taken == 10


def test_a_long_stream_of_rows_is_read_as_needed() -> None:
    rows = Counted(problem(n) for n in range(4 * CHUNK))
    answers = match_all(rows, matcher())
    for n_answers in range(1, CHUNK + 2):
        next(answers)
        assert n_answers <= rows.n_taken <= n_answers + CHUNK


@pytest.mark.parametrize(("top", "wanted"), [(1, 1), (2, 2), (None, 3)])
def test_top_bounds_the_matches(top: int | None, wanted: int) -> None:
    (answer,) = match_all([problem(0)], matcher(), top=top)
    assert isinstance(answer, Shortlist)
    assert len(answer.matches) == wanted


def test_a_limit_that_names_nobody_is_an_error_as_promised() -> None:
    with pytest.raises(ProblemError, match="no institute is named 'nobody'"):
        list(match_all([problem(0, exclude=["nobody"])], matcher()))


def test_the_same_rows_give_the_same_answers() -> None:
    assert list(match_all(mixed(50), matcher())) == list(match_all(mixed(50), matcher()))


# --- many processes


@pytest.mark.parametrize("n_rows", [CHUNK - 1, CHUNK, 3 * CHUNK + 5])
def test_many_processes_give_the_bytes_of_one(n_rows: int) -> None:
    together, summary = list(match_all(mixed(n_rows), matcher(), workers=2)), Summary()
    alone = list(match_all(mixed(n_rows), matcher(), summary=summary))
    assert [repr(answer) for answer in together] == [repr(answer) for answer in alone]
    assert summary.n_read == n_rows


def test_a_process_started_anew_matches_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    spawned = multiprocessing.get_context("spawn")
    monkeypatch.setattr("matchmaker.runs.workers._context", lambda _: spawned)
    assert list(match_all(mixed(CHUNK), matcher(), workers=1)) == list(match_all(mixed(CHUNK), matcher(), workers=2))


@pytest.mark.parametrize("pause", [0.0, 0.05, 0.1, 0.15, 0.2])
def test_processes_end_when_nobody_wants_more(pause: float) -> None:
    answers = match_all((problem(n) for n in range(50 * CHUNK)), matcher(), workers=2, top=None)
    next(answers)
    assert isinstance(answers, Generator)
    time.sleep(pause)  # some are ended while they write an answer
    answers.close()
    for _ in range(100):
        if not any(one.name.startswith(("Fork", "Spawn")) for one in multiprocessing.active_children()):
            return
        time.sleep(0.1)
    raise AssertionError("a worker is still there")


@pytest.mark.parametrize("pause", [0.0, 0.05, 0.1, 0.15, 0.2])
def test_a_process_that_dies_is_an_error_and_no_wait(pause: float) -> None:
    answers = match_all((problem(n) for n in range(50 * CHUNK)), matcher(), workers=2, top=None)
    next(answers)
    time.sleep(pause)
    for process in multiprocessing.active_children():
        process.kill()
    with pytest.raises(MatchmakerError, match="ended before its work was done"):
        list(answers)


def test_rows_are_read_only_as_far_as_workers_can_keep_up() -> None:
    rows = Counted(problem(n) for n in range(50 * CHUNK))
    answers = match_all(rows, matcher(), workers=2)
    next(answers)
    assert rows.n_taken <= 5 * CHUNK
    assert isinstance(answers, Generator)
    answers.close()


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped here")
def test_a_process_that_does_nothing_at_all_keeps_nobody_waiting_at_the_end() -> None:
    answers = match_all((problem(n) for n in range(50 * CHUNK)), matcher(), workers=2)
    next(answers)
    for process in multiprocessing.active_children():
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)
    assert isinstance(answers, Generator)
    answers.close()
    assert not [one for one in multiprocessing.active_children() if one.name.startswith(("Fork", "Spawn"))]


def test_what_a_process_raises_is_raised_here() -> None:
    rows = (problem(n, exclude=["nobody"] if n == 2 * CHUNK else []) for n in range(3 * CHUNK))
    answers = match_all(rows, matcher(), workers=2)
    with pytest.raises(ProblemError, match="no institute is named 'nobody'"):
        list(answers)


def test_a_worker_killed_when_all_is_done_keeps_nobody_waiting() -> None:
    for _ in range(3):
        answers = match_all((problem(n) for n in range(2 * CHUNK)), matcher(), workers=2, top=None)
        n_answers = sum(1 for _ in zip(range(2 * CHUNK), answers, strict=False))  # all, and no look beyond
        assert n_answers == 2 * CHUNK
        time.sleep(0.1)
        multiprocessing.active_children()[0].kill()
        with suppress(MatchmakerError):
            assert list(answers) == []
        assert not [one for one in multiprocessing.active_children() if one.name.startswith(("Fork", "Spawn"))]


def test_a_worker_killed_before_it_has_begun_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The matcher is more than the pipe holds through which a new process is told what to do."""
    monkeypatch.setattr("matchmaker.runs.workers._context", lambda _: multiprocessing.get_context("spawn"))
    spawn = "multiprocessing.util.spawnv_passfds"
    start = multiprocessing.util.spawnv_passfds

    def start_and_kill(*args: object) -> int:
        process = start(*args)  # type: ignore[arg-type]
        os.kill(process, signal.SIGKILL)
        return process

    next(match_all((problem(n) for n in range(2 * CHUNK)), matcher(), workers=1))
    multiprocessing.resource_tracker.ensure_running()
    monkeypatch.setattr(spawn, start_and_kill)
    with pytest.raises(MatchmakerError, match="ended before its work was done"):
        list(match_all((problem(n) for n in range(2 * CHUNK)), big(), workers=2))


def big() -> Matcher:
    """A matcher of which a part alone is larger than a pipe."""
    one = Matcher(small_registry())
    one.ballast = bytes(1 << 20)  # type: ignore[attr-defined]
    return one
