"""``matchmaker refer`` and ``matchmaker referrals``: problems passed to institutes, and what has become of them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from matchmaker.cli import options
from matchmaker.cli.boundary import Boundary, tell
from matchmaker.cli.ledgers import (
    Benefit,
    By,
    CaseSource,
    LedgerOption,
    Note,
    ProblemFile,
    Year,
    clean,
    known_id,
    opened,
    person,
)
from matchmaker.cli.reading import chosen_problem, problems_from
from matchmaker.messages import make_message

if TYPE_CHECKING:
    from matchmaker.domain import Explanation, Registry
    from matchmaker.ledger.referrals import Change, Grounds, Referral, Solution

app = typer.Typer(
    cls=Boundary,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Problems passed to institutes: list, show, set, due.\n\nExample: matchmaker referrals list --open",
)


class StateName(StrEnum):
    """How far a referral has come."""

    proposed = "proposed"
    contacted = "contacted"
    visited = "visited"
    signed = "signed"
    solved = "solved"
    declined = "declined"


class ReasonName(StrEnum):
    """Why a referral was declined."""

    too_early = "too-early"
    no_capacity = "no-capacity"
    wrong_field = "wrong-field"
    price = "price"
    ip = "ip"
    no_answer = "no-answer"
    conflict = "conflict"
    other = "other"


To = Annotated[str, typer.Argument(metavar="INSTITUTE", help="To whom: an institute's id, name or alias.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="A referral's id, such as R-3.")]
NewState = Annotated[StateName, typer.Argument(metavar="STATE", help="What it is now.")]
StateOption = Annotated[
    Optional[list[StateName]],  # noqa: UP045 - Typer reads the annotation
    typer.Option("--state", help="Only those in this state. May be repeated.", show_default=False),
]
Reason = Annotated[
    Optional[ReasonName],  # noqa: UP045
    typer.Option("--reason", help="Why it was declined.", show_default=False),
]
ToOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--institute", metavar="INSTITUTE", help="Only those to this institute.", show_default=False),
]
OpenOnly = Annotated[bool, typer.Option("--open", help="Only those that are neither solved nor declined.")]
Days = Annotated[int, typer.Option("--days", min=0, help="Without movement for so many days.")]


def refer(
    file: ProblemFile,
    institute: To,
    chosen: options.Chosen = None,
    split: options.SplitOption = options.SplitName.auto,
    note: Note = None,
    institutes: options.Institutes = None,
    settings: options.Settings = None,
    ledger: LedgerOption = None,
    by: By = None,
    lang: options.LanguageOption = None,
    quiet: options.Quiet = False,
) -> None:
    """Pass a problem to an institute: opens a referral, and keeps the problem and the score of the pair.

    Example: matchmaker refer data/problems/05-water-leak.yaml giii
    """
    from matchmaker.ledger import referrals as store

    problem = chosen_problem(problems_from(file, None, split, quiet=quiet), chosen, place=str(file))
    session = options.session_from(institutes, settings)
    wanted = session.institutes.find(institute)
    grounds = _grounds(session.explain(problem, wanted))
    with opened(ledger, create=True) as kept:
        referral = store.open_referral(kept, problem, wanted.id, by=person(by), note=clean(note), grounds=grounds)
    options.put_text(f"{referral.id}\n", None)
    if not quiet:
        tell(make_message("opened referral {id} to {institute}", id=referral.id, institute=wanted.id))


def _grounds(found: Explanation) -> Grounds:
    from matchmaker.ledger.referrals import Grounds

    match = found.match
    return Grounds(match.capability.id, match.score, match.level, found.settings, found.institutes)


@app.command("list")
def list_referrals(
    state: StateOption = None,
    institute: ToOption = None,
    open_only: OpenOnly = False,
    institutes: options.Institutes = None,
    ledger: LedgerOption = None,
    format: options.RowsFormat = None,
    lang: options.LanguageOption = None,
) -> None:
    """List referrals, in the order in which they were opened.

    Example: matchmaker referrals list --open
    """
    from matchmaker.ledger import referrals as store

    names = {one.value for one in state} if state else set(store.STATES)
    wanted = [one for one in store.STATES if one in names and (not open_only or one in store.OPEN)]
    registry = options.session_from(institutes).registry
    with opened(ledger) as kept:
        found = store.list_referrals(kept, states=wanted, institute=known_id(registry, institute))
    _show([(one, None) for one in found], registry, format, lang)


@app.command()
def due(
    days: Days = 14,
    institutes: options.Institutes = None,
    ledger: LedgerOption = None,
    format: options.RowsFormat = None,
    lang: options.LanguageOption = None,
) -> None:
    """List open referrals without movement for some days, the longest waiting first.

    Example: matchmaker referrals due --days 30
    """
    from matchmaker.ledger.referrals import due_referrals

    with opened(ledger) as kept:
        found = due_referrals(kept, days)
    _show(found, options.session_from(institutes).registry, format, lang)


@app.command()
def show(
    id_: Id,
    institutes: options.Institutes = None,
    ledger: LedgerOption = None,
    format: options.RecordFormat = None,
    lang: options.LanguageOption = None,
) -> None:
    """Show a referral with all that has happened to it: who changed what when.

    Example: matchmaker referrals show R-1
    """
    from matchmaker.ledger.referrals import find_referral, list_changes

    registry = options.session_from(institutes).registry
    with opened(ledger) as kept:
        referral = find_referral(kept, id_)
        steps = list_changes(kept, referral)

    def show_table() -> None:
        from matchmaker.writing.terminal import open_console
        from matchmaker.writing.terminal.ledger import print_referral

        language = options.language_from(lang) or referral.problem.shown_in
        print_referral(open_console(), referral, steps, registry, language)

    data = {**_object(referral), "history": [_change(step) for step in steps]}
    options.put(data, "record", format, show_table)


@app.command("set")
def set_state(
    id_: Id,
    state: NewState,
    reason: Reason = None,
    note: Note = None,
    benefit: Benefit = None,
    year: Year = None,
    source: CaseSource = None,
    ledger: LedgerOption = None,
    by: By = None,
    lang: options.LanguageOption = None,
    quiet: options.Quiet = False,
) -> None:
    """Take a referral a step further: proposed, contacted, visited, signed, solved; or declined, with a reason.

    With 'solved' a case is written as well; --benefit, --year and --source are for it.

    Example: matchmaker referrals set R-1 contacted --note 电话联系
    """
    from matchmaker.ledger import referrals as store

    solution = _solution(benefit, year, source)
    with opened(ledger) as kept:
        referral = store.find_referral(kept, id_)
        code = reason.value if reason else None
        details = {"reason": code, "note": clean(note), "solution": solution}
        moved = store.change_state(kept, referral, state.value, by=person(by), **details)  # type: ignore[arg-type]
    if not quiet:
        tell(make_message("{id} is {state}", id=moved.id, state=moved.state))
        if moved.case:
            tell(make_message("wrote case {id}", id=moved.case))


def _solution(benefit: str | None, year: int | None, source: str | None) -> Solution | None:
    from matchmaker.errors import LedgerError
    from matchmaker.intake.values import NamedValue, ValueReader
    from matchmaker.ledger.referrals import Solution

    if benefit is None and year is None and source is None:
        return None
    if year is not None and not 1900 <= year <= 2100:
        raise typer.BadParameter(make_message("{year} is no year; give one from 1900 to 2100", year=year))
    reader = ValueReader("referrals set", "yaml")
    amount = reader.yuan(NamedValue("--benefit", benefit))
    if reader.faults:
        raise LedgerError(reader.faults)
    return Solution(year=year, benefit_cny=amount, source=clean(source))


def _show(
    found: Sequence[tuple[Referral, int | None]],
    registry: Registry,
    format: str | None,
    lang: options.LanguageName | None,
) -> None:
    def show_table() -> None:
        from matchmaker.writing.terminal import open_console
        from matchmaker.writing.terminal.ledger import print_referrals

        print_referrals(open_console(), found, registry, options.language_from(lang) or "zh")

    rows = [_object(one) if days is None else {**_object(one), "days": days} for one, days in found]
    options.put(rows, "rows", format, show_table)


def _object(referral: Referral) -> dict[str, object]:
    grounds = referral.grounds
    return {
        "id": referral.id,
        "problem": referral.problem.model_dump(mode="json", exclude_defaults=True),
        "institute": referral.institute,
        "state": referral.state,
        "reason": referral.reason,
        "case": referral.case,
        "score": grounds and grounds.score,
        "level": grounds and grounds.level,
        "capability": grounds and grounds.capability,
        "settings": grounds and grounds.settings,
        "institutes": grounds and grounds.profiles,
        "created": referral.created._asdict(),
        "changed": referral.changed._asdict(),
    }


def _change(change: Change) -> dict[str, object]:
    return {
        "from": change.before,
        "to": change.state,
        "reason": change.reason,
        "note": change.note,
        **change.stamp._asdict(),
    }
