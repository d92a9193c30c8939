"""Where arrays lie in memory, for kernels that take addresses."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

_HEAD = object.__basicsize__  # an array's first field, behind what all objects have, is its address
_number_at = ctypes.c_size_t.from_address


def _said(a: Any) -> int:
    return a.__array_interface__["data"][0]  # type: ignore[no-any-return]


def _read(a: Any) -> int:
    return _number_at(id(a) + _HEAD).value


def _readable() -> bool:
    """Tell whether arrays begin here as they do in NumPy's public header."""
    several = [np.empty(4), np.empty((3, 5), np.float32)[1:, ::2], np.zeros(1, bool)]
    return all(_read(a) == _said(a) for a in several)


# Asking takes 1.4 us, as long as a small kernel; reading takes 0.25.
address = _read if _readable() else _said
