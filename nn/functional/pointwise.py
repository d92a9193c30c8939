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
from autograd_core.extend import Reading
from autograd_core.workers.formula import EVERYWHERE, SCALAR, Formula, is_number, trace, trace_of
from autograd_core.workers.native import KINDS
from autograd_core.workers.numpy_calls import NumPyCalls
from autograd_core.workers.settings import compiles, setting
from autograd_core.workers.settings import kernels as compiled_module

from .channels_last import channels_last

FEWEST = 1 << 10  # numbers; below, NumPy's calls are as fast as a kernel's
ENOUGH = 3 << 10  # numbers times operations
CACHED = 1 << 15  # numbers; below, temporary arrays of NumPy's stay in the cache, too
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
    """A formula for certain dtypes: its graph, and its loop or NumPy's calls, made when needed."""

    def __init__(self, formula: Formula, numbers: bool) -> None:
        self.formula, self.numbers = formula, numbers  # whether there are any among the arrays
        used = [t for t in formula.terms if t.op not in ("input", "constant", "setting")]
        self.operations = sum(20 if t.op == "erf" else 1 for t in used)
        self.dtype = formula.outputs[0].dtype
        self.scalars = {k for k, t in enumerate(formula.inputs) if t.span == SCALAR}
        self._kernel: Any = None
        self._numpy_calls: Any = None

    def kernel(self) -> Any:
        """Return the compiled loop, or None."""
        if self._kernel is None:
            module = compiled_module("autograd_core.workers.compiled.generated")
            if module is None:
                return None
            self._kernel = module.kernel(self.formula) or False
        return self._kernel or None

    def numpy_calls(self) -> Any:
        """Return NumPy's calls, on pieces of memory."""
        if self._numpy_calls is None:
            self._numpy_calls = NumPyCalls(self.formula).shared
        return self._numpy_calls


class _State:
    """What a `Pointwise` is made of, and the plans that it has found so far."""

    __slots__ = ("call", "formula", "like", "name", "plans")

    def __init__(self, formula: Callable[..., Any], name: str, like: int) -> None:
        self.formula, self.name, self.like = formula, name, like
        self.plans: dict[Any, _Plan | None] = {}
        self.call: Any = None


_states: list[_State] = []


class Pointwise:
    """A function of each element.

    Parameters
    ----------
    formula : callable
        ``formula(*arrays, **settings)`` in NumPy. Python's floats among the arrays are settings.
    name : str, optional
        What a compiled program calls it.
    like : int
        Which argument's order in memory the result has.

    Examples
    --------
    >>> Pointwise(lambda x: np.exp(x) - 1)(np.zeros(3))
    array([0., 0., 0.])
    """

    # all else is kept apart: `compile` compares, at each call, what an object in a closure holds
    __slots__ = ("_number",)

    def __init__(
        self, formula: Callable[..., Any], name: str | None = None, like: int = -1
    ) -> None:
        self._number = len(_states)
        called = name or str(getattr(formula, "__name__", "pointwise"))
        _states.append(_State(formula, called, like))

    def __repr__(self) -> str:
        return f"<pointwise {self.__name__}>"

    @property
    def formula(self) -> Callable[..., Any]:
        """The function that it computes, in NumPy."""
        return _states[self._number].formula

    @property
    def __name__(self) -> str:
        return _states[self._number].name

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self.formula)

    def __call__(self, *arrays: Any, **settings: Any) -> Any:
        """Compute it, in the fastest way that the arguments allow.

        Settings are floats; a Python integer counts as the float that it is.
        """
        state = _states[self._number]
        like = arrays[state.like]
        if type(like) is _ndarray and like.size >= FEWEST:
            made = _large(state, arrays, settings, like)
            if made is not None:
                return made
        elif any(getattr(a, "_written", False) for a in arrays):
            return self._for_a_program(state, arrays, settings)
        return state.formula(*arrays, **settings)

    def _for_a_program(self, state: _State, arrays: Any, settings: Any) -> Any:
        """Be one call in a program that is written down, if the kernel's bits are not NumPy's."""
        dtypes = [getattr(a, "dtype", None) for a in arrays]
        known = all(d is not None for d in dtypes)
        if known and arrays[-1].size >= FEWEST and compiles():
            found = trace(state.formula, dtypes, tuple(settings))
            if found is not None and not found.exact:
                if state.call is None:
                    state.call = primitive(self, name=state.name, arity=len(arrays))
                return state.call(*arrays, **settings)
        return state.formula(*arrays, **settings)


