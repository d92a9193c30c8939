"""Large arrays in one compiled loop: NumPy's bits, NumPy's complaints, and nothing frozen."""

import numpy as np
import pytest

from autograd_core import Tensor, elementwise, gradients, jvp
from autograd_core.operations import exact_loops, pieces
from autograd_core.operations.primitive import REGISTRY, Primitive
from autograd_core.workers import use_kernels
from autograd_core.workers.settings import compiles

pytestmark = pytest.mark.skipif(not compiles(), reason="the loops need numba")
SHAPE = (5, 7, 12)
UFUNCS = [
    f for f, run in REGISTRY.items()
    if isinstance(f, np.ufunc) and isinstance(run, Primitive) and run.pieces is not None
    and f.nin < 3
]  # fmt: skip


@pytest.fixture
def made(monkeypatch):
    """Let every array be large; count what the loops computed."""
    found = []
    run = exact_loops._run
    monkeypatch.setattr(pieces, "LARGE", 1)
    monkeypatch.setattr("autograd_core.engine.sweep_steps.LARGE", 1)
    monkeypatch.setattr("autograd_core.engine.fast.operators.LARGE", 1)

    def counting(*given):
        value = run(*given)
        found.append(value is not None)
        return value

    monkeypatch.setattr(exact_loops, "_run", counting)
    return found


def laid(rng, dtype):
    """Arrays that lie alike in memory, each in one of the ways there are."""
    plain = rng.uniform(0.1, 0.9, SHAPE).astype(dtype)
    return {
        "C": plain, "Fortran": np.asfortranarray(plain),
        "channels last": np.ascontiguousarray(plain.transpose(0, 2, 1)).transpose(0, 2, 1),
        "gaps": np.repeat(plain, 2, axis=2)[..., ::2], "reversed": plain[::-1],
        "one number": np.broadcast_to(plain[0, 0, 0], SHAPE), "swapped": plain.astype(f">{dtype}"),
    }  # fmt: skip


def both(f, args):
    """What f and its derivatives are, with loops and without."""
    results = []
    for compiled in (True, False):
        with use_kernels(compiled=compiled, threads=2), np.errstate(all="ignore"):
            leaves = [Tensor(a, requires_grad=True) for a in args]
            y = f(*leaves)
            seeds = (np.full(y.shape, 0.7, y.dtype), np.linspace(-1, 1, y.size).reshape(y.shape))
            swept = [g.data for s in seeds for g in gradients(y, leaves, seed=s.astype(y.dtype))]
            pushed = jvp(f, tuple(args), tuple(np.full_like(a, 0.3) for a in args))
            results.append([y.data, *swept, *map(np.asarray, pushed)])
    return results


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("f", UFUNCS, ids=lambda f: f.__name__)
def test_every_ufunc_has_numpys_bits(f, dtype, made):
    for name, a in laid(np.random.default_rng(0), dtype).items():
        args = (a,) if f.nin == 1 else (a, (a * a[0, 0, 0]).astype(a.dtype))
        if not any(set(kind) <= set("fd->") for kind in f.types):
            pytest.skip("not from floats to floats")
        for one, other in zip(*both(f, args), strict=True):
            assert one.dtype == other.dtype, name
            np.testing.assert_array_equal(one, other, name)
            number = one == one  # a NaN has no sign that counts
            assert np.array_equal(np.signbit(one[number]), np.signbit(other[number])), name
    if f in (np.add, np.subtract, np.multiply, np.divide, np.square, np.sqrt, np.absolute):
        assert any(made)


@pytest.mark.parametrize("other", [2, 0.1, np.float32(0.1), np.float64(0.1), np.array(0.1), -3])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_numbers_have_numpys_kinds(dtype, other, made):
    a = np.random.default_rng(0).uniform(0.1, 0.9, SHAPE).astype(dtype)
    for f in (
        lambda x: x * other,
        lambda x: other / x,
        lambda x: x - other,
        lambda x: x**2 + other,
    ):
        for one, plain in zip(*both(f, [a]), strict=True):
            assert one.dtype == plain.dtype
            assert one.tobytes() == plain.tobytes()
    assert any(made)


def test_operands_of_two_dtypes_and_of_other_shapes(made):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=SHAPE).astype("f4"), rng.normal(size=SHAPE)
    for pair in ((a, b), (b, a), (a, b[:1]), (a, b[..., :1]), (b, np.arange(12)), (a, b > 0)):
        for f in (np.add, np.multiply, np.divide):
            with use_kernels(compiled=True), np.errstate(all="ignore"):
                first = f(Tensor(pair[0], requires_grad=True), pair[1])
            with np.errstate(all="ignore"):
                wanted = f(*pair)
            assert first.dtype == wanted.dtype
            assert first.data.tobytes() == wanted.tobytes()


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: x * 1e300, "overflow encountered in multiply"),
        (lambda x: x / 0.0, "divide by zero encountered in divide"),
        (lambda x: np.sqrt(-x), "invalid value encountered in sqrt"),
    ],
)
def test_numpy_complains_as_ever(f, message, made):
    x = Tensor(np.full(SHAPE, 1e200), requires_grad=True)
    with pytest.warns(RuntimeWarning, match=message):
        f(x)
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match=message):
        f(x)
    with np.errstate(all="ignore"):
        f(x)
    assert made == [False, False, True] or made == [True, False] * 2 + [True, True]  # -x is fine


def test_what_others_declare_is_asked_each_time(made):
    factor = [2.0]
    scaled = elementwise(
        lambda x: x * factor[0], lambda y, x: np.full_like(x, factor[0]), name="scaled", pieces=True
    )
    x = Tensor(np.ones(SHAPE), requires_grad=True)
    for factor[0] in (2.0, 5.0):
        y = scaled(x)
        assert (
            y.data[0, 0, 0] == gradients(y, [x], seed=np.ones(SHAPE))[0].data[0, 0, 0] == factor[0]
        )


@pytest.mark.parametrize(
    "pair",
    [(np.int64(3), np.int64(5)), (True, False), (np.bool_(True), np.bool_(False)), (2, 7),
     (np.float32(2), np.float32(7)), (np.uint8(3), np.uint8(5)), (1 + 0j, 3 + 0j), (2.0, 7.0),
     (np.float16(2), np.float16(7)), (np.longdouble(2), np.longdouble(7)), (2**60, 2**61)],
    ids=lambda pair: type(pair[0]).__name__,
)  # fmt: skip
def test_no_number_is_taken_for_another(pair, made):
    a = np.random.default_rng(0).uniform(0.1, 0.9, SHAPE)
    x = Tensor(a, requires_grad=True)
    for other in pair * 2:
        y = x * other
        seed = np.ones(SHAPE, y.dtype)
        np.testing.assert_array_equal(y.data, a * other)
        np.testing.assert_array_equal(
            gradients(y, [x], seed=seed)[0].data, np.real(seed * other).astype(float)
        )


def test_loops_are_not_remembered_for_good(made, monkeypatch):
    monkeypatch.setattr(exact_loops, "MOST", 3)
    monkeypatch.setattr(exact_loops, "_loops", {})
    x = Tensor(np.ones(SHAPE), requires_grad=True)
    for other in (np.ones(SHAPE), np.ones(SHAPE, "f4"), 2.0, np.float32(2)):
        for f in (np.add, np.multiply):
            f(x, other)
            assert len(exact_loops._loops) <= 3
