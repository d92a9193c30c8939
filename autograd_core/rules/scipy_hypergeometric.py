"""Hypergeometric functions, in the argument and in every parameter.

In the argument by raising the parameters (NIST Digital Library of Mathematical Functions, 13.3.15,
15.5.1), with SciPy's values.  In the parameters by the power series, whose terms are carried as
truncated Taylor series in the parameters, so that derivatives of any order come from one sum.
Left of 0 the series alternate; there Kummer's (13.2.39) and Pfaff's transformation (15.8.1) turn
them.  Where a sum cancels, or has too many terms, the derivative in a parameter is NaN.
Against mpmath, parameters from -3 to 9 and x from -60 to 60 (z from -50 to 0.98): where it is a
number the error is below 1e-7 of the larger of derivative and function.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.operations.declare import elementwise
from autograd_core.operations.primitive import Primitive
from autograd_core.rules.scipy_ufuncs import sp

MOST_TERMS = 4000
_LOST = 1e-8  # of a sum: more than this lost to cancellation, and it is not a number


def _raised(terms: Any, k: int, number: Any) -> Any:
    """Multiply truncated Taylor series by (number + their k-th variable)."""
    made = terms * number
    up = (slice(None),) * k
    made[(*up, slice(1, None))] += terms[(*up, slice(0, -1))]
    return made


def _lowered(terms: Any, k: int, number: Any) -> Any:
    """Divide truncated Taylor series by (number + their k-th variable)."""
    made = np.moveaxis(terms / number, k, 0)
    for i in range(1, len(made)):
        made[i] -= made[i - 1] / number
    return np.moveaxis(made, 0, k)


def _series(upper: Any, lower: Any, z: Any, orders: tuple[int, ...], m: int) -> Any:
    """Return a derivative of the sum of z^n prod (a)_n / (prod (b)_n n!).

    Parameters
    ----------
    upper, lower : list of arrays
        Parameters, of one shape.
    z : array
        Of the same shape.
    orders : tuple of int
        How often to differentiate in each parameter; those above come first.
    m : int
        How often in z.
    """
    made = np.full(z.shape, np.nan, dtype=z.dtype).ravel()
    left = np.arange(made.size)  # the places whose sums go on
    sums = _Sums([p.ravel() for p in (*upper, *lower)], len(upper), z.ravel(), orders, m)
    with np.errstate(all="ignore"):
        for n in range(MOST_TERMS):
            sums.add(n)
            if n % 16 == 15 or n < 16:
                ended = sums.ended()
                made[left[ended]] = sums.result()[ended]
                left = left[~ended]
                sums.keep(~ended)
                if not left.size:
                    break
            sums.advance(n)
    return made.reshape(z.shape)


class _Sums:
    """The sums of many places at once; axes: the orders in each parameter, then the places."""

    def __init__(self, parameters: Any, top: int, z: Any, orders: tuple[int, ...], m: int) -> None:
        self.parameters, self.top, self.z, self.orders, self.m = parameters, top, z, orders, m
        self.terms = np.zeros((*(k + 1 for k in orders), z.size), dtype=z.dtype)
        self.terms[(0,) * len(orders)] = 1.0
        self.total: Any = np.zeros_like(self.terms)
        self.largest = np.zeros(self.terms.shape)
        self.still = np.zeros(z.size, dtype=int)  # for how many terms nothing has changed

    def add(self, n: int) -> None:
        """Add the n-th terms."""
        if n < self.m:
            return
        self.total = self.total + self.terms
        size = np.abs(self.terms)
        self.largest = np.fmax(self.largest, size)
        axes = tuple(range(len(self.orders)))
        small = np.all(size <= 1e-17 * np.abs(self.total), axis=axes)
        self.still = np.where(small | ~np.all(np.isfinite(size), axis=axes), self.still + 1, 0)

    def advance(self, n: int) -> None:
        """Make the terms those after the n-th."""
        for k, p in enumerate(self.parameters):
            change = _raised if k < self.top else _lowered
            self.terms = change(self.terms, k, p + n)
        if n >= self.m:  # n! and z^n, differentiated m times
            self.terms = self.terms * (self.z / (n + 1 - self.m))

    def ended(self) -> Any:
        return self.still > 2

    def result(self) -> Any:
        """Return the derivative; NaN where the sum has cancelled."""
        first = np.abs(self.total[(0,) * len(self.orders)])
        made = self.total[self.orders]
        lost = 1e-16 * self.largest[self.orders] > _LOST * np.fmax(np.abs(made), first)
        return np.where(lost, np.nan, math.prod(map(math.factorial, self.orders)) * made)

    def keep(self, chosen: Any) -> None:
        """Go on with some places only."""
        if not np.all(chosen):
            self.parameters = [p[chosen] for p in self.parameters]
            self.z, self.still = self.z[chosen], self.still[chosen]
            self.terms, self.total = self.terms[..., chosen], self.total[..., chosen]
            self.largest = self.largest[..., chosen]


def _parameter_slopes(count: int) -> Any:
    """Return a function of parameters above, then one below, then z; its settings are orders."""

    def slopes(*args: Any, orders: tuple[int, ...], m: int = 0) -> Any:
        kind = np.result_type(*args, np.float16)
        *parameters, z = np.broadcast_arrays(*args)
        parameters = [np.asarray(p, dtype=float) for p in parameters]
        z = np.asarray(z, dtype=np.result_type(kind, float))
        inside = np.abs(z) < (0.99 if count == 2 else np.inf)
        made = _series(parameters[:count], parameters[count:], np.where(inside, z, 0), orders, m)
        return np.where(inside, made, np.nan).astype(kind)[()]

    return slopes


def _declared(count: int, name: str) -> Primitive:
    """Declare the derivatives of the series with `count` parameters above and one below."""

    def once_more(k: int) -> Any:
        def partial(y: Any, *args: Any, orders: tuple[int, ...], m: int = 0) -> Any:
            more = tuple(order + (place == k) for place, order in enumerate(orders))
            return made(*args, orders=more, m=m + (k == count + 1))

        return partial

    slopes = _parameter_slopes(count)
    forward: Any = {
        0: lambda b, z, orders=(1,), m=0: slopes(b, z, orders=orders, m=m),
        1: lambda a, b, z, orders=(1, 0), m=0: slopes(a, b, z, orders=orders, m=m),
        2: lambda a, b, c, z, orders=(1, 0, 0), m=0: slopes(a, b, c, z, orders=orders, m=m),
    }[count]
    made = elementwise(forward, *map(once_more, range(count + 2)), name=name)
    return made


_f01, _f11, _f21 = (_declared(k, f"hyp{k}f1_slope") for k in (0, 1, 2))


def _turned(z: Any, right: float) -> tuple[Any, Any, Any]:
    """Return where z is left of 0, z elsewhere, and z there, each with a harmless number."""
    left = np.real(z) < 0
    return left, np.where(left, right, z), np.where(left, z, -1.0)


def _confluent_in_a(a: Any, b: Any, x: Any) -> Any:
    left, right, x = _turned(x, 0.0)
    mirrored = -np.exp(x) * _f11(b - a, b, -x, orders=(1, 0))
    return np.where(left, mirrored, _f11(a, b, right, orders=(1, 0)))


def _confluent_in_b(a: Any, b: Any, x: Any) -> Any:
    left, right, x = _turned(x, 0.0)
    both = _f11(b - a, b, -x, orders=(1, 0)) + _f11(b - a, b, -x, orders=(0, 1))
    return np.where(left, np.exp(x) * both, _f11(a, b, right, orders=(0, 1)))


def _raised_confluent(a: Any, b: Any, x: Any) -> Any:
    """Return F(a + 1; b + 1; x); of no terms it is 1 for every b, where SciPy's has a pole."""
    ends = a == -1
    return np.where(ends, 1.0, sp.hyp1f1(a + 1.0, np.where(ends, 1.0, b + 1.0), x))


