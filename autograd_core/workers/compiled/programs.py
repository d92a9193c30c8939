"""Kernels from generated text, compiled for the arrays that they will be called with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numba
import numpy as np
from numba import types

from autograd_core.workers.compiled import sums
from autograd_core.workers.compiled.sources import compiled_text
from autograd_core.workers.compiled.team import helped
from autograd_core.workers.faults import say_once, told

Form = tuple[str, int]  # the kind of number, and how many axes
_lock = threading.Lock()


def function(
    text: str, name: str, given: Sequence[Form], made: Sequence[Form], parts: int
) -> Callable[..., int]:
    """Return a kernel; it tells which flags were raised.

    Parameters
    ----------
    text : str
        A module.
    name : str
        The kernel's name in it.
    given, made : sequence of tuple
        What it reads and writes: the kind of number and the number of axes, 0 for a number.
    parts : int
        Into how many parts its work is divided: if more than one, it gets the team's board first.
    """
    kernel = compiled_text(text)[name]
    signature = tuple(_type(form, True) for form in given) + tuple(_type(f, False) for f in made)
    if parts > 1:
        signature = (types.Array(types.int64, 1, "C"), *signature)
    with _lock:
        kernel.disable_compile(False)
        if signature not in kernel.overloads:
            kernel.compile(signature)
        kernel.disable_compile()  # another kind of array is an error, and not a second's work
    if parts == 1:
        alone: Callable[..., int] = kernel
        return alone

    def shared(*args: Any) -> int:
        found: int = kernel(helped(parts), *args)
        return found

    return shared


def _type(form: Form, read: bool) -> Any:
    kind, ndim = form
    number = numba.from_dtype(np.dtype(kind))
    return types.Array(number, ndim, "C", readonly=read) if ndim else number


def heard(flags: int) -> bool:
    """Whether NumPy would say what the flags tell: it warns, raises or calls, as was chosen."""
    chosen: Any = np.geterr()
    return any(flags & bit and chosen[name] != "ignore" for bit, name in sums.MEANING.items())


def failed(error: Exception) -> None:
    """Say once that a program's loops could not be compiled."""
    say_once(
        "program",
        f"a program's loops could not be compiled ({told(error)}), so it runs as "
        "NumPy calls, more slowly; NN_COMPILED=0 selects that without this warning.",
    )
