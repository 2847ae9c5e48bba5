"""Cases, referrals, judgements and their numbers on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Console

from matchmaker.domain import Language, Registry
from matchmaker.writing import REASON_WORDS, bracketed, labelled, level_word, one_line, problem_heading
from matchmaker.writing.terminal.lines import Column, cell, print_rows, say
from matchmaker.writing.terminal.phrases import listed

if TYPE_CHECKING:
    from matchmaker.ledger.cases import KeptCase
    from matchmaker.ledger.referrals import Change, Grounds, Referral
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
    **REASON_WORDS,
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
    "n_candidates": ("请逐一评判 {n} 家机构：", "{n} institute to grade:|{n} institutes to grade:"),
    "scale": (
        "{grades}；s 跳过，q 结束",
        "{grades}; s to skip, q to stop",
    ),
    "seed": ("随机种子", "Seed"),
    "prompt": ("等级（0-3，s，q）：", "grade (0-3, s, q): "),
    "not_a_grade": ("请输入 0、1、2、3、s 或 q", "write 0, 1, 2, 3, s or q"),
    "grade": ("等级", "Grade"),
    "judge": ("评判人", "Judge"),
    "when": ("时间", "When"),
    "blind": ("盲评", "Blind"),
    "yes": ("是", "yes"),
    "n_judgements": ("共 {n:,} 条评判", "{n:,} judgement|{n:,} judgements"),
    "agreement": ("{first} 与 {second} 的一致性", "Agreement of {first} and {second}"),
    "both": (
        "两人都评判的有 {pairs} 对（{problems} 个需求），其中 {same} 对等级相同。",
        "Both graded {pairs} pairs (of {problems} problems), {same} of them alike.",
    ),
    "no_pairs": ("两人没有共同评判的需求与机构。", "There is no pair that both have graded."),
    "measure": ("指标", "Measure"),
    "value": ("数值", "Value"),
    "interval": ("95% 区间", "95 % interval"),
    "kappa": ("Cohen's kappa", "Cohen's kappa"),
    "weighted": ("二次加权 kappa", "kappa, quadratic weights"),
    "undefined": (
        "两人对所有条目都给了同一个等级，偶然一致的期望已是完全一致，因此 kappa 没有定义。",
        "Both gave one and the same grade to everything: by chance they would agree fully too, so that kappa is not "
        "defined.",
    ),
    "one_problem": ("只有一个需求，无法估计区间。", "There is only one problem, so that no interval can be told."),
    "reported": ("联盟对外报告的情况", "What the alliance has reported"),
    "in_ledger": (
        "台账中的记录（与上述数字口径不同，不相加）",
        "What the ledger holds (never added to the above)",
    ),
    "not_reported": ("名录中没有联盟的数据。", "The registry holds no record of the alliance."),
    "total": ("合计", "All"),
    "no_year": ("未注明", "not given"),
    "with_benefit": ("其中 {n} 个有数据", "given for {n}"),
    "funnel": ("推荐的进展", "How far referrals came"),
    "reached": ("达到", "Reached"),
    "share": ("比例", "Share"),
    "n_of": ("{n:,} / {of:,}", "{n:,} of {of:,}"),
    "still_open": ("进行中 {open:,} 条，未成 {declined:,} 条。", "{open:,} open, {declined:,} declined."),
    "few": (
        "不足 {least} 条时不给比例：多一条少一条就差很多。",
        "No shares of fewer than {least}: one more or less would move them much.",
    ),
    "days_to_signed": (
        "从推荐到签约：中位数 {days:.1f} 天（{n} 条）",
        "From proposed to signed: median {days:.1f} days (over {n})",
    ),
    "none_signed": ("尚无签约。", "None was signed so far."),
    "backwards": (
        "另有 {n} 条因系统时钟倒退，时长不明。",
        "The time of {n} more is not known: the clock was set back.",
    ),
    "why_declined": ("未成的原因", "Why referrals were declined"),
    "number": ("数量", "Number"),
    "by_institute": ("按机构", "By institute"),
    "by_year": ("按年份", "By year"),
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
    lines: dict[str, str | None] = {
        "enterprise": referral.problem.enterprise,
        "institute": institute_name(registry, referral.institute, language),
        "capability": grounds.capability if grounds else None,
        "state": _state(referral, language),
        "at_the_time": _score(grounds, language) if grounds else None,
        "case": referral.case,
    }
    print_lines(console, lines, language)
    say(console, word("history", language), style="bold")
    for step in steps:
        reason = bracketed(word(step.reason, language), language) if step.reason else ""
        text = labelled(stamped(step.stamp, language), word(step.state, language) + reason, language)
        say(console, text if not step.note else f"{text} {step.note}", mark="-", indent=2)


def _score(grounds: Grounds, language: Language) -> str:
    return f"{grounds.score:.2f}{bracketed(level_word(grounds.level, language), language)}"


def print_info(console: Console, found: Mapping[str, object], language: Language) -> None:
    """Print what ``ledger info`` found."""
    for key, value in found.items():
        if value is not None:
            text = f"{value:,}" if isinstance(value, int) else str(value)
            say(console, labelled(word(key, language), text, language))
