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
R = np.random.default_rng(9).normal(size=(4, 5))
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


@pytest.mark.slow
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


_COSINES = [((3, 5, -2), {}), ((1, None, 0, "ortho"), {}), ((4, 2, 1, None, True), {})]
_SEVERAL = [((3, [-1, 2]), {}), ((), {"axes": -2, "s": 2, "norm": "forward"})]
_ALONG = [((3, 0, "ortho", True), {}), ((), {"n": 5, "axis": -2, "workers": 2})]
_OF_AXES = [((), {"axes": 0, "s": 4}), ((), {"norm": "ortho", "overwrite_x": True})]
TRANSFORMS = {
    "dct": _COSINES, "idst": _COSINES, "dctn": _SEVERAL, "idctn": _SEVERAL, "fft": _ALONG,
    "irfft": _ALONG, "hfft": _ALONG, "hfftn": _OF_AXES, "ihfftn": _OF_AXES, "fftn": _OF_AXES,
    "rfftn": _OF_AXES, "hfft2": [((), {"s": (3, 2)})],
    "fht": [((0.1, 0.5), {}), ((0.1, -0.3), {"offset": 0.2, "bias": 0.1})],
}  # fmt: skip
OF_REAL = ("ihfftn", "rfftn", "fht")


def _numbers(dtype, *shape):
    made = RNG.normal(size=shape)
    return (made + 1j * RNG.normal(size=shape) if np.dtype(dtype).kind == "c" else made).astype(
        dtype
    )


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
def test_transforms_of_every_kind_of_number(name, dtype):
    if name in OF_REAL and dtype is np.complex128:
        return
    single = dtype is np.float32
    close = partial(np.testing.assert_allclose, rtol=1e-3 if single else 1e-10, atol=2e-5 * single)
    for args, how in ([] if name == "fht" else [((), {})]) + TRANSFORMS[name]:
        if dtype is np.complex128 and True in args:
            args = args[:3]  # SciPy forgets `orthogonalize` there
        x, v = _numbers(dtype, 2, 3, 4)
        f = lambda x, args=args, how=how: getattr(fft, name)(x, *args, **how)
        plain = getattr(scipy.fft, name)
        value, slope = jvp(f, (x,), (v,))
        close(value, plain(x.copy(), *args, **how))
        close(slope, plain(v.copy(), *args, **how))
        assert value.dtype == slope.dtype == plain(x.copy(), *args, **how).dtype
        w = _numbers(value.dtype, *value.shape)
        (pulled,) = vjp(f, x)[1](w)
        assert pulled.dtype == dtype
        close(np.sum(np.real(w * slope)), np.sum(np.real(pulled * v)))


@pytest.mark.parametrize(
    "call",
    [
        lambda m, x: m.dct(x, axis=2),
        lambda m, x: m.dctn(x, axes=(0, -3)),
        lambda m, x: m.idstn(x, s=(2, 3), axes=1),
        lambda m, x: m.dct(x, n=0),
    ],
)
def test_wrong_calls_of_transforms(call):
    for module in (scipy.fft, fft):
        with pytest.raises((ValueError, IndexError)):
            grad(lambda x, m=module: np.sum(call(m, x)))(R) if module is fft else call(module, R)


def test_scipy_forgets_orthogonalize_of_complex_numbers():
    with pytest.raises(AutogradError, match=r"x\.real and x\.imag"):
        grad(lambda x: np.sum(np.abs(fft.dct(x + 1j, orthogonalize=True))))(R)


GRIDS = ("reflect", "constant", "nearest", "mirror", "wrap", "grid-mirror", "grid-constant",
         "grid-wrap")  # fmt: skip


def _agrees(f, plain, *args):
    """Whether a value, both modes and second order are what differences of SciPy's value say."""
    vs = [RNG.normal(size=a.shape) for a in args]
    value, slope = jvp(f, args, tuple(vs))
    np.testing.assert_array_equal(value, plain(*args))
    h = 1e-6
    sides = [plain(*[a + s * v for a, v in zip(args, vs, strict=True)]) for s in (h, -h)]
    expected = (sides[0] - sides[1]) / (2 * h)
    np.testing.assert_allclose(slope, expected, rtol=1e-5, atol=2e-7 * (1 + np.abs(value).max()))
    w = RNG.normal(size=np.shape(value))
    pulled = vjp(f, *args)[1](w)
    left = sum(np.real(np.sum(g * v)) for g, v in zip(pulled, vs, strict=True))
    assert left == pytest.approx(np.real(np.sum(w * slope)), rel=1e-8, abs=1e-8)


