"""Mutation testing: ``python tests/mutation_long.py [--again] [--most N] [MODULE ...]``, or ``make mutation``.

mutmut changes one thing at a time in the modules below (an operator, a number, an argument, a word) and runs the tests
that belong to the module and come by the changed function; a change that no test notices has survived. Of each module
up to ``--most`` changes are tried, drawn with a fixed seed. mutmut works on copies in ``build/mutation``, a folder for
each group of modules, so that the tests of a group are not run for another one. What survived stands in
``build/mutation/survivors.diff``, and the table goes to ``docs/mutation.md``.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[1]
BUILD: Final = ROOT / "build" / "mutation"
REPORT: Final = ROOT / "docs" / "mutation.md"
TABLE: Final = re.compile(r"^\| module \| changes .*?(?=\n\n|\Z)", re.DOTALL | re.MULTILINE)
SEED: Final = 20261123
MOST: Final = 40
LOST: Final = ("survived", "no tests")
AGAIN: Final = (*LOST, "timeout")
LINKED: Final = ("src", "tests", "data", "docs", "benchmarks", "README.md", "CHANGELOG.md", "Makefile", "NOTICE")


class Group(NamedTuple):
    """Modules below ``src/matchmaker``, the files of their tests, and which of these tests are left out as slow."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    left_out: str = ""
    forks_from: str = "fork"  # where the tests run: in a copy of the process that ran them before, or of an idle one


GROUPS: Final[Mapping[str, Group]] = {
    "matching": Group(
        ("matching/matcher.py", "matching/score.py", "matching/reasons.py"),
        ("test_matcher.py", "test_cases.py", "test_explain.py"),
        "many_problems_give or copy_of_an_institute or hard_limits_always or breadth_never or unrelated_capability or "
        "short_shortlist or order_of_institutes or base_and_parts or processes_change_nothing or "
        "similarities_in_range or saying_a_capability_again or agree_on_every_shipped or the_command",
    ),
    "similarity": Group(
        ("matching/[!emrsq]*.py", "matching/sa*.py", "matching/sem*.py", "matching/services.py", "matching/rarity.py"),
        ("test_similarity.py", "test_semantic.py", "test_cases.py"),
        "how_a_problem_is_written or table_is_whole or processes_change_nothing or similarities_in_range",
    ),
    "encoders": Group(  # their threads do not live on in a copy, and what was read once is not read again
        ("matching/e5.py", "matching/encoder.py"),
        ("test_e5.py", "test_semantic.py"),
        "table_is_whole or traditional_characters or sentences_compared or shipped_profiles or cut_together",
        forks_from="forkserver",
    ),
    "evaluation": Group(
        ("evaluation/*.py",),
        ("test_evaluation.py", "test_agreement.py", "test_calibration.py"),
    ),
    "output": Group(
        ("writing/*.py", "runs/spool.py"),
        (
            *("test_output.py", "test_workbook.py", "test_explain.py", "test_columns.py"),
            "test_resume.py::test_answers_come_back_from_the_spool_as_they_were",
        ),
        "hash_seeds or libreoffice or memory_does_not or without_the_terminal or base_and_parts or "
        "agree_on_every_shipped",
    ),
}


def prepare(name: str, group: Group) -> Path:
    """The folder of a group: links to the sources, and the project's settings with those of mutmut."""
    folder = BUILD / name
    folder.mkdir(parents=True, exist_ok=True)
    for linked in LINKED:
        if not (folder / linked).exists():
            (folder / linked).symlink_to(ROOT / linked, target_is_directory=(ROOT / linked).is_dir())
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8") + "\n[tool.mutmut]\n"
    lists = {
        "source_paths": ["src"],
        "only_mutate": [f"src/matchmaker/{module}" for module in group.modules],
        "also_copy": [linked for linked in LINKED if linked not in ("src", "tests")],
        "pytest_add_cli_args_test_selection": [where(test) for test in group.tests],
        "pytest_add_cli_args": [
            "-p",
            "no:cacheprovider",
            *(["-k", f"not ({group.left_out})"] if group.left_out else []),
        ],
    }
    settings += "".join(f"{key} = {json_list(values)}\n" for key, values in lists.items())
    settings += f"process_isolation = '{group.forks_from}'\ntimeout_multiplier = 5.0\ntimeout_constant = 3.0\n"
    (folder / "pyproject.toml").write_text(settings, encoding="utf-8")
    return folder


def where(test: str) -> str:
    """The path of a test that is named by its file alone, from the root of the project."""
    file, *names = test.split("::")
    found = next((ROOT / "tests").rglob(file)).relative_to(ROOT)
    return "::".join((found.as_posix(), *names))


def json_list(values: Sequence[str]) -> str:
    return "[" + ", ".join(f"'{value}'" for value in values) + "]"


def modules_of(group: Group) -> Iterator[str]:
    """The modules of a group that are there, as ``matching/cases.py``."""
    package = ROOT / "src" / "matchmaker"
    for path in sorted(package.rglob("*.py")):
        module = path.relative_to(package).as_posix()
        if any(fnmatch(module, pattern) for pattern in group.modules):
            yield module


