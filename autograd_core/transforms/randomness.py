"""Random draws under vmap: refused unless asked for, then one for each example, or one for all.

A function that draws its numbers from NumPy cannot know that it runs for a whole
batch.  So whatever the library draws goes through `draw`, which asks the vmaps
that are running what they want.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from autograd_core.base import errors
from autograd_core.base.source import Location

CHOICES = ("error", "different", "same")
_running: ContextVar[tuple[tuple[Any, str], ...]] = ContextVar("running vmaps", default=())


class running:  # noqa: N801 - a statement more than a thing; a class costs half a generator
    """Say that a function runs for this batch, and what its draws shall do (context manager)."""

    __slots__ = ("_entry", "_token")

    def __init__(self, batch: Any, randomness: str) -> None:
        self._entry = (batch, randomness)

    def __enter__(self) -> None:
        self._token = _running.set((*_running.get(), self._entry))

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        _running.reset(self._token)


def draw(
    sample: Callable[[tuple[int, ...]], Any], shape: tuple[int, ...], operation: str = "draw"
) -> Any:
    """Draw random numbers as every running vmap asks for.

    Parameters
    ----------
    sample : callable
        From a shape to an array of that shape, filled with random numbers.
    shape : tuple of int
        The shape for one example.
    operation : str
        What the numbers are for, in messages.

    Returns
    -------
    array
        ``sample(shape)`` outside of vmap and with ``randomness="same"``; with
        ``randomness="different"`` a batch of them, drawn at once.

    Raises
    ------
    UnsupportedError
        With ``randomness="error"``, the default of vmap.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import vmap
    >>> rng = np.random.default_rng(0)
    >>> noisy = lambda x: x + draw(rng.standard_normal, x.shape)
    >>> vmap(noisy, randomness="same")(np.zeros(3))
    array([0.12573022, 0.12573022, 0.12573022])
    >>> vmap(noisy, randomness="different")(np.zeros(3))
    array([-0.13210486,  0.64042265,  0.10490012])
    """
    vmaps = _running.get()
    if not vmaps:
        return sample(shape)
    if any(randomness == "error" for _, randomness in vmaps):
        raise errors.UnsupportedError(
            f"{operation}: random numbers under vmap. Choose one: "
            'vmap(f, randomness="different") draws for each example, '
            'vmap(f, randomness="same") once for all of them.',
            Location.of_caller(),
        )
    different = [batch for batch, randomness in vmaps if randomness == "different"]
    value = sample((*(batch.size for batch in different), *shape))
    for batch in different:  # the outermost vmap's axis comes first
        value = batch.wrap(value)
    return value
