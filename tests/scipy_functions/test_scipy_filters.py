"""scipy.fft, ndimage, signal, interpolate and solve_ivp here: SciPy's values, derivatives."""

import itertools
from functools import partial

import numpy as np
import pytest

scipy = pytest.importorskip("scipy")
for _name in ("fft", "integrate", "interpolate", "ndimage", "signal"):
    pytest.importorskip(f"scipy.{_name}")
from cases.scipy_filters import image_filters, signal_filters  # noqa: E402

from autograd_core import (  # noqa: E402
    AutogradError,
    compile,
    grad,
    gradcheck,
    hessian,
    jvp,
    vjp,
    vmap,
)
from autograd_core.scipy import fft, integrate, interpolate, ndimage, signal  # noqa: E402

RNG = np.random.default_rng(8)
CALLS = [(ndimage, scipy.ndimage, *call) for call in image_filters()]
CALLS += [(signal, scipy.signal, *call) for call in signal_filters()]
pytestmark = pytest.mark.filterwarnings("ignore::autograd_core.LoopWarning")


@pytest.mark.parametrize("k", range(len(CALLS)), ids=lambda k: f"{k}-{CALLS[k][2]}")
def test_filters(k):
    mine, theirs, name, args, how = CALLS[k]
    first = (
        "x" if set(how) & {"h", "sos", "b"} else None
    )  # SciPy's signal is not its first argument

    def of(module):
        function = partial(getattr(module, name), **how)
        part = np.imag if name == "hilbert" else np.asarray
        return (lambda *xs: part(function(**{first: xs[0]}))) if first else (
            lambda *xs: part(function(*xs)) if module is theirs or name == "hilbert"
            else function(*xs)
        )  # fmt: skip

    f, plain = of(mine), of(theirs)
    if first:
        f = lambda x: getattr(mine, name)(x=x, **how)
    vs = [RNG.normal(size=a.shape) for a in args]
    if name == "sosfilt":
        vs[0][:, 3] = 0.0  # SciPy wants ones there
    value, pushed = jvp(f, args, tuple(vs))
    np.testing.assert_array_equal(value, plain(*args))
    h = 1e-6
    sides = [plain(*[a + s * h * v for a, v in zip(args, vs, strict=True)]) for s in (1, -1)]
    expected = (sides[0] - sides[1]) / (2 * h)
    np.testing.assert_allclose(pushed, expected, rtol=1e-6, atol=1e-7)
    w = RNG.normal(size=np.shape(value))
    pulled = vjp(f, *args)[1](w)
    left = sum(np.sum(g * v) for g, v in zip(pulled, vs, strict=True))
    assert left == pytest.approx(np.sum(w * expected), rel=1e-6, abs=1e-6)
    batch = [np.stack([a, a]) for a in args]
    np.testing.assert_allclose(vmap(f)(*batch)[1], value, rtol=1e-12, atol=1e-14)


MODES = {
    "dct": lambda x: fft.dct(x, 2) * fft.idst(x, 3, n=4)[:, :1],
    "dctn": lambda x: fft.dctn(x, norm="ortho") * fft.idctn(x, s=(3, 4), type=1),
    "fft": lambda x: np.abs(fft.fft(x, norm="ortho")) ** 2,
    "gaussian_filter": lambda x: ndimage.gaussian_filter(x * x, 0.8),
    "convolve": lambda x: ndimage.convolve(x, x[:2, :2]),
    "map_coordinates": lambda x: ndimage.map_coordinates(x, np.abs(x[:2]), order=1, mode="nearest"),
    "lfilter": lambda x: signal.lfilter(x[0], 2.0 + x[1], x[2]),
    "detrend": lambda x: signal.detrend(x**2),
    "savgol_filter": lambda x: signal.savgol_filter(x**2, 3, 1),
    "simpson": lambda x: integrate.simpson(x**2, dx=0.5),
    "CubicSpline": lambda x: interpolate.CubicSpline(np.arange(4.0), x.T)(np.abs(x[0])),
}


