"""Nested sequences that hold traced values: joined into one array, as np.array joins them.

NumPy does not look for traced values inside of lists; who is given a list asks here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.operations import other_libraries
from autograd_core.operations.boxed import Boxed, bare

# Leaves that hold no traced value and need no question; object arrays are asked.
_NUMBERS = other_libraries.FAMILIAR - {np.ndarray} | {complex}


def _is_sequence(value: Any) -> bool:
    """Whether np.array looks inside a value for more values."""
    kind = type(value)
    if kind is list or kind is tuple:
        return True
    return isinstance(value, Sequence) and not isinstance(
        value, (str, bytes, bytearray, memoryview)
    )


def _is_objects(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.hasobject


def holds(value: Any) -> bool:
    """Whether a value is traced, or is a sequence or an array of objects that holds a traced value.

    Parameters
    ----------
    value : any
        A number, an array, a list, a tuple, or lists inside of lists.

    Examples
    --------
    >>> holds([[1.0, 2.0], [3.0, 4.0]])
    False
    """
    if isinstance(value, Boxed):
        return True
    if _is_objects(value):
        return value.dtype.kind == "O" and holds(value.ravel().tolist())
    if not _is_sequence(value):
        return False
    kinds = set(map(type, value)) - _NUMBERS  # a long list of floats is asked at C's speed
    return bool(kinds) and any(holds(part) for part in value if type(part) in kinds)


def _holds_floats(value: Any) -> bool:
    """Whether a sequence holds a traced value that can carry a derivative (an index cannot)."""
    if isinstance(value, Boxed):
        return bool(bare(value).dtype.kind in "fc")
    parts = value.ravel().tolist() if _is_objects(value) else value if _is_sequence(value) else ()
    return any(_holds_floats(part) for part in parts)


def join(sequence: Any, dtype: Any = None, operation: str = "array") -> Any:
    """Return one array of a sequence of traced and plain values, as np.array does of plain ones.

    Parameters
    ----------
    sequence : nested list, tuple
        Its leaves are numbers and arrays, traced or not, of one shape at each level.
    dtype : dtype, optional
        What each leaf is cast to; otherwise what NumPy promotes all of them to.
    operation : str
        The user's function, for messages.

    Returns
    -------
    array
        Of shape ``(len(sequence), len(sequence[0]), ..., *shape of a leaf)``; traced if a leaf is.

    Raises
    ------
    ShapeError
        If the sequence is ragged.
    DTypeError
        If a leaf, or the dtype asked for, is no number.
    """
    kind = None if dtype is None else np.dtype(dtype)
    if kind is not None and kind.kind not in "biufc":
        raise errors.DTypeError(
            f"{operation}: an array of {kind} cannot hold a traced value; leave out dtype=, or "
            "keep the values in a list.",
            Location.of_caller(),
        )
    leaves: list[Any] = []
    shape = _shape(sequence, leaves, operation)
    parts = [_as_leaf(leaf, kind, operation) for leaf in leaves]
    if len(parts) == 1:
        return np.reshape(parts[0], shape)
    flat = [np.reshape(part, (-1,)) for part in parts]
    return np.reshape(np.concatenate(flat), shape)


def _shape(sequence: Any, leaves: list[Any], operation: str) -> tuple[int, ...]:
    """Return a sequence's shape, and note its leaves in order."""
    if _is_objects(sequence) and sequence.dtype.kind == "O":
        sequence = sequence.tolist()
    if not _is_sequence(sequence):
        leaves.append(sequence)
        return tuple(np.shape(sequence))
    if not holds(sequence):
        leaf = _plain(sequence, operation)
        leaves.append(leaf)
        return tuple(leaf.shape)
    shapes = [_shape(part, leaves, operation) for part in sequence]
    for place, found in enumerate(shapes):
        if found != shapes[0]:
            raise errors.ShapeError(
                f"{operation}: the sequence is ragged: element [0] has shape {shapes[0]} and "
                f"element [{place}] has shape {found}; they must be equal.",
                Location.of_caller(),
            )
    return (len(sequence), *shapes[0])


def _plain(sequence: Any, operation: str) -> Any:
    """Return the array of a sequence without traced values; NumPy's errors name the operation."""
    try:
        return np.asarray(sequence)
    except (TypeError, ValueError) as error:
        message = f"{operation}: a {type(sequence).__name__} does not form an array: {error}"
        raise errors.translate(error, message, Location.of_caller()) from error


def _as_leaf(leaf: Any, kind: Any, operation: str) -> Any:
    if not isinstance(leaf, Boxed):
        leaf = other_libraries.plain(leaf, operation)  # refuses masks, labels, units
        if not hasattr(leaf, "dtype"):
            leaf = _plain(leaf, operation)
    if leaf.dtype.kind not in "biufc":
        raise errors.DTypeError(
            f"{operation}: {leaf.dtype} data beside a traced value; an array of numbers cannot "
            "hold them.",
            Location.of_caller(),
        )
    return leaf if kind is None or leaf.dtype == kind else leaf.astype(kind)


def without_objects(args: Sequence[Any]) -> tuple[Any, ...] | None:
    """Return operands with arrays of traced objects joined to traced arrays; None: there are none.

    ``np.empty(3, dtype=object)``, filled with traced values, is such an array.
    """
    found = [_is_objects(a) and holds(a) for a in args]
    if not any(found):
        return None
    return tuple(join(a) if f else a for a, f in zip(args, found, strict=True))


# Functions that take a sequence of arrays: at which place, and under which name.
_SEQUENCES: dict[Callable[..., Any], tuple[int, ...]] = {
    **dict.fromkeys((np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack,
                     np.linalg.multi_dot, np.lexsort), (0,)),
    np.select: (0, 1),
    np.choose: (1,),
    np.piecewise: (1, 2),
    np.histogramdd: (0, 1),
    np.histogram2d: (2,),
}  # fmt: skip
_SEQUENCES[np.concat] = (0,)
_SEQUENCE_NAMES = frozenset(
    {"arrays", "tup", "keys", "condlist", "choicelist", "choices", "funclist", "sample", "bins"}
)


def _arranged(function: Any, arguments: Iterator[tuple[Any, Any]]) -> Iterator[Any]:
    places = _SEQUENCES.get(function, ())
    for place, value in arguments:
        if not _is_sequence(value) and not _is_objects(value):
            yield other_libraries.numbers(value)
        elif place in places or (places and place in _SEQUENCE_NAMES):
            parts = [join(p) if not isinstance(p, Boxed) and holds(p) else p for p in value]
            yield tuple(parts) if type(value) is tuple else parts
        else:
            yield join(value, operation=function.__name__) if _holds_floats(value) else value


def arranged(function: Any, args: Any, keywords: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return a NumPy function's arguments, with lists of traced values joined to arrays.

    Parameters
    ----------
    function : callable
        NumPy's; some take a sequence of arrays, whose elements are joined and which stays one.
    args, keywords : tuple, dict
        What it was called with.

    Returns
    -------
    tuple, dict
        What to call it with.
    """
    if function is np.block:
        return args, keywords  # lists inside of lists are its own language
    return (
        tuple(_arranged(function, enumerate(args))),
        dict(zip(keywords, _arranged(function, iter(keywords.items())), strict=True)),
    )
