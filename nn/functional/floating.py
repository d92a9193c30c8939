"""What array arguments become before a layer computes with them, and which may carry derivatives.

Layers compute with floats.  An integer or boolean array counts as what NumPy promotes it to
beside the other arguments, and as float64 on its own.  Half precision is computed in single
precision and rounded at the end, as in PyTorch: sums of more than 65,504 elements do not overflow.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from autograd_core import DTypeError, OperandError, UnsupportedError, optim
from autograd_core.extend import Location, is_of_the_call, present_names, refusal

from ..values import as_array, is_traced, is_tracked

_Function = TypeVar("_Function", bound=Callable[..., Any])
_STRANGE = {np.ma.MaskedArray, np.matrix}
_LABELS = "bBhHiIlLqQ?"  # integers that name a class
_NONE = np.dtype(object)  # of what has no dtype
_OPTIONAL = "-"  # no dtype's letter: the argument may be None
_PASSIVE: set[type] = {  # types that carry no derivative; it grows
    int, float, bool, str, tuple, list, type(None), np.ndarray, np.random.Generator, np.dtype,
    np.float32, np.float64, np.int64, np.bool_,
}  # fmt: skip


def floats(x: Any) -> Any:
    """Return an array of integers or booleans as float64, and any other as it is.

    Examples
    --------
    >>> floats(np.array([1, 2], np.uint8))
    array([1., 2.])
    """
    dtype = getattr(x, "dtype", None)
    return x.astype(float) if dtype is not None and dtype.kind in "iub" else x


def reals(x: Any) -> Any:
    """Return `floats`, and refuse complex numbers, which have no order.

    Examples
    --------
    >>> reals(np.array([True, False]))
    array([1., 0.])
    """
    return floats(ordered(x))


def ordered(x: Any) -> Any:
    """Return an array of real numbers of any type as it is, and refuse any other.

    Examples
    --------
    >>> ordered(np.array([1, 2], np.uint8))
    array([1, 2], dtype=uint8)
    """
    dtype = getattr(x, "dtype", None)
    if dtype is not None and dtype.kind not in "fiub":
        raise DTypeError(f"the array must hold real numbers, not {dtype}.", Location.of_caller())
    return x


def promoted(name: str, values: Sequence[Any], complex: bool) -> tuple[list[Any], Any]:
    """Return values as floats of at least single precision, and the dtype to round results to.

    Examples
    --------
    >>> values, rounded = promoted("f", [np.ones(2, np.float16), np.ones(2, bool), None], False)
    >>> values[0].dtype.name, values[1].dtype.name, rounded.name
    ('float32', 'float32', 'float16')
    """
    if any(isinstance(v, np.ma.MaskedArray) for v in values):
        raise DTypeError(
            f"{name}: a masked array was given, and its mask would be lost; give x.filled(0) and "
            "weights, or select what is valid.",
            Location.of_caller(),
        )
    arrays = [_array(v, k == 0) for k, v in enumerate(values)]
    dtypes = {a.dtype for a in arrays if a is not None and hasattr(a, "dtype")}
    if any(d.kind not in "iubfc" or (d.kind == "c" and not complex) for d in dtypes):
        wrong = next(d for d in dtypes if d.kind not in "iubf")
        kinds = "real or complex numbers" if complex else "real numbers"
        raise DTypeError(
            f"{name}: the arrays must hold {kinds}, not {wrong}.", Location.of_caller()
        )
    whole = np.result_type(*dtypes) if dtypes else np.dtype(float)
    target = np.dtype(float) if whole.kind in "iub" else whole
    half = whole.char == "e"
    if half:
        target = np.dtype(np.float32)

    def changed(a: Any) -> Any:
        if a is None or not hasattr(a, "dtype"):
            return a
        return a.astype(target) if a.dtype.kind in "iub" or a.dtype.char == "e" else a

    return [changed(a) for a in arrays], whole if half else None


def _array(value: Any, first: bool) -> Any:
    """Return a value as an array; a Python number only as the first: it takes the others' dtype."""
    number = isinstance(value, (bool, int, float, complex)) and not first
    if value is None or number or is_traced(value):
        return value
    if isinstance(value, np.matrix):
        return np.asarray(value)  # its * is another one
    return as_array(value)


def _integral(value: Any) -> bool:
    dtype = value.dtype if hasattr(value, "dtype") else as_array(value).dtype
    return dtype.kind in "iub"


