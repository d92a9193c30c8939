"""compile: record one run, write it out as NumPy source, run that."""

from __future__ import annotations

import sys
import warnings
import weakref
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import update_wrapper
from types import ModuleType
from typing import Any

import numpy as np

from autograd_core.base import errors, tree
from autograd_core.base.locks import new_lock
from autograd_core.base.packages import package_of
from autograd_core.base.source import Location
from autograd_core.compiling.arguments import (
    array_in,
    as_pytree,
    is_followed,
    is_static,
    labels_of,
)
from autograd_core.compiling.captured import CapturedState
from autograd_core.compiling.elsewhere import CompiledOn
from autograd_core.compiling.lowering.lowered import Lowering
from autograd_core.compiling.one_run import Run, locked_arguments, random_states, unwritable
from autograd_core.compiling.program import Program, Value
from autograd_core.compiling.recorder import Recorder
from autograd_core.compiling.recording import Recording, agree
from autograd_core.compiling.simplify import join_scatters, simplify
from autograd_core.compiling.stand_in import WRITES, Recorded
from autograd_core.compiling.tensors import turn
from autograd_core.compiling.writing import Source
from autograd_core.engine.node import Watch, users_frame
from autograd_core.engine.sweeping import followed
from autograd_core.engine.tensor import Tensor, untracked
from autograd_core.engine.trace_borders import pick
from autograd_core.operations.kinds import foreign
from autograd_core.operations.modes import current
from autograd_core.operations.primitive import bare
from autograd_core.transforms.derivatives import pulled_from
from autograd_core.transforms.random_sources import random_sources
from autograd_core.transforms.tracing import inexact_leaf

MOST = 8  # recordings that are kept


class RecordedAgain(UserWarning):
    """A compiled function was recorded again; the message says what changed."""


