"""Update rules as compiled loops: one pass over memory where NumPy makes two to ten.

They need numba (the extra `fast`) and serve large float32 parameters.  The rules' NumPy forms do
everything else, and everything without numba; the results are the same to the last bit.
`nn.use_kernels` chooses here too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.workers.native import FLOATS
from autograd_core.workers.settings import kernels

ENOUGH = 1 << 15  # numbers; below, the call costs more than the passes


def rule(name: str, arrays: list[Any]) -> Any:
    """Return a compiled rule, or None where NumPy is to do it.

    Parameters
    ----------
    name : str
        Of a function in rules.py; "" if there is none.
    arrays : list of ndarray
        The parameter, its gradient, its state.

    Examples
    --------
    >>> import numpy as np
    >>> rule("sgd", [np.ones(3), np.ones(3)]) is None  # too small, and float64
    True
    """
    if not name or arrays[0].size < ENOUGH or type(arrays[0]) is not np.ndarray:
        return None
    if any(FLOATS.get(a.dtype) != "f" or not a.flags.c_contiguous for a in arrays):
        return None
    return getattr(kernels("optim.compiled.rules"), name, None)
