"""Norms of weights and orthogonal weights as parametrizations, with PyTorch's state-dict keys."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.extend import explains_wrong_calls

from .. import checks
from ..functional.similarity import normalize
from ..module import Module
from ..values import raw
from .orthogonal import orthogonal
from .parametrize import register_parametrization
from .weight_norms import _dim_of, as_matrix, first_vectors, iterated, norm_except, scaled


class _WeightNorm(Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, weight_g: Any, weight_v: Any) -> Any:
        """Return the weight."""
        return scaled(weight_g, weight_v, self.dim)

    def right_inverse(self, weight: Any) -> tuple[Any, Any]:
        """Return length and direction."""
        value = raw(weight)
        return np.asarray(norm_except(value, self.dim)), value


@explains_wrong_calls
def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Make a weight the product of a direction and a length (Salimans and Kingma, 2016).

    Parameters
    ----------
    module : Module
        The layer.
    name : str
        The weight's name.
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

    Examples
    --------
    >>> import nn
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> {name: p.shape for name, p in layer.named_parameters()}  # doctest: +NORMALIZE_WHITESPACE
    {'bias': (2,), 'parametrizations.weight.original0': (2, 1),
     'parametrizations.weight.original1': (2, 3)}
    """
    axis = _dim_of("weight_norm", getattr(module, name), dim)
    return register_parametrization(module, name, _WeightNorm(axis))


class _SpectralNorm(Module):
    _u: Any
    _v: Any

    def __init__(self, weight: Any, iterations: int, dim: int, eps: float) -> None:
        super().__init__()
        self.n_power_iterations, self.dim, self.eps = iterations, dim, eps
        if weight.ndim > 1:
            u, v = first_vectors(raw(as_matrix(weight.data, dim)), eps)
            self.register_buffer("_u", u)
            self.register_buffer("_v", v)

    def forward(self, weight: Any) -> Any:
        """Return the weight, divided by its largest singular value."""
        if np.ndim(weight) == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            iterated(raw(matrix), self._u, self._v, self.n_power_iterations, self.eps)
        u, v = self._u.copy(), self._v.copy()  # the next call moves them
        return weight / (u @ (matrix @ v))

    def right_inverse(self, value: Any) -> Any:
        """Return the weight as it is."""
        return value


@explains_wrong_calls
def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Divide a weight by its largest singular value (Miyato et al., 2018).

    Parameters
    ----------
    module : Module
        The layer.
    name : str
        The weight's name.
    n_power_iterations : int
        Power iterations at each reading in train mode.
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
    >>> layer = nn.utils.parametrizations.spectral_norm(nn.Linear(3, 2))
    >>> bool(abs(np.linalg.svd(layer.weight.data)[1][0] - 1) < 0.05)
    True
    """
    checks.count("spectral_norm", "n_power_iterations", n_power_iterations)
    checks.positive("spectral_norm", "eps", eps)
    weight = getattr(module, name)
    axis = (1 if getattr(module, "transposed", False) else 0) if dim is None else dim
    made = _SpectralNorm(weight, n_power_iterations, axis, eps)
    return register_parametrization(module, name, made)


__all__ = ["orthogonal", "spectral_norm", "weight_norm"]
