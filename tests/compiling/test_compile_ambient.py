"""What a function reads that stands in no variable of its own: settings, caches, memory, errors.

Every program is compared with the engine before and after something changes: the same numbers, or
a clear refusal, and never those of before.
"""

import abc
import contextlib
import ctypes
import decimal
import functools
import gc
import importlib.util
import io
import locale
import math
import sys
import threading
import time
import types
import warnings

import numpy as np
import pytest

from autograd_core import Tensor, compile, elementwise, value_and_grad
from autograd_core.base import errors
from autograd_core.compiling import RecordedAgain
from autograd_core.compiling.outside import Seen

X = np.array([0.5, -1.5, 2.25])


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RecordedAgain)
        yield


def same(found, wanted):
    for x, y in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(np.asarray(x), np.asarray(y))


def check(f, change, *args):
    """A change between two calls counts, as it does without compile."""
    step = compile(f)
    before = value_and_grad(f)(*args)
    same(step(*args), before)
    with change() or contextlib.nullcontext():
        after = value_and_grad(f)(*args)
        assert not np.array_equal(after[0], before[0])
        same(step(*args), after)


@contextlib.contextmanager
def put(owner, name, value):
    old = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, old)


@contextlib.contextmanager
def undone(do, undo):
    do()
    try:
        yield
    finally:
        undo()


@contextlib.contextmanager
def precision(digits):
    with decimal.localcontext() as context:
        context.prec = digits
        yield


ONE = decimal.Decimal(1)
LIMIT = sys.getrecursionlimit()

SETTINGS = {
    "np.geterr": (lambda x: np.sum(x) * len(np.geterr()["divide"]),
                  lambda: np.errstate(divide="ignore")),
    "np.get_printoptions": (lambda x: np.sum(x) * np.get_printoptions()["precision"],
                            lambda: np.printoptions(precision=3)),
    "np.getbufsize": (lambda x: np.sum(x) * np.getbufsize(),
                      lambda: undone(lambda: np.setbufsize(16384), lambda: np.setbufsize(8192))),
    "decimal, by a value": (lambda x: np.sum(x) * float(ONE / 3), lambda: precision(3)),
    "decimal, by a class": (lambda x: np.sum(x) * float(decimal.Decimal(1) / 3),
                            lambda: precision(3)),
    "decimal.getcontext": (lambda x: np.sum(x) * decimal.getcontext().prec, lambda: precision(3)),
    "recursion limit": (lambda x: np.sum(x) * sys.getrecursionlimit(),
                        lambda: undone(lambda: sys.setrecursionlimit(LIMIT + 100),
                                       lambda: sys.setrecursionlimit(LIMIT))),
    "switch interval": (lambda x: np.sum(x) * sys.getswitchinterval(),
                        lambda: undone(lambda: sys.setswitchinterval(0.01),
                                       lambda: sys.setswitchinterval(0.005))),
    "garbage collection": (lambda x: np.sum(x) * (1 + gc.isenabled()),
                           lambda: undone(gc.disable, gc.enable)),
    "the thread's name": (lambda x: np.sum(x) * len(threading.current_thread().name),
                          lambda: put(threading.current_thread(), "name", "a longer name")),
    "a module that is not there": (lambda x: np.sum(x) * (1 + ("no_such" in sys.modules)),
                                   lambda: undone(lambda: sys.modules.update(no_such=sys),
                                                  lambda: sys.modules.pop("no_such"))),
    "a function of NumPy": (lambda x: np.sum(np.sin(x)),
                            lambda: put(np, "sin", lambda x: 3.0 * x)),
    "a function of a part of NumPy": (lambda x: np.linalg.norm(x),
                                      lambda: put(np.linalg, "norm", lambda x: 3.0 * np.sum(x))),
    "a function of math": (lambda x: np.sum(x) * math.sqrt(2.0),
                           lambda: put(math, "sqrt", lambda x: 3.0)),
}  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_of_python_or_numpy_counts(name):
    f, change = SETTINGS[name]
    check(f, change, X)


def test_a_class_that_is_registered_later_counts():
    class Abstract(metaclass=abc.ABCMeta):  # noqa: B024 - nothing to do but be asked for
        pass

    class Concrete:
        pass

    held = Concrete()
    check(
        lambda x: np.sum(x) * (2 if isinstance(held, Abstract) else 3),
        lambda: contextlib.nullcontext(Abstract.register(Concrete)),
        X,
    )


def test_what_objects_hold_in_c_counts():
    number, text, lock = ctypes.c_double(2.0), io.StringIO("3.0"), threading.Lock()
    check(lambda x: np.sum(x) * number.value, lambda: put(number, "value", 5.0), X)
    check(
        lambda x: np.sum(x) * float(text.getvalue()),
        lambda: contextlib.nullcontext(text.write("5.0")),
        X,
    )
    check(lambda x: np.sum(x) * (1 + lock.locked()), lambda: lock, X)