@pytest.mark.part(2)
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:It is recommended")
@pytest.mark.parametrize("mode", GRIDS)
def test_places_between_elements(mode):
    for order, shape in itertools.product(range(6), [(4, 5), (1, 3), (2,), (40,)]):
        for how in ({}, {"prefilter": False}) if order > 1 else ({},):
            x, how = RNG.normal(size=shape), {"order": order, "mode": mode, "cval": 0.3, **how}
            c = RNG.uniform(-1.6 * max(shape), 2.1 * max(shape), (len(shape), 9))
            of = lambda m, x, c, how=how: m.map_coordinates(x, c, **how)
            _agrees(partial(of, ndimage), partial(of, scipy.ndimage), x, c)
            for name, by in (("zoom", {"zoom": 1.7}), ("shift", {"shift": -1.3}),
                             ("zoom", {"zoom": 0.6, "grid_mode": True})):  # fmt: skip
                if name == "zoom" and shape == (2,):
                    continue
                of = lambda m, x, n=name, by=by, how=how: getattr(m, n)(x, **by, **how)
                _agrees(partial(of, ndimage), partial(of, scipy.ndimage), x)
    curved = lambda x, c: ndimage.map_coordinates(x, c, order=4, mode=mode)
    assert gradcheck(curved, RNG.normal(size=(4, 5)), RNG.uniform(0.5, 2.9, (2, 3)))


def test_numbers_and_shapes_that_filters_seldom_meet():
    z = RNG.normal(size=(4, 5)) + 1j * RNG.normal(size=(4, 5))
    for name, how in (
        ("zoom", {"zoom": 0.6, "grid_mode": True, "order": 1}),  # grid_mode is forgotten by SciPy
        ("zoom", {"zoom": 1.0, "mode": "reflect"}),
        ("gaussian_gradient_magnitude", {"sigma": 1.0}),
        ("correlate1d", {"weights": np.array([1j, 2.0, 0.5])}),
        ("convolve1d", {"weights": np.array([1j, 2.0, 0.5]), "cval": 1.0, "mode": "constant"}),
        ("correlate", {"weights": np.array([[1j, 2.0], [0.5, 1.0 - 1j]])}),
        ("convolve", {"weights": np.array([[1j, 2.0], [0.5, 1.0 - 1j]]), "mode": "constant"}),
        ("gaussian_filter", {"sigma": 1.3, "mode": "wrap"}),
        ("spline_filter", {"order": 3, "output": complex}),
        ("map_coordinates", {"coordinates": [[0.3, 2.2], [1.1, 3.9]], "order": 3}),
        ("mean", {"labels": [1, 2, 0, 1, 2], "index": None}),
    ):
        of = lambda m, a, b, n=name, how=how: getattr(m, n)(a + 1j * b, **how)
        _agrees(partial(of, ndimage), partial(of, scipy.ndimage), z.real, z.imag)
    weights = np.array([[1j, 2.0], [0.5, 1.0 - 1j]])
    for name in ("correlate", "convolve"):
        of = lambda m, a, b, c, n=name: getattr(m, n)(a, b + 1j * c)
        args = (z.real, weights.real, weights.imag)
        _agrees(partial(of, ndimage), partial(of, scipy.ndimage), *args)
    for shape in ((), (0, 3), (1, 1)):
        for name, how in (("laplace", {}), ("gaussian_filter", {"sigma": 2.0}),
                          ("uniform_filter", {"size": 5}), ("gaussian_laplace", {"sigma": 1.0}),
                          ("gaussian_gradient_magnitude", {"sigma": 1.0}), ("sum", {}),
                          ("shift", {"shift": 0.4}), ("median_filter", {"size": 3})):  # fmt: skip
            if shape or name not in ("shift",):
                of = lambda m, a, n=name, how=how: getattr(m, n)(a, **how)
                x = RNG.normal(size=shape)
                try:
                    value, slope = jvp(partial(of, ndimage), (x,), (x,))
                except AutogradError:  # of what SciPy refuses, too
                    with pytest.raises((RuntimeError, ValueError)):
                        of(scipy.ndimage, x)
                    continue
                np.testing.assert_array_equal(value, of(scipy.ndimage, x))
                if value.size:
                    np.testing.assert_allclose(slope, of(scipy.ndimage, x), atol=1e-12)


