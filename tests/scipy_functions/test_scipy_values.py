"""scipy.linalg, signal, special, integrate here: SciPy's values, every keyword, derivatives."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

scipy = pytest.importorskip("scipy")
for _name in ("integrate", "linalg", "signal", "special", "stats"):
    pytest.importorskip(f"scipy.{_name}")
from cases import scipy_linalg  # noqa: E402
from cases.scipy_filters import signal_filters  # noqa: E402
from scipy_functions.walk_calls import CALLS as WALKED  # noqa: E402
from table import close, directions, outputs, slope  # noqa: E402

from autograd_core import Tensor, UnsupportedError, grad, jvp, vjp, vmap  # noqa: E402
from autograd_core.base import tree  # noqa: E402
from autograd_core.scipy import integrate, linalg, signal, special, stats  # noqa: E402

MODULES = {"linalg": linalg, "signal": signal, "special": special, "integrate": integrate}
STACKS = tuple(map(int, scipy.__version__.split(".")[:2])) >= (1, 16)
RNG = np.random.default_rng(15)


def _real(*shape: int) -> Any:
    return RNG.uniform(-1, 1, shape)


def _complex(*shape: int) -> Any:
    return _real(*shape) + 1j * _real(*shape)


def _square(n: int, *stack: int, kind: Callable[..., Any] = _real) -> Any:
    return kind(*stack, n, n) + 2.5 * np.eye(n)


def _positive(n: int, *stack: int, kind: Callable[..., Any] = _real) -> Any:
    a = kind(*stack, n, n)
    return a @ np.conj(np.swapaxes(a, -1, -2)) + np.eye(n)


Call = tuple[str, tuple[Any, ...], dict[str, Any]]


def _calls() -> list[Call]:
    """Each function with arrays (those that are differentiated) and settings."""
    calls: list[Call] = []
    stacks: list[tuple[int, ...]] = [(), (2,)] if STACKS else [()]
    for kind in (_real, _complex):
        for stack in stacks:
            a, b, v = _square(3, *stack, kind=kind), kind(*stack, 3, 2), kind(3)
            for lower in (False, True):
                for trans in (0, 1, 2, "N", "T", "C"):
                    for unit in (False, True):
                        how = {"trans": trans, "lower": lower, "unit_diagonal": unit}
                        calls += [("linalg.solve_triangular", (a, r), how) for r in (b, v)]
                calls += [("linalg.cho_solve", ((a, lower), r), {}) for r in (b, v)]
                spd = _positive(3, *stack, kind=kind)
                calls.append(("linalg.cholesky", (spd,), {"lower": lower}))
                calls.append(("linalg.cho_factor", (spd,), {"lower": lower}))
            for transposed in (False, True) if kind is _real else (False,):
                calls += [("linalg.solve", (a, r), {"transposed": transposed}) for r in (b, v)]
            calls.append(("linalg.solve", (a, b), {"assume_a": "gen", "check_finite": False}))
            for name in ("det", "inv", "expm", "sqrtm", "logm"):
                calls.append((f"linalg.{name}", (a,), {}))
        calls += [
            ("linalg.solve_triangular", (_square(2), kind(2)), {"overwrite_b": True}),
            ("linalg.solve_triangular", (_square(2), kind(2)), {"check_finite": False}),
            ("linalg.cholesky", (_positive(2),), {"overwrite_a": True, "check_finite": False}),
            ("linalg.cho_factor", (_positive(2),), {"overwrite_a": True, "check_finite": False}),
            ("linalg.cho_solve", ((_square(2), True), kind(2)), {"overwrite_b": True}),
            ("linalg.cho_solve", ((_square(2), True), kind(2)), {"check_finite": False}),
            ("linalg.det", (_square(2),), {"overwrite_a": True, "check_finite": False}),
            ("linalg.inv", (_square(2),), {"overwrite_a": True, "check_finite": False}),
            ("linalg.solve", (_square(2), kind(2)), {"overwrite_a": True, "overwrite_b": True}),
            ("linalg.solve", (_square(2), kind(2)), {"lower": True}),
            (
                "linalg.solve_sylvester",
                (_square(3, kind=kind), _square(2, kind=kind), kind(3, 2)),
                {},
            ),
        ]
        if STACKS:
            stack = (_square(3, 2, kind=kind), _square(2, 2, kind=kind), kind(2, 3, 2))
            calls.append(("linalg.solve_sylvester", stack, {}))
        ab = 0.3 * kind(4, 5) + np.eye(4)[2][:, None] * 2.0
        for right in (kind(5), kind(5, 2)):
            calls.append(("linalg.solve_banded", ((1, 2), ab, right), {}))
        how = {"overwrite_ab": True, "overwrite_b": True, "check_finite": False}
        calls.append(("linalg.solve_banded", ((1, 2), ab, kind(5)), how))
        for mode in ("full", "same", "valid"):
            for method in ("direct", "fft", "auto"):
                for s, u in (((5,), (3,)), ((3,), (5,)), ((4, 4), (4, 2)), ((1,), (1,))):
                    how = {"mode": mode, "method": method}
                    calls.append(("signal.convolve", (kind(*s), kind(*u)), how))
                    calls.append(("signal.correlate", (kind(*s), kind(*u)), how))
                    calls.append(("signal.fftconvolve", (kind(*s), kind(*u)), {"mode": mode}))
            calls.append(("signal.oaconvolve", (kind(4, 5), kind(2, 3)), {"mode": mode}))
        calls.append(("signal.convolve", (kind(), kind()), {}))
        calls.append(("signal.correlate", (kind(), kind()), {}))
    calls.append(("linalg.sqrtm", (np.array([[1.0, 2.0], [0.3, -2.0]]),), {}))  # complex of real
    calls.append(("linalg.logm", (np.array([[1.0, 2.0], [0.3, -2.0]]),), {}))
    calls.append(("linalg.expm", (np.zeros((2, 2)),), {}))
    x = _real(3, 4)
    for axis in (None, 0, -1, (0, 1)):
        for keepdims in (False, True):
            how = {"axis": axis, "keepdims": keepdims}
            calls.append(("special.logsumexp", (x,), how))
            for b in (np.array([1.0, 2.0, 0.5, 3.0]), np.array([2.0, 3.0, -0.5, -0.25])):
                calls.append(("special.logsumexp", (x,), {**how, "b": b}))
                calls.append(("special.logsumexp", (x,), {**how, "b": -b, "return_sign": True}))
        calls.append(("special.softmax", (x,), {"axis": axis}))
        calls.append(("special.log_softmax", (x,), {"axis": axis}))
    calls.append(("special.logsumexp", (np.array([1.0, -np.inf, 800.0]),), {}))
    calls.append(("special.softmax", (np.array([1.0, -np.inf, 800.0]),), {}))
    calls.append(("special.logsumexp", (np.array(0.3),), {}))
    if STACKS:
        calls.append(("special.logsumexp", (_complex(3),), {}))
    for n in (0, 1, 3, np.array([0, 2, 1])):
        calls.append(("special.polygamma", (n, np.array([0.4, 2.5, -1.3])), {}))
    for d in (1, 2, 4):
        calls.append(("special.multigammaln", (np.array([2.1, 5.0]),), {"d": d}))
    return calls


CALLS = _calls()


def _split(name: str, args: tuple[Any, ...]) -> tuple[Callable[..., Any], list[Any]]:
    """Return a function of the arrays, given SciPy's or ours, and the arrays."""
    if name == "linalg.cho_solve":
        (c, lower), b = args
        return (lambda f, c, b, **how: f((c, lower), b, **how)), [c, b]
    if name == "linalg.solve_banded":
        return (lambda f, ab, b, **how: f(args[0], ab, b, **how)), [args[1], args[2]]
    if name == "special.polygamma":
        return (lambda f, x, **how: f(args[0], x, **how)), [args[1]]
    return (lambda f, *xs, **how: f(*xs, **how)), list(args)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("name", "args", "how"), CALLS, ids=[f"{k}-{c[0]}" for k, c in enumerate(CALLS)]
)
def test_values_and_both_modes(name: str, args: Any, how: dict[str, Any]) -> None:
    module, function = name.split(".")
    mine = getattr(MODULES[module], function)
    theirs = getattr(getattr(scipy, module), function)
    call, arrays = _split(name, args)
    wanted = outputs(call(theirs, *map(np.copy, arrays), **how))
    for made in (
        call(mine, *map(np.copy, arrays), **how),
        call(mine, *(Tensor(a) for a in arrays), **how),
        call(mine, *(Tensor(a, requires_grad=True) for a in arrays), **how),
    ):
        for a, b in zip(outputs(made), wanted, strict=True):
            np.testing.assert_array_equal(a, b)

    def of(*xs: Any) -> Any:
        if function in ("cholesky", "cho_factor"):  # the derivative is of Hermitian matrices
            (a,) = xs
            xs = (0.5 * (a + np.conj(np.swapaxes(a, -1, -2))),)
        made = call(mine, *xs, **how)
        if function == "cho_factor":  # the other triangle is not the factor's
            made = np.tril(made[0]) if how.get("lower") else np.triu(made[0])
        return made[0] if how.get("return_sign") else made

    vs = [
        np.where(np.isfinite(a), v, 0) for a, v in zip(arrays, directions(arrays, 1), strict=True)
    ]
    if any(np.iscomplexobj(a) for a in arrays):
        turned = directions(arrays, 2)
        vs = [v + 1j * w if np.iscomplexobj(a) else v
              for a, v, w in zip(arrays, vs, turned, strict=True)]  # fmt: skip
    y, pushed = jvp(of, tuple(arrays), tuple(vs))
    h = 1e-5
    sides = [of(*[a + s * h * v for a, v in zip(arrays, vs, strict=True)]) for s in (1, -1)]
    numbers = np.isfinite(y)
    np.testing.assert_allclose(
        pushed[numbers], ((sides[0] - sides[1]) / (2 * h))[numbers], rtol=1e-6, atol=3e-7
    )
    if np.any(np.isnan(y)):
        return  # the logarithm of a negative sum: nothing to transpose
    # Re w J v = Re J'w v: transforms pair complex numbers without conjugates
    w = np.where(numbers, np.cos(np.arange(y.size)).reshape(y.shape), 0).astype(y.dtype)
    w = w * (1 + 0.5j) if np.iscomplexobj(y) else w
    pulled = vjp(of, *arrays)[1](w)
    pulled = pulled if isinstance(pulled, (tuple, list)) else (pulled,)
    left = np.sum(np.real(w * np.where(numbers, pushed, 0)))
    right = sum(np.sum(np.real(g * v)) for g, v in zip(pulled, vs, strict=True))
    assert left == pytest.approx(right, rel=1e-8, abs=1e-9)


