"""scipy.cluster, of which `vq` has functions that are differentiable."""

from typing import Any

__all__ = ["vq"]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in __all__:
        return import_module(f"autograd_core.scipy.cluster.{name}")
    return getattr(import_module("scipy.cluster"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
