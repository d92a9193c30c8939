"""Which kernels the layers use: compiled or plain NumPy, and how their work is divided.

All compute the same operations behind the same primitives, so that nothing else
in the library, derivatives included, knows which one ran.  Compiled kernels need
numba (the extra `fast`) and are loaded when an operation first has enough work.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from autograd_core.workers import setting, use_kernels
from autograd_core.workers import threads as _threads
from autograd_core.workers.native import FLOATS
from autograd_core.workers.settings import compiles, kernels

ENOUGH = 2e5  # operations; below, calling a kernel costs more than it saves


def compiled_for(work: float, *arrays: Any) -> bool:
    """Tell whether compiled kernels are installed, wanted, and worth their call.

    Parameters
    ----------
    work : float
        How many operations there are; little work is not worth the call.
    *arrays : ndarray
        All must be float32: exact checks run in float64 on plain NumPy.
    """
    if work < ENOUGH:
        return False
    for a in arrays:
        if FLOATS.get(a.dtype) != "f":
            return False
    return compiles()


def compiled(name: str, work: float, *arrays: Any) -> Any:
    """Return the module nn.functional.compiled.<name>, or None: plain NumPy does it."""
    if not compiled_for(work, *arrays):
        return None
    return kernels(f"nn.functional.compiled.{name}")


def team() -> Any:
    """Return autograd_core.workers.compiled.team; for compiled kernels only."""
    return import_module("autograd_core.workers.compiled.team")


def make_room() -> None:
    """Let helpers that look out for more compiled work leave their cores to OpenBLAS's threads."""
    _threads.make_room()


def share(task: _threads.Task, count: int) -> None:
    """Run ``task(k)`` for each k below count, on as many threads as are set."""
    _threads.share(task, count, setting("threads"))


def parts(n: int, turns: int = 2) -> list[slice]:
    """Return slices that divide n things as evenly as can be, two for each thread.

    A thread that wakes up late, or shares its core, then leaves the second to another one.  Where
    a part is done soon, one for each is faster: threads wait for the interpreter's lock at each
    call of NumPy's.
    """
    count = 1 if setting("threads") == 1 else max(1, min(n, turns * setting("threads")))
    return [slice(n * k // count, n * (k + 1) // count) for k in range(count)]


def share_parts(task: Callable[[slice], Any], n: int, turns: int = 2) -> None:
    """Run ``task(part)`` for slices that divide n things among the threads."""
    slices = parts(n, turns)
    share(lambda k: task(slices[k]), len(slices))


__all__ = [
    "compiled",
    "compiled_for",
    "make_room",
    "parts",
    "setting",
    "share",
    "share_parts",
    "team",
    "use_kernels",
]
