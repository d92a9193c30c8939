"""Ways through the dispatch that ordinary programs seldom take."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd_core import (
    AutogradError,
    Dual,
    Primitive,
    RuleError,
    Tensor,
    detect_anomaly,
    grad,
    gradients,
    jvp,
    no_grad,
    primitive,
)
from autograd_core.operations.primitive import REGISTRY

CONSTANT = Tensor([0.5, 2.0])


def test_a_dual_without_tangent_through_an_operation_of_several_results() -> None:
    values, vectors = np.linalg.eigh(Dual(np.diag([1.0, 3.0])))
    np.testing.assert_allclose(values.primal, [1.0, 3.0])
    np.testing.assert_array_equal(values.tangent, np.zeros(2))
    np.testing.assert_array_equal(vectors.tangent, np.zeros((2, 2)))


def test_a_ufunc_of_one_tensor_that_fails_names_the_line() -> None:
    x = Tensor(0.0, requires_grad=True)
    with np.errstate(divide="raise"), pytest.raises(AutogradError, match=r"log.*\n.*np\.log\(x\)"):
        np.log(x)


def test_an_operator_refuses_objects() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(AutogradError, match=r"multiply.*object"):
        x * np.array([object(), None])


def test_a_complex_tangent_of_a_real_result_keeps_its_real_part() -> None:
    power = primitive(
        lambda z: np.real(z * np.conj(z)), jvp=lambda t, y, z: 2 * t[0] * np.conj(z), name="power"
    )
    z, t = np.array([1 + 2j, 3 - 1j]), np.array([0.5j, 1.0 + 1j])
    step = 1e-6
    differences = (np.abs(z + step * t) ** 2 - np.abs(z - step * t) ** 2) / (2 * step)
    np.testing.assert_allclose(jvp(power, (z,), (t,))[1], differences, rtol=1e-8)


def test_transforms_refuse_what_is_no_number() -> None:
    with pytest.raises(AutogradError, match="not a number"):
        grad(lambda x: "text")(1.0)


def test_an_integer_tangent_of_an_integer_result_is_refused() -> None:
    floor = primitive(
        lambda x: np.floor(x).astype(int),
        jvp=lambda t, y, x: np.ones_like(y),
        name="whole",
    )
    with pytest.raises(AutogradError, match="floating-point"):
        jvp(floor, (np.array([1.5, 2.5]),), (np.ones(2),))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (1, 4), (0,)], ids=str)
def test_what_a_sweep_need_not_look_at(shape: tuple[int, ...], dtype: Any) -> None:
    seen = 0
    for run in {run for run in REGISTRY.values() if isinstance(run, Primitive) and run.shaped}:
        x = np.full(shape, 1.5 if run.name == "arccosh" else 0.5, dtype)
        try:
            y = run.forward(x)
        except TypeError:  # no complex numbers
            continue
        assert run.vjps is not None
        assert run.vjps[0] is not None
        g = np.ones_like(y)
        assert run.vjps[0](g, y, x).shape == shape, run.name
        seen += 1
    assert seen > 20


def test_a_rule_of_the_users_own_is_looked_at() -> None:
    wide = primitive(lambda x: 2 * x, vjp=[lambda g, y, x: np.ones(5)], name="wide")
    x = Tensor(np.ones((2, 3)), requires_grad=True)
    with pytest.raises(RuleError, match=r"wide: .*returned shape \(5,\)"):
        wide(np.sin(x)).sum().backward()


@pytest.mark.parametrize(
    "operate",
    [lambda x: 2.0 + x, lambda x: 2.0 - x, lambda x: 2.0 * x, lambda x: 2.0 / x, lambda x: 2.0**x,
     lambda x: -x, lambda x: x.sum(), lambda x: x - CONSTANT, lambda x: CONSTANT - x,
     lambda x: CONSTANT @ x],
    ids=["+", "-", "*", "/", "**", "negative", "sum", "x - constant", "constant - x", "@"],
)  # fmt: skip
def test_the_short_ways_do_what_the_dispatch_does(operate: Callable[[Any], Any]) -> None:
    x = Tensor([1.5, 0.5], requires_grad=True)
    y = operate(x)
    with detect_anomaly():  # every operation goes the general way
        again = operate(x)
    assert y._node.primitive is again._node.primitive
    assert y._node.location.line == again._node.location.line
    for one, other in zip(y._node.inputs, again._node.inputs, strict=True):
        assert one is other or one == other  # the same Node, the constant's array, or number
    np.testing.assert_array_equal(y.data, again.data)
    seed = np.ones(y.shape)
    np.testing.assert_array_equal(*(gradients(v, [x], seed)[0].data for v in (y, again)))
    with no_grad():
        assert not operate(x).requires_grad


def test_a_reflected_operator_that_fails_names_its_operands_in_order() -> None:
    x = Tensor(np.ones(2), requires_grad=True)
    with pytest.raises(AutogradError, match=r"matmul\(2\.0, \(2,\) float64\)"):
        2.0 @ x  # type: ignore[operator]
