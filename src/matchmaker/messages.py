"""What matchmaker tells a person: English where it arises, put into a language only where it is printed.

The English text is the key, as gettext has it. ``locale/zh_Hans/LC_MESSAGES/matchmaker.po`` holds the Chinese;
``make messages`` finds what is new in the sources, ``tests/test_messages.py`` sees to it that nothing is missing.
Traditional Chinese is the same text, converted (see ``script``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from matchmaker.script import in_script

if TYPE_CHECKING:
    from gettext import GNUTranslations

Language: TypeAlias = Literal["zh", "zh-Hant", "en"]
"""Chinese in Simplified or in Traditional characters, and English."""
Translatable: TypeAlias = str
"""An English text that is looked up: a literal for a parameter, a field or a constant of this type is extracted."""

_CATALOGUE: Final = "locale/zh_Hans/LC_MESSAGES/matchmaker.mo"
_CONTEXT_MARK: Final = "\x04"  # between context and text, as in the files of gettext

FOREIGN: Final[frozenset[Translatable]] = frozenset(
    (
        "permission denied",
        "operation not permitted",
        "no such file or directory",
        "not a directory",
        "is a directory",
        "is a folder",
        "read-only file system",
        "no space left on device",
        "disk quota exceeded",
        "file too large",
        "file name too long",
        "input/output error",
        "too many levels of symbolic links",
        "device or resource busy",
        "connection refused",
        "connection reset by peer",
        "timed out",
        "name or service not known",
        "temporary failure in name resolution",
        "no address associated with hostname",
        "network is unreachable",
        "no route to host",
        "expecting value",
        "expecting ',' delimiter",
        "expecting ':' delimiter",
        "expecting property name enclosed in double quotes",
        "illegal trailing comma before end of object",
        "illegal trailing comma before end of array",
        "extra data",
        "unterminated string starting at",
        "invalid control character at",
        "invalid \\escape",
        "invalid \\uxxxx escape",
        "unexpected utf-8 bom (decode using utf-8-sig)",
        "mapping values are not allowed in this context",
        "did not find expected key",
        "did not find expected '-' indicator",
        "did not find expected ',' or ']'",
        "did not find expected ',' or '}'",
        "did not find expected node content",
        "did not find expected <document start>",
        "could not find expected ':'",
        "found character that cannot start any token",
        "found a tab character that violates indentation",
        "found a tab character where an indentation space is expected",
        "found unexpected end of stream",
        "found unexpected document indicator",
        "found unknown escape character",
        "found undefined alias",
        "found unhashable key",
        "found duplicate anchor",
        "block sequence entries are not allowed in this context",
        "block mapping entries are not allowed in this context",
        "control characters are not allowed",
        "day is out of range for month",
        "month must be in 1..12",
        "hour must be in 0..23",
        "minute must be in 0..59",
        "found an alias within what it stands for",
        "found a number that is too long",
        "invalid value",
        "invalid statement",
        "expected '=' after a key in a key/value pair",
        "expected newline or end of document after a statement",
        "invalid initial character for a key part",
        "cannot overwrite a value",
        "unclosed array",
        "unclosed inline table",
        "unterminated string",
        "expected ']' at the end of a table declaration",
        "input should be a valid string",
    )
)
"""What the system and the libraries say (see ``foreign``), in lower case."""


class Message(str):
    """An English text that remembers what it was made of, so that it can be said in another language as well.

    Attributes:
        template: The English text with ``{fields}``, as ``str.format`` takes it; as it stands when there are no values.
        values: What stands in the fields. A message among them is said in the same language, any other text is data
            and stays as it is.
        forms: The templates for one and for many, of which the number ``n`` among the values chose; else empty.
    """

    template: str
    values: dict[str, Any]
    forms: tuple[str, str] | tuple[()]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled with its parts: faults come back from worker processes."""
        return _restored, (self.template, self.values, self.forms)


def _restored(template: str, values: dict[str, Any], forms: tuple[str, str] | tuple[()] = ()) -> Message:
    message = Message(template.format(**values) if values else template)
    message.template, message.values, message.forms = template, values, forms
    return message


def make_message(template: Translatable, /, **values: object) -> Message:
    """The English message ``template`` with its fields filled in by ``str.format``."""
    return _restored(template, dict(values))


def make_counted_message(n: int, one: Translatable, many: Translatable, /, **values: object) -> Message:
    """The message ``one`` when ``n`` is 1, else ``many``; both may show ``{n}``. Other languages have other rules."""
    return _restored(one if n == 1 else many, {"n": n, **values}, (one, many))


