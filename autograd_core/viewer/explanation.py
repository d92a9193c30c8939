"""explain(): where a gradient comes from, use by use; or why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd_core.base.errors import AutogradError, OperandError
from autograd_core.base.printing import prints_anywhere
from autograd_core.base.source import Location, user_frame
from autograd_core.engine.backward import node_of
from autograd_core.engine.graph import Edge, Graph
from autograd_core.engine.node import Node
from autograd_core.engine.sweeping import collect
from autograd_core.engine.tensor import Tensor, untracked
from autograd_core.operations.cut_marks import CUTS, NUMBERS, Cut, as_cuts
from autograd_core.operations.kinds import host
from autograd_core.operations.primitive import bare
from autograd_core.viewer.recorded_sweep import as_grad

if TYPE_CHECKING:
    from autograd_core.viewer.elements import ElementSum

MOST_PATHS = 200
FEW = 4  # uses at one place of the code that get a row each in the text
CELLS = 16  # elements of a gradient that are shown as sums
LARGE = 4096  # elements of a use's result: more are no sums that people read
_HOW = {
    "detach": "detach() made it a constant",
    "no_grad": "{operation} ran under no_grad()",
    "no derivative": "{operation} has no derivative: its result is a constant",
    "data": "its raw .data was used",
    "item": "{operation}() made it a Python number",
    "raw": "its raw array was used (.data, .detach() or .numpy()) by {operation}",
}


class Row(NamedTuple):
    """One use of a value: gradient there = local derivative times upstream."""

    use: str
    upstream: Any
    local: Any
    product: Any
    where: Location

    @prints_anywhere
    def __repr__(self) -> str:
        from autograd_core.viewer.numbers import summarize

        local, upstream = _local_text(self.local), summarize(self.upstream).text
        sent = summarize(self.product).text
        return f"{self.use}: local {local}, upstream {upstream}, product {sent}; {self.where}"


class Path(NamedTuple):
    """One path to the output: the operations on it, and the product of their derivatives."""

    names: tuple[str, ...]
    product: Any

    @prints_anywhere
    def __repr__(self) -> str:
        from autograd_core.viewer.numbers import summarize

        return f"{' → '.join(self.names)}: {summarize(self.product).text}"


class Explanation:
    """What `explain` found.

    Attributes
    ----------
    gradient : Tensor or None
        The whole gradient; None if there is none.
    rows : list of Row
        One for each use; their products add up to the gradient.
    cells : list of ElementSum
        Of an array of at most 16 elements: each element of the gradient, as the sum that it is.
    paths : list of Path
        Every path, if asked for.
    reason : str
        Why there is no gradient.
    where : Location or None
        The line that cut the chain.
    """

    def __init__(self, name: str, output: str) -> None:
        self.name = name
        self.output = output
        self.gradient: Any = None
        self.rows: list[Row] = []
        self.cells: list[ElementSum] = []
        self.paths: list[Path] = []
        self.reason = ""
        self.where: Location | None = None

    @prints_anywhere
    def __str__(self) -> str:
        return "\n".join(self._lines())

    __repr__ = __str__

    def _lines(self) -> Iterator[str]:
        from autograd_core.viewer.numbers import summarize

        what = f"∂{self.output}/∂{self.name}"
        if self.gradient is None:
            yield f"{what}: there is no gradient. {self.reason}"
            if self.where is not None:
                yield f"  {self.where}"
            return
        total = summarize(self.gradient).text
        if not self.rows:
            yield f"{what} = {total}: it is the output itself."
            return
        yield f"{what} = {total}, the sum over {len(self.rows)} use{'s' * (len(self.rows) > 1)}:"
        table = [("use", "upstream", "local", "product", "line")]
        for rows in _loops(self.rows):
            row = rows[0]
            if len(rows) > 1:
                product = summarize(sum(r.product for r in rows)).text
                table.append((f"{row.use} … ×{len(rows)}", "", "", product, str(row.where)))
                continue
            numbers = (
                summarize(row.upstream).text,
                _local_text(row.local),
                summarize(row.product).text,
            )
            table.append((row.use, *numbers, str(row.where)))
        table.append(("sum", "", "", total, ""))
        widths = [max(len(line[k]) for line in table) for k in range(4)]
        for line in table:
            cells = [cell.ljust(w) for cell, w in zip(line[:4], widths, strict=True)]
            yield "  " + "  ".join([*cells, line[4]]).rstrip()
        yield from (f"  {cell}" for cell in self.cells)
        if self.paths:
            yield f"{len(self.paths)} path{'s' * (len(self.paths) > 1)}:"
            for path in self.paths:
                yield f"  {' → '.join((self.name, *path.names))}: {summarize(path.product).text}"


def _loops(rows: list[Row]) -> Iterator[list[Row]]:
    """Yield the rows one by one; many uses at one place of the code, as in a loop, together."""
    places: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        places.setdefault((row.where.file, row.where.span), []).append(row)
    for row in rows:
        alike = places[row.where.file, row.where.span]
        if len(alike) <= FEW:
            yield [row]
        elif row is alike[0]:
            yield alike


def _local_text(local: Any) -> str:
    from autograd_core.viewer.numbers import number_text, shape_text

    if local is None:
        return "linear map"
    return number_text(local) if np.ndim(local) == 0 else f"{shape_text(local)} array"


def explain(x: Tensor, output: Tensor | None = None, *, paths: bool = False) -> Explanation:
    """Say where the gradient of a value comes from, or why it has none.

    One row for each use of x: the upstream gradient, the local derivative,
    their product, and the line; the products add up to the gradient.  If x
    does not reach the output, the first cut of the chain, counted from the
    output: ``detach``, ``no_grad``, an operation without derivative, raw
    ``.data``, or that x was never used.

    Parameters
    ----------
    x : Tensor
        A leaf or an intermediate value.
    output : Tensor, optional
        Where the sweep starts, usually the loss; default the latest tracked
        scalar among the caller's variables.
    paths : bool
        Also list every path from x to the output (at most 200), with the
        product of the derivatives along it.

    Returns
    -------
    Explanation
        Prints as a table.

    Raises
    ------
    OperandError
        If no output is given and none is found, or it has more than 200 paths
        and they were asked for.

    Examples
    --------
    >>> from autograd_core import Tensor, explain
    >>> x = Tensor(2.0, requires_grad=True)
    >>> c = x ** 3
    >>> F = c * x
    >>> print(str(explain(x, F)).splitlines()[0])
    ∂F/∂x = 32, the sum over 2 uses:
    >>> [float(row.product) for row in explain(x, F).rows]
    [24.0, 8.0]
    >>> y = Tensor(1.0, requires_grad=True)
    >>> G = y.detach() * x
    >>> explain(y, G).reason
    'detach() made it a constant here:'
    """
    from autograd_core.viewer.naming import Names, asked_for, variables_of

    frame = user_frame(2)
    variables = variables_of(frame)
    if output is None:
        output = _latest_scalar(variables)
    graph = Graph(output)
    names = Names(graph, None, variables)
    node = _node_in(x, graph)
    asked = asked_for(frame)
    name = asked[0] or _variable(x, variables) or (names.nodes[node] if node is not None else "x")
    found = Explanation(name, asked[1] or names.nodes[graph.outputs[0]])
    if node is not None and name not in names.nodes.values():
        names.nodes[node] = name  # in the rows too
    if node is None:
        found.reason, found.where = _why_none(x, graph)
        return found
    _fill(found, node, graph, names)
    if paths:
        _add_paths(found, node, graph, names)
    return found


def _variable(x: Tensor, variables: dict[str, Any]) -> str:
    """Return what the caller's variables, or what they hold, call a value; empty if nothing."""
    from autograd_core.viewer.naming import values_of

    near, far = values_of(variables)
    return next((name for name, value in (*near, *far) if value is x), "")


