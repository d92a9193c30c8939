"""Jacobians and Hessians in one batched sweep, against central differences and each other."""

import numpy as np
import pytest

from autograd_core import Tensor, grad, hessian, hvp, jacobian, jvp, stop_gradient, vjp
from autograd_core.base import errors

RNG = np.random.default_rng(2)
W = RNG.normal(size=(6, 6)) / 2
V = RNG.normal(size=(3, 6))
X = RNG.normal(size=6)

FUNCTIONS = {
    "two layers": lambda x: np.tanh(W @ np.tanh(W @ x)),
    "to fewer": lambda x: np.sin(V @ x),
    "matrix result": lambda x: np.outer(x[:2], np.exp(x)),
    "from slices": lambda x: x[1:] * x[:-1] ** 2,
    "reductions": lambda x: np.stack([np.sum(x**3), np.prod(x), np.max(x), np.std(x)]),
    "index arrays": lambda x: x[[0, 0, 3]] * x[np.array([5, 1, 1])],
    "cumulative": lambda x: np.cumsum(x * x)[::2],
    "solve": lambda x: np.linalg.solve(W + 3 * np.eye(6), x**2),
    "inverse": lambda x: np.linalg.inv(W + np.diag(x) + 4 * np.eye(6)) @ x,
    "scalar": lambda x: np.log(np.sum(np.exp(x))),
    "kinks": lambda x: np.where(x > 0, x * x, -x) + np.maximum(x, 0.3) + np.abs(x),
    "sorted": lambda x: np.sort(x)[:3] * np.arange(3.0),
    "in place": lambda x: _in_place(x),
    "padded": lambda x: np.pad(x, 1)[:-2] * x,
}


def _in_place(x):
    y = np.zeros_like(x)
    y[1:] = x[:-1] ** 2
    y += x
    return y


def differences(f, x, h=1e-6):
    columns = []
    for k in range(x.size):
        e = np.zeros(x.size)
        e[k] = h
        e = e.reshape(x.shape)
        columns.append((np.asarray(f(x + e)) - np.asarray(f(x - e))) / (2 * h))
    made = np.stack(columns, axis=-1)
    return made.reshape(*made.shape[:-1], *x.shape)


