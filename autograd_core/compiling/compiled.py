"""compile: record one run, write it out as NumPy source, run that."""

from __future__ import annotations

import linecache
import random
import warnings
import weakref
from collections.abc import Callable, Sequence
from functools import update_wrapper
from itertools import count
from typing import Any

import numpy as np

from autograd_core import errors, tree
from autograd_core.borders import pick
from autograd_core.checkpointing import _state, random_sources
from autograd_core.compiling.arguments import (
    Kind,
    array_in,
    flat,
    is_followed,
    is_static,
    names_of,
    paths,
)
from autograd_core.compiling.captured import Watch
from autograd_core.compiling.program import Program, Value
from autograd_core.compiling.recorded import Recorded, Recorder
from autograd_core.compiling.simplify import join_scatters, simplify
from autograd_core.compiling.writing import FUNCTION, Source
from autograd_core.locks import Lock
from autograd_core.modes import current
from autograd_core.node import Watch as NodeWatch
from autograd_core.primitive import bare
from autograd_core.source import Location
from autograd_core.tensor import Tensor, untracked
from autograd_core.transforms import _inexact_leaf, value_and_grad

MOST = 8  # recordings that are kept
_number = count(1).__next__


class RecordedAgain(UserWarning):
    """A compiled function was recorded once more; the message says what had changed."""


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
        watch: Watch,
        finish: Callable[[Sequence[Any]], Any],
    ) -> None:
        self.source = written.text
        self.reason = reason
        # of the run only this is kept: no step, no array
        self._guards = [(g.test, g.expected, g.where) for g in written.guards]
        self._kinds = kinds
        self._structure = tree.map_leaves(lambda _: 0, structure)
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

    def __repr__(self) -> str:
        return f"<recording: {self.reason}>"

    def forget(self) -> None:
        """Give the buffers back: only source and reason are left."""
        del self.run

    def answer(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[bool, Any]:
        """Return (True, the results), or (False, why this recording cannot answer the call)."""
        if self._flat and not keywords and flat(args) and len(args) == len(self._kinds):
            leaves: Any = args
        else:
            leaves = tree.leaves_like(self._structure, (args, keywords))
            if leaves is None:
                return False, "the arguments are nested otherwise"
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
        results = self.run(*arrays)
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


class Compiled:
    """A function compiled by `compile`; called like the function.

    Attributes
    ----------
    recordings : list of Recording
        Oldest first; each has ``.source`` and ``.reason``.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        argnums: int | Sequence[int] | None,
        has_aux: bool,
        parameters: Any,
    ) -> None:
        update_wrapper(self, f)
        self._f = f
        self._has_aux = has_aux
        self._parameters = _as_nest(parameters)
        if argnums is None:
            argnums = 0 if parameters is None else ()
        self._argnums = argnums
        if parameters is None and isinstance(argnums, (tuple, list)) and not argnums:
            raise errors.OperandError(
                "compile: nothing to differentiate: argnums is empty and there are no parameters.",
                Location.of_caller(),
            )
        self.recordings: list[Recording] = []
        self._recent: list[Recording] = []
        self._lock = Lock()  # f may call its compiled self while it is recorded

    @property
    def source(self) -> str:
        """The source of the recording that answered last."""
        if not self._recent:
            raise errors.UntrackedError(
                "compile: nothing is recorded yet; call the function once, then look at .source.",
                Location.of_caller(),
            )
        return self._recent[0].source

    def __repr__(self) -> str:
        name = getattr(self._f, "__name__", type(self._f).__name__)
        return f"<compiled {name}, {len(self.recordings)} recordings>"

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Return ``(value, gradients)``."""
        with self._lock:
            if current().anomaly:
                return self._uncompiled(args, keywords)
            reason = "the first call"
            for recording in self._recent:
                answered, found = recording.answer(args, keywords)
                if answered:
                    if recording is not self._recent[0]:
                        self._recent.remove(recording)
                        self._recent.insert(0, recording)
                    return found
                if recording is self._recent[0]:
                    reason = found
            if any(map(is_followed, tree.leaves((args, keywords)))):
                return self._uncompiled(args, keywords)
            recording = self._record(args, keywords, reason)
            if self.recordings:
                name = getattr(self._f, "__name__", "the function")
                warnings.warn(
                    f"compile: {name} is recorded again (number {len(self.recordings) + 1}): "
                    f"{reason}",
                    RecordedAgain,
                    stacklevel=2,
                )
            self.recordings.append(recording)
            self._recent.insert(0, recording)
            if len(self._recent) > MOST:
                self._recent.pop().forget()
            answered, found = recording.answer(args, keywords)
            if not answered:
                raise errors.UnsupportedError(
                    "compile: the function does not do the same twice with the same arguments "
                    f"({found}); it depends on something that changes while it runs.",
                    Location.of_caller(),
                )
            return found

    def backward(self, *args: Any, **keywords: Any) -> Any:
        """Run, add the gradients into the parameters' ``.grad``, and return the value.

        As ``loss.backward()`` would; for training with the optimizers.
        """
        if self._parameters is None:
            raise errors.OperandError(
                "compile: backward() needs parameters= to write the gradients to.",
                Location.of_caller(),
            )
        value, gradients = self(*args, **keywords)
        if not isinstance(self._argnums, (tuple, list)) or self._argnums:
            gradients = gradients[1]
        for p, g in zip(tree.leaves(self._parameters), tree.leaves(gradients), strict=True):
            if p.requires_grad:
                g = np.conj(g) if g.dtype.kind == "c" else g
                old = p.grad
                p._grad = untracked(g) if old is None else old + untracked(g)
        return value

    # --- the recorded way ---------------------------------------------------

    def _differentiated(
        self, tensors: list[Tensor], recorder: Recorder, chosen: tuple[int, ...]
    ) -> Callable[..., Any]:
        """Return value_and_grad of f, as a function of the Tensors' arrays and the arguments."""

        def whole(given: list[Any], args: list[Any], keywords: dict[str, Any], *moved: Any) -> Any:
            for k, value in zip(chosen, moved, strict=True):
                args[k] = value
            held = {id(t): (t, g) for t, g in zip(tensors, given, strict=True)}
            for tensor, tracked in held.values():
                tracked._node.watch = NodeWatch(weakref.ref(tensor))
            with recorder.running(held):
                result = self._f(*args, **keywords)
            recorder.backward = True
            return result

        places = tuple(range(3, 3 + len(chosen)))
        return value_and_grad(whole, (0, *places), self._has_aux)

    def _sorted(self, args: tuple[Any, ...]) -> tuple[tuple[int, ...], list[Tensor]]:
        chosen = pick(args, self._argnums, "compile()")
        tensors = tree.leaves(self._parameters)
        for tensor in tensors:
            if not isinstance(tensor, Tensor) or not tensor.is_leaf:
                raise errors.OperandError(
                    "compile: parameters must be leaf Tensors, a nest of them, or a module; got "
                    f"{type(tensor).__name__}.",
                    Location.of_caller(),
                )
        return chosen, tensors

    def _uncompiled(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Run the recorded engine instead: inside of other transforms, under detect_anomaly."""
        chosen, tensors = self._sorted(args)
        run = self._differentiated(tensors, Recorder(), chosen)
        data = [t._held for t in tensors]
        value, (of_tensors, *of_args) = run(data, list(args), keywords, *(args[k] for k in chosen))
        return value, self._arranged(tuple(of_args), of_tensors)

    def _arranged(self, of_args: tuple[Any, ...], of_tensors: list[Any]) -> Any:
        """Return the gradients in the form that was asked for."""
        single = not isinstance(self._argnums, (tuple, list))
        first = of_args[0] if single else of_args
        if self._parameters is None:
            return first
        second = tree.like(self._parameters, of_tensors)
        return (first, second) if of_args else second

    # --- the compiled way ---------------------------------------------------

    def _record(self, args: tuple[Any, ...], keywords: dict[str, Any], reason: str) -> Recording:
        chosen, tensors = self._sorted(args)
        structure = (args, keywords)
        names = names_of(self._f, args, keywords)
        leaves = tree.leaves(structure)
        marked = [k in chosen for k, a in enumerate(args) for _ in tree.leaves(a)]
        marked += [False] * (len(leaves) - len(marked))
        settings = [x for x, d in zip(leaves, marked, strict=True) if is_static(array_in(x, d))]
        watch = Watch(self._f, *settings)
        recorder = Recorder(watch.arrays)
        given = []
        for leaf, name, differentiated in zip(leaves, names, marked, strict=True):
            array = array_in(leaf, differentiated)
            if differentiated:
                _inexact_leaf(leaf, "compile()")
            given.append(leaf if is_static(array) else recorder.input(array, name))
        labels = _labels(self._parameters)
        data = [
            recorder.wrap(recorder.read(t, label)) for t, label in zip(tensors, labels, strict=True)
        ]
        for tensor in tensors:
            _inexact_leaf(tensor._held, "compile()")
        kinds = [Kind(x, d, n) for x, n, d in zip(leaves, names, marked, strict=True)]
        inside, kept = tree.like(structure, given)
        before = _random_states(self._f)
        run = self._differentiated(tensors, recorder, chosen)
        try:
            with watch.read_only():
                value, (of_tensors, *of_args) = run(
                    data, list(inside), kept, *(inside[k] for k in chosen)
                )
        except ValueError as error:
            if "read-only" not in str(error):
                raise
            raise errors.UnsupportedError(
                "compile: the function writes into an array that it captured (a layer's running "
                "statistics, in training?), which a program would not do again; return the value "
                "(has_aux=True) and write it outside, or leave this part uncompiled.",
                Location.of_caller(),
            ) from error
        if _random_states(self._f) != before:
            raise errors.UnsupportedError(
                "compile: the function draws random numbers, and a program would repeat the same "
                "ones at every call; draw them outside and pass them as an argument (for dropout: "
                "model.eval(), or leave this part uncompiled).",
                Location.of_caller(),
            )
        aux = None
        if self._has_aux:
            value, aux = value
        gradients = [*tree.leaves(tuple(of_args)), *of_tensors]
        results = [value, *tree.leaves(aux), *gradients]
        outputs = [recorder.value_of(bare(r)) for r in results]
        program = Program(recorder.inputs, recorder.steps, outputs, recorder.captured.values())
        for out, of in zip(outputs[len(outputs) - len(gradients) :], self._of_inputs(
            recorder, marked, given, len(tensors)), strict=True):  # fmt: skip
            if isinstance(out, Value):
                out.gradient_of = of
        simplify(program)
        join_scatters(program)
        where = getattr(self._f, "__name__", type(self._f).__name__)
        written = Source(program, f"{where}: its value and its gradients, forward and backward.")
        finish = self._finisher(aux, of_args, [x for x, d in zip(leaves, marked, strict=True) if d])
        watch.settle(
            {id(v.tensor) for v in program.inputs if v.tensor is not None},
            recorder.captured.keys(),
            recorder.derived,
        )
        return Recording(written, reason, kinds, structure, watch, finish)

    def _of_inputs(
        self, recorder: Recorder, marked: list[bool], given: list[Any], tensors: int
    ) -> list[Value]:
        of = [g._value for g, d in zip(given, marked, strict=True) if d]
        live = [v for v in recorder.inputs if v.tensor is not None]
        return of + live[:tensors]

    def _finisher(
        self, aux: Any, of_args: list[Any], originals: list[Any]
    ) -> Callable[[Sequence[Any]], Any]:
        """Return what makes the results of the source's function into those of the user's."""
        first = 1 + len(tree.leaves(aux))
        last = first + len(originals)
        casts = [
            float if x.__class__ is float else x._constant if isinstance(x, Tensor) else None
            for x in originals
        ]
        plain = not any(casts)
        if plain and not self._has_aux and self._parameters is None and last == 2 and (
            isinstance(of_args[0], Recorded | np.ndarray | np.generic)
        ) and not isinstance(self._argnums, (tuple, list)):  # fmt: skip
            return tuple  # (value, gradient)
        of_args = [tree.map_leaves(lambda _: 0, nest) for nest in of_args]  # keep no array alive
        aux = tree.map_leaves(lambda _: 0, aux)

        def finish(results: Sequence[Any]) -> Any:
            found = results[first:last]
            if not plain:
                found = [g if c is None else c(g) for c, g in zip(casts, found, strict=True)]
            nests = tree.like(tuple(of_args), found)
            value = results[0]
            if self._has_aux:
                value = (value, tree.like(aux, results[1:first]))
            return value, self._arranged(nests, list(results[last:]))

        return finish


def _as_nest(parameters: Any) -> Any:
    named = getattr(parameters, "named_parameters", None)
    if callable(named):
        return dict(named())
    if parameters is None or isinstance(parameters, (dict, list, tuple, Tensor)):
        return parameters
    return list(parameters)


def _labels(parameters: Any) -> list[str]:
    if isinstance(parameters, dict):
        return [p for key, part in parameters.items() for p in paths(str(key), part)]
    return paths("w", parameters)


def _random_states(f: Any) -> Any:
    """Return the state of every random source that a function can reach, to be compared."""
    states = [repr(_state(source)) for source in random_sources(f)]
    numpy_state: Any = np.random.get_state()
    return states, numpy_state[1].tobytes(), numpy_state[2], random.getstate()


def compile_(
    f: Callable[..., Any],
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
    parameters: Any = None,
) -> Compiled:
    """Return a function that computes f and its gradients by source code made from one run.

    The first call records a run of f and of its backward pass, writes both out as
    straight-line NumPy source (``.source``), and from then on runs that source.  When
    shapes, dtypes, the branch taken or something captured change, it records again,
    and says so (`RecordedAgain`); ``.recordings`` has each recording with its reason.

    Parameters
    ----------
    f : callable
        Returns a scalar (or, with `has_aux`, a scalar and anything else).  It must
        do nothing but compute: prints and the like happen when it is recorded only.
    argnums : int or sequence of int, optional
        The positional arguments to differentiate, nests of arrays; default the
        first, or none if there are `parameters`.
    has_aux : bool
        Whether f returns ``(value, auxiliary)``.
    parameters : module, or nest of leaf Tensors, optional
        Tensors that f uses without being handed them.  Their data are read at every call.

    Returns
    -------
    Compiled
        Takes f's arguments; returns ``(value, gradient)`` as `value_and_grad` does.
        With `parameters`, the gradients are nested like them (for a module a dict
        by name), after those of the arguments, if any were asked for.

    Raises
    ------
    UnsupportedError
        If f draws random numbers, or uses what a program cannot read.
    NonScalarError, DTypeError
        As `value_and_grad`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import compile
    >>> f = compile(lambda x: np.sum(np.tanh(x) ** 2))
    >>> value, gradient = f(np.array([0.0, 1.0]))
    >>> print(value.round(4), gradient.round(4))
    0.58 [0.     0.6397]
    >>> [r.reason for r in f.recordings]
    ['the first call']
    """
    return Compiled(f, argnums, has_aux, parameters)


compile_.__name__ = "compile"
