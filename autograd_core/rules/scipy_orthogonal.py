"""Orthogonal polynomials in their argument; the degree, and most parameters, have no derivative.

NIST Digital Library of Mathematical Functions, 18.9.15 to 18.9.26.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.operations.declare import elementwise
from autograd_core.rules.scipy_ufuncs import sp


def _below(n: Any, slope: Any) -> Any:
    """Return a slope that is made of the polynomial of degree n - 1; of degree 0 it is 0."""
    return np.where(np.asarray(n) == 0, 0.0, slope(np.where(np.asarray(n) == 0, 1, n)))


def _gegenbauer(n: Any, alpha: float, x: Any) -> Any:
    return _below(n, lambda n: 2.0 * alpha * sp.eval_gegenbauer(n - 1, alpha + 1.0, x))


elementwise(sp.eval_legendre, None, lambda y, n, x: _gegenbauer(n, 0.5, x))
elementwise(sp.eval_chebyu, None, lambda y, n, x: _gegenbauer(n, 1.0, x))
elementwise(sp.eval_chebys, None, lambda y, n, x: 0.5 * _gegenbauer(n, 1.0, 0.5 * x))
elementwise(sp.eval_sh_legendre, None, lambda y, n, x: 2.0 * _gegenbauer(n, 0.5, 2.0 * x - 1.0))
elementwise(sp.eval_sh_chebyu, None, lambda y, n, x: 2.0 * _gegenbauer(n, 1.0, 2.0 * x - 1.0))
elementwise(sp.eval_chebyt, None, lambda y, n, x: _below(n, lambda n: n * sp.eval_chebyu(n - 1, x)))
elementwise(sp.eval_chebyc, None, lambda y, n, x: _below(n, lambda n: n * sp.eval_chebys(n - 1, x)))
elementwise(
    sp.eval_sh_chebyt,
    None,
    lambda y, n, x: _below(n, lambda n: 2.0 * n * sp.eval_chebyu(n - 1, 2.0 * x - 1.0)),
)
elementwise(
    sp.eval_gegenbauer,
    None,
    None,
    lambda y, n, a, x: _below(n, lambda n: 2.0 * a * sp.eval_gegenbauer(n - 1, a + 1.0, x)),
)
elementwise(
    sp.eval_laguerre, None, lambda y, n, x: _below(n, lambda n: -sp.eval_genlaguerre(n - 1, 1.0, x))
)
elementwise(
    sp.eval_genlaguerre,
    None,
    None,
    lambda y, n, a, x: _below(n, lambda n: -sp.eval_genlaguerre(n - 1, a + 1.0, x)),
)
elementwise(
    sp.eval_jacobi,
    None,
    None,
    None,
    lambda y, n, a, b, x: _below(
        n, lambda n: 0.5 * (n + a + b + 1.0) * sp.eval_jacobi(n - 1, a + 1.0, b + 1.0, x)
    ),
)


def _whole(n: Any) -> Any:
    """Return the degree as SciPy takes it there."""
    return np.trunc(n).astype(np.int64) if hasattr(n, "dtype") else int(n)


def _hermite(n: Any, slope: Any) -> Any:
    return _below(_whole(n), slope)


elementwise(
    sp.eval_hermite,
    None,
    lambda y, n, x: _hermite(n, lambda n: 2.0 * n * sp.eval_hermite(n - 1, x)),
)
elementwise(
    sp.eval_hermitenorm,
    None,
    lambda y, n, x: _hermite(n, lambda n: n * sp.eval_hermitenorm(n - 1, x)),
)
