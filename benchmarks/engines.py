"""The engines in one vocabulary, so that each program of `families` is written once."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from types import SimpleNamespace
from typing import Any

import numpy as np

Step = Callable[[], Any]


class Engine:
    """What programs need of an engine.

    ``np`` has NumPy's function names; ``nn``, ``F`` and ``optim`` are the engine's own packages,
    which have PyTorch's names in both.
    """

    np: Any
    nn: Any
    F: Any
    optim: Any
    transforms: Any  # grad, jvp, jacfwd, jacrev, hessian, vmap

    def constant(self, array: Any) -> Any:
        """Return an array as the engine takes what needs no gradient."""
        raise NotImplementedError

    def leaf(self, array: Any) -> Any:
        """Return an array that gets a gradient."""
        raise NotImplementedError

    def module(self, made: Any) -> Any:
        """Return a module with weights that both engines have alike."""
        rng = np.random.default_rng(1)
        state = {}
        for name, value in made.state_dict().items():
            shape = tuple(value.shape)
            if name.endswith(("running_mean", "num_batches_tracked")):
                drawn = np.zeros(shape)
            elif name.endswith("running_var") or ("norm" in name and name.endswith("weight")):
                drawn = np.ones(shape)
            else:
                drawn = rng.normal(size=shape) / max(shape[-1] if shape else 1, 1) ** 0.5
            state[name] = self._stored(drawn, value)
        made.load_state_dict(state)
        return made

    def _stored(self, array: Any, like: Any) -> Any:
        raise NotImplementedError

    def step(self, f: Callable[..., Any], *arrays: Any, constants: Sequence[Any] = ()) -> Step:
        """Return a step: f of leaves and constants, its sum, and the gradients.

        Its value depends on the result and on every gradient.
        """
        leaves, rest = [self.leaf(a) for a in arrays], [self.constant(a) for a in constants]

        def run() -> Any:
            for leaf in leaves:
                leaf.grad = None
            y = f(*leaves, *rest)
            total = self.np.sum(y)
            total.backward()
            return _Value(total, leaves)

        moved = 2 * sum(_bytes(a) for a in arrays) + sum(_bytes(a) for a in constants)
        run.bytes = moved  # type: ignore[attr-defined]  # read by the clock
        return run

    def training(self, model: Any, loss: Any, x: Any, target: Any, rule: str = "SGD") -> Step:
        """Return a training step of a module: forward, loss, backward, update."""
        self.module(model)
        optimizer = getattr(self.optim, rule)(model.parameters(), lr=1e-3)
        x, target = self.constant(x), self.constant(target)

        def run() -> Any:
            optimizer.zero_grad()
            y = model(x)
            value = loss(y[0] if isinstance(y, tuple) else y, target)
            value.backward()
            optimizer.step()
            return value

        weights = sum(p.shape.numel() if hasattr(p.shape, "numel") else p.size
                      for p in model.parameters())  # fmt: skip
        run.bytes = 2 * 4 * weights + _bytes(x)  # type: ignore[attr-defined]  # read by the clock
        return run

    def flops(self, step: Step) -> float:
        """Return the floating-point operations of a step's products, where the engine counts."""
        return 0


def _bytes(array: Any) -> int:
    """Return the size of an array of either engine; other constants are nothing to speak of."""
    return int(getattr(array, "nbytes", 0))


class _Value:
    """A number of a step, computed only where it is asked for: after the first run."""

    def __init__(self, total: Any, leaves: Sequence[Any]) -> None:
        self.total, self.leaves = total, leaves

    def __float__(self) -> float:
        found = float(self.total.detach().numpy())
        for leaf in self.leaves:
            g = leaf.grad
            g = np.asarray(g.data if isinstance(g.data, np.ndarray) else g.detach().numpy())
            found += float(np.sum(g * np.cos(np.arange(g.size)).reshape(g.shape)))
        return found


class Ours(Engine):
    """This engine."""

    def __init__(self, threads: int) -> None:
        import nn
        import optim
        from autograd_core import Tensor, grad, hessian, jacobian, jvp, vmap

        nn.keep_freed_memory()
        self.np, self.nn, self.F, self.optim = np, nn, nn.functional, optim
        self.tensor = Tensor
        self.transforms = SimpleNamespace(
            grad=grad, jvp=jvp, hessian=hessian, vmap=vmap,
            jacfwd=partial(jacobian, mode="forward"), jacrev=partial(jacobian, mode="reverse"),
        )  # fmt: skip

    def constant(self, array: Any) -> Any:
        return array

    def leaf(self, array: Any) -> Any:
        return self.tensor(array, requires_grad=True)

    def _stored(self, array: Any, like: Any) -> Any:
        return array.astype(like.dtype)


class Torch(Engine):
    """PyTorch's eager mode."""

    def __init__(self, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        self.torch, self.transforms = torch, torch.func
        self.np, self.nn, self.F, self.optim = (
            _Names(torch),
            torch.nn,
            torch.nn.functional,
            torch.optim,
        )

    def constant(self, array: Any) -> Any:
        return self.torch.tensor(array) if isinstance(array, np.ndarray) else array

    def leaf(self, array: Any) -> Any:
        return self.torch.tensor(array, requires_grad=True)

    def _stored(self, array: Any, like: Any) -> Any:
        return self.torch.tensor(array, dtype=like.dtype)

    def flops(self, step: Step) -> float:
        from torch.utils.flop_counter import FlopCounterMode

        with FlopCounterMode(display=False) as counter:
            step()
        return float(counter.get_total_flops())


_SPELT = {
    "absolute": "abs", "arctan2": "atan2", "arctan": "atan", "arcsin": "asin",
    "concatenate": "cat", "power": "pow", "transpose": "permute", "max": "amax", "min": "amin",
    "arcsinh": "asinh",
}  # fmt: skip


class _Names:
    """PyTorch under NumPy's names, where they differ."""

    def __init__(self, torch: Any) -> None:
        self.torch, self.linalg, self.fft = torch, torch.linalg, torch.fft

    def __getattr__(self, name: str) -> Any:
        return getattr(self.torch, _SPELT.get(name, name))


ENGINES: dict[str, Callable[[int], Engine]] = {"ours": Ours, "torch": Torch}


def described() -> str:
    """Return the processor, the BLAS with the kernels that it chose, and the versions."""
    processor = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [
                line.partition(":")[2].strip() for line in file if line.startswith("model name")
            ]
        processor = f"{names[0]}, {len(names)} cores" if names else processor
    blas = "BLAS unknown"
    try:
        from threadpoolctl import threadpool_info

        (blas,) = [
            f"{one['internal_api']} {one['version']} ({one.get('architecture', '?')} kernels)"
            for one in threadpool_info()
            if one["user_api"] == "blas"
        ][:1]
    except (ImportError, ValueError):
        pass
    versions = []
    for package in ("numpy", "numba", "torch"):
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"no {package}")
    return f"{processor}; {blas}; Python {platform.python_version()}, {', '.join(versions)}"
