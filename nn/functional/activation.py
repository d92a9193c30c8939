"""Activation functions; at kinks the derivative is PyTorch's choice."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import elementwise, primitive

from ..values import is_traced, shape_error
from . import rectify
from .floating import floating, floats, ordered, reals
from .pointwise import compiled_pass, in_pieces

relu = elementwise(
    rectify.relu, lambda y, x: y != 0, times=lambda g, y, x: rectify.gated(g, y), name="relu"
)


def _relu6(x: Any) -> Any:
    return np.clip(ordered(x), 0, 6)


relu6 = elementwise(_relu6, lambda y, x: (x > 0) & (x < 6), name="relu6")


def _sigmoid(x: Any) -> Any:
    x = reals(x)
    small = np.exp(-np.abs(x))  # never overflows
    return np.where(x >= 0, 1, small) / (1 + small)


sigmoid = elementwise(
    lambda x: in_pieces(_sigmoid, x),
    lambda y, x: y * (1 - y),
    times=lambda g, y, x: in_pieces(lambda g, y: g * (y * (1 - y)), g, y),
    name="sigmoid",
    cost=4.0,
)


def _times_tanh_slope(g: Any, y: Any, x: Any) -> Any:
    made = compiled_pass("tanh_sloped", g, y)
    return g - g * (y * y) if made is None else made


def _tanh(x: Any) -> Any:  # not np.tanh itself: a ufunc would get this rule everywhere
    return np.tanh(floats(x))


tanh = elementwise(_tanh, lambda y, x: 1 - y * y, times=_times_tanh_slope, name="tanh")


def _softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    x = reals(x)
    z = beta * x
    return np.where(z > threshold, x, np.log1p(np.exp(np.minimum(z, threshold))) / beta)


def _softplus_slope(x: Any, *, beta: float, threshold: float) -> Any:
    return np.where(beta * x > threshold, np.ones_like(x), sigmoid(beta * x))


softplus = elementwise(
    lambda x, beta=1.0, threshold=20.0: in_pieces(_softplus, x, beta=beta, threshold=threshold),
    lambda y, x, *, beta=1.0, threshold=20.0: in_pieces(
        _softplus_slope, x, beta=beta, threshold=threshold
    ),
    name="softplus",
    cost=4.0,
)


def _leaky(x: Any, negative_slope: float = 0.01) -> Any:
    x = reals(x)
    return np.where(x > 0, x, x * negative_slope)


leaky_relu = elementwise(
    _leaky,
    lambda y, x, *, negative_slope=0.01: np.where(
        x > 0, np.ones_like(x), np.full_like(x, negative_slope)
    ),
    name="leaky_relu",
)


def _elu(x: Any, alpha: float = 1.0) -> Any:
    x = reals(x)
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _elu_slope(x: Any, *, alpha: float) -> Any:
    return np.where(x > 0, np.ones_like(x), alpha * np.exp(np.where(x > 0, 0, x)))


elu = elementwise(
    lambda x, alpha=1.0: in_pieces(_elu, x, alpha=alpha),
    lambda y, x, *, alpha=1.0: in_pieces(_elu_slope, x, alpha=alpha),
    name="elu",
    cost=10.0,
    again=True,
)
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def selu(x: Any) -> Any:
    """Scaled exponential unit (Klambauer et al., 2017)."""
    return _SELU_SCALE * elu(x, alpha=_SELU_ALPHA)


def _silu_slope(x: Any) -> Any:
    s = sigmoid(x)
    return s * (1 + x * (1 - s))


def _silu(x: Any) -> Any:
    x = reals(x)
    return x * _sigmoid(x)


silu = elementwise(
    lambda x: in_pieces(_silu, x),
    lambda y, x: _silu_slope(x),
    times=lambda g, y, x: in_pieces(lambda g, x: g * _silu_slope(x), g, x),
    name="silu",
    cost=9.0,
)

_ROOT = math.sqrt(2 / math.pi)


def _gelu_tanh(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(_ROOT * (x + 0.044715 * x * x * x)))


def _gelu_tanh_slope(x: Any) -> Any:
    t = np.tanh(_ROOT * (x + 0.044715 * x * x * x))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * _ROOT * (1 + 3 * 0.044715 * x * x)


_gelu_approximate = elementwise(
    lambda x: in_pieces(_gelu_tanh, x),
    lambda y, x: _gelu_tanh_slope(x),
    times=lambda g, y, x: in_pieces(lambda g, x: g * _gelu_tanh_slope(x), g, x),
    name="gelu",
    cost=16.0,
)


def _normal_cdf(x: Any) -> Any:
    from .erf import erf

    return 0.5 * (1 + erf(x * math.sqrt(0.5)))


normal_cdf = elementwise(
    _normal_cdf,
    lambda y, x: np.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi)),
    name="normal_cdf",
    cost=11.0,
)


def _gelu_slope(x: Any) -> Any:
    return normal_cdf(x) + x * np.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))


_gelu_exact = elementwise(
    lambda x: in_pieces(lambda x: x * _normal_cdf(x), x),
    lambda y, x: _gelu_slope(x),
    times=lambda g, y, x: in_pieces(lambda g, x: g * _gelu_slope(x), g, x),
    name="gelu",
    cost=12.0,
)


@floating("x")
def gelu(x: Any, approximate: str = "none") -> Any:
    """Gaussian error linear unit, ``x P(Z <= x)`` (Hendrycks and Gimpel, 2016).

    Parameters
    ----------
    x : array or Tensor or Dual
        The values.
    approximate : {"none", "tanh"}
        Exact, or by the tanh formula of the paper.

    Returns
    -------
    array or Tensor or Dual
        Shaped like x.

    Examples
    --------
    >>> import numpy as np
    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1587,  0.    ,  0.8413])
    """
    if approximate not in ("none", "tanh"):
        raise shape_error(f"gelu: approximate must be 'none' or 'tanh', not {approximate!r}.")
    return _gelu_exact(x) if approximate == "none" else _gelu_approximate(x)


def _softsign(x: Any) -> Any:
    x = reals(x)
    return x / (1 + np.abs(x))


softsign = elementwise(
    _softsign, lambda y, x: 1 / np.square(1 + np.abs(x)), name="softsign", cost=3.0
)


def _tanhshrink(x: Any) -> Any:
    x = reals(x)
    return x - np.tanh(x)


tanhshrink = elementwise(
    _tanhshrink, lambda y, x: np.square(np.tanh(x)), name="tanhshrink", cost=6.0
)


def _mish(x: Any) -> Any:
    x = reals(x)
    return x * np.tanh(_softplus(x))


def _mish_slope(x: Any) -> Any:
    t = np.tanh(softplus(x))
    return t + x * (1 - t * t) * sigmoid(x)


mish = elementwise(
    lambda x: in_pieces(_mish, x),
    lambda y, x: _mish_slope(x),
    times=lambda g, y, x: in_pieces(lambda g, x: g * _mish_slope(x), g, x),
    name="mish",
    cost=25.0,
)


def _celu(x: Any, alpha: float = 1.0) -> Any:
    x = reals(x)
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x / alpha, 0)))


celu = elementwise(
    _celu,
    lambda y, x, *, alpha=1.0: np.where(
        x > 0, np.ones_like(x), np.exp(np.where(x > 0, 0, x) / alpha)
    ),
    name="celu",
    cost=10.0,
)


@floating("x")
def glu(x: Any, dim: int = -1) -> Any:
    """Return a * sigmoid(b) for the halves a, b of an axis (Dauphin et al., 2017).

    Examples
    --------
    >>> glu(np.array([2.0, 0.0]))
    array([1.])
    """
    if not np.ndim(x) or np.shape(x)[dim] % 2:
        raise shape_error(f"glu: axis {dim} of shape {np.shape(x)} does not divide into halves.")
    a, b = np.split(x, 2, axis=dim)
    return a * sigmoid(b)


def _heaviside(x: Any) -> Any:
    return np.heaviside(reals(x), 1).astype(x.dtype)


_step = elementwise(_heaviside, 0, name="step")
_step_through = elementwise(_heaviside, lambda y, x: np.abs(x) <= 1, name="step")


def step(x: Any, straight_through: bool = False) -> Any:
    """Return 1 where x >= 0, else 0.

    Its derivative is 0 everywhere (at 0 it has none, and 0 is taken), so
    nothing before a step learns.  ``straight_through=True`` uses 1 for
    abs(x) <= 1 instead (Bengio et al., 2013): not the derivative of this
    function, but a direction that trains.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> step(np.array([-0.5, 0.0, 2.0]))
    array([0., 1., 1.])
    >>> float(grad(step)(0.5)), float(grad(lambda x: step(x, straight_through=True))(0.5))
    (0.0, 1.0)
    """
    return _step_through(x) if straight_through else _step(x)


@floating("x", "weight")
def prelu(x: Any, weight: Any) -> Any:
    """Return x where positive, weight times x elsewhere; one weight, or one a channel (axis 1)."""
    if not np.size(weight):
        raise shape_error("prelu: there is no slope; weight is empty.")
    if np.size(weight) > 1:
        if np.ndim(x) < 2 or x.shape[1] != np.size(weight):
            raise shape_error(
                f"prelu: {np.size(weight)} slopes need as many channels on axis 1, "
                f"the input has shape {np.shape(x)}."
            )
        weight = weight.reshape((-1, *(1,) * (x.ndim - 2)))
    elif np.ndim(weight):
        weight = weight.reshape(())  # so that a number stays a number
    positive = x > 0
    # the inner where: infinity times the 0 that is sent to the other branch would be NaN
    return np.where(positive, x, weight * np.where(positive, 0, x))


# --- softmax ----------------------------------------------------------------


def _shares(x: Any, axis: int = -1) -> Any:
    e = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-np.inf))
    e /= np.sum(e, axis=axis, keepdims=True)
    return e


def _softmax_rule(g: Any, y: Any, x: Any, *, axis: int = -1) -> Any:
    weighted = g * y
    return weighted - y * np.sum(weighted, axis=axis, keepdims=True)


_softmax = primitive(
    _shares,
    vjp=[_softmax_rule],
    jvp=[_softmax_rule],  # the Jacobian is symmetric
    name="softmax",
    cost=5.0,
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


@floating("x", smooth=("temperature",))
def softmax(x: Any, dim: int | None = None, temperature: float = 1.0) -> Any:
    """Return exp(x / temperature) along an axis, scaled to sum 1.

    Parameters
    ----------
    x : array or Tensor or Dual
        Scores of any size; nothing overflows.
    dim : int, optional
        The axis; the last one by default for inputs of one or two axes. With more axes it
        must be given.
    temperature : float
        1 / beta; low is sharp, high is even.

    Returns
    -------
    array or Tensor or Dual
        Shaped like x.

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
    dim = _axis("softmax", x, dim)
    return _softmax(
        x if not is_traced(temperature) and temperature == 1 else x / temperature, axis=dim
    )


