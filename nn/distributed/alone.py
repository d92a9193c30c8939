"""Alone: the group of one process, for which there is nothing to exchange."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


class Alone:
    """What a training asks of its group, for a process that is alone.

    Attributes
    ----------
    rank, size : int
        This process's number, from 0, and how many there are.

    Examples
    --------
    >>> group = Alone()
    >>> group.rank, group.size, group.is_main
    (0, 1, True)
    >>> group.sum(np.array([1.0, 2.0])), group.gather("a"), group.on_main("read", lambda: 3)
    (array([1., 2.]), ['a'], 3)
    """

    rank = 0
    size = 1

    @property
    def is_main(self) -> bool:
        """Whether this is rank 0, which writes files and shows progress."""
        return self.rank == 0

    def agree(self, what: str, details: Sequence[str] = ()) -> None:
        """Raise on all ranks unless all are about to do the same.

        Parameters
        ----------
        what : str
            What this rank is about to do; a clause for messages.
        details : sequence of str
            What else must be alike, such as shapes, line by line.
        """

    def sum(self, array: Any) -> Any:
        """Return the sum of the ranks' arrays, which have one shape and dtype."""
        return np.array(array)

    def stack(self, array: Any) -> Any:
        """Return the ranks' arrays, which have one shape and dtype, on a new first axis."""
        return np.array(array)[None]

    def gather(self, value: T) -> list[T]:
        """Return the ranks' objects, in their order."""
        return [value]

    def broadcast(self, value: T) -> T:
        """Return the object of rank 0."""
        return value

    def copy_from_main(self, what: str, arrays: Sequence[Any]) -> None:
        """Write rank 0's numbers into the other ranks' arrays of the same shapes."""

    def on_main(self, what: str, function: Callable[[], T]) -> T:
        """Run a function on rank 0 and return its result on all; if it raises, all raise."""
        return function()


ALONE = Alone()
FOUND: list[Alone] = []  # the group of this process, once somebody has asked for it


def found_group() -> Alone:
    """Return the group of this process: what a copy of a group stands for.

    Examples
    --------
    >>> found_group().size
    1
    """
    return FOUND[0] if FOUND else ALONE
