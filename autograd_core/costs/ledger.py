"""cost: what a function and its derivatives cost, node by node, in FLOPs, bytes and seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from autograd_core.base import errors
from autograd_core.base.printing import Text, prints_anywhere
from autograd_core.base.source import Location
from autograd_core.base.text_tables import (
    bytes_text,
    count_text,
    html_table,
    seconds_text,
    text_table,
)
from autograd_core.costs.comparison import Modes, compare
from autograd_core.costs.counting import (
    Counter,
    count_forward,
    count_pass,
    count_reverse,
    raw_arguments,
)
from autograd_core.costs.flops import Formula
from autograd_core.costs.recorded_run import RecordedRun, modules_of
from autograd_core.costs.saved_memory import Memory, memory_of
from autograd_core.engine.node import Node
from autograd_core.engine.sweeping import reaching
from autograd_core.operations.modes import enable_grad
from autograd_core.operations.primitive import bare

Function = Callable[..., Any]


class Amount(NamedTuple):
    """FLOPs, and measured seconds where something was measured."""

    flops: float
    seconds: float | None = None

    def __add__(self, other: Any) -> Amount:
        both = None if self.seconds is None or other.seconds is None else True
        return Amount(self.flops + other.flops, self.seconds + other.seconds if both else None)


@dataclass
class NodeCost:
    """What one recorded operation takes.

    Attributes
    ----------
    name : str
        The operation.
    shape : tuple of int
        Shape of its result.
    location : Location
        The user's line.
    module : str
        The module it belongs to, by its path; empty outside of all.
    function, reverse, forward : Amount
        Computing it; its part of a reverse sweep; its part of a forward sweep.
    saved_bytes : int
        Memory that its rules keep for the reverse sweep, counted at the first
        operation that keeps it.
    """

    name: str
    shape: tuple[int, ...]
    location: Location
    module: str
    function: Amount
    reverse: Amount
    forward: Amount
    saved_bytes: int


@dataclass
class Cost:
    """The ledger of one function at one place: print it, or read its numbers.

    Attributes
    ----------
    nodes : list of NodeCost
        Every operation, in the order of recording.
    n, m : int
        Number of input and output elements.
    function : Amount
        One evaluation of the function.
    reverse : Amount
        One reverse sweep: the derivatives of one output to all inputs.
    forward : Amount
        One forward sweep: the derivatives of all outputs along one input direction.
    saved_bytes : int
        What the rules keep for the reverse sweep; inputs and parameters, which
        are there anyway, not counted.
    memory : Memory
        Peak live bytes of the evaluation, of a reverse and of a forward sweep.
    uncounted : list of str
        Operations that don't say what they cost, counted as 0.
    estimated : list of str
        Operations whose derivative is a kernel for raw arrays: a sweep through
        one is counted as twice the operation.
    """

    nodes: list[NodeCost]
    n: int
    m: int
    function: Amount
    reverse: Amount
    forward: Amount
    saved_bytes: int
    memory: Memory
    uncounted: list[str]
    estimated: list[str]
    _recorded: RecordedRun = field(repr=False)

    @property
    def peak_bytes(self) -> int:
        """Most bytes alive at once in an evaluation with one reverse sweep."""
        return self.memory.reverse

    def by(self, key: str) -> dict[str, list[NodeCost]]:
        """Return the nodes grouped by "module", "line", "operation" or "node"."""
        groups: dict[str, list[NodeCost]] = {}
        for k, node in enumerate(self.nodes):
            label = {
                "module": node.module or "(outside of modules)",
                "line": str(node.location),
                "operation": node.name,
                "node": f"{k + 1:>3} {node.name}",
            }.get(key)
            if label is None:
                raise errors.OperandError(
                    f"cost().table(): by={key!r}; use 'node', 'line', 'operation' or 'module'.",
                    Location.of_caller(),
                )
            groups.setdefault(label, []).append(node)
        return groups

    def rows(self, by: str = "node", limit: int = 30) -> list[tuple[str, ...]]:
        """Return the table's cells: a row for each group, the total last."""
        rows = []
        for label, nodes in self.by(by).items():
            amounts = [
                sum((getattr(n, k) for n in nodes[1:]), getattr(nodes[0], k))
                for k in ("function", "reverse", "forward")
            ]
            shape = "×".join(map(str, nodes[0].shape)) if by == "node" else str(len(nodes))
            kept = bytes_text(sum(n.saved_bytes for n in nodes))
            rows.append((sum(a.flops for a in amounts), label, shape, kept, *_cells(amounts)))
        if len(rows) > limit:
            floor = sorted((r[0] for r in rows), reverse=True)[limit - 1]
            kept_rows = [r for r in rows if r[0] >= floor][:limit]
            left = len(rows) - len(kept_rows)
            rows = kept_rows
            rows.append((0.0, f"... and {left} smaller", "", *[""] * (len(rows[0]) - 3)))
        total = (self.function, self.reverse, self.forward)
        rows.append((0.0, "total", "", bytes_text(self.saved_bytes), *_cells(total)))
        return [row[1:] for row in rows]

    def table(self, by: str = "node", limit: int = 30) -> str:
        """Return the ledger as text.

        Parameters
        ----------
        by : {"node", "line", "operation", "module"}
            What a row stands for.
        limit : int
            At most so many rows, the costliest.
        """
        second = "shape" if by == "node" else "nodes"
        return Text(text_table(_head(by, second), self.rows(by, limit)))

    def summary(self) -> str:
        """Return the totals in words."""
        lines = [
            f"n = {self.n:,} inputs, m = {self.m:,} outputs, {len(self.nodes):,} operations",
            f"saved for a reverse sweep {bytes_text(self.saved_bytes)}, peak "
            f"{bytes_text(self.memory.reverse)} (evaluation alone "
            f"{bytes_text(self.memory.function)}, forward mode {bytes_text(self.memory.forward)})",
        ]
        if self.uncounted:
            lines.append("counted as 0, since they declare no cost=: " + ", ".join(self.uncounted))
        if self.estimated:
            lines.append(
                "a sweep through these is counted as twice the operation, since their rules are "
                "kernels: " + ", ".join(self.estimated)
            )
        return "\n".join(lines)

    @prints_anywhere
    def __str__(self) -> str:
        return f"{self.table()}\n\n{self.summary()}"

    def _repr_html_(self) -> str:
        table = html_table(_head("node", "shape"), self.rows())
        return table + "<p>" + self.summary().replace("\n", "<br>") + "</p>"

    def modes(self, measure: bool = True, limit: float = 2.0) -> Modes:
        """Compare one graph for each input with one graph for each output.

        Parameters
        ----------
        measure : bool
            Whether to run the sweeps and measure.
        limit : float
            Seconds to spend on each mode; beyond that a part of the sweeps is
            run and the rest extrapolated, and the table says so.

        Returns
        -------
        Modes
            Prints as a table, shows as HTML in a notebook, and has ``plot()``.

        Examples
        --------
        >>> import numpy as np
        >>> from autograd_core import cost
        >>> f = lambda x: np.sum(np.sin(x))
        >>> modes = cost(f, np.zeros(10_000), measure=False).modes(measure=False)
        >>> modes.best, modes.forward.sweeps, modes.reverse.sweeps
        ('reverse', 10000, 1)
        """
        return compare(self, self._recorded, measure, limit)


