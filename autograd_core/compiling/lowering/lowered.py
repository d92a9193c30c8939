"""A recorded program made ready to run as loops, and compiled when that has come to pay."""

from __future__ import annotations

import linecache
import weakref
from collections.abc import Callable
from math import ceil
from typing import Any

from autograd_core.compiling.lowering.kernels import FUNCTION as LOOPS_FUNCTION
from autograd_core.compiling.lowering.loops import PARTS
from autograd_core.compiling.lowering.schedule import Lowered
from autograd_core.compiling.lowering.text import HEARD, PLAIN, LoweredSource, forms
from autograd_core.compiling.program import Program
from autograd_core.compiling.writing import FUNCTION
from autograd_core.workers.faults import say_once, told
from autograd_core.workers.settings import kernels

COMPILING = 5e8  # nanoseconds for a kernel, about
OF_LINE = 5e6  # and for each of its lines
FIRST = 3  # the call from which on loops may answer
PROGRAMS = "autograd_core.workers.compiled.programs"


class Lowering:
    """Loops in place of a program's elementwise runs.

    Parameters
    ----------
    program : Program
        After `simplify`; its plain text is written already.
    title : str
    exact : bool
        Whether only steps may become loops whose bits are NumPy's.

    Attributes
    ----------
    text : str
        What runs: the NumPy calls that are left, and then each function of loops; empty if no
        loops are worth while.
    after : int
        How many calls NumPy answers before compiling has come to pay.  It follows from the
        program alone: whoever runs a script twice gets the same bits.
    """

    def __init__(self, program: Program, title: str, exact: bool) -> None:
        self.text, self.after = "", FIRST
        self._calls: list[Any] = []
        try:
            self._lower(program, title, exact)
        except Exception as error:  # the program itself is right, whatever is wrong here
            self.text = ""
            say_once(
                "lowering",
                f"compile: {title} cannot be made into loops ({told(error)}), so "
                "it runs as NumPy calls. Please report it.",
            )

    def _lower(self, program: Program, title: str, exact: bool) -> None:
        lowered = Lowered(program, exact)
        if not lowered.kernels:
            return
        written = LoweredSource(lowered.program, title)
        self._source, self._given = written.text, dict(written.given)
        self._calls = [
            (name, kernel.text, *forms(kernel), PARTS if kernel.shared else 1)
            for name, kernel in written.calls.items()
        ]
        shown = [f"# {name}:\n{text}" for name, text, *_ in self._calls]
        self.text = "\n\n".join([self._source, *shown])
        lines = sum(text.count("\n") for _, text, *_ in self._calls)
        cost = len(self._calls) * COMPILING + lines * OF_LINE
        self.after = max(FIRST, ceil(cost / max(lowered.gain, 1.0)))

    def compiled(self, name: str) -> Callable[..., Any] | None:
        """Return the program as a function; None if there is no numba, or it fails.

        Parameters
        ----------
        name : str
            Of the file that tracebacks show.
        """
        programs = kernels(PROGRAMS)
        if programs is None or not programs.sums.FLAGS:
            return None
        namespace: dict[str, Any] = dict(self._given)
        try:
            for called, text, given, made, parts in self._calls:
                namespace[called] = programs.function(text, LOOPS_FUNCTION, given, made, parts)
        except Exception as error:  # whatever numba, LLVM or the disk raise
            programs.failed(error)
            return None
        namespace[HEARD] = programs.heard
        linecache.cache[name] = (len(self._source), None, self._source.splitlines(True), name)
        exec(compile(self._source, name, "exec"), namespace)
        run: Callable[..., Any] = namespace[FUNCTION]
        weakref.finalize(run, linecache.cache.pop, name, None).atexit = False
        return run


__all__ = ["PLAIN", "Lowering"]
