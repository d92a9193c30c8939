"""Work shared among threads: NumPy and compiled kernels let go of the interpreter's lock.

`share(task, count)` runs ``task(0) .. task(count - 1)``, the caller among the
workers; whoever is free takes the next number.  Workers sleep between calls.
A task writes only where no other does, so the result does not depend on who ran it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from itertools import count as counter
from queue import SimpleQueue
from typing import Any

Task = Callable[[int], Any]


def available() -> int:
    """Return how many threads to use: OMP_NUM_THREADS if it is set, else the process's cores."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # pragma: no cover - systems other than Linux


class _Round:
    """One call of `share`: the numbers still to take, and the helpers at work."""

    def __init__(self, task: Task, count: int) -> None:
        self.task, self.count = task, count
        self.next = counter()
        self.error: BaseException | None = None
        self.lock, self.last = threading.Lock(), threading.Lock()
        self.helpers, self.closed = 0, False

    def work(self) -> None:
        try:
            while (k := next(self.next)) < self.count and self.error is None:
                self.task(k)
        except BaseException as error:
            self.error = error

    def help(self) -> None:
        """Work, unless the caller has seen to everything already."""
        with self.lock:
            if self.closed:
                return
            self.helpers += 1
        self.work()
        with self.lock:
            self.helpers -= 1
            if self.closed and not self.helpers:
                self.last.release()

    def finish(self) -> None:
        """Wait for the helpers that are still at work; those that have not begun stay away."""
        self.last.acquire()
        with self.lock:
            self.closed = True
            waiting = self.helpers > 0
        if waiting:
            self.last.acquire()
        del self.task  # and with it the arrays that it holds
        if self.error is not None:
            raise self.error


class _Pool:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.rounds: SimpleQueue[_Round] = SimpleQueue()
        self.size = 0

    def grow(self, size: int) -> None:
        with self.lock:
            while self.size < size:
                name = f"nn worker {self.size}"
                threading.Thread(target=self.serve, name=name, daemon=True).start()
                self.size += 1

    def serve(self) -> None:
        while True:
            self.rounds.get().help()


_pool = _Pool()


def _forget() -> None:
    """Start anew in a forked child, where the workers did not come along."""
    global _pool
    _pool = _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def share(task: Task, count: int, threads: int) -> None:
    """Run ``task(k)`` for k in range(count) on several threads; raise what a task raised.

    Parameters
    ----------
    task : callable
        Takes the number; should let go of the interpreter's lock for most of its time.
    count : int
        How many there are.
    threads : int
        How many to use, the caller's included.

    Examples
    --------
    >>> found = [0] * 4
    >>> share(lambda k: found.__setitem__(k, k * k), 4, threads=2)
    >>> found
    [0, 1, 4, 9]
    """
    helpers = min(threads, count) - 1
    if helpers < 1:
        for k in range(count):
            task(k)
        return
    pool = _pool
    pool.grow(helpers)
    turn = _Round(task, count)
    for _ in range(helpers):
        pool.rounds.put(turn)
    turn.work()
    turn.finish()
