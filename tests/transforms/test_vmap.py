"""vmap against a loop over the examples and np.stack."""

import warnings

import numpy as np
import pytest

from autograd_core import (
    LoopWarning,
    OperandError,
    Tensor,
    grad,
    gradcheck,
    hessian,
    jacobian,
    jvp,
    primitive,
    stop_gradient,
    vmap,
)
from autograd_core.base import errors

RNG = np.random.default_rng(1)
X, Y = RNG.normal(size=(5, 4)), RNG.normal(size=(5, 4))
M, N = RNG.normal(size=(5, 4, 4)), RNG.normal(size=(5, 4, 3))
S = M @ np.swapaxes(M, 1, 2) + np.eye(4)
A = RNG.normal(size=(3, 4))
C = RNG.normal(size=(5, 2, 3, 4))
IDS = RNG.integers(0, 4, size=(5, 3))
LABEL = RNG.integers(0, 4, size=5)

CASES = {
    "arithmetic": (lambda x, y: np.sin(x) * y + 2 - x / (1 + y * y), (X, Y)),
    "ranks differ": (lambda x, m: m * x + x[0], (X, M)),
    "matmul bb": (lambda m, n: m @ n, (M, N)),
    "matmul vm": (lambda x, m: x @ m, (X, M)),
    "matmul mv": (lambda m, x: m @ x, (M, X)),
    "matmul vv": (lambda x, y: x @ y, (X, Y)),
    "matmul shared left": (lambda x: A @ x, (X,)),
    "matmul shared right": (lambda x: x @ A.T, (X,)),
    "matmul shared left of matrix": (lambda m: A @ m, (M,)),
    "matmul shared left of narrow": (lambda n: A @ n, (N,)),
    "matmul shared right of matrix": (lambda m: m @ A.T, (M,)),
    "matmul shared stack": (lambda x: C[0] @ x, (X,)),
    "matmul stack by vector": (lambda c, x: c @ x, (C, X)),
    "matmul stack by matrix": (lambda c, m: c @ m, (C, M)),
    "matmul vector by shared stack": (lambda x: x @ np.swapaxes(C[0], 1, 2), (X,)),
    "einsum": (lambda m, x: np.einsum("ij,j->i", m, x), (M, X)),
    "einsum trace": (lambda m: np.einsum("ii->", m), (M,)),
    "einsum shared": (lambda x: np.einsum("ij,j->i", A, x), (X,)),
    "tensordot": (lambda m, n: np.tensordot(m, n, 1), (M, N)),
    "outer": (np.outer, (X, Y)),
    "sum": (lambda c: np.sum(c, axis=(0, 2)), (C,)),
    "sum all keep": (lambda c: np.sum(c, keepdims=True), (C,)),
    "mean var": (lambda c: np.mean(c, axis=-1) + np.var(c, axis=2), (C,)),
    "std": (lambda x: np.std(x), (X,)),
    "max min": (lambda c: np.max(c, axis=0) - np.min(c), (C,)),
    "prod": (lambda x: np.prod(x), (X,)),
    "cumsum": (lambda c: np.cumsum(c, axis=1), (C,)),
    "cumsum flat": (lambda c: np.cumsum(c), (C,)),
    "reshape": (lambda c: c.reshape(2, -1), (C,)),
    "ravel": (lambda c: np.ravel(c), (C,)),
    "transpose": (lambda c: np.transpose(c, (2, 0, 1)) + c.T[:, :2, :2], (C[:, :, :2],)),
    "swapaxes": (lambda c: np.swapaxes(c, 0, -1), (C,)),
    "moveaxis": (lambda c: np.moveaxis(c, -1, 0), (C,)),
    "expand squeeze": (lambda x: np.squeeze(np.expand_dims(x, (0, 2))) + x[None].squeeze(), (X,)),
    "flip roll": (lambda c: np.flip(np.roll(c, 1, axis=1), 0), (C,)),
    "flip all, roll flat": (lambda c: np.flip(np.roll(c, 3)), (C,)),
    "repeat tile": (lambda x: np.repeat(x, 2) + np.tile(x, 2), (X,)),
    "repeat axis": (lambda c: np.repeat(c, [1, 2, 0], axis=1), (C,)),
    "tril triu": (lambda m: np.tril(m) - np.triu(m, 1), (M,)),
    "tril of a vector": (lambda x: np.tril(x), (X,)),
    "broadcast_to": (lambda x: np.broadcast_to(x, (3, 4)), (X,)),
    "astype copy real": (lambda x: x.astype(np.float32).copy().real, (X,)),
    "pad": (lambda c: np.pad(c, ((0, 0), (1, 2), (0, 1))), (C,)),
    "concatenate": (lambda x, m: np.concatenate([x, m[0], A[0]]), (X, M)),
    "stack": (lambda x, y: np.stack([x, y, A[0]], axis=1), (X, Y)),
    "diag trace": (lambda m: np.diag(m) * np.trace(m), (M,)),
    "slices": (lambda c: c[0, ::2, ..., 1:], (C,)),
    "newaxis": (lambda x: x[:, None] - x[None], (X,)),
    "mask": (lambda x: x[np.array([True, False, True, True])], (X,)),
    "index array": (lambda c: c[:, [0, 2, 2]], (C,)),
    "index arrays apart": (lambda c: c[[0, 1], :, [2, 3]], (C,)),
    "ellipsis and array": (lambda c: c[..., [1, 0]], (C,)),
    "own index": (lambda x, i: x[i], (X, IDS)),
    "own index of rows": (lambda m, i: m[i], (M, IDS)),
    "own indices": (lambda m, i: m[i, 1], (M, IDS)),
    "own label": (lambda x, k: x[k], (X, LABEL)),
    "own index behind a slice": (lambda m, i: m[:, i], (M, IDS)),
    "take": (lambda x, i: np.take(x, i), (X, IDS)),
    "take along": (lambda x, i: np.take_along_axis(x, i, 0), (X, IDS)),
    "sort": (lambda x: np.sort(x), (X,)),
    "argsort": (lambda x: np.argsort(-x), (X,)),
    "argmax": (lambda c: np.argmax(c), (C,)),
    "argmax axis": (lambda c: np.argmax(c, axis=1), (C,)),
    "where": (lambda x, y: np.where(x > y, x, 0.1), (X, Y)),
    "where of constants": (lambda x: np.where(x > 0, 1.0, -1.0), (X,)),
    "where of a shared array": (lambda x: np.where(x > 0, A, 0.0), (X,)),
    "clip": (lambda x: np.clip(x, -0.5, 0.5), (X,)),
    "comparisons": (lambda x, y: (x > y) & ~(x < 0) | np.isfinite(y), (X, Y)),
    "any all": (lambda c: np.any(c > 1, axis=0) | np.all(c > -1), (C,)),
    "count_nonzero": (lambda x: np.count_nonzero(x > 0), (X,)),
    "zeros_like": (lambda x: np.zeros_like(x) + np.full_like(x, 2.0), (X,)),
    "shape": (lambda x: x * np.shape(x)[0] * np.ndim(x) * np.size(x) * len(x), (X,)),
    "assign": (lambda x, y: _assigned(x, y), (X, Y)),
    "view": (lambda x, y: _through_view(x, y), (M, Y)),
    "augmented": (lambda x, y: _augmented(x, y), (X, Y)),
    "inv det": (lambda m: np.linalg.inv(m) * np.linalg.det(m), (M,)),
    "slogdet": (lambda m: np.linalg.slogdet(m)[1], (M,)),
    "solve": (lambda m, x: np.linalg.solve(m, x), (M, X)),
    "solve shared matrix": (lambda x: np.linalg.solve(M[0], x), (X,)),
    "solve matrix": (lambda m, n: np.linalg.solve(m, n), (M, N)),
    "cholesky": (lambda s: np.linalg.cholesky(s), (S,)),
    "norm": (lambda x: np.linalg.norm(x), (X,)),
    "fft": (lambda x: np.fft.irfft(np.fft.rfft(x) * 2, 4) + np.abs(np.fft.fft(x)), (X,)),
    "fft along an axis": (lambda c: np.real(np.fft.ifft(c, axis=0)), (C,)),
    "isclose": (lambda x, y: np.isclose(x, y, atol=0.5), (X, Y)),
    "gradient of fft": (
        lambda x: grad(lambda z: np.sum(np.abs(np.fft.rfft(z)) ** 2))(x), (X,)),
    "stop_gradient": (lambda x: stop_gradient(x) * 2, (X,)),
    "gradient": (lambda x: grad(lambda z: np.sum(np.tanh(z) ** 2))(x), (X,)),
    "gradient of sort": (lambda x: grad(lambda z: np.sort(z) @ np.arange(4.0))(x), (X,)),
    "gradient of own index": (lambda x, i: grad(lambda z: np.sum(z[i] ** 2))(x), (X, IDS)),
    "gradient of own rows": (lambda m, i: grad(lambda z: np.sum(z[i] ** 2))(m), (M, IDS)),
    "gradient of where": (lambda x, y: grad(lambda z: np.sum(np.where(z > y, z**2, 0)))(x), (X, Y)),
    "gradient of assign": (lambda x, y: grad(lambda z: np.sum(_assigned(z, y) ** 2))(x), (X, Y)),
    "gradient of max": (lambda c: grad(lambda z: np.sum(np.max(z, axis=1) ** 2))(c), (C,)),
    "gradient of a stack product": (lambda c, m: grad(lambda z: np.sum((c @ z) ** 2))(m), (C, M)),
    "jvp": (lambda x, y: jvp(np.tanh, (x,), (y,))[1], (X, Y)),
    "jacobian": (lambda x: jacobian(lambda z: np.tanh(A @ z))(x), (X,)),
    "hessian": (lambda x: hessian(lambda z: np.prod(np.sin(z)))(x), (X,)),
    "vmap": (lambda x: vmap(lambda y: np.sum(np.where(x > y, x, y)))(Y), (X,)),
    "vmap of both": (lambda x, m: vmap(lambda a, r: a * np.sum(r))(x, m), (X, M)),
}  # fmt: skip


