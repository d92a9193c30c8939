"""numpy.polynomial with traced values: NumPy's values, and derivatives in every mode."""

import copy
import pickle

import numpy
import pytest
from cases.polynomials import CLASSES, DOMAIN, USES, WINDOW, C, T
from every_mode import check_every_mode

import autograd_core.numpy as np
from autograd_core import AutogradError, OperandError, Tensor, grad, hvp, jvp, vmap
from autograd_core.numpy.polynomial import Chebyshev, Polynomial, chebyshev, polyutils

X = numpy.array([0.83, -0.47, 1.31, 0.52])


def total(made):
    """One number of a result: a sum with fixed weights, so that no derivative cancels."""
    if isinstance(made, tuple):
        return sum(map(total, made))
    weights = numpy.cos(numpy.arange(1.0, numpy.size(made) + 1)).reshape(numpy.shape(made))
    return np.sum(made * weights)


# `make test` walks through two classes, and through a third of the uses of the others.
WALK = [
    pytest.param(use, kind, marks=() if j < 2 or k % 3 == j % 3 else pytest.mark.exhaustive)
    for j, kind in enumerate(CLASSES)
    for k, use in enumerate(USES)
]


@pytest.mark.part(3)
@pytest.mark.slow
@pytest.mark.parametrize(("use", "kind"), WALK)
def test_every_use_in_every_mode(use, kind):
    def of(namespace):
        P = getattr(namespace.polynomial, kind)
        return lambda x: total(USES[use](namespace, P, x))

    check_every_mode(of(np), X, of(numpy), by_hand=True, second=kind == CLASSES[1])


M = numpy.array([[0.3, -1.0, 0.4, 1.2], [0.2, 0.5, -0.7, 0.1]])
MODULES = {"polynomial": "poly", "chebyshev": "cheb", "legendre": "leg", "hermite": "herm",
           "hermite_e": "herme", "laguerre": "lag"}  # fmt: skip
FUNCTIONS = {
    "val": lambda f, x: f("val")(T * x[0], x) + f("val")([x[1], 0.5], C).sum(),
    "val, tensor=False": lambda f, x: f("val")(x[:2], M.T * x[0], tensor=False),
    "val2d": lambda f, x: f("val2d")(T * x[0], T, np.outer(x[:2], x)),
    "val3d": lambda f, x: f("val3d")(T, x[0] * T, T, M.reshape(2, 2, 2) * x[1]),
    "grid2d": lambda f, x: f("grid2d")(x, T, np.outer(x[:2], x)),
    "grid3d": lambda f, x: f("grid3d")(x[:2], T, x[2:], M.reshape(2, 2, 2) * x[1]),
    "vander": lambda f, x: f("vander")(x, 3),
    "vander2d": lambda f, x: f("vander2d")(x, T[:4], (1, 2)),
    "vander3d": lambda f, x: f("vander3d")(x, T[:4], x * x, (1, 0, 1)),
    "der": lambda f, x: f("der")(np.outer(x, x), 2, scl=x[0], axis=1),
    "int": lambda f, x: f("int")(np.outer(x, M[0]), 1, [x[1]], lbnd=x[0], scl=2.0, axis=1),
    "mulx": lambda f, x: f("mulx")(x),
    "add": lambda f, x: f("add")(x, C[:2]),
    "sub": lambda f, x: f("sub")(C[:2], x),
    "mul": lambda f, x: f("mul")(C, x) * f("mul")(x, C),
    "div": lambda f, x: f("div")(C, x[:2]),
    "pow": lambda f, x: f("pow")(x[:3], 2),
    "line": lambda f, x: f("line")(x[0], x[1]) * x[2],
    "fit": lambda f, x: f("fit")(T, np.outer(T, x), 2),
    "companion": lambda f, x: f("companion")(x),
    "trim": lambda f, x: f("trim")(x * [1.0, 1.0, 0.0, 0.0]),
    "fromroots": lambda f, x: f("fromroots")(x),
    "weight": lambda f, x: f("weight")(x * 0.3 + 0.4),
}


@pytest.mark.part(3)
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "module"),
    [
        pytest.param(name, module, marks=() if k % 3 == j % 3 else pytest.mark.exhaustive)
        for j, module in enumerate(MODULES)
        for k, name in enumerate(FUNCTIONS)
        if (name, module) != ("weight", "polynomial")  # powers are orthogonal to no weight
    ],
)
def test_functions_in_every_mode(name, module):
    def of(namespace):
        home = getattr(namespace.polynomial, module)
        return lambda x: total(FUNCTIONS[name](lambda n: getattr(home, MODULES[module] + n), x))

    check_every_mode(of(np), X, of(numpy), by_hand=True, second=module == "hermite")


