"""Kernels written from formulas: what they compute, in which dtypes, and how they are kept."""

import os
import re
import subprocess
import sys
import threading

import numpy as np
import pytest

import nn
from autograd_core.workers import faults, settings, threads
from autograd_core.workers.add_rows import add_rows
from autograd_core.workers.formula import BY_COLUMN, BY_ROW, EVERYWHERE, SCALAR, trace
from autograd_core.workers.settings import importable
from autograd_core.workers.walks import walk

pytestmark = pytest.mark.skipif(not importable("numba"), reason="the compiled kernels need numba")

FORMULAS = {
    "products": lambda x, y: x * y - 2 * x / (1 + np.abs(y)),
    "choice": lambda x, y: np.where(x > y, x * 0.3, np.minimum(y, 0)),
    "truths": lambda x, y: (x > 0) * y + ((y < 0) & ~(x > 1)),
    "only truths": lambda x, y: (x > 0) | (y != y) ^ (x < y),
    "held": lambda x, y: np.clip(x, -1, 0.5) - np.sign(y) * np.square(x),
    "powers": lambda x, y: x**2 + np.abs(y) ** 0.5 + np.reciprocal(3 + np.abs(x)),
    "double": lambda x, y: x * np.float64(1 / 3) + y,
    "filled": lambda x, y: np.where(x > 0, np.ones_like(x), np.full_like(x, 1 / 3)),
    "finite": lambda x, y: np.isfinite(x) * np.where(np.isinf(y) | np.isnan(x), 0, y),
}


def built(*args, **kwargs):
    from autograd_core.workers.compiled.generated import kernel

    return kernel(trace(*args, **kwargs))


def numbers(dtype, n, seed):
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=n) * 2).astype(dtype)
    if dtype in "fd":
        x[: min(n, 6)] = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0][:n]
    return x


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize(
    "dtypes", ["ff", *(pytest.param(d, marks=pytest.mark.slow) for d in ("dd", "fd", "?f"))]
)
def test_arithmetic_has_numpys_bits_and_dtypes(name, dtypes):
    formula = FORMULAS[name]
    run = None
    for n in (0, 1, 6, 1003):
        arrays = [numbers(d, n, k) for k, d in enumerate(dtypes)]
        rng = np.random.default_rng(5)
        arrays = [rng.permutation(a) for a in arrays]
        try:
            with np.errstate(all="ignore"):
                want = formula(*arrays)
        except TypeError:
            return
        run = run or built(formula, dtypes)
        if run is None:
            assert "?" in dtypes  # arithmetic of truths alone: NumPy does it
            return
        got = np.empty_like(want)
        assert run.dtypes == [want.dtype]
        run(arrays, (got,))
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_every_number_is_written_whoever_writes_it(threads):
    run = built(lambda x: (np.exp(x), -x), "f")
    assert "np.exp" not in run.text
    x = np.linspace(-3, 3, 100_003, dtype="f")
    one, other = np.full_like(x, np.nan), np.full_like(x, np.nan)
    with nn.use_kernels(threads=threads):
        run((x,), (one, other))
    np.testing.assert_allclose(one, np.exp(x), rtol=3e-7)
    np.testing.assert_array_equal(other, -x)


@pytest.mark.parametrize("dtype", "fd")
def test_rows_columns_and_scalars(dtype):
    def formula(x, b, r, s, *, by):
        return np.tanh(x + b * 2) * r / (s + by * by)

    spans = [EVERYWHERE, BY_COLUMN, BY_ROW, SCALAR]
    run = built(formula, dtype * 4, ["by"], spans)
    rng = np.random.default_rng(0)
    for shape in ((1, 1), (7, 33), (33, 7), (300, 500), (0, 3), (3, 0)):
        x = rng.normal(size=shape).astype(dtype)
        b, r = rng.normal(size=shape[1]).astype(dtype), rng.normal(size=shape[0]).astype(dtype)
        s, got = x.dtype.type(1.5), np.empty_like(x)
        run((x, b, r, s), (got,), (0.7,))
        want = formula(x, b, r[:, None], s, by=0.7)
        np.testing.assert_allclose(got, want, rtol=1e-6 if dtype == "f" else 1e-14)


