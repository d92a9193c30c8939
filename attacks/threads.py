"""Storms of threads: every use at once, sums into one leaf, modes, settings, shared draws."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from queue import SimpleQueue
from typing import Any

import numpy as np

import nn
from attacks import uses
from attacks.harness import Finding
from autograd_core import Tensor, no_grad
from autograd_core.workers import setting


@contextlib.contextmanager
def often(seconds: float = 1e-6) -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def at_once(works: Sequence[Callable[[], Any]], patience: float = 120) -> None:
    """Run functions in threads of their own, begun together; raise what one of them raised."""
    start, failed = threading.Barrier(len(works)), []

    def run(work: Callable[[], Any]) -> None:
        try:
            start.wait(60)
            work()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(w,), daemon=True) for w in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience)
    if any(t.is_alive() for t in threads):
        raise Finding("threads hang")
    if failed:
        raise failed[0]


def _uses(rng: np.random.Generator) -> None:
    names = list(uses.USES)
    again = [str(rng.choice(names))] * 5  # one use often, against itself too
    storm([*(str(n) for n in rng.choice(names, 15)), *again, *again])


def storm(names: list[str]) -> None:
    """Run uses in five threads, and require of each the bits that it has alone."""
    for name in names:
        uses.expected(name)

    def work(mine: list[str]) -> None:
        for name in mine:
            uses.same(name, "beside other threads")

    size = len(names) // 5
    at_once([partial(work, names[k * size : (k + 1) * size]) for k in range(5)])


def _one_leaf(rng: np.random.Generator) -> None:
    shape = [(), (3,), (40, 50)][rng.integers(3)]
    w = Tensor(np.ones(shape), requires_grad=True)
    model = nn.Linear(3, 2, dtype=float)
    again = bool(rng.integers(2))

    def work() -> None:
        for _ in range(20):
            np.sum(w * 1.0).backward(create_graph=again)
            np.sum(model(np.ones((4, 3)))).backward()

    at_once([work] * 4)
    if not np.array_equal(w.grad.data, np.full(shape, 80.0)):
        raise Finding(f"one leaf of shape {shape}: {np.min(w.grad.data)} of 80 sums arrived")
    if not np.array_equal(model.weight.grad.data, np.full((2, 3), 320.0)):
        raise Finding(f"a shared layer: {np.min(model.weight.grad.data)} of 320 arrived")


def _settings(rng: np.random.Generator) -> None:
    def held() -> list[Any]:
        return [setting(name) for name in ("compiled", "winograd", "threads")]

    here = held()
    wrong: list[str] = []

    def inside() -> None:
        for _ in range(60):
            with nn.use_kernels(compiled=False, winograd=False, threads=1), no_grad():
                if held() != [False, False, 1]:
                    wrong.append("a setting does not hold inside of its block")
                if uses.records():
                    wrong.append("no_grad does not hold inside of its block")

    def outside() -> None:
        before = held()
        for _ in range(300):
            if held() != before:
                wrong.append("another thread's setting")
            if not uses.records():
                wrong.append("another thread's no_grad")

    at_once([inside, outside, inside, outside])
    if wrong:
        raise Finding(wrong[0])
    if held() != here:
        raise Finding("a setting was left behind")


def _draws(rng: np.random.Generator) -> None:
    """Numbers drawn by all threads are those that one would have drawn, each once."""
    seed, draws = int(rng.integers(1000)), SimpleQueue[float]()

    def work() -> None:
        for _ in range(200):
            draws.put(nn.random.generator().random())

    nn.manual_seed(seed)
    at_once([work] * 4)
    nn.manual_seed(seed)
    alone = [nn.random.generator().random() for _ in range(800)]
    if sorted(draws.get() for _ in range(800)) != sorted(alone):
        raise Finding("the shared random sequence was torn")


def _closed_elsewhere(rng: np.random.Generator) -> None:
    """Generators begun in one thread are closed in others."""
    running = [uses.silent() for _ in range(8)]

    def begin() -> None:
        for steps in running:
            next(steps)

    def close(mine: list[Any]) -> None:
        for steps in mine:
            steps.close()
        uses.check_modes()

    at_once([begin])
    order = rng.permutation(8)
    at_once([partial(close, [running[j] for j in order[k::4]]) for k in range(4)])
    uses.check_modes()


KINDS = (_uses, _one_leaf, _settings, _draws, _closed_elsewhere)


def attack(seed: int) -> str:
    """One storm."""
    kind = KINDS[seed % len(KINDS)]
    rng = np.random.default_rng(seed)
    with often(float(rng.choice([1e-6, 1e-5, 1e-4]))):
        kind(rng)
    uses.check_modes()
    uses.check_arrays()
    return kind.__name__.strip("_").replace("_", " ")
