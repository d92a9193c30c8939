"""The error function in NumPy, so that GELU needs nothing else.

float64: rational approximations of W. J. Cody, "Rational Chebyshev approximations for the error
function", Math. Comp. 23 (1969), accurate to the last digits. float32: tanh of a polynomial,
within 4 units in the last place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.workers.formula import Symbol, erf_of

_SMALL = (
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2,
     3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
     2.84423683343917062e3),
)  # fmt: skip
_MIDDLE = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594,
     6.61191906371416295e1, 2.98635138197400131e2, 8.81952221241769090e2,
     1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
     1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3,
     3.43936767414372164e3, 1.23033935480374942e3),
)  # fmt: skip
_LARGE = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
     1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1,
     6.05183413124413191e-2, 2.33520497626869185e-3),
)  # fmt: skip
_ONE_OVER_ROOT_PI = 0.5641895835477563


def _horner(coefficients: tuple[float, ...], x: Any) -> Any:
    total = coefficients[0] * x + coefficients[1]
    for c in coefficients[2:]:
        total = total * x + c
    return total


def _ratio(tables: tuple[tuple[float, ...], ...], x: Any) -> Any:
    return _horner(tables[0], x) / _horner(tables[1], x)


def erf(x: Any) -> Any:
    """Return the error function of an array, or of a symbol of a formula.

    Parameters
    ----------
    x : array
        Real values.

    Returns
    -------
    array
        2 / sqrt(pi) times the integral of exp(-t**2) from 0 to x.

    Examples
    --------
    >>> erf(np.array([0.0, 1.0])).round(6)
    array([0.      , 0.842701])
    """
    if isinstance(x, Symbol):
        return erf_of(x)
    return single(x) if getattr(x, "dtype", None) == np.float32 else double(x)


# artanh(erf(x)) / x of x * x for abs(x) <= 4: a minimax fit, the highest power first
_INNER = (1.4223784874402983e-07, -5.675244543256903e-06, 8.767833670370944e-05,
          -6.198889420681539e-04, -1.917230913251412e-04, 1.0276901798509151e-01,
          1.1283792764041531)  # fmt: skip


def single(x: Any) -> Any:
    """Return the error function of float32: a tanh, for NumPy has a fast one."""
    return np.tanh(x * _horner(_INNER, np.minimum(x * x, 16)))


def double(x: Any) -> Any:
    """Return the error function of float64, and of whatever else there is."""
    size = np.abs(x)
    square = x * x
    small = np.minimum(square, 0.25)
    middle = np.clip(size, 0.46875, 4.0)
    inverse = 1.0 / np.maximum(square, 16.0)
    tail = np.exp(-np.minimum(square, 80.0))
    far = tail * (_ONE_OVER_ROOT_PI - inverse * _ratio(_LARGE, inverse)) * np.sqrt(inverse)
    near = tail * _ratio(_MIDDLE, middle)
    outer = np.copysign(1 - np.where(size <= 4.0, near, far), x)
    made = np.where(size <= 0.46875, x * _ratio(_SMALL, small), outer)
    return made.astype(x.dtype, copy=False) if hasattr(x, "dtype") else made
