"""Weights that stay orthogonal: functions from all matrices onto those with orthonormal columns.

A tall matrix X of shape (..., n, k), or a wide one transposed, becomes the first k columns of an
orthogonal n x n matrix: exp(A) or (I - A/2)^-1 (I + A/2) with A = tril(X) - tril(X)^H, or a product
of k reflections. See Lezcano-Casado, "Trivializations for gradient-based optimization on
manifolds" (2019).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import OperandError, Primitive, UnsupportedError, primitive
from autograd_core.extend import Location, beside, explains_wrong_calls

from .. import checks
from ..module import Module
from ..random import generator
from ..values import as_array, raw, shape_error
from .parametrize import register_parametrization

MAPS = ("matrix_exp", "cayley", "householder")


class NoInverseError(UnsupportedError, NotImplementedError):
    """A parametrization cannot say which original gives a value."""


# --- the exponential ------------------------------------------------------------------------------

_ORDER = 13  # of the Pade approximant; in double precision exact up to a norm of 5.37 (Higham 2005)
_LARGEST = 5.371920351148152
_FACTORS = [
    math.factorial(2 * _ORDER - k)
    / (math.factorial(_ORDER - k) * math.factorial(k))
    * math.factorial(_ORDER)
    / math.factorial(2 * _ORDER)
    for k in range(_ORDER + 1)
]


def _exponential(a: Any) -> Any:
    """Return exp(a) of a stack of matrices: a quotient of polynomials, squared again and again."""
    if not a.size:
        return a.copy()
    norm = float(np.abs(a).sum(axis=-2).max())
    if not math.isfinite(norm):
        return np.full_like(a, np.nan)
    squarings = max(0, math.ceil(math.log2(norm / _LARGEST))) if norm else 0
    a = a / 2**squarings
    square, power = a @ a, np.eye(a.shape[-1], dtype=a.dtype)
    even, odd = np.zeros_like(a), np.zeros_like(a)
    for k in range(0, _ORDER + 1, 2):
        even = even + power * _FACTORS[k]
        odd = odd + power * _FACTORS[k + 1]
        power = power @ square
    odd = a @ odd
    result = np.linalg.solve(even - odd, even + odd)
    for _ in range(squarings):
        result = result @ result
    return result


def _along(a: Any, t: Any) -> Any:
    """Return the derivative of exp at a along t: a block of exp([[a, t], [0, a]])."""
    n = np.shape(a)[-1]
    a, t = a + 0 * t, t + 0 * a  # the same stack, the same kind of number
    top = np.concatenate([a, t], axis=-1)
    below = np.concatenate([np.zeros_like(a), a], axis=-1)
    return matrix_exp(np.concatenate([top, below], axis=-2))[..., :n, n:]


matrix_exp: Primitive = primitive(
    _exponential,
    vjp=[lambda g, y, a: _along(np.swapaxes(a, -1, -2), g)],
    jvp=[lambda t, y, a: _along(a, t)],
    arity=1,
    name="expm",
    category="linalg",
)


# --- the functions --------------------------------------------------------------------------------


def _transposed(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def _skew(x: Any) -> Any:
    """Return tril(x) - tril(x)^H, as a square matrix."""
    n, k = np.shape(x)[-2:]
    low = np.tril(x)
    if n != k:
        low = np.concatenate([low, np.zeros_like(low, shape=(*low.shape[:-1], n - k))], axis=-1)
    return low - np.conj(_transposed(low))


def _reflections(x: Any) -> Any:
    """Return the first columns of the product of the reflections that x describes.

    Column j of tril(x, -1), with a 1 on the diagonal, is the vector of the j-th reflection. Their
    product is I - V T V^T, where the inverse of T is the upper triangle of V^T V, with half its
    diagonal. The signs of x's diagonal are those of the columns.
    """
    n, k = np.shape(x)[-2:]
    eye = beside(x, np.eye(n, k, dtype=x.dtype))
    v = np.tril(x, -1) + eye
    inner = _transposed(v) @ v
    half = np.triu(inner) - inner * beside(x, np.eye(k, dtype=x.dtype)) / 2
    q = eye - v @ np.linalg.solve(half, _transposed(v[..., :k, :]))
    signs = np.where(np.diagonal(raw(x), axis1=-2, axis2=-1) < 0, -1, 1).astype(x.dtype)
    return q * signs[..., None, :]


def _orthogonalized(a: Any) -> Any:
    """Return Q of a = QR, where R has a positive diagonal."""
    q, r = np.linalg.qr(a)
    diagonal = np.diagonal(r, axis1=-2, axis2=-1)
    size = np.abs(diagonal)
    return q * (np.where(size == 0, 1, diagonal) / np.where(size == 0, 1, size))[..., None, :]


class _Orthogonal(Module):
    base: Any

    def __init__(self, shape: tuple[int, ...], orthogonal_map: str, trivialize: bool) -> None:
        super().__init__()
        self.shape, self.orthogonal_map = shape, orthogonal_map
        if trivialize:
            self.register_buffer("base", None)

    def forward(self, X: Any) -> Any:  # noqa: N803 - PyTorch's name
        """Return the orthogonal matrix."""
        n, k = np.shape(X)[-2:]
        x = _transposed(X) if n < k else X
        if self.orthogonal_map == "householder":
            q = _reflections(x)
        else:
            a = _skew(x)
            if self.orthogonal_map == "matrix_exp":
                q = matrix_exp(a)
            else:
                eye = beside(a, np.eye(np.shape(a)[-1], dtype=a.dtype))
                q = np.linalg.solve(eye - a / 2, eye + a / 2)
            q = q[..., : min(n, k)]
        if "base" in self._buffers:
            q = self.base @ q
        return _transposed(q) if n < k else q

    def right_inverse(self, Q: Any) -> Any:  # noqa: N803 - PyTorch's name
        """Return an original that gives Q, or the orthogonal matrix next to it in its QR."""
        value = as_array(raw(Q))
        if value.shape != self.shape:
            raise shape_error(f"orthogonal: shape {self.shape} is needed, not {value.shape}.")
        n, k = value.shape[-2:]
        q = _transposed(value) if n < k else value
        if "base" not in self._buffers:
            if self.orthogonal_map != "householder":
                raise NoInverseError(
                    f"orthogonal: which original gives a matrix is not known for the map "
                    f"{self.orthogonal_map!r} with use_trivialization=False.",
                    Location.of_caller(),
                )
            found = self._reflected(q)
            return _transposed(found) if n < k else found
        if n != k:
            more = (*q.shape[:-1], abs(n - k))
            noise = generator().normal(size=more).astype(q.dtype)
            q = _orthogonalized(np.concatenate([q, noise], axis=-1))
        elif not _is_orthogonal(q):
            q = _orthogonalized(q)
        self.base = q.copy()
        # -1 on the diagonal: the reflections of 0 give the identity then
        return np.broadcast_to(-np.eye(n, k, dtype=value.dtype), value.shape).copy()

    def _reflected(self, q: Any) -> Any:
        """Return the reflections that give Q of q = QR, with the signs of R's diagonal."""
        packed, tau = np.linalg.qr(q, mode="raw")
        found = _transposed(packed).copy()
        places = np.arange(found.shape[-1])
        signs = np.sign(found[..., places, places])
        found[..., places, places] = np.where(tau == 0, -signs, signs)
        return found