RARER = {
    "cheb2poly": lambda p, x: p.chebyshev.cheb2poly(x),
    "poly2cheb": lambda p, x: p.chebyshev.poly2cheb(x),
    "poly2leg": lambda p, x: p.legendre.poly2leg(x),
    "herm2poly": lambda p, x: p.hermite.herm2poly(x),
    "chebinterpolate": lambda p, x: (
        p.Chebyshev.interpolate(lambda t: np.exp(t * x[0]), 3, DOMAIN)(T)),
    "polyvalfromroots": lambda p, x: p.polynomial.polyvalfromroots(T, x),
    "mapparms": lambda p, x: p.polyutils.mapparms(x[:2], WINDOW),
    "mapdomain": lambda p, x: p.polyutils.mapdomain(T, [x[0], 3.0], x[2:]),
    "getdomain": lambda p, x: p.polyutils.getdomain([x[0], x[1], 0.3]) * 2.0,
    "fit at one place": lambda p, x: p.Polynomial.fit([x[0], x[0]], x[:2], 0)(2.0 + x[3]),
    "trim with a tolerance": lambda p, x: p.polyutils.trimcoef(x * [1, 1, 1e-9, 1e-9], 1e-6),
    "trimseq": lambda p, x: p.polyutils.trimseq(x) ** 2,
    "as_series": lambda p, x: tuple(p.polyutils.as_series([x, C])),
    "complex places": lambda p, x: p.Polynomial.fit(T + 1j * x[0], T * x[1], 2)(0.3).real,
}  # fmt: skip


@pytest.mark.parametrize("name", RARER)
def test_rarer_functions_in_every_mode(name):
    check_every_mode(
        lambda x: total(RARER[name](np.polynomial, x)),
        X,
        lambda x: total(RARER[name](numpy.polynomial, x)),
        by_hand=True,
    )


def test_plain_arguments_are_numpys():
    for kind in CLASSES:
        ours, theirs = getattr(np.polynomial, kind), getattr(numpy.polynomial, kind)
        p, q = ours(C, DOMAIN), theirs(C, DOMAIN)
        assert type(p) is ours
        assert isinstance(p, theirs)
        for a, b in ((p, q), (p * p, q * q), (p.deriv() + 1, q.deriv() + 1), (p**2, q**2)):
            assert a.coef.tobytes() == b.coef.tobytes()
            assert str(a) == str(b)
            assert type(a.coef) is numpy.ndarray
        assert p == p.copy() == pickle.loads(pickle.dumps(p)) == copy.deepcopy(p)
        assert repr(p) == repr(q)
        assert p(T).tobytes() == q(T).tobytes()
        assert "Coefficients" not in (p.deriv.__doc__ or "")
    assert chebyshev.chebval is not numpy.polynomial.chebyshev.chebval
    assert chebyshev.chebval(T, C).tolist() == numpy.polynomial.chebyshev.chebval(T, C).tolist()
    assert np.polynomial.chebyshev is chebyshev
    assert np.polynomial.set_default_printstyle is numpy.polynomial.set_default_printstyle
    assert {"Polynomial", "chebyshev"} <= set(dir(np.polynomial))
    with pytest.raises(AttributeError):
        np.polynomial.no_such_name  # noqa: B018


