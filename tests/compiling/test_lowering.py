"""compile's loops: what they compute, when they run, and what happens where they cannot."""

import os
import sys
import threading
import warnings

import interpreted
import numpy as np
import pytest
from table import directions, outputs, weighted
from test_compile_bits import FORMS, REFUSED, some

from autograd_core import compile, value_and_grad
from autograd_core.compiling import recording
from autograd_core.compiling.lowering import loops, lowered, schedule
from autograd_core.workers import settings
from autograd_core.workers.faults import KernelWarning

RNG = np.random.default_rng(5)
COMPILED = settings.compiles()
compiled_only = pytest.mark.skipif(not COMPILED, reason="numba is not installed")


@pytest.fixture
def text_runs(monkeypatch):
    """Let Python run the text of loops, of every nest that there can be."""
    monkeypatch.setattr(lowered, "kernels", lambda name: interpreted.PROGRAMS)
    monkeypatch.setattr(schedule, "START", -1e9)
    monkeypatch.setattr(schedule, "_is_heavy", lambda work: True)
    warnings.filterwarnings("error", category=KernelWarning)  # what cannot be made into loops


def both(f, args, argnums=None, exact=False):
    """What NumPy's program gives, and what the loops give."""
    made = compile(f, tuple(range(len(args))) if argnums is None else argnums, exact=exact)
    made(*args)
    made.lower()
    recording = made.recordings[0]
    if recording._fast is None:
        return made, None, None
    made(*args)  # the two are compared
    assert recording._fast is not None
    arrays = [np.float64(x) if isinstance(x, float) else x for x in args]
    arrays += [tensor._held for tensor, _ in recording._tensors]
    found = recording._fast(*arrays)
    assert found.__class__ is tuple
    return made, found, recording.run(*arrays)


def check(found, wanted, exact, name=""):
    for a, b in zip(found, wanted, strict=True):
        assert type(a) is type(b), name
        a, b = np.asarray(a), np.asarray(b)
        assert (a.shape, a.dtype, a.strides) == (b.shape, b.dtype, b.strides), name
        if exact or b.dtype.kind not in "fc":
            assert np.array_equal(a, b, equal_nan=b.dtype.kind in "fc"), name
            continue
        known = np.isfinite(b)
        assert np.array_equal(a[~known], b[~known], equal_nan=True), name
        size = max(np.abs(b[known]).max(initial=0.0), 1.0)
        far = np.abs(a[known] - b[known]).max(initial=0.0)
        assert far <= 64 * np.finfo(b.dtype).eps * size, (name, far, size)


@pytest.mark.part(4)
@pytest.mark.slow
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("case", some(40, 7), ids=str)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("text_runs")
def test_loops_of_every_operation(case, exact):
    """Bits with exact=True; by default sums in another order and functions' last bits."""
    with np.errstate(all="ignore"):
        for form in (None, *FORMS):
            for dtype in (float, np.float32) if form in (None, "columns") else (float,):
                try:
                    xs = [x if form is None else FORMS[form](np.asarray(x))
                          for x in case.arguments()]  # fmt: skip
                    if dtype is np.float32:
                        xs = [x.astype(dtype) if x.dtype.kind == "f" else x for x in xs]
                    made = outputs(case.f(*[x.copy() for x in xs]))
                    f = weighted(case.f, directions([x.real for x in made], 1))
                    value_and_grad(f, tuple(range(len(xs))))(*xs)
                    compile(f, tuple(range(len(xs))))(*xs)
                except REFUSED:
                    continue  # the engine has no such operation of such arguments
                _, found, wanted = both(f, xs, exact=exact)
                if found is not None:
                    check(found, wanted, exact, f"{case.name} {form}")


# --- programs with rows, columns, views, several nests ----------------------------


def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    p = e / np.sum(e, axis=-1, keepdims=True)
    return np.sum(p * p)


def layer_norm(x, g, b):
    m = np.mean(x, axis=-1, keepdims=True)
    v = np.mean((x - m) ** 2, axis=-1, keepdims=True)
    return np.sum(np.tanh((x - m) / np.sqrt(v + 1e-5) * g + b))


def without_kept_axes(x):
    m = np.max(x, axis=1)
    s = np.log(np.sum(np.exp(x - m[:, None]), axis=1)) + m
    return np.mean(s * s)


