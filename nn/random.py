"""The random source that layers and initializers draw from.

One NumPy Generator for the whole package.  `manual_seed` sets it, and its state
can be read and put back, so that a checkpoint can continue the same sequence.
A layer that draws has an attribute ``rng``; assign another Generator to give it
a sequence of its own.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from nn.random_states import checked_random_state


class _Shared(np.random.Generator):
    """A Generator that copies and pickles refer to, instead of having one each."""

    def __deepcopy__(self, memo: Any) -> _Shared:
        return self

    def __reduce__(self) -> Any:
        return generator, ()


_generator = _Shared(np.random.PCG64())
if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    # A fork waits for a draw of another thread to end: its child would wait for ever.
    _drawing = _generator.bit_generator.lock
    os.register_at_fork(
        before=_drawing.acquire,
        after_in_parent=_drawing.release,
        after_in_child=_drawing.release,
    )


def generator() -> np.random.Generator:
    """Return the shared Generator."""
    return _generator


def manual_seed(seed: int) -> np.random.Generator:
    """Start the shared random sequence anew.

    Parameters
    ----------
    seed : int
        Any non-negative integer.

    Returns
    -------
    numpy.random.Generator
        The shared Generator.

    Examples
    --------
    >>> a = manual_seed(0).random()
    >>> a == manual_seed(0).random()
    True
    """
    _generator.bit_generator.state = np.random.PCG64(seed).state
    return _generator


def get_rng_state() -> dict[str, Any]:
    """Return the state of the shared Generator: a dictionary of strings and integers."""
    return dict(_generator.bit_generator.state)


def set_rng_state(state: dict[str, Any]) -> None:
    """Put the shared Generator back into a state that `get_rng_state` returned.

    Raises
    ------
    StateDictError
        If it is no such state; the Generator stays as it was.

    Examples
    --------
    >>> state = get_rng_state()
    >>> a = generator().random()
    >>> set_rng_state(state)
    >>> generator().random() == a
    True
    """
    live = _generator.bit_generator.state
    _generator.bit_generator.state = checked_random_state("set_rng_state", live, state)