# In tests of their own, of which those of filters have a table in tests/cases.
ELSEWHERE = {
    "odeint",
    "quad",
    "solve_ivp",
    "simpson",
    "zeta",
    "lambertw",
    "comb",
    "factorial",
    "bilinear",
    "deconvolve",
    *(name for name, *_ in signal_filters()),
    *(case.name.split("-")[1] for case in scipy_linalg.CASES),
    *["coherence", "csd", "istft", "periodogram", "stft", "welch"],
}


def test_every_public_function_is_called_with_every_keyword() -> None:
    seen: dict[str, set[str]] = {}
    for name, args, how in CALLS:
        parameters = list(inspect.signature(getattr(MODULES[name.split(".")[0]],
                                                    name.split(".")[1])).parameters)  # fmt: skip
        seen.setdefault(name, set()).update(parameters[: len(args)], how)
    for short, module in MODULES.items():
        for name, own in vars(module).items():
            if name.startswith("_") or not inspect.isfunction(own) or name in ELSEWHERE:
                continue
            if not own.__module__.startswith("autograd_core.scipy") or not hasattr(
                getattr(scipy, short), name
            ):  # a helper
                continue
            theirs = inspect.signature(getattr(getattr(scipy, short), name)).parameters
            ours = inspect.signature(own).parameters
            known = list(theirs) != ["args", "kwargs"]  # SciPy tells the arguments
            if known and not any(p.kind is p.VAR_KEYWORD for p in ours.values()):
                assert list(ours) == list(theirs), name  # names and order are SciPy's
                if f"{short}.{name}" not in seen:  # it has a row in the walk
                    assert f"{short}.{name}" in WALKED
                    continue
                assert set(ours) <= seen[f"{short}.{name}"] | {"axis", "b", "axes"}, name
    ours, theirs = (inspect.signature(m.odeint).parameters for m in (integrate, scipy.integrate))
    assert list(ours) == list(theirs)
    for name in ours:
        assert ours[name].default == theirs[name].default or name == "args"


