"""A formula as NumPy's calls, on small pieces of memory that stay in the cache.

NumPy computes ``a * b + c`` of large arrays in two passes, and writes a temporary array as large.
Here each operation writes with ``out=`` into one of a few pieces, which are used again as soon as
nobody needs what is in them. The calls and their dtypes are those of the formula, and so are the
bits of the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd_core.workers.erf import double, erf, single
from autograd_core.workers.formula import SCALAR, Formula, Term, trace
from autograd_core.workers.settings import setting
from autograd_core.workers.threads import share

# Numbers of a piece.  Small ones stay in the cache, but two threads that make a call every few
# microseconds wait for the interpreter's lock: of a million numbers, pieces of 32,768 took 1.5 to
# 1.9 times as long as those of 131,072.  Scratch pieces shall stay small beside the arrays, too.
PIECES = 1 << 15, 1 << 18
SHARED = 1 << 16  # numbers: what a thread gets at least
WORTH = 1 << 24  # calls times numbers, about 2 ms; less work is done sooner by one thread
_PRICES = {"where": 6, "erf": 20}  # as many as of a call that adds
Place = tuple[str, Any]  # "x" input, "y" result, "s" scalar, "t" scratch; and which one


class _Call(NamedTuple):
    """One call: ``call(*arguments, out)``."""

    call: Callable[..., Any]
    arguments: tuple[Place, ...]
    out: Place


def _cast(a: Any, out: Any) -> None:
    np.copyto(out, a, casting="unsafe")


def _where(truth: Any, yes: Any, no: Any, out: Any) -> None:
    """Choose by bits: NumPy's own way takes a branch at each number, and the time of ten sums."""
    whole = _WHOLES.get(out.dtype.char)
    if whole is None:
        np.copyto(out, np.where(truth, yes, no))
        return
    yes, no = (np.asarray(v, out.dtype).view(whole) for v in (yes, no))
    chosen = np.negative(truth.view(np.int8), dtype=whole)  # all bits, or none
    np.bitwise_and(chosen, np.bitwise_xor(yes, no), out=chosen)
    np.bitwise_xor(chosen, no, out=out.view(whole))


def _clip(x: Any, low: Any, high: Any, out: Any) -> None:
    np.minimum(np.maximum(x, low, out=out), high, out=out)


def _erf(x: Any, out: Any) -> None:
    found = _erfs.get(x.dtype)
    if found is None:
        traced: Any = trace(single if x.dtype == np.float32 else double, [x.dtype])
        found = _erfs[x.dtype] = NumPyCalls(traced)
    found.run((x,), (out,), (), slice(0, x.size), x.size)


_erfs: dict[Any, NumPyCalls] = {}
_WHOLES = {"f": np.int32, "d": np.int64}


_CALLS: dict[str, Callable[..., Any]] = {
    "cast": _cast, "where": _where, "clip": _clip, "erf": _erf,
}  # fmt: skip


