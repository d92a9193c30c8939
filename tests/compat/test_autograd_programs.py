"""The same program on HIPS autograd and on `compat.autograd`: the same numbers, or both refuse."""

import warnings
from importlib import import_module

import numpy as np
import pytest

THEIRS = pytest.importorskip("autograd")
OURS = import_module("autograd_core.compat.autograd")

X = np.arange(4.0)
Y = np.array([0.3, -1.2, 2.0])
Z = np.array([0.3 + 1.0j, -0.7 - 0.4j, 1.1 + 0.2j])
S = np.array([[4.0, 1.0, 0.5], [1.0, 5.0, 0.2], [0.5, 0.2, 6.0]])

# Each takes the library and its NumPy.
PROGRAMS = {
    "grad": lambda ag, np: ag.grad(lambda x: np.sum(np.sin(x) * x))(X),
    "grad of a complex argument": lambda ag, np: ag.grad(lambda z: np.sum(np.abs(z * z + 1)))(Z),
    "grad through complex": lambda ag, np: ag.grad(lambda a: np.real(np.exp(1j * a) * a))(0.5),
    "grad of one element": lambda ag, np: ag.grad(lambda a: np.sum(a, keepdims=True))(S),
    "grad of a constant": lambda ag, np: ag.grad(lambda a: 3.0)(2.0),
    "grad of a dict": lambda ag, np: ag.grad(lambda d: d["a"] * np.sum(d["b"][0]))(
        {"a": 2.0, "b": (Y, 1.0)}
    ),
    "argnum 1": lambda ag, np: ag.grad(lambda a, b: a * b * b, 1)(2.0, 3.0),
    "argnum keyword": lambda ag, np: ag.grad(lambda a, b: a * b * b, argnum=1)(2.0, 3.0),
    "argnum -1": lambda ag, np: ag.grad(lambda a, b: a * b * b, -1)(2.0, 3.0),
    "argnum tuple": lambda ag, np: ag.grad(lambda a, b, c: a * b * c, (0, 2))(1.0, 2.0, 3.0),
    "argnum list": lambda ag, np: ag.grad(lambda a, b, c: a * b * c, [2, 0])(1.0, 2.0, 3.0),
    "keywords pass": lambda ag, np: ag.grad(lambda a, k=1.0: a * k)(2.0, k=5.0),
    "value_and_grad": lambda ag, np: ag.value_and_grad(lambda a: a**3)(2.0),
    "elementwise_grad": lambda ag, np: ag.elementwise_grad(lambda x: np.exp(x) * x)(X),
    "elementwise_grad sums": lambda ag, np: ag.elementwise_grad(np.outer, 1)(X, Y),
    "elementwise_grad twice": lambda ag, np: ag.elementwise_grad(ag.elementwise_grad(np.tanh))(Y),
    "deriv": lambda ag, np: ag.deriv(lambda x: np.exp(x) * x)(X),
    "deriv sums": lambda ag, np: ag.deriv(lambda x: np.sum(x**2) * x)(Y),
    "holomorphic_grad": lambda ag, np: ag.holomorphic_grad(lambda z: z**3 + np.exp(z))(1 + 2j),
    "holomorphic_grad of a sum": lambda ag, np: ag.holomorphic_grad(lambda z: np.sum(z**3))(Z),
    "jacobian": lambda ag, np: ag.jacobian(np.outer, 1)(X, Y),
    "jacobian of a complex input": lambda ag, np: ag.jacobian(lambda z: np.real(z * z))(Z),
    "jacobian of a constant": lambda ag, np: ag.jacobian(lambda x: np.ones(2))(Y),
    "hessian": lambda ag, np: ag.hessian(lambda x: np.sum(x**3) * x[0])(Y),
    "hessian of a vector": lambda ag, np: ag.hessian(lambda x: x**3)(Y),
    "hessian of a linear": lambda ag, np: ag.hessian(lambda x: np.sum(x))(Y),
    "hvp": lambda ag, np: ag.hessian_vector_product(lambda x: np.sum(x**3) * x[0])(Y, Y + 1),
    "htp": lambda ag, np: ag.hessian_tensor_product(lambda x: np.sum(x @ x))(S, S + 1),
    "tjp": lambda ag, np: ag.tensor_jacobian_product(lambda x: x**2 * x[0])(Y, Y + 1),
    "vjp of a second argument": lambda ag, np: ag.vector_jacobian_product(np.multiply, 1)(X, X, X),
    "make_vjp": lambda ag, np: ag.make_vjp(lambda x: x**2)(Y)[0](Y + 1),
    "make_vjp's value": lambda ag, np: ag.make_vjp(lambda x: x**2)(Y)[1],
    "make_vjp, complex": lambda ag, np: ag.make_vjp(lambda z: np.exp(z) * np.conj(z))(Z)[0](Z),
    "make_vjp of a comparison": lambda ag, np: ag.make_vjp(lambda x: x > 1)(Y)[0](Y),
    "make_jvp": lambda ag, np: ag.make_jvp(lambda x: x**2)(Y)(Y + 1),
    "make_jvp, complex": lambda ag, np: ag.make_jvp(lambda z: np.exp(z) * np.conj(z))(Z)(Z),
    "make_hvp": lambda ag, np: ag.make_hvp(lambda x: np.sum(x**4))(Y)[0](Y + 1),
    "make_ggnvp": lambda ag, np: ag.make_ggnvp(lambda x: np.tanh(x) * x[0])(Y)(Y + 1),
    "make_ggnvp of a g": lambda ag, np: ag.make_ggnvp(
        lambda x: np.tanh(x) * x[0], lambda y: np.sum(y**4)
    )(Y)(Y + 1),
    "reverse-mode jvp": lambda ag, np: import_module(
        f"{ag.__name__}.differential_operators"
    ).make_jvp_reversemode(lambda x: x**2)(Y)(Y + 1),
    "grad_and_aux": lambda ag, np: ag.grad_and_aux(lambda a: (a**2, a + 1))(3.0),
    "grad_named": lambda ag, np: ag.grad_named(lambda a, b: a * b * b, "b")(1.0, 2.0),
    "checkpoint": lambda ag, np: ag.grad(ag.grad(ag.checkpoint(lambda a: np.sin(a) * a)))(1.3),
    "eigh reads one triangle": lambda ag, np: ag.grad(
        lambda a: np.sum(np.linalg.eigh(a)[0] ** 3 * X[:3])
    )(S + np.triu(S)),
    "eigh, the upper": lambda ag, np: ag.grad(
        lambda a: np.sum(np.linalg.eigh(a, "U")[0] ** 3 * X[:3])
    )(S + np.triu(S)),
    "dtypes": lambda ag, np: ag.grad(lambda x: np.sum(x * 2.0))(Y.astype("f4")).dtype.itemsize,
    "abs at 0": lambda ag, np: ag.grad(np.abs)(0.0),
    "max of ties": lambda ag, np: ag.grad(np.max)(np.ones(2)),
    "maximum of ties": lambda ag, np: ag.elementwise_grad(lambda a: np.maximum(a, 1.0))(np.ones(2)),
    "where of Python's": lambda ag, np: np.where(True, 1, 2) + np.where(False, 1.5, 2.5),
    "where by keywords": lambda ag, np: np.where(condition=X > 1, x=X, y=-X),
    "make_diagonal": lambda ag, np: ag.grad(
        lambda x: np.sum(np.make_diagonal(x, axis1=-1, axis2=-2) * S)
    )(Y),
    # both refuse, with a TypeError
    "not a scalar": lambda ag, np: ag.grad(lambda x: x**2)(Y),
    "value_and_grad, not a scalar": lambda ag, np: ag.value_and_grad(lambda x: x**2)(Y),
    "complex result": lambda ag, np: ag.grad(lambda z: z * z)(1j),
    "elementwise, complex result": lambda ag, np: ag.elementwise_grad(lambda z: z * z)(Z),
    "an integer": lambda ag, np: ag.grad(lambda x: x**2)(3),
}


