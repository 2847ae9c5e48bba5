"""Normalisation of texts, and the terms by which they are compared.

A term is a Chinese character 1-, 2- or 3-gram, the stem of an English word, or a pair of neighbouring stems. Its number
is the same on all machines and in all runs (it does not depend on Python's own hashing).
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
_TOKEN = re.compile(rf"{CHINESE_RUN.pattern}|{WORD.pattern}|[,。;!?\n]|\.(?!\S)")
_CLAUSE_MARKS = frozenset(",。;!?\n.")  # no pair of words stands across one of these
# The pattern begins with one set of characters, so that ``re`` skips all others quickly.
_SENTENCE_END = re.compile(r"[。！？!?；;\n.](?:(?<!\.)[。！？!?；;\n]*|(?<=[a-z0-9]\.)(?=[\s。！？!?；;]|$))")
# Only tags without attributes, or with attributes that have values, are markup: "p<Pmax, q>Q0" is a condition.
_ATTRIBUTE = r"""\s+[a-zA-Z][\w:-]{0,40}\s*=\s*(?:"[^"<>]{0,200}"|'[^'<>]{0,200}'|[^\s"'<>]{1,200})"""
_MARKUP = re.compile(
    rf"</?([a-zA-Z][a-zA-Z0-9:]{{0,15}})(?:{_ATTRIBUTE}){{0,20}}\s*/?>"
    r"|&(?:[a-zA-Z]{2,8}\d{0,2}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});"
)
# These tags occur inside a word or a sentence, so the text on either side belongs together.
_INLINE = frozenset("a abbr b big del em font i ins mark o:p s small span strike strong sub sup u wbr".split())
_NOTHING = "\u200b"  # a character that folds to nothing
_GAP = re.compile(r"[ \n]{2,}")  # white space to be reduced
_BLANKED_RUN = re.compile("。{2,}")
_LONGEST_GRAM = 3

# Words of Hong Kong and Taiwan with an unambiguous Mainland equivalent of the same length, so that positions hold.
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

# English function words and the filler words of requests carry no subject, neither alone nor in a pair.
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
    """A normalised text and its original."""

    text: str
    original: str

    @cached_property
    def origin(self) -> Sequence[int]:
        """The position in the original text of each character; computed when first used."""
        return _origin(self.original, len(self.text))

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The half-open range in the original text of the characters ``start:end``.

        Raises:
            ValueError: The range is empty or outside the text.
        """
        if not 0 <= start < end <= len(self.text):
            raise ValueError(f"no such range in a text of {len(self.text)} characters: {start}:{end}")
        return self.origin[start], self.origin[end - 1] + 1


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    return OpenCC("t2s")


_TICK_BOXES = frozenset("□☐☑☒◻▢🗹")  # kept, as asides are recognised by them
_DROPPED = frozenset({"Mn", "Me", "Cf", "Cc", "Cs", "Co", "So", "Sk"})


def _folded(char: str) -> str:
    """A character in compatibility form and lower case, without accents and invisible parts; white space as a space."""
    if char == "\n" or "\u4e00" <= char <= "\u9fff":
        return char
    if char in _TICK_BOXES:
        return "□"
    parts = unicodedata.normalize("NFKD", char).casefold()
    return "".join(" " if part.isspace() else part for part in parts if _is_kept(part))


def _is_kept(part: str) -> bool:
    return part.isspace() or unicodedata.category(part) not in _DROPPED


class _Folding(dict[int, str]):
    """The folded form of each character by its code point, for ``str.translate``; filled as needed."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _folded(chr(code))
        if len(folded) == 1:
            _FOLDED_TO_ONE.add(chr(code))
        return folded


_FOLDING = _Folding()
_FOLDED_TO_ONE: set[str] = set()  # the characters seen so far that fold to a single one


def _fold(text: str) -> str:
    """The text with every character folded and runs of white space reduced."""
    return _GAP.sub(_reduced, _without_markup(text).translate(_FOLDING).lstrip(" \n"))


def _reduced(gap: re.Match[str]) -> str:
    """The replacement for a gap: its first space, if it begins with one, and one line end, if it has any."""
    blanks = gap.group()
    return blanks[0].strip("\n") + ("\n" if "\n" in blanks else "")


def _without_markup(text: str) -> str:
    return _MARKUP.sub(_blank, text) if "<" in text or "&" in text else text


def _blank(match: re.Match[str]) -> str:
    """The replacement for a tag or a character reference, of the same length, so that positions hold."""
    markup, tag = match.group(), match.group(1)
    if tag:
        return (_NOTHING if tag.lower() in _INLINE else " ") * len(markup)
    character = unescape(markup)
    return " " * len(markup) if character == markup else character.ljust(len(markup), _NOTHING)


def normalise_with_origin(text: str) -> Normalised:
    """As ``normalise``, with the origin of each character."""
    folded = _fold(text)
    simplified = _converter().convert(folded)
    # A conversion by phrases may change the length; one by characters does not.
    if len(simplified) != len(folded):
        simplified = "".join(_converter().convert(char) for char in folded)
    return Normalised(_regional(simplified), text)


