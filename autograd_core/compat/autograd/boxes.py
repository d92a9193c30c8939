"""Values that are being differentiated, in HIPS autograd's words: boxes."""

from __future__ import annotations

from typing import Any

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
    while isbox(inner := bare(value)):
        value = inner
    return inner


__all__ = ["Box", "getval", "isbox"]