def test_complex_signals():
    z = RNG.normal(size=(2, 9))
    im = RNG.normal(size=(4, 5))
    small = RNG.normal(size=(2, 3))
    for of in (
        lambda m, a, b: m.resample(a + 1j * b, 12, window="hann"),
        lambda m, a, b: m.resample(a + 1j * b, 5, domain="freq", window="hamming"),
        lambda m, a, b: m.resample_poly(a + 1j * b, 3, 2, padtype="mean"),
        lambda m, a, b: m.lfilter([1.0, 0.3j], [1.0, -0.2], a + 1j * b),
        lambda m, a, b: m.filtfilt([1.0, 0.5], [1.0, 0.2], a + 1j * b, padlen=3),
        lambda m, a, b: m.detrend(a + 1j * b),
    ):
        _agrees(partial(of, signal), partial(of, scipy.signal), *z)
    for mode, boundary in itertools.product(("full", "same", "valid"), ("fill", "wrap", "symm")):
        for first, second in ((im, small), (small, im)):
            of = lambda m, a, b, mode=mode, boundary=boundary: m.correlate2d(
                a + 1j * np.cos(a), b - 1j * b * b, mode, boundary)  # fmt: skip
            _agrees(partial(of, signal), partial(of, scipy.signal), first, second)


@pytest.mark.parametrize("mode", ["mirror", "reflect", "grid-wrap"])
def test_long_axes_need_no_matrix(mode):
    x, w = RNG.normal(size=(2, 20_000))
    for f in (
        lambda m, x: m.spline_filter1d(x, 3, mode=mode),
        lambda m, x: m.spline_filter1d(x.reshape(400, 50), 5, axis=0, mode=mode),
        lambda m, x: m.gaussian_filter1d(x, 3.0, mode=mode),
        lambda m, x: m.zoom(x, 0.3, mode=mode),
    ):
        w_of = w[: f(scipy.ndimage, x).size].reshape(f(scipy.ndimage, x).shape)
        (pulled,) = vjp(partial(f, ndimage), x)[1](w_of)
        v = np.cos(np.arange(20_000.0))
        assert np.sum(pulled * v) == pytest.approx(np.sum(w_of * f(scipy.ndimage, v)), rel=1e-9)


def test_centres_of_mass():
    x, v = RNG.uniform(1, 2, (2, 3, 4))
    labels = np.array([1, 2, 0, 1])
    for how in ({}, {"labels": labels}, {"labels": labels, "index": [2, 1]}):
        of = lambda m, x, how=how: np.stack([np.stack(c) if isinstance(c, tuple) else c
                                            for c in m.center_of_mass(x, **how)])  # fmt: skip
        value, slope = jvp(partial(of, ndimage), (x,), (v,))
        np.testing.assert_allclose(value, of(scipy.ndimage, x), rtol=1e-14)
        expected = (of(scipy.ndimage, x + 1e-6 * v) - of(scipy.ndimage, x - 1e-6 * v)) / 2e-6
        np.testing.assert_allclose(slope, expected, rtol=1e-6, atol=1e-8)
        assert gradcheck(partial(of, ndimage), x)


@pytest.mark.skipif(not hasattr(scipy.ndimage, "vectorized_filter"), reason="since SciPy 1.16")
@pytest.mark.parametrize("mode", ["reflect", "constant", "nearest", "mirror", "wrap", "valid"])
def test_functions_of_windows(mode):
    x = RNG.normal(size=(3, 5))
    border = {"mode": mode, **({"cval": 0.4} if mode == "constant" else {})}
    for function, how in (
        (np.mean, {"size": (2, 3)}),
        (np.var, {"footprint": np.eye(3), "origin": 0 if mode == "valid" else (1, 0)}),
        (lambda w, axis: np.sum(np.sin(w), axis=axis), {"size": 3, "axes": 0}),
        (np.linalg.norm, {"size": 2, "axes": (1,)}),
    ):
        if function is np.linalg.norm:
            function = lambda w, axis: np.sqrt(np.sum(w * w, axis=axis))
        of = lambda m, x, f=function, how=how: m.vectorized_filter(x, f, **how, **border)
        value, slope = jvp(partial(of, ndimage), (x,), (np.cos(x),))
        np.testing.assert_allclose(value, of(scipy.ndimage, x), rtol=1e-13)
        sides = [of(scipy.ndimage, x + h * np.cos(x)) for h in (1e-6, -1e-6)]
        np.testing.assert_allclose(slope, (sides[0] - sides[1]) / 2e-6, rtol=1e-6, atol=1e-8)
        assert gradcheck(partial(of, ndimage), x)
    np.testing.assert_array_equal(ndimage.vectorized_filter(x, np.max, size=2),
                                  scipy.ndimage.vectorized_filter(x, np.max, size=2))  # fmt: skip


