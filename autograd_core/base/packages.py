"""Which package a class comes from."""

from __future__ import annotations

from typing import Any


def module_of(value: Any) -> str:
    """Return the name of the module that a class or function says it is from, or "".

    Some classes written in C say something else than a name there.

    Examples
    --------
    >>> from fractions import Fraction
    >>> module_of(Fraction)
    'fractions'
    """
    module = getattr(value, "__module__", "")
    return module if isinstance(module, str) else ""


def package_of(kind: type) -> str:
    """Return the name of the package that a class is from.

    Examples
    --------
    >>> import numpy as np
    >>> package_of(np.random.Generator)
    'numpy'
    """
    return module_of(kind).partition(".")[0]
