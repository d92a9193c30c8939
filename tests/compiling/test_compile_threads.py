"""What other threads, and children that are forked, see while a function is recorded: nothing."""

from __future__ import annotations

import os
import sys
import threading
from abc import ABC, abstractmethod
from collections import deque, namedtuple
from functools import partial
from types import ModuleType

import numpy as np
import pytest

from autograd_core import RecordedAgain, Tensor, compile, value_and_grad
from autograd_core.base.errors import InPlaceError, SettingError, UnsupportedError
from autograd_core.compiling import tensors

X = np.array([0.5, -1.0, 2.0])
A = np.array([1.0, 2.0, 3.0])
TABLE = {"a": A, "rest": [np.ones(3), (np.full(3, 2.0),)]}
QUEUE = deque([np.array([0.5, 0.25, 4.0])])
Pair = namedtuple("Pair", "first second")
SETTINGS = ModuleType("settings_of_mine")
SETTINGS.rates = np.array([3.0, 1.0, 2.0])
SCALE = Tensor(np.array([1.0, 4.0, 2.0]))


class Base(ABC):
    weights = np.array([1.0, 0.0, 2.0])

    @abstractmethod
    def scaled(self, x): ...

    def __call__(self, x):
        return self.scaled(x) * A


class Layer(Base):
    def __init__(self, weight):
        self.weight = weight

    def scaled(self, x):
        return x * self.weight * self.weights

    def __call__(self, x):
        return super().__call__(x) + self.bias

    @property
    def bias(self):
        return TABLE["a"] * 0.5

    @staticmethod
    def plus(x):
        return x + A


class Slots:
    __slots__ = ("kept", "unset")

    def __init__(self, kept):
        self.kept = kept


LAYER = Layer(np.array([2.0, 1.0, 1.0]))
SLOTS = Slots(np.array([2.0, 3.0, 1.0]))


def cell():
    held = np.array([3.0, 1.0, 1.0])

    def of_cell(x):
        return x * held

    return of_cell, held


OF_CELL, HELD = cell()


def with_defaults(x, w=A, *, v=A):
    return x * w * v


PARTIAL = partial(np.multiply, A)
PAIR = Pair(A, [A])

# How it reads, and the array that it reads.
READS = {
    "global": (lambda x: x * A, A),
    "cell": (lambda x: OF_CELL(x), HELD),
    "default": (lambda x: with_defaults(x), A),
    "dict": (lambda x: x * TABLE["a"], A),
    "list in a dict": (lambda x: x * TABLE["rest"][0], TABLE["rest"][0]),
    "tuple": (lambda x: x * TABLE["rest"][1][0], TABLE["rest"][1][0]),
    "deque": (lambda x: x * QUEUE[0], QUEUE[0]),
    "named tuple": (lambda x: x * PAIR.first * PAIR.second[0], A),
    "partial": (lambda x: PARTIAL(x), A),
    "module": (lambda x: x * SETTINGS.rates, SETTINGS.rates),
    "attribute": (lambda x: x * LAYER.weight, LAYER.weight),
    "slot": (lambda x: x * SLOTS.kept, SLOTS.kept),
    "attribute of a class": (lambda x: x * LAYER.weights, Base.weights),
    "methods": (lambda x: LAYER(x), A),
    "bound method": (LAYER.scaled, LAYER.weight),
    "static method": (lambda x: LAYER.plus(x), A),
}


class Witness:
    """Another thread; looks around in the middle of each run."""

    def __init__(self, look):
        self.look = look
        self.seen = []
        self.asked, self.answered = threading.Lock(), threading.Lock()
        self.asked.acquire()
        self.answered.acquire()
        self.ended = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while self.asked.acquire() and not self.ended:
            try:
                self.seen.append(self.look())
            except Exception as error:  # to be shown
                self.seen.append(error)
            self.answered.release()

    def end(self):
        self.ended = True
        self.asked.release()
        self.thread.join()
        return self.seen


def in_the_middle(f, witness):
    ask, wait = witness.asked.release, witness.answered.acquire

    def asking(x):
        y = f(x)
        ask()
        wait()
        return np.sum(y * np.cos(x))

    return asking


