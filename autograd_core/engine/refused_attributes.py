"""ndarray's attributes that a traced value lacks, or that cannot be set: each says what to write.

They would bypass the record: views of raw memory, another shape for memory that others share.
"""

from __future__ import annotations

from typing import Any, TypeVar

from autograd_core.base import errors
from autograd_core.base.source import Location

_Kind = TypeVar("_Kind", bound=type)
_OF_TENSORS = (
    "backward", "backward_steps", "data", "detach_", "grad", "is_leaf", "numpy", "register_hook",
    "register_post_accumulate_grad_hook", "requires_grad", "requires_grad_", "retain_grad",
)  # fmt: skip
_OF_NUMBERS = "x.detach(), and .numpy() of a Tensor, for the numbers alone"
_ABSENT = {
    "flat": "x.reshape(-1), a view where NumPy has one",
    "view": "x.astype(dtype), x.real, x.imag, or x[...] for a view",
    "resize": "np.resize(x, shape)",
    **dict.fromkeys(
        ("strides", "base", "flags", "setflags", "ctypes", "byteswap", "getfield", "setfield",
         "tobytes", "tofile", "dump", "dumps"),
        _OF_NUMBERS,
    ),
}  # fmt: skip
_UNSETTABLE = {
    "shape": "x = x.reshape(shape)",
    "dtype": "x = x.astype(dtype)",
    "T": "x.T[...] = value",
    "mT": "x.mT[...] = value",
    "ndim": "x = x.reshape(shape)",
    "size": "x = np.resize(x, shape)",
}


def refuses_attributes(kind: _Kind) -> _Kind:
    """Give a class of traced values the attributes that only explain themselves."""
    for name in _OF_TENSORS:
        setattr(kind, name, _of_tensors(name))
    for name, instead in _ABSENT.items():
        setattr(kind, name, _absent(name, instead))
    for name, instead in _UNSETTABLE.items():
        setattr(kind, name, _unsettable(getattr(kind, name), name, instead))
    return kind


def _unsettable(there: Any, name: str, instead: str) -> Any:
    def set_it(self: Any, value: Any) -> None:
        raise errors.MissingAttributeError(
            f"{name}: it cannot be set, since other values may be views of this one; "
            f"write {instead}.",
            Location.of_caller(),
        )

    return there.setter(set_it)


def _absent(name: str, instead: str) -> property:
    def get(self: Any) -> Any:
        raise errors.MissingAttributeError(
            f"{name}: a {type(self).__name__} has no {name}: it would bypass the "
            f"record; use {instead}.",
            Location.of_caller(),
        )

    return property(get, lambda self, value: get(self), doc=f"ndarray's; refused: {instead}.")


def _of_tensors(name: str) -> property:
    def get(self: Any) -> Any:
        raise errors.MissingAttributeError(
            f"{name}: a {type(self).__name__}, which jvp(), vmap() and the like compute with, has "
            f"no {name}; take derivatives with grad() or vjp(), and x.detach() for the numbers.",
            Location.of_caller(),
        )

    return property(get, doc="Of Tensors only.")
