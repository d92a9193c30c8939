"""For every function of the table: does the result share memory, and is a write as NumPy's?"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from cases import EVERY
from cases.case import Case

import autograd_core
from autograd_core import (
    AutogradError,
    Dual,
    InPlaceError,
    Tensor,
    grad,
    jvp,
    stop_gradient,
    value_and_grad,
    vmap,
)
from autograd_core.base import tree

windows = np.lib.stride_tricks.sliding_window_view
# NumPy's result cannot be written yet ("a future version will"); ours can.
MAY_BE_WRITTEN = ("diagonal", "linalg.diagonal", "diag-extract")
# NumPy's can be written with a warning; ours is refused.
MAY_NOT_BE_WRITTEN = ("broadcast_arrays",)


def _shared(case: Case):
    """Return the forms of a case whose one result shares memory with its one changed argument."""
    found = []
    for k, f in enumerate((case.f, *case.forms)):
        xs = case.arguments()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outs = [o for o in tree.leaves(f(*xs)) if isinstance(o, np.ndarray)]
        for place, x in enumerate(xs):
            for which, out in enumerate(outs):
                if np.shares_memory(out, x):
                    found.append((f, place, which, f"{case.name}-{k}-{place}-{which}"))
    return found


SHARED = [one for case in EVERY for one in _shared(case)]
ARGUMENTS = {case.name: case.arguments for case in EVERY}
forms = pytest.mark.parametrize(("f", "place", "which", "name"), SHARED, ids=[s[3] for s in SHARED])


def _case(name):
    return ARGUMENTS[name.rsplit("-", 3)[0]]()


def _part(f, xs, which):
    leaves = [o for o in tree.leaves(f(*xs)) if isinstance(o, (np.ndarray, Tensor)) or o.ndim]
    return leaves[which]


def _writeable(name, f, which):
    base = name.rsplit("-", 3)[0]
    if base.startswith(MAY_NOT_BE_WRITTEN):
        return False
    return base.startswith(MAY_BE_WRITTEN) or _part(f, _case(name), which).flags.writeable


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@forms
def test_a_write_to_the_argument_shows_in_the_result(f, place, which, name) -> None:
    plain = _case(name)
    seen = _part(f, plain, which)
    for kind in ("constant", "tracked"):
        xs = _case(name)
        w = Tensor(xs[place], requires_grad=True)
        given = [Tensor(x) for x in xs]
        if kind == "tracked":
            given[place] = w * 1.0
        out = _part(f, given, which)
        given[place] *= 3.0
        np.testing.assert_allclose(out.detach().numpy(), seen * 3.0, rtol=1e-14)
        if kind == "tracked":
            if w.dtype.kind == "c":
                out = np.real(out)
            out.sum().backward()
            once = Tensor(xs[place], requires_grad=True)
            given[place] = once * 3.0
            again = _part(f, given, which)
            (np.real(again) if w.dtype.kind == "c" else again).sum().backward()
            np.testing.assert_allclose(w.grad.data, once.grad.data, rtol=1e-14)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@forms
def test_a_write_to_the_result_shows_in_the_argument(f, place, which, name) -> None:
    xs = _case(name)
    w = Tensor(xs[place], requires_grad=True)
    tracked = w * 1.0
    constant = Tensor(xs[place])
    if not _writeable(name, f, which):
        for y in (tracked, constant):
            out = _part(f, [*xs[:place], y, *xs[place + 1 :]], which)
            with pytest.raises(AutogradError, match="share memory"):
                out *= 3.0
        return
    expected = xs[place].copy()
    out = _part(f, [*xs[:place], expected, *xs[place + 1 :]], which)
    if not out.flags.writeable:
        out.flags.writeable = True
    out *= 3.0
    for y in (tracked, constant):
        out = _part(f, [*xs[:place], y, *xs[place + 1 :]], which)
        out *= 3.0
        np.testing.assert_allclose(y.detach().numpy(), expected, rtol=1e-14)
    slopes = np.where(xs[place] == expected, 1.0, 3.0)
    (np.real(tracked) if w.dtype.kind == "c" else tracked).sum().backward()
    np.testing.assert_allclose(w.grad.data, slopes)
    leaf = Tensor(xs[place], requires_grad=True)
    out = _part(f, [*xs[:place], leaf, *xs[place + 1 :]], which)
    with pytest.raises(InPlaceError, match="leaf that requires grad"):
        out *= 3.0
    np.testing.assert_array_equal(leaf.data, xs[place])
    constant = Tensor(xs[place])
    out = _part(f, [*xs[:place], constant, *xs[place + 1 :]], which)
    out[...] = 7.0
    assert np.all(constant.numpy()[xs[place] != expected] == 7.0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.untraced
@pytest.mark.parametrize("case", EVERY, ids=str)
def test_where_numpy_copies_the_result_is_a_copy(case: Case) -> None:
    xs = case.arguments()
    plain = [o for o in tree.leaves(case.f(*xs)) if np.ndim(o)]
    given = [Tensor(x) for x in xs]
    ours = [o for o in tree.leaves(case.f(*given)) if np.ndim(o)]
    for a, b in zip(plain, ours, strict=True):
        if isinstance(b, Tensor):
            for x, y in zip(xs, given, strict=True):
                assert np.shares_memory(a, x) == np.shares_memory(b.data, y.data) or not y.ndim


NUMBERS = {
    "None": lambda y: y[None],
    "...": lambda y: y[...],
    "reshape": lambda y: np.reshape(y, (1,)),
    "reshape 0-d": lambda y: y.reshape(()),
    "atleast_1d": np.atleast_1d,
    "atleast_3d": np.atleast_3d,
    "expand_dims": lambda y: np.expand_dims(y, 0),
    "T": lambda y: y.T,
    "ravel": np.ravel,
    "view of a view": lambda y: y[None][None, 0],
}


@pytest.mark.parametrize("name", NUMBERS)
def test_views_of_a_number_write_through(name: str) -> None:
    f = NUMBERS[name]
    w = Tensor(3.0, requires_grad=True)
    y = w * w
    v = f(y)
    v *= 5.0
    assert y.item() == 45.0
    (y * y).backward()
    assert w.grad.item() == 2700.0
    c = Tensor(2.0)
    v = f(c)
    v[...] = 7.0
    assert c.item() == 7.0
    c += 1.0
    assert v.sum().item() == 8.0
    with pytest.raises(InPlaceError):
        f(w).__imul__(2.0)


def test_numbers_inside_of_a_transform_are_copied_as_numpy_s() -> None:
    def f(x):
        y = np.sum(x)
        v = np.reshape(y, (1,))
        v *= 2
        return np.sum(y * v)

    np.testing.assert_allclose(grad(f)(np.ones(2)), [8.0, 8.0])
    assert f(np.ones(2)) == 8.0


def test_nan_to_num_in_place() -> None:
    for start in ([1.0, np.nan, np.inf], [1.0 + 1j, np.nan, 2.0]):
        plain = np.array(start)
        np.nan_to_num(plain, copy=False)
        w = Tensor(start, requires_grad=True)
        y, c = w * 1.0, Tensor(start)
        for t in (y, c):
            assert np.nan_to_num(t, copy=False) is t
            np.testing.assert_array_equal(t.detach().numpy(), plain)
        np.real(y).sum().backward()
        assert w.grad.data[0] == 1.0
        with pytest.raises(InPlaceError):
            np.nan_to_num(w, copy=False)


def test_astype_without_a_copy() -> None:
    y = Tensor([1.0, 2.0], requires_grad=True) * 1.0
    assert y.astype(float, copy=False) is y
    if hasattr(np, "astype"):  # pragma: no branch - NumPy 2
        assert np.astype(y, float, copy=False) is y
        assert np.astype(y, float) is not y


def test_windows() -> None:
    x = np.arange(6.0)

    def f(x):
        return (windows(x, 3) ** 2 * np.arange(3.0)).sum() + np.einsum("i->i", x).sum()

    numerical = [(f(x + h) - f(x - h)) / 2e-6 for h in 1e-6 * np.eye(6)]
    np.testing.assert_allclose(grad(f)(x), numerical, rtol=1e-6)
    value, slopes = autograd_core.compile(f)(x)
    np.testing.assert_allclose(value, f(x))
    np.testing.assert_allclose(slopes, numerical, rtol=1e-6)
    np.testing.assert_allclose(vmap(grad(f))(np.stack([x, x]))[1], grad(f)(x))
    np.testing.assert_allclose(grad(lambda z: vmap(f)(z).sum())(np.stack([x, x]))[0], grad(f)(x))
    np.testing.assert_allclose(jvp(f, (x,), (np.ones(6),))[1], np.sum(numerical), rtol=1e-6)
    many = np.ones((2, 4, 5))
    for axis in (None, 1, (1, 2), -1):
        shape = 2 if isinstance(axis, int) else (1,) * 3 if axis is None else (2, 2)
        found = vmap(lambda z, a=axis, s=shape: windows(z, s, a))(many[None])
        np.testing.assert_array_equal(found[0], windows(many, shape, axis))
    y = Tensor(x, requires_grad=True) * 1.0
    seen = windows(y, 3)
    y *= 2.0
    np.testing.assert_array_equal(seen.detach().numpy(), windows(2 * x, 3))
    with pytest.raises(ValueError, match="windows overlap"):
        windows(y, 3, writeable=True)
    with pytest.raises(InPlaceError, match="share memory"):
        seen *= 2.0

    def write(x):
        seen = windows(x * 1.0, 3)
        seen *= 2.0
        return seen.sum()

    with pytest.raises(InPlaceError, match="share memory"):
        grad(write)(x)


def test_arrays_that_numpy_makes_of_the_memory_are_refused() -> None:
    y = Tensor([[1.0, 2.0]], requires_grad=True) * 1.0
    for view in (
        lambda: np.lib.stride_tricks.as_strided(y, (1,), (8,)),
        lambda: np.nditer(y),
        lambda: np.asarray(y),
        lambda: np.array(y, copy=False),
        lambda: memoryview(y),
    ):
        with pytest.raises((AutogradError, TypeError)):
            view()


def test_a_grid_is_a_copy_unless_asked() -> None:
    y = Tensor([1.0, 2.0])
    for sparse in (False, True):
        a, _ = np.meshgrid(y, y, sparse=sparse)
        a *= 5.0
    np.testing.assert_array_equal(y.numpy(), [1.0, 2.0])
    a, _ = np.meshgrid(y, y, sparse=True, copy=False)
    a *= 5.0
    np.testing.assert_array_equal(y.numpy(), [5.0, 10.0])


@pytest.mark.parametrize("index", [0, (..., 0), (0, ...)], ids=str)
def test_one_element_is_a_view_where_numpy_has_one_under_vmap_too(index):
    """x[..., 0] is an array that shares memory, x[0] a number."""

    def f(x, y):
        z = x * 1.0
        part = z[index]
        z[:2] += y
        return part * 1.0

    xs, ys = np.arange(6.0).reshape(2, 3), np.array([10.0, 20.0])
    expected = [f(x, y) for x, y in zip(xs, ys, strict=True)]
    np.testing.assert_array_equal(vmap(f)(xs, ys), expected)
    slopes = vmap(grad(f, (0, 1)))(xs, ys)
    each = [grad(f, (0, 1))(x, y) for x, y in zip(xs, ys, strict=True)]
    for k in (0, 1):
        np.testing.assert_array_equal(slopes[k], [one[k] for one in each])


@pytest.mark.parametrize("shape", [(1,), (3,), (1, 1), (1, 3), (3, 1), (2, 3)])
@pytest.mark.parametrize("reps", [1, 2, (1,), (3, 1), (1, 1, 1), (2, 2)], ids=str)
def test_a_tile_is_a_copy_whatever_is_repeated(shape, reps):
    """Of one number repeated, or of nothing repeated, a reshape would be a view."""
    x = Tensor(np.ones(shape), requires_grad=True) * 2.0
    tiled = np.tile(x, reps)
    x[...] = 5.0
    np.testing.assert_array_equal(tiled.detach().numpy(), np.tile(np.full(shape, 2.0), reps))


def leaf(value):
    return Tensor(value, requires_grad=True)


def reshape_of_a_transpose(x):
    y = x * 1
    z = y.T.reshape(4)  # a copy
    z *= 5
    return np.sum(y * y) + np.sum(z)


def fancy_columns(x):
    y = x * 1
    z = y[:, [0, 1]]  # a copy
    z *= 5
    return np.sum(y)


def fortran_ravel(x):
    y = x * 1
    z = np.ravel(y, order="F")
    z *= 5
    return np.sum(y * y)


def real_part(x):
    y = x * x
    r = y.real  # a view
    r *= 5
    return np.sum(y * y)


def cast_without_copy(x):
    y = x * x
    r = y.astype(float, copy=False)  # the same array
    r *= 5
    return np.sum(y * y)


def broadcast_to_itself(x):
    y = x * x
    r = np.broadcast_arrays(y, y)[0]
    r = r if isinstance(r, Tensor | Dual) else y  # NumPy's own answer is read-only
    r *= 5
    return np.sum(y * y)


@pytest.mark.parametrize(
    "f",
    [reshape_of_a_transpose, fancy_columns, fortran_ravel, real_part, cast_without_copy,
     broadcast_to_itself],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_copies_and_views_as_in_numpy(f):
    x = np.arange(1.0, 5.0).reshape(2, 2)
    expected = f(x.copy())
    numeric = np.zeros_like(x)
    for index in np.ndindex(2, 2):
        step = np.zeros_like(x)
        step[index] = 1e-6
        numeric[index] = (f(x + step) - f(x - step)) / 2e-6
    value, g = value_and_grad(f)(x)
    assert value == pytest.approx(expected)
    np.testing.assert_allclose(g, numeric, rtol=1e-6, atol=1e-6)
    assert jvp(f, (x,), (np.ones((2, 2)),))[1] == pytest.approx(numeric.sum(), rel=1e-6)
    t = leaf(x)
    out = f(t)
    assert out.item() == pytest.approx(expected)
    out.backward()
    np.testing.assert_allclose(t.grad.data, numeric, rtol=1e-6, atol=1e-6)


def test_many_nested_views_need_no_recursion():
    y = leaf(np.ones(2)) * 1
    views = [y]
    for _ in range(1500):
        views.append(views[-1][:])
    y += 1
    np.testing.assert_array_equal(views[-1].data, [2.0, 2.0])


def test_a_transform_never_writes_into_the_callers_array():
    a = np.ones(3)

    def f(x):
        stop_gradient(x)[0] = 7.0  # changes the constant alone
        return np.sum(x)

    np.testing.assert_array_equal(grad(f)(a), np.ones(3))
    assert jvp(f, (a,), (a,)) == (3.0, 3.0)
    np.testing.assert_array_equal(a, np.ones(3))
