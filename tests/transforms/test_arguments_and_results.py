"""What transforms take and return: argnums, cotangents, dicts, results that are not numbers."""

import numpy as np
import pytest

from autograd_core import OperandError, SeedError, grad, jvp, linearize, vjp

TWO = np.array([0.3, 0.8])


@pytest.mark.parametrize("argnums", [(0, 0), (0, -2), "x", 1.5, None])
def test_bad_argnums(argnums):
    with pytest.raises(OperandError, match="argnums"):
        grad(lambda x, y: x * y, argnums)(3.0, 4.0)
    assert grad(lambda x, y: x * y, np.int64(1))(3.0, 4.0) == 3.0


def test_cotangents():
    assert vjp(lambda x: 3.0, 1.0)[1](1.0) == (0.0,)
    assert vjp(lambda x: (x * x, 3), 1.0)[1]((1.0, 1.0)) == (2.0,)
    assert vjp(lambda x: (x * x, x), 1.0)[1]((1.0, None)) == (2.0,)
    _, pullback = vjp(lambda x: {"a": x, "b": 2 * x}, 1.0)
    assert pullback({"b": 1.0, "a": 10.0}) == (12.0,)
    for f, wrong in ((lambda x: {"a": x}, TWO), (lambda x: (x,), 1.0), (lambda x: x, (1.0,))):
        with pytest.raises(SeedError, match="not nested"):
            vjp(f, TWO)[1](wrong)


def test_dicts_match_by_key():
    f = lambda d: d["a"] ** 2 * d["b"]
    primal, tangent = {"a": 3.0, "b": 2.0}, {"b": 1.0, "a": 0.0}
    assert jvp(f, (primal,), (tangent,))[1] == 9.0
    assert linearize(f, primal)[1](tangent) == 9.0


def test_results_that_are_not_numbers():
    with pytest.raises(OperandError, match="not a number"):
        grad(lambda x: "a")(1.0)
