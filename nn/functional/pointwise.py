"""Formulas of each element, stated once in NumPy and run in the fastest way that there is.

`Pointwise` holds a formula. For large arrays a compiled loop is generated from it, which threads
share and which reads and writes each number once; without compiled kernels NumPy runs it on pieces
that stay in the cache. Whatever else comes (Tensors, small or strange arrays) runs the formula
itself, so that derivatives of any order come from it too.

Arrays whose numbers lie alike in memory, in C or channels-last order, are walked as flat runs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core import Primitive, elementwise, primitive
from autograd_core.workers.formula import EVERYWHERE, SCALAR, Formula, trace
from autograd_core.workers.pieces import PIECE, CannotPlanError, Pieces
from autograd_core.workers.settings import compiles, setting
from autograd_core.workers.settings import kernels as compiled_module

from .channels_last import channels_last

FEWEST = 1 << 10  # numbers; below, NumPy's calls are as fast as a kernel's
ENOUGH = 1 << 12  # numbers times operations
_EXACT = frozenset((  # their kernels have NumPy's bits
    "input", "setting", "constant", "cast", "add", "subtract", "multiply", "divide", "negative",
    "positive", "absolute", "sign", "sqrt", "square", "greater", "greater_equal", "less",
    "less_equal", "equal", "not_equal", "where", "clip", "maximum", "minimum", "logical_and",
    "logical_or", "logical_not", "bitwise_and", "bitwise_or", "invert", "isnan", "isinf",
))  # fmt: skip
_WHOLE = 1 << 53
_ndarray = np.ndarray


def run_of(x: Any) -> Any:
    """Return the numbers in the order of memory if they are dense in C or channels-last order."""
    if x.flags.c_contiguous or x.ndim < 2:
        return x.reshape(-1) if x.flags.c_contiguous else None
    moved = channels_last(x)
    return moved.reshape(-1) if moved.flags.c_contiguous else None


def alike(x: Any, y: Any) -> Any:
    """Return x, or a copy that lies in memory as y does: one pass instead of steps in each."""
    if x.strides == y.strides:
        return x
    copied = np.empty_like(y, dtype=x.dtype)
    np.copyto(copied, x)
    return copied


class _Plan:
    """A formula for certain dtypes: its graph, its loop and its pieces, made when needed."""

    def __init__(self, formula: Formula) -> None:
        self.formula = formula
        used = [t for t in formula.terms if t.op not in ("input", "constant", "setting")]
        self.operations = sum(20 if t.op == "erf" else 1 for t in used)
        self.used = [t.value for t in formula.terms if t.op == "input"]
        self.dtype = formula.outputs[0].dtype
        self._kernel: Any = None
        self._pieces: Any = None

    def kernel(self) -> Any:
        """Return the compiled loop, or None."""
        if self._kernel is None:
            module = compiled_module("autograd_core.workers.compiled.generated")
            if module is None:
                return None
            self._kernel = module.kernel(self.formula) or False
        return self._kernel or None

    def pieces(self) -> Any:
        """Return NumPy's calls on pieces, or None."""
        if self._pieces is None:
            try:
                self._pieces = Pieces(self.formula).shared
            except CannotPlanError:
                self._pieces = False
        return self._pieces or None


