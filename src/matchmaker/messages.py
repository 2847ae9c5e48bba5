"""What matchmaker tells a person, in English and in Chinese.

A message is written in English where it arises. ``CHINESE`` holds the Chinese of each, and ``tests/test_messages.py``
sees to it that none is missing. Nothing here knows which language is wanted: that is decided where it is printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

CHINESE: Final[Mapping[str, str]] = {
    # batch
    "worker processes": "工作进程",
    "one of them ended before its work was done; there may be too little memory for so many": (
        "其中一个进程未完成任务就已退出；可能内存不足以支持这么多进程"
    ),
    "run again with --workers 1": "请加上 --workers 1 重新运行",
    # errors, boundary
    " (did you mean '{word}'?)": "（是否应为“{word}”？）",
}
"""English message, with its ``{fields}``, to Chinese. Messages without fields are looked up as they stand."""


class Message(str):
    """An English text that remembers what it was made of, so that it can be said in Chinese as well.

    Attributes:
        template: The English text with ``{fields}``, as ``str.format`` takes it.
        values: What stands in the fields; a message among them is said in the same language.
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


def _restored(template: str, values: dict[str, Any]) -> Message:
    return said(template, **values)


def in_language(text: str, language: Literal["zh", "en"]) -> str:
    """``text`` in this language; a text that is no message of ours, or has no Chinese, stays as it is."""
    if language == "en":
        return str(text)
    if not isinstance(text, Message):
        return CHINESE.get(text, text)
    chinese = CHINESE.get(text.template)
    if chinese is None:
        return str(text)
    values = {
        name: in_language(value, language) if isinstance(value, str) else value for name, value in text.values.items()
    }
    return chinese.format(**values)