@pytest.mark.parametrize("batch", [None, 1, 4])
@pytest.mark.parametrize("mode", ["forward", "reverse", "auto"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_against_differences(name, mode, batch):
    f = FUNCTIONS[name]
    made = jacobian(f, mode=mode, batch=batch)(X)
    np.testing.assert_allclose(made, differences(f, X), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_hessians(name):
    f = FUNCTIONS[name]
    w = RNG.normal(size=np.shape(f(X)))
    scalar = lambda x: np.sum(f(x) * w * f(x))
    expected = differences(grad(scalar), X)
    for made in (
        hessian(scalar)(X),
        hessian(scalar, batch=4)(X),
        jacobian(jacobian(scalar))(X),
        jacobian(grad(scalar), mode="reverse")(X),
        jacobian(jacobian(scalar, mode="forward"), mode="forward")(X),
    ):
        np.testing.assert_allclose(made, expected, rtol=1e-5, atol=1e-6)


def test_third_derivatives_are_symmetric():
    f = lambda x: np.sum(np.tanh(W @ x) ** 2)
    made = jacobian(hessian(f))(X)
    np.testing.assert_allclose(made, np.transpose(made, (1, 2, 0)), atol=1e-12)
    np.testing.assert_allclose(made, differences(hessian(f), X), rtol=1e-5, atol=1e-6)


def test_derivatives_that_are_constant_stay_derivatives():
    quadratic = lambda x: np.sum(x * x)
    assert not jacobian(hessian(quadratic))(X).any()
    assert not jacobian(lambda x: hvp(quadratic, (x,), (X,)))(X).any()
    assert not hessian(lambda x: np.sum(x))(X).any()


def test_jacobian_of_a_pushforward_and_pushforward_of_a_jacobian():
    f, v = FUNCTIONS["two layers"], RNG.normal(size=6)
    one = jacobian(lambda x: jvp(f, (x,), (v,))[1])(X)
    two = jvp(jacobian(f), (X,), (v,))[1]
    np.testing.assert_allclose(one, two, atol=1e-12)
    three = jacobian(lambda x: vjp(f, x)[1](v)[0])(X)
    np.testing.assert_allclose(three, hessian(lambda x: f(x) @ v)(X), atol=1e-12)


def test_nests_argnums_and_kinds():
    made = jacobian(lambda a: {"p": a["x"] * 2, "q": np.sum(a["y"] ** 2)})(
        {"x": np.ones(2), "y": np.arange(3.0)}
    )
    assert np.array_equal(made["p"]["x"], 2 * np.eye(2))
    assert np.array_equal(made["p"]["y"], np.zeros((2, 3)))
    assert np.array_equal(made["q"]["y"], [0, 2, 4])
    assert jacobian(lambda a, b: a * b, argnums=(0, 1))(2.0, 3.0) == (3.0, 2.0)
    assert type(jacobian(np.sin)(0.0)) is float
    assert hessian(lambda a, b: a * a * b, argnums=(0, 1))(2.0, 3.0) == ((6.0, 4.0), (4.0, 0.0))
    assert isinstance(jacobian(np.sin)(Tensor([1.0, 2.0])), Tensor)
    assert isinstance(hessian(np.sum)(Tensor([1.0, 2.0])), Tensor)
    assert jacobian(np.sin)(np.ones(3, np.float32)).dtype == np.float32
    assert jacobian(np.sin, mode="forward")(np.ones(3, np.float32)).dtype == np.float32
    assert hessian(lambda x: np.sum(x**3))(np.ones(3, np.float32)).dtype == np.float32
    assert jacobian(lambda a, b: a @ b, argnums=1)(W, X).shape == (6, 6)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_results_that_do_not_depend_on_the_argument_have_zeros(mode):
    outside = Tensor(np.ones(2), requires_grad=True)
    for constant in (stop_gradient, lambda x: outside * 2):
        made = jacobian(lambda x, c=constant: (x * x, c(x)), mode=mode)(np.array([1.0, 2.0]))
        assert np.array_equal(made[0], np.diag([2.0, 4.0]))
        assert np.array_equal(made[1], np.zeros((2, 2)))


def test_results_are_the_callers_own():
    J = jacobian(lambda x: np.broadcast_to(x, (3, 6)))(X)
    J[:] = 0  # writable
    assert J.shape == (3, 6, 6)


@pytest.mark.parametrize(
    ("n", "m", "mode"), [(1000, 1, "reverse"), (1, 1000, "forward"), (400, 500, "forward")]
)
def test_plan(n, m, mode):
    A = RNG.normal(size=(m, n))
    J, plan = jacobian(lambda x: A @ x, return_plan=True)(np.ones(n))
    np.testing.assert_allclose(J, A)
    assert (plan.mode, plan.n, plan.m) == (mode, n, m)
    assert mode in str(plan)
    assert f"{n:,} input" in str(plan)


def test_plan_counts_when_it_is_close():
    A = RNG.normal(size=(1500, 1500))

    def f(x):  # the derivative forgets all but a few inputs: forward sweeps are as dear, rows not
        return np.tanh(A @ x)[:800]

    _, plan = jacobian(f, return_plan=True)(np.ones(1500))
    assert plan.exact
    assert plan.mode == "reverse"
    assert "counted" in plan.why


@pytest.mark.slow
def test_batches_keep_memory_in_bounds():
    import tracemalloc

    A = RNG.normal(size=(20_000, 300)) / 100
    f = lambda x: np.sum(np.tanh(A @ x) ** 2)  # one batched value of all 300 columns: 48 MB
    full = hessian(f, batch=300)(X[0] * np.ones(300))
    tracemalloc.start()
    H = hessian(f)(X[0] * np.ones(300))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_allclose(H, full, atol=1e-10)
    assert peak < 400e6


BAD = {
    "a plain array": (lambda x: np.ones(3), X, errors.UntrackedError, "plain ndarray"),
    "a float": (lambda x: float(np.sum(x).item()), X, errors.UntrackedError, "plain float"),
    "an integer": (lambda x: np.argmax(x), X, errors.DTypeError, "int64"),
    "a comparison": (lambda x: x > 0, X, errors.DTypeError, "bool"),
    "a string": (lambda x: "x", X, errors.DTypeError, "str"),
    "nothing": (lambda x: None, X, errors.UntrackedError, "None"),
    "no outputs": (lambda x: x[:0], X, errors.ShapeError, "m = 0"),
    "no inputs": (np.sin, np.zeros(0), errors.ShapeError, "n = 0"),
    "integers in": (np.sin, np.arange(3), errors.DTypeError, "floating-point"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    f, x, error, words = BAD[name]
    with pytest.raises(error, match=words):
        jacobian(f)(x)


def test_bad_settings():
    with pytest.raises(errors.OperandError, match="mode"):
        jacobian(np.sin, mode="sideways")
    with pytest.raises(errors.OperandError, match="batch"):
        jacobian(np.sin, batch=0)
    with pytest.raises(errors.OperandError, match="argnums"):
        jacobian(np.sin, argnums=1)(X)
    with pytest.raises(errors.ShapeError, match="no input"):
        hessian(np.sum)(np.zeros(0))
    with pytest.raises(errors.NonScalarError):
        hessian(np.sin)(X)


def test_the_order_of_arguments_is_that_of_grad_and_the_old_one_still_works():
    f = lambda x, y: np.sin(x) * y
    expected = np.diag(np.sin(X))
    np.testing.assert_array_equal(jacobian(f, 1)(X, X), expected)
    np.testing.assert_array_equal(jacobian(f, 1, "forward")(X, X), expected)
    with pytest.warns(DeprecationWarning, match=r'write mode="forward"') as met:
        old = jacobian(f, "forward", 1)
    assert met[0].filename == __file__
    np.testing.assert_array_equal(old(X, X), expected)
    with pytest.warns(DeprecationWarning, match=r'write mode="reverse"'):
        np.testing.assert_array_equal(jacobian(f, "reverse")(X, X), np.diag(np.cos(X) * X))
