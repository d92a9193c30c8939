"""Which dtypes compiled kernels read: floats and truths in the machine's own order of bytes.

``dtype.char`` does not tell: it is "f" of big-endian numbers, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

FLOATS: dict[Any, str] = {np.dtype(np.float32): "f", np.dtype(np.float64): "d"}
KINDS: dict[Any, str] = {**FLOATS, np.dtype(np.bool_): "?"}
