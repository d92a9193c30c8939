"""Tensors that are another thing while a function runs, and afterwards what they were."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd_core.base import errors
from autograd_core.base.locks import new_lock
from autograd_core.base.source import Location
from autograd_core.engine.tensor import Tensor

_Saved = list[tuple[Tensor, Any, Any, Any]]
PATIENCE = 60.0  # seconds to wait for another thread's turn
_turn = new_lock()  # two threads that change one Tensor would put back each other's changes
_out: dict[object, tuple[int, _Saved]] = {}  # by run: the thread, and what it has changed


@contextmanager
def put_back(tensors: Sequence[Tensor]) -> Iterator[None]:
    """Put data, node and level of Tensors back at the end; in a child forked meanwhile, too."""
    if not tensors:
        yield
        return
    with turn():
        key = object()
        saved = [(t, t._held, t._node, t._level) for t in tensors]
        _out[key] = threading.get_ident(), saved
        try:
            yield
        finally:
            _surely(saved, key)


@contextmanager
def turn() -> Iterator[None]:
    """Wait until no other thread records: what stands for a Tensor stands for it everywhere."""
    if not _turn.acquire(timeout=PATIENCE):
        raise errors.SettingError(
            f"compile: another thread has been recording for {PATIENCE} seconds, and waits for "
            "this one, or does not end; call each compiled function once before the threads start.",
            Location.of_caller(),
        )
    with _turn:  # left at the end of the block, whatever interrupts it
        _turn.release()
        yield


def _surely(saved: _Saved, key: object) -> None:
    """Put everything back; an interrupt waits until it is in its place."""
    late: KeyboardInterrupt | None = None
    away = True
    while away:
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


def _in_child() -> None:  # pragma: no cover - runs in the child
    """Put back what threads have changed that do not run in this child."""
    for key, (thread, saved) in reversed(_out.copy().items()):
        if thread != threading.get_ident():
            _put(saved)
            del _out[key]


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_in_child)
