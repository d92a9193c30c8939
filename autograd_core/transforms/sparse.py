"""Sparse Jacobians and Hessians: found from the graph, swept compressed, put back in place.

Columns that share no row are swept together, so that the number of sweeps is
the number of colours, not of inputs.  (A. Curtis, M. Powell and J. Reid, 1974;
T. Coleman and J. More, 1984.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from autograd_core.base import errors
from autograd_core.base.printing import prints_anywhere
from autograd_core.base.source import Location
from autograd_core.engine.node import Node
from autograd_core.engine.pushing import push
from autograd_core.engine.sweeping import collect, sweep
from autograd_core.engine.tensor import Tensor
from autograd_core.operations.primitive import bare
from autograd_core.transforms import colouring
from autograd_core.transforms.complex_units import directions, whole
from autograd_core.transforms.derivatives import gradient_of
from autograd_core.transforms.jacobians import PIECE
from autograd_core.transforms.sparsity_patterns import Sets, pattern_of
from autograd_core.transforms.tracing import Trace
from autograd_core.transforms.vmap import Batching

Function = Callable[..., Any]


class Triples(NamedTuple):
    """A sparse matrix as its entries.

    Attributes
    ----------
    rows, columns : array of int
        Where the entries are, sorted by row, then column.
    values : array
        What they are.
    shape : tuple of int
        Rows and columns of the matrix.
    """

    rows: Any
    columns: Any
    values: Any
    shape: tuple[int, int]

    def dense(self) -> Any:
        """Return the matrix with its zeros."""
        made = np.zeros(self.shape, dtype=self.values.dtype)
        made[self.rows, self.columns] = self.values
        return made


@dataclass(frozen=True)
class SparsePlan:
    """How a sparse derivative was computed.

    Attributes
    ----------
    mode : str
        "forward", "reverse" or "symmetric".
    sweeps : int
        Number of colours.
    entries : int
        Size of the pattern.
    shape : tuple of int
        Of the matrix.
    colours : array of int
        Of each column (forward, symmetric) or row (reverse).
    """

    mode: str
    sweeps: int
    entries: int
    shape: tuple[int, int]
    colours: Any

    @prints_anywhere
    def __str__(self) -> str:
        rows, columns = self.shape
        full = rows if self.mode == "reverse" else columns
        return (
            f"{self.mode} mode, {self.sweeps:,} compressed sweeps instead of {full:,}: "
            f"{self.entries:,} of {rows * columns:,} entries can be nonzero"
        )


def _pattern(pattern: Any, shape: tuple[int, int]) -> Sets:
    """Return a user's pattern as sets: a dense mask, a scipy.sparse matrix, or (rows, columns)."""
    if isinstance(pattern, tuple) and len(pattern) == 2:
        rows, columns = (np.asarray(p) for p in pattern)
    elif hasattr(pattern, "tocoo"):
        found = pattern.tocoo()
        rows, columns = found.row, found.col
        if pattern.shape != shape:
            rows = np.array([-1])
    else:
        mask = np.asarray(pattern)
        rows, columns = np.nonzero(mask) if mask.shape == shape else (np.array([-1]),) * 2
    inside = rows.size == 0 or (
        rows.min() >= 0 and columns.min() >= 0
        and rows.max() < shape[0] and columns.max() < shape[1]
    )  # fmt: skip
    if rows.shape != columns.shape or not inside:
        raise errors.SparsityError(
            f"sparsity: the pattern does not fit a matrix of shape {shape}; give a mask of that "
            "shape, a scipy.sparse matrix, or (rows, columns).",
            Location.of_caller(),
        )
    return Sets.of_pairs(rows, columns, *shape)


def _one_array(trace: Trace, operation: str) -> tuple[Any, Node]:
    out = trace.result
    if len(trace.inputs) != 1 or not (isinstance(out, Tensor) and out._level == trace.level):
        kind = type(out).__name__ if not isinstance(out, Tensor) else "a constant"
        raise errors.UntrackedError(
            f"{operation}: f must take one array (first) and return one that depends on it; "
            f"it returned {kind}.",
            Location.of_caller(),
        )
    if not np.size(bare(out)) or not np.size(bare(trace.inputs[0].output)):
        raise errors.ShapeError(
            f"{operation}: there is nothing to differentiate: an input of shape "
            f"{np.shape(bare(trace.inputs[0].output))}, an output of shape {np.shape(bare(out))}.",
            Location.of_caller(),
        )
    assert out._node is not None
    return out, out._node


