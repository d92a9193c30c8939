"""Which kernels the layers use: compiled or plain NumPy, Winograd's convolution, threads.

All compute the same operations behind the same primitives, so that nothing else
in the library, derivatives included, knows which one ran.  Compiled kernels need
numba (the extra `fast`) and are loaded when an operation first has enough work.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from types import TracebackType
from typing import Any

from nn.functional import threads as _threads

ENOUGH = 2e6  # operations; below, calling a kernel costs more than it saves


def _flag(name: str) -> bool:
    return os.environ.get(name, "1").lower() not in ("0", "no", "off", "false")


_settings: dict[str, Any] = {
    "compiled": _flag("NN_COMPILED"),
    "winograd": _flag("NN_WINOGRAD"),
    "threads": _threads.available(),
}
_installed: bool | None = None


def setting(name: str) -> Any:
    """Return the present value of a setting of `use_kernels`."""
    return _settings[name]


class use_kernels:  # noqa: N801 - called like a function
    """Choose the kernels, for the rest of the process or for a with-block.

    Parameters
    ----------
    compiled : bool, optional
        Whether to use numba's compiled kernels where numba is installed (default True; the
        environment's NN_COMPILED=0 says no).  The first use in a process loads numba
        (about half a second); the first on a machine compiles (seconds), kept on disk after that.
        Convolutions into few channels then hand a number that is not finite on to the places
        beside it too, as Winograd's do.
    winograd : bool, optional
        Whether float32 convolutions of 3 by 3 and stride 1 with many channels may use Winograd's
        algorithm, which needs a quarter of the products (default True; NN_WINOGRAD=0 says no).
        It rounds more: about 1e-5 of the largest value instead of 1e-6.  float64 never uses it.
    threads : int, optional
        For work that kernels share among threads (default OMP_NUM_THREADS or the number of
        cores).  The matrix products of NumPy have threads of their own.
        After compiled work a thread looks out for more for 0.4 ms, which keeps its core busy.

    Examples
    --------
    >>> import nn
    >>> with nn.use_kernels(winograd=False):
    ...     nn.functional.kernels.setting("winograd")
    False
    """

    def __init__(
        self,
        *,
        compiled: bool | None = None,
        winograd: bool | None = None,
        threads: int | None = None,
    ) -> None:
        self.before = dict(_settings)
        given = {"compiled": compiled, "winograd": winograd, "threads": threads}
        _settings.update({name: value for name, value in given.items() if value is not None})

    def __enter__(self) -> None:
        """Keep the choice for the block."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Return to what was before."""
        _settings.update(self.before)


def compiled_for(work: float, *arrays: Any) -> bool:
    """Tell whether compiled kernels are installed, wanted, and worth their call.

    Parameters
    ----------
    work : float
        How many operations there are; little work is not worth the call.
    *arrays : ndarray
        All must be float32: exact checks run in float64 on plain NumPy.
    """
    global _installed
    if work < ENOUGH or not _settings["compiled"]:
        return False
    for a in arrays:
        if a.dtype.char != "f":
            return False
    if _installed is None:
        _installed = _importable("numba")
    return _installed


def _importable(name: str) -> bool:
    """Tell whether a package can be imported; a broken or too old one counts as absent."""
    try:
        import_module(name)
    except ImportError:
        return False
    return True


def compiled(name: str, work: float, *arrays: Any) -> Any:
    """Return the module nn.functional.compiled.<name>, or None: plain NumPy does it."""
    if not compiled_for(work, *arrays):
        return None
    return import_module(f"nn.functional.compiled.{name}")


def team() -> Any:
    """Return nn.functional.compiled.team; for compiled kernels only."""
    return import_module("nn.functional.compiled.team")


def share(task: _threads.Task, count: int) -> None:
    """Run ``task(k)`` for each k below count, on as many threads as are set."""
    _threads.share(task, count, _settings["threads"])


def parts(n: int) -> list[slice]:
    """Return slices that divide n things as evenly as can be, two for each thread.

    A thread that wakes up late, or shares its core, then leaves the second to another one.
    """
    count = 1 if _settings["threads"] == 1 else max(1, min(n, 2 * _settings["threads"]))
    return [slice(n * k // count, n * (k + 1) // count) for k in range(count)]


def share_parts(task: Callable[[slice], Any], n: int) -> None:
    """Run ``task(part)`` for slices that divide n things among the threads."""
    slices = parts(n)
    share(lambda k: task(slices[k]), len(slices))
