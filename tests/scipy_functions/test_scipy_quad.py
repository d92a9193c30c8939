"""scipy.integrate.quad here: SciPy's value, derivatives in limits and arguments, in every mode."""

from functools import partial

import numpy as np
import pytest

scipy_integrate = pytest.importorskip("scipy.integrate")

from autograd_core import AutogradError, compile, grad, gradcheck, hessian, jvp, vmap  # noqa: E402
from autograd_core.scipy import integrate  # noqa: E402

X = np.array([0.3, 1.4, 0.8])
pytestmark = pytest.mark.filterwarnings("ignore::autograd_core.LoopWarning")
PROGRAMS = {
    "limits": lambda m, x: m.quad(lambda t: np.exp(-t * t), x[0], x[1])[0] * x[2],
    "a number": lambda m, x: m.quad(lambda t, k: np.sin(k * t), 0.0, 1.5, args=x[1])[0],
    "an array": lambda m, x: m.quad(lambda t, p: np.sum(p * np.cos(t * p)), -0.5, 1.0, (x,))[0],
    "everything": lambda m, x: m.quad(
        lambda t, p, k: k["w"] * p[0] / (1 + p[1] * t * t), x[0], x[1], ([x[0], x[2]], {"w": x[1]})
    )[0],
    "half a line": lambda m, x: m.quad(lambda t, k: np.exp(-k * t), 0.0, np.inf, (x[1],))[0],
    "the whole line": lambda m, x: m.quad(
        lambda t, k: np.exp(-k * t * t + t), -np.inf, np.inf, (x[1],))[0],
    "from a traced place on": lambda m, x: m.quad(
        lambda t, k: np.exp(-k * t), x[0], np.inf, (x[1],))[0],
    "backwards": lambda m, x: m.quad(lambda t, k: t**k, x[1], x[0], (x[2],))[0],
    "a kink": lambda m, x: m.quad(
        lambda t, k: np.abs(t - 0.5) * k, 0.0, x[1], (x[0],), points=[0.5])[0],
    "an end that is singular": lambda m, x: m.quad(lambda t, k: k / np.sqrt(t), 0.0, x[1],
                                                   (x[0],))[0],
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_quad(name):
    plain, f = (partial(PROGRAMS[name], m) for m in (scipy_integrate, integrate))
    value, slope = jvp(f, (X,), (np.cos(X),))
    assert value == plain(X)
    wanted = [(plain(X + h) - plain(X - h)) / 2e-5 for h in 1e-5 * np.eye(3)]
    np.testing.assert_allclose(slope, wanted @ np.cos(X), rtol=1e-6, atol=1e-8)
    found = grad(f)(X)
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-8)
    curved = [(grad(f)(X + h) - grad(f)(X - h)) / 2e-5 for h in 1e-5 * np.eye(3)]
    np.testing.assert_allclose(hessian(f)(X), curved, rtol=1e-5, atol=1e-6)


def test_quad_in_other_modes():
    f = partial(PROGRAMS["everything"], integrate)
    assert gradcheck(f, X)
    batch = np.stack([X, X + 0.1])
    np.testing.assert_allclose(vmap(f)(batch), [f(x) for x in batch], rtol=1e-12)
    np.testing.assert_allclose(vmap(grad(f))(batch), [grad(f)(x) for x in batch], rtol=1e-9)
    np.testing.assert_allclose(compile(f)(X)[1], grad(f)(X), rtol=1e-12)
    seen = []

    def reported(x):
        made = integrate.quad(lambda t, k: k * t, 0, 1, (x,), full_output=1)
        seen.append(made[1:])
        return made[0]

    assert grad(reported)(2.0) == pytest.approx(0.5)
    assert seen[0][1]["neval"] == 21
    assert integrate.quad(lambda t: t, 0, 1) == scipy_integrate.quad(lambda t: t, 0, 1)


def test_what_quad_refuses():
    for call, said in (
        (lambda x: integrate.quad(lambda t: t * x, 0.0, 1.0)[0], "derivative would be lost"),
        (lambda x: integrate.quad(lambda t: t * x, 0.0, x)[0], "derivative would be lost"),
        (lambda x: integrate.quad(lambda t: t, 0.0, x, weight="cos", wvar=1.0)[0], "weight="),
        (lambda x: integrate.quad(lambda t: t, 0.0, x, complex_func=True)[0], "complex_func="),
        (lambda x: integrate.quad(lambda t: t, 0.0, 2.0, points=[x])[0], "points="),
    ):
        with pytest.raises(AutogradError, match=said):
            grad(call)(0.7)