B, A = np.array([0.7, 0.4, -0.3]), np.array([1.3, 0.5, 0.2, 0.9])
OF_SIGNALS = {
    "wiener": lambda m, b, a: m.wiener(np.outer(b, a), (3, 1), 0.01 * b[0]),
    "deconvolve": lambda m, b, a: np.concatenate(m.deconvolve(a, b)),
    "deconvolve of a shorter": lambda m, b, a: m.deconvolve(b, a)[1] * a[0],
    "bilinear": lambda m, b, a: np.concatenate(m.bilinear(b, a, 0.3)),
    "bilinear, zeros in front": lambda m, b, a: np.concatenate(
        m.bilinear(b, np.concatenate([0.0 * a[:2], a]), 2.0)),
    "bilinear of a longer": lambda m, b, a: np.concatenate(m.bilinear(a, b)),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_SIGNALS)
def test_of_signals(name):
    plain, f = (partial(OF_SIGNALS[name], m) for m in (scipy.signal, signal))
    value, slope = jvp(f, (B, A), (np.cos(B), np.sin(A)))
    np.testing.assert_allclose(value, plain(B, A), rtol=1e-12, atol=1e-14)
    sides = [plain(B + h * np.cos(B), A + h * np.sin(A)) for h in (1e-6, -1e-6)]
    np.testing.assert_allclose(slope, (sides[0] - sides[1]) / 2e-6, rtol=1e-6, atol=1e-8)
    assert gradcheck(f, B, A)
    batch = vmap(f)(np.stack([B, 2 * B]), np.stack([A, A + 1]))
    np.testing.assert_allclose(batch[1], plain(2 * B, A + 1), rtol=1e-12, atol=1e-14)


