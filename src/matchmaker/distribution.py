"""The package as it is installed: what PyPI calls it, and its version."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    __version__: str

DISTRIBUTION: Final = "matchmaker-techtransfer"
"""What ``pip install`` takes: ``matchmaker`` is another project on PyPI; package and command keep that name."""


@cache
def version() -> str:
    """The version of matchmaker that is installed, ``0+unknown`` when it runs from a folder of sources."""
    from importlib import metadata

    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "0+unknown"


def __getattr__(name: str) -> Any:
    """``__version__``, looked up when it is asked for."""
    if name == "__version__":
        return version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