def floating(
    *names: str,
    smooth: Sequence[str] = (),
    labels: Sequence[str] = (),
    complex: bool = False,
    called: str | None = None,
    renamed: Mapping[str, str] = MappingProxyType({}),
) -> Callable[[_Function], _Function]:
    """Let a function take arrays of integers and of half precision; refuse constants in a trace.

    Parameters
    ----------
    *names : str
        The array arguments that are differentiated and computed with.
    smooth : sequence of str
        Numbers that are differentiated too, as they are.
    labels : sequence of str
        Those of the names that are left alone if they hold integers: class indices.
    complex : bool
        Whether the function is right for complex numbers.
    called : str, optional
        What users know the function as, if not by its name.
    renamed : dict
        The present name for each old name of a keyword.

    Returns
    -------
    callable
        A decorator. A derivative of any other argument is asked for in vain, and refused.

    Examples
    --------
    >>> @floating("x")
    ... def twice(x, eps=0.0):
    ...     return 2 * x + eps
    >>> twice(np.array([1, 2], np.uint8))
    array([2., 4.])
    """
    ready = "fdFD" if complex else "fd"

    def decorate(function: _Function) -> _Function:
        signature, name = inspect.signature(function), called or function.__name__
        parameters = list(signature.parameters.values())
        roles = {
            key: _role(parameter, ready + _LABELS if key in labels else ready)
            if key in names
            else None
            for key, parameter in signature.parameters.items()
        }
        in_order = tuple(roles.values())

        @wraps(function)
        def checked(*args: Any, **settings: Any) -> Any:
            for value, role in zip(args, in_order, strict=False):  # every call goes through this
                if role is None:
                    if type(value) in _PASSIVE:
                        continue
                elif (value is None and _OPTIONAL in role) or (
                    getattr(value, "dtype", _NONE).char in role and type(value) not in _STRANGE
                ):
                    continue
                return careful(*args, **settings)
            for key, value in settings.items():
                role = roles.get(key)
                if role is None:
                    if type(value) in _PASSIVE and key in roles:
                        continue
                elif (value is None and _OPTIONAL in role) or (
                    getattr(value, "dtype", _NONE).char in role and type(value) not in _STRANGE
                ):
                    continue
                return careful(*args, **settings)
            try:
                return function(*args, **settings)
            except TypeError as error:
                if not is_of_the_call(error):
                    raise
            raise refusal(name, parameters, args, settings)

        def careful(*args: Any, **settings: Any) -> Any:
            settings = present_names(f"{name}()", renamed, settings)
            for key in settings.keys() & optim.keywords.HARMLESS.keys() - roles.keys():
                optim.keywords.check_harmless(name, key, settings.pop(key))
            try:
                bound = signature.bind(*args, **settings)
            except TypeError:
                raise refusal(name, parameters, args, settings) from None
            _check_given(name, bound.arguments, roles)
            _check_constants(name, bound.arguments, names, smooth)
            half = _promote(name, bound.arguments, names, labels, complex)
            result = function(*bound.args, **bound.kwargs)
            return result if half is None else result.astype(half)

        checked.arrays = names  # type: ignore[attr-defined]
        checked.smooth = tuple(smooth)  # type: ignore[attr-defined]
        return checked  # type: ignore[return-value]

    return decorate


def _role(parameter: inspect.Parameter, dtypes: str) -> str:
    """Return the letters of the dtypes that an argument may have, and whether it may be None."""
    return dtypes if parameter.default is parameter.empty else dtypes + _OPTIONAL


def _check_given(name: str, given: dict[str, Any], roles: dict[str, str | None]) -> None:
    """Refuse None for an array that must be given."""
    for key, value in given.items():
        if value is None and _OPTIONAL not in (roles[key] or _OPTIONAL):
            raise OperandError(f"{name}: {key} is None; it must be an array.", Location.of_caller())


def _check_constants(
    name: str, given: dict[str, Any], names: Sequence[str], smooth: Sequence[str]
) -> None:
    """Refuse a tracked value where the function takes a constant; note the types that pass."""
    for key, value in given.items():
        if not is_traced(value):
            if key not in names:
                _PASSIVE.add(type(value))
        elif key not in names and key not in smooth and is_tracked(value):
            raise UnsupportedError(
                f"{name}: {key}= is treated as a constant and has no derivative here, but a "
                "tracked value was given; give its .detach(), or an array.",
                Location.of_caller(),
            )


def _promote(
    name: str, given: dict[str, Any], names: Sequence[str], labels: Sequence[str], complex: bool
) -> Any:
    """Make the arrays among the arguments floats; return the dtype to round the result to."""
    used = [k for k in names if k in given and not (k in labels and _integral(given[k]))]
    values, half = promoted(name, [given[k] for k in used], complex)
    given.update(zip(used, values, strict=True))
    return half
