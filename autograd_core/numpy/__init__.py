"""NumPy's namespace, in which functions that make arrays keep the derivatives of what they get.

``import autograd_core.numpy as np`` in place of ``import numpy as np``: every name is NumPy's own
object, except for the functions of `creation`, `calling` and `joining`, and for functions that
take arrays, which here take lists of traced numbers too.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as _numpy

from autograd_core.numpy import calling as _calling
from autograd_core.numpy import creation as _creation
from autograd_core.numpy import joining as _joining
from autograd_core.numpy.listed import Namespace as _Namespace
from autograd_core.numpy.listed import listed as _listed

if TYPE_CHECKING:  # what editors and checkers see: NumPy's signatures
    from numpy import *  # noqa: F403

_OWN: dict[str, Any] = {
    **{
        name: getattr(_creation, name)
        for name in (
            "arange", "array", "asanyarray", "asarray", "asarray_chkfinite", "ascontiguousarray",
            "asfortranarray", "copy", "empty", "empty_like", "eye", "fromiter", "full",
            "full_like", "identity", "ones", "ones_like", "tri", "zeros", "zeros_like",
        )
    },
    **{name: getattr(_calling, name) for name in ("apply_along_axis", "piecewise", "vectorize")},
    **{name: getattr(_joining, name) for name in ("c_", "mgrid", "ogrid", "r_")},
}  # fmt: skip
_SUBMODULES = {name: _Namespace(f"{__name__}.{name}", getattr(_numpy, name))
               for name in ("linalg", "fft")}  # fmt: skip
for _name in ("random", "polynomial", "ma", "testing", "lib", "dtypes", "exceptions"):
    sys.modules.setdefault(f"{__name__}.{_name}", getattr(_numpy, _name))
for _name, _module in _SUBMODULES.items():
    sys.modules.setdefault(f"{__name__}.{_name}", _module)

__all__ = list(_numpy.__all__)


def __getattr__(name: str) -> Any:
    if name.startswith("_") and name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = _OWN.get(name)
    if found is None:
        found = _SUBMODULES.get(name)
    if found is None:
        found = _listed(getattr(_numpy, name), __name__)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*dir(_numpy), *_OWN})