def test_another_setting_compiles_nothing():
    run = built(lambda x, *, slope: np.where(x > 0, x, x * slope), "f", ["slope"])
    x, y = np.linspace(-1, 1, 50, dtype="f"), np.empty(50, "f")
    for slope in (0.1, 0.3, 2, -1.0):
        run((x,), (y,), (float(slope),))
        np.testing.assert_array_equal(y, np.where(x > 0, x, x * slope))
    assert len(run._run.signatures) == 1


def test_read_only_memory_compiles_nothing():
    run = built(lambda x, y, s: x * y + s, "fff", (), [EVERYWHERE, EVERYWHERE, SCALAR])
    rng = np.random.default_rng(0)
    plain = rng.normal(size=(2, 50)).astype("f")
    for number, memory in enumerate((plain, bytes(plain), memoryview(bytes(plain)))):
        x, y = np.frombuffer(memory, "f").reshape(2, 50)
        x.flags.writeable = False
        for a, b in ((x, y), (y, x), (x, x)):
            out = np.empty(50, "f")
            run((a, b, np.float32(number)), (out,))
            np.testing.assert_array_equal(out, a * b + np.float32(number))
        assert not x.flags.writeable
    assert len(run._run.signatures) == 1


def test_what_has_no_text_has_no_kernel():
    assert built(np.arctan, "f") is None
    assert built(np.exp, "e") is None
    assert built(lambda x: x.sum(axis=-1, keepdims=True), "f") is None


KEPT = """
import sys, time, numpy as np
from autograd_core.workers.formula import trace
from autograd_core.workers.compiled.generated import kernel
run = kernel(trace(lambda x: np.exp(x) * 2 + 1, "f"))
x = np.zeros(5, "f"); y = x.copy()
run((x,), (y,))
assert (y == 3).all()
print(sum(run._run.stats.cache_hits.values()))
"""


def python(folder, code=KEPT, **more):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder), **more}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.slow
def test_the_second_process_compiles_nothing(tmp_path):
    assert python(tmp_path).stdout.split() == ["0"]
    assert python(tmp_path).stdout.split() == ["1"]
    for path in tmp_path.rglob("*.nbc"):
        path.write_bytes(b"")  # cut short by a full disk
    for path in tmp_path.rglob("autograd_core_generated_*.py"):
        path.write_text("raise SystemExit(3)")
    assert python(tmp_path).stdout.split() == ["0"]
    assert python(tmp_path).stdout.split() == ["1"]