def _assigned(x, y):
    x = x + 0
    x[1:3] = y[:2] * 2
    x[[0]] = 7.0
    return x


def _through_view(m, y):
    m = m + 0
    row = m[1]
    row += y
    return m


def _augmented(x, y):
    x = x * 1
    x += y
    x *= 2
    return x


@pytest.mark.parametrize("name", CASES)
def test_like_a_loop(name):
    f, args = CASES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LoopWarning)
        made = vmap(f)(*args)
    loop = np.stack([np.asarray(f(*(a[k] for a in args))) for k in range(5)])
    assert made.shape == loop.shape
    assert made.dtype == loop.dtype
    np.testing.assert_allclose(made, loop, rtol=1e-12, atol=1e-12)


SMOOTH = [
    "arithmetic", "matmul bb", "matmul mv", "matmul shared left of narrow", "einsum", "std", "prod",
    "pad", "concatenate", "index arrays apart", "own index", "sort", "where", "assign", "inv det",
    "solve", "cholesky", "logsumexp",
]  # fmt: skip


@pytest.mark.parametrize("name", [n for n in SMOOTH if n in CASES])
def test_gradient_through_vmap(name):
    f, args = CASES[name]
    w = RNG.normal(size=vmap(f)(*args).shape)
    through = grad(lambda x: np.sum(vmap(f)(x, *args[1:]) * w))(args[0])
    loop = np.stack(
        [
            grad(lambda x, k=k: np.sum(f(x, *(a[k] for a in args[1:])) * w[k]))(args[0][k])
            for k in range(5)
        ]
    )
    np.testing.assert_allclose(through, loop, rtol=1e-10, atol=1e-12)


