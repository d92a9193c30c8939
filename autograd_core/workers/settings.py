"""The user's choice of kernels: compiled or plain NumPy, Winograd's convolution, threads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from importlib.util import find_spec
from types import TracebackType
from typing import Any, NamedTuple

from autograd_core.workers import threads as _threads
from autograd_core.workers.faults import say_once, told


def _flag(name: str) -> bool:
    return os.environ.get(name, "1").lower() not in ("0", "no", "off", "false")


class _Choice(NamedTuple):
    compiled: bool
    winograd: bool
    threads: int
    portable: bool = False  # see `portable`


_PROCESS = _Choice(_flag("NN_COMPILED"), _flag("NN_WINOGRAD"), _threads.available())
_choice: ContextVar[_Choice] = ContextVar("kernels", default=_PROCESS)
_works: bool | None = None  # not tried yet


def setting(name: str) -> Any:
    """Return the present value of a setting of `use_kernels`."""
    return getattr(_choice.get(), name)


class use_kernels:  # noqa: N801 - called like a function
    """Choose the kernels, for the rest of the thread or for a ``with`` block.

    As with `numpy.errstate`, a choice holds in the context that made it; other threads
    keep theirs.  Environment variables choose for the whole process.

    Parameters
    ----------
    compiled : bool, optional
        Whether to use numba's compiled kernels where numba is installed (default True; the
        environment's NN_COMPILED=0 says no).  The first use in a process loads numba
        (about half a second). The first use on a machine compiles (seconds), and the result is kept
        on disk. Convolutions into few channels then spread a number that is not finite to
        neighbouring positions too, as Winograd's do.
    winograd : bool, optional
        Whether float32 convolutions of 3 by 3 and stride 1 with many channels may use Winograd's
        algorithm, which needs a quarter of the products (default True; NN_WINOGRAD=0 says no).
        It rounds more: about 1e-5 of the largest value instead of 1e-6.  float64 never uses it.
    threads : int, optional
        For work that kernels share among threads (default OMP_NUM_THREADS or the number of cores).
        NumPy's matrix products have their own threads. After compiled work, a thread waits for more
        for 0.4 ms, which keeps its core busy.

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
        choice = self.before._replace(**chosen)
        try:
            _choice.set(choice)
        except BaseException:  # an interrupt meanwhile: nobody will leave the block
            _choice.set(self.before)
            raise

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


@contextmanager
def portable() -> Iterator[None]:
    """Let layers run as they are written down for other programs, until the end of the block.

    No kernel is compiled, none is chosen by the size of its arrays, and what other programs know
    as one operation is one.
    """
    before = _choice.get()
    try:
        _choice.set(before._replace(compiled=False, winograd=False, portable=True))
        yield
    finally:
        _choice.set(before)


def compiles() -> bool:
    """Tell whether compiled kernels are wanted, installed, and work here."""
    global _works
    if not setting("compiled"):
        return False
    if _works is None:
        _works = _tried()
    return _works


def _tried() -> bool:
    """Compile and run a small kernel; say once why plain NumPy is used if that fails."""
    if find_spec("numba") is None:
        return False
    if not importable("numba"):
        return _given_up("numba is installed but cannot be imported", "Reinstall it")
    try:
        if import_module("numba").config.DISABLE_JIT:
            return _given_up("NUMBA_DISABLE_JIT is set", "Unset it")
        import_module("autograd_core.workers.compiled.trial").run()
    except Exception as error:  # whatever a broken numba, compiler or disk raises
        return _given_up(
            f"a kernel could not be compiled ({told(error)})",
            "Set NUMBA_CACHE_DIR to a writable folder, or reinstall numba",
        )
    return True


def _given_up(reason: str, remedy: str) -> bool:
    say_once(
        "numba",
        f"{reason}, so plain NumPy does the work, more slowly. {remedy}; NN_COMPILED=0 selects "
        "plain NumPy without this warning.",
    )
    return False


def kernels(name: str) -> Any:
    """Return a module of compiled kernels, or None: plain NumPy is to do it.

    Parameters
    ----------
    name : str
        The module's full name.
    """
    global _works
    if not compiles():
        return None
    try:
        return import_module(name)
    except Exception as error:  # it defines kernels, which asks numba for much
        _works = _given_up(f"{name} could not be loaded ({told(error)})", "Reinstall numba")
        return None


def importable(name: str) -> bool:
    """Tell whether a package can be imported; a broken or too old one counts as absent."""
    try:
        import_module(name)
    except Exception:  # what a broken package raises is not always an ImportError
        return False
    return True
