"""Kernels written from formulas: the text of a loop, compiled and kept on disk.

`kernel` takes a `Formula` without reductions and returns a `Generated`, whose `text` is the Python
that numba compiles, and whose call runs it on the team's threads:

    found = trace(lambda x, *, by: np.exp(by * x), [np.float32], ["by"])
    run = kernel(found)
    run((x,), (y,), (2.0,))  # x and y flat, dense, of one length; y is written

What varies by column or by row only makes the loop one over rows and columns: then arrays that vary
along both have the shape (n, m), those that vary by column (m,), those by row (n,).  Settings are
arguments: another value compiles nothing.

`Writer` makes the text of single operations; whoever writes other loops (over rows, with sums) uses
it too, and `compiled_text` compiles any text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autograd_core.workers.compiled import sources, team
from autograd_core.workers.faults import say_once, told
from autograd_core.workers.formula import REDUCTIONS, SCALAR, Formula, Span, Term

_OPERATORS = {
    "add": "{} + {}", "subtract": "{} - {}", "multiply": "{} * {}", "divide": "{} / {}",
    "greater": "{} > {}", "greater_equal": "{} >= {}", "less": "{} < {}", "less_equal": "{} <= {}",
    "equal": "{} == {}", "not_equal": "{} != {}", "negative": "-{}", "positive": "{}",
    "square": "{0} * {0}", "isnan": "{0} != {0}",
    "isinf": "absolute({}) == INF", "isfinite": "absolute({}) < INF",
}  # fmt: skip
_TRUTHS = {
    "logical_and": "{} & {}", "bitwise_and": "{} & {}", "logical_or": "{} | {}",
    "bitwise_or": "{} | {}", "logical_xor": "{} ^ {}", "bitwise_xor": "{} ^ {}",
    "logical_not": "not {}", "invert": "not {}", "equal": "{} == {}", "not_equal": "{} != {}",
    "multiply": "{} & {}", "add": "{} | {}", "maximum": "{} | {}", "minimum": "{} & {}",
}  # fmt: skip
_CALLED = frozenset((
    "exp", "expm1", "log", "log1p", "tanh", "erf", "sqrt", "absolute", "sign", "maximum", "minimum",
    "copysign", "heaviside", "rint", "floor", "ceil", "trunc",
))  # fmt: skip
# nanoseconds for a number in a vector, to tell what is worth a second thread
_COST = {"exp": 0.5, "expm1": 0.5, "log": 0.7, "log1p": 0.9, "tanh": 0.7, "erf": 1.0,
         "divide": 0.2, "sqrt": 0.3}  # fmt: skip
_FLOATS = (np.dtype("f4"), np.dtype("f8"))
_BOOL = np.dtype(bool)
MODULE = '''"""{title}"""
import numpy as np
from autograd_core.workers.compiled import exact_kernel
from autograd_core.workers.compiled.lane import in_wide_vectors
from autograd_core.workers.compiled.team import job, lead, mine
from autograd_core.workers.compiled.vector_math import *
{imports}
INF = np.inf
{constants}

@exact_kernel
def _part({arguments}):
{body}

@exact_kernel
def run(board, parts, *given):
    lead(board, parts, job(_part, (parts, *given)))
'''


class CannotWriteError(Exception):
    """A formula has an operation or a dtype for which there is no text."""


class Writer:
    """The text of operations, one line each, in the dtypes that NumPy would use.

    Attributes
    ----------
    constants : dict
        The text of each typed constant, by its name; they stand above the loop.
    """

    def __init__(self, formula: Formula) -> None:
        self.formula = formula
        self.names = {term: f"t{k}" for k, term in enumerate(formula.terms)}
        for k, term in enumerate(formula.inputs):
            self.names[term] = f"x{k}"
        for k, term in enumerate(formula.settings):
            self.names[term] = f"s{k}"
        self.constants: dict[str, str] = {}

    def constant(self, value: Any, dtype: Any) -> str:
        """Return the name of a number in a dtype."""
        text = {"nan": "np.nan", "inf": "np.inf", "-inf": "-np.inf"}.get(repr(value), repr(value))
        kind = dtype or np.dtype(float)
        text = f"np.{kind.name if kind != _BOOL else 'bool_'}({text})"
        for name, known in self.constants.items():
            if known == text:
                return name
        name = f"c{len(self.constants)}"
        self.constants[name] = text
        return name

    def value(self, term: Term, dtype: Any) -> str:
        """Return the text of a term, cast to a dtype."""
        if dtype is not None and dtype not in _FLOATS and dtype != _BOOL:
            raise CannotWriteError(f"a value of {dtype}")
        if term.op == "constant":
            return self.constant(term.value, dtype)
        name = self.names[term]
        mine, wanted = term.dtype or np.dtype(float), dtype or np.dtype(float)
        if mine == wanted:
            return name
        return f"{name} != 0" if wanted == _BOOL else f"np.{wanted.name}({name})"

    def line(self, term: Term) -> str:
        """Return the text of what a term is: an expression of names."""
        op, loop = term.op, term.loop
        if op == "cast":
            return self.value(term.args[0], term.dtype)
        if op == "where":
            truth = self.value(term.args[0], _BOOL)
            yes, no = (self.value(a, loop) for a in term.args[1:])
            return f"where({truth}, {yes}, {no})"
        if op == "clip":
            x, low, high = (self.value(a, loop) for a in term.args)
            return f"minimum(maximum({x}, {low}), {high})"
        values = [self.value(a, loop) for a in term.args]
        if loop == _BOOL and op in _TRUTHS:
            return _TRUTHS[op].format(*values)
        if loop not in _FLOATS:
            raise CannotWriteError(f"{op} of {loop}")
        if op == "power" and term.args[1].op == "constant" and term.args[1].value in (1, 2, 0.5):
            return {1: "{}", 2: "{0} * {0}", 0.5: "sqrt({0})"}[term.args[1].value].format(values[0])
        if op == "reciprocal":
            return f"{self.constant(1.0, loop)} / {values[0]}"
        if op in _OPERATORS:
            return _OPERATORS[op].format(*values)
        if op in _CALLED:
            return f"{op}({', '.join(values)})"
        raise CannotWriteError(op)

    def lines(self, terms: Iterable[Term], indent: int) -> list[str]:
        """Return assignments to the terms' names, without inputs, settings and constants."""
        return [
            f"{' ' * indent}{self.names[t]} = {self.line(t)}"
            for t in terms
            if t.op not in ("input", "setting", "constant")
        ]

    def heading(self) -> str:
        """Return the lines that define the constants."""
        return "\n".join(f"{name} = {text}" for name, text in self.constants.items())


