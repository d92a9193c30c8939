"""`const_graph`, which records a function once in HIPS autograd; here it runs the function."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any


def const_graph(fun: Callable[..., Any], *args: Any, **keywords: Any) -> Callable[..., Any]:
    """Return fun with these arguments filled in; see `autograd_core.compile` for speed.

    HIPS autograd's records the first run and repeats it, also where fun would branch differently.
    This one runs fun each time: the values are fun's own.

    Examples
    --------
    >>> const_graph(lambda a, b: a * b, 2.0)(3.0)
    6.0
    """
    return wraps(fun)(partial(fun, *args, **keywords))


__all__ = ["const_graph"]
