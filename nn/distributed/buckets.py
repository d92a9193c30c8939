"""Gradients reduced while the sweep goes on: in buckets, whose order is the same on all ranks.

The sweep tells when a parameter's gradient is complete. It is copied into its place in a bucket,
and a full bucket is sent, if all buckets before it are. So MPI, which joins messages by their
order, sees the same sequence on every rank, whatever each rank's graph was. What is missing at the
sweep's end is filled up with zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd_core import Tensor, UnsupportedError
from autograd_core.extend import after_backward

from .group import Group


class Place(NamedTuple):
    """Where a parameter's gradient lies: in which bucket, from where to where."""

    bucket: int
    start: int
    stop: int


class Bucket:
    """One message: the gradients of some parameters of one dtype, one behind the other."""

    def __init__(self, dtype: Any, size: int, count: int) -> None:
        self.memory = np.empty(size, dtype)
        self.count = count  # parameters
        self.missing = count
        self.sent = False


def packed(arrays: Sequence[Any], capacity: float) -> tuple[list[Bucket], list[Place]]:
    """Return buckets of at most so many bytes, and each array's place; the last array's first.

    A larger array has a bucket of its own.  Half precision is summed in single precision.

    Examples
    --------
    >>> buckets, places = packed([np.ones(3), np.ones(4, "f4"), np.ones(2)], capacity=32)
    >>> [(b.memory.dtype.name, b.memory.size, b.count) for b in buckets]
    [('float64', 2, 1), ('float32', 4, 1), ('float64', 3, 1)]
    >>> places[0]
    Place(bucket=2, start=0, stop=3)
    """
    plans: list[tuple[Any, list[int]]] = []  # dtype, arrays
    sizes: list[int] = []
    for k in reversed(range(len(arrays))):
        array = arrays[k]
        dtype = np.dtype(np.float32) if array.dtype.char == "e" else array.dtype
        size = array.size * dtype.itemsize
        if not plans or plans[-1][0] != dtype or sizes[-1] + size > capacity:
            plans.append((dtype, []))
            sizes.append(0)
        plans[-1][1].append(k)
        sizes[-1] += size
    places: dict[int, Place] = {}
    for number, (_, members) in enumerate(plans):
        start = 0
        for k in members:
            places[k] = Place(number, start, start + arrays[k].size)
            start += arrays[k].size
    buckets = [Bucket(d, sum(arrays[k].size for k in ks), len(ks)) for d, ks in plans]
    return buckets, [places[k] for k in range(len(arrays))]