def test_equal_elements_of_a_window_share_its_derivative():
    x = np.array([1.0, 2.0, 2.0, 0.0])
    total = lambda f: grad(lambda x: np.sum(f(x) * [0.0, 1.0, 0.0, 0.0]))(x)
    for f in (partial(ndimage.maximum_filter, size=3), partial(ndimage.median_filter, size=3),
              partial(ndimage.maximum_filter1d, size=3)):  # fmt: skip
        np.testing.assert_array_equal(total(f), [0.0, 0.5, 0.5, 0.0])
    np.testing.assert_array_equal(grad(lambda x: ndimage.maximum(x, [1, 1, 1, 2], 1))(x),
                                  [0.0, 0.5, 0.5, 0.0])  # fmt: skip
    np.testing.assert_array_equal(grad(lambda x: ndimage.standard_deviation(0 * x))(x), 0 * x)


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
    "values along another axis": lambda m, y, p: m.CubicSpline(
        X, np.stack([y, y * y]), axis=-1)(p.reshape(5, 1), 1),
    "BSpline, axis": lambda m, y, p: m.BSpline(
        np.arange(10.0), np.stack([y, y * y]).reshape(1, 2, 6), 3, axis=2)(p + 2.6),
    "make_interp_spline, axis": lambda m, y, p: m.make_interp_spline(
        X, np.stack([y, y * y]), axis=1)(p),
    "beyond a period": lambda m, y, p: m.CubicSpline(X, y)(2 * p - 2.0, extrapolate="periodic"),
    "CubicHermiteSpline": lambda m, y, p: m.CubicHermiteSpline(X, y, np.sin(y))(p),
    "CubicHermiteSpline, slopes": lambda m, y, p: m.CubicHermiteSpline(
        X, np.stack([Y, Y]), np.stack([y, y * y]), axis=1)(p, 1),
    "PchipInterpolator": lambda m, y, p: m.PchipInterpolator(X, y)(p),
    "Pchip, axis": lambda m, y, p: m.PchipInterpolator(X, np.stack([y, -y * y]), axis=1)(p, 1),
    "Pchip, steep ends": lambda m, y, p: m.PchipInterpolator(
        X, y * [0.0, 1.0, 0.9, 0.8, 1.0, 30.0])(p),
    "Pchip, rising": lambda m, y, p: m.PchipInterpolator(X, X + 0.1 * y)(p),
    "Pchip of three": lambda m, y, p: m.PchipInterpolator(X[:3], y[:3])(p / 3),
    "Pchip of two": lambda m, y, p: m.PchipInterpolator(X[:2], y[:2])(p / 6),
    "pchip_interpolate": lambda m, y, p: m.pchip_interpolate(X, y, p, der=[0, 1])[1],
    "Akima1DInterpolator": lambda m, y, p: m.Akima1DInterpolator(X, y)(p),
    "makima": lambda m, y, p: m.Akima1DInterpolator(X, np.stack([y, y**2], 1), method="makima")(p),
    "Akima, beyond": lambda m, y, p: m.Akima1DInterpolator(X, y, extrapolate=True)(p + 4.0),
    "Akima of three": lambda m, y, p: m.Akima1DInterpolator(X[:3], y[:3])(p / 3),
    "Akima of two": lambda m, y, p: m.Akima1DInterpolator(X[:2], y[:2])(p / 6),
    "Akima of a line": lambda m, y, p: m.Akima1DInterpolator(
        X, np.concatenate([X[:4], y[4:]]))(p),
    **{
        f"RBFInterpolator, {kernel}": lambda m, y, p, kernel=kernel: m.RBFInterpolator(
            np.stack([X, np.cos(X) + 0.1 * y], axis=1), np.stack([y, y * y], axis=1),
            smoothing=0.1, kernel=kernel, epsilon=0.7)(np.stack([p, p / 4], axis=1))
        for kernel in ("linear", "thin_plate_spline", "cubic", "quintic", "multiquadric",
                       "inverse_multiquadric", "inverse_quadratic", "gaussian")
    },
    "RBFInterpolator, degree": lambda m, y, p: m.RBFInterpolator(
        X[:, None], y, degree=2, smoothing=0.1 * X)(p[:, None]),
    "RBFInterpolator at a site": lambda m, y, p: m.RBFInterpolator(
        X[:, None], y, kernel="cubic")(np.stack([X[1:3], p[:2]], axis=1).reshape(4, 1)),
    "a grid goes on": lambda m, y, p: m.RegularGridInterpolator(
        (X, [3.0, 2.0]), np.stack([y, y * y], 1), bounds_error=False, fill_value=None)(
        (2 * p - 2, 1 + p)),
    "a grid of vectors": lambda m, y, p: m.RegularGridInterpolator(
        (X[:3],), y.reshape(3, 2), bounds_error=False, fill_value=7.0)(p),
    "a point in a grid": lambda m, y, p: m.RegularGridInterpolator(
        (X[:2], X[:3]), np.outer(y[:2], y[:3]))((p[0], p[1])),
    "the nearest of a grid": lambda m, y, p: m.RegularGridInterpolator((X,), y, "nearest")(p),
    "a periodic integral": lambda m, y, p: m.CubicSpline(
        X, y, extrapolate="periodic").integrate(-1.0, 7.3),
    "an integral of a B-spline": lambda m, y, p: m.BSpline(
        np.arange(10.0), y, 3, extrapolate=False).integrate(2.2, 8.0),
    "a grid": lambda m, y, p: m.RegularGridInterpolator((X[:3], X[:2]), np.outer(y[:3], y[:2]))(
        np.stack([p / 3, p / 6], axis=-1)),
}  # fmt: skip


@pytest.mark.slow
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
    if "integral" not in name and name not in (
        "a slope",
        "the nearest of a grid",
    ):  # which are SciPy's own
        assert gradcheck(lambda p: f(Y, p), P)


