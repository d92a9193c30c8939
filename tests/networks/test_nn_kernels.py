"""The fast kernels against their plain forms: compiled, Winograd's, and shared among threads."""

import os
import subprocess
import sys
import threading
from fractions import Fraction

import numpy as np
import pytest

import nn
from autograd_core import Tensor
from autograd_core.workers import faults, settings, threads
from autograd_core.workers.threads import available, share
from nn.functional import convolution, kernels, pooling, windows, winograd
from nn.functional.convolution import Plan
from nn.functional.fused import fused

try:
    import numba
except ImportError:
    numba = None
compiled_only = pytest.mark.skipif(numba is None, reason="the compiled kernels need numba")


def images(rng, *shape, order="last"):
    """Return float32 images, in channels-last or channels-first memory."""
    x = rng.normal(size=shape).astype(np.float32)
    return (
        x
        if order == "first"
        else np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    )


@pytest.fixture
def always(monkeypatch):
    """Use the compiled kernels for however little work."""
    monkeypatch.setattr(kernels, "ENOUGH", 0)
    if numba is not None:
        monkeypatch.setattr(kernels.team(), "SHARED", 0)


def three(x, w, g, b, plan):
    """Return the three products of a convolution (forward, to the input, to the weights)."""
    return [
        convolution.run_convolve(x, w, plan, b),
        convolution._spread(g, w, plan=plan),
        convolution._correlate(x, g, plan=plan),
    ]


def close(found, exact, tolerance):
    """Compare to the largest value: what a sum of many products can promise."""
    assert found.dtype == np.float32
    assert found.shape == exact.shape
    assert np.abs(found - exact).max() <= tolerance * max(np.abs(exact).max(), 1e-30)


