"""The borders of a trace: what may enter as a keyword, and what may leave as a result.

A value that is being differentiated means something only while its trace runs.
These checks run once for each call of a transform, never for an operation.
"""

from __future__ import annotations

import gc
import inspect
import operator
import warnings
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from functools import partial, wraps
from io import IOBase
from opcode import opmap
from threading import local
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType
from typing import Any, TypeVar, cast

import numpy as np

from autograd_core.base import errors, tree
from autograd_core.base.source import Location
from autograd_core.operations.boxed import ASKED, BY_HAND, Boxed, bare, run_of
from autograd_core.operations.modes import BASE, STEP, new_level

_F = TypeVar("_F", bound=Callable[..., Any])
RUNNING: list[int] = []  # the levels of the transforms that run now, in any thread; each time
USERS = STEP // 4  # what sets the levels of traces that run a user's function apart from others


class _Here(local):
    """The levels of the transforms that run in this thread."""

    def __init__(self) -> None:
        self.levels: list[int] = []


_here = _Here()
_PLAIN = frozenset({np.ndarray, np.float64, np.float32})
MOST = 1000  # objects that a search through a result visits
_MADE_BY_PYTHON = 1 << 9  # the flag of classes that a program has made (Py_TPFLAGS_HEAPTYPE)
_IN_C = ("operator", "functools", "itertools", "_contextvars")  # of those, classes without a dict


class IndependentWarning(UserWarning):
    """A result that recorded operations did not compute: its derivative is zero."""


def users_level() -> int:
    """Return the level of a new trace that runs a user's function."""
    return new_level() + USERS


def inside() -> bool:
    """Whether this thread runs a user's function for a transform."""
    return bool(_here.levels)


class trace:  # noqa: N801 - a statement more than a thing; a class, as it costs half a generator
    """Note that a trace runs, and that it has ended (context manager).

    An interrupt between ``__enter__`` and the block leaves without ``__exit__``; then the trace
    ends with this object.
    """

    __slots__ = ("level", "noted", "of_user")

    def __init__(self, level: int, of_user: bool = True) -> None:
        self.level, self.of_user = level, of_user  # of a user's function, or only of its rules
        self.noted: tuple[list[int], ...] = ()  # the lists that hold the level

    def __enter__(self) -> None:
        self.noted = (_here.levels, RUNNING) if self.of_user else (RUNNING,)
        for levels in self.noted:
            levels.append(self.level)

    def __del__(self) -> None:
        if self.noted:
            self._end()

    def _end(self) -> None:
        level = self.level
        for levels in self.noted:
            if level in levels:
                levels.remove(level)
        if ASKED and level not in RUNNING:
            ASKED.discard(run_of(level))
        self.noted = ()

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        self._end()
        if error is not None:
            _raise_hidden(error)


def _raise_hidden(error: BaseException) -> None:
    """Raise the engine's own error if another library has hidden it behind its own."""
    if isinstance(error, SystemError):  # a callback in C (brentq) raised, C did not pass it on
        cause = error.__cause__
        while cause is not None and not isinstance(cause, errors.AutogradError):
            cause = cause.__cause__
        if cause is not None:
            raise cause from error
    elif isinstance(error, ValueError) and isinstance(error.__cause__, errors.ConversionError):
        raise error.__cause__ from None  # NumPy hides it, for z[0] = x and z.astype(float)
    elif isinstance(error, AttributeError) and isinstance(
        error.__context__, errors.ConversionError
    ):
        raise error.__context__ from None  # and np.mgrid[a:b:5j, ...], which tries another way


def note_asked(value: Any) -> None:
    """Note that code asked for the array API namespace: constants in a value's runs are Tensors."""
    while isinstance(value, Boxed):
        if not run_of(value._level):
            BY_HAND.set(True)
            ASKED.add(0)
        elif value._level in RUNNING:
            ASKED.add(run_of(value._level))
        below = value._below()
        value = getattr(value, "value", None) if below is value else below


def _has_ended(value: Any, level: int = 0) -> bool:
    """Whether a value belongs to a transform that has ended, of another level than this one."""
    while isinstance(value, Boxed) and value._level:
        own = value._level
        if own != level and own % STEP == USERS and own not in RUNNING:
            return True
        if _has_ended(getattr(value, "_tangent", None), level):
            return True
        below = value._below()
        value = getattr(value, "value", None) if below is value else below
    return False


def alive(value: Any, operation: str) -> Any:
    """Return a value that is about to leave; an error if its own trace has ended."""
    if isinstance(value, Boxed) and value._level and _has_ended(value):
        raise errors.ConversionError(
            f"{operation}: a value of a transform that has ended was used: it was kept outside of "
            "its function (in a global, a list, a cache, a closure). Return it from the function "
            "(has_aux=True), or keep x.detach().",
            Location.of_caller(),
        )
    return value


