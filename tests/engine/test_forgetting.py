"""Large values that no rule reads are not kept, and nobody notices but the memory."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest
from cases import EVERY
from sizes import large_from
from table import outputs, weighted

import nn
from autograd_core import (
    FreedGraphError,
    Graph,
    OverwrittenError,
    Tensor,
    draw,
    gradients,
    mark_overwritten,
)
from autograd_core.engine.forgetting import LARGE
from nn import functional as F
from nn.functional.pointwise import CACHED

SIDE = 520
RNG = np.random.default_rng(0)
X, W = RNG.normal(size=(2, SIDE, SIDE))
assert X.size > LARGE


@pytest.fixture
def every_size(monkeypatch):
    """Treat all arrays as large."""
    large_from(1, monkeypatch)


@pytest.fixture
def no_size(monkeypatch):
    """Treat no array as large."""
    large_from(1 << 62, monkeypatch)


def tracked(a=X):
    return Tensor(a, requires_grad=True)


# what is computed from the value h, and whether some rule reads h, or shares its memory
USES = {
    "relu": (F.relu, False),
    "tanh": (F.tanh, False),
    "np.tanh": (np.tanh, False),
    "np.exp": (np.exp, False),
    "softmax": (lambda h: F.softmax(h, -1), False),
    "layer norm": (lambda h: F.layer_norm(h, SIDE), True),  # and keeps no array of its own
    "sum": (lambda h: h.sum(), False),
    "plus a constant": (lambda h: h + 1, False),
    "from a constant": (lambda h: 1 - h, False),
    "plus itself": (lambda h: h + h, False),
    "times a constant": (lambda h: h * 0.5, False),
    "transposed and copied": (lambda h: h.T.reshape(-1), False),
    "viewed": (lambda h: h.reshape(-1), True),
    "twice": (lambda h: F.relu(h) + F.sigmoid(h), False),
    "sin": (np.sin, True),
    "gelu": (F.gelu, True),
    "square": (lambda h: h * h, True),
    "matmul": (lambda h: h @ tracked(W), True),
    "relu and sin": (lambda h: F.relu(h) + np.sin(h), True),
    "relu lost, sin kept": (lambda h: [F.relu(h), np.sin(h)][1], True),
    "relu lost and again": (lambda h: [F.relu(h), F.relu(h)][1], False),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", USES)
def test_what_no_rule_reads_is_not_kept(name, no_size, monkeypatch) -> None:
    use, read = USES[name]

    def run():
        x, bias = tracked(), tracked(X[0])
        h = F.linear(x, W, bias)
        array = weakref.ref(h.data)
        y = use(h)
        del h
        kept = array() is not None
        y.sum().backward()
        return kept, x.grad.data, bias.grad.data

    kept, *wanted = run()
    assert kept
    monkeypatch.undo()
    kept, *found = run()
    assert kept == read
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_somebody_holds_is_kept() -> None:
    h = F.linear(tracked(), W)
    y = F.relu(h)
    z = np.sin(h).sum() + y.sum()
    assert h._node.output is h._held
    h.retain_grad()
    z.backward()
    assert h.grad.shape == h.shape


def test_a_graph_shows_what_was_not_kept() -> None:
    wanted = F.linear(X, W)
    x = tracked()
    y = F.relu(F.linear(x, W) + 1).sum()
    graph = Graph(y)
    found = next(n for n in graph.nodes if n.name == "linear")
    np.testing.assert_array_equal(found.output, wanted)
    assert "linear" in str(draw(y))


def test_recorded_sweeps_compute_it_again() -> None:
    x = tracked()
    y = (F.sigmoid(F.linear(x, W)) ** 2).sum()
    (g,) = gradients(y, [x], create_graph=True)
    (second,) = gradients((g * g).sum(), [x])
    step = 1e-6
    v = np.ones_like(X)

    def norm(a):
        t = Tensor(a, requires_grad=True)
        (g,) = gradients((F.sigmoid(F.linear(t, W)) ** 2).sum(), [t])
        return float((g.data * g.data).sum())

    slope = (norm(X + step * v) - norm(X - step * v)) / (2 * step)
    np.testing.assert_allclose((second.data * v).sum(), slope, rtol=1e-5)


def test_what_has_changed_since_is_refused_by_name() -> None:
    x = tracked()
    y = F.relu(F.linear(x, W))
    x.data[0] = 0
    mark_overwritten(x)
    node = next(n for n in Graph(y).nodes if n.name == "linear")
    assert node.output.shape == X.shape
    assert np.zeros_like(node.output).shape == X.shape
    assert np.eye(2, like=node.output).shape == (2, 2)
    assert "not kept" in repr(node.output)
    for look in (np.asarray, np.sin, lambda v: v.T, lambda v: v[0]):
        with pytest.raises(FreedGraphError, match=r"linear: its result of shape \(520, 520\)"):
            look(node.output)
    loss = y.sum()
    loss.backward()  # reads x for nothing but the weight, which is constant
    assert x.grad.shape == X.shape
    assert Graph(loss).nodes[-1].inputs is None


def test_a_view_written_into_is_followed(every_size) -> None:
    def run():
        x = tracked(X[:4, :4])
        h = x * 2.0
        v = h[0]
        r = F.relu(h)
        v += 1.0
        total = (r * 1.5).sum() + (h * 3.0).sum() + v.sum()
        del h, v, r
        total.backward()
        return x.grad.data

    found = run()
    wanted = 6.0 + np.where(X[:4, :4] > 0, 3.0, 0.0)
    wanted[0] += 2.0
    np.testing.assert_allclose(found, wanted)


@pytest.mark.parametrize("case", EVERY[::9], ids=str)
def test_every_operation_is_as_before(case, every_size) -> None:
    xs = case.arguments()
    ws = [np.ones(np.shape(y)) for y in outputs(case.f(*xs))]

    def run():
        given = [Tensor(x, requires_grad=True) for x in xs]
        value = weighted(case.f, ws)(*given)
        try:
            if isinstance(value, Tensor) and value.requires_grad:
                value.backward()
        except OverwrittenError:  # a row that writes over what it needs: at every size
            return [None]
        return [t.grad for t in given]

    found = run()
    with pytest.MonkeyPatch.context() as patch:
        large_from(1 << 62, patch)
        wanted = run()
    for a, b in zip(found, wanted, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a.data, b.data)


# --- memory -----------------------------------------------------------------------------------


def peak(model, x) -> float:
    """Return the peak of one training step, in arrays of the size of the input."""

    def step():
        for p in model.parameters():
            p.grad = None
        model(x).sum().backward()

    step()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        step()
        return (tracemalloc.get_traced_memory()[1] - before) / x.nbytes
    finally:
        tracemalloc.stop()


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(64, 64), nn.Linear(64, 64)

    def forward(self, x):
        h = self.first(x)
        bent = F.relu(h)
        total = self.second(bent) + x
        return F.relu(total)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "most"),
    [
        # what each layer keeps, the gradient before and the one after, and a little
        (lambda: [m for _ in range(4) for m in (nn.Linear(64, 64), nn.ReLU())], 4 + 2.3),
        (lambda: [m for _ in range(4) for m in (nn.Linear(64, 64), nn.GELU())], 8 + 1.6),
        (lambda: [Residual() for _ in range(3)], 6 + 3.3),
        (lambda: [nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU()] * 1, 2 + 2.3),
    ],
    ids=["relu", "gelu", "residual", "batch norm"],
)
def test_a_step_takes_no_more_than_what_the_rules_read(make, most) -> None:
    with nn.use_kernels(compiled=False):
        found = peak(nn.Sequential(*make()), np.ones((8192, 64), np.float32))
    assert found < most, found


# --- formulas in pieces -----------------------------------------------------------------------

FORMULAS = [F.gelu, lambda x: F.gelu(x, "tanh"), F.silu, F.mish, F.softplus, F.sigmoid, F.elu]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("which", range(len(FORMULAS)))
def test_pieces_give_the_same_bits(which, dtype, monkeypatch) -> None:
    f = FORMULAS[which]
    x = (3 * RNG.normal(size=(3, 5, 37, 61))).astype(dtype)
    assert x.size > CACHED
    orders = [x, np.asfortranarray(x), x.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2)]
    orders += [x.reshape(-1)[::2], x.reshape(-1)]

    def run():
        found = []
        for a in orders:
            t = Tensor(a, requires_grad=True)
            y = f(t)
            y.backward(np.cos(a))
            found += [y.data, t.grad.data]
        return found

    found = run()
    monkeypatch.setattr("nn.functional.pointwise.CACHED", 1 << 62)
    for a, b in zip(found, run(), strict=True):
        assert a.dtype == dtype
        np.testing.assert_array_equal(a, b)