def cost(formula: Formula) -> float:
    """Return about how many nanoseconds one thread takes for a number."""
    inner = (t for t in formula.terms if t.span != SCALAR and t.op not in ("constant", "setting"))
    return sum(_COST.get(t.op, 0.06) for t in inner)


def elementwise_text(formula: Formula, watched: bool = False) -> str:
    """Return the module of a formula's loop.

    Parameters
    ----------
    formula : Formula
        Without reductions.
    watched : bool, optional
        Whether the loop tells the machine's flags: its first argument after the parts is then an
        array, in which each part writes what was `raised`.

    Raises
    ------
    CannotWriteError
        If there is an operation that has no text.
    """
    if not formula.elementwise:
        raise CannotWriteError("a reduction")
    write = Writer(formula)
    arrays = [f"x{k}" for k in range(len(formula.inputs))]
    dense = [f"x{t.value}" for t in formula.inputs if t.span == Span(True, True)]
    outs = [f"y{k}" for k in range(len(formula.outputs))]
    settings = [write.names[t] for t in formula.settings]
    spans = {t.span for t in formula.inputs}
    flat = spans <= {Span(True, True), SCALAR}
    for t in formula.inputs:
        if t.dtype not in _FLOATS and t.dtype != _BOOL:
            raise CannotWriteError(f"an input of {t.dtype}")
        write.names[t] = f"v{t.value}"
    body = ["    in_wide_vectors()", *["    clear()"] * watched]
    body += [f"    {name} = np.float64({name})" for name in settings]
    body += [f"    v{t.value} = x{t.value}" for t in formula.inputs if t.span == SCALAR]
    terms = formula.terms
    scalar = write.lines((t for t in terms if t.span == SCALAR), 4)
    by_row = write.lines((t for t in terms if t.span == Span(True, False)), 8)
    inner = [t for t in terms if t.span.columns]
    depth = 8 if flat else 12
    lines = write.lines(inner, depth)
    if flat:
        joined = ", ".join((*dense, *outs))
        body += [
            f"    some = mine(part, parts, {outs[-1]}.size)",
            f"    {joined} = {', '.join(f'{a}[some]' for a in (*dense, *outs))}",
            *scalar,
            f"    for k in range({outs[-1]}.size):",
            *(f"        v{a[1:]} = {a}[k]" for a in dense),
        ]
    else:
        body += [
            f"    some = mine(part, parts, {outs[-1]}.shape[0])",
            *scalar,
            "    for i in range(some.start, some.stop):",
            *(
                f"        {a} = {a.replace('r', 'y')}[i]"
                for a in (f"r{k}" for k in range(len(outs)))
            ),
            *(_row_of(t) for t in formula.inputs if t.span.rows),
            *by_row,
            f"        for k in range({outs[-1]}.shape[1]):",
            *(
                f"            v{t.value} = {'w' if t.span.rows else 'x'}{t.value}[k]"
                for t in formula.inputs
                if t.span.columns
            ),
        ]
    body += lines
    target = "y" if flat else "r"
    body += [
        f"{' ' * depth}{target}{k}[k] = {write.value(t, t.dtype)}"
        for k, t in enumerate(formula.outputs)
    ]
    if watched:
        body.append("    flags[part] = raised()")
    return MODULE.format(
        imports="from autograd_core.workers.compiled.sums import clear, raised\n" * watched,
        title="A loop that autograd_core wrote from a formula.",
        constants=write.heading(),
        arguments=", ".join(("part", "parts", *["flags"] * watched, *arrays, *outs, *settings)),
        body="\n".join(body),
    )


