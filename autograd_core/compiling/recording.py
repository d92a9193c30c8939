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
from autograd_core.compiling.arguments import Kind, array_in, flat, orders
from autograd_core.compiling.captured import CapturedState
from autograd_core.compiling.writing import FUNCTION, Source
from autograd_core.operations.primitive import bare

_number = count(1).__next__


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
    """

    def __init__(
        self,
        written: Source,
        reason: str,
        kinds: list[Kind],
        structure: Any,
        watch: CapturedState,
        finish: Callable[[Sequence[Any]], Any],
    ) -> None:
        self.source = written.text
        self.reason = reason
        # of the run only this is kept: no step, no array
        self._guards = [(g.test, g.expected, g.where) for g in written.guards]
        self._kinds = kinds
        self._structure = tree.map_leaves(lambda _: 0, structure)
        self._orders = orders(structure)
        self._flat = flat(structure[0]) and not structure[1]
        self._watch = watch
        self._finish = finish
        self._places = [k for k, kind in enumerate(kinds) if not kind.static]
        self._tensors = [
            (v.tensor, Kind(v.tensor._held, False, f"the Tensor {v.name}".rstrip()))
            for v in written.program.inputs
            if v.tensor is not None
        ]
        self._all_arrays = all(kind.kind is np.ndarray for kind in kinds)
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
        del self.run

    def answer(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[bool, Any]:
        """Return (True, the results), or (False, why this recording cannot answer the call)."""
        if self._flat and not keywords and flat(args) and len(args) == len(self._kinds):
            leaves: Any = args
        else:
            leaves = tree.leaves_like(self._structure, (args, keywords))
            if leaves is None or (self._orders and orders((args, keywords)) != self._orders):
                return False, "the arguments are nested differently"
        for kind, leaf in zip(self._kinds, leaves, strict=True):
            why = kind.differs(leaf)
            if why is not None:
                return False, why
        changed = self._watch.changed()
        if changed is not None:
            return False, changed
        arrays = [leaves[k] for k in self._places]
        if not self._all_arrays:
            arrays = [array_in(a, True) for a in arrays]
        for tensor, kind in self._tensors:
            data = tensor._held
            why = kind.differs(data)
            if why is not None:
                return False, why
            arrays.append(data)
        try:
            results = self.run(*arrays)
        except (ArithmeticError, LookupError, ValueError) as error:  # f itself may catch it
            return False, f"an operation raises {type(error).__name__}: {error}"
        if results.__class__ is int:
            test, expected, where = self._guards[results]
            what = {
                "bool": f"a condition was {expected}",
                "shape": f"a shape was {expected}",
                "item": f"Python read the number {expected}",
                "array": "Python read an array",
            }[test]
            return False, f"{what} and no longer is, at {where}"
        return True, self._finish(results)


def agree(found: Any, wanted: Any) -> bool:
    """Whether a program gave what the function gave, in shape, dtype and numbers."""
    first, second = tree.leaves(found), tree.leaves(wanted)
    return len(first) == len(second) and all(map(_alike, first, second))


def _alike(found: Any, wanted: Any) -> bool:
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
    size = np.abs(y[known]).max(initial=0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(
            np.abs(x[known] - y[known]).max(initial=0.0) <= CLOSE * np.finfo(y.dtype).eps * size
        )
