"""Kernels over rows, compiled from formulas with reductions, and run on the team's threads."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from autograd_core.workers.compiled import sources, team
from autograd_core.workers.compiled.addresses import address
from autograd_core.workers.compiled.generated import CannotWriteError, cost
from autograd_core.workers.compiled.row_text import TILE, row_text
from autograd_core.workers.formula import Formula
from autograd_core.workers.walks import Walk

LONG = 128  # numbers of a row, from which on wide vectors are faster


class RowKernels:
    """A formula's kernels: one for each way in which its arrays may lie.

    Parameters
    ----------
    formula : Formula
        With or without reductions.
    """

    def __init__(self, formula: Formula) -> None:
        self.formula, self.cost = formula, cost(formula)
        self.known: dict[Any, Any] = {}

    def planned(self, walk: Walk) -> Callable[..., None] | None:
        """Return a function that runs a kernel, or None if there is none for this walk.

        Parameters
        ----------
        walk : Walk
            Of the inputs and the results.

        Returns
        -------
        callable
            ``function(inputs, outs, settings, alone)``: lists of arrays, a dict of the formula's
            numbers, and whether the calling thread is to work alone.
        """
        loops = _loops(walk)
        if loops is None:
            return None
        sizes, steps, steady = loops
        terms = (*self.formula.inputs, *self.formula.outputs)
        innermost = steps[:, 4 if walk.across else 3]
        if any(
            t.span.columns and step not in (0, t.dtype.itemsize)
            for t, step in zip(terms, innermost, strict=True)
        ):
            return None
        summed = self._summed(walk, len(self.formula.inputs))
        wide = bool(sizes[4 if walk.across else 3] >= LONG)
        key = (walk.across, steady, summed, wide)
        if key not in self.known:
            self.known[key] = self._made(*key)
        if self.known[key] is None:
            return None
        function, kept, lanes = self.known[key]
        most = int(sizes[0] * sizes[1] * -(-sizes[4] // TILE))
        row = int(sizes[2] * sizes[3])
        room = kept * row * (TILE if walk.across else 1) + lanes * TILE
        work = math.prod(walk.sizes) * self.cost
        places = [k for k, sum_up in enumerate(summed) if sum_up]
        names = [t.value for t in self.formula.settings]

        def run(
            inputs: Sequence[Any], outs: Sequence[Any], settings: dict[str, Any], alone: bool
        ) -> None:
            parts = 1 if alone else min(team.shares(work), most)
            scratch = np.empty(parts * room) if room else None
            totals = [np.zeros((2 * parts, outs[k].size)) for k in places]
            given = [n for total in totals for n in (address(total), total.shape[1])]
            function(
                team.helped(parts) if parts > 1 else team.nobody, parts, sizes, steps,
                address(scratch) if room else 0, room * 8,
                *map(address, inputs), *map(address, outs), *given,
                *[float(settings[name]) for name in names],
            )  # fmt: skip
            for k, total in zip(places, totals, strict=True):
                found = total[0] if parts == 1 else total[:parts].sum(axis=0)
                outs[k][...] = found.reshape(outs[k].shape)

        return run

    def _summed(self, walk: Walk, count: int) -> tuple[bool, ...]:
        """Tell for each result whether it is constant along a loop that its term is not."""
        return tuple(
            any(
                n > 1 and not step and (t.span.columns if k in walk.reduced else t.span.rows)
                for k, (n, step) in enumerate(zip(walk.sizes, steps, strict=True))
            )
            for t, steps in zip(self.formula.outputs, walk.steps[count:], strict=True)
        )

    def _made(self, across: bool, steady: Any, summed: Any, wide: bool) -> Any:
        for t, sum_up in zip(self.formula.outputs, summed, strict=True):
            if sum_up and not t.span.columns:
                return None
        try:
            text, kept, lanes = row_text(self.formula, across, steady, summed, wide)
        except CannotWriteError:
            return None
        return sources.compiled_text(text)["run"], kept, lanes


@lru_cache(maxsize=512)
def _loops(walk: Walk) -> tuple[Any, Any, tuple[bool, ...]] | None:
    """Return sizes and steps of the five loops, and which arrays are constant along the last."""
    across = walk.across
    inside = list(walk.reduced)
    rows = [k for k in range(len(walk.sizes)) if k not in inside]
    last = [rows.pop()] if across else []
    if len(rows) > 2 or len(inside) > 2:
        return None
    order = [-1] * (2 - len(rows)) + rows + [-1] * (2 - len(inside)) + inside + (last or [-1])
    innermost = order[4] if across else order[3]
    sizes = np.array([1 if k < 0 else walk.sizes[k] for k in order])
    steps = np.array([[0 if k < 0 else s[k] for k in order] for s in walk.steps])
    return sizes, steps, tuple(not s[innermost] for s in walk.steps)
