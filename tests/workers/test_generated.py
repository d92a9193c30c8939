"""Kernels written from formulas: what they compute, in which dtypes, and how they are kept."""

import os
import subprocess
import sys

import numpy as np
import pytest

import nn
from autograd_core.workers.formula import BY_COLUMN, BY_ROW, EVERYWHERE, SCALAR, trace
from autograd_core.workers.settings import importable

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
    from autograd_core.workers import faults
    from autograd_core.workers.compiled import generated

    monkeypatch.setattr(faults, "_said", set())
    monkeypatch.setattr(generated, "elementwise_text", lambda formula: "def run(*given): 1 / 0")
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
