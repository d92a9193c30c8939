"""Branch and plus as operations, and the cut that makes a constant.

A branch copies a value K times, and back-propagation adds what comes back; a
plus adds K values, and back-propagation copies.  Each is the other's transpose.
"""

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy as np

from autograd_core.base.errors import ShapeError
from autograd_core.base.source import Location
from autograd_core.operations.declare import primitive
from autograd_core.operations.primitive import Boxed, Primitive


def _add_all(parts: Any) -> Any:
    return functools.reduce(operator.add, parts)


_branch = primitive(
    lambda x, k: (x,) * k,
    vjp=lambda g, y, x, *, k: (_add_all(g),),
    jvp=lambda ts, y, x, *, k: (ts[0],) * k,
    arity=1,
    name="branch",
    multiple=True,
    category="branch",
)
_plus: Primitive = primitive(
    lambda *xs: _add_all(xs),
    vjp=lambda g, y, *xs: (g,) * len(xs),
    jvp=lambda ts, y, *xs: _add_all(ts),
    name="plus",
    category="plus",
    label="+",
)


def branch(x: Any, k: int) -> tuple[Any, ...]:
    """Return k copies of x; their gradients add up on the way back.

    Parameters
    ----------
    x : array_like or Tensor or Dual
        The value.
    k : int
        How many copies, at least 1.

    Returns
    -------
    tuple
        The copies, each of x's shape.

    Raises
    ------
    ShapeError
        If k is less than 1.

    Examples
    --------
    >>> from autograd_core import Tensor, branch
    >>> x = Tensor(3.0, requires_grad=True)
    >>> a, b = branch(x, 2)
    >>> (a * 5 + b * 7).backward()
    >>> x.grad
    Tensor(12.)
    """
    if k < 1:
        raise ShapeError(f"branch: k must be at least 1, not {k}.", Location.of_caller())
    copies: tuple[Any, ...] = _branch(x, k=k)
    return copies


def plus(*xs: Any) -> Any:
    """Return the sum of its arguments; the gradient is copied to each on the way back.

    Parameters
    ----------
    *xs : array_like or Tensor or Dual
        At least one value; shapes that broadcast.

    Returns
    -------
    array or Tensor or Dual
        x1 + x2 + ... + xK.

    Raises
    ------
    ShapeError
        If there is no argument, or the shapes do not broadcast.

    Examples
    --------
    >>> from autograd_core import Tensor, plus
    >>> x, y = Tensor(1.0, requires_grad=True), Tensor(2.0, requires_grad=True)
    >>> plus(x, y, x).backward()
    >>> x.grad, y.grad
    (Tensor(2.), Tensor(1.))
    """
    if not xs:
        raise ShapeError("plus: at least one argument is needed.", Location.of_caller())
    return _plus(*xs)


def stop_gradient(x: Any) -> Any:
    """Return x as a constant: every derivative through it is 0, in every mode.

    Parameters
    ----------
    x : array_like or Tensor or Dual
        The value.

    Returns
    -------
    array or Tensor
        A constant. It shares memory with x until one of the two is changed in place. Changing it
        never changes x, neither by hand nor inside a transform.

    Examples
    --------
    >>> from autograd_core import grad, stop_gradient
    >>> float(grad(lambda x: x * stop_gradient(x))(3.0))
    3.0
    """
    if not isinstance(x, Boxed) or not hasattr(x, "detach"):
        return x
    made = x.detach()
    value = getattr(made, "_held", None)
    if isinstance(value, np.ndarray):
        value = value.view()
        value.flags.writeable = False  # so that a change in place makes memory of its own
        made._held = value
    elif isinstance(made, np.ndarray):  # of a Dual
        made = made.copy()
    return made
