"""Count the everyday idioms of joining traced numbers that each engine differentiates.

    python -m benchmarks.idioms

The idioms are those of docs/numpy-idioms.md (tests/cases/idioms.py), each with the engine's own
module in NumPy's place; PyTorch, which has none, gets NumPy itself.  "Right" is a gradient that
finite differences of NumPy's values confirm.  Each engine runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

X = np.array([0.7, 1.3])
Gradient = Callable[[Any], Any]  # of an idiom


def _ours(idiom: Any) -> Any:
    import autograd_core.numpy as ours
    from autograd_core import grad

    return grad(lambda x: np.sum(np.real(idiom(ours, x))))(X.copy())


def _jax(idiom: Any) -> Any:
    import jax

    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    return jax.grad(lambda x: jnp.sum(jnp.real(jnp.asarray(idiom(jnp, x)))))(jnp.asarray(X))


def _hips(idiom: Any) -> Any:
    import autograd.numpy as anp
    from autograd import grad

    return grad(lambda x: anp.sum(anp.real(idiom(anp, x))))(X.copy())


def _torch(idiom: Any) -> Any:
    import torch

    x = torch.tensor(X, requires_grad=True)
    torch.as_tensor(idiom(np, x)).sum().backward()
    assert x.grad is not None
    return x.grad.numpy()


ENGINES: dict[str, Gradient] = {
    "autograd_core": _ours, "JAX": _jax, "HIPS autograd": _hips, "PyTorch": _torch,
}  # fmt: skip


def _slopes(idiom: Any, h: float = 1e-6) -> Any:
    def total(x: Any) -> float:
        return float(np.sum(np.real(np.asarray(idiom(np, x), complex))))

    return np.array([(total(X + h * e) - total(X - h * e)) / (2 * h) for e in np.eye(X.size)])


def counts(engine: str) -> dict[str, int]:
    """Return how many idioms are right, have another number, and end in an error."""
    from cases.idioms import IDIOMS

    warnings.simplefilter("ignore")
    found = {"right": 0, "another number": 0, "error": 0}
    for idiom in IDIOMS.values():
        try:
            made = np.asarray(ENGINES[engine](idiom))
        except Exception:
            found["error"] += 1
            continue
        wanted = _slopes(idiom)
        same = made.shape == wanted.shape and np.allclose(made, wanted, rtol=1e-4, atol=1e-6)
        found["right" if same else "another number"] += 1
    return found


def main() -> None:
    """Print a row for each engine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=ENGINES)
    engine = parser.parse_args().engine
    if engine:
        print(json.dumps(counts(engine)))
        return
    for name in ENGINES:
        command = [sys.executable, "-m", "benchmarks.idioms", "--engine", name]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        row = json.loads(done.stdout.splitlines()[-1])
        print(f"{name}: {', '.join(f'{k} {n}' for k, n in row.items())}")


if __name__ == "__main__":
    main()
