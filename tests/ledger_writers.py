"""What processes of their own write to a ledger, so that it can be seen what becomes of it."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.connection import Connection
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any

from matchmaker.domain import Case, Problem
from matchmaker.errors import LedgerError
from matchmaker.ledger.cases import add_cases
from matchmaker.ledger.referrals import NEXT, change_state, list_referrals, open_referral
from matchmaker.ledger.store import open_ledger

CHUNK = 40
WRITERS: Any = multiprocessing.get_context("spawn" if os.name == "nt" else "fork")  # forked ones begin at once


def leak(number: int = 1) -> Problem:
    return Problem(id=f"P-{number}", title=f"供水管网漏损 {number}", description="找不到漏点。")


def case(number: int = 1) -> Case:
    return Case(problem=leak(number), institutes=("alpha", "beta"), year=2024)


def add_many(target: str, name: str, n: int) -> None:
    """Add cases one by one: n that all writers have, n that only this one has."""
    with open_ledger(target) as opened:
        for number in range(n):
            both = [case(number), Case(problem=leak(number), institutes=(name,), year=2024)]
            add_cases(opened, both, by=name)


def move_all(target: str, name: str, start: Barrier, results: Queue[tuple[str, list[str]]]) -> None:
    """Try to take every referral a step further, as it was before anybody did."""
    won = []
    with open_ledger(target) as opened:
        referrals = list_referrals(opened)
        start.wait()
        for referral in referrals:
            try:
                change_state(opened, referral, "contacted", by=name)
            except LedgerError as error:
                if "was changed meanwhile" not in str(error):
                    raise
            else:
                won.append(referral.id)
    results.put((name, won))


def write_until_killed(target: str, start: int, told: Connection[Any, Any]) -> None:
    """Add cases in chunks and take referrals from state to state; whatever is committed is told."""
    with open_ledger(target) as opened:
        told.send(("ready", "", 0))
        number = start
        while True:
            problems = [Problem(title=f"难题 {number + n}", description="说明" * 50) for n in range(CHUNK)]
            add_cases(opened, [Case(problem=one, institutes=("alpha", "beta")) for one in problems], by="a")
            told.send(("cases", "", number))
            referral = open_referral(opened, problems[0], "gamma", by="a")
            told.send(("referral", referral.id, 1))
            while NEXT[referral.state]:
                referral = change_state(opened, referral, NEXT[referral.state][0], by="a")
                told.send(("referral", referral.id, referral.version))
            number += CHUNK
