"""Matrix products of layers: the compiled ones are exact for every shape and order of memory."""

import numpy as np
import pytest

import nn
from autograd_core import Tensor, compile, gradcheck, value_and_grad
from autograd_core.workers.settings import importable
from nn.functional import attention, blas, kernels

compiled_only = pytest.mark.skipif(
    not importable("numba"), reason="the compiled kernels need numba"
)

RNG = np.random.default_rng(1)
#  m, k, n: one row, few, a vector's worth, many; edges of blocks, panels and stretches
SHAPES = [
    (1, 40, 33), (3, 7, 5), (9, 20, 17), (16, 300, 40), (20, 33, 70), (32, 257, 64), (33, 16, 31),
    (100, 513, 65), (256, 31, 8), (300, 270, 50), (14, 1, 1), (8, 512, 16),
    (518, 270, 40), (1541, 20, 33),
]  # fmt: skip


def matrix(rng, rows, columns, order):
    """Return float32 numbers in C or Fortran order, or as every second of a larger array."""
    if order == "steps":
        return rng.normal(size=(rows, 2 * columns)).astype(np.float32)[:, ::2]
    return np.asarray(rng.normal(size=(rows, columns)).astype(np.float32), order=order)


@pytest.mark.part(3)
@pytest.mark.slow
@compiled_only
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("orders", ["CC", "CF", "FC", "FF", "steps"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_compiled_product_is_exact(shape, orders, threads, monkeypatch):
    from nn.functional.compiled import product as compiled

    monkeypatch.setattr(compiled, "SHARED", 0)
    rng = np.random.default_rng(0)
    m, k, n = shape
    first, second = ("steps", "steps") if orders == "steps" else orders
    a, b = matrix(rng, m, k, first), matrix(rng, k, n, second)
    start = rng.normal(size=n).astype(np.float32)
    exact = a.astype(float) @ b.astype(float)
    with nn.use_kernels(threads=threads):
        for found, wanted in (
            (compiled.product(a, b), exact),
            (compiled.product(a, b, start), exact + start),
        ):
            assert found.dtype == np.float32
            assert found.flags.c_contiguous
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=2e-6 * np.sqrt(k))


@compiled_only
def test_a_compiled_product_hands_on_what_is_not_finite():
    from nn.functional.compiled.product import product

    a, b = np.ones((40, 40), np.float32), np.ones((40, 40), np.float32)
    a[3, 5], b[7, 9] = np.nan, np.inf
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(product(a, b), a @ b)


@pytest.mark.parametrize("shape", [(128, 32, 128), (100, 64, 300), (7, 512, 513), (3, 0, 5)])
def test_stacks_of_products_are_divided_into_what_openblas_leaves_alone(shape, monkeypatch):
    m, k, n = shape
    a, b = RNG.normal(size=(2, 3, m, k)), RNG.normal(size=(2, 3, k, n))
    done, multiply = [], np.matmul
    monkeypatch.setattr(blas.np, "matmul", lambda a, b, out: done.append(multiply(a, b, out=out)))
    made = np.full((2, 3, m, n), np.nan)
    blas.stacked(a, b, made)
    monkeypatch.undo()
    np.testing.assert_allclose(made, a @ b, atol=1e-12)
    turned = np.full((2, 3, m, n), np.nan)
    columns = np.ascontiguousarray(b.swapaxes(-1, -2)).swapaxes(-1, -2)  # as of k.T
    blas.stacked(a, columns, turned)
    np.testing.assert_allclose(turned, a @ b, atol=1e-12)
    if blas.is_divided(b):
        assert all(part.shape[-2] * k * n <= blas.ALONE for part in done)
        assert len(done) == max(1, -(-m // (blas.ALONE // max(k * n, 1))))


def test_attention_over_long_sequences_is_left_to_openblas():
    q, k, v = RNG.normal(size=(3, 1, 1100, 32))
    assert not blas.is_divided(k[None])
    found = attention.attention(q, k, v, heads=1)
    wanted = attention.plain_attention(q, k, v, heads=1, mask=None, keep=None)[0]
    np.testing.assert_allclose(found, wanted, atol=1e-12)


@pytest.fixture
def fresh():
    blas.compiles_products.cache_clear()
    yield
    blas.compiles_products.cache_clear()


@compiled_only
def test_helpers_leave_their_cores_to_the_threads_of_openblas():
    team = kernels.team()
    before, awake = team.board.copy(), team.AWAKE
    pool = kernels._threads._pool
    recall, pool.recall = pool.recall, team._recall
    try:
        team.board[awake] += 1  # as if one looked out
        blas.dot(np.ones((200, 200)), np.ones((200, 200)))
        assert team.board[team.CALLED] == before[team.CALLED] + 1
        blas.dot(np.ones((20, 20)), np.ones((20, 20)))  # no work for two
        assert team.board[team.CALLED] == before[team.CALLED] + 1
    finally:
        team.board[awake] -= 1
        pool.recall = recall


@compiled_only
@pytest.mark.parametrize(
    ("name", "lanes", "expected"),
    [("scipy-openblas", 16, True), ("scipy-openblas", 8, False), ("mkl-dynamic", 16, False),
     ("OpenBLAS", 16, True), ("accelerate", 4, False)],
)  # fmt: skip
def test_openblas_is_replaced_where_vectors_are_wide(name, lanes, expected, monkeypatch, fresh):
    from nn.functional.compiled import microkernel

    monkeypatch.setattr(blas, "_blas", lambda: name)
    monkeypatch.setattr(microkernel, "LANES", lanes)
    assert blas.compiles_products() is expected


def test_numpy_says_which_library_it_has():
    assert blas._blas()


@compiled_only
def test_large_products_are_compiled_and_small_ones_are_not(monkeypatch):
    from nn.functional.compiled import product as compiled

    monkeypatch.setattr(blas, "compiles_products", lambda: True)
    calls = []
    monkeypatch.setattr(compiled, "product", lambda *given: calls.append(given) or "found")
    wide, wider = np.ones((128, 128), np.float32), np.ones((128, 128))
    assert blas.dot(wide, wide) == "found"
    assert blas.dot(wide, wide, np.ones(128, np.float32)) == "found"
    assert len(calls) == 2
    small = np.ones((64, 64), np.float32)
    np.testing.assert_array_equal(blas.dot(small, small), np.full((64, 64), 64.0))
    np.testing.assert_array_equal(blas.dot(wider, wider, np.ones(128)), np.full((128, 128), 129.0))
    with nn.use_kernels(compiled=False):
        np.testing.assert_array_equal(blas.dot(wide, wide), np.full((128, 128), 128.0))


@pytest.fixture
def always(monkeypatch):
    """Use the compiled kernels for however little work, on any processor."""
    monkeypatch.setattr(kernels, "ENOUGH", 0)
    if importable("numba"):
        monkeypatch.setattr(kernels.team(), "SHARED", 0)
    monkeypatch.setattr(blas, "WORTH", 0)
    monkeypatch.setattr(blas, "compiles_products", lambda: True)


@compiled_only
def test_a_dense_model_learns_the_same_with_and_without(always):
    def run(compiled):
        nn.manual_seed(0)
        model = nn.Sequential(nn.Linear(30, 40), nn.Tanh(), nn.Linear(40, 3))
        x = np.random.default_rng(1).normal(size=(20, 30)).astype(np.float32)
        with nn.use_kernels(compiled=compiled):
            nn.CrossEntropyLoss()(model(Tensor(x)), np.arange(20) % 3).backward()
        return [p.grad.data for p in model.parameters()]

    for one, other in zip(run(True), run(False), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("loss", [nn.MSELoss, nn.L1Loss])
def test_a_target_in_another_order_of_memory_gives_the_same_loss(loss):
    rng = np.random.default_rng(3)
    y, target = rng.normal(size=(2, 2, 3, 4, 5))
    last = np.ascontiguousarray(y.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    slopes, values = [], []
    for given in (y, last):
        x = Tensor(given, requires_grad=True)
        value = loss()(x, target)
        value.backward()
        slopes.append(x.grad.data)
        values.append(value.item())
    assert values[0] == pytest.approx(values[1], rel=1e-14)
    np.testing.assert_array_equal(*slopes)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("long", [0, attention.LONG])  # a part for each thread, or more
def test_attention_shared_among_threads_is_the_plain_one(masked, kept, long, monkeypatch):
    monkeypatch.setattr(attention, "LONG", long)
    rng = np.random.default_rng(4)
    batch, time, heads = 5, 120, 4
    q, k, v = rng.normal(size=(3, batch, time, heads * 5))
    mask = np.where(rng.random((batch, 1, 1, time)) < 0.2, -np.inf, 0.0) if masked else None
    keep = (rng.random((batch, heads, time, time)) < 0.9) / 0.9 if kept else None
    assert batch * heads * time * time > attention.LARGE
    seed = rng.normal(size=q.shape)
    found = []
    for function in (
        attention.attention,
        lambda *given, **options: attention.plain_attention(*given, **options)[0],
    ):
        given = [Tensor(x, requires_grad=True) for x in (q, k, v)]
        with nn.use_kernels(threads=2):
            y = function(*given, heads=heads, mask=mask, keep=keep)
        y.backward(seed)
        found.append([y.data, *(x.grad.data for x in given)])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.slow
@compiled_only
def test_a_written_program_calls_the_products(always):
    rng = np.random.default_rng(5)
    w = [rng.normal(size=s).astype(np.float32) for s in ((40, 30), (40,), (3, 40), (3,))]
    x, labels = rng.normal(size=(20, 30)).astype(np.float32), np.arange(20) % 3

    def loss(w1, b1, w2, b2):
        h = nn.functional.relu(nn.functional.linear(x, w1, b1))
        return nn.functional.cross_entropy(nn.functional.linear(h, w2, b2), labels)

    step = compile(loss, argnums=(0, 1, 2, 3))
    value, slopes = step(*w)
    assert "= product(" in step.source
    wanted, exact = value_and_grad(loss, argnums=(0, 1, 2, 3))(*w)
    assert value == wanted
    for one, other in zip(slopes, exact, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_product_of_layers_has_both_derivatives():
    rng = np.random.default_rng(6)
    a, b = rng.normal(size=(3, 4)), rng.normal(size=(4, 2))
    gradcheck(blas._call, a, b)


def test_attention_of_mixed_dtypes_keeps_the_wider_one():
    """Weights once took the query's dtype alone, and rounded a float64 key's scores to float32."""
    rng = np.random.default_rng(7)
    q, k, v = rng.normal(size=(3, 2, 6, 8))
    single = q.astype(np.float32)
    found = attention._of_heads(single, k, v, heads=2, mask=None, keep=None)[1]
    wanted = attention.plain_attention(single, k, v, heads=2, mask=None, keep=None)[1]
    assert found.dtype == wanted.dtype == np.float64
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