def of_views(x):
    y = np.sin(x)
    return np.sum(y[:, ::2] * y[:, 1::2]) + np.sum(y.T * np.cos(x).T) + np.sum(y[::-1] * x)


def of_blocks(x):
    y = np.exp(x).reshape(x.shape[0], -1, 2)
    return np.sum((y - np.mean(y, axis=(1, 2), keepdims=True)) ** 2 * y)


def of_the_whole(x):
    y = np.tanh(x)
    return np.sum((y - np.mean(y)) ** 2) / np.sum(np.exp(y - np.max(y)))


def products_between(x, w):
    h = np.tanh(x @ w)
    h = np.tanh(h @ w.T * 0.1 + x)
    return np.mean((h - x) ** 2)


def chosen(x):
    y = np.where(x > 0, x * x, np.expm1(np.minimum(x, 0)))
    return np.sum(np.abs(np.clip(y, -0.5, 2)) + np.maximum(x, y) + np.sign(x) * y)


def by_columns(x):
    s = np.std(x, axis=0)
    return np.sum((x - np.mean(x, axis=0)) / s * np.sin(x))


def chain(y):
    x = y
    for _ in range(30):
        y = y * x + x
    return np.sum(y)


def cube(x):
    return np.sum(np.exp(x) * np.sum(x * x, axis=(0, 2), keepdims=True))


def guarded(x):
    size = np.sqrt(np.sum(x * x))
    if size > 1:
        x = x / size
    return np.sum(np.exp(x))


def huber(x):
    d = np.abs(x)
    return np.mean(np.where(d < 1, 0.5 * d * d, d - 0.5))


def entropy(x, t):  # four goings through a row, with as much to remember between them
    top = np.max(x, axis=1, keepdims=True)
    log_sum = np.log(np.sum(np.exp(x - top), axis=1, keepdims=True)) + top
    return np.sum((log_sum - x) * t) + np.sum(np.max(x, axis=1)) - np.sum(np.min(t, axis=1))


PROGRAMS = {
    "softmax": (softmax, [(7, 9)]), "softmax of one row": (softmax, [(1, 9)]),
    "softmax of a vector": (softmax, [(9,)]), "softmax of 4 axes": (softmax, [(2, 3, 4, 5)]),
    "layer norm": (layer_norm, [(6, 8), (8,), (8,)]),
    "layer norm of 3 axes": (layer_norm, [(3, 2, 8), (8,), (8,)]),
    "layer norm of 1 column": (layer_norm, [(6, 1), (1,), (1,)]),
    "axes not kept": (without_kept_axes, [(5, 4)]), "views": (of_views, [(6, 8)]),
    "blocks": (of_blocks, [(4, 6)]), "whole": (of_the_whole, [(5, 7)]),
    "whole of 3 axes": (of_the_whole, [(2, 3, 4)]),
    "products": (products_between, [(5, 5), (5, 5)]),
    "chosen": (chosen, [(40,)]), "columns": (by_columns, [(6, 5)]), "chain": (chain, [()]),
    "huber": (huber, [(6, 7)]), "entropy": (entropy, [(5, 6), (5, 6)]),
    "chain of 8": (chain, [(8,)]), "cube": (cube, [(3, 4, 5)]), "guarded": (guarded, [(9,)]),
}  # fmt: skip
LIE = {
    "rows": lambda x: x,
    "columns": np.asfortranarray,
    "gaps": FORMS["gaps"],
    "backwards": FORMS["backwards"],
    "unaligned": FORMS["unaligned"],
}


def arguments(name, dtype, lie="rows"):
    rng = np.random.default_rng(3)
    return [LIE[lie](np.asarray(rng.normal(size=s), dtype)) for s in PROGRAMS[name][1]]


REST = pytest.mark.exhaustive


@pytest.mark.slow
@pytest.mark.untraced
@pytest.mark.parametrize(
    ("dtype", "exact"),
    [
        (np.float64, False),
        (np.float32, True),
        pytest.param(np.float64, True, marks=REST),
        pytest.param(np.float32, False, marks=REST),
    ],
)
@pytest.mark.parametrize("lie", LIE)
@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.usefixtures("text_runs")
def test_loops_of_programs(name, dtype, lie, exact):
    if not PROGRAMS[name][1][0] and lie in ("gaps", "backwards"):
        return
    _, found, wanted = both(PROGRAMS[name][0], arguments(name, dtype, lie), exact=exact)
    if found is not None:
        check(found, wanted, exact)
    else:
        assert exact or lie in ("gaps", "backwards", "unaligned")


