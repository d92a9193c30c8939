"""Later: what a lower room asks of a higher one, by a name that the package registers.

A room imports only from the rooms below it.  Two things run the other way: an operation that
states its rule for one mode only finds the other with a sweep, and a Tensor shows its backward
pass step by step.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

PLACES: dict[str, str] = {}  # name -> module; `autograd_core/__init__.py` fills it


def later(name: str) -> Any:
    """Return a function of a higher room, which is imported only now."""
    return getattr(import_module(PLACES[name]), name)