def outcome(program, library):
    try:
        return program(library, import_module(f"{library.__name__}.numpy"))
    except TypeError:
        return TypeError


def same(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if a is TypeError or b is TypeError:
        return a is b
    return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_numbers(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of results that depend on nothing, from both
        theirs, ours = (outcome(PROGRAMS[name], library) for library in (THEIRS, OURS))
    assert same(theirs, ours), (theirs, ours)


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adam"])
def test_optimizers_take_the_same_steps(name):
    start = {"w": Y, "b": [0.5, (S[0], 2.0)]}
    ends, seen = [], []
    for library in (THEIRS, OURS):
        optimize = getattr(import_module(f"{library.__name__}.misc.optimizers"), name)

        def gradient(p, i):
            return {"w": np.cos(p["w"]) + i, "b": [p["b"][0], (p["b"][1][0] ** 2, 1.0)]}

        told = []
        ends.append(optimize(gradient, start, lambda x, i, g: told.append((i, x, g)), 5, 0.1))  # noqa: B023
        seen.append(told)
    assert same(*ends)
    assert same(*seen)


def test_flatten_gives_the_same_vector():
    nest = {"b": [1.0, (S, 2.0)], "a": (), "c": {"z": Y, "y": -1.0}}
    (theirs, _), (ours, unflatten) = (
        import_module(f"{library.__name__}.misc").flatten(nest) for library in (THEIRS, OURS)
    )
    np.testing.assert_array_equal(theirs, ours)
    assert same(unflatten(ours), nest)


CONVOLUTIONS = [
    ((5, 4), (3, 2), None, ((), ()), 1),
    ((4, 3, 6), (3, 2, 5), ([0], [1]), ([1], [0]), 1),
    ((2, 3, 6, 5), (4, 3, 2, 3), ([2, 3], [2, 3]), ([1], [1]), 1),
    ((2, 3, 6, 5), (4, 3, 3, 2), ([3, 2], [2, 3]), ([1], [1]), 1),
    ((5,), (2,), ([0], [0]), ((), ()), 1),
    ((2, 3), (4, 5), None, ((), ()), 0),
    ((4, 3), (4, 2), ((), ()), ([0], [0]), 0),
]


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("case", CONVOLUTIONS, ids=lambda c: f"{c[0]}{c[1]}")
def test_convolve(case, mode, rng):
    pytest.importorskip("scipy")
    a, b = rng.normal(size=case[0]), rng.normal(size=case[1])
    _, _, axes, dot_axes, differentiable = case
    results = []
    for library in (THEIRS, OURS):
        convolve = import_module(f"{library.__name__}.scipy.signal").convolve
        np_ = import_module(f"{library.__name__}.numpy")

        def f(a, b):
            return convolve(a, b, axes=axes, dot_axes=dot_axes, mode=mode)  # noqa: B023

        results.append([f(a, b)])
        if differentiable:  # there, not along no axis, and not of the longer operand
            total = lambda a, b: np_.sum(np_.sin(f(a, b)))  # noqa: B023
            results[-1] += [library.grad(total, k)(a, b) for k in (0, 1)]
    assert same(*results)


def test_odeint_with_nested_arguments():
    pytest.importorskip("scipy")
    at = {"a": [0.5, 2.0], "b": np.array([0.3, 0.1])}
    y0, times = np.array([1.0, 2.0]), np.linspace(0, 1, 4)
    found = []
    for library in (THEIRS, OURS):
        odeint = import_module(f"{library.__name__}.scipy.integrate").odeint
        np_ = import_module(f"{library.__name__}.numpy")

        def loss(p):
            args = library.tuple((p["a"], p["b"]))  # noqa: B023
            ys = odeint(lambda y, t, a, b: y * a[0] - b * t + a[1], y0, times, args)  # noqa: B023
            return np_.sum(ys**2)  # noqa: B023

        found.append(library.grad(loss)(at))
    assert np.allclose(found[0]["a"], found[1]["a"], rtol=1e-5)
    assert np.allclose(found[0]["b"], found[1]["b"], rtol=1e-5)