@pytest.mark.parametrize(
    "name", ["softmax", "layer norm", "views", "blocks", "columns", "cube", "entropy"]
)
@pytest.mark.usefixtures("text_runs")
def test_parts_and_tiles_of_large_arrays(name, monkeypatch):
    """Many threads' parts, and rows cut into tiles, of small arrays."""
    monkeypatch.setattr(loops, "SHARED", 8)
    monkeypatch.setattr(loops, "TILE", 3)
    _, found, wanted = both(PROGRAMS[name][0], arguments(name, float))
    assert found is not None
    check(found, wanted, False)


@compiled_only
@pytest.mark.parametrize("where", ["mean", "sum"])
@pytest.mark.usefixtures("text_runs")
def test_a_choice_by_condition_is_one_going_through_its_arrays(where):
    """The slope of a mean is one number everywhere: no array of it, forward and backward in one."""

    def f(x, y):
        chosen = np.where(x > y, np.where(x > 0, x * y, 2.0), y * y)
        return np.mean(chosen) if where == "mean" else 0.25 * np.sum(chosen)

    made, found, wanted = both(f, [RNG.normal(size=(4, 5)), RNG.normal(size=(4, 5))])
    check(found, wanted, exact=False)
    program = made.lowered.split("# loops_1")[0].splitlines()
    calls = [line.split("  #")[0] for line in program if "(" in line.split("  #")[0]]
    assert sum("loops_1(" in call for call in calls) == 1
    assert not any("np.where(" in call or "loops_2(" in call for call in calls), calls


@pytest.mark.parametrize("name", [np.sum, np.mean, np.max, np.min])
def test_a_reduction_of_one_number_is_left_out(name):
    made = compile(lambda x: name(x * x))
    assert made(np.float64(3.0)) == (9.0, 6.0)
    assert "(" not in made.source.split("value = ")[1].splitlines()[0].split("#")[0]


def of_transposed(x):
    y = np.exp(x)
    return np.sum(np.sum(y.T, axis=1) ** 2) + np.sum(np.sum(y, axis=1) ** 3)


def by_rows_and_planes(x):
    y = np.exp(x)
    return np.sum(np.sum(y, axis=-1) ** 2) + np.sum(np.sum(y, axis=0) ** 2)


def of_single_columns(x):
    y = np.exp(x - np.max(x, axis=1, keepdims=True))
    s = np.sum(y * x, axis=1)
    return np.sum(np.sin(y[:, 0]) * s)


def of_truths(x):
    seen = np.maximum(x > 0, x > 1)
    return np.sum(np.where(seen, x * x, x) * np.sum(x, axis=0, keepdims=1))


def of_whole_numbers(x):
    return np.sum(x * (np.rint(x).astype(int) + 1) * np.abs(x + 2j))


@pytest.mark.usefixtures("text_runs")
@pytest.mark.parametrize("longest", [3, 1500])
@pytest.mark.parametrize(
    ("f", "shape"),
    [(of_transposed, (4, 4)), (by_rows_and_planes, (2, 3, 4)), (of_single_columns, (5, 1)),
     (of_truths, (4, 3)), (of_whole_numbers, (5,)), (softmax, (4, 5))],
)  # fmt: skip
def test_loops_beside_what_is_no_loop_or_another(f, shape, longest, monkeypatch):
    monkeypatch.setattr(schedule, "LONGEST", longest)
    x = np.random.default_rng(2).normal(size=shape)
    made, found, wanted = both(f, [x])
    assert found is not None
    check(found, wanted, False)
    value, slopes = value_and_grad(f)(x)
    check([made(x)[0], made(x)[1][0]], [value, slopes], False)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["layer norm", "chain of 8", "guarded"])
def test_numba_runs_the_same_text(name):
    made, found, wanted = both(PROGRAMS[name][0], arguments(name, np.float64))
    if found is None:
        pytest.fail(made.lowered)
    check(found, wanted, name.startswith("chain"))
    assert "def loops(" in made.lowered
    assert "def loops(" not in made.source
    found = made(*(a * 0.7 for a in arguments(name, float)))
    wanted = value_and_grad(PROGRAMS[name][0], tuple(range(len(arguments(name, float)))))(
        *(a * 0.7 for a in arguments(name, float))
    )
    check([found[0], *found[1]], [wanted[0], *wanted[1]], False)


