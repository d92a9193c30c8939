"""Initial values that are matrices or kernels of a kind: identities, orthonormal rows, zeros."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import Tensor, mark_overwritten
from autograd_core.extend import beside, explains_wrong_calls

from . import checks
from .random import generator as shared
from .values import shape_error

Generator = np.random.Generator


def write(tensor: Any, value: Any) -> Any:
    """Write into a Tensor's memory, or into an array, and return the same object.

    Examples
    --------
    >>> write(np.zeros(2), 1)
    array([1., 1.])
    """
    if isinstance(tensor, Tensor):
        tensor.data[...] = beside(tensor, value)
        mark_overwritten(tensor)
    else:
        tensor[...] = value
    return tensor


@explains_wrong_calls
def eye_(tensor: Any) -> Any:
    """Fill a matrix with the identity.

    Parameters
    ----------
    tensor : Tensor or ndarray, of shape (rows, columns)
        Whose memory is written.

    Returns
    -------
    Tensor or ndarray
        The same object.

    Raises
    ------
    ShapeError
        If it is no matrix.

    Examples
    --------
    >>> eye_(np.empty((2, 2)))
    array([[1., 0.],
           [0., 1.]])
    """
    if len(tensor.shape) != 2:
        raise shape_error(f"eye_: a matrix is needed, not shape {tensor.shape}.")
    return write(tensor, np.eye(*tensor.shape))


@explains_wrong_calls
def dirac_(tensor: Any, groups: int = 1) -> Any:
    """Fill a kernel with the one that copies: output k is input k, as far as there are both.

    Parameters
    ----------
    tensor : Tensor or ndarray, of shape (outputs, inputs, ...)
        Whose memory is written: the kernel of a convolution in one to three dimensions. The 1
        stands at size // 2 along each.
    groups : int
        Of the convolution; each group copies from its first input on.

    Returns
    -------
    Tensor or ndarray
        The same object.

    Raises
    ------
    ShapeError
        If there are not three to five axes, or the groups do not divide the outputs.

    Examples
    --------
    >>> from nn import functional as F
    >>> w = dirac_(np.empty((2, 2, 3)))
    >>> F.conv1d(np.array([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]), w, padding=1)
    array([[[1., 2., 3.],
            [4., 5., 6.]]])
    """
    shape = tensor.shape
    if len(shape) not in (3, 4, 5):
        raise shape_error(f"dirac_: 3, 4 or 5 axes are needed, not shape {shape}.")
    checks.count("dirac_", "groups", groups)
    if shape[0] % groups:
        raise shape_error(f"dirac_: {shape[0]} outputs do not divide into {groups} groups.")
    outputs = shape[0] // groups
    value = np.zeros(shape)
    middle = tuple(size // 2 for size in shape[2:])
    for group in range(groups):
        for k in range(min(outputs, shape[1])):
            value[(group * outputs + k, k, *middle)] = 1
    return write(tensor, value)


@explains_wrong_calls
def orthogonal_(tensor: Any, gain: float = 1.0, generator: Generator | None = None) -> Any:
    """Fill with orthonormal rows or columns, uniform over all such matrices (Saxe et al., 2013).

    Parameters
    ----------
    tensor : Tensor or ndarray, of shape (...)
        Whose memory is written.
    gain : float
        The factor.
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
    return write(tensor, gain * (q.T if rows < columns else q).reshape(shape))


@explains_wrong_calls
def sparse_(
    tensor: Any, sparsity: float, std: float = 0.01, generator: Generator | None = None
) -> Any:
    """Fill with draws from N(0, std squared), a share of each column with 0 (Martens, 2010).

    Parameters
    ----------
    tensor : Tensor or ndarray, of shape (rows, columns)
        Whose memory is written.
    sparsity : float
        The share of each column that is 0, rounded up to whole elements.
    std : float
        The standard deviation of the others.
    generator : numpy.random.Generator, optional
        Where to draw; default the package's.

    Returns
    -------
    Tensor or ndarray
        The same object.

    Raises
    ------
    ShapeError
        If it is no matrix, or a setting is out of range.

    Examples
    --------
    >>> w = sparse_(np.empty((5, 3)), 0.3)
    >>> (w == 0).sum(axis=0).tolist()
    [2, 2, 2]
    """
    if len(tensor.shape) != 2:
        raise shape_error(f"sparse_: a matrix is needed, not shape {tensor.shape}.")
    checks.unit("sparse_", "sparsity", sparsity)
    checks.non_negative("sparse_", "std", std)
    rows, columns = tensor.shape
    rng = generator or shared()
    value = rng.normal(0.0, std, (rows, columns))
    order = rng.permuted(np.tile(np.arange(rows)[:, None], (1, columns)), axis=0)
    value[order < math.ceil(sparsity * rows)] = 0
    return write(tensor, value)
