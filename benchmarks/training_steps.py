"""Training steps beside PyTorch's eager mode: medians of paired runs, float32, two threads.

    python -m benchmarks.training_steps [--rounds 15] [--only lstm] [--plain]

Each case runs one whole step (forward, loss, backward, update), ours and
PyTorch's in turn, with the same weights and batch.  ``ratio`` is the median of
ours divided by the median of theirs; ``x BLAS`` is ours divided by the time of
the bare matrix products that the step needs, in the shapes the kernels use;
``best`` is the ratio of the two shortest times, which a busy machine disturbs least.
``bar`` is what the project asks of the ratio.  With numba installed our compiled kernels
run, as they do for any user; ``--plain`` measures without them.  ``--cpu`` gives
everybody one thread and counts processor time, which is all that can be measured on a machine
that others use at the same time.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

if "--cpu" in sys.argv:
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
if "--plain" in sys.argv:
    os.environ["NN_COMPILED"] = "0"
os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")

import numpy as np
import torch

import nn
from autograd_core import mark_overwritten
from benchmarks.models import convnet, lenet, mlp, residual_block

CPU = "--cpu" in sys.argv
torch.set_num_threads(1 if CPU else 2)
now = time.process_time if CPU else time.perf_counter
rng = np.random.default_rng(0)
Step = Callable[[], Any]


def normal(*shape: int) -> Any:
    return rng.normal(size=shape).astype(np.float32)


class SGD:
    """The smallest update, in place; stands in where the package has no optim yet."""

    def __init__(self, parameters: Any, lr: float) -> None:
        self.parameters, self.lr = list(parameters), lr

    def step(self) -> None:
        for p in self.parameters:
            g = p.grad.data
            g *= self.lr
            np.subtract(p.data, g, out=p.data)
        mark_overwritten(*self.parameters)

    def zero_grad(self) -> None:
        for p in self.parameters:
            p.grad = None


def optimizer(name: str, parameters: Any) -> Any:
    try:
        import optim

        return getattr(optim, name)(parameters, lr=1e-3)
    except (ImportError, AttributeError):
        if name != "SGD":
            raise SystemExit(f"{name}: the optim package is not here yet") from None
        return SGD(parameters, 1e-3)


def copied(ours: Any, theirs: Any) -> None:
    ours.load_state_dict({k: v.detach().numpy() for k, v in theirs.state_dict().items()})


def step_pair(
    ours: Any, theirs: Any, x: Any, target: Any, name: str = "SGD", loss: str = "CrossEntropyLoss"
) -> tuple[Step, Step]:
    copied(ours, theirs)
    criterion, other = getattr(nn, loss)(), getattr(torch.nn, loss)()
    opt, opt2 = (
        optimizer(name, ours.parameters()),
        getattr(torch.optim, name)(theirs.parameters(), lr=1e-3),
    )
    tx, tt = torch.tensor(x), torch.tensor(target)

    def first(value: Any) -> Any:
        return value[0] if isinstance(value, tuple) else value

    def mine() -> Any:
        opt.zero_grad()
        value = criterion(first(ours(x)), target)
        value.backward()
        opt.step()
        return value.item()

    def other_step() -> Any:
        opt2.zero_grad()
        value = other(first(theirs(tx)), tt)
        value.backward()
        opt2.step()
        return value.item()

    return mine, other_step


def products(*shapes: tuple[int, int, int]) -> Step:
    """Run bare matrix products (m, k) @ (k, n)."""
    pairs = [(normal(m, k), normal(k, n), np.empty((m, n), np.float32)) for m, k, n in shapes]

    def run() -> None:
        for a, b, out in pairs:
            np.dot(a, b, out=out)

    return run


def thrice(m: int, k: int, n: int, input_gradient: bool = True) -> list[tuple[int, int, int]]:
    """The products of one layer: forward, weights, and (not for the first layer) input."""
    return [(m, k, n), (k, m, n)] + ([(m, n, k)] if input_gradient else [])


def labels(n: int) -> Any:
    return rng.integers(0, 10, n)


def cases() -> dict[str, Callable[[], tuple[Step, Step, Step, float]]]:
    def mlp_case(name: str, n: int, bar: float) -> tuple[Step, Step, Step, float]:
        pair = step_pair(mlp(nn), mlp(torch.nn), normal(n, 784), labels(n), name)
        bare = [*thrice(n, 784, 512, False), *thrice(n, 512, 512), *thrice(n, 512, 10)]
        return *pair, products(*bare), bar

    def lenet_case() -> tuple[Step, Step, Step, float]:
        pair = step_pair(lenet(nn), lenet(torch.nn), normal(64, 1, 28, 28), labels(64))
        bare = [
            *thrice(64 * 784, 25, 6, False), *thrice(6400, 150, 16), *thrice(64, 400, 120),
            *thrice(64, 120, 84), *thrice(64, 84, 10),
        ]  # fmt: skip
        return *pair, products(*bare), 0.9

    def conv_case() -> tuple[Step, Step, Step, float]:
        pair = step_pair(convnet(nn), convnet(torch.nn), normal(64, 3, 32, 32), labels(64))
        bare = [
            *thrice(65536, 27, 32, False), *thrice(16384, 288, 64), *thrice(4096, 576, 64),
            *thrice(64, 1024, 10),
        ]  # fmt: skip
        return *pair, products(*bare), 0.9

    def lstm_case() -> tuple[Step, Step, Step, float]:
        pair = step_pair(
            nn.LSTM(64, 128), torch.nn.LSTM(64, 128), normal(64, 32, 64), normal(64, 32, 128),
            loss="MSELoss",
        )  # fmt: skip
        bare = [(2048, 64, 512), (512, 2048, 64), (512, 2048, 128)]
        bare += [(32, 128, 512)] * 64 + [(32, 512, 128)] * 64
        return *pair, products(*bare), 0.9

    def transformer_case() -> tuple[Step, Step, Step, float]:
        def layer(kind: Any) -> Any:
            return kind.TransformerEncoderLayer(256, 8, 1024, 0.0, batch_first=True)

        pair = step_pair(
            layer(nn), layer(torch.nn), normal(8, 128, 256), normal(8, 128, 256), loss="MSELoss"
        )
        bare = [
            *thrice(1024, 256, 768), *thrice(1024, 256, 256), *thrice(1024, 256, 1024),
            *thrice(1024, 1024, 256),
        ]  # fmt: skip
        bare += [(128, 32, 128)] * 128 + [(128, 128, 32)] * 256
        return *pair, products(*bare), 0.95

    def block_case() -> tuple[Step, Step, Step, float]:
        pair = step_pair(
            residual_block(nn), residual_block(torch.nn), normal(8, 17, 19, 19),
            normal(8, 256, 19, 19), loss="MSELoss",
        )  # fmt: skip
        bare = [*thrice(2888, 2304, 256), *thrice(2888, 2304, 256), *thrice(2888, 17, 256, False)]
        return *pair, products(*bare), 0.8

    return {
        "mlp 784-512-512-10, sgd, 16": lambda: mlp_case("SGD", 16, 0.9),
        "mlp 784-512-512-10, sgd, 128": lambda: mlp_case("SGD", 128, 0.95),
        "mlp 784-512-512-10, sgd, 512": lambda: mlp_case("SGD", 512, 1.0),
        "mlp 784-512-512-10, adam, 128": lambda: mlp_case("Adam", 128, 0.9),
        "lenet-5 28x28": lenet_case,
        "conv net 3-32-64-64": conv_case,
        "lstm 64-128, 64 steps": lstm_case,
        "transformer layer d256": transformer_case,
        "residual block 256, 19x19": block_case,
    }


def clock(step: Step) -> float:
    """Time one step, after a pause and an untimed one.

    The thread pools of PyTorch and of NumPy's BLAS keep a core busy for some
    milliseconds after their last work; the pause keeps one out of the other's time.
    """
    time.sleep(0.04)
    step()
    start = now()
    step()
    return (now() - start) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="")
    parser.add_argument("--cpu", action="store_true", help="processor time of one thread")
    parser.add_argument("--plain", action="store_true", help="without compiled kernels")
    options = parser.parse_args()
    print(
        f"{'one training step, ms':30}{'ours':>9}{'torch':>9}{'ratio':>8}{'bar':>6}"
        f"{'x BLAS':>9}{'best':>7}"
    )
    nn.keep_freed_memory()
    for name, make in cases().items():
        if options.only not in name:
            continue
        mine, theirs, bare, bar = make()
        for _ in range(3):
            last, other = mine(), theirs()
        if not np.isclose(last, other, rtol=1e-2):
            raise SystemExit(f"{name}: losses differ: {last} and {other}")
        times: list[list[float]] = [[], [], []]
        gc.collect()
        for _ in range(options.rounds):
            for k, step in enumerate((mine, theirs)):
                times[k].append(clock(step))
        for _ in range(options.rounds):  # apart: OpenBLAS's threads stay awake long after these
            times[2].append(clock(bare))
        a, b, c = map(statistics.median, times)
        print(
            f"{name:30}{a:9.2f}{b:9.2f}{a / b:8.2f}{bar:6.2f}{a / c:9.2f}"
            f"{min(times[0]) / min(times[1]):7.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
