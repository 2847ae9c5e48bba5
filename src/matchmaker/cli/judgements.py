"""``matchmaker judge`` and ``matchmaker judgements``: what people think of pairs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Optional

import typer

from matchmaker.cli import cases, explain, match, options, referrals
from matchmaker.cli.boundary import Boundary, tell
from matchmaker.cli.ledger import LedgerOption, name_from, opened, person, put_json
from matchmaker.errors import Fault, InputError, LedgerError
from matchmaker.messages import said

if TYPE_CHECKING:
    from matchmaker.domain import Language, Match, Problem, Registry
    from matchmaker.ledger.judgements import Judgement
    from matchmaker.ledger.store import Ledger

app = typer.Typer(
    cls=Boundary,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="What people think of pairs: list, export, agreement.\n\nExample: matchmaker judgements list",
)
Judge = Annotated[
    Optional[str],  # noqa: UP045 - Typer reads the annotation
    typer.Option(
        "--judge",
        envvar="MATCHMAKER_USER",
        metavar="NAME",
        help="Who judges. Default: the name of the system's user.",
        show_default=False,
    ),
]
OneJudge = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--judge", metavar="NAME", help="Only the judgements of this judge.", show_default=False),
]
Grades = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--grades",
        metavar="INSTITUTE=GRADE,…",
        help="The grades, without being asked, such as giii=3,fytri=0.",
        show_default=False,
    ),
]
Blind = Annotated[bool, typer.Option("--blind", help="Show no scores, in an order that says nothing.")]
Seed = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(
        "--seed",
        min=0,
        max=2**31 - 1,
        help="Of the blind order. Default: by problem and judge, always the same.",
        show_default=False,
    ),
]
RandomOthers = Annotated[
    int, typer.Option("--random-others", min=0, metavar="K", help="With --blind: mix in K institutes beyond --top.")
]
First = Annotated[Optional[str], typer.Argument(metavar="JUDGE", help="One judge.", show_default=False)]  # noqa: UP045
Second = Annotated[Optional[str], typer.Argument(metavar="OTHER", help="The other.", show_default=False)]  # noqa: UP045
_MAX_ANSWER: Final = 1_000
Everything = Annotated[bool, typer.Option("--all", help="Also earlier judgements of a pair by the same judge.")]
ProblemsOut = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--problems", metavar="FILE", help="Where the problems go, a .jsonl file.", show_default=False),
]
QrelsOut = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--output", "-o", metavar="FILE", help="Where the judgements go.", show_default=False),
]


def judge(
    file: referrals.ProblemFile,
    chosen: explain.Chosen = None,
    split: options.SplitOption = options.SplitName.auto,
    grades: Grades = None,
    blind: Blind = False,
    random_others: RandomOthers = 0,
    seed: Seed = None,
    judge_name: Judge = None,
    institutes: options.Institutes = None,
    settings: options.Settings = None,
    ledger: LedgerOption = None,
    lang: options.LanguageOption = None,
    top: options.Top = 5,
    quiet: options.Quiet = False,
) -> None:
    """Grade how well institutes suit a problem: 3 strong, 2 fair, 1 weak, 0 none; asked one by one, or by --grades.

    Answers may come from a pipe, a line each: a grade, s to skip, q to stop. Every grade is kept at once.

    Example: matchmaker judge data/problems/05-water-leak.yaml --grades giii=3,fytri=0
    """
    if random_others and not blind:
        raise typer.BadParameter("--random-others goes with --blind: else the order would tell them apart")
    if grades is None and str(file) == "-":
        raise typer.BadParameter("the answers come from stdin: give the problem as a FILE, or the grades by --grades")
    problem = explain.chosen_problem(match.problems_from(file, None, split, quiet=quiet), chosen, place=str(file))
    registry = options.registry_from(institutes)
    name = person(judge_name)
    language = options.language_from(lang) or problem.language
    if grades is not None:
        given = grades_from(grades, registry)
        session = Session(problem, name, blind=blind, seed=seed)
        with opened(ledger, create=True) as store:
            for institute, grade in given.items():
                session.keep(store, institute, grade)
    else:
        found = options.matcher_for(registry, settings).match([problem], top=None)[0].matches
        session = Session(problem, name, blind=blind, seed=_seed(problem, name, seed) if blind else None)
        shown = _blind(found, top, random_others, session.seed) if blind else found[:top]
        with opened(ledger, create=True) as store:
            session.ask(store, shown, registry, language)
    if not quiet:
        tell(said("kept {n} judgements of {judge}", n=session.n_kept, judge=name))


def _seed(problem: Problem, name: str, given: int | None) -> int:
    from matchmaker.ledger.judgements import usual_seed

    return usual_seed(problem, name) if given is None else given


def _blind(found: Sequence[Match], top: int, n_others: int, seed: int | None) -> list[Match]:
    """The first matches and some of the others, in an order that says nothing."""
    from matchmaker.ledger.judgements import shuffled

    by_id = {one.institute: one for one in found}
    ids = [one.institute for one in found]
    return [by_id[id_] for id_ in shuffled(ids[:top], ids[top:], n_others, seed=seed or 0)]


def grades_from(text: str, registry: Registry) -> dict[str, int]:
    """The grades of ``--grades`` by id of institute.

    Raises:
        ProfileError: An institute is not in the registry.
    """
    from matchmaker.institutes import find_institute

    grades: dict[str, int] = {}
    for entry in text.replace("，", ",").split(","):
        name, mark, grade = entry.strip().rpartition("=")
        if not mark or grade.strip() not in {"0", "1", "2", "3"}:
            problem = said("'{entry}' is not INSTITUTE=GRADE with a grade from 0 to 3", entry=entry.strip())
            raise typer.BadParameter(problem)
        id_ = find_institute(registry, name).id
        if id_ in grades:
            raise typer.BadParameter(said("'{id}' is graded twice; give one grade", id=id_))
        grades[id_] = int(grade)
    return grades


@dataclass
class Session:
    """One judge at one problem."""

    problem: Problem
    judge: str
    blind: bool
    seed: int | None
    n_kept: int = 0

    def keep(self, store: Ledger, institute: str, grade: int) -> None:
        from matchmaker.ledger.judgements import keep_judgement

        seed = self.seed if self.blind else None
        keep_judgement(store, self.problem, institute, grade, judge=self.judge, blind=self.blind, seed=seed)
        self.n_kept += 1

    def ask(self, store: Ledger, shown: Sequence[Match], registry: Registry, language: Language) -> None:
        """Show the problem, then one institute after the other, and keep each grade as it is given."""
        from matchmaker.writing.terminal import open_console
        from matchmaker.writing.terminal.judgements import print_candidate, print_task

        console = open_console()
        print_task(console, self.problem, len(shown), language, seed=self.seed if self.blind else None)
        answers = _answers()
        for number, candidate in enumerate(shown, 1):
            print_candidate(console, candidate, registry, number, language, blind=self.blind)
            grade = self._grade(answers, language)
            if grade == "q":
                return
            if grade != "s":
                self.keep(store, candidate.institute, int(grade))

    @staticmethod
    def _grade(answers: Iterator[str], language: Language) -> str:
        from matchmaker.writing.terminal.ledger import word

        while True:
            typer.echo(word("prompt", language), nl=False, err=True)
            answer = next(answers, "q")
            if answer in {"0", "1", "2", "3", "s", "q"}:
                return answer
            typer.echo(word("not_a_grade", language), err=True)


def _answers() -> Iterator[str]:
    """The lines of stdin, tidied; full-width digits are digits."""
    import unicodedata

    while line := sys.stdin.readline(_MAX_ANSWER + 1):
        if len(line) > _MAX_ANSWER:
            finding = said("a line of more than {n:,} characters", n=_MAX_ANSWER)
            raise InputError(Fault(said("stdin"), finding, "answer with a grade from 0 to 3, s or q"))
        yield unicodedata.normalize("NFKC", line).strip().casefold()


@app.command("list")
def list_judgements(
    judge_name: OneJudge = None,
    everything: Everything = False,
    institutes: options.Institutes = None,
    ledger: LedgerOption = None,
    format: options.FormatOption = None,
    lang: options.LanguageOption = None,
) -> None:
    """List the judgements that count: the latest of each judge for each pair.

    Example: matchmaker judgements list
    """
    from matchmaker.ledger import judgements as kept

    with opened(ledger) as store:
        found = kept.list_judgements(store, judge=name_from(judge_name), counting=not everything)
    if cases.is_table(format):
        from matchmaker.writing.terminal import open_console
        from matchmaker.writing.terminal.judgements import print_judgements

        registry = options.registry_from(institutes)
        print_judgements(open_console(), found, registry, options.language_from(lang) or "zh")
    else:
        cases.put_rows(map(_object, found), format)


def _object(one: Judgement) -> dict[str, object]:
    return {
        "problem": {"id": one.problem.id, "title": one.problem.title, "digest": one.digest},
        "institute": one.institute,
        "grade": one.grade,
        "judge": one.judge,
        "blind": one.blind,
        "seed": one.seed,
        "at": one.at,
    }


@app.command()
def export(
    judge_name: OneJudge = None,
    output: QrelsOut = None,
    problems: ProblemsOut = None,
    ledger: LedgerOption = None,
    lang: options.LanguageOption = None,
    quiet: options.Quiet = False,
) -> None:
    """Write judgements as 'evaluate' and 'calibrate' take them; of several judges the median, the lower of two.

    Example: matchmaker judgements export -o qrels.txt --problems judged.jsonl
    """
    import json

    from matchmaker.cli.evaluate import put
    from matchmaker.evaluation.trec import format_qrels
    from matchmaker.ledger import judgements as kept

    with opened(ledger, output, problems) as store:
        found = kept.list_judgements(store, judge=name_from(judge_name))
    if not found:
        raise LedgerError(Fault(store.place, "holds no such judgement", "see: matchmaker judgements list"))
    together = kept.agreed(found)
    if problems is not None:
        rows = (problem.model_dump(mode="json", exclude_defaults=True) for problem in together.problems)
        put("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), problems, private=True)
    put("".join(format_qrels(together.qrels)), output, private=True)
    if not quiet:
        for file in filter(None, (output, problems)):
            tell(said("wrote {file}", file=file))


@app.command()
def agreement(
    first: First = None,
    second: Second = None,
    ledger: LedgerOption = None,
    format: options.FormatOption = None,
    lang: options.LanguageOption = None,
) -> None:
    """Say how far two judges agree on the pairs that both graded: Cohen's kappa and weighted kappa.

    Example: matchmaker judgements agreement 张三 李四
    """
    from matchmaker.evaluation.agreement import agreement as compare
    from matchmaker.ledger import judgements as kept

    if format not in (None, options.FormatName.table, options.FormatName.json):
        raise typer.BadParameter("agreement is printed as table or json")
    with opened(ledger) as store:
        found = kept.list_judgements(store)
    one, other = two_judges(name_from(first), name_from(second), found)
    result = compare(kept.pairs_of(found, one, other))
    if format is options.FormatName.json:
        put_json({"judges": [one, other], **_rounded(asdict(result))})
        return
    from matchmaker.writing.terminal import open_console
    from matchmaker.writing.terminal.judgements import print_agreement

    print_agreement(open_console(), result, (one, other), options.language_from(lang) or "zh")


def two_judges(first: str | None, second: str | None, found: Sequence[Judgement]) -> tuple[str, str]:
    """The judges named; the only two there are where none is.

    Raises:
        LedgerError: A judge has judged nothing, or it is not clear which two are meant.
    """
    known = list(dict.fromkeys(one.judge for one in found))
    names = [name for name in (first, second) if name is not None]
    if not names and len(known) == 2:
        return known[0], known[1]
    remedy = said("the judges are: {names}", names=", ".join(known) or "-")
    if len(names) != 2 or names[0] == names[1]:
        raise LedgerError(Fault("judgements agreement", "name two judges", remedy))
    for name in names:
        if name not in known:
            raise LedgerError(Fault("judgements agreement", said("'{name}' has judged nothing", name=name), remedy))
    return names[0], names[1]


def _rounded(values: Mapping[str, object]) -> dict[str, object]:
    rounded: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, float):
            rounded[name] = round(value, 6)
        else:
            rounded[name] = _rounded(value) if isinstance(value, dict) else value
    return rounded