def mutants_of(module: str) -> list[str]:
    """The names that mutmut gives to all changes of a module."""
    from mutmut.mutation.file_mutation import mutate_file_contents

    path = ROOT / "src" / "matchmaker" / module
    made = mutate_file_contents(str(path), path.read_text(encoding="utf-8")).mutant_names
    return [f"{prefix_of(module)}{name}" for name in made]


def prefix_of(module: str) -> str:
    return "matchmaker." + module.removesuffix(".py").replace("/", ".") + "."


def drawn(module: str, names: Sequence[str], most: int) -> list[str]:
    """Up to ``most`` of the changes of a module: what is drawn of one module does not depend on the others."""
    return sorted(random.Random(f"{SEED} {module}").sample(sorted(names), min(most, len(names))))  # noqa: S311 (no secret)


def mutmut(folder: Path, *arguments: str) -> str:
    """What a command of mutmut prints; what it says while it runs goes to a file."""
    command = [str(Path(sys.executable).parent / "mutmut"), *arguments]
    environment = os.environ | {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "COLUMNS": "200"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if arguments[0] == "run":
        (folder / "log.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        sys.exit(f"mutmut {arguments[0]} in {folder} failed:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout


def states(folder: Path) -> dict[str, dict[str, str]]:
    """By module what became of each change: killed, survived, timeout, no tests, or not checked."""
    found: dict[str, dict[str, str]] = {}
    for name, state in re.findall(r"^ +(\S+): (.+)$", mutmut(folder, "results", "--all", "true"), re.MULTILINE):
        module = name.removeprefix("matchmaker.").rpartition(".")[0].replace(".", "/") + ".py"
        found.setdefault(module, {})[name] = state
    return found


def row(module: str, n_all: int, found: Sequence[str]) -> list[str | int]:
    """A line of the table: the score is the share of changes that made a test fail; taking too long is not enough."""
    counts = Counter(found)
    n_lost = sum(counts[state] for state in LOST)
    n_killed = len(found) - n_lost - counts["timeout"]
    share = f"{100 * n_killed / len(found):.0f} %"
    return [module, n_all, len(found), n_killed, counts["timeout"], n_lost, share]


def report(rows: Sequence[Sequence[str | int]]) -> None:
    """Put the table into the page, in place of the last one."""
    sums = [sum(int(line[at]) for line in rows) for at in range(1, 6)]
    share = f"**{100 * sums[2] / max(sums[1], 1):.1f} %**"
    lines = [
        "| module | changes | tried | killed | too long | survived | score |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [f"| {' | '.join(f'{cell:,}' if isinstance(cell, int) else cell for cell in line)} |" for line in rows]
    lines.append(f"| **all** | {' | '.join(f'{n:,}' for n in sums)} | {share} |")
    table = "\n".join(lines)
    sys.stdout.write(table + "\n")
    page = REPORT.read_text(encoding="utf-8") if REPORT.exists() else "# Mutation testing\n"
    page = TABLE.sub(lambda _: table, page) if TABLE.search(page) else f"{page}\n{table}\n"
    REPORT.write_text(page, encoding="utf-8")


def run_group(name: str, wanted: Sequence[str], most: int, *, again: bool) -> None:
    """Try the changes drawn of a group's modules, of all or of those wanted, or again those that survived."""
    modules = [one for one in modules_of(GROUPS[name]) if {one, name} & set(wanted)]
    if modules:
        folder = prepare(name, GROUPS[name])
        os.chdir(folder)  # mutmut reads its settings where it runs
        known = states(folder) if again and (folder / "mutants").exists() else {}
        if again:
            names = [one for module in modules for one, state in known.get(module, {}).items() if state in AGAIN]
        else:
            names = [one for module in modules for one in drawn(module, mutants_of(module), most)]
        if names:
            mutmut(folder, "run", "--max-children", "1", *names)


def found_in(name: str) -> Iterator[tuple[str, int, dict[str, str]]]:
    """Of each module of a group: how many changes there are, and what became of those that were tried."""
    known = states(BUILD / name) if (BUILD / name / "mutants").exists() else {}
    for module in modules_of(GROUPS[name]):
        tried = {one: state for one, state in known.get(module, {}).items() if state != "not checked"}
        if tried:
            yield module, len(known[module]), tried


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "wanted", nargs="*", help=f"{', '.join(GROUPS)}, or modules such as scoring.py; all if not given"
    )
    parser.add_argument("--most", type=int, default=MOST, help="changes tried of each module")
    parser.add_argument(
        "--again", action="store_true", help="try only what was not killed last time, with the tests of now"
    )
    options = parser.parse_args()
    if not options.wanted and not options.again:
        shutil.rmtree(BUILD, ignore_errors=True)
    for name in GROUPS:
        run_group(name, options.wanted or list(GROUPS), options.most, again=options.again)
    found = {name: list(found_in(name)) for name in GROUPS}
    report([row(module, n_all, list(tried.values())) for one in found.values() for module, n_all, tried in one])
    lost = [(name, at) for name, one in found.items() for *_, tried in one for at in tried if tried[at] in AGAIN]
    with (BUILD / "survivors.diff").open("w", encoding="utf-8") as file:
        file.writelines(mutmut(BUILD / name, "show", at) for name, at in lost)


if __name__ == "__main__":
    main()
