"""Values that are being differentiated, in HIPS autograd's words: boxes."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.operations.boxed import Boxed as Box
from autograd_core.operations.boxed import bare


def isbox(value: Any) -> bool:
    """Whether a value is being differentiated."""
    return isinstance(value, Box)


def getval(value: Any) -> Any:
    """Return the number or array inside of a value, below every transform.

    Examples
    --------
    >>> from autograd_core.compat.autograd import grad
    >>> grad(lambda x: x * float(getval(x)))(3.0)
    3.0
    """
    return bare(value)


def dtype_of(value: Any) -> np.dtype[Any]:
    """Return the dtype of a number or an array, also of a traced or a batched one.

    Examples
    --------
    >>> dtype_of(1.0)
    dtype('float64')
    """
    found = getattr(value, "dtype", None)
    return np.asarray(value).dtype if found is None else found


def is_complex(value: Any) -> bool:
    """Whether a number or an array is complex.

    Examples
    --------
    >>> is_complex(1j)
    True
    """
    return dtype_of(value).kind == "c"


__all__ = ["Box", "dtype_of", "getval", "is_complex", "isbox"]
