"""Activations that draw random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import stop_gradient
from autograd_core.extend import beside, draw

from ..random import generator as shared
from ..values import is_traced, shape_error
from .floating import floating
from .softmax import softmax


def _source(name: str, generator: Any) -> Any:
    if generator is not None and not hasattr(generator, "random"):
        raise shape_error(f"{name}: generator must be a numpy.random.Generator, not {generator!r}.")
    return generator or shared()


@floating("input")
def rrelu(
    input: Any,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    *,
    generator: Any = None,
) -> Any:
    """Return x where positive, a x elsewhere, with a slope a drawn for each element.

    Parameters
    ----------
    input : array or Tensor or Dual
        Real numbers, of any shape.
    lower, upper : float
        The slopes are drawn from between them.
    training : bool
        False takes the mean of both as the slope of all.
    generator : numpy.random.Generator, optional
        Where to draw; default the package's.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the input.

    Raises
    ------
    ShapeError
        If the lower slope is above the upper one.

    References
    ----------
    Xu et al., "Empirical evaluation of rectified activations" (2015).

    Examples
    --------
    >>> rrelu(np.array([-8.0, 2.0]), 0.25, 0.5)
    array([-3.,  2.])
    """
    if not lower <= upper:
        raise shape_error(f"rrelu: lower {lower} must not be above upper {upper}.")
    slope: Any = (lower + upper) / 2
    if training:
        source, dtype = _source("rrelu", generator), input.dtype
        slope = beside(
            input,
            draw(
                lambda shape: source.uniform(lower, upper, shape).astype(dtype),
                np.shape(input),
                "rrelu",
            ),
        )
    negative = input <= 0
    return np.where(negative, slope * np.where(negative, input, 0), input)


@floating("logits", smooth=("tau",))
def gumbel_softmax(
    logits: Any,
    tau: float = 1.0,
    hard: bool = False,
    eps: float = 1e-10,
    dim: int = -1,
    *,
    generator: Any = None,
) -> Any:
    """Draw from a categorical distribution in a way that has a derivative (Jang et al., 2017).

    Parameters
    ----------
    logits : shape (..., classes)
        Logarithms of probabilities, up to a constant.
    tau : float
        The temperature: near 0 the result is nearly one-hot.
    hard : bool
        Return one-hot values, with the derivative of the soft ones.
    eps : float
        Has no effect, as in PyTorch.
    dim : int
        The axis of the classes.
    generator : numpy.random.Generator, optional
        Where to draw; default the package's.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the logits; sums along the axis are 1.

    Raises
    ------
    ShapeError
        If the temperature is not positive.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> gumbel_softmax(np.array([0.0, 9.0]), hard=True, generator=rng)
    array([0., 1.])
    """
    if not is_traced(tau) and not tau > 0:
        raise shape_error(f"gumbel_softmax: tau must be positive, not {tau}.")
    source, dtype = _source("gumbel_softmax", generator), logits.dtype
    noise = draw(
        lambda shape: source.gumbel(size=shape).astype(dtype), np.shape(logits), "gumbel_softmax"
    )
    soft = softmax((logits + beside(logits, noise)) / tau, dim)
    if not hard:
        return soft
    fixed = stop_gradient(soft)
    first = np.expand_dims(np.argmax(fixed, axis=dim), dim)
    shape = [1] * np.ndim(soft)
    shape[dim] = -1
    places = beside(logits, np.arange(np.shape(soft)[dim]).reshape(shape))
    return (first == places).astype(dtype) - fixed + soft
