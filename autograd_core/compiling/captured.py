"""What a function reads besides its arguments, watched from call to call."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from autograd_core.compiling.places import Contents, Got, array_bytes, array_form
from autograd_core.compiling.walking import Swap, Walk
from autograd_core.engine.tensor import Tensor


class Watch(Walk):
    """The state of everything that some functions can reach.

    Parameters
    ----------
    *roots
        Functions, bound methods, objects.
    seen : Seen, optional
        What a run was seen to do: code that did not run is not looked into.

    Examples
    --------
    >>> scale = [2.0]
    >>> def f(x): return scale[0] * x
    >>> watch = Watch(f)
    >>> watch.changed() is None
    True
    >>> scale[0] = 3.0
    >>> watch.changed()
    'scale[0] was 2.0, is 3.0'
    """

    def changed(self) -> str | None:
        """Return what has changed, in words; None if nothing has."""
        for place in self._places:
            found = place.changed()
            if found is not None:
                return found
        return None

    def settle(self, tensors: Collection[int], arrays: Collection[int]) -> None:
        """Take note of what a program reads by itself at every call.

        Parameters
        ----------
        tensors : collection of int
            The identities of Tensors whose data it reads: these need no watching.
        arrays : collection of int
            The identities of arrays that it reads by reference, and guards what Python took
            from them.  All the others are compared by their bytes.
        """
        live = set(arrays) - self._unmovable
        own = set()
        for name, tensor in self.tensors.values():
            if id(tensor) in tensors:
                own.add(id(tensor._held))
            else:
                self._places.append(Got(f"the Tensor {name}", lambda t: t._held, tensor))
                self._places.append(Got(f"requires_grad of {name}", lambda t: t._level, tensor))
        for key, (name, array) in self.arrays.items():
            if key in live:
                self._places.append(Contents(name, array_form, array, "shape or strides"))
            elif key not in own and array.dtype.kind != "O":
                self._places.append(Contents(name, array_bytes, array, "numbers"))

    @contextmanager
    def read_only(self, *others: Any) -> Iterator[None]:
        """Let nobody write into the arrays: a program would not do it again at the next call."""
        arrays = {id(a): a for a in (*(a for _, a in self.arrays.values()), *others)}
        locked = [a for a in arrays.values() if a.flags.writeable]
        locked.sort(key=_depth)  # a view is unlocked after what it looks into
        unlock = map(partial(np.ndarray.setflags, write=True), locked)
        try:
            deque(map(partial(np.ndarray.setflags, write=False), locked), 0)
            yield
        finally:  # in one call, so that no interrupt comes half-way
            deque(unlock, 0)

    def captures(self) -> bool:
        """Whether something can stand for a captured array or Tensor."""
        return bool(self.swaps or self.tensors) and not self.by_class

    @contextmanager
    def swapped(
        self, stand_in: Callable[[str, Any], Any], tracked: Collection[Tensor] = ()
    ) -> Iterator[list[str]]:
        """Let something else stand for captured arrays; yield what was replaced meanwhile.

        Tensors that are not `tracked` are constants meanwhile, with such data.
        """
        known = {id(t) for t in tracked}
        held = [
            (name, t)
            for name, t in self.tensors.values()
            if id(t) not in known and t.is_leaf and isinstance(t._held, np.ndarray)
        ]
        saved = [(t, t._held, t._node, t._level) for _, t in held]
        rebound: list[str] = []
        made: dict[int, Any] = {}
        done: list[Swap] = []
        try:
            for name, tensor in held:
                tensor._held = stand_in(name, tensor._held)
                tensor._node, tensor._level = None, 0
            for swap in self.swaps:
                key = id(swap.array)
                made[key] = stand_in(swap.name, swap.array)
                done.append(swap)
                swap.put(made[key])
            yield rebound
            rebound += [s.name for s in done if s.get() is not made[id(s.array)]]
        finally:
            late: KeyboardInterrupt | None = None
            away = True
            while away:  # an interrupt waits until everything is back in its place
                try:
                    for swap in done:
                        swap.put(swap.array)
                    for tensor, data, node, level in saved:
                        tensor._held, tensor._node, tensor._level = data, node, level
                    away = False
                except KeyboardInterrupt as error:
                    late = error
            if late is not None:
                raise late


def _depth(array: Any) -> int:
    """Return how many arrays stand between an array and its memory."""
    depth = 0
    while (array := getattr(array, "base", None)) is not None:
        depth += 1
    return depth
