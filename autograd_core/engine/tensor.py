"""Tensor: an array that records what is done with it."""

from __future__ import annotations

import copy
import sys
import warnings
import weakref
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, Self, cast

import numpy as np

from autograd_core.base import errors
from autograd_core.base.later import later
from autograd_core.base.source import Location
from autograd_core.engine import (
    backward,
    early_leaves,
    held_arrays,
    inplace,
    trace_borders,
)
from autograd_core.engine.fast import operators
from autograd_core.engine.forgetting import LARGE, spare
from autograd_core.engine.held_arrays import copied, is_followed, is_host
from autograd_core.engine.node import NO_PARAMS, PART, HookHandle, Node, Watch, next_tick, record
from autograd_core.engine.traced import Traced, as_inexact
from autograd_core.operations import cut_marks, modes
from autograd_core.operations.anomaly import check_forward
from autograd_core.operations.modes import BASE, DEFAULT
from autograd_core.operations.primitive import Boxed, Primitive, bare, level_of, like_tuple

_new = object.__new__
_float64 = np.float64
_ndarray = np.ndarray
_NUMBERS = frozenset("biufc")
_mode = modes.current


def wrap(node: Node) -> Tensor:
    """Return a Tensor that stands for a recorded node."""
    made = _new(Tensor)
    made._held = node.output
    made._node = node
    made._level = node.level
    return made


def leaf(value: Any, level: int) -> Tensor:
    """Return a tracked leaf of a trace, for a transform's input."""
    return wrap(record(None, (), NO_PARAMS, value, level))


def untracked(value: Any) -> Any:
    """Return a raw result as a constant Tensor; a traced one as it is."""
    if isinstance(value, Boxed):
        return value
    made = _new(Tensor)
    made._held = value
    made._node = None
    made._level = 0
    made._cuts = ()
    return made