def test_second_order_of_linear_algebra() -> None:
    a, b = _square(3), _real(3)
    spd = _positive(3)
    for f, x in (
        (lambda a: np.sum(np.sin(linalg.solve_triangular(a, b, trans="T"))), a),
        (lambda a: np.sum(np.sin(linalg.cho_solve((a, True), b))), a),
        (lambda a: np.sum(np.sin(linalg.cholesky(0.5 * (a + a.T)))), spd),
        (lambda a: np.sum(np.sin(linalg.solve(a, b))), a),
        (lambda a: np.sum(np.sin(linalg.expm(a))), a),
        (lambda a: np.sum(np.sin(linalg.logm(a))), spd),
        (lambda a: np.sum(np.sin(linalg.sqrtm(a))), spd),
        (lambda a: np.sum(np.sin(linalg.inv(a))), a),
        (lambda a: np.sin(special.logsumexp(a, b=b)), a),
        (lambda a: np.sum(special.softmax(a, 0) ** 3), a),
        (lambda a: np.sum(np.sin(signal.correlate(a, a)[1])), a),
        (lambda a: np.sum(special.polygamma(1, a)), a),
        (lambda a: np.sum(special.multigammaln(a + 3.0, 3)), a),
    ):
        v = directions([x], 3)[0]
        wanted = (grad(f)(x + 1e-5 * v) - grad(f)(x - 1e-5 * v)) / 2e-5
        np.testing.assert_allclose(jvp(grad(f), (x,), (v,))[1], wanted, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(
            grad(lambda x, f=f, v=v: np.sum(grad(f)(x) * v))(x), wanted, rtol=1e-5, atol=1e-6
        )


def test_sylvesters_equation_of_real_and_complex_matrices() -> None:
    # SciPy (1.17) hands a real Schur form to LAPACK's complex solver there
    a, b, q = np.array([[2.0, 1.0], [-1.0, 2.0]]), _square(2, kind=_complex), _complex(2, 2)
    x = linalg.solve_sylvester(Tensor(a), b, q).data
    np.testing.assert_allclose(a @ x + x @ b, q, rtol=1e-12)


def test_upper_cholesky_reads_the_upper_triangle() -> None:
    a = np.array([[4.0, 1.0], [-9.0, 3.0]])
    for x in (a, Tensor(a)):
        np.testing.assert_array_equal(np.asarray(tree.leaves(outputs(linalg.cholesky(x)))[0]),
                                      scipy.linalg.cholesky(a))  # fmt: skip


def test_under_vmap() -> None:
    a, b = _square(3, 4), _real(4, 3)
    for f in (linalg.inv, linalg.expm, linalg.sqrtm, linalg.logm):
        np.testing.assert_allclose(vmap(f)(a), [f(x) for x in a], rtol=1e-12)
    for f in (
        lambda a, b: np.sum(np.sin(linalg.solve_triangular(a, b))),
        lambda a, b: np.sum(np.sin(linalg.solve(a, b))),
        lambda a, b: special.logsumexp(a @ b, b=b),
    ):
        found = vmap(grad(f))(a, b)
        np.testing.assert_allclose(found, [grad(f)(x, y) for x, y in zip(a, b, strict=True)])


def test_reductions_under_vmap_take_the_whole_batch() -> None:
    x = _real(4, 3, 2)
    for f in (special.logsumexp, special.softmax, special.log_softmax):
        for axis in (None, 0, -1):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                found = vmap(lambda v, f=f, axis=axis: f(v, axis=axis))(x)
                slopes = vmap(grad(lambda v, f=f, axis=axis: np.sum(f(v, axis=axis) ** 2)))(x)
            np.testing.assert_allclose(found, [f(v, axis=axis) for v in x], rtol=1e-14)
            each = [grad(lambda v, f=f, a=axis: np.sum(f(v, axis=a) ** 2))(v) for v in x]
            np.testing.assert_allclose(slopes, each, rtol=1e-12, atol=1e-14)


def test_what_is_refused() -> None:
    a = Tensor(_positive(3), requires_grad=True)
    for call, said in (
        (lambda: linalg.inv(a, assume_a="pos"), "assume_a='pos'"),
        (lambda: signal.fftconvolve(a, a, axes=0), "axes= is not"),
        (lambda: signal.oaconvolve(a, a, axes=0), "axes= is not"),
        (lambda: special.comb(a, 2, repetition=True), "repetition=True"),
        (lambda: special.factorial(a, exact=True), "exact=True"),
        (lambda: special.zeta(a, out=np.zeros((3, 3))), "out="),
        (lambda: signal.bilinear([1.0], [1.0, 2.0], a[0, 0]), "no derivative in fs"),
        (lambda: stats.cramervonmises(a[0], special.ndtr), r"np\.sort"),
        (lambda: linalg.sqrtm(a, disp=False), "disp=False"),
        (lambda: linalg.solve_banded((0, 0), a.reshape(3, 1, 3), np.ones((3, 3))), "stacks"),
        (lambda: special.logsumexp(1j * a, return_sign=True), "return_sign"),
    ):
        with pytest.raises(UnsupportedError, match=said):
            call()
    with pytest.raises(TypeError, match="use 0, 1, 2"):
        linalg.solve_triangular(a, np.ones(3), trans="Q")
    with pytest.raises(Exception, match="no derivative is known"):
        grad(lambda n: special.polygamma(n, 1.0))(2.0)
    plain = _positive(3)
    np.testing.assert_array_equal(
        linalg.solve(plain, np.ones(3), assume_a="pos"),
        scipy.linalg.solve(plain, np.ones(3), assume_a="pos"),
    )


# --- vectors' distributions -------------------------------------------------------


NORMAL = stats.multivariate_normal
COV = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 1.5]])


