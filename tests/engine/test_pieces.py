"""Large arrays are worked on in pieces, by several threads; the numbers and the errors stay."""

import threading
import time
import warnings

import numpy as np
import pytest
from cases import EVERY
from sizes import large_from
from table import outputs

from autograd_core import (
    AutogradError,
    OverwrittenError,
    Tensor,
    elementwise,
    grad,
    gradients,
    jvp,
)
from autograd_core.base import tree
from autograd_core.operations import lines, pieces
from autograd_core.operations.primitive import REGISTRY, Primitive
from autograd_core.workers import use_kernels
from autograd_core.workers.threads import share

RNG = np.random.default_rng(3)
LARGE = pieces.LARGE
SIZE = LARGE // 4 + 77  # numbers of four bytes
UFUNCS = [
    f for f, run in REGISTRY.items()
    if isinstance(f, np.ufunc) and isinstance(run, Primitive) and run.pieces is not None
]  # fmt: skip


@pytest.fixture
def counted(monkeypatch):
    """How often pieces were shared; what is large is shared, however little work it is."""
    calls = []
    monkeypatch.setattr(pieces, "WORTH", 0)
    monkeypatch.setattr(pieces, "in_one_loop", lambda *_: None)  # see test_exact_loops.py

    def counting(task, count, threads):
        calls.append(count)
        share(task, count, threads)

    monkeypatch.setattr(pieces, "share", counting)
    return calls


@pytest.fixture
def tiny(monkeypatch, counted):
    """Cut arrays of every size, into rows."""
    large_from(1, monkeypatch)
    monkeypatch.setattr(pieces, "LARGE", 1)
    monkeypatch.setattr(lines, "LARGE", 1)
    monkeypatch.setattr(pieces, "PIECE", 1)
    monkeypatch.setattr(pieces, "SHARED", 1)
    return counted


def bits(values):
    """The numbers; not where they lie, which NumPy decides by what is a temporary value."""
    return [v if v is None else (v.dtype, v.shape, (v + v.dtype.type(0)).tobytes()) for v in values]


def ways(monkeypatch):
    """In pieces, and as one call."""
    for large in (LARGE, 1 << 60):
        monkeypatch.setattr(pieces, "LARGE", large)
        yield large


def swept(f, arrays):
    leaves = [Tensor(a, requires_grad=True) for a in arrays]
    found = []
    try:
        parts = tree.leaves(f(*leaves))
    except AutogradError as error:
        return str(error)
    for part in parts:
        if isinstance(part, Tensor) and part.requires_grad:
            found.append(np.asarray(part.data))
            weights = np.random.default_rng(5).uniform(-1, 1, part.shape).astype(part.dtype)
            try:
                swept = gradients(part, leaves, seed=weights)
            except OverwrittenError:  # the function changes what its own sweep reads
                continue
            found += [None if g is None else np.asarray(g.data) for g in swept]
    return bits(found)


@pytest.mark.parametrize("case", EVERY[::7], ids=str)
def test_a_piece_for_each_row_gives_the_same(case, tiny, monkeypatch) -> None:
    arrays = case.arguments(3)
    with use_kernels(threads=2):
        found = swept(case.f, arrays)
        forward = [np.asarray(v) for v in outputs(case.f(*arrays))]
    monkeypatch.undo()
    assert found == swept(case.f, arrays)
    assert bits(forward) == bits([np.asarray(v) for v in outputs(case.f(*arrays))])


def layouts(dtype):
    """Arrays of one kind in every layout, by name, all with numbers between 0.1 and 0.9."""
    plain = RNG.uniform(0.1, 0.9, 2 * SIZE).astype(dtype)
    if np.dtype(dtype).kind == "c":
        plain = (plain + 0.3j * plain[::-1]).astype(dtype)
    side = 1 + int(SIZE**0.5)
    square = np.resize(plain, (side, side))
    return {
        "plain": plain[:SIZE], "every second": plain[::2], "reversed": plain[SIZE - 1 :: -1],
        "square": square, "Fortran": np.asfortranarray(square), "turned": square.T[::-1],
        "part": square[:, : side - 1], "deep": np.resize(plain, (5, 3, side, 47)),
    }  # fmt: skip


