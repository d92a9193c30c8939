"""Weights divided by a norm: by the length of rows, or by the largest singular value.

`weight_norm` and `spectral_norm` here have the state-dict keys of PyTorch's older functions of
these names (``weight_g``, ``weight_v``; ``weight_orig``, ``weight_u``, ``weight_v``); those of
`nn.utils.parametrizations` have the newer keys.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import OperandError, no_grad
from autograd_core.extend import Location, explains_wrong_calls

from .. import checks
from ..module import Module
from ..parameter import Parameter
from ..random import generator
from ..values import raw, shape_error
from .computed import compute, give_back, how_of, take_out


def norm_except(v: Any, dim: int) -> Any:
    """Return the norm over all axes but one, -1: over all of them.

    Examples
    --------
    >>> norm_except(np.array([[3.0, 4.0], [0.0, 1.0]]), 0)
    array([[5.],
           [1.]])
    """
    if dim == -1:
        return np.sqrt(np.sum(v * v))
    axes = tuple(k for k in range(np.ndim(v)) if k != dim % np.ndim(v))
    return np.sqrt(np.sum(v * v, axis=axes, keepdims=True))


def scaled(g: Any, v: Any, dim: int) -> Any:
    """Return g v / |v|."""
    return v * (g / norm_except(v, dim))


def as_matrix(weight: Any, dim: int) -> Any:
    """Return a weight as a matrix whose rows are those of an axis."""
    moved = np.moveaxis(weight, dim, 0) if dim else weight
    return moved.reshape((np.shape(moved)[0], -1))


def normalized(x: Any, eps: float) -> Any:
    """Return a vector divided by its length, at least eps."""
    return x / max(float(np.linalg.norm(x)), eps)


def iterated(matrix: Any, u: Any, v: Any, times: int, eps: float) -> None:
    """Move two vectors towards the first singular ones, in place, by power iterations."""
    for _ in range(times):
        u[...] = normalized(matrix @ v, eps)
        v[...] = normalized(matrix.T @ u, eps)


def first_vectors(matrix: Any, eps: float) -> tuple[Any, Any]:
    """Return random vectors, moved towards the first singular ones."""
    source = generator()
    u, v = (normalized(source.normal(size=n).astype(matrix.dtype), eps) for n in matrix.shape)
    iterated(matrix, u, v, 15, eps)
    return u, v


def _dim_of(owner: str, weight: Any, dim: Any) -> int:
    if dim is None:
        return -1
    checks.axis(owner, "dim", dim)
    if not -1 <= dim < weight.ndim:
        raise shape_error(f"{owner}: there is no axis {dim} in shape {weight.shape}.")
    return int(dim)


class _WeightNorm:
    def __init__(self, name: str, dim: int) -> None:
        self.name, self.dim = name, dim

    def __call__(self, module: Any) -> Any:
        g, v = (getattr(module, f"{self.name}_{part}") for part in "gv")
        return scaled(g, v, self.dim)


@explains_wrong_calls
def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Make a weight the product of a direction and a length (Salimans and Kingma, 2016).

    Parameters
    ----------
    module : Module
        The layer.
    name : str
        The weight's name; it becomes ``<name>_g`` and ``<name>_v``.
    dim : int or None
        The axis that keeps a length for each entry; None: one length for all.

    Returns
    -------
    Module
        The layer.

    Raises
    ------
    OperandError
        If there is no such parameter.
    ShapeError
        If there is no such axis.

    Examples
    --------
    >>> import nn
    >>> layer = nn.utils.weight_norm(nn.Linear(3, 2))
    >>> {name: p.shape for name, p in layer.named_parameters()}
    {'bias': (2,), 'weight_g': (2, 1), 'weight_v': (2, 3)}
    """
    weight = take_out("weight_norm", module, name)
    try:
        axis = _dim_of("weight_norm", weight, dim)
    except Exception:
        module.register_parameter(name, weight)
        raise
    g = norm_except(raw(weight), axis)
    module.register_parameter(f"{name}_g", Parameter(np.asarray(g, weight.dtype)))
    module.register_parameter(f"{name}_v", weight)
    compute(module, name, _WeightNorm(name, axis))
    return module