def _row_of(term: Term) -> str:
    name = "w" if term.span.columns else "v"
    return f"        {name}{term.value} = x{term.value}[i]"


class _Lent:
    """The memory of an array that may not be written into, under an interface without that mark."""

    def __init__(self, array: Any) -> None:
        self.array = array  # which must live as long as what is made of this
        interface = array.__array_interface__
        self.__array_interface__ = {**interface, "data": (interface["data"][0], False)}


def _one_kind(array: Any) -> Any:
    """Return an input as numba has seen it before: it compiles anew for read-only memory.

    That takes half a second, and a kernel writes into its results alone.
    """
    if array.__class__ is np.ndarray and not array.flags.writeable:
        return np.asarray(_Lent(array))
    return array


class Generated:
    """A compiled formula.

    Attributes
    ----------
    text : str
        The Python that was compiled.
    cost : float
        About how many nanoseconds a number takes.
    dtypes : list of numpy.dtype
        Those of the results.
    watched : bool
        Whether a call returns the machine's flags, which tell what NumPy would complain of.
    """

    __slots__ = ("_run", "cost", "dtypes", "text", "watched")

    def __init__(self, text: str, formula: Formula, watched: bool = False) -> None:
        self.text, self.cost, self.watched = text, cost(formula), watched
        self.dtypes = [t.dtype for t in formula.outputs]
        self._run = sources.compiled_text(text)["run"]

    def __call__(
        self, arrays: Sequence[Any], outs: Sequence[Any], settings: Sequence[float] = ()
    ) -> int:
        """Write the results; all arrays as the module says.  Returns the flags; unwatched, 0."""
        parts = team.shares(outs[-1].size * self.cost)
        board = team.helped(parts) if parts > 1 else team.nobody
        given = *map(_one_kind, arrays), *outs, *settings
        if not self.watched:
            self._run(board, parts, *given)
            return 0
        flags = np.zeros(parts, np.int64)
        self._run(board, parts, flags, *given)
        return int(np.bitwise_or.reduce(flags))


def _tried(made: Generated, formula: Formula) -> None:
    """Compile a kernel now, so that whatever numba raises is raised here."""
    shapes = {SCALAR: (), Span(False, True): (1,), Span(True, False): (1,)}
    flat = {t.span for t in formula.inputs} <= {Span(True, True), SCALAR}
    whole = (1,) if flat else (1, 1)
    arrays = [np.ones(shapes.get(t.span, whole), t.dtype)[()] for t in formula.inputs]
    outs = [np.empty(whole, dtype) for dtype in made.dtypes]
    made(arrays, outs, (1.0,) * len(formula.settings))


def kernel(formula: Formula, watched: bool = False) -> Generated | None:
    """Return a formula's compiled loop, or None if it has none.

    Parameters
    ----------
    formula : Formula
        Without reductions, of float32, float64 and bool.
    watched : bool, optional
        Whether its calls are to tell the machine's flags.
    """
    if any(t.op in REDUCTIONS for t in formula.terms):
        return None
    try:
        text = elementwise_text(formula, watched)
    except CannotWriteError:
        return None
    try:
        made = Generated(text, formula, watched)
        _tried(made, formula)
    except Exception as error:  # whatever numba, its compiler or the disk raises
        say_once(
            "generated",
            f"a kernel could not be compiled ({told(error)}), so plain NumPy "
            "does its work, more slowly. Set NUMBA_CACHE_DIR to a writable folder, or reinstall "
            "numba; NN_COMPILED=0 selects plain NumPy without this warning.",
        )
        return None
    return made
