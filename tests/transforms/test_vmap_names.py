"""Operations of the user's that have the name of one of the engine's keep their own meaning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd_core import elementwise, grad, primitive, vmap
from autograd_core.compat.autograd import extend
from autograd_core.transforms.batched import RULES
from autograd_core.transforms.sparsity_patterns import _BY_NAME

X = np.random.default_rng(0).normal(size=(4, 2, 3))
pytestmark = pytest.mark.filterwarnings("ignore::autograd_core.LoopWarning")


@pytest.mark.parametrize("name", sorted({*RULES, *_BY_NAME}))
def test_a_name_of_the_engines_brings_no_rule_of_the_engines(name: str) -> None:
    mixed = primitive(
        lambda a: 2 * a[0] + a[1] ** 2,
        vjp=[lambda g, y, a: np.stack([2 * g, 2 * g * a[1]])],
        name=name,
    )
    square = elementwise(lambda x: x * x, lambda y, x: 2 * x, name=name)
    np.testing.assert_allclose(vmap(mixed)(X), 2 * X[:, 0] + X[:, 1] ** 2)
    np.testing.assert_allclose(vmap(square)(X), X * X)
    slope = vmap(grad(lambda a: np.sum(mixed(a) * square(a[0]))))
    p, q = X[:, 0], X[:, 1]
    wanted = np.stack([2 * p * p + 2 * p * (2 * p + q * q), 2 * q * p * p], axis=1)
    np.testing.assert_allclose(slope(X), wanted)


def test_the_declarators_of_autograd_declare_for_their_caller() -> None:
    @extend.primitive
    def cumsum(x: Any) -> Any:
        return x[::-1] * 3

    extend.defvjp(cumsum, lambda y, x: lambda g: 3 * g[::-1])
    np.testing.assert_allclose(vmap(cumsum)(X), X[:, ::-1] * 3)
