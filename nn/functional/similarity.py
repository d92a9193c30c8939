"""How far apart vectors are, and vectors of length 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..values import shape_error
from .floating import floating
from .magnitude import shrunk
from .targets import expanded


@floating("x1", "x2")
def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """Return x1 . x2 / (|x1| |x2|) along an axis, each length at least eps.

    Parameters
    ----------
    x1, x2 : array or Tensor or Dual
        The vectors; they broadcast.
    dim : int
        Their axis.
    eps : float
        The least length that is divided by.

    Returns
    -------
    array or Tensor or Dual
        The cosines, without the axis.

    Raises
    ------
    ShapeError
        If the shapes do not broadcast.

    Examples
    --------
    >>> cosine_similarity(np.ones((2, 3)), np.array([[1.0, 0.0, -1.0]]), dim=0)
    array([ 1.,  0., -1.])
    """

    def length(total: Any, factor: Any) -> Any:
        least = eps * factor
        return np.sqrt(np.maximum(total, least * least))

    return _cosine("cosine_similarity", x1, x2, dim, length)


def cosine_with_offset(name: str, x1: Any, x2: Any) -> Any:
    """Return the cosine along the last axis, 1e-12 added to each squared length.

    So does PyTorch's `cosine_embedding_loss`, other than its `cosine_similarity`.

    Examples
    --------
    >>> cosine_with_offset("f", np.array([3e-6, 4e-6]), np.array([1.0, 0.0])).round(4)
    np.float64(0.5883)
    """
    return _cosine(name, x1, x2, -1, lambda total, factor: np.sqrt(total + 1e-12 * factor * factor))


def _cosine(name: str, x1: Any, x2: Any, dim: int, length: Any) -> Any:
    def measured(x: Any) -> tuple[Any, Any]:
        """Return x, made smaller where its square overflows, and its length."""
        x, factor = shrunk(x, dim)
        factor = factor if isinstance(factor, float) else np.squeeze(factor, dim)
        return x, length(np.sum(x * x, axis=dim), factor)

    x1, x2 = expanded(name, x1, x2)  # first: an axis of length 1 has other lengths
    (x1, length1), (x2, length2) = measured(x1), measured(x2)
    return np.sum(x1 * x2, axis=dim) / (length1 * length2)


@floating("x1", "x2")
def pairwise_distance(
    x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Any:
    """Return the p-norm of x1 - x2 + eps along the last axis.

    Parameters
    ----------
    x1, x2 : shape (..., features)
        The vectors; they broadcast.
    p : float
        The norm's power.
    eps : float
        Added to the difference.
    keepdim : bool
        Whether to keep the last axis, with length 1.

    Returns
    -------
    array or Tensor or Dual
        The distances.

    Raises
    ------
    ShapeError
        If the shapes do not broadcast, or there are no vectors.

    Examples
    --------
    >>> pairwise_distance(np.array([[3.0, 4.0]]), np.zeros(2)).round(4)
    array([5.])
    """
    x1, x2 = expanded("pairwise_distance", x1, x2)
    if not np.ndim(x1):
        raise shape_error("pairwise_distance: vectors are needed, not numbers.")
    return np.linalg.norm(x1 - x2 + eps, p, axis=-1, keepdims=keepdim)


@floating("input")
def normalize(input: Any, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Any:
    """Divide vectors along an axis by their p-norms, each at least eps.

    Parameters
    ----------
    input : array or Tensor or Dual
        The vectors.
    p : float
        The norm's power.
    dim : int
        The axis of the vectors.
    eps : float
        The least length that is divided by.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the input.

    Raises
    ------
    ShapeError
        If the input is a number.

    Examples
    --------
    >>> normalize(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]])
    """
    if not np.ndim(input):
        raise shape_error("normalize: a vector is needed, not a number.")
    input, factor = shrunk(input, dim)
    length = np.linalg.norm(input, p, axis=dim, keepdims=True)
    return input / np.maximum(length, eps * factor)
