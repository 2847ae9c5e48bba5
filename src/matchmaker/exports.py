"""The public names of a package, each imported when it is first used, so that importing the package costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module


def imported_on_use(package: str, *modules: str) -> Callable[[str], object]:
    """The ``__getattr__`` of a package for the names in its ``__all__``.

    Args:
        package: The package's own name.
        modules: Its modules that hold the names. They are looked through in this order: one that needs others, or that
            few need, stands after them.
    """

    def found(name: str) -> object:
        home = import_module(package)
        if name in home.__all__:
            for module in modules:
                inner = import_module(f"{package}.{module}")
                if hasattr(inner, name):
                    setattr(home, name, getattr(inner, name))  # not asked for again
                    return getattr(inner, name)
        raise AttributeError(f"module '{package}' has no attribute '{name}'")

    return found