class _Sweeper:
    """Compressed sweeps through one recorded function."""

    def __init__(self, node: Node, start: Node) -> None:
        self.node, self.start = node, start
        self.order = collect([node])[::-1]

    def _run(self, seeds: Any, shape: tuple[int, ...], sweep_one: Callable[[Any], Any]) -> Any:
        """Run one batched sweep for each piece of the seeds; return a row for each seed."""
        largest = max(int(np.size(bare(v.output))) * 8 for v in self.order)
        size = max(1, PIECE // largest)
        rows = []
        for k in range(0, len(seeds), size):
            piece = seeds[k : k + size]
            batch = Batching(len(piece))
            found = sweep_one(batch.wrap(piece.reshape((len(piece), *shape))))
            rows.append(np.asarray(batch.spread(found)).reshape(len(piece), -1))
        return np.concatenate(rows)

    def swept(self, mode: str, colours: Any, operation: str) -> Any:
        """Return the compressed Jacobian, a row for each colour; complex numbers move two ways."""
        of, run = (self.node, self.reverse) if mode == "reverse" else (self.start, self.forward)
        seeds = _seeds(colours, bare(of.output).dtype)
        sweeps = [run(seeds if unit == 1 else seeds * unit) for unit in directions(of.output)]
        return whole(sweeps, self.start.output, self.node.output, operation)

    def forward(self, seeds: Any) -> Any:
        """Push seeds (k, n) forward: (k, m)."""
        zero = np.zeros_like(bare(self.node.output))

        def one(seed: Any) -> Any:
            (t,) = push(self.order, {self.start: seed}, [self.node])
            return zero if t is None else t

        return self._run(seeds, np.shape(bare(self.start.output)), one)

    def reverse(self, seeds: Any) -> Any:
        """Pull seeds (k, m) back: (k, n)."""
        zero = np.zeros_like(bare(self.start.output))

        def one(seed: Any) -> Any:
            found = sweep([self.node], [seed], {self.start}, retain=True)
            return found.get(self.start, zero)

        return self._run(seeds, np.shape(bare(self.node.output)), one)


def _seeds(colours: Any, dtype: Any) -> Any:
    """Return for each colour the sum of its unit vectors."""
    seeds = np.zeros((int(colours.max(initial=0)) + 1, len(colours)), dtype=dtype)
    seeds[colours, np.arange(len(colours))] = 1
    return seeds


def _verify(sweeper: _Sweeper, made: Triples) -> None:
    """Compare with one sweep along a random direction: a wrong pattern mixes up entries."""
    v = np.random.default_rng(0).uniform(0.5, 1.5, made.shape[1])
    v = v.astype(bare(sweeper.start.output).dtype)
    product = np.zeros(made.shape[0], dtype=made.values.dtype)
    np.add.at(product, made.rows, made.values * v[made.columns])
    exact = sweeper.forward(v[None])[0]
    if exact.dtype.kind != "c":  # of complex numbers along real ones: du/dx
        product = product.real
    size = np.zeros(made.shape[0])
    np.add.at(size, made.rows, np.abs(made.values * v[made.columns]))
    slack = 1e3 * float(np.finfo(made.values.dtype).eps) * (size + np.abs(exact).max(initial=0))
    wrong = np.flatnonzero(np.abs(product - exact) > slack)
    if wrong.size:
        raise errors.SparsityError(
            f"sparsity: the pattern is not the function's: row {int(wrong[0])} of the derivative "
            f"({wrong.size:,} rows in all) differs from a sweep without compression; entries are "
            "missing from the pattern. Leave pattern= out to find it from the graph.",
            Location.of_caller(),
        )


def _formatted(made: Triples, format: str) -> Any:
    if format == "triples":
        return made
    if format != "scipy":
        raise errors.OperandError(
            f"sparse: format={format!r}; use 'scipy' or 'triples'.", Location.of_caller()
        )
    try:
        from scipy.sparse import coo_array
    except ImportError as error:
        raise ImportError(
            "format='scipy' needs scipy: pip install scipy; or use format='triples'"
        ) from error
    return coo_array((made.values, (made.rows, made.columns)), shape=made.shape).tocsr()


def sparse_jacobian(
    f: Function, mode: str = "auto", pattern: Any = None, format: str = "scipy",
    return_plan: bool = False,
) -> Function:  # fmt: skip
    """Return a function that computes a sparse Jacobian in as many sweeps as it has colours.

    Parameters
    ----------
    f : callable
        ``f(x, *args)`` from one array to one array; differentiated in x.
    mode : {"auto", "forward", "reverse"}
        Compress columns (forward) or rows (reverse); whichever has fewer colours.
    pattern : optional
        Where entries can be: a mask of shape (m, n), a scipy.sparse matrix or
        ``(rows, columns)``; default found from the recorded graph.  It is
        checked with one more sweep.
    format : {"scipy", "triples"}
        ``scipy.sparse.csr_array``, or `Triples` (rows, columns, values, shape).
    return_plan : bool
        Whether to return ``(jacobian, plan)``.

    Returns
    -------
    callable
        Takes f's arguments, returns the m by n matrix of the flattened output
        and input.

    Raises
    ------
    SparsityError
        If a given pattern misses entries or does not fit.
    UntrackedError
        If f's result does not depend on x by recorded operations.

    Examples
    --------
    >>> from autograd_core.sparse import sparse_jacobian
    >>> def f(x):
    ...     return x[1:-1] ** 2 - x[:-2] * x[2:]
    >>> J, plan = sparse_jacobian(f, format="triples", return_plan=True)(np.arange(6.0))
    >>> plan.sweeps, J.shape
    (3, (4, 6))
    >>> J.values[:3]                                    # -x2, 2 x1, -x0
    array([-2.,  2.,  0.])
    """
    if mode not in ("auto", "forward", "reverse"):
        raise errors.OperandError(
            f"sparse_jacobian(): mode {mode!r}; use 'auto', 'forward' or 'reverse'.",
            Location.of_caller(),
        )

    def differentiated(x: Any, *args: Any) -> Any:
        trace = Trace(lambda x: f(x, *args), [x], "sparse_jacobian()")
        _, node = _one_array(trace, "sparse_jacobian()")
        start = trace.inputs[0]
        sweeper = _Sweeper(node, start)
        shape = (int(np.size(bare(node.output))), int(np.size(bare(start.output))))
        sets = (
            pattern_of(sweeper.order, node, start) if pattern is None else _pattern(pattern, shape)
        )
        rows, columns = sets.owners, sets.members
        chosen, colours = _colours(sets, shape, mode)
        swept = sweeper.swept(chosen, colours, "sparse_jacobian()")
        if chosen == "forward":
            values = swept[colours[columns], rows]
        else:
            values = swept[colours[rows], columns]
        made = Triples(rows, columns, values, shape)
        if pattern is not None:
            _verify(sweeper, made)
        plan = SparsePlan(chosen, len(swept), len(values), shape, colours)
        result = _formatted(made, format)
        return (result, plan) if return_plan else result

    return differentiated


def _rows(sets: Sets) -> list[Any]:
    return np.split(sets.members, sets.starts[1:-1])


def _colours(sets: Sets, shape: tuple[int, int], mode: str) -> tuple[str, Any]:
    """Return the mode with fewer colours, and them."""
    found: dict[str, Any] = {}
    if mode in ("auto", "forward"):
        found["forward"] = colouring.columns(_rows(sets), shape[1])
    if mode in ("auto", "reverse"):
        transposed = Sets.of_pairs(sets.members, sets.owners, shape[1], shape[0])
        found["reverse"] = colouring.columns(_rows(transposed), shape[0])
    return min(found.items(), key=lambda item: int(item[1].max(initial=0)))


def sparse_hessian(
    f: Function, pattern: Any = None, format: str = "scipy", return_plan: bool = False
) -> Function:
    """Return a function that computes a sparse Hessian by star colouring and products with it.

    Parameters
    ----------
    f : callable
        ``f(x, *args)`` from one array to a scalar; differentiated in x.
    pattern, format, return_plan
        As for `sparse_jacobian`; a pattern is made symmetric.

    Returns
    -------
    callable
        Takes f's arguments, returns the n by n matrix.

    Raises
    ------
    SparsityError
        If a given pattern misses entries or does not fit.

    Examples
    --------
    >>> from autograd_core.sparse import sparse_hessian
    >>> def energy(x):
    ...     return np.sum((x[1:] - x[:-1]) ** 2 * x[1:])
    >>> H, plan = sparse_hessian(energy, format="triples", return_plan=True)(np.ones(50))
    >>> plan.sweeps, len(H.values)
    (3, 148)
    """

    def differentiated(x: Any, *args: Any) -> Any:
        inner = gradient_of(lambda x: f(x, *args), name="sparse_hessian")
        trace = Trace(inner, [x], "sparse_hessian()")
        gradient = trace.result
        if isinstance(gradient, Tensor) and gradient._level != trace.level and gradient.size:
            n, dtype = gradient.size, gradient.dtype  # f is linear: nothing to sweep
            none = np.zeros(0, dtype=int)
            empty = _formatted(Triples(none, none, np.zeros(0, dtype), (n, n)), format)
            plan = SparsePlan("symmetric", 0, 0, (n, n), np.zeros(n, dtype=int))
            return (empty, plan) if return_plan else empty
        _, node = _one_array(trace, "sparse_hessian()")
        start = trace.inputs[0]
        sweeper = _Sweeper(node, start)
        n = int(np.size(bare(start.output)))
        sets = (
            pattern_of(sweeper.order, node, start) if pattern is None else _pattern(pattern, (n, n))
        )
        owners = np.concatenate([sets.owners, sets.members])
        sets = Sets.of_pairs(owners, np.concatenate([sets.members, sets.owners]), n, n)
        rows, columns = sets.owners, sets.members
        neighbours = [r[r != k] for k, r in enumerate(_rows(sets))]
        colours = colouring.star(neighbours)
        swept = sweeper.swept("forward", colours, "sparse_hessian()")
        # H S at (row i, colour c) is the sum of H[i, j] over the j of colour c: where only one
        # neighbour of i has that colour, it is that entry; else it is read from the other side.
        uses = np.zeros((len(swept), n), dtype=int)
        np.add.at(uses, (colours[columns], rows), 1)
        alone = uses[colours[columns], rows] == 1
        values = np.where(alone, swept[colours[columns], rows], swept[colours[rows], columns])
        made = Triples(rows, columns, values, (n, n))
        if pattern is not None:
            _verify(sweeper, made)
        plan = SparsePlan("symmetric", len(swept), len(values), (n, n), colours)
        result = _formatted(made, format)
        return (result, plan) if return_plan else result

    return differentiated
