"""Small operations: what an engine costs when the arithmetic costs nothing.

Three programs, forward and backward together, float64:
  scalar chain   y = y * x + x, 400 operations on scalars
  vector chain   the same on vectors of 8
  tanh(W x)      20 times x = tanh(W @ x), W 8 by 8
Run: python -m benchmarks.small_ops
"""

from __future__ import annotations

import os
import subprocess
import sys
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from autograd_core import Tensor
from benchmarks.harness import paired, ratio, table

LENGTH = 200  # two operations each
VECTOR = np.full(8, 0.5)
MATRIX = np.random.default_rng(0).normal(size=(8, 8)) * 0.3
START = np.ones(8)


def chain(x: Any) -> Any:
    y = x
    for _ in range(LENGTH):
        y = y * x + x
    return y


def ours_chain(value: Any) -> Any:
    x = Tensor(value, requires_grad=True)
    y = chain(x)
    y.backward(np.ones(8) if np.ndim(value) else None)
    return x.grad.data


def ours_matrix() -> Any:
    w, x = Tensor(MATRIX, requires_grad=True), Tensor(START)
    for _ in range(20):
        x = np.tanh(w @ x)
    x.sum().backward()
    return w.grad.data


def torch_runs() -> dict[str, Any]:
    import torch

    torch.set_num_threads(2)

    def run(value: Any) -> Any:
        x = torch.tensor(value, dtype=torch.float64, requires_grad=True)
        y = chain(x)
        y.backward(torch.ones(8, dtype=torch.float64) if np.ndim(value) else None)
        return x.grad.numpy()

    def matrix() -> Any:
        w, x = torch.tensor(MATRIX, requires_grad=True), torch.tensor(START)
        for _ in range(20):
            x = torch.tanh(w @ x)
        x.sum().backward()
        return w.grad.numpy()

    return {"scalar": lambda: run(0.5), "vector": lambda: run(VECTOR), "matrix": matrix}


def hips_runs() -> dict[str, Any]:
    import autograd
    import autograd.numpy as anp

    def f(w: Any) -> Any:
        x = START
        for _ in range(20):
            x = anp.tanh(w @ x)
        return anp.sum(x)

    scalar, matrix = autograd.grad(chain), autograd.grad(f)
    vector = autograd.elementwise_grad(chain)
    return {"scalar": lambda: scalar(0.5), "vector": lambda: vector(VECTOR),
            "matrix": lambda: matrix(MATRIX)}  # fmt: skip


def mygrad_runs() -> dict[str, Any]:
    import mygrad

    def run(value: Any) -> Any:
        x = mygrad.tensor(value)
        chain(x).sum().backward()
        return x.grad

    def matrix() -> Any:
        w, x = mygrad.tensor(MATRIX), mygrad.tensor(START, constant=True)
        for _ in range(20):
            x = mygrad.tanh(mygrad.matmul(w, x))
        x.sum().backward()
        return w.grad

    return {"scalar": lambda: run(0.5), "vector": lambda: run(VECTOR), "matrix": matrix}


def micrograd_runs() -> dict[str, Any]:
    from micrograd.engine import Value

    def run() -> Any:
        x = Value(0.5)
        y = chain(x)
        y.backward()
        return x.grad

    return {"scalar": run}


def numpy_matrix() -> Any:
    """Do the same by hand: the floor."""
    xs = [START]
    for _ in range(20):
        xs.append(np.tanh(MATRIX @ xs[-1]))
    g, total = np.ones(8), np.zeros((8, 8))
    for x, before in zip(xs[:0:-1], xs[-2::-1], strict=True):
        g = g * (1.0 - x * x)
        total += g[:, None] * before
        g = g @ MATRIX
    return total


def numpy_chain(value: Any) -> Any:
    """Do the same by hand: the floor."""
    x = np.float64(value) if np.ndim(value) == 0 else value
    ys = [x]
    for _ in range(LENGTH):
        ys.append(ys[-1] * x + x)
    g = np.float64(1) if np.ndim(value) == 0 else np.ones(8)
    total = g * 0
    for y in ys[-2::-1]:
        total = total + g + g * y
        g = g * x
    return total + g


OURS = {"scalar": lambda: ours_chain(0.5), "vector": lambda: ours_chain(VECTOR),
        "matrix": ours_matrix}  # fmt: skip
BY_HAND = {"scalar": lambda: numpy_chain(0.5), "vector": lambda: numpy_chain(VECTOR),
           "matrix": numpy_matrix}  # fmt: skip
TITLES = {"scalar": "scalar chain, 400 operations", "vector": "vector-of-8 chain, 400 operations",
          "matrix": "20 × tanh(W x), 8 by 8"}  # fmt: skip


def engines() -> dict[str, dict[str, Any]]:
    """Return the engines that are installed."""
    found = {"autograd-core": OURS, "NumPy by hand": BY_HAND}
    makers = {"PyTorch": torch_runs, "HIPS autograd": hips_runs, "MyGrad": mygrad_runs,
              "micrograd": micrograd_runs}  # fmt: skip
    for name, make in makers.items():
        try:
            found[name] = make()
        except ImportError:
            print(f"({name} is not installed: pip install 'autograd-core[bench]')")
    return found


def import_seconds() -> dict[str, float]:
    """Return the median time of fresh interpreters that import each, in turn.

    All have their bytecode at hand, as after an installation: where
    PYTHONDONTWRITEBYTECODE is set, a source tree would be compiled at every import.
    """
    names = ("numpy", "autograd_core", "nn, optim", "torch")
    times: dict[str, list[float]] = {name: [] for name in names}
    with TemporaryDirectory() as cache:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache, "PYTHONDONTWRITEBYTECODE": ""}
        for k in range(12):
            for name in names:
                code = f"import time; t = time.perf_counter(); import {name}; "
                code += "print(time.perf_counter() - t)"
                done = subprocess.run(
                    [sys.executable, "-c", code], capture_output=True, check=True, env=environment
                )
                if k:  # the first one writes the bytecode
                    times[name].append(float(done.stdout))
    return {name: median(found) for name, found in times.items()}


def main() -> None:
    found = engines()
    rows = [["program", "µs/op", *(f"÷ {name}" for name in found if name != "autograd-core")]]
    for key, title in TITLES.items():
        runs = {name: programs[key] for name, programs in found.items() if key in programs}
        answers = {name: np.asarray(run(), dtype=float) for name, run in runs.items()}
        for name, answer in answers.items():  # a fast wrong answer is no answer
            np.testing.assert_allclose(answer, answers["autograd-core"], rtol=1e-8, err_msg=name)
        times = paired(runs)
        operations = 40 if key == "matrix" else 2 * LENGTH
        row = [title, f"{median(times['autograd-core']) / operations * 1e6:.2f}"]
        for name in found:
            if name != "autograd-core":
                row.append(f"{ratio(times, 'autograd-core', name):.2f}" if name in runs else "")
        rows.append(row)
    print(table(rows))
    seconds = import_seconds()
    for name in ("autograd_core", "nn, optim"):
        share = seconds[name] / seconds["torch"]
        print(f"\nimport {name}: {seconds[name]:.3f} s, of which numpy {seconds['numpy']:.3f} s; "
              f"import torch {seconds['torch']:.3f} s, ratio {share:.2f}", end="")  # fmt: skip
    print()


if __name__ == "__main__":
    main()
