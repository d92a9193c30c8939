"""NumPy's namespace, in which functions that make arrays keep the derivatives of what they get.

``import autograd_core.numpy as np`` in place of ``import numpy as np``: every name is NumPy's own
object, except for the functions of `creation`, `calling` and `joining`, the modules `polynomial`
and `random`, and functions that take arrays, which here take lists of traced numbers too.
"""

from __future__ import annotations

import sys
from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

import numpy as _numpy

from autograd_core.numpy import names as _names

if TYPE_CHECKING:  # what editors and checkers see: NumPy's signatures
    from numpy import *  # noqa: F403

_MODULES = ("polynomial", "random")  # ours, loaded when somebody asks
for _name in ("ma", "testing", "lib", "dtypes", "exceptions"):
    sys.modules.setdefault(f"{__name__}.{_name}", getattr(_numpy, _name))
for _name, _module in _names.MODULES.items():
    sys.modules.setdefault(f"{__name__}.{_name}", _module)

__all__ = list(_numpy.__all__)


def __getattr__(name: str) -> Any:
    if name.startswith("_") and name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = _import_module(f"{__name__}.{name}") if name in _MODULES else _names.named(name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*dir(_numpy), *_names.OWN})
