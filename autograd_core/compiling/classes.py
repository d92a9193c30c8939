"""`isinstance` and `type`, as a function's own code sees them while it is recorded.

What stands for an array is not an array. Code that asks is told the class of what it stands for, so
that it goes the way that it goes uncompiled.
"""

from __future__ import annotations

import builtins
from typing import Any

from autograd_core.compiling.stand_in import Recorded

ASKED = ("isinstance", "type")
ORIGINAL = "_autograd_core_original"  # where the copy of a class has the class


def _class_of(value: Any) -> type:
    if type(value) is Recorded:
        return value._value.stands_for()
    original: type = vars(type(value)).get(ORIGINAL, type(value))
    return original


class _Kind(type):
    def __call__(cls, *args: Any, **keywords: Any) -> Any:
        if len(args) == 1 and not keywords:
            return _class_of(args[0])
        return type(*args, **keywords)


class _Type(type, metaclass=_Kind):
    """`type`, that takes a recorded value for what it stands for."""


def _isinstance(value: Any, classes: Any) -> bool:
    """`isinstance`, that takes a recorded value for what it stands for."""
    classes = _without_kind(classes)
    if type(value) is Recorded:
        return builtins.issubclass(_class_of(value), classes)
    return builtins.isinstance(value, classes)


def _without_kind(classes: Any) -> Any:
    if type(classes) is tuple:
        return tuple(map(_without_kind, classes))
    return type if classes is _Type else classes


STAND_INS = {"isinstance": _isinstance, "type": _Type}