class NumPyCalls:
    """A formula's calls, and which piece of memory each writes.

    Parameters
    ----------
    formula : Formula
        Without reductions; all inputs vary along both axes or not at all.
    """

    def __init__(self, formula: Formula) -> None:
        self.formula = formula
        self.scratch: list[Any] = []  # the dtype of each piece
        self.calls: list[_Call] = []
        self.order = {t: k for k, t in enumerate(formula.settings)}
        terms = [t for t in formula.terms if t.span != SCALAR]
        self.price = sum(_PRICES.get(t.op, 1) for t in terms if t.op != "input")
        self._plan(terms)

    def _plan(self, terms: Sequence[Term]) -> None:
        """Choose a place for each term, and let go of places after their last use."""
        formula = self.formula
        uses = dict.fromkeys(terms, 0)
        for t in terms:
            for a in t.args:
                if a in uses:
                    uses[a] += 1
        places: dict[Term, Place] = {}
        results: dict[Term, Place] = {}
        for k, t in enumerate(formula.outputs):
            if t.op not in _GIVEN and t.span != SCALAR:
                results.setdefault(t, ("y", k))
        free: dict[Any, list[int]] = {}
        for t in terms:
            if t.op == "input":
                places[t] = ("x", t.value)
                continue
            reads = tuple(places.get(a, ("s", a)) for a in t.args)
            gone = []
            for a in dict.fromkeys(t.args):
                if a in uses:
                    uses[a] -= t.args.count(a)
                    if not uses[a] and places[a][0] == "t":
                        gone.append(a)
            reused = t.args[1:] if t.op == "where" else () if t.op in _CALLS else t.args
            out = results.get(t)
            for a in gone:
                if out is None and a in reused and a.dtype == t.dtype and t.args.count(a) == 1:
                    out = places[a]
                else:
                    free.setdefault(a.dtype, []).append(places[a][1])
            if out is None:
                out = ("t", self._piece(t, free, {a: places[a] for a in gone}))
            places[t] = out
            self.calls.append(_Call(_CALLS.get(t.op) or getattr(np, t.op), reads, out))
        for k, t in enumerate(formula.outputs):
            if places.get(t) != ("y", k):
                source = places.get(t, ("s", t))
                self.calls.append(_Call(_cast, (source,), ("y", k)))

    def _piece(self, term: Term, free: dict[Any, list[int]], gone: dict[Term, Place]) -> int:
        """Return a piece for a result: not one that the same call reads, if it needs them."""
        taken = {place[1] for place in gone.values()} if term.op in _CALLS else set()
        for k in free.get(term.dtype, ()):
            if k not in taken:
                free[term.dtype].remove(k)
                return k
        self.scratch.append(term.dtype)
        return len(self.scratch) - 1

    def _scalars(self, arrays: Sequence[Any], settings: Sequence[float]) -> dict[Term, Any]:
        """Return the values of all terms that are one number."""
        known: dict[Term, Any] = {}
        for t in self.formula.terms:
            if t.span != SCALAR:
                continue
            if t.op == "input":
                known[t] = arrays[t.value]
            elif t.op == "constant":
                known[t] = t.value if t.dtype is None else t.dtype.type(t.value)
            elif t.op == "setting":
                known[t] = settings[self.order[t]]
            else:
                given = [known[a] for a in t.args]
                known[t] = _number(t, given)
        return known

    def run(
        self,
        arrays: Sequence[Any],
        outs: Sequence[Any],
        settings: Sequence[float],
        some: slice,
        size: int,
    ) -> None:
        """Write a part of the results.

        Parameters
        ----------
        arrays, outs : sequence of array
            Flat, dense, of one length; numbers for inputs that do not vary.
        settings : sequence of float
            In the order of ``Formula.settings``.
        some : slice
            Which part.
        size : int
            Numbers of a piece.
        """
        numbers = self._scalars(arrays, settings)
        whole = [np.empty(size, dtype) for dtype in self.scratch]
        varies = [t.value for t in self.formula.inputs if t.span != SCALAR]
        for begin in range(some.start, some.stop, size):
            end = min(begin + size, some.stop)
            known: dict[Any, Any] = {("x", k): arrays[k][begin:end] for k in varies}
            known |= {("y", k): out[begin:end] for k, out in enumerate(outs)}
            known |= {("t", k): piece[: end - begin] for k, piece in enumerate(whole)}
            for call, reads, out in self.calls:
                call(*[known[r] if r[0] != "s" else numbers[r[1]] for r in reads], out=known[out])

    def shared(
        self, arrays: Sequence[Any], outs: Sequence[Any], settings: Sequence[float] = ()
    ) -> None:
        """Write all of the results, on as many threads as are set."""
        size = outs[-1].size
        count = min(2 * setting("threads"), size // SHARED)
        if count < 2 or setting("threads") < 2 or self.price * size < WORTH:
            self.run(arrays, outs, settings, slice(0, size), PIECES[0])
            return
        piece = min(max(size // 8, PIECES[0]), PIECES[1])
        ends = [size * k // count for k in range(count + 1)]
        share(
            lambda k: self.run(arrays, outs, settings, slice(ends[k], ends[k + 1]), piece),
            count,
            setting("threads"),
        )


_GIVEN = ("input", "constant", "setting")


def _number(term: Term, given: Sequence[Any]) -> Any:
    """Compute what is one number, as the formula does."""
    if term.op == "cast":
        return np.asarray(given[0]).astype(term.dtype)[()]
    call: Any = {"where": np.where, "clip": np.clip, "erf": erf}.get(term.op)
    made = (call or getattr(np, term.op))(*given)
    return float(made) if term.dtype is None else made
