"""Normalising of texts, and the terms they are compared by.

A term is a Chinese character 1-, 2- or 3-gram, the stem of an English word, or a pair of neighbouring stems. Its number
is stable across machines and runs (it does not depend on Python's own hashing).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from html import unescape

from opencc import OpenCC

from matchmaker.asides import asides, blanked

CHINESE_RUN = re.compile(r"[\u3400-\u9fff]+")
WORD = re.compile(r"[a-z0-9][a-z0-9+#.'-]*[a-z0-9+#]|[a-z0-9]")
_PIECE = re.compile(rf"{CHINESE_RUN.pattern}|{WORD.pattern}|[,。;!?\n]|\.(?!\S)")
_MARKS = frozenset(",。;!?\n.")  # no pair of words stands across one of these
# Begins with one set of characters, so that ``re`` passes over all others at once.
_SENTENCE_END = re.compile(r"[。！？!?；;\n.](?:(?<!\.)[。！？!?；;\n]*|(?<=[a-z0-9]\.)(?=[\s。！？!?；;]|$))")
# A tag without attributes or with attributes that have values: "p<Pmax, q>Q0" is a condition and stays.
_ATTRIBUTE = r"""\s+[a-zA-Z][\w:-]{0,40}\s*=\s*(?:"[^"<>]{0,200}"|'[^'<>]{0,200}'|[^\s"'<>]{1,200})"""
_MARKUP = re.compile(
    rf"</?([a-zA-Z][a-zA-Z0-9:]{{0,15}})(?:{_ATTRIBUTE}){{0,20}}\s*/?>"
    r"|&(?:[a-zA-Z]{2,8}\d{0,2}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});"
)
# Tags that stand inside a word or a sentence: what is on either side belongs together.
_INLINE = frozenset("a abbr b big del em font i ins mark o:p s small span strike strong sub sup u wbr".split())
_NOTHING = "\u200b"  # folds to nothing
_GAP = re.compile(r"[ \n]{2,}")  # white space that is reduced
_BLANKS = re.compile("。{2,}")
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


@dataclass(frozen=True)
class Normalised:
    """A normalised text, and the original it was made from."""

    text: str
    original: str

    @cached_property
    def origin(self) -> Sequence[int]:
        """``origin[i]`` is the position in the original text of character ``i``; worked out when first asked for."""
        return _origin(self.original, len(self.text))

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


_BOXES = frozenset("□☐☑☒◻▢🗹")  # of lists to tick, which asides are told by
_DROPPED = frozenset({"Mn", "Me", "Cf", "Cc", "Cs", "Co", "So", "Sk"})


def _folded(char: str) -> str:
    """One character in its compatibility form and lower case, accents and invisible parts dropped, space made plain."""
    if char == "\n" or "\u4e00" <= char <= "\u9fff":
        return char
    if char in _BOXES:
        return "□"
    parts = unicodedata.normalize("NFKD", char).casefold()
    return "".join(" " if part.isspace() else part for part in parts if _is_kept(part))


def _is_kept(part: str) -> bool:
    return part.isspace() or unicodedata.category(part) not in _DROPPED


class _Folding(dict[int, str]):
    """What each character is folded to, by its code point, as ``str.translate`` asks for it; filled as needed."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _folded(chr(code))
        if len(folded) == 1:
            _SINGLE.add(chr(code))
        return folded


_FOLDING = _Folding()
_SINGLE: set[str] = set()  # the characters met that are folded to one


def _fold(text: str) -> str:
    """Every character folded, and runs of white space reduced."""
    return _GAP.sub(_reduced, _without_markup(text).translate(_FOLDING).lstrip(" \n"))


def _reduced(gap: re.Match[str]) -> str:
    """A space that begins a gap stays, and one line end."""
    held = gap.group()
    return held[0].strip("\n") + ("\n" if "\n" in held else "")


def _without_markup(text: str) -> str:
    return _MARKUP.sub(_blank, text) if "<" in text or "&" in text else text


def _blank(found: re.Match[str]) -> str:
    """What a tag or a reference stands for, of the same length, so that positions hold."""
    shown, tag = found.group(), found.group(1)
    if tag:
        return (_NOTHING if tag.lower() in _INLINE else " ") * len(shown)
    meant = unescape(shown)
    return " " * len(shown) if meant == shown else meant.ljust(len(shown), _NOTHING)


def normalise_with_origin(text: str) -> Normalised:
    """As ``normalise``, keeping where each character came from."""
    folded = _fold(text)
    simplified = _converter().convert(folded)
    if len(simplified) != len(folded):  # a phrase changed its length: convert character by character instead
        simplified = "".join(_converter().convert(char) for char in folded)
    return Normalised(_regional(simplified), text)


def _regional(text: str) -> str:
    return _REGIONAL.sub(lambda found: REGIONAL[found.group()], text)


def _origin(original: str, length: int) -> Sequence[int]:
    """The position in the original text of each of the ``length`` characters of the normalised one."""
    plain = _without_markup(original)
    if length == len(plain) and _SINGLE.issuperset(plain):
        return range(length)  # no character came or went
    kept: list[str] = []
    origin: list[int] = []
    last = "\n"
    for position, char in enumerate(plain):
        for part in _FOLDING[ord(char)]:
            if (part == " " and last in " \n") or (part == "\n" and last == "\n"):
                continue
            kept.append(part)
            origin.append(position)
            last = part
    if len(kept) == length == len(_converter().convert("".join(kept))):
        return origin
    return [at for char, at in zip(kept, origin, strict=True) for _ in _converter().convert(char)]


def normalise(text: str) -> str:
    """Simplified Chinese in lower case with one form per character; an empty text stays empty.

    Traditional characters are converted by OpenCC (t2s), full-width and other compatibility forms folded (NFKD, Unicode
    annex 15), remains of HTML blanked, accents, control and zero-width characters, symbols such as emoji dropped, runs
    of white space reduced. Lines stay lines. Normalising twice changes nothing, except for what only looks like HTML
    once it is normalised.
    """
    return normalise_with_origin(text).text


def is_stable(text: str) -> bool:
    """Whether a normalised text, and every sentence of it, is certain to stay as it is when it is normalised again."""
    return (
        "<" not in text
        and "&" not in text
        and text.translate(_FOLDING) == text
        and _converter().convert(text) == text
        and _REGIONAL.search(text) is None
    )


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """The ranges of the sentences of a normalised text, in order, without the marks that end them."""
    start = 0
    for mark in [*_SENTENCE_END.finditer(text), None]:
        end = mark.start() if mark else len(text)
        piece = text[start:end]
        if said := piece.strip():
            lead = piece.index(said)
            yield start + lead, start + lead + len(said)
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
    ``a b`` of one clause. Stop words count neither alone nor in a pair.
    """
    found = in_words(text)
    for run in CHINESE_RUN.findall(text):
        for size in range(1, _LONGEST_GRAM + 1):
            found.update(run[at : at + size] for at in range(len(run) - size + 1))
    return found