elementwise(
    sp.hyp1f1,
    lambda y, a, b, x: _confluent_in_a(a, b, x),
    lambda y, a, b, x: _confluent_in_b(a, b, x),
    lambda y, a, b, x: a / b * _raised_confluent(a, b, x),
)
elementwise(
    sp.hyp0f1,
    lambda y, b, z: _f01(b, z, orders=(1,)),
    lambda y, b, z: sp.hyp0f1(b + 1.0, z) / b,
)


def _gauss_slope(a: Any, b: Any, c: Any, z: Any, orders: tuple[int, int, int]) -> Any:
    """Return the slope in one parameter; left of 0 of (1 - z)^-a F(a, c - b; c; z / (z - 1))."""
    left, right, z = _turned(z, 0.0)
    w, size = z / (z - 1.0), np.exp(-a * np.log(1.0 - z))

    def at(*orders: int) -> Any:
        return _f21(a, c - b, c, w, orders=orders)

    mirrored = {
        (1, 0, 0): lambda: at(1, 0, 0) - np.log(1.0 - z) * at(0, 0, 0),
        (0, 1, 0): lambda: -at(0, 1, 0),
        (0, 0, 1): lambda: at(0, 1, 0) + at(0, 0, 1),
    }[orders]()
    return np.where(left, size * mirrored, _f21(a, b, c, right, orders=orders))


elementwise(
    sp.hyp2f1,
    lambda y, a, b, c, z: _gauss_slope(a, b, c, z, (1, 0, 0)),
    lambda y, a, b, c, z: _gauss_slope(a, b, c, z, (0, 1, 0)),
    lambda y, a, b, c, z: _gauss_slope(a, b, c, z, (0, 0, 1)),
    lambda y, a, b, c, z: a * b / c * sp.hyp2f1(a + 1.0, b + 1.0, c + 1.0, z),
)
