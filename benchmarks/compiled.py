"""Compiled functions beside the same work written by hand in NumPy, and beside the engine.

Six programs, forward and backward together, paired in one process:
  scalar chain   y = y * x + x, 400 operations on float64 scalars
  vector chain   the same on vectors of 8
  tanh(W x)      20 times x = tanh(W @ x), W 8 by 8, float64
  MLP            784-512-512-10 with ReLU and softmax cross-entropy, batch 128, float32
  LSTM           64 to 128, 64 steps, batch 32, float32, mean squared error: with nn's fused
                 kernel, and written out in small operations
"By hand" is what a careful NumPy programmer writes: arrays allocated once, ``out=``, in-place
arithmetic, one matrix product over all steps where the algebra allows it.
Run: python -m benchmarks.compiled
On a machine that others use too: OMP_NUM_THREADS=1 python -m benchmarks.compiled --cpu
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

import nn
from autograd_core import compile, value_and_grad  # noqa: A004 - its public name
from benchmarks import models
from benchmarks.by_hand import LSTMByHand, MLPByHand
from benchmarks.harness import paired, ratio, table
from benchmarks.small_ops import MATRIX, START, VECTOR, chain, numpy_chain, numpy_matrix

Runs = dict[str, Callable[[], Any]]
rng = np.random.default_rng(0)


def normal(*shape: int, scale: float = 1.0) -> Any:
    return (rng.normal(size=shape) * scale).astype(np.float32)


def scalar_chain() -> Runs:
    compiled, engine = compile(chain), value_and_grad(chain)
    return {
        "compiled": lambda: compiled(0.5)[1],
        "by hand": lambda: numpy_chain(0.5),
        "engine": lambda: engine(0.5)[1],
    }


def vector_chain() -> Runs:
    def total(x: Any) -> Any:
        return chain(x).sum()

    compiled, engine = compile(total), value_and_grad(total)
    return {
        "compiled": lambda: compiled(VECTOR)[1],
        "by hand": lambda: numpy_chain(VECTOR),
        "engine": lambda: engine(VECTOR)[1],
    }


def tanh_chain() -> Runs:
    def f(w: Any, x: Any) -> Any:
        for _ in range(20):
            x = np.tanh(w @ x)
        return x.sum()

    compiled, engine = compile(f), value_and_grad(f)
    return {
        "compiled": lambda: compiled(MATRIX, START)[1],
        "by hand": numpy_matrix,
        "engine": lambda: engine(MATRIX, START)[1],
    }


def recorded(model: Any, loss: Callable[[], Any]) -> Callable[[], Any]:
    """Return what runs a model's step uncompiled and gives its parameters' gradients."""

    def run() -> Any:
        model.zero_grad()
        loss().backward()
        return [p.grad.data for p in model.parameters()]

    return run


def mlp() -> Runs:
    model = models.mlp(nn)
    x, target = normal(128, 784), rng.integers(0, 10, 128)
    criterion = nn.CrossEntropyLoss()

    def loss(x: Any, target: Any) -> Any:
        return criterion(model(x), target)

    compiled = compile(loss, parameters=model)
    by_hand = MLPByHand([p.data for p in model.parameters()], 128)

    return {
        "compiled": lambda: list(compiled(x, target)[1].values()),
        "by hand": lambda: by_hand(x, target),
        "engine": recorded(model, lambda: loss(x, target)),
    }


def lstm_setting() -> tuple[Any, Any, Any]:
    return nn.LSTM(64, 128), normal(64, 32, 64), normal(64, 32, 128)


def lstm_fused() -> Runs:
    model, x, target = lstm_setting()
    criterion = nn.MSELoss()

    def loss(x: Any, target: Any) -> Any:
        return criterion(model(x)[0], target)

    compiled = compile(loss, parameters=model)
    by_hand = LSTMByHand([p.data for p in model.parameters()], 64, 32)

    return {
        "compiled": lambda: list(compiled(x, target)[1].values()),
        "by hand": lambda: by_hand(x, target),
        "engine": recorded(model, lambda: loss(x, target)),
    }


def lstm_written_out() -> Runs:
    model, x, target = lstm_setting()
    weights = [p.data for p in model.parameters()]

    def sigmoid(z: Any) -> Any:
        return 0.5 + 0.5 * np.tanh(0.5 * z)

    def loss(weights: Any, x: Any, target: Any) -> Any:
        w_ih, w_hh, b_ih, b_hh = weights
        n = w_hh.shape[1]
        h = c = np.zeros((x.shape[1], n), x.dtype)
        total: Any = 0.0
        for t in range(x.shape[0]):
            z = x[t] @ w_ih.T + h @ w_hh.T + (b_ih + b_hh)
            i, f = sigmoid(z[:, :n]), sigmoid(z[:, n : 2 * n])
            g, o = np.tanh(z[:, 2 * n : 3 * n]), sigmoid(z[:, 3 * n :])
            c = f * c + i * g
            h = o * np.tanh(c)
            total = total + np.sum((h - target[t]) ** 2)
        return total / target.size

    compiled, engine = compile(loss), value_and_grad(loss)
    by_hand = LSTMByHand(weights, 64, 32)
    return {
        "compiled": lambda: compiled(weights, x, target)[1],
        "by hand": lambda: by_hand(x, target),
        "engine": lambda: engine(weights, x, target)[1],
    }


PROGRAMS: dict[str, tuple[str, Callable[[], Runs]]] = {
    "scalar": ("scalar chain, 400 operations", scalar_chain),
    "vector": ("vector-of-8 chain, 400 operations", vector_chain),
    "tanh": ("20 × tanh(W x), 8 by 8", tanh_chain),
    "mlp": ("MLP 784-512-512-10, batch 128", mlp),
    "lstm": ("LSTM 64-128, 64 steps, fused kernel", lstm_fused),
    "written": ("LSTM 64-128, 64 steps, written out", lstm_written_out),
}


def cpu_times(runs: Runs, rounds: int) -> dict[str, list[float]]:
    """Return each one's processor time, round by round: what others do does not count."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.thread_time()
            run()
            times[name].append(time.thread_time() - start)
    return times


def listed(answer: Any) -> list[Any]:
    return list(answer) if isinstance(answer, (list, tuple)) else [answer]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*", default=list(PROGRAMS))
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument(
        "--cpu", action="store_true", help="the thread's own time, with one BLAS thread"
    )
    chosen = parser.parse_args()
    rows = [["program", "compiled, µs", "÷ by hand", "best ÷ best", "engine ÷ compiled"]]
    for key in chosen.only:
        title, make = PROGRAMS[key]
        runs = make()
        answers = {name: listed(run()) for name, run in runs.items()}
        for name, answer in answers.items():  # a fast wrong answer is no answer
            for a, b in zip(answer, answers["engine"], strict=True):
                np.testing.assert_allclose(a, b, rtol=2e-3, atol=1e-6, err_msg=name)
        times = cpu_times(runs, chosen.rounds) if chosen.cpu else paired(runs, chosen.rounds)
        rows.append([
            title,
            f"{median(times['compiled']) * 1e6:.0f}",
            f"{ratio(times, 'compiled', 'by hand'):.2f}",
            f"{min(times['compiled']) / min(times['by hand']):.2f}",
            f"{ratio(times, 'engine', 'compiled'):.2f}",
        ])  # fmt: skip
    print(table(rows))
    print(f"(medians of {chosen.rounds} paired rounds; best: the shortest times)")


if __name__ == "__main__":
    main()
