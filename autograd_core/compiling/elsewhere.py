"""A compiled function's programs on the arrays of another module, such as CuPy's."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Callable, Sequence
from itertools import count
from types import ModuleType
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.compiling.arguments import Kind
from autograd_core.compiling.recording import Recording, near
from autograd_core.compiling.writing import FUNCTION
from autograd_core.engine.tensor import Tensor
from autograd_core.operations.kinds import foreign, host

_number = count(1).__next__


class CompiledOn:
    """The programs of a compiled function, with another module in the place of NumPy.

    Made by `Compiled.on`; see there.

    Attributes
    ----------
    module : module
        What ``np`` means in the programs.
    """

    def __init__(self, recordings: Sequence[Recording], module: ModuleType, lock: Any) -> None:
        self.module = module
        self._lock = lock
        self._programs = [_Program(recording, module) for recording in recordings]

    @property
    def source(self) -> str:
        """The source of the program that answered last."""
        return self._programs[0].source

    def __repr__(self) -> str:
        return f"<compiled programs on {self.module.__name__}: {len(self._programs)}>"

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Return ``(value, gradients)``, as arrays of the module."""
        said = ""
        with self._lock:  # the buffers of a program are for one call at a time
            for program in self._programs:
                answered, found = program.answer(args, keywords)
                if answered:
                    if program is not self._programs[0]:
                        self._programs.remove(program)
                        self._programs.insert(0, program)
                    return found
                said = said or found
        raise errors.UnsupportedError(
            f"compile: no program was recorded for this call: {said}. Call the compiled function "
            f"with NumPy's arrays of these shapes and dtypes, then on({self.module.__name__}) "
            "again.",
            Location.of_caller(),
        )


class _Program:
    def __init__(self, recording: Recording, module: ModuleType) -> None:
        name = module.__name__
        self._recording, self._module, self._proved = recording, module, False
        self.source = recording.source.replace("import numpy as np", f"import {name} as np", 1)
        self._file = f"<compiled on {name} {_number()}>"
        lines = self.source.splitlines(True)
        linecache.cache[self._file] = (len(self.source), None, lines, self._file)
        self._space = {k: self._moved(v) for k, v in recording.given.items()}
        exec(compile(self.source, self._file, "exec"), self._space)
        self._run: Callable[..., Any] = self._space[FUNCTION]

    def _moved(self, constant: Any) -> Any:
        return self._module.asarray(constant) if type(constant) is np.ndarray else constant

    def answer(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[bool, Any]:
        """Return (True, the results), or (False, why this program cannot answer the call)."""
        recording = self._recording
        arrays, why = recording.arrays_of(args, keywords, _differs)
        if arrays is None:
            return False, why
        for name in recording.captured:  # somebody may have written into them
            self._space[name] = self._moved(recording.given[name])
        try:
            results = self._run(*arrays)
        except Exception as error:
            raise self._failure(error) from error
        if results.__class__ is int:
            return False, recording.failed_guard(results)
        if not self._proved:
            self._prove(results, recording.run(*[_on_host(a) for a in arrays]))
        return True, recording.finish(results)

    def _failure(self, error: Exception) -> errors.UnsupportedError:
        lines = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == self._file]
        at = f" at `{lines[-1].line}`" if lines else ""
        return errors.UnsupportedError(
            f"compile: {self._module.__name__} does not run the program{at} "
            f"({type(error).__name__}: {error}). Call value_and_grad(f), whose rules know what "
            "other libraries lack.",
            Location.of_caller(),
        )

    def _prove(self, found: Any, wanted: Any) -> None:
        """Compare the first results with those of the program on NumPy's arrays."""
        if wanted.__class__ is int or not all(map(near, map(_on_host, found), wanted)):
            raise errors.UnsupportedError(
                f"compile: the program gives other numbers on {self._module.__name__} than on "
                "NumPy's arrays. Call value_and_grad(f), and please report it.",
                Location.of_caller(),
            )
        self._proved = True


def _on_host(array: Any) -> Any:
    return host(array) if foreign(array) is not None else array


def _differs(kind: Kind, leaf: Any) -> str | None:
    """Return how an argument differs from the recorded one, but for whose array it is."""
    array = leaf._held if isinstance(leaf, Tensor) and not leaf._level else leaf
    if kind.static or kind.kind in (float, int, bool):
        return kind.differs(leaf)
    if isinstance(array, np.ndarray):
        return f"{kind.name} is an array of NumPy's"
    if foreign(array) is None and not isinstance(array, np.generic):
        return f"{kind.name} is of type {type(array).__name__}"
    if array.shape != kind.shape:
        return f"{kind.name} had shape {kind.shape}, has {array.shape}"
    if array.dtype != kind.dtype:
        return f"{kind.name} was {kind.dtype}, is {array.dtype}"
    return None
