"""Functions along an axis of large arrays: the lines are shared among threads, the bits stay."""

import warnings

import numpy as np
import pytest

from autograd_core import Tensor, gradients, jvp
from autograd_core.base import tree
from autograd_core.operations import lines, pieces
from autograd_core.operations.saved_reads import values_read
from autograd_core.rules import reductions
from autograd_core.workers import use_kernels
from autograd_core.workers.threads import share

RNG = np.random.default_rng(8)
ALONG = {
    "max": np.max, "min": np.min, "prod": np.prod,
    "var": np.var, "std": np.std,
    "kept": lambda x, axis: np.var(x, axis=axis, keepdims=True),
    "kept max": lambda x, axis: np.max(x, axis=axis, keepdims=True),
    "of doubles": lambda x, axis: np.prod(x, axis=axis, dtype=float),
    "fft along the last axis": lambda x, axis: np.abs(np.fft.fft(x)),
    "fft": lambda x, axis: np.abs(np.fft.fft(x, axis=axis)),
    "longer fft": lambda x, axis: np.abs(np.fft.rfft(x, 200, axis=axis)),
    "irfft": lambda x, axis: np.fft.irfft(x, axis=axis),
}  # fmt: skip
SHAPES = {
    (96, 131): (0, 1, -1),
    (4, 70, 193): (0, 1, 2, (0, 1), (1, 2)),
    (1, 300, 65): (2,),
    (3, 8, 150, 9): ((2, 3), 1, (0, 1), (1, 2)),
}
PLACES = [(shape, axis) for shape, axes in SHAPES.items() for axis in axes]


@pytest.fixture
def shared(monkeypatch):
    """How many parts were shared, each time; arrays of every size are large."""
    counts = []

    def counting(task, count, threads):
        counts.append(count)
        share(task, count, threads)

    monkeypatch.setattr(lines, "share", counting)
    monkeypatch.setattr(lines, "LARGE", 1)
    monkeypatch.setattr(pieces, "PIECE", 1)
    return counts


def answers(f, x, axis):
    """The value, the gradient and the tangent."""
    leaf = Tensor(x, requires_grad=True)
    y = f(leaf, axis=axis)
    weights = np.cos(np.arange(y.size)).reshape(y.shape).astype(y.dtype)
    (g,) = gradients(y, [leaf], seed=weights)
    t = jvp(lambda x: f(x, axis=axis), (x,), (np.sin(x),))[1]
    return [y.data, np.asarray(g.data), np.asarray(t)]


@pytest.mark.part(4)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize(("shape", "axis"), PLACES, ids=str)
@pytest.mark.parametrize("name", ALONG)
def test_the_bits_are_those_of_one_call(name, shape, axis, dtype, shared, monkeypatch):
    f, x = ALONG[name], RNG.uniform(0.5, 1.1, shape).astype(dtype)
    if isinstance(axis, tuple) and "fft" in name:
        pytest.skip("along one axis only")
    with monkeypatch.context() as m:
        m.setattr(lines, "LARGE", 1 << 60)
        wanted = answers(f, x, axis)
    with use_kernels(threads=1):
        answers(f, x, axis)
    assert not shared
    with use_kernels(threads=2):
        found = answers(f, x, axis)
    for a, b in zip(found, wanted, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_array_equal(a, b)
    assert shared
    assert all(count > 1 for count in shared)


@pytest.mark.parametrize("seed", range(8))
def test_the_bits_of_random_shapes(seed, shared, monkeypatch):
    """Forty shapes each, worked along any axes, cut into any number of parts."""
    rng = np.random.default_rng(seed)
    for _ in range(40):
        ndim = int(rng.integers(2, 5))
        shape = tuple(rng.choice([1, 2, 3, 5, 17, 64, 131], ndim))
        if np.prod(shape) > 300_000:
            continue
        axis = tuple(int(k) for k in rng.permutation(ndim)[: rng.integers(1, ndim)])
        x = rng.uniform(0.5, 1.1, shape).astype(rng.choice(["f4", "f8"]))
        for name in ("max", "prod", "var", "std", "kept"):
            monkeypatch.setattr(pieces, "TURNS", int(rng.integers(1, 9)))
            with use_kernels(threads=2):
                found = answers(ALONG[name], x, axis)
            with use_kernels(threads=1):
                wanted = answers(ALONG[name], x, axis)
            for a, b in zip(found, wanted, strict=True):
                assert a.tobytes() == b.tobytes(), (name, shape, axis)
    assert len(shared) > 50


def test_other_layouts_and_whole_sums_are_one_call(shared):
    x = RNG.uniform(size=(80, 90))
    leaf = Tensor(x, requires_grad=True)
    with use_kernels(threads=2):
        for view in (np.transpose, lambda v: v[::2], lambda v: v[::-1]):
            found = np.max(view(leaf), axis=1)
            assert not shared
            np.testing.assert_array_equal(found.data, np.max(view(x), axis=1))
        np.max(Tensor(x, requires_grad=True))
        np.max(Tensor(x, requires_grad=True), axis=(0, 1))
        np.max(Tensor(x[0], requires_grad=True), axis=0)
        np.max(Tensor(x[:1], requires_grad=True), axis=1)
        np.max(Tensor(x.reshape(4, 20, 90), requires_grad=True), axis=(0, 2))
    assert not shared


def test_complaints_are_those_of_one_call(shared):
    x = np.full((70, 80), 1e200)
    with use_kernels(threads=2), pytest.warns(RuntimeWarning, match="overflow"):
        y = np.prod(Tensor(x, requires_grad=True), axis=1)
    assert np.isinf(y.data).all()
    with use_kernels(threads=2), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error")
        np.prod(Tensor(x, requires_grad=True), axis=1)
    assert shared


def test_arrays_that_are_broadcast_are_cut_or_taken_whole(shared):
    """A square matrix beside vectors of its side: nothing tells rows from columns but the axes."""
    x, row, column = RNG.uniform(size=(129, 129)), RNG.uniform(size=129), RNG.uniform(size=(129, 1))
    for axis in (0, 1):
        for function in (
            lambda x, row, column, *, axis: x * row - np.max(x, axis=axis, keepdims=True) * column,
            lambda x, row, column, *, axis: (x + row, np.sum(x * column, axis, keepdims=True)),
        ):
            wanted = function(x, row, column, axis=axis)
            cut = lines.in_lines(function, broadcast=True)
            with use_kernels(threads=2):
                found = cut(x, row, column, axis=axis)
            for a, b in zip(tree.leaves(found), tree.leaves(wanted), strict=True):
                np.testing.assert_array_equal(a, b)
    assert len(shared) == 4


def test_what_rules_read_is_seen_through_the_sharing():
    for rule, reads in (
        (reductions.variance.vjps[0], [1]),
        (reductions.max_.vjps[0], [0, 1]),
        (reductions.prod.vjps[0], [1]),
    ):
        found = values_read(rule, 1)
        assert [k for k in (0, 1) if k in found] == reads, rule


def test_numbers_in_the_other_byte_order_are_taken_whole(shared):
    swapped = RNG.normal(size=(96, 131)).astype(np.dtype(float).newbyteorder())
    x = Tensor(swapped, requires_grad=True)
    assert x.dtype == swapped.dtype
    y = np.max(x, axis=1)
    assert not shared
    np.testing.assert_array_equal(y.data, np.max(swapped, axis=1))
    np.sum(y).backward()
    np.testing.assert_array_equal(x.grad.data.sum(axis=1), np.ones(96))
