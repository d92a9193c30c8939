"""Threads and forks: no gradient lost, no setting of one thread in another, no child that hangs."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import nn
from attacks import threads
from attacks.threads import at_once
from autograd_core import Tensor
from autograd_core.workers import setting


@pytest.fixture
def often() -> Iterator[None]:
    with threads.often():
        yield


@pytest.mark.parametrize("shape", [(), (3,), (300, 300)])
@pytest.mark.parametrize("create_graph", [False, True])
def test_no_gradient_of_a_shared_leaf_is_lost(often: None, shape: Any, create_graph: bool) -> None:
    count = 8 if len(shape) > 1 else 40
    w = Tensor(np.ones(shape), requires_grad=True)

    def work() -> None:
        for _ in range(count):
            np.sum(w * 1.0).backward(create_graph=create_graph)

    at_once([work] * 4)
    assert np.array_equal(w.grad.data, np.full(shape, 4.0 * count))


def test_modules_share_their_parameters_among_threads(often: None) -> None:
    model = nn.Linear(3, 2, dtype=float)
    x = np.ones((4, 3))
    at_once([lambda: [np.sum(model(x)).backward() for _ in range(20)]] * 4)
    np.testing.assert_array_equal(model.weight.grad.data, np.full((2, 3), 4.0 * 80))
    np.testing.assert_array_equal(model.bias.grad.data, np.full(2, 4.0 * 80))


def test_a_block_s_setting_is_its_own_thread_s(often: None) -> None:
    before = {name: setting(name) for name in ("compiled", "winograd", "threads")}
    found: list[bool] = []

    def inside() -> None:
        for _ in range(200):
            with nn.use_kernels(compiled=False, winograd=False, threads=1):
                found.append(setting("compiled") or setting("winograd") or setting("threads") != 1)
                with nn.use_kernels(threads=2):
                    found.append(setting("compiled") or setting("threads") != 2)

    def outside() -> None:
        for _ in range(2000):
            found.append({name: setting(name) for name in before} != before)

    at_once([inside, outside, inside, outside])
    assert not any(found)
    assert {name: setting(name) for name in before} == before


def test_a_call_without_a_block_sets_for_the_rest_of_the_thread() -> None:
    before = setting("winograd")
    seen: list[Any] = []

    def work() -> None:
        nn.use_kernels(winograd=not before)
        seen.append(setting("winograd"))
        with nn.use_kernels(winograd=before):
            seen.append(setting("winograd"))
        seen.append(setting("winograd"))

    at_once([work])
    assert seen == [not before, before, not before]
    assert setting("winograd") == before


FORK = textwrap.dedent("""
    import os, sys, threading, time
    import numpy as np
    import nn
    from autograd_core import Tensor, compile, grad

    stop = threading.Event()
    f = compile(lambda x: np.sum(np.tanh(x) * x))
    f(np.ones(3))

    def draw():
        rng = nn.random.generator()
        while not stop.is_set():
            rng.standard_normal(20_000)

    def run():
        k = 0
        while not stop.is_set():
            k += 1
            f(np.ones(3 + k % 7))

    def sweep():
        w = Tensor(np.ones(50_000), requires_grad=True)
        while not stop.is_set():
            np.sum(w * 2.0).backward()

    threads = [threading.Thread(target=work, daemon=True) for work in (draw, run, sweep)]
    for thread in threads:
        thread.start()
    for turn in range(40):
        time.sleep(0.002)
        child = os.fork()
        if not child:
            nn.random.generator().standard_normal(3)
            f(np.ones(4))
            f(np.ones(11))  # recorded anew
            w = Tensor(np.ones(3), requires_grad=True)
            np.sum(w * 2.0).backward()
            os._exit(0 if np.array_equal(w.grad.data, [2.0, 2.0, 2.0]) else 3)
        deadline = time.monotonic() + 20
        while True:
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > deadline:
                os.kill(child, 9)
                os.waitpid(child, 0)
                print("hangs at turn", turn)
                os._exit(1)
            time.sleep(0.002)
        if status:
            print("status", status)
            os._exit(2)
    stop.set()
    for thread in threads:
        thread.join(30)
    print("fine")
""")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_forked_in_the_middle_of_everything_works() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "NN_COMPILED": "0"},
    )
    assert run.stdout.strip() == "fine", run.stdout + run.stderr
