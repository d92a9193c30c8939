"""How large work is done: by compiled loops or NumPy, and on how many threads.

The engine itself needs none of this; `nn` and `optim` do.  `settings` holds the user's choice,
`threads` shares tasks among Python's threads, and `compiled` (for numba, the extra `fast`) has
loops shared without the interpreter's lock.
"""

from autograd_core.workers.settings import setting, use_kernels

__all__ = ["setting", "use_kernels"]
