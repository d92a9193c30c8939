"""einsum as a matrix product: every order of axes and of memory, beside the sum written out."""

import itertools

import numpy as np
import pytest

from autograd_core import Tensor, grad, jvp
from autograd_core.rules import products

LENGTHS = {"b": 3, "c": 2, "i": 4, "j": 5, "k": 6, "h": 2, "q": 3, "d": 4}


def written_out(subscripts, a, b):
    """Return the einsum as one sum over all labels, without einsum or matmul."""
    terms, result = subscripts.split("->")
    one, two = terms.split(",")
    labels = sorted(set(one + two))

    def spread(x, term):
        order = [term.index(c) for c in labels if c in term]
        shape = [x.shape[term.index(c)] if c in term else 1 for c in labels]
        return np.transpose(x, order).reshape(shape)

    kept = [c for c in labels if c in result]
    total = np.sum(
        spread(a, one) * spread(b, two),
        axis=tuple(k for k, c in enumerate(labels) if c not in result),
    )
    return np.transpose(total, [kept.index(c) for c in result])


def programs():
    rng = np.random.default_rng(0)
    for stack in ("", "b", "bc"):
        for one in itertools.permutations(stack + "ij"):
            for two in itertools.permutations(stack + "jk"):
                for _ in range(2):
                    result = rng.permutation(list(stack + "ik"))
                    yield f"{''.join(one)},{''.join(two)}->{''.join(result)}"


def operands(subscripts, kind, **lengths):
    rng = np.random.default_rng(1)
    terms = subscripts.split("->")[0].split(",")
    shapes = [[{**LENGTHS, **lengths}[c] for c in t] for t in terms]
    found = [rng.normal(size=s) for s in shapes]
    if np.dtype(kind).kind == "c":
        found = [x + 1j * rng.normal(size=x.shape) for x in found]
    return [x.astype(kind) for x in found]


@pytest.mark.parametrize("kind", ["float32", "complex128"])
def test_every_order_of_axes(kind):
    count = 0
    for subscripts in programs():
        a, b = operands(subscripts, kind)
        for one, two in ((a, b), (a[::-1], b[..., ::-1]), (np.asfortranarray(a), b * 1)):
            wanted = written_out(subscripts, one.astype("complex128"), two)
            t = Tensor(one, requires_grad=True)
            found = np.einsum(subscripts, t, two).data
            assert found.dtype == kind
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
        count += products._as_product(subscripts) is not None
    assert count > 1000


@pytest.mark.parametrize(
    "subscripts", ["bij,bjk->bik", "bhqd,bhkd->bhqk", "jbi,kjb->kib", "ij,kj->ki"]
)
def test_both_modes_are_the_differences(subscripts):
    a, b = operands(subscripts, "float64")
    weights = np.cos(np.arange(written_out(subscripts, a, b).size))

    def f(a, b):
        return np.sum(np.ravel(np.einsum(subscripts, a, b)) * weights)

    u, v = operands(subscripts, "float64")[0] + 1, np.sin(b)
    h = 1e-6
    wanted = (f(a + h * u, b + h * v) - f(a - h * u, b - h * v)) / (2 * h)
    ga, gb = grad(f, argnums=(0, 1))(a, b)
    ahead = jvp(f, (a, b), (u, v))[1]
    np.testing.assert_allclose([np.sum(ga * u) + np.sum(gb * v), ahead], wanted, rtol=1e-7)
    second = grad(lambda a: np.sum(grad(f, argnums=1)(a, b) * v))(a)
    one = (f(a + u, b + v) - f(a + u, b - v) - f(a - u, b + v) + f(a - u, b - v)) / 4
    np.testing.assert_allclose(np.sum(second * u), one, rtol=1e-9)  # bilinear: exact


def test_what_is_no_matrix_product_is_left_to_numpy():
    for subscripts in (
        "ij,jk", "ij,jk->", "ii,ik->ik", "ij,ij->ij", "i,j->ij", "ij,j->i", "bij,bjk->bk",
        "...ij,...jk->...ik", "ij, jk->ik", "ija,jk->ik",
    ):  # fmt: skip
        assert products._as_product(subscripts) is None


def test_lengths_of_one_are_spread_as_numpy_does_it():
    for lengths in ((1, 5), (5, 1)):
        a, b = (
            np.arange(4.0 * lengths[0]).reshape(4, -1),
            np.arange(6.0 * lengths[1]).reshape(-1, 6),
        )
        t = Tensor(a, requires_grad=True)
        y = np.einsum("ij,jk->ik", t, b)
        np.testing.assert_allclose(y.data, np.einsum("ij,jk->ik", a, b))
        y.sum().backward()
        assert t.grad.shape == a.shape
    with pytest.raises(ValueError, match=r"einsum|size|dimension|broadcast"):
        np.einsum("ij,jk->ik", Tensor(np.ones((2, 3)), requires_grad=True), np.ones((4, 5)))
