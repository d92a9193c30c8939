"""Normalization: subtract a mean, divide by a spread, scale and shift by learned numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import NonFiniteError, UnsupportedError
from autograd_core.extend import Location, Reading, beside, foreign

from ..values import any_batched, raw, shape_error
from .channel_passes import moments, scaled, sloped, sums
from .floating import floating
from .fused import by_parts, fused
from .kernels import setting
from .magnitude import shrunk
from .norm_formulas import Seen, normal_formulas
from .normalized_rows import (
    grouped_norm,
    in_one_dtype,
    last_axes,
    normal,
    normalize,
    row_norm,
    slopes,
    spread_of,
)
from .row_formula import RowFormula

RUN = 16  # neighbouring numbers of one channel; NumPy's loops over fewer mostly start and stop

# --- over the batch, for each channel ---------------------------------------


def _by_channel(formula: RowFormula, x: Any, *arrays: Any, **settings: Any) -> Any:
    """Return a formula's results over a channel, or None: the passes by channel do it.

    A kernel finds a channel's numbers wherever they lie.  In NumPy the formula is fast if they come
    in long runs.
    """
    column = (-1, *(1,) * (x.ndim - 2))
    given = [a if a.ndim == x.ndim else a.reshape(column) for a in arrays]
    shapes = (None, given[-1].shape, given[-1].shape) if formula is slopes else None
    run = formula if x.flags.c_contiguous and math.prod(x.shape[2:]) >= RUN else formula.compiled
    count = float(x.size // max(x.shape[1], 1))
    return run(x, *given, axis=_places(x), shapes=shapes, count=count, **settings)


def _batch_forward(
    x: Any, weight: Any, bias: Any, *, eps: float, found: dict[str, Any]
) -> tuple[Any, Any]:
    made = _by_channel(normalize, x, weight, bias, eps=eps)
    mean, variance = moments(x) if made is None else (v.reshape(-1) for v in made[1:3])
    found["moments"] = mean, variance
    if not np.isfinite(variance).all():
        return _large_batch_forward(x, weight, bias, eps, found)
    inverse = 1 / np.sqrt(variance + eps)
    scale = weight * inverse
    y = scaled(x, scale, bias - mean * scale) if made is None else made[0]
    return y, (mean, inverse, scale, None)


def _large_batch_forward(
    x: Any, weight: Any, bias: Any, eps: float, found: dict[str, Any]
) -> tuple[Any, Any]:
    """Normalize values whose squares overflow: shrunk, and centred before they are scaled."""
    small, factor = shrunk(x, _places(x))
    mean, variance = moments(small)
    factor = np.broadcast_to(factor, (1, len(mean), *(1,) * (x.ndim - 2)))
    by_channel = factor.reshape(-1)
    found["moments"] = mean / by_channel, variance / by_channel / by_channel
    inverse = np.minimum(1 / spread_of(variance, eps, by_channel), np.finfo(x.dtype).max)
    scale = (weight * inverse).astype(x.dtype, copy=False)
    middle = mean.reshape(factor.shape)
    y = scaled(small - middle, scale, bias)
    return y, (np.zeros_like(mean), inverse, scale, (factor, middle))


def _places(x: Any) -> tuple[int, ...]:
    """Return all axes but the channels'."""
    return (0, *range(2, x.ndim))


def _batch_backward(
    g: Any, kept: Any, needs: Any, y: Any, x: Any, weight: Any, bias: Any, **_: Any
) -> tuple[Any, ...]:
    mean, inverse, scale, large = kept
    if large is None and (made := _by_channel(slopes, x, g, mean, inverse, weight)) is not None:
        return made[0], made[1].reshape(-1), made[2].reshape(-1)
    x = x if large is None else x * large[0] - large[1]
    n = x.size // max(x.shape[1], 1)
    by_bias, by_distance = sums(g, x, mean)
    by_weight = by_distance * inverse
    if not needs[0]:
        return None, by_weight, by_bias
    slope = -scale * (by_weight / n * inverse)  # 0 also where the first two overflow
    shift = -scale * by_bias / n - slope * mean
    dx = sloped(g, x, scale, slope, shift)
    return dx if large is None else dx * large[0], by_weight, by_bias


def _batch_plain(x: Any, weight: Any, bias: Any, *, eps: float, found: Any) -> Any:
    if foreign(x) is not None:  # the forward pass too comes here: nothing else finds them
        plain = raw(x)
        found["moments"] = plain.mean(axis=_places(x)), plain.var(axis=_places(x))
    column = (-1, *(1,) * (x.ndim - 2))
    return normal(x, _places(x), eps) * weight.reshape(column) + bias.reshape(column)


_batch_norm = fused(
    _batch_forward,
    _batch_backward,
    _batch_plain,
    name="batch_norm",
    category="normalization",
    reads=Reading(rest=1),
    formulas=normal_formulas(lambda x, **_: Seen(_places(x), by_channel=True)),
)


