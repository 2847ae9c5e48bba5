"""The numbers a score is made with: weights, pooling and the bounds of the levels."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from pydantic import Field, create_model, model_validator

from matchmaker.domain import Level, LocalText, Text
from matchmaker.errors import Fault, SettingsError
from matchmaker.matching.similarities import NAMES
from matchmaker.messages import Message, foreign, make_message, reason_of
from matchmaker.records import StrictModel, parse_record

Encoder: TypeAlias = Literal["auto", "words", "e5"]
_MAX_BYTES: Final = 20_000
"""Many times what any settings file has; tables within tables take tomllib time by the square."""
_OPEN: Final = (0.1, 0.7)
"""From the first of these scores to below the second, word vectors leave open what to say."""
_MOST_WEIGHT: Final = 1e6
"""Of a similarity or a capability: far more than any fit finds, and sums of them are finite."""
_LEAST_WEIGHT: Final = 1e-6
"""Of the best capability: by less, nothing can be divided."""


_Weight: TypeAlias = Annotated[float, Field(ge=0, le=_MOST_WEIGHT, allow_inf_nan=False)]


if TYPE_CHECKING:

    class Weights(StrictModel):
        """What each similarity adds to the log odds of a match, some as their square root; none is negative."""

        def __init__(self, **weights: float) -> None: ...
        def __getattr__(self, name: str) -> float: ...
else:
    _FITTED = {"keywords": 1.106, "lexical": 2.5, "semantic": 9.065, "samples": 11.315}
    Weights = create_model(
        "Weights",
        __base__=StrictModel,
        # One that is not fitted yet counts nothing.
        **{name: (_Weight, _FITTED.get(name, 0.0)) for name in NAMES},
    )


class Discounts(StrictModel):
    """What is taken off the log odds of a capability, each 0 or more.

    ``general`` of one that names a broad field only, ``thin`` of one with strength C, ``service`` of one that offers a
    service when the problem asks for none.
    """

    general: float = Field(default=4.061, ge=0, le=_MOST_WEIGHT, allow_inf_nan=False)
    thin: float = Field(default=3.405, ge=0, le=_MOST_WEIGHT, allow_inf_nan=False)
    service: float = Field(default=1.059, ge=0, le=_MOST_WEIGHT, allow_inf_nan=False)


class Bounds(StrictModel):
    """The least score of each level; below ``weak`` the level is none."""

    strong: float = Field(default=0.49, gt=0, le=1)
    fair: float = Field(default=0.25, gt=0, le=1)
    weak: float = Field(default=0.08, gt=0, le=1)

    @model_validator(mode="after")
    def _falls(self) -> Bounds:
        if not self.strong > self.fair > self.weak:
            raise ValueError("the bounds must fall from strong over fair to weak")
        return self


class Cases(StrictModel):
    """What earlier problems count: ``solved`` and ``declined`` are log odds for one that says the very same.

    One less close than ``least`` does not count. A declined one counts half as much with every ``half_life`` years.
    """

    solved: float = Field(default=0.5, ge=0, le=10)
    declined: float = Field(default=0.5, ge=0, le=10)
    half_life: float = Field(default=2.0, ge=0.001, le=100)
    least: float = Field(default=0.3, gt=0, le=1)


Count: TypeAlias = Annotated[int, Field(ge=0)]


class TrackRecord(StrictModel):
    """How often the first institute of a shortlist was worth a call, by its level, as judged on real needs.

    Each level has how many were judged and how many of these were worth a call, or nothing where none was judged.
    ``date`` is when, ``by`` who judged. It holds for the numbers it was measured with and changes no score.
    """

    strong: tuple[Count, Count] | None = None
    fair: tuple[Count, Count] | None = None
    weak: tuple[Count, Count] | None = None
    none: tuple[Count, Count] | None = None
    date: str = Field(min_length=1)
    by: LocalText

    @model_validator(mode="after")
    def _is_a_share(self) -> TrackRecord:
        counts = (self.strong, self.fair, self.weak, self.none)
        if any(worth > judged for judged, worth in filter(None, counts)):
            raise ValueError("of each level write how many were judged, then how many of these were worth a call")
        return self


class Settings(StrictModel):
    """How similarities become a score and a level.

    The shipped numbers were fitted to judgements of real needs against the shipped institutes, by language models; see
    docs/evaluation.md.

    ``intercept`` is the log odds of a match without any similarity. ``pooling`` weighs an institute's best
    capabilities in falling order; it is scaled to sum to one over the capabilities there are. ``inferred_weight`` is
    what a term that no source states counts beside a sourced one, ``trade_weight`` what a keyword counts that names a
    trade, a field or a service beside one that names a method, an object or an effect. ``encoder`` says where closeness
    of meaning comes from: the shipped word vectors (``words``), those and the full encoder (``e5``), for which other
    numbers hold, or these only for a need that the word vectors leave open (``auto``). ``record`` is how well the
    levels did so far; nothing is said about it where it is ``None``.
    """

    encoder: Encoder = "words"
    weights: Weights = Weights()
    discounts: Discounts = Discounts()
    intercept: float = Field(default=-9.316, ge=-100, le=100)
    pooling: tuple[float, ...] = Field(default=(1.0,), min_length=1)
    inferred_weight: float = Field(default=0.8, ge=0, le=1)
    trade_weight: float = Field(default=0.25, ge=0, le=1)
    bounds: Bounds = Bounds()
    cases: Cases = Cases()
    record: TrackRecord | None = None

    @model_validator(mode="after")
    def _pooling_falls(self) -> Settings:
        pooling = self.pooling
        if not all(0 <= weight < inf for weight in pooling) or list(pooling) != sorted(pooling, reverse=True):
            raise ValueError("the pooling weights must be positive and fall, so that the best capability counts most")
        if not _LEAST_WEIGHT <= pooling[0] <= _MOST_WEIGHT:
            raise ValueError("the first pooling weight must be from 0.000001 to 1,000,000")
        return self

    @property  # not cached: model_copy(update=...) would carry the old one along
    def fingerprint(self) -> str:
        """``sha256:`` of all that makes a score, so that two outputs can be told to come from the same settings."""
        canonical = json.dumps(self.model_dump(mode="json", exclude={"record"}), sort_keys=True, separators=(",", ":"))
        return f"sha256:{sha256(canonical.encode()).hexdigest()}"

    @property
    def below_fair(self) -> float:
        """The highest score with two decimals that is not fair."""
        return max(round(self.bounds.fair - 0.01, 2), 0.0)

    def level(self, score: float) -> Level:
        """The level of a score, rounded first to the two decimals that are shown: no equal numbers with two levels.

        A score on a bound belongs to the higher level.
        """
        shown = round(score, 2)
        if shown >= self.bounds.strong:
            return "strong"
        if shown >= self.bounds.fair:
            return "fair"
        return "weak" if shown >= self.bounds.weak else "none"


_ASSESSORS = Text(zh="由语言模型评判", en="judged by language models")
WORDS = Settings(
    record=TrackRecord(strong=(43, 35), fair=(49, 21), weak=(86, 15), none=(139, 5), date="2026-11", by=_ASSESSORS)
)
ACCURATE = Settings(
    encoder="e5",
    weights=Weights(keywords=0.699, lexical=3.426, semantic=9.105, samples=11.934),
    discounts=Discounts(general=4.033, thin=3.52, service=1.16),
    intercept=-8.97,
    bounds=Bounds(strong=0.48, fair=0.24, weak=0.08),
    record=TrackRecord(strong=(44, 36), fair=(51, 22), weak=(85, 14), none=(137, 8), date="2026-11", by=_ASSESSORS),
)
AUTO = ACCURATE.model_copy(
    update={
        "encoder": "auto",
        "record": TrackRecord(
            strong=(44, 36), fair=(51, 22), weak=(82, 14), none=(140, 5), date="2026-11", by=_ASSESSORS
        ),
    }
)
"""The shipped numbers for each encoder, with the record of their levels in cross-validation (``make calibration``)."""
_SHIPPED: Final[dict[object, Settings]] = {"auto": AUTO, "words": WORDS, "e5": ACCURATE}


def shipped_settings(encoder: Encoder = "words") -> Settings:
    """The numbers that ship with the package for an encoder."""
    return _SHIPPED[encoder]


def is_left_open(score: float) -> bool:
    """Whether word vectors leave open what to say of a need with this best score: the full encoder reads it then.

    Outside of these bounds reading, too, changes the verdict of next to no need (``make benchmark-needs``).
    """
    return _OPEN[0] <= round(score, 2) < _OPEN[1]


def load_settings(path: Path) -> Settings:
    """Read settings from a TOML file; what it leaves out is as shipped for its encoder.

    Raises:
        SettingsError: The file cannot be read, is no TOML, or has unknown fields or bad numbers; every fault is named.
    """
    import tomllib  # kept out of start-up: the shipped settings are not read from a file

    place = str(path)
    try:
        data = tomllib.loads(_text(path))
    except FileNotFoundError as error:
        raise SettingsError(Fault(place, "no such file", "check the path")) from error
    except OSError as error:
        finding = make_message("cannot be read ({reason})", reason=reason_of(error))
        raise SettingsError(Fault(place, finding, "check the path")) from error
    except UnicodeDecodeError as error:
        raise SettingsError(Fault(place, "is not UTF-8 text", "save it as UTF-8")) from error
    except tomllib.TOMLDecodeError as error:
        finding = make_message("is not TOML ({problem})", problem=_toml_problem(str(error)))
        raise SettingsError(Fault(place, finding, "write lines such as: intercept = -3.6")) from error
    except (RecursionError, ValueError) as error:  # a number of thousands of digits, lists within lists
        raise SettingsError(Fault(place, "is no settings file", "write lines such as: intercept = -3.6")) from error
    found = parse_record(Settings, _completed(data), place=place)
    if isinstance(found, list):
        raise SettingsError(found)
    return found


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise SettingsError(Fault(str(path), "is no settings file", "write lines such as: intercept = -3.6"))
    return data.decode("utf-8-sig").replace("\r\n", "\n")


def _toml_problem(text: str) -> Message:
    """What the parser says, which ends in ``(at line 1, column 12)`` or ``(at end of document)``."""
    problem, _, place = text.removesuffix(")").rpartition(" (at ")
    numbers = re.fullmatch(r"line (\d+), column (\d+)", place)
    if numbers:
        line, column = numbers.groups()
        return make_message(
            "{problem} (at line {line}, column {column})", problem=foreign(problem), line=line, column=column
        )
    at_end = place == "end of document"
    return make_message("{problem} (at end of document)", problem=foreign(problem)) if at_end else foreign(text)


def _completed(data: Mapping[str, object]) -> dict[str, object]:
    """The data with what it leaves out, in tables too; what is no settings file at all stays wrong."""
    encoder = data.get("encoder")
    shipped = _SHIPPED.get(encoder if isinstance(encoder, str) else None, WORDS).model_dump()
    del shipped["record"]  # it was measured with other numbers
    for name, value in data.items():
        below = shipped.get(name)
        shipped[name] = {**below, **value} if isinstance(below, dict) and isinstance(value, dict) else value
    return shipped


def dump_settings(settings: Settings, comments: Mapping[str, str] | None = None) -> str:
    """Settings as a TOML file that a person can edit; ``load_settings`` gives the same settings back.

    Args:
        settings: All of them are written, in the order of their fields, tables last.
        comments: Text to put above a field or a table, by its name (``weights``, ``bounds.fair``); under the empty
            name, above everything. A text of several lines becomes several comment lines.
    """
    known = comments or {}
    lines = [*_comment(known.get("", "")), *_table("", settings.model_dump(mode="json"), known)]
    return "\n".join(lines).lstrip() + "\n"


def _table(name: str, fields: Mapping[str, object], comments: Mapping[str, str]) -> Iterator[str]:
    tables = {key: value for key, value in fields.items() if isinstance(value, dict)}
    for key, value in fields.items():
        if key not in tables and value is not None:  # TOML has no null: what is left out is as shipped
            yield from _comment(comments.get(f"{name}{key}", ""))
            yield f"{key} = {json.dumps(value, ensure_ascii=False)}"
    for key, value in tables.items():
        yield ""
        yield from _comment(comments.get(f"{name}{key}", ""))
        yield f"[{name}{key}]"
        yield from _table(f"{name}{key}.", value, comments)


def _comment(text: str) -> Iterator[str]:
    return (f"# {line}" if line else "" for line in text.splitlines())
