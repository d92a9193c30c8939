"""Children forked while other threads are in the middle of everything."""

from __future__ import annotations

import threading
import time
import warnings

import numpy as np

import nn
from attacks import uses
from attacks.harness import Finding, awaited, forked
from attacks.threads import often
from autograd_core.workers.threads import share

PATIENCE = 30.0  # for one child
BIG = np.random.default_rng(0).normal(size=(64, 8, 16, 16)).astype(np.float32)


def _draw() -> None:
    nn.random.generator().standard_normal(20_000)


def _share() -> None:
    share(lambda k: np.sin(BIG[k]), 64, 2)


def _kernel() -> None:
    nn.BatchNorm2d(8)(BIG)


def attack(seed: int) -> str:
    """Fork some children at random moments; each must do its work, and end."""
    rng = np.random.default_rng(seed)
    names = [str(n) for n in rng.choice(list(uses.USES), 6)]
    for name in names:
        uses.expected(name)
    compiled = bool(seed % 2)
    stop = threading.Event()
    wrong: list[Exception] = []

    def busy(work: uses.Use) -> None:
        nn.use_kernels(compiled=compiled)
        try:
            while not stop.is_set():
                work()
        except Exception as error:
            wrong.append(error)

    def child() -> bytes:
        nn.use_kernels(compiled=compiled)
        nn.random.generator().standard_normal(3)
        for name in names[:3]:
            uses.same(name, "in the child of a fork")
        _share()
        _kernel()
        return b"fine"

    with nn.use_kernels(compiled=compiled):
        _kernel()
    works = [_draw, _share, _kernel, *(uses.USES[name] for name in names[3:])]
    threads = [threading.Thread(target=busy, args=(w,), daemon=True) for w in works]
    with often(1e-4), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python 3.12 says that forks and threads are dangerous
        for thread in threads:
            thread.start()
        try:
            for _ in range(4):
                time.sleep(rng.exponential(0.01))
                status, said = awaited(*forked(child), patience=PATIENCE)
                if status or said != b"fine":
                    doing = ", ".join(names)
                    text = said.decode("utf-8", "replace")
                    raise Finding(f"a child ended with {status} beside {doing}: {text}")
        finally:
            stop.set()
            for thread in threads:
                thread.join(60)
    if wrong:
        raise Finding(f"a thread beside forks: {type(wrong[0]).__name__}: {wrong[0]}")
    return "compiled kernels" if compiled else "plain NumPy"
