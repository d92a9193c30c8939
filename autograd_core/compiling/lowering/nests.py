"""Nests of loops: elementwise steps over one shape, and the reductions at their ends.

A nest goes over the rows of its shape and over the numbers of each row.  A sum or an extreme along
a row is known when the row has been gone through, so the steps that need it go through the row once
more.  Sums over all rows are known when the nest has ended.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autograd_core.compiling.lowering.scalars import KINDS, Term, constant, term
from autograd_core.compiling.lowering.strides import Lie, lie_of_own
from autograd_core.compiling.program import Step, Value
from autograd_core.rules import reductions

LONGEST_ROW = 1 << 14  # numbers that are kept in the cache between two goings through a row
_REDUCTIONS = {
    reductions.sum_: "sum",
    reductions.mean: "mean",
    reductions.max_: "max",
    reductions.min_: "min",
}
ROW, COLUMN, ALL = "row", "column", "all"


class Reduced:
    """A reduction: what it is, over which axes, and the number that a mean divides by."""

    def __init__(self, how: str, axes: tuple[int, ...], keepdims: bool, count: int) -> None:
        self.how = how
        self.axes = axes
        self.keepdims = keepdims
        self.count = count


def reduction(step: Step) -> Reduced | None:
    """Return what a step reduces; None if it is no reduction that loops can do."""
    if step.operation is None or step.multiple or not step.args:
        return None
    if step.args[0].__class__ is not Value:
        return None
    how = _REDUCTIONS.get(step.operation)
    x = step.args[0].example
    if how is None or len(step.args) != 1 or not set(step.params) <= {"axis", "keepdims"}:
        return None
    kind = KINDS.get(getattr(x, "dtype", None))
    if kind in (None, "bool_") or step.result.example.dtype != x.dtype or not x.ndim or not x.size:
        return None
    axis = step.params.get("axis")
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if not all(isinstance(k, int) for k in axes):
        return None
    chosen = tuple(sorted(k % x.ndim for k in axes))
    if not chosen:
        return None
    keepdims = step.params.get("keepdims", False)
    if keepdims.__class__ is not bool:
        return None
    return Reduced(how, chosen, keepdims, prod(x.shape[k] for k in chosen))


class Work:
    """One step of a nest.

    Attributes
    ----------
    over : tuple of int
        The result's strides along the nest's axes.
    reads : list
        For each operand its `Lie` and its strides along the nest's axes.
    level : int
        How many goings through the row have to end first.
    where : str or None
        For a reduction ROW, COLUMN or ALL.
    """

    def __init__(self, step: Step, term_: Term | None, reduced: Reduced | None) -> None:
        self.step = step
        self.term = term_
        self.reduced = reduced
        self.over: tuple[int, ...] = ()
        self.axes: tuple[int, ...] = ()  # the nest's axis of each axis of the result
        self.reads: list[tuple[Lie, tuple[int, ...]]] = []
        self.level = 0
        self.where: str | None = None
        self.full = False  # one number for each place of the nest

    def operands(self) -> list[Any]:
        """Return the values and constants that it reads."""
        return self.term.operands if self.term is not None else self.step.args[:1]


class Nest:
    """Loops over one shape.

    Attributes
    ----------
    shape : tuple of int
    works : list of Work
    columns : int or None
        How many axes at the end a row has, once a reduction has said so.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.works: list[Work] = []
        self.columns: int | None = None
        self.made: dict[Value, Work] = {}

    def joined(self, work: Work, lies: dict[Value, Lie | None]) -> bool:
        """Take a step in, if it goes over this shape."""
        if work.reduced is not None:
            return self._with_reduction(work, lies)
        shape = work.step.result.example.shape
        for axes in self._embeddings(work, shape, lies):
            reads = self._reads(work, axes, len(shape), lies)
            if reads is None:
                continue
            over = self._spread(_own_strides(work.step.result), shape, axes, len(shape))
            if shape != self.shape and not self._constant_along_rows(over, axes, reads):
                continue
            work.axes, work.over, work.reads = axes, over, reads
            work.level = self._level(work)
            work.full = shape == self.shape
            self._take(work)
            return True
        return False

    def _take(self, work: Work) -> None:
        self.works.append(work)
        self.made[work.step.result] = work

    def _embeddings(
        self, work: Work, shape: tuple[int, ...], lies: dict[Value, Lie | None]
    ) -> list[tuple[int, ...]]:
        """Return which of the nest's axes the result's axes may be."""
        if shape == self.shape:
            return [tuple(range(len(shape)))]
        found = []
        depth = len(self.shape) - len(shape)
        fits = all(n in (1, m) for n, m in zip(shape, self.shape[depth:], strict=True)) if (
            depth >= 0
        ) else False  # fmt: skip
        if fits:
            found.append(tuple(range(depth, len(self.shape))))
        for operand in work.operands():
            maker = self._maker(operand, lies)
            if maker is not None and maker.step.result.example.shape == shape:
                found.append(maker.axes)
        return found

    def maker(self, lie: Lie) -> Work | None:
        """Return the step of this nest that makes an array; None if it comes from outside."""
        return None if lie.value is None else self.made.get(lie.value)

    def _maker(self, operand: Any, lies: dict[Value, Lie | None]) -> Work | None:
        lie = lies.get(operand) if operand.__class__ is Value else None
        return None if lie is None else self.maker(lie)

    def _constant_along_rows(
        self, over: tuple[int, ...], axes: tuple[int, ...], reads: list[Any]
    ) -> bool:
        """Whether a step of fewer numbers has one number for each row of this nest."""
        if self.columns is None:
            return False
        rows = len(self.shape) - self.columns
        if any(over[rows:]) or any(any(strides[rows:]) for _, strides in reads):
            return False
        makers = [self.maker(lie) for lie, _ in reads]
        if any(m is not None and m.where is None and m.full for m in makers):
            return False  # a row of one number, which the row's loop makes
        covered = {k for k, s in enumerate(over) if s}
        return all(n == 1 or k in covered for k, n in enumerate(self.shape[:rows]))

    def _spread(
        self, strides: tuple[int, ...], shape: tuple[int, ...], axes: tuple[int, ...], ndim: int
    ) -> tuple[int, ...]:
        """Return strides along the nest's axes of what has axes of its own, aligned at the end."""
        over = [0] * len(self.shape)
        first = ndim - len(shape)
        for k, (n, stride) in enumerate(zip(shape, strides, strict=True)):
            if n != 1:
                over[axes[first + k]] = stride
        return tuple(over)

    def _reads(
        self, work: Work, axes: tuple[int, ...], ndim: int, lies: dict[Value, Lie | None]
    ) -> list[tuple[Lie, tuple[int, ...]]] | None:
        found = []
        for operand in work.operands():
            lie = lies.get(operand) if operand.__class__ is Value else lie_of_own(operand)
            if lie is None or len(lie.shape) > ndim:
                return None
            strides = self._spread(lie.strides, lie.shape, axes, ndim)
            maker = self.maker(lie)
            if maker is not None:
                whole = maker.where in (COLUMN, ALL)
                if whole or lie.start or strides != maker.over:
                    return None  # another place of what this nest makes
            found.append((lie, strides))
        return found

    def _level(self, work: Work) -> int:
        level = 0
        for lie, _ in work.reads:
            maker = self.maker(lie)
            if maker is not None:
                level = max(level, maker.level + (maker.where == ROW))
        return level

    def _with_reduction(self, work: Work, lies: dict[Value, Lie | None]) -> bool:
        reduced, x = work.reduced, work.step.args[0]
        assert reduced is not None
        lie = lies.get(x)
        if lie is None or lie.shape != self.shape:
            return False
        axes = tuple(range(len(self.shape)))
        reads = self._reads(work, axes, len(axes), lies)
        if reads is None:
            return False
        where = self._where(reduced)
        if where is None:
            return False
        if where == ROW:
            columns = len(reduced.axes)
            if self.columns not in (None, columns):
                return False
            self.columns = columns
        elif where == COLUMN:
            columns = len(self.shape) - len(reduced.axes)
            if self.columns not in (None, columns):
                return False
            self.columns = columns
        result = work.step.result.example
        kept = tuple(k for k in axes if reduced.keepdims or k not in reduced.axes)
        work.axes, work.reads, work.where = kept, reads, where
        work.over = self._spread(_own_strides(work.step.result), result.shape, kept, len(kept))
        work.level = self._level(work)
        self._take(work)
        return True

    def _where(self, reduced: Reduced) -> str | None:
        """Return over what a reduction goes, if this nest's loops can do it."""
        ndim, first, count = len(self.shape), reduced.axes[0], len(reduced.axes)
        together = reduced.axes == tuple(range(first, first + count))
        adds = reduced.how in ("sum", "mean")
        last = together and first + count == ndim and reduced.count <= LONGEST_ROW
        if last and (first or ndim == 1 or not adds or self.columns == ndim):
            return ROW
        if not adds or not together or first:
            return None
        return ALL if count == ndim else COLUMN