def in_words(text: str) -> Counter[str]:
    """The terms of a normalised text that are not Chinese."""
    found: Counter[str] = Counter()
    previous = ""
    for piece in _PIECE.findall(text):
        if is_gram(piece) or piece in _MARKS:
            previous = ""
            continue
        word = "" if piece in STOP_WORDS else _stem(piece)
        if word:
            found[word] += 1
            if previous:
                found[f"{previous} {word}"] += 1
        previous = word
    return found


_stem = lru_cache(maxsize=1 << 16)(stem)


def is_gram(term: str) -> bool:
    """Whether a term is a Chinese gram."""
    return "\u3400" <= term[:1] <= "\u9fff"


def term_id(term: str) -> int:
    """A stable number below 2**64 for a term.

    The code points of a Chinese gram are packed, 21 bits each, the first highest, so that no two grams share a number
    and numbers stand in the order of grams; words are hashed (BLAKE2b) and carry the highest bit.
    """
    if is_gram(term):
        return sum(ord(char) << 21 * place for char, place in zip(term, (2, 1, 0), strict=False))
    return int.from_bytes(blake2b(term.encode(), digest_size=8).digest(), "little") | 1 << 63


@dataclass(frozen=True)
class Request:
    """A problem's text made ready to be compared: normalised, without asides, and cut into sentences.

    ``counted`` is the normalised text in which asides are blanked, so that positions hold; ``spans`` are the ranges of
    its sentences; ``parts`` are the sentences, repeated ones left out.
    """

    normalised: Normalised
    counted: str
    spans: Sequence[tuple[int, int]]
    parts: Sequence[str]

    @cached_property
    def said(self) -> str:
        """The normalised text without repeated sentences, one a line."""
        return "\n".join(self.parts)

    @cached_property
    def first_line(self) -> str:
        """The first line that counts; of one that says a sentence twice its sentences once each, one a line."""
        inside = self._title_parts
        return self._raw_title if len(inside) == len(set(inside)) else "\n".join(dict.fromkeys(inside))

    @property
    def has_asides(self) -> bool:
        return self.counted is not self.normalised.text

    @cached_property
    def told(self) -> str:
        """The normalised text without asides, and without the lines of which nothing is left."""
        if not self.has_asides:
            return self.normalised.text
        lines = (_BLANKS.sub("。", line).strip(" 。") for line in self.counted.split("\n"))
        return "\n".join(line for line in lines if line)

    @property
    def _raw_title(self) -> str:
        start = self.spans[0][0] if self.has_asides else 0
        return self.counted[start:].partition("\n")[0]

    @property
    def _title_parts(self) -> list[str]:
        start = self.spans[0][0] if self.has_asides else 0
        end = start + len(self._raw_title)
        return [self.counted[start:stop] for start, stop in self.spans if start < end]

    @property
    def n_title_parts(self) -> int | None:
        """So many sentences at the start of ``parts`` are those of the first line; None if it repeats one."""
        inside = self._title_parts
        return len(inside) if len(inside) == len(set(inside)) else None

    @cached_property
    def title(self) -> Mapping[str, int]:
        """How often each term stands in the first line."""
        return terms(self.first_line)

    @cached_property
    def terms(self) -> Mapping[str, int]:
        """How often each term stands in the whole text, repeated sentences counted once."""
        return terms(self.said)


def request(text: str) -> Request:
    """Make a problem's text ready to be compared. A text without any term gives empty counts."""
    normalised = normalise_with_origin(text)
    found = asides(normalised.text)
    counted = blanked(normalised.text, found) if found else normalised.text
    spans = list(sentences(counted))
    return Request(normalised, counted, spans, list(dict.fromkeys([counted[start:end] for start, end in spans])))
