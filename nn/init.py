"""Initial values of parameters, written in place; names and formulas are PyTorch's.

Each draws from the package's Generator (see `manual_seed`) unless one is given.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import Tensor, mark_overwritten

from .random import generator as shared
from .values import shape_error

Generator = np.random.Generator
__all__ = [
    "calculate_gain", "constant_", "eye_", "fan_in_normal_", "fans", "kaiming_normal_",
    "kaiming_uniform_", "normal_", "ones_", "orthogonal_", "trunc_normal_", "uniform_",
    "xavier_normal_", "xavier_uniform_", "zeros_",
]  # fmt: skip


def _write(tensor: Any, value: Any) -> Any:
    """Write into a Tensor's memory, or into an array."""
    if isinstance(tensor, Tensor):
        tensor.data[...] = value
        mark_overwritten(tensor)
    else:
        tensor[...] = value
    return tensor


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return fan-in and fan-out: inputs of one output, and outputs of one input.

    Examples
    --------
    >>> fans((20, 10)), fans((16, 3, 5, 5))
    ((10, 20), (75, 400))
    """
    if len(shape) < 2:
        raise shape_error(f"fan-in and fan-out need at least 2 axes, the tensor has shape {shape}.")
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the factor that keeps the variance through a nonlinearity.

    Examples
    --------
    >>> round(calculate_gain("relu"), 4)
    1.4142
    """
    if nonlinearity in ("linear", "sigmoid", "conv1d", "conv2d", "identity"):
        return 1.0
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise shape_error(
        f"calculate_gain: {nonlinearity!r} is none of linear, sigmoid, tanh, relu, "
        "leaky_relu, selu."
    )


def uniform_(
    tensor: Any, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Any:
    """Fill with draws from U(a, b)."""
    return _write(tensor, (generator or shared()).uniform(a, b, tensor.shape))


def normal_(
    tensor: Any, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Any:
    """Fill with draws from N(mean, std squared)."""
    return _write(tensor, (generator or shared()).normal(mean, std, tensor.shape))


def trunc_normal_(
    tensor: Any,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Any:
    """Fill with draws from N(mean, std squared), those outside [a, b] drawn again."""
    if not a < b or b < mean - 8 * std or a > mean + 8 * std:
        raise shape_error(
            f"trunc_normal_: [{a}, {b}] is empty or too far from N({mean}, {std}**2)."
        )
    rng = generator or shared()
    value = rng.normal(mean, std, tensor.shape)
    while (outside := (value < a) | (value > b)).any():
        value[outside] = rng.normal(mean, std, int(outside.sum()))
    return _write(tensor, value)


def constant_(tensor: Any, val: float) -> Any:
    """Fill with one value."""
    return _write(tensor, val)


def zeros_(tensor: Any) -> Any:
    """Fill with 0."""
    return _write(tensor, 0)


def ones_(tensor: Any) -> Any:
    """Fill with 1."""
    return _write(tensor, 1)


def eye_(tensor: Any) -> Any:
    """Fill a matrix with the identity."""
    if len(tensor.shape) != 2:
        raise shape_error(f"eye_: a matrix is needed, not shape {tensor.shape}.")
    return _write(tensor, np.eye(*tensor.shape))


def fan_in_normal_(tensor: Any, generator: Generator | None = None) -> Any:
    """Fill with draws from N(0, 1 / fan-in) (Nielsen, chapter 3).

    Examples
    --------
    >>> w = fan_in_normal_(np.empty((100, 400)), np.random.default_rng(0))
    >>> round(float(w.std()) * 20, 1)
    1.0
    """
    return normal_(tensor, 0.0, 1 / math.sqrt(fans(tensor.shape)[0]), generator)


def xavier_uniform_(tensor: Any, gain: float = 1.0, generator: Generator | None = None) -> Any:
    """Fill with U(-a, a), a = gain sqrt(6 / (fan-in + fan-out)) (Glorot and Bengio, 2010)."""
    a = gain * math.sqrt(6.0 / sum(fans(tensor.shape)))
    return uniform_(tensor, -a, a, generator)


def xavier_normal_(tensor: Any, gain: float = 1.0, generator: Generator | None = None) -> Any:
    """Fill with N(0, 2 gain**2 / (fan-in + fan-out)) (Glorot and Bengio, 2010)."""
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(fans(tensor.shape))), generator)


def _kaiming_std(shape: tuple[int, ...], a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise shape_error(f"kaiming: mode must be 'fan_in' or 'fan_out', not {mode!r}.")
    fan = fans(shape)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_uniform_(
    tensor: Any,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Any:
    """Fill with U(-b, b), b = gain sqrt(3 / fan) (He et al., 2015)."""
    bound = math.sqrt(3.0) * _kaiming_std(tensor.shape, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Any,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Any:
    """Fill with N(0, gain**2 / fan) (He et al., 2015)."""
    return normal_(tensor, 0.0, _kaiming_std(tensor.shape, a, mode, nonlinearity), generator)


def orthogonal_(tensor: Any, gain: float = 1.0, generator: Generator | None = None) -> Any:
    """Fill with orthonormal rows or columns, uniform over all such matrices (Saxe et al., 2013).

    Examples
    --------
    >>> w = orthogonal_(np.empty((3, 5)), generator=np.random.default_rng(0))
    >>> bool(np.allclose(w @ w.T, np.eye(3)))
    True
    """
    shape = tensor.shape
    if len(shape) < 2:
        raise shape_error(f"orthogonal_: at least 2 axes are needed, not shape {shape}.")
    rows, columns = shape[0], math.prod(shape[1:])
    flat = (generator or shared()).normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(flat)
    q *= np.sign(np.diag(r))  # makes the distribution uniform
    return _write(tensor, gain * (q.T if rows < columns else q).reshape(shape))
