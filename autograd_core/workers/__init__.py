"""How large work is done: by compiled loops or NumPy, and on how many threads.

`settings` holds the user's choice, `threads` shares tasks among Python's threads, and `compiled`
(for numba, the extra `fast`, which only `nn` and `optim` use) has loops shared without the
interpreter's lock.  `rows` adds rows into an array.
"""

from autograd_core.workers.settings import setting, use_kernels

__all__ = ["setting", "use_kernels"]