def _own_strides(value: Value) -> tuple[int, ...]:
    lie = lie_of_own(value)
    assert lie is not None
    return lie.strides


def nests_of(steps: list[Step], lies: dict[Value, Lie | None]) -> list[Nest]:
    """Return the nests of some steps, in an order in which they can run."""
    found: list[Nest] = []
    place: dict[Value, int] = {}
    for step in steps:
        reduced = reduction(step)
        work = Work(step, None if reduced is not None else term(step), reduced)
        shape = step.args[0].example.shape if reduced is not None else step.result.example.shape
        first = 0
        for operand in work.operands():
            lie = lies.get(operand) if operand.__class__ is Value else None
            if lie is not None and lie.value is not None:
                first = max(first, place.get(lie.value, 0))
        for k in range(first, len(found)):
            if found[k].joined(work, lies):
                break
        else:
            k = len(found)
            nest = Nest(shape)
            found.append(nest)
            if not nest.joined(work, lies):
                raise AssertionError(f"no loops for {step.operation!r}: see `can_be`")
        place[step.result] = k
    return found


def can_be(step: Step, lies: dict[Value, Lie | None], exact: bool) -> bool:
    """Whether loops can do a step."""
    if step.operation is None or step.multiple or lies.get(step.result) is None:
        return False
    if lies[step.result].root is not step.result:  # type: ignore[union-attr]  # just looked at
        return False
    reduced = reduction(step)
    if reduced is not None:
        if exact and reduced.how in ("sum", "mean"):
            return False
        x = step.args[0]
        work = Work(step, None, reduced)
        return Nest(x.example.shape).joined(work, lies)
    found = term(step)
    if found is None or (exact and not found.scalar.exact):
        return False
    for operand, kind in zip(found.operands, found.kinds, strict=True):
        number = operand.__class__ is not Value and not np.ndim(operand)
        if number and constant(np.asarray(operand)[()], kind) is None:
            return False
    return Nest(step.result.example.shape).joined(Work(step, found, None), lies)