class Compiled:
    """A function compiled by `compile`; called like the function.

    Attributes
    ----------
    recordings : list of Recording
        Those that are kept, the latest 8 in use; oldest first.  Each has ``.source`` and
        ``.reason``.
    count : int
        How often it was recorded.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        argnums: int | Sequence[int] | None,
        has_aux: bool,
        parameters: Any,
        exact: bool = False,
    ) -> None:
        update_wrapper(self, f)
        self._exact = exact
        self._f = f
        self._has_aux = has_aux
        self._parameters = as_pytree(parameters)
        if argnums is None:
            argnums = 0 if parameters is None else ()
        self._argnums = argnums
        if parameters is None and isinstance(argnums, (tuple, list)) and not argnums:
            raise errors.OperandError(
                "compile: nothing to differentiate: argnums is empty and there are no parameters.",
                Location.of_caller(),
            )
        self.recordings: list[Recording] = []
        self.count = 0
        self._recent: list[Recording] = []
        self._lock = new_lock()  # f may call its compiled self while it is recorded

    @property
    def source(self) -> str:
        """The source of the recording that answered last."""
        if not self._recent:
            raise errors.UntrackedError(
                "compile: nothing is recorded yet; call the function once, then look at .source.",
                Location.of_caller(),
            )
        return self._recent[0].source

    @property
    def lowered(self) -> str:
        """What runs, or will, in the place of ``.source``: NumPy calls, and the text of loops."""
        self.source  # noqa: B018 - says that nothing is recorded yet
        return self._recent[0].lowered

    def on(self, module: ModuleType) -> CompiledOn:
        """Return the recorded programs with another module's arrays in the place of NumPy's.

        Parameters
        ----------
        module : module
            It has NumPy's functions under NumPy's names, as CuPy does. ``np`` means this module in
            the programs; constants are moved by its ``asarray``.

        Returns
        -------
        CompiledOn
            Called as the compiled function, with arrays of the module of the shapes and dtypes that
            were recorded. It records nothing. The first results of each program are compared with
            NumPy's on copies of the same arrays. ``.source`` is the text that runs. Arrays that f
            reads from outside are moved at every call: pass large ones as arguments.

        Raises
        ------
        UntrackedError
            If nothing is recorded yet.
        UnsupportedError
            In a call, if no program fits, or the module lacks a function that it needs.

        Examples
        --------
        >>> import numpy as np
        >>> from autograd_core import compile
        >>> f = compile(lambda x: np.sum(np.tanh(x) ** 2))
        >>> value, gradient = f(np.ones(3))
        >>> print(f.on(np).source.splitlines()[2])  # on CuPy's: f.on(cupy)(cupy.ones(3))
        import numpy as np
        """
        self.source  # noqa: B018 - says that nothing is recorded yet
        with self._lock:
            return CompiledOn(self._recent, module, self._lock)

    def lower(self) -> None:
        """Compile the loops of all recordings now, instead of when that has come to pay.

        This takes half a second for each kernel that is not on disk yet.
        """
        with self._lock:
            for recording in self.recordings:
                recording.lower()

    def __repr__(self) -> str:
        name = getattr(self._f, "__name__", type(self._f).__name__)
        return f"<compiled {name}, {len(self.recordings)} recordings>"

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Return ``(value, gradients)``."""
        if current().anomaly:
            return self._uncompiled(args, keywords)
        answered, found = self._answer(args, keywords)
        if answered:
            return found
        leaves = tree.leaves((args, keywords))
        if any(map(is_followed, leaves)):
            return self._uncompiled(args, keywords)
        if (other := foreign(*leaves)) is not None:
            raise errors.UnsupportedError(
                f"compile: an argument is a {type(other).__name__} of "
                f"{package_of(type(other))}; compile writes programs for NumPy's "
                "arrays. Call it with NumPy's arrays once, then on(module), which runs the program "
                "there; or call value_and_grad(f), which takes arrays of other libraries.",
                Location.of_caller(),
            )
        # The turn comes first: who records may call this function, and needs its lock then.
        with turn(), self._lock:
            answered, found = self._answer(args, keywords)  # another thread may have recorded it
            if answered:
                return found
            recording, found = self._record(args, keywords, found)
            self._keep(recording)
            return found

    def _answer(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[bool, Any]:
        """Return (True, the results) of a recording, or (False, why the last one cannot answer)."""
        with self._lock:
            reason = "the first call"
            for recording in self._recent:
                answered, found = recording.answer(args, keywords)
                if answered:
                    if recording is not self._recent[0]:
                        self._recent.remove(recording)
                        self._recent.insert(0, recording)
                    return True, found
                if recording is self._recent[0]:
                    reason = found
            return False, reason

    def _keep(self, recording: Recording) -> None:
        """Keep a recording, and let go of the one that was not used for longest."""
        self.count += 1
        if self.count > 1:
            name = getattr(self._f, "__name__", "the function")
            _note(f"compile: {name} is recorded again (number {self.count}): {recording.reason}")
        self.recordings.append(recording)
        self._recent.insert(0, recording)
        if len(self._recent) > MOST:
            oldest = self._recent.pop()
            self.recordings.remove(oldest)
            oldest.forget()

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
        self,
        f: Callable[..., Any],
        tensors: list[Tensor],
        recorder: Recorder,
        chosen: tuple[int, ...],
    ) -> Callable[..., Any]:
        """Return value_and_grad of f, as a function of the Tensors' arrays and the arguments."""

        def whole(given: list[Any], args: list[Any], keywords: dict[str, Any], *moved: Any) -> Any:
            for k, value in zip(chosen, moved, strict=True):
                args[k] = value
            held = {id(t): (t, g) for t, g in zip(tensors, given, strict=True)}
            for tensor, tracked in held.values():
                tracked._node.watch = Watch(weakref.ref(tensor))
            with recorder.running(held):
                result = f(*args, **keywords)
            recorder.backward = True
            return result

        places = tuple(range(3, 3 + len(chosen)))
        return pulled_from(whole, (0, *places), self._has_aux, "compile")

    def _sorted(self, args: tuple[Any, ...]) -> tuple[tuple[int, ...], list[Tensor]]:
        chosen = pick(args, self._argnums, "compile()")
        tensors = tree.leaves(self._parameters)
        for tensor in tensors:
            if not isinstance(tensor, Tensor) or not tensor.is_leaf:
                raise errors.OperandError(
                    "compile: parameters must be leaf Tensors, a pytree of them, or a module; got "
                    f"{type(tensor).__name__}.",
                    Location.of_caller(),
                )
        return chosen, tensors

    def _uncompiled(self, args: tuple[Any, ...], keywords: dict[str, Any], f: Any = None) -> Any:
        """Run the recorded engine instead: inside of other transforms, under detect_anomaly."""
        chosen, tensors = self._sorted(args)
        run = self._differentiated(f or self._f, tensors, Recorder(), chosen)
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

    def _record(
        self, args: tuple[Any, ...], keywords: dict[str, Any], reason: str
    ) -> tuple[Recording, Any]:
        """Return a recording that gives what the function gives, and its results."""
        run = Run(self._f, args, keywords, self._sorted(args), reason)
        wanted = self._plain_run(run)
        # First with something that stands for every captured array, so that what Python takes out
        # of one is guarded; where code insists on arrays, they are constants compared at each call.
        why = ""
        for live in (True, False):
            watch = CapturedState(self._f, *run.settings, seen=run.seen)
            if watch.refused:
                raise _refusal(
                    f"reads {watch.refused}; the compiled program would not see it change. Read "
                    "what it needs before the call, and pass it as an argument."
                )
            if live and not watch.captures():
                continue
            try:
                recording, program = self._recording(run, watch, live)
                answered, found = recording.answer(args, keywords)
            except errors.SettingError:
                raise
            except Exception:
                if not live:
                    raise
                continue
            if answered and agree(found, wanted, program):
                return recording, found
            why = found if not answered else ("gives different results when it is recorded")
        raise _refusal(
            f"gives different results for the same arguments ({why}); it depends on something "
            "that changes while it runs, or on the class of its arrays."
        )

    def _plain_run(self, run: Run) -> Any:
        """Run the function as it is, and see what it does: its results are what counts."""
        watch = CapturedState(self._f, *run.settings)
        sources = random_sources(self._f)
        before = random_states(sources)
        digests, restore = watch.digests(), watch.restoring()
        args, keywords = locked_arguments((run.args, run.keywords), watch)
        # First on arrays that nobody can write into, so that what is refused has changed nothing.
        writes = self._rehearsed(watch, args, keywords)
        if writes is None and random_states(sources) == before:
            try:
                with run.seen.looking():
                    wanted = self._uncompiled(args, keywords)
            except ValueError as error:
                if "read-only" not in str(error):
                    raise
                writes = error
        if writes is not None or any(d.changed() for d in digests):
            try:  # once more, to say at which line
                self._recording(run, CapturedState(self._f, *run.settings), True)
            except errors.AutogradError:
                raise
            except Exception:  # of what insists on plain arrays
                raise errors.UnsupportedError(WRITES, Location.of_caller()) from writes
            finally:
                restore()
            raise errors.UnsupportedError(WRITES, Location.of_caller()) from writes
        if random_states(sources) != before or any(s.changed() for s in watch.sources):
            raise _refusal(
                "draws random numbers, and the compiled program would repeat the same ones at "
                "every call; draw them outside and pass them as an argument (for dropout: "
                "model.eval(), or leave this part uncompiled)."
            )
        if run.seen.asked:
            raise _refusal(
                f"calls {run.seen.asked}, and the compiled program would not call it again; call "
                "it outside and pass the result as an argument, or leave this part uncompiled."
            )
        return wanted

    def _rehearsed(
        self, watch: CapturedState, args: tuple[Any, ...], keywords: dict[str, Any]
    ) -> ValueError | None:
        """Return the error of a function that writes into captured arrays, without its doing so."""
        if not watch.captures():
            return None
        try:
            self._uncompiled(args, keywords, watch.shadows(unwritable).of(self._f))
        except ValueError as error:
            return error if "read-only" in str(error) else None
        except Exception:  # it is said by the run that counts, if it comes again
            return None
        return None

    def _recorder(self) -> Recorder:
        return Recorder()

    def _program(
        self, run: Run, watch: CapturedState, live: bool
    ) -> tuple[Program, Recorder, Any, list[Any]]:
        """Return the program of one run, who recorded it, and the forms of what it returns."""
        tensors = run.tensors
        recorder = self._recorder()
        shadows = watch.shadows(recorder.stand_in if live else None)
        structure = (run.args, run.keywords)
        given = []
        for leaf, name, differentiated in zip(run.leaves, run.names, run.marked, strict=True):
            array = array_in(leaf, differentiated)
            kind = Tensor if isinstance(leaf, Tensor) else None
            if differentiated:
                inexact_leaf(leaf, "compile()")
            given.append(
                shadows.of(leaf) if is_static(array) else recorder.input(array, name, kind)
            )
        labels = labels_of(self._parameters)
        data = [
            recorder.wrap(recorder.read(t, label)) for t, label in zip(tensors, labels, strict=True)
        ]
        for tensor in tensors:
            inexact_leaf(tensor._held, "compile()")
        inside, kept = tree.like(structure, given)
        moved = [inside[k] for k in run.chosen]
        differentiated_run = self._differentiated(
            shadows.of(self._f), tensors, recorder, run.chosen
        )
        digests = watch.digests(live)
        swapped = watch.swapped(recorder.stand_in, tensors) if live else nullcontext()
        with followed(recorder.following), swapped:
            value, (of_tensors, *of_args) = differentiated_run(data, list(inside), kept, *moved)
        if any(d.changed() for d in digests):
            raise errors.UnsupportedError(WRITES, Location.of_caller())
        changed = shadows.changed()
        if changed is not None:
            recorder.unlike = f"it changes what it reads as it runs ({changed})"
        if recorder.unlike:
            raise _refusal(f"cannot be recorded: {recorder.unlike}.")
        aux = None
        if self._has_aux:
            value, aux = value
        gradients = [*tree.leaves(tuple(of_args)), *of_tensors]
        results = [value, *tree.leaves(aux), *gradients]
        outputs = [recorder.value_of(bare(r)) for r in results]
        recorder.end()
        program = Program(recorder.inputs, recorder.steps, outputs, recorder.captured.values())
        for out, of in zip(outputs[len(outputs) - len(gradients) :], self._of_inputs(
            recorder, run.marked, given, len(tensors)), strict=True):  # fmt: skip
            if isinstance(out, Value):
                out.gradient_of = of
        simplify(program)
        return program, recorder, aux, of_args

    def _recording(self, run: Run, watch: CapturedState, live: bool) -> tuple[Recording, Program]:
        program, recorder, aux, of_args = self._program(run, watch, live)
        join_scatters(program)
        where = getattr(self._f, "__name__", type(self._f).__name__)
        title = f"{where}: its value and its gradients, forward and backward."
        written = Source(program, title)
        lowering = Lowering(program, title, self._exact)
        originals = [x for x, d in zip(run.leaves, run.marked, strict=True) if d]
        finish = self._finisher(aux, of_args, originals)
        watch.leave_to_program({id(t) for t in run.tensors}, recorder.captured.keys())
        made = Recording(
            written, run.reason, run.kinds, (run.args, run.keywords), watch, finish, lowering
        )
        return made, program

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
        flat = all(isinstance(a, Recorded | np.ndarray | np.generic) for a in of_args)
        if plain and flat and not self._has_aux and self._parameters is None:
            if isinstance(self._argnums, (tuple, list)):
                return lambda results: (results[0], tuple(results[1:last]))
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