def _log_shares(x: Any, axis: int = -1) -> Any:
    x = x - np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    x -= np.log(np.sum(np.exp(x), axis=axis, keepdims=True))
    return x


_log_softmax = primitive(
    _log_shares,
    vjp=[
        lambda g, y, x, *, axis=-1: g - np.exp(y) * np.sum(g, axis=axis, keepdims=True),
    ],
    jvp=[
        lambda t, y, x, *, axis=-1: t - np.sum(np.exp(y) * t, axis=axis, keepdims=True),
    ],
    name="log_softmax",
    cost=5.0,
)


@floating("x")
def log_softmax(x: Any, dim: int | None = None) -> Any:
    """Return the logarithm of `softmax`, exact where the softmax is too small for a float.

    Examples
    --------
    >>> import numpy as np
    >>> log_softmax(np.array([0.0, 1e4]))
    array([-10000.,      0.])
    """
    return _log_softmax(x, axis=_axis("log_softmax", x, dim))


def _log_sigmoid(x: Any) -> Any:
    x = reals(x)
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


log_sigmoid = elementwise(
    _log_sigmoid,
    lambda y, x: sigmoid(-x),
    name="log_sigmoid",
    cost=20.0,
)

logsigmoid = log_sigmoid  # PyTorch's name


@floating("x")
def softmin(x: Any, dim: int | None = None) -> Any:
    """Return `softmax` of -x.

    Examples
    --------
    >>> softmin(np.array([0.0, np.log(3.0)])).round(4)
    array([0.75, 0.25])
    """
    return _softmax(-x, axis=_axis("softmin", x, dim))


__all__ = [
    "celu", "elu", "gelu", "glu", "leaky_relu", "log_sigmoid", "log_softmax", "logsigmoid", "mish",
    "normal_cdf", "prelu", "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softmin",
    "softplus", "softsign", "step", "tanh", "tanhshrink",
]  # fmt: skip