def _latest_scalar(variables: dict[str, Any]) -> Tensor:
    scalars = [
        v
        for v in variables.values()
        if isinstance(v, Tensor) and v._node is not None and not v.is_leaf and v.size == 1
    ]
    if not scalars:
        raise OperandError(
            "explain: no tracked scalar is among your variables; write explain(x, loss).",
            Location.of_caller(),
        )
    return max(scalars, key=lambda t: t._node.tick if t._node is not None else 0)


def _node_in(x: Tensor, graph: Graph) -> Node | None:
    """Return the node of x in a graph; a leaf may have been given new data since."""
    node = x._node
    if node is None:
        return None
    if node in set(graph.nodes):
        return node
    return next((n for n in graph.leaves if n.owner is not None and n.owner() is x), None)


def _fill(found: Explanation, node: Node, graph: Graph, names: Any) -> None:
    from autograd_core.viewer.naming import expression

    messages: dict[tuple[Node, int], tuple[Any, Any]] = {}

    def observe(target: Node, g: Any, index: int, contribution: Any) -> None:
        if target.inputs is not None and target.inputs[index] is node:
            messages[target, index] = (as_grad(g), as_grad(contribution))

    uses = [e for e in graph.edges if e.source is node]
    swept = graph.gradients(None, {node, *(e.target for e in uses)}, observe)
    gradient = swept.get(node)
    found.gradient = None if gradient is None else untracked(as_grad(bare(gradient)))
    if gradient is None:
        found.reason = "Its uses pass nothing back (an operation without a rule for it)."
    uses_of_cells: list[tuple[Edge, Any]] = []
    for edge in uses:
        g, product = messages.get((edge.target, edge.index), (None, None))
        if product is None:
            continue
        computed = expression(edge.target, names)
        uses_of_cells.append((edge, g))
        found.rows.append(
            Row(
                f"{names.nodes[edge.target]} = {computed}",
                g,
                _local(graph, edge),
                product,
                edge.target.location,
            )
        )
    found.cells = _cells(found, node, uses_of_cells, names)


