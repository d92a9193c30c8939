"""A compiled function's programs on the arrays of another module: right, or refused by name."""

import sys
import types

import cupy_double
import numpy as np
import pytest
from cases import TABLE
from cupy_double import asarray, ndarray
from table import directions, outputs, weighted

from autograd_core import Tensor, compile, nn, value_and_grad
from autograd_core.base import errors

pytestmark = pytest.mark.filterwarnings("ignore")
# CuPy has no such function or keyword, or a constant of the program is computed on the host.
REFUSED = {
    "setitem-array", "setitem-duplicates", "setitem-duplicates-broadcast", "setitem-duplicates-2d",
    "setitem-add", "maximum.accumulate", "minimum.accumulate", "spacing", "i0",
    "pinv-cut-hermitian", "pinv-hermitian",
    # nothing is differentiated: a Tensor of NumPy's comes out
    "matrix_power-0", "average-returned-plain", "polydiv-short",
}  # fmt: skip
ROWS = [case for family, cases in TABLE.items() if family != "scipy_functions" for case in cases]
X = np.array([0.5, -1.5, 2.25])


def down(x):
    return x.get() if isinstance(x, ndarray) else x


def same(found, wanted):
    value, gradients = found
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    theirs = wanted[1] if isinstance(wanted[1], tuple) else (wanted[1],)
    for a, b in zip([value, *gradients], [wanted[0], *theirs], strict=True):
        np.testing.assert_allclose(down(a), b, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case.name, marks=[] if k % 6 == 0 else pytest.mark.exhaustive)
     for k, case in enumerate(ROWS)],
)  # fmt: skip
def test_every_operation(case):
    xs = case.arguments()
    scalar = weighted(case.f, directions(outputs(case.f(*[x.copy() for x in xs])), 1))
    f = compile(scalar, tuple(range(len(xs))))
    wanted = f(*xs)
    moved = [asarray(x) for x in xs]
    if case.name in REFUSED:
        with pytest.raises(errors.UnsupportedError, match=r"compile: .*(cupy_double|NumPy)"):
            f.on(cupy_double)(*moved)
        return
    found = f.on(cupy_double)(*moved)
    assert all(isinstance(x, ndarray | np.generic) for x in [found[0], *found[1]])
    for a, b in zip([found[0], *found[1]], [wanted[0], *wanted[1]], strict=True):
        np.testing.assert_allclose(down(a), b, rtol=1e-9, atol=1e-9)


def test_the_source_names_the_module():
    f = compile(lambda x: np.sum(np.tanh(x) ** 2))
    with pytest.raises(errors.UntrackedError, match="nothing is recorded"):
        f.on(cupy_double)
    f(X)
    source = f.on(cupy_double).source
    assert "import cupy_double as np\n" in source
    assert "numpy" not in source
    with pytest.raises(errors.UnsupportedError, match=r"then on\(module\)"):
        f(asarray(X))


def test_large_arrays_and_their_buffers():
    x = np.linspace(-1.0, 1.0, 30_000).reshape(100, 300)
    f = compile(lambda x, w: np.sum(np.tanh(x @ w) * np.exp(-x[:, :50])), (0, 1))
    w = np.cos(np.arange(300 * 50.0)).reshape(300, 50)
    f(x, w)
    g = f.on(cupy_double)
    assert "np.empty" in g.source
    first = g(asarray(x), asarray(w))
    same(g(asarray(2 * x), asarray(w)), value_and_grad(f._f, (0, 1))(2 * x, w))
    same(first, value_and_grad(f._f, (0, 1))(x, w))  # what was given away stays


