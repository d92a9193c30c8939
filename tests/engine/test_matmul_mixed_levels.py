"""A matrix product's rule with operands of different levels: an array's .dot must not be asked."""

from __future__ import annotations

import numpy as np

from autograd_core import gradcheck


def test_constant_gradient_meets_traced_matrix() -> None:
    x, w = np.array([[0.3, -0.7]]), np.array([[0.5], [1.5]])
    c = np.array([[2.0, 1.0]])
    # the incoming gradient of c @ ... is a plain array while w is traced at second order
    assert gradcheck(lambda w, x: np.sum((x @ w) * (c @ w)) + np.sum(x @ w), w, x)
    assert gradcheck(lambda x: np.sum(np.maximum(x @ w, 0) @ np.array([[1.0, 2.0]])), x)