def test_a_cache_that_is_cleared_counts():
    k = [1.0]

    @functools.lru_cache
    def cached(a):
        return k[0] * a

    def f(x):
        return np.sum(x) * cached(2.0)

    step = compile(f)
    same(step(X), value_and_grad(f)(X))
    k[0] = 5.0
    same(step(X), value_and_grad(f)(X))  # still from the cache
    cached.cache_clear()
    same(step(X), value_and_grad(f)(X))
    assert step(X)[0] == 10.0 * np.sum(X)
    count = len(step.recordings)
    cached(2.0)  # a hit changes nothing
    step(X)
    assert len(step.recordings) == count


@pytest.mark.parametrize("read", [lambda w: w.grad, lambda w: getattr(w, "grad")])  # noqa: B009
def test_the_gradient_of_a_captured_tensor_counts(read):
    w = Tensor([2.0, 3.0, 1.0], requires_grad=True)

    def f(x):
        grad = read(w)
        return np.sum(x) if grad is None else np.sum(x * grad)

    step = compile(f)
    same(step(X), value_and_grad(f)(X))
    np.sum(w * w).backward()
    same(step(X), value_and_grad(f)(X))
    np.sum(w * w).backward()
    same(step(X), value_and_grad(f)(X))
    w.grad = Tensor([7.0, 0.0, 1.0])
    same(step(X), value_and_grad(f)(X))


def test_the_order_of_a_dictionary_counts():
    def f(p):
        return sum((k + 1) * np.sum(part) for k, part in enumerate(p["all"].values()))

    step = compile(f)
    for names in ("ab", "ba", "ab"):
        p = {"all": {n: X * (n == "a") for n in names}}
        value, gradients = step(p)
        wanted, right = value_and_grad(f)(p)
        same((value, *gradients["all"].values()), (wanted, *right["all"].values()))
        assert list(gradients["all"]) == list(names)
    assert len(step.recordings) == 2


POSITIVE, NEGATIVE = 2.0 * np.eye(2), -np.eye(2)


def caught(operation, error):
    def f(x):
        try:
            return np.sum(operation(x))
        except error:
            return np.sum(x)

    return f


CAUGHT = {
    "cholesky": (caught(np.linalg.cholesky, np.linalg.LinAlgError), POSITIVE, NEGATIVE),
    "inv": (caught(np.linalg.inv, np.linalg.LinAlgError), POSITIVE, np.zeros((2, 2))),
    "solve": (caught(lambda x: np.linalg.solve(x, np.ones(2)), np.linalg.LinAlgError),
              POSITIVE, np.zeros((2, 2))),
    "an index": (caught(lambda x: x[np.argmax(x, axis=0) + 1], IndexError),
                 np.array([[3.0, 2.0], [1.0, 0.0]]), np.array([[0.0, 1.0], [2.0, 3.0]])),
}  # fmt: skip


@pytest.mark.parametrize("name", CAUGHT)
def test_an_error_of_the_numbers_that_is_caught_is_never_lost(name):
    f, good, bad = CAUGHT[name]
    step = compile(f)
    same(step(good), value_and_grad(f)(good))
    np.testing.assert_array_equal(value_and_grad(f)(bad)[1], np.ones((2, 2)))
    for again in (step, compile(f)):  # after a good recording, and first of all
        with pytest.raises(errors.UnsupportedError, match="which the function catches"):
            again(bad)
    same(step(good), value_and_grad(f)(good))


def test_an_error_of_the_shapes_that_is_caught_is_fine():
    w = np.ones((3, 2))

    def f(x):
        try:
            return np.sum(x @ w)
        except ValueError:
            return np.sum(w.T @ x)

    step = compile(f)
    for x in (np.ones((2, 3)), np.ones((3, 4)), np.ones((2, 3))):
        same(step(x), value_and_grad(f)(x))
    f = caught(lambda x: x[5], IndexError)
    same(compile(f)(X), value_and_grad(f)(X))


def test_an_error_that_nobody_catches_is_the_functions_own():
    step = compile(lambda x: np.sum(np.linalg.cholesky(x)))
    step(POSITIVE)
    with pytest.raises(np.linalg.LinAlgError, match="positive definite"):
        step(NEGATIVE)


def flags(x):
    return np.sum(x) * (2 if HELD.flags.writeable else 3)


HELD = np.ones(3)


