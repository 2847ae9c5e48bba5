"""Cases, referrals, judgements and their numbers on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Console

from matchmaker.domain import Language, Registry
from matchmaker.output import bracketed, labelled, level_word, one_line, problem_heading
from matchmaker.render.lines import Column, cell, print_rows, say
from matchmaker.render.phrases import listed

if TYPE_CHECKING:
    from matchmaker.ledger.cases import KeptCase
    from matchmaker.ledger.referrals import Change, Referral
    from matchmaker.ledger.store import Stamp

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "n_cases": ("共 {n:,} 个案例", "{n:,} case|{n:,} cases"),
    "n_referrals": ("共 {n:,} 条推荐", "{n:,} referral|{n:,} referrals"),
    "id": ("编号", "Id"),
    "problem": ("需求", "Problem"),
    "enterprise": ("企业", "Enterprise"),
    "institutes": ("机构", "Institutes"),
    "institute": ("机构", "Institute"),
    "capability": ("能力", "Capability"),
    "outcome": ("结果", "Outcome"),
    "solved": ("已解决", "solved"),
    "partly": ("部分解决", "partly solved"),
    "failed": ("未解决", "not solved"),
    "year": ("年份", "Year"),
    "benefit": ("效益（元）", "Benefit (yuan)"),
    "source": ("来源", "Source"),
    "note": ("备注", "Note"),
    "referral": ("推荐", "Referral"),
    "case": ("案例", "Case"),
    "created": ("录入", "Added"),
    "opened": ("开始", "Opened"),
    "changed": ("变更", "Changed"),
    "deleted": ("删除", "Deleted"),
    "stamp": ("{at}，{by}", "{at} by {by}"),
    "gone": ("已不在名录中", "not in the registry"),
    "state": ("状态", "State"),
    "proposed": ("已推荐", "proposed"),
    "contacted": ("已联系", "contacted"),
    "visited": ("已走访", "visited"),
    "signed": ("已签约", "signed"),
    "declined": ("未成", "declined"),
    "reason": ("原因", "Reason"),
    "too-early": ("时机未到", "too early"),
    "no-capacity": ("人手不足", "no capacity"),
    "wrong-field": ("方向不符", "wrong field"),
    "price": ("价格不合", "price"),
    "ip": ("知识产权", "IP"),
    "no-answer": ("没有回音", "no answer"),
    "conflict": ("利益冲突", "conflict of interest"),
    "other": ("其他", "other"),
    "days": ("天数", "Days"),
    "history": ("经过", "History"),
    "at_the_time": ("推荐时的评分", "Score at the time"),
    "place": ("位置", "Place"),
    "version": ("版本", "Version"),
    "uuid": ("标识", "Identity"),
    "revision": ("修订号", "Revision"),
    "bytes": ("大小（字节）", "Size (bytes)"),
    "cases": ("案例", "Cases"),
    "cases_deleted": ("已删除的案例", "Cases deleted"),
    "referrals": ("推荐", "Referrals"),
    "referrals_open": ("进行中的推荐", "Referrals open"),
    "judgements": ("评判", "Judgements"),
    "problems": ("需求", "Problems"),
    "engine": ("数据库", "Database"),
}
"""Chinese and English of what is printed here; an English entry with ``|`` is singular | plural, by ``n``."""


def word(key: str, language: Language, **values: object) -> str:
    """The entry ``key`` of ``WORDS`` in this language, filled in, in the number of ``n``."""
    one, _, many = WORDS[key][language == "en"].partition("|")
    return (many if many and values.get("n") != 1 else one).format(**values)


def institute_name(registry: Registry, id_: str, language: Language) -> str:
    """The name of an institute; one that has left the registry goes by its id, and is marked."""
    for institute in registry.institutes:
        if institute.id == id_:
            return institute.name.in_language(language)
    return id_ + bracketed(word("gone", language), language)


def stamped(stamp: Stamp, language: Language) -> str:
    """When and by whom."""
    return word("stamp", language, at=stamp.at, by=one_line(stamp.by or ""))


def print_cases(console: Console, kept: Sequence[KeptCase], registry: Registry, language: Language) -> None:
    """Print a line for each case, and how many there are."""
    columns = (
        Column(word("id", language), is_short=True),
        Column(word("year", language), is_short=True),
        Column(word("problem", language)),
        Column(word("institutes", language)),
        Column(word("outcome", language), is_short=True),
        Column(word("benefit", language), is_short=True, is_number=True),
    )
    rows = [
        (
            cell(one.case.id),
            cell(str(one.case.year or "")),
            cell(one.case.problem.title or one.case.problem.description[:60]),
            cell(listed([institute_name(registry, id_, language) for id_ in one.case.institutes], language)),
            cell(word(one.case.outcome, language)),
            cell(_yuan(one.case.benefit_cny)),
        )
        for one in kept
    ]
    if rows:
        print_rows(console, columns, rows, language)
    say(console, word("n_cases", language, n=len(rows)))


def _yuan(amount: float | None) -> str:
    return "" if amount is None else f"{amount:,.2f}".removesuffix(".00")


def print_case(console: Console, kept: KeptCase, registry: Registry, language: Language) -> None:
    """Print all that a case says, and what was done with it."""
    case = kept.case
    say(console, f"{case.id} {problem_heading(case.problem)}", style="bold")
    if case.problem.description:
        say(console, case.problem.description)
    lines = {
        "enterprise": case.problem.enterprise,
        "institutes": listed([institute_name(registry, id_, language) for id_ in case.institutes], language),
        "capability": case.capability,
        "outcome": word(case.outcome, language),
        "year": str(case.year or ""),
        "benefit": _yuan(case.benefit_cny),
        "source": case.source,
        "note": case.note,
        "referral": case.referral,
        "created": stamped(kept.created, language),
        "changed": stamped(kept.changed, language) if kept.changed != kept.created else None,
        "deleted": stamped(kept.deleted, language) if kept.deleted else None,
    }
    print_lines(console, lines, language)


def print_lines(console: Console, lines: Mapping[str, str | None], language: Language) -> None:
    """Print labelled lines; those without a text are left out."""
    for key, text in lines.items():
        if text:
            say(console, labelled(word(key, language), text, language))


def print_referrals(
    console: Console, found: Sequence[tuple[Referral, int | None]], registry: Registry, language: Language
) -> None:
    """Print a line for each referral, with the days it has waited where they are given."""
    with_days = any(days is not None for _, days in found)
    columns = (
        Column(word("id", language), is_short=True),
        Column(word("problem", language)),
        Column(word("institute", language)),
        Column(word("state", language), is_short=True),
        Column(word("changed", language)),
        *([Column(word("days", language), is_short=True, is_number=True)] if with_days else []),
    )
    rows = [
        (
            cell(one.id),
            cell(problem_heading(one.problem)),
            cell(institute_name(registry, one.institute, language)),
            cell(_state(one, language)),
            cell(stamped(one.changed, language)),
            *([cell(str(days))] if with_days else []),
        )
        for one, days in found
    ]
    if rows:
        print_rows(console, columns, rows, language)
    say(console, word("n_referrals", language, n=len(rows)))


def _state(referral: Referral, language: Language) -> str:
    reason = bracketed(word(referral.reason, language), language) if referral.reason else ""
    return word(referral.state, language) + reason


def print_referral(
    console: Console, referral: Referral, steps: Sequence[Change], registry: Registry, language: Language
) -> None:
    """Print a referral and every step of it."""
    say(console, f"{referral.id} {problem_heading(referral.problem)}", style="bold")
    grounds = referral.grounds
    lines = {
        "enterprise": referral.problem.enterprise,
        "institute": institute_name(registry, referral.institute, language),
        "capability": grounds.capability if grounds else None,
        "state": _state(referral, language),
        "at_the_time": grounds and f"{grounds.score:.2f}{bracketed(level_word(grounds.level, language), language)}",
        "case": referral.case,
    }
    print_lines(console, lines, language)
    say(console, word("history", language), style="bold")
    for step in steps:
        reason = bracketed(word(step.reason, language), language) if step.reason else ""
        text = labelled(stamped(step.stamp, language), word(step.state, language) + reason, language)
        say(console, text if not step.note else f"{text} {step.note}", mark="-", indent=2)


def print_info(console: Console, found: Mapping[str, object], language: Language) -> None:
    """Print what ``ledger info`` found."""
    for key, value in found.items():
        if value is not None:
            text = f"{value:,}" if isinstance(value, int) else str(value)
            say(console, labelled(word(key, language), text, language))