@pytest.mark.slow
def test_processes_that_compile_the_same_do_not_disturb_each_other(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    running = [subprocess.Popen([sys.executable, "-c", KEPT], env=environment) for _ in range(3)]
    assert [p.wait() for p in running] == [0, 0, 0]


@pytest.mark.slow
def test_where_no_text_can_be_written_a_process_compiles_for_itself(tmp_path):
    (tmp_path / "autograd_core_generated").write_text("a file where the folder should be")
    done = python(tmp_path)
    assert done.stdout.split() == ["0"]
    assert done.stderr.count("cannot be kept on disk") == 1


def test_a_kernel_that_cannot_be_compiled_is_numpys(monkeypatch):
    from autograd_core.workers.compiled import generated

    monkeypatch.setattr(faults, "_said", set())
    monkeypatch.setattr(generated, "elementwise_text", lambda *_: "def run(*given): 1 / 0")
    with pytest.warns(faults.KernelWarning, match="ZeroDivisionError"):
        assert built(lambda x: x + 0.25, "f") is None


@pytest.mark.parametrize("dtype", "fd")
def test_arrays_that_are_not_aligned(dtype):
    run = built(lambda x, y: x * y + 1, dtype * 2)
    x = np.frombuffer(bytes(1) + np.arange(100, dtype=dtype).tobytes(), np.uint8)[1:].view(dtype)
    assert not x.flags.aligned
    y, out = np.linspace(0, 1, 100, dtype=dtype), np.empty(100, dtype)
    run((x, y), (out,))
    np.testing.assert_array_equal(out, np.arange(100, dtype=dtype) * y + 1)


@pytest.mark.slow
def test_an_older_processor_computes_the_same(tmp_path):
    code = """
import numpy as np
from autograd_core.workers.formula import trace
from autograd_core.workers.erf import erf
from autograd_core.workers.compiled.generated import kernel
def formula(x):
    return (np.exp(x), np.expm1(x), np.log(np.abs(x)), np.log1p(np.abs(x)), np.tanh(x), erf(x),
            np.rint(x), np.floor(x), np.ceil(x), np.trunc(x), np.sqrt(np.abs(x)))
for dtype in "fd":
    x = np.linspace(-20, 20, 4001).astype(dtype)
    outs = [np.empty_like(x) for _ in range(11)]
    kernel(trace(formula, dtype))((x,), outs)
    for got, want in zip(outs, formula(x)):
        np.testing.assert_allclose(got, want, rtol=6 * np.finfo(dtype).eps)
"""
    python(tmp_path, code, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="")


def fails(*args):
    raise OSError("no room left")


FAULTS = {
    "numba is absent": (lambda m: m.setitem(sys.modules, "numba", None), None),
    "numba is off": (
        lambda m: m.setattr("numba.config.DISABLE_JIT", True),
        "NUMBA_DISABLE_JIT is set.*plain NumPy.*Unset it",
    ),
    "nothing compiles": (
        lambda m: m.setattr("autograd_core.workers.compiled.trial.run", fails),
        "could not be compiled.*no room left.*Set NUMBA_CACHE_DIR",
    ),
    "one module does not load": (
        lambda m: m.setitem(sys.modules, "autograd_core.workers.compiled.scattering", None),
        "autograd_core.workers.compiled.scattering could not be loaded.*Reinstall numba",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_without_kernels_numpy_does_the_work_and_it_is_said_once(name, monkeypatch, recwarn):
    harm, said = FAULTS[name]
    monkeypatch.setattr(faults, "_said", set())
    monkeypatch.setattr(settings, "_works", None)
    harm(monkeypatch)
    rng = np.random.default_rng(0)
    rows, values = rng.integers(0, 40, 900), rng.normal(size=(900, 7))
    wanted = np.zeros((40, 7))
    np.add.at(wanted, rows, values)
    for _ in range(2):
        out = np.zeros((40, 7))
        with nn.use_kernels(compiled=True):
            add_rows(out, rows, values)
            assert not settings.compiles()
        np.testing.assert_allclose(out, wanted, rtol=1e-12)
    found = [str(w.message) for w in recwarn if w.category is faults.KernelWarning]
    assert len(found) == (said is not None)
    assert all(re.search(said, text) for text in found)


def test_the_environment_says_how_many_threads_there_are(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert threads.available() == 3


def test_where_no_thread_can_be_started_fewer_do_the_work(monkeypatch):
    def start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads, "_pool", threads._Pool())
    done = []
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        threads.share(done.append, 5, threads=3)
    assert done == [0, 1, 2, 3, 4]
    gate = threading.Barrier(2, timeout=10)
    threads.share(lambda k: gate.wait(), 2, threads=2)  # later ones are started as ever


def test_memory_that_is_walked_backwards_or_in_steps_needs_a_copy_first():
    x = np.zeros((4, 6))
    assert walk(x.shape, (x, x[::-1]), (1,)).steps == ((48, 8), (-48, 8))
    assert walk(x.shape, (x[::-1], x), (1,)) is None
    assert walk((4, 3), (x[:, ::2],), (1,)) is None
