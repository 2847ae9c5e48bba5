"""``matchmaker judge`` and ``matchmaker judgements``: what people think of pairs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Optional

import typer

from matchmaker.cli import options
from matchmaker.cli.boundary import Boundary, tell
from matchmaker.cli.ledgers import LedgerOption, ProblemFile, name_from, opened, person
from matchmaker.cli.reading import chosen_problem, problems_from
from matchmaker.errors import Fault, InputError, LedgerError
from matchmaker.messages import make_message, translate

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
    file: ProblemFile,
    chosen: options.Chosen = None,
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
    problem = chosen_problem(problems_from(file, None, split, quiet=quiet), chosen, place=str(file))
    session = options.session_from(institutes, settings)
    name = person(judge_name)
    if grades is not None:
        given = grades_from(grades, session.registry)
        grading = Grading(problem, name, blind=blind, seed=seed)
        with opened(ledger, create=True) as store:
            for institute, grade in given.items():
                grading.keep(store, institute, grade)
    else:
        found = session.match(problem, top=None).matches
        grading = Grading(problem, name, blind=blind, seed=_seed(problem, name, seed) if blind else None)
        shown = _blind(found, top, random_others, grading.seed) if blind else found[:top]
        with opened(ledger, create=True) as store:
            grading.ask(store, shown, session.registry, options.language_from(lang) or problem.shown_in)
    if not quiet:
        tell(make_message("kept {n} judgements of {judge}", n=grading.n_kept, judge=name))


def _seed(problem: Problem, name: str, given: int | None) -> int:
    from matchmaker.ledger.judgements import default_seed

    return default_seed(problem, name) if given is None else given


def _blind(found: Sequence[Match], top: int, n_others: int, seed: int | None) -> list[Match]:
    """The first matches and some of the others, in an order that says nothing."""
    from matchmaker.ledger.judgements import shuffle_candidates

    by_id = {one.institute: one for one in found}
    ids = [one.institute for one in found]
    return [by_id[id_] for id_ in shuffle_candidates(ids[:top], ids[top:], n_others, seed=seed or 0)]


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
            problem = make_message("'{entry}' is not INSTITUTE=GRADE with a grade from 0 to 3", entry=entry.strip())
            raise typer.BadParameter(problem)
        id_ = find_institute(registry, name).id
        if id_ in grades:
            raise typer.BadParameter(make_message("'{id}' is graded twice; give one grade", id=id_))
        grades[id_] = int(grade)
    return grades


@dataclass
class Grading:
    """One judge at one problem."""

    problem: Problem
    judge: str
    blind: bool
    seed: int | None
    n_kept: int = 0

    def keep(self, store: Ledger, institute: str, grade: int) -> None:
        from matchmaker.ledger.judgements import add_judgement

        seed = self.seed if self.blind else None
        add_judgement(store, self.problem, institute, grade, judge=self.judge, blind=self.blind, seed=seed)
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
        while True:
            typer.echo(translate("grade (0-3, s, q): ", language), nl=False, err=True)
            answer = next(answers, "q")
            if answer in {"0", "1", "2", "3", "s", "q"}:
                return answer
            typer.echo(translate("write 0, 1, 2, 3, s or q", language), err=True)


def _answers() -> Iterator[str]:
    """The lines of stdin, tidied; full-width digits are digits."""
    import unicodedata

    while line := sys.stdin.readline(_MAX_ANSWER + 1):
        if len(line) > _MAX_ANSWER:
            finding = make_message("a line of more than {n:,} characters", n=_MAX_ANSWER)
            raise InputError(Fault(make_message("stdin"), finding, "answer with a grade from 0 to 3, s or q"))
        yield unicodedata.normalize("NFKC", line).strip().casefold()


@app.command("list")
def list_judgements(
    judge_name: OneJudge = None,
    everything: Everything = False,
    institutes: options.Institutes = None,
    ledger: LedgerOption = None,
    format: options.RowsFormat = None,
    lang: options.LanguageOption = None,
) -> None:
    """List the judgements that count: the latest of each judge for each pair.

    Example: matchmaker judgements list
    """
    from matchmaker.ledger import judgements as kept

    with opened(ledger) as store:
        found = kept.list_judgements(store, judge=name_from(judge_name), counting=not everything)

    def show() -> None:
        from matchmaker.writing.terminal import open_console
        from matchmaker.writing.terminal.judgements import print_judgements

        registry = options.session_from(institutes).registry
        print_judgements(open_console(), found, registry, options.language_from(lang) or "zh")

    options.put(map(_object, found), "rows", format, show)


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
    from matchmaker.evaluation.trec import format_qrels
    from matchmaker.ledger import judgements as kept
    from matchmaker.writing import Context, write, write_text

    with opened(ledger, output, problems) as store:
        found = kept.list_judgements(store, judge=name_from(judge_name))
    if not found:
        raise LedgerError(Fault(store.place, "holds no such judgement", "see: matchmaker judgements list"))
    together = kept.merge_judgements(found)
    if problems is not None:
        rows = (problem.model_dump(mode="json", exclude_defaults=True) for problem in together.problems)
        write(rows, "rows", "jsonl", problems, Context(private=True))
    write_text(format_qrels(together.qrels), output, private=True)
    for file in (output, problems):
        options.tell_written(file, quiet=quiet)


@app.command()
def agreement(
    first: First = None,
    second: Second = None,
    ledger: LedgerOption = None,
    format: options.FactsFormat = None,
    lang: options.LanguageOption = None,
) -> None:
    """Say how far two judges agree on the pairs that both graded: Cohen's kappa and weighted kappa.

    Example: matchmaker judgements agreement 张三 李四
    """
    from matchmaker.evaluation.agreement import measure_agreement
    from matchmaker.ledger import judgements as kept

    with opened(ledger) as store:
        found = kept.list_judgements(store)
    one, other = two_judges(name_from(first), name_from(second), found)
    result = measure_agreement(kept.pairs_of(found, one, other))

    def show() -> None:
        from matchmaker.writing.terminal import open_console
        from matchmaker.writing.terminal.judgements import print_agreement

        print_agreement(open_console(), result, (one, other), options.language_from(lang) or "zh")

    options.put({"judges": [one, other], **_rounded(asdict(result))}, "facts", format, show)


def two_judges(first: str | None, second: str | None, found: Sequence[Judgement]) -> tuple[str, str]:
    """The judges named; the only two there are where none is.

    Raises:
        LedgerError: A judge has judged nothing, or it is not clear which two are meant.
    """
    known = list(dict.fromkeys(one.judge for one in found))
    names = [name for name in (first, second) if name is not None]
    if not names and len(known) == 2:
        return known[0], known[1]
    remedy = make_message("the judges are: {names}", names=", ".join(known) or "-")
    if len(names) != 2 or names[0] == names[1]:
        raise LedgerError(Fault("judgements agreement", "name two judges", remedy))
    for name in names:
        if name not in known:
            raise LedgerError(
                Fault("judgements agreement", make_message("'{name}' has judged nothing", name=name), remedy)
            )
    return names[0], names[1]


def _rounded(values: Mapping[str, object]) -> dict[str, object]:
    rounded: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, float):
            rounded[name] = round(value, 6)
        else:
            rounded[name] = _rounded(value) if isinstance(value, dict) else value
    return rounded
