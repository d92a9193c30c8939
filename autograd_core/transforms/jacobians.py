"""jacobian and hessian: all rows, or all columns, in one batched sweep.

A Jacobian is m reverse sweeps, one for each output, or n forward sweeps, one
for each input.  They share everything but their seeds, so they are run together
on seeds with a batch axis in front (see `batching`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any

import numpy as np

from autograd_core.base import errors, tree
from autograd_core.base.source import Location
from autograd_core.engine import trace_borders
from autograd_core.engine.dual import Dual
from autograd_core.engine.node import Node
from autograd_core.engine.sweeping import collect
from autograd_core.engine.tensor import Tensor
from autograd_core.engine.trace_borders import pick
from autograd_core.operations.kinds import beside, foreign
from autograd_core.operations.modes import new_level
from autograd_core.operations.primitive import Boxed, bare
from autograd_core.transforms.complex_units import directions, whole
from autograd_core.transforms.derivatives import gradient_of
from autograd_core.transforms.jacobian_plans import Plan, counted, nbytes, why, work
from autograd_core.transforms.tracing import Trace, as_given, inexact_leaf, partial
from autograd_core.transforms.vmap import Batching, TooLargeError

Function = Callable[..., Any]

# Memory of the largest batched value; longer batches are cut.  Measured: beyond the
# second-level caches, larger pieces cost more than the calls they save.
PIECE = 8_000_000
# The most that one batched value of a Hessian may take; a longer batch is tried again shorter.
LIMIT = 64_000_000
# Up to so many inputs and outputs a sweep's time is its calls, not its numbers (measured).
SMALL = 32
# Below so many FLOPs a sweep, counting exactly would cost more than it could save.
WORTH_COUNTING = 2_000_000


@trace_borders.keywords
def jacobian(
    f: Function,
    argnums: int | Sequence[int] = 0,
    mode: str = "auto",
    return_plan: bool = False,
    batch: int | None = None,
) -> Function:
    """Return a function that computes the Jacobian of f.

    Parameters
    ----------
    f : callable
        From pytrees of arrays to a pytree of arrays.
    argnums : int or sequence of int
        The positional arguments to differentiate.
    mode : {"auto", "forward", "reverse"}
        One forward sweep for each input element, one reverse sweep for each
        output element, or whichever is less work by the ledger's count.
    return_plan : bool
        Whether to return ``(jacobian, plan)``; the plan prints the reason.
    batch : int, optional
        How many sweeps run at once, at most; the default depends on memory.

    Returns
    -------
    callable
        Takes f's arguments; returns, for each output and each input, an array
        of shape ``output.shape + input.shape`` (for vectors m by n: row i is
        the gradient of output i), nested as outputs of inputs. Of a real u by
        a complex x + iy it is du/dx - i du/dy, of a holomorphic f it is f'.

    Raises
    ------
    ShapeError
        If there are no input or no output elements.
    DTypeError
        If an output is integer or boolean, or complex of a complex input and
        not holomorphic.
    UntrackedError
        If f returns plain numbers that recorded operations did not compute.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import jacobian
    >>> A = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> jacobian(lambda x: A @ x)(np.zeros(2))
    array([[1., 2.],
           [3., 4.]])
    >>> _, plan = jacobian(lambda x: np.sum(x * x), return_plan=True)(np.zeros(1000))
    >>> print(plan)
    reverse mode, 1 sweep, all at once: 1 output is fewer than 1,000 inputs
      forward: 1,000 inputs, about 1,001,000 FLOPs
      reverse: 1 output, about 1,001 FLOPs
    """
    if isinstance(argnums, str):  # the order before version 0.2
        warnings.warn(
            f'jacobian(f, "{argnums}"): argnums comes first, as in grad(); write mode="{argnums}".',
            DeprecationWarning,
            stacklevel=3,
        )
        argnums, mode = 0 if isinstance(mode, str) else mode, argnums
    if mode not in ("auto", "forward", "reverse"):
        raise errors.OperandError(
            f"jacobian(): mode {mode!r}; use 'auto', 'forward' or 'reverse'.", Location.of_caller()
        )
    if batch is not None and batch < 1:
        raise errors.OperandError(
            f"jacobian(): batch={batch}; at least one sweep at a time.", Location.of_caller()
        )

    @wraps(f)
    def differentiated(*args: Any, **keywords: Any) -> Any:
        chosen = pick(args, argnums, "jacobian()")
        trace = Trace(partial(f, args, chosen, keywords), [args[k] for k in chosen], "jacobian()")
        outputs = tree.leaves(trace.result)
        _check(trace, outputs, "jacobian()")
        order = collect(_nodes(trace, outputs))[::-1]
        plan = _plan(trace, outputs, order, mode, batch, return_plan)
        if plan.mode == "forward":
            rows = _by_columns(trace, outputs, order, plan.batch)
        else:
            rows = _by_rows(trace, outputs, plan.batch)
        nested = [_single(tree.like(trace.structure, row), argnums) for row in rows]
        made = tree.like(trace.result, nested)
        return (made, plan) if return_plan else made

    return differentiated


def _check(trace: Trace, outputs: Sequence[Any], operation: str) -> None:
    """Raise where there is nothing to differentiate."""
    where = Location.of_caller()
    n = sum(int(np.size(bare(v.output))) for v in trace.inputs)
    for out in outputs:
        dtype = getattr(bare(out), "dtype", np.dtype(type(out) if _is_number(out) else object))
        if dtype.kind not in "fc":
            raise errors.DTypeError(
                f"{operation}: the function returned {_kind(out, dtype)}, which has no derivative; "
                "return floating-point values.",
                where,
            )
        if not isinstance(out, Boxed):
            raise errors.UntrackedError(
                f"{operation}: the function returned a plain {type(out).__name__} that recorded "
                "operations did not compute; compute it from the arguments with NumPy's "
                "functions (not "
                "math's, float() or .item()), or use stop_gradient for an intended constant.",
                where,
            )
    if not outputs:
        raise errors.UntrackedError(
            f"{operation}: the function returned nothing (None, or an empty pytree).", where
        )
    m = sum(int(np.size(bare(o))) for o in outputs)
    if not n or not m:
        raise errors.ShapeError(
            f"{operation}: n = {n} input elements and m = {m} output elements; "
            "there is nothing to differentiate.",
            where,
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, (bool, int, float, complex))


def _kind(out: Any, dtype: np.dtype[Any]) -> str:
    return f"{dtype} data" if dtype.kind != "O" else f"a {type(out).__name__}"


# --- the plan ---------------------------------------------------------------------


def _plan(
    trace: Trace, outputs: Sequence[Any], order: Sequence[Node], mode: str, batch: int | None,
    explain: bool,
) -> Plan:  # fmt: skip
    n = sum(int(np.size(bare(v.output))) for v in trace.inputs)
    m = sum(int(np.size(bare(o))) for o in outputs)
    small = max(n, m) <= SMALL
    close = not small and max(n, m) < 4 * min(n, m)
    each = sum(map(work, order)) if explain or (mode == "auto" and close) else 1.0
    forward, reverse, exact = n * each, m * each, False
    if close and mode == "auto" and each > WORTH_COUNTING:
        forward, reverse = counted(order, _nodes(trace, outputs), trace.inputs)
        forward, reverse, exact = n * forward, m * reverse, True
    chosen = mode
    if mode == "auto":
        # for a single output the reverse sweep has the fewest calls, for few it is forward
        chosen = "forward" if m > 1 and (small or forward <= reverse) else "reverse"
    if batch is None:
        largest = max((nbytes(node.output) for node in order), default=8)
        batch = max(1, PIECE // max(largest, 1))
    return Plan(chosen, n, m, forward, reverse, exact, batch, why(mode, chosen, n, m, exact))


def _nodes(trace: Trace, outputs: Sequence[Any]) -> list[Node]:
    return [
        o._node  # type: ignore[misc]
        for o in outputs
        if isinstance(o, Tensor) and o._level == trace.level
    ]


# --- the sweeps -------------------------------------------------------------------


def _seeds(
    like: Any, size: int, limit: int | None = None, unit: complex = 1
) -> Iterator[tuple[Batching | None, Any]]:
    """Yield the unit arrays of a value's shape in batches; a single one without a batch axis."""
    like = bare(like)
    shape, total = np.shape(like), int(np.size(like))
    if total == 1:
        yield None, beside(like, np.full(shape, unit, like.dtype))[()]
        return
    for start in range(0, total, size):
        stop = min(start + size, total)
        units = np.eye(stop - start, total, start, dtype=like.dtype)
        if unit != 1:
            units *= unit
        batch = Batching(stop - start, limit)
        yield batch, batch.wrap(beside(like, units.reshape((stop - start, *shape))))


