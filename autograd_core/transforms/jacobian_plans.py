"""How a Jacobian is computed: the plan, its reason, and the work of one sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_core.base.printing import prints_anywhere
from autograd_core.base.text_tables import count_text
from autograd_core.costs.counting import Counter, count_forward, count_reverse
from autograd_core.costs.flops import flops
from autograd_core.engine.node import Node
from autograd_core.operations.boxed import bare


@dataclass(frozen=True)
class Plan:
    """How a Jacobian is computed, and why.

    Attributes
    ----------
    mode : str
        "forward" or "reverse".
    n, m : int
        Number of inputs and outputs.
    forward, reverse : float
        FLOPs of all forward sweeps and of all reverse sweeps.
    exact : bool
        Whether the FLOPs were counted by running the rules; or estimated from
        the evaluation's.
    batch : int
        How many sweeps run at once.
    why : str
        The reason for the mode.
    """

    mode: str
    n: int
    m: int
    forward: float
    reverse: float
    exact: bool
    batch: int
    why: str

    @prints_anywhere
    def __str__(self) -> str:
        sweeps = self.n if self.mode == "forward" else self.m
        at_once = "all at once" if self.batch >= sweeps else f"{self.batch:,} at a time"
        about = "" if self.exact else "about "
        return (
            f"{self.mode} mode, {many(sweeps, 'sweep')}, {at_once}: {self.why}\n"
            f"  forward: {many(self.n, 'input')}, {about}{count_text(self.forward)} FLOPs\n"
            f"  reverse: {many(self.m, 'output')}, {about}{count_text(self.reverse)} FLOPs"
        )


def why(mode: str, chosen: str, n: int, m: int, exact: bool) -> str:
    """Return the reason for a mode, in words."""
    if mode != "auto":
        return "as asked for"
    inputs, outputs = many(n, "input"), many(m, "output")
    if exact:
        return "counted by running the rules, it is less work"
    if n == m:
        return f"{inputs} and {outputs}: the same number of sweeps"
    if chosen == "forward" and n > m:
        return f"{inputs} and {outputs}: few of both, where calls count and forward has fewer"
    first, second = (inputs, outputs) if chosen == "forward" else (outputs, inputs)
    verb = "is" if first.startswith("1 ") else "are"
    return f"{first} {verb} fewer than {second}"


def many(count: int, word: str) -> str:
    """Return "1 sweep" or "2 sweeps"."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def nbytes(value: Any) -> int:
    """Return the bytes of an array, or of the largest in a tuple."""
    if value.__class__ is np.ndarray:
        return int(value.nbytes)
    value = bare(value)
    if isinstance(value, (tuple, list)):
        return max((nbytes(part) for part in value), default=0)
    return int(np.size(value)) * int(getattr(value, "dtype", np.dtype(float)).itemsize)


def work(node: Node) -> float:
    """Estimate the FLOPs of one sweep through a node: those of computing it, at least one each."""
    if node.primitive is None or node.inputs is None:
        return 0.0
    if node.primitive.category != "product":
        return float(max(1, nbytes(node.output) // 8))
    args = tuple(bare(i.output if i.__class__ is Node else i) for i in node.inputs)
    return flops(node.primitive, bare(node.output), args, node.params) or 1.0


def counted(
    order: Sequence[Node], nodes: Sequence[Node], inputs: Sequence[Node]
) -> tuple[float, float]:
    """Return the FLOPs of one forward and one reverse sweep, by running the rules."""
    counters = Counter(), Counter()
    count_forward(order, inputs, counters[0])
    count_reverse(order, nodes, inputs, counters[1])
    return counters[0].total, counters[1].total
