"""Random streams of ranks: rank 0 keeps its own, every other rank gets one that follows from it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np

from ..errors import StateDictError
from ..random import generator, own_sources, source_state
from .alone import Alone


def streams_of_ranks(state: Mapping[str, Any]) -> list[Any]:
    """Return the random states that a checkpoint holds, in the order of the ranks that wrote it.

    Raises
    ------
    StateDictError
        If they are no list.

    Examples
    --------
    >>> streams_of_ranks({"random": "rank 0's", "ranks": ["rank 1's"]})
    ["rank 0's", "rank 1's"]
    """
    others = state.get("ranks", ())
    if not isinstance(others, (list, tuple)):
        raise StateDictError(
            f"Trainer: 'ranks' is a {type(others).__name__}; it must be a list of random states."
        )
    return [state["random"], *others]


def reseed_layers(module: Any, rank: int) -> None:
    """Give a rank that a checkpoint does not know a stream that follows from rank 0's."""
    for name, source in layer_sources(module).items():
        reseed(source, source_state(source), name, rank)


def layer_sources(module: Any) -> dict[str, Any]:
    """Return the random sources that a model's layers draw from, by name."""
    inner = getattr(module, "module", module)
    return {"nn": generator(), **own_sources({"model": inner})[0]}


def spread(group: Alone, module: Any) -> None:
    """Give each rank a random stream of its own: all layers drop other units on other ranks.

    The global sources of NumPy and Python, which data are often shuffled with, stay alike.
    """
    sources = layer_sources(module)
    states = group.broadcast({name: source_state(s) for name, s in sources.items()})
    for name, source in sources.items():
        if group.rank and name in states:
            reseed(source, states[name], name, group.rank)


def reseed(source: Any, state: Any, name: str, rank: int) -> None:
    """Let a source begin a stream that a state of the same kind, its name and the rank decide.

    Examples
    --------
    >>> a, b = np.random.default_rng(0), np.random.default_rng(0)
    >>> reseed(b, source_state(a), "nn", 1)
    >>> a.random() == b.random()
    False
    """
    text = f"{name} {rank} {_shown(state)}"
    number = int.from_bytes(sha256(text.encode()).digest()[:16])
    if isinstance(source, random.Random):
        source.seed(number)
    elif isinstance(source, np.random.RandomState):
        source.seed(number % 2**32)
    elif not isinstance(source, np.random.SeedSequence):
        bits = source.bit_generator if isinstance(source, np.random.Generator) else source
        bits.state = type(bits)(number).state


def _shown(state: Any) -> str:
    """Return a state as text, all of it."""
    if isinstance(state, np.ndarray):
        return str(state.tolist())
    if isinstance(state, Mapping):
        return str({str(key): _shown(value) for key, value in state.items()})
    return str(state)
