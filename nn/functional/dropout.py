"""Dropout: random zeros in training, rescaled so that test time needs no change."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.extend import draw

from ..random import generator as shared
from ..values import shape_error
from .floating import floating


def _keep(x: Any, shape: tuple[int, ...], p: float, generator: Any, name: str) -> Any:
    if not 0 <= p <= 1:
        raise shape_error(f"{name}: the probability of dropping must be in [0, 1], not {p}.")
    dtype = x.dtype if hasattr(x, "dtype") else np.dtype(float)
    if p == 1:
        return np.zeros(shape, dtype=dtype)
    if generator is not None and not hasattr(generator, "random"):
        raise shape_error(f"{name}: generator must be a numpy.random.Generator, not {generator!r}.")
    source = generator or shared()

    def mask(shape: tuple[int, ...]) -> Any:
        kept = np.asarray(source.random(shape, dtype=np.float32) >= p, dtype=dtype)
        kept *= 1 / (1 - p)
        return kept

    return draw(mask, shape, name)


@floating("input", complex=True, renamed={"rng": "generator"})
def dropout(input: Any, p: float = 0.5, training: bool = True, *, generator: Any = None) -> Any:
    """Set each element to 0 with probability p, and divide the others by 1 - p.

    Parameters
    ----------
    input : array or Tensor or Dual
        The values.
    p : float
        The probability of dropping.
    training : bool
        False returns the input unchanged.
    generator : numpy.random.Generator, optional
        Where to draw; default the package's.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the input; its expectation is the input.

    Examples
    --------
    >>> import numpy as np
    >>> dropout(np.ones(6), 0.5, generator=np.random.default_rng(1))
    array([0., 2., 2., 2., 0., 0.])
    """
    if not training or p == 0:
        return input
    return input * _keep(input, np.shape(input), p, generator, "dropout")


@floating("input", complex=True, renamed={"rng": "generator"})
def dropout2d(input: Any, p: float = 0.5, training: bool = True, *, generator: Any = None) -> Any:
    """Drop whole channels: all of input[n, c] or nothing of it.

    Parameters
    ----------
    input : shape (n, channels, height, width), or without n
        The images.
    p : float
        The probability of dropping a channel.
    training : bool
        False returns the input as it is.
    generator : numpy.random.Generator, optional
        Where to draw; default the package's.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the input; its expectation is the input.

    Raises
    ------
    ShapeError
        If the input has no channels.

    Examples
    --------
    >>> dropout2d(np.ones((1, 4, 1, 2)), generator=np.random.default_rng(1))[0, :, 0]
    array([[0., 0.],
           [2., 2.],
           [2., 2.],
           [2., 2.]])
    """
    if not training or p == 0:
        return input
    shape = np.shape(input)
    if len(shape) < 3:
        raise shape_error(f"dropout2d: the input needs channels and space, its shape is {shape}.")
    whole = (*shape[:2], *(1,) * (len(shape) - 2)) if len(shape) > 3 else (shape[0], 1, 1)
    return input * _keep(input, whole, p, generator, "dropout2d")
