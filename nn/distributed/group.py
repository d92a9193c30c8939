"""Group: what several processes exchange, each exchange preceded by a word of what it is.

A process that does something else than the others would let them wait for ever, or would add
numbers that do not belong together.  So before anything is exchanged the ranks compare a checksum
of what they are about to do, 8 bytes each.  If they differ, all of them learn of all and raise.
The end of the script is such an exchange too: whoever waits for a rank that has ended, or failed,
hears of it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, TypeVar

import numpy as np

from autograd_core.extend import Location

from ..errors import DistributedError
from .alone import Alone, found_group
from .watching import Watched

T = TypeVar("T")
# A rank that waits looks again and again; soon it lets others run first, and then it sleeps.
_SPINS, _YIELDS = 20, 150  # looks
_PAUSE = 50e-6  # seconds
_leave_the_processor = getattr(os, "sched_yield", lambda: time.sleep(0))
_FAILED = "has failed with"
_LEAVING = 5.0  # seconds that ranks wait for each other after an error, to show their tracebacks


class Group(Alone):
    """The processes that MPI has started together.

    Parameters
    ----------
    mpi : module
        ``mpi4py.MPI``.
    comm : Comm
        Whose processes; its other messages are kept apart from the group's.
    watched : bool
        Whether somebody shall watch the ranks, and say which of them died.
    """

    def __init__(self, mpi: Any, comm: Any, watched: bool = True) -> None:
        self.mpi = mpi
        self.rank, self.size = comm.rank, comm.size
        self._control = comm.Dup()  # what the ranks are about to do
        self._data = comm.Dup()  # what they exchange once they agree
        self._leaving = comm.Dup()
        self._pid = os.getpid()
        self._error = ""  # why nothing can be exchanged any more
        self._interrupted = False  # whether this rank has left an exchange that others are in
        self._failure: BaseException | None = None  # what ends this rank's script
        self.requests: list[Any] = []  # what was begun, by whoever waits for it
        self._watched = Watched(mpi, comm) if watched else None
        self._hook_into_the_end()

    def new_comm(self) -> Any:
        """Return a communicator for messages that must not meet others; on all ranks."""
        return self._data.Dup()

    # --- agreeing -----------------------------------------------------------

    def agree(self, what: str, details: Sequence[str] = ()) -> None:
        """Raise on all ranks unless all are about to do the same."""
        self._check()
        text = "\n".join((what, *details))
        mine = np.frombuffer(blake2b(text.encode(), digest_size=8).digest(), np.int64)
        found = np.empty(self.size, np.int64)
        self.wait(self._control.Iallgather(mine, found))
        if (found == found[0]).all():
            return
        everyone = self._control.allgather((what, list(details), str(Location.of_caller())))
        self._error = _differing(everyone)
        raise DistributedError(self._error)

    def _check(self) -> None:
        if os.getpid() != self._pid:
            raise DistributedError(
                f"nn.distributed: this process is a child of rank {self.rank}, and only the rank "
                "itself can exchange anything with the others; use the model without DataParallel "
                "in child processes."
            )
        if self._interrupted:
            raise DistributedError(
                f"nn.distributed: rank {self.rank} was interrupted in the middle of an exchange "
                "with the others; start the script again."
            )
        if self._error:
            raise DistributedError(self._error)

    def wait(self, request: Any) -> None:
        """Wait until a request is done, and leave the processor to others meanwhile."""
        looks = 0
        try:
            while not request.Test():
                looks += 1
                if looks > _YIELDS:
                    time.sleep(_PAUSE)
                elif looks > _SPINS:
                    _leave_the_processor()
        except BaseException:
            self._interrupted = True
            raise

    # --- exchanging ---------------------------------------------------------

    def sum(self, array: Any) -> Any:
        """Return the sum of the ranks' arrays."""
        total = np.array(array, order="C")
        self.agree(f"sums an array of shape {total.shape} and {total.dtype}")
        if not total.size:
            return total
        wide = total.astype(np.float32) if total.dtype.char == "e" else total  # MPI has no halves
        self.wait(self._data.Iallreduce(self.mpi.IN_PLACE, wide))
        return wide.astype(total.dtype, copy=False)

    def stack(self, array: Any) -> Any:
        """Return the ranks' arrays on a new first axis."""
        array = np.array(array, order="C")
        found = np.empty((self.size, *array.shape), array.dtype)
        self.agree(f"gathers an array of shape {array.shape} and {array.dtype}")
        if array.size:
            self.wait(self._data.Iallgather(_as_bytes(array), _as_bytes(found)))
        return found

    def gather(self, value: T) -> list[T]:
        """Return the ranks' objects."""
        self.agree("gathers objects")
        found: list[T] = self._data.allgather(value)
        return found

    def broadcast(self, value: T) -> T:
        """Return the object of rank 0."""
        self.agree("takes an object from rank 0")
        found: T = self._data.bcast(value)
        return found

    def copy_from_main(self, what: str, arrays: Sequence[Any]) -> None:
        """Write rank 0's numbers into the others' arrays."""
        self.agree(what, [f"{a.shape} {a.dtype}" for a in arrays])
        for array in arrays:
            if array.size:
                sent = np.asarray(array, order="C")
                self.wait(self._data.Ibcast(_as_bytes(sent)))
                if self.rank and sent is not array:
                    np.copyto(array, sent)

    def on_main(self, what: str, function: Callable[[], T]) -> T:
        """Run a function on rank 0 and return its result on all; if it raises, all raise."""
        result: Any = None
        error: Exception | None = None
        if self.is_main:
            try:
                result = function()
            except Exception as raised:
                error = raised
        message = None if error is None else f"{type(error).__name__}: {error}"
        self.agree(what)
        message, result = self._data.bcast((message, result))
        if error is not None:
            raise error
        if message is not None:
            raise DistributedError(f"rank 0, which {what}, raised {message}")
        return result  # type: ignore[no-any-return]

    # --- the end ------------------------------------------------------------

    def _hook_into_the_end(self) -> None:
        """Tell the others when this rank's script ends, and with what exception."""
        previous = sys.excepthook

        def note(kind: Any, error: Any, traceback: Any) -> None:
            self._failure = error
            previous(kind, error, traceback)

        sys.excepthook = note
        atexit.register(self._end)

    def _end(self) -> None:
        if os.getpid() != self._pid:
            return
        if self._watched is not None:
            self._watched.leave(self._interrupted)
        failure = self._failure
        if not self._error and not self._interrupted:
            what = "has reached the end of the script"
            if failure is not None:
                what = f"{_FAILED} {type(failure).__name__}: {str(failure)[:2000]}"
            with contextlib.suppress(DistributedError):  # those that go on hear of it
                self.agree(what)
                if failure is not None and self.requests:
                    self._error = "all ranks failed alike"
        if self._error or self._interrupted:
            self._leave_together()

    def _leave_together(self) -> None:
        """End without MPI's own end, which waits for exchanges that will not be completed."""
        code = 0 if self._failure is None else 1
        if not self._interrupted:
            request = self._leaving.Ibarrier()
            last = time.monotonic() + _LEAVING
            while not request.Test() and time.monotonic() < last:
                time.sleep(1e-3)
            if request.Test() and not self.requests:
                return
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(code or 1)

    def __reduce__(self) -> Any:
        return found_group, ()  # the communicators stay where they are


