"""`compile` beside `jax.jit` and PyTorch's eager mode: 16 programs of different families.

    python -m benchmarks.jitted [--only TEXT] [--jax PYTHON] [--alternations 3] [--seconds 0.3]

Value and gradients of each program: here by `compile`, in JAX by ``jit(value_and_grad(f))``, in
PyTorch by `backward`.  Each engine runs alone in a process of its own, its calls in a row, and the
processes take turns (`benchmarks.clock` says why).  The same function of a namespace `np` is given
to all; PyTorch's names that differ are in `_Torch`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy

from benchmarks.clock import THREADS, Time, timed
from benchmarks.clock_pages import duration
from benchmarks.harness import table

Function = Callable[..., Any]  # of a namespace and arrays
ENGINES = ("compile", "jax", "torch")


def _chain(np: Any, x: Any) -> Any:
    y = x
    for _ in range(100):
        y = y * x + x
    return y.sum()


def _waves(np: Any, x: Any) -> Any:
    return (np.sin(x) * np.exp(x) + np.log1p(x * x)).sum()


def _gelu(np: Any, x: Any) -> Any:
    return (0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x * x * x)))).sum()


def _swish(np: Any, x: Any, w: Any) -> Any:
    y = x * w
    return (y / (1 + np.exp(-y)) * x).sum()


def _softmax(np: Any, x: Any) -> Any:
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    return (p * p).sum()


def _entropy(np: Any, x: Any, target: Any) -> Any:
    top = np.max(x, axis=1, keepdims=True)
    log_sum = np.log(np.sum(np.exp(x - top), axis=1, keepdims=True)) + top
    return ((log_sum - x) * target).sum() / x.shape[0]


def _norm(np: Any, x: Any, g: Any, b: Any) -> Any:
    centred = x - np.mean(x, axis=1, keepdims=True)
    spread = np.sqrt(np.mean(centred * centred, axis=1, keepdims=True) + 1e-5)
    return centred / spread * g + b


def _norms(np: Any, x: Any, g: Any, b: Any) -> Any:
    for _ in range(3):
        x = np.tanh(_norm(np, x, g, b))
    return (x * x).sum()


def _huber(np: Any, x: Any, y: Any) -> Any:
    d = np.abs(x - y)
    return np.mean(np.where(d < 1, 0.5 * d * d, d - 0.5))


def _normal(np: Any, x: Any, m: Any, s: Any) -> Any:
    z = (x - m) * np.exp(-s)
    return (0.5 * z * z + s).sum()


def _rosenbrock(np: Any, x: Any) -> Any:
    a, b = x[1:], x[:-1]
    return (100 * (a - b * b) * (a - b * b) + (1 - b) * (1 - b)).sum()


def _mlp(np: Any, x: Any, y: Any, *weights: Any) -> Any:
    for w, b in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        x = np.tanh(x @ w + b)
    x = x @ weights[-2] + weights[-1]
    return ((x - y) * (x - y)).sum() / y.shape[0]


def _recurrent(np: Any, u: Any, w: Any, x: Any, h: Any) -> Any:
    for t in range(30):
        h = np.tanh(x[t] @ w + h @ u)
    return (h * h).sum()


def _oscillator(np: Any, x: Any) -> Any:
    a, b = x[0], x[1]
    for _ in range(12):  # XLA's work doubles every other step: 50 take minutes to compile
        a, b = a + 0.02 * b, b + 0.02 * ((1 - a * a) * b - a)
    return a * a + b * b


def _arrays(seed: int, dtype: str, *shapes: tuple[int, ...]) -> list[Any]:
    rng = numpy.random.default_rng(seed)
    return [(0.5 * rng.normal(size=shape)).astype(dtype) for shape in shapes]


def programs() -> dict[str, tuple[Function, list[Any], int]]:
    """Return each program: the function, its arguments, how many are differentiated."""
    f4, f8 = "float32", "float64"
    layers = [(64, 128), (128,), (128, 10), (10,)]
    wide = [(256, 512), (512,), (512, 512), (512,), (512, 10), (10,)]
    return {
        "chain of 200 on a number": (_chain, _arrays(0, f8, ()), 1),
        "chain of 200 on 8 numbers": (_chain, _arrays(0, f8, (8,)), 1),
        "oscillator, 12 steps": (_oscillator, _arrays(0, f8, (2,)), 1),
        "waves of 1,000": (_waves, _arrays(1, f8, (1000,)), 1),
        "waves of 1e6": (_waves, _arrays(1, f8, (1_000_000,)), 1),
        "GELU of 1e6, float32": (_gelu, _arrays(2, f4, (1_000_000,)), 1),
        "swish and scale, 1000×300": (_swish, _arrays(3, f4, (1000, 300), (300,)), 2),
        "softmax 512×4096": (_softmax, _arrays(4, f4, (512, 4096)), 1),
        "cross-entropy 256×1000": (_entropy, _arrays(5, f4, (256, 1000), (256, 1000)), 1),
        "three layer norms 256×512": (_norms, _arrays(6, f4, (256, 512), (512,), (512,)), 3),
        "Huber loss of 3e5": (_huber, _arrays(7, f4, (300_000,), (300_000,)), 1),
        "normal density of 1e5": (_normal, _arrays(8, f8, (100_000,), (100_000,), (100_000,)), 3),
        "Rosenbrock of 1e5": (_rosenbrock, _arrays(9, f8, (100_000,)), 1),
        "MLP 64-128-10, batch 32": (_mlp, [*_arrays(10, f4, (32, 64), (32, 10), *layers)], -4),
        "MLP 256-512-512-10, batch 128": (
            _mlp, [*_arrays(11, f4, (128, 256), (128, 10), *wide)], -6),
        "tanh RNN, 30 steps 32×64": (
            _recurrent, _arrays(12, f4, (64, 64), (64, 64), (30, 32, 64), (32, 64)), 2),
    }  # fmt: skip


def places(arguments: list[Any], count: int) -> tuple[int, ...]:
    """Return which arguments are differentiated: the first ones, or the last."""
    n = len(arguments)
    return tuple(range(count)) if count > 0 else tuple(range(n + count, n))


# --- the engines, each in a process of its own -------------------------------------


def _in_compile(f: Function, arguments: list[Any], chosen: tuple[int, ...]) -> Callable[[], Any]:
    from autograd_core import compile  # noqa: A004 - its public name

    step = compile(lambda *args: f(numpy, *args), chosen)
    step(*arguments)
    step.lower()
    step(*arguments)
    return lambda: step(*arguments)[0]


def _in_jax(f: Function, arguments: list[Any], chosen: tuple[int, ...]) -> Callable[[], Any]:
    import jax

    jax.config.update("jax_enable_x64", True)
    step = jax.jit(jax.value_and_grad(lambda *args: f(jax.numpy, *args), chosen))
    given = [jax.numpy.asarray(a) for a in arguments]
    return lambda: jax.block_until_ready(step(*given))[0]


class _Torch:
    """NumPy's names for PyTorch's functions."""

    def __init__(self) -> None:
        import torch

        self.torch = torch

    def __getattr__(self, name: str) -> Any:
        return getattr(self.torch, name)

    def max(self, x: Any, axis: int, keepdims: bool) -> Any:
        return self.torch.amax(x, dim=axis, keepdim=keepdims)

    def sum(self, x: Any, axis: int, keepdims: bool) -> Any:
        return self.torch.sum(x, dim=axis, keepdim=keepdims)

    def mean(self, x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
        return x.mean() if axis is None else x.mean(dim=axis, keepdim=keepdims)


def _in_torch(f: Function, arguments: list[Any], chosen: tuple[int, ...]) -> Callable[[], Any]:
    names = _Torch()
    names.torch.set_num_threads(THREADS)
    given = [names.torch.tensor(a) for a in arguments]
    for k in chosen:
        given[k].requires_grad_()

    def step() -> Any:
        value = f(names, *given)
        names.torch.autograd.grad(value, [given[k] for k in chosen])
        return value

    return step


def work(engine: str, only: str, seconds: float) -> None:
    """Print the times of the programs, a line of JSON each."""
    made = {"compile": _in_compile, "jax": _in_jax, "torch": _in_torch}[engine]
    for name, (f, arguments, count) in programs().items():
        if only in name:
            step = made(f, arguments, places(arguments, count))
            print(json.dumps([name, *timed(step, seconds)]), flush=True)


def alone(engine: str, python: str, only: str, seconds: float) -> dict[str, Time]:
    """Return the times of one engine in a process of its own."""
    threads = {f"{name}_NUM_THREADS": str(THREADS) for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    command = [python, "-m", "benchmarks.jitted", "--work", engine, "--only", only,
               "--seconds", str(seconds)]  # fmt: skip
    done = subprocess.run(
        command, env={**os.environ, **threads}, stdout=subprocess.PIPE, text=True, check=True
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    return {name: Time(*rest) for name, *rest in lines}


def rows(turns: list[dict[str, dict[str, Time]]]) -> list[list[str]]:
    """Return the table: the shortest times, and the medians of the neighbours' ratios."""
    cells = [["program", "compile", "JAX jit", "PyTorch", "÷ JAX", "÷ PyTorch"]]
    for name, first in turns[0]["compile"].items():
        line = [name]
        for engine in ENGINES:
            other = turns[0][engine][name].value
            if abs(first.value - other) > 1e-3 * (1 + abs(other)):
                raise SystemExit(f"{name}: the values differ, {first.value} and {other}")
            line.append(duration(min(turn[engine][name].shortest for turn in turns)))
        for engine in ENGINES[1:]:
            ratio = median(
                turn["compile"][name].shortest / turn[engine][name].shortest for turn in turns
            )
            line.append(f"{ratio:.2f}")
        cells.append(line)
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="programs whose name has this text in it")
    parser.add_argument("--jax", default=sys.executable, help="a Python that has JAX")
    parser.add_argument("--alternations", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.3, help="for each program and process")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work, options.only, options.seconds)
        return
    turns = []
    for k in range(options.alternations):
        order = ENGINES if k % 2 == 0 else ENGINES[::-1]
        pythons = {"jax": options.jax}
        turns.append({
            e: alone(e, pythons.get(e, sys.executable), options.only, options.seconds)
            for e in order
        })  # fmt: skip
    made = table(rows(turns))
    print(made)


if __name__ == "__main__":
    main()
