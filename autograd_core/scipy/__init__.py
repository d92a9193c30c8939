"""SciPy's functions that are not ufuncs, under SciPy's names, for values that are differentiated.

SciPy's ufuncs (``scipy.special.gamma``, ...) work on Tensors and Duals as they
are.  Its other functions cannot be told to; these modules hold them under the
same names and with the same arguments:

>>> from autograd_core.scipy import special
>>> float(special.logsumexp([0.0, 0.0]).round(4))
0.6931

Needs SciPy (the extra ``scipy``), which is imported with the submodule.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if name in __all__:
        from importlib import import_module

        return import_module(f"autograd_core.scipy.{name}")
    raise AttributeError(f"module 'autograd_core.scipy' has no attribute {name!r}")


__all__ = ["cluster", "fft", "integrate", "interpolate", "linalg", "ndimage", "optimize", "signal",
           "sparse", "special", "stats"]  # fmt: skip


def __dir__() -> list[str]:
    return sorted(__all__)
