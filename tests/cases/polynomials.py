"""Everyday uses of numpy.polynomial, with coefficients, places, domains and windows traced.

Each is a function of a NumPy namespace, the name of a class, and a vector of four numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

CLASSES = ("Polynomial", "Chebyshev", "Legendre", "Hermite", "HermiteE", "Laguerre")
C = numpy.array([0.7, -1.2, 0.4, 0.9])
T = numpy.array([-0.6, 0.1, 0.5, 0.8, 1.7])
Y = numpy.array([0.3, 1.0, -0.4, 0.2, 0.9])
DOMAIN, WINDOW = numpy.array([-1.5, 2.5]), numpy.array([-0.8, 1.1])
PAIR = [1.0, 2.0]
R = numpy.array([3.0, 0.5, 2.0, 1.0])
USES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "p(t)": lambda np, P, x: P(x)(T),
    "p(t), traced places": lambda np, P, x: P(C, DOMAIN, WINDOW)(x),
    "p(t), both traced": lambda np, P, x: P(x, DOMAIN, WINDOW)(x[:2] * x[2]),
    "p(t) of a number": lambda np, P, x: P(x)(x[0]),
    "p(t) of a matrix": lambda np, P, x: P(x)(np.outer(x, T)),
    "a list of coefficients": lambda np, P, x: P([x[0], 2.0, x[1] * x[2]])([x[3], 0.5]),
    "a traced domain": lambda np, P, x: P(C, domain=[x[0] - 3, x[1] ** 2 + 2])(T),
    "a traced window": lambda np, P, x: P(x, DOMAIN, window=[x[0] - 1.0, x[1] + 3.0])(T),
    "p.coef": lambda np, P, x: P(x * x, DOMAIN).coef * C,
    "p + q": lambda np, P, x: (P(x, DOMAIN) + P(C[:2], DOMAIN))(T),
    "p + [1, 2]": lambda np, P, x: (P(x) + PAIR)(T) * (2.0 + P(x[:2]))(T),
    "p - q": lambda np, P, x: (P(C) - P(x[:3]) - x[1] + (1.0 - P(x)))(T),
    "p * q": lambda np, P, x: (P(x, DOMAIN, WINDOW) * P(x[1:], DOMAIN, WINDOW))(T),
    "x * p": lambda np, P, x: (x[0] * P(C) * x[1] + numpy.float64(2.0) * P(x))(T),
    "-p": lambda np, P, x: (-P(x) + +P(C))(T),
    "p / number": lambda np, P, x: (P(x) / 2.0 + P(C) / (x[0] + 2))(T),
    "p // q": lambda np, P, x: (P(x) // P([1.0, 0.5]))(T),
    "p % q": lambda np, P, x: (P(x, DOMAIN) % P(x[:2] + 2, DOMAIN))(T),
    "divmod": lambda np, P, x: (divmod(P(C), P(x[:3] + 1))[0] * divmod(P(x), P(C[:2]))[1])(T),
    "number // p": lambda np, P, x: ([1.0, 2.0, 3.0] // P(x[:2] + 1))(T),
    "p ** 3": lambda np, P, x: (P(x[:3], DOMAIN) ** 3)(T),
    "p.deriv()": lambda np, P, x: P(x, DOMAIN, WINDOW).deriv()(T),
    "p.deriv(2), all traced": lambda np, P, x: P(x, [x[0] - 3, x[1] + 3]).deriv(2)(x),
    "p.integ()": lambda np, P, x: P(x, DOMAIN, WINDOW).integ()(T),
    "p.integ(2, k, lbnd)": lambda np, P, x: P(x, DOMAIN).integ(2, [x[0], 1.0], lbnd=x[1])(T),
    "p.roots()": lambda np, P, x: P.fromroots(x[:3] * [1, 2, 3], domain=[]).roots(),
    "p.roots(), complex": lambda np, P, x: parts(P(R + 0.1 * x, DOMAIN, WINDOW).roots()),
    "p.roots(), degree 1": lambda np, P, x: P(x[:2], DOMAIN).roots(),
    "p.fit, traced y": lambda np, P, x: P.fit(T, Y * x[0] + np.sin(x[1] * T), 2)(x[2]),
    "p.fit, traced x": lambda np, P, x: P.fit(T + 0.1 * x[0] * T**2 + x[1], Y, 2).coef,
    "p.fit, weights": lambda np, P, x: P.fit(T, Y * x[0], 2, w=1 + T**2 * x[1], domain=[]).coef,
    "p.fit, some powers": lambda np, P, x: P.fit(T, Y * x[0] + x[1], [0, 2], domain=DOMAIN)(T),
    "p.convert()": lambda np, P, x: P(x, DOMAIN, WINDOW).convert()(T),
    "p.convert(kind=)": lambda np, P, x: P(x, DOMAIN).convert(kind=np.polynomial.Legendre).coef,
    "P.cast": lambda np, P, x: P.cast(np.polynomial.Polynomial(x, DOMAIN), domain=WINDOW)(T),
    "p.linspace()": lambda np, P, x: P(x, [-1.0, 2.0 + x[0]]).linspace(4),
    "p.trim()": lambda np, P, x: P(x * [1.0, 1.0, 0.0, 0.0]).trim()(T) + P(x).trim(1e-9)(T),
    "p.truncate, p.cutdeg": lambda np, P, x: P(x).truncate(3)(T) * P(x).cutdeg(1)(T),
    "P.fromroots": lambda np, P, x: P.fromroots(x, domain=DOMAIN)(T),
    "P.fromroots([])": lambda np, P, x: P.fromroots([x[0], x[1], 0.5], domain=[])(T) * x[2],
    "P.basis, P.identity": lambda np, P, x: P.basis(2)(x) * P.identity(DOMAIN)(x),
    "p(q)": lambda np, P, x: P(x[:3], DOMAIN)(P(C, WINDOW))(T),
    "NumPy's object beside": lambda np, P, x: (
        getattr(numpy.polynomial, P.__name__)(C) * P(x) + P(x)
        - getattr(numpy.polynomial, P.__name__)(C[:2]))(T),
    "p.copy(), iteration": lambda np, P, x: sum(k * c for k, c in enumerate(P(x).copy())) ** 2,
    "mapparms": lambda np, P, x: P(C, [x[0], 4.0], WINDOW).mapparms(),
}  # fmt: skip


def parts(z: Any) -> Any:
    """Return real numbers that do not tell which one of a conjugate pair comes first."""
    return z.real + z.imag**2