def ready(f, *args, **settings_):
    made = compile(f, **settings_)
    made(*args)
    made.lower()
    made(*args)
    assert made.recordings[0]._fast is not None
    return made


LARGE = RNG.normal(size=(400, 300))


@pytest.mark.slow
@compiled_only
def test_large_arrays_are_shared_among_threads_and_the_bits_do_not_depend_on_them():
    import nn

    made = ready(softmax, LARGE)
    assert "lead(board" in made.lowered
    value, gradient = made(LARGE)
    check([value, gradient], value_and_grad(softmax)(LARGE), False)
    with nn.use_kernels(threads=1):
        check(made(LARGE), (value, gradient), True)


@pytest.mark.slow
@compiled_only
def test_warnings_and_errors_of_numbers_are_numpys():
    made = ready(lambda x: np.sum(np.log(x) * x + np.exp(x) / x), np.full(200, 0.5))
    x = np.full(200, 0.5)
    for number, kind, match in (
        (0.0, "divide", "divide by zero"), (-1.0, "invalid", "invalid"), (800.0, "over", "overflow")
    ):  # fmt: skip
        x[7] = number
        with np.errstate(all="ignore"):
            with np.errstate(**{kind: "warn"}), pytest.warns(RuntimeWarning, match=match):
                made(x)
            with np.errstate(**{kind: "raise"}), pytest.raises(FloatingPointError, match=match):
                made(x)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        value, gradient = made(x)
        wanted, theirs = value_and_grad(made._f)(x)
    check([value, gradient], [wanted, theirs], False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made(np.full(200, 0.5))


@pytest.mark.slow
@compiled_only
def test_results_are_the_callers():
    """No array that was given away is written into again."""
    made = ready(softmax, LARGE)
    first = made(LARGE)[1]
    kept = first.copy()
    second = made(2 * LARGE)[1]
    assert not np.shares_memory(first, second)
    assert np.array_equal(first, kept)
    first[:] = 0
    assert np.array_equal(made(LARGE)[1], kept)


@pytest.mark.slow
@compiled_only
def test_arguments_that_overlap():
    pair = LARGE[:-1], LARGE[1:]
    made = ready(lambda x, y: np.sum(np.exp(x) * np.sin(y) + x), *pair, argnums=(0, 1))
    found, wanted = made(*pair), value_and_grad(made._f, (0, 1))(*pair)
    check([found[0], *found[1]], [wanted[0], *wanted[1]], False)


@compiled_only
def test_other_kinds_of_arrays_are_answered_by_numpys_program_or_rightly():
    x = RNG.normal(size=300)
    made = ready(lambda x: np.sum(np.exp(x) * x), x)
    raw = np.zeros(8 * 300 + 1, np.uint8)
    unaligned = raw[1:].view(float)
    unaligned[:] = x
    readonly = x.copy()
    readonly.flags.writeable = False
    for other in (unaligned, readonly):
        check(made(other), value_and_grad(made._f)(x), False)


@compiled_only
def test_a_guard_that_fails_in_the_middle():
    from autograd_core import RecordedAgain

    x = RNG.normal(size=300)
    made = ready(guarded, x)
    with warnings.catch_warnings():  # not even of the division that does not happen
        warnings.simplefilter("error")
        warnings.simplefilter("always", RecordedAgain)
        with pytest.warns(RecordedAgain, match="a condition was True"):
            value, gradient = made(np.zeros(300))
    assert value == 300
    assert np.array_equal(gradient, np.ones(300))
    check(made(x), value_and_grad(guarded)(x), False)


@compiled_only
def test_threads_call_one_compiled_function():
    made = ready(softmax, LARGE)
    xs = [LARGE * (1 + k / 7) for k in range(6)]
    wanted = [made(x) for x in xs]
    wrong = []

    def work():
        for _ in range(5):
            for x, (value, gradient) in zip(xs, wanted, strict=True):
                found = made(x)
                if found[0] != value or not np.array_equal(found[1], gradient):
                    wrong.append(x)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@compiled_only
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_computes_the_same():
    made = ready(softmax, LARGE)
    value, gradient = made(LARGE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if not child:
        found = made(LARGE)
        os._exit(0 if found[0] == value and np.array_equal(found[1], gradient) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# --- when loops are made ------------------------------------------------------------


@pytest.mark.usefixtures("text_runs")
def test_loops_come_when_they_have_come_to_pay(monkeypatch):
    monkeypatch.setattr(lowered, "COMPILING", 1e6)
    monkeypatch.setattr(lowered, "OF_LINE", 0.0)
    monkeypatch.setattr(schedule, "START", 0.0)
    small, large = RNG.normal(size=20), RNG.normal(size=20_000)
    needed = {}
    for x in (small, large):
        made = compile(softmax)
        for k in range(2000):
            made(x)
            if made.recordings[0]._fast is not None:
                needed[x.size] = k
                break
    assert 5 * needed[large.size] < needed[small.size]


@pytest.mark.usefixtures("text_runs")
def test_loops_that_are_far_off_are_given_up(monkeypatch):
    wrong = interpreted.PROGRAMS.function

    def off(text, *rest):
        return wrong(text.replace("exp(", "0.9 + exp("), *rest)

    monkeypatch.setattr(interpreted.PROGRAMS, "function", off)
    x = RNG.normal(size=50)
    made = compile(softmax)
    made(x)
    made.lower()
    assert made.recordings[0]._fast is not None
    made(x)
    assert made.recordings[0]._fast is None
    check(made(x), value_and_grad(softmax)(x), True)


@pytest.mark.usefixtures("text_runs")
def test_loops_that_fail_again_and_again_are_given_up(monkeypatch):
    def failing(*_):
        raise MemoryError

    programs = interpreted.types.SimpleNamespace(**vars(interpreted.PROGRAMS))
    programs.function = lambda *_: failing
    monkeypatch.setattr(lowered, "kernels", lambda name: programs)
    x = RNG.normal(size=50)
    made = compile(softmax)
    made(x)
    made.lower()
    assert made.recordings[0]._fast is not None
    for _ in range(16):
        check(made(x), value_and_grad(softmax)(x), True)
    assert made.recordings[0]._fast is None
    check(made(x), value_and_grad(softmax)(x), True)


def test_a_fault_in_making_loops_is_said_and_numpys_program_runs(monkeypatch):
    from autograd_core.workers import faults

    def broken(*_):
        raise RecursionError("too deep")

    monkeypatch.setattr(faults, "_said", set())
    monkeypatch.setattr(lowered, "Lowered", broken)
    made, x = compile(softmax), RNG.normal(size=(3, 4))
    with pytest.warns(faults.KernelWarning, match="cannot be made into loops .*too deep"):
        made(x)
    made.lower()
    check(made(x), value_and_grad(softmax)(x), True)


def test_what_counts_as_near():
    y = np.array([1.0, np.nan, np.inf])
    assert recording.near(y * (1 + 1e-12), y)
    assert not recording.near(y[:2], y)
    assert not recording.near(y.astype(np.float32), y)
    assert not recording.near(np.array([1.0, np.nan, -np.inf]), y)
    assert not recording.near(np.array([1.1, np.nan, np.inf]), y)
    assert recording.near(np.array([1, 2]), np.array([1, 2]))
    assert not recording.near(np.array([1, 2]), np.array([1, 3]))


def test_without_numba_programs_are_numpys(monkeypatch):
    monkeypatch.setattr(lowered, "kernels", lambda name: None)
    x = RNG.normal(size=(30, 40))
    made = compile(softmax)
    made(x)
    made.lower()
    for _ in range(3):
        check(made(x), value_and_grad(softmax)(x), True)


def test_a_fault_of_numba_is_said_once(monkeypatch):
    from autograd_core.workers import faults

    def broken(*_):
        raise OSError("no compiler")

    programs = interpreted.types.SimpleNamespace(**vars(interpreted.PROGRAMS))
    programs.function = broken
    programs.failed = lambda error: faults.say_once("a test's program", str(error))
    monkeypatch.setattr(lowered, "kernels", lambda name: programs)
    made = compile(softmax)
    x = RNG.normal(size=(30, 40))
    made(x)
    with pytest.warns(faults.KernelWarning, match="no compiler"):
        made.lower()
    check(made(x), value_and_grad(softmax)(x), True)


def test_the_engine_does_not_load_numba():
    import subprocess

    code = (
        "import sys, numpy as np; from autograd_core import compile\n"
        "f = compile(lambda x: np.sum(np.exp(x))); f(np.ones(3)); f(np.ones(3)); f.lowered\n"
        "assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
