"""Polynomials by their coefficients, highest power first."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.operations.kinds import beside
from autograd_core.operations.primitive import Boxed, Constant, bare, implements, innermost_array
from autograd_core.rules.systems import solution


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """Evaluate by Horner's rule."""
    x = x if hasattr(x, "dtype") else np.asarray(x)
    p = p if hasattr(p, "dtype") else np.asarray(p)
    made = np.zeros_like(x)
    for c in p:
        made = made * x + c
    return made


@implements(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:  # noqa: N803
    """Powers of x, one column each."""
    if x.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    n = x.shape[0] if N is None else N
    x = x.astype(np.promote_types(x.dtype, int))
    if n == 0:
        return np.zeros((x.shape[0], 0), dtype=x.dtype)
    columns = [x**k for k in range(n)]
    return np.stack(columns if increasing else columns[::-1], axis=1)


def _aligned(a: Any, b: Any) -> tuple[Any, Any]:
    a, b = np.atleast_1d(a), np.atleast_1d(b)
    if a.ndim != 1 or b.ndim != 1:
        raise ValueError(f"coefficients are vectors, not of shapes {a.shape} and {b.shape}.")
    n = max(a.shape[0], b.shape[0])
    return np.pad(a, (n - a.shape[0], 0)), np.pad(b, (n - b.shape[0], 0))


@implements(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    """Sum."""
    a, b = _aligned(a1, a2)
    return a + b


@implements(np.polysub)
def polysub(a1: Any, a2: Any) -> Any:
    """Difference."""
    a, b = _aligned(a1, a2)
    return a - b


@implements(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    """Product."""
    return np.convolve(_without_leading_zeros(a1), _without_leading_zeros(a2))


def _without_leading_zeros(c: Any) -> Any:
    """Return coefficients from the highest that is not 0 on, as NumPy's polynomials do."""
    c = np.atleast_1d(c)
    there = _places_of(innermost_array(c) != 0) if c.ndim == 1 else [0]
    return c[int(there[0]) if len(there) else -1 :]


def _places_of(found: Any) -> Any:
    """Return the places along the last axis where any example of a batch has something."""
    return np.flatnonzero(np.any(found.reshape((-1, found.shape[-1])), axis=0))


@implements(np.polydiv)
def polydiv(u: Any, v: Any) -> tuple[Any, Any]:
    """Quotient and remainder."""
    rest, v = np.atleast_1d(u) + 0.0, np.atleast_1d(v) + 0.0
    if rest.ndim != 1 or v.ndim != 1 or not rest.size or not v.size:
        raise ValueError(f"coefficients are vectors, not of shapes {rest.shape} and {v.shape}.")
    kind = np.result_type(rest.dtype, v.dtype)
    rest, v = rest.astype(kind), v.astype(kind)
    n = v.shape[0]
    quotient, residues = [], []
    for _ in range(rest.shape[0] - n + 1):
        q = rest[0] / v[0]
        quotient.append(q)
        residues.append(rest[0] - q * v[0])  # 0, unless something is NaN or infinite
        rest = np.concatenate([rest[1:n] - q * v[1:], rest[n:]])
    if not all(np.isfinite(innermost_array(r)).all() for r in residues):
        rest = np.concatenate([np.stack(residues), rest])
    elif n == 1:
        return np.stack(quotient), np.zeros_like(rest, shape=(1,))
    # as NumPy, which keeps NaN, and the last in any case
    there = _places_of(~(np.abs(innermost_array(rest)) <= 1e-8))
    rest = rest[int(there[0]) if len(there) else -1 :]
    return np.stack(quotient) if quotient else np.zeros_like(rest, shape=(1,)), rest


@implements(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    """Differentiate the polynomial."""
    if p.ndim != 1:
        raise ValueError(f"coefficients are a vector, not of shape {p.shape}.")
    for _ in range(m):
        n = p.shape[0] - 1
        p = p[:-1] * beside(p, np.arange(n, 0, -1))
    return p


@implements(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """Integrate the polynomial."""
    constants = [0.0] * m if k is None else [k] * m if np.ndim(k) == 0 else list(k)
    constants = constants * m if len(constants) == 1 else constants
    for c in constants:
        integral = p / beside(p, np.arange(p.shape[0], 0, -1))
        p = np.concatenate([integral, beside(p, np.reshape(c, (1,)))])
    return p


@implements(np.polyfit)
def polyfit(
    x: Any,
    y: Any,
    deg: int,
    rcond: float | None = None,
    full: bool = False,
    w: Any = None,
    cov: bool = False,
) -> Any:
    """Least-squares fit."""
    if full or cov:
        raise TypeError("full= and cov= are not supported on a traced value.")
    if isinstance(rcond, Boxed):
        raise TypeError("rcond= is a cut-off, which has no derivative; give a plain number.")
    x = (x if hasattr(x, "dtype") else np.asarray(x, dtype=float)) + 0.0  # integers would wrap
    left = np.vander(x, deg + 1)
    right = y
    if w is not None:
        left = left * np.reshape(w, (-1, 1))
        right = right * (w if np.ndim(y) == 1 else np.reshape(w, (-1, 1)))
    scale = np.sqrt(np.sum(left * left, axis=0))
    c = solution(left / scale, right, rcond)
    return c / (scale if np.ndim(c) == 1 else scale[:, None])


@implements(np.poly)
def poly(seq_of_zeros: Any) -> Any:
    """Coefficients of the polynomial with these roots, or of a matrix's characteristic one."""
    roots = np.atleast_1d(seq_of_zeros)
    if roots.ndim == 2 and roots.shape[0] == roots.shape[1] != 0:
        roots = np.linalg.eigvals(roots)
    elif roots.ndim != 1:
        raise ValueError("input must be 1d or non-empty square 2d array.")
    if not roots.shape[0]:
        return 1.0
    if roots.dtype != (kind := np.dtype(np.mintypecode(roots.dtype.char))):
        roots = roots.astype(kind)  # as NumPy widens half precision
    made = np.ones_like(roots, shape=(1,))
    for k in range(roots.shape[0]):
        shifted = np.concatenate([made, np.zeros_like(roots, shape=(1,))])
        made = shifted - roots[k] * np.concatenate([np.zeros_like(roots, shape=(1,)), made])
    return (
        np.real(made)
        if roots.dtype.kind == "c" and np.all(innermost_array(_in_pairs(bare(roots))))
        else made
    )


_in_pairs = Constant(lambda z: np.all(np.sort(z) == np.sort(np.conj(z))))


@implements(np.roots)
def roots(p: Any) -> Any:
    """Roots: eigenvalues of the companion matrix."""
    n = p.shape[0]
    below = beside(p, np.eye(n - 2, n - 1, dtype=p.dtype))
    companion = np.concatenate([(-p[1:] / p[0])[None, :], below], axis=0)
    found = np.linalg.eigvals(companion)  # complex from NumPy 2.5 on, whatever the values are
    if p.dtype.kind == "f" and not np.any(innermost_array(np.imag(bare(found)))):
        return np.real(found)
    return found
