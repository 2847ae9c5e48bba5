"""Records as tables in Python: a pandas frame to reckon with, and HTML for a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from matchmaker.errors import Fault, MissingExtraError

if TYPE_CHECKING:
    from pandas import DataFrame


def frame_of(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> DataFrame:
    """A frame with these columns, also where there are no rows.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    try:
        from pandas import DataFrame
    except ImportError as error:
        remedy = "run: pip install 'matchmaker-techtransfer[frame]'"
        raise MissingExtraError(Fault("Shortlist.to_frame", "needs pandas", remedy)) from error
    return DataFrame(list(rows), columns=list(columns))


def html_of(title: str, note: str, rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> str:
    """A table below a title and a note; every text is shown literally."""
    heads = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(row[name]))}</td>' for name in columns)}</tr>" for row in rows)
    caption = f"<b>{escape(title)}</b><br>{escape(note)}"
    return f"<table><caption>{caption}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
