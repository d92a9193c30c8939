"""One warning for each kind of fault that keeps compiled kernels from running."""

from __future__ import annotations

import warnings


class KernelWarning(UserWarning):
    """Compiled kernels are not to be had, or not kept; results are right all the same."""


_said: set[str] = set()


def say_once(kind: str, message: str) -> None:
    """Warn once in a process for each kind of fault.

    Examples
    --------
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     say_once("example", "first")
    ...     say_once("example", "again")
    >>> len(said)
    1
    """
    if kind not in _said:
        _said.add(kind)
        warnings.warn(message, KernelWarning, stacklevel=3)
