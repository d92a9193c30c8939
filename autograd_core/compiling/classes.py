"""`isinstance` and `type`, as a function's own code sees them while it is recorded.

What stands for an array is not an array. Code that asks is told the class of what it stands for, so
that it goes the way that it goes uncompiled.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from autograd_core.compiling.stand_in import Recorded

ASKED = ("isinstance", "type")


def _class_of(value: Any) -> type:
    return value._value.stands_for() if type(value) is Recorded else type(value)


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


_STAND_INS = {"isinstance": _isinstance, "type": _Type}


@contextmanager
def asked_for(spaces: Iterable[tuple[dict[str, Any], str]]) -> Iterator[None]:
    """Let the names mean the functions above in these namespaces, until the block ends."""
    done = []
    try:
        for space, name in spaces:
            if name not in space:
                space[name] = _STAND_INS[name]
                done.append((space, name))
        yield
    finally:
        for space, name in done:
            space.pop(name, None)
