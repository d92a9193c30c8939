"""The random source that layers and initializers draw from.

One NumPy Generator for the whole package.  `manual_seed` sets it, and its state
can be read and put back, so that a checkpoint can continue the same sequence.
A layer that draws has an attribute ``rng``; assign another Generator to give it
a sequence of its own.
"""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd_core.extend import explains_wrong_calls, named_sources

from .random_states import checked_random_state


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


@explains_wrong_calls
def manual_seed(seed: int) -> np.random.Generator:
    """Restart the shared random sequence.

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


@explains_wrong_calls
def get_rng_state() -> dict[str, Any]:
    """Return the state of the shared Generator: a dictionary of strings and integers.

    Returns
    -------
    dict
        For `set_rng_state`.

    Examples
    --------
    >>> import nn
    >>> _ = nn.manual_seed(0)
    >>> nn.get_rng_state()["bit_generator"]
    'PCG64'
    """
    return dict(_generator.bit_generator.state)


@explains_wrong_calls
def set_rng_state(state: dict[str, Any]) -> None:
    """Restore a state of the shared Generator that `get_rng_state` returned.

    Parameters
    ----------
    state : dict
        From `get_rng_state`.

    Raises
    ------
    StateDictError
        If it is not such a state; the Generator stays as it was.

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


# --- every random source of a training ---------------------------------------


def own_sources(
    roots: Mapping[str, Any], without: Any = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the random sources that objects hold beside the shared ones, and what has no state.

    Parameters
    ----------
    roots : mapping
        Objects by name.
    without
        An object not to look through.

    Returns
    -------
    dict, dict
        Sources by name; and the kind of what cannot be kept, by name.

    Examples
    --------
    >>> list(own_sources({"data": [generator(), np.random.default_rng(0)], "f": random.random})[0])
    ['data[1]']
    """
    found, unkept = named_sources(roots, ("nn", "optim", "autograd_core"), [without])
    shared = {id(_generator), id(_numpy()), id(random.seed.__self__)}  # type: ignore[attr-defined]
    found = {name: source for name, source in found.items() if id(source) not in shared}
    for name in [name for name in found if name in unkept]:
        del found[name]
    return found, unkept


def _numpy() -> Any:
    """Return the RandomState behind ``np.random.rand`` and its kin."""
    return np.random.random.__self__  # type: ignore[attr-defined]


def shared_sources() -> dict[str, Any]:
    """Return the sources that everybody draws from, by name."""
    python = random.seed.__self__  # type: ignore[attr-defined]
    return {"nn": _generator, "numpy": _numpy(), "python": python}


def source_state(source: Any) -> Any:
    """Return the state of a random source: numbers, text, arrays and pytrees of them.

    Examples
    --------
    >>> rng = random.Random(0)
    >>> state = source_state(rng)
    >>> a = rng.random()
    >>> restore_source(rng, state)
    >>> rng.random() == a
    True
    """
    if isinstance(source, np.random.Generator):  # the commonest, in the fewest steps
        return _bits_state(source.bit_generator)
    if isinstance(source, random.Random):
        return source.getstate()
    if isinstance(source, np.random.RandomState):
        return source.get_state(legacy=False)
    if isinstance(source, np.random.SeedSequence):
        return {"spawned": source.n_children_spawned}
    return _bits_state(source)


def _bits_state(bits: Any) -> Any:
    state = bits.state
    spawned = getattr(bits.seed_seq, "n_children_spawned", 0)
    return {**state, "spawned": spawned} if spawned else state


def restore_source(source: Any, state: Any) -> None:
    """Put a random source back into a state that `source_state` returned.

    Raises
    ------
    ValueError, TypeError, KeyError
        If the state is not of this kind of source.
    """
    if isinstance(source, random.Random):
        source.setstate(state)
    elif isinstance(source, np.random.RandomState):
        source.set_state(state)
    elif isinstance(source, np.random.SeedSequence):
        _spawn(source, state["spawned"])
    else:
        bits = source.bit_generator if isinstance(source, np.random.Generator) else source
        bits.state = {key: value for key, value in state.items() if key != "spawned"}
        seeds = getattr(bits, "seed_seq", None)
        if isinstance(seeds, np.random.SeedSequence):
            _spawn(seeds, state.get("spawned", 0))


def _spawn(seeds: np.random.SeedSequence, count: int) -> None:
    """Let a seed sequence have spawned so many children; it knows no way back."""
    if count < seeds.n_children_spawned:
        raise ValueError(
            f"a seed sequence has spawned {seeds.n_children_spawned} children, and cannot go back "
            f"to {count}; draw a seed from a Generator instead"
        )
    if count > seeds.n_children_spawned:
        seeds.spawn(count - seeds.n_children_spawned)


def same_state(a: Any, b: Any) -> bool:
    """Tell whether two states of a random source are one."""
    if isinstance(a, Mapping):
        return a.keys() == b.keys() and all(same_state(a[key], b[key]) for key in a)
    return bool(np.array_equal(a, b)) if isinstance(a, np.ndarray) else bool(a == b)