def _cells(
    found: Explanation, node: Node, uses: list[tuple[Edge, Any]], names: Any
) -> list[ElementSum]:
    """Return each element of a small array's gradient as a sum; nothing if one is not at hand."""
    from autograd_core.viewer.elements import sum_of
    from autograd_core.viewer.formulas import Call
    from autograd_core.viewer.naming import operands

    shape = np.shape(bare(node.output))
    if not shape or not uses or np.size(bare(node.output)) > CELLS or len(uses) > CELLS:
        return []
    calls = []
    for edge, g in uses:
        target = edge.target
        if isinstance(target.output, tuple) or np.size(bare(target.output)) > LARGE:
            return []
        call = Call.of(target, edge.index, operands(target, names), names.nodes[target])
        calls.append((call, g))
    try:
        with np.errstate(all="ignore"):
            return [
                sum_of(found.output, found.name, shape, k, iter(calls))
                for k in range(int(np.prod(shape)))
            ]
    except Exception:  # a forward rule of the user's may raise whatever it likes
        return []


def _local(graph: Graph, edge: Edge) -> Any:
    """Return the local derivative where it is small; None stands for a linear map."""
    target, source = edge.target.output, edge.source.output
    if isinstance(target, tuple):
        return None
    if np.size(bare(target)) * np.size(bare(source)) > 4096:
        return None
    try:
        with np.errstate(all="ignore"):
            return as_grad(bare(graph.local_derivative(edge)))
    except AutogradError:  # a forward rule that fails: the sweep's numbers stand
        return None


def _add_paths(found: Explanation, node: Node, graph: Graph, names: Any) -> None:
    count = graph.paths(node)
    if count > MOST_PATHS:
        raise OperandError(
            f"explain: there are {count:,} paths, and at most {MOST_PATHS} are listed; "
            "without paths=True the sum over the uses says the same.",
            Location.of_caller(),
        )
    for path in graph.each_path(node):
        product: Any = None
        for edge in reversed(path):
            local = as_grad(graph.local_derivative(edge))
            inner = np.ndim(bare(edge.target.output))
            product = local if product is None else np.tensordot(product, local, axes=inner)
        found.paths.append(Path(tuple(names.nodes[e.target] for e in path), product))


# --- why there is none --------------------------------------------------------


def _why_none(x: Tensor, graph: Graph) -> tuple[str, Location | None]:
    if x._node is None:
        cuts = as_cuts(getattr(x, "_cuts", ()))
        if cuts:
            return f"It is a constant: {_how(cuts[0])} here:", cuts[0].where
        return "It does not require grad: give it requires_grad=True before it is used.", None
    maybe: list[Cut] = []
    for cut in _cuts_in(graph, x):
        leads = _leads(cut, x, 8)
        if leads:
            return f"{_capital(_how(cut))} here:", cut.where
        if leads is None:
            maybe.append(cut)
    if maybe:
        return (
            "It does not reach the output by any recorded operation; "
            f"perhaps the chain was cut where {_how(maybe[0])}:"
        ), maybe[0].where
    number = _became_a_number(x)
    if number is not None:
        return (
            "No recorded operation on the way to the output uses it. "
            f"{number.operation}() made it a Python number here, and what is computed from a "
            "number has no derivative:"
        ), number.where
    return "It was never used on the way to the output; it was made here:", x._node.location


def _became_a_number(x: Tensor) -> Cut | None:
    """Return where a value, or what was computed from it, was last made a number of Python's."""
    for mark in reversed(tuple(NUMBERS)):
        (cut,) = as_cuts((mark,))
        if _leads(cut, x, 2):
            return cut
    return None


def _cuts_in(graph: Graph, x: Tensor) -> Iterator[Cut]:
    """Yield the cuts of the constants in a graph, from the output back."""
    for node in reversed(graph.nodes):
        for value in node.inputs or ():
            if isinstance(value, Node):
                continue
            noted = CUTS.find(value)
            yield from noted
            if not noted and isinstance(value, np.ndarray) and np.shares_memory(value, _array(x)):
                yield Cut("raw", node.name, node.location, _itself(x))


def _array(x: Tensor) -> Any:
    return host(bare(x))


def _itself(x: Tensor) -> Any:
    import weakref

    return weakref.ref(x)


def _leads(cut: Cut, x: Tensor, depth: int) -> bool | None:
    """Return whether what was cut off came from x; None if that cannot be known any more."""
    if any(owner() is x for owner in cut.leaves):
        return True
    source = cut.source() if cut.source is not None else None
    if source is x:
        return True
    if not isinstance(source, Tensor) or source._node is None:  # gone, or frozen since
        return False if cut.leaves else None
    behind = collect([source._node])
    if any(n is x._node or (n.owner is not None and n.owner() is x) for n in behind):
        return True
    if not depth:
        return None
    answers = [_leads(c, x, depth - 1) for c in _cuts_in(Graph(source), x)]
    return True if True in answers else (None if None in answers else False)


def _how(cut: Cut) -> str:
    return _HOW.get(cut.reason, "{operation} made it a constant").format(operation=cut.operation)


def _capital(text: str) -> str:
    return text if text.partition(" ")[0].endswith("()") else text[:1].upper() + text[1:]


__all__ = ["Explanation", "Path", "Row", "explain", "node_of"]