def everything():
    """Return a place's content and the array's state, for all places."""
    found = [A, HELD, TABLE["a"], *TABLE["rest"][1], TABLE["rest"][0], QUEUE[0], SETTINGS.rates]
    found += [LAYER.weight, SLOTS.kept, Base.weights, OF_CELL.__closure__[0].cell_contents]
    found += [*with_defaults.__defaults__, with_defaults.__kwdefaults__["v"], *PARTIAL.args, X]
    plain = all(a.__class__ is np.ndarray and a.flags.writeable for a in found)
    numbers = [np.asarray(a).sum() for a in found]
    return plain, "isinstance" in globals(), "type" in globals(), numbers


@pytest.mark.parametrize("name", READS)
def test_another_thread_sees_nothing(name):
    f, _ = READS[name]
    before = everything()
    witness = Witness(everything)
    asking = in_the_middle(f, witness)
    compiled = compile(asking)
    value, gradient = compiled(X)
    wanted, theirs = value_and_grad(asking)(X)
    assert value == wanted
    assert np.array_equal(gradient, theirs)
    seen = witness.end()
    assert len(seen) > 2  # the recording is among the runs
    assert seen == [before] * len(seen)
    assert "read live" in compiled.source
    assert compiled.count == 1


@pytest.mark.parametrize("name", READS)
def test_numbers_count_at_once_where_a_copy_led_to_them(name):
    f, array = READS[name]
    compiled = compile(lambda x: np.sum(f(x) * np.cos(x)))
    compiled(X)
    array *= 1.5
    try:
        value, _ = compiled(X)
        assert value == np.sum(f(X) * np.cos(X))
        assert compiled.count == 1
    finally:
        array /= 1.5


class Reader:
    table = np.ones(3)

    def by_type(self, x):
        return x * type(self).table

    def by_cell(self, x):
        return x * __class__.table

    def inside(self, x):
        return (lambda: x * __class__.table)()


class Heir(Reader):
    def by_type(self, x):
        return super().by_type(x) * 2.0


class Tracks(namedtuple("Tracks", "left right")):
    pass


LOOKED_UP = np.ones(3)
READER, HEIR = Reader(), Heir()
TRACKS = Tracks(np.ones(3), 2.0)
TRACKS.extra = np.ones(3)


@pytest.mark.parametrize("name", ["by_type", "by_cell", "inside", "heir", "with attributes"])
def test_numbers_that_are_read_past_a_copy_are_compared(name):
    def f(x):
        if name == "heir":
            return np.sum(HEIR.by_type(x))
        if name == "with attributes":
            return np.sum(x * TRACKS.left * TRACKS.extra)
        return np.sum(getattr(READER, name)(x))

    compiled = compile(f)
    compiled(X)
    array = TRACKS.extra if name == "with attributes" else Reader.table
    array[1] += 1.0
    with pytest.warns(RecordedAgain, match="holds other numbers"):
        assert compiled(X)[0] == f(X)


def test_a_module_that_is_looked_up_by_its_name():
    f = lambda x: np.sum(x * sys.modules[__name__].LOOKED_UP)
    compiled = compile(f)
    compiled(X)
    LOOKED_UP[1] += 1.0
    with pytest.warns(RecordedAgain, match="holds other numbers"):
        assert compiled(X)[0] == f(X)


def kind_of_class(x, held):
    return x * (1.0 if type(held) is Layer and isinstance(held, Layer) else 2.0) * held.weight


def test_a_copied_object_is_of_its_class():
    f = lambda x: np.sum(kind_of_class(x, LAYER) + LAYER(x))
    assert compile(f)(X)[0] == f(X)


class Counts:
    def __init__(self):
        self.calls = 0
        self.array = np.ones(3)


