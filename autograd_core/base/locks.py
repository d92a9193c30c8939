"""Locks that are free in the child of a fork: the threads that held them do not exist there."""

from __future__ import annotations

import os
from threading import RLock
from typing import Any
from weakref import WeakSet

_every: WeakSet[Any] = WeakSet()


def new_lock() -> Any:
    """Return a reentrant lock, free again in the child of a fork.

    Python's own class, because entering one that is written in Python takes as long as a sweep
    over two nodes.

    Examples
    --------
    >>> lock = new_lock()
    >>> with lock, lock:
    ...     print("inside")
    inside
    """
    lock = RLock()
    _every.add(lock)
    return lock


def _renew() -> None:  # pragma: no cover - runs in the child
    for lock in _every:
        lock._at_fork_reinit()  # as Python's threading does it


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_renew)
