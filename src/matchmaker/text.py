"""Normalising of texts, and the terms they are compared by.

A term is a Chinese character 1-, 2- or 3-gram, the stem of an English word, or a pair of neighbouring stems. Its number
is stable across machines and runs (it does not depend on Python's own hashing).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from opencc import OpenCC

CHINESE_RUN = re.compile(r"[\u3400-\u9fff]+")
WORD = re.compile(r"[a-z0-9][a-z0-9+#.'-]*[a-z0-9+#]|[a-z0-9]")
_PIECE = re.compile(rf"{CHINESE_RUN.pattern}|{WORD.pattern}")
_SENTENCE_END = re.compile(r"[。！？!?；;\n]+|(?<=[a-z0-9])\.(?=\s|$)")
# A tag without attributes or with attributes that have values: "p<Pmax, q>Q0" is a condition and stays.
_ATTRIBUTE = r"""\s+[a-zA-Z][\w:-]{0,40}\s*=\s*(?:"[^"<>]{0,200}"|'[^'<>]{0,200}'|[^\s"'<>]{1,200})"""
_MARKUP = re.compile(rf"</?[a-zA-Z][a-zA-Z0-9:]{{0,15}}(?:{_ATTRIBUTE}){{0,20}}\s*/?>|&(?:[a-zA-Z]{{2,8}}|#\d{{1,6}});")
_LONGEST_GRAM = 3

# Words of Hong Kong and Taiwan whose Simplified form is unambiguous. Equal in length, so that positions hold.
REGIONAL = {
    "机械人": "机器人",
    "镭射": "激光",
    "雷射": "激光",
    "感应器": "传感器",
    "感测器": "传感器",
    "伺服器": "服务器",
    "网路": "网络",
    "资讯": "信息",
    "奈米": "纳米",
    "塑胶": "塑料",
    "程式": "程序",
    "硬体": "硬件",
    "矽": "硅",
    "黏": "粘",
}
_REGIONAL = re.compile("|".join(sorted(REGIONAL, key=len, reverse=True)))

# English function words and the filler of requests: they carry no subject, alone or in a pair.
STOP_WORDS = frozenset(
    """
    a about after all also an and any are as at be been but by can cannot could do does each for from had has
    have how if in into is it its less like make more most must need needs no not now of on one only or other
    our ours out over per please should so some such than that the their them then there these they this those
    to under until up us use used using very want was we were what when where which while who will with within
    without would you your
    """.split()
)