def test_calls_that_were_not_recorded_say_how_they_differ():
    f = compile(lambda x, k: np.sum(x**k) if x[0] > 0 else np.sum(x))
    f(X, 2)
    g = f.on(cupy_double)
    for args, words in (
        ((asarray(np.ones(4)), 2), r"x had shape \(3,\), has \(4,\)"),
        ((asarray(X.astype(np.float32)), 2), "x was float64, is float32"),
        ((asarray(X), 3), "k was 2, is 3"),
        ((X, 2), "x is an array of NumPy's"),
        (("a", 2), "x is of type str"),
        ((asarray(-X), 2), "a condition was True and no longer is"),
        (([asarray(X)], 2), "x is of type list"),
    ):
        with pytest.raises(errors.UnsupportedError, match=words):
            g(*args)
    f(-X, 2)  # now this branch is recorded, too
    g = f.on(cupy_double)
    same(g(asarray(-X), 2), value_and_grad(f._f)(-X, 2))
    same(g(asarray(X), 2), value_and_grad(f._f)(X, 2))


def test_what_is_captured_is_read_at_every_call():
    scale, setting = np.array([1.0, 2.0, 3.0]), {"power": 2}

    def loss(x):
        return np.sum(scale * x ** setting["power"])

    f = compile(loss)
    f(X)
    g = f.on(cupy_double)
    same(g(asarray(X)), value_and_grad(loss)(X))
    scale[0] = 7.0
    same(g(asarray(X)), value_and_grad(loss)(X))
    setting["power"] = 3
    with pytest.raises(errors.UnsupportedError, match="no program was recorded"):
        g(asarray(X))


def test_nested_arguments_numbers_and_auxiliary_results():
    def loss(p, rate):
        h = np.tanh(p["w"] * rate + p["b"])
        return np.sum(h), {"h": h}

    f = compile(loss, (0, 1), has_aux=True)
    p = {"w": X, "b": np.float64(0.5)}
    (value, aux), (of_p, of_rate) = f(p, 2.0)
    found = f.on(cupy_double)({"w": asarray(X), "b": asarray(0.5)}, 2.0)
    (v, a), (g, r) = found
    np.testing.assert_allclose(down(v), value)
    np.testing.assert_allclose(down(a["h"]), aux["h"])
    np.testing.assert_allclose(down(g["w"]), of_p["w"])
    np.testing.assert_allclose(down(g["b"]), of_p["b"])
    assert isinstance(r, float)
    np.testing.assert_allclose(r, of_rate)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_model_that_was_moved(dtype):
    nn.manual_seed(0)
    with nn.use_kernels(compiled=False):
        model = nn.Sequential(nn.Linear(3, 5, dtype=dtype), nn.Tanh(), nn.Linear(5, 2, dtype=dtype))
        x = np.arange(12, dtype=dtype).reshape(4, 3) / 10
        f = compile(lambda x: np.mean(model(Tensor(x)) ** 2), parameters=model)
        value, gradients = f(x)
        with pytest.raises(errors.UnsupportedError, match="is an array of NumPy's"):
            f.on(cupy_double)(asarray(x))
        model.to(cupy_double)
        v, g = f.on(cupy_double)(asarray(x))
    rtol = 1e-5 if dtype is np.float32 else 1e-12
    np.testing.assert_allclose(down(v), value, rtol=rtol)
    for name, wanted in gradients.items():
        np.testing.assert_allclose(down(g[name]), wanted, rtol=rtol, atol=rtol)


def test_a_module_that_computes_otherwise_is_refused(monkeypatch):
    odd = types.ModuleType("odd")
    monkeypatch.setitem(sys.modules, "odd", odd)
    odd.__getattr__ = lambda name: getattr(cupy_double, name)
    odd.sin = cupy_double.cos
    f = compile(lambda x: np.sum(np.sin(x)))
    f(X)
    with pytest.raises(errors.UnsupportedError, match="gives other numbers on odd"):
        f.on(odd)(asarray(X))


def test_what_the_module_lacks_is_named_with_its_line():
    f = compile(lambda x: np.sum(np.spacing(x) * x))
    f(X)
    with pytest.raises(errors.UnsupportedError, match=r"at `.*np\.spacing\(x\).*no attribute"):
        f.on(cupy_double)(asarray(X))