def _spread(batch: Batching | None, value: Any, like: Any) -> Any:
    """Return the batch's values, each shaped like another, with the batch axis in front, or 0."""
    like = bare(like)
    shape = np.shape(like)
    if value is None:
        return beside(like, np.zeros((1 if batch is None else batch.size, *shape)))
    return value.reshape((1, *shape)) if batch is None else batch.spread(value)


def _finished(pieces: list[Any], full: tuple[int, ...], move: int, given: Any) -> Any:
    """Join the pieces, put the batch axis (which counts `move` trailing axes) in its place."""
    joined = pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=0)
    if move:
        joined = np.moveaxis(joined, 0, -1)
    made = joined.reshape(full)
    if isinstance(made, Boxed):
        return made
    if foreign(made) is not None:
        return as_given(made, given)
    made = np.array(made)[()] if not made.flags.writeable or made.base is not None else made
    return as_given(made if full else made[()], given) if _keeps(given, full) else made


def _keeps(given: Any, full: tuple[int, ...]) -> bool:
    return isinstance(given, Tensor) or not full


def _by_rows(trace: Trace, outputs: Sequence[Any], size: int) -> list[list[Any]]:
    """Reverse sweeps: one for each output element, in batches."""
    table = []
    for k, out in enumerate(outputs):
        swept = [_row(trace, outputs, k, size, unit) for unit in directions(out)]
        row = []
        for j, node in enumerate(trace.inputs):
            full = (*np.shape(bare(out)), *np.shape(bare(node.output)))
            parts = [
                pieces[j] or [beside(node.output, np.zeros(full, bare(node.output).dtype))]
                for pieces in swept
            ]
            row.append(_entry(parts, full, 0, trace.given[j], node, out))
        table.append(row)
    return table


