"""Tensors that are another thing while a function runs, and afterwards what they were."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd_core.engine.tensor import Tensor

_Saved = list[tuple[Tensor, Any, Any, Any]]
_out: dict[object, tuple[int, _Saved]] = {}  # by run: the thread, and what it has changed


@contextmanager
def put_back(tensors: Sequence[Tensor]) -> Iterator[None]:
    """Put data, node and level of Tensors back at the end; in a child forked meanwhile, too."""
    key = object()
    saved = [(t, t._held, t._node, t._level) for t in tensors]
    _out[key] = threading.get_ident(), saved
    try:
        yield
    finally:
        late: KeyboardInterrupt | None = None
        away = True
        while away:  # an interrupt waits until everything is back in its place
            try:
                _put(saved)
                _out.pop(key, None)
                away = False
            except KeyboardInterrupt as error:
                late = error
        if late is not None:
            raise late


def _put(saved: _Saved) -> None:
    for tensor, data, node, level in saved:
        tensor._held, tensor._node, tensor._level = data, node, level


def _in_child() -> None:
    """Put back what threads have changed that do not run in this child."""
    for key, (thread, saved) in reversed(_out.copy().items()):
        if thread != threading.get_ident():
            _put(saved)
            del _out[key]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