def _removed(owner: str, kind: type, module: Module, name: str, parts: str) -> Module:
    if not isinstance(how_of(module, name), kind):
        raise OperandError(
            f"{owner}: {type(module).__name__}.{name} has none.", Location.of_caller()
        )
    with no_grad():
        value = raw(getattr(module, name)).copy()
    for part in parts.split():
        delattr(module, f"{name}_{part}")
    give_back(module, name, Parameter(value))
    return module


@explains_wrong_calls
def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Make a weight an ordinary parameter again, with the value that it has.

    Parameters
    ----------
    module : Module
        The layer.
    name : str
        The weight's name.

    Returns
    -------
    Module
        The layer.

    Raises
    ------
    OperandError
        If the weight has no weight norm.

    Examples
    --------
    >>> import nn
    >>> layer = nn.utils.remove_weight_norm(nn.utils.weight_norm(nn.Linear(3, 2)))
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'weight']
    """
    return _removed("remove_weight_norm", _WeightNorm, module, name, "g v")


class _SpectralNorm:
    def __init__(self, name: str, iterations: int, eps: float, dim: int) -> None:
        self.name, self.iterations, self.eps, self.dim = name, iterations, eps, dim

    def __call__(self, module: Any) -> Any:
        weight = getattr(module, f"{self.name}_orig")
        u, v = (getattr(module, f"{self.name}_{part}") for part in "uv")
        if module.training:  # PyTorch's older function moves v first, its newer one u
            iterated(raw(as_matrix(weight, self.dim)).T, v, u, self.iterations, self.eps)
        u, v = u.copy(), v.copy()  # the next call moves them
        return weight / (u @ (as_matrix(weight, self.dim) @ v))


@explains_wrong_calls
def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Divide a weight by its largest singular value (Miyato et al., 2018).

    Each reading of the weight in train mode does power iterations on two vectors, which are saved
    as buffers.

    Parameters
    ----------
    module : Module
        The layer.
    name : str
        The weight's name; it becomes ``<name>_orig``.
    n_power_iterations : int
        How many each time.
    eps : float
        The least length that is divided by.
    dim : int, optional
        The axis of the outputs; 1 for transposed convolutions, else 0.

    Returns
    -------
    Module
        The layer.

    Raises
    ------
    OperandError
        If there is no such parameter.
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.utils.spectral_norm(nn.Linear(3, 2))
    >>> bool(abs(np.linalg.svd(layer.weight.data)[1][0] - 1) < 0.05), list(layer.state_dict())
    (True, ['bias', 'weight_orig', 'weight_u', 'weight_v'])
    """
    checks.count("spectral_norm", "n_power_iterations", n_power_iterations)
    checks.positive("spectral_norm", "eps", eps)
    weight = take_out("spectral_norm", module, name)
    axis = (1 if getattr(module, "transposed", False) else 0) if dim is None else dim
    if not 0 <= axis < weight.ndim:
        module.register_parameter(name, weight)
        raise shape_error(f"spectral_norm: there is no axis {dim} in shape {weight.shape}.")
    u, v = first_vectors(raw(as_matrix(weight.data, axis)), eps)
    module.register_parameter(f"{name}_orig", weight)
    module.register_buffer(f"{name}_u", u)
    module.register_buffer(f"{name}_v", v)
    compute(module, name, _SpectralNorm(name, n_power_iterations, eps, axis))
    return module


@explains_wrong_calls
def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Make a weight an ordinary parameter again, with the value that it has.

    Parameters
    ----------
    module : Module
        The layer.
    name : str
        The weight's name.

    Returns
    -------
    Module
        The layer.

    Raises
    ------
    OperandError
        If the weight has no spectral norm.

    Examples
    --------
    >>> import nn
    >>> layer = nn.utils.remove_spectral_norm(nn.utils.spectral_norm(nn.Linear(3, 2)))
    >>> list(layer.state_dict())
    ['bias', 'weight']
    """
    return _removed("remove_spectral_norm", _SpectralNorm, module, name, "orig u v")
