"""compile: whatever a function reads besides its arguments counts at once, or is refused."""

import builtins
import collections
import contextvars
import dataclasses
import datetime
import functools
import gc
import io
import logging
import os
import random
import sys
import threading
import time
import types
import warnings

import numpy as np
import pytest
from fuzzing_compile.arrays import REFUSED
from fuzzing_compile.programs import HEAD, KINDS, USES, StaleError, check, run

import nn
from autograd_core import (
    RecordedAgain,
    SettingError,
    Tensor,
    UnsupportedError,
    compile,
    value_and_grad,
)
from autograd_core.compiling import outside, walking
from autograd_core.compiling.captured import CapturedState
from autograd_core.compiling.places import equal
from autograd_core.compiling.program import same
from autograd_core.compiling.recorder import Recorder
from autograd_core.compiling.recording import agree as agrees

X = np.array([0.5, -1.25, 2.0])


def agree(compiled, f, *args):
    (value, gradient), (wanted, theirs) = compiled(*args), value_and_grad(f)(*args)
    assert np.array_equal(value, wanted)
    assert np.array_equal(gradient, theirs)


@pytest.fixture
def strict():
    """Recording again is a failure."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RecordedAgain)
        yield


@pytest.fixture
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RecordedAgain)
        yield


def program(kind, use):
    before, expression, after = (t.format(k=0, a=2, b=7) for t in KINDS[kind])
    lines = [
        HEAD,
        before,
        "def f(x):",
        f"    n = {expression}",
        f"    return {use} + np.sum(x * x)",
    ]
    return "\n".join(lines), [after] if after else []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_thing_that_is_read(kind):
    end = run(*program(kind, USES[0]), kind)
    assert (end == "refused") == (kind in REFUSED)


@pytest.mark.part(3)
@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 200, 20))
def test_random_programs(start):
    for seed in range(start, start + 20):
        assert check(seed)


def test_the_fuzzer_would_notice(monkeypatch):
    monkeypatch.setattr(CapturedState, "changed", lambda self: None)
    with pytest.raises(StaleError, match="class attribute"):
        run(*program("class attribute", USES[0]), "class attribute")


# --- captured arrays are inputs ---------------------------------------------


def test_a_captured_array_is_refilled(strict):
    data, labels = np.zeros((4, 3)), np.zeros(4, int)

    def f(w):
        z = data @ w
        return np.sum(np.exp(z)) - np.sum(z[np.arange(4), labels])

    compiled = compile(f)
    rng = np.random.default_rng(0)
    w = rng.normal(size=(3, 2))
    for _ in range(4):
        data[...] = rng.normal(size=(4, 3))
        labels[...] = rng.integers(0, 2, 4)
        agree(compiled, f, w)
    assert len(compiled.recordings) == 1


def test_a_model_that_is_not_listed_is_captured(strict):
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout(0.5)).eval()
    f = lambda x: np.sum(model(x) ** 2)
    x = np.ones((2, 3), np.float32)
    compiled = compile(f)
    agree(compiled, f, x)
    model[0].weight.data[...] = 1.0
    agree(compiled, f, x)
    model[1].running_var += 1.0
    with pytest.warns(RecordedAgain, match="running_var.* holds other numbers"):
        compiled(x)
    agree(compiled, f, x)
    model[1].eps = 0.5
    with pytest.warns(RecordedAgain, match="eps was"):
        compiled(x)
    agree(compiled, f, x)


def test_labels_that_python_reads_one_by_one(quiet):
    labels = np.array([0, 1])

    def f(z):
        return sum(z[i, int(labels[i])] ** 2 for i in range(2))

    compiled = compile(f)
    z = np.arange(6.0).reshape(2, 3)
    for new in ([0, 1], [2, 1], [0, 1], [0, 0]):
        labels[:] = new
        agree(compiled, f, z)
    assert len(compiled.recordings) == 3


def test_everything_is_in_its_place_after_a_run_that_fails():
    table = np.ones(3)
    holder = types.SimpleNamespace(a=table, parts=[table], t=Tensor([1.0, 2.0, 3.0]))

    def f(x):
        if isinstance(holder.a, np.ndarray):
            raise KeyError("on purpose")
        return np.sum(x)

    data = holder.t._held
    with pytest.raises(KeyError):
        compile(f)(X)
    assert holder.a is table
    assert holder.parts[0] is table
    assert holder.t._held is data
    assert table.flags.writeable
    assert "isinstance" not in f.__globals__
    assert "isinstance" not in globals()


def test_code_that_insists_on_arrays(quiet):
    table = np.array([1.0, 2.0, 3.0])

    def f(x):
        whole = np.frombuffer(memoryview(table))  # not something that stands for an array
        return np.sum(x * whole.copy()) * table.ctypes.data / table.ctypes.data

    compiled = compile(f)
    agree(compiled, f, X)
    table[1] = 7.0
    with pytest.warns(RecordedAgain, match="table holds other numbers"):
        agree(compiled, f, X)


def test_an_array_that_is_replaced_as_it_runs():
    class Running:
        def __init__(self):
            self.mean = np.zeros(3)

        def __call__(self, x):
            self.mean = self.mean * 0.9
            return np.sum(x * self.mean)

    running = Running()
    with pytest.raises(UnsupportedError, match="compile: the function"):
        compile(lambda x: running(x))(X)
    assert type(running.mean) is np.ndarray


def test_a_value_that_is_kept_is_an_error_later():
    kept = {}

    def f(x):
        kept["x"] = x
        return np.sum(x * x)

    with pytest.raises(UnsupportedError, match=r"kept\['x'\] was another Tensor"):
        compile(f)(X)
    recorder = Recorder()
    value = recorder.stand_in("table", np.ones(3))
    recorder.end()
    for use in (lambda: value * 2, lambda: float(value[0]), lambda: value.tolist()):
        with pytest.raises(UnsupportedError, match="kept from a recorded run"):
            use()


def test_other_threads_keep_their_arrays():
    recorder = Recorder()
    value = recorder.stand_in("table", np.array([1.0, 2.0]))
    found = []
    thread = threading.Thread(
        target=lambda: found.extend([value * 2.0, value.tolist(), np.take(value, indices=1)])
    )
    thread.start()
    thread.join()
    assert type(found[0]) is np.ndarray
    assert found[0].tolist() == [2.0, 4.0]
    assert found[1:] == [[1.0, 2.0], 2.0]
    assert not recorder.steps
    assert "another thread" in recorder.unlike


# --- what is compared, in detail --------------------------------------------


def test_settings_that_change_inside(quiet):
    @dataclasses.dataclass
    class Options:
        power: int
        hidden: list = dataclasses.field(compare=False)

    def f(x, options):
        return np.sum(x**options.power) * options.hidden[0]

    compiled = compile(f)
    options = Options(2, [3.0])
    for change in (lambda: None, lambda: setattr(options, "power", 3),
                   lambda: options.hidden.append(1),
                   lambda: options.hidden.__setitem__(0, 5.0)):  # fmt: skip
        change()
        value, gradient = compiled(X, options)
        wanted, theirs = value_and_grad(f)(X, options)
        assert value == wanted
        assert np.array_equal(gradient, theirs)
    other = Options(3, [7.0])  # equal, says its class
    assert compiled(X, other)[0] == f(X, other)


def test_arguments_that_are_not_arrays_of_numbers(quiet):
    def f(x, words):
        return np.sum(x) * len(words[0])

    compiled = compile(f)
    words = np.array(["a", "bb"])
    for change in ("aa", "a", ""):
        words[0] = change
        assert compiled(X, words)[0] == f(X, words)


def test_what_changes_as_it_runs_is_refused():
    state = {"n": 0}

    def f(x):
        state["n"] += 1
        return np.sum(x) * (1 + 0 * state["n"])

    with pytest.raises(UnsupportedError, match=r"state\['n'\] was 1, is 2"):
        compile(f)(X)
    state["n"] = 0

    @functools.lru_cache
    def g():
        return state["n"]

    h = lambda x: np.sum(x) * (1 + g())
    compiled = compile(h)
    agree(compiled, h, X)
    state["n"] = 1
    g.cache_clear()
    with pytest.warns(RecordedAgain, match=r"state\['n'\] was 0, is 1"):
        agree(compiled, h, X)


@pytest.mark.parametrize(
    ("ask", "name"),
    [
        (lambda: __import__("time").time(), r"time\.time"),
        (lambda: __import__("time").perf_counter(), r"time\.perf_counter"),
        (lambda: os.urandom(1)[0], r"os\.urandom"),
        (lambda: os.getpid(), r"os\.getpid"),
        (lambda: os.path.exists("."), r"os\.stat"),
        (lambda: len(open(os.devnull).read()), "open"),  # noqa: SIM115
        (lambda: np.random.default_rng().random(), r"os\.urandom"),
        (lambda: __import__("datetime").datetime.now().year, r"datetime\.now"),
        (lambda: __import__("secrets").randbelow(2), r"os\.urandom"),
        (lambda: __import__("uuid").uuid4().int % 2, r"os\.urandom"),
        (lambda: __import__("random").Random().random(), "without a seed"),
        (lambda: __import__("pathlib").Path(".").exists(), r"os\.stat"),
    ],
)
def test_the_world_outside_is_refused_by_name(ask, name):
    with pytest.raises(UnsupportedError, match=f"the function calls .*{name}"):
        compile(lambda x: np.sum(x) * float(ask()))(X)


def test_messages_are_no_reading(capsys, strict):
    def f(x):
        warnings.warn("a message", UserWarning, stacklevel=1)
        print("shown")
        import textwrap

        return np.sum(x) * len(textwrap.dedent(" a"))

    compiled = compile(f)
    with pytest.warns(UserWarning, match="a message"):
        agree(compiled, f, X)
    assert "shown" in capsys.readouterr().out


def test_iterators_that_are_there_but_not_read(strict):
    class Trainer:
        def __init__(self):
            self.batches = iter(range(9))
            self.lock = threading.Lock()
            self.rate = 0.5

        def loss(self, x):
            with self.lock:
                return np.sum(x) * self.rate

    trainer = Trainer()
    compiled = compile(trainer.loss)
    agree(compiled, trainer.loss, X)
    trainer.rate = 2.0
    with pytest.warns(RecordedAgain, match=r"self\.rate was 0\.5, is 2\.0"):
        compiled(X)


def test_under_another_profiler(quiet):
    """Nothing is seen of the run; all that can be reached is compared."""
    limits = [3.0]
    table = np.array([2.0])

    def helper():
        return limits[0]

    def f(x):
        return np.sum(x) * helper() * float(table[0])

    compiled = compile(f)
    old = sys.getprofile()
    sys.setprofile(lambda *_: None)
    try:
        compiled(X)
    finally:
        sys.setprofile(old)
    limits[0] = 4.0
    agree(compiled, f, X)
    table[0] = 5.0
    agree(compiled, f, X)


def test_one_recording_inside_of_another_leaves_the_profile_alone():
    inner = compile(lambda x: np.sum(x * x))

    def f(x):
        return np.sum(x) * inner(np.ones(2))[0] * limits[0]

    limits = [3.0]
    compiled = compile(f)
    agree(compiled, f, X)
    assert sys.getprofile() is None
    limits[0] = 4.0
    with pytest.warns(RecordedAgain, match=r"limits\[0\] was 3.0, is 4.0"):
        agree(compiled, f, X)


def test_too_much_to_compare_is_refused(monkeypatch):
    monkeypatch.setattr(walking, "MOST", 100)
    many = [[k] for k in range(200)]
    with pytest.raises(SettingError, match=r"more than 100 objects .*many"):
        compile(lambda x: np.sum(x) * len(many))(X)


def test_equal_means_bit_for_bit():
    assert equal(1.0, 1.0)
    assert equal(float("nan"), -float("nan"))
    assert equal("a", "a")
    for one, other in ((0.0, -0.0), (1, 1.0), (1, True), (np.float32(1), np.float64(1)), ([], [])):
        assert not equal(one, other)


def test_whose_code_is_whose():
    assert outside.kind_of("<stdin>") == "own"
    assert outside.kind_of("<frozen os>") == "standard"
    assert outside.kind_of("<frozen set>") == "own"
    assert outside.kind_of("/a/site-packages/pandas/core.py") == "installed"
    assert outside.kind_of("/a/site-packages/scipy/core.py") == "fixed"
    assert outside.package_kind("collections.abc") == "standard"
    assert outside.package_kind("numpy.linalg") == "fixed"
    assert outside.package_kind("no_such_module") == "own"


def test_watch_names_what_changed():
    class Base:
        rate = 1.0

    class Thing(Base):
        __slots__ = ("a",)

    thing = Thing()
    thing.a = {"k": [1, 2]}
    f = lambda: (thing.a, thing.rate)
    for change, message in (
        (lambda: setattr(Base, "rate", 2.0), r"Base.rate was 1.0, is 2.0"),
        (lambda: thing.a["k"].append(3), r"thing.a\['k'\] had 2 entries, has 3"),
        (lambda: thing.a.update(j=1), "thing.a had 1 entries, has 2"),
        (lambda: delattr(thing, "a"), "thing.a was another dict, is gone"),
    ):
        watch = CapturedState(f)
        assert watch.changed() is None
        change()
        with pytest.raises(AssertionError, match=message):
            raise AssertionError(watch.changed())


def replayed(task):
    """What is seen of a run, told afterwards: Python traces no line while a profiler is told."""
    events = []
    sys.setprofile(lambda *event: events.append(event))
    try:
        task()
    finally:
        sys.setprofile(None)
    seen = outside.Seen()
    seen.codes = {}
    for event in events:
        seen._note(*event)
    return seen


def installed(path, text, **names):
    """A function `run` of a file somewhere among the installed packages."""
    space = {"__name__": "installed", **names}
    exec(builtins.compile(text, f"/usr/lib/site-packages/{path}", "exec"), space)
    return space["run"]


def test_installed_code_counts_unless_a_compiler_runs_it():
    begin = installed("painter/__init__.py", "def run():\n    return 1")
    stage = installed("numba/stage.py", "def run():\n    return begin()", begin=begin)
    own = lambda: begin()
    assert begin.__code__ in replayed(own).codes
    assert begin.__code__ not in replayed(lambda: stage()).codes
    clock = installed("numba/clock.py", "def run():\n    return time.time()", time=time)
    assert replayed(lambda: clock()).asked == ""
    found = []
    thread = threading.Thread(target=lambda: found.append(replayed(begin)))
    thread.start()
    thread.join()
    assert begin.__code__ in found[0].codes


def test_what_a_run_is_seen_to_do(request):
    variable = contextvars.ContextVar("variable", default=1)
    chosen = functools.singledispatch(lambda v: 0)
    tasks = {
        "time.time": time.time,
        "os.getcwd": os.getcwd,
        "date.today": datetime.date.today,
        "random.Random() without a seed": lambda: random.Random(),
        "open": lambda: open(os.devnull).close(),
        "numpy.fromfile": lambda: np.fromfile(os.devnull, count=0),
        "": lambda: (
            variable.get(), chosen(1), os.environ.get("A"), os.fspath("a"), len([]), pair(1),
            random.Random(3), logging.makeLogRecord({}), gc.collect(),
        ),
    }  # fmt: skip
    pair = collections.namedtuple("Pair", "first")
    collected = lambda phase, info: time.perf_counter()
    gc.callbacks.append(collected)
    request.addfinalizer(lambda: gc.callbacks.remove(collected))
    for name, task in tasks.items():
        run = lambda task=task: task()
        seen = replayed(run)
        assert seen.asked == name
        assert run.__code__ in seen.codes
    assert seen.by_class
    assert {other for other, _ in seen.others} == {"variable", "os.environ"}
    assert outside._asks(io.BytesIO().read) == ""
    assert outside._asks(input) == "input"
    assert not outside._users(None)


def test_results_agree_within_roundings():
    y = np.array([1.0, 1e-20, np.nan, np.inf])
    assert agrees((y, "a"), (y.copy(), "a"))
    assert agrees(y * (1 + 1e-15), y)
    assert not agrees(y * (1 + 1e-12), y)
    assert not agrees(np.array([1.0, 0.0, np.inf, np.inf]), y)
    assert not agrees(y.astype(np.float32), y)
    assert not agrees((y, "a"), (y, "b"))
    assert not agrees(np.array([1]), np.array([2]))
    assert not agrees((y, y), (y,))
    assert agrees(object(), object())
    assert same(np.float64(1.0), np.float64(1.0))
    assert not same(1.0, np.float64(1.0))


def test_places_that_hold_equal_things_in_other_objects():
    holder = {"a": 1000, "b": "x" * 3}
    names = list(holder.values())
    f = lambda: (holder, names, kind.a, g())
    kind = types.SimpleNamespace(a=1000)
    g = lambda n=1000: n
    watch = CapturedState(f)
    for part in (holder, vars(kind)):
        part["a"] = int("1000")
    names[0] = int("1000")
    assert watch.changed() is None
    Named = type("Named", (), {"a": 1.0})
    of_class = CapturedState(lambda: Named)
    Named.__name__ = "".join(["Na", "med"])  # an equal text in another object
    assert of_class.changed() is None
    Named.__name__ = "Other"
    assert "__name__" in of_class.changed()
    g.__defaults__ = (int("1000"),)
    assert "__defaults__" in watch.changed()
    g = None
    watch = CapturedState(f)
    holder["a"] = holder["a"] + 0
    names[:] = ["y", "x"]
    assert watch.changed() == "names[0] was 1000, is 'y'"
    holder["b"] = holder.pop("b")
    holder["a"] = holder.pop("a")
    names[:] = [1000, "xxx"]
    assert watch.changed() == "holder has its entries in another order"


def test_modules_that_make_their_names_are_watched(tmp_path, monkeypatch):
    (tmp_path / "lazy.py").write_text(
        "scale = 2.0\ndef __getattr__(name):\n    if name == 'doubled': return 2 * scale\n"
        "    raise AttributeError(name)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import lazy

    f = lambda x: np.sum(x * x) * lazy.doubled
    step = compile(f)
    agree(step, f, X)
    monkeypatch.setattr(lazy, "scale", 3.0)
    agree(step, f, X)
    assert len(step.recordings) == 2


def test_beside_another_profiler_installed_functions_are_taken_as_they_are(monkeypatch):
    scaled = installed("painter/__init__.py", "def run(x):\n    return x * 3.0")
    f = lambda x: np.sum(scaled(x))
    old = sys.getprofile()
    sys.setprofile(lambda *_: None)
    try:
        agree(compile(f), f, X)
    finally:
        sys.setprofile(old)
