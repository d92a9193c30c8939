"""What compile needed of the engine around it, each where it failed before."""

import numpy as np
import pytest

import nn
from autograd_core import Tensor, compile, grad, stop_gradient, value_and_grad, vmap


def loop(f, rows):
    return np.stack([f(row) for row in rows])


ROWS = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.5]])


def test_a_constant_cut_under_vmap():
    f = grad(lambda x: np.sum(x * stop_gradient(x)))
    assert np.array_equal(vmap(f)(ROWS), loop(f, ROWS))


def test_views_follow_in_place_changes_under_vmap():
    def total(x):
        y = x * 2
        z = y[1:]
        z *= 3.0
        return np.sum(y * y)

    f = grad(total)
    assert np.allclose(vmap(f)(ROWS), loop(f, ROWS))
    assert np.allclose(f(ROWS[0]), ROWS[0] * np.array([8.0, 72.0, 72.0]))


def test_running_extremes_under_vmap():
    f = lambda x: np.maximum.accumulate(x) + np.minimum.accumulate(x)
    assert np.array_equal(vmap(f)(ROWS), loop(f, ROWS))
    g = grad(lambda x: np.sum(f(x) * np.array([1.0, 2.0, 3.0])))
    assert np.array_equal(vmap(g)(ROWS), loop(g, ROWS))


def test_max_pooling_under_vmap():
    x = np.random.default_rng(0).normal(size=(2, 1, 1, 4, 4))
    f = grad(lambda x: np.sum(nn.functional.max_pool2d(x, 2) ** 2))
    assert np.array_equal(vmap(f)(x), loop(f, x))


def test_the_gradients_of_einsum_are_products():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(30, 40)), rng.normal(size=(40, 50))
    by_labels = grad(lambda a, b: np.sum(np.einsum("ij,jk->ik", a, b) ** 2), (0, 1))(a, b)
    by_product = grad(lambda a, b: np.sum((a @ b) ** 2), (0, 1))(a, b)
    for one, other in zip(by_labels, by_product, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_a_detached_tensor_still_remembers_its_cut():
    x = Tensor([1.0, 2.0], requires_grad=True)
    assert x.detach()._cuts[0][0] == "detach"


FUNCTIONS = (
    np.nanmax, np.nanmin, np.nansum, np.nanmean, np.nanprod, np.nan_to_num, np.cumprod, np.cumsum,
    np.prod, np.sum, np.max, np.min, np.mean, np.std, np.median, np.sort, np.argsort, np.abs,
    np.square, np.diff, np.flip, np.average, np.gradient,
)  # fmt: skip
WHOLE = {f.__name__: f for f in FUNCTIONS} | {
    "clip": lambda a: np.clip(a, 0, 2),
    "quantile": lambda a: np.quantile(a, 0.3),
    "outer": lambda a: np.outer(a, a),
    "dot": lambda a: a @ a,
    "convolve": lambda a: np.convolve(a, a),
    "diff, twice": lambda a: np.diff(a, 2, prepend=a[:1]),
}


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("dtype", ["i8", "i1", "u2", "?"])
def test_functions_of_whole_numbers_beside_the_argument(name, dtype):
    """Constants to the engine, which asks NumPy; in a program they are computed like the rest."""
    a = np.array([1, 2, 3]).astype(dtype)

    def f(x, a):
        return np.sum(x * WHOLE[name](a))

    try:
        wanted = value_and_grad(f)(2.0, a)
    except TypeError:  # of truths, as in NumPy
        with pytest.raises(TypeError):
            compile(f)(2.0, a)
        return
    assert wanted[0] == f(2.0, a)
    assert compile(f)(2.0, a) == wanted
