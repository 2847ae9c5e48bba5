"""The numbers a score is made with: weights, pooling and the bounds of the levels."""

from __future__ import annotations

import json
from hashlib import sha256
from math import inf

from pydantic import Field, model_validator

from matchmaker.domain import Level, Record


class Weights(Record):
    """What each similarity, as its square root, adds to the log odds of a match. None is negative."""

    keywords: float = Field(default=5.0, ge=0, allow_inf_nan=False)
    lexical: float = Field(default=20.0, ge=0, allow_inf_nan=False)


class Bounds(Record):
    """The least score of each level; below ``weak`` the level is none."""

    strong: float = Field(default=0.65, gt=0, le=1)
    fair: float = Field(default=0.25, gt=0, le=1)
    weak: float = Field(default=0.1, gt=0, le=1)

    @model_validator(mode="after")
    def _falls(self) -> Bounds:
        if not self.strong > self.fair > self.weak:
            raise ValueError("the bounds must fall from strong over fair to weak")
        return self


class Settings(Record):
    """How similarities become a score and a level.

    The shipped numbers are a first weighting, not yet fitted to judgements: the score orders institutes, and 0.8 does
    not yet mean that four of five such matches hold.

    ``intercept`` is the log odds of a match without any similarity. ``pooling`` weighs an institute's best
    capabilities in falling order; it is scaled to sum to one over the capabilities there are. ``inferred_weight`` is
    what a term that no source states counts beside a sourced one.
    """

    weights: Weights = Weights()
    intercept: float = Field(default=-6.5, ge=-100, le=100)
    pooling: tuple[float, ...] = Field(default=(0.8, 0.15, 0.05), min_length=1)
    inferred_weight: float = Field(default=0.8, ge=0, le=1)
    bounds: Bounds = Bounds()

    @model_validator(mode="after")
    def _pooling_falls(self) -> Settings:
        pooling = self.pooling
        in_range = pooling[0] > 0 and all(0 <= weight < inf for weight in pooling)
        if not in_range or list(pooling) != sorted(pooling, reverse=True):
            raise ValueError("the pooling weights must be positive and fall, so that the best capability counts most")
        return self

    @property  # not cached: model_copy(update=...) would carry the old one along
    def fingerprint(self) -> str:
        """``sha256:`` of every number, so that two outputs can be told to come from the same settings."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return f"sha256:{sha256(canonical.encode()).hexdigest()}"

    def level(self, score: float) -> Level:
        """The level of a score; a score on a bound belongs to the higher level."""
        if score >= self.bounds.strong:
            return "strong"
        if score >= self.bounds.fair:
            return "fair"
        return "weak" if score >= self.bounds.weak else "none"