@pytest.mark.parametrize("method", ["logpdf", "pdf"])
@pytest.mark.parametrize(
    ("x", "given"),
    [
        (_real(3), {"mean": _real(3), "cov": COV}),
        (_real(4, 3), {"mean": _real(3), "cov": COV}),
        (_real(2, 2, 3), {"mean": _real(3), "cov": COV}),
        (_real(3), {"mean": _real(3), "cov": 0.7}),
        (_real(3), {"mean": _real(3), "cov": np.array([0.5, 1.0, 2.0])}),
        (_real(4), {"cov": 2.0}),
        (_real(4), {}),
        (np.array(0.3), {"mean": 0.1, "cov": 2.0}),
        (_real(3), {"cov": COV}),
        (_real(3), {"cov": COV, "allow_singular": True}),
    ],
)
def test_multivariate_normal(method: str, x: Any, given: dict[str, Any]) -> None:
    theirs = getattr(scipy.stats.multivariate_normal, method)
    wanted = theirs(x, **given)
    mine = getattr(NORMAL, method)
    np.testing.assert_array_equal(mine(x, **given), wanted)
    np.testing.assert_array_equal(mine(Tensor(x, requires_grad=True), **given).data, wanted)
    held = NORMAL(**given)
    np.testing.assert_array_equal(getattr(held, method)(Tensor(x)).data, wanted)
    np.testing.assert_array_equal(getattr(held, method)(x), wanted)
    names = [n for n in given if n != "allow_singular"]
    values = [np.asarray(x), *(np.asarray(given[n], dtype=float) for n in names)]

    def of(x: Any, *parameters: Any) -> Any:
        every = {**given, **dict(zip(names, parameters, strict=True))}
        return mine(x, **every)

    vs = directions(values, 5)
    vs = [v + v.T if v.ndim == 2 and v.shape[0] == v.shape[1] else v for v in vs]
    pushed = jvp(of, tuple(values), tuple(vs))[1]
    close([pushed], slope(of, values, vs), rtol=1e-7)
    w = np.cos(np.arange(np.size(wanted))).reshape(np.shape(wanted))
    pulled = vjp(of, *values)[1](w)
    total = sum(np.sum(g * v) for g, v in zip(pulled, vs, strict=True))
    assert total == pytest.approx(np.sum(pushed * w), rel=1e-9)