def test_shared_values_get_the_sum_over_the_batch():
    w = Tensor(A, requires_grad=True)
    np.sum(vmap(lambda x: np.tanh(w @ x))(X)).backward()
    expected = grad(lambda w: np.sum(np.tanh(X @ w.T)))(A)
    np.testing.assert_allclose(w.grad.numpy(), expected, rtol=1e-12)


def test_gradients_of_each_example():
    def loss(w, x, label):
        z = w @ x
        return np.log(np.sum(np.exp(z))) - z[label]

    each = vmap(grad(loss), in_axes=(None, 0, 0))(A, X, LABEL % 3)
    loop = np.stack([grad(loss)(A, X[k], LABEL[k] % 3) for k in range(5)])
    np.testing.assert_allclose(each, loop, rtol=1e-12)


def test_a_table_looked_up_by_own_indices():
    table = Tensor(A.T.copy(), requires_grad=True)
    made = vmap(lambda i: np.sum(table[i] ** 2))(IDS)
    np.testing.assert_allclose(made.detach().numpy(), np.sum(A.T[IDS] ** 2, axis=(1, 2)))
    np.sum(made).backward()
    counts = np.bincount(IDS.ravel(), minlength=4)[:, None]
    np.testing.assert_allclose(table.grad.numpy(), 2 * A.T * counts, rtol=1e-12)


