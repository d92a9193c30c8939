"""autograd_core.numpy: NumPy's values, and derivatives in every mode, of what joins numbers."""

import numpy
import pytest
from cases.idioms import IDIOMS, W, objects
from every_mode import check_every_mode

import autograd_core.numpy as np
from autograd_core import AutogradError, grad, jvp

X = numpy.array([1.7, 0.8])


@pytest.mark.slow
@pytest.mark.parametrize("name", IDIOMS)
def test_every_mode(name):
    def f(x):
        return np.sum(IDIOMS[name](np, x))

    check_every_mode(f, X)


PLAIN = [
    lambda np: np.array([[1, 2], [3, 4]], dtype="f4", order="F", ndmin=3),
    lambda np: np.array("text"),
    lambda np: np.asarray([1, 2.5]),
    lambda np: np.zeros((2, 3), int),
    lambda np: np.full_like([1, 2], 2.5),
    lambda np: np.arange(1, 4, 0.3),
    lambda np: np.arange(stop=4, start=1),
    lambda np: np.fromiter(iter([1, 2, 3]), float, count=2),
    lambda np: np.r_[1:4, 0, 5],
    lambda np: np.c_[[1, 2], [3, 4]],
    lambda np: np.vectorize(lambda a: a + 1)([1, 2]),
    lambda np: np.piecewise(np.arange(3.0), [[True, False, True]], [2.0]),
    lambda np: np.apply_along_axis(np.sum, 0, np.ones((2, 3))),
    lambda np: np.mean([1, 2, 4]),
    lambda np: np.linalg.det([[1.0, 2.0], [3.0, 5.0]]),
    lambda np: np.asfortranarray([[1, 2]]),
    lambda np: np.copy([1, 2]),
]


@pytest.mark.parametrize("f", PLAIN)
def test_plain_arguments_give_numpys_bits(f):
    expected, found = f(numpy), f(np)
    assert found.dtype == expected.dtype
    assert found.tobytes() == expected.tobytes()
    assert type(found) is type(expected)


@pytest.mark.parametrize("kind", ["f4", "f8", "c16"])
def test_dtypes_are_numpys(kind):
    x = X.astype("f4")
    for nest in (lambda v: [v[0], v[1]], lambda v: [v[0], 1.0], lambda v: [[v[0], 2], v]):
        made = np.asarray(nest(x), dtype=kind) if kind != "f8" else np.array(nest(x))
        found = jvp(
            lambda v, n=nest: np.asarray(n(v), dtype=kind) if kind != "f8" else np.array(n(v)),
            (x,),
            (x,),
        )[0]
        assert found.dtype == made.dtype


def test_arange_has_numpys_values_and_length():
    for start, stop, step in ((0.3, 2.9, 0.7), (2.0, -1.0, -0.4), (1.0, 0.0, 1.0)):
        found, slope = jvp(lambda a, s=(stop, step): np.arange(a, *s), (start,), (1.0,))
        expected = numpy.arange(start, stop, step)
        assert found.tobytes() == expected.tobytes()
        numpy.testing.assert_array_equal(slope, numpy.ones(len(expected)))


def _filled(x):
    made = numpy.zeros(2)
    made[0] = x[0] ** 2
    return made


