"""What a ledger knows, made ready for matching; what was worked out before is taken from the cache."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cached_property
from hashlib import blake2b, sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from matchmaker.files import path_exists

if TYPE_CHECKING:
    from matchmaker.domain import Precedent, Registry
    from matchmaker.ledger.precedents import ReferralSummary
    from matchmaker.matching.cases import CaseSimilarity
    from matchmaker.matching.matcher import Workload
    from matchmaker.matching.postings import Arrays
    from matchmaker.matching.settings import Settings

NO_LEDGER = "none"
_PER_BLOCK = 1_000  # a new case costs the work of one block


def ledger_of_environment() -> str | None:
    """The ledger that the variable MATCHMAKER_LEDGER names, ``none`` where that is not there yet."""
    named = os.environ.get("MATCHMAKER_LEDGER") or None
    is_missing = named is not None and "://" not in named and not path_exists(Path(named))
    return NO_LEDGER if is_missing else named


def named_ledger(target: str | None) -> str | None:
    """The ledger that ``--ledger`` names, empty for the default one; ``None`` for none, or where that is not there."""
    from matchmaker.ledger import default_exists

    named = (target or "").strip()
    is_none = named.casefold() == NO_LEDGER or (not named and not default_exists())
    return None if is_none else named


def ledger_file(target: str | None) -> Path | None:
    """The file that ``--ledger`` names, else the default one if it is there; ``None`` for none and for a server."""
    from matchmaker.ledger import default_path

    named = named_ledger(target)
    return None if named is None or "://" in named else Path(named or default_path())


class Experience(NamedTuple):
    """What a ledger knows of earlier problems and of how ready institutes are.

    Attributes:
        cases: ``None`` where there are none.
        workload: ``None`` where the ledger holds neither cases nor referrals that tell of either.
        digest: Of all that matching asks of the ledger; empty without anything.
        day: From which ages are counted; empty without anything.
    """

    cases: CaseSimilarity | None = None
    workload: Workload | None = None
    digest: str = ""
    day: str = ""


def experience_from(target: str | None, registry: Registry, settings: Settings, day: date) -> Experience:
    """What the ledger that ``--ledger`` names knows.

    Args:
        target: A file or an address; the default ledger, if there is one, when not given; ``none`` for none.
        registry: The institutes.
        settings: Weights.
        day: From which ages are counted.

    Raises:
        LedgerError: The ledger that is named cannot be read.
    """
    named = named_ledger(target)
    if named is None:
        return Experience()
    shelf = _Shelf(named)
    if not shelf.holds_anything:
        return Experience()
    from matchmaker.ledger.precedents import readiness_from
    from matchmaker.matching.matcher import Workload

    workload = Workload(shelf.name_on(day), readiness_from(shelf.referred, day))
    return Experience(_cases(shelf, registry, settings, day), workload, f"sha256:{shelf.digest}", day.isoformat())


def _cases(shelf: _Shelf, registry: Registry, settings: Settings, day: date) -> CaseSimilarity | None:
    from matchmaker.institutes import institute_ids
    from matchmaker.matching.cases import CaseSimilarity

    blocks = [shelf.compiled(at) for at in range(len(shelf.keys))]
    if not blocks:
        return None
    ids, name = institute_ids(registry), shelf.name_on(day)
    return CaseSimilarity(blocks, ids, settings, as_of=day, name=name)


class _Shelf:
    """The earlier problems of one ledger in blocks; it is only opened when the cache does not know them."""

    def __init__(self, target: str) -> None:
        self._target = target

    @cached_property
    def _read(self) -> tuple[list[Precedent], list[ReferralSummary]]:
        from matchmaker.ledger.precedents import read_precedents, read_referral_summaries
        from matchmaker.ledger.store import open_ledger

        with open_ledger(self._target or None) as ledger:
            return read_precedents(ledger), read_referral_summaries(ledger)

    @cached_property
    def blocks(self) -> list[list[Precedent]]:
        """Cases and declined referrals apart, so that a case more changes only the last block of cases."""
        known, _ = self._read
        is_case = {outcome: outcome in ("solved", "partly", "failed") for outcome in {one.outcome for one in known}}
        halves = ([one for one in known if is_case[one.outcome]], [one for one in known if not is_case[one.outcome]])
        return [block for half in halves for block in _cut(half)]

    @cached_property
    def keys(self) -> list[str]:
        """The digest of each block."""
        return self._remembered("precedents", lambda: " ".join(self._digests())).split()

    def _digests(self) -> list[str]:
        texts = ("".join(known.model_dump_json() for known in block) for block in self.blocks)
        return [blake2b(text.encode(), digest_size=16).hexdigest() for text in texts]

    def compiled(self, at: int) -> Arrays:
        """What a similarity needs to know of a block."""
        from matchmaker.cache import cached_arrays
        from matchmaker.matching.cases import compile_cases
        from matchmaker.matching.encoder import encoder
        from matchmaker.matching.rarity import background

        key = self.keys[at].encode()
        return cached_arrays(
            "cases", key, lambda: compile_cases(self.blocks[at], background(), encoder()), checked=False
        )

    @cached_property
    def referred(self) -> list[ReferralSummary]:
        """The referrals that tell of readiness."""
        from matchmaker.ledger.precedents import ReferralSummary

        text = self._remembered("referred", lambda: "\n".join(one.model_dump_json() for one in self._read[1]))
        return [ReferralSummary.model_validate_json(line) for line in text.split("\n") if line]

    @property
    def holds_anything(self) -> bool:
        """Whether there is anything that matching asks for."""
        return bool(self.keys or self.referred)

    def _remembered(self, kind: str, make: Callable[[], str]) -> str:
        """What is made of a ledger, from the cache where this state of it is known."""
        from matchmaker.cache import cached_bytes
        from matchmaker.ledger import default_path
        from matchmaker.ledger.precedents import revision_of

        revision = None if "://" in self._target else revision_of(Path(self._target or default_path()))
        return make() if revision is None else cached_bytes(kind, revision.encode(), lambda: make().encode()).decode()

    @property
    def digest(self) -> str:
        """Of all that is known, whatever the ledger."""
        known = [*self.keys, *(one.model_dump_json() for one in self.referred)]
        return sha256(" ".join(known).encode()).hexdigest()

    def name_on(self, day: date) -> str:
        """What outputs call this ledger on a day."""
        return f"sha256:{self.digest} as of {day.isoformat()}"


def _cut(known: Sequence[Precedent]) -> Iterator[list[Precedent]]:
    return (list(known[start : start + _PER_BLOCK]) for start in range(0, len(known), _PER_BLOCK))
