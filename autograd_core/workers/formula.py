"""A formula written in NumPy, as a graph of its operations.

`trace` calls a function with symbols instead of arrays. A `Term` knows which operation it is, of
which terms, in which dtype (NumPy's promotion), and along which axes it varies. Equal terms are one
object, so what a formula computes twice stands in the graph once. Three things are made of it: text
for a compiler (`autograd_core.workers.compiled.generated`), NumPy calls on small pieces of memory
(`autograd_core.workers.numpy_calls`), and whatever else walks ``Formula.terms``, which are in the
order in which they can be computed.

A term varies along rows, along columns, along both, or not at all (`Span`): with x of shape (n, m),
``x.sum(axis=-1, keepdims=True)`` varies along the rows only, and a vector of shape (m,) along the
columns only.  Rows are all axes but the last.

The operations of a term:

======================================  ============================================================
``input``, ``setting``, ``constant``    `value` is the position, the name, or the number
``cast``                                the argument in the term's dtype
a ufunc's name (``add``, ``exp``)       the ufunc of the arguments, cast to `Term.loop` first
``where``, ``clip``                     of three arguments
``erf``                                 the error function
``width``                               how many columns there are
``sum``, ``max``, ``min``               of each row; the result has one number a row
======================================  ============================================================

A formula that asks for anything else (a branch on a value, a shape, an unknown function) is not
traced, and its arrays are computed as they always were.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

UNARY = frozenset(
    (
        "negative", "positive", "absolute", "sign", "exp", "exp2", "expm1", "log", "log2", "log10",
        "log1p", "sqrt", "square", "cbrt", "reciprocal", "sin", "cos", "tan", "tanh", "sinh",
        "cosh", "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh", "floor", "ceil",
        "trunc", "rint", "isnan", "isinf", "isfinite", "logical_not", "invert", "signbit",
    )
)  # fmt: skip
BINARY = frozenset(
    (
        "add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "fmax", "fmin",
        "greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "logical_and",
        "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor", "copysign",
        "heaviside", "hypot", "arctan2", "logaddexp",
    )
)  # fmt: skip
REDUCTIONS = frozenset(("sum", "max", "min"))
WHOLE = 1 << 53  # whole numbers up to here are floats as well
EXACT = frozenset((  # compiled, they have NumPy's bits: there is one right answer
    "input", "setting", "constant", "cast", "add", "subtract", "multiply", "divide", "negative",
    "positive", "absolute", "sign", "sqrt", "square", "greater", "greater_equal", "less",
    "less_equal", "equal", "not_equal", "where", "clip", "maximum", "minimum", "logical_and",
    "logical_or", "logical_not", "bitwise_and", "bitwise_or", "invert", "isnan", "isinf",
))  # fmt: skip


class Span(NamedTuple):
    """Along which axes a value varies."""

    rows: bool
    columns: bool

    def joined(self, other: Span) -> Span:
        """Return the span of a result of both."""
        return Span(self.rows or other.rows, self.columns or other.columns)


EVERYWHERE, BY_ROW, BY_COLUMN, SCALAR = (
    Span(True, True), Span(True, False), Span(False, True), Span(False, False),
)  # fmt: skip


class NotAFormulaError(Exception):
    """A function does what symbols cannot follow."""


class Term:
    """One operation of a formula. Equal terms of a formula are one object.

    Attributes
    ----------
    op : str
        Which operation; see the module.
    args : tuple of Term
        What it is an operation of.
    value : object
        The position, name or number of an input, a setting or a constant.
    dtype : numpy.dtype or None
        None for Python's numbers, which take the dtype of what they meet.
    loop : numpy.dtype or None
        The dtype that a ufunc's arguments are cast to.
    span : Span
        Along which axes it varies.
    """

    __slots__ = ("args", "dtype", "loop", "op", "span", "value")

    def __init__(
        self, op: str, args: tuple[Term, ...], value: Any, dtype: Any, loop: Any, span: Span
    ) -> None:
        self.op, self.args, self.value = op, args, value
        self.dtype, self.loop, self.span = dtype, loop, span

    def __repr__(self) -> str:
        inside = [repr(self.value)] if self.value is not None else []
        kind = "number" if self.dtype is None else str(self.dtype)
        return f"{self.op}({', '.join(inside + [a.op for a in self.args])}): {kind}"


Table = dict[Any, Term]  # the terms of a formula that is being traced


class Symbol:
    """What a formula is called with instead of an array: NumPy's functions of it make new terms.

    Attributes
    ----------
    term : Term
        What it stands for.
    table : dict
        All terms so far.
    """

    __slots__ = ("table", "term")
    __array_priority__ = 1000.0
    __hash__ = object.__hash__

    def __init__(self, table: Table, term: Term) -> None:
        self.table, self.term = table, term

    @property
    def dtype(self) -> Any:
        """The kind of number; float64 of a Python number."""
        return self.term.dtype or np.dtype(float)

    def __bool__(self) -> bool:
        raise NotAFormulaError("a branch on a value")

    def __iter__(self) -> Any:
        raise NotAFormulaError("iteration")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotAFormulaError("a symbol is no array")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Make the term of a ufunc."""
        if method != "__call__" or kwargs:
            raise NotAFormulaError(f"{ufunc.__name__} with {method} {kwargs}")
        return applied(ufunc, *inputs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Make the term of a NumPy function that is not a ufunc."""
        if func not in _FUNCTIONS:
            raise NotAFormulaError(f"numpy.{func.__name__}")
        return _FUNCTIONS[func](*args, **kwargs)

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """Return the value in another dtype."""
        wanted, term = np.dtype(dtype), self.term
        if wanted == term.dtype:
            return self
        if wanted.kind not in "fb" and not (wanted.kind in "iu" and term.dtype is not None):
            raise NotAFormulaError(f"a cast to {wanted}")
        return _made(self.table, "cast", (term,), None, wanted, None, term.span)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the sum of each row."""
        return _row_sum(self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the largest of each row."""
        return _row_max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the smallest of each row."""
        return _row_min(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the mean of each row."""
        return _row_mean(self, axis=axis, keepdims=keepdims)


def _operators() -> None:
    """Give `Symbol` Python's operators, in both orders."""
    pairs: Any = (
        ("add", np.add), ("sub", np.subtract), ("mul", np.multiply), ("truediv", np.divide),
        ("pow", np.power), ("and", np.bitwise_and), ("or", np.bitwise_or), ("xor", np.bitwise_xor),
    )  # fmt: skip
    for name, ufunc in pairs:
        setattr(Symbol, f"__{name}__", lambda a, b, f=ufunc: applied(f, a, b))
        setattr(Symbol, f"__r{name}__", lambda a, b, f=ufunc: applied(f, b, a))
    compared: Any = (
        ("gt", np.greater), ("ge", np.greater_equal), ("lt", np.less), ("le", np.less_equal),
        ("eq", np.equal), ("ne", np.not_equal),
    )  # fmt: skip
    for name, ufunc in compared:
        setattr(Symbol, f"__{name}__", lambda a, b, f=ufunc: applied(f, a, b))
    for name, unary in (("neg", np.negative), ("pos", np.positive), ("abs", np.absolute),
                        ("invert", np.invert)):  # fmt: skip
        setattr(Symbol, f"__{name}__", lambda a, f=unary: applied(f, a))


_operators()


def make(
    table: Table, op: str, args: tuple[Term, ...], value: Any, dtype: Any, loop: Any, span: Span
) -> Term:
    """Return the term of an operation: the same object for the same operation."""
    known = repr(value) if isinstance(value, float) else value  # 0.0 and -0.0 are two numbers
    key = (op, args, type(value), known, dtype, loop, span)
    if key not in table:
        table[key] = Term(op, args, value, dtype, loop, span)
    return table[key]


def _made(table: Table, *what: Any) -> Symbol:
    return Symbol(table, make(table, *what))


def as_term(table: Table, value: Any) -> Term:
    """Return the term of a symbol, or the constant of a number."""
    if isinstance(value, Symbol):
        return value.term
    if type(value) in (int, float):
        return make(table, "constant", (), value, None, None, SCALAR)
    if type(value) is bool:
        return make(table, "constant", (), value, np.dtype(bool), None, SCALAR)
    if isinstance(value, np.generic) or (type(value) is np.ndarray and value.ndim == 0):
        number: Any = np.asarray(value)[()]
        if number.dtype.kind in "fbiu":
            return make(table, "constant", (), number.item(), number.dtype, None, SCALAR)
    raise NotAFormulaError(f"a constant of type {type(value).__name__}")


def _terms(*values: Any) -> tuple[Table, list[Term]]:
    table = next(v.table for v in values if isinstance(v, Symbol))
    return table, [as_term(table, v) for v in values]


def _kind(term: Term) -> Any:
    """Return a term's dtype as ``ufunc.resolve_dtypes`` takes it."""
    if term.dtype is not None:
        return term.dtype
    return int if term.op == "constant" and type(term.value) is int else float


def _joined(terms: Sequence[Term]) -> Span:
    span = SCALAR
    for t in terms:
        span = span.joined(t.span)
    return span


def _only_numbers(terms: Sequence[Term]) -> bool:
    return all(t.dtype is None for t in terms)


def applied(ufunc: Any, *inputs: Any) -> Symbol:
    """Return a ufunc of symbols and numbers; its dtypes are those that NumPy's promotion finds."""
    table, terms = _terms(*inputs)
    name = ufunc.__name__
    if name not in (UNARY if len(terms) == 1 else BINARY if len(terms) == 2 else ()):
        if name == "erf":
            return erf_of(inputs[0])
        raise NotAFormulaError(f"numpy.{name}")
    span = _joined(terms)
    if _only_numbers(terms):  # Python's arithmetic, in double precision
        double = np.dtype(float)
        found = ufunc.resolve_dtypes((*(double,) * len(terms), None))
        kept = None if found[-1] == double else found[-1]
        return _made(table, name, tuple(terms), None, kept, double, span)
    found = ufunc.resolve_dtypes((*map(_kind, terms), None))
    if len(set(found[:-1])) > 1 or found[0].kind not in "fbiu":
        raise NotAFormulaError(f"{name} of {found}")
    return _made(table, name, tuple(terms), None, found[-1], found[0], span)


def erf_of(x: Symbol) -> Symbol:
    """Return the error function of a symbol."""
    t = x.term
    if t.dtype is None or t.dtype.kind != "f":
        raise NotAFormulaError("erf of a number that is no float")
    return _made(x.table, "erf", (t,), None, t.dtype, t.dtype, t.span)


def _result_type(terms: Sequence[Term]) -> Any:
    if _only_numbers(terms):
        return None
    return np.result_type(*(t.dtype if t.dtype is not None else _weak(t) for t in terms))


def _weak(term: Term) -> Any:
    return 1 if _kind(term) is int else 1.0


def _three(table: Table, op: str, terms: Sequence[Term], valued: Sequence[Term]) -> Symbol:
    dtype = _result_type(valued)
    if dtype is None and op == "where":  # np.where makes an array of them
        dtype = np.result_type(*map(_weak, valued))
    return _made(table, op, tuple(terms), None, dtype, dtype, _joined(terms))


def _where(condition: Any, x: Any, y: Any) -> Symbol:
    table, terms = _terms(condition, x, y)
    if terms[0].dtype != np.dtype(bool):
        terms[0] = applied(np.not_equal, condition, 0).term
    return _three(table, "where", terms, terms[1:])


def _clip(a: Any, a_min: Any, a_max: Any) -> Symbol:
    if a_min is None or a_max is None:
        if a_min is None and a_max is None:
            raise NotAFormulaError("clip without bounds")
        return applied(np.minimum, a, a_max) if a_min is None else applied(np.maximum, a, a_min)
    table, terms = _terms(a, a_min, a_max)
    return _three(table, "clip", terms, terms)


def _filled(a: Symbol, value: Any, dtype: Any) -> Symbol:
    wanted = np.dtype(dtype) if dtype is not None else a.dtype
    number = as_term(a.table, value)
    # it keeps the span of what it is like: beside it nothing else may say how large a result is
    return _made(a.table, "cast", (number,), None, wanted, None, a.term.span)


def _ones_like(a: Any, dtype: Any = None) -> Symbol:
    return _filled(a, 1, dtype)


def _zeros_like(a: Any, dtype: Any = None) -> Symbol:
    return _filled(a, 0, dtype)


def _full_like(a: Any, fill_value: Any, dtype: Any = None) -> Symbol:
    return _filled(a, fill_value, dtype)


def _reduced(op: str, a: Any, axis: Any, keepdims: Any) -> Symbol:
    if not isinstance(a, Symbol) or axis not in (-1, (-1,)) or keepdims is not True:
        raise NotAFormulaError(f"{op} over other axes than the last, or without keepdims")
    t = a.term
    if t.dtype is None or t.dtype.kind != "f" or not t.span.columns:
        raise NotAFormulaError(f"{op} of what has no columns of floats")
    return _made(a.table, op, (t,), None, t.dtype, t.dtype, Span(t.span.rows, False))


def _row_sum(a: Any, axis: Any = None, keepdims: Any = False) -> Symbol:
    return _reduced("sum", a, axis, keepdims)


def _row_max(a: Any, axis: Any = None, keepdims: Any = False) -> Symbol:
    return _reduced("max", a, axis, keepdims)


def _row_min(a: Any, axis: Any = None, keepdims: Any = False) -> Symbol:
    return _reduced("min", a, axis, keepdims)


def _row_mean(a: Any, axis: Any = None, keepdims: Any = False) -> Symbol:
    total = _reduced("sum", a, axis, keepdims)
    width = _made(a.table, "width", (), None, None, None, SCALAR)
    return applied(np.divide, total, width)


def _row_var(a: Any, axis: Any = None, keepdims: Any = False) -> Symbol:
    return _row_mean(applied(np.square, a - _row_mean(a, axis, keepdims)), axis, keepdims)


_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.where: _where, np.clip: _clip, np.ones_like: _ones_like, np.zeros_like: _zeros_like,
    np.full_like: _full_like, np.sum: _row_sum, np.max: _row_max, np.amax: _row_max,
    np.min: _row_min, np.amin: _row_min, np.mean: _row_mean, np.var: _row_var,
}  # fmt: skip


class Formula(NamedTuple):
    """A traced function.

    Attributes
    ----------
    inputs : tuple of Term
        Its array arguments, in order.
    settings : tuple of Term
        Its keyword arguments, in order of their names: floats, given when it runs.
    outputs : tuple of Term
        Its results.
    terms : tuple of Term
        All that the results need, each after what it needs itself; inputs and settings included
        where they are used.
    single : bool
        Whether the function returned its only result by itself.
    """

    inputs: tuple[Term, ...]
    settings: tuple[Term, ...]
    outputs: tuple[Term, ...]
    terms: tuple[Term, ...]
    single: bool

    @property
    def elementwise(self) -> bool:
        """Whether no term reduces rows."""
        return not any(t.op in REDUCTIONS or t.op == "width" for t in self.terms)

    @property
    def exact(self) -> bool:
        """Whether a compiled loop has the bits of NumPy's calls."""
        return EXACT.issuperset([t.op for t in self.terms])


def inputs_of(
    table: Table, dtypes: Sequence[Any], spans: Sequence[Span] | None = None
) -> tuple[Symbol, ...]:
    """Return symbols for arrays of these dtypes, which vary along these axes (by default all)."""
    spans = spans or (EVERYWHERE,) * len(dtypes)
    return tuple(
        _made(table, "input", (), k, np.dtype(d), None, s)
        for k, (d, s) in enumerate(zip(dtypes, spans, strict=True))
    )


def formula_of(inputs: Sequence[Symbol], settings: Sequence[Symbol], made: Any) -> Formula:
    """Return the formula whose result is this symbol, or whose results are these."""
    single = isinstance(made, Symbol)
    results = (made,) if single else tuple(made)
    if not results or not all(isinstance(s, Symbol) for s in results):
        raise NotAFormulaError("a result that does not depend on the arguments")
    outputs = tuple(s.term for s in results)
    order: dict[Term, None] = {}

    def visit(term: Term) -> None:
        for a in term.args:
            if a not in order:
                visit(a)
        order[term] = None

    for t in outputs:
        visit(t)
    given = tuple(s.term for s in inputs), tuple(s.term for s in settings)
    return Formula(*given, outputs, tuple(order), single)


def is_number(value: Any) -> bool:
    """Tell whether a value is a number of Python's that a float holds: it can be a setting.

    Examples
    --------
    >>> is_number(2), is_number(0.1), is_number(2**60 + 1), is_number(np.float32(2))
    (True, True, False, False)
    """
    return value.__class__ is float or (value.__class__ is int and abs(value) <= WHOLE)


def trace_of(
    function: Callable[..., Any], values: Sequence[Any], settings: Sequence[str] = ()
) -> Formula | None:
    """Return the graph of a function of values like these, or None as `trace` does.

    Parameters
    ----------
    function : callable
        ``function(*values, **settings)``, in NumPy.
    values : sequence
        Arrays and NumPy's numbers are inputs, in order; one that repeats a number does not vary.
        Python's numbers are the first settings, in order.  All else is handed on.
    settings : sequence of str, optional
        As in `trace`.

    Examples
    --------
    >>> found = trace_of(lambda x, y, z: x * y + z, [np.ones(3), 2.0, np.broadcast_to(1.0, 3)])
    >>> [t.op for t in found.terms], found.inputs[1].span == SCALAR
    (['input', 'setting', 'multiply', 'input', 'add'], True)
    """
    places = [k for k, v in enumerate(values) if is_number(v)]
    inputs = [k for k, v in enumerate(values) if isinstance(v, (np.ndarray, np.generic))]
    names = {k: f"argument {k}" for k in places}

    def formula(*symbols: Any, **named: Any) -> Any:
        full = list(values)
        for k, symbol in zip(inputs, symbols, strict=True):
            full[k] = symbol
        for k, name in names.items():
            full[k] = named.pop(name)
        return function(*full, **named)

    spans = [EVERYWHERE if any(values[k].strides) else SCALAR for k in inputs]
    dtypes = [values[k].dtype for k in inputs]
    return trace(formula, dtypes, (*names.values(), *settings), spans)


def trace(
    function: Callable[..., Any],
    dtypes: Sequence[Any],
    settings: Sequence[str] = (),
    spans: Sequence[Span] | None = None,
) -> Formula | None:
    """Return a function's graph of operations, or None if it is not made of known ones.

    Parameters
    ----------
    function : callable
        ``function(*arrays, **settings)``, in NumPy; it returns one result or a tuple.
    dtypes : sequence of dtype
        Those of the arrays.
    settings : sequence of str
        Names of keyword arguments that are floats.
    spans : sequence of Span, optional
        Along which axes each array varies; by default along both.

    Examples
    --------
    >>> found = trace(lambda x, *, by: np.exp(by * x) + np.exp(by * x), ["float32"], ["by"])
    >>> [t.op for t in found.terms]
    ['setting', 'input', 'multiply', 'exp', 'add']
    >>> found.outputs[0].dtype
    dtype('float32')
    >>> trace(lambda x: x if x > 0 else -x, ["float32"]) is None
    True
    """
    table: Table = {}
    inputs = inputs_of(table, dtypes, spans)
    named = {name: _made(table, "setting", (), name, None, None, SCALAR) for name in settings}
    try:
        return formula_of(inputs, tuple(named.values()), function(*inputs, **named))
    except Exception:  # whatever a function raises when it is given symbols: the usual way runs
        return None
