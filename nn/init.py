"""Initial values of parameters, written in place; names and formulas are PyTorch's.

Each draws from the package's Generator (see `manual_seed`) unless one is given.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.extend import explains_wrong_calls

from .fans import calculate_gain, fans
from .init_matrices import dirac_, eye_, orthogonal_, sparse_, write
from .random import generator as shared
from .values import shape_error

Generator = np.random.Generator
__all__ = [
    "calculate_gain", "constant_", "dirac_", "eye_", "fan_in_normal_", "fans", "kaiming_normal_",
    "kaiming_uniform_", "normal_", "ones_", "orthogonal_", "sparse_", "trunc_normal_", "uniform_",
    "xavier_normal_", "xavier_uniform_", "zeros_",
]  # fmt: skip


def __dir__() -> list[str]:
    return sorted(__all__)


@explains_wrong_calls
def uniform_(
    tensor: Any, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Any:
    """Fill with draws from U(a, b).

    Parameters
    ----------
    tensor : Tensor or ndarray, of shape (...)
        Whose memory is written.
    a, b : float
        The lowest and the highest value.
    generator : numpy.random.Generator, optional
        Where to draw; default the package's.

    Returns
    -------
    Tensor or ndarray
        The same object.

    Examples
    --------
    >>> w = uniform_(np.empty(1000), 2.0, 3.0)
    >>> bool(w.min() >= 2.0), bool(w.max() <= 3.0)
    (True, True)
    """
    return write(tensor, (generator or shared()).uniform(a, b, tensor.shape))


@explains_wrong_calls
def normal_(
    tensor: Any, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Any:
    """Fill with draws from N(mean, std squared).

    Parameters
    ----------
    tensor : Tensor or ndarray, of shape (...)
        Whose memory is written.
    mean, std : float
        The distribution's.
    generator : numpy.random.Generator, optional
        Where to draw; default the package's.

    Returns
    -------
    Tensor or ndarray
        The same object.

    Examples
    --------
    >>> w = normal_(np.empty(10_000), 1.0, 2.0, np.random.default_rng(0))
    >>> round(float(w.std()), 1)
    2.0
    """
    return write(tensor, (generator or shared()).normal(mean, std, tensor.shape))


@explains_wrong_calls
def trunc_normal_(
    tensor: Any,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Any:
    """Fill with draws from N(mean, std squared), those outside [a, b] drawn again.

    Parameters
    ----------
    tensor : Tensor or ndarray, of shape (...)
        Whose memory is written.
    mean, std : float
        The distribution's, before it is cut.
    a, b : float
        The lowest and the highest value.
    generator : numpy.random.Generator, optional
        Where to draw; default the package's.

    Returns
    -------
    Tensor or ndarray
        The same object.

    Raises
    ------
    ShapeError
        If the interval is empty, or too far away.

    Examples
    --------
    >>> w = trunc_normal_(np.empty(1000), a=-1.0, b=1.0)
    >>> bool(np.abs(w).max() <= 1.0)
    True
    """
    if not a < b or b < mean - 8 * std or a > mean + 8 * std:
        raise shape_error(
            f"trunc_normal_: [{a}, {b}] is empty or too far from N({mean}, {std}**2)."
        )
    rng = generator or shared()
    value = rng.normal(mean, std, tensor.shape)
    while (outside := (value < a) | (value > b)).any():
        value[outside] = rng.normal(mean, std, int(outside.sum()))
    return write(tensor, value)


@explains_wrong_calls
def constant_(tensor: Any, val: float) -> Any:
    """Fill with one value.

    Parameters
    ----------
    tensor : Tensor or ndarray, of shape (...)
        Whose memory is written.
    val : float
        The value.

    Returns
    -------
    Tensor or ndarray
        The same object.

    Examples
    --------
    >>> constant_(np.empty(2), 7.0)
    array([7., 7.])
    """
    return write(tensor, val)


@explains_wrong_calls
def zeros_(tensor: Any) -> Any:
    """Fill with 0.

    Parameters
    ----------
    tensor : Tensor or ndarray, of shape (...)
        Whose memory is written.

    Returns
    -------
    Tensor or ndarray
        The same object.

    Examples
    --------
    >>> zeros_(np.ones(2))
    array([0., 0.])
    """
    return write(tensor, 0)


@explains_wrong_calls
def ones_(tensor: Any) -> Any:
    """Fill with 1.

    Parameters
    ----------
    tensor : Tensor or ndarray, of shape (...)
        Whose memory is written.

    Returns
    -------
    Tensor or ndarray
        The same object.

    Examples
    --------
    >>> ones_(np.zeros(2))
    array([1., 1.])
    """
    return write(tensor, 1)


@explains_wrong_calls
def fan_in_normal_(tensor: Any, generator: Generator | None = None) -> Any:
    """Fill with draws from N(0, 1 / fan-in) (Nielsen, chapter 3).

    Parameters
    ----------
    tensor : Tensor or ndarray, of shape (...)
        Whose memory is written.
    generator : numpy.random.Generator, optional
        Where to draw; default the package's.

    Returns
    -------
    Tensor or ndarray
        The same object.

    Raises
    ------
    ShapeError
        If there are fewer than two axes.

    Examples
    --------
    >>> w = fan_in_normal_(np.empty((100, 400)), np.random.default_rng(0))
    >>> round(float(w.std()) * 20, 1)
    1.0
    """
    return normal_(tensor, 0.0, 1 / math.sqrt(fans(tensor.shape)[0]), generator)


@explains_wrong_calls
def xavier_uniform_(tensor: Any, gain: float = 1.0, generator: Generator | None = None) -> Any:
    """Fill with U(-a, a), a = gain sqrt(6 / (fan-in + fan-out)) (Glorot and Bengio, 2010).

    Parameters
    ----------
    tensor : Tensor or ndarray, of shape (...)
        Whose memory is written.
    gain : float
        See `calculate_gain`.
    generator : numpy.random.Generator, optional
        Where to draw; default the package's.

    Returns
    -------
    Tensor or ndarray
        The same object.

    Raises
    ------
    ShapeError
        If there are fewer than two axes.

    Examples
    --------
    >>> w = xavier_uniform_(np.empty((2, 4)))
    >>> bool(np.abs(w).max() <= 1.0)
    True
    """
    a = gain * math.sqrt(6.0 / sum(fans(tensor.shape)))
    return uniform_(tensor, -a, a, generator)


@explains_wrong_calls
def xavier_normal_(tensor: Any, gain: float = 1.0, generator: Generator | None = None) -> Any:
    """Fill with N(0, 2 gain**2 / (fan-in + fan-out)) (Glorot and Bengio, 2010).

    Parameters
    ----------
    tensor : Tensor or ndarray, of shape (...)
        Whose memory is written.
    gain : float
        See `calculate_gain`.
    generator : numpy.random.Generator, optional
        Where to draw; default the package's.

    Returns
    -------
    Tensor or ndarray
        The same object.

    Raises
    ------
    ShapeError
        If there are fewer than two axes.

    Examples
    --------
    >>> w = xavier_normal_(np.empty((100, 100)), generator=np.random.default_rng(0))
    >>> round(float(w.std()), 2)
    0.1
    """
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(fans(tensor.shape))), generator)


def _kaiming_std(shape: tuple[int, ...], a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise shape_error(f"kaiming: mode must be 'fan_in' or 'fan_out', not {mode!r}.")
    fan = fans(shape)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


@explains_wrong_calls
def kaiming_uniform_(
    tensor: Any,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Any:
    """Fill with U(-b, b), b = gain sqrt(3 / fan) (He et al., 2015).

    Parameters
    ----------
    tensor : Tensor or ndarray, of shape (...)
        Whose memory is written.
    a : float
        The slope of leaky_relu below 0.
    mode : {"fan_in", "fan_out"}
        Whether to keep the variance forward or backward.
    nonlinearity : str
        See `calculate_gain`.
    generator : numpy.random.Generator, optional
        Where to draw; default the package's.

    Returns
    -------
    Tensor or ndarray
        The same object.

    Raises
    ------
    ShapeError
        If there are fewer than two axes, or a setting is unknown.

    Examples
    --------
    >>> w = kaiming_uniform_(np.empty((5, 6)))
    >>> bool(np.abs(w).max() <= 1.0)
    True
    """
    bound = math.sqrt(3.0) * _kaiming_std(tensor.shape, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


@explains_wrong_calls
def kaiming_normal_(
    tensor: Any,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Any:
    """Fill with N(0, gain**2 / fan) (He et al., 2015).

    Parameters
    ----------
    tensor : Tensor or ndarray, of shape (...)
        Whose memory is written.
    a, mode, nonlinearity
        As in `kaiming_uniform_`.
    generator : numpy.random.Generator, optional
        Where to draw; default the package's.

    Returns
    -------
    Tensor or ndarray
        The same object.

    Raises
    ------
    ShapeError
        If there are fewer than two axes, or a setting is unknown.

    Examples
    --------
    >>> w = kaiming_normal_(np.empty((100, 200)), generator=np.random.default_rng(0))
    >>> round(float(w.std()), 2)
    0.1
    """
    return normal_(tensor, 0.0, _kaiming_std(tensor.shape, a, mode, nonlinearity), generator)
