"""One recorded run: its program, and the conditions under which it may answer a call."""

from __future__ import annotations

import linecache
import weakref
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np

from autograd_core.base import tree
from autograd_core.base.source import is_library
from autograd_core.compiling.arguments import Kind, as_array, flat, orders
from autograd_core.compiling.captured import CapturedState
from autograd_core.compiling.lowering.lowered import PLAIN, Lowering
from autograd_core.compiling.program import Program
from autograd_core.compiling.rounding import EXACT, Rounding, roundings
from autograd_core.compiling.writing import FUNCTION, Source
from autograd_core.operations.primitive import bare

_number = count(1).__next__


MISSES = 16  # calls in a row which NumPy's program had to answer; then loops are given up
CLOSE = 64  # roundings by which a program may differ from the function that it was made from


def _forget_name(name: str) -> None:
    """Drop what Python and the engine know of a program's file that is no more."""
    linecache.cache.pop(name, None)
    is_library.pop(name, None)


class Recording:
    """One recorded run of a compiled function.

    Attributes
    ----------
    source : str
        The program as NumPy source.
    reason : str
        Why it was recorded.
    run : callable
        Takes the arrays, returns a tuple of results, or the number of the guard that failed.
        Gone from a recording that is no longer among the latest.
    given : dict
        What the names of the source mean that the text cannot say.
    captured : list of str
        The names in the source of the arrays that it reads from outside.
    finish : callable
        Makes the results of `run` into those of the user's function.
    """

    def __init__(
        self,
        written: Source,
        reason: str,
        kinds: list[Kind],
        structure: Any,
        watch: CapturedState,
        finish: Callable[[Sequence[Any]], Any],
        lowering: Lowering,
    ) -> None:
        self.source = written.text
        self.lowered = lowering.text or self.source
        self._lowering: Lowering | None = lowering if lowering.text else None
        self._waits = lowering.after
        self._fast: Callable[..., Any] | None = None
        self._missed = 0
        self._unproved = False  # not compared with NumPy's program yet
        self.reason = reason
        # of the run only this is kept: no step, no array
        self._guards = [(g.test, g.expected, g.where) for g in written.guards]
        self.given = written.given
        self.captured = written.captured
        self._kinds = kinds
        self._structure = tree.map_leaves(lambda _: 0, structure)
        self._orders = orders(structure)
        self._flat = flat(structure[0]) and not structure[1]
        self._watch = watch
        self.finish = finish
        self._places = [k for k, kind in enumerate(kinds) if not kind.static]
        self._tensors = [
            (v.tensor, Kind(v.tensor._held, False, f"the Tensor {v.name}".rstrip()))
            for v in written.program.inputs
            if v.tensor is not None
        ]
        self._as_given = all(
            kind.kind is np.ndarray or issubclass(kind.kind, np.generic)
            for kind in kinds
            if not kind.static
        )
        name = f"<compiled {_number()}>"
        linecache.cache[name] = (len(self.source), None, self.source.splitlines(True), name)
        namespace: dict[str, Any] = dict(written.given)
        exec(compile(self.source, name, "exec"), namespace)
        self.run: Callable[..., Any] = namespace[FUNCTION]
        # Tracebacks show its lines as long as it can run.
        weakref.finalize(self.run, _forget_name, name).atexit = False

    def __repr__(self) -> str:
        return f"<recording: {self.reason}>"

    def forget(self) -> None:
        """Give the buffers back: of a recording that somebody holds, source and reason are left."""
        del self.run, self.given
        self._fast = self._lowering = None

    def answer(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[bool, Any]:
        """Return (True, the results), or (False, why this recording cannot answer the call)."""
        arrays, why = self.arrays_of(args, keywords, Kind.differs)
        if arrays is None:
            return False, why
        if self._fast is not None and not self._unproved:
            results = self._as_loops(arrays)
            if results is not None:
                return True, self.finish(results)
        try:
            results = self.run(*arrays)
        except (ArithmeticError, LookupError, ValueError) as error:  # f itself may catch it
            return False, f"an operation raises {type(error).__name__}: {error}"
        if results.__class__ is int:
            return False, self.failed_guard(results)
        if self._lowering is not None:
            self._waits -= 1
            if self._waits < 0:
                self.lower()
        elif self._unproved and self._fast is not None:
            self._prove(arrays, results)
        return True, self.finish(results)

    def arrays_of(
        self,
        args: tuple[Any, ...],
        keywords: dict[str, Any],
        differs: Callable[[Kind, Any], str | None],
    ) -> tuple[list[Any] | None, str]:
        """Return the arrays that `run` takes, or None and why this recording cannot answer."""
        if self._flat and not keywords and len(args) == len(self._kinds):
            leaves: Any = args  # a pytree among them is of another class
        else:
            leaves = tree.leaves_like(self._structure, (args, keywords))
            if leaves is None or (self._orders and orders((args, keywords)) != self._orders):
                return None, "the arguments are nested differently"
        for kind, leaf in zip(self._kinds, leaves, strict=True):
            why = differs(kind, leaf)
            if why is not None:
                return None, why
        changed = self._watch.changed()
        if changed is not None:
            return None, changed
        arrays = [leaves[k] for k in self._places]
        if not self._as_given:
            arrays = [as_array(a) for a in arrays]
        for tensor, kind in self._tensors:
            data = tensor._held
            why = differs(kind, data)
            if why is not None:
                return None, why
            arrays.append(data)
        return arrays, ""

    def failed_guard(self, number: int) -> str:
        """Return in words which guard did not hold."""
        test, expected, where = self._guards[number]
        what = {
            "bool": f"a condition was {expected}",
            "shape": f"a shape was {expected}",
            "item": f"Python read the number {expected}",
            "array": "Python read an array",
        }[test]
        return f"{what} and no longer is, at {where}"

    def lower(self) -> None:
        """Compile the loops now, if there are any, instead of when that has come to pay."""
        lowering, self._lowering = self._lowering, None
        if lowering is not None:
            self._fast = lowering.compiled(f"<compiled {_number()}>")
            self._unproved = True

    def _prove(self, arrays: Sequence[Any], wanted: Sequence[Any]) -> None:
        """Give loops up that are not near what NumPy's program gave."""
        found = self._as_loops(arrays)
        if found is not None:
            self._unproved = False
            if not all(map(near, found, wanted)):
                self._fast = None

    def _as_loops(self, arrays: Sequence[Any]) -> Any:
        """Return what the loops give; None if NumPy's program is to answer."""
        assert self._fast is not None
        try:
            results = self._fast(*arrays)
        except Exception:  # whatever it is, NumPy's program says it
            results = PLAIN
        if results.__class__ is not int:
            self._missed = 0
            return results
        self._missed += 1
        if self._missed >= MISSES:
            self._fast = None
        return None


def near(found: Any, wanted: Any) -> bool:
    """Whether loops gave what NumPy's program gave, up to what sums in another order may lose."""
    x, y = np.asarray(found), np.asarray(wanted)
    if x.shape != y.shape or x.dtype != y.dtype:
        return False
    if y.dtype.kind not in "fc":
        return y.dtype.kind == "O" or x.tobytes() == y.tobytes()
    known = np.isfinite(y)
    if not np.array_equal(x[~known], y[~known], equal_nan=True):
        return False
    size = np.abs(y[known]).max(initial=0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        far = np.abs(x[known] - y[known]).max(initial=0.0)
    return bool(far <= np.sqrt(np.finfo(y.dtype).eps) * size)


def agree(found: Any, wanted: Any, program: Program | None = None) -> bool:
    """Whether a program gave what the function gave, in shape, dtype and numbers."""
    first, second = tree.leaves(found), tree.leaves(wanted)
    if len(first) != len(second):
        return False
    if all(map(_alike, first, second)):
        return True
    if program is None:
        return False
    carried = roundings(program)  # rarely needed: it looks at every number of the run
    return len(carried) == len(first) and all(map(_alike, first, second, carried))


def _alike(found: Any, wanted: Any, carried: Rounding = EXACT) -> bool:
    x, y = bare(found), bare(wanted)
    if not isinstance(y, (np.ndarray, np.generic, float, complex)):
        return not isinstance(y, (bool, int, str)) or bool(x == y)
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape or x.dtype != y.dtype:
        return False
    if y.dtype.kind not in "fc":
        return y.dtype.kind == "O" or x.tobytes() == y.tobytes()
    if np.array_equal(x, y, equal_nan=True):
        return True
    known = np.isfinite(y)
    if not np.array_equal(x[~known], y[~known], equal_nan=True):
        return False
    size = np.abs(y[known]).max(initial=carried.size)
    eps = max(float(np.finfo(y.dtype).eps), carried.eps)
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.abs(x[known] - y[known]).max(initial=0.0) <= CLOSE * eps * size)
