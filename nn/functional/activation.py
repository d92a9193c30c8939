"""Activation functions; at kinks the derivative is PyTorch's choice."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import Primitive
from autograd_core.extend import renamed_keywords
from autograd_core.workers.erf import erf

from ..values import shape_error
from .documented import activation, elementwise_doc
from .floating import floating, floats, ordered, reals
from .pointwise import declared

relu = activation(
    lambda x: np.maximum(ordered(x), 0),
    lambda y, x: y != 0,
    name="relu",
    formulas=("upstream * (x > 0)",),
    doc=elementwise_doc(
        "max(0, x); its derivative at 0 is 0.",
        "relu(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([0.  , 0.25, 4.  ])",
    ),
)


def _relu6(x: Any) -> Any:
    return np.clip(ordered(x), 0, 6)


relu6 = activation(
    _relu6,
    lambda y, x: (x > 0) & (x < 6),
    name="relu6",
    doc=elementwise_doc(
        "min(max(0, x), 6); its derivative at 0 and at 6 is 0.",
        "relu6(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([0.  , 0.25, 4.  ])",
    ),
)


def _sigmoid(x: Any) -> Any:
    x = reals(x)
    small = np.exp(-np.abs(x))  # never overflows
    return np.where(x >= 0, 1, small) / (1 + small)


sigmoid = activation(
    _sigmoid,
    lambda y, x: y * (1 - y),
    name="sigmoid",
    cost=4.0,
    doc=elementwise_doc(
        "1 / (1 + exp(-x)), without overflow.",
        "sigmoid(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([0.2689, 0.5622, 0.982 ])",
    ),
)


def _tanh(x: Any) -> Any:  # not np.tanh itself: a ufunc would get this rule everywhere
    return np.tanh(floats(x))


tanh = activation(
    _tanh,
    lambda y, x: 1 - y * y,
    name="tanh",
    doc=elementwise_doc(
        "The hyperbolic tangent.",
        "tanh(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([-0.7616,  0.2449,  0.9993])",
    ),
)


def _softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    x = reals(x)
    z = beta * x
    return np.where(z > threshold, x, np.log1p(np.exp(np.minimum(z, threshold))) / beta)


def _softplus_slope(y: Any, x: Any, *, beta: float = 1.0, threshold: float = 20.0) -> Any:
    return np.where(beta * x > threshold, np.ones_like(x), sigmoid(beta * x))


softplus = activation(
    _softplus,
    _softplus_slope,
    name="softplus",
    cost=4.0,
    doc=elementwise_doc(
        "log(1 + exp(beta x)) / beta, and x itself where beta x > threshold.",
        "softplus(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([0.3133, 0.8259, 4.0181])",
        beta="How sharp the bend is.",
        threshold="Where it goes over into x.",
    ),
)


def _leaky(x: Any, negative_slope: float = 0.01) -> Any:
    x = reals(x)
    return np.where(x > 0, x, x * negative_slope)


leaky_relu = activation(
    _leaky,
    lambda y, x, *, negative_slope=0.01: np.where(
        x > 0, np.ones_like(x), np.full_like(x, negative_slope)
    ),
    name="leaky_relu",
    doc=elementwise_doc(
        "x where x > 0, else negative_slope x, also in the derivative at 0 (Maas et al., 2013).",
        "leaky_relu(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([-0.01,  0.25,  4.  ])",
        negative_slope="The slope at and below 0.",
    ),
)


def _elu(x: Any, alpha: float = 1.0) -> Any:
    x = reals(x)
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _elu_slope(y: Any, x: Any, *, alpha: float = 1.0) -> Any:
    return np.where(x > 0, np.ones_like(x), alpha * np.exp(np.where(x > 0, 0, x)))


elu = activation(
    _elu,
    _elu_slope,
    name="elu",
    cost=10.0,
    again=True,
    doc=elementwise_doc(
        "x where x > 0, else alpha (exp(x) - 1) (Clevert et al., 2016).",
        "elu(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([-0.6321,  0.25  ,  4.    ])",
        alpha="How far it goes below 0.",
    ),
)
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@renamed_keywords(x="input")
def selu(input: Any) -> Any:
    """Scaled exponential unit (Klambauer et al., 2017).

    Parameters
    ----------
    input : array or Tensor or Dual
        Real numbers, of any shape.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the input.

    Examples
    --------
    >>> selu(np.array([-1.0, 2.0])).round(4)
    array([-1.1113,  2.1014])
    """
    return _SELU_SCALE * elu(input, alpha=_SELU_ALPHA)


def _silu_slope(x: Any) -> Any:
    s = sigmoid(x)
    return s * (1 + x * (1 - s))


def _silu(x: Any) -> Any:
    x = reals(x)
    return x * _sigmoid(x)


silu = activation(
    _silu,
    lambda y, x: _silu_slope(x),
    name="silu",
    formulas=(lambda y, x: ("upstream * (s + y * (1 - s)); s = sigmoid(x)", {"sigmoid": sigmoid}),),
    cost=9.0,
    doc=elementwise_doc(
        "x sigmoid(x) (Hendrycks and Gimpel, 2016).",
        "silu(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([-0.2689,  0.1405,  3.9281])",
    ),
)

_ROOT = math.sqrt(2 / math.pi)


def _gelu_tanh(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(_ROOT * (x + 0.044715 * x * x * x)))


def _gelu_tanh_slope(x: Any) -> Any:
    t = np.tanh(_ROOT * (x + 0.044715 * x * x * x))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * _ROOT * (1 + 3 * 0.044715 * x * x)


_gelu_approximate = declared(
    _gelu_tanh,
    lambda y, x: _gelu_tanh_slope(x),
    name="gelu",
    cost=16.0,
)


def _normal_cdf(x: Any) -> Any:
    return 0.5 * (1 + erf(x * math.sqrt(0.5)))


normal_cdf = declared(
    _normal_cdf,
    lambda y, x: np.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi)),
    name="normal_cdf",
    cost=11.0,
)


def _gelu_slope(x: Any) -> Any:
    return normal_cdf(x) + x * np.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))


_gelu_exact = declared(
    lambda x: x * _normal_cdf(x),
    lambda y, x: _gelu_slope(x),
    name="gelu",
    cost=12.0,
)


@floating("input", renamed={"x": "input"})
def gelu(input: Any, approximate: str = "none") -> Any:
    """Gaussian error linear unit, ``x P(Z <= x)`` (Hendrycks and Gimpel, 2016).

    Parameters
    ----------
    input : array or Tensor or Dual
        The values.
    approximate : {"none", "tanh"}
        Exact, or by the tanh formula of the paper.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the input.

    Raises
    ------
    ShapeError
        If there is no such formula.

    Examples
    --------
    >>> import numpy as np
    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1587,  0.    ,  0.8413])
    """
    if approximate not in ("none", "tanh"):
        raise shape_error(f"gelu: approximate must be 'none' or 'tanh', not {approximate!r}.")
    return _gelu_exact(input) if approximate == "none" else _gelu_approximate(input)


def _softsign(x: Any) -> Any:
    x = reals(x)
    return x / (1 + np.abs(x))


softsign = activation(
    _softsign,
    lambda y, x: 1 / np.square(1 + np.abs(x)),
    name="softsign",
    cost=3.0,
    doc=elementwise_doc(
        "x / (1 + abs(x)).",
        "softsign(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([-0.5,  0.2,  0.8])",
    ),
)


def _tanhshrink(x: Any) -> Any:
    x = reals(x)
    return x - np.tanh(x)


tanhshrink = activation(
    _tanhshrink,
    lambda y, x: np.square(np.tanh(x)),
    name="tanhshrink",
    cost=6.0,
    doc=elementwise_doc(
        "x - tanh(x).",
        "tanhshrink(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([-0.2384,  0.0051,  3.0007])",
    ),
)


def _mish_parts(x: Any) -> tuple[Any, Any, Any]:
    """Return exp(-abs(x)), and numerator and denominator of tanh(softplus(x)) in it."""
    u = np.exp(np.where(x >= 0, -x, x))  # abs(x) would have slope 0 at 0, and neither side has
    numerator = np.where(x >= 0, 1 + 2 * u, u * (u + 2))
    return u, numerator, numerator + np.where(x >= 0, 2 * u * u, np.full_like(x, 2))


def _mish(x: Any) -> Any:
    x = reals(x)
    _, numerator, denominator = _mish_parts(x)
    return x * (numerator / denominator)


def _mish_slope(x: Any) -> Any:
    u, numerator, denominator = _mish_parts(x)
    rest = 4 * (1 + u) * np.where(x >= 0, u * u, u)
    return numerator / denominator + x * (rest / np.square(denominator))


mish = activation(
    _mish,
    lambda y, x: _mish_slope(x),
    name="mish",
    cost=25.0,
    doc=elementwise_doc(
        "x tanh(softplus(x)) (Misra, 2019).",
        "mish(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([-0.3034,  0.1696,  3.9974])",
    ),
)


def _celu(x: Any, alpha: float = 1.0) -> Any:
    x = reals(x)
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x / alpha, 0)))


celu = activation(
    _celu,
    lambda y, x, *, alpha=1.0: np.where(
        x > 0, np.ones_like(x), np.exp(np.where(x > 0, 0, x) / alpha)
    ),
    name="celu",
    cost=10.0,
    doc=elementwise_doc(
        "x where x > 0, else alpha (exp(x / alpha) - 1) (Barron, 2017).",
        "celu(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([-0.6321,  0.25  ,  4.    ])",
        alpha="How far it goes below 0.",
    ),
)


@floating("input", renamed={"x": "input"})
def glu(input: Any, dim: int = -1) -> Any:
    """Return a * sigmoid(b) for the halves a, b of an axis (Dauphin et al., 2017).

    Parameters
    ----------
    input : array or Tensor or Dual
        The values.
    dim : int
        The axis, of even length.

    Returns
    -------
    array or Tensor or Dual
        Half as long along the axis.

    Raises
    ------
    ShapeError
        If the axis does not divide into halves.

    Examples
    --------
    >>> glu(np.array([2.0, 0.0]))
    array([1.])
    """
    if not np.ndim(input) or np.shape(input)[dim] % 2:
        raise shape_error(
            f"glu: axis {dim} of shape {np.shape(input)} does not divide into halves."
        )
    a, b = np.split(input, 2, axis=dim)
    return a * sigmoid(b)


def _log_sigmoid(x: Any) -> Any:
    x = reals(x)
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


log_sigmoid = activation(
    _log_sigmoid,
    lambda y, x: sigmoid(-x),
    name="log_sigmoid",
    cost=20.0,
    doc=elementwise_doc(
        "log(sigmoid(x)), also where the sigmoid is too small for a float.",
        "log_sigmoid(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([-1.3133, -0.5759, -0.0181])",
    ),
)

logsigmoid = log_sigmoid  # PyTorch's name


__all__ = [
    "celu", "elu", "gelu", "glu", "leaky_relu", "log_sigmoid", "logsigmoid", "mish", "normal_cdf",
    "relu", "relu6", "selu", "sigmoid", "silu", "softplus", "softsign", "tanh", "tanhshrink",
]  # fmt: skip
__test__ = {  # the examples of those that are declared by their rules
    name: globals()[name].__doc__ for name in __all__ if isinstance(globals()[name], Primitive)
}
