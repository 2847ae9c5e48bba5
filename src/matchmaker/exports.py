"""Public names of a package that are imported on first use, so that importing the package costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module


def imported_on_use(package: str, *modules: str) -> Callable[[str], object]:
    """A ``__getattr__`` for a package, for the names in its ``__all__``.

    Args:
        package: The name of the package.
        modules: The modules with these names. They are searched in this order, so modules that import others or are
            rarely needed come last.
    """

    def get_attribute(name: str) -> object:
        package_module = import_module(package)
        if name in package_module.__all__:
            for module in modules:
                submodule = import_module(f"{package}.{module}")
                if hasattr(submodule, name):
                    setattr(package_module, name, getattr(submodule, name))  # __getattr__ is not called for it again
                    return getattr(submodule, name)
        raise AttributeError(f"module '{package}' has no attribute '{name}'")

    return get_attribute
