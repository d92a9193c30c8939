"""Scratch memory that kernels use again and again, one set for each thread.

Fresh memory is the largest cost of a large array operation: the system zeroes
it page by page.  A kernel that works through its data in pieces writes them
into a buffer from here, which also stays in the processor's cache.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np

_local = threading.local()
PIECE = 1 << 20  # bytes of a piece: about the size of a second-level cache


def buffer(key: str, shape: tuple[int, ...], dtype: Any) -> Any:
    """Return an uninitialized array that is this thread's own until the same key is asked again.

    Parameters
    ----------
    key : str
        Who uses it.
    shape, dtype
        What is needed; the memory grows to the largest request.

    Examples
    --------
    >>> a = buffer("doctest", (2, 3), np.dtype("float32"))
    >>> b = buffer("doctest", (6,), np.dtype("float32"))
    >>> np.shares_memory(a, b)
    True
    """
    buffers = _local.__dict__.setdefault("buffers", {})
    size = math.prod(shape) * dtype.itemsize
    memory = buffers.get(key)
    if memory is None or memory.nbytes < size:
        memory = buffers[key] = np.empty(size, dtype=np.uint8)
    return memory[:size].view(dtype).reshape(shape)