@dataclass(frozen=True, slots=True)
class Normalised:
    """A normalised text. ``origin[i]`` is the position in the original text of character ``i``."""

    text: str
    origin: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters ``start:end`` stand in the original text, as a half-open range.

        Raises:
            ValueError: The range is empty or outside the text.
        """
        if not 0 <= start < end <= len(self.text):
            raise ValueError(f"no such range in a text of {len(self.text)} characters: {start}:{end}")
        return self.origin[start], self.origin[end - 1] + 1


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    return OpenCC("t2s")


_DROPPED = frozenset({"Mn", "Me", "Cf", "Cc", "Cs", "Co", "So", "Sk"})


@lru_cache(maxsize=1 << 16)
def _folded(char: str) -> str:
    """One character in its compatibility form and lower case, accents and invisible parts dropped, space made plain."""
    if char == "\n" or "\u4e00" <= char <= "\u9fff":
        return char
    parts = unicodedata.normalize("NFKD", char).casefold()
    return "".join(" " if part.isspace() else part for part in parts if _is_kept(part))


def _is_kept(part: str) -> bool:
    return part.isspace() or unicodedata.category(part) not in _DROPPED


def _fold(text: str) -> tuple[str, list[int]]:
    """Every character folded, runs of white space made one, and where each character came from."""
    chars: list[str] = []
    origin: list[int] = []
    last = "\n"
    for position, char in enumerate(_MARKUP.sub(_blank, text) if "<" in text or "&" in text else text):
        for part in _folded(char):
            if (part == " " and last in " \n") or (part == "\n" and last == "\n"):
                continue
            chars.append(part)
            origin.append(position)
            last = part
    return "".join(chars), origin


def _blank(found: re.Match[str]) -> str:
    return " " * len(found.group())


def normalise_with_origin(text: str) -> Normalised:
    """As ``normalise``, keeping where each character came from."""
    folded, origin = _fold(text)
    simplified = _converter().convert(folded)
    if len(simplified) != len(folded):  # a phrase changed its length: convert character by character instead
        pieces = [_converter().convert(char) for char in folded]
        origin = [position for piece, position in zip(pieces, origin, strict=True) for _ in piece]
        simplified = "".join(pieces)
    simplified = _REGIONAL.sub(lambda found: REGIONAL[found.group()], simplified)
    return Normalised(simplified, tuple(origin))


def normalise(text: str) -> str:
    """Simplified Chinese in lower case with one form per character; an empty text stays empty.

    Traditional characters are converted by OpenCC (t2s), full-width and other compatibility forms folded (NFKD, Unicode
    annex 15), remains of HTML blanked, accents, control and zero-width characters, symbols such as emoji dropped, runs
    of white space reduced. Lines stay lines. Normalising twice changes nothing, except for what only looks like HTML
    once it is normalised.
    """
    return normalise_with_origin(text).text


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """The ranges of the sentences of a normalised text, in order, without the marks that end them."""
    start = 0
    for mark in [*_SENTENCE_END.finditer(text), None]:
        end = mark.start() if mark else len(text)
        if text[start:end].strip():
            lead = len(text[start:end]) - len(text[start:end].lstrip())
            yield start + lead, start + len(text[start:end].rstrip())
        start = mark.end() if mark else end


def stem(word: str) -> str:
    """An English word without plural and the commonest verb endings; three letters or more are left.

    A light stemmer in the manner of Harman's S-stemmer (1991), with -ing and -ed added.
    """
    if not word.isalpha() or len(word) < 5:
        return word[:-1] if len(word) == 4 and word.endswith("s") and not word.endswith("ss") else word
    if word.endswith("ies"):
        return word[:-3] + "y"
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word[: -len(ending)]
            return word[:-1] if word[-1] == word[-2] and word[-1] not in "ls" else word.removesuffix("e")
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 4 else word


def terms(text: str) -> Counter[str]:
    """How often each term stands in a normalised text.

    Chinese runs give their character 1-, 2- and 3-grams; other words give their stem, and each pair of neighbours
    ``a b``. Stop words count neither alone nor in a pair.
    """
    found: Counter[str] = Counter()
    previous = ""
    for piece in _PIECE.finditer(text):
        run = piece.group()
        if "\u3400" <= run[0] <= "\u9fff":
            previous = ""
            for size in range(1, _LONGEST_GRAM + 1):
                found.update(run[at : at + size] for at in range(len(run) - size + 1))
        elif run in STOP_WORDS:
            previous = ""
        else:
            word = stem(run)
            found[word] += 1
            if previous:
                found[f"{previous} {word}"] += 1
            previous = word
    return found


def term_id(term: str) -> int:
    """A stable number below 2**64 for a term.

    The code points of a Chinese gram are packed, 21 bits each, so that no two grams share a number; words are hashed
    (BLAKE2b) and carry the highest bit.
    """
    if "\u3400" <= term[0] <= "\u9fff":
        return sum(ord(char) << 21 * place for place, char in enumerate(term))
    return int.from_bytes(blake2b(term.encode(), digest_size=8).digest(), "little") | 1 << 63


@dataclass(frozen=True, slots=True)
class Request:
    """A problem's text made ready to be compared: normalised, with its terms counted once.

    ``title`` holds the terms of the first line, ``terms`` those of the whole text, repeated sentences counted once.
    ``said`` is the normalised text without repeated sentences.
    """

    normalised: Normalised
    said: str
    title: Mapping[str, int]
    terms: Mapping[str, int]


def request(text: str) -> Request:
    """Make a problem's text ready to be compared. A text without any term gives empty counts."""
    normalised = normalise_with_origin(text)
    first_line = normalised.text.partition("\n")[0]
    said = "\n".join(dict.fromkeys(normalised.text[start:end] for start, end in sentences(normalised.text)))
    return Request(normalised, said, terms(first_line), terms(said))