@pytest.mark.parametrize("kind", ["attribute", "list", "dict", "global", "cell", "array"])
def test_what_a_function_changes_as_it_runs_is_refused(kind):
    counts, items, table, calls = Counts(), [0, np.ones(3)], {"n": 0, "a": np.ones(3)}, 0

    def f(x):
        nonlocal calls
        if kind == "attribute":
            counts.calls += 1
            return np.sum(x * counts.array)
        if kind == "list":
            items[0] += 1
            return np.sum(x * items[1])
        if kind == "dict":
            table["n"] += 1
            return np.sum(x * table["a"])
        if kind == "global":
            globals()["COUNT"] += 1
            return np.sum(x * A)
        if kind == "cell":
            calls += 1
            return np.sum(x * A) * calls
        items[1][0] += 1.0
        return np.sum(x * items[1])

    globals()["COUNT"] = 0
    with pytest.raises(UnsupportedError, match=r"changes what it reads|different|writes into"):
        compile(f)(X)
    assert items[1][0] == 1.0


def test_a_write_where_no_copy_leads_is_undone():
    held = np.zeros(3)
    keep = {"x": np.asarray}

    class Meta(type):
        pass

    class Odd(metaclass=Meta):
        buffer = held

    def f(x):
        Odd.buffer[0] += 1.0
        return np.sum(x) + len(keep)

    with pytest.raises(UnsupportedError, match="writes into an array"):
        compile(f)(X)
    assert not held.any()
    assert held.flags.writeable


def test_arguments_are_not_locked_for_others_and_not_written():
    given = X.copy()
    witness = Witness(lambda: given.flags.writeable)
    asking = in_the_middle(lambda x: x * 2.0, witness)
    compile(asking)(given)
    assert all(witness.end())

    def writes(x, t):
        t += 1.0
        return np.sum(x * t)

    t = np.zeros(3)
    with pytest.raises(InPlaceError, match="in place"):
        compile(writes)(X, t)
    assert not t.any()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_meanwhile_has_everything_as_it_was():
    w = Tensor(np.ones(3), requires_grad=True)

    def forked():
        child = os.fork()
        if child == 0:
            plain, *_ = everything()
            tensors = all(t._held.__class__ is np.ndarray for t in (SCALE, w))
            free = w.is_leaf and w._level and SCALE._level == 0
            os._exit(0 if plain and tensors and free and A.sum() == 6.0 else 1)
        return os.waitpid(child, 0)[1]

    witness = Witness(forked)
    asking = in_the_middle(lambda x: x * A * SCALE * w + LAYER(x), witness)
    value, _ = compile(asking, argnums=0, parameters=[w])(X)
    seen = witness.end()
    assert value == np.sum((X * A * SCALE.data + LAYER(X)) * np.cos(X))
    assert len(seen) > 2
    assert seen == [0] * len(seen)


