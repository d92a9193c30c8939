"""A kernel: the loops of some nests as one function for numba, and what it is called with."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autograd_core.compiling.lowering.loops import PARTS, Loops
from autograd_core.compiling.lowering.nests import Nest
from autograd_core.compiling.lowering.scalars import KINDS
from autograd_core.compiling.program import Value, example

FUNCTION = "loops"
_FOUND = "raised() | (31 if odd else 0)"  # vectors of exp and log raise no flags
_HEAD = '''"""Loops of a compiled program."""

from math import atan, cos, cosh, sin, sinh, sqrt, tan

import numpy as np
from numba import bool_, float32, float64

from autograd_core.workers.compiled import exact_kernel
from autograd_core.workers.compiled.lane import in_wide_vectors
from autograd_core.workers.compiled.sums import add_to, clear, max_of, min_of, raised, sum_of
from autograd_core.workers.compiled.team import job, lead
from autograd_core.workers.compiled.vector_math import erf, exp, expm1, log, log1p, tanh

INF, NAN = np.inf, np.nan
'''


class Kernel:
    """One call of compiled loops.

    Attributes
    ----------
    given : list
        The arrays and numbers that it reads: Values and constants.
    made : list of Value
        The arrays that it writes.
    text : str
        A module with the function `FUNCTION`.
    shared : bool
        Whether threads take part: then the function's first argument is the team's board.
    """

    def __init__(self, nests: list[Nest], wanted: set[Value]) -> None:
        self.given: list[Any] = []
        self.made: list[Value] = []
        self._names: dict[Any, str] = {}
        self._count: dict[str, int] = {}
        self._used: dict[str, None] = {}  # by the nest that is being written
        self._inner: list[tuple[str, Value]] = []
        self._wanted = wanted
        self._steps = {w.step.result for nest in nests for w in nest.works}
        read = [{lie.value for w in nest.works for lie, _ in w.reads} for nest in nests]
        self.shared = False
        functions: list[str] = []
        calls: list[str] = []
        for k, nest in enumerate(nests):
            later = set().union(*read[k + 1 :]) if read[k + 1 :] else set()
            mine = {w.step.result for w in nest.works}
            self._nest(nest, mine & (wanted | later), functions, calls)
        self.text = self._module(functions, calls)

    # --- names ---------------------------------------------------------------

    def _fresh(self, beginning: str) -> str:
        number = self._count[beginning] = self._count.get(beginning, 0) + 1
        return f"{beginning}{number}"

    def _name_of(self, root: Any) -> str:
        key = root if root.__class__ is Value else id(root)
        name = self._names.get(key)
        if name is None:
            if key in self._steps:
                if key in self._wanted:
                    name = self._fresh("o")
                    self.made.append(root)
                else:
                    name = self._fresh("t")
                    self._inner.append((name, root))
            else:
                name = self._fresh("a")
                self.given.append(root)
            self._names[key] = name
        self._used[name] = None
        return name

    # --- text ----------------------------------------------------------------

    def _nest(
        self, nest: Nest, outputs: set[Value], functions: list[str], calls: list[str]
    ) -> None:
        self._used = {}
        loops = Loops(nest, outputs, self._steps, self._name_of, self._fresh)
        for _, partial, size in loops.partial:
            calls.append(f"{partial} = np.zeros({size})")
            self._used[partial] = None
        if loops.parts == 1:
            calls += [*loops.begin(), f"for q in range({loops.turns}):"]
            calls += [f"    {line}" for line in loops.body]
        else:
            self.shared = True
            arguments = ", ".join([*self._used, "flags"])
            name = self._fresh("part_")
            span = f"range({loops.turns} * part // {PARTS}, {loops.turns} * (part + 1) // {PARTS})"
            functions += [
                "", "", "@exact_kernel", f"def {name}(part, {arguments}):",
                "    in_wide_vectors()", "    clear()", "    odd = 0",
                *(f"    {line}" for line in loops.begin()), f"    for q in {span}:",
                *(f"        {line}" for line in loops.body), f"    flags[part] |= {_FOUND}",
            ]  # fmt: skip
            calls.append("flags[0] |= raised()")
            calls.append(f"lead(board, {PARTS}, job({name}, ({arguments})))")
        calls += loops.end()

    def _module(self, functions: list[str], calls: list[str]) -> str:
        arguments = [self._names[_key(root)] for root in (*self.given, *self.made)]
        lines = []
        for root in self.given:
            if np.ndim(example(root)):
                name = self._names[_key(root)]
                lines.append(f"{name} = {name}.ravel()")
        for value in self.made:
            if value.example.ndim > 1:
                name = self._names[value]
                lines.append(f"{name} = {name}.ravel()")
        for name, value in self._inner:
            x = value.example
            lines.append(f"{name} = np.empty({prod(x.shape)}, np.{KINDS[x.dtype]})")
        if self.shared:
            lines.append(f"flags = np.zeros({PARTS}, np.int64)")
        end = f"return {_FOUND}"
        if self.shared:
            end = f"found = {_FOUND}\nfor k in range({PARTS}):\n    found |= flags[k]\nreturn found"
        head = ", ".join([*(["board"] if self.shared else []), *arguments])
        body = ["in_wide_vectors()", "clear()", "odd = 0", *lines, *calls, *end.splitlines()]
        text = [*functions, "", "", "@exact_kernel", f"def {FUNCTION}({head}):"]
        return _HEAD + "\n".join([*text, *(f"    {line}" for line in body)]) + "\n"


def _key(root: Any) -> Any:
    return root if root.__class__ is Value else id(root)
