"""Ways through the dispatch that ordinary programs seldom take."""

import numpy as np
import pytest

from autograd_core import AutogradError, Dual, Tensor, grad, jvp, primitive


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