def _row(trace: Trace, outputs: Sequence[Any], k: int, size: int, unit: complex) -> list[list[Any]]:
    """Pull the unit arrays of output k back; for each input the pieces."""
    out = outputs[k]
    pieces: list[list[Any]] = [[] for _ in trace.inputs]
    if isinstance(out, Tensor) and out._level == trace.level:
        for batch, seed in _seeds(out, size, unit=unit):
            seeds = [seed if j == k else None for j in range(len(outputs))]
            for j, g in enumerate(trace.found(outputs, seeds)):
                pieces[j].append(_spread(batch, g, trace.inputs[j].output))
    return pieces


def _entry(
    swept: list[list[Any]], full: tuple[int, ...], move: int, given: Any, node: Node, out: Any
) -> Any:
    """Return a block of the Jacobian from the pieces of its sweeps."""
    widened = bare(node.output).dtype.kind != "c" == bare(out).dtype.kind
    if widened and not isinstance(given, Tensor):
        given = None  # the derivative of a float is complex
    made = [_finished(parts, full, move, given) for parts in swept]
    block = whole(made, node.output, out, "jacobian()")
    return block if widened else _typed(block, node)


def _typed(value: Any, node: Node) -> Any:
    dtype = bare(node.output).dtype
    return value.astype(dtype) if getattr(value, "dtype", dtype) != dtype else value


def _by_columns(
    trace: Trace, outputs: Sequence[Any], order: Sequence[Node], size: int
) -> list[list[Any]]:
    """Forward sweeps: one for each input element, in batches."""
    table: list[list[Any]] = [[] for _ in outputs]
    for node, given in zip(trace.inputs, trace.given, strict=True):
        inner = np.shape(bare(node.output))
        swept = [
            _column(trace, outputs, order, node, size, unit) for unit in directions(node.output)
        ]
        for k, out in enumerate(outputs):
            full = (*np.shape(bare(out)), *inner)
            table[k].append(_entry([p[k] for p in swept], full, 1, given, node, out))
    return table


