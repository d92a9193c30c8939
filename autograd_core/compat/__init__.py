"""Names that programs written for other libraries expect: `autograd` for HIPS autograd."""

from importlib import import_module
from typing import Any

__all__ = ["autograd"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return import_module(f"autograd_core.compat.{name}")
    raise AttributeError(f"module 'autograd_core.compat' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
