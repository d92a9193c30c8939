"""np.polynomial beside traced values: what it evaluates is right, the rest names the remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.polynomial import Chebyshev, Polynomial, chebyshev, hermite, legendre, polynomial

from autograd_core import ConversionError, OperandError, grad, hvp, jvp

C = np.array([1.0, 2.0, -3.0, 0.5])
X = np.array([0.3, -0.7, 1.1])


@pytest.mark.parametrize(
    ("value", "slope"),
    [
        (polynomial.polyval, polynomial.polyder),
        (chebyshev.chebval, chebyshev.chebder),
        (legendre.legval, legendre.legder),
        (hermite.hermval, hermite.hermder),
    ],
)
def test_values_at_traced_places(value: Any, slope: Any) -> None:
    found = grad(lambda x: np.sum(value(x, C)))(X)
    np.testing.assert_allclose(found, value(X, slope(C)), rtol=1e-12)
    np.testing.assert_allclose(jvp(lambda x: value(x, C), (X,), (np.ones(3),))[1], found)
    second = hvp(lambda x: np.sum(value(x, C)), (X,), (np.ones(3),))
    np.testing.assert_allclose(second, value(X, slope(C, 2)), rtol=1e-12)


@pytest.mark.parametrize(
    "f",
    [
        lambda c: np.sum(Polynomial(c)(X)),
        lambda c: np.sum(Polynomial(C)(c)),
        lambda c: np.sum(Chebyshev(c)(X)),
        lambda c: polynomial.polyval(2.0, c),
        lambda c: chebyshev.chebder(c)[0],
    ],
)
def test_the_rest_names_the_remedy(f: Any) -> None:
    with pytest.raises((OperandError, ConversionError), match=r"np\.polyval\(c\[::-1\], x\)"):
        grad(f)(C)