def _key(arrays: Any, settings: Any, shape: tuple[int, ...]) -> tuple[Any, bool] | None:
    """Return what a plan depends on, and whether all is in C order; None for other kinds.

    What repeats one number is in any order.
    """
    key, dense = "", True
    for a in arrays:
        if type(a) is float:
            key += "n"
            continue
        if type(a) is not _ndarray or a.shape != shape:
            return None
        kind = KINDS.get(a.dtype)
        if kind is None:
            return None
        key += kind
        if not a.flags.c_contiguous:
            if any(a.strides):
                dense = False
            else:
                key += "0"
    for value in settings.values():
        if not is_number(value):
            return None
    return ((key, *settings) if settings else key), dense


def _large(state: _State, arrays: Any, settings: Any, like: Any) -> Any:
    """Run a plan for large arrays; None if they are of other kinds, or not worth it."""
    found = _key(arrays, settings, like.shape)
    if found is None:
        return None
    key, dense = found
    try:
        plan = state.plans[key]
    except KeyError:
        plan = state.plans[key] = _planned(state, arrays, settings)
    if plan is None or plan.operations * like.size < ENOUGH:
        return None
    run = plan.kernel() if setting("compiled") else None
    if run is None:
        if like.size <= CACHED or plan.operations < 2:
            return None
        run = plan.numpy_calls()
    given = (*settings.values(),)
    if plan.numbers:
        given = (*(v for v in arrays if type(v) is float), *given)
        arrays = [a for a in arrays if type(a) is not float]
    if dense:
        made = np.empty(like.shape, plan.dtype)
        runs = [a.reshape(-1) for a in arrays]
        if plan.scalars:
            runs = [a[0] if k in plan.scalars else a for k, a in enumerate(runs)]
        run(runs, (made.reshape(-1),), given)
        return made
    return _strided(plan, run, arrays, given, like)


def _planned(state: _State, arrays: Any, settings: Any) -> _Plan | None:
    """Return the plan for these dtypes; None if the formula is not traced."""
    found = trace_of(state.formula, arrays, tuple(settings))
    if (
        found is not None
        and found.single
        and found.elementwise
        and found.outputs[0].span == EVERYWHERE
    ):
        return _Plan(found, any(type(a) is float for a in arrays))
    return None


def _strided(plan: _Plan, run: Any, arrays: Any, settings: Any, like: Any) -> Any:
    """Run a plan on arrays that lie otherwise in memory; None if none of them is dense."""
    varying = [a for k, a in enumerate(arrays) if k not in plan.scalars]
    dense = [a for a in (like, *reversed(varying)) if any(a.strides) and run_of(a) is not None]
    if not dense:
        return None
    like = dense[0]
    made = np.empty_like(like, dtype=plan.dtype)
    runs = [
        a.flat[0] if k in plan.scalars else run_of(alike(a, like)) for k, a in enumerate(arrays)
    ]
    run(runs, (run_of(made),), settings)
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


def declared_of_several(
    value: Callable[..., Any], *partials: Callable[..., Any], name: str, **stated: Any
) -> Primitive:
    """Declare an operation of several arguments by formulas of each element.

    Parameters
    ----------
    value : callable
        ``value(*arguments)`` in NumPy.
    *partials : callable
        For each argument ``partial(*arguments)``, the derivative.
    name : str
        Its name in messages.
    **stated
        As in `autograd_core.elementwise`.

    Returns
    -------
    Primitive
        All passes are `Pointwise`; results lie in memory as the first argument does.

    Examples
    --------
    >>> from autograd_core import grad
    >>> area = declared_of_several(lambda a, b: a * b, lambda a, b: b, lambda a, b: a, name="area")
    >>> float(grad(area)(2.0, 3.0))
    3.0
    """
    rules, read = [], []
    for partial in partials:
        rule, values = _partial_times(partial, len(partials), f"{name} backward")
        rules.append(rule)
        read.append(Reading(values))
    return elementwise(
        Pointwise(value, name, like=0),
        *((lambda y, *arguments, of=partial: of(*arguments)) for partial in partials),
        name=name,
        vjps=tuple(rules),
        jvps=tuple(rules),
        sources=lambda: tuple(read),
        **stated,
    )


def _partial_times(partial: Callable[..., Any], arity: int, name: str) -> tuple[Any, list[int]]:
    """Return the rule g * partial of the arguments that it reads, and which these are."""
    found = trace(partial, ["float32"] * arity)
    used = range(arity) if found is None else (
        {t.value for t in found.terms if t.op == "input"}
    )  # fmt: skip
    read = sorted(used)

    def formula(g: Any, *values: Any) -> Any:
        full = [values[0]] * arity
        for k, v in zip(read, values, strict=True):
            full[k] = v
        return g * partial(*full)

    times = Pointwise(formula, name, like=1)
    return lambda g, y, *arguments: times(g, *[arguments[k] for k in read]), [k + 1 for k in read]
