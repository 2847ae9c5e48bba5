"""Help offers only what a command can write: every command is run with every format that its help names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from matchmaker.cli import app

ROOT = Path(__file__).parents[2]
LEAK = "data/problems/05-water-leak.yaml"
EVALUATION = "tests/data/evaluation"
WORDS = ("--encoder", "words")
ARGUMENTS = {
    "match": (LEAK, *WORDS),
    "lint": (LEAK, *WORDS),
    "explain": (LEAK, "giii", *WORDS),
    "batch": ("data/problems/requests.csv", *WORDS, "--workers", "1", "-q"),
    "problems": ("data/problems/requests.csv", "--for", "giii", *WORDS, "-q"),
    "alliance": (),
    "evaluate": ("--qrels", f"{EVALUATION}/qrels.txt", "--problems", f"{EVALUATION}/problems.csv", *WORDS),
    "stats": (),
    "doctor": (),
    "institutes list": (),
    "institutes show": ("giii",),
    "institutes search": ("水下机器人", *WORDS),
    "cases list": (),
    "cases search": ("漏损",),
    "cases show": ("C-1",),
    "cases export": (),
    "cases anonymise": (),
    "referrals list": (),
    "referrals due": ("--days", "0"),
    "referrals show": ("R-1",),
    "judgements list": (),
    "judgements agreement": ("甲", "乙"),
    "ledger info": (),
}


def offered() -> Iterator[tuple[str, str]]:
    """Every command that takes ``--format``, with each format that its help names."""

    def below(command: object, name: str) -> Iterator[tuple[str, str]]:
        if isinstance(command, TyperGroup):
            for key, child in command.commands.items():
                yield from below(child, f"{name} {key}".strip())
            return
        told = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "200"}).stdout
        if choices := re.search(r"--format <([\w|]+)>", told):
            yield from ((name, choice) for choice in choices[1].split("|"))

    return below(get_command(app), "")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with a case, a referral and the judgements of two people."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    commands = (
        ("cases", "add", "--title", "管网漏损", "--institute", "giii"),
        ("refer", LEAK, "giii"),
        ("judge", LEAK, "--grades", "giii=3,fytri=0", "--judge", "甲"),
        ("judge", LEAK, "--grades", "giii=2,fytri=0", "--judge", "乙"),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        for command in commands:
            assert CliRunner().invoke(app, [*command, "--ledger", str(path)]).exit_code == 0
    return path


@pytest.mark.parametrize(("command", "format"), list(offered()))
def test_what_help_offers_is_written(
    command: str, format: str, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("MATCHMAKER_LEDGER", str(ledger))
    result = CliRunner().invoke(app, [*command.split(), *ARGUMENTS[command], "--format", format])
    assert result.exit_code in {0, 3}, result.stderr  # 3: rows of the table were rejected, the others are written
    assert result.stdout_bytes