def _running_plain(x: Any, mean: Any, variance: Any, weight: Any, bias: Any, *, eps: float) -> Any:
    column = (-1, *(1,) * (len(x.shape) - 2))
    scale = weight / np.sqrt(variance + eps).astype(x.dtype)
    return x * scale.reshape(column) + (bias - mean * scale).reshape(column)


# one operation, where layers are written down for other programs, which have it too
_by_running = fused(
    lambda *arrays, eps: (_running_plain(*arrays, eps=eps), None),
    lambda g, kept, needs, y, *arrays, eps: by_parts(
        _running_plain, g, arrays, needs, {"eps": eps}
    ),
    _running_plain,
    name="batch_norm",
    category="normalization",
)


@floating("input", "weight", "bias", smooth=("running_mean", "running_var"))
def batch_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Normalize each channel over the batch and over space (Ioffe and Szegedy, 2015).

    Parameters
    ----------
    input : shape (n, channels, ...)
        The values.
    running_mean, running_var : arrays of shape (channels,), optional
        Used outside training, and moved towards the batch's in training.
    weight, bias : shape (channels,), optional
        Scale and shift.
    training : bool
        Whether to use the batch's own mean and variance.
    momentum : float
        How far the running values move.
    eps : float
        Added to the variance.

    Returns
    -------
    shape of the input
        (x - mean) / sqrt(variance + eps) * weight + bias.

    Raises
    ------
    ShapeError
        If a channel has only one value in training, or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> batch_norm(np.array([[1.0], [3.0]]), training=True, eps=0.0)
    array([[-1.],
           [ 1.]])
    """
    shape = input.shape
    if len(shape) < 2:
        raise shape_error(f"batch_norm: the input needs (n, channels, ...), its shape is {shape}.")
    _check_channels(
        "batch_norm", shape, weight=weight, bias=bias, running_mean=running_mean,
        running_var=running_var,
    )  # fmt: skip
    weight, bias = _affine(input, shape[1:2], weight, bias)
    column = (-1, *(1,) * (len(shape) - 2))
    if not training and running_mean is not None:
        if setting("portable"):
            return _by_running(input, running_mean, running_var, weight, bias, eps=eps)
        scale = weight / np.sqrt(running_var + eps).astype(input.dtype)
        return input * scale.reshape(column) + (bias - running_mean * scale).reshape(column)
    count = math.prod(shape) // max(shape[1], 1)
    if count < 2:
        raise shape_error(
            f"batch_norm: training needs more than one value a channel, the input has "
            f"shape {shape}."
        )
    if running_mean is not None and any_batched((input, weight, bias)):
        raise UnsupportedError(
            "batch_norm: in training under vmap each example would update the running "
            "statistics, which all of them share. Use track_running_stats=False "
            "(running_mean=None), eval(), or "
            "GroupNorm."
        )
    for name, value in (("running_mean", running_mean), ("running_var", running_var)):
        if value is not None and value.dtype.kind != "f":
            raise shape_error(
                f"batch_norm: {name} is updated in training and must hold floats, not "
                f"{value.dtype}."
            )
    found: dict[str, Any] = {}
    y = _batch_norm(*in_one_dtype(input, weight, bias), eps=eps, found=found)
    if running_mean is not None:
        mean, variance = found["moments"]
        _representable("batch_norm", variance)
        running_mean += momentum * (mean - running_mean)
        running_var += momentum * (variance * (count / (count - 1)) - running_var)
    return y


# --- over the features of each example --------------------------------------


@floating("input", "weight", "bias")
def layer_norm(
    input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Normalize over the last axes of each example (Ba et al., 2016).

    Parameters
    ----------
    input : shape (..., *normalized_shape)
        The values.
    normalized_shape : int or tuple
        The last axes.
    weight, bias : shape normalized_shape, optional
        Scale and shift.
    eps : float
        Added to the variance.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the input.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> layer_norm(np.array([[1.0, 3.0]]), 2, eps=0.0)
    array([[-1.,  1.]])
    """
    wanted, axes = last_axes("layer_norm", input, normalized_shape)
    weight, bias = _affine(input, wanted, weight, bias)
    if weight.shape != wanted or bias.shape != wanted:
        raise shape_error(
            f"layer_norm: weight and bias have shapes {weight.shape} and {bias.shape}; "
            f"normalized_shape is {wanted}."
        )
    return row_norm(*in_one_dtype(input, weight, bias), axes=axes, eps=eps)


def _check_channels(function: str, shape: tuple[int, ...], **given: Any) -> None:
    """Refuse what does not hold one number for each channel of an input of this shape."""
    for name, value in given.items():
        if value is not None and value.shape != shape[1:2]:
            raise shape_error(
                f"{function}: {name} has shape {value.shape}, the input {shape} has "
                f"{shape[1]} channels on axis 1."
            )