class Reducer:
    """Averages the gradients of some parameters over the ranks, in each `backward`.

    Parameters
    ----------
    group : Group
        The ranks.
    name : str
        The model's, for messages.
    parameters : list of (str, Parameter)
        In one order on all ranks.
    capacity : float
        Bytes in a bucket.
    main_arrays : callable
        Returns the arrays that the other ranks take from rank 0 at each sweep's end.

    Attributes
    ----------
    signature : list of str
        What the buckets were made for.
    running : bool
        Whether a sweep has begun and not ended.
    """

    def __init__(
        self,
        group: Group,
        name: str,
        parameters: list[tuple[str, Any]],
        capacity: float,
        main_arrays: Any,
    ) -> None:
        self.group, self.name = group, name
        self.parameters = [p for _, p in parameters]
        self.signature = signature_of(parameters)
        group.agree(f"averages the gradients of {name}", self.signature)
        self._comm = group.new_comm()
        self._buckets, self._places = packed([p.data for p in self.parameters], capacity)
        self._main_arrays = main_arrays
        self._ready: set[int] = set()
        self._next = 0  # the first bucket that is not sent
        self.running = False
        self._sweeps = 0
        self._requests: list[Any] = []

    def add(self, k: int) -> None:
        """Take a gradient that is complete, and send what can be sent."""
        self._fill(k)
        self._send()
        if self._requests:
            self.group.mpi.Request.Testall(self._requests)  # MPI moves on only when it is called

    def begin(self, parameters: list[tuple[str, Any]]) -> None:
        """Begin with a sweep; the parameters are of the same names, shapes and dtypes as ever."""
        self.parameters = [p for _, p in parameters]
        if self._requests:  # a sweep that failed has sent them: on all ranks, or none can go on
            self.group.agree(f"goes on after sweep {self._sweeps} through {self.name} has failed")
            self._drop()
        self.running = True
        self._ready.clear()
        self._next = 0
        for bucket in self._buckets:
            bucket.missing, bucket.sent = bucket.count, False
        after_backward(self._end)

    def _fill(self, k: int) -> None:
        bucket, start, stop = self._places[k]
        into = self._buckets[bucket]
        gradient = self.parameters[k].grad
        piece = into.memory[start:stop]
        if gradient is None:
            piece[...] = 0
        elif gradient.requires_grad:
            raise UnsupportedError(
                f"DataParallel: the sweep through {self.name} is recorded (create_graph=True), and "
                "gradients that are averaged over ranks have no derivative. Compute them inside "
                "no_sync(), or with gradients()."
            )
        else:
            piece.reshape(gradient.shape)[...] = gradient.data
        self._ready.add(k)
        into.missing -= 1

    def _send(self) -> None:
        while self._next < len(self._buckets) and not self._buckets[self._next].missing:
            bucket = self._buckets[self._next]
            self._post(self._comm.Iallreduce(self.group.mpi.IN_PLACE, bucket.memory))
            self._next += 1

    def _post(self, request: Any) -> None:
        self._requests.append(request)
        self.group.requests.append(request)

    def _drop(self) -> None:
        """Wait for what was sent."""
        for request in self._requests:
            self.group.wait(request)
            self.group.requests.remove(request)
        self._requests = []

    def _end(self, error: BaseException | None) -> None:
        """Average what the sweep has found; if it failed, send the rest for the others' sake."""
        if not self.running:
            return
        self.running = False
        self._sweeps += 1
        if error is None:
            self.group.agree(f"averages the gradients of {self.name}, sweep {self._sweeps}")
        used = np.zeros(len(self.parameters), np.int32)
        for k, p in enumerate(self.parameters):
            if k not in self._ready:
                self._fill(k) if error is None else self._skip(k)
            used[k] = p.grad is not None
        self._send()
        self._post(self._comm.Iallreduce(self.group.mpi.IN_PLACE, used))
        arrays = self._main_arrays()
        sent = [np.asarray(a, order="C") for a in arrays]
        for array in sent:
            self._post(self._comm.Ibcast(array.reshape(-1).view(np.uint8)))
        if error is not None:
            return
        self._drop()
        for array, new in zip(arrays, sent, strict=True):
            if new is not array:
                np.copyto(array, new)
        self._write(used)

    def _skip(self, k: int) -> None:
        bucket, start, stop = self._places[k]
        self._buckets[bucket].memory[start:stop] = 0
        self._buckets[bucket].missing -= 1

    def _write(self, used: Any) -> None:
        """Write the averages; a parameter that no rank has used keeps what it had."""
        for full in self._buckets:
            np.divide(full.memory, self.group.size, out=full.memory)
        for p, (bucket, start, stop), count in zip(
            self.parameters, self._places, used, strict=True
        ):
            if not count:
                continue
            mean = self._buckets[bucket].memory[start:stop].reshape(p.shape)
            if p.grad is not None and p.grad.data.flags.writeable:
                np.copyto(p.grad.data, mean, casting="same_kind")
            else:
                p.grad = Tensor(mean.astype(p.dtype))


def signature_of(parameters: list[tuple[str, Any]]) -> list[str]:
    """Return names, shapes and dtypes, line by line."""
    return [f"{name}, shape {p.shape}, {p.dtype}" for name, p in parameters]
