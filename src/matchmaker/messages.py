"""What matchmaker tells a person, in English and in Chinese.

A message is written in English where it arises. ``CHINESE`` holds the Chinese of each, and ``tests/test_messages.py``
sees to it that none is missing. Nothing here knows which language is wanted: that is decided where it is printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

CHINESE: Final[Mapping[str, str]] = {
    # errors, boundary
    " (did you mean '{word}'?)": "（是否应为“{word}”？）",
    # report/listing, report/page
    "holds problems of several enterprises, '{one}' and '{other}'": "含有多家企业的需求：“{one}”和“{other}”",
    "make a table for each enterprise": "请为每家企业各做一张表",
    "'{institute}' is not on the shortlist ({why})": "“{institute}”不在候选名单中（{why}）",
    "make the page for an institute that is": "请选择候选名单中的机构",
    "the shortlist is empty, its limits remove every institute": "候选名单为空，硬性条件排除了所有机构",
    "make the page for the broker": "请生成供经纪人使用的报告（--for broker）",
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
