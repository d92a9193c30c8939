"""The array that a Tensor holds: made of any data, read and assigned as ``.data``."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.engine import trace_borders
from autograd_core.engine.node import NO_PARAMS, record
from autograd_core.engine.overwrites import mark_overwritten
from autograd_core.operations import cut_marks, modes, other_libraries
from autograd_core.operations.modes import BASE
from autograd_core.operations.primitive import Boxed, level_of
from autograd_core.rules.shapes import copy_


def raw(tensor: Any) -> Any:
    """Return the raw array, as ``tensor.data``."""
    if tensor._level and is_followed(tensor):
        raise errors.ConversionError(
            "data: the value is being differentiated, and its raw array would lose the "
            "derivative; compute with the value itself, or write x.detach().",
            Location.of_caller(),
        )
    value = tensor._held
    if isinstance(value, Boxed):
        return value
    if isinstance(value, np.generic):
        value = np.array(value)
        if tensor.is_leaf:
            replace(tensor, value)  # from now on, so that writing into it counts
        else:
            value.flags.writeable = False
    if tensor._node is not None and tensor._node.primitive is not None:
        cut_marks.CUTS.note(value, (cut_marks.mark_of("data", "data", tensor),))
    return value


def assign(tensor: Any, value: Any) -> None:
    """Check a value and hold it, as ``tensor.data = value``."""
    trace_borders.alive(value, "data")
    followed = is_followed(value)
    if followed and value._level > tensor._level:
        raise errors.ConversionError(
            "data: the value is being differentiated, and this Tensor, made outside of that "
            "transform, would lose the derivative; compute with the value itself, or give "
            "value.detach().",
            Location.of_caller(),
        )
    new = value._held if _is_tensor(value) and not followed else value
    if not isinstance(new, Boxed):
        other_libraries.masked(new, "data")
        new = np.asarray(new) if is_host(new) else new
        if tensor._node is not None and new.dtype.kind not in "fc":
            raise errors.DTypeError(
                f"data: a tensor that requires grad cannot hold {new.dtype}; "
                "give floating-point data.",
                Location.of_caller(),
            )
        if new is tensor._held:  # x.data -= y has written into the array
            mark_overwritten(tensor)
    replace(tensor, new)


def replace(tensor: Any, value: Any) -> None:
    """Hold another raw array; graphs recorded with the old one keep the old one."""
    old = tensor._node
    if old is not None and old.primitive is not None:  # other numbers at the same place
        if value.shape != tensor.shape or value.dtype != tensor.dtype:
            raise errors.InPlaceError(
                f"data: this value was computed, with shape {tensor.shape} and {tensor.dtype}; "
                f"it cannot become {value.shape} {value.dtype}. Make a new Tensor.",
                Location.of_caller(),
            )
        tensor._node = record(copy_, (old,), NO_PARAMS, value, old.level)
    elif old is not None:
        tensor._node = record(None, (), NO_PARAMS, value, old.level)
        tensor._node.watch = old.watch
    tensor._held = value


def copied(data: Any, dtype: Any) -> Any:
    """Return the value that a Tensor of any data holds: an array of its own, or what is traced."""
    while _is_tensor(data) and not is_followed(data):
        data = data._held
    if level_of(data):
        trace_borders.alive(data, "Tensor")
        return data if dtype is None else data.astype(dtype)
    if data.__class__ not in other_libraries.KNOWN:
        other_libraries.masked(data, "Tensor")
    try:
        value = np.array(data, dtype=dtype) if is_host(data) else data.copy()
    except ValueError as error:
        raise errors.ShapeError(
            f"Tensor: the data do not form an array: {error}", Location.of_caller()
        ) from error
    if value.dtype.kind not in "biufc":
        raise errors.DTypeError(
            f"Tensor: data of {value.dtype}, made from a {type(data).__name__}, are not numbers; "
            "give numbers, or an array or nested lists of them.",
            Location.of_caller(),
        )
    return value[()] if value.ndim == 0 and isinstance(value, np.ndarray) else value


def is_followed(data: Any) -> bool:
    """Whether a value belongs to a transform or is a Dual: a Tensor of it nests."""
    return isinstance(data, Boxed) and data._level % modes.STEP < BASE and data._level > 0


def is_host(data: Any) -> bool:
    """Whether NumPy may make the array (lists, scalars, ndarrays), or it is another library's."""
    return isinstance(data, (np.ndarray, np.generic)) or not hasattr(data, "__array_function__")


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Boxed) and hasattr(value, "_held")
