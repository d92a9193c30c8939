"""Modules under a second name: whichever name is imported, there is one module object."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, cast


class Finder:  # not of importlib.abc, which loads much
    """Finds a module by its second name.

    Parameters
    ----------
    real_name : callable
        From a module's name to the name that it runs under; None for what has no second name.
    imported : callable
        Called with both names once the module is there, and before the second name leads to it.
    """

    def __init__(
        self, real_name: Callable[[str], str | None], imported: Callable[[str, str], None]
    ) -> None:
        self._real_name = real_name
        self._imported = imported

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return a spec for a second name; None for every other module."""
        real = self._real_name(name)
        return None if real is None else ModuleSpec(name, cast(Any, self), loader_state=real)

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave making the module to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Put the module that runs under its real name where the second name looks for it."""
        name = module.__name__
        real = cast(ModuleSpec, module.__spec__).loader_state
        found = import_module(real)
        self._imported(name, real)
        sys.modules[name] = found
