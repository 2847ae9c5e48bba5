"""Simplified and Traditional Chinese characters, converted by OpenCC, which is loaded when it is needed."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC


@lru_cache(maxsize=3)
def converter(config: str) -> OpenCC:
    """OpenCC's converter of that name, such as ``t2s``."""
    from opencc import OpenCC

    return OpenCC(config)


def in_script(text: str, language: str) -> str:
    """``text`` as Hong Kong writes it when ``language`` is ``zh-Hant``, else as it is."""
    return converter("s2hk").convert(text) if language == "zh-Hant" else text


def is_traditional(text: str) -> bool:
    """Whether more characters of ``text`` stand only in Traditional Chinese than only in Simplified.

    Characters that both have in common, and those of other scripts, count for neither side.
    """
    n_traditional = _n_changed(text, "t2s")
    return n_traditional > 0 and n_traditional > _n_changed(text, "s2t")


def _n_changed(text: str, config: str) -> int:
    """How many characters a conversion changes."""
    convert = converter(config).convert
    converted = convert(text)
    if len(converted) != len(text):  # a phrase changed its length: convert character by character instead
        converted = "".join(map(convert, text))
    return sum(map(str.__ne__, text, converted))
