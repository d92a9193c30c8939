"""Softmax along an axis, and its logarithm."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import primitive

from ..values import is_traced, shape_error
from .floating import floating
from .row_formula import RowFormula


def top(x: Any, axis: Any) -> Any:
    """Return the largest along an axis, which keeps length 1; of nothing it is minus infinity."""
    nothing: dict[str, Any] = {"initial": -np.inf} if type(x) is np.ndarray and not x.size else {}
    return np.max(x, axis=axis, keepdims=True, **nothing)


def _shares(x: Any, *, axis: Any) -> Any:
    e = x - top(x, axis)
    e = np.exp(e, out=e) if type(e) is np.ndarray else np.exp(e)
    e /= e.sum(axis=axis, keepdims=True)
    return e


def _slope(y: Any, g: Any, *, axis: Any) -> Any:
    weighted = g * y
    return weighted - y * weighted.sum(axis=axis, keepdims=True)


shares, slope = RowFormula(_shares), RowFormula(_slope)
_softmax = primitive(
    lambda x, *, axis=-1: shares(x, axis=axis),
    vjp=[lambda g, y, x, *, axis=-1: slope(y, g, axis=axis)],
    jvp=[lambda t, y, x, *, axis=-1: slope(y, t, axis=axis)],  # the Jacobian is symmetric
    name="softmax",
    cost=5.0,
    formulas=("y * (upstream - sum(upstream * y, axis=axis, keepdims=True))",),
)


def _axis(name: str, x: Any, dim: int | None) -> int:
    """Return the axis; the last by default, where nobody can mean another."""
    if dim is not None:
        return dim
    if np.ndim(x) > 2:
        raise shape_error(
            f"{name}: give dim= for an input of {np.ndim(x)} axes, here of shape {np.shape(x)}: "
            "by default PyTorch takes axis 0 or 1, others take the last."
        )
    return -1


@floating("input", smooth=("temperature",), renamed={"x": "input"})
def softmax(input: Any, dim: int | None = None, *, temperature: float = 1.0) -> Any:
    """Return exp(input / temperature) along an axis, scaled to sum 1.

    Parameters
    ----------
    input : array or Tensor or Dual
        Scores of any size; nothing overflows.
    dim : int, optional
        The axis; the last one by default for inputs of one or two axes. With more axes it
        must be given.
    temperature : float
        1 / beta; low is sharp, high is even.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the input.

    Raises
    ------
    ShapeError
        If the temperature is not positive, or the axis is missing.

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.array([0.0, np.log(3.0)])).round(4)
    array([0.25, 0.75])
    """
    if not temperature > 0:
        raise shape_error(f"softmax: the temperature must be positive, not {temperature}.")
    dim = _axis("softmax", input, dim)
    return _softmax(
        input if not is_traced(temperature) and temperature == 1 else input / temperature, axis=dim
    )


def _log_shares(x: Any, *, axis: Any) -> Any:
    x = x - top(x, axis)
    x -= np.log(np.exp(x).sum(axis=axis, keepdims=True))
    return x


def _log_slope(y: Any, g: Any, *, axis: Any) -> Any:
    return g - np.exp(y) * g.sum(axis=axis, keepdims=True)


_log_shares_of, _log_slope_of = RowFormula(_log_shares), RowFormula(_log_slope)
_log_softmax = primitive(
    lambda x, *, axis=-1: _log_shares_of(x, axis=axis),
    vjp=[lambda g, y, x, *, axis=-1: _log_slope_of(y, g, axis=axis)],
    jvp=[lambda t, y, x, *, axis=-1: t - np.sum(np.exp(y) * t, axis=axis, keepdims=True)],
    name="log_softmax",
    cost=5.0,
    formulas=("upstream - exp(y) * sum(upstream, axis=axis, keepdims=True)",),
)


@floating("input", renamed={"x": "input"})
def log_softmax(input: Any, dim: int | None = None) -> Any:
    """Return the logarithm of `softmax`, exact where the softmax is too small for a float.

    Parameters
    ----------
    input : array or Tensor or Dual
        Scores of any size.
    dim : int, optional
        The axis, as in `softmax`.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the input.

    Raises
    ------
    ShapeError
        If the axis is missing.

    Examples
    --------
    >>> import numpy as np
    >>> log_softmax(np.array([0.0, 1e4]))
    array([-10000.,      0.])
    """
    return _log_softmax(input, axis=_axis("log_softmax", input, dim))


@floating("input", smooth=("beta",), renamed={"x": "input"})
def softmin(input: Any, dim: int | None = None, *, beta: float = 1.0) -> Any:
    """Return exp(-beta input) along an axis, scaled to sum 1: the Boltzmann distribution.

    Its derivative is dz_i/dx_j = -beta z_i (delta_ij - z_j).

    Parameters
    ----------
    input : array or Tensor or Dual
        Energies of any size: with a positive beta the lowest gets the largest share.
    dim : int, optional
        The axis, as in `softmax`.
    beta : float
        1 / temperature, of any sign: 0 makes all shares equal, and -beta is
        ``softmax(input, temperature=1 / beta)``.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the input.

    Raises
    ------
    ShapeError
        If beta is not finite, or the axis is missing.

    Examples
    --------
    >>> energies = np.array([0.0, np.log(3.0)])
    >>> softmin(energies).round(4), softmin(energies, beta=-1).round(4)
    (array([0.75, 0.25]), array([0.25, 0.75]))
    """
    if not -np.inf < beta < np.inf:
        raise shape_error(f"softmin: beta must be a finite number, not {beta}.")
    plain = not is_traced(beta) and beta == 1
    return _softmax(-input if plain else -beta * input, axis=_axis("softmin", input, dim))
