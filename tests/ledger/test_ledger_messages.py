"""Whatever the ledger and its commands tell a person is there in Chinese as well."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from matchmaker.messages import CHINESE
from matchmaker.writing.terminal.ledger import WORDS

SOURCES = Path(__file__).parents[2] / "src" / "matchmaker"
COMMANDS = ("ledger", "cases", "case_intake", "referrals", "judgements", "stats")
FILES = [
    *sorted((SOURCES / "ledger").glob("*.py")),
    *(SOURCES / "cli" / f"{name}.py" for name in COMMANDS),
]


def messages(path: Path) -> Iterator[str]:
    """The templates of ``said``, what ``say`` prints, and the findings and remedies of faults."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", "")
            parts = {"said": node.args[:1], "say": node.args[:1], "Fault": node.args[1:]}.get(name, [])
        elif isinstance(node, ast.Assign):
            goals = node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else node.targets
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            named = [getattr(goal, "id", "") for goal in goals]
            parts = [value for name, value in zip(named, values, strict=False) if name in {"finding", "remedy"}]
        else:
            continue
        for part in parts:
            assert not isinstance(part, ast.JoinedStr), f"{path.name}, line {part.lineno}: said() instead of f''"
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
                yield part.value


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_message_has_its_chinese_with_the_same_fields(path: Path) -> None:
    for message in messages(path):
        assert message in CHINESE, f"{path.name}: no Chinese for {message!r}"
        assert set(re.findall(r"{(\w+)}", message)) == set(re.findall(r"{(\w+)}", CHINESE[message]))
        assert re.search("[\u4e00-\u9fff]", CHINESE[message])


def test_messages_are_found_at_all() -> None:
    assert sum(len(list(messages(path))) for path in FILES) > 100


def test_both_languages_of_every_word_take_the_same_values() -> None:
    for key, (chinese, english) in WORDS.items():
        for form in english.split("|"):
            fields = [sorted(re.findall(r"{(\w+)", text)) for text in (chinese, form)]
            assert fields[0] == fields[1], key