def _affine(input: Any, shape: tuple[int, ...], weight: Any, bias: Any) -> tuple[Any, Any]:
    """Return scale and shift; 1 and 0 where none is given."""
    weight = beside(input, np.ones(shape, input.dtype)) if weight is None else weight
    return weight, beside(input, np.zeros(shape, input.dtype)) if bias is None else bias


@floating("input", "weight", "bias")
def group_norm(
    input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Normalize each group of channels of each example (Wu and He, 2018).

    Parameters
    ----------
    input : shape (n, channels, ...)
        The values.
    num_groups : int
        Divides the channels.
    weight, bias : shape (channels,), optional
        Scale and shift.
    eps : float
        Added to the variance.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the input.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> group_norm(np.array([[1.0, 3.0, 5.0, 5.0]]), 2, eps=1e-12)
    array([[-1.,  1.,  0.,  0.]])
    """
    shape = input.shape
    if len(shape) < 2 or num_groups < 1 or shape[1] % num_groups:
        raise shape_error(
            f"group_norm: the channels (axis 1) of shape {shape} do not divide into "
            f"{num_groups} groups."
        )
    _check_channels("group_norm", shape, weight=weight, bias=bias)
    weight, bias = _affine(input, shape[1:2], weight, bias)
    return grouped_norm(*in_one_dtype(input, weight, bias), groups=num_groups, eps=eps)


@floating("input", "weight", "bias", smooth=("running_mean", "running_var"))
def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Normalize each channel of each example over space (Ulyanov et al., 2016).

    Parameters
    ----------
    input : shape (n, channels, ...)
        The values.
    running_mean, running_var : arrays of shape (channels,), optional
        Moved towards the examples' mean and variance, or used instead of them.
    weight, bias : shape (channels,), optional
        Scale and shift.
    use_input_stats : bool
        Whether to use each example's own mean and variance.
    momentum, eps : float
        As in `batch_norm`.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the input.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> instance_norm(np.array([[[1.0, 3.0], [5.0, 5.0]]]), eps=1e-12)
    array([[[-1.,  1.],
            [ 0.,  0.]]])
    """
    shape = np.shape(input)
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise shape_error("instance_norm: without input statistics, running ones are needed.")
        return batch_norm(input, running_mean, running_var, weight, bias, eps=eps)
    if len(shape) < 3 or math.prod(shape[2:]) < 2:
        raise shape_error(
            f"instance_norm: each channel needs more than one value, the input has shape {shape}."
        )
    if running_mean is not None and shape[0]:
        rows = raw(input).reshape((*shape[:2], math.prod(shape[2:])))
        for name, running, found in (
            ("running_mean", running_mean, rows.mean(axis=2).mean(axis=0)),
            ("running_var", running_var, rows.var(axis=2, ddof=1).mean(axis=0)),
        ):
            moved(f"instance_norm: {name}", running, found, momentum)
    return group_norm(input, max(shape[1], 1), weight, bias, eps)


def moved(name: str, running: Any, found: Any, momentum: float) -> None:
    """Move statistics towards what was found, in place."""
    if running.shape != found.shape or running.dtype.kind != "f":
        raise shape_error(
            f"{name} has shape {running.shape} and holds {running.dtype}; floats of shape "
            f"{found.shape} are needed."
        )
    _representable(name, found)
    running += momentum * (found - running)


def _representable(name: str, variance: Any) -> None:
    """Refuse to keep an infinite variance: outside of training it would make every result 0."""
    if np.isinf(variance).any():
        raise NonFiniteError(
            f"{name}: the variance of channel {int(np.isinf(variance).argmax())} overflows "
            f"{variance.dtype}, and as a running variance it would turn later results into 0. "
            "Scale the input down, or use track_running_stats=False.",
            Location.of_caller(),
        )


@floating("input", smooth=("alpha", "beta", "k"))
def local_response_norm(
    input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Any:
    """Divide by a power of the mean square over neighbouring channels (AlexNet, 2012).

    Parameters
    ----------
    input : shape (n, channels, ...)
        The values.
    size : int
        How many neighbouring channels.
    alpha, beta, k : float
        x / (k + alpha mean(x**2))**beta.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the input.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> local_response_norm(np.ones((1, 2, 1)), 1, alpha=1.0, beta=1.0)
    array([[[0.5],
            [0.5]]])
    """
    shape = np.shape(input)
    if len(shape) < 3 or size < 1:
        raise shape_error(
            f"local_response_norm: the input needs (n, channels, ...) and size >= 1, not {shape}, "
            f"{size}."
        )
    input, factor = shrunk(input, 1)
    squares = input * input
    before, after = size // 2, size - 1 - size // 2
    around = ((0, 0), (before, after), *((0, 0),) * (len(shape) - 2))
    padded = np.pad(squares, around)
    total = sum(padded[:, k : k + shape[1]] for k in range(size))
    return input / (total * (alpha / size) + k * factor * factor) ** beta * factor ** (2 * beta - 1)
