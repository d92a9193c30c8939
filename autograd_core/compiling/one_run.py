"""One call that is to be recorded: its arguments, taken apart, and what runs must not change."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.base import tree
from autograd_core.compiling.arguments import Kind, array_in, is_static, names_of
from autograd_core.compiling.captured import CapturedState
from autograd_core.compiling.outside import Seen
from autograd_core.engine.tensor import Tensor
from autograd_core.transforms.random_sources import state_of


class Run:
    """One call that is to be recorded: the function's arguments, taken apart."""

    def __init__(
        self,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        keywords: dict[str, Any],
        wanted: tuple[tuple[int, ...], list[Tensor]],
        reason: str,
    ) -> None:
        self.args = args
        self.keywords = keywords
        self.chosen, self.tensors = wanted
        self.reason = reason
        self.names = names_of(f, args, keywords)
        self.leaves = tree.leaves((args, keywords))
        marked = [k in self.chosen for k, a in enumerate(args) for _ in tree.leaves(a)]
        self.marked = marked + [False] * (len(self.leaves) - len(marked))
        pairs = list(zip(self.leaves, self.marked, strict=True))
        self.settings = [x for x, d in pairs if is_static(array_in(x, d))]
        self.kinds = [Kind(x, d, n) for (x, d), n in zip(pairs, self.names, strict=True)]
        self.seen = Seen()


def unwritable(name: str, array: Any) -> Any:
    """Return an array's view that nobody can write into."""
    view = array.view()
    view.flags.writeable = False
    return view


def locked_arguments(structure: Any, watch: CapturedState) -> Any:
    """Return arguments that nobody can write into: views, unless the function may know them."""
    views: dict[int, Any] = {}

    def locked(leaf: Any) -> Any:
        if leaf.__class__ is not np.ndarray or id(leaf) in watch.arrays:
            return leaf
        return views.setdefault(id(leaf), unwritable("", leaf))

    return tree.map_leaves(locked, structure)


def random_states(sources: list[Any]) -> Any:
    """Return the state of some random sources, and of Python's and NumPy's own."""
    states = [repr(state_of(source)) for source in sources]
    numpy_state: Any = np.random.get_state()
    return states, numpy_state[1].tobytes(), numpy_state[2], random.getstate()