def _note(message: str) -> None:
    """Warn at the user's line; Python need not remember it, since no two messages are alike."""
    frame = users_frame(sys._getframe(1))
    module = frame.f_globals.get("__name__", "<string>")
    warnings.warn_explicit(
        message, RecordedAgain, frame.f_code.co_filename, frame.f_lineno, module, None
    )


def _refusal(what: str) -> errors.UnsupportedError:
    return errors.UnsupportedError(f"compile: the function {what}", Location.of_caller())


def compile_(
    f: Callable[..., Any],
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
    parameters: Any = None,
    exact: bool = False,
) -> Compiled:
    """Return a function that computes f and its gradients with code generated from one run.

    The first call records a run of f and of its backward pass, writes both out as
    straight-line NumPy source (``.source``), and from then on runs that source; where numba is
    installed, after some calls as compiled loops (``.lowered``). If shapes, dtypes,
    the branch taken or something captured changes, f is recorded again, with a warning
    (`RecordedAgain`). ``.recordings`` has each recording with its reason.

    Parameters
    ----------
    f : callable
        Returns a scalar (or, with `has_aux`, a scalar and anything else).  It should only compute:
        prints and the like happen only while it is recorded.
    argnums : int or sequence of int, optional
        The positional arguments to differentiate, pytrees of arrays; default the
        first, or none if there are `parameters`.
    has_aux : bool
        Whether f returns ``(value, auxiliary)``.
    parameters : module, or pytree of leaf Tensors, optional
        Tensors that f uses without getting them as arguments. Their data is read at every call.
    exact : bool
        Whether the results are the engine's to the bit at every call.  By default the loops may
        take sums in another order, and round exp, tanh and the like otherwise in the last bits.

    Returns
    -------
    Compiled
        Takes f's arguments; returns ``(value, gradient)`` as `value_and_grad` does.
        With `parameters`, the gradients are nested like them (for a module a dict
        by name), after those of the arguments, if any were asked for.

    Raises
    ------
    UnsupportedError
        If f draws random numbers, or uses something that compiled code cannot read.
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
    return Compiled(f, argnums, has_aux, parameters, exact)


compile_.__name__ = "compile"
