"""Which object stands under a name of NumPy's in `autograd_core.numpy`: ours, or NumPy's own."""

from __future__ import annotations

from typing import Any

import numpy

from autograd_core.numpy import calling, creation, joining
from autograd_core.numpy.listed import Namespace, listed

HOME = "autograd_core.numpy"
OWN: dict[str, Any] = {
    **{
        name: getattr(creation, name)
        for name in (
            "arange", "array", "asanyarray", "asarray", "asarray_chkfinite", "ascontiguousarray",
            "asfortranarray", "copy", "empty", "empty_like", "eye", "fromiter", "full",
            "full_like", "identity", "ones", "ones_like", "tri", "zeros", "zeros_like",
        )
    },
    **{name: getattr(calling, name) for name in ("apply_along_axis", "piecewise", "vectorize")},
    **{name: getattr(joining, name) for name in ("c_", "mgrid", "ogrid", "r_")},
}  # fmt: skip
MODULES = {name: Namespace(f"{HOME}.{name}", getattr(numpy, name)) for name in ("linalg", "fft")}


def named(name: str) -> Any:
    """Return what stands under a name of NumPy's; AttributeError if NumPy has no such name."""
    found = OWN.get(name, MODULES.get(name))
    return listed(getattr(numpy, name), HOME) if found is None else found
