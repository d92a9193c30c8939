"""NumPy under the name ``autograd.numpy``: its own functions, which differentiate as they are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from autograd_core.compat.autograd.host import namespace as _namespace
from autograd_core.compat.autograd.numpy import linalg  # noqa: F401 - np.linalg
from autograd_core.compat.autograd.numpy.own import make_diagonal, where  # noqa: F401 - np.where

if TYPE_CHECKING:  # what editors and checkers see: NumPy's signatures
    from numpy import *  # type: ignore[assignment,no-redef]  # noqa: F403 - names

for _name in ("fft", "random"):
    sys.modules.setdefault(f"{__name__}.{_name}", getattr(_namespace, _name))

__all__ = [*_namespace.__all__, "make_diagonal"]


def __getattr__(name: str) -> Any:
    if name.startswith("_") and name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_namespace, name)


def __dir__() -> list[str]:
    return dir(_namespace)