@pytest.mark.parametrize(
    ("in_axes", "args"),
    [
        (0, (X, Y)),
        ((0, None), (X, Y[0])),
        ((None, 0), (X[0], Y)),
        ((1, 0), (X.T, Y)),
        ((-1, 0), (X.T, Y)),
    ],
)
@pytest.mark.parametrize("out_axes", [0, 1, -1])
def test_axes(in_axes, args, out_axes):
    made = vmap(lambda x, y: np.sin(x) * y, in_axes, out_axes)(*args)
    x = args[0] if args[0].shape == (5, 4) else args[0].T
    expected = np.sin(x) * args[1]
    np.testing.assert_allclose(made, expected if out_axes == 0 else expected.T)


def test_nests_of_arguments_and_results():
    f = lambda d, k: {"sum": d["x"] + d["y"] * k, "first": (d["x"][0],)}
    made = vmap(f, in_axes=({"x": 0, "y": None}, None), out_axes={"sum": 1, "first": 0})(
        {"x": X, "y": Y[0]}, 3
    )
    np.testing.assert_allclose(made["sum"], (X + Y[0] * 3).T)
    np.testing.assert_allclose(made["first"][0], X[:, 0])


def test_a_result_that_no_example_changes_is_repeated():
    assert np.array_equal(vmap(lambda x: A[0])(X), np.tile(A[0], (5, 1)))


