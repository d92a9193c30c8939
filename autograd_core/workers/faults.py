"""One warning for each kind of fault that keeps compiled kernels from running."""

from __future__ import annotations

import warnings


class KernelWarning(UserWarning):
    """Compiled kernels are not to be had, or not kept; results are right all the same."""


_said: set[str] = set()
_LONGEST = 300  # characters of an error's own message: numba lists all types that it has met


def told(error: BaseException) -> str:
    r"""Return an error's kind and message in a line, cut off where it is long.

    Examples
    --------
    >>> told(ValueError("odd\nthing"))
    'ValueError: odd thing'
    >>> len(told(ValueError("odd " * 1000))) < 400
    True
    """
    message = " ".join(str(error)[: 2 * _LONGEST].split())
    cut = message if len(message) <= _LONGEST else f"{message[:_LONGEST]} ..."
    return f"{type(error).__name__}: {cut}"


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
