"""RecordedRun: one recorded run of a function, ready to be counted, measured and analysed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd_core.base import errors, tree
from autograd_core.base.renamed import renamed_names
from autograd_core.base.source import Location
from autograd_core.engine.node import PART, Node, next_tick
from autograd_core.engine.pushing import push
from autograd_core.engine.scopes import Entry, chains, labels
from autograd_core.engine.sweeping import collect, sweep
from autograd_core.engine.tensor import Tensor
from autograd_core.operations.modes import enable_grad, no_grad
from autograd_core.operations.primitive import bare

Function = Callable[..., Any]


class RecordedRun:
    """One recorded run of f: what is differentiated, what came out, the nodes between."""

    def __init__(
        self, f: Function, args: Sequence[Any], keywords: Mapping[str, Any],
        argnums: int | Sequence[int] | None, operation: str,
    ) -> None:  # fmt: skip
        where = Location.of_caller()
        self.f, self.args, self.keywords = f, tuple(args), dict(keywords)
        given, leaves = _tracked(f, args, argnums)
        if not leaves:
            raise errors.DTypeError(
                f"{operation}: there is no floating-point argument and no parameter to "
                "differentiate.",
                where,
            )
        first = next_tick()
        self.modules: list[tuple[str, int, int]] = []
        with enable_grad(), _watch_modules(f, self.modules):
            self.result = f(*given, **keywords)
        self.outputs = [
            o._node
            for o in tree.leaves(self.result)
            if isinstance(o, Tensor) and o._node is not None and o._node.primitive is not None
        ]
        if not self.outputs:
            kinds = ", ".join(type(o).__name__ for o in tree.leaves(self.result)) or "nothing"
            dtype = {str(getattr(o, "dtype", "")) for o in tree.leaves(self.result)} - {""}
            raise errors.UntrackedError(
                f"{operation}: the function returned nothing that depends on its inputs by "
                f"recorded operations ({kinds}{' of ' + ', '.join(dtype) if dtype else ''}): "
                "integers, "
                "comparisons and constants have no derivative.",
                where,
            )
        self.inputs: list[Node] = [t._node for t in leaves]  # type: ignore[misc]
        self.order = [
            node
            for node in collect(self.outputs)[::-1]
            if node.tick > first or node.primitive is None
        ]
        self.n = sum(int(np.size(v.output)) for v in self.inputs)
        self.m = sum(int(np.size(o.output)) for o in self.outputs)
        if not self.n or not self.m:
            raise errors.ShapeError(
                f"{operation}: n = {self.n} inputs and m = {self.m} outputs; "
                "there is nothing to differentiate.",
                where,
            )

    @property
    def operations(self) -> list[Node]:
        """The recorded operations, without leaves and tuple parts."""
        return [v for v in self.order if v.primitive is not None and v.primitive is not PART]

    def run(self) -> Any:
        """Evaluate the function, recording nothing."""
        with no_grad():
            return self.f(*self.args, **self.keywords)

    def reverse(self, seeds: Sequence[Any] | None = None) -> Any:
        """Do one reverse sweep, from all outputs by default."""
        if seeds is None:
            seeds = [np.ones_like(o.output)[()] for o in self.outputs]
        return sweep(self.outputs, seeds, set(self.inputs), retain=True)

    def forward(self, tangents: dict[Node, Any] | None = None) -> Any:
        """Do one forward sweep, along all inputs by default."""
        if tangents is None:
            tangents = {v: np.ones_like(v.output)[()] for v in self.inputs}
        return push(self.order, tangents, self.outputs)


def _tracked(
    f: Function, args: Sequence[Any], argnums: int | Sequence[int] | None
) -> tuple[list[Any], list[Tensor]]:
    """Return the arguments with Tensors where they are differentiated, and all such Tensors."""
    parameters = list(f.parameters()) if hasattr(f, "parameters") else []
    leaves = [p for p in parameters if isinstance(p, Tensor) and p.requires_grad]
    chosen = range(len(args)) if argnums is None else np.atleast_1d(argnums)
    if argnums is None and leaves:
        chosen = range(0)  # of a model, the derivatives to its parameters are meant
    given: list[Any] = []
    for k, a in enumerate(args):
        values = tree.leaves(a)
        for j, v in enumerate(values):
            if k in chosen and _inexact(v):
                values[j] = Tensor(bare(v), requires_grad=True)
                leaves.append(values[j])
        given.append(tree.like(a, values))
    return given, leaves


def _inexact(value: Any) -> bool:
    raw = bare(value)
    return isinstance(raw, float) or getattr(getattr(raw, "dtype", None), "kind", "") in tuple("fc")


@contextmanager
def _watch_modules(f: Any, log: list[tuple[str, int, int]]) -> Iterator[None]:
    """While f runs, note which ticks each of its modules' forward() covers.

    A module is anything with ``named_modules()`` and ``forward``, as in nn.
    """
    if not hasattr(f, "named_modules"):
        yield
        return
    watched = []

    def watch(name: str, module: Any) -> None:
        forward = module.forward

        def timed(*args: Any, **keywords: Any) -> Any:
            start = next_tick()
            try:
                return forward(*args, **keywords)
            finally:
                log.append((name, start, next_tick()))

        object.__setattr__(module, "forward", timed)
        watched.append(module)

    for name, module in f.named_modules():
        if callable(getattr(module, "forward", None)):
            watch(name or type(module).__name__, module)
    try:
        yield
    finally:
        for module in watched:
            object.__delattr__(module, "forward")


def _is_model(chain: tuple[Entry, ...]) -> bool:
    return len(chain) > 1 and not isinstance(chain[0].what, str)


def modules_of(recorded: RecordedRun) -> dict[Node, str]:
    """Return the path of the module around each node: by its scopes, else as they were watched."""
    around = chains(recorded.operations)
    if around:
        named = labels(around)
        return {
            # the model around everything says nothing, as long as a part of it is named
            node: ".".join(named[e] for e in (chain[1:] if _is_model(chain) else chain))
            for node, chain in around.items()
        }
    found = {}
    for node in recorded.operations:
        inside = [(end - start, name) for name, start, end in recorded.modules
                  if start < node.tick < end]  # fmt: skip
        if inside:
            found[node] = min(inside)[1]  # the innermost
    return found


__getattr__ = renamed_names(__name__, Problem="RecordedRun")