@pytest.mark.parametrize("name", MODES)
def test_every_mode(name):
    def f(x):
        return np.sum(MODES[name](x) * np.cos(np.arange(4.0)[-1:]))

    x = RNG.normal(size=(3, 4)) * 0.4 + 0.7
    assert gradcheck(f, x)
    wanted = grad(f)(x)
    np.testing.assert_allclose(vmap(grad(f))(np.stack([x, x + 0.1]))[0], wanted, rtol=1e-9)
    np.testing.assert_allclose(compile(f)(x)[1], wanted, rtol=1e-9, atol=1e-12)
    assert hessian(f)(x).shape == (3, 4, 3, 4)


@pytest.mark.parametrize("name", ["dct", "idct", "dst", "idst"])
@pytest.mark.parametrize("kind", [1, 2, 3, 4])
def test_cosine_and_sine_transforms(name, kind):
    x, v = RNG.normal(size=(2, 4, 5))
    for norm, scaled, axis, n in itertools.product(
        (None, "ortho", "forward", "backward"), (None, True, False), (0, -1), (None, 3, 7)
    ):
        how = {"type": kind, "norm": norm, "orthogonalize": scaled}
        several = {"s": n and (n,), "axes": (axis,)}
        for suffix, more in (("", {"n": n, "axis": axis}), ("n", several), ("n", {})):
            scipys = partial(getattr(scipy.fft, name + suffix), **how, **more)
            value, pull = vjp(partial(getattr(fft, name + suffix), **how, **more), x)
            np.testing.assert_array_equal(value, scipys(x))
            w = RNG.normal(size=value.shape)
            assert np.sum(w * scipys(v)) == pytest.approx(np.sum(pull(w)[0] * v), rel=1e-9)


X = np.array([0.0, 1.0, 2.5, 3.0, 4.0, 5.5])
Y = np.array([0.3, 1.2, 0.7, 2.1, 1.5, 0.9])
P = np.array([0.4, 1.3, 2.9, 5.1, 3.3])
KNOTS = [0, 0, 0, 0, 5.5, 5.5, 5.5, 5.5]
SPLINES = {
    "not-a-knot": lambda m, y, p: m.CubicSpline(X, y)(p),
    "natural": lambda m, y, p: m.CubicSpline(X, y, bc_type="natural")(p, 1),
    "clamped, natural": lambda m, y, p: m.CubicSpline(X, y, bc_type=("clamped", "natural"))(p),
    "a slope": lambda m, y, p: m.CubicSpline(X, y).derivative()(p),
    "an integral": lambda m, y, p: m.CubicSpline(X, y).integrate(p[0], 4.5),
    "BSpline": lambda m, y, p: m.BSpline(np.arange(10.0), y, 3)(p + 2.6),
    "make_interp_spline": lambda m, y, p: m.make_interp_spline(X, y, k=2)(p),
    "make_lsq_spline": lambda m, y, p: m.make_lsq_spline(X, y, KNOTS)(p),
    "RegularGridInterpolator": lambda m, y, p: m.RegularGridInterpolator((X,), y)(p),
    "a grid": lambda m, y, p: m.RegularGridInterpolator((X[:3], X[:2]), np.outer(y[:3], y[:2]))(
        np.stack([p / 3, p / 6], axis=-1)),
}  # fmt: skip


@pytest.mark.parametrize("name", SPLINES)
def test_splines(name):
    plain, f = (partial(SPLINES[name], m) for m in (scipy.interpolate, interpolate))
    value, slope = jvp(f, (Y, P), (np.cos(Y), np.sin(P)))
    np.testing.assert_allclose(value, plain(Y, P), rtol=1e-13)
    np.testing.assert_allclose(f(Y, P), plain(Y, P), rtol=1e-13)
    h = 1e-6
    expected = (plain(Y + h * np.cos(Y), P + h * np.sin(P))
                - plain(Y - h * np.cos(Y), P - h * np.sin(P))) / (2 * h)  # fmt: skip
    np.testing.assert_allclose(slope, expected, rtol=1e-6, atol=1e-8)
    assert gradcheck(f, Y, P)
    if name not in ("a slope", "an integral"):  # which are SciPy's own
        assert gradcheck(lambda p: f(Y, p), P)


