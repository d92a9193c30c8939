"""The user's choice of kernels: compiled or plain NumPy, Winograd's convolution, threads."""

from __future__ import annotations

import os
from contextvars import ContextVar
from importlib import import_module
from types import TracebackType
from typing import Any, NamedTuple

from autograd_core.workers import threads as _threads


def _flag(name: str) -> bool:
    return os.environ.get(name, "1").lower() not in ("0", "no", "off", "false")


class _Choice(NamedTuple):
    compiled: bool
    winograd: bool
    threads: int


_PROCESS = _Choice(_flag("NN_COMPILED"), _flag("NN_WINOGRAD"), _threads.available())
_choice: ContextVar[_Choice] = ContextVar("kernels", default=_PROCESS)
_installed: bool | None = None


def setting(name: str) -> Any:
    """Return the present value of a setting of `use_kernels`."""
    return getattr(_choice.get(), name)


class use_kernels:  # noqa: N801 - called like a function
    """Choose the kernels, for the rest of the thread or for a with-block.

    As with `numpy.errstate`, a choice holds in the context that made it; other threads
    keep theirs.  Environment variables choose for the whole process.

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
    >>> import autograd_core.workers, nn
    >>> with nn.use_kernels(winograd=False):
    ...     autograd_core.workers.setting("winograd")
    False
    """

    def __init__(
        self,
        *,
        compiled: bool | None = None,
        winograd: bool | None = None,
        threads: int | None = None,
    ) -> None:
        self.before = _choice.get()
        given = {"compiled": compiled, "winograd": winograd, "threads": threads}
        chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        _choice.set(self.before._replace(**chosen))

    def __enter__(self) -> None:
        """Keep the choice for the block."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Return to what was before."""
        _choice.set(self.before)


def compiles() -> bool:
    """Tell whether compiled kernels are wanted and installed."""
    global _installed
    if not setting("compiled"):
        return False
    if _installed is None:
        _installed = importable("numba")
    return _installed


def importable(name: str) -> bool:
    """Tell whether a package can be imported; a broken or too old one counts as absent."""
    try:
        import_module(name)
    except ImportError:
        return False
    return True