EXHAUSTIVE = pytest.mark.exhaustive
#     n, channels, outputs, size,    kernel, stride, padding, dilation, groups
CONVOLUTIONS = [
    (2, 1, 6, (12, 12), (5, 5), (1, 1), (2, 2), (1, 1), 1),
    (3, 6, 16, (9, 14), (5, 5), (1, 1), (0, 0), (1, 1), 1),
    (2, 3, 40, (16, 15), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (2, 20, 37, (9, 7), (3, 3), (1, 1), (1, 0), (1, 1), 1),
    (2, 5, 33, (8, 8), (1, 1), (1, 1), (0, 0), (1, 1), 1),
    (2, 5, 8, (9, 9), (1, 1), (2, 2), (0, 0), (1, 1), 1),
    (2, 4, 8, (13, 11), (3, 2), (2, 1), (1, 1), (1, 1), 1),
    (2, 4, 8, (12, 12), (3, 3), (1, 1), (2, 2), (2, 2), 1),
    (2, 4, 8, (12, 12), (3, 3), (1, 2), (2, 1), (1, 2), 1),
    (2, 6, 8, (8, 8), (3, 3), (1, 1), (1, 1), (1, 1), 2),
    (2, 4, 8, (5, 3), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (2, 4, 8, (1, 20), (1, 5), (1, 1), (0, 2), (1, 1), 1),
    (4, 70, 66, (7, 9), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (2, 64, 64, (6, 6), (3, 3), (1, 1), (0, 2), (1, 1), 1),
]


# each pair of kernel and stride is compiled, four seconds each: every other one here
WAYS = [
    *[("numpy", case) for case in CONVOLUTIONS],
    *[
        pytest.param("compiled", case, marks=[compiled_only, *([] if k % 2 == 0 else [EXHAUSTIVE])])
        for k, case in enumerate(CONVOLUTIONS)
    ],
]


@pytest.mark.part(4)
@pytest.mark.slow
@pytest.mark.parametrize("order", ["last", "first"])
@pytest.mark.parametrize(("which", "case"), WAYS, ids=str)
def test_convolutions_equal_the_exact_ones(case, order, which, always):
    n, c, k, size, kernel, stride, padding, dilation, groups = case
    plan = Plan(size, kernel, stride, padding, dilation, groups)
    rng = np.random.default_rng(1)
    x, g = images(rng, n, c, *size, order=order), images(rng, n, k, *plan.output, order=order)
    w = rng.normal(size=(k, c // groups, *kernel)).astype(np.float32)
    b = rng.normal(size=k).astype(np.float32)
    exact = three(*(v.astype(float) for v in (x, w, g, b)), plan)
    with nn.use_kernels(compiled=which == "compiled", winograd=True, threads=2):
        for found, wanted in zip(three(x, w, g, b, plan), exact, strict=True):
            close(found, wanted, 5e-5)
    with nn.use_kernels(compiled=which == "compiled", winograd=False, threads=3):
        for found, wanted in zip(three(x, w, g, b, plan), exact, strict=True):
            close(found, wanted, 2e-6)


def test_winograd_matrices_are_exact_in_rational_numbers():
    """A^T [(G w) * (B^T d)] is the 4 outputs of 3 taps on 6 numbers, for every basis vector."""
    a, b = ([[Fraction(float(v)) for v in row] for row in m] for m in (winograd.A_T, winograd.B_T))
    g = [[Fraction(float(v)).limit_denominator(24) for v in row] for row in winograd.G]
    for tap in range(3):
        for place in range(6):
            products = [g[p][tap] * b[p][place] for p in range(6)]
            outputs = [sum(row[p] * products[p] for p in range(6)) for row in a]
            assert outputs == [int(place == i + tap) for i in range(4)]


@pytest.mark.slow
@pytest.mark.parametrize("which", ["numpy", pytest.param("compiled", marks=compiled_only)])
def test_winograd_error_is_what_the_documentation_says(which):
    rng = np.random.default_rng(0)
    plan = Plan((19, 19), (3, 3), (1, 1), (1, 1), (1, 1), 1)
    x, g = images(rng, 1, 256, 19, 19), images(rng, 1, 64, 19, 19)
    w = rng.normal(size=(64, 256, 3, 3)).astype(np.float32)
    exact = three(x.astype(float), w.astype(float), g.astype(float), None, plan)
    errors = {}
    for on in (True, False):
        with nn.use_kernels(compiled=which == "compiled", winograd=on):
            found = three(x, w, g, None, plan)
        errors[on] = max(
            np.abs(f - e).max() / np.abs(e).max() for f, e in zip(found, exact, strict=True)
        )
    assert 2e-6 < errors[True] < 3e-5  # used, and as exact as stated
    assert errors[False] < 2e-6


def test_winograd_is_never_used_where_exactness_is_asked_for():
    plan = Plan((8, 8), (3, 3), (1, 1), (1, 1), (1, 1), 1)
    single, double = np.zeros(1, np.float32), np.zeros(1)
    assert winograd.fits(plan, 32, 64, 64, single, single)
    assert not winograd.fits(plan, 32, 64, 64, single, double)
    assert not winograd.fits(plan, 32, 64, 31, single)
    assert not winograd.fits(plan._replace(stride=(2, 1)), 32, 64, 64, single)
    with nn.use_kernels(winograd=False):
        assert not winograd.fits(plan, 32, 64, 64, single)


# --- the operations written in LLVM's instructions, compiled anew ------------


@compiled_only
@pytest.mark.parametrize(("rows", "vectors", "columns"), [(3, 1, 5), (5, 2, 21)])
def test_a_block_is_a_product_of_strided_arrays(rows, vectors, columns):
    from nn.functional.compiled.microkernel import LANES, block

    @numba.njit
    def run(many, wide, a, b, start, c, skip, columns):
        block(many, wide, a, 1, 7, 40, 3, 1, 2, 2, 3, b, 0, 2 * LANES, start, 0, 0, c, 0, 50, skip,
              columns)  # fmt: skip

    rng = np.random.default_rng(0)
    a, b, start = (rng.normal(size=n).astype(np.float32) for n in (100, 12 * 2 * LANES, 2 * LANES))
    c = np.full(50 * rows, 7, np.float32)
    columns = min(columns, vectors * LANES)
    run((0,) * rows, (0,) * vectors, a, b, start, c, 1, columns)
    factors = [
        [a[1 + 7 * i + 40 * p + 3 * q + r] for p in range(2) for q in range(2) for r in range(3)]
        for i in range(rows)
    ]
    wanted = np.full((rows, 50), 7, np.float32)
    wanted[1:, :columns] = (start + np.array(factors) @ b.reshape(12, -1))[1:, :columns]
    np.testing.assert_allclose(c.reshape(rows, 50), wanted, rtol=1e-5, atol=1e-5)


@compiled_only
@pytest.mark.parametrize(
    ("name", "matrix"),
    [
        ("input_points", winograd.B_T),
        ("kernel_points", winograd.G),
        ("outputs", winograd.A_T),
        ("gradient_points", winograd.A_T.T),
        ("kernel_gradients", winograd.G.T),
    ],
)
def test_a_transform_is_a_sandwich(name, matrix):
    from nn.functional.compiled import sandwich

    transform, (m, n), c = getattr(sandwich, name), matrix.shape, 5

    @numba.njit
    def run(d, out):
        transform(d, 0, n * c, c, 1, n, 0, n - 1, out, 0, m * c, c, m, m - 1, c)

    d = np.random.default_rng(0).normal(size=(n, n, c)).astype(np.float32)
    out = np.full((m, m, c), 7, np.float32)
    run(d.reshape(-1), out.reshape(-1))
    d[0], d[:, -1] = 0, 0  # outside of the image, as the arguments say
    wanted = np.einsum("ij,jkc,lk->ilc", matrix, d, matrix)
    wanted[:, -1] = 7  # not asked for
    np.testing.assert_allclose(out, wanted, rtol=1e-4, atol=1e-4)


#        size,     kernel, stride, padding, dilation, ceil
POOLS = [
    ((8, 6), 2, None, 0, 1, False),
    ((9, 9), 3, 2, 1, 1, False),
    ((9, 9), 3, 2, 0, 1, True),
    ((10, 8), (3, 2), (1, 2), (1, 0), (2, 1), False),
    ((7, 7), 2, None, 0, 1, False),
    ((24, 24), 12, None, 0, 1, False),
]


@pytest.mark.part(4)
@pytest.mark.slow
@compiled_only
@pytest.mark.parametrize("case", POOLS, ids=str)
@pytest.mark.parametrize("order", ["last", "first"])
@pytest.mark.parametrize("values", ["distinct", "ties", "nan", "low"])
def test_compiled_pooling_equals_the_plain_one(case, values, order, always):
    size, *settings = case
    rng = np.random.default_rng(3)
    x = images(rng, 3, 5, *size, order=order)
    if values == "ties":
        x = np.round(x)
    elif values == "nan":
        x[rng.random(x.shape) < 0.1] = np.nan
    elif values == "low":  # whole windows of what the padding is, too
        x[rng.random(x.shape) < 0.6] = -np.inf
    plan = windows.plan("pool", x.shape, *settings, 2)
    found = {}
    for on in (True, False):
        with nn.use_kernels(compiled=on, threads=2):
            y = pooling._maximum(x, windows=plan)
            index = pooling._winners(x, windows=plan)
            g = np.random.default_rng(4).normal(size=y.shape).astype(np.float32)
            if order == "last":
                g = np.ascontiguousarray(g.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
            mean = windows._average(x, share=0.25, windows=plan)
            sent = windows._distribute(g, share=0.25, windows=plan)
            found[on] = y, index, windows._unpick(g, index=index, windows=plan), mean, sent
    for one, other in zip(found[True], found[False], strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


# --- whole models -----------------------------------------------------------


@pytest.mark.slow
@compiled_only
def test_a_model_learns_the_same_with_and_without(always):
    def run(**chosen):
        nn.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(),
            nn.Linear(128, 4),
        )  # fmt: skip
        rng = np.random.default_rng(0)
        x = rng.normal(size=(4, 3, 8, 8)).astype(np.float32)
        with nn.use_kernels(**chosen):
            loss = nn.CrossEntropyLoss()(model(x), np.array([0, 1, 2, 3]))
            loss.backward()
        return [loss.data, *(p.grad.data for p in model.parameters())]

    plain = run(compiled=False, winograd=False)
    for chosen in ({"compiled": True}, {"compiled": True, "threads": 1}, {"compiled": False}):
        for one, other in zip(run(**chosen), plain, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=2e-5)


# --- settings and threads ---------------------------------------------------


def test_settings_return_to_what_they_were():
    before = {name: kernels.setting(name) for name in ("compiled", "winograd", "threads")}
    with nn.use_kernels(compiled=False, winograd=False, threads=7):
        assert not kernels.compiled_for(1e9, np.zeros(1, np.float32))
        assert kernels.setting("threads") == 7
        with nn.use_kernels(threads=1):
            assert not kernels.setting("winograd")
        assert kernels.setting("threads") == 7
    assert before == {name: kernels.setting(name) for name in before}


def test_little_work_and_float64_stay_with_numpy():
    assert kernels.compiled("lanes", 10, np.zeros(1, np.float32)) is None
    assert kernels.compiled("lanes", 1e9, np.zeros(1)) is None


def test_a_numba_that_cannot_be_imported_counts_as_absent(monkeypatch):
    def broken(name):
        raise ImportError(f"{name} needs an older NumPy")

    monkeypatch.setattr(settings, "_works", None)
    monkeypatch.setattr(settings, "import_module", broken)
    monkeypatch.setattr(settings, "find_spec", lambda name: object())
    monkeypatch.setattr(faults, "_said", set())
    with nn.use_kernels(compiled=True), pytest.warns(faults.KernelWarning, match="Reinstall"):
        assert kernels.compiled("lanes", 1e9, np.zeros(1, np.float32)) is None


def python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True,
        env={**os.environ, **environment},
    ).stdout.strip()  # fmt: skip


WORK = (
    "import numpy as np, sys, nn;"
    "x = np.ones((8, 16, 16, 16), np.float32);"
    "y = nn.functional.conv2d(x, np.ones((16, 16, 3, 3), np.float32));"
    "print(y[0, 0, 0, 0], sys.modules.get('numba') is not None)"
)


@pytest.mark.slow
def test_numba_is_loaded_when_there_is_work_for_it_and_never_required():
    assert python("import sys, nn; print('numba' in sys.modules)") == "False"
    assert python(WORK, NN_COMPILED="0") == "144.0 False"
    absent = "import sys; sys.modules['numba'] = None;"  # as if it were not installed
    assert python(absent + WORK, NN_COMPILED="1") == "144.0 False"
    if numba is not None:
        assert python(WORK, NN_COMPILED="1") == "144.0 True"


def test_the_environment_chooses():
    show = "from nn.functional.kernels import setting as s; print(s('winograd'), s('threads'))"
    assert python(show, NN_WINOGRAD="0", OMP_NUM_THREADS="3") == "False 3"
    assert python(show, NN_WINOGRAD="1", OMP_NUM_THREADS="3") == "True 3"


def test_threads_take_the_cores_when_nobody_says(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "0")
    assert available() >= 1


def test_work_is_shared_and_errors_come_back():
    met, gate = set(), threading.Barrier(2, timeout=10)

    def task(k):
        gate.wait()  # passes only if two threads are there at once
        met.add((k, threading.get_ident()))

    share(task, 2, threads=2)
    assert {k for k, _ in met} == {0, 1}
    assert len({who for _, who in met}) == 2

    def failing(k):
        if k == 3:
            raise KeyError(k)

    with pytest.raises(KeyError):
        share(failing, 8, threads=3)
    done = []
    share(done.append, 3, threads=1)
    assert done == [0, 1, 2]


def test_shared_work_may_share_work_itself():
    found = []
    share(lambda k: share(lambda j: found.append((k, j)), 3, threads=2), 4, threads=2)
    assert sorted(found) == [(k, j) for k in range(4) for j in range(3)]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores are told on Linux alone")
def test_workers_keep_off_the_callers_core(monkeypatch):
    allowed = os.sched_getaffinity(0)
    if len(allowed) < 2:
        pytest.skip("needs two cores")
    made = threads._Pool()
    monkeypatch.setattr(threads, "_pool", made)

    def cores_of_workers(here):
        """Say that the caller is on a core; return what cores the workers may use."""
        monkeypatch.setattr(made, "core", lambda: here)
        share(lambda k: None, 3, threads=3)
        return [os.sched_getaffinity(worker.native_id) for worker in made.workers]

    for here in sorted(allowed):
        assert cores_of_workers(here) == [allowed - {here}] * 2
    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    monkeypatch.setattr(made, "core", lambda: min(allowed))
    share(lambda k: None, 3, threads=2)
    assert made.core is None
    found = []
    share(found.append, 3, threads=2)
    assert sorted(found) == [0, 1, 2]


def refuse(*args):
    raise PermissionError("not in this container")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_workers_start_anew_in_a_forked_child():
    share(lambda k: None, 2, threads=2)
    child = os.fork()
    if child == 0:  # pragma: no cover - the child
        found = []
        share(found.append, 4, threads=2)
        os._exit(0 if sorted(found) == [0, 1, 2, 3] else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_kernel_of_several_results_runs_once():
    """A step once computed every recurrent layer twice: the results came back in another tuple."""
    runs = []

    def forward(x):
        runs.append(x)
        return (2 * x, x * x), x

    def backward(g, kept, needs, y, x):
        return (2 * g[0] + 2 * kept * g[1],)

    both = fused(forward, backward, lambda x: (2 * x, x * x), name="both", multiple=True)
    x = Tensor(np.array([3.0, 4.0]), requires_grad=True)
    double, square = both(x)
    (double + square).sum().backward()
    assert len(runs) == 1
    assert x.grad.tolist() == [8.0, 10.0]


@compiled_only
def test_a_short_pass_is_not_shared():
    team = kernels.team()
    asked = []

    def passed(board, parts):
        asked.append(parts)

    team.together(passed, team.SHARED - 1)
    assert asked == [1]
    with nn.use_kernels(threads=2):
        team.together(passed, team.SHARED)
    assert asked == [1, 4]
