"""Answers on lines of JSON, for what is made of them later: every field, nothing rounded.

They come back equal, rejected rows with their faults in both languages.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from matchmaker.domain import Shortlist
from matchmaker.errors import Fault
from matchmaker.messages import Message, make_message

if TYPE_CHECKING:
    from matchmaker.intake import RejectedRow


def to_spool(answer: Shortlist | RejectedRow) -> str:
    """One answer on a line of its own."""
    if isinstance(answer, Shortlist):
        return answer.model_dump_json(by_alias=True) + "\n"
    faults = [[_plain(fault.place), _plain(fault.finding), _plain(fault.remedy)] for fault in answer.faults]
    row = {"line": answer.line, "cells": answer.cells, "faults": faults, "sheet": answer.sheet}
    return json.dumps({"rejected": row}) + "\n"


def from_spool(texts: Iterable[str]) -> Iterator[Shortlist | RejectedRow]:
    """The answers of texts that each hold whole lines, in their order."""
    from matchmaker.intake import RejectedRow

    for line in chain.from_iterable(text.split("\n")[:-1] for text in texts):
        if not line.startswith('{"rejected"'):
            yield Shortlist.model_validate_json(line)
            continue
        row = json.loads(line)["rejected"]
        faults = tuple(Fault(*map(_message, parts)) for parts in row["faults"])
        yield RejectedRow(row["line"], tuple(row["cells"]), faults, row["sheet"])


def _plain(value: object) -> object:
    """A message by its parts; anything else as it is, or by its text."""
    if isinstance(value, Message):
        return [value.template, {name: _plain(one) for name, one in value.values.items()}]
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def _message(plain: Any) -> Any:
    if not isinstance(plain, list):
        return plain
    template, values = plain
    return make_message(template, **{name: _message(one) for name, one in values.items()})