def test_splines_of_constants_are_scipys():
    for make in ("CubicSpline", "make_interp_spline"):
        mine, theirs = (getattr(m, make)(X, Y) for m in (interpolate, scipy.interpolate))
        assert isinstance(mine, type(theirs))
        np.testing.assert_array_equal(mine(P, 1), theirs(P, 1))
    grid = interpolate.RegularGridInterpolator((X,), Y)
    np.testing.assert_array_equal(grid.grid[0], X)
    slope = jvp(interpolate.CubicSpline(X, np.outer(Y, [1.0, 2.0])), (P,), (np.ones(5),))[1]
    np.testing.assert_allclose(slope[:, 1], 2 * interpolate.CubicSpline(X, Y)(P, 1))


TIMES = {None: None, "from the start": np.array([0.0, 0.7, 2.0]), "later": np.array([0.3, 1.1])}
TIGHT = {"rtol": 1e-10, "atol": 1e-10}


def spring(t, y, k, c):
    return [y[1], -k["w"] * y[0] - c * y[1] * y[0] + 0.1 * t]


def swung(module, y0, k, times=None, method="RK45", **more):
    made = module.solve_ivp(
        spring, (0.0, 2.0), y0, method, t_eval=times, args=({"w": k, "n": "text"}, 0.3),
        **TIGHT, **more,
    )  # fmt: skip
    return np.sum(made.y[:, -1] * [1.0, 2.0]) + np.sum(made.y[0, 1:-1] * (times is not None))