def test_a_radial_kernel_at_its_site():
    of = lambda kernel: lambda x: interpolate.RBFInterpolator(X[:, None], Y, kernel=kernel)(x)[0]
    assert np.isfinite(grad(of("thin_plate_spline"))(X[1:2, None]))
    assert np.isnan(hessian(of("thin_plate_spline"))(X[1:2, None]))  # it is infinite there
    found = grad(lambda e: interpolate.RBFInterpolator(X[:, None], Y, kernel="gaussian",
                                                       epsilon=e)([[0.5]])[0])(0.9)  # fmt: skip
    plain = lambda e: scipy.interpolate.RBFInterpolator(
        X[:, None], Y, kernel="gaussian", epsilon=e)([[0.5]])[0]  # fmt: skip
    assert found == pytest.approx((plain(0.9 + 1e-6) - plain(0.9 - 1e-6)) / 2e-6, rel=1e-6)
    with pytest.raises(ValueError, match="epsilon"):
        grad(lambda y: interpolate.RBFInterpolator(X[:, None], y, kernel="gaussian")([[1.0]])[0])(Y)
    near = interpolate.RBFInterpolator(X[:, None], Y, neighbors=3)
    np.testing.assert_array_equal(near(P[:, None]), scipy.interpolate.RBFInterpolator(
        X[:, None], Y, neighbors=3)(P[:, None]))  # fmt: skip
    assert near.neighbors == 3


def test_splines_of_constants_are_scipys():
    for make in ("CubicSpline", "make_interp_spline", "PchipInterpolator", "Akima1DInterpolator"):
        mine, theirs = (getattr(m, make)(X, Y) for m in (interpolate, scipy.interpolate))
        assert isinstance(mine, type(theirs))
        np.testing.assert_array_equal(mine(P, 1), theirs(P, 1))
    grid = interpolate.RegularGridInterpolator((X,), Y)
    np.testing.assert_array_equal(grid.grid[0], X)
    places = jvp(interpolate.Akima1DInterpolator(X, np.stack([Y, Y]), axis=1), (P,), (P,))[1]
    assert places.shape == (2, 5)
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


@pytest.mark.part(2)
@pytest.mark.slow
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


def test_simpson_with_places_of_their_own_in_each_row():
    y, places = RNG.normal(size=(3, 5)), np.cumsum(RNG.uniform(0.5, 1, (3, 5)), axis=1)
    for x, axis in ((places, -1), (places.T.copy(), 0)):
        y = y if axis else y.T
        of = lambda m, y, x=x, axis=axis: m.simpson(y, x=x, axis=axis)
        _agrees(partial(of, integrate), partial(of, scipy.integrate), y)


def test_infinite_values_of_splines_are_scipys_error():
    for make in ("CubicSpline", "PchipInterpolator", "Akima1DInterpolator"):
        spline = lambda y, m=make: getattr(interpolate, m)(X, np.where(Y > 1, np.inf, y))(1.0)
        with pytest.raises(ValueError, match="finite"):
            grad(spline)(Y)


@pytest.mark.slow
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


REFUSED = {
    "output": (lambda x: ndimage.sobel(x, output=np.zeros((4, 5))), "output="),
    "sigma": (lambda x: ndimage.gaussian_filter(R, x[0, 0]), "no derivative in sigma"),
    "whole numbers": (lambda x: ndimage.sobel(x, output=int), "output="),
    "real numbers of complex ones": (
        lambda x: ndimage.sobel(x + 1j, output=float), "output="),
    "another filter": (lambda x: ndimage.generic_filter(x, np.max, 3), "ndimage.generic_filter"),
    "t": (lambda x: signal.resample(x, 3, t=np.arange(4.0)), "t="),
    "a long axis": (
        lambda x: signal.resample(np.concatenate([x[0]] * 2000), 9), "up to 8192"),
    "knots": (lambda x: interpolate.CubicSpline(x[0], x[0]), "no derivative in x"),
    "periodic": (lambda x: interpolate.CubicSpline(X[:5], x[0], bc_type="periodic"), "bc_type="),
    "bc_type": (
        lambda x: interpolate.make_interp_spline(X[:5], x[0], bc_type="natural"), "CubicSpline"),
    "complex values": (
        lambda x: interpolate.PchipInterpolator(X[:5], x[0] + 1j).derivative(), "real values"),
    "neighbors": (
        lambda x: interpolate.RBFInterpolator(x[:, :2], x[:, 2], neighbors=3)(x[:, :2]),
        "neighbors="),
    "a monotonic grid": (
        lambda x: interpolate.RegularGridInterpolator((X[:4], X[:5]), x, "pchip")([[0.1, 0.2]]),
        "linear"),
    "distances": (lambda x: integrate.simpson(R[0], dx=x[0, 0]), "no derivative in dx"),
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