def test_other_primitives_loop_and_say_so_once():
    odd = primitive(lambda x: x[::-1] * x.sum(), jvp=lambda ts, y, x: ts[0][::-1] * x.sum()
                    + x[::-1] * ts[0].sum(), name="odd_one")  # fmt: skip
    with pytest.warns(LoopWarning, match="odd_one"):
        made = vmap(odd)(X)
    np.testing.assert_allclose(made, np.stack([odd(x) for x in X]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(vmap(odd)(Y), np.stack([odd(y) for y in Y]))
    through = grad(lambda x: np.sum(vmap(odd)(x) ** 2))(X)
    np.testing.assert_allclose(
        through, np.stack([grad(lambda x: np.sum(odd(x) ** 2))(x) for x in X])
    )


@pytest.mark.parametrize(
    ("run", "error", "words"),
    [
        (
            lambda: vmap(lambda x: x if x > 0 else -x)(np.ones(3)),
            errors.ConversionError,
            "np.where",
        ),
        (lambda: vmap(lambda x: float(x))(np.ones(3)), errors.ConversionError, "float"),
        (lambda: vmap(lambda x: x.item())(np.ones(3)), errors.ConversionError, "item"),
        (lambda: vmap(np.add)(np.ones(3), np.ones(4)), errors.ShapeError, "3, 4"),
        (lambda: vmap(np.sin, in_axes=None)(np.ones(3)), errors.ShapeError, "no argument"),
        (lambda: vmap(np.sin, in_axes=2)(np.ones(3)), errors.ShapeError, "axis 2"),
        (lambda: vmap(np.sin)(1.0), errors.ShapeError, "shape \\(\\)"),
        (lambda: vmap(np.sin, in_axes=(0, 0))(np.ones(3)), errors.ShapeError, "2 entries"),
        (lambda: vmap(np.sin, in_axes=({"x": 0},))(np.ones(3)), errors.ShapeError, "nested"),
        (lambda: vmap(np.sin, out_axes=None)(np.ones(3)), errors.ShapeError, "out_axes"),
        (lambda: vmap(lambda i: A[i])(LABEL), errors.ConversionError, "index"),
        (lambda: vmap(lambda i: A.T[i])(IDS), errors.ConversionError, "Tensor\\(table\\)"),
    ],
)
def test_bad_input(run, error, words):
    with pytest.raises(error, match=words):
        run()


@pytest.mark.parametrize("operation", ["+", "-", "*", "/"])
def test_operators_of_a_batch_and_plain_values(operation) -> None:
    """What needs no aligning goes straight to the arrays; the rest must not."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 3)) + 3
    apply = eval(f"lambda a, b: a {operation} b")
    others = [2.0, 3, rng.normal(size=3) + 3, rng.normal(size=(2, 3)) + 3, np.float64(1.5),
              rng.normal(size=(5, 4, 3)) + 3, np.array(2.0)]  # fmt: skip
    for other in others:
        for f in (lambda v, w=other: apply(v, w), lambda v, w=other: apply(w, v)):
            np.testing.assert_array_equal(vmap(f)(x), np.stack([f(v) for v in x]))
    scalars = x[:, 0]  # one number an example, beside vectors of another batch axis
    np.testing.assert_array_equal(
        vmap(apply)(scalars, x), np.stack([apply(s, v) for s, v in zip(scalars, x, strict=True)])
    )
    nested = vmap(lambda v: vmap(lambda a: apply(a, v))(x))(x)
    np.testing.assert_array_equal(nested, np.stack([apply(x, v) for v in x]))
    with pytest.raises(errors.ShapeError, match=r"\(3,\)"):
        vmap(lambda v: apply(v, np.ones(2)))(x)
    with pytest.raises(errors.ShapeError, match=r"\(3,\)"):
        vmap(lambda v: apply(v, v[:2]))(x)


def test_comparisons_with_tolerances_of_their_own() -> None:
    x = np.array([0.4, 1.2])
    rtol = np.array([1e-2, 1e-9])
    made = vmap(lambda r: np.isclose(x, x + 1e-3, rtol=r))(rtol)
    np.testing.assert_array_equal(made, [[True, True], [False, False]])
    made = vmap(lambda a, t: np.isclose(a, x + 1e-3, 0.0, t))(np.stack([x, x]), rtol)
    np.testing.assert_array_equal(made, [[True, True], [False, False]])


def test_what_depends_on_shapes_alone_and_what_is_no_array() -> None:
    batch = np.ones((2, 3))

    def f(a):
        path = np.einsum_path("i,i->", a, a)[0]
        return np.einsum("i,i->", a, a, optimize=path)

    np.testing.assert_array_equal(vmap(f)(batch), [3.0, 3.0])
    assert vmap(lambda a: np.all(a > 0, None, None, True))(batch).shape == (2, 1)
    with pytest.raises(OperandError, match="class float64"):
        vmap(np.common_type)(batch)


def test_ranks_under_vmap():
    a = np.random.default_rng(5).normal(size=(3, 4, 2))
    b = np.ones((3, 4))
    found = vmap(np.linalg.lstsq)(a, b)
    for part, column in zip(found, zip(*map(np.linalg.lstsq, a, b), strict=True), strict=True):
        np.testing.assert_allclose(part, np.stack(column), rtol=1e-10)
    a[1, :, 1] = a[1, :, 0]
    with pytest.raises(errors.LinearAlgebraError, match="some matrices under vmap lack full rank"):
        vmap(np.linalg.lstsq)(a, b)
    wide, right = a.mT, b[:, :2]  # without residuals: each example has its own rank
    x, _, ranks, _ = vmap(np.linalg.lstsq)(wide, right)
    assert ranks.tolist() == [2, 1, 2]
    np.testing.assert_allclose(x[1], np.linalg.lstsq(wide[1], right[1])[0], rtol=1e-10)
    slopes = vmap(grad(lambda a, b: np.sum(np.linalg.lstsq(a, b)[0] ** 2)))(wide, right)
    for k in (0, 2):
        gradcheck(lambda a, k=k: np.linalg.lstsq(a, right[k])[0], wide[k], order=1)
        one = grad(lambda a, k=k: np.sum(np.linalg.lstsq(a, right[k])[0] ** 2))(wide[k])
        np.testing.assert_allclose(slopes[k], one, rtol=1e-9)
