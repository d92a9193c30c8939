"""scipy.interpolate.RBFInterpolator, differentiable in places, sites, values and settings.

The kernels are functions of the squared distance s, whose derivatives to any order are written out,
so that what happens at s = 0 is decided in one place.
"""

from __future__ import annotations

import math
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import scipy.interpolate as _interpolate

from autograd_core.operations.declare import elementwise
from autograd_core.operations.primitive import Constant, Primitive
from autograd_core.scipy.values import as_floats, is_traced, refuse, valued

# Powers of s: the factor, the exponent, and up to which order the derivative at s = 0 counts as 0.
# There a distance has no slope of its own, and 0 stands for it, as for np.linalg.norm.
_POWERS = {"linear": (-1.0, 0.5, 1), "cubic": (1.0, 1.5, 2), "quintic": (-1.0, 2.5, 3)}
_SHIFTED = {"multiquadric": (-1.0, 0.5), "inverse_multiquadric": (1.0, -0.5),
            "inverse_quadratic": (1.0, -1.0)}  # fmt: skip
_LEAST = {"multiquadric": 0, "linear": 0, "thin_plate_spline": 1, "cubic": 1, "quintic": 2}


def _falling(p: float, n: int) -> float:
    return math.prod(p - k for k in range(n))


def _kernel_slopes(s: Any, *, kernel: str, n: int = 0) -> Any:
    """Return the n-th derivative of a kernel in the squared distance."""
    if kernel == "gaussian":
        return (-1) ** n * np.exp(-s)
    if kernel in _SHIFTED:
        factor, p = _SHIFTED[kernel]
        return factor * _falling(p, n) * (1.0 + s) ** (p - n)
    zero = s == 0
    apart = np.where(zero, 1.0, s)
    if kernel == "thin_plate_spline":
        known = 1
        made = (
            0.5 * apart * np.log(apart) if n == 0
            else 0.5 * (np.log(apart) + 1.0) if n == 1
            else 0.5 * (-1) ** n * math.factorial(n - 2) / apart ** (n - 1)
        )  # fmt: skip
    else:
        factor, p, known = _POWERS[kernel]
        made = factor * _falling(p, n) * apart ** (p - n)
    return np.where(zero, 0.0 if n <= known else np.nan, made)


_kernel: Primitive = elementwise(
    _kernel_slopes,
    lambda y, s, *, kernel, n=0: _kernel(s, kernel=kernel, n=n + 1),
    name="radial kernel",
)


def _squares(a: Any, b: Any, epsilon: Any) -> Any:
    return np.sum(((a[:, None, :] - b[None, :, :]) * epsilon) ** 2, axis=-1)


def _monomials(x: Any, degree: int) -> Any:
    """Return the products of coordinates up to a degree, one a column."""
    columns = [
        math.prod((x[:, k] for k in chosen), start=np.ones(x.shape[:1]))
        for d in range(degree + 1)
        for chosen in combinations_with_replacement(range(x.shape[1]), d)
    ]
    return np.stack(columns, axis=1) if columns else np.zeros((x.shape[0], 0))


def _composition(
    x: Any, y: Any, d: Any, smoothing: Any, epsilon: Any, *, kernel: str, degree: int
) -> Any:
    count = y.shape[0]
    same = np.eye(count, dtype=bool)  # a site's distance to itself is 0 wherever it moves
    squares = _squares(y, y, epsilon)
    at_zero = _kernel_slopes(np.zeros(()), kernel=kernel)
    among = np.where(same, at_zero, _kernel(np.where(same, 1.0, squares), kernel=kernel))
    among = among + np.eye(count) * smoothing
    low, high = np.min(y, axis=0), np.max(y, axis=0)
    middle, half = _affine(low, high)  # of which the interpolant is independent
    sites, places = _monomials((y - middle) / half, degree), _monomials((x - middle) / half, degree)
    zero = np.zeros((sites.shape[1],) * 2)
    system = np.concatenate(
        [np.concatenate([among, sites], axis=1), np.concatenate([sites.T, zero], axis=1)]
    )
    values = np.reshape(d, (count, -1))
    right = np.concatenate([values, np.zeros((sites.shape[1], values.shape[1]))])
    beside = np.concatenate([_kernel(_squares(x, y, epsilon), kernel=kernel), places], axis=1)
    made = beside @ np.linalg.solve(system, right)
    return np.reshape(made, (x.shape[0], *d.shape[1:]))


def _middle(low: Any, high: Any) -> tuple[Any, Any]:
    half = (high - low) / 2
    return (high + low) / 2, np.where(half == 0, 1.0, half)


_affine = Constant(_middle)


def _value(x: Any, y: Any, d: Any, smoothing: Any, epsilon: Any, kernel: str, degree: int) -> Any:
    how = {"smoothing": smoothing, "epsilon": epsilon, "kernel": kernel, "degree": degree}
    return _interpolate.RBFInterpolator(y, d, **how)(x)


_interpolated = valued(_value, _composition, "scipy RBFInterpolator", arity=5)


class RBFInterpolator:
    """Interpolate scattered values by radial basis functions; differentiable in every number.

    Parameters
    ----------
    y : array (n, ndim)
        The sites.
    d : array (n, ...)
        The values there.
    neighbors : int, optional
        As SciPy's; refused with traced values.
    smoothing : float or array (n,)
    kernel : str
    epsilon : float, optional
    degree : int, optional
        As SciPy's. At distance 0 the first derivative of the kernel "linear" counts as 0;
        derivatives that do not exist there are NaN.

    Raises
    ------
    UnsupportedError
        With `neighbors` and a traced value.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> sites = np.array([[0.0], [1.0], [2.0]])
    >>> slopes = grad(lambda d: RBFInterpolator(sites, d, kernel="linear")([[0.5]])[0])(np.ones(3))
    >>> np.abs(slopes).round(9)
    array([0.5, 0.5, 0. ])
    """

    def __init__(
        self, y: Any, d: Any, neighbors: int | None = None, smoothing: Any = 0.0,
        kernel: str = "thin_plate_spline", epsilon: Any = None, degree: int | None = None,
    ) -> None:  # fmt: skip
        self._arrays, self._neighbors = (y, d, smoothing, epsilon), neighbors
        self._kernel, self._degree = kernel, degree
        self._scipys: Any = None
        if not is_traced(self._arrays):
            self._scipys = _interpolate.RBFInterpolator(
                y, d, neighbors, smoothing, kernel, epsilon, degree
            )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._scipys is None:
            raise refuse("interpolate.RBFInterpolator", f"{name} is not there of traced values.",
                         "Call it with places.")  # fmt: skip
        return getattr(self._scipys, name)

    def __call__(self, x: Any) -> Any:
        """Return the values at the places x, shape (m, ndim)."""
        if self._scipys is not None and not is_traced(x):
            return self._scipys(x)
        if self._neighbors is not None:
            raise refuse("interpolate.RBFInterpolator", "neighbors= is not supported on traced "
                         "values.", "Leave it out: then all sites count.")  # fmt: skip
        y, d, smoothing, epsilon = self._arrays
        kernel = self._kernel.lower()
        if epsilon is None:
            if kernel not in (*_POWERS, "thin_plate_spline"):
                raise ValueError("`epsilon` must be specified if `kernel` is not one of "
                                 "cubic, linear, quintic, thin_plate_spline.")  # fmt: skip
            epsilon = 1.0
        least = _LEAST.get(kernel, -1)
        degree = max(least, 0) if self._degree is None else int(self._degree)
        arrays = map(as_floats, (x, y, d, smoothing, epsilon))
        return _interpolated(*arrays, kernel=kernel, degree=degree)
