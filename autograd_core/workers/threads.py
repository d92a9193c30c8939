"""Work shared among threads: NumPy and compiled kernels release the interpreter's lock.

`share(task, count)` runs ``task(0) .. task(count - 1)``, the caller among the
workers; whoever is free takes the next number.  Workers sleep between calls.
A task writes only where no other does, so the result does not depend on who ran it.
Workers see the caller's context variables, `numpy.errstate` and `use_kernels` among them.

Workers keep off the core that the caller runs on.  In a virtual machine Linux takes an idle core
for a busy one, wakes a worker on its waker's core, and parts the two only after milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from contextvars import copy_context
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


def _core_of_caller() -> Callable[[], int] | None:
    """Return what tells the core that its caller runs on; None where workers cannot be placed."""
    if not hasattr(os, "sched_setaffinity"):  # pragma: no cover - systems other than Linux
        return None
    found: Callable[[], int] | None = getattr(ctypes.CDLL(None), "sched_getcpu", None)
    return found


class _Round:
    """One call of `share`: the numbers still to take, and the helpers at work."""

    def __init__(self, task: Task, count: int) -> None:
        self.task, self.count = task, count
        self.context = copy_context()
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
            context = self.context.copy()
        context.run(self.work)
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
        del self.task, self.context  # and with them the arrays that they hold
        if self.error is not None:
            raise self.error


def _nothing() -> None:
    pass


class _Pool:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.rounds: SimpleQueue[_Round] = SimpleQueue()
        self.workers: list[threading.Thread] = []
        self.core, self.avoided = _core_of_caller(), -1
        self.linger: Callable[[], None] = _nothing
        self.recall: Callable[[], None] = _nothing

    def grow(self, size: int) -> None:
        with self.lock:
            while len(self.workers) < size:
                name = f"worker {len(self.workers)}"
                worker = threading.Thread(target=self.serve, name=name, daemon=True)
                try:
                    worker.start()
                except RuntimeError:  # the system has no more threads: fewer do the work
                    return
                self.workers.append(worker)
                self.avoided = -1

    def make_way(self) -> None:
        """Keep the workers off the caller's core, if it has moved since the last call."""
        if self.core is None or (here := self.core()) == self.avoided:
            return
        with self.lock:
            self.avoided = here
            allowed = os.sched_getaffinity(os.getpid())  # the main thread's
            try:
                for worker in self.workers:
                    assert worker.native_id is not None  # it has started
                    os.sched_setaffinity(worker.native_id, allowed - {here} or allowed)
            except OSError:  # not allowed here
                self.core = None

    def serve(self) -> None:
        while True:
            self.rounds.get().help()
            self.linger()


_pool = _Pool()


def _forget() -> None:  # pragma: no cover - runs in the child
    """Start anew in a forked child, where the workers did not come along."""
    global _pool
    _pool = _Pool()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
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
    pool.make_way()
    turn = _Round(task, count)
    pool.recall()
    for _ in range(helpers):
        pool.rounds.put(turn)
    turn.work()
    turn.finish()


def make_room() -> None:
    """End the helpers' looking out: the threads of another library are to work on their cores.

    A helper looks out without a pause, so a thread that shares its core would wait for it.
    """
    _pool.recall()


def summon(
    helpers: int, awake: int, linger: Callable[[], None], recall: Callable[[], None]
) -> None:
    """Wake workers, to do what is called `linger` after each of their rounds.

    Parameters
    ----------
    helpers : int
        How many are wanted.
    awake : int
        How many of them linger already.
    linger : callable
        Takes a while, without the interpreter's lock.
    recall : callable
        Ends it: a round of `share` is to begin.
    """
    pool = _pool
    missing = helpers - awake - pool.rounds.qsize()
    if missing > 0:
        pool.linger, pool.recall = linger, recall
        pool.grow(helpers)
        pool.make_way()
        for _ in range(missing):
            pool.rounds.put(_Round(lambda _: None, 0))