@pytest.mark.part(3)
@pytest.mark.slow
@pytest.mark.parametrize(
    "dtype",
    ["float64", "complex64"]
    + [pytest.param(t, marks=pytest.mark.exhaustive) for t in ("float16", "float32", "complex128")],
)
@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda f: f.__name__)
def test_every_ufunc_in_every_layout(ufunc, dtype, counted, monkeypatch) -> None:
    if not any(np.can_cast(dtype, kind[0]) for kind in ufunc.types):
        pytest.skip("not for these numbers")
    arrays = layouts(dtype)
    for name in ("plain", "part", "Fortran") if ufunc.nin == 1 else ("plain", "Fortran"):
        a = arrays[name]
        args = (a,) if ufunc.nin == 1 else (a, a[::-1].copy("A") if a.ndim == 1 else a)
        found = []
        for _ in ways(monkeypatch):
            leaves = [Tensor(v, requires_grad=True) for v in args]
            with np.errstate(all="ignore"), use_kernels(threads=2):
                try:
                    y = ufunc(*leaves)
                except AutogradError as error:
                    found.append(str(error).splitlines()[0])
                    continue
                g = gradients(y, leaves, seed=np.full(y.shape, 0.7, y.dtype))
                plain = ufunc(*args) if ufunc.__name__ != "power" else args[0] ** args[1]
            assert bits([y.data]) == bits([plain])
            assert y.data.strides == plain.strides
            found.append([y.data, *(v.data for v in g)])
        if isinstance(found[0], str):
            assert found[0] == found[1]
        elif y.dtype.kind != "c":
            assert bits(found[0]) == bits(found[1])
        else:  # NumPy multiplies complex numbers into temporary values: another order, and rounding
            for one, other in zip(*found, strict=True):
                np.testing.assert_allclose(one, other, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.part(2)
@pytest.mark.slow
@pytest.mark.parametrize("f", [np.add, np.multiply, np.arctan2, np.maximum, np.power])
def test_operands_that_broadcast_and_lie_anyhow(f, counted, monkeypatch) -> None:
    arrays = layouts("float64")
    side = len(arrays["square"])
    others = {
        "number": 0.5, "scalar": np.float32(0.5), "0-d": np.array(0.5), "itself": None,
        "row": arrays["plain"][:side], "column": arrays["plain"][:side, None],
        "single": np.float32(arrays["square"]),
    }  # fmt: skip
    for layout in arrays:
        for name, other in others.items():
            a = arrays[layout]
            b = a if other is None else other
            if layout in ("plain", "every second", "reversed", "deep", "part") and np.ndim(b) > 0:
                b = b if b is a else a[-1:] if a.ndim == 1 else a[..., :1]
            found = []
            for _ in ways(monkeypatch):
                x = Tensor(a, requires_grad=True)
                y = f(x, b)
                again = f(b, x)
                (g, h) = (gradients(v, [x], seed=np.full(v.shape, 0.3))[0].data for v in (y, again))
                pushed = jvp(lambda x, b=b: f(x, b), (a,), (np.full(a.shape, 0.2),))
                found.append(bits([y.data, again.data, g, h, *map(np.asarray, pushed)]))
            assert found[0] == found[1], (layout, name)
    assert len(counted) > 100


def test_what_runs_in_pieces(counted) -> None:
    x = Tensor(RNG.uniform(1, 2, SIZE), requires_grad=True)
    with use_kernels(threads=2):
        y = np.sin(x) * np.exp(x) + 1.0
        forward = len(counted)
        y.sum().backward()
    assert forward == 4
    assert len(counted) >= forward + 4
    assert all(n > 1 for n in counted)
    expected = np.sin(x.data) * np.exp(x.data) + np.cos(x.data) * np.exp(x.data)
    np.testing.assert_allclose(x.grad.data, expected, rtol=1e-14)
    step = 1e-20j  # the complex step: no formula of ours
    slope = (np.sin(x.data + step) * np.exp(x.data + step)).imag / 1e-20
    np.testing.assert_allclose(x.grad.data, slope, rtol=1e-13)


def test_one_thread_computes_the_value_in_one_call(counted) -> None:
    x = Tensor(RNG.uniform(1, 2, SIZE), requires_grad=True)
    with use_kernels(threads=1):
        np.exp(x)
    assert counted == []


@pytest.mark.parametrize("where", [0, SIZE - 1])
def test_floating_point_errors_are_numpys(where) -> None:
    a = RNG.uniform(1, 2, SIZE)
    a[where] = 0.0
    x = Tensor(a, requires_grad=True)
    with use_kernels(threads=2):
        for f in (np.log, lambda v: 1.0 / v):
            with np.errstate(divide="raise"), pytest.raises(FloatingPointError) as said:
                f(x)
            with np.errstate(divide="raise"), pytest.raises(FloatingPointError) as wanted:
                f(a)
            assert str(wanted.value) in str(said.value)
            with warnings.catch_warnings(record=True) as heard:
                warnings.simplefilter("always")
                y = f(x)
                assert [str(w.message) for w in heard] == [str(wanted.value)]
                heard.clear()
                y.sum().backward()
                assert len(heard) == 1
            with warnings.catch_warnings(), np.errstate(divide="ignore"):
                warnings.simplefilter("error")
                f(x)
            told = []
            with np.errstate(divide="call", call=lambda kind, flag, told=told: told.append(kind)):
                f(x)
            assert told == ["divide by zero"]
    np.testing.assert_array_equal(np.isfinite(x.grad.data), a != 0)


def test_helpers_see_the_callers_settings() -> None:
    seen = {}
    meet = threading.Barrier(2)

    def task(k):
        meet.wait(30)
        seen[k] = np.geterr()["divide"], threading.get_ident()

    with np.errstate(divide="raise"):
        share(task, 2, threads=2)
    assert {how for how, _ in seen.values()} == {"raise"}
    assert len({who for _, who in seen.values()}) == 2


def test_integers_to_negative_powers_are_refused_as_before() -> None:
    with use_kernels(threads=2), pytest.raises(ValueError, match="negative integer powers"):
        Tensor(np.full(SIZE, 3)) ** np.full(SIZE, -1)


def test_sums_of_gradients_go_into_memory_that_nobody_else_holds() -> None:
    a = RNG.uniform(1, 2, SIZE)
    for f in (
        lambda x: x * x + np.exp(x) * x + np.sin(x),
        lambda x: (x + x) + (x + 1.0) * x,
        lambda x: sum([x * k for k in range(5)], start=x),
    ):
        x = Tensor(a, requires_grad=True)
        kept = []
        x.register_hook(kept.append)
        y = f(x)
        seed = np.full(SIZE, 0.5)
        y.backward(seed)
        before = x.grad.data.copy()
        np.testing.assert_array_equal(seed, 0.5)
        np.testing.assert_array_equal(kept[0], before)
        z = a + 1e-20j
        np.testing.assert_allclose(before, 0.5 * f(z).imag / 1e-20, rtol=1e-12)
        np.testing.assert_allclose(grad(lambda x, f=f: np.sum(f(x)))(a) * 0.5, before, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["f4", "f8", "c16", "i2", "O"])
@pytest.mark.parametrize("shape", [(512, 256), (256, 1024), (300, 517), (3, 70_001), (70_001, 3)])
def test_copies_of_matrices_in_fortran_order(shape, dtype, monkeypatch):
    """In a few columns at a time where these are powers of two apart, on one thread or two."""
    rng = np.random.default_rng(2)
    whole = rng.integers(-99, 99, (shape[0] + 1, shape[1])).astype(dtype)
    for a in (np.asfortranarray(whole[:-1]), np.asfortranarray(whole)[1:]):
        for least, threads in ((1 << 40, 2), (1, 2), (1, 1)):
            monkeypatch.setattr(pieces, "LARGE", least)
            with use_kernels(threads=threads):
                made = pieces.copied(a)
            assert made.flags.c_contiguous
            assert made.flags.owndata
            assert made.dtype == a.dtype
            np.testing.assert_array_equal(made, a)


def test_the_gradient_of_a_turned_weight_lies_as_the_weight_does():
    rng = np.random.default_rng(3)
    x, w = rng.normal(size=(32, 512)), Tensor(rng.normal(size=(256, 512)), requires_grad=True)
    np.sum(x @ w.T).backward()
    assert w.grad.data.flags.c_contiguous
    assert w.grad.data.base is None
    np.testing.assert_allclose(w.grad.data, np.broadcast_to(x.sum(0), (256, 512)), atol=1e-12)


def test_with_one_thread_the_bits_are_the_same(counted):
    a, b = (RNG.normal(size=(SIZE,)).astype("f4") for _ in range(2))

    def run():
        x, y = (Tensor(v, requires_grad=True) for v in (a, b))
        np.sum(np.exp(x) * y + y.copy()).backward()
        return bits([x.grad.data, y.grad.data])

    two = run()
    assert counted
    with use_kernels(threads=1):
        assert run() == two


def test_little_work_is_done_by_one_thread(counted, monkeypatch):
    """An operation's time is taken once for each dtype; the bits are the same, whoever does it."""
    twice = elementwise(lambda x: x * 2.0, lambda y, x: np.full_like(x, 2.0), name="twice",
                        pieces=True)  # fmt: skip
    a = RNG.normal(size=SIZE)

    def run(x):
        x = Tensor(x, requires_grad=True)
        y = twice(x)
        y.sum().backward()
        return bits([y.data, x.grad.data])

    shared, known = run(a), len(pieces._known)
    assert counted
    for worth, wanted in ((1 << 60, False), (0, True)):
        counted.clear()
        monkeypatch.setattr(pieces, "WORTH", worth)
        monkeypatch.setattr(pieces, "PIECE", 1 << 40)
        monkeypatch.setattr(pieces, "BEYOND", 1 << 60)
        assert run(a) == shared
        assert any(count > 1 for count in counted) == wanted
    assert len(pieces._known) == known
    run(a.astype("f4"))
    assert len(pieces._known) > known


def test_functions_that_cannot_be_hashed_may_be_rules(counted):
    class Doubled(list):  # lists have no hash
        def __call__(self, g, y, x):
            return g * 2.0

    twice = elementwise(lambda x: x * 2.0, lambda y, x: np.full_like(x, 2.0), name="twice",
                        vjps=(Doubled(),), pieces=True)  # fmt: skip
    x = Tensor(np.ones(SIZE), requires_grad=True)
    np.sum(twice(x)).backward()
    assert x.grad.data.tolist() == [2.0] * SIZE
    assert counted


def test_operations_that_are_gone_are_not_held_for_good(monkeypatch):
    monkeypatch.setattr(pieces, "MOST", 3)
    for k in range(5):
        scaled = elementwise(lambda x, k=k: x * k, lambda y, x, k=k: np.full_like(x, k),
                             name=f"times {k}", pieces=True)  # fmt: skip
        x = Tensor(np.ones(SIZE), requires_grad=True)
        np.sum(scaled(x)).backward()
        assert x.grad.data[-1] == k
        assert len(pieces._known) <= 3


def test_a_time_is_what_a_number_takes():
    """Of a function that waits: so long that sharing it pays at any size."""

    def slow(parts, out):
        time.sleep(1e-3)
        out[...] = parts[0]

    layout, _ = pieces._layout([np.ones(SIZE)])
    known = pieces._measured(slow, layout, np.dtype(float), one_pass=True)
    assert known.nanoseconds * pieces.SAMPLE >= 1e6
    assert pieces._is_shared(known, np.ones(SIZE))