class Tensor(Traced):
    """A NumPy array that can remember how it was computed.

    Operators, methods and NumPy functions work as on arrays.  With
    ``requires_grad=True`` every operation on it is recorded, and ``backward()``
    on a result computes all derivatives in one sweep.

    Parameters
    ----------
    data : array_like
        The values; copied.  A Tensor made by hand is detached; a value that a
        transform differentiates nests.
    requires_grad : bool
        Whether to record operations on it; floating-point or complex data only.
    dtype : dtype, optional
        As for ``numpy.array``.

    Raises
    ------
    DTypeError
        If integers, booleans or objects are asked to require grad.

    Examples
    --------
    >>> import numpy as np
    >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = np.sum(x * x)
    >>> y.backward()
    >>> x.grad
    Tensor([2., 4., 6.])
    """

    __slots__ = ("_cuts", "_farewell", "_grad", "_held", "_level", "_node")
    _cuts: tuple[cut_marks.Mark, ...]  # set on constants that were cut off from something tracked
    _farewell: Any  # of large values: tells the node when this Tensor is gone
    _held: Any  # not `_data`: np.ma takes that of any object, and the derivative would be lost
    _node: Node | None
    _level: int
    _grad: Any

    def __new__(cls, data: Any = None, requires_grad: bool = False, dtype: Any = None) -> Self:
        """Make a Tensor; of a value that a transform follows, a constant is that value itself."""
        if isinstance(data, Boxed) and not requires_grad and is_followed(data):
            followed: Any = trace_borders.alive(data, "Tensor")
            return cast(Self, followed if dtype is None else followed.astype(dtype))
        return _new(cls)

    def __init__(self, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
        if (
            data.__class__ is _ndarray
            and dtype is None
            and data.ndim
            and data.dtype.kind in _NUMBERS
        ):
            self._held = data.copy("K")
        else:
            if isinstance(data, Boxed) and not requires_grad and is_followed(data):
                return  # __new__ gave the value itself
            self._held = copied(data, dtype)
        self._node = None
        self._level = 0
        self._cuts = ()
        self._grad = None
        if requires_grad:
            self._track("Tensor(requires_grad=True)")

    def _track(self, operation: str) -> None:
        value = self._held
        level = BASE
        if value.__class__ is not _ndarray or value.dtype.kind not in "fc":
            as_inexact(value, operation)
            level += (level_of(value) // BASE) * BASE
            inplace.HAND_MADE.add(level)
        self._node = record(None, (), NO_PARAMS, value, level)
        self._node.watch = Watch(weakref.ref(self))
        self._level = level

    # --- what it is ---------------------------------------------------------

    @property
    def data(self) -> Any:
        """The raw array, sharing memory; changes to it are not recorded."""
        return held_arrays.raw(self)

    @data.setter
    def data(self, value: Any) -> None:
        held_arrays.assign(self, value)

    @property
    def requires_grad(self) -> bool:
        """Whether operations on it are recorded."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not self.is_leaf:
            raise errors.InPlaceError(
                "requires_grad can be changed on leaves only; use x.detach() for a constant.",
                Location.of_caller(),
            )
        if value and self._node is None:
            self._track("requires_grad = True")
        elif not value:
            self._node = None
            self._level = 0

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set `requires_grad` and return the tensor itself."""
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation produced it."""
        return self._node is None or self._node.primitive is None

    @property
    def grad(self) -> Any:
        """The gradient that backward sweeps have added up here: a Tensor, or None."""
        try:
            return self._grad
        except AttributeError:
            return None

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            trace_borders.alive(value, "grad")
            if not isinstance(value, Boxed):
                value = Tensor(value)
            if value.shape != self.shape:
                raise errors.SeedError(
                    f"grad: shape {value.shape} is not the tensor's {self.shape}.",
                    Location.of_caller(),
                )
        self._grad = value

    def __repr__(self) -> str:
        body = repr(np.asarray(self._held)) if is_host(self._held) else f"({self._held!r})"
        body = body.removeprefix("array").strip("()")
        body = body.replace("\n     ", "\n       ")
        if self._node is None:
            return f"Tensor({body})"
        if self._node.primitive is None:
            return f"Tensor({body}, requires_grad=True)"
        return f"Tensor({body}, op={self._node.name})"

    # --- derivatives --------------------------------------------------------

    def backward(
        self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False
    ) -> None:
        """Sweep back from here and add the gradients into the leaves' ``.grad``.

        Parameters
        ----------
        gradient : array_like, optional
            The seed dF/d(self), shaped like self; 1 for a scalar.
        retain_graph : bool
            Keep the saved values, so that the graph can be swept again;
            default the value of `create_graph`.
        create_graph : bool
            Record the sweep itself, for derivatives of the gradients.

        Raises
        ------
        UntrackedError
            If no recorded operation produced this value.
        NonScalarError, SeedError
            If a seed is missing, or does not fit.
        FreedGraphError
            If the graph was swept before without `retain_graph`.
        OverwrittenError
            If a saved value was overwritten in place.
        ShapeError
            If a ``.grad`` is left from data of another shape.

        Examples
        --------
        >>> x = Tensor(3.0, requires_grad=True)
        >>> (x ** 2).backward()
        >>> x.grad
        Tensor(6.)
        """
        retain = create_graph if retain_graph is None else retain_graph
        backward.backward(self, gradient, retain, wrap if create_graph else None)

    def _add_gradient(self, g: Any) -> None:
        """Add what a sweep found into ``.grad``."""
        old = getattr(self, "_grad", None)
        if old is None:
            self._grad = untracked(g)
        elif (
            old.__class__ is Tensor and not old._level and not old._cuts
            and old._held.__class__ is _ndarray is g.__class__ and g.size < LARGE
            and _mode() is DEFAULT
        ):  # fmt: skip
            self._grad = untracked(old._held + g)  # as below, without the dispatch
        else:
            self._grad = old + untracked(g)

    def backward_steps(self, gradient: Any = None) -> Iterator[Any]:
        """Sweep back from here and yield what happens, step by step.

        Writes no ``.grad`` and frees nothing; the steps are those of the
        stepping page (`animate`).

        Parameters
        ----------
        gradient : array_like, optional
            The seed, as for `backward`.

        Yields
        ------
        Step
            ``str(step)`` is a sentence; ``step.messages`` lists the messages that travel.

        Examples
        --------
        >>> x = Tensor(3.0, requires_grad=True)
        >>> y = x * x
        >>> for step in y.backward_steps():
        ...     print(step.phase, step.messages)
        seed []
        backward [('w0', '3 × 1 = 3'), ('w1', '3 × 1 = 3')]
        branch [('j0', '3 + 3 = 6')]
        """
        steps: Iterator[Any] = later("backward_steps")(self, gradient)
        return steps

    def __float__(self) -> float:
        if self._level:
            trace_borders.number_written(sys._getframe(1))
        return super().__float__()

    def __round__(self, ndigits: int | None = None) -> Any:
        if self.size == 1 and self._level in (0, BASE):  # for people to read: Python's number
            return self._number(round(self.item(), ndigits), "round")
        return super().__round__(ndigits)

    def detach(self) -> Tensor:
        """Return a constant that shares memory with this value."""
        made = cast(Tensor, untracked(bare(self)))
        if not isinstance(made, Tensor):
            return made  # a batched or a recorded array remembers no cuts
        if self._node is not None:
            made._cuts = (
                cut_marks.mark_of("detach", "detach", self, cut_marks.leaves_of(self._node)),
            )
        else:
            made._cuts = getattr(self, "_cuts", ())
        return made

    def detach_(self) -> Tensor:
        """Make the value itself a constant, and return it: what made it gets no gradient by it."""
        made = self.detach()
        if not isinstance(made, Tensor):
            raise errors.InPlaceError(
                "detach_(): this value belongs to a transform; use y = x.detach().",
                Location.of_caller(),
            )
        self._node, self._level, self._cuts = None, 0, made._cuts
        self._held = made._held
        return self

    def _repr_html_(self) -> str:
        """Return what notebooks show: a small picture of the numbers, and where they come from."""
        text: str = later("tensor_html")(self)
        return text

    def numpy(self) -> Any:
        """Return the raw array, sharing memory.

        Raises
        ------
        ConversionError
            If the tensor is tracked; write ``x.detach().numpy()``.
        """
        if self._node is not None:
            raise errors.ConversionError(
                "numpy(): this tensor is tracked, and the array would not be; "
                "write x.detach().numpy(), or x.data.",
                Location.of_caller(),
            )
        return self.data

    def retain_grad(self) -> None:
        """Let backward sweeps write ``.grad`` here too, although it is not a leaf."""
        if self._node is None:
            raise errors.UntrackedError(
                "retain_grad(): this tensor is not tracked.", Location.of_caller()
            )
        self._watch().owner = weakref.ref(self)

    def register_hook(self, hook: Callable[[Any], Any]) -> HookHandle:
        """Call ``hook(gradient)`` when a sweep knows this value's gradient.

        Parameters
        ----------
        hook : callable
            Gets the gradient as a Tensor; what it returns, if not None, replaces the gradient.

        Returns
        -------
        HookHandle
            Its ``remove()`` removes the hook.

        Examples
        --------
        >>> x = Tensor(1.0, requires_grad=True)
        >>> handle = x.register_hook(lambda g: g * 10)
        >>> (2 * x).backward()
        >>> x.grad
        Tensor(20.)
        """
        if self._node is None:
            raise errors.UntrackedError(
                "register_hook(): this tensor is not tracked.", Location.of_caller()
            )
        watch = self._watch()
        if watch.hooks is None:
            watch.hooks = {}
        hooks = watch.hooks
        key = next_tick()
        hooks[key] = lambda g: hook(untracked(g))
        return HookHandle(key, hooks)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Any], None]) -> HookHandle:
        """Call ``hook(tensor)`` when `backward` has added to ``.grad``, while the sweep goes on.

        A leaf's gradient is complete when the first operation that used it has been passed. Its
        ``.grad`` is written then, and the hook is called, which may read and change ``.grad``.
        If the sweep fails later, ``.grad`` becomes what it was before. `gradients` and the
        transforms write no ``.grad``, and do not call it.

        Parameters
        ----------
        hook : callable
            Gets the Tensor itself; runs under `no_grad`, unless the sweep is recorded.

        Returns
        -------
        HookHandle
            Its ``remove()`` removes the hook.

        Raises
        ------
        UntrackedError
            If this is no leaf that requires grad.

        Examples
        --------
        A step of gradient descent for each weight, as soon as its gradient is known:

        >>> w = Tensor([1.0, 2.0], requires_grad=True)
        >>> def descend(w):
        ...     w.data -= 0.5 * w.grad.data
        ...     w.grad = None
        >>> handle = w.register_post_accumulate_grad_hook(descend)
        >>> (w * w).sum().backward()
        >>> w
        Tensor([0., 0.], requires_grad=True)
        """
        if self._node is None or self._node.primitive is not None:
            raise errors.UntrackedError(
                "register_post_accumulate_grad_hook(): this tensor is not a leaf that requires "
                "grad; register_hook() is called with the gradient of a computed value.",
                Location.of_caller(),
            )
        hooks = early_leaves.hooked_watch(self._watch())
        key = next_tick()
        hooks[key] = hook
        early_leaves.HOOKED[key] = self
        return HookHandle(key, hooks, early_leaves.HOOKED)

    def _watch(self) -> Watch:
        """Return the node's list of those who want its gradient."""
        assert self._node is not None
        if self._node.watch is None:
            self._node.watch = Watch()
        return self._node.watch

    def sum(self, axis: Any = None, *rest: Any, **settings: Any) -> Self:
        """As numpy.sum."""
        if axis is None and not rest and not settings:
            return cast(Self, self._total())
        return super().sum(axis, *rest, **settings)

    # --- how the dispatch uses it -------------------------------------------

    def _below(self) -> Any:
        return self._held

    def _constant(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return like_tuple(value, [untracked(part) for part in value])
        return untracked(value)

    def _process(
        self, primitive: Primitive, args: tuple[Any, ...], params: dict[str, Any], level: int
    ) -> Any:
        raw = []
        inputs = []
        plain = level == BASE or not params
        for a in args:
            if isinstance(a, Boxed):
                if a._level == level:
                    value = a._held  # type: ignore[attr-defined]
                    if level != BASE and isinstance(value, Boxed):
                        plain = False
                    raw.append(value)
                    inputs.append(a._node)
                    continue
                if a._level:
                    plain = False  # a value of an older trace: the operation is recorded there too
                else:
                    if getattr(a, "_cuts", ()):
                        cut_marks.CUTS.note(a._held, a._cuts)  # type: ignore[attr-defined]
                    a = a._below()
            raw.append(a)
            inputs.append(a)
        if plain:
            try:
                if params or primitive.pieces is None:
                    out = (primitive.lines or primitive.forward)(*raw, **params)
                else:
                    out = primitive.run(tuple(raw), params)
            except Exception as error:
                raise primitive.failure(error, tuple(raw)) from error
        elif primitive.second is None:
            out = primitive(*raw, **params)
        else:
            out = raw[0]._process_recorded(primitive)
        if out.__class__ is not _float64:
            out = primitive.traceable(out, raw)
        mode = _mode()
        if mode is not DEFAULT:
            if mode.anomaly:
                check_forward(primitive, raw, out)
            if mode.floor > level:
                return cut_marks.mark(self._constant(out), "no_grad", primitive.name, args)
        if primitive.multiple:
            return record_parts(primitive, tuple(inputs), params, out, level)
        made = _new(Tensor)
        made._held = out
        made._node = record(primitive, tuple(inputs), params, out, level)
        made._level = level
        first = raw[0] if raw[0].__class__ is _ndarray else raw[-1]
        if first.__class__ is _ndarray and first.size >= LARGE and mode is DEFAULT:
            spare(made._node, args)
        if primitive.view:
            args[0]._note_view(made, primitive, params)
        return made

    def _become(self, other: Any) -> None:
        """Take on another value in place: its history, its numbers, the same array object."""
        inplace.take_on(self, other)

    # --- copies -------------------------------------------------------------

    def __copy__(self) -> Any:
        if is_followed(self):
            return self.copy()
        kind, arguments, state = self._rebuilding()
        made = kind(*arguments)
        for name, value in (state or {}).items():
            setattr(made, name, value)
        return made

    def __deepcopy__(self, memo: Any) -> Any:
        if is_followed(self):
            return self.copy()
        kind, arguments, state = self._rebuilding()
        made = kind(*arguments)
        memo[id(self)] = made
        for name, value in (state or {}).items():
            setattr(made, name, copy.deepcopy(value, memo))
        return made

    def __reduce__(self) -> Any:
        if is_followed(self):
            return super().__reduce__()
        watch = None if self._node is None else self._node.watch
        if watch is not None and (watch.hooks or watch.accumulated):
            warnings.warn(
                "pickling a Tensor with hooks: they are not written. Register them again on what "
                "is loaded.",
                stacklevel=2,
            )
        return self._rebuilding()

    def _rebuilding(self) -> Any:
        """Return how a leaf is made anew: a function, its arguments, and further attributes."""
        if not self.is_leaf:
            raise errors.ConversionError(
                "copying or pickling: only leaves can be copied with their history; "
                "use x.detach() first.",
                Location.of_caller(),
            )
        grad = self.grad
        if grad is not None and grad.requires_grad:
            grad = grad.detach()
        held = np.asarray(self._held) if is_host(self._held) else self._held
        arguments = (type(self), held, self.requires_grad, grad)
        return _rebuild, arguments, getattr(self, "__dict__", None)


def _rebuild(kind: type[Tensor], data: Any, requires_grad: bool, grad: Any) -> Tensor:
    made = _new(kind)
    Tensor.__init__(made, data, requires_grad)
    if grad is not None:
        made._grad = grad
    return made


Tensor.__array_ufunc__ = operators.unary(Tensor, Traced.__array_ufunc__)  # type: ignore[method-assign]
Tensor.__neg__ = operators.unary(Tensor, lambda x, *_: Traced.__neg__(x), np.negative)  # type: ignore[method-assign]
Tensor._total = operators.unary(Tensor, lambda x, *_: Traced._total(x), np.sum)  # type: ignore[method-assign]
for _name in ("shape", "dtype", "ndim", "size"):  # read so often that one call less shows
    _slow = getattr(Traced, _name)
    setattr(Tensor, _name, property(attrgetter(f"_held.{_name}"), _slow.fset, doc=_slow.__doc__))
for _name, _primitive in operators.OPERATORS.items():
    setattr(Tensor, f"__{_name}__", operators.binary(Tensor, _primitive))
    setattr(Tensor, f"__r{_name}__", operators.binary(Tensor, _primitive, reflected=True))


def record_parts(
    primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any], out: Any, level: int
) -> Any:
    """Record an operation that returns a tuple: one node for it, and one for each part."""
    whole = record(primitive, inputs, params, out, level)
    parts = [
        wrap(record(PART, (whole,), {"index": k}, value, level)) for k, value in enumerate(out)
    ]
    return like_tuple(out, parts)