class Pointwise:
    """A function of each element.

    Parameters
    ----------
    formula : callable
        ``formula(*arrays, **settings)`` in NumPy.
    name : str, optional
        What a compiled program calls it.

    Examples
    --------
    >>> Pointwise(lambda x: np.exp(x) - 1)(np.zeros(3))
    array([0., 0., 0.])
    """

    def __init__(self, formula: Callable[..., Any], name: str | None = None) -> None:
        self.formula = formula
        self.name = self.__name__ = name or getattr(formula, "__name__", "pointwise")
        self.__signature__ = inspect.signature(formula)
        self._plans: dict[Any, _Plan | None] = {}
        self._call: Any = None

    def __repr__(self) -> str:
        return f"<pointwise {self.name}>"

    def __call__(self, *arrays: Any, **settings: Any) -> Any:
        """Compute it, in the fastest way that the arguments allow.

        Settings are floats; a Python integer counts as the float that it is.
        """
        last = arrays[-1]
        if type(last) is _ndarray and last.size >= FEWEST:
            made = self._large(arrays, settings, last.shape)
            if made is not None:
                return made
        elif any(getattr(a, "_written", False) for a in arrays):
            return self._for_a_program(arrays, settings)
        return self.formula(*arrays, **settings)

    def _large(self, arrays: Any, settings: Any, shape: tuple[int, ...]) -> Any:
        """Run a plan for large arrays; None if they are of other kinds, or not worth it."""
        key, dense = "", True
        for a in arrays:
            if type(a) is not _ndarray or a.shape != shape:
                return None
            key += a.dtype.char
            if not a.flags.c_contiguous:
                dense = False
                if not any(a.strides):
                    key += "0"
        for value in settings.values():
            if type(value) is not float and (type(value) is not int or abs(value) > _WHOLE):
                return None
        try:
            plan = self._plans[(key, *settings) if settings else key]
        except KeyError:
            plan = self._planned((key, *settings) if settings else key, arrays, settings)
        if plan is None or plan.operations * arrays[-1].size < ENOUGH:
            return None
        run = plan.kernel() if setting("compiled") else None
        if run is None:
            if arrays[-1].size <= PIECE or plan.operations < 2 or plan.pieces() is None:
                return None
            run = plan.pieces()
        if dense:
            made = np.empty(shape, plan.dtype)
            run([a.reshape(-1) for a in arrays], (made.reshape(-1),), (*settings.values(),))
            return made
        return self._strided(plan, run, arrays, settings)

    def _for_a_program(self, arrays: Any, settings: Any) -> Any:
        """Be one call in a program that is written down, if the kernel's bits are not NumPy's."""
        dtypes = [getattr(a, "dtype", None) for a in arrays]
        if None not in dtypes and arrays[-1].size >= FEWEST and compiles():
            found = trace(self.formula, dtypes, tuple(settings))
            if found is not None and not {t.op for t in found.terms} <= _EXACT:
                if self._call is None:
                    self._call = primitive(self, name=self.name, arity=len(arrays))
                return self._call(*arrays, **settings)
        return self.formula(*arrays, **settings)

    def _planned(self, key: Any, arrays: Any, settings: Any) -> _Plan | None:
        """Return the plan for these dtypes; None if the formula is not traced."""
        dtypes = [a.dtype for a in arrays]
        spans = [EVERYWHERE if any(a.strides) else SCALAR for a in arrays]
        plan = None
        if all(d.char in "fd?" and d.isnative for d in dtypes):
            found = trace(self.formula, dtypes, tuple(settings), spans)
            if found is not None and found.single and found.outputs[0].span == EVERYWHERE:
                plan = _Plan(found)
        self._plans[key] = plan
        return plan

    def _strided(self, plan: _Plan, run: Any, arrays: Any, settings: Any) -> Any:
        """Run a plan on arrays that lie otherwise in memory; None if the last is not dense."""
        inputs = plan.formula.inputs
        like = next(arrays[k] for k in reversed(plan.used) if inputs[k].span != SCALAR)
        if run_of(like) is None:
            return None
        made = np.empty_like(like, dtype=plan.dtype)
        runs = [
            a.flat[0] if term.span == SCALAR else run_of(alike(a, like))
            for term, a in zip(inputs, arrays, strict=True)
        ]
        run(runs, (run_of(made),), (*settings.values(),))
        return made


def declared(
    value: Callable[..., Any], slope: Callable[..., Any], *, name: str, **stated: Any
) -> Primitive:
    """Declare an operation of one argument by two formulas of each element.

    Parameters
    ----------
    value : callable
        ``value(x, **settings)`` in NumPy.
    slope : callable
        ``slope(y, x, **settings)``, its derivative; a truth counts as 1 or 0.
    name : str
        Its name in messages.
    **stated
        As in `autograd_core.elementwise`.

    Returns
    -------
    Primitive
        Both passes are `Pointwise`.

    Examples
    --------
    >>> from autograd_core import grad
    >>> cube = declared(lambda x: x**3, lambda y, x: 3 * x * x, name="cube")
    >>> float(grad(cube)(2.0))
    12.0
    """
    return elementwise(
        Pointwise(value, name), slope, name=name, times=_times(slope, name), **stated
    )


def _times(slope: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return the rule g * slope, with a signature that tells which saved values it reads."""
    keywords = [p.name for p in inspect.signature(slope).parameters.values()
                if p.kind is p.KEYWORD_ONLY]  # fmt: skip
    found = trace(slope, ["float32"] * 2, keywords)
    read = {0, 1} if found is None else {t.value for t in found.terms if t.op == "input"}
    name = f"{name} backward"
    if read == {0}:
        of_y = Pointwise(lambda g, y, **settings: g * slope(y, y, **settings), name)
        return lambda g, y, x, **settings: of_y(g, y, **settings)
    if read == {1}:
        of_x = Pointwise(lambda g, x, **settings: g * slope(x, x, **settings), name)
        return lambda g, y, x, **settings: of_x(g, x, **settings)
    return Pointwise(lambda g, y, x, **settings: g * slope(y, x, **settings), name)