def test_two_threads_that_record_with_one_tensor():
    w = Tensor(np.ones(3), requires_grad=True)
    node, data = w._node, w._held
    found = []

    def records():
        for _ in range(8):
            f = compile(lambda x: np.sum(np.sin(x * SCALE) * w), parameters=[w])
            found.append(f(X)[1][0])

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    threads = [threading.Thread(target=records) for _ in range(3)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    finally:
        sys.setswitchinterval(before)
    assert len(found) == 24
    assert all(np.array_equal(g, np.sin(X * SCALE.data)) for g in found)
    assert w._node is node
    assert w._held is data
    assert SCALE._held.__class__ is np.ndarray


@pytest.mark.parametrize("recorded", [False, True])
def test_a_call_in_the_middle_of_a_recording_waits_for_its_end(recorded):
    w = Tensor(np.ones(3), requires_grad=True)
    other = compile(lambda x: np.sum(x * SCALE * w), parameters=[w])
    if recorded:
        other(X)
    found, threads = [], []

    def start():
        threads.append(threading.Thread(target=lambda: found.append(other(X))))
        threads[-1].start()
        threads[-1].join(0.05)

    witness = Witness(start)
    value, _ = compile(in_the_middle(lambda x: x * SCALE * w, witness), parameters=[w])(X)
    witness.end()
    assert value == np.sum(X * SCALE.data * np.cos(X))
    for thread in threads:
        thread.join(60)
    assert len(found) == len(threads) > 2
    for value, (gradient,) in found:
        assert value == np.sum(X * SCALE.data)
        assert np.array_equal(gradient, X * SCALE.data)


def test_an_interrupt_waits_until_a_tensor_is_back(monkeypatch):
    w = Tensor(np.ones(3), requires_grad=True)
    data, put, calls = w._held, tensors._put, []

    def interrupted(saved):
        calls.append(saved)
        if len(calls) == 1:
            raise KeyboardInterrupt
        put(saved)

    monkeypatch.setattr(tensors, "_put", interrupted)
    with pytest.raises(KeyboardInterrupt), tensors.put_back([w]):
        w._held = None
    assert w._held is data
    assert not tensors._out


def test_a_turn_that_does_not_come_is_an_error(monkeypatch):
    w = Tensor(np.ones(3), requires_grad=True)
    monkeypatch.setattr(tensors, "PATIENCE", 0.01)
    with tensors.put_back([w]):
        failed = []

        def records():
            try:
                compile(lambda x: np.sum(x * w), parameters=[w])(X)
            except SettingError as error:
                failed.append(str(error))

        thread = threading.Thread(target=records)
        thread.start()
        thread.join(60)
    assert "another thread has been recording" in failed[0]
    compile(lambda x: np.sum(x * w), parameters=[w])(X)


def test_a_storm_of_threads_over_one_array():
    wrong = []
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    wanted = value_and_grad(lambda x, k: np.sum(np.sin(k * x) ** 2) + np.sum(LAYER(x)))(X, 2.0)

    def records():
        for _ in range(12):
            f = compile(lambda x, k: np.sum(np.sin(k * x) ** 2) + np.sum(LAYER(x)))
            value, gradient = f(X, 2.0)
            if value != wanted[0] or not np.array_equal(gradient, wanted[1]):
                wrong.append("other numbers")

    def reads(end):
        while not end.is_set():
            if np.asarray(A).sum() != 6.0 or LAYER.weight.__class__ is not np.ndarray:
                wrong.append("something else in its place")
            A[0] = 1.0

    def caught(run, *args):
        try:
            run(*args)
        except Exception as error:
            wrong.append(error)

    end = threading.Event()
    readers = [threading.Thread(target=caught, args=(reads, end)) for _ in range(2)]
    recorders = [threading.Thread(target=caught, args=(records,)) for _ in range(3)]
    try:
        for thread in (*readers, *recorders):
            thread.start()
        for thread in recorders:
            thread.join(60)
    finally:
        end.set()
        for thread in readers:
            thread.join(60)
        sys.setswitchinterval(before)
    assert not wrong


def test_arrays_that_are_no_numbers():
    table = [
        np.array(["a", "b"]),
        np.array([], dtype="U"),
        np.array([(1, 2.0)], dtype=[("n", "i4"), ("x", "f8")]),
        np.array(["2020-01-01"], dtype="M8[D]"),
        np.ma.masked_array(np.ones(3), [True, False, False]),
        np.array(["long text"], dtype=np.dtypes.StringDType()),
        np.ones((0, 3)),
        np.array(2.0),
        np.arange(12.0).reshape(3, 4)[::2, ::-1],
    ]
    f = compile(lambda x: np.sum(x * table[-2]) * len(table))
    assert f(X)[0] == np.sum(X * 2.0) * len(table)
    assert f(X)[0] == np.sum(X * 2.0) * len(table)
    assert f.count == 1


def test_other_numbers_in_a_tuple_count_at_once():
    held = (np.ones(3), 2.0)
    f = compile(lambda x: np.sum(x * held[0]) * held[1])
    f(X)
    held[0][:] = 2.0
    assert f(X)[0] == np.sum(X * 2.0) * 2.0
    assert f.count == 1


def test_a_thing_that_is_compared_by_identity_elsewhere():
    class Mode:
        def __init__(self):
            self.array = np.array([1.0, 1.0, 1.0])

    class Holder(type):
        pass

    class Known(metaclass=Holder):
        mode = Mode()

    mode = Known.mode
    f = lambda x: np.sum(x * mode.array) * (3.0 if mode is Known.mode else 5.0)
    compiled = compile(f)
    assert compiled(X)[0] == f(X)
    mode.array[:] = 2.0
    with pytest.warns(RecordedAgain, match="holds other numbers"):
        assert compiled(X)[0] == f(X)
