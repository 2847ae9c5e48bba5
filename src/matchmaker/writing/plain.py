"""Plain objects as JSON and JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matchmaker.writing.out import Context


def as_json(data: object, context: Context) -> Iterator[str]:  # noqa: ARG001 - as all that write
    """The text of an object, indented."""
    yield json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def as_array(rows: Iterable[object], context: Context) -> Iterator[str]:
    """The text of objects as one list, indented."""
    return as_json(list(rows), context)


def as_line(data: object, context: Context) -> Iterator[str]:  # noqa: ARG001
    """The text of an object on one line."""
    yield one_line_of(data) + "\n"


def as_lines(rows: Iterable[object], context: Context) -> Iterator[str]:
    """The text of objects, each on a line."""
    for row in rows:
        yield from as_line(row, context)


def one_line_of(data: object) -> str:
    """JSON without a line end, nor what many readers (``str.splitlines`` among them) take for one."""
    line = json.dumps(data, ensure_ascii=False)
    return line.replace("\x85", "\\u0085").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
