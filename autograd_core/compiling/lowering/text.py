"""A lowered program's text: the NumPy calls that are left, and the calls of loops."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.compiling.lowering.kernels import Kernel
from autograd_core.compiling.lowering.scalars import KINDS
from autograd_core.compiling.program import Step, example
from autograd_core.compiling.simplify import LOOPS
from autograd_core.compiling.spelling import CALL
from autograd_core.compiling.writing import Source

PLAIN = -1  # what a lowered program returns where the plain one is to answer
HEARD = "heard"


class LoweredSource(Source):
    """The text of a program with kernels.

    Attributes
    ----------
    calls : dict of str to Kernel
        The functions that the text calls.
    """

    def _written(self, title: str) -> str:
        self.calls: dict[str, Kernel] = {}
        self._functions: dict[str, str] = {}
        return super()._written(title)

    def _lines(self, step: Step) -> list[str]:
        if step.operation is not LOOPS:
            return super()._lines(step)
        kernel: Kernel = step.params["kernel"]
        before, after, given = [], [], []
        for root in kernel.given:
            x, text = example(root), self._argument(root)
            if isinstance(x, np.ndarray):
                if not x.ndim:
                    given.append(f"{text.within(CALL)}[()]")
                    continue
                if not x.flags.c_contiguous:
                    given.append(f"{text.within(CALL)}.T")
                    continue
            given.append(text.text)
        for value in kernel.made:
            name, x = self._of[value], value.example
            block = self.layout.blocks.get(value)
            if not np.ndim(x):
                before.append(f"{name} = np.empty(1, {self._constant(x.dtype)})")
                number = isinstance(x, np.generic)
                after.append(f"{name} = {name}" + ("[0]" if number else ".reshape(())"))
            elif block is None or not block.buffer:
                before.append(self._made(name, "empty", x))
            given.append(name if not np.ndim(x) or x.flags.c_contiguous else f"{name}.T")
        call = f"{self._function(kernel)}({', '.join(given)})"
        return [*before, f"flags = {call}", f"if flags and {HEARD}(flags):",
                f"    return {PLAIN}", *after]  # fmt: skip

    def _function(self, kernel: Kernel) -> str:
        """Return the name of a kernel's function; kernels of one text are one."""
        key = repr(forms(kernel)) + kernel.text
        name = self._functions.get(key)
        if name is None:
            name = self._functions[key] = self._names.new(f"loops_{len(self._functions) + 1}")
            self.calls[name] = kernel
        return name


def forms(kernel: Kernel) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Return the kind of number and the number of axes of what a kernel is called with."""

    def form(root: Any) -> tuple[str, int]:
        x = example(root)
        return KINDS[np.asarray(x).dtype], np.ndim(x)

    made = [form(v) for v in kernel.made]
    return [form(a) for a in kernel.given], [(kind, max(n, 1)) for kind, n in made]
