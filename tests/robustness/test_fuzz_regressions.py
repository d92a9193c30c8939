"""What random programs (tests/fuzz.py) have found, each kept out by a row here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from table import slope

import autograd_core as ac
from autograd_core import AutogradError, OverwrittenError, Tensor, grad, gradients, jvp, vmap
from autograd_core.base import tree

X = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]])
YES = X > 0
RNG = np.random.default_rng(75)

# name -> (function, arguments): the value, its shape and its dtype are NumPy's
VALUES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "divmod-number": (lambda x: divmod(1.5, x), (X,)),
    "nansum-keepdims-1": (lambda x: np.nansum(x, axis=0, keepdims=1), (X,)),
    "var-keepdims-1": (lambda x: np.var(x, axis=0, keepdims=1), (X,)),
    "var-float32": (lambda x: np.var(x, dtype=np.float32), (X,)),
    "nanstd-float32": (lambda x: np.nanstd(x, axis=0, dtype=np.float32), (X,)),
    "std-no-freedom": (lambda x: np.std(x[:0, 0], ddof=1), (X,)),
    "nanvar-no-freedom": (lambda x: np.nanvar(x[:1, 0], ddof=2), (X,)),
    "cov-one-observation": (lambda x: np.cov(x[:, :1]), (X,)),
    "cov-row-as-variables": (lambda x: np.cov(x[:1], rowvar=False, ddof=0), (X,)),
    "cov-nothing": (lambda x: np.cov(x[:0] * 1j), (X,)),
    "average-of-booleans": (lambda x: np.average(x > 0, weights=np.sin(x > 0) + 1.5), (X,)),
    "logaddexp-of-booleans": (lambda x: np.logaddexp.reduce(x > 0), (X,)),
    "norm-of-booleans": (lambda x: np.linalg.norm(x > 0, 1), (X,)),
    "cumprod-of-booleans": (lambda x: np.cumprod((x > 0)[0]), (X,)),
    "clip-of-integers": (lambda x: x.astype(int).clip(None, None), (X,)),
    "conj-of-booleans": (lambda x: (x > 0).conj(), (X,)),
    "cumprod-of-a-number": (lambda x: np.cumprod(np.sum(x), axis=0), (X,)),
    "diff-0-of-a-number": (lambda x: np.diff(np.sum(x), n=0), (X,)),
    "pad-of-a-number": (lambda x: np.pad(np.sum(x), 1, mode="edge"), (X,)),
    "piecewise-of-a-number": (
        lambda x: np.piecewise(np.sum(x), [np.sum(x) > 0], [np.sin, lambda z: z * z]),
        (X,),
    ),
    "poly-of-a-matrix": (lambda x: np.poly(x[:, :2]), (X,)),
    "poly-of-nothing": (lambda x: np.poly(x[0, :0]) + x[0, 0], (X,)),
    "polymul-leading-zeros": (
        lambda x: np.polymul(np.append([0.0, 0.0], x[0]), np.append(0.0, x[1])),
        (X,),
    ),
    "geomspace-nan": (lambda x: np.geomspace(x, 3.0, 2), (np.array([0.5, np.nan]),)),
    "poly-half": (lambda x: np.poly(np.sin(x > 0)[0]), (X,)),
    "polydiv-complex": (lambda x: np.polydiv(x[0, :1], 1j * x[1])[0], (X,)),
    "polyval-list-float32": (lambda x: np.polyval([0.5, 1.0], x.astype(np.float32)), (X,)),
    "nanquantile-empty": (lambda x: np.nanquantile(x[:0], [0.2, 0.5], axis=1), (X,)),
    "nan_to_num-complex": (lambda x: np.nan_to_num(x * (1 + 1j) / 0.0), (np.maximum(X, 0.1),)),
    "modf-infinity": (lambda x: np.modf(x)[0], (np.array([1.5, np.inf, -np.inf]),)),
    "resize-of-nothing": (lambda x: np.resize(x[:0], (2, 2)), (X,)),
    "along-nothing": (lambda x: np.apply_along_axis(np.cumsum, 1, x[:, :0]), (X,)),
    "vmap-number-axis-0": (lambda x: x.max(0), (np.float64(1.5),)),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_value_is_numpy_s(name: str) -> None:
    f, args = VALUES[name]
    with np.errstate(all="ignore"), _quiet():
        expected = tree.leaves(f(*args))
        found = tree.leaves(f(*[Tensor(a, requires_grad=True) for a in args]))
    for e, part in zip(expected, found, strict=True):
        got = part.detach().data if isinstance(part, Tensor) else np.asarray(part)
        assert got.shape == np.shape(e)
        assert got.dtype == np.asarray(e).dtype
        np.testing.assert_allclose(got, e, rtol=1e-6 if got.dtype.char in "efF" else 1e-13)


def _quiet() -> Any:
    import warnings

    return warnings.catch_warnings(action="ignore")


# calls that NumPy refuses, so the engine must too, with an error of its own
REFUSED: dict[str, Callable[[Any], Any]] = {
    "norm-axis-of-a-number": lambda x: np.linalg.norm(np.sum(x), 2, axis=0),
    "vector_norm-axis-of-a-number": lambda x: np.linalg.vector_norm(np.sum(x), axis=0),
    "average-no-weight": lambda x: np.average(x, weights=x * 0),
    "average-of-nothing": lambda x: np.average(x[:, :0], axis=0),
    "diff-negative": lambda x: np.diff(x, -1),
    "where-one-choice": lambda x: np.where(x > 0, x),
    "where-one-choice-empty": lambda x: np.where(x[:0] > 0, x[:0]),
    "multi_dot-stack": lambda x: np.linalg.multi_dot([x[None], x.T[None], x[None]]),
    "multi_dot-alone": lambda x: np.linalg.multi_dot([x]),
    "poly-of-a-stack": lambda x: np.poly(x[None]),
    "polydiv-of-a-matrix": lambda x: np.polydiv(x[:, :1], x[:, :1]),
    "polyadd-of-a-matrix": lambda x: np.polyadd(x[0], x),
    "polyder-of-a-matrix": lambda x: np.polyder(x),
    "cov-of-a-stack": lambda x: np.cov(x[None]),
    "cov-half-freedom": lambda x: np.cov(x, ddof=0.5),
    "pad-no-width": lambda x: np.pad(np.sum(x), []),
    "pad-float-width": lambda x: np.pad(x, 1.5),
    "pad-nonsense-of-a-number": lambda x: np.pad(np.sum(x), 1, mode="nonsense"),
    "pad-empty-axis": lambda x: np.pad(x[:0], 1, mode="mean"),
    "matvec-of-a-vector": lambda x: np.matvec(x[0], x),
    "vecmat-of-a-vector": lambda x: np.vecmat(x[0], x[0]),
    "interp-short": lambda x: np.interp(x[:0], [0.0, 1.0], [1.0]),
    "quantile-complex": lambda x: np.quantile(x * 1j, 0.5),
    "vsplit-vector": lambda x: np.vsplit(x[0], 1),
    "hsplit-number": lambda x: np.hsplit(np.sum(x), 1),
    "dsplit-matrix": lambda x: np.dsplit(x, 1),
    "rot90-number": lambda x: np.rot90(np.sum(x), 0),
    "along-no-rows": lambda x: np.apply_along_axis(np.cumsum, 1, x[:0]),
    "copyto-narrower": lambda x: np.copyto(x * 1.0, x * 1j),
    "gradient-edge-of-a-number": lambda x: np.gradient(np.sum(x), edge_order=5),
    "hfft-norm": lambda x: np.fft.hfft(x, norm="bad"),
    "accumulate-number": lambda x: np.multiply.accumulate(np.sum(x)),
    "broadcast-written": lambda x: np.broadcast_to(x * 1.0, (4, 2, 3)).__iadd__(1.0),
    "in-a-number": lambda x: 0.5 in np.sum(x),
    "iteration-of-a-number": lambda x: list(np.sum(x)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_numpy_refuses_is_refused(name: str) -> None:
    with np.errstate(all="ignore"), _quiet():
        with pytest.raises(Exception) as theirs:  # noqa: PT011 - whatever NumPy raises
            REFUSED[name](X)
        assert not isinstance(theirs.value, AutogradError)
        with pytest.raises(AutogradError):
            REFUSED[name](Tensor(X, requires_grad=True))


# what NumPy takes and the engine cannot differentiate: refused, not ignored
UNSUPPORTED: dict[str, Callable[[Any], Any]] = {
    "sum-dtype-int": lambda x: np.sum(x, dtype=int),
    "exp-dtype-int": lambda x: np.negative(x, dtype=int, casting="unsafe"),
    "prod-complex-as-real": lambda x: np.prod(x * 1j, dtype=float),
    "var-dtype-int": lambda x: np.var(x, dtype=int),
    "var-complex-as-real": lambda x: np.var(x * 1j, dtype=float),
    "eigvalsh-nan": lambda x: np.linalg.eigvalsh(x[:, :2] * np.nan),
    "svd-infinity": lambda x: np.linalg.svdvals(x / 0.0),
    "pinv-nan": lambda x: np.linalg.pinv(x * np.nan),
    "lstsq-nan": lambda x: np.linalg.lstsq(x * np.nan, np.ones(2)),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_has_no_derivative_is_refused(name: str) -> None:
    with np.errstate(all="ignore"), _quiet(), pytest.raises(AutogradError):
        UNSUPPORTED[name](Tensor(X, requires_grad=True))


@pytest.mark.parametrize("part", [0, 1, 2])
def test_second_order_on_a_tape_through_an_operation_with_several_results(part: int) -> None:
    """A recorded sweep makes a second node for each part; the gradients of both were not added."""

    def f(x: Any) -> Any:
        return np.sum(np.sin(np.linalg.svd(x, full_matrices=False)[part]))

    x, v = RNG.normal(size=(3, 3)), RNG.normal(size=(3, 3))
    t = Tensor(x, requires_grad=True)
    (first,) = gradients(f(t), [t], create_graph=True)
    (second,) = gradients(np.sum(first * v), [t])
    (numerical,) = slope(grad(f), [x], [v])
    np.testing.assert_allclose(second.data, numerical, rtol=1e-6, atol=1e-6)


def test_a_part_that_was_overwritten_is_found() -> None:
    """The rule of svd reads its results; one of them changed in place gave wrong gradients."""
    t = Tensor(RNG.normal(size=(3, 3)), requires_grad=True)
    u, _, _ = np.linalg.svd(t)
    u *= 2.0
    with pytest.raises(OverwrittenError, match="svd"):
        np.sum(u).backward()


def test_views_are_followed_in_place_under_vmap() -> None:
    """A Tensor over a batch: its views share memory too."""

    def f(x: Any) -> Any:
        y = x * 1.0
        y[::-1][0] *= 3.0
        z = y[1:]
        z *= y[:2]
        return np.sum(y * y)

    x = RNG.normal(size=(4, 3))
    np.testing.assert_allclose(vmap(grad(f))(x), np.stack([grad(f)(row) for row in x]))


def test_running_extremes_and_casts_under_vmap() -> None:
    """Both called themselves for ever."""
    x = RNG.normal(size=(4, 3))
    f = lambda row: np.minimum.accumulate(row) * row.astype(int)
    with _quiet():
        np.testing.assert_allclose(vmap(f)(x), np.stack([f(row) for row in x]))


@pytest.mark.parametrize("f", [lambda x: x.max(0), lambda x: np.sum(x, axis=-1),
                               lambda x: np.cumsum(x, axis=0)])  # fmt: skip
def test_numbers_have_an_axis_0_under_vmap(f: Any) -> None:
    x = RNG.normal(size=4)
    np.testing.assert_array_equal(vmap(f)(x), np.stack([f(row) for row in x]))


def test_a_bad_axis_under_vmap_is_an_error_of_the_engine() -> None:
    with pytest.raises(AutogradError, match="sum"):
        vmap(lambda x: np.sum(x, axis=3))(X)


def test_a_tape_made_inside_vmap_comes_out_as_a_batch() -> None:
    def by_tape(x: Any) -> Any:
        inner = Tensor(x, requires_grad=True)
        np.sum(inner * inner * inner).backward(create_graph=True)
        return inner.grad

    found = vmap(by_tape)(X)
    assert isinstance(found, np.ndarray)
    np.testing.assert_allclose(found, 3 * X * X)


def test_division_by_a_python_zero_goes_to_infinity() -> None:
    with np.errstate(all="ignore"):
        assert grad(lambda x: x / 0)(1.5) == np.inf


@pytest.mark.parametrize("f", [lambda x, c: x / c, lambda x, c: x**c], ids=["divide", "power"])
def test_a_narrow_constant_does_not_round_the_gradient(f: Any) -> None:
    x, c = np.array([1.1, 2.3]), np.array([0.7, 1.9], dtype=np.float32)
    wide = grad(lambda x: np.sum(f(x, c.astype(float))))(x)
    np.testing.assert_allclose(grad(lambda x: np.sum(f(x, c)))(x), wide, rtol=1e-15)
    np.testing.assert_allclose(jvp(lambda x: f(x, c), (x,), (np.ones(2),))[1], wide, rtol=1e-15)


def test_gradients_of_empty_and_of_0_d_values() -> None:
    empty = grad(lambda x: np.sum(np.matmul(np.ones((0, 2, 3)), x)))(np.ones((3, 2)))
    np.testing.assert_array_equal(empty, np.zeros((3, 2)))
    assert grad(lambda x: np.sum(np.repeat(x, 3, axis=0)))(1.5) == 3.0


def test_a_forward_rule_that_fails_is_named() -> None:
    broken = ac.elementwise(lambda x: x * 1.0, lambda y, x: [][0], name="broken")
    with pytest.raises(ac.RuleError, match=r"broken: its derivative rule raised IndexError"):
        jvp(broken, (1.0,), (1.0,))


def test_dependent_columns_have_no_qr_derivative() -> None:
    with pytest.raises(AutogradError, match="linearly dependent"):
        grad(lambda x: np.sum(np.linalg.qr(np.stack([x, x], axis=1))[1]))(np.arange(1.0, 4.0))


def test_the_result_of_a_checkpoint_may_be_changed_in_place() -> None:
    t = Tensor(X, requires_grad=True)
    y = ac.checkpoint(np.sin)(t)
    y -= 1.5
    np.sum(y * 2.0).backward()
    np.testing.assert_allclose(t.grad.data, 2 * np.cos(X))


def test_geomspace_ends_where_it_should() -> None:
    x = Tensor(np.array([0.3, 0.7]), requires_grad=True)
    made = np.geomspace(x, 3.0, 4)
    assert np.all(made.detach().data[-1] == 3.0)
    np.testing.assert_array_equal(made.detach().data[0], x.data)
    weights = np.arange(1.0, 5.0)[:, None]
    np.sum(made * weights).backward()
    (numerical,) = slope(
        lambda x: np.sum(np.geomspace(x, 3.0, 4) * weights), [x.data], [np.ones(2)]
    )
    np.testing.assert_allclose(np.sum(x.grad.data), numerical, rtol=1e-7)


@pytest.mark.parametrize("extreme", [np.minimum, np.maximum])
def test_nan_stays_in_a_running_extreme(extreme: Any) -> None:
    x = np.array([[np.nan, 1.0], [2.0, np.nan], [3.0, 3.0]])
    made = extreme.accumulate(Tensor(x, requires_grad=True), axis=0)
    np.testing.assert_array_equal(made.detach().data, extreme.accumulate(x, axis=0))


@pytest.mark.parametrize(
    "scan", [np.cumprod, np.multiply.accumulate], ids=["cumprod", "accumulate"]
)
def test_a_running_product_of_one_has_memory_of_its_own(scan: Any) -> None:
    x = Tensor(np.array([[2.0], [3.0]]), requires_grad=True) * 1.0
    made = scan(x, axis=1)
    made += 1.0
    np.testing.assert_array_equal(x.detach().data, [[2.0], [3.0]])