def _as_bytes(array: Any) -> Any:
    """Return an array's memory as bytes, so that MPI need not know the dtype."""
    return array.reshape(-1).view(np.uint8)


def _differing(everyone: Sequence[tuple[str, list[str], str]]) -> str:
    """Return the message for ranks that are about to do different things."""
    by_what: dict[str, list[int]] = {}
    for rank, (what, details, where) in enumerate(everyone):
        place = f"  ({where})" if where and not what.startswith("has ") else ""
        by_what.setdefault(what + place + _first_unlike(everyone, details), []).append(rank)
    lines = [
        f"  {'ranks' if len(ranks) > 1 else 'rank'} {', '.join(map(str, ranks))}: {what}"
        for what, ranks in by_what.items()
    ]
    remedy = (
        "Each rank must run the same steps: as many batches, the same layers, shapes and dtypes. "
        "What only one rank shall do, such as printing, must exchange nothing."
    )
    if any(what.startswith(_FAILED) for what, _, _ in everyone):
        remedy = "The traceback of what has failed is that rank's."
    return (
        "nn.distributed: the ranks do not do the same, so none can go on.\n"
        + "\n".join(lines)
        + "\n  "
        + remedy
    )


def _first_unlike(everyone: Sequence[tuple[str, list[str], str]], mine: list[str]) -> str:
    """Return the first detail in which two ranks differ, as it is on this one."""
    others = [details for _, details, _ in everyone if details]
    if len(others) < len(everyone):
        return ""
    for k in range(max(map(len, others))):
        if len({details[k] if k < len(details) else None for details in others}) > 1:
            return ": " + (mine[k] if k < len(mine) else "nothing more")
    return ""
