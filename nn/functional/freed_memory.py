"""Memory that a step freed stays with the process, for the next step to use again.

The C library hands a freed array of some megabytes back to the system, and the next step's arrays
come as fresh pages, each zeroed when first touched: half of a convolutional net's training step.
glibc stops doing so for sizes that it has seen freed (mallopt(3), "dynamic mmap threshold"), up
to 32 MB.  So one array of that size is freed, untouched.  It changes the whole process, so
importing `nn` does not do it; `nn.Trainer` does, and a training loop of your own may.
"""

from __future__ import annotations

import numpy as np

from autograd_core.extend import explains_wrong_calls

LARGEST = 32 << 20  # bytes: where glibc ceases to learn


@explains_wrong_calls
def keep_freed_memory() -> None:
    """Let glibc reuse freed arrays below 32 MB and keep up to 64 MB of them, in this process.

    For training loops; `nn.Trainer` calls it. It costs no memory by itself. With another C library
    it does nothing.
    MALLOC_TRIM_THRESHOLD_ and MALLOC_MMAP_THRESHOLD_ in the environment overrule it.

    Examples
    --------
    >>> keep_freed_memory()
    """
    np.empty(LARGEST - 65536, np.uint8)  # room for glibc's header, in whole pages