def _cells(amounts: Sequence[Amount]) -> list[str]:
    return [t for a in amounts for t in (count_text(a.flops), seconds_text(a.seconds))]


def _head(first: str, second: str) -> tuple[str, ...]:
    return (
        first, second, "saved", "FLOPs", "time", "reverse FLOPs", "time", "forward FLOPs", "time"
    )  # fmt: skip


def stopwatch(run: Callable[[], Any], least: float = 0.0, repeats: int = 5) -> float:
    """Return the median seconds of a few runs; of one alone if it took longer than 0.2 s."""
    times: list[float] = []
    while len(times) < repeats or sum(times) < least:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
        if times[-1] > 0.2 or len(times) > 200:
            break
    return sorted(times)[len(times) // 2]


def _compute(node: Node, args: list[Any]) -> Callable[[], Any]:
    primitive = node.primitive
    assert primitive is not None
    if primitive.name == "checkpoint":  # its forward function is the caller's own run
        return lambda: None
    return lambda: primitive.forward(*args, **node.params)


def _pull(node: Node, g: Any, args: list[Any], active: Sequence[bool]) -> Callable[[], Any]:
    primitive = node.primitive
    assert primitive is not None
    rules = primitive.vjps
    if rules is None:
        return lambda: primitive.pull(g, node.output, args, node.params)
    wanted = [rule for rule, here in zip(rules, active, strict=False) if here and rule is not None]
    return lambda: [rule(g, node.output, *args, **node.params) for rule in wanted]


def _push(node: Node, args: list[Any], ts: Sequence[Any]) -> Callable[[], Any]:
    primitive = node.primitive
    assert primitive is not None
    return lambda: primitive.push(ts, node.output, args, node.params)


def _measured(recorded: RecordedRun) -> tuple[dict[Node, list[float]], list[float]]:
    """Return seconds of each node in an evaluation, a reverse and a forward sweep; and of all."""
    repeats = 3 if len(recorded.order) < 2000 else 1
    needed, through = reaching(recorded.order[::-1], recorded.inputs)
    each: dict[Node, list[float]] = {}
    for node in recorded.operations:
        primitive = node.primitive
        assert primitive is not None
        args, y = raw_arguments(node), node.output
        g: Any = (
            tuple(np.ones_like(part) for part in y) if primitive.multiple else np.ones_like(y)[()]
        )
        active = [p.__class__ is Node and p in needed for p in node.inputs or ()]
        ts = [np.ones_like(a) if here else None for a, here in zip(args, active, strict=True)]

        each[node] = [
            stopwatch(_compute(node, args), 0.0, repeats),
            stopwatch(_pull(node, g, args, active), 0.0, repeats) if node in through else 0.0,
            stopwatch(_push(node, args, ts), 0.0, repeats) if node in through else 0.0,
        ]
    whole = [stopwatch(run, 0.02) for run in (recorded.run, recorded.reverse, recorded.forward)]
    return each, whole


def cost(
    f: Function,
    *args: Any,
    argnums: int | Sequence[int] | None = None,
    weights: Mapping[str, Formula] | None = None,
    measure: bool = True,
    **keywords: Any,
) -> Cost:
    """Count and measure the cost of f and of its derivatives at the given arguments.

    Every operation of the evaluation, of one reverse sweep and of one forward sweep is counted, by
    the table in docs/cost.md (a multiply-add counts as two). The sweeps are counted by running the
    derivative rules themselves on arrays that count.

    Parameters
    ----------
    f : callable
        Any function of pytrees of arrays; or a model (anything with
        ``parameters()``), which is then differentiated in its parameters.
    *args, **keywords
        Where to evaluate it; values that are not floating-point are passed on unchanged.
    argnums : int or sequence of int, optional
        Which arguments to differentiate; default all.
    weights : mapping, optional
        Other conventions, by the operation's name: FLOPs for each element of
        the result, or ``formula(y, *args, **params)``.
    measure : bool
        Whether to measure seconds too.

    Returns
    -------
    Cost
        Prints as a table; ``.function``, ``.reverse``, ``.forward`` (``.flops``,
        ``.seconds``), ``.saved_bytes``, ``.peak_bytes``, ``.nodes``, ``.modes()``.

    Raises
    ------
    UntrackedError
        If f's result does not depend on the inputs by recorded operations.
    DTypeError
        If there is no floating-point value to differentiate.
    ShapeError
        If there are no inputs or no outputs.

    Examples
    --------
    >>> import numpy as np
    >>> W, x = np.ones((3, 4)), np.ones(4)
    >>> c = cost(lambda x: np.tanh(W @ x), x, measure=False)
    >>> c.function.flops, c.reverse.flops, c.forward.flops
    (48.0, 33.0, 33.0)
    >>> c.saved_bytes                                   # the result of tanh
    24
    """
    recorded = RecordedRun(f, args, keywords, argnums, "cost()")
    counters = [Counter(weights) for _ in range(3)]
    with enable_grad():
        function = count_pass(recorded.order, counters[0])
        reverse = count_reverse(recorded.order, recorded.outputs, recorded.inputs, counters[1])
        forward = count_forward(recorded.order, recorded.inputs, counters[2])
    each, whole = _measured(recorded) if measure else ({}, [None, None, None])  # type: ignore[list-item]
    memory = memory_of(recorded.order, recorded.outputs, recorded.inputs)
    nodes = []
    modules = modules_of(recorded)
    for node in recorded.operations:
        seconds: list[Any] = list(each.get(node, [None] * 3))
        value = node.output[0] if isinstance(node.output, tuple) else node.output
        nodes.append(
            NodeCost(
                name=node.name,
                shape=tuple(np.shape(bare(value))),
                location=node.location,
                module=modules.get(node, ""),
                function=Amount(function[node], seconds[0]),
                reverse=Amount(reverse.get(node, 0.0), seconds[1]),
                forward=Amount(forward.get(node, 0.0), seconds[2]),
                saved_bytes=memory.saved_by.get(node, 0),
            )
        )
    totals = [Amount(c.total, s) for c, s in zip(counters, whole, strict=True)]
    uncounted = sorted(set().union(*(c.unknown for c in counters)))
    return Cost(
        nodes=nodes,
        n=recorded.n,
        m=recorded.m,
        function=totals[0],
        reverse=totals[1],
        forward=totals[2],
        saved_bytes=memory.saved,
        memory=memory,
        uncounted=uncounted,
        estimated=sorted(set().union(*(c.estimated for c in counters))),
        _recorded=recorded,
    )
