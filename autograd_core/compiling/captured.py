"""What a function reads besides its arguments, watched from call to call."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd_core.compiling.places import (
    Contents,
    Got,
    Place,
    array_bytes,
    array_digest,
    array_form,
    first_change,
)
from autograd_core.compiling.shadows import Shadows
from autograd_core.compiling.tensors import put_back
from autograd_core.compiling.walking import Walk
from autograd_core.engine.tensor import Tensor


class CapturedState(Walk):
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
    >>> watch = CapturedState(f)
    >>> watch.changed() is None
    True
    >>> scale[0] = 3.0
    >>> watch.changed()
    'scale[0] was 2.0, is 3.0'
    """

    def changed(self) -> str | None:
        """Return what has changed, in words; None if nothing has."""
        return first_change(self._places)

    def leave_to_program(self, tensors: Collection[int], arrays: Collection[int]) -> None:
        """Take note of what a program reads by itself at every call.

        Parameters
        ----------
        tensors : collection of int
            The identities of Tensors whose data it reads: these need no watching.
        arrays : collection of int
            The identities of arrays that it reads by reference, and guards what Python took
            from them.  All the others are compared by their bytes.
        """
        live = set(arrays) - self.links.unmovable()
        own = set()
        del self.links, self.asked  # of the recording only
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

    def digests(self, live: bool = False) -> list[Place]:
        """Return the arrays' numbers as they are now, to be compared after a run.

        In a `live` run nobody meets those for which something stands.
        """
        unmet = self.links.movable() - self.links.unmovable() if live else set()
        return [
            Contents(name, array_digest, array, "numbers")
            for key, (name, array) in self.arrays.items()
            if array.dtype.kind != "O" and key not in unmet
        ]

    def restoring(self) -> Callable[[], None]:
        """Return what puts back the numbers of arrays for which nothing can stand.

        They are few: a layer's running statistics, attributes of classes.
        """
        movable = self.links.movable() if self.captures() else set()
        kept = [
            (array, array.copy())
            for key, (_, array) in self.arrays.items()
            if key not in movable and array.flags.writeable
        ]

        def restore() -> None:
            for array, copy in kept:
                if array.tobytes() != copy.tobytes():
                    array[...] = copy

        return restore

    def captures(self) -> bool:
        """Whether something can stand for a captured array or Tensor."""
        return bool(self.links.movable() or self.tensors) and not self.by_class

    def shadows(self, stand_in: Callable[[str, Any], Any] | None) -> Shadows:
        """Return copies of the functions, in which something stands for captured arrays."""
        if stand_in is None:
            return Shadows(self.links.needed(()), lambda array: array, self.asked)
        return Shadows(
            self.links.needed(self.links.movable()),
            lambda array: stand_in(self.arrays[id(array)][0], array),
            self.asked,
        )

    @contextmanager
    def swapped(
        self, stand_in: Callable[[str, Any], Any], tracked: Collection[Tensor] = ()
    ) -> Iterator[None]:
        """Let something else stand for the data of captured Tensors.

        Tensors that are not `tracked` are constants meanwhile, with such data.
        """
        known = {id(t) for t in tracked}
        held = [
            (name, t)
            for name, t in self.tensors.values()
            if id(t) not in known and t.is_leaf and isinstance(t._held, np.ndarray)
        ]
        with put_back([t for _, t in held]):
            for name, tensor in held:
                tensor._held = stand_in(name, tensor._held)
                tensor._node, tensor._level = None, 0
            yield
