"""Dropout: random zeros in training, rescaled so that test time needs no change."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.extend import beside, draw

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
    return input * beside(input, _keep(input, np.shape(input), p, generator, "dropout"))


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
    return _channels(input, p, generator, "dropout2d", 2 if len(shape) > 3 else 1)


def _channels(input: Any, p: float, generator: Any, name: str, kept: int) -> Any:
    """Drop what lies behind the first `kept` axes, all of it or nothing."""
    shape = np.shape(input)
    whole = (*shape[:kept], *(1,) * (len(shape) - kept))
    return input * beside(input, _keep(input, whole, p, generator, name))


@floating("input", complex=True)
def dropout1d(input: Any, p: float = 0.5, training: bool = True, *, generator: Any = None) -> Any:
    """Drop whole channels of sequences: all of input[n, c] or nothing of it.

    Parameters
    ----------
    input : shape (n, channels, length), or without n
        The sequences.
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
        If the input is no sequence.

    Examples
    --------
    >>> dropout1d(np.ones((1, 4, 2)), generator=np.random.default_rng(1))[0]
    array([[0., 0.],
           [2., 2.],
           [2., 2.],
           [2., 2.]])
    """
    if np.ndim(input) not in (2, 3):
        raise shape_error(
            f"dropout1d: the input has shape {np.shape(input)}; (n, channels, length) is needed."
        )
    if not training or p == 0:
        return input
    return _channels(input, p, generator, "dropout1d", np.ndim(input) - 1)


@floating("input", complex=True)
def dropout3d(input: Any, p: float = 0.5, training: bool = True, *, generator: Any = None) -> Any:
    """Drop whole channels of volumes: all of input[n, c] or nothing of it.

    Parameters
    ----------
    input : shape (n, channels, depth, height, width), or without n
        The volumes.
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
        If the input is no volume.

    Examples
    --------
    >>> x = dropout3d(np.ones((1, 4, 1, 1, 2)), generator=np.random.default_rng(1))
    >>> x[0, :2, 0, 0].tolist()
    [[0.0, 0.0], [2.0, 2.0]]
    """
    if np.ndim(input) not in (4, 5):
        raise shape_error(
            f"dropout3d: the input has shape {np.shape(input)}; (n, channels, depth, height, "
            "width) is needed."
        )
    if not training or p == 0:
        return input
    return _channels(input, p, generator, "dropout3d", np.ndim(input) - 3)


_LOWEST = -1.7580993408473766  # where SELU ends


def _alpha(input: Any, p: float, kept: int, generator: Any, name: str) -> Any:
    """Set to SELU's lowest value, and scale so that mean 0 and variance 1 stay."""
    shape = np.shape(input)
    whole = (*shape[:kept], *(1,) * (len(shape) - kept))
    keep = beside(input, _keep(input, whole, p, generator, name)) * (1 - p)
    if p == 1:
        return input * keep
    scale = 1 / math.sqrt((_LOWEST * _LOWEST * p + 1) * (1 - p))
    return input * keep * scale + ((keep - 1) * _LOWEST + _LOWEST * p) * -scale


@floating("input")
def alpha_dropout(
    input: Any, p: float = 0.5, training: bool = False, *, generator: Any = None
) -> Any:
    """Drop to the lowest value of SELU; keep mean 0 and variance 1 (Klambauer et al., 2017).

    Parameters
    ----------
    input : array or Tensor or Dual
        The values.
    p : float
        The probability of dropping.
    training : bool
        False returns the input as it is; False is the default, as in PyTorch.
    generator : numpy.random.Generator, optional
        Where to draw; default the package's.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the input.

    Examples
    --------
    >>> alpha_dropout(np.zeros(4), 0.5, True, generator=np.random.default_rng(1)).round(4)
    array([-0.7792,  0.7792,  0.7792,  0.7792])
    """
    if not training or p == 0:
        return input
    return _alpha(input, p, np.ndim(input), generator, "alpha_dropout")


@floating("input")
def feature_alpha_dropout(
    input: Any, p: float = 0.5, training: bool = False, *, generator: Any = None
) -> Any:
    """Drop whole channels as `alpha_dropout` drops elements.

    Parameters
    ----------
    input : shape (n, channels, ...)
        The values.
    p : float
        The probability of dropping a channel.
    training : bool
        False returns the input as it is; False is the default, as in PyTorch.
    generator : numpy.random.Generator, optional
        Where to draw; default the package's.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the input.

    Raises
    ------
    ShapeError
        If the input has no channels.

    Examples
    --------
    >>> x = np.zeros((1, 2, 2))
    >>> feature_alpha_dropout(x, 0.5, True, generator=np.random.default_rng(1)).round(4)
    array([[[-0.7792, -0.7792],
            [ 0.7792,  0.7792]]])
    """
    if np.ndim(input) < 2:
        raise shape_error(
            f"feature_alpha_dropout: the input has shape {np.shape(input)}; (n, channels, ...) is "
            "needed."
        )
    if not training or p == 0:
        return input
    return _alpha(input, p, 2, generator, "feature_alpha_dropout")
