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
    # intake/packed
    "its part {name} is too large": "文件内的部分 {name} 过大",
    "the file is damaged or incomplete": "文件已损坏或不完整",
    "the file holds macros, which are not accepted": "文件含有宏，不予接收",
    "the file pulls in a part from another machine ({kind}: {target})": (
        "文件会从其他计算机调入内容（{kind}：{target}）"
    ),
    "the file is protected by a password": "文件设有密码",
    "unpacked it would be far larger than any office file": "解压后的大小远超正常的办公文件",
    "its parts have names that no office program gives": "文件内部的命名不是办公软件所为",
    "it holds XML with a document type or in an odd encoding, which no office program writes": (
        "文件内的 XML 带有文档类型声明或使用了异常编码，办公软件不会这样写"
    ),
    "do not open it unless you know who made it; paste its text instead": (
        "若不清楚文件来源，请勿打开；可改为粘贴其文字"
    ),
    "ask for the file again, or open it in Word or WPS and save it anew": "请对方重新发送，或用 Word、WPS 打开后另存",
    "open it with its password and save it without one": "请用密码打开后，另存为不带密码的文件",
    "open it with macros switched off and save it as .docx or .xlsx without macros": (
        "请在禁用宏的状态下打开，另存为不含宏的 .docx 或 .xlsx"
    ),
    "if you trust it, open it in Word or WPS and save it anew": "若来源可信，请用 Word 或 WPS 打开后另存",
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