@pytest.mark.parametrize(
    ("f", "says"),
    [
        (lambda x: np.sum(x) * np.datetime64("now").astype(float), "datetime64"),
        (lambda x: np.sum(x) * sys.getrefcount(HELD), "getrefcount"),
        (lambda x: np.sum(x) * len(locale.setlocale(locale.LC_NUMERIC)), "setlocale"),
        (lambda x: np.sum(x) * (1 + np.shares_memory(x, HELD)), "shares_memory"),
        (lambda x: np.sum(x) * (1 + np.may_share_memory(HELD, x)), "may_share_memory"),
        (flags, "writeable"),
    ],
)
def test_what_no_program_can_answer_is_refused_by_name(f, says):
    with pytest.raises(errors.UnsupportedError, match=says):
        compile(f)(X)


@pytest.mark.parametrize("read", [np.load, np.loadtxt, np.fromfile, np.genfromtxt, np.memmap])
def test_files_are_refused_also_where_numpy_opens_them(read, tmp_path):
    path = str(tmp_path / "numbers.npy")
    if read is np.load:
        np.save(path, X)
    elif read in (np.loadtxt, np.genfromtxt):
        np.savetxt(path, X)
    else:
        X.tofile(path)
    settings = {"dtype": float, "mode": "r"} if read is np.memmap else {}
    with pytest.raises(errors.UnsupportedError, match=r"calls (open|numpy\.fromfile)"):
        compile(lambda x: np.sum(x * read(path, **settings)))(X)


def test_setting_writeable_is_no_reading():
    def f(x):
        y = np.ones(3)
        y.flags.writeable = False
        return np.sum(x * y)

    same(compile(f)(X), value_and_grad(f)(X))


def test_calling_a_function_named_grad_reads_no_gradient():
    w = Tensor([2.0, 3.0, 1.0], requires_grad=True)
    space = types.SimpleNamespace(grad=lambda x: np.sum(x * w))
    step = compile(lambda x: space.grad(x), parameters=[w])
    for _ in range(3):
        step.backward(X)
    assert len(step.recordings) == 1


def test_counts_that_python_reads_are_guarded():
    f = caught(lambda x: x[0] * np.bincount(np.rint(x[1]).astype(int), minlength=2), ValueError)
    step = compile(f)
    for last in (1.0, -1.0, 0.0, -1.0):
        x = np.array([[3.0, 2.0], [last, 0.0]])
        same(step(x), value_and_grad(f)(x))


def test_a_kernel_that_is_compiled_meanwhile_is_no_clock() -> None:
    """numba times its own work and keeps files; that is not the function's doing."""
    numba = pytest.importorskip("numba")

    @numba.njit
    def doubled(x):  # compiled at the first call, while the function is recorded
        return x * 2.0

    scale = elementwise(lambda x: np.asarray(doubled(x)), lambda y, x: 2.0, name="doubled")
    step = compile(lambda x: np.sum(scale(x)))
    value, slopes = step(np.arange(3.0))
    assert value == 6.0
    np.testing.assert_array_equal(slopes, [2.0, 2.0, 2.0])


def test_what_a_compiler_calls_is_its_own_affair(tmp_path, monkeypatch) -> None:
    """As numba calls packages that colour its messages, whose state changes with the first use."""
    site = tmp_path / "site-packages"
    for name, text in {
        "numba/stage.py": "import painter\ndef prepare():\n    painter.begin()\n",
        "painter/__init__.py": "stream = None\ndef begin():\n    global stream\n"
        "    before, stream = stream, object()\n",
    }.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(str(site))
    spec = importlib.util.spec_from_file_location("stage", site / "numba" / "stage.py")
    stage = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stage)
    seen = Seen()
    with seen.looking():
        stage.prepare()
    names = {code.co_qualname for code in seen.codes}
    assert "begin" not in names
    with seen.looking():
        sys.modules["painter"].begin()  # called by the function itself, it counts
    assert "begin" in {code.co_qualname for code in seen.codes}


def test_the_garbage_collector_is_not_the_function() -> None:
    """It may come at any moment, and others may have asked it to tell the time."""
    calls = [0]

    def note(phase: str, info: dict[str, int]) -> None:
        time.perf_counter()
        calls[0] += 1

    def f(x):
        gc.collect()
        return np.sum(np.tanh(x))

    gc.callbacks.append(note)
    try:
        step = compile(f)
        first, again = step(np.ones(3)), step(np.ones(3))
    finally:
        gc.callbacks.remove(note)
    assert calls[0]
    assert first[0] == again[0]
    assert len(step.recordings) == 1


def test_a_class_whose_module_is_no_name():
    """As classes have that Cython makes."""
    Meta = type("Meta", (type,), {"__module__": property(lambda self: "somewhere")})
    thing = Meta("Thing", (), {"scale": 2.0})()

    def f(x):
        return np.sum(x * x) * (thing.scale if isinstance(Meta, type) else 1.0)

    same(compile(f)(X), value_and_grad(f)(X))
