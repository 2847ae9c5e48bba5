"""What a ledger knows, made ready for matching; what was worked out before is taken from the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from hashlib import blake2b, sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matchmaker.domain import Precedent, Registry
    from matchmaker.ledger.precedents import Referred
    from matchmaker.matching.cases import CaseSimilarity
    from matchmaker.matching.matcher import Workload
    from matchmaker.matching.postings import Arrays
    from matchmaker.matching.settings import Settings

NO_LEDGER = "none"
_PER_BLOCK = 1_000  # a new case costs the work of one block


def named_ledger(target: str | None) -> str | None:
    """The ledger that ``--ledger`` names, empty for the default one; ``None`` for none, or where that is not there."""
    from matchmaker.ledger import is_there_by_default

    named = (target or "").strip()
    is_none = named.casefold() == NO_LEDGER or (not named and not is_there_by_default())
    return None if is_none else named


def ledger_file(target: str | None) -> Path | None:
    """The file that ``--ledger`` names, else the default one if it is there; ``None`` for none and for a server."""
    from matchmaker.ledger import default_path

    named = named_ledger(target)
    return None if named is None or "://" in named else Path(named or default_path())


def experience_from(
    target: str | None, registry: Registry, settings: Settings, as_of: datetime | None
) -> tuple[CaseSimilarity | None, Workload | None]:
    """What the ledger that ``--ledger`` names knows of earlier problems, and of how ready institutes are.

    Args:
        target: A file or an address; the default ledger, if there is one, when not given; ``none`` for none.
        registry: The institutes.
        settings: Weights.
        as_of: The day from which ages are counted; today when not given.

    Returns:
        Nothing for both without a ledger, or where it holds neither cases nor referrals that tell of either.

    Raises:
        LedgerError: The ledger that is named cannot be read.
    """
    named = named_ledger(target)
    shelf, day = _Shelf(named or ""), _day(as_of)
    if named is None or not shelf.holds_anything:
        return None, None
    from matchmaker.ledger.precedents import readiness_from
    from matchmaker.matching.matcher import Workload

    workload = Workload(shelf.name_on(day), readiness_from(shelf.referred, day))
    return _cases(shelf, registry, settings, day), workload


def _cases(shelf: _Shelf, registry: Registry, settings: Settings, day: date) -> CaseSimilarity | None:
    from matchmaker.institutes import ids_of
    from matchmaker.matching.cases import CaseSimilarity
    from matchmaker.matching.rarity import background
    from matchmaker.matching.semantic import encoder

    blocks = [shelf.compiled(at) for at in range(len(shelf.keys))]
    if not blocks:
        return None
    ids, name = ids_of(registry), shelf.name_on(day)
    return CaseSimilarity(blocks, ids, settings, as_of=day, rarity=background(), encoder=encoder(), name=name)


def what_counts(target: str | None, as_of: datetime | None) -> tuple[str, str]:
    """What decides how a ledger counts: the digest of all that matching asks of it, and the day; empty without any."""
    named = named_ledger(target)
    if named is None:
        return "", ""
    shelf = _Shelf(named)
    return (f"sha256:{shelf.digest}", _day(as_of).isoformat()) if shelf.holds_anything else ("", "")


def _day(as_of: datetime | None) -> date:
    return (as_of or datetime.now(UTC)).date()


class _Shelf:
    """The earlier problems of one ledger in blocks; it is only opened when the cache does not know them."""

    def __init__(self, target: str) -> None:
        self._target = target

    @cached_property
    def _read(self) -> tuple[list[Precedent], list[Referred]]:
        from matchmaker.ledger.precedents import read_precedents, read_referred
        from matchmaker.ledger.store import open_ledger

        with open_ledger(self._target or None) as ledger:
            return read_precedents(ledger), read_referred(ledger)

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
        from matchmaker.cache import remembered_arrays
        from matchmaker.matching.cases import compile_cases
        from matchmaker.matching.rarity import background
        from matchmaker.matching.semantic import encoder

        key = self.keys[at].encode()
        return remembered_arrays(
            "cases", key, lambda: compile_cases(self.blocks[at], background(), encoder()), checked=False
        )

    @cached_property
    def referred(self) -> list[Referred]:
        """The referrals that tell of readiness."""
        from matchmaker.ledger.precedents import Referred

        text = self._remembered("referred", lambda: "\n".join(one.model_dump_json() for one in self._read[1]))
        return [Referred.model_validate_json(line) for line in text.split("\n") if line]

    @property
    def holds_anything(self) -> bool:
        """Whether there is anything that matching asks for."""
        return bool(self.keys or self.referred)

    def _remembered(self, kind: str, make: Callable[[], str]) -> str:
        """What is made of a ledger, from the cache where this state of it is known."""
        from matchmaker.cache import remembered
        from matchmaker.ledger import default_path
        from matchmaker.ledger.precedents import revision_of

        revision = None if "://" in self._target else revision_of(Path(self._target or default_path()))
        return make() if revision is None else remembered(kind, revision.encode(), lambda: make().encode()).decode()

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
