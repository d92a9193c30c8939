"""Second derivatives where a function is constant, and where masks hide an infinity."""

import numpy as np
import pytest

from autograd_core import Tensor, grad, hessian, jacobian


def test_power_of_a_constant_zero_has_second_derivatives():
    for base in (0, 0.0, 0j, np.zeros(())):
        f = lambda y, base=base: np.real(np.power(base, y))
        assert grad(f)(0.5) == 0
        assert grad(grad(f))(0.5) == 0
        assert np.asarray(hessian(f)(0.5)) == 0


@pytest.mark.parametrize("keepdims", [True, False])
@pytest.mark.parametrize(("shape", "axis"), [((), None), ((1,), 0), ((3, 1), 1), ((1, 1), None)])
def test_std_of_one_number_has_every_derivative(shape, axis, keepdims):
    x = np.full(shape, 3.5)
    f = lambda x: np.std(x, axis=axis, keepdims=keepdims)
    assert np.shape(f(Tensor(x))) == np.shape(f(x))
    assert not np.any(jacobian(f)(x))
    assert not np.any(hessian(lambda x: np.sum(f(x)))(x))
    assert jacobian(f)(x.astype("f4")).dtype == np.float32
    with pytest.warns(RuntimeWarning):  # as NumPy: 0 / 0
        assert np.all(np.isnan(np.std(Tensor(x), axis=axis, ddof=1).data))
    z = x * (1 + 2j)
    assert np.std(Tensor(z), axis=axis, keepdims=keepdims).dtype == np.float64
    assert not np.any(hessian(lambda z: np.sum(f(z)))(z))