def join_messages(texts: Iterable[str]) -> str:
    """Texts one after the other, with the commas of the language; those that are no messages stay as they are."""
    parts = list(texts)
    if len(parts) < 2:
        return parts[0] if parts else ""
    half = len(parts) // 2  # halves, so that a thousand names nest ten deep
    return make_message("{some}, {more}", some=join_messages(parts[:half]), more=join_messages(parts[half:]))


def foreign(text: str) -> Message:
    """What the system or a library says: translated where ``FOREIGN`` has it, else quoted as it is."""
    known = text if text in FOREIGN else text.lower()
    if known not in FOREIGN:
        return make_message("{original}", original=text)
    message = Message(text)  # with its capitals in English
    message.template, message.values, message.forms = known, {}, ()
    return message


def reason_of(error: OSError) -> Message:
    """Why the system refused, in its own words but in lower case."""
    return foreign((error.strerror or str(error)).lower())


def as_message(text: Translatable) -> Message:
    """The message that ``text`` is, also where it is written as a plain literal."""
    return text if isinstance(text, Message) else _restored(text, {})


def in_language(text: str, language: Language) -> str:
    """``text`` in this language; a text that is no message of ours stays as it is."""
    if language == "en":
        return str(text)
    if not isinstance(text, Message):
        return _template(text, language)
    if not text.values:
        return _template(text.template, language)
    values = {
        name: in_language(value, language) if isinstance(value, Message) else value
        for name, value in text.values.items()
    }
    if text.forms:
        return _counted_template(text.values["n"], *text.forms, language).format(**values)
    return _template(text.template, language).format(**values)


def translate(english: Translatable, language: Language, /, **values: object) -> str:
    """``english`` in this language, with its fields filled in when there are values."""
    template = _template(english, language)
    return template.format(**values) if values else template


def translate_counted(n: int, one: Translatable, many: Translatable, language: Language, /, **values: object) -> str:
    """What ``make_counted_message`` says, in this language."""
    return _counted_template(n, one, many, language).format(n=n, **values)


def in_context(context: str, english: str) -> str:
    """``english`` where it means something of its own, so that it has a translation of its own."""
    return f"{context}{_CONTEXT_MARK}{english}"


def is_ours(text: str) -> bool:
    """Whether a text is a message of this program, as far as it is translated."""
    return _chinese().gettext(text) != text


@lru_cache(maxsize=4096)
def _template(english: str, language: Language) -> str:
    if language == "en" or not english:  # the empty text is the head of the catalogue
        return english.rpartition(_CONTEXT_MARK)[2]
    found = _chinese().gettext(english)
    return english.rpartition(_CONTEXT_MARK)[2] if found == english else in_script(found, language)


def _counted_template(n: int, one: str, many: str, language: Language) -> str:
    if language == "en":
        return one if n == 1 else many
    return in_script(_chinese().ngettext(one, many, n), language)


@cache
def _chinese() -> GNUTranslations:
    """The catalogue, read when somebody first wants Chinese; from a package in an archive as well."""
    from gettext import GNUTranslations
    from io import BytesIO
    from pkgutil import get_data

    data = get_data("matchmaker", _CATALOGUE)
    return GNUTranslations(BytesIO(data or b""))


def one_line(text: str) -> str:
    """``text`` on one line; control and direction-changing characters become U+FFFD, as they could steer a terminal."""
    line = steerless(" ".join(text.split()))
    return line if line.isprintable() else "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in line)


def steerless(text: str) -> str:
    """``text`` with U+FFFD for control characters, line ends among them, and those that change the direction."""
    if text.isprintable():  # quick: nothing that steers is printable
        return text
    return "".join("\ufffd" if _steers(char) else char for char in text)


_DIRECTIONS: Final = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))


def _steers(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Zl", "Zp"} or unicodedata.bidirectional(char) in _DIRECTIONS


def shortened(text: str) -> str:
    """The text on one line, at most 60 characters, all of which can be written."""
    line = " ".join(writable(text[:200]).split())
    return line if len(line) <= 60 else f"{line[:59]}…"


def writable(text: str) -> str:
    """The text with what no file can hold, half a character, spelt out."""
    spelt = text.encode(errors="backslashreplace").decode()
    return text if spelt == text else spelt  # the same object: it may be a message