def _column(
    trace: Trace, outputs: Sequence[Any], order: Sequence[Node], node: Node, size: int,
    unit: complex,
) -> list[list[Any]]:  # fmt: skip
    """Push the unit arrays of an input forward; for each output the pieces."""
    tracked = [isinstance(o, Tensor) and o._level == trace.level for o in outputs]
    nodes = _nodes(trace, outputs)
    pieces: list[list[Any]] = [[] for _ in outputs]
    for batch, seed in _seeds(node.output, size, unit=unit):
        pushed = iter(trace.pushed(order, {node: seed}, nodes))
        for k, out in enumerate(outputs):
            t = next(pushed) if tracked[k] else None
            pieces[k].append(_spread(batch, t, out))
    return pieces


@trace_borders.keywords
def hessian(f: Function, argnums: int | Sequence[int] = 0, batch: int | None = None) -> Function:
    """Return a function that computes the Hessian of a scalar function, forward over reverse.

    Parameters
    ----------
    f : callable
        Returns a scalar.
    argnums : int or sequence of int
        The positional arguments to differentiate twice.
    batch : int, optional
        How many columns are computed at once, at most; the default depends on memory.

    Returns
    -------
    callable
        Takes f's arguments; returns an array of shape ``x.shape + x.shape``
        (nested twice like the arguments).

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import hessian
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    gradient = gradient_of(f, argnums, name="hessian")

    @wraps(f)
    def differentiated(*args: Any, **keywords: Any) -> Any:
        chosen = pick(args, argnums, "hessian()")
        of_chosen = partial(gradient, args, chosen, keywords)
        structure = tuple(args[k] for k in chosen)
        given = tree.leaves(structure)
        values = [inexact_leaf(v, "hessian()") for v in given]
        if any(bare(v).dtype.kind == "c" for v in values):  # which may have none: that is checked
            return jacobian(gradient, argnums, "forward")(*args, **keywords)
        if not sum(int(np.size(bare(v))) for v in values):
            raise errors.ShapeError(
                "hessian(): there are no input elements to differentiate.", Location.of_caller()
            )
        columns = [
            _hessian_columns(of_chosen, structure, values, j, batch) for j in range(len(given))
        ]
        rows = [
            [_second(columns[j][k], values[k], values[j], given[k]) for j in range(len(given))]
            for k in range(len(given))
        ]
        nested = [_single(tree.like(structure, row), argnums) for row in rows]
        return _single(tree.like(structure, nested), argnums)

    return differentiated


def _single(pytree: Any, argnums: Any) -> Any:
    return pytree[0] if not isinstance(argnums, (tuple, list)) else pytree


def _hessian_columns(
    gradient: Function, structure: Any, values: list[Any], j: int, batch: int | None
) -> list[list[Any]]:
    """Push the unit directions of leaf j through the gradient; for each leaf the pieces."""
    total = int(np.size(bare(values[j])))
    size = max(total, 1) if batch is None else batch
    while True:
        try:
            pieces: list[list[Any]] = [[] for _ in values]
            for piece, seed in _seeds(
                values[j], size, LIMIT if batch is None and size > 1 else None
            ):
                level = new_level()
                duals = [
                    Dual._make(v, seed if k == j else None, level) for k, v in enumerate(values)
                ]
                for k, g in enumerate(tree.leaves(gradient(*tree.like(structure, duals)))):
                    t = g._tangent if isinstance(g, Dual) and g._level == level else None
                    trace_borders.alive(t, "hessian()")
                    pieces[k].append(_spread(piece, t, values[k]))
            return pieces
        except TooLargeError:
            size = max(1, size // 4)


def _second(pieces: list[Any], row: Any, column: Any, given: Any) -> Any:
    full = (*np.shape(bare(row)), *np.shape(bare(column)))
    if not pieces:
        return beside(row, np.zeros(full, bare(row).dtype))
    made = _finished(pieces, full, 1, given)
    dtype = bare(row).dtype
    return made.astype(dtype) if getattr(made, "dtype", dtype) != dtype else made