def _regional(text: str) -> str:
    return _REGIONAL.sub(lambda match: REGIONAL[match.group()], text)


def _origin(original: str, length: int) -> Sequence[int]:
    """The position in the original text of each of the ``length`` characters of the normalised one."""
    plain = _without_markup(original)
    if length == len(plain) and _FOLDED_TO_ONE.issuperset(plain):
        return range(length)  # no character was added or dropped
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
    return [position for char, position in zip(kept, origin, strict=True) for _ in _converter().convert(char)]


def normalise(text: str) -> str:
    """The text in Simplified Chinese and lower case with one form per character; an empty text stays empty.

    Traditional characters are converted by OpenCC (t2s). Full-width and other compatibility forms are folded (NFKD,
    Unicode annex 15). Remains of HTML are blanked. Accents, control and zero-width characters and symbols such as emoji
    are dropped. Runs of white space are reduced, but lines stay lines. Normalising twice changes nothing, except for
    text that looks like HTML only once it is normalised.
    """
    return normalise_with_origin(text).text


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """The ranges of the sentences of a normalised text, in order, without the marks that end them."""
    start = 0
    for mark in [*_SENTENCE_END.finditer(text), None]:
        end = mark.start() if mark else len(text)
        piece = text[start:end]
        if sentence := piece.strip():
            n_blanks = piece.index(sentence)
            yield start + n_blanks, start + n_blanks + len(sentence)
        start = mark.end() if mark else end


def stem(word: str) -> str:
    """An English word without its plural or commonest verb ending; at least three letters remain.

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
    """The number of occurrences of each term in a normalised text.

    Runs of Chinese yield their character 1-, 2- and 3-grams; other words yield their stem, and each pair of neighbours
    ``a b`` in one clause. Stop words count neither alone nor in a pair.
    """
    counts = word_terms(text)
    for run in CHINESE_RUN.findall(text):
        for size in range(1, _LONGEST_GRAM + 1):
            counts.update(run[start : start + size] for start in range(len(run) - size + 1))
    return counts


def word_terms(text: str) -> Counter[str]:
    """The number of occurrences of each term that is not Chinese in a normalised text."""
    counts: Counter[str] = Counter()
    previous = ""
    for piece in _TOKEN.findall(text):
        if is_gram(piece) or piece in _CLAUSE_MARKS:
            previous = ""
            continue
        word = "" if piece in STOP_WORDS else _stem(piece)
        if word:
            counts[word] += 1
            if previous:
                counts[f"{previous} {word}"] += 1
        previous = word
    return counts


_stem = lru_cache(maxsize=1 << 16)(stem)


def is_gram(term: str) -> bool:
    """Whether a term is a Chinese gram."""
    return "\u3400" <= term[:1] <= "\u9fff"


def term_id(term: str) -> int:
    """The stable number of a term, below 2**64.

    The code points of a Chinese gram are packed, 21 bits each, the first highest, so that no two grams share a number
    and numbers have the order of the grams; words are hashed (BLAKE2b), with the highest bit set.
    """
    if is_gram(term):
        return sum(ord(char) << 21 * place for char, place in zip(term, (2, 1, 0), strict=False))
    return int.from_bytes(blake2b(term.encode(), digest_size=8).digest(), "little") | 1 << 63


@dataclass(frozen=True)
class PreparedText:
    """The text of a problem, prepared for comparison: normalised, without asides, and cut into sentences.

    Attributes:
        normalised: The whole text.
        counted: The normalised text with asides blanked, so that positions hold.
        spans: The ranges of its sentences.
        parts: The sentences, without repeated ones.
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
        """The first line that counts; if it repeats a sentence, its sentences once each, one a line."""
        inside = self._title_parts
        return self._raw_title if len(inside) == len(set(inside)) else "\n".join(dict.fromkeys(inside))

    @property
    def has_asides(self) -> bool:
        return self.counted is not self.normalised.text

    @cached_property
    def told(self) -> str:
        """The normalised text without asides and without lines that hold nothing else."""
        if not self.has_asides:
            return self.normalised.text
        lines = (_BLANKED_RUN.sub("。", line).strip(" 。") for line in self.counted.split("\n"))
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
        """The number of sentences at the start of ``parts`` that are in the first line; ``None`` if it repeats one."""
        inside = self._title_parts
        return len(inside) if len(inside) == len(set(inside)) else None

    @cached_property
    def title(self) -> Mapping[str, int]:
        """The number of occurrences of each term in the first line."""
        return terms(self.first_line)

    @cached_property
    def terms(self) -> Mapping[str, int]:
        """The number of occurrences of each term in the whole text, with repeated sentences counted once."""
        return terms(self.said)


def prepare(text: str) -> PreparedText:
    """Prepare the text of a problem for comparison. A text without any term has empty counts."""
    normalised = normalise_with_origin(text)
    found = asides(normalised.text)
    counted = blanked(normalised.text, found) if found else normalised.text
    spans = list(sentences(counted))
    return PreparedText(normalised, counted, spans, list(dict.fromkeys([counted[start:end] for start, end in spans])))