@pytest.mark.parametrize("method", ["RK45", "DOP853", "Radau", "LSODA"])
@pytest.mark.parametrize("times", TIMES)
def test_solve_ivp(times, method):
    y0, h = np.array([1.0, 0.5]), 1e-5
    plain = partial(swung, scipy.integrate, times=TIMES[times], method=method)
    f = partial(swung, integrate, times=TIMES[times], method=method)
    value, slope = jvp(lambda k: f(y0, k), (1.5,), (1.0,))
    assert value == plain(y0, 1.5)
    in_k = (plain(y0, 1.5 + h) - plain(y0, 1.5 - h)) / (2 * h)
    in_y = [(plain(y0 + s, 1.5) - plain(y0 - s, 1.5)) / (2 * h) for s in h * np.eye(2)]
    found = grad(f, argnums=(0, 1))(y0, 1.5)
    np.testing.assert_allclose(found[0], in_y, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose([found[1], slope], in_k, rtol=1e-6, atol=1e-7)


def test_solve_ivp_in_other_modes():
    y0, times = np.array([1.0, 0.5]), TIMES["from the start"]
    end = partial(swung, integrate, y0, times=times)
    ks = np.array([1.5, 1.7])
    np.testing.assert_allclose(vmap(end)(ks), [end(k) for k in ks], rtol=1e-9)
    np.testing.assert_allclose(vmap(grad(end))(ks), [grad(end)(k) for k in ks], rtol=1e-6)
    curved = (grad(end)(1.5 + 1e-4) - grad(end)(1.5 - 1e-4)) / 2e-4
    np.testing.assert_allclose(hessian(end)(1.5), curved, rtol=1e-5)
    np.testing.assert_allclose(compile(end)(1.5)[1], grad(end)(1.5), rtol=1e-9)
    fixed = lambda t: integrate.solve_ivp(lambda t, y: [-y[0]], (0.0, t), [1.0], **TIGHT).y[0, -1]
    assert grad(fixed)(1.0) == pytest.approx(-np.exp(-1.0), rel=1e-7)
    wide = lambda k: integrate.solve_ivp(
        lambda t, y, k: -k * y, (0.0, 1.0), [1.0], vectorized=True, args=(k,), **TIGHT
    ).y[0, -1]
    assert grad(wide)(0.5) == pytest.approx(-np.exp(-0.5), rel=1e-7)
    result = integrate.solve_ivp(spring, (0.0, 1.0), y0, args=({"w": 1.0}, 0.1))
    assert type(result).__module__.startswith("scipy")


R = RNG.normal(size=(4, 5))
REFUSED = {
    "output": (lambda x: ndimage.sobel(x, output=np.zeros((4, 5))), "output="),
    "sigma": (lambda x: ndimage.gaussian_filter(R, x[0, 0]), "no derivative in sigma"),
    "order 3": (lambda x: ndimage.map_coordinates(x, R[:2]), "order=1"),
    "another filter": (lambda x: ndimage.median_filter(x, 3), "ndimage.median_filter"),
    "zi": (lambda x: signal.lfilter([1.0], [1.0], x, zi=np.zeros((4, 0))), "zi="),
    "t": (lambda x: signal.resample(x, 3, t=np.arange(4.0)), "t="),
    "a long axis": (
        lambda x: signal.savgol_filter(np.concatenate([x[0]] * 2000), 3, 1), "up to 8192"),
    "knots": (lambda x: interpolate.CubicSpline(x[0], x[0]), "no derivative in x"),
    "periodic": (lambda x: interpolate.CubicSpline(X[:5], x[0], bc_type="periodic"), "bc_type="),
    "another axis": (lambda x: interpolate.CubicSpline(X[:5], x, axis=1), "np.moveaxis"),
    "bc_type": (
        lambda x: interpolate.make_interp_spline(X[:5], x[0], bc_type="natural"), "CubicSpline"),
    "periodic places": (
        lambda x: interpolate.CubicSpline(X[:5], x[0])(1.0, extrapolate="periodic"), "periodic"),
    "places along another axis": (
        lambda x: interpolate.CubicSpline(X[:5], R, axis=1)(x[0]), "Move the axis"),
    "a cubic grid": (
        lambda x: interpolate.RegularGridInterpolator((X[:4], X[:5]), x, "cubic")([[0.1, 0.2]]),
        "linear"),
    "values with axes": (
        lambda x: interpolate.RegularGridInterpolator((X[:4],), x)([0.1]), "vmap"),
    "sample points": (lambda x: integrate.simpson(R[0], x=x[0]), "no derivative in x"),
    "dense_output": (
        lambda x: swung(integrate, x[0, :2], 1.0, dense_output=True), "dense_output="),
    "SciPy's own": (lambda x: scipy.ndimage.sobel(x), "autograd_core.scipy.ndimage.sobel"),
    "SciPy's dct": (lambda x: scipy.fft.dct(x), "autograd_core.scipy.fft.dct"),
    "SciPy's lfilter": (
        lambda x: scipy.signal.lfilter([1.0], [1.0], x), "autograd_core.scipy.signal.lfilter"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    f, said = REFUSED[name]
    with pytest.raises(AutogradError, match=said):
        grad(lambda x: np.sum(f(x)))(R)


def test_steps_of_solve_ivp_under_vmap_and_failures():
    with pytest.raises(AutogradError, match="t_eval="):
        vmap(lambda k: swung(integrate, np.ones(2), k))(np.array([1.5, 2.0]))
    with pytest.raises(AutogradError, match="complex y0"):
        grad(lambda k: swung(integrate, np.ones(2) * (1 + 0j), k).real)(1.0)
    explode = lambda t, y, k: k * y**2
    with pytest.raises(AutogradError, match="solve_ivp: "):
        grad(lambda k: integrate.solve_ivp(explode, (0, 5), [1.0], args=(k,)).y[0, -1])(1.0)
    with pytest.raises(ValueError, match="out of bounds"):
        grad(lambda y: interpolate.RegularGridInterpolator((X,), y)([9.0])[0])(Y)
