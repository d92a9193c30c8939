"""Locks that the child of a fork finds free: whoever held them did not come along."""

from __future__ import annotations

import os
from threading import RLock
from types import TracebackType
from weakref import WeakSet

_every: WeakSet[Lock] = WeakSet()


class Lock:
    """A reentrant lock for a with-block, new in the child of a fork.

    Examples
    --------
    >>> lock = Lock()
    >>> with lock, lock:
    ...     print("inside")
    inside
    """

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = RLock()
        _every.add(self)

    def __enter__(self) -> None:
        """Wait until no other thread is inside."""
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the next thread in."""
        self._lock.release()


def _renew() -> None:  # pragma: no cover - runs in the child
    for lock in _every:
        lock._lock = RLock()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_renew)
