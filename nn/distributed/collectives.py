"""Sums over ranks as operations: differentiable, since their transposes are sums over ranks too."""

from __future__ import annotations

from typing import Any

from autograd_core import DTypeError, Primitive, linear
from autograd_core.extend import Location

from ..values import as_array
from .launch import world

_sum: Primitive = linear(lambda x: world().sum(x), lambda g, x: _sum(g), name="all_reduce")
_stack: Primitive = linear(
    lambda x: world().stack(x), lambda g, x: _sum(g)[world().rank], name="all_gather"
)


def _floats(operation: str, value: Any) -> Any:
    array = as_array(value)
    if array.dtype.kind not in "iufc":
        raise DTypeError(
            f"{operation}: the values must be numbers, not {array.dtype}.", Location.of_caller()
        )
    return array


def all_reduce(value: Any) -> Any:
    r"""Return the sum of all ranks' values, on every rank.

    .. math:: y_r = \sum_s x_s, \qquad \bar x_r = \sum_s \bar y_s

    The derivative is that of the sum of all ranks' outputs, so every rank must run the sweep too.

    Parameters
    ----------
    value : array or Tensor or Dual
        Of one shape and dtype on all ranks.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the value.

    Raises
    ------
    DistributedError
        On all ranks, if they differ in shape or dtype, or if one does something else.

    Examples
    --------
    One process alone:

    >>> import numpy as np
    >>> all_reduce(np.array([1.0, 2.0]))
    array([1., 2.])
    """
    return _sum(_floats("all_reduce", value))


def all_gather(value: Any) -> Any:
    """Return all ranks' values on a new first axis, in the ranks' order.

    Parameters
    ----------
    value : array or Tensor or Dual
        Of one shape and dtype on all ranks.

    Returns
    -------
    array or Tensor or Dual
        Of shape (ranks, ...).

    Raises
    ------
    DistributedError
        On all ranks, if they differ in shape or dtype, or if one does something else.

    Examples
    --------
    One process alone:

    >>> import numpy as np
    >>> all_gather(np.array([1.0, 2.0]))
    array([[1., 2.]])
    """
    return _stack(_floats("all_gather", value))


def barrier() -> None:
    """Wait until all ranks are here.

    Raises
    ------
    DistributedError
        On all ranks, if one is about to do something else, or has ended.

    Examples
    --------
    >>> barrier()
    """
    world().agree("waits at a barrier")
