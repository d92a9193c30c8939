"""Size and safety: a million operations, exact path counts, flat memory, threads."""

import gc
import statistics
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from autograd_core import Graph, Tensor, checkpoint, grad, gradients, no_grad

pytestmark = pytest.mark.alone


def chain(n, value=0.5):
    x = Tensor(value, requires_grad=True)
    y = x
    for _ in range(n // 2):
        y = y * 0.9 + x
    return x, y


def timed(n):
    start = time.process_time()  # this process's own work, whatever else the machine does
    x, y = chain(n)
    y.backward()
    assert x.grad is not None
    del x, y
    return time.process_time() - start


def best(n, times=3):
    return min(timed(n) for _ in range(times))


def alone(measure):
    """Return what a function here measures in a process of its own.

    Memory that earlier tests freed makes small programs faster and large ones not.
    """
    code = f"import test_scale; print(test_scale.{measure.__name__}())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def sixteenfold():
    """Return the time of a million operations over that of a sixteenth, collector paused.

    The shortest times, the sizes in turn: some machines change their speed for seconds,
    so the quotient of neighbouring times, or of one doubling, says little.
    """
    sys.setrecursionlimit(200)
    gc.disable()
    timed(1_000_000)
    turns = [(timed(1_000_000), best(62_500, 4)) for _ in range(4)]
    large, small = map(min, zip(*turns, strict=True))
    return large / small


def calls(n):
    """Return how many functions, Python's and C's, a program of n operations and its sweep call."""
    count = 0

    def counting(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    chain(2)[1].backward()  # what runs once is counted for no size
    sys.setprofile(counting)
    try:
        chain(n)[1].backward()
    finally:
        sys.setprofile(None)
    return count


def with_the_collector():
    """Return the time of a million operations over that of a sixteenth."""
    small, ratios = best(62_500), []
    for _ in range(3):
        before, large, small = small, timed(1_000_000), best(62_500)
        ratios.append(2 * large / (before + small))  # beside what ran just before and after
    return statistics.median(ratios)


# Of sixteen times the operations, four doublings: linear is 16, n**1.5 is 64, quadratic 256.
LINEAR = 2.3**4


@pytest.mark.slow
def test_a_million_operations_without_recursion_and_in_linear_time():
    """The engine's own work, so with the garbage collector paused.

    Its full passes come at every quarter that the heap grows: over many doublings
    they add a constant share, but one doubling may hold three of them or four.
    """
    assert alone(sixteenfold) <= LINEAR


def test_each_operation_calls_as_many_functions_in_any_size():
    """The count is exact where times are not; what one call costs, the times show."""
    first, second, third = calls(1_000), calls(2_000), calls(3_000)
    assert second - first == third - second
    assert first > 1_000


@pytest.mark.slow
def test_the_collector_does_not_make_it_quadratic():
    assert alone(with_the_collector) <= 16 * 2.3  # whose full passes are a share more


@pytest.mark.no_cover  # tracing a million operations takes minutes, and measures itself
@pytest.mark.slow
def test_an_unswept_million_is_freed_without_recursion():
    x, y = chain(1_000_000)
    del x, y
    assert gc.collect() >= 0


def test_bytes_a_node():
    chain(10)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = chain(20_000)
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert kept[1].requires_grad
    assert used / 20_000 - 32 <= 700  # 32: the value itself, a NumPy scalar


def test_diamonds_sweep_nodes_not_paths():
    x = Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(60):
        y = y + y
    graph = Graph(y)
    assert len(graph) == 61
    assert graph.paths(x) == 2**60
    assert len(graph.branches) == 60
    y.backward()
    assert x.grad.item() == 2.0**60


def test_a_value_used_a_thousand_times():
    x = Tensor(2.0, requires_grad=True)
    y = sum((x * float(k) for k in range(1000)), 0.0)
    assert Graph(y).branches == {x._node: 1000}
    y.backward()
    assert x.grad.item() == 499500.0


def step_plain(w, x):
    np.sum(np.tanh(w @ x) ** 2).backward()
    with no_grad():
        w -= 0.01 * w.grad
    w.grad = None


def step_create_graph(w, x):
    np.sum(np.tanh(w @ x) ** 2).backward(create_graph=True)
    penalty = np.sum(w.grad**2)
    w.grad = None
    penalty.backward()
    w.grad = None


def step_gradients(w, x):
    (g,) = gradients(np.sum(np.tanh(w @ x) ** 2), [w], create_graph=True)
    gradients(np.sum(g * g), [w])


def step_abandoned(w, x):
    y = np.tanh(w @ x)
    y.register_hook(lambda g: None)
    y.retain_grad()
    y[0] = 3.0
    view = y[1:]
    view += 1


def step_error(w, x):
    with pytest.raises(ValueError, match="matmul"):
        np.sum(np.tanh(w @ x) @ np.ones((7, 7)))


def step_transforms(w, x):
    grad(lambda v: np.sum(grad(lambda u: np.sum(np.tanh(u @ x)))(v) ** 2))(w.data)


def step_checkpoint(w, x):
    np.sum(checkpoint(lambda v: np.tanh(w @ v))(x)).backward()
    w.grad = None


@pytest.mark.parametrize(
    "step",
    [step_plain, step_create_graph, step_gradients, step_abandoned, step_error, step_transforms,
     step_checkpoint],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_no_reference_cycles(no_gc, step):
    w = Tensor(np.eye(20), requires_grad=True)
    x = np.ones(20)
    for _ in range(20):
        step(w, x)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(1000 if step is not step_error else 100):
        step(w, x)
    assert len(gc.get_objects()) - before < 200
    assert gc.collect() < 200


def test_saved_values_are_freed_as_the_sweep_passes():
    freed = []

    class Watched(np.ndarray):
        def __del__(self):
            freed.append(1)

    x = Tensor(np.ones(10), requires_grad=True)
    y = x
    alive_at = []
    for _ in range(10):
        y = y * np.ones(10).view(Watched)
    y.register_hook(lambda g: alive_at.append(len(freed)))
    first = x * 1.0
    del first
    loss = np.sum(y)
    node = loss._node.inputs[0]
    del y
    loss.backward()
    assert node.inputs is None
    assert len(freed) >= 10


def test_memory_of_a_sweep_falls_as_it_goes():
    n = 100
    x = Tensor(np.ones(20_000), requires_grad=True)
    y = x
    for _ in range(n):
        y = np.sin(y)
    tracemalloc.start()
    loss = np.sum(y)
    del y
    loss.backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 20_000 * 8  # a few arrays, not a hundred more


def work(seed, results):
    rng = np.random.default_rng(seed)
    w0, x0 = rng.normal(size=(6, 6)), rng.normal(size=6)
    w = Tensor(w0, requires_grad=True)
    total = []
    for _ in range(60):
        h = Tensor(x0)
        for _ in range(3):
            h = np.tanh(w @ h)
        with no_grad():
            probe = np.sum(h)
            assert not probe.requires_grad
        np.sum(h * h).backward()
        total.append(w.grad.data.copy())
        w.grad = None
        total.append(grad(lambda v: np.sum(np.sin(v) * x0))(x0))
    results[seed] = total


def test_threads_get_the_answers_they_get_alone():
    alone, together = {}, {}
    for seed in range(4):
        work(seed, alone)
    threads = [threading.Thread(target=work, args=(s, together)) for s in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        sys.setswitchinterval(interval)
    for seed in range(4):
        for a, b in zip(alone[seed], together[seed], strict=True):
            np.testing.assert_array_equal(a, b)
