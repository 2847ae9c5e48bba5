"""What matchmaker tells a person, in English and in Chinese.

A message is written in English where it arises. ``CHINESE`` holds the Chinese of each, and ``tests/test_messages.py``
sees to it that none is missing. Nothing here knows which language is wanted: that is decided where it is printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

CHINESE: Final[Mapping[str, str]] = {
    # errors, boundary
    " (did you mean '{word}'?)": "（是否应为“{word}”？）",
}
"""English message, with its ``{fields}``, to Chinese. Messages without fields are looked up as they stand."""

FOREIGN: Final[Mapping[str, str]] = {}
"""The same for what the system and the libraries say (see ``foreign``), in lower case; braces are doubled."""


class Message(str):
    """An English text that remembers what it was made of, so that it can be said in Chinese as well.

    Attributes:
        template: The English text with ``{fields}``, as ``str.format`` takes it.
        values: What stands in the fields. A message among them is said in the same language, any other text is data
            and stays as it is.
    """

    template: str
    values: dict[str, Any]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled with its parts: faults come back from worker processes."""
        return _restored, (self.template, self.values)


def said(template: str, /, **values: object) -> Message:
    """The English message ``template`` with its fields filled in by ``str.format``."""
    message = Message(template.format(**values))
    message.template, message.values = template, dict(values)
    return message


def counted(n: int, one: str, many: str, /, **values: object) -> Message:
    """The message ``one`` when ``n`` is 1, else ``many``; both may show ``{n}``."""
    return said(one if n == 1 else many, n=n, **values)


def listed(texts: Iterable[str]) -> str:
    """Texts one after the other, with the commas of the language; those that are no messages stay as they are."""
    parts = list(texts)
    if len(parts) < 2:
        return parts[0] if parts else ""
    half = len(parts) // 2  # halves, so that a thousand names nest ten deep
    return said("{some}, {more}", some=listed(parts[:half]), more=listed(parts[half:]))


def foreign(text: str) -> Message:
    """What the system or a library says: in Chinese where ``FOREIGN`` has it, else quoted as it is."""
    template = text.replace("{", "{{").replace("}", "}}")
    return said(template) if template.lower() in FOREIGN else said("{original}", original=text)


def reason_of(error: OSError) -> Message:
    """Why the system refused, in its own words but in lower case."""
    return foreign((error.strerror or str(error)).lower())


def as_message(text: str) -> str:
    """The message that ``text`` is, also where it is written as a plain literal; else the text itself."""
    return said(text) if not isinstance(text, Message) and text in CHINESE else text


def in_language(text: str, language: Literal["zh", "en"]) -> str:
    """``text`` in this language; a text that is no message of ours, or has no Chinese, stays as it is."""
    if language == "en":
        return str(text)
    message = as_message(text)
    if not isinstance(message, Message):
        return text
    chinese = CHINESE.get(message.template) or FOREIGN.get(message.template.lower())
    if chinese is None:
        return str(text)
    values = {
        name: in_language(value, language) if isinstance(value, Message) else value
        for name, value in message.values.items()
    }
    return chinese.format(**values)


def _restored(template: str, values: dict[str, Any]) -> Message:
    return said(template, **values)