REFUSED = {
    "ragged": (lambda x: np.array([x, x[0]]), "ragged"),
    "objects": (lambda x: np.array([x[0]], dtype=object), "cannot hold a traced value"),
    "text beside": (lambda x: np.array([x[0], "a"]), "beside a traced value"),
    "a set": (lambda x: np.array({x[0], x[1]}), "no sequence"),
    "a generator": (lambda x: np.array(v for v in x), "list"),
    "copy=False": (lambda x: np.array([x[0]], copy=False), "copy=False"),
    "copy=False and a dtype": (lambda x: np.array(x, "f4", copy=False), "copy=False"),
    "too short": (lambda x: np.fromiter(iter(x), float, count=5), "yields 2"),
    "integers": (lambda x: np.full_like(numpy.arange(3), x[0]), "dtype=float"),
    "signature": (lambda x: np.vectorize(np.sum, signature="(n)->()")(x), "vmap"),
    "a late float": (lambda x: np.vectorize(lambda v: v if v < 1 else 0)(x), "otypes"),
    "a range of arrays": (lambda x: np.arange(x), "numbers, not arrays"),
    "a matrix": (lambda x: np.r_["r", x], "np.matrix"),
    "not finite": (lambda x: np.asarray_chkfinite(x / 0.0), "infs or NaNs"),
    "plain NumPy": (lambda x: numpy.array([x[0], 1.0]), "import autograd_core.numpy as np"),
    "frompyfunc": (lambda x: np.frompyfunc(lambda v: v, 1, 1)(x), "autograd_core.numpy.vectorize"),
    "a plain buffer": (_filled, r"np.zeros_like\(x\)"),
    "a cast": (lambda x: objects(x).astype(float), "lose the derivative"),
    "returned objects": (objects, "holds a value of the trace"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_what_cannot_be_is_refused_by_name(name):
    f, said = REFUSED[name]
    with pytest.raises(AutogradError, match=said) as caught:
        grad(lambda x: np.sum(f(x)) if name != "returned objects" else f(x))(X)
    assert "test_numpy_creation.py" in str(caught.value)


def test_the_rest_is_numpys_own():
    import autograd_core.numpy.linalg as la

    assert la.solve.__wrapped__ is numpy.linalg.solve
    for name in ("exp", "add", "ndarray", "float64", "pi", "newaxis", "ma"):
        assert getattr(np, name) is getattr(numpy, name)
    assert set(numpy.__all__) <= set(dir(np))
    assert "solve" in dir(la)
    with pytest.raises(AttributeError):
        np.no_such_name  # noqa: B018
    with pytest.raises(AttributeError):
        np._no_such_name  # noqa: B018
    assert len(np.r_) == 0
    assert np.r_.matrix is numpy.r_.matrix
    values = iter([1, 2])
    for kept in ({1, 2}, values, object()):  # NumPy keeps each as one object
        assert np.array(kept).item() is kept
    with pytest.raises(TypeError, match="arr"):
        np.apply_along_axis(numpy.multiply, 0)
    with pytest.raises(TypeError, match="arr"):
        grad(lambda x: np.apply_along_axis(lambda r, b: r * b, 0, b=x))(X)


RARER = {
    "copied": lambda x: np.array(x, copy=True) * x,
    "copied in Fortran's order": lambda x: np.array([x, x * x], order="F")[0],
    "asarray, copied": lambda x: np.asarray(x, copy=True) ** 2,
    "asarray of another kind": lambda x: np.asarray(x, dtype="f4").astype(float),
    "in C's order": lambda x: np.asarray(np.outer(x, x).T, order="C"),
    "full_like of a traced model": lambda x: np.full_like([x[0], x[1]], 2.0) * x,
    "arange with a dtype": lambda x: np.arange(x[0] * 0, 3.0, 1.0, float) * x[1],
    "arange by names": lambda x: np.arange(stop=3.0 + x[0] * 0, step=1.0) * x[1],
    "vectorize with its kind": lambda x: np.vectorize(lambda a: a * a, otypes=[float])(x),
    "vectorize by name": lambda x: np.vectorize(lambda a, b: a * b, excluded=["b"])(x, b=x[1]),
    "vectorize of nothing": lambda x: (
        np.sum(np.vectorize(lambda a: a * 2.0, otypes=[float])(x[:0])) + x
    ),
    "vectorize as a decorator": lambda x: np.vectorize(otypes=[float])(lambda a: a * a)(x),
    "along an axis by name": lambda x: np.apply_along_axis(lambda r: r * 2, 0, arr=[x[0], x[1]]),
    "a function of traced values": lambda x: np.apply_along_axis(lambda r: r @ x, 0, numpy.eye(2)),
    "a range in brackets": lambda x: np.r_[x[0] : 3.0 : 0.5, x[1]] * x[1],
    "piecewise of values": lambda x: np.piecewise(W, [W > 0, W < 0], [[x[0]], x[1]]),
}


@pytest.mark.parametrize("name", RARER)
def test_rarer_spellings(name):
    def f(x):
        return np.sum(RARER[name](x))

    h = 1e-3 if "another kind" in name else 1e-5
    expected = [(f(X + s) - f(X - s)) / (2 * h) for s in h * numpy.eye(2)]
    tolerance = 1e-3 if "another kind" in name else 1e-6
    numpy.testing.assert_allclose(grad(f)(X), expected, rtol=tolerance, atol=tolerance)
    pushed = [jvp(f, (X,), (s,))[1] for s in numpy.eye(2)]
    numpy.testing.assert_allclose(pushed, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: np.asarray(x, dtype="f4", copy=False), "copy=False"),
        (lambda x: np.vectorize(lambda a: a, signature="(n)->(n)")(x), "vmap"),
        (lambda x: np.array({x[0], x[1]}), "no sequence"),
        (lambda x: np.array(v for v in x), "one object"),
        (lambda x: np.vectorize(lambda a: 0 if a < 1 else a)([0.0, x[0]]), "otypes"),
    ],
)
def test_what_cannot_keep_a_trace_is_refused(call, message):
    with pytest.raises(AutogradError, match=message):
        grad(lambda x: np.sum(call(x)))(X)


def test_a_signature_without_traced_values_is_numpys():
    doubled = np.vectorize(lambda a: 2 * a, signature="(n)->(n)")
    assert doubled([1.0, 2.0]).tolist() == [2.0, 4.0]