def _is_orthogonal(q: Any) -> bool:
    n = q.shape[-1]
    inner = np.conj(_transposed(q)) @ q
    return np.allclose(inner, np.eye(n), rtol=1e-5, atol=10 * n * np.finfo(q.dtype).eps)


@explains_wrong_calls
def orthogonal(
    module: Module,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Module:
    """Let a weight have orthonormal columns, or rows if it is wide (Lezcano-Casado, 2019).

    Parameters
    ----------
    module : Module
        The layer.
    name : str
        The weight's name. With more than two axes it is a stack of matrices, the last two axes.
    orthogonal_map : {"matrix_exp", "cayley", "householder"}, optional
        How a matrix becomes orthogonal: by the exponential or the Cayley transform of a skew
        matrix, or by reflections. By default "matrix_exp" if it is square or complex, and
        "householder" otherwise.
    use_trivialization : bool
        Whether to multiply by a fixed orthogonal matrix, the buffer ``base``. Then the weight
        begins as it is if it is orthogonal, and as Q of its QR decomposition otherwise.

    Returns
    -------
    Module
        The layer.

    Raises
    ------
    OperandError
        If there is no such parameter.
    ShapeError
        If the weight has fewer than two axes, or the map is unknown.
    UnsupportedError
        For reflections of complex numbers.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.utils.parametrizations.orthogonal(nn.Linear(3, 5).double())
    >>> w = layer.weight.data
    >>> bool(np.allclose(w.T @ w, np.eye(3)))
    True
    >>> [key for key in layer.state_dict() if key != "bias"]
    ['parametrizations.weight.original', 'parametrizations.weight.0.base']
    """
    weight = getattr(module, name, None)
    if weight is None or not hasattr(weight, "ndim"):
        raise OperandError(
            f"orthogonal: {type(module).__name__} has no parameter {name!r}.", Location.of_caller()
        )
    if weight.ndim < 2:
        raise shape_error(f"orthogonal: at least 2 axes are needed, not shape {weight.shape}.")
    complex_ = weight.dtype.kind == "c"
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square or complex_ else "householder"
    checks.choice("orthogonal", "orthogonal_map", orthogonal_map, MAPS)
    if complex_ and orthogonal_map == "householder":
        raise UnsupportedError(
            "orthogonal: reflections do not give all complex matrices; take 'matrix_exp' or "
            "'cayley'.",
            Location.of_caller(),
        )
    made = _Orthogonal(weight.shape, orthogonal_map, use_trivialization)
    return register_parametrization(module, name, made, unsafe=True)
