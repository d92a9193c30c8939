"""Spherical Bessel functions and harmonics of scipy.special, differentiable in their arguments.

NIST Digital Library of Mathematical Functions, 10.51 and 14.30.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.operations.declare import elementwise
from autograd_core.operations.primitive import Primitive
from autograd_core.rules.scipy_ufuncs import sp
from autograd_core.scipy.values import as_floats, is_traced, refuse


def _bessel(name: str, sign: float, tail: float) -> Callable[..., Any]:
    """Declare one kind: f_n' = sign f_(n-1) - (n + 1) / z f_n, and f_0' = tail f_1."""
    function = getattr(sp, name)

    def slope(y: Any, n: Any, z: Any) -> Any:
        n = np.asarray(n)
        first = n == 0
        lower = np.where(first, 1, n)
        made = sign * operation(lower - 1, z) - (lower + 1.0) / z * operation(lower, z)
        return np.where(first, tail * operation(np.ones_like(n), z), made)

    operation: Primitive = elementwise(lambda n, z: function(n, z), None, slope, name=name)

    def call(n: Any, z: Any, derivative: bool = False) -> Any:
        if not is_traced(n, z):
            return function(n, z, derivative)
        if is_traced(n):
            raise refuse(f"special.{name}", "has no derivative in the order.", "Pass a constant.")
        z = as_floats(z)
        n = np.asarray(n)
        return slope(None, n, z) if derivative else operation(n, z)

    call.__name__ = call.__qualname__ = name
    call.__module__ = "autograd_core.scipy.special"
    call.__doc__ = (
        f"{(function.__doc__ or '').strip().partition(chr(10))[0]}\n\n"
        f"As scipy.special.{name}; differentiable in z, but not at 0."
    )
    return call


spherical_jn = _bessel("spherical_jn", 1.0, -1.0)
spherical_yn = _bessel("spherical_yn", 1.0, -1.0)
spherical_in = _bessel("spherical_in", 1.0, 1.0)
spherical_kn = _bessel("spherical_kn", -1.0, -1.0)


def _polar_slope(y: Any, n: Any, m: Any, theta: Any, phi: Any) -> Any:
    """Return the slope in theta, by the harmonics of the neighbouring orders."""
    n, m = np.asarray(n), np.asarray(m)
    up = np.sqrt(np.maximum((n - m) * (n + m + 1.0), 0.0))
    down = np.sqrt(np.maximum((n + m) * (n - m + 1.0), 0.0))
    above, below = np.where(m < n, m + 1, m), np.where(m > -n, m - 1, m)
    rising = up * np.exp(-1j * phi) * _harmonic(n, above, theta, phi)
    return 0.5 * (rising - down * np.exp(1j * phi) * _harmonic(n, below, theta, phi))


_harmonic: Primitive = elementwise(
    lambda n, m, theta, phi: np.asarray(sp.sph_harm_y(n, m, theta, phi))[()],
    None,
    None,
    _polar_slope,
    lambda y, n, m, theta, phi: 1j * np.asarray(m) * y,
    name="sph_harm_y",
)


def sph_harm_y(n: Any, m: Any, theta: Any, phi: Any, *, diff_n: int = 0) -> Any:
    """Return spherical harmonics; differentiable in the angles.

    Parameters
    ----------
    n, m : array of int
        Degree and order.
    theta, phi : array
        The polar and the azimuthal angle, in radians.
    diff_n : int
        As SciPy's; 0 with a traced value.

    Returns
    -------
    array of complex numbers

    Raises
    ------
    UnsupportedError
        If n or m is traced; with `diff_n` and a traced value.

    Examples
    --------
    >>> complex(sph_harm_y(1, 0, 0.0, 0.0)).real.__round__(6)
    0.488603
    """
    if not is_traced(n, m, theta, phi):
        return sp.sph_harm_y(n, m, theta, phi, diff_n=diff_n)
    if is_traced(n, m) or diff_n:
        raise refuse("special.sph_harm_y", "has no derivative in n and m, and no diff_n= with "
                     "traced angles.", "Pass constants, and use grad or jvp.")  # fmt: skip
    return _harmonic(np.asarray(n), np.asarray(m), as_floats(theta), as_floats(phi))


def softplus(x: Any, **how: Any) -> Any:
    """Return log(1 + exp(x)); keywords of ufuncs are for constants.

    Examples
    --------
    >>> float(softplus(0.0).round(4))
    0.6931
    """
    if not is_traced(x, how):
        return sp.softplus(x, **how)
    if how:
        raise refuse("special.softplus", f"{next(iter(how))}= is not supported on a traced value.",
                     "Leave it out.")  # fmt: skip
    return np.logaddexp(0.0, as_floats(x))


def perm(N: Any, k: Any, exact: bool = False) -> Any:  # noqa: N803 - SciPy's name
    """Return the number of orders of k of N things, N! / (N - k)!; differentiable in both.

    Parameters
    ----------
    N, k : array
    exact : bool
        As SciPy's; refused with traced values.

    Returns
    -------
    array

    Raises
    ------
    UnsupportedError
        With `exact` and a traced value.

    Examples
    --------
    >>> float(perm(5.0, 2.0))
    20.0
    """
    if not is_traced(N, k):
        return sp.perm(N, k, exact=exact)
    if exact:
        raise refuse("special.perm", "exact=True is not supported on a traced value.",
                     "Leave it out.")  # fmt: skip
    both = as_floats(N), as_floats(k)
    counted = (both[1] <= both[0]) & (both[0] >= 0) & (both[1] >= 0)
    return np.where(counted, sp.poch(both[0] - both[1] + 1.0, both[1]), 0.0)


__all__ = ["perm", "softplus", "sph_harm_y", "spherical_in", "spherical_jn", "spherical_kn",
           "spherical_yn"]  # fmt: skip