def check_result(result: Any, level: int, operation: str) -> None:
    """Raise if a result holds a traced value where this trace cannot take it back."""
    for value in tree.leaves(result):
        if isinstance(value, Boxed):
            own = value._level
            if own == level and value._below().__class__ in _PLAIN:
                continue  # the usual case
            if own and _has_ended(value, level):
                alive(value if own != level else _older(value, level), operation)
        elif not isinstance(value, (int, float, complex, str, np.generic)) and (
            value.__class__ is not np.ndarray or value.dtype.hasobject
        ):
            _check_object(value, operation)


def _older(value: Any, level: int) -> Any:
    while isinstance(value, Boxed) and value._level == level:
        below = value._below()
        value = getattr(value, "value", None) if below is value else below
    return value


def _check_object(value: Any, operation: str) -> None:
    if isinstance(value, Iterator) and not isinstance(value, IOBase):
        what = f"returned a {type(value).__name__}, which would run after its trace has ended"
    elif _holds_traced(value):
        what = f"returned a {type(value).__name__} that holds a value of the trace"
    else:
        return
    raise errors.OperandError(
        f"{operation}: the function {what}; return arrays in dicts, lists, tuples and named "
        "tuples, or x.detach() for constants.",
        Location.of_caller(),
    )


def _parts(value: Any) -> list[Any]:
    """Return what an object holds, as far as Python can see without running its code."""
    if isinstance(value, dict):
        return [*value, *value.values()]
    if isinstance(value, np.ndarray):
        return value.ravel().tolist() if value.dtype.hasobject else []
    if isinstance(value, (list, tuple, set, frozenset)) or type(value).__name__ == "deque":
        return list(value)
    if isinstance(value, FunctionType):
        cells = [c.cell_contents for c in value.__closure__ or () if filled(c)]
        return [*cells, *(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
    if isinstance(value, BaseException):
        return [*value.args, *vars(value).values()]
    if isinstance(value, partial):
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, MethodType):
        return [value.__self__]
    if inspect.ismodule(value) or isinstance(value, BuiltinFunctionType):
        return []
    if isinstance(value, type):
        return list(vars(value).values()) if value.__flags__ & _MADE_BY_PYTHON else []
    if not type(value).__flags__ & _MADE_BY_PYTHON or type(value).__module__ in _IN_C:
        return gc.get_referents(value)  # a property, a view of a dict, a coroutine, a ContextVar
    slots = [name for kind in type(value).__mro__ for name in _names(kind)]
    held = [getattr(value, name, None) for name in slots if not name.startswith("__")]
    return [*held, *getattr(value, "__dict__", {}).values()]


def _names(kind: type) -> tuple[str, ...]:
    slots = kind.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def filled(cell: Any) -> bool:
    """Tell whether a cell of a closure holds something yet."""
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _holds_traced(value: Any) -> bool:
    stack, seen = [value], set[int]()
    kept = []  # so that no identity is used twice
    while stack and len(seen) < MOST:
        part = stack.pop()
        if isinstance(part, Boxed):
            if part._level and part._level % STEP < BASE:
                return True
            continue
        if id(part) in seen or isinstance(part, (str, bytes, int, float, complex, type(None))):
            continue
        seen.add(id(part))
        kept.append(part)
        stack += _parts(part)
    return False


def _kind_of(out: Any, operation: str) -> Any:
    value = bare(out)
    if isinstance(value, (bool, int, float, complex)):
        return np.dtype(type(value))
    if isinstance(value, (np.ndarray, np.generic, Boxed)) or (
        hasattr(type(value), "__array_function__") and hasattr(value, "dtype")
    ):
        return value.dtype
    raise errors.OperandError(
        f"{operation}: the function returned a {type(value).__name__}, not an array of "
        "numbers; return it with has_aux=True.",
        Location.of_caller(),
    )


def check_outputs(outputs: Sequence[Any], level: int, operation: str) -> None:
    """Refuse a result without derivative; warn where nothing depends on the inputs.

    Integers beside floating-point results are constants; by themselves they are refused.
    """
    for out in outputs:  # the usual case, without a list and a generator
        if not (isinstance(out, Boxed) and out._level == level and out.dtype.kind in "fc"):  # type: ignore[attr-defined]
            break
    else:
        return
    kinds = [_kind_of(out, operation) for out in outputs]
    if not any(kind.kind in "fc" for kind in kinds):
        raise errors.DTypeError(
            f"{operation}: the function returned {kinds[0]} data, which have no derivative; "
            "return floating-point values, or return them with has_aux=True.",
            Location.of_caller(),
        )
    if not any(isinstance(o, Boxed) and _depends(o, level) for o in outputs):
        where = Location.of_caller()
        warnings.warn_explicit(
            f"{operation}: the result does not depend on the arguments that are differentiated, "
            "so its derivative is zero. If it should, look for math instead of np, .item(), "
            f".detach() or an operation without derivative.\n  {where}",
            IndependentWarning,
            where.file,
            where.line,
        )


def number_written(frame: FrameType) -> None:
    """Warn if NumPy asks for a number because the user's line writes a traced value: ``z[i] = x``.

    Only then is Python storing an item while ``float(x)`` runs.
    """
    if frame.f_code.co_code[frame.f_lasti] == _STORES_ITEM:
        where = Location(frame.f_code, frame.f_lasti)
        warnings.warn_explicit(
            "z[i] = x: the number of a tracked Tensor is written into a plain array, which cannot "
            "hold its derivative. Make z with np.zeros_like(x) or Tensor(np.zeros(shape)), or "
            f"write float(x) if only the number is meant.\n  {where}",
            IndependentWarning,
            where.file,
            where.line,
        )


_STORES_ITEM = opmap["STORE_SUBSCR"]


def _depends(value: Any, level: int) -> bool:
    return bool(value._level == level or (value._level and value._below() is value))


def keywords(function: _F) -> _F:
    """Let a transform name the keyword that was meant when it is given an unknown one."""
    names = [
        p.name
        for p in inspect.signature(function).parameters.values()
        if p.kind is not p.VAR_POSITIONAL
    ]
    known = frozenset(names)

    @wraps(function)
    def checked(*args: Any, **given: Any) -> Any:
        if given and not given.keys() <= known:
            wrong = next(name for name in given if name not in known)
            close = get_close_matches(wrong, names[1:], n=1, cutoff=0.6)
            close = close or ([_SYNONYMS[wrong]] if _SYNONYMS.get(wrong) in known else [])
            hint = f"; did you mean {close[0]}=?" if close else ""
            hint = f": {_ELSEWHERE[wrong]}" if wrong in _ELSEWHERE else hint
            raise errors.OperandError(
                f"{function.__name__}(): there is no keyword {wrong}={hint} "
                f"(known: {', '.join(n + '=' for n in names[1:])}).",
                Location.of_caller(),
            )
        return function(*args, **given)

    return cast(_F, checked)


_SYNONYMS = {"axis": "in_axes", "axes": "in_axes", "in_dims": "in_axes", "out_dims": "out_axes",
             "wrt": "argnums", "aux": "has_aux", "x": "primals", "v": "tangents",
             "chunk_size": "batch"}  # fmt: skip
# Keywords of other libraries whose meaning needs none here.
_ELSEWHERE = {
    "argnum": "write argnums=, as in JAX; autograd_core.compat.autograd takes argnum=",
    "create_graph": "leave it out, results can always be differentiated again: grad(grad(f))",
    "retain_graph": "leave it out, a transform frees what it recorded; vjp() keeps it",
    "holomorphic": "leave it out; jacobian() of a holomorphic f of complex numbers is f'",
    "allow_int": "pass floating-point numbers, x.astype(float); integers have no derivative",
    "allow_unused": "leave it out, the gradient of an unused argument is zeros",
    "materialize_grads": "leave it out, the gradient of an unused argument is zeros",
    "vectorize": "leave it out, the sweeps of a Jacobian always run together",
    "strict": "leave it out, a result that depends on nothing is reported in any case",
    "strategy": 'write mode="forward" or mode="reverse" in jacobian()',
    "reduce_axes": "leave it out, and sum over the axes in f",
    "argnames": "write argnums=, or differentiate a function of a dict",
}  # fmt: skip


def pick(args: tuple[Any, ...], argnums: int | Sequence[int], operation: str) -> tuple[Any, ...]:
    """Return the places that argnums names, none of them negative."""
    if type(argnums) is int and 0 <= argnums < len(args):
        return (argnums,)
    try:
        chosen = tuple(
            operator.index(k)
            for k in (argnums if isinstance(argnums, (tuple, list)) else (argnums,))
        )
    except TypeError as error:
        raise errors.OperandError(
            f"{operation}: argnums must be an integer or a sequence of them, not {argnums!r}.",
            Location.of_caller(),
        ) from error
    for k in chosen:
        if not -len(args) <= k < len(args):
            raise errors.OperandError(
                f"{operation}: argnums names argument {k}, but the call has {len(args)} positional "
                "arguments.",
                Location.of_caller(),
            )
    places = tuple(k % len(args) for k in chosen)
    if len(set(places)) < len(places):
        raise errors.OperandError(
            f"{operation}: argnums {argnums} names an argument twice.", Location.of_caller()
        )
    return places