def test_multivariate_normal_more() -> None:
    x = _real(3)
    own = scipy.stats.multivariate_normal
    np.testing.assert_array_equal(NORMAL.entropy(np.zeros(3), COV), own.entropy(np.zeros(3), COV))
    traced = NORMAL.entropy(cov=Tensor(COV, requires_grad=True))
    np.testing.assert_array_equal(traced.data, own.entropy(cov=COV))
    found = grad(lambda c: NORMAL(cov=c).entropy())(COV)
    np.testing.assert_allclose(found, 0.5 * np.linalg.inv(COV), rtol=1e-12)
    covariance = scipy.stats.Covariance.from_diagonal([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(
        NORMAL.logpdf(Tensor(x), cov=covariance).data, own.logpdf(x, cov=covariance)
    )
    np.testing.assert_allclose(
        grad(lambda x: NORMAL.logpdf(x, cov=covariance))(x), -x / [1.0, 2.0, 3.0]
    )
    flat = np.diag([1.0, 2.0, 0.0])  # singular: a density on a plane
    on, off = np.array([0.3, 0.4, 0.0]), np.array([0.3, 0.4, 1.0])
    f = lambda x: NORMAL.logpdf(x, None, flat, allow_singular=True)
    np.testing.assert_allclose(grad(f)(on), [-0.3, -0.2, 0.0], atol=1e-12)
    np.testing.assert_array_equal(grad(f)(off), np.zeros(3))
    with pytest.raises(np.linalg.LinAlgError, match="singular covariance"):
        grad(lambda c: NORMAL.logpdf(on, None, c, allow_singular=True))(flat)
    lopsided = COV + np.triu(np.ones((3, 3)), 1)  # SciPy reads the lower triangle
    np.testing.assert_allclose(
        grad(lambda x: NORMAL.logpdf(x, None, lopsided))(x), -np.linalg.solve(COV, x)
    )
    assert NORMAL.cdf(np.zeros(1)) == own.cdf(np.zeros(1))
    held = NORMAL(np.zeros(3), COV)
    np.testing.assert_array_equal(held.cov, COV)
    np.testing.assert_array_equal(held.rvs(2, 3), own(np.zeros(3), COV).rvs(2, 3))
    assert held.dim == 3
    mean = Tensor(np.zeros(3), requires_grad=True)
    assert NORMAL(mean, COV).mean is mean
    with pytest.raises(AttributeError):
        _ = held._nothing


ALPHA = np.array([1.2, 2.3, 0.8])


@pytest.mark.parametrize(
    "x",
    [np.array([0.2, 0.3]), np.array([[0.2, 0.1], [0.3, 0.4]]), np.array([0.2, 0.3, 0.5]),
     np.array([[0.2, 0.1], [0.3, 0.4], [0.5, 0.5]])],
)  # fmt: skip
def test_dirichlet(x: Any) -> None:
    own = scipy.stats.dirichlet
    for method in ("logpdf", "pdf"):
        mine = getattr(stats.dirichlet, method)
        wanted = getattr(own, method)(x, ALPHA)
        np.testing.assert_array_equal(mine(x, ALPHA), wanted)
        np.testing.assert_array_equal(mine(Tensor(x), Tensor(ALPHA)).data, wanted)
        held = stats.dirichlet(Tensor(ALPHA, requires_grad=True))
        np.testing.assert_array_equal(getattr(held, method)(x).data, wanted)
        xs, f = [ALPHA], lambda a, mine=mine: mine(x, a)
        if len(x) == 2:  # all K entries move on the simplex only, and SciPy refuses the rest
            xs, f = [x, ALPHA], mine
        vs = [0.1 * v for v in directions(xs, 1)]
        close([jvp(f, tuple(xs), tuple(vs))[1]], slope(f, xs, vs), rtol=1e-7)
    for method in ("mean", "var", "entropy"):
        mine, theirs = getattr(stats.dirichlet, method), getattr(own, method)
        np.testing.assert_array_equal(mine(ALPHA), theirs(ALPHA))
        np.testing.assert_array_equal(mine(Tensor(ALPHA)).data, theirs(ALPHA))
        v = directions([ALPHA], 2)
        close([jvp(mine, (ALPHA,), (v[0],))[1]], slope(theirs, [ALPHA], v), rtol=1e-7)
    np.testing.assert_array_equal(stats.dirichlet.cov(ALPHA), own.cov(ALPHA))
    np.testing.assert_array_equal(stats.dirichlet(ALPHA).mean(), own(ALPHA).mean())


# --- differential equations ---------------------------------------------------------


def _spring(y: Any, t: Any, p: Any, nothing: Any, name: Any, count: Any) -> Any:
    assert nothing is None
    assert name == "spring"
    assert count == 3
    assert isinstance(count, int)
    assert p["unused"] is None
    return [y[1], -p["k"] * y[0] - p["more"][0] * y[1]]


TIMES = [0.0, 0.7, 1.5]


def _end(y0: Any, t: Any, k: Any, c: Any, f: Any = _spring, **how: Any) -> Any:
    nest = {"k": k, "unused": None, "more": [c, "text"]}
    return integrate.odeint(f, y0, t, (nest, None, "spring", 3), **how)


TIGHT = {"rtol": 1e-11, "atol": 1e-11}


def test_odeint_takes_what_scipys_takes() -> None:
    given = (np.array([1.0, 0.2]), np.array(TIMES), np.array(1.7), np.array(0.1))
    wanted = _end(*given, **TIGHT)
    np.testing.assert_array_equal(_end(*(Tensor(g) for g in given), **TIGHT).data, wanted)
    plain = scipy.integrate.odeint(
        _spring, given[0], TIMES, ({"k": 1.7, "unused": None, "more": [0.1]}, None, "spring", 3),
        **TIGHT,
    )  # fmt: skip
    np.testing.assert_array_equal(plain, wanted)
    vs = directions(given, 4)
    f = lambda *xs: _end(*xs, **TIGHT)
    pushed = jvp(f, given, tuple(vs))[1]
    close([pushed], slope(f, given, vs), rtol=1e-6)
    w = np.cos(np.arange(wanted.size)).reshape(wanted.shape)
    pulled = vjp(f, *given)[1](w)
    assert sum(np.sum(g * v) for g, v in zip(pulled, vs, strict=True)) == pytest.approx(
        np.sum(pushed * w), rel=1e-6
    )


@pytest.mark.parametrize(
    "how",
    [
        {"tfirst": True},
        {"full_output": True},
        {"h0": 1e-4, "hmax": 0.1, "hmin": 1e-12},
        {"mxstep": 4000, "mxordn": 8, "mxords": 4, "mxhnil": 1},
        {"tcrit": [1.9]},
        {"rtol": [1e-11, 1e-10], "atol": [1e-11, 1e-10]},
        {"Dfun": lambda y, t, *rest: [[0.0, 1.0], [-rest[0]["k"], -rest[0]["more"][0]]]},
        {"Dfun": lambda y, t, *rest: [[0.0, -rest[0]["k"]], [1.0, -rest[0]["more"][0]]],
         "col_deriv": True},
        {"ml": 1, "mu": 1},
        {"ixpr": 0, "printmessg": 0},
    ],
)  # fmt: skip
def test_every_keyword_of_odeint(how: dict[str, Any]) -> None:
    y0 = np.array([1.0, 0.2])
    f = _spring
    if how.get("tfirst"):
        f = lambda t, y, *rest: _spring(y, t, *rest)
    every = {**TIGHT, **how}
    plain, traced = (_end(y0, TIMES, k, 0.1, f, **every) for k in (1.7, Tensor(1.7, True)))
    if how.get("full_output"):
        assert traced[1]["message"] == plain[1]["message"]
        plain, traced = plain[0], traced[0]
    np.testing.assert_array_equal(traced.data, plain)

    def end(k: Any) -> Any:
        made = _end(y0, TIMES, k, 0.1, f, **every)
        return np.sum((made[0] if how.get("full_output") else made)[-1])

    assert grad(end)(1.7) == pytest.approx((end(1.701) - end(1.699)) / 0.002, rel=1e-5)


def test_forms_of_odeints_state() -> None:
    decay = lambda y, t, k: -k * y
    wanted = scipy.integrate.odeint(decay, 1.0, [0, 1], (2.0,))
    made = integrate.odeint(decay, 1, [0, 1], Tensor(2.0, requires_grad=True))
    assert made.shape == wanted.shape == (2, 1)
    np.testing.assert_array_equal(made.data, wanted)
    k = Tensor(2.0, requires_grad=True)
    with pytest.raises(UnsupportedError, match="derivative would be lost"):
        integrate.odeint(lambda y, t: -k * y, Tensor([1.0], requires_grad=True), [0.0, 1.0])
    found = grad(lambda k: integrate.odeint(lambda y, t, k: (y[1], -k), [1, 0], [0, 1], (k,))[1, 0])
    assert found(2.0) == pytest.approx(-0.5, rel=1e-6)


@pytest.mark.parametrize(
    "solve",
    [
        lambda x, odeint: odeint(lambda y, t: [y[1], -y[0]], [x[0], x[1]], [0.0, 0.5, 1.0]),
        lambda x, odeint: odeint(lambda y, t: (y[1], -y[0]), (x[0], 1), (0, 0.5, 1)),
        lambda x, odeint: odeint(lambda y, t, k: [*y[1:], -k * y[0]], [1, 0.5], [0.0, *x], (x[0],)),
        lambda x, odeint: odeint(
            lambda y, t, p, q: [y[1] * q[1][0], -p["k"][0] * y[0] + p["m"]],
            [1.0, x[1]], [0.0, 1.0], ({"k": (x[0],), "m": 2}, ["text", [x[1]]]),
        ),
        lambda x, odeint: odeint(
            lambda t, y, k: [-k * y[0]], x[1], [0, x[0]], (x[0],), tfirst=True
        ),
    ],
)  # fmt: skip
def test_odeint_takes_lists_of_traced_numbers(solve: Any) -> None:
    x, h = np.array([0.7, 1.3]), 1e-5
    value = lambda x, odeint=integrate.odeint: np.sum(solve(x, odeint)[1:] ** 2)
    tight = partial(scipy.integrate.odeint, rtol=1e-10, atol=1e-10)
    plain = lambda x: value(x, tight)
    expected = [(plain(x + h * e) - plain(x - h * e)) / (2 * h) for e in np.eye(2)]
    np.testing.assert_allclose(grad(value)(x), expected, rtol=1e-5, atol=1e-6)
    slope = jvp(value, (x,), (np.array([1.0, -2.0]),))[1]
    np.testing.assert_allclose(slope, np.dot(expected, [1.0, -2.0]), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(vmap(value)(x[None]), [value(x)], rtol=1e-12)


def test_odeint_of_adjoints_takes_lists_and_holds_what_is_no_float() -> None:
    from autograd_core.adjoints import odeint

    def end(k: Any) -> Any:
        nest = {"k": k, "unused": None, "more": [0.1, "text"]}
        return np.sum(odeint(_spring, [1.0, 0.2], TIMES, nest, None, "spring", 3, **TIGHT)[-1])

    assert grad(end)(1.7) == pytest.approx((end(1.701) - end(1.699)) / 0.002, rel=1e-5)
    assert jvp(end, (1.7,), (1.0,))[1] == pytest.approx(grad(end)(1.7), rel=1e-8)
