"""What the commands print, word for word: ``make golden`` rewrites the files, every other run compares."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner, Result

from matchmaker.cli import app

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "data" / "golden"
REWRITE = os.environ.get("MATCHMAKER_GOLDEN") == "1"
TERMINAL = {
    "COLUMNS": "80",
    **dict.fromkeys(("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "JUPYTER_COLUMNS")),
}
SECONDS = re.compile(r"(?<=用时 )[\d.]+(?= 秒)|[\d.]+(?= s$)", re.MULTILINE)

REQUESTS = "data/problems/requests.csv"
EVALUATION = "tests/data/evaluation"
JUDGED = (
    f"--problems {EVALUATION}/problems.csv --qrels {EVALUATION}/qrels.txt --institutes {EVALUATION}/institutes.jsonl"
)
SESSIONS = {
    "match.txt": [
        "match data/problems/05-water-leak.yaml --top 2",
        "match data/problems/05-water-leak.yaml --top 2 --lang en",
        "match data/problems/08-battery-tray-joints.yaml --top 1",
        "match data/problems/05-water-leak.yaml --top 2 --scores --all",
    ],
    "match-traditional.txt": [
        "match data/problems/02-rooftop-cabinet-heat.md --top 1",
        "match data/problems/05-water-leak.yaml --top 1 --lang zh-Hant",
        "institutes list --lang zh-Hant",
        "alliance --lang zh-Hant",
        "match data/problems/05-water-leek.yaml --lang zh-Hant",
    ],
    "help-chinese.txt": [
        "--help --lang zh",
        "match --help --lang zh",
        "institutes --help --lang zh",
        "institutes show --help --lang zh",
        "referrals set --help --lang zh-Hant",
        "match --top 0 --lang zh",
    ],
    "match-none.txt": [
        "match data/problems/19-fish-ball-texture.yaml --top 2",
        "match data/problems/22-eye-drop-haze.yaml --top 2",
    ],
    "explain.txt": [
        "explain data/problems/05-water-leak.yaml giii",
        "explain data/problems/05-water-leak.yaml scttc --lang en",
        "explain data/problems/16-crewed-sub-controller.yaml giius --lang en",
        "explain data/problems/22-eye-drop-haze.yaml fytri",
        "explain --text 供水管网漏水找不到漏点 giii",
        "explain data/problems/05-water-leak.yaml gii",
        "explain --text 供水管网漏水找不到漏点",
    ],
    "explain-markdown.txt": [
        f"explain data/problems/02-rooftop-cabinet-heat.md fytri --format md --lang {lang}" for lang in ("zh", "en")
    ],
    "match-markdown.txt": [
        "match data/problems/02-rooftop-cabinet-heat.md --top 1 --format md",
        "match data/problems/02-rooftop-cabinet-heat.md --top 1 --format md --lang en",
    ],
    "batch.txt": [f"batch {REQUESTS} --format jsonl --top 1 --lang {lang} -o /dev/null" for lang in ("zh", "en")],
    "problems.txt": [
        f"problems {REQUESTS} --for giii --top 5 -q --lang zh",
        f"problems {REQUESTS} --for giii --top 5 -q",
    ],
    "institutes-list.txt": [
        f"institutes list --institutes {which} --lang zh" for which in ("data/institutes.yaml", "all")
    ]
    + ["institutes list", "institutes validate -q"],
    "institutes-show.txt": ["institutes show scttc --lang zh", "institutes show scttc"],
    "institutes-search.txt": ["institutes search 水下机器人 --top 5", "institutes search 'underwater robot' --top 5"],
    "evaluate.txt": [
        f"evaluate {JUDGED} --judged-only --sweep --lang zh",
        f"evaluate {JUDGED} --errors 2",
        f"evaluate {JUDGED} --format md --lang en --at-least P@1=1",
    ],
    "calibrate.txt": [
        f"calibrate {JUDGED} -o /dev/null --pool-groups 2 --lang zh",
        f"calibrate {JUDGED} -o /dev/null",
    ],
    "alliance.txt": ["alliance --lang zh", "alliance", "alliance --format json"],
    "errors.txt": [
        "match data/problems/05-water-leek.yaml",
        f"match {REQUESTS}",
        "match",
        f"problems {REQUESTS} --for gii",
        f"batch {REQUESTS} -o shortlists.doc",
        "institutes show nobody",
        "match data/problems/05-water-leek.yaml --lang zh",
        f"problems {REQUESTS} --for gii --lang zh",
    ],
}
FILES = {
    "explain.json": "explain data/problems/05-water-leak.yaml giii --format json",
    "match.json": "match data/problems/05-water-leak.yaml --top 1 --format json",
    "batch.csv": f"batch {REQUESTS} --top 1 -q",
}


def command_names() -> Iterator[str]:
    """Every command and group of commands, the program itself first."""

    def below(command: object, name: str) -> Iterator[str]:
        yield name
        if isinstance(command, TyperGroup):
            for key, child in command.commands.items():
                yield from below(child, f"{name} {key}".strip())

    return below(get_command(app), "")


def run(command: str) -> Result:
    result = CliRunner().invoke(app, shlex.split(command), env=TERMINAL, prog_name="matchmaker")
    assert result.exit_code in {0, 2, 3, 5}, result.exception
    return result


def session(command: str) -> str:
    """A command and all it said, as in a terminal."""
    result = run(command)
    said = f"$ matchmaker {command}\n".replace("  ", " ") + result.stdout
    said += f"[stderr]\n{result.stderr}" if result.stderr else ""
    said += f"[exit code {result.exit_code}]\n" if result.exit_code else ""
    return SECONDS.sub("0.0", "".join(f"{line.rstrip(' ')}\n" for line in said.splitlines()))


def compare(name: str, found: str) -> None:
    path = GOLDEN / name
    if REWRITE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, "utf-8", newline="")
    with path.open(encoding="utf-8", newline="") as file:
        assert found == file.read(), f"{name} has changed; if that is meant: make golden"


@pytest.fixture(autouse=True)
def _at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("name", SESSIONS)
def test_sessions(name: str) -> None:
    compare(name, "\n".join(map(session, SESSIONS[name])))


@pytest.mark.parametrize("name", FILES)
def test_files(name: str) -> None:
    compare(name, run(FILES[name]).stdout_bytes.decode())


def test_help() -> None:
    compare("help.txt", "\n".join(session(f"{name} --help".strip()) for name in command_names()))


def test_no_golden_file_is_left_over() -> None:
    names = {path.name for path in GOLDEN.iterdir() if not path.name.startswith(".")}
    assert names == {*SESSIONS, *FILES, "help.txt"}
