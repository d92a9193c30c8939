"""Rounding: which operation loses the digits, and whether float32 is enough.

An operation's result v is off by at most u |v|, u the unit roundoff.  To first
order that moves the output by u |v̄ v|, v̄ the adjoint that a reverse sweep
finds, so one sweep estimates the effect of every rounding at once.  Sums and
products of matrices round their partial sums too: there the sizes of what is
added count instead of the result's.  (A. Griewank and A. Walther, "Evaluating
Derivatives", 2008; N. Higham, "Accuracy and Stability of Numerical Algorithms",
2002, chapter 3.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, log10
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.printing import prints_anywhere
from autograd_core.base.source import Location
from autograd_core.base.text_tables import html_table, text_table
from autograd_core.costs.counting import raw_arguments
from autograd_core.costs.recorded_run import RecordedRun
from autograd_core.engine.node import PART, Node
from autograd_core.engine.sweeping import sweep
from autograd_core.operations.primitive import bare
from autograd_core.transforms.vmap import Batched, Batching

MOST_OUTPUTS = 1000
# These compute nothing that is rounded.
_EXACT_CATEGORIES = frozenset({"shape", "index", "branch"})
_EXACT = frozenset(
    [
        "negative",
        "positive",
        "absolute",
        "fabs",
        "maximum",
        "minimum",
        "fmax",
        "fmin",
        "max",
        "min",
        "where",
        "sign",
        "floor",
        "ceil",
        "trunc",
        "rint",
        "clip",
        "copysign",
        "part",
        "entry",
    ]
)
_ADDING = frozenset({"sum", "mean", "cumsum", "plus"})


@dataclass(frozen=True)
class NodeRounding:
    """The effect on the output of rounding one operation's result.

    Attributes
    ----------
    name : str
        The operation; "input" for a rounded input.
    location : Location
        The user's line.
    error : float
        Estimate of how far the output moves, in the precision of the report.
    share : float
        Its part of all.
    """

    name: str
    location: Location
    error: float
    share: float


@dataclass(frozen=True)
class Rounding:
    """How exact an output is when computed in some precision.

    Attributes
    ----------
    dtype : numpy.dtype
        The precision.
    value : float
        The output (the least exact element of several).
    error : float
        Bound on its rounding error, to first order.
    nodes : list of NodeRounding
        The largest contribution first.
    element : tuple of int
        Which element of the output.
    """

    dtype: Any
    value: float
    error: float
    nodes: list[NodeRounding]
    element: tuple[int, ...]

    @property
    def relative(self) -> float:
        """The bound relative to the output."""
        return self.error / abs(self.value) if self.value else (inf if self.error else 0.0)

    @property
    def digits(self) -> float:
        """How many decimal digits of the output are right, at least."""
        limit = -log10(float(np.finfo(self.dtype).eps) / 2)
        if not self.relative:
            return limit
        return 0.0 if self.relative == inf else max(0.0, min(limit, -log10(self.relative)))

    def enough(self, digits: float) -> bool:
        """Whether so many digits are right in this precision."""
        return self.digits >= digits

    def _rows(self, limit: int = 10) -> list[tuple[str, ...]]:
        return [
            (n.name, str(n.location), f"{n.error:.2g}", f"{100 * n.share:.0f} %")
            for n in self.nodes[:limit]
        ]

    def summary(self) -> str:
        """Return what the report says, in words."""
        most = self.nodes[0] if self.nodes else None
        text = (
            f"In {self.dtype} the output {self.value:.6g} is right to {self.digits:.1f} digits "
            f"(error at most {self.error:.2g})."
        )
        if most is not None and most.error:
            text += f"\n{100 * most.share:.0f} % of it comes from {most.name} at {most.location}"
        return text

    @prints_anywhere
    def __str__(self) -> str:
        head = ("operation", "line", "error", "share")
        return f"{self.summary()}\n\n{text_table(head, self._rows(), words=2)}"

    def _repr_html_(self) -> str:
        head = ("operation", "line", "error", "share")
        return html_table(head, self._rows(), words=2) + f"<p>{self.summary()}</p>"


def rounding(f: Callable[..., Any], *args: Any, dtype: Any = None) -> Rounding:
    """Estimate for each operation of f how much its rounding moves the output.

    Parameters
    ----------
    f : callable
        From pytrees of arrays to one array of up to 1,000 elements.
    *args
        Where to evaluate it.
    dtype : dtype, optional
        The precision asked about, say ``np.float32``; default that of the output.
        If it is coarser than the inputs', rounding these counts too.

    Returns
    -------
    Rounding
        Prints as a table; ``.digits``, ``.enough(digits)``, ``.nodes``.

    Raises
    ------
    ShapeError
        If the output has too many elements.
    DTypeError
        If `dtype` is not floating-point.

    Examples
    --------
    >>> from autograd_core.rounding import rounding
    >>> bad = rounding(lambda x: (1 - np.cos(x)) / x**2, 1e-3, dtype=np.float32)
    >>> good = rounding(lambda x: 2 * np.sin(x / 2) ** 2 / x**2, 1e-3, dtype=np.float32)
    >>> bad.nodes[0].name, bad.digits < 1.5, good.digits > 6
    ('cos', True, True)
    """
    recorded = RecordedRun(f, args, {}, None, "rounding()")
    if len(recorded.outputs) != 1 or recorded.m > MOST_OUTPUTS:
        raise errors.ShapeError(
            f"rounding(): f must return one array of at most {MOST_OUTPUTS:,} elements, not "
            f"{len(recorded.outputs)} with {recorded.m:,}; sum it or ask about a part.",
            Location.of_caller(),
        )
    output = recorded.outputs[0]
    given = np.result_type(*(v.output.dtype for v in recorded.inputs))
    precision = np.dtype(given if dtype is None else dtype)
    if precision.kind not in "fc":
        raise errors.DTypeError(f"rounding(): dtype={precision}.", Location.of_caller())
    unit = float(np.finfo(precision).eps) / 2
    coarser = float(np.finfo(precision).eps) > float(np.finfo(given).eps)
    nodes = [v for v in recorded.order if v.primitive is not PART]
    adjoints = _adjoints(output, nodes)
    effects: list[tuple[Node, Any]] = []
    for node in nodes:
        size = _magnitude(node) if node.primitive is not None else np.abs(bare(node.output))
        adjoint = adjoints.get(node)
        if adjoint is None or size is None or (node.primitive is None and not coarser):
            continue
        effects.append((node, _effect(adjoint, size, recorded.m) * unit))
    total = sum((e for _, e in effects), np.zeros(recorded.m))
    values = np.ravel(bare(output.output))
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(total == 0, 0.0, total / np.abs(values))
    worst = int(np.argmax(relative))
    error = float(total[worst])
    found = [
        NodeRounding(
            "input" if node.primitive is None else node.name,
            node.location,
            float(e[worst]),
            float(e[worst]) / error if error else 0.0,
        )
        for node, e in effects
    ]
    found.sort(key=lambda n: -n.error)
    where = np.unravel_index(worst, np.shape(output.output)) if np.ndim(output.output) else ()
    return Rounding(
        precision, float(np.real(values[worst])), error, found, tuple(int(k) for k in where)
    )


def _adjoints(output: Node, nodes: list[Node]) -> dict[Node, Any]:
    """Return every node's adjoint, for all output elements at once."""
    value = bare(output.output)
    m = int(np.size(value))
    seed: Any = np.ones_like(value)[()]
    if m > 1:
        batch = Batching(m)
        seed = batch.wrap(np.eye(m, dtype=value.dtype).reshape((m, *np.shape(value))))
    return sweep([output], [seed], set(nodes), retain=True)


def _effect(adjoint: Any, size: Any, m: int) -> Any:
    """Return for each output element the sum of |adjoint| size."""
    if isinstance(adjoint, (list, tuple)):  # of an operation that returns several arrays
        pairs = zip(adjoint, size, strict=True)
        return sum((_effect(a, s, m) for a, s in pairs if a is not None), np.zeros(m))
    raw = adjoint.value if isinstance(adjoint, Batched) else np.asarray(adjoint)[None]
    return np.broadcast_to(np.sum(np.abs(raw) * size, axis=tuple(range(1, raw.ndim))), (m,))


def _magnitude(node: Node) -> Any:
    """Return the size of what an operation rounds; None if it rounds nothing."""
    primitive = node.primitive
    assert primitive is not None
    if primitive.category in _EXACT_CATEGORIES or primitive.name in _EXACT:
        return None
    if primitive.name in _ADDING or primitive.category == "product":
        return primitive.forward(*map(np.abs, raw_arguments(node)), **node.params)
    if primitive.multiple:
        return tuple(np.abs(part) for part in node.output)
    return np.abs(bare(node.output))