REFUSED = {
    "other domains": (lambda x: Polynomial(x) + Polynomial(C, DOMAIN), TypeError, "Domains differ"),
    "other windows": (
        lambda x: Polynomial(x) * Polynomial(C, window=WINDOW), TypeError, "Windows differ"),
    "other symbols": (lambda x: Polynomial(x) - Polynomial(C, symbol="z"), ValueError, "symbols"),
    "another basis": (lambda x: Polynomial(x) + Chebyshev(C), TypeError, "types differ"),
    "NumPy's in another basis": (
        lambda x: numpy.polynomial.Chebyshev(C) * Polynomial(x), TypeError, "types differ"),
    "NumPy's, of another domain": (
        lambda x: numpy.polynomial.Polynomial(C, DOMAIN) * Polynomial(x), TypeError, "Domains"),
    "by zero": (lambda x: Polynomial(x) // Polynomial(x * 0), ZeroDivisionError, None),
    "by zero, of a plain one": (lambda x: Polynomial(x) % [0.0], ZeroDivisionError, None),
    "by a vector": (lambda x: Polynomial(x) / x, TypeError, "true division"),
    "a power of 1.5": (lambda x: Polynomial(x) ** 1.5, ValueError, "integer"),
    "a matrix of coefficients": (lambda x: Polynomial(np.outer(x, x)), ValueError, "1-d"),
    "text": (lambda x: Polynomial(x) + "a", (TypeError, AutogradError), None),
    "a matrix beside": (lambda x: Polynomial(x) + numpy.ones((2, 2)), TypeError, "Polynomial"),
    "a matrix of fits": (lambda x: chebyshev.chebvander(x, -1), ValueError, "non-negative"),
    "a negative tolerance": (lambda x: Polynomial(x).trim(-1), ValueError, "non-negative"),
    "a polynomial as a result": (lambda x: Polynomial(x), AutogradError, "holds a value"),
    "NumPy's, of traced coefficients": (
        lambda x: numpy.polynomial.Polynomial(x)(T).sum(), OperandError, "autograd_core.numpy"),
    "NumPy's, at a list": (
        lambda x: numpy.polynomial.Polynomial(C)([x[0], 1.0]).sum(), OperandError, "autograd_core"),
    "NumPy's times a traced value": (
        lambda x: x[0] * numpy.polynomial.Polynomial(C), OperandError, "autograd_core.numpy"),
    "NumPy's function of traced coefficients": (
        lambda x: numpy.polynomial.chebyshev.chebder(x)[0], OperandError, "autograd_core.numpy"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_polynomial_is_refused(name):
    f, kind, said = REFUSED[name]
    for run in (lambda: grad(f)(X), lambda: jvp(f, (X,), (X,))):
        with pytest.raises(kind, match=said):
            run()


@pytest.mark.parametrize("kind", CLASSES)
def test_numpys_own_classes_take_traced_places(kind):
    p = getattr(numpy.polynomial, kind)(C, DOMAIN, WINDOW)
    check_every_mode(lambda x: total(p(x) * p(x[0])), X, by_hand=True)
    assert p(Tensor(numpy.outer(X, X), requires_grad=True)).shape == (4, 4)


@pytest.mark.parametrize("module", MODULES)
def test_numpys_own_functions_take_traced_places(module):
    home, prefix = getattr(numpy.polynomial, module), MODULES[module]
    value, slope = getattr(home, prefix + "val"), getattr(home, prefix + "der")
    found = grad(lambda x: np.sum(value(x, C)))(X)
    numpy.testing.assert_allclose(found, value(X, slope(C)), rtol=1e-12)
    second = hvp(lambda x: np.sum(value(x, C)), (X,), (numpy.ones(4),))
    numpy.testing.assert_allclose(second, value(X, slope(C, 2)), rtol=1e-12)


def test_a_batch_keeps_what_one_example_needs():
    """Zeros at the end are dropped where every example has them."""
    batch = numpy.array([[1.0, 2.0, 0.0, 0.0], [1.0, 0.0, 3.0, 0.0]])
    found = vmap(lambda c: (Polynomial(c) * Polynomial(c)).coef)(batch)
    expected = [numpy.convolve(c, c)[:5] for c in batch]
    numpy.testing.assert_allclose(found, expected)
    assert polyutils.trimseq(Tensor(batch[0], requires_grad=True)).shape == (2,)


def test_division_under_vmap():
    batch = numpy.array([[1.0, 2.0, 0.5], [1.0, -1.0, 3.0]])
    for divide, numpys in (
        (np.polynomial.polynomial.polydiv, numpy.polynomial.polynomial.polydiv),
        (np.polynomial.chebyshev.chebdiv, numpy.polynomial.chebyshev.chebdiv),
        (np.polynomial.legendre.legdiv, numpy.polynomial.legendre.legdiv),
    ):
        for part in (slice(2), slice(1, 3)):  # a smaller degree, and the same
            found = vmap(lambda c, d=divide, p=part: d(c[p], c[: p.stop]))(batch)
            wanted = [numpys(c[part], c[: part.stop]) for c in batch]
            for k in range(2):
                numpy.testing.assert_allclose(found[k], [w[k] for w in wanted], rtol=1e-12)
        with pytest.raises(ZeroDivisionError, match="last coefficient is 0 in some example"):
            vmap(lambda c, d=divide: d([1.0, 2.0, 3.0], c))(batch * [[1, 1, 1], [1, 1, 0]])


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("dtype", [numpy.float32, numpy.complex64, numpy.complex128])
def test_functions_keep_the_kind_of_number(module, dtype):
    home, numpys, prefix = getattr(np.polynomial, module), getattr(numpy.polynomial, module), (
        MODULES[module])  # fmt: skip
    c, x = (numpy.asarray(a, dtype=dtype) for a in (C, X))
    for name, args in (
        ("vander", (x, 3)), ("vander", (x, 0)), ("vander2d", (x, x, [1, 2])), ("val", (x, c)),
        ("der", (c, 2)), ("int", (c,)), ("mul", (c, c)), ("pow", (c, 2)), ("fromroots", (x,)),
        ("companion", (c,)),
    ):  # fmt: skip
        ours, theirs = (getattr(m, prefix + name) for m in (home, numpys))
        made = ours(Tensor(args[0], requires_grad=True), *args[1:])
        wanted = theirs(*args)
        assert made.dtype == wanted.dtype, name
        numpy.testing.assert_allclose(made.data, wanted, rtol=1e-5)
